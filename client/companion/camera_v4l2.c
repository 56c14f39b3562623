/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/camera_v4l2.h"

#include "proto/util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <libyuv/convert.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define WISHED_WIDTH 1280
#define WISHED_HEIGHT 720
#define WISHED_FPS 30
#define STALE_MS 2000 /* a driver's time further back than this is of another clock */

struct v4l2 {
    struct client_camera camera; /* first */
    const struct client_v4l2_system *sys;
    int device;
    const struct form *form;
    int bytes_per_line;
    struct {
        uint8_t *at; /* owned mapping */
        size_t len;
    } buffer[CLIENT_V4L2_BUFFERS];
    unsigned buffers;
    uint8_t *pixels; /* owned: one I420 picture */
    int64_t heard_ms;
};

/* -- forms of picture -- */

struct planes {
    uint8_t *plane[3];
    int stride[3];
};

static int take_i420(const struct v4l2 *v, const uint8_t *in, size_t len, const struct planes *to)
{
    int w = v->camera.width, h = v->camera.height, line = v->bytes_per_line, half = line / 2;
    const uint8_t *u = in + (size_t)line * (size_t)h, *c = u + (size_t)half * (size_t)((h + 1) / 2);

    (void)len;
    return I420Copy(in, line, u, half, c, half, to->plane[0], to->stride[0], to->plane[1], to->stride[1], to->plane[2],
                    to->stride[2], w, h);
}

static int take_nv12(const struct v4l2 *v, const uint8_t *in, size_t len, const struct planes *to)
{
    int line = v->bytes_per_line;

    (void)len;
    return NV12ToI420(in, line, in + (size_t)line * (size_t)v->camera.height, line, to->plane[0], to->stride[0],
                      to->plane[1], to->stride[1], to->plane[2], to->stride[2], v->camera.width, v->camera.height);
}

static int take_yuyv(const struct v4l2 *v, const uint8_t *in, size_t len, const struct planes *to)
{
    (void)len;
    return YUY2ToI420(in, v->bytes_per_line, to->plane[0], to->stride[0], to->plane[1], to->stride[1], to->plane[2],
                      to->stride[2], v->camera.width, v->camera.height);
}

static int take_mjpeg(const struct v4l2 *v, const uint8_t *in, size_t len, const struct planes *to)
{
    int w = v->camera.width, h = v->camera.height;

    return MJPGToI420(in, len, to->plane[0], to->stride[0], to->plane[1], to->stride[1], to->plane[2], to->stride[2], w,
                      h, w, h);
}

static const struct form {
    uint32_t code;
    int bits;       /* a pixel; 0: compressed, of any length */
    int line_bytes; /* bytes a pixel in the first plane's line */
    int (*take)(const struct v4l2 *v, const uint8_t *in, size_t len, const struct planes *to); /* 0: done */
} forms[] = {
    /* in order of preference at the same number of pictures a second */
    {V4L2_PIX_FMT_YUV420, 12, 1, take_i420},
    {V4L2_PIX_FMT_NV12, 12, 1, take_nv12},
    {V4L2_PIX_FMT_YUYV, 16, 2, take_yuyv},
    {V4L2_PIX_FMT_MJPEG, 0, 0, take_mjpeg},
};
#define FORMS (sizeof forms / sizeof *forms)

/* -- talking to the driver -- */

static int call(const struct v4l2 *v, unsigned long request, void *argument)
{
    int r;

    do
        r = v->sys->ioctl(v->device, request, argument);
    while (r == -1 && errno == EINTR);
    return r;
}

__attribute__((format(printf, 3, 4))) static enum proto_err refuse(enum proto_err err, char *why, const char *format,
                                                                   ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, CLIENT_WHY_BYTES, format, args);
    va_end(args);
    return err;
}

static enum proto_err check_kind(const struct v4l2 *v, const char *path, char *why)
{
    struct v4l2_capability cap = {0};
    uint32_t can;

    if (call(v, VIDIOC_QUERYCAP, &cap) != 0)
        return refuse(PROTO_ERR_FORMAT, why, "camera %.200s: it is not a Video4Linux device; name a /dev/videoN", path);
    can = cap.capabilities & V4L2_CAP_DEVICE_CAPS ? cap.device_caps : cap.capabilities;
    if (!(can & V4L2_CAP_VIDEO_CAPTURE) || !(can & V4L2_CAP_STREAMING))
        return refuse(PROTO_ERR_FORMAT, why,
                      "camera %.200s: it takes no pictures (or cannot stream them); a webcam often has several "
                      "/dev/videoN, try another",
                      path);
    return PROTO_OK;
}

/* Sets a form; returns the pictures a second that it gives, or 0 when the driver does not have it. */
static int try_form(struct v4l2 *v, const struct form *form)
{
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    struct v4l2_streamparm p = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    int num = 1, den = WISHED_FPS;

    f.fmt.pix.width = WISHED_WIDTH;
    f.fmt.pix.height = WISHED_HEIGHT;
    f.fmt.pix.pixelformat = form->code;
    f.fmt.pix.field = V4L2_FIELD_NONE;
    if (call(v, VIDIOC_S_FMT, &f) != 0 || f.fmt.pix.pixelformat != form->code)
        return 0;
    if (f.fmt.pix.width < CLIENT_PICTURE_MIN || f.fmt.pix.width > CLIENT_PICTURE_MAX ||
        f.fmt.pix.height < CLIENT_PICTURE_MIN || f.fmt.pix.height > CLIENT_PICTURE_MAX)
        return 0;
    /* An odd width is rounded up: the last chroma sample of a line lies behind its last pixel. */
    if (form->bits && (f.fmt.pix.bytesperline < ((f.fmt.pix.width + 1) & ~1u) * (uint32_t)form->line_bytes ||
                       f.fmt.pix.bytesperline > 16 * CLIENT_PICTURE_MAX))
        return 0;
    p.parm.capture.timeperframe.numerator = 1;
    p.parm.capture.timeperframe.denominator = WISHED_FPS;
    if (call(v, VIDIOC_S_PARM, &p) == 0) {
        uint32_t a = p.parm.capture.timeperframe.numerator, b = p.parm.capture.timeperframe.denominator;

        if (a >= 1 && b >= a && a <= 1000000 && b <= 120000000 && b / a <= 120) {
            num = (int)a;
            den = (int)b;
        }
    }
    v->camera.width = (int)f.fmt.pix.width;
    v->camera.height = (int)f.fmt.pix.height;
    v->camera.interval_num = num;
    v->camera.interval_den = den;
    v->bytes_per_line = (int)f.fmt.pix.bytesperline;
    v->form = form;
    return den / num;
}

static enum proto_err choose_form(struct v4l2 *v, const char *path, char *why)
{
    const struct form *best = NULL;
    int best_fps = 0;

    for (size_t i = 0; i < FORMS; i++) {
        int fps = try_form(v, &forms[i]);

        if (fps > best_fps) {
            best = &forms[i];
            best_fps = fps;
        }
    }
    if (!best || try_form(v, best) == 0)
        return refuse(PROTO_ERR_FORMAT, why,
                      "camera %.200s: it gives no form of picture known here (I420, NV12, YUYV, Motion JPEG); use "
                      "another camera, or a Y4M file",
                      path);
    return PROTO_OK;
}

/* -- buffers -- */

static size_t least_bytes(const struct v4l2 *v)
{
    size_t line = (size_t)v->bytes_per_line, h = (size_t)v->camera.height;

    if (!v->form->bits)
        return 1;
    if (v->form->bits == 16)
        return line * h;
    return v->form->code == V4L2_PIX_FMT_NV12 ? line * (h + (h + 1) / 2) : line * h + 2 * (line / 2) * ((h + 1) / 2);
}

static void drop_buffers(struct v4l2 *v)
{
    struct v4l2_requestbuffers none = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};

    for (unsigned i = 0; i < v->buffers; i++)
        v->sys->unmap(v->buffer[i].at, v->buffer[i].len);
    v->buffers = 0;
    call(v, VIDIOC_REQBUFS, &none);
}

static int give_back(const struct v4l2 *v, uint32_t index)
{
    struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = index};

    return call(v, VIDIOC_QBUF, &b);
}

static int map_buffers(struct v4l2 *v)
{
    struct v4l2_requestbuffers want = {
        .count = CLIENT_V4L2_BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};

    if (call(v, VIDIOC_REQBUFS, &want) != 0)
        return -1;
    for (uint32_t i = 0; i < want.count && i < CLIENT_V4L2_BUFFERS; i++) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = i};
        void *at;

        if (call(v, VIDIOC_QUERYBUF, &b) != 0)
            return -1;
        errno = EINVAL;
        if (b.length < least_bytes(v))
            return -1;
        at = v->sys->map(v->device, b.length, b.m.offset);
        if (at == MAP_FAILED)
            return -1;
        v->buffer[i].at = at;
        v->buffer[i].len = b.length;
        v->buffers = i + 1;
        if (give_back(v, i) != 0)
            return -1;
    }
    errno = ENOMEM;
    return v->buffers >= 2 ? 0 : -1;
}

/* -- the camera -- */

static enum proto_err v4l2_start(struct client_camera *camera, int64_t now_ms, char why[CLIENT_WHY_BYTES])
{
    struct v4l2 *v = (struct v4l2 *)camera;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, width = camera->width, height = camera->height;

    if (try_form(v, v->form) == 0 || camera->width != width || camera->height != height) {
        camera->width = width;
        camera->height = height;
        return refuse(PROTO_ERR_BUSY, why,
                      "camera %.200s: it no longer gives %dx%d pictures; close the program that uses it", camera->name,
                      width, height);
    }
    if (map_buffers(v) != 0 || call(v, VIDIOC_STREAMON, &type) != 0) {
        int e = errno;

        drop_buffers(v);
        return refuse(PROTO_ERR_IO, why, "camera %.200s: it does not start: %s; close the program that uses it",
                      camera->name, strerror(e));
    }
    v->heard_ms = now_ms;
    camera->fd = v->device;
    camera->deadline_ms = now_ms + CLIENT_V4L2_SILENCE_MS;
    return PROTO_OK;
}

static void v4l2_stop(struct client_camera *camera)
{
    struct v4l2 *v = (struct v4l2 *)camera;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

    call(v, VIDIOC_STREAMOFF, &type);
    drop_buffers(v);
    camera->fd = -1;
}

static int64_t taken_ms(const struct v4l2_buffer *b, int64_t now_ms)
{
    int64_t t = (int64_t)b->timestamp.tv_sec * 1000 + b->timestamp.tv_usec / 1000;

    if ((b->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
        return now_ms;
    return t > now_ms || t < now_ms - STALE_MS ? now_ms : t;
}

/* Converts one filled buffer; false when what the driver put there is no whole picture. */
static bool take(struct v4l2 *v, const struct v4l2_buffer *b, struct client_frame *frame)
{
    int w = v->camera.width, h = v->camera.height, half_w = (w + 1) / 2;
    size_t y_bytes = (size_t)w * (size_t)h, c_bytes = (size_t)half_w * (size_t)((h + 1) / 2);
    struct planes to = {{v->pixels, v->pixels + y_bytes, v->pixels + y_bytes + c_bytes}, {w, half_w, half_w}};

    if ((b->flags & V4L2_BUF_FLAG_ERROR) || b->bytesused > v->buffer[b->index].len || b->bytesused < least_bytes(v))
        return false;
    if (v->form->take(v, v->buffer[b->index].at, b->bytesused, &to) != 0)
        return false;
    frame->width = w;
    frame->height = h;
    for (int i = 0; i < 3; i++) {
        frame->plane[i] = to.plane[i];
        frame->stride[i] = to.stride[i];
    }
    return true;
}

static enum client_camera_event gone(struct client_camera *camera, const char *how, char *why)
{
    snprintf(why, CLIENT_WHY_BYTES, "camera %.200s: it is gone: %s; plug it in again", camera->name, how);
    return CLIENT_CAMERA_LOST;
}

static enum client_camera_event v4l2_next(struct client_camera *camera, int64_t now_ms, struct client_frame *frame,
                                          char why[CLIENT_WHY_BYTES])
{
    struct v4l2 *v = (struct v4l2 *)camera;
    struct v4l2_buffer newest = {0};
    bool have = false, whole;

    /* Bounded: a driver that filled buffers as fast as they are given back must not hold the caller here. */
    for (int i = 0; i < CLIENT_V4L2_BUFFERS; i++) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};

        if (call(v, VIDIOC_DQBUF, &b) != 0) {
            if (errno == EAGAIN)
                break;
            return gone(camera, strerror(errno), why);
        }
        if (b.index >= v->buffers)
            return gone(camera, "its driver named a buffer that does not exist", why);
        if (have) {
            camera->skipped++;
            if (give_back(v, newest.index) != 0)
                return gone(camera, strerror(errno), why);
        }
        newest = b;
        have = true;
    }
    if (!have)
        return now_ms - v->heard_ms < CLIENT_V4L2_SILENCE_MS
                   ? CLIENT_CAMERA_NOTHING
                   : gone(camera, "it has given no picture for five seconds", why);
    whole = take(v, &newest, frame);
    if (give_back(v, newest.index) != 0)
        return gone(camera, strerror(errno), why);
    if (!whole) {
        camera->skipped++;
        return CLIENT_CAMERA_NOTHING; /* the silence goes on: a device of broken pictures is lost too */
    }
    frame->capture_ms = taken_ms(&newest, now_ms);
    v->heard_ms = now_ms;
    camera->deadline_ms = now_ms + CLIENT_V4L2_SILENCE_MS;
    return CLIENT_CAMERA_FRAME;
}

static void v4l2_free(struct client_camera *camera)
{
    struct v4l2 *v = (struct v4l2 *)camera;

    if (v->device >= 0)
        v->sys->close(v->device);
    free(v->pixels);
    free(v);
}

static const struct client_camera_ops v4l2_ops = {v4l2_start, v4l2_stop, v4l2_next, v4l2_free};

static enum proto_err load(struct v4l2 *v, const char *path, char *why)
{
    enum proto_err err;
    size_t bytes;

    v->device = v->sys->open(path);
    if (v->device < 0)
        return refuse(PROTO_ERR_IO, why, "camera %.200s: it cannot be opened: %s; %s", path, strerror(errno),
                      errno == EACCES  ? "add yourself to the group video"
                      : errno == EBUSY ? "close the program that uses it"
                                       : "plug it in, or use --camera none");
    err = check_kind(v, path, why);
    if (err == PROTO_OK)
        err = choose_form(v, path, why);
    if (err != PROTO_OK)
        return err;
    bytes = (size_t)v->camera.width * (size_t)v->camera.height +
            2 * (size_t)((v->camera.width + 1) / 2) * (size_t)((v->camera.height + 1) / 2);
    v->pixels = calloc(1, bytes);
    return v->pixels ? PROTO_OK : refuse(PROTO_ERR_NOMEM, why, "camera %.200s: memory ran out", path);
}

enum proto_err client_camera_open_v4l2(const char *path, const struct client_v4l2_system *system,
                                       struct client_camera **out, char why[static CLIENT_WHY_BYTES])
{
    struct v4l2 *v = calloc(1, sizeof *v);
    enum proto_err err;

    *out = NULL;
    if (!v)
        return refuse(PROTO_ERR_NOMEM, why, "camera %.200s: memory ran out", path);
    v->sys = system;
    v->device = -1;
    err = load(v, path, why);
    if (err != PROTO_OK) {
        v4l2_free(&v->camera);
        return err;
    }
    v->camera.ops = &v4l2_ops;
    v->camera.fd = -1;
    v->camera.deadline_ms = PROTO_NEVER;
    snprintf(v->camera.name, sizeof v->camera.name, "%s", path);
    *out = &v->camera;
    return PROTO_OK;
}

/* -- the real system -- */

static int sys_open(const char *path)
{
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static int sys_ioctl(int fd, unsigned long request, void *argument)
{
    return ioctl(fd, request, argument);
}

static void *sys_map(int fd, size_t len, int64_t offset)
{
    return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
}

const struct client_v4l2_system client_v4l2_system = {sys_open, close, sys_ioctl, sys_map, munmap};
