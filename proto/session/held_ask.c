/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent's end asks for: one sheet at a time, with up to three capabilities on it. A sheet that a lost pair or
 * a hold has closed is put before the customer again when that is over, with whatever of it has no answer yet.
 */
#include <string.h>

#include "proto/session/held.h"

static bool is_one_of(const enum proto_capability *row, size_t count, enum proto_capability capability)
{
    for (size_t i = 0; i < count; i++)
        if (row[i] == capability)
            return true;
    return false;
}

static bool well_formed(const enum proto_capability *capabilities, size_t count, const char *purpose)
{
    if (count == 0 || count > PROTO_REQUEST_MAX || !*purpose || !proto_purpose_may_be_given(purpose))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!proto_capability_label(capabilities[i]) || is_one_of(capabilities, i, capabilities[i]))
            return false;
    return true;
}

static void send_sheet(struct proto_session *s, uint32_t again)
{
    struct asking *sheet = &s->asking;
    handhold_ConsentRequest message = {
        .number = ++s->asked,
        .capability = sheet->order[0],
        .max_s = sheet->max_s,
        .retention_days = sheet->retention_days,
        .again = again,
    };

    for (size_t i = 1; i < sheet->count; i++)
        message.with[message.with_count++] = sheet->order[i];
    memcpy(message.purpose, sheet->purpose, sizeof message.purpose);
    sheet->root = again ? again : message.number;
    sheet->waits = false;
    pair_send_message(s, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &message);
    for (size_t i = 0; i < sheet->count; i++) {
        enum proto_capability capability = sheet->order[i];
        struct held *held = &s->held[capability];

        held->requested = true;
        held->request = sheet->root;
        held->max_s = sheet->max_s;
        held->retention_days = sheet->retention_days;
        memcpy(held->purpose, sheet->purpose, sizeof held->purpose);
        held->state = PROTO_CONSENT_REQUESTED;
        session_event_request(s, capability, held->purpose, sheet->max_s, sheet->retention_days, message.number,
                              (uint32_t)sheet->count);
    }
}

/* All that stands on one sheet has one time and one retention: the shortest that the policy has for any of it. */
static enum proto_err fit_policy(const struct proto_session *s, struct asking *sheet)
{
    for (size_t i = 0; i < sheet->count; i++) {
        uint32_t days = proto_policy_retention_days(&s->policy, sheet->order[i]);

        sheet->max_s = proto_policy_seconds(&s->policy, sheet->order[i], sheet->max_s);
        if (i == 0 || days < sheet->retention_days)
            sheet->retention_days = days;
    }
    for (size_t i = 0; i < sheet->count; i++)
        if (proto_policy_allows(&s->policy, sheet->order[i], s->agent.role, sheet->max_s))
            return PROTO_ERR_POLICY;
    return proto_policy_offers(&s->policy, sheet->purpose) ? PROTO_OK : PROTO_ERR_POLICY;
}

enum proto_err proto_session_request_many(struct proto_session *s, const enum proto_capability *capabilities,
                                          size_t count, const char *purpose, uint32_t max_s, struct proto_now now)
{
    struct asking sheet = {.count = count, .max_s = max_s};

    s->now = now;
    if (!well_formed(capabilities, count, purpose) || proto_set_text(sheet.purpose, sizeof sheet.purpose, purpose))
        return PROTO_ERR_RANGE;
    if (s->side != SIDE_AGENT || !s->pair.up || s->ending || s->on_hold || s->goodbye || s->asking.count)
        return PROTO_ERR_STATE;
    for (size_t i = 0; i < count; i++)
        if (s->held[capabilities[i]].epoch || s->held[capabilities[i]].state == PROTO_CONSENT_GRANTED)
            return PROTO_ERR_STATE;
    if (s->refusals >= PROTO_REFUSALS_MUTE)
        return PROTO_ERR_CONSENT; /* three times no is an answer */
    memcpy(sheet.order, capabilities, count * sizeof *capabilities);
    enum proto_err err = fit_policy(s, &sheet);
    if (err)
        return err;
    s->asking = sheet;
    send_sheet(s, 0);
    return PROTO_OK;
}

enum proto_err proto_session_request(struct proto_session *s, enum proto_capability capability, const char *purpose,
                                     uint32_t max_s, struct proto_now now)
{
    return proto_session_request_many(s, &capability, 1, purpose, max_s, now);
}

bool asking_has(const struct proto_session *s, enum proto_capability capability)
{
    return is_one_of(s->asking.order, s->asking.count, capability);
}

void asking_answered(struct proto_session *s, enum proto_capability capability)
{
    struct asking *sheet = &s->asking;
    size_t kept = 0;

    for (size_t i = 0; i < sheet->count; i++)
        if (sheet->order[i] != capability)
            sheet->order[kept++] = sheet->order[i];
    sheet->count = kept;
}

void asking_closed(struct proto_session *s, const char *why)
{
    struct asking *sheet = &s->asking;

    if (!sheet->count || sheet->waits)
        return;
    sheet->waits = true;
    for (size_t i = 0; i < sheet->count; i++) {
        s->held[sheet->order[i]].state = PROTO_CONSENT_NONE;
        session_event_consent(s, sheet->order[i], PROTO_CONSENT_NONE, why, sheet->max_s, sheet->retention_days);
    }
}

void asking_again(struct proto_session *s)
{
    if (s->asking.count && s->asking.waits && s->pair.up && !s->on_hold && !s->ending && !s->goodbye)
        send_sheet(s, s->asking.root);
}
