/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent's end asks for: one sheet at a time. */
#include <string.h>

#include "proto/session/held.h"

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
    held_change_state(s, capability, PROTO_CONSENT_REQUESTED, held->purpose);
    return PROTO_OK;
}
