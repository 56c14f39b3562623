/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/picture.h"
#include "client/companion/encode.h"
#include "tests/clip/clip.h"
#include "tests/clip/marker.h"
#include "tests/proto/test.h"

enum { W = 320, H = 180, BYTES = W * H * 3 / 2, PACKETS = 24, ROOM = 40000 };

/* Real packets: number 0 and 12 are key frames. */
static struct {
    uint8_t bytes[ROOM];
    size_t len;
} packets[PACKETS];

static struct agent_desk_picture *picture;

static int encode_all(void **state)
{
    struct clip *clip = clip_new(W, H, 30, 2);
    uint8_t *bytes = malloc(BYTES);
    struct client_encoder *encoder;

    (void)state;
    if (!clip || !bytes || client_encoder_new(&encoder, W, H, 30, 300) != PROTO_OK)
        return -1;
    for (uint32_t n = 0; n < PACKETS; n++) {
        struct client_frame frame = {{bytes, bytes + W * H, bytes + W * H * 5 / 4}, {W, W / 2, W / 2}, W, H, 0};
        struct client_packet packet;

        clip_frame(clip, n, bytes);
        if (client_encoder_encode(encoder, &frame, n == 12, &packet) != PROTO_OK || packet.len > ROOM)
            return -1;
        memcpy(packets[n].bytes, packet.bytes, packet.len);
        packets[n].len = packet.len;
    }
    client_encoder_free(encoder);
    clip_free(clip);
    free(bytes);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return agent_desk_picture_new(&picture) != PROTO_OK;
}

static int tear_down(void **state)
{
    (void)state;
    agent_desk_picture_free(picture);
    return 0;
}

static enum agent_desk_picture_step feed(int n, int64_t capture_ms, int64_t now_ms)
{
    return agent_desk_picture_feed(picture, packets[n].bytes, packets[n].len, capture_ms, now_ms);
}

static int number_seen(void)
{
    struct agent_desk_i420 last = agent_desk_picture_last(picture);

    return last.width ? clip_marker_read(last.plane[0], last.stride[0], last.width, last.height) : -1;
}

static void nothing_is_decoded_until_a_key_frame_comes(void **state)
{
    (void)state;
    assert_true(agent_desk_picture_needs_key(picture));
    assert_int_equal(agent_desk_picture_last(picture).width, 0);
    for (int n = 1; n < 12; n++)
        assert_int_equal(feed(n, 0, 0), AGENT_DESK_PICTURE_NEEDS_KEY);
    assert_int_equal(agent_desk_picture_last(picture).width, 0);
    assert_int_equal(feed(12, 0, 0), AGENT_DESK_PICTURE_SHOWN);
    assert_false(agent_desk_picture_needs_key(picture));
    assert_int_equal(number_seen(), 12);
    assert_int_equal(feed(13, 0, 0), AGENT_DESK_PICTURE_SHOWN);
    assert_int_equal(number_seen(), 13);
}

static void after_a_loss_the_last_picture_stays_until_a_key_frame_comes(void **state)
{
    struct agent_desk_picture_stats stats;

    (void)state;
    feed(0, 0, 0);
    feed(1, 0, 0);
    agent_desk_picture_lost(picture);
    assert_true(agent_desk_picture_needs_key(picture));
    for (int n = 8; n < 12; n++)
        assert_int_equal(feed(n, 0, 0), AGENT_DESK_PICTURE_NEEDS_KEY);
    assert_int_equal(number_seen(), 1);
    assert_int_equal(feed(12, 0, 0), AGENT_DESK_PICTURE_SHOWN);
    agent_desk_picture_session(picture, &stats);
    assert_int_equal(stats.frames, 3);
    assert_int_equal(stats.skipped, 4);
    assert_int_equal(stats.broken, 0);
}

static void figures_follow_the_clock_that_is_told(void **state)
{
    struct agent_desk_picture_stats s;
    size_t bytes = 0;

    (void)state;
    agent_desk_picture_session(picture, &s);
    assert_true(s.latency_p50_ms < 0 && s.latency_max_ms < 0 && s.fps < 0.001);
    agent_desk_picture_second(picture, 0, &s);
    assert_true(s.latency_p95_ms < 0);
    for (int n = 0; n < 20; n++) { /* twenty pictures, one each 100 ms; latencies 10, 11 … 29 */
        feed(n, 10000 + n * 100 - 10 - n, 10000 + n * 100);
        bytes += packets[n].len;
    }
    agent_desk_picture_session(picture, &s);
    assert_int_equal(s.frames, 20);
    assert_int_equal(s.bytes, bytes);
    assert_int_equal(s.width, W);
    assert_true(fabs(s.fps - (10)) < 0.01);
    assert_true(fabs(s.kbps - ((double)bytes * 8 / 1.9 / 1000)) < 0.01);
    assert_true(fabs(s.latency_p50_ms - (19)) < 0.01);
    assert_true(fabs(s.latency_p95_ms - (28)) < 0.01);
    assert_true(fabs(s.latency_max_ms - (29)) < 0.01);
    agent_desk_picture_second(picture, 11900, &s); /* number 10 (11000) is a second old: not in it */
    assert_int_equal(s.frames, 10);
    assert_true(fabs(s.fps - (10)) < 0.01);
    assert_true(fabs(s.latency_p50_ms - (24)) < 0.01);
    assert_true(fabs(s.latency_p95_ms - (29)) < 0.01);
    agent_desk_picture_second(picture, 60000, &s); /* the stream stands still */
    assert_int_equal(s.frames + s.bytes, 0);
    assert_true(s.latency_p50_ms < 0);
    feed(20, 99999, 13000); /* a clock ahead of ours */
    feed(21, -100000000, 14000);
    agent_desk_picture_session(picture, &s);
    assert_true(fabs(s.latency_max_ms - (100014000)) < 0.01);
    feed(22, INT64_MIN / 2, 15000);
    agent_desk_picture_session(picture, &s);
    assert_int_equal(s.frames, 23);
}

/* A key frame's first ten bytes that tell a size. */
static void says_size(uint8_t bytes[static 10], int w, int h)
{
    const uint8_t head[10] = {
        0x10, 0, 0, 0x9d, 0x01, 0x2a, (uint8_t)w, (uint8_t)(w >> 8), (uint8_t)h, (uint8_t)(h >> 8)};

    memcpy(bytes, head, 10);
}

static void packets_that_lie_about_their_size_allocate_nothing(void **state)
{
    static const int sizes[][2] = {{0, 0}, {15, 64}, {64, 15}, {4097, 64}, {64, 4097}, {4096, 4096}, {16383, 16383}};
    uint8_t bytes[200] = {0};
    size_t before = mallinfo2().uordblks;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        says_size(bytes, sizes[i][0], sizes[i][1]);
        assert_int_equal(agent_desk_picture_feed(picture, bytes, sizeof bytes, 0, 0), AGENT_DESK_PICTURE_NEEDS_KEY);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    for (size_t len = 0; len < 10; len++)
        assert_int_equal(agent_desk_picture_feed(picture, packets[0].bytes, len, 0, 0), AGENT_DESK_PICTURE_NEEDS_KEY);
    assert_int_equal(agent_desk_picture_feed(picture, packets[0].bytes, (4u << 20) + 1, 0, 0),
                     AGENT_DESK_PICTURE_NEEDS_KEY);
    assert_int_equal(agent_desk_picture_last(picture).width, 0);
    assert_int_equal(feed(0, 0, 0), AGENT_DESK_PICTURE_SHOWN);
}

static void whatever_arrives_the_answer_is_a_picture_or_the_wish_for_a_key_frame(void **state)
{
    struct agent_desk_picture_stats stats;
    static uint8_t bytes[ROOM];
    uint32_t random = 31;
    uint64_t shown = 0, fed = 0;

    (void)state;
    for (int round = 0; round < 2000; round++, fed++) {
        int n = round % PACKETS;
        size_t len = packets[n].len;

        memcpy(bytes, packets[n].bytes, len);
        random = random * 1664525u + 1013904223u;
        if (round % 3)
            for (uint32_t k = 0; k < 1 + random % 8; k++) {
                uint32_t at = (random >> 7) * (k + 1);

                bytes[at % (at & 0x100 ? len : 32)] ^= (uint8_t)(1u << (at >> 9) % 8);
            }
        if (round % 7 == 6)
            len = random % (len + 1);
        shown += agent_desk_picture_feed(picture, bytes, len, round, round) == AGENT_DESK_PICTURE_SHOWN;
        assert_in_range(agent_desk_picture_last(picture).width, 0, AGENT_DESK_PICTURE_MAX);
    }
    agent_desk_picture_session(picture, &stats);
    assert_int_equal(stats.frames, shown);
    assert_int_equal(stats.frames + stats.broken + stats.skipped, fed);
    assert_true(stats.broken > 50 && stats.skipped > 50 && shown > 50);
    assert_int_equal(feed(12, 0, 3000), AGENT_DESK_PICTURE_SHOWN); /* and a whole key frame mends it all */
    assert_int_equal(number_seen(), 12);
    assert_int_equal(feed(13, 0, 3000), AGENT_DESK_PICTURE_SHOWN);
    assert_int_equal(number_seen(), 13);
}

static void a_long_stream_needs_no_more_memory_than_a_short_one(void **state)
{
    size_t before = 0;

    (void)state;
    for (int round = 0; round < 40; round++) {
        if (round == 5)
            before = mallinfo2().uordblks;
        for (int n = 0; n < PACKETS; n++)
            feed(n, 0, round * 800 + n * 33);
        agent_desk_picture_lost(picture); /* a new decoder each time */
    }
    assert_true(mallinfo2().uordblks <= before + 4096);
}

/* The marker that tests read: does it survive an encoder short of bits? */
static void the_number_in_the_corner_survives_the_codec(void **state)
{
    static const int sizes[][3] = {{1280, 720, 1500}, {640, 480, 600}, {160, 120, 150}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int w = sizes[i][0], h = sizes[i][1];
        struct clip *clip = clip_new(w, h, 30, 1);
        uint8_t *bytes = malloc(clip_frame_bytes(clip));
        struct client_encoder *encoder;
        struct agent_desk_picture *p;

        assert_ok(client_encoder_new(&encoder, w, h, 30, sizes[i][2]));
        assert_ok(agent_desk_picture_new(&p));
        for (uint32_t k = 0; k < 30; k++) {
            uint32_t n = k * 2221; /* numbers of 16 bits, all over */
            struct client_frame frame = {{bytes, bytes + w * h, bytes + w * h * 5 / 4}, {w, w / 2, w / 2}, w, h, 0};
            struct client_packet packet;
            struct agent_desk_i420 last;

            clip_frame(clip, n, bytes);
            assert_ok(client_encoder_encode(encoder, &frame, false, &packet));
            assert_int_equal(agent_desk_picture_feed(p, packet.bytes, packet.len, 0, 0), AGENT_DESK_PICTURE_SHOWN);
            last = agent_desk_picture_last(p);
            assert_int_equal(clip_marker_read(last.plane[0], last.stride[0], w, h), n);
        }
        memset(bytes, 128, clip_frame_bytes(clip));
        assert_int_equal(clip_marker_read(bytes, w, w, h), -1); /* no marker is no number */
        agent_desk_picture_free(p);
        client_encoder_free(encoder);
        clip_free(clip);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_decoded_until_a_key_frame_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_a_loss_the_last_picture_stays_until_a_key_frame_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(figures_follow_the_clock_that_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(packets_that_lie_about_their_size_allocate_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whatever_arrives_the_answer_is_a_picture_or_the_wish_for_a_key_frame, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_long_stream_needs_no_more_memory_than_a_short_one, set_up, tear_down),
        cmocka_unit_test(the_number_in_the_corner_survives_the_codec),
    };

    return cmocka_run_group_tests(tests, encode_all, NULL);
}
