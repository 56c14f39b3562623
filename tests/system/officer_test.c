/* SPDX-License-Identifier: Apache-2.0 */
/* A privacy officer at a relay that runs: stops a session, puts a policy in force, reads and watches the log, opens a
 * recording. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/officer.h"

static void both_ends_read_why_an_officer_ended_their_session(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    officer_json(h, 0, "stopped",
                 (const char *const[]){"stop", officer_session(h), "--reason", "a scam was reported", NULL});
    const json_t *ended[] = {house_await(h, client, "ended", "reason", "stopped-by-officer", NULL),
                             house_await(h, agent, "ended", "reason", "stopped-by-officer", NULL)};
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strstr(house_text(ended[i], "message"), "a scam was reported"));
    house_expect_exit(h, client, 0, 1);
    house_expect_exit(h, agent, 0, 1);
    char *minutes = house_officer(
        h, 0, false,
        (const char *const[]){"show", officer_session(h), "--key", house_path(h, "org/officer/evidence.key"), NULL});
    assert_non_null(strstr(minutes, "Stopped "));
    free(minutes);
    char *again = house_officer(h, 1, false, (const char *const[]){"stop", h->session, "--reason", "again", NULL});
    assert_non_null(strstr(again, "no session of this number is open"));
    free(again);
    again = house_officer(h, 1, false, (const char *const[]){"stop", officer_session(h), "--reason", "again", NULL});
    assert_non_null(strstr(again, "no session that has not ended has a number that begins so"));
    free(again);
    officer_json(h, 1, "error", (const char *const[]){"stop", h->session, "--reason", "again", NULL});
}

static void nobody_but_an_officer_may(void **state)
{
    struct house *h = *state;
    char relay[96];

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    char *said =
        house_run(h, 2,
                  (const char *const[]){"handhold-audit", "stop", "00112233445566778899aabbccddeeff", "--reason", "why",
                                        "--relay", relay, "--identity", house_path(h, "org/staff/ana"), "--ca",
                                        house_path(h, "org/ca/ca.crt"), NULL});
    assert_non_null(strstr(said, "is not the certificate of an officer"));
    free(said);
}

/* ---- policy ---- */

static void a_policy_is_in_force_without_a_restart_and_closes_what_it_forbids(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    const char *file = house_path(h, "policy.txt");

    house_live(h, &agent, &client);
    free(house_officer(h, 0, false, (const char *const[]){"policy", "print", "-o", file, NULL}));
    officer_edits(h, "allow camera", "deny camera");
    officer_edits(h, "ticket", "ticket required");
    char *said = house_officer(h, 0, false, (const char *const[]){"policy", "check", file, NULL});
    assert_non_null(strstr(said, "is forbidden from then on"));
    assert_non_null(strstr(said, "no session without the reference of a ticket"));
    assert_non_null(strstr(said, "2 changes against policy 1"));
    free(said);
    said = house_officer(h, 0, false, (const char *const[]){"policy", "sign", file, NULL});
    assert_non_null(strstr(said, "policy 2"));
    free(said);
    house_await(h, client, "consent", "capability", "camera", "state", "withdrawn", NULL);
    house_await(h, agent, "consent", "capability", "camera", "state", "withdrawn", NULL);
    house_talk(h, agent, client); /* the session goes on */
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see it\"}");
    house_await(h, agent, "error", NULL); /* its own end holds to the new one */
    house_end(h, agent, client);
    said = house_officer(h, 0, false, (const char *const[]){"policy", "check", file, NULL});
    assert_non_null(strstr(said, "Nothing would change: this is policy 2"));
    free(said);
}

/* ---- what the minutes say ---- */

/* Nobody counted what had passed when the relay was killed; every command says so, and none says nought. */
static void what_a_killed_relay_did_not_count_is_not_made_up(void **state)
{
    static const char unknown[] = "not known: the relay was restarted";
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    house_talk(h, agent, client);
    officer_reads(h, (const char *const[]){"show", h->session, NULL}, "goes on, counted when it stops", " 0 frame");
    officer_reads(h, (const char *const[]){"list", NULL}, " live", " open");
    officer_reads(h, (const char *const[]){"export", "--format", "csv", NULL}, "\"live\"", "\"open\"");
    house_expect_exit(h, h->relay, SIGKILL, -1);
    house_await(h, agent, "connection", "state", "reconnecting", NULL);
    house_restart_relay(h);
    house_await(h, agent, "connection", "state", "resumed", NULL);
    house_await(h, client, "connection", "state", "resumed", NULL);
    house_forget(agent, "video");
    house_await(h, agent, "video", "final", "false", NULL);
    house_end(h, agent, client);
    officer_reads(h, (const char *const[]){"show", h->session, NULL}, "Camera stopped after at most ", " 0 frame");
    officer_reads(h, (const char *const[]){"show", h->session, NULL},
                  "How much had passed is not known: the relay was restarted.", NULL);
    officer_reads(h, (const char *const[]){"show", h->session, NULL}, "how much more is not known", NULL);
    officer_reads(h, (const char *const[]){"show", h->session, "--json", NULL}, unknown, "\"frames\":\"0\"");
    officer_reads(h, (const char *const[]){"list", NULL}, "the relay was restarted meanwhile", NULL);
    officer_reads(h, (const char *const[]){"list", "--json", NULL}, "\"restarted\":true", NULL);
    officer_reads(h, (const char *const[]){"report", NULL}, unknown, NULL);
    officer_reads(h, (const char *const[]){"report", "--json", NULL}, "\"not_known\":1", NULL);
    officer_reads(h, (const char *const[]){"export", "--format", "csv", NULL},
                  "\"not known: the relay was restarted\",\"not known: the relay was restarted\"", "\"0\",\"0\"");
    officer_reads(h, (const char *const[]){"export", "--format", "jsonl", NULL}, unknown, "\"frames\":\"0\"");
    officer_reads(h, (const char *const[]){"export", "--format", "html", NULL}, unknown, " 0 frame");
}

static void the_minutes_say_that_a_certificate_was_revoked(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    free(house_run(
        h, 0, (const char *const[]){"handhold-certs", "revoke", "--dir", house_path(h, "org"), "--id", "ana", NULL}));
    free(house_run(
        h, 0, (const char *const[]){"/bin/cp", house_path(h, "org/org.note"), house_path(h, "relay/org.note"), NULL}));
    house_await(h, agent, "error", "code", "CERT_REVOKED", NULL);
    house_expect_exit(h, agent, 0, 1);
    house_expect_exit(h, client, 0, 1);
    officer_reads(h, (const char *const[]){"show", h->session, NULL}, "the agent's certificate was revoked",
                  "it failed");
    officer_reads(h, (const char *const[]){"list", NULL}, " revoked ", "failed");
    officer_reads(h, (const char *const[]){"list", "--json", NULL}, "\"cause\":\"revoked\"", NULL);
    officer_reads(h, (const char *const[]){"export", "--format", "csv", NULL},
                  "\"the agent's certificate was revoked\"", NULL);
}

/* ---- watching ---- */

static void what_happens_is_read_as_it_happens_here_and_from_elsewhere(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    char relay[96];

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    agent = house_agent(h, "agent", "ana");
    struct demo_child *tails[] = {
        officer_tail(h, "tail-here", (const char *const[]){"--dir", house_path(h, "relay"), NULL}),
        officer_tail(h, "tail-elsewhere",
                     (const char *const[]){"--relay", relay, "--identity", house_path(h, "org/staff/officer"), "--ca",
                                           house_path(h, "org/ca/ca.crt"), NULL})};
    house_await(h, tails[0], "note", NULL); /* the newest there is: both have begun */
    house_await(h, tails[1], "act", NULL);
    client = house_join(h, agent, "client");
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
    for (size_t i = 0; i < 2; i++) {
        house_await(h, tails[i], "note", "action", "grant", "capability", "camera", "session", h->session, NULL);
        house_await(h, tails[i], "note", "action", "ended", NULL);
        house_expect_exit(h, tails[i], SIGTERM, 0);
    }
}

/* Who watches at night watches on when a new release was put in place. */
static void a_watch_goes_on_behind_a_relay_that_was_started_anew(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    char relay[96];

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    struct demo_child *child =
        officer_tail(h, "tail-anew",
                     (const char *const[]){"--relay", relay, "--identity", house_path(h, "org/staff/officer"), "--ca",
                                           house_path(h, "org/ca/ca.crt"), NULL});
    house_await(h, child, "act", NULL);
    house_stop_relay(h);
    house_await(h, child, "warning", NULL);
    house_restart_relay(h);
    house_await(h, child, "info", NULL);
    house_live(h, &agent, &client);
    house_end(h, agent, client);
    house_await(h, child, "note", "action", "ended", "session", h->session, NULL);
    house_stop_relay(h);
    house_await(h, child, "warning", NULL);
    house_expect_exit(h, child, SIGTERM, 0);
}

static void shell(struct house *h, const char *words)
{
    char command[512];

    snprintf(command, sizeof command, "cd %s && %s", h->dir, words);
    free(house_run(h, 0, (const char *const[]){"/bin/sh", "-c", command, NULL}));
}

/* It names customers, and has evidence that somebody may have to forget: nobody wipes an officer's machine. */
static void a_copy_of_the_log_stays_on_no_officers_machine(void **state)
{
    struct house *h = *state;
    char relay[96];

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    const char *const where[] = {
        "--relay", relay, "--identity", house_path(h, "org/staff/officer"), "--ca", house_path(h, "org/ca/ca.crt"),
        NULL};
    assert_int_equal(setenv("TMPDIR", h->dir, 1), 0);
    shell(h, "mkdir -p -m 700 handhold-audit-killed/data && touch -d '2 hours ago' handhold-audit-killed");
    struct demo_child *child = officer_tail(h, "tail-cut", where);
    house_await(h, child, "act", NULL);
    shell(h, "test ! -e handhold-audit-killed && test -d handhold-audit-*/data");
    shell(h, "touch -d '2 hours ago' handhold-audit-*");
    free(house_officer(h, 0, false, (const char *const[]){"list", NULL})); /* the other program lives */
    shell(h, "test -d handhold-audit-*/data");
    house_expect_exit(h, child, SIGQUIT, -1);
    shell(h, "test ! -e handhold-audit-*");
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

/* ---- recordings ---- */

/* A recording is sealed to a key that anybody may know: what is of a session the log says. */
static void an_opened_recording_is_told_to_be_of_its_session_or_of_none(void **state)
{
    struct house *h = *state;
    const char *key = house_path(h, "org/officer/evidence.key");
    struct demo_child *agent =
        house_agent_with(h, "agent", "ana", (const char *const[]){"--record", house_path(h, "a.hhr"), NULL});
    struct demo_child *client = house_join(h, agent, "client");

    house_grant(h, agent, client, "camera");
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"recording\",\"purpose\":\"To keep it\"}");
    house_await(h, client, "consent", "capability", "recording", "state", "requested", NULL);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"recording\"}");
    house_await(h, agent, "consent", "capability", "recording", "state", "granted", NULL);
    demo_child_tell(agent, "{\"do\":\"record\",\"on\":true}");
    house_await(h, agent, "recording", NULL);
    house_await_number(h, agent, "video", "frames", 1);
    house_end(h, agent, client);
    char *said = house_officer(
        h, 0, false,
        (const char *const[]){"open", house_path(h, "a.hhr"), "-o", house_path(h, "a.webm"), "--key", key, NULL});
    assert_non_null(strstr(said, officer_session(h)));
    assert_non_null(strstr(said, "has this hash and size"));
    free(said);
    shell(h, "head -c -1 a.hhr > cut.hhr && rm a.webm");
    said = house_officer(
        h, 1, false,
        (const char *const[]){"open", house_path(h, "cut.hhr"), "-o", house_path(h, "a.webm"), "--key", key, NULL});
    assert_non_null(strstr(said, "is not, as it is, a recording of any session in this log"));
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(both_ends_read_why_an_officer_ended_their_session),
        HOUSE_TEST(nobody_but_an_officer_may),
        HOUSE_TEST(a_policy_is_in_force_without_a_restart_and_closes_what_it_forbids),
        HOUSE_TEST(what_a_killed_relay_did_not_count_is_not_made_up),
        HOUSE_TEST(the_minutes_say_that_a_certificate_was_revoked),
        HOUSE_TEST(what_happens_is_read_as_it_happens_here_and_from_elsewhere),
        HOUSE_TEST(a_watch_goes_on_behind_a_relay_that_was_started_anew),
        HOUSE_TEST(a_copy_of_the_log_stays_on_no_officers_machine),
        HOUSE_TEST(an_opened_recording_is_told_to_be_of_its_session_or_of_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
