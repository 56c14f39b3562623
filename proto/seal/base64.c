/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/base64.h"

#include <sodium.h>

/* In whole groups, because libsodium adds a NUL that the buffer may have no room for. */
static void put(struct proto_buf *out, const uint8_t *bytes, size_t len, int variant)
{
    enum { GROUP = 48 }; /* a multiple of 3: 64 characters without padding */
    char text[GROUP / 3 * 4 + 1];

    while (len) {
        size_t part = len < GROUP ? len : GROUP;
        sodium_bin2base64(text, sizeof text, bytes, part, variant);
        proto_buf_put_text(out, text);
        bytes += part;
        len -= part;
    }
    sodium_memzero(text, sizeof text); /* a link is a secret */
}

/* Bytes that a text of this length and padding would give, were it base64. */
static size_t decoded_len(const char *text, size_t text_len)
{
    size_t pad = 0;

    while (pad < 2 && pad < text_len && text[text_len - 1 - pad] == '=')
        pad++;
    return (text_len - pad) / 4 * 3 + (text_len - pad) % 4 * 3 / 4;
}

/*
 * libsodium without a list of ignored characters refuses white space, wrong padding and stray padding bits. But where
 * char is signed it takes some bytes above 0x7f for '+', '/' or '_' (1.0.18: its comparison drops the upper bits), so
 * these are refused before.
 */
static bool is_ascii(const char *text, size_t len)
{
    unsigned char seen = 0;

    for (size_t i = 0; i < len; i++)
        seen |= (unsigned char)text[i];
    return seen < 0x80;
}

static enum proto_err decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *out_len,
                             int variant)
{
    *out_len = 0;
    if (text_len == 0)
        return PROTO_OK;
    if (!is_ascii(text, text_len))
        return PROTO_ERR_FORMAT;
    if (decoded_len(text, text_len) > capacity)
        return PROTO_ERR_RANGE;
    if (sodium_base642bin(out, capacity, text, text_len, NULL, out_len, NULL, variant) == 0)
        return PROTO_OK;
    *out_len = 0;
    return PROTO_ERR_FORMAT;
}

void proto_base64_put(struct proto_buf *out, const void *bytes, size_t len)
{
    put(out, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

void proto_base64url_put(struct proto_buf *out, const void *bytes, size_t len)
{
    put(out, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum proto_err proto_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *out_len)
{
    return decode(text, text_len, out, capacity, out_len, sodium_base64_VARIANT_ORIGINAL);
}

enum proto_err proto_base64url_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *out_len)
{
    return decode(text, text_len, out, capacity, out_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
