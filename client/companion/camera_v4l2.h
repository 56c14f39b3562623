/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/camera_v4l2.h - a webcam (Video4Linux 2, streaming with memory-mapped buffers).
 *
 * Asks for 1280x720 at 30 pictures a second and takes what the driver gives, in the form that gives most pictures a
 * second: planar first, since it costs nothing to convert, Motion JPEG last. The system calls go through one small
 * table, so that a test can be the driver, a broken one too.
 */
#ifndef CLIENT_COMPANION_CAMERA_V4L2_H
#define CLIENT_COMPANION_CAMERA_V4L2_H

#include "client/companion/camera.h"

#define CLIENT_V4L2_BUFFERS 4
#define CLIENT_V4L2_SILENCE_MS 5000 /* a running device that gives nothing for so long counts as lost */

/* As the calls of the same name: -1 (or MAP_FAILED) and errno on failure. */
struct client_v4l2_system {
    int (*open)(const char *path);
    int (*close)(int fd);
    int (*ioctl)(int fd, unsigned long request, void *argument);
    void *(*map)(int fd, size_t len, int64_t offset);
    int (*unmap)(void *at, size_t len);
};
extern const struct client_v4l2_system client_v4l2_system; /* the real one */

/** `system` is borrowed and outlives the camera. Errors as client_camera_open(). */
PROTO_MUST_USE enum proto_err client_camera_open_v4l2(const char *path, const struct client_v4l2_system *system,
                                                      struct client_camera **out, char why[static CLIENT_WHY_BYTES]);

#endif
