/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/sound.h - where a voice comes from and where it goes: a file or a device, 20 ms at a time.
 *
 * Whatever the file or the device has, here it is 48 kHz, one channel, 16 bits. A spec is "FILE.wav" (any format that
 * libsndfile reads; as a source it begins anew at its end, as a sink it is written as WAV), "default" for the device
 * that the system chose, or the name of a device as PortAudio has it, or a part of it.
 */
#ifndef PROTO_HOST_SOUND_H
#define PROTO_HOST_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"

enum { HOST_SOUND_RATE = 48000, HOST_SOUND_FRAME = 960 /* samples in 20 ms */, HOST_SOUND_WHY_BYTES = 256 };

struct host_sound;

/** On error `why` names value, rule and way out. The caller owns *out. */
PROTO_MUST_USE enum proto_err host_sound_open_in(struct host_sound **out, const char *spec, char why[static 256]);
PROTO_MUST_USE enum proto_err host_sound_open_out(struct host_sound **out, const char *spec, char why[static 256]);
/** Lets go of a device until it is woken: who looks at this machine sees no microphone in use. What it recorded is
 * forgotten; nothing is read or written meanwhile. A file stays where it is. */
void host_sound_rest(struct host_sound *sound);
/** Fine when it is awake. IO: the device is not there any more, or in use; `why` as above. */
PROTO_MUST_USE enum proto_err host_sound_wake(struct host_sound *sound, char why[static 256]);
/** 20 ms from the source; false: not there yet (a device), or it failed. Never waits. */
bool host_sound_read(struct host_sound *sound, int16_t pcm[static HOST_SOUND_FRAME]);
/** 20 ms to the sink. What a device has no room for waits for the next; more than a few times 20 ms is thrown away.
 * Never waits. */
void host_sound_write(struct host_sound *sound, const int16_t pcm[static HOST_SOUND_FRAME]);
/** Forgets what a source has recorded meanwhile: nothing from before a consent is ever sent. */
void host_sound_flush(struct host_sound *sound);
/** Names of this machine's devices, microphones or loudspeakers; the system's own choice is "default" and not among
 * them. Not while another thread uses this header. */
void host_sound_each_device(bool in, void (*visit)(void *context, const char *name), void *context);
void host_sound_free(struct host_sound *sound); /* NULL is fine; a file is whole after it */

#endif
