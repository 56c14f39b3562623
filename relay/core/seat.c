/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "relay/core/acts.h"
#include "relay/core/devices.h"
#include "relay/core/gates.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

/*
 * A token is the session's number and an HMAC under the relay's secret, so a seat is found without a table of tokens
 * and after a restart nothing has to be remembered but how often the seat was given away.
 */
void relay_seat_token(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES], uint8_t index,
                      uint32_t generation, uint8_t token[static PROTO_TOKEN_BYTES])
{
    static const char label[] = "handhold/1 token";
    const uint8_t tail[5] = {index, (uint8_t)(generation >> 24), (uint8_t)(generation >> 16),
                             (uint8_t)(generation >> 8), (uint8_t)generation};
    const struct proto_piece pieces[] = {{label, sizeof label}, {sid, PROTO_SID_BYTES}, {tail, sizeof tail}};
    uint8_t mac[PROTO_HMAC_SHA256_BYTES];

    proto_hmac_sha256_pieces(mac, core->token_secret, RELAY_TOKEN_SECRET_BYTES, pieces, 3);
    memcpy(token, sid, PROTO_SID_BYTES);
    memcpy(token + PROTO_SID_BYTES, mac, PROTO_TOKEN_BYTES - PROTO_SID_BYTES);
    sodium_memzero(mac, sizeof mac);
}

bool relay_seat_token_fits(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES], uint8_t index,
                           uint32_t generation, const uint8_t token[static PROTO_TOKEN_BYTES])
{
    uint8_t right[PROTO_TOKEN_BYTES];

    relay_seat_token(core, sid, index, generation, right);
    bool fits = sodium_memcmp(right, token, sizeof right) == 0;
    sodium_memzero(right, sizeof right);
    return fits;
}

struct relay_room *relay_seat_of_token(const struct relay_core *core, const uint8_t token[static PROTO_TOKEN_BYTES],
                                       uint8_t *index)
{
    struct relay_room *room = relay_room_find(core, token);
    /* Who joined shortly before a crash may have a seat that the row does not know of yet. */
    uint32_t unsaved = room && room->restored && !room->authenticated ? 3 : 0;

    if (!room || room->ended || !room->opened)
        return NULL;
    for (*index = PROTO_INDEX_CUSTOMER; *index < RELAY_SEATS; ++*index) {
        struct relay_seat *seat = &room->seat[*index];
        for (uint32_t more = 0; more <= (*index == PROTO_INDEX_CUSTOMER ? unsaved : 0); more++) {
            if (seat->generation + more == 0 ||
                !relay_seat_token_fits(core, room->row.sid, *index, seat->generation + more, token))
                continue;
            seat->generation += more;
            return room;
        }
    }
    return NULL;
}

void relay_seat_announce(struct relay_core *core, struct relay_room *room, uint8_t index, struct proto_now now)
{
    struct relay_peer *other = room->seat[relay_seat_other(index)].peer;

    if (!other || other->state != RELAY_PEER_SEATED)
        return;
    core->out.which_body = handhold_FromRelay_peer_tag;
    core->out.body.peer = (handhold_Peer){
        .index = index, .present = room->seat[index].peer != NULL, .connection = room->seat[index].connections};
    relay_peer_send(core, other, now);
}

static void log_presence(struct relay_core *core, struct relay_room *room, uint8_t index, bool present,
                         const char *cause, struct proto_now now)
{
    struct relay_seat *seat = &room->seat[index];

    if (seat->was_present == present)
        return;
    seat->was_present = present;
    struct proto_event_note event =
        relay_event(room, present ? PROTO_ACT_RETURNED : PROTO_ACT_LOST, PROTO_CAPABILITY_NONE, now);
    relay_event_text(&event, "who", index == PROTO_INDEX_CUSTOMER ? "customer" : "agent");
    if (cause)
        relay_event_text(&event, "cause", cause);
    if (relay_event_log(core, room, &event, now))
        seat->was_present = !present; /* no memory: said with the next change */
}

void relay_seat_note_lost(struct relay_core *core, struct relay_room *room, uint8_t index, const char *cause,
                          struct proto_now now)
{
    log_presence(core, room, index, false, cause, now);
}

void relay_seat_take(struct relay_core *core, struct relay_room *room, uint8_t index, struct relay_peer *peer,
                     struct proto_now now)
{
    struct relay_seat *seat = &room->seat[index];
    struct relay_peer *older = seat->peer;

    if (older) {
        relay_gate_close_all(core, room, "replaced", now);
        seat->peer = NULL;
        older->room = NULL;
        if (index == PROTO_INDEX_CUSTOMER)
            relay_move_fail(core, room, now);
        relay_peer_refuse(core, older, now, PROTO_ERR_EXISTS, true,
                          "a newer connection has taken this seat; use that one");
    }
    peer->room = room;
    peer->index = index;
    peer->state = RELAY_PEER_SEATED;
    relay_timers_set(&core->timers, &peer->timer, PROTO_NEVER);
    seat->peer = peer;
    seat->since_ms = now.mono_ms;
    seat->connections++;
    if (index == PROTO_INDEX_AGENT || room->authenticated)
        log_presence(core, room, index, true, NULL, now);
    relay_seat_announce(core, room, index, now);
    relay_room_schedule(core, room);
}

void relay_seat_lose(struct relay_core *core, struct relay_room *room, uint8_t index, struct proto_now now)
{
    struct relay_seat *seat = &room->seat[index];

    seat->peer = NULL;
    seat->away_since_ms = now.mono_ms;
    if (index == PROTO_INDEX_CUSTOMER)
        relay_move_fail(core, room, now);
    relay_gate_close_all(core, room, "lost", now);
    if (index == PROTO_INDEX_CUSTOMER && !room->authenticated) {
        /* a mistaken code or a preview of the link must not block whom it is meant for */
        relay_tasks_clear(&room->held);
        seat->log_pending = 0;
    }
    log_presence(core, room, index, false, NULL, now);
    relay_seat_announce(core, room, index, now);
    if (index == PROTO_INDEX_CUSTOMER)
        relay_beside_announce(core, room, now);
    relay_room_schedule(core, room);
}

static void fill_peers(handhold_Welcome *body, const struct relay_peer *peer)
{
    uint8_t other = relay_seat_other(peer->index);
    const struct relay_seat *seat = &peer->room->seat[other];

    body->peers[0] = (handhold_Peer){.index = other, .present = seat->peer != NULL, .connection = seat->connections};
    body->peers_count = 1;
}

/* Where the officer's next note goes on. */
static bool fill_chain(struct relay_core *core, handhold_Welcome *body, const struct proto_identity *officer)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];

    proto_identity_signer_name(officer, name);
    const struct relay_chain *chain = relay_chain_of(core, name);
    if (!chain)
        return true;
    body->acts = chain->seq;
    return chain->seq && PROTO_SET_BYTES(body->last_act, chain->prev, PROTO_HASH_BYTES);
}

void relay_welcome(struct relay_core *core, struct relay_peer *peer, bool returned, struct proto_now now)
{
    handhold_Welcome *body = &core->out.body.welcome;
    struct relay_room *room = peer->room;
    bool failed;

    core->out.which_body = handhold_FromRelay_welcome_tag;
    memset(body, 0, sizeof *body);
    failed = PROTO_SET_TEXT(body->join_host, core->join_host) || PROTO_SET_TEXT(body->origin, core->origin) ||
             PROTO_SET_TEXT(body->org_note, core->org_note) || PROTO_SET_TEXT(body->policy_note, core->policy_note);
    core->config.checkpoint(core->config.context, body->checkpoint);
    if (room) {
        body->index = peer->index;
        body->returned = returned;
        failed |= PROTO_SET_BYTES(body->sid, room->row.sid, PROTO_SID_BYTES) != 0;
        body->token.size = PROTO_TOKEN_BYTES;
        relay_seat_token(core, room->row.sid, peer->index, room->seat[peer->index].generation, body->token.bytes);
        if (returned && peer->index == PROTO_INDEX_AGENT && room->authenticated)
            failed |= PROTO_SET_BYTES(body->session_key, room->row.cs_pub, PROTO_KEY_BYTES) != 0;
        fill_peers(body, peer);
    }
    if (peer->staff && peer->staff->role == PROTO_ROLE_OFFICER)
        failed |= fill_chain(core, body, peer->staff);
    if (!failed)
        relay_peer_send(core, peer, now);
    if (room && peer->index == PROTO_INDEX_CUSTOMER)
        relay_beside_announce(core, room, now); /* behind it: before it nothing may be said */
}

bool relay_seat_may_note(struct relay_core *core, struct relay_room *room, uint8_t index, size_t bytes,
                         struct proto_now now)
{
    struct relay_seat *seat = &room->seat[index];
    const struct {
        struct relay_bucket *bucket;
        int64_t rate;
        enum relay_bound bound;
    } measures[] = {
        {&seat->noted, core->limits.log_bytes_per_minute, RELAY_BOUND_log_bytes_per_minute},
        {room->staff ? &room->staff->noted : NULL, core->limits.log_bytes_per_staff_minute,
         RELAY_BOUND_log_bytes_per_staff_minute},
    };

    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        struct relay_pace pace = {measures[i].rate, 60000, 8 * measures[i].rate};

        if (!measures[i].bucket || relay_bucket_take(measures[i].bucket, &pace, (int64_t)bytes, now.mono_ms))
            continue;
        relay_reached(core, seat->peer ? seat->peer->connection : 0, measures[i].bound);
        return false;
    }
    return true;
}
