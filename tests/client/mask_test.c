/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/picture.h"
#include "client/companion/encode.h"
#include "client/companion/mask.h"
#include "tests/clip/clip.h"
#include "tests/proto/test.h"

enum { W = 320, H = 192, C = W / 2, BYTES = W * H * 3 / 2 };

static struct client_frame frame_of(const uint8_t *bytes, int w, int h)
{
    int half = (w + 1) / 2;

    return (struct client_frame){
        {bytes, bytes + w * h, bytes + w * h + half * ((h + 1) / 2)}, {w, half, half}, w, h, 7};
}

static void what_is_no_mask_is_named_with_rule_and_way_out(void **state)
{
    static const char *const bad[] = {
        "",         "1,2,3",   "1,2,3,4,5", "1,2,3,4 ",          " 1,2,3,4",  "a,2,3,4",
        "-1,2,3,4", "1,2,0,4", "1,2,3,0",   "1;2;3;4",           "1.5,2,3,4", "0x1,2,3,4",
        "1,2,3,",   ",,,",     "1,2,+3,4",  "99999999999,2,3,4", "1,2,3,4\n", "1,2,3,99999999"};
    struct client_mask mask = {0};
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char value[64];

        snprintf(value, sizeof value, "mask \"%s\":", bad[i]);
        assert_int_equal(client_mask_add(&mask, bad[i], why), PROTO_ERR_FORMAT);
        assert_non_null(strstr(why, value));
        assert_non_null(strstr(why, "write for example 0,0,640,120"));
        assert_int_equal(mask.count, 0);
    }
    for (int i = 0; i < CLIENT_MASK_MAX; i++)
        assert_ok(client_mask_add(&mask, "0,0,1,1", why));
    assert_int_equal(client_mask_add(&mask, "4,4,1,1", why), PROTO_ERR_FULL);
    assert_non_null(strstr(why, "mask \"4,4,1,1\": there are 16 masks already"));
    assert_int_equal(mask.count, 16);
    client_mask_clear(&mask);
}

static void a_mask_wholly_outside_the_picture_is_refused(void **state)
{
    struct client_mask mask = {0};
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_mask_add(&mask, "319,191,500,500", why)); /* reaches over the edge: still hides a pixel */
    assert_ok(client_mask_check(&mask, W, H, why));
    assert_ok(client_mask_add(&mask, "320,0,10,10", why));
    assert_int_equal(client_mask_check(&mask, W, H, why), PROTO_ERR_RANGE);
    assert_non_null(strstr(why, "mask 320,0,10,10: it lies outside the picture of 320x192 pixels"));
    client_mask_clear(&mask);
}

/* Every sample that covers a masked pixel is painted, and no sample that a rectangle rounded outwards does not hold. */
static void check_burn(const struct client_mask *mask, const struct client_frame *in, const struct client_frame *out)
{
    for (int p = 0; p < 3; p++) {
        int d = p ? 2 : 1, w = (in->width + d - 1) / d, h = (in->height + d - 1) / d;

        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                int hidden = 0, want;

                for (size_t i = 0; i < mask->count; i++) {
                    const struct client_mask_rect *r = &mask->rect[i];

                    hidden |= x * d + d > (r->x & ~1) && x * d < ((r->x + r->width + 1) & ~1) &&
                              y * d + d > (r->y & ~1) && y * d < ((r->y + r->height + 1) & ~1);
                }
                want = hidden ? (p ? 128 : 48) : in->plane[p][y * in->stride[p] + x];
                if (out->plane[p][y * out->stride[p] + x] != want)
                    fail_msg("plane %d at %d,%d", p, x, y);
            }
    }
}

static void rectangles_are_painted_outwards_to_even_pixels_and_nothing_else_is_touched(void **state)
{
    static const char *const masks[] = {"0,0,1,1",      "3,5,1,1",   "10,10,20,20",    "25,15,21,33",
                                        "40,20,1000,3", "61,39,9,9", "5,30,1000000,1", "0,39,3,1"};
    static const int sizes[][2] = {{64, 42}, {63, 41}, {16, 16}};
    uint8_t bytes[64 * 42 * 2], before[sizeof bytes];
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = before[i] = (uint8_t)(150 + i % 97); /* never the grey of a mask in luma, never 128 */
    for (size_t s = 0; s < 3; s++) {
        struct client_mask mask = {0};
        struct client_frame in = frame_of(bytes, sizes[s][0], sizes[s][1]), out;

        assert_ok(client_mask_burn(&mask, &in, &out));
        assert_ptr_equal(out.plane[0], bytes);                      /* nothing to hide: no copy */
        for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) { /* they overlap more and more */
            assert_ok(client_mask_add(&mask, masks[i], why));
            assert_ok(client_mask_burn(&mask, &in, &out));
            assert_int_equal(out.capture_ms, 7);
            check_burn(&mask, &in, &out);
        }
        assert_memory_equal(bytes, before, sizeof bytes); /* the camera's own picture stays as it is */
        client_mask_clear(&mask);
        assert_null(mask.copy);
    }
}

/* What an agent decodes of ten pictures which show `inside` under the mask. */
static void send(uint8_t inside, uint8_t *last)
{
    struct client_mask mask = {0};
    struct client_encoder *encoder;
    struct agent_desk_picture *picture;
    struct clip *clip = clip_new(W, H, 30, 5);
    uint8_t *bytes = malloc(BYTES);
    uint32_t random = inside;
    char why[CLIENT_WHY_BYTES];

    assert_ok(client_mask_add(&mask, "65,33,127,95", why));
    assert_ok(client_encoder_new(&encoder, W, H, 30, 400));
    assert_ok(agent_desk_picture_new(&picture));
    for (uint32_t n = 0; n < 10; n++) {
        struct client_frame raw = frame_of(bytes, W, H), burnt;
        struct client_packet packet;
        struct agent_desk_i420 seen;

        clip_frame(clip, n, bytes);
        for (int y = 33; y < 128; y++)
            for (int x = 65; x < 192; x++) {
                random = random * 1664525u + 1013904223u;
                bytes[y * W + x] = inside ? (uint8_t)(random >> 24) : bytes[y * W + x];
                bytes[W * H + y / 2 * C + x / 2] = inside;
            }
        assert_ok(client_mask_burn(&mask, &raw, &burnt));
        assert_ok(client_encoder_encode(encoder, &burnt, false, &packet));
        assert_int_equal(agent_desk_picture_feed(picture, packet.bytes, packet.len, 0, 0), AGENT_DESK_PICTURE_SHOWN);
        seen = agent_desk_picture_last(picture);
        memcpy(last + n * BYTES, seen.plane[0], BYTES);
    }
    agent_desk_picture_free(picture);
    client_encoder_free(encoder);
    client_mask_clear(&mask);
    clip_free(clip);
    free(bytes);
}

static void two_clips_that_differ_only_under_the_mask_decode_to_the_same_pixels(void **state)
{
    uint8_t *one = malloc(10 * BYTES), *other = malloc(10 * BYTES);

    (void)state;
    send(0, one);
    send(200, other);
    assert_memory_equal(one, other, 10 * BYTES);            /* all of them: what is hidden has no influence at all */
    assert_in_range(one[9 * BYTES + 80 * W + 130], 44, 52); /* and it is the grey of the mask that is seen there */
    free(one);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_mask_is_named_with_rule_and_way_out),
        cmocka_unit_test(a_mask_wholly_outside_the_picture_is_refused),
        cmocka_unit_test(rectangles_are_painted_outwards_to_even_pixels_and_nothing_else_is_touched),
        cmocka_unit_test(two_clips_that_differ_only_under_the_mask_decode_to_the_same_pixels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
