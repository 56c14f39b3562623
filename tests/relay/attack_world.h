/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/relay/attack_world.h - a relay, honest sessions that talk to each other through it, and those who attack it.
 *
 * Twenty honest sessions, fifty in the long run. Between attack_begin() and attack_end() none of them may lose
 * anything, and afterwards the relay has as many descriptors as before and no more memory than the first attack found.
 */
#ifndef TESTS_RELAY_ATTACK_WORLD_H
#define TESTS_RELAY_ATTACK_WORLD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/bench/relay_load.h"
#include "tests/bench/relay_server.h"
#include "tests/relay/bounds.h"
#include "tests/relay/place.h"

extern struct attack {
    struct place place;
    struct load *honest;
    struct server relay; /* the same process, for its figures */
    double worst_p99_us; /* of any stretch of the attack */
} attack;

struct attacker {
    int fd;
    SSL *ssl; /* NULL: plain TCP */
};

struct attacker attack_knock(void);       /* TCP */
struct attacker attack_shake_hands(void); /* TLS */
struct attacker attack_open_socket(void); /* a WebSocket */
/** Asks for one in these words, and reads the whole head of the answer, which must agree. */
enum { ATTACK_ANSWER = 1024 };
void attack_upgrade(struct attacker *attacker, const char *request, char answer[static ATTACK_ANSWER]);
void attack_leave(struct attacker *attacker);
/** Has the relay ended this connection? Bytes that it still says are read and forgotten. */
bool attack_is_ended(struct attacker *attacker);
void attack_expect_ended(struct attacker *attackers, size_t count);
/** Says it, lets honest sessions talk, and reads what the relay says until it closes. */
void attack_ask(const void *request, size_t len, char reply[static PLACE_OUTPUT_BYTES]);

unsigned attack_honest_count(void);
/** Honest sessions talk meanwhile. */
void attack_honest_talk(double seconds, struct load_figures *figures);
void attack_expect_honest_whole(const struct load_figures *figures);
/** By the relay's metrics, which it takes once a second. */
bool attack_is_counted_soon(const char *bound);
/** Each bound that the list has for this test is. */
void attack_expect_counted(enum bounds_test test);
/** SIGHUP, and its end. `more`: a bound beside the settings of every attack; "": none. */
void attack_read_again(const char *more);

int attack_set_up(void **state);
int attack_tear_down(void **state);
int attack_begin(void **state);
int attack_end(void **state);

#endif
