/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay under attack: whoever does not keep to the bounds is closed, honest sessions go on and lose nothing, and
 * afterwards memory and descriptors are where they were. What libwebsockets must bear by itself is its own to test;
 * here is what our callbacks, bounds and the guards around its holes could get wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/relay_load.h"
#include "tests/bench/relay_server.h"
#include "tests/relay/place.h"
#include "tests/relay/told.h"

enum { HONEST = 20, HONEST_LONG = 50, ATTACKERS = 24, WAIT_MS = 20000 }; /* honest sessions: 50 in the long run */

#define SETTINGS                                                                                                       \
    "handshakes_per_address = 400\narrivals_per_address_minute = 100000\nconnections_per_address = 400\n"              \
    "waiting_per_staff = 50\njoin_failures_per_address_minute = 100000\n"
/* Times so short that a test need not wait for them come when the honest sessions stand: on a machine that is busy the
 * fifty handshakes of these take longer. */
static const char settings[] = SETTINGS,
                  short_times[] = SETTINGS "opening_ms = 2000\npage_ms = 3000\nhello_ms = 2000\n";
static const char upgrade[] = "GET /s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                              "Sec-WebSocket-Protocol: handhold.1\r\n\r\n";

static struct place place;
static struct load *honest;
static SSL_CTX *tls;
static struct told told;
static struct server relay; /* the same process, for its figures */

/* ---- one attacker ---- */

struct attacker {
    int fd;
    SSL *ssl; /* NULL: plain TCP */
};

static struct attacker knock(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)place.public_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct attacker attacker = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    assert_true(attacker.fd >= 0);
    assert_int_equal(connect(attacker.fd, (struct sockaddr *)&to, sizeof to), 0);
    return attacker;
}

static struct attacker shake_hands(void)
{
    struct attacker attacker = knock();

    attacker.ssl = SSL_new(tls);
    SSL_set_fd(attacker.ssl, attacker.fd);
    assert_int_equal(SSL_connect(attacker.ssl), 1);
    return attacker;
}

static struct attacker open_socket(void)
{
    struct attacker attacker = shake_hands();
    char answer[1024] = "";
    int len = 0;

    assert_true(SSL_write(attacker.ssl, upgrade, sizeof upgrade - 1) > 0);
    while (!strstr(answer, "\r\n\r\n")) {
        int n = SSL_read(attacker.ssl, answer + len, (int)sizeof answer - 1 - len);
        assert_true(n > 0);
        answer[len += n] = 0;
    }
    assert_non_null(strstr(answer, " 101 "));
    return attacker;
}

static void leave(struct attacker *attacker)
{
    SSL_free(attacker->ssl);
    close(attacker->fd);
}

enum { HONEST_P99_MS = 20 };
static double worst_p99_us; /* of any stretch of the attack */

/* Honest sessions talk meanwhile. */
static void honest_talk(double seconds, struct load_figures *figures)
{
    /* What may not be dropped: a machine that is busy with other tests makes pictures late, and late ones go. */
    struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 1000, .rate = 25};

    load_run(honest, &pattern, 0, seconds, NULL, NULL, NULL, figures);
    worst_p99_us = figures->p99_us > worst_p99_us ? figures->p99_us : worst_p99_us;
}

static void expect_honest_whole(const struct load_figures *figures)
{
    if (figures->lost || figures->out_of_order || figures->altered || figures->closed)
        fail_msg("of %llu honest messages %llu lost, %llu out of order, %llu altered; %llu connections closed",
                 (unsigned long long)figures->sent, (unsigned long long)figures->lost,
                 (unsigned long long)figures->out_of_order, (unsigned long long)figures->altered,
                 (unsigned long long)figures->closed);
}

/* Has the relay ended this connection? Bytes that it still says are read and forgotten. */
static bool is_ended(struct attacker *attacker)
{
    char some[4096];
    ssize_t n;

    while ((n = recv(attacker->fd, some, sizeof some, MSG_DONTWAIT)) > 0)
        ;
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void expect_ended(struct attacker *attackers, size_t count)
{
    struct load_figures figures;

    for (int turn = 0; turn < WAIT_MS / 250; turn++) {
        size_t ended = 0;

        honest_talk(0.25, &figures);
        expect_honest_whole(&figures);
        for (size_t i = 0; i < count; i++)
            ended += is_ended(&attackers[i]);
        if (ended == count)
            return;
    }
    fail_msg("not all %zu connections were ended in %d ms", count, WAIT_MS);
}

/* ---- around each test ---- */

static unsigned honest_count(void)
{
    const char *text = getenv("HANDHOLD_LONG");

    return text && *text && *text != '0' ? HONEST_LONG : HONEST;
}

static int set_up(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    /* What AddressSanitizer holds back of freed memory would look like a leak. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=16", 0);
    place_init(&place);
    place_write(&place, "attack.ini", settings, sizeof settings - 1);
    told_listen(&told, &place);
    place_start(&place, (const char *const[]){"--json", "--config", place_path(&place, "attack.ini"), NULL});
    told_hide();
    told_expect(&told, "READY=1");
    relay = (struct server){.pid = place.relay};
    tls = SSL_CTX_new(TLS_client_method());
    struct load_config config = {.public_port = (uint16_t)place.public_port,
                                 .staff_port = (uint16_t)place.staff_port,
                                 .host = "127.0.0.1",
                                 .ca = place_path(&place, "ca/ca.crt"),
                                 .identity = place_path(&place, "staff/anna"),
                                 .sessions = honest_count()};
    char error[256];
    honest = load_open(&config, error);
    if (!honest)
        fail_msg("%s", error);
    place_write(&place, "attack.ini", short_times, sizeof short_times - 1);
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    told_expect(&told, "RELOADING=1");
    told_expect(&told, "READY=1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    load_close(honest);
    SSL_CTX_free(tls);
    (void)place_stop(&place, SIGTERM);
    told_close(&told);
    place_clear(&place);
    return 0;
}

static unsigned descriptors_before;
static double resident_before_kb; /* of the first attack: what one leaves behind, the next may use */

static int begin(void **state)
{
    struct load_figures figures;

    (void)state;
    honest_talk(0.3, &figures);
    descriptors_before = server_descriptors(&relay);
    if (!(resident_before_kb > 0))
        resident_before_kb = server_resident_kb(&relay);
    worst_p99_us = 0;
    return 0;
}

/* What the attack took is given back. */
static int end(void **state)
{
    struct load_figures figures;

    (void)state;
    print_message("             honest sessions meanwhile: p99 at most %.1f ms\n", worst_p99_us / 1000);
    if (getenv("HANDHOLD_QUIET") && worst_p99_us > HONEST_P99_MS * 1000) /* a machine with other work says nothing */
        fail_msg("%.1f ms, and the bound is %d", worst_p99_us / 1000, (int)HONEST_P99_MS);
    for (int turn = 0; turn < WAIT_MS / 250 && server_descriptors(&relay) > descriptors_before; turn++)
        honest_talk(0.25, &figures);
    assert_true(server_descriptors(&relay) <= descriptors_before);
    honest_talk(0.5, &figures);
    expect_honest_whole(&figures);
    assert_true(figures.sent > 0);
    if (server_resident_kb(&relay) > resident_before_kb * 1.2 + 16384)
        fail_msg("%.0f kB before the attacks, %.0f after this one", resident_before_kb, server_resident_kb(&relay));
    return 0;
}

/* ---- slow ones ---- */

static struct attacker post(void)
{
    static const char request[] = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n";
    struct attacker attacker = shake_hands();

    assert_true(SSL_write(attacker.ssl, request, sizeof request - 1) > 0);
    return attacker;
}

/* Those that dribble are never silent for long: the time is for the whole, not between two bytes. */
static const struct slow {
    const char *what;
    struct attacker (*come)(void);
    const char *bytes; /* one in each turn */
    size_t len;
} slow[] = {
    {"nothing after connecting", knock, "", 0},
    /* A TLS record's header that promises a ClientHello of 512 bytes. */
    {"a handshake", knock, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
    {"headers", shake_hands, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-One: a\r\nX-Two: b\r\nX-Three: c\r\n", 66},
    {"a body", post, "body", 4},
    /* A masked binary frame of 64 kB. */
    {"a first message", open_socket, "\x82\xfe\xff\xff\x01\x02\x03\x04xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
     52},
};
enum { SLOW = sizeof slow / sizeof *slow, SLOW_OF_EACH = 8 };

static void dribble(struct attacker *attacker, const struct slow *how, size_t at)
{
    if (how->len && attacker->ssl)
        (void)SSL_write(attacker->ssl, how->bytes + at % how->len, 1);
    else if (how->len)
        (void)send(attacker->fd, how->bytes + at % how->len, 1, MSG_NOSIGNAL);
}

/* All kinds at once: each is closed when its own time is over. */
static void whoever_is_silent_or_dribbles_is_closed(void **state)
{
    struct attacker attackers[SLOW][SLOW_OF_EACH];
    struct load_figures figures;
    size_t ended[SLOW] = {0}, all = 0;

    (void)state;
    for (size_t n = 0; n < SLOW * SLOW_OF_EACH; n++)
        attackers[n / SLOW_OF_EACH][n % SLOW_OF_EACH] = slow[n / SLOW_OF_EACH].come();
    for (size_t at = 0; at < 200 && all < SLOW * SLOW_OF_EACH; at++) {
        honest_talk(0.1, &figures);
        expect_honest_whole(&figures);
        memset(ended, 0, sizeof ended);
        all = 0;
        for (size_t n = 0; n < SLOW * SLOW_OF_EACH; n++) {
            struct attacker *attacker = &attackers[n / SLOW_OF_EACH][n % SLOW_OF_EACH];
            bool is_over = is_ended(attacker);
            ended[n / SLOW_OF_EACH] += is_over;
            all += is_over;
            if (!is_over)
                dribble(attacker, &slow[n / SLOW_OF_EACH], at);
        }
    }
    for (size_t i = 0; i < SLOW; i++) {
        if (ended[i] != SLOW_OF_EACH)
            fail_msg("%s: of %d only %zu were closed", slow[i].what, (int)SLOW_OF_EACH, ended[i]);
        for (size_t n = 0; n < SLOW_OF_EACH; n++)
            leave(&attackers[i][n]);
    }
}

/* ---- floods ---- */

static bool is_counted(const char *bound)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    char reply[PLACE_OUTPUT_BYTES], wanted[128];
    const char *at;

    snprintf(wanted, sizeof wanted, "\nhandhold_bound_reached_total{bound=\"%s\"} ", bound);
    assert_true(place_talk(&place, place.staff_port, NULL, "anna", request, sizeof request - 1, NULL, reply) > 0);
    at = strstr(reply, wanted);
    assert_non_null(at);
    return at[strlen(wanted)] != '0';
}

/* It counts once a second. */
static bool is_counted_soon(const char *bound)
{
    for (int look = 0; look < 30; look++) {
        if (is_counted(bound))
            return true;
        load_rest(honest, 0.1);
    }
    return false;
}

static void flood(const void *bytes, size_t len, unsigned times)
{
    struct attacker attackers[4];
    struct load_figures figures;

    for (size_t i = 0; i < 4; i++)
        attackers[i] = open_socket();
    for (int turn = 0; turn < 100; turn++) {
        size_t ended = 0;

        for (size_t i = 0; i < 4; i++) {
            if (is_ended(&attackers[i])) {
                ended++;
                continue;
            }
            for (unsigned n = 0; n < times; n++)
                if (SSL_write(attackers[i].ssl, bytes, (int)len) <= 0)
                    break;
        }
        honest_talk(0.1, &figures);
        expect_honest_whole(&figures);
        if (ended == 4)
            break;
        assert_true(turn < 99);
    }
    for (size_t i = 0; i < 4; i++)
        leave(&attackers[i]);
}

static void a_flood_of_pings_is_closed(void **state)
{
    uint8_t pings[6 * 500];

    (void)state;
    for (size_t i = 0; i < 500; i++)
        memcpy(pings + 6 * i, "\x89\x80\x01\x02\x03\x04", 6);
    for (int tried = 0; tried == 0 || !is_counted_soon("chatter_bytes_per_second"); tried++) {
        assert_true(tried < 5);         /* a slow machine may end them for the first message that they do not send */
        flood(pings, sizeof pings, 25); /* in one second more than is borne in many */
    }
}

static void a_flood_of_empty_pieces_is_closed(void **state)
{
    uint8_t pieces[6 * 500];

    (void)state;
    for (size_t i = 0; i < 500; i++)
        memcpy(pieces + 6 * i, i ? "\x00\x80\x01\x02\x03\x04" : "\x02\x80\x01\x02\x03\x04", 6);
    flood(pieces, sizeof pieces, 1);
}

static void a_flood_of_tiny_messages_is_closed(void **state)
{
    uint8_t messages[7 * 300];

    (void)state;
    for (size_t i = 0; i < 300; i++)
        memcpy(messages + 7 * i, "\x82\x81\x00\x00\x00\x00\x40", 7);
    flood(messages, sizeof messages, 1);
}

static void a_storm_of_handshakes_and_closes_is_borne(void **state)
{
    struct load_figures figures;

    (void)state;
    for (int turn = 0; turn < 5; turn++) {
        struct attacker attackers[ATTACKERS];

        for (size_t i = 0; i < ATTACKERS; i++)
            attackers[i] = i % 3 == 0 ? knock() : i % 3 == 1 ? shake_hands() : open_socket();
        honest_talk(0.1, &figures);
        expect_honest_whole(&figures);
        for (size_t i = 0; i < ATTACKERS; i++) {
            struct linger at_once = {1, 0};
            if (i % 2)
                (void)setsockopt(attackers[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            leave(&attackers[i]);
        }
    }
}

/* ---- lies ---- */

/* Each is one frame, or two, that RFC 6455 forbids to a client, or that claims more than anybody may send. */
static void forbidden_frames_close_the_connection(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
    } frames[] = {
        {"not masked", "\x82\x01x", 3},
        {"reserved bit 1", "\xc2\x81\x01\x02\x03\x04x", 7},
        {"reserved bit 3", "\x92\x81\x01\x02\x03\x04x", 7},
        {"reserved opcode", "\x83\x81\x01\x02\x03\x04x", 7},
        {"reserved control opcode", "\x8b\x80\x01\x02\x03\x04", 6},
        {"a ping in pieces", "\x09\x80\x01\x02\x03\x04", 6},
        {"a ping of 126 bytes", "\x89\xfe\x00\x7e\x01\x02\x03\x04", 8},
        {"a length of 2^63", "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04", 14},
        {"a length of 2^64 - 1", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14},
        {"a rest of nothing", "\x80\x81\x01\x02\x03\x04x", 7},
        {"text that is not UTF-8", "\x81\x82\x00\x00\x00\x00\xc0\xaf", 8},
    };
    struct attacker attackers[sizeof frames / sizeof *frames];

    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        attackers[i] = open_socket();
        assert_true(SSL_write(attackers[i].ssl, frames[i].bytes, (int)frames[i].len) > 0);
    }
    expect_ended(attackers, sizeof frames / sizeof *frames);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        leave(&attackers[i]);
}

/* None of these is answered with a page, and after each the relay stands. */
static void requests_that_smuggle_are_refused(void **state)
{
    static const char *const requests[] = {
        "GET https://127.0.0.1/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET //etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /a/../../relay/relay.key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /a/%2e%2e/%2e%2e/relay/relay.key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /a/..%2f..%2frelay%2frelay.key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /a/\xc0\xae\xc0\xae/relay.key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /%00/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: evil.example:127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:443\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:443,evil.example\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    };
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        (void)place_talk(&place, place.public_port, NULL, NULL, requests[i], strlen(requests[i]), NULL, reply);
        if (strstr(reply, " 200 ") || strstr(reply, " 101 ") || strstr(reply, "PRIVATE KEY"))
            fail_msg("%s was answered: %.200s", requests[i], reply);
    }
    assert_true(place_talk(&place, place.public_port, NULL, NULL,
                           "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 62, NULL,
                           reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
}

static void headers_without_end_are_refused(void **state)
{
    static char request[65536];
    char reply[PLACE_OUTPUT_BYTES];
    int len = snprintf(request, sizeof request, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ");

    (void)state;
    memset(request + len, 'c', 40000);
    strcpy(request + len + 40000, "\r\nConnection: close\r\n\r\n");
    (void)place_talk(&place, place.public_port, NULL, NULL, request, strlen(request), NULL, reply);
    assert_null(strstr(reply, " 200 "));
    assert_true(is_counted_soon("header_bytes"));
}

static void tls_is_not_renegotiated(void **state)
{
    struct attacker attacker = knock();
    SSL_CTX *old = SSL_CTX_new(TLS_client_method());

    (void)state;
    SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
    attacker.ssl = SSL_new(old);
    SSL_set_fd(attacker.ssl, attacker.fd);
    assert_int_equal(SSL_connect(attacker.ssl), 1);
    if (SSL_renegotiate(attacker.ssl) == 1)
        assert_int_not_equal(SSL_do_handshake(attacker.ssl), 1);
    leave(&attacker);
    SSL_CTX_free(old);
}

/* ---- faults ---- */

static void a_relay_without_descriptors_turns_away_and_goes_on(void **state)
{
    struct attacker attackers[ATTACKERS];
    struct rlimit before, few;
    struct load_figures figures;
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_int_equal(prlimit(place.relay, RLIMIT_NOFILE, NULL, &before), 0);
    few = before;
    few.rlim_cur = server_descriptors(&relay) + 4;
    assert_int_equal(prlimit(place.relay, RLIMIT_NOFILE, &few, NULL), 0);
    for (size_t i = 0; i < ATTACKERS; i++)
        attackers[i] = knock();
    expect_ended(attackers + 8, ATTACKERS - 8);
    honest_talk(0.3, &figures);
    expect_honest_whole(&figures);
    for (size_t i = 0; i < ATTACKERS; i++)
        leave(&attackers[i]);
    assert_int_equal(prlimit(place.relay, RLIMIT_NOFILE, &before, NULL), 0);
    assert_true(place_talk(&place, place.public_port, NULL, NULL,
                           "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 62, NULL,
                           reply) > 0);
}

static void a_relay_that_stood_still_loses_nobody(void **state)
{
    struct load_figures figures;

    (void)state;
    assert_int_equal(kill(place.relay, SIGSTOP), 0);
    load_rest(honest, 3);
    assert_int_equal(kill(place.relay, SIGCONT), 0);
    honest_talk(0.5, &figures);
    expect_honest_whole(&figures);
    worst_p99_us = 0; /* whoever spoke meanwhile has waited */
}

/* ---- slow readers ---- */

static void a_receiver_that_reads_nothing_is_bounded_and_the_others_go_on(void **state)
{
    struct load_pattern pattern = {.kind = LOAD_PACED};
    struct load_figures figures;
    double before = server_resident_kb(&relay);

    (void)state;
    load_stall(honest, true);
    load_run(honest, &pattern, 0, 3, NULL, NULL, NULL, &figures);
    assert_int_equal(figures.altered, 0);
    assert_true(server_resident_kb(&relay) < before + honest_count() * 8192.0);
    load_stall(honest, false);
    load_rest(honest, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_is_silent_or_dribbles_is_closed, begin, end),
        cmocka_unit_test_setup_teardown(a_flood_of_pings_is_closed, begin, end),
        cmocka_unit_test_setup_teardown(a_flood_of_empty_pieces_is_closed, begin, end),
        cmocka_unit_test_setup_teardown(a_flood_of_tiny_messages_is_closed, begin, end),
        cmocka_unit_test_setup_teardown(a_storm_of_handshakes_and_closes_is_borne, begin, end),
        cmocka_unit_test_setup_teardown(forbidden_frames_close_the_connection, begin, end),
        cmocka_unit_test_setup_teardown(requests_that_smuggle_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(headers_without_end_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(tls_is_not_renegotiated, begin, end),
        cmocka_unit_test_setup_teardown(a_relay_without_descriptors_turns_away_and_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(a_relay_that_stood_still_loses_nobody, begin, end),
        cmocka_unit_test(
            a_receiver_that_reads_nothing_is_bounded_and_the_others_go_on), /* the last: pictures are lost */
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
