/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator keeps two logs under one key and shows each end its own. Both ends show each other what they saw, under
 * seal, so the first session in which two of them meet finds it out; each keeps what proves it, and the officer's tool
 * judges that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/house.h"

/* What programs remember from now on is this person's. */
static void be(const struct house *h, const char *person)
{
    setenv("XDG_STATE_HOME", house_path(h, person), 1);
}

static void meet(struct house *h, const char *name, const char *agent_is, const char *customer_is,
                 struct demo_child **agent, struct demo_child **client)
{
    char agent_name[64];

    snprintf(agent_name, sizeof agent_name, "agent-%s", name);
    be(h, agent_is);
    *agent = house_agent(h, agent_name, "ana");
    be(h, customer_is);
    *client = house_join(h, *agent, name);
}

static void visit(struct house *h, const char *name, const char *agent_is, const char *customer_is, int grants)
{
    struct demo_child *agent, *client;

    meet(h, name, agent_is, customer_is, &agent, &client);
    for (int i = 0; i < grants; i++) {
        house_grant(h, agent, client, "camera");
        house_await(h, agent, "logged", "action", "viewing-started", NULL); /* so it has seen the log as it is now */
        demo_child_tell(client, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
        house_await(h, client, "logged", "action", "withdraw", NULL);
    }
    house_end(h, agent, client);
}

static void start_forking_relay(struct house *h)
{
    const char *const argv[] = {FORKING_RELAY,    "--dir",    house_path(h, "relay"),
                                "--json",         "--listen", h->host,
                                "--staff-listen", h->staff,   NULL};

    h->relay = demo_child_start(&h->children, "forking-relay", argv);
    assert_non_null(h->relay);
    house_await(h, h->relay, "ready", NULL);
}

static char *check(struct house *h, int code, const char *file, const char *const *where)
{
    const char *argv[16] = {"handhold-audit", "check", file};
    size_t n = 3;

    while (*where)
        argv[n++] = *where++;
    return house_run(h, code, argv);
}

static void says(struct house *h, char *text, const char *word)
{
    if (!strstr(text, word))
        house_fail(h, "\"%s\" is not in:\n%s", word, text);
    free(text);
}

/* Alone the file leaves it open, for the two trees are of two sizes; the log that is kept now decides it. */
static void judge(struct house *h, const json_t *alarm)
{
    char relay[96], file[HOUSE_PATH_BYTES];
    const char *ca = house_path(h, "org/ca/ca.crt"), *org = house_path(h, "org/org.note");

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    snprintf(file, sizeof file, "%s", house_text(alarm, "evidence"));
    assert_non_null(strstr(file, "fork-"));
    says(h, check(h, 1, file, (const char *const[]){"--ca", ca, "--org", org, NULL}), "OPEN");
    says(h, check(h, 0, file, (const char *const[]){"--dir", house_path(h, "relay"), NULL}), "PROVED");
    says(h,
         check(h, 0, file,
               (const char *const[]){"--relay", relay, "--identity", house_path(h, "org/staff/officer"), "--ca", ca,
                                     "--org", org, NULL}),
         "PROVED");
}

static void two_ends_that_were_shown_two_logs_find_it_out_together(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    visit(h, "first", "ana", "ada", 1);
    house_stop_relay(h);
    house_copy(h, "relay/data", "old");
    house_copy(h, "relay/relay/checkpoint", "old.checkpoint");
    house_restart_relay(h);
    visit(h, "one-history", "ana", "somebody", 1);
    house_stop_relay(h);
    house_copy(h, "old", "relay/data");
    house_copy(h, "old.checkpoint", "relay/relay/checkpoint");
    start_forking_relay(h);
    visit(h, "another-history", "another-agent", "ada", 3); /* which is the longer one */
    meet(h, "together", "ana", "ada", &agent, &client);
    json_t *by_agent = house_await(h, agent, "alarm", "code", "LOG", NULL);
    judge(h, by_agent);
    json_t *by_customer = house_await(h, client, "alarm", "code", "LOG", NULL);
    judge(h, by_customer);
    assert_non_null(strstr(house_text(by_agent, "message"), "different logs"));
    assert_non_null(strstr(house_text(by_customer, "message"), "different logs"));
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see it\"}");
    house_await(h, client, "consent", "capability", "camera", "state", "requested", NULL);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"camera\"}");
    house_await(h, client, "error", "code", "LOG", NULL); /* a consent that no log can be trusted with is none */
    house_expect_exit(h, agent, SIGKILL, -1);
    house_expect_exit(h, client, SIGKILL, -1);
    h->log_is_foreign = true; /* what it holds of the last session does not matter any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(two_ends_that_were_shown_two_logs_find_it_out_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
