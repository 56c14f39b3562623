/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/relay_line_inside.h - what the parts of a line share. */
#ifndef TESTS_BENCH_RELAY_LINE_INSIDE_H
#define TESTS_BENCH_RELAY_LINE_INSIDE_H

#include "tests/bench/relay_line.h"

/** Ends the program where there is no memory. */
void line_bytes_put(struct line_bytes *bytes, const void *from, size_t len);
void line_bytes_free(struct line_bytes *bytes);

/** Reads the line's socket, and writes into its `out`. */
BIO_METHOD *line_between(void);
/** Its `out` was sent. */
void line_out_empty(struct line *line);
/** What was read of it is nobody's. */
void line_forget_taken(const struct line *line);

/** `at` to `end` are bytes of frames; what begins is kept. May close the line. */
void line_take_frames(struct line *line, const uint8_t *at, const uint8_t *end);

#endif
