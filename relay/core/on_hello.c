/* SPDX-License-Identifier: Apache-2.0 */
/* Hello: who is this, and which seat is theirs? */
#include <sodium.h>
#include <string.h>

#include "proto/seal/signature.h"
#include "relay/core/devices.h"
#include "relay/core/gates.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

/* Whoever goes on guessing waits twice as long each time; after a quiet hour it begins anew: many share an address. */
static void make_wait(struct relay_core *core, const struct relay_peer *peer, struct proto_now now)
{
    struct relay_tally *tally = peer->tally;
    bool goes_on = tally->wait_ms && now.mono_ms - tally->wait_until_ms < RELAY_JOIN_WAIT_MOST_MS;
    int64_t wait_ms = goes_on ? 2 * tally->wait_ms : core->limits.join_wait_ms;

    relay_reached(core, peer->connection, RELAY_BOUND_join_failures_per_address_minute);
    tally->wait_ms = proto_earlier(wait_ms, RELAY_JOIN_WAIT_MOST_MS);
    tally->wait_until_ms = now.mono_ms + tally->wait_ms;
}

static enum proto_err too_many_failures(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    long long wait_s = (peer->tally->wait_until_ms - now.mono_ms + 999) / 1000;

    relay_reached(core, peer->connection, RELAY_BOUND_join_wait_ms);
    return relay_peer_refuse(core, peer, now, PROTO_ERR_BUSY, false,
                             "too many failed joins from this address; wait %lld seconds and try again",
                             wait_s > 0 ? wait_s : 1);
}

/* A join that found nothing, or nothing free. Only these count against an address: guessing is made of failures. */
static enum proto_err fail_join(struct relay_core *core, struct relay_peer *peer, enum proto_err err,
                                const char *message, struct proto_now now)
{
    struct relay_pace pace = {core->limits.join_failures_per_address_minute, 60000,
                              core->limits.join_failures_per_address_minute};

    core->figures.refused_joins++;
    if (core->in.to_relay.body.hello.which_seat == handhold_Hello_nameplate_tag && core->config.refused)
        core->config.refused(core->config.context, peer->connection, RELAY_WRONG_CODE);
    if (!peer->staff && (!relay_bucket_take(&peer->tally->bucket, &pace, 1, now.mono_ms) ||
                         !relay_bucket_has(&peer->tally->bucket, &pace, now.mono_ms)))
        make_wait(core, peer, now);
    return relay_peer_refuse(core, peer, now, err, true, "%s", message);
}

/* A link cannot be guessed: who has one is let in though somebody guesses codes behind the same address. */
static bool may_try(const struct relay_peer *peer, const handhold_Hello *hello, struct proto_now now)
{
    return hello->which_seat != handhold_Hello_nameplate_tag || peer->tally->wait_until_ms <= now.mono_ms;
}

/* The room that a fresh customer names; a code is counted, and burnt when it was tried too often. */
static struct relay_room *find_invitation(struct relay_core *core, const struct relay_peer *peer,
                                          const handhold_Hello *hello, struct proto_now now)
{
    struct relay_room *room = hello->which_seat == handhold_Hello_sid_tag
                                  ? relay_room_find(core, hello->seat.sid)
                                  : relay_room_find_nameplate(core, hello->seat.nameplate);

    if (!room || room->ended || !room->opened)
        return NULL;
    if (hello->which_seat != handhold_Hello_nameplate_tag)
        return room;
    if (room->code_expires_ms <= now.mono_ms) {
        relay_nameplate_free(core, room);
        return NULL;
    }
    if (++room->lookups >= core->limits.lookups_per_nameplate) {
        relay_reached(core, peer->connection, RELAY_BOUND_lookups_per_nameplate);
        relay_nameplate_free(core, room);
        if (room->seat[PROTO_INDEX_AGENT].peer)
            relay_peer_tell(
                core, room->seat[PROTO_INDEX_AGENT].peer, now, PROTO_ERR_BURNT,
                "the code was tried %u times and is used up; the link still works, or make a new invitation",
                room->lookups);
    }
    return room;
}

static enum proto_err no_invitation(struct relay_core *core, struct relay_peer *peer, const handhold_Hello *hello,
                                    struct proto_now now)
{
    enum proto_err err =
        hello->which_seat == handhold_Hello_sid_tag ? relay_over_find(core, hello->seat.sid) : PROTO_ERR_NOT_FOUND;

    return fail_join(core, peer, err,
                     err == PROTO_ERR_EXPIRED ? "this invitation has run out; ask for a new one"
                     : err == PROTO_ERR_BURNT
                         ? "this invitation was used already; ask for a new one"
                         : "no invitation is open under this link or code; ask for a new invitation",
                     now);
}

static void tell_intruder(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    struct relay_peer *agent = room->seat[PROTO_INDEX_AGENT].peer;

    if (!agent || now.mono_ms < room->intruder_next_ms)
        return;
    room->intruder_next_ms = now.mono_ms + RELAY_TELL_MS;
    relay_peer_tell(core, agent, now, PROTO_ERR_BUSY, "somebody else tried to join; the customer's place is taken");
}

/* A code can be guessed, the number in a link cannot: who guessed the one keeps nobody out who has the other. */
static void make_way(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    struct relay_peer *agent = room->seat[PROTO_INDEX_AGENT].peer;

    core->figures.refused_joins++;
    relay_peer_refuse(core, room->seat[PROTO_INDEX_CUSTOMER].peer, now, PROTO_ERR_BUSY, true,
                      "somebody has come by this invitation's link; if that was not you, ask for a new invitation");
    if (agent)
        relay_peer_tell(core, agent, now, PROTO_ERR_BUSY,
                        "whoever had joined by the code has made way for whoever has the link");
}

static enum proto_err join(struct relay_core *core, struct relay_peer *peer, const handhold_Hello *hello,
                           struct proto_now now)
{
    if (!may_try(peer, hello, now)) {
        core->figures.refused_joins++;
        return too_many_failures(core, peer, now);
    }
    if (core->full) {
        core->figures.refused_full++;
        return relay_peer_refuse(core, peer, now, PROTO_ERR_BUSY, false,
                                 "this relay has no room for a new session now; try again in a minute");
    }
    if (hello->session_key.size != PROTO_KEY_BYTES || proto_sign_key_check(hello->session_key.bytes))
        return PROTO_ERR_KEY;
    struct relay_room *room = find_invitation(core, peer, hello, now);
    if (!room)
        return no_invitation(core, peer, hello, now);
    if (room->expires_ms <= now.mono_ms)
        return fail_join(core, peer, PROTO_ERR_EXPIRED, "this invitation has run out; ask for a new one", now);
    struct relay_seat *seat = &room->seat[PROTO_INDEX_CUSTOMER];
    bool by_link = hello->which_seat == handhold_Hello_sid_tag;
    if (seat->peer && room->joined_by_code && by_link && !room->authenticated)
        make_way(core, room, now);
    if (seat->peer || room->authenticated) {
        tell_intruder(core, room, now);
        if (hello->move.size == PROTO_MOVE_BYTES && by_link && seat->peer &&
            !relay_move_begin(core, room, peer, hello->move.bytes, now))
            return PROTO_OK;
        return fail_join(core, peer, PROTO_ERR_BUSY,
                         "somebody has joined with this invitation already; ask for a new one", now);
    }
    seat->generation++; /* a token of whoever sat here before is worth nothing now */
    memcpy(room->customer_key, hello->session_key.bytes, PROTO_KEY_BYTES);
    room->has_customer_key = true;
    room->has_agent_key = false;
    room->joined_by_code = hello->which_seat == handhold_Hello_nameplate_tag;
    relay_seat_take(core, room, PROTO_INDEX_CUSTOMER, peer, now);
    relay_welcome(core, peer, false, now);
    return PROTO_OK;
}

/* A customer names their key again, because after a restart the relay may know it from nowhere else. */
static bool same_customer(const struct relay_room *room, const handhold_Hello *hello)
{
    if (!hello->session_key.size)
        return room->has_customer_key;
    if (hello->session_key.size != PROTO_KEY_BYTES || proto_sign_key_check(hello->session_key.bytes))
        return false;
    return !room->has_customer_key || sodium_memcmp(room->customer_key, hello->session_key.bytes, PROTO_KEY_BYTES) == 0;
}

static enum proto_err come_back(struct relay_core *core, struct relay_peer *peer, const handhold_Hello *hello,
                                struct proto_now now)
{
    struct relay_pace pace = {core->limits.returns_per_seat_minute, 60000, core->limits.returns_per_seat_minute};
    uint8_t index;
    struct relay_room *room = relay_seat_of_token(core, hello->seat.token, &index);

    if (!room && relay_over_tell(core, peer, hello->seat.token, now))
        return PROTO_OK;
    if (!room)
        return fail_join(core, peer, PROTO_ERR_NOT_FOUND, "this session is over; another one takes a new invitation",
                         now);
    bool own = index == PROTO_INDEX_AGENT ? peer->staff && memcmp(peer->staff->fingerprint, room->row.agent_fingerprint,
                                                                  sizeof room->row.agent_fingerprint) == 0
                                          : !peer->staff && same_customer(room, hello);
    if (!own)
        return fail_join(core, peer, PROTO_ERR_REFUSED, "this seat belongs to somebody else", now);
    if (!relay_bucket_take(&room->seat[index].returns, &pace, 1, now.mono_ms) ||
        room->outbox.count > RELAY_EVENTS_RETURN) {
        relay_reached(core, peer->connection, RELAY_BOUND_returns_per_seat_minute);
        return relay_peer_refuse(core, peer, now, PROTO_ERR_BUSY, false, "too many returns; wait a moment");
    }
    if (index == PROTO_INDEX_CUSTOMER && !room->has_customer_key) {
        memcpy(room->customer_key, hello->session_key.bytes, PROTO_KEY_BYTES);
        room->has_customer_key = true;
    }
    relay_seat_take(core, room, index, peer, now);
    relay_welcome(core, peer, true, now);
    relay_room_match_keys(core, room, now);
    return PROTO_OK;
}

/* A restored relay may be the only one that does not know what it signed. A word counts for who says it, a signature of
 * the log's own key for all. */
static void judge_log(struct relay_core *core, struct relay_peer *peer, const handhold_Hello *hello,
                      struct proto_now now)
{
    struct proto_log_seen seen = {.size = hello->seen_log_size};
    struct relay_log_verdict verdict = {.claim = RELAY_LOG_CLAIM_FITS};

    if (!core->config.judge_log || (!seen.size && !*hello->seen_checkpoint) ||
        (seen.size && hello->seen_log_root.size != PROTO_HASH_BYTES))
        return;
    if (seen.size)
        memcpy(seen.root, hello->seen_log_root.bytes, sizeof seen.root);
    if (core->config.judge_log(core->config.context, &seen, hello->seen_checkpoint, &verdict) ||
        verdict.claim == RELAY_LOG_CLAIM_FITS)
        return;
    peer->sees_another_log = true;
    core->figures.log_claims++;
    if (!verdict.proved || core->figures.log_broken)
        return;
    core->figures.log_broken = 1;
    relay_gate_close_everywhere(core, "log", now);
}

enum proto_err relay_on_hello(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_Hello *hello = &core->in.to_relay.body.hello;

    judge_log(core, peer, hello, now);

    switch (hello->which_seat) {
    case handhold_Hello_token_tag:
        return come_back(core, peer, hello, now);
    case handhold_Hello_sid_tag:
    case handhold_Hello_nameplate_tag:
        if (peer->staff)
            return relay_peer_refuse(core, peer, now, PROTO_ERR_STATE, true,
                                     "this is the staff end of the relay; customers join at its public end");
        return join(core, peer, hello, now);
    case handhold_Hello_beside_tag:
        return peer->staff ? PROTO_ERR_STATE : relay_on_hello_beside(core, peer, now);
    case handhold_Hello_staff_tag:
        if (!peer->staff || !hello->seat.staff)
            return relay_peer_refuse(core, peer, now, PROTO_ERR_REFUSED, true,
                                     "this is the customers' end of the relay; staff connect to its staff end");
        peer->state = RELAY_PEER_STAFF;
        relay_timers_set(&core->timers, &peer->timer, PROTO_NEVER);
        relay_welcome(core, peer, false, now);
        return PROTO_OK;
    default:
        return PROTO_ERR_FORMAT;
    }
}
