/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/staff_line.h - a connection of staff to their relay without a session: words to the relay, and its answers.
 *
 * It says Hello by itself and does not reconnect; its owner decides when, and makes a new one.
 */
#ifndef PROTO_HOST_STAFF_LINE_H
#define PROTO_HOST_STAFF_LINE_H

#include "proto/host/connection.h"
#include "proto/wire/message.h"

#define HOST_STAFF_LINE_WAITING 64u /* messages that may wait to leave */

struct host_staff_line;

struct host_staff_line_config {
    struct host_loop *loop;                           /* borrowed, as all of these, until free */
    const char *url, *ca_file, *cert_file, *key_file; /* as in connection.h, as is the next */
    const struct proto_credential *credential;
    /** The relay took Hello; from now on there may be said something. Freeing the line here is fine. */
    void (*on_welcome)(void *context, const handhold_Welcome *welcome);
    /** Anything else that the relay says to this end; borrowed for the call. Freeing the line here is fine. */
    void (*on_said)(void *context, const handhold_FromRelay *said);
    /** Exactly once, and nothing after it. `text` names value, rule and way out. Freeing the line here is fine. */
    void (*on_closed)(void *context, enum proto_err err, const char *text);
    void *context;
};

/** Starts to connect. An error is about the arguments; `error` has the sentence. */
PROTO_MUST_USE enum proto_err host_staff_line_new(struct host_staff_line **out,
                                                  const struct host_staff_line_config *config,
                                                  char error[static HOST_CONNECTION_ERROR_BYTES]);
void host_staff_line_free(struct host_staff_line *line); /* NULL is fine */
/** RANGE: a bound of the message. FULL: too many wait. NOMEM. */
PROTO_MUST_USE enum proto_err host_staff_line_say(struct host_staff_line *line, const handhold_ToRelay *message);

#endif
