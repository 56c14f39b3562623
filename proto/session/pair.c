/* SPDX-License-Identifier: Apache-2.0 */
/* The pair: the handshake with whoever holds the invitation, the channel behind it, heartbeats and control messages. */
#include <sodium.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/internal.h"

void pair_send(struct proto_session *s, enum proto_control msg, const uint8_t *body, size_t len)
{
    struct proto_buf plain, sealed;
    size_t sealed_len = 0;

    if (!s->pair.up)
        return;
    proto_buf_init_secret(&plain, PROTO_MAX_CONTROL_BYTES - PROTO_ENVELOPE_BYTES - PROTO_NOISE_TAG_BYTES);
    proto_buf_init(&sealed, PROTO_MAX_CONTROL_BYTES);
    enum proto_err err = proto_control_frame(&plain, msg, body, len);
    uint8_t *room = err ? NULL : proto_buf_extend(&sealed, plain.len + PROTO_NOISE_TAG_BYTES);
    if (room)
        err = proto_noise_channel_seal(&s->pair.channel, plain.bytes, plain.len, room, sealed.len, &sealed_len);
    if (room && !err)
        session_send(s, PROTO_TYPE_CONTROL, s->side == SIDE_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER,
                     sealed.bytes, sealed_len);
    else
        session_error(s, err ? err : PROTO_ERR_NOMEM, "a control message could not be sealed");
    proto_buf_free(&plain);
    proto_buf_free(&sealed);
}

void pair_send_message(struct proto_session *s, enum proto_control msg, const pb_msgdesc_t *fields, const void *message)
{
    struct proto_buf body;

    proto_buf_init(&body, PROTO_MAX_CONTROL_BYTES);
    if (!proto_message_encode(&body, fields, message))
        pair_send(s, msg, body.bytes, body.len);
    proto_buf_free(&body);
}

static void send_heartbeat(struct proto_session *s)
{
    struct pair *p = &s->pair;
    handhold_Heartbeat hb = {
        .seq = ++p->hb_seq,
        .mono_ms = (uint64_t)(s->now.mono_ms - s->start_ms),
        .peer_seq = p->hb_peer_seq,
        .peer_mono_ms = p->hb_peer_mono_ms,
        .held_ms = p->hb_peer_seq ? (uint32_t)(s->now.mono_ms - p->hb_heard_ms) : 0,
    };

    if (p->hb_told_ms >= p->hb_sent_ms)
        p->hb_untold_ms = s->now.mono_ms;
    p->hb_sent_ms = s->now.mono_ms;
    seen_tell_peer(s, &hb);
    pair_send_message(s, PROTO_CONTROL_HEARTBEAT, handhold_Heartbeat_fields, &hb);
}

/* ---------------------------------------------------------------- up and down */

void pair_close(struct proto_session *s)
{
    struct pair *p = &s->pair;
    bool was_up = p->up;

    if (p->pairing && s->side == SIDE_CUSTOMER)
        s->late_answers += PROTO_LATE_ANSWERS;
    proto_pairing_free(p->pairing);
    proto_noise_channel_clear(&p->channel);
    sodium_memzero(&p->check, sizeof p->check);
    *p = (struct pair){.best_rtt_ms = -1, .stale = p->stale}; /* whoever was told of silence hears of its end */
    s->retry_pair_ms = PROTO_NEVER;
    if (!was_up || s->over)
        return;
    media_forget(s);
    if (s->side == SIDE_CUSTOMER)
        grants_suspend(s, PROTO_PURPOSE_CONNECTION_LOST);
    else
        held_suspend(s, PROTO_PURPOSE_CONNECTION_LOST);
    s->lost_since_ms = s->now.mono_ms;
    if (!s->ending)
        session_event_connection(s, PROTO_CONNECTION_RECONNECTING);
}

static void bind_frames(struct proto_session *s)
{
    static const char label[] = "handhold/1 ctx";

    proto_sha256_pieces(s->ctx,
                        (const struct proto_piece[]){
                            {label, sizeof label - 1}, {s->sid, sizeof s->sid}, {s->cs_public, sizeof s->cs_public}},
                        3);
}

static void event_joined(struct proto_session *s)
{
    const char *peer = s->side == SIDE_CUSTOMER ? s->agent.name : s->peer_info;
    struct event_node *node = events_add(&s->events, PROTO_EVENT_JOINED, strlen(peer) + 1 + sizeof s->agent.domain);
    size_t at = 0;

    if (!node)
        return;
    node->event.joined.peer = events_text(node, &at, peer);
    node->event.joined.organisation = events_text(node, &at, s->agent.domain);
    node->event.joined.role = proto_role_name(s->agent.role);
    node->event.joined.verified = s->side == SIDE_AGENT || s->verified;
    memcpy(node->event.joined.fingerprint, s->agent.fingerprint, sizeof s->agent.fingerprint);
}

void pair_event_words(struct proto_session *s)
{
    const char *words[PROTO_CHECK_WORDS];

    if (s->words_told || proto_check_words(&s->pair.check, words))
        return; /* they were compared, or not, at the first pair; a resumed one rests on its keys */
    s->words_told = true;
    struct event_node *node = events_add(&s->events, PROTO_EVENT_CHECK_WORDS, 0);
    for (size_t i = 0; node && i < PROTO_CHECK_WORDS; i++)
        node->event.words[i] = words[i];
}

static void take_result_customer(struct proto_session *s, const struct proto_pairing_result *result)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];

    if (proto_identity_chain_set(&s->chain, chain, proto_identity_chain_get(&result->chain, chain)))
        proto_identity_chain_clear(&s->chain); /* a receipt without it still proves what was answered */
    s->agent = result->agent;
    s->org = result->org;
    s->policy = result->policy;
    s->verified = s->has_pin && !sodium_memcmp(s->pinned_root, s->agent.root_fingerprint, sizeof s->pinned_root);
    session_pick_log(s);
}

static void take_result_agent(struct proto_session *s, const struct proto_pairing_result *result)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_session_key_tag};

    memcpy(s->cs_public, result->cs_public, sizeof s->cs_public);
    memcpy(s->peer_info, result->client_info, sizeof s->peer_info);
    if (result->mode == PROTO_PAIRING_RESUME)
        proto_resume_keys_complete(&s->resume, result->resume_id);
    s->invitation_used = true;
    memcpy(message.body.session_key.session_key, s->cs_public, sizeof s->cs_public);
    relay_link_send(s, &message);
}

/*
 * Since when nothing comes through: the other end is not heard, or what it says shows that it does not hear this one,
 * which takes a trip longer to be known.
 */
static int64_t quiet_since_ms(const struct pair *p)
{
    int64_t trip_ms = p->best_rtt_ms > 0 ? p->best_rtt_ms : 0;

    return proto_earlier(p->hb_heard_ms, p->hb_untold_ms + trip_ms);
}

/* Whoever was told that the picture is not live is told that it is again. */
void pair_heard_again(struct proto_session *s)
{
    if (!s->pair.stale || s->now.mono_ms >= quiet_since_ms(&s->pair) + PROTO_STALE_MS)
        return;
    struct event_node *node = events_add(&s->events, PROTO_EVENT_LIVE, 0);
    if (node)
        node->event.live = true;
    s->pair.stale = false;
}

void pair_up(struct proto_session *s)
{
    struct pair *p = &s->pair;
    const struct proto_pairing_result *result = proto_pairing_result(p->pairing);
    bool first = !s->joined;

    if (s->side == SIDE_CUSTOMER)
        take_result_customer(s, result);
    else
        take_result_agent(s, result);
    p->check = result->check;
    if (proto_resume_keys_push(&s->resume, result->resume_psk) || proto_pairing_take_channel(p->pairing, &p->channel)) {
        session_finish(s, PROTO_END_FAILED, s->side == SIDE_CUSTOMER ? 1 : 2, "memory ran out");
        return;
    }
    proto_pairing_free(p->pairing);
    p->pairing = NULL;
    s->resume_try = 0;
    s->late_answers = 0;
    s->code_told = 0;
    p->up = true;
    p->confirmed = false;
    p->best_rtt_ms = -1;
    p->hb_seq = p->hb_peer_seq = 0;
    p->hb_heard_ms = p->hb_told_ms = p->hb_untold_ms = s->now.mono_ms;
    pair_heard_again(s);
    s->joined = true;
    s->retry_pair_ms = PROTO_NEVER;
    s->lost_since_ms = PROTO_NEVER;
    bind_frames(s);
    if (s->ending) { /* for the last word alone, and what was said before it */
        data_send_again(s);
        session_say_bye(s);
        return;
    }
    if (s->side == SIDE_AGENT) {
        handhold_Nonce nonce;
        memcpy(nonce.n_a, p->check.n_a, sizeof nonce.n_a);
        pair_send_message(s, PROTO_CONTROL_NONCE, handhold_Nonce_fields, &nonce);
        pair_event_words(s);
    }
    if (first) {
        s->ends_ms = s->now.mono_ms + PROTO_SESSION_MS;
        event_joined(s);
    }
    session_event_connection(s, first ? PROTO_CONNECTION_CONNECTED : PROTO_CONNECTION_RESUMED);
    send_heartbeat(s);
    if (s->side == SIDE_CUSTOMER)
        outbox_send_statements_again(s);
    data_send_again(s);
    if (s->side == SIDE_CUSTOMER)
        grants_resume(s);
    else {
        hold_said_again(s);
        asking_again(s);
    }
    outbox_flush(s);
}

/* ---------------------------------------------------------------- time */

int64_t pair_deadline(const struct proto_session *s)
{
    const struct pair *p = &s->pair;
    int64_t at = s->retry_pair_ms;

    if (p->pairing)
        at = proto_earlier(at, proto_pairing_deadline(p->pairing));
    if (!p->up)
        return at;
    at = proto_earlier(at, p->hb_sent_ms + PROTO_HEARTBEAT_MS);
    return proto_earlier(at, quiet_since_ms(p) + (p->stale ? PROTO_SILENT_MS : PROTO_STALE_MS));
}

static void tick_silence(struct proto_session *s)
{
    struct pair *p = &s->pair;
    int64_t silent_ms = s->now.mono_ms - quiet_since_ms(p);

    if (silent_ms >= PROTO_SILENT_MS) {
        pair_close(s);
        if (s->side == SIDE_CUSTOMER)
            s->retry_pair_ms = s->now.mono_ms;
    } else if (silent_ms >= PROTO_STALE_MS && !p->stale) {
        p->stale = true;
        struct event_node *node = events_add(&s->events, PROTO_EVENT_LIVE, 0);
        if (node)
            node->event.live = false;
    }
}

void pair_tick(struct proto_session *s)
{
    struct pair *p = &s->pair;

    if (p->pairing && s->now.mono_ms >= proto_pairing_deadline(p->pairing)) {
        enum proto_err err = proto_pairing_tick(p->pairing, s->now);
        if (err)
            handshake_failed(s, err);
    }
    if (p->up && s->now.mono_ms >= p->hb_sent_ms + PROTO_HEARTBEAT_MS)
        send_heartbeat(s);
    if (p->up)
        tick_silence(s);
    if (!s->over && s->now.mono_ms >= s->retry_pair_ms) {
        s->retry_pair_ms = PROTO_NEVER;
        if (s->side == SIDE_CUSTOMER && !p->pairing && !p->up)
            pair_start(s);
    }
}
