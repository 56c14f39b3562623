/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/relay_load_inside.h"

void load_times_add(struct load_times *times, uint64_t ns)
{
    unsigned power = ns < 64 ? 0 : 63 - (unsigned)__builtin_clzll(ns) - 5;
    size_t bucket = power ? power * 64 + (ns >> (power - 1) & 63) : (size_t)ns;

    if (bucket >= sizeof times->buckets / sizeof *times->buckets)
        bucket = sizeof times->buckets / sizeof *times->buckets - 1;
    times->buckets[bucket]++;
    times->count++;
    if (ns > times->max_ns)
        times->max_ns = ns;
}

double load_times_us(const struct load_times *times, double part)
{
    uint64_t wanted = (uint64_t)(part * (double)times->count), seen = 0;

    for (size_t i = 0; i < sizeof times->buckets / sizeof *times->buckets; i++) {
        seen += times->buckets[i];
        if (seen > wanted)
            return (i < 64 ? (double)i : (double)((uint64_t)(64 + i % 64) << (i / 64 - 1))) / 1000;
    }
    return (double)times->max_ns / 1000;
}
