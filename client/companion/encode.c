/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/encode.h"

#include <stdlib.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#define ONLY_LAST (VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF)
#define KEEP_ALL (VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY)

/* The pattern. LAST always holds the newest picture of layer 0, and is all that any picture refers to. */
static const struct step {
    uint8_t tid;
    vpx_enc_frame_flags_t flags;
} steps[] = {
    {0, ONLY_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF},
    {2, ONLY_LAST | KEEP_ALL},
    {1, ONLY_LAST | KEEP_ALL},
    {2, ONLY_LAST | KEEP_ALL},
};
#define STEPS (sizeof steps / sizeof *steps)

/* Share of the rate that the layers up to this one have together, in percent. */
static const unsigned share[CLIENT_ENCODER_LAYERS] = {40, 60, 100};

/* The settings that do not depend on the picture. */
static const struct setting {
    int control;
    int value;
} settings[] = {
    {VP8E_SET_CPUUSED, -6},         /* 5-7 ms a picture at 720p on the kind of machine this was measured on */
    {VP8E_SET_STATIC_THRESHOLD, 1}, /* a table that does not move costs no bits */
    {VP8E_SET_NOISE_SENSITIVITY, 0},
    {VP8E_SET_TOKEN_PARTITIONS, 0},
};

struct client_encoder {
    vpx_codec_ctx_t codec;
    vpx_codec_enc_cfg_t config;
    int64_t pts;
    size_t step;
    bool want_key; /* a key frame was asked for and has not come out yet */
};

int client_encoder_default_kbps(int width, int height)
{
    int64_t kbps = (int64_t)1500 * width * height / (1280 * 720);

    return kbps < 150 ? 150 : kbps > 6000 ? 6000 : (int)kbps;
}

static void set_rate(vpx_codec_enc_cfg_t *c, int kbps)
{
    c->rc_target_bitrate = (unsigned)kbps;
    for (size_t i = 0; i < CLIENT_ENCODER_LAYERS; i++)
        c->ts_target_bitrate[i] = (unsigned)kbps * share[i] / 100;
}

static void set_config(vpx_codec_enc_cfg_t *c, int width, int height, int fps, int kbps)
{
    static const unsigned decimator[CLIENT_ENCODER_LAYERS] = {4, 2, 1};

    c->g_w = (unsigned)width;
    c->g_h = (unsigned)height;
    c->g_timebase.num = 1;
    c->g_timebase.den = fps;
    c->g_threads = 1;
    c->g_lag_in_frames = 0;
    c->g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT; /* without it layer 0 alone drifts to nothing */
    c->rc_end_usage = VPX_CBR;
    c->rc_min_quantizer = 2;
    c->rc_max_quantizer = 52;
    c->rc_buf_sz = 300;
    c->rc_buf_initial_sz = 200;
    c->rc_buf_optimal_sz = 250;
    c->rc_undershoot_pct = 100;
    c->rc_overshoot_pct = 15;
    c->rc_dropframe_thresh = 0;
    c->kf_mode = VPX_KF_DISABLED; /* on demand only: each costs a quarter of a second of the line */
    c->ts_number_layers = CLIENT_ENCODER_LAYERS;
    c->ts_periodicity = STEPS;
    for (size_t i = 0; i < CLIENT_ENCODER_LAYERS; i++)
        c->ts_rate_decimator[i] = decimator[i];
    for (size_t i = 0; i < STEPS; i++)
        c->ts_layer_id[i] = steps[i].tid;
    set_rate(c, kbps);
}

static bool in_bounds(int width, int height, int fps, int kbps)
{
    return width >= CLIENT_PICTURE_MIN && width <= CLIENT_PICTURE_MAX && height >= CLIENT_PICTURE_MIN &&
           height <= CLIENT_PICTURE_MAX && fps >= 1 && fps <= 120 && kbps >= CLIENT_ENCODER_KBPS_MIN &&
           kbps <= CLIENT_ENCODER_KBPS_MAX;
}

enum proto_err client_encoder_new(struct client_encoder **out, int width, int height, int fps, int kbps)
{
    struct client_encoder *e;

    *out = NULL;
    if (kbps == 0)
        kbps = client_encoder_default_kbps(width, height);
    if (!in_bounds(width, height, fps, kbps))
        return PROTO_ERR_RANGE;
    e = calloc(1, sizeof *e);
    if (!e)
        return PROTO_ERR_NOMEM;
    if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &e->config, 0) != VPX_CODEC_OK)
        goto fail;
    set_config(&e->config, width, height, fps, kbps);
    if (vpx_codec_enc_init(&e->codec, vpx_codec_vp8_cx(), &e->config, 0) != VPX_CODEC_OK)
        goto fail;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (vpx_codec_control_(&e->codec, settings[i].control, settings[i].value) != VPX_CODEC_OK) {
            vpx_codec_destroy(&e->codec);
            goto fail;
        }
    *out = e;
    return PROTO_OK;
fail:
    free(e);
    return PROTO_ERR_NOMEM;
}

static vpx_image_t wrap(const struct client_frame *frame)
{
    vpx_image_t image;

    /* libvpx wants one block of memory here and only reads it; planes and strides are then set to the real ones. */
    vpx_img_wrap(&image, VPX_IMG_FMT_I420, (unsigned)frame->width, (unsigned)frame->height, 1,
                 (uint8_t *)(uintptr_t)frame->plane[0]);
    for (int i = 0; i < 3; i++) {
        image.planes[i] = (uint8_t *)(uintptr_t)frame->plane[i];
        image.stride[i] = frame->stride[i];
    }
    return image;
}

enum proto_err client_encoder_encode(struct client_encoder *encoder, const struct client_frame *frame, bool force_key,
                                     struct client_packet *packet)
{
    vpx_codec_iter_t at = NULL;
    const vpx_codec_cx_pkt_t *out;
    const struct step *step;
    vpx_enc_frame_flags_t flags;
    vpx_image_t image;

    *packet = (struct client_packet){0};
    if (frame->width != (int)encoder->config.g_w || frame->height != (int)encoder->config.g_h)
        return PROTO_ERR_RANGE;
    if (force_key || encoder->pts == 0)
        encoder->want_key = true;
    if (encoder->want_key)
        encoder->step = 0; /* a key frame is layer 0 */
    step = &steps[encoder->step];
    flags = encoder->want_key ? VPX_EFLAG_FORCE_KF : step->flags;
    image = wrap(frame);
    if (vpx_codec_control(&encoder->codec, VP8E_SET_TEMPORAL_LAYER_ID, (int)step->tid) != VPX_CODEC_OK ||
        vpx_codec_encode(&encoder->codec, &image, encoder->pts, 1, flags, VPX_DL_REALTIME) != VPX_CODEC_OK)
        return PROTO_ERR_IO;
    encoder->pts++;
    encoder->step = (encoder->step + 1) % STEPS;
    packet->tid = step->tid;
    packet->discardable = step->tid > 0;
    packet->width = frame->width;
    packet->height = frame->height;
    packet->capture_ms = frame->capture_ms;
    while ((out = vpx_codec_get_cx_data(&encoder->codec, &at)))
        if (out->kind == VPX_CODEC_CX_FRAME_PKT) {
            packet->bytes = out->data.frame.buf;
            packet->len = out->data.frame.sz;
            packet->key = out->data.frame.flags & VPX_FRAME_IS_KEY;
        }
    if (packet->key)
        encoder->want_key = false;
    return PROTO_OK;
}

enum proto_err client_encoder_set_kbps(struct client_encoder *encoder, int kbps)
{
    if (kbps < CLIENT_ENCODER_KBPS_MIN || kbps > CLIENT_ENCODER_KBPS_MAX)
        return PROTO_ERR_RANGE;
    set_rate(&encoder->config, kbps);
    return vpx_codec_enc_config_set(&encoder->codec, &encoder->config) == VPX_CODEC_OK ? PROTO_OK : PROTO_ERR_IO;
}

int client_encoder_kbps(const struct client_encoder *encoder)
{
    return (int)encoder->config.rc_target_bitrate;
}

void client_encoder_free(struct client_encoder *encoder)
{
    if (!encoder)
        return;
    vpx_codec_destroy(&encoder->codec);
    free(encoder);
}
