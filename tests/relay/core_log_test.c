/* SPDX-License-Identifier: Apache-2.0 */
/* What the core does with the log, and while the log cannot be written. */
#include "tests/relay/core_fixture.h"

static void a_receipt_goes_to_the_seat_also_when_its_connection_changed(void **state)
{
    struct session s;
    const uint8_t commitment[32] = {1};
    (void)state;

    session_live(&w, &s);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    relay_core_closed(w.core, s.customer, w.now);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
    world_work(&w);
    const handhold_LogReceipt *receipt = world_receipt(&w, s.customer);
    assert_memory_equal(receipt->commitment, commitment, 32);
    assert_int_equal(receipt->leaf.size, 48);
    uint64_t index = receipt->index;
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment)); /* said again: the same place */
    world_work(&w);
    assert_int_equal(world_receipt(&w, s.customer)->index, index);
}

static void each_end_writes_only_its_own_class(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    for (uint8_t kind = 0; kind <= 5; kind++) {
        const uint8_t commitment[2][32] = {{1, kind}, {2, kind}};
        assert_ok(session_log(&w, s.customer, 1, (enum proto_log_class)kind, commitment[0]));
        assert_ok(session_log(&w, s.agent, 2, (enum proto_log_class)kind, commitment[1]));
        world_work(&w);
        assert_int_equal(world_receipt(&w, s.customer)->error, kind == 1 ? PROTO_OK : PROTO_ERR_REFUSED);
        assert_int_equal(world_receipt(&w, s.agent)->error, kind == 2 ? PROTO_OK : PROTO_ERR_REFUSED);
    }
}

static void what_a_customer_writes_is_logged_when_the_agent_has_confirmed_them(void **state)
{
    struct session s;
    uint8_t commitment[32] = {1};
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    for (int i = 0; i < 4; i++, commitment[0]++)
        assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    world_work(&w);
    assert_int_equal(w.entry_count, 1);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_ERR_BUSY);
    assert_ok(session_key(&w, &s));
    world_work(&w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_OK);
}

static void what_a_stranger_wrote_never_reaches_the_log(void **state)
{
    struct session s;
    const uint8_t commitment[32] = {1};
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    relay_core_closed(w.core, s.customer, w.now);
    session_join(&w, &s);
    assert_ok(session_key(&w, &s));
    world_work(&w);
    assert_null(world_receipt(&w, s.customer));
    assert_int_equal(w.entry_count, 2); /* created, joined */
}

static void a_full_disk_refuses_new_sessions_and_receipts_and_the_events_come_later_in_order(void **state)
{
    struct session s, other;
    const uint8_t commitment[32] = {1};
    (void)state;

    session_live(&w, &s);
    w.disk_full = true;
    uint32_t agent = world_connect_staff(&w, &w.staff[1]);
    assert_ok(session_ask(&w, &other, agent));
    world_work(&w);
    world_expect_error(&w, agent, PROTO_ERR_IO, false);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    world_work(&w);
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_ERR_IO);
    for (int i = 0; i < 3; i++) {
        relay_core_closed(w.core, s.customer, w.now);
        s.customer = world_connect(&w, NULL, NULL);
        assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
        world_work(&w);
        world_pass(&w, 1000);
    }
    assert_ok(session_leave(&w, s.customer, 1, PROTO_END_COMPLETED)); /* ending never waits */
    assert_int_equal(world_hear(&w, s.agent, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_COMPLETED);
    world_work(&w);
    assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_LIVE);
    w.disk_full = false;
    world_pass(&w, 1000);
    world_work(&w);
    assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_ENDED);
    assert_int_equal(world_events(&w, s.sid, NULL, 0), 2 + 6 + 1);
    assert_ok(session_ask(&w, &other, agent));
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static void while_the_log_is_far_behind_no_gate_opens(void **state)
{
    struct session s;
    enum proto_err err = PROTO_OK;
    int opened = 0;
    (void)state;

    session_live(&w, &s);
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    w.writer_full = true; /* nothing is taken; each reopening leaves two more notes waiting */
    for (; !err && opened < 100; opened++) {
        gate.gate_seq = ++s.gate_seq;
        err = session_say_gate(&w, &s, &gate);
        world_work(&w);
        w.now.mono_ms += 100;
    }
    assert_int_equal(err, PROTO_ERR_FULL);
    assert_in_range(opened, 10, 40);
    w.writer_full = false;
    world_pass(&w, 1000);
    world_work(&w);
    world_events(&w, s.sid, NULL, 0);
    gate.gate_seq = ++s.gate_seq;
    assert_ok(session_say_gate(&w, &s, &gate));
}

static void consistency_is_proved_when_asked(void **state)
{
    struct session s;
    handhold_ToRelay message = handhold_ToRelay_init_zero;
    (void)state;

    session_live(&w, &s);
    message.which_body = handhold_ToRelay_consistency_ask_tag;
    message.body.consistency_ask.old_size = 1;
    message.body.consistency_ask.new_size = 2;
    assert_ok(world_say(&w, s.customer, 1, &message));
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_consistency_tag);
    assert_int_equal(heard->body.consistency.hashes.size, 64);
    message.body.consistency_ask.new_size = 200;
    assert_ok(world_say(&w, s.customer, 1, &message));
    world_expect_error(&w, s.customer, PROTO_ERR_NOT_FOUND, false);
    message.body.consistency_ask.old_size = 300;
    assert_ok(world_say(&w, s.customer, 1, &message));
    world_expect_error(&w, s.customer, PROTO_ERR_RANGE, false);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, core_begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_receipt_goes_to_the_seat_also_when_its_connection_changed),
        LOG_TEST(each_end_writes_only_its_own_class),
        LOG_TEST(what_a_customer_writes_is_logged_when_the_agent_has_confirmed_them),
        LOG_TEST(what_a_stranger_wrote_never_reaches_the_log),
        LOG_TEST(a_full_disk_refuses_new_sessions_and_receipts_and_the_events_come_later_in_order),
        LOG_TEST(while_the_log_is_far_behind_no_gate_opens),
        LOG_TEST(consistency_is_proved_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
