/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No session lasts longer than sessions do (PROTO_SESSION_MS), whatever its row says: not what passes in it, not a
 * consent to an agent whose certificate has ended meanwhile, and it has an end when the log goes on behind that.
 */
#include "proto/wire/limits.h"
#include "relay/audit/session.h"
#include "relay/audit/stops.h"

enum { LONGEST_S = PROTO_SESSION_MS / 1000, SLACK_S = 15 * 60 }; /* a busy machine, and no word about clocks */

struct judging {
    const struct audit_session *session;
    const struct audit_organisation *o;
    struct audit_report *report;
};

static int64_t said_s(const struct audit_note *note)
{
    return note->by == AUDIT_CUSTOMER ? note->statement.unix_s : note->said_s;
}

/* Between the first and the last word of this signer, by their own clock. */
static int64_t lasted_s(const struct audit_session *session, enum audit_signer by)
{
    const struct audit_note *first = NULL, *last = NULL;

    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == by) {
            first = first ? first : &session->notes[i];
            last = &session->notes[i];
        }
    return first ? said_s(last) - said_s(first) : 0;
}

/* A machine that slept finds its lines cut when it wakes, whose date is then another. */
static bool is_cut_after(const struct audit_session *session, int64_t at_s)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_RELAY && session->notes[i].event.action == PROTO_ACT_LOST &&
            session->notes[i].said_s > at_s)
            return true;
    return false;
}

/* The date of one machine may jump: it is long when the customer's clock says so, too. */
static void judge_passed(const struct judging *j, const struct audit_note *joined)
{
    const struct audit_session *session = j->session;
    int64_t longest_s = joined->said_s + LONGEST_S;

    if (lasted_s(session, AUDIT_CUSTOMER) <= LONGEST_S + SLACK_S || is_cut_after(session, longest_s))
        return;
    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        enum proto_act act = note->by == AUDIT_RELAY ? note->event.action : PROTO_ACT_COUNT;
        const char *cause = note->by == AUDIT_RELAY ? proto_event_note_get(&note->event, "cause") : NULL;
        if ((act != PROTO_ACT_GATE_OPENED && act != PROTO_ACT_STARTED && act != PROTO_ACT_STOPPED) || cause ||
            note->said_s <= longest_s + SLACK_S)
            continue;
        audit_found(audit_expected(audit_wrong_note(j->report, session, note),
                                   "nothing to be passed on for longer than %d hours, as long as a session lasts",
                                   LONGEST_S / 3600),
                    "%s %lld s after the customer came", proto_act_name(act),
                    (long long)(note->said_s - joined->said_s));
        return;
    }
}

/* Where nobody says a word any more, and the relay does: it was there to end it. */
static void judge_ended(const struct judging *j)
{
    const struct audit_session *session = j->session;
    int64_t last_s = INT64_MIN;
    uint64_t last = 0;

    if (audit_last_event(session, PROTO_ACT_ENDED) || !j->o->stops)
        return;
    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        int64_t came_s = note->received_ms / 1000;
        last_s = said_s(note) > last_s ? said_s(note) : last_s;
        last_s = came_s > last_s ? came_s : last_s;
        last = note->entry > last ? note->entry : last;
    }
    if (!audit_stops_ran_for(j->o->log, last, last_s, j->o->stops->ran_s, LONGEST_S + SLACK_S))
        return;
    audit_found(
        audit_expected(audit_at_session(audit_wrong(j->report, "session", "state"), session->row.sid),
                       "an end: no session lasts longer than %d hours, and the log goes on for longer than that",
                       LONGEST_S / 3600),
        "a session that goes on");
}

/* A session goes on when the agent's certificate ends in it. */
static void judge_granted(const struct judging *j)
{
    const struct audit_session *session = j->session;

    for (size_t i = 0; i < session->count && !session->agent_err; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by != AUDIT_CUSTOMER || note->statement.action != PROTO_STATEMENT_GRANT ||
            note->leaf_s < session->agent.not_after_s + LONGEST_S)
            continue;
        audit_found(audit_expected(audit_wrong_note(j->report, session, note),
                                   "a certificate that held when this was allowed, or ended in the same session"),
                    "one that had ended %lld s before", (long long)(note->leaf_s - session->agent.not_after_s));
        return;
    }
}

void audit_longest_judge(const struct audit_session *session, const struct audit_organisation *o,
                         struct audit_report *report)
{
    const struct judging j = {session, o, report};
    const struct audit_note *joined = audit_last_event(session, PROTO_ACT_JOINED);

    judge_granted(&j);
    if (!joined)
        return;
    judge_passed(&j, joined);
    judge_ended(&j);
}
