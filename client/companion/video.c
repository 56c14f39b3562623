/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/video.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libyuv/scale.h>

#include "client/companion/encode.h"
#include "client/companion/zoom.h"
#include "proto/host/world.h"
#include "proto/media/send.h"

/* A camera that was just started finds its light first. */
#define PHOTO_SETTLE 5
/* A camera that tells by its descriptor is asked this often: a quarter of a picture at 30 a second. */
#define CAMERA_ASK_MS 8

struct client_video {
    struct client_camera *camera;   /* owned */
    struct client_encoder *encoder; /* owned; while running */
    struct client_mask *mask;       /* borrowed */
    int kbps;
    bool keep, met; /* met: `send` has a line behind it already */
    struct proto_media_send send;
    uint8_t *small; /* owned: the picture at the size that is sent */
    FILE *stats;    /* owned; NULL: none, or it could not be written */
    struct client_video_figures figures;
    struct client_photo kept; /* the last one that was encoded */
    struct client_zoom zoom;
    bool photo_wanted;
    int photo_skip; /* so many pictures are left out before it is taken */
    struct client_photo photo;
};

enum proto_err client_video_new(struct client_video **out, const char *camera, struct client_mask *mask, int kbps,
                                bool keep, const char *stats, char why[static CLIENT_WHY_BYTES])
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
    if (err == PROTO_OK && stats && !(v->stats = fopen(stats, "ae"))) {
        err = PROTO_ERR_IO;
        snprintf(why, CLIENT_WHY_BYTES, "%s: cannot be written; name a file in a folder of yours", stats);
    }
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
    if (v->met)
        proto_media_send_restart(&v->send, now_ms);
    else
        proto_media_send_init(&v->send, v->camera->width, v->camera->height, 0, (int64_t)v->kbps * 1000, now_ms);
    v->met = true;
    err = client_camera_start(v->camera, now_ms, why);
    if (err != PROTO_OK)
        client_video_stop(v);
    return err;
}

void client_video_stop(struct client_video *v)
{
    if (!v)
        return;
    if (!v->photo_wanted)
        client_camera_stop(v->camera);
    client_encoder_free(v->encoder);
    v->encoder = NULL;
}

void client_video_want_key(struct client_video *v)
{
    if (v && v->met)
        proto_media_send_want_key(&v->send);
}

int64_t client_video_deadline(const struct client_video *v, int64_t now_ms)
{
    if (!v || (!v->encoder && !v->photo_wanted))
        return PROTO_NEVER;
    return v->camera->fd >= 0 ? proto_earlier(v->camera->deadline_ms, now_ms + CAMERA_ASK_MS) : v->camera->deadline_ms;
}

static size_t picture_bytes(int width, int height)
{
    size_t w = (size_t)width, h = (size_t)height;

    return w * h + 2 * ((w + 1) / 2) * ((h + 1) / 2);
}

/* The picture at the size that is sent; false: no memory. */
static bool scale(struct client_video *v, const struct client_frame *from, struct client_frame *to)
{
    int w = v->send.plan.width, h = v->send.plan.height;

    *to = *from;
    if (w == from->width && h == from->height)
        return true;
    if (!v->small && !(v->small = malloc(picture_bytes(v->camera->width, v->camera->height))))
        return false;
    uint8_t *plane[3] = {v->small, v->small + w * h, v->small + w * h + (w / 2) * (h / 2)};
    to->width = w;
    to->height = h;
    for (int p = 0; p < 3; p++) {
        to->plane[p] = plane[p];
        to->stride[p] = p ? w / 2 : w;
    }
    return I420Scale(from->plane[0], from->stride[0], from->plane[1], from->stride[1], from->plane[2], from->stride[2],
                     from->width, from->height, plane[0], w, plane[1], w / 2, plane[2], w / 2, w, h, kFilterBox) == 0;
}

/* libvpx starves when its rate rises by more than a tenth at once; down it follows at once. */
static enum proto_err aim(struct client_video *v)
{
    int now = client_encoder_kbps(v->encoder), want = (int)(v->send.plan.bps / 1000);
    enum proto_err err;

    if (want > now + now / 10 + 1)
        want = now + now / 10 + 1;
    want = want < CLIENT_ENCODER_KBPS_MIN ? CLIENT_ENCODER_KBPS_MIN : want;
    err = client_encoder_set_kbps(v->encoder, want > CLIENT_ENCODER_KBPS_MAX ? CLIENT_ENCODER_KBPS_MAX : want);
    if (err == PROTO_OK)
        err = client_encoder_set_sharp(v->encoder, v->send.plan.stills);
    if (err == PROTO_OK)
        err = client_encoder_set_size(v->encoder, v->send.plan.width, v->send.plan.height);
    return err;
}

/* What became of a picture of the camera here. `obj` 0: it did not leave. */
static void tell_stats(const struct client_video *v, int64_t captured_ms, uint32_t obj,
                       const struct client_packet *packet, const char *outcome, int64_t sent_ms)
{
    if (!v->stats)
        return;
    fprintf(v->stats, "{\"captured_ms\":%" PRId64 ",", captured_ms);
    if (obj)
        fprintf(v->stats, "\"obj\":%" PRIu32 ",\"layer\":%d,\"bytes\":%zu,\"sent_ms\":%" PRId64 ",", obj, packet->tid,
                packet->len, sent_ms);
    fprintf(v->stats, "\"outcome\":\"%s\"}\n", outcome);
}

static void push(struct client_video *v, struct proto_session *session, const struct client_packet *packet,
                 struct proto_now now)
{
    const struct proto_frame frame = {.bytes = packet->bytes,
                                      .len = packet->len,
                                      .key = packet->key,
                                      .discardable = packet->discardable,
                                      .tid = packet->tid,
                                      .capture_mono_ms = packet->capture_ms};

    if (proto_session_push_frame(session, PROTO_CAPABILITY_CAMERA, &frame, now) != PROTO_OK) {
        proto_media_send_failed(&v->send); /* an encoded picture that nobody will get: the chain is broken */
        v->figures.skipped++;
        tell_stats(v, packet->capture_ms, 0, NULL, "not-sealed", 0);
        return;
    }
    uint32_t obj = proto_session_last_object(session, PROTO_CAPABILITY_CAMERA);
    /* Not `now`, which was before it was encoded: what a large picture takes there is no queue on the line. */
    int64_t sent_ms = host_now().mono_ms;
    v->figures.pictures++;
    v->figures.bytes += packet->len;
    tell_stats(v, packet->capture_ms, obj, packet, "sent", sent_ms);
    proto_media_send_sent(&v->send, obj, (uint32_t)packet->len, packet->key, sent_ms);
}

static enum proto_err encode(struct client_video *v, const struct client_frame *raw, struct proto_media_take take,
                             struct client_packet *packet)
{
    struct client_frame masked, near, frame;
    enum proto_err err = aim(v);

    *packet = (struct client_packet){0};
    if (err != PROTO_OK)
        return err;
    if (client_mask_burn(v->mask, raw, &masked) != PROTO_OK ||
        client_zoom_apply(&v->zoom, &masked, &near) != PROTO_OK || !scale(v, &near, &frame)) {
        proto_media_send_failed(&v->send); /* no memory for the mask: no picture */
        return PROTO_OK;
    }
    err = client_encoder_encode_as(v->encoder, &frame, take.tid, take.key, packet);
    if (err == PROTO_OK && v->keep && packet->len)
        err = client_photo_take(&v->kept, &frame);
    return err;
}

/* ---- a photo ---- */

enum proto_err client_video_photo(struct client_video *v, int64_t now_ms, char why[static CLIENT_WHY_BYTES])
{
    enum proto_err err = PROTO_OK;

    client_photo_clear(&v->photo);
    v->photo_skip = 0;
    if (!v->encoder) {
        err = client_camera_start(v->camera, now_ms, why);
        v->photo_skip = v->camera->fd >= 0 ? PHOTO_SETTLE : 0;
    }
    v->photo_wanted = err == PROTO_OK;
    return err;
}

const struct client_frame *client_video_photo_taken(const struct client_video *v)
{
    return v && v->photo.frame.width ? &v->photo.frame : NULL;
}

void client_video_photo_forget(struct client_video *v)
{
    if (!v)
        return;
    client_photo_clear(&v->photo);
    v->photo_wanted = false;
    if (!v->encoder)
        client_camera_stop(v->camera);
}

static void take_photo(struct client_video *v, const struct client_frame *raw)
{
    struct client_frame masked, near;

    if (v->photo_skip-- > 0)
        return;
    v->photo_wanted = false;
    if (client_mask_burn(v->mask, raw, &masked) == PROTO_OK &&
        client_zoom_apply(&v->zoom, &masked, &near) == PROTO_OK && client_photo_take(&v->photo, &near) != PROTO_OK)
        client_photo_clear(&v->photo);
    if (!v->encoder)
        client_camera_stop(v->camera);
}

float client_video_zoom(struct client_video *v, float factor)
{
    v->zoom.factor = factor < 1 ? 1 : factor < CLIENT_ZOOM_MAX ? factor : CLIENT_ZOOM_MAX;
    return v->zoom.factor;
}

/* ---- the picture ---- */

enum proto_err client_video_tick(struct client_video *v, struct proto_session *session, struct proto_now now,
                                 char why[static CLIENT_WHY_BYTES])
{
    struct client_frame raw;
    struct client_packet packet;
    enum client_camera_event event;

    if (!v || (!v->encoder && !v->photo_wanted))
        return PROTO_OK;
    event = client_camera_next(v->camera, now.mono_ms, &raw, why);
    if (event == CLIENT_CAMERA_LOST) {
        v->photo_wanted = false;
        client_video_stop(v);
        return PROTO_ERR_IO;
    }
    if (event == CLIENT_CAMERA_FRAME && v->photo_wanted)
        take_photo(v, &raw);
    if (!v->encoder || event == CLIENT_CAMERA_NOTHING || !proto_session_may_send(session, PROTO_CAPABILITY_CAMERA))
        return PROTO_OK;
    struct proto_media_take take = proto_media_send_take(&v->send, now.mono_ms);
    if (!take.take) {
        v->figures.skipped++;
        tell_stats(v, raw.capture_ms, 0, NULL, "left-out", 0);
        return PROTO_OK;
    }
    if (encode(v, &raw, take, &packet) != PROTO_OK) {
        snprintf(why, CLIENT_WHY_BYTES, "%s: the encoder refused a picture; start the camera again", v->camera->name);
        client_video_stop(v);
        return PROTO_ERR_IO;
    }
    if (packet.len)
        push(v, session, &packet, now);
    return PROTO_OK;
}

void client_video_acked(struct client_video *v, const handhold_MediaAck *ack, int64_t now_ms)
{
    for (pb_size_t i = 0; v && v->encoder && i < ack->obj_count; i++)
        proto_media_send_acked(&v->send, ack->obj[i], ack->arrival_ms[i], now_ms);
}

void client_video_queued(struct client_video *v, uint32_t queued_ms, uint32_t dropped, int64_t now_ms)
{
    if (v && v->encoder)
        proto_media_send_queued(&v->send, queued_ms, dropped, now_ms);
}

void client_video_figures(const struct client_video *v, struct client_video_figures *out)
{
    *out = (struct client_video_figures){0};
    if (!v)
        return;
    *out = v->figures;
    out->left_out = v->figures.skipped;
    out->skipped += v->camera->skipped;
    if (!v->encoder)
        return;
    out->kbps = (int)(v->send.rate.bps / 1000);
    out->width = v->send.plan.width;
    out->height = v->send.plan.height;
    out->quality = proto_media_send_quality(&v->send);
}

bool client_video_keeps_stats(struct client_video *v)
{
    if (!v || !v->stats || (fflush(v->stats) == 0 && !ferror(v->stats)))
        return true;
    fclose(v->stats);
    v->stats = NULL;
    return false;
}

struct client_frame client_video_kept(const struct client_video *v)
{
    return v ? v->kept.frame : (struct client_frame){0};
}

void client_video_free(struct client_video *v)
{
    if (!v)
        return;
    v->photo_wanted = false;
    client_video_stop(v);
    client_camera_free(v->camera);
    client_zoom_clear(&v->zoom);
    client_photo_clear(&v->photo);
    client_photo_clear(&v->kept);
    if (v->stats)
        fclose(v->stats);
    free(v->small);
    free(v);
}
