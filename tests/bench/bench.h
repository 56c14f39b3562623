/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/bench.h - how figures are taken and printed: rounds of ours and of the peer in turn, medians, one table.
 *
 * A line is "name  ours  peer  ratio  goal  result"; lines that begin with # explain. Both sides of a ratio are
 * measured in the same run, so a slow or busy machine slows both. Noise is how far the middle eight tenths of the
 * rounds lie apart.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_ROUNDS_MAX = 4096 };

struct bench_series {
    double values[BENCH_ROUNDS_MAX];
    size_t count;
};
void bench_add(struct bench_series *series, double value);
/** `part` 0.5 is the median. Sorts. 0 when empty. */
double bench_quantile(struct bench_series *series, double part);
double bench_median(struct bench_series *series);
/** (p90 - p10) / median. */
double bench_noise(struct bench_series *series);

double bench_cpu_us(void);  /* of this process, CLOCK_PROCESS_CPUTIME_ID */
double bench_wall_us(void); /* monotonic */

void bench_head(void);
/** A ratio of two medians against a goal. */
void bench_ratio(const char *name, struct bench_series *ours, struct bench_series *peer, double goal);
/** A figure that must not be above `goal`; no peer. */
void bench_limit(const char *name, double ours, double goal);
/** A figure that must not be above a peer's of the same run. */
void bench_against(const char *name, double ours, double peer);
void bench_remark(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Ends the program with 1 after saying what cannot be run. */
void bench_cannot(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
