/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/zoom.h - the middle of the picture, in the size of the whole. Masks are burned in before, so that
 * what was covered stays covered however close one looks.
 */
#ifndef CLIENT_COMPANION_ZOOM_H
#define CLIENT_COMPANION_ZOOM_H

#include "client/companion/camera.h"

#define CLIENT_ZOOM_MAX 4.0f

struct client_zoom { /* a zeroed struct shows the whole */
    float factor;    /* 1 or below: the whole; at most CLIENT_ZOOM_MAX */
    uint8_t *copy;   /* owned */
    size_t copy_bytes;
};

/** *out is `in` itself, or planes of `zoom` that hold until the next call. NOMEM: there is no picture. */
PROTO_MUST_USE enum proto_err client_zoom_apply(struct client_zoom *zoom, const struct client_frame *in,
                                                struct client_frame *out);
void client_zoom_clear(struct client_zoom *zoom); /* back to zeroed */

#endif
