/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender is told of its frames: by the receiver that they came, and by the relay what waits. */
#include "tests/proto/test.h"

#include <string.h>

#include "tests/proto/session_test.h"

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 9);
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_forget_events(&sw);
    return 0;
}

/* Feeds the sender's end an acknowledgement as the agent would seal it. */
static void acknowledge(const handhold_MediaAck *ack)
{
    pair_send_message(sw.agent, PROTO_CONTROL_MEDIA_ACK, handhold_MediaAck_fields, ack);
    sw_carry(&sw);
}

static size_t acks_sent(size_t from)
{
    return sw_traced(&sw, from, false, PROTO_TYPE_CONTROL, PROTO_CONTROL_MEDIA_ACK);
}

static void each_frame_is_acknowledged_and_the_sender_hears_of_it(void **state)
{
    size_t from = sw.trace_count;

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_ok(sw_push(&sw, CAMERA, "a picture", i == 0));
        sw_pass(&sw, 33);
    }
    assert_int_equal(acks_sent(from), 10);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_MEDIA_ACK), 10);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM) + sw_count(&sw, true, PROTO_EVENT_ALARM), 0);
}

static void a_burst_is_acknowledged_in_few_messages_and_none_is_forgotten(void **state)
{
    size_t from = sw.trace_count;

    (void)state;
    for (int i = 0; i < 40; i++)
        assert_ok(sw_push(&sw, CAMERA, "a picture", i == 0));
    sw_carry(&sw);
    sw_pass(&sw, 100);
    assert_in_range(acks_sent(from), 3, 4); /* one at once, two that are full, and the rest */
    assert_int_equal(sw.agent->acks.message.obj_count, 0);
    assert_int_equal(proto_session_last_object(sw.customer, CAMERA), sw.customer->grants[CAMERA].object);
    assert_int_equal(proto_session_last_object(sw.customer, (enum proto_capability)99), 0);
}

static void state_and_voice_are_not_acknowledged(void **state)
{
    size_t from;

    (void)state;
    sw_grant(&sw, PROTO_CAPABILITY_DEVICE_STATE);
    sw_grant(&sw, PROTO_CAPABILITY_MICROPHONE);
    from = sw.trace_count;
    assert_ok(sw_push(&sw, PROTO_CAPABILITY_DEVICE_STATE, "on", false));
    assert_ok(sw_push(&sw, PROTO_CAPABILITY_MICROPHONE, "hello", false));
    sw_carry(&sw);
    sw_pass(&sw, 100);
    assert_int_equal(acks_sent(from), 0);
}

static void an_acknowledgement_that_makes_no_sense_is_ignored_and_nothing_more(void **state)
{
    uint32_t stream = sw.customer->grants[CAMERA].stream;
    const handhold_MediaAck wrong[] = {
        {.stream = stream},
        {.stream = stream, .obj_count = 2, .obj = {7, 7}, .arrival_ms_count = 2},
        {.stream = stream, .obj_count = 2, .obj = {7, 3}, .arrival_ms_count = 2},
        {.stream = stream, .obj_count = 2, .obj = {7, 8}, .arrival_ms_count = 1},
        {.stream = (stream + 1) % 64, .obj_count = 1, .obj = {1}, .arrival_ms_count = 1},
        {.stream = stream + 256, .obj_count = 1, .obj = {1}, .arrival_ms_count = 1},
        {.stream = 0, .obj_count = 1, .obj = {1}, .arrival_ms_count = 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        acknowledge(&wrong[i]);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_MEDIA_ACK), 0);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), 0);
    assert_true(sw.customer->pair.up);
}

static void a_customer_does_not_acknowledge(void **state)
{
    const handhold_MediaAck ack = {.stream = 1, .obj_count = 1, .obj = {1}, .arrival_ms_count = 1};

    (void)state;
    pair_send_message(sw.customer, PROTO_CONTROL_MEDIA_ACK, handhold_MediaAck_fields, &ack);
    sw_carry(&sw);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), 1); /* from the wrong side */
}

static void what_was_to_be_acknowledged_goes_with_the_pair(void **state)
{
    (void)state;
    assert_ok(sw_push(&sw, CAMERA, "one", true));
    assert_ok(sw_push(&sw, CAMERA, "two", false));
    sw_carry(&sw);
    assert_int_equal(sw.agent->acks.message.obj_count, 1);
    sw_cut(&sw, true);
    assert_int_equal(sw.agent->acks.message.obj_count, 0);
}

static void the_relays_report_reaches_the_sender_of_a_stream_it_has(void **state)
{
    handhold_FromRelay report = {.which_body = handhold_FromRelay_queue_report_tag};

    (void)state;
    report.body.queue_report =
        (handhold_QueueReport){.stream = sw.customer->grants[CAMERA].stream, .queued_ms = 120, .dropped = 2};
    sw_say(&sw, true, &report);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_MEDIA_QUEUE), 1);
    report.body.queue_report.stream += 256;
    sw_say(&sw, true, &report);
    report.body.queue_report.stream = 0;
    sw_say(&sw, true, &report);
    sw_say(&sw, false, &report);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_MEDIA_QUEUE), 1);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA_QUEUE), 0);
}

static void a_voice_leaves_before_pictures_that_wait(void **state)
{
    size_t len;

    (void)state;
    sw_grant(&sw, PROTO_CAPABILITY_MICROPHONE);
    const struct proto_frame picture = {.bytes = (const uint8_t *)"p", .len = 1, .key = true};
    const struct proto_frame voice = {.bytes = (const uint8_t *)"v", .len = 1};
    assert_ok(proto_session_push_frame(sw.customer, CAMERA, &picture, sw.now));
    assert_ok(proto_session_push_frame(sw.customer, CAMERA, &picture, sw.now));
    assert_ok(proto_session_push_frame(sw.customer, PROTO_CAPABILITY_MICROPHONE, &voice, sw.now));
    const uint8_t *first = proto_session_pending(sw.customer, &len);
    struct proto_media_header header;
    assert_ok(proto_media_header_parse(first, len, &header));
    assert_int_equal(header.class, PROTO_CLASS_AUDIO);
    sw_carry(&sw);
}

/* ---- the agent's voice ---- */

static enum proto_err speak(void)
{
    const struct proto_frame voice = {
        .bytes = (const uint8_t *)"good morning", .len = 12, .capture_mono_ms = sw.now.mono_ms};
    enum proto_err err = proto_session_push_voice(sw.agent, &voice, sw.now);

    sw_carry(&sw);
    return err;
}

static void hear(bool on)
{
    const handhold_Data data = {.which_body = handhold_Data_hearing_tag, .body.hearing.on = on};

    assert_ok(proto_session_send_data(sw.customer, &data, sw.now));
    sw_carry(&sw);
}

static void allow_voice_and_hear(void)
{
    sw_grant(&sw, PROTO_CAPABILITY_MICROPHONE);
    hear(true);
}

static size_t heard(void)
{
    return sw_count(&sw, true, PROTO_EVENT_MEDIA);
}

static void the_agent_is_heard_from_the_grant_to_its_end_and_never_else(void **state)
{
    (void)state;
    assert_false(proto_session_may_talk(sw.agent));
    assert_int_equal(speak(), PROTO_ERR_CONSENT);
    sw_grant(&sw, PROTO_CAPABILITY_MICROPHONE);
    assert_true(proto_session_may_talk(sw.agent) && !proto_session_is_heard(sw.agent));
    assert_int_equal(speak(), PROTO_ERR_CONSENT); /* they did not choose to hear */
    hear(true);
    assert_true(proto_session_is_heard(sw.agent));
    for (size_t i = 1; i <= 3; i++) {
        assert_ok(speak());
        assert_int_equal(heard(), i);
        assert_string_equal(sw_last(&sw, true, PROTO_EVENT_MEDIA)->text, "good morning");
    }
    hear(false);
    assert_int_equal(speak(), PROTO_ERR_CONSENT);
    hear(true);
    assert_ok(proto_session_withdraw(sw.customer, PROTO_CAPABILITY_MICROPHONE, sw.now));
    assert_null(sw.customer->grants[PROTO_CAPABILITY_MICROPHONE].reply);
    sw_carry(&sw);
    assert_null(sw.agent->held[PROTO_CAPABILITY_MICROPHONE].now.reply);
    assert_int_equal(speak(), PROTO_ERR_CONSENT);
    assert_int_equal(heard(), 3);
}

static void a_camera_alone_gives_the_agent_no_voice(void **state)
{
    (void)state;
    assert_int_equal(speak(), PROTO_ERR_CONSENT);
    assert_null(sw.agent->held[CAMERA].now.reply);
    assert_null(sw.customer->grants[CAMERA].reply);
}

static uint8_t kept[1024];
static size_t kept_len;

static bool keep_voice(struct session_world *w, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)w;
    if (!from_customer && bytes[0] == PROTO_TYPE_MEDIA && len <= sizeof kept) {
        memcpy(kept, bytes, len);
        kept_len = len;
    }
    return true;
}

static void a_packet_is_heard_once_and_an_altered_one_never(void **state)
{
    (void)state;
    allow_voice_and_hear();
    sw.hand = keep_voice;
    assert_ok(speak());
    assert_int_equal(heard(), 1);
    sw_feed(&sw, true, kept, kept_len);
    assert_int_equal(heard(), 1);
    assert_ok(speak());
    assert_int_equal(heard(), 2);
    sw.hand = NULL;
    for (size_t bit = 0; bit < kept_len * 8; bit++) {
        kept[bit / 8] ^= (uint8_t)(1 << bit % 8);
        sw_feed(&sw, true, kept, kept_len);
        kept[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 1; len < kept_len; len++)
        sw_feed(&sw, true, kept, len);
    assert_int_equal(heard(), 2);
    assert_ok(speak());
    assert_int_equal(heard(), 3);
}

static void a_pause_silences_both_and_a_resumed_pair_speaks_under_a_fresh_key(void **state)
{
    (void)state;
    allow_voice_and_hear();
    uint64_t kid = sw.agent->held[PROTO_CAPABILITY_MICROPHONE].now.kid;
    assert_ok(speak());
    assert_ok(proto_session_pause(sw.customer, true, "customer", "asked", sw.now));
    assert_ok(speak()); /* the word of it is on its way */
    assert_int_equal(heard(), 1);
    assert_int_equal(speak(), PROTO_ERR_CONSENT);
    assert_ok(proto_session_pause(sw.customer, false, "customer", "asked", sw.now));
    sw_carry(&sw);
    assert_ok(speak());
    assert_int_equal(heard(), 2);
    sw_cut(&sw, true);
    assert_int_equal(speak(), PROTO_ERR_CONSENT);
    sw_connect(&sw, true);
    sw_pass(&sw, 2000);
    assert_ok(speak());
    assert_int_equal(heard(), 3);
    assert_true(sw.agent->held[PROTO_CAPABILITY_MICROPHONE].now.kid != kid);
}

static bool lose_media(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world, (void)from_customer, (void)len;
    return bytes[0] != PROTO_TYPE_MEDIA;
}

/* It arrived, and is nobody's fault: who looks for what was lost must be able to tell. */
static void a_picture_without_the_one_before_it_is_told_of_and_not_shown(void **state)
{
    (void)state;
    assert_ok(sw_push(&sw, CAMERA, "one", true));
    sw.hand = lose_media;
    assert_ok(sw_push(&sw, CAMERA, "two", false));
    sw.hand = NULL;
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA_VAIN), 0);
    assert_ok(sw_push(&sw, CAMERA, "three", false));
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA_VAIN), 1);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "one");
}

int main(void)
{
#define MEDIA_TEST(name) cmocka_unit_test_setup_teardown(name, setup, sw_teardown)
    const struct CMUnitTest tests[] = {
        MEDIA_TEST(each_frame_is_acknowledged_and_the_sender_hears_of_it),
        MEDIA_TEST(a_burst_is_acknowledged_in_few_messages_and_none_is_forgotten),
        MEDIA_TEST(state_and_voice_are_not_acknowledged),
        MEDIA_TEST(an_acknowledgement_that_makes_no_sense_is_ignored_and_nothing_more),
        MEDIA_TEST(a_customer_does_not_acknowledge),
        MEDIA_TEST(what_was_to_be_acknowledged_goes_with_the_pair),
        MEDIA_TEST(the_relays_report_reaches_the_sender_of_a_stream_it_has),
        MEDIA_TEST(a_picture_without_the_one_before_it_is_told_of_and_not_shown),
        MEDIA_TEST(a_voice_leaves_before_pictures_that_wait),
        MEDIA_TEST(the_agent_is_heard_from_the_grant_to_its_end_and_never_else),
        MEDIA_TEST(a_camera_alone_gives_the_agent_no_voice),
        MEDIA_TEST(a_packet_is_heard_once_and_an_altered_one_never),
        MEDIA_TEST(a_pause_silences_both_and_a_resumed_pair_speaks_under_a_fresh_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
