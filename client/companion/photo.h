/* SPDX-License-Identifier: Apache-2.0 */
/* client/companion/photo.h - one picture of the camera, kept until the person has decided, and as a JPEG file. */
#ifndef CLIENT_COMPANION_PHOTO_H
#define CLIENT_COMPANION_PHOTO_H

#include "client/companion/camera.h"
#include "proto/util/buf.h"

struct client_photo { /* a zeroed struct is none */
    uint8_t *pixels;  /* owned; planes without padding */
    size_t bytes;
    struct client_frame frame; /* width 0: none */
};

/** A copy of the frame. NOMEM: none. */
PROTO_MUST_USE enum proto_err client_photo_take(struct client_photo *photo, const struct client_frame *frame);
void client_photo_clear(struct client_photo *photo); /* wiped */
/** Appends the frame as JPEG. NOMEM, or RANGE when it is over the maximum of `out`. */
PROTO_MUST_USE enum proto_err client_photo_encode(const struct client_frame *frame, struct proto_buf *out);

#endif
