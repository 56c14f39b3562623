/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/mask.h"

#include <libyuv/convert.h>
#include <libyuv/planar_functions.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASK_Y 48 /* dark grey: plainly a mask, neither night nor a dead pixel */
#define MASK_UV 128

/* One whole number 0..1000000 up to `stop`; NULL when there is none. */
static const char *read_number(const char *at, char stop, int *out)
{
    int n = 0, digits = 0;

    for (; *at >= '0' && *at <= '9'; at++, digits++) {
        if (n > 100000)
            return NULL;
        n = n * 10 + (*at - '0');
    }
    *out = n;
    if (digits == 0 || *at != stop)
        return NULL;
    return stop ? at + 1 : at;
}

enum proto_err client_mask_add(struct client_mask *mask, const char *text, char why[static CLIENT_WHY_BYTES])
{
    struct client_mask_rect r = {0};
    const char *at = read_number(text, ',', &r.x);

    why[0] = '\0';
    if (at)
        at = read_number(at, ',', &r.y);
    if (at)
        at = read_number(at, ',', &r.width);
    if (at)
        at = read_number(at, '\0', &r.height);
    if (!at || r.width < 1 || r.height < 1) {
        snprintf(
            why, CLIENT_WHY_BYTES,
            "mask \"%.100s\": a mask is X,Y,WIDTH,HEIGHT in whole pixels of the picture, with a width and a height of "
            "at least 1; write for example 0,0,640,120",
            text);
        return PROTO_ERR_FORMAT;
    }
    if (mask->count == CLIENT_MASK_MAX) {
        snprintf(why, CLIENT_WHY_BYTES, "mask \"%.100s\": there are %d masks already, the most there can be; join some",
                 text, CLIENT_MASK_MAX);
        return PROTO_ERR_FULL;
    }
    mask->rect[mask->count++] = r;
    return PROTO_OK;
}

enum proto_err client_mask_check(const struct client_mask *mask, int width, int height,
                                 char why[static CLIENT_WHY_BYTES])
{
    why[0] = '\0';
    for (size_t i = 0; i < mask->count; i++) {
        const struct client_mask_rect *r = &mask->rect[i];

        if (r->x < width && r->y < height)
            continue;
        snprintf(
            why, CLIENT_WHY_BYTES,
            "mask %d,%d,%d,%d: it lies outside the picture of %dx%d pixels and would hide nothing; choose X below %d "
            "and Y below %d",
            r->x, r->y, r->width, r->height, width, height, width, height);
        return PROTO_ERR_RANGE;
    }
    return PROTO_OK;
}

static int up_to(int value, int most)
{
    return value < most ? value : most;
}

/* Paints one rectangle into planes of a width x height picture. */
static void paint(const struct client_mask_rect *r, int width, int height, uint8_t *const plane[3], const int stride[3])
{
    int x0 = r->x & ~1, y0 = r->y & ~1;
    int x1 = up_to((r->x + r->width + 1) & ~1, width), y1 = up_to((r->y + r->height + 1) & ~1, height);

    if (x0 >= x1 || y0 >= y1)
        return;
    SetPlane(plane[0] + (size_t)y0 * (size_t)stride[0] + x0, stride[0], x1 - x0, y1 - y0, MASK_Y);
    for (int i = 1; i < 3; i++)
        SetPlane(plane[i] + (size_t)(y0 / 2) * (size_t)stride[i] + x0 / 2, stride[i], (x1 + 1) / 2 - x0 / 2,
                 (y1 + 1) / 2 - y0 / 2, MASK_UV);
}

/* Wiped too: the picture outside the masks is private. */
static void drop_copy(struct client_mask *mask)
{
    if (mask->copy)
        explicit_bzero(mask->copy, mask->copy_bytes);
    free(mask->copy);
    mask->copy = NULL;
    mask->copy_bytes = 0;
}

enum proto_err client_mask_burn(struct client_mask *mask, const struct client_frame *in, struct client_frame *out)
{
    int half_w = (in->width + 1) / 2, half_h = (in->height + 1) / 2;
    size_t y_bytes = (size_t)in->width * (size_t)in->height, c_bytes = (size_t)half_w * (size_t)half_h;
    int stride[3] = {in->width, half_w, half_w};
    uint8_t *plane[3];

    *out = *in;
    if (mask->count == 0)
        return PROTO_OK;
    *out = (struct client_frame){0};
    if (mask->copy_bytes < y_bytes + 2 * c_bytes) {
        drop_copy(mask);
        mask->copy = malloc(y_bytes + 2 * c_bytes);
        if (!mask->copy)
            return PROTO_ERR_NOMEM;
        mask->copy_bytes = y_bytes + 2 * c_bytes;
    }
    plane[0] = mask->copy;
    plane[1] = plane[0] + y_bytes;
    plane[2] = plane[1] + c_bytes;
    I420Copy(in->plane[0], in->stride[0], in->plane[1], in->stride[1], in->plane[2], in->stride[2], plane[0], stride[0],
             plane[1], stride[1], plane[2], stride[2], in->width, in->height);
    for (size_t i = 0; i < mask->count; i++)
        paint(&mask->rect[i], in->width, in->height, plane, stride);
    *out = (struct client_frame){.width = in->width, .height = in->height, .capture_ms = in->capture_ms};
    for (int i = 0; i < 3; i++) {
        out->plane[i] = plane[i];
        out->stride[i] = stride[i];
    }
    return PROTO_OK;
}

void client_mask_clear(struct client_mask *mask)
{
    drop_copy(mask);
    *mask = (struct client_mask){0};
}
