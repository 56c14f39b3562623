/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/write.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/note.h"
#include "proto/seal/signature.h"

void vectors_must(enum proto_err err, const char *file, int line)
{
    if (!err)
        return;
    fprintf(stderr, "%s:%d: %s\n", file, line, proto_err_name(err));
    exit(1);
}

static void set(json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new(object, key, value)) {
        fprintf(stderr, "no JSON for %s\n", key);
        exit(1);
    }
}

void put_text(json_t *object, const char *key, const char *text)
{
    set(object, key, json_string(text));
}

void put_text_n(json_t *object, const char *key, const void *text, size_t len)
{
    set(object, key, json_stringn(text, len));
}

void put_hex(json_t *object, const char *key, const void *bytes, size_t len)
{
    char *hex = malloc(2 * len + 1);

    if (!hex)
        abort();
    sodium_bin2hex(hex, 2 * len + 1, bytes, len);
    set(object, key, json_string(hex));
    free(hex);
}

void put_number(json_t *object, const char *key, uint64_t number)
{
    set(object, key, json_integer((json_int_t)number));
}

void put_big(json_t *object, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    set(object, key, json_string(text));
}

void put_list(json_t *object, const char *key, json_t *list)
{
    set(object, key, list);
}

void add(json_t *list, json_t *item)
{
    if (json_array_append_new(list, item))
        abort();
}

void put_vkey(json_t *object, const char *key, const char *name, const uint8_t public_key[static 32])
{
    struct proto_note_key note_key;
    struct proto_buf vkey;

    MUST(proto_note_key_init(&note_key, name, public_key));
    proto_buf_init(&vkey, PROTO_NOTE_VKEY_MAX + 1);
    proto_note_key_format(&note_key, &vkey);
    put_text_n(object, key, vkey.bytes, vkey.len);
    proto_buf_free(&vkey);
}

void fill(uint8_t *out, size_t len, unsigned number)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(number * 31 + i * 7 + (i >> 3));
}

void make_key(uint8_t seed[static 32], uint8_t public_key[static 32], uint8_t secret_key[static 64], unsigned number)
{
    fill(seed, 32, number);
    proto_sign_keypair(public_key, secret_key, seed);
}
