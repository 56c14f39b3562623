/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/minutes.h"
#include "relay/audit/acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/paper.h"
#include "relay/audit/phrases.h"
#include "relay/audit/times.h"
#include "relay/audit/totals.h"

#define MINUTES_INDENT 17 /* clock, number of the entry, spaces */
#define LABEL_INDENT 21

/* ---- the order of events ---- */

static const struct audit_session *sorted; /* qsort hands over no context; pages are written by one thread */

static int by_time(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int64_t s = audit_note_time(&sorted->notes[x]), t = audit_note_time(&sorted->notes[y]);

    return s != t ? (s > t) - (s < t) : (x > y) - (x < y);
}

size_t *audit_minutes_order(const struct audit_session *session)
{
    size_t *order = malloc((session->count + 1) * sizeof *order);

    for (size_t i = 0; order && i < session->count; i++)
        order[i] = i;
    sorted = session;
    if (order)
        qsort(order, session->count, sizeof *order, by_time);
    return order;
}

/* ---- the head ---- */

static const struct proto_statement *first_statement(const struct audit_session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER)
            return &session->notes[i].statement;
    return NULL;
}

static void print_agent(const struct audit_organisation *o, const struct audit_session *session)
{
    const struct proto_statement *st = first_statement(session);
    char text[768];

    if (session->agent_err && audit_session_is_part(session))
        snprintf(text, sizeof text, AUDIT_UNSIGNED ": what said it is erased");
    else if (session->agent_err)
        snprintf(text, sizeof text, "%s (%s), as the relay names them: certificate not stored here, so not checked",
                 session->row.agent_name, session->row.agent_role);
    else
        snprintf(text, sizeof text, "%s (%s), certificate %s of %s", session->agent.name,
                 proto_role_name(session->agent.role), session->agent.serial, o->root.domain);
    audit_paper_head("Agent", text);
    if (st) {
        snprintf(text, sizeof text,
                 st->verified ? "The customer's device knew %s as a verified organisation."
                              : "The customer's device showed %s as an UNVERIFIED organisation.",
                 st->domain);
        audit_paper_head("Seen as", text);
    }
}

static void print_times(const struct audit_session *session)
{
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED);
    int64_t began = session->row.created_unix_ms / 1000;
    char day[AUDIT_TIME_MAX], clock[AUDIT_TIME_MAX], zone[AUDIT_TIME_MAX], lasted[AUDIT_PASSED_MAX], text[512];

    audit_time_day(day, began);
    audit_time_clock(clock, began);
    audit_time_zone(zone, began);
    snprintf(text, sizeof text, "%s, %s (%s)", day, clock, zone);
    audit_paper_head("Opened", text);
    if (!ended) {
        audit_paper_head("Ended", session->incomplete || session->erased
                                      ? "not known: not all of this session can be read"
                                      : "not yet");
        return;
    }
    audit_time_clock(clock, ended->event.unix_s);
    audit_session_lasted(lasted, session);
    snprintf(text, sizeof text, "%s, %s: %s", clock, lasted, audit_end_words(session));
    audit_paper_head("Ended", text);
}

static void print_verified(const struct audit_session *session, const struct audit_report *report)
{
    char text[AUDIT_TEXT_MAX * 4], place[AUDIT_TEXT_MAX];

    if (report->wrong) {
        audit_place(&report->findings[0], place);
        snprintf(text, sizeof text, "NO. %s: expected %s; there is %s.", place, report->findings[0].expected,
                 report->findings[0].found);
    } else if (session->incomplete) {
        snprintf(text, sizeof text, "NO. An entry could not be read; handhold-audit verify names it.");
    } else if (session->erased) {
        snprintf(text, sizeof text,
                 "%zu note%s, %llu signature%s. %zu entr%s erased, by notes in the log, so gaps and rules were not "
                 "judged%s.",
                 session->count, session->count == 1 ? "" : "s", (unsigned long long)report->signatures,
                 report->signatures == 1 ? "" : "s", session->erased, session->erased == 1 ? "y was" : "ies were",
                 audit_session_is_part(session)
                     ? "; what said who it was is erased, and the times above are the row's word alone"
                     : "");
    } else {
        snprintf(
            text, sizeof text,
            "%zu note%s, %llu signature%s, each entry in its place in the signed log; no gap, no rule broken. All the "
            "log is for handhold-audit verify.",
            session->count, session->count == 1 ? "" : "s", (unsigned long long)report->signatures,
            report->signatures == 1 ? "" : "s");
    }
    audit_paper_head("Verified", text);
    if (audit_session_is_relays_word(session))
        audit_paper_head("Only by", "the relay: no line of the agent is in it, and who the customer was it alone says");
    if (report->revoked)
        audit_paper_head("Revoked", "the agent's certificate had been when this began; the relay had not been given "
                                    "that note of the authority");
    if (report->late) {
        char late[AUDIT_TIME_MAX];
        audit_duration(late, report->late_s);
        snprintf(text, sizeof text,
                 "%llu of the relay's events say another time than their entry, by %s at entry %llu: the log could not "
                 "be written, or a clock was set",
                 (unsigned long long)report->late, late, (unsigned long long)report->late_entry);
        audit_paper_head("Late", text);
    }
    if (report->recorded_lines) {
        snprintf(text, sizeof text,
                 "%llu lines of the agent, under the key that the relay recorded; certificate not at hand",
                 (unsigned long long)report->recorded_lines);
        audit_paper_head("Recorded", text);
    } else if (report->unchecked_lines) {
        snprintf(text, sizeof text, "%llu lines of the agent: certificate not stored",
                 (unsigned long long)report->unchecked_lines);
        audit_paper_head("Not checked", text);
    }
}

static void print_title(const struct audit_organisation *o, const struct audit_session *session,
                        const struct audit_report *report)
{
    const struct relay_store_session *row = &session->row;
    char text[AUDIT_PHRASE_MAX + 32];
    struct audit_act stop;
    uint64_t entry;

    printf("Session ");
    for (size_t i = 0; i < sizeof row->sid; i++)
        printf("%02x", row->sid[i]);
    printf("\n");
    audit_paper_rule();
    print_agent(o, session);
    audit_paper_head("Customer",
                     row->customer_ref[0] ? row->customer_ref : "no reference: this session stands for itself");
    if (row->ticket_ref[0])
        audit_paper_head("Ticket", row->ticket_ref);
    print_times(session);
    if (audit_act_of_stop(o, row, &stop, &entry)) {
        snprintf(text, sizeof text, "%s Entry %llu.", stop.words, (unsigned long long)entry);
        audit_paper_head("Stopped", text);
    }
    print_verified(session, report);
}

/* ---- the minutes ---- */

static void print_minutes(const struct audit_session *session, const size_t *order)
{
    char phrase[AUDIT_PHRASE_MAX], clock[AUDIT_TIME_MAX], day[AUDIT_TIME_MAX], today[AUDIT_TIME_MAX];
    unsigned renewed = 0;

    audit_time_day(today, session->row.created_unix_ms / 1000);
    printf("\nMinutes     time and number of the log entry\n");
    audit_paper_rule();
    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[order[i]];
        audit_phrase(session, order[i], phrase);
        if (!*phrase) {
            renewed++;
            continue;
        }
        audit_time_day(day, audit_note_time(note));
        if (strcmp(day, today) != 0)
            printf("%s\n", strcpy(today, day));
        audit_time_clock(clock, audit_note_time(note));
        printf("%s %6llu  ", clock, (unsigned long long)note->entry);
        audit_paper_wrapped(phrase, MINUTES_INDENT);
    }
    if (renewed)
        printf("%*sKeys were renewed %u time%s under the same consent.\n", MINUTES_INDENT, "", renewed,
               renewed == 1 ? "" : "s");
}

/* ---- what was shared, at a glance ---- */

static void print_total(enum proto_capability capability, const struct audit_total *t)
{
    char passed[AUDIT_PASSED_MAX], text[AUDIT_PASSED_MAX + sizeof AUDIT_FORBIDDEN_WORDS];

    if (t->passed)
        audit_total_words(t, passed);
    else
        audit_total_done(capability, t, passed);
    if (t->passed || t->granted)
        snprintf(text, sizeof text, "granted; %s", passed);
    else
        snprintf(text, sizeof text, "%s", audit_refused_words(t));
    printf("%-*s", LABEL_INDENT, proto_capability_label(capability)); /* the longest has 19 characters */
    audit_paper_wrapped(text, LABEL_INDENT);
}

static void print_totals(const struct audit_session *session)
{
    struct audit_totals totals;
    bool any = false;

    memset(&totals, 0, sizeof totals);
    audit_totals_add(&totals, session);
    printf("\nShared\n");
    audit_paper_rule();
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        const struct audit_total *t = &totals.of[c];
        if (!audit_total_asked(t))
            continue;
        any = true;
        print_total((enum proto_capability)c, t);
    }
    if (!any)
        printf("%s\n", audit_session_nothing(session));
}

void audit_minutes_print(const struct audit_organisation *o, const struct audit_session *session,
                         const struct audit_report *report)
{
    size_t *order = audit_minutes_order(session);

    if (!order) {
        host_say_err("show", PROTO_ERR_NOMEM);
        return;
    }
    print_title(o, session, report);
    print_minutes(session, order);
    print_totals(session);
    free(order);
}

/* ---- as JSON Lines ---- */

json_t *audit_note_json(const struct audit_session *session, size_t at)
{
    const struct audit_note *note = &session->notes[at];
    bool customer = note->by == AUDIT_CUSTOMER;
    char phrase[AUDIT_PHRASE_MAX];

    audit_phrase(session, at, phrase);
    json_t *line =
        json_pack("{s:s,s:I,s:b,s:I,s:s,s:I,s:s,s:s,s:s}", "event", "note", "entry", (json_int_t)note->entry, "rides",
                  note->rides, "time", (json_int_t)audit_note_time(note), "by", audit_signer_name(note->by), "seq",
                  (json_int_t)(customer ? note->statement.seq : note->event.seq), "action",
                  customer ? proto_statement_action_name(note->statement.action) : proto_act_name(note->event.action),
                  "capability", proto_capability_name(customer ? note->statement.capability : note->event.capability),
                  "words", phrase);
    if (line && customer) {
        json_object_set_new(line, "purpose", json_string(note->statement.purpose));
        json_object_set_new(line, "max_s", json_integer(note->statement.max_s));
        json_object_set_new(line, "retention_days", json_integer(note->statement.retention_days));
        json_object_set_new(line, "cosigned", json_boolean(note->agent_line_checked));
    }
    uint64_t frames, bytes;
    if (line && !customer && note->event.action == PROTO_ACT_STOPPED &&
        !audit_stop_figures(&note->event, &frames, &bytes))
        json_object_set_new(line, "figures", json_string(AUDIT_NOT_KNOWN));
    for (unsigned i = 0; line && !customer && i < note->event.detail_count; i++) {
        char name[40]; /* a detail may be called as what every note has: "by" */
        snprintf(name, sizeof name, "%s%s", json_object_get(line, note->event.details[i].key) ? "detail-" : "",
                 note->event.details[i].key);
        json_object_set_new(line, name, json_string(note->event.details[i].value));
    }
    return line;
}

void audit_minutes_json(const struct audit_organisation *o, const struct audit_session *session,
                        const struct audit_report *report)
{
    size_t *order = audit_minutes_order(session);

    if (!order) {
        host_say_err("show", PROTO_ERR_NOMEM);
        return;
    }
    host_json_line(audit_session_json(o, session));
    for (size_t i = 0; i < session->count; i++)
        host_json_line(audit_note_json(session, order[i]));
    host_json_event("checked", "{s:b,s:I,s:I}", "ok", report->wrong == 0 && !session->incomplete, "wrong",
                    (json_int_t)report->wrong, "signatures", (json_int_t)report->signatures);
    free(order);
}
