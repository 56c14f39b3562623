/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/engine.h"

#include <dlfcn.h>
#include <ev.h>
#include <libwebsockets.h>
#include <stdlib.h>

struct serve_engine {
    struct host_engine host;
    struct ev_loop *loop; /* owned */
    ev_prepare before_wait;
    ev_idle no_wait;
    ev_idle *look; /* libwebsockets' own, which wants to be called before the next wait; NULL: it does not */
    ev_timer soon; /* never started: fed as an event of its own */
    void (*called)(void *context);
    void *call_context;
    bool (*pass)(void *context);
    void *pass_context;
};

struct engine_timer {
    ev_timer timer; /* first: the callback is given this */
    struct ev_loop *loop;
    void (*fired)(void *context);
    void *context;
};

static struct serve_engine *engine_of(void *foreign)
{
    return ev_userdata(foreign);
}

/* ---- libwebsockets' look around ---- */

static void (*really_start_idle)(struct ev_loop *loop, ev_idle *idle);
static struct serve_engine *passing; /* the one whose loop has passes */

/*
 * After each event libwebsockets' plugin starts an idle watcher, to look after its timers and what it holds unread.
 * While such a watcher is active libev does not wait: a message that comes alone would cost two epoll_wait(), of which
 * the first returns at once. The plugin's call comes here, because a program's symbols go before a library's, and the
 * look is taken before the wait instead of between two of them. Where it does not come here nothing is wrong but that.
 */
void ev_idle_start(struct ev_loop *loop, ev_idle *idle)
{
    if (passing && passing->loop == loop && idle != &passing->no_wait)
        passing->look = idle;
    else
        really_start_idle(loop, idle);
}

/* It stops itself unless there is more to do at once. */
static void take_look(struct serve_engine *engine)
{
    ev_idle *idle = engine->look;

    engine->look = NULL;
    if (!idle)
        return;
    really_start_idle(engine->loop, idle);
    ev_invoke(engine->loop, idle, EV_IDLE);
}

/* ---- the loop ---- */

static void run(void *foreign)
{
    ev_run(foreign, 0);
}

static void stop(void *foreign)
{
    ev_break(foreign, EVBREAK_ALL);
}

static void step(void *foreign)
{
    ev_run(foreign, EVRUN_ONCE);
}

static void nothing(struct ev_loop *loop, ev_idle *idle, int events)
{
    (void)loop, (void)idle, (void)events;
}

static void before_wait(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct serve_engine *engine = engine_of(loop);

    (void)prepare, (void)events;
    take_look(engine);
    if (engine->pass(engine->pass_context))
        ev_idle_start(loop, &engine->no_wait);
    else
        ev_idle_stop(loop, &engine->no_wait);
}

static void on_pass(void *foreign, bool (*pass)(void *context), void *context)
{
    struct serve_engine *engine = engine_of(foreign);

    engine->pass = pass;
    engine->pass_context = context;
    passing = engine;
    ev_prepare_start(engine->loop, &engine->before_wait);
}

static void on_soon(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct serve_engine *engine = engine_of(loop);

    (void)timer, (void)events;
    engine->called(engine->call_context);
}

/* Above all others in priority: libev asks again which is the highest after each callback. */
static void next(void *foreign, void (*called)(void *context), void *context)
{
    struct serve_engine *engine = engine_of(foreign);

    engine->called = called;
    engine->call_context = context;
    ev_feed_event(engine->loop, &engine->soon, EV_CUSTOM);
}

/* ---- timers ---- */

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct engine_timer *timer = (struct engine_timer *)watcher;

    (void)loop, (void)events;
    timer->fired(timer->context); /* may free it */
}

static void *timer_new(void *foreign, void (*fired)(void *context), void *context)
{
    struct engine_timer *timer = calloc(1, sizeof *timer);

    if (!timer)
        return NULL;
    ev_timer_init(&timer->timer, on_timer, 0, 0);
    timer->loop = foreign;
    timer->fired = fired;
    timer->context = context;
    return timer;
}

static void timer_set(void *of, int64_t wait_ms)
{
    struct engine_timer *timer = of;

    ev_timer_stop(timer->loop, &timer->timer);
    if (wait_ms < 0)
        return;
    /* The loop's own clock stands still during a pass; and ev_time() is the calendar, which somebody may have set
     * since. */
    ev_now_update(timer->loop);
    ev_timer_set(&timer->timer, (double)wait_ms / 1000, 0);
    ev_timer_start(timer->loop, &timer->timer);
}

static void timer_free(void *of)
{
    struct engine_timer *timer = of;

    ev_timer_stop(timer->loop, &timer->timer);
    free(timer);
}

/* ---- beginning and end ---- */

struct serve_engine *serve_engine_new(uint16_t header_bytes, uint16_t headers_at_once)
{
    struct serve_engine *engine = calloc(1, sizeof *engine);
    struct ev_loop *loop = engine ? ev_loop_new(EVBACKEND_EPOLL) : NULL;

    really_start_idle = dlsym(RTLD_NEXT, "ev_idle_start");
    if (!loop || !really_start_idle) {
        if (loop)
            ev_loop_destroy(loop);
        free(engine);
        return NULL;
    }
    engine->loop = loop;
    engine->host = (struct host_engine){.lws_option = LWS_SERVER_OPTION_LIBEV,
                                        .header_bytes = header_bytes,
                                        .headers_at_once = headers_at_once,
                                        .handshake_s = SERVE_LIBRARY_WAITS_S,
                                        .foreign = loop,
                                        .run = run,
                                        .stop = stop,
                                        .step = step,
                                        .on_pass = on_pass,
                                        .next = next,
                                        .timer_new = timer_new,
                                        .timer_set = timer_set,
                                        .timer_free = timer_free};
    ev_set_userdata(loop, engine);
    ev_prepare_init(&engine->before_wait, before_wait);
    ev_idle_init(&engine->no_wait, nothing);
    ev_timer_init(&engine->soon, on_soon, 0, 0);
    ev_set_priority(&engine->soon, EV_MAXPRI);
    return engine;
}

void serve_engine_free(struct serve_engine *engine)
{
    if (!engine)
        return;
    if (passing == engine)
        passing = NULL;
    ev_prepare_stop(engine->loop, &engine->before_wait);
    ev_idle_stop(engine->loop, &engine->no_wait);
    ev_loop_destroy(engine->loop);
    free(engine);
}

const struct host_engine *serve_engine_host(const struct serve_engine *engine)
{
    return &engine->host;
}
