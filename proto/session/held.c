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
#include "proto/session/held.h"

void held_key_clear(struct held_key *key)
{
    proto_sframe_key_free(key->key);
    proto_sframe_key_free(key->reply);
    *key = (struct held_key){0};
}

static void forget_keys(struct held *held)
{
    held_key_clear(&held->now);
    held_key_clear(&held->before);
    held->layers = (struct proto_layers){0};
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

void held_change_state(struct proto_session *s, enum proto_capability capability, enum proto_consent_state state,
                       const char *why)
{
    struct held *held = &s->held[capability];

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
    if (!proto_statement_shows_itself(st)) /* the customer read something else */
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

    held_change_state(s, st->capability,
                      strcmp(st->purpose, PROTO_PURPOSE_BLOCKED) ? PROTO_CONSENT_REFUSED : PROTO_CONSENT_BLOCKED,
                      by_person ? "" : st->purpose);
    if (by_person && s->refused_request != s->held[st->capability].request) { /* a sheet counts once */
        s->refused_request = s->held[st->capability].request;
        s->refusals++;
    }
}

/* The customer's end tells when the time is over. It may be asleep: then this end says so, a moment later. */
static void count_time(const struct proto_session *s, struct held *held, uint32_t max_s)
{
    held->over_ms = max_s ? s->now.mono_ms + (int64_t)max_s * 1000 + PROTO_SILENT_MS : PROTO_NEVER;
}

static bool is_counted(const struct held *held)
{
    return held->epoch && held->state == PROTO_CONSENT_GRANTED;
}

static void end_consent(struct proto_session *s, enum proto_capability capability, enum proto_consent_state state,
                        const char *why)
{
    struct held *held = &s->held[capability];

    forget_keys(held);
    stop_viewing(s, capability);
    if (capability == PROTO_CAPABILITY_STILL)
        still_in_end(s);
    if (held->state != state) /* else it was said */
        held_change_state(s, capability, state, why);
}

int64_t held_deadline(const struct proto_session *s)
{
    int64_t at = PROTO_NEVER;

    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        if (is_counted(&s->held[c]))
            at = proto_earlier(at, s->held[c].over_ms);
    return at;
}

/* The statement that ends it is still to come: its epoch stays, so that one that makes it last longer is taken too. */
void held_tick(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        if (is_counted(&s->held[c]) && s->now.mono_ms >= s->held[c].over_ms)
            end_consent(s, (enum proto_capability)c, PROTO_CONSENT_EXPIRED, PROTO_PURPOSE_EXPIRED);
}

/* What is granted goes on under the key that it has, for what it was granted for. */
static bool extends(const struct held *held, const struct proto_statement *st)
{
    return st->capability && st->has_key && !held->requested && held->epoch && st->epoch == held->epoch &&
           !memcmp(st->key_commit, held->key_commit, sizeof st->key_commit) && st->max_s && st->max_s == held->max_s &&
           st->retention_days == held->retention_days && !strcmp(st->purpose, held->purpose);
}

static enum proto_err apply(struct proto_session *s, const struct proto_statement *st,
                            const uint8_t text_hash[static 32])
{
    struct held *held = &s->held[st->capability];

    switch (st->action) {
    case PROTO_STATEMENT_GRANT:
        if (extends(held, st)) {
            held->now.extended = true;
            held->state = PROTO_CONSENT_GRANTED;
            count_time(s, held, st->max_s);
            session_event_extended(s, st->capability, held->purpose, st->max_s, st->retention_days);
            return PROTO_OK;
        }
        if (!st->has_key || !st->capability || !held->requested)
            return PROTO_ERR_STATE; /* nobody asked */
        held->requested = false;
        asking_answered(s, st->capability);
        s->refusals = 0; /* only those in a row are an answer */
        held->used = false;
        held->max_s = st->max_s;
        count_time(s, held, st->max_s);
        held->retention_days = st->retention_days;
        take_keyed(s, st, text_hash);
        return PROTO_OK; /* granted it is when the key comes */
    case PROTO_STATEMENT_REKEY:
        if (!st->has_key || !st->capability || !held->epoch || st->epoch <= held->epoch)
            return PROTO_ERR_STATE;
        take_keyed(s, st, text_hash);
        return PROTO_OK;
    case PROTO_STATEMENT_WITHDRAW:
        held->epoch = 0;
        end_consent(s, st->capability, state_of_withdrawal(st), st->purpose);
        return PROTO_OK;
    case PROTO_STATEMENT_REFUSE:
        held->requested = false;
        asking_answered(s, st->capability);
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
    if (err && !(s->ending && err == PROTO_ERR_STATE)) /* what crossed our good-bye is only too late */
        session_alarm(s, err, "a statement of the customer's end does not verify: nothing was taken from it");
}

/* ---------------------------------------------------------------- the pair goes */

void held_suspend(struct proto_session *s, const char *why)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        forget_keys(&s->held[c]); /* a resumed grant has a fresh key */
    asking_closed(s, why);
}

void held_clear(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        forget_keys(&s->held[c]);
        sodium_memzero(s->held[c].key_commit, sizeof s->held[c].key_commit);
    }
    still_in_end(s);
}
