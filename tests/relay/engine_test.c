/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's timers, on a machine whose calendar somebody sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/host/loop.h"
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
    struct serve_engine *engine = serve_engine_new();

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calendar_that_is_set_ahead_delays_no_timer),
        cmocka_unit_test(nor_does_one_that_is_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
