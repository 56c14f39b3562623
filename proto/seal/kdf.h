/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/kdf.h - hashes, MACs and key derivation: every key of the protocol that is not drawn is derived here.
 *
 * The protocol's HKDF is HKDF-SHA256 (RFC 5869) with an empty salt, which RFC 5869 section 2.2 defines as 32 zero
 * bytes; `proto_hkdf` is that form. Noise and SFrame need a salt or SHA-512 and take the long forms.
 */
#ifndef PROTO_SEAL_KDF_H
#define PROTO_SEAL_KDF_H

#include "proto/util/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_SHA256_BYTES = 32,
    PROTO_SHA512_BYTES = 64,
    PROTO_HMAC_SHA256_BYTES = 32,
    PROTO_HMAC_SHA512_BYTES = 64,
    PROTO_HKDF_INFO_MAX = 1024, /* bound of OpenSSL's own; ours are short labels */
};

/**
 * HKDF-SHA256, extract and expand. Any pointer may be NULL when its length is 0; empty salt = 32 zero bytes.
 * RANGE: out_len is 0 or above 255 * 32, or info is too long. NOMEM: memory. On an error `out` is all zero.
 */
PROTO_MUST_USE enum proto_err proto_hkdf_sha256(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len,
                                                const void *info, size_t info_len, uint8_t *out, size_t out_len);
/** The same with SHA-512 (empty salt = 64 zero bytes; out_len up to 255 * 64): for SFrame suite 5 alone. */
PROTO_MUST_USE enum proto_err proto_hkdf_sha512(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len,
                                                const void *info, size_t info_len, uint8_t *out, size_t out_len);
/** The protocol's HKDF(ikm, "label", n): SHA-256, empty salt, info = the label without its NUL. */
PROTO_MUST_USE enum proto_err proto_hkdf(const void *ikm, size_t ikm_len, const char *label, uint8_t *out,
                                         size_t out_len);

/** One of several pieces that are hashed as if they stood in a row; `bytes` may be NULL when len is 0. */
struct proto_piece {
    const void *bytes; /* borrowed */
    size_t len;
};

void proto_sha256(uint8_t out[static PROTO_SHA256_BYTES], const void *bytes, size_t len);
void proto_sha256_pieces(uint8_t out[static PROTO_SHA256_BYTES], const struct proto_piece *pieces, size_t count);
void proto_hmac_sha256(uint8_t out[static PROTO_HMAC_SHA256_BYTES], const void *key, size_t key_len, const void *bytes,
                       size_t len);
void proto_hmac_sha256_pieces(uint8_t out[static PROTO_HMAC_SHA256_BYTES], const void *key, size_t key_len,
                              const struct proto_piece *pieces, size_t count);

#endif
