/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/consent/gate.h"
#include "proto/consent/statement.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "tests/simulation/sim.h"

/* Invariant 3: what the relay ever holds says nothing. */
void sim_judge_bytes(struct sim *sim, const uint8_t *bytes, size_t len)
{
    if (len >= sizeof SIM_PLANT - 1 && memmem(bytes, len, SIM_PLANT, sizeof SIM_PLANT - 1))
        sim_fail(sim, "invariant 3: the relay held planted plaintext (message type 0x%02x)", bytes[0]);
}

void sim_judge_gates(struct sim *sim, struct sim_session *session, const uint8_t *bytes, size_t len)
{
    static handhold_ToRelay message;
    struct proto_gate gate;

    (void)sim;
    if (len <= PROTO_ENVELOPE_BYTES || bytes[0] != PROTO_TYPE_RELAY ||
        proto_message_decode(bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, handhold_ToRelay_fields,
                             &message, sizeof message) ||
        message.which_body != handhold_ToRelay_gate_tag || message.body.gate.size != PROTO_GATE_BYTES)
        return;
    /* Here only the layout counts: who signed it is for the relay to judge. */
    gate.open = message.body.gate.bytes[16 + PROTO_SID_BYTES + 4];
    gate.src = message.body.gate.bytes[16 + PROTO_SID_BYTES + 5];
    gate.stream = message.body.gate.bytes[16 + PROTO_SID_BYTES + 6];
    session->gate_open[gate.src & 3][gate.stream & PROTO_MAX_STREAM] = gate.open;
}

/* Invariant 1 at the relay: nothing is forwarded that no gate was opened for, whoever sends it. */
void sim_judge_forwarded(struct sim *sim, const struct sim_session *session, const uint8_t *bytes, size_t len)
{
    if (len > PROTO_MEDIA_HEADER_BYTES && bytes[0] == PROTO_TYPE_MEDIA &&
        !session->gate_open[bytes[2] & 3][bytes[3] & PROTO_MAX_STREAM])
        sim_fail(sim, "invariant 1: session %u: the relay forwarded stream %u behind a closed gate", session->number,
                 bytes[3]);
}

/* Invariants 1 and 2: what opened was captured while a consent for it held, and the log had that consent. Invariant 5:
 * a picture is left out rather than shown behind a newer one. */
void sim_judge_frame(struct sim *sim, struct sim_session *session, const struct proto_event *event)
{
    static const size_t plant = sizeof SIM_PLANT - 1;
    int64_t captured;
    uint32_t number, capability;

    if (event->media.len < plant + 16 || memcmp(event->media.bytes, SIM_PLANT, plant) != 0) {
        sim_fail(sim, "session %u: a frame opened that nobody pushed", session->number);
        return;
    }
    memcpy(&captured, event->media.bytes + plant, 8);
    memcpy(&number, event->media.bytes + plant + 8, 4);
    memcpy(&capability, event->media.bytes + plant + 12, 4);
    if (number != session->number || capability != (uint32_t)event->media.capability) {
        sim_fail(sim, "session %u: a frame of session %u, capability %u opened as %d", session->number, number,
                 capability, (int)event->media.capability);
        return;
    }
    if (event->media.capability == PROTO_CAPABILITY_CAMERA) {
        if (captured < session->picture_ms)
            sim_fail(sim, "invariant 5: session %u: a picture of %lld came behind one of %lld", session->number,
                     (long long)captured, (long long)session->picture_ms);
        session->picture_ms = captured;
    }
    for (unsigned i = 0; i < session->grant_count; i++) {
        const struct sim_grant *grant = &session->grants[i];
        if ((uint32_t)grant->capability != capability || captured < grant->given_ms || captured > grant->ended_ms)
            continue;
        if (!grant->log_had_it)
            sim_fail(sim, "invariant 4: session %u: a frame of %s opened before the log had the grant", session->number,
                     proto_capability_name(grant->capability));
        return;
    }
    sim_fail(sim, "invariants 1, 2: session %u: a frame of %s captured at %lld opened without a consent",
             session->number, proto_capability_name((enum proto_capability)capability), (long long)captured);
}

/* Invariants 1 and 5: only what the person sent, whole, once, and while a consent for it held. */
void sim_judge_still(struct sim *sim, struct sim_session *session, const struct proto_event *event)
{
    uint32_t id = event->still.id;
    const struct proto_still *still = &event->still.still;

    if (id >= SIM_STILLS_MAX)
        return;
    if (!session->still_sent[id] || session->still_sent[id] != still->len || session->still_came[id]) {
        sim_fail(sim, "invariant 5: session %u: still %u of %zu bytes came, and %zu were sent", session->number, id,
                 still->len, session->still_came[id] ? 0 : session->still_sent[id]);
        return;
    }
    session->still_came[id] = true;
    uint8_t *was = malloc(still->len);
    sim_still_fill(session, id, was, still->len);
    if (memcmp(was, still->bytes, still->len) != 0)
        sim_fail(sim, "invariant 5: session %u: still %u came altered", session->number, id);
    free(was);
}

/* ---------------------------------------------------------------- the log at the end */

struct reading {
    struct sim *sim;
    const struct sim_session *session;
    unsigned next; /* of the deeds */
    uint32_t seq;  /* of the customer's statements */
    uint8_t prev[32];
    bool ended;
    int64_t
        agent_ended_s; /* what the customer did in that second may have crossed it; PROTO_NEVER: it was not the agent */
};

static bool rides_or_ends(enum proto_statement_action action)
{
    return action == PROTO_STATEMENT_REKEY || action == PROTO_STATEMENT_END;
}

static void read_statement(struct reading *r, const struct proto_statement *st, const char *text, size_t len)
{
    if (st->seq != r->seq + 1 || (r->seq && memcmp(st->prev, r->prev, 32) != 0))
        sim_fail(r->sim, "invariant 4: session %u: statement %u follows %u", r->session->number, st->seq, r->seq);
    r->seq = st->seq;
    proto_sha256(r->prev, text, len);
    if (rides_or_ends(st->action))
        return;
    const struct sim_deed *deed = r->next < r->session->deed_count ? &r->session->deeds[r->next] : NULL;
    if (!deed || deed->action != st->action || deed->capability != st->capability)
        sim_fail(r->sim, "invariant 4: session %u: the log has %s %s where deed %u was %s %s", r->session->number,
                 proto_statement_action_name(st->action), proto_capability_name(st->capability), r->next,
                 deed ? proto_statement_action_name(deed->action) : "nothing",
                 deed ? proto_capability_name(deed->capability) : "");
    r->next++;
}

static void read_note(struct reading *r, const struct proto_evidence_note *note)
{
    struct proto_note_parts parts;
    struct proto_statement st;
    struct proto_event_note event;

    if (proto_note_split(&parts, note->bytes, note->len)) {
        sim_fail(r->sim, "session %u: evidence is not a note", r->session->number);
    } else if (!proto_statement_parse(parts.text, parts.text_len, &st)) {
        read_statement(r, &st, parts.text, parts.text_len);
    } else if (!proto_event_note_parse(parts.text, parts.text_len, &event)) {
        const char *by = event.action == PROTO_ACT_ENDED ? proto_event_note_get(&event, "by") : NULL;

        r->ended = r->ended || event.action == PROTO_ACT_ENDED;
        if (by && !strcmp(by, "agent"))
            r->agent_ended_s = event.unix_s;
    } else {
        sim_fail(r->sim, "session %u: a note in the log does not parse", r->session->number);
    }
}

static enum proto_err read_entry(void *context, const struct relay_store_entry *entry)
{
    struct reading *r = context;
    struct proto_evidence evidence;
    struct proto_buf plain;

    proto_buf_init(&plain, PROTO_MAX_EVIDENCE_BYTES);
    if (proto_evidence_open(entry->evidence, entry->evidence_len, r->sim->policy.evidence_key, r->sim->evidence_secret,
                            &plain, &evidence))
        sim_fail(r->sim, "session %u: evidence of entry %llu does not open", r->session->number,
                 (unsigned long long)entry->index);
    else
        for (size_t i = 0; i < evidence.count; i++)
            read_note(r, &evidence.notes[i]);
    proto_buf_free(&plain);
    return PROTO_OK;
}

void sim_judge_log(struct sim *sim)
{
    for (unsigned i = 0; i < sim->session_count && !sim->failure[0]; i++) {
        const struct sim_session *session = &sim->sessions[i];
        struct reading r = {.sim = sim, .session = session, .agent_ended_s = PROTO_NEVER};

        if (!session->sid_known)
            continue;
        if (relay_store_each_entry_of(sim->store, session->sid, read_entry, &r))
            sim_fail(sim, "session %u: the log cannot be read: %s", i, relay_store_error(sim->store));
        else if (!r.ended)
            sim_fail(sim, "invariant 6: session %u has no end in the log", i);
        else if (session->customer.ended && session->customer.reason == PROTO_END_COMPLETED &&
                 r.next < session->deed_count && session->deeds[r.next].unix_s < r.agent_ended_s && !sim->cuts &&
                 !sim->crashes && !sim->naps && !sim->tampered && !sim->weather.disk_full && !sim->weather.stall)
            sim_fail(sim, "invariant 4: session %u: %u of %u deeds are in the log", i, r.next, session->deed_count);
    }
}
