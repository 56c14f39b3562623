/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/voice.h - both voices of a session at the agent's end: the customer's is played and measured, the agent's
 * own is sent while it may be.
 *
 * Devices and files are those of proto/host/sound.h. They are opened when a voice may flow and closed behind it: no
 * microphone is open without a consent. Either can be changed while people talk; when the new one does not open, the
 * old one stays. Whoever is mute sends silence of the same length, so that neither a gap at the other end nor the line
 * tells who is. A headset is assumed: no echo is cancelled here.
 */
#ifndef AGENT_DESK_VOICE_H
#define AGENT_DESK_VOICE_H

#include "proto/host/voice.h"

enum agent_voice_side { AGENT_VOICE_MICROPHONE, AGENT_VOICE_SPEAKER, AGENT_VOICE_SIDES };

struct agent_voice_config {
    bool (*may_talk)(void *context); /* the customer's consent stands */
    bool (*is_heard)(void *context); /* and they hear: else nothing is captured here */
    /** 20 ms of the agent's voice, to be sealed and sent. False: it could not be. */
    bool (*send)(void *context, const uint8_t *packet, size_t len, int64_t mono_ms);
    /** A device that was wanted does not open, told once for each that is set; `why` for people. NULL: not wanted. */
    void (*wrong)(void *context, enum agent_voice_side side, const char *why);
    void *context;
    bool keep_files; /* a file that was opened stays so until free: it is one file. Devices rest */
};

/* What a screen shows. */
struct agent_voice_now {
    bool open[AGENT_VOICE_SIDES];
    bool muted, heard;
    bool talks;          /* what is said here is sent */
    double theirs, mine; /* level of the last moment, 0..1 of a meter; 0: silence */
};

struct agent_voice;

PROTO_MUST_USE enum proto_err agent_voice_new(struct agent_voice **out, const struct agent_voice_config *config);
void agent_voice_free(struct agent_voice *voice); /* NULL is fine */

/** Names what is to be used; NULL or "": nothing. Opened when it is needed, or at once in the place of an open one. IO:
 * it does not open, `why` says so, and the old one stays. */
PROTO_MUST_USE enum proto_err agent_voice_set(struct agent_voice *voice, enum agent_voice_side side, const char *spec,
                                              char why[static HOST_SOUND_WHY_BYTES]);
/** Opens what is named already, for whoever wants to know before anybody talks. The next tick lets go of it. */
PROTO_MUST_USE enum proto_err agent_voice_open(struct agent_voice *voice, enum agent_voice_side side,
                                               char why[static HOST_SOUND_WHY_BYTES]);
void agent_voice_mute(struct agent_voice *voice, bool on);
/** Once a second: what waits on the line (proto_session_waits_ms). The agent's voice takes less of a narrow one. */
void agent_voice_line(struct agent_voice *voice, int64_t waits_ms);

/** 20 ms of the customer came. */
void agent_voice_came(struct agent_voice *voice, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes, size_t len,
                      int64_t now_ms);
/** Plays and sends what is due. Call it again at the time that it returns, and when the consent has changed. */
int64_t agent_voice_tick(struct agent_voice *voice, int64_t now_ms);

void agent_voice_now(const struct agent_voice *voice, struct agent_voice_now *out);
void agent_voice_figures(const struct agent_voice *voice, struct host_voice_figures *out);
uint64_t agent_voice_spoken(const struct agent_voice *voice); /* packets that left */

#endif
