/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/voice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEHIND_MAX_MS = 200 };

struct client_voice {
    struct host_sound *sound;           /* owned */
    struct host_voice_encoder *encoder; /* owned */
    struct host_sound *speaker;         /* owned; NULL: the agent is not heard */
    struct host_voice_player *player;   /* owned; with the speaker */
    int64_t play_ms;                    /* when the player is due; PROTO_NEVER: it has nothing to play */
    bool running;
    int64_t next_ms; /* when the next 20 ms are due */
    struct proto_voice rate;
    uint8_t held[HOST_VOICE_PACKET_MAX]; /* leaves with the next one */
    size_t held_len;                     /* 0: none is held */
    int64_t held_ms;                     /* when it began */
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
        host_sound_rest(v->sound);
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
    proto_voice_init(&v->rate);
    v->figures.bps = v->rate.bps;
    v->play_ms = PROTO_NEVER;
    *out = v;
    return PROTO_OK;
}

enum proto_err client_voice_start(struct client_voice *v, int64_t now_ms, char why[static CLIENT_WHY_BYTES])
{
    char reason[HOST_SOUND_WHY_BYTES] = "";
    enum proto_err err = PROTO_OK;

    if (!v || v->running)
        return PROTO_OK;
    err = host_sound_wake(v->sound, reason);
    snprintf(why, CLIENT_WHY_BYTES, "%s", reason);
    if (err != PROTO_OK)
        return err;
    v->running = true;
    v->next_ms = now_ms;
    return PROTO_OK;
}

static void drop_held(struct client_voice *v)
{
    explicit_bzero(v->held, sizeof v->held);
    v->held_len = 0;
}

/* At once: nothing that was said before it leaves after it. */
void client_voice_stop(struct client_voice *v)
{
    if (!v)
        return;
    v->running = false;
    drop_held(v);
    host_sound_rest(v->sound);
}

void client_voice_line(struct client_voice *v, int64_t bps, int64_t waits_ms)
{
    if (!v)
        return;
    if (bps > 0)
        proto_voice_line(&v->rate, bps);
    else
        proto_voice_waits(&v->rate, waits_ms);
    if (v->rate.bps != v->figures.bps && host_voice_encoder_set_bps(v->encoder, v->rate.bps) == PROTO_OK)
        v->figures.bps = v->rate.bps;
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

static void push(struct client_voice *v, struct proto_session *session, const uint8_t *packet, size_t len,
                 int64_t at_ms, struct proto_now now)
{
    const struct proto_frame frame = {.bytes = packet, .len = len, .capture_mono_ms = at_ms};

    if (len && proto_session_push_frame(session, PROTO_CAPABILITY_MICROPHONE, &frame, now) == PROTO_OK)
        v->figures.packets++;
    else
        v->figures.lost++;
}

/* With what is held as one; else that first, and alone. */
static void push_both(struct client_voice *v, struct proto_session *session, const uint8_t *packet, size_t len,
                      struct proto_now now)
{
    uint8_t both[HOST_VOICE_PACKET_MAX];
    size_t joined = len == v->held_len ? host_voice_join(v->held, packet, len, both) : 0;

    if (joined) {
        push(v, session, both, joined, v->held_ms, now);
    } else {
        push(v, session, v->held, v->held_len, v->held_ms, now);
        push(v, session, packet, len, v->next_ms, now);
    }
    explicit_bzero(both, sizeof both);
    drop_held(v);
}

static void send(struct client_voice *v, struct proto_session *session, const int16_t *pcm, struct proto_now now)
{
    uint8_t packet[HOST_VOICE_PACKET_MAX];
    size_t len = host_voice_encode(v->encoder, pcm, packet);

    if (v->held_len) {
        push_both(v, session, packet, len, now);
    } else if (v->rate.frames > 1 && len) {
        memcpy(v->held, packet, len);
        v->held_len = len;
        v->held_ms = v->next_ms;
    } else {
        push(v, session, packet, len, v->next_ms, now);
    }
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
        else
            drop_held(v); /* what follows does not belong to it */
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
    drop_held(v);
    free(v);
}
