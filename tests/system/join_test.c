/* SPDX-License-Identifier: Apache-2.0 */
/* Coming together: by link, by code, and who is not let in. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/house.h"

/* ---- by link ---- */

static void a_customer_joins_by_link(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *const by_link[] = {h->link, NULL};
    json_t *joined, *ours, *theirs;

    client = house_client(h, "client", by_link);
    joined = house_await(h, client, "joined", "verified", "true", "organisation", "localhost", NULL);
    assert_string_equal(house_text(joined, "peer"), "Ana Lindqvist");
    house_await(h, agent, "joined", NULL);
    ours = house_await(h, client, "check-words", NULL);
    theirs = house_await(h, agent, "check-words", NULL);
    assert_int_equal(json_array_size(json_object_get(ours, "words")), 4);
    assert_true(json_equal(json_object_get(ours, "words"), json_object_get(theirs, "words")));
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

static void a_link_is_good_for_one_customer(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client"), *second;
    const char *const by_link[] = {h->link, NULL};

    second = house_client(h, "second", by_link);
    house_says(h, house_text(house_await(h, second, "error", NULL), "message"), "somebody has joined", "new one", NULL);
    house_expect_exit(h, second, 0, 1);
    house_await(h, agent, "error", NULL); /* the agent learns that somebody tried */
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

static void a_link_does_not_outlive_its_session(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *late;
    const char *const by_link[] = {h->link, NULL};

    house_end(h, agent, house_join(h, agent, "client"));
    late = house_client(h, "late", by_link);
    house_says(h, house_text(house_await(h, late, "error", NULL), "message"), "invitation", NULL);
    house_expect_exit(h, late, 0, 1);
}

/* ---- by code ---- */

static struct demo_child *join_by(struct house *h, const char *name, const char *code)
{
    char relay[96];
    const char *const by_code[] = {"--code", code, "--relay", relay, NULL};

    snprintf(relay, sizeof relay, "https://%s", h->host);
    return house_client(h, name, by_code);
}

static void a_customer_joins_by_code(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = join_by(h, "client", h->code);

    house_await(h, client, "joined", "verified", "true", NULL);
    house_await(h, agent, "joined", NULL);
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
}

/* Another code under the same nameplate, with a check digit that fits (Damm, as proto/pairing/invite.h says). */
static void wrong_code(const struct house *h, unsigned nth, char out[static 32])
{
    static const char damm[10][11] = {"0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
                                      "3674209581", "5869720134", "8945362017", "9438617205", "2581436790"};
    char digits[16];
    size_t n = 0;
    unsigned check = 0;

    for (const char *at = h->code; *at; at++)
        if (isdigit((unsigned char)*at) && n < sizeof digits - 1)
            digits[n++] = *at;
    digits[n] = '\0';
    if (n < 2) {
        fail_msg("%s: is no code", h->code);
        return;
    }
    digits[n - 2] = (char)('0' + ((unsigned)(digits[n - 2] - '0') + nth) % 10);
    for (size_t i = 0; i + 1 < n; i++)
        check = (unsigned)(damm[check][digits[i] - '0'] - '0');
    digits[n - 1] = (char)('0' + check);
    snprintf(out, 32, "%s", digits);
}

static void a_wrong_code_burns_after_three_tries_and_the_agent_is_alarmed(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    char code[32], name[16];

    for (unsigned i = 1; i <= 3; i++) {
        wrong_code(h, i, code);
        snprintf(name, sizeof name, "wrong-%u", i);
        client = join_by(h, name, code);
        house_says(h, house_text(house_await(h, client, "error", NULL), "message"),
                   i < 3 ? "read it again" : "tried too often", NULL);
        house_expect_exit(h, client, 0, 1);
    }
    house_await(h, agent, "alarm", NULL);
    client = join_by(h, "right", h->code); /* the right one does not help any more */
    house_says(h, house_text(house_await(h, client, "error", NULL), "message"), "invitation", NULL);
    house_expect_exit(h, client, 0, 1);
    assert_int_equal(demo_child_count(agent, "joined", NULL, NULL), 0);
}

static void after_one_wrong_code_the_right_one_is_still_good(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    char code[32];

    wrong_code(h, 1, code);
    house_expect_exit(h, join_by(h, "wrong", code), 0, 1);
    client = join_by(h, "client", h->code);
    house_await(h, client, "joined", "verified", "true", NULL);
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

static void a_typing_error_in_a_code_is_found_before_it_costs_a_try(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    char relay[96], typed[32];
    const char *const argv[] = {"handhold-client", "--code", typed, "--relay", relay, NULL};
    size_t last;

    snprintf(relay, sizeof relay, "https://%s", h->host);
    for (int i = 1; i < 6; i++) { /* more often than a code can be tried */
        snprintf(typed, sizeof typed, "%s", h->code);
        last = strlen(typed) - 1;
        typed[last] = (char)('0' + (typed[last] - '0' + i) % 10);
        house_refused(h, 2, argv, "code", "typing error", "digit by digit", NULL);
    }
    client = join_by(h, "client", h->code);
    house_await(h, client, "joined", NULL);
    assert_int_equal(demo_child_count(agent, "alarm", NULL, NULL), 0);
    house_end(h, agent, client);
}

/* ---- staff ---- */

static void agent_command(struct house *h, const char *identity, const char *ca, const char *argv[static 12])
{
    static char relay[96];
    const char *all[] = {"handhold-agent", "--headless", "--relay", relay, "--identity", identity, "--ca", ca, NULL};

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    memcpy(argv, all, sizeof all);
}

static void an_agent_without_a_certificate_is_told_so(void **state)
{
    struct house *h = *state;
    const char *argv[12];

    agent_command(h, house_path(h, "org/staff/nobody"), house_path(h, "org/ca/ca.crt"), argv);
    house_refused(h, 2, argv, "staff/nobody.crt", NULL);
}

static void other_organisation(struct house *h)
{
    const char *dir = house_path(h, "other");
    const char *const init[] = {"handhold-certs", "init", "--dir", dir, "--org", "Another House", NULL};
    const char *const issue[] = {"handhold-certs", "issue", "--dir",  dir,   "agent",
                                 "--id",           "eve",   "--name", "Eve", NULL};

    free(house_run(h, 0, init));
    free(house_run(h, 0, issue));
}

static void an_agent_of_another_organisation_is_refused(void **state)
{
    struct house *h = *state;
    const char *argv[12];

    other_organisation(h);
    agent_command(h, house_path(h, "other/staff/eve"), house_path(h, "org/ca/ca.crt"), argv);
    house_refused(h, 2, argv, "staff/eve", "chain", NULL);
    agent_command(h, house_path(h, "other/staff/eve"), house_path(h, "other/ca/ca.crt"), argv);
    house_refused(h, 1, argv, h->staff, "certificate", "ca.crt", NULL);
}

static void an_agent_whose_certificate_has_ended_is_refused(void **state)
{
    struct house *h = *state;
    const char *argv[12];

    setenv("LD_PRELOAD", HOUSE_CLOCK, 1);
    setenv("HOUSE_CLOCK_S", "3456000", 1); /* in forty days; it is good for thirty */
    house_start_relay(h, NULL);
    agent_command(h, house_path(h, "org/staff/ana"), house_path(h, "org/ca/ca.crt"), argv);
    house_refused(h, 2, argv, "staff/ana", "has ended", "handhold-certs issue", NULL);
    unsetenv("LD_PRELOAD"); /* the relay does not take the agent's calendar for it */
    house_refused(h, 1, argv, h->staff, "certificate", "handhold-certs", NULL);
}

static void take_back(struct house *h, const char *id)
{
    const char *const argv[] = {"handhold-certs", "revoke",           "--dir", house_path(h, "org"), "--id", id,
                                "--reason",       "left the company", NULL};
    const char *const copy[] = {"/bin/cp", house_path(h, "org/org.note"), house_path(h, "relay/org.note"), NULL};

    free(house_run(h, 0, argv));
    free(house_run(h, 0, copy));
}

static void a_revoked_agent_is_out_within_seconds_and_does_not_come_back(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    const char *argv[12];

    house_live(h, &agent, &client);
    take_back(h, "ana");
    house_await(h, agent, "error", "code", "CERT_REVOKED", NULL);
    house_expect_exit(h, agent, 0, 1);
    house_await(h, client, "ended", NULL);
    agent_command(h, house_path(h, "org/staff/ana"), house_path(h, "org/ca/ca.crt"), argv);
    house_refused(h, 1, argv, "revoked", NULL);
    agent = house_agent(h, "colleague", "ben"); /* nobody else is meant */
}

/* ---- customers ---- */

static void a_customer_who_pins_another_organisation_is_not_joined(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana");
    const char *const argv[] = {"handhold-client", "--ca", house_path(h, "other/ca/ca.crt"), h->link, NULL};

    other_organisation(h);
    house_refused(h, 1, argv, h->host, "certificate", "ca.crt", NULL);
    house_end(h, agent, house_join(h, agent, "client")); /* it cost the invitation nothing */
}

static void without_a_pin_the_camera_of_an_unverified_organisation_cannot_be_had(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    char relay[96];
    const char *const by_code[] = {"--no-ca", "--code", h->code, "--relay", relay, NULL};

    snprintf(relay, sizeof relay, "https://%s", h->host);
    setenv("SSL_CERT_FILE", house_path(h, "org/ca/ca.crt"), 1); /* this system trusts the relay's name, no more */
    client = house_client(h, "client", by_code);
    unsetenv("SSL_CERT_FILE");
    house_await(h, client, "joined", "verified", "false", NULL);
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see it\"}");
    house_await(h, agent, "consent", "capability", "camera", "state", "refused", NULL);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"camera\"}");
    house_await(h, client, "error", NULL);
    house_talk(h, agent, client);
    assert_int_equal(demo_child_count(agent, "first-picture", NULL, NULL), 0);
    house_end(h, agent, client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_customer_joins_by_link),
        HOUSE_TEST(a_link_is_good_for_one_customer),
        HOUSE_TEST(a_link_does_not_outlive_its_session),
        HOUSE_TEST(a_customer_joins_by_code),
        HOUSE_TEST(a_wrong_code_burns_after_three_tries_and_the_agent_is_alarmed),
        HOUSE_TEST(after_one_wrong_code_the_right_one_is_still_good),
        HOUSE_TEST(a_typing_error_in_a_code_is_found_before_it_costs_a_try),
        HOUSE_TEST(an_agent_without_a_certificate_is_told_so),
        HOUSE_TEST(an_agent_of_another_organisation_is_refused),
        HOUSE_TEST_WITHOUT_RELAY(an_agent_whose_certificate_has_ended_is_refused),
        HOUSE_TEST(a_revoked_agent_is_out_within_seconds_and_does_not_come_back),
        HOUSE_TEST(a_customer_who_pins_another_organisation_is_not_joined),
        HOUSE_TEST(without_a_pin_the_camera_of_an_unverified_organisation_cannot_be_had),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
