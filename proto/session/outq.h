/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/session/outq.h - what waits to leave on the connection: control in order, then a voice, then other media, each
 * bounded. Internal to proto/session.
 */
#ifndef PROTO_SESSION_OUTQ_H
#define PROTO_SESSION_OUTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OUTQ_CONTROL_MAX_BYTES = 2 * 1024 * 1024, /* far more than a full set of unacknowledged messages */
    OUTQ_VOICE_MAX_BYTES = 4 * 1024, /* three quarters of a second: more is too late to be heard, so the oldest go */
    OUTQ_MEDIA_MAX_BYTES = 4 * 1024 * 1024, /* two seconds of the best picture */
};

struct outq_message {
    struct outq_message *next;
    size_t len;
    uint8_t stream; /* 0: control */
    bool voice;     /* set before it is appended: goes before all other media */
    uint8_t bytes[];
};

struct outq_lane {
    struct outq_message *first, **last;
    size_t bytes, max;
};

struct outq {
    struct outq_lane control, voice, media;
    const struct outq_message *lent; /* what pending() showed: stays first until sent() */
};

void outq_init(struct outq *q);
void outq_clear(struct outq *q); /* drops everything */
/** A message of `len` bytes that is in no lane yet: fill `bytes`, then append or free() it. NULL: no memory. */
struct outq_message *outq_message_new(uint8_t stream, size_t len);
/** To the end of its lane; a voice's oldest make room. False: over the lane's bound, and the message is freed. */
bool outq_append(struct outq *q, struct outq_message *message);
bool outq_has_room(const struct outq *q, uint8_t stream, size_t len);
const uint8_t *outq_pending(struct outq *q, size_t *len);
void outq_sent(struct outq *q);
/** Does any of this stream wait? */
bool outq_holds(const struct outq *q, uint8_t stream);
/** How many bytes of this stream wait. */
size_t outq_bytes(const struct outq *q, uint8_t stream);
/** Drops the media of a stream that has not left; what is lent out stays. */
void outq_purge(struct outq *q, uint8_t stream);

#endif
