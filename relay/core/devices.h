/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/devices.h - a customer who has two devices. */
#ifndef RELAY_CORE_DEVICES_H
#define RELAY_CORE_DEVICES_H

#include "relay/core/state.h"

/* ---- move.c: the customer goes on on another device ---- */

/** Parks `peer`, and asks the device that has the seat. BUSY: one asks already, or did a moment ago. */
PROTO_MUST_USE enum proto_err relay_move_begin(struct relay_core *core, struct relay_room *room,
                                               struct relay_peer *peer, const uint8_t move[static PROTO_MOVE_BYTES],
                                               struct proto_now now);
/** Nobody answers any more: the seat's device left, said no, or the time is over. */
void relay_move_fail(struct relay_core *core, struct relay_room *room, struct proto_now now);

/* ---- beside.c: a customer's second device, which speaks with the first alone ---- */

enum proto_err relay_on_hello_beside(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_beside_join(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_beside(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
/** The customer's first device came or went: the second is told. */
void relay_beside_announce(struct relay_core *core, struct relay_room *room, struct proto_now now);
/** The second device's connection is gone, or nobody joined it in time. */
void relay_beside_lose(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
/** The session is over. */
void relay_beside_end(struct relay_core *core, struct relay_room *room, enum proto_end reason, struct proto_now now);

#endif
