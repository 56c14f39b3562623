/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/network/three.h - the real programs on the three machines of net.h: a relay, an agent, a companion, in session.
 */
#ifndef TESTS_NETWORK_THREE_H
#define TESTS_NETWORK_THREE_H

#include "tests/demo/child.h"
#include "tests/network/net.h"
#include "tests/proto/test.h"

enum { THREE_WAIT_MS = 40000, THREE_RATE = 48000 };

struct three {
    char work[64]; /* removed by three_tear_down() */
    struct net net;
    struct demo_children children;
    struct demo_child *relay, *agent, *client; /* borrowed from children */
    bool can_speak;                            /* speech.wav is there, else only tone.wav */
};
extern struct three three;

/** Fails the test, and ends whoever runs. */
#define THREE_MUST(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            three_clear();                                                                                             \
            fail_msg("%s", #condition);                                                                                \
        }                                                                                                              \
    } while (0)

int three_set_up(void **state); /* an organisation, a relay's folder, a clip, a voice; nothing where net_cannot() */
int three_tear_down(void **state);
void three_clear(void);
/** "WORK/name"; valid until the 24th call after. */
const char *three_path(const char *name);
/** On the addresses of net.h, with relay/relay.ini when there is one. */
void three_start_relay(void);
/** In session, both camera and microphone granted, a first picture seen. `voice`: a sound file; the
 *  agent's is "heard.wav", its --stats "stats", the client's "sent". Called again: a
 *  second session beside the first, and agent and client are the second's. */
void three_start_ends(const char *voice);
/** Said at each end, it arrives at the other, and with it all that was sent before. */
void three_talk(const char *words);

#endif
