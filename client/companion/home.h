/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/home.h - what the agent and the customer do about the home together: checks that run here, and the
 * guide that both follow.
 *
 * Checks run only while the consent for device state lives; when it ends they are stopped before anything else learns
 * of it. The guide is the agent's: this end shows the list as it stands, and sends what the customer taps.
 */
#ifndef CLIENT_COMPANION_HOME_H
#define CLIENT_COMPANION_HOME_H

#include "client/checks/checks.h"
#include "client/companion/report.h"
#include "client/companion/screen.h"
#include "proto/host/loop.h"
#include "proto/session/session.h"

struct client_home;

struct client_home_config {
    struct host_loop *loop;                   /* borrowed; its wake is this one's */
    struct client_report *report;             /* borrowed; NULL: no device state, so no checks */
    struct client_screen *screen;             /* borrowed */
    const struct client_check_config *checks; /* borrowed during new() */
    const char *language;                     /* de, en-GB */
    bool json;
    void (*woken)(void *context); /* a check has something to tell: client_home_tick() */
    void *context;
};

PROTO_MUST_USE enum proto_err client_home_new(struct client_home **out, const struct client_home_config *config);
void client_home_free(struct client_home *home); /* NULL is fine */

/** The pair is there: the agent's end learns this end's language. */
void client_home_joined(struct client_home *home, struct proto_session *session, struct proto_now now);
/** CheckAsk, CheckCancel and the messages of guides; others are left alone. */
void client_home_data(struct client_home *home, struct proto_session *session, const handhold_Data *data,
                      double session_kbps, struct proto_now now);
/** What a check found, as it travels. */
void client_home_result(const struct client_check_result *result, handhold_CheckResult *out);
/** What a check found on the customer's other device: the customer sees it, and it goes the same way. */
void client_home_pass(struct client_home *home, struct proto_session *session, const handhold_CheckResult *result,
                      struct proto_now now);
/** The consent for device state is gone, or everything is paused: every check stops, nothing more is told. */
void client_home_stop(struct client_home *home);
/** Sends what checks have found, as far as there is room. */
void client_home_tick(struct client_home *home, struct proto_session *session, struct proto_now now);
int64_t client_home_deadline(const struct client_home *home, int64_t now_ms);
/** "done", "skip", "back", "did-not-work" or "close" for the step that is on. STATE: no guide runs; RANGE: no such
 * word. */
PROTO_MUST_USE enum proto_err client_home_act(struct client_home *home, struct proto_session *session, const char *act,
                                              struct proto_now now);

#endif
