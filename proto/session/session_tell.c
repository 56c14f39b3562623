/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner is told: events as they happen, and what is so when it asks. */
#include <string.h>

#include "proto/session/internal.h"

static void event_message(struct proto_session *s, enum proto_event_kind kind, enum proto_err err, const char *message)
{
    struct event_node *node = events_add(&s->events, kind, strlen(message) + 1);
    size_t at = 0;

    if (!node)
        return;
    node->event.error.err = err;
    node->event.error.message = events_text(node, &at, message);
}

void session_error(struct proto_session *s, enum proto_err err, const char *message)
{
    event_message(s, PROTO_EVENT_ERROR, err, *message ? message : proto_err_rule(err));
}

void session_alarm(struct proto_session *s, enum proto_err err, const char *message)
{
    event_message(s, PROTO_EVENT_ALARM, err, message);
}

void session_alarm_fork(struct proto_session *s, const char *message, const char *evidence)
{
    size_t room = strlen(message) + 1 + (evidence ? strlen(evidence) + 1 : 0), at = 0;
    struct event_node *node = events_add(&s->events, PROTO_EVENT_ALARM, room);

    if (!node)
        return;
    node->event.alarm.err = PROTO_ERR_LOG;
    node->event.alarm.message = events_text(node, &at, message);
    node->event.alarm.fork = events_text(node, &at, evidence);
}

static struct proto_event *event_consent(struct proto_session *s, enum proto_capability capability,
                                         enum proto_consent_state state, const char *purpose, uint32_t max_s,
                                         uint32_t retention_days)
{
    struct event_node *node = events_add(&s->events, PROTO_EVENT_CONSENT, strlen(purpose) + 1);
    size_t at = 0;

    if (!node)
        return NULL;
    node->event.consent.capability = capability;
    node->event.consent.state = state;
    node->event.consent.purpose = events_text(node, &at, purpose);
    node->event.consent.max_s = max_s;
    node->event.consent.retention_days = retention_days;
    return &node->event;
}

void session_event_consent(struct proto_session *s, enum proto_capability capability, enum proto_consent_state state,
                           const char *purpose, uint32_t max_s, uint32_t retention_days)
{
    (void)event_consent(s, capability, state, purpose, max_s, retention_days);
}

void session_event_request(struct proto_session *s, enum proto_capability capability, const char *purpose,
                           uint32_t max_s, uint32_t retention_days, uint32_t number, uint32_t of)
{
    struct proto_event *event = event_consent(s, capability, PROTO_CONSENT_REQUESTED, purpose, max_s, retention_days);

    if (!event)
        return;
    event->consent.request = number;
    event->consent.of = of;
}

void session_event_extended(struct proto_session *s, enum proto_capability capability, const char *purpose,
                            uint32_t max_s, uint32_t retention_days)
{
    struct proto_event *event = event_consent(s, capability, PROTO_CONSENT_GRANTED, purpose, max_s, retention_days);

    if (event)
        event->consent.extended = true;
}

void session_event_connection(struct proto_session *s, enum proto_connection_state state)
{
    struct event_node *node = events_add(&s->events, PROTO_EVENT_CONNECTION, 0);

    if (node)
        node->event.connection.state = state;
}

const char *proto_consent_state_name(enum proto_consent_state state)
{
    static const char *const names[] = {"none", "requested", "granted", "refused", "withdrawn", "expired", "blocked"};

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "none";
}

const char *proto_connection_state_name(enum proto_connection_state state)
{
    static const char *const names[] = {"connected", "reconnecting", "resumed", "lost"};

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "lost";
}

/* ---------------------------------------------------------------- what is so */

void proto_session_figures(const struct proto_session *s, struct proto_session_figures *out)
{
    *out = s->figures;
    out->outbox = outbox_waiting(s);
}

enum proto_consent_state proto_session_consent(const struct proto_session *s, enum proto_capability capability)
{
    if (!proto_capability_label(capability))
        return PROTO_CONSENT_NONE;
    if (s->side == SIDE_AGENT)
        return asking_has(s, capability) ? PROTO_CONSENT_REQUESTED : s->held[capability].state;
    switch (s->grants[capability].phase) {
    case GRANT_NONE:
        return PROTO_CONSENT_NONE;
    case GRANT_ASKED:
        return PROTO_CONSENT_REQUESTED;
    case GRANT_LOGGING:
    case GRANT_RELEASING:
    case GRANT_LIVE:
    case GRANT_SUSPENDED:
        break;
    }
    return s->grants[capability].logged ? PROTO_CONSENT_GRANTED : PROTO_CONSENT_REQUESTED;
}

void proto_session_seen(const struct proto_session *s, const char **origin, struct proto_log_seen *seen)
{
    *origin = s->origin;
    *seen = s->log_distrusted ? (struct proto_log_seen){0} : s->seen;
}

const char *proto_session_seen_note(const struct proto_session *s)
{
    return s->view.note;
}

void proto_session_keys(const struct proto_session *s, const char **log_vkey, const uint8_t **customer_key)
{
    *log_vkey = s->log_vkey;
    *customer_key = s->cs_public;
}

size_t proto_session_agent_certificate(const struct proto_session *s,
                                       struct proto_der out[static PROTO_IDENTITY_CHAIN_MAX])
{
    return s->side == SIDE_AGENT ? proto_credential_chain(s->credential, out)
                                 : proto_identity_chain_get(&s->chain, out);
}

const uint8_t *proto_session_sid(const struct proto_session *s)
{
    return s->sid;
}

const struct proto_policy *proto_session_policy(const struct proto_session *s)
{
    return s->joined || (s->side == SIDE_AGENT && s->policy.number) ? &s->policy : NULL;
}

const struct proto_org *proto_session_org(const struct proto_session *s)
{
    return s->joined || (s->side == SIDE_AGENT && s->org.number) ? &s->org : NULL;
}

enum proto_end proto_session_end_waits(const struct proto_session *s)
{
    return s->ending && !s->over && s->link != LINK_SEATED ? s->end_reason : PROTO_END_NONE;
}
