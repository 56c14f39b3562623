/* SPDX-License-Identifier: Apache-2.0 */
/* GATE: the customer lets a stream pass, or no longer. Everything that can be checked without reading is checked here.
 */
#include <stdio.h>
#include <string.h>

#include "relay/core/gates.h"
#include "relay/core/on.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

enum { GATE_NOTED_BYTES = 2048 }; /* of the events that it is opened and that it is closed */

/* Why a gate stays closed: for the customer, and in a word for the log. NULL: nobody asked for what they may not. */
struct refusal {
    const char *why, *cause;
};

/* For what the customer sends, the receiver is the grantee; for what staff send, the sender is. */
static const struct relay_peer *staff_of(const struct relay_room *room, const struct proto_gate *gate)
{
    return room->seat[gate->src == PROTO_INDEX_CUSTOMER ? gate->dst : gate->src].peer;
}

static enum proto_err check_open(struct relay_core *core, const struct relay_room *room, const struct proto_gate *gate,
                                 struct refusal *no)
{
    if (gate->src >= RELAY_SEATS || gate->dst >= RELAY_SEATS || !room->seat[gate->src].peer ||
        !room->seat[gate->dst].peer) {
        no->why = "that end is not here; open the gate again when it is back";
        return PROTO_ERR_NOT_FOUND;
    }
    if (relay_log_is_doubted(core, room->seat[gate->src].peer) ||
        relay_log_is_doubted(core, room->seat[gate->dst].peer)) {
        no->why = "this relay's log is not the one that was shown before; nothing is granted";
        return PROTO_ERR_LOG;
    }
    const struct proto_identity *staff = staff_of(room, gate)->staff;
    if (!staff || memcmp(staff->fingerprint, gate->grantee, sizeof gate->grantee) != 0) {
        *no = (struct refusal){"the consent names somebody else than the one who is connected", "grantee"};
        return PROTO_ERR_REFUSED;
    }
    if (!core->config.leaf_durable(core->config.context, gate->leaf_hash, room->row.sid)) {
        *no = (struct refusal){"the log has no such grant of this session; wait for its receipt", "grant"};
        return PROTO_ERR_CONSENT;
    }
    *no = (struct refusal){"the organisation's policy does not allow this for this role or for so long", "policy"};
    return proto_policy_allows(core->policy, gate->capability, staff->role, gate->ttl_s);
}

static enum proto_err apply(struct relay_core *core, struct relay_room *room, const struct proto_gate *gate,
                            struct refusal *no, struct proto_now now)
{
    struct relay_gate *open = relay_gate_find(room, gate->src, gate->stream);

    if (!gate->open) { /* never waits, and what is closed already stays so */
        if (open)
            relay_gate_close(core, room, open, NULL, now);
        return PROTO_OK;
    }
    enum proto_err err = check_open(core, room, gate, no);
    if (err)
        return err;
    if (!relay_seat_may_note(core, room, PROTO_INDEX_CUSTOMER, GATE_NOTED_BYTES, now)) {
        *no = (struct refusal){"gates were opened too often; open it again in a minute", NULL};
        return PROTO_ERR_BUSY;
    }
    *no = (struct refusal){"too many gates are open, or the log cannot be written now; close one, or try again", NULL};
    return relay_gate_open(core, room, gate, now);
}

/* The first ones each, then together: whoever asks without end fills no log. */
static void note_refusal(struct relay_core *core, struct relay_room *room, const struct proto_gate *gate,
                         const char *cause, struct proto_now now)
{
    static const struct relay_pace pace = {1, RELAY_REFUSED_MS, RELAY_REFUSED_AT_ONCE};
    char times[12];

    room->refused_gates++;
    if (!room->authenticated || room->outbox.count > RELAY_EVENTS_BLOCKED ||
        !relay_bucket_take(&room->refusals, &pace, 1, now.mono_ms))
        return;
    struct proto_event_note event = relay_event(room, PROTO_ACT_GATE_REFUSED, gate->capability, now);
    const struct relay_gate about = {.said = *gate};
    relay_gate_add_route(&event, &about);
    relay_event_text(&event, "cause", cause);
    snprintf(times, sizeof times, "%u", room->refused_gates);
    relay_event_text(&event, "times", times);
    if (relay_event_log(core, room, &event, now) == PROTO_OK)
        room->refused_gates = 0;
}

enum proto_err relay_on_gate(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct relay_room *room = peer->room;
    struct proto_gate gate;
    struct refusal no = {"the gate is not signed by the key of this session", "signature"};

    if (peer->index != PROTO_INDEX_CUSTOMER)
        return PROTO_ERR_STATE;
    enum proto_err err = proto_gate_verify(core->in.to_relay.body.gate.bytes, core->in.to_relay.body.gate.size,
                                           room->customer_key, &gate);
    if (err == PROTO_ERR_FORMAT)
        return err;
    if (!err && !room->authenticated) {
        err = PROTO_ERR_STATE;
        no.why = "the agent has not confirmed the key of this session";
    } else if (!err && memcmp(gate.sid, room->row.sid, sizeof gate.sid) != 0) {
        err = PROTO_ERR_REFUSED;
        no = (struct refusal){"the gate belongs to another session", "session"};
    } else if (!err && gate.gate_seq <= room->gate_seq) {
        err = PROTO_ERR_REPLAY;
        no = (struct refusal){"the gate's number is not above the last one", "number"};
    } else if (!err) {
        room->gate_seq = gate.gate_seq;
        no.cause = NULL;
        err = apply(core, room, &gate, &no, now);
    }
    if (err)
        core->figures.refused_gates++;
    if (err && no.cause)
        note_refusal(core, room, &gate, no.cause, now);
    relay_gate_answer(core, room, gate.gate_seq, err, err ? no.why : "", now);
    return PROTO_OK;
}
