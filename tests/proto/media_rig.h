/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/proto/media_rig.h - a camera, an encoder that is only sizes, proto/media/send.h, a simulated line there and
 * another for the acknowledgements back; beside the picture a voice, in the same stream. One run, one row of figures.
 */
#ifndef TESTS_PROTO_MEDIA_RIG_H
#define TESTS_PROTO_MEDIA_RIG_H

#include "proto/media/even.h"
#include "proto/media/playout.h"
#include "proto/media/send.h"
#include "proto/media/voice.h"
#include "tests/proto/media_line.h"

enum { RIG_CODEC_MS = 9, RIG_FRAME_MS = 33, RIG_MAX_FRAMES = 30000, RIG_BAD_MS = 500 };

/* Another controller in place of proto/media/rate.h: it is told the same and answers with bits a second. */
struct rig_controller {
    const char *name;
    void *(*make)(int64_t start_bps, int64_t max_bps);
    void (*sent)(void *c, uint32_t bytes, int64_t now_ms);
    void (*acked)(void *c, int64_t sent_ms, int64_t arrival_ms, uint32_t bytes, int64_t now_ms);
    int64_t (*bps)(void *c, int64_t now_ms);
};

/* What else goes over the line: another session the same way, or TCP (CUBIC) with as much as it can, either way. */
enum rig_beside { RIG_ALONE, RIG_BESIDE_SESSION, RIG_BESIDE_UPLOAD, RIG_BESIDE_DOWNLOAD };

struct rig_config {
    struct ml_config line;
    int64_t run_ms, from_ms, to_ms; /* figures are of the frames captured in between; to 0: all from there */
    int64_t back_ms;                /* the line is good again from then on; 0: it never was not */
    int need_percent;               /* of the rate that the picture needs: 100; less: a table that does not move */
    bool voice;                     /* somebody talks, over the same stream */
    enum rig_beside beside;
    int64_t beside_from_ms;
    const struct rig_controller *controller; /* NULL: proto/media/rate.h */
};

struct rig_result {
    int64_t p50, p95, p99, worst; /* capture to shown, ms: decoded, and held back by proto/media/even.h */
    int64_t gap;                  /* longest between two frames that were shown */
    int64_t gap_p95;
    int bad_s;             /* longest time in which the p95 of each second was over RIG_BAD_MS, or nothing came */
    double fps, kbps, use; /* use: of what the line could carry, 0..1 */
    int64_t queue_p50, queue_p95; /* what waited in the line's queue, ms */
    int64_t unsent_max_ms;        /* the oldest frame on its way, at the worst */
    int rung_p50;                 /* of the ladder */
    int64_t full_size_ms;         /* when rung 0 was first reached and kept for a second; -1 never */
    int64_t again_ms;             /* the same from back_ms on, after it */
    int64_t voice_gap_ms;         /* of a voice over the same stream: the longest time without a packet to play */
    double voice_missing;         /* part of its time in which none was there, 0..1 */
};

void rig_run(const struct rig_config *config, struct rig_result *out);
/** `other`: of the session beside; zeroes where it is none. */
void rig_run_beside(const struct rig_config *config, struct rig_result *out, struct rig_result *other);

#endif
