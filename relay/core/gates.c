/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/gates.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

/* With two seats a stream has one receiver: the other seat. More seats will need a gate for each of them. */

struct relay_gate *relay_gate_find(const struct relay_room *room, uint8_t src, uint8_t stream)
{
    if (src >= RELAY_SEATS || stream >= RELAY_STREAMS || !room->seat[src].gate_at[stream])
        return NULL;
    return room->gates[room->seat[src].gate_at[stream] - 1];
}

static void add_number(struct proto_event_note *event, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    relay_event_text(event, key, text);
}

void relay_gate_add_route(struct proto_event_note *event, const struct relay_gate *gate)
{
    add_number(event, "src", gate->said.src);
    add_number(event, "stream", gate->said.stream);
    add_number(event, "dst", gate->said.dst);
}

static enum proto_err log_gate(struct relay_core *core, struct relay_room *room, const struct relay_gate *gate,
                               enum proto_act action, const char *cause, struct proto_now now)
{
    struct proto_event_note event = relay_event(room, action, gate->said.capability, now);

    relay_gate_add_route(&event, gate);
    if (!gate->before_restart)
        relay_event_hash(&event, "leaf", gate->said.leaf_hash);
    if (action == PROTO_ACT_GATE_OPENED)
        relay_event_hash(&event, "grantee", gate->said.grantee);
    if (cause)
        relay_event_text(&event, "cause", cause);
    return relay_event_log(core, room, &event, now);
}

static unsigned free_place(const struct relay_room *room)
{
    unsigned place = 0;

    while (place < RELAY_ROOM_GATES && room->gates[place])
        place++;
    return place;
}

/* Nothing passes behind a gate's time, whenever this comes to close it: a machine may stand still. And while it is open
 * somebody may set the date, which moves no consent. */
static struct proto_now over_at(const struct relay_gate *gate, struct proto_now now)
{
    int64_t unix_ms = gate->opened.unix_ms + proto_earlier(now.mono_ms, gate->until_ms) - gate->opened.mono_ms;

    if (!gate->before_restart)
        now.unix_ms = proto_earlier(unix_ms, now.unix_ms);
    return now;
}

/* How much had passed before a restart is lost with the process that knew it. */
static void log_stopped(struct relay_core *core, struct relay_room *room, const struct relay_gate *gate,
                        const char *cause, uint64_t frames, struct proto_now now)
{
    struct proto_event_note event = relay_event(room, PROTO_ACT_STOPPED, gate->said.capability, over_at(gate, now));

    relay_gate_add_route(&event, gate);
    if (gate->before_restart) {
        relay_event_text(&event, "cause", cause);
    } else {
        add_number(&event, "frames", frames);
        add_number(&event, "bytes", gate->bytes);
    }
    relay_event_log(core, room, &event, now); /* without memory: gate-closed still says that nothing passes */
}

static unsigned place_of(const struct relay_room *room, const struct relay_gate *gate)
{
    unsigned place = 0;

    while (room->gates[place] != gate)
        place++;
    return place;
}

/*
 * Each event saves the row as it is at that moment, so that a crash between two of them is made good after the restart:
 * the gate counts as stopped from `stopped`, and leaves the table before `gate-closed`.
 */
void relay_gate_close(struct relay_core *core, struct relay_room *room, struct relay_gate *gate, const char *cause,
                      struct proto_now now)
{
    struct relay_seat *src = &room->seat[gate->said.src];
    struct relay_peer *receiver = room->seat[gate->said.dst].peer;
    uint64_t frames = gate->frames;

    if (receiver)
        relay_queue_purge(&receiver->queue, &core->bounds, &gate->lane);
    if (cause || gate->said.src != PROTO_INDEX_CUSTOMER) /* whoever did not close it hears of it a moment later */
        src->quiet_until_ms = now.mono_ms + RELAY_QUIET_MS;
    if (!gate->before_restart)
        src->gate_at[gate->said.stream] = 0;
    gate->frames = 0;
    if (frames)
        log_stopped(core, room, gate, cause, frames, now);
    room->gates[place_of(room, gate)] = NULL;
    room->gate_count--;
    log_gate(core, room, gate, PROTO_ACT_GATE_CLOSED, cause, now);
    relay_room_schedule(core, room);
    free(gate);
}

/* The same way for the same people, on a newer grant. */
static bool is_extended_by(const struct relay_gate *gate, const struct proto_gate *said)
{
    return !gate->before_restart && gate->said.dst == said->dst && gate->said.capability == said->capability &&
           !memcmp(gate->said.grantee, said->grantee, sizeof said->grantee);
}

/*
 * The log reads that one grant was used up and the next begun; what is on its way does not notice. (To close and open
 * it would drop what waits, and a stream that may lose nothing would have lost something.)
 */
static enum proto_err extend(struct relay_core *core, struct relay_room *room, struct relay_gate *gate,
                             const struct proto_gate *said, int64_t until_ms, struct proto_now now)
{
    unsigned place = place_of(room, gate);
    uint64_t frames = gate->frames;

    if (room->outbox.count > RELAY_EVENTS_GATE)
        return PROTO_ERR_FULL;
    gate->frames = 0;
    if (frames)
        log_stopped(core, room, gate, NULL, frames, now);
    gate->bytes = 0;
    room->gates[place] = NULL; /* each event saves the row as it is at that moment, its count of gates too */
    room->gate_count--;
    log_gate(core, room, gate, PROTO_ACT_GATE_CLOSED, "replaced", now);
    room->gates[place] = gate;
    room->gate_count++;
    gate->said = *said;
    gate->opened = now;
    gate->until_ms = proto_earlier(until_ms, room->expires_ms);
    enum proto_err err = log_gate(core, room, gate, PROTO_ACT_GATE_OPENED, NULL, now);
    if (err)
        relay_gate_close(core, room, gate, "replaced", now);
    relay_room_schedule(core, room);
    return err;
}

enum proto_err relay_gate_open(struct relay_core *core, struct relay_room *room, const struct proto_gate *said,
                               struct proto_now now)
{
    struct relay_gate *gate = relay_gate_find(room, said->src, said->stream);
    int64_t until_ms = said->ttl_s ? now.mono_ms + (int64_t)said->ttl_s * 1000 : PROTO_NEVER;

    if (gate && is_extended_by(gate, said))
        return extend(core, room, gate, said, until_ms, now);
    if (gate)
        relay_gate_close(core, room, gate, "replaced", now);
    unsigned place = free_place(room);
    if (place == RELAY_ROOM_GATES || room->outbox.count > RELAY_EVENTS_GATE)
        return PROTO_ERR_FULL;
    gate = calloc(1, sizeof *gate);
    if (!gate)
        return PROTO_ERR_NOMEM;
    gate->said = *said;
    gate->opened = now;
    gate->until_ms = proto_earlier(until_ms, room->expires_ms);
    gate->lane.times = &core->figures.forwarded[gate->said.capability];
    room->gates[place] = gate; /* before the event, whose row lists the gates */
    room->gate_count++;
    room->seat[said->src].gate_at[said->stream] = (uint8_t)(place + 1);
    room->seat[said->src].capability_at[said->stream] = (uint8_t)said->capability;
    enum proto_err err = log_gate(core, room, gate, PROTO_ACT_GATE_OPENED, NULL, now);
    if (err) {
        room->seat[said->src].gate_at[said->stream] = 0;
        room->gates[place] = NULL;
        room->gate_count--;
        free(gate);
    }
    relay_room_schedule(core, room);
    return err;
}

void relay_gate_close_all(struct relay_core *core, struct relay_room *room, const char *cause, struct proto_now now)
{
    for (unsigned i = 0; room->gate_count && i < RELAY_ROOM_GATES; i++)
        if (room->gates[i])
            relay_gate_close(core, room, room->gates[i], cause, now);
}

struct everywhere {
    struct relay_core *core;
    const char *cause;
    struct proto_now now;
};

static void close_room(void *context, struct relay_link *link)
{
    struct everywhere *all = context;
    struct relay_room *room = relay_of(link, struct relay_room, by_sid);

    for (unsigned i = 0; room->gate_count && i < RELAY_ROOM_GATES; i++) {
        if (!room->gates[i])
            continue;
        uint32_t gate_seq = room->gates[i]->said.gate_seq;
        relay_gate_close(all->core, room, room->gates[i], all->cause, all->now);
        relay_gate_answer(all->core, room, gate_seq, PROTO_ERR_LOG,
                          "this relay's log is not the one that was shown before; nothing is granted", all->now);
    }
}

void relay_gate_close_everywhere(struct relay_core *core, const char *cause, struct proto_now now)
{
    struct everywhere all = {core, cause, now};

    relay_table_each(&core->by_sid, close_room, &all);
}

void relay_gate_expire(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    for (unsigned i = 0; room->gate_count && i < RELAY_ROOM_GATES; i++)
        if (room->gates[i] && room->gates[i]->until_ms <= now.mono_ms)
            relay_gate_close(core, room, room->gates[i], "expired", now);
}

void relay_gate_ask_keys(struct relay_core *core, struct relay_room *room, uint8_t dst, struct proto_now now)
{
    uint8_t src = relay_seat_other(dst);

    if (room->seat[dst].peer)
        room->seat[dst].peer->queue.asks_key = false;
    for (unsigned i = 0; i < RELAY_ROOM_GATES; i++) {
        struct relay_gate *gate = room->gates[i];
        if (!gate || gate->said.dst != dst || !gate->lane.ask_key)
            continue;
        gate->lane.ask_key = false;
        if (!room->seat[src].peer)
            continue;
        core->out.which_body = handhold_FromRelay_key_frame_hint_tag;
        core->out.body.key_frame_hint = (handhold_KeyFrameHint){.stream = gate->said.stream};
        relay_peer_send(core, room->seat[src].peer, now);
    }
}

void relay_gate_answer(struct relay_core *core, struct relay_room *room, uint32_t gate_seq, enum proto_err err,
                       const char *message, struct proto_now now)
{
    handhold_GateAnswer *body = &core->out.body.gate_answer;
    struct relay_peer *customer = room->seat[PROTO_INDEX_CUSTOMER].peer;

    if (!customer)
        return;
    core->out.which_body = handhold_FromRelay_gate_answer_tag;
    *body = (handhold_GateAnswer){.gate_seq = gate_seq, .error = err};
    snprintf(body->message, sizeof body->message, "%s", message);
    relay_peer_send(core, customer, now);
}
