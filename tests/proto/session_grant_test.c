/* SPDX-License-Identifier: Apache-2.0 */
/* Consent is a key: every state of a grant at the customer's end, and what the agent's end is told of it. */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <sodium.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 7);
    return 0;
}

static void assert_no_key(enum proto_capability capability)
{
    static const uint8_t zeros[32];

    assert_null(sw_grant_of(capability)->key);
    assert_memory_equal(sw_grant_of(capability)->base_key, zeros, sizeof zeros);
    assert_false(proto_session_may_send(sw.customer, capability));
    assert_int_equal(sw_push(&sw, capability, "nobody is to see this", true), PROTO_ERR_CONSENT);
}

static bool capturing(enum proto_capability capability)
{
    bool on = false;

    for (size_t i = 0; i < sw.customer_event_count; i++)
        if (sw.customer_events[i].kind == PROTO_EVENT_CAPTURE && sw.customer_events[i].capability == capability)
            on = sw.customer_events[i].on;
    return on;
}

static void grant_now(enum proto_capability capability)
{
    assert_ok(proto_session_grant(sw.customer, capability, sw.now));
    sw_carry(&sw);
}

/* ---- asking ---- */

static void what_is_asked_is_put_before_the_customer_in_the_agents_words(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    const struct sw_event *asked = sw_last(&sw, true, PROTO_EVENT_CONSENT);
    assert_int_equal(asked->state, PROTO_CONSENT_REQUESTED);
    assert_int_equal(asked->capability, CAMERA);
    assert_string_equal(asked->text, "to see the lamp");
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_REQUESTED);
    assert_no_key(CAMERA);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), 0); /* a question is not a note */
}

static void one_request_is_open_at_a_time(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    assert_int_equal(proto_session_request(sw.agent, MICROPHONE, "to hear it", 0, sw.now), PROTO_ERR_STATE);
    handhold_ConsentRequest rogue = {.number = 2, .capability = MICROPHONE, .purpose = "to hear it", .max_s = 60};
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &rogue);
    sw_carry(&sw);
    assert_int_equal(sw_consents(&sw, true, MICROPHONE, PROTO_CONSENT_REQUESTED), 0);
    assert_int_equal(sw_grant_of(MICROPHONE)->phase, GRANT_NONE);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_STATEMENT), 0);
}

static void a_refusal_is_told_logged_and_leaves_no_key(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_refuse(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    assert_int_equal(sw_consents(&sw, false, CAMERA, PROTO_CONSENT_REFUSED), 1);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_LOGGED)->text, "refuse");
    assert_no_key(CAMERA);
    assert_int_equal(proto_session_grant(sw.customer, CAMERA, sw.now), PROTO_ERR_CONSENT);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_KEY_RELEASE), 0);
}

static void three_refusals_mute_the_agent(void **state)
{
    (void)state;
    sw_join(&sw);
    for (int i = 0; i < 3; i++) {
        sw_request(&sw, CAMERA);
        assert_ok(proto_session_refuse(sw.customer, CAMERA, sw.now));
        sw_carry(&sw);
    }
    assert_int_equal(proto_session_request(sw.agent, CAMERA, "please", 0, sw.now), PROTO_ERR_CONSENT);
    size_t told = sw.customer_event_count;
    handhold_ConsentRequest rogue = {.number = 9, .capability = CAMERA, .purpose = "please", .max_s = 60};
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &rogue);
    sw_carry(&sw);
    assert_int_equal(sw.customer_event_count, told); /* a changed agent is not heard either */
}

static void what_the_policy_forbids_is_refused_unasked_even_for_a_changed_agent(void **state)
{
    handhold_ConsentRequest rogue = {
        .number = 1, .capability = PROTO_CAPABILITY_LOCATION, .purpose = "where", .max_s = 60};

    (void)state;
    sw.customer_config.offers |= 1u << PROTO_CAPABILITY_LOCATION;
    sw_join(&sw);
    assert_int_equal(proto_session_request(sw.agent, PROTO_CAPABILITY_LOCATION, "where", 0, sw.now), PROTO_ERR_POLICY);
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &rogue);
    sw_carry(&sw);
    assert_int_equal(sw_consents(&sw, true, PROTO_CAPABILITY_LOCATION, PROTO_CONSENT_REQUESTED), 0);
    assert_int_equal(sw_consents(&sw, true, PROTO_CAPABILITY_LOCATION, PROTO_CONSENT_REFUSED), 1);
    rogue = (handhold_ConsentRequest){.number = 2, .capability = CAMERA, .purpose = "for ever", .max_s = 0};
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &rogue);
    sw_carry(&sw);
    if (sw.customer->policy.rules[CAMERA].max_seconds)
        assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED),
                         0); /* longer than the policy allows */
}

/* It would be read back as no purpose, and the customer had it on the sheet. */
static void a_dash_is_no_purpose(void **state)
{
    handhold_ConsentRequest rogue = {.number = 1, .capability = CAMERA, .purpose = "-", .max_s = 60};

    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_request(sw.agent, CAMERA, "-", 0, sw.now), PROTO_ERR_RANGE);
    pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &rogue);
    sw_carry(&sw);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 0);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), 1);
}

static void what_the_device_does_not_have_is_answered_blocked(void **state)
{
    (void)state;
    sw.customer_config.offers = 1u << MICROPHONE;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    assert_int_equal(sw_consents(&sw, false, CAMERA, PROTO_CONSENT_BLOCKED), 1);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 0);
}

static void a_device_that_says_no_answers_blocked_and_takes_a_grant_back(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_blocked(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    assert_int_equal(sw_consents(&sw, false, CAMERA, PROTO_CONSENT_BLOCKED), 1);
    sw_grant(&sw, MICROPHONE);
    assert_ok(proto_session_blocked(sw.customer, MICROPHONE, sw.now));
    sw_carry(&sw);
    assert_no_key(MICROPHONE);
    assert_int_equal(proto_session_consent(sw.agent, MICROPHONE), PROTO_CONSENT_BLOCKED);
}

static void an_unverified_organisation_gets_voice_alone_and_only_after_the_check_words(void **state)
{
    handhold_Data words = {.which_body = handhold_Data_check_words_tag, .body.check_words.match = true};

    (void)state;
    sw.customer_config.pinned_root = NULL;
    sw_join(&sw);
    assert_false(sw_last(&sw, true, PROTO_EVENT_JOINED)->verified);
    sw_request(&sw, MICROPHONE);
    assert_int_equal(sw_consents(&sw, true, MICROPHONE, PROTO_CONSENT_REQUESTED), 0);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_CHECK_WORDS)->words,
                        sw_last(&sw, true, PROTO_EVENT_CHECK_WORDS)->words);
    assert_ok(proto_session_send_data(sw.customer, &words, sw.now));
    sw_carry(&sw);
    sw_request(&sw, CAMERA);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 0);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_REFUSED);
    sw_request(&sw, MICROPHONE);
    assert_int_equal(sw_consents(&sw, true, MICROPHONE, PROTO_CONSENT_REQUESTED), 1);
    grant_now(MICROPHONE);
    assert_int_equal(sw_grant_of(MICROPHONE)->phase, GRANT_LIVE);
}

/* The agent says so over the same channel; only what the customer compared counts. */
static void an_agent_cannot_say_that_the_customer_compared_the_words(void **state)
{
    handhold_Data words = {.which_body = handhold_Data_check_words_tag, .body.check_words.match = true};

    (void)state;
    sw.customer_config.pinned_root = NULL;
    sw_join(&sw);
    assert_ok(proto_session_send_data(sw.agent, &words, sw.now));
    sw_carry(&sw);
    sw_request(&sw, MICROPHONE);
    assert_int_equal(sw_consents(&sw, true, MICROPHONE, PROTO_CONSENT_REQUESTED), 0);
}

/* ---- granting ---- */

static void a_grant_is_logged_then_its_key_leaves_then_capture_starts(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    size_t from = sw.trace_count;
    grant_now(CAMERA);
    size_t statement = sw_first(&sw, from, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_STATEMENT);
    size_t add = sw_first(&sw, from, true, PROTO_TYPE_LOG, 0), receipt = sw_first(&sw, from, false, PROTO_TYPE_LOG, 0);
    size_t key = sw_first(&sw, from, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_KEY_RELEASE);
    assert_true(statement < add && add < receipt && receipt < key && key < SW_TRACE_MAX);
    assert_true(capturing(CAMERA));
    assert_ok(sw_push(&sw, CAMERA, "the lamp", true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "the lamp");
}

static void without_an_acknowledgement_capture_starts_after_half_a_second(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    sw_answer_log(&sw);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw.hold_agent = true; /* no co-signature, no KEY_ACK */
    sw_pass(&sw, PROTO_COSIGN_WAIT_MS);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_RELEASING);
    assert_false(capturing(CAMERA));
    sw_pass(&sw, PROTO_KEY_ACK_WAIT_MS);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
    assert_true(capturing(CAMERA));
}

static void a_grant_without_a_receipt_in_ten_seconds_is_taken_back_and_its_key_never_leaves(void **state)
{
    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    sw_request(&sw, CAMERA);
    grant_now(CAMERA);
    sw_pass(&sw, PROTO_RECEIPT_WAIT_MS - 1);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LOGGING);
    assert_int_equal(sw_push(&sw, CAMERA, "too early", true), PROTO_ERR_CONSENT);
    sw_pass(&sw, 2);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_no_key(CAMERA);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_WITHDRAWN), 1);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_CONSENT)->text, PROTO_PURPOSE_NOT_LOGGED);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
    sw_answer_log(&sw); /* the receipt after all: too late */
    sw_pass(&sw, 2000);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_KEY_RELEASE), 0);
    assert_no_key(CAMERA);
    assert_false(capturing(CAMERA));
}

static void a_grant_expires_at_its_time_and_says_so(void **state)
{
    (void)state;
    sw_join(&sw);
    assert_ok(proto_session_request(sw.agent, CAMERA, "one look", 30, sw.now));
    sw_carry(&sw);
    grant_now(CAMERA);
    int64_t granted_ms = sw.now.mono_ms;
    sw_pass(&sw, 29999);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
    sw_pass(&sw, granted_ms + 30001 - sw.now.mono_ms);
    assert_no_key(CAMERA);
    assert_false(capturing(CAMERA));
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_EXPIRED), 1);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_EXPIRED);
    assert_null(sw.agent->held[CAMERA].now.key);
}

/* ---- withdrawing, from every state ---- */

static void nothing_that_was_not_granted_can_be_withdrawn(void **state)
{
    (void)state;
    sw_join(&sw);
    assert_int_equal(proto_session_withdraw(sw.customer, CAMERA, sw.now), PROTO_ERR_CONSENT);
    sw_request(&sw, CAMERA); /* asked: there is nothing to take back, the answer is refuse */
    assert_int_equal(proto_session_withdraw(sw.customer, CAMERA, sw.now), PROTO_ERR_CONSENT);
    assert_int_equal(proto_session_withdraw(sw.customer, PROTO_CAPABILITY_NONE, sw.now), PROTO_ERR_RANGE);
    assert_int_equal(proto_session_withdraw(sw.customer, PROTO_CAPABILITY_COUNT, sw.now), PROTO_ERR_RANGE);
}

static void withdrawn(void)
{
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    assert_null(sw_grant_of(CAMERA)->key); /* at once, before anything was carried */
    sw_carry(&sw);
    assert_no_key(CAMERA);
    assert_false(capturing(CAMERA));
    sw.log_silent = false;
    sw_pass(&sw, 2000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
    assert_null(sw.agent->held[CAMERA].now.key);
}

static void withdrawn_while_it_is_being_logged_the_key_never_leaves(void **state)
{
    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    sw_request(&sw, CAMERA);
    grant_now(CAMERA);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LOGGING);
    withdrawn();
    sw_answer_log(&sw);
    sw_pass(&sw, 3000);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_KEY_RELEASE), 0);
    assert_int_equal(outbox_waiting(sw.customer), 0); /* grant and withdrawal are both in the log */
}

static void withdrawn_while_the_key_is_on_its_way_capture_never_starts(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw.hold_agent = true;
    sw_pass(&sw, PROTO_COSIGN_WAIT_MS);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_RELEASING);
    withdrawn();
    sw_release(&sw); /* the KEY_ACK comes now */
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_no_key(CAMERA);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_CAPTURE), 0);
}

static void withdrawn_while_live_what_was_not_sent_yet_is_dropped(void **state)
{
    struct proto_frame frame = {.bytes = (const uint8_t *)"late", .len = 4, .key = true};

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    uint8_t stream = sw_grant_of(CAMERA)->stream;
    for (int i = 0; i < 5; i++)
        assert_ok(proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now));
    assert_true(proto_session_backlog_bytes(sw.customer) > 0);
    withdrawn();
    assert_int_equal(proto_session_backlog_bytes(sw.customer), 0);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA), 0);
    assert_false(sw.gate[stream]);
}

static void withdrawn_while_suspended_it_does_not_come_back(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_cut(&sw, false);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_SUSPENDED);
    assert_no_key(CAMERA);
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    sw_connect(&sw, false);
    sw_pass(&sw, 3000);
    assert_no_key(CAMERA);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
}

static void a_relay_that_refuses_the_gate_takes_the_grant_back(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    sw.gate_error = PROTO_ERR_POLICY;
    grant_now(CAMERA);
    sw_pass(&sw, 1000);
    assert_no_key(CAMERA);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ERROR)->err, PROTO_ERR_POLICY);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
}

/* ---- pause ---- */

static void a_pause_stops_capture_and_keeps_the_key(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    assert_ok(proto_session_pause(sw.customer, true, "customer", "asked", sw.now));
    sw_carry(&sw);
    assert_false(capturing(CAMERA));
    assert_non_null(sw_grant_of(CAMERA)->key);
    assert_int_equal(sw_push(&sw, CAMERA, "paused", true), PROTO_ERR_CONSENT);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_DATA), 1);
    sw_grant(&sw, STATE); /* what is granted in a pause does not start either */
    assert_false(capturing(STATE));
    assert_ok(proto_session_pause(sw.customer, false, "customer", "asked", sw.now));
    sw_carry(&sw);
    assert_true(capturing(CAMERA) && capturing(STATE));
    assert_ok(sw_push(&sw, CAMERA, "on again", true));
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA), 1);
}

/* ---- rotation ---- */

static void assert_rotated(uint32_t old_epoch, uint64_t old_kid)
{
    struct held *held = &sw.agent->held[CAMERA];

    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
    assert_true(sw_grant_of(CAMERA)->epoch > old_epoch);
    assert_int_equal(sw_grant_of(CAMERA)->counter, 0);
    assert_ok(sw_push(&sw, CAMERA, "under the new key", true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "under the new key");
    assert_true(held->now.kid != old_kid);
    assert_null(held->before.key); /* the first frame of the new epoch ended the old one */
}

static void the_key_rotates_after_ten_minutes_and_nobody_is_asked(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    uint32_t epoch = sw_grant_of(CAMERA)->epoch;
    uint64_t kid = sw.agent->held[CAMERA].now.kid;
    size_t adds = sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), captures = sw_count(&sw, true, PROTO_EVENT_CAPTURE);
    sw_pass(&sw, PROTO_EPOCH_MS - 1);
    assert_int_equal(sw_grant_of(CAMERA)->epoch, epoch);
    sw_pass(&sw, 1000);
    assert_rotated(epoch, kid);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_CAPTURE), captures); /* no lens is closed */
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_KEY_FRAME), 1);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), adds); /* a rekey note rides with the next one */
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 1);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_GRANTED), 1);
}

static void a_pause_while_the_key_turns_stops_capture(void **state)
{
    const struct proto_frame frame = {.bytes = (const uint8_t *)"between", .len = 7, .capture_mono_ms = 1};

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, PROTO_EPOCH_MS - 1);
    sw.now.mono_ms += 1000;
    proto_session_tick(sw.customer, sw.now);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_RELEASING);
    assert_true(sw_grant_of(CAMERA)->capturing);
    assert_int_equal(proto_session_push_frame(sw.customer, CAMERA, &frame, sw.now), PROTO_ERR_CONSENT);
    assert_ok(proto_session_pause(sw.customer, true, "customer", "asked", sw.now));
    assert_false(sw_grant_of(CAMERA)->capturing);
    sw_carry(&sw);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
    assert_false(capturing(CAMERA));
    assert_ok(proto_session_pause(sw.customer, false, "customer", "asked", sw.now));
    sw_carry(&sw);
    assert_true(capturing(CAMERA));
}

static void the_key_rotates_after_four_million_frames(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    uint32_t epoch = sw_grant_of(CAMERA)->epoch;
    uint64_t kid = sw.agent->held[CAMERA].now.kid;
    sw_grant_of(CAMERA)->counter = PROTO_EPOCH_FRAMES - 1; /* as if they had been sealed */
    sw_pass(&sw, 10);
    assert_int_equal(sw_grant_of(CAMERA)->epoch, epoch);
    assert_ok(sw_push(&sw, CAMERA, "the last one", true));
    assert_true(proto_session_deadline(sw.customer) <= sw.now.mono_ms);
    sw_pass(&sw, 10);
    assert_rotated(epoch, kid);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_asked_is_put_before_the_customer_in_the_agents_words),
        CASE(one_request_is_open_at_a_time),
        CASE(a_refusal_is_told_logged_and_leaves_no_key),
        CASE(three_refusals_mute_the_agent),
        CASE(what_the_policy_forbids_is_refused_unasked_even_for_a_changed_agent),
        CASE(a_dash_is_no_purpose),
        CASE(what_the_device_does_not_have_is_answered_blocked),
        CASE(a_device_that_says_no_answers_blocked_and_takes_a_grant_back),
        CASE(an_unverified_organisation_gets_voice_alone_and_only_after_the_check_words),
        CASE(an_agent_cannot_say_that_the_customer_compared_the_words),
        CASE(a_grant_is_logged_then_its_key_leaves_then_capture_starts),
        CASE(without_an_acknowledgement_capture_starts_after_half_a_second),
        CASE(a_grant_without_a_receipt_in_ten_seconds_is_taken_back_and_its_key_never_leaves),
        CASE(a_grant_expires_at_its_time_and_says_so),
        CASE(nothing_that_was_not_granted_can_be_withdrawn),
        CASE(withdrawn_while_it_is_being_logged_the_key_never_leaves),
        CASE(withdrawn_while_the_key_is_on_its_way_capture_never_starts),
        CASE(withdrawn_while_live_what_was_not_sent_yet_is_dropped),
        CASE(withdrawn_while_suspended_it_does_not_come_back),
        CASE(a_relay_that_refuses_the_gate_takes_the_grant_back),
        CASE(a_pause_stops_capture_and_keeps_the_key),
        CASE(the_key_rotates_after_ten_minutes_and_nobody_is_asked),
        CASE(a_pause_while_the_key_turns_stops_capture),
        CASE(the_key_rotates_after_four_million_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
