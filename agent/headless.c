/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/headless_inside.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/desk/draw.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

#define LINE_BYTES 65536u /* a mark with all its points */
#define FIGURES_MS 1000

static void on_line(void *context, char *text)
{
    struct headless *h = context;
    struct agent_command command;
    char why[AGENT_WHY_BYTES];

    if (!text)
        agent_tell_error(&h->tell, "COMMAND", "a line of more than 65536 bytes: it was left out; send shorter lines");
    else if (agent_command_from_json(text, &command, why) != PROTO_OK)
        agent_tell_error(&h->tell, "COMMAND", why);
    else
        headless_obey(h, &command);
    host_uplink_kick(h->uplink);
}

/* ---- what the desk tells ---- */

static void ask_at_once(struct headless *h, struct proto_now now)
{
    for (size_t i = 0; i < h->config->request_count; i++) {
        enum proto_capability capability = h->config->request[i];
        enum proto_err err = agent_desk_request(h->desk, capability, h->config->purpose, 0, now);

        if (err != PROTO_OK)
            headless_refuse(h, AGENT_DO_REQUEST, proto_capability_name(capability), err);
    }
}

#ifdef HANDHOLD_KEEPS_PICTURE
/* Never in the program that agents have: a photo and a recording have consents of their own. */
static void write_snapshot(struct headless *h)
{
    struct agent_desk_i420 f = agent_desk_shown(h->desk);
    struct agent_desk_raster raster = {0};
    enum proto_err err;

    if (!h->config->snapshot || f.width == 0)
        return;
    err = agent_desk_raster_from_i420(&raster, &f);
    if (err == PROTO_OK)
        err = agent_desk_raster_png(&raster, h->config->snapshot);
    if (err != PROTO_OK)
        host_say_err(h->config->snapshot, err);
    agent_desk_raster_clear(&raster);
}
#endif

static bool camera_stopped(const struct proto_event *e)
{
    return e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_CAMERA &&
           (e->consent.state == PROTO_CONSENT_WITHDRAWN || e->consent.state == PROTO_CONSENT_EXPIRED);
}

/* The figures come before the word that there will be no more of them. */
static void tell_last_picture(struct headless *h, struct proto_now now)
{
    if (h->told)
        return;
    h->told = true;
    agent_tell_video(&h->tell, h->desk, true, now);
#ifdef HANDHOLD_KEEPS_PICTURE
    write_snapshot(h);
#endif
}

static void on_event(void *context, const struct proto_event *e)
{
    struct headless *h = context;
    struct proto_now now = host_now();

    if (e->kind == PROTO_EVENT_ENDED)
        tell_last_picture(h, now);
    if (e->kind == PROTO_EVENT_CONNECTION && e->connection.state == PROTO_CONNECTION_RECONNECTING)
        headless_stats_cut(h);
    if (e->kind == PROTO_EVENT_STILL && e->still.step == PROTO_STILL_STEP_WHOLE)
        headless_still(h, e);
    else
        agent_tell_event(&h->tell, e, now);
    if (e->kind == PROTO_EVENT_ENDED)
        h->exit_code = host_uplink_exit(e->ended.reason);
    if (e->kind == PROTO_EVENT_CONSENT && e->consent.state == PROTO_CONSENT_GRANTED &&
        e->consent.capability == PROTO_CAPABILITY_STILL)
        h->still_days = e->consent.retention_days;
    headless_home_event(h->home, e);
    if (h->tape)
        agent_desk_tape_event(h->tape, e, now);
    if (camera_stopped(e))
        tell_last_picture(h, now);
    if (e->kind == PROTO_EVENT_DATA ||
        (e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_MICROPHONE))
        headless_voice_may(h);
    if (e->kind == PROTO_EVENT_JOINED)
        ask_at_once(h, now);
}

static void on_picture(void *context, const struct agent_desk_picture *picture, bool first)
{
    struct headless *h = context;

    h->told = false;
    if (!first)
        return;
    agent_tell_first_picture(&h->tell, picture, host_now());
}

static void on_state(void *context, const handhold_StateChange *change)
{
    struct headless *h = context;

    agent_tell_state(&h->tell, change);
    headless_home_state(h->home, change);
}

static void on_frame(void *context, const struct agent_desk_frame *f)
{
    struct headless *h = context;

    if (h->tape)
        agent_desk_tape_frame(h->tape, f);
    headless_stats_frame(h, f);
}

/* ---- the uplink, the clock, signals ---- */

static void set_timer(struct headless *h)
{
    host_timer_set(h->timer, proto_earlier(h->figures_ms, agent_desk_deadline(h->desk)));
}

static void changed(void *context)
{
    struct headless *h = context;

    agent_desk_take(h->desk, host_now());
    set_timer(h);
}

static void failed(void *context, enum proto_err err, const char *text)
{
    struct headless *h = context;

    h->exit_code = HOST_EXIT_FAILED;
    agent_tell_error(&h->tell, proto_err_name(err), text);
    if (h->tell.json)
        host_say(HOST_ERROR, "%s", text);
}

static void finished(void *context)
{
    struct headless *h = context;

    agent_desk_take(h->desk, host_now());
    host_loop_stop(h->loop);
}

static void on_timer(void *context)
{
    struct headless *h = context;
    struct proto_now now = host_now();

    agent_desk_take(h->desk, now); /* a picture is due */
    if (now.mono_ms >= h->figures_ms) {
        h->figures_ms = now.mono_ms + FIGURES_MS;
        if (!h->told)
            agent_tell_video(&h->tell, h->desk, false, now);
        headless_voice_tell(h);
    }
    set_timer(h);
}

static void on_signal(void *context, int number)
{
    struct headless *h = context;

    (void)number;
    if (h->leaving) {
        host_loop_stop(h->loop); /* asked twice: at once */
        return;
    }
    h->leaving = true;
    host_uplink_leave(h->uplink, PROTO_END_AGENT_LEFT);
}

static int64_t mono_ms(void)
{
    return host_now().mono_ms;
}

static void on_voice(void *context, const struct proto_event *e)
{
    struct headless *h = context;

    headless_voice_came(h, e);
    if (h->tape)
        agent_desk_tape_voice(h->tape, e, host_now());
}

static void on_tape(void *context, bool on, enum proto_err err, const char *path, uint64_t bytes)
{
    struct headless *h = context;

    if (err != PROTO_OK)
        host_say_err(path, err);
    agent_tell_recording(&h->tell, on, path, bytes);
}

static void on_renewal(void *context, const struct agent_renewal_told *told)
{
    agent_tell_renewal(&((struct headless *)context)->tell, told);
}

/* ---- start and stop ---- */

static int start_desk(struct headless *h)
{
    const struct agent_headless_config *config = h->config;
    const struct proto_certificate *root = &config->credential->chain[config->credential->chain_len - 1];
    const struct agent_desk_listener listener = {on_event, on_picture, on_state, h, mono_ms, on_frame, on_voice, true};
    const struct proto_agent_config agent = {.random = host_random(),
                                             .credential = config->credential,
                                             .by_code = true,
                                             .customer_ref = config->customer_ref,
                                             .reference = config->reference,
                                             .seen = config->seen.tree,
                                             .seen_note = config->seen.note};
    enum proto_err err = agent_desk_new(&h->desk, &agent, &listener, host_now());

    if (err != PROTO_OK)
        host_say_err("the session", err);
    if (err == PROTO_OK && config->record) {
        const struct agent_desk_tape_config tape = {.session = agent_desk_session(h->desk),
                                                    .random = host_random(),
                                                    .path = config->record,
                                                    .told = on_tape,
                                                    .context = h};

        err = agent_desk_tape_new(&h->tape, &tape);
    }
    if (err == PROTO_OK) {
        const struct headless_home_config home = {.loop = h->loop,
                                                  .session = agent_desk_session(h->desk),
                                                  .tell = &h->tell,
                                                  .guides = config->guides,
                                                  .cases = config->cases,
                                                  .customer_ref = config->customer_ref,
                                                  .cache = config->cache,
                                                  .keys = config->keys,
                                                  .root = {root->bytes, root->len},
                                                  .uplink = &h->uplink};

        err = headless_home_new(&h->home, &home); /* what is wrong is said there */
    }
    return err == PROTO_OK ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}

static int start(struct headless *h)
{
    const struct agent_headless_config *config = h->config;
    const struct host_uplink_config uplink = {.loop = h->loop,
                                              .session = agent_desk_session(h->desk),
                                              .url = config->url,
                                              .ca_file = config->ca_file,
                                              .cert_file = config->cert_file,
                                              .key_file = config->key_file,
                                              .credential = config->credential,
                                              .changed = changed,
                                              .failed = failed,
                                              .finished = finished,
                                              .context = h};
    char error[512];
    enum proto_err err = host_timer_new(&h->timer, h->loop, on_timer, h);

    if (err == PROTO_OK)
        err = host_loop_on_signal(h->loop, on_signal, h);
    if (err != PROTO_OK) {
        host_say_err("starting", err);
        return HOST_EXIT_FAILED;
    }
    err = host_uplink_new(&h->uplink, &uplink, error);
    if (err != PROTO_OK) {
        agent_tell_error(&h->tell, proto_err_name(err), *error ? error : proto_err_rule(err));
        return HOST_EXIT_USAGE;
    }
    err = host_lines_new(&h->lines, h->loop, STDIN_FILENO, LINE_BYTES, on_line, NULL, h);
    if (err != PROTO_OK) {
        host_say_err("reading the standard input", err);
        return HOST_EXIT_FAILED;
    }
    const struct agent_renewal_config renewal = {.loop = h->loop,
                                                 .url = config->url,
                                                 .ca_file = config->ca_file,
                                                 .identity = config->identity,
                                                 .told = on_renewal,
                                                 .context = h};

    if (agent_renewal_new(&h->renewal, &renewal) != PROTO_OK)
        host_say_err("renewing the certificate", PROTO_ERR_NOMEM);
    host_timer_set(h->timer, host_now().mono_ms + FIGURES_MS);
    return HOST_EXIT_FINE;
}

static void stop(struct headless *h)
{
    host_lines_free(h->lines);
    agent_renewal_free(h->renewal);
    host_uplink_free(h->uplink);
    host_timer_free(h->timer);
    agent_desk_tape_free(h->tape);
    headless_stills_forget(h);
    headless_home_free(h->home);
    agent_desk_free(h->desk);
    headless_voice_close(h);
    host_loop_free(h->loop);
    if (!headless_stats_close(h) && h->exit_code == HOST_EXIT_FINE)
        h->exit_code = HOST_EXIT_FAILED;
}

int agent_headless_run(const struct agent_headless_config *config, struct host_seen *seen)
{
    const char *term = getenv("TERM");
    struct headless h = {
        .config = config,
        .tell = {.json = config->json, .colour = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0},
        .exit_code = HOST_EXIT_FAILED};
    int code;

    *seen = config->seen;
    if (host_loop_new(&h.loop) != PROTO_OK) {
        host_say_err("starting", PROTO_ERR_NOMEM);
        return HOST_EXIT_FAILED;
    }
    code = headless_stats_open(&h);
    if (code == HOST_EXIT_FINE)
        code = headless_voice_open(&h);
    if (code == HOST_EXIT_FINE)
        code = start_desk(&h);
    if (code == HOST_EXIT_FINE)
        code = start(&h);
    if (code == HOST_EXIT_FINE) {
        host_loop_run(h.loop);
        host_seen_of(agent_desk_session(h.desk), seen);
    } else {
        h.exit_code = code;
    }
    stop(&h);
    return h.exit_code;
}
