/* SPDX-License-Identifier: Apache-2.0 */
/* A still: asked for, sent by the person alone, whole or not at all, and gone with its consent. */
#include "tests/proto/test.h"

#include "proto/session/grants.h"
#include "tests/proto/session_test.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 47);
    sw.customer_config.offers |= 1u << TORCH | 1u << ZOOM | 1u << STILL;
    return 0;
}

enum { PART = PROTO_STILL_PART_BYTES };

static uint8_t picture[40 * PART + 77];

static struct proto_still still_of(size_t len)
{
    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (uint8_t)(i * 31 + i / 251);
    return (struct proto_still){picture, len, 1920, 1080, "image/jpeg"};
}

static uint32_t ask(void)
{
    uint32_t id = 0;

    assert_ok(proto_session_still_ask(sw.agent, &id, sw.now));
    sw_carry(&sw);
    return id;
}

static uint32_t join_and_ask(void)
{
    sw_join(&sw);
    sw_grant(&sw, STILL);
    return ask();
}

static enum proto_err send(uint32_t id, size_t len)
{
    struct proto_still still = still_of(len);
    enum proto_err err = proto_session_still_send(sw.customer, id, &still, sw.now);

    return err;
}

static const struct sw_event *last(bool customer)
{
    return sw_last(&sw, customer, PROTO_EVENT_STILL);
}

static void assert_whole(uint32_t id, size_t len)
{
    assert_int_equal(last(false)->step, PROTO_STILL_STEP_WHOLE);
    assert_int_equal(last(false)->number, id);
    assert_int_equal(last(false)->len, len);
    assert_int_equal(last(true)->step, PROTO_STILL_STEP_WHOLE);
    assert_null(sw.customer->still_out.bytes);
    assert_null(sw.agent->still_in.bytes);
}

static size_t steps(bool customer, enum proto_still_step step)
{
    const struct sw_event *row = customer ? sw.customer_events : sw.agent_events;
    size_t count = customer ? sw.customer_event_count : sw.agent_event_count, found = 0;

    for (size_t i = 0; i < count; i++)
        found += row[i].kind == PROTO_EVENT_STILL && row[i].step == step;
    return found;
}

static void rogue(bool customer, const handhold_Data *data)
{
    assert_ok(data_send(customer ? sw.customer : sw.agent, data));
    sw_carry(&sw);
}

/* ---- a person sends it ---- */

static void a_still_that_the_person_sent_arrives_whole_and_stands_in_the_log(void **state)
{
    static const size_t sizes[] = {1, PART, PART + 1, sizeof picture};

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, STILL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t id = ask();
        assert_int_equal(id, i + 1);
        assert_int_equal(last(true)->step, PROTO_STILL_STEP_ASKED);
        assert_int_equal(steps(false, PROTO_STILL_STEP_WHOLE), i); /* asking alone brings nothing */
        assert_ok(send(id, sizes[i]));
        sw_pass(&sw, 100);
        assert_whole(id, sizes[i]);
        assert_memory_equal(sw.still, picture, sizes[i]);
        assert_string_equal(sw_last(&sw, false, PROTO_EVENT_LOGGED)->text, "still-taken");
    }
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA), 0);
}

static void until_the_tap_no_byte_of_it_leaves(void **state)
{
    (void)state;
    join_and_ask();
    size_t frames = sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0);
    sw_pass(&sw, 60000);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0), frames);
    assert_int_equal(sw_push(&sw, STILL, "past the person", true), PROTO_ERR_ARGUMENT);
}

static void a_still_that_the_person_discards_is_never_sent(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    assert_ok(proto_session_still_discard(sw.customer, id, false, sw.now));
    sw_carry(&sw);
    assert_int_equal(last(false)->step, PROTO_STILL_STEP_DISCARDED);
    assert_int_equal(send(id, 10), PROTO_ERR_STATE);
    assert_int_equal(ask(), id + 1); /* the next may be asked for */
    assert_ok(proto_session_still_discard(sw.customer, id + 1, true, sw.now));
    sw_carry(&sw);
    assert_int_equal(last(false)->step, PROTO_STILL_STEP_FAILED);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0), 0);
}

static void one_still_is_under_way_at_a_time(void **state)
{
    uint32_t id;

    (void)state;
    join_and_ask();
    assert_int_equal(proto_session_still_ask(sw.agent, &id, sw.now), PROTO_ERR_STATE);
}

static void a_still_over_its_bounds_is_not_taken(void **state)
{
    struct proto_still still = still_of(10);

    (void)state;
    uint32_t id = join_and_ask();
    still.len = PROTO_STILL_MAX_BYTES + 1;
    assert_int_equal(proto_session_still_send(sw.customer, id, &still, sw.now), PROTO_ERR_RANGE);
    still.len = 0;
    assert_int_equal(proto_session_still_send(sw.customer, id, &still, sw.now), PROTO_ERR_RANGE);
    still = still_of(10);
    still.width = 0;
    assert_int_equal(proto_session_still_send(sw.customer, id, &still, sw.now), PROTO_ERR_RANGE);
    still = still_of(10);
    still.mime = "text/html";
    assert_int_equal(proto_session_still_send(sw.customer, id, &still, sw.now), PROTO_ERR_RANGE);
    assert_ok(send(id, 10));
    assert_int_equal(send(id, 10), PROTO_ERR_STATE); /* once */
}

/* ---- without a consent ---- */

static void without_a_consent_no_still_is_asked_for_nor_sent(void **state)
{
    handhold_Data wish = {.which_body = handhold_Data_still_ask_tag, .body.still_ask.id = 1};
    uint32_t id;

    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_still_ask(sw.agent, &id, sw.now), PROTO_ERR_CONSENT);
    rogue(false, &wish); /* a changed agent asks all the same: nobody is bothered */
    assert_int_equal(steps(true, PROTO_STILL_STEP_ASKED), 0);
    assert_int_equal(send(1, 10), PROTO_ERR_STATE);
    sw_grant(&sw, CAMERA); /* another consent is another consent */
    wish.body.still_ask.id = 2;
    rogue(false, &wish);
    assert_int_equal(steps(true, PROTO_STILL_STEP_ASKED), 0);
    assert_int_equal(sw_alarms(true), 0);
}

static void taken_back_before_the_tap_it_cannot_be_sent(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    assert_ok(proto_session_withdraw(sw.customer, STILL, sw.now));
    assert_int_equal(last(true)->step, PROTO_STILL_STEP_ASKED);
    sw_carry(&sw);
    assert_int_equal(last(true)->step, PROTO_STILL_STEP_FAILED);
    assert_int_equal(last(false)->step, PROTO_STILL_STEP_FAILED);
    assert_int_equal(send(id, 10), PROTO_ERR_STATE);
}

static bool drop_media(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)from_customer;
    (void)len;
    return bytes[0] != PROTO_TYPE_MEDIA || world->seen++ < world->aim;
}

static void taken_back_half_way_what_is_left_never_leaves_and_what_came_is_wiped(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw.hand = drop_media;
    sw.aim = 20;
    assert_ok(send(id, sizeof picture));
    sw_carry(&sw);
    assert_int_equal(sw.agent->still_in.next, 20);
    assert_ok(proto_session_withdraw(sw.customer, STILL, sw.now));
    assert_null(sw.customer->still_out.bytes); /* at once */
    sw.hand = NULL;
    size_t frames = sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0);
    sw_pass(&sw, 10000);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0), frames);
    assert_null(sw.agent->still_in.bytes);
    assert_int_equal(last(false)->step, PROTO_STILL_STEP_FAILED);
    assert_int_equal(steps(false, PROTO_STILL_STEP_WHOLE), 0);
}

/* ---- a line that loses ---- */

static void parts_that_are_lost_are_sent_again(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw.hand = drop_media;
    sw.aim = 7;
    assert_ok(send(id, sizeof picture));
    sw_carry(&sw);
    assert_int_equal(sw.agent->still_in.next, 7);
    sw.hand = NULL;
    sw_pass(&sw, PROTO_STILL_WAIT_MS + 100);
    assert_whole(id, sizeof picture);
    assert_memory_equal(sw.still, picture, sizeof picture);
}

static bool drop_every_fifth(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)from_customer;
    (void)len;
    return bytes[0] != PROTO_TYPE_MEDIA || ++world->seen % 5;
}

static void on_a_line_that_loses_every_fifth_part_it_still_comes_whole(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw.hand = drop_every_fifth;
    assert_ok(send(id, sizeof picture));
    sw_pass(&sw, 60000);
    assert_whole(id, sizeof picture);
    assert_memory_equal(sw.still, picture, sizeof picture);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void at_most_a_window_of_parts_is_under_way(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw.hold_agent = true; /* nothing is acknowledged */
    assert_ok(send(id, sizeof picture));
    sw_carry(&sw);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0), PROTO_STILL_WINDOW);
    sw_release(&sw);
    sw_pass(&sw, 100);
    assert_whole(id, sizeof picture);
}

static void after_a_lost_connection_it_goes_on_where_it_was(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw.hand = drop_media;
    sw.aim = 20;
    assert_ok(send(id, sizeof picture));
    sw_carry(&sw);
    sw.hand = NULL;
    size_t before = sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0);
    sw_cut(&sw, true);
    sw_pass(&sw, 1000);
    sw_connect(&sw, true);
    sw_pass(&sw, 3000);
    assert_whole(id, sizeof picture);
    assert_memory_equal(sw.still, picture, sizeof picture);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0), before + 41 - 20); /* and not from the beginning */
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void the_person_may_take_their_time_through_a_lost_connection(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw_cut(&sw, false);
    assert_ok(send(id, 3 * PART));
    sw_connect(&sw, false);
    sw_pass(&sw, 3000);
    assert_whole(id, 3 * PART);
}

static void on_hold_it_waits_and_then_goes_on(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw.hand = drop_media;
    sw.aim = 5;
    assert_ok(send(id, sizeof picture));
    sw_carry(&sw);
    sw.hand = NULL;
    assert_ok(proto_session_hold(sw.agent, true, sw.now));
    sw_carry(&sw);
    size_t frames = sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0);
    sw_pass(&sw, 5000);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_MEDIA, 0), frames);
    assert_ok(proto_session_hold(sw.agent, false, sw.now));
    sw_pass(&sw, 4000);
    assert_whole(id, sizeof picture);
}

static void a_still_leaves_the_line_to_the_picture(void **state)
{
    struct proto_frame frame = {.bytes = picture, .len = 1000, .key = true};

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_grant(&sw, STILL);
    assert_ok(send(ask(), sizeof picture));
    size_t len;
    assert_non_null(proto_session_pending(sw.customer, &len));
    while (sw.customer->out.control.first) {
        proto_session_sent(sw.customer);
        (void)proto_session_pending(sw.customer, &len);
    }
    assert_ok(proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now));
    size_t parts_before = 0;
    const uint8_t *bytes = proto_session_pending(sw.customer, &len);
    while (bytes[3] != sw_grant_of(CAMERA)->stream) {
        parts_before++;
        proto_session_sent(sw.customer);
        bytes = proto_session_pending(sw.customer, &len);
    }
    assert_in_range(parts_before, 0, 1);
}

/* ---- changed ends ---- */

static void a_changed_customer_cannot_push_a_still_that_nobody_asked_for(void **state)
{
    handhold_Data answer = {.which_body = handhold_Data_still_answer_tag,
                            .body.still_answer = {.id = 5,
                                                  .outcome = PROTO_STILL_SENDING,
                                                  .width = 1,
                                                  .height = 1,
                                                  .bytes = 100,
                                                  .parts = 1,
                                                  .mime = "image/png"}};

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, STILL);
    rogue(true, &answer);
    assert_int_equal(sw_alarms(false), 1);
    assert_null(sw.agent->still_in.bytes);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_STILL), 0);
}

static void an_answer_that_does_not_add_up_is_an_alarm_and_takes_no_memory(void **state)
{
    static const handhold_StillAnswer wrong[] = {
        {1, PROTO_STILL_SENDING, 10, 10, PROTO_STILL_MAX_BYTES + 1, 513, "image/png"},
        {1, PROTO_STILL_SENDING, 10, 10, 100, 2, "image/png"},
        {1, PROTO_STILL_SENDING, 10, 10, 0, 0, "image/png"},
        {1, PROTO_STILL_SENDING, 0, 10, 100, 1, "image/png"},
        {1, PROTO_STILL_SENDING, 10, PROTO_STILL_MAX_PIXELS + 1, 100, 1, "image/png"},
        {1, PROTO_STILL_SENDING, 10, 10, 100, 1, "image/svg+xml"},
        {1, 0, 10, 10, 100, 1, "image/png"},
        {1, PROTO_STILL_OUTCOME_COUNT, 10, 10, 100, 1, "image/png"},
    };

    (void)state;
    join_and_ask();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        handhold_Data data = {.which_body = handhold_Data_still_answer_tag, .body.still_answer = wrong[i]};
        rogue(true, &data);
        assert_int_equal(sw_alarms(false), i + 1);
        assert_null(sw.agent->still_in.bytes);
    }
}

static void push_part(uint32_t id, uint32_t part, size_t len)
{
    static handhold_StillPart m;
    struct proto_buf plain;
    struct proto_frame frame = {.key = true};

    m.id = id;
    m.part = part;
    m.bytes.size = (pb_size_t)len;
    memset(m.bytes.bytes, 7, len);
    proto_buf_init(&plain, PART + 64);
    assert_ok(proto_message_encode(&plain, handhold_StillPart_fields, &m));
    frame.bytes = plain.bytes;
    frame.len = plain.len;
    frame.capture_mono_ms = sw.now.mono_ms;
    assert_ok(grant_push(sw.customer, STILL, &frame));
    proto_buf_free(&plain);
    sw_carry(&sw);
}

static void parts_that_do_not_belong_are_left_out(void **state)
{
    handhold_Data answer = {.which_body = handhold_Data_still_answer_tag,
                            .body.still_answer = {.id = 1,
                                                  .outcome = PROTO_STILL_SENDING,
                                                  .width = 1,
                                                  .height = 1,
                                                  .bytes = 2 * PART - 5,
                                                  .parts = 2,
                                                  .mime = "image/png"}};

    (void)state;
    join_and_ask();
    push_part(1, 0, PART); /* before its answer */
    assert_int_equal(sw.agent->figures.data_refused, 1);
    rogue(true, &answer);
    push_part(2, 0, PART); /* of another */
    assert_int_equal(sw.agent->figures.data_refused, 2);
    push_part(1, 0, PART - 1); /* too short */
    assert_int_equal(sw_alarms(false), 1);
    push_part(1, 7, PART); /* beyond */
    assert_int_equal(sw.agent->still_in.next, 0);
    push_part(1, 0, PART);
    push_part(1, 0, PART); /* twice */
    push_part(1, 1, PART); /* too long */
    assert_int_equal(sw_alarms(false), 2);
    assert_int_equal(sw.agent->still_in.next, 1);
    push_part(1, 1, PART - 5);
    assert_int_equal(last(false)->step, PROTO_STILL_STEP_WHOLE);
    push_part(1, 1, PART - 5); /* after its end */
    assert_int_equal(steps(false, PROTO_STILL_STEP_WHOLE), 1);
}

static void a_changed_agent_that_has_more_than_there_is_is_an_alarm(void **state)
{
    handhold_Data have = {.which_body = handhold_Data_still_have_tag};

    (void)state;
    uint32_t id = join_and_ask();
    sw.hand = drop_media;
    sw.aim = 3;
    assert_ok(send(id, sizeof picture));
    sw_carry(&sw);
    have.body.still_have = (handhold_StillHave){id, 1000, false};
    rogue(false, &have);
    have.body.still_have = (handhold_StillHave){id, 1000, true};
    rogue(false, &have);
    assert_int_equal(sw_alarms(true), 2);
    assert_non_null(sw.customer->still_out.bytes);
    have.body.still_have = (handhold_StillHave){id + 1, 3, true}; /* of another */
    rogue(false, &have);
    assert_int_equal(sw_alarms(true), 2);
}

static void a_number_that_was_used_is_not_asked_under_again(void **state)
{
    handhold_Data wish = {.which_body = handhold_Data_still_ask_tag, .body.still_ask.id = 1};

    (void)state;
    assert_ok(send(join_and_ask(), 10));
    sw_pass(&sw, 100);
    rogue(false, &wish);
    assert_int_equal(sw_alarms(true), 1);
    assert_int_equal(steps(true, PROTO_STILL_STEP_ASKED), 1);
}

static void nothing_of_a_still_is_left_when_the_session_ends(void **state)
{
    (void)state;
    uint32_t id = join_and_ask();
    sw.hand = drop_media;
    sw.aim = 5;
    assert_ok(send(id, sizeof picture));
    sw_carry(&sw);
    proto_session_end(sw.customer, PROTO_END_CUSTOMER_LEFT, sw.now);
    assert_null(sw.customer->still_out.bytes);
    sw_pass(&sw, 5000);
    assert_null(sw.agent->still_in.bytes);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_still_that_the_person_sent_arrives_whole_and_stands_in_the_log),
        CASE(until_the_tap_no_byte_of_it_leaves),
        CASE(a_still_that_the_person_discards_is_never_sent),
        CASE(one_still_is_under_way_at_a_time),
        CASE(a_still_over_its_bounds_is_not_taken),
        CASE(without_a_consent_no_still_is_asked_for_nor_sent),
        CASE(taken_back_before_the_tap_it_cannot_be_sent),
        CASE(taken_back_half_way_what_is_left_never_leaves_and_what_came_is_wiped),
        CASE(parts_that_are_lost_are_sent_again),
        CASE(on_a_line_that_loses_every_fifth_part_it_still_comes_whole),
        CASE(at_most_a_window_of_parts_is_under_way),
        CASE(after_a_lost_connection_it_goes_on_where_it_was),
        CASE(the_person_may_take_their_time_through_a_lost_connection),
        CASE(on_hold_it_waits_and_then_goes_on),
        CASE(a_still_leaves_the_line_to_the_picture),
        CASE(a_changed_customer_cannot_push_a_still_that_nobody_asked_for),
        CASE(an_answer_that_does_not_add_up_is_an_alarm_and_takes_no_memory),
        CASE(parts_that_do_not_belong_are_left_out),
        CASE(a_changed_agent_that_has_more_than_there_is_is_an_alarm),
        CASE(a_number_that_was_used_is_not_asked_under_again),
        CASE(nothing_of_a_still_is_left_when_the_session_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
