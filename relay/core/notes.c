/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/notes.h"

#include <stdlib.h>
#include <string.h>

#include "proto/seal/box.h"
#include "relay/core/acts.h"
#include "relay/core/gates.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

/* Without a key to seal to, no event could be logged: better no such policy than no log. */
static enum proto_err check_evidence_key(const struct relay_core *core, const struct proto_policy *policy)
{
    uint8_t sealed[PROTO_BOX_OVERHEAD + 1], ephemeral[PROTO_BOX_KEY_BYTES];

    proto_random_fill(&core->config.random, ephemeral, sizeof ephemeral);
    return proto_box_seal(sealed, (const uint8_t *)"", 1, policy->evidence_key, ephemeral);
}

static void *copy_of(const void *bytes, size_t len)
{
    void *copy = malloc(len);

    return copy ? memcpy(copy, bytes, len) : NULL;
}

void relay_notes_free(struct relay_core *core)
{
    free(core->org_note);
    free(core->policy_note);
    free(core->org);
    free(core->policy);
    core->org_note = core->policy_note = NULL;
    core->org = NULL;
    core->policy = NULL;
}

enum proto_err relay_notes_take(struct relay_core *core, const char *org_note, const struct proto_org *org,
                                const char *policy_note, const struct proto_policy *policy)
{
    enum proto_err err = check_evidence_key(core, policy);

    if (err)
        return err;
    if (strlen(org_note) >= PROTO_ORG_NOTE_BYTES || strlen(policy_note) >= PROTO_POLICY_NOTE_BYTES)
        return PROTO_ERR_RANGE;
    char *org_text = copy_of(org_note, strlen(org_note) + 1),
         *policy_text = copy_of(policy_note, strlen(policy_note) + 1);
    struct proto_org *org_copy = copy_of(org, sizeof *org);
    struct proto_policy *policy_copy = copy_of(policy, sizeof *policy);

    if (!org_text || !policy_text || !org_copy || !policy_copy) {
        free(org_text);
        free(policy_text);
        free(org_copy);
        free(policy_copy);
        return PROTO_ERR_NOMEM;
    }
    relay_notes_free(core);
    core->org_note = org_text;
    core->policy_note = policy_text;
    core->config.org = core->org = org_copy;
    core->config.policy = core->policy = policy_copy;
    core->config.org_note = org_text;
    core->config.policy_note = policy_text;
    return PROTO_OK;
}

/* One visit of everything that new notes or the end of the relay concern. */
struct visit {
    struct relay_core *core;
    struct proto_now now;
    struct relay_shared *notes[RELAY_SEATS]; /* by the index in the envelope */
};

static void judge_room(void *context, struct relay_link *link)
{
    struct visit *visit = context;
    struct relay_room *room = relay_of(link, struct relay_room, by_sid);
    struct relay_core *core = visit->core;

    if (room->ended)
        return;
    if (proto_org_is_revoked(core->org, room->serial)) {
        for (unsigned i = PROTO_INDEX_CUSTOMER; i < RELAY_SEATS; i++)
            if (room->seat[i].peer)
                relay_peer_tell(core, room->seat[i].peer, visit->now, PROTO_ERR_CERT_REVOKED,
                                "the agent's certificate was revoked by its organisation; the session ends");
        room->revoked = true;
        relay_room_end(core, room, PROTO_END_FAILED, PROTO_INDEX_RELAY, visit->now);
        return;
    }
    for (unsigned i = 0; room->gate_count && i < RELAY_ROOM_GATES; i++) {
        struct relay_gate *gate = room->gates[i];
        if (!gate || !proto_policy_allows(core->policy, gate->said.capability, room->role, gate->said.ttl_s))
            continue;
        uint32_t gate_seq = gate->said.gate_seq;
        relay_gate_close(core, room, gate, "policy", visit->now);
        relay_gate_answer(core, room, gate_seq, PROTO_ERR_POLICY, "a new policy does not allow this any more",
                          visit->now);
    }
    relay_room_schedule(core, room);
}

static void judge_peer(void *context, struct relay_link *link)
{
    struct visit *visit = context;
    struct relay_peer *peer = relay_of(link, struct relay_peer, link);

    if (peer->state == RELAY_PEER_NEW || peer->state == RELAY_PEER_CLOSING)
        return;
    if (peer->staff && proto_org_admits(visit->core->org, peer->staff)) {
        relay_peer_refuse(visit->core, peer, visit->now, PROTO_ERR_CERT_REVOKED, true, NULL);
        return;
    }
    if (!visit->notes[peer->index])
        return;
    if (relay_queue_put_shared(&peer->queue, &visit->core->bounds, visit->notes[peer->index]))
        relay_peer_too_slow(visit->core, peer, RELAY_BOUND_queue_bytes, visit->now);
    else
        relay_peer_wake(visit->core, peer);
}

/* Notes as a message, once for each index that may be in its envelope. */
static void encode_notes(struct visit *visit)
{
    struct relay_core *core = visit->core;
    handhold_Notes *body = &core->out.body.notes;

    for (uint8_t index = 0; index < RELAY_SEATS; index++) {
        uint8_t envelope[PROTO_ENVELOPE_BYTES];
        core->out.which_body = handhold_FromRelay_notes_tag;
        proto_envelope_write(envelope, PROTO_TYPE_RELAY, PROTO_INDEX_RELAY, index);
        proto_buf_clear(&core->scratch);
        proto_buf_put(&core->scratch, envelope, sizeof envelope);
        if (PROTO_SET_TEXT(body->org_note, core->org_note) || PROTO_SET_TEXT(body->policy_note, core->policy_note) ||
            proto_message_encode(&core->scratch, handhold_FromRelay_fields, &core->out) || core->scratch.failed)
            return;
        visit->notes[index] = relay_shared_new(core->scratch.bytes, core->scratch.len);
    }
}

enum proto_err relay_core_set_notes(struct relay_core *core, const char *org_note, const struct proto_org *org,
                                    const char *policy_note, const struct proto_policy *policy, struct proto_now now)
{
    struct visit visit = {.core = core, .now = now};
    struct proto_taken before[PROTO_TAKEN_COUNT];

    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++)
        before[which] = relay_act_in_force(core, which);
    enum proto_err err = relay_notes_take(core, org_note, org, policy_note, policy);
    if (err)
        return err;
    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++) {
        struct proto_taken now_is = relay_act_in_force(core, which);
        core->unnoted[which] |= memcmp(&now_is, &before[which], sizeof now_is) != 0;
    }
    relay_act_note_taken(core, now);
    relay_table_each(&core->by_sid, judge_room, &visit);
    encode_notes(&visit);
    relay_table_each(&core->peers, judge_peer, &visit);
    for (unsigned index = 0; index < RELAY_SEATS; index++)
        relay_shared_drop(visit.notes[index]);
    return PROTO_OK;
}

static void tell_drain(void *context, struct relay_link *link)
{
    struct visit *visit = context;
    struct relay_peer *peer = relay_of(link, struct relay_peer, link);

    if (peer->state == RELAY_PEER_SEATED)
        relay_peer_tell(visit->core, peer, visit->now, PROTO_ERR_BUSY,
                        "this relay is about to end; the session goes on when you come back to it");
}

void relay_core_drain(struct relay_core *core, struct proto_now now)
{
    struct visit visit = {.core = core, .now = now};

    if (core->draining)
        return;
    core->draining = true;
    relay_table_each(&core->peers, tell_drain, &visit);
}
