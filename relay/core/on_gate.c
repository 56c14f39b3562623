/* SPDX-License-Identifier: Apache-2.0 */
/* GATE: the customer lets a stream pass, or no longer. Everything that can be checked without reading is checked here.
 */
#include <string.h>

#include "relay/core/state.h"

/* For what the customer sends, the receiver is the grantee; for what staff send, the sender is. */
static const struct relay_peer *staff_of(const struct relay_room *room, const struct proto_gate *gate)
{
    return room->seat[gate->src == PROTO_INDEX_CUSTOMER ? gate->dst : gate->src].peer;
}

static enum proto_err check_open(struct relay_core *core, const struct relay_room *room, const struct proto_gate *gate,
                                 const char **why)
{
    if (gate->src >= RELAY_SEATS || gate->dst >= RELAY_SEATS || !room->seat[gate->src].peer ||
        !room->seat[gate->dst].peer) {
        *why = "that end is not here; open the gate again when it is back";
        return PROTO_ERR_NOT_FOUND;
    }
    if (relay_log_is_doubted(core, room->seat[gate->src].peer) ||
        relay_log_is_doubted(core, room->seat[gate->dst].peer)) {
        *why = "this relay's log is not the one that was shown before; nothing is granted";
        return PROTO_ERR_LOG;
    }
    const struct proto_identity *staff = staff_of(room, gate)->staff;
    if (!staff || memcmp(staff->fingerprint, gate->grantee, sizeof gate->grantee) != 0) {
        *why = "the consent names somebody else than the one who is connected";
        return PROTO_ERR_REFUSED;
    }
    if (!core->config.leaf_durable(core->config.context, gate->leaf_hash, room->row.sid)) {
        *why = "the log has no such grant of this session; wait for its receipt";
        return PROTO_ERR_CONSENT;
    }
    *why = "the organisation's policy does not allow this for this role or for so long";
    return proto_policy_allows(core->policy, gate->capability, staff->role, gate->ttl_s);
}

static enum proto_err apply(struct relay_core *core, struct relay_room *room, const struct proto_gate *gate,
                            const char **why, struct proto_now now)
{
    struct relay_gate *open = relay_gate_find(room, gate->src, gate->stream);

    if (!gate->open) { /* never waits, and what is closed already stays so */
        if (open)
            relay_gate_close(core, room, open, NULL, now);
        return PROTO_OK;
    }
    enum proto_err err = check_open(core, room, gate, why);
    if (err)
        return err;
    *why = "too many gates are open, or the log cannot be written now; close one, or try again";
    return relay_gate_open(core, room, gate, now);
}

enum proto_err relay_on_gate(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct relay_room *room = peer->room;
    struct proto_gate gate;
    const char *why = "the gate is not signed by the key of this session";

    if (peer->index != PROTO_INDEX_CUSTOMER)
        return PROTO_ERR_STATE;
    enum proto_err err = proto_gate_verify(core->in.to_relay.body.gate.bytes, core->in.to_relay.body.gate.size,
                                           room->customer_key, &gate);
    if (err == PROTO_ERR_FORMAT)
        return err;
    if (!err && !room->authenticated) {
        err = PROTO_ERR_STATE;
        why = "the agent has not confirmed the key of this session";
    } else if (!err && memcmp(gate.sid, room->row.sid, sizeof gate.sid) != 0) {
        err = PROTO_ERR_REFUSED;
        why = "the gate belongs to another session";
    } else if (!err && gate.gate_seq <= room->gate_seq) {
        err = PROTO_ERR_REPLAY;
        why = "the gate's number is not above the last one";
    } else if (!err) {
        room->gate_seq = gate.gate_seq;
        err = apply(core, room, &gate, &why, now);
    }
    if (err)
        core->figures.refused_gates++;
    relay_gate_answer(core, room, gate.gate_seq, err, err ? why : "", now);
    return PROTO_OK;
}
