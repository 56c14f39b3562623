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
        host_voice_encoder_set_bps(e, PROTO_VOICE_BPS_MAX)) {
        host_voice_encoder_free(e);
        return PROTO_ERR_NOMEM;
    }
    *out = e;
    return PROTO_OK;
}

enum proto_err host_voice_encoder_set_bps(struct host_voice_encoder *e, int bps)
{
    if (bps < PROTO_VOICE_BPS_MIN || bps > PROTO_VOICE_BPS_MAX)
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

/* ---- two in one ---- */

size_t host_voice_join(const uint8_t *first, const uint8_t *second, size_t len,
                       uint8_t packet[static HOST_VOICE_PACKET_MAX])
{
    OpusRepacketizer *both = opus_repacketizer_create();
    opus_int32 joined = 0;

    if (both && opus_repacketizer_cat(both, first, (opus_int32)len) == OPUS_OK &&
        opus_repacketizer_cat(both, second, (opus_int32)len) == OPUS_OK)
        joined = opus_repacketizer_out(both, packet, HOST_VOICE_PACKET_MAX);
    if (both)
        opus_repacketizer_destroy(both);
    return joined > 0 ? (size_t)joined : 0;
}

/* ---- playing ---- */

struct host_voice_player {
    struct proto_playout playout;
    OpusDecoder *opus;       /* owned */
    struct host_sound *sink; /* borrowed; NULL: none */
    OpusRepacketizer *split; /* owned */
    uint64_t packets;
    uint32_t ahead;  /* by so many numbers the sound is ahead of its messages: one for each that held two packets */
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
    p->split = opus_repacketizer_create();
    if (!p->opus || !p->split) {
        host_voice_player_free(p);
        return PROTO_ERR_NOMEM;
    }
    *out = p;
    return PROTO_OK;
}

void host_voice_player_set_sink(struct host_voice_player *p, struct host_sound *sink)
{
    p->sink = sink;
}

/* Two of 20 ms are put one by one. False: it is no such packet. */
static bool put_both(struct host_voice_player *p, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes, size_t len,
                     int64_t now_ms)
{
    uint8_t one[HOST_VOICE_PACKET_MAX];

    if (len > sizeof one || opus_packet_get_nb_samples(bytes, (opus_int32)len, HOST_SOUND_RATE) != 2 * HOST_SOUND_FRAME)
        return false;
    opus_repacketizer_init(p->split);
    if (opus_repacketizer_cat(p->split, bytes, (opus_int32)len) != OPUS_OK ||
        opus_repacketizer_get_nb_frames(p->split) != 2)
        return false;
    for (int i = 0; i < 2; i++) {
        opus_int32 got = opus_repacketizer_out_range(p->split, i, i + 1, one, sizeof one);
        proto_playout_put(&p->playout, obj + p->ahead + (uint32_t)i, ts_ms + (uint32_t)i * PROTO_PLAYOUT_PACKET_MS, one,
                          got > 0 ? (size_t)got : 0, now_ms);
    }
    p->ahead++;
    explicit_bzero(one, sizeof one);
    return true;
}

void host_voice_player_put(struct host_voice_player *p, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes, size_t len,
                           int64_t now_ms)
{
    p->packets++;
    if (!len || !put_both(p, obj, ts_ms, bytes, len, now_ms))
        proto_playout_put(&p->playout, obj + p->ahead, ts_ms, bytes, len, now_ms);
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
    if (p->opus)
        opus_decoder_destroy(p->opus);
    if (p->split)
        opus_repacketizer_destroy(p->split);
    explicit_bzero(p, sizeof *p);
    free(p);
}
