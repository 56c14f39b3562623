/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/quality.h - the picture's figures in words, one grade for the eye, and how it was in the last minute.
 */
#ifndef AGENT_DESK_QUALITY_H
#define AGENT_DESK_QUALITY_H

#include "agent/desk/picture.h"

#define AGENT_QUALITY_BYTES 160
#define AGENT_QUALITY_SECONDS 60u
#define AGENT_QUALITY_FPS_FULL 30.0 /* so many pictures a second fill the graph's height */

enum agent_quality { AGENT_QUALITY_NONE, AGENT_QUALITY_GOOD, AGENT_QUALITY_FAIR, AGENT_QUALITY_POOR };

/* The last minute, second by second. All zero is empty. */
struct agent_quality_past {
    struct {
        enum agent_quality grade;
        double fps;
    } second[AGENT_QUALITY_SECONDS]; /* a ring: second n is at n % SECONDS */
    uint64_t count;                  /* ever */
};

void agent_quality_add(struct agent_quality_past *past, const struct agent_desk_picture_stats *stats);
/** Second `ago` before the newest, 0 the newest. False: the minute does not reach so far back. */
bool agent_quality_ago(const struct agent_quality_past *past, unsigned ago, enum agent_quality *grade, double *fps);
/** Seconds of this grade in the last minute. */
unsigned agent_quality_seconds(const struct agent_quality_past *past, enum agent_quality grade);

/** Of the last second. NONE: no picture moved. */
enum agent_quality agent_quality_grade(const struct agent_desk_picture_stats *stats);
/** "Good": message id. */
const char *agent_quality_words(enum agent_quality quality);
/** Why it is not good, message id; "" when it is. */
const char *agent_quality_reason(const struct agent_desk_picture_stats *stats);
/** "1280×720 · 30 fps · 1.4 Mbit/s · 68 ms". Figures and units alone: it needs no translation. */
void agent_quality_figures(const struct agent_desk_picture_stats *stats, char out[static AGENT_QUALITY_BYTES]);
/** "4 s", "2 min", "1 h 5 min". */
void agent_quality_span(int64_t ms, char out[static 32]);

#endif
