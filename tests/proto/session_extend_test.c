/* SPDX-License-Identifier: Apache-2.0 */
/* A grant that is about to end goes on by one tap, for as long as was first asked, and with the log behind it. */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 43);
    sw.customer_config.offers |= 1u << TORCH | 1u << ZOOM | 1u << STILL | 1u << PROTO_CAPABILITY_RECORDING;
    return 0;
}

static void grant_for(enum proto_capability capability, uint32_t seconds)
{
    assert_ok(proto_session_request(sw.agent, capability, "to see the lamp", seconds, sw.now));
    sw_carry(&sw);
    assert_ok(proto_session_grant(sw.customer, capability, sw.now));
    sw_pass(&sw, 600);
    assert_int_equal(sw_grant_of(capability)->phase, GRANT_LIVE);
}

static size_t gates_opened(void)
{
    return sw.customer->gate_seq;
}

static void a_minute_before_its_end_a_grant_says_so(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 300);
    assert_int_equal(proto_session_extend(sw.customer, CAMERA, sw.now), PROTO_ERR_STATE); /* not yet */
    sw_pass(&sw, 239000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_EXPIRING), 0);
    sw_pass(&sw, 1000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_EXPIRING), 1);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_EXPIRING)->capability, CAMERA);
    assert_in_range(sw_last(&sw, true, PROTO_EVENT_EXPIRING)->number, 59, 61);
    sw_pass(&sw, 58000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_EXPIRING), 1); /* once */
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
    sw_pass(&sw, 2000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE); /* no answer ends it */
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_EXPIRED);
}

static void a_short_grant_says_so_at_half_its_time_and_one_without_an_end_never(void **state)
{
    (void)state;
    sw.base.policy.rules[STATE].max_seconds = 0;
    sw_publish(&sw);
    sw_join(&sw);
    grant_for(CAMERA, 10);
    grant_for(STATE, 0);
    sw_pass(&sw, 3300);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_EXPIRING), 0);
    sw_pass(&sw, 1000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_EXPIRING), 1);
    sw_pass(&sw, 600000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_EXPIRING), 1);
    assert_int_equal(proto_session_extend(sw.customer, STATE, sw.now), PROTO_ERR_STATE);
}

static void extended_it_goes_on_under_its_key_for_the_time_first_asked_and_no_longer(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 100);
    sw_pass(&sw, 50000);
    uint64_t kid = sw.agent->held[CAMERA].now.kid;
    size_t captures = sw_count(&sw, true, PROTO_EVENT_CAPTURE), gates = gates_opened();
    assert_ok(proto_session_extend(sw.customer, CAMERA, sw.now));
    int64_t tap = sw.now.mono_ms;
    assert_int_equal(proto_session_extend(sw.customer, CAMERA, sw.now), PROTO_ERR_STATE); /* one tap, one time */
    sw_pass(&sw, 2000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_CAPTURE), captures); /* the picture does not blink */
    assert_int_equal(sw.agent->held[CAMERA].now.kid, kid);
    assert_int_equal(gates_opened(), gates + 1); /* the relay was told of the new time */
    const struct sw_event *told = sw_last(&sw, false, PROTO_EVENT_CONSENT);
    assert_true(told->state == PROTO_CONSENT_GRANTED && told->on);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_REQUESTED), 1);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_LOGGED)->text, "grant");
    assert_ok(sw_push(&sw, CAMERA, "still here", true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "still here");
    assert_int_equal(sw_grant_of(CAMERA)->expires_ms, tap + 100000);
    sw_pass(&sw, 97000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
    sw_pass(&sw, 1100);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_EXPIRED);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void it_can_be_extended_again_and_again_each_time_by_a_tap(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 100);
    for (size_t i = 1; i <= 4; i++) {
        sw_pass(&sw, 60000);
        assert_int_equal(sw_count(&sw, true, PROTO_EVENT_EXPIRING), i);
        assert_ok(proto_session_extend(sw.customer, CAMERA, sw.now));
    }
    sw_pass(&sw, 60000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
}

static void without_a_receipt_it_ends_as_it_would_have(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 20);
    sw_pass(&sw, 12000);
    sw.log_silent = true;
    assert_ok(proto_session_extend(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 8000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_null(sw_grant_of(CAMERA)->key);
    sw.log_silent = false;
    sw_answer_log(&sw); /* too late: it stands in the log, and so does its end */
    sw_pass(&sw, 3000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_EXPIRED);
}

static size_t told_agent(enum proto_capability capability, enum proto_consent_state state)
{
    return sw_consents(&sw, false, capability, state);
}

static void fall_asleep(void)
{
    sw.customer_asleep = true;
    sw_cut(&sw, true);
}

static void wake_up(void)
{
    sw.customer_asleep = false;
    sw_connect(&sw, true);
    sw_pass(&sw, 3000);
}

static void of_a_customer_who_sleeps_the_agents_end_ends_it_by_its_own_clock(void **state)
{
    static const uint8_t hash[32];

    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 20);
    grant_for(PROTO_CAPABILITY_RECORDING, 20);
    assert_ok(sw_push(&sw, CAMERA, "seen", true));
    assert_ok(proto_session_recorded(sw.agent, true, 0, hash, sw.now));
    fall_asleep();
    sw_pass(&sw, 20000);
    assert_int_equal(told_agent(CAMERA, PROTO_CONSENT_EXPIRED), 0); /* they may have wished it to go on */
    sw_pass(&sw, PROTO_SILENT_MS);
    assert_int_equal(told_agent(CAMERA, PROTO_CONSENT_EXPIRED), 1);
    assert_int_equal(told_agent(PROTO_CAPABILITY_RECORDING, PROTO_CONSENT_EXPIRED), 1);
    assert_false(sw.agent->held[CAMERA].viewing);
    assert_int_equal(proto_session_recorded(sw.agent, true, 0, hash, sw.now), PROTO_ERR_CONSENT);
    assert_int_equal(proto_session_request(sw.agent, CAMERA, "more", 20, sw.now), PROTO_ERR_STATE);
    wake_up();
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_int_equal(told_agent(CAMERA, PROTO_CONSENT_EXPIRED), 1); /* once */
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
    grant_for(CAMERA, 20); /* asked again, it is another consent */
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_GRANTED);
}

static bool loses_what_the_customer_says(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    (void)len;
    return !from_customer || bytes[0] != PROTO_TYPE_CONTROL;
}

static void what_goes_on_for_longer_goes_on_though_the_agents_end_hears_of_it_too_late(void **state)
{
    (void)state;
    sw.base.policy.grace_s = 120;
    sw_publish(&sw);
    sw_join(&sw);
    grant_for(CAMERA, 60);
    sw_pass(&sw, 40000);
    sw.hand = loses_what_the_customer_says;
    assert_ok(proto_session_extend(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 1000);
    sw_cut(&sw, true);
    sw.hand = NULL;
    sw_pass(&sw, 30000);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_EXPIRED);
    wake_up();
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_GRANTED);
    assert_ok(sw_push(&sw, CAMERA, "still here", true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "still here");
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static void an_extension_that_crosses_the_end_is_no_alarm(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 20);
    sw_pass(&sw, 12000);
    assert_ok(proto_session_extend(sw.customer, CAMERA, sw.now));
    proto_session_end(sw.agent, PROTO_END_COMPLETED, sw.now);
    sw_pass(&sw, 3000);
    assert_true(sw.agent->over && sw.customer->over);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

static bool no_media(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    (void)from_customer;
    (void)len;
    return bytes[0] != PROTO_TYPE_MEDIA;
}

/* The relay's gate closes at the old end, which is a moment before the new one is known there. */
static void what_was_left_out_between_the_old_end_and_the_new_one_is_no_alarm_and_more_is(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(STATE, 60);
    assert_ok(sw_push(&sw, STATE, "on", false));
    sw_carry(&sw);
    sw_pass(&sw, 40000);
    for (int gap = 0; gap < 2; gap++) {
        sw.hand = no_media;
        assert_ok(sw_push(&sw, STATE, "blinks", false));
        sw_carry(&sw);
        sw.hand = NULL;
        if (!gap)
            assert_ok(proto_session_extend(sw.customer, STATE, sw.now));
        sw_pass(&sw, 500);
        assert_ok(sw_push(&sw, STATE, "off", false));
        sw_carry(&sw);
        assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "off");
        assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), gap);
    }
}

static void taken_back_while_it_is_being_extended_it_is_gone(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 20);
    sw_pass(&sw, 12000);
    sw.log_silent = true;
    assert_ok(proto_session_extend(sw.customer, CAMERA, sw.now));
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    sw.log_silent = false;
    sw_answer_log(&sw);
    sw_pass(&sw, 3000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_NONE);
    assert_null(sw.agent->held[CAMERA].now.key);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
}

static void an_extension_holds_through_a_lost_connection(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 20);
    sw_pass(&sw, 12000);
    sw.log_silent = true;
    assert_ok(proto_session_extend(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    sw_cut(&sw, true);
    sw.log_silent = false;
    sw_connect(&sw, true);
    sw_pass(&sw, 12000);
    assert_int_equal(sw_grant_of(CAMERA)->phase, GRANT_LIVE);
    assert_ok(sw_push(&sw, CAMERA, "still here", true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "still here");
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

/* ---- a changed customer ---- */

/* Signs a `grant` that says this, as its own end never would. */
static void state_grant(const struct grant *changed)
{
    struct note_entry *entry;
    struct proto_statement st = {.seq = sw.customer->outbox.seq + 1,
                                 .unix_s = sw.now.unix_ms / 1000,
                                 .action = PROTO_STATEMENT_GRANT,
                                 .capability = CAMERA,
                                 .role = sw.customer->agent.role,
                                 .verified = true,
                                 .epoch = changed->epoch,
                                 .max_s = changed->max_s,
                                 .retention_days = changed->retention_days,
                                 .has_key = true};
    struct proto_buf text;
    memcpy(st.sid, sw.customer->sid, sizeof st.sid);
    memcpy(st.prev, sw.customer->outbox.prev, sizeof st.prev);
    memcpy(st.grantee, sw.customer->agent.fingerprint, sizeof st.grantee);
    memcpy(st.key_commit, changed->key_commit, sizeof st.key_commit);
    strcpy(st.domain, sw.customer->agent.domain);
    strcpy(st.purpose, changed->purpose);
    proto_statement_shown(st.ui_text, st.capability, st.purpose, st.max_s);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_statement_write(&st, &text));
    entry = outbox_add(sw.customer, &text, PROTO_LOG_STATEMENT, CAMERA, "grant", false, 0);
    proto_buf_free(&text);
    assert_non_null(entry);
    handhold_Statement message = {.seq = entry->seq};
    memcpy(message.r, entry->r, sizeof message.r);
    assert_ok(PROTO_SET_BYTES(message.note, entry->note.bytes, entry->note.len));
    pair_send_message(sw.customer, PROTO_CONTROL_STATEMENT, handhold_Statement_fields, &message);
    sw_carry(&sw);
}

/* Only the very same consent goes on: nobody asked for another one. */
static void what_changes_a_consent_is_no_extension(void **state)
{
    (void)state;
    sw_join(&sw);
    grant_for(CAMERA, 20);
    for (int what = 0; what < 5; what++) {
        struct grant changed = *sw_grant_of(CAMERA);
        size_t before = sw_alarms(false);
        changed.max_s += what == 0;
        changed.retention_days += what == 1;
        changed.epoch += what == 2;
        changed.key_commit[0] ^= what == 3;
        if (what == 4)
            strcpy(changed.purpose, "something else");
        state_grant(&changed);
        assert_int_equal(sw_alarms(false), before + 1);
    }
    struct grant same = *sw_grant_of(CAMERA);
    size_t before = sw_alarms(false);
    state_grant(&same); /* and the control: this one would have been */
    assert_int_equal(sw_alarms(false), before);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_minute_before_its_end_a_grant_says_so),
        CASE(a_short_grant_says_so_at_half_its_time_and_one_without_an_end_never),
        CASE(extended_it_goes_on_under_its_key_for_the_time_first_asked_and_no_longer),
        CASE(it_can_be_extended_again_and_again_each_time_by_a_tap),
        CASE(without_a_receipt_it_ends_as_it_would_have),
        CASE(of_a_customer_who_sleeps_the_agents_end_ends_it_by_its_own_clock),
        CASE(what_goes_on_for_longer_goes_on_though_the_agents_end_hears_of_it_too_late),
        CASE(an_extension_that_crosses_the_end_is_no_alarm),
        CASE(what_was_left_out_between_the_old_end_and_the_new_one_is_no_alarm_and_more_is),
        CASE(taken_back_while_it_is_being_extended_it_is_gone),
        CASE(an_extension_holds_through_a_lost_connection),
        CASE(what_changes_a_consent_is_no_extension),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
