/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/box.h - the sealed box: bytes that only the holder of an X25519 key reads, from nobody in particular.
 *
 * Byte for byte libsodium's crypto_box_seal, with the ephemeral key given by the caller instead of drawn inside, so
 * that any libsodium opens it and a simulated world can repeat it. Carries evidence to the officers' key.
 */
#ifndef PROTO_SEAL_BOX_H
#define PROTO_SEAL_BOX_H

#include "proto/util/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_BOX_KEY_BYTES = 32,
    PROTO_BOX_OVERHEAD = 48, /* ephemeral public key and tag */
};

/** The public key of `secret_key` (32 random bytes). */
void proto_box_public_key(uint8_t public_key[static PROTO_BOX_KEY_BYTES],
                          const uint8_t secret_key[static PROTO_BOX_KEY_BYTES]);
/**
 * Writes len + PROTO_BOX_OVERHEAD bytes. `ephemeral` is 32 random bytes, used for this one box only.
 * KEY: the recipient's key is of small order. `out` must not overlap `plain`.
 */
PROTO_MUST_USE enum proto_err proto_box_seal(uint8_t *out, const uint8_t *plain, size_t len,
                                             const uint8_t public_key[static PROTO_BOX_KEY_BYTES],
                                             const uint8_t ephemeral[static PROTO_BOX_KEY_BYTES]);
/** Writes sealed_len - PROTO_BOX_OVERHEAD bytes. FORMAT: too short. CRYPTO: altered or for another key. */
PROTO_MUST_USE enum proto_err proto_box_open(uint8_t *out, const uint8_t *sealed, size_t sealed_len,
                                             const uint8_t public_key[static PROTO_BOX_KEY_BYTES],
                                             const uint8_t secret_key[static PROTO_BOX_KEY_BYTES]);

#endif
