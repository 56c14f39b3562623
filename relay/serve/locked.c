/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/locked.h"

#include <pthread.h>
#include <sodium.h>
#include <stdint.h>

/* Loading is rare, so the first gap that fits is looked for from the beginning. What is taken is known beside the
 * bytes. */
enum { PAGE_BYTES = 4096, UNIT_BYTES = 64, UNITS = SERVE_LOCKED_BYTES / UNIT_BYTES };

_Alignas(PAGE_BYTES) uint8_t serve_locked_bytes[SERVE_LOCKED_BYTES];
static bool ready;
static struct {
    pthread_mutex_t mutex;
    uint16_t units[UNITS]; /* of the block that begins here; 0: none does */
    size_t used;
} locked = {.mutex = PTHREAD_MUTEX_INITIALIZER};

bool serve_locked_set_up(void)
{
    ready = true;
    return !sodium_mlock(serve_locked_bytes, sizeof serve_locked_bytes); /* which leaves it out of dumps, too */
}

/* The first of `count` free units in a row; UNITS: there are none. */
static size_t find(size_t count)
{
    size_t at = 0, end = 0;

    while (end < UNITS && end - at < count) {
        if (locked.units[end])
            at = end += locked.units[end];
        else
            end++;
    }
    return end - at >= count ? at : UNITS;
}

void *serve_locked_take(size_t size)
{
    size_t count = size / UNIT_BYTES + 1, at;

    if (!ready || count > UNITS)
        return NULL;
    pthread_mutex_lock(&locked.mutex);
    at = find(count);
    if (at < UNITS) {
        locked.units[at] = (uint16_t)count;
        locked.used += count * UNIT_BYTES;
    }
    pthread_mutex_unlock(&locked.mutex);
    return at < UNITS ? serve_locked_bytes + at * UNIT_BYTES : NULL;
}

static size_t place_of(const void *block)
{
    return ((uintptr_t)block - (uintptr_t)serve_locked_bytes) / UNIT_BYTES;
}

size_t serve_locked_size(const void *block)
{
    return (size_t)locked.units[place_of(block)] * UNIT_BYTES;
}

void serve_locked_give(void *block)
{
    pthread_mutex_lock(&locked.mutex);
    size_t size = serve_locked_size(block);

    sodium_memzero(block, size);
    locked.units[place_of(block)] = 0;
    locked.used -= size;
    pthread_mutex_unlock(&locked.mutex);
}

size_t serve_locked_used(void)
{
    return locked.used;
}
