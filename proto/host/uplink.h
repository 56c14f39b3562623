/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/uplink.h - keeps one session connected to its relay: the same for a customer's end and an agent's.
 *
 * It owns the connection and the session's timer, not the session. A connection that is lost is made again at once,
 * then after the pauses of pause.h. A relay that was never heard is not tried again: its name or its certificate is
 * wrong, and a person must read that.
 */
#ifndef PROTO_HOST_UPLINK_H
#define PROTO_HOST_UPLINK_H

#include "proto/host/loop.h"
#include "proto/session/session.h"
#include "proto/util/err.h"

#define HOST_UPLINK_IMPATIENT_MS 2500
#define HOST_UPLINK_PATIENT_MS 8000
#define HOST_UPLINK_FAREWELL_MS 3000 /* how long a polite end may take on a line that is there */

struct host_uplink;

struct host_uplink_config {
    struct host_loop *loop;                           /* borrowed, as all of these, until free */
    struct proto_session *session;                    /* freed by its owner after the uplink */
    const char *url, *ca_file, *cert_file, *key_file; /* as in connection.h */
    const struct proto_credential *credential;        /* likewise: with which the session began, so it goes on with it */
    /** Something may have happened: take the session's events. Commands to the session are allowed here. */
    void (*changed)(void *context);
    /** The relay cannot be used at all; `text` names value, rule and way out. finished() follows. */
    void (*failed)(void *context, enum proto_err err, const char *text);
    /** The session is over, or failed, and nothing more will be sent. Called once. */
    void (*finished)(void *context);
    /** NULL, or told of each message as it leaves: for those who show what a relay is given. Borrowed for the call. */
    void (*leaving)(void *context, const uint8_t *message, size_t len);
    void *context;
};

/** Connects. `error` has the sentence when the arguments cannot be used. */
PROTO_MUST_USE enum proto_err host_uplink_new(struct host_uplink **out, const struct host_uplink_config *config,
                                              char error[static 512]);
void host_uplink_free(struct host_uplink *uplink); /* NULL is fine; closes without a farewell */
/** After each command to the session that was not given inside changed(): sends what it made, sets the timer anew. */
void host_uplink_kick(struct host_uplink *uplink);
/** Ends the session. While the line is away the farewell waits for it, as long as the session has it
 * (proto_session_end). */
void host_uplink_end(struct host_uplink *uplink, enum proto_end reason);
/** The same for whoever has to go: for HOST_UPLINK_FAREWELL_MS at most. */
void host_uplink_leave(struct host_uplink *uplink, enum proto_end reason);
/** A farewell that has begun waits no more. */
void host_uplink_end_now(struct host_uplink *uplink);

/** What the shell is told of an end: HOST_EXIT_FINE when somebody ended it in order, else HOST_EXIT_FAILED. */
int host_uplink_exit(enum proto_end reason);

#endif
