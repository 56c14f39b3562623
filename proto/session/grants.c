/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consent is a key: the customer's end of every capability. This is the one place where a media key is born or dies.
 *
 *      NONE --request--> ASKED --Allow--> LOGGING --receipt verified--> RELEASING --KEY_ACK or 0.5 s--> LIVE
 *                          |                 |                             |                              | ^
 *                          refuse            10 s without receipt          |     pair gone: key wiped     v | rekey
 *                          v                 v                             +-------------------------> SUSPENDED
 *                        NONE <----------------------- withdraw, expiry, grace over ----------------------+
 *
 * A withdrawal never waits for anybody: first capture stops and the key is wiped, then the gate closes, then the others are told
 * and the log gets its note.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/internal.h"

/* How a capability's frames travel. */
static const struct travel {
    enum proto_class class;
    uint8_t prio;
    bool media; /* false: nothing flows from the customer under it (recording, torch, …) */
} travels[PROTO_CAPABILITY_COUNT] = {
    [PROTO_CAPABILITY_CAMERA] = {PROTO_CLASS_VIDEO, 3, true},
    [PROTO_CAPABILITY_MICROPHONE] = {PROTO_CLASS_AUDIO, 0, true},
    [PROTO_CAPABILITY_DEVICE_STATE] = {PROTO_CLASS_RELIABLE, 1, true},
    [PROTO_CAPABILITY_STILL] = {PROTO_CLASS_BULK, 2, true},
    [PROTO_CAPABILITY_LOCATION] = {PROTO_CLASS_RELIABLE, 1, true},
};

enum { KEY_RELEASE_BYTES = 4 + 4 + 2 + 4 + PROTO_KEY_BYTES + PROTO_HASH_BYTES };

static uint64_t grant_kid(const struct grant *grant)
{
    return proto_kid(grant->epoch, PROTO_INDEX_CUSTOMER, grant->stream);
}

enum proto_capability grants_by_stream(const struct proto_session *s, uint8_t stream)
{
    for (int c = 1; stream && c < PROTO_CAPABILITY_COUNT; c++)
        if (s->grants[c].stream == stream)
            return (enum proto_capability)c;
    return PROTO_CAPABILITY_NONE;
}

/* ---------------------------------------------------------------- keys */

static void wipe_key(struct proto_session *s, struct grant *grant)
{
    proto_sframe_key_free(grant->key);
    grant->key = NULL;
    sodium_memzero(grant->base_key, sizeof grant->base_key);
    outq_purge(&s->out, grant->stream); /* captured before, not sent yet: nobody is to open it any more */
}

static void draw_stream(struct proto_session *s, struct grant *grant)
{
    uint8_t stream = 0;

    while (!grant->stream) {
        proto_random_fill(&s->random, &stream, 1);
        stream &= PROTO_MAX_STREAM;
        if (stream && !grants_by_stream(s, stream))
            grant->stream = stream;
    }
}

static enum proto_err make_key(struct proto_session *s, struct grant *grant)
{
    wipe_key(s, grant);
    draw_stream(s, grant);
    grant->epoch = ++s->next_epoch;
    grant->counter = 0;
    grant->rotate_ms = s->now.mono_ms + PROTO_EPOCH_MS;
    proto_random_fill(&s->random, grant->base_key, sizeof grant->base_key);
    return proto_sframe_key_new(&grant->key, PROTO_SFRAME_AES_256_GCM_SHA512_128, grant_kid(grant), grant->base_key,
                                sizeof grant->base_key);
}

/* ---------------------------------------------------------------- statements */

/* The words the customer had before her; the screen may say them in another language, the hash is of these. */
static void hash_shown(uint8_t out[static 32], enum proto_capability capability, const struct grant *grant)
{
    struct proto_buf text;

    proto_buf_init(&text, 512);
    proto_buf_printf(&text, "en\n%s\n%s\n%u\n", capability ? proto_capability_label(capability) : "-", grant->purpose, grant->max_s);
    proto_sha256(out, text.bytes, text.len);
    proto_buf_free(&text);
}

static struct note_entry *state(struct proto_session *s, enum proto_statement_action action, enum proto_capability capability,
                                const char *purpose)
{
    struct grant none = {0}, *grant = capability ? &s->grants[capability] : &none;
    bool keyed = action == PROTO_STATEMENT_GRANT || action == PROTO_STATEMENT_REKEY;
    struct proto_statement st = {
        .seq = s->outbox.seq + 1,
        .first = s->outbox.seq == 0,
        .unix_s = s->now.unix_ms / 1000,
        .action = action,
        .capability = capability,
        .everyone = action == PROTO_STATEMENT_REKEY || action == PROTO_STATEMENT_END,
        .role = s->agent.role,
        .verified = s->verified,
        .epoch = grant->epoch,
        .max_s = grant->max_s,
        .retention_days = grant->retention_days,
        .has_key = keyed,
    };
    struct note_entry *entry = NULL;
    struct proto_buf text;

    memcpy(st.sid, s->sid, sizeof st.sid);
    memcpy(st.prev, s->outbox.prev, sizeof st.prev);
    memcpy(st.grantee, s->agent.fingerprint, sizeof st.grantee);
    memcpy(st.ui_build, s->ui_build, sizeof st.ui_build);
    hash_shown(st.ui_text, capability, grant);
    if (keyed)
        proto_key_commit(st.key_commit, grant_kid(grant), grant->base_key);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    if (!proto_set_text(st.domain, sizeof st.domain, s->agent.domain) && !proto_set_text(st.purpose, sizeof st.purpose, purpose) &&
        !proto_statement_write(&st, &text))
        entry = outbox_add(s, &text, PROTO_LOG_STATEMENT, capability, proto_statement_action_name(action),
                           action == PROTO_STATEMENT_REKEY,
                           s->pair.up ? PROTO_COSIGN_WAIT_MS : 0);
    proto_buf_free(&text);
    if (!entry) {
        session_error(s, PROTO_ERR_FULL, "a decision could not be noted: too many notes wait for the log");
        return NULL;
    }
    handhold_Statement message = {.seq = entry->seq};
    memcpy(message.r, entry->r, sizeof message.r);
    if (!PROTO_SET_BYTES(message.note, entry->note.bytes, entry->note.len))
        pair_send_message(s, PROTO_CONTROL_STATEMENT, handhold_Statement_fields, &message);
    outbox_flush(s);
    return entry;
}

/* ---------------------------------------------------------------- telling */

static void set_capture(struct proto_session *s, enum proto_capability capability, bool on)
{
    struct grant *grant = &s->grants[capability];

    if (grant->capturing == on)
        return;
    grant->capturing = on;
    struct event_node *node = events_add(&s->events, PROTO_EVENT_CAPTURE, 0);
    if (node) {
        node->event.capture.capability = capability;
        node->event.capture.on = on;
    }
}

static void tell(struct proto_session *s, enum proto_capability capability, enum proto_consent_state consent, const char *why)
{
    const struct grant *grant = &s->grants[capability];

    session_event_consent(s, capability, consent, why, grant->max_s, grant->retention_days);
}

static uint32_t seconds_left(const struct proto_session *s, const struct grant *grant)
{
    if (grant->expires_ms == PROTO_NEVER)
        return 0;
    int64_t left_ms = grant->expires_ms - s->now.mono_ms;
    return left_ms <= 1000 ? 1 : (uint32_t)((left_ms + 999) / 1000);
}

static void retire_key(struct proto_session *s, uint64_t kid)
{
    handhold_KeyRetire message = {.kid = kid};

    pair_send_message(s, PROTO_CONTROL_KEY_RETIRE, handhold_KeyRetire_fields, &message);
}

/* ---------------------------------------------------------------- being asked */

/* Why a request is not even put before the customer; NULL: it is. */
static const char *cannot_be_asked(const struct proto_session *s, enum proto_capability capability, const char *purpose,
                                   uint32_t max_s, uint32_t retention_days)
{
    if (!s->verified && capability != PROTO_CAPABILITY_MICROPHONE)
        return PROTO_PURPOSE_UNVERIFIED;
    if ((!s->verified || s->policy.check_words_required) && !s->words_matched)
        return PROTO_PURPOSE_WORDS;
    if (proto_policy_allows(&s->policy, capability, s->agent.role, max_s) ||
        retention_days > proto_policy_retention_days(&s->policy, capability) || !proto_policy_offers(&s->policy, purpose))
        return PROTO_PURPOSE_FORBIDDEN;
    if (!(s->offers & 1u << capability))
        return PROTO_PURPOSE_BLOCKED;
    return NULL;
}

void grants_requested(struct proto_session *s, const handhold_ConsentRequest *request)
{
    enum proto_capability capability = (enum proto_capability)request->capability;

    if (!proto_capability_label(capability) || request->number <= s->request_number || !proto_value_valid(request->purpose) ||
        proto_purpose_is_machines(request->purpose)) {
        session_alarm(s, PROTO_ERR_FORMAT, "the agent's end sent a request that is not one");
        return;
    }
    s->request_number = request->number;
    struct grant *grant = &s->grants[capability];
    bool one_open = false;
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        one_open = one_open || s->grants[c].phase == GRANT_ASKED;
    if (s->ending || one_open || grant->phase != GRANT_NONE || s->refusals >= PROTO_REFUSALS_MUTE)
        return; /* the agent's own end does not let this happen; a changed one gets no answer and no note to fill the log with */
    grant->max_s = request->max_s;
    grant->retention_days = request->retention_days;
    memcpy(grant->purpose, request->purpose, sizeof grant->purpose);
    grant->phase = GRANT_ASKED;
    const char *why_not = cannot_be_asked(s, capability, request->purpose, request->max_s, request->retention_days);
    if (!why_not) {
        tell(s, capability, PROTO_CONSENT_REQUESTED, grant->purpose);
        return;
    }
    state(s, PROTO_STATEMENT_REFUSE, capability, why_not);
    grant->phase = GRANT_NONE;
    tell(s, capability, !strcmp(why_not, PROTO_PURPOSE_BLOCKED) ? PROTO_CONSENT_BLOCKED : PROTO_CONSENT_REFUSED, why_not);
}

/* `why` is what this end says; when a person said no it is empty, and the statement keeps the words that they said no to. */
static enum proto_err refuse(struct proto_session *s, enum proto_capability capability, const char *why, enum proto_consent_state how)
{
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    if (s->grants[capability].phase != GRANT_ASKED)
        return PROTO_ERR_CONSENT;
    state(s, PROTO_STATEMENT_REFUSE, capability, *why ? why : s->grants[capability].purpose);
    s->grants[capability].phase = GRANT_NONE;
    tell(s, capability, how, why);
    return PROTO_OK;
}

enum proto_err proto_session_refuse(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    enum proto_err err = refuse(s, capability, "", PROTO_CONSENT_REFUSED);
    s->refusals += !err;
    return err;
}

enum proto_err proto_session_grant(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    struct grant *grant = &s->grants[capability];
    if (grant->phase != GRANT_ASKED)
        return PROTO_ERR_CONSENT;
    if (s->log_distrusted)
        return PROTO_ERR_LOG;
    enum proto_err err = make_key(s, grant);
    if (err)
        return err;
    grant->expires_ms = grant->max_s ? now.mono_ms + (int64_t)grant->max_s * 1000 : PROTO_NEVER;
    struct note_entry *entry = state(s, PROTO_STATEMENT_GRANT, capability, grant->purpose);
    if (!entry) {
        wipe_key(s, grant);
        return PROTO_ERR_FULL;
    }
    grant->phase = GRANT_LOGGING;
    grant->logged = false;
    grant->grant_seq = entry->seq;
    memcpy(grant->stmt_hash, entry->text_hash, sizeof grant->stmt_hash);
    grant->deadline_ms = now.mono_ms + PROTO_RECEIPT_WAIT_MS;
    s->refusals = 0;
    return PROTO_OK;
}

/* ---------------------------------------------------------------- release */

static void send_key(struct proto_session *s, enum proto_capability capability)
{
    const struct grant *grant = &s->grants[capability];
    struct proto_buf body;

    proto_buf_init_secret(&body, KEY_RELEASE_BYTES);
    proto_buf_put_u8(&body, (uint8_t)capability);
    proto_buf_put_u8(&body, (uint8_t)travels[capability].class);
    proto_buf_put_u8(&body, PROTO_INDEX_CUSTOMER);
    proto_buf_put_u8(&body, grant->stream);
    proto_buf_put_u32(&body, grant->epoch);
    proto_buf_put_u16(&body, PROTO_SFRAME_AES_256_GCM_SHA512_128);
    proto_buf_put_u32(&body, seconds_left(s, grant));
    proto_buf_put(&body, grant->base_key, sizeof grant->base_key);
    proto_buf_put(&body, grant->stmt_hash, sizeof grant->stmt_hash);
    if (!body.failed)
        pair_send(s, PROTO_CONTROL_KEY_RELEASE, body.bytes, body.len);
    proto_buf_free(&body);
}

/* The log has it, and this end has verified that. Only now may the key leave. */
static void release(struct proto_session *s, enum proto_capability capability)
{
    struct grant *grant = &s->grants[capability];

    if (!s->pair.up) {
        wipe_key(s, grant);
        grant->phase = GRANT_SUSPENDED;
        return;
    }
    if (travels[capability].media)
        relay_link_gate(s, capability, true, seconds_left(s, grant));
    send_key(s, capability);
    grant->phase = GRANT_RELEASING;
    grant->deadline_ms = s->now.mono_ms + PROTO_KEY_ACK_WAIT_MS;
}

void grants_note_logged(struct proto_session *s, const struct note_entry *entry, const uint8_t leaf_hash[static 32])
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        struct grant *grant = &s->grants[c];
        if (grant->grant_seq != entry->seq || grant->logged || (grant->phase != GRANT_LOGGING && grant->phase != GRANT_SUSPENDED))
            continue;
        grant->logged = true;
        memcpy(grant->leaf_hash, leaf_hash, sizeof grant->leaf_hash);
        if (grant->phase == GRANT_LOGGING) {
            release(s, (enum proto_capability)c);
            tell(s, (enum proto_capability)c, PROTO_CONSENT_GRANTED, grant->purpose);
        }
    }
}

static void go_live(struct proto_session *s, enum proto_capability capability)
{
    struct grant *grant = &s->grants[capability];

    sodium_memzero(grant->base_key, sizeof grant->base_key);
    grant->phase = GRANT_LIVE;
    grant->deadline_ms = PROTO_NEVER;
    if (!s->paused)
        set_capture(s, capability, true);
}

void grants_key_acked(struct proto_session *s, uint64_t kid)
{
    enum proto_capability capability = grants_by_stream(s, proto_kid_stream(kid));

    if (capability && s->grants[capability].phase == GRANT_RELEASING && grant_kid(&s->grants[capability]) == kid)
        go_live(s, capability);
}

/* ---------------------------------------------------------------- withdrawal */

static bool holds_consent(const struct grant *grant)
{
    return grant->phase >= GRANT_LOGGING;
}

static void withdraw(struct proto_session *s, enum proto_capability capability, const char *why, enum proto_consent_state how)
{
    struct grant *grant = &s->grants[capability];
    uint64_t kid = grant_kid(grant);

    set_capture(s, capability, false);
    wipe_key(s, grant);
    if (grant->gate_open)
        relay_link_gate(s, capability, false, 0);
    retire_key(s, kid);
    state(s, PROTO_STATEMENT_WITHDRAW, capability, why);
    grant->phase = GRANT_NONE;
    grant->grant_seq = 0;
    grant->deadline_ms = PROTO_NEVER;
    tell(s, capability, how, why);
}

enum proto_err proto_session_withdraw(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    if (!holds_consent(&s->grants[capability]))
        return PROTO_ERR_CONSENT;
    withdraw(s, capability, "", PROTO_CONSENT_WITHDRAWN);
    return PROTO_OK;
}

enum proto_err proto_session_blocked(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    if (!holds_consent(&s->grants[capability]))
        return refuse(s, capability, PROTO_PURPOSE_BLOCKED, PROTO_CONSENT_BLOCKED);
    withdraw(s, capability, PROTO_PURPOSE_BLOCKED, PROTO_CONSENT_BLOCKED);
    return PROTO_OK;
}

void grants_withdraw_all(struct proto_session *s, const char *purpose)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (holds_consent(&s->grants[c]))
            withdraw(s, (enum proto_capability)c, purpose, PROTO_CONSENT_WITHDRAWN);
        else if (s->grants[c].phase == GRANT_ASKED)
            (void)refuse(s, (enum proto_capability)c, purpose, PROTO_CONSENT_REFUSED); /* no answer is no */
    }
}

void grants_end_statement(struct proto_session *s)
{
    state(s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, proto_end_name(s->end_reason));
}

void grants_gate_answered(struct proto_session *s, uint32_t gate_seq, enum proto_err err, const char *message)
{
    if (!err)
        return;
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        struct grant *grant = &s->grants[c];
        if (!grant->gate_open || grant->gate_seq != gate_seq || !holds_consent(grant))
            continue;
        grant->gate_open = false;
        session_error(s, err, message);
        withdraw(s, (enum proto_capability)c, PROTO_PURPOSE_NO_GATE, PROTO_CONSENT_WITHDRAWN);
    }
}

/* ---------------------------------------------------------------- the pair goes and comes */

void grants_suspend(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        struct grant *grant = &s->grants[c];
        if (grant->phase == GRANT_LOGGING && !grant->logged)
            continue; /* its key never left; the receipt decides */
        if (grant->phase == GRANT_ASKED) { /* the agent asks again when it is back */
            grant->phase = GRANT_NONE;
            tell(s, (enum proto_capability)c, PROTO_CONSENT_NONE, PROTO_PURPOSE_CONNECTION_LOST);
        }
        if (!holds_consent(grant) || grant->phase == GRANT_SUSPENDED)
            continue;
        set_capture(s, (enum proto_capability)c, false);
        wipe_key(s, grant);
        if (grant->gate_open)
            relay_link_gate(s, (enum proto_capability)c, false, 0);
        grant->phase = GRANT_SUSPENDED;
        grant->deadline_ms = PROTO_NEVER;
    }
}

/* A fresh key under a `rekey` statement: nobody is asked again, nothing earlier is readable with it. */
static void rekey(struct proto_session *s, enum proto_capability capability)
{
    struct grant *grant = &s->grants[capability];

    set_capture(s, capability, false);
    if (make_key(s, grant)) {
        withdraw(s, capability, PROTO_PURPOSE_CONNECTION_LOST, PROTO_CONSENT_WITHDRAWN);
        return;
    }
    struct note_entry *entry = state(s, PROTO_STATEMENT_REKEY, capability, "");
    if (!entry) {
        withdraw(s, capability, PROTO_PURPOSE_NOT_LOGGED, PROTO_CONSENT_WITHDRAWN);
        return;
    }
    memcpy(grant->stmt_hash, entry->text_hash, sizeof grant->stmt_hash);
    release(s, capability);
}

void grants_resume(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        if (s->grants[c].phase == GRANT_SUSPENDED && s->grants[c].logged)
            rekey(s, (enum proto_capability)c);
}

/* ---------------------------------------------------------------- pause */

enum proto_err proto_session_pause(struct proto_session *s, bool paused, const char *by, const char *reason, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_paused_tag};

    s->now = now;
    if (s->side != SIDE_CUSTOMER || !s->joined || s->ending)
        return PROTO_ERR_STATE;
    if (s->paused == paused)
        return PROTO_OK;
    data.body.paused.paused = paused;
    if (proto_set_text(data.body.paused.by, sizeof data.body.paused.by, by) ||
        proto_set_text(data.body.paused.reason, sizeof data.body.paused.reason, reason))
        return PROTO_ERR_RANGE;
    s->paused = paused;
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (s->grants[c].phase != GRANT_LIVE)
            continue;
        set_capture(s, (enum proto_capability)c, !paused);
        if (paused)
            outq_purge(&s->out, s->grants[c].stream);
    }
    return data_send(s, &data);
}

/* ---------------------------------------------------------------- frames */

bool proto_session_may_send(const struct proto_session *s, enum proto_capability capability)
{
    return proto_capability_label(capability) && s->grants[capability].phase == GRANT_LIVE && s->grants[capability].key &&
           !s->paused && travels[capability].media;
}

static struct proto_media_header header_of(const struct proto_session *s, enum proto_capability capability,
                                           const struct proto_frame *frame)
{
    const struct grant *grant = &s->grants[capability];
    unsigned flags = (frame->key ? PROTO_MEDIA_KEY : 0u) | (frame->discardable ? PROTO_MEDIA_DISCARDABLE : 0u) |
                     (travels[capability].class == PROTO_CLASS_RELIABLE ? PROTO_MEDIA_RELIABLE : 0u) |
                     (grant->counter == 0 ? PROTO_MEDIA_EPOCH_START : 0u);

    return (struct proto_media_header){
        .flags = (uint8_t)flags,
        .src = PROTO_INDEX_CUSTOMER,
        .stream = grant->stream,
        .tid = frame->tid,
        .class = travels[capability].class,
        .prio = travels[capability].prio,
        .tl0 = grant->tl0,
        .ts_ms = (uint32_t)(frame->capture_mono_ms - s->start_ms),
        .obj = grant->object,
    };
}

enum proto_err proto_session_push_frame(struct proto_session *s, enum proto_capability capability,
                                        const struct proto_frame *frame, struct proto_now now)
{
    uint8_t meta[PROTO_MEDIA_HEADER_BYTES + PROTO_HASH_BYTES];
    size_t sealed = 0;

    s->now = now;
    if (!proto_session_may_send(s, capability))
        return PROTO_ERR_CONSENT;
    struct grant *grant = &s->grants[capability];
    if (frame->tid > 7 || frame->len > PROTO_MAX_MEDIA_BYTES - PROTO_MEDIA_HEADER_BYTES - PROTO_SFRAME_OVERHEAD_MAX)
        return PROTO_ERR_RANGE;
    size_t room = proto_sframe_header_len(grant_kid(grant), grant->counter) + frame->len + PROTO_SFRAME_TAG_BYTES;
    if (!outq_has_room(&s->out, grant->stream, PROTO_MEDIA_HEADER_BYTES + room))
        return PROTO_ERR_FULL;
    struct outq_message *message = outq_message_new(grant->stream, PROTO_MEDIA_HEADER_BYTES + room);
    if (!message)
        return PROTO_ERR_NOMEM;
    if (frame->tid == 0)
        grant->tl0++;
    grant->object++;
    struct proto_media_header header = header_of(s, capability, frame);
    proto_media_header_write(message->bytes, &header);
    memcpy(meta, message->bytes, PROTO_MEDIA_HEADER_BYTES);
    memcpy(meta + PROTO_MEDIA_HEADER_BYTES, s->ctx, sizeof s->ctx);
    enum proto_err err = proto_sframe_seal(grant->key, grant->counter++, meta, sizeof meta, frame->bytes, frame->len,
                                           message->bytes + PROTO_MEDIA_HEADER_BYTES, room, &sealed);
    if (err || !outq_append(&s->out, message)) {
        if (err)
            free(message);
        return err ? err : PROTO_ERR_FULL;
    }
    s->figures.frames_sealed++;
    return PROTO_OK;
}

/* ---------------------------------------------------------------- time */

static bool rotates(const struct proto_session *s, const struct grant *grant)
{
    return grant->phase == GRANT_LIVE && (s->now.mono_ms >= grant->rotate_ms || grant->counter >= PROTO_EPOCH_FRAMES);
}

int64_t grants_deadline(const struct proto_session *s)
{
    int64_t at = PROTO_NEVER;

    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        const struct grant *grant = &s->grants[c];
        if (!holds_consent(grant))
            continue;
        at = proto_earlier(at, grant->expires_ms);
        if (grant->phase == GRANT_LOGGING || grant->phase == GRANT_RELEASING)
            at = proto_earlier(at, grant->deadline_ms);
        if (grant->phase == GRANT_LIVE)
            at = proto_earlier(at, grant->counter >= PROTO_EPOCH_FRAMES ? s->now.mono_ms : grant->rotate_ms);
    }
    return at;
}

static void tick_grant(struct proto_session *s, enum proto_capability capability)
{
    struct grant *grant = &s->grants[capability];

    if (!holds_consent(grant))
        return;
    if (s->now.mono_ms >= grant->expires_ms)
        withdraw(s, capability, PROTO_PURPOSE_EXPIRED, PROTO_CONSENT_EXPIRED);
    else if (grant->phase == GRANT_LOGGING && s->now.mono_ms >= grant->deadline_ms)
        withdraw(s, capability, PROTO_PURPOSE_NOT_LOGGED, PROTO_CONSENT_WITHDRAWN);
    else if (grant->phase == GRANT_RELEASING && s->now.mono_ms >= grant->deadline_ms)
        go_live(s, capability);
    else if (rotates(s, grant))
        rekey(s, capability);
}

void grants_tick(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        tick_grant(s, (enum proto_capability)c);
}

void grants_clear(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        set_capture(s, (enum proto_capability)c, false);
        wipe_key(s, &s->grants[c]);
        s->grants[c].phase = GRANT_NONE;
    }
}
