/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/media/rate.h - how many bits a second the picture may have: a delay-based controller over proto/media/line.h.
 *
 *      STARTING --queue--> DRAINING --queue gone--> GROWING --queue--> DRAINING …
 *
 * It grows while frames arrive without a standing queue, fast at the start, up to what large frames show that the line
 * lets through; slowly where the line was full not long ago, faster the longer it has been well, and at once where
 * large frames come through as only a wider line lets them; on a queue it takes what was delivered for what the line
 * carries and goes below that, the deeper the queue the further, until the queue is gone. Silence is answered by less,
 * but not by ever less: a line that carries nothing says nothing of what it will carry when it is back. A lost packet
 * is no queue (line.h), so it costs nothing. It does not grow past what was in fact sent: a picture that needs little
 * says nothing about the line.
 *
 * Of the field's own it is nearest to SCReAM (RFC 8298: a target for the queue's delay, a larger step the longer all is
 * well) with the multiplicative decrease to the delivered rate of GCC (draft-ietf-rmcat-gcc-02, 5.5). The trendline of
 * GCC and NADA (RFC 8698) were tried over the same simulated lines: tests/bench/line_sim.c prints the comparison.
 * Whole numbers throughout.
 */
#ifndef PROTO_MEDIA_RATE_H
#define PROTO_MEDIA_RATE_H

#include "proto/media/line.h"

enum {
    PROTO_RATE_MIN_BPS = 24000,
    PROTO_RATE_EVERY_MS = 50, /* how often it is worth thinking again */
};

enum proto_rate_state { PROTO_RATE_STARTING, PROTO_RATE_GROWING, PROTO_RATE_DRAINING };

struct proto_rate {
    enum proto_rate_state state;
    int64_t bps, max_bps;
    int64_t capacity_bps;             /* what the line carried when it was full last; 0: never was */
    int64_t step_ms, cut_ms, well_ms; /* when: thought last, cut last, the last queue had gone */
    /* what was sent, to know whether the picture uses its rate: bits of the last second in tenths */
    int64_t sent_bits[10], sent_ms;
    unsigned sent_at;
    unsigned silent_cuts; /* since anything was acknowledged */
    int64_t relay_ms;     /* what the relay said last that waits there */
    bool relay_dropped;
};

void proto_rate_init(struct proto_rate *rate, int64_t start_bps, int64_t max_bps, int64_t now_ms);
/** The connection is a new one: the line may be another. Keeps most of the rate, forgets what it knew. */
void proto_rate_new_line(struct proto_rate *rate, int64_t now_ms);
void proto_rate_sent(struct proto_rate *rate, uint32_t bytes, int64_t now_ms);
/** The relay's report: so much waits for the receiver, and messages were left out or not. */
void proto_rate_relay(struct proto_rate *rate, int64_t queued_ms, bool dropped);
/** Thinks again when it is time. True: `bps` changed. */
bool proto_rate_step(struct proto_rate *rate, const struct proto_line *line, int64_t now_ms);

#endif
