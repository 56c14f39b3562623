/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/voice.h - a voice on the wire: Opus (RFC 6716), 20 ms, hard constant bit rate, no pauses left out.
 *
 * Every packet of one rate has the same length, whatever is said: lengths that follow the voice tell phrases to whoever
 * watches. So the rate changes seldom, and only with the line.
 */
#ifndef PROTO_HOST_VOICE_H
#define PROTO_HOST_VOICE_H

#include "proto/host/sound.h"
#include "proto/media/playout.h"
#include "proto/media/voice.h"

enum { HOST_VOICE_PACKET_MAX = PROTO_PLAYOUT_PACKET_MAX };

struct host_voice_encoder;
PROTO_MUST_USE enum proto_err host_voice_encoder_new(struct host_voice_encoder **out);
/** RANGE: outside the bounds. */
PROTO_MUST_USE enum proto_err host_voice_encoder_set_bps(struct host_voice_encoder *encoder, int bps);
/** Bytes of the packet; 0: the encoder failed. */
size_t host_voice_encode(struct host_voice_encoder *encoder, const int16_t pcm[static HOST_SOUND_FRAME],
                         uint8_t packet[static HOST_VOICE_PACKET_MAX]);
void host_voice_encoder_free(struct host_voice_encoder *encoder);
/**
 * Two packets of 20 ms as one of 40 (RFC 6716, 3.2.3). Its bytes; 0: they cannot be joined, being of different lengths
 * or modes, and leave one by one.
 */
size_t host_voice_join(const uint8_t *first, const uint8_t *second, size_t len,
                       uint8_t packet[static HOST_VOICE_PACKET_MAX]);

struct host_voice_figures {
    uint64_t packets, played, concealed, late, skipped;
    int gap_ms_max;  /* longest time concealed or silent since it began, at a stretch */
    int depth_ms;    /* held back now */
    double level_db; /* of the last second that was played, full scale is 0 */
    double last_db;  /* of the last 20 ms */
};

/* The other side: packets in, in any rhythm; every 20 ms of sound out. Bytes from strangers are welcome. */
struct host_voice_player;
/** `sink` may be NULL: heard by nobody, counted all the same. Borrowed until free. */
PROTO_MUST_USE enum proto_err host_voice_player_new(struct host_voice_player **out, struct host_sound *sink);
/** From now on there; NULL: heard by nobody. */
void host_voice_player_set_sink(struct host_voice_player *player, struct host_sound *sink);
/** One packet of 20 ms, or two joined. */
void host_voice_player_put(struct host_voice_player *player, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes,
                           size_t len, int64_t now_ms);
/** Plays what is due by now. Call it again at the time that it returns. */
int64_t host_voice_player_tick(struct host_voice_player *player, int64_t now_ms);
void host_voice_player_figures(const struct host_voice_player *player, struct host_voice_figures *out);
void host_voice_player_free(struct host_voice_player *player);

#endif
