/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/relay/line_end.h - one end of a relay for tests: a connection, what it was told, and a wait for it.
 */
#ifndef TESTS_RELAY_LINE_END_H
#define TESTS_RELAY_LINE_END_H

#include "proto/host/connection.h"
#include "proto/util/buf.h"
#include "proto/wire/message.h"

struct line_end {
    struct host_loop *loop; /* borrowed */
    struct host_connection *connection;
    struct proto_buf out;
    bool opened, closed;
    enum proto_err err;
    char text[HOST_CONNECTION_ERROR_BYTES];
    size_t messages;
    handhold_FromRelay last; /* newest relay message */
    bool has_last;
};

/** Connects; `identity` is "D/staff/anna" without its ending, NULL: none. */
void line_end_connect(struct line_end *end, struct host_loop *loop, const char *url, const char *ca,
                      const char *identity);
void line_end_clear(struct line_end *end);
void line_end_send(struct line_end *end, const handhold_ToRelay *message);
/** Runs the loop until `done` says so; fails the test when that takes longer than 20 s. */
void line_end_run(struct line_end *end, bool (*done)(const struct line_end *end));
bool line_end_is_open(const struct line_end *end);
bool line_end_is_closed(const struct line_end *end);
bool line_end_has_message(const struct line_end *end); /* or was closed */
/** Sends and waits for the next relay message, which must be of this kind. */
void line_end_ask(struct line_end *end, const handhold_ToRelay *message, pb_size_t answer);

#endif
