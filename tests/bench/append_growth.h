/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/append_growth.h - does the log cost the same when it is long? (part of bench_append) */
#ifndef TESTS_BENCH_APPEND_GROWTH_H
#define TESTS_BENCH_APPEND_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

/**
 * A log of `entries` against one of 10^3, in turn: appends, opening, memory, proofs. It lies in `keep`, where one that
 * an earlier run has made is used and goes on growing; NULL: it is made in `folder` and goes with that. `build_only`:
 * it is made, and nothing is measured, so that this may be done under eatmydata and beside other work.
 */
void bench_growth(const char *folder, const char *keep, uint64_t entries, bool build_only);

#endif
