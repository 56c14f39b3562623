/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay tells, held to what the customer and the agent signed of the same. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/relay/audit_tool.h"

static void expect(struct log_fixture *f, const char *wrong)
{
    audit_tool_verify(f, wrong ? 1 : 0, wrong ? wrong : "nothing is wrong");
}

/* ---- why it ended ---- */

static const struct {
    const char *signed_end, *by;
    enum proto_end reason;
    bool wrong;
} ends[] = {
    {"completed", "customer", PROTO_END_COMPLETED, false},
    {"completed", "customer", PROTO_END_WRONG_PERSON, true},
    {"completed", "customer", PROTO_END_DECLINED, true},
    {"completed", "customer", PROTO_END_CUSTOMER_LEFT, true},
    {"wrong-person", "customer", PROTO_END_COMPLETED, true},
    {"completed", "relay", PROTO_END_DECLINED, true},
    {"completed", "relay", PROTO_END_CONNECTION_LOST, false},
    {"completed", "relay", PROTO_END_EXPIRED, false},
    {"completed", "relay", PROTO_END_FAILED, false},
    {"completed", "customer", PROTO_END_FAILED, false},
    {"agent-left", "customer", PROTO_END_CUSTOMER_LEFT, false}, /* the relay takes no such word from a customer */
    {"customer-left", "customer", PROTO_END_CUSTOMER_LEFT, false},
    {"completed", "agent", PROTO_END_WRONG_PERSON, false}, /* both at once: theirs was the first */
    {NULL, "customer", PROTO_END_WRONG_PERSON, false},
};

static void the_relay_puts_no_reason_into_the_customers_mouth(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "C-1");
        if (ends[i].signed_end)
            log_session_answer(&f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, ends[i].signed_end);
        s.ended_by = ends[i].by;
        log_session_end(&f, &s, ends[i].reason);
        expect(&f, ends[i].wrong ? "as the customer signed in entry" : NULL);
    }
}

/* ---- what the agent had ---- */

enum { HOUR_S = 3600 };

/* The relay tells one second of the camera; so long later the agent's notes have it, and for so long. */
static void look(struct log_fixture *f, struct log_session *s, int64_t later_s, int64_t for_s)
{
    audit_tool_join(f, s, "C-1");
    log_session_grant(f, s, PROTO_CAPABILITY_CAMERA, "to see it", 0);
    log_session_show(f, s, PROTO_CAPABILITY_CAMERA, "5");
    if (!later_s)
        log_session_agent_event(f, s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_fixture_pass(f, 1);
    log_session_hide(f, s, PROTO_CAPABILITY_CAMERA, "5", "15", "9000");
    log_fixture_pass(f, later_s);
    if (later_s)
        log_session_agent_event(f, s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_fixture_pass(f, for_s);
    log_session_agent_event(f, s, PROTO_ACT_VIEWING_STOPPED, PROTO_CAPABILITY_CAMERA);
    log_session_answer(f, s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    log_session_end(f, s, PROTO_END_COMPLETED);
}

static void nothing_is_on_the_screen_for_which_no_way_was_open(void **state)
{
    static const struct {
        int64_t later_s;
        bool wrong;
    } looks[] = {{0, false}, {60, false}, {14 * 60, false}, {HOUR_S, true}};
    struct log_fixture f;
    struct log_session s;

    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        look(&f, &s, looks[i].later_s, 1);
        expect(&f, looks[i].wrong ? "a way that the relay had open for what the agent had on the screen then" : NULL);
    }
}

/* One that is open for long is one all the while; and a relay that was killed forgets what it did last. */
static void a_long_way_and_a_restart_explain_it(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    for (int restart = 0; restart < 2; restart++) {
        audit_tool_join(&f, &s, "C-1");
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see it", 0);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_fixture_pass(&f, restart ? 1 : HOUR_S);
        if (restart) {
            log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "15", "9000");
            log_fixture_pass(&f, HOUR_S);
            log_session_event(&f, &s, PROTO_ACT_LOST, PROTO_CAPABILITY_NONE, "who", "customer", "cause", "restart",
                              NULL);
        }
        log_session_agent_event(&f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
        log_fixture_pass(&f, HOUR_S);
        if (!restart)
            log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "15", "9000");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        expect(&f, NULL);
    }
}

static void what_the_agent_had_for_longer_than_the_relay_tells_is_said(void **state)
{
    static const char words[] = "for 2 h, by the agent's own notes";
    static const char *const commands[] = {"show 4f2a", "export --format html"};
    struct log_fixture f;
    struct log_session s;

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        look(&f, &s, 0, 2 * HOUR_S);
        log_fixture_settle(&f);
        audit_tool_expect(&f, 0, words, "%s --dir %s --key %s/officer/evidence.key", commands[i], f.folder, f.folder);
        log_fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_relay_puts_no_reason_into_the_customers_mouth),
        cmocka_unit_test(nothing_is_on_the_screen_for_which_no_way_was_open),
        cmocka_unit_test(a_long_way_and_a_restart_explain_it),
        cmocka_unit_test(what_the_agent_had_for_longer_than_the_relay_tells_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
