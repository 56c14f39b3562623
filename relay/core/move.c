/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The customer goes on on another device: the second one asks, the first one hands its end of the session over, sealed
 * (PROTOCOL.md 4.3). The relay carries two messages and reads neither; the seat changes hands by its token, as ever.
 */
#include <string.h>

#include "relay/core/devices.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/state.h"

enum proto_err relay_move_begin(struct relay_core *core, struct relay_room *room, struct relay_peer *peer,
                                const uint8_t move[static PROTO_MOVE_BYTES], struct proto_now now)
{
    struct relay_peer *seated = room->seat[PROTO_INDEX_CUSTOMER].peer;
    const struct relay_pace pace = {1, RELAY_MOVE_MS, RELAY_MOVES_AT_ONCE};

    if (room->mover || !room->authenticated || !relay_bucket_take(&room->moves, &pace, 1, now.mono_ms))
        return PROTO_ERR_BUSY;
    core->out.which_body = handhold_FromRelay_move_ask_tag;
    core->out.body.move_ask.size = PROTO_MOVE_BYTES;
    memcpy(core->out.body.move_ask.bytes, move, PROTO_MOVE_BYTES);
    relay_peer_send(core, seated, now);
    if (room->seat[PROTO_INDEX_CUSTOMER].peer != seated)
        return PROTO_ERR_BUSY; /* it could not even take the question */
    room->mover = peer;
    peer->room = room;
    peer->state = RELAY_PEER_MOVING;
    relay_timers_set(&core->timers, &peer->timer, now.mono_ms + core->limits.move_ms);
    relay_peer_tell(core, peer, now, PROTO_ERR_BUSY, "this invitation is in use on another device; answer there");
    return PROTO_OK;
}

void relay_move_fail(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    if (room->mover)
        relay_peer_refuse(core, room->mover, now, PROTO_ERR_REFUSED, true,
                          "the other device did not hand the session over; go on there, or ask for a new invitation");
}

enum proto_err relay_on_move_answer(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct relay_room *room = peer->room;
    struct relay_peer *mover = room->mover;
    /* One union holds what came in, another what goes out, so the bytes are only lent. */
    const pb_size_t len = core->in.to_relay.body.move_answer.size;

    if (peer->index != PROTO_INDEX_CUSTOMER)
        return PROTO_ERR_STATE;
    if (!mover)
        return PROTO_OK; /* it went away, or its time was over: not the fault of who answers */
    if (len == 0) {
        relay_move_fail(core, room, now);
        return PROTO_OK;
    }
    core->out.which_body = handhold_FromRelay_move_answer_tag;
    core->out.body.move_answer.size = len;
    memcpy(core->out.body.move_answer.bytes, core->in.to_relay.body.move_answer.bytes, len);
    relay_peer_send(core, mover, now);
    room->mover = NULL;
    mover->room = NULL;
    if (mover->state == RELAY_PEER_MOVING)
        relay_peer_finish(core, mover, PROTO_OK, now);
    return PROTO_OK;
}
