/* SPDX-License-Identifier: Apache-2.0 */
/* A customer's second device at the relay: who may name it, what passes, and what is left of it. */
#include <stdlib.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

static struct session s;
static uint32_t second;
static char plate[8];

static handhold_ToRelay message;

static enum proto_err say_hello(uint32_t connection, const uint8_t *token, size_t len)
{
    message = (handhold_ToRelay){.which_body = handhold_ToRelay_hello_tag};
    message.body.hello.which_seat = handhold_Hello_beside_tag;
    if (len)
        assert_ok(PROTO_SET_BYTES(message.body.hello.seat.beside, token, len));
    return world_say(&w, connection, 0, &message);
}

static const handhold_Beside *hear_state(uint32_t connection)
{
    const handhold_FromRelay *heard = world_hear(&w, connection, handhold_FromRelay_beside_state_tag);

    assert_non_null(heard);
    return &heard->body.beside_state;
}

static uint32_t wait_for_a_first(char out[static 8])
{
    uint32_t connection = world_connect(&w, NULL, "192.0.2.77");

    assert_ok(say_hello(connection, NULL, 0));
    strcpy(out, hear_state(connection)->nameplate);
    assert_int_equal(strlen(out), 4);
    return connection;
}

static enum proto_err name_it(const char *text)
{
    message = (handhold_ToRelay){.which_body = handhold_ToRelay_beside_join_tag};
    strcpy(message.body.beside_join, text);
    return world_say(&w, s.customer, PROTO_INDEX_CUSTOMER, &message);
}

static enum proto_err say(uint32_t connection, uint8_t index, const char *words)
{
    message = (handhold_ToRelay){.which_body = handhold_ToRelay_beside_tag};
    assert_ok(PROTO_SET_BYTES(message.body.beside, words, strlen(words)));
    return world_say(&w, connection, index, &message);
}

static void expect(uint32_t connection, const char *words)
{
    const handhold_FromRelay *heard = world_hear(&w, connection, handhold_FromRelay_beside_tag);

    assert_non_null(heard);
    assert_int_equal(heard->body.beside.size, strlen(words));
    assert_memory_equal(heard->body.beside.bytes, words, strlen(words));
}

static int begin(void **state)
{
    (void)state;
    world_new(&w);
    session_live(&w, &s);
    second = wait_for_a_first(plate);
    return 0;
}

static void the_two_speak_with_each_other_and_with_nobody_else(void **state)
{
    (void)state;
    assert_ok(name_it(plate));
    assert_true(hear_state(second)->present);
    assert_true(hear_state(s.customer)->present);
    assert_ok(say(s.customer, PROTO_INDEX_CUSTOMER, "to the hub"));
    expect(second, "to the hub");
    assert_ok(say(second, 0, "to the phone"));
    expect(s.customer, "to the phone");
    assert_null(world_hear(&w, s.agent, handhold_FromRelay_beside_tag));
    assert_int_equal(say(s.agent, PROTO_INDEX_AGENT, "let me in"), PROTO_ERR_CERT_ROLE);
}

static void a_nameplate_that_nobody_has_and_too_many_tries_are_told(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_ok(name_it("0"));
        assert_int_equal(hear_state(s.customer)->error, PROTO_ERR_NOT_FOUND);
    }
    assert_ok(name_it(plate));
    assert_int_equal(hear_state(s.customer)->error, PROTO_ERR_BUSY);
    world_pass(&w, 60000);
    assert_ok(name_it(plate));
    assert_int_equal(hear_state(s.customer)->error, PROTO_OK);
}

static void each_hears_when_the_other_is_gone_and_a_token_brings_it_back(void **state)
{
    uint8_t token[32];

    (void)state;
    assert_ok(name_it(plate));
    const handhold_Beside *there = hear_state(second);
    assert_int_equal(there->token.size, 32);
    memcpy(token, there->token.bytes, 32);
    assert_memory_equal(there->sid.bytes, s.sid, 16);
    assert_true(hear_state(s.customer)->present);
    relay_core_closed(w.core, second, w.now);
    assert_false(hear_state(s.customer)->present);
    second = world_connect(&w, NULL, "192.0.2.77");
    assert_ok(say_hello(second, token, 32));
    assert_true(hear_state(second)->present);
    assert_true(hear_state(s.customer)->present);
    relay_core_closed(w.core, s.customer, w.now);
    assert_false(hear_state(second)->present);
    token[20] ^= 1;
    uint32_t thief = world_connect(&w, NULL, "192.0.2.78");
    assert_int_equal(say_hello(thief, token, 32), PROTO_ERR_NOT_FOUND);
}

static void taken_out_it_is_told_and_its_token_is_worth_nothing(void **state)
{
    uint8_t token[32];

    (void)state;
    assert_ok(name_it(plate));
    memcpy(token, hear_state(second)->token.bytes, 32);
    assert_ok(name_it(""));
    world_expect_error(&w, second, PROTO_ERR_EXISTS, true);
    relay_core_closed(w.core, second, w.now);
    second = world_connect(&w, NULL, "192.0.2.77");
    assert_int_equal(say_hello(second, token, 32), PROTO_ERR_NOT_FOUND);
}

/* Who has the place is not in the store: the token says it. */
static void after_a_restart_it_comes_back_by_its_token(void **state)
{
    uint8_t token[32], out[32];

    (void)state;
    assert_ok(name_it(plate));
    memcpy(out, hear_state(second)->token.bytes, 32);
    assert_ok(name_it("")); /* a first one, which is taken out … */
    second = wait_for_a_first(plate);
    assert_ok(name_it(plate)); /* … and the one that stays */
    memcpy(token, hear_state(second)->token.bytes, 32);
    world_work(&w);
    world_restart(&w);
    second = world_connect(&w, NULL, "192.0.2.77");
    assert_ok(say_hello(second, token, 32));
    assert_false(hear_state(second)->present);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_welcome_tag);

    assert_non_null(heard); /* first of all: before it the first may say nothing to the second */
    assert_true(hear_state(s.customer)->present);
    assert_true(hear_state(second)->present);
    uint32_t before = world_connect(&w, NULL, "192.0.2.78");
    assert_int_equal(say_hello(before, out, 32), PROTO_ERR_NOT_FOUND); /* a newer one was seen */
    assert_ok(name_it(""));
    relay_core_closed(w.core, second, w.now);
    second = world_connect(&w, NULL, "192.0.2.77");
    assert_int_equal(say_hello(second, token, 32), PROTO_ERR_NOT_FOUND);
}

static void it_waits_ten_minutes_and_ends_with_the_session(void **state)
{
    char other[8];
    uint32_t late = wait_for_a_first(other);

    (void)state;
    assert_ok(name_it(plate));
    world_pass(&w, 600001);
    world_expect_error(&w, late, PROTO_ERR_EXPIRED, true);
    relay_core_closed(w.core, late, w.now);
    assert_ok(session_leave(&w, s.agent, PROTO_INDEX_AGENT, PROTO_END_COMPLETED));
    assert_non_null(world_hear(&w, second, handhold_FromRelay_ended_tag));
    assert_true(world_closing(&w, second));
}

/* A device that goes while it waits, and one whose session is gone, leave nothing behind. */
static void whoever_goes_leaves_nothing(void **state)
{
    char other[8];
    uint32_t gone = wait_for_a_first(other);

    (void)state;
    relay_core_closed(w.core, gone, w.now);
    assert_ok(name_it(other));
    assert_int_equal(hear_state(s.customer)->error, PROTO_ERR_NOT_FOUND);
    assert_ok(name_it(plate));
    relay_core_closed(w.core, s.customer, w.now);
    relay_core_closed(w.core, second, w.now);
}

static uint64_t reached(enum relay_bound bound)
{
    struct relay_core_figures figures;

    relay_core_figures(w.core, &figures);
    return figures.reached[bound];
}

/* Two more beside the one that waits: one of its own address, one of another. */
static void one_address_does_not_take_all_places(void **state)
{
    uint32_t own, another;
    char other[8];

    (void)state;
    w.limits.besides_per_address = 1;
    assert_ok(relay_core_set_limits(w.core, &w.limits));
    own = world_connect(&w, NULL, "192.0.2.77");
    assert_int_equal(say_hello(own, NULL, 0), PROTO_ERR_BUSY);
    world_expect_error(&w, own, PROTO_ERR_BUSY, false);
    assert_int_equal(reached(RELAY_BOUND_besides_per_address), 1);
    another = world_connect(&w, NULL, "192.0.2.78");
    assert_ok(say_hello(another, NULL, 0));
    assert_int_equal(hear_state(another)->error, 0);
    relay_core_closed(w.core, second, w.now); /* and its place is free again */
    second = wait_for_a_first(other);
    w.limits.besides = 2;
    assert_ok(relay_core_set_limits(w.core, &w.limits));
    own = world_connect(&w, NULL, "192.0.2.79");
    assert_int_equal(say_hello(own, NULL, 0), PROTO_ERR_BUSY);
    world_expect_error(&w, own, PROTO_ERR_BUSY, false);
    assert_int_equal(reached(RELAY_BOUND_besides), 1);
    world_pass(&w, w.limits.beside_ms);
    assert_int_equal(reached(RELAY_BOUND_beside_ms), 2);
}

static uint32_t wait_from(const char *address)
{
    uint32_t connection = world_connect(&w, NULL, address);

    assert_ok(say_hello(connection, NULL, 0));
    return connection;
}

/* Sixteen addresses were enough to take them all. */
static void where_all_places_are_taken_the_address_that_has_most_gives_way(void **state)
{
    uint32_t oldest, others[2], late;
    char gone[8];

    (void)state;
    w.limits.besides = 4;
    assert_ok(relay_core_set_limits(w.core, &w.limits));
    oldest = wait_from("192.0.2.90");
    strcpy(gone, hear_state(oldest)->nameplate);
    others[0] = wait_from("192.0.2.90");
    others[1] = wait_from("192.0.2.90");
    late = wait_from("192.0.2.91");
    assert_int_equal(strlen(hear_state(late)->nameplate), 4);
    world_expect_error(&w, oldest, PROTO_ERR_BUSY, true);
    assert_true(world_closing(&w, oldest));
    assert_int_equal(reached(RELAY_BOUND_besides), 1);
    assert_ok(name_it(gone));
    assert_int_equal(hear_state(s.customer)->error, PROTO_ERR_NOT_FOUND);
    assert_ok(name_it(plate)); /* whoever was alone at an address stays */
    assert_int_equal(hear_state(s.customer)->error, PROTO_OK);
    second = wait_for_a_first(plate); /* four again; to those who have as many nobody gives way */
    late = world_connect(&w, NULL, "192.0.2.90");
    assert_int_equal(say_hello(late, NULL, 0), PROTO_ERR_BUSY);
    for (int i = 0; i < 2; i++)
        assert_false(world_closing(&w, others[i]));
}

static void every_bound_of_the_list_that_was_reached_is_counted(void **state)
{
    (void)state;
    world_expect_bounds(BOUNDS_BESIDE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_two_speak_with_each_other_and_with_nobody_else),
        TEST(a_nameplate_that_nobody_has_and_too_many_tries_are_told),
        TEST(each_hears_when_the_other_is_gone_and_a_token_brings_it_back),
        TEST(taken_out_it_is_told_and_its_token_is_worth_nothing),
        TEST(after_a_restart_it_comes_back_by_its_token),
        TEST(it_waits_ten_minutes_and_ends_with_the_session),
        TEST(whoever_goes_leaves_nothing),
        TEST(one_address_does_not_take_all_places),
        TEST(where_all_places_are_taken_the_address_that_has_most_gives_way),
        cmocka_unit_test(every_bound_of_the_list_that_was_reached_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
