/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/totals.h"
#include "relay/audit/whole.h"

/* ---- times ---- */

static bool ago(const char *text, int64_t now_ms, int64_t *unix_ms)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 6 || strlen(text) != digits + 1)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text[digits] == units[i].unit) {
            *unix_ms = now_ms - strtoll(text, NULL, 10) * units[i].seconds * 1000;
            return true;
        }
    return false;
}

bool audit_filter_time(const char *text, bool end, int64_t now_ms, int64_t *unix_ms)
{
    struct tm parts = {.tm_isdst = -1};
    const char *rest = strptime(text, "%Y-%m-%d", &parts);

    if (ago(text, now_ms, unix_ms))
        return true;
    if (!rest)
        return false;
    if (*rest == ' ' || *rest == 'T') {
        rest = strptime(rest + 1, "%H:%M", &parts);
        parts.tm_min += end; /* the minute that is named is meant as a whole, and so is the day */
    } else {
        parts.tm_mday += end;
    }
    if (!rest || *rest)
        return false;
    parts.tm_isdst = -1;
    *unix_ms = (int64_t)mktime(&parts) * 1000;
    return true;
}

/* ---- what was typed ---- */

static bool wrong(const char *value, const char *rule, const char *way_out)
{
    host_say_error(value, rule, way_out);
    return false;
}

static bool take_times(struct audit_filter *filter, int64_t now_ms)
{
    const char *since = audit_options.filter.since, *until = audit_options.filter.until;

    filter->since_ms = INT64_MIN;
    filter->until_ms = INT64_MAX;
    if (since && !audit_filter_time(since, false, now_ms, &filter->since_ms))
        return wrong(since, "--since takes a day, a day and time, or how long ago",
                     "write 2026-11-01, \"2026-11-01 14:00\", 12h, 7d or 4w");
    if (until && !audit_filter_time(until, true, now_ms, &filter->until_ms))
        return wrong(until, "--until takes a day, a day and time, or how long ago",
                     "write 2026-11-01, \"2026-11-01 14:00\", 12h, 7d or 4w");
    if (filter->since_ms > filter->until_ms)
        return wrong(since, "--since is later than --until", "exchange them");
    return true;
}

static bool take_outcome(struct audit_filter *filter)
{
    static const struct {
        const char *word;
        enum audit_outcome outcome;
    } words[] = {{"live", AUDIT_LIVE},          {"granted", AUDIT_GRANTED},     {"refused", AUDIT_REFUSED},
                 {"unasked", AUDIT_UNASKED},    {"withdrawn", AUDIT_WITHDRAWN}, {"blocked", AUDIT_BLOCKED},
                 {"forbidden", AUDIT_FORBIDDEN}};
    const char *typed = audit_options.filter.outcome;

    if (!typed)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(typed, words[i].word))
            filter->outcome = words[i].outcome;
    for (int end = PROTO_END_COMPLETED; end < PROTO_END_COUNT; end++)
        if (!strcmp(typed, proto_end_name((enum proto_end)end))) {
            filter->outcome = AUDIT_ENDED_SO;
            filter->ended = typed;
        }
    return filter->outcome != AUDIT_ANY ||
           wrong(typed, "is not an outcome",
                 "use live, granted, refused, unasked, forbidden, withdrawn, blocked, completed, declined, "
                 "customer-left, agent-left, connection-lost, expired, wrong-person, stopped-by-officer or failed");
}

bool audit_filter_take(struct audit_filter *filter, int64_t now_ms)
{
    const char *capability = audit_options.filter.capability;

    memset(filter, 0, sizeof *filter);
    filter->agent = audit_options.filter.agent;
    filter->customer = audit_options.filter.customer;
    filter->about = capability ? proto_capability_from_name(capability) : PROTO_CAPABILITY_NONE;
    if (capability && !filter->about)
        return wrong(capability, "is not a capability", "use camera, microphone, device-state, still, recording, …");
    return take_times(filter, now_ms) && take_outcome(filter);
}

static void add_word(char *out, const char *head, const char *word)
{
    size_t len = strlen(out);

    snprintf(out + len, AUDIT_FILTER_WORDS_MAX - len, "%s%s%.128s", len ? "; " : "", head, word);
}

bool audit_filter_words(const struct audit_filter *filter, char out[static AUDIT_FILTER_WORDS_MAX])
{
    static const char *const outcomes[] = {[AUDIT_LIVE] = "not ended",
                                           [AUDIT_GRANTED] = "something was granted",
                                           [AUDIT_REFUSED] = "something refused",
                                           [AUDIT_UNASKED] = "something was refused unasked",
                                           [AUDIT_FORBIDDEN] = "something forbidden was asked for",
                                           [AUDIT_WITHDRAWN] = "something was withdrawn",
                                           [AUDIT_BLOCKED] = "something was blocked"};

    *out = 0;
    if (filter->agent)
        add_word(out, "agent ", filter->agent);
    if (filter->customer)
        add_word(out, "customer ", filter->customer);
    if (filter->about)
        add_word(out, "", proto_capability_label(filter->about));
    if (filter->outcome == AUDIT_ENDED_SO)
        add_word(out, "ended ", filter->ended);
    else if (filter->outcome != AUDIT_ANY)
        add_word(out, "", outcomes[filter->outcome]);
    audit_plain(out);
    return *out != 0;
}

bool audit_filter_needs_notes(const struct audit_filter *filter)
{
    return filter->about || filter->outcome >= AUDIT_GRANTED;
}

/* ---- what passes ---- */

static bool is_agent(const char *who, const struct relay_store_session *row)
{
    return !strcmp(who, row->agent_id) || strcasestr(row->agent_name, who) != NULL;
}

bool audit_filter_row(const struct audit_filter *filter, const struct relay_store_session *row)
{
    if (row->created_unix_ms < filter->since_ms || row->created_unix_ms >= filter->until_ms)
        return false;
    if (filter->customer && strcmp(filter->customer, row->customer_ref) != 0)
        return false;
    if (filter->agent && !is_agent(filter->agent, row))
        return false;
    if (filter->outcome == AUDIT_LIVE)
        return row->state != RELAY_STORE_ENDED;
    return filter->outcome != AUDIT_ENDED_SO ||
           (row->state == RELAY_STORE_ENDED && !strcmp(filter->ended, row->ended_reason));
}

bool audit_filter_refusal(const struct audit_filter *filter, const struct proto_event_note *event)
{
    const char *id = proto_event_note_get(event, "id");

    if (event->unix_s * 1000 < filter->since_ms || event->unix_s * 1000 >= filter->until_ms || filter->customer ||
        filter->about ||
        (filter->outcome != AUDIT_ANY && filter->outcome != AUDIT_REFUSED && filter->outcome != AUDIT_FORBIDDEN))
        return false;
    return !filter->agent || (id && !strcmp(filter->agent, id)) || strcasestr(event->subject, filter->agent) != NULL;
}

static bool is_refusal(const struct audit_note *note, enum audit_refusal how)
{
    return note->statement.action == PROTO_STATEMENT_REFUSE && audit_refusal_of(&note->statement) == how;
}

/* The note says what is looked for, whatever it is about. */
static bool is_outcome(const struct audit_filter *filter, const struct audit_note *note)
{
    if (note->by == AUDIT_RELAY)
        return (filter->outcome == AUDIT_BLOCKED && note->event.action == PROTO_ACT_BLOCKED) ||
               ((filter->outcome == AUDIT_REFUSED || filter->outcome == AUDIT_FORBIDDEN) &&
                note->event.action == PROTO_ACT_GATE_REFUSED);
    if (note->by != AUDIT_CUSTOMER)
        return false;
    switch (filter->outcome) {
    case AUDIT_GRANTED:
        return note->statement.action == PROTO_STATEMENT_GRANT;
    case AUDIT_REFUSED:
        return is_refusal(note, AUDIT_BY_PERSON);
    case AUDIT_UNASKED:
        return is_refusal(note, AUDIT_BY_NOBODY);
    case AUDIT_FORBIDDEN:
        return is_refusal(note, AUDIT_BY_POLICY);
    case AUDIT_WITHDRAWN:
        return note->statement.action == PROTO_STATEMENT_WITHDRAW;
    case AUDIT_BLOCKED:
        return false;
    default: /* of the row; here any answer about the capability will do */
        return note->statement.action == PROTO_STATEMENT_GRANT || note->statement.action == PROTO_STATEMENT_REFUSE;
    }
}

bool audit_filter_notes(const struct audit_filter *filter, const struct audit_session *session)
{
    if (!audit_filter_needs_notes(filter))
        return true;
    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        enum proto_capability about = note->by == AUDIT_CUSTOMER ? note->statement.capability : note->event.capability;
        if (is_outcome(filter, note) && (!filter->about || filter->about == about))
            return true;
    }
    return false;
}

/* ---- all that pass ---- */

struct visiting {
    struct audit_organisation *o;
    const struct audit_filter *filter;
    audit_visit_session visit;
    void *context;
    struct audit_report *report; /* of one session, used again and again */
    bool own;                    /* the error is the visitor's */
};

/* What is wrong with a session that is not handed over: it may be why it is not. */
static void tell_whole(struct visiting *v, const struct audit_session *session)
{
    if (session->incomplete && !v->report->wrong)
        audit_found(audit_expected(audit_at_session(audit_wrong(v->report, "entry", "evidence"), session->row.sid),
                                   "notes that can be read, to see whether this session is meant"),
                    "some that cannot");
    audit_whole_add(v->o, v->report);
}

/*
 * A row that was altered may rule its session out. So what it says is held to what was signed: its own texts and time
 * to the first note, how it ended to all of them.
 */
static enum proto_err pass_over(struct visiting *v, const struct relay_store_session *row)
{
    bool ends = v->filter->outcome == AUDIT_ENDED_SO || v->filter->outcome == AUDIT_LIVE;
    struct audit_session session;

    memset(v->report, 0, sizeof *v->report);
    enum proto_err err = (ends ? audit_session_read : audit_session_read_created)(&session, v->o, row, v->report);
    if (!err && ends)
        audit_session_judge(&session, v->o, audit_whole_size(v->o), v->report);
    else if (!err)
        audit_session_judge_row(&session, v->o, v->report);
    tell_whole(v, &session);
    audit_session_clear(&session);
    return err;
}

static enum proto_err visit_row(void *context, const struct relay_store_session *row)
{
    struct visiting *v = context;
    struct audit_session session = {.row = *row, .agent_err = PROTO_ERR_NOT_FOUND};
    enum proto_err err = PROTO_OK;

    if (!audit_filter_row(v->filter, row))
        return v->o->can_open ? pass_over(v, row) : PROTO_OK;
    memset(v->report, 0, sizeof *v->report);
    if (v->o->can_open) {
        err = audit_session_read(&session, v->o, row, v->report);
        if (!err)
            audit_session_judge(&session, v->o, audit_whole_size(v->o), v->report);
        audit_causes_first(v->report);
    }
    if (!err && audit_filter_notes(v->filter, &session)) {
        audit_session_make_plain(&session);
        err = v->visit(v->context, &session, v->report);
    } else if (!err) {
        tell_whole(v, &session);
    }
    v->own = err != PROTO_OK;
    audit_session_clear(&session);
    return err;
}

enum proto_err audit_each_session(struct audit_organisation *o, const struct audit_filter *filter,
                                  audit_visit_session visit, void *context)
{
    struct visiting v = {o, filter, visit, context, calloc(1, sizeof *v.report), false};

    if (!v.report)
        return PROTO_ERR_NOMEM;
    if (!audit_whole_know(o)) {
        free(v.report);
        return PROTO_ERR_IO;
    }
    audit_begin_moment(o);
    enum proto_err err = relay_store_each_session(o->rows, true, visit_row, &v);
    audit_end_moment(o);
    if (err && !v.own) /* a row that cannot be read */
        host_say(HOST_ERROR, "%s", relay_store_error(o->rows));
    free(v.report);
    return err;
}
