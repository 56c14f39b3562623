/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's loop: its timers on a machine whose calendar somebody sets, and how often it asks the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/host/loop.h"
#include "proto/host/watch.h"
#include "proto/host/world.h"
#include "relay/serve/engine.h"
#include "tests/system/calendar.h"

enum { DAY_S = 86400 };

static time_t wrong_by_s;

time_t calendar_wrong_by_s(void)
{
    return wrong_by_s;
}

static struct {
    struct host_loop *loop;
    struct host_timer *first, *second, *last;
    time_t jump_s;
    unsigned fired;
} run;

static void on_first(void *context)
{
    (void)context;
    wrong_by_s += run.jump_s; /* the loop has looked at its clock already */
    host_timer_set(run.second, host_now().mono_ms + 5);
}

static void on_second(void *context)
{
    (void)context;
    run.fired++;
    host_loop_stop(run.loop);
}

static void on_last(void *context)
{
    (void)context;
    host_loop_stop(run.loop);
}

/* A timer of five milliseconds, set after the jump, must come before one of three seconds set before it. */
static void jump(time_t by_s)
{
    struct serve_engine *engine = serve_engine_new(0, 0);

    assert_non_null(engine);
    assert_int_equal(host_loop_new_on(&run.loop, serve_engine_host(engine)), PROTO_OK);
    assert_int_equal(host_timer_new(&run.first, run.loop, on_first, NULL), PROTO_OK);
    assert_int_equal(host_timer_new(&run.second, run.loop, on_second, NULL), PROTO_OK);
    assert_int_equal(host_timer_new(&run.last, run.loop, on_last, NULL), PROTO_OK);
    run.jump_s = by_s;
    run.fired = 0;
    host_timer_set(run.last, host_now().mono_ms + 3000);
    host_timer_set(run.first, host_now().mono_ms + 1);
    host_loop_run(run.loop);
    host_timer_free(run.first);
    host_timer_free(run.second);
    host_timer_free(run.last);
    host_loop_free(run.loop);
    serve_engine_free(engine);
    wrong_by_s = 0;
    assert_int_equal(run.fired, 1);
}

static void a_calendar_that_is_set_ahead_delays_no_timer(void **state)
{
    (void)state;
    jump(DAY_S);
}

static void nor_does_one_that_is_set_back(void **state)
{
    (void)state;
    jump(-DAY_S);
}

/* ---- waits ---- */

enum { EVENTS = 100 };

static unsigned waits;

/* libev's, because a program's symbols go before a library's. */
int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms)
{
    waits++;
    return (int)syscall(SYS_epoll_pwait, epoll, events, most, timeout_ms, NULL, 0);
}

static struct {
    struct host_loop *loop;
    int fd;
    unsigned come;
} ticks;

static void on_tick(void *context)
{
    uint64_t count;

    (void)context;
    assert_int_equal(read(ticks.fd, &count, sizeof count), sizeof count);
    if (++ticks.come == EVENTS)
        host_loop_stop(ticks.loop);
}

static bool nothing_to_do(void *context)
{
    (void)context;
    return false;
}

/* Each comes when the one before is long over. */
static void an_event_that_comes_alone_costs_one_wait(void **state)
{
    static const struct itimerspec each = {.it_interval = {0, 1000000}, .it_value = {0, 1000000}};
    struct serve_engine *engine = serve_engine_new(0, 0);
    struct host_watch *watch;

    (void)state;
    assert_non_null(engine);
    assert_int_equal(host_loop_new_on(&ticks.loop, serve_engine_host(engine)), PROTO_OK);
    ticks.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    assert_int_equal(host_watch_new(&watch, ticks.loop, ticks.fd, on_tick, NULL), PROTO_OK);
    host_loop_on_pass(ticks.loop, nothing_to_do, NULL);
    assert_int_equal(timerfd_settime(ticks.fd, 0, &each, NULL), 0);
    waits = 0;
    host_loop_run(ticks.loop);
    assert_int_equal(ticks.come, EVENTS);
    assert_in_range(waits, EVENTS, EVENTS + 5); /* a few more at the beginning and the end */
    host_watch_free(watch);
    host_loop_free(ticks.loop);
    serve_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calendar_that_is_set_ahead_delays_no_timer),
        cmocka_unit_test(nor_does_one_that_is_set_back),
        cmocka_unit_test(an_event_that_comes_alone_costs_one_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
