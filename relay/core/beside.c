/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A customer's second device: a companion on the hub beside the phone in the hand. It waits under a nameplate of its
 * own; the first device, which has a seat, names that nameplate, and from then on what the two say to each other passes
 * here, sealed. It has no seat, no gate and no log: it speaks with the first device alone, and what an agent gets to
 * see of it comes from there, under the consents that were given there.
 */
#include <stdio.h>
#include <string.h>

#include "relay/core/devices.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

enum {
    INDEX_OF_TOKENS = RELAY_SEATS, /* no seat has it, so no token of a seat fits */
    GENERATIONS_AHEAD = 16,        /* devices linked one after the other since the relay that came back was started */
};

static handhold_Beside *begin(struct relay_core *core)
{
    core->out.which_body = handhold_FromRelay_beside_state_tag;
    memset(&core->out.body.beside_state, 0, sizeof core->out.body.beside_state);
    return &core->out.body.beside_state;
}

/* ---- waiting ---- */

static struct relay_peer *find_waiting(const struct relay_core *core, const char *plate)
{
    struct relay_peer *peer = *plate ? core->besides : NULL;

    while (peer && strcmp(peer->beside_plate, plate) != 0)
        peer = peer->beside_next;
    return peer;
}

static void stop_waiting(struct relay_core *core, struct relay_peer *peer)
{
    for (struct relay_peer **at = &core->besides; *at; at = &(*at)->beside_next)
        if (*at == peer) {
            *at = peer->beside_next;
            core->beside_count--;
            peer->tally->besides--;
            break;
        }
    peer->beside_next = NULL;
}

static void draw_plate(struct relay_core *core, char plate[static RELAY_STORE_NAMEPLATE_MAX + 1])
{
    uint32_t random;

    do {
        proto_random_fill(&core->config.random, (uint8_t *)&random, sizeof random);
        snprintf(plate, RELAY_STORE_NAMEPLATE_MAX + 1, "%u", 1000 + random % 9000); /* 4096 of 9000 at most are taken */
    } while (find_waiting(core, plate));
}

/* Of the address that has most places the one that waits longest; NULL: none has more than `peer` would. */
static struct relay_peer *find_crowd(const struct relay_core *core, const struct relay_peer *peer)
{
    struct relay_peer *found = NULL;
    uint32_t most = peer->tally->besides + 1;

    for (struct relay_peer *one = core->besides; one; one = one->beside_next) /* the newest first */
        if (one->tally->besides > most || (found && one->tally == found->tally)) {
            most = one->tally->besides;
            found = one;
        }
    return found;
}

/* Nobody was invited to say it: neither one address nor a few take everybody's places. */
static bool may_wait(struct relay_core *core, const struct relay_peer *peer, struct proto_now now)
{
    bool crowded = peer->tally->besides >= core->limits.besides_per_address;
    bool full = (int64_t)core->beside_count >= core->limits.besides;
    struct relay_peer *gives_way = full && !crowded ? find_crowd(core, peer) : NULL;

    if (crowded)
        relay_reached(core, peer->connection, RELAY_BOUND_besides_per_address);
    else if (full)
        relay_reached(core, gives_way ? gives_way->connection : peer->connection, RELAY_BOUND_besides);
    if (gives_way)
        relay_peer_refuse(core, gives_way, now, PROTO_ERR_BUSY, true,
                          "others wait for a place here, and this address has most of them; start it again later");
    return !crowded && (!full || gives_way);
}

static enum proto_err wait(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    handhold_Beside *body;

    if (core->full || core->draining || !may_wait(core, peer, now))
        return relay_peer_refuse(core, peer, now, PROTO_ERR_BUSY, false,
                                 "this relay has no room for another device now; try again in a minute");
    draw_plate(core, peer->beside_plate);
    peer->state = RELAY_PEER_BESIDE;
    peer->beside_next = core->besides;
    core->besides = peer;
    core->beside_count++;
    peer->tally->besides++;
    relay_timers_set(&core->timers, &peer->timer, now.mono_ms + core->limits.beside_ms);
    body = begin(core);
    snprintf(body->nameplate, sizeof body->nameplate, "%.7s", peer->beside_plate);
    relay_peer_send(core, peer, now);
    return PROTO_OK;
}

/* ---- joined ---- */

static void tell_second(struct relay_core *core, const struct relay_room *room, struct proto_now now)
{
    const struct relay_seat *seat = &room->seat[PROTO_INDEX_CUSTOMER];
    handhold_Beside *body = begin(core);

    body->present = seat->peer && seat->peer->state == RELAY_PEER_SEATED;
    body->connection = seat->connections;
    body->token.size = PROTO_TOKEN_BYTES;
    relay_seat_token(core, room->row.sid, INDEX_OF_TOKENS, room->beside_generation, body->token.bytes);
    if (PROTO_SET_BYTES(body->sid, room->row.sid, PROTO_SID_BYTES) == PROTO_OK)
        relay_peer_send(core, room->beside, now);
}

static void tell_first(struct relay_core *core, const struct relay_room *room, struct proto_now now)
{
    struct relay_peer *first = room->seat[PROTO_INDEX_CUSTOMER].peer;
    handhold_Beside *body = begin(core);

    if (!first || first->state != RELAY_PEER_SEATED)
        return;
    body->present = room->beside != NULL;
    body->connection = room->beside_connections;
    relay_peer_send(core, first, now);
}

static void drop_second(struct relay_core *core, struct relay_room *room, const char *why, struct proto_now now)
{
    struct relay_peer *second = room->beside;

    if (!second)
        return;
    room->beside = NULL;
    second->beside_room = NULL;
    relay_peer_refuse(core, second, now, PROTO_ERR_EXISTS, true, "%s", why);
}

static void join(struct relay_core *core, struct relay_room *room, struct relay_peer *second, struct proto_now now)
{
    drop_second(core, room, "another device has taken this one's place", now);
    room->beside = second;
    room->beside_connections++;
    second->state = RELAY_PEER_BESIDE;
    second->beside_room = room;
    relay_timers_set(&core->timers, &second->timer, PROTO_NEVER);
    tell_second(core, room, now);
    tell_first(core, room, now);
}

/*
 * Which device has the place is not in the store. A relay that was killed and came back has counted none, and takes the
 * first token that it once made, and from then on no older one. Whoever had been taken out before and gets in by this
 * is heard by nobody: the first device knows it by a key, not by its place here.
 */
static bool take_token(const struct relay_core *core, struct relay_room *room, const uint8_t *token)
{
    uint32_t unknown = room->restored ? GENERATIONS_AHEAD : 0;

    for (uint32_t ahead = 0; ahead <= unknown; ahead++) {
        uint32_t generation = room->beside_generation + ahead;

        if (generation == 0 || !relay_seat_token_fits(core, room->row.sid, INDEX_OF_TOKENS, generation, token))
            continue;
        room->beside_generation = generation;
        return true;
    }
    return false;
}

/* Those that were given out are worth nothing now. */
static void end_tokens(struct relay_room *room)
{
    room->beside_generation += room->restored ? GENERATIONS_AHEAD + 1 : 1;
}

static enum proto_err come_back(struct relay_core *core, struct relay_peer *peer, const uint8_t *token,
                                struct proto_now now)
{
    struct relay_room *room = relay_room_find(core, token);

    if (room && room->opened && !room->ended && take_token(core, room, token)) {
        join(core, room, peer, now);
        return PROTO_OK;
    }
    return relay_peer_refuse(core, peer, now, PROTO_ERR_NOT_FOUND, true,
                             "the session is over, or this device is not of it any more");
}

enum proto_err relay_on_hello_beside(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_Hello *hello = &core->in.to_relay.body.hello;

    if (!hello->seat.beside.size)
        return wait(core, peer, now);
    return hello->seat.beside.size == PROTO_TOKEN_BYTES ? come_back(core, peer, hello->seat.beside.bytes, now)
                                                        : PROTO_ERR_FORMAT;
}

/* Guessing a nameplate leads nowhere: the code has six digits more, which its device guards. */
enum proto_err relay_on_beside_join(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const struct relay_pace pace = {RELAY_BESIDE_TRIES, 60000, RELAY_BESIDE_TRIES};
    const char *plate = core->in.to_relay.body.beside_join;
    struct relay_room *room = peer->room;
    struct relay_peer *second;
    enum proto_err err = PROTO_ERR_NOT_FOUND;

    if (peer->index != PROTO_INDEX_CUSTOMER || !room->authenticated)
        return PROTO_ERR_STATE;
    if (!*plate) {
        end_tokens(room);
        drop_second(core, room, "this device was taken out of the session", now);
        tell_first(core, room, now);
        return PROTO_OK;
    }
    if (!relay_bucket_take(&room->beside_tries, &pace, 1, now.mono_ms)) {
        err = PROTO_ERR_BUSY;
    } else if (room->beside && !strcmp(room->beside->beside_plate, plate)) {
        tell_second(core, room, now); /* the digits behind it were mistyped: once more */
        tell_first(core, room, now);
        return PROTO_OK;
    }
    second = err == PROTO_ERR_BUSY ? NULL : find_waiting(core, plate);
    if (!second) {
        begin(core)->error = err;
        relay_peer_send(core, peer, now);
        return PROTO_OK;
    }
    stop_waiting(core, second);
    end_tokens(room);
    join(core, room, second, now);
    return PROTO_OK;
}

enum proto_err relay_on_beside(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct relay_room *room = peer->state == RELAY_PEER_BESIDE ? peer->beside_room : peer->room;
    struct relay_peer *to = NULL;
    size_t size = core->in.to_relay.body.beside.size;

    if (room && peer->state == RELAY_PEER_BESIDE)
        to = room->seat[PROTO_INDEX_CUSTOMER].peer;
    else if (room && peer->index == PROTO_INDEX_CUSTOMER)
        to = room->beside;
    if (!to || (to->state != RELAY_PEER_SEATED && to->state != RELAY_PEER_BESIDE)) {
        core->figures.dropped_messages++;
        return PROTO_OK;
    }
    core->out.which_body = handhold_FromRelay_beside_tag;
    if (PROTO_SET_BYTES(core->out.body.beside, core->in.to_relay.body.beside.bytes, size) == PROTO_OK)
        relay_peer_send(core, to, now);
    return PROTO_OK;
}

/* ---- coming and going ---- */

void relay_beside_announce(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    if (room->beside)
        tell_second(core, room, now);
    if (room->beside && room->seat[PROTO_INDEX_CUSTOMER].peer)
        tell_first(core, room, now); /* who comes back hears what is so */
}

void relay_beside_lose(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct relay_room *room = peer->beside_room;

    peer->beside_room = NULL;
    peer->beside_plate[0] = '\0';
    if (!room) {
        stop_waiting(core, peer);
        return;
    }
    if (room->beside != peer)
        return;
    room->beside = NULL;
    tell_first(core, room, now);
}

void relay_beside_end(struct relay_core *core, struct relay_room *room, enum proto_end reason, struct proto_now now)
{
    struct relay_peer *second = room->beside;

    if (!second)
        return;
    room->beside = NULL;
    second->beside_room = NULL;
    relay_peer_finish(core, second, PROTO_OK, now);
    core->out.which_body = handhold_FromRelay_ended_tag;
    core->out.body.ended = (handhold_Ended){.reason = reason};
    relay_peer_send(core, second, now);
}
