/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a sound device is open, at both ends, and that one plays: this program has a PortAudio of its own, which
 * counts the streams that are. Who looks at the desktop sees "microphone in use" while one is, and must be able to
 * believe it.
 */
#include "tests/proto/test.h"

#include <portaudio.h>
#include <string.h>

#include "agent/desk/voice.h"
#include "client/companion/voice.h"
#include "proto/util/time.h"

enum { WAIT_MS = 200 };

static struct {
    int started, in, out; /* PortAudio, and streams that are open */
    bool refuses;
    void (*alsa_says)(const char *, int, const char *, int, const char *, ...);
    signed long buffer, room; /* of the loudspeaker, in samples: as large as what was asked for; free */
    bool plays;               /* from when it is full on, as ALSA has it */
    bool counts;              /* each sample that comes must be one more than the one before */
    int16_t next;
    unsigned long heard;
} fake;
static int streams[2]; /* what a PaStream points to: 0 a microphone, 1 a loudspeaker */
static const PaDeviceInfo device = {.name = "fake",
                                    .maxInputChannels = 1,
                                    .maxOutputChannels = 1,
                                    .defaultLowInputLatency = 0.0087,
                                    .defaultLowOutputLatency = 0.0087};

/* As libasound has it; found by its name alone. */
int snd_lib_error_set_handler(void (*handler)(const char *, int, const char *, int, const char *, ...));
int snd_lib_error_set_handler(void (*handler)(const char *, int, const char *, int, const char *, ...))
{
    fake.alsa_says = handler;
    return 0;
}

PaError Pa_Initialize(void)
{
    fake.started++;
    return paNoError;
}

PaError Pa_Terminate(void)
{
    fake.started--;
    return paNoError;
}

PaDeviceIndex Pa_GetDefaultInputDevice(void)
{
    return 0;
}

PaDeviceIndex Pa_GetDefaultOutputDevice(void)
{
    return 0;
}

PaDeviceIndex Pa_GetDeviceCount(void)
{
    return 1;
}

const PaDeviceInfo *Pa_GetDeviceInfo(PaDeviceIndex index)
{
    (void)index;
    return &device;
}

PaError Pa_IsFormatSupported(const PaStreamParameters *in, const PaStreamParameters *out, double rate)
{
    (void)in, (void)out, (void)rate;
    return paFormatIsSupported;
}

PaError Pa_OpenStream(PaStream **stream, const PaStreamParameters *in, const PaStreamParameters *out, double rate,
                      unsigned long frames, PaStreamFlags flags, PaStreamCallback *callback, void *data)
{
    (void)frames, (void)flags, (void)callback, (void)data;
    assert_true(fake.started > 0 && !in != !out);
    if (fake.refuses)
        return paDeviceUnavailable;
    *stream = &streams[in ? 0 : 1];
    if (out) {
        fake.buffer = fake.room = (signed long)(out->suggestedLatency * rate);
        fake.plays = false;
        fake.heard = 0;
    }
    fake.in += in != NULL;
    fake.out += out != NULL;
    return paNoError;
}

PaError Pa_StartStream(PaStream *stream)
{
    (void)stream;
    return paNoError;
}

PaError Pa_CloseStream(PaStream *stream)
{
    *(stream == &streams[0] ? &fake.in : &fake.out) -= 1;
    return paNoError;
}

signed long Pa_GetStreamReadAvailable(PaStream *stream)
{
    assert_ptr_equal(stream, &streams[0]);
    return HOST_SOUND_FRAME;
}

PaError Pa_ReadStream(PaStream *stream, void *buffer, unsigned long frames)
{
    (void)stream;
    memset(buffer, 1, frames * sizeof(int16_t));
    return paNoError;
}

signed long Pa_GetStreamWriteAvailable(PaStream *stream)
{
    assert_ptr_equal(stream, &streams[1]);
    return fake.room;
}

PaError Pa_WriteStream(PaStream *stream, const void *buffer, unsigned long frames)
{
    const int16_t *samples = buffer;

    assert_ptr_equal(stream, &streams[1]);
    assert_true((signed long)frames <= fake.room); /* else it would wait */
    for (unsigned long i = 0; i < frames && fake.counts; i++, fake.next++)
        assert_int_equal(samples[i], fake.next);
    fake.room -= (signed long)frames;
    fake.plays = fake.plays || fake.room == 0;
    return paNoError;
}

/* `samples` go by. */
static void time_passes(signed long samples)
{
    signed long waiting = fake.buffer - fake.room, played = !fake.plays ? 0 : samples < waiting ? samples : waiting;

    fake.room += played;
    fake.heard += (unsigned long)played;
}

/* ---- a loudspeaker ---- */

/* Its clock is not ours: it takes a little more of 20 ms at one time, and a little less at another. */
static void what_is_played_is_heard_whole_and_in_order(void **state)
{
    enum { TIMES = 500 };
    char why[HOST_SOUND_WHY_BYTES];
    struct host_sound *out;
    int16_t pcm[HOST_SOUND_FRAME], sample = 0;

    (void)state;
    assert_ok(host_sound_open_out(&out, "default", why));
    fake.counts = true;
    for (int i = 0; i < TIMES; i++) {
        for (int n = 0; n < HOST_SOUND_FRAME; n++)
            pcm[n] = sample++;
        host_sound_write(out, pcm);
        time_passes(HOST_SOUND_FRAME + (i % 3 - 1) * 100);
    }
    fake.counts = false;
    assert_in_range(fake.heard, (TIMES - 8) * HOST_SOUND_FRAME, TIMES * HOST_SOUND_FRAME);
    host_sound_free(out);
}

/* ---- the customer ---- */

static void the_customers_microphone_is_open_while_they_share_it_and_never_else(void **state)
{
    char why[CLIENT_WHY_BYTES] = "";
    struct client_voice *v;

    (void)state;
    assert_ok(client_voice_new(&v, "default", NULL, why));
    assert_int_equal(fake.in, 0); /* tried, so that a wrong name is told at once, and let go */
    for (int i = 0; i < 3; i++) { /* granted, paused, granted again … */
        assert_ok(client_voice_start(v, 1000, why));
        assert_ok(client_voice_start(v, 1000, why)); /* told twice */
        assert_int_equal(fake.in, 1);
        client_voice_stop(v);
        assert_int_equal(fake.in, 0);
        client_voice_stop(v);
    }
    fake.refuses = true;
    assert_int_equal(client_voice_start(v, 2000, why), PROTO_ERR_IO);
    assert_non_null(strstr(why, "default: the device is in use"));
    assert_int_equal(client_voice_deadline(v), PROTO_NEVER);
    fake.refuses = false;
    assert_ok(client_voice_start(v, 3000, why));
    client_voice_free(v);
    assert_int_equal(fake.in, 0);
    assert_int_equal(fake.started, 0);
}

static void a_microphone_that_does_not_open_at_the_start_is_told(void **state)
{
    char why[CLIENT_WHY_BYTES] = "";
    struct client_voice *v;

    (void)state;
    fake.refuses = true;
    assert_int_equal(client_voice_new(&v, "default", NULL, why), PROTO_ERR_IO);
    assert_non_null(strstr(why, "default: the device is in use"));
    fake.refuses = false;
    assert_int_equal(fake.in + fake.out + fake.started, 0);
}

/* ---- the agent, where files stay open ---- */

static bool may;

static bool may_talk(void *context)
{
    (void)context;
    return may;
}

static bool send(void *context, const uint8_t *packet, size_t len, int64_t mono_ms)
{
    (void)context, (void)packet, (void)len, (void)mono_ms;
    assert_true(may);
    return true;
}

static void run(struct agent_voice *v, int64_t *now_ms)
{
    for (int64_t end = *now_ms + WAIT_MS; *now_ms < end; *now_ms += 10)
        (void)agent_voice_tick(v, *now_ms);
}

static void the_agents_devices_are_open_while_people_talk_and_never_else(void **state)
{
    const struct agent_voice_config config = {
        .may_talk = may_talk, .is_heard = may_talk, .send = send, .keep_files = true};
    char why[HOST_SOUND_WHY_BYTES];
    struct agent_voice *v;
    int64_t now_ms = 1000;

    (void)state;
    assert_ok(agent_voice_new(&v, &config));
    for (enum agent_voice_side side = 0; side < AGENT_VOICE_SIDES; side++) {
        assert_ok(agent_voice_set(v, side, "default", why));
        assert_ok(agent_voice_open(v, side, why));
    }
    run(v, &now_ms);
    assert_int_equal(fake.in + fake.out, 0);
    for (int i = 0; i < 3; i++) {
        uint64_t before = agent_voice_spoken(v);
        may = true;
        run(v, &now_ms);
        assert_int_equal(fake.in, 1);
        assert_int_equal(fake.out, 1);
        assert_true(agent_voice_spoken(v) > before);
        may = false;
        run(v, &now_ms);
        assert_int_equal(fake.in + fake.out, 0);
    }
    agent_voice_free(v);
    assert_int_equal(fake.in + fake.out + fake.started, 0);
}

static void a_loudspeaker_that_runs_dry_is_nothing_to_read(void **state)
{
    struct host_sound *sound;
    char why[HOST_SOUND_WHY_BYTES];

    (void)state;
    fake.alsa_says = NULL;
    assert_ok(host_sound_open_out(&sound, "default", why));
    assert_non_null(fake.alsa_says);
    fake.alsa_says("pcm.c", 1, "snd_pcm_recover", 0, "underrun occurred");
    host_sound_free(sound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loudspeaker_that_runs_dry_is_nothing_to_read),
        cmocka_unit_test(what_is_played_is_heard_whole_and_in_order),
        cmocka_unit_test(the_customers_microphone_is_open_while_they_share_it_and_never_else),
        cmocka_unit_test(a_microphone_that_does_not_open_at_the_start_is_told),
        cmocka_unit_test(the_agents_devices_are_open_while_people_talk_and_never_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
