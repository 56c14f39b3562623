/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/camera_y4m.h"

#include "proto/util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RATE_MAX 10000000  /* so that number * 1000 * RATE_MAX stays in 64 bits for months of pictures */
#define FRAME_LINE_MAX 128 /* "FRAME" and its parameters */

struct y4m {
    struct client_camera camera; /* first */
    int file;                    /* owned */
    struct client_y4m_header header;
    uint64_t *offset; /* owned: where the pixels of each frame begin */
    size_t frames, frames_room;
    uint8_t *pixels; /* owned: one frame */
    int64_t start_ms;
    int64_t given; /* number of the frame given last, counted since start; -1 before the first */
};

__attribute__((format(printf, 2, 3))) static enum proto_err broken(char *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, CLIENT_WHY_BYTES, format, args);
    va_end(args);
    return PROTO_ERR_FORMAT;
}

/* -- the header line -- */

static int whole_number(const char *text, const char *end, long *out)
{
    long n = 0;

    if (text == end)
        return 0;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9' || n > 100000000)
            return 0;
        n = n * 10 + (*text - '0');
    }
    *out = n;
    return 1;
}

static enum proto_err read_side(const char *text, const char *end, char tag, int *side, char *why)
{
    long n = 0;

    if (!whole_number(text, end, &n) || n < CLIENT_PICTURE_MIN || n > CLIENT_PICTURE_MAX)
        return broken(why, "%s is \"%.*s\", and must be %d to %d pixels", tag == 'W' ? "the width" : "the height",
                      (int)(end - text) > 40 ? 40 : (int)(end - text), text, CLIENT_PICTURE_MIN, CLIENT_PICTURE_MAX);
    *side = (int)n;
    return PROTO_OK;
}

static enum proto_err read_rate(const char *text, const char *end, struct client_y4m_header *h, char *why)
{
    const char *colon = memchr(text, ':', (size_t)(end - text));
    long num = 0, den = 0;

    long a, b;

    if (!colon || !whole_number(text, colon, &num) || !whole_number(colon + 1, end, &den) || num < 1 || den < 1 ||
        num < den || num > den * CLIENT_Y4M_FPS_MAX)
        return broken(why, "the frame rate is \"%.*s\", and must be N:D with 1 to %d frames a second",
                      (int)(end - text) > 40 ? 40 : (int)(end - text), text, CLIENT_Y4M_FPS_MAX);
    for (a = num, b = den; b;) {
        long rest = a % b;

        a = b;
        b = rest;
    }
    if (num / a > RATE_MAX)
        return broken(why, "the frame rate is \"%.*s\", and must be a simpler fraction, such as 30:1 or 30000:1001",
                      (int)(end - text) > 40 ? 40 : (int)(end - text), text);
    h->fps_num = (int)(num / a);
    h->fps_den = (int)(den / a);
    return PROTO_OK;
}

static enum proto_err read_colour(const char *text, const char *end, struct client_y4m_header *h, char *why)
{
    static const char *const taken[] = {"420", "420jpeg", "420mpeg2", "420paldv", "mono"};
    size_t len = (size_t)(end - text);

    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strlen(taken[i]) == len && memcmp(text, taken[i], len) == 0) {
            h->mono = i == 4;
            return PROTO_OK;
        }
    return broken(why, "the colour form is \"C%.*s\", and must be C420, C420jpeg, C420mpeg2, C420paldv or Cmono",
                  len > 40 ? 40 : (int)len, text);
}

static enum proto_err read_tag(const char *text, const char *end, struct client_y4m_header *h, char *why)
{
    switch (*text) {
    case 'W':
        return read_side(text + 1, end, 'W', &h->width, why);
    case 'H':
        return read_side(text + 1, end, 'H', &h->height, why);
    case 'F':
        return read_rate(text + 1, end, h, why);
    case 'C':
        return read_colour(text + 1, end, h, why);
    case 'I':
        if (end - text == 2 && (text[1] == 'p' || text[1] == '?'))
            return PROTO_OK;
        return broken(why, "its frames are interlaced (\"%.*s\"), and must be progressive (Ip)",
                      (int)(end - text) > 40 ? 40 : (int)(end - text), text);
    case 'A': /* pixel aspect: pictures are shown with square pixels */
    case 'X': /* comments */
        return PROTO_OK;
    default:
        return broken(why, "its header holds the unknown part \"%.*s\"",
                      (int)(end - text) > 40 ? 40 : (int)(end - text), text);
    }
}

enum proto_err client_y4m_parse(const char *bytes, size_t len, struct client_y4m_header *header,
                                char why[static CLIENT_WHY_BYTES])
{
    static const char magic[] = "YUV4MPEG2 ";
    const char *line_end = memchr(bytes, '\n', len < CLIENT_Y4M_HEADER_MAX ? len : CLIENT_Y4M_HEADER_MAX);
    const char *at = bytes + sizeof magic - 1;

    *header = (struct client_y4m_header){0};
    if (len < sizeof magic - 1 || memcmp(bytes, magic, sizeof magic - 1) != 0)
        return broken(why, "it does not begin with \"YUV4MPEG2 \"");
    if (!line_end)
        return broken(why, "its header line does not end within %d bytes", CLIENT_Y4M_HEADER_MAX);
    while (at < line_end) {
        const char *space = memchr(at, ' ', (size_t)(line_end - at));
        const char *end = space ? space : line_end;
        enum proto_err err = end == at ? PROTO_OK : read_tag(at, end, header, why);

        if (err != PROTO_OK)
            return err;
        at = space ? end + 1 : end;
    }
    if (!header->width || !header->height || !header->fps_num)
        return broken(why, "its header does not tell %s",
                      !header->width    ? "the width (W)"
                      : !header->height ? "the height (H)"
                                        : "the frame rate (F)");
    header->len = (size_t)(line_end - bytes) + 1;
    header->frame_len = (size_t)header->width * (size_t)header->height;
    if (!header->mono)
        header->frame_len += 2 * (size_t)((header->width + 1) / 2) * (size_t)((header->height + 1) / 2);
    return PROTO_OK;
}

/* -- the index of frames -- */

static ssize_t read_all(int file, void *into, size_t len, uint64_t offset)
{
    size_t have = 0;

    while (have < len) {
        ssize_t n = pread(file, (uint8_t *)into + have, len - have, (off_t)(offset + have));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static enum proto_err add_frame(struct y4m *y, uint64_t offset)
{
    if (y->frames == y->frames_room) {
        size_t room = y->frames_room ? y->frames_room * 2 : 64;
        uint64_t *more = reallocarray(y->offset, room, sizeof *more);

        if (!more)
            return PROTO_ERR_NOMEM;
        y->offset = more;
        y->frames_room = room;
    }
    y->offset[y->frames++] = offset;
    return PROTO_OK;
}

/* Each frame is "FRAME" [SP parameters] LF and its pixels. */
static enum proto_err index_frames(struct y4m *y, uint64_t size, char *why)
{
    uint64_t at = y->header.len;

    while (at < size) {
        char line[FRAME_LINE_MAX];
        ssize_t n = read_all(y->file, line, sizeof line, at);
        const char *end = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;

        if (n < 0)
            return broken(why, "reading it failed: %s", strerror(errno));
        if (!end || memcmp(line, "FRAME", (size_t)(end - line) < 5 ? (size_t)(end - line) : 5) != 0 || end - line < 5 ||
            (end - line > 5 && line[5] != ' '))
            return broken(why, "frame %zu does not begin with a line \"FRAME\" at byte %llu", y->frames + 1,
                          (unsigned long long)at);
        at += (uint64_t)(end - line) + 1;
        if (size - at < y->header.frame_len)
            return broken(why, "frame %zu is cut off: %llu of %zu bytes are there", y->frames + 1,
                          (unsigned long long)(size - at), y->header.frame_len);
        if (y->frames == CLIENT_Y4M_FRAMES_MAX)
            return broken(why, "it has more than %d frames", CLIENT_Y4M_FRAMES_MAX);
        if (add_frame(y, at) != PROTO_OK)
            return PROTO_ERR_NOMEM;
        at += y->header.frame_len;
    }
    return y->frames ? PROTO_OK : broken(why, "it holds no frame");
}

/* -- the camera -- */

static int64_t due_ms(const struct y4m *y, int64_t number)
{
    return y->start_ms + number * 1000 * y->header.fps_den / y->header.fps_num;
}

static enum proto_err y4m_start(struct client_camera *camera, int64_t now_ms, char why[CLIENT_WHY_BYTES])
{
    struct y4m *y = (struct y4m *)camera;

    (void)why;
    y->start_ms = now_ms;
    y->given = -1;
    camera->deadline_ms = now_ms;
    return PROTO_OK;
}

static void y4m_stop(struct client_camera *camera)
{
    (void)camera;
}

static void set_planes(const struct y4m *y, struct client_frame *frame)
{
    int w = y->header.width, h = y->header.height, half_w = (w + 1) / 2, half_h = (h + 1) / 2;

    frame->width = w;
    frame->height = h;
    frame->plane[0] = y->pixels;
    frame->plane[1] = y->pixels + (size_t)w * (size_t)h;
    frame->plane[2] = frame->plane[1] + (size_t)half_w * (size_t)half_h;
    frame->stride[0] = w;
    frame->stride[1] = frame->stride[2] = half_w;
}

static enum client_camera_event y4m_next(struct client_camera *camera, int64_t now_ms, struct client_frame *frame,
                                         char why[CLIENT_WHY_BYTES])
{
    struct y4m *y = (struct y4m *)camera;
    int64_t newest;
    ssize_t n;

    if (now_ms < camera->deadline_ms)
        return CLIENT_CAMERA_NOTHING;
    newest = (now_ms - y->start_ms) * y->header.fps_num / (1000 * (int64_t)y->header.fps_den);
    if (due_ms(y, newest + 1) <= now_ms) /* the divisions round down, each by itself */
        newest++;
    n = read_all(y->file, y->pixels, y->header.frame_len, y->offset[(uint64_t)newest % y->frames]);
    if (n != (ssize_t)y->header.frame_len) {
        snprintf(why, CLIENT_WHY_BYTES, "camera %s: reading a frame failed: %s; leave the file alone while it is shown",
                 camera->name, n < 0 ? strerror(errno) : "the file became shorter");
        return CLIENT_CAMERA_LOST;
    }
    camera->skipped += (uint64_t)(newest - y->given - 1);
    y->given = newest;
    camera->deadline_ms = due_ms(y, newest + 1);
    set_planes(y, frame);
    frame->capture_ms = due_ms(y, newest);
    return CLIENT_CAMERA_FRAME;
}

static void y4m_free(struct client_camera *camera)
{
    struct y4m *y = (struct y4m *)camera;

    if (y->file >= 0)
        close(y->file);
    free(y->offset);
    free(y->pixels);
    free(y);
}

static const struct client_camera_ops y4m_ops = {y4m_start, y4m_stop, y4m_next, y4m_free};

static enum proto_err load(struct y4m *y, const char *path, char *why)
{
    char head[CLIENT_Y4M_HEADER_MAX];
    struct stat about;
    enum proto_err err;
    ssize_t n;
    size_t whole;

    y->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (y->file < 0 || fstat(y->file, &about) != 0) {
        snprintf(why, CLIENT_WHY_BYTES, "it cannot be opened: %s", strerror(errno));
        return PROTO_ERR_IO;
    }
    if (!S_ISREG(about.st_mode))
        return broken(why, "it is not a regular file");
    n = read_all(y->file, head, sizeof head, 0);
    if (n < 0)
        return broken(why, "reading it failed: %s", strerror(errno));
    err = client_y4m_parse(head, (size_t)n, &y->header, why);
    if (err == PROTO_OK)
        err = index_frames(y, (uint64_t)about.st_size, why);
    if (err != PROTO_OK)
        return err;
    whole = (size_t)y->header.width * (size_t)y->header.height +
            2 * (size_t)((y->header.width + 1) / 2) * (size_t)((y->header.height + 1) / 2);
    y->pixels = malloc(whole);
    if (!y->pixels)
        return PROTO_ERR_NOMEM;
    memset(y->pixels, 128, whole); /* the chroma of a picture without colour */
    return PROTO_OK;
}

enum proto_err client_camera_open_y4m(const char *path, struct client_camera **out, char why[static CLIENT_WHY_BYTES])
{
    char rule[CLIENT_WHY_BYTES] = "memory ran out";
    struct y4m *y = calloc(1, sizeof *y);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (y) {
        y->file = -1;
        err = load(y, path, rule);
    }
    if (err != PROTO_OK) {
        snprintf(why, CLIENT_WHY_BYTES, "camera %.120s: %.230s; %s", path, rule,
                 err == PROTO_ERR_IO ? "check the name and its rights, or use --camera none"
                                     : "give a whole Y4M file (ffmpeg -i IN -pix_fmt yuv420p OUT.y4m makes one)");
        if (y)
            y4m_free(&y->camera);
        return err;
    }
    y->camera.ops = &y4m_ops;
    y->camera.width = y->header.width;
    y->camera.height = y->header.height;
    y->camera.interval_num = y->header.fps_den;
    y->camera.interval_den = y->header.fps_num;
    y->camera.fd = -1;
    y->camera.deadline_ms = PROTO_NEVER;
    snprintf(y->camera.name, sizeof y->camera.name, "%s", path);
    *out = &y->camera;
    return PROTO_OK;
}
