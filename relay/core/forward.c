/* SPDX-License-Identifier: Apache-2.0 */
/* The hot path: what one end sends to another, unread, copied at most once, into the receiver's queue. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/core/fetch.h"
#include "relay/core/gates.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

static void count_forwarded(struct relay_core *core, size_t len)
{
    core->figures.forwarded_messages++;
    core->figures.forwarded_bytes += len;
}

enum proto_err relay_on_sealed(struct relay_core *core, struct relay_peer *peer, const struct proto_envelope *envelope,
                               const uint8_t *message, size_t len, struct proto_now now)
{
    struct relay_peer *to = envelope->dst && envelope->dst < RELAY_SEATS && envelope->dst != peer->index
                                ? peer->room->seat[envelope->dst].peer
                                : NULL;

    if (envelope->src != peer->index || !to || to->state != RELAY_PEER_SEATED) {
        core->figures.dropped_messages++;
        return PROTO_OK;
    }
    if (relay_peer_put(core, to, message, len, now))
        count_forwarded(core, len);
    return PROTO_OK;
}

/* The log has one note of each stream that somebody sends without a gate; the sender hears of it now and then. */
static void block(struct relay_core *core, struct relay_peer *peer, const struct proto_media_header *header,
                  struct proto_now now)
{
    struct relay_room *room = peer->room;
    struct relay_seat *seat = &room->seat[peer->index];
    uint64_t bit = UINT64_C(1) << header->stream;

    core->figures.blocked_messages++;
    if (!seat->blocked)
        seat->blocked = calloc(RELAY_STREAMS, sizeof *seat->blocked);
    uint32_t messages = seat->blocked ? ++seat->blocked[header->stream] : 1; /* without memory: this one at least */
    if (!(seat->blocked_noted & bit) && room->authenticated && now.mono_ms >= seat->quiet_until_ms &&
        room->outbox.count <= RELAY_EVENTS_BLOCKED) {
        struct proto_event_note event =
            relay_event(room, PROTO_ACT_BLOCKED, (enum proto_capability)seat->capability_at[header->stream], now);
        char number[8];
        snprintf(number, sizeof number, "%u", header->src);
        relay_event_text(&event, "src", number);
        snprintf(number, sizeof number, "%u", header->stream);
        relay_event_text(&event, "stream", number);
        if (relay_event_log(core, room, &event, now) == PROTO_OK)
            seat->blocked_noted |= bit;
    }
    if (now.mono_ms < seat->blocked_next_ms)
        return;
    seat->blocked_next_ms = now.mono_ms + RELAY_TELL_MS;
    core->out.which_body = handhold_FromRelay_blocked_tag;
    core->out.body.blocked = (handhold_Blocked){.stream = header->stream, .messages = messages};
    relay_peer_send(core, peer, now);
}

static void log_started(struct relay_core *core, struct relay_room *room, const struct relay_gate *gate,
                        struct proto_now now)
{
    struct proto_event_note event = relay_event(room, PROTO_ACT_STARTED, gate->said.capability, now);

    relay_gate_add_route(&event, gate);
    relay_event_log(core, room, &event, now); /* without memory: `stopped` will have the figures all the same */
}

/* The sender hears what waits while it is worth hearing, and once when it is over. */
static void report_queue(struct relay_core *core, struct relay_peer *from, struct relay_gate *gate,
                         const struct relay_queue *queue, struct proto_now now)
{
    if (now.mono_ms < gate->reported_ms + RELAY_REPORT_MS)
        return;
    int64_t age_ms = relay_queue_age_ms(queue, &gate->lane, now.mono_ms);
    bool worth = age_ms >= RELAY_REPORT_FROM_MS || gate->lane.dropped;
    if (!worth && !gate->reported)
        return;
    gate->reported_ms = now.mono_ms;
    gate->reported = worth;
    core->out.which_body = handhold_FromRelay_queue_report_tag;
    core->out.body.queue_report = (handhold_QueueReport){
        .stream = gate->said.stream,
        .queued_ms = age_ms > 0 ? (uint32_t)age_ms : 0,
        .queued_bytes = (uint32_t)queue->media_bytes,
        .dropped = gate->lane.dropped,
    };
    gate->lane.dropped = 0;
    relay_peer_send(core, from, now);
}

/* ---- what the next one will meet ---- */

void relay_core_expect(const struct relay_core *core, uint32_t connection)
{
    const struct relay_trail *trail = &core->trails[connection % RELAY_RECENT];

    relay_fetch(trail->peer, offsetof(struct relay_peer, connection), RELAY_FETCH_LINE_BYTES);
    relay_fetch(trail->peer, offsetof(struct relay_peer, messages), RELAY_FETCH_LINE_BYTES);
    relay_fetch(trail->seat, offsetof(struct relay_seat, gate_at), sizeof trail->seat->gate_at);
    relay_fetch(trail->place, 0, 1);
    relay_fetch(trail->gate, 0, sizeof *trail->gate);
    relay_fetch(trail->gate_before, 0, sizeof *trail->gate_before);
    relay_fetch(trail->to_seat, 0, 1);
    relay_fetch(trail->to, offsetof(struct relay_peer, connection), 1);
    relay_fetch(trail->to, offsetof(struct relay_peer, queue), sizeof(struct relay_queue));
    relay_fetch(trail->to, offsetof(struct relay_peer, wake_next), 1);
}

static void leave_trail(struct relay_core *core, const struct relay_peer *from, const struct relay_gate *gate,
                        const struct relay_peer *to)
{
    struct relay_trail *trail = &core->trails[from->connection % RELAY_RECENT];
    const struct relay_seat *seat = &from->room->seat[from->index];

    if (trail->gate != gate)
        trail->gate_before = trail->gate;
    trail->gate = gate;
    trail->seat = seat;
    trail->place = &from->room->gates[seat->gate_at[gate->said.stream] - 1];
    trail->to_seat = &from->room->seat[gate->said.dst];
    trail->to = to;
}

/* ---- media ---- */

enum proto_err relay_on_media(struct relay_core *core, struct relay_peer *peer, const uint8_t *message, size_t len,
                              struct proto_now now)
{
    struct proto_media_header header;
    enum proto_err err = proto_media_header_parse(message, len, &header);

    if (err)
        return err;
    if (peer->state != RELAY_PEER_SEATED)
        return PROTO_ERR_STATE;
    if (header.src != peer->index) {
        core->figures.dropped_messages++;
        return PROTO_OK;
    }
    struct relay_room *room = peer->room;
    struct relay_gate *gate = relay_gate_find(room, header.src, header.stream);
    if (gate && gate->until_ms <= now.mono_ms) {
        relay_gate_close(core, room, gate, "expired", now);
        gate = NULL;
    }
    if (!gate) {
        block(core, peer, &header, now);
        return PROTO_OK;
    }
    uint8_t dst = gate->said.dst;
    struct relay_peer *to = room->seat[dst].peer; /* there: a gate closes when its receiver goes */
    leave_trail(core, peer, gate, to);
    if (!gate->frames++)
        log_started(core, room, gate, now);
    gate->bytes += len;
    err = relay_queue_put_media(&to->queue, &core->bounds, &gate->lane, &header, message, len, now.mono_ms);
    if (err) {
        relay_peer_too_slow(core, to, RELAY_BOUND_queue_bytes, now);
        return PROTO_OK;
    }
    count_forwarded(core, len);
    relay_peer_wake(core, to);
    if (header.class == PROTO_CLASS_VIDEO)
        report_queue(core, peer, gate, &to->queue, now);
    if (to->queue.asks_key)
        relay_gate_ask_keys(core, room, dst, now);
    return PROTO_OK;
}

enum proto_err relay_core_feed_slot(struct relay_core *core, uint32_t connection, struct relay_slot *slot, size_t len,
                                    struct proto_now now)
{
    core->bounds.offered = slot;
    enum proto_err err = relay_core_feed(core, connection, relay_slot_bytes(slot), len, now);
    relay_slot_free(core->bounds.offered);
    core->bounds.offered = NULL;
    return err;
}

enum proto_err relay_core_feed_lent(struct relay_core *core, uint32_t connection, uint8_t *message, size_t len,
                                    struct proto_now now)
{
    core->bounds.lent = message;
    return relay_core_feed(core, connection, message, len, now);
}

void relay_core_keep(struct relay_core *core)
{
    relay_queue_keep(&core->bounds);
}
