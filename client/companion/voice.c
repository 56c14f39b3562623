/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/voice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEHIND_MAX_MS = 200 };

/* Of a line of this many bits a second for the picture the voice takes this many. */
static const struct {
    int64_t line_bps;
    int bps;
} steps[] = {{500000, HOST_VOICE_BPS_MAX}, {150000, 16000}, {1, HOST_VOICE_BPS_MIN}};

struct client_voice {
    struct host_sound *sound;           /* owned */
    struct host_voice_encoder *encoder; /* owned */
    struct host_sound *speaker;         /* owned; NULL: the agent is not heard */
    struct host_voice_player *player;   /* owned; with the speaker */
    int64_t play_ms;                    /* when the player is due; PROTO_NEVER: it has nothing to play */
    bool running;
    int64_t next_ms; /* when the next 20 ms are due */
    struct client_voice_figures figures;
};

enum proto_err client_voice_new(struct client_voice **out, const char *source, const char *speaker,
                                char why[static CLIENT_WHY_BYTES])
{
    struct client_voice *v = calloc(1, sizeof *v);
    char reason[HOST_SOUND_WHY_BYTES] = "no memory; close other programs";
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (v)
        err = host_sound_open_in(&v->sound, source, reason);
    if (err == PROTO_OK)
        err = host_voice_encoder_new(&v->encoder);
    if (err == PROTO_OK && speaker)
        err = host_sound_open_out(&v->speaker, speaker, reason);
    if (err == PROTO_OK && speaker)
        err = host_voice_player_new(&v->player, v->speaker);
    if (err != PROTO_OK) {
        snprintf(why, CLIENT_WHY_BYTES, "%s", reason);
        client_voice_free(v);
        return err;
    }
    v->figures.bps = HOST_VOICE_BPS_MAX;
    v->play_ms = PROTO_NEVER;
    *out = v;
    return PROTO_OK;
}

void client_voice_start(struct client_voice *v, int64_t now_ms)
{
    if (!v || v->running)
        return;
    host_sound_flush(v->sound);
    v->running = true;
    v->next_ms = now_ms;
}

void client_voice_stop(struct client_voice *v)
{
    if (v)
        v->running = false;
}

void client_voice_line(struct client_voice *v, int64_t bps)
{
    size_t i = 0;

    if (!v || bps <= 0)
        return;
    while (steps[i].line_bps > bps)
        i++;
    if (steps[i].bps != v->figures.bps && host_voice_encoder_set_bps(v->encoder, steps[i].bps) == PROTO_OK)
        v->figures.bps = steps[i].bps;
}

int64_t client_voice_deadline(const struct client_voice *v)
{
    return v && v->running ? proto_earlier(v->next_ms, v->play_ms) : PROTO_NEVER;
}

void client_voice_came(struct client_voice *v, const struct proto_event *e, int64_t now_ms)
{
    if (!v || !v->player || !v->running)
        return;
    host_voice_player_put(v->player, e->media.header->obj, e->media.header->ts_ms, e->media.bytes, e->media.len,
                          now_ms);
    v->play_ms = host_voice_player_tick(v->player, now_ms);
}

static void send(struct client_voice *v, struct proto_session *session, const int16_t *pcm, struct proto_now now)
{
    uint8_t packet[HOST_VOICE_PACKET_MAX];
    struct proto_frame frame = {.bytes = packet, .capture_mono_ms = v->next_ms};

    frame.len = host_voice_encode(v->encoder, pcm, packet);
    if (frame.len && proto_session_push_frame(session, PROTO_CAPABILITY_MICROPHONE, &frame, now) == PROTO_OK)
        v->figures.packets++;
    else
        v->figures.lost++;
    explicit_bzero(packet, sizeof packet);
}

void client_voice_tick(struct client_voice *v, struct proto_session *session, struct proto_now now)
{
    int16_t pcm[HOST_SOUND_FRAME];

    if (!v || !v->running)
        return;
    if (v->player && now.mono_ms >= v->play_ms)
        v->play_ms = host_voice_player_tick(v->player, now.mono_ms);
    if (now.mono_ms > v->next_ms + BEHIND_MAX_MS)
        v->next_ms = now.mono_ms; /* this machine slept */
    for (; v->next_ms <= now.mono_ms; v->next_ms += PROTO_PLAYOUT_PACKET_MS)
        if (host_sound_read(v->sound, pcm) && proto_session_may_send(session, PROTO_CAPABILITY_MICROPHONE))
            send(v, session, pcm, now);
    explicit_bzero(pcm, sizeof pcm);
}

void client_voice_figures(const struct client_voice *v, struct client_voice_figures *out)
{
    *out = v ? v->figures : (struct client_voice_figures){0};
    if (v && v->player)
        host_voice_player_figures(v->player, &out->heard);
}

void client_voice_free(struct client_voice *v)
{
    if (!v)
        return;
    host_sound_free(v->sound);
    host_voice_player_free(v->player);
    host_sound_free(v->speaker);
    host_voice_encoder_free(v->encoder);
    free(v);
}
