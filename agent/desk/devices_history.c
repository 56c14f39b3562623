/* SPDX-License-Identifier: Apache-2.0 */
/* What each number was in the course of the session: one value a second, in a ring that grows and then forgets. */
#include <stdlib.h>

#include "agent/desk/devices_inside.h"

enum { FIRST_SAMPLES = 16, EVERY_MS = 1000 };

static bool grow(struct agent_desk_devices *d, struct agent_desk_ring *ring)
{
    uint32_t room = ring->room ? ring->room * 2 : FIRST_SAMPLES;
    struct agent_desk_sample *more;

    room = room < AGENT_DESK_SAMPLES_MAX ? room : AGENT_DESK_SAMPLES_MAX;
    if (room == ring->room || d->history_bytes + (room - ring->room) * sizeof *more > AGENT_DESK_HISTORY_BYTES)
        return false;
    more = malloc(room * sizeof *more);
    if (!more)
        return false;
    for (uint32_t i = 0; i < ring->count; i++)
        more[i] = ring->samples[(ring->first + i) % ring->room];
    free(ring->samples);
    d->history_bytes += (room - ring->room) * sizeof *more;
    *ring = (struct agent_desk_ring){more, room, 0, ring->count};
    return true;
}

void agent_desk_devices_remember(struct agent_desk_devices *d, struct agent_desk_value *p, int64_t mono_ms)
{
    struct agent_desk_ring *ring = &p->ring;
    struct agent_desk_sample sample = {(uint32_t)(mono_ms - d->begun_ms), (float)p->number};
    struct agent_desk_sample *last = ring->count ? &ring->samples[(ring->first + ring->count - 1) % ring->room] : NULL;

    if (last && sample.at_ms - last->at_ms < EVERY_MS) {
        last->value = sample.value; /* the newest of each second */
        return;
    }
    if (ring->count == ring->room && !grow(d, ring)) {
        if (!ring->room)
            return;
        ring->first = (ring->first + 1) % ring->room;
        ring->count--;
    }
    ring->samples[(ring->first + ring->count++) % ring->room] = sample;
}

size_t agent_desk_devices_history(const struct agent_desk_devices *d, const char *device, const char *name,
                                  struct agent_desk_sample *out, size_t room)
{
    size_t at = agent_desk_devices_find(d, device);
    const struct agent_desk_value *p = at == SIZE_MAX ? NULL : agent_desk_devices_find_value(d, at, name);
    size_t count = p ? p->ring.count : 0, skip = count > room ? count - room : 0;

    for (size_t i = skip; i < count; i++)
        out[i - skip] = p->ring.samples[(p->ring.first + i) % p->ring.room];
    return count - skip;
}
