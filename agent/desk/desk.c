/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/desk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
    bool waits;
    uint32_t max_s;
    char purpose[PROTO_MAX_VALUE_BYTES + 1];
};

struct agent_desk {
    struct proto_session *session;      /* owned */
    struct agent_desk_picture *picture; /* owned */
    struct agent_desk_listener listener;
    struct waiting waiting[PROTO_CAPABILITY_COUNT];
    enum proto_capability turn[PROTO_CAPABILITY_COUNT]; /* those that wait, in the order they were asked for */
    size_t turns;
    uint32_t marks;
    uint16_t tl0; /* of the last picture of layer 0 */
    bool first;   /* the next picture is the first of its consent */
    int64_t last_ms;
    uint32_t ts_ms, frozen_ts_ms; /* media time of the last picture and of the frozen one */
    uint8_t *frozen; /* owned: a copy of the picture, planes without padding; NULL: live */
    struct agent_desk_i420 frozen_frame;
};

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

/* ---- frames ---- */

/* A picture of layer 0 follows the one before it, one of a higher layer belongs to the last of layer 0: else one is
 * missing. */
static bool follows(const struct agent_desk *d, const struct proto_media_header *h)
{
    if (h->flags & PROTO_MEDIA_KEY)
        return true;
    return h->tid == 0 ? h->tl0 == (uint16_t)(d->tl0 + 1) : h->tl0 == d->tl0;
}

static void tell_frame(const struct agent_desk *d, const struct proto_event *e, const char *outcome, bool decoded,
                       struct proto_now now)
{
    struct agent_desk_i420 last = agent_desk_picture_last(d->picture);
    const struct agent_desk_frame frame = {
        .header = e->media.header,
        .bytes = e->media.len,
        .captured_ms = e->media.capture_mono_ms ? e->media.capture_mono_ms : AGENT_DESK_PICTURE_UNTIMED,
        .arrived_ms = now.mono_ms,
        .decoded_ms = !decoded ? 0 : d->listener.mono_ms ? d->listener.mono_ms() : now.mono_ms,
        .outcome = outcome,
        .width = decoded ? last.width : 0,
        .height = decoded ? last.height : 0};

    if (d->listener.frame)
        d->listener.frame(d->listener.context, &frame);
}

static void take_picture(struct agent_desk *d, const struct proto_event *e, struct proto_now now)
{
    const struct proto_media_header *h = e->media.header;
    int64_t capture_ms = e->media.capture_mono_ms ? e->media.capture_mono_ms : AGENT_DESK_PICTURE_UNTIMED;
    bool in_order = follows(d, h);

    if (!in_order && h->tid > 0) {
        tell_frame(d, e, "overtaken", false, now);
        return; /* it belongs to a picture that never came; nothing refers to it */
    }
    if (!in_order)
        agent_desk_picture_lost(d->picture);
    if (h->tid == 0)
        d->tl0 = h->tl0;
    d->last_ms = now.mono_ms;
    if (agent_desk_picture_feed(d->picture, e->media.bytes, e->media.len, capture_ms, now.mono_ms) ==
        AGENT_DESK_PICTURE_NEEDS_KEY) {
        proto_session_want_key_frame(d->session, PROTO_CAPABILITY_CAMERA, now);
        tell_frame(d, e, "waits-for-key", false, now);
        return;
    }
    d->ts_ms = h->ts_ms;
    if (d->listener.mono_ms)
        agent_desk_picture_took(d->picture, d->listener.mono_ms() - now.mono_ms);
    tell_frame(d, e, "decoded", true, now);
    if (d->listener.picture)
        d->listener.picture(d->listener.context, d->picture, d->first);
    d->first = false;
}

static void take_state(struct agent_desk *d, const struct proto_event *e)
{
    handhold_StateChange change;

    if (proto_message_decode(e->media.bytes, e->media.len, handhold_StateChange_fields, &change, sizeof change) ==
            PROTO_OK &&
        d->listener.state)
        d->listener.state(d->listener.context, &change);
}

/* ---- one question at a time ---- */

static void drop_turn(struct agent_desk *d, size_t index)
{
    d->waiting[d->turn[index]].waits = false;
    d->turns--;
    memmove(&d->turn[index], &d->turn[index + 1], (d->turns - index) * sizeof *d->turn);
}

/* Tells as an event what the session says to a question that waited: nobody is there to read a return value. */
static void tell_refused(struct agent_desk *d, enum proto_capability capability, enum proto_err err)
{
    char text[256];
    const struct proto_event event = {.kind = PROTO_EVENT_ERROR, .error = {err, text}};

    snprintf(text, sizeof text, "%s: %s; %s", proto_capability_name(capability), proto_err_rule(err),
             proto_err_way_out(err));
    if (d->listener.event)
        d->listener.event(d->listener.context, &event);
}

static void ask_next(struct agent_desk *d, struct proto_now now)
{
    while (d->turns > 0) {
        enum proto_capability capability = d->turn[0];
        struct waiting *w = &d->waiting[capability];
        enum proto_err err = proto_session_request(d->session, capability, w->purpose, w->max_s, now);

        if (err == PROTO_ERR_STATE)
            return; /* another question is open, or nobody has joined: its turn comes */
        drop_turn(d, 0);
        if (err == PROTO_OK)
            return;
        tell_refused(d, capability, err);
    }
}

enum proto_err agent_desk_request(struct agent_desk *d, enum proto_capability capability, const char *purpose,
                                  uint32_t max_s, struct proto_now now)
{
    struct waiting *w = &d->waiting[capability];
    enum proto_err err;

    if (!purpose || !*purpose)
        purpose = agent_desk_purpose(capability);
    if (strlen(purpose) > PROTO_MAX_VALUE_BYTES)
        return PROTO_ERR_RANGE;
    if (w->waits || proto_session_consent(d->session, capability) == PROTO_CONSENT_GRANTED ||
        proto_session_consent(d->session, capability) == PROTO_CONSENT_REQUESTED)
        return PROTO_ERR_EXISTS;
    if (d->turns == 0) {
        err = proto_session_request(d->session, capability, purpose, max_s, now);
        if (err != PROTO_ERR_STATE)
            return err;
    }
    w->waits = true;
    w->max_s = max_s;
    snprintf(w->purpose, sizeof w->purpose, "%s", purpose);
    d->turn[d->turns++] = capability;
    return PROTO_OK;
}

const char *agent_desk_purpose(enum proto_capability capability)
{
    static const char *const words[PROTO_CAPABILITY_COUNT] = {
        [PROTO_CAPABILITY_CAMERA] = "To see what you see",
        [PROTO_CAPABILITY_MICROPHONE] = "To talk with you",
        [PROTO_CAPABILITY_DEVICE_STATE] = "To read what your device reports about itself",
        [PROTO_CAPABILITY_STILL] = "To look at a detail in a sharp photo",
        [PROTO_CAPABILITY_RECORDING] = "To keep what you showed me for the report",
        [PROTO_CAPABILITY_TORCH] = "To give your camera more light",
        [PROTO_CAPABILITY_ZOOM] = "To look closer",
        [PROTO_CAPABILITY_LOCATION] = "To know where you are",
        [PROTO_CAPABILITY_HISTORY] = "To know what was tried before",
        [PROTO_CAPABILITY_GUEST] = "To ask a colleague for help",
    };
    const char *text = (unsigned)capability < PROTO_CAPABILITY_COUNT ? words[capability] : NULL;

    return text ? text : "To help you";
}

/* ---- events ---- */

static void pass_on(struct agent_desk *d, const struct proto_event *e)
{
    if (e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_CAMERA &&
        e->consent.state == PROTO_CONSENT_GRANTED)
        d->first = true;
    if (d->listener.event)
        d->listener.event(d->listener.context, e);
}

void agent_desk_take(struct agent_desk *d, struct proto_now now)
{
    struct proto_event event;

    while (proto_session_next_event(d->session, &event)) {
        if (event.kind != PROTO_EVENT_MEDIA)
            pass_on(d, &event);
        else if (event.media.capability == PROTO_CAPABILITY_CAMERA)
            take_picture(d, &event, now);
        else if (event.media.capability == PROTO_CAPABILITY_DEVICE_STATE)
            take_state(d, &event);
    }
    ask_next(d, now);
}

/* ---- talk and marks ---- */

enum proto_err agent_desk_chat(struct agent_desk *d, const char *text, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    if (!*text || PROTO_SET_TEXT(data.body.chat.text, text) != PROTO_OK)
        return PROTO_ERR_RANGE;
    return proto_session_send_data(d->session, &data, now);
}

static bool in_picture(double v)
{
    return isfinite(v) && v >= 0 && v <= 1;
}

enum proto_err agent_desk_point(struct agent_desk *d, double x, double y, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_pointer_tag};

    if (!in_picture(x) || !in_picture(y))
        return PROTO_ERR_RANGE;
    data.body.pointer.x = (float)x;
    data.body.pointer.y = (float)y;
    return proto_session_send_data(d->session, &data, now);
}

static bool is_shape(const char *shape)
{
    static const char *const shapes[] = {"arrow", "line", "circle", "rectangle", "text", "number", "highlight"};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (!strcmp(shape, shapes[i]))
            return true;
    return false;
}

enum proto_err agent_desk_draw(struct agent_desk *d, const struct agent_desk_mark *drawn, uint32_t *id,
                               struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_mark_tag};
    handhold_Mark *mark = &data.body.mark;
    enum proto_err err;

    if (!is_shape(drawn->shape) || drawn->pairs == 0 || drawn->pairs > AGENT_DESK_POINTS_MAX ||
        PROTO_SET_TEXT(mark->shape, drawn->shape) != PROTO_OK ||
        PROTO_SET_TEXT(mark->text, drawn->text ? drawn->text : "") != PROTO_OK)
        return PROTO_ERR_RANGE;
    for (size_t i = 0; i < 2 * drawn->pairs; i++) {
        if (!in_picture(drawn->points[i]))
            return PROTO_ERR_RANGE;
        mark->points[mark->points_count++] = (float)drawn->points[i];
    }
    mark->id = d->marks + 1;
    mark->ts_ms = drawn->ts_ms ? drawn->ts_ms : agent_desk_shown_ts_ms(d);
    err = proto_session_send_data(d->session, &data, now);
    if (err == PROTO_OK)
        *id = ++d->marks;
    return err;
}

enum proto_err agent_desk_clear(struct agent_desk *d, uint32_t id, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_clear_tag};

    data.body.clear.id = id;
    return proto_session_send_data(d->session, &data, now);
}

enum proto_err agent_desk_check_words(struct agent_desk *d, bool match, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_check_words_tag};

    data.body.check_words.match = match;
    return proto_session_send_data(d->session, &data, now);
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
