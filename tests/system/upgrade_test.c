/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A release put over another while people are in session, and back: the relay that lies in the place of the running one
 * takes over, each end reconnects once, and agents and companions of the release before go on and come in.
 *
 * HANDHOLD_BEFORE is a folder with the programs of the release before; without it this build stands for both.
 */
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/house.h"

enum { SESSIONS_MOST = 20, SESSIONS_SHORT = 4 };

struct pair {
    struct demo_child *agent, *client;
};

static const char *before(void)
{
    const char *folder = getenv("HANDHOLD_BEFORE");

    return folder ? folder : HANDHOLD_BIN;
}

/* Twenty in the long run; each pair is two programs. */
static unsigned sessions(void)
{
    return getenv("HANDHOLD_LONG") || getenv("HANDHOLD_BEFORE") ? SESSIONS_MOST : SESSIONS_SHORT;
}

/* ---- releases ---- */

/* As dpkg does it: beside the old one, then in its place. */
static void put_relay(struct house *h, const char *folder)
{
    char from[HOUSE_PATH_BYTES];
    const char *const copy[] = {"/bin/cp", from, house_path(h, "bin/handhold-relay.new"), NULL};

    snprintf(from, sizeof from, "%s/handhold-relay", folder);
    (void)mkdir(house_path(h, "bin"), 0700);
    free(house_run(h, 0, copy));
    assert_int_equal(rename(copy[2], house_path(h, "bin/handhold-relay")), 0);
}

static void start_relay(struct house *h)
{
    const char *const argv[] = {house_path(h, "bin/handhold-relay"),
                                "--dir",
                                house_path(h, "relay"),
                                "--json",
                                "--listen",
                                "127.0.0.1:0",
                                "--staff-listen",
                                "127.0.0.1:0",
                                NULL};
    const json_t *ready;

    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    h->relay = demo_child_start(&h->children, "relay", argv);
    assert_non_null(h->relay);
    h->relays++;
    ready = house_await(h, h->relay, "ready", NULL);
    snprintf(h->host, sizeof h->host, "%.60s", house_text(ready, "public") + strlen("https://"));
    snprintf(h->staff, sizeof h->staff, "%.60s", house_text(ready, "staff") + strlen("https://"));
}

/* The process that was started from this house's relay and is not `old`; 0: there is none. */
static pid_t other_relay(const struct house *h, pid_t old)
{
    char link[64], target[HOUSE_PATH_BYTES];
    DIR *all = opendir("/proc");
    pid_t found = 0;

    assert_non_null(all);
    for (struct dirent *one = readdir(all); one && !found; one = readdir(all)) {
        pid_t pid = (pid_t)atoi(one->d_name);

        snprintf(link, sizeof link, "/proc/%.20s/exe", one->d_name);
        ssize_t len = pid > 0 && pid != old ? readlink(link, target, sizeof target - 1) : -1;
        if (len > 0) {
            target[len] = 0;
            found = strcmp(target, house_path(h, "bin/handhold-relay")) ? 0 : pid;
        }
    }
    closedir(all);
    return found;
}

/* The one that lies there takes over; it speaks on the same pipe. */
static void take_over(struct house *h)
{
    pid_t old = h->relay->pid;
    int status;

    assert_int_equal(kill(old, SIGUSR2), 0);
    house_await(h, h->relay, "ready", NULL);
    assert_int_equal(waitpid(old, &status, 0), old);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        house_fail(h, "the relay before ended with %d", status);
    h->relay->pid = other_relay(h, old);
    assert_true(h->relay->pid > 0);
}

/* ---- people ---- */

static struct pair join(struct house *h, unsigned number, const char *folder)
{
    const char *bin = h->children.bin, *names[] = {"agent", "client"};
    char name[2][32];
    struct pair pair;

    for (int i = 0; i < 2; i++)
        snprintf(name[i], sizeof name[i], "%s-%u", names[i], number);
    h->children.bin = folder;
    pair.agent = house_agent(h, name[0], number % 2 ? "ana" : "ben");
    pair.client = house_join(h, pair.agent, name[1]);
    h->children.bin = bin;
    return pair;
}

/* What was said at each end before the line went comes through; nobody notices more than one reconnect in each. */
static void expect_back(struct house *h, const struct pair *pairs, unsigned count, size_t turns)
{
    for (unsigned i = 0; i < count; i++) {
        const struct pair *pair = &pairs[i];

        while (demo_child_count(pair->agent, "connection", "state", "resumed") < turns)
            house_await(h, pair->agent, "connection", "state", "resumed", NULL);
        while (demo_child_count(pair->client, "connection", "state", "resumed") < turns)
            house_await(h, pair->client, "connection", "state", "resumed", NULL);
        house_talk(h, pair->agent, pair->client);
    }
    for (unsigned i = 0; i < count; i++)
        for (int side = 0; side < 2; side++) {
            const struct demo_child *c = side ? pairs[i].agent : pairs[i].client;

            if (demo_child_count(c, "connection", "state", "resumed") != turns)
                house_fail(h, "%s reconnected %zu times, not %zu", c->name,
                           demo_child_count(c, "connection", "state", "resumed"), turns);
        }
}

/* ---- the database ---- */

static void set_version(const struct house *h, int version)
{
    sqlite3 *db;
    char text[64];

    snprintf(text, sizeof text, "PRAGMA user_version=%d", version);
    assert_int_equal(sqlite3_open(house_path(h, "relay/data/relay.db"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, HOUSE_WAIT_MS);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static bool has_said(const struct demo_child *child, const char *words)
{
    char line[2048];
    FILE *file = fopen(child->log, "r");
    bool said = false;

    assert_non_null(file);
    while (!said && fgets(line, sizeof line, file))
        said = strstr(line, words) != NULL;
    fclose(file);
    return said;
}

static int version_of(const struct house *h)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    int version;

    assert_int_equal(sqlite3_open(house_path(h, "relay/data/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    version = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return version;
}

/* The program that lies there does not know this database: the running relay does not leave for it. */
static void expect_refused(struct house *h, const struct pair *pair, size_t reconnects)
{
    assert_int_equal(kill(h->relay->pid, SIGUSR2), 0);
    while (!has_said(h->relay, "the new relay did not start"))
        house_talk(h, pair->agent, pair->client);
    assert_true(has_said(h->relay, ", and this program knows version"));
    assert_true(has_said(h->relay, "use a newer Handhold"));
    assert_int_equal(demo_child_count(pair->agent, "connection", "state", "resumed"), reconnects);
}

/* ---- tests ---- */

static void a_release_goes_over_another_and_back_with_live_sessions(void **state)
{
    struct house *h = *state;
    struct pair pairs[SESSIONS_MOST], late;
    unsigned count = sessions();
    size_t turns = 1;

    put_relay(h, before());
    start_relay(h);
    int version = version_of(h);
    for (unsigned i = 0; i < count; i++)
        pairs[i] = join(h, i, before()); /* the relay is the first that is upgraded */
    house_grant(h, pairs[0].agent, pairs[0].client, "camera");
    put_relay(h, HANDHOLD_BIN);
    take_over(h);
    expect_back(h, pairs, count, 1);
    house_forget(pairs[0].agent, "video");
    house_await(h, pairs[0].agent, "video", NULL); /* and what was granted goes on */
    late = join(h, SESSIONS_MOST, before());
    house_grant(h, late.agent, late.client, "camera");
    house_end(h, late.agent, late.client);
    put_relay(h, before());
    if (version_of(h) == version)
        take_over(h), turns++;
    else /* of a release with an older database there is no way back, and nobody is lost by trying */
        expect_refused(h, &pairs[0], turns);
    expect_back(h, pairs, count, turns);
    for (unsigned i = 0; i < count; i++)
        house_end(h, pairs[i].agent, pairs[i].client);
    put_relay(h, HANDHOLD_BIN);
    take_over(h);
}

/* An older release, to which this database is of a later one: the running relay does not leave for it. */
static void a_downgrade_over_a_newer_database_changes_nothing_and_says_the_way_out(void **state)
{
    struct house *h = *state;
    int own;

    put_relay(h, HANDHOLD_BIN);
    start_relay(h);
    struct pair pair = join(h, 0, HANDHOLD_BIN);
    own = version_of(h);
    set_version(h, 99);
    expect_refused(h, &pair, 0);
    assert_true(has_said(h->relay, "relay.db: is of version 99, and this program knows version"));
    set_version(h, own);
    house_end(h, pair.agent, pair.client);
}

/* ---- versions of the protocol ---- */

static void offer(const char *versions)
{
    setenv("HOUSE_OFFERS", versions, 1);
    setenv("LD_PRELOAD", HOUSE_OFFERS, 1);
}

/* Of a newer release than the relay, which lags behind. */
static void ends_that_speak_a_newer_version_too_are_served(void **state)
{
    struct house *h = *state;

    offer("handhold.2, handhold.1");
    struct pair pair = join(h, 0, HANDHOLD_BIN);
    house_grant(h, pair.agent, pair.client, "camera");
    house_talk(h, pair.agent, pair.client);
    unsetenv("LD_PRELOAD");
    house_end(h, pair.agent, pair.client);
}

/* Of an older release than any that the relay serves: a person hears which of the two is to be updated. */
static void an_end_whose_version_is_gone_is_told_so(void **state)
{
    struct house *h = *state;
    struct demo_child *agent;

    offer("handhold.0");
    agent = house_agent_start(h, "agent", "ana", (const char *const[]){NULL});
    unsetenv("LD_PRELOAD");
    house_expect_exit(h, agent, 0, 1);
    assert_true(has_said(agent, "the peer speaks another version of the protocol"));
    assert_true(has_said(agent, "update the older end"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST_WITHOUT_RELAY(a_release_goes_over_another_and_back_with_live_sessions),
        HOUSE_TEST_WITHOUT_RELAY(a_downgrade_over_a_newer_database_changes_nothing_and_says_the_way_out),
        HOUSE_TEST(ends_that_speak_a_newer_version_too_are_served),
        HOUSE_TEST(an_end_whose_version_is_gone_is_told_so),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
