/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that nobody may send, or not now. */
#include <stdlib.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

static void expect_broken(const void *message, size_t len, bool seated, enum proto_err err)
{
    struct session s;
    uint32_t connection;
    uint8_t *copy = malloc(len ? len : 1);

    memcpy(copy, message, len);
    if (seated) {
        session_live(&w, &s);
        connection = s.customer;
    } else {
        connection = world_connect(&w, NULL, NULL);
    }
    assert_string_equal(proto_err_name(relay_core_feed(w.core, connection, copy, len, w.now)), proto_err_name(err));
    free(copy);
    world_expect_error(&w, connection, err, true);
    assert_true(world_closing(&w, connection));
    assert_int_equal(relay_core_feed(w.core, connection, (const uint8_t *)"x", 1, w.now), err); /* and nothing more */
    size_t size;
    assert_null(world_take(&w, connection, &size));
    relay_core_closed(w.core, connection, w.now);
    if (seated)
        relay_core_closed(w.core, s.agent, w.now);
}

static void broken_messages_close_the_connection_and_say_why(void **state)
{
    static uint8_t big[PROTO_MAX_MESSAGE_BYTES + 1];
    static const struct {
        uint8_t bytes[24];
        size_t len;
    } cases[] = {
        {{0}, 0},
        {{PROTO_TYPE_RELAY}, 1},
        {{PROTO_TYPE_RELAY, 0, 0}, 3},
        {{PROTO_TYPE_RELAY, 0, 0, 1}, 4},                      /* the spare byte */
        {{PROTO_TYPE_RELAY, 0, 0, 0, 0xff}, 5},                /* no protobuf */
        {{PROTO_TYPE_RELAY, 0, 0, 0, 0x22, 0xff, 0xff, 3}, 8}, /* a gate longer than the message */
        {{PROTO_TYPE_LOG, 1, 0, 0, 0x0a}, 5},
        {{0x77, 1, 2, 0}, 4},
        {{PROTO_TYPE_CONTROL, 16, 2, 0}, 4},
        {{PROTO_TYPE_MEDIA, 0, 1, 5}, 4},
        {{PROTO_TYPE_MEDIA, 0x80, 1, 5}, 16}, /* unknown flag */
        {{PROTO_TYPE_MEDIA, 0, 1, 64}, 16},   /* no such stream */
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_broken(cases[i].bytes, cases[i].len, true, PROTO_ERR_FORMAT);
    big[0] = PROTO_TYPE_CONTROL;
    big[1] = 1;
    big[2] = 2;
    expect_broken(big, PROTO_MAX_CONTROL_BYTES + 1, true, PROTO_ERR_RANGE);
    big[0] = PROTO_TYPE_MEDIA;
    expect_broken(big, PROTO_MAX_MEDIA_BYTES + 1, true, PROTO_ERR_RANGE);
}

static void nothing_may_come_before_hello(void **state)
{
    static const uint8_t early[][16] = {{PROTO_TYPE_CONTROL, 1, 2, 0},
                                        {PROTO_TYPE_LOG, 1, 0, 0},
                                        {PROTO_TYPE_MEDIA, 0, 1, 5},
                                        {PROTO_TYPE_HANDSHAKE, 1, 2, 0}};
    (void)state;

    for (size_t i = 0; i < 4; i++)
        expect_broken(early[i], 16, false, PROTO_ERR_STATE);
}

/* Every ToRelay message from everybody who may not say it. */
static void messages_out_of_order_close_the_connection(void **state)
{
    static const struct {
        enum { FRESH, STAFF, CUSTOMER, AGENT } who;
        pb_size_t tag;
    } cases[] = {
        {FRESH, handhold_ToRelay_open_tag},        {FRESH, handhold_ToRelay_session_key_tag},
        {FRESH, handhold_ToRelay_gate_tag},        {FRESH, handhold_ToRelay_consistency_ask_tag},
        {FRESH, handhold_ToRelay_leave_tag},       {STAFF, handhold_ToRelay_hello_tag},
        {STAFF, handhold_ToRelay_session_key_tag}, {STAFF, handhold_ToRelay_gate_tag},
        {STAFF, handhold_ToRelay_leave_tag},       {CUSTOMER, handhold_ToRelay_hello_tag},
        {CUSTOMER, handhold_ToRelay_open_tag},     {CUSTOMER, handhold_ToRelay_session_key_tag},
        {AGENT, handhold_ToRelay_hello_tag},       {AGENT, handhold_ToRelay_open_tag},
        {AGENT, handhold_ToRelay_gate_tag},        {AGENT, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        handhold_ToRelay message = handhold_ToRelay_init_zero;
        struct session s;
        session_live(&w, &s);
        uint32_t fresh = world_connect(&w, NULL, NULL), staff = world_connect_staff(&w, &w.staff[1]);
        const uint32_t who[] = {fresh, staff, s.customer, s.agent};
        message.which_body = cases[i].tag;
        assert_int_equal(world_say(&w, who[cases[i].who], 0, &message), PROTO_ERR_STATE);
        world_expect_error(&w, who[cases[i].who], PROTO_ERR_STATE, true);
        assert_true(world_closing(&w, who[cases[i].who]));
        relay_core_closed(w.core, fresh, w.now);
        relay_core_closed(w.core, staff, w.now);
        relay_core_closed(w.core, s.customer, w.now);
        relay_core_closed(w.core, s.agent, w.now);
    }
}

static void nothing_is_taken_while_a_session_is_being_opened(void **state)
{
    struct session s;
    uint32_t agent = world_connect_staff(&w, &w.staff[0]);
    (void)state;

    assert_ok(session_ask(&w, &s, agent));
    assert_int_equal(world_send(&w, agent, PROTO_TYPE_CONTROL, 2, 1, "x", 1), PROTO_ERR_STATE);
    relay_core_closed(w.core, agent, w.now);
    world_work(&w);
    world_pass(&w, 600000);
    world_work(&w);
    assert_string_equal(world_row(&w, s.sid)->ended_reason, "expired");
    world_events(&w, s.sid, NULL, 0);
}

#define BROKEN_TEST(name) cmocka_unit_test_setup_teardown(name, core_begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BROKEN_TEST(broken_messages_close_the_connection_and_say_why),
        BROKEN_TEST(nothing_may_come_before_hello),
        BROKEN_TEST(messages_out_of_order_close_the_connection),
        BROKEN_TEST(nothing_is_taken_while_a_session_is_being_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
