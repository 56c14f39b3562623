/* SPDX-License-Identifier: Apache-2.0 */
/* What a window shows of a session, without a window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent/desk/news.h"
#include "agent/desk/quality.h"
#include "agent/desk/tabs.h"
#include "agent/desk/view.h"
#include "agent/desk/wrap.h"

static struct agent_view view; /* large: it holds a conversation */
static struct proto_now now;

static int begin(void **state)
{
    (void)state;
    now = (struct proto_now){.mono_ms = 100000, .unix_ms = 1795300000000};
    agent_view_init(&view, PROTO_ROLE_AGENT);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    agent_view_clear(&view);
    return 0;
}

static void tell(const struct proto_event *event)
{
    agent_view_event(&view, event, now);
}

static void invite(void)
{
    tell(&(struct proto_event){
        .kind = PROTO_EVENT_INVITE,
        .invite = {"0102", "https://h/j#secret", "407 183 922 9", "help.example.org", 86400, 600}});
}

static void join(void)
{
    invite();
    tell(&(struct proto_event){.kind = PROTO_EVENT_JOINED, .joined = {.peer = "phone"}});
}

static void consent_until(enum proto_capability capability, enum proto_consent_state state, uint32_t max_s)
{
    tell(
        &(struct proto_event){.kind = PROTO_EVENT_CONSENT,
                              .consent = {.capability = capability, .state = state, .purpose = "why", .max_s = max_s}});
}

static void consent(enum proto_capability capability, enum proto_consent_state state)
{
    consent_until(capability, state, 0);
}

static void data(const handhold_Data *message)
{
    tell(&(struct proto_event){.kind = PROTO_EVENT_DATA, .data = message});
}

static void pause_by(const char *by, const char *reason)
{
    handhold_Data message = {.which_body = handhold_Data_paused_tag};

    message.body.paused.paused = *by != '\0';
    snprintf(message.body.paused.by, sizeof message.body.paused.by, "%s", by);
    snprintf(message.body.paused.reason, sizeof message.body.paused.reason, "%s", reason);
    data(&message);
}

static void a_session_goes_from_connecting_to_its_end(void **state)
{
    (void)state;
    assert_int_equal(view.phase, AGENT_VIEW_CONNECTING);
    invite();
    assert_int_equal(view.phase, AGENT_VIEW_INVITED);
    assert_string_equal(view.code, "407 183 922 9");
    assert_true(agent_view_has_customer(&view));
    join();
    assert_int_equal(view.phase, AGENT_VIEW_JOINED);
    tell(&(struct proto_event){.kind = PROTO_EVENT_ENDED, .ended = {PROTO_END_CUSTOMER_LEFT, 1, ""}});
    assert_int_equal(view.phase, AGENT_VIEW_ENDED);
    assert_string_equal(agent_view_end_words(view.end), "The customer has left");
    assert_false(agent_view_has_customer(&view));
}

static void a_link_is_forgotten_once_it_was_used(void **state)
{
    (void)state;
    join();
    assert_string_equal(view.link, "");
    assert_string_equal(view.code, "");
}

static void it_says_where_the_customer_is(void **state)
{
    (void)state;
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_AWAITED);
    join();
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_HERE);
    pause_by("device", "page-hidden");
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_HIDDEN);
    pause_by("device", "phone-call");
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_CALL);
    pause_by("customer", "asked");
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_PAUSED);
    pause_by("agent", "hold");
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_HELD);
    pause_by("", "");
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_HERE);
    tell(&(struct proto_event){.kind = PROTO_EVENT_LIVE, .live = false});
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_SILENT);
}

static void line(enum proto_connection_state state)
{
    struct proto_event e = {.kind = PROTO_EVENT_CONNECTION};

    e.connection.state = state;
    tell(&e);
}

static void a_line_that_is_cut_is_not_the_customer_who_is_here(void **state)
{
    (void)state;
    join();
    line(PROTO_CONNECTION_RECONNECTING); /* the customer's: ours is there */
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_SILENT);
    agent_view_take_line(&view, false);
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_CUT);
    tell(&(struct proto_event){.kind = PROTO_EVENT_LIVE, .live = false}); /* nor is anything heard: of course not */
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_CUT);
    agent_view_take_line(&view, true);
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_SILENT);
    tell(&(struct proto_event){.kind = PROTO_EVENT_LIVE, .live = true});
    assert_string_not_equal(agent_view_customer_words(AGENT_VIEW_CUSTOMER_CUT),
                            agent_view_customer_words(AGENT_VIEW_CUSTOMER_HERE));
    line(PROTO_CONNECTION_RESUMED);
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_HERE);
}

/* On a line that stands a line of chat is confirmed in a moment, and nothing is said of that. */
static void what_we_said_has_not_left_while_nothing_comes_through(void **state)
{
    (void)state;
    join();
    agent_view_take_chat(&view, 2);
    assert_int_equal(agent_view_chat_waits(&view), 0);
    tell(&(struct proto_event){.kind = PROTO_EVENT_LIVE, .live = false});
    assert_int_equal(agent_view_chat_waits(&view), 2);
    agent_view_take_chat(&view, 1);
    assert_int_equal(agent_view_chat_waits(&view), 1);
    tell(&(struct proto_event){.kind = PROTO_EVENT_LIVE, .live = true});
    assert_int_equal(agent_view_chat_waits(&view), 0);
    agent_view_take_line(&view, false);
    assert_int_equal(agent_view_chat_waits(&view), 1);
}

static void what_the_relay_said_of_itself_is_over_when_the_line_is_back(void **state)
{
    struct proto_event e = {.kind = PROTO_EVENT_ERROR};
    uint64_t before;

    (void)state;
    join();
    e.error.message = "this relay is about to end";
    tell(&e);
    assert_string_equal(view.notice, "this relay is about to end");
    line(PROTO_CONNECTION_RECONNECTING);
    assert_string_equal(view.notice, "this relay is about to end");
    before = view.notices;
    line(PROTO_CONNECTION_RESUMED);
    assert_string_equal(view.notice, "");
    assert_true(view.notices > before);
    agent_view_tell(&view, AGENT_VIEW_ALARM, "the log is forked");
    line(PROTO_CONNECTION_RESUMED);
    assert_string_equal(view.notice, "the log is forked");
}

static void nothing_is_asked_before_somebody_is_there(void **state)
{
    (void)state;
    invite();
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_NOBODY);
    join();
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_MAY);
}

static void three_refusals_in_a_row_silence_every_question(void **state)
{
    (void)state;
    join();
    for (int i = 0; i < PROTO_REFUSALS_MUTE; i++) {
        assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_RECORDING), AGENT_VIEW_ASK_MAY);
        consent(PROTO_CAPABILITY_RECORDING, PROTO_CONSENT_REQUESTED);
        assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_RECORDING), AGENT_VIEW_ASK_OPEN);
        consent(PROTO_CAPABILITY_RECORDING, PROTO_CONSENT_REFUSED);
    }
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_RECORDING), AGENT_VIEW_ASK_SILENCED);
    assert_string_equal(agent_view_state_words(&view, PROTO_CAPABILITY_RECORDING), "Refused");
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_SILENCED);
    assert_string_equal(agent_view_state_words(&view, PROTO_CAPABILITY_CAMERA), "Not asked");
}

static void a_grant_forgives_the_refusals_before_it(void **state)
{
    (void)state;
    join();
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_REFUSED);
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_REFUSED);
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_GRANTED);
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_REFUSED);
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_MAY);
}

static void what_the_phone_blocked_after_a_yes_can_be_asked_again_and_what_it_cannot_do_not(void **state)
{
    (void)state;
    join();
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_REQUESTED);
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_GRANTED);
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_BLOCKED);
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_MAY);
    assert_string_equal(agent_view_state_words(&view, PROTO_CAPABILITY_CAMERA), "Blocked by the phone");
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_REQUESTED);
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_BLOCKED);
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_CANNOT);
    assert_string_equal(agent_view_state_words(&view, PROTO_CAPABILITY_CAMERA), "Not possible");
}

static void what_the_policy_forbids_is_not_asked(void **state)
{
    struct proto_policy policy;

    (void)state;
    join();
    proto_policy_defaults(&policy, "example.org");
    agent_view_take_policy(&view, &policy);
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_LOCATION), AGENT_VIEW_ASK_POLICY);
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_MAY);
}

static void a_grant_with_an_end_counts_down(void **state)
{
    (void)state;
    join();
    consent_until(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_GRANTED, 60);
    assert_int_equal(agent_view_left_ms(&view, PROTO_CAPABILITY_CAMERA, now.mono_ms + 15000), 45000);
    assert_int_equal(agent_view_left_ms(&view, PROTO_CAPABILITY_CAMERA, now.mono_ms + 99000), 0);
    consent_until(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_GRANTED, 0);
    assert_int_equal(agent_view_left_ms(&view, PROTO_CAPABILITY_CAMERA, now.mono_ms), -1);
}

static void a_picture_is_not_live_from_three_seconds_on(void **state)
{
    (void)state;
    join();
    assert_false(agent_view_not_live(&view, now.mono_ms));
    assert_int_equal(agent_view_picture_age_ms(&view, now.mono_ms), -1);
    view.picture_ms = now.mono_ms;
    assert_false(agent_view_not_live(&view, now.mono_ms + PROTO_STALE_MS - 1));
    assert_true(agent_view_not_live(&view, now.mono_ms + PROTO_STALE_MS));
    tell(&(struct proto_event){.kind = PROTO_EVENT_LIVE, .live = false});
    assert_true(agent_view_not_live(&view, now.mono_ms + 1));
}

static void the_conversation_keeps_its_newest_lines(void **state)
{
    handhold_Data message = {.which_body = handhold_Data_chat_tag};

    (void)state;
    join();
    snprintf(message.body.chat.text, sizeof message.body.chat.text, "hello");
    data(&message);
    agent_view_said(&view, "hi", now);
    assert_false(agent_view_chat_line(&view, 0)->mine);
    assert_string_equal(agent_view_chat_line(&view, 1)->text, "hi");
    assert_true(agent_view_chat_line(&view, 1)->mine);
    assert_null(agent_view_chat_line(&view, 2));
    for (unsigned i = 0; i < AGENT_VIEW_CHAT_MAX; i++)
        agent_view_said(&view, "more", now);
    assert_null(agent_view_chat_line(&view, 1));
    assert_string_equal(agent_view_chat_line(&view, 2)->text, "more");
}

static void check_words_that_differ_are_an_alarm(void **state)
{
    handhold_Data message = {.which_body = handhold_Data_check_words_tag};

    (void)state;
    join();
    message.body.check_words.match = false;
    data(&message);
    assert_int_equal(view.words_theirs, AGENT_VIEW_WORDS_DIFFER);
    assert_int_equal(view.notice_level, AGENT_VIEW_ALARM);
    message.body.check_words.match = true; /* it was a slip */
    data(&message);
    assert_int_equal(view.words_theirs, AGENT_VIEW_WORDS_SAME);
    assert_string_equal(view.notice, "");
}

static void the_figures_of_a_picture_are_words(void **state)
{
    struct agent_desk_picture_stats good = {
        .frames = 30, .width = 1280, .height = 720, .fps = 29.9, .kbps = 1412, .latency_p50_ms = 68};
    struct agent_desk_picture_stats late = good, jerky = good;
    char text[AGENT_QUALITY_BYTES];

    (void)state;
    agent_quality_figures(&good, text);
    assert_string_equal(text, "1280×720 · 30 fps · 1.4 Mbit/s · 68 ms");
    assert_int_equal(agent_quality_grade(&good), AGENT_QUALITY_GOOD);
    assert_string_equal(agent_quality_reason(&good), "");
    late.latency_p50_ms = 900;
    assert_int_equal(agent_quality_grade(&late), AGENT_QUALITY_POOR);
    assert_non_null(strstr(agent_quality_reason(&late), "late"));
    jerky.fps = 12;
    jerky.kbps = 100;
    assert_int_equal(agent_quality_grade(&jerky), AGENT_QUALITY_FAIR);
    assert_non_null(strstr(agent_quality_reason(&jerky), "carries little"));
}

static void the_last_minute_is_remembered_and_no_more(void **state)
{
    const struct agent_desk_picture_stats good = {
        .frames = 30, .width = 1280, .height = 720, .fps = 29.9, .kbps = 1412, .latency_p50_ms = 68};
    struct agent_desk_picture_stats late = good, jerky = good;
    struct agent_quality_past past = {0};
    enum agent_quality grade;
    double fps;

    (void)state;
    late.latency_p50_ms = 900;
    jerky.fps = 12;
    assert_false(agent_quality_ago(&past, 0, &grade, &fps));
    agent_quality_add(&past, &late);
    for (unsigned i = 0; i < AGENT_QUALITY_SECONDS - 2; i++)
        agent_quality_add(&past, &good);
    agent_quality_add(&past, &jerky);
    assert_int_equal(agent_quality_seconds(&past, AGENT_QUALITY_POOR), 1);
    assert_int_equal(agent_quality_seconds(&past, AGENT_QUALITY_GOOD), AGENT_QUALITY_SECONDS - 2);
    assert_true(agent_quality_ago(&past, 0, &grade, &fps));
    assert_int_equal(grade, AGENT_QUALITY_FAIR);
    agent_quality_add(&past, &good); /* a minute on, the oldest second is gone */
    assert_int_equal(agent_quality_seconds(&past, AGENT_QUALITY_POOR), 0);
    assert_false(agent_quality_ago(&past, AGENT_QUALITY_SECONDS, &grade, &fps));
}

static void one_session_is_live_and_the_others_are_held(void **state)
{
    (void)state;
    assert_int_equal(agent_tabs_step(AGENT_VIEW_JOINED, false, false, AGENT_VIEW_JOINED), AGENT_TABS_HOLD);
    assert_int_equal(agent_tabs_step(AGENT_VIEW_JOINED, true, false, AGENT_VIEW_JOINED), AGENT_TABS_LEAVE);
    assert_int_equal(agent_tabs_step(AGENT_VIEW_JOINED, true, true, AGENT_VIEW_JOINED), AGENT_TABS_COME_BACK);
    assert_int_equal(agent_tabs_step(AGENT_VIEW_JOINED, false, false, AGENT_VIEW_INVITED), AGENT_TABS_LEAVE);
    assert_int_equal(agent_tabs_step(AGENT_VIEW_INVITED, false, true, AGENT_VIEW_INVITED), AGENT_TABS_LEAVE);
}

static void a_hold_says_how_long_coming_back_is_free(void **state)
{
    (void)state;
    join();
    assert_int_equal(agent_view_hold_left_ms(&view, now.mono_ms), -1);
    agent_view_hold(&view, true, now);
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_HELD);
    assert_int_equal(agent_view_hold_left_ms(&view, now.mono_ms + 20000), 40000);
    assert_int_equal(agent_view_hold_left_ms(&view, now.mono_ms + 99000), 0);
    agent_view_hold(&view, false, now);
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_HERE);
}

static void where_the_customer_points_is_shown_for_a_while(void **state)
{
    handhold_Data pointer = {.which_body = handhold_Data_pointer_tag};
    double u, v;

    (void)state;
    join();
    assert_false(agent_view_their_pointer(&view, now.mono_ms, &u, &v));
    pointer.body.pointer.x = 0.25f;
    pointer.body.pointer.y = 0.75f;
    data(&pointer);
    assert_true(agent_view_their_pointer(&view, now.mono_ms, &u, &v));
    assert_true(u == 0.25 && v == 0.75);
    now.mono_ms += AGENT_VIEW_POINTER_MS;
    assert_false(agent_view_their_pointer(&view, now.mono_ms, &u, &v));
}

static void chat(const char *text)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    snprintf(data.body.chat.text, sizeof data.body.chat.text, "%s", text);
    tell(&(struct proto_event){.kind = PROTO_EVENT_DATA, .data = &data});
}

static void an_agent_who_looks_elsewhere_is_told_of_what_the_customer_did_and_of_nothing_else(void **state)
{
    struct agent_news seen = {0};

    (void)state;
    invite();
    assert_null(agent_news(&seen, &view));
    tell(&(struct proto_event){.kind = PROTO_EVENT_JOINED, .joined = {.peer = "phone"}});
    assert_string_equal(agent_news(&seen, &view), "The customer is here");
    assert_null(agent_news(&seen, &view)); /* once */
    agent_view_said(&view, "Hello", now);
    assert_null(agent_news(&seen, &view)); /* that was the agent */
    chat("The code is 1234");
    assert_string_equal(agent_news(&seen, &view), "The customer has written"); /* not what */
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_REQUESTED);
    assert_null(agent_news(&seen, &view));
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_REFUSED);
    assert_string_equal(agent_news(&seen, &view), "The customer has answered your question");
    tell(&(struct proto_event){.kind = PROTO_EVENT_ENDED, .ended = {.reason = PROTO_END_CUSTOMER_LEFT}});
    assert_string_equal(agent_news(&seen, &view), agent_view_end_words(PROTO_END_CUSTOMER_LEFT));
}

static void an_end_that_the_agent_made_is_no_news(void **state)
{
    struct agent_news seen = {0};

    (void)state;
    join();
    assert_non_null(agent_news(&seen, &view));
    tell(&(struct proto_event){.kind = PROTO_EVENT_ENDED, .ended = {.reason = PROTO_END_COMPLETED}});
    assert_null(agent_news(&seen, &view));
}

static void words_that_differ_for_the_agent_are_an_alarm_until_they_are_compared_once_more(void **state)
{
    (void)state;
    join();
    agent_view_compared(&view, false);
    assert_int_equal(view.words_ours, AGENT_VIEW_WORDS_DIFFER);
    assert_int_equal(view.notice_level, AGENT_VIEW_ALARM);
    assert_non_null(strstr(view.notice, "compare once more"));
    agent_view_compared(&view, true);
    assert_int_equal(view.words_ours, AGENT_VIEW_WORDS_SAME);
    assert_string_equal(view.notice, "");
    tell(&(struct proto_event){.kind = PROTO_EVENT_ALARM, .alarm = {.message = "the log is forked"}});
    agent_view_compared(&view, true);
    assert_string_equal(view.notice, "the log is forked"); /* another alarm stays */
}

static void after_a_good_bye_nothing_is_asked_and_the_customer_has_the_last_word(void **state)
{
    (void)state;
    join();
    agent_view_said_goodbye(&view);
    assert_int_equal(agent_view_customer(&view), AGENT_VIEW_CUSTOMER_PARTING);
    assert_int_equal(agent_view_may_ask(&view, PROTO_CAPABILITY_CAMERA), AGENT_VIEW_ASK_GOODBYE);
    assert_true(agent_view_has_customer(&view));
}

static void a_photo_is_awaited_until_it_comes_or_does_not(void **state)
{
    static const enum proto_still_step ends[] = {PROTO_STILL_STEP_WHOLE, PROTO_STILL_STEP_DISCARDED,
                                                 PROTO_STILL_STEP_FAILED};

    (void)state;
    join();
    consent(PROTO_CAPABILITY_STILL, PROTO_CONSENT_GRANTED);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        agent_view_asked_photo(&view);
        tell(&(struct proto_event){.kind = PROTO_EVENT_STILL, .still = {.step = PROTO_STILL_STEP_SENDING}});
        assert_true(view.awaits_photo);
        tell(&(struct proto_event){.kind = PROTO_EVENT_STILL, .still = {.step = ends[i]}});
        assert_false(view.awaits_photo);
    }
    agent_view_asked_photo(&view);
    consent(PROTO_CAPABILITY_STILL, PROTO_CONSENT_WITHDRAWN);
    assert_false(view.awaits_photo);
}

static void an_end_that_waits_for_the_line_is_one_and_says_who_is_told_when(void **state)
{
    (void)state;
    join();
    now.mono_ms += 5000;
    agent_view_end_waits(&view, PROTO_END_WRONG_PERSON, now);
    assert_int_equal(view.phase, AGENT_VIEW_ENDED);
    assert_int_equal(view.end, PROTO_END_WRONG_PERSON);
    assert_non_null(strstr(agent_view_end_note(&view), "as soon as it is back"));
    int64_t ended_ms = view.ended_ms;
    now.mono_ms += 5000;
    tell(&(struct proto_event){.kind = PROTO_EVENT_ENDED, .ended = {PROTO_END_WRONG_PERSON, 2, ""}});
    assert_string_equal(agent_view_end_note(&view), "");
    assert_int_equal(view.ended_ms, ended_ms); /* when it was tapped */
    tell(&(struct proto_event){.kind = PROTO_EVENT_ENDED, .ended = {PROTO_END_WRONG_PERSON, 2, "nobody was told"}});
    assert_string_equal(agent_view_end_note(&view), "nobody was told");
}

static void a_customer_who_leaves_before_anything_happened_was_no_contact(void **state)
{
    (void)state;
    join();
    tell(&(struct proto_event){.kind = PROTO_EVENT_ENDED, .ended = {PROTO_END_CUSTOMER_LEFT, 1, ""}});
    assert_int_equal(agent_wrap_likely(&view), AGENT_WRAP_NO_CONTACT);
    consent(PROTO_CAPABILITY_CAMERA, PROTO_CONSENT_GRANTED);
    assert_int_equal(agent_wrap_likely(&view), AGENT_WRAP_SOLVED);
    view.end = PROTO_END_WRONG_PERSON;
    assert_int_equal(agent_wrap_likely(&view), AGENT_WRAP_NO_CONTACT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_customer_who_leaves_before_anything_happened_was_no_contact, begin, finish),
        cmocka_unit_test_setup_teardown(a_session_goes_from_connecting_to_its_end, begin, finish),
        cmocka_unit_test_setup_teardown(a_link_is_forgotten_once_it_was_used, begin, finish),
        cmocka_unit_test_setup_teardown(it_says_where_the_customer_is, begin, finish),
        cmocka_unit_test_setup_teardown(a_line_that_is_cut_is_not_the_customer_who_is_here, begin, finish),
        cmocka_unit_test_setup_teardown(what_we_said_has_not_left_while_nothing_comes_through, begin, finish),
        cmocka_unit_test_setup_teardown(what_the_relay_said_of_itself_is_over_when_the_line_is_back, begin, finish),
        cmocka_unit_test_setup_teardown(nothing_is_asked_before_somebody_is_there, begin, finish),
        cmocka_unit_test_setup_teardown(three_refusals_in_a_row_silence_every_question, begin, finish),
        cmocka_unit_test_setup_teardown(a_grant_forgives_the_refusals_before_it, begin, finish),
        cmocka_unit_test_setup_teardown(what_the_phone_blocked_after_a_yes_can_be_asked_again_and_what_it_cannot_do_not,
                                        begin, finish),
        cmocka_unit_test_setup_teardown(what_the_policy_forbids_is_not_asked, begin, finish),
        cmocka_unit_test_setup_teardown(a_grant_with_an_end_counts_down, begin, finish),
        cmocka_unit_test_setup_teardown(a_picture_is_not_live_from_three_seconds_on, begin, finish),
        cmocka_unit_test_setup_teardown(the_conversation_keeps_its_newest_lines, begin, finish),
        cmocka_unit_test_setup_teardown(check_words_that_differ_are_an_alarm, begin, finish),
        cmocka_unit_test(one_session_is_live_and_the_others_are_held),
        cmocka_unit_test_setup_teardown(a_hold_says_how_long_coming_back_is_free, begin, finish),
        cmocka_unit_test(the_figures_of_a_picture_are_words),
        cmocka_unit_test(the_last_minute_is_remembered_and_no_more),
        cmocka_unit_test_setup_teardown(where_the_customer_points_is_shown_for_a_while, begin, finish),
        cmocka_unit_test_setup_teardown(
            an_agent_who_looks_elsewhere_is_told_of_what_the_customer_did_and_of_nothing_else, begin, finish),
        cmocka_unit_test_setup_teardown(an_end_that_the_agent_made_is_no_news, begin, finish),
        cmocka_unit_test_setup_teardown(words_that_differ_for_the_agent_are_an_alarm_until_they_are_compared_once_more,
                                        begin, finish),
        cmocka_unit_test_setup_teardown(after_a_good_bye_nothing_is_asked_and_the_customer_has_the_last_word, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(a_photo_is_awaited_until_it_comes_or_does_not, begin, finish),
        cmocka_unit_test_setup_teardown(an_end_that_waits_for_the_line_is_one_and_says_who_is_told_when, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
