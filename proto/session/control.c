/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of the pair, in: who may send which, and what each does. */
#include <sodium.h>
#include <string.h>

#include "proto/session/internal.h"

static void on_heartbeat(struct proto_session *s, const void *message)
{
    const handhold_Heartbeat *hb = message;
    struct pair *p = &s->pair;

    if (hb->seq <= p->hb_peer_seq)
        return;
    p->hb_peer_seq = hb->seq;
    p->hb_heard_ms = s->now.mono_ms;
    p->hb_peer_mono_ms = hb->mono_ms;
    if (hb->peer_seq && hb->peer_mono_ms <= (uint64_t)(s->now.mono_ms - s->start_ms)) {
        int64_t said_ms = s->start_ms + (int64_t)hb->peer_mono_ms, rtt = s->now.mono_ms - said_ms - hb->held_ms;
        if (said_ms > p->hb_told_ms) {
            p->hb_told_ms = said_ms;
            if (p->hb_untold_ms < said_ms + PROTO_HEARTBEAT_MS)
                p->hb_untold_ms = said_ms + PROTO_HEARTBEAT_MS;
        }
        p->rtt_ms = rtt;
        if (rtt >= 0 && (p->best_rtt_ms < 0 || rtt <= p->best_rtt_ms)) {
            p->best_rtt_ms = rtt;
            p->offset_ms = (int64_t)hb->mono_ms + rtt / 2 - s->now.mono_ms;
        }
    }
    pair_heard_again(s);
    seen_heard(s, hb);
}

static void on_consent_request(struct proto_session *s, const void *message)
{
    grants_requested(s, message);
}

static void on_statement(struct proto_session *s, const void *message)
{
    held_statement(s, message);
}

static void on_statement_ack(struct proto_session *s, const void *message)
{
    const handhold_StatementAck *ack = message;

    outbox_cosigned(s, ack->seq, ack->line);
}

static void on_key_ack(struct proto_session *s, const void *message)
{
    grants_key_acked(s, ((const handhold_KeyAck *)message)->kid);
}

static void on_key_retire(struct proto_session *s, const void *message)
{
    held_key_retire(s, ((const handhold_KeyRetire *)message)->kid);
}

static void on_data_ack(struct proto_session *s, const void *message)
{
    data_acked(s, ((const handhold_DataAck *)message)->upto);
}

static void on_key_frame_request(struct proto_session *s, const void *message)
{
    enum proto_capability capability =
        grants_by_stream(s, proto_kid_stream(((const handhold_KeyFrameRequest *)message)->kid));

    if (capability && proto_session_may_send(s, capability))
        events_add(&s->events, PROTO_EVENT_KEY_FRAME, 0);
}

static void on_media_ack(struct proto_session *s, const void *message)
{
    media_acked(s, message);
}

static void on_bye(struct proto_session *s, const void *message)
{
    uint32_t reason = ((const handhold_Bye *)message)->reason;

    session_begin_end(
        s, reason > PROTO_END_NONE && reason < PROTO_END_COUNT ? (enum proto_end)reason : PROTO_END_COMPLETED,
        s->side == SIDE_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER);
}

static void on_nonce(struct proto_session *s, const void *message)
{
    if (proto_check_reveal(&s->pair.check, ((const handhold_Nonce *)message)->n_a)) {
        session_alarm(s, PROTO_ERR_CRYPTO,
                      "the check words were not fixed in time: somebody may sit between the two ends");
        pair_close(s);
        return;
    }
    pair_event_words(s);
}

enum { FROM_AGENT = 1, FROM_CUSTOMER = 2, FROM_BOTH = 3 };

/* Which control messages an end takes, from whom, and what they are; DATA and KEYREL are read by their own files. */
static const struct control_rule {
    unsigned from;
    const pb_msgdesc_t *fields;
    size_t size;
    void (*on)(struct proto_session *s, const void *message);
} control_rules[PROTO_CONTROL_COUNT] = {
#define RULE(msg, from, type, handler)                                                                                 \
    [PROTO_CONTROL_##msg] = {from, handhold_##type##_fields, sizeof(handhold_##type), handler}
    RULE(CONSENT_REQUEST, FROM_AGENT, ConsentRequest, on_consent_request),
    RULE(STATEMENT, FROM_CUSTOMER, Statement, on_statement),
    RULE(STATEMENT_ACK, FROM_AGENT, StatementAck, on_statement_ack),
    RULE(KEY_ACK, FROM_AGENT, KeyAck, on_key_ack),
    RULE(KEY_RETIRE, FROM_CUSTOMER, KeyRetire, on_key_retire),
    RULE(HEARTBEAT, FROM_BOTH, Heartbeat, on_heartbeat),
    RULE(DATA_ACK, FROM_BOTH, DataAck, on_data_ack),
    RULE(KEY_FRAME_REQUEST, FROM_AGENT, KeyFrameRequest, on_key_frame_request),
    RULE(MEDIA_ACK, FROM_AGENT, MediaAck, on_media_ack),
    RULE(BYE, FROM_BOTH, Bye, on_bye),
    RULE(NONCE, FROM_AGENT, Nonce, on_nonce),
#undef RULE
    [PROTO_CONTROL_DATA] = {FROM_BOTH, NULL, 0, NULL},
    [PROTO_CONTROL_KEY_RELEASE] = {FROM_CUSTOMER, NULL, 0, NULL},
};

static enum proto_err dispatch(struct proto_session *s, enum proto_control msg, const uint8_t *body, size_t len)
{
    union {
        handhold_ConsentRequest request;
        handhold_Statement statement;
        handhold_StatementAck ack;
        handhold_Heartbeat heartbeat;
        handhold_KeyFrameRequest key_frame;
        handhold_MediaAck media_ack;
    } message;
    const struct control_rule *rule = &control_rules[msg];

    if (!(rule->from & (s->side == SIDE_CUSTOMER ? FROM_AGENT : FROM_CUSTOMER)))
        return PROTO_ERR_STATE;
    if (msg == PROTO_CONTROL_DATA) {
        data_receive(s, body, len);
        return PROTO_OK;
    }
    if (msg == PROTO_CONTROL_KEY_RELEASE) {
        held_key_release(s, body, len);
        return PROTO_OK;
    }
    if (rule->size > sizeof message)
        return PROTO_ERR_RANGE;
    enum proto_err err = proto_message_decode(body, len, rule->fields, &message, rule->size);
    if (!err)
        rule->on(s, &message);
    return err;
}

void pair_feed_control(struct proto_session *s, const uint8_t *sealed, size_t len)
{
    struct proto_buf plain;
    enum proto_control msg;
    const uint8_t *body;
    size_t body_len, plain_len = 0;

    if (!s->pair.up || s->over || len < PROTO_NOISE_TAG_BYTES)
        return;
    proto_buf_init_secret(&plain, PROTO_MAX_CONTROL_BYTES);
    uint8_t *room = proto_buf_extend(&plain, len);
    enum proto_err err =
        room ? proto_noise_channel_open(&s->pair.channel, sealed, len, room, len, &plain_len) : PROTO_ERR_NOMEM;
    if (!err)
        err = proto_control_parse(plain.bytes, plain_len, &msg, &body, &body_len);
    if (!err) {
        if (!s->pair.confirmed)
            proto_resume_keys_confirm(&s->resume);
        s->pair.confirmed = s->ever_confirmed = true;
        s->resume_try = 0;
        s->failed_attempts = 0;
        err = dispatch(s, msg, body, body_len);
    }
    proto_buf_free(&plain);
    if (err) {
        /* Order, number and content are sealed: one message that does not open means that somebody interfered; or that
         * the agent's end said it to the pair before this one, which it keeps until it has heard the customer's proof.
         */
        if (s->side == SIDE_AGENT || s->pair.confirmed || !s->ever_confirmed)
            session_alarm(s, err, "a message between the two ends was altered, left out or repeated on its way");
        pair_close(s);
        if (s->side == SIDE_CUSTOMER)
            s->retry_pair_ms = s->now.mono_ms + PROTO_HEARTBEAT_MS;
    }
}
