/* SPDX-License-Identifier: Apache-2.0 */
/* The customer's voice: played to a file or a device, counted, and told once a second while it flows. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/headless_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/voice.h"
#include "proto/host/world.h"

struct headless_voice {
    struct host_sound *sink;          /* owned; NULL: heard by nobody */
    struct host_voice_player *player; /* owned */
    struct host_timer *timer;         /* owned */
    bool came;                        /* since it was told last */
    struct host_voice_figures before; /* as they were told last */
};

static void on_timer(void *context)
{
    struct headless_voice *v = context;

    host_timer_set(v->timer, host_voice_player_tick(v->player, host_now().mono_ms));
}

int headless_voice_open(struct headless *h)
{
    char why[HOST_SOUND_WHY_BYTES];
    struct headless_voice *v = calloc(1, sizeof *v);

    h->voice = v;
    if (v && h->config->audio && host_sound_open_out(&v->sink, h->config->audio, why) != PROTO_OK) {
        host_say(HOST_ERROR, "%s", why);
        return HOST_EXIT_USAGE;
    }
    if (v && host_voice_player_new(&v->player, v->sink) == PROTO_OK &&
        host_timer_new(&v->timer, h->loop, on_timer, v) == PROTO_OK)
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
    host_timer_set(h->voice->timer, host_voice_player_tick(h->voice->player, now_ms));
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
        host_event_fields("audio",
                          json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:i,s:i,s:f,s:I}", "from", "customer", "packets",
                                    (json_int_t)(f.packets - v->before.packets), "played",
                                    (json_int_t)(f.played - v->before.played), "concealed",
                                    (json_int_t)(f.concealed - v->before.concealed), "late",
                                    (json_int_t)(f.late - v->before.late), "skipped",
                                    (json_int_t)(f.skipped - v->before.skipped), "delay_ms", f.depth_ms, "gap_max_ms",
                                    f.gap_ms_max, "level_db", f.level_db, "total_packets", (json_int_t)f.packets));
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
    free(v);
    h->voice = NULL;
}
