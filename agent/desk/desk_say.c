/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says, draws, and does with the customer's camera. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/desk/inside.h"
#include "proto/util/utf8.h"
#include "proto/wire/limits.h"

enum proto_err agent_desk_chat(struct agent_desk *d, const char *text, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    if (!*text || !proto_utf8_valid(text, strlen(text)) || PROTO_SET_TEXT(data.body.chat.text, text) != PROTO_OK)
        return PROTO_ERR_RANGE;
    return proto_session_send_data(d->session, &data, now);
}

size_t agent_desk_chat_piece(const char *text)
{
    size_t len = proto_utf8_cut(text, PROTO_MAX_CHAT_BYTES), whole;

    if (!text[len])
        return len;
    for (whole = len; whole > 0 && text[whole] != ' '; whole--)
        ;
    return whole > 0 ? whole : len;
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
        (drawn->text && !proto_utf8_valid(drawn->text, strlen(drawn->text))) ||
        PROTO_SET_TEXT(mark->text, drawn->text ? drawn->text : "") != PROTO_OK)
        return PROTO_ERR_RANGE;
    for (size_t i = 0; i < 2 * drawn->pairs; i++) {
        if (!in_picture(drawn->points[i]))
            return PROTO_ERR_RANGE;
        mark->points[mark->points_count++] = (float)drawn->points[i];
    }
    mark->colour = drawn->colour;
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

/* ---- the customer's camera ---- */

enum proto_err agent_desk_torch(struct agent_desk *d, bool on, struct proto_now now)
{
    const handhold_CameraControl control = {.which_what = handhold_CameraControl_torch_tag, .what.torch = on};

    return proto_session_camera_control(d->session, &control, now);
}

enum proto_err agent_desk_zoom(struct agent_desk *d, double factor, struct proto_now now)
{
    const handhold_CameraControl control = {.which_what = handhold_CameraControl_zoom_tag, .what.zoom = (float)factor};

    return proto_session_camera_control(d->session, &control, now);
}

enum proto_err agent_desk_focus(struct agent_desk *d, double x, double y, struct proto_now now)
{
    handhold_CameraControl control = {.which_what = handhold_CameraControl_focus_tag};

    control.what.focus.x = (float)x;
    control.what.focus.y = (float)y;
    return proto_session_camera_control(d->session, &control, now);
}

enum proto_err agent_desk_lens(struct agent_desk *d, const char *id, struct proto_now now)
{
    handhold_CameraControl control = {.which_what = handhold_CameraControl_lens_tag};

    if (PROTO_SET_TEXT(control.what.lens, id) != PROTO_OK)
        return PROTO_ERR_RANGE;
    return proto_session_camera_control(d->session, &control, now);
}

const handhold_CameraState *agent_desk_camera(const struct agent_desk *d)
{
    return d->has_camera ? &d->camera : NULL;
}

/* ---- the session ---- */

enum proto_err agent_desk_hold(struct agent_desk *d, bool on, struct proto_now now)
{
    return proto_session_hold(d->session, on, now);
}

enum proto_err agent_desk_still(struct agent_desk *d, uint32_t *id, struct proto_now now)
{
    return proto_session_still_ask(d->session, id, now);
}

enum proto_err agent_desk_goodbye(struct agent_desk *d, struct proto_now now)
{
    d->turns = 0; /* what waits is not asked any more */
    return proto_session_goodbye(d->session, now);
}
