/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/kept.h - what staff keep at a relay that must not read it: cases and counts.
 *
 * One secret of the organisation's staff, in a file that the authority makes and no relay has:
 *
 *     handhold/1 cases
 *     <base64 of 32 bytes>          seals and opens
 *     <base64 of 32 bytes>          up to seven more, that open what was sealed before
 *
 *   sealed = H(secret)[0..4] | nonce[24] | XChaCha20-Poly1305( len u32 | text | zeros to a multiple of 512 )
 *   key    = HKDF(secret, "handhold/1 kept", 32)
 *   associated data = "handhold/1 kept" 00 | kind u8 | lv8(customer reference; empty for a count)
 *
 * So a relay can neither read it, nor pass one person's case off as another's, nor a case as a count. What it can do is
 * to withhold it, or to give an older one.
 */
#ifndef PROTO_SEAL_KEPT_H
#define PROTO_SEAL_KEPT_H

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/util/random.h"
#include "proto/wire/kept.h"

enum {
    PROTO_KEPT_KEYS = 8,
    PROTO_KEPT_FILE_BYTES = 1024,
    PROTO_KEPT_PAD_BYTES = 512,
    PROTO_KEPT_OVERHEAD = 4 + 24 + 4 + 16,
    PROTO_KEPT_TEXT_MAX = 38912, /* of a case; sealed it fits into KeptAdd */
};

struct proto_kept_keys { /* wipe with proto_kept_keys_clear() */
    uint8_t secret[PROTO_KEPT_KEYS][32];
    size_t count;
};

/** Reads such a file. FORMAT. */
PROTO_MUST_USE enum proto_err proto_kept_keys_read(struct proto_kept_keys *keys, const char *text, size_t len);
/** Appends a file with one new secret. */
void proto_kept_keys_make(const struct proto_random *random, struct proto_buf *out);
void proto_kept_keys_clear(struct proto_kept_keys *keys);

/** Appends `text`, sealed under the first secret. RANGE: too long; KEY: there is no secret. */
PROTO_MUST_USE enum proto_err proto_kept_seal(const struct proto_kept_keys *keys, enum proto_kept kind,
                                              const char *customer_ref, const char *text, size_t len,
                                              const struct proto_random *random, struct proto_buf *out);
/** Appends the text. KEY: sealed under a secret that is not here; CRYPTO: altered, or not of this kind or customer. */
PROTO_MUST_USE enum proto_err proto_kept_open(const struct proto_kept_keys *keys, enum proto_kept kind,
                                              const char *customer_ref, const uint8_t *sealed, size_t len,
                                              struct proto_buf *out);

#endif
