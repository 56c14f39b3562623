/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/receive.h"

#include <string.h>

static uint64_t bit(uint64_t counter)
{
    return UINT64_C(1) << (counter % 64);
}

static uint64_t word(uint64_t counter)
{
    return counter % PROTO_REPLAY_BITS / 64;
}

bool proto_replay_fresh(const struct proto_replay *replay, uint64_t counter)
{
    if (counter == UINT64_MAX)
        return false; /* `next` could not stand behind it, and everything would be fresh again */
    if (counter >= replay->next)
        return true;
    if (replay->next - counter > PROTO_REPLAY_BITS)
        return false;
    return !(replay->seen[word(counter)] & bit(counter));
}

void proto_replay_take(struct proto_replay *replay, uint64_t counter)
{
    if (counter >= replay->next) {
        uint64_t skipped = counter - replay->next;
        if (skipped >= PROTO_REPLAY_BITS)
            memset(replay->seen, 0, sizeof replay->seen);
        else
            for (uint64_t c = replay->next; c < counter; c++)
                replay->seen[word(c)] &= ~bit(c);
        replay->next = counter + 1;
    }
    replay->seen[word(counter)] |= bit(counter);
}

static bool decodable(const struct proto_layers *layers, const struct proto_media_header *h, uint64_t counter)
{
    if (h->tl0 != layers->tl0)
        return false;
    /* layer 1 needs only layer 0; a higher one may need any frame since, so nothing may be missing */
    return h->tid == 1 || counter == layers->counter + 1;
}

enum proto_layers_verdict proto_layers_take(struct proto_layers *layers, const struct proto_media_header *h,
                                            uint64_t counter)
{
    if ((layers->running || layers->counter) && counter <= layers->counter)
        return PROTO_LAYERS_LATE; /* also while a key frame is waited for: one that was held back is not it */
    if (h->flags & PROTO_MEDIA_KEY) {
        layers->running = true;
    } else if (!layers->running) {
        return PROTO_LAYERS_NEED_KEY;
    } else if (h->tid == 0) {
        if (h->tl0 != (uint16_t)(layers->tl0 + 1)) {
            layers->running = false;
            return PROTO_LAYERS_NEED_KEY;
        }
    } else if (!decodable(layers, h, counter)) {
        return PROTO_LAYERS_SKIP;
    }
    layers->tl0 = h->tl0;
    layers->counter = counter;
    return PROTO_LAYERS_PASS;
}
