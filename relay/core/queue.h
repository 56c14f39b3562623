/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/queue.h - what waits for one receiver: bounded in bytes and in milliseconds, and dropped by layers.
 *
 * Order of service: what the session needs (RELAY, HS, CTL, LOG), voice, reliable parts, bulk, picture; each in its own
 * order. Three quarters of the bytes are for media, one for the rest, so a slow line never stops the session itself.
 *
 * Only media is ever dropped, and no reliable part of it, whole messages only. A voice that has waited for
 * RELAY_VOICE_MS is late for every ear: the oldest go. Of picture and bulk, the longer the oldest has waited, or the
 * fuller the queue, the more goes: from a quarter of the time (half of the bytes) the highest layer and what nothing
 * depends on, from a half (three quarters) the middle one, and at the bound everything of that stream up to its next
 * key frame, for which the sender is asked once. After a drop nothing of that stream passes that would need what was
 * dropped.
 */
#ifndef RELAY_CORE_QUEUE_H
#define RELAY_CORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "proto/wire/header.h"
#include "relay/core/histogram.h"

enum relay_service {
    RELAY_SERVE_SESSION,
    RELAY_SERVE_VOICE,
    RELAY_SERVE_RELIABLE,
    RELAY_SERVE_BULK,
    RELAY_SERVE_PICTURE,
    RELAY_SERVICES
};

/* In front of each message, to be written over by whoever sends it: a frame's header goes there without a copy. */
enum { RELAY_ROOM_BYTES = 16 };

enum { RELAY_VOICE_MS = 1000 };
enum { RELAY_RANKS = 4 }; /* layers 0, 1, 2 and above, and frames that nothing depends on */

/* One stream on its way to one receiver; lives as long as its gate. */
struct relay_lane {
    bool to_key;                   /* layer 0 was dropped: nothing passes until a key frame */
    bool ask_key;                  /* and the sender is still to be told; the owner of the lane clears it */
    uint32_t dropped;              /* messages of it, since its owner last looked and cleared it */
    uint8_t skip_from;             /* this layer and above lack what they need until a lower one comes; 0: nothing */
    struct relay_histogram *times; /* borrowed: how long each of its messages took to its way out; NULL: nobody asks */
};

/* Bytes for many receivers, held once. */
struct relay_shared {
    unsigned holders;
    size_t len;
    uint8_t room[RELAY_ROOM_BYTES];
    uint8_t bytes[];
};
struct relay_shared *relay_shared_new(const uint8_t *bytes, size_t len); /* held once; NULL: out of memory */
void relay_shared_drop(struct relay_shared *shared);

/*
 * A message as it waits. Whoever gathers a large one does so in a slot and offers it in the bounds: the queue takes it
 * when these very bytes are put, and makes no copy.
 */
struct relay_slot;
/** Of `len` bytes, not set; grows or cuts `slot` when that is not NULL. NULL: out of memory, and `slot` stays. */
struct relay_slot *relay_slot_new(struct relay_slot *slot, size_t len);
uint8_t *relay_slot_bytes(struct relay_slot *slot);
void relay_slot_free(struct relay_slot *slot); /* one that was not taken; NULL is fine */

struct relay_queue {
    struct {
        struct relay_slot *first, *last;
    } wait[RELAY_SERVICES];
    struct relay_slot *out; /* handed to the connection, not yet sent */
    size_t session_bytes, media_bytes;
    size_t ranks[RELAY_RANKS]; /* droppable messages that wait, by rank */
    bool asks_key;             /* a lane has ask_key set */
};

/* The bounds, and the sums over all queues that share them. Borrowed by every call. */
struct relay_queue_bounds {
    size_t bytes;     /* of one queue */
    int64_t ms;       /* age of the oldest picture */
    size_t all_bytes; /* of all queues together */
    size_t all_used;
    uint64_t dropped;                              /* messages */
    struct relay_slot *offered;                    /* of the message that is being put; NULL: none, or taken */
    uint8_t *lent;                                 /* its bytes, which stay there until relay_queue_keep(); or NULL */
    struct relay_slot *borrower;                   /* it waits, and its bytes are the lent ones; NULL: none does */
    struct relay_histogram waited[RELAY_SERVICES]; /* of messages that were handed out; SESSION is not timed */
};

/** FULL: over the bound; the receiver is too slow to be served. */
PROTO_MUST_USE enum proto_err relay_queue_put(struct relay_queue *queue, struct relay_queue_bounds *bounds,
                                              const uint8_t *bytes, size_t len);
PROTO_MUST_USE enum proto_err relay_queue_put_shared(struct relay_queue *queue, struct relay_queue_bounds *bounds,
                                                     struct relay_shared *shared);
/** OK: it waits, or the rules dropped it. FULL: it may not be dropped, and there is no room. One copy is made, or none
 * of an offered slot. */
PROTO_MUST_USE enum proto_err relay_queue_put_media(struct relay_queue *queue, struct relay_queue_bounds *bounds,
                                                    struct relay_lane *lane, const struct proto_media_header *header,
                                                    const uint8_t *bytes, size_t len, int64_t now_ms);
/** The lent bytes go: a message that still waits there is given its copy now. */
void relay_queue_keep(struct relay_queue_bounds *bounds);
/** How old the oldest message of a lane is, the one that is handed out included; 0: none waits. */
int64_t relay_queue_age_ms(const struct relay_queue *queue, const struct relay_lane *lane, int64_t now_ms);
/** Drops what waits of a lane, which may be freed then. */
void relay_queue_purge(struct relay_queue *queue, struct relay_queue_bounds *bounds, const struct relay_lane *lane);
/** The next message to send, after dropping what is too old; the same one until it is popped (or purged). NULL: none.
 */
uint8_t *relay_queue_front(struct relay_queue *queue, struct relay_queue_bounds *bounds, size_t *len, int64_t now_ms);
void relay_queue_pop(struct relay_queue *queue, struct relay_queue_bounds *bounds);
void relay_queue_clear(struct relay_queue *queue, struct relay_queue_bounds *bounds);
bool relay_queue_is_empty(const struct relay_queue *queue);
/** What waits, and what was handed out. */
size_t relay_queue_bytes(const struct relay_queue *queue);
/** All that may be dropped is, as at the bound; false: there was nothing. */
bool relay_queue_drop_pictures(struct relay_queue *queue, struct relay_queue_bounds *bounds);

#endif
