/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/policy_words.h - what one policy would change against another, a line each. */
#ifndef RELAY_AUDIT_POLICY_WORDS_H
#define RELAY_AUDIT_POLICY_WORDS_H

#include "proto/identity/policy.h"

/** Prints each change, in words or as JSON Lines; how many. */
size_t audit_policy_changes(const struct proto_policy *now, const struct proto_policy *then, bool json);

#endif
