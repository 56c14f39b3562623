/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/attack_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/told.h"

enum { HONEST = 20, HONEST_LONG = 50, WAIT_MS = 20000, HONEST_P99_MS = 20, SETTINGS_BYTES = 512 };

#define SETTINGS                                                                                                       \
    "handshakes_per_address = 400\narrivals_per_address_minute = 100000\nconnections_per_address = 400\n"              \
    "waiting_per_staff = 50\npublic_log = yes\nlog_addresses = yes\n"
/* Times so short that a test need not wait for them come when the honest sessions stand: on a machine that is busy the
 * fifty handshakes of these take longer. */
static const char any_joins[] = "join_failures_per_address_minute = 100000\n";
static const char settings[] = SETTINGS,
                  short_times[] = SETTINGS "opening_ms = 2000\npage_ms = 3000\nhello_ms = 2000\n";
static const char upgrade[] = "GET /s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                              "Sec-WebSocket-Protocol: handhold.1\r\n\r\n";

struct attack attack;
static SSL_CTX *tls;
static struct told told;

/* ---- one attacker ---- */

struct attacker attack_knock(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)attack.place.public_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct attacker attacker = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    assert_true(attacker.fd >= 0);
    assert_int_equal(connect(attacker.fd, (struct sockaddr *)&to, sizeof to), 0);
    return attacker;
}

struct attacker attack_shake_hands(void)
{
    struct attacker attacker = attack_knock();

    attacker.ssl = SSL_new(tls);
    SSL_set_fd(attacker.ssl, attacker.fd);
    assert_int_equal(SSL_connect(attacker.ssl), 1);
    return attacker;
}

void attack_upgrade(struct attacker *attacker, const char *request, char answer[static ATTACK_ANSWER])
{
    int len = 0;

    answer[0] = 0;
    assert_true(SSL_write(attacker->ssl, request, (int)strlen(request)) > 0);
    while (!strstr(answer, "\r\n\r\n")) {
        int n = SSL_read(attacker->ssl, answer + len, ATTACK_ANSWER - 1 - len);
        assert_true(n > 0);
        answer[len += n] = 0;
    }
    assert_non_null(strstr(answer, " 101 "));
}

struct attacker attack_open_socket(void)
{
    struct attacker attacker = attack_shake_hands();
    char answer[ATTACK_ANSWER];

    attack_upgrade(&attacker, upgrade, answer);
    return attacker;
}

void attack_leave(struct attacker *attacker)
{
    SSL_free(attacker->ssl);
    close(attacker->fd);
}

void attack_honest_talk(double seconds, struct load_figures *figures)
{
    /* What may not be dropped: a machine that is busy with other tests makes pictures late, and late ones go. */
    struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 1000, .rate = 25};

    load_run(attack.honest, &pattern, 0, seconds, NULL, NULL, NULL, figures);
    attack.worst_p99_us = figures->p99_us > attack.worst_p99_us ? figures->p99_us : attack.worst_p99_us;
}

void attack_expect_honest_whole(const struct load_figures *figures)
{
    if (figures->lost || figures->out_of_order || figures->altered || figures->closed)
        fail_msg("of %llu honest messages %llu lost, %llu out of order, %llu altered; %llu connections closed",
                 (unsigned long long)figures->sent, (unsigned long long)figures->lost,
                 (unsigned long long)figures->out_of_order, (unsigned long long)figures->altered,
                 (unsigned long long)figures->closed);
}

bool attack_is_ended(struct attacker *attacker)
{
    char some[4096];
    ssize_t n;

    while ((n = recv(attacker->fd, some, sizeof some, MSG_DONTWAIT)) > 0)
        ;
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void attack_expect_ended(struct attacker *attackers, size_t count)
{
    struct load_figures figures;

    for (int turn = 0; turn < WAIT_MS / 250; turn++) {
        size_t ended = 0;

        attack_honest_talk(0.25, &figures);
        attack_expect_honest_whole(&figures);
        for (size_t i = 0; i < count; i++)
            ended += attack_is_ended(&attackers[i]);
        if (ended == count)
            return;
    }
    fail_msg("not all %zu connections were ended in %d ms", count, WAIT_MS);
}

/* ---- around each test ---- */

unsigned attack_honest_count(void)
{
    const char *text = getenv("HANDHOLD_LONG");

    return text && *text && *text != '0' ? HONEST_LONG : HONEST;
}

void attack_read_again(const char *more)
{
    char text[SETTINGS_BYTES];
    int len = snprintf(text, sizeof text, "%s%s", short_times, *more ? more : any_joins);

    assert_in_range(len, 1, sizeof text - 1);
    place_write(&attack.place, "attack.ini", text, (size_t)len);
    told_forget(&told);
    assert_int_equal(kill(attack.place.relay, SIGHUP), 0);
    told_expect(&told, "RELOADING=1");
    told_expect(&told, "READY=1");
}

int attack_set_up(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    /* What AddressSanitizer holds back of freed memory would look like a leak. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=16", 0);
    place_init(&attack.place);
    place_write(&attack.place, "attack.ini", settings, sizeof settings - 1);
    told_listen(&told, &attack.place);
    attack.place.listens = true;
    place_start(&attack.place,
                (const char *const[]){"--json", "--config", place_path(&attack.place, "attack.ini"), NULL});
    told_hide();
    told_expect(&told, "READY=1");
    attack.relay = (struct server){.pid = attack.place.relay};
    tls = SSL_CTX_new(TLS_client_method());
    struct load_config config = {.public_port = (uint16_t)attack.place.public_port,
                                 .staff_port = (uint16_t)attack.place.staff_port,
                                 .host = "127.0.0.1",
                                 .ca = place_path(&attack.place, "ca/ca.crt"),
                                 .identity = place_path(&attack.place, "staff/anna"),
                                 .sessions = attack_honest_count()};
    char error[256];
    attack.honest = load_open(&config, error);
    if (!attack.honest)
        fail_msg("%s", error);
    attack_read_again("");
    return 0;
}

int attack_tear_down(void **state)
{
    (void)state;
    load_close(attack.honest);
    SSL_CTX_free(tls);
    (void)place_stop(&attack.place, SIGTERM);
    told_close(&told);
    place_clear(&attack.place);
    return 0;
}

static unsigned descriptors_before;
static double resident_before_kb; /* of the first attack: what one leaves behind, the next may use */

int attack_begin(void **state)
{
    struct load_figures figures;

    (void)state;
    attack_honest_talk(0.3, &figures);
    descriptors_before = server_descriptors(&attack.relay);
    if (!(resident_before_kb > 0))
        resident_before_kb = server_resident_kb(&attack.relay);
    attack.worst_p99_us = 0;
    return 0;
}

/* What the attack took is given back. */
int attack_end(void **state)
{
    struct load_figures figures;

    (void)state;
    print_message("             honest sessions meanwhile: p99 at most %.1f ms\n", attack.worst_p99_us / 1000);
    if (getenv("HANDHOLD_QUIET") &&
        attack.worst_p99_us > HONEST_P99_MS * 1000) /* a machine with other work says nothing */
        fail_msg("%.1f ms, and the bound is %d", attack.worst_p99_us / 1000, (int)HONEST_P99_MS);
    for (int turn = 0; turn < WAIT_MS / 250 && server_descriptors(&attack.relay) > descriptors_before; turn++)
        attack_honest_talk(0.25, &figures);
    assert_true(server_descriptors(&attack.relay) <= descriptors_before);
    attack_honest_talk(0.5, &figures);
    attack_expect_honest_whole(&figures);
    assert_true(figures.sent > 0);
    if (server_resident_kb(&attack.relay) > resident_before_kb * 1.2 + 16384)
        fail_msg("%.0f kB before the attacks, %.0f after this one", resident_before_kb,
                 server_resident_kb(&attack.relay));
    return 0;
}

bool attack_is_counted_soon(const char *bound)
{
    for (int look = 0; look < 30; look++) {
        if (place_has_counted(&attack.place, bound))
            return true;
        load_rest(attack.honest, 0.1);
    }
    return false;
}

void attack_expect_counted(enum bounds_test test)
{
    for (size_t i = 0; i < BOUNDS_ELSEWHERE; i++)
        if (bounds_elsewhere[i].test == test && !attack_is_counted_soon(bounds_elsewhere[i].bound))
            fail_msg("%s: no attack has reached it, or it is not counted", bounds_elsewhere[i].bound);
}

void attack_ask(const void *request, size_t len, char reply[static PLACE_OUTPUT_BYTES])
{
    struct attacker attacker = attack_shake_hands();
    struct timeval wait = {WAIT_MS / 1000, 0};
    struct load_figures figures;
    int got = 0, n = 1;

    (void)setsockopt(attacker.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)SSL_write(attacker.ssl, request, (int)len);
    attack_honest_talk(0.1, &figures);
    attack_expect_honest_whole(&figures);
    while (n > 0 && got < PLACE_OUTPUT_BYTES - 1) {
        n = SSL_read(attacker.ssl, reply + got, PLACE_OUTPUT_BYTES - 1 - got);
        got += n > 0 ? n : 0;
    }
    reply[got] = 0;
    attack_leave(&attacker);
}
