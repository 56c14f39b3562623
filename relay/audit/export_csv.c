/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each note, with its session's own columns again: a table that can be sorted and counted. */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/audit/acts.h"
#include "relay/audit/export.h"
#include "relay/audit/minutes.h"
#include "relay/audit/phrases.h"
#include "relay/audit/totals.h"

/* Bytes of what a spreadsheet may pass over before it looks: a space, also one that does not break or is as wide as a
 * Chinese letter, or a quote. 0. */
static size_t passed_over(const char *at)
{
    static const char *const spaces[] = {" ", "\"", "\u00A0", "\u3000"};

    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (!strncmp(at, spaces[i], strlen(spaces[i])))
            return strlen(spaces[i]);
    return 0;
}

/* Would a spreadsheet take a cell that begins here for a formula? */
static bool is_formula(const char *at)
{
    static const char *const wide[] = {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    size_t len;

    while ((len = passed_over(at)))
        at += len;
    if (*at && strchr("=+-@", *at))
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!strncmp(at, wide[i], 3))
            return true;
    return false;
}

/* Not by commas alone: where those are in decimals a spreadsheet parts a line at semicolons, and is asked for others;
 * what it then takes for a cell begins in the middle of one of ours. */
static bool parts_cells(char c)
{
    return c && strchr(";,|\t\r\n", c);
}

void audit_csv_cell(FILE *out, const char *text)
{
    fputc('"', out);
    if (is_formula(text) || (*text && strchr("\t\r\n", *text)))
        fputc('\'', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
        if (parts_cells(*text) && is_formula(text + 1))
            fputc('\'', out);
    }
    fputc('"', out);
}

static const char *const columns[] = {
    "session", "opened",     "agent",        "role",   "customer", "ticket",        "state",
    "ended",   "stopped",    "agent signed", "holds",  "entry",    "time",          "by",
    "action",  "capability", "purpose",      "frames", "bytes",    "what happened", "log"};

void audit_csv_begin(struct audit_export *x)
{
    fputs("\xEF\xBB\xBF", x->out);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (i)
            fputc(',', x->out);
        audit_csv_cell(x->out, columns[i]);
    }
    fputs("\r\n", x->out);
}

/* The last cell: entries are numbered in each log anew. */
static void put_log(struct audit_export *x)
{
    fputc(',', x->out);
    audit_csv_cell(x->out, x->o->log_key.name);
    fputs("\r\n", x->out);
}

static void put_time(FILE *out, int64_t unix_s)
{
    time_t when = (time_t)unix_s;
    struct tm parts;
    char text[40] = "";

    if (gmtime_r(&when, &parts))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    audit_csv_cell(out, text);
}

static void put_session(struct audit_export *x, const struct audit_session *session, bool holds)
{
    const struct relay_store_session *row = &session->row;
    FILE *out = x->out;
    struct audit_act stop = {.words = ""};
    uint64_t entry;
    bool stopped = audit_act_of_stop(x->o, row, &stop, &entry);
    const char *const texts[] = {
        audit_agent_name(session), row->agent_role,
        row->customer_ref,         row->ticket_ref,
        audit_state_word(row),     row->state == RELAY_STORE_ENDED ? audit_end_words(session) : "",
        stopped ? stop.words : "", audit_session_has_agent(session) ? "yes" : "no",
        holds ? "yes" : "NO"};

    fputc('"', out);
    for (size_t i = 0; i < sizeof row->sid; i++)
        fprintf(out, "%02x", row->sid[i]);
    fputs("\",", out);
    put_time(out, row->created_unix_ms / 1000);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fputc(',', out);
        audit_csv_cell(out, texts[i]);
    }
}

static void put_note(struct audit_export *x, const struct audit_session *session, size_t at)
{
    FILE *out = x->out;
    const struct audit_note *note = &session->notes[at];
    bool customer = note->by == AUDIT_CUSTOMER;
    enum proto_capability about = customer ? note->statement.capability : note->event.capability;
    const char *frames = customer ? NULL : proto_event_note_get(&note->event, "frames"),
               *bytes = customer ? NULL : proto_event_note_get(&note->event, "bytes");
    uint64_t counted_frames, counted_bytes;
    char phrase[AUDIT_PHRASE_MAX];
    if (!customer && note->event.action == PROTO_ACT_STOPPED &&
        !audit_stop_figures(&note->event, &counted_frames, &counted_bytes))
        frames = bytes = AUDIT_NOT_KNOWN;
    const char *const texts[] = {audit_signer_name(note->by),
                                 customer ? proto_statement_action_name(note->statement.action)
                                          : proto_act_name(note->event.action),
                                 about ? proto_capability_name(about) : "",
                                 customer ? note->statement.purpose : "",
                                 frames ? frames : "",
                                 bytes ? bytes : "",
                                 phrase};

    audit_phrase(session, at, phrase);
    fprintf(out, ",\"%" PRIu64 "\",", note->entry);
    put_time(out, audit_note_time(note));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fputc(',', out);
        audit_csv_cell(out, texts[i]);
    }
    put_log(x);
}

static void put_line(struct audit_export *x, const char *log, const uint8_t *sid, const char *holds, const char *entry,
                     int64_t unix_s, const char *action, const char *words)
{
    char hex[2 * RELAY_STORE_SID_BYTES + 1] = "";

    if (sid)
        sodium_bin2hex(hex, sizeof hex, sid, RELAY_STORE_SID_BYTES);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const char *name = columns[i];
        if (i)
            fputc(',', x->out);
        if (!strcmp(name, "time") && unix_s)
            put_time(x->out, unix_s);
        else
            audit_csv_cell(x->out, !strcmp(name, "session")          ? hex
                                   : !strcmp(name, "holds")          ? holds
                                   : !strcmp(name, "entry") && entry ? entry
                                   : !strcmp(name, "action")         ? action
                                   : !strcmp(name, "what happened")  ? words
                                   : !strcmp(name, "log")            ? log
                                                                     : "");
    }
    fputs("\r\n", x->out);
}

void audit_csv_line(struct audit_export *x, const uint8_t *sid, const char *holds, const char *entry, int64_t unix_s,
                    const char *action, const char *words)
{
    put_line(x, x->o->log_key.name, sid, holds, entry, unix_s, action, words);
}

/* What is missing has lines of its own: the table would look whole without it. */
void audit_csv_end(struct audit_export *x)
{
    char place[AUDIT_TEXT_MAX], text[3 * AUDIT_TEXT_MAX + 64], entry[24], only[AUDIT_FILTER_WORDS_MAX];

    if (audit_filter_words(x->filter, only))
        audit_csv_line(x, NULL, "", NULL, 0, "only", only);
    if (*x->gone)
        audit_csv_line(x, NULL, "", NULL, 0, "erased", x->gone);
    if (*x->beside)
        audit_csv_line(x, NULL, "", NULL, 0, "ended-log", x->beside);
    for (size_t i = 0; i < x->ended_count; i++)
        put_line(x, x->ended[i].log, NULL, "", NULL, 0, "ended-log", x->ended[i].words);
    for (size_t i = 0; i < x->log->wrong && i < AUDIT_FINDINGS_MAX; i++) {
        const struct audit_finding *f = &x->log->findings[i];
        audit_place(f, place);
        snprintf(text, sizeof text, "%s: expected %s; there is %s", place, f->expected, f->found);
        snprintf(entry, sizeof entry, "%" PRIu64, f->entry);
        audit_csv_line(x, f->has_sid ? f->sid : NULL, "NO", f->has_entry ? entry : NULL, 0, "wrong", text);
    }
}

enum proto_err audit_csv_session(struct audit_export *x, const struct audit_session *session,
                                 const struct audit_report *judged)
{
    size_t *order = audit_minutes_order(session);

    if (!order)
        return PROTO_ERR_NOMEM;
    if (!session->count) { /* else it would not be there at all */
        put_session(x, session, judged->wrong == 0 && !session->incomplete);
        fputs(",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",", x->out);
        audit_csv_cell(x->out, audit_session_nothing(session));
        put_log(x);
    }
    for (size_t i = 0; i < session->count; i++) {
        put_session(x, session, judged->wrong == 0 && !session->incomplete);
        put_note(x, session, order[i]);
    }
    free(order);
    return PROTO_OK;
}
