/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/histogram.h - how long something took, in bounds that grow: what a metric shows of it, and no more. */
#ifndef RELAY_CORE_HISTOGRAM_H
#define RELAY_CORE_HISTOGRAM_H

#include <stdint.h>

enum { RELAY_HISTOGRAM_BOUNDS = 14 };

/* Upper bounds in milliseconds; above the last is counted in `count` alone. */
static const int64_t relay_histogram_bounds_ms[RELAY_HISTOGRAM_BOUNDS] = {1,   2,   5,    10,   20,    50,    100,
                                                                          200, 500, 1000, 5000, 20000, 60000, 300000};

struct relay_histogram {
    uint64_t within[RELAY_HISTOGRAM_BOUNDS], count; /* within: up to this bound and above the one before */
    int64_t sum_ms;
};

static inline void relay_histogram_add(struct relay_histogram *histogram, int64_t ms)
{
    ms = ms < 0 ? 0 : ms;
    histogram->count++;
    histogram->sum_ms += ms;
    for (int i = 0; i < RELAY_HISTOGRAM_BOUNDS; i++)
        if (ms <= relay_histogram_bounds_ms[i]) {
            histogram->within[i]++;
            return;
        }
}

#endif
