/* SPDX-License-Identifier: Apache-2.0 */
/* The customer goes on on another device: who may ask, who may answer, and what becomes of those who wait. */
#include "tests/relay/core_fixture.h"

#include <string.h>

static enum proto_err ask_to_move(const struct session *s, uint32_t connection, size_t len)
{
    handhold_ToRelay hello = handhold_ToRelay_init_zero;
    handhold_Hello *body = &hello.body.hello;

    hello.which_body = handhold_ToRelay_hello_tag;
    body->which_seat = handhold_Hello_sid_tag;
    memcpy(body->seat.sid, s->sid, sizeof s->sid);
    body->session_key.size = 32;
    memcpy(body->session_key.bytes, s->cs_public, 32);
    body->move.size = (pb_size_t)len;
    memset(body->move.bytes, 0x4d, len);
    return world_say(&w, connection, 0, &hello);
}

static enum proto_err answer(uint32_t connection, uint8_t index, size_t len)
{
    static handhold_ToRelay message;

    memset(&message, 0, sizeof message);
    message.which_body = handhold_ToRelay_move_answer_tag;
    message.body.move_answer.size = (pb_size_t)len;
    memset(message.body.move_answer.bytes, 0xa5, len);
    return world_say(&w, connection, index, &message);
}

/* A live session, and a second device that asks for it. */
static uint32_t asking(struct session *s)
{
    session_live(&w, s);
    uint32_t second = world_connect(&w, NULL, "192.0.2.9");
    assert_ok(ask_to_move(s, second, PROTO_MOVE_BYTES));
    return second;
}

static void the_device_that_has_the_seat_is_asked_and_its_answer_reaches_the_other(void **state)
{
    struct session s;
    uint32_t second = asking(&s);
    (void)state;

    world_expect_error(&w, second, PROTO_ERR_BUSY, false);
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false); /* and the agent knows that somebody is at the door */
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_move_ask_tag);
    assert_non_null(heard);
    assert_int_equal(heard->body.move_ask.size, PROTO_MOVE_BYTES);
    assert_int_equal(heard->body.move_ask.bytes[0], 0x4d);
    assert_ok(answer(s.customer, PROTO_INDEX_CUSTOMER, PROTO_MAX_MOVED_BYTES));
    heard = world_hear(&w, second, handhold_FromRelay_move_answer_tag);
    assert_non_null(heard);
    assert_int_equal(heard->body.move_answer.size, PROTO_MAX_MOVED_BYTES);
    assert_int_equal(heard->body.move_answer.bytes[PROTO_MAX_MOVED_BYTES - 1], 0xa5);
    assert_true(world_closing(&w, second));

    uint32_t moved = world_connect(&w, NULL, "192.0.2.9");
    assert_ok(session_hello_token(&w, &s, moved, s.customer_token));
    world_expect_error(&w, s.customer, PROTO_ERR_EXISTS, true);
    assert_non_null(world_hear(&w, moved, handhold_FromRelay_welcome_tag));
}

static void a_no_ends_the_wait(void **state)
{
    struct session s;
    uint32_t second = asking(&s);
    (void)state;

    world_silence(&w, second);
    assert_ok(answer(s.customer, PROTO_INDEX_CUSTOMER, 0));
    world_expect_error(&w, second, PROTO_ERR_REFUSED, true);
    assert_true(world_closing(&w, second));
    assert_false(world_closing(&w, s.customer));
}

static void no_answer_ends_the_wait(void **state)
{
    struct session s;
    uint32_t second = asking(&s);
    (void)state;

    world_silence(&w, second);
    world_pass(&w, w.limits.move_ms - 1);
    assert_false(world_closing(&w, second));
    world_pass(&w, 1);
    world_expect_error(&w, second, PROTO_ERR_REFUSED, true);
    assert_true(world_closing(&w, second));
}

static void an_answer_that_comes_too_late_harms_nobody(void **state)
{
    struct session s;
    uint32_t second = asking(&s);
    (void)state;

    relay_core_closed(w.core, second, w.now);
    world_silence(&w, s.customer);
    assert_ok(answer(s.customer, PROTO_INDEX_CUSTOMER, 100));
    assert_false(world_closing(&w, s.customer));
}

static void a_device_that_leaves_or_loses_its_line_ends_the_wait(void **state)
{
    struct session s, t;
    uint32_t second = asking(&s);
    (void)state;

    world_silence(&w, second);
    relay_core_closed(w.core, s.customer, w.now);
    world_expect_error(&w, second, PROTO_ERR_REFUSED, true);

    second = asking(&t);
    world_silence(&w, second);
    assert_ok(session_leave(&w, t.customer, PROTO_INDEX_CUSTOMER, PROTO_END_COMPLETED));
    world_expect_error(&w, second, PROTO_ERR_REFUSED, true);
    world_work(&w);
}

static void only_one_may_ask_and_not_again_and_again(void **state)
{
    struct session s;
    uint32_t second = asking(&s), third = world_connect(&w, NULL, "192.0.2.10");
    unsigned asked = 1;
    (void)state;

    assert_int_equal(ask_to_move(&s, third, PROTO_MOVE_BYTES), PROTO_ERR_BUSY);
    for (int i = 0; i < 10; i++) {
        relay_core_closed(w.core, second, w.now);
        second = world_connect(&w, NULL, "192.0.2.11");
        asked += ask_to_move(&s, second, PROTO_MOVE_BYTES) == PROTO_OK;
    }
    assert_int_equal(asked, 3);
    relay_core_closed(w.core, second, w.now);
    world_pass(&w, 20000);
    second = world_connect(&w, NULL, "192.0.2.11");
    assert_ok(ask_to_move(&s, second, PROTO_MOVE_BYTES));
}

static void nobody_is_asked_before_the_agent_confirmed_the_customer(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    uint32_t second = world_connect(&w, NULL, "192.0.2.9");
    assert_int_equal(ask_to_move(&s, second, PROTO_MOVE_BYTES), PROTO_ERR_BUSY);
    world_expect_error(&w, second, PROTO_ERR_BUSY, true);
}

static void who_waits_may_say_nothing_and_an_agent_cannot_answer(void **state)
{
    struct session s;
    uint32_t second = asking(&s);
    const struct proto_media_header header = {.src = 1, .stream = 1, .class = PROTO_CLASS_VIDEO};
    (void)state;

    assert_int_not_equal(answer(s.agent, PROTO_INDEX_AGENT, 10), PROTO_OK);
    assert_int_equal(world_media(&w, second, &header, 200), PROTO_ERR_STATE);

    second = asking(&s);
    assert_int_equal(world_send(&w, second, PROTO_TYPE_CONTROL, 1, 2, "x", 1), PROTO_ERR_STATE);
    second = asking(&s);
    assert_int_equal(answer(second, 0, 10), PROTO_ERR_STATE);
    second = asking(&s);
    assert_int_equal(ask_to_move(&s, second, PROTO_MOVE_BYTES), PROTO_ERR_STATE);
}

static void a_request_of_another_length_is_none(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    uint32_t second = world_connect(&w, NULL, "192.0.2.9");
    assert_int_equal(ask_to_move(&s, second, PROTO_MOVE_BYTES - 1), PROTO_ERR_BUSY);
    world_expect_error(&w, second, PROTO_ERR_BUSY, true);
}

static void every_bound_of_the_list_that_was_reached_is_counted(void **state)
{
    (void)state;
    world_expect_bounds(BOUNDS_MOVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_device_that_has_the_seat_is_asked_and_its_answer_reaches_the_other,
                                        core_begin, core_end),
        cmocka_unit_test_setup_teardown(a_no_ends_the_wait, core_begin, core_end),
        cmocka_unit_test_setup_teardown(no_answer_ends_the_wait, core_begin, core_end),
        cmocka_unit_test_setup_teardown(an_answer_that_comes_too_late_harms_nobody, core_begin, core_end),
        cmocka_unit_test_setup_teardown(a_device_that_leaves_or_loses_its_line_ends_the_wait, core_begin, core_end),
        cmocka_unit_test_setup_teardown(only_one_may_ask_and_not_again_and_again, core_begin, core_end),
        cmocka_unit_test_setup_teardown(nobody_is_asked_before_the_agent_confirmed_the_customer, core_begin, core_end),
        cmocka_unit_test_setup_teardown(who_waits_may_say_nothing_and_an_agent_cannot_answer, core_begin, core_end),
        cmocka_unit_test_setup_teardown(a_request_of_another_length_is_none, core_begin, core_end),
        cmocka_unit_test(every_bound_of_the_list_that_was_reached_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
