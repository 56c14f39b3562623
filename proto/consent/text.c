/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/consent/text.h"

#include <string.h>

#include "proto/seal/base64.h"

void consent_put_line(struct proto_buf *out, const char *key, const char *value)
{
    proto_buf_put_text(out, key);
    proto_buf_put_u8(out, ' ');
    proto_buf_put_text(out, value);
    proto_buf_put_u8(out, '\n');
}

void consent_put_hex(struct proto_buf *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        proto_buf_put_u8(out, (uint8_t)digits[bytes[i] >> 4]);
        proto_buf_put_u8(out, (uint8_t)digits[bytes[i] & 15]);
    }
}

void consent_put_base64(struct proto_buf *out, const uint8_t bytes[static 32])
{
    proto_base64_put(out, bytes, 32);
}

void consent_take_line(struct consent_lines *lines, const char *key, char *value, size_t capacity)
{
    size_t left = (size_t)(lines->end - lines->at), key_len = strlen(key);
    const char *lf = left ? memchr(lines->at, '\n', left) : NULL;

    value[0] = 0;
    if (lines->failed || !lf || (size_t)(lf - lines->at) < key_len + 2 || memcmp(lines->at, key, key_len) != 0 ||
        lines->at[key_len] != ' ') {
        lines->failed = true;
        return;
    }
    const char *start = lines->at + key_len + 1;
    size_t len = (size_t)(lf - start);
    if (len >= capacity || memchr(start, 0, len)) {
        lines->failed = true;
        return;
    }
    memcpy(value, start, len);
    value[len] = 0;
    lines->at = lf + 1;
}

size_t consent_words(char *value, char **words, size_t max)
{
    size_t count = 0;

    for (char *at = value;;) {
        if (count == max || !*at || *at == ' ')
            return 0;
        words[count++] = at;
        char *space = strchr(at, ' ');
        if (!space)
            return count;
        *space = 0;
        at = space + 1;
    }
}

bool consent_number(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    *out = 0;
    if (!*text || (text[0] == '0' && text[1]))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool consent_hex(const char *text, uint8_t *out, size_t len)
{
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool consent_base64(const char *text, uint8_t out[static 32])
{
    size_t len = 0;

    return proto_base64_decode(text, strlen(text), out, 32, &len) == PROTO_OK && len == 32;
}

void consent_put_head(struct proto_buf *out, const uint8_t sid[static PROTO_SID_BYTES], uint32_t seq)
{
    proto_buf_put_text(out, "session ");
    consent_put_hex(out, sid, PROTO_SID_BYTES);
    proto_buf_printf(out, "\nseq %u\n", seq);
}

bool consent_take_head(struct consent_lines *lines, uint8_t sid[static PROTO_SID_BYTES], uint32_t *seq)
{
    char value[64];
    uint64_t number = 0;

    consent_take_line(lines, "session", value, sizeof value);
    bool ok = consent_hex(value, sid, PROTO_SID_BYTES);
    consent_take_line(lines, "seq", value, sizeof value);
    ok = ok && consent_number(value, UINT32_MAX, &number) && number > 0;
    *seq = (uint32_t)number;
    return ok;
}

void consent_put_prev(struct proto_buf *out, bool first, const uint8_t prev[static PROTO_HASH_BYTES])
{
    proto_buf_put_text(out, "prev ");
    if (first)
        proto_buf_put_u8(out, '-');
    else
        consent_put_base64(out, prev);
    proto_buf_put_u8(out, '\n');
}

bool consent_take_prev(struct consent_lines *lines, bool *first, uint8_t prev[static PROTO_HASH_BYTES])
{
    char value[64];

    consent_take_line(lines, "prev", value, sizeof value);
    *first = !strcmp(value, "-");
    return *first || consent_base64(value, prev);
}

bool consent_take_time(struct consent_lines *lines, int64_t *unix_s)
{
    char value[32];
    uint64_t number = 0;

    consent_take_line(lines, "time", value, sizeof value);
    bool ok = consent_number(value, INT64_MAX / 1000, &number);
    *unix_s = (int64_t)number;
    return ok;
}

/* Writing again what was read and comparing makes the reader exactly as strict as the writer. */
bool consent_same_text(enum proto_err written, const struct proto_buf *again, const char *text, size_t len)
{
    return !written && again->len == len && !memcmp(again->bytes, text, len);
}
