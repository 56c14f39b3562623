/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/world.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec at;

    clock_gettime(clock, &at); /* cannot fail for these two clocks */
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

int64_t host_boot_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

struct proto_now host_now(void)
{
    return (struct proto_now){.mono_ms = read_ms(CLOCK_MONOTONIC), .unix_ms = read_ms(CLOCK_REALTIME)};
}

static void fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    randombytes_buf(out, len);
}

struct proto_random host_random(void)
{
    if (sodium_init() < 0) /* a program without randomness must not go on */
        abort();
    return (struct proto_random){.fill = fill};
}
