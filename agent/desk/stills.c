/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/stills.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static bool is_png(const struct proto_still *still)
{
    return !strcmp(still->mime, "image/png");
}

const char *agent_desk_still_suffix(const struct proto_still *still)
{
    return is_png(still) ? "png" : "jpg";
}

/* ---- JPEG: libjpeg leaves by longjmp, and would write to stderr ---- */

struct jpeg {
    struct jpeg_decompress_struct in;
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    enum proto_err err; /* here, since what setjmp's caller keeps in a register may be lost */
};

static void on_jpeg_error(j_common_ptr in)
{
    longjmp(((struct jpeg *)(void *)in)->failed, 1);
}

static void on_jpeg_warning(j_common_ptr in, int level)
{
    if (level < 0) /* data is missing or damaged: a still is whole or none */
        on_jpeg_error(in);
}

static enum proto_err take_jpeg(struct jpeg *j, const struct proto_still *still, uint8_t *rgb)
{
    jpeg_create_decompress(&j->in);
    jpeg_mem_src(&j->in, still->bytes, still->len);
    jpeg_read_header(&j->in, TRUE);
    if (j->in.image_width != still->width || j->in.image_height != still->height)
        return PROTO_ERR_RANGE;
    j->in.out_color_space = JCS_RGB;
    if (!rgb)
        return PROTO_OK;
    jpeg_start_decompress(&j->in);
    while (j->in.output_scanline < j->in.output_height) {
        JSAMPROW row = rgb + (size_t)j->in.output_scanline * still->width * 3;
        jpeg_read_scanlines(&j->in, &row, 1);
    }
    jpeg_finish_decompress(&j->in);
    return PROTO_OK;
}

static enum proto_err read_jpeg(const struct proto_still *still, uint8_t *rgb)
{
    struct jpeg *j = calloc(1, sizeof *j);

    if (!j)
        return PROTO_ERR_NOMEM;
    j->in.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = on_jpeg_error;
    j->errors.emit_message = on_jpeg_warning;
    j->err = PROTO_ERR_FORMAT;
    if (!setjmp(j->failed))
        j->err = take_jpeg(j, still, rgb);
    enum proto_err err = j->err;
    jpeg_destroy_decompress(&j->in);
    free(j);
    return err;
}

/* ---- PNG ---- */

static enum proto_err read_png(const struct proto_still *still, uint8_t *rgb)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    enum proto_err err = PROTO_ERR_FORMAT;

    if (png_image_begin_read_from_memory(&png, still->bytes, still->len)) {
        err = png.width == still->width && png.height == still->height ? PROTO_OK : PROTO_ERR_RANGE;
        png.format = PNG_FORMAT_RGB;
        if (!err && rgb && !png_image_finish_read(&png, NULL, rgb, 0, NULL))
            err = PROTO_ERR_FORMAT;
    }
    png_image_free(&png);
    return err;
}

/* ---- both ---- */

static enum proto_err read_still(const struct proto_still *still, uint8_t *rgb)
{
    return is_png(still) ? read_png(still, rgb) : read_jpeg(still, rgb);
}

enum proto_err agent_desk_still_check(const struct proto_still *still)
{
    return read_still(still, NULL);
}

enum proto_err agent_desk_still_decode(const struct proto_still *still, uint8_t **rgb)
{
    enum proto_err err;

    *rgb = NULL;
    if (still->width > PROTO_STILL_MAX_PIXELS || still->height > PROTO_STILL_MAX_PIXELS)
        return PROTO_ERR_RANGE;
    *rgb = calloc((size_t)still->width * still->height, 3);
    if (!*rgb)
        return PROTO_ERR_NOMEM;
    err = read_still(still, *rgb);
    if (err) {
        free(*rgb);
        *rgb = NULL;
    }
    return err;
}
