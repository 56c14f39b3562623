/* SPDX-License-Identifier: Apache-2.0 */
/* Leave: an end goes for good, and says why. */
#include "relay/core/on.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

/* What each end may say of itself; anything else becomes the plain "left". */
static enum proto_end reason_of(uint8_t index, uint32_t said)
{
    static const uint32_t may[RELAY_SEATS] = {
        [PROTO_INDEX_CUSTOMER] =
            1 << PROTO_END_COMPLETED | 1 << PROTO_END_DECLINED | 1 << PROTO_END_WRONG_PERSON | 1 << PROTO_END_FAILED,
        [PROTO_INDEX_AGENT] =
            1 << PROTO_END_COMPLETED | 1 << PROTO_END_WRONG_PERSON | 1 << PROTO_END_EXPIRED | 1 << PROTO_END_FAILED,
    };

    if (said < PROTO_END_COUNT && may[index] >> said & 1)
        return (enum proto_end)said;
    return index == PROTO_INDEX_CUSTOMER ? PROTO_END_CUSTOMER_LEFT : PROTO_END_AGENT_LEFT;
}

enum proto_err relay_on_leave(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_Leave *leave = &core->in.to_relay.body.leave;
    uint32_t other = peer->index == PROTO_INDEX_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER;
    uint8_t by = leave->by == other && peer->room->authenticated ? (uint8_t)other : peer->index;
    enum proto_end reason = reason_of(by, leave->reason);

    /* Whoever guessed a code may leave, but not end what is meant for somebody else. */
    if (peer->index == PROTO_INDEX_CUSTOMER && !peer->room->authenticated)
        relay_room_dismiss_customer(core, peer->room, reason, now);
    else
        relay_room_end(core, peer->room, reason, by, now);
    return PROTO_OK;
}
