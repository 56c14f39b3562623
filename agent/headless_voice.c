/* SPDX-License-Identifier: Apache-2.0 */
/* The customer's voice: played to a file or a device, counted, and told once a second while it flows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/headless_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/voice.h"
#include "proto/host/world.h"

struct headless_voice {
    struct host_sound *source;          /* owned; NULL: the agent is mute */
    struct host_voice_encoder *encoder; /* owned; with the source */
    int64_t speak_ms;                   /* when the next 20 ms are due */
    uint64_t spoken;
    struct host_sound *sink;          /* owned; NULL: heard by nobody */
    struct host_voice_player *player; /* owned */
    struct host_timer *timer;         /* owned */
    bool came;                        /* since it was told last */
    struct host_voice_figures before; /* as they were told last */
};

static void speak(struct headless *h, int64_t now_ms)
{
    struct headless_voice *v = h->voice;
    struct proto_session *session = agent_desk_session(h->desk);
    struct proto_now now = host_now();
    int16_t pcm[HOST_SOUND_FRAME];
    uint8_t packet[HOST_VOICE_PACKET_MAX];

    if (now_ms > v->speak_ms + 10 * PROTO_PLAYOUT_PACKET_MS)
        v->speak_ms = now_ms; /* nobody was there, or this machine slept */
    for (; v->speak_ms <= now_ms; v->speak_ms += PROTO_PLAYOUT_PACKET_MS) {
        struct proto_frame frame = {.bytes = packet, .capture_mono_ms = v->speak_ms};
        if (!host_sound_read(v->source, pcm) || !(frame.len = host_voice_encode(v->encoder, pcm, packet)))
            continue;
        v->spoken += proto_session_push_voice(session, &frame, now) == PROTO_OK;
    }
    explicit_bzero(pcm, sizeof pcm);
    explicit_bzero(packet, sizeof packet);
    host_uplink_kick(h->uplink);
}

static void on_timer(void *context)
{
    struct headless *h = context;
    struct headless_voice *v = h->voice;
    int64_t now_ms = host_now().mono_ms, next = host_voice_player_tick(v->player, now_ms);

    if (v->source && proto_session_may_talk(agent_desk_session(h->desk))) {
        speak(h, now_ms);
        next = proto_earlier(next, v->speak_ms);
    }
    host_timer_set(v->timer, next);
}

void headless_voice_may(struct headless *h)
{
    if (h->voice->source)
        on_timer(h);
}

int headless_voice_open(struct headless *h)
{
    char why[HOST_SOUND_WHY_BYTES] = "the voice: no memory; close other programs";
    struct headless_voice *v = calloc(1, sizeof *v);

    h->voice = v;
    if (v && h->config->audio && host_sound_open_out(&v->sink, h->config->audio, why) != PROTO_OK) {
        host_say(HOST_ERROR, "%s", why);
        return HOST_EXIT_USAGE;
    }
    if (v && h->config->microphone &&
        (host_sound_open_in(&v->source, h->config->microphone, why) || host_voice_encoder_new(&v->encoder))) {
        host_say(HOST_ERROR, "%s", why);
        return HOST_EXIT_USAGE;
    }
    if (v && host_voice_player_new(&v->player, v->sink) == PROTO_OK &&
        host_timer_new(&v->timer, h->loop, on_timer, h) == PROTO_OK)
        return HOST_EXIT_FINE;
    host_say_err("the voice", PROTO_ERR_NOMEM);
    return HOST_EXIT_FAILED;
}

void headless_voice_came(void *context, const struct proto_event *e)
{
    struct headless *h = context;
    int64_t now_ms = host_now().mono_ms;

    h->voice->came = true;
    host_voice_player_put(h->voice->player, e->media.header->obj, e->media.header->ts_ms, e->media.bytes, e->media.len,
                          now_ms);
    on_timer(h);
}

void headless_voice_tell(struct headless *h)
{
    struct headless_voice *v = h->voice;
    struct host_voice_figures f;

    if (!v || !v->came)
        return;
    v->came = false;
    host_voice_player_figures(v->player, &f);
    if (h->tell.json)
        host_event_fields("audio", json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:i,s:i,s:f,s:I,s:I}", "from", "customer",
                                             "packets", (json_int_t)(f.packets - v->before.packets), "played",
                                             (json_int_t)(f.played - v->before.played), "concealed",
                                             (json_int_t)(f.concealed - v->before.concealed), "late",
                                             (json_int_t)(f.late - v->before.late), "skipped",
                                             (json_int_t)(f.skipped - v->before.skipped), "delay_ms", f.depth_ms,
                                             "gap_max_ms", f.gap_ms_max, "level_db", f.level_db, "total_packets",
                                             (json_int_t)f.packets, "sent", (json_int_t)v->spoken));
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
    host_voice_player_free(v->player);
    host_sound_free(v->sink);
    host_sound_free(v->source);
    host_voice_encoder_free(v->encoder);
    free(v);
    h->voice = NULL;
}
