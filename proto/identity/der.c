/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/der.h"

#include <string.h>

#define DER_DEPTH_MAX 16 /* a certificate of the profile nests 9 deep */

enum { TAG_BOOLEAN = 1, TAG_INTEGER = 2, TAG_BIT_STRING = 3, TAG_SEQUENCE = 16, TAG_SET = 17 };

/* Reads a length, short or long form, that is the shortest possible and fits what is left. */
static bool read_length(const uint8_t **at, const uint8_t *end, size_t *len)
{
    if (*at == end)
        return false;
    size_t first = *(*at)++;

    *len = first;
    if (first >= 0x80) {
        size_t count = first & 0x7f;

        if (count == 0 || count > 3 || (size_t)(end - *at) < count || **at == 0)
            return false;
        *len = 0;
        while (count--)
            *len = *len << 8 | *(*at)++;
        if (*len < 0x80 || (first == 0x82 && *len < 0x100))
            return false;
    }
    return *len <= (size_t)(end - *at);
}

static bool primitive_is_canonical(unsigned tag, const uint8_t *value, size_t len)
{
    switch (tag) {
    case TAG_BOOLEAN:
        return len == 1 && (value[0] == 0 || value[0] == 0xff);
    case TAG_INTEGER:
        return len == 1 || (len > 1 && !(value[0] == 0 && value[1] < 0x80) && !(value[0] == 0xff && value[1] >= 0x80));
    case TAG_BIT_STRING: /* unused bits are counted right and zero */
        return len >= 1 && value[0] <= 7 && (len > 1 || value[0] == 0) &&
               (len == 1 || (value[len - 1] & ((1u << value[0]) - 1)) == 0);
    default:
        return true;
    }
}

static bool walk(const uint8_t *at, const uint8_t *end, int depth)
{
    while (at != end) {
        unsigned head = *at++, tag = head & 0x1f;
        bool constructed = head & 0x20, universal = (head & 0xc0) == 0;
        size_t len;

        if (tag == 0x1f || (universal && tag == 0) || !read_length(&at, end, &len))
            return false;
        if (universal && constructed != (tag == TAG_SEQUENCE || tag == TAG_SET))
            return false; /* no string in pieces */
        if (constructed ? depth == 0 || !walk(at, at + len, depth - 1)
                        : universal && !primitive_is_canonical(tag, at, len))
            return false;
        at += len;
    }
    return true;
}

enum proto_err proto_der_check(const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes + 1;
    size_t inner;

    if (len < 2 || !read_length(&at, bytes + len, &inner) || at + inner != bytes + len)
        return PROTO_ERR_CERT_PROFILE;
    return walk(bytes, bytes + len, DER_DEPTH_MAX) ? PROTO_OK : PROTO_ERR_CERT_PROFILE;
}

/* i2d_re_X509_tbs() drops OpenSSL's copy of the bytes that were read, so the second encoding is really made anew. */
static bool encodes_to(X509 *certificate, struct proto_der der)
{
    uint8_t *tbs = NULL, *whole = NULL;
    int tbs_len = i2d_re_X509_tbs(certificate, &tbs);
    int len = tbs_len > 0 ? i2d_X509(certificate, &whole) : -1;
    bool same = len > 0 && (size_t)len == der.len && !memcmp(whole, der.bytes, der.len);

    OPENSSL_free(tbs);
    OPENSSL_free(whole);
    return same;
}

enum proto_err proto_der_read(struct proto_der der, X509 **out)
{
    const unsigned char *at = der.bytes;

    *out = NULL;
    if (!der.bytes || der.len == 0 || der.len > PROTO_IDENTITY_DER_BYTES)
        return PROTO_ERR_RANGE;
    enum proto_err err = proto_der_check(der.bytes, der.len);

    if (err != PROTO_OK)
        return err;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);

    if (!certificate || at != der.bytes + der.len || !encodes_to(certificate, der)) {
        X509_free(certificate);
        return PROTO_ERR_CERT_PROFILE;
    }
    *out = certificate;
    return PROTO_OK;
}

enum proto_err proto_der_signed_part(X509 *certificate, uint8_t **tbs, size_t *tbs_len, const uint8_t **signature)
{
    const ASN1_BIT_STRING *bits;
    const X509_ALGOR *algorithm;

    *tbs = NULL;
    X509_get0_signature(&bits, &algorithm, certificate);
    if (ASN1_STRING_length(bits) != 64)
        return PROTO_ERR_CERT_PROFILE;
    int len = i2d_re_X509_tbs(certificate, tbs);

    if (len <= 0)
        return PROTO_ERR_NOMEM;
    *tbs_len = (size_t)len;
    *signature = ASN1_STRING_get0_data(bits);
    return PROTO_OK;
}
