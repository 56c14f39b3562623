/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/notes.h - the organisation's two notes as the core holds them, and what a new pair of them changes.
 */
#ifndef RELAY_CORE_NOTES_H
#define RELAY_CORE_NOTES_H

#include "relay/core/core.h"

/** Copies all four and holds nothing else of them. RANGE: a note over its bound. KEY: nothing can be sealed to the
 * evidence key. */
PROTO_MUST_USE enum proto_err relay_notes_take(struct relay_core *core, const char *org_note,
                                               const struct proto_org *org, const char *policy_note,
                                               const struct proto_policy *policy);
void relay_notes_free(struct relay_core *core);

#endif
