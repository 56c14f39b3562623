/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that end: renewed in time by the authority, through a relay that cannot sign one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/system/house.h"

enum { DAY_S = 86400, IN_THE_LAST_THIRD_S = 21 * DAY_S, ISSUED_DAYS = 30 };

/* ---- the calendar of every program that is started from now on ---- */

/* ---- people ---- */

/* The agent's own machine: the authority's folder is somewhere else. */
static void give_pair(struct house *h, const char *id)
{
    char crt[64], key[64];

    (void)mkdir(house_path(h, "desk"), 0700);
    snprintf(crt, sizeof crt, "org/staff/%s.crt", id);
    snprintf(key, sizeof key, "org/staff/%s.key", id);
    const char *const argv[] = {"/bin/cp", "-p", house_path(h, crt), house_path(h, key), house_path(h, "desk"), NULL};
    free(house_run(h, 0, argv));
}

static struct demo_child *agent_at_desk(struct house *h, const char *name, const char *id)
{
    char to[32];

    snprintf(to, sizeof to, "../../desk/%s", id);
    return house_agent(h, name, to);
}

static struct demo_child *authority(struct house *h)
{
    char relay[96];
    const char *const argv[] = {"handhold-certs", "renew",  "--dir", house_path(h, "org"), "--relay", relay,
                                "--watch",        "--json", NULL};

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    struct demo_child *child = demo_child_start(&h->children, "authority", argv);
    assert_non_null(child);
    house_await(h, child, "watching", NULL);
    return child;
}

/* What `handhold-certs renew` prints when it is run once. */
static char *renew_once(struct house *h)
{
    char relay[96];
    const char *const argv[] = {"handhold-certs", "renew", "--dir", house_path(h, "org"), "--relay", relay, NULL};

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    return house_run(h, 0, argv);
}

static char *read_whole(const char *path)
{
    char *text = calloc(1, 16384);
    FILE *file = fopen(path, "r");

    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, 16383, file) > 0);
    fclose(file);
    return text;
}

static char *told_by_the_log(struct house *h)
{
    const char *const argv[] = {"handhold-audit",
                                "tail",
                                "--once",
                                "--lines",
                                "100",
                                "--dir",
                                house_path(h, "relay"),
                                "--key",
                                house_path(h, "org/officer/evidence.key"),
                                NULL};

    return house_run(h, 0, argv);
}

/* ---- what is so ---- */

static void a_certificate_in_its_last_third_is_renewed_while_a_session_goes_on(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    char *key_before, *key_after, *old, *new, *words;

    give_pair(h, "ana");
    key_before = read_whole(house_path(h, "desk/ana.key"));
    old = read_whole(house_path(h, "desk/ana.crt"));
    house_set_calendar(h, IN_THE_LAST_THIRD_S);
    house_start_relay(h, NULL);
    agent = agent_at_desk(h, "agent", "ana");
    client = house_join(h, agent, "client");
    house_grant(h, agent, client, "camera");
    house_await(h, agent, "certificate", "state", "asked", NULL);
    authority(h);
    house_await(h, agent, "certificate", "state", "renewed", NULL);
    house_talk(h, agent, client);

    house_expect_exit(h, h->relay, SIGKILL, -1);
    house_restart_relay(h); /* the session comes back as the one who began it */
    house_await(h, agent, "connection", "state", "resumed", NULL);
    house_talk(h, agent, client);
    house_end(h, agent, client);

    new = read_whole(house_path(h, "desk/ana.crt"));
    key_after = read_whole(house_path(h, "desk/ana.key"));
    assert_string_equal(key_before, key_after);
    assert_string_not_equal(old, new);
    words = told_by_the_log(h);
    assert_non_null(strstr(words, "handed out a new certificate for"));
    free(words);

    house_set_calendar(h, (ISSUED_DAYS + 1) * (int64_t)DAY_S); /* the old one has ended, and the new one serves */
    agent = agent_at_desk(h, "later", "ana");
    client = house_join(h, agent, "client2");
    house_talk(h, agent, client);
    house_end(h, agent, client);
    free(old);
    free(new);
    free(key_before);
    free(key_after);
}

static void who_did_not_hear_of_a_new_certificate_gets_the_same_one_again(void **state)
{
    struct house *h = *state;
    struct demo_child *agent;
    char *first, *second, *listed;
    const char *const list[] = {"handhold-certs", "list", "--dir", house_path(h, "org"), NULL};

    give_pair(h, "ana");
    const char *const keep[] = {"/bin/cp", house_path(h, "desk/ana.crt"), house_path(h, "old.crt"), NULL};
    const char *const back[] = {"/bin/cp", house_path(h, "old.crt"), house_path(h, "desk/ana.crt"), NULL};
    free(house_run(h, 0, keep));
    house_set_calendar(h, IN_THE_LAST_THIRD_S);
    house_start_relay(h, NULL);
    authority(h);
    agent = agent_at_desk(h, "agent", "ana");
    house_await(h, agent, "certificate", "state", "renewed", NULL);
    house_expect_exit(h, agent, SIGTERM, 0);
    first = read_whole(house_path(h, "desk/ana.crt"));
    free(house_run(h, 0, back)); /* from a backup, say */
    agent = agent_at_desk(h, "again", "ana");
    house_await(h, agent, "certificate", "state", "renewed", NULL);
    second = read_whole(house_path(h, "desk/ana.crt"));
    assert_string_equal(first, second);
    listed = house_run(h, 0, list);
    unsigned of_ana = 0;
    for (const char *at = listed; (at = strstr(at, "ana ")) != NULL; at++)
        of_ana += at == listed || at[-1] == '\n';
    assert_int_equal(of_ana, 2);
    free(first);
    free(second);
    free(listed);
}

static void a_revoked_certificate_is_not_renewed(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    char *said, *old, *new;
    const char *const revoke[] = {"handhold-certs", "revoke", "--dir", house_path(h, "org"), "--id", "ana", NULL};

    give_pair(h, "ana");
    old = read_whole(house_path(h, "desk/ana.crt"));
    house_set_calendar(h, IN_THE_LAST_THIRD_S);
    house_start_relay(h, NULL);
    agent = agent_at_desk(h, "agent", "ana");
    client = house_join(h, agent, "client");
    house_await(h, agent, "certificate", "state", "asked", NULL);
    free(house_run(h, 0, revoke)); /* the relay has not heard of it: the authority needs no relay for that */
    said = renew_once(h);
    assert_non_null(strstr(said, "not renewed: "));
    assert_non_null(strstr(said, "revoked"));
    house_says(h, house_text(house_await(h, agent, "certificate", "state", "refused", NULL), "message"), "revoked",
               NULL);
    house_talk(h, agent, client); /* until the relay hears of it */
    house_end(h, agent, client);
    new = read_whole(house_path(h, "desk/ana.crt"));
    assert_string_equal(old, new);
    free(said);
    free(old);
    free(new);
}

static void nothing_is_asked_before_the_last_third(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    char *said;

    give_pair(h, "ana");
    house_set_calendar(h, IN_THE_LAST_THIRD_S - 2 * DAY_S);
    house_start_relay(h, NULL);
    agent = agent_at_desk(h, "agent", "ana");
    client = house_join(h, agent, "client");
    house_talk(h, agent, client);
    said = renew_once(h);
    assert_string_equal(said, "");
    house_end(h, agent, client);
    assert_int_equal(demo_child_count(agent, "certificate", NULL, NULL), 0);
    free(said);
}

static void a_certificate_that_ends_does_not_end_its_session(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    char relay[96];
    const char *const another[] = {"handhold-agent",
                                   "--headless",
                                   "--relay",
                                   relay,
                                   "--identity",
                                   house_path(h, "org/staff/ana"),
                                   "--ca",
                                   house_path(h, "org/ca/ca.crt"),
                                   NULL};

    house_set_calendar(h, ISSUED_DAYS * (int64_t)DAY_S - 3600); /* nobody renews */
    house_start_relay(h, NULL);
    house_live(h, &agent, &client);
    house_set_calendar(h, ISSUED_DAYS * (int64_t)DAY_S + 3600);
    house_talk(h, agent, client);
    house_expect_exit(h, h->relay, SIGKILL, -1);
    house_restart_relay(h);
    house_await(h, agent, "connection", "state", "resumed", NULL);
    house_talk(h, agent, client);
    snprintf(relay, sizeof relay, "https://%s", h->staff);
    house_refused(h, 2, another, "staff/ana", "has ended", NULL); /* no other session begins with it */
    house_end(h, agent, client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST_WITHOUT_RELAY(a_certificate_in_its_last_third_is_renewed_while_a_session_goes_on),
        HOUSE_TEST_WITHOUT_RELAY(who_did_not_hear_of_a_new_certificate_gets_the_same_one_again),
        HOUSE_TEST_WITHOUT_RELAY(a_revoked_certificate_is_not_renewed),
        HOUSE_TEST_WITHOUT_RELAY(nothing_is_asked_before_the_last_third),
        HOUSE_TEST_WITHOUT_RELAY(a_certificate_that_ends_does_not_end_its_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
