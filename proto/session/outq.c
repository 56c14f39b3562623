/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/outq.h"

#include <stdlib.h>

void outq_init(struct outq *q)
{
    *q = (struct outq){
        .control.max = OUTQ_CONTROL_MAX_BYTES, .voice.max = OUTQ_VOICE_MAX_BYTES, .media.max = OUTQ_MEDIA_MAX_BYTES};
    q->control.last = &q->control.first;
    q->voice.last = &q->voice.first;
    q->media.last = &q->media.first;
}

static void lane_drop_first(struct outq_lane *lane)
{
    struct outq_message *gone = lane->first;

    lane->first = gone->next;
    if (!lane->first)
        lane->last = &lane->first;
    lane->bytes -= gone->len;
    free(gone);
}

void outq_clear(struct outq *q)
{
    q->lent = NULL;
    while (q->control.first)
        lane_drop_first(&q->control);
    while (q->voice.first)
        lane_drop_first(&q->voice);
    while (q->media.first)
        lane_drop_first(&q->media);
}

struct outq_message *outq_message_new(uint8_t stream, size_t len)
{
    struct outq_message *message = malloc(sizeof *message + len);

    if (message)
        *message = (struct outq_message){.len = len, .stream = stream};
    return message;
}

bool outq_has_room(const struct outq *q, uint8_t stream, size_t len)
{
    const struct outq_lane *lane = stream ? &q->media : &q->control;

    return len <= lane->max - lane->bytes;
}

/* Drops the oldest packets of a voice until `len` bytes have room; the one that is lent out stays. */
static void make_room(struct outq *q, size_t len)
{
    struct outq_lane *lane = &q->voice;
    struct outq_message **at = lane->first && lane->first == q->lent ? &lane->first->next : &lane->first;

    while (*at && len > lane->max - lane->bytes) {
        struct outq_message *gone = *at;

        *at = gone->next;
        if (!*at)
            lane->last = at;
        lane->bytes -= gone->len;
        free(gone);
    }
}

bool outq_append(struct outq *q, struct outq_message *message)
{
    struct outq_lane *lane = !message->stream ? &q->control : message->voice ? &q->voice : &q->media;

    if (lane == &q->voice)
        make_room(q, message->len);
    if (message->len > lane->max - lane->bytes) {
        free(message);
        return false;
    }
    *lane->last = message;
    lane->last = &message->next;
    lane->bytes += message->len;
    return true;
}

const uint8_t *outq_pending(struct outq *q, size_t *len)
{
    if (!q->lent)
        q->lent = q->control.first ? q->control.first : q->voice.first ? q->voice.first : q->media.first;
    *len = q->lent ? q->lent->len : 0;
    return q->lent ? q->lent->bytes : NULL;
}

void outq_sent(struct outq *q)
{
    if (!q->lent)
        return;
    lane_drop_first(q->lent == q->control.first ? &q->control : q->lent == q->voice.first ? &q->voice : &q->media);
    q->lent = NULL;
}

bool outq_holds(const struct outq *q, uint8_t stream)
{
    for (const struct outq_message *m = q->media.first; m; m = m->next)
        if (m->stream == stream)
            return true;
    return false;
}

size_t outq_bytes(const struct outq *q, uint8_t stream)
{
    size_t bytes = 0;

    for (const struct outq_message *m = q->media.first; m; m = m->next)
        bytes += m->stream == stream ? m->len : 0;
    return bytes;
}

static void purge_lane(struct outq *q, struct outq_lane *lane, uint8_t stream)
{
    struct outq_message **at = &lane->first;

    while (*at) {
        struct outq_message *message = *at;
        if (message->stream != stream || message == q->lent) {
            at = &message->next;
            continue;
        }
        *at = message->next;
        lane->bytes -= message->len;
        free(message);
    }
    lane->last = at;
}

void outq_purge(struct outq *q, uint8_t stream)
{
    purge_lane(q, &q->voice, stream);
    purge_lane(q, &q->media, stream);
}
