/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webcam behind its seam: the test is the driver. What this cannot prove: that a real driver behaves as this one
 * (no device here). Unproved stay real mmap()ed buffers, polling the descriptor, a driver that needs the order of calls
 * of some other program, and the unplugging of a real cable.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "client/companion/camera_v4l2.h"
#include "proto/util/time.h"
#include "tests/proto/test.h"

enum { FD = 77, PATTERN_Y = 81, PATTERN_U = 90, PATTERN_V = 240 };

/* 16x16 pixels of one colour (Y 79, U 101, V 162) as Motion JPEG, 4:2:2 as webcams give it. */
static const uint8_t jpeg[] = {
    0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00,
    0x00, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x06, 0x04, 0x05, 0x06, 0x05, 0x04, 0x06, 0x06, 0x05, 0x06, 0x07, 0x07, 0x06,
    0x08, 0x0a, 0x10, 0x0a, 0x0a, 0x09, 0x09, 0x0a, 0x14, 0x0e, 0x0f, 0x0c, 0x10, 0x17, 0x14, 0x18, 0x18, 0x17, 0x14,
    0x16, 0x16, 0x1a, 0x1d, 0x25, 0x1f, 0x1a, 0x1b, 0x23, 0x1c, 0x16, 0x16, 0x20, 0x2c, 0x20, 0x23, 0x26, 0x27, 0x29,
    0x2a, 0x29, 0x19, 0x1f, 0x2d, 0x30, 0x2d, 0x28, 0x30, 0x25, 0x28, 0x29, 0x28, 0xff, 0xdb, 0x00, 0x43, 0x01, 0x07,
    0x07, 0x07, 0x0a, 0x08, 0x0a, 0x13, 0x0a, 0x0a, 0x13, 0x28, 0x1a, 0x16, 0x1a, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28,
    0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28,
    0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28,
    0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0xff, 0xc0, 0x00, 0x11, 0x08, 0x00, 0x10, 0x00, 0x10, 0x03, 0x01, 0x21, 0x00,
    0x02, 0x11, 0x01, 0x03, 0x11, 0x01, 0xff, 0xc4, 0x00, 0x15, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0xff, 0xc4, 0x00, 0x14, 0x10, 0x01, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xc4, 0x00, 0x16, 0x01, 0x01,
    0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x06, 0xff,
    0xc4, 0x00, 0x14, 0x11, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0xff, 0xda, 0x00, 0x0c, 0x03, 0x01, 0x00, 0x02, 0x11, 0x03, 0x11, 0x00, 0x3f, 0x00, 0x9f, 0x08, 0x0d,
    0x38, 0x03, 0xff, 0xd9};

/* -- the driver -- */

static struct driver {
    uint32_t caps;
    int open_errno, cap_errno, format_errno, map_errno, streamon_errno;
    struct {
        uint32_t code, fps;
    } forms[4];
    uint32_t width, height, line, buffer_bytes, buffers; /* what it gives, whatever is asked */
    uint32_t form_now;
    bool streaming, opened;
    void *at[8];
    unsigned mapped, unmapped, queued[8];
    /* what DQBUF does */
    int dequeue_errno, interrupts;
    unsigned filled; /* so many buffers are ready */
    uint32_t index, used, flags, next_index;
    bool wild_index;
    int64_t stamp_ms;
} d;

static int fails(int with)
{
    errno = with;
    return with ? -1 : 0;
}

static int fake_open(const char *path)
{
    assert_string_equal(path, "/dev/video9");
    if (d.open_errno)
        return fails(d.open_errno);
    d.opened = true;
    return FD;
}

static int fake_close(int fd)
{
    assert_int_equal(fd, FD);
    assert_true(d.opened);
    d.opened = false;
    return 0;
}

static int fake_format(struct v4l2_format *f)
{
    if (d.format_errno)
        return fails(d.format_errno);
    for (size_t i = 0; i < 4; i++)
        if (d.forms[i].code == f->fmt.pix.pixelformat)
            goto has;
    f->fmt.pix.pixelformat = d.forms[0].code; /* a driver answers with what it has instead */
has:
    d.form_now = f->fmt.pix.pixelformat;
    f->fmt.pix.width = d.width;
    f->fmt.pix.height = d.height;
    f->fmt.pix.bytesperline = d.line;
    return 0;
}

static int fake_parm(struct v4l2_streamparm *p)
{
    for (size_t i = 0; i < 4; i++)
        if (d.forms[i].code == d.form_now && d.forms[i].fps) {
            p->parm.capture.timeperframe.numerator = 1;
            p->parm.capture.timeperframe.denominator = d.forms[i].fps;
            return 0;
        }
    return fails(ENOTTY);
}

static int fake_dequeue(struct v4l2_buffer *b)
{
    if (d.interrupts-- > 0)
        return fails(EINTR);
    if (d.dequeue_errno)
        return fails(d.dequeue_errno);
    if (!d.filled)
        return fails(EAGAIN);
    d.filled--;
    b->index = d.wild_index ? d.index : d.next_index;
    d.next_index = (d.next_index + 1) % d.buffers;
    b->bytesused = d.used;
    b->flags = d.flags;
    b->timestamp.tv_sec = d.stamp_ms / 1000;
    b->timestamp.tv_usec = d.stamp_ms % 1000 * 1000;
    if (!d.wild_index) {
        assert_int_equal(d.queued[b->index], 1); /* it was the driver's */
        d.queued[b->index] = 0;
    }
    return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
    struct v4l2_capability *cap = argument;
    struct v4l2_requestbuffers *want = argument;
    struct v4l2_buffer *b = argument;

    assert_int_equal(fd, FD);
    switch (request) {
    case VIDIOC_QUERYCAP:
        cap->capabilities = d.caps | V4L2_CAP_DEVICE_CAPS;
        cap->device_caps = d.caps;
        return fails(d.cap_errno);
    case VIDIOC_S_FMT:
        return fake_format(argument);
    case VIDIOC_S_PARM:
        return fake_parm(argument);
    case VIDIOC_REQBUFS:
        want->count = want->count ? d.buffers : 0;
        return 0;
    case VIDIOC_QUERYBUF:
        b->length = d.buffer_bytes;
        b->m.offset = b->index;
        return 0;
    case VIDIOC_QBUF:
        assert_int_equal(d.queued[b->index], 0);
        d.queued[b->index] = 1;
        return 0;
    case VIDIOC_STREAMON:
        d.streaming = !d.streamon_errno;
        return fails(d.streamon_errno);
    case VIDIOC_STREAMOFF:
        d.streaming = false;
        memset(d.queued, 0, sizeof d.queued);
        return 0;
    case VIDIOC_DQBUF:
        return fake_dequeue(argument);
    default:
        fail_msg("a call that no camera needs: %lx", request);
        return -1;
    }
}

static void *fake_map(int fd, size_t len, int64_t offset)
{
    assert_int_equal(fd, FD);
    if (d.map_errno) {
        errno = d.map_errno;
        return MAP_FAILED;
    }
    d.mapped++;
    /* exactly as large as said, so that the sanitizer sees a byte read too far */
    return d.at[offset] = malloc(len);
}

static int fake_unmap(void *at, size_t len)
{
    (void)len;
    d.unmapped++;
    free(at);
    return 0;
}

static const struct client_v4l2_system fake = {fake_open, fake_close, fake_ioctl, fake_map, fake_unmap};

/* A good driver with one form. */
static void reset(uint32_t code, uint32_t width, uint32_t height, uint32_t line, uint32_t bytes)
{
    d = (struct driver){.caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING,
                        .forms = {{code, 30}},
                        .width = width,
                        .height = height,
                        .line = line,
                        .buffer_bytes = bytes,
                        .used = bytes,
                        .buffers = 4};
}

static int set_up(void **state)
{
    (void)state;
    reset(V4L2_PIX_FMT_YUYV, 32, 18, 64, 64 * 18);
    return 0;
}

static struct client_camera *open_camera(void)
{
    struct client_camera *camera;
    char why[CLIENT_WHY_BYTES];

    if (client_camera_open_v4l2("/dev/video9", &fake, &camera, why) != PROTO_OK)
        fail_msg("%s", why);
    return camera;
}

static struct client_camera *start_camera(void)
{
    struct client_camera *camera = open_camera();
    char why[CLIENT_WHY_BYTES];

    if (client_camera_start(camera, 1000, why) != PROTO_OK)
        fail_msg("%s", why);
    assert_true(d.streaming);
    assert_int_equal(camera->fd, FD);
    return camera;
}

static void free_camera(struct client_camera *camera)
{
    client_camera_free(camera);
    assert_false(d.streaming);
    assert_false(d.opened);
    assert_int_equal(d.mapped, d.unmapped);
}

/* Fills the driver's buffers with the pattern in its form. */
static void fill(void)
{
    for (unsigned i = 0; i < d.buffers; i++) {
        uint8_t *at = d.at[i];
        size_t y_bytes = (size_t)d.line * d.height;

        switch (d.form_now) {
        case V4L2_PIX_FMT_MJPEG:
            memcpy(at, jpeg, sizeof jpeg);
            break;
        case V4L2_PIX_FMT_YUYV:
            for (size_t k = 0; k < d.buffer_bytes; k++)
                at[k] = k % 2 == 0 ? PATTERN_Y : k % 4 == 1 ? PATTERN_U : PATTERN_V;
            break;
        case V4L2_PIX_FMT_NV12:
            for (size_t k = 0; k < d.buffer_bytes; k++)
                at[k] = k < y_bytes ? PATTERN_Y : (k - y_bytes) % 2 == 0 ? PATTERN_U : PATTERN_V;
            break;
        default:
            for (size_t k = 0; k < d.buffer_bytes; k++)
                at[k] = k < y_bytes ? PATTERN_Y : k < y_bytes + (d.buffer_bytes - y_bytes) / 2 ? PATTERN_U : PATTERN_V;
        }
    }
}

static void every_form_becomes_the_same_planar_picture(void **state)
{
    static const struct {
        uint32_t code, width, height, line, bytes;
    } cases[] = {
        {V4L2_PIX_FMT_YUYV, 32, 18, 64, 64 * 18},
        {V4L2_PIX_FMT_YUYV, 33, 17, 68, 68 * 17},
        {V4L2_PIX_FMT_YUYV, 32, 18, 80, 80 * 18},
        {V4L2_PIX_FMT_NV12, 32, 18, 32, 32 * 27},
        {V4L2_PIX_FMT_NV12, 33, 17, 34, 34 * 26},
        {V4L2_PIX_FMT_YUV420, 32, 18, 32, 32 * 27},
        {V4L2_PIX_FMT_YUV420, 33, 17, 34, 34 * 17 + 34 * 9},
        {V4L2_PIX_FMT_YUV420, 32, 18, 48, 48 * 27},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client_camera *camera;
        struct client_frame f;
        char why[CLIENT_WHY_BYTES];

        reset(cases[i].code, cases[i].width, cases[i].height, cases[i].line, cases[i].bytes);
        camera = start_camera();
        fill();
        d.filled = 1;
        assert_int_equal(client_camera_next(camera, 1010, &f, why), CLIENT_CAMERA_FRAME);
        assert_int_equal(f.width, cases[i].width);
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? (f.height + 1) / 2 : f.height); y++)
                for (int x = 0; x < (p ? (f.width + 1) / 2 : f.width); x++)
                    assert_int_equal(f.plane[p][y * f.stride[p] + x], p == 0   ? PATTERN_Y
                                                                      : p == 1 ? PATTERN_U
                                                                               : PATTERN_V);
        free_camera(camera);
    }
}

static void motion_jpeg_is_decoded_and_a_damaged_one_left_out(void **state)
{
    struct client_camera *camera;
    struct client_frame f;
    char why[CLIENT_WHY_BYTES];
    uint32_t random = 7;
    int pictures = 0;

    (void)state;
    reset(V4L2_PIX_FMT_MJPEG, 16, 16, 0, 2048);
    d.used = sizeof jpeg;
    camera = start_camera();
    fill();
    d.filled = 1;
    assert_int_equal(client_camera_next(camera, 1010, &f, why), CLIENT_CAMERA_FRAME);
    assert_in_range(f.plane[0][100], 78, 80);
    assert_in_range(f.plane[1][30], 100, 102);
    assert_in_range(f.plane[2][30], 161, 163);
    for (int i = 0; i < 2000; i++) { /* whatever the device sends */
        fill();
        for (int k = 0; k < 1 + i % 3; k++) {
            random = random * 1664525u + 1013904223u;
            ((uint8_t *)d.at[d.next_index])[(random >> 8) % sizeof jpeg] = (uint8_t)(random >> 24);
        }
        d.used = i % 4 ? (uint32_t)sizeof jpeg : random % (sizeof jpeg + 1);
        d.filled = 1;
        pictures += client_camera_next(camera, 1010, &f, why) == CLIENT_CAMERA_FRAME;
    }
    assert_in_range(pictures, 100, 1999);
    assert_int_equal(camera->skipped, 2000 - pictures);
    free_camera(camera);
}

static void the_form_with_most_pictures_a_second_wins_and_the_cheapest_among_equals(void **state)
{
    struct client_camera *camera;

    (void)state;
    reset(V4L2_PIX_FMT_YUYV, 1280, 720, 2560, 2560 * 720);
    d.forms[0].fps = 10;
    d.forms[1].code = V4L2_PIX_FMT_MJPEG;
    d.forms[1].fps = 30;
    camera = open_camera();
    assert_int_equal(d.form_now, V4L2_PIX_FMT_MJPEG);
    assert_int_equal(client_camera_fps(camera), 30);
    free_camera(camera);
    d.forms[2].code = V4L2_PIX_FMT_NV12;
    d.forms[2].fps = 30;
    camera = open_camera();
    assert_int_equal(d.form_now, V4L2_PIX_FMT_NV12);
    free_camera(camera);
}

static void a_device_that_cannot_serve_is_refused_with_its_name_and_the_way_out(void **state)
{
    static const struct {
        struct driver change;
        const char *says;
    } cases[] = {
        {{.open_errno = EACCES}, "Permission denied; add yourself to the group video"},
        {{.open_errno = EBUSY}, "close the program that uses it"},
        {{.open_errno = ENOENT}, "plug it in, or use --camera none"},
        {{.cap_errno = ENOTTY}, "it is not a Video4Linux device"},
        {{.caps = V4L2_CAP_VIDEO_CAPTURE}, "cannot stream"},
        {{.caps = V4L2_CAP_STREAMING}, "takes no pictures"},
        {{.format_errno = EINVAL}, "no form of picture known here"},
        {{.width = 8}, "no form of picture known here"},
        {{.width = 5000}, "no form of picture known here"},
        {{.height = 100000}, "no form of picture known here"},
        {{.line = 63}, "no form of picture known here"}, /* shorter than its pixels */
        {{.line = 1u << 31}, "no form of picture known here"},
        {{.width = 33, .line = 66}, "no form of picture known here"}, /* the last pixel's colour would lie outside */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct driver *c = &cases[i].change;
        struct client_camera *camera;
        char why[CLIENT_WHY_BYTES];

        set_up(NULL);
        d.open_errno = c->open_errno;
        d.cap_errno = c->cap_errno;
        d.format_errno = c->format_errno;
        d.caps = c->caps ? c->caps : d.caps;
        d.width = c->width ? c->width : d.width;
        d.height = c->height ? c->height : d.height;
        d.line = c->line ? c->line : d.line;
        assert_int_not_equal(client_camera_open_v4l2("/dev/video9", &fake, &camera, why), PROTO_OK);
        assert_null(camera);
        assert_false(d.opened);
        assert_non_null(strstr(why, "camera /dev/video9: "));
        if (!strstr(why, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].says);
    }
}

static void a_start_that_fails_leaves_nothing_behind_and_may_be_tried_again(void **state)
{
    struct client_camera *camera = open_camera();
    char why[CLIENT_WHY_BYTES];

    (void)state;
    d.streamon_errno = EBUSY;
    assert_int_equal(client_camera_start(camera, 0, why), PROTO_ERR_IO);
    assert_non_null(strstr(why, "it does not start: Device or resource busy"));
    memset(d.queued, 0, sizeof d.queued);
    d.streamon_errno = 0;
    d.map_errno = ENOMEM;
    assert_int_equal(client_camera_start(camera, 0, why), PROTO_ERR_IO);
    d.map_errno = 0;
    d.buffer_bytes = 64 * 18 - 1; /* too small for its own picture */
    assert_int_equal(client_camera_start(camera, 0, why), PROTO_ERR_IO);
    d.buffer_bytes = 64 * 18;
    d.buffers = 1;
    assert_int_equal(client_camera_start(camera, 0, why), PROTO_ERR_IO);
    memset(d.queued, 0, sizeof d.queued);
    d.buffers = 4;
    d.width = 64; /* another program changed its size */
    d.line = 128;
    assert_int_equal(client_camera_start(camera, 0, why), PROTO_ERR_BUSY);
    assert_non_null(strstr(why, "no longer gives 32x18 pictures"));
    assert_int_equal(camera->width, 32);
    d.width = 32;
    d.line = 64;
    assert_ok(client_camera_start(camera, 0, why));
    client_camera_stop(camera);
    assert_int_equal(camera->fd, -1);
    assert_int_equal(camera->deadline_ms, PROTO_NEVER);
    assert_ok(client_camera_start(camera, 0, why)); /* consent given a second time */
    free_camera(camera);
}

static void the_newest_of_the_waiting_pictures_is_given_and_a_silent_device_is_asked_again(void **state)
{
    struct client_camera *camera = start_camera();
    struct client_frame f;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    fill();
    assert_int_equal(client_camera_next(camera, 1000, &f, why), CLIENT_CAMERA_NOTHING); /* EAGAIN */
    assert_null(f.plane[0]);
    memset(d.at[2], 33, d.buffer_bytes);
    d.filled = 3;
    d.interrupts = 2; /* a signal in between is nothing */
    d.flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    d.stamp_ms = 1995;
    assert_int_equal(client_camera_next(camera, 2000, &f, why), CLIENT_CAMERA_FRAME);
    assert_int_equal(f.plane[0][0], 33);
    assert_int_equal(f.capture_ms, 1995);
    assert_int_equal(camera->skipped, 2);
    assert_int_equal(d.queued[0] + d.queued[1] + d.queued[2] + d.queued[3], 4); /* all given back */
    d.filled = 1;
    d.stamp_ms = 123456789; /* a clock of its own */
    assert_int_equal(client_camera_next(camera, 2100, &f, why), CLIENT_CAMERA_FRAME);
    assert_int_equal(f.capture_ms, 2100);
    free_camera(camera);
}

static void a_device_that_goes_away_in_mid_stream_is_lost(void **state)
{
    static const struct {
        int error;
        bool wild;
        const char *says;
    } cases[] = {{ENODEV, false, "it is gone: No such device; plug it in again"},
                 {EIO, false, "it is gone: Input/output error"},
                 {0, true, "named a buffer that does not exist"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client_camera *camera;
        struct client_frame f;
        char why[CLIENT_WHY_BYTES];

        set_up(NULL);
        camera = start_camera();
        fill();
        d.filled = 2;
        assert_int_equal(client_camera_next(camera, 1010, &f, why), CLIENT_CAMERA_FRAME);
        d.dequeue_errno = cases[i].error;
        d.wild_index = cases[i].wild;
        d.index = 4;
        d.filled = 1;
        assert_int_equal(client_camera_next(camera, 1040, &f, why), CLIENT_CAMERA_LOST);
        if (!strstr(why, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].says);
        assert_null(f.plane[0]);
        free_camera(camera);
    }
}

static void a_device_that_gives_nothing_whole_for_five_seconds_is_lost(void **state)
{
    struct client_camera *camera = start_camera();
    struct client_frame f;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    fill();
    for (int i = 0; i < 4; i++) { /* flagged, too short, longer than its buffer */
        d.flags = i == 0 ? V4L2_BUF_FLAG_ERROR : 0;
        d.used = i == 1 ? d.buffer_bytes - 1 : i == 2 ? d.buffer_bytes + 1 : i == 3 ? 0 : d.buffer_bytes;
        d.filled = 1;
        assert_int_equal(client_camera_next(camera, 2000, &f, why), CLIENT_CAMERA_NOTHING);
        assert_null(f.plane[0]);
    }
    assert_int_equal(camera->skipped, 4);
    assert_int_equal(camera->deadline_ms, 6000);
    assert_int_equal(client_camera_next(camera, 5999, &f, why), CLIENT_CAMERA_NOTHING);
    assert_int_equal(client_camera_next(camera, 6000, &f, why), CLIENT_CAMERA_LOST);
    assert_non_null(strstr(why, "no picture for five seconds"));
    free_camera(camera);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_form_becomes_the_same_planar_picture, set_up),
        cmocka_unit_test_setup(motion_jpeg_is_decoded_and_a_damaged_one_left_out, set_up),
        cmocka_unit_test_setup(the_form_with_most_pictures_a_second_wins_and_the_cheapest_among_equals, set_up),
        cmocka_unit_test_setup(a_device_that_cannot_serve_is_refused_with_its_name_and_the_way_out, set_up),
        cmocka_unit_test_setup(a_start_that_fails_leaves_nothing_behind_and_may_be_tried_again, set_up),
        cmocka_unit_test_setup(the_newest_of_the_waiting_pictures_is_given_and_a_silent_device_is_asked_again, set_up),
        cmocka_unit_test_setup(a_device_that_goes_away_in_mid_stream_is_lost, set_up),
        cmocka_unit_test_setup(a_device_that_gives_nothing_whole_for_five_seconds_is_lost, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
