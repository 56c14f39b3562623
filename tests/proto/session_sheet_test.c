/* SPDX-License-Identifier: Apache-2.0 */
/* Several capabilities on one sheet: each answered by itself, and the sheet comes again when a connection took it away.
 */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <string.h>

static const enum proto_capability three[] = {CAMERA, TORCH, ZOOM};

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 31);
    sw.customer_config.offers |= 1u << TORCH | 1u << ZOOM;
    return 0;
}

static void ask(const enum proto_capability *row, size_t count)
{
    assert_ok(proto_session_request_many(sw.agent, row, count, "to see the lamp", 0, sw.now));
    sw_carry(&sw);
}

static size_t asked(enum proto_capability capability)
{
    return sw_consents(&sw, true, capability, PROTO_CONSENT_REQUESTED);
}

static void rogue(const handhold_ConsentRequest *request)
{
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, request);
    sw_carry(&sw);
}

static enum proto_consent_state at_agent(enum proto_capability capability)
{
    return proto_session_consent(sw.agent, capability);
}

/* ---- one sheet ---- */

static void three_capabilities_are_asked_on_one_sheet_and_each_is_answered_by_itself(void **state)
{
    (void)state;
    sw_join(&sw);
    ask(three, 3);
    assert_int_equal(sw_traced(&sw, 0, false, PROTO_TYPE_CONTROL, PROTO_CONTROL_CONSENT_REQUEST), 1);
    assert_true(asked(CAMERA) == 1 && asked(TORCH) == 1 && asked(ZOOM) == 1);
    const struct sw_event *last = sw_last(&sw, true, PROTO_EVENT_CONSENT);
    assert_int_equal(last->number, 1);
    assert_int_equal(last->len, 3);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    assert_ok(proto_session_refuse(sw.customer, TORCH, sw.now));
    sw_pass(&sw, 2000);
    assert_int_equal(at_agent(CAMERA), PROTO_CONSENT_GRANTED);
    assert_int_equal(at_agent(TORCH), PROTO_CONSENT_REFUSED);
    assert_int_equal(at_agent(ZOOM), PROTO_CONSENT_REQUESTED);
    assert_int_equal(proto_session_request(sw.agent, STATE, "more", 0, sw.now), PROTO_ERR_STATE);
    assert_ok(proto_session_blocked(sw.customer, ZOOM, sw.now));
    sw_pass(&sw, 2000);
    assert_int_equal(at_agent(ZOOM), PROTO_CONSENT_BLOCKED);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_STATEMENT), 3); /* one for each */
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), 3);
    ask((enum proto_capability[]){STATE}, 1); /* the sheet is answered: the next may come */
}

static void a_grant_on_a_sheet_grants_nothing_else_on_it(void **state)
{
    (void)state;
    sw_join(&sw);
    ask(three, 3);
    assert_ok(proto_session_grant(sw.customer, TORCH, sw.now));
    sw_pass(&sw, 2000);
    assert_int_equal(at_agent(TORCH), PROTO_CONSENT_GRANTED);
    assert_null(sw.customer->grants[CAMERA].key);
    assert_int_equal(sw_push(&sw, CAMERA, "nobody allowed this", true), PROTO_ERR_CONSENT);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_KEY_RELEASE), 1);
}

static void what_cannot_be_asked_leaves_the_sheet_and_the_rest_stays_on_it(void **state)
{
    (void)state;
    sw.customer_config.offers = 1u << CAMERA | 1u << ZOOM;
    sw_join(&sw);
    ask(three, 3);
    assert_int_equal(at_agent(TORCH), PROTO_CONSENT_BLOCKED);
    assert_true(asked(CAMERA) == 1 && asked(TORCH) == 0 && asked(ZOOM) == 1);
    for (size_t i = 0; i < sw.customer_event_count; i++)
        if (sw.customer_events[i].kind == PROTO_EVENT_CONSENT && sw.customer_events[i].state == PROTO_CONSENT_REQUESTED)
            assert_int_equal(sw.customer_events[i].len, 2);
}

static void a_sheet_has_the_shortest_time_that_the_policy_has_for_any_of_it(void **state)
{
    (void)state;
    sw.base.policy.rules[TORCH].max_seconds = 90;
    sw_publish(&sw);
    sw_join(&sw);
    ask(three, 3);
    assert_true(asked(CAMERA) == 1 && asked(TORCH) == 1);
    assert_int_equal(sw.customer->grants[CAMERA].max_s, 90);
    assert_int_equal(sw.agent->held[CAMERA].max_s, 90);
}

static void a_sheet_with_something_forbidden_is_not_sent(void **state)
{
    const enum proto_capability row[] = {CAMERA, PROTO_CAPABILITY_LOCATION};

    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_request_many(sw.agent, row, 2, "where", 0, sw.now), PROTO_ERR_POLICY);
    sw_carry(&sw);
    assert_int_equal(asked(CAMERA), 0);
    assert_int_equal(at_agent(CAMERA), PROTO_CONSENT_NONE);
}

static void a_sheet_of_none_of_four_or_of_the_same_twice_is_none(void **state)
{
    const enum proto_capability row[] = {CAMERA, TORCH, ZOOM, STATE}, twice[] = {CAMERA, CAMERA};

    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_request_many(sw.agent, row, 0, "no", 0, sw.now), PROTO_ERR_RANGE);
    assert_int_equal(proto_session_request_many(sw.agent, row, 4, "no", 0, sw.now), PROTO_ERR_RANGE);
    assert_int_equal(proto_session_request_many(sw.agent, twice, 2, "no", 0, sw.now), PROTO_ERR_RANGE);
}

static void three_sheets_that_were_refused_mute_the_agent_and_not_three_of_one(void **state)
{
    (void)state;
    sw_join(&sw);
    for (int i = 0; i < 3; i++) {
        ask(three, 3);
        for (int c = 0; c < 3; c++)
            assert_ok(proto_session_refuse(sw.customer, three[c], sw.now));
        sw_carry(&sw);
    }
    assert_int_equal(sw.customer->refusals, 3);
    assert_int_equal(sw.agent->refusals, 3);
    assert_int_equal(proto_session_request_many(sw.agent, three, 3, "please", 0, sw.now), PROTO_ERR_CONSENT);
}

/* ---- a changed agent ---- */

static void a_changed_agent_cannot_put_a_second_sheet_over_the_first(void **state)
{
    handhold_ConsentRequest more = {
        .number = 2, .capability = STATE, .purpose = "more", .with_count = 1, .with = {MICROPHONE}};

    (void)state;
    sw_join(&sw);
    ask(three, 2);
    rogue(&more);
    assert_true(asked(STATE) == 0 && asked(MICROPHONE) == 0);
    assert_ok(proto_session_refuse(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    more.number = 3;
    rogue(&more); /* one of the first sheet is still open */
    assert_true(asked(STATE) == 0 && asked(MICROPHONE) == 0);
}

static void a_sheet_that_is_not_one_is_an_alarm_and_asks_nothing(void **state)
{
    const handhold_ConsentRequest wrong[] = {
        {.number = 1, .capability = CAMERA, .purpose = "x", .with_count = 1, .with = {CAMERA}},
        {.number = 1, .capability = CAMERA, .purpose = "x", .with_count = 1, .with = {PROTO_CAPABILITY_COUNT}},
        {.number = 1, .capability = CAMERA, .purpose = "x", .with_count = 2, .with = {TORCH, 0}},
        {.number = 1, .capability = CAMERA, .purpose = "x", .again = 1},
        {.number = 1, .capability = CAMERA, .purpose = "x", .again = 7},
    };

    (void)state;
    sw_join(&sw);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rogue(&wrong[i]);
        assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), i + 1);
    }
    assert_int_equal(asked(CAMERA), 0);
}

static void a_changed_agent_gets_no_longer_time_by_asking_for_more_at_once(void **state)
{
    handhold_ConsentRequest both = {
        .number = 1, .capability = CAMERA, .purpose = "x", .max_s = 60, .with_count = 1, .with = {TORCH}};

    (void)state;
    sw.base.policy.rules[TORCH].max_seconds = 30;
    sw_publish(&sw);
    sw_join(&sw);
    rogue(&both);
    assert_true(asked(CAMERA) == 1 && asked(TORCH) == 0);
    assert_int_equal(sw_consents(&sw, true, TORCH, PROTO_CONSENT_REFUSED), 1);
}

/* ---- again ---- */

static void come_back(bool customer)
{
    sw_cut(&sw, customer);
    sw_pass(&sw, 500);
    sw_connect(&sw, customer);
    sw_pass(&sw, 3000);
}

static void a_sheet_that_was_open_when_the_connection_went_comes_again_by_itself(void **state)
{
    (void)state;
    sw_join(&sw);
    ask(three, 3);
    assert_ok(proto_session_refuse(sw.customer, ZOOM, sw.now));
    sw_carry(&sw);
    sw_cut(&sw, true);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_NONE), 1);
    assert_int_equal(sw_consents(&sw, false, CAMERA, PROTO_CONSENT_NONE), 1);
    assert_int_equal(at_agent(CAMERA), PROTO_CONSENT_REQUESTED); /* it is open still */
    assert_int_equal(proto_session_grant(sw.customer, CAMERA, sw.now), PROTO_ERR_CONSENT);
    sw_connect(&sw, true);
    sw_pass(&sw, 3000);
    assert_true(asked(CAMERA) == 2 && asked(TORCH) == 2 && asked(ZOOM) == 1); /* that one has its answer */
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_CONSENT)->len, 2);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    assert_ok(proto_session_refuse(sw.customer, TORCH, sw.now));
    sw_pass(&sw, 2000);
    assert_int_equal(at_agent(CAMERA), PROTO_CONSENT_GRANTED);
    assert_int_equal(at_agent(TORCH), PROTO_CONSENT_REFUSED);
    assert_int_equal(sw.agent->refusals, sw.customer->refusals);
    come_back(false);
    assert_true(asked(CAMERA) == 2 && asked(TORCH) == 2); /* answered is answered */
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM) + sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
}

/* The answer was signed and did not arrive: the person has said it, and is not asked for it again. */
static void an_answer_that_was_under_way_is_not_asked_for_again(void **state)
{
    (void)state;
    sw_join(&sw);
    ask(three, 2);
    sw.hold_customer = true;
    assert_ok(proto_session_refuse(sw.customer, CAMERA, sw.now));
    assert_ok(proto_session_grant(sw.customer, TORCH, sw.now));
    sw_carry(&sw);
    sw_cut(&sw, false);
    sw.hold_customer = false;
    sw_connect(&sw, false);
    sw_pass(&sw, 3000);
    assert_true(asked(CAMERA) == 1 && asked(TORCH) == 1);
    assert_int_equal(at_agent(CAMERA), PROTO_CONSENT_REFUSED);
    assert_int_equal(at_agent(TORCH), PROTO_CONSENT_GRANTED);
    assert_int_equal(sw.agent->asking.count, 0);
    ask((enum proto_capability[]){CAMERA}, 1); /* a new question is a new question */
    assert_int_equal(asked(CAMERA), 2);
}

static void a_sheet_comes_again_as_often_as_the_connection_goes_and_never_twice_at_once(void **state)
{
    (void)state;
    sw_join(&sw);
    ask(three, 1);
    for (size_t i = 0; i < 4; i++) {
        come_back(i % 2);
        assert_int_equal(asked(CAMERA), 2 + i);
    }
    sw_pass(&sw, 20000);
    assert_int_equal(asked(CAMERA), 5);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 2000);
    assert_int_equal(at_agent(CAMERA), PROTO_CONSENT_GRANTED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(three_capabilities_are_asked_on_one_sheet_and_each_is_answered_by_itself),
        CASE(a_grant_on_a_sheet_grants_nothing_else_on_it),
        CASE(what_cannot_be_asked_leaves_the_sheet_and_the_rest_stays_on_it),
        CASE(a_sheet_has_the_shortest_time_that_the_policy_has_for_any_of_it),
        CASE(a_sheet_with_something_forbidden_is_not_sent),
        CASE(a_sheet_of_none_of_four_or_of_the_same_twice_is_none),
        CASE(three_sheets_that_were_refused_mute_the_agent_and_not_three_of_one),
        CASE(a_changed_agent_cannot_put_a_second_sheet_over_the_first),
        CASE(a_sheet_that_is_not_one_is_an_alarm_and_asks_nothing),
        CASE(a_changed_agent_gets_no_longer_time_by_asking_for_more_at_once),
        CASE(a_sheet_that_was_open_when_the_connection_went_comes_again_by_itself),
        CASE(an_answer_that_was_under_way_is_not_asked_for_again),
        CASE(a_sheet_comes_again_as_often_as_the_connection_goes_and_never_twice_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
