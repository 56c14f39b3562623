/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/signature.h"

#include <sodium.h>
#include <string.h>

enum { SPACES = 64 };

/* What is signed: 64 spaces, label, zero byte, data. */
struct message {
    uint8_t bytes[SPACES + PROTO_SIGN_LABEL_MAX + 1 + PROTO_SIGN_DATA_MAX];
    size_t len;
};

static enum proto_err compose(struct message *m, const char *label, const void *data, size_t len)
{
    size_t label_len = strlen(label);

    if (label_len == 0 || label_len > PROTO_SIGN_LABEL_MAX || len > PROTO_SIGN_DATA_MAX)
        return PROTO_ERR_RANGE;
    memset(m->bytes, 0x20, SPACES);
    memcpy(m->bytes + SPACES, label, label_len + 1); /* its NUL is the zero byte */
    m->len = SPACES + label_len + 1;
    if (len)
        memcpy(m->bytes + m->len, data, len);
    m->len += len;
    return PROTO_OK;
}

void proto_sign_keypair(uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES],
                        uint8_t secret_key[static PROTO_SIGN_SECRET_BYTES],
                        const uint8_t seed[static PROTO_SIGN_SEED_BYTES])
{
    crypto_sign_seed_keypair(public_key, secret_key, seed);
}

enum proto_err proto_sign_key_check(const uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES])
{
    return crypto_core_ed25519_is_valid_point(public_key) ? PROTO_OK : PROTO_ERR_KEY;
}

enum proto_err proto_sign_labelled(uint8_t signature[static PROTO_SIGNATURE_BYTES], const char *label, const void *data,
                                   size_t len, const uint8_t secret_key[static PROTO_SIGN_SECRET_BYTES])
{
    struct message m;
    enum proto_err err = compose(&m, label, data, len);

    if (err)
        memset(signature, 0, PROTO_SIGNATURE_BYTES);
    else
        crypto_sign_detached(signature, NULL, m.bytes, m.len, secret_key);
    return err;
}

enum proto_err proto_verify_labelled(const uint8_t signature[static PROTO_SIGNATURE_BYTES], const char *label,
                                     const void *data, size_t len,
                                     const uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES])
{
    struct message m;
    enum proto_err err = compose(&m, label, data, len);

    return err ? err : proto_verify_plain(signature, m.bytes, m.len, public_key);
}

enum proto_err proto_verify_plain(const uint8_t signature[static PROTO_SIGNATURE_BYTES], const void *data, size_t len,
                                  const uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES])
{
    return crypto_sign_verify_detached(signature, data, len, public_key) == 0 ? PROTO_OK : PROTO_ERR_SIGNATURE;
}
