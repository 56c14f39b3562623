/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/line_world.h - the machines of one round: relay, agent and whoever sends, in their namespaces, with what
 * else goes over the line. What cannot be had ends the program, and with it whoever runs.
 */
#ifndef TESTS_BENCH_LINE_WORLD_H
#define TESTS_BENCH_LINE_WORLD_H

#include "tests/bench/line.h"
#include "tests/bench/line_sender.h"
#include "tests/demo/child.h"
#include "tests/network/bulk.h"

enum { LINE_WAIT_MS = 20000, LINE_SESSIONS = 2 };

struct line_world {
    char bin[512], work[64];
    enum line_sender sender; /* of this round */
    const char *kbps;        /* NULL: as the sender likes */
    double bare_kbps;        /* of the bare pipe */
    struct net net;
    struct net_bulk bulk;
    struct demo_children children;
    struct demo_child *relay, *agent[LINE_SESSIONS], *customer[LINE_SESSIONS]; /* borrowed from children */
};
extern struct line_world line_world;

void line_must(bool ok, const char *what);
/** "WORK/name"; valid until the 16th call after. */
const char *line_at(const char *name);
/** Where --stats of session `n` goes. */
const char *line_stats(int n);

/** Once: a folder, an organisation, clips, a voice. */
void line_world_found(void);
/** In session, a first picture seen, and beside it what the scenario wants. */
void line_world_up(const struct line_scenario *scenario, uint64_t seed);
void line_world_change(const struct line_change *change);
/** Sessions are over, files whole; the line and what it counted are still there. */
void line_world_finish(void);
void line_world_down(void);
/** All of it, the folder too. */
void line_world_clear(void);

#endif
