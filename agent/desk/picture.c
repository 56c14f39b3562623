/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/picture.h"

#include <stdlib.h>
#include <string.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#define RECENT 256               /* packets of the last second: more than any camera sends */
#define LATENCY_BUCKETS 8192     /* one a millisecond; the last takes everything above */
#define PACKET_MAX (4u << 20)    /* bytes; far above a key frame of the largest picture at the largest rate */
#define PIXELS_MAX (4096 * 2304) /* bounds what one key frame can make the decoder allocate */

struct arrival {
    int64_t at_ms;
    uint32_t bytes;
    int32_t latency_ms; /* -1: not known */
    bool shown, broken, skipped;
};

struct agent_desk_picture {
    vpx_codec_ctx_t codec;
    bool codec_open, needs_key;
    uint8_t *pixels; /* owned: the last picture */
    size_t pixels_bytes;
    int width, height;
    /* figures */
    struct arrival recent[RECENT];
    uint64_t arrivals; /* recent[(arrivals - 1) % RECENT] is the newest */
    int64_t first_ms, last_ms;
    uint64_t frames, timed, bytes, broken, skipped; /* timed: frames whose latency is known */
    uint32_t latency[LATENCY_BUCKETS];
    int64_t latency_max_ms;
};

enum proto_err agent_desk_picture_new(struct agent_desk_picture **out)
{
    struct agent_desk_picture *p = calloc(1, sizeof *p);

    *out = NULL;
    if (!p)
        return PROTO_ERR_NOMEM;
    p->needs_key = true;
    *out = p;
    return PROTO_OK;
}

/* -- decoding -- */

static void close_codec(struct agent_desk_picture *p)
{
    if (p->codec_open)
        vpx_codec_destroy(&p->codec);
    p->codec_open = false;
}

/* A new decoder for each key frame after a loss: nothing of what a broken packet left behind is ever used. */
static bool open_codec(struct agent_desk_picture *p)
{
    vpx_codec_dec_cfg_t config = {.threads = 1};

    close_codec(p);
    p->codec_open = vpx_codec_dec_init(&p->codec, vpx_codec_vp8_dx(), &config, 0) == VPX_CODEC_OK;
    return p->codec_open;
}

enum packet_kind { PACKET_KEY, PACKET_DELTA, PACKET_BROKEN };

/* RFC 6386 §9.1: bit 0 of the first byte is 0 for a key frame, which then has a start code and 14 bits for each side.
 */
static enum packet_kind look(const uint8_t *bytes, size_t len)
{
    int width, height;

    if (len < 4 || len > PACKET_MAX)
        return PACKET_BROKEN;
    if (bytes[0] & 1)
        return PACKET_DELTA;
    if (len < 10 || bytes[3] != 0x9d || bytes[4] != 0x01 || bytes[5] != 0x2a)
        return PACKET_BROKEN;
    width = (bytes[6] | bytes[7] << 8) & 0x3fff;
    height = (bytes[8] | bytes[9] << 8) & 0x3fff;
    if (width < AGENT_DESK_PICTURE_MIN || width > AGENT_DESK_PICTURE_MAX || height < AGENT_DESK_PICTURE_MIN ||
        height > AGENT_DESK_PICTURE_MAX || width * height > PIXELS_MAX)
        return PACKET_BROKEN;
    return PACKET_KEY;
}

static void copy_plane(uint8_t *to, int to_stride, const uint8_t *from, int from_stride, int width, int height)
{
    for (int row = 0; row < height; row++)
        memcpy(to + (size_t)row * (size_t)to_stride, from + (ptrdiff_t)row * from_stride, (size_t)width);
}

/* Copied out of the decoder: the last picture outlives it. 1.4 MB at 720p, a tenth of a millisecond. */
static bool keep(struct agent_desk_picture *p, const vpx_image_t *image)
{
    int w = (int)image->d_w, h = (int)image->d_h, half_w = (w + 1) / 2, half_h = (h + 1) / 2;
    size_t y_bytes = (size_t)w * (size_t)h, c_bytes = (size_t)half_w * (size_t)half_h, need = y_bytes + 2 * c_bytes;

    if (image->fmt != VPX_IMG_FMT_I420 || w < 1 || h < 1 || w > AGENT_DESK_PICTURE_MAX || h > AGENT_DESK_PICTURE_MAX)
        return false;
    if (p->pixels_bytes < need) {
        uint8_t *more = malloc(need);

        if (!more)
            return false;
        if (p->pixels)
            explicit_bzero(p->pixels, p->pixels_bytes);
        free(p->pixels);
        p->pixels = more;
        p->pixels_bytes = need;
    }
    copy_plane(p->pixels, w, image->planes[0], image->stride[0], w, h);
    copy_plane(p->pixels + y_bytes, half_w, image->planes[1], image->stride[1], half_w, half_h);
    copy_plane(p->pixels + y_bytes + c_bytes, half_w, image->planes[2], image->stride[2], half_w, half_h);
    p->width = w;
    p->height = h;
    return true;
}

static bool decode(struct agent_desk_picture *p, const uint8_t *bytes, size_t len)
{
    vpx_codec_iter_t at = NULL;
    const vpx_image_t *image;
    int corrupted = 0;

    if (vpx_codec_decode(&p->codec, bytes, (unsigned)len, NULL, 0) != VPX_CODEC_OK)
        return false;
    image = vpx_codec_get_frame(&p->codec, &at);
    /* libvpx conceals a damaged packet and goes on: better to say so and get a whole picture. */
    if (vpx_codec_control(&p->codec, VP8D_GET_FRAME_CORRUPTED, &corrupted) != VPX_CODEC_OK || corrupted)
        return false;
    return image && keep(p, image);
}

/* -- figures -- */

static int32_t bucket(int32_t latency_ms)
{
    return latency_ms < LATENCY_BUCKETS ? latency_ms : LATENCY_BUCKETS - 1;
}

static void count_latency(struct agent_desk_picture *p, int32_t latency_ms)
{
    p->timed++;
    p->latency[bucket(latency_ms)]++;
    if (latency_ms > p->latency_max_ms)
        p->latency_max_ms = latency_ms;
}

static void note(struct agent_desk_picture *p, const struct arrival *a)
{
    p->recent[p->arrivals++ % RECENT] = *a;
    if (p->arrivals == 1)
        p->first_ms = a->at_ms;
    p->last_ms = a->at_ms;
    p->bytes += a->bytes;
    p->broken += a->broken;
    p->skipped += a->skipped;
    p->frames += a->shown;
    if (a->latency_ms >= 0)
        count_latency(p, a->latency_ms);
}

enum agent_desk_picture_step agent_desk_picture_feed(struct agent_desk_picture *picture, const uint8_t *bytes,
                                                     size_t len, int64_t capture_ms, int64_t now_ms)
{
    struct arrival a = {.at_ms = now_ms, .bytes = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len, .latency_ms = -1};
    enum packet_kind kind = look(bytes, len);

    if (kind == PACKET_DELTA && picture->needs_key)
        a.skipped = true;
    else if (kind == PACKET_BROKEN || (kind == PACKET_KEY && picture->needs_key && !open_codec(picture)) ||
             !decode(picture, bytes, len))
        a.broken = true;
    else
        a.shown = true;
    if (a.shown && capture_ms != AGENT_DESK_PICTURE_UNTIMED)
        a.latency_ms = now_ms - capture_ms < 0           ? 0
                       : now_ms - capture_ms > INT32_MAX ? INT32_MAX
                                                         : (int32_t)(now_ms - capture_ms);
    picture->needs_key = !a.shown;
    note(picture, &a);
    return !a.shown ? AGENT_DESK_PICTURE_NEEDS_KEY : AGENT_DESK_PICTURE_SHOWN;
}

void agent_desk_picture_took(struct agent_desk_picture *picture, int64_t decode_ms)
{
    struct arrival *a = picture->arrivals ? &picture->recent[(picture->arrivals - 1) % RECENT] : NULL;

    if (!a || a->latency_ms < 0 || decode_ms <= 0 || decode_ms > INT32_MAX - a->latency_ms)
        return;
    picture->latency[bucket(a->latency_ms)]--;
    picture->timed--;
    a->latency_ms += (int32_t)decode_ms;
    count_latency(picture, a->latency_ms);
}

void agent_desk_picture_lost(struct agent_desk_picture *picture)
{
    picture->needs_key = true;
}

bool agent_desk_picture_needs_key(const struct agent_desk_picture *picture)
{
    return picture->needs_key;
}

struct agent_desk_i420 agent_desk_picture_last(const struct agent_desk_picture *picture)
{
    int w = picture->width, h = picture->height, half_w = (w + 1) / 2;
    size_t y_bytes = (size_t)w * (size_t)h, c_bytes = (size_t)half_w * (size_t)((h + 1) / 2);

    if (!w)
        return (struct agent_desk_i420){0};
    return (struct agent_desk_i420){
        {picture->pixels, picture->pixels + y_bytes, picture->pixels + y_bytes + c_bytes}, {w, half_w, half_w}, w, h};
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

void agent_desk_picture_second(const struct agent_desk_picture *picture, int64_t now_ms,
                               struct agent_desk_picture_stats *stats)
{
    uint64_t kept = picture->arrivals < RECENT ? picture->arrivals : RECENT;
    int32_t latency[RECENT];
    size_t n = 0;

    *stats = (struct agent_desk_picture_stats){.width = picture->width,
                                               .height = picture->height,
                                               .latency_p50_ms = -1,
                                               .latency_p95_ms = -1,
                                               .latency_max_ms = -1};
    for (uint64_t i = 0; i < kept; i++) {
        const struct arrival *a = &picture->recent[(picture->arrivals - 1 - i) % RECENT];

        if (a->at_ms <= now_ms - 1000)
            break;
        stats->bytes += a->bytes;
        stats->broken += a->broken;
        stats->skipped += a->skipped;
        stats->frames += a->shown;
        if (a->latency_ms >= 0)
            latency[n++] = a->latency_ms;
    }
    stats->fps = (double)stats->frames;
    stats->kbps = (double)stats->bytes * 8 / 1000;
    if (n == 0)
        return;
    qsort(latency, n, sizeof *latency, by_value);
    stats->latency_p50_ms = latency[(n - 1) / 2];
    stats->latency_p95_ms = latency[(n * 95 + 99) / 100 - 1];
    stats->latency_max_ms = latency[n - 1];
}

/* The latency that `percent` of all timed pictures did not exceed. */
static double percentile(const struct agent_desk_picture *p, uint64_t percent)
{
    uint64_t want = (p->timed * percent + 99) / 100, seen = 0;

    for (int i = 0; i < LATENCY_BUCKETS; i++) {
        seen += p->latency[i];
        if (seen >= want)
            return i;
    }
    return LATENCY_BUCKETS - 1;
}

void agent_desk_picture_session(const struct agent_desk_picture *picture, struct agent_desk_picture_stats *stats)
{
    double seconds = (double)(picture->last_ms - picture->first_ms) / 1000;

    *stats = (struct agent_desk_picture_stats){.frames = picture->frames,
                                               .bytes = picture->bytes,
                                               .broken = picture->broken,
                                               .skipped = picture->skipped,
                                               .width = picture->width,
                                               .height = picture->height,
                                               .latency_p50_ms = -1,
                                               .latency_p95_ms = -1,
                                               .latency_max_ms = -1};
    if (seconds > 0) {
        /* n pictures span n-1 intervals */
        stats->fps = picture->frames > 1 ? (double)(picture->frames - 1) / seconds : 0;
        stats->kbps = (double)picture->bytes * 8 / 1000 / seconds;
    }
    if (picture->timed == 0)
        return;
    stats->latency_p50_ms = percentile(picture, 50);
    stats->latency_p95_ms = percentile(picture, 95);
    stats->latency_max_ms = (double)picture->latency_max_ms;
}

void agent_desk_picture_free(struct agent_desk_picture *picture)
{
    if (!picture)
        return;
    close_codec(picture);
    if (picture->pixels)
        explicit_bzero(picture->pixels, picture->pixels_bytes);
    free(picture->pixels);
    free(picture);
}
