/* SPDX-License-Identifier: Apache-2.0 */
/* What a screen says of guides and earlier visits, and which buttons there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent/desk/guide_view.h"

static struct proto_guide guide = {.id = "lamp", .step_count = 4};
static struct proto_guide_run run;

static int begin(void **state)
{
    (void)state;
    proto_guide_run_start(&run, &guide, "", 1000);
    return 0;
}

static void act(enum proto_guide_act what, enum proto_guide_by by)
{
    assert_int_equal(proto_guide_run_act(&run, run.current, what, by, 2000), PROTO_OK);
}

static void each_step_says_how_it_stands_and_by_whom(void **state)
{
    (void)state;
    assert_true(agent_guide_view_step(&run, 0).current);
    act(PROTO_GUIDE_ACT_DONE, PROTO_GUIDE_CUSTOMER);
    act(PROTO_GUIDE_ACT_SKIP, PROTO_GUIDE_AGENT);
    act(PROTO_GUIDE_ACT_FAILED, PROTO_GUIDE_AGENT);
    assert_string_equal(agent_guide_view_step(&run, 0).words, "Done by the customer");
    assert_string_equal(agent_guide_view_step(&run, 1).words, "Skipped");
    assert_string_equal(agent_guide_view_step(&run, 2).words, "Did not work");
    assert_string_equal(agent_guide_view_step(&run, 3).words, "Now");
    assert_int_equal(agent_guide_view_over(&run), 3);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++) /* no two states share a sign: a colour is not needed */
            assert_string_not_equal(agent_guide_view_step(&run, i).sign, agent_guide_view_step(&run, k).sign);
}

static void buttons_do_something_or_are_not_there(void **state)
{
    (void)state;
    assert_false(agent_guide_view_may(NULL, PROTO_GUIDE_ACT_DONE));
    assert_true(agent_guide_view_may(&run, PROTO_GUIDE_ACT_DONE));
    assert_false(agent_guide_view_may(&run, PROTO_GUIDE_ACT_BACK));
    act(PROTO_GUIDE_ACT_DONE, PROTO_GUIDE_AGENT);
    assert_true(agent_guide_view_may(&run, PROTO_GUIDE_ACT_BACK));
    act(PROTO_GUIDE_ACT_BACK, PROTO_GUIDE_AGENT);
    assert_false(agent_guide_view_may(&run, PROTO_GUIDE_ACT_BACK));
    assert_int_equal(proto_guide_run_act(&run, run.current, PROTO_GUIDE_ACT_BACK, PROTO_GUIDE_AGENT, 3000),
                     PROTO_ERR_STATE); /* as it says */
    assert_string_equal(agent_guide_view_end(&run), "");
    act(PROTO_GUIDE_ACT_CLOSE, PROTO_GUIDE_AGENT);
    assert_false(agent_guide_view_may(&run, PROTO_GUIDE_ACT_DONE) || agent_guide_view_may(&run, PROTO_GUIDE_ACT_CLOSE));
    assert_string_equal(agent_guide_view_end(&run), "Closed before its end");
}

static void a_proposal_says_why_and_what_it_did_before(void **state)
{
    struct agent_desk_proposal p = {.guide = &guide, .symptoms = true, .searched = true};

    (void)state;
    assert_string_equal(agent_guide_view_reason(&p), "It is so at this customer's now");
    p.symptoms = false;
    assert_string_equal(agent_guide_view_reason(&p), "Found by your words");
    assert_string_equal(agent_guide_view_tried(&p.learned), "");
    p.learned.tried = true;
    assert_string_equal(agent_guide_view_tried(&p.learned), "Did not help this customer before");
    p.learned.tried_solved = true;
    assert_string_equal(agent_guide_view_tried(&p.learned), "Helped this customer before");
}

static void an_earlier_visit_is_read_whatever_the_line_says(void **state)
{
    struct agent_guide_view_visit visit;
    char many[4096] = "{\"time_ms\":1,\"guides\":[";

    (void)state;
    assert_int_equal(agent_guide_view_visit("{\"time_ms\":1700000000000,\"guides\":[{\"guide\":\"lamp\",\"end\":\"solved\","
                                            "\"fixed_by\":\"pair\"},{\"guide\":\"hub\",\"end\":\"left\"}],"
                                            "\"rating\":{\"stars\":4,\"solved\":true}}",
                                            &visit),
                     PROTO_OK);
    assert_int_equal(visit.unix_ms, 1700000000000);
    assert_int_equal(visit.count, 2);
    assert_string_equal(visit.guides[0].fixed_by, "pair");
    assert_string_equal(visit.guides[0].end, "Solved it");
    assert_string_equal(visit.guides[1].end, "Not followed to its end");
    assert_int_equal(visit.stars, 4);
    for (size_t i = 0; i < 40; i++)
        strcat(many, "{\"guide\":\"x\"},");
    strcat(many, "7]}");
    assert_int_equal(agent_guide_view_visit(many, &visit), PROTO_OK);
    assert_int_equal(visit.count, AGENT_GUIDE_VIEW_VISIT_MAX);
    static const char *const wrong[] = {"", "7", "[]", "{}", "{\"time_ms\":\"x\"}", "{\"time_ms\":1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(agent_guide_view_visit(wrong[i], &visit), PROTO_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_step_says_how_it_stands_and_by_whom, begin),
        cmocka_unit_test_setup(buttons_do_something_or_are_not_there, begin),
        cmocka_unit_test(a_proposal_says_why_and_what_it_did_before),
        cmocka_unit_test(an_earlier_visit_is_read_whatever_the_line_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
