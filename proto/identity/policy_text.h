/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/policy_text.h - a policy as lines, with and without the lines that only signing adds. For policy.c;
 * policy_text.c writes them, policy_read.c reads them.
 */
#ifndef PROTO_IDENTITY_POLICY_TEXT_H
#define PROTO_IDENTITY_POLICY_TEXT_H

#include "proto/identity/policy.h"

#define POLICY_FIRST_LINE "handhold/1 policy"

/** The officer's certificates in a note, leaf first, without the root. */
struct proto_policy_chain {
    uint8_t bytes[PROTO_IDENTITY_CHAIN_MAX - 1][PROTO_IDENTITY_DER_BYTES];
    size_t len[PROTO_IDENTITY_CHAIN_MAX - 1];
    size_t count;
};

/** The whole text that is signed. */
void proto_policy_text_put(const struct proto_policy *policy, const struct proto_der *officer, size_t officer_len,
                           struct proto_buf *out);
/** Reads it; nothing is verified. FORMAT: anything but the text that proto_policy_text_put() would write. */
PROTO_MUST_USE enum proto_err proto_policy_text_read(struct proto_policy *out, const char *text, size_t len,
                                                     struct proto_policy_chain *chain);

#endif
