/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/photo.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <libyuv/convert_argb.h>

enum { QUALITY = 93 }; /* letters on a label stay sharp */

void client_photo_clear(struct client_photo *photo)
{
    if (photo->pixels)
        explicit_bzero(photo->pixels, photo->bytes);
    free(photo->pixels);
    *photo = (struct client_photo){0};
}

enum proto_err client_photo_take(struct client_photo *photo, const struct client_frame *f)
{
    size_t half_w = (size_t)(f->width + 1) / 2, half_h = (size_t)(f->height + 1) / 2;
    size_t width[3] = {(size_t)f->width, half_w, half_w}, rows[3] = {(size_t)f->height, half_h, half_h};
    uint8_t *at;

    client_photo_clear(photo);
    photo->bytes = width[0] * rows[0] + 2 * half_w * half_h;
    at = photo->pixels = malloc(photo->bytes);
    if (!at)
        return PROTO_ERR_NOMEM;
    photo->frame = *f;
    for (int p = 0; p < 3; p++) {
        photo->frame.plane[p] = at;
        photo->frame.stride[p] = (int)width[p];
        for (size_t row = 0; row < rows[p]; row++, at += width[p])
            memcpy(at, f->plane[p] + (ptrdiff_t)row * f->stride[p], width[p]);
    }
    return PROTO_OK;
}

/* libjpeg leaves by longjmp; what must survive it lives here. */
struct jpeg {
    struct jpeg_compress_struct out;
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    unsigned char *bytes; /* libjpeg's malloc() */
    unsigned long len;
};

static void on_error(j_common_ptr out)
{
    longjmp(((struct jpeg *)(void *)out)->failed, 1);
}

static void on_message(j_common_ptr out, int level)
{
    (void)out;
    (void)level;
}

static void compress(struct jpeg *j, const uint8_t *rgb, int width, int height)
{
    jpeg_create_compress(&j->out);
    jpeg_mem_dest(&j->out, &j->bytes, &j->len);
    j->out.image_width = (JDIMENSION)width;
    j->out.image_height = (JDIMENSION)height;
    j->out.input_components = 3;
    j->out.in_color_space = JCS_RGB;
    jpeg_set_defaults(&j->out);
    jpeg_set_quality(&j->out, QUALITY, TRUE);
    jpeg_start_compress(&j->out, TRUE);
    while (j->out.next_scanline < j->out.image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(rgb + (size_t)j->out.next_scanline * (size_t)width * 3);
        jpeg_write_scanlines(&j->out, &row, 1);
    }
    jpeg_finish_compress(&j->out);
}

static enum proto_err encode_rgb(const uint8_t *rgb, int width, int height, struct proto_buf *out)
{
    struct jpeg *j = calloc(1, sizeof *j);
    enum proto_err err = PROTO_ERR_NOMEM;

    if (!j)
        return err;
    j->out.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = on_error;
    j->errors.emit_message = on_message;
    if (!setjmp(j->failed)) {
        compress(j, rgb, width, height);
        proto_buf_put(out, j->bytes, j->len);
    } else {
        out->failed = true;
    }
    err = out->failed ? PROTO_ERR_RANGE : PROTO_OK;
    jpeg_destroy_compress(&j->out);
    if (j->bytes)
        explicit_bzero(j->bytes, j->len);
    free(j->bytes);
    free(j);
    return err;
}

enum proto_err client_photo_encode(const struct client_frame *f, struct proto_buf *out)
{
    size_t bytes = (size_t)f->width * (size_t)f->height * 3;
    uint8_t *rgb = malloc(bytes);
    enum proto_err err = PROTO_ERR_NOMEM;

    if (!rgb)
        return err;
    if (I420ToRAW(f->plane[0], f->stride[0], f->plane[1], f->stride[1], f->plane[2], f->stride[2], rgb, f->width * 3,
                  f->width, f->height) == 0)
        err = encode_rgb(rgb, f->width, f->height, out);
    explicit_bzero(rgb, bytes);
    free(rgb);
    return err;
}
