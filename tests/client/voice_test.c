/* SPDX-License-Identifier: Apache-2.0 */
/* A tone from a file through Opus and the jitter buffer into another file: level, length, constant packets. */
#include "tests/proto/test.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/voice.h"

static char folder[64], tone[96], heard[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/handhold-voice-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(tone, sizeof tone, "%s/tone.wav", folder);
    snprintf(heard, sizeof heard, "%s/heard.wav", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(tone);
    unlink(heard);
    return rmdir(folder);
}

static void write_tone(int rate, int channels, int seconds)
{
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(tone, SFM_WRITE, &info);

    assert_non_null(file);
    for (int i = 0; i < rate * seconds; i++) {
        int16_t all[2] = {(int16_t)(8000 * sin(2 * M_PI * 440 * i / rate)), 0};
        all[1] = all[0];
        assert_int_equal(sf_writef_short(file, all, 1), 1);
    }
    sf_close(file);
}

/* Seconds and level of what was heard, without its first half second. */
static double level_of(const char *path, double *seconds)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    double sum = 0;
    int16_t sample;
    sf_count_t n = 0;

    assert_non_null(file);
    *seconds = (double)info.frames / info.samplerate;
    for (; sf_readf_short(file, &sample, 1) == 1; n++)
        if (n >= info.samplerate / 2)
            sum += (double)sample * sample;
    sf_close(file);
    return 10 * log10(sum / (double)(n - info.samplerate / 2) / (32768.0 * 32768.0));
}

static void a_tone_keeps_its_level_at_any_rate_of_the_file(void **state)
{
    static const int files[][2] = {{48000, 1}, {44100, 2}, {16000, 1}, {8000, 1}, {96000, 2}};

    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        struct host_sound *in, *out;
        struct host_voice_encoder *encoder;
        struct host_voice_player *player;
        struct host_voice_figures figures;
        char why[256];
        int16_t pcm[HOST_SOUND_FRAME];
        uint8_t packet[HOST_VOICE_PACKET_MAX];
        double seconds;

        write_tone(files[f][0], files[f][1], 2);
        assert_ok(host_sound_open_in(&in, tone, why));
        assert_ok(host_sound_open_out(&out, heard, why));
        assert_ok(host_voice_encoder_new(&encoder));
        assert_ok(host_voice_player_new(&player, out));
        for (uint32_t n = 0; n < 250; n++) { /* longer than the file: it begins anew */
            assert_true(host_sound_read(in, pcm));
            size_t len = host_voice_encode(encoder, pcm, packet);
            assert_int_equal(len, 60);
            host_voice_player_put(player, n + 1, n * 20, packet, len, n * 20 + (n % 10 == 0 ? 15 : 0));
            (void)host_voice_player_tick(player, n * 20 + 15);
        }
        host_voice_player_figures(player, &figures);
        assert_int_equal(figures.concealed, 0);
        assert_in_range(figures.gap_ms_max, 0, 20);
        host_voice_player_free(player);
        host_voice_encoder_free(encoder);
        host_sound_free(in);
        host_sound_free(out);
        double level = level_of(heard, &seconds);
        print_message("%d Hz, %d: %.1f dB, %.2f s\n", files[f][0], files[f][1], level, seconds);
        assert_true(fabs(level + 15.26) < 1);
        assert_true(fabs(seconds - 5) < 0.1);
    }
}

static void packets_of_one_rate_have_one_length_whatever_is_said(void **state)
{
    static const struct {
        int bps;
        size_t len;
    } rates[] = {{24000, 60}, {16000, 40}, {10000, 25}};
    struct host_voice_encoder *encoder;
    uint64_t x = 1;

    (void)state;
    assert_ok(host_voice_encoder_new(&encoder));
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        assert_ok(host_voice_encoder_set_bps(encoder, rates[r].bps));
        for (int n = 0; n < 100; n++) {
            int16_t pcm[HOST_SOUND_FRAME];
            uint8_t packet[HOST_VOICE_PACKET_MAX];
            for (int i = 0; i < HOST_SOUND_FRAME; i++, x = x * 6364136223846793005u + 1)
                pcm[i] = n % 3 == 0 ? 0 : n % 3 == 1 ? (int16_t)(x >> 48) : (int16_t)(9000 * sin(i / 20.0));
            assert_int_equal(host_voice_encode(encoder, pcm, packet), rates[r].len);
        }
    }
    assert_int_equal(host_voice_encoder_set_bps(encoder, 64000), PROTO_ERR_RANGE);
    host_voice_encoder_free(encoder);
}

static void two_packets_in_one_message_are_heard_as_two(void **state)
{
    enum { PACKETS = 200, LATE = 120 }; /* one by one until there */
    struct host_voice_encoder *encoder;
    struct host_voice_player *player;
    struct host_voice_figures figures;
    uint8_t packet[2][HOST_VOICE_PACKET_MAX], both[HOST_VOICE_PACKET_MAX];
    uint32_t obj = UINT32_MAX - 20; /* numbers come round */
    int16_t pcm[HOST_SOUND_FRAME];

    (void)state;
    assert_ok(host_voice_encoder_new(&encoder));
    assert_ok(host_voice_encoder_set_bps(encoder, 16000));
    assert_ok(host_voice_player_new(&player, NULL));
    for (uint32_t n = 0; n < PACKETS; n++) {
        uint32_t at_ms = n * PROTO_PLAYOUT_PACKET_MS;
        for (int i = 0; i < HOST_SOUND_FRAME; i++)
            pcm[i] = (int16_t)(8000 * sin(2 * M_PI * 440 * (n * HOST_SOUND_FRAME + (unsigned)i) / HOST_SOUND_RATE));
        size_t len = host_voice_encode(encoder, pcm, packet[n % 2]);
        assert_int_equal(len, 40);
        if (n < LATE) {
            host_voice_player_put(player, obj++, at_ms, packet[n % 2], len, at_ms);
        } else if (n % 2) {
            assert_int_equal(host_voice_join(packet[0], packet[1], len, both), 2 * len - 1);
            host_voice_player_put(player, obj++, at_ms - PROTO_PLAYOUT_PACKET_MS, both, 2 * len - 1, at_ms);
        }
        (void)host_voice_player_tick(player, at_ms + 5);
    }
    host_voice_player_figures(player, &figures);
    assert_int_equal(figures.packets, LATE + (PACKETS - LATE) / 2);
    assert_int_equal(figures.concealed, 0);
    assert_int_equal(figures.late, 0);
    assert_in_range(figures.played + figures.skipped, PACKETS - 15, PACKETS); /* what is held back is not played yet */
    assert_true(fabs(figures.level_db + 15.26) < 1);
    host_voice_player_free(player);
    host_voice_encoder_free(encoder);
}

static void packets_of_two_modes_are_not_joined(void **state)
{
    static const uint8_t one[] = {0x48, 1, 2}, other[] = {0x58, 1, 2};
    uint8_t both[HOST_VOICE_PACKET_MAX];

    (void)state;
    assert_int_equal(host_voice_join(one, one, sizeof one, both), 5);
    assert_int_equal(host_voice_join(one, other, sizeof one, both), 0);
    assert_int_equal(host_voice_join(one, one, 0, both), 0);
}

static void bytes_of_a_stranger_are_silence_or_noise_and_nothing_else(void **state)
{
    struct host_voice_player *player;
    uint64_t x = 7;

    (void)state;
    assert_ok(host_voice_player_new(&player, NULL));
    for (uint32_t n = 0; n < 3000; n++) {
        uint8_t packet[300];
        for (size_t i = 0; i < sizeof packet; i++, x = x * 6364136223846793005u + 1)
            packet[i] = (uint8_t)(x >> 56);
        host_voice_player_put(player, n, n * 20, packet, x % sizeof packet, n * 20);
        (void)host_voice_player_tick(player, n * 20);
    }
    host_voice_player_free(player);
}

static void a_source_that_is_none_says_so(void **state)
{
    struct host_sound *sound;
    char why[256];

    (void)state;
    assert_int_equal(host_sound_open_in(&sound, "/nowhere/x.wav", why), PROTO_ERR_IO);
    assert_non_null(strstr(why, "/nowhere/x.wav"));
    assert_int_equal(host_sound_open_in(&sound, "/etc/passwd", why), PROTO_ERR_IO);
    assert_int_equal(host_sound_open_in(&sound, "no such device", why), PROTO_ERR_IO);
    assert_null(sound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tone_keeps_its_level_at_any_rate_of_the_file, set_up, tear_down),
        cmocka_unit_test(packets_of_one_rate_have_one_length_whatever_is_said),
        cmocka_unit_test(two_packets_in_one_message_are_heard_as_two),
        cmocka_unit_test(packets_of_two_modes_are_not_joined),
        cmocka_unit_test(bytes_of_a_stranger_are_silence_or_noise_and_nothing_else),
        cmocka_unit_test_setup_teardown(a_source_that_is_none_says_so, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
