/* SPDX-License-Identifier: Apache-2.0 */
/* A person in a log that an officer ended: erased there as in the log that follows, with a note in the latter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/house.h"
#include "tests/system/traces.h"

static const char ada[] = "ada-lovelace-1815", charles[] = "charles-babbage";

/* ---- programs ---- */

static void run(struct house *h, const char *const *argv)
{
    free(house_run(h, 0, argv));
}

static char *tool(struct house *h, int code, const char *const *words, const char *const *where)
{
    const char *argv[32] = {"handhold-audit"};
    size_t n = 1;

    while (*words)
        argv[n++] = *words++;
    while (*where)
        argv[n++] = *where++;
    return house_run(h, code, argv);
}

/* Over the staff end of the relay that runs. */
static char *remote(struct house *h, int code, const char *const *words)
{
    char relay[96];

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    return tool(h, code, words,
                (const char *const[]){"--relay", relay, "--identity", house_path(h, "org/staff/officer"), "--ca",
                                      house_path(h, "org/ca/ca.crt"), NULL});
}

/* In the relay's folder. */
static char *local(struct house *h, int code, const char *const *words)
{
    return tool(h, code, words,
                (const char *const[]){"--dir", house_path(h, "relay"), "--identity", house_path(h, "org/staff/officer"),
                                      "--key", house_path(h, "org/officer/evidence.key"), NULL});
}

/* Lines are wrapped to a screen: what is looked for may go over two. */
static void says(struct house *h, char *text, const char *said, const char *not_said)
{
    char *flat = strdup(text), *to = flat;

    for (const char *at = flat; *at; at++)
        if ((*at != ' ' && *at != '\n') || to == flat || to[-1] != ' ')
            *to++ = *at == '\n' ? ' ' : *at;
    *to = 0;
    if (said && !strstr(flat, said))
        house_fail(h, "\"%s\" is not in:\n%s", said, text);
    if (not_said && strstr(flat, not_said))
        house_fail(h, "\"%s\" is in:\n%s", not_said, text);
    free(flat);
    free(text);
}

static struct demo_child *agent_for(struct house *h, const char *customer)
{
    return house_agent_with(h, "agent", "ana", *customer ? (const char *const[]){"--customer", customer, NULL} : NULL);
}

static void visit(struct house *h, const char *customer, const char *receipt)
{
    struct demo_child *agent = agent_for(h, customer), *client;

    client = house_client(h, "client",
                          (const char *const[]){h->link, receipt ? "--receipt" : NULL, receipt ? receipt : "", NULL});
    house_await(h, client, "joined", "verified", "true", NULL);
    house_await(h, agent, "joined", NULL);
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
}

/* The authority makes the key of the next log, and an officer ends this one. */
static void end_log(struct house *h)
{
    run(h, (const char *const[]){"handhold-certs", "new-log", "--dir", house_path(h, "org"), NULL});
    run(h, (const char *const[]){"handhold-certs", "export-relay", "--dir", house_path(h, "org"), "-o",
                                 house_path(h, "next.tar"), NULL});
    run(h, (const char *const[]){"/bin/tar", "-xpf", house_path(h, "next.tar"), "-C", house_path(h, "relay"), NULL});
    free(local(h, 0, (const char *const[]){"recover", "--reason", "the disk failed", "--yes", NULL}));
}

/* Anybody who writes the folder may put a log there. */
static void copy_under_another_key(struct house *h)
{
    static const char vkey[] = "127.0.0.1/audit/localhost/4+7d7287a1+ATfh81sgFZEjCHtm2aP/AizbAzBgoswlzMua6u2YuIOU\n";

    house_copy(h, "relay/data.ended-1", "relay/data.ended-4");
    house_write(h, "relay/data.ended-4/log.vkey", vkey, strlen(vkey));
}

static void verified(struct house *h, const char *said)
{
    says(h, local(h, 0, (const char *const[]){"verify", "--full", NULL}), said, NULL);
    says(h, local(h, 0, (const char *const[]){"verify", "--full", "--ended", "1", NULL}), "nothing is wrong", NULL);
    says(h, remote(h, 0, (const char *const[]){"verify", "--key", house_path(h, "org/officer/evidence.key"), NULL}),
         said, "not at hand");
}

/* All that must be gone of a customer in an ended log, and that it is there before. */
static void look_for(struct house *h, const char *customer)
{
    char sql[256];
    const char *ended = house_path(h, "relay/data.ended-1");

    traces_forget();
    traces_add(customer, strlen(customer));
    snprintf(sql, sizeof sql,
             "SELECT evidence FROM entry WHERE sid IN (SELECT sid FROM session WHERE customer_ref='%s')", customer);
    traces_add_column(house_path(h, "relay/data.ended-1/relay.db"), sql);
    traces_add_keys(ended, customer);
    assert_true(traces_count() > 4);
    assert_true(traces_found_in(ended) >= traces_count());
}

/* ---- scenes ---- */

static void one_command_erases_a_person_in_both_logs(void **state)
{
    struct house *h = *state;

    visit(h, ada, NULL);
    visit(h, charles, NULL);
    struct demo_child *agent = agent_for(h, ada); /* still waiting when the log ends: nobody ever ends that session */
    house_expect_exit(h, h->relay, SIGKILL, -1);
    h->relay = NULL;
    house_expect_exit(h, agent, SIGKILL, -1);
    end_log(h);
    house_restart_relay(h);
    visit(h, ada, NULL);
    look_for(h, ada);
    says(h, local(h, 0, (const char *const[]){"export", "--format", "jsonl", "--customer", charles, NULL}),
         "\"ended_log\":1", "not told here"); /* he has never come since */
    says(h, local(h, 0, (const char *const[]){"export", "--format", "csv", "--customer", charles, NULL}),
         "ended by an officer on", "not told here");
    says(h, local(h, 0, (const char *const[]){"export", "--format", "html", "--customer", charles, NULL}),
         "whether its key signed anything after", NULL);
    copy_under_another_key(h);
    says(h, local(h, 1, (const char *const[]){"export", "--format", "jsonl", "--customer", charles, NULL}),
         "a log key that org.note names", "\"ended_log\":4");
    run(h, (const char *const[]){"/bin/rm", "-rf", house_path(h, "relay/data.ended-4"), NULL});
    run(h, (const char *const[]){"/bin/mv", house_path(h, "relay/data.ended-1"), house_path(h, "away"), NULL});
    for (size_t i = 0; i < 3; i++) /* what was kept there is part of what is asked for */
        says(h,
             local(h, 1,
                   (const char *const[]){"export", "--format", (const char *const[]){"jsonl", "csv", "html"}[i],
                                         "--customer", charles, NULL}),
             "nothing: it is not at hand", NULL);
    run(h, (const char *const[]){"/bin/mv", house_path(h, "away"), house_path(h, "relay/data.ended-1"), NULL});
    says(h, local(h, 0, (const char *const[]){"list", NULL}), "1 log that was ended lies beside this one", charles);
    says(h,
         remote(h, 0,
                (const char *const[]){"erase", "--customer", ada, "--reason", "Art. 17(1)(b) GDPR", "--yes", NULL}),
         "Of the ended log 127.0.0.1/audit/localhost", NULL);
    assert_int_equal(traces_found_in(house_path(h, "relay/data.ended-1")), 0);
    assert_int_equal(traces_found_in(house_path(h, "relay/data")), 0);
    verified(h, "of the ended log 127.0.0.1/audit/localhost");
    verified(h, "“Art. 17(1)(b) GDPR” (entry ");
    says(h, local(h, 0, (const char *const[]){"list", "--ended", "1", "--json", NULL}), charles, ada);
    says(h, remote(h, 1, (const char *const[]){"erase", "--customer", ada, "--reason", "again", "--yes", NULL}),
         "there is nothing to erase", NULL);
    traces_forget();
}

static void an_ended_log_that_is_put_back_gives_nothing_away(void **state)
{
    struct house *h = *state;

    visit(h, ada, NULL);
    visit(h, charles, NULL);
    house_stop_relay(h);
    end_log(h);
    run(h, (const char *const[]){"/bin/cp", "-a", house_path(h, "relay/data.ended-1"), house_path(h, "old"), NULL});
    look_for(h, ada);
    free(local(h, 0, (const char *const[]){"erase", "--customer", ada, "--reason", "asked for", "--yes", NULL}));
    assert_int_equal(traces_found_in(house_path(h, "relay/data.ended-1")), 0);
    run(h, (const char *const[]){"/bin/rm", "-rf", house_path(h, "relay/data.ended-1"), NULL});
    run(h, (const char *const[]){"/bin/cp", "-a", house_path(h, "old"), house_path(h, "relay/data.ended-1"), NULL});
    assert_true(traces_found_in(house_path(h, "relay/data.ended-1")) >= traces_count());
    house_restart_relay(h);
    assert_int_equal(traces_found_in(house_path(h, "relay/data.ended-1")), 0);
    verified(h, "asked for");
    traces_forget();
}

/* The visit was a day and a half ago, and the policy keeps things for one. */
static void retention_reaches_an_ended_log(void **state)
{
    struct house *h = *state;
    const char *file = house_path(h, "policy.txt"), *data = house_path(h, "relay/data.ended-1");

    house_set_calendar(h, 0);
    house_start_relay(h, NULL);
    visit(h, ada, NULL);
    house_set_calendar(h, 36 * 3600);
    visit(h, charles, NULL);
    house_stop_relay(h);
    end_log(h);
    look_for(h, ada);
    free(local(h, 0, (const char *const[]){"policy", "print", "-o", file, NULL}));
    run(h, (const char *const[]){"/bin/sed", "-i", "s/^keep.*/keep 1/", file, NULL});
    free(local(h, 0, (const char *const[]){"policy", "sign", file, NULL}));
    house_restart_relay(h);
    for (int i = 0; i < 400 && traces_found_in(data); i++)
        demo_children_watch(&h->children, 50);
    assert_int_equal(traces_found_in(data), 0);
    verified(h, "by retention");
    says(h, local(h, 0, (const char *const[]){"list", "--ended", "1", "--json", NULL}), charles, ada);
    traces_forget();
}

/* What is gone and nobody signed for is a finding there, too. */
static void what_is_missing_in_an_ended_log_without_a_note_is_named(void **state)
{
    struct house *h = *state;

    visit(h, ada, NULL);
    house_stop_relay(h);
    end_log(h);
    run(h, (const char *const[]){"/usr/bin/sqlite3", house_path(h, "relay/data.ended-1/relay.db"),
                                 "UPDATE entry SET evidence=NULL WHERE idx=2", NULL});
    says(h, local(h, 1, (const char *const[]){"verify", NULL}), "NO. entry 2", NULL);
    house_restart_relay(h);
    h->log_is_foreign = true;
}

/* The officer's note in the log that follows says what was found: every command holds what lies there to it, also on a
 * machine that has never verified before. */
static void an_older_copy_of_an_ended_log_is_named_by_every_command(void **state)
{
    static const char found[] = "entries that the officer found when the log was ended";
    struct house *h = *state;

    visit(h, ada, NULL);
    house_stop_relay(h);
    house_copy(h, "relay/data", "older");
    house_restart_relay(h);
    visit(h, charles, NULL);
    house_stop_relay(h);
    end_log(h);
    run(h, (const char *const[]){"/bin/cp", house_path(h, "older/relay.db"), house_path(h, "older/keys.db"),
                                 house_path(h, "relay/data.ended-1"), NULL});
    says(h, local(h, 1, (const char *const[]){"verify", "--ended", "1", NULL}), found, NULL);
    says(h, local(h, 1, (const char *const[]){"list", "--ended", "1", NULL}), found, NULL);
    says(h, local(h, 1, (const char *const[]){"report", "--ended", "1", NULL}), found, NULL);
    says(h, local(h, 1, (const char *const[]){"export", "--format", "jsonl", "--customer", ada, NULL}), found, NULL);
    house_restart_relay(h);
    h->log_is_foreign = true;
}

static void a_receipt_of_an_ended_log_is_enough(void **state)
{
    struct house *h = *state;
    const char *receipt = house_path(h, "receipt.txt");
    char session[64];

    visit(h, "", receipt);
    snprintf(session, sizeof session, "%s", h->session);
    visit(h, charles, NULL);
    house_stop_relay(h);
    end_log(h);
    house_restart_relay(h);
    says(h, remote(h, 0, (const char *const[]){"erase", "--receipt", receipt, "--reason", "asked for", "--yes", NULL}),
         "Of the ended log", NULL);
    says(h, local(h, 0, (const char *const[]){"list", "--ended", "1", "--json", NULL}), charles, session);
    verified(h, "asked for");
    says(h, remote(h, 1, (const char *const[]){"erase", "--session", session, "--reason", "x", "--yes", NULL}),
         "there is nothing to erase", NULL);
    says(h, house_run(h, 0, (const char *const[]){"handhold-audit", "check", receipt, NULL}), NULL, "WRONG");
    traces_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(one_command_erases_a_person_in_both_logs),
        HOUSE_TEST(an_ended_log_that_is_put_back_gives_nothing_away),
        HOUSE_TEST_WITHOUT_RELAY(retention_reaches_an_ended_log),
        HOUSE_TEST(what_is_missing_in_an_ended_log_without_a_note_is_named),
        HOUSE_TEST(an_older_copy_of_an_ended_log_is_named_by_every_command),
        HOUSE_TEST(a_receipt_of_an_ended_log_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
