/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/totals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/header.h"
#include "relay/audit/times.h"

enum { VIEWED_MORE_S = 120 }; /* a picture stands still on the agent's screen while a line is down */

/* The same key goes on: a consent that is made to last longer is one consent. */
static bool is_extension(const struct audit_session *session, size_t at)
{
    const struct proto_statement *st = &session->notes[at].statement;

    for (size_t i = 0; i < at; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER && session->notes[i].statement.action == PROTO_STATEMENT_GRANT &&
            session->notes[i].statement.capability == st->capability && session->notes[i].statement.epoch == st->epoch)
            return true;
    return false;
}

enum audit_refusal audit_refusal_of(const struct proto_statement *refusal)
{
    if (!strcmp(refusal->purpose, PROTO_PURPOSE_FORBIDDEN))
        return AUDIT_BY_POLICY;
    return proto_purpose_is_machines(refusal->purpose) ? AUDIT_BY_NOBODY : AUDIT_BY_PERSON;
}

static void add_statement(struct audit_totals *totals, const struct audit_session *session, size_t at)
{
    const struct proto_statement *st = &session->notes[at].statement;
    struct audit_total *t = &totals->of[st->capability];
    bool machine = proto_purpose_is_machines(st->purpose);

    switch (st->action) {
    case PROTO_STATEMENT_GRANT:
        t->granted += !is_extension(session, at);
        break;
    case PROTO_STATEMENT_REFUSE:
        t->refused += audit_refusal_of(st) == AUDIT_BY_PERSON;
        t->unasked += audit_refusal_of(st) == AUDIT_BY_NOBODY;
        t->forbidden += audit_refusal_of(st) == AUDIT_BY_POLICY;
        break;
    case PROTO_STATEMENT_WITHDRAW:
        t->withdrawn += !machine;
        t->lapsed += machine;
        break;
    default: /* renewed keys, people who come and go, the end */
        break;
    }
}

bool audit_is_to_customer(const struct proto_event_note *event)
{
    uint64_t src;

    return audit_detail_number(event, "src", &src) && src == PROTO_INDEX_AGENT;
}

const struct audit_note *audit_start_of_stop(const struct audit_session *session, size_t at)
{
    const char *stream = proto_event_note_get(&session->notes[at].event, "stream");
    bool to_customer = audit_is_to_customer(&session->notes[at].event);

    for (size_t i = at; i-- > 0;) {
        const struct audit_note *before = &session->notes[i];
        const char *other = before->by == AUDIT_RELAY && before->event.action == PROTO_ACT_STARTED
                                ? proto_event_note_get(&before->event, "stream")
                                : NULL;
        if (other && stream && !strcmp(stream, other) && audit_is_to_customer(&before->event) == to_customer)
            return before;
    }
    return NULL;
}

bool audit_stop_figures(const struct proto_event_note *stopped, uint64_t *frames, uint64_t *bytes)
{
    bool counted = audit_detail_number(stopped, "frames", frames);

    return audit_detail_number(stopped, "bytes", bytes) && counted;
}

/* What the agent's own notes say to have lasted from there on until note `at`, by the agent's clock. */
static int64_t lasted_s(const struct audit_session *session, size_t at, enum proto_act began)
{
    const struct audit_note *stopped = &session->notes[at];

    for (size_t i = at; i-- > 0;) {
        const struct audit_note *before = &session->notes[i];
        if (before->by != AUDIT_AGENT || before->event.capability != stopped->event.capability)
            continue;
        if (before->event.action == began)
            return stopped->said_s - before->said_s;
        if (before->event.action == stopped->event.action)
            break;
    }
    return 0;
}

static void add_event(struct audit_totals *totals, const struct audit_session *session, size_t at)
{
    const struct proto_event_note *event = &session->notes[at].event;
    struct audit_total *t = &totals->of[event->capability];
    const struct audit_note *start;
    uint64_t frames, bytes, times;

    if ((event->action == PROTO_ACT_STARTED || event->action == PROTO_ACT_STOPPED) && audit_is_to_customer(event))
        return;
    switch (event->action) {
    case PROTO_ACT_STARTED:
        t->passed++;
        t->under_way++;
        break;
    case PROTO_ACT_STOPPED:
        t->unknown += !audit_stop_figures(event, &frames, &bytes);
        start = audit_start_of_stop(session, at);
        t->frames += frames;
        t->bytes += bytes;
        t->seconds += start ? event->unix_s - start->event.unix_s : 0;
        t->under_way -= t->under_way > 0;
        break;
    case PROTO_ACT_BLOCKED:
        t->blocked++;
        break;
    case PROTO_ACT_VIEWING_STOPPED:
        t->viewed_s += lasted_s(session, at, PROTO_ACT_VIEWING_STARTED);
        break;
    case PROTO_ACT_RECORDING_STOPPED:
        t->recorded++;
        t->recorded_bytes += audit_detail_number(event, "bytes", &bytes) ? bytes : 0;
        t->recorded_seconds += lasted_s(session, at, PROTO_ACT_RECORDING_STARTED);
        break;
    case PROTO_ACT_STILL_TAKEN:
        t->taken++;
        break;
    case PROTO_ACT_COMMAND_EXECUTED:
        t->used++;
        break;
    case PROTO_ACT_GATE_REFUSED:
        t->not_opened += audit_detail_number(event, "times", &times) ? times : 1;
        break;
    case PROTO_ACT_ENDED: /* what was refused since the last note of it */
        t->not_opened += audit_detail_number(event, "refused", &times) ? times : 0;
        break;
    default:
        break;
    }
}

void audit_totals_add(struct audit_totals *totals, const struct audit_session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER)
            add_statement(totals, session, i);
        else
            add_event(totals, session, i);
}

bool audit_session_restarted(const struct audit_session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (audit_is_restart(&session->notes[i]))
            return true;
    return false;
}

void audit_total_done(enum proto_capability capability, const struct audit_total *t, char out[static AUDIT_PASSED_MAX])
{
    char amount[AUDIT_TIME_MAX], duration[AUDIT_TIME_MAX];

    audit_amount(amount, t->recorded_bytes);
    audit_duration(duration, t->recorded_seconds);
    if (t->recorded)
        snprintf(out, AUDIT_PASSED_MAX, "recorded %s in %s", amount, duration);
    else if (t->taken)
        snprintf(out, AUDIT_PASSED_MAX, "%" PRIu64 " photo%s taken", t->taken, t->taken == 1 ? "" : "s");
    else if (t->used)
        snprintf(out, AUDIT_PASSED_MAX, "used");
    else
        snprintf(out, AUDIT_PASSED_MAX, "%s",
                 capability == PROTO_CAPABILITY_RECORDING                                      ? "no recording ended"
                 : capability == PROTO_CAPABILITY_TORCH || capability == PROTO_CAPABILITY_ZOOM ? "not used"
                 : capability == PROTO_CAPABILITY_HISTORY ? "remembered at the agent's end"
                                                          : "nothing passed");
}

bool audit_total_asked(const struct audit_total *t)
{
    return t->granted || t->refused || t->unasked || t->forbidden;
}

const char *audit_refused_words(const struct audit_total *t)
{
    return t->refused     ? "refused"
           : t->forbidden ? "forbidden: " AUDIT_FORBIDDEN_WORDS
                          : "unasked: " AUDIT_UNASKED_WORDS;
}

bool audit_total_is_less(const struct audit_total *t)
{
    return t->viewed_s > t->seconds + VIEWED_MORE_S;
}

void audit_total_words(const struct audit_total *t, char out[static AUDIT_PASSED_MAX])
{
    char duration[AUDIT_TIME_MAX], amount[AUDIT_TIME_MAX];
    bool counted = t->passed > t->under_way + t->unknown;
    size_t at = 0;

    audit_duration(duration, t->seconds);
    audit_amount(amount, t->bytes);
    if (t->passed > t->under_way)
        at += (size_t)snprintf(out, AUDIT_PASSED_MAX, "shared for %s%s", t->unknown ? "at most " : "", duration);
    if (counted)
        at += (size_t)snprintf(out + at, AUDIT_PASSED_MAX - at, ", %" PRIu64 " frame%s, %s", t->frames,
                               t->frames == 1 ? "" : "s", amount);
    if (t->unknown)
        at += (size_t)snprintf(out + at, AUDIT_PASSED_MAX - at, "%s " AUDIT_NOT_KNOWN,
                               counted ? "; how much more is" : "; how much is");
    if (t->under_way)
        snprintf(out + at, AUDIT_PASSED_MAX - at, "%s",
                 at ? "; goes on, counted when it stops" : "goes on, counted when it stops");
    if (audit_total_is_less(t)) {
        audit_duration(duration, t->viewed_s);
        at = strlen(out);
        snprintf(out + at, AUDIT_PASSED_MAX - at, "; with the agent for %s, by the agent's own notes", duration);
    }
}

int64_t audit_session_end_s(const struct audit_session *session)
{
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED);

    return ended ? ended->event.unix_s : 0;
}

int64_t audit_session_lasted_s(const struct audit_session *session)
{
    const struct audit_note *joined = audit_last_event(session, PROTO_ACT_JOINED);
    int64_t end_s = audit_session_end_s(session);

    if (!joined || !end_s)
        return -1;
    return end_s > joined->event.unix_s ? end_s - joined->event.unix_s : 0;
}

void audit_session_lasted(char out[static AUDIT_PASSED_MAX], const struct audit_session *session)
{
    char took[AUDIT_TIME_MAX];
    int64_t lasted_s = audit_session_lasted_s(session);

    audit_duration(took, lasted_s);
    snprintf(out, AUDIT_PASSED_MAX, lasted_s < 0 ? "nobody had come" : "after %s with the customer", took);
}
