/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/template.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/names.h"
#include "proto/util/utf8.h"

enum { TEMPLATE_BYTES = 512, KEY_BYTES = 64, STEPS_MAX = 16, FILTERS_MAX = 8 };

/* Where in the template the reader stands. */
struct cursor {
    const char *at;
    bool failed;
};

static void blanks(struct cursor *c)
{
    c->at += strspn(c->at, " \t\r\n");
}

static bool take(struct cursor *c, const char *word)
{
    blanks(c);
    if (strncmp(c->at, word, strlen(word)) != 0)
        return false;
    c->at += strlen(word);
    return true;
}

static bool name(struct cursor *c, char out[static KEY_BYTES])
{
    size_t len = strspn(c->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    if (!len || len >= KEY_BYTES)
        return false;
    memcpy(out, c->at, len);
    out[len] = '\0';
    c->at += len;
    return true;
}

static bool quoted(struct cursor *c, char out[static KEY_BYTES])
{
    char quote = *c->at;
    const char *end = quote == '\'' || quote == '"' ? strchr(c->at + 1, quote) : NULL;
    size_t len = end ? (size_t)(end - c->at - 1) : KEY_BYTES;

    if (len >= KEY_BYTES || memchr(c->at + 1, '\\', len))
        return false;
    memcpy(out, c->at + 1, len);
    out[len] = '\0';
    c->at = end + 1;
    return true;
}

/* ---- the path ---- */

/* One more step down; NULL stays NULL: what is not there has nothing in it. */
static const json_t *into(struct cursor *c, const json_t *from)
{
    char key[KEY_BYTES];
    char *end;

    if (*c->at == '.') {
        c->at++;
        if (!name(c, key))
            c->failed = true;
        return c->failed ? NULL : json_object_get(from, key);
    }
    c->at++; /* [ */
    blanks(c);
    if (isdigit((unsigned char)*c->at)) {
        unsigned long index = strtoul(c->at, &end, 10);

        c->at = end;
        from = json_array_get(from, index < 100000 ? index : 100000);
    } else if (quoted(c, key)) {
        from = json_object_get(from, key);
    } else {
        c->failed = true;
    }
    if (!take(c, "]"))
        c->failed = true;
    return c->failed ? NULL : from;
}

static const json_t *walk(struct cursor *c, const json_t *from)
{
    for (int steps = 0; (*c->at == '.' || *c->at == '[') && !c->failed; steps++) {
        if (steps == STEPS_MAX)
            c->failed = true;
        else
            from = into(c, from);
    }
    return from;
}

/* ---- values as text ---- */

static void put_number(char out[static CLIENT_STATE_TEXT_BYTES], double number)
{
    snprintf(out, CLIENT_STATE_TEXT_BYTES, "%.10g", number);
}

static bool put_value(char out[static CLIENT_STATE_TEXT_BYTES], const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_number(value))
        put_number(out, json_number_value(value));
    else if (json_is_boolean(value))
        snprintf(out, CLIENT_STATE_TEXT_BYTES, "%s", json_is_true(value) ? "true" : "false");
    else if (text && strlen(text) == json_string_length(value)) {
        proto_utf8_copy(out, CLIENT_STATE_TEXT_BYTES, text);
    } else {
        return false; /* null, a list, an object, a text with a NUL in it */
    }
    return true;
}

/* ---- filters ---- */

/* What stands between the brackets of a filter, "" for none. */
static bool argument(struct cursor *c, char out[static KEY_BYTES])
{
    size_t len;

    out[0] = '\0';
    blanks(c);
    if (*c->at != '(')
        return true;
    c->at++;
    blanks(c);
    if (*c->at == '\'' || *c->at == '"') {
        if (!quoted(c, out))
            return false;
    } else {
        len = strcspn(c->at, "),\n");
        if (len >= KEY_BYTES)
            return false;
        memcpy(out, c->at, len);
        out[len] = '\0';
        c->at += len;
    }
    if (take(c, ","))
        c->at += strcspn(c->at, ")"); /* round(1, 'floor', 0): the number alone counts */
    return take(c, ")");
}

static bool to_number(char out[static CLIENT_STATE_TEXT_BYTES], bool whole, const char *digits)
{
    char *end;
    double number = strtod(out, &end), factor;
    long places = strtol(digits, NULL, 10);

    if (end == out || !isfinite(number))
        return false;
    factor = pow(10, (double)(places < 0 ? 0 : places > 9 ? 9 : places));
    put_number(out, whole ? trunc(number) : *digits ? round(number * factor) / factor : number);
    return true;
}

static bool apply(const char *filter, const char *with, char out[static CLIENT_STATE_TEXT_BYTES], bool *there)
{
    if (!strcmp(filter, "default")) {
        if (!*there)
            snprintf(out, CLIENT_STATE_TEXT_BYTES, "%s", with);
        *there = true;
        return true;
    }
    if (!*there || !strcmp(filter, "string"))
        return true;
    if (!strcmp(filter, "int") || !strcmp(filter, "float")) {
        *there = to_number(out, filter[0] == 'i', "");
        return true;
    }
    if (!strcmp(filter, "round")) {
        *there = to_number(out, false, *with ? with : "0");
        return true;
    }
    for (char *at = out; *at && (!strcmp(filter, "lower") || !strcmp(filter, "upper")); at++)
        *at = (char)(filter[0] == 'l' ? tolower((unsigned char)*at) : toupper((unsigned char)*at));
    return !strcmp(filter, "lower") || !strcmp(filter, "upper");
}

static bool filters(struct cursor *c, char out[static CLIENT_STATE_TEXT_BYTES], bool *there)
{
    char filter[KEY_BYTES], with[KEY_BYTES];

    for (int count = 0; take(c, "|"); count++) {
        blanks(c);
        if (count == FILTERS_MAX || !name(c, filter) || !argument(c, with) || !apply(filter, with, out, there))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

static bool raw(const char *payload, size_t len, char out[static CLIENT_STATE_TEXT_BYTES])
{
    size_t n = len < CLIENT_STATE_TEXT_BYTES ? len : CLIENT_STATE_TEXT_BYTES - 1;

    while (n && n < len && ((unsigned char)payload[n] & 0xc0) == 0x80)
        n--;
    memcpy(out, payload, n);
    out[n] = '\0';
    return strlen(out) == n && client_state_text_ok(out);
}

static bool pick(struct cursor *c, const char *payload, size_t len, char out[static CLIENT_STATE_TEXT_BYTES],
                 bool *there)
{
    json_error_t error;
    json_t *json;

    if (!take(c, "value_json")) {
        *there = take(c, "value") && raw(payload, len, out);
        return c->at[-1] == 'e';
    }
    json = json_loadb(payload, len, JSON_DECODE_ANY, &error);
    *there = put_value(out, walk(c, json));
    json_decref(json);
    return !c->failed;
}

enum client_state_template client_state_template_apply(const char *text, const char *payload, size_t len,
                                                       char out[static CLIENT_STATE_TEXT_BYTES])
{
    struct cursor c = {text, false};
    bool there = false;

    out[0] = '\0';
    if (*text && strlen(text) < TEMPLATE_BYTES && take(&c, "{{") && pick(&c, payload, len, out, &there) &&
        filters(&c, out, &there) && take(&c, "}}")) {
        blanks(&c);
        if (!*c.at)
            return there && client_state_text_ok(out) ? CLIENT_STATE_TEMPLATE_VALUE : CLIENT_STATE_TEMPLATE_NONE;
    }
    if (!raw(payload, len, out))
        return CLIENT_STATE_TEMPLATE_NONE;
    return *text ? CLIENT_STATE_TEMPLATE_RAW : CLIENT_STATE_TEMPLATE_VALUE;
}
