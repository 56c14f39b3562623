/* SPDX-License-Identifier: Apache-2.0 */
/* One page that needs nothing else: no script, no font, no picture from elsewhere; and that reads well on paper. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/acts.h"
#include "relay/audit/commands.h"
#include "relay/audit/export.h"
#include "relay/audit/minutes.h"
#include "relay/audit/phrases.h"
#include "relay/audit/proofs.h"
#include "relay/audit/times.h"
#include "relay/audit/totals.h"

static const char style[] =
    "@page{size:A4;margin:18mm 16mm}*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;color:#1b2330;"
    "margin:0 auto;padding:40px 32px;max-width:1040px;background:#fff}"
    "h1{font-size:28px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}"
    "h2{font-size:19px;margin:0 0 2px}h3{font-size:12px;text-transform:uppercase;letter-spacing:.08em;color:#5b6678;"
    "margin:22px 0 8px}p{margin:0 0 8px}.lead{color:#5b6678}"
    "header{border-bottom:2px solid #1b2330;padding-bottom:16px;margin-bottom:8px}"
    "article{border-top:1px solid #d5dbe5;padding-top:22px;margin-top:30px}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:12px 0}dt{color:#5b6678}dd{margin:0}"
    "table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;font-weight:600;color:#5b6678;"
    "border-bottom:1px solid #aeb8c7;padding:4px 10px 4px 0}"
    "td{vertical-align:top;padding:5px 10px 5px 0;border-bottom:1px solid #e8ecf2}td.n,th.n{text-align:right;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}td.t{white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".ok,.bad{display:inline-block;border-radius:4px;padding:1px 9px;font-size:13px;font-weight:600}"
    ".ok{background:#e2f3e8;color:#14602f}.bad{background:#fde4e1;color:#98170b}"
    ".mono{font-family:ui-monospace,'DejaVu Sans "
    "Mono',Menlo,Consolas,monospace;font-size:12.5px;overflow-wrap:anywhere}"
    "svg.timeline{width:100%;height:auto;display:block;margin:6px 0}svg text{font-size:13px;fill:#1b2330}"
    "svg text.name{text-anchor:end}svg text.time{font-size:11px;fill:#5b6678;font-variant-numeric:tabular-nums}"
    "svg .rule{stroke:#e8ecf2}svg .tick{stroke:#e8ecf2;stroke-dasharray:2 3}svg .end{fill:#8a97ab}"
    "svg .allowed{fill:#cfe3fb;stroke:#7fb0e8}svg .passed{fill:#1f6fc8}"
    "svg .unasked{stroke:#8a97ab;stroke-width:2;fill:none}"
    "svg .refused{stroke:#b26a00;stroke-width:2.4;fill:none}svg .blocked{stroke:#c2190b;stroke-width:2.8;fill:none}"
    ".legend{margin-top:18px;font-size:12.5px;color:#5b6678;display:flex;gap:20px;flex-wrap:wrap}.legend "
    "svg{width:22px;height:12px;"
    "vertical-align:-1px;margin-right:6px}"
    "details{margin-top:14px}summary{cursor:pointer;color:#1f5fa8}pre{white-space:pre-wrap;overflow-wrap:anywhere;"
    "background:#f5f7fa;padding:12px;border-radius:6px;font-size:11px;line-height:1.45}"
    "footer{border-top:1px solid #d5dbe5;margin-top:36px;padding-top:14px;color:#5b6678;font-size:13px}"
    ".paper{display:none}"
    "@media print{details:not([open]) "
    ".paper{display:inline}body{padding:0;font-size:10.5pt;max-width:none;-webkit-print-color-adjust:exact;"
    "print-color-adjust:exact}article{break-before:page;border:0;margin:0;padding:0}"
    ""
    "h3,dl,svg.timeline{break-inside:avoid}h2,h3{break-after:avoid}tr{break-inside:avoid}table{font-size:9.5pt}"
    "details:not([open]) summary{list-style:none;color:#5b6678}}";

void audit_html_text(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
}

static void put_fact(FILE *out, const char *name, const char *text)
{
    fprintf(out, "<dt>%s</dt><dd>", name);
    audit_html_text(out, text);
    fputs("</dd>\n", out);
}

static void put_period(struct audit_export *x)
{
    char since[AUDIT_TIME_MAX] = "the beginning", until[AUDIT_TIME_MAX] = "now", text[2 * AUDIT_TIME_MAX + 32];

    if (x->filter->since_ms > INT64_MIN)
        audit_time_short(since, x->filter->since_ms / 1000);
    if (x->filter->until_ms < INT64_MAX)
        audit_time_short(until, x->filter->until_ms / 1000);
    snprintf(text, sizeof text, "from %s until %s", since, until);
    put_fact(x->out, "Sessions opened", text);
}

static void put_count(FILE *out, uint64_t n)
{
    if (n)
        fprintf(out, "<td class=\"n\">%" PRIu64 "</td>", n);
    else
        fputs("<td class=\"n\">–</td>", out);
}

/* What is wrong with the log as a whole: what is missing stands in no article below. */
static void put_log(struct audit_export *x)
{
    if (*x->gone) {
        fputs("</p><p>Erased: ", x->out);
        audit_html_text(x->out, x->gone);
        fputs(".", x->out);
    }
    if (*x->beside) {
        fputs("</p><p>Not here: ", x->out);
        audit_html_text(x->out, x->beside);
        fputs(".", x->out);
    }
    for (size_t i = 0; i < x->ended_count; i++) {
        fputs("</p><p>Ended log ", x->out);
        audit_html_text(x->out, x->ended[i].log);
        fputs(": ", x->out);
        audit_html_text(x->out, x->ended[i].words);
    }
    char place[AUDIT_TEXT_MAX], text[3 * AUDIT_TEXT_MAX + 64];

    for (size_t i = 0; i < x->log->wrong && i < AUDIT_FINDINGS_MAX; i++) {
        const struct audit_finding *f = &x->log->findings[i];
        audit_place(f, place);
        snprintf(text, sizeof text, "%s: expected %s; there is %s", place, f->expected, f->found);
        fputs("</p><p><span class=\"bad\">", x->out);
        audit_html_text(x->out, text);
        fputs("</span>", x->out);
    }
}

static void put_summary(struct audit_export *x)
{
    FILE *out = x->out;
    char shared[AUDIT_TIME_MAX];
    uint64_t unasked = 0, forbidden = 0;

    fprintf(out, "<h3>Summary</h3><p>%" PRIu64 " session%s, ", x->all.sessions, x->all.sessions == 1 ? "" : "s");
    if (x->all.open)
        fprintf(out, "%" PRIu64 " of them not ended. ", x->all.open);
    else
        fputs("all ended. ", out);
    if (x->all.wrong)
        fprintf(out, "<span class=\"bad\">%" PRIu64 " do not hold</span>", x->all.wrong);
    else
        fputs("<span class=\"ok\">all of them hold in every note, signature and rule</span>", out);
    put_log(x);
    fputs("</p><table><tr><th>What</th><th class=\"n\">Allowed</th><th class=\"n\">Refused</th>"
          "<th class=\"n\">Unasked</th><th class=\"n\">Forbidden</th><th class=\"n\">Withdrawn</th><th "
          "class=\"n\">Blocked</th><th "
          "class=\"n\">Shared for</th></tr>\n",
          out);
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        const struct audit_total *t = &x->all.totals.of[c];
        if (!audit_total_asked(t) && !t->blocked)
            continue;
        fprintf(out, "<tr><td>%s</td>", proto_capability_label((enum proto_capability)c));
        put_count(out, t->granted);
        put_count(out, t->refused);
        put_count(out, t->unasked);
        put_count(out, t->forbidden);
        put_count(out, t->withdrawn);
        put_count(out, t->blocked);
        audit_duration(shared, t->seconds);
        fprintf(out, "<td class=\"n\">%s%s</td></tr>\n", t->unknown ? "at most " : "", t->passed ? shared : "–");
        unasked += t->unasked;
        forbidden += t->forbidden;
    }
    fputs("</table>\n", out);
    if (unasked)
        fputs("<p>Unasked: " AUDIT_UNASKED_WORDS ".</p>\n", out);
    if (forbidden)
        fputs("<p>Forbidden: " AUDIT_FORBIDDEN_WORDS ".</p>\n", out);
}

void audit_html_begin(struct audit_export *x)
{
    char when[AUDIT_TIME_MAX], zone[AUDIT_TIME_MAX], text[2 * AUDIT_TIME_MAX + 16], only[AUDIT_FILTER_WORDS_MAX];
    const char *person = x->filter->customer;

    fprintf(x->out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Minutes of remote assistance"
            "</title><style>%s</style></head><body>\n<header><h1>%s",
            style, person ? "Everything kept about " : "Minutes of remote assistance");
    if (person)
        audit_html_text(x->out, person);
    fprintf(x->out, "</h1><p class=\"lead\">");
    audit_html_text(x->out, x->o->root.domain);
    fprintf(x->out, " · from the log of consents, opened by a privacy officer</p><dl>\n");
    audit_time_short(when, x->now_s);
    audit_time_zone(zone, x->now_s);
    snprintf(text, sizeof text, "%s (%s)", when, zone);
    put_fact(x->out, "Written", text);
    put_fact(x->out, "Log", x->o->log_key.name);
    put_period(x);
    if (audit_filter_words(x->filter, only))
        put_fact(x->out, "Only those of", only);
    fputs("</dl></header>\n", x->out);
    put_summary(x);
    fputs("<p class=\"legend\">"
          "<span><svg viewBox=\"0 0 22 12\"><rect class=\"allowed\" width=\"22\" height=\"12\" rx=\"3\"/></svg>allowed"
          "</span><span><svg viewBox=\"0 0 22 12\"><rect class=\"passed\" y=\"2\" width=\"22\" height=\"8\" rx=\"3\"/>"
          "</svg>passed on</span><span><svg viewBox=\"0 0 22 12\"><rect class=\"end\" y=\"2\" width=\"22\" height=\"8\""
          " rx=\"3\"/></svg>connected</span><span><svg viewBox=\"0 0 22 12\"><path class=\"refused\" d=\"M7 2l8 8m0 -8l"
          "-8 8\"/></svg>refused</span><span><svg viewBox=\"0 0 22 12\"><circle class=\"unasked\" cx=\"11\" cy=\"6\" "
          "r=\"4\"/></svg>unasked</span><span><svg viewBox=\"0 0 22 12\"><path class=\"blocked\" d=\"M7 2l8 8m0 -8l-8 8"
          "\"/></svg>blocked: sent without consent, or asked for though forbidden</span></p>\n",
          x->out);
}

/* ---- one session ---- */

static void put_head(struct audit_export *x, const struct audit_session *session, const struct audit_report *judged)
{
    const struct relay_store_session *row = &session->row;
    int64_t began_s = row->created_unix_ms / 1000;
    char day[AUDIT_TIME_MAX], clock[AUDIT_TIME_MAX], lasted[AUDIT_PASSED_MAX],
        text[AUDIT_PHRASE_MAX + AUDIT_PASSED_MAX], place[AUDIT_TEXT_MAX];
    struct audit_act stop;
    uint64_t entry;

    audit_time_day(day, began_s);
    audit_time_clock(clock, began_s);
    fprintf(x->out, "<article><h2>%s, %s</h2><p class=\"mono\">Session ", day, clock);
    for (size_t i = 0; i < sizeof row->sid; i++)
        fprintf(x->out, "%02x", row->sid[i]);
    fputs("</p>", x->out);
    if (judged->wrong) {
        audit_place(&judged->findings[0], place);
        snprintf(text, sizeof text, "does not hold: %.200s: expected %.200s; there is %.200s", place,
                 judged->findings[0].expected, judged->findings[0].found);
        fputs("<p><span class=\"bad\">", x->out);
        audit_html_text(x->out, text);
        fputs("</span></p>", x->out);
    } else if (session->incomplete) {
        fputs("<p><span class=\"bad\">not all of it can be read</span></p>", x->out);
    } else {
        fprintf(x->out, "<p><span class=\"ok\">%zu notes, %" PRIu64 " signatures: nothing is wrong</span></p>",
                session->count, judged->signatures);
    }
    fputs("<dl>\n", x->out);
    snprintf(text, sizeof text, "%s (%s)%s", audit_agent_name(session), row->agent_role,
             session->agent_err && !audit_session_is_part(session) ? ", as the relay names them" : "");
    put_fact(x->out, "Agent", text);
    put_fact(x->out, "Customer", row->customer_ref[0] ? row->customer_ref : "no reference");
    if (row->ticket_ref[0])
        put_fact(x->out, "Ticket", row->ticket_ref);
    if (x->ended_count)
        put_fact(x->out, "Log", x->o->log_key.name);
    audit_session_lasted(lasted, session);
    snprintf(text, sizeof text, "%s, %s", audit_end_words(session), lasted);
    put_fact(x->out, "Ended",
             audit_session_end_s(session)             ? text
             : session->incomplete || session->erased ? "not known"
                                                      : "not yet");
    if (audit_act_of_stop(x->o, row, &stop, &entry)) {
        snprintf(text, sizeof text, "%s Entry %" PRIu64 ".", stop.words, entry);
        put_fact(x->out, "Stopped", text);
    }
    if (audit_session_is_relays_word(session))
        put_fact(x->out, "Only by", "the relay: no line of the agent is in it, and who the customer was it alone says");
    if (audit_session_restarted(session))
        put_fact(x->out, "Relay", "it was restarted meanwhile");
    if (session->erased) {
        snprintf(text, sizeof text, "%zu entries: their evidence was erased", session->erased);
        put_fact(x->out, "Erased", text);
    }
    fputs("</dl>\n", x->out);
}

/* Three cells: for how long, frames, amount. A number stands there only when somebody counted. */
static void put_passed(FILE *out, enum proto_capability capability, const struct audit_total *t)
{
    char duration[AUDIT_TIME_MAX], amount[AUDIT_TIME_MAX], words[AUDIT_PASSED_MAX];

    if (!t->passed && (t->recorded || t->taken || t->used)) {
        audit_total_done(capability, t, words);
        fprintf(out, "<td class=\"n\" colspan=\"3\">%s</td></tr>\n", words);
        return;
    }

    if (t->passed && (t->unknown || t->under_way || audit_total_is_less(t))) {
        audit_total_words(t, words);
        fprintf(out, "<td class=\"n\" style=\"white-space:normal\" colspan=\"3\">%s</td></tr>\n", words);
        return;
    }
    audit_duration(duration, t->seconds);
    audit_amount(amount, t->bytes);
    fprintf(out, "<td class=\"n\">%s</td>", t->passed ? duration : "–");
    put_count(out, t->frames);
    fprintf(out, "<td class=\"n\">%s</td></tr>\n", t->passed ? amount : "–");
}

static void put_totals(FILE *out, const struct audit_session *session)
{
    struct audit_totals totals;
    bool any = false;

    memset(&totals, 0, sizeof totals);
    audit_totals_add(&totals, session);
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        const struct audit_total *t = &totals.of[c];
        if (!audit_total_asked(t))
            continue;
        if (!any)
            fputs("<h3>Shared</h3><table><tr><th>What</th><th>Answer</th><th class=\"n\">Shared for</th>"
                  "<th class=\"n\">Frames</th><th class=\"n\">Amount</th></tr>\n",
                  out);
        any = true;
        fprintf(out, "<tr><td>%s</td><td>%s</td>", proto_capability_label((enum proto_capability)c),
                !t->granted    ? audit_refused_words(t)
                : t->withdrawn ? "allowed, then withdrawn"
                               : "allowed");
        put_passed(out, (enum proto_capability)c, t);
    }
    if (any)
        fputs("</table>\n", out);
    else
        fprintf(out, "<p class=\"lead\">%s</p>\n", audit_session_nothing(session));
}

static void put_minutes(FILE *out, const struct audit_session *session, const size_t *order)
{
    char phrase[AUDIT_PHRASE_MAX], clock[AUDIT_TIME_MAX];

    fputs("<h3>Minutes</h3><table><tr><th>Time</th><th class=\"n\">Entry</th><th>What happened</th></tr>\n", out);
    for (size_t i = 0; i < session->count; i++) {
        audit_phrase(session, order[i], phrase);
        if (!*phrase)
            continue;
        audit_time_clock(clock, audit_note_time(&session->notes[order[i]]));
        fprintf(out, "<tr><td class=\"t\">%s</td><td class=\"n\">%" PRIu64 "</td><td>", clock,
                session->notes[order[i]].entry);
        audit_html_text(out, phrase);
        fputs("</td></tr>\n", out);
    }
    fputs("</table>\n", out);
}

/* The bytes that handhold-audit check takes, as text to copy or to keep. */
static enum proto_err put_proofs(struct audit_export *x, const struct audit_session *session)
{
    struct proto_buf file;
    size_t count;

    proto_buf_init_secret(&file, PROTO_LOG_PROOFS_FILE_MAX);
    enum proto_err err = audit_proofs_write(x->o, &session->row, &file, &count);
    if (!err && count) {
        proto_buf_put_u8(&file, 0);
        fprintf(
            x->out,
            "<details><summary>Proofs of %zu entries, for handhold-audit check<span class=\"paper\">: in the file of "
            "this page, not on paper</span></summary><pre class=\"mono\">",
            count);
        audit_html_text(x->out, (const char *)file.bytes);
        fputs("</pre></details>\n", x->out);
    } else if (err == PROTO_ERR_RANGE) {
        fputs("<p>It " AUDIT_PROOFS_MANY_WORDS ": handhold-audit verify proves it in the whole log.</p>\n", x->out);
        err = PROTO_OK;
    } else if (err && err != PROTO_ERR_NOMEM) {
        fputs("<p class=\"bad\">its entries cannot be proved; handhold-audit verify names what is wrong</p>\n", x->out);
        err = PROTO_OK;
    }
    proto_buf_free(&file);
    return err;
}

enum proto_err audit_html_session(struct audit_export *x, const struct audit_session *session,
                                  const struct audit_report *judged)
{
    size_t *order = audit_minutes_order(session);

    if (!order)
        return PROTO_ERR_NOMEM;
    put_head(x, session, judged);
    if (session->count)
        audit_html_timeline(x->out, session);
    put_totals(x->out, session);
    put_minutes(x->out, session, order);
    free(order);
    enum proto_err err = put_proofs(x, session);
    fputs("</article>\n", x->out);
    return err;
}

void audit_html_end(struct audit_export *x)
{
    fprintf(x->out,
            "<footer><p>%" PRIu64
            " session%s. %s</p><p>Times are those of the relay, in the zone named above. Each line "
            "is a note that was signed by the one who acted; its number is that of its entry in %s, which is in "
            "the signed log in that place. All the log is for <span class=\"mono\">handhold-audit verify</span>; the "
            "proofs hold without it.</p></footer></body></html>\n",
            x->sessions, x->sessions == 1 ? "" : "s",
            x->wrong || x->log->wrong ? "<span class=\"bad\">Not all of them hold.</span>" : "All of them hold.",
            x->ended_count ? "its session's log" : "the log");
}
