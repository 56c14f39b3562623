/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/line_verdict.h - a row of figures against what its scenario asks for. */
#ifndef TESTS_BENCH_LINE_VERDICT_H
#define TESTS_BENCH_LINE_VERDICT_H

#include "tests/bench/line.h"
#include "tests/bench/line_sender.h"

/** The machine was not ours while it was taken: it counts for nothing. */
bool line_is_noisy(const struct line_figures *figures);
/** "reached", "MISSED: …", "noisy", "NOTHING", or what the row is for where nothing is asked. `cubic`: the companion's
 * under cubic over the same line; not ok: not measured. */
const char *line_verdict(const struct line_scenario *scenario, enum line_sender sender,
                         const struct line_figures *figures, const struct line_figures *cubic);

#endif
