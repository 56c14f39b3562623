/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/util/time.h - time as an argument.
 *
 * Nothing in proto or relay/core reads a clock. Every entry point takes `now`: `mono_ms` never goes back and measures
 * durations and deadlines; `unix_ms` is what people call the time, may jump, and only ever labels things.
 */
#ifndef PROTO_UTIL_TIME_H
#define PROTO_UTIL_TIME_H

#include <stdint.h>

struct proto_now {
    int64_t mono_ms; /* milliseconds of any monotonic clock; the same one throughout */
    int64_t unix_ms; /* milliseconds since 1970-01-01 UTC */
};

#define PROTO_NEVER INT64_MAX /* a deadline that is not set */

static inline int64_t proto_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
