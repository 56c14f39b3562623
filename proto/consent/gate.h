/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/consent/gate.h - GATE: the customer tells the relay which stream may pass to whom, and for how long.
 *
 *   "handhold/1 gate" 00 | sid[16] | gate_seq u32 | open u8 | src u8 | stream u8 | dst u8 | capability u8 | grantee[32]
 *   | ttl_s u32 | leaf_hash[32] | signature[64]
 *
 * The signature is by the customer's session key over 64 spaces and all the bytes before it. A gate binds an honest
 * relay against a modified agent; secrecy never rests on it (without the key the forwarded bytes are noise).
 */
#ifndef PROTO_CONSENT_GATE_H
#define PROTO_CONSENT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/seal/signature.h"
#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/wire/capability.h"
#include "proto/wire/limits.h"

struct proto_gate {
    uint8_t sid[PROTO_SID_BYTES];
    uint32_t gate_seq; /* only rises within a session */
    bool open;
    uint8_t src, stream, dst;
    enum proto_capability capability;
    uint8_t grantee[PROTO_HASH_BYTES];   /* SHA-256 of the leaf certificate of who may receive */
    uint32_t ttl_s;                      /* from receipt, on the relay's clock; 0: until the session ends */
    uint8_t leaf_hash[PROTO_HASH_BYTES]; /* leaf of the grant that this rests on; zeros in a close */
};

enum {
    PROTO_GATE_BYTES =
        15 + 1 + PROTO_SID_BYTES + 4 + 5 + PROTO_HASH_BYTES + 4 + PROTO_HASH_BYTES + PROTO_SIGNATURE_BYTES
};

/** Writes the signed gate. `secret` is the customer's Ed25519 session key (libsodium's 64-byte form). */
PROTO_MUST_USE enum proto_err proto_gate_sign(const struct proto_gate *gate, const uint8_t secret[static 64],
                                              uint8_t out[static PROTO_GATE_BYTES]); /* NOMEM: `out` is zeros */
/**
 * Reads and verifies. FORMAT: wrong length, label, index, stream or capability; SIGNATURE: not by `cs_pub`. `*out` is
 * zeroed on failure. Sequence, session and policy are the caller's to check.
 */
PROTO_MUST_USE enum proto_err proto_gate_verify(const uint8_t *bytes, size_t len,
                                                const uint8_t cs_pub[static PROTO_KEY_BYTES], struct proto_gate *out);

#endif
