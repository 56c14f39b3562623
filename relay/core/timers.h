/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/timers.h - what is due next, among many: a binary heap of timers that live in the things they wake.
 *
 * Room is reserved when such a thing is born, so that setting a timer cannot fail.
 */
#ifndef RELAY_CORE_TIMERS_H
#define RELAY_CORE_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "proto/util/time.h"

enum relay_timer_kind { RELAY_TIMER_PEER, RELAY_TIMER_ROOM };

struct relay_timer {
    int64_t at_ms;
    size_t place; /* in the heap, from 1; 0: not set */
    enum relay_timer_kind kind;
};

struct relay_timers {
    struct relay_timer **heap; /* owned; the timers are not */
    size_t count, owners, capacity;
};

PROTO_MUST_USE enum proto_err relay_timers_init(struct relay_timers *timers, size_t expected);
void relay_timers_free(struct relay_timers *timers);
/** One more thing has a timer. */
PROTO_MUST_USE enum proto_err relay_timers_join(struct relay_timers *timers);
/** It has none any more; unsets it. */
void relay_timers_leave(struct relay_timers *timers, struct relay_timer *timer);
void relay_timers_set(struct relay_timers *timers, struct relay_timer *timer, int64_t at_ms); /* PROTO_NEVER unsets */
/** The earliest one; NULL when none is set. */
struct relay_timer *relay_timers_first(const struct relay_timers *timers);

#endif
