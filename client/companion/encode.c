/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/encode.h"

#include <stdlib.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#define ONLY_LAST (VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF)
#define KEEP_ALL (VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY)

/* The pattern. LAST always holds the newest picture of layer 0, and is all that any picture refers to. */
static const struct {
    uint8_t tid;
} steps[] = {{0}, {2}, {1}, {2}};
/* By layer, for those who name it. */
static const vpx_enc_frame_flags_t flags_of[CLIENT_ENCODER_LAYERS] = {
    ONLY_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF, ONLY_LAST | KEEP_ALL, ONLY_LAST | KEEP_ALL};
#define STEPS (sizeof steps / sizeof *steps)

/*
 * Share of the rate that the layers up to this one have together, in percent. More for layer 0 is a little sharper
 * where bits are scarce (0.2 dB at 1.5 Mbit/s), but its pictures are the largest, and what one of them takes on the
 * line is what a voice waits for: the most where a wide line falls to an eighth. Where bits abound all have about the
 * same size, the largest 18 kB instead of 27 at 3.2 Mbit/s, for the same sharpness.
 */
static const struct shares {
    int from_kbps;
    unsigned percent[CLIENT_ENCODER_LAYERS];
} shares[] = {{0, {34, 55, 100}}, {2500, {25, 50, 100}}};
#define SHARES (sizeof shares / sizeof *shares)

/*
 * libvpx's haste, as it counts. Measured on the clip at 854 x 480: the greater one takes a third of the time off, and
 * costs 0.15 dB where there are bits enough for nearly everything (2.9 Mbit/s), but 0.3 dB where they are scarce.
 */
enum { SPEED = -8, SPEED_WITH_BITS = -10, BITS_PER_100_PIXELS = 15 };

/* The settings that do not depend on the picture. */
static const struct setting {
    int control;
    int value;
} settings[] = {
    {VP8E_SET_CPUUSED, SPEED},
    {VP8E_SET_STATIC_THRESHOLD, 1}, /* a table that does not move costs no bits */
    {VP8E_SET_NOISE_SENSITIVITY, 0},
    {VP8E_SET_TOKEN_PARTITIONS, 0},
};

/* A still is a key frame: at this quantiser print is readable, and one of 640 x 360 has 8 to 15 kB. */
/*
 * Below MIN_QUANTIZER nobody sees a difference, but bits that a table at rest has no use for are saved up and then
 * spent on one picture of 170 kB: a sixth of a second of a line of 8 Mbit/s.
 */
enum { MIN_QUANTIZER = 7, MAX_QUANTIZER = 52, SHARP_QUANTIZER = 28, SHARP_KBPS = 1500 };

struct client_encoder {
    vpx_codec_ctx_t codec;
    vpx_codec_enc_cfg_t config;
    int64_t pts;
    size_t step;
    bool want_key; /* a key frame was asked for and has not come out yet */
    bool sharp;
    int max_width, max_height; /* what libvpx made room for */
    int kbps;                  /* asked for; a sharp picture is not held to it */
    int speed;
};

int client_encoder_default_kbps(int width, int height)
{
    int64_t kbps = (int64_t)1500 * width * height / (1280 * 720);

    return kbps < 150 ? 150 : kbps > 6000 ? 6000 : (int)kbps;
}

static void set_rate(vpx_codec_enc_cfg_t *c, int kbps)
{
    size_t row = SHARES - 1;

    while (row && kbps < shares[row].from_kbps)
        row--;
    c->rc_target_bitrate = (unsigned)kbps;
    for (size_t i = 0; i < CLIENT_ENCODER_LAYERS; i++)
        c->ts_target_bitrate[i] = (unsigned)kbps * shares[row].percent[i] / 100;
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
    c->rc_min_quantizer = MIN_QUANTIZER;
    c->rc_max_quantizer = MAX_QUANTIZER;
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
    e->max_width = width;
    e->max_height = height;
    e->kbps = kbps;
    e->speed = SPEED;
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
    if (force_key || encoder->want_key)
        encoder->step = 0; /* a key frame is layer 0 */
    uint8_t tid = steps[encoder->step].tid;
    encoder->step = (encoder->step + 1) % STEPS;
    return client_encoder_encode_as(encoder, frame, tid, force_key, packet);
}

enum proto_err client_encoder_encode_as(struct client_encoder *encoder, const struct client_frame *frame, uint8_t tid,
                                        bool force_key, struct client_packet *packet)
{
    vpx_codec_iter_t at = NULL;
    const vpx_codec_cx_pkt_t *out;
    vpx_enc_frame_flags_t flags;
    vpx_image_t image;

    *packet = (struct client_packet){0};
    if (frame->width != (int)encoder->config.g_w || frame->height != (int)encoder->config.g_h ||
        tid >= CLIENT_ENCODER_LAYERS)
        return PROTO_ERR_RANGE;
    if (force_key || encoder->pts == 0)
        encoder->want_key = true;
    if (encoder->want_key)
        tid = 0;
    flags = encoder->want_key ? VPX_EFLAG_FORCE_KF : flags_of[tid];
    image = wrap(frame);
    if (vpx_codec_control(&encoder->codec, VP8E_SET_TEMPORAL_LAYER_ID, (int)tid) != VPX_CODEC_OK ||
        vpx_codec_encode(&encoder->codec, &image, encoder->pts, 1, flags, VPX_DL_REALTIME) != VPX_CODEC_OK)
        return PROTO_ERR_IO;
    encoder->pts++;
    packet->tid = tid;
    packet->discardable = tid > 0;
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

static int speed_for(const struct client_encoder *e)
{
    int64_t pixels_a_second = (int64_t)e->config.g_w * e->config.g_h * e->config.g_timebase.den;

    return (int64_t)e->kbps * 1000 * 100 >= pixels_a_second * BITS_PER_100_PIXELS ? SPEED_WITH_BITS : SPEED;
}

static enum proto_err apply(struct client_encoder *encoder)
{
    int speed = speed_for(encoder);

    set_rate(&encoder->config, encoder->sharp ? SHARP_KBPS : encoder->kbps);
    encoder->config.rc_max_quantizer = encoder->sharp ? SHARP_QUANTIZER : MAX_QUANTIZER;
    if (vpx_codec_enc_config_set(&encoder->codec, &encoder->config) != VPX_CODEC_OK ||
        (speed != encoder->speed && vpx_codec_control(&encoder->codec, VP8E_SET_CPUUSED, speed) != VPX_CODEC_OK))
        return PROTO_ERR_IO;
    encoder->speed = speed;
    return PROTO_OK;
}

enum proto_err client_encoder_set_kbps(struct client_encoder *encoder, int kbps)
{
    if (kbps < CLIENT_ENCODER_KBPS_MIN || kbps > CLIENT_ENCODER_KBPS_MAX)
        return PROTO_ERR_RANGE;
    if (kbps == encoder->kbps)
        return PROTO_OK;
    encoder->kbps = kbps;
    return apply(encoder);
}

enum proto_err client_encoder_set_size(struct client_encoder *encoder, int width, int height)
{
    if (width == (int)encoder->config.g_w && height == (int)encoder->config.g_h)
        return PROTO_OK;
    if (width < CLIENT_PICTURE_MIN || height < CLIENT_PICTURE_MIN || width > encoder->max_width ||
        height > encoder->max_height || width % 2 || height % 2)
        return PROTO_ERR_RANGE;
    encoder->config.g_w = (unsigned)width;
    encoder->config.g_h = (unsigned)height;
    encoder->want_key = true;
    return apply(encoder);
}

enum proto_err client_encoder_set_sharp(struct client_encoder *encoder, bool sharp)
{
    if (sharp == encoder->sharp)
        return PROTO_OK;
    encoder->sharp = sharp;
    return apply(encoder);
}

int client_encoder_kbps(const struct client_encoder *encoder)
{
    return encoder->kbps;
}

void client_encoder_free(struct client_encoder *encoder)
{
    if (!encoder)
        return;
    vpx_codec_destroy(&encoder->codec);
    free(encoder);
}
