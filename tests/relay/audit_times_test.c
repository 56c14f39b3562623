/* SPDX-License-Identifier: Apache-2.0 */
/* When it was, and whether a certificate held then: the log says it, and not who writes into it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/relay/audit_tool.h"

enum { HOUR_S = 3600 };

static const char held[] = "held when the log took this entry";

static int64_t now_s(const struct log_fixture *f)
{
    return f->now_ms / 1000;
}

/* A session that says to have begun so long ago. */
static void add(struct log_fixture *f, int64_t ago_s)
{
    struct log_session s;

    f->spoil.ago_s = ago_s;
    log_session_begin(f, &s, "C-1", "");
    log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_end(f, &s, PROTO_END_COMPLETED);
}

static void expect(struct log_fixture *f, int code, const char *text)
{
    const struct {
        const char *command, *bad;
    } commands[] = {
        {"verify", text}, {"show 4f2a", text}, {"list", "DOES NOT HOLD"}, {"export --format jsonl", "\"ok\":false"}};

    log_fixture_settle(f);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        audit_tool_expect(f, code,
                          !i     ? text
                          : code ? commands[i].bad
                                 : "",
                          "%s --dir %s --key %s/officer/evidence.key", commands[i].command, f->folder, f->folder);
    log_fixture_close(f);
}

static void a_session_that_is_dated_back_is_named(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_pass(&f, 3 * HOUR_S);
    add(&f, 2 * HOUR_S);
    expect(&f, 1, "within 15 minutes of its leaf");
}

/* What the relay lets pass: a commit that took its time. */
static void minutes_between_a_session_and_its_entry_are_none(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_pass(&f, HOUR_S);
    add(&f, 14 * 60);
    expect(&f, 0, "nothing is wrong.");
}

static void a_certificate_that_was_taken_back_holds_no_session_that_says_to_be_older(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_pass(&f, HOUR_S);
    log_fixture_revoke(&f, &f.agent, now_s(&f) - 120);
    log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
    add(&f, 300);
    expect(&f, 1, held);
}

/* The authority took it back, and somebody carries that to the relay, which went by what it had. */
static void a_session_before_the_relay_hears_of_a_revocation_is_said(void **state)
{
    static const struct {
        int64_t ago_s;
        bool taken;
        int code;
        const char *says;
    } rows[] = {
        {120, true, 0, "Revoked     1 session began when the authority had revoked the agent's certificate"},
        {120, false, 0, "Revoked     1 session began when the authority had revoked the agent's certificate"},
        {8 * 24 * HOUR_S, false, 1, held},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct log_fixture f;
        log_fixture_open(&f);
        log_fixture_pass(&f, 10 * 24 * HOUR_S);
        log_fixture_revoke(&f, &f.agent, now_s(&f) - rows[i].ago_s);
        add(&f, 0);
        log_fixture_pass(&f, HOUR_S);
        if (rows[i].taken)
            log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
        expect(&f, rows[i].code, rows[i].says);
    }
}

/* The log has the revocation, and the session goes on: with the camera, or without anything. */
static void who_is_taken_back_in_a_session_is_soon_out_of_it(void **state)
{
    static const struct {
        int64_t passes_s; /* so much later the way closes */
        int64_t runs_s, sleeps_s;
        bool ends;
        int code;
        const char *says;
    } rows[] = {
        {1, 0, 0, true, 0, "nothing is wrong."},
        {3 * HOUR_S, 0, 0, true, 1, "nothing to be passed on to an agent who was revoked before"},
        {1, 0, 3 * HOUR_S, true, 0, "nothing is wrong."},
        {1, HOUR_S, 0, true, 1, "an end soon after entry 5"},
        {1, HOUR_S, 0, false, 1, "an end soon after entry 5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct log_fixture f;
        struct log_session s;
        log_fixture_open(&f);
        log_session_begin(&f, &s, "C-1", "");
        log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_fixture_pass(&f, HOUR_S);
        log_fixture_revoke(&f, &f.agent, now_s(&f));
        log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
        log_fixture_pass(&f, rows[i].passes_s);
        log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "10", "1000");
        for (int64_t at_s = 0; at_s < rows[i].runs_s; at_s += 600) { /* or nobody knows that the relay ran */
            log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
            log_fixture_pass(&f, 600);
        }
        log_fixture_pass(&f, rows[i].sleeps_s);
        if (rows[i].ends)
            log_session_end(&f, &s, PROTO_END_FAILED);
        else
            log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
        log_fixture_settle(&f);
        audit_tool_expect(&f, rows[i].code, rows[i].says, "verify --dir %s --key %s/officer/evidence.key", f.folder,
                          f.folder);
        log_fixture_close(&f);
    }
}

static void nor_does_one_that_had_ended(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_pass(&f, f.agent.identity.not_after_s + 120 - now_s(&f));
    add(&f, 300);
    expect(&f, 1, held);
}

/* Its clock goes back, and so do the leaves: their order does not. */
static void behind_the_logs_own_word_of_a_revocation_no_session_begins(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_pass(&f, 3 * HOUR_S);
    log_fixture_revoke(&f, &f.agent, now_s(&f) - 60);
    log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
    log_fixture_pass(&f, -2 * HOUR_S);
    add(&f, 0);
    expect(&f, 1, held);
}

/* The session began before; what was passed on in it afterwards was not to be. */
static void who_was_taken_back_in_a_session_sees_nothing_more_in_it(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        struct log_fixture f;
        struct log_session s;
        log_fixture_open(&f);
        log_session_begin(&f, &s, "C-1", "");
        log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        if (later) {
            log_fixture_pass(&f, 120);
            log_fixture_revoke(&f, &f.agent, now_s(&f));
            log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
            log_fixture_pass(&f, 120);
        }
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "10", "1000");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        expect(&f, later, later ? "to an agent who was revoked before" : "nothing is wrong.");
    }
}

static void a_session_before_that_is_as_good_as_ever(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_pass(&f, HOUR_S);
    add(&f, 0);
    log_fixture_pass(&f, HOUR_S);
    log_fixture_revoke(&f, &f.agent, now_s(&f) - 60);
    log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
    expect(&f, 0, "nothing is wrong.");
}

/* Somebody put the authority's folder back, and the note of this number had another revocation then. */
static void a_revocation_that_is_later_than_the_note_was_not_in_it(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_pass(&f, HOUR_S);
    log_fixture_revoke(&f, &f.agent, now_s(&f) + HOUR_S);
    log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
    add(&f, 0);
    expect(&f, 0, "nothing is wrong.");
}

static void an_officer_who_was_taken_back_signs_nothing_of_before(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    add(&f, 0);
    log_fixture_pass(&f, HOUR_S);
    log_fixture_revoke(&f, &f.officer, now_s(&f) - 120);
    log_fixture_erasure(&f, 0, 2, &f.officer, 300);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 1, held, "verify --dir %s", f.folder);
    log_fixture_close(&f);
}

/* The disk was full: the events of a session wait for it, and the time that they say is the true one. */
static void an_event_that_waited_for_the_log_is_said(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "C-1", "");
    log_fixture_pass(&f, 3 * HOUR_S);
    f.spoil.ago_s = 2 * HOUR_S;
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 0, "Late        1 event says another time", "verify --dir %s --key %s/officer/evidence.key",
                      f.folder, f.folder);
    audit_tool_expect(&f, 0, "\"late\":1,", "verify --json --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    audit_tool_expect(&f, 0, "at entry 1", "show 4f2a --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_close(&f);
}

/* A stop is followed at once, and its note waits with the session's end; no other act of an officer does. */
static void a_stop_that_waited_for_the_log_is_said(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    for (int ahead = 0; ahead < 2; ahead++) {
        log_fixture_open(&f);
        log_session_begin(&f, &s, "C-1", "");
        log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        log_fixture_pass(&f, 3 * HOUR_S);
        f.spoil.ago_s = ahead ? -2 * HOUR_S : 2 * HOUR_S;
        log_fixture_stopped(&f, &s, &f.officer);
        s.stopped_by = f.officer.identity.serial;
        f.spoil.ago_s = ahead ? 0 : 2 * HOUR_S;
        log_session_end(&f, &s, PROTO_END_STOPPED_BY_OFFICER);
        log_fixture_settle(&f);
        audit_tool_expect(&f, ahead, ahead ? "within 15 minutes of its leaf" : "2 events say another time than their",
                          "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
        log_fixture_close(&f);
    }
}

/* A customer's clock is their own; but a note of another year may be one of another log. */
static void a_statement_of_another_day_is_said(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "C-1", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    f.spoil.ago_s = 1000 * 24 * HOUR_S;
    log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see it", 0);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 0, "Dated       1 note of a customer or an agent says a time",
                      "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_that_is_dated_back_is_named),
        cmocka_unit_test(minutes_between_a_session_and_its_entry_are_none),
        cmocka_unit_test(a_certificate_that_was_taken_back_holds_no_session_that_says_to_be_older),
        cmocka_unit_test(a_session_before_the_relay_hears_of_a_revocation_is_said),
        cmocka_unit_test(who_is_taken_back_in_a_session_is_soon_out_of_it),
        cmocka_unit_test(nor_does_one_that_had_ended),
        cmocka_unit_test(behind_the_logs_own_word_of_a_revocation_no_session_begins),
        cmocka_unit_test(who_was_taken_back_in_a_session_sees_nothing_more_in_it),
        cmocka_unit_test(a_session_before_that_is_as_good_as_ever),
        cmocka_unit_test(a_revocation_that_is_later_than_the_note_was_not_in_it),
        cmocka_unit_test(an_officer_who_was_taken_back_signs_nothing_of_before),
        cmocka_unit_test(an_event_that_waited_for_the_log_is_said),
        cmocka_unit_test(a_stop_that_waited_for_the_log_is_said),
        cmocka_unit_test(a_statement_of_another_day_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
