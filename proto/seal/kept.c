/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/kept.h"

#include <sodium.h>
#include <string.h>

#include "proto/seal/base64.h"
#include "proto/seal/kdf.h"

#define HEAD "handhold/1 cases\n"
#define LABEL "handhold/1 kept"

enum {
    ID_BYTES = 4,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    LINE_CHARS = PROTO_BASE64_CHARS(32),
    REF_MAX = 128, /* of Open.customer_ref */
    BOUND_MAX = sizeof LABEL + 2 + REF_MAX,
    PLAIN_MAX = PROTO_KEPT_TEXT_MAX + PROTO_KEPT_PAD_BYTES,
};
_Static_assert(ID_BYTES + NONCE_BYTES + 4 + TAG_BYTES == PROTO_KEPT_OVERHEAD, "what sealing adds");

/* ---- the file ---- */

enum proto_err proto_kept_keys_read(struct proto_kept_keys *keys, const char *text, size_t len)
{
    const size_t head = strlen(HEAD);
    enum proto_err err = len > head && memcmp(text, HEAD, head) == 0 ? PROTO_OK : PROTO_ERR_FORMAT;

    memset(keys, 0, sizeof *keys);
    for (size_t at = head, n; !err && at < len; at += LINE_CHARS + 1) {
        if (keys->count == PROTO_KEPT_KEYS || len - at < LINE_CHARS + 1 || text[at + LINE_CHARS] != '\n')
            err = PROTO_ERR_FORMAT;
        else
            err = proto_base64_decode(text + at, LINE_CHARS, keys->secret[keys->count++], 32, &n);
        if (!err && n != 32)
            err = PROTO_ERR_FORMAT;
    }
    if (err)
        proto_kept_keys_clear(keys);
    return err;
}

void proto_kept_keys_make(const struct proto_random *random, struct proto_buf *out)
{
    uint8_t secret[32];

    proto_random_fill(random, secret, sizeof secret);
    proto_buf_put_text(out, HEAD);
    proto_base64_put(out, secret, sizeof secret);
    proto_buf_put_u8(out, '\n');
    sodium_memzero(secret, sizeof secret);
}

void proto_kept_keys_clear(struct proto_kept_keys *keys)
{
    sodium_memzero(keys, sizeof *keys);
}

/* ---- one thing that is kept ---- */

static void id_of(const uint8_t secret[static 32], uint8_t id[static ID_BYTES])
{
    uint8_t hash[PROTO_SHA256_BYTES];

    proto_sha256(hash, secret, 32);
    memcpy(id, hash, ID_BYTES);
}

/* What it is bound to; how long that is, 0: the reference is too long. */
static size_t bind(uint8_t out[static BOUND_MAX], enum proto_kept kind, const char *customer_ref)
{
    size_t ref = strlen(customer_ref);

    if (ref > REF_MAX)
        return 0;
    memcpy(out, LABEL, sizeof LABEL); /* with its NUL */
    out[sizeof LABEL] = (uint8_t)kind;
    out[sizeof LABEL + 1] = (uint8_t)ref;
    memcpy(out + sizeof LABEL + 2, customer_ref, ref);
    return sizeof LABEL + 2 + ref;
}

enum proto_err proto_kept_seal(const struct proto_kept_keys *keys, enum proto_kept kind, const char *customer_ref,
                               const char *text, size_t len, const struct proto_random *random, struct proto_buf *out)
{
    size_t plain_len = (4 + len + PROTO_KEPT_PAD_BYTES - 1) / PROTO_KEPT_PAD_BYTES * PROTO_KEPT_PAD_BYTES;
    uint8_t bound[BOUND_MAX], key[32], *at;
    size_t bound_len = bind(bound, kind, customer_ref);
    enum proto_err err;

    if (!keys->count)
        return PROTO_ERR_KEY;
    if (!bound_len || len > PROTO_KEPT_TEXT_MAX)
        return PROTO_ERR_RANGE;
    err = proto_hkdf(keys->secret[0], 32, LABEL, key, sizeof key);
    at = err ? NULL : proto_buf_extend(out, ID_BYTES + NONCE_BYTES + plain_len + TAG_BYTES);
    if (!err && !at)
        err = PROTO_ERR_FULL;
    if (!err) {
        uint8_t *plain = at + ID_BYTES + NONCE_BYTES; /* sealed where it lies */

        id_of(keys->secret[0], at);
        proto_random_fill(random, at + ID_BYTES, NONCE_BYTES);
        memset(plain, 0, plain_len);
        for (int i = 0; i < 4; i++)
            plain[i] = (uint8_t)(len >> (24 - 8 * i));
        memcpy(plain + 4, text, len);
        crypto_aead_xchacha20poly1305_ietf_encrypt(plain, NULL, plain, plain_len, bound, bound_len, NULL,
                                                   at + ID_BYTES, key);
    }
    sodium_memzero(key, sizeof key);
    return err;
}

static const uint8_t *secret_for(const struct proto_kept_keys *keys, const uint8_t *id)
{
    uint8_t own[ID_BYTES];

    for (size_t i = 0; i < keys->count; i++) {
        id_of(keys->secret[i], own);
        if (memcmp(own, id, sizeof own) == 0)
            return keys->secret[i];
    }
    return NULL;
}

static enum proto_err put_text(const uint8_t *plain, size_t len, struct proto_buf *out)
{
    size_t text = (size_t)plain[0] << 24 | (size_t)plain[1] << 16 | (size_t)plain[2] << 8 | plain[3];

    if (text > len - 4)
        return PROTO_ERR_CRYPTO;
    proto_buf_put(out, plain + 4, text);
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

enum proto_err proto_kept_open(const struct proto_kept_keys *keys, enum proto_kept kind, const char *customer_ref,
                               const uint8_t *sealed, size_t len, struct proto_buf *out)
{
    uint8_t bound[BOUND_MAX], key[32], plain[PLAIN_MAX + 4];
    size_t bound_len = bind(bound, kind, customer_ref), plain_len = len - ID_BYTES - NONCE_BYTES - TAG_BYTES;
    const uint8_t *secret;
    enum proto_err err;

    if (!bound_len || len < PROTO_KEPT_OVERHEAD || plain_len > sizeof plain)
        return PROTO_ERR_CRYPTO;
    secret = secret_for(keys, sealed);
    if (!secret)
        return PROTO_ERR_KEY;
    err = proto_hkdf(secret, 32, LABEL, key, sizeof key);
    if (!err && crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + ID_BYTES + NONCE_BYTES,
                                                           len - ID_BYTES - NONCE_BYTES, bound, bound_len,
                                                           sealed + ID_BYTES, key) != 0)
        err = PROTO_ERR_CRYPTO;
    if (!err)
        err = put_text(plain, plain_len, out);
    sodium_memzero(key, sizeof key);
    sodium_memzero(plain, plain_len);
    return err;
}
