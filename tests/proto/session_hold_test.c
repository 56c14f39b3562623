/* SPDX-License-Identifier: Apache-2.0 */
/* On hold nothing is captured and no key is left; back in time nobody is asked, later everything is. */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 41);
    sw.customer_config.offers |= 1u << TORCH | 1u << ZOOM | 1u << STILL;
    return 0;
}

static void hold(bool on)
{
    assert_ok(proto_session_hold(sw.agent, on, sw.now));
    sw_carry(&sw);
}

static bool capturing(enum proto_capability capability)
{
    bool on = false;

    for (size_t i = 0; i < sw.customer_event_count; i++)
        if (sw.customer_events[i].kind == PROTO_EVENT_CAPTURE && sw.customer_events[i].capability == capability)
            on = sw.customer_events[i].on;
    return on;
}

static void assert_nothing_left(enum proto_capability capability)
{
    static const uint8_t zeros[32];

    assert_null(sw_grant_of(capability)->key);
    assert_memory_equal(sw_grant_of(capability)->base_key, zeros, sizeof zeros);
    assert_false(sw_grant_of(capability)->gate_open);
    assert_false(sw.gate[sw_grant_of(capability)->stream]);
    assert_null(sw.agent->held[capability].now.key);
    assert_null(sw.agent->held[capability].before.key);
    assert_false(capturing(capability));
    assert_int_equal(sw_push(&sw, capability, "nobody is to see this", true), PROTO_ERR_CONSENT);
}

static void say(const handhold_Data *data)
{
    struct proto_buf body;

    proto_buf_init(&body, 4096);
    assert_ok(proto_message_encode(&body, handhold_Data_fields, data));
    pair_send(sw.agent, PROTO_CONTROL_DATA, body.bytes, body.len);
    proto_buf_free(&body);
    sw_carry(&sw);
}

static void on_hold_no_key_is_left_at_either_end_and_the_gates_are_closed(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_grant(&sw, STATE);
    hold(true);
    assert_nothing_left(CAMERA);
    assert_nothing_left(STATE);
    const struct sw_event *told = sw_last(&sw, true, PROTO_EVENT_HOLD);
    assert_true(told->on);
    assert_int_equal(told->number, sw.customer->policy.grace_s);
    assert_true(proto_session_on_hold(sw.customer) && proto_session_on_hold(sw.agent));
    assert_ok(sw_chat(&sw, true, "are you there?")); /* talk goes on */
    sw_carry(&sw);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_DATA)->text, "are you there?");
}

static void what_waited_unsent_is_dropped_with_the_hold(void **state)
{
    struct proto_frame frame = {.bytes = (const uint8_t *)"late", .len = 4, .key = true};

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    for (int i = 0; i < 5; i++)
        assert_ok(proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now));
    assert_ok(proto_session_hold(sw.agent, true, sw.now));
    size_t len;
    const uint8_t *bytes = proto_session_pending(sw.agent, &len);
    sw_feed(&sw, true, bytes, len);
    assert_int_equal(proto_session_backlog_bytes(sw.customer), 0);
}

static void back_in_time_all_goes_on_under_fresh_keys_and_nobody_is_asked(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_grant(&sw, STATE);
    uint64_t kid = sw.agent->held[CAMERA].now.kid;
    hold(true);
    sw_pass(&sw, (int64_t)sw.customer->policy.grace_s * 1000 - 100);
    hold(false);
    sw_pass(&sw, 1000);
    assert_true(capturing(CAMERA) && capturing(STATE));
    assert_true(sw.agent->held[CAMERA].now.kid != kid);
    assert_ok(sw_push(&sw, CAMERA, "on again", true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "on again");
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 1);
    assert_false(sw_last(&sw, true, PROTO_EVENT_HOLD)->on);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void held_too_long_it_is_all_withdrawn_and_does_not_come_back(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    hold(true);
    sw_pass(&sw, (int64_t)sw.customer->policy.grace_s * 1000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_CONSENT)->text, PROTO_PURPOSE_HELD_TOO_LONG);
    hold(false);
    sw_pass(&sw, 3000);
    assert_nothing_left(CAMERA);
    sw_grant(&sw, CAMERA); /* asked for again, and allowed */
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void taken_back_on_hold_it_does_not_come_back(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    hold(true);
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 2000);
    hold(false);
    sw_pass(&sw, 3000);
    assert_nothing_left(CAMERA);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
}

static void a_grant_that_is_logged_only_on_hold_starts_after_it(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    sw.log_silent = true;
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 500);
    hold(true);
    sw.log_silent = false;
    sw_answer_log(&sw);
    sw_pass(&sw, 2000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_SUSPENDED);
    assert_nothing_left(CAMERA);
    hold(false);
    sw_pass(&sw, 2000);
    assert_true(capturing(CAMERA));
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void a_connection_that_comes_back_on_hold_brings_no_key(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    hold(true);
    sw_pass(&sw, 2000);
    uint32_t epoch = sw.customer->next_epoch;
    sw_cut(&sw, true);
    sw_pass(&sw, 1000);
    sw_connect(&sw, true);
    sw_pass(&sw, 3000);
    assert_nothing_left(CAMERA);
    assert_int_equal(sw.customer->next_epoch, epoch); /* nor a note of one */
    hold(false);
    sw_pass(&sw, 2000);
    assert_true(capturing(CAMERA));
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

/* A page that was loaded again comes back with its keys and without its memory. */
static void an_end_that_forgot_the_hold_is_told_of_it_again(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    hold(true);
    sw_pass(&sw, 2000);
    sw_cut(&sw, true);
    sw.customer->on_hold = false;
    sw.customer->hold_until_ms = PROTO_NEVER;
    sw_connect(&sw, true);
    sw_pass(&sw, 1000);
    assert_true(proto_session_on_hold(sw.customer));
    assert_nothing_left(CAMERA);
    hold(false);
    sw_pass(&sw, 2000);
    assert_true(capturing(CAMERA));
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void a_hold_that_was_said_while_the_line_was_down_arrives_before_any_key(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_cut(&sw, true);
    hold(true);
    sw_connect(&sw, true);
    sw_pass(&sw, 3000);
    assert_nothing_left(CAMERA);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA), 0);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void an_open_sheet_is_closed_by_a_hold_and_comes_again_after_it(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    hold(true);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_NONE), 1);
    assert_int_equal(proto_session_grant(sw.customer, CAMERA, sw.now), PROTO_ERR_CONSENT);
    assert_int_equal(proto_session_request(sw.agent, STATE, "now", 0, sw.now), PROTO_ERR_STATE);
    sw_pass(&sw, 2000);
    hold(false);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 2);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 2000);
    assert_true(capturing(CAMERA));
}

/* ---- a changed agent ---- */

static void a_changed_agent_that_asks_on_hold_is_not_heard(void **state)
{
    handhold_ConsentRequest rogue = {.number = 7, .capability = STATE, .purpose = "more", .max_s = 60};

    (void)state;
    sw_join(&sw);
    hold(true);
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &rogue);
    sw_carry(&sw);
    assert_int_equal(sw_consents(&sw, true, STATE, PROTO_CONSENT_REQUESTED), 0);
}

/* Each return costs a key and a note: a changed agent gets one a second at most. */
static void a_changed_agent_cannot_fill_the_log_by_coming_and_going(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    uint32_t epoch = sw.customer->next_epoch;
    for (int i = 0; i < 200; i++) {
        handhold_Data data = {.seq = ++sw.agent->data.next_seq - 1, .which_body = handhold_Data_hold_tag};
        data.body.hold.on = i % 2 == 0;
        say(&data);
        sw_pass(&sw, 10);
    }
    assert_in_range(sw.customer->next_epoch - epoch, 0, 3);
    sw_pass(&sw, 2000);
    assert_true(capturing(CAMERA)); /* its last word was: back */
}

/* Coming and going must not push the end of the grace time away. */
static void grace_counts_from_when_it_was_last_live(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    hold(true);
    for (int64_t at = 0; at < (int64_t)sw.customer->policy.grace_s * 1000; at += 5000) {
        sw_pass(&sw, 4700);
        sw.hold_customer = true; /* what the customer says is late: no key comes */
        hold(false);
        sw_pass(&sw, 300);
        hold(true);
        sw_release(&sw);
    }
    sw_pass(&sw, 100);
    assert_int_equal(sw_grant_of(CAMERA)->phase,
                     GRANT_SUSPENDED); /* it was live for moments between, so time began anew */
    sw_pass(&sw, (int64_t)sw.customer->policy.grace_s * 1000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
}

static void a_customer_cannot_put_an_agent_on_hold(void **state)
{
    handhold_Data data = {.which_body = handhold_Data_hold_tag, .body.hold.on = true};

    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_hold(sw.customer, true, sw.now), PROTO_ERR_STATE);
    assert_int_equal(proto_session_send_data(sw.customer, &data, sw.now), PROTO_ERR_ARGUMENT);
    assert_ok(data_send(sw.customer, &data));
    sw_carry(&sw);
    assert_false(proto_session_on_hold(sw.agent));
    assert_int_equal(sw_alarms(false), 1);
}

static void a_hold_is_one_hold(void **state)
{
    (void)state;
    assert_int_equal(PROTO_HOLD_MIN_MS, 1000);
    sw_join(&sw);
    assert_int_equal(proto_session_hold(sw.agent, false, sw.now), PROTO_ERR_STATE);
    hold(true);
    assert_int_equal(proto_session_hold(sw.agent, true, sw.now), PROTO_ERR_STATE);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_HOLD), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(on_hold_no_key_is_left_at_either_end_and_the_gates_are_closed),
        CASE(what_waited_unsent_is_dropped_with_the_hold),
        CASE(back_in_time_all_goes_on_under_fresh_keys_and_nobody_is_asked),
        CASE(held_too_long_it_is_all_withdrawn_and_does_not_come_back),
        CASE(taken_back_on_hold_it_does_not_come_back),
        CASE(a_grant_that_is_logged_only_on_hold_starts_after_it),
        CASE(a_connection_that_comes_back_on_hold_brings_no_key),
        CASE(an_end_that_forgot_the_hold_is_told_of_it_again),
        CASE(a_hold_that_was_said_while_the_line_was_down_arrives_before_any_key),
        CASE(an_open_sheet_is_closed_by_a_hold_and_comes_again_after_it),
        CASE(a_changed_agent_that_asks_on_hold_is_not_heard),
        CASE(a_changed_agent_cannot_fill_the_log_by_coming_and_going),
        CASE(grace_counts_from_when_it_was_last_live),
        CASE(a_customer_cannot_put_an_agent_on_hold),
        CASE(a_hold_is_one_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
