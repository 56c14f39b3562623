/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/chain.h - a chain of certificates, kept byte for byte after the message that brought it is gone.
 */
#ifndef PROTO_IDENTITY_CHAIN_H
#define PROTO_IDENTITY_CHAIN_H

#include "proto/identity/certificate.h"

/** Zero is none. End with proto_identity_chain_clear(). */
struct proto_identity_chain {
    uint8_t *bytes; /* owned; one certificate after the other, leaf first */
    size_t len[PROTO_IDENTITY_CHAIN_MAX];
    size_t count;
};

/** Replaces what `chain` holds. RANGE: more than PROTO_IDENTITY_CHAIN_MAX, or one over its bound; NOMEM. */
PROTO_MUST_USE enum proto_err proto_identity_chain_set(struct proto_identity_chain *chain, const struct proto_der *ders,
                                                       size_t count);
/** As a verifier takes it; borrowed. Returns the number of certificates. */
size_t proto_identity_chain_get(const struct proto_identity_chain *chain,
                                struct proto_der out[static PROTO_IDENTITY_CHAIN_MAX]);
void proto_identity_chain_clear(struct proto_identity_chain *chain);

#endif
