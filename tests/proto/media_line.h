/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/proto/media_line.h - a line and a TCP connection over it, simulated in steps of a millisecond.
 *
 * One direction: a bottleneck with a rate, a drop-tail queue, random loss and a fixed delay, all of which may change at
 * given times; over it a byte stream with selective acknowledgement, loss detection by three later packets, tail probe
 * and time-out, and one of two congestion controls: after CUBIC (RFC 9438) or after BBR (pacing at the greatest rate
 * that was delivered). Messages come out whole and in order. It is a model to choose and to bound a sender by, no more.
 */
#ifndef TESTS_PROTO_MEDIA_LINE_H
#define TESTS_PROTO_MEDIA_LINE_H

#include <stdbool.h>
#include <stdint.h>

enum { ML_STEPS = 24 };

struct ml_step {
    int64_t from_ms;
    int64_t bps; /* 0: nothing passes */
    int64_t delay_ms;
    int loss_ppm;
};

struct ml_config {
    uint64_t seed;
    struct ml_step step[ML_STEPS]; /* by from_ms; the first from 0 */
    int steps;
    int64_t queue_bytes;
    bool bbr;
};

struct ml_line;
struct ml_line *ml_new(const struct ml_config *config);
/** Another connection through the bottleneck of `link`, which is stepped first and lives longer. */
struct ml_line *ml_share(struct ml_line *link, uint64_t seed, bool bbr);
void ml_free(struct ml_line *line);
/** A message of `bytes` is written to the stream now. `id` comes back from ml_next(). */
void ml_send(struct ml_line *line, uint32_t id, uint32_t bytes);
/** One millisecond passes. */
void ml_step(struct ml_line *line, int64_t now_ms);
/** A message that has arrived by now; false: none. */
bool ml_next(struct ml_line *line, uint32_t *id);
/** What waits in the bottleneck's queue, in milliseconds at its present rate. */
int64_t ml_queue_ms(const struct ml_line *line);
/** Bytes that were written and are not acknowledged. */
int64_t ml_unsent(const struct ml_line *line);
int64_t ml_rate_bps(const struct ml_line *line); /* at the last step */
uint64_t ml_random(uint64_t *state);

#endif
