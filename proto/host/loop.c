/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/loop.h"

#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "proto/host/watch.h"
#include "proto/host/world.h"

enum {
    SERVE_BUFFER_BYTES = 65536, /* smaller ones make large messages leave in pieces, each copied once more */
    HEADER_BYTES = 4096,
    HEADERS_AT_ONCE = 512, /* upgrades under way; more wait for a place */
    HANDSHAKE_S = 10,
};

struct host_loop {
    struct lws_context *context; /* owned */
    struct lws_vhost *vhost;     /* of watched descriptors; the context's */
    bool stopped, stepping;
    void (*woken)(void *context);
    void *woken_context;
    struct host_watch *signals; /* owned */
    int signal_fd;              /* the watch's */
    void (*on_signal)(void *context, int number);
    void *signal_context;
    bool (*pass)(void *context);
    void *pass_context;
    void (*called)(void *context);
    void *call_context;
    const struct host_engine *engine; /* borrowed; NULL: libwebsockets' own poll() */
};

struct host_watch {
    struct lws *wsi; /* the context's */
    void (*ready)(void *context);
    void *context;
};

struct host_timer {
    lws_sorted_usec_list_t sul; /* first: the callback is given this */
    struct host_loop *loop;     /* borrowed */
    void *of_engine;            /* owned; NULL: the one above */
    int64_t at_ms;              /* of an engine */
    void (*fired)(void *context);
    void *context;
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct host_loop *loop;
    struct host_watch *watch;

    (void)user, (void)in, (void)len;
    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        loop = lws_context_user(lws_get_context(wsi));
        if (loop->woken)
            loop->woken(loop->woken_context);
        return 0;
    case LWS_CALLBACK_RAW_RX_FILE:
        watch = lws_get_opaque_user_data(wsi);
        if (!watch)
            return -1;
        watch->ready(watch->context);
        return 0;
    case LWS_CALLBACK_RAW_CLOSE_FILE:
        watch = lws_get_opaque_user_data(wsi);
        if (watch)
            watch->wsi = NULL;
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {{"host-loop", on_event, 0, 0, 0, NULL, 0}, {0}};

static void log_line(int level, const char *line)
{
    size_t len = strlen(line);

    (void)level;
    host_say(HOST_DEBUG, "libwebsockets: %.*s", (int)(len && line[len - 1] == '\n' ? len - 1 : len), line);
}

enum proto_err host_loop_new(struct host_loop **out)
{
    return host_loop_new_on(out, NULL);
}

enum proto_err host_loop_new_on(struct host_loop **out, const struct host_engine *engine)
{
    static const lws_retry_bo_t no_pings; /* all zero: else each connection has a timer in one long sorted list */
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .pt_serv_buf_size = SERVE_BUFFER_BYTES,
        .max_http_header_data = HEADER_BYTES,
        .max_http_header_pool = HEADERS_AT_ONCE,
        .timeout_secs = HANDSHAKE_S,
        .retry_and_idle_policy = &no_pings,
        .protocols = protocols,
        .vhost_name = "host-loop",
        .gid = -1,
        .uid = -1,
    };
    struct host_loop *loop = calloc(1, sizeof *loop);

    *out = NULL;
    if (!loop)
        return PROTO_ERR_NOMEM;
    (void)signal(SIGPIPE, SIG_IGN);
    lws_set_log_level(LLL_ERR, log_line);
    info.user = loop;
    loop->engine = engine;
    void *foreign = engine ? engine->foreign : NULL;
    if (engine) {
        if (engine->handshake_s)
            info.timeout_secs = engine->handshake_s;
        if (engine->header_bytes)
            info.max_http_header_data = engine->header_bytes;
        if (engine->headers_at_once)
            info.max_http_header_pool = engine->headers_at_once;
        info.options |= engine->lws_option;
        info.foreign_loops = &foreign;
    }
    loop->context = lws_create_context(&info);
    loop->vhost = loop->context ? lws_create_vhost(loop->context, &info) : NULL;
    if (!loop->vhost) {
        host_loop_free(loop);
        return PROTO_ERR_NOMEM;
    }
    *out = loop;
    return PROTO_OK;
}

void host_loop_free(struct host_loop *loop)
{
    if (!loop)
        return;
    host_watch_free(loop->signals);
    if (loop->context)
        lws_context_destroy(loop->context);
    free(loop);
}

void host_loop_on_pass(struct host_loop *loop, bool (*pass)(void *context), void *context)
{
    loop->pass = pass;
    loop->pass_context = context;
    if (loop->engine)
        loop->engine->on_pass(loop->engine->foreign, pass, context);
}

void host_loop_on_next(struct host_loop *loop, void (*called)(void *context), void *context)
{
    loop->called = called;
    loop->call_context = context;
}

void host_loop_next(struct host_loop *loop)
{
    if (loop->called && loop->engine && loop->engine->next)
        loop->engine->next(loop->engine->foreign, loop->called, loop->call_context);
}

/* One pass of libwebsockets' own loop; false: it has failed. */
static bool serve_once(struct host_loop *loop)
{
    bool more = loop->pass && loop->pass(loop->pass_context);

    return lws_service(loop->context, more ? -1 : 0) >= 0;
}

void host_loop_run(struct host_loop *loop)
{
    if (loop->engine)
        loop->engine->run(loop->engine->foreign);
    else
        while (!loop->stopped && serve_once(loop))
            ;
    loop->stopped = false;
}

void host_loop_stop(struct host_loop *loop)
{
    loop->stopped = true;
    if (loop->engine)
        loop->engine->stop(loop->engine->foreign);
    lws_cancel_service(loop->context); /* a timer fires before the wait, not after it */
}

void host_loop_step(struct host_loop *loop)
{
    if (loop->engine) {
        loop->engine->step(loop->engine->foreign);
        return;
    }
    loop->stepping = true;
    (void)serve_once(loop);
    loop->stepping = false;
}

void host_loop_on_wake(struct host_loop *loop, void (*woken)(void *context), void *context)
{
    loop->woken_context = context;
    loop->woken = woken;
}

void host_loop_wake(struct host_loop *loop)
{
    lws_cancel_service(loop->context);
}

struct lws_context *host_loop_context(struct host_loop *loop)
{
    return loop->context;
}

/* ---- descriptors ---- */

enum proto_err host_watch_new(struct host_watch **out, struct host_loop *loop, int fd, void (*ready)(void *context),
                              void *context)
{
    struct host_watch *watch = calloc(1, sizeof *watch);
    lws_sock_file_fd_type descriptor = {.filefd = fd};

    *out = NULL;
    if (!watch) {
        close(fd);
        return PROTO_ERR_NOMEM;
    }
    watch->ready = ready;
    watch->context = context;
    watch->wsi = lws_adopt_descriptor_vhost(loop->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor, protocols[0].name, NULL);
    if (!watch->wsi) { /* libwebsockets has closed it */
        free(watch);
        return PROTO_ERR_IO;
    }
    lws_set_opaque_user_data(watch->wsi, watch);
    lws_set_timeout(watch->wsi, NO_PENDING_TIMEOUT, 0);
    *out = watch;
    return PROTO_OK;
}

void host_watch_free(struct host_watch *watch)
{
    if (!watch)
        return;
    if (watch->wsi) {
        lws_set_opaque_user_data(watch->wsi, NULL);
        lws_set_timeout(watch->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
    }
    free(watch);
}

/* ---- signals ---- */

static void read_signal(void *context)
{
    struct host_loop *loop = context;
    struct signalfd_siginfo info;

    while (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        loop->on_signal(loop->signal_context, (int)info.ssi_signo);
}

enum proto_err host_loop_on_signal(struct host_loop *loop, void (*on_signal)(void *context, int number), void *context)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return PROTO_ERR_IO;
    loop->on_signal = on_signal;
    loop->signal_context = context;
    loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (loop->signal_fd < 0)
        return PROTO_ERR_IO;
    return host_watch_new(&loop->signals, loop, loop->signal_fd, read_signal, loop);
}

/* ---- timers ---- */

static void on_timer(lws_sorted_usec_list_t *sul)
{
    struct host_timer *timer = lws_container_of(sul, struct host_timer, sul);

    if (timer->loop->stepping)
        lws_cancel_service(timer->loop->context);
    timer->fired(timer->context); /* may free the timer */
}

/* An engine may round down. */
static void on_engine_timer(void *context)
{
    struct host_timer *timer = context;

    if (timer->at_ms > host_now().mono_ms)
        host_timer_set(timer, timer->at_ms);
    else
        timer->fired(timer->context); /* may free the timer */
}

enum proto_err host_timer_new(struct host_timer **out, struct host_loop *loop, void (*fired)(void *context),
                              void *context)
{
    struct host_timer *timer = calloc(1, sizeof *timer);

    *out = timer;
    if (!timer)
        return PROTO_ERR_NOMEM;
    timer->loop = loop;
    timer->fired = fired;
    timer->context = context;
    if (!loop->engine || (timer->of_engine = loop->engine->timer_new(loop->engine->foreign, on_engine_timer, timer)))
        return PROTO_OK;
    free(timer);
    *out = NULL;
    return PROTO_ERR_NOMEM;
}

void host_timer_free(struct host_timer *timer)
{
    if (!timer)
        return;
    host_timer_set(timer, PROTO_NEVER);
    if (timer->of_engine)
        timer->loop->engine->timer_free(timer->of_engine);
    free(timer);
}

void host_timer_set(struct host_timer *timer, int64_t mono_ms)
{
    int64_t wait_ms;

    if (timer->of_engine) {
        wait_ms = mono_ms == PROTO_NEVER ? -1 : mono_ms - host_now().mono_ms;
        timer->at_ms = mono_ms;
        timer->loop->engine->timer_set(timer->of_engine, mono_ms != PROTO_NEVER && wait_ms < 0 ? 0 : wait_ms);
        return;
    }
    if (mono_ms == PROTO_NEVER) {
        lws_sul_schedule(timer->loop->context, 0, &timer->sul, on_timer, LWS_SET_TIMER_USEC_CANCEL);
        return;
    }
    /* At least a millisecond: libwebsockets turns less into a poll() that does not wait. */
    wait_ms = mono_ms - host_now().mono_ms;
    lws_sul_schedule(timer->loop->context, 0, &timer->sul, on_timer,
                     (wait_ms < 1 ? 1 : wait_ms) * (lws_usec_t)LWS_US_PER_MS);
}
