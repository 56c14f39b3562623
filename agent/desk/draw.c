/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/draw.h"

#include <errno.h>
#include <libyuv/convert_argb.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLUMNS_MIN 2
#define COLUMNS_MAX 400
#define GAP 2 /* characters between two pictures */

static enum proto_err make(struct agent_desk_raster *out, int width, int height)
{
    *out = (struct agent_desk_raster){0};
    if (width < 1 || width > AGENT_DESK_PICTURE_MAX || height < 1 || height > AGENT_DESK_PICTURE_MAX)
        return PROTO_ERR_RANGE;
    out->rgb = malloc((size_t)width * (size_t)height * 3);
    if (!out->rgb)
        return PROTO_ERR_NOMEM;
    out->width = width;
    out->height = height;
    return PROTO_OK;
}

enum proto_err agent_desk_raster_from_i420(struct agent_desk_raster *out, const struct agent_desk_i420 *in)
{
    enum proto_err err = make(out, in->width, in->height);

    if (err != PROTO_OK)
        return err;
    /* libyuv's RAW is red, green, blue in memory order; its RGB24 is the other way round. */
    I420ToRAW(in->plane[0], in->stride[0], in->plane[1], in->stride[1], in->plane[2], in->stride[2], out->rgb,
              in->width * 3, in->width, in->height);
    return PROTO_OK;
}

enum proto_err agent_desk_raster_from_bytes(struct agent_desk_raster *out, const uint8_t *bytes, size_t len, int width,
                                            int height)
{
    enum proto_err err = make(out, width, height);
    size_t pixels = (size_t)out->width * (size_t)out->height;

    for (size_t i = 0; i < pixels; i++)
        memset(out->rgb + 3 * i, len ? bytes[i % len] : 0, 3);
    return err;
}

void agent_desk_raster_clear(struct agent_desk_raster *raster)
{
    if (raster->rgb)
        explicit_bzero(raster->rgb, (size_t)raster->width * (size_t)raster->height * 3);
    free(raster->rgb);
    *raster = (struct agent_desk_raster){0};
}

/* -- half blocks -- */

/* A raster as a grid of cells; a character shows two of them, one above the other. */
struct grid {
    const struct agent_desk_raster *raster;
    int columns, rows; /* rows of characters */
};

static struct grid fit(const struct agent_desk_raster *raster, int columns)
{
    struct grid g = {raster, columns < raster->width ? columns : raster->width, 0};
    int cells = (g.columns * raster->height + raster->width / 2) / raster->width;

    g.rows = (cells + 1) / 2;
    if (g.rows < 1)
        g.rows = 1;
    return g;
}

/* The mean colour of one cell: of every pixel in it, or thin lines would flicker away. */
static void cell(const struct grid *g, int column, int row, unsigned colour[3])
{
    const struct agent_desk_raster *r = g->raster;
    int x0 = column * r->width / g->columns, x1 = (column + 1) * r->width / g->columns;
    int y0 = row * r->height / (2 * g->rows), y1 = (row + 1) * r->height / (2 * g->rows);
    uint64_t sum[3] = {0, 0, 0}, n;

    if (y1 == y0)
        y1 = y0 + 1;
    if (x1 == x0)
        x1 = x0 + 1;
    for (int y = y0; y < y1; y++) {
        const uint8_t *at = r->rgb + ((size_t)y * (size_t)r->width + (size_t)x0) * 3;

        for (int x = x0; x < x1; x++, at += 3)
            for (int c = 0; c < 3; c++)
                sum[c] += at[c];
    }
    n = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);
    for (int c = 0; c < 3; c++)
        colour[c] = (unsigned)(sum[c] / n);
}

static void put_row(const struct grid *g, int row, struct proto_buf *out)
{
    for (int column = 0; column < g->columns; column++) {
        unsigned top[3], low[3];

        cell(g, column, 2 * row, top);
        cell(g, column, 2 * row + 1, low);
        proto_buf_printf(out, "\x1b[38;2;%u;%u;%um\x1b[48;2;%u;%u;%um\xe2\x96\x80", top[0], top[1], top[2], low[0],
                         low[1], low[2]);
    }
    proto_buf_put_text(out, "\x1b[0m");
}

static bool drawable(const struct agent_desk_raster *raster)
{
    return raster->rgb && raster->width > 0 && raster->height > 0;
}

enum proto_err agent_desk_raster_blocks(const struct agent_desk_raster *raster, int columns, struct proto_buf *out)
{
    struct grid g;

    if (!drawable(raster) || columns < COLUMNS_MIN || columns > COLUMNS_MAX)
        return PROTO_ERR_RANGE;
    g = fit(raster, columns);
    for (int row = 0; row < g.rows; row++) {
        put_row(&g, row, out);
        proto_buf_put_text(out, "\n");
    }
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

enum proto_err agent_desk_raster_blocks_pair(const struct agent_desk_raster *left,
                                             const struct agent_desk_raster *right, int columns, struct proto_buf *out)
{
    struct grid l, r;

    if (!drawable(left) || !drawable(right) || columns < 2 * COLUMNS_MIN + GAP || columns > COLUMNS_MAX)
        return PROTO_ERR_RANGE;
    l = fit(left, (columns - GAP) / 2);
    r = fit(right, (columns - GAP) / 2);
    for (int row = 0; row < l.rows || row < r.rows; row++) {
        if (row < l.rows)
            put_row(&l, row, out);
        else
            proto_buf_printf(out, "%*s", l.columns, "");
        proto_buf_printf(out, "%*s", GAP, "");
        if (row < r.rows)
            put_row(&r, row, out);
        proto_buf_put_text(out, "\n");
    }
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

/* -- PNG -- */

/* A regular file that was not finished goes; a device of that name is nobody's to remove. */
static void drop_unfinished(FILE *file, const char *path)
{
    struct stat about;
    int error = errno;

    if (fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode))
        unlink(path);
    errno = error;
}

/* Through a stream of our own: png_image_write_to_file() removes whatever has the name when it fails. */
enum proto_err agent_desk_raster_png(const struct agent_desk_raster *raster, const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB};
    FILE *file;
    bool good;

    if (!drawable(raster))
        return PROTO_ERR_RANGE;
    image.width = (png_uint_32)raster->width;
    image.height = (png_uint_32)raster->height;
    file = fopen(path, "wbe");
    if (!file)
        return PROTO_ERR_IO;
    errno = 0;
    good = png_image_write_to_stdio(&image, file, 0, raster->rgb, 0, NULL) && fflush(file) == 0;
    if (!good)
        drop_unfinished(file, path);
    return fclose(file) == 0 && good ? PROTO_OK : PROTO_ERR_IO;
}
