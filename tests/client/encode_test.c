/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that are encoded and really decoded again, by the agent's own decoder, with layers left out on the way. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/picture.h"
#include "client/companion/encode.h"
#include "proto/media/receive.h"
#include "tests/clip/clip.h"
#include "tests/clip/marker.h"
#include "tests/proto/test.h"

enum { W = 640, H = 360, BYTES = W * H * 3 / 2, FRAMES = 90 };

/* One clip, painted once: pictures[n] is number n. */
static uint8_t *pictures;

static int set_up(void **state)
{
    struct clip *clip = clip_new(W, H, 30, 3);

    (void)state;
    pictures = malloc((size_t)FRAMES * BYTES);
    if (!clip || !pictures)
        return -1;
    for (uint32_t n = 0; n < FRAMES; n++)
        clip_frame(clip, n, pictures + (size_t)n * BYTES);
    clip_free(clip);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(pictures);
    return 0;
}

static struct client_frame picture(int n)
{
    const uint8_t *at = pictures + (size_t)(n % FRAMES) * BYTES;

    return (struct client_frame){{at, at + W * H, at + W * H * 5 / 4}, {W, W / 2, W / 2}, W, H, n * 33};
}

static double psnr(const struct client_frame *a, const struct agent_desk_i420 *b)
{
    double sum = 0;

    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            double gap = a->plane[0][y * a->stride[0] + x] - b->plane[0][y * b->stride[0] + x];

            sum += gap * gap;
        }
    return sum > 0 ? 10 * log10(255.0 * 255.0 * W * H / sum) : 99;
}

/* Mean PSNR of what is decoded when only layers up to `highest` arrive; every packet of them must decode. */
static double decode_layers(int highest, int kbps, size_t *bytes)
{
    struct client_encoder *encoder;
    struct agent_desk_picture *p;
    double sum = 0;
    int shown = 0;

    assert_ok(client_encoder_new(&encoder, W, H, 30, kbps));
    assert_ok(agent_desk_picture_new(&p));
    *bytes = 0;
    for (int n = 0; n < FRAMES; n++) {
        struct client_frame frame = picture(n);
        struct client_packet packet;
        struct agent_desk_i420 seen;

        assert_ok(client_encoder_encode(encoder, &frame, false, &packet));
        assert_int_equal(packet.key, n == 0);
        assert_true(packet.len > 0);
        if (packet.tid > highest)
            continue;
        *bytes += packet.len;
        assert_int_equal(agent_desk_picture_feed(p, packet.bytes, packet.len, 0, 0), AGENT_DESK_PICTURE_SHOWN);
        seen = agent_desk_picture_last(p);
        assert_int_equal(clip_marker_read(seen.plane[0], seen.stride[0], W, H),
                         n); /* this picture, not the one before */
        sum += psnr(&frame, &seen);
        shown++;
    }
    assert_int_equal(shown, highest == 2 ? FRAMES : highest == 1 ? FRAMES / 2 : (FRAMES + 3) / 4);
    agent_desk_picture_free(p);
    client_encoder_free(encoder);
    return sum / shown;
}

static void each_number_of_layers_decodes_by_itself_at_a_good_quality(void **state)
{
    size_t base, middle, all;
    double one = decode_layers(0, 600, &base), two = decode_layers(1, 600, &middle),
           three = decode_layers(2, 600, &all);

    (void)state;
    print_message("PSNR: %.1f dB base, %.1f with the middle, %.1f all; %zu, %zu, %zu bytes\n", one, two, three, base,
                  middle, all);
    assert_true(one > 38 && two > 38 && three > 38);
    assert_true(base < middle && middle < all);
    assert_in_range(all * 8 / (FRAMES / 30), 600000 * 7 / 10, 600000 * 12 / 10);
    assert_in_range(base * 100 / all, 30, 65);
}

static void layers_and_discardable_follow_the_pattern_and_begin_again_at_a_key_frame(void **state)
{
    static const uint8_t pattern[] = {0, 2, 1, 2};
    struct client_encoder *encoder;
    int step = 0;

    (void)state;
    assert_ok(client_encoder_new(&encoder, W, H, 30, 0));
    for (int n = 0; n < 24; n++) {
        bool asked = n == 0 || n == 6 || n == 7 || n == 13; /* in the middle of the pattern, twice in a row */
        struct client_frame frame = picture(n);
        struct client_packet packet;

        assert_ok(client_encoder_encode(encoder, &frame, asked && n, &packet));
        step = asked ? 0 : step;
        assert_int_equal(packet.key, asked); /* at the very next picture, and never unasked */
        assert_int_equal(packet.tid, pattern[step % 4]);
        assert_int_equal(packet.discardable, packet.tid > 0);
        assert_int_equal(packet.capture_ms, n * 33);
        assert_int_equal(packet.width, W);
        step++;
    }
    client_encoder_free(encoder);
}

/* Bytes a second over `frames` pictures from number `from` on. */
static size_t rate(struct client_encoder *encoder, int from, int frames)
{
    size_t sum = 0;

    for (int n = from; n < from + frames; n++) {
        struct client_frame frame = picture(n);
        struct client_packet packet;

        assert_ok(client_encoder_encode(encoder, &frame, false, &packet));
        sum += packet.len;
    }
    return sum * 30 / (size_t)frames;
}

static void a_new_rate_holds_from_the_next_picture_on(void **state)
{
    struct client_encoder *encoder;

    (void)state;
    assert_ok(client_encoder_new(&encoder, W, H, 30, 1500));
    rate(encoder, 0, 45);
    assert_true(rate(encoder, 45, 30) > 1000 * 1000 / 8);
    assert_ok(client_encoder_set_kbps(encoder, 400));
    assert_int_equal(client_encoder_kbps(encoder), 400);
    assert_true(rate(encoder, 0, 8) < 1000 * 1000 / 8); /* down at once: the first two pictures are the slow ones */
    assert_true(rate(encoder, 8, 60) < 480 * 1000 / 8);
    for (int kbps = 440; kbps <= 1400; kbps += kbps / 10) { /* up in tenths */
        assert_ok(client_encoder_set_kbps(encoder, kbps));
        rate(encoder, kbps % FRAMES, 4);
    }
    assert_true(rate(encoder, 10, 60) > 800 * 1000 / 8);
    assert_int_equal(client_encoder_set_kbps(encoder, 49), PROTO_ERR_RANGE);
    assert_int_equal(client_encoder_set_kbps(encoder, 20001), PROTO_ERR_RANGE);
    client_encoder_free(encoder);
}

/* One picture is what a voice waits for when the line falls: where bits abound layer 0 has no larger ones than others.
 */
static void where_bits_abound_pictures_of_all_layers_have_about_the_same_size(void **state)
{
    enum { KBPS = 2600, FROM = 30 };
    struct client_encoder *encoder;
    size_t bytes[CLIENT_ENCODER_LAYERS] = {0}, count[CLIENT_ENCODER_LAYERS] = {0};

    (void)state;
    assert_ok(client_encoder_new(&encoder, W, H, 30, KBPS));
    for (int n = 0; n < FRAMES; n++) {
        struct client_frame frame = picture(n);
        struct client_packet packet;

        assert_ok(client_encoder_encode(encoder, &frame, false, &packet));
        if (n < FROM)
            continue;
        bytes[packet.tid] += packet.len;
        count[packet.tid]++;
    }
    client_encoder_free(encoder);
    for (int tid = 0; tid < CLIENT_ENCODER_LAYERS; tid++)
        print_message("layer %d: %zu bytes in the middle\n", tid, bytes[tid] / count[tid]);
    assert_true(bytes[0] / count[0] < bytes[1] / count[1] * 5 / 4);
    assert_true(bytes[0] / count[0] < bytes[2] / count[2] * 5 / 4);
}

static void a_picture_of_another_size_and_bounds_that_are_broken_are_refused(void **state)
{
    static const int bad[][4] = {{15, 64, 30, 0},  {64, 15, 30, 0},  {4098, 64, 30, 0}, {64, 4098, 30, 0},
                                 {64, 64, 0, 0},   {64, 64, 121, 0}, {64, 64, 30, 49},  {64, 64, 30, 20001},
                                 {64, 64, 30, -1}, {-64, 64, 30, 0}};
    struct client_encoder *encoder;
    struct client_packet packet;
    struct client_frame frame = picture(0);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(client_encoder_new(&encoder, bad[i][0], bad[i][1], bad[i][2], bad[i][3]), PROTO_ERR_RANGE);
        assert_null(encoder);
    }
    assert_ok(client_encoder_new(&encoder, W, H, 30, 0));
    frame.height = H - 2;
    assert_int_equal(client_encoder_encode(encoder, &frame, false, &packet), PROTO_ERR_RANGE);
    assert_int_equal(packet.len, 0);
    client_encoder_free(encoder);
    client_encoder_free(NULL);
    assert_int_equal(client_encoder_default_kbps(1280, 720), 1500);
    assert_int_equal(client_encoder_default_kbps(16, 16), 150);
    assert_int_equal(client_encoder_default_kbps(4096, 2304), 6000);
}

static void odd_and_smallest_pictures_make_the_whole_way(void **state)
{
    static const int sizes[][2] = {{16, 16}, {17, 19}, {161, 91}};
    static uint8_t bytes[161 * 91 * 2];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int w = sizes[i][0], h = sizes[i][1], half = (w + 1) / 2;
        struct client_frame frame = {
            {bytes, bytes + w * h, bytes + w * h + half * ((h + 1) / 2)}, {w, half, half}, w, h, 0};
        struct client_encoder *encoder;
        struct agent_desk_picture *p;
        struct client_packet packet;

        memset(bytes, 100 + (int)i, sizeof bytes);
        assert_ok(client_encoder_new(&encoder, w, h, 30, 0));
        assert_ok(agent_desk_picture_new(&p));
        assert_ok(client_encoder_encode(encoder, &frame, false, &packet));
        assert_int_equal(agent_desk_picture_feed(p, packet.bytes, packet.len, 0, 0), AGENT_DESK_PICTURE_SHOWN);
        assert_int_equal(agent_desk_picture_last(p).width, w);
        assert_int_equal(agent_desk_picture_last(p).height, h);
        assert_in_range(agent_desk_picture_last(p).plane[2][half * ((h + 1) / 2) - 1], 98, 105);
        agent_desk_picture_free(p);
        client_encoder_free(encoder);
    }
}

static void a_picture_of_noise_stays_below_the_bound_of_a_message(void **state)
{
    uint8_t *bytes = malloc(1280 * 720 * 3 / 2);
    struct client_frame frame = {
        {bytes, bytes + 1280 * 720, bytes + 1280 * 720 * 5 / 4}, {1280, 640, 640}, 1280, 720, 0};
    struct client_encoder *encoder;
    uint32_t random = 1;
    size_t largest = 0;

    (void)state;
    assert_ok(client_encoder_new(&encoder, 1280, 720, 30, 0));
    for (int n = 0; n < 6; n++) {
        struct client_packet packet;

        for (int i = 0; i < 1280 * 720 * 3 / 2; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(random >> 24);
        }
        assert_ok(client_encoder_encode(encoder, &frame, n == 3, &packet));
        largest = packet.len > largest ? packet.len : largest;
    }
    print_message("largest packet of pure noise at 720p: %zu bytes\n", largest);
    assert_true(largest < proto_type_max_bytes(PROTO_TYPE_MEDIA) - 64);
    client_encoder_free(encoder);
    free(bytes);
}

/* -- a line that loses pictures as a relay may -- */

struct line {
    uint32_t random;
    bool to_key; /* after a lost base picture everything goes, up to a key frame */
};

static bool lost(struct line *line, const struct client_packet *packet)
{
    static const uint32_t per_mille[] = {100, 200, 400}; /* highest layers first */

    line->random = line->random * 1664525u + 1013904223u;
    if (line->to_key && !packet->key)
        return true;
    line->to_key = (line->random >> 8) % 1000 < (packet->key ? 100 : per_mille[packet->tid]);
    if (!line->to_key)
        return false;
    line->to_key = packet->tid == 0;
    return true;
}

static void whatever_the_line_drops_by_the_rules_all_that_passes_decodes(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 6; seed++) {
        struct line line = {.random = seed * 7919};
        struct proto_layers layers = {0};
        struct client_encoder *encoder;
        struct agent_desk_picture *p;
        bool want_key = false;
        uint16_t tl0 = 0;
        int shown = 0, keys = 0;

        assert_ok(client_encoder_new(&encoder, W, H, 30, 1000));
        assert_ok(agent_desk_picture_new(&p));
        for (int n = 0; n < 240; n++) {
            struct client_frame frame = picture(n);
            struct client_packet packet;
            struct proto_media_header header = {0};
            enum proto_layers_verdict verdict;
            struct agent_desk_i420 seen;

            assert_ok(client_encoder_encode(encoder, &frame, want_key, &packet));
            if (packet.key)
                want_key = false;
            tl0 = (uint16_t)(tl0 + (packet.tid == 0));
            if (lost(&line, &packet)) {
                want_key |= line.to_key; /* whoever drops a base picture asks for a key frame */
                continue;
            }
            header.flags = packet.key ? PROTO_MEDIA_KEY : 0;
            header.tid = packet.tid;
            header.tl0 = tl0;
            verdict = proto_layers_take(&layers, &header, (uint64_t)n + 1);
            assert_int_not_equal(verdict, PROTO_LAYERS_LATE);
            want_key |= verdict == PROTO_LAYERS_NEED_KEY;
            if (verdict != PROTO_LAYERS_PASS)
                continue;
            assert_int_equal(agent_desk_picture_feed(p, packet.bytes, packet.len, 0, 0), AGENT_DESK_PICTURE_SHOWN);
            seen = agent_desk_picture_last(p);
            assert_int_equal(clip_marker_read(seen.plane[0], seen.stride[0], W, H), n % FRAMES);
            if (psnr(&frame, &seen) < 25)
                fail_msg("seed %u: picture %d decodes at %.1f dB", seed, n, psnr(&frame, &seen));
            keys += packet.key;
            shown++;
        }
        assert_in_range(shown, 40, 200);
        assert_in_range(keys, 2, 30);
        agent_desk_picture_free(p);
        client_encoder_free(encoder);
    }
}

/* Half the size, then the whole again: each begins with a key frame, and whatever layers are left out, all decodes. */
static void a_change_of_size_or_of_layers_left_out_never_breaks_the_chain(void **state)
{
    static const int sizes[][2] = {{W, H}, {W / 2, H / 2}, {W * 3 / 4, H * 3 / 4}, {W / 4, H / 4}, {W, H}};
    struct client_encoder *encoder;
    struct agent_desk_picture *p;
    uint8_t *small = malloc(BYTES);
    uint64_t draw = 88172645463325252u;

    (void)state;
    assert_non_null(small);
    assert_ok(client_encoder_new(&encoder, W, H, 30, 600));
    assert_ok(agent_desk_picture_new(&p));
    for (int n = 0; n < 250; n++) {
        static const uint8_t pattern[] = {0, 2, 1, 2};
        int w = sizes[n / 50][0], h = sizes[n / 50][1];
        struct client_frame whole = picture(n), frame = whole;
        struct client_packet packet;

        draw = draw * 6364136223846793005u + 1442695040888963407u;
        if (n % 50 && pattern[n % 4] && draw >> 63)
            continue; /* left out before it is encoded */
        frame.width = w;
        frame.height = h;
        frame.plane[0] = small;
        frame.plane[1] = small + w * h;
        frame.plane[2] = small + w * h * 5 / 4;
        frame.stride[0] = w;
        frame.stride[1] = frame.stride[2] = w / 2;
        for (int plane = 0; plane < 3; plane++) /* the nearest pixel will do */
            for (int y = 0; y < (plane ? h / 2 : h); y++)
                for (int x = 0; x < (plane ? w / 2 : w); x++)
                    ((uint8_t *)(uintptr_t)frame.plane[plane])[y * frame.stride[plane] + x] =
                        whole.plane[plane][y * H / h * whole.stride[plane] + x * W / w];
        assert_ok(client_encoder_set_size(encoder, w, h));
        assert_ok(client_encoder_set_kbps(encoder, 100 + (int)(draw >> 40) % 1000));
        assert_ok(client_encoder_encode_as(encoder, &frame, pattern[n % 4], false, &packet));
        assert_int_equal(packet.key, n % 50 == 0);
        assert_int_equal(packet.tid, packet.key ? 0 : pattern[n % 4]);
        assert_int_equal(agent_desk_picture_feed(p, packet.bytes, packet.len, 0, 0), AGENT_DESK_PICTURE_SHOWN);
        assert_int_equal(agent_desk_picture_last(p).width, w);
        assert_int_equal(agent_desk_picture_last(p).height, h);
    }
    assert_int_equal(client_encoder_set_size(encoder, W + 2, H), PROTO_ERR_RANGE);
    assert_int_equal(client_encoder_set_size(encoder, W - 1, H), PROTO_ERR_RANGE);
    agent_desk_picture_free(p);
    client_encoder_free(encoder);
    free(small);
}

static void a_still_is_sharp_and_of_a_bounded_size(void **state)
{
    struct client_encoder *encoder;
    struct agent_desk_picture *p;

    (void)state;
    assert_ok(client_encoder_new(&encoder, W, H, 30, 60));
    assert_ok(agent_desk_picture_new(&p));
    assert_ok(client_encoder_set_sharp(encoder, true));
    for (int n = 0; n < 10; n++) {
        struct client_frame frame = picture(n * 9);
        struct client_packet packet;
        struct agent_desk_i420 seen;
        assert_ok(client_encoder_encode_as(encoder, &frame, 0, true, &packet));
        assert_true(packet.key);
        assert_int_equal(agent_desk_picture_feed(p, packet.bytes, packet.len, 0, 0), AGENT_DESK_PICTURE_SHOWN);
        seen = agent_desk_picture_last(p);
        print_message("still of %zu bytes, %.1f dB\n", packet.len, psnr(&frame, &seen));
        assert_true(psnr(&frame, &seen) > 34);
        assert_in_range(packet.len, 2000, 40000);
    }
    agent_desk_picture_free(p);
    client_encoder_free(encoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_of_size_or_of_layers_left_out_never_breaks_the_chain),
        cmocka_unit_test(a_still_is_sharp_and_of_a_bounded_size),
        cmocka_unit_test(each_number_of_layers_decodes_by_itself_at_a_good_quality),
        cmocka_unit_test(layers_and_discardable_follow_the_pattern_and_begin_again_at_a_key_frame),
        cmocka_unit_test(a_new_rate_holds_from_the_next_picture_on),
        cmocka_unit_test(where_bits_abound_pictures_of_all_layers_have_about_the_same_size),
        cmocka_unit_test(a_picture_of_another_size_and_bounds_that_are_broken_are_refused),
        cmocka_unit_test(odd_and_smallest_pictures_make_the_whole_way),
        cmocka_unit_test(a_picture_of_noise_stays_below_the_bound_of_a_message),
        cmocka_unit_test(whatever_the_line_drops_by_the_rules_all_that_passes_decodes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
