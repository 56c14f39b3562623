/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/companion.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/companion/companion_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

#define LINE_BYTES 8192u
#define STATUS_MS 1000

/* ---- the timer: pictures, device state, the bottom line ---- */

static void set_timer(struct client_companion *c, int64_t now_ms)
{
    int64_t next = proto_earlier(client_video_deadline(c->video, now_ms), client_report_deadline(c->report, now_ms));

    next = proto_earlier(next, client_voice_deadline(c->voice));
    next = proto_earlier(next, client_home_deadline(c->home, now_ms));
    next = proto_earlier(next, client_beside_deadline(c->beside));
    host_timer_set(c->timer, proto_earlier(next, c->told_ms + STATUS_MS));
}

static void on_timer(void *context)
{
    struct client_companion *c = context;
    struct proto_now now = host_now();
    char why[CLIENT_WHY_BYTES];

    client_voice_tick(c->voice, c->session, now); /* before the picture: encoding one takes longer */
    if (client_video_tick(c->video, c->session, now, why) != PROTO_OK)
        client_companion_camera_lost(c, why);
    client_companion_still_tick(c);
    client_report_tick(c->report, c->session, now);
    client_home_tick(c->home, c->session, now);
    client_beside_tick(c->beside, now);
    if (now.mono_ms >= c->told_ms + STATUS_MS) {
        c->told_ms = now.mono_ms;
        client_companion_figures(c);
        client_companion_show_status(c, now.mono_ms);
    }
    host_uplink_kick(c->uplink); /* its changed() sets this timer */
}

/* ---- the uplink ---- */

static void changed(void *context)
{
    struct client_companion *c = context;

    client_companion_take_events(c);
    set_timer(c, host_now().mono_ms);
}

/* A check has found something, on its own thread. */
static void woken(void *context)
{
    struct client_companion *c = context;

    host_loop_wake(c->loop);
}

static void on_wake(void *context)
{
    struct client_companion *c = context;

    client_home_tick(c->home, c->session, host_now());
    host_uplink_kick(c->uplink);
}

static void failed(void *context, enum proto_err err, const char *text)
{
    struct client_companion *c = context;

    c->exit_code = HOST_EXIT_FAILED;
    if (c->config->json)
        host_event_fields("error", json_pack("{s:s,s:s}", "code", proto_err_name(err), "message", text));
    host_say(HOST_ERROR, "%s", text);
}

static void finished(void *context)
{
    struct client_companion *c = context;

    client_companion_take_events(c);
    host_loop_stop(c->loop);
}

/* ---- the person ---- */

static void on_line(void *context, char *text)
{
    client_companion_line(context, text);
}

static void on_signal(void *context, int number)
{
    struct client_companion *c = context;

    if (number == SIGHUP && !isatty(STDIN_FILENO))
        return; /* the terminal it was started from is gone; the session is not */
    if (c->leaving) {
        host_loop_stop(c->loop); /* asked twice: at once */
        return;
    }
    c->leaving = true;
    host_uplink_leave(c->uplink, PROTO_END_CUSTOMER_LEFT);
}

/* ---- start and stop ---- */

static int wrong(struct client_companion *c, const char *why)
{
    if (c->config->json)
        host_event_fields("error", json_pack("{s:s,s:s}", "code", "USAGE", "message", why));
    host_say(HOST_ERROR, "%s", why);
    return HOST_EXIT_USAGE;
}

/* What is behind the # is secret: an error never shows it. */
static int start_session(struct client_companion *c)
{
    const struct client_companion_config *config = c->config;
    struct proto_customer_config customer = {.random = host_random(),
                                             .link = config->link,
                                             .code = config->code,
                                             .join_host = config->code ? config->join_host : NULL,
                                             .pinned_root = config->pinned_root,
                                             .client_info = "handhold-client " HANDHOLD_VERSION,
                                             .seen = config->seen.tree,
                                             .seen_note = config->seen.note};
    char text[512];
    enum proto_err err;

    /* Made at the agent's end: nothing of this device is needed. */
    customer.offers = 1u << PROTO_CAPABILITY_RECORDING | 1u << PROTO_CAPABILITY_HISTORY;
    if (c->video)
        customer.offers |= 1u << PROTO_CAPABILITY_CAMERA | 1u << PROTO_CAPABILITY_STILL | 1u << PROTO_CAPABILITY_ZOOM;
    if (config->torch)
        customer.offers |= 1u << PROTO_CAPABILITY_TORCH;
    if (c->voice)
        customer.offers |= 1u << PROTO_CAPABILITY_MICROPHONE;
    if (c->report)
        customer.offers |= 1u << PROTO_CAPABILITY_DEVICE_STATE;
    memcpy(customer.ui_build, config->build, sizeof customer.ui_build);
    err = proto_session_new_customer(&c->session, &customer, host_now());
    if (err == PROTO_OK)
        return HOST_EXIT_FINE;
    snprintf(text, sizeof text, "%s: %s; %s", config->link ? "the link" : "the code", proto_err_rule(err),
             proto_err_way_out(err));
    return wrong(c, text);
}

static int open_sources(struct client_companion *c)
{
    const struct client_companion_config *config = c->config;
    char why[CLIENT_WHY_BYTES];

    if (strcmp(config->camera, "none") != 0 && client_video_new(&c->video, config->camera, config->mask, config->kbps,
                                                                config->keep_picture != NULL, config->stats, why))
        return wrong(c, why);
    if (strcmp(config->microphone, "none") != 0 &&
        client_voice_new(&c->voice, config->microphone, config->speaker, why) != PROTO_OK)
        return wrong(c, why);
    if (config->state_count > 0 &&
        client_report_new(&c->report, config->states, config->state_count, config->redact, why))
        return wrong(c, why);
    return HOST_EXIT_FINE;
}

static int open_home(struct client_companion *c)
{
    const struct client_companion_config *config = c->config;
    struct client_check_config checks;
    struct client_home_config home = {.loop = c->loop,
                                      .report = c->report,
                                      .screen = c->screen,
                                      .checks = &checks,
                                      .language = config->language,
                                      .json = config->json,
                                      .woken = woken,
                                      .context = c};
    char why[CLIENT_WHY_BYTES];

    client_check_config_defaults(&checks);
    if (strlen(config->join_host) < sizeof checks.internet) /* the host that this session proves to be reachable */
        memcpy(checks.internet, config->join_host, strlen(config->join_host) + 1);
    if (config->ca_file && strlen(config->ca_file) < sizeof checks.ca)
        memcpy(checks.ca, config->ca_file, strlen(config->ca_file) + 1);
    if (config->checks && client_check_config_read(&checks, config->checks, why, sizeof why) != PROTO_OK)
        return wrong(c, why);
    host_loop_on_wake(c->loop, on_wake, c);
    if (client_home_new(&c->home, &home) == PROTO_OK)
        return HOST_EXIT_FINE;
    host_say_err("starting", PROTO_ERR_NOMEM);
    return HOST_EXIT_FAILED;
}

static void on_beside(void *context, const char *state, const char *name)
{
    struct client_companion *c = context;

    if (c->config->json)
        host_event_fields("beside", json_pack("{s:s,s:s}", "state", state, "name", name));
    else
        client_screen_line(c->screen, "* your other device %s%s%s", name, *name ? ": " : "", state);
}

static void on_beside_check(void *context, const handhold_CheckResult *result)
{
    struct client_companion *c = context;

    client_home_pass(c->home, c->session, result, host_now());
}

static int open_beside(struct client_companion *c)
{
    const struct client_beside_listener listener = {on_beside, on_beside_check, c};

    if (!c->report || client_beside_new(&c->beside, c->session, c->report, c->config->join_host, &listener) == PROTO_OK)
        return HOST_EXIT_FINE;
    host_say_err("starting", PROTO_ERR_NOMEM);
    return HOST_EXIT_FAILED;
}

static int start(struct client_companion *c)
{
    const struct client_companion_config *config = c->config;
    const struct host_uplink_config uplink = {.loop = c->loop,
                                              .session = c->session,
                                              .url = config->url,
                                              .ca_file = config->ca_file,
                                              .changed = changed,
                                              .failed = failed,
                                              .finished = finished,
                                              .leaving = config->keep_sealed ? client_companion_leaving : NULL,
                                              .context = c};
    char error[512];
    enum proto_err err = host_timer_new(&c->timer, c->loop, on_timer, c);

    if (err == PROTO_OK)
        err = host_loop_on_signal(c->loop, on_signal, c);
    if (err != PROTO_OK) {
        host_say_err("starting", err);
        return HOST_EXIT_FAILED;
    }
    if (host_uplink_new(&c->uplink, &uplink, error) != PROTO_OK)
        return wrong(c, error);
    err = host_lines_new(&c->lines, c->loop, STDIN_FILENO, LINE_BYTES, on_line, client_companion_input_ended, c);
    if (err != PROTO_OK)
        host_say_err("reading the standard input", err);
    set_timer(c, host_now().mono_ms);
    return err == PROTO_OK ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}

static void stop(struct client_companion *c)
{
    host_lines_free(c->lines);
    host_uplink_free(c->uplink);
    host_timer_free(c->timer);
    client_companion_still_clear(c);
    client_video_free(c->video);
    client_voice_free(c->voice);
    client_home_free(c->home);
    client_beside_free(c->beside);
    client_report_free(c->report);
    proto_session_free(c->session);
    client_screen_free(c->screen);
    client_receipt_free(c->receipt);
    host_loop_free(c->loop);
    proto_buf_free(&c->sealed);
}

static enum client_screen_kind screen_kind(const struct client_companion_config *config)
{
    const char *term = getenv("TERM");

    if (config->json)
        return CLIENT_SCREEN_SILENT;
    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") ? CLIENT_SCREEN_TERMINAL : CLIENT_SCREEN_PLAIN;
}

int client_companion_run(const struct client_companion_config *config, struct host_seen *seen)
{
    struct client_companion c = {.config = config, .exit_code = HOST_EXIT_FAILED};
    int code;

    *seen = config->seen;
    proto_buf_init(&c.sealed, PROTO_MAX_MEDIA_BYTES);
    if (client_screen_new(&c.screen, screen_kind(config)) != PROTO_OK || host_loop_new(&c.loop) != PROTO_OK ||
        (config->receipt && client_receipt_new(&c.receipt) != PROTO_OK)) {
        host_say_err("starting", PROTO_ERR_NOMEM);
        stop(&c);
        return HOST_EXIT_FAILED;
    }
    code = open_sources(&c);
    if (code == HOST_EXIT_FINE)
        code = open_home(&c);
    if (code == HOST_EXIT_FINE)
        code = start_session(&c);
    if (code == HOST_EXIT_FINE)
        code = open_beside(&c);
    if (code == HOST_EXIT_FINE)
        code = start(&c);
    if (code == HOST_EXIT_FINE) {
        host_loop_run(c.loop);
        client_companion_check_stats(&c);
        code = c.stats_lost && c.exit_code == HOST_EXIT_FINE ? HOST_EXIT_FAILED : c.exit_code;
        host_seen_of(c.session, seen);
        client_companion_keep(&c);
    }
    stop(&c);
    return code;
}
