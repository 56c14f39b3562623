/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the sessions and invitations that ended last, for who comes with one of their links or tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

void relay_over_note(struct relay_core *core, const struct relay_room *room, enum proto_end reason, uint8_t by)
{
    struct relay_over *over = &core->over[core->over_next++ % RELAY_OVER];

    free(over->stopped);
    *over = (struct relay_over){
        .reason = (uint8_t)reason, .by = by, .stopped = room->stop ? strdup(room->stop->reason) : NULL};
    memcpy(over->sid, room->row.sid, sizeof over->sid);
    for (uint8_t index = PROTO_INDEX_CUSTOMER; index < RELAY_SEATS; index++)
        over->generation[index] = room->seat[index].generation;
    /* One that was taken back: there is none any more. */
    over->err = room->authenticated           ? PROTO_ERR_BURNT
                : reason == PROTO_END_EXPIRED ? PROTO_ERR_EXPIRED
                                              : PROTO_ERR_NOT_FOUND;
}

static const struct relay_over *find(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES])
{
    for (size_t i = 0; i < RELAY_OVER && i < core->over_next; i++)
        if (memcmp(core->over[i].sid, sid, PROTO_SID_BYTES) == 0)
            return &core->over[i];
    return NULL;
}

enum proto_err relay_over_find(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES])
{
    const struct relay_over *over = find(core, sid);

    return over ? (enum proto_err)over->err : PROTO_ERR_NOT_FOUND;
}

static const char *end_message(enum proto_end reason)
{
    switch (reason) {
    case PROTO_END_EXPIRED:
        return "the time of this session or invitation has run out; ask for a new invitation";
    case PROTO_END_CONNECTION_LOST:
        return "one end did not come back in time; ask for a new invitation";
    case PROTO_END_FAILED:
        return "the relay had to end this session; ask for a new invitation";
    default:
        return "";
    }
}

void relay_over_say(struct relay_core *core, struct relay_peer *peer, enum proto_end reason, uint8_t by,
                    const char *stopped, struct proto_now now)
{
    handhold_Ended *body = &core->out.body.ended;

    core->out.which_body = handhold_FromRelay_ended_tag;
    *body = (handhold_Ended){.reason = reason, .by = by};
    if (stopped)
        snprintf(body->message, sizeof body->message, "a privacy officer ended this session: %s", stopped);
    else
        snprintf(body->message, sizeof body->message, "%s", end_message(reason));
    relay_peer_send(core, peer, now);
}

bool relay_over_tell(struct relay_core *core, struct relay_peer *peer, const uint8_t token[static PROTO_TOKEN_BYTES],
                     struct proto_now now)
{
    const struct relay_over *over = find(core, token);

    for (uint8_t index = PROTO_INDEX_CUSTOMER; over && index < RELAY_SEATS; index++) {
        uint32_t generation = over->generation[index];

        if (!generation || !relay_seat_token_fits(core, over->sid, index, generation, token))
            continue;
        relay_peer_finish(core, peer, PROTO_OK, now);
        relay_over_say(core, peer, (enum proto_end)over->reason, over->by, over->stopped, now);
        return true;
    }
    return false;
}

void relay_over_clear(struct relay_core *core)
{
    for (size_t i = 0; i < RELAY_OVER; i++)
        free(core->over[i].stopped);
}
