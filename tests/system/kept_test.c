/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the relay keeps for staff and cannot read: published guides, earlier visits, what was learned. Two agents, each
 * with a machine of their own, and an officer who erases.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/house.h"

enum { SHIPPED = 7 }; /* guides */

/* ---- people ---- */

/* Each agent has a machine of its own: another cache. */
static struct demo_child *agent_of(struct house *h, const char *name, const char *id, const char *customer)
{
    char cache[64];

    snprintf(cache, sizeof cache, "cache-%s", id);
    setenv("XDG_CACHE_HOME", house_path(h, cache), 1);
    return house_agent_with(h, name, id, customer ? (const char *const[]){"--customer", customer, NULL} : NULL);
}

static struct demo_child *client_of(struct house *h, struct demo_child *agent)
{
    char state[HOUSE_PATH_BYTES + 8];
    struct demo_child *client;

    snprintf(state, sizeof state, "json:%s", house_path(h, "home.sock"));
    const char *const more[] = {h->link, "--state", state, "--camera", "none", NULL};

    client = house_client(h, "client", more);
    house_await(h, client, "joined", "verified", "true", NULL);
    house_await(h, agent, "joined", NULL);
    return client;
}

/* ---- the organisation ---- */

static void officer(struct house *h, int code, const char *const *words)
{
    free(house_officer(h, code, false, words));
}

/* What is kept of a person, where the relay's disk is; with the secret of the staff or without it. */
static char *export_of(struct house *h, const char *customer, bool with_secret)
{
    const char *const argv[] = {"handhold-audit",
                                "export",
                                "--dir",
                                house_path(h, "relay"),
                                "--key",
                                house_path(h, "org/officer/evidence.key"),
                                "--format",
                                "jsonl",
                                "--customer",
                                customer,
                                with_secret ? "--cases-key" : NULL,
                                house_path(h, "org/staff/cases.key"),
                                NULL};

    return house_run(h, 0, argv);
}

static void allow_history(struct house *h)
{
    const char *file = house_path(h, "policy.txt");
    const char *const print[] = {"policy", "print", "-o", file, NULL}, *const sign[] = {"policy", "sign", file, NULL};
    char command[1024];

    officer(h, 0, print);
    snprintf(command, sizeof command, "sed -i 's/^deny history.*/allow history 0 90 agent/' %s", file);
    assert_int_equal(system(command), 0); /* NOLINT: words of this file */
    officer(h, 0, sign);
}

/* As an editor does who has a checkout beside the relay. */
static void publish(struct house *h, const char *from)
{
    char command[1024];
    const char *const sign[] = {"handhold-guide",
                                "sign",
                                "--identity",
                                house_path(h, "org/staff/officer"),
                                "--ca",
                                house_path(h, "org/ca/ca.crt"),
                                house_path(h, "relay/guides"),
                                NULL};

    snprintf(command, sizeof command, "mkdir -p %s && cp -r %s/. %s", house_path(h, "relay/guides"), from,
             house_path(h, "relay/guides"));
    assert_int_equal(system(command), 0); /* NOLINT: words of this file */
    free(house_run(h, 0, sign));
}

/* A lamp that is off and comes back: the guide ends as solved. */
static void mend_a_lamp(struct house *h, struct demo_child *agent, int home)
{
    house_home_says(home, "{\"device\":\"lamp\",\"kind\":\"light\",\"model\":\"Kirchner L1\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":false}");
    house_await_proposal(h, agent, "lamp-off-mesh");
    demo_child_tell(agent, "{\"do\":\"guide\",\"guide\":\"lamp-off-mesh\"}");
    house_await(h, agent, "guide", "step", "switch", NULL);
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":true}");
    house_await(h, agent, "guide", "end", "solved", NULL);
}

static void visit(struct house *h, struct demo_child *agent, bool history)
{
    struct demo_child *client = client_of(h, agent);
    int home;

    house_grant(h, agent, client, "device-state");
    if (history)
        house_grant(h, agent, client, "history");
    home = house_home(h, "home.sock");
    mend_a_lamp(h, agent, home);
    close(home);
    house_end(h, agent, client);
}

static void leave(struct house *h, struct demo_child *agent)
{
    demo_child_tell(agent, "{\"do\":\"end\"}");
    house_expect_exit(h, agent, 0, 0);
}

/* ---- the relay's disk ---- */

static bool lies_in(const char *path, const char *words)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    bool found = false;

    if (file >= 0 && fstat(file, &info) == 0 && info.st_size > 0) {
        char *all = malloc((size_t)info.st_size);

        assert_int_equal(read(file, all, (size_t)info.st_size), info.st_size);
        found = memmem(all, (size_t)info.st_size, words, strlen(words)) != NULL;
        free(all);
    }
    if (file >= 0)
        close(file);
    return found;
}

static bool relay_has(struct house *h, const char *words)
{
    static const char *const files[] = {"relay.db", "relay.db-wal", "keys.db", "keys.db-wal"};
    char path[HOUSE_PATH_BYTES];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/relay/data/%s", h->dir, files[i]);
        if (lies_in(path, words))
            return true;
    }
    return false;
}

/* ---- guides ---- */

static void published_guides_reach_each_agent_and_a_changed_one_reaches_none(void **state)
{
    struct house *h = *state;
    char command[1024];
    struct demo_child *agent;

    agent = agent_of(h, "nothing", "ana", NULL); /* a relay without guides is no fault */
    leave(h, agent);
    publish(h, HANDHOLD_GUIDES);
    agent = agent_of(h, "first", "ana", NULL);
    assert_int_equal(house_number(house_await(h, agent, "guides-ready", NULL), "count"), SHIPPED);
    leave(h, agent);
    agent = agent_of(h, "second", "ana", NULL); /* those of the cache, before the relay was heard */
    assert_int_equal(house_number(house_await(h, agent, "guides-ready", NULL), "count"), SHIPPED);
    leave(h, agent);
    assert_int_equal(demo_child_count(agent, "guides-ready", NULL, NULL), 1);

    /* The relay, or who sits on its disk, writes into a guide: nobody follows it. */
    snprintf(command, sizeof command, "sed -i 's/wall switch/gas pipe/' %s/*.yaml", house_path(h, "relay/guides"));
    assert_int_equal(system(command), 0); /* NOLINT: words of this file */
    agent = agent_of(h, "other", "ben", NULL);
    house_says(h, house_text(house_await(h, agent, "warning", NULL), "message"), "is not what guides.note says", NULL);
    leave(h, agent);
    assert_int_equal(demo_child_count(agent, "guides-ready", NULL, NULL), 0);

    publish(h, HANDHOLD_GUIDES); /* mended, and signed anew */
    agent = agent_of(h, "again", "ben", NULL);
    assert_int_equal(house_number(house_await(h, agent, "guides-ready", NULL), "count"), SHIPPED);
    leave(h, agent);
}

static void an_older_list_of_guides_is_refused(void **state)
{
    struct house *h = *state;
    char command[1024];
    struct demo_child *agent;

    publish(h, HANDHOLD_GUIDES);
    snprintf(command, sizeof command, "cp %s %s", house_path(h, "relay/guides/guides.note"), house_path(h, "old.note"));
    assert_int_equal(system(command), 0); /* NOLINT: words of this file */
    publish(h, HANDHOLD_GUIDES);
    agent = agent_of(h, "newest", "ana", NULL);
    house_await(h, agent, "guides-ready", NULL);
    leave(h, agent);
    snprintf(command, sizeof command, "cp %s %s", house_path(h, "old.note"), house_path(h, "relay/guides/guides.note"));
    assert_int_equal(system(command), 0); /* NOLINT: words of this file */
    agent = agent_of(h, "rolled-back", "ana", NULL);
    house_says(h, house_text(house_await(h, agent, "warning", NULL), "message"), "older list", NULL);
    leave(h, agent);
}

/* ---- cases and counts ---- */

static void a_visit_is_there_for_the_next_agent_before_a_word_is_said_and_goes_when_it_is_erased(void **state)
{
    struct house *h = *state;
    const char *const erase[] = {"erase", "--customer", "C-17", "--reason", "asked for", "--yes", NULL};
    struct demo_child *agent;
    json_t *before, *best;
    char *text;

    allow_history(h);
    publish(h, HANDHOLD_GUIDES);
    agent = agent_of(h, "ana", "ana", "C-17");
    assert_int_equal(house_number(house_await(h, agent, "visits", NULL), "count"), 0);
    visit(h, agent, true);

    agent = agent_of(h, "ben", "ben", "C-17"); /* another agent, another machine */
    assert_int_equal(house_number(house_await(h, agent, "visits", NULL), "count"), 1);
    before = json_object_get(house_await(h, agent, "case", NULL), "case");
    assert_string_equal(house_text(json_array_get(json_object_get(before, "guides"), 0), "guide"), "lamp-off-mesh");
    assert_string_equal(house_text(json_array_get(json_object_get(before, "devices"), 0), "model"), "Kirchner L1");
    assert_int_equal(demo_child_count(agent, "joined", NULL, NULL), 0);
    struct demo_child *client = client_of(h, agent);
    house_grant(h, agent, client, "device-state");
    int home = house_home(h, "home.sock");
    house_home_says(home, "{\"device\":\"lamp\",\"kind\":\"light\",\"model\":\"Kirchner L1\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":false}");
    best = house_await_proposal(h, agent, "lamp-off-mesh");
    assert_true(json_is_true(json_object_get(best, "tried_before")));
    assert_int_equal(house_number(best, "solved"), 1);
    close(home);
    house_end(h, agent, client);

    agent = agent_of(h, "other person", "ben", "C-18");
    assert_int_equal(house_number(house_await(h, agent, "visits", NULL), "count"), 0);
    leave(h, agent);
    assert_false(relay_has(h, "Kirchner"));
    assert_false(relay_has(h, "lamp-off-mesh"));

    text = export_of(h, "C-17", false); /* without the staff's secret: that there is one, and no word of it */
    assert_non_null(strstr(text, "\"event\":\"case\""));
    assert_non_null(strstr(text, "--cases-key"));
    assert_null(strstr(text, "Kirchner"));
    free(text);
    text = export_of(h, "C-17", true);
    assert_non_null(strstr(text, "Kirchner L1"));
    assert_non_null(strstr(text, "lamp-off-mesh"));
    free(text);
    const char *const elsewhere[] = {
        "export", "--key",       house_path(h, "org/officer/evidence.key"), "--format", "jsonl", "--customer",
        "C-17",   "--cases-key", house_path(h, "org/staff/cases.key"),      NULL};
    text = house_officer(h, 0, false, elsewhere);
    assert_non_null(strstr(text, "Kirchner L1"));
    free(text);

    officer(h, 0, erase);
    text = export_of(h, "C-17", true);
    assert_null(strstr(text, "Kirchner"));
    free(text);
    agent = agent_of(h, "erased", "ben", "C-17");
    assert_int_equal(house_number(house_await(h, agent, "visits", NULL), "count"), 0);
    leave(h, agent);
}

static void without_the_consent_the_guide_counts_for_all_and_nothing_of_the_person_is_kept(void **state)
{
    struct house *h = *state;
    struct demo_child *agent;
    json_t *best;

    allow_history(h);
    publish(h, HANDHOLD_GUIDES);
    agent = agent_of(h, "ana", "ana", "C-17");
    visit(h, agent, false);
    agent = agent_of(h, "ben", "ben", "C-17");
    assert_int_equal(house_number(house_await(h, agent, "visits", NULL), "count"), 0);
    struct demo_child *client = client_of(h, agent);
    house_grant(h, agent, client, "device-state");
    int home = house_home(h, "home.sock");
    house_home_says(home, "{\"device\":\"lamp\",\"kind\":\"light\",\"model\":\"Kirchner L1\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":false}");
    best = house_await_proposal(h, agent, "lamp-off-mesh");
    assert_false(json_is_true(json_object_get(best, "tried_before")));
    assert_int_equal(house_number(best, "solved"), 1); /* as it went for the other agent */
    close(home);
    house_end(h, agent, client);
}

/* Taken back while the session runs: what was written down until then goes. */
static void a_consent_that_is_taken_back_takes_the_visit_with_it(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    int home;

    allow_history(h);
    publish(h, HANDHOLD_GUIDES);
    agent = agent_of(h, "ana", "ana", "C-17");
    client = client_of(h, agent);
    house_grant(h, agent, client, "device-state");
    house_grant(h, agent, client, "history");
    home = house_home(h, "home.sock");
    mend_a_lamp(h, agent, home);
    demo_child_tell(client, "{\"do\":\"withdraw\",\"capability\":\"history\"}");
    house_await(h, agent, "consent", "capability", "history", "state", "withdrawn", NULL);
    house_talk(h, agent, client);
    close(home);
    house_end(h, agent, client);
    agent = agent_of(h, "ben", "ben", "C-17");
    assert_int_equal(house_number(house_await(h, agent, "visits", NULL), "count"), 0);
    leave(h, agent);
}

/* An agent whose machine stops in the middle of a session has kept what was so until then. */
static void a_visit_that_broke_off_is_kept_as_far_as_it_came(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    int home;

    allow_history(h);
    publish(h, HANDHOLD_GUIDES);
    agent = agent_of(h, "ana", "ana", "C-17");
    client = client_of(h, agent);
    house_grant(h, agent, client, "device-state");
    house_grant(h, agent, client, "history");
    home = house_home(h, "home.sock");
    mend_a_lamp(h, agent, home);
    house_talk(h, agent, client);
    house_expect_exit(h, agent, SIGKILL, -1);
    demo_child_tell(client, "{\"do\":\"end\"}");
    close(home);
    agent = agent_of(h, "ben", "ben", "C-17");
    house_await(h, agent, "visits", NULL);
    assert_string_equal(
        house_text(
            json_array_get(json_object_get(json_object_get(house_await(h, agent, "case", NULL), "case"), "guides"), 0),
            "end"),
        "solved");
    leave(h, agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(published_guides_reach_each_agent_and_a_changed_one_reaches_none),
        HOUSE_TEST(an_older_list_of_guides_is_refused),
        HOUSE_TEST(a_visit_is_there_for_the_next_agent_before_a_word_is_said_and_goes_when_it_is_erased),
        HOUSE_TEST(without_the_consent_the_guide_counts_for_all_and_nothing_of_the_person_is_kept),
        HOUSE_TEST(a_consent_that_is_taken_back_takes_the_visit_with_it),
        HOUSE_TEST(a_visit_that_broke_off_is_kept_as_far_as_it_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
