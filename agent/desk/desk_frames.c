/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the picture: held back until they are due (proto/media/even.h), decoded in order, told of. */
#include <stdlib.h>
#include <string.h>

#include "agent/desk/inside.h"

/* A picture of layer 0 follows the one before it, one of a higher layer belongs to the last of layer 0: else one is
 * missing. */
static bool follows(const struct agent_desk *d, const struct proto_media_header *h)
{
    if (h->flags & PROTO_MEDIA_KEY)
        return true;
    return h->tid == 0 ? h->tl0 == (uint16_t)(d->tl0 + 1) : h->tl0 == d->tl0;
}

static int64_t clock_of(const struct agent_desk *d, struct proto_now now)
{
    return d->listener.mono_ms ? d->listener.mono_ms() : now.mono_ms;
}

static void tell_frame(const struct agent_desk *d, const struct agent_desk_held *f, const char *outcome, bool decoded,
                       struct proto_now now)
{
    struct agent_desk_i420 last = agent_desk_picture_last(d->picture);
    const struct agent_desk_frame frame = {.header = &f->header,
                                           .payload = f->bytes,
                                           .bytes = f->len,
                                           .captured_ms = f->captured_ms,
                                           .arrived_ms = f->arrived_ms,
                                           .decoded_ms = decoded ? clock_of(d, now) : 0,
                                           .outcome = outcome,
                                           .width = decoded ? last.width : 0,
                                           .height = decoded ? last.height : 0};

    if (d->listener.frame)
        d->listener.frame(d->listener.context, &frame);
}

static void show(struct agent_desk *d, const struct agent_desk_held *f, struct proto_now now)
{
    const struct proto_media_header *h = &f->header;
    bool in_order = follows(d, h);
    int64_t began_ms = clock_of(d, now);

    if (!in_order && h->tid > 0) {
        tell_frame(d, f, "overtaken", false, now);
        return; /* it belongs to a picture that never came; nothing refers to it */
    }
    if (!in_order)
        agent_desk_picture_lost(d->picture);
    if (h->tid == 0)
        d->tl0 = h->tl0;
    d->last_ms = now.mono_ms;
    if (agent_desk_picture_feed(d->picture, f->bytes, f->len, f->captured_ms, now.mono_ms) ==
        AGENT_DESK_PICTURE_NEEDS_KEY) {
        proto_session_want_key_frame(d->session, PROTO_CAPABILITY_CAMERA, now);
        tell_frame(d, f, "waits-for-key", false, now);
        return;
    }
    d->ts_ms = h->ts_ms;
    if (d->listener.mono_ms)
        agent_desk_picture_took(d->picture, d->listener.mono_ms() - began_ms);
    tell_frame(d, f, "decoded", true, now);
    if (d->listener.picture)
        d->listener.picture(d->listener.context, d->picture, d->first);
    d->first = false;
}

/* ---- held back ---- */

static struct agent_desk_held *take_first(struct agent_desk *d)
{
    struct agent_desk_held *first = d->held;

    d->held = first->next;
    d->held_count--;
    return first;
}

static void forget(struct agent_desk_held *f)
{
    explicit_bzero(f, sizeof *f + f->len);
    free(f);
}

void agent_desk_forget_held(struct agent_desk *d)
{
    while (d->held) {
        struct agent_desk_held *f = take_first(d);

        tell_frame(d, f, "unshown", false, (struct proto_now){0});
        forget(f);
    }
}

void agent_desk_came_in_vain(struct agent_desk *d, const struct proto_event *e, struct proto_now now)
{
    const struct agent_desk_frame frame = {.header = e->media.header,
                                           .bytes = e->media.len,
                                           .captured_ms = e->media.capture_mono_ms ? e->media.capture_mono_ms
                                                                                   : AGENT_DESK_PICTURE_UNTIMED,
                                           .arrived_ms = now.mono_ms,
                                           .outcome = "undecodable"};

    if (d->listener.frame && e->media.capability == PROTO_CAPABILITY_CAMERA)
        d->listener.frame(d->listener.context, &frame);
}

static struct agent_desk_held *held_of(const struct proto_event *e, struct proto_now now)
{
    struct agent_desk_held *f = malloc(sizeof *f + e->media.len);

    if (!f)
        return NULL;
    *f = (struct agent_desk_held){.header = *e->media.header, .len = e->media.len, .arrived_ms = now.mono_ms};
    f->captured_ms = e->media.capture_mono_ms ? e->media.capture_mono_ms : AGENT_DESK_PICTURE_UNTIMED;
    memcpy(f->bytes, e->media.bytes, e->media.len);
    return f;
}

void agent_desk_came(struct agent_desk *d, const struct proto_event *e, struct proto_now now)
{
    struct agent_desk_held *f = held_of(e, now), **at = &d->held;

    if (!f) {
        proto_session_want_key_frame(d->session, PROTO_CAPABILITY_CAMERA, now); /* a picture is missing: no memory */
        return;
    }
    f->due_ms = f->alone_ms = now.mono_ms;
    if (d->listener.even && f->captured_ms != AGENT_DESK_PICTURE_UNTIMED) {
        f->due_ms = proto_even_due_ms(&d->even, f->captured_ms, now.mono_ms);
        f->alone_ms = proto_even_alone_ms(&d->even);
    }
    while (*at)
        at = &(*at)->next;
    *at = f;
    d->held_count++;
    agent_desk_show_due(d, now);
}

int64_t agent_desk_deadline(const struct agent_desk *d)
{
    return !d->held ? PROTO_NEVER : d->held->next ? d->held->due_ms : d->held->alone_ms;
}

void agent_desk_show_due(struct agent_desk *d, struct proto_now now)
{
    /* Those behind an untimed one wait for it at the most; a full row means that nobody asked when it was time. */
    while (d->held && (agent_desk_deadline(d) <= now.mono_ms || d->held_count > AGENT_DESK_HELD_MAX)) {
        struct agent_desk_held *f = take_first(d);

        show(d, f, now);
        forget(f);
    }
}
