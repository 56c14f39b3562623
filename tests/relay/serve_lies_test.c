/* SPDX-License-Identifier: Apache-2.0 */
/* A relay that is lied to: frames and requests that nobody may send are not answered, and honest sessions go on; who is
 * only late is none of them. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/relay/attack_world.h"

static const char healthy[] = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

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
        attackers[i] = attack_open_socket();
        assert_true(SSL_write(attackers[i].ssl, frames[i].bytes, (int)frames[i].len) > 0);
    }
    attack_expect_ended(attackers, sizeof frames / sizeof *frames);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        attack_leave(&attackers[i]);
}

/* RFC 6455, 5.1: "a server MUST close the connection upon receiving a frame that is not masked", and may say 1002. */
static void a_frame_without_a_mask_is_a_protocol_error(void **state)
{
    static const uint8_t pong[] = {0x8a, 0}, close[] = {0x88, 2, 1002 >> 8, 1002 & 255};
    struct attacker attacker = attack_open_socket();
    uint8_t answer[64];

    (void)state;
    assert_true(SSL_write(attacker.ssl, pong, sizeof pong) > 0);
    assert_int_equal(SSL_read(attacker.ssl, answer, sizeof answer), sizeof close);
    assert_memory_equal(answer, close, sizeof close);
    attack_expect_ended(&attacker, 1);
    attack_leave(&attacker);
}

/* Both come with one recv(): who waits for more than the good-bye would hear of it when its time for Hello is over. */
static void a_good_bye_right_behind_a_frame_is_heard(void **state)
{
    static const uint8_t pong[] = {0x8a, 0x80, 1, 2, 3, 4};
    struct attacker attacker = attack_open_socket();
    uint8_t answer[64];
    int on = 1, off = 0;

    (void)state;
    assert_int_equal(setsockopt(attacker.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
    assert_true(SSL_write(attacker.ssl, pong, sizeof pong) > 0);
    assert_int_equal(SSL_shutdown(attacker.ssl), 0);
    assert_int_equal(setsockopt(attacker.fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off), 0);
    assert_true(SSL_read(attacker.ssl, answer, sizeof answer) <= 0);
    attack_leave(&attacker);
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
        attack_ask(requests[i], strlen(requests[i]), reply);
        if (strstr(reply, " 200 ") || strstr(reply, " 101 ") || strstr(reply, "PRIVATE KEY"))
            fail_msg("%s was answered: %.200s", requests[i], reply);
    }
    attack_ask(healthy, sizeof healthy - 1, reply);
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
    attack_ask(request, strlen(request), reply);
    assert_null(strstr(reply, " 200 "));
    attack_expect_counted(BOUNDS_LIES);
}

/* A line that never ends, and lines without end: each is said, counted, and written with the address. */
static void a_head_that_is_too_large_is_answered(void **state)
{
    static const struct {
        const char *begin, *piece, *said;
    } heads[] = {
        {"GET /", "a", " 414 "},
        {"", "A", " 414 "},
        {"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n", "X-One: a\r\n", " 431 "},
    };
    static char request[10000];
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t len = (size_t)snprintf(request, sizeof request, "%s", heads[i].begin), piece = strlen(heads[i].piece);

        for (; len + piece < 8000; len += piece)
            memcpy(request + len, heads[i].piece, piece);
        attack_ask(request, len, reply);
        if (!strstr(reply, heads[i].said))
            fail_msg("%.40s…: \"%s\" is not in: %.200s", request, heads[i].said, reply);
    }
    assert_non_null(strstr(place_said(&attack.place), "refused by header_bytes: 127.0.0.1\n"));
    attack_expect_counted(BOUNDS_LIES);
}

/* RFC 6455, 4.2.1 and 4.4. */
static void a_websocket_of_another_version_or_without_a_key_is_refused(void **state)
{
    static const char with[] = "GET /s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Protocol: handhold.1\r\n";
    static const struct {
        const char *version, *key, *said[2];
    } rows[] = {
        {"8", "AAAAAAAAAAAAAAAAAAAAAA==", {" 426 ", "sec-websocket-version: 13\r\n"}},
        {"13", "x", {" 400 ", ""}},
        {"13", "AAAAAAAAAAAAAAAAAAAAAAAA", {" 400 ", ""}},
    };
    char request[512], reply[PLACE_OUTPUT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int len = snprintf(request, sizeof request, "%sSec-WebSocket-Version: %s\r\nSec-WebSocket-Key: %s\r\n\r\n",
                           with, rows[i].version, rows[i].key);
        attack_ask(request, (size_t)len, reply);
        for (int part = 0; part < 2; part++)
            if (!strstr(reply, rows[i].said[part]))
                fail_msg("%s, %s: %.200s", rows[i].version, rows[i].key, reply);
    }
}

/* A connection with settings of its own; shakes no hands yet. */
static struct attacker knock_with(SSL_CTX *ctx)
{
    struct attacker attacker = attack_knock();

    attacker.ssl = SSL_new(ctx);
    SSL_set_fd(attacker.ssl, attacker.fd);
    return attacker;
}

static void tls_is_not_renegotiated(void **state)
{
    SSL_CTX *old = SSL_CTX_new(TLS_client_method());
    struct attacker attacker = knock_with(old);
    struct load_figures figures;

    (void)state;
    assert_int_equal(SSL_set_max_proto_version(attacker.ssl, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_connect(attacker.ssl), 1);
    if (SSL_renegotiate(attacker.ssl) == 1)
        assert_int_not_equal(SSL_do_handshake(attacker.ssl), 1);
    attack_honest_talk(0.1, &figures);
    attack_expect_honest_whole(&figures);
    attack_leave(&attacker);
    SSL_CTX_free(old);
}

/* This libwebsockets has holes in its HTTP/2. */
static void nobody_is_given_http_2(void **state)
{
    static const struct {
        const char *offered;
        unsigned len;
        const char *chosen;
    } rows[] = {{"\x02h2\x08http/1.1", 12, "http/1.1"}, {"\x02h2", 3, ""}, {"\x03h2c\x02h2", 7, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        struct attacker attacker = knock_with(ctx);
        const unsigned char *chosen = NULL;
        unsigned len = 0;

        assert_int_equal(SSL_set_alpn_protos(attacker.ssl, (const unsigned char *)rows[i].offered, rows[i].len), 0);
        (void)SSL_connect(attacker.ssl); /* whoever offers nothing else may be refused */
        SSL_get0_alpn_selected(attacker.ssl, &chosen, &len);
        assert_int_equal(len, strlen(rows[i].chosen));
        assert_memory_equal(chosen ? (const void *)chosen : "", rows[i].chosen, len);
        attack_leave(&attacker);
        SSL_CTX_free(ctx);
    }
}

/* Nor anything that a stranger could make it unpack. */
static void nobody_is_given_compression(void **state)
{
    static const char request[] =
        "GET /s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame\r\n"
        "Sec-WebSocket-Protocol: handhold.1\r\n\r\n";
    struct attacker attacker = attack_shake_hands();
    char answer[ATTACK_ANSWER];

    (void)state;
    attack_upgrade(&attacker, request, answer);
    assert_null(strcasestr(answer, "extensions"));
    attack_leave(&attacker);
}

static void a_stranger_chooses_no_key_exchange_that_costs_much(void **state)
{
    static const struct {
        const char *group;
        int done;
    } rows[] = {{"X25519", 1}, {"P-256", 1},      {"P-384", 1},     {"P-521", -1},
                {"X448", -1},  {"ffdhe2048", -1}, {"ffdhe8192", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        struct attacker attacker = knock_with(ctx);
        assert_int_equal(SSL_set1_groups_list(attacker.ssl, rows[i].group), 1);
        assert_int_equal(SSL_set_min_proto_version(attacker.ssl, TLS1_3_VERSION), 1);
        assert_int_equal(SSL_connect(attacker.ssl), rows[i].done);
        attack_leave(&attacker);
        SSL_CTX_free(ctx);
    }
}

static void read_again(void *context)
{
    load_stall(context, false);
}

/* Large messages leave from where they were decrypted, or wait for their receiver: it hears the same. */
static void a_receiver_that_reads_late_gets_all_of_it(void **state)
{
    struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 16000, .rate = 60};
    struct load_figures figures;

    (void)state;
    load_stall(attack.honest, true);
    load_run(attack.honest, &pattern, 0, 1, NULL, read_again, attack.honest, &figures);
    attack_expect_honest_whole(&figures);
}

#define ATTACK(test) cmocka_unit_test_setup_teardown(test, attack_begin, attack_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(forbidden_frames_close_the_connection),
        ATTACK(a_frame_without_a_mask_is_a_protocol_error),
        ATTACK(a_good_bye_right_behind_a_frame_is_heard),
        ATTACK(requests_that_smuggle_are_refused),
        ATTACK(headers_without_end_are_refused),
        ATTACK(a_head_that_is_too_large_is_answered),
        ATTACK(a_websocket_of_another_version_or_without_a_key_is_refused),
        ATTACK(tls_is_not_renegotiated),
        ATTACK(nobody_is_given_http_2),
        ATTACK(nobody_is_given_compression),
        ATTACK(a_stranger_chooses_no_key_exchange_that_costs_much),
        ATTACK(a_receiver_that_reads_late_gets_all_of_it),
    };
    return cmocka_run_group_tests(tests, attack_set_up, attack_tear_down);
}
