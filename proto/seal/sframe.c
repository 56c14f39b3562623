/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/sframe.h"

#include "proto/seal/gcm.h"
#include "proto/seal/kdf.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct proto_sframe_key {
    uint64_t kid;
    uint64_t next_ctr; /* sending: the lowest counter not used yet */
    bool sends, receives, ctr_used_up;
    struct proto_gcm gcm; /* owned */
    uint8_t salt[PROTO_GCM_IV_BYTES];
};

/* --- header: config byte X KKK Y CCC, then KID when X, then CTR when Y (RFC 9605 section 4.3) --- */

/* Bytes behind the config byte: none when the value fits its three bits. */
static size_t value_len(uint64_t value)
{
    size_t len = 0;

    if (value < 8)
        return 0;
    for (; value; value >>= 8)
        len++;
    return len;
}

static uint8_t config_bits(uint64_t value)
{
    return value < 8 ? (uint8_t)value : (uint8_t)(8 | (value_len(value) - 1));
}

static size_t put_value(uint8_t *out, uint64_t value)
{
    size_t len = value_len(value);

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    return len;
}

/* Reads the value whose four config bits are `bits`; false when bytes lack or it had a shorter form. */
static bool take_value(const uint8_t **at, const uint8_t *end, unsigned bits, uint64_t *value)
{
    size_t len = (bits & 7u) + 1;

    *value = bits & 7u;
    if (!(bits & 8u))
        return true;
    if ((size_t)(end - *at) < len)
        return false;
    *value = 0;
    for (size_t i = 0; i < len; i++)
        *value = *value << 8 | *(*at)++;
    return value_len(*value) == len;
}

size_t proto_sframe_header_len(uint64_t kid, uint64_t ctr)
{
    return 1 + value_len(kid) + value_len(ctr);
}

size_t proto_sframe_header_write(uint8_t out[static PROTO_SFRAME_HEADER_MAX], uint64_t kid, uint64_t ctr)
{
    size_t len = 1;

    out[0] = (uint8_t)(config_bits(kid) << 4 | config_bits(ctr));
    len += put_value(out + len, kid);
    len += put_value(out + len, ctr);
    return len;
}

enum proto_err proto_sframe_header_parse(const uint8_t *bytes, size_t len, uint64_t *kid, uint64_t *ctr,
                                         size_t *header_len)
{
    *kid = *ctr = 0;
    *header_len = 0;
    if (len == 0)
        return PROTO_ERR_FORMAT;
    const uint8_t *at = bytes + 1, *end = bytes + len;
    if (!take_value(&at, end, bytes[0] >> 4, kid) || !take_value(&at, end, bytes[0] & 15u, ctr))
        return PROTO_ERR_FORMAT;
    *header_len = (size_t)(at - bytes);
    return PROTO_OK;
}

/* --- key --- */

static enum proto_err expand(enum proto_sframe_suite suite, uint64_t kid, const char *label, const uint8_t *base_key,
                             size_t base_key_len, uint8_t *out, size_t out_len)
{
    uint8_t info[64];
    size_t len = strlen(label);

    memcpy(info, label, len);
    for (size_t i = 0; i < 8; i++)
        info[len++] = (uint8_t)(kid >> (56 - 8 * i));
    info[len++] = (uint8_t)((unsigned)suite >> 8);
    info[len++] = (uint8_t)suite;
    return suite == PROTO_SFRAME_AES_256_GCM_SHA512_128
               ? proto_hkdf_sha512(NULL, 0, base_key, base_key_len, info, len, out, out_len)
               : proto_hkdf_sha256(NULL, 0, base_key, base_key_len, info, len, out, out_len);
}

enum proto_err proto_sframe_key_new(struct proto_sframe_key **out, enum proto_sframe_suite suite, uint64_t kid,
                                    const uint8_t *base_key, size_t base_key_len)
{
    size_t key_len = suite == PROTO_SFRAME_AES_256_GCM_SHA512_128 ? 32 : 16;
    uint8_t key_bytes[32];

    *out = NULL;
    if ((suite != PROTO_SFRAME_AES_128_GCM_SHA256_128 && suite != PROTO_SFRAME_AES_256_GCM_SHA512_128) ||
        base_key_len < PROTO_SFRAME_BASE_KEY_MIN || base_key_len > PROTO_SFRAME_BASE_KEY_MAX)
        return PROTO_ERR_RANGE;
    struct proto_sframe_key *key = calloc(1, sizeof *key);
    if (!key)
        return PROTO_ERR_NOMEM;
    key->kid = kid;
    enum proto_err err = expand(suite, kid, "SFrame 1.0 Secret key ", base_key, base_key_len, key_bytes, key_len);
    if (!err)
        err = expand(suite, kid, "SFrame 1.0 Secret salt ", base_key, base_key_len, key->salt, sizeof key->salt);
    if (!err)
        err = proto_gcm_init(&key->gcm, key_bytes, key_len);
    sodium_memzero(key_bytes, sizeof key_bytes);
    if (err)
        proto_sframe_key_free(key);
    else
        *out = key; /* handed to the caller */
    return err;
}

void proto_sframe_key_free(struct proto_sframe_key *key)
{
    if (!key)
        return;
    proto_gcm_clear(&key->gcm);
    sodium_memzero(key, sizeof *key);
    free(key);
}

uint64_t proto_sframe_key_kid(const struct proto_sframe_key *key)
{
    return key->kid;
}

/* --- frames --- */

/* Salt xor counter, the counter right-aligned (section 4.4.3). */
static void make_iv(uint8_t iv[static PROTO_GCM_IV_BYTES], const struct proto_sframe_key *key, uint64_t ctr)
{
    memcpy(iv, key->salt, PROTO_GCM_IV_BYTES);
    for (size_t i = 0; i < 8; i++)
        iv[PROTO_GCM_IV_BYTES - 1 - i] ^= (uint8_t)(ctr >> (8 * i));
}

enum proto_err proto_sframe_seal(struct proto_sframe_key *key, uint64_t ctr, const uint8_t *meta, size_t meta_len,
                                 const uint8_t *plain, size_t plain_len, uint8_t *out, size_t out_capacity,
                                 size_t *out_len)
{
    uint8_t iv[PROTO_GCM_IV_BYTES];
    size_t header_len = proto_sframe_header_len(key->kid, ctr);

    *out_len = 0;
    if (plain_len > PROTO_SFRAME_PLAIN_MAX || meta_len > PROTO_SFRAME_META_MAX ||
        out_capacity < header_len + plain_len + PROTO_SFRAME_TAG_BYTES)
        return PROTO_ERR_RANGE;
    if (key->receives || key->ctr_used_up || ctr < key->next_ctr)
        return PROTO_ERR_STATE;
    key->sends = true;
    key->next_ctr = ctr + 1;
    key->ctr_used_up = ctr == UINT64_MAX;
    uint8_t header[PROTO_SFRAME_HEADER_MAX]; /* apart: a short `out` has no room for the longest header */
    (void)proto_sframe_header_write(header, key->kid, ctr);
    memcpy(out, header, header_len);
    make_iv(iv, key, ctr);
    const struct proto_gcm_message message = {iv, out, meta, header_len, meta_len, plain, plain_len};
    enum proto_err err = proto_gcm_seal(&key->gcm, &message, out + header_len, out + header_len + plain_len);
    if (!err)
        *out_len = header_len + plain_len + PROTO_SFRAME_TAG_BYTES;
    return err;
}

enum proto_err proto_sframe_open(struct proto_sframe_key *key, const uint8_t *meta, size_t meta_len,
                                 const uint8_t *frame, size_t frame_len, uint8_t *out, size_t out_capacity,
                                 size_t *out_len)
{
    uint8_t iv[PROTO_GCM_IV_BYTES];
    uint64_t kid, ctr;
    size_t header_len;

    *out_len = 0;
    if (frame_len > (size_t)PROTO_SFRAME_PLAIN_MAX + PROTO_SFRAME_OVERHEAD_MAX || meta_len > PROTO_SFRAME_META_MAX)
        return PROTO_ERR_RANGE;
    enum proto_err err = proto_sframe_header_parse(frame, frame_len, &kid, &ctr, &header_len);
    if (err)
        return err;
    if (frame_len - header_len < PROTO_SFRAME_TAG_BYTES)
        return PROTO_ERR_FORMAT;
    if (kid != key->kid)
        return PROTO_ERR_KEY;
    size_t plain_len = frame_len - header_len - PROTO_SFRAME_TAG_BYTES;
    if (out_capacity < plain_len)
        return PROTO_ERR_RANGE;
    if (key->sends)
        return PROTO_ERR_STATE;
    key->receives = true;
    make_iv(iv, key, ctr);
    const struct proto_gcm_message message = {iv, frame, meta, header_len, meta_len, frame + header_len, plain_len};
    err = proto_gcm_open(&key->gcm, &message, out, frame + header_len + plain_len);
    if (!err)
        *out_len = plain_len;
    return err;
}
