/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/video.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/companion/encode.h"

/* A camera that tells by its descriptor is asked this often: a quarter of a picture at 30 a second. */
#define CAMERA_ASK_MS 8

struct client_video {
    struct client_camera *camera;   /* owned */
    struct client_encoder *encoder; /* owned; while running */
    struct client_mask *mask;       /* borrowed */
    int kbps;
    bool want_key, keep;
    struct client_video_figures figures;
    uint8_t *kept; /* owned: planes without padding */
    struct client_frame kept_frame;
};

enum proto_err client_video_new(struct client_video **out, const char *camera, struct client_mask *mask, int kbps,
                                bool keep, char why[static CLIENT_WHY_BYTES])
{
    struct client_video *v = calloc(1, sizeof *v);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    snprintf(why, CLIENT_WHY_BYTES, "%s: %s", camera, proto_err_rule(err));
    if (!v)
        return err;
    v->mask = mask;
    v->kbps = kbps;
    v->keep = keep;
    err = client_camera_open(camera, &v->camera, why);
    if (err == PROTO_OK && !v->camera)
        err = PROTO_ERR_ARGUMENT; /* "none" is the caller's to see */
    if (err == PROTO_OK)
        err = client_mask_check(mask, v->camera->width, v->camera->height, why);
    if (err != PROTO_OK) {
        client_video_free(v);
        return err;
    }
    *out = v;
    return PROTO_OK;
}

enum proto_err client_video_start(struct client_video *v, int64_t now_ms, char why[static CLIENT_WHY_BYTES])
{
    enum proto_err err;

    if (v->encoder)
        return PROTO_OK;
    err = client_encoder_new(&v->encoder, v->camera->width, v->camera->height, client_camera_fps(v->camera), v->kbps);
    if (err != PROTO_OK) {
        snprintf(why, CLIENT_WHY_BYTES, "%dx%d: the encoder does not take pictures of this size; use another camera",
                 v->camera->width, v->camera->height);
        return err;
    }
    v->figures.kbps = client_encoder_kbps(v->encoder);
    err = client_camera_start(v->camera, now_ms, why);
    if (err != PROTO_OK)
        client_video_stop(v);
    return err;
}

void client_video_stop(struct client_video *v)
{
    if (!v)
        return;
    client_camera_stop(v->camera);
    client_encoder_free(v->encoder);
    v->encoder = NULL;
}

void client_video_want_key(struct client_video *v)
{
    if (v)
        v->want_key = true;
}

int64_t client_video_deadline(const struct client_video *v, int64_t now_ms)
{
    if (!v || !v->encoder)
        return PROTO_NEVER;
    return v->camera->fd >= 0 ? proto_earlier(v->camera->deadline_ms, now_ms + CAMERA_ASK_MS) : v->camera->deadline_ms;
}

static void keep_frame(struct client_video *v, const struct client_frame *f)
{
    size_t half_w = (size_t)(f->width + 1) / 2, half_h = (size_t)(f->height + 1) / 2;
    size_t width[3] = {(size_t)f->width, half_w, half_w}, rows[3] = {(size_t)f->height, half_h, half_h};
    uint8_t *at;

    if (!v->kept)
        v->kept = malloc(width[0] * rows[0] + 2 * half_w * half_h);
    if (!v->kept)
        return;
    at = v->kept;
    v->kept_frame = *f;
    for (int p = 0; p < 3; p++) {
        v->kept_frame.plane[p] = at;
        v->kept_frame.stride[p] = (int)width[p];
        for (size_t row = 0; row < rows[p]; row++, at += width[p])
            memcpy(at, f->plane[p] + (ptrdiff_t)row * f->stride[p], width[p]);
    }
}

static bool lags(const struct client_video *v, const struct proto_session *session)
{
    size_t third = (size_t)client_encoder_kbps(v->encoder) * 1000 / 8 / CLIENT_VIDEO_LAG_DIVIDER;

    return proto_session_backlog_bytes(session) > third;
}

static enum proto_err push(struct client_video *v, struct proto_session *session, const struct client_packet *packet,
                           struct proto_now now)
{
    const struct proto_frame frame = {.bytes = packet->bytes,
                                      .len = packet->len,
                                      .key = packet->key,
                                      .discardable = packet->discardable,
                                      .tid = packet->tid,
                                      .capture_mono_ms = packet->capture_ms};
    enum proto_err err = proto_session_push_frame(session, PROTO_CAPABILITY_CAMERA, &frame, now);

    if (err == PROTO_OK) {
        v->figures.pictures++;
        v->figures.bytes += packet->len;
        if (packet->key)
            v->want_key = false;
        return PROTO_OK;
    }
    v->want_key = true; /* an encoded picture that nobody will get: the chain is broken */
    v->figures.skipped++;
    return PROTO_OK;
}

enum proto_err client_video_tick(struct client_video *v, struct proto_session *session, struct proto_now now,
                                 char why[static CLIENT_WHY_BYTES])
{
    struct client_frame raw, frame;
    struct client_packet packet;
    enum client_camera_event event;

    if (!v || !v->encoder)
        return PROTO_OK;
    event = client_camera_next(v->camera, now.mono_ms, &raw, why);
    if (event == CLIENT_CAMERA_LOST) {
        client_video_stop(v);
        return PROTO_ERR_IO;
    }
    if (event == CLIENT_CAMERA_NOTHING || !proto_session_may_send(session, PROTO_CAPABILITY_CAMERA))
        return PROTO_OK;
    if (lags(v, session)) {
        v->figures.skipped++;
        return PROTO_OK;
    }
    if (client_mask_burn(v->mask, &raw, &frame) != PROTO_OK) /* no memory for the mask: no picture */
        return PROTO_OK;
    if (client_encoder_encode(v->encoder, &frame, v->want_key, &packet) != PROTO_OK) {
        snprintf(why, CLIENT_WHY_BYTES, "%s: the encoder refused a picture; start the camera again", v->camera->name);
        client_video_stop(v);
        return PROTO_ERR_IO;
    }
    if (packet.len == 0)
        return PROTO_OK;
    if (v->keep)
        keep_frame(v, &frame);
    return push(v, session, &packet, now);
}

void client_video_figures(const struct client_video *v, struct client_video_figures *out)
{
    *out = (struct client_video_figures){0};
    if (!v)
        return;
    *out = v->figures;
    out->skipped += v->camera->skipped;
}

struct client_frame client_video_kept(const struct client_video *v)
{
    return v && v->kept ? v->kept_frame : (struct client_frame){0};
}

void client_video_free(struct client_video *v)
{
    if (!v)
        return;
    client_video_stop(v);
    client_camera_free(v->camera);
    free(v->kept);
    free(v);
}
