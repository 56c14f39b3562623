/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ends what passes, whatever was granted: an officer's stop, and that an agent's certificate is taken back.
 */
#include <string.h>

#include "proto/log/leaf.h"
#include "relay/audit/session.h"
#include "relay/audit/stops.h"
#include "relay/audit/totals.h"
#include "relay/log/appender.h"

enum { LEFT_S = 30 * 60 }; /* a session without its agent ends when no seat is kept any more: twice that time */

struct judging {
    const struct audit_session *session;
    const struct audit_organisation *o;
    struct audit_report *report;
};

static bool begins(const struct audit_note *note)
{
    return note->by == AUDIT_RELAY &&
           (note->event.action == PROTO_ACT_GATE_OPENED || note->event.action == PROTO_ACT_STARTED);
}

/* Something passed later than `by_s`, by this entry of the relay's, which is behind `entry`. */
static bool goes_on(const struct judging *j, const struct audit_note *note, uint64_t entry, int64_t by_s)
{
    if (note->by != AUDIT_RELAY || note->entry < entry)
        return false;
    if (note->event.action == PROTO_ACT_STOPPED)
        return audit_passed_until_s(j->session, j->o, note) > by_s;
    return begins(note) && note->said_s > by_s;
}

/* A relay that has the note of a revocation, or should have it since long, passes nothing on. What waited for the log
 * may be behind its own word of that note, and says the time before. */
static bool is_for_revoked(const struct judging *j, const struct audit_note *note, uint64_t behind, int64_t taken_s)
{
    if (behind && note->entry >= behind)
        return goes_on(j, note, behind, taken_s + PROTO_LOG_TIME_GRAIN_S);
    return begins(note) && audit_staff_out(j->o, j->session->agent.serial, note->entry, note->leaf_s);
}

/* An invitation waits, though nobody can come. */
static bool goes_on_for_long(const struct judging *j, const struct audit_note *ended, uint64_t behind, int64_t taken_s)
{
    int64_t until_s = ended ? ended->said_s : j->o->stops->newest_s;

    return (!ended || ended->entry >= behind) && audit_last_event(j->session, PROTO_ACT_JOINED) &&
           audit_stops_ran_for(j->o->log, behind - 1, taken_s, until_s, LEFT_S);
}

static void judge_revoked(const struct judging *j)
{
    const struct audit_note *ended = audit_last_event(j->session, PROTO_ACT_ENDED);
    int64_t taken_s;
    uint64_t behind = audit_staff_taken_back(j->o, j->session->agent.serial, &taken_s);

    for (size_t i = 0; i < j->session->count; i++)
        if (is_for_revoked(j, &j->session->notes[i], behind, taken_s)) {
            audit_found(audit_expected(audit_wrong_note(j->report, j->session, &j->session->notes[i]),
                                       "nothing to be passed on to an agent who was revoked before"),
                        "%s", proto_act_name(j->session->notes[i].event.action));
            return;
        }
    if (behind && j->o->stops && goes_on_for_long(j, ended, behind, taken_s))
        audit_found(audit_expected(audit_at_session(audit_wrong(j->report, "session", "state"), j->session->row.sid),
                                   "an end soon after entry %llu, with which the relay had the revocation of the agent",
                                   (unsigned long long)behind - 1),
                    ended ? "one long after it" : "a session that goes on");
}

/* Until when, by the relay's own time: a note that waits for a full disk is later than what it did. No relay takes one
 * that is further off its clock when it comes. */
static int64_t followed_by_s(const struct audit_stop *stop)
{
    int64_t signed_s = stop->said_s + RELAY_APPENDER_DATED_S;

    return (signed_s < stop->leaf_s ? signed_s : stop->leaf_s) + AUDIT_FOLLOWED_S;
}

/* An officer's stop is their only brake: the relay ends the session at once, or when it starts again. */
static void judge_followed(const struct judging *j)
{
    const struct audit_stop *stop = j->o->stops ? audit_stops_find(j->o->stops, j->session->row.sid) : NULL;
    const struct audit_note *ended = stop ? audit_last_event(j->session, PROTO_ACT_ENDED) : NULL;
    const char *reason = ended ? proto_event_note_get(&ended->event, "reason") : NULL;

    if (!stop)
        return;
    for (size_t i = 0; i < j->session->count; i++)
        if (goes_on(j, &j->session->notes[i], stop->entry, followed_by_s(stop))) {
            audit_found(audit_expected(audit_wrong_note(j->report, j->session, &j->session->notes[i]),
                                       "nothing to be passed on after entry %llu, with which an officer stopped it",
                                       (unsigned long long)stop->entry),
                        "%s", proto_act_name(j->session->notes[i].event.action));
            return;
        }
    if (ended && (!reason || strcmp(reason, proto_end_name(PROTO_END_STOPPED_BY_OFFICER)) != 0))
        audit_found(audit_expected(audit_wrong_note(j->report, j->session, ended),
                                   "%s: entry %llu is an officer's stop of this session",
                                   proto_end_name(PROTO_END_STOPPED_BY_OFFICER), (unsigned long long)stop->entry),
                    "%s", reason ? reason : "no reason");
    else if (ended && ended->entry < stop->entry)
        audit_found(audit_expected(audit_wrong_note(j->report, j->session, ended),
                                   "the end behind entry %llu, which is the officer's stop",
                                   (unsigned long long)stop->entry),
                    "one before it");
    else if (ended && ended->said_s > followed_by_s(stop) && !audit_session_restarted(j->session))
        audit_found(audit_expected(audit_wrong_note(j->report, j->session, ended),
                                   "the end within minutes of entry %llu, which is the officer's stop",
                                   (unsigned long long)stop->entry),
                    "one long after it");
    else if (!ended && j->o->stops->newest_s > stop->leaf_s + AUDIT_FOLLOWED_S)
        audit_found(audit_expected(audit_at_session(audit_wrong(j->report, "session", "state"), j->session->row.sid),
                                   "an end: entry %llu is an officer's stop of this session",
                                   (unsigned long long)stop->entry),
                    "a session that goes on");
}

void audit_brakes_judge(const struct audit_session *session, const struct audit_organisation *o,
                        struct audit_report *report)
{
    const struct judging j = {session, o, report};

    judge_followed(&j);
    if (!session->agent_err)
        judge_revoked(&j);
}
