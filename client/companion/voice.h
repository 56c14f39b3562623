/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/voice.h - from the microphone to the session, and the agent's voice to the loudspeaker.
 *
 * A microphone is open while the customer's consent stands and nothing is paused, and never else.
 */
#ifndef CLIENT_COMPANION_VOICE_H
#define CLIENT_COMPANION_VOICE_H

#include "client/companion/camera.h"
#include "proto/host/voice.h"
#include "proto/session/session.h"

struct client_voice;

struct client_voice_figures {
    uint64_t packets, lost;          /* sealed; made and not taken by the session */
    struct host_voice_figures heard; /* of the agent */
    int bps;
};

/**
 * `source` as host_sound_open_in(), tried and let go again; `speaker` as host_sound_open_out() or NULL: the agent is
 * not heard here. On error `why` names value, rule and way out.
 */
PROTO_MUST_USE enum proto_err client_voice_new(struct client_voice **out, const char *source, const char *speaker,
                                               char why[static CLIENT_WHY_BYTES]);
/** 20 ms of the agent's voice came. */
void client_voice_came(struct client_voice *voice, const struct proto_event *event, int64_t now_ms);
/** NULL and started are fine. IO: the microphone does not open, `why` says so. */
PROTO_MUST_USE enum proto_err client_voice_start(struct client_voice *voice, int64_t now_ms,
                                                 char why[static CLIENT_WHY_BYTES]);
void client_voice_stop(struct client_voice *voice); /* NULL and stopped are fine */
/** Once a second. What the picture's line carries, bits a second, and what waits on it (proto/media/voice.h); `bps` 0:
 * there is no picture. */
void client_voice_line(struct client_voice *voice, int64_t bps, int64_t waits_ms);
int64_t client_voice_deadline(const struct client_voice *voice); /* mono ms; PROTO_NEVER while stopped */
void client_voice_tick(struct client_voice *voice, struct proto_session *session, struct proto_now now);
void client_voice_figures(const struct client_voice *voice, struct client_voice_figures *out);
void client_voice_free(struct client_voice *voice); /* NULL is fine */

#endif
