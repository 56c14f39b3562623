/* SPDX-License-Identifier: Apache-2.0 */
/* A home that is broken on purpose, the programs that find it out, and the guide that both people follow. */
#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/system/house.h"

/* ---- people with a home ---- */

static struct demo_child *agent_of(struct house *h, const char *name, const char *customer)
{
    return house_agent_with(h, name, "ana",
                            (const char *const[]){"--guides", HANDHOLD_GUIDES, "--cases", house_path(h, "cases"),
                                                  customer ? "--customer" : NULL, customer, NULL});
}

/* A companion whose home speaks JSON on a socket, with these settings for checks. */
static struct demo_child *client_of(struct house *h, struct demo_child *agent, const char *settings)
{
    char state[HOUSE_PATH_BYTES + 8], checks[512];
    struct demo_child *client;

    snprintf(checks, sizeof checks, "[checks]\nroot = /nonexistent\ntimeout_ms = 2000\n%s", settings);
    house_write(h, "checks.ini", checks, strlen(checks));
    snprintf(state, sizeof state, "json:%s", house_path(h, "home.sock"));
    const char *const more[] = {
        h->link,      "--state", state, "--camera", "none", "--checks", house_path(h, "checks.ini"),
        "--language", "de-AT",   NULL};

    client = house_client(h, "client", more);
    house_await(h, client, "joined", "verified", "true", NULL);
    house_await(h, agent, "joined", NULL);
    return client;
}

static void tell(struct demo_child *child, const char *line)
{
    demo_child_tell(child, line);
}

/* ---- guides ---- */

static void a_lamp_off_the_mesh_is_found_and_its_guide_ticks_itself_at_both_ends(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = agent_of(h, "agent", NULL), *client = client_of(h, agent, "");
    json_t *best, *shown;
    int home;

    house_grant(h, agent, client, "device-state");
    home = house_home(h, "home.sock");
    house_home_says(home, "{\"device\":\"hub\",\"kind\":\"hub\",\"maker\":\"Acme\",\"model\":\"H2\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"parent\":\"hub\",\"kind\":\"light\",\"model\":\"L1\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":false}");
    best = house_await_proposal(h, agent, "lamp-off-mesh");
    assert_string_equal(house_text(best, "subject"), "lamp");
    tell(agent, "{\"do\":\"guide\",\"guide\":\"lamp-off-mesh\",\"subject\":\"lamp\"}");
    shown = house_await(h, client, "guide", "guide", "lamp-off-mesh", "end", "", NULL);
    assert_string_equal(house_text(shown, "language"), "de");
    assert_string_equal(house_text(shown, "title"), "Eine Lampe hat das Mesh verlassen");
    house_await(h, agent, "guide", "step", "switch", NULL);
    tell(client, "{\"do\":\"guide\",\"act\":\"did-not-work\"}");
    house_await(h, agent, "guide", "step", "power-cycle", NULL);
    tell(agent, "{\"do\":\"guide\",\"act\":\"back\"}");
    house_await(h, agent, "guide", "step", "switch", NULL);
    tell(agent, "{\"do\":\"guide\",\"act\":\"skip\"}");
    house_await(h, agent, "guide", "step", "power-cycle", NULL);
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":true}");
    house_await(h, agent, "guide", "end", "solved", "fixed_by", "power-cycle", NULL);
    house_await(h, client, "guide", "end", "solved", NULL);
    close(home);
    house_end(h, agent, client);
}

/* ---- checks ---- */

static void a_home_without_names_breaks_at_the_internet_and_the_router_guide_comes_first(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = agent_of(h, "agent", NULL), *client;
    char settings[256];
    json_t *whole;
    int home;

    snprintf(settings, sizeof settings,
             "gateway = 127.0.0.1\ndns_servers = 127.0.0.1:%u\ninternet = help.example.org:443\n", house_free_port());
    client = client_of(h, agent, settings);
    tell(agent, "{\"do\":\"check\",\"check\":\"chain\"}");
    assert_string_equal(house_text(house_await(h, agent, "error", NULL), "code"), "CONSENT");
    house_grant(h, agent, client, "device-state");
    home = house_home(h, "home.sock");
    house_home_says(home, "{\"device\":\"box\",\"kind\":\"router\",\"maker\":\"Acme\",\"model\":\"R1\"}");
    tell(agent, "{\"do\":\"check\",\"check\":\"chain\"}");
    house_await(h, client, "check", "check", "dns", "status", "running", NULL); /* the customer sees it run */
    house_await(h, agent, "check", "check", "dns", "status", "fail", NULL);
    whole = house_await(h, agent, "check", "check", "chain", NULL);
    assert_string_equal(house_text(whole, "status"), "fail");
    assert_string_equal(house_text(whole, "link"), "internet");
    house_await(h, client, "check", "check", "chain", "status", "fail", NULL);
    house_await_proposal(h, agent, "router-no-internet");
    tell(agent, "{\"do\":\"check\",\"check\":\"horoscope\"}");
    house_says(
        h, house_text(house_await(h, agent, "check", "check", "horoscope", "status", "not-checked", NULL), "detail"),
        "no such check", "gateway", NULL);
    close(home);
    house_end(h, agent, client);
}

/* A port that takes connections and never says a word. */
static int mute_port(unsigned *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void a_withdrawal_stops_checks_and_sources_at_once(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = agent_of(h, "agent", NULL), *client = client_of(h, agent, "timeout_ms = 30000\n");
    char line[128];
    unsigned port;
    int mute = mute_port(&port), home;
    size_t told;

    house_grant(h, agent, client, "device-state");
    home = house_home(h, "home.sock");
    house_home_says(home, "{\"device\":\"hub\",\"kind\":\"hub\"}");
    house_await(h, agent, "device", "device", "hub", NULL);
    snprintf(line, sizeof line, "{\"do\":\"check\",\"check\":\"certificate\",\"target\":\"127.0.0.1:%u\"}", port);
    tell(agent, line);
    house_await(h, agent, "check", "check", "certificate", "status", "running", NULL);
    tell(client, "{\"do\":\"withdraw\",\"capability\":\"device-state\"}");
    int64_t begun = demo_mono_ms();

    house_await(h, client, "capture", "capability", "device-state", "on", "false", NULL);
    house_await(h, agent, "consent", "capability", "device-state", "state", "withdrawn", NULL);
    print_message("withdrawn at both ends after %lld ms\n", (long long)(demo_mono_ms() - begun));
    told = demo_child_count(agent, "check", NULL, NULL);
    house_home_says(home, "{\"device\":\"hub\",\"property\":\"battery\",\"value\":50}");
    house_talk(h, agent, client);
    house_talk(h, agent, client);
    assert_int_equal(demo_child_count(agent, "check", NULL, NULL), told);
    assert_int_equal(demo_child_count(agent, "state", NULL, NULL), 0);
    house_grant(h, agent, client, "device-state"); /* what was said without a consent is nobody's; what is said now … */
    house_home_says(home, "{\"device\":\"hub\",\"property\":\"load\",\"value\":1}");
    house_await(h, agent, "state", "device", "hub", "property", "load", NULL);
    assert_int_equal(demo_child_count(agent, "state", "property", "battery"), 0);
    close(home);
    close(mute);
    house_end(h, agent, client);
}

/* ---- what is not told ---- */

static void what_the_customer_hides_and_what_is_secret_never_leaves(void **state)
{
    static const char *const secrets[] = {"hunter2-Kx9",       "eyJhbGciOiJIUzI1NiJ9abcdefG1h2",
                                          "00:1a:2b:3c:4d:5e", "52.520008, 13.404954",
                                          "MyHomeWifi",        "192.168.7.42"};
    static const char *const names[] = {"wifi_password", "note", "address", "position", "ssid", "ip_address"};
    struct house *h = *state;
    struct demo_child *agent = agent_of(h, "agent", NULL), *client = client_of(h, agent, "");
    char line[512];
    int home;

    house_grant(h, agent, client, "device-state");
    home = house_home(h, "home.sock");
    house_home_says(home, "{\"device\":\"hub\",\"kind\":\"hub\"}");
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        snprintf(line, sizeof line, "{\"device\":\"hub\",\"property\":\"%s\",\"value\":\"%s\"}", names[i], secrets[i]);
        house_home_says(home, line);
        house_await(h, agent, "state", "device", "hub", "property", names[i], NULL);
    }
    tell(client, "{\"do\":\"hide\",\"device\":\"lamp\"}");
    house_await(h, client, "hidden", "device", "lamp", NULL);
    house_home_says(home, "{\"device\":\"lamp\",\"kind\":\"light\",\"model\":\"Bedroom Secret\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"power\",\"value\":31337}");
    house_await(h, agent, "device", "device", "lamp", "hidden", "true", NULL);
    house_home_says(home, "{\"device\":\"hub\",\"property\":\"load\",\"value\":1}"); /* what came before it has come */
    house_await(h, agent, "state", "device", "hub", "property", "load", NULL);
    for (size_t i = 0; i < agent->count; i++) {
        char *text = json_dumps(agent->events[i].json, JSON_COMPACT);

        for (size_t s = 0; s < sizeof secrets / sizeof *secrets; s++)
            assert_null(strstr(text, secrets[s]));
        assert_null(strstr(text, "Bedroom Secret"));
        assert_null(strstr(text, "31337"));
        free(text);
    }
    tell(client, "{\"do\":\"show\",\"device\":\"lamp\"}");
    house_await(h, agent, "state", "device", "lamp", "property", "power", NULL);
    close(home);
    house_end(h, agent, client);
}

/* ---- cases ---- */

/* An organisation remembers visits only when its officer has signed that it may. */
static void allow_history(struct house *h)
{
    const char *file = house_path(h, "policy.txt");
    char relay[96], command[1024];
    const char *const acts[] = {"print", "sign"};

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    for (size_t i = 0; i < 2; i++) {
        const char *const argv[] = {"handhold-audit",
                                    "policy",
                                    acts[i],
                                    i ? file : "-o",
                                    i ? "--relay" : file,
                                    i ? relay : "--relay",
                                    i ? "--identity" : relay,
                                    i ? house_path(h, "org/staff/officer") : "--identity",
                                    i ? "--ca" : house_path(h, "org/staff/officer"),
                                    i ? house_path(h, "org/ca/ca.crt") : "--ca",
                                    i ? NULL : house_path(h, "org/ca/ca.crt"),
                                    NULL};

        free(house_run(h, 0, argv));
        snprintf(command, sizeof command, "sed -i 's/^deny history.*/allow history 0 90 agent/' %s", file);
        assert_int_equal(system(command), 0); /* NOLINT: words of this file */
    }
}

static void mend_a_lamp(struct house *h, struct demo_child *agent, int home)
{
    house_home_says(home, "{\"device\":\"lamp\",\"kind\":\"light\",\"model\":\"L1\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":false}");
    house_await_proposal(h, agent, "lamp-off-mesh");
    tell(agent, "{\"do\":\"guide\",\"guide\":\"lamp-off-mesh\"}");
    house_await(h, agent, "guide", "step", "switch", NULL);
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":true}");
    house_await(h, agent, "guide", "end", "solved", NULL);
}

static void what_was_tried_before_is_there_at_the_next_visit_and_goes_when_it_is_erased(void **state)
{
    struct house *h = *state;
    const char *const report[] = {"handhold-guide", "report", "--cases", house_path(h, "cases"), "--json", NULL};
    const char *const erase[] = {"handhold-guide", "erase", "--cases", house_path(h, "cases"),
                                 "--customer",     "C-17",  NULL};
    struct demo_child *agent, *client;
    json_t *best, *before;
    char *text;
    int home;

    allow_history(h);
    agent = agent_of(h, "agent", "C-17");
    client = client_of(h, agent, "");
    house_grant(h, agent, client, "device-state");
    house_grant(h, agent, client, "history");
    home = house_home(h, "home.sock");
    mend_a_lamp(h, agent, home);
    close(home);
    house_end(h, agent, client);

    agent = agent_of(h, "agent-2", "C-17");
    before = json_object_get(house_await(h, agent, "case", NULL), "case");
    assert_string_equal(house_text(json_array_get(json_object_get(before, "guides"), 0), "guide"), "lamp-off-mesh");
    assert_string_equal(house_text(json_array_get(json_object_get(before, "devices"), 0), "model"), "L1");
    client = client_of(h, agent, "");
    house_grant(h, agent, client, "device-state");
    home = house_home(h, "home.sock");
    house_home_says(home, "{\"device\":\"lamp\",\"kind\":\"light\",\"model\":\"L1\"}");
    house_home_says(home, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":false}");
    best = house_await_proposal(h, agent, "lamp-off-mesh");
    assert_true(json_is_true(json_object_get(best, "tried_before")));
    assert_int_equal(house_number(best, "solved"), 1);
    close(home);
    house_end(h, agent, client);

    text = house_run(h, 0, report);
    assert_non_null(strstr(text, "\"step\":\"switch\""));
    free(text);
    free(house_run(h, 0, erase));
    agent = agent_of(h, "agent-3", "C-17");
    assert_int_equal(demo_child_count(agent, "case", NULL, NULL), 0);
    tell(agent, "{\"do\":\"end\"}");
    house_expect_exit(h, agent, 0, 0);
}

static void without_a_consent_nothing_of_the_person_is_kept_and_the_guide_still_counts(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = agent_of(h, "agent", "C-17"), *client = client_of(h, agent, "");
    const struct dirent *item;
    DIR *folder;
    int home;

    house_grant(h, agent, client, "device-state");
    home = house_home(h, "home.sock");
    mend_a_lamp(h, agent, home);
    close(home);
    house_end(h, agent, client);
    folder = opendir(house_path(h, "cases"));
    assert_non_null(folder);
    while ((item = readdir(folder)) != NULL)
        assert_int_not_equal(strncmp(item->d_name, "case-", 5), 0); /* counts are there, and nobody's case */
    closedir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_lamp_off_the_mesh_is_found_and_its_guide_ticks_itself_at_both_ends),
        HOUSE_TEST(a_home_without_names_breaks_at_the_internet_and_the_router_guide_comes_first),
        HOUSE_TEST(a_withdrawal_stops_checks_and_sources_at_once),
        HOUSE_TEST(what_the_customer_hides_and_what_is_secret_never_leaves),
        HOUSE_TEST(what_was_tried_before_is_there_at_the_next_visit_and_goes_when_it_is_erased),
        HOUSE_TEST(without_a_consent_nothing_of_the_person_is_kept_and_the_guide_still_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
