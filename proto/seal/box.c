/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/box.h"

#include <sodium.h>
#include <string.h>

void proto_box_public_key(uint8_t public_key[static PROTO_BOX_KEY_BYTES],
                          const uint8_t secret_key[static PROTO_BOX_KEY_BYTES])
{
    crypto_scalarmult_base(public_key, secret_key);
}

/* crypto_box_seal itself draws its ephemeral key inside; these are its steps with a key from outside. */
enum proto_err proto_box_seal(uint8_t *out, const uint8_t *plain, size_t len,
                              const uint8_t public_key[static PROTO_BOX_KEY_BYTES],
                              const uint8_t ephemeral[static PROTO_BOX_KEY_BYTES])
{
    uint8_t nonce[crypto_box_NONCEBYTES];
    crypto_generichash_state state;

    crypto_scalarmult_base(out, ephemeral);
    crypto_generichash_init(&state, NULL, 0, sizeof nonce);
    crypto_generichash_update(&state, out, PROTO_BOX_KEY_BYTES);
    crypto_generichash_update(&state, public_key, PROTO_BOX_KEY_BYTES);
    crypto_generichash_final(&state, nonce, sizeof nonce);
    if (crypto_box_easy(out + PROTO_BOX_KEY_BYTES, plain, len, nonce, public_key, ephemeral) == 0)
        return PROTO_OK;
    memset(out, 0, len + PROTO_BOX_OVERHEAD);
    return PROTO_ERR_KEY;
}

enum proto_err proto_box_open(uint8_t *out, const uint8_t *sealed, size_t sealed_len,
                              const uint8_t public_key[static PROTO_BOX_KEY_BYTES],
                              const uint8_t secret_key[static PROTO_BOX_KEY_BYTES])
{
    if (sealed_len < PROTO_BOX_OVERHEAD)
        return PROTO_ERR_FORMAT;
    return crypto_box_seal_open(out, sealed, sealed_len, public_key, secret_key) == 0 ? PROTO_OK : PROTO_ERR_CRYPTO;
}
