/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/zoom.h"

#include <stdlib.h>
#include <string.h>

#include <libyuv/scale.h>

static int part(int pixels, float factor)
{
    int some = (int)((float)pixels / factor) & ~1; /* a chroma sample covers two by two */

    return some < 2 ? 2 : some;
}

enum proto_err client_zoom_apply(struct client_zoom *z, const struct client_frame *in, struct client_frame *out)
{
    int w = in->width, h = in->height, half_w = (w + 1) / 2, half_h = (h + 1) / 2;
    size_t luma = (size_t)w * (size_t)h, chroma = (size_t)half_w * (size_t)half_h;

    *out = *in;
    if (!(z->factor > 1))
        return PROTO_OK;
    if (z->copy_bytes < luma + 2 * chroma) {
        free(z->copy); /* of a smaller picture */
        z->copy = malloc(luma + 2 * chroma);
        z->copy_bytes = z->copy ? luma + 2 * chroma : 0;
        if (!z->copy)
            return PROTO_ERR_NOMEM;
    }
    float factor = z->factor < CLIENT_ZOOM_MAX ? z->factor : CLIENT_ZOOM_MAX;
    int cut_w = part(w, factor), cut_h = part(h, factor), x = (w - cut_w) / 2 & ~1, y = (h - cut_h) / 2 & ~1;
    uint8_t *to[3] = {z->copy, z->copy + luma, z->copy + luma + chroma};
    if (I420Scale(in->plane[0] + (ptrdiff_t)y * in->stride[0] + x, in->stride[0],
                  in->plane[1] + (ptrdiff_t)(y / 2) * in->stride[1] + x / 2, in->stride[1],
                  in->plane[2] + (ptrdiff_t)(y / 2) * in->stride[2] + x / 2, in->stride[2], cut_w, cut_h, to[0], w,
                  to[1], half_w, to[2], half_w, w, h, kFilterBilinear) != 0)
        return PROTO_ERR_NOMEM;
    for (int p = 0; p < 3; p++) {
        out->plane[p] = to[p];
        out->stride[p] = p ? half_w : w;
    }
    return PROTO_OK;
}

void client_zoom_clear(struct client_zoom *z)
{
    if (z->copy)
        explicit_bzero(z->copy, z->copy_bytes);
    free(z->copy);
    *z = (struct client_zoom){0};
}
