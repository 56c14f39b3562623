/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/devices.h"
#include "relay/core/gates.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

struct relay_room *relay_room_find(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES])
{
    uint64_t hash = relay_table_hash(&core->by_sid, sid, PROTO_SID_BYTES);

    for (struct relay_link *link = relay_table_first(&core->by_sid, hash); link; link = relay_table_next(link)) {
        struct relay_room *room = relay_of(link, struct relay_room, by_sid);
        if (memcmp(room->row.sid, sid, PROTO_SID_BYTES) == 0)
            return room;
    }
    return NULL;
}

struct relay_room *relay_room_new(struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES],
                                  const uint8_t fingerprint[static 32])
{
    struct relay_room *room = calloc(1, sizeof *room);

    if (!room)
        return NULL;
    room->staff = relay_tally_take(&core->staff, fingerprint);
    if (!room->staff || relay_timers_join(&core->timers)) {
        relay_tally_drop(&core->staff, room->staff, 0);
        free(room);
        return NULL;
    }
    room->staff->sessions++;
    room->staff->waiting++;
    room->waits = true;
    room->timer.kind = RELAY_TIMER_ROOM;
    room->code_expires_ms = PROTO_NEVER;
    memcpy(room->row.sid, sid, PROTO_SID_BYTES);
    memcpy(room->row.agent_fingerprint, fingerprint, sizeof room->row.agent_fingerprint);
    relay_table_add(&core->by_sid, &room->by_sid, relay_table_hash(&core->by_sid, sid, PROTO_SID_BYTES));
    return room;
}

void relay_room_waits_no_more(struct relay_room *room)
{
    if (room->waits)
        room->staff->waiting--;
    room->waits = false;
}

/* Gives the session's place back to the one who opened it; the room itself may live on until the log has its end. */
static void uncount(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    if (!room->staff)
        return;
    relay_room_waits_no_more(room);
    room->staff->sessions--;
    relay_tally_drop(&core->staff, room->staff, now.mono_ms);
    room->staff = NULL;
}

void relay_room_free(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    uncount(core, room, now);
    relay_nameplate_free(core, room);
    for (unsigned i = 0; i < RELAY_ROOM_GATES; i++)
        free(room->gates[i]);
    for (uint8_t index = 0; index < RELAY_SEATS; index++)
        free(room->seat[index].blocked);
    relay_tasks_clear(&room->outbox);
    relay_tasks_clear(&room->held);
    relay_timers_leave(&core->timers, &room->timer);
    relay_table_remove(&core->by_sid, &room->by_sid);
    free(room->stop);
    sodium_memzero(room, sizeof *room);
    free(room);
}

int64_t relay_room_grace_ms(const struct relay_core *core)
{
    return proto_earlier(core->limits.grace_ms, (int64_t)core->policy->grace_s * 1000);
}

/* Before the agent has confirmed the customer a seat has no time of its own: the customer's is free at once, and the
 * agent's is kept for as long as the invitation is good, also over a night in which the laptop sleeps. */
static bool is_kept(const struct relay_room *room, uint8_t index)
{
    return !room->seat[index].peer && room->authenticated;
}

static int64_t seat_deadline(const struct relay_core *core, const struct relay_room *room, uint8_t index)
{
    return is_kept(room, index) ? room->seat[index].away_since_ms + relay_room_grace_ms(core) : PROTO_NEVER;
}

/* Who has an invitation but not its secret could sit in the seat until the invitation runs out. */
static int64_t confirm_deadline(const struct relay_core *core, const struct relay_room *room)
{
    const struct relay_seat *customer = &room->seat[PROTO_INDEX_CUSTOMER], *agent = &room->seat[PROTO_INDEX_AGENT];

    if (room->authenticated || !customer->peer || !agent->peer)
        return PROTO_NEVER;
    return (customer->since_ms > agent->since_ms ? customer->since_ms : agent->since_ms) + core->limits.confirm_ms;
}

void relay_room_schedule(struct relay_core *core, struct relay_room *room)
{
    int64_t at = room->end_owed || (room->outbox.count && !room->flying) ? room->retry_ms : PROTO_NEVER;

    if (!room->ended && room->opened) {
        at = proto_earlier(at, room->expires_ms);
        if (room->has_nameplate)
            at = proto_earlier(at, room->code_expires_ms);
        for (uint8_t index = PROTO_INDEX_CUSTOMER; index < RELAY_SEATS; index++)
            at = proto_earlier(at, seat_deadline(core, room, index));
        at = proto_earlier(at, confirm_deadline(core, room));
        for (unsigned i = 0; room->gate_count && i < RELAY_ROOM_GATES; i++)
            if (room->gates[i])
                at = proto_earlier(at, room->gates[i]->until_ms);
    }
    relay_timers_set(&core->timers, &room->timer, at);
}

void relay_room_due(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    if (!room->ended && room->opened) {
        relay_gate_expire(core, room, now);
        if (room->has_nameplate && room->code_expires_ms <= now.mono_ms)
            relay_nameplate_free(core, room);
        if (room->expires_ms <= now.mono_ms)
            relay_room_end(core, room, PROTO_END_EXPIRED, PROTO_INDEX_RELAY, now);
        for (uint8_t index = PROTO_INDEX_CUSTOMER; index < RELAY_SEATS; index++)
            if (!room->ended && seat_deadline(core, room, index) <= now.mono_ms) {
                relay_reached(core, 0, RELAY_BOUND_grace_ms);
                relay_room_end(core, room, PROTO_END_CONNECTION_LOST, PROTO_INDEX_RELAY, now);
            }
        if (!room->ended && confirm_deadline(core, room) <= now.mono_ms)
            relay_room_unseat_customer(core, room, now);
    }
    relay_room_pump(core, room, now);
    relay_room_schedule(core, room);
}

/* Frees the seat of a session that is over, or of a customer who left before the agent confirmed them. */
static void dismiss(struct relay_core *core, struct relay_room *room, uint8_t index, enum proto_end reason, uint8_t by,
                    struct proto_now now)
{
    struct relay_peer *peer = room->seat[index].peer;

    room->seat[index].peer = NULL;
    room->seat[index].away_since_ms = now.mono_ms;
    if (!peer)
        return;
    peer->room = NULL;
    relay_peer_finish(core, peer, PROTO_OK, now);
    relay_over_say(core, peer, reason, by, room->stop ? room->stop->reason : NULL, now);
}

void relay_room_dismiss_customer(struct relay_core *core, struct relay_room *room, enum proto_end reason,
                                 struct proto_now now)
{
    dismiss(core, room, PROTO_INDEX_CUSTOMER, reason, PROTO_INDEX_CUSTOMER, now);
    room->seat[PROTO_INDEX_CUSTOMER].log_pending = 0;
    relay_tasks_clear(&room->held);
    relay_seat_announce(core, room, PROTO_INDEX_CUSTOMER, now);
}

void relay_room_unseat_customer(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    struct relay_peer *agent = room->seat[PROTO_INDEX_AGENT].peer, *customer = room->seat[PROTO_INDEX_CUSTOMER].peer;
    struct relay_pace pace = {core->limits.join_failures_per_address_minute, 60000,
                              core->limits.join_failures_per_address_minute};

    room->seat[PROTO_INDEX_CUSTOMER].generation++; /* nor do they come back by token */
    core->figures.refused_joins++;
    relay_reached(core, customer->connection, RELAY_BOUND_confirm_ms);
    relay_bucket_take(&customer->tally->bucket, &pace, 1, now.mono_ms);
    relay_peer_refuse(core, customer, now, PROTO_ERR_TIMEOUT, true,
                      "this link or code was not confirmed within %lld s, so the place is free again; "
                      "check what you typed and join again, or ask for a new invitation",
                      (long long)core->limits.confirm_ms / 1000);
    if (agent)
        relay_peer_tell(core, agent, now, PROTO_ERR_TIMEOUT,
                        "somebody joined and did not prove to have the invitation; the place is free again");
}

void relay_room_end(struct relay_core *core, struct relay_room *room, enum proto_end reason, uint8_t by,
                    struct proto_now now)
{
    if (room->ended)
        return;
    relay_gate_close_all(core, room, "ended", now);
    room->ended = true;
    relay_over_note(core, room, reason, by);
    relay_move_fail(core, room, now);
    snprintf(room->row.ended_reason, sizeof room->row.ended_reason, "%s", proto_end_name(reason));
    for (uint8_t index = PROTO_INDEX_CUSTOMER; index < RELAY_SEATS; index++)
        dismiss(core, room, index, reason, by, now);
    relay_beside_end(core, room, reason, now);
    relay_nameplate_free(core, room);
    relay_tasks_clear(&room->held);
    uncount(core, room, now);

    room->end_reason = reason;
    room->ended_by = by;
    relay_room_owe_end(core, room, now);
}

/* Of streams of which the log has a note: what was on its way when a gate closed is nobody's fault. */
static uint64_t blocked_messages(const struct relay_room *room)
{
    uint64_t messages = 0;

    for (uint8_t index = PROTO_INDEX_CUSTOMER; index < RELAY_SEATS; index++)
        for (unsigned stream = 0; room->seat[index].blocked && stream < RELAY_STREAMS; stream++)
            if (room->seat[index].blocked_noted >> stream & 1)
                messages += room->seat[index].blocked[stream];
    return messages;
}

static void put_number(struct proto_event_note *event, const char *key, uint64_t value)
{
    char number[24];

    snprintf(number, sizeof number, "%llu", (unsigned long long)value);
    if (value)
        relay_event_text(event, key, number);
}

void relay_room_owe_end(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    static const char *const who[RELAY_SEATS] = {"relay", "customer", "agent"};
    struct proto_event_note event = relay_event(room, PROTO_ACT_ENDED, PROTO_CAPABILITY_NONE, now);

    relay_event_text(&event, "reason", proto_end_name(room->end_reason));
    relay_event_text(&event, "by", who[room->ended_by]);
    if (room->stop)
        relay_event_text(&event, "officer", room->stop->serial);
    if (room->revoked)
        relay_event_text(&event, "cause", "revoked");
    put_number(&event, "refused", room->refused_gates);
    put_number(&event, "blocked", blocked_messages(room));
    room->end_owed = false; /* logging pumps, which would come here again */
    if (relay_event_log(core, room, &event, now)) {
        room->end_owed = true;
        room->retry_ms = now.mono_ms + RELAY_LOG_RETRY_MS;
    }
    relay_room_schedule(core, room);
}

void relay_room_match_keys(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    struct relay_peer *agent = room->seat[PROTO_INDEX_AGENT].peer;

    if (room->authenticated || !room->has_customer_key || !room->has_agent_key)
        return;
    if (sodium_memcmp(room->customer_key, room->agent_key, sizeof room->agent_key) != 0) {
        room->has_agent_key = false;
        if (agent)
            relay_peer_tell(core, agent, now, PROTO_ERR_KEY,
                            "the session key is not the one that the customer gave the relay; no gate will open");
        return;
    }
    room->authenticated = true;
    relay_room_waits_no_more(room);
    relay_histogram_add(&core->figures.joined, now.unix_ms - room->row.created_unix_ms);
    memcpy(room->row.cs_pub, room->customer_key, sizeof room->row.cs_pub);
    room->row.state = RELAY_STORE_LIVE;
    room->expires_ms = now.mono_ms + PROTO_SESSION_MS;
    room->row.expires_unix_ms = now.unix_ms + PROTO_SESSION_MS;
    relay_nameplate_free(core, room); /* one success is all that a code is good for */
    room->seat[PROTO_INDEX_CUSTOMER].was_present = true;

    struct proto_event_note event = relay_event(room, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, now);
    relay_event_text(&event, "by", room->joined_by_code ? "code" : "link");
    relay_event_hash(&event, "key", room->row.cs_pub);
    if (relay_event_log(core, room, &event, now))
        relay_row_save(core, room, now);
    relay_room_release_held(core, room);
    if (!room->seat[PROTO_INDEX_CUSTOMER].peer) /* it left while the agent's word was on its way; its time begins now */
        room->seat[PROTO_INDEX_CUSTOMER].away_since_ms = now.mono_ms;
    relay_room_schedule(core, room);
}
