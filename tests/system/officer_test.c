/* SPDX-License-Identifier: Apache-2.0 */
/* A privacy officer at a relay that runs: stops a session, puts a policy in force, erases a person. */
#include <glob.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/system/house.h"
#include "tests/system/traces.h"

/* The first eight digits of the session's number. */
static const char *beginning(const struct house *h)
{
    static char digits[9];

    snprintf(digits, sizeof digits, "%.8s", h->session);
    return digits;
}

/* The same with --json: all that stands on stdout is events, and the last is this one. */
static void officer_json(struct house *h, int code, const char *event, const char *const *words)
{
    char command[4096], said[65536], last[64] = "", *save = NULL;
    int len = snprintf(command, sizeof command, "exec %s/handhold-audit --json --relay https://%s", h->children.bin,
                       h->staff);

    len += snprintf(command + len, sizeof command - (size_t)len, " --identity %s --ca %s",
                    house_path(h, "org/staff/officer"), house_path(h, "org/ca/ca.crt"));
    for (; *words; words++)
        len += snprintf(command + len, sizeof command - (size_t)len, " '%s'", *words);
    snprintf(command + len, sizeof command - (size_t)len, " 2>>%s", house_path(h, "said"));
    FILE *pipe = popen(command, "r"); /* NOLINT: words of this file */
    assert_non_null(pipe);
    said[fread(said, 1, sizeof said - 1, pipe)] = 0;
    int status = pclose(pipe);
    for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *object = json_loads(line, 0, NULL);
        if (!object)
            house_fail(h, "%s: not JSON: %s", words[0], line);
        snprintf(last, sizeof last, "%s", house_text(object, "event"));
        json_decref(object);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code || strcmp(last, event) != 0)
        house_fail(h, "the last event is \"%s\", code %d; expected \"%s\", %d", last, WEXITSTATUS(status), event, code);
}

static void both_ends_read_why_an_officer_ended_their_session(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    officer_json(h, 0, "stopped", (const char *const[]){"stop", beginning(h), "--reason", "a scam was reported", NULL});
    const json_t *ended[] = {house_await(h, client, "ended", "reason", "stopped-by-officer", NULL),
                             house_await(h, agent, "ended", "reason", "stopped-by-officer", NULL)};
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strstr(house_text(ended[i], "message"), "a scam was reported"));
    house_expect_exit(h, client, 0, 1);
    house_expect_exit(h, agent, 0, 1);
    char *minutes = house_officer(
        h, 0, false,
        (const char *const[]){"show", beginning(h), "--key", house_path(h, "org/officer/evidence.key"), NULL});
    assert_non_null(strstr(minutes, "Stopped "));
    free(minutes);
    char *again = house_officer(h, 1, false, (const char *const[]){"stop", h->session, "--reason", "again", NULL});
    assert_non_null(strstr(again, "no session of this number is open"));
    free(again);
    again = house_officer(h, 1, false, (const char *const[]){"stop", beginning(h), "--reason", "again", NULL});
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

static void edit(struct house *h, const char *from, const char *to)
{
    char script[256], command[1024];

    snprintf(script, sizeof script, "s/^%s.*/%s/", from, to);
    snprintf(command, sizeof command, "sed -i '%s' %s", script, house_path(h, "policy.txt"));
    assert_int_equal(system(command), 0); /* NOLINT: words of this file */
}

static void a_policy_is_in_force_without_a_restart_and_closes_what_it_forbids(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    const char *file = house_path(h, "policy.txt");

    house_live(h, &agent, &client);
    free(house_officer(h, 0, false, (const char *const[]){"policy", "print", "-o", file, NULL}));
    edit(h, "allow camera", "deny camera");
    edit(h, "ticket", "ticket required");
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

/* handhold-audit COMMAND … on the relay's folder; what it printed is the caller's to free. */
static char *read_log(struct house *h, const char *const *words)
{
    const char *argv[24] = {"handhold-audit", "--dir", house_path(h, "relay"), "--key",
                            house_path(h, "org/officer/evidence.key")};
    size_t n = 5;

    while (*words)
        argv[n++] = *words++;
    return house_run(h, 0, argv);
}

/* Lines are wrapped to a screen: what is looked for may go over two. */
static void unwrap(char *text)
{
    char *to = text;

    for (const char *at = text; *at; at++)
        if ((*at != ' ' && *at != '\n') || to == text || to[-1] != ' ')
            *to++ = *at == '\n' ? ' ' : *at;
    *to = 0;
}

static void said_of(struct house *h, const char *const *words, const char *said, const char *not_said)
{
    char *text = read_log(h, words);

    unwrap(text);
    if (said && !strstr(text, said))
        house_fail(h, "handhold-audit %s does not say \"%s\":\n%s", words[0], said, text);
    if (not_said && strstr(text, not_said))
        house_fail(h, "handhold-audit %s says \"%s\":\n%s", words[0], not_said, text);
    free(text);
}

/* Nobody counted what had passed when the relay was killed; every command says so, and none says nought. */
static void what_a_killed_relay_did_not_count_is_not_made_up(void **state)
{
    static const char unknown[] = "not known: the relay was restarted";
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    house_talk(h, agent, client);
    said_of(h, (const char *const[]){"show", h->session, NULL}, "goes on, counted when it stops", " 0 frame");
    said_of(h, (const char *const[]){"list", NULL}, " live", " open");
    said_of(h, (const char *const[]){"export", "--format", "csv", NULL}, "\"live\"", "\"open\"");
    house_expect_exit(h, h->relay, SIGKILL, -1);
    house_await(h, agent, "connection", "state", "reconnecting", NULL);
    house_restart_relay(h);
    house_await(h, agent, "connection", "state", "resumed", NULL);
    house_await(h, client, "connection", "state", "resumed", NULL);
    house_forget(agent, "video");
    house_await(h, agent, "video", "final", "false", NULL);
    house_end(h, agent, client);
    said_of(h, (const char *const[]){"show", h->session, NULL}, "Camera stopped after at most ", " 0 frame");
    said_of(h, (const char *const[]){"show", h->session, NULL},
            "How much had passed is not known: the relay was restarted.", NULL);
    said_of(h, (const char *const[]){"show", h->session, NULL}, "how much more is not known", NULL);
    said_of(h, (const char *const[]){"show", h->session, "--json", NULL}, unknown, "\"frames\":\"0\"");
    said_of(h, (const char *const[]){"list", NULL}, "the relay was restarted meanwhile", NULL);
    said_of(h, (const char *const[]){"list", "--json", NULL}, "\"restarted\":true", NULL);
    said_of(h, (const char *const[]){"report", NULL}, unknown, NULL);
    said_of(h, (const char *const[]){"report", "--json", NULL}, "\"not_known\":1", NULL);
    said_of(h, (const char *const[]){"export", "--format", "csv", NULL},
            "\"not known: the relay was restarted\",\"not known: the relay was restarted\"", "\"0\",\"0\"");
    said_of(h, (const char *const[]){"export", "--format", "jsonl", NULL}, unknown, "\"frames\":\"0\"");
    said_of(h, (const char *const[]){"export", "--format", "html", NULL}, unknown, " 0 frame");
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
    said_of(h, (const char *const[]){"show", h->session, NULL}, "the agent's certificate was revoked", "it failed");
    said_of(h, (const char *const[]){"list", NULL}, " revoked ", "failed");
    said_of(h, (const char *const[]){"list", "--json", NULL}, "\"cause\":\"revoked\"", NULL);
    said_of(h, (const char *const[]){"export", "--format", "csv", NULL}, "\"the agent's certificate was revoked\"",
            NULL);
}

/* ---- watching ---- */

/* tail, as it goes on; `where` is ended by NULL. */
static struct demo_child *tail(struct house *h, const char *name, const char *const *where)
{
    const char *argv[24] = {
        "handhold-audit", "tail", "--json", "--lines", "2", "--key", house_path(h, "org/officer/evidence.key")};
    size_t n = 7;

    while (*where)
        argv[n++] = *where++;
    struct demo_child *child = demo_child_start(&h->children, name, argv);
    assert_non_null(child);
    return child;
}

static void what_happens_is_read_as_it_happens_here_and_from_elsewhere(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    char relay[96];

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    agent = house_agent(h, "agent", "ana");
    struct demo_child *tails[] = {
        tail(h, "tail-here", (const char *const[]){"--dir", house_path(h, "relay"), NULL}),
        tail(h, "tail-elsewhere",
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
        tail(h, "tail-anew",
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
    struct demo_child *child = tail(h, "tail-cut", where);
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
    assert_non_null(strstr(said, beginning(h)));
    assert_non_null(strstr(said, "has this hash and size"));
    free(said);
    shell(h, "head -c -1 a.hhr > cut.hhr && rm a.webm");
    said = house_officer(
        h, 1, false,
        (const char *const[]){"open", house_path(h, "cut.hhr"), "-o", house_path(h, "a.webm"), "--key", key, NULL});
    assert_non_null(strstr(said, "is not, as it is, a recording of any session in this log"));
    free(said);
}

/* ---- erasing ---- */

static struct demo_child *agent_for(struct house *h, const char *customer)
{
    return house_agent_with(h, customer, "ana",
                            (const char *const[]){"--customer", customer, "--reference", "TICKET-4711", NULL});
}

static void visit(struct house *h, const char *customer, const char *name)
{
    struct demo_child *agent = agent_for(h, customer), *client = house_join(h, agent, name);

    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
}

static void verified(struct house *h, const char *words)
{
    char *said = house_run(h, 0,
                           (const char *const[]){"handhold-audit", "verify", "--full", "--dir", house_path(h, "relay"),
                                                 "--key", house_path(h, "org/officer/evidence.key"), NULL});

    assert_non_null(strstr(said, words));
    free(said);
}

static void an_erased_person_leaves_no_byte_and_the_log_verifies(void **state)
{
    struct house *h = *state;
    const char *relay_db = house_path(h, "relay/data/relay.db");
    const char *data = house_path(h, "relay/data");

    visit(h, "ada-lovelace-1815", "ada");
    visit(h, "charles-babbage", "charles");
    visit(h, "ada-lovelace-1815", "ada2");

    traces_forget();
    traces_add("ada-lovelace-1815", 17);
    traces_add_column(relay_db, "SELECT evidence FROM entry WHERE sid IN"
                                " (SELECT sid FROM session WHERE customer_ref='ada-lovelace-1815')");
    traces_add_keys(data, "ada-lovelace-1815");
    assert_true(traces_count() > 8);
    assert_true(traces_found_in(data) >= traces_count()); /* the search finds what there is */
    char *said = house_officer(
        h, 1, false, (const char *const[]){"erase", "--customer", "ada-lovelace-1815", "--reason", "x", NULL});
    assert_non_null(strstr(said, "give --yes"));
    free(said);
    said = house_officer(h, 0, false,
                         (const char *const[]){"erase", "--customer", "ada-lovelace-1815", "--reason",
                                               "Art. 17(1)(b) GDPR", "--yes", NULL});
    assert_non_null(strstr(said, "Erased"));
    free(said);
    assert_int_equal(traces_found_in(data), 0);
    said = house_officer(h, 0, false,
                         (const char *const[]){"verify", "--key", house_path(h, "org/officer/evidence.key"), NULL});
    assert_non_null(strstr(said, "Art. 17(1)(b) GDPR")); /* read from elsewhere, the log says the same */
    assert_non_null(strstr(said, "nothing is wrong"));
    free(said);
    said = house_officer(h, 0, false, (const char *const[]){"list", "--json", NULL});
    assert_true(strstr(said, "charles-babbage") && !strstr(said, "ada-lovelace"));
    free(said);
    verified(h, "Art. 17(1)(b) GDPR");
    said = house_officer(
        h, 1, false, (const char *const[]){"erase", "--customer", "ada-lovelace-1815", "--reason", "x", "--yes", NULL});
    assert_non_null(strstr(said, "there is nothing to erase"));
    free(said);
    said = house_run(h, 0,
                     (const char *const[]){"handhold-audit", "list", "--dir", house_path(h, "relay"), "--json", NULL});
    assert_null(strstr(said, "ada-lovelace"));
    assert_non_null(strstr(said, "charles-babbage"));
    free(said);
    traces_forget();
}

/* Whoever watches for weeks keeps a copy of what they watch. */
static void a_copy_that_is_kept_up_forgets_what_is_erased(void **state)
{
    struct house *h = *state;
    char relay[96];
    glob_t copy;

    visit(h, "ada-lovelace-1815", "ada");
    traces_forget();
    traces_add("ada-lovelace-1815", 17);
    snprintf(relay, sizeof relay, "https://%s", h->staff);
    assert_int_equal(mkdir(house_path(h, "tmp"), 0700), 0);
    assert_int_equal(setenv("TMPDIR", house_path(h, "tmp"), 1), 0);
    struct demo_child *child =
        tail(h, "tail",
             (const char *const[]){"--relay", relay, "--identity", house_path(h, "org/staff/officer"), "--ca",
                                   house_path(h, "org/ca/ca.crt"), NULL});
    house_await(h, child, "act", NULL);
    assert_int_equal(glob(house_path(h, "tmp/handhold-audit-*/data"), 0, NULL, &copy), 0);
    assert_true(traces_found_in(copy.gl_pathv[0]) > 0);
    free(house_officer(
        h, 0, false,
        (const char *const[]){"erase", "--customer", "ada-lovelace-1815", "--reason", "asked for", "--yes", NULL}));
    house_await(h, child, "act", "action", "erasure", NULL);
    assert_int_equal(traces_found_in(copy.gl_pathv[0]), 0);
    globfree(&copy);
    house_expect_exit(h, child, SIGTERM, 0);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    traces_forget();
}

static void what_runs_is_not_erased(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    char *said = house_officer(
        h, 1, false, (const char *const[]){"erase", "--session", beginning(h), "--reason", "x", "--yes", NULL});
    assert_non_null(strstr(said, "has not ended"));
    free(said);
    house_end(h, agent, client);
    officer_json(h, 0, "erased",
                 (const char *const[]){"erase", "--session", beginning(h), "--reason", "x", "--yes", NULL});
    verified(h, "nothing is wrong");
}

static void alter(struct house *h, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(house_path(h, "relay/data/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A row says whose a session is, and nobody signed it: one column that was changed would have the officer's own
 * signature take the evidence of somebody else, and what the log could tell of it. */
static void what_an_officer_with_the_key_erases_is_held_to_what_was_signed(void **state)
{
    struct house *h = *state;
    const char *key = house_path(h, "org/officer/evidence.key"), *data = house_path(h, "relay/data");
    const char *const erase[] = {"erase", "--customer", "ada-lovelace-1815", "--reason", "asked for", "--yes", "--key",
                                 key,     NULL};

    visit(h, "ada-lovelace-1815", "ada");
    visit(h, "charles-babbage", "charles");
    house_stop_relay(h);
    traces_forget();
    traces_add_column(house_path(h, "relay/data/relay.db"), "SELECT evidence FROM entry WHERE sid IN"
                                                            " (SELECT sid FROM session WHERE "
                                                            "customer_ref='charles-babbage')");
    alter(h, "UPDATE session SET customer_ref='ada-lovelace-1815' WHERE customer_ref='charles-babbage'");
    house_restart_relay(h);
    char *said = house_officer(h, 1, false, erase);
    assert_non_null(strstr(said, "does not hold, so whose it is cannot be told"));
    free(said);
    house_stop_relay(h);
    alter(h, "UPDATE session SET customer_ref='nobody' WHERE created_ms=(SELECT max(created_ms) FROM session)");
    house_restart_relay(h);
    said = house_officer(h, 1, false, erase); /* hers goes; that another row may hide one of hers is no success */
    assert_non_null(strstr(said, "Erased "));
    assert_non_null(strstr(said, "customer ada-lovelace-1815"));
    assert_null(strstr(said, "customer charles"));
    free(said);
    house_stop_relay(h);
    alter(h, "UPDATE session SET customer_ref='charles-babbage' WHERE customer_ref='nobody'");
    assert_true(traces_found_in(data) >= traces_count()); /* all that was his is there */
    house_restart_relay(h);
    verified(h, "\"asked for\"");
    said = house_officer(h, 0, false,
                         (const char *const[]){"erase", "--customer", "charles-babbage", "--reason", "asked for",
                                               "--yes", "--key", key, NULL});
    assert_non_null(strstr(said, "Not reached what was exported"));
    free(said);
    assert_int_equal(traces_found_in(data), 0);
    traces_forget();
}

/* The relay has stopped, and an older copy of the keys is put back: what the log says is gone is gone again. */
static void a_restore_brings_nothing_back(void **state)
{
    struct house *h = *state;
    char command[2048];

    visit(h, "ada-lovelace-1815", "ada");
    house_expect_exit(h, h->relay, SIGTERM, 0);
    h->relay = NULL;
    snprintf(command, sizeof command, "cp -a %s %s", house_path(h, "relay/data"), house_path(h, "old"));
    assert_int_equal(system(command), 0); /* NOLINT */
    free(house_run(h, 0,
                   (const char *const[]){"handhold-audit", "erase", "--customer", "ada-lovelace-1815", "--reason",
                                         "asked for", "--yes", "--dir", house_path(h, "relay"), "--identity",
                                         house_path(h, "org/staff/officer"), NULL}));
    snprintf(command, sizeof command, "cp %s/keys.db %s/keys.db", house_path(h, "old"), house_path(h, "relay/data"));
    assert_int_equal(system(command), 0); /* NOLINT */
    traces_forget();
    traces_add_keys(house_path(h, "old"), "ada-lovelace-1815");
    assert_int_equal(traces_found_in(house_path(h, "relay/data")), traces_count());
    house_start_relay(h, NULL);
    assert_int_equal(traces_found_in(house_path(h, "relay/data")), 0);
    verified(h, "asked for");
    traces_forget();
}

/* The first of the proofs in `file`, alone: that the relay opened the session, which an agent could bring as well. */
static void keep_the_first(struct house *h, const char *file)
{
    static char all[1 << 18];
    FILE *in = fopen(house_path(h, file), "r");

    assert_non_null(in);
    all[fread(all, 1, sizeof all - 1, in)] = '\0';
    assert_int_equal(fclose(in), 0);
    char *at = strstr(all, "--- entry ");
    assert_non_null(at);
    at += strcspn(at, "\n") + 1;
    char *next = strstr(at, "--- entry ");
    assert_non_null(next);
    house_write(h, file, at, (size_t)(next - at));
}

/* Somebody without a reference brings the receipt that their program kept. */
static void a_receipt_is_enough_to_erase_its_session_and_no_other(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *receipt = house_path(h, "receipt.txt"), *data = house_path(h, "relay/data");
    char session[64];

    client = house_client(h, "client", (const char *const[]){h->link, "--receipt", receipt, NULL});
    house_await(h, client, "joined", "verified", "true", NULL);
    house_await(h, agent, "joined", NULL);
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
    snprintf(session, sizeof session, "%s", h->session);
    visit(h, "charles-babbage", "charles");
    char *proved = house_run(
        h, 0, (const char *const[]){"handhold-audit", "check", receipt, "--ca", house_path(h, "org/ca/ca.crt"), NULL});
    assert_non_null(strstr(proved, "under the organisation's root"));
    free(proved);
    traces_forget();
    traces_add_column(house_path(h, "relay/data/relay.db"),
                      "SELECT evidence FROM entry WHERE sid=(SELECT sid FROM session WHERE customer_ref='')");
    assert_true(traces_count() > 4);
    FILE *page = fopen(receipt, "a"); /* as a phone saves it */
    assert_non_null(page);
    assert_true(fputs("--- end\n</pre></body></html>\n", page) >= 0);
    assert_int_equal(fclose(page), 0);
    free(house_officer(h, 0, false,
                       (const char *const[]){"prove", session, "-o", house_path(h, "agents.txt"), "--key",
                                             house_path(h, "org/officer/evidence.key"), NULL}));
    keep_the_first(h, "agents.txt");
    free(house_officer(
        h, 2, false,
        (const char *const[]){"erase", "--receipt", house_path(h, "agents.txt"), "--reason", "x", "--yes", NULL}));
    assert_true(traces_found_in(data) > 0);
    free(house_officer(h, 0, false,
                       (const char *const[]){"erase", "--receipt", receipt, "--reason", "asked for", "--yes", NULL}));
    assert_int_equal(traces_found_in(data), 0);
    char *said = house_officer(
        h, 2, false,
        (const char *const[]){"erase", "--receipt", house_path(h, "org/org.note"), "--reason", "x", "--yes", NULL});
    assert_non_null(strstr(said, "holds no proof of a customer's statement"));
    free(said);
    said_of(h, (const char *const[]){"list", "--json", NULL}, "charles-babbage", session);
    verified(h, "asked for");
    traces_forget();
}

/* At a terminal it asks, and takes no answer but yes for one. */
static void erasing_asks_at_a_terminal(void **state)
{
    struct house *h = *state;
    char command[4096];
    static const struct {
        const char *answer, *left;
    } answers[] = {
        {"n", "\"customer\":\"ada-lovelace-1815\""}, {"", "\"customer\":\"ada-lovelace-1815\""}, {"y", NULL}};

    visit(h, "ada-lovelace-1815", "ada");
    for (size_t i = 0; i < 3; i++) {
        snprintf(command, sizeof command,
                 "echo %s | script -qec '%s/handhold-audit erase --customer ada-lovelace-1815 --reason asked --relay "
                 "https://%s --identity %s --ca %s' /dev/null >%s",
                 answers[i].answer, h->children.bin, h->staff, house_path(h, "org/staff/officer"),
                 house_path(h, "org/ca/ca.crt"), house_path(h, "asked.txt"));
        assert_int_equal(system(command) == 0, !answers[i].left); /* NOLINT: words of this house */
        free(house_run(h, 0, (const char *const[]){"/bin/grep", "Erase? .y/N.", house_path(h, "asked.txt"), NULL}));
        said_of(h, (const char *const[]){"list", "--json", NULL}, answers[i].left,
                answers[i].left ? NULL : "ada-lovelace-1815");
    }
}

enum { DAY_S = 86400 };

/* Everything is then four days old by the calendar, and a moment by all else. What the relay says of it goes to stderr.
 */
static void the_clock_jumps(struct house *h)
{
    const char *const grep[] = {"/bin/grep", "-c", "nothing is erased by its time", h->relay->log, NULL};
    char *said = NULL;
    int code = 1;

    house_set_calendar(h, 4 * DAY_S);
    for (int i = 0; i < 400 && code; i++) {
        demo_children_watch(&h->children, 50);
        free(said);
        code = demo_run(h->children.bin, grep, &said);
    }
    free(said);
    assert_int_equal(code, 0);
}

static void an_officer_has_what_is_over_its_time_erased_now(void **state)
{
    struct house *h = *state;
    const char *file = house_path(h, "policy.txt"), *data = house_path(h, "relay/data");

    house_set_calendar(h, 0);
    house_start_relay(h, NULL);
    visit(h, "ada-lovelace-1815", "ada");
    char *said = house_officer(h, 1, false, (const char *const[]){"retain", NULL});
    assert_non_null(strstr(said, "keeps everything without an end"));
    free(said);
    free(house_officer(h, 0, false, (const char *const[]){"policy", "print", "-o", file, NULL}));
    edit(h, "keep", "keep 1");
    free(house_officer(h, 0, false, (const char *const[]){"policy", "sign", file, NULL}));
    traces_forget();
    traces_add("ada-lovelace-1815", 17);
    the_clock_jumps(h);
    visit(h, "charles-babbage", "charles");
    assert_true(traces_found_in(data) >= traces_count()); /* until somebody says that the clock is right */
    officer_json(h, 0, "retention-asked", (const char *const[]){"retain", NULL});
    for (int i = 0; i < 400 && traces_found_in(data); i++)
        demo_children_watch(&h->children, 50);
    assert_int_equal(traces_found_in(data), 0);
    traces_forget();
    verified(h, "by retention");
    said_of(h, (const char *const[]){"list", "--json", NULL}, "charles-babbage", "ada-lovelace");

    house_expect_exit(h, h->relay, SIGTERM, 0);
    h->relay = NULL;
    house_set_calendar(h, 6 * DAY_S);
    const char *const here[] = {"handhold-audit",
                                "retain",
                                "--dir",
                                house_path(h, "relay"),
                                "--identity",
                                house_path(h, "org/staff/officer"),
                                NULL};
    said = house_run(h, 0, here);
    assert_non_null(strstr(said, "older than 1 day, signed by"));
    free(said);
    said = house_run(h, 0, here);
    assert_non_null(strstr(said, "nothing: all of it is younger than 1 day"));
    free(said);
    verified(h, "by an officer");
    house_start_relay(h, NULL);
}

/* The relay goes on for days, and nobody asks it to. */
static void each_night_the_relay_erases_what_has_become_too_old(void **state)
{
    struct house *h = *state;
    const char *file = house_path(h, "policy.txt"), *data = house_path(h, "relay/data");

    house_set_calendar(h, 0);
    house_start_relay(h, NULL);
    visit(h, "ada-lovelace-1815", "ada");
    free(house_officer(h, 0, false, (const char *const[]){"policy", "print", "-o", file, NULL}));
    edit(h, "keep", "keep 2");
    officer_json(h, 0, "policy-signed", (const char *const[]){"policy", "sign", file, NULL});
    traces_forget();
    traces_add("ada-lovelace-1815", 17);
    traces_add_keys(data, "ada-lovelace-1815");
    house_set_calendar(h, DAY_S);
    visit(h, "charles-babbage", "charles"); /* a day later both are there */
    assert_true(traces_found_in(data) >= traces_count());
    house_set_calendar(h, 5 * DAY_S / 2); /* two days and a half after the first, one and a half after the other */
    for (int i = 0; i < 400 && traces_found_in(data); i++)
        demo_children_watch(&h->children, 50);
    if (traces_found_in(data))
        house_fail(h, "%u traces of her are left", traces_found_in(data));
    traces_forget();
    verified(h, "by retention");
    said_of(h, (const char *const[]){"list", "--json", NULL}, "charles-babbage", "ada-lovelace");
}

/* A visit of a day and a half ago, and a policy that keeps things for one. */
static void what_is_over_its_time_is_erased_by_the_relay_itself(void **state)
{
    struct house *h = *state;
    const char *file = house_path(h, "policy.txt");
    const char *folder = house_path(h, "relay"), *identity = house_path(h, "org/staff/officer");

    house_set_calendar(h, 0);
    house_start_relay(h, NULL);
    visit(h, "ada-lovelace-1815", "ada");
    house_set_calendar(h, 3 * DAY_S / 2);
    visit(h, "charles-babbage", "charles");
    house_stop_relay(h);
    free(
        house_run(h, 0, (const char *const[]){"handhold-audit", "policy", "print", "--dir", folder, "-o", file, NULL}));
    edit(h, "keep", "keep 1");
    free(house_run(h, 0,
                   (const char *const[]){"handhold-audit", "policy", "sign", file, "--dir", folder, "--identity",
                                         identity, NULL}));
    house_start_relay(h, NULL);
    traces_forget();
    traces_add("ada-lovelace-1815", 17);
    for (int i = 0; i < 400 && traces_found_in(house_path(h, "relay/data")); i++)
        demo_children_watch(&h->children, 50);
    assert_int_equal(traces_found_in(house_path(h, "relay/data")), 0);
    verified(h, "by retention");
    char *said = house_run(h, 0, (const char *const[]){"handhold-audit", "list", "--dir", folder, "--json", NULL});
    assert_non_null(strstr(said, "charles-babbage"));
    free(said);
    traces_forget();
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
        HOUSE_TEST(an_erased_person_leaves_no_byte_and_the_log_verifies),
        HOUSE_TEST(a_copy_that_is_kept_up_forgets_what_is_erased),
        HOUSE_TEST(what_runs_is_not_erased),
        HOUSE_TEST(a_copy_of_the_log_stays_on_no_officers_machine),
        HOUSE_TEST(an_opened_recording_is_told_to_be_of_its_session_or_of_none),
        HOUSE_TEST(what_an_officer_with_the_key_erases_is_held_to_what_was_signed),
        HOUSE_TEST(a_restore_brings_nothing_back),
        HOUSE_TEST(a_receipt_is_enough_to_erase_its_session_and_no_other),
        HOUSE_TEST(erasing_asks_at_a_terminal),
        HOUSE_TEST_WITHOUT_RELAY(an_officer_has_what_is_over_its_time_erased_now),
        HOUSE_TEST_WITHOUT_RELAY(what_is_over_its_time_is_erased_by_the_relay_itself),
        HOUSE_TEST_WITHOUT_RELAY(each_night_the_relay_erases_what_has_become_too_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
