/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of joining: guesses, codes, seats that wait. One test for each. */
#include "tests/relay/core_fixture.h"

static void limit_join_failures_per_address_minute_counts_failures_only(void **state)
{
    struct session s, nobody;
    (void)state;

    w.limits.opens_per_staff_minute = w.limits.sessions_per_staff = w.limits.waiting_per_staff = 1000;
    world_again(&w);
    w.keeps_nothing = true;
    for (int i = 0; i < 200; i++) { /* a carrier's one address, and nobody mistakes */
        session_open(&w, &s, NULL);
        session_join(&w, &s);
        relay_core_closed(w.core, s.customer, w.now);
        relay_core_closed(w.core, s.agent, w.now);
    }
    session_open(&w, &s, NULL);
    nobody = s;
    nobody.sid[0] ^= 1;
    for (int i = 0; i < 20; i++) {
        uint32_t guess = world_connect(&w, NULL, NULL);
        assert_int_equal(i % 2 ? session_hello_sid(&w, &nobody, guess) : session_hello_code(&w, &s, guess, "12"),
                         PROTO_ERR_NOT_FOUND);
        world_expect_error(&w, guess, PROTO_ERR_NOT_FOUND, true);
        relay_core_closed(w.core, guess, w.now);
    }
    assert_int_equal(w.wrong_codes, 10); /* a link that leads nowhere is old; nobody guesses one */
    uint32_t right = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, right, s.nameplate), PROTO_ERR_BUSY);
    world_expect_error(&w, right, PROTO_ERR_BUSY, false);
    uint32_t elsewhere = world_connect(&w, NULL, "192.0.2.200");
    assert_ok(session_hello_code(&w, &s, elsewhere, s.nameplate));
    relay_core_closed(w.core, elsewhere, w.now);
    world_pass(&w, 30000);
    right = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, right, s.nameplate), PROTO_ERR_BUSY);
    world_pass(&w, 30000);
    right = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_code(&w, &s, right, s.nameplate));
}

static void fail_joins(int count)
{
    for (int i = 0; i < count; i++) {
        struct session nobody = {.sid = {7}, .cs_public = {0}};
        uint32_t guess = world_connect(&w, NULL, NULL);

        proto_sign_keypair(nobody.cs_public, nobody.cs_secret, (const uint8_t[32]){8});
        assert_int_equal(session_hello_sid(&w, &nobody, guess), PROTO_ERR_NOT_FOUND);
        relay_core_closed(w.core, guess, w.now);
    }
}

static enum proto_err join_by_code(struct session *s)
{
    uint32_t customer = world_connect(&w, NULL, NULL);
    enum proto_err err = session_hello_code(&w, s, customer, s->nameplate);

    relay_core_closed(w.core, customer, w.now);
    return err;
}

static void whoever_goes_on_guessing_waits_twice_as_long(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    fail_joins(20);
    world_pass(&w, 60000);
    assert_ok(join_by_code(&s));
    fail_joins(20);
    world_pass(&w, 60000);
    assert_int_equal(join_by_code(&s), PROTO_ERR_BUSY);
    world_pass(&w, 60000);
    assert_ok(join_by_code(&s));
}

static void after_a_quiet_hour_an_address_waits_as_at_first(void **state)
{
    struct session s;
    uint32_t stays = world_connect(&w, NULL, NULL); /* the address is never forgotten */
    (void)state;

    session_open(&w, &s, NULL);
    assert_ok(session_hello_sid(&w, &s, stays));
    for (int i = 0; i < 3; i++) {
        fail_joins(20);
        world_pass(&w, 5 * 60000);
    }
    world_pass(&w, 3 * 60 * 60000);
    session_open(&w, &s, NULL); /* its code has not run out */
    fail_joins(20);
    world_pass(&w, 60000);
    uint32_t customer = world_connect(&w, NULL, NULL);
    if (session_hello_code(&w, &s, customer, s.nameplate))
        fail_msg("%s", world_hear(&w, customer, handhold_FromRelay_error_tag)->body.error.message);
}

static void a_link_is_let_in_though_somebody_guesses_behind_the_same_address(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    fail_joins(20);
    assert_int_equal(join_by_code(&s), PROTO_ERR_BUSY);
    session_join(&w, &s);
}

static void whoever_has_the_link_takes_the_place_of_who_guessed_the_code(void **state)
{
    struct session s;
    uint32_t guess, again, late;
    (void)state;

    session_open(&w, &s, NULL);
    guess = world_connect(&w, NULL, "192.0.2.99");
    assert_ok(session_hello_code(&w, &s, guess, s.nameplate));
    again = world_connect(&w, NULL, "192.0.2.98");
    assert_int_equal(session_hello_code(&w, &s, again, s.nameplate),
                     PROTO_ERR_BUSY); /* a code is as good as the other */
    session_join(&w, &s);
    world_expect_error(&w, guess, PROTO_ERR_BUSY, true);
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false);
    late = world_connect(&w, NULL, "192.0.2.97");
    assert_int_equal(session_hello_sid(&w, &s, late), PROTO_ERR_BUSY); /* and a link is as good as a link */
}

static void limit_join_failures_does_not_keep_out_who_comes_back(void **state)
{
    struct session s;
    (void)state;

    w.limits.join_failures_per_address_minute = 1;
    world_again(&w);
    session_live(&w, &s);
    relay_core_closed(w.core, s.customer, w.now);
    for (int i = 0; i < 3; i++)
        session_hello_code(&w, &s, world_connect(&w, NULL, NULL), "99999");
    uint32_t back = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, back, s.customer_token));
}

static void limit_lookups_per_nameplate_burns_the_code_and_not_the_link(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    for (int i = 0; i < 10; i++) {
        uint32_t customer = world_connect(&w, NULL, NULL);
        assert_ok(session_hello_code(&w, &s, customer, s.nameplate));
        relay_core_closed(w.core, customer, w.now);
    }
    world_expect_error(&w, s.agent, PROTO_ERR_BURNT, false);
    uint32_t late = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, late, s.nameplate), PROTO_ERR_NOT_FOUND);
    session_join(&w, &s);
}

static void limit_hello_ms(void **state)
{
    uint32_t quiet = world_connect(&w, NULL, NULL);
    (void)state;

    world_pass(&w, 9999);
    assert_false(world_closing(&w, quiet));
    world_pass(&w, 1);
    assert_true(world_closing(&w, quiet));
    world_expect_error(&w, quiet, PROTO_ERR_TIMEOUT, false);
}

static void limit_confirm_ms_frees_the_seat_of_whom_nobody_confirmed(void **state)
{
    struct session stranger, customer;
    (void)state;

    session_open(&w, &stranger, NULL);
    customer = stranger;
    session_join(&w, &stranger);
    world_pass(&w, 59999);
    assert_false(world_closing(&w, stranger.customer));
    world_silence(&w, stranger.agent);
    world_pass(&w, 1);
    assert_true(world_closing(&w, stranger.customer));
    world_expect_error(&w, stranger.customer, PROTO_ERR_TIMEOUT, true);
    assert_false(world_hear(&w, stranger.agent, handhold_FromRelay_peer_tag)->body.peer.present);
    relay_core_closed(w.core, stranger.customer, w.now);
    uint32_t back = world_connect(&w, NULL, NULL); /* their token is worth nothing now */
    assert_int_equal(session_hello_token(&w, &stranger, back, stranger.customer_token), PROTO_ERR_NOT_FOUND);
    session_join(&w, &customer);
    assert_ok(session_key(&w, &customer));
    world_pass(&w, 60000); /* confirmed: they stay */
    assert_false(world_closing(&w, customer.customer));
}

static void limit_confirm_ms_waits_for_the_agent(void **state)
{
    struct session s;
    (void)state;

    w.limits.confirm_ms = 20000;
    world_again(&w);
    session_open(&w, &s, NULL);
    session_join(&w, &s);
    world_pass(&w, 15000);
    relay_core_closed(w.core, s.agent, w.now); /* while nobody is there who could confirm, no time runs */
    world_pass(&w, 30000);
    assert_false(world_closing(&w, s.customer));
    s.agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, s.agent, s.agent_token));
    world_pass(&w, 19999);
    assert_false(world_closing(&w, s.customer));
    world_pass(&w, 1);
    assert_true(world_closing(&w, s.customer));
}

static void limit_grace_ms(void **state)
{
    struct session s;
    (void)state;

    w.limits.grace_ms = 7000;
    world_again(&w);
    session_live(&w, &s);
    relay_core_closed(w.core, s.agent, w.now);
    world_pass(&w, 6999);
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_ended_tag));
    world_pass(&w, 1);
    assert_non_null(world_hear(&w, s.customer, handhold_FromRelay_ended_tag));
}

static void limit_returns_per_seat_minute(void **state)
{
    struct session s;
    int returns = 0;
    (void)state;

    session_live(&w, &s);
    for (enum proto_err err = PROTO_OK; !err && returns < 100; returns++) {
        relay_core_closed(w.core, s.customer, w.now);
        s.customer = world_connect(&w, NULL, NULL);
        err = session_hello_token(&w, &s, s.customer, s.customer_token);
        world_work(&w);
        world_silence(&w, s.agent);
    }
    assert_int_equal(returns, 31);
    world_expect_error(&w, s.customer, PROTO_ERR_BUSY, false);
    world_pass(&w, 2000);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
}

/* The other bounds are core_limits_test's. */
static void every_bound_of_joining_that_was_reached_is_counted(void **state)
{
    (void)state;
    world_expect_bounds(BOUNDS_JOINS);
}

#define JOIN_TEST(name) cmocka_unit_test_setup_teardown(name, core_begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOIN_TEST(limit_join_failures_per_address_minute_counts_failures_only),
        JOIN_TEST(whoever_goes_on_guessing_waits_twice_as_long),
        JOIN_TEST(after_a_quiet_hour_an_address_waits_as_at_first),
        JOIN_TEST(a_link_is_let_in_though_somebody_guesses_behind_the_same_address),
        JOIN_TEST(whoever_has_the_link_takes_the_place_of_who_guessed_the_code),
        JOIN_TEST(limit_join_failures_does_not_keep_out_who_comes_back),
        JOIN_TEST(limit_lookups_per_nameplate_burns_the_code_and_not_the_link),
        JOIN_TEST(limit_hello_ms),
        JOIN_TEST(limit_confirm_ms_frees_the_seat_of_whom_nobody_confirmed),
        JOIN_TEST(limit_confirm_ms_waits_for_the_agent),
        JOIN_TEST(limit_grace_ms),
        JOIN_TEST(limit_returns_per_seat_minute),
        cmocka_unit_test(every_bound_of_joining_that_was_reached_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
