/* SPDX-License-Identifier: Apache-2.0 */
/* Zoom and photos: what is covered stays covered, and what is sent is what the agent's end can read. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "agent/desk/stills.h"
#include "client/companion/mask.h"
#include "client/companion/photo.h"
#include "client/companion/zoom.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

enum { W = 162, H = 98 };

static uint8_t luma[W * H], chroma[2][(W / 2) * (H / 2)];

/* White, with a black square of a quarter in its middle. */
static struct client_frame square(void)
{
    memset(chroma, 128, sizeof chroma);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            luma[y * W + x] = abs(x - W / 2) < W / 8 && abs(y - H / 2) < H / 8 ? 16 : 235;
    return (struct client_frame){{luma, chroma[0], chroma[1]}, {W, W / 2, W / 2}, W, H, 7};
}

static int grey(const struct client_frame *f, int x, int y)
{
    return f->plane[0][y * f->stride[0] + x];
}

static void zoomed_in_the_middle_fills_the_picture_and_its_size_stays(void **state)
{
    struct client_frame in = square(), out;
    struct client_zoom zoom = {0};

    (void)state;
    assert_ok(client_zoom_apply(&zoom, &in, &out));
    assert_ptr_equal(out.plane[0], in.plane[0]); /* the whole is the picture itself */
    zoom.factor = 2;
    assert_ok(client_zoom_apply(&zoom, &in, &out));
    assert_true(out.width == W && out.height == H && out.capture_ms == 7);
    assert_true(grey(&in, W / 2 + W / 6, H / 2) > 200 && grey(&out, W / 2 + W / 6, H / 2) < 60);
    assert_true(grey(&out, 4, 4) > 200);
    zoom.factor = 1000; /* no closer than it goes */
    assert_ok(client_zoom_apply(&zoom, &in, &out));
    assert_true(grey(&out, 10, 10) < 60);
    zoom.factor = -3;
    assert_ok(client_zoom_apply(&zoom, &in, &out));
    assert_ptr_equal(out.plane[0], in.plane[0]);
    client_zoom_clear(&zoom);
}

static void what_was_covered_stays_covered_however_close(void **state)
{
    struct client_frame in = square(), covered, out;
    struct client_mask mask = {0};
    struct client_zoom zoom = {.factor = 3};
    char why[CLIENT_WHY_BYTES];

    (void)state;
    memset(luma, 235, sizeof luma);
    assert_ok(client_mask_add(&mask, "60,30,42,38", why));
    assert_ok(client_mask_burn(&mask, &in, &covered));
    assert_ok(client_zoom_apply(&zoom, &covered, &out));
    assert_true(grey(&out, W / 2, H / 2) < 80 && grey(&out, W / 3, H / 3) < 80);
    client_zoom_clear(&zoom);
    client_mask_clear(&mask);
}

static struct proto_still still_of(const struct proto_buf *file)
{
    return (struct proto_still){file->bytes, file->len, W, H, "image/jpeg"};
}

static void a_photo_is_the_picture_that_was_taken(void **state)
{
    struct client_frame in = square();
    struct client_photo photo = {0};
    struct proto_buf file;
    uint8_t *rgb;

    (void)state;
    assert_ok(client_photo_take(&photo, &in));
    memset(luma, 0, sizeof luma); /* the camera goes on; the photo does not */
    proto_buf_init(&file, PROTO_STILL_MAX_BYTES);
    assert_ok(client_photo_encode(&photo.frame, &file));
    struct proto_still still = still_of(&file);
    assert_ok(agent_desk_still_check(&still));
    assert_ok(agent_desk_still_decode(&still, &rgb));
    assert_true(rgb[3 * (H / 2 * W + W / 2)] < 40);
    assert_true(rgb[3 * (5 * W + 5)] > 220);
    free(rgb);
    proto_buf_free(&file);
    client_photo_clear(&photo);
}

static void a_photo_over_its_bound_is_an_error_and_no_half_file(void **state)
{
    struct client_frame in = square();
    struct proto_buf file;

    (void)state;
    proto_buf_init(&file, 200);
    assert_int_equal(client_photo_encode(&in, &file), PROTO_ERR_RANGE);
    assert_true(file.failed);
    proto_buf_free(&file);
}

static void what_is_no_picture_or_another_one_is_refused_by_the_agents_end(void **state)
{
    static uint8_t noise[500];
    struct client_frame in = square();
    struct proto_buf file;
    uint8_t *rgb;

    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 37);
    struct proto_still still = {noise, sizeof noise, W, H, "image/jpeg"};
    assert_int_equal(agent_desk_still_check(&still), PROTO_ERR_FORMAT);
    still.mime = "image/png";
    assert_int_equal(agent_desk_still_check(&still), PROTO_ERR_FORMAT);
    proto_buf_init(&file, PROTO_STILL_MAX_BYTES);
    assert_ok(client_photo_encode(&in, &file));
    still = still_of(&file);
    still.width++; /* a small announcement, a large picture behind it */
    assert_int_equal(agent_desk_still_check(&still), PROTO_ERR_RANGE);
    still = still_of(&file);
    still.mime = "image/png";
    assert_int_equal(agent_desk_still_check(&still), PROTO_ERR_FORMAT);
    for (size_t len = 0; len < file.len; len += 97) { /* cut anywhere */
        uint8_t *exact = malloc(len ? len : 1);
        memcpy(exact, file.bytes, len);
        still = still_of(&file);
        still.bytes = exact;
        still.len = len;
        if (agent_desk_still_check(&still) == PROTO_OK)
            assert_int_equal(agent_desk_still_decode(&still, &rgb), PROTO_ERR_FORMAT);
        free(exact);
    }
    proto_buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zoomed_in_the_middle_fills_the_picture_and_its_size_stays),
        cmocka_unit_test(what_was_covered_stays_covered_however_close),
        cmocka_unit_test(a_photo_is_the_picture_that_was_taken),
        cmocka_unit_test(a_photo_over_its_bound_is_an_error_and_no_half_file),
        cmocka_unit_test(what_is_no_picture_or_another_one_is_refused_by_the_agents_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
