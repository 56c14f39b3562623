/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/tell.h - the operator's log: one event a line, without a name or a reference.
 *
 * A session is known by the first bytes of its number, which the officers' log has whole. An address is
 * written only where log_addresses allows it. Under a storm of events the lines are counted instead of written.
 */
#ifndef RELAY_SERVE_TELL_H
#define RELAY_SERVE_TELL_H

#include "proto/consent/statement.h"
#include "proto/host/say.h"
#include "relay/serve/arrival.h"
#include "relay/serve/serve.h"

void serve_tell_event(struct serve *serve, const struct proto_event_note *event);
/** So many lines in a second; what is usual does not drown a warning. False: it is counted, and the count is told. */
bool serve_tell_may_say(struct serve *serve, enum host_level level);
/** A bound of this name has refused somebody (serve_arrivals_refused; `serve`). */
void serve_tell_refused(void *serve, const char *address, const char *by);
/** May it be said that an end has seen another log? Anybody may claim it, and show again what was proved: once a
 * minute, and then how many more did. `first`: it is the first proof. */
bool serve_tell_may_claim(struct serve *serve, bool first);
/** Each second: what was not written, what was refused in the last minute, a certificate that ends soon. */
void serve_tell_tick(struct serve *serve);

/** libwebsockets' own log (lws_set_log_level): for debugging, and for what it says nowhere else. */
void serve_tell_library(int level, const char *line);
/** How many heads of requests were too large for it (header_bytes), since the last call. */
unsigned serve_tell_large_heads(void);

#endif
