/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's end of consent: statements are checked and co-signed, keys are taken only when a statement committed to
 * them, and a frame is opened only with such a key. What was withdrawn is deleted here; that a changed viewer could
 * keep what it was shown is said honestly to the customer.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/internal.h"

static void key_clear(struct held_key *key)
{
    proto_sframe_key_free(key->key);
    *key = (struct held_key){0};
}

static void forget_keys(struct held *held)
{
    key_clear(&held->now);
    key_clear(&held->before);
    held->layers = (struct proto_layers){0};
}

static struct held *held_by_stream(struct proto_session *s, uint8_t stream, enum proto_capability *capability)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (s->held[c].stream == stream && s->held[c].now.key) {
            *capability = (enum proto_capability)c;
            return &s->held[c];
        }
    }
    return NULL;
}

static void stop_viewing(struct proto_session *s, enum proto_capability capability)
{
    if (s->held[capability].viewing)
        outbox_event(s, PROTO_ACT_VIEWING_STOPPED, capability);
    s->held[capability].viewing = false;
}

void held_stop_viewing(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        stop_viewing(s, (enum proto_capability)c);
}

static void change_state(struct proto_session *s, enum proto_capability capability, enum proto_consent_state state,
                         const char *why)
{
    struct held *held = &s->held[capability];

    if (s->open_request == capability && state != PROTO_CONSENT_REQUESTED)
        s->open_request = PROTO_CAPABILITY_NONE;
    held->state = state;
    session_event_consent(s, capability, state, why, held->max_s, held->retention_days);
}

/* ---------------------------------------------------------------- statements */

static enum proto_err check_statement(const struct proto_session *s, const handhold_Statement *m,
                                      struct proto_statement *st, uint8_t text_hash[static 32], size_t *text_len)
{
    char name[PROTO_SIGNER_BYTES];
    struct proto_note_key key;

    proto_signer_customer(name, s->sid);
    enum proto_err err = proto_note_key_init(&key, name, s->cs_public);
    if (!err)
        err = proto_note_verify(m->note.bytes, m->note.size, &key, 1, text_len, NULL);
    if (!err)
        err = proto_statement_parse((const char *)m->note.bytes, *text_len, st);
    if (err)
        return err;
    proto_sha256(text_hash, m->note.bytes, *text_len);
    if (st->seq != m->seq || memcmp(st->sid, s->sid, sizeof st->sid) != 0)
        return PROTO_ERR_STATE;
    if (!st->everyone &&
        (memcmp(st->grantee, s->agent.fingerprint, sizeof st->grantee) != 0 || st->role != s->agent.role))
        return PROTO_ERR_CONSENT;
    return strcmp(st->domain, s->agent.domain) ? PROTO_ERR_CONSENT : PROTO_OK;
}

static void take_keyed(struct proto_session *s, const struct proto_statement *st, const uint8_t text_hash[static 32])
{
    struct held *held = &s->held[st->capability];

    held->epoch = st->epoch;
    memcpy(held->key_commit, st->key_commit, sizeof held->key_commit);
    memcpy(held->stmt_hash, text_hash, sizeof held->stmt_hash);
}

static enum proto_consent_state state_of_withdrawal(const struct proto_statement *st)
{
    if (!strcmp(st->purpose, PROTO_PURPOSE_EXPIRED))
        return PROTO_CONSENT_EXPIRED;
    return strcmp(st->purpose, PROTO_PURPOSE_BLOCKED) ? PROTO_CONSENT_WITHDRAWN : PROTO_CONSENT_BLOCKED;
}

/* A person's no quotes what was asked, which is no reason; a machine's no says why. */
static void apply_refusal(struct proto_session *s, const struct proto_statement *st)
{
    bool by_person = !proto_purpose_is_machines(st->purpose);

    change_state(s, st->capability,
                 strcmp(st->purpose, PROTO_PURPOSE_BLOCKED) ? PROTO_CONSENT_REFUSED : PROTO_CONSENT_BLOCKED,
                 by_person ? "" : st->purpose);
    s->refusals += by_person;
}

static enum proto_err apply(struct proto_session *s, const struct proto_statement *st,
                            const uint8_t text_hash[static 32])
{
    struct held *held = &s->held[st->capability];

    switch (st->action) {
    case PROTO_STATEMENT_GRANT:
        if (!st->has_key || !st->capability || !held->requested)
            return PROTO_ERR_STATE; /* nobody asked */
        held->requested = false;
        s->refusals = 0; /* only those in a row are an answer */
        held->max_s = st->max_s;
        held->retention_days = st->retention_days;
        take_keyed(s, st, text_hash);
        return PROTO_OK; /* granted it is when the key comes */
    case PROTO_STATEMENT_REKEY:
        if (!st->has_key || !st->capability || !held->epoch || st->epoch <= held->epoch)
            return PROTO_ERR_STATE;
        take_keyed(s, st, text_hash);
        return PROTO_OK;
    case PROTO_STATEMENT_WITHDRAW:
        forget_keys(held);
        held->epoch = 0;
        stop_viewing(s, st->capability);
        change_state(s, st->capability, state_of_withdrawal(st), st->purpose);
        return PROTO_OK;
    case PROTO_STATEMENT_REFUSE:
        held->requested = false;
        apply_refusal(s, st);
        return PROTO_OK;
    case PROTO_STATEMENT_JOIN:
    case PROTO_STATEMENT_LEAVE:
    case PROTO_STATEMENT_END:
    case PROTO_STATEMENT_ACTION_COUNT:
        break;
    }
    return PROTO_OK;
}

static void acknowledge(struct proto_session *s, uint32_t seq, const uint8_t *text, size_t text_len)
{
    handhold_StatementAck ack = {.seq = seq};
    struct proto_buf line;

    proto_buf_init(&line, sizeof ack.line);
    if (text && !proto_note_sign((const char *)text, text_len, s->outbox.signer, s->outbox.secret, &line) &&
        line.len < sizeof ack.line)
        memcpy(ack.line, line.bytes, line.len);
    pair_send_message(s, PROTO_CONTROL_STATEMENT_ACK, handhold_StatementAck_fields, &ack);
    proto_buf_free(&line);
}

void held_statement(struct proto_session *s, const handhold_Statement *m)
{
    struct proto_statement st;
    uint8_t text_hash[32];
    size_t text_len = 0;

    if (m->seq && m->seq <= s->stmt_seq) {
        acknowledge(s, m->seq, NULL, 0); /* it came before; its acknowledgement was lost */
        return;
    }
    enum proto_err err = check_statement(s, m, &st, text_hash, &text_len);
    bool follows = !err && st.seq == s->stmt_seq + 1 &&
                   (s->stmt_seq ? !st.first && !memcmp(st.prev, s->stmt_prev, sizeof s->stmt_prev) : st.first);
    if (!err && !follows)
        err = PROTO_ERR_REPLAY;
    if (!err) {
        s->stmt_seq = st.seq;
        memcpy(s->stmt_prev, text_hash, sizeof s->stmt_prev);
        err = apply(s, &st, text_hash);
        acknowledge(s, st.seq, err ? NULL : m->note.bytes, text_len); /* what was not agreed to is not co-signed */
    }
    if (err)
        session_alarm(s, err, "a statement of the customer's end does not verify: nothing was taken from it");
}

/* ---------------------------------------------------------------- keys */

void held_key_release(struct proto_session *s, const uint8_t *body, size_t len)
{
    struct proto_reader r = proto_reader_of(body, len);
    uint8_t base_key[PROTO_KEY_BYTES], stmt_hash[32], commit[32];
    enum proto_capability capability = (enum proto_capability)proto_read_u8(&r);
    uint8_t class = proto_read_u8(&r), sender = proto_read_u8(&r), stream = proto_read_u8(&r);
    uint32_t epoch = proto_read_u32(&r);
    uint16_t suite = proto_read_u16(&r);
    uint32_t ttl_s = proto_read_u32(&r);
    enum proto_err err = PROTO_ERR_CONSENT;

    proto_read_into(&r, base_key, sizeof base_key);
    proto_read_into(&r, stmt_hash, sizeof stmt_hash);
    (void)class; /* how frames travel is in their headers, under seal */
    (void)ttl_s; /* the customer's end and the relay keep the time; a withdrawal follows */
    if (!r.failed && !proto_reader_left(&r) && proto_capability_label(capability) && sender == PROTO_INDEX_CUSTOMER &&
        stream && stream <= PROTO_MAX_STREAM && suite == PROTO_SFRAME_AES_256_GCM_SHA512_128) {
        struct held *held = &s->held[capability];
        uint64_t kid = proto_kid(epoch, sender, stream);
        struct proto_sframe_key *key = NULL;

        proto_key_commit(commit, kid, base_key);
        /* Only the key that a live statement committed to: two viewers cannot be given two keys for one stream. */
        if (held->epoch && held->epoch == epoch && !sodium_memcmp(held->stmt_hash, stmt_hash, sizeof stmt_hash) &&
            !sodium_memcmp(held->key_commit, commit, sizeof commit) && (!held->now.key || held->now.kid != kid))
            err = proto_sframe_key_new(&key, (enum proto_sframe_suite)suite, kid, base_key, sizeof base_key);
        if (!err) {
            handhold_KeyAck ack = {.kid = kid};
            key_clear(&held->before);
            held->before = held->now;
            held->now = (struct held_key){.key = key, .kid = kid};
            held->stream = stream;
            pair_send_message(s, PROTO_CONTROL_KEY_ACK, handhold_KeyAck_fields, &ack);
            if (held->state != PROTO_CONSENT_GRANTED)
                change_state(s, capability, PROTO_CONSENT_GRANTED, held->purpose);
        }
    }
    sodium_memzero(base_key, sizeof base_key);
    if (err && !s->ending) /* one that crossed our good-bye is only too late */
        session_alarm(s, err, "a key came that no statement of the customer committed to: it was thrown away");
}

void held_key_retire(struct proto_session *s, uint64_t kid)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (s->held[c].now.key && s->held[c].now.kid == kid)
            key_clear(&s->held[c].now);
        if (s->held[c].before.key && s->held[c].before.kid == kid)
            key_clear(&s->held[c].before);
    }
}

/* ---------------------------------------------------------------- frames */

static int64_t capture_time(const struct proto_session *s, uint32_t ts_ms)
{
    if (s->pair.best_rtt_ms < 0)
        return 0;
    return (int64_t)ts_ms - s->pair.offset_ms;
}

static void deliver(struct proto_session *s, enum proto_capability capability, const struct proto_media_header *header,
                    struct event_node *node, size_t len)
{
    struct proto_media_header *copy = (struct proto_media_header *)(void *)node->store;

    *copy = *header;
    node->event.media.capability = capability;
    node->event.media.header = copy;
    node->event.media.bytes = node->store + sizeof *copy;
    node->event.media.len = len;
    node->event.media.capture_mono_ms = capture_time(s, header->ts_ms);
}

static void refuse_frame(struct proto_session *s)
{
    s->figures.frames_refused++;
}

/* What is behind a frame that opened: may a decoder see it? */
static bool passes(struct proto_session *s, enum proto_capability capability, const struct proto_media_header *header,
                   struct held_key *key, uint64_t counter)
{
    struct held *held = &s->held[capability];

    if (header->flags & PROTO_MEDIA_RELIABLE) {
        if (counter != key->expected)
            session_alarm(s, PROTO_ERR_REPLAY, "the relay left out messages that it must not leave out");
        if (counter < key->expected) {
            refuse_frame(s); /* it was held back: what it says was true once */
            return false;
        }
        key->expected = counter + 1;
        return true;
    }
    if (header->class != PROTO_CLASS_VIDEO)
        return true;
    enum proto_layers_verdict verdict = proto_layers_take(&held->layers, header, counter);
    if (verdict == PROTO_LAYERS_NEED_KEY)
        proto_session_want_key_frame(s, capability, s->now);
    if (verdict == PROTO_LAYERS_LATE)
        refuse_frame(s);
    return verdict == PROTO_LAYERS_PASS;
}

static struct held_key *key_for(struct held *held, uint64_t kid)
{
    if (held->now.key && held->now.kid == kid)
        return &held->now;
    return held->before.key && held->before.kid == kid ? &held->before : NULL;
}

void held_media(struct proto_session *s, const uint8_t *message, size_t len)
{
    uint8_t meta[PROTO_MEDIA_HEADER_BYTES + PROTO_HASH_BYTES];
    enum proto_capability capability = PROTO_CAPABILITY_NONE;
    const uint8_t *frame = message + PROTO_MEDIA_HEADER_BYTES;
    size_t frame_len = len - PROTO_MEDIA_HEADER_BYTES, header_len, opened = 0;
    struct proto_media_header header;
    uint64_t kid, counter;

    if (s->side != SIDE_AGENT || proto_media_header_parse(message, len, &header) ||
        proto_sframe_header_parse(frame, frame_len, &kid, &counter, &header_len) ||
        header.src != proto_kid_sender(kid) || header.stream != proto_kid_stream(kid)) {
        refuse_frame(s);
        return;
    }
    struct held *held = held_by_stream(s, header.stream, &capability);
    struct held_key *key = held ? key_for(held, kid) : NULL;
    if (!key || !proto_replay_fresh(&key->replay, counter)) {
        refuse_frame(s);
        return;
    }
    struct event_node *node = events_make(PROTO_EVENT_MEDIA, sizeof header + frame_len);
    if (!node)
        return;
    memcpy(meta, message, PROTO_MEDIA_HEADER_BYTES);
    memcpy(meta + PROTO_MEDIA_HEADER_BYTES, s->ctx, sizeof s->ctx);
    if (proto_sframe_open(key->key, meta, sizeof meta, frame, frame_len, node->store + sizeof header, frame_len,
                          &opened)) {
        refuse_frame(s);
        free(node);
        return;
    }
    if (!key->replay.next) /* not left to the EPOCH_START flag: that frame may be the one that was lost, or come late */
        held->layers = (struct proto_layers){0};
    proto_replay_take(&key->replay, counter);
    s->figures.frames_opened++;
    media_arrived(s, &header);
    if (key == &held->now)
        key_clear(&held->before); /* the first valid frame of a higher epoch ends the one before */
    if (!held->viewing) {
        held->viewing = true;
        outbox_event(s, PROTO_ACT_VIEWING_STARTED, capability);
    }
    if (passes(s, capability, &header, key, counter)) {
        deliver(s, capability, &header, node, opened);
        events_append(&s->events, node);
    } else {
        free(node);
    }
}

void proto_session_want_key_frame(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    enum { KEY_FRAME_EVERY_MS = 300 };

    s->now = now;
    if (!proto_capability_label(capability))
        return;
    struct held *held = &s->held[capability];
    if (s->side != SIDE_AGENT || !held->now.key ||
        (held->key_frame_asked_ms && now.mono_ms < held->key_frame_asked_ms + KEY_FRAME_EVERY_MS))
        return;
    held->key_frame_asked_ms = now.mono_ms;
    held->layers.running = false;
    handhold_KeyFrameRequest message = {.kid = held->now.kid};
    pair_send_message(s, PROTO_CONTROL_KEY_FRAME_REQUEST, handhold_KeyFrameRequest_fields, &message);
}

/* ---------------------------------------------------------------- asking */

enum proto_err proto_session_request(struct proto_session *s, enum proto_capability capability, const char *purpose,
                                     uint32_t max_s, struct proto_now now)
{
    s->now = now;
    if (!proto_capability_label(capability) || !proto_value_valid(purpose) || !*purpose ||
        proto_purpose_is_machines(purpose))
        return PROTO_ERR_RANGE;
    struct held *held = &s->held[capability];
    if (s->side != SIDE_AGENT || !s->pair.up || s->ending || s->open_request || held->state == PROTO_CONSENT_GRANTED)
        return PROTO_ERR_STATE;
    if (s->refusals >= PROTO_REFUSALS_MUTE)
        return PROTO_ERR_CONSENT; /* three times no is an answer */
    uint32_t seconds = proto_policy_seconds(&s->policy, capability, max_s);
    if (proto_policy_allows(&s->policy, capability, s->agent.role, seconds) ||
        !proto_policy_offers(&s->policy, purpose))
        return PROTO_ERR_POLICY;
    handhold_ConsentRequest message = {
        .number = ++s->asked,
        .capability = capability,
        .max_s = seconds,
        .retention_days = proto_policy_retention_days(&s->policy, capability),
    };
    if (PROTO_SET_TEXT(message.purpose, purpose))
        return PROTO_ERR_RANGE;
    s->open_request = capability;
    held->requested = true;
    memcpy(held->purpose, message.purpose, sizeof held->purpose);
    held->max_s = seconds;
    held->retention_days = message.retention_days;
    pair_send_message(s, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &message);
    change_state(s, capability, PROTO_CONSENT_REQUESTED, held->purpose);
    return PROTO_OK;
}

/* ---------------------------------------------------------------- the pair goes */

void held_suspend(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        forget_keys(&s->held[c]); /* a resumed grant has a fresh key */
        if (s->open_request == (enum proto_capability)c && !s->held[c].epoch)
            change_state(s, (enum proto_capability)c, PROTO_CONSENT_NONE, PROTO_PURPOSE_CONNECTION_LOST);
    }
}

void held_clear(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        forget_keys(&s->held[c]);
        sodium_memzero(s->held[c].key_commit, sizeof s->held[c].key_commit);
    }
}
