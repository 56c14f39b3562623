/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each note, with its session's own columns again: a table that can be sorted and counted. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/audit/export.h"
#include "relay/audit/minutes.h"
#include "relay/audit/phrases.h"
#include "relay/audit/totals.h"

/* Bytes of what a spreadsheet may pass over before it looks: a space, also one that does not break, or a quote. 0. */
static size_t passed_over(const char *at)
{
    if (*at == ' ' || *at == '"')
        return 1;
    return strncmp(at, "\u00A0", 2) ? 0 : 2;
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

static const char *const columns[] = {"session", "opened",     "agent",   "role",   "customer", "ticket",
                                      "state",   "ended",      "holds",   "entry",  "time",     "by",
                                      "action",  "capability", "purpose", "frames", "bytes",    "what happened"};

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

static void put_time(FILE *out, int64_t unix_s)
{
    time_t when = (time_t)unix_s;
    struct tm parts;
    char text[40] = "";

    if (gmtime_r(&when, &parts))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    audit_csv_cell(out, text);
}

static void put_session(FILE *out, const struct audit_session *session, bool holds)
{
    const struct relay_store_session *row = &session->row;
    const char *const texts[] = {
        audit_agent_name(session), row->agent_role,
        row->customer_ref,         row->ticket_ref,
        audit_state_word(row),     row->state == RELAY_STORE_ENDED ? audit_end_words(session) : "",
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

static void put_note(FILE *out, const struct audit_session *session, size_t at)
{
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
    fputs("\r\n", out);
}

/* What is missing has lines of its own: the table would look whole without it. */
void audit_csv_end(struct audit_export *x)
{
    char place[AUDIT_TEXT_MAX], text[3 * AUDIT_TEXT_MAX + 64];

    for (size_t i = 0; i < x->log->wrong && i < AUDIT_FINDINGS_MAX; i++) {
        const struct audit_finding *f = &x->log->findings[i];
        fputc('"', x->out);
        for (size_t at = 0; f->has_sid && at < sizeof f->sid; at++)
            fprintf(x->out, "%02x", f->sid[at]);
        fputs("\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"NO\",\"", x->out);
        if (f->has_entry)
            fprintf(x->out, "%" PRIu64, f->entry);
        fputs("\",\"\",\"\",\"wrong\",\"\",\"\",\"\",\"\",", x->out);
        audit_place(f, place);
        snprintf(text, sizeof text, "%s: expected %s; there is %s", place, f->expected, f->found);
        audit_csv_cell(x->out, text);
        fputs("\r\n", x->out);
    }
}

enum proto_err audit_csv_session(struct audit_export *x, const struct audit_session *session,
                                 const struct audit_report *judged)
{
    size_t *order = audit_minutes_order(session);

    if (!order)
        return PROTO_ERR_NOMEM;
    for (size_t i = 0; i < session->count; i++) {
        put_session(x->out, session, judged->wrong == 0 && !session->incomplete);
        put_note(x->out, session, order[i]);
    }
    free(order);
    return PROTO_OK;
}
