/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/mask.h - parts of the picture that nobody shall see.
 *
 * Rectangles are painted over before the encoder sees the picture, so what is under them is in no packet at all: no key
 * and no layer brings it back. Edges go outwards to even pixels, because a chroma sample covers two by two of them.
 */
#ifndef CLIENT_COMPANION_MASK_H
#define CLIENT_COMPANION_MASK_H

#include "client/companion/camera.h"

#define CLIENT_MASK_MAX 16

struct client_mask_rect {
    int x, y, width, height; /* source pixels, from the top left */
};

struct client_mask { /* a zeroed struct is a mask that covers nothing */
    struct client_mask_rect rect[CLIENT_MASK_MAX];
    size_t count;
    uint8_t *copy; /* owned: the painted picture */
    size_t copy_bytes;
};

/** Adds "X,Y,W,H" (whole numbers, W and H at least 1). On error nothing is added and `why` names value, rule and way
 * out. */
PROTO_MUST_USE enum proto_err client_mask_add(struct client_mask *mask, const char *text,
                                              char why[static CLIENT_WHY_BYTES]);
/** Refuses a rectangle that lies wholly outside a picture of this size: it would protect nothing. */
PROTO_MUST_USE enum proto_err client_mask_check(const struct client_mask *mask, int width, int height,
                                                char why[static CLIENT_WHY_BYTES]);
/**
 * *out is `in` with every rectangle painted dark grey. Without rectangles it is `in` itself; else its planes belong to
 * `mask` and hold until the next burn. On PROTO_ERR_NOMEM there is no picture to send: never fall back to `in`.
 */
PROTO_MUST_USE enum proto_err client_mask_burn(struct client_mask *mask, const struct client_frame *in,
                                               struct client_frame *out);
void client_mask_clear(struct client_mask *mask); /* back to zeroed */

#endif
