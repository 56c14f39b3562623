/* SPDX-License-Identifier: Apache-2.0 */
/* How a session ends: on time, by a word, while the line is away, and behind the back of one end. */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 13);
    return 0;
}

static void a_session_that_does_not_come_back_in_the_grace_time_is_withdrawn_and_ends(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_cut(&sw, false);
    sw_pass(&sw, (int64_t)sw.customer->policy.grace_s * 1000 - 10);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_SUSPENDED);
    sw_pass(&sw, 20);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_NONE);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_CONSENT)->text, PROTO_PURPOSE_CONNECTION_LOST);
    sw_pass(&sw, 11000);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_CONNECTION_LOST);
}

static void four_hours_end_a_session(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    /* in strides of a heartbeat it would be long: this checks the deadline and what happens at it */
    assert_in_range(sw.customer->ends_ms, sw.now.mono_ms + PROTO_SESSION_MS - 10000, sw.now.mono_ms + PROTO_SESSION_MS);
    sw.customer->ends_ms = sw.now.mono_ms + 500;
    sw_pass(&sw, 499);
    assert_false(sw.customer->ending);
    sw_pass(&sw, 5000);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_EXPIRED);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_EXPIRED);
}

static void ending_withdraws_logs_and_wipes(void **state)
{
    static const uint8_t zeros[64];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    proto_session_end(sw.agent, PROTO_END_COMPLETED, sw.now);
    sw_carry(&sw);
    sw_pass(&sw, 5000);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_COMPLETED);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_COMPLETED);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_LOGGED)->text, "end");
    assert_true(proto_session_over(sw.customer) && proto_session_over(sw.agent));
    assert_memory_equal(sw.customer->cs_secret, zeros, 64);
    assert_memory_equal(sw.customer->outbox.secret, zeros, 64);
    assert_memory_equal(sw.customer->invite_link.k, zeros, 32);
    assert_memory_equal(sw.customer->resume.newest.psk, zeros, 32);
    assert_memory_equal(&sw.customer->pair.channel, zeros, 32);
    assert_null(sw.customer->grants[CAMERA].key);
    assert_null(sw.agent->held[CAMERA].now.key);
    assert_int_equal(proto_session_grant(sw.customer, CAMERA, sw.now), PROTO_ERR_CONSENT);
    assert_int_equal(sw_chat(&sw, false, "too late"), PROTO_ERR_STATE);
    assert_int_equal(proto_session_deadline(sw.customer), PROTO_NEVER);
}

static struct proto_session *end_away(bool customer)
{
    struct proto_session *s;

    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_cut(&sw, customer);
    s = customer ? sw.customer : sw.agent;
    assert_int_equal(proto_session_end_waits(s), PROTO_END_NONE);
    proto_session_end(s, PROTO_END_WRONG_PERSON, sw.now);
    assert_int_equal(proto_session_end_waits(s), PROTO_END_WRONG_PERSON);
    assert_true(proto_session_wants_connection(s));
    return s;
}

static void an_end_while_the_line_is_away_is_told_when_it_is_back_and_nothing_is_shared_before(void **state)
{
    (void)state;
    for (int customer = 0; customer < 2; customer++) {
        struct proto_session *s = end_away(customer);
        sw_pass(&sw, 20000);
        assert_int_equal(sw_count(&sw, customer, PROTO_EVENT_ENDED), 0);
        assert_null(sw.customer->grants[CAMERA].key);
        assert_null(sw.agent->held[CAMERA].now.key);
        sw_connect(&sw, customer);
        sw_pass(&sw, 1500);
        assert_true(proto_session_over(s));
        assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_WRONG_PERSON);
        assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_WRONG_PERSON);
        assert_string_equal(sw_last(&sw, customer, PROTO_EVENT_ENDED)->text, "");
        assert_string_equal(sw_last(&sw, true, PROTO_EVENT_LOGGED)->text, "end"); /* after what it took back */
        assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM) + sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
        sw_clear(&sw);
        sw_init(&sw, 14);
    }
}

/* A relay that was away was away for both. */
static void an_agent_who_is_back_first_waits_a_moment_for_the_customer(void **state)
{
    (void)state;
    for (int comes = 0; comes < 2; comes++) {
        struct proto_session *s = end_away(false);
        sw_cut(&sw, true);
        sw_pass(&sw, 5000);
        sw_connect(&sw, false);
        sw_pass(&sw, 1000);
        assert_false(proto_session_over(s));
        if (comes)
            sw_connect(&sw, true);
        sw_pass(&sw, 3000);
        assert_true(proto_session_over(s));
        assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_WRONG_PERSON);
        if (comes)
            assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_WRONG_PERSON);
        sw_clear(&sw);
        sw_init(&sw, 14);
    }
}

static void an_end_that_nobody_could_be_told_says_so_when_it_gives_up(void **state)
{
    (void)state;
    for (int now = 0; now < 2; now++) {
        struct proto_session *s = end_away(false);
        sw_pass(&sw, (int64_t)s->policy.grace_s * 1000);
        assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ENDED), 0);
        if (now)
            proto_session_end_now(s, sw.now);
        sw_pass(&sw, now ? 1 : 11000);
        assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ENDED)->reason, PROTO_END_WRONG_PERSON);
        assert_non_null(strstr(sw_last(&sw, false, PROTO_EVENT_ENDED)->text, "nobody could be told"));
        assert_false(proto_session_wants_connection(s));
        sw_clear(&sw);
        sw_init(&sw, 14);
    }
}

/* The relay remembers how it ended, and says it to whoever was away. */
static void who_comes_back_to_a_session_that_has_ended_reads_why(void **state)
{
    (void)state;
    for (int customer = 0; customer < 2; customer++) {
        sw_join(&sw);
        sw_grant(&sw, CAMERA);
        sw_cut(&sw, customer);
        sw.over = (handhold_Ended){.reason = PROTO_END_STOPPED_BY_OFFICER, .message = "a scam was reported"};
        sw_connect(&sw, customer);
        sw_pass(&sw, 10);
        const struct sw_event *ended = sw_last(&sw, customer, PROTO_EVENT_ENDED);
        assert_non_null(ended);
        assert_int_equal(ended->reason, PROTO_END_STOPPED_BY_OFFICER);
        assert_string_equal(ended->text, "a scam was reported");
        assert_int_equal(sw_count(&sw, customer, PROTO_EVENT_ERROR), 0);
        sw_clear(&sw);
        sw_init(&sw, 14);
    }
}

/* Nor does a relay that has forgotten it make a customer, who was in it, try the invitation once more. */
static void who_comes_back_to_a_session_that_the_relay_forgot_does_not_knock_again(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_cut(&sw, true);
    sw.forgot = true;
    sw_connect(&sw, true);
    sw_pass(&sw, 10);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ENDED), 1);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason, PROTO_END_CONNECTION_LOST);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->text, "this session is over");
}

/* Own words count: what this end decided is how it ended here, and that it came too late is said. */
static void who_comes_back_with_the_last_word_to_a_session_that_has_ended_says_so(void **state)
{
    (void)state;
    for (int customer = 0; customer < 2; customer++) {
        struct proto_session *s = end_away(customer);
        sw.over = (handhold_Ended){.reason = PROTO_END_CONNECTION_LOST, .message = "one end did not come back in time"};
        sw_connect(&sw, customer);
        sw_pass(&sw, 10);
        assert_true(proto_session_over(s));
        assert_int_equal(sw_last(&sw, customer, PROTO_EVENT_ENDED)->reason, PROTO_END_WRONG_PERSON);
        assert_non_null(strstr(sw_last(&sw, customer, PROTO_EVENT_ENDED)->text, "nobody could be told"));
        sw_clear(&sw);
        sw_init(&sw, 14);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_session_that_does_not_come_back_in_the_grace_time_is_withdrawn_and_ends),
        CASE(four_hours_end_a_session),
        CASE(ending_withdraws_logs_and_wipes),
        CASE(an_end_while_the_line_is_away_is_told_when_it_is_back_and_nothing_is_shared_before),
        CASE(an_agent_who_is_back_first_waits_a_moment_for_the_customer),
        CASE(an_end_that_nobody_could_be_told_says_so_when_it_gives_up),
        CASE(who_comes_back_to_a_session_that_has_ended_reads_why),
        CASE(who_comes_back_to_a_session_that_the_relay_forgot_does_not_knock_again),
        CASE(who_comes_back_with_the_last_word_to_a_session_that_has_ended_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
