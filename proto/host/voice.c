/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/voice.h"

#include <math.h>
#include <opus.h>
#include <stdlib.h>
#include <string.h>

enum { COMPLEXITY = 5, BEHIND_MAX_MS = 200, SILENCE_DB = -100 };

struct host_voice_encoder {
    OpusEncoder *opus;
};

enum proto_err host_voice_encoder_new(struct host_voice_encoder **out)
{
    struct host_voice_encoder *e = calloc(1, sizeof *e);
    int err = 0;

    *out = NULL;
    if (!e)
        return PROTO_ERR_NOMEM;
    e->opus = opus_encoder_create(HOST_SOUND_RATE, 1, OPUS_APPLICATION_VOIP, &err);
    if (!e->opus || opus_encoder_ctl(e->opus, OPUS_SET_VBR(0)) || opus_encoder_ctl(e->opus, OPUS_SET_DTX(0)) ||
        opus_encoder_ctl(e->opus, OPUS_SET_COMPLEXITY(COMPLEXITY)) ||
        host_voice_encoder_set_bps(e, HOST_VOICE_BPS_MAX)) {
        host_voice_encoder_free(e);
        return PROTO_ERR_NOMEM;
    }
    *out = e;
    return PROTO_OK;
}

enum proto_err host_voice_encoder_set_bps(struct host_voice_encoder *e, int bps)
{
    if (bps < HOST_VOICE_BPS_MIN || bps > HOST_VOICE_BPS_MAX)
        return PROTO_ERR_RANGE;
    return opus_encoder_ctl(e->opus, OPUS_SET_BITRATE(bps)) == OPUS_OK ? PROTO_OK : PROTO_ERR_RANGE;
}

size_t host_voice_encode(struct host_voice_encoder *e, const int16_t pcm[static HOST_SOUND_FRAME],
                         uint8_t packet[static HOST_VOICE_PACKET_MAX])
{
    opus_int32 len = opus_encode(e->opus, pcm, HOST_SOUND_FRAME, packet, HOST_VOICE_PACKET_MAX);

    return len > 0 ? (size_t)len : 0;
}

void host_voice_encoder_free(struct host_voice_encoder *e)
{
    if (!e)
        return;
    if (e->opus)
        opus_encoder_destroy(e->opus);
    free(e);
}

/* ---- playing ---- */

struct host_voice_player {
    struct proto_playout playout;
    OpusDecoder *opus;       /* owned */
    struct host_sound *sink; /* borrowed; NULL: none */
    uint64_t packets;
    int64_t next_ms; /* when 20 ms are due; 0: it has not begun */
    int gap, gap_max;
    bool began;
    double sum; /* of squares of the second that is played now */
    unsigned summed;
    double level_db, last_db;
};

enum proto_err host_voice_player_new(struct host_voice_player **out, struct host_sound *sink)
{
    struct host_voice_player *p = calloc(1, sizeof *p);
    int err = 0;

    *out = NULL;
    if (!p)
        return PROTO_ERR_NOMEM;
    p->sink = sink;
    p->level_db = p->last_db = SILENCE_DB;
    proto_playout_init(&p->playout);
    p->opus = opus_decoder_create(HOST_SOUND_RATE, 1, &err);
    if (!p->opus) {
        free(p);
        return PROTO_ERR_NOMEM;
    }
    *out = p;
    return PROTO_OK;
}

void host_voice_player_set_sink(struct host_voice_player *p, struct host_sound *sink)
{
    p->sink = sink;
}

void host_voice_player_put(struct host_voice_player *p, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes, size_t len,
                           int64_t now_ms)
{
    p->packets++;
    proto_playout_put(&p->playout, obj, ts_ms, bytes, len, now_ms);
    if (!p->next_ms)
        p->next_ms = now_ms;
}

static double db_of(double sum, unsigned frames)
{
    double mean = sum / (frames * (double)HOST_SOUND_FRAME);

    return mean > 0 ? 10 * log10(mean / (32768.0 * 32768.0)) : SILENCE_DB;
}

static void count_level(struct host_voice_player *p, const int16_t *pcm)
{
    double sum = 0;

    for (int i = 0; i < HOST_SOUND_FRAME; i++)
        sum += (double)pcm[i] * pcm[i];
    p->sum += sum;
    p->last_db = db_of(sum, 1);
    if (++p->summed < 1000 / PROTO_PLAYOUT_PACKET_MS)
        return;
    p->level_db = db_of(p->sum, p->summed);
    p->sum = 0;
    p->summed = 0;
}

static void play(struct host_voice_player *p, int64_t now_ms)
{
    int16_t pcm[HOST_SOUND_FRAME] = {0};
    const uint8_t *bytes;
    size_t len;
    enum proto_playout_step step = proto_playout_take(&p->playout, &bytes, &len, now_ms);
    int got = HOST_SOUND_FRAME;

    if (step == PROTO_PLAYOUT_PLAY)
        got = opus_decode(p->opus, bytes, (opus_int32)len, pcm, HOST_SOUND_FRAME, 0);
    else if (step == PROTO_PLAYOUT_CONCEAL)
        got = opus_decode(p->opus, NULL, 0, pcm, HOST_SOUND_FRAME, 0);
    if (got != HOST_SOUND_FRAME)
        memset(pcm, 0, sizeof pcm); /* a stranger's bytes, or another length than 20 ms */
    p->began = p->began || step == PROTO_PLAYOUT_PLAY;
    p->gap = step == PROTO_PLAYOUT_PLAY || !p->began ? 0 : p->gap + PROTO_PLAYOUT_PACKET_MS;
    if (p->gap > p->gap_max)
        p->gap_max = p->gap;
    count_level(p, pcm);
    if (p->sink)
        host_sound_write(p->sink, pcm);
    explicit_bzero(pcm, sizeof pcm);
}

int64_t host_voice_player_tick(struct host_voice_player *p, int64_t now_ms)
{
    if (!p->next_ms)
        return INT64_MAX;
    if (now_ms > p->next_ms + BEHIND_MAX_MS)
        p->next_ms = now_ms; /* this machine slept: nobody catches up with the past */
    for (; p->next_ms <= now_ms; p->next_ms += PROTO_PLAYOUT_PACKET_MS)
        play(p, p->next_ms);
    return p->next_ms;
}

void host_voice_player_figures(const struct host_voice_player *p, struct host_voice_figures *out)
{
    *out = (struct host_voice_figures){.packets = p->packets,
                                       .played = p->playout.played,
                                       .concealed = p->playout.concealed,
                                       .late = p->playout.late,
                                       .skipped = p->playout.skipped,
                                       .gap_ms_max = p->gap_max,
                                       .depth_ms = (int)proto_playout_depth_ms(&p->playout),
                                       .level_db = p->level_db,
                                       .last_db = p->last_db};
}

void host_voice_player_free(struct host_voice_player *p)
{
    if (!p)
        return;
    opus_decoder_destroy(p->opus);
    explicit_bzero(p, sizeof *p);
    free(p);
}
