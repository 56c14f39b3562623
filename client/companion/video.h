/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/video.h - from the camera to the session: masks, encoder, and the rule when a picture is skipped.
 *
 * proto/media/send.h decides for each picture whether it is taken, as which layer, how large and how sharp: from what
 * the receiver acknowledged and the relay reported, which the owner hands in. What is left out is left out before it is
 * encoded, so the encoder's chain never breaks.
 */
#ifndef CLIENT_COMPANION_VIDEO_H
#define CLIENT_COMPANION_VIDEO_H

#include <stdbool.h>

#include "client/companion/camera.h"
#include "client/companion/mask.h"
#include "client/companion/photo.h"
#include "proto/session/session.h"

struct client_video;

struct client_video_figures {
    uint64_t pictures, skipped, bytes; /* sealed; not taken because the line lags or the camera was overtaken; sealed */
    uint64_t left_out;                 /* of those that were skipped: because the line lags */
    int kbps;                          /* what the line may have */
    int width, height;                 /* as it is encoded now; 0 while stopped */
    int quality;                       /* 0 good, 1 smaller, 2 poor, 3 stills only */
};

/**
 * `mask` is borrowed. `kbps`: never more than this, 0: by size. `keep`: remember a copy of each picture as it was
 * encoded, for client_video_kept(). `stats`: a file to which a line is added for each picture of the camera, what
 * became of it here and when; NULL: none. On error `why` names value, rule and way out.
 */
PROTO_MUST_USE enum proto_err client_video_new(struct client_video **out, const char *camera, struct client_mask *mask,
                                               int kbps, bool keep, const char *stats,
                                               char why[static CLIENT_WHY_BYTES]);
PROTO_MUST_USE enum proto_err client_video_start(struct client_video *video, int64_t now_ms,
                                                 char why[static CLIENT_WHY_BYTES]);
void client_video_stop(struct client_video *video); /* NULL and stopped are fine */
void client_video_want_key(struct client_video *video);
/** What PROTO_EVENT_MEDIA_ACK and PROTO_EVENT_MEDIA_QUEUE say of the camera. */
void client_video_acked(struct client_video *video, const handhold_MediaAck *ack, int64_t now_ms);
void client_video_queued(struct client_video *video, uint32_t queued_ms, uint32_t dropped, int64_t now_ms);
/** When to call tick(), mono ms; PROTO_NEVER while stopped. */
int64_t client_video_deadline(const struct client_video *video, int64_t now_ms);
/** Takes the newest picture, if any, and pushes it. IO: the camera is lost, and stopped; `why` says how. */
PROTO_MUST_USE enum proto_err client_video_tick(struct client_video *video, struct proto_session *session,
                                                struct proto_now now, char why[static CLIENT_WHY_BYTES]);
/**
 * Takes one picture in full size, masks and zoom with it: the camera runs for it if it does not run. Its frame is there
 * after one of the next ticks. IO: the camera cannot; `why` says how.
 */
PROTO_MUST_USE enum proto_err client_video_photo(struct client_video *video, int64_t now_ms,
                                                 char why[static CLIENT_WHY_BYTES]);
const struct client_frame *client_video_photo_taken(const struct client_video *video); /* NULL: not yet. Borrowed */
void client_video_photo_forget(struct client_video *video);                            /* wiped; NULL is fine */
/** 1: the whole. What it is now, within the bounds. */
float client_video_zoom(struct client_video *video, float factor);
void client_video_figures(const struct client_video *video, struct client_video_figures *out);
/** False, once: the lines of `stats` cannot be written, and no more are. */
bool client_video_keeps_stats(struct client_video *video);
/** The last picture that was encoded, masks included; width 0 when none is kept. Borrowed until the next tick. */
struct client_frame client_video_kept(const struct client_video *video);
void client_video_free(struct client_video *video); /* NULL is fine */

#endif
