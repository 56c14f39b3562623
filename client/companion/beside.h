/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/beside.h - the customer's other device, as the first one has it (proto/beside/beside.h).
 *
 * What it tells goes into this end's own model of the home, so that everything that holds there holds for it too: the
 * customer sees it, hides it, redacts it; the agent gets it under this end's consent for device information. Its
 * devices stand under "2:" and their own id. While it is there, checks run there: it sits beside the product.
 */
#ifndef CLIENT_COMPANION_BESIDE_H
#define CLIENT_COMPANION_BESIDE_H

#include "client/companion/report.h"
#include "proto/session/session.h"

struct client_beside;

/* What its owner is told; each may be NULL. */
struct client_beside_listener {
    /** "linked", "away", "wrong-code", "not-found", "alarm" … of which device. */
    void (*told)(void *context, const char *state, const char *name);
    void (*check)(void *context, const handhold_CheckResult *result); /* what a check there found: to be passed on */
    void *context;
};

PROTO_MUST_USE enum proto_err client_beside_new(struct client_beside **out, struct proto_session *session,
                                                struct client_report *report, const char *join_host,
                                                const struct client_beside_listener *listener);
void client_beside_free(struct client_beside *beside); /* NULL is fine */
/** The code that the other device shows. CODE: not a code; STATE: there is no connection; EXISTS: one is linked. */
PROTO_MUST_USE enum proto_err client_beside_link(struct client_beside *beside, const char *code);
/** That device is none of this session's any more. */
void client_beside_unlink(struct client_beside *beside);
void client_beside_event(struct client_beside *beside, const struct proto_event *event, struct proto_now now);
/** The consent for device information lives, or does not any more: at once. */
void client_beside_capture(struct client_beside *beside, bool on);
/** As client_report_hide(), `property` "" for the whole device: what is hidden does not leave the other device at all.
 */
void client_beside_hide(struct client_beside *beside, const char *device, const char *property, bool hide);
/** CheckAsk, CheckCancel. True: it is there, and was asked. */
bool client_beside_data(struct client_beside *beside, const handhold_Data *data);
void client_beside_tick(struct client_beside *beside, struct proto_now now);
int64_t client_beside_deadline(const struct client_beside *beside);

#endif
