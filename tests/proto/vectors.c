/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "tests/proto/vectors.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void find_path(char *out, size_t capacity, const char *path)
{
    const char *folder = getenv("HANDHOLD_VECTORS");

    if (!folder || !*folder)
        folder = HANDHOLD_VECTORS_DEFAULT;
    if (access(folder, R_OK) != 0) {
        print_message("no test vectors in %s: skipped; set HANDHOLD_VECTORS to their folder\n", folder);
        skip();
    }
    snprintf(out, capacity, "%s/%s", folder, path);
}

char *vectors_read(const char *path, size_t *len)
{
    char name[4096];

    find_path(name, sizeof name, path);
    FILE *file = fopen(name, "rb");
    if (!file)
        fail_msg("%s cannot be opened", name);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *len = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(1, *len + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *len, file), *len);
    fclose(file);
    return text;
}

/* jansson takes no integer above 2^63 - 1, and vectors have them: those of 19 digits and more become strings. */
static char *quote_long_integers(const char *text)
{
    char *out = malloc(3 * strlen(text) + 1), *to = out;
    bool inside = false;

    assert_non_null(out);
    while (*text) {
        size_t digits = inside ? 0 : strspn(text, "0123456789");
        size_t len = digits ? digits : 1;
        if (*text == '"' && (!inside || text[-1] != '\\'))
            inside = !inside;
        to += sprintf(to, digits >= 19 ? "\"%.*s\"" : "%.*s", (int)len, text);
        text += len;
    }
    *to = '\0';
    return out;
}

json_t *vectors_load(const char *path)
{
    size_t len;
    json_error_t error;

    char *text = vectors_read(path, &len), *quoted = quote_long_integers(text);
    json_t *document = json_loads(quoted, JSON_REJECT_DUPLICATES, &error);
    free(text);
    free(quoted);
    if (!document)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return document;
}

json_t *vectors_get(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    if (!value)
        fail_msg("the vectors have no member %s", key);
    return value;
}

const char *vectors_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(vectors_get(object, key));

    if (!text)
        fail_msg("the member %s is not a string", key);
    return text;
}

uint64_t vectors_number(const json_t *object, const char *key)
{
    const json_t *value = vectors_get(object, key);

    if (json_is_string(value))
        return strtoull(json_string_value(value), NULL, 10);
    if (!json_is_integer(value))
        fail_msg("the member %s is not an integer", key);
    return (uint64_t)json_integer_value(value);
}

struct vectors_bytes vectors_copy(const void *bytes, size_t len)
{
    struct vectors_bytes copy = {malloc(len ? len : 1), len};

    assert_non_null(copy.bytes);
    if (len)
        memcpy(copy.bytes, bytes, len);
    return copy;
}

struct vectors_bytes vectors_hex_of(const char *hex)
{
    size_t chars = strlen(hex), len = 0;
    struct vectors_bytes out = {malloc(chars / 2 + 1), chars / 2};

    assert_non_null(out.bytes);
    if (sodium_hex2bin(out.bytes, out.len, hex, chars, NULL, &len, NULL) != 0 || len != out.len)
        fail_msg("not hexadecimal: %s", hex);
    uint8_t *exact = realloc(out.bytes, len ? len : 1);
    assert_non_null(exact);
    out.bytes = exact;
    return out;
}

struct vectors_bytes vectors_hex(const json_t *object, const char *key)
{
    return vectors_hex_of(vectors_text(object, key));
}

void vectors_bytes_free(struct vectors_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct vectors_bytes){0};
}
