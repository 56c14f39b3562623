/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/camera.h"

#include "client/companion/camera_v4l2.h"
#include "client/companion/camera_y4m.h"
#include "proto/util/time.h"

#include <stdio.h>
#include <string.h>

static int ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);

    return a >= b && strcmp(text + a - b, end) == 0;
}

enum proto_err client_camera_open(const char *spec, struct client_camera **out, char why[static CLIENT_WHY_BYTES])
{
    enum proto_err err;

    *out = NULL;
    why[0] = '\0';
    if (strcmp(spec, "none") == 0)
        return PROTO_OK;
    if (strncmp(spec, "/dev/", 5) == 0) {
        err = client_camera_open_v4l2(spec, &client_v4l2_system, out, why);
    } else if (ends_with(spec, ".y4m")) {
        err = client_camera_open_y4m(spec, out, why);
    } else {
        snprintf(why, CLIENT_WHY_BYTES,
                 "camera \"%.200s\": a camera is a FILE.y4m, a /dev/videoN or none; name one of these", spec);
        return PROTO_ERR_ARGUMENT;
    }
    if (err == PROTO_OK) {
        snprintf((*out)->name, sizeof(*out)->name, "%s", spec);
        (*out)->deadline_ms = PROTO_NEVER;
    }
    return err;
}

enum proto_err client_camera_start(struct client_camera *camera, int64_t now_ms, char why[static CLIENT_WHY_BYTES])
{
    enum proto_err err;

    why[0] = '\0';
    if (camera->running)
        return PROTO_OK;
    err = camera->ops->start(camera, now_ms, why);
    camera->running = err == PROTO_OK;
    return err;
}

void client_camera_stop(struct client_camera *camera)
{
    if (!camera || !camera->running)
        return;
    camera->ops->stop(camera);
    camera->running = 0;
    camera->deadline_ms = PROTO_NEVER;
}

enum client_camera_event client_camera_next(struct client_camera *camera, int64_t now_ms, struct client_frame *frame,
                                            char why[static CLIENT_WHY_BYTES])
{
    why[0] = '\0';
    *frame = (struct client_frame){0};
    return camera->running ? camera->ops->next(camera, now_ms, frame, why) : CLIENT_CAMERA_NOTHING;
}

int client_camera_fps(const struct client_camera *camera)
{
    int fps = (camera->interval_den + camera->interval_num / 2) / camera->interval_num;

    return fps < 1 ? 1 : fps;
}

void client_camera_free(struct client_camera *camera)
{
    if (!camera)
        return;
    client_camera_stop(camera);
    camera->ops->free(camera);
}
