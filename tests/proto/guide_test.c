/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and runs, with facts that a test makes up. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/guide/run.h"
#include "tests/proto/test.h"

/* ---- a home ---- */

enum { FACTS_MAX = 6000 };

static struct proto_guide_fact home[FACTS_MAX];
static size_t home_count;
static struct proto_guide_fact checks[8];
static size_t check_count;

static struct proto_guide_fact *tell(const char *device, const char *kind, const char *name)
{
    struct proto_guide_fact *f = NULL;

    for (size_t i = 0; i < home_count && !f; i++)
        if (!strcmp(home[i].device, device) && !strcmp(home[i].name, name))
            f = &home[i];
    if (!f)
        f = &home[home_count++];
    *f = (struct proto_guide_fact){
        .device = device, .kind = kind, .maker = "", .model = "", .firmware = "", .name = name, .text = ""};
    return f;
}

static void number(const char *device, const char *kind, const char *name, double value)
{
    struct proto_guide_fact *f = tell(device, kind, name);

    f->type = PROTO_GUIDE_NUMBER;
    f->number = value;
}

static void truth(const char *device, const char *kind, const char *name, bool value)
{
    struct proto_guide_fact *f = tell(device, kind, name);

    f->type = PROTO_GUIDE_TRUTH;
    f->truth = value;
}

static void each_property(void *context, const char *name, proto_guide_visit visit, void *visitor)
{
    (void)context;
    for (size_t i = 0; i < home_count; i++)
        if (!strcmp(home[i].name, name) && !visit(visitor, &home[i]))
            return;
}

static bool property(void *context, const char *device, const char *name, struct proto_guide_fact *out)
{
    (void)context;
    for (size_t i = 0; i < home_count; i++)
        if (!strcmp(home[i].device, device) && !strcmp(home[i].name, name)) {
            *out = home[i];
            return true;
        }
    return false;
}

static void each_device(void *context, proto_guide_visit visit, void *visitor)
{
    (void)context;
    for (size_t i = 0; i < home_count; i++)
        if (!visit(visitor, &home[i]))
            return;
}

static void each_check(void *context, const char *check, proto_guide_visit visit, void *visitor)
{
    (void)context;
    for (size_t i = 0; i < check_count; i++)
        if (!strcmp(checks[i].name, check) && !visit(visitor, &checks[i]))
            return;
}

static const struct proto_guide_facts facts = {NULL, each_property, property, each_device, each_check};

/* ---- a guide ---- */

static struct proto_guide guide;
static struct proto_guide_run run;
static int64_t now_ms;

static int set_up(void **state)
{
    (void)state;
    memset(&guide, 0, sizeof guide);
    home_count = check_count = 0;
    now_ms = 1000;
    guide.node_count = 1;
    return 0;
}

static uint16_t leaf(const char *name, enum proto_guide_test test, double value)
{
    struct proto_guide_node *n = &guide.nodes[guide.node_count];

    *n = (struct proto_guide_node){
        .op = PROTO_GUIDE_PROPERTY, .test = test, .type = PROTO_GUIDE_NUMBER, .number = value};
    snprintf(n->name, sizeof n->name, "%s", name);
    return (uint16_t)guide.node_count++;
}

static uint16_t is_true(const char *name, bool value)
{
    uint16_t at = leaf(name, PROTO_GUIDE_IS, 0);

    guide.nodes[at].type = PROTO_GUIDE_TRUTH;
    guide.nodes[at].truth = value;
    return at;
}

static uint16_t join(enum proto_guide_op op, uint16_t first, uint16_t second)
{
    guide.nodes[guide.node_count] = (struct proto_guide_node){.op = op, .child = first};
    guide.nodes[first].next = second;
    return (uint16_t)guide.node_count++;
}

static bool so(uint16_t at)
{
    int64_t again = PROTO_NEVER;

    return proto_guide_is(&guide, at, "", &facts, NULL, now_ms, &again);
}

static void steps(size_t count)
{
    guide.step_count = count;
    for (size_t i = 0; i < count; i++)
        snprintf(guide.steps[i].id, sizeof guide.steps[i].id, "s%zu", i);
    proto_guide_run_start(&run, &guide, "", now_ms);
}

static bool tick(void)
{
    return proto_guide_run_tick(&run, &facts, now_ms);
}

/* ---- conditions ---- */

static void tests_compare_with_what_is_known_and_with_nothing_else(void **state)
{
    uint16_t above = leaf("battery", PROTO_GUIDE_ABOVE, 20), below = leaf("battery", PROTO_GUIDE_BELOW, 20),
             is = leaf("battery", PROTO_GUIDE_IS, 20), known = leaf("battery", PROTO_GUIDE_KNOWN, 0),
             unknown = leaf("battery", PROTO_GUIDE_KNOWN, 0);

    (void)state;
    guide.nodes[known].truth = true;
    assert_false(so(above) || so(below) || so(is) || so(known));
    assert_true(so(unknown));
    number("lamp", "light", "battery", 20);
    assert_true(so(is) && so(known));
    assert_false(so(above) || so(below) || so(unknown));
    number("lamp", "light", "battery", 19.9);
    assert_true(so(below));
    number("lamp", "light", "battery", 20.1);
    assert_true(so(above));
    truth("lamp", "light", "battery", true); /* another type passes no test of numbers */
    assert_false(so(above) || so(below) || so(is));
    assert_true(so(known));
}

static void some_device_that_is_picked_is_enough(void **state)
{
    uint16_t any = is_true("on", true), light = is_true("on", true), subject = is_true("on", true);
    int64_t again = PROTO_NEVER;

    (void)state;
    snprintf(guide.nodes[light].of.kind, sizeof guide.nodes[light].of.kind, "light");
    guide.nodes[subject].of.subject = true;
    truth("a", "light", "on", false);
    truth("b", "switch", "on", true);
    assert_true(so(any));
    assert_false(so(light));
    truth("c", "light", "on", true);
    assert_true(so(light));
    assert_true(proto_guide_is(&guide, subject, "c", &facts, NULL, now_ms, &again));
    assert_false(proto_guide_is(&guide, subject, "a", &facts, NULL, now_ms, &again));
    assert_false(proto_guide_is(&guide, subject, "", &facts, NULL, now_ms, &again));
    assert_false(proto_guide_is(&guide, subject, "nobody", &facts, NULL, now_ms, &again));
}

static void all_any_and_not_join_them(void **state)
{
    uint16_t all = join(PROTO_GUIDE_ALL, is_true("x", true), is_true("y", true));
    uint16_t any = join(PROTO_GUIDE_ANY, is_true("x", true), is_true("y", true));
    uint16_t neither = join(PROTO_GUIDE_NOT, any, 0);

    (void)state;
    for (int i = 0; i < 4; i++) {
        truth("d", "k", "x", i & 1);
        truth("d", "k", "y", i & 2);
        assert_int_equal(so(all), i == 3);
        assert_int_equal(so(any), i != 0);
        assert_int_equal(so(neither), i == 0);
    }
}

static void a_check_is_held_to_its_status_or_its_figure(void **state)
{
    uint16_t pass = leaf("dns", PROTO_GUIDE_IS, 0), fail = leaf("dns", PROTO_GUIDE_IS, 0),
             slow = leaf("dns", PROTO_GUIDE_ABOVE, 100);

    (void)state;
    guide.nodes[pass].op = guide.nodes[fail].op = guide.nodes[slow].op = PROTO_GUIDE_CHECK;
    snprintf(guide.nodes[pass].text, 8, "pass");
    snprintf(guide.nodes[fail].text, 8, "fail");
    assert_false(so(pass) || so(fail) || so(slow));
    checks[check_count++] =
        (struct proto_guide_fact){.name = "dns", .text = "pass", .type = PROTO_GUIDE_NUMBER, .number = 150};
    assert_true(so(pass) && so(slow) && !so(fail));
    checks[check_count++] = (struct proto_guide_fact){.name = "dns", .text = "fail", .type = PROTO_GUIDE_TEXT};
    assert_true(so(pass) && so(fail)); /* two servers */
}

static void what_must_hold_for_a_while_is_waited_for(void **state)
{
    uint16_t at = is_true("on", true);
    struct proto_guide_hold hold = {{0}};
    int64_t again = PROTO_NEVER;

    (void)state;
    guide.nodes[at].for_ms = 5000;
    truth("d", "k", "on", true);
    assert_false(proto_guide_is(&guide, at, "", &facts, &hold, 0, &again));
    assert_int_equal(again, 5000);
    assert_false(proto_guide_is(&guide, at, "", &facts, &hold, 4999, &again));
    truth("d", "k", "on", false); /* a flicker begins it anew */
    assert_false(proto_guide_is(&guide, at, "", &facts, &hold, 4999, &again));
    truth("d", "k", "on", true);
    assert_false(proto_guide_is(&guide, at, "", &facts, &hold, 6000, &again));
    assert_false(proto_guide_is(&guide, at, "", &facts, &hold, 10999, &again));
    assert_true(proto_guide_is(&guide, at, "", &facts, &hold, 11000, &again));
}

static void five_thousand_properties_cost_less_than_a_millisecond(void **state)
{
    static char ids[5000][16];
    uint16_t at = leaf("power", PROTO_GUIDE_ABOVE, 9999);
    struct timespec begun, ended;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        snprintf(ids[i], sizeof ids[i], "d%d", i);
        home[home_count++] = (struct proto_guide_fact){.device = ids[i],
                                                       .kind = "plug",
                                                       .maker = "",
                                                       .model = "",
                                                       .firmware = "",
                                                       .name = "power",
                                                       .type = PROTO_GUIDE_NUMBER,
                                                       .number = i,
                                                       .text = ""};
    }
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int i = 0; i < 100; i++)
        assert_false(so(at));
    clock_gettime(CLOCK_MONOTONIC, &ended);
    print_message("one condition over 5000 properties: %.1f µs\n",
                  ((double)(ended.tv_sec - begun.tv_sec) * 1e9 + (double)(ended.tv_nsec - begun.tv_nsec)) / 1e5);
}

/* ---- runs ---- */

static void only_the_step_that_is_on_ticks_itself(void **state)
{
    (void)state;
    guide.steps[1].done_when = is_true("up", true);
    truth("router", "router", "up", true);
    steps(2);
    assert_false(tick());
    assert_int_equal(run.current, 0);
    assert_int_equal(run.steps[1].outcome, PROTO_GUIDE_OPEN);
    assert_ok(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_DONE, PROTO_GUIDE_CUSTOMER, now_ms));
    assert_true(tick());
    assert_int_equal(run.steps[0].by, PROTO_GUIDE_CUSTOMER);
    assert_int_equal(run.steps[1].outcome, PROTO_GUIDE_DONE);
    assert_int_equal(run.steps[1].by, PROTO_GUIDE_ITSELF);
    assert_int_equal(run.end, PROTO_GUIDE_SOLVED);
    assert_int_equal(run.fixed_by, 1);
}

static void a_step_that_this_home_does_not_need_is_passed_over(void **state)
{
    (void)state;
    guide.steps[0].show_when = is_true("zigbee", true);
    steps(2);
    assert_true(tick());
    assert_int_equal(run.steps[0].outcome, PROTO_GUIDE_NOT_NEEDED);
    assert_int_equal(run.current, 1);
}

static void branches_lead_forward_by_how_a_step_ended(void **state)
{
    (void)state;
    guide.steps[0].on_failed = 2;
    steps(4);
    tick();
    assert_ok(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_FAILED, PROTO_GUIDE_AGENT, now_ms));
    assert_int_equal(run.current, 2);
    assert_int_equal(run.steps[1].outcome, PROTO_GUIDE_NOT_NEEDED);
    tick();
    assert_ok(proto_guide_run_act(&run, 2, PROTO_GUIDE_ACT_SKIP, PROTO_GUIDE_AGENT, now_ms));
    assert_int_equal(run.current, 3);
    assert_int_equal(run.steps[2].outcome, PROTO_GUIDE_SKIPPED);
}

static void back_opens_the_step_before_and_it_does_not_tick_at_once(void **state)
{
    (void)state;
    guide.steps[0].done_when = is_true("on", true);
    truth("d", "k", "on", true);
    steps(2);
    assert_true(tick());
    assert_int_equal(run.current, 1);
    assert_ok(proto_guide_run_act(&run, 1, PROTO_GUIDE_ACT_BACK, PROTO_GUIDE_CUSTOMER, now_ms));
    assert_int_equal(run.current, 0);
    assert_false(tick()); /* it is still so: who went back wants to see it */
    truth("d", "k", "on", false);
    tick();
    truth("d", "k", "on", true);
    assert_true(tick());
    assert_int_equal(run.current, 1);
    assert_ok(proto_guide_run_act(&run, 1, PROTO_GUIDE_ACT_BACK, PROTO_GUIDE_CUSTOMER, now_ms));
    assert_int_equal(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_BACK, PROTO_GUIDE_CUSTOMER, now_ms), PROTO_ERR_STATE);
}

static void a_tap_on_a_step_that_is_over_changes_nothing(void **state)
{
    (void)state;
    steps(3);
    tick();
    assert_ok(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_DONE, PROTO_GUIDE_AGENT, now_ms));
    assert_int_equal(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_FAILED, PROTO_GUIDE_CUSTOMER, now_ms),
                     PROTO_ERR_STATE);
    assert_int_equal(proto_guide_run_act(&run, 1, 77, PROTO_GUIDE_CUSTOMER, now_ms), PROTO_ERR_RANGE);
    assert_int_equal(run.steps[0].outcome, PROTO_GUIDE_DONE);
    assert_ok(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_CLOSE, PROTO_GUIDE_AGENT, now_ms));
    assert_int_equal(run.end, PROTO_GUIDE_CLOSED);
    assert_int_equal(proto_guide_run_act(&run, 1, PROTO_GUIDE_ACT_DONE, PROTO_GUIDE_AGENT, now_ms), PROTO_ERR_STATE);
}

static void when_the_fault_is_gone_the_step_that_was_on_has_mended_it(void **state)
{
    (void)state;
    guide.solved_when = is_true("online", true);
    truth("d", "k", "online", true);
    steps(3);
    assert_false(tick()); /* it was never wrong in this run: nothing is solved */
    truth("d", "k", "online", false);
    tick();
    now_ms += 100;
    assert_ok(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_DONE, PROTO_GUIDE_CUSTOMER, now_ms));
    tick();
    now_ms += 100;
    truth("d", "k", "online", true);
    assert_true(tick());
    assert_int_equal(run.end, PROTO_GUIDE_SOLVED);
    assert_int_equal(run.fixed_by, 1);
    assert_int_equal(run.steps[1].by, PROTO_GUIDE_ITSELF);
    assert_int_equal(run.steps[2].outcome, PROTO_GUIDE_NOT_NEEDED);
    assert_int_equal(proto_guide_run_deadline(&run), PROTO_NEVER);
}

static void of_steps_that_wait_for_the_same_only_the_one_that_is_on_ticks(void **state)
{
    (void)state;
    guide.solved_when = is_true("online", true);
    truth("d", "k", "online", false);
    steps(3);
    for (size_t i = 0; i < 3; i++)
        guide.steps[i].done_when = is_true("online", true);
    tick();
    now_ms += 100;
    truth("d", "k", "online", true);
    assert_true(tick());
    assert_int_equal(run.end, PROTO_GUIDE_SOLVED);
    assert_int_equal(run.fixed_by, 0);
    assert_int_equal(run.steps[0].by, PROTO_GUIDE_ITSELF);
    for (size_t i = 1; i < 3; i++)
        assert_int_equal(run.steps[i].outcome, PROTO_GUIDE_NOT_NEEDED);
}

static void behind_the_last_step_it_is_waited_a_while_and_then_it_did_not_help(void **state)
{
    (void)state;
    guide.solved_when = is_true("online", true);
    truth("d", "k", "online", false);
    steps(1);
    tick();
    assert_ok(proto_guide_run_act(&run, 0, PROTO_GUIDE_ACT_DONE, PROTO_GUIDE_CUSTOMER, now_ms));
    tick();
    assert_int_equal(run.end, PROTO_GUIDE_GOES_ON);
    assert_int_equal(proto_guide_run_deadline(&run), now_ms + PROTO_GUIDE_SETTLE_MS);
    now_ms += PROTO_GUIDE_SETTLE_MS;
    assert_true(tick());
    assert_int_equal(run.end, PROTO_GUIDE_UNSOLVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ONE(name) cmocka_unit_test_setup(name, set_up)
        ONE(tests_compare_with_what_is_known_and_with_nothing_else),
        ONE(some_device_that_is_picked_is_enough),
        ONE(all_any_and_not_join_them),
        ONE(a_check_is_held_to_its_status_or_its_figure),
        ONE(what_must_hold_for_a_while_is_waited_for),
        ONE(five_thousand_properties_cost_less_than_a_millisecond),
        ONE(only_the_step_that_is_on_ticks_itself),
        ONE(a_step_that_this_home_does_not_need_is_passed_over),
        ONE(branches_lead_forward_by_how_a_step_ended),
        ONE(back_opens_the_step_before_and_it_does_not_tick_at_once),
        ONE(a_tap_on_a_step_that_is_over_changes_nothing),
        ONE(when_the_fault_is_gone_the_step_that_was_on_has_mended_it),
        ONE(of_steps_that_wait_for_the_same_only_the_one_that_is_on_ticks),
        ONE(behind_the_last_step_it_is_waited_a_while_and_then_it_did_not_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
