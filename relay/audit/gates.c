/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No picture without an open grant. The relay's own events tell when a stream could pass and when it did; each way that
 * was opened must name a grant of this session that stood in the log, for this capability and this person, and that
 * nothing had taken back.
 *
 * Only the relay's clock is used: of its events, and of the moment at which it had a statement. So an honest customer,
 * who closes the way before the log hears of it, is never out of order by the time a note takes to travel.
 */
#include <string.h>

#include "proto/wire/limits.h"
#include "relay/audit/session.h"
#include "relay/audit/totals.h"

#define NOTE_LATE_S                                                                                                    \
    (15 * 60)             /* a note of the agent waits while their line is down; no session waits so long for it       \
                           */
#define AGENT_CLOCK_S 120 /* and its own time may be off by so much */
#define SLACK_S 2         /* two clocks of one machine, each cut down to a second */

struct way {
    const struct audit_note *opened, *started, *stopped, *grant;
};

struct gates {
    const struct audit_session *session;
    const struct audit_organisation *o;
    struct audit_report *report;
    struct way (*ways)[PROTO_MAX_STREAM + 1]; /* [source][stream]; borrowed */
};

static struct audit_finding *wrong(const struct gates *g, const struct audit_note *note)
{
    return audit_wrong_note(g->report, g->session, note);
}

static const char *what(const struct audit_note *note)
{
    const char *label = proto_capability_label(note->event.capability);

    return label ? label : "nothing";
}

static struct way *way_of(const struct gates *g, const struct audit_note *note)
{
    uint64_t src, stream;

    if (!audit_detail_number(&note->event, "stream", &stream) || stream > PROTO_MAX_STREAM)
        return NULL;
    if (!audit_detail_number(&note->event, "src", &src))
        src = 1;
    return src < PROTO_MAX_PARTICIPANTS ? &g->ways[src][stream] : NULL;
}

/* By so much more than the customer's clock did the relay's go on, while this was in force: somebody set the date. */
static int64_t set_by_s(const struct gates *g, const struct audit_note *grant)
{
    const struct audit_note *last = grant;

    for (size_t i = 0; i < g->session->count; i++)
        if (g->session->notes[i].by == AUDIT_CUSTOMER && g->session->notes[i].entry > last->entry)
            last = &g->session->notes[i];
    int64_t off_s =
        (last->received_ms - grant->received_ms) / 1000 - (last->statement.unix_s - grant->statement.unix_s);
    return off_s > 0 ? off_s : 0;
}

/* When it runs out by the relay's clock; INT64_MAX: it goes on until it is taken back. */
static int64_t runs_out_s(const struct gates *g, const struct audit_note *grant)
{
    return grant->statement.max_s ? grant->received_ms / 1000 + grant->statement.max_s + set_by_s(g, grant) : INT64_MAX;
}

/* The grant may have run out, or been taken back, before `at_s`; not by what the log has later, whatever a clock said.
 */
static void judge_in_force(const struct gates *g, const struct audit_note *note, const struct audit_note *grant,
                           const char *doing)
{
    const struct audit_note *end = audit_end_of_grant(g->session, grant);
    int64_t granted_s = grant->received_ms / 1000, at_s = audit_passed_until_s(g->session, g->o, note);

    if (end && end->entry < note->entry && at_s > end->received_ms / 1000 + SLACK_S)
        audit_found(audit_expected(wrong(g, note), "%s to have %s before entry %llu took the grant back", what(note),
                                   doing, (unsigned long long)end->entry),
                    "it %s %lld s after", doing, (long long)(at_s - end->received_ms / 1000));
    else if (grant->statement.max_s && at_s > runs_out_s(g, grant) + SLACK_S)
        audit_found(audit_expected(wrong(g, note), "%s to have %s within the %u s that entry %llu grants", what(note),
                                   doing, grant->statement.max_s, (unsigned long long)grant->entry),
                    "it %s after %lld s", doing, (long long)(at_s - granted_s));
}

static void on_opened(const struct gates *g, const struct audit_note *note, struct way *way)
{
    uint8_t leaf_hash[32];
    uint8_t grantee[32];
    bool names = audit_detail_hash(&note->event, "leaf", leaf_hash);
    const struct audit_note *grant = names ? audit_grant_of_leaf(g->session, leaf_hash) : NULL;

    if (way->opened)
        audit_found(audit_expected(wrong(g, note), "the way that entry %llu opened to be closed before",
                                   (unsigned long long)way->opened->entry),
                    "it opened again");
    way->opened = note;
    way->started = way->stopped = NULL;
    way->grant = grant;
    if (!grant)
        audit_found(
            audit_expected(wrong(g, note), "the leaf of a grant of this session, which let %s through", what(note)),
            names ? "a leaf that is no grant of it" : "no leaf");
    else if (grant->entry >= note->entry)
        audit_found(audit_expected(wrong(g, note), "a grant that was in the log before"), "entry %llu, which is later",
                    (unsigned long long)grant->entry);
    else if (grant->statement.capability != note->event.capability)
        audit_found(audit_expected(wrong(g, note), "a grant for %s", what(note)), "entry %llu, a grant for %s",
                    (unsigned long long)grant->entry, proto_capability_label(grant->statement.capability));
    else if (!audit_detail_hash(&note->event, "grantee", grantee) ||
             memcmp(grantee, grant->statement.grantee, sizeof grantee) != 0)
        audit_found(audit_expected(wrong(g, note), "the way opened to the one whom entry %llu names",
                                   (unsigned long long)grant->entry),
                    "somebody else, or nobody");
    else
        judge_in_force(g, note, grant, "begun");
}

/* A way is opened to one person: what passed to another passed without a consent. */
static void judge_to_whom(const struct gates *g, const struct audit_note *note, const struct way *way)
{
    const char *opened = way->opened ? proto_event_note_get(&way->opened->event, "dst") : NULL,
               *to = proto_event_note_get(&note->event, "dst");

    if (way->opened && (!opened != !to || (to && strcmp(opened, to) != 0)))
        audit_found(audit_expected(wrong(g, note), "%s to go to %s, to whom entry %llu opened the way", what(note),
                                   opened ? opened : "nobody", (unsigned long long)way->opened->entry),
                    "%s", to ? to : "nobody");
}

static void on_started(const struct gates *g, const struct audit_note *note, struct way *way)
{
    judge_to_whom(g, note, way);
    if (!way->opened || way->opened->event.capability != note->event.capability)
        audit_found(audit_expected(wrong(g, note), "an open grant under which %s is forwarded", what(note)), "none");
    way->started = note;
}

/* What passed after its end is as bad as what passed without a beginning. */
static void on_stopped(const struct gates *g, const struct audit_note *note, struct way *way)
{
    uint64_t frames, bytes;

    judge_to_whom(g, note, way);
    if (way->stopped)
        audit_found(audit_expected(wrong(g, note), "%s to have stopped once, as entry %llu says", what(note),
                                   (unsigned long long)way->stopped->entry),
                    "again");
    if (!way->opened || way->opened->event.capability != note->event.capability)
        audit_found(audit_expected(wrong(g, note), "an open grant under which %s was forwarded", what(note)), "none");
    else if (way->grant)
        judge_in_force(g, note, way->grant, "stopped");
    if (!audit_stop_figures(&note->event, &frames, &bytes) && !audit_is_restart(note))
        audit_found(audit_expected(wrong(g, note),
                                   "how many frames and bytes of %s passed, or that a restart of the "
                                   "relay lost it",
                                   what(note)),
                    "neither");
    way->started = NULL;
    way->stopped = note;
}

/* Closing twice harms nobody. Closing without saying what passed would hide it. */
static void on_closed(const struct gates *g, const struct audit_note *note, struct way *way)
{
    if (way->started)
        audit_found(audit_expected(wrong(g, note), "to be told before that %s stopped, which entry %llu saw start",
                                   what(note), (unsigned long long)way->started->entry),
                    "nothing of it");
    memset(way, 0, sizeof *way);
}

/* A relay that was killed closes, when it is back, what it finds in the row: nothing may be open for ever. */
static void on_ended(const struct gates *g, const struct audit_note *note)
{
    for (size_t src = 0; src < PROTO_MAX_PARTICIPANTS; src++)
        for (size_t stream = 0; stream <= PROTO_MAX_STREAM; stream++)
            if (g->ways[src][stream].opened)
                audit_found(audit_expected(wrong(g, note), "the way that entry %llu opened to be closed before",
                                           (unsigned long long)g->ways[src][stream].opened->entry),
                            "the end of the session");
}

/* ---- what agents did ---- */

static bool begins(enum proto_act action)
{
    return action == PROTO_ACT_VIEWING_STARTED || action == PROTO_ACT_STILL_TAKEN ||
           action == PROTO_ACT_RECORDING_STARTED || action == PROTO_ACT_COMMAND_EXECUTED;
}

/*
 * By the relay's clock: when this consent was over for that note, for whatever reason; INT64_MAX: it is in force. What
 * ends is held to the customer's word alone: that a consent's time has run out, the agent's end learns from it.
 */
static int64_t over_at(const struct gates *g, const struct audit_note *grant, const struct audit_note *note)
{
    const struct audit_note *end = audit_end_of_grant(g->session, grant),
                            *ended = audit_last_event(g->session, PROTO_ACT_ENDED);
    int64_t over_s = end && end->entry < note->entry ? end->received_ms / 1000 : INT64_MAX;
    int64_t longest_s = begins(note->event.action) ? runs_out_s(g, grant) : INT64_MAX;

    if (ended && ended->entry < note->entry && ended->said_s < over_s)
        over_s = ended->said_s;
    return longest_s < over_s ? longest_s : over_s;
}

/* A note that waited says an earlier time than that of its entry. How far the agent's clock is off shows in the note
 * that waited least. */
static int64_t done_at(const struct gates *g, const struct audit_note *note)
{
    int64_t came_s = note->received_ms / 1000, off_s = came_s - note->said_s;

    for (size_t i = 0; i < g->session->count; i++) {
        const struct audit_note *other = &g->session->notes[i];
        int64_t other_s = other->received_ms / 1000 - other->said_s;
        if (other->by == AUDIT_AGENT && other_s < off_s)
            off_s = other_s;
    }
    return note->said_s + (off_s < 0 ? off_s : 0);
}

/* What ended because the consent was over ended when the agent's end heard of it: while the relay runs, their line is
 * not away for longer than a note may be late. */
static bool is_too_long(const struct gates *g, const struct audit_note *note, int64_t over_s)
{
    for (size_t i = 0; i < g->session->count; i++) {
        const struct audit_note *other = &g->session->notes[i];
        if (audit_is_restart(other) && other->received_ms / 1000 >= over_s)
            return false;
    }
    return over_s < done_at(g, note) - NOTE_LATE_S;
}

static bool is_too_late(const struct gates *g, const struct audit_note *note, int64_t over_s)
{
    int64_t at_s = note->received_ms / 1000;

    return over_s < at_s - NOTE_LATE_S || (over_s < at_s - AGENT_CLOCK_S && over_s < done_at(g, note) - AGENT_CLOCK_S);
}

/* Each photo, recording and command, and all that was on the screen, under a consent that stood in the log before. */
static void judge_agents(const struct gates *g, const struct audit_note *note)
{
    int64_t over_s = INT64_MIN;
    bool began = begins(note->event.action);

    for (size_t i = 0; i < g->session->count; i++) {
        const struct audit_note *grant = &g->session->notes[i];
        if (grant->by != AUDIT_CUSTOMER || grant->statement.action != PROTO_STATEMENT_GRANT ||
            grant->statement.capability != note->event.capability || grant->entry >= note->entry)
            continue;
        int64_t over = over_at(g, grant, note);
        over_s = over > over_s ? over : over_s;
    }
    if (over_s == INT64_MIN)
        audit_found(audit_expected(wrong(g, note), "a consent to %s that stood in the log before", what(note)), "none");
    else if (began ? is_too_late(g, note, over_s) : is_too_long(g, note, over_s))
        audit_found(audit_expected(wrong(g, note), "a consent to %s in force, or over for some minutes", what(note)),
                    "one that was over %lld s before",
                    (long long)((began ? note->received_ms / 1000 : done_at(g, note)) - over_s));
}

static void on_event(const struct gates *g, const struct audit_note *note)
{
    static void (*const on[PROTO_ACT_COUNT])(const struct gates *, const struct audit_note *, struct way *) = {
        [PROTO_ACT_GATE_OPENED] = on_opened,
        [PROTO_ACT_STARTED] = on_started,
        [PROTO_ACT_STOPPED] = on_stopped,
        [PROTO_ACT_GATE_CLOSED] = on_closed,
    };
    enum proto_act action = note->event.action;

    if (action == PROTO_ACT_ENDED)
        on_ended(g, note);
    if (!on[action])
        return;
    struct way *way = way_of(g, note);
    if (!way)
        audit_found(audit_expected(wrong(g, note), "the stream that it is about"), "none");
    else
        on[action](g, note, way);
}

/* One key is one consent: who makes it last longer (PROTOCOL.md 9.1) changes nothing else of it. */
static void judge_extension(const struct gates *g, size_t at)
{
    const struct audit_note *note = &g->session->notes[at];
    const struct proto_statement *st = &note->statement;

    for (size_t i = 0; i < at; i++) {
        const struct proto_statement *before = &g->session->notes[i].statement;
        if (g->session->notes[i].by != AUDIT_CUSTOMER || before->action != PROTO_STATEMENT_GRANT ||
            before->epoch != st->epoch)
            continue;
        if (before->capability != st->capability || before->max_s != st->max_s ||
            before->retention_days != st->retention_days || strcmp(before->purpose, st->purpose) != 0 ||
            memcmp(before->key_commit, st->key_commit, sizeof st->key_commit) != 0)
            audit_found(audit_expected(wrong(g, note), "the consent of entry %llu for longer, and else the same",
                                       (unsigned long long)g->session->notes[i].entry),
                        "one for something else under its key");
        return;
    }
}

void audit_gates_judge(const struct audit_session *session, const struct audit_organisation *o,
                       struct audit_report *report)
{
    struct way ways[PROTO_MAX_PARTICIPANTS][PROTO_MAX_STREAM + 1];
    const struct gates g = {session, o, report, ways};

    memset(ways, 0, sizeof ways);
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_RELAY)
            on_event(&g, &session->notes[i]);
        else if (session->notes[i].by == AUDIT_AGENT)
            judge_agents(&g, &session->notes[i]);
        else if (session->notes[i].by == AUDIT_CUSTOMER && session->notes[i].statement.action == PROTO_STATEMENT_GRANT)
            judge_extension(&g, i);
}
