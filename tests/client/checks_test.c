/* SPDX-License-Identifier: Apache-2.0 */
/* Homes that are broken on purpose, on loopback: each check finds what it should, stops when it is told to, and the
 * chain names the link. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/checks/chain.h"
#include "client/checks/inside.h"
#include "proto/guide/guide.h"
#include "tests/proto/test.h"

enum { WAIT_MS = 20000 };

/* ---- servers that answer as a test wants ---- */

struct server {
    int fd, stop;
    unsigned port;
    bool datagrams;
    const char *says; /* what a stream is answered; NULL: nothing, for ever */
    size_t says_len;  /* of what has NUL bytes in it; 0: a text */
    int rcode;        /* of a name server; -1: silence */
    bool rebind;      /* a name server that gives this host first, and then one of the world */
    int asked;        /* read after server_stop(), as this: */
    char heard[256];
    pthread_t thread;
};

static void answer_dns(struct server *s)
{
    uint8_t m[512];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    ssize_t n = recvfrom(s->fd, m, sizeof m - 16, 0, (struct sockaddr *)&from, &len);

    if (n < 12 || s->rcode < 0)
        return;
    m[2] = 0x81;
    m[3] = (uint8_t)(0x80 | s->rcode);
    if (!s->rcode) {
        static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1};
        static const uint8_t world[] = {192, 0, 2, 1};

        m[7] = 1; /* one answer */
        memcpy(m + n, record, sizeof record);
        if (s->rebind && s->asked++ > 0)
            memcpy(m + n + 12, world, sizeof world);
        n += (ssize_t)sizeof record;
    }
    sendto(s->fd, m, (size_t)n, 0, (struct sockaddr *)&from, len);
}

static void answer_stream(struct server *s)
{
    int fd = accept(s->fd, NULL, NULL);
    struct pollfd fds[] = {{s->stop, POLLIN, 0}};

    if (s->says && recv(fd, s->heard, sizeof s->heard, 0) > 0)
        send(fd, s->says, s->says_len ? s->says_len : strlen(s->says), MSG_NOSIGNAL);
    if (!s->says)
        poll(fds, 1, -1); /* takes the connection, and never says a word */
    close(fd);
}

static void *serve(void *context)
{
    struct server *s = context;

    for (;;) {
        struct pollfd fds[] = {{s->fd, POLLIN, 0}, {s->stop, POLLIN, 0}};

        poll(fds, 2, -1);
        if (fds[1].revents)
            return NULL;
        if (s->datagrams)
            answer_dns(s);
        else
            answer_stream(s);
    }
}

static void server_start(struct server *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    s->fd = socket(AF_INET, s->datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
    if (!s->datagrams)
        assert_int_equal(listen(s->fd, 4), 0);
    s->port = ntohs(at.sin_port);
    s->stop = eventfd(0, 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
    eventfd_write(s->stop, 1);
    pthread_join(s->thread, NULL);
    close(s->fd);
    close(s->stop);
}

/* ---- a home ---- */

static struct client_check_config config;
static struct client_checks *checks;
static int woken;
static struct client_check_result seen[64];
static size_t seen_count;

static void wake(void *context)
{
    eventfd_write(*(int *)context, 1);
}

static int set_up(void **state)
{
    (void)state;
    client_check_config_defaults(&config);
    config.timeout_ms = 20000;
    snprintf(config.root, sizeof config.root,
             "/nonexistent"); /* nothing is known of this machine but what a test says */
    woken = eventfd(0, EFD_NONBLOCK);
    return 0;
}

static void start(void)
{
    assert_ok(client_checks_new(&checks, &config, wake, &woken));
}

static int tear_down(void **state)
{
    (void)state;
    client_checks_free(checks);
    checks = NULL;
    close(woken);
    return 0;
}

static void ask(uint32_t id, const char *check, const char *target)
{
    struct proto_now now = {check_mono_ms(), 1700000000000};

    assert_ok(client_checks_ask(checks, id, check, target, 0, -1, NULL, now));
}

/* Hears until the last word on `id`, which is returned; what came before it is in `seen`. */
static const struct client_check_result *hear(uint32_t id)
{
    struct pollfd fd = {woken, POLLIN, 0};
    eventfd_t count;

    seen_count = 0;
    for (;;) {
        struct client_check_result *r = &seen[seen_count];

        while (seen_count < 63 && client_checks_take(checks, r)) {
            seen_count++;
            if (r->id == id && r->last)
                return r;
            r = &seen[seen_count];
        }
        if (poll(&fd, 1, WAIT_MS) != 1)
            fail_msg("no answer to %u", id);
        eventfd_read(woken, &count);
    }
}

static const struct client_check_result *among(const char *check, enum client_check_status status)
{
    for (size_t i = 0; i < seen_count; i++)
        if (!strcmp(seen[i].check, check) && seen[i].status == status)
            return &seen[i];
    return NULL;
}

/* A machine under load answers slowly, which is a warning, and no matter of these tests. */
static enum client_check_status unhurried(enum client_check_status status)
{
    return status == CLIENT_CHECK_WARN ? CLIENT_CHECK_PASS : status;
}

static bool passed(const char *check)
{
    return among(check, CLIENT_CHECK_PASS) || among(check, CLIENT_CHECK_WARN);
}

/* ---- single checks ---- */

static void a_name_server_is_held_to_its_answer(void **state)
{
    static const struct {
        int rcode;
        enum client_check_status status;
    } cases[] = {{0, CLIENT_CHECK_PASS}, {3, CLIENT_CHECK_FAIL}, {2, CLIENT_CHECK_FAIL}, {-1, CLIENT_CHECK_FAIL}};

    (void)state;
    snprintf(config.dns_name, sizeof config.dns_name, "help.example.org");
    for (size_t i = 0; i < 4; i++) {
        struct server dns = {.datagrams = true, .rcode = cases[i].rcode};
        const struct client_check_result *r;

        config.timeout_ms = cases[i].rcode < 0 ? 300 : 20000;
        server_start(&dns);
        snprintf(config.dns_servers, sizeof config.dns_servers, "127.0.0.1:%u", dns.port);
        start();
        ask(1, "dns", "");
        r = hear(1);
        assert_int_equal(unhurried(r->status), cases[i].status);
        assert_string_equal(r->target, config.dns_servers);
        assert_non_null(among("dns", CLIENT_CHECK_RUNNING));
        assert_true(r->rule[0] && r->detail[0] && (unhurried(r->status) == CLIENT_CHECK_PASS || r->advice[0]));
        assert_int_equal(r->has_value, unhurried(r->status) == CLIENT_CHECK_PASS);
        client_checks_free(checks);
        checks = NULL;
        server_stop(&dns);
    }
}

static void each_name_server_is_asked_by_itself(void **state)
{
    struct server good = {.datagrams = true}, bad = {.datagrams = true, .rcode = 2};

    (void)state;
    server_start(&good);
    server_start(&bad);
    snprintf(config.dns_name, sizeof config.dns_name, "help.example.org");
    snprintf(config.dns_servers, sizeof config.dns_servers, "127.0.0.1:%u 127.0.0.1:%u", good.port, bad.port);
    start();
    ask(1, "dns", "");
    hear(1);
    assert_true(passed("dns"));
    assert_non_null(among("dns", CLIENT_CHECK_FAIL));
    server_stop(&good);
    server_stop(&bad);
}

static void a_page_in_between_is_a_sign_in_page(void **state)
{
    static const struct {
        const char *says;
        enum client_check_status status;
    } cases[] = {{"HTTP/1.1 204 No Content\r\n\r\n", CLIENT_CHECK_PASS},
                 {"HTTP/1.1 302 Found\r\nLocation: http://login.hotel/\r\n\r\n", CLIENT_CHECK_FAIL},
                 {"HTTP/1.1 200 OK\r\n\r\nsign in", CLIENT_CHECK_FAIL},
                 {"no HTTP at all, and no line end", CLIENT_CHECK_NOT_CHECKED}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct server portal = {.says = cases[i].says};

        server_start(&portal);
        snprintf(config.portal, sizeof config.portal, "http://127.0.0.1:%u/generate_204", portal.port);
        start();
        ask(1, "portal", "");
        assert_int_equal(hear(1)->status, cases[i].status);
        client_checks_free(checks);
        checks = NULL;
        server_stop(&portal);
    }
}

static void a_clock_is_compared_with_the_agents(void **state)
{
    static const struct {
        int64_t off_ms;
        enum client_check_status status;
    } cases[] = {
        {0, CLIENT_CHECK_PASS}, {-4000, CLIENT_CHECK_PASS}, {20000, CLIENT_CHECK_WARN}, {-7200000, CLIENT_CHECK_FAIL}};
    struct proto_now now = {check_mono_ms(), 1700000000000};

    (void)state;
    start();
    for (uint32_t i = 0; i < 4; i++) {
        assert_ok(
            client_checks_ask(checks, i + 1, "clock", "", (uint64_t)(now.unix_ms - cases[i].off_ms), -1, NULL, now));
        const struct client_check_result *r = hear(i + 1);

        assert_int_equal(r->status, cases[i].status);
        assert_true(r->value * 1000 == (double)cases[i].off_ms);
        assert_int_equal(r->link, CLIENT_LINK_PHONE);
    }
}

static void a_port_is_open_or_it_is_not(void **state)
{
    struct server open = {.says = "x"};
    char target[64];

    (void)state;
    server_start(&open);
    start();
    snprintf(target, sizeof target, "127.0.0.1:%u", open.port);
    ask(1, "port", target);
    assert_int_equal(hear(1)->status, CLIENT_CHECK_PASS);
    server_stop(&open);
    ask(2, "port", target);
    assert_int_equal(hear(2)->status, CLIENT_CHECK_FAIL);
    ask(3, "certificate", target);
    assert_int_equal(hear(3)->status, CLIENT_CHECK_FAIL);
    ask(4, "port", "no port here");
    assert_int_equal(hear(4)->status, CLIENT_CHECK_NOT_CHECKED);
}

static void strangers_outside_the_home_are_not_tried_out(void **state)
{
    (void)state;
    start();
    ask(1, "port", "192.0.2.1:443");
    assert_int_equal(hear(1)->status, CLIENT_CHECK_NOT_CHECKED);
}

/* First an address of the home, then one of the world: the same name, from a name server that lies. */
static void a_name_that_changes_its_address_is_tried_at_the_first_alone(void **state)
{
    struct server dns = {.datagrams = true, .rebind = true}, here = {.says = NULL};
    char target[64];

    (void)state;
    server_start(&dns);
    server_start(&here);
    snprintf(config.dns_servers, sizeof config.dns_servers, "127.0.0.1:%u", dns.port);
    start();
    snprintf(target, sizeof target, "lamp.example:%u", here.port);
    ask(1, "port", target);
    assert_int_equal(hear(1)->status, CLIENT_CHECK_PASS); /* by the address that was looked at */
    ask(2, "port", target);                               /* now the name is of the world */
    assert_int_equal(hear(2)->status, CLIENT_CHECK_NOT_CHECKED);
    server_stop(&here);
    server_stop(&dns);
    assert_int_equal(dns.asked, 2); /* once for each check: what is looked at is what is tried */
}

static void no_home_is_searched_through_by_naming_its_hosts_one_after_another(void **state)
{
    struct proto_now now = {check_mono_ms(), 1700000000000};

    (void)state;
    snprintf(config.targets, sizeof config.targets, "none"); /* each is answered at once */
    start();
    for (uint32_t i = 1; i <= CLIENT_CHECKS_NAMED_A_MINUTE; i++) {
        ask(i, "port", "192.168.7.1:80");
        hear(i);
    }
    assert_int_equal(client_checks_ask(checks, 99, "port", "192.168.7.1:80", 0, -1, NULL, now), PROTO_ERR_BUSY);
    ask(100, "wifi", ""); /* what names nobody goes on */
    hear(100);
    now.mono_ms += 61000;
    assert_ok(client_checks_ask(checks, 101, "port", "192.168.7.1:80", 0, -1, NULL, now));
    hear(101);
}

static void the_name_and_password_of_the_broker_go_to_no_host_that_the_agent_names(void **state)
{
    struct server broker = {.says = "\x20\x02\x01\x05", .says_len = 4}; /* CONNACK 5: not authorised */
    char target[64];

    (void)state;
    server_start(&broker);
    snprintf(config.mqtt_user, sizeof config.mqtt_user, "helper");
    start();
    snprintf(target, sizeof target, "127.0.0.1:%u", broker.port);
    ask(1, "mqtt", target);
    assert_int_equal(hear(1)->status, CLIENT_CHECK_PASS);
    assert_non_null(strstr(seen[seen_count - 1].detail, "asks for a name"));
    server_stop(&broker);
    assert_null(memmem(broker.heard, sizeof broker.heard, "helper", 6));
    assert_non_null(memmem(broker.heard, sizeof broker.heard, "MQTT", 4));
}

static void what_is_not_set_or_not_allowed_is_said_and_not_guessed(void **state)
{
    static const char *const names[] = {"wifi",    "portal",     "cloud", "internet",
                                        "product", "throughput", "mqtt",  "firmware"};

    (void)state;
    start();
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        ask(i + 1, names[i], "");
        assert_int_equal(hear(i + 1)->status, CLIENT_CHECK_NOT_CHECKED);
    }
    assert_int_equal(client_checks_ask(checks, 99, "horoscope", "", 0, -1, NULL, (struct proto_now){0, 0}),
                     PROTO_ERR_NOT_FOUND);
}

static void a_broker_that_is_no_broker_is_told_apart_from_none(void **state)
{
    struct server mute = {.says = NULL}, web = {.says = "HTTP/1.1 400 Bad Request\r\n\r\n"};
    char target[64];

    (void)state;
    config.timeout_ms = 400;
    server_start(&mute);
    server_start(&web);
    start();
    snprintf(target, sizeof target, "127.0.0.1:%u", mute.port);
    ask(1, "mqtt", target);
    assert_int_equal(hear(1)->status, CLIENT_CHECK_FAIL);
    snprintf(target, sizeof target, "127.0.0.1:%u", web.port);
    ask(2, "mqtt", target);
    assert_int_equal(hear(2)->status, CLIENT_CHECK_FAIL);
    assert_non_null(strstr(seen[seen_count - 1].detail, "no broker"));
    server_stop(&mute);
    server_stop(&web);
    ask(3, "mqtt", target);
    assert_int_equal(hear(3)->status, CLIENT_CHECK_FAIL);
    assert_non_null(strstr(seen[seen_count - 1].detail, "nothing listens"));
}

/* ---- stopping ---- */

static void a_check_that_hangs_ends_when_it_is_cancelled(void **state)
{
    struct server mute = {.says = NULL};
    char target[64];

    (void)state;
    config.timeout_ms = 30000;
    server_start(&mute);
    start();
    snprintf(target, sizeof target, "127.0.0.1:%u", mute.port);
    ask(7, "certificate", target); /* a handshake that nobody answers */
    while (!among("certificate", CLIENT_CHECK_RUNNING)) {
        struct pollfd fd = {woken, POLLIN, 0};

        assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
        while (client_checks_take(checks, &seen[seen_count]))
            seen_count++;
    }
    client_checks_cancel(checks, 7);
    assert_int_equal(hear(7)->status, CLIENT_CHECK_CANCELLED);
    assert_true(seen[seen_count - 1].duration_ms < 10000);
    server_stop(&mute);
}

static void a_withdrawal_stops_all_at_once_and_nothing_more_is_told(void **state)
{
    struct server mute = {.says = NULL};
    struct client_check_result r;
    char target[64];
    int64_t begun;

    (void)state;
    config.timeout_ms = 30000;
    server_start(&mute);
    start();
    snprintf(target, sizeof target, "127.0.0.1:%u", mute.port);
    for (uint32_t i = 1; i <= 20; i++)
        ask(i, "certificate", target);
    begun = check_mono_ms();
    client_checks_stop(checks);
    print_message("20 checks stopped after %lld ms\n", (long long)(check_mono_ms() - begun));
    assert_false(client_checks_take(checks, &r));
    server_stop(&mute);
    ask(21, "wifi", ""); /* and a new consent begins anew */
    assert_int_equal(hear(21)->status, CLIENT_CHECK_NOT_CHECKED);
}

static void more_than_there_may_be_are_refused_and_the_rest_go_on(void **state)
{
    struct server mute = {.says = NULL};
    char target[64];
    uint32_t taken = 0;

    (void)state;
    config.timeout_ms = 30000;
    server_start(&mute);
    start();
    snprintf(target, sizeof target, "127.0.0.1:%u", mute.port);
    /* Asked a minute apart: it is not the crowd of names that is refused here. */
    while (client_checks_ask(checks, taken + 1, "certificate", target, 0, -1, NULL,
                             (struct proto_now){(int64_t)taken * 60000, 0}) == PROTO_OK)
        assert_true(++taken <= CLIENT_CHECKS_MAX);
    assert_int_equal(taken, CLIENT_CHECKS_MAX);
    client_checks_stop(checks);
    server_stop(&mute);
}

/* ---- the chain ---- */

static struct client_check_result part(const char *check, enum client_check_link link, enum client_check_status status)
{
    struct client_check_result r = {.link = link, .status = status};

    snprintf(r.check, sizeof r.check, "%s", check);
    snprintf(r.detail, sizeof r.detail, "why");
    return r;
}

static void the_first_broken_link_explains_the_rest(void **state)
{
    struct client_check_result all[] = {
        part("product", CLIENT_LINK_PRODUCT, CLIENT_CHECK_FAIL), part("cloud", CLIENT_LINK_CLOUD, CLIENT_CHECK_FAIL),
        part("internet", CLIENT_LINK_INTERNET, CLIENT_CHECK_FAIL),
        part("gateway", CLIENT_LINK_ROUTER, CLIENT_CHECK_PASS), part("wifi", CLIENT_LINK_WIFI, CLIENT_CHECK_WARN)};
    struct client_check_result whole;

    (void)state;
    client_check_chain(all, 5, &whole);
    assert_int_equal(whole.status, CLIENT_CHECK_FAIL);
    assert_int_equal(whole.link, CLIENT_LINK_INTERNET);
    assert_string_equal(whole.figure, "internet");
    all[2].status = all[1].status = all[0].status = CLIENT_CHECK_PASS;
    client_check_chain(all, 5, &whole);
    assert_int_equal(whole.status, CLIENT_CHECK_WARN);
    assert_int_equal(whole.link, CLIENT_LINK_WIFI);
    all[4].status = CLIENT_CHECK_NOT_CHECKED;
    client_check_chain(all, 5, &whole);
    assert_int_equal(whole.status, CLIENT_CHECK_PASS);
    client_check_chain(all + 4, 1, &whole);
    assert_int_equal(whole.status, CLIENT_CHECK_NOT_CHECKED);
}

static void a_dead_spare_server_and_a_mute_router_break_no_chain(void **state)
{
    struct client_check_result all[] = {part("gateway", CLIENT_LINK_ROUTER, CLIENT_CHECK_FAIL),
                                        part("dns", CLIENT_LINK_INTERNET, CLIENT_CHECK_FAIL),
                                        part("dns", CLIENT_LINK_INTERNET, CLIENT_CHECK_PASS),
                                        part("internet", CLIENT_LINK_INTERNET, CLIENT_CHECK_PASS)};
    struct client_check_result whole;

    (void)state;
    client_check_chain(all, 4, &whole);
    assert_int_equal(whole.status, CLIENT_CHECK_WARN);
    all[3].status = CLIENT_CHECK_FAIL;
    client_check_chain(all, 4, &whole);
    assert_int_equal(whole.status, CLIENT_CHECK_FAIL);
    assert_int_equal(whole.link, CLIENT_LINK_ROUTER);
}

static void one_chain_at_a_time_is_enough(void **state)
{
    struct server mute = {.says = NULL};

    (void)state;
    config.timeout_ms = 30000;
    server_start(&mute);
    snprintf(config.mqtt, sizeof config.mqtt, "127.0.0.1:%u", mute.port); /* it holds the chain up */
    start();
    ask(5, "chain", "");
    assert_int_equal(client_checks_ask(checks, 6, "chain", "", 0, -1, NULL, (struct proto_now){0, 0}),
                     PROTO_ERR_EXISTS);
    client_checks_stop(checks);
    server_stop(&mute);
    ask(7, "chain", ""); /* it was stopped: another may begin */
    client_checks_stop(checks);
}

static void a_home_without_names_breaks_at_the_internet(void **state)
{
    struct server dns = {.datagrams = true, .rcode = 2}, product = {.says = "x"};
    const struct client_check_result *whole;

    (void)state;
    server_start(&dns);
    server_start(&product);
    snprintf(config.gateway, sizeof config.gateway, "127.0.0.1");
    snprintf(config.dns_servers, sizeof config.dns_servers, "127.0.0.1:%u", dns.port);
    snprintf(config.internet, sizeof config.internet, "help.example.org:443");
    snprintf(config.product, sizeof config.product, "127.0.0.1:%u", product.port);
    start();
    ask(5, "chain", "");
    whole = hear(5);
    assert_string_equal(whole->check, "chain");
    assert_int_equal(whole->status, CLIENT_CHECK_FAIL);
    assert_int_equal(whole->link, CLIENT_LINK_INTERNET);
    assert_true(passed("product"));
    assert_true(passed("gateway"));
    assert_non_null(among("internet", CLIENT_CHECK_FAIL));
    server_stop(&dns);
    server_stop(&product);
}

/* ---- settings ---- */

static void settings_that_are_wrong_are_named(void **state)
{
    static const char *const wrong[][2] = {
        {"[checks]\ninternet = a b\n", "HOST"},       {"[checks]\nportal = https://x/\n", "http://"},
        {"[checks]\ntargets = all\n", "none, local"}, {"[checks]\ntimeout_ms = 5\n", "100 to 30000"},
        {"[checks]\nhoroscope = yes\n", "no such"},   {"[other]\ngateway = 192.168.0.1\n", "[checks]"}};
    char path[] = "/tmp/handhold-checks-XXXXXX", why[256];
    int fd = mkstemp(path);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, wrong[i][0], strlen(wrong[i][0]), 0), strlen(wrong[i][0]));
        client_check_config_defaults(&config);
        assert_int_equal(client_check_config_read(&config, path, why, sizeof why), PROTO_ERR_FORMAT);
        if (!strstr(why, wrong[i][1]))
            fail_msg("%s", why);
    }
    close(fd);
    unlink(path);
    assert_int_equal(client_check_config_read(&config, path, why, sizeof why), PROTO_ERR_IO);
}

static void guides_know_every_check_by_its_name_and_no_other(void **state)
{
    (void)state;
    assert_string_equal(client_check_names(), PROTO_GUIDE_CHECKS);
    assert_true(proto_guide_check_known("clock") && proto_guide_check_known("chain"));
    assert_false(proto_guide_check_known("") || proto_guide_check_known("cha") || proto_guide_check_known("dns,"));
}

int main(void)
{
#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guides_know_every_check_by_its_name_and_no_other),
        ONE(a_name_server_is_held_to_its_answer),
        ONE(each_name_server_is_asked_by_itself),
        ONE(a_page_in_between_is_a_sign_in_page),
        ONE(a_clock_is_compared_with_the_agents),
        ONE(a_port_is_open_or_it_is_not),
        ONE(strangers_outside_the_home_are_not_tried_out),
        ONE(a_name_that_changes_its_address_is_tried_at_the_first_alone),
        ONE(no_home_is_searched_through_by_naming_its_hosts_one_after_another),
        ONE(the_name_and_password_of_the_broker_go_to_no_host_that_the_agent_names),
        ONE(what_is_not_set_or_not_allowed_is_said_and_not_guessed),
        ONE(a_broker_that_is_no_broker_is_told_apart_from_none),
        ONE(a_check_that_hangs_ends_when_it_is_cancelled),
        ONE(a_withdrawal_stops_all_at_once_and_nothing_more_is_told),
        ONE(more_than_there_may_be_are_refused_and_the_rest_go_on),
        cmocka_unit_test(the_first_broken_link_explains_the_rest),
        cmocka_unit_test(a_dead_spare_server_and_a_mute_router_break_no_chain),
        ONE(one_chain_at_a_time_is_enough),
        ONE(a_home_without_names_breaks_at_the_internet),
        ONE(settings_that_are_wrong_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
