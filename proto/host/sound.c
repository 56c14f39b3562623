/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/sound.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <portaudio.h>
#include <sndfile.h>
#include <speex/speex_resampler.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    CHANNELS_MAX = 8,
    RATE_MIN = 8000,
    RATE_MAX = 192000,
    BLOCK = 960,
    HELD = 8 * HOST_SOUND_FRAME,
    QUALITY = 5,
    SPEC_BYTES = 128
};

struct host_sound {
    SNDFILE *file;    /* owned; NULL: a device */
    PaStream *stream; /* owned; NULL: a file, or a device that rests */
    PaStreamParameters device;
    bool in, started;               /* started: PortAudio was, for it */
    char spec[SPEC_BYTES];          /* of a device, for whoever is told that it does not start */
    SpeexResamplerState *resampler; /* owned; NULL: it is 48 kHz already */
    int rate, channels;
    int16_t held[HELD]; /* read and resampled, not asked for yet; of a loudspeaker: it had no room for it yet */
    size_t held_count;
};

static enum proto_err fail(char why[static 256], const char *spec, const char *rule)
{
    snprintf(why, HOST_SOUND_WHY_BYTES, "%.120s: %s", spec, rule);
    return PROTO_ERR_IO;
}

static bool is_file(const char *spec)
{
    const char *dot = strrchr(spec, '.');

    return strchr(spec, '/') ||
           (dot && (!strcasecmp(dot, ".wav") || !strcasecmp(dot, ".flac") || !strcasecmp(dot, ".ogg")));
}

static enum proto_err set_rate(struct host_sound *s, const char *spec, bool in, char why[static 256])
{
    int err = 0;

    if (s->rate < RATE_MIN || s->rate > RATE_MAX || s->channels < 1 || s->channels > CHANNELS_MAX)
        return fail(why, spec, "8 to 192 kHz and at most 8 channels can be used; convert it first");
    if (s->rate == HOST_SOUND_RATE)
        return PROTO_OK;
    s->resampler = speex_resampler_init(1, (spx_uint32_t)(in ? s->rate : HOST_SOUND_RATE),
                                        (spx_uint32_t)(in ? HOST_SOUND_RATE : s->rate), QUALITY, &err);
    return s->resampler ? PROTO_OK : fail(why, spec, "no memory for it; close other programs");
}

/* ---- files ---- */

static enum proto_err open_file(struct host_sound *s, const char *spec, bool in, char why[static 256])
{
    SF_INFO info = {0};
    int fd = open(spec, in ? O_RDONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return fail(why, spec,
                    in ? "the file cannot be read; check its name" : "the file cannot be written; check the folder");
    if (!in)
        info = (SF_INFO){.samplerate = HOST_SOUND_RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    s->file = sf_open_fd(fd, in ? SFM_READ : SFM_WRITE, &info, SF_TRUE);
    if (!s->file || (in && info.frames < 1))
        return fail(why, spec, "it is not a sound file that can be used; give a WAV file");
    s->rate = info.samplerate;
    s->channels = info.channels;
    return set_rate(s, spec, in, why);
}

/* ---- devices ---- */

/*
 * Sound comes 20 ms at a time, and not to the millisecond. What a device calls low is less than that (8.7 ms on ALSA):
 * a buffer into which no 20 ms ever fit, and one that plays nothing before it is full.
 */
#define OUT_LATENCY_S 0.06

static double latency_of(const PaDeviceInfo *info, bool in)
{
    if (in)
        return info->defaultLowInputLatency;
    return info->defaultLowOutputLatency > OUT_LATENCY_S ? info->defaultLowOutputLatency : OUT_LATENCY_S;
}

static PaDeviceIndex find_device(const char *spec, bool in)
{
    if (!strcmp(spec, "default"))
        return in ? Pa_GetDefaultInputDevice() : Pa_GetDefaultOutputDevice();
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);
        if (info && strstr(info->name, spec) && (in ? info->maxInputChannels : info->maxOutputChannels) > 0)
            return i;
    }
    return paNoDevice;
}

typedef void alsa_says(const char *file, int line, const char *function, int err, const char *format, ...);

static void nothing(const char *file, int line, const char *function, int err, const char *format, ...)
{
    (void)file, (void)line, (void)function, (void)err, (void)format;
}

/* ALSA, where PortAudio has it, tells stderr of each moment in which a loudspeaker ran dry: that is heard, not read. */
static void silence_alsa(void)
{
    void *found = dlsym(RTLD_DEFAULT, "snd_lib_error_set_handler");
    int (*set_handler)(alsa_says *);

    memcpy(&set_handler, &found, sizeof set_handler);
    if (found)
        (void)set_handler(nothing);
}

/* The libraries below tell stderr of every device that is not there; what a person must know is in `why`. */
static PaError start_quietly(void)
{
    silence_alsa();
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC), kept = dup(STDERR_FILENO);
    if (quiet >= 0 && kept >= 0)
        (void)dup2(quiet, STDERR_FILENO);
    PaError err = Pa_Initialize();
    if (kept >= 0) {
        (void)dup2(kept, STDERR_FILENO);
        close(kept);
    }
    if (quiet >= 0)
        close(quiet);
    return err;
}

void host_sound_each_device(bool in, void (*visit)(void *context, const char *name), void *context)
{
    if (start_quietly() != paNoError)
        return;
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);

        if (info && strcmp(info->name, "default") && (in ? info->maxInputChannels : info->maxOutputChannels) > 0)
            visit(context, info->name);
    }
    Pa_Terminate();
}

static enum proto_err start_stream(struct host_sound *s, char why[static 256])
{
    const PaStreamParameters *in = s->in ? &s->device : NULL, *out = s->in ? NULL : &s->device;

    if (Pa_OpenStream(&s->stream, in, out, s->rate, paFramesPerBufferUnspecified, paNoFlag, NULL, NULL) == paNoError &&
        Pa_StartStream(s->stream) == paNoError)
        return PROTO_OK;
    host_sound_rest(s);
    return fail(why, s->spec, "the device is in use or does not start; close other programs");
}

static enum proto_err open_device(struct host_sound *s, const char *spec, bool in, char why[static 256])
{
    if (start_quietly() != paNoError)
        return fail(why, spec, "this machine's sound cannot be reached; give a file, or none");
    s->started = true;
    s->in = in;
    s->channels = 1;
    snprintf(s->spec, sizeof s->spec, "%s", spec);
    PaDeviceIndex device = find_device(spec, in);
    const PaDeviceInfo *info = device == paNoDevice ? NULL : Pa_GetDeviceInfo(device);
    if (!info)
        return fail(why, spec,
                    in ? "there is no such microphone here; give a file, or none"
                       : "there is no such loudspeaker here; give a file, or none");
    s->device = (PaStreamParameters){
        .device = device, .channelCount = 1, .sampleFormat = paInt16, .suggestedLatency = latency_of(info, in)};
    s->rate = HOST_SOUND_RATE;
    if (Pa_IsFormatSupported(in ? &s->device : NULL, in ? NULL : &s->device, HOST_SOUND_RATE) != paFormatIsSupported)
        s->rate = (int)info->defaultSampleRate;
    enum proto_err err = start_stream(s, why);
    return err == PROTO_OK ? set_rate(s, spec, in, why) : err;
}

void host_sound_rest(struct host_sound *s)
{
    if (s->stream)
        Pa_CloseStream(s->stream);
    s->stream = NULL;
    if (!s->file)
        s->held_count = 0;
}

enum proto_err host_sound_wake(struct host_sound *s, char why[static 256])
{
    return s->file || s->stream ? PROTO_OK : start_stream(s, why);
}

static enum proto_err open_any(struct host_sound **out, const char *spec, bool in, char why[static 256])
{
    struct host_sound *s = calloc(1, sizeof *s);

    *out = NULL;
    if (!s)
        return fail(why, spec, "no memory for it; close other programs");
    enum proto_err err = is_file(spec) ? open_file(s, spec, in, why) : open_device(s, spec, in, why);
    if (err) {
        host_sound_free(s);
        return err;
    }
    *out = s;
    return PROTO_OK;
}

enum proto_err host_sound_open_in(struct host_sound **out, const char *spec, char why[static 256])
{
    return open_any(out, spec, true, why);
}

enum proto_err host_sound_open_out(struct host_sound **out, const char *spec, char why[static 256])
{
    return open_any(out, spec, false, why);
}

/* ---- 20 ms ---- */

/* A block of the source's own rate, one channel; 0: nothing now. */
static size_t read_block(struct host_sound *s, int16_t mono[static BLOCK])
{
    int16_t all[BLOCK * CHANNELS_MAX];
    size_t n = 0;

    if (s->stream) {
        if (Pa_GetStreamReadAvailable(s->stream) < BLOCK / 2)
            return 0;
        PaError err = Pa_ReadStream(s->stream, mono, BLOCK / 2);
        return err == paNoError || err == paInputOverflowed ? BLOCK / 2 : 0;
    }
    if (!s->file)
        return 0; /* it rests */
    sf_count_t got = sf_readf_short(s->file, all, BLOCK);
    if (got <= 0 && sf_seek(s->file, 0, SEEK_SET) >= 0)
        got = sf_readf_short(s->file, all, BLOCK);
    for (; got > 0 && n < (size_t)got; n++) {
        int sum = 0;
        for (int c = 0; c < s->channels; c++)
            sum += all[n * (size_t)s->channels + (size_t)c];
        mono[n] = (int16_t)(sum / s->channels);
    }
    return n;
}

static void keep(struct host_sound *s, const int16_t *mono, size_t count)
{
    spx_uint32_t in = (spx_uint32_t)count, room = (spx_uint32_t)(HELD - s->held_count);

    if (!s->resampler) {
        memcpy(s->held + s->held_count, mono, count * sizeof *mono);
        s->held_count += count;
        return;
    }
    speex_resampler_process_int(s->resampler, 0, mono, &in, s->held + s->held_count, &room);
    s->held_count += room;
}

bool host_sound_read(struct host_sound *s, int16_t pcm[static HOST_SOUND_FRAME])
{
    int16_t mono[BLOCK];

    while (s->held_count < HOST_SOUND_FRAME) {
        /* 8 kHz becomes six times as much: a part of a block at a time. */
        size_t n = read_block(s, mono),
               most = s->rate < HOST_SOUND_RATE ? BLOCK * (size_t)s->rate / HOST_SOUND_RATE : BLOCK;
        if (!n)
            return false;
        for (size_t at = 0; at < n; at += most)
            if (s->held_count + HOST_SOUND_FRAME + 64 <= HELD)
                keep(s, mono + at, n - at < most ? n - at : most);
    }
    memcpy(pcm, s->held, HOST_SOUND_FRAME * sizeof *pcm);
    s->held_count -= HOST_SOUND_FRAME;
    memmove(s->held, s->held + HOST_SOUND_FRAME, s->held_count * sizeof *s->held);
    return true;
}

/* As much as the device has room for now; the rest waits for the next time, and what is too much for that is lost. */
static void play(struct host_sound *s, const int16_t *pcm, size_t count)
{
    signed long room = Pa_GetStreamWriteAvailable(s->stream);

    if (s->held_count + count <= HELD) {
        memcpy(s->held + s->held_count, pcm, count * sizeof *pcm);
        s->held_count += count;
    }
    size_t now = room < 0 ? 0 : (size_t)room < s->held_count ? (size_t)room : s->held_count;
    if (!now)
        return;
    (void)Pa_WriteStream(s->stream, s->held, now);
    s->held_count -= now;
    memmove(s->held, s->held + now, s->held_count * sizeof *s->held);
}

void host_sound_write(struct host_sound *s, const int16_t pcm[static HOST_SOUND_FRAME])
{
    int16_t other[RATE_MAX / 50 + 64];
    const int16_t *out = pcm;
    spx_uint32_t in = HOST_SOUND_FRAME, count = HOST_SOUND_FRAME;

    if (s->resampler) {
        count = sizeof other / sizeof *other;
        speex_resampler_process_int(s->resampler, 0, pcm, &in, other, &count);
        out = other;
    }
    if (s->file)
        (void)!sf_writef_short(s->file, out, (sf_count_t)count);
    else if (s->stream)
        play(s, out, count);
}

void host_sound_flush(struct host_sound *s)
{
    int16_t mono[BLOCK];

    s->held_count = 0;
    for (int i = 0; s->stream && i < 200 && Pa_GetStreamReadAvailable(s->stream) >= BLOCK; i++)
        (void)Pa_ReadStream(s->stream, mono, BLOCK);
}

void host_sound_free(struct host_sound *s)
{
    if (!s)
        return;
    if (s->file)
        sf_close(s->file);
    host_sound_rest(s);
    if (s->started)
        Pa_Terminate();
    if (s->resampler)
        speex_resampler_destroy(s->resampler);
    explicit_bzero(s, sizeof *s);
    free(s);
}
