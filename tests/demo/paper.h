/* SPDX-License-Identifier: Apache-2.0 */
/* tests/demo/paper.h - how the demo tells its story: numbered headings, short lines of 80 columns, three pictures. */
#ifndef TESTS_DEMO_PAPER_H
#define TESTS_DEMO_PAPER_H

#include <stdbool.h>
#include <stdint.h>

void paper_heading(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** One line, indented; longer ones are broken at spaces. */
void paper_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** A label of 13 columns and what belongs to it. */
void paper_item(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** What another program printed, as it is; at most `lines` lines of it (0: all). */
void paper_quote(const char *text, int lines);
/** "14:02:07.113" */
void paper_clock(char out[static 16], int64_t unix_ms);

/**
 * Draws camera.y4m, agent.png and the sealed bytes side by side, and writes camera.png and relay.png beside agent.png
 * in `folder`. false: a file is missing or no picture.
 */
bool paper_pictures(const char *folder, const char *camera_y4m, const char *sealed);

#endif
