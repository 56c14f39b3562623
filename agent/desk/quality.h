/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/quality.h - the picture's figures in words, and one grade for the eye.
 */
#ifndef AGENT_DESK_QUALITY_H
#define AGENT_DESK_QUALITY_H

#include "agent/desk/view.h"

#define AGENT_QUALITY_BYTES 128

enum agent_quality { AGENT_QUALITY_NONE, AGENT_QUALITY_GOOD, AGENT_QUALITY_FAIR, AGENT_QUALITY_POOR };

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
