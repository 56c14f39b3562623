/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as a drawing: a row for each end that was connected, and one for each capability with the consent as a pale
 * bar and what really passed as a full one inside it. So what passed outside of a consent would be seen at once.
 */
#include <inttypes.h>
#include <string.h>

#include "relay/audit/export.h"
#include "relay/audit/phrases.h"
#include "relay/audit/times.h"
#include "relay/audit/totals.h"

#define WIDTH 960.0
#define LEFT 150.0
#define RIGHT 16.0
#define ROW 30.0
#define TOP 8.0
#define BAR 16.0
#define LABEL 70.0 /* of a clock time, and some */

struct drawing {
    FILE *out;
    const struct audit_session *session;
    int64_t from_s, to_s;
    double y;
};

static double x_of(const struct drawing *d, int64_t unix_s)
{
    int64_t at = unix_s < d->from_s ? d->from_s : unix_s > d->to_s ? d->to_s : unix_s;

    return LEFT + (WIDTH - LEFT - RIGHT) * (double)(at - d->from_s) / (double)(d->to_s - d->from_s);
}

/* At least a hair wide: an instant is something too. */
static void put_bar(const struct drawing *d, const char *kind, int64_t from_s, int64_t to_s, double height,
                    const char *title)
{
    double x = x_of(d, from_s), width = x_of(d, to_s) - x;

    fprintf(d->out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"><title>", kind, x,
            d->y + (ROW - height) / 2, width < 2.0 ? 2.0 : width, height);
    audit_html_text(d->out, title);
    fprintf(d->out, "</title></rect>");
}

static void begin_row(struct drawing *d, const char *name)
{
    fprintf(d->out, "<text class=\"name\" x=\"%.0f\" y=\"%.1f\">", LEFT - 12, d->y + ROW / 2 + 4);
    audit_html_text(d->out, name);
    fprintf(d->out, "</text><line class=\"rule\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
            WIDTH - RIGHT, d->y + ROW / 2, d->y + ROW / 2);
}

/* ---- who was connected ---- */

static void draw_end(struct drawing *d, const char *who, const char *name)
{
    bool customer = !strcmp(who, "customer"), here = !customer;
    int64_t since = d->from_s;
    char title[160];

    begin_row(d, name);
    snprintf(title, sizeof title, "%.100s connected", name);
    for (size_t i = 0; i < d->session->count; i++) {
        const struct audit_note *note = &d->session->notes[i];
        if (note->by != AUDIT_RELAY)
            continue;
        const char *whom = proto_event_note_get(&note->event, "who");
        bool mine = whom && !strcmp(whom, who);
        bool comes =
            (customer && note->event.action == PROTO_ACT_JOINED) || (mine && note->event.action == PROTO_ACT_RETURNED);
        bool goes = (mine && note->event.action == PROTO_ACT_LOST) || note->event.action == PROTO_ACT_ENDED;
        if (comes && !here)
            since = note->event.unix_s;
        if (goes && here)
            put_bar(d, "end", since, note->event.unix_s, BAR / 2, title);
        here = comes || (here && !goes);
    }
    if (here)
        put_bar(d, "end", since, d->to_s, BAR / 2, title);
    d->y += ROW;
}

/* ---- what was allowed, and what passed ---- */

static void draw_consent(struct drawing *d, const struct audit_note *grant)
{
    const struct audit_note *end = audit_end_of_grant(d->session, grant);
    int64_t from = audit_note_time(grant), to = end ? audit_note_time(end) : d->to_s;
    char title[128 + PROTO_MAX_VALUE_BYTES];

    if (grant->statement.max_s && to > from + grant->statement.max_s)
        to = from + grant->statement.max_s;
    snprintf(title, sizeof title, "allowed: %s", grant->statement.purpose);
    put_bar(d, "allowed", from, to, BAR, title);
}

static void draw_stream(struct drawing *d, size_t at)
{
    const struct proto_event_note *started = &d->session->notes[at].event;
    const char *stream = proto_event_note_get(started, "stream");
    int64_t to = d->to_s;
    uint64_t frames, bytes;
    bool counted = true;

    for (size_t i = at + 1; i < d->session->count; i++) {
        const struct audit_note *note = &d->session->notes[i];
        const char *other = note->by == AUDIT_RELAY && note->event.action == PROTO_ACT_STOPPED
                                ? proto_event_note_get(&note->event, "stream")
                                : NULL;
        if (other && stream && !strcmp(stream, other)) {
            to = note->event.unix_s;
            counted = audit_stop_figures(&note->event, &frames, &bytes);
            break;
        }
    }
    put_bar(d, "passed", started->unix_s, to, BAR - 8,
            counted ? "passed on" : "passed on; until when and how much is " AUDIT_NOT_KNOWN);
}

static void put_mark(const struct drawing *d, const char *kind, int64_t unix_s, const char *title)
{
    double x = x_of(d, unix_s), y = d->y + ROW / 2;

    fprintf(d->out, "<path class=\"%s\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"><title>", kind, x - 4, y - 4);
    audit_html_text(d->out, title);
    fprintf(d->out, "</title></path>");
}

/* What nobody was asked, nobody refused: a ring, and not the cross. */
static void put_refusal(const struct drawing *d, const struct audit_note *note)
{
    int64_t unix_s = audit_note_time(note);
    enum audit_refusal how = audit_refusal_of(&note->statement);

    if (how == AUDIT_BY_POLICY)
        put_mark(d, "blocked", unix_s, "forbidden: " AUDIT_FORBIDDEN_WORDS);
    else if (how == AUDIT_BY_NOBODY)
        fprintf(d->out,
                "<circle class=\"unasked\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>unasked: " AUDIT_UNASKED_WORDS
                "</title></circle>",
                x_of(d, unix_s), d->y + ROW / 2);
    else
        put_mark(d, "refused", unix_s, "refused");
}

static void draw_capability(struct drawing *d, enum proto_capability capability)
{
    begin_row(d, proto_capability_label(capability));
    for (size_t i = 0; i < d->session->count; i++) { /* consents below what passed */
        const struct audit_note *note = &d->session->notes[i];
        if (note->by == AUDIT_CUSTOMER && note->statement.capability == capability &&
            note->statement.action == PROTO_STATEMENT_GRANT)
            draw_consent(d, note);
    }
    for (size_t i = 0; i < d->session->count; i++) {
        const struct audit_note *note = &d->session->notes[i];
        if (note->by == AUDIT_CUSTOMER && note->statement.capability == capability &&
            note->statement.action == PROTO_STATEMENT_REFUSE)
            put_refusal(d, note);
        if (note->by != AUDIT_RELAY || note->event.capability != capability)
            continue;
        if (note->event.action == PROTO_ACT_STARTED)
            draw_stream(d, i);
        if (note->event.action == PROTO_ACT_BLOCKED)
            put_mark(d, "blocked", note->event.unix_s, "BLOCKED: no consent was in force");
    }
    d->y += ROW;
}

/* ---- the whole ---- */

static void draw_times(const struct drawing *d)
{
    char clock[AUDIT_TIME_MAX];
    double last = LEFT - 2 * LABEL, end = x_of(d, d->to_s);

    for (int i = 0; i <= 4; i++) {
        int64_t at = d->from_s + (d->to_s - d->from_s) * i / 4;
        double x = x_of(d, at);
        if (i < 4 && (x - last < LABEL || end - x < 1.5 * LABEL) && i)
            continue; /* a short session has fewer seconds than marks */
        last = x;
        audit_time_clock(clock, at);
        fprintf(d->out,
                "<line class=\"tick\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text class=\"time\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
                x, x, TOP, d->y, x, d->y + 16,
                i == 0   ? "start"
                : i == 4 ? "end"
                         : "middle",
                clock);
    }
}

void audit_html_timeline(FILE *out, const struct audit_session *session)
{
    struct drawing d = {out, session, session->row.created_unix_ms / 1000, 0, TOP};
    struct audit_totals totals;
    int rows = 2;

    memset(&totals, 0, sizeof totals);
    audit_totals_add(&totals, session);
    for (size_t i = 0; i < session->count; i++)
        if (audit_note_time(&session->notes[i]) > d.to_s)
            d.to_s = audit_note_time(&session->notes[i]);
    if (d.to_s <= d.from_s)
        d.to_s = d.from_s + 1;
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        rows += audit_total_asked(&totals.of[c]) || totals.of[c].blocked;
    fprintf(out, "<svg class=\"timeline\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"Timeline\">\n", WIDTH,
            TOP + ROW * rows + 24);
    double first = d.y;
    d.y += ROW * rows;
    draw_times(&d);
    d.y = first;
    draw_end(&d, "agent", audit_agent_name(session));
    draw_end(&d, "customer", "Customer");
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        if (audit_total_asked(&totals.of[c]) || totals.of[c].blocked)
            draw_capability(&d, (enum proto_capability)c);
    fputs("</svg>\n", out);
}
