/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/acts.h - what the log is told of officers, certificates and the relay itself. */
#ifndef RELAY_CORE_ACTS_H
#define RELAY_CORE_ACTS_H

#include "relay/core/state.h"

/* ---- act.c: notes of officers and of the relay itself ---- */

/** The chain of the signer with this name, made when it is new; NULL: out of memory. Valid until the next one is made.
 */
struct relay_chain *relay_chain_of(struct relay_core *core, const char *name);
/** By the hash of that name; NULL: there is none. */
struct relay_chain *relay_chain_find(const struct relay_core *core, const uint8_t key[static PROTO_HASH_BYTES]);
/**
 * Hands a signed note to the log. Takes `act`, also on an error; what is in it happens when the note is durable. One
 * that stops a session stands with the session's own, in front of what the caller has it say then. RANGE, NOMEM.
 */
PROTO_MUST_USE enum proto_err relay_act_submit(struct relay_core *core, struct relay_act *act,
                                               enum proto_log_class kind, const uint8_t *note, size_t len,
                                               const uint8_t r[static PROTO_LOG_SALT_BYTES]);
/** Its note could not be written now, and is tried again, because the session has ended: the officer is told once, and
 * again when it is done. */
void relay_act_waits(struct relay_core *core, struct relay_act *act, const struct relay_result *result,
                     struct proto_now now);
void relay_act_done(struct relay_core *core, struct relay_act *act, const struct relay_result *result,
                    struct proto_now now);
/** Says in the relay's own chain what the log does not have yet of renewed certificates. */
void relay_act_note_renewals(struct relay_core *core, struct proto_now now);
/** Which note of its organisation the relay serves. */
struct proto_taken relay_act_in_force(const struct relay_core *core, enum proto_taken_note which);
/** Says in the relay's own chain which notes of its organisation it took, as far as core->unnoted has any. */
void relay_act_note_taken(struct relay_core *core, struct proto_now now);

/* ---- refusals.c: who asked for what is forbidden, outside of a session ---- */

/** Counts it; the log has the first at once, and those that follow together, with their number. */
void relay_refused(struct relay_core *core, const struct proto_identity *staff, enum relay_refusal_cause cause,
                   struct proto_now now);
/** The next one whose note is due; NULL: none. */
struct relay_refusal *relay_refusal_to_note(const struct relay_core *core, int64_t now_ms);
const char *relay_refusal_name(enum relay_refusal_cause cause);
/** Its note is durable, or cannot be now. */
void relay_refusal_noted(struct relay_core *core, uint32_t number, enum proto_err err, struct proto_now now);
/** When the next note of one is due; PROTO_NEVER: none is. */
int64_t relay_refusal_due_ms(const struct relay_core *core);
/** The same, while the relay's own chain is free. */
int64_t relay_refusals_deadline(const struct relay_core *core);
/** Says in the relay's own chain what the log does not have yet of them. */
void relay_act_note_refusals(struct relay_core *core, struct proto_now now);

/* ---- on_renew.c: certificates that end soon ---- */

void relay_renewals_clear(struct relay_core *core);
/** The next one whose note is due; NULL: none. */
struct relay_renewal *relay_renewal_to_note(const struct relay_core *core);
/** Its note is durable, or cannot be now: both who asked and who brought it are told. */
void relay_renewal_noted(struct relay_core *core, const uint8_t fingerprint[static PROTO_HASH_BYTES],
                         enum proto_err err, struct proto_now now);

#endif
