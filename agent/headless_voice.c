/* SPDX-License-Identifier: Apache-2.0 */
/* Both voices without a window: played, sent, recorded, and told once a second while they flow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/voice.h"
#include "agent/headless_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

struct headless_voice {
    struct agent_voice *voice;        /* owned */
    struct host_timer *timer;         /* owned */
    bool came;                        /* since it was told last */
    struct host_voice_figures before; /* as they were told last */
};

static bool may_talk(void *context)
{
    struct headless *h = context;

    return proto_session_may_talk(agent_desk_session(h->desk));
}

static bool is_heard(void *context)
{
    struct headless *h = context;

    return proto_session_is_heard(agent_desk_session(h->desk));
}

static bool send(void *context, const uint8_t *packet, size_t len, int64_t mono_ms)
{
    struct headless *h = context;
    const struct proto_frame frame = {.bytes = packet, .len = len, .capture_mono_ms = mono_ms};

    if (h->tape)
        agent_desk_tape_my_voice(h->tape, packet, len, mono_ms);
    return proto_session_push_voice(agent_desk_session(h->desk), &frame, host_now()) == PROTO_OK;
}

static void on_timer(void *context)
{
    struct headless *h = context;

    host_timer_set(h->voice->timer, agent_voice_tick(h->voice->voice, host_now().mono_ms));
    host_uplink_kick(h->uplink);
}

void headless_voice_may(struct headless *h)
{
    on_timer(h);
}

int headless_voice_open(struct headless *h)
{
    const struct agent_voice_config config = {
        .may_talk = may_talk, .is_heard = is_heard, .send = send, .context = h, .keep_files = true};
    const char *const specs[AGENT_VOICE_SIDES] = {h->config->microphone, h->config->audio};
    char why[HOST_SOUND_WHY_BYTES] = "its name is too long; give a shorter one";
    struct headless_voice *v = calloc(1, sizeof *v);

    h->voice = v;
    if (!v || agent_voice_new(&v->voice, &config) != PROTO_OK ||
        host_timer_new(&v->timer, h->loop, on_timer, h) != PROTO_OK) {
        host_say_err("the voice", PROTO_ERR_NOMEM);
        return HOST_EXIT_FAILED;
    }
    for (enum agent_voice_side side = 0; side < AGENT_VOICE_SIDES; side++)
        if (agent_voice_set(v->voice, side, specs[side], why) != PROTO_OK ||
            agent_voice_open(v->voice, side, why) != PROTO_OK) {
            host_say(HOST_ERROR, "%s", why);
            return HOST_EXIT_USAGE;
        }
    return HOST_EXIT_FINE;
}

enum proto_err headless_voice_obey(struct headless *h, const struct agent_command *command)
{
    char why[HOST_SOUND_WHY_BYTES] = "its name is too long; give a shorter one";
    enum agent_voice_side side = command->what == AGENT_DO_MICROPHONE ? AGENT_VOICE_MICROPHONE : AGENT_VOICE_SPEAKER;
    enum proto_err err = PROTO_OK;

    if (command->what == AGENT_DO_MUTE) {
        agent_voice_mute(h->voice->voice, command->on);
        return PROTO_OK;
    }
    err = agent_voice_set(h->voice->voice, side, command->text, why);
    if (err == PROTO_OK)
        err = agent_voice_open(h->voice->voice, side, why);
    if (err != PROTO_OK)
        agent_tell_error(&h->tell, proto_err_name(err), why);
    on_timer(h);
    return PROTO_OK; /* told already */
}

void headless_voice_came(void *context, const struct proto_event *e)
{
    struct headless *h = context;

    h->voice->came = true;
    agent_voice_came(h->voice->voice, e->media.header->obj, e->media.header->ts_ms, e->media.bytes, e->media.len,
                     host_now().mono_ms);
    on_timer(h);
}

void headless_voice_tell(struct headless *h)
{
    struct headless_voice *v = h->voice;
    struct host_voice_figures f;

    if (v)
        agent_voice_line(v->voice, proto_session_waits_ms(agent_desk_session(h->desk)));
    if (!v || !v->came)
        return;
    v->came = false;
    agent_voice_figures(v->voice, &f);
    if (h->tell.json)
        host_event_fields("audio", json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:i,s:i,s:f,s:I,s:I}", "from", "customer",
                                             "packets", (json_int_t)(f.packets - v->before.packets), "played",
                                             (json_int_t)(f.played - v->before.played), "concealed",
                                             (json_int_t)(f.concealed - v->before.concealed), "late",
                                             (json_int_t)(f.late - v->before.late), "skipped",
                                             (json_int_t)(f.skipped - v->before.skipped), "delay_ms", f.depth_ms,
                                             "gap_max_ms", f.gap_ms_max, "level_db", f.level_db, "total_packets",
                                             (json_int_t)f.packets, "sent", (json_int_t)agent_voice_spoken(v->voice)));
    else
        printf("voice: %d ms held back, %.0f dB, %d concealed\n", f.depth_ms, f.level_db,
               (int)(f.concealed - v->before.concealed));
    fflush(stdout);
    v->before = f;
}

void headless_voice_close(struct headless *h)
{
    struct headless_voice *v = h->voice;

    if (!v)
        return;
    host_timer_free(v->timer);
    agent_voice_free(v->voice);
    free(v);
    h->voice = NULL;
}
