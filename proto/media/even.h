/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/media/even.h - when to show which picture: as evenly as the line allows, at a small price in delay.
 *
 * Over a byte stream a lost packet holds up all pictures behind it; then they come at once. Held back by a part of the
 * worst lateness of the last seconds, those in between are shown further apart, and the standstill is shorter by that
 * much. More would make it smoother still and the hand in the picture later: a quarter, and never over 75 ms, was found
 * by measuring (tests/bench/line_sim.c). A line that is never late is given nothing.
 *
 * Where more than one picture is held back, the next should be here before the newest is due. If it is not, a
 * standstill has begun, and the newest is kept for it, by twice what is held back and never over 120 ms: two gaps where
 * there was one. That costs one picture in each standstill some delay, and the longest gap is shorter by as much.
 *
 * The owner shows each picture when it is due, in the order in which they came; the newest, while none follows it, not
 * before it is due alone. A picture that is late already is due at once. Any clocks: their offset cancels out.
 * Milliseconds; no errors.
 */
#ifndef PROTO_MEDIA_EVEN_H
#define PROTO_MEDIA_EVEN_H

#include <stdint.h>

enum {
    PROTO_EVEN_SPANS = 5, /* of 2 s: how long a lateness is remembered */
    PROTO_EVEN_SPAN_MS = 2000,
    PROTO_EVEN_MAX_MS = 75,
    PROTO_EVEN_ALONE_MAX_MS = 120,
};

struct proto_even {
    int64_t base_ms[PROTO_EVEN_SPANS], late_ms[PROTO_EVEN_SPANS]; /* of each span, newest first */
    int64_t span_ms;                                              /* when the newest began */
    int64_t captured_ms, due_ms, alone_ms;                        /* of the picture before */
};

void proto_even_init(struct proto_even *even);
/** A picture captured at `captured_ms` of the sender's clock is here; returns when it is due, `now_ms` at the earliest.
 */
int64_t proto_even_due_ms(struct proto_even *even, int64_t captured_ms, int64_t now_ms);
/** When the same picture is due while none has come after it; not before it is due. */
int64_t proto_even_alone_ms(const struct proto_even *even);
/** How much is held back now. */
int64_t proto_even_hold_ms(const struct proto_even *even);

#endif
