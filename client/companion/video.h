/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/video.h - from the camera to the session: masks, encoder, and the rule when a picture is skipped.
 *
 * A picture that would wait is not taken: while more than a third of a second of the bit rate waits sealed in the
 * session, the next picture is skipped before it is encoded, so the encoder's chain never breaks.
 */
#ifndef CLIENT_COMPANION_VIDEO_H
#define CLIENT_COMPANION_VIDEO_H

#include <stdbool.h>

#include "client/companion/camera.h"
#include "client/companion/mask.h"
#include "proto/session/session.h"

#define CLIENT_VIDEO_LAG_DIVIDER 3 /* a third of a second */

struct client_video;

struct client_video_figures {
    uint64_t pictures, skipped, bytes; /* sealed; not taken because the line lags or the camera was overtaken; sealed */
    int kbps;                          /* what the encoder aims at */
};

/**
 * `mask` is borrowed. `kbps` 0: by size. `keep`: remember a copy of each picture as it was encoded, for
 * client_video_kept(). On error `why` names value, rule and way out.
 */
PROTO_MUST_USE enum proto_err client_video_new(struct client_video **out, const char *camera, struct client_mask *mask,
                                               int kbps, bool keep, char why[static CLIENT_WHY_BYTES]);
PROTO_MUST_USE enum proto_err client_video_start(struct client_video *video, int64_t now_ms,
                                                 char why[static CLIENT_WHY_BYTES]);
void client_video_stop(struct client_video *video); /* NULL and stopped are fine */
void client_video_want_key(struct client_video *video);
/** When to call tick(), mono ms; PROTO_NEVER while stopped. */
int64_t client_video_deadline(const struct client_video *video, int64_t now_ms);
/** Takes the newest picture, if any, and pushes it. IO: the camera is lost, and stopped; `why` says how. */
PROTO_MUST_USE enum proto_err client_video_tick(struct client_video *video, struct proto_session *session,
                                                struct proto_now now, char why[static CLIENT_WHY_BYTES]);
void client_video_figures(const struct client_video *video, struct client_video_figures *out);
/** The last picture that was encoded, masks included; width 0 when none is kept. Borrowed until the next tick. */
struct client_frame client_video_kept(const struct client_video *video);
void client_video_free(struct client_video *video); /* NULL is fine */

#endif
