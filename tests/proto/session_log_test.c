/* SPDX-License-Identifier: Apache-2.0 */
/* No key leaves before the log's receipt for its grant was verified here; a signed note is never dropped, altered or
 * renumbered. */
#include "tests/proto/test.h"

#include "proto/consent/evidence.h"
#include "tests/proto/session_test.h"

#include <string.h>

#define KEY_RELEASE PROTO_TYPE_CONTROL, PROTO_CONTROL_KEY_RELEASE

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 11);
    return 0;
}

/* ---- receipts ---- */

/* Reads what leaves the customer as the agent would: is the key in it? */
static uint8_t secret_key[32];
static bool key_seen;

static bool look_for_the_key(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    struct proto_noise_channel channel;
    static uint8_t plain[PROTO_MAX_CONTROL_BYTES];
    size_t plain_len = 0;

    if (!from_customer || bytes[0] != PROTO_TYPE_CONTROL)
        return true;
    channel = world->agent->pair.channel;
    assert_ok(proto_noise_channel_open(&channel, bytes + 4, len - 4, plain, sizeof plain, &plain_len));
    key_seen = key_seen || memmem(plain, plain_len, secret_key, sizeof secret_key);
    return true;
}

static void the_bytes_of_the_key_leave_only_behind_its_receipt(void **state)
{
    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    memcpy(secret_key, sw.customer->grants[CAMERA].base_key, sizeof secret_key);
    key_seen = false;
    sw.hand = look_for_the_key;
    sw_carry(&sw);
    sw_pass(&sw, 9000);
    assert_false(key_seen);
    assert_int_equal(sw_traced(&sw, 0, true, KEY_RELEASE), 0);
    size_t receipt = sw.trace_count;
    sw_answer_log(&sw);
    assert_true(key_seen);
    assert_int_equal(sw_traced(&sw, 0, true, KEY_RELEASE), 1);
    assert_true(sw_first(&sw, 0, true, KEY_RELEASE) > receipt);
}

static void no_key_for_a_spoilt_receipt(enum sw_spoil spoil)
{
    sw_init(&sw, (uint8_t)(20 + spoil));
    sw_join(&sw);
    sw_grant(&sw, MICROPHONE); /* a good one first: from now on there is a tree that must be continued */
    sw_request(&sw, CAMERA);
    sw_forget_events(&sw);
    size_t from = sw.trace_count;
    sw.spoil = spoil;
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    sw_pass(&sw, 3000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), 1);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(sw_traced(&sw, from, true, KEY_RELEASE), 0);
    assert_int_equal(sw_push(&sw, CAMERA, "no", true), PROTO_ERR_CONSENT);
    sw_pass(&sw, PROTO_RECEIPT_WAIT_MS);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_NONE);
    assert_int_equal(sw_consents(&sw, true, CAMERA, PROTO_CONSENT_WITHDRAWN), 1);
    assert_int_equal(sw_traced(&sw, from, true, KEY_RELEASE), 0);
    /* and this log is not believed again */
    sw.spoil = SW_RECEIPT_GOOD;
    sw_request(&sw, CAMERA);
    assert_int_equal(proto_session_grant(sw.customer, CAMERA, sw.now), PROTO_ERR_LOG);
    sw_clear(&sw);
}

static void a_receipt_that_is_wrong_anywhere_releases_no_key_and_is_an_alarm(void **state)
{
    (void)state;
    for (int spoil = SW_RECEIPT_INCLUSION; spoil < SW_RECEIPT_SPOILS; spoil++)
        no_key_for_a_spoilt_receipt((enum sw_spoil)spoil);
}

static void a_log_that_the_organisation_does_not_name_releases_no_key(void **state)
{
    (void)state;
    proto_org_init(&sw.base.org, WORLD_DOMAIN); /* forgets the log */
    sw.base.org.number = 9;
    sw.base.org.time_s = WORLD_TIME_S;
    sw_publish(&sw);
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, PROTO_RECEIPT_WAIT_MS + 2000);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(sw_traced(&sw, 0, true, KEY_RELEASE), 0);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_NONE);
}

static void a_log_that_this_device_saw_larger_releases_no_key(void **state)
{
    (void)state;
    sw.customer_config.seen.size = 400; /* remembered from an earlier day */
    memset(sw.customer_config.seen.root, 9, 32);
    sw.log_silent = true; /* an honest relay could not even make the proof */
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    sw_pass(&sw, PROTO_RECEIPT_WAIT_MS + 1000);
    assert_int_equal(sw_traced(&sw, 0, true, KEY_RELEASE), 0);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_NONE);
}

static void an_answer_with_another_commitment_is_no_receipt(void **state)
{
    static handhold_LogReceipt m;
    uint8_t message[PROTO_ENVELOPE_BYTES + 64];
    struct proto_buf body;

    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    memset(&m, 0, sizeof m);
    m.error = PROTO_ERR_IO;
    proto_envelope_write(message, PROTO_TYPE_LOG, PROTO_INDEX_RELAY, PROTO_INDEX_CUSTOMER);
    proto_buf_init(&body, PROTO_MAX_LOG_BYTES);
    proto_buf_put(&body, message, PROTO_ENVELOPE_BYTES);
    assert_ok(proto_message_encode(&body, handhold_LogReceipt_fields, &m));
    sw_feed(&sw, true, body.bytes, body.len);
    proto_buf_free(&body);
    assert_true(sw.customer->outbox.first->in_flight); /* the question is still open */
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ERROR), 0);
}

/* ---- the outbox ---- */

static void one_note_is_under_way_to_the_log_at_a_time(void **state)
{
    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    for (int i = 0; i < 2; i++) {
        sw_request(&sw, MICROPHONE);
        assert_ok(proto_session_refuse(sw.customer, MICROPHONE, sw.now));
        sw_carry(&sw);
    }
    sw_pass(&sw, 5000);
    assert_int_equal(outbox_waiting(sw.customer), 4);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), 1);
    sw_answer_log(&sw);
    sw_pass(&sw, 1000);
    assert_int_equal(outbox_waiting(sw.customer), 0);
    assert_int_equal(sw.log_adds_open_max, 1);
    assert_int_equal(sw.customer->figures.log_entries, 4);
}

static void a_note_that_the_log_refuses_is_asked_for_again_and_the_person_reads_why(void **state)
{
    (void)state;
    sw_join(&sw);
    sw.log_refuses = true;
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_ERROR)->text, "the disk of the log is full");
    sw_pass(&sw, 3500);
    assert_in_range(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), 3, 4); /* once a second, not in a loop */
    sw.log_refuses = false;
    sw_pass(&sw, 1500);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_LIVE);
}

static void notes_outlive_a_connection_with_the_same_bytes(void **state)
{
    uint8_t commitment[32], evidence_hash[32];

    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 1500);
    memcpy(commitment, sw.customer->outbox.first->commitment, sizeof commitment);
    memcpy(evidence_hash, sw.customer->outbox.first->evidence_hash, sizeof evidence_hash);
    for (int i = 0; i < 3; i++) {
        sw_cut(&sw, true);
        sw_pass(&sw, 500);
        sw_connect(&sw, true);
    }
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), 4); /* once for each connection */
    assert_memory_equal(sw.customer->outbox.first->commitment, commitment, sizeof commitment);
    assert_memory_equal(sw.customer->outbox.first->evidence_hash, evidence_hash, sizeof evidence_hash);
    sw_answer_log(&sw); /* four answers, one leaf */
    sw_pass(&sw, 2000);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_LIVE);
    assert_int_equal(sw.customer->figures.log_entries, 1);
    assert_int_equal(sw.tree.size, 1);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), 0);
}

static void a_receipt_that_comes_while_the_pair_is_gone_leaves_the_grant_suspended_without_a_key(void **state)
{
    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    sw_request(&sw, CAMERA);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_pass(&sw, 1500);
    sw_cut(&sw, false);
    sw_answer_log(&sw);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_SUSPENDED);
    assert_null(sw.customer->grants[CAMERA].key);
    sw_connect(&sw, false);
    sw_pass(&sw, 2000);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_LIVE);
    assert_int_equal(sw.customer->grants[CAMERA].epoch, 2);
}

static void the_agents_line_stands_under_the_statement_and_without_it_the_note_goes_alone(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA); /* answered at once: two lines */
    sw_request(&sw, MICROPHONE);
    assert_ok(proto_session_grant(sw.customer, MICROPHONE, sw.now));
    sw.hold_agent = true;
    size_t adds = sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0);
    sw_pass(&sw, PROTO_COSIGN_WAIT_MS - 1);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), adds);
    sw_pass(&sw, 2);
    assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_LOG, 0), adds + 1);
}

static void a_false_line_of_the_agent_is_left_out_and_is_an_alarm(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_request(&sw, CAMERA);
    sw.agent->outbox.secret[0] ^= 1; /* signs with another key from now on */
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_SIGNATURE);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_LIVE);
}

static void the_outbox_is_bounded_and_a_full_one_grants_nothing(void **state)
{
    unsigned rounds = 0;

    (void)state;
    sw_join(&sw);
    sw.log_silent = true;
    while (sw.customer->outbox.count < PROTO_MAX_OUTBOX && rounds++ < 200) {
        sw.customer->refusals = sw.agent->refusals = 0;
        sw_request(&sw, CAMERA);
        assert_ok(proto_session_refuse(sw.customer, CAMERA, sw.now));
        sw_carry(&sw);
    }
    assert_int_equal(sw.customer->outbox.count, PROTO_MAX_OUTBOX);
    sw.customer->refusals = sw.agent->refusals = 0;
    sw_request(&sw, CAMERA);
    assert_int_equal(proto_session_grant(sw.customer, CAMERA, sw.now), PROTO_ERR_FULL);
    assert_null(sw.customer->grants[CAMERA].key);
    assert_int_equal(sw.customer->outbox.count, PROTO_MAX_OUTBOX);
    sw_answer_log(&sw);
    sw_pass(&sw, 100);
    assert_int_equal(sw.customer->outbox.count, 0);
    assert_int_equal(sw.customer->figures.log_entries, PROTO_MAX_OUTBOX);
}

static void a_long_session_turns_its_keys_and_its_last_notes_still_reach_the_log(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_grant(&sw, MICROPHONE);
    for (int turn = 0; turn < 100; turn++) {
        enum proto_capability capability = turn % 2 ? CAMERA : MICROPHONE;
        sw.customer->grants[capability].rotate_ms = sw.now.mono_ms;
        sw_pass(&sw, 100);
        assert_int_equal(sw.customer->grants[capability].phase, GRANT_LIVE);
    }
    assert_in_range(sw.customer->figures.log_entries, 12, 14); /* two grants, and one leaf for every nine rekey notes */
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    proto_session_end(sw.customer, PROTO_END_COMPLETED, sw.now);
    sw_pass(&sw, 5000);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ERROR), 0);
    assert_string_equal(sw_last(&sw, true, PROTO_EVENT_LOGGED)->text, "end");
}

/* ---- two ends, one log ---- */

static void two_ends_that_were_shown_different_logs_notice(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500); /* heartbeats carry what each has seen */
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM) + sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
    assert_int_equal(sw.agent->seen.size, sw.customer->seen.size);
    sw.agent->seen.root[0] ^= 1; /* as if the relay had shown the agent another tree of the same size */
    sw_pass(&sw, 2500);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    sw_request(&sw, MICROPHONE);
    assert_int_equal(proto_session_grant(sw.customer, MICROPHONE, sw.now), PROTO_ERR_LOG);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_bytes_of_the_key_leave_only_behind_its_receipt),
        cmocka_unit_test(a_receipt_that_is_wrong_anywhere_releases_no_key_and_is_an_alarm),
        CASE(a_log_that_the_organisation_does_not_name_releases_no_key),
        CASE(a_log_that_this_device_saw_larger_releases_no_key),
        CASE(an_answer_with_another_commitment_is_no_receipt),
        CASE(one_note_is_under_way_to_the_log_at_a_time),
        CASE(a_note_that_the_log_refuses_is_asked_for_again_and_the_person_reads_why),
        CASE(notes_outlive_a_connection_with_the_same_bytes),
        CASE(a_receipt_that_comes_while_the_pair_is_gone_leaves_the_grant_suspended_without_a_key),
        CASE(the_agents_line_stands_under_the_statement_and_without_it_the_note_goes_alone),
        CASE(a_false_line_of_the_agent_is_left_out_and_is_an_alarm),
        CASE(the_outbox_is_bounded_and_a_full_one_grants_nothing),
        CASE(a_long_session_turns_its_keys_and_its_last_notes_still_reach_the_log),
        CASE(two_ends_that_were_shown_different_logs_notice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
