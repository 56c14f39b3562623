/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay says and is told. The relay is not trusted: what it says can only end or delay things, never open any.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/session/internal.h"

void relay_link_send(struct proto_session *s, const handhold_ToRelay *message)
{
    struct proto_buf body;

    proto_buf_init(&body, PROTO_MAX_RELAY_BYTES);
    if (proto_message_encode(&body, handhold_ToRelay_fields, message))
        session_error(s, PROTO_ERR_RANGE, "a message to the relay is over its bound");
    else
        session_send(s, PROTO_TYPE_RELAY, PROTO_INDEX_RELAY, body.bytes, body.len);
    proto_buf_free(&body);
}

void relay_link_hello(struct proto_session *s)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_hello_tag};
    handhold_Hello *hello = &message.body.hello;

    if (s->token_known) {
        hello->which_seat = handhold_Hello_token_tag;
        memcpy(hello->seat.token, s->token, sizeof s->token);
    } else if (s->side == SIDE_AGENT) {
        hello->which_seat = handhold_Hello_staff_tag;
        hello->seat.staff = true;
    } else if (s->by_link) {
        hello->which_seat = handhold_Hello_sid_tag;
        memcpy(hello->seat.sid, s->sid, sizeof s->sid);
    } else {
        hello->which_seat = handhold_Hello_nameplate_tag;
        if (PROTO_SET_TEXT(hello->seat.nameplate, s->invite_code.nameplate))
            return;
    }
    if (s->side == SIDE_CUSTOMER && PROTO_SET_BYTES(hello->session_key, s->cs_public, sizeof s->cs_public))
        return;
    seen_tell_relay(s, hello);
    relay_link_send(s, &message);
    s->link = LINK_HELLO;
}

void relay_link_leave(struct proto_session *s)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_leave_tag};

    if (s->link != LINK_SEATED || s->left)
        return;
    message.body.leave.reason = s->end_reason;
    message.body.leave.by = s->end_by;
    relay_link_send(s, &message);
    s->left = true;
}

static void send_gate(struct proto_session *s, enum proto_capability capability, bool open, uint32_t ttl_s, uint8_t src,
                      uint8_t dst)
{
    const struct grant *grant = &s->grants[capability];
    handhold_ToRelay message = {.which_body = handhold_ToRelay_gate_tag};
    struct proto_gate gate = {
        .gate_seq = ++s->gate_seq,
        .open = open,
        .src = src,
        .stream = grant->stream,
        .dst = dst,
        .capability = capability,
        .ttl_s = open ? ttl_s : 0,
    };

    memcpy(gate.sid, s->sid, sizeof gate.sid);
    memcpy(gate.grantee, s->agent.fingerprint, sizeof gate.grantee);
    if (open)
        memcpy(gate.leaf_hash, grant->leaf_hash, sizeof gate.leaf_hash);
    if (s->link != LINK_SEATED || proto_gate_sign(&gate, s->cs_secret, message.body.gate.bytes))
        return; /* without a connection there is no gate to close */
    message.body.gate.size = PROTO_GATE_BYTES;
    relay_link_send(s, &message);
}

/* A voice has a way back; the answer that counts is the one to the way there. */
void relay_link_gate(struct proto_session *s, enum proto_capability capability, bool open, uint32_t ttl_s)
{
    struct grant *grant = &s->grants[capability];

    if (capability == PROTO_CAPABILITY_MICROPHONE)
        send_gate(s, capability, open, ttl_s, PROTO_INDEX_AGENT, PROTO_INDEX_CUSTOMER);
    send_gate(s, capability, open, ttl_s, PROTO_INDEX_CUSTOMER, PROTO_INDEX_AGENT);
    grant->gate_open = open;
    grant->gate_seq = s->gate_seq;
}

/* ---------------------------------------------------------------- the rest */

static void on_consistency(struct proto_session *s, const handhold_FromRelay *message)
{
    seen_proof(s, &message->body.consistency);
}

static void on_gate_answer(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_GateAnswer *m = &message->body.gate_answer;

    if (s->side == SIDE_CUSTOMER)
        grants_gate_answered(s, m->gate_seq, m->error < PROTO_ERR_COUNT ? (enum proto_err)m->error : PROTO_ERR_REFUSED,
                             m->message);
}

static void on_key_frame_hint(struct proto_session *s, const handhold_FromRelay *message)
{
    enum proto_capability capability = grants_by_stream(s, (uint8_t)message->body.key_frame_hint.stream);

    if (s->side == SIDE_CUSTOMER && capability && capability != PROTO_CAPABILITY_STILL &&
        proto_session_may_send(s, capability))
        events_add(&s->events, PROTO_EVENT_KEY_FRAME, 0);
}

static void on_queue_report(struct proto_session *s, const handhold_FromRelay *message)
{
    media_queued(s, &message->body.queue_report);
}

static void on_blocked(struct proto_session *s, const handhold_FromRelay *message)
{
    struct event_node *node = events_add(&s->events, PROTO_EVENT_BLOCKED, 0);

    if (!node)
        return;
    node->event.blocked.capability =
        s->side == SIDE_CUSTOMER ? grants_by_stream(s, (uint8_t)message->body.blocked.stream) : 0;
    node->event.blocked.messages = message->body.blocked.messages;
}

/* This end stays on its device: no is an empty answer. The page, which can hand itself over, asks its person. */
static void on_move_ask(struct proto_session *s, const handhold_FromRelay *message)
{
    static const handhold_ToRelay no = {.which_body = handhold_ToRelay_move_answer_tag};
    (void)message;

    if (s->side != SIDE_CUSTOMER)
        return;
    relay_link_send(s, &no);
    session_error(s, PROTO_ERR_BUSY,
                  "somebody opened your link on another device; this session stays here, and they were told so");
}

static void on_ended(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Ended *m = &message->body.ended;
    enum proto_end reason =
        m->reason > PROTO_END_NONE && m->reason < PROTO_END_COUNT ? (enum proto_end)m->reason : PROTO_END_FAILED;

    if (s->end_cut && s->link == LINK_HELLO) { /* come back for the last word, and the session has ended meanwhile */
        session_end_untold(s);
        return;
    }
    /* What this end decided itself, or heard from the peer under seal, counts more than the relay's word. */
    session_finish(s, s->ending ? s->end_reason : reason, s->ending ? s->end_by : (uint8_t)(m->by & 15), m->message);
}

static void on_error(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Error *m = &message->body.error;
    enum proto_err err = m->code && m->code < PROTO_ERR_COUNT ? (enum proto_err)m->code : PROTO_ERR_REFUSED;

    if (m->fatal && s->side == SIDE_CUSTOMER && s->token_known && !s->ever_confirmed) {
        s->token_known = false; /* the seat was given back before the pair stood: take it anew with the invitation */
        return;
    }
    if (m->fatal && s->end_cut) { /* the same of a relay that has forgotten it */
        session_end_untold(s);
        return;
    }
    session_error(s, err, m->message);
    if (m->fatal)
        session_finish(s,
                       s->joined                  ? PROTO_END_CONNECTION_LOST
                       : err == PROTO_ERR_EXPIRED ? PROTO_END_EXPIRED
                                                  : PROTO_END_FAILED,
                       PROTO_INDEX_RELAY, m->message);
}

static const struct {
    pb_size_t tag;
    void (*on)(struct proto_session *s, const handhold_FromRelay *message);
} handlers[] = {
    {handhold_FromRelay_welcome_tag, relay_link_welcomed},
    {handhold_FromRelay_opened_tag, relay_link_opened},
    {handhold_FromRelay_peer_tag, relay_link_peer_changed},
    {handhold_FromRelay_gate_answer_tag, on_gate_answer},
    {handhold_FromRelay_consistency_tag, on_consistency},
    {handhold_FromRelay_key_frame_hint_tag, on_key_frame_hint},
    {handhold_FromRelay_queue_report_tag, on_queue_report},
    {handhold_FromRelay_blocked_tag, on_blocked},
    {handhold_FromRelay_move_ask_tag, on_move_ask},
    {handhold_FromRelay_beside_state_tag, relay_link_beside_state},
    {handhold_FromRelay_beside_tag, relay_link_beside},
    {handhold_FromRelay_kept_part_tag, relay_link_kept_part},
    {handhold_FromRelay_kept_answer_tag, relay_link_kept_answer},
    {handhold_FromRelay_ended_tag, on_ended},
    {handhold_FromRelay_error_tag, on_error},
    {handhold_FromRelay_notes_tag, relay_link_noted},
};

void relay_link_feed(struct proto_session *s, const uint8_t *body, size_t len)
{
    handhold_FromRelay *message = malloc(sizeof *message); /* 25 kB with the largest notes: too much for a stack */

    if (!message)
        return;
    if (proto_message_decode(body, len, handhold_FromRelay_fields, message, sizeof *message)) {
        session_error(s, PROTO_ERR_FORMAT, "the relay sent a message that does not decode");
    } else {
        for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
            if (handlers[i].tag == message->which_body)
                handlers[i].on(s, message);
    }
    free(message);
}
