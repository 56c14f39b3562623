/* SPDX-License-Identifier: Apache-2.0 */
/* How many there may be: connections, sessions, invitations that wait; and what is refused then, and what goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

static void limit_connections(void **state)
{
    (void)state;

    w.limits.connections = 3;
    world_again(&w);
    for (int i = 0; i < 3; i++)
        world_connect(&w, NULL, NULL);
    assert_int_equal(relay_core_open(w.core, 99, "192.0.2.7", NULL, w.now), PROTO_ERR_BUSY);
    relay_core_closed(w.core, 1, w.now);
    assert_ok(relay_core_open(w.core, 99, "192.0.2.7", NULL, w.now));
}

static void limit_connections_per_address_counts_a_64_of_ipv6_as_one_and_staff_not_at_all(void **state)
{
    (void)state;

    w.limits.connections_per_address = 2;
    world_again(&w);
    world_connect(&w, NULL, "192.0.2.1");
    world_connect(&w, NULL, "::ffff:192.0.2.1");
    assert_int_equal(relay_core_open(w.core, 99, "192.0.2.1", NULL, w.now), PROTO_ERR_BUSY);
    world_connect(&w, NULL, "192.0.2.2");
    world_connect(&w, NULL, "2001:db8:1:2::1");
    world_connect(&w, NULL, "2001:db8:1:2:ffff::9");
    assert_int_equal(relay_core_open(w.core, 99, "2001:db8:1:2:3:4:5:6", NULL, w.now), PROTO_ERR_BUSY);
    world_connect(&w, NULL, "2001:db8:1:3::1");
    for (int i = 0; i < 5; i++)
        world_connect(&w, &w.staff[0], "192.0.2.1");
}

static void limit_connections_per_staff(void **state)
{
    (void)state;

    w.limits.connections_per_staff = 2;
    world_again(&w);
    world_connect(&w, &w.staff[0], NULL);
    world_connect(&w, &w.staff[0], NULL);
    assert_int_equal(relay_core_open(w.core, 99, "x", &w.staff[0], w.now), PROTO_ERR_BUSY);
    world_connect(&w, &w.staff[1], NULL);
}

static void limit_sessions(void **state)
{
    struct session s[3];
    (void)state;

    w.limits.sessions = 2;
    world_again(&w);
    session_open(&w, &s[0], &w.staff[0]);
    session_open(&w, &s[1], &w.staff[1]);
    uint32_t agent = world_connect_staff(&w, &w.staff[2]);
    assert_ok(session_ask(&w, &s[2], agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    assert_ok(session_leave(&w, s[0].agent, 2, PROTO_END_COMPLETED));
    world_work(&w);
    assert_ok(session_ask(&w, &s[2], agent)); /* the connection was not lost over it */
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static enum proto_err ask_for(uint32_t agent, const uint8_t sid[16])
{
    handhold_ToRelay open = handhold_ToRelay_init_zero;

    open.which_body = handhold_ToRelay_open_tag;
    memcpy(open.body.open.sid, sid, 16);
    return world_say(&w, agent, 0, &open);
}

static void a_session_that_ended_is_not_opened_again(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    assert_ok(session_leave(&w, s.agent, 2, PROTO_END_COMPLETED));
    world_work(&w);
    struct relay_store_session before = *world_row(&w, s.sid);
    size_t entries = w.entry_count;
    assert_int_equal(before.state, RELAY_STORE_ENDED);
    uint32_t agent = world_connect_staff(&w, &w.staff[1]);
    assert_ok(ask_for(agent, s.sid));
    world_work(&w);
    world_expect_error(&w, agent, PROTO_ERR_EXISTS, false);
    assert_memory_equal(world_row(&w, s.sid), &before, sizeof before);
    assert_int_equal(w.entry_count, entries);
    assert_ok(session_ask(&w, &s, agent)); /* under another number they may */
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static void limit_sessions_per_staff(void **state)
{
    struct session s[3];
    (void)state;

    w.limits.sessions_per_staff = 2;
    world_again(&w);
    session_open(&w, &s[0], NULL);
    session_open(&w, &s[1], NULL);
    uint32_t agent = world_connect_staff(&w, &w.staff[0]);
    assert_ok(session_ask(&w, &s[2], agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    session_open(&w, &s[2], &w.staff[1]);
}

static void limit_opens_per_staff_minute(void **state)
{
    struct session s;
    (void)state;

    w.limits.opens_per_staff_minute = 3;
    world_again(&w);
    for (int i = 0; i < 3; i++) {
        session_open(&w, &s, NULL);
        assert_ok(session_leave(&w, s.agent, 2, PROTO_END_COMPLETED));
        relay_core_closed(w.core, s.agent, w.now);
        world_work(&w);
    }
    uint32_t agent = world_connect_staff(&w, &w.staff[0]);
    assert_ok(session_ask(&w, &s, agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    world_pass(&w, 20000);
    assert_ok(session_ask(&w, &s, agent));
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static void limit_waiting_per_staff(void **state)
{
    struct session first, s;
    (void)state;

    w.limits.waiting_per_staff = 2;
    world_again(&w);
    session_live(&w, &first); /* has its customer: it does not wait */
    session_open(&w, &s, NULL);
    session_open(&w, &s, NULL);
    uint32_t agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_staff(&w, agent));
    assert_ok(session_ask(&w, &s, agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
}

static void an_invitation_that_its_agent_left_makes_room_for_a_new_one(void **state)
{
    struct session left, kept, s;
    (void)state;

    w.limits.waiting_per_staff = 2;
    world_again(&w);
    session_open(&w, &kept, NULL);
    session_open(&w, &left, NULL);
    relay_core_closed(w.core, left.agent, w.now);
    session_open(&w, &s, NULL);
    world_work(&w);
    assert_string_equal(world_row(&w, left.sid)->ended_reason, "connection-lost");
    assert_string_equal(world_row(&w, kept.sid)->ended_reason, "");
    assert_null(world_hear(&w, kept.agent, handhold_FromRelay_ended_tag));
}

static void a_full_relay_begins_nothing_and_goes_on_with_what_is_live(void **state)
{
    struct session live, waiting;
    struct relay_core_figures figures;
    (void)state;

    session_live(&w, &live);
    session_open(&w, &waiting, NULL);
    relay_core_set_full(w.core, true);
    uint32_t customer = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_sid(&w, &waiting, customer), PROTO_ERR_BUSY);
    world_expect_error(&w, customer, PROTO_ERR_BUSY, false);
    uint32_t agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_staff(&w, agent));
    struct session none;
    assert_ok(session_ask(&w, &none, agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    relay_core_closed(w.core, live.customer, w.now); /* who comes back is not new */
    uint32_t back = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &live, back, live.customer_token));
    relay_core_figures(w.core, &figures);
    assert_int_equal(figures.refused_full, 2);
    relay_core_set_full(w.core, false);
    session_join(&w, &waiting);
}

static void every_bound_of_how_many_that_was_reached_is_counted(void **state)
{
    (void)state;
    world_expect_bounds(BOUNDS_COUNT);
}

#define COUNT_TEST(name) cmocka_unit_test_setup_teardown(name, core_begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COUNT_TEST(limit_connections),
        COUNT_TEST(limit_connections_per_address_counts_a_64_of_ipv6_as_one_and_staff_not_at_all),
        COUNT_TEST(limit_connections_per_staff),
        COUNT_TEST(limit_sessions),
        COUNT_TEST(a_session_that_ended_is_not_opened_again),
        COUNT_TEST(limit_sessions_per_staff),
        COUNT_TEST(limit_opens_per_staff_minute),
        COUNT_TEST(limit_waiting_per_staff),
        COUNT_TEST(an_invitation_that_its_agent_left_makes_room_for_a_new_one),
        COUNT_TEST(a_full_relay_begins_nothing_and_goes_on_with_what_is_live),
        cmocka_unit_test(every_bound_of_how_many_that_was_reached_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
