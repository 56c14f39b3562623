/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/line_noise.h - a timer of 1 kHz on each core, and how late it is; what programs take that were not
 * started here. */
#ifndef TESTS_BENCH_LINE_NOISE_H
#define TESTS_BENCH_LINE_NOISE_H

struct line_noise;
struct line_noise *line_noise_start(void); /* NULL: cannot be watched */
/** p99 of the worst core; -1 for NULL. Others: as a share of one core. Frees it. */
double line_noise_end_ms(struct line_noise *noise, double *others_percent);

#endif
