/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/media/send.h - a sender of pictures over one reliable stream: what to encode next, how large, how sharp, and
 * when to rather not.
 *
 * For each picture of the camera ask proto_media_send_take() *before* it is encoded; encode what it says; tell _sent();
 * hand in what the receiver acknowledges and the relay reports. A picture that was not encoded breaks no chain, so a
 * line that stops costs pictures of the highest layer first, then the middle one, then all, and never a queue.
 *
 * What it gives up, in this order: bits, then frames a second (layers 2 and 1) for the moment that a queue needs to go,
 * then size for longer, and at the bottom it sends no motion any more but a sharp still every one to two seconds.
 * No memory of its own, no errors. Milliseconds on the sender's clock.
 */
#ifndef PROTO_MEDIA_SEND_H
#define PROTO_MEDIA_SEND_H

#include "proto/media/rate.h"

enum {
    PROTO_SEND_START_BPS = 660000,
    PROTO_SEND_MAX_BPS = 6000000,  /* of 1280 × 720; in proportion to the pixels, not below a quarter of it */
    PROTO_SEND_KEY_EVERY_MS = 400, /* key frames on demand, no more often */
    PROTO_SEND_TRY_MS = 1000,      /* nothing is heard of what is on its way: a key frame tries, so often */
};

struct proto_media_plan {
    int64_t bps;
    int width, height; /* even; the camera's size or a part of it */
    bool stills;       /* each picture that is taken is a still: a key frame, sharp, on its own */
};

struct proto_media_take {
    bool take;
    uint8_t tid; /* the layer that this picture has */
    bool key;    /* it must be a key frame */
};

struct proto_media_send {
    struct proto_line line;
    struct proto_rate rate;
    struct proto_media_plan plan;
    int width, height; /* the camera's */
    int rung;          /* of the ladder, 0 the largest */
    int64_t rung_ms;   /* since when the rate asks for another one; PROTO_NEVER: it does not */
    int rung_wish;
    unsigned step; /* in the pattern of layers */
    bool want_key;
    int64_t key_ms, still_ms; /* when the last one was taken */
    int64_t still_every_ms;
    int64_t rung_since_ms;
    int64_t taken_ms; /* the newest picture */
    uint64_t taken, skipped;
};

/** `start_bps`, `max_bps` 0: by the size. */
void proto_media_send_init(struct proto_media_send *send, int width, int height, int64_t start_bps, int64_t max_bps,
                           int64_t now_ms);
/** Another connection, or a capture that begins again: the line is learnt anew, the next picture is a key frame. */
void proto_media_send_restart(struct proto_media_send *send, int64_t now_ms);
/** A receiver or the relay asks for a key frame. */
void proto_media_send_want_key(struct proto_media_send *send);
/** The camera has a picture: is it to be encoded, and as what? `plan` holds until the next call. */
struct proto_media_take proto_media_send_take(struct proto_media_send *send, int64_t now_ms);
/** It was encoded, sealed as number `obj`, and waits to leave. `key`: as what it came out. */
void proto_media_send_sent(struct proto_media_send *send, uint32_t obj, uint32_t bytes, bool key, int64_t now_ms);
/** It was encoded and could not be sealed or sent: what refers to it is worthless. */
void proto_media_send_failed(struct proto_media_send *send);
void proto_media_send_acked(struct proto_media_send *send, uint32_t obj, uint32_t arrival_ms, int64_t now_ms);
void proto_media_send_queued(struct proto_media_send *send, uint32_t queued_ms, uint32_t dropped, int64_t now_ms);

/** 0 good … 3 stills only: for words on the screen. */
int proto_media_send_quality(const struct proto_media_send *send);
/**
 * The same of a second in which so many pictures left and so many were left out for the line: as large as ever, one of
 * which most are left out is poor.
 */
int proto_media_quality_of_second(int quality, uint64_t left, uint64_t left_out);
/** "good", "smaller", "poor", "stills": what of such a picture gets through. NULL for another number. */
const char *proto_media_quality_name(int quality);

#endif
