/* SPDX-License-Identifier: Apache-2.0 */
/* proto/session/events.h - the row of events that waits for the owner, each with the bytes it points to. Internal to
 * proto/session. */
#ifndef PROTO_SESSION_EVENTS_H
#define PROTO_SESSION_EVENTS_H

#include "proto/session/session.h"

enum { EVENTS_MAX = 1024 }; /* beyond it media events are left out; a row of others that long ends the session */

struct event_node {
    struct event_node *next;
    struct proto_event event;
    _Alignas(16) uint8_t store[]; /* copies of what the event points to */
};

struct events {
    struct event_node *first, **last;
    struct event_node *lent; /* what next() showed */
    size_t count;
    bool overflow;
};

void events_init(struct events *e);
void events_clear(struct events *e);
/** Adds an event; `extra` bytes of store behind it are the caller's to fill through events_text() or directly. NULL: no
 * room. */
struct event_node *events_make(enum proto_event_kind kind, size_t extra); /* not in the row yet: append or free() it */
void events_append(struct events *e, struct event_node *node);            /* frees it when the row is full */
struct event_node *events_add(struct events *e, enum proto_event_kind kind, size_t extra);
/** Copies a text behind what the store holds already at `*at` and moves it on. NULL stays NULL. */
const char *events_text(struct event_node *node, size_t *at, const char *text);
bool events_next(struct events *e, struct proto_event *out);

#endif
