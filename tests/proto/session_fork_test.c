/* SPDX-License-Identifier: Apache-2.0 */
/* A relay that keeps two logs under one key shows each end its own: the ends tell each other, and keep the proof. */
#include "tests/proto/test.h"

#include "proto/log/fork.h"
#include "tests/proto/session_test.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 17);
    return 0;
}

/* The relay has shown this end another tree of that size, and signed it. */
static void show_another(struct proto_session *s, uint64_t size)
{
    struct proto_log_checkpoint checkpoint = {.size = size};
    char note[PROTO_LOG_CHECKPOINT_MAX];
    struct proto_log_seen seen = {.size = size};

    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%.*s", (int)strcspn(sw.log_vkey, "+"), sw.log_vkey);
    memset(checkpoint.root, 0x5a, sizeof checkpoint.root);
    memcpy(seen.root, checkpoint.root, sizeof seen.root);
    assert_ok(proto_log_checkpoint_sign(note, &checkpoint, sw.log_secret));
    seen_advance(s, &seen, note);
    assert_int_not_equal(s->view.note[0], 0);
}

static enum proto_err judge(struct proto_log_fork *fork)
{
    struct proto_log_checkpoint first, second;

    assert_ok(proto_log_fork_parse(fork, sw.fork, strlen(sw.fork)));
    assert_string_equal(fork->log_vkey, sw.log_vkey);
    return proto_log_fork_check(fork, sw.log_vkey, &first, &second);
}

static void honest_ends_hold_the_same_signed_checkpoint(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
    assert_int_equal(sw.agent->seen.size, sw.customer->seen.size);
    assert_string_equal(proto_session_seen_note(sw.agent), proto_session_seen_note(sw.customer));
    assert_true(sw.agent->view.note[0]);
}

static void two_trees_of_one_size_are_proved_to_be_a_fork(void **state)
{
    struct proto_log_fork fork;

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500);
    show_another(sw.agent, sw.customer->seen.size);
    sw_pass(&sw, 2500);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(sw_alarms(true), 1); /* said once */
    assert_ok(judge(&fork));
    assert_int_equal(fork.kind, PROTO_LOG_FORK_SAME_SIZE);
    sw_request(&sw, MICROPHONE);
    assert_int_equal(proto_session_grant(sw.customer, MICROPHONE, sw.now), PROTO_ERR_LOG);
}

/* Both ends: the one that is behind cannot be led on, and the one that is ahead sees that it stays behind. */
static void a_larger_tree_that_does_not_continue_ours_is_an_alarm_at_both_ends(void **state)
{
    struct proto_log_fork fork;

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_grant(&sw, MICROPHONE);
    sw_pass(&sw, 2500);
    assert_true(sw.customer->seen.size > 1);
    show_another(sw.agent, sw.customer->seen.size - 1);
    sw_pass(&sw, 12000);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(judge(&fork), PROTO_ERR_STATE); /* two sizes: the notes alone contradict nothing */
    assert_int_equal(fork.kind, PROTO_LOG_FORK_BAD_PROOF);
}

/* The customer has gone on, and still has what it saw when it was as small. */
static void a_tree_of_a_size_that_was_seen_before_is_proved_to_be_a_fork_without_the_relay(void **state)
{
    struct proto_log_fork fork;

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500);
    uint64_t size = sw.customer->seen.size;
    sw_grant(&sw, MICROPHONE);
    sw_pass(&sw, 2500);
    assert_true(sw.customer->seen.size > size);
    sw.proves_nothing = true;
    show_another(sw.agent, size);
    sw_pass(&sw, 2500);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_ok(judge(&fork));
}

static void a_relay_that_goes_on_and_proves_nothing_is_an_alarm_after_half_a_minute(void **state)
{
    struct proto_log_fork fork;

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500);
    sw.proves_nothing = true;
    show_another(sw.agent, sw.customer->seen.size + 1);
    sw_pass(&sw, 25000);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
    sw_pass(&sw, 15000);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(judge(&fork), PROTO_ERR_STATE);
    assert_int_equal(fork.kind, PROTO_LOG_FORK_NO_PROOF);
}

/*
 * The customer's note is in the first log, and before its receipt comes both ends are led to the second one. Held
 * against what was seen when it left, the receipt is in order; only what it says itself gives the second log away.
 */
static void a_receipt_that_was_under_way_when_another_tree_was_shown_is_not_forgotten_for_it(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500);
    const uint64_t before = sw.customer->seen.size;
    sw.log_silent = true;
    sw_request(&sw, MICROPHONE);
    assert_ok(proto_session_grant(sw.customer, MICROPHONE, sw.now));
    sw_carry(&sw);
    assert_true(sw.log_adds_open > 0);
    show_another(sw.customer, before + 8);
    show_another(sw.agent, before + 8);
    sw_answer_log(&sw);
    assert_true(sw.customer->seen.size > before && sw.customer->seen.size < before + 8);
    sw_pass(&sw, 15000);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_true(sw.customer->log_distrusted);
}

/* Of two receipts, or of a proof and a receipt, in one log the larger tree stands. */
static void an_older_receipt_of_the_same_log_takes_nothing_back(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500);
    const struct proto_log_seen now = sw.customer->seen;
    const struct proto_log_seen older = {.size = now.size - 1};
    seen_receipt(sw.customer, &now, &older, sw.customer->view.note);
    assert_memory_equal(&sw.customer->seen, &now, sizeof now);
}

static void a_checkpoint_that_the_log_did_not_sign_is_an_alarm_and_no_fork(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_pass(&sw, 2500);
    show_another(sw.agent, sw.customer->seen.size + 4);
    sw.agent->view.note[strlen(sw.agent->view.note) - 20] ^= 1;
    sw_pass(&sw, 2500);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ALARM)->err, PROTO_ERR_LOG);
    assert_int_equal(sw.fork[0], 0);
    assert_false(sw.customer->log_distrusted);
}

static void what_was_remembered_of_another_log_of_the_organisation_is_none_of_this(void **state)
{
    static const char other[] = "another.example/audit/acme\n9\nCjfsmkzO2Yrm+FYeClwcz/nNDAFPyg+5ueGcYARYpw0=\n\n"
                                "\xe2\x80\x94 another.example/audit/acme AAAA\n";

    (void)state;
    sw.customer_config.seen.size = 9;
    sw.customer_config.seen_note = other;
    sw_join(&sw);
    sw_grant(&sw, CAMERA); /* it would be refused by who has seen nine entries of this log */
    sw_pass(&sw, 2500);
    assert_int_equal(sw_alarms(true) + sw_alarms(false), 0);
}

/* ---- the file ---- */

static void make_fork(struct proto_log_fork *fork, uint64_t second_size)
{
    struct proto_log_checkpoint checkpoint = {.size = 7};
    char note[PROTO_LOG_CHECKPOINT_MAX];

    memset(fork, 0, sizeof *fork);
    fork->kind = PROTO_LOG_FORK_BAD_PROOF;
    fork->proof.count = 3;
    memset(fork->proof.hash, 0x11, fork->proof.count * sizeof *fork->proof.hash);
    assert_true(strlen(sw.log_vkey) < sizeof fork->log_vkey);
    memcpy(fork->log_vkey, sw.log_vkey, strlen(sw.log_vkey));
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%.*s", (int)strcspn(sw.log_vkey, "+"), sw.log_vkey);
    assert_ok(proto_log_checkpoint_sign(note, &checkpoint, sw.log_secret));
    assert_ok(proto_log_checkpoint_bare(fork->first, note, sw.log_vkey));
    checkpoint.size = second_size;
    checkpoint.root[0] = 9;
    assert_ok(proto_log_checkpoint_sign(note, &checkpoint, sw.log_secret));
    assert_ok(proto_log_checkpoint_bare(fork->second, note, sw.log_vkey));
}

static void the_file_comes_back_as_it_was_and_each_change_of_it_is_noticed(void **state)
{
    struct proto_log_checkpoint first, second;
    struct proto_log_fork fork, back;
    struct proto_buf text;

    (void)state;
    make_fork(&fork, 7);
    proto_buf_init(&text, PROTO_LOG_FORK_FILE_MAX);
    assert_ok(proto_log_fork_write(&text, &fork));
    assert_true(proto_log_fork_is((const char *)text.bytes, text.len));
    assert_ok(proto_log_fork_parse(&back, (const char *)text.bytes, text.len));
    assert_memory_equal(&fork, &back, sizeof fork);
    assert_ok(proto_log_fork_check(&back, sw.log_vkey, &first, &second));
    size_t judged = (size_t)(strstr((const char *)text.bytes, "--- checkpoint") - (const char *)text.bytes);
    size_t end = (size_t)(strstr((const char *)text.bytes, "--- proof") - (const char *)text.bytes);
    for (size_t i = judged; i < end; i++) {
        text.bytes[i] ^= 1;
        if (!proto_log_fork_parse(&back, (const char *)text.bytes, text.len))
            assert_int_equal(proto_log_fork_check(&back, sw.log_vkey, &first, &second), PROTO_ERR_LOG);
        text.bytes[i] ^= 1;
    }
    for (size_t len = 0; len < text.len; len += 7) {
        if (!proto_log_fork_parse(&back, (const char *)text.bytes, len) && len < end)
            assert_int_equal(proto_log_fork_check(&back, sw.log_vkey, &first, &second), PROTO_ERR_LOG);
    }
    proto_buf_free(&text);
}

/* A log with a long name, and two signatures of such a length. */
static void a_file_of_the_longest_checkpoints_is_written(void **state)
{
    static struct proto_log_fork fork, back;
    struct proto_buf text;

    (void)state;
    make_fork(&fork, 7);
    memset(fork.first, 'a', sizeof fork.first - 2);
    memset(fork.second, 'b', sizeof fork.second - 2);
    fork.first[sizeof fork.first - 2] = fork.second[sizeof fork.second - 2] = '\n';
    proto_buf_init(&text, PROTO_LOG_FORK_FILE_MAX);
    assert_ok(proto_log_fork_write(&text, &fork));
    assert_ok(proto_log_fork_parse(&back, (const char *)text.bytes, text.len));
    assert_memory_equal(&fork, &back, sizeof fork);
    proto_buf_free(&text);
}

static void the_same_checkpoint_twice_is_no_fork(void **state)
{
    struct proto_log_checkpoint first, second;
    struct proto_log_fork fork;

    (void)state;
    make_fork(&fork, 9);
    assert_int_equal(proto_log_fork_check(&fork, sw.log_vkey, &first, &second), PROTO_ERR_STATE);
    memcpy(fork.second, fork.first, sizeof fork.second);
    assert_int_equal(proto_log_fork_check(&fork, sw.log_vkey, &first, &second), PROTO_ERR_LOG);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(honest_ends_hold_the_same_signed_checkpoint),
        CASE(two_trees_of_one_size_are_proved_to_be_a_fork),
        CASE(a_larger_tree_that_does_not_continue_ours_is_an_alarm_at_both_ends),
        CASE(a_tree_of_a_size_that_was_seen_before_is_proved_to_be_a_fork_without_the_relay),
        CASE(a_relay_that_goes_on_and_proves_nothing_is_an_alarm_after_half_a_minute),
        CASE(a_receipt_that_was_under_way_when_another_tree_was_shown_is_not_forgotten_for_it),
        CASE(an_older_receipt_of_the_same_log_takes_nothing_back),
        CASE(a_checkpoint_that_the_log_did_not_sign_is_an_alarm_and_no_fork),
        CASE(what_was_remembered_of_another_log_of_the_organisation_is_none_of_this),
        CASE(the_file_comes_back_as_it_was_and_each_change_of_it_is_noticed),
        CASE(a_file_of_the_longest_checkpoints_is_written),
        CASE(the_same_checkpoint_twice_is_no_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
