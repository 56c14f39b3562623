/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/signature.h - Ed25519 over 64 spaces, a label, a zero byte and the data: all that is signed and not a
 * note.
 *
 * The prefix is that of TLS 1.3 (RFC 8446 section 4.4.3): the key of a staff certificate also signs TLS handshakes, and
 * with different labels no signature of one kind can pass for another. Verification is libsodium's, which refuses keys
 * of small order; OpenSSL's does not.
 */
#ifndef PROTO_SEAL_SIGNATURE_H
#define PROTO_SEAL_SIGNATURE_H

#include "proto/util/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_SIGN_SEED_BYTES = 32,
    PROTO_SIGN_PUBLIC_BYTES = 32,
    PROTO_SIGN_SECRET_BYTES = 64, /* libsodium's form: seed, public key */
    PROTO_SIGNATURE_BYTES = 64,
    PROTO_SIGN_LABEL_MAX = 63,
    PROTO_SIGN_DATA_MAX = 1024, /* mostly a hash; a gate is 130 bytes */
};

/** Key pair from 32 random bytes; the same seed gives the same keys. */
void proto_sign_keypair(uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES],
                        uint8_t secret_key[static PROTO_SIGN_SECRET_BYTES],
                        const uint8_t seed[static PROTO_SIGN_SEED_BYTES]);
/** KEY: small order, not canonical or not a point of the prime-order group. Ask before a key is stored or trusted. */
PROTO_MUST_USE enum proto_err proto_sign_key_check(const uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES]);
/** RANGE: label or data too long, or the label is empty. */
PROTO_MUST_USE enum proto_err proto_sign_labelled(uint8_t signature[static PROTO_SIGNATURE_BYTES], const char *label,
                                                  const void *data, size_t len,
                                                  const uint8_t secret_key[static PROTO_SIGN_SECRET_BYTES]);
/** SIGNATURE: does not verify, or the key is of small order. RANGE as above. */
PROTO_MUST_USE enum proto_err proto_verify_labelled(const uint8_t signature[static PROTO_SIGNATURE_BYTES],
                                                    const char *label, const void *data, size_t len,
                                                    const uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES]);
/** Plain Ed25519, for bytes that carry their own first line (notes) or DER; the same checks. */
PROTO_MUST_USE enum proto_err proto_verify_plain(const uint8_t signature[static PROTO_SIGNATURE_BYTES],
                                                 const void *data, size_t len,
                                                 const uint8_t public_key[static PROTO_SIGN_PUBLIC_BYTES]);

#endif
