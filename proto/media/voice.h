/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/media/voice.h - what a voice takes of the line that it shares with the picture.
 *
 * A message of a voice costs about 130 bytes around it (Ethernet, IP, TCP, TLS, WebSocket, frame and tag), and 50 of
 * them a second are 52 kbit/s, whatever Opus makes of the sound: on a narrow line that is more than the voice, and each
 * is a packet more that can be lost. So there two packets of 20 ms leave as one, for 20 ms of delay. Every packet of
 * one rate has one length, and lengths are seen by whoever watches: the rate changes seldom, with the line and never
 * with what is said, hence two marks for each step.
 *
 * Where there is a picture, its rate says what the line carries. Where there is none, a heartbeat that takes much
 * longer there and back than it can says that the line is full, whichever way; and since nothing says how much more it
 * would carry, that is tried seldom, and the more seldom the more often it was in vain.
 *
 * The owner asks once a second. Bits a second; no errors.
 */
#ifndef PROTO_MEDIA_VOICE_H
#define PROTO_MEDIA_VOICE_H

#include <stdint.h>

enum { PROTO_VOICE_BPS_MAX = 24000, PROTO_VOICE_BPS_MIN = 10000, PROTO_VOICE_FRAMES_MAX = 2 };

struct proto_voice {
    int bps;                        /* of Opus, hard constant */
    int frames;                     /* of 20 ms in one message: 1 or 2 */
    int step;                       /* in the table */
    int busy_s, calm_s, patience_s; /* without a picture: the line was full, was well, must be well for more */
};

void proto_voice_init(struct proto_voice *voice);
/** `line_bps`: what the picture may have; 0 or less: not known, nothing changes. */
void proto_voice_line(struct proto_voice *voice, int64_t line_bps);
/** Without a picture: a heartbeat waited so long on its way there and back; less than 0: not known, nothing changes. */
void proto_voice_waits(struct proto_voice *voice, int64_t waits_ms);

#endif
