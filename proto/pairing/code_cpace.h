/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/pairing/code_cpace.h - a run of CPace under a code that people read to each other; `proto/PROTOCOL.md` says
 * what each channel names itself and its parties.
 *
 * PRS is the nameplate with the secret behind it; CI names the channel, the host that the code was typed at and both
 * parties, always in this order; sid is the session's with the nonce of this run behind it.
 */
#ifndef PROTO_PAIRING_CODE_CPACE_H
#define PROTO_PAIRING_CODE_CPACE_H

#include "proto/pairing/guard.h"
#include "proto/pairing/invite.h"
#include "proto/seal/cpace.h"

/* All borrowed. */
struct proto_code_run {
    const struct proto_invite_code *code;
    const char *channel, *join_host, *parties[2];
    const uint8_t *sid;   /* PROTO_SID_BYTES */
    const uint8_t *nonce; /* PROTO_PAIRING_NC_BYTES, new for every run */
    const uint8_t *ad;
    size_t ad_len;
};

/** Errors as proto_cpace_init(). */
PROTO_MUST_USE enum proto_err proto_code_cpace(struct proto_cpace *out, enum proto_cpace_role role,
                                               const struct proto_code_run *run, const struct proto_random *random);

#endif
