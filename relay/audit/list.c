/* SPDX-License-Identifier: Apache-2.0 */
/* list: one line a session. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/acts.h"
#include "relay/audit/commands.h"
#include "relay/audit/filter.h"
#include "relay/audit/minutes.h"
#include "relay/audit/paper.h"
#include "relay/audit/phrases.h"
#include "relay/audit/times.h"
#include "relay/audit/totals.h"
#include "relay/audit/whole.h"

struct listing {
    struct audit_organisation *o;
    const struct audit_filter *filter;
    uint64_t shown, wrong;
};

/* The answers, each with the mark that stands before what got it. */
static const struct {
    const char *name;
    char mark;
    size_t count; /* in struct audit_total */
} answers[] = {{"granted", '+', offsetof(struct audit_total, granted)},
               {"refused", '-', offsetof(struct audit_total, refused)},
               {"unasked", '~', offsetof(struct audit_total, unasked)},
               {"forbidden", '!', offsetof(struct audit_total, forbidden)}};
enum { ANSWERS = sizeof answers / sizeof *answers };

static bool has(const struct audit_totals *totals, int c, size_t answer)
{
    return *(const uint64_t *)(const void *)((const char *)&totals->of[c] + answers[answer].count) > 0;
}

static void put_answers(char *out, size_t capacity, const struct audit_totals *totals, size_t answer)
{
    size_t at = strlen(out);

    for (int c = 1; c < PROTO_CAPABILITY_COUNT && at < capacity; c++)
        if (has(totals, c, answer))
            at += (size_t)snprintf(out + at, capacity - at, "%s%c%s", at ? " " : "", answers[answer].mark,
                                   proto_capability_name((enum proto_capability)c));
}

/* Cut to `columns` characters of a terminal, not of bytes; padded with spaces. */
static void put_cell(const char *text, size_t columns)
{
    size_t cut = audit_paper_cut(text, columns);

    printf("%.*s%*s", (int)cut, text, (int)(columns - audit_paper_columns(text, cut)) + 1, "");
}

const char *audit_state_word(const struct relay_store_session *row)
{
    return row->state == RELAY_STORE_ENDED ? "ended" : row->state == RELAY_STORE_LIVE ? "live" : "waiting";
}

/* A revocation is a failure in the row, and in the note what it was. */
static const char *end_word(const struct audit_session *session)
{
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED);
    const char *cause = ended ? proto_event_note_get(&ended->event, "cause") : NULL;

    return cause ? cause : session->row.ended_reason;
}

static void print_text(const struct audit_organisation *o, const struct audit_session *session,
                       const struct audit_totals *totals)
{
    const struct relay_store_session *row = &session->row;
    char when[AUDIT_TIME_MAX], took[AUDIT_TIME_MAX] = "", id[9], what[512] = "";
    int64_t lasted_s = audit_session_lasted_s(session);

    audit_time_short(when, row->created_unix_ms / 1000);
    sodium_bin2hex(id, sizeof id, row->sid, 4);
    if (lasted_s >= 0)
        audit_duration(took, lasted_s);
    for (size_t i = 0; i < ANSWERS; i++)
        put_answers(what, sizeof what, totals, i);
    if (!*what && o->can_open)
        snprintf(what, sizeof what, "%s",
                 session->incomplete              ? "NOT ALL OF IT CAN BE READ"
                 : audit_session_is_part(session) ? "erased in part"
                 : session->erased                ? "erased"
                                                  : "nothing was asked");
    if (audit_session_is_part(session) && o->can_open) {
        size_t len = strlen(what);
        snprintf(what + len, sizeof what - len, "; what said who it was is erased, and when is the row's word alone");
    }
    if (audit_session_restarted(session)) {
        size_t len = strlen(what);
        snprintf(what + len, sizeof what - len, "; the relay was restarted meanwhile");
    }
    if (audit_session_is_relays_word(session)) {
        size_t len = strlen(what);
        snprintf(what + len, sizeof what - len, "; on the relay's word alone");
    }
    put_cell(when, 16);
    put_cell(id, 8);
    put_cell(audit_agent_name(session), 16);
    put_cell(row->customer_ref[0] ? row->customer_ref : "-", 10);
    if (*took) {
        put_cell(end_word(session), 18); /* stopped-by-officer */
        puts(took);
    } else {
        puts(row->state == RELAY_STORE_ENDED ? end_word(session) : audit_state_word(row));
    }
    printf("%26s%s\n", "", !o->can_open ? "sealed: --key opens what was granted" : what);
}

static json_t *names_of(const struct audit_totals *totals, size_t answer)
{
    json_t *names = json_array();

    for (int c = 1; names && c < PROTO_CAPABILITY_COUNT; c++)
        if (has(totals, c, answer))
            json_array_append_new(names, json_string(proto_capability_name((enum proto_capability)c)));
    return names;
}

json_t *audit_session_json(const struct audit_organisation *o, const struct audit_session *session)
{
    const struct relay_store_session *row = &session->row;
    struct audit_totals totals;
    char sid[2 * RELAY_STORE_SID_BYTES + 1];
    int64_t lasted_s = audit_session_lasted_s(session);
    struct audit_act stop;
    uint64_t entry;

    memset(&totals, 0, sizeof totals);
    audit_totals_add(&totals, session);
    sodium_bin2hex(sid, sizeof sid, row->sid, sizeof row->sid);
    json_t *line = json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s,s:s}", "event", "session", "session", sid, "created",
                             (json_int_t)(row->created_unix_ms / 1000), "agent", audit_agent_name(session), "role",
                             row->agent_role, "customer", row->customer_ref, "ticket", row->ticket_ref, "state",
                             audit_state_word(row));
    if (line && o->ended)
        json_object_set_new(line, "ended_log", json_integer((json_int_t)o->ended));
    if (line && row->state == RELAY_STORE_ENDED)
        json_object_set_new(line, "reason", json_string(row->ended_reason));
    if (line && strcmp(end_word(session), row->ended_reason) != 0)
        json_object_set_new(line, "cause", json_string(end_word(session)));
    if (line && audit_act_of_stop(o, row, &stop, &entry)) {
        json_object_set_new(line, "stopped", json_string(stop.words));
        json_object_set_new(line, "stopped_entry", json_integer((json_int_t)entry));
    }
    if (line && audit_session_restarted(session))
        json_object_set_new(line, "restarted", json_true());
    if (line && lasted_s >= 0)
        json_object_set_new(line, "duration_s", json_integer(lasted_s));
    if (line && session->erased)
        json_object_set_new(line, "erased_entries", json_integer((json_int_t)session->erased));
    if (line && session->incomplete)
        json_object_set_new(line, "incomplete", json_true());
    if (line && audit_session_is_relays_word(session))
        json_object_set_new(line, "relays_word", json_true());
    for (size_t i = 0; line && o->can_open && i < ANSWERS; i++)
        json_object_set_new(line, answers[i].name, names_of(&totals, i));
    return line;
}

static enum proto_err visit(void *context, const struct audit_session *session, const struct audit_report *judged)
{
    struct listing *l = context;
    struct audit_totals totals;

    l->wrong += judged->wrong > 0 || session->incomplete;
    l->shown++;
    bool holds = !judged->wrong && !session->incomplete;
    if (audit_options.json) {
        json_t *line = audit_session_json(l->o, session);
        if (line && l->o->can_open)
            json_object_set_new(line, "ok", json_boolean(holds));
        host_json_line(line);
        return PROTO_OK;
    }
    memset(&totals, 0, sizeof totals);
    audit_totals_add(&totals, session);
    print_text(l->o, session, &totals);
    if (!holds)
        printf("%26sDOES NOT HOLD: handhold-audit show says why\n", "");
    return PROTO_OK;
}

/* Whoever was refused before there was a session; behind the sessions, as their own lines. */
static enum proto_err visit_refusal(void *context, uint64_t entry, const struct proto_event_note *event)
{
    struct listing *l = context;
    const char *times = proto_event_note_get(event, "times"), *id = proto_event_note_get(event, "id"),
               *cause = proto_event_note_get(event, "cause");
    char when[AUDIT_TIME_MAX], what[256];

    if (!audit_filter_refusal(l->filter, event))
        return PROTO_OK;
    l->shown++;
    if (audit_options.json) {
        host_json_event("refused", "{s:I,s:I,s:s,s:s,s:s,s:I}", "entry", (json_int_t)entry, "time",
                        (json_int_t)event->unix_s, "staff", event->subject, "id", id ? id : "", "cause",
                        cause ? cause : "", "times", (json_int_t)(times ? strtoll(times, NULL, 10) : 1));
        return PROTO_OK;
    }
    audit_time_short(when, event->unix_s);
    const char *serial = strrchr(event->subject, ' ');
    int name = serial ? (int)(serial - event->subject) : (int)strlen(event->subject);
    snprintf(what, sizeof what, "%.*s asked for %s%s%s%s", name, event->subject, audit_refusal_words(event),
             times && strcmp(times, "1") != 0 ? ", " : "", times && strcmp(times, "1") != 0 ? times : "",
             times && strcmp(times, "1") != 0 ? " times" : "");
    put_cell(when, 16);
    put_cell("-", 8);
    put_cell("REFUSED", 16);
    printf("entry %llu\n%26s%s\n", (unsigned long long)entry, "", what);
    return PROTO_OK;
}

/* A list must not look as if nothing else had been. */
static void say_gone(const struct listing *l)
{
    char text[AUDIT_TEXT_MAX];
    uint64_t entries, sessions = audit_whole_gone(l->o, l->filter->since_ms, l->filter->until_ms, &entries);

    if (!sessions)
        return;
    if (audit_options.json)
        host_json_event("gone", "{s:I,s:I}", "sessions", (json_int_t)sessions, "entries", (json_int_t)entries);
    else if (audit_whole_gone_words(l->o, l->filter->since_ms, l->filter->until_ms, text))
        audit_paper_head("Erased", text);
}

int audit_list(void)
{
    struct audit_organisation o;
    struct audit_filter filter;
    struct listing listing = {.o = &o, .filter = &filter};

    if (!audit_filter_take(&filter, host_now().unix_ms) ||
        !audit_enter(&o,
                     audit_filter_needs_notes(&filter) ? "is missing: what was asked and answered is sealed" : NULL))
        return HOST_EXIT_USAGE;
    enum proto_err err = audit_each_session(&o, &filter, visit, &listing);
    if (!err)
        err = audit_each_refusal(&o, visit_refusal, &listing);
    if (!err)
        say_gone(&listing);
    bool lacks = !err && audit_whole_say(&o, NULL);
    audit_close(&o);
    if (err == PROTO_ERR_NOMEM)
        host_say_err("list", err);
    if (!err && !listing.shown && !audit_options.json)
        host_say(HOST_INFO, "no session is as asked for");
    if (listing.wrong || lacks)
        host_say(HOST_WARN, "not all of this holds: handhold-audit verify names what is wrong");
    return err || listing.wrong || lacks ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}
