/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/renew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/request.h"
#include "proto/host/staff_line.h"
#include "proto/host/world.h"

enum {
    LOOK_MS = 10 * 60 * 1000, /* the calendar is looked at so often: a machine that slept does not count the time */
    PAUSE_MS = 5000,          /* after a line that was lost, twice as long each time … */
    PAUSE_MOST_MS = 3600000,  /* … up to this; after a refusal this at once */
};

struct agent_renewal {
    struct agent_renewal_config config;
    struct proto_identity now; /* what the file has */
    /* Owned */
    struct host_timer *timer;
    struct host_staff_line *line;
    struct proto_credential held; /* with which it is asked: the newest that there is; chain_len 0: the config's */
    int64_t pause_ms;
    bool asked;
};

static const struct proto_credential *credential(const struct agent_renewal *r)
{
    return r->held.chain_len ? &r->held : &r->config.identity->credential;
}

static void tell(struct agent_renewal *r, enum agent_renewal_news news, const char *why)
{
    const struct agent_renewal_told told = {
        .news = news, .until_s = r->now.not_after_s, .renewed = &r->held, .why = why};

    r->config.told(r->config.context, &told);
}

static void wait_for(struct agent_renewal *r, int64_t ms)
{
    host_timer_set(r->timer, host_now().mono_ms + ms);
}

static void hang_up(struct agent_renewal *r, int64_t pause_ms)
{
    host_staff_line_free(r->line);
    r->line = NULL;
    wait_for(r, pause_ms);
}

static void refused(struct agent_renewal *r, const char *why)
{
    tell(r, AGENT_RENEWAL_REFUSED, why);
    hang_up(r, PAUSE_MOST_MS);
}

/* ---- the answer ---- */

/* Whoever brings it, it counts only as what the organisation's root signed for us. */
static enum proto_err judge(const struct agent_renewal *r, const char *pem, struct proto_credential *out)
{
    const struct proto_identity *was = &r->now, *is = &out->identity;
    struct proto_buf certificate, key, ca;

    proto_buf_init(&certificate, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&ca, PROTO_PEM_BYTES);
    proto_buf_put_text(&certificate, pem);
    enum proto_err err = host_file_read(r->config.identity->key_file, &key);
    if (!err)
        err = host_file_read(r->config.ca_file, &ca);
    if (!err)
        err = proto_credential_of_pem(out, &certificate, &key, &ca, host_now().unix_ms / 1000);
    if (!err && (strcmp(is->email, was->email) != 0 || is->role != was->role ||
                 memcmp(is->root_fingerprint, was->root_fingerprint, sizeof is->root_fingerprint) != 0 ||
                 is->not_after_s <= was->not_after_s)) {
        proto_credential_clear(out);
        err = PROTO_ERR_CERT_NAME;
    }
    proto_buf_free(&certificate);
    proto_buf_free(&key);
    proto_buf_free(&ca);
    return err;
}

static void take(struct agent_renewal *r, const char *pem)
{
    struct proto_credential renewed;
    char why[AGENT_IDENTITY_WHY_BYTES + HOST_PATH_BYTES];
    enum proto_err err = judge(r, pem, &renewed);

    if (err) {
        snprintf(why, sizeof why, "the new certificate: %s; %s", proto_err_rule(err), proto_err_way_out(err));
        refused(r, why);
        return;
    }
    err = host_file_write(r->config.identity->cert_file, pem, strlen(pem), HOST_PRIVATE);
    if (err) {
        proto_credential_clear(&renewed);
        snprintf(why, sizeof why, "%s: the new certificate cannot be written (%s); give this file to your user",
                 r->config.identity->cert_file, proto_err_rule(err));
        refused(r, why);
        return;
    }
    hang_up(r, LOOK_MS); /* the line borrows what is about to go */
    proto_credential_clear(&r->held);
    r->held = renewed;
    r->now = renewed.identity;
    r->pause_ms = PAUSE_MS;
    tell(r, AGENT_RENEWAL_DONE, NULL);
}

static void on_said(void *context, const handhold_FromRelay *said)
{
    struct agent_renewal *r = context;
    const handhold_RenewAnswer *answer = &said->body.renew_answer;

    if (said->which_body == handhold_FromRelay_error_tag) {
        if (said->body.error.fatal)
            refused(r, said->body.error.message);
        else /* too many wait: ask again later */
            hang_up(r, PAUSE_MOST_MS);
    } else if (said->which_body == handhold_FromRelay_renew_answer_tag) {
        if (answer->error == PROTO_ERR_BUSY || answer->error == PROTO_ERR_IO)
            hang_up(r, PAUSE_MOST_MS);
        else if (answer->error)
            refused(r, answer->message);
        else if (*answer->certificate)
            take(r, answer->certificate);
        else if (!r->asked) {
            r->asked = true;
            tell(r, AGENT_RENEWAL_ASKED, NULL);
        }
    }
}

/* ---- asking ---- */

static void on_welcome(void *context, const handhold_Welcome *welcome)
{
    struct agent_renewal *r = context;
    handhold_ToRelay ask = {.which_body = handhold_ToRelay_renew_ask_tag};
    struct proto_buf request;

    (void)welcome;
    proto_buf_init(&request, sizeof ask.body.renew_ask.request - 1);
    enum proto_err err = certs_request_for(r->now.name, credential(r)->secret_key, &request);
    if (!err) {
        memcpy(ask.body.renew_ask.request, request.bytes, request.len);
        err = host_staff_line_say(r->line, &ask);
    }
    proto_buf_free(&request);
    if (err)
        refused(r, proto_err_rule(err));
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    struct agent_renewal *r = context;
    bool for_good = err == PROTO_ERR_CERT_REVOKED || err == PROTO_ERR_CERT_EXPIRED || err == PROTO_ERR_REFUSED;

    if (for_good) {
        refused(r, text);
        return;
    }
    hang_up(r, r->pause_ms);
    r->pause_ms = r->pause_ms * 2 < PAUSE_MOST_MS ? r->pause_ms * 2 : PAUSE_MOST_MS;
}

static void ask(struct agent_renewal *r)
{
    const struct host_staff_line_config line = {.loop = r->config.loop,
                                                .url = r->config.url,
                                                .ca_file = r->config.ca_file,
                                                .cert_file = r->config.identity->cert_file,
                                                .credential = credential(r),
                                                .on_welcome = on_welcome,
                                                .on_said = on_said,
                                                .on_closed = on_closed,
                                                .context = r};
    char error[HOST_CONNECTION_ERROR_BYTES];

    if (host_staff_line_new(&r->line, &line, error))
        refused(r, error);
}

static void on_timer(void *context)
{
    struct agent_renewal *r = context;
    int64_t due_ms = (proto_identity_renew_from_s(&r->now) * 1000) - host_now().unix_ms;

    if (r->line)
        return;
    if (due_ms > 0)
        wait_for(r, due_ms < LOOK_MS ? due_ms : LOOK_MS);
    else
        ask(r);
}

enum proto_err agent_renewal_new(struct agent_renewal **out, const struct agent_renewal_config *config)
{
    struct agent_renewal *r = calloc(1, sizeof *r);
    enum proto_err err = r ? host_timer_new(&r->timer, config->loop, on_timer, r) : PROTO_ERR_NOMEM;

    *out = NULL;
    if (err) {
        free(r);
        return err;
    }
    r->config = *config;
    r->now = config->identity->credential.identity;
    r->pause_ms = PAUSE_MS;
    host_timer_set(r->timer, host_now().mono_ms);
    *out = r;
    return PROTO_OK;
}

void agent_renewal_free(struct agent_renewal *r)
{
    if (!r)
        return;
    host_staff_line_free(r->line);
    host_timer_free(r->timer);
    proto_credential_clear(&r->held);
    free(r);
}
