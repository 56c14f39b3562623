/* SPDX-License-Identifier: Apache-2.0 */
/* What GTK's thread ordered, done on the line's. */
#include "agent/viewer/end.h"
#include "proto/host/world.h"

static void after_draw(struct viewer_end *end, enum proto_err err, uint32_t id)
{
    g_rec_mutex_lock(&end->lock);
    agent_marks_sent(&end->marks, err == PROTO_OK ? id : 0);
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

/* The picture that stands still is the one that the desk kept, not the one that happened to be on the screen. */
static enum proto_err freeze(struct viewer_end *end, bool on)
{
    enum proto_err err = agent_desk_freeze(end->desk, on);
    struct agent_desk_i420 f = agent_desk_shown(end->desk);

    if (err != PROTO_OK)
        return err;
    viewer_slot_put(&end->slot, &f, agent_desk_shown_ts_ms(end->desk));
    g_rec_mutex_lock(&end->lock);
    end->view.frozen = on;
    end->view.version++;
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
    return PROTO_OK;
}

static void words_told(struct viewer_end *end, bool match)
{
    g_rec_mutex_lock(&end->lock);
    agent_view_compared(&end->view, match);
    g_rec_mutex_unlock(&end->lock);
}

static void said(struct viewer_end *end, const char *text, struct proto_now now)
{
    g_rec_mutex_lock(&end->lock);
    agent_view_said(&end->view, text, now);
    g_rec_mutex_unlock(&end->lock);
}

static void held(struct viewer_end *end, bool on, struct proto_now now)
{
    g_rec_mutex_lock(&end->lock);
    agent_view_hold(&end->view, on, now);
    g_rec_mutex_unlock(&end->lock);
}

static void asked_photo(struct viewer_end *end)
{
    g_rec_mutex_lock(&end->lock);
    agent_view_asked_photo(&end->view);
    g_rec_mutex_unlock(&end->lock);
}

static void parting(struct viewer_end *end)
{
    g_rec_mutex_lock(&end->lock);
    agent_view_said_goodbye(&end->view);
    g_rec_mutex_unlock(&end->lock);
}

static enum proto_err act(struct viewer_end *end, const struct agent_command *c, struct proto_now now)
{
    const struct agent_desk_mark mark = {.colour = c->colour,
                                         .shape = c->shape,
                                         .points = c->points,
                                         .pairs = c->pairs,
                                         .text = c->text,
                                         .ts_ms = c->ts_ms};
    enum proto_err err;
    uint32_t id = 0;

    switch (c->what) {
    case AGENT_DO_REQUEST:
        return agent_desk_request(end->desk, c->capability, c->text, c->max_s, now);
    case AGENT_DO_CHAT:
        err = agent_desk_chat(end->desk, c->text, now);
        if (err == PROTO_OK)
            said(end, c->text, now);
        if (err == PROTO_OK && end->tape)
            agent_desk_tape_text(end->tape, c->text, now);
        return err;
    case AGENT_DO_POINT:
        return agent_desk_point(end->desk, c->points[0], c->points[1], now);
    case AGENT_DO_DRAW:
        err = agent_desk_draw(end->desk, &mark, &id, now);
        after_draw(end, err, id);
        if (err == PROTO_OK && end->tape)
            agent_desk_tape_text(end->tape, *c->text ? c->text : c->shape, now);
        return err;
    case AGENT_DO_CLEAR:
        return agent_desk_clear(end->desk, c->id, now);
    case AGENT_DO_FREEZE:
        return freeze(end, c->on);
    case AGENT_DO_CHECK_WORDS:
        err = agent_desk_check_words(end->desk, c->on, now);
        if (err == PROTO_OK)
            words_told(end, c->on);
        return err;
    case AGENT_DO_HOLD:
        err = agent_desk_hold(end->desk, c->on, now);
        if (err == PROTO_OK)
            held(end, c->on, now);
        return err;
    case AGENT_DO_STILL:
        err = agent_desk_still(end->desk, &id, now);
        if (err == PROTO_OK)
            asked_photo(end);
        return err;
    case AGENT_DO_TORCH:
        return agent_desk_torch(end->desk, c->on, now);
    case AGENT_DO_ZOOM:
        return agent_desk_zoom(end->desk, c->factor, now);
    case AGENT_DO_LENS:
        return agent_desk_lens(end->desk, c->text, now);
    case AGENT_DO_FOCUS:
        return agent_desk_focus(end->desk, c->points[0], c->points[1], now);
    case AGENT_DO_GUIDES:
    case AGENT_DO_GUIDE:
        return viewer_end_guide(end, c, now);
    case AGENT_DO_MUTE:
    case AGENT_DO_MICROPHONE:
    case AGENT_DO_SPEAKER:
        viewer_end_voice_do(end, c);
        return PROTO_OK;
    case AGENT_DO_END: /* said once it is a good-bye; said again, or to nobody, it is the end */
        if (agent_desk_goodbye(end->desk, now) != PROTO_OK)
            host_uplink_end(end->uplink, PROTO_END_COMPLETED);
        else
            parting(end);
        return PROTO_OK;
    default:
        return PROTO_OK;
    }
}

void viewer_end_obey(struct viewer_end *end, const struct agent_command *command, gint64 began_us)
{
    enum proto_err err;

    if (!end->desk || end->finished)
        return;
    if ((command->what == AGENT_DO_POINT || command->what == AGENT_DO_DRAW) && !end->marked_us)
        end->marked_us = began_us;
    err = act(end, command, host_now());
    if (err != PROTO_OK && command->what != AGENT_DO_POINT) { /* a pointer that is lost is followed by the next */
        const char *label = command->what == AGENT_DO_REQUEST ? proto_capability_label(command->capability) : NULL;

        g_rec_mutex_lock(&end->lock);
        agent_view_refused(&end->view, label ? label : "This", err);
        g_rec_mutex_unlock(&end->lock);
    }
    if (end->uplink)
        host_uplink_kick(end->uplink);
    viewer_end_tell(end);
}
