/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/queue.h"

#include <stdlib.h>
#include <string.h>

struct relay_slot {
    struct relay_slot *next, *prev;
    const struct relay_lane *lane; /* NULL: not media */
    struct relay_shared *shared;   /* NULL: the bytes are below */
    int64_t at_ms;
    size_t len;
    uint8_t service, rank;
    bool droppable, key, purged;
    _Alignas(8) uint8_t room[RELAY_ROOM_BYTES];
    uint8_t bytes[];
};
/* Fields are set when the bytes are there already. */
_Static_assert(offsetof(struct relay_slot, bytes) == sizeof(struct relay_slot), "no padding over the bytes");

#define NOTHING_GOES RELAY_RANKS

struct relay_slot *relay_slot_new(struct relay_slot *slot, size_t len)
{
    struct relay_slot *grown = realloc(slot, sizeof *slot + len);

    if (grown)
        grown->len = len;
    return grown;
}

uint8_t *relay_slot_bytes(struct relay_slot *slot)
{
    return slot->bytes;
}

void relay_slot_free(struct relay_slot *slot)
{
    free(slot);
}

/* A slot with these bytes; its fields are the caller's to set. */
static struct relay_slot *slot_with(struct relay_queue_bounds *bounds, const uint8_t *bytes, size_t len)
{
    struct relay_slot *slot = bounds->offered;

    if (slot && slot->bytes == bytes && slot->len == len) {
        bounds->offered = NULL;
        return slot;
    }
    slot = malloc(sizeof *slot + len);
    if (slot && len && bytes == bounds->lent)
        bounds->borrower = slot; /* room for its copy is there, so that it cannot fail later */
    else if (slot && len)
        memcpy(slot->bytes, bytes, len);
    return slot;
}

struct relay_shared *relay_shared_new(const uint8_t *bytes, size_t len)
{
    struct relay_shared *shared = malloc(sizeof *shared + len);

    if (!shared)
        return NULL;
    shared->holders = 1;
    shared->len = len;
    memcpy(shared->bytes, bytes, len);
    return shared;
}

void relay_shared_drop(struct relay_shared *shared)
{
    if (shared && --shared->holders == 0)
        free(shared);
}

/* A slot counts with its own size, so that many tiny messages are bounded as well. */
static size_t cost_of(size_t len)
{
    return sizeof(struct relay_slot) + len;
}

static size_t *sum_of(struct relay_queue *queue, uint8_t service)
{
    return service == RELAY_SERVE_SESSION ? &queue->session_bytes : &queue->media_bytes;
}

static size_t media_bound(const struct relay_queue_bounds *bounds)
{
    return bounds->bytes - bounds->bytes / 4;
}

static void append(struct relay_queue *queue, struct relay_queue_bounds *bounds, struct relay_slot *slot)
{
    slot->next = NULL;
    slot->prev = queue->wait[slot->service].last;
    *(slot->prev ? &slot->prev->next : &queue->wait[slot->service].first) = slot;
    queue->wait[slot->service].last = slot;
    *sum_of(queue, slot->service) += cost_of(slot->len);
    bounds->all_used += cost_of(slot->len);
    if (slot->droppable)
        queue->ranks[slot->rank]++;
}

static void unlink_slot(struct relay_queue *queue, struct relay_slot *slot)
{
    *(slot->prev ? &slot->prev->next : &queue->wait[slot->service].first) = slot->next;
    *(slot->next ? &slot->next->prev : &queue->wait[slot->service].last) = slot->prev;
    if (slot->droppable)
        queue->ranks[slot->rank]--;
}

static void free_slot(struct relay_queue *queue, struct relay_queue_bounds *bounds, struct relay_slot *slot)
{
    *sum_of(queue, slot->service) -= cost_of(slot->len);
    bounds->all_used -= cost_of(slot->len);
    relay_shared_drop(slot->shared);
    if (bounds->borrower == slot)
        bounds->borrower = NULL;
    free(slot);
}

void relay_queue_keep(struct relay_queue_bounds *bounds)
{
    if (bounds->borrower)
        memcpy(bounds->borrower->bytes, bounds->lent, bounds->borrower->len);
    bounds->borrower = NULL;
    bounds->lent = NULL;
}

static void drop(struct relay_queue *queue, struct relay_queue_bounds *bounds, struct relay_slot *slot)
{
    bounds->dropped++;
    ((struct relay_lane *)slot->lane)->dropped++;
    unlink_slot(queue, slot);
    free_slot(queue, bounds, slot);
}

/* What a lane lacks after a frame of this rank was dropped. Layers above a gap stay closed until a lower one arrives.
 */
static void note_gap(struct relay_queue *queue, struct relay_lane *lane, uint8_t rank)
{
    if (rank == 0) {
        lane->to_key = lane->ask_key = true;
        queue->asks_key = true;
    } else if ((rank == 1 || rank == 2) && (!lane->skip_from || rank < lane->skip_from)) {
        lane->skip_from = rank;
    }
}

static const struct relay_slot *oldest_droppable(const struct relay_queue *queue)
{
    const struct relay_slot *bulk = queue->wait[RELAY_SERVE_BULK].first;
    const struct relay_slot *picture = queue->wait[RELAY_SERVE_PICTURE].first;

    if (!bulk || !picture)
        return bulk ? bulk : picture;
    return bulk->at_ms < picture->at_ms ? bulk : picture;
}

/* The lowest rank that has to go now, when `more` bytes are to come in; NOTHING_GOES when there is room and time. */
static unsigned lowest_to_go(const struct relay_queue *queue, const struct relay_queue_bounds *bounds, size_t more,
                             int64_t now_ms)
{
    const struct relay_slot *oldest = oldest_droppable(queue);
    int64_t age = oldest ? now_ms - oldest->at_ms : 0;
    size_t used = queue->media_bytes + more, bound = media_bound(bounds);

    if (used > bound || age > bounds->ms || bounds->all_used + more > bounds->all_bytes)
        return 0;
    if (used > bound - bound / 4 || age > bounds->ms / 2)
        return 1;
    return used > bound / 2 || age > bounds->ms / 4 ? 2 : NOTHING_GOES;
}

static void drop_ranks(struct relay_queue *queue, struct relay_queue_bounds *bounds, unsigned from)
{
    for (unsigned service = RELAY_SERVE_BULK; service <= RELAY_SERVE_PICTURE; service++)
        for (struct relay_slot *slot = queue->wait[service].first, *next; slot; slot = next) {
            next = slot->next;
            if (slot->rank < from)
                continue;
            note_gap(queue, (struct relay_lane *)slot->lane, slot->rank);
            drop(queue, bounds, slot);
        }
}

/* Drops the oldest frame of layer 0 and all of its stream behind it, up to a key frame that already waits. */
static void drop_to_key(struct relay_queue *queue, struct relay_queue_bounds *bounds)
{
    struct relay_slot *slot = (struct relay_slot *)oldest_droppable(queue), *next = slot->next;
    struct relay_lane *lane = (struct relay_lane *)slot->lane;

    for (drop(queue, bounds, slot); next;) {
        slot = next;
        next = slot->next;
        if (slot->lane != lane)
            continue;
        if (slot->key)
            return;
        drop(queue, bounds, slot);
    }
    note_gap(queue, lane, 0);
}

static bool any_from(const struct relay_queue *queue, unsigned rank)
{
    for (; rank < RELAY_RANKS; rank++)
        if (queue->ranks[rank])
            return true;
    return false;
}

static void drop_late_voice(struct relay_queue *queue, struct relay_queue_bounds *bounds, int64_t now_ms)
{
    for (struct relay_slot *slot;
         (slot = queue->wait[RELAY_SERVE_VOICE].first) && now_ms - slot->at_ms > RELAY_VOICE_MS;)
        drop(queue, bounds, slot);
}

/* Makes room for `more` bytes as far as the rules allow; returns the lowest rank that may not come in either. */
static unsigned shed(struct relay_queue *queue, struct relay_queue_bounds *bounds, size_t more, int64_t now_ms)
{
    drop_late_voice(queue, bounds, now_ms);
    unsigned rank = lowest_to_go(queue, bounds, more, now_ms);

    while (rank < NOTHING_GOES && any_from(queue, rank)) {
        if (rank || any_from(queue, 1))
            drop_ranks(queue, bounds, rank ? rank : 1);
        else
            drop_to_key(queue, bounds);
        rank = lowest_to_go(queue, bounds, more, now_ms);
    }
    return rank;
}

static enum proto_err put_session(struct relay_queue *queue, struct relay_queue_bounds *bounds, const uint8_t *bytes,
                                  size_t len, struct relay_shared *shared)
{
    size_t cost = cost_of(len);

    if (queue->session_bytes + cost > bounds->bytes / 4 || bounds->all_used + cost > bounds->all_bytes)
        return PROTO_ERR_FULL;
    struct relay_slot *slot = slot_with(bounds, bytes, shared ? 0 : len);
    if (!slot)
        return PROTO_ERR_NOMEM;
    *slot = (struct relay_slot){.service = RELAY_SERVE_SESSION, .len = len, .shared = shared};
    if (shared)
        shared->holders++;
    append(queue, bounds, slot);
    return PROTO_OK;
}

enum proto_err relay_queue_put(struct relay_queue *queue, struct relay_queue_bounds *bounds, const uint8_t *bytes,
                               size_t len)
{
    return put_session(queue, bounds, bytes, len, NULL);
}

enum proto_err relay_queue_put_shared(struct relay_queue *queue, struct relay_queue_bounds *bounds,
                                      struct relay_shared *shared)
{
    return put_session(queue, bounds, NULL, shared->len, shared);
}

static enum relay_service service_of(const struct proto_media_header *header)
{
    static const uint8_t by_class[] = {
        [PROTO_CLASS_RELIABLE] = RELAY_SERVE_RELIABLE,
        [PROTO_CLASS_AUDIO] = RELAY_SERVE_VOICE,
        [PROTO_CLASS_VIDEO] = RELAY_SERVE_PICTURE,
        [PROTO_CLASS_BULK] = RELAY_SERVE_BULK,
    };
    return header->flags & PROTO_MEDIA_RELIABLE ? RELAY_SERVE_RELIABLE : by_class[header->class];
}

static uint8_t rank_of(const struct proto_media_header *header)
{
    if (header->flags & PROTO_MEDIA_DISCARDABLE)
        return 3;
    return header->tid < 2 ? header->tid : 2;
}

/* Does a droppable frame pass what its lane lacks? */
static bool passes(struct relay_lane *lane, const struct proto_media_header *header)
{
    if (header->flags & PROTO_MEDIA_KEY)
        *lane = (struct relay_lane){.dropped = lane->dropped, .times = lane->times};
    if (lane->to_key || (lane->skip_from && header->tid >= lane->skip_from))
        return false;
    lane->skip_from = 0;
    return true;
}

enum proto_err relay_queue_put_media(struct relay_queue *queue, struct relay_queue_bounds *bounds,
                                     struct relay_lane *lane, const struct proto_media_header *header,
                                     const uint8_t *bytes, size_t len, int64_t now_ms)
{
    enum relay_service service = service_of(header);
    bool droppable = service == RELAY_SERVE_BULK || service == RELAY_SERVE_PICTURE;
    uint8_t rank = rank_of(header);
    unsigned going = shed(queue, bounds, cost_of(len), now_ms);

    if (droppable && !passes(lane, header)) {
        bounds->dropped++;
        lane->dropped++;
        return PROTO_OK;
    }
    if (droppable && rank >= going) {
        note_gap(queue, lane, rank);
        bounds->dropped++;
        lane->dropped++;
        return PROTO_OK;
    }
    if (queue->media_bytes + cost_of(len) > media_bound(bounds) || bounds->all_used + cost_of(len) > bounds->all_bytes)
        return PROTO_ERR_FULL;
    struct relay_slot *slot = slot_with(bounds, bytes, len);
    if (!slot)
        return PROTO_ERR_NOMEM;
    *slot = (struct relay_slot){.lane = lane, .at_ms = now_ms, .len = len, .service = (uint8_t)service, .rank = rank};
    slot->droppable = droppable;
    slot->key = header->flags & PROTO_MEDIA_KEY;
    append(queue, bounds, slot);
    return PROTO_OK;
}

int64_t relay_queue_age_ms(const struct relay_queue *queue, const struct relay_lane *lane, int64_t now_ms)
{
    if (queue->out && queue->out->lane == lane && !queue->out->purged)
        return now_ms - queue->out->at_ms;
    for (unsigned service = RELAY_SERVE_VOICE; service < RELAY_SERVICES; service++)
        for (const struct relay_slot *slot = queue->wait[service].first; slot; slot = slot->next)
            if (slot->lane == lane)
                return now_ms - slot->at_ms; /* a lane has one kind of service, and each is in order of time */
    return 0;
}

void relay_queue_purge(struct relay_queue *queue, struct relay_queue_bounds *bounds, const struct relay_lane *lane)
{
    if (queue->out && queue->out->lane == lane)
        queue->out->purged = true;
    for (unsigned service = RELAY_SERVE_VOICE; service < RELAY_SERVICES; service++)
        for (struct relay_slot *slot = queue->wait[service].first, *next; slot; slot = next) {
            next = slot->next;
            if (slot->lane == lane)
                drop(queue, bounds, slot);
        }
}

uint8_t *relay_queue_front(struct relay_queue *queue, struct relay_queue_bounds *bounds, size_t *len, int64_t now_ms)
{
    *len = 0;
    if (queue->out && queue->out->purged) {
        bounds->dropped++;
        relay_queue_pop(queue, bounds);
    }
    if (!queue->out)
        shed(queue, bounds, 0, now_ms);
    for (unsigned service = 0; !queue->out && service < RELAY_SERVICES; service++)
        if (queue->wait[service].first) {
            queue->out = queue->wait[service].first;
            unlink_slot(queue, queue->out);
            if (service != RELAY_SERVE_SESSION)
                relay_histogram_add(&bounds->waited[service], now_ms - queue->out->at_ms);
            if (queue->out->lane && queue->out->lane->times)
                relay_histogram_add(queue->out->lane->times, now_ms - queue->out->at_ms);
        }
    if (!queue->out)
        return NULL;
    *len = queue->out->len;
    if (queue->out == bounds->borrower)
        return bounds->lent;
    return queue->out->shared ? queue->out->shared->bytes : queue->out->bytes;
}

void relay_queue_pop(struct relay_queue *queue, struct relay_queue_bounds *bounds)
{
    if (queue->out)
        free_slot(queue, bounds, queue->out);
    queue->out = NULL;
}

void relay_queue_clear(struct relay_queue *queue, struct relay_queue_bounds *bounds)
{
    relay_queue_pop(queue, bounds);
    for (unsigned service = 0; service < RELAY_SERVICES; service++)
        while (queue->wait[service].first) {
            struct relay_slot *slot = queue->wait[service].first;
            unlink_slot(queue, slot);
            free_slot(queue, bounds, slot);
        }
    queue->asks_key = false;
}

bool relay_queue_is_empty(const struct relay_queue *queue)
{
    for (unsigned service = 0; service < RELAY_SERVICES; service++)
        if (queue->wait[service].first)
            return false;
    return !queue->out;
}

size_t relay_queue_bytes(const struct relay_queue *queue)
{
    return queue->session_bytes + queue->media_bytes;
}

bool relay_queue_drop_pictures(struct relay_queue *queue, struct relay_queue_bounds *bounds)
{
    bool any = any_from(queue, 0);

    drop_ranks(queue, bounds, 0);
    return any;
}
