/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which DATA an end may send, and what must be true of it: its way, its form, and the consent it rests on. The sender
 * and the receiver hold to one table, so that a changed peer gains nothing by leaving its own check out.
 */
#include <math.h>
#include <string.h>

#include "proto/session/internal.h"

enum { BY_AGENT = 1, BY_CUSTOMER = 2, BY_BOTH = 3 };

static bool is_live(const struct proto_session *s, enum proto_capability capability)
{
    if (s->side == SIDE_AGENT)
        return s->held[capability].state == PROTO_CONSENT_GRANTED && !s->on_hold;
    return s->grants[capability].phase == GRANT_LIVE && !s->on_hold;
}

static enum proto_err under(const struct proto_session *s, enum proto_capability capability)
{
    return is_live(s, capability) ? PROTO_OK : PROTO_ERR_CONSENT;
}

static bool in_picture(float v)
{
    return isfinite(v) && v >= 0 && v <= 1;
}

static bool is_factor(float v)
{
    return isfinite(v) && v >= 0 && v <= 100;
}

/* ---------------------------------------------------------------- what must be true of each */

static enum proto_err check_pointer(const struct proto_session *s, const handhold_Data *data)
{
    (void)s;
    return in_picture(data->body.pointer.x) && in_picture(data->body.pointer.y) ? PROTO_OK : PROTO_ERR_FORMAT;
}

static enum proto_err check_mark(const struct proto_session *s, const handhold_Data *data)
{
    const handhold_Mark *mark = &data->body.mark;

    (void)s;
    for (pb_size_t i = 0; i < mark->points_count; i++)
        if (!in_picture(mark->points[i]))
            return PROTO_ERR_FORMAT;
    return proto_value_valid(mark->shape) && proto_value_valid(mark->text) ? PROTO_OK : PROTO_ERR_FORMAT;
}

static enum proto_err check_paused(const struct proto_session *s, const handhold_Data *data)
{
    (void)s;
    return proto_value_valid(data->body.paused.by) && proto_value_valid(data->body.paused.reason) ? PROTO_OK
                                                                                                  : PROTO_ERR_FORMAT;
}

static enum proto_err check_control(const struct proto_session *s, const handhold_Data *data)
{
    const handhold_CameraControl *control = &data->body.camera_control;
    bool sound = true;

    switch (control->which_what) {
    case handhold_CameraControl_torch_tag:
        return under(s, PROTO_CAPABILITY_TORCH);
    case handhold_CameraControl_zoom_tag:
        return is_factor(control->what.zoom) && control->what.zoom >= 1 ? under(s, PROTO_CAPABILITY_ZOOM)
                                                                        : PROTO_ERR_FORMAT;
    case handhold_CameraControl_lens_tag:
        sound = *control->what.lens && proto_value_valid(control->what.lens);
        break;
    case handhold_CameraControl_focus_tag:
        sound = in_picture(control->what.focus.x) && in_picture(control->what.focus.y);
        break;
    default:
        sound = false;
    }
    return sound ? under(s, PROTO_CAPABILITY_CAMERA) : PROTO_ERR_FORMAT;
}

static enum proto_err check_camera(const struct proto_session *s, const handhold_Data *data)
{
    const handhold_CameraState *camera = &data->body.camera_state;

    if (!is_factor(camera->zoom) || !is_factor(camera->zoom_max) || !proto_value_valid(camera->lens))
        return PROTO_ERR_FORMAT;
    for (pb_size_t i = 0; i < camera->lenses_count; i++)
        if (!*camera->lenses[i].id || !proto_value_valid(camera->lenses[i].id) ||
            !proto_value_valid(camera->lenses[i].label))
            return PROTO_ERR_FORMAT;
    return under(s, PROTO_CAPABILITY_CAMERA);
}

static enum proto_err check_answer(const struct proto_session *s, const handhold_Data *data)
{
    const handhold_StillAnswer *answer = &data->body.still_answer;

    (void)s;
    if (answer->outcome == PROTO_STILL_DISCARDED || answer->outcome == PROTO_STILL_FAILED)
        return PROTO_OK;
    if (answer->outcome != PROTO_STILL_SENDING ||
        !still_is_sound(answer->bytes, answer->width, answer->height, answer->mime) ||
        answer->parts != still_parts(answer->bytes))
        return PROTO_ERR_FORMAT;
    return PROTO_OK;
}

static enum proto_err check_rating(const struct proto_session *s, const handhold_Data *data)
{
    if (data->body.rating.stars < 1 || data->body.rating.stars > 5)
        return PROTO_ERR_FORMAT;
    return s->goodbye && !s->rated ? PROTO_OK : PROTO_ERR_STATE;
}

/* ---------------------------------------------------------------- what this end does about it itself */

/* Who paused hears nothing either. */
static bool on_paused(struct proto_session *s, const handhold_Data *data)
{
    s->paused = data->body.paused.paused;
    return true;
}

static bool on_hearing(struct proto_session *s, const handhold_Data *data)
{
    s->heard = data->body.hearing.on;
    return true;
}

static bool on_words(struct proto_session *s, const handhold_Data *data)
{
    if (s->side == SIDE_AGENT)
        s->words_matched = data->body.check_words.match;
    return true;
}

static bool on_hold(struct proto_session *s, const handhold_Data *data)
{
    hold_heard(s, data->body.hold.on);
    return false;
}

static bool on_still_ask(struct proto_session *s, const handhold_Data *data)
{
    still_asked(s, data->body.still_ask.id);
    return false;
}

static bool on_still_answer(struct proto_session *s, const handhold_Data *data)
{
    still_answered(s, &data->body.still_answer);
    return false;
}

static bool on_still_have(struct proto_session *s, const handhold_Data *data)
{
    still_had(s, &data->body.still_have);
    return false;
}

static bool on_goodbye(struct proto_session *s, const handhold_Data *data)
{
    (void)data;
    return goodbye_heard(s);
}

static bool on_rating(struct proto_session *s, const handhold_Data *data)
{
    (void)data;
    s->rated = true;
    return true;
}

/* ---------------------------------------------------------------- the table */

static const struct data_rule {
    unsigned by; /* 0: this version does not know it */
    bool own;    /* a command of its own sends it */
    /** FORMAT, STATE: an alarm at the receiver. CONSENT: left out there; a withdrawal may have crossed it. */
    enum proto_err (*check)(const struct proto_session *s, const handhold_Data *data);
    bool (*on)(struct proto_session *s, const handhold_Data *data); /* true: the owner is told */
} rules[] = {
    [handhold_Data_chat_tag] = {BY_BOTH, false, NULL, NULL}, /* may have line feeds: who shows it escapes it */
    [handhold_Data_pointer_tag] = {BY_BOTH, false, check_pointer, NULL},
    [handhold_Data_mark_tag] = {BY_BOTH, false, check_mark, NULL},
    [handhold_Data_clear_tag] = {BY_BOTH, false, NULL, NULL},
    [handhold_Data_paused_tag] = {BY_CUSTOMER, true, check_paused, on_paused},
    [handhold_Data_check_words_tag] = {BY_BOTH, false, NULL, on_words},
    [handhold_Data_hold_tag] = {BY_AGENT, true, NULL, on_hold},
    [handhold_Data_still_ask_tag] = {BY_AGENT, true, NULL, on_still_ask},
    [handhold_Data_still_answer_tag] = {BY_CUSTOMER, true, check_answer, on_still_answer},
    [handhold_Data_still_have_tag] = {BY_AGENT, true, NULL, on_still_have},
    [handhold_Data_camera_control_tag] = {BY_AGENT, true, check_control, NULL},
    [handhold_Data_camera_state_tag] = {BY_CUSTOMER, true, check_camera, NULL},
    [handhold_Data_goodbye_tag] = {BY_AGENT, true, NULL, on_goodbye},
    [handhold_Data_rating_tag] = {BY_CUSTOMER, true, check_rating, on_rating},
    [handhold_Data_hearing_tag] = {BY_CUSTOMER, false, NULL, on_hearing},
    [handhold_Data_check_ask_tag] = {BY_AGENT, false, NULL, NULL},
    [handhold_Data_check_cancel_tag] = {BY_AGENT, false, NULL, NULL},
    [handhold_Data_guide_open_tag] = {BY_AGENT, false, NULL, NULL},
    [handhold_Data_guide_step_tag] = {BY_AGENT, false, NULL, NULL},
    [handhold_Data_guide_state_tag] = {BY_AGENT, false, NULL, NULL},
    [handhold_Data_guide_act_tag] = {BY_CUSTOMER, false, NULL, NULL},
    [handhold_Data_guide_part_tag] = {BY_AGENT, false, NULL, NULL},
    [handhold_Data_guide_wish_tag] = {BY_CUSTOMER, false, NULL, NULL},
};

static const struct data_rule *rule_of(const handhold_Data *data)
{
    static const struct data_rule none;

    return data->which_body < sizeof rules / sizeof *rules ? &rules[data->which_body] : &none;
}

enum proto_err data_may_send(const struct proto_session *s, const handhold_Data *data, bool own)
{
    const struct data_rule *rule = rule_of(data);

    if (!(rule->by & (s->side == SIDE_AGENT ? BY_AGENT : BY_CUSTOMER)) || (rule->own && !own))
        return PROTO_ERR_ARGUMENT;
    enum proto_err err = rule->check ? rule->check(s, data) : PROTO_OK;
    return err == PROTO_ERR_FORMAT ? PROTO_ERR_RANGE : err;
}

bool data_take(struct proto_session *s, const handhold_Data *data)
{
    const struct data_rule *rule = rule_of(data);
    bool may = rule->by & (s->side == SIDE_AGENT ? BY_CUSTOMER : BY_AGENT);
    enum proto_err err = !may ? PROTO_ERR_STATE : rule->check ? rule->check(s, data) : PROTO_OK;

    if (err == PROTO_ERR_CONSENT) {
        s->figures.data_refused++;
        return false;
    }
    if (err) {
        session_alarm(s, err, "the other end sent something that it may not send, or that is out of its bounds");
        return false;
    }
    return rule->on ? rule->on(s, data) : true;
}
