/* SPDX-License-Identifier: Apache-2.0 */
/* What a session outlives: lost connections, silence, held messages, full rows. */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 13);
    return 0;
}

static void assert_live_again(void)
{
    char text[32];

    sw_pass(&sw, 2500);
    assert_true(sw.customer->pair.up && sw.agent->pair.up);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_LIVE);
    snprintf(text, sizeof text, "frame of epoch %u", sw.customer->grants[CAMERA].epoch);
    assert_ok(sw_push(&sw, CAMERA, text, true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, text);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 1); /* nobody was asked again */
}

/* ---- resuming ---- */

static void either_end_comes_back_under_a_new_key_and_nobody_is_asked(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    for (int i = 0; i < 6; i++) {
        uint32_t epoch = sw.customer->grants[CAMERA].epoch;
        sw_cut(&sw, i % 2);
        assert_null(sw.customer->grants[CAMERA].key);
        assert_null(sw.agent->held[CAMERA].now.key);
        sw_pass(&sw, 700);
        sw_connect(&sw, i % 2);
        assert_live_again();
        assert_true(sw.customer->grants[CAMERA].epoch > epoch);
    }
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_CONNECTION)->connection, PROTO_CONNECTION_RESUMED);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM) + sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
}

/* The message that hands over the newest key may be the one that is lost: each end has two. */
static size_t lost_at;
static bool lose_one_handshake_message(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)from_customer;
    (void)len;
    if (bytes[0] != PROTO_TYPE_HANDSHAKE)
        return true;
    return world->seen++ != lost_at;
}

static void whichever_message_of_a_resume_is_lost_the_next_attempt_stands(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    for (lost_at = 0; lost_at < 4; lost_at++) {
        sw_cut(&sw, true);
        sw_pass(&sw, 300);
        sw.seen = 0;
        sw.hand = lose_one_handshake_message;
        sw_connect(&sw, true);
        sw_pass(&sw, 500);
        sw.hand = NULL;
        sw_cut(&sw, true); /* and the connection dies with it */
        sw_pass(&sw, 300);
        sw_connect(&sw, true);
        sw_pass(&sw, PROTO_HANDSHAKE_WAIT_MS + 3000);
        assert_live_again();
    }
    assert_false(sw.customer->over || sw.agent->over);
}

/* The agent's machine sleeps: what the customer sends waits for it, and all of that is answered when it wakes. */
static struct sw_message *waits, **last_wait;
static bool nobody_is_awake(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    if (from_customer && bytes[0] == PROTO_TYPE_HANDSHAKE) {
        struct sw_message *m = malloc(sizeof *m + len);

        assert_non_null(m);
        *m = (struct sw_message){.len = len};
        memcpy(m->bytes, bytes, len);
        *last_wait = m;
        last_wait = &m->next;
    }
    return false;
}

static bool nobody_hears_the_customer(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    return nobody_is_awake(world, from_customer, bytes, len) || !from_customer;
}

static bool wake_for_one(void)
{
    struct sw_message *m = waits;

    if (!m)
        return false;
    waits = m->next;
    if (!waits)
        last_wait = &waits;
    sw_feed(&sw, false, m->bytes, m->len);
    free(m);
    return true;
}

static unsigned wake(void)
{
    unsigned count = 0;

    while (wake_for_one())
        count++;
    return count;
}

static void an_agent_who_wakes_answers_late_and_is_no_impostor(void **state)
{
    (void)state;
    last_wait = &waits;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    for (int night = 0; night < 4; night++) {
        sw.hand = nobody_is_awake;
        sw_pass(&sw, 45000);
        sw.hand = NULL;
        assert_in_range(wake(), 2, 10);
        sw_carry(&sw);
        sw_pass(&sw, PROTO_HANDSHAKE_WAIT_MS + 3000);
        assert_live_again();
    }
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM) + sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
}

/* The first answer spoils the attempt that runs; its own comes when there is another one. */
static void an_agent_who_answers_late_twice_is_no_impostor(void **state)
{
    (void)state;
    last_wait = &waits;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw.hand = nobody_is_awake;
    sw_pass(&sw, PROTO_SILENT_MS + PROTO_HANDSHAKE_WAIT_MS + 3 * PROTO_HEARTBEAT_MS);
    sw.hand = nobody_hears_the_customer;
    assert_true(wake_for_one());
    sw_carry(&sw);
    sw_pass(&sw, 2 * PROTO_HEARTBEAT_MS);
    sw.hand = NULL;
    assert_int_equal(wake(), 2);
    sw_carry(&sw);
    sw_pass(&sw, PROTO_HANDSHAKE_WAIT_MS + 3000);
    assert_live_again();
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM) + sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
}

/* The agent's end keeps the pair of before until it has the customer's last word of the resume. */
static uint8_t word[PROTO_MAX_CONTROL_BYTES];
static size_t word_len;
static bool keep_the_agents_word(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    if (from_customer || bytes[0] != PROTO_TYPE_CONTROL)
        return true;
    assert_true(len <= sizeof word);
    if (!word_len)
        memcpy(word, bytes, word_len = len);
    return false;
}

static void a_word_to_the_pair_before_is_no_alarm_in_the_one_after_it(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    word_len = 0;
    sw.hand = keep_the_agents_word;
    sw_pass(&sw, 2 * PROTO_HEARTBEAT_MS);
    sw_cut(&sw, true);
    sw_pass(&sw, 300);
    sw_connect(&sw, true);
    sw_pass(&sw, 500);
    assert_true(sw.customer->pair.up && !sw.customer->pair.confirmed);
    sw_feed(&sw, true, word, word_len);
    assert_false(sw.customer->pair.up);
    sw.hand = NULL;
    assert_live_again();
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM) + sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
    sw_feed(&sw, true, word, word_len); /* but behind what did open it is one */
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), 1);
}

/* ---- DATA ---- */

static void assert_chat_in_order(bool at_customer, unsigned count)
{
    const struct sw_event *row = at_customer ? sw.customer_events : sw.agent_events;
    size_t events = at_customer ? sw.customer_event_count : sw.agent_event_count;
    unsigned next = 0;
    char expected[32];

    for (size_t i = 0; i < events; i++) {
        if (row[i].kind != PROTO_EVENT_DATA)
            continue;
        snprintf(expected, sizeof expected, "line %u", next++);
        assert_string_equal(row[i].text, expected);
    }
    assert_int_equal(next, count);
}

static bool lose_control_after(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)from_customer;
    (void)len;
    return bytes[0] != PROTO_TYPE_CONTROL || world->seen++ < world->aim;
}

static void what_is_said_arrives_once_and_in_order_across_resumes(void **state)
{
    char text[32];
    unsigned said = 0;

    (void)state;
    sw_join(&sw);
    for (int round = 0; round < 8; round++) {
        sw.hand = lose_control_after; /* the line dies in the middle of what is said or acknowledged */
        sw.seen = 0;
        sw.aim = (size_t)round;
        for (int i = 0; i < 4; i++) {
            snprintf(text, sizeof text, "line %u", said++);
            assert_ok(sw_chat(&sw, true, text));
            assert_ok(sw_chat(&sw, false, text));
        }
        sw.hand = NULL;
        sw_cut(&sw, round % 2);
        snprintf(text, sizeof text, "line %u", said++);
        assert_ok(sw_chat(&sw, true, text)); /* and while there is none */
        assert_ok(sw_chat(&sw, false, text));
        sw_pass(&sw, 200);
        sw_connect(&sw, round % 2);
        sw_pass(&sw, 1500);
    }
    assert_chat_in_order(true, said);
    assert_chat_in_order(false, said);
    assert_int_equal(sw.customer->data.count, 0);
    assert_int_equal(sw.agent->data.count, 0);
}

static void chat_waits_until_it_is_confirmed(void **state)
{
    (void)state;
    sw_join(&sw);
    assert_true(proto_session_comes_through(sw.customer));
    assert_ok(sw_chat(&sw, true, "on a line that stands"));
    assert_int_equal(proto_session_chat_waits(sw.customer), 0);
    sw_cut(&sw, true);
    assert_false(proto_session_comes_through(sw.customer));
    assert_ok(sw_chat(&sw, true, "one"));
    assert_ok(sw_chat(&sw, true, "two"));
    assert_int_equal(proto_session_chat_waits(sw.customer), 2);
    sw_connect(&sw, true);
    sw_pass(&sw, 1500);
    assert_int_equal(proto_session_chat_waits(sw.customer), 0);
    assert_true(proto_session_comes_through(sw.customer));
}

static void what_is_not_acknowledged_is_bounded(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_cut(&sw, false);
    for (int i = 0; i < PROTO_MAX_UNACKED; i++)
        assert_ok(sw_chat(&sw, true, "hello?"));
    assert_int_equal(sw_chat(&sw, true, "one too many"), PROTO_ERR_FULL);
    sw_connect(&sw, false);
    sw_pass(&sw, 1500);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_DATA), PROTO_MAX_UNACKED);
    assert_ok(sw_chat(&sw, true, "there is room again"));
}

/* ---- silence ---- */

static bool lose_handshakes(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    (void)from_customer;
    (void)len;
    return bytes[0] != PROTO_TYPE_HANDSHAKE;
}

static void three_seconds_without_a_heartbeat_are_not_live_and_ten_stop_capture(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2000);
    sw.hold_customer = sw.hold_agent = true;
    sw.hand = lose_handshakes;
    int64_t since_customer = sw.customer->pair.hb_heard_ms, since_agent = sw.agent->pair.hb_heard_ms;
    sw_pass(&sw, since_agent + PROTO_STALE_MS - 1 - sw.now.mono_ms);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_LIVE), 0);
    sw_pass(&sw, 2);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_LIVE), 1);
    assert_false(sw_last(&sw, false, PROTO_EVENT_LIVE)->on);
    sw_pass(&sw, since_customer + PROTO_SILENT_MS - 1 - sw.now.mono_ms);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_LIVE);
    sw_pass(&sw, 2);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_SUSPENDED);
    assert_null(sw.customer->grants[CAMERA].key);
    assert_false(sw_last(&sw, true, PROTO_EVENT_CAPTURE)->on);
    assert_int_equal(sw_push(&sw, CAMERA, "nobody is there", true), PROTO_ERR_CONSENT);
}

static void heartbeats_that_come_back_are_live_again(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw.hold_customer = true;
    sw_pass(&sw, 4000);
    assert_false(sw_last(&sw, false, PROTO_EVENT_LIVE)->on);
    sw_release(&sw);
    assert_true(sw_last(&sw, false, PROTO_EVENT_LIVE)->on);
    assert_live_again();
}

/* It hears all that is said to it: only its own heartbeats, which nobody confirms, can tell. */
static void who_hears_and_is_not_heard_knows_it_and_captures_nothing_for_nobody(void **state)
{
    int64_t since;

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_LIVE), 0);
    sw.hold_customer = true;
    sw.hand = lose_handshakes;
    since = sw.now.mono_ms;
    sw_pass(&sw, PROTO_STALE_MS + 2 * PROTO_HEARTBEAT_MS);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_LIVE), 1);
    assert_false(sw_last(&sw, true, PROTO_EVENT_LIVE)->on);
    assert_true(sw.customer->pair.up);
    assert_true(sw.now.mono_ms < sw.customer->pair.hb_heard_ms + PROTO_STALE_MS);
    sw_pass(&sw, since + PROTO_SILENT_MS + 2 * PROTO_HEARTBEAT_MS - sw.now.mono_ms);
    assert_false(sw_last(&sw, true, PROTO_EVENT_CAPTURE)->on);
    assert_int_equal(sw_push(&sw, CAMERA, "nobody is there", true), PROTO_ERR_CONSENT);
}

/* ---- bounds ---- */

static void a_row_of_events_that_nobody_reads_ends_the_session_and_is_bounded(void **state)
{
    uint8_t garbage[PROTO_ENVELOPE_BYTES + 3] = {0};

    (void)state;
    sw_join(&sw);
    proto_envelope_write(garbage, PROTO_TYPE_RELAY, PROTO_INDEX_RELAY, PROTO_INDEX_CUSTOMER);
    memset(garbage + PROTO_ENVELOPE_BYTES, 0xff, 3);
    for (int i = 0; i < 3 * EVENTS_MAX; i++) /* each is an ERROR event; the owner sleeps */
        proto_session_feed(sw.customer, garbage, sizeof garbage, sw.now);
    assert_true(sw.customer->events.count <= EVENTS_MAX);
    proto_session_tick(sw.customer, sw.now);
    assert_true(sw.customer->over);
}

static void frames_that_nobody_reads_are_left_out_and_end_nothing(void **state)
{
    char text[32];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    for (unsigned i = 0; i < EVENTS_MAX + 50; i++) {
        struct proto_frame frame = {.bytes = (const uint8_t *)text, .key = true};
        const uint8_t *bytes;
        size_t len;
        frame.len = (size_t)snprintf(text, sizeof text, "%u", i);
        assert_ok(proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now));
        while ((bytes = proto_session_pending(sw.customer, &len))) {
            proto_session_feed(sw.agent, bytes, len, sw.now);
            proto_session_sent(sw.customer);
        }
    }
    assert_true(sw.agent->events.count <= EVENTS_MAX);
    assert_false(sw.agent->events.overflow);
    sw_pass(&sw, 10);
    assert_false(sw.agent->over);
}

static void frames_that_are_not_sent_are_bounded_and_control_still_passes(void **state)
{
    static uint8_t big[200000];
    struct proto_frame frame = {.bytes = big, .len = sizeof big, .key = true};
    enum proto_err err = PROTO_OK;
    size_t pushed = 0, len;

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    while (!err && pushed++ < 100)
        err = proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now);
    assert_int_equal(err, PROTO_ERR_FULL);
    assert_true(proto_session_backlog_bytes(sw.customer) <= OUTQ_MEDIA_MAX_BYTES);
    uint64_t counter = sw.customer->grants[CAMERA].counter;
    assert_int_equal(proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now), PROTO_ERR_FULL);
    assert_int_equal(sw.customer->grants[CAMERA].counter, counter); /* nothing was sealed */
    handhold_Data data = {.which_body = handhold_Data_chat_tag, .body.chat.text = "quick"};
    assert_ok(proto_session_send_data(sw.customer, &data, sw.now));
    assert_int_equal(proto_session_pending(sw.customer, &len)[0], PROTO_TYPE_CONTROL);
    frame.len = PROTO_MAX_MEDIA_BYTES;
    assert_int_equal(proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now), PROTO_ERR_RANGE);
}

static void messages_of_any_type_and_length_that_say_nothing_change_nothing(void **state)
{
    static const uint8_t types[] = {
        PROTO_TYPE_HANDSHAKE, PROTO_TYPE_MEDIA, PROTO_TYPE_LOG, PROTO_TYPE_RELAY, 0, 0x12, 0xff};
    uint8_t bytes[40];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    for (size_t t = 0; t < sizeof types; t++)
        for (size_t len = 0; len <= sizeof bytes; len++)
            for (int who = 0; who < 2; who++) {
                memset(bytes, (int)len, sizeof bytes);
                bytes[0] = types[t];
                bytes[3] = 0;
                sw_feed(&sw, who, bytes, len);
            }
    sw_carry(&sw);
    assert_true(sw.customer->pair.up && sw.agent->pair.up);
    assert_live_again();
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(either_end_comes_back_under_a_new_key_and_nobody_is_asked),
        CASE(whichever_message_of_a_resume_is_lost_the_next_attempt_stands),
        CASE(an_agent_who_wakes_answers_late_and_is_no_impostor),
        CASE(an_agent_who_answers_late_twice_is_no_impostor),
        CASE(a_word_to_the_pair_before_is_no_alarm_in_the_one_after_it),
        CASE(what_is_said_arrives_once_and_in_order_across_resumes),
        CASE(chat_waits_until_it_is_confirmed),
        CASE(what_is_not_acknowledged_is_bounded),
        CASE(three_seconds_without_a_heartbeat_are_not_live_and_ten_stop_capture),
        CASE(heartbeats_that_come_back_are_live_again),
        CASE(who_hears_and_is_not_heard_knows_it_and_captures_nothing_for_nobody),
        CASE(a_row_of_events_that_nobody_reads_ends_the_session_and_is_bounded),
        CASE(frames_that_nobody_reads_are_left_out_and_end_nothing),
        CASE(frames_that_are_not_sent_are_bounded_and_control_still_passes),
        CASE(messages_of_any_type_and_length_that_say_nothing_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
