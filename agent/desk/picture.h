/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/picture.h - a customer's picture as an agent has it: decoded, measured, the last one kept.
 *
 * The bytes come from a stranger. Whatever they are, the answer is a picture or the wish for a key frame, never a crash
 * and never more memory than a picture of AGENT_DESK_PICTURE_MAX a side needs.
 */
#ifndef AGENT_DESK_PICTURE_H
#define AGENT_DESK_PICTURE_H

#include "proto/util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_DESK_PICTURE_MIN 16
#define AGENT_DESK_PICTURE_MAX 4096 /* pixels a side */
#define AGENT_DESK_PICTURE_UNTIMED INT64_MIN /* capture time not known yet: the clocks of the ends were not compared */

/* An I420 picture. Planes are borrowed; chroma planes are (width+1)/2 by (height+1)/2. */
struct agent_desk_i420 {
    const uint8_t *plane[3]; /* Y, U, V */
    int stride[3];           /* bytes */
    int width, height;       /* pixels; 0: there is no picture */
};

struct agent_desk_picture_stats {
    uint64_t frames;   /* decoded */
    uint64_t bytes;    /* fed */
    uint64_t broken;   /* packets that did not decode */
    uint64_t skipped;  /* packets left out while waiting for a key frame */
    int width, height; /* of the last picture */
    double fps, kbps;
    double latency_p50_ms, latency_p95_ms, latency_max_ms; /* capture to decoded; -1 while none is known */
};

enum agent_desk_picture_step {
    AGENT_DESK_PICTURE_SHOWN,     /* decoded: the last picture is this one */
    AGENT_DESK_PICTURE_NEEDS_KEY, /* left out or broken: nothing more is decoded until a key frame comes; ask for one */
};

struct agent_desk_picture;

PROTO_MUST_USE enum proto_err agent_desk_picture_new(struct agent_desk_picture **out);
/**
 * One VP8 packet, in order. `capture_ms` and `now_ms` are on the same clock, the agent's monotonic one; a capture time
 * after `now_ms` counts as latency 0, UNTIMED as none. NEEDS_KEY also sets needs_key(), which holds until a key frame decodes.
 */
PROTO_MUST_USE enum agent_desk_picture_step agent_desk_picture_feed(struct agent_desk_picture *picture,
                                                                    const uint8_t *bytes, size_t len,
                                                                    int64_t capture_ms, int64_t now_ms);
/** What feed has just shown took this long to decode: its latency is to the decoded picture, not to the packet. */
void agent_desk_picture_took(struct agent_desk_picture *picture, int64_t decode_ms);
/** A picture of layer 0 is missing: wait for a key frame. */
void agent_desk_picture_lost(struct agent_desk_picture *picture);
bool agent_desk_picture_needs_key(const struct agent_desk_picture *picture); /* true from the start */
/** The last picture, kept after the stream ends; width 0 before the first. Borrowed until the next feed or free. */
struct agent_desk_i420 agent_desk_picture_last(const struct agent_desk_picture *picture);
/** The second before `now_ms`: frames, bytes, broken and skipped are of that second too. */
void agent_desk_picture_second(const struct agent_desk_picture *picture, int64_t now_ms,
                               struct agent_desk_picture_stats *stats);
/** Everything since new(); fps and kbps are over the time from the first packet to the last. Latency to 1 ms, to 8 s.
 */
void agent_desk_picture_session(const struct agent_desk_picture *picture, struct agent_desk_picture_stats *stats);
void agent_desk_picture_free(struct agent_desk_picture *picture); /* NULL is fine; the last picture is wiped */

#endif
