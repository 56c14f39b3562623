/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/events.h"

#include <stdlib.h>
#include <string.h>

void events_init(struct events *e)
{
    *e = (struct events){0};
    e->last = &e->first;
}

void events_clear(struct events *e)
{
    free(e->lent);
    while (e->first) {
        struct event_node *gone = e->first;
        e->first = gone->next;
        free(gone);
    }
    events_init(e);
}

struct event_node *events_make(enum proto_event_kind kind, size_t extra)
{
    struct event_node *node = calloc(1, sizeof *node + extra);

    if (node)
        node->event.kind = kind;
    return node;
}

/* Frames and figures about frames are worth something only now. */
static bool may_be_left_out(enum proto_event_kind kind)
{
    return kind == PROTO_EVENT_MEDIA || kind == PROTO_EVENT_MEDIA_VAIN || kind == PROTO_EVENT_MEDIA_ACK ||
           kind == PROTO_EVENT_MEDIA_QUEUE;
}

void events_append(struct events *e, struct event_node *node)
{
    if (e->count >= EVENTS_MAX) {
        e->overflow = e->overflow || !may_be_left_out(node->event.kind);
        free(node);
        return;
    }
    *e->last = node;
    e->last = &node->next;
    e->count++;
}

struct event_node *events_add(struct events *e, enum proto_event_kind kind, size_t extra)
{
    struct event_node *node = e->count < EVENTS_MAX ? events_make(kind, extra) : NULL;

    if (node)
        events_append(e, node);
    else
        e->overflow = true;
    return node;
}

const char *events_text(struct event_node *node, size_t *at, const char *text)
{
    if (!text)
        return NULL;
    size_t len = strlen(text) + 1;
    char *copy = (char *)node->store + *at;
    memcpy(copy, text, len);
    *at += len;
    return copy;
}

bool events_next(struct events *e, struct proto_event *out)
{
    free(e->lent);
    e->lent = e->first;
    if (!e->lent) {
        *out = (struct proto_event){.kind = PROTO_EVENT_NONE};
        return false;
    }
    e->first = e->lent->next;
    if (!e->first)
        e->last = &e->first;
    e->count--;
    *out = e->lent->event;
    return true;
}
