/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on when it should have been over, by the time that its own signer says. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <sodium.h>
#include <string.h>

#include "tests/relay/audit_tool.h"

enum { MINUTE_S = 60, HOUR_S = 3600 };

static const char fine[] = "nothing is wrong.";

static void expect(struct log_fixture *f, const char *text)
{
    audit_tool_verify(f, text != fine, text);
}

/* The note of the stop and the session's last ones wait for the log; what they say is when it was. */
static void a_stop_is_followed_from_when_the_officer_signed_it(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct log_fixture f;
        struct log_session s;
        int64_t ago_s = kept ? 0 : 3 * HOUR_S - MINUTE_S;
        audit_tool_join(&f, &s, "C-1");
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_fixture_pass(&f, 3 * HOUR_S);
        f.spoil.ago_s = 3 * HOUR_S - MINUTE_S;
        log_fixture_stopped(&f, &s, &f.officer);
        s.stopped_by = f.officer.identity.serial;
        f.spoil.ago_s = ago_s;
        log_session_event(&f, &s, PROTO_ACT_STOPPED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "frames", "10",
                          "bytes", "1000", NULL);
        f.spoil.ago_s = ago_s;
        log_session_event(&f, &s, PROTO_ACT_GATE_CLOSED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", NULL);
        f.spoil.ago_s = ago_s;
        log_session_end(&f, &s, PROTO_END_STOPPED_BY_OFFICER);
        expect(&f, kept ? "nothing to be passed on after entry" : fine);
    }
}

/* The line was away for minutes, or the agent went on for hours by their own word. A note that waited says when. */
static void what_an_agent_had_ends_with_the_consent(void **state)
{
    static const struct {
        enum proto_capability capability;
        enum proto_act began, ended;
        int64_t later_s, ago_s;
        const char *found;
    } cases[] = {
        {PROTO_CAPABILITY_CAMERA, PROTO_ACT_VIEWING_STARTED, PROTO_ACT_VIEWING_STOPPED, 11 * MINUTE_S, 0, fine},
        {PROTO_CAPABILITY_CAMERA, PROTO_ACT_VIEWING_STARTED, PROTO_ACT_VIEWING_STOPPED, 2 * HOUR_S, 0,
         "a consent to Camera in force"},
        {PROTO_CAPABILITY_CAMERA, PROTO_ACT_VIEWING_STARTED, PROTO_ACT_VIEWING_STOPPED, 2 * HOUR_S, 2 * HOUR_S, fine},
        {PROTO_CAPABILITY_RECORDING, PROTO_ACT_RECORDING_STARTED, PROTO_ACT_RECORDING_STOPPED, 2 * HOUR_S, 0,
         "a consent to Recording in force"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "C-1");
        log_session_grant(&f, &s, cases[i].capability, "to see", 0);
        log_session_show(&f, &s, cases[i].capability, "5");
        log_session_agent_event(&f, &s, cases[i].began, cases[i].capability);
        log_session_hide(&f, &s, cases[i].capability, "5", "10", "1000");
        log_session_answer(&f, &s, PROTO_STATEMENT_WITHDRAW, cases[i].capability, "");
        log_fixture_pass(&f, cases[i].later_s);
        f.spoil.ago_s = cases[i].ago_s;
        log_session_agent_event(&f, &s, cases[i].ended, cases[i].capability);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        expect(&f, cases[i].found);
    }
}

static void how_long_was_recorded_is_told(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    audit_tool_join(&f, &s, "C-1");
    log_session_grant(&f, &s, PROTO_CAPABILITY_RECORDING, "to keep it", 0);
    log_session_agent_event(&f, &s, PROTO_ACT_RECORDING_STARTED, PROTO_CAPABILITY_RECORDING);
    log_fixture_pass(&f, HOUR_S + 59 * MINUTE_S);
    log_session_agent_event(&f, &s, PROTO_ACT_RECORDING_STOPPED, PROTO_CAPABILITY_RECORDING);
    log_session_answer(&f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_RECORDING, "");
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 0, "in 1 h 59 min", "show 4f2a --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_close(&f);
}

/* The camera was on for thirty hours, or one machine's date was set while it was. */
static void nothing_passes_for_longer_than_a_session_lasts(void **state)
{
    (void)state;
    for (int jumped = 0; jumped < 2; jumped++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "C-1");
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_fixture_pass(&f, 30 * HOUR_S);
        log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "10", "1000");
        f.spoil.ago_s = jumped ? 30 * HOUR_S : 0;
        log_session_answer(&f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        expect(&f, jumped ? fine : "nothing to be passed on for longer than 4 hours");
    }
}

/* A consent of a minute: the relay was killed in it, its machine stood still or its date was set, or it passed on for
 * longer. */
static void a_consent_with_a_time_ends_by_more_clocks_than_one(void **state)
{
    static const struct {
        int64_t later_s, customer_s; /* that pass by the relay's clock and the customer's, before the end */
        bool restart, withdrawn;     /* it was taken back before the way was closed */
        const char *found;
    } cases[] = {
        {50, 50, false, false, fine},
        {600, 600, false, false, "Camera to have stopped within the 60 s"},
        {HOUR_S, 600, false, false, "Camera to have stopped within the 60 s"},
        {600, 600, true, false, fine},
        {HOUR_S, 5, false, false, fine},
        {HOUR_S, 5, false, true, fine},
        {-HOUR_S, 5, false, false, fine},
        {-HOUR_S, 5, false, true, fine},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_fixture f;
        struct log_session s;
        int64_t ago_s = cases[i].later_s - cases[i].customer_s;
        audit_tool_join(&f, &s, "C-1");
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 60);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_session_agent_event(&f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
        log_fixture_pass(&f, cases[i].later_s);
        f.spoil.ago_s = ago_s;
        if (cases[i].withdrawn)
            log_session_answer(&f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
        memset(&f.spoil, 0, sizeof f.spoil);
        if (cases[i].restart)
            log_session_event(&f, &s, PROTO_ACT_STOPPED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "cause",
                              "restart", NULL);
        if (cases[i].restart)
            log_session_event(&f, &s, PROTO_ACT_GATE_CLOSED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5",
                              "cause", "restart", NULL);
        else
            log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "10", "1000");
        f.spoil.ago_s = ago_s;
        log_session_answer(&f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, proto_end_name(PROTO_END_COMPLETED));
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        expect(&f, cases[i].found);
    }
}

/* A restart closes what it finds, however late that is; a relay that ran meanwhile, by its log, had to close it. */
static void a_restart_excuses_nothing_behind_which_the_relay_ran(void **state)
{
    static const struct {
        bool others; /* an entry of another session half an hour after the consent was over */
        uint32_t max_s;
        const char *found;
    } cases[] = {
        {false, 0, fine},
        {true, 0, "Camera to have stopped before entry 5 took the grant back"},
        {false, 60, fine},
        {true, 60, "Camera to have stopped within the 60 s"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_fixture f;
        struct log_session s, other;
        audit_tool_join(&f, &s, "C-1");
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", cases[i].max_s);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_fixture_pass(&f, MINUTE_S);
        if (!cases[i].max_s)
            log_session_answer(&f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
        log_fixture_pass(&f, HOUR_S / 2);
        if (cases[i].others)
            log_session_begin(&f, &other, "C-2", "");
        if (cases[i].others)
            log_session_end(&f, &other, PROTO_END_DECLINED);
        log_fixture_pass(&f, HOUR_S / 2);
        log_session_event(&f, &s, PROTO_ACT_STOPPED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "cause",
                          "restart", NULL);
        log_session_event(&f, &s, PROTO_ACT_GATE_CLOSED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "cause",
                          "restart", NULL);
        log_session_end(&f, &s, PROTO_END_CONNECTION_LOST);
        expect(&f, cases[i].found);
    }
}

/* It is killed when pictures have passed and the log has no word of them yet; the agent's own note waits. */
static void what_an_agent_saw_before_a_restart_the_relay_may_have_forgotten(void **state)
{
    struct log_fixture f;
    struct log_session s;
    char leaf[65];

    (void)state;
    audit_tool_join(&f, &s, "C-1");
    log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    sodium_bin2hex(leaf, sizeof leaf, s.grant_leaf, sizeof s.grant_leaf);
    log_session_event(&f, &s, PROTO_ACT_GATE_OPENED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "leaf", leaf,
                      NULL);
    log_fixture_pass(&f, MINUTE_S);
    log_session_event(&f, &s, PROTO_ACT_GATE_CLOSED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "cause",
                      "restart", NULL);
    log_session_agent_event(&f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_session_end(&f, &s, PROTO_END_CONNECTION_LOST);
    expect(&f, fine);
}

/* A photo in the second half of an hour that was allowed, when the date has been set in the first. */
static void what_an_agent_begins_is_under_a_consent_by_more_clocks_than_one(void **state)
{
    static const struct {
        int64_t later_s, customer_s;
        bool withdrawn; /* by the log's order, before it */
        const char *found;
    } cases[] = {
        {50 * MINUTE_S, 50 * MINUTE_S, false, fine},
        {2 * HOUR_S, 2 * HOUR_S, false, "a consent to Photo in force, or over for some minutes"},
        {2 * HOUR_S, 30 * MINUTE_S, false, fine},
        {2 * HOUR_S, 2 * HOUR_S, true, "a consent to Photo in force, or over for some minutes"},
        {-HOUR_S, 30 * MINUTE_S, false, fine},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_fixture f;
        struct log_session s;
        int64_t ago_s = cases[i].later_s - cases[i].customer_s;
        audit_tool_join(&f, &s, "C-1");
        log_session_grant(&f, &s, PROTO_CAPABILITY_STILL, "to see it sharp", HOUR_S);
        if (cases[i].withdrawn)
            log_session_answer(&f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_STILL, "");
        log_fixture_pass(&f, cases[i].later_s < 0 ? 30 * MINUTE_S : cases[i].later_s);
        log_session_agent_event(&f, &s, PROTO_ACT_STILL_TAKEN, PROTO_CAPABILITY_STILL);
        log_fixture_pass(&f, cases[i].later_s < 0 ? cases[i].later_s - 30 * MINUTE_S : 0);
        f.spoil.ago_s = ago_s;
        log_session_answer(&f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, proto_end_name(PROTO_END_COMPLETED));
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        expect(&f, cases[i].found);
    }
}

/* The row says that it is live, and for how long: nobody signed it. A relay that was away ends it when it comes. */
static void a_session_has_an_end_when_the_log_goes_on(void **state)
{
    static const struct {
        int64_t silent_s, runs_s; /* without an entry, and then with one every ten minutes */
        bool joined;
        const char *found;
    } cases[] = {
        {0, 5 * HOUR_S, true, "an end: no session lasts longer than 4 hours"},
        {20 * HOUR_S, 5 * HOUR_S, true, "an end: no session lasts longer than 4 hours"},
        {0, 4 * HOUR_S, true, fine},
        {20 * HOUR_S, 0, true, fine},
        {20 * HOUR_S, HOUR_S, true, fine}, /* somebody set the date: it may be said, and is no accusation */
        {0, 5 * HOUR_S, false, fine},      /* an invitation waits */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_fixture f;
        struct log_session s, other;
        log_fixture_open(&f);
        log_session_begin(&f, &s, "C-1", "");
        if (cases[i].joined)
            log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        log_fixture_pass(&f, cases[i].silent_s);
        for (int64_t at_s = 0; at_s <= cases[i].runs_s; at_s += 10 * MINUTE_S) {
            log_session_begin(&f, &other, "C-2", "");
            log_session_end(&f, &other, PROTO_END_DECLINED);
            log_fixture_pass(&f, 10 * MINUTE_S);
        }
        expect(&f, cases[i].found);
    }
}

/* As `check` has it: a session goes on when the certificate ends, and no longer than sessions do. */
static void nothing_is_allowed_long_after_the_agents_certificate(void **state)
{
    (void)state;
    for (int days = 0; days < 2; days++) {
        struct log_fixture f;
        struct log_session s;
        log_fixture_open(&f);
        log_fixture_pass(&f, f.agent.identity.not_after_s - HOUR_S - f.now_ms / 1000);
        log_session_begin(&f, &s, "C-1", "");
        log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        log_fixture_pass(&f, days ? 24 * HOUR_S : 3 * HOUR_S);
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        expect(&f, days ? "a certificate that held when this was allowed" : fine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_is_followed_from_when_the_officer_signed_it),
        cmocka_unit_test(what_an_agent_had_ends_with_the_consent),
        cmocka_unit_test(how_long_was_recorded_is_told),
        cmocka_unit_test(nothing_passes_for_longer_than_a_session_lasts),
        cmocka_unit_test(a_consent_with_a_time_ends_by_more_clocks_than_one),
        cmocka_unit_test(a_restart_excuses_nothing_behind_which_the_relay_ran),
        cmocka_unit_test(what_an_agent_saw_before_a_restart_the_relay_may_have_forgotten),
        cmocka_unit_test(what_an_agent_begins_is_under_a_consent_by_more_clocks_than_one),
        cmocka_unit_test(a_session_has_an_end_when_the_log_goes_on),
        cmocka_unit_test(nothing_is_allowed_long_after_the_agents_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
