/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/frames.h - a client's frames (RFC 6455, 5.2) before libwebsockets reads them: the mask is taken off.
 *
 * libwebsockets takes it off byte by byte, which is nearly a tenth of the time of large messages, and leaves that where
 * the mask is four zeros. So the bytes are cleared here, eight at a time, and zeros are left in the mask's place. It
 * also takes frames without a mask and tells nobody; RFC 6455, 5.1 wants the connection closed.
 */
#ifndef RELAY_SERVE_FRAMES_H
#define RELAY_SERVE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one connection: how far its stream of frames has come. Zeroed at its beginning. */
struct serve_frames {
    uint64_t left; /* of the payload that is coming; while its header comes: of what that has said so far */
    uint8_t mask[4];
    uint8_t mask_at;     /* in the mask, of the next byte of the payload */
    uint8_t header_at;   /* bytes of the header that have come; 0: none … */
    uint8_t header_size; /* … and of it all, known from the second byte on */
};

/** The next `len` bytes, cleared where they lie; any split of the stream gives the same. false: a frame has no mask. */
bool serve_frames_clear(struct serve_frames *frames, uint8_t *bytes, size_t len);

#endif
