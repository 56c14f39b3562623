/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/desk/inside.h"
#include "proto/util/utf8.h"
#include "proto/wire/state.h"

enum proto_err agent_desk_new(struct agent_desk **out, const struct proto_agent_config *config,
                              const struct agent_desk_listener *listener, struct proto_now now)
{
    struct agent_desk *d = calloc(1, sizeof *d);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (!d)
        return err;
    d->listener = *listener;
    d->last_ms = PROTO_NEVER;
    d->first = true;
    proto_even_init(&d->even);
    err = agent_desk_picture_new(&d->picture);
    if (err == PROTO_OK)
        err = proto_session_new_agent(&d->session, config, now);
    if (err != PROTO_OK) {
        agent_desk_free(d);
        return err;
    }
    *out = d;
    return PROTO_OK;
}

void agent_desk_free(struct agent_desk *d)
{
    if (!d)
        return;
    d->listener.frame = NULL;
    agent_desk_forget_held(d);
    proto_session_free(d->session);
    agent_desk_picture_free(d->picture);
    free(d->frozen);
    free(d);
}

struct proto_session *agent_desk_session(struct agent_desk *d)
{
    return d->session;
}

const struct agent_desk_picture *agent_desk_picture(const struct agent_desk *d)
{
    return d->picture;
}

int64_t agent_desk_last_picture_ms(const struct agent_desk *d)
{
    return d->last_ms;
}

/* Names and values are somebody else's words, and stand beside this end's own. */
static void calm(handhold_StateChange *change)
{
    handhold_Device *d = &change->body.device;
    handhold_Property *p = &change->body.property;
    handhold_CheckResult *r = &change->body.check;
    char *const device[] = {d->id, d->parent, d->kind, d->maker, d->model, d->firmware, d->name, NULL};
    char *const text = p->which_value == handhold_Property_text_tag ? p->value.text : NULL;
    char *const property[] = {p->device, p->name, p->unit, text, NULL};
    char *const check[] = {r->check, r->target, r->unit, r->figure, r->rule, r->detail, r->advice, NULL};
    char *const *all = change->which_body == handhold_StateChange_device_tag     ? device
                       : change->which_body == handhold_StateChange_property_tag ? property
                                                                                 : check;

    for (; *all; all++)
        proto_utf8_calm(*all, ' ');
}

static void take_state(struct agent_desk *d, const struct proto_event *e)
{
    struct proto_state_reader reader = proto_state_reader_of(e->media.bytes, e->media.len);
    handhold_StateChange change;

    while (proto_state_next(&reader, &change) == PROTO_OK)
        if (d->listener.state) {
            calm(&change);
            d->listener.state(d->listener.context, &change);
        }
}

/* ---- events ---- */

/* What is known of the camera is known under its consent alone. */
static void take_camera(struct agent_desk *d, const struct proto_event *e)
{
    if (e->kind == PROTO_EVENT_DATA && e->data->which_body == handhold_Data_camera_state_tag) {
        d->camera = e->data->body.camera_state;
        d->has_camera = true;
    }
    if (e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_CAMERA &&
        e->consent.state != PROTO_CONSENT_GRANTED)
        d->has_camera = false;
    /* What is held back is not shown any more: paused or taken back is paused or taken back now. */
    if ((e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_CAMERA &&
         e->consent.state != PROTO_CONSENT_GRANTED) ||
        (e->kind == PROTO_EVENT_DATA && e->data->which_body == handhold_Data_paused_tag) ||
        e->kind == PROTO_EVENT_ENDED)
        agent_desk_forget_held(d);
}

static void pass_on(struct agent_desk *d, const struct proto_event *e)
{
    take_camera(d, e);
    if (e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_CAMERA &&
        e->consent.state == PROTO_CONSENT_GRANTED && !e->consent.extended)
        d->first = true;
    if (d->listener.event)
        d->listener.event(d->listener.context, e);
}

void agent_desk_take(struct agent_desk *d, struct proto_now now)
{
    struct proto_event event;

    while (proto_session_next_event(d->session, &event)) {
        if (event.kind == PROTO_EVENT_MEDIA_VAIN)
            agent_desk_came_in_vain(d, &event, now);
        else if (event.kind != PROTO_EVENT_MEDIA)
            pass_on(d, &event);
        else if (event.media.capability == PROTO_CAPABILITY_CAMERA)
            agent_desk_came(d, &event, now);
        else if (event.media.capability == PROTO_CAPABILITY_DEVICE_STATE)
            take_state(d, &event);
        else if (event.media.capability == PROTO_CAPABILITY_MICROPHONE && d->listener.voice)
            d->listener.voice(d->listener.context, &event);
    }
    agent_desk_show_due(d, now);
    agent_desk_ask_next(d, now);
}

/* ---- freeze ---- */

enum proto_err agent_desk_freeze(struct agent_desk *d, bool frozen)
{
    struct agent_desk_i420 f = agent_desk_picture_last(d->picture);
    size_t width[3], rows[3];
    uint8_t *at;

    free(d->frozen);
    d->frozen = NULL;
    if (!frozen)
        return PROTO_OK;
    if (f.width == 0)
        return PROTO_ERR_STATE;
    for (int p = 0; p < 3; p++) {
        width[p] = (size_t)(p ? (f.width + 1) / 2 : f.width);
        rows[p] = (size_t)(p ? (f.height + 1) / 2 : f.height);
    }
    d->frozen = at = malloc(width[0] * rows[0] + 2 * width[1] * rows[1]);
    if (!at)
        return PROTO_ERR_NOMEM;
    d->frozen_frame = f;
    d->frozen_ts_ms = d->ts_ms;
    for (int p = 0; p < 3; p++) {
        d->frozen_frame.plane[p] = at;
        d->frozen_frame.stride[p] = (int)width[p];
        for (size_t row = 0; row < rows[p]; row++, at += width[p])
            memcpy(at, f.plane[p] + (ptrdiff_t)row * f.stride[p], width[p]);
    }
    return PROTO_OK;
}

bool agent_desk_frozen(const struct agent_desk *d)
{
    return d->frozen != NULL;
}

struct agent_desk_i420 agent_desk_shown(const struct agent_desk *d)
{
    return d->frozen ? d->frozen_frame : agent_desk_picture_last(d->picture);
}

uint32_t agent_desk_shown_ts_ms(const struct agent_desk *d)
{
    return d->frozen ? d->frozen_ts_ms : d->ts_ms;
}
