/* SPDX-License-Identifier: Apache-2.0 */
/* What both ends know of stills. */
#include <string.h>

#include "proto/session/internal.h"

static const char *const types[] = {"image/jpeg", "image/png"};

const char *still_type(const char *mime)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(mime, types[i]))
            return types[i];
    return NULL;
}

uint32_t still_parts(size_t len)
{
    return (uint32_t)((len + PROTO_STILL_PART_BYTES - 1) / PROTO_STILL_PART_BYTES);
}

bool still_is_sound(size_t len, uint32_t width, uint32_t height, const char *mime)
{
    return len && len <= PROTO_STILL_MAX_BYTES && width && width <= PROTO_STILL_MAX_PIXELS && height &&
           height <= PROTO_STILL_MAX_PIXELS && still_type(mime);
}

const char *proto_still_step_name(enum proto_still_step step)
{
    static const char *const names[] = {"asked", "sending", "whole", "discarded", "failed"};

    return (unsigned)step < sizeof names / sizeof *names ? names[step] : "failed";
}

void still_event(struct proto_session *s, enum proto_still_step step, uint32_t id, const struct proto_still *still)
{
    size_t copied = still && still->bytes ? still->len : 0;
    struct event_node *node = events_add(&s->events, PROTO_EVENT_STILL, copied);

    if (!node)
        return;
    node->event.still.step = step;
    node->event.still.id = id;
    if (still)
        node->event.still.still = *still;
    if (copied) {
        memcpy(node->store, still->bytes, copied);
        node->event.still.still.bytes = node->store;
    }
}
