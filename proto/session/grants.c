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
 * A withdrawal never waits for anybody: first capture stops and the key is wiped, then the gate closes, then the others
 * are told and the log gets its note.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/grants.h"

enum { KEY_RELEASE_BYTES = 4 + 4 + 2 + 4 + PROTO_KEY_BYTES + PROTO_HASH_BYTES };

static void send_key(struct proto_session *s, enum proto_capability capability)
{
    const struct grant *grant = &s->grants[capability];
    struct proto_buf body;

    proto_buf_init_secret(&body, KEY_RELEASE_BYTES);
    proto_buf_put_u8(&body, (uint8_t)capability);
    proto_buf_put_u8(&body, (uint8_t)grant_travel_of(capability)->class);
    proto_buf_put_u8(&body, PROTO_INDEX_CUSTOMER);
    proto_buf_put_u8(&body, grant->stream);
    proto_buf_put_u32(&body, grant->epoch);
    proto_buf_put_u16(&body, PROTO_SFRAME_AES_256_GCM_SHA512_128);
    proto_buf_put_u32(&body, grant_seconds_left(s, grant));
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

    if (!s->pair.up || s->on_hold || s->return_ms != PROTO_NEVER) {
        grant_set_capture(s, capability, false);
        grant_wipe_key(s, grant);
        grant->phase = GRANT_SUSPENDED;
        return;
    }
    if (grant_travel_of(capability)->media)
        relay_link_gate(s, capability, true, grant_seconds_left(s, grant));
    send_key(s, capability);
    grant->phase = GRANT_RELEASING;
    grant->deadline_ms = s->now.mono_ms + PROTO_KEY_ACK_WAIT_MS;
}

void grants_note_logged(struct proto_session *s, const struct note_entry *entry, const uint8_t leaf_hash[static 32])
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        struct grant *grant = &s->grants[c];
        if (grant->extend_seq == entry->seq)
            grants_logged_again(s, (enum proto_capability)c, leaf_hash);
        if (grant->grant_seq != entry->seq || grant->logged ||
            (grant->phase != GRANT_LOGGING && grant->phase != GRANT_SUSPENDED))
            continue;
        grant->logged = true;
        memcpy(grant->leaf_hash, leaf_hash, sizeof grant->leaf_hash);
        if (grant->phase == GRANT_LOGGING) {
            release(s, (enum proto_capability)c);
            grant_tell(s, (enum proto_capability)c, PROTO_CONSENT_GRANTED, grant->purpose);
        }
    }
}

void grant_go_live(struct proto_session *s, enum proto_capability capability)
{
    struct grant *grant = &s->grants[capability];

    sodium_memzero(grant->base_key, sizeof grant->base_key);
    grant->phase = GRANT_LIVE;
    grant->deadline_ms = PROTO_NEVER;
    if (s->paused)
        return;
    if (grant->capturing && capability == PROTO_CAPABILITY_CAMERA)
        events_add(&s->events, PROTO_EVENT_KEY_FRAME, 0); /* under the key before it no more left */
    grant_set_capture(s, capability, true);
}

void grants_key_acked(struct proto_session *s, uint64_t kid)
{
    enum proto_capability capability = grants_by_stream(s, proto_kid_stream(kid));

    if (capability && s->grants[capability].phase == GRANT_RELEASING && grant_kid(&s->grants[capability]) == kid)
        grant_go_live(s, capability);
}

/* ---------------------------------------------------------------- withdrawal */

bool grant_holds_consent(const struct grant *grant)
{
    return grant->phase >= GRANT_LOGGING;
}

void grant_withdraw(struct proto_session *s, enum proto_capability capability, const char *why,
                    enum proto_consent_state how)
{
    struct grant *grant = &s->grants[capability];
    uint64_t kid = grant_kid(grant);

    grant_set_capture(s, capability, false);
    grant_wipe_key(s, grant);
    if (grant->gate_open)
        relay_link_gate(s, capability, false, 0);
    grant_retire_key(s, kid);
    grant_state(s, PROTO_STATEMENT_WITHDRAW, capability, why);
    grant->phase = GRANT_NONE;
    grant->grant_seq = grant->extend_seq = 0;
    grant->deadline_ms = PROTO_NEVER;
    grant_tell(s, capability, how, why);
    if (capability == PROTO_CAPABILITY_STILL)
        still_out_end(s);
}

enum proto_err proto_session_withdraw(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    if (!grant_holds_consent(&s->grants[capability]))
        return PROTO_ERR_CONSENT;
    grant_withdraw(s, capability, "", PROTO_CONSENT_WITHDRAWN);
    return PROTO_OK;
}

enum proto_err proto_session_blocked(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    if (!grant_holds_consent(&s->grants[capability]))
        return grant_refuse(s, capability, PROTO_PURPOSE_BLOCKED, PROTO_CONSENT_BLOCKED);
    grant_withdraw(s, capability, PROTO_PURPOSE_BLOCKED, PROTO_CONSENT_BLOCKED);
    return PROTO_OK;
}

void grants_withdraw_all(struct proto_session *s, const char *purpose)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (grant_holds_consent(&s->grants[c]))
            grant_withdraw(s, (enum proto_capability)c, purpose, PROTO_CONSENT_WITHDRAWN);
        else if (s->grants[c].phase == GRANT_ASKED)
            (void)grant_refuse(s, (enum proto_capability)c, purpose, PROTO_CONSENT_REFUSED); /* no answer is no */
    }
}

void grants_end_statement(struct proto_session *s)
{
    grant_state(s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, proto_end_name(s->end_reason));
}

void grants_gate_answered(struct proto_session *s, uint32_t gate_seq, enum proto_err err, const char *message)
{
    if (!err)
        return;
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        struct grant *grant = &s->grants[c];
        if (!grant->gate_open || grant->gate_seq != gate_seq || !grant_holds_consent(grant))
            continue;
        grant->gate_open = false;
        session_error(s, err, message);
        grant_withdraw(s, (enum proto_capability)c, PROTO_PURPOSE_NO_GATE, PROTO_CONSENT_WITHDRAWN);
    }
}

/* ---------------------------------------------------------------- the pair goes and comes, or is on hold */

void grants_suspend(struct proto_session *s, const char *why)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        struct grant *grant = &s->grants[c];
        if (grant->phase == GRANT_LOGGING && !grant->logged)
            continue;                      /* its key never left; the receipt decides */
        if (grant->phase == GRANT_ASKED) { /* the agent's end asks again when it is back */
            grant->phase = GRANT_NONE;
            grant_tell(s, (enum proto_capability)c, PROTO_CONSENT_NONE, why);
        }
        if (!grant_holds_consent(grant) || grant->phase == GRANT_SUSPENDED)
            continue;
        grant_set_capture(s, (enum proto_capability)c, false);
        grant_wipe_key(s, grant);
        if (grant->gate_open)
            relay_link_gate(s, (enum proto_capability)c, false, 0);
        grant_retire_key(s, grant_kid(grant));
        grant->phase = GRANT_SUSPENDED;
        grant->deadline_ms = PROTO_NEVER;
    }
}

static bool goes_on(enum proto_capability capability)
{
    return capability == PROTO_CAPABILITY_CAMERA || capability == PROTO_CAPABILITY_MICROPHONE ||
           capability == PROTO_CAPABILITY_TORCH || capability == PROTO_CAPABILITY_ZOOM;
}

/*
 * A fresh key under a `rekey` statement: nobody is asked again, nothing earlier is readable with it. A lens that runs
 * goes on running, with its light and zoom: it takes its time to open, and what it gives meanwhile is not sealed.
 */
void grant_rekey(struct proto_session *s, enum proto_capability capability)
{
    struct grant *grant = &s->grants[capability];

    if (!goes_on(capability))
        grant_set_capture(s, capability, false);
    if (grant_make_key(s, grant)) {
        grant_withdraw(s, capability, PROTO_PURPOSE_CONNECTION_LOST, PROTO_CONSENT_WITHDRAWN);
        return;
    }
    struct note_entry *entry = grant_state(s, PROTO_STATEMENT_REKEY, capability, "");
    if (!entry) {
        grant_withdraw(s, capability, PROTO_PURPOSE_NOT_LOGGED, PROTO_CONSENT_WITHDRAWN);
        return;
    }
    memcpy(grant->stmt_hash, entry->text_hash, sizeof grant->stmt_hash);
    release(s, capability);
}

void grants_resume(struct proto_session *s)
{
    if (s->on_hold || s->return_ms != PROTO_NEVER)
        return;
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        if (s->grants[c].phase == GRANT_SUSPENDED && s->grants[c].logged)
            grant_rekey(s, (enum proto_capability)c);
}

void grants_clear(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        grant_set_capture(s, (enum proto_capability)c, false);
        grant_wipe_key(s, &s->grants[c]);
        s->grants[c].phase = GRANT_NONE;
    }
    still_out_end(s);
}
