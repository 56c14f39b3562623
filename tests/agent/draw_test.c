/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/desk/draw.h"
#include "tests/proto/test.h"

#define BLOCK "\xe2\x96\x80" /* upper half block */

/* Bands of colour, one under the other. */
static struct agent_desk_raster raster_of(int w, int h, const uint8_t rgb[][3], int bands)
{
    struct agent_desk_raster r = {malloc((size_t)w * (size_t)h * 3), w, h};

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            memcpy(r.rgb + 3 * (y * w + x), rgb[y * bands / h], 3);
    return r;
}

static size_t count(const struct proto_buf *b, const char *what)
{
    size_t n = 0, len = strlen(what);

    for (const uint8_t *at = b->bytes; (at = memmem(at, b->len - (size_t)(at - b->bytes), what, len)); at += len)
        n++;
    return n;
}

static void a_picture_is_as_wide_as_asked_and_keeps_its_shape(void **state)
{
    static const struct {
        int w, h, columns;
        size_t wide, rows;
    } cases[] = {
        {1280, 720, 80, 80, 23},                           /* 80 cells wide, 45 high, two of them a row */
        {720, 1280, 40, 40, 36}, {100, 100, 400, 100, 50}, /* never larger than it is */
        {4096, 16, 20, 20, 1},   {16, 16, 2, 2, 1},        {1, 1, 80, 1, 1},
    };
    static const uint8_t grey[][3] = {{9, 9, 9}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct agent_desk_raster r = raster_of(cases[i].w, cases[i].h, grey, 1);
        struct proto_buf out;

        proto_buf_init(&out, 1 << 20);
        assert_ok(agent_desk_raster_blocks(&r, cases[i].columns, &out));
        assert_int_equal(count(&out, "\x1b[0m\n"), cases[i].rows);
        assert_int_equal(count(&out, BLOCK), cases[i].rows * cases[i].wide);
        assert_true(out.len < cases[i].rows * (cases[i].wide * 44 + 5));
        proto_buf_free(&out);
        agent_desk_raster_clear(&r);
    }
}

static void the_upper_half_is_the_foreground_and_the_lower_the_background(void **state)
{
    static const uint8_t flag[][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}};
    struct agent_desk_raster r = raster_of(8, 16, flag, 4);
    struct proto_buf out;

    (void)state;
    proto_buf_init(&out, 1 << 16);
    assert_ok(agent_desk_raster_blocks(&r, 2, &out));
    proto_buf_put_u8(&out, 0);
    assert_string_equal((char *)out.bytes, "\x1b[38;2;255;0;0m\x1b[48;2;0;255;0m" BLOCK
                                           "\x1b[38;2;255;0;0m\x1b[48;2;0;255;0m" BLOCK "\x1b[0m\n"
                                           "\x1b[38;2;0;0;255m\x1b[48;2;255;255;0m" BLOCK
                                           "\x1b[38;2;0;0;255m\x1b[48;2;255;255;0m" BLOCK "\x1b[0m\n");
    proto_buf_free(&out);
    agent_desk_raster_clear(&r);
}

static void colours_of_video_become_colours_of_a_screen(void **state)
{
    static const struct {
        uint8_t y, u, v, r, g, b;
    } cases[] = {{16, 128, 128, 0, 0, 0},  {235, 128, 128, 255, 255, 255}, {81, 90, 240, 255, 0, 0},
                 {145, 54, 34, 0, 255, 0}, {41, 240, 110, 0, 0, 255},      {126, 128, 128, 128, 128, 128}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t y[17 * 19], u[9 * 10], v[9 * 10]; /* an odd size */
        struct agent_desk_i420 in = {{y, u, v}, {17, 9, 9}, 17, 19};
        struct agent_desk_raster r;

        memset(y, cases[i].y, sizeof y);
        memset(u, cases[i].u, sizeof u);
        memset(v, cases[i].v, sizeof v);
        assert_ok(agent_desk_raster_from_i420(&r, &in));
        for (int k = 0; k < 17 * 19; k++) {
            assert_true(abs(r.rgb[3 * k] - cases[i].r) <= 3);
            assert_true(abs(r.rgb[3 * k + 1] - cases[i].g) <= 3);
            assert_true(abs(r.rgb[3 * k + 2] - cases[i].b) <= 3);
        }
        agent_desk_raster_clear(&r);
        assert_null(r.rgb);
    }
}

static void two_pictures_stand_side_by_side_though_their_heights_differ(void **state)
{
    static const uint8_t a[][3] = {{1, 1, 1}}, b[][3] = {{2, 2, 2}};
    struct agent_desk_raster left = raster_of(100, 20, a, 1), right = raster_of(100, 100, b, 1);
    struct proto_buf out;

    (void)state;
    proto_buf_init(&out, 1 << 20);
    assert_ok(agent_desk_raster_blocks_pair(&left, &right, 42, &out)); /* 20 each and a gap of 2 */
    assert_int_equal(count(&out, "\n"), 10);
    assert_int_equal(count(&out, "38;2;1;1;1m"), 2 * 20);
    assert_int_equal(count(&out, "38;2;2;2;2m"), 10 * 20);
    proto_buf_put_u8(&out, 0);
    assert_non_null(strstr((char *)out.bytes, "\n                      \x1b[38;2;2;2;2m")); /* 20 and 2 spaces */
    proto_buf_free(&out);
    agent_desk_raster_clear(&left);
    agent_desk_raster_clear(&right);
}

static void sealed_bytes_are_drawn_as_the_noise_they_are(void **state)
{
    static const uint8_t bytes[] = {0, 50, 100, 150, 200};
    struct agent_desk_raster r;

    (void)state;
    assert_ok(agent_desk_raster_from_bytes(&r, bytes, sizeof bytes, 4, 2));
    for (int i = 0; i < 8; i++)
        for (int c = 0; c < 3; c++)
            assert_int_equal(r.rgb[3 * i + c], bytes[i % 5]);
    agent_desk_raster_clear(&r);
    assert_ok(agent_desk_raster_from_bytes(&r, NULL, 0, 2, 2)); /* nothing was held: black */
    assert_int_equal(r.rgb[11], 0);
    agent_desk_raster_clear(&r);
}

static void a_png_holds_every_pixel_and_replaces_what_was_there(void **state)
{
    static const uint8_t flag[][3] = {{255, 0, 0}, {0, 255, 0}, {7, 8, 9}};
    struct agent_desk_raster r = raster_of(33, 21, flag, 3);
    char path[] = "/tmp/handhold-test-XXXXXX";
    png_image image = {.version = PNG_IMAGE_VERSION};
    uint8_t back[33 * 21 * 3];
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "something older", 15), 15);
    close(fd);
    assert_ok(agent_desk_raster_png(&r, path));
    assert_int_equal(png_image_begin_read_from_file(&image, path), 1);
    assert_int_equal(image.width, 33);
    assert_int_equal(image.height, 21);
    image.format = PNG_FORMAT_RGB;
    assert_int_equal(png_image_finish_read(&image, NULL, back, 0, NULL), 1);
    assert_memory_equal(back, r.rgb, sizeof back);
    unlink(path);
    assert_int_equal(agent_desk_raster_png(&r, "/nowhere/at/all.png"), PROTO_ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(agent_desk_raster_png(&r, "/tmp"), PROTO_ERR_IO);
    agent_desk_raster_clear(&r);
    assert_int_equal(agent_desk_raster_png(&r, path), PROTO_ERR_RANGE);
}

/* A file may grow to 64 bytes for a moment: a full disk for those who cannot make one. */
static void a_full_disk_is_told_and_leaves_no_half_picture(void **state)
{
    static const uint8_t grey[][3] = {{9, 9, 9}, {200, 1, 77}};
    struct agent_desk_raster r = raster_of(640, 480, grey, 2);
    char folder[] = "/tmp/handhold-test-XXXXXX", path[64];
    struct rlimit before, small;
    enum proto_err err;
    int error;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.png", folder);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){64, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    err = agent_desk_raster_png(&r, path);
    error = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, PROTO_ERR_IO);
    assert_int_equal(error, EFBIG);
    assert_int_equal(access(path, F_OK), -1);
    /* what is no regular file is written to and never removed */
    snprintf(path, sizeof path, "%s/link", folder);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_ok(agent_desk_raster_png(&r, path));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    rmdir(folder);
    agent_desk_raster_clear(&r);
}

static void what_cannot_be_drawn_is_refused(void **state)
{
    static const uint8_t grey[][3] = {{9, 9, 9}};
    struct agent_desk_raster r = raster_of(64, 64, grey, 1), none = {0}, made;
    struct agent_desk_i420 empty = {0};
    struct proto_buf out;

    (void)state;
    proto_buf_init(&out, 100);
    assert_int_equal(agent_desk_raster_blocks(&r, 1, &out), PROTO_ERR_RANGE);
    assert_int_equal(agent_desk_raster_blocks(&r, 401, &out), PROTO_ERR_RANGE);
    assert_int_equal(agent_desk_raster_blocks(&none, 80, &out), PROTO_ERR_RANGE);
    assert_int_equal(agent_desk_raster_blocks_pair(&r, &none, 80, &out), PROTO_ERR_RANGE);
    assert_int_equal(agent_desk_raster_blocks_pair(&r, &r, 5, &out), PROTO_ERR_RANGE);
    assert_int_equal(out.len, 0);
    assert_int_equal(agent_desk_raster_blocks(&r, 80, &out), PROTO_ERR_FULL);
    assert_int_equal(agent_desk_raster_from_i420(&made, &empty), PROTO_ERR_RANGE);
    assert_null(made.rgb);
    assert_int_equal(agent_desk_raster_from_bytes(&made, grey[0], 3, 0, 5), PROTO_ERR_RANGE);
    assert_int_equal(agent_desk_raster_from_bytes(&made, grey[0], 3, 5, 4097), PROTO_ERR_RANGE);
    assert_null(made.rgb);
    agent_desk_raster_clear(&made);
    agent_desk_raster_clear(&r);
    proto_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_is_as_wide_as_asked_and_keeps_its_shape),
        cmocka_unit_test(the_upper_half_is_the_foreground_and_the_lower_the_background),
        cmocka_unit_test(colours_of_video_become_colours_of_a_screen),
        cmocka_unit_test(two_pictures_stand_side_by_side_though_their_heights_differ),
        cmocka_unit_test(sealed_bytes_are_drawn_as_the_noise_they_are),
        cmocka_unit_test(a_png_holds_every_pixel_and_replaces_what_was_there),
        cmocka_unit_test(a_full_disk_is_told_and_leaves_no_half_picture),
        cmocka_unit_test(what_cannot_be_drawn_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
