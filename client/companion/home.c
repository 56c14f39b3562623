/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/home_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/companion/words.h"
#include "proto/host/event_line.h"
#include "proto/util/utf8.h"
#include "proto/wire/message.h"

enum { RETRY_MS = 50 };

/* ---- life ---- */

enum proto_err client_home_new(struct client_home **out, const struct client_home_config *config)
{
    struct client_home *h = calloc(1, sizeof *h);
    enum proto_err err = PROTO_OK;

    *out = NULL;
    if (!h)
        return PROTO_ERR_NOMEM;
    h->config = *config;
    if (config->report)
        err = client_checks_new(&h->checks, config->checks, config->woken, config->context);
    if (err != PROTO_OK) {
        client_home_free(h);
        return err;
    }
    *out = h;
    return PROTO_OK;
}

void client_home_free(struct client_home *h)
{
    if (!h)
        return;
    client_checks_free(h->checks);
    free(h->list.steps);
    free(h);
}

void client_home_joined(struct client_home *h, struct proto_session *session, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_guide_wish_tag};

    if (h && PROTO_SET_TEXT(data.body.guide_wish.language, h->config.language) == PROTO_OK)
        (void)!proto_session_send_data(session, &data, now); /* without it the guide comes in its first language */
}

/* ---- words from outside ---- */

void client_home_line(struct client_home *h, const char *theirs, const char *format, ...)
{
    struct proto_buf text;
    char ours[256];
    va_list args;

    va_start(args, format);
    vsnprintf(ours, sizeof ours, format, args);
    va_end(args);
    proto_buf_init(&text, 8192);
    proto_words_clean(&text, theirs);
    proto_buf_put_u8(&text, 0);
    if (!text.failed)
        client_screen_line(h->config.screen, "%s%s", ours, (const char *)text.bytes);
    proto_buf_free(&text);
}

/* ---- checks ---- */

#define PUT(field, from) proto_utf8_copy((field), sizeof(field), (from))

void client_home_result(const struct client_check_result *r, handhold_CheckResult *out)
{
    *out = (handhold_CheckResult){.id = r->id,
                                  .status = r->status,
                                  .link = r->link,
                                  .has_value = r->has_value,
                                  .value = r->value,
                                  .duration_ms = r->duration_ms,
                                  .unix_ms = (uint64_t)(r->unix_ms > 0 ? r->unix_ms : 0)};
    PUT(out->check, r->check);
    PUT(out->target, r->target);
    PUT(out->unit, r->unit);
    PUT(out->figure, r->figure);
    PUT(out->rule, r->rule);
    PUT(out->detail, r->detail);
    PUT(out->advice, r->advice);
}

/* The customer sees each check run. */
static void show_check(struct client_home *h, const handhold_CheckResult *r)
{
    if (h->config.json)
        host_event_fields("check", json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i}", "id", (int)r->id, "check",
                                             r->check, "target", r->target, "status",
                                             client_check_status_name((enum client_check_status)r->status), "link",
                                             client_check_link_name((enum client_check_link)r->link), "figure",
                                             r->figure, "rule", r->rule, "detail", r->detail, "advice", r->advice,
                                             "duration_ms", (int)r->duration_ms));
    else if (r->status == CLIENT_CHECK_RUNNING)
        client_home_line(h, r->target, "* check %s: running ", r->check);
    else
        client_home_line(h, r->detail, "* check %s: %s %s%s", r->check,
                         client_check_status_name((enum client_check_status)r->status), r->figure,
                         r->figure[0] ? " - " : "");
}

static void put_found(struct client_home *h, const handhold_CheckResult *result)
{
    show_check(h, result);
    if (h->count < WAITING_MAX)
        h->waiting[(h->first + h->count++) % WAITING_MAX] = *result;
}

static void take_found(struct client_home *h)
{
    struct client_check_result r;
    handhold_CheckResult result;

    while (h->count < WAITING_MAX && client_checks_take(h->checks, &r)) {
        client_home_result(&r, &result);
        put_found(h, &result);
    }
}

void client_home_tick(struct client_home *h, struct proto_session *session, struct proto_now now)
{
    if (!h || !h->checks)
        return;
    do {
        take_found(h);
        if (!h->count || !client_report_check(h->config.report, session, &h->waiting[h->first], now))
            return;
        h->first = (h->first + 1) % WAITING_MAX;
        h->count--;
    } while (true);
}

void client_home_pass(struct client_home *h, struct proto_session *session, const handhold_CheckResult *result,
                      struct proto_now now)
{
    if (!h || !h->checks || !proto_session_may_send(session, PROTO_CAPABILITY_DEVICE_STATE))
        return;
    put_found(h, result);
    client_home_tick(h, session, now);
}

int64_t client_home_deadline(const struct client_home *h, int64_t now_ms)
{
    return h && h->count ? now_ms + RETRY_MS : PROTO_NEVER;
}

void client_home_stop(struct client_home *h)
{
    if (!h || !h->checks)
        return;
    client_checks_stop(h->checks);
    h->count = 0;
}

/* What cannot even begin is answered too: nobody waits for it. */
static void refuse(struct client_home *h, struct proto_session *session, const handhold_CheckAsk *ask,
                   enum proto_err err, struct proto_now now)
{
    struct client_check_result r = {
        .id = ask->id, .status = CLIENT_CHECK_NOT_CHECKED, .last = true, .unix_ms = now.unix_ms};
    handhold_CheckResult result;

    PUT(r.check, ask->check);
    PUT(r.target, ask->target);
    if (err == PROTO_ERR_NOT_FOUND)
        snprintf(r.detail, sizeof r.detail, "there is no such check; there are %s", client_check_names());
    else if (err == PROTO_ERR_BUSY)
        snprintf(r.detail, sizeof r.detail, "%d devices a minute may be named; wait a moment",
                 CLIENT_CHECKS_NAMED_A_MINUTE);
    else
        snprintf(r.detail, sizeof r.detail, "%s; %s",
                 err == PROTO_ERR_EXISTS ? "the chain is being checked already" : proto_err_rule(err),
                 err == PROTO_ERR_EXISTS ? "wait for it" : proto_err_way_out(err));
    client_home_result(&r, &result);
    put_found(h, &result);
    client_home_tick(h, session, now);
}

static void on_ask(struct client_home *h, struct proto_session *session, const handhold_CheckAsk *ask,
                   double session_kbps, struct proto_now now)
{
    enum proto_err err;

    if (!h->checks || !proto_session_may_send(session, PROTO_CAPABILITY_DEVICE_STATE))
        return; /* the agent's end knows that there is no consent; this one does not say what it could find */
    err = client_checks_ask(h->checks, ask->id, ask->check, ask->target, ask->unix_ms, session_kbps,
                            client_report_model(h->config.report), now);
    if (err != PROTO_OK)
        refuse(h, session, ask, err, now);
}

void client_home_data(struct client_home *h, struct proto_session *session, const handhold_Data *data,
                      double session_kbps, struct proto_now now)
{
    if (!h)
        return;
    switch (data->which_body) {
    case handhold_Data_check_ask_tag:
        on_ask(h, session, &data->body.check_ask, session_kbps, now);
        break;
    case handhold_Data_check_cancel_tag:
        if (h->checks)
            client_checks_cancel(h->checks, data->body.check_cancel.id);
        break;
    default:
        client_home_guide(h, data);
        break;
    }
}
