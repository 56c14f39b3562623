/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/phrases.h"

#include <stdio.h>
#include <string.h>

#include "relay/audit/times.h"
#include "relay/audit/totals.h"

/* One sentence in the making. */
struct phrase {
    const struct audit_session *session;
    const struct audit_note *note;
    size_t at;
    char *out;
};

#define SAY(p, ...) snprintf((p)->out, AUDIT_PHRASE_MAX, __VA_ARGS__)

const char *audit_agent_name(const struct audit_session *session)
{
    return session->agent_err ? session->row.agent_name : session->agent.name;
}

int64_t audit_note_time(const struct audit_note *note)
{
    return note->by == AUDIT_RELAY ? note->event.unix_s : note->received_ms / 1000;
}

/* Why the relay did something by itself; NULL: somebody asked for it. */
static const char *cause_words(const struct proto_event_note *event)
{
    static const char *const words[][2] = {
        {"replaced", "another one took its place"},
        {"lost", "an end was no longer connected"},
        {"expired", "its time ran out"},
        {"policy", "a new policy forbids it"},
        {"ended", "the session ended"},
        {"restart", "the relay was restarted"},
        {"revoked", "the agent's certificate was revoked"},
    };
    const char *cause = proto_event_note_get(event, "cause");

    for (size_t i = 0; cause && i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i][0], cause))
            return words[i][1];
    return cause;
}

const char *audit_end_words(const struct audit_session *session)
{
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED);
    const char *cause = ended ? proto_event_note_get(&ended->event, "cause") : NULL,
               *reason = ended ? proto_event_note_get(&ended->event, "reason") : NULL;

    return cause ? cause_words(&ended->event) : audit_reason_words(reason ? reason : session->row.ended_reason);
}

const char *audit_reason_words(const char *reason)
{
    static const char *const words[][2] = {
        {"completed", "completed"},
        {"declined", "the customer declined"},
        {"customer-left", "the customer left"},
        {"agent-left", "the agent left"},
        {"connection-lost", "the connection was lost"},
        {"expired", "its time ran out"},
        {"wrong-person", "it was the wrong person"},
        {"stopped-by-officer", "an officer stopped it"},
        {"failed", "it failed"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i][0], reason))
            return words[i][1];
    return reason;
}

static const char *label(enum proto_capability capability)
{
    const char *text = proto_capability_label(capability);

    return text ? text : "nothing in particular";
}

/* ---- what the customer said ---- */

/* The live consent for the same that this one makes last longer; NULL: it is a consent of its own. */
static const struct audit_note *extended(const struct phrase *p)
{
    const struct audit_note *live = NULL;

    for (size_t i = 0; i < p->at; i++) {
        const struct audit_note *note = &p->session->notes[i];
        if (note->by == AUDIT_CUSTOMER && note->statement.action == PROTO_STATEMENT_GRANT &&
            note->statement.capability == p->note->statement.capability &&
            note->statement.epoch == p->note->statement.epoch) /* the same key goes on */
            live = note;
    }
    return live;
}

static void say_grant(const struct phrase *p)
{
    const struct proto_statement *st = &p->note->statement;
    char until[AUDIT_TIME_MAX + 32] = "until the session ends", duration[AUDIT_TIME_MAX],
                                kept[64] = "nothing of it is kept";

    if (st->max_s) {
        audit_duration(duration, st->max_s);
        snprintf(until, sizeof until, "for at most %s", duration);
    }
    if (extended(p)) {
        SAY(p, "The customer let %s go on, %s%s.", label(st->capability), until, st->max_s ? " from now" : "");
        return;
    }
    if (st->retention_days)
        snprintf(kept, sizeof kept, "it may be kept for %u day%s", st->retention_days,
                 st->retention_days == 1 ? "" : "s");
    SAY(p, "%s asked for %s: “%s”. The customer agreed, %s; %s.", audit_agent_name(p->session), label(st->capability),
        st->purpose, until, kept);
}

/* Words that the customer's own end writes in place of a purpose, and what they mean here. */
static const struct {
    const char *purpose, *refused, *withdrawn;
} machine_words[] = {
    {"", "The customer said no", "The customer withdrew it"},
    {PROTO_PURPOSE_EXPIRED, "No answer came in time", "Its time ran out"},
    {PROTO_PURPOSE_USED, "It was used up", "It was for one time, and that was used"},
    {PROTO_PURPOSE_CONNECTION_LOST, "The connection was lost before an answer", "The connection was lost"},
    {PROTO_PURPOSE_NOT_LOGGED, "The log did not take it", "The log did not take the consent in time: no key ever left"},
    {PROTO_PURPOSE_BLOCKED, "The customer's device cannot do it", "The customer's device could not keep it up"},
    {PROTO_PURPOSE_FORBIDDEN, "The policy forbids it, so nobody was asked", "The policy forbids it"},
    {PROTO_PURPOSE_UNVERIFIED, "The organisation was not verified, so nobody was asked",
     "The organisation was not verified"},
    {PROTO_PURPOSE_WORDS, "The check words had not been compared, so nobody was asked",
     "The check words were not compared"},
    {PROTO_PURPOSE_NO_GATE, "The relay refused the way", "The relay refused the way"},
    {PROTO_PURPOSE_HELD_TOO_LONG, "The agent was away too long", "The agent was away too long"},
    {PROTO_PURPOSE_ENDED, "The session ended before an answer", "The session ended"},
};

static void say_no(const struct phrase *p, bool refused)
{
    const struct proto_statement *st = &p->note->statement;

    for (size_t i = 0; i < sizeof machine_words / sizeof *machine_words; i++)
        if (!strcmp(st->purpose, machine_words[i].purpose)) {
            if (refused)
                SAY(p, "%s asked for %s. %s.", audit_agent_name(p->session), label(st->capability),
                    machine_words[i].refused);
            else
                SAY(p, "%s was taken back. %s.", label(st->capability), machine_words[i].withdrawn);
            return;
        }
    if (refused)
        SAY(p, "%s asked for %s: “%s”. The customer said no.", audit_agent_name(p->session), label(st->capability),
            st->purpose);
    else
        SAY(p, "%s was taken back: “%s”.", label(st->capability), st->purpose);
}

static void say_statement(const struct phrase *p)
{
    const struct proto_statement *st = &p->note->statement;

    switch (st->action) {
    case PROTO_STATEMENT_GRANT:
        say_grant(p);
        break;
    case PROTO_STATEMENT_REFUSE:
        say_no(p, true);
        break;
    case PROTO_STATEMENT_WITHDRAW:
        say_no(p, false);
        break;
    case PROTO_STATEMENT_JOIN:
        SAY(p, "The customer let another person (%s) join: “%s”.", proto_role_name(st->role), st->purpose);
        break;
    case PROTO_STATEMENT_LEAVE:
        SAY(p, "The customer saw a person (%s) out.", proto_role_name(st->role));
        break;
    case PROTO_STATEMENT_END:
        SAY(p, "The customer's end closed its record.");
        break;
    case PROTO_STATEMENT_REKEY:
    case PROTO_STATEMENT_ACTION_COUNT:
        break; /* keys are renewed by themselves; nobody decided anything */
    }
}

/* ---- what others did ---- */

static const char *who(const struct proto_event_note *event)
{
    const char *name = proto_event_note_get(event, "who");

    return name && !strcmp(name, "agent") ? "agent" : "customer";
}

/* To whom a way leads. */
static const char *receiver(const struct phrase *p)
{
    return audit_is_to_customer(&p->note->event) ? "the customer" : audit_agent_name(p->session);
}

/* Of what goes to the agent nobody needs to be told that. */
static const char *to_customer(const struct phrase *p)
{
    return audit_is_to_customer(&p->note->event) ? " to the customer" : "";
}

static void say_stopped(const struct phrase *p)
{
    const struct audit_note *start = audit_start_of_stop(p->session, p->at);
    char duration[AUDIT_TIME_MAX] = "", amount[AUDIT_TIME_MAX];
    uint64_t frames, bytes;

    bool counted = audit_stop_figures(&p->note->event, &frames, &bytes);
    audit_amount(amount, bytes);
    if (start)
        audit_duration(duration, p->note->event.unix_s - start->event.unix_s);
    if (!counted) {
        SAY(p, "%s%s stopped%s%s. How much had passed is " AUDIT_NOT_KNOWN ".", label(p->note->event.capability),
            to_customer(p), start ? " after at most " : "", duration);
        return;
    }
    SAY(p, "%s%s stopped%s%s: %llu frame%s, %s.", label(p->note->event.capability), to_customer(p),
        start ? " after " : "", duration, (unsigned long long)frames, frames == 1 ? "" : "s", amount);
}

static void say_opened(const struct phrase *p)
{
    uint8_t leaf_hash[32];
    const struct audit_note *grant =
        audit_detail_hash(&p->note->event, "leaf", leaf_hash) ? audit_grant_of_leaf(p->session, leaf_hash) : NULL;

    if (grant)
        SAY(p, "The relay opened the way for %s to %s, on the consent in entry %llu.", label(p->note->event.capability),
            receiver(p), (unsigned long long)grant->entry);
    else
        SAY(p, "The relay opened the way for %s to %s. NO CONSENT is named for it.", label(p->note->event.capability),
            receiver(p));
}

static void say_closed(const struct phrase *p)
{
    const char *cause = cause_words(&p->note->event);

    SAY(p, "The relay closed the way for %s%s%s%s.", label(p->note->event.capability), to_customer(p),
        cause ? ": " : "", cause ? cause : "");
}

static void say_created(const struct phrase *p)
{
    const struct relay_store_session *row = &p->session->row;

    SAY(p, "%s opened the session%s%s%s%s.", audit_agent_name(p->session), row->customer_ref[0] ? " for customer " : "",
        row->customer_ref, row->ticket_ref[0] ? ", about " : "", row->ticket_ref);
}

static void say_joined(const struct phrase *p)
{
    const char *by = proto_event_note_get(&p->note->event, "by");

    SAY(p, "The customer joined%s%s. Both ends had proved who they are.", by ? " by " : "", by ? by : "");
}

static void say_ended(const struct phrase *p)
{
    const char *reason = proto_event_note_get(&p->note->event, "reason"),
               *by = proto_event_note_get(&p->note->event, "by");

    const char *cause = cause_words(&p->note->event);

    SAY(p, "The session ended: %s%s%s%s.",
        cause    ? cause
        : reason ? audit_reason_words(reason)
                 : "no reason is given",
        by ? " (by the " : "", by ? by : "", by ? ")" : "");
}

static void say_agent_event(const struct phrase *p)
{
    const char *agent = audit_agent_name(p->session), *what = label(p->note->event.capability), *hash, *bytes;
    bool hears = p->note->event.capability == PROTO_CAPABILITY_MICROPHONE;

    switch (p->note->event.action) {
    case PROTO_ACT_VIEWING_STARTED:
        if (hears)
            SAY(p, "%s could hear the customer.", agent);
        else
            SAY(p, "%s had %s on the screen.", agent, what);
        break;
    case PROTO_ACT_VIEWING_STOPPED:
        if (hears)
            SAY(p, "%s could no longer hear the customer.", agent);
        else
            SAY(p, "%s no longer had %s on the screen.", agent, what);
        break;
    case PROTO_ACT_STILL_TAKEN:
        SAY(p, "%s took a photo.", agent);
        break;
    case PROTO_ACT_RECORDING_STARTED:
        SAY(p, "%s began recording.", agent);
        break;
    case PROTO_ACT_RECORDING_STOPPED:
        hash = proto_event_note_get(&p->note->event, "hash");
        bytes = proto_event_note_get(&p->note->event, "bytes");
        SAY(p, "%s stopped recording: %s bytes, sealed to the officers, with the hash %s.", agent, bytes ? bytes : "?",
            hash ? hash : "?");
        break;
    case PROTO_ACT_COMMAND_EXECUTED:
        SAY(p, "%s used %s.", agent, what);
        break;
    default: /* the relay's; reading refused it */
        break;
    }
}

static void say_passing(const struct phrase *p)
{
    SAY(p, "%s began to reach %s.", label(p->note->event.capability), receiver(p));
}

static void say_blocked(const struct phrase *p)
{
    const char *what = proto_capability_label(p->note->event.capability);

    SAY(p, "The relay BLOCKED what was sent%s%s: no consent was in force.", what ? " as " : "", what ? what : "");
}

static void say_refused(const struct phrase *p)
{
    static const char *const words[][2] = {
        {"policy", "the organisation's policy does not allow it"},
        {"grant", "the log has no such consent"},
        {"grantee", "the consent names somebody else"},
        {"session", "it belonged to another session"},
        {"number", "it had been asked before"},
        {"signature", "the customer's key had not signed it"},
    };
    const char *cause = proto_event_note_get(&p->note->event, "cause"), *why = cause ? cause : "no reason is given",
               *times = proto_event_note_get(&p->note->event, "times");
    bool many = times && strcmp(times, "1") != 0;

    for (size_t i = 0; cause && i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i][0], cause))
            why = words[i][1];
    SAY(p, "The relay REFUSED to open the way for %s: %s%s%s%s.", label(p->note->event.capability), why,
        many ? " (" : "", many ? times : "", many ? " times)" : "");
}

static void say_lost(const struct phrase *p)
{
    const char *cause = cause_words(&p->note->event);

    SAY(p, "The connection of the %s was lost%s%s.", who(&p->note->event), cause ? ": " : "", cause ? cause : "");
}

static void say_returned(const struct phrase *p)
{
    SAY(p, "The %s came back.", who(&p->note->event));
}

static void say_transferred(const struct phrase *p)
{
    SAY(p, "The session was handed to %s.", p->note->event.subject[0] ? p->note->event.subject : "another person");
}

static void say_event(const struct phrase *p)
{
    static void (*const say[PROTO_ACT_COUNT])(const struct phrase *) = {
        [PROTO_ACT_CREATED] = say_created,    [PROTO_ACT_JOINED] = say_joined,
        [PROTO_ACT_LOST] = say_lost,          [PROTO_ACT_RETURNED] = say_returned,
        [PROTO_ACT_GATE_OPENED] = say_opened, [PROTO_ACT_GATE_CLOSED] = say_closed,
        [PROTO_ACT_STARTED] = say_passing,    [PROTO_ACT_STOPPED] = say_stopped,
        [PROTO_ACT_BLOCKED] = say_blocked,    [PROTO_ACT_TRANSFERRED] = say_transferred,
        [PROTO_ACT_ENDED] = say_ended,        [PROTO_ACT_GATE_REFUSED] = say_refused,
    };
    enum proto_act act = p->note->event.action;

    (say[act] ? say[act] : say_agent_event)(p);
}

void audit_phrase(const struct audit_session *session, size_t at, char out[static AUDIT_PHRASE_MAX])
{
    const struct phrase p = {session, &session->notes[at], at, out};

    out[0] = 0;
    if (p.note->by == AUDIT_CUSTOMER)
        say_statement(&p);
    else
        say_event(&p);
    audit_plain(out); /* a sign that turns what follows would have its writer arrange the officer's page */
}
