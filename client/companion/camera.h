/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/camera.h - where pictures come from.
 *
 * One interface for every source: opened once (which checks it and learns its size), started when a consent is granted
 * and stopped the moment it ends, so that a webcam's own light tells the truth. Never blocks; never queues: when the
 * caller is slow, the newest picture wins and the ones between are counted as skipped.
 */
#ifndef CLIENT_COMPANION_CAMERA_H
#define CLIENT_COMPANION_CAMERA_H

#include "proto/util/err.h"

#include <stddef.h>
#include <stdint.h>

#define CLIENT_WHY_BYTES 512 /* room for one error: value, rule, way out */
#define CLIENT_PICTURE_MIN 16
#define CLIENT_PICTURE_MAX 4096 /* pixels a side */

/* One I420 picture. Planes are borrowed; chroma planes are (width+1)/2 by (height+1)/2. */
struct client_frame {
    const uint8_t *plane[3]; /* Y, U, V */
    int stride[3];           /* bytes */
    int width, height;       /* pixels */
    int64_t capture_ms;      /* when it was taken, on the caller's monotonic clock */
};

enum client_camera_event {
    CLIENT_CAMERA_NOTHING, /* no new picture yet */
    CLIENT_CAMERA_FRAME,   /* *frame is set */
    CLIENT_CAMERA_LOST,    /* the device went away; `why` says how. Stop and free it: it never comes back by itself */
};

struct client_camera;

/* What a source implements. It embeds struct client_camera as its first member. `next`, `start` and `stop` may assume
 * the order start .. next .. stop; the functions below see to it. */
struct client_camera_ops {
    enum proto_err (*start)(struct client_camera *camera, int64_t now_ms, char why[CLIENT_WHY_BYTES]);
    void (*stop)(struct client_camera *camera);
    enum client_camera_event (*next)(struct client_camera *camera, int64_t now_ms, struct client_frame *frame,
                                     char why[CLIENT_WHY_BYTES]);
    void (*free)(struct client_camera *camera);
};

struct client_camera { /* all fields are read-only to callers */
    const struct client_camera_ops *ops;
    int width, height;              /* pixels, fixed for the life of the camera */
    int interval_num, interval_den; /* seconds between pictures as a fraction: 1/30, 1001/30000 */
    int fd;                         /* poll for reading while running; -1: this source goes by deadline alone */
    int64_t deadline_ms;            /* when to call next() though the fd is silent; PROTO_NEVER when stopped */
    uint64_t skipped;               /* pictures that were due but overtaken by a newer one */
    char name[256];                 /* the spec, for the line that says what is sent */
    int running;
};

/**
 * Opens the source that `spec` names: "FILE.y4m", "/dev/videoN", or "none" (PROTO_OK and *out NULL: no camera, by
 * wish). On error *out is NULL and `why` holds one sentence: the value, the rule it broke and the way out. The caller
 * owns *out.
 */
PROTO_MUST_USE enum proto_err client_camera_open(const char *spec, struct client_camera **out,
                                                 char why[static CLIENT_WHY_BYTES]);
/** Begins to take pictures; the first is due at once. A second start is harmless. `why` as for open. */
PROTO_MUST_USE enum proto_err client_camera_start(struct client_camera *camera, int64_t now_ms,
                                                  char why[static CLIENT_WHY_BYTES]);
/** Takes no more pictures and lets the device sleep. NULL and an already stopped camera are fine. */
void client_camera_stop(struct client_camera *camera);
/** The newest picture, if there is one. Its planes are valid until the next call with this camera. Never blocks. */
PROTO_MUST_USE enum client_camera_event client_camera_next(struct client_camera *camera, int64_t now_ms,
                                                           struct client_frame *frame,
                                                           char why[static CLIENT_WHY_BYTES]);
/** Pictures a second, rounded, at least 1. */
int client_camera_fps(const struct client_camera *camera);
void client_camera_free(struct client_camera *camera); /* stops first; NULL is fine */

#endif
