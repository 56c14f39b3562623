/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/timers.h"

#include <assert.h>
#include <stdlib.h>

enum proto_err relay_timers_init(struct relay_timers *timers, size_t expected)
{
    *timers = (struct relay_timers){.heap = calloc(expected + 1, sizeof(struct relay_timer *)), .capacity = expected};
    return timers->heap ? PROTO_OK : PROTO_ERR_NOMEM;
}

void relay_timers_free(struct relay_timers *timers)
{
    free(timers->heap);
    *timers = (struct relay_timers){0};
}

enum proto_err relay_timers_join(struct relay_timers *timers)
{
    if (timers->owners == timers->capacity) { /* only sessions found at the start can pass the expected number */
        size_t capacity = 2 * timers->capacity + 16;
        struct relay_timer **heap = realloc(timers->heap, (capacity + 1) * sizeof *heap);

        if (!heap)
            return PROTO_ERR_NOMEM;
        timers->heap = heap;
        timers->capacity = capacity;
    }
    timers->owners++;
    return PROTO_OK;
}

static void put(struct relay_timers *timers, size_t place, struct relay_timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void sift(struct relay_timers *timers, struct relay_timer *timer)
{
    size_t place = timer->place;

    for (; place > 1 && timers->heap[place / 2]->at_ms > timer->at_ms; place /= 2)
        put(timers, place, timers->heap[place / 2]);
    for (size_t child; (child = 2 * place) <= timers->count; place = child) {
        if (child < timers->count && timers->heap[child + 1]->at_ms < timers->heap[child]->at_ms)
            child++;
        if (timers->heap[child]->at_ms >= timer->at_ms)
            break;
        put(timers, place, timers->heap[child]);
    }
    put(timers, place, timer);
}

static void unset(struct relay_timers *timers, struct relay_timer *timer)
{
    size_t place = timer->place;

    if (!place)
        return;
    struct relay_timer *last = timers->heap[timers->count--];
    timer->place = 0;
    if (last == timer)
        return;
    put(timers, place, last);
    sift(timers, last);
}

void relay_timers_leave(struct relay_timers *timers, struct relay_timer *timer)
{
    unset(timers, timer);
    timers->owners--;
}

void relay_timers_set(struct relay_timers *timers, struct relay_timer *timer, int64_t at_ms)
{
    timer->at_ms = at_ms;
    if (at_ms == PROTO_NEVER) {
        unset(timers, timer);
        return;
    }
    if (!timer->place) {
        assert(timers->count < timers->capacity);
        put(timers, ++timers->count, timer);
    }
    sift(timers, timer);
}

struct relay_timer *relay_timers_first(const struct relay_timers *timers)
{
    return timers->count ? timers->heap[1] : NULL;
}
