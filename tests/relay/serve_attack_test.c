/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay under attack: whoever does not keep to the bounds is closed, honest sessions go on and lose nothing, and
 * afterwards memory and descriptors are where they were. What libwebsockets must bear by itself is its own to test;
 * here is what our callbacks, bounds and the guards around its holes could get wrong.
 */
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "proto/wire/header.h"
#include "proto/wire/message.h"
#include "tests/relay/attack_world.h"

enum { ATTACKERS = 24, HELLO_BYTES = 256 };

/* ---- slow ones ---- */

static struct attacker post(void)
{
    static const char request[] = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n";
    struct attacker attacker = attack_shake_hands();

    assert_true(SSL_write(attacker.ssl, request, sizeof request - 1) > 0);
    return attacker;
}

/* Those that dribble are never silent for long: the time is for the whole, not between two bytes. */
static const struct slow {
    const char *what, *bound;
    struct attacker (*come)(void);
    const char *bytes; /* one in each turn */
    size_t len;
} slow[] = {
    {"nothing after connecting", "opening_ms", attack_knock, "", 0},
    /* A TLS record's header that promises a ClientHello of 512 bytes. */
    {"a handshake", "opening_ms", attack_knock, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
    {"headers", "opening_ms", attack_shake_hands,
     "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-One: a\r\nX-Two: b\r\nX-Three: c\r\n", 66},
    {"a body", "page_ms", post, "body", 4},
    /* A masked binary frame of 64 kB. */
    {"a first message", "hello_ms", attack_open_socket,
     "\x82\xfe\xff\xff\x01\x02\x03\x04xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 52},
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
        attack_honest_talk(0.1, &figures);
        attack_expect_honest_whole(&figures);
        memset(ended, 0, sizeof ended);
        all = 0;
        for (size_t n = 0; n < SLOW * SLOW_OF_EACH; n++) {
            struct attacker *attacker = &attackers[n / SLOW_OF_EACH][n % SLOW_OF_EACH];
            bool is_over = attack_is_ended(attacker);
            ended[n / SLOW_OF_EACH] += is_over;
            all += is_over;
            if (!is_over)
                dribble(attacker, &slow[n / SLOW_OF_EACH], at);
        }
    }
    for (size_t i = 0; i < SLOW; i++) {
        if (ended[i] != SLOW_OF_EACH)
            fail_msg("%s: of %d only %zu were closed", slow[i].what, (int)SLOW_OF_EACH, ended[i]);
        if (!attack_is_counted_soon(slow[i].bound))
            fail_msg("%s: %s is not counted", slow[i].what, slow[i].bound);
        for (size_t n = 0; n < SLOW_OF_EACH; n++)
            attack_leave(&attackers[i][n]);
    }
}

/* ---- floods ---- */

static void flood(const void *bytes, size_t len, unsigned times)
{
    struct attacker attackers[4];
    struct load_figures figures;

    for (size_t i = 0; i < 4; i++)
        attackers[i] = attack_open_socket();
    for (int turn = 0; turn < 100; turn++) {
        size_t ended = 0;

        for (size_t i = 0; i < 4; i++) {
            if (attack_is_ended(&attackers[i])) {
                ended++;
                continue;
            }
            for (unsigned n = 0; n < times; n++)
                if (SSL_write(attackers[i].ssl, bytes, (int)len) <= 0)
                    break;
        }
        attack_honest_talk(0.1, &figures);
        attack_expect_honest_whole(&figures);
        if (ended == 4)
            break;
        assert_true(turn < 99);
    }
    for (size_t i = 0; i < 4; i++)
        attack_leave(&attackers[i]);
}

static void a_flood_of_pings_is_closed(void **state)
{
    uint8_t pings[6 * 500];

    (void)state;
    for (size_t i = 0; i < 500; i++)
        memcpy(pings + 6 * i, "\x89\x80\x01\x02\x03\x04", 6);
    for (int tried = 0; tried == 0 || !attack_is_counted_soon("chatter_bytes_per_second"); tried++) {
        assert_true(tried < 5);         /* a slow machine may end them for the first message that they do not send */
        flood(pings, sizeof pings, 25); /* in one second more than is borne in many */
    }
    assert_non_null(strstr(place_said(&attack.place), "refused by chatter_bytes_per_second: 127.0.0.1\n"));
}

static void a_flood_of_questions_about_the_log_is_put_off(void **state)
{
    static const char question[] = "GET /log/checkpoint HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    struct attacker attackers[8];
    struct load_figures figures;

    (void)state;
    attack_read_again("log_requests = 1\n");
    for (int tried = 0; tried == 0 || !attack_is_counted_soon("log_requests"); tried++) {
        assert_true(tried < 5); /* each may have been answered before the next one asked */
        for (size_t i = 0; i < 8; i++)
            attackers[i] = attack_shake_hands();
        for (size_t i = 0; i < 8; i++)
            assert_true(SSL_write(attackers[i].ssl, question, sizeof question - 1) > 0);
        attack_honest_talk(0.1, &figures);
        attack_expect_honest_whole(&figures);
        for (size_t i = 0; i < 8; i++)
            attack_leave(&attackers[i]);
    }
    attack_read_again("");
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

/* A stranger's Hello, masked with nothing, with a code that is not anybody's. In one frame, or in two with a ping
 * between. */
static size_t hello(uint8_t out[static HELLO_BYTES], bool in_pieces)
{
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_nameplate_tag}};
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], envelope[PROTO_ENVELOPE_BYTES];
    struct proto_buf buf;
    size_t first, at = 0;

    snprintf(hello.body.hello.seat.nameplate, sizeof hello.body.hello.seat.nameplate, "%u",
             1000 + randombytes_uniform(9000));
    assert_int_equal(crypto_sign_keypair(key, secret), 0);
    assert_int_equal(PROTO_SET_BYTES(hello.body.hello.session_key, key, sizeof key), PROTO_OK);
    proto_buf_init(&buf, HELLO_BYTES);
    proto_envelope_write(envelope, PROTO_TYPE_RELAY, 0, PROTO_INDEX_RELAY);
    proto_buf_put(&buf, envelope, sizeof envelope);
    assert_int_equal(proto_message_encode(&buf, handhold_ToRelay_fields, &hello), PROTO_OK);
    assert_true(!buf.failed && buf.len < 126 && buf.len + 18 <= HELLO_BYTES);
    first = in_pieces ? buf.len / 2 : buf.len;
    for (size_t from = 0, len = first; from < buf.len; from += len, len = buf.len - from) {
        bool last = from + len == buf.len;
        const uint8_t head[] = {(uint8_t)((last ? 0x80 : 0) | (from ? 0 : 2)), (uint8_t)(0x80 | len), 0, 0, 0, 0};

        memcpy(out + at, head, sizeof head);
        memcpy(out + at + sizeof head, buf.bytes + from, len);
        at += sizeof head + len;
        if (!last)
            memcpy(out + at, "\x89\x80\0\0\0\0", 6), at += 6;
    }
    proto_buf_free(&buf);
    return at;
}

/* Whoever guesses codes is slowed down and counted; whoever has one goes on. */
static void a_flood_of_joins_is_slowed_down(void **state)
{
    struct load_figures figures;
    uint8_t bytes[HELLO_BYTES];

    (void)state;
    attack_read_again("join_failures_per_address_minute = 20\n");
    for (int turn = 0; turn < 5; turn++) {
        struct attacker attackers[ATTACKERS];

        for (size_t i = 0; i < ATTACKERS; i++) {
            attackers[i] = attack_open_socket();
            assert_true(SSL_write(attackers[i].ssl, bytes, (int)hello(bytes, false)) > 0);
        }
        attack_honest_talk(0.1, &figures);
        attack_expect_honest_whole(&figures);
        for (size_t i = 0; i < ATTACKERS; i++)
            attack_leave(&attackers[i]);
    }
    assert_true(attack_is_counted_soon("join_failures_per_address_minute"));
    attack_read_again("");
}

/* RFC 6455, 5.4: control frames may come there, and the message around one is whole. */
static void a_ping_between_the_pieces_of_a_message_is_answered_and_so_is_the_message(void **state)
{
    struct attacker attacker = attack_open_socket();
    uint8_t bytes[HELLO_BYTES], reply[4096];
    bool ponged = false, answered = false;

    (void)state;
    assert_true(SSL_write(attacker.ssl, bytes, (int)hello(bytes, true)) > 0);
    while (!ponged || !answered) {
        int n = SSL_read(attacker.ssl, reply, sizeof reply), at = 0;

        assert_true(n > 0);
        for (; at + 2 <= n; at += 2 + (reply[at + 1] & 127)) {
            ponged |= reply[at] == 0x8a;
            answered |= reply[at] == 0x82; /* that there is no such code */
        }
    }
    attack_leave(&attacker);
}

static void a_storm_of_handshakes_and_closes_is_borne(void **state)
{
    struct load_figures figures;

    (void)state;
    for (int turn = 0; turn < 5; turn++) {
        struct attacker attackers[ATTACKERS];

        for (size_t i = 0; i < ATTACKERS; i++)
            attackers[i] = i % 3 == 0 ? attack_knock() : i % 3 == 1 ? attack_shake_hands() : attack_open_socket();
        attack_honest_talk(0.1, &figures);
        attack_expect_honest_whole(&figures);
        for (size_t i = 0; i < ATTACKERS; i++) {
            struct linger at_once = {1, 0};
            if (i % 2)
                (void)setsockopt(attackers[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            attack_leave(&attackers[i]);
        }
    }
}

/* ---- faults ---- */

static void a_relay_without_descriptors_turns_away_and_goes_on(void **state)
{
    struct attacker attackers[ATTACKERS];
    struct rlimit before, few;
    struct load_figures figures;
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_int_equal(prlimit(attack.place.relay, RLIMIT_NOFILE, NULL, &before), 0);
    few = before;
    few.rlim_cur = server_descriptors(&attack.relay) + 4;
    assert_int_equal(prlimit(attack.place.relay, RLIMIT_NOFILE, &few, NULL), 0);
    for (size_t i = 0; i < ATTACKERS; i++)
        attackers[i] = attack_knock();
    attack_expect_ended(attackers + 8, ATTACKERS - 8);
    attack_honest_talk(0.3, &figures);
    attack_expect_honest_whole(&figures);
    for (size_t i = 0; i < ATTACKERS; i++)
        attack_leave(&attackers[i]);
    assert_int_equal(prlimit(attack.place.relay, RLIMIT_NOFILE, &before, NULL), 0);
    assert_true(place_talk(&attack.place, attack.place.public_port, NULL, NULL,
                           "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 62, NULL,
                           reply) > 0);
}

static void a_relay_that_stood_still_loses_nobody(void **state)
{
    struct load_figures figures;

    (void)state;
    assert_int_equal(kill(attack.place.relay, SIGSTOP), 0);
    load_rest(attack.honest, 3);
    assert_int_equal(kill(attack.place.relay, SIGCONT), 0);
    attack_honest_talk(0.5, &figures);
    attack_expect_honest_whole(&figures);
    attack.worst_p99_us = 0; /* whoever spoke meanwhile has waited */
}

/* ---- slow readers ---- */

static void a_receiver_that_reads_nothing_is_bounded_and_the_others_go_on(void **state)
{
    struct load_pattern pattern = {.kind = LOAD_PACED, .in_vain = true};
    struct load_figures figures;
    double before = server_resident_kb(&attack.relay);

    (void)state;
    load_stall(attack.honest, true);
    load_run(attack.honest, &pattern, 0, 3, NULL, NULL, NULL, &figures);
    assert_int_equal(figures.altered, 0);
    assert_true(server_resident_kb(&attack.relay) < before + attack_honest_count() * 8192.0);
    load_stall(attack.honest, false);
    load_rest(attack.honest, 2);
}

static void every_bound_of_the_list_was_counted(void **state)
{
    (void)state;
    attack_expect_counted(BOUNDS_ATTACK);
}

#define ATTACK(test) cmocka_unit_test_setup_teardown(test, attack_begin, attack_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(whoever_is_silent_or_dribbles_is_closed),
        ATTACK(a_flood_of_pings_is_closed),
        ATTACK(a_flood_of_empty_pieces_is_closed),
        ATTACK(a_flood_of_questions_about_the_log_is_put_off),
        ATTACK(a_flood_of_tiny_messages_is_closed),
        ATTACK(a_flood_of_joins_is_slowed_down),
        ATTACK(a_ping_between_the_pieces_of_a_message_is_answered_and_so_is_the_message),
        ATTACK(a_storm_of_handshakes_and_closes_is_borne),
        ATTACK(a_relay_without_descriptors_turns_away_and_goes_on),
        ATTACK(a_relay_that_stood_still_loses_nobody),
        cmocka_unit_test(
            a_receiver_that_reads_nothing_is_bounded_and_the_others_go_on), /* the last: pictures are lost */
        cmocka_unit_test(every_bound_of_the_list_was_counted),
    };
    return cmocka_run_group_tests(tests, attack_set_up, attack_tear_down);
}
