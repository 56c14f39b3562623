/* SPDX-License-Identifier: Apache-2.0 */
/* A grant in time: paused, about to end, extended, rotated, over. */
#include <string.h>

#include "proto/session/grants.h"

enum proto_err proto_session_pause(struct proto_session *s, bool paused, const char *by, const char *reason,
                                   struct proto_now now)
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
        if (s->grants[c].phase != GRANT_LIVE && !s->grants[c].capturing)
            continue;
        grant_set_capture(s, (enum proto_capability)c, !paused);
        if (paused)
            outq_purge(&s->out, s->grants[c].stream);
    }
    return data_send(s, &data);
}

/* ---------------------------------------------------------------- what ends soon goes on */

enum proto_err proto_session_extend(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    struct grant *grant = &s->grants[capability];
    if (grant->phase != GRANT_LIVE || !grant->warned || grant->extend_seq || s->ending)
        return PROTO_ERR_STATE;
    if (s->log_distrusted)
        return PROTO_ERR_LOG;
    if (grant_forbidden(s, capability, grant->purpose, grant->max_s, grant->retention_days))
        return PROTO_ERR_POLICY;
    struct note_entry *entry = grant_state(s, PROTO_STATEMENT_GRANT, capability, grant->purpose);
    if (!entry)
        return PROTO_ERR_FULL;
    grant->extend_seq = entry->seq;
    grant->extend_until_ms = now.mono_ms + (int64_t)grant->max_s * 1000;
    return PROTO_OK;
}

/* The key stays; only how long it may be used is new, which is the relay's to know and to enforce. */
void grants_logged_again(struct proto_session *s, enum proto_capability capability, const uint8_t leaf_hash[static 32])
{
    struct grant *grant = &s->grants[capability];

    grant->extend_seq = 0;
    grant->warned = false;
    grant->expires_ms = grant->extend_until_ms;
    memcpy(grant->leaf_hash, leaf_hash, sizeof grant->leaf_hash);
    if (grant->gate_open)
        relay_link_gate(s, capability, true, grant_seconds_left(s, grant));
    session_event_extended(s, capability, grant->purpose, grant_seconds_left(s, grant), grant->retention_days);
}

static bool may_warn(const struct grant *grant)
{
    return grant->phase == GRANT_LIVE && grant->max_s && !grant->warned;
}

static int64_t warn_ms(const struct grant *grant)
{
    int64_t half_ms = (int64_t)grant->max_s * 500;

    return grant->expires_ms - (half_ms < PROTO_EXPIRING_MS ? half_ms : PROTO_EXPIRING_MS);
}

static void warn(struct proto_session *s, enum proto_capability capability)
{
    struct event_node *node = events_add(&s->events, PROTO_EVENT_EXPIRING, 0);

    s->grants[capability].warned = true;
    if (!node)
        return;
    node->event.expiring.capability = capability;
    node->event.expiring.left_s = grant_seconds_left(s, &s->grants[capability]);
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
        if (!grant_holds_consent(grant))
            continue;
        at = proto_earlier(at, grant->expires_ms);
        if (may_warn(grant))
            at = proto_earlier(at, warn_ms(grant));
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

    if (!grant_holds_consent(grant))
        return;
    if (s->now.mono_ms >= grant->expires_ms)
        grant_withdraw(s, capability, PROTO_PURPOSE_EXPIRED, PROTO_CONSENT_EXPIRED);
    else if (grant->phase == GRANT_LOGGING && s->now.mono_ms >= grant->deadline_ms)
        grant_withdraw(s, capability, PROTO_PURPOSE_NOT_LOGGED, PROTO_CONSENT_WITHDRAWN);
    else if (grant->phase == GRANT_RELEASING && s->now.mono_ms >= grant->deadline_ms)
        grant_go_live(s, capability);
    else if (rotates(s, grant))
        grant_rekey(s, capability);
    if (may_warn(grant) && s->now.mono_ms >= warn_ms(grant))
        warn(s, capability);
}

void grants_tick(struct proto_session *s)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        tick_grant(s, (enum proto_capability)c);
}
