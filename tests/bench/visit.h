/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/visit.h - one whole visit for a benchmark: a throw-away organisation, a relay, an agent without a window
 * and a companion, as real processes on this machine. Whatever fails ends the program with words.
 */
#ifndef TESTS_BENCH_VISIT_H
#define TESTS_BENCH_VISIT_H

#include "tests/demo/child.h"

enum { BENCH_WAIT_MS = 15000 };

struct bench_visit {
    char bin[512], work[64];
    struct demo_children children;
    struct demo_child *relay, *agent, *companion; /* borrowed from children; NULL: not started */
    char staff_url[256], public_url[256], link[512];
};

/** Organisation, relay, agent; the link is there then. Not copied or moved afterwards. */
void bench_visit_open(struct bench_visit *visit);
/** The companion with these options (ended by NULL), until both ends have joined. */
void bench_visit_join(struct bench_visit *visit, const char *const *options);
/** The agent asks, the customer agrees. Monotonic ms of the customer's tap. */
double bench_visit_grant(struct bench_visit *visit, const char *capability);
/** work/name; valid for the next seven calls. */
const char *bench_visit_at(struct bench_visit *visit, const char *name);
void bench_visit_must(struct bench_visit *visit, bool ok, const char *what);
void bench_visit_close(struct bench_visit *visit);

double bench_mono_ms(void);

#endif
