/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/media/receive.h - which sealed frames may reach a decoder: once, in time, and only what can be decoded.
 *
 * Two small rules over plain numbers. `proto_replay` forgets nothing within its window: a counter is taken once (RFC
 * 9605 §9.3). `proto_layers` follows the temporal layers of one stream by the clear header: a frame passes only when
 * every frame that it needs has passed, so that a decoder never sees a hole. Both are told only of frames that opened:
 * an altered frame changes nothing.
 */
#ifndef PROTO_MEDIA_RECEIVE_H
#define PROTO_MEDIA_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/wire/header.h"

enum { PROTO_REPLAY_BITS = 1024 };

struct proto_replay {
    uint64_t next;                         /* one more than the highest counter taken */
    uint64_t seen[PROTO_REPLAY_BITS / 64]; /* bit (counter % 1024): taken, for the last 1024 counters */
};
/** Not taken yet and inside the window? Changes nothing. */
bool proto_replay_fresh(const struct proto_replay *replay, uint64_t counter);
void proto_replay_take(struct proto_replay *replay, uint64_t counter);

struct proto_layers {
    bool running; /* false: only a key frame passes */
    uint16_t tl0;
    uint64_t counter; /* of the last frame that passed */
};
/** Zeroed at the first frame under each key: counters begin again there. */
enum proto_layers_verdict {
    PROTO_LAYERS_PASS,
    PROTO_LAYERS_LATE,     /* older than what was shown: a decoder never goes back */
    PROTO_LAYERS_SKIP,     /* cannot be decoded, nothing else is lost: wait for the next frame of a lower layer */
    PROTO_LAYERS_NEED_KEY, /* the base layer has a hole: ask for a key frame */
};
enum proto_layers_verdict proto_layers_take(struct proto_layers *layers, const struct proto_media_header *header,
                                            uint64_t counter);

#endif
