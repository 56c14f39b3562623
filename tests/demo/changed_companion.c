/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handhold-changed-companion - a companion that somebody altered: it allows its camera, takes it back, and goes on
 * sending all the same. Shows that the relay holds a customer's own device to the customer's word.
 *
 * After the withdrawal there is no key any more, so what it sends is the last sealed picture with its bytes stirred:
 * for a relay that is as good as a fresh one. Everything up to then is the real session, camera and encoder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/companion/video.h"
#include "proto/host/connection.h"
#include "proto/host/event_line.h"
#include "proto/host/files.h"
#include "proto/host/options.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/identity/credential.h"
#include "proto/pairing/invite.h"

#define HONEST_PICTURES 15
#define FORGED_PICTURES 30
#define FORGED_EVERY_MS 33

static struct {
    const char *ca, *camera, *link;
} opt;
static const struct host_option options[] = {
    {"ca", "FILE", HOST_TEXT, &opt.ca, .required = true, .help = "the organisation's ca.crt"},
    {"camera", "FILE.y4m", HOST_TEXT, &opt.camera, .required = true, .help = "what it sends"},
    {0}};
static const struct host_word words[] = {{"LINK", HOST_TEXT, &opt.link, .required = true, .help = "the invitation"},
                                         {0}};
static const struct host_program program = {.name = "handhold-changed-companion",
                                            .summary = "a companion that goes on sending after its withdrawal",
                                            .options = options,
                                            .words = words};

static struct {
    struct host_loop *loop;
    struct host_timer *timer;
    struct host_connection *connection;
    struct proto_session *session;
    struct client_video *video;
    struct proto_random random;
    struct proto_buf last; /* the last sealed picture */
    bool forged_waits;     /* pending() gives a forged picture next */
    bool withdrawn, blocked, done;
    int64_t forged;
} it;

/* ---- what leaves ---- */

static const uint8_t *pending(void *context, size_t *len)
{
    const uint8_t *message = proto_session_pending(it.session, len);

    (void)context;
    if (message || !it.forged_waits)
        return message;
    *len = it.last.len;
    return it.last.bytes;
}

static void sent(void *context)
{
    size_t len;
    const uint8_t *message = proto_session_pending(it.session, &len);

    (void)context;
    if (!message) {
        it.forged_waits = false;
        it.forged++;
        return;
    }
    if (message[0] == PROTO_TYPE_MEDIA) {
        proto_buf_clear(&it.last);
        proto_buf_put(&it.last, message, len);
    }
    proto_session_sent(it.session);
}

static void forge(void)
{
    const size_t clear = PROTO_MEDIA_HEADER_BYTES + 8; /* the clear header and the longest SFrame header stay */

    if (it.last.len <= clear)
        return;
    proto_random_fill(&it.random, it.last.bytes + clear, it.last.len - clear);
    it.forged_waits = true;
}

/* ---- what happens ---- */

static void on_event(const struct proto_event *e)
{
    struct proto_now now = host_now();
    char why[CLIENT_WHY_BYTES];

    if (e->kind == PROTO_EVENT_CONSENT && e->consent.state == PROTO_CONSENT_REQUESTED &&
        proto_session_grant(it.session, e->consent.capability, now) != PROTO_OK)
        host_say(HOST_ERROR, "the grant failed");
    if (e->kind == PROTO_EVENT_CAPTURE && e->capture.capability == PROTO_CAPABILITY_CAMERA) {
        if (!e->capture.on)
            client_video_stop(it.video);
        else if (client_video_start(it.video, now.mono_ms, why) != PROTO_OK)
            host_say(HOST_ERROR, "%s", why);
    }
    if (e->kind == PROTO_EVENT_KEY_FRAME)
        client_video_want_key(it.video);
    if (e->kind == PROTO_EVENT_MEDIA_ACK)
        client_video_acked(it.video, e->media_ack.ack, now.mono_ms);
    if (e->kind == PROTO_EVENT_BLOCKED)
        it.blocked = true;
    if (e->kind == PROTO_EVENT_ENDED)
        host_loop_stop(it.loop);
}

static void withdraw_when_it_is_time(struct proto_now now)
{
    struct client_video_figures figures;

    client_video_figures(it.video, &figures);
    if (it.withdrawn || figures.pictures < HONEST_PICTURES || proto_session_backlog_bytes(it.session) > 0)
        return;
    it.withdrawn = proto_session_withdraw(it.session, PROTO_CAPABILITY_CAMERA, now) == PROTO_OK;
    if (it.withdrawn)
        host_event_fields("withdrawn", json_pack("{s:I}", "sent", (json_int_t)figures.pictures));
}

static void settle(void)
{
    struct proto_now now = host_now();
    struct proto_event event;
    int64_t next;

    while (proto_session_next_event(it.session, &event))
        on_event(&event);
    withdraw_when_it_is_time(now);
    if (it.blocked && it.forged >= FORGED_PICTURES && !it.done) {
        it.done = true;
        host_event_fields("done", json_pack("{s:I}", "sent", (json_int_t)it.forged));
    }
    next = proto_earlier(proto_session_deadline(it.session), client_video_deadline(it.video, now.mono_ms));
    if (it.withdrawn && !it.done)
        next = proto_earlier(next, now.mono_ms + FORGED_EVERY_MS);
    host_timer_set(it.timer, next);
    host_connection_wake(it.connection);
}

static void on_timer(void *context)
{
    struct proto_now now = host_now();
    char why[CLIENT_WHY_BYTES];

    (void)context;
    proto_session_tick(it.session, now);
    if (client_video_tick(it.video, it.session, now, why) != PROTO_OK)
        host_say(HOST_ERROR, "%s", why);
    if (it.withdrawn && !it.done && !it.forged_waits)
        forge();
    settle();
}

static void on_open(void *context)
{
    (void)context;
    proto_session_connected(it.session, host_now());
    settle();
}

static void on_message(void *context, const uint8_t *bytes, size_t len)
{
    (void)context;
    proto_session_feed(it.session, bytes, len, host_now());
    settle();
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    (void)context;
    (void)err;
    host_say(HOST_INFO, "%s", text);
    host_connection_free(it.connection);
    it.connection = NULL;
    host_loop_stop(it.loop);
}

/* ---- start ---- */

static enum proto_err read_root(struct proto_identity_root *root)
{
    struct proto_certificate der;
    struct proto_buf pem;
    enum proto_err err;

    proto_buf_init(&pem, PROTO_PEM_BYTES);
    err = host_file_read(opt.ca, &pem);
    if (err == PROTO_OK)
        err = proto_root_of_pem(pem.bytes, pem.len, &der, root);
    if (err == PROTO_OK)
        proto_certificates_free(&der, 1);
    proto_buf_free(&pem);
    return err;
}

static enum proto_err start(struct client_mask *mask, char error[static CLIENT_WHY_BYTES])
{
    struct proto_customer_config config = {.random = host_random(),
                                           .link = opt.link,
                                           .offers = 1u << PROTO_CAPABILITY_CAMERA,
                                           .client_info = "handhold-changed-companion"};
    struct proto_invite_link link;
    struct proto_identity_root root;
    char url[PROTO_JOIN_HOST_MAX + 16];
    const struct host_connection_config connection = {.url = url,
                                                      .ca_file = opt.ca,
                                                      .on_open = on_open,
                                                      .on_message = on_message,
                                                      .pending = pending,
                                                      .sent = sent,
                                                      .on_closed = on_closed};
    enum proto_err err = proto_invite_link_parse(&link, opt.link, strlen(opt.link));

    snprintf(url, sizeof url, "https://%s", link.join_host);
    proto_invite_link_clear(&link);
    it.random = config.random;
    snprintf(error, CLIENT_WHY_BYTES, "the invitation or %s", opt.ca);
    if (err == PROTO_OK)
        err = read_root(&root);
    config.pinned_root = root.fingerprint;
    if (err == PROTO_OK)
        err = client_video_new(&it.video, opt.camera, mask, 0, false, NULL, error);
    if (err == PROTO_OK)
        err = proto_session_new_customer(&it.session, &config, host_now());
    if (err == PROTO_OK)
        err = host_loop_new(&it.loop);
    if (err == PROTO_OK)
        err = host_timer_new(&it.timer, it.loop, on_timer, NULL);
    return err == PROTO_OK ? host_connection_new(&it.connection, it.loop, &connection, error) : err;
}

int main(int argc, char **argv)
{
    struct client_mask mask = {0};
    char error[CLIENT_WHY_BYTES];
    enum proto_err err;

    switch (host_options_parse(&program, argc, argv, NULL)) {
    case HOST_PARSED_DONE:
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    proto_buf_init(&it.last, PROTO_MAX_MEDIA_BYTES);
    err = start(&mask, error);
    if (err == PROTO_OK) {
        settle();
        host_loop_run(it.loop);
    } else {
        host_say_error(error, proto_err_rule(err), proto_err_way_out(err));
    }
    host_connection_free(it.connection);
    host_timer_free(it.timer);
    host_loop_free(it.loop);
    client_video_free(it.video);
    proto_session_free(it.session);
    proto_buf_free(&it.last);
    return err == PROTO_OK && it.done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
