/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a consent: requests that come, answers that go, and each decision as a signed statement. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/grants.h"

struct note_entry *grant_state(struct proto_session *s, enum proto_statement_action action,
                               enum proto_capability capability, const char *purpose)
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
    proto_statement_shown(st.ui_text, capability, grant->purpose, grant->max_s);
    if (keyed)
        memcpy(st.key_commit, grant->key_commit, sizeof st.key_commit);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    if (!proto_set_text(st.domain, sizeof st.domain, s->agent.domain) &&
        !proto_set_text(st.purpose, sizeof st.purpose, purpose) && !proto_statement_write(&st, &text))
        entry = outbox_add(s, &text, PROTO_LOG_STATEMENT, capability, proto_statement_action_name(action),
                           action == PROTO_STATEMENT_REKEY, s->pair.up ? PROTO_COSIGN_WAIT_MS : 0);
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

void grant_set_capture(struct proto_session *s, enum proto_capability capability, bool on)
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

void grant_tell(struct proto_session *s, enum proto_capability capability, enum proto_consent_state consent,
                const char *why)
{
    const struct grant *grant = &s->grants[capability];

    session_event_consent(s, capability, consent, why, grant->max_s, grant->retention_days);
}

uint32_t grant_seconds_left(const struct proto_session *s, const struct grant *grant)
{
    if (grant->expires_ms == PROTO_NEVER)
        return 0;
    int64_t left_ms = grant->expires_ms - s->now.mono_ms;
    return left_ms <= 1000 ? 1 : (uint32_t)((left_ms + 999) / 1000);
}

void grant_retire_key(struct proto_session *s, uint64_t kid)
{
    handhold_KeyRetire message = {.kid = kid};

    pair_send_message(s, PROTO_CONTROL_KEY_RETIRE, handhold_KeyRetire_fields, &message);
}

const char *grant_forbidden(const struct proto_session *s, enum proto_capability capability, const char *purpose,
                            uint32_t max_s, uint32_t retention_days)
{
    if (!s->verified && capability != PROTO_CAPABILITY_MICROPHONE)
        return PROTO_PURPOSE_UNVERIFIED;
    if ((!s->verified || s->policy.check_words_required) && !s->words_matched)
        return PROTO_PURPOSE_WORDS;
    if (proto_policy_allows(&s->policy, capability, s->agent.role, max_s) ||
        retention_days > proto_policy_retention_days(&s->policy, capability) ||
        !proto_policy_offers(&s->policy, purpose))
        return PROTO_PURPOSE_FORBIDDEN;
    if (!(s->offers & 1u << capability))
        return PROTO_PURPOSE_BLOCKED;
    return NULL;
}

/* What a request asks for, each once. 0: it is not one. */
static size_t asked_for(const handhold_ConsentRequest *request, enum proto_capability row[static PROTO_REQUEST_MAX])
{
    size_t count = 1;

    row[0] = (enum proto_capability)request->capability;
    for (pb_size_t i = 0; i < request->with_count; i++)
        row[count++] = (enum proto_capability)request->with[i];
    for (size_t i = 0; i < count; i++) {
        if (!proto_capability_label(row[i]))
            return 0;
        for (size_t j = 0; j < i; j++)
            if (row[i] == row[j])
                return 0;
    }
    return count;
}

/* The agent's own end does not ask then; a changed one gets no answer, and no note to fill the log with. */
static bool takes_requests(const struct proto_session *s)
{
    if (s->ending || s->on_hold || s->goodbye || s->refusals >= PROTO_REFUSALS_MUTE)
        return false;
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        if (s->grants[c].phase == GRANT_ASKED)
            return false; /* one sheet at a time */
    return true;
}

/* Leaves out what is granted already, and, when a sheet comes again, what has an answer that is on its way. */
static size_t still_open(const struct proto_session *s, const handhold_ConsentRequest *request,
                         enum proto_capability row[static PROTO_REQUEST_MAX], size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct grant *grant = &s->grants[row[i]];

        if (grant->phase == GRANT_NONE && (!request->again || grant->answered < request->again))
            row[kept++] = row[i];
    }
    return kept;
}

static void put_on_sheet(struct proto_session *s, enum proto_capability capability,
                         const handhold_ConsentRequest *request)
{
    struct grant *grant = &s->grants[capability];

    grant->request = request->again ? request->again : request->number;
    grant->max_s = request->max_s;
    grant->retention_days = request->retention_days;
    memcpy(grant->purpose, request->purpose, sizeof grant->purpose);
    grant->phase = GRANT_ASKED;
}

void grants_requested(struct proto_session *s, const handhold_ConsentRequest *request)
{
    enum proto_capability row[PROTO_REQUEST_MAX];
    const char *why_not[PROTO_REQUEST_MAX];
    size_t count = asked_for(request, row);
    uint32_t of = 0;

    if (!count || request->number <= s->request_number || request->again >= request->number ||
        !proto_purpose_may_be_given(request->purpose)) {
        session_alarm(s, PROTO_ERR_FORMAT, "the agent's end sent a request that is not one");
        return;
    }
    s->request_number = request->number;
    if (!takes_requests(s))
        return;
    count = still_open(s, request, row, count);
    for (size_t i = 0; i < count; i++) {
        why_not[i] = grant_forbidden(s, row[i], request->purpose, request->max_s, request->retention_days);
        of += !why_not[i];
        put_on_sheet(s, row[i], request);
    }
    for (size_t i = 0; i < count; i++) {
        if (!why_not[i])
            session_event_request(s, row[i], request->purpose, request->max_s, request->retention_days, request->number,
                                  of);
        else
            (void)grant_refuse(s, row[i], why_not[i],
                               strcmp(why_not[i], PROTO_PURPOSE_BLOCKED) ? PROTO_CONSENT_REFUSED
                                                                         : PROTO_CONSENT_BLOCKED);
    }
}

/* `why` is what this end says; when a person said no it is empty, and the statement keeps the words that they said no
 * to. */
enum proto_err grant_refuse(struct proto_session *s, enum proto_capability capability, const char *why,
                            enum proto_consent_state how)
{
    if (!proto_capability_label(capability))
        return PROTO_ERR_RANGE;
    if (s->grants[capability].phase != GRANT_ASKED)
        return PROTO_ERR_CONSENT;
    grant_state(s, PROTO_STATEMENT_REFUSE, capability, *why ? why : s->grants[capability].purpose);
    s->grants[capability].phase = GRANT_NONE;
    s->grants[capability].answered = s->grants[capability].request;
    grant_tell(s, capability, how, why);
    return PROTO_OK;
}

enum proto_err proto_session_refuse(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    s->now = now;
    enum proto_err err = grant_refuse(s, capability, "", PROTO_CONSENT_REFUSED);
    if (!err && s->refused_request != s->grants[capability].request) { /* a sheet counts once */
        s->refused_request = s->grants[capability].request;
        s->refusals++;
    }
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
    enum proto_err err = grant_make_key(s, grant);
    if (err)
        return err;
    grant->expires_ms = grant->max_s ? now.mono_ms + (int64_t)grant->max_s * 1000 : PROTO_NEVER;
    struct note_entry *entry = grant_state(s, PROTO_STATEMENT_GRANT, capability, grant->purpose);
    if (!entry) {
        grant_wipe_key(s, grant);
        return PROTO_ERR_FULL;
    }
    grant->phase = GRANT_LOGGING;
    grant->warned = false;
    grant->answered = grant->request;
    grant->logged = false;
    grant->grant_seq = entry->seq;
    memcpy(grant->stmt_hash, entry->text_hash, sizeof grant->stmt_hash);
    grant->deadline_ms = now.mono_ms + PROTO_RECEIPT_WAIT_MS;
    s->refusals = 0;
    return PROTO_OK;
}
