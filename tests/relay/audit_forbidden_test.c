/* SPDX-License-Identifier: Apache-2.0 */
/* What the policy forbids and somebody tried all the same: counted, listed, and named where it went through. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "tests/relay/audit_tool.h"

#define WITH_KEY "--dir %s --key %s/officer/evidence.key", f.folder, f.folder
#define COMMAND_WITH_KEY "%s --dir %s --key %s/officer/evidence.key"
enum { CAMERA_S = 600, KEPT_DAYS = 30 };

static void join(struct log_fixture *f, struct log_session *s)
{
    log_session_begin(f, s, "C-1001", "T-77");
    log_session_event(f, s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
}

static void take_policy(struct log_fixture *f)
{
    log_fixture_taken(f, PROTO_ACT_POLICY_TAKEN, f->policy.number, f->policy.text_hash);
}

/* ---- what was refused ---- */

static const struct {
    const char *says, *command;
} told[] = {
    {"-camera ~still !recording", "list"},
    {"!recording", "list --outcome forbidden"},
    {"REFUSED          entry 7", "list --outcome forbidden"}, /* before a session began */
    {"!recording", "list --outcome forbidden --capability recording"},
    {"no session is as asked for", "list --outcome forbidden --capability still"},
    {"no session is as asked for", "list --outcome unasked --capability recording"},
    {"\"unasked\":[\"still\"],\"forbidden\":[\"recording\"]", "list --json"},
    {"Recording            forbidden: the policy does not allow it", "show 4f2a"},
    {"1 time customers' ends refused what the policy forbids:", "report"},
    {"22 times the relay refused what policy or consent", "report"},
    {"list --outcome forbidden names them", "report"},
    {"\"forbidden\":1,\"not_opened\":3,\"refused_staff\":19", "report --json"},
    {"\"name\":\"Ada Lovelace\",\"sessions\":1,\"granted\":0,\"refused\":1,\"forbidden\":1", "report --json"},
    {"<p>Forbidden: the policy does not allow it", "export --format html"},
    {"<title>forbidden: the policy", "export --format html"},
};

static void what_the_policy_forbids_and_an_agent_asks_for_is_told_apart(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    log_fixture_open(&f);
    join(&f, &s);
    log_session_answer(&f, &s, PROTO_STATEMENT_REFUSE, PROTO_CAPABILITY_CAMERA, "to see the hub");
    log_session_answer(&f, &s, PROTO_STATEMENT_REFUSE, PROTO_CAPABILITY_STILL, PROTO_PURPOSE_BLOCKED);
    log_session_answer(&f, &s, PROTO_STATEMENT_REFUSE, PROTO_CAPABILITY_RECORDING, PROTO_PURPOSE_FORBIDDEN);
    log_session_event(&f, &s, PROTO_ACT_GATE_REFUSED, PROTO_CAPABILITY_RECORDING, "src", "1", "stream", "5", "cause",
                      "policy", "times", "3", NULL);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_refused(&f, 19);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 0, "nothing is wrong.", "verify " WITH_KEY);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        audit_tool_expect(&f, 0, told[i].says, COMMAND_WITH_KEY, told[i].command, f.folder, f.folder);
    log_fixture_close(&f);
}

/* ---- what went through ---- */

static const struct {
    enum proto_capability capability;
    const char *purpose;
    uint32_t max_s, days;
    const char *names; /* NULL: it is allowed */
} grants[] = {
    {PROTO_CAPABILITY_CAMERA, "to see", CAMERA_S, KEPT_DAYS, NULL},
    {PROTO_CAPABILITY_LOCATION, "to see", 0, 0,
     "no consent to Location: policy 1, in force since entry 0, forbids it "
     "to agents of this role"},
    {PROTO_CAPABILITY_CAMERA, "to see", CAMERA_S + 1, KEPT_DAYS, "forbids it for so long"},
    {PROTO_CAPABILITY_CAMERA, "to see", 0, KEPT_DAYS, "forbids it for so long"},
    {PROTO_CAPABILITY_CAMERA, "to see", CAMERA_S, KEPT_DAYS + 1, "forbids it to be kept for so long"},
    {PROTO_CAPABILITY_CAMERA, "to look around", CAMERA_S, KEPT_DAYS, "forbids it for this purpose"},
};

static void allow(struct log_fixture *f, struct log_session *s, size_t i)
{
    struct proto_statement st = {.action = PROTO_STATEMENT_GRANT,
                                 .capability = grants[i].capability,
                                 .has_key = true,
                                 .epoch = ++s->epoch,
                                 .max_s = grants[i].max_s,
                                 .retention_days = grants[i].days};

    strcpy(st.purpose, grants[i].purpose);
    log_session_state(f, s, st);
}

static void open_with_policy(struct log_fixture *f)
{
    log_fixture_open(f);
    f->policy.rules[PROTO_CAPABILITY_CAMERA].max_seconds = CAMERA_S;
    f->policy.rules[PROTO_CAPABILITY_CAMERA].retention_days = KEPT_DAYS;
    strcpy(f->policy.purposes[f->policy.purpose_count++], "to see");
    log_fixture_sign_policy(f);
}

/* Both ends had the policy when they met: their programs were changed. */
static void a_consent_against_the_policy_in_force_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof grants / sizeof *grants; i++) {
        struct log_fixture f;
        struct log_session s;
        const char *says = grants[i].names;
        open_with_policy(&f);
        take_policy(&f);
        join(&f, &s);
        allow(&f, &s, i);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        log_fixture_settle(&f);
        audit_tool_expect(&f, says != NULL, says ? says : "nothing is wrong.", "verify " WITH_KEY);
        audit_tool_expect(&f, says != NULL, says ? "NO. entry 3" : "no rule broken", "show 4f2a " WITH_KEY);
        log_fixture_close(&f);
    }
}

/* It may have come on the way: the session was open before. */
static void one_in_a_session_that_was_open_before_is_said(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    open_with_policy(&f);
    join(&f, &s);
    take_policy(&f);
    allow(&f, &s, 1);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 0, "entry 3 is a consent to Location, which policy 1 forbids:", "verify " WITH_KEY);
    audit_tool_expect(&f, 0, "\"forbidden\":1", "verify --json " WITH_KEY);
    log_fixture_close(&f);
}

/* Which policy ruled before its note, or ruled whose text is not here, nobody can say. */
static void under_a_policy_that_is_not_here_nothing_is_named(void **state)
{
    static const uint8_t other[32] = {7};

    (void)state;
    for (int behind = 0; behind < 2; behind++) {
        struct log_fixture f;
        struct log_session s;
        open_with_policy(&f);
        if (behind)
            take_policy(&f);
        log_fixture_taken(&f, PROTO_ACT_POLICY_TAKEN, f.policy.number + (behind ? 1 : 0), other);
        join(&f, &s);
        allow(&f, &s, 1);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        log_fixture_settle(&f);
        audit_tool_expect(&f, 0, "nothing is wrong.", "verify " WITH_KEY);
        log_fixture_close(&f);
    }
}

/* The relay answered "in force", and served the one before for two days. */
static void a_policy_that_comes_into_force_late_is_said(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct log_fixture f;
        int code;
        open_with_policy(&f);
        log_fixture_signed_policy(&f, f.policy.number);
        log_fixture_pass(&f, late ? 40 * 3600 : 60);
        take_policy(&f);
        log_fixture_settle(&f);
        const char *out = audit_tool_run(&f, &code, "verify " WITH_KEY);
        assert_int_equal(code, 0);
        assert_int_equal(strstr(out, "Policy      1 was signed by an officer in entry 0, and the relay put it in force "
                                     "40 h") != NULL,
                         late);
        log_fixture_close(&f);
    }
}

/* Whenever the session was opened: the relay had the policy, or would not have said so. It closes at once what was
 * open, though the log may have that a moment later. */
static void a_way_that_the_relay_has_open_against_it_is_named(void **state)
{
    static const uint8_t another[32] = {7};
    static const struct {
        bool another, open; /* before */
        int64_t later_s;
        int code;
        const char *says;
    } rows[] = {
        {false, false, 0, 1, "no way for Location, which policy 1, in force since entry 3, forbids"},
        {false, true, 3 * 3600, 1, "no way for Location, which policy 1, in force since entry 5, forbids"},
        {false, true, 1, 0, "nothing is wrong."},
        {true, true, 1, 0, "Policy      1 is in force since entry 6. What was allowed before is held to no policy"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct log_fixture f;
        struct log_session s;
        open_with_policy(&f);
        if (rows[i].another)
            log_fixture_taken(&f, PROTO_ACT_POLICY_TAKEN, f.policy.number - 1, another);
        join(&f, &s);
        allow(&f, &s, 1);
        if (rows[i].open)
            log_session_show(&f, &s, PROTO_CAPABILITY_LOCATION, "5");
        take_policy(&f);
        if (!rows[i].open)
            log_session_show(&f, &s, PROTO_CAPABILITY_LOCATION, "5");
        log_fixture_pass(&f, rows[i].later_s);
        log_session_hide(&f, &s, PROTO_CAPABILITY_LOCATION, "5", "10", "1000");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        log_fixture_settle(&f);
        audit_tool_expect(&f, rows[i].code, rows[i].says, "verify " WITH_KEY);
        log_fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_policy_forbids_and_an_agent_asks_for_is_told_apart),
        cmocka_unit_test(a_consent_against_the_policy_in_force_is_named),
        cmocka_unit_test(one_in_a_session_that_was_open_before_is_said),
        cmocka_unit_test(under_a_policy_that_is_not_here_nothing_is_named),
        cmocka_unit_test(a_way_that_the_relay_has_open_against_it_is_named),
        cmocka_unit_test(a_policy_that_comes_into_force_late_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
