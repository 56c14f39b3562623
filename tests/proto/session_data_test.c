/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent may say beside: camera control, good-bye, and what each end is not let say. */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 53);
    sw.customer_config.offers |= 1u << TORCH | 1u << ZOOM | 1u << STILL;
    return 0;
}

static handhold_CameraControl torch(bool on)
{
    return (handhold_CameraControl){.which_what = handhold_CameraControl_torch_tag, .what.torch = on};
}

static handhold_CameraControl zoom(float factor)
{
    return (handhold_CameraControl){.which_what = handhold_CameraControl_zoom_tag, .what.zoom = factor};
}

static handhold_CameraControl focus(float x, float y)
{
    return (handhold_CameraControl){.which_what = handhold_CameraControl_focus_tag, .what.focus = {x, y}};
}

static size_t told(bool customer, pb_size_t kind)
{
    const struct sw_event *row = customer ? sw.customer_events : sw.agent_events;
    size_t count = customer ? sw.customer_event_count : sw.agent_event_count, found = 0;

    for (size_t i = 0; i < count; i++)
        found += row[i].kind == PROTO_EVENT_DATA && row[i].number == kind;
    return found;
}

/* As a changed end would: past its own rules. */
static void rogue(bool customer, const handhold_Data *data)
{
    assert_ok(data_send(customer ? sw.customer : sw.agent, data));
    sw_carry(&sw);
}

static void rogue_control(handhold_CameraControl control)
{
    handhold_Data data = {.which_body = handhold_Data_camera_control_tag, .body.camera_control = control};

    rogue(false, &data);
}

/* ---- the camera ---- */

static void light_and_zoom_are_worked_under_their_own_consents_alone(void **state)
{
    handhold_CameraControl light = torch(true), close = zoom(2), there = focus(0.5f, 0.25f);

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    assert_int_equal(proto_session_camera_control(sw.agent, &light, sw.now), PROTO_ERR_CONSENT);
    assert_int_equal(proto_session_camera_control(sw.agent, &close, sw.now), PROTO_ERR_CONSENT);
    assert_ok(proto_session_camera_control(sw.agent, &there, sw.now)); /* the camera's own */
    sw_grant(&sw, TORCH);
    assert_ok(proto_session_camera_control(sw.agent, &light, sw.now));
    assert_int_equal(proto_session_camera_control(sw.agent, &close, sw.now), PROTO_ERR_CONSENT);
    sw_carry(&sw);
    assert_int_equal(told(true, handhold_Data_camera_control_tag), 2);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_LOGGED)->text, "command-executed");
    size_t logged = sw_count(&sw, false, PROTO_EVENT_LOGGED);
    light = torch(false);
    assert_ok(proto_session_camera_control(sw.agent, &light, sw.now));
    sw_pass(&sw, 1000);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_LOGGED), logged); /* once for each consent */
}

static void a_changed_agent_works_nothing_without_a_consent(void **state)
{
    (void)state;
    sw_join(&sw);
    rogue_control(torch(true));
    rogue_control(zoom(2));
    rogue_control(focus(0, 0));
    sw_grant(&sw, CAMERA);
    rogue_control(torch(true));
    sw_grant(&sw, TORCH);
    assert_ok(proto_session_withdraw(sw.customer, TORCH, sw.now));
    rogue_control(torch(true)); /* it may have crossed the withdrawal: no alarm, and nothing done */
    assert_int_equal(told(true, handhold_Data_camera_control_tag), 0);
    assert_int_equal(sw_alarms(true), 0);
    assert_int_equal(sw.customer->figures.data_refused, 5);
    assert_ok(proto_session_hold(sw.agent, true, sw.now));
    rogue_control(focus(0, 0));
    assert_int_equal(told(true, handhold_Data_camera_control_tag), 0);
}

static void a_control_out_of_its_bounds_is_an_alarm(void **state)
{
    const handhold_CameraControl wrong[] = {zoom(0.5f),
                                            zoom(101),
                                            zoom(-1),
                                            zoom((float)(0.0 / 0.0)),
                                            focus(1.5f, 0),
                                            focus(0, -0.1f),
                                            {.which_what = 0},
                                            {.which_what = handhold_CameraControl_lens_tag, .what.lens = ""},
                                            {.which_what = handhold_CameraControl_lens_tag, .what.lens = "a\nb"}};

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_grant(&sw, ZOOM);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(proto_session_camera_control(sw.agent, &wrong[i], sw.now), PROTO_ERR_RANGE);
        rogue_control(wrong[i]);
        assert_int_equal(sw_alarms(true), i + 1);
    }
    assert_int_equal(told(true, handhold_Data_camera_control_tag), 0);
}

static void what_the_camera_can_do_is_told_under_its_consent_alone(void **state)
{
    handhold_CameraState camera = {
        .can_torch = true, .zoom = 1, .zoom_max = 4, .lenses_count = 1, .lenses = {{"0", "back"}}, .lens = "0"};
    handhold_Data data = {.which_body = handhold_Data_camera_state_tag, .body.camera_state = camera};

    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_camera_state(sw.customer, &camera, sw.now), PROTO_ERR_CONSENT);
    rogue(true, &data); /* and the agent's end does not take it */
    assert_int_equal(told(false, handhold_Data_camera_state_tag), 0);
    sw_grant(&sw, CAMERA);
    assert_ok(proto_session_camera_state(sw.customer, &camera, sw.now));
    sw_carry(&sw);
    assert_int_equal(told(false, handhold_Data_camera_state_tag), 1);
    camera.lenses[0].id[0] = 0;
    assert_int_equal(proto_session_camera_state(sw.customer, &camera, sw.now), PROTO_ERR_RANGE);
}

static void points_outside_the_picture_are_an_alarm(void **state)
{
    handhold_Data point = {.which_body = handhold_Data_pointer_tag, .body.pointer = {2, 0}};
    handhold_Data mark = {.which_body = handhold_Data_mark_tag,
                          .body.mark = {.id = 1, .shape = "line", .points_count = 2, .points = {0, 7}}};

    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_send_data(sw.agent, &point, sw.now), PROTO_ERR_RANGE);
    rogue(false, &point);
    rogue(false, &mark);
    assert_int_equal(sw_alarms(true), 2);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_DATA), 0);
}

/* ---- each has its own ---- */

static void neither_end_says_what_is_the_others_to_say(void **state)
{
    static const struct {
        bool customer;
        pb_size_t kind;
    } wrong[] = {
        {true, handhold_Data_hold_tag},           {true, handhold_Data_still_ask_tag},
        {false, handhold_Data_still_answer_tag},  {true, handhold_Data_still_have_tag},
        {true, handhold_Data_camera_control_tag}, {false, handhold_Data_camera_state_tag},
        {true, handhold_Data_goodbye_tag},        {false, handhold_Data_rating_tag},
        {false, handhold_Data_paused_tag},        {false, handhold_Data_hearing_tag},
        {true, handhold_Data_guide_open_tag},     {false, handhold_Data_guide_act_tag},
        {true, handhold_Data_check_ask_tag},
    };

    (void)state;
    sw_join(&sw);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        handhold_Data data = {.which_body = wrong[i].kind};
        size_t before = sw_alarms(!wrong[i].customer);
        assert_int_equal(proto_session_send_data(wrong[i].customer ? sw.customer : sw.agent, &data, sw.now),
                         PROTO_ERR_ARGUMENT);
        rogue(wrong[i].customer, &data);
        assert_int_equal(sw_alarms(!wrong[i].customer), before + 1);
        assert_int_equal(told(!wrong[i].customer, wrong[i].kind), 0);
    }
    assert_ok(sw_chat(&sw, true, "and the talk goes on"));
    sw_carry(&sw);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_DATA)->text, "and the talk goes on");
}

/* ---- good-bye ---- */

static void say_goodbye(void)
{
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    assert_ok(proto_session_goodbye(sw.agent, sw.now));
    sw_carry(&sw);
}

static void a_good_bye_takes_everything_back_at_once(void **state)
{
    (void)state;
    say_goodbye();
    assert_null(sw_grant_of(CAMERA)->key);
    assert_null(sw.agent->held[CAMERA].now.key);
    assert_int_equal(told(true, handhold_Data_goodbye_tag), 1);
    assert_int_equal(sw_push(&sw, CAMERA, "nobody is to see this", true), PROTO_ERR_CONSENT);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
    assert_int_equal(proto_session_request(sw.agent, CAMERA, "once more", 0, sw.now), PROTO_ERR_STATE);
    assert_int_equal(proto_session_goodbye(sw.agent, sw.now), PROTO_ERR_STATE);
    handhold_ConsentRequest more = {.number = 9, .capability = STATE, .purpose = "more", .max_s = 60};
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &more);
    sw_carry(&sw);
    assert_int_equal(sw_consents(&sw, true, STATE, PROTO_CONSENT_REQUESTED), 0);
}

static void the_customer_rates_once_and_ends_it_as_completed(void **state)
{
    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_rate(sw.customer, 5, true, sw.now), PROTO_ERR_STATE); /* not before */
    assert_ok(proto_session_goodbye(sw.agent, sw.now));
    sw_carry(&sw);
    assert_int_equal(proto_session_rate(sw.customer, 0, true, sw.now), PROTO_ERR_RANGE);
    assert_int_equal(proto_session_rate(sw.customer, 6, true, sw.now), PROTO_ERR_RANGE);
    assert_ok(proto_session_rate(sw.customer, 4, true, sw.now));
    assert_int_equal(proto_session_rate(sw.customer, 5, true, sw.now), PROTO_ERR_STATE);
    proto_session_end(sw.customer, PROTO_END_COMPLETED, sw.now);
    sw_pass(&sw, 4000);
    assert_int_equal(told(false, handhold_Data_rating_tag), 1);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_COMPLETED);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_COMPLETED);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void without_a_last_word_it_ends_by_itself(void **state)
{
    (void)state;
    say_goodbye();
    sw_pass(&sw, PROTO_GOODBYE_MS - 100);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ENDED), 0);
    sw_pass(&sw, 4000);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_COMPLETED);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_COMPLETED);
}

static void an_agent_whose_good_bye_is_not_answered_leaves(void **state)
{
    (void)state;
    say_goodbye();
    sw.hold_customer = true;
    sw_cut(&sw, true);
    sw_pass(&sw, PROTO_GOODBYE_MS + 16000);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_COMPLETED);
}

static void a_changed_customer_cannot_rate_unasked_or_twice(void **state)
{
    handhold_Data rating = {.which_body = handhold_Data_rating_tag, .body.rating = {5, true}};

    (void)state;
    sw_join(&sw);
    rogue(true, &rating);
    assert_int_equal(sw_alarms(false), 1);
    assert_ok(proto_session_goodbye(sw.agent, sw.now));
    sw_carry(&sw);
    rogue(true, &rating);
    rogue(true, &rating);
    assert_int_equal(told(false, handhold_Data_rating_tag), 1);
    assert_int_equal(sw_alarms(false), 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(light_and_zoom_are_worked_under_their_own_consents_alone),
        CASE(a_changed_agent_works_nothing_without_a_consent),
        CASE(a_control_out_of_its_bounds_is_an_alarm),
        CASE(what_the_camera_can_do_is_told_under_its_consent_alone),
        CASE(points_outside_the_picture_are_an_alarm),
        CASE(neither_end_says_what_is_the_others_to_say),
        CASE(a_good_bye_takes_everything_back_at_once),
        CASE(the_customer_rates_once_and_ends_it_as_completed),
        CASE(without_a_last_word_it_ends_by_itself),
        CASE(an_agent_whose_good_bye_is_not_answered_leaves),
        CASE(a_changed_customer_cannot_rate_unasked_or_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
