/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/gates.h - what may pass. */
#ifndef RELAY_CORE_GATES_H
#define RELAY_CORE_GATES_H

#include "relay/core/state.h"

/** src, stream and dst of an event about it. */
void relay_gate_add_route(struct proto_event_note *event, const struct relay_gate *gate);
struct relay_gate *relay_gate_find(const struct relay_room *room, uint8_t src, uint8_t stream);
/** Checks nothing but room. FULL, NOMEM. */
PROTO_MUST_USE enum proto_err relay_gate_open(struct relay_core *core, struct relay_room *room,
                                              const struct proto_gate *said, struct proto_now now);
/** `cause` is a word for the log, NULL: the customer asked. */
void relay_gate_close(struct relay_core *core, struct relay_room *room, struct relay_gate *gate, const char *cause,
                      struct proto_now now);
void relay_gate_close_all(struct relay_core *core, struct relay_room *room, const char *cause, struct proto_now now);
/** The relay has signed a log that it does not have: every gate of every session closes. */
void relay_gate_close_everywhere(struct relay_core *core, const char *cause, struct proto_now now);
/** Closes what has run out. */
void relay_gate_expire(struct relay_core *core, struct relay_room *room, struct proto_now now);
/** Asks senders for the key frames that a receiver's queue is waiting for. */
void relay_gate_ask_keys(struct relay_core *core, struct relay_room *room, uint8_t dst, struct proto_now now);
void relay_gate_answer(struct relay_core *core, struct relay_room *room, uint32_t gate_seq, enum proto_err err,
                       const char *message, struct proto_now now);

/** The log may be another than what was shown to `peer`, or to anybody: nothing is begun on it. */
static inline bool relay_log_is_doubted(const struct relay_core *core, const struct relay_peer *peer)
{
    return core->figures.log_broken || (peer && peer->sees_another_log);
}

#endif
