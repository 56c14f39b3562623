/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/encode.h - pictures to VP8, in real time, in three temporal layers.
 *
 * Layers follow the pattern 0 2 1 2. Layer 0 refers to layer 0 alone, and layers 1 and 2 refer only to the layer 0
 * picture just before them: so any picture of layer 1 or 2 may be lost alone without harm to another, and the
 * receiver's whole rule is "same layer 0 count, or skip". (To let the last picture of the pattern refer to layer 1 as
 * well would save a few bits and make a lost layer 1 corrupt it silently.) A key frame is layer 0 and begins the
 * pattern anew. Whoever leaves pictures out before they are encoded (proto/media/send.h) names the layer of each.
 */
#ifndef CLIENT_COMPANION_ENCODE_H
#define CLIENT_COMPANION_ENCODE_H

#include "client/companion/camera.h"

#include <stdbool.h>

#define CLIENT_ENCODER_LAYERS 3
#define CLIENT_ENCODER_KBPS_MIN 50
#define CLIENT_ENCODER_KBPS_MAX 20000

struct client_packet {
    const uint8_t *bytes; /* borrowed: valid until the next call with this encoder */
    size_t len;           /* 0: the encoder dropped this picture to hold its rate; there is nothing to send */
    bool key;
    uint8_t tid;        /* temporal layer, 0..2 */
    bool discardable;   /* no other picture refers to it */
    int width, height;  /* pixels */
    int64_t capture_ms; /* of the picture it was made from */
};

struct client_encoder;

/** 1500 kbit/s at 1280x720, in proportion to the pixels, not below 150 and not above 6000. */
int client_encoder_default_kbps(int width, int height);
/** `fps` 1..120, sizes within CLIENT_PICTURE_MIN..MAX, `kbps` within the bounds above or 0 for the default; else RANGE.
 */
PROTO_MUST_USE enum proto_err client_encoder_new(struct client_encoder **out, int width, int height, int fps, int kbps);
/**
 * One picture, of the size the encoder was made for (else RANGE). The first packet is a key frame; `force_key` asks for
 * one now, and the caller keeps asking until a packet with `key` came out. PROTO_ERR_IO: libvpx refused; make a new
 * encoder.
 */
PROTO_MUST_USE enum proto_err client_encoder_encode(struct client_encoder *encoder, const struct client_frame *frame,
                                                    bool force_key, struct client_packet *packet);
/** The same, as layer `tid`, 0..2, whatever the pattern says; a key frame is layer 0. */
PROTO_MUST_USE enum proto_err client_encoder_encode_as(struct client_encoder *encoder, const struct client_frame *frame,
                                                       uint8_t tid, bool force_key, struct client_packet *packet);
/** From the next picture on, which is a key frame. RANGE: larger than the encoder was made for, or odd. */
PROTO_MUST_USE enum proto_err client_encoder_set_size(struct client_encoder *encoder, int width, int height);
/** Pictures that stand for themselves: each may take what it needs to be sharp. Off: motion again. */
PROTO_MUST_USE enum proto_err client_encoder_set_sharp(struct client_encoder *encoder, bool sharp);
/** From the next picture on. Down follows within two pictures; go up in steps of a tenth or less (libvpx starves else).
 */
PROTO_MUST_USE enum proto_err client_encoder_set_kbps(struct client_encoder *encoder, int kbps);
int client_encoder_kbps(const struct client_encoder *encoder);
void client_encoder_free(struct client_encoder *encoder); /* NULL is fine */

#endif
