/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ends what passes, whatever was granted: an officer's stop, and that an agent's certificate is taken back.
 */
#include <string.h>

#include "relay/audit/session.h"
#include "relay/audit/stops.h"
#include "relay/audit/totals.h"
#include "relay/log/appender.h"

enum { STOP_FOLLOWED_S = 180 }; /* a leaf has its minute, and a disk may be slow */

struct judging {
    const struct audit_session *session;
    const struct audit_organisation *o;
    struct audit_report *report;
};

/* A relay that has the organisation's note ends the sessions of whom it revokes at once. */
static void judge_revoked(const struct judging *j)
{
    if (j->session->agent_err)
        return;
    for (size_t i = 0; i < j->session->count; i++) {
        const struct audit_note *note = &j->session->notes[i];
        if (note->by != AUDIT_RELAY ||
            (note->event.action != PROTO_ACT_GATE_OPENED && note->event.action != PROTO_ACT_STARTED) ||
            !audit_staff_revoked(j->o, j->session->agent.serial, note->entry, note->leaf_s))
            continue;
        audit_found(audit_expected(audit_wrong_note(j->report, j->session, note),
                                   "nothing to be passed on to an agent who was revoked before"),
                    "%s", proto_act_name(note->event.action));
        return;
    }
}

/* Until when, by the relay's own time: a note that waits for a full disk is later than what it did. No relay takes one
 * that is further off its clock when it comes. */
static int64_t followed_by_s(const struct audit_stop *stop)
{
    int64_t signed_s = stop->said_s + RELAY_APPENDER_DATED_S;

    return (signed_s < stop->leaf_s ? signed_s : stop->leaf_s) + STOP_FOLLOWED_S;
}

/* The next entry of the relay's that a stop should have kept away. */
static bool goes_on(const struct audit_note *note, const struct audit_stop *stop)
{
    enum proto_act act = note->event.action;

    if (note->by != AUDIT_RELAY || note->entry < stop->entry || note->said_s <= followed_by_s(stop))
        return false;
    return act == PROTO_ACT_GATE_OPENED || act == PROTO_ACT_STARTED ||
           (act == PROTO_ACT_STOPPED && !audit_is_restart(note)); /* it passed on until then */
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
        if (goes_on(&j->session->notes[i], stop)) {
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
    else if (!ended && j->o->stops->newest_s > stop->leaf_s + STOP_FOLLOWED_S)
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
    judge_revoked(&j);
}
