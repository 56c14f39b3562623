/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/voice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/media/playout.h"
#include "proto/util/time.h"

enum { SPEC_BYTES = 512, BEHIND_PACKETS = 10, FADE_MS = 300 };
#define FLOOR_DB (-54.0) /* where a meter begins: the hiss of a quiet room */

struct side {
    char spec[SPEC_BYTES];
    struct host_sound *sound; /* owned; NULL: closed */
    bool told;                /* that it does not open */
};

struct agent_voice {
    struct agent_voice_config config;
    struct side sides[AGENT_VOICE_SIDES];
    struct host_voice_encoder *encoder; /* owned */
    struct host_voice_player *player;   /* owned */
    struct proto_voice rate;
    bool muted, heard, talked; /* the last two: at the last tick */
    int64_t speak_ms;          /* when the next 20 ms are due */
    int64_t came_ms;           /* the customer was heard last; PROTO_NEVER: not yet */
    int64_t now_ms;
    uint64_t spoken;
    double mine;
};

enum proto_err agent_voice_new(struct agent_voice **out, const struct agent_voice_config *config)
{
    struct agent_voice *v = calloc(1, sizeof *v);

    *out = NULL;
    if (!v)
        return PROTO_ERR_NOMEM;
    v->config = *config;
    v->came_ms = PROTO_NEVER;
    proto_voice_init(&v->rate);
    if (host_voice_encoder_new(&v->encoder) != PROTO_OK || host_voice_player_new(&v->player, NULL) != PROTO_OK) {
        agent_voice_free(v);
        return PROTO_ERR_NOMEM;
    }
    *out = v;
    return PROTO_OK;
}

void agent_voice_free(struct agent_voice *v)
{
    if (!v)
        return;
    host_voice_player_free(v->player);
    host_voice_encoder_free(v->encoder);
    for (int i = 0; i < AGENT_VOICE_SIDES; i++)
        host_sound_free(v->sides[i].sound);
    free(v);
}

/* ---- devices ---- */

static void use(struct agent_voice *v, enum agent_voice_side side, struct host_sound *sound)
{
    struct host_sound *old = v->sides[side].sound;

    v->sides[side].sound = sound;
    if (side == AGENT_VOICE_SPEAKER)
        host_voice_player_set_sink(v->player, sound);
    host_sound_free(old);
}

static enum proto_err open_spec(enum agent_voice_side side, const char *spec, struct host_sound **out,
                                char why[static HOST_SOUND_WHY_BYTES])
{
    return side == AGENT_VOICE_MICROPHONE ? host_sound_open_in(out, spec, why) : host_sound_open_out(out, spec, why);
}

enum proto_err agent_voice_open(struct agent_voice *v, enum agent_voice_side side,
                                char why[static HOST_SOUND_WHY_BYTES])
{
    struct host_sound *sound = NULL;
    enum proto_err err = PROTO_OK;

    if (v->sides[side].sound)
        return host_sound_wake(v->sides[side].sound, why);
    if (!*v->sides[side].spec)
        return PROTO_OK;
    err = open_spec(side, v->sides[side].spec, &sound, why);
    if (err == PROTO_OK)
        use(v, side, sound);
    return err;
}

enum proto_err agent_voice_set(struct agent_voice *v, enum agent_voice_side side, const char *spec,
                               char why[static HOST_SOUND_WHY_BYTES])
{
    struct side *s = &v->sides[side];
    struct host_sound *sound = NULL;
    enum proto_err err = PROTO_OK;

    spec = spec ? spec : "";
    if (strlen(spec) >= SPEC_BYTES)
        return PROTO_ERR_RANGE;
    if (s->sound && !strcmp(spec, s->spec))
        return PROTO_OK;
    if (s->sound && *spec)
        err = open_spec(side, spec, &sound, why);
    if (err != PROTO_OK)
        return err;
    if (s->sound)
        use(v, side, sound);
    memcpy(s->spec, spec, strlen(spec) + 1);
    s->told = false;
    return PROTO_OK;
}

static void want(struct agent_voice *v, enum agent_voice_side side)
{
    char why[HOST_SOUND_WHY_BYTES];
    struct side *s = &v->sides[side];

    if (s->told || agent_voice_open(v, side, why) == PROTO_OK)
        return;
    s->told = true; /* not fifty times a second */
    if (v->config.wrong)
        v->config.wrong(v->config.context, side, why);
}

static void let_go(struct agent_voice *v, enum agent_voice_side side)
{
    struct host_sound *sound = v->sides[side].sound;

    if (sound && v->config.keep_files)
        host_sound_rest(sound);
    else if (sound)
        use(v, side, NULL);
}

void agent_voice_mute(struct agent_voice *v, bool on)
{
    v->muted = on;
}

void agent_voice_line(struct agent_voice *v, int64_t waits_ms)
{
    int before = v->rate.bps;

    proto_voice_waits(&v->rate, v->talked ? waits_ms : -1);
    if (v->rate.bps != before && host_voice_encoder_set_bps(v->encoder, v->rate.bps) != PROTO_OK)
        v->rate.bps = before;
}

/* ---- levels ---- */

static double meter(double db)
{
    double part = (db - FLOOR_DB) / -FLOOR_DB;

    return part < 0 ? 0 : part > 1 ? 1 : part;
}

static double level_of(const int16_t *pcm)
{
    double sum = 0;

    for (int i = 0; i < HOST_SOUND_FRAME; i++)
        sum += (double)pcm[i] * pcm[i];
    return sum > 0 ? meter(10 * log10(sum / (HOST_SOUND_FRAME * 32768.0 * 32768.0))) : 0;
}

/* ---- the agent's own ---- */

static void speak(struct agent_voice *v)
{
    int16_t pcm[HOST_SOUND_FRAME];
    uint8_t packet[HOST_VOICE_PACKET_MAX];
    size_t len;

    if (v->now_ms > v->speak_ms + BEHIND_PACKETS * PROTO_PLAYOUT_PACKET_MS)
        v->speak_ms = v->now_ms; /* nobody was there, or this machine slept */
    for (; v->speak_ms <= v->now_ms; v->speak_ms += PROTO_PLAYOUT_PACKET_MS) {
        if (!host_sound_read(v->sides[AGENT_VOICE_MICROPHONE].sound, pcm))
            continue;
        if (v->muted)
            memset(pcm, 0, sizeof pcm);
        v->mine = level_of(pcm);
        len = host_voice_encode(v->encoder, pcm, packet);
        v->spoken += len && v->config.send(v->config.context, packet, len, v->speak_ms);
    }
    explicit_bzero(pcm, sizeof pcm);
    explicit_bzero(packet, sizeof packet);
}

static bool talks(struct agent_voice *v)
{
    v->heard = v->config.is_heard(v->config.context);
    if (v->config.may_talk(v->config.context))
        want(v, AGENT_VOICE_SPEAKER);
    else
        let_go(v, AGENT_VOICE_SPEAKER);
    if (!v->heard) {
        let_go(v, AGENT_VOICE_MICROPHONE);
        v->mine = 0;
        v->talked = false;
        return false;
    }
    want(v, AGENT_VOICE_MICROPHONE);
    if (!v->sides[AGENT_VOICE_MICROPHONE].sound)
        return false;
    if (!v->talked) {
        host_sound_flush(v->sides[AGENT_VOICE_MICROPHONE].sound); /* what was said before the consent stays here */
        v->speak_ms = v->now_ms;
    }
    v->talked = true;
    return true;
}

/* ---- both ---- */

void agent_voice_came(struct agent_voice *v, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes, size_t len,
                      int64_t now_ms)
{
    v->came_ms = now_ms;
    host_voice_player_put(v->player, obj, ts_ms, bytes, len, now_ms);
}

int64_t agent_voice_tick(struct agent_voice *v, int64_t now_ms)
{
    int64_t next;

    v->now_ms = now_ms;
    next = host_voice_player_tick(v->player, now_ms);
    if (!talks(v))
        return next;
    speak(v);
    return proto_earlier(next, v->speak_ms);
}

void agent_voice_now(const struct agent_voice *v, struct agent_voice_now *out)
{
    struct host_voice_figures f;
    bool heard = v->came_ms != PROTO_NEVER && v->now_ms - v->came_ms < FADE_MS;

    host_voice_player_figures(v->player, &f);
    *out = (struct agent_voice_now){.muted = v->muted,
                                    .heard = v->heard,
                                    .talks = v->talked && !v->muted,
                                    .theirs = heard ? meter(f.last_db) : 0,
                                    .mine = v->talked ? v->mine : 0};
    for (int i = 0; i < AGENT_VOICE_SIDES; i++)
        out->open[i] = v->sides[i].sound != NULL;
}

void agent_voice_figures(const struct agent_voice *v, struct host_voice_figures *out)
{
    host_voice_player_figures(v->player, out);
}

uint64_t agent_voice_spoken(const struct agent_voice *v)
{
    return v->spoken;
}
