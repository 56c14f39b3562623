/* SPDX-License-Identifier: Apache-2.0 */
/* A log that cannot be continued: the relay refuses it, an officer ends it, and the one that follows says so. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/house.h"

static void run(struct house *h, const char *first, ...) __attribute__((sentinel(0)));

static void run(struct house *h, const char *first, ...)
{
    const char *argv[24] = {first};
    size_t n = 1;
    va_list words;

    va_start(words, first);
    while ((argv[n] = va_arg(words, const char *)) && n < 22)
        n++;
    va_end(words);
    free(house_run(h, 0, argv));
}

static void visit(struct house *h, const char *name)
{
    char agent_name[64];

    snprintf(agent_name, sizeof agent_name, "agent-%s", name);
    struct demo_child *agent = house_agent(h, agent_name, "ana"), *client = house_join(h, agent, name);
    house_grant(h, agent, client, "camera");
    if (!strcmp(name, "third")) { /* longer than those before */
        demo_child_tell(client, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
        house_await(h, agent, "consent", "capability", "camera", "state", "withdrawn", NULL);
        house_grant(h, agent, client, "camera");
    }
    house_end(h, agent, client);
}

static char *recover(struct house *h, int code, const char *identity, const char *const *more)
{
    const char *argv[16] = {"handhold-audit",        "recover",  "--dir",          house_path(h, "relay"), "--identity",
                            house_path(h, identity), "--reason", "the disk failed"};
    size_t n = 8;

    while (*more)
        argv[n++] = *more++;
    return house_run(h, code, argv);
}

/* Lines are wrapped to a screen: what is looked for may go over two. */
static void says(struct house *h, char *text, const char *what)
{
    char *flat = strdup(text), *to = flat;

    for (const char *at = flat; *at; at++)
        if ((*at != ' ' && *at != '\n') || to == flat || to[-1] != ' ')
            *to++ = *at == '\n' ? ' ' : *at;
    *to = 0;
    if (!strstr(flat, what))
        house_fail(h, "\"%s\" is not in:\n%s", what, text);
    free(flat);
    free(text);
}

static char *audit(struct house *h, int code, const char *const *words)
{
    const char *argv[16] = {"handhold-audit", "--dir", house_path(h, "relay"), "--key",
                            house_path(h, "org/officer/evidence.key")};
    size_t n = 5;

    while (*words)
        argv[n++] = *words++;
    return house_run(h, code, argv);
}

/* Where the authority lives: a new key and name, and what the relay needs of it. */
static void new_log(struct house *h)
{
    says(h, house_run(h, 0, (const char *const[]){"handhold-certs", "new-log", "--dir", house_path(h, "org"), NULL}),
         "127.0.0.1/audit/localhost/2: the log that follows 127.0.0.1/audit/localhost");
    run(h, "handhold-certs", "export-relay", "--dir", house_path(h, "org"), "-o", house_path(h, "next.tar"), NULL);
    run(h, "/bin/tar", "-xpf", house_path(h, "next.tar"), "-C", house_path(h, "relay"), NULL);
}

/* Yesterday's copy of the data is put back; today's entries are lost. */
static void lose_a_day(struct house *h)
{
    visit(h, "yesterday");
    house_stop_relay(h);
    house_copy(h, "relay/data", "backup");
    house_restart_relay(h);
    visit(h, "today");
    house_stop_relay(h);
    says(h, audit(h, 0, (const char *const[]){"verify", NULL}), "nothing is wrong"); /* and is remembered here */
    house_copy(h, "backup", "relay/data");
}

static void a_backup_of_yesterday_is_refused_and_an_officer_ends_that_log(void **state)
{
    struct house *h = *state;

    lose_a_day(h);
    house_relay_refuses(h, "an old copy was put back");
    says(h, recover(h, 1, "org/staff/officer", (const char *const[]){"--yes", NULL}), "run handhold-certs new-log");
    new_log(h);
    house_relay_refuses(h, "is not signed by");
    says(h, recover(h, 2, "org/staff/ana", (const char *const[]){"--yes", NULL}),
         "is not the certificate of an officer");
    says(h, recover(h, 1, "org/staff/officer", (const char *const[]){NULL}), "give --yes");
    says(h, recover(h, 0, "org/staff/officer", (const char *const[]){"--yes", NULL}),
         "Opened 127.0.0.1/audit/localhost/2; its entry 0 is your note, signed by");
    says(h, audit(h, 0, (const char *const[]){"verify", NULL}), "ended by an officer");
    house_restart_relay(h); /* both ends remember the log that ended, and begin anew with this one */
    visit(h, "tomorrow");
    says(h, audit(h, 0, (const char *const[]){"verify", NULL}), "they were signed for and are lost");
    says(h, audit(h, 0, (const char *const[]){"verify", "--json", NULL}), "\"found\":\"smaller\"");
    says(h, audit(h, 0, (const char *const[]){"verify", "--ended", "1", NULL}), "nothing is wrong");
    says(h, audit(h, 0, (const char *const[]){"list", "--ended", "1", NULL}), "Ana Lindqvist");
    says(h, audit(h, 2, (const char *const[]){"list", "--ended", "2", NULL}), "there is no such ended log here");
    says(h, recover(h, 1, "org/staff/officer", (const char *const[]){"--yes", NULL}), "a relay runs on this folder");
}

static void what_was_proved_by_an_ended_log_stays_proved(void **state)
{
    struct house *h = *state;
    char session[64];

    visit(h, "first");
    snprintf(session, sizeof session, "%s", h->session);
    house_stop_relay(h);
    new_log(h);
    free(recover(h, 0, "org/staff/officer", (const char *const[]){"--yes", NULL}));
    says(h, audit(h, 0, (const char *const[]){"verify", NULL}), "All that is known to have been signed for is here.");
    free(audit(h, 0, (const char *const[]){"prove", session, "-o", house_path(h, "proofs"), "--ended", "1", NULL}));
    says(h,
         house_run(h, 0,
                   (const char *const[]){"handhold-audit", "check", house_path(h, "proofs"), "--ca",
                                         house_path(h, "org/ca/ca.crt"), "--org", house_path(h, "org/org.note"), NULL}),
         "one that the organisation's note names");
    house_restart_relay(h); /* both ends remember the log that ended, and begin anew with this one */
    visit(h, "second");
}

static void an_ended_log_that_was_altered_afterwards_is_named(void **state)
{
    struct house *h = *state;
    sqlite3 *db = NULL;

    visit(h, "first");
    house_stop_relay(h);
    new_log(h);
    free(recover(h, 0, "org/staff/officer", (const char *const[]){"--yes", NULL}));
    assert_int_equal(sqlite3_open(house_path(h, "relay/data.ended-1/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE entry SET leaf=zeroblob(48) WHERE idx=3", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    says(h, audit(h, 1, (const char *const[]){"verify", NULL}), "NO. entry 3");
    run(h, "/bin/rm", "-rf", house_path(h, "relay/data.ended-1"), NULL);
    says(h, audit(h, 1, (const char *const[]){"verify", NULL}), "Its data is not at hand.");
    says(h, audit(h, 1, (const char *const[]){"verify", "--json", NULL}), "\"event\":\"verified\",\"ok\":false");
    house_restart_relay(h);
    h->log_is_foreign = true;
}

/* Data and checkpoint were put back together, and the relay went on: somebody else has kept what it signed before. */
static void a_second_history_is_told_by_a_checkpoint_that_was_kept_elsewhere(void **state)
{
    struct house *h = *state;

    visit(h, "first");
    house_stop_relay(h);
    house_copy(h, "relay/data", "backup");
    house_copy(h, "relay/relay/checkpoint", "backup.checkpoint");
    house_restart_relay(h);
    visit(h, "second");
    house_stop_relay(h);
    house_copy(h, "relay/relay/checkpoint", "witnessed");
    house_copy(h, "backup", "relay/data");
    house_copy(h, "backup.checkpoint", "relay/relay/checkpoint");
    run(h, "/bin/rm", "-f", house_path(h, "handhold/seen"), NULL); /* people who have seen nothing of the second one */
    house_restart_relay(h);
    visit(h, "third");
    house_stop_relay(h);
    new_log(h);
    free(recover(h, 0, "org/staff/officer",
                 (const char *const[]){"--yes", "--checkpoint", house_path(h, "witnessed"), NULL}));
    says(h, audit(h, 0, (const char *const[]){"verify", NULL}), "which of two histories happened");
    house_restart_relay(h);
}

static void put(struct house *h, const char *what)
{
    char checkpoint[64];

    snprintf(checkpoint, sizeof checkpoint, "%s.checkpoint", what);
    house_copy(h, what, "relay/data");
    house_copy(h, checkpoint, "relay/relay/checkpoint");
}

/* Data and checkpoint of before are back; an agent who has seen more comes, and shows it. */
static void show_more_than_there_is(struct house *h, const char *old)
{
    struct demo_child *agent;

    put(h, old);
    house_restart_relay(h);
    agent = house_agent_start(h, old, "ana", NULL);
    house_await(h, agent, "error", "code", "LOG", NULL);
    house_expect_exit(h, agent, SIGKILL, -1);
    house_stop_relay(h);
    house_relay_refuses(h, "signed by this log's key");
    house_relay_refuses(h, "relay/broken"); /* it stays so */
}

static void what_an_end_proved_is_not_forgotten_by_a_restart(void **state)
{
    struct house *h = *state;

    visit(h, "first");
    house_stop_relay(h);
    house_copy(h, "relay/data", "old");
    house_copy(h, "relay/relay/checkpoint", "old.checkpoint");
    house_restart_relay(h);
    visit(h, "second");
    house_stop_relay(h);
    house_copy(h, "relay/data", "newest");
    house_copy(h, "relay/relay/checkpoint", "newest.checkpoint");
    show_more_than_there_is(h, "old");
    put(h, "newest"); /* the first way out */
    house_restart_relay(h);
    visit(h, "third");
    run(h, "/usr/bin/test", "!", "-e", house_path(h, "relay/relay/broken"), NULL);
    house_stop_relay(h);
    show_more_than_there_is(h, "newest");
    new_log(h); /* the second: the officer's tool takes what was shown for what was signed */
    free(recover(h, 0, "org/staff/officer", (const char *const[]){"--yes", NULL}));
    run(h, "/usr/bin/test", "-s", house_path(h, "relay/data.ended-1/broken"), NULL);
    says(h, audit(h, 0, (const char *const[]){"verify", NULL}), "they were signed for and are lost");
    house_restart_relay(h);
    visit(h, "fourth");
}

/* The power went while the folders were changed over: the same command makes an end of it. */
static void an_interrupted_recovery_is_finished_by_the_same_command(void **state)
{
    struct house *h = *state;

    lose_a_day(h);
    new_log(h);
    free(recover(h, 0, "org/staff/officer", (const char *const[]){"--yes", NULL}));
    house_copy(h, "relay/data.ended-1/checkpoint", "relay/relay/checkpoint");
    house_relay_refuses(h, "relay/checkpoint");
    says(h, recover(h, 0, "org/staff/officer", (const char *const[]){"--yes", NULL}), "what was begun before is done");
    run(h, "/bin/mv", house_path(h, "relay/data"), house_path(h, "relay/data.new"), NULL);
    house_copy(h, "relay/data.ended-1/checkpoint", "relay/relay/checkpoint");
    says(h, recover(h, 0, "org/staff/officer", (const char *const[]){"--yes", NULL}), "what was begun before is done");
    says(h, audit(h, 0, (const char *const[]){"verify", NULL}), "they were signed for and are lost");
    house_restart_relay(h); /* both ends remember the log that ended, and begin anew with this one */
    visit(h, "tomorrow");
}

static void set_version(sqlite3 *db, int version)
{
    char sql[64];

    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int get_version(sqlite3 *db)
{
    sqlite3_stmt *row = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int version = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    return version;
}

/* A sentence of the store has its place and its way out once, and a check beside a relay that runs checks the rest. */
static void what_is_wrong_with_a_folder_is_said_once(void **state)
{
    struct house *h = *state;
    const char *const check[] = {"handhold-relay", "--dir", house_path(h, "relay"), "--check", NULL};
    sqlite3 *db = NULL;

    says(h, house_run(h, 0, check), "a relay is running on this folder, and has its ports");
    visit(h, "first");
    char *said = house_run(h, 0, check);
    assert_null(strstr(said, "error "));
    says(h, said, "entries; whether all of it is whole, a start or handhold-audit verify says");
    says(h, recover(h, 1, "org/staff/officer", (const char *const[]){"--yes", NULL}), "a relay runs on this folder");
    house_stop_relay(h);
    assert_int_equal(sqlite3_open(house_path(h, "relay/data/relay.db"), &db), SQLITE_OK);
    const int version = get_version(db);
    set_version(db, 99);
    said = house_run(h, 1, check);
    assert_non_null(strstr(said, "relay/data/relay.db"));
    assert_non_null(strstr(said, "is of version 99"));
    char *first = strchr(strstr(said, "is of version 99"), ';');
    assert_true(first && strcspn(first + 1, ";\n") == strcspn(first + 1, "\n")); /* one way out */
    free(said);
    set_version(db, version);
    sqlite3_close(db);
    house_restart_relay(h);
}

/* Whoever throws the old data away and starts anew leaves out the note that says so. */
static void a_log_that_follows_another_does_not_begin_without_the_note(void **state)
{
    struct house *h = *state;

    visit(h, "first");
    house_stop_relay(h);
    new_log(h);
    run(h, "/bin/rm", "-rf", house_path(h, "relay/data"), house_path(h, "relay/relay/checkpoint"), NULL);
    house_relay_refuses(h, "follows one that is not ended yet");
    says(h, recover(h, 1, "org/staff/officer", (const char *const[]){"--yes", NULL}), "--checkpoint FILE");
    h->log_is_foreign = true;
    run(h, "/bin/mkdir", "-p", house_path(h, "relay/data"), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_backup_of_yesterday_is_refused_and_an_officer_ends_that_log),
        HOUSE_TEST(what_was_proved_by_an_ended_log_stays_proved),
        HOUSE_TEST(an_ended_log_that_was_altered_afterwards_is_named),
        HOUSE_TEST(a_second_history_is_told_by_a_checkpoint_that_was_kept_elsewhere),
        HOUSE_TEST(what_an_end_proved_is_not_forgotten_by_a_restart),
        HOUSE_TEST(an_interrupted_recovery_is_finished_by_the_same_command),
        HOUSE_TEST(what_is_wrong_with_a_folder_is_said_once),
        HOUSE_TEST(a_log_that_follows_another_does_not_begin_without_the_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
