/* SPDX-License-Identifier: Apache-2.0 */
/* Both voices at the agent's end: what is opened when, what leaves, and what a meter shows. Files stand for devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/desk/voice.h"

enum { PACKETS_MAX = 256, TONE_FRAMES = 50 };

static struct {
    char dir[64], tone[96], other[96], out[96], out2[96];
    struct agent_voice *voice;
    bool may, deaf;
    int64_t now_ms;
    size_t sent, len[PACKETS_MAX];
    uint8_t last[HOST_VOICE_PACKET_MAX];
    unsigned wrong;
} t;

static bool may_talk(void *context)
{
    (void)context;
    return t.may;
}

static bool is_heard(void *context)
{
    return may_talk(context) && !t.deaf;
}

static bool send(void *context, const uint8_t *packet, size_t len, int64_t mono_ms)
{
    (void)context;
    assert_true(is_heard(NULL));
    assert_true(mono_ms <= t.now_ms);
    assert_in_range(t.sent, 0, PACKETS_MAX - 1);
    t.len[t.sent++] = len;
    memcpy(t.last, packet, len);
    return true;
}

static void wrong(void *context, enum agent_voice_side side, const char *why)
{
    (void)context, (void)side;
    assert_true(*why);
    t.wrong++;
}

static void write_tone(const char *path)
{
    char why[HOST_SOUND_WHY_BYTES];
    int16_t pcm[HOST_SOUND_FRAME];
    struct host_sound *out;

    assert_int_equal(host_sound_open_out(&out, path, why), PROTO_OK);
    for (int i = 0; i < HOST_SOUND_FRAME; i++)
        pcm[i] = (int16_t)(8000 * sin(i * 2 * M_PI * 400 / HOST_SOUND_RATE));
    for (int i = 0; i < TONE_FRAMES; i++)
        host_sound_write(out, pcm);
    host_sound_free(out);
}

static int begin(void **state)
{
    const struct agent_voice_config config = {.may_talk = may_talk, .is_heard = is_heard, .send = send, .wrong = wrong};

    (void)state;
    memset(&t, 0, sizeof t);
    t.now_ms = 1000;
    strcpy(t.dir, "/tmp/handhold-voice-XXXXXX");
    if (!mkdtemp(t.dir))
        return -1;
    snprintf(t.tone, sizeof t.tone, "%s/tone.wav", t.dir);
    snprintf(t.other, sizeof t.other, "%s/other.wav", t.dir);
    snprintf(t.out, sizeof t.out, "%s/out.wav", t.dir);
    snprintf(t.out2, sizeof t.out2, "%s/out2.wav", t.dir);
    write_tone(t.tone);
    write_tone(t.other);
    return agent_voice_new(&t.voice, &config) == PROTO_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    agent_voice_free(t.voice);
    unlink(t.tone);
    unlink(t.other);
    unlink(t.out);
    unlink(t.out2);
    return rmdir(t.dir);
}

static void set(enum agent_voice_side side, const char *spec)
{
    char why[HOST_SOUND_WHY_BYTES];

    assert_int_equal(agent_voice_set(t.voice, side, spec, why), PROTO_OK);
}

static struct agent_voice_now run(int64_t ms)
{
    struct agent_voice_now now;

    for (int64_t end = t.now_ms + ms; t.now_ms < end; t.now_ms += 10)
        (void)agent_voice_tick(t.voice, t.now_ms);
    agent_voice_now(t.voice, &now);
    return now;
}

static void nothing_is_open_and_nothing_leaves_before_the_consent_and_after_it(void **state)
{
    struct agent_voice_now now;

    (void)state;
    set(AGENT_VOICE_MICROPHONE, t.tone);
    set(AGENT_VOICE_SPEAKER, t.out);
    now = run(200);
    assert_false(now.open[AGENT_VOICE_MICROPHONE] || now.open[AGENT_VOICE_SPEAKER] || now.talks);
    assert_int_equal(access(t.out, F_OK), -1);
    t.may = true;
    now = run(200);
    assert_true(now.open[AGENT_VOICE_MICROPHONE] && now.open[AGENT_VOICE_SPEAKER] && now.talks);
    assert_int_equal(t.sent, 10);
    t.may = false;
    now = run(200);
    assert_false(now.open[AGENT_VOICE_MICROPHONE] || now.open[AGENT_VOICE_SPEAKER] || now.talks);
    assert_int_equal(t.sent, 10);
    assert_true(now.mine == 0);
}

static void whom_nobody_hears_is_not_listened_to_and_hears(void **state)
{
    struct agent_voice_now now;

    (void)state;
    set(AGENT_VOICE_MICROPHONE, t.tone);
    set(AGENT_VOICE_SPEAKER, t.out);
    t.may = t.deaf = true;
    now = run(200);
    assert_false(now.heard || now.talks || now.open[AGENT_VOICE_MICROPHONE]);
    assert_true(now.open[AGENT_VOICE_SPEAKER]);
    assert_int_equal(t.sent, 0);
    t.deaf = false;
    now = run(200);
    assert_true(now.heard && now.talks && t.sent == 10);
    t.deaf = true;
    now = run(200);
    assert_false(now.heard || now.talks || now.open[AGENT_VOICE_MICROPHONE]);
    assert_int_equal(t.sent, 10);
}

static void who_is_mute_sends_silence_of_the_same_length(void **state)
{
    uint8_t loud[HOST_VOICE_PACKET_MAX];
    struct agent_voice_now now;

    (void)state;
    set(AGENT_VOICE_MICROPHONE, t.tone);
    t.may = true;
    now = run(400);
    assert_true(now.mine > 0.6);
    memcpy(loud, t.last, sizeof loud);
    agent_voice_mute(t.voice, true);
    now = run(400);
    assert_true(now.muted && !now.talks && now.mine == 0);
    assert_int_equal(t.sent, 40);
    for (size_t i = 1; i < t.sent; i++)
        assert_int_equal(t.len[i], t.len[0]);
    assert_memory_not_equal(loud, t.last, t.len[0]);
    agent_voice_mute(t.voice, false);
    assert_true(run(100).mine > 0.6);
}

static void a_device_changes_while_people_talk_and_one_that_fails_changes_nothing(void **state)
{
    char why[HOST_SOUND_WHY_BYTES] = "";

    (void)state;
    set(AGENT_VOICE_MICROPHONE, t.tone);
    set(AGENT_VOICE_SPEAKER, t.out);
    t.may = true;
    (void)run(100);
    set(AGENT_VOICE_MICROPHONE, t.other);
    set(AGENT_VOICE_SPEAKER, t.out2);
    assert_int_equal(access(t.out2, F_OK), 0);
    assert_int_equal(agent_voice_set(t.voice, AGENT_VOICE_MICROPHONE, "/nowhere/x.wav", why), PROTO_ERR_IO);
    assert_non_null(strstr(why, "/nowhere/x.wav"));
    assert_true(run(100).talks);
    assert_int_equal(t.sent, 10);
    set(AGENT_VOICE_MICROPHONE, "");
    assert_false(run(100).open[AGENT_VOICE_MICROPHONE]);
    assert_int_equal(t.sent, 10);
}

static void what_does_not_open_is_told_once(void **state)
{
    (void)state;
    set(AGENT_VOICE_MICROPHONE, "/nowhere/x.wav");
    t.may = true;
    assert_false(run(500).talks);
    assert_int_equal(t.wrong, 1);
    set(AGENT_VOICE_MICROPHONE, t.tone);
    assert_true(run(100).talks);
}

static void a_meter_shows_the_customer_and_falls_when_they_are_gone(void **state)
{
    struct host_voice_encoder *encoder;
    int16_t pcm[HOST_SOUND_FRAME];
    uint8_t packet[HOST_VOICE_PACKET_MAX];
    struct agent_voice_now now;
    uint32_t obj = 0;

    (void)state;
    assert_int_equal(host_voice_encoder_new(&encoder), PROTO_OK);
    for (int i = 0; i < HOST_SOUND_FRAME; i++)
        pcm[i] = (int16_t)(8000 * sin(i * 2 * M_PI * 400 / HOST_SOUND_RATE));
    for (; obj < 50; obj++) {
        size_t len = host_voice_encode(encoder, pcm, packet);

        agent_voice_came(t.voice, obj + 1, obj * 20, packet, len, t.now_ms);
        (void)run(20);
    }
    agent_voice_now(t.voice, &now);
    assert_true(now.theirs > 0.5 && now.theirs < 1);
    assert_true(run(1000).theirs == 0);
    host_voice_encoder_free(encoder);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_open_and_nothing_leaves_before_the_consent_and_after_it),
        TEST(whom_nobody_hears_is_not_listened_to_and_hears),
        TEST(who_is_mute_sends_silence_of_the_same_length),
        TEST(a_device_changes_while_people_talk_and_one_that_fails_changes_nothing),
        TEST(what_does_not_open_is_told_once),
        TEST(a_meter_shows_the_customer_and_falls_when_they_are_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
