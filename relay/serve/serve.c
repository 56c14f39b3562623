/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/serve.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/broken.h"
#include "relay/serve/guard.h"
#include "relay/serve/jobs.h"
#include "relay/serve/kept.h"
#include "relay/serve/listen.h"
#include "relay/serve/notify.h"
#include "relay/serve/officer.h"
#include "relay/serve/settings.h"
#include "relay/serve/socket.h"
#include "relay/serve/tell.h"
#include "relay/serve/tiles.h"
#include "relay/serve/witness.h"

enum {
    WATCH_MS = 1000,      /* how soon a changed note is seen */
    BRING_UP_S = 60 * 60, /* for the file of an earlier program, however long the log is */
};

/* ---- the loop ---- */

static void stop_when_empty(struct serve *serve)
{
    struct relay_core_figures figures;

    if (!serve->draining)
        return;
    /* An invitation that waits, and a session whose ends are both away, outlive a restart: nobody is kept waiting. */
    relay_core_figures(serve->core, &figures);
    if ((!figures.sessions_live && !serve->leaving) || !figures.connections ||
        host_now().mono_ms >= serve->drain_until_ms)
        host_loop_stop(serve->loop);
}

void serve_run_core(struct serve *serve)
{
    uint32_t connection;
    bool close;

    if (serve->stopping)
        return;
    serve_jobs_run(serve->jobs, serve);
    while (relay_core_next_wake(serve->core, &connection, &close))
        serve_sockets_wake(serve->sockets, connection, close);
    int64_t due_ms = relay_core_deadline(serve->core);
    if (due_ms != serve->core_due_ms)
        host_timer_set(serve->core_timer, due_ms);
    serve->core_due_ms = due_ms;
    stop_when_empty(serve);
}

static void on_core_timer(void *context)
{
    struct serve *serve = context;

    serve->core_due_ms = PROTO_NEVER;
    relay_core_tick(serve->core, host_now());
    serve_run_core(serve);
}

static bool on_pass(void *context)
{
    struct serve *serve = context;

    return !serve->stopping && serve_sockets_pass(serve);
}

static void on_next(void *context)
{
    struct serve *serve = context;

    if (!serve->stopping)
        serve_sockets_next(serve);
}

/* What is signed from now on would be a second history: everybody is told, and nobody comes in again. */
static void heed_witnesses(struct serve *serve)
{
    if (serve->objected || !serve_witnesses_object(serve->witnesses))
        return;
    serve->objected = true;
    serve_leave(serve);
}

static void on_woken(void *context)
{
    struct serve *serve = context;

    serve_tiles_deliver(serve->tiles);
    serve_witnesses_poke(serve->witnesses);
    heed_witnesses(serve);
    serve_run_core(serve);
}

static void feed_watchdog(struct serve *serve)
{
    int64_t now_ms = host_now().mono_ms;

    if (!serve->watchdog_ms || now_ms < serve->watchdog_due_ms)
        return;
    serve->watchdog_due_ms = now_ms + serve->watchdog_ms / 3;
    (void)serve_notify("WATCHDOG=1");
}

static void on_watch(void *context)
{
    struct serve *serve = context;

    if (log_notes_changed(&serve->folder->notes, serve->folder->dir))
        serve_reload(serve, false);
    if (serve_pair_changed(&serve->folder->public_pair))
        serve_reload_certificates(serve);
    serve_officer_retain(serve, false);
    serve_kept_expire(serve);
    serve_guard_tick(serve);
    serve_broken_tick(serve);
    heed_witnesses(serve);
    serve_tell_tick(serve);
    feed_watchdog(serve);
    serve_run_core(serve);
    host_timer_set(serve->watch_timer, host_now().mono_ms + WATCH_MS);
}

static void wake_loop(void *context)
{
    host_loop_wake(context);
}

static int64_t unix_ms(void *context)
{
    (void)context;
    return host_now().unix_ms;
}

/* ---- beginning and end ---- */

/* Neither a service manager's patience with a start, nor its watchdog, which runs on at a handover, is meant for this.
 */
static void on_older(void *context, const char *file, int version, int newest)
{
    struct serve *serve = context;
    long long us = BRING_UP_S * 1000000LL;

    host_say(HOST_INFO,
             "%s is of version %d and is brought to version %d: minutes for a log of millions, and nobody is served "
             "meanwhile",
             file, version, newest);
    serve->brought_up = true;
    (void)serve_notify("EXTEND_TIMEOUT_USEC=%lld\nWATCHDOG_USEC=%lld\nSTATUS=bringing %s to version %d", us, us, file,
                       newest);
}

static bool open_store(struct serve *serve, bool read_only, struct relay_store **out, struct serve_report *report)
{
    struct relay_store_config config = {.folder = serve->folder->data,
                                        .read_only = read_only,
                                        .random = host_random(),
                                        .on_older = on_older,
                                        .context = serve};
    char error[RELAY_STORE_ERROR_MAX];
    enum proto_err err = relay_store_open(out, &config, error);

    if (err && serve_guard_is_full(serve->folder->data))
        serve_report_add(report, SERVE_ERROR, serve->folder->data, "its disk is full, so the log cannot be opened",
                         "make room there, and start again");
    else if (err)
        serve_report_stored(report, serve->folder->dir, serve->folder->data, error, proto_err_way_out(err));
    return !err;
}

/* host/audit/domain/2 and the like: its entry 0 is the note with which an officer ended the log before. */
static bool follows_another(const struct serve *serve, struct serve_report *report)
{
    const char *last = strrchr(serve->folder->origin, '/');
    struct proto_log_seen head;

    relay_appender_head(serve->appender, &head);
    if (head.size || !last || !last[1] || strspn(last + 1, "0123456789") != strlen(last + 1))
        return false;
    serve_report_add(report, SERVE_ERROR, serve->folder->origin,
                     "this log follows one that is not ended yet, and begins with the note that ends it",
                     "an officer runs handhold-audit recover on this folder");
    return true;
}

static bool open_log(struct serve *serve, struct serve_report *report)
{
    char error[RELAY_STORE_ERROR_MAX] = "";
    struct relay_appender_config config = {
        .seed = serve->folder->log_seed,
        .origin = serve->folder->origin,
        .checkpoint_file = serve->folder->checkpoint,
        .threaded = true,
        .unix_ms = unix_ms,
        .wake = wake_loop,
        .context = serve->loop,
    };
    enum proto_err err;

    if (!open_store(serve, false, &serve->writer, report))
        return false;
    if (!serve_officer_erase_again(serve, report))
        return false;
    config.store = serve->writer;
    err = relay_appender_start(&serve->appender, &config, error);
    if (!err && follows_another(serve, report))
        return false;
    if (!err)
        return open_store(serve, true, &serve->reader, report) && serve_broken_check(serve, report);
    serve_report_stored(report, serve->folder->dir, serve->folder->data, *error ? error : proto_err_rule(err),
                        proto_err_way_out(err));
    return false;
}

static bool set_up(struct serve *serve, struct serve_report *report)
{
    struct proto_random random = host_random();

    if (!serve_leaves_new(&serve->leaves, &random) &&
        !serve_sockets_new(&serve->sockets, serve->config->limits.connections) && !serve_jobs_new(&serve->jobs) &&
        !host_timer_new(&serve->core_timer, serve->loop, on_core_timer, serve) &&
        !host_timer_new(&serve->watch_timer, serve->loop, on_watch, serve) && !serve_core_new(serve))
        return true;
    char value[96];

    snprintf(value, sizeof value, "connections = %lld, sessions = %lld", (long long)serve->config->limits.connections,
             (long long)serve->config->limits.sessions);
    serve_report_add(report, SERVE_ERROR, value, "memory ran out while tables were made for so many",
                     "lower them in relay.ini, or close other programs");
    return false;
}

bool serve_open(struct serve *serve, struct serve_settings *settings, struct serve_folder *folder,
                struct host_loop *loop, struct serve_report *report)
{
    *serve = (struct serve){.settings = settings,
                            .config = &settings->config,
                            .folder = folder,
                            .loop = loop,
                            .drain_until_ms = PROTO_NEVER,
                            .core_due_ms = PROTO_NEVER};
    if (!serve_folder_token_key(folder, report) || !open_log(serve, report) ||
        !serve_tiles_new(&serve->tiles, serve, report) || !serve_witnesses_new(&serve->witnesses, serve, report) ||
        !serve_witnesses_agree(serve, report) || !serve_listen_new(&serve->listen, serve, report) ||
        !set_up(serve, report))
        return false;
    if (!serve_officer_restore(serve, report))
        return false;
    if (report->table)
        return true; /* a check looks: what is restored has events, which would be signed and logged */
    serve_officer_begin(serve);
    if (!serve_jobs_restore(serve, report))
        return false;
    serve->started_ms = host_now().mono_ms;
    serve->watchdog_ms = serve_notify_watchdog_ms();
    if (serve->brought_up && serve->watchdog_ms)
        (void)serve_notify("WATCHDOG_USEC=%lld", (long long)serve->watchdog_ms * 1000);
    host_loop_on_wake(loop, on_woken, serve);
    host_loop_on_pass(loop, on_pass, serve);
    host_loop_on_next(loop, on_next, serve);
    host_timer_set(serve->watch_timer, serve->started_ms + WATCH_MS);
    serve_guard_tick(serve); /* a disk that is full is said at once */
    serve_run_core(serve);
    return true;
}

void serve_close(struct serve *serve)
{
    serve->stopping = true;
    if (serve->loop)
        host_loop_on_wake(serve->loop, NULL, NULL);
    serve_tiles_free(serve->tiles); /* its thread asks the witnesses */
    serve->tiles = NULL;
    serve_witnesses_free(serve->witnesses); /* they ask the appender */
    serve->witnesses = NULL;
    relay_appender_free(serve->appender); /* writes what it was given */
    relay_store_close(serve->writer);
    relay_store_close(serve->reader);
    relay_core_free(serve->core);
    host_timer_free(serve->core_timer);
    host_timer_free(serve->watch_timer);
    serve_listen_free(serve->listen);
    serve_sockets_free(serve->sockets);
    serve_leaves_free(serve->leaves);
    serve_jobs_free(serve->jobs);
}
