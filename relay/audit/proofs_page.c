/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receipt that a phone's page saved, written again out of the proved notes, in its language and to the letter
 * (client/web/src/receipt/page.ts writes it the first time). What no note says is read out of its head.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/receipt_words.h"
#include "relay/audit/messages.h"
#include "relay/audit/page.h"
#include "relay/audit/proofs_inside.h"

#define HEAD_BEGINS "<meta name=\"handhold-receipt\" content=\""
#define HEAD_ENDS "\">\n"
#define DAY_S INT64_C(86400)
#define DAYS_MAX 1000000
#define TIME_MAX_S 100000000000 /* the year 5138 */

enum { BECAUSE_MAX = 160, FORM = 1 }; /* FORM: page.ts counts it up with each change of its words */

static const char style[] =
    ":root{color-scheme:light}body{font:16px/1.5 "
    "system-ui,sans-serif;color:#111;background:#fff;max-width:44rem;margin:"
    "2rem auto;padding:0 1rem;overflow-wrap:anywhere}ul{list-style:none;padding:0}li{border-top:1px solid "
    "#999;padding:.5rem 0}dl div{display:flex;flex-wrap:wrap;gap:0 "
    "1rem}dt{min-width:8rem;color:#555}dd{margin:0;flex:1 1 "
    "12rem}pre{font-size:11px;white-space:pre-wrap;word-break:break-all;background:#f4f4f4;padding:1rem}";

/* One thing that was asked for, as its notes have it. */
struct line {
    const char *capability, *purpose, *because; /* because: whose doing it was, when it was no person's; else "" */
    bool allowed, elsewhere, took_back, is_open;
    int64_t from_s, to_s, kept_days;
};

struct page {
    const struct proofs_checking *c;
    json_t *facts, *messages; /* owned */
    const char *head;         /* as it stands in the file */
    size_t head_len;
    const char *language, *name, *organisation, *relay, *contact, *moved;
    int verified, zone_min;
    int64_t began_s, ended_s, keep_days;
    json_t *carried;    /* borrowed from facts */
    struct line *lines; /* owned */
    size_t count;
    struct proto_buf *out, text; /* text: owned, one message */
    bool failed;
};

/* ---- what stands in its head ---- */

static bool find_head(struct page *p)
{
    const struct proto_log_span *words = &p->c->file.words;
    const char *end = words->text + words->len,
               *at = memmem(words->text, words->len, HEAD_BEGINS, sizeof HEAD_BEGINS - 1);

    if (!at)
        return false;
    p->head = at + sizeof HEAD_BEGINS - 1;
    const char *quote = memchr(p->head, '"', (size_t)(end - p->head));
    p->head_len = quote ? (size_t)(quote - p->head) : 0;
    return quote && !memchr(p->head, '\n', p->head_len);
}

/* People keep receipts: one that another version wrote is none of ours to write again. */
bool proofs_page_is_ours(const struct proto_log_span *words)
{
    char form[64];

    snprintf(form, sizeof form, HEAD_BEGINS "{&quot;form&quot;:%d,", FORM);
    return memmem(words->text, words->len, form, strlen(form)) != NULL;
}

static bool is_sane(json_int_t number, json_int_t most)
{
    return number >= 0 && number <= most;
}

static bool read_facts(struct page *p)
{
    struct proto_buf json;
    json_int_t began, ended, zone, keep_days;

    proto_buf_init_secret(&json, PROTO_LOG_PROOFS_WORDS_MAX);
    for (const char *at = p->head, *end = at + p->head_len; at < end && !json.failed;)
        at += audit_page_character(&json, at, end);
    if (!json.failed)
        p->facts = json_loadb((const char *)json.bytes, json.len, 0, NULL);
    proto_buf_free(&json);
    if (!p->facts ||
        json_unpack(p->facts, "{s:s,s:s,s:s,s:b,s:s,s:I,s:I,s:I,s:I,s:s,s:s,s:o}", "language", &p->language, "name",
                    &p->name, "organisation", &p->organisation, "verified", &p->verified, "relay", &p->relay, "began",
                    &began, "ended", &ended, "zone", &zone, "keepDays", &keep_days, "contact", &p->contact, "moved",
                    &p->moved, "carried", &p->carried) != 0)
        return false;
    if (!is_sane(began, TIME_MAX_S) || !is_sane(ended, TIME_MAX_S) || !is_sane(keep_days, DAYS_MAX))
        return false;
    p->began_s = began;
    p->ended_s = ended;
    p->zone_min = zone > -1440 && zone < 1440 ? (int)zone : 0;
    p->keep_days = keep_days;
    p->messages = audit_messages_of(p->language);
    return p->messages && json_is_array(p->carried);
}

/* The notes know better than the head who it was. */
static void take_proved(struct page *p)
{
    const struct audit_session *session = &p->c->proved->session;

    if (p->c->proved->certificate_ok)
        p->name = session->agent.name;
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER) {
            p->organisation = session->notes[i].statement.domain;
            p->verified = session->notes[i].statement.verified;
            return;
        }
}

/* ---- what was shared: receipt/lines.ts ---- */

static void take_carried(struct page *p)
{
    json_t *one;
    size_t i;

    json_array_foreach(p->carried, i, one)
    {
        json_int_t kept_days, from;
        struct line *line = &p->lines[p->count];
        *line = (struct line){.allowed = true, .elsewhere = true, .is_open = true, .because = ""};
        if (json_unpack(one, "{s:s,s:s,s:I,s:I}", "capability", &line->capability, "purpose", &line->purpose,
                        "keptDays", &kept_days, "from", &from) != 0 ||
            !is_sane(kept_days, DAYS_MAX) || !is_sane(from, TIME_MAX_S))
            continue;
        line->kept_days = kept_days;
        line->from_s = from;
        p->count++;
    }
}

static struct line *open_line(struct page *p, const char *capability)
{
    for (size_t i = p->count; i-- > 0;)
        if (p->lines[i].is_open && !strcmp(p->lines[i].capability, capability))
            return &p->lines[i];
    return NULL;
}

static void close_line(struct line *line, const struct proto_statement *st)
{
    line->is_open = false;
    line->to_s = st->unix_s;
    if (st->action == PROTO_STATEMENT_GRANT)
        line->because = "replaced";
    else if (*st->purpose)
        line->because = st->purpose;
    else
        line->took_back = true;
}

static void take_statement(struct page *p, const struct proto_statement *st)
{
    bool grant = st->action == PROTO_STATEMENT_GRANT, refuse = st->action == PROTO_STATEMENT_REFUSE;
    const char *capability = proto_capability_name(st->capability);
    struct line *open = grant || st->action == PROTO_STATEMENT_WITHDRAW ? open_line(p, capability) : NULL;

    if (open)
        close_line(open, st);
    if (grant || refuse)
        p->lines[p->count++] = (struct line){
            .capability = capability,
            .purpose = st->purpose,
            .because = refuse && proto_purpose_is_machines(st->purpose) ? st->purpose : "",
            .allowed = grant,
            .is_open = grant,
            .from_s = st->unix_s,
            .to_s = st->unix_s,
            .kept_days = st->retention_days,
        };
}

static bool collect(struct page *p)
{
    const struct audit_session *session = &p->c->proved->session;

    p->lines = calloc(session->count + json_array_size(p->carried) + 1, sizeof *p->lines);
    if (!p->lines)
        return false;
    take_carried(p);
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER && !session->notes[i].rides)
            take_statement(p, &session->notes[i].statement);
    for (size_t i = 0; i < p->count; i++)
        if (p->lines[i].is_open)
            p->lines[i].to_s = p->ended_s;
    return true;
}

/* ---- writing ---- */

/* As a page may show it: the same characters as in proto_words_clean(), and none is markup. */
static void put_text(struct page *p, const char *text)
{
    struct proto_buf clean;

    proto_buf_init_secret(&clean, PROTO_LOG_PROOFS_WORDS_MAX);
    proto_words_clean(&clean, text);
    for (size_t i = 0; i < clean.len; i++) {
        char c = (char)clean.bytes[i];
        if (c == '&' || c == '<' || c == '>' || c == '"')
            proto_buf_put_text(p->out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;");
        else
            proto_buf_put_u8(p->out, clean.bytes[i]);
    }
    p->failed |= clean.failed;
    proto_buf_free(&clean);
}

/* A message; what is put into it was read, and is told apart from markup with it. */
static const char *message(struct page *p, const char *key, const struct audit_value *values, size_t count)
{
    proto_buf_clear(&p->text);
    p->failed |= !audit_message_put(&p->text, p->messages, key, values, count, p->zone_min);
    proto_buf_put_u8(&p->text, 0);
    p->failed |= p->text.failed;
    return p->failed ? "" : (const char *)p->text.bytes;
}

static void put(struct page *p, const char *key, const struct audit_value *values, size_t count)
{
    put_text(p, message(p, key, values, count));
}

static void put_plain(struct page *p, const char *key)
{
    put(p, key, NULL, 0);
}

static void put_paragraph(struct page *p, const char *key, const struct audit_value *values, size_t count)
{
    proto_buf_put_text(p->out, "<p>");
    put(p, key, values, count);
    proto_buf_put_text(p->out, "</p>\n");
}

/* "receipt.because.policy-forbids" */
static void find_because(struct page *p, const char *because, char out[static BECAUSE_MAX])
{
    char key[64];

    snprintf(key, sizeof key, "receipt.because.%s", because);
    for (char *at = key; *at; at++)
        *at = *at == ' ' ? '-' : *at;
    snprintf(out, BECAUSE_MAX, "%s", message(p, key, NULL, 0));
}

static void begin_cell(struct page *p, const char *title)
{
    proto_buf_put_text(p->out, "<div><dt>");
    put_plain(p, title);
    proto_buf_put_text(p->out, "</dt><dd>");
}

static void end_cell(struct page *p)
{
    proto_buf_put_text(p->out, "</dd></div>\n");
}

static void put_answer(struct page *p, const struct line *line)
{
    char reason[BECAUSE_MAX] = "";

    begin_cell(p, "receipt.answer");
    if (!line->allowed && *line->because) {
        find_because(p, line->because, reason);
        put(p, "receipt.refusedUnasked", &(struct audit_value){.name = "reason", .text = reason}, 1);
    } else {
        put_plain(p, line->elsewhere ? "receipt.allowedElsewhere"
                     : line->allowed ? "receipt.allowed"
                                     : "receipt.refused");
    }
    end_cell(p);
}

static void put_when(struct page *p, const struct line *line)
{
    const struct audit_value times[] = {{.name = "from", .number = line->from_s}, {.name = "to", .number = line->to_s}};
    char reason[BECAUSE_MAX] = "";

    begin_cell(p, "receipt.when");
    put(p, "receipt.from", times, 2);
    if (line->took_back)
        snprintf(reason, sizeof reason, "%s", message(p, "receipt.tookBack", NULL, 0));
    else if (line->allowed && *line->because)
        find_because(p, line->because, reason);
    if (*reason) {
        proto_buf_put_text(p->out, " (");
        put_text(p, reason);
        proto_buf_put_text(p->out, ")");
    }
    end_cell(p);
}

static void put_why(struct page *p, const struct line *line)
{
    if (!line->allowed && *line->because)
        return; /* nobody asked this person */
    begin_cell(p, "receipt.why");
    if (*line->purpose) {
        proto_buf_put_text(p->out, "<bdi dir=\"auto\">");
        put_text(p, line->purpose);
        proto_buf_put_text(p->out, "</bdi>");
    } else {
        put_plain(p, "ask.noReason");
    }
    end_cell(p);
}

static void put_kept(struct page *p, const struct line *line)
{
    const struct audit_value values[] = {{.name = "organisation", .text = p->organisation},
                                         {.name = "days", .number = line->kept_days},
                                         {.name = "until", .number = p->ended_s + line->kept_days * DAY_S}};

    begin_cell(p, "receipt.kept");
    if (line->allowed && line->kept_days)
        put(p, "receipt.keptDays", values, 3);
    else
        put_plain(p, "receipt.notKept");
    end_cell(p);
}

static void put_line(struct page *p, const struct line *line)
{
    char key[64];

    snprintf(key, sizeof key, "capability.%s", line->capability);
    proto_buf_put_text(p->out, "<li><h3>");
    put_plain(p, key);
    proto_buf_put_text(p->out, "</h3><dl>\n");
    put_answer(p, line);
    put_when(p, line);
    put_why(p, line);
    put_kept(p, line);
    proto_buf_put_text(p->out, "</dl></li>\n");
}

static void put_lines(struct page *p)
{
    if (!p->count) {
        put_paragraph(p, "receipt.nothing", NULL, 0);
        return;
    }
    proto_buf_put_text(p->out, "<ul>\n");
    for (size_t i = 0; i < p->count; i++)
        put_line(p, &p->lines[i]);
    proto_buf_put_text(p->out, "</ul>\n");
}

static void put_top(struct page *p)
{
    const struct audit_value values[] = {{.name = "name", .text = p->name},
                                         {.name = "organisation", .text = p->organisation},
                                         {.name = "when", .number = p->began_s},
                                         {.name = "minutes", .number = (p->ended_s - p->began_s + 30) / 60}};

    proto_buf_put_text(p->out, "<!doctype html>\n<html lang=\"");
    put_text(p, p->language);
    proto_buf_put_text(p->out, "\" dir=\"ltr\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                               "content=\"width=device-width, initial-scale=1\">\n" HEAD_BEGINS);
    proto_buf_put(p->out, (const uint8_t *)p->head, p->head_len);
    proto_buf_put_text(p->out, HEAD_ENDS "<title>");
    put_plain(p, "receipt.title");
    proto_buf_printf(p->out, "</title><style>%s</style></head><body>\n<h1>", style);
    put_plain(p, "receipt.title");
    proto_buf_put_text(p->out, "</h1>\n");
    put_paragraph(p, "receipt.lead", values, 4);
    if (*p->moved)
        put_paragraph(p, !strcmp(p->moved, "in") ? "receipt.movedIn" : "receipt.movedAway", NULL, 0);
}

static void put_contact(struct page *p)
{
    proto_buf_put_text(p->out, "<p>");
    put(p, "receipt.contact", &(struct audit_value){.name = "organisation", .text = p->organisation}, 1);
    if (*p->contact) {
        proto_buf_put_text(p->out, " ");
        put_plain(p, "receipt.write");
        proto_buf_put_text(p->out, " ");
        put_text(p, p->contact);
    }
    proto_buf_put_text(p->out, "</p>\n");
}

/* Where it was, what is stored where and until when, and what a person may ask for. */
static void put_bottom(struct page *p)
{
    char session[2 * PROTO_SID_BYTES + 1], log[PROTO_NOTE_NAME_MAX + 1];
    const struct audit_value values[] = {{.name = "organisation", .text = p->organisation},
                                         {.name = "session", .text = session},
                                         {.name = "relay", .text = p->relay},
                                         {.name = "log", .text = log},
                                         {.name = "days", .number = p->keep_days},
                                         {.name = "until", .number = p->ended_s + p->keep_days * DAY_S},
                                         {.name = "count", .number = (int64_t)p->c->proved->proofs}};
    size_t count = sizeof values / sizeof *values;

    sodium_bin2hex(session, sizeof session, p->c->proved->session.row.sid, PROTO_SID_BYTES);
    snprintf(log, sizeof log, "%s", p->c->proved->log_key.name);
    put_paragraph(p, "receipt.entries", values, count);
    if (!p->verified)
        put_paragraph(p, "receipt.notVerified", NULL, 0);
    put_paragraph(p, "receipt.session", values, count);
    put_paragraph(p, "receipt.stored", values, count);
    put_paragraph(p, "receipt.rights", values, count);
    put_contact(p);
    put_paragraph(p, "receipt.offline", NULL, 0);
    proto_buf_put_text(p->out, "<pre dir=\"ltr\">\n");
}

bool proofs_write_page(const struct proofs_checking *c, struct proto_buf *out)
{
    struct page p = {.c = c, .out = out};
    bool fine = find_head(&p) && read_facts(&p);

    proto_buf_init_secret(&p.text, PROTO_LOG_PROOFS_WORDS_MAX);
    if (fine) {
        take_proved(&p);
        fine = collect(&p);
    }
    if (fine) {
        put_top(&p);
        put_lines(&p);
        put_bottom(&p);
    }
    proto_buf_free(&p.text);
    json_decref(p.facts);
    json_decref(p.messages);
    free(p.lines);
    return fine && !p.failed;
}
