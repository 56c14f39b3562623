/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds: one test for each line of the table of limits; those of how many are
 * core_count_test's, of joining core_joins_test's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

static void limit_queue_bytes_closes_who_does_not_read(void **state)
{
    static uint8_t body[60000];
    struct session s;
    int sent = 0;
    (void)state;

    session_live(&w, &s);
    while (!world_closing(&w, s.agent) && sent++ < 100) {
        w.now.mono_ms += 100;
        assert_ok(world_send(&w, s.customer, PROTO_TYPE_CONTROL, 1, 2, body, sizeof body));
    }
    assert_in_range(sent, 15, 19); /* a quarter of 4 MiB */
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false);
}

/* Two hundred messages for the one fill nearly all that there is; the other's go on, and it is the first who leaves. */
static void limit_queue_bytes_all_takes_from_the_longest_queue(void **state)
{
    static uint8_t body[60000];
    struct session slow, other;
    int sent = 0;
    (void)state;

    w.limits.queue_bytes = 64 << 20;
    w.limits.queue_bytes_all = 8 << 20;
    world_again(&w);
    session_live(&w, &slow);
    session_live(&w, &other);
    assert_ok(world_send(&w, other.customer, PROTO_TYPE_CONTROL, 1, 2, body, sizeof body));
    while (!world_closing(&w, slow.agent) && sent++ < 200) {
        w.now.mono_ms += 100;
        assert_ok(world_send(&w, slow.customer, PROTO_TYPE_CONTROL, 1, 2, body, sizeof body));
    }
    assert_in_range(sent, 110, 130);
    world_expect_error(&w, slow.agent, PROTO_ERR_BUSY, false);
    assert_false(world_closing(&w, other.agent));
    assert_ok(world_send(&w, other.customer, PROTO_TYPE_CONTROL, 1, 2, body, sizeof body));
    size_t len;
    for (int i = 0; i < 2; i++)
        assert_non_null(world_get(&w, other.agent, PROTO_TYPE_CONTROL, &len));
}

/* A queue of pictures is not worth a connection. */
static void near_the_bound_of_all_queues_pictures_go_before_connections(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 5, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};
    struct relay_core_figures figures;
    struct session s;
    (void)state;

    w.limits.queue_bytes = 64 << 20;
    w.limits.queue_bytes_all = 8 << 20;
    w.limits.bytes_per_second = 64 << 20;
    world_again(&w);
    session_live(&w, &s);
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    for (int i = 0; i < 40; i++)
        assert_ok(world_media(&w, s.customer, &header, 400000));
    relay_core_figures(w.core, &figures);
    assert_true(figures.dropped_messages > 0);
    assert_true(figures.queue_bytes < 8 << 20);
    assert_false(world_closing(&w, s.agent));
}

static void limit_queue_ms(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 5, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};
    struct session s;
    size_t len;
    (void)state;

    w.limits.queue_ms = 300;
    world_again(&w);
    session_live(&w, &s);
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_ok(world_media(&w, s.customer, &header, 10));
    w.now.mono_ms += 301;
    assert_null(world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len));
}

static void limit_messages_per_second(void **state)
{
    struct session s;
    int sent = 0;
    (void)state;

    session_live(&w, &s);
    w.now.mono_ms += 5000;
    while (sent < 1000 && world_send(&w, s.customer, PROTO_TYPE_CONTROL, 1, 2, "x", 1) == PROTO_OK) {
        sent++;
        world_silence(&w, s.agent);
    }
    assert_int_equal(sent, 600);
    world_expect_error(&w, s.customer, PROTO_ERR_BUSY, false);
    assert_true(world_closing(&w, s.customer));
}

static void limit_bytes_per_second(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 5, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};
    struct session s;
    int sent = 0;
    (void)state;

    session_live(&w, &s);
    w.now.mono_ms += 5000;
    while (sent < 100 && world_media(&w, s.customer, &header, 100000) == PROTO_OK)
        sent++;
    assert_int_equal(sent, 24);
    assert_true(world_closing(&w, s.customer));
}

static void limit_log_pending(void **state)
{
    struct session s;
    uint8_t commitment[32] = {0};
    (void)state;

    w.limits.log_pending = 5;
    world_again(&w);
    session_live(&w, &s);
    for (; commitment[0] < 5; commitment[0]++)
        assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    assert_null(world_receipt(&w, s.customer));
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_ERR_BUSY);
    world_work(&w);
    for (int i = 0; i < 5; i++)
        assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_OK);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    world_work(&w);
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_OK);
}

/* Notes of 8000 bytes until the log takes no more of them; how many. */
static unsigned fill_measure(struct session *s, uint8_t commitment[static 32])
{
    for (uint32_t note = 1;; note++) {
        memcpy(commitment, &note, sizeof note);
        memcpy(commitment + 4, s->sid, 16);
        assert_ok(session_log(&w, s->customer, 1, PROTO_LOG_STATEMENT, commitment));
        world_work(&w);
        enum proto_err err = world_receipt(&w, s->customer)->error;
        if (err)
            assert_int_equal(err, PROTO_ERR_BUSY);
        if (err)
            return note - 1;
    }
}

static void expect_taken(const struct session *s, uint32_t connection, const uint8_t commitment[static 32])
{
    bool agent = connection == s->agent;

    assert_ok(
        session_log(&w, connection, agent ? 2 : 1, agent ? PROTO_LOG_AGENT_EVENT : PROTO_LOG_STATEMENT, commitment));
    world_work(&w);
    assert_int_equal(world_receipt(&w, connection)->error, PROTO_OK);
}

static void limit_log_bytes_per_minute(void **state)
{
    struct session s;
    uint8_t commitment[32] = {0};
    (void)state;

    w.limits.log_bytes_per_minute = 16384;
    world_again(&w);
    w.keeps_nothing = true;
    w.evidence_bytes = 8000;
    session_live(&w, &s);
    (void)fill_measure(&s, commitment);
    expect_taken(&s, s.agent, commitment); /* the other end has a measure of its own */
    world_pass(&w, 40000);                 /* 8000 bytes more */
    expect_taken(&s, s.customer, commitment);
}

/* Whoever begins a new session for each megabyte has one measure for all of them. */
static void limit_log_bytes_per_staff_minute(void **state)
{
    struct session first, second, other;
    uint8_t commitment[32] = {0};
    (void)state;

    w.limits.log_bytes_per_staff_minute = 32768;
    world_again(&w);
    w.keeps_nothing = true;
    w.evidence_bytes = 8000;
    session_live(&w, &first);
    session_live(&w, &second);
    session_open(&w, &other, &w.staff[1]);
    session_join(&w, &other);
    assert_ok(session_key(&w, &other));
    world_work(&w);
    assert_in_range(fill_measure(&first, commitment), 1, 32);
    assert_int_equal(fill_measure(&second, commitment), 0);
    expect_taken(&other, other.customer, commitment);
}

/* One grant in the log is enough for any number of gates, and each of them is two entries. */
static void gates_that_are_opened_again_and_again_have_the_measure_of_notes(void **state)
{
    struct session s;
    int opened = 0;
    (void)state;

    w.limits.log_bytes_per_minute = 16384;
    world_again(&w);
    session_live(&w, &s);
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    while (opened < 200 && session_say_gate(&w, &s, &gate) == PROTO_OK) {
        gate.gate_seq++;
        opened++;
        world_work(&w);
        w.now.mono_ms += 20;
    }
    assert_in_range(opened, 50, 64);
    gate.gate_seq++;
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_BUSY);
    gate.open = false;
    gate.gate_seq++;
    assert_ok(session_say_gate(&w, &s, &gate)); /* to close one is never too much */
}

static enum proto_err ask_for_cases(uint32_t agent)
{
    handhold_ToRelay ask = {.which_body = handhold_ToRelay_kept_ask_tag, .body.kept_ask = {.kind = PROTO_KEPT_CASE}};

    assert_ok(world_say(&w, agent, 2, &ask));
    const handhold_FromRelay *heard = world_hear(&w, agent, handhold_FromRelay_kept_part_tag);
    assert_non_null(heard);
    return (enum proto_err)heard->body.kept_part.error;
}

/* By whichever of their sessions. */
static void limit_case_asks_per_staff_minute(void **state)
{
    struct session first, second;
    (void)state;

    w.limits.case_asks_per_staff_minute = 3;
    world_again(&w);
    session_live(&w, &first);
    session_live(&w, &second);
    assert_ok(ask_for_cases(first.agent));
    assert_ok(ask_for_cases(second.agent));
    assert_ok(ask_for_cases(first.agent));
    assert_int_equal(ask_for_cases(second.agent), PROTO_ERR_BUSY);
    world_pass(&w, 20000);
    assert_ok(ask_for_cases(second.agent));
}

/* The minute's worth is not there at once: while it was read everybody else would wait. */
static void case_asks_at_once_have_a_bound_of_their_own(void **state)
{
    enum { SHOWN = 32, AT_ONCE = 40 };
    struct session one;
    unsigned answered = 0;
    (void)state;

    w.limits.messages_per_second = 100000;
    world_again(&w);
    session_live(&w, &one);
    while (answered <= AT_ONCE && !ask_for_cases(one.agent))
        answered++;
    assert_in_range(answered, SHOWN, AT_ONCE);
}

/* One byte more than the kind may have is refused, and counted by its name; by the first byte, before the others. */
static void expect_too_large(uint32_t connection, uint8_t type, enum relay_bound bound, int64_t most)
{
    struct relay_core_figures before, after;

    relay_core_figures(w.core, &before);
    assert_true(relay_core_takes(w.core, connection, type, (size_t)most));
    assert_false(relay_core_takes(w.core, connection, type, (size_t)most + 1));
    relay_core_figures(w.core, &after);
    assert_int_equal(after.reached[bound] - before.reached[bound], 1);
}

static void limit_bytes_of_each_kind(void **state)
{
    struct session s;
    static uint8_t message[PROTO_MAX_MESSAGE_BYTES + 1];

    (void)state;
    w.limits.media_bytes = 65536;
    world_again(&w);
    session_live(&w, &s);
    expect_too_large(s.customer, PROTO_TYPE_HANDSHAKE, RELAY_BOUND_handshake_bytes, w.limits.handshake_bytes);
    expect_too_large(s.customer, PROTO_TYPE_CONTROL, RELAY_BOUND_control_bytes, w.limits.control_bytes);
    expect_too_large(s.customer, PROTO_TYPE_MEDIA, RELAY_BOUND_media_bytes, 65536);
    expect_too_large(s.customer, PROTO_TYPE_LOG, RELAY_BOUND_log_bytes, w.limits.log_bytes);
    expect_too_large(s.customer, PROTO_TYPE_RELAY, RELAY_BOUND_ask_bytes, w.limits.ask_bytes);
    message[0] = PROTO_TYPE_MEDIA;
    assert_int_equal(relay_core_feed(w.core, s.customer, message, 65537, w.now), PROTO_ERR_RANGE);
}

static void limit_hello_bytes_whatever_the_kind(void **state)
{
    uint32_t stranger = world_connect(&w, NULL, NULL);

    (void)state;
    expect_too_large(stranger, PROTO_TYPE_RELAY, RELAY_BOUND_hello_bytes, w.limits.hello_bytes);
    expect_too_large(stranger, PROTO_TYPE_MEDIA, RELAY_BOUND_hello_bytes, w.limits.hello_bytes);
    assert_false(relay_core_takes(w.core, 99, PROTO_TYPE_RELAY, 1)); /* nobody */
}

static void limits_that_make_no_sense_are_refused(void **state)
{
    struct relay_core_config config = {.join_host = "h", .origin = "o", .token_secret = w.token_secret};
    struct relay_core *core;
    (void)state;

    relay_limits_defaults(&config.limits);
    config.limits.sessions = 0;
    assert_int_equal(relay_core_new(&core, &config, w.now), PROTO_ERR_RANGE);
    relay_limits_defaults(&config.limits);
    config.limits.queue_bytes = 1000;
    assert_int_equal(relay_core_new(&core, &config, w.now), PROTO_ERR_RANGE);
    assert_null(core);
}

/* Each bound is a figure, and each was reached above, or in the test that the list has for it, which asks for it. */
static void every_bound_that_was_reached_is_counted(void **state)
{
    (void)state;
    for (int i = 0; i < RELAY_BOUNDS; i++) {
        const char *name = relay_limit_name((enum relay_bound)i);
        size_t row = 0;

        while (row < BOUNDS_ELSEWHERE && strcmp(bounds_elsewhere[row].bound, name) != 0)
            row++;
        if (row == BOUNDS_ELSEWHERE && !world_has_reached(name))
            fail_msg("%s: no test above has reached it, or it is not counted", name);
    }
}

#define LIMIT_TEST(name) cmocka_unit_test_setup_teardown(name, core_begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(limit_queue_bytes_closes_who_does_not_read),
        LIMIT_TEST(limit_queue_bytes_all_takes_from_the_longest_queue),
        LIMIT_TEST(near_the_bound_of_all_queues_pictures_go_before_connections),
        LIMIT_TEST(limit_queue_ms),
        LIMIT_TEST(limit_messages_per_second),
        LIMIT_TEST(limit_bytes_per_second),
        LIMIT_TEST(limit_log_pending),
        LIMIT_TEST(limit_log_bytes_per_minute),
        LIMIT_TEST(limit_log_bytes_per_staff_minute),
        LIMIT_TEST(gates_that_are_opened_again_and_again_have_the_measure_of_notes),
        LIMIT_TEST(limit_case_asks_per_staff_minute),
        LIMIT_TEST(case_asks_at_once_have_a_bound_of_their_own),
        LIMIT_TEST(limit_bytes_of_each_kind),
        LIMIT_TEST(limit_hello_bytes_whatever_the_kind),
        LIMIT_TEST(limits_that_make_no_sense_are_refused),
        cmocka_unit_test(every_bound_that_was_reached_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
