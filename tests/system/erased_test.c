/* SPDX-License-Identifier: Apache-2.0 */
/* A person is erased, by an officer or because the policy's time is over: no byte is left, and the log verifies. */
#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/system/officer.h"
#include "tests/system/traces.h"

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
        officer_tail(h, "tail",
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
        h, 1, false, (const char *const[]){"erase", "--session", officer_session(h), "--reason", "x", "--yes", NULL});
    assert_non_null(strstr(said, "has not ended"));
    free(said);
    house_end(h, agent, client);
    officer_json(h, 0, "erased",
                 (const char *const[]){"erase", "--session", officer_session(h), "--reason", "x", "--yes", NULL});
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
    officer_reads(h, (const char *const[]){"list", "--json", NULL}, "charles-babbage", session);
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
        officer_reads(h, (const char *const[]){"list", "--json", NULL}, answers[i].left,
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
    officer_edits(h, "keep", "keep 1");
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
    officer_reads(h, (const char *const[]){"list", "--json", NULL}, "charles-babbage", "ada-lovelace");

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
    officer_edits(h, "keep", "keep 2");
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
    officer_reads(h, (const char *const[]){"list", "--json", NULL}, "charles-babbage", "ada-lovelace");
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
    officer_edits(h, "keep", "keep 1");
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
        HOUSE_TEST(an_erased_person_leaves_no_byte_and_the_log_verifies),
        HOUSE_TEST(a_copy_that_is_kept_up_forgets_what_is_erased),
        HOUSE_TEST(what_runs_is_not_erased),
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
