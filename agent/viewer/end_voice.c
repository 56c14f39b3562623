/* SPDX-License-Identifier: Apache-2.0 */
/* Both voices in a tab: what agent/desk/voice.h does, on the line's thread. */
#include <string.h>

#include "agent/viewer/end.h"
#include "proto/host/world.h"

static bool may_talk(void *context)
{
    struct viewer_end *end = context;

    return end->desk && !end->finished && proto_session_may_talk(agent_desk_session(end->desk));
}

static bool is_heard(void *context)
{
    struct viewer_end *end = context;

    return end->desk && !end->finished && proto_session_is_heard(agent_desk_session(end->desk));
}

static bool send(void *context, const uint8_t *packet, size_t len, int64_t mono_ms)
{
    struct viewer_end *end = context;
    const struct proto_frame frame = {.bytes = packet, .len = len, .capture_mono_ms = mono_ms};

    agent_desk_tape_my_voice(end->tape, packet, len, mono_ms);
    return proto_session_push_voice(agent_desk_session(end->desk), &frame, host_now()) == PROTO_OK;
}

static void wrong(void *context, enum agent_voice_side side, const char *why)
{
    struct viewer_end *end = context;

    if (strstr(why, "there is no such")) /* its way out is that of the command line */
        why =
            side == AGENT_VOICE_MICROPHONE
                ? N_("There is no microphone to speak into: plug one in, or choose another under Preferences.")
                : N_("There is no loudspeaker to hear the customer: plug one in, or choose another under Preferences.");
    g_rec_mutex_lock(&end->lock);
    agent_view_tell(&end->view, AGENT_VIEW_WARNING, why);
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

void viewer_end_voice_tick(struct viewer_end *end)
{
    struct agent_voice_now now;

    if (!end->voice)
        return;
    host_timer_set(end->voice_timer, agent_voice_tick(end->voice, host_now().mono_ms));
    agent_voice_now(end->voice, &now);
    g_rec_mutex_lock(&end->lock);
    end->voice_now = now; /* a meter looks at it by itself: not each packet is news for the window */
    g_rec_mutex_unlock(&end->lock);
    if (end->uplink)
        host_uplink_kick(end->uplink);
}

static void on_voice_timer(void *context)
{
    viewer_end_voice_tick(context);
}

void viewer_end_voice_do(struct viewer_end *end, const struct agent_command *c)
{
    enum agent_voice_side side = c->what == AGENT_DO_MICROPHONE ? AGENT_VOICE_MICROPHONE : AGENT_VOICE_SPEAKER;
    char why[HOST_SOUND_WHY_BYTES] = "The device's name is too long";

    if (!end->voice)
        return;
    if (c->what == AGENT_DO_MUTE)
        agent_voice_mute(end->voice, c->on);
    else if (agent_voice_set(end->voice, side, c->text, why) != PROTO_OK)
        wrong(end, side, why);
    viewer_end_voice_tick(end);
    viewer_end_tell(end);
}

void viewer_end_voice_came(struct viewer_end *end, const struct proto_event *e)
{
    agent_voice_came(end->voice, e->media.header->obj, e->media.header->ts_ms, e->media.bytes, e->media.len,
                     host_now().mono_ms);
    viewer_end_voice_tick(end);
}

enum proto_err viewer_end_make_voice(struct viewer_end *end)
{
    const struct agent_voice_config config = {
        .may_talk = may_talk, .is_heard = is_heard, .send = send, .wrong = wrong, .context = end};
    enum proto_err err = agent_voice_new(&end->voice, &config);

    return err == PROTO_OK ? host_timer_new(&end->voice_timer, end->line->loop, on_voice_timer, end) : err;
}

void viewer_end_free_voice(struct viewer_end *end)
{
    host_timer_free(end->voice_timer);
    end->voice_timer = NULL;
    agent_voice_free(end->voice);
    end->voice = NULL;
}
