/* SPDX-License-Identifier: Apache-2.0 */
/* The pair: the handshake with whoever holds the invitation, the channel behind it, heartbeats and control messages. */
#include <sodium.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/internal.h"

/* Unsealed answer of an agent that will not take an attempt: 0x7f, error. Anybody on the way can make one; all it does is to
 * end an attempt that the same somebody could have stopped anyway. */
enum { HANDSHAKE_REFUSED = 0x7f };

/* ---------------------------------------------------------------- control messages out */

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
        session_send(s, PROTO_TYPE_CONTROL, s->side == SIDE_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER, sealed.bytes,
                     sealed_len);
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
        .log_size = s->seen.size,
    };

    p->hb_sent_ms = s->now.mono_ms;
    if (s->seen.size && PROTO_SET_BYTES(hb.log_root, s->seen.root, sizeof s->seen.root))
        return;
    pair_send_message(s, PROTO_CONTROL_HEARTBEAT, handhold_Heartbeat_fields, &hb);
}

/* ---------------------------------------------------------------- up and down */

void pair_close(struct proto_session *s)
{
    struct pair *p = &s->pair;
    bool was_up = p->up;

    proto_pairing_free(p->pairing);
    proto_noise_channel_clear(&p->channel);
    sodium_memzero(&p->check, sizeof p->check);
    *p = (struct pair){.best_rtt_ms = -1, .stale = p->stale}; /* whoever was told of silence hears of its end */
    s->retry_pair_ms = PROTO_NEVER;
    if (!was_up || s->over)
        return;
    if (s->side == SIDE_CUSTOMER)
        grants_suspend(s);
    else
        held_suspend(s);
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

static void event_words(struct proto_session *s)
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
    s->agent = result->agent;
    s->org = result->org;
    s->policy = result->policy;
    s->verified = s->has_pin && !sodium_memcmp(s->pinned_root, s->agent.root_fingerprint, sizeof s->pinned_root);
    size_t len = strlen(s->origin);
    s->log_vkey[0] = 0;
    for (size_t i = 0; len && i < s->org.log_count; i++)
        if (!strncmp(s->org.logs[i], s->origin, len) && s->org.logs[i][len] == '+')
            memcpy(s->log_vkey, s->org.logs[i], sizeof s->log_vkey);
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

/* Whoever was told that the picture is not live is told that it is again. */
static void heard_again(struct proto_session *s)
{
    struct event_node *node = s->pair.stale ? events_add(&s->events, PROTO_EVENT_LIVE, 0) : NULL;

    if (node)
        node->event.live = true;
    s->pair.stale = false;
}

static void pair_up(struct proto_session *s)
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
    s->code_told = 0;
    p->up = true;
    p->confirmed = false;
    p->best_rtt_ms = -1;
    p->hb_seq = p->hb_peer_seq = 0;
    p->hb_heard_ms = s->now.mono_ms;
    heard_again(s);
    s->joined = true;
    s->retry_pair_ms = PROTO_NEVER;
    s->lost_since_ms = PROTO_NEVER;
    bind_frames(s);
    if (s->side == SIDE_AGENT) {
        handhold_Nonce nonce;
        memcpy(nonce.n_a, p->check.n_a, sizeof nonce.n_a);
        pair_send_message(s, PROTO_CONTROL_NONCE, handhold_Nonce_fields, &nonce);
        event_words(s);
    }
    if (first)
        event_joined(s);
    session_event_connection(s, first ? PROTO_CONNECTION_CONNECTED : PROTO_CONNECTION_RESUMED);
    send_heartbeat(s);
    if (s->side == SIDE_CUSTOMER)
        outbox_send_statements_again(s);
    data_send_again(s);
    if (s->side == SIDE_CUSTOMER)
        grants_resume(s);
    outbox_flush(s);
}

/* ---------------------------------------------------------------- the handshake */

static void send_bodies(struct proto_session *s)
{
    const uint8_t *body;
    size_t len;

    while (s->pair.pairing && (body = proto_pairing_pending(s->pair.pairing, &len))) {
        /* M1 of a code carries a tag that tells whoever answered whether the guess behind the answer was right. */
        s->code_told += s->side == SIDE_CUSTOMER && s->pair.by_code && body[0] == PROTO_PAIRING_M1;
        session_send(s, PROTO_TYPE_HANDSHAKE, s->side == SIDE_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER, body, len);
        proto_pairing_sent(s->pair.pairing);
    }
}

static const char wrong_clock[] =
    "the clocks of the two ends differ by more than a day; set the clock of the device that is wrong";

static void attempt_failed(struct proto_session *s, enum proto_err err)
{
    proto_pairing_free(s->pair.pairing);
    s->pair.pairing = NULL;
    if (s->side == SIDE_CUSTOMER)
        s->retry_pair_ms = s->now.mono_ms + PROTO_HEARTBEAT_MS;
    if (err == PROTO_ERR_TIMEOUT || err == PROTO_ERR_BUSY || err == PROTO_ERR_NOT_FOUND)
        return; /* tried again, with another key when this one was not known */
    if (s->side == SIDE_CUSTOMER && err == PROTO_ERR_CLOCK) /* nobody is suspected of a wrong date */
        session_error(s, err, wrong_clock);
    else
        session_alarm(s, err, s->side == SIDE_CUSTOMER ? "the agent's end did not prove who it is"
                                                       : "somebody tried to join and did not know the secret of the invitation");
    if (s->side == SIDE_CUSTOMER && !s->joined && err != PROTO_ERR_CRYPTO && err != PROTO_ERR_FORMAT)
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_CUSTOMER, err == PROTO_ERR_CLOCK ? wrong_clock : proto_err_rule(err));
    else if (s->side == SIDE_CUSTOMER && ++s->failed_attempts >= PROTO_CODE_TRIES)
        session_finish(s, s->joined ? PROTO_END_CONNECTION_LOST : PROTO_END_FAILED, PROTO_INDEX_CUSTOMER, proto_err_rule(err));
}

/* Which key the customer tries: the newest to resume with, the one before, then the invitation while the agent may not have used it. */
static bool choose_customer_mode(struct proto_session *s, struct proto_pairing_customer *config)
{
    const struct proto_resume_key *keys[] = {&s->resume.newest, &s->resume.previous};

    for (; s->resume_try < 2; s->resume_try++) {
        if (keys[s->resume_try]->set) {
            config->mode = PROTO_PAIRING_RESUME;
            config->resume_psk = keys[s->resume_try]->psk;
            config->known = &s->agent;
            return true;
        }
    }
    config->mode = s->by_link ? PROTO_PAIRING_LINK : PROTO_PAIRING_CODE;
    return !s->ever_confirmed;
}

void pair_start(struct proto_session *s)
{
    struct proto_pairing_customer config = {
        .random = s->random,
        .sid = s->sid,
        .join_host = s->join_host,
        .link = &s->invite_link,
        .code = &s->invite_code,
        .cs_secret_key = s->cs_secret,
        .client_info = s->client_info,
        .roles = 1u << PROTO_ROLE_AGENT | 1u << PROTO_ROLE_SUPERVISOR | 1u << PROTO_ROLE_EXPERT,
        .org_note = s->org_note.bytes,
        .org_note_len = s->org_note.len,
        .policy_note = s->policy_note.bytes,
        .policy_note_len = s->policy_note.len,
        .org_min = s->org.number,
        .policy_min = s->policy.number,
    };

    if (s->over || s->ending || s->link != LINK_SEATED || !s->peer_present)
        return;
    pair_close(s);
    if (!choose_customer_mode(s, &config)) {
        session_finish(s, PROTO_END_CONNECTION_LOST, PROTO_INDEX_CUSTOMER, "the two ends could not take the session up again");
        return;
    }
    s->pair.by_code = config.mode == PROTO_PAIRING_CODE;
    if (s->pair.by_code && s->code_told >= PROTO_CODE_TRIES) {
        session_alarm(s, PROTO_ERR_BURNT, "the code was tried three times and nobody proved to know it: somebody may be guessing");
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_CUSTOMER, "the code was tried three times; ask for a new invitation");
        return;
    }
    enum proto_err err = proto_pairing_customer_new(&s->pair.pairing, &config, s->now);
    if (err)
        attempt_failed(s, err);
    send_bodies(s);
}

static void refuse_attempt(struct proto_session *s, enum proto_err err)
{
    const uint8_t body[2] = {HANDSHAKE_REFUSED, (uint8_t)err};

    session_send(s, PROTO_TYPE_HANDSHAKE, PROTO_INDEX_CUSTOMER, body, sizeof body);
}

/* What the customer reads, who has nothing but what they typed or opened. */
static const char *refusal(const struct proto_session *s, enum proto_err err)
{
    if (s->joined)
        return "the agent's end does not know this session any more; ask for a new invitation";
    switch (err) {
    case PROTO_ERR_CRYPTO:
        return s->by_link ? "the link is not that of the agent's invitation; ask for a new one"
                          : "the code is not that of the agent's invitation; read it again, digit by digit, and try again";
    case PROTO_ERR_BURNT:
        return "this invitation was used already or tried too often; ask for a new one";
    case PROTO_ERR_EXPIRED:
        return "the time of this invitation has run out; ask for a new one";
    default:
        return "the agent's end refused the invitation; ask for a new one";
    }
}

static void on_refused(struct proto_session *s, enum proto_err err)
{
    proto_pairing_free(s->pair.pairing);
    s->pair.pairing = NULL;
    if (s->resume_try < 2 && (s->resume.newest.set || s->resume.previous.set)) {
        s->resume_try++;
        pair_start(s);
        return;
    }
    if (err == PROTO_ERR_BUSY) {
        s->retry_pair_ms = s->now.mono_ms + PROTO_HEARTBEAT_MS;
        return;
    }
    session_error(s, err, refusal(s, err));
    session_finish(s, s->joined ? PROTO_END_CONNECTION_LOST : err == PROTO_ERR_EXPIRED ? PROTO_END_EXPIRED : PROTO_END_FAILED,
                   PROTO_INDEX_AGENT, refusal(s, err));
}

/* A first message opens a new attempt; a started one that never finished gives way to it. */
static enum proto_err accept_attempt(struct proto_session *s, enum proto_pairing_mode mode)
{
    struct proto_pairing_agent config = {
        .mode = mode,
        .random = s->random,
        .sid = s->sid,
        .join_host = s->join_host,
        .link = &s->invite_link,
        .code = &s->invite_code,
        .guard = &s->guard,
        .resume = &s->resume,
        .known_cs = s->cs_public,
        .credential = s->credential,
        .org = &s->org,
        .policy = &s->policy,
    };

    if (mode == PROTO_PAIRING_RESUME) {
        if (!s->joined)
            return PROTO_ERR_NOT_FOUND;
    } else if (s->invitation_used) {
        return PROTO_ERR_BURNT;
    } else if ((mode == PROTO_PAIRING_LINK && s->now.mono_ms >= s->link_until_ms) ||
               (mode == PROTO_PAIRING_CODE && (!s->by_code || s->now.mono_ms >= s->code_until_ms))) {
        return PROTO_ERR_EXPIRED;
    }
    proto_pairing_free(s->pair.pairing);
    s->pair.pairing = NULL;
    return proto_pairing_agent_new(&s->pair.pairing, &config, s->now);
}

static bool opens_attempt(const struct proto_session *s, const uint8_t *body, size_t len, enum proto_pairing_mode *mode)
{
    if (s->side == SIDE_CUSTOMER || proto_pairing_first_mode(body, len, mode))
        return false;
    return *mode != PROTO_PAIRING_CODE || body[0] == PROTO_PAIRING_CPACE1;
}

void pair_feed_handshake(struct proto_session *s, const uint8_t *body, size_t len)
{
    enum proto_pairing_mode mode;
    enum proto_err err = PROTO_OK;

    if (s->over || s->link != LINK_SEATED)
        return;
    if (s->side == SIDE_CUSTOMER && len == 2 && body[0] == HANDSHAKE_REFUSED) {
        if (s->pair.pairing)
            on_refused(s, body[1] < PROTO_ERR_COUNT ? (enum proto_err)body[1] : PROTO_ERR_REFUSED);
        return;
    }
    if (opens_attempt(s, body, len, &mode)) {
        err = accept_attempt(s, mode);
        if (err) {
            if (err != PROTO_ERR_NOT_FOUND)
                session_alarm(s, err, "somebody tried to join with an invitation that is not good any more");
            refuse_attempt(s, err);
            return;
        }
    }
    if (!s->pair.pairing)
        return; /* an answer to nothing */
    err = proto_pairing_feed(s->pair.pairing, body, len, s->now);
    if (err) {
        if (s->side == SIDE_AGENT)
            refuse_attempt(s, err);
        attempt_failed(s, err);
        return;
    }
    send_bodies(s);
    if (proto_pairing_done(s->pair.pairing)) {
        if (s->pair.up) { /* the agent's live pair gives way only now that the new one stands */
            struct proto_pairing *done = s->pair.pairing;
            s->pair.pairing = NULL;
            pair_close(s);
            s->pair.pairing = done;
        }
        pair_up(s);
    }
}

/* ---------------------------------------------------------------- control messages in */

static void on_heartbeat(struct proto_session *s, const void *message)
{
    const handhold_Heartbeat *hb = message;
    struct pair *p = &s->pair;

    if (hb->seq <= p->hb_peer_seq)
        return;
    p->hb_peer_seq = hb->seq;
    p->hb_heard_ms = s->now.mono_ms;
    p->hb_peer_mono_ms = hb->mono_ms;
    if (hb->peer_seq) {
        int64_t rtt = s->now.mono_ms - s->start_ms - (int64_t)hb->peer_mono_ms - hb->held_ms;
        if (rtt >= 0 && (p->best_rtt_ms < 0 || rtt <= p->best_rtt_ms)) {
            p->best_rtt_ms = rtt;
            p->offset_ms = (int64_t)hb->mono_ms + rtt / 2 - s->now.mono_ms;
        }
    }
    heard_again(s);
    relay_link_compare_log(s, hb->log_size, hb->log_root.bytes, hb->log_root.size);
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
    enum proto_capability capability = grants_by_stream(s, proto_kid_stream(((const handhold_KeyFrameRequest *)message)->kid));

    if (capability && proto_session_may_send(s, capability))
        events_add(&s->events, PROTO_EVENT_KEY_FRAME, 0);
}

static void on_bye(struct proto_session *s, const void *message)
{
    uint32_t reason = ((const handhold_Bye *)message)->reason;

    session_begin_end(s, reason > PROTO_END_NONE && reason < PROTO_END_COUNT ? (enum proto_end)reason : PROTO_END_COMPLETED,
                      s->side == SIDE_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER);
}

static void on_nonce(struct proto_session *s, const void *message)
{
    if (proto_check_reveal(&s->pair.check, ((const handhold_Nonce *)message)->n_a)) {
        session_alarm(s, PROTO_ERR_CRYPTO, "the check words were not fixed in time: somebody may sit between the two ends");
        pair_close(s);
        return;
    }
    event_words(s);
}

enum { FROM_AGENT = 1, FROM_CUSTOMER = 2, FROM_BOTH = 3 };

/* Which control messages an end takes, from whom, and what they are; DATA and KEYREL are read by their own files. */
static const struct control_rule {
    unsigned from;
    const pb_msgdesc_t *fields;
    size_t size;
    void (*on)(struct proto_session *s, const void *message);
} control_rules[PROTO_CONTROL_COUNT] = {
#define RULE(msg, from, type, handler) [PROTO_CONTROL_##msg] = {from, handhold_##type##_fields, sizeof(handhold_##type), handler}
    RULE(CONSENT_REQUEST, FROM_AGENT, ConsentRequest, on_consent_request),
    RULE(STATEMENT, FROM_CUSTOMER, Statement, on_statement),
    RULE(STATEMENT_ACK, FROM_AGENT, StatementAck, on_statement_ack),
    RULE(KEY_ACK, FROM_AGENT, KeyAck, on_key_ack),
    RULE(KEY_RETIRE, FROM_CUSTOMER, KeyRetire, on_key_retire),
    RULE(HEARTBEAT, FROM_BOTH, Heartbeat, on_heartbeat),
    RULE(DATA_ACK, FROM_BOTH, DataAck, on_data_ack),
    RULE(KEY_FRAME_REQUEST, FROM_AGENT, KeyFrameRequest, on_key_frame_request),
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
        /* Order, number and content are sealed: one message that does not open means that somebody interfered. */
        session_alarm(s, err, "a message between the two ends was altered, left out or repeated on its way");
        pair_close(s);
        if (s->side == SIDE_CUSTOMER)
            s->retry_pair_ms = s->now.mono_ms + PROTO_HEARTBEAT_MS;
    }
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
    return proto_earlier(at, p->hb_heard_ms + (p->stale ? PROTO_SILENT_MS : PROTO_STALE_MS));
}

static void tick_silence(struct proto_session *s)
{
    struct pair *p = &s->pair;
    int64_t silent_ms = s->now.mono_ms - p->hb_heard_ms;

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
            attempt_failed(s, err);
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
