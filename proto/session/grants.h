/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/session/grants.h - what the files of the customer's consents lend each other. Internal to proto/session.
 *
 *   grants.c       the life of a grant: logged, released, live, suspended, withdrawn, expired
 *   grants_ask.c   requests that come, answers that go, decisions as signed statements
 *   grants_time.c  pause, what ends soon, extension, and when something is due
 *   grants_keys.c  keys, and the frames that they seal
 */
#ifndef PROTO_SESSION_GRANTS_H
#define PROTO_SESSION_GRANTS_H

#include "proto/session/internal.h"

/* How a capability's frames travel. */
struct grant_travel {
    enum proto_class class;
    uint8_t prio;
    bool media; /* false: nothing flows from the customer under it (recording, torch, …) */
};
const struct grant_travel *grant_travel_of(enum proto_capability capability);

uint64_t grant_kid(const struct grant *grant);
/** A fresh key of the next epoch; the one before is wiped first. */
enum proto_err grant_make_key(struct proto_session *s, struct grant *grant);
/** The key is gone, and what it sealed and has not left with it. */
void grant_wipe_key(struct proto_session *s, struct grant *grant);

/** Seals a frame and queues it; CONSENT when there is no live key. */
enum proto_err grant_push(struct proto_session *s, enum proto_capability capability, const struct proto_frame *frame);

/** Signs a decision, tells the agent, queues it for the log. NULL: the outbox is full. */
struct note_entry *grant_state(struct proto_session *s, enum proto_statement_action action,
                               enum proto_capability capability, const char *purpose);
enum proto_err grant_refuse(struct proto_session *s, enum proto_capability capability, const char *why,
                            enum proto_consent_state how);
void grant_set_capture(struct proto_session *s, enum proto_capability capability, bool on);
void grant_tell(struct proto_session *s, enum proto_capability capability, enum proto_consent_state consent,
                const char *why);
uint32_t grant_seconds_left(const struct proto_session *s, const struct grant *grant); /* 0: until the session ends */
bool grant_holds_consent(const struct grant *grant);
void grant_withdraw(struct proto_session *s, enum proto_capability capability, const char *why,
                    enum proto_consent_state how);
/** KEY_ACK came, or was not waited for any longer. */
void grant_go_live(struct proto_session *s, enum proto_capability capability);
/** A fresh key under a `rekey` statement. */
void grant_rekey(struct proto_session *s, enum proto_capability capability);
/** Why this is not even put before the customer; NULL: it is. */
const char *grant_forbidden(const struct proto_session *s, enum proto_capability capability, const char *purpose,
                            uint32_t max_s, uint32_t retention_days);
void grant_retire_key(struct proto_session *s, uint64_t kid);

#endif
