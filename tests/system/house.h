/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/house.h - an organisation, a relay and people at both ends, all of them real programs over real TLS.
 *
 * Each test has a house of its own, in a folder of its own, with a relay on ports of its own. Nothing sleeps: whoever
 * waits, waits for an event, and each wait ends in a failure that shows what every program said last. When a test is
 * over, house_teardown() ends all, verifies the log, reads the minutes of each session, and looks for the words of a
 * sanitizer, so that every scenario ends with the same questions.
 */
#ifndef TESTS_SYSTEM_HOUSE_H
#define TESTS_SYSTEM_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <signal.h>

#include "tests/demo/child.h"

#define HOUSE_WAIT_MS 20000 /* generous: a loaded machine is no failure */
#define HOUSE_PATH_BYTES 512
#define HOUSE_PATHS 64
#define HOUSE_SETTINGS "drain_s = 1\n" /* of relay.ini: whoever was killed in a test does not come back */

struct house {
    char dir[64];                          /* removed by house_teardown() */
    struct demo_children children;         /* everybody who was started */
    struct demo_child *relay;              /* borrowed from `children`; NULL: none */
    char host[64], staff[64];              /* HOST:PORT of both ends */
    char link[512], code[32], session[64]; /* of the newest invitation */
    unsigned relays;                       /* how often one was started */
    bool log_is_foreign;                   /* the test damages what the audit would read */
};

/* ---- setup and teardown for cmocka; *state is the house ---- */

int house_setup(void **state); /* an organisation, a running relay */
int house_setup_without_relay(void **state);
int house_teardown(void **state);
#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
#define HOUSE_TEST_WITHOUT_RELAY(name) cmocka_unit_test_setup_teardown(name, house_setup_without_relay, house_teardown)

/* ---- people ---- */

/** "D/name"; valid until the HOUSE_PATHS-th call after. */
const char *house_path(const struct house *house, const char *name);
/** Starts the relay with its public end at HOST:PORT (NULL: a port of its own), and reads its addresses. */
void house_start_relay(struct house *house, const char *listen);
/** The same again: same folder, same ports. */
void house_restart_relay(struct house *house);
void house_stop_relay(struct house *house);
/** It does not start on its folder: one line with this word and with the way out. */
void house_relay_refuses(struct house *house, const char *word);
/** The calendar of all programs that are started from now on is ahead by so many seconds, also when it is set again. */
void house_set_calendar(const struct house *house, int64_t ahead_s);
/** A folder or file of the house in place of another. */
void house_copy(struct house *house, const char *from, const char *to);
/** An agent without a window, with D/org/staff/ID, --json and `more` (ended by NULL). Does not wait. */
struct demo_child *house_agent_start(struct house *house, const char *name, const char *id, const char *const *more);
/** The same; waits for its invitation, which is left in house->link, code and session. */
struct demo_child *house_agent_with(struct house *house, const char *name, const char *id, const char *const *more);
/** The same, with its pictures in D/NAME.png. */
struct demo_child *house_agent(struct house *house, const char *name, const char *id);
/** A companion with the sample clip as its camera, --json and `more` (ended by NULL). Does not wait. */
struct demo_child *house_client(struct house *house, const char *name, const char *const *more);
/** The same by house->link; waits until both ends say "joined". */
struct demo_child *house_join(struct house *house, struct demo_child *agent, const char *name);
/** Asked, granted and, for the camera, seen: the agent has its first picture. */
void house_grant(struct house *house, struct demo_child *agent, struct demo_child *client, const char *capability);
/** Something said arrives at each end: all that was sent before it has arrived as well. */
void house_talk(struct house *house, struct demo_child *agent, struct demo_child *client);
/** The agent ends; both programs leave with code 0. */
void house_end(struct house *house, struct demo_child *agent, struct demo_child *client);
/** An agent, a companion, a camera that is seen. */
void house_live(struct house *house, struct demo_child **agent, struct demo_child **client);

/* ---- what they say ---- */

/** The next event of this name with these texts (pairs, ended by NULL). Fails the test when it does not come. */
json_t *house_await(struct house *house, struct demo_child *child, const char *event, ...) __attribute__((sentinel(0)));
/** The next event of that name, in which `field` is this number or more. */
json_t *house_await_number(struct house *house, struct demo_child *child, const char *event, const char *field,
                           int64_t least);
/** Forgets what has come so far, so that the next wait is for something new. */
void house_forget(struct demo_child *child, const char *event);
/** Ends the program by a signal (0: waits), and expects this exit code. */
void house_expect_exit(struct house *house, struct demo_child *child, int number, int code);
/** A sanitizer had nothing to say of those who have ended; they make room for others. */
void house_forget_ended(struct house *house);
/** Fails the test, and shows everybody's last words. */
void house_fail(struct house *house, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
const char *house_text(const json_t *event, const char *field); /* "" when it is not there */
int64_t house_number(const json_t *event, const char *field);
/** The message of an error has all these words, ended by NULL. */
void house_says(struct house *house, const char *message, ...) __attribute__((sentinel(0)));

/* ---- a home that speaks JSON on a socket ---- */

/** Connects to D/NAME, on which a companion waits (--state json:D/NAME); the descriptor is the caller's to close. */
int house_home(const struct house *house, const char *name);
/** One line of it. */
void house_home_says(int home, const char *line);
/** The best proposal of the next "guides" event in which it is this guide. */
json_t *house_await_proposal(struct house *house, struct demo_child *agent, const char *guide);

/* ---- programs that are run to their end ---- */

/** Expects this exit code; what was printed, without stderr told apart, is the caller's to free. */
char *house_run(struct house *house, int code, const char *const *argv);
/** Expects this exit code and one line alone, with all these words (ended by NULL) in it. */
void house_refused(struct house *house, int code, const char *const *argv, ...) __attribute__((sentinel(0)));
/** handhold-audit with `words`, as the officer over the staff end or (`dir`) on the relay's folder; as house_run. */
char *house_officer(struct house *house, int code, bool dir, const char *const *words);
/** handhold-audit verify, list, and show for each session: all of them are content. */
void house_audit(struct house *house);

void house_write(const struct house *house, const char *name, const void *bytes, size_t len);
/** A port of 127.0.0.1 that nobody listens on. */
unsigned house_free_port(void);

#endif
