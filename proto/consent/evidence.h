/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/consent/evidence.h - what lies beside a leaf: the signed note itself, sealed to the officers.
 *
 *   plaintext   count u8 | count times (u16 length, note) | r[32]
 *
 * The last note is the one that the leaf commits to (C = HMAC(r, note)); those before it are the signer's `rekey` notes
 * since its last leaf, in order: they have no leaf of their own, and `prev` of the last note binds them. Sealed with a
 * sealed box (bytes as crypto_box_seal makes them) to the evidence key of the policy, by the end that signed.
 */
#ifndef PROTO_CONSENT_EVIDENCE_H
#define PROTO_CONSENT_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/util/random.h"
#include "proto/wire/limits.h"

enum { PROTO_EVIDENCE_NOTES = 32, PROTO_EVIDENCE_SALT_BYTES = 32 };

struct proto_evidence_note {
    const uint8_t *bytes; /* borrowed */
    size_t len;           /* at most PROTO_MAX_NOTE_BYTES */
};

struct proto_evidence {
    struct proto_evidence_note notes[PROTO_EVIDENCE_NOTES];
    size_t count; /* at least 1; the last one has the leaf */
    uint8_t r[PROTO_EVIDENCE_SALT_BYTES];
};

/** Appends the sealed evidence. RANGE: no note, too many, or over PROTO_MAX_EVIDENCE_BYTES. KEY: the evidence key is
 * unusable. */
PROTO_MUST_USE enum proto_err proto_evidence_seal(const struct proto_evidence *evidence,
                                                  const uint8_t evidence_key[static 32],
                                                  const struct proto_random *random, struct proto_buf *out);
/**
 * Opens with the officers' key pair into `plain` (a secret buffer of the caller's); `out` borrows from it. CRYPTO: not
 * sealed to this key; FORMAT: not evidence.
 */
PROTO_MUST_USE enum proto_err proto_evidence_open(const uint8_t *sealed, size_t len,
                                                  const uint8_t evidence_public[static 32],
                                                  const uint8_t evidence_secret[static 32], struct proto_buf *plain,
                                                  struct proto_evidence *out);
/** Appends the plaintext form, of notes that are nobody's secret: those of the log itself. RANGE as seal. */
PROTO_MUST_USE enum proto_err proto_evidence_write(const struct proto_evidence *evidence, struct proto_buf *out);
/** Reads the plaintext form; `out` borrows from it. */
PROTO_MUST_USE enum proto_err proto_evidence_parse(const uint8_t *plain, size_t len, struct proto_evidence *out);

#endif
