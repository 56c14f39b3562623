/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/shelf_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- asking, one thing after the other ---- */

void agent_desk_shelf_wrong(struct agent_desk_shelf *s, const char *what, const char *why)
{
    if (s->config.listener.wrong)
        s->config.listener.wrong(s->config.listener.context, what, why);
}

/* Without an answer nothing more is asked, until the connection is there again. */
static void ask(struct agent_desk_shelf *s)
{
    const char *name = "";
    uint64_t from = s->from;

    if (s->step == SHELF_GUIDES && !agent_guides_fetch_next(s->fetch, &name, &from))
        s->step = SHELF_DONE;
    if (s->step != SHELF_DONE && proto_session_kept_ask(s->config.session, (enum proto_kept)s->step, name, from))
        s->asked = false;
}

static void begin_guides(struct agent_desk_shelf *s)
{
    struct agent_guides_fetch_config config = {
        .cache = s->guides_folder, .root = s->config.root, .org = proto_session_org(s->config.session)};

    if (!s->config.fetches_guides || !s->config.cache || s->fetch || !config.org ||
        agent_guides_fetch_new(&s->fetch, &config))
        s->step = SHELF_DONE;
}

static void next_step(struct agent_desk_shelf *s)
{
    s->step++;
    s->from = s->step == SHELF_COUNTS ? s->counts_from : 0;
    if (s->step == SHELF_GUIDES)
        begin_guides(s);
    ask(s);
}

/* ---- what comes ---- */

static json_t *open_row(struct agent_desk_shelf *s, enum proto_kept kind, const uint8_t *sealed, size_t len)
{
    struct proto_buf text;
    json_error_t error;
    json_t *line = NULL;
    enum proto_err err;

    proto_buf_init_secret(&text, PROTO_KEPT_TEXT_MAX);
    err = proto_kept_open(&s->keys, kind, kind == PROTO_KEPT_CASE ? s->customer_ref : "", sealed, len, &text);
    if (!err)
        line = json_loadb((const char *)text.bytes, text.len, JSON_REJECT_DUPLICATES, &error);
    else if (!s->told_wrong)
        agent_desk_shelf_wrong(s, "a case or count that the relay keeps",
                               err == PROTO_ERR_KEY
                                   ? "it is sealed under another secret; ask the authority for the newest cases.key"
                                   : "it was altered, or belongs to somebody else; it is left out");
    s->told_wrong = s->told_wrong || err;
    proto_buf_free(&text);
    if (!json_is_object(line)) {
        json_decref(line);
        return NULL;
    }
    return line;
}

/* Newest first, while the list is filled from its oldest. */
static void put_visits(struct agent_desk_shelf *s, struct proto_now now)
{
    for (size_t i = json_array_size(s->visits); i-- > 0;)
        (void)agent_desk_cases_add_before(s->cases, json_array_get(s->visits, i), now.unix_ms);
    json_array_clear(s->visits);
    if (s->config.listener.visits)
        s->config.listener.visits(s->config.listener.context);
}

static void take_cases(struct agent_desk_shelf *s, const struct proto_event *e, struct proto_now now)
{
    struct proto_reader r = proto_reader_of(e->kept.bytes, e->kept.len);
    const uint8_t *row;
    size_t len;

    while (proto_reader_left(&r) && (row = proto_read_lv16(&r, &len)) != NULL) {
        json_t *line = open_row(s, PROTO_KEPT_CASE, row, len);

        if (line)
            json_array_append_new(s->visits, line);
    }
    s->from = e->kept.next;
    if (e->kept.next && json_array_size(s->visits) < AGENT_DESK_CASES_SHOWN) {
        ask(s);
        return;
    }
    put_visits(s, now);
    next_step(s);
}

static void take_counts(struct agent_desk_shelf *s, const struct proto_event *e)
{
    struct proto_reader r = proto_reader_of(e->kept.bytes, e->kept.len);
    const uint8_t *row;
    size_t len;

    while (proto_reader_left(&r) && (row = proto_read_lv16(&r, &len)) != NULL && len > 8) {
        struct proto_reader id = proto_reader_of(row, 8);
        uint64_t number = proto_read_u64(&id);
        json_t *line = open_row(s, PROTO_KEPT_COUNT, row + 8, len - 8);

        if (line) {
            agent_desk_cases_learn(s->cases, line);
            agent_desk_shelf_remember(s, number, line);
        }
        json_decref(line);
    }
    s->from = e->kept.next;
    if (e->kept.next) {
        ask(s);
        return;
    }
    agent_desk_shelf_remembered(s);
    if (s->config.listener.learned)
        s->config.listener.learned(s->config.listener.context);
    next_step(s);
}

static void say_guide(void *context, const char *file, const char *why)
{
    agent_desk_shelf_wrong(context, file, why);
}

void agent_desk_shelf_load_guides(struct agent_desk_shelf *s)
{
    size_t at = s->shelf_count;

    /* A run may still follow a guide of the list before. */
    if (at == SHELF_LISTS || agent_guides_load(&s->lists[at], s->guides_folder, say_guide, s))
        return;
    if (!s->lists[at].count) { /* a cache that nothing came into yet */
        agent_guides_clear(&s->lists[at]);
        return;
    }
    s->shelf_count++;
    if (s->config.listener.guides)
        s->config.listener.guides(s->config.listener.context, &s->lists[at]);
}

static void take_guides(struct agent_desk_shelf *s, const struct proto_event *e)
{
    enum agent_guides_fetched now = agent_guides_fetch_take(s->fetch, e->kept.err, e->kept.name, e->kept.from,
                                                            e->kept.next, e->kept.bytes, e->kept.len);

    if (now == AGENT_GUIDES_FAILED)
        agent_desk_shelf_wrong(s, "the relay's guides", agent_guides_fetch_why(s->fetch));
    if (now == AGENT_GUIDES_NEW)
        agent_desk_shelf_load_guides(s);
    ask(s);
}

static void take_part(struct agent_desk_shelf *s, const struct proto_event *e, struct proto_now now)
{
    if ((int)e->kept.kind != s->step)
        return; /* an answer to an ask of before the connection was lost */
    if (s->step == SHELF_GUIDES) {
        take_guides(s, e);
    } else if (e->kept.err) {
        agent_desk_shelf_wrong(s, "what the relay keeps", proto_err_rule(e->kept.err));
        next_step(s);
    } else if (e->kept.from == s->from) {
        if (s->step == SHELF_CASES)
            take_cases(s, e, now);
        else
            take_counts(s, e);
    }
}

void agent_desk_shelf_event(struct agent_desk_shelf *s, const struct proto_event *e, struct proto_now now)
{
    bool stands = e->kind == PROTO_EVENT_INVITE ||
                  (e->kind == PROTO_EVENT_CONNECTION && e->connection.state != PROTO_CONNECTION_RECONNECTING &&
                   e->connection.state != PROTO_CONNECTION_LOST);

    if (stands) {
        agent_desk_shelf_send_waiting(s);
        if (e->kind == PROTO_EVENT_INVITE && s->step == SHELF_NOTHING)
            s->step = s->cases ? SHELF_NOTHING : SHELF_COUNTS; /* without a secret: guides alone */
        if (s->step == SHELF_NOTHING || (s->step == SHELF_COUNTS && !s->cases))
            next_step(s);
        else
            ask(s);
    } else if (e->kind == PROTO_EVENT_KEPT && e->kept.added) {
        agent_desk_shelf_was_kept(s, e);
    } else if (e->kind == PROTO_EVENT_KEPT) {
        take_part(s, e, now);
    }
}
