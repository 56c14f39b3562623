/* SPDX-License-Identifier: Apache-2.0 */
/* What people and machines get wrong: one clear line that names the value and the way out, and nothing is lost. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/house.h"

/* ---- the camera ---- */

static void a_broken_clip_is_named_with_what_is_wrong_in_it(void **state)
{
    static const struct {
        const char *bytes, *says;
    } broken[] = {
        {"", "YUV4MPEG2"},
        {"RIFF....AVI ", "YUV4MPEG2"},
        {"YUV4MPEG2 W320 H240 F30:1", "does not end"},
        {"YUV4MPEG2 H240 F30:1\nFRAME\n", "width"},
        {"YUV4MPEG2 W320 F30:1\nFRAME\n", "height"},
        {"YUV4MPEG2 W320 H240\nFRAME\n", "frame rate"},
        {"YUV4MPEG2 W-3 H240 F30:1\nFRAME\n", "-3"},
        {"YUV4MPEG2 W320 H99999999 F30:1\nFRAME\n", "99999999"},
        {"YUV4MPEG2 W320 H240 F30:0\nFRAME\n", "30:0"},
        {"YUV4MPEG2 W320 H240 F30:1 C444\nFRAME\n", "C444"},
        {"YUV4MPEG2 W320 H240 F30:1 It\nFRAME\n", "interlaced"},
        {"YUV4MPEG2 W320 H240 F30:1\n", "frame"},
        {"YUV4MPEG2 W320 H240 F30:1\nFRAME\nshort", "frame"},
        {"YUV4MPEG2 W320 H240 F30:1\nFLAME\n", "frame"},
    };
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *path = house_path(h, "broken.y4m");
    const char *const argv[] = {"handhold-client", "--ca", house_path(h, "org/ca/ca.crt"), "--camera", path,
                                h->link,           NULL};

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        house_write(h, "broken.y4m", broken[i].bytes, strlen(broken[i].bytes));
        house_refused(h, 2, argv, "broken.y4m", broken[i].says, NULL);
    }
    client = house_join(h, agent, "client"); /* the invitation is still good */
    house_end(h, agent, client);
}

static void a_camera_that_cannot_be_opened_is_named(void **state)
{
    static const char *const cameras[] = {"/dev/video99", "missing.y4m", "picture.jpg", "/dev/null"};
    struct house *h = *state;
    const char *argv[] = {"handhold-client", "--camera", NULL, h->link, NULL};

    house_agent(h, "agent", "ana");
    for (size_t i = 0; i < sizeof cameras / sizeof *cameras; i++) {
        argv[2] = cameras[i];
        house_refused(h, 2, argv, cameras[i], NULL);
    }
}

static void what_cannot_be_read_or_written_is_named_before_anybody_is_asked(void **state)
{
    struct house *h = *state;
    const char *argv[] = {"handhold-client", NULL, NULL, h->link, NULL};

    house_agent(h, "agent", "ana");
    argv[1] = "--state";
    argv[2] = "json:/there/is/no/such/folder/state";
    house_refused(h, 2, argv, "json:/there/is/no", "FIFO", NULL);
    argv[1] = "--torch";
    argv[2] = "/there/is/no/light";
    house_refused(h, 2, argv, "/there/is/no/light", "--torch", NULL);
}

/* ---- the relay's two ends ---- */

static void an_agent_at_the_customers_end_reads_where_the_staff_end_is_and_reads_it_once(void **state)
{
    struct house *h = *state;
    char url[96];
    const char *const argv[] = {"handhold-agent",
                                "--headless",
                                "--invite",
                                "--relay",
                                url,
                                "--identity",
                                house_path(h, "org/staff/ana"),
                                "--ca",
                                house_path(h, "org/ca/ca.crt"),
                                NULL};
    char *said, *first;

    snprintf(url, sizeof url, "https://%s", h->host);
    said = house_run(h, 1, argv);
    first = strstr(said, "customers' end of the relay; staff connect to its staff end");
    assert_non_null(first);
    assert_null(strstr(first + 1, "customers' end"));
    free(said);
}

/* ---- commands ---- */

static void what_cannot_be_done_now_is_said_for_who_said_it(void **state)
{
    static const struct {
        bool agent;
        const char *line, *says[2];
    } cases[] = {
        {true, "{\"do\":\"freeze\"}", {"no picture yet", "freeze when one is shown"}},
        {true, "{\"do\":\"hold\",\"on\":false}", {"hold", "already"}},
        {true, "{\"do\":\"torch\",\"on\":true}", {"torch", "request torch first"}},
        {true,
         "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"a\\u0001b\"}",
         {"purpose", "cannot be seen"}},
        {true, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"blocked\"}", {"camera", "plain words"}},
        {false, "{\"do\":\"grant\",\"capability\":\"camera\"}", {"camera", "nobody asks for it now"}},
        {false, "{\"do\":\"refuse\",\"capability\":\"camera\"}", {"camera", "nobody asks for it now"}},
        {false, "{\"do\":\"send\",\"still\":4}", {"photo", "wait for"}},
    };
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client");

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct demo_child *who = cases[i].agent ? agent : client;

        demo_child_tell(who, cases[i].line);
        house_says(h, house_text(house_await(h, who, "error", NULL), "message"), cases[i].says[0], cases[i].says[1],
                   NULL);
    }
    demo_child_tell(client, "{\"do\":\"check-words\",\"match\":false}"); /* no error of anybody's */
    house_await(h, client, "check-words", "match", "false", NULL);
    house_await(h, agent, "check-words", "match", "false", NULL);
    assert_int_equal(demo_child_count(client, "error", "code", "CHECK_WORDS"), 0);
    house_end(h, agent, client);
}

/* ---- the invitation ---- */

static void a_damaged_link_costs_nothing_or_says_that_it_is_not_the_agents(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    char link[sizeof h->link];
    const char *const argv[] = {"handhold-client", "--ca", house_path(h, "org/ca/ca.crt"), link, NULL};
    const char *const events[] = {"handhold-client", "--json", "--ca", house_path(h, "org/ca/ca.crt"), link, NULL};
    char *fragment, saved;

    memcpy(link, h->link, sizeof link);
    fragment = strchr(link, '#');
    assert_non_null(fragment);
    *fragment = '\0';
    house_refused(h, 2, argv, "behind the #", NULL);
    *fragment = '#';
    fragment[strlen(fragment) - 1] = '\0';
    house_refused(h, 2, argv, "behind the #", NULL);
    memcpy(link, h->link, sizeof link);
    saved = fragment[30];
    fragment[30] = saved == 'A' ? 'B' : 'A';
    client = demo_child_start(&h->children, "client-1", events);
    assert_non_null(client);
    house_says(h, house_text(house_await(h, client, "error", NULL), "message"), "link", NULL);
    house_expect_exit(h, client, 0, 1);
    client = house_join(h, agent, "client");
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

/* The relay comes back with a calendar that is eleven minutes on, as if it had been away for as long. */
static void an_invitation_that_has_run_out_is_refused(void **state)
{
    struct house *h = *state;
    struct demo_child *late;
    const char *by_link[2] = {NULL, NULL};

    house_agent(h, "agent", "ana");
    house_expect_exit(h, h->relay, SIGKILL, -1);
    setenv("LD_PRELOAD", HOUSE_CLOCK, 1);
    setenv("HOUSE_CLOCK_S", "86460", 1); /* a link is good for a day */
    house_restart_relay(h);
    unsetenv("LD_PRELOAD");
    by_link[0] = h->link;
    late = house_client(h, "late", by_link);
    house_says(h, house_text(house_await(h, late, "error", NULL), "message"), "invitation", NULL);
    house_expect_exit(h, late, 0, 1);
}

/* ---- the relay's address ---- */

static void a_relay_that_is_not_there_is_named(void **state)
{
    struct house *h = *state;
    char nobody[64], relay[80];
    const char *const client[] = {"handhold-client", "--code", "915 065 628 6", "--relay", relay, NULL};
    const char *const agent[] = {"handhold-agent",
                                 "--headless",
                                 "--relay",
                                 relay,
                                 "--identity",
                                 house_path(h, "org/staff/ana"),
                                 "--ca",
                                 house_path(h, "org/ca/ca.crt"),
                                 NULL};

    snprintf(nobody, sizeof nobody, "127.0.0.1:%u", house_free_port());
    snprintf(relay, sizeof relay, "https://%s", nobody);
    house_refused(h, 1, client, nobody, "not reachable", "check the address", NULL);
    house_refused(h, 1, agent, nobody, "not reachable", "check the address", NULL);
}

static void a_relay_whose_certificate_is_for_another_host_is_not_joined(void **state)
{
    struct house *h = *state;
    const char *const issue[] = {"handhold-certs",    "issue", "--dir", house_path(h, "org"), "relay", "--host",
                                 "elsewhere.example", NULL};
    const char *const copy[] = {
        "/bin/cp", "-r", house_path(h, "org/relay"), house_path(h, "org/org.note"), house_path(h, "relay"), NULL};
    unsigned port = house_free_port();
    char listen[64], relay[80];
    const char *const client[] = {
        "handhold-client", "--ca", house_path(h, "org/ca/ca.crt"), "--code", "915 065 628 6", "--relay", relay, NULL};

    free(house_run(h, 0, issue));
    free(house_run(h, 0, copy));
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    snprintf(relay, sizeof relay, "https://%s", listen);
    house_start_relay(h, listen);
    house_refused(h, 1, client, listen, "another host", "--host", NULL);
}

/* ---- the calendar ---- */

static void a_clock_that_is_a_day_off_is_said_and_nothing_is_lost(void **state)
{
    static const char *const shifts[] = {"90000", "-90000"};
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *const argv[] = {"handhold-client", "--ca", house_path(h, "org/ca/ca.crt"), h->link, NULL};

    for (size_t i = 0; i < 2; i++) {
        setenv("LD_PRELOAD", HOUSE_CLOCK, 1);
        setenv("HOUSE_CLOCK_S", shifts[i], 1);
        house_refused(h, 1, argv, "clock", NULL);
        unsetenv("LD_PRELOAD");
    }
    client = house_join(h, agent, "client");
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

/* ---- a stranger at the relay ---- */

static SSL *dial(SSL_CTX *context, const char *host)
{
    const char *port = strchr(host, ':');
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port + 1))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = SSL_new(context);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_non_null(ssl);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    return ssl;
}

static void ask_for_websocket(SSL *ssl, const char *host)
{
    char request[512], answer[2048];
    int len = snprintf(request, sizeof request,
                       "GET /s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Protocol: handhold.1\r\n\r\n",
                       host);

    assert_int_equal(SSL_write(ssl, request, len), len);
    len = SSL_read(ssl, answer, sizeof answer - 1);
    assert_true(len > 12 && !memcmp(answer, "HTTP/1.1 101", 12));
}

static void a_message_of_a_gigabyte_ends_its_connection_and_no_other(void **state)
{
    /* binary, final, masked; eight bytes of length */
    static const uint8_t frame[] = {0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4};
    static const uint8_t block[65536];
    struct house *h = *state;
    struct demo_child *agent, *client;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    uint8_t answer[64];
    SSL *ssl;
    int n = 0;

    house_live(h, &agent, &client);
    ssl = dial(context, h->host);
    ask_for_websocket(ssl, h->host);
    assert_int_equal(SSL_write(ssl, frame, sizeof frame), sizeof frame);
    for (int i = 0; i < 64 && n >= 0; i++) /* the relay hangs up long before the gigabyte */
        n = SSL_write(ssl, block, sizeof block) > 0 ? 0 : -1;
    while (SSL_read(ssl, answer, sizeof answer) > 0)
        continue; /* its last word, a close, and the end */
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
    SSL_CTX_free(context);
    house_forget(agent, "video");
    house_await(h, agent, "video", "final", "false", NULL);
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

/* ---- starting a relay ---- */

static void relay_refuses(struct house *h, int code, const char *listen, const char *value, const char *rule)
{
    const char *const argv[] = {"handhold-relay", "--dir",          house_path(h, "relay"), "--listen",
                                listen,           "--staff-listen", "127.0.0.1:0",          NULL};

    house_refused(h, code, argv, value, rule, NULL);
}

static void a_port_in_use_is_named_and_the_relay_that_has_it_goes_on(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    const char *const copy[] = {"/bin/cp", "-r", house_path(h, "relay"), house_path(h, "second"), NULL};
    const char *const argv[] = {"handhold-relay", "--dir",          house_path(h, "second"), "--listen",
                                h->host,          "--staff-listen", "127.0.0.1:0",           NULL};

    free(house_run(h, 0, copy));
    house_live(h, &agent, &client);
    house_refused(h, 1, argv, h->host, "in use", NULL);
    relay_refuses(h, 1, "127.0.0.1:0", "relay/data", "in use"); /* nor is one log written by two */
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

static void a_setting_that_is_not_known_is_named(void **state)
{
    struct house *h = *state;

    house_write(h, "relay/relay.ini", "colour = red\n", 13);
    relay_refuses(h, 2, "127.0.0.1:0", "relay.ini:1", "colour");
}

static void a_data_folder_that_cannot_be_written_is_named(void **state)
{
    struct house *h = *state;

    house_write(h, "relay/data", "not a folder", 12);
    relay_refuses(h, 1, "127.0.0.1:0", "relay/data", "");
}

static void a_database_of_a_newer_version_is_named_and_left_alone(void **state)
{
    struct house *h = *state;
    struct stat before, after;
    sqlite3 *db;

    house_start_relay(h, NULL);
    house_expect_exit(h, h->relay, SIGTERM, 0);
    assert_int_equal(sqlite3_open(house_path(h, "relay/data/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(stat(house_path(h, "relay/data/relay.db"), &before), 0);
    relay_refuses(h, 1, "127.0.0.1:0", "relay.db", "newer");
    assert_int_equal(stat(house_path(h, "relay/data/relay.db"), &after), 0);
    assert_true(before.st_size == after.st_size && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    h->log_is_foreign = true;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_broken_clip_is_named_with_what_is_wrong_in_it),
        HOUSE_TEST(a_camera_that_cannot_be_opened_is_named),
        HOUSE_TEST(what_cannot_be_read_or_written_is_named_before_anybody_is_asked),
        HOUSE_TEST(an_agent_at_the_customers_end_reads_where_the_staff_end_is_and_reads_it_once),
        HOUSE_TEST(what_cannot_be_done_now_is_said_for_who_said_it),
        HOUSE_TEST(a_damaged_link_costs_nothing_or_says_that_it_is_not_the_agents),
        HOUSE_TEST(an_invitation_that_has_run_out_is_refused),
        HOUSE_TEST_WITHOUT_RELAY(a_relay_that_is_not_there_is_named),
        HOUSE_TEST_WITHOUT_RELAY(a_relay_whose_certificate_is_for_another_host_is_not_joined),
        HOUSE_TEST(a_clock_that_is_a_day_off_is_said_and_nothing_is_lost),
        HOUSE_TEST(a_message_of_a_gigabyte_ends_its_connection_and_no_other),
        HOUSE_TEST(a_port_in_use_is_named_and_the_relay_that_has_it_goes_on),
        HOUSE_TEST_WITHOUT_RELAY(a_setting_that_is_not_known_is_named),
        HOUSE_TEST_WITHOUT_RELAY(a_data_folder_that_cannot_be_written_is_named),
        HOUSE_TEST_WITHOUT_RELAY(a_database_of_a_newer_version_is_named_and_left_alone),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
