/* SPDX-License-Identifier: Apache-2.0 */
/* tests/relay/serve_world.h - one organisation for all tests of a program; each test starts its own relay. */
#ifndef TESTS_RELAY_SERVE_WORLD_H
#define TESTS_RELAY_SERVE_WORLD_H

#include "tests/relay/line_end.h"
#include "tests/relay/place.h"

extern struct place place;
extern struct host_loop *loop;
extern const handhold_ToRelay serve_staff_hello;

int serve_set_up(void **state);
int serve_tear_down(void **state);
int serve_start(void **state);
int serve_stop(void **state); /* by SIGTERM, in order, when one runs */
#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, serve_start, serve_stop)
#define WITHOUT(test) cmocka_unit_test_teardown(test, serve_stop)

/** Of the stored log; 0 while there is none. */
int serve_count_entries(void);
/** Live, for the next start to find. */
void serve_begin_session(struct line_end *agent, struct line_end *customer);
/** Where data/relay.db has the first page of a table or an index. */
long serve_place_of_table(const char *name);
/** GET path from that port; the length of the reply, as place_talk(). */
int serve_get(unsigned port, const char *sni, const char *host, const char *identity, const char *path,
              char reply[static PLACE_OUTPUT_BYTES]);
/** It is answered with these words. */
void serve_expect(unsigned port, const char *identity, const char *path, const char *answer);
/** An agent, anna, who has opened a session. */
void serve_open_session(struct line_end *end, handhold_Opened *opened);
/** A customer who has joined it; fills the key that the agent is to name. */
void serve_join(struct line_end *customer, const handhold_Opened *opened, uint8_t session_key[static 32]);

#endif
