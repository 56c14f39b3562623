/* SPDX-License-Identifier: Apache-2.0 */
/* A relay that erases by itself what is not due, or with a clock that it set for it, is found out by who verifies. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "relay/audit/verify.h"
#include "tests/relay/audit_tool.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
enum { DAY_S = 86400, KEEP_DAYS = 30 };
static const char basis[] = "policy 2: kept for 30 days";

/* The officer's second policy: an end after so many days. */
static void sign_policy(struct log_fixture *f)
{
    f->policy.number = 2;
    f->policy.keep_days = KEEP_DAYS;
    log_fixture_sign_policy(f);
}

static void add_session(struct log_fixture *f)
{
    struct log_session s;

    log_session_begin(f, &s, "C-2000", "");
    log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_end(f, &s, PROTO_END_COMPLETED);
}

static struct audit_verified *verify(const struct log_fixture *f, const struct audit_log_plan *plan, int64_t now_ms)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o;

    assert_non_null(v);
    v->plan = *plan;
    assert_true(audit_open(&o, f->folder, NULL));
    assert_ok(audit_verify_all(&o, v, now_ms));
    audit_close(&o);
    return v;
}

static void drop(struct audit_verified *v)
{
    audit_log_clear(&v->log);
    free(v);
}

/* A session, days, an erasure of it, and perhaps a clock that is another afterwards. */
static const struct {
    int64_t before_s, after_s, verifier_s; /* the verifier's clock is ahead of the log's */
    const char *basis, *found;             /* NULL: nothing is wrong */
} cases[] = {
    {31 * DAY_S, 60, 60, basis, NULL},
    {30 * DAY_S, 60, 60, basis, NULL},
    {29 * DAY_S, 60, 60, basis, "of entry 2, 29 days old"},
    {120, 60, 60, basis, "of entry 2, 2 min"},
    {31 * DAY_S, -31 * DAY_S + 3600, 60, basis, "the clock was set back"},
    {31 * DAY_S, -31 * DAY_S - 3600, 32 * DAY_S, basis, NULL}, /* before all of it: not this clock was right */
    {31 * DAY_S, -3600, 60, basis, NULL},                      /* due by either time */
    {30 * DAY_S + 60, -3600, 60, basis, NULL},                 /* a wrong zone of the relay's … */
    {30 * DAY_S + 60, 60, -3600, basis, NULL},                 /* … or of the verifier's */
    {30 * DAY_S + 60, -13 * 3600, 60, basis, "the clock was set back"},
    {31 * DAY_S, 60, -30 * DAY_S, basis, "dated in the future"},
    {31 * DAY_S, 60, 60, "policy 7: kept for 30 days", "one under policy 7"},
    {31 * DAY_S, 60, 60, "policy 2: kept for 1 days", "after other days"},
};

static void what_the_relay_erases_by_itself_must_be_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_fixture f;
        log_fixture_open(&f);
        sign_policy(&f);
        add_session(&f);
        log_fixture_pass(&f, cases[i].before_s);
        log_fixture_retain(&f, 0, 2, cases[i].basis);
        log_fixture_pass(&f, cases[i].after_s);
        add_session(&f);
        log_fixture_settle(&f);
        log_fixture_erase(&f, 0, 2);
        struct audit_verified *v =
            verify(&f, &(struct audit_log_plan){.threads = 1}, f.now_ms + cases[i].verifier_s * 1000);
        if ((v->report.wrong > 0) != (cases[i].found != NULL) ||
            (cases[i].found && !strstr(v->report.findings[0].found, cases[i].found)))
            fail_msg("case %zu: %zu wrong; expected %s; found %s", i, v->report.wrong, v->report.findings[0].expected,
                     v->report.findings[0].found);
        drop(v);
        log_fixture_close(&f);
    }
}

/* The authority's folder may have a policy that never reached the relay: the log says which one it took. */
static void the_log_knows_better_than_the_folder_which_policy_was_in_force(void **state)
{
    static const uint8_t another[32] = {1};

    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        struct log_fixture f;
        log_fixture_open(&f);
        sign_policy(&f);
        log_fixture_took(&f, 2, taken ? f.policy.text_hash : another);
        add_session(&f);
        log_fixture_pass(&f, 8 * DAY_S);
        log_fixture_retain(&f, 1, 3, "policy 2: kept for 7 days");
        log_fixture_settle(&f);
        log_fixture_erase(&f, 1, 3);
        struct audit_verified *v = verify(&f, &(struct audit_log_plan){.threads = 1}, f.now_ms);
        assert_int_equal(v->report.wrong > 0, taken);
        assert_int_equal(v->report.keep_unknown, taken ? 0 : 2);
        drop(v);
        log_fixture_close(&f);
    }
}

/* Who verifies each day reads only what is new, and an erasure of yesterday with the rest of yesterday. */
static void a_clock_that_goes_back_later_is_held_against_what_was_erased_before(void **state)
{
    struct audit_log_plan plan = {.threads = 1};
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    sign_policy(&f);
    add_session(&f);
    log_fixture_pass(&f, 31 * DAY_S);
    log_fixture_retain(&f, 0, 2, basis);
    log_fixture_settle(&f);
    log_fixture_erase(&f, 0, 2);
    struct audit_verified *v = verify(&f, &plan, f.now_ms);
    assert_int_equal(v->report.wrong, 0);
    plan.from.size = v->log.size;
    memcpy(plan.from.root, v->log.root, sizeof plan.from.root);
    drop(v);
    log_fixture_resume(&f);
    log_fixture_pass(&f, -31 * DAY_S + 3600);
    add_session(&f);
    log_fixture_settle(&f);
    v = verify(&f, &plan, f.now_ms);
    assert_int_equal(v->log.from, 4);
    assert_int_equal(v->report.wrong, 1);
    assert_int_equal(v->report.findings[0].entry, 3);
    assert_non_null(strstr(v->report.findings[0].found, "by the time of entry 4: the clock was set back"));
    drop(v);
    log_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_relay_erases_by_itself_must_be_due),
        cmocka_unit_test(the_log_knows_better_than_the_folder_which_policy_was_in_force),
        cmocka_unit_test(a_clock_that_goes_back_later_is_held_against_what_was_erased_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
