/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/tell.h - the operator's log: one event a line, without a name, a reference or an address.
 *
 * A session is known by the first bytes of its number, which the officers' log has whole. Under a storm of events the
 * lines are counted instead of written.
 */
#ifndef RELAY_SERVE_TELL_H
#define RELAY_SERVE_TELL_H

#include "proto/consent/statement.h"
#include "relay/serve/serve.h"

void serve_tell_event(struct serve *serve, const struct proto_event_note *event);
/** Each second: what was not written, what was refused in the last minute, a certificate that ends soon. */
void serve_tell_tick(struct serve *serve);

#endif
