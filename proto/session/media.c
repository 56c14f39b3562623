/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two ends tell each other about frames on their way: the receiver says when each arrived, the relay what
 * waits. Both are only figures for a sender's rate; nothing that is sealed depends on them.
 */
#include "proto/session/internal.h"

enum { ACK_EVERY_MS = 20 }; /* half a frame at 30 a second: one message a frame, and one for a burst */

/* ---------------------------------------------------------------- the receiver's end */

static void flush(struct proto_session *s)
{
    struct media_acks *acks = &s->acks;

    if (acks->message.obj_count)
        pair_send_message(s, PROTO_CONTROL_MEDIA_ACK, handhold_MediaAck_fields, &acks->message);
    acks->message = (handhold_MediaAck){0};
    acks->sent_ms = s->now.mono_ms;
}

void media_arrived(struct proto_session *s, const struct proto_media_header *header)
{
    handhold_MediaAck *m = &s->acks.message;
    pb_size_t max = sizeof m->obj / sizeof *m->obj;

    if (header->class != PROTO_CLASS_VIDEO)
        return;
    if (m->obj_count && (m->stream != header->stream || m->obj_count == max || header->obj <= m->obj[m->obj_count - 1]))
        flush(s);
    m->stream = header->stream;
    m->obj[m->obj_count++] = header->obj;
    m->arrival_ms[m->arrival_ms_count++] = (uint32_t)(s->now.mono_ms - s->start_ms);
    if (m->obj_count == max || s->now.mono_ms >= s->acks.sent_ms + ACK_EVERY_MS)
        flush(s);
}

int64_t media_deadline(const struct proto_session *s)
{
    return s->pair.up && s->acks.message.obj_count ? s->acks.sent_ms + ACK_EVERY_MS : PROTO_NEVER;
}

void media_tick(struct proto_session *s)
{
    if (s->now.mono_ms >= media_deadline(s))
        flush(s);
}

void media_forget(struct proto_session *s)
{
    s->acks = (struct media_acks){0};
}

/* ---------------------------------------------------------------- the sender's end */

static bool rises(const handhold_MediaAck *m)
{
    for (pb_size_t i = 1; i < m->obj_count; i++)
        if (m->obj[i] <= m->obj[i - 1])
            return false;
    return m->obj_count && m->obj_count == m->arrival_ms_count;
}

void media_acked(struct proto_session *s, const handhold_MediaAck *m)
{
    enum proto_capability capability = grants_by_stream(s, (uint8_t)m->stream);
    struct event_node *node;

    if (m->stream > PROTO_MAX_STREAM || !capability || !rises(m))
        return;
    node = events_make(PROTO_EVENT_MEDIA_ACK, sizeof *m);
    if (!node)
        return;
    handhold_MediaAck *copy = (handhold_MediaAck *)(void *)node->store;
    *copy = *m;
    node->event.media_ack.capability = capability;
    node->event.media_ack.ack = copy;
    events_append(&s->events, node);
}

void media_queued(struct proto_session *s, const handhold_QueueReport *m)
{
    enum proto_capability capability =
        s->side == SIDE_CUSTOMER && m->stream <= PROTO_MAX_STREAM ? grants_by_stream(s, (uint8_t)m->stream) : 0;
    struct event_node *node = capability ? events_make(PROTO_EVENT_MEDIA_QUEUE, 0) : NULL;

    if (!node)
        return;
    node->event.media_queue.capability = capability;
    node->event.media_queue.queued_ms = m->queued_ms;
    node->event.media_queue.queued_bytes = m->queued_bytes;
    node->event.media_queue.dropped = m->dropped;
    events_append(&s->events, node);
}

uint32_t proto_session_last_object(const struct proto_session *s, enum proto_capability capability)
{
    return proto_capability_label(capability) ? s->grants[capability].object : 0;
}

size_t proto_session_waiting(const struct proto_session *s, enum proto_capability capability)
{
    return proto_capability_label(capability) ? outq_bytes(&s->out, s->grants[capability].stream) : 0;
}
