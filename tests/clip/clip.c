/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/clip/clip.h"

#include "tests/clip/marker.h"
#include "tests/clip/scene.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN 1.14f        /* the scene is so much larger than the picture, for the sway */
#define NOISE_LEN (1 << 16) /* samples of sensor noise, used from a random place for each row */
#define NOISE_SIGMA 1.4f    /* luma steps: a phone indoors */
#define HURRY 2             /* so many times as fast, and the noise */

struct clip {
    int width, height, fps;
    uint32_t seed;
    int scene_w, scene_h; /* even */
    uint8_t *plane[3];    /* owned: the scene as I420 */
    int8_t *noise;        /* owned */
    unsigned lit;         /* LEDs as painted now */
    int haste;            /* 1, or HURRY */
};

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* -- the scene -- */

static uint8_t to_byte(float v)
{
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5f);
}

static struct scene_colour point(const struct clip *c, float px, float py)
{
    float unit = 16.0f / (float)c->width;

    return scene_at((px - (float)c->scene_w / 2) * unit, (py - (float)c->scene_h / 2) * unit, unit, c->seed, c->lit);
}

/* Paints a part of the scene (even pixels), BT.601 in the narrow range as cameras give it. */
static void paint(struct clip *c, int x0, int y0, int x1, int y1)
{
    for (int y = y0; y < y1; y += 2)
        for (int x = x0; x < x1; x += 2) {
            struct scene_colour mean = {0, 0, 0};

            for (int i = 0; i < 4; i++) {
                int px = x + (i & 1), py = y + (i >> 1);
                struct scene_colour k = point(c, (float)px + 0.5f, (float)py + 0.5f);

                c->plane[0][(size_t)py * (size_t)c->scene_w + (size_t)px] =
                    to_byte(16 + 219 * (0.299f * k.r + 0.587f * k.g + 0.114f * k.b));
                mean.r += k.r / 4;
                mean.g += k.g / 4;
                mean.b += k.b / 4;
            }
            size_t at = (size_t)(y / 2) * (size_t)(c->scene_w / 2) + (size_t)(x / 2);

            c->plane[1][at] = to_byte(128 + 224 * (-0.169f * mean.r - 0.331f * mean.g + 0.5f * mean.b));
            c->plane[2][at] = to_byte(128 + 224 * (0.5f * mean.r - 0.419f * mean.g - 0.081f * mean.b));
        }
}

/* Which LEDs are on: power always, the network flickers, the line blinks slowly, the fault is on for a second in four.
 */
static unsigned lit_at(const struct clip *c, uint32_t number)
{
    float t = (float)number / (float)c->fps;
    uint32_t tick = (uint32_t)(t * 12) * 2654435761u + c->seed;

    return 1u | (unsigned)((tick ^ tick >> 15) & 1) << 1 | (unsigned)((tick >> 9 ^ tick >> 21) & 1) << 2 |
           (unsigned)(fmodf(t, 1.0f) < 0.5f) << 3 | (unsigned)(fmodf(t, 4.0f) > 3.0f) << 4;
}

static void set_leds(struct clip *c, unsigned lit)
{
    float pixels = (float)c->width / 16;
    unsigned changed = lit ^ c->lit;

    c->lit = lit;
    for (int i = 0; i < SCENE_LEDS; i++) {
        const struct scene_led *led = &scene_leds[i];
        int reach = ((int)(8 * led->radius * pixels) + 4) & ~1;
        int x = ((int)(led->x * pixels) + c->scene_w / 2) & ~1, y = ((int)(led->y * pixels) + c->scene_h / 2) & ~1;

        if (changed >> i & 1)
            paint(c, x - reach < 0 ? 0 : x - reach, y - reach < 0 ? 0 : y - reach,
                  x + reach > c->scene_w ? c->scene_w : x + reach, y + reach > c->scene_h ? c->scene_h : y + reach);
    }
}

/* -- the camera -- */

struct pose { /* from a pixel of the picture to a point of the scene, 16.16 fixed point */
    int32_t x, y, x_per_column, y_per_column;
    int light; /* 256: as painted */
};

/* A hand: slow drift of the body, breathing, and a fine tremor. */
static struct pose pose_at(const struct clip *c, uint32_t number, int divide)
{
    float t = (float)c->haste * (float)number / (float)c->fps, p = (float)(c->seed % 628) / 100,
          w = (float)c->width / (float)divide;
    float h = (float)c->height / (float)divide, sx = (float)(c->scene_w / divide), sy = (float)(c->scene_h / divide);
    float dx = w * (0.020f * sinf(0.9f * t + p) + 0.008f * sinf(2.3f * t + 2 * p) + 0.0012f * sinf(21 * t));
    float dy = w * (0.013f * sinf(0.7f * t + 3 * p) + 0.006f * sinf(1.7f * t) + 0.0012f * sinf(24 * t + 1));
    float turn = 0.011f * sinf(0.6f * t + p), zoom = 1 + 0.015f * sinf(0.45f * t + 2 * p);
    float a = zoom * cosf(turn), b = zoom * sinf(turn);

    return (struct pose){(int32_t)(65536 * (sx / 2 + dx - a * w / 2 + b * h / 2)),
                         (int32_t)(65536 * (sy / 2 + dy - b * w / 2 - a * h / 2)), (int32_t)(65536 * a),
                         (int32_t)(65536 * b),
                         (int)(256 * (1 + 0.05f * sinf(0.35f * t + p) + 0.012f * sinf(1.9f * t)))};
}

static int bounded(int v, int most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

/* One row of one plane, bilinear. The scene's edge repeats outwards, though the sway does not reach it. */
static void cut_row(const uint8_t *scene, int scene_w, int scene_h, int32_t x, int32_t y, const struct pose *p,
                    int width, uint8_t *out)
{
    for (int i = 0; i < width; i++, x += p->x_per_column, y += p->y_per_column) {
        int ix = bounded(x >> 16, scene_w - 2), iy = bounded(y >> 16, scene_h - 2);
        int fx = x >> 8 & 0xff, fy = y >> 8 & 0xff;
        const uint8_t *at = scene + (size_t)iy * (size_t)scene_w + (size_t)ix;
        int top = at[0] * (256 - fx) + at[1] * fx, low = at[scene_w] * (256 - fx) + at[scene_w + 1] * fx;

        out[i] = (uint8_t)((top * (256 - fy) + low * fy + 32768) >> 16);
    }
}

static void light_row(uint8_t *row, int width, int light, int base, const int8_t *noise)
{
    for (int i = 0; i < width; i++) {
        int v = base + ((row[i] - base) * light >> 8) + noise[i];

        row[i] = (uint8_t)(v < 16 ? 16 : v > 240 ? 240 : v);
    }
}

static void cut_plane(struct clip *c, int which, uint32_t number, uint32_t *random, uint8_t *out)
{
    int divide = which ? 2 : 1, width = (c->width + divide - 1) / divide, height = (c->height + divide - 1) / divide;
    struct pose p = pose_at(c, number, divide);

    for (int row = 0; row < height; row++, out += width) {
        const int8_t *noise = c->noise + next_random(random) % (NOISE_LEN - CLIP_SIDE_MAX);

        cut_row(c->plane[which], c->scene_w / divide, c->scene_h / divide, p.x - row * p.y_per_column,
                p.y + row * p.x_per_column, &p, width, out);
        light_row(out, width, which ? 256 : p.light, which ? 128 : 16, noise);
    }
}

size_t clip_frame_bytes(const struct clip *clip)
{
    return (size_t)clip->width * (size_t)clip->height +
           2 * (size_t)((clip->width + 1) / 2) * (size_t)((clip->height + 1) / 2);
}

void clip_frame(struct clip *clip, uint32_t number, uint8_t *out)
{
    size_t y_bytes = (size_t)clip->width * (size_t)clip->height, c_bytes = (clip_frame_bytes(clip) - y_bytes) / 2;
    uint32_t random = (clip->seed ^ number * 2654435761u) | 1;

    set_leds(clip, lit_at(clip, number));
    cut_plane(clip, 0, number, &random, out);
    cut_plane(clip, 1, number, &random, out + y_bytes);
    cut_plane(clip, 2, number, &random, out + y_bytes + c_bytes);
    clip_marker_write(out, clip->width, clip->width, clip->height, (uint16_t)number);
}

/* -- birth and end -- */

static void fill_noise(int8_t *noise, uint32_t seed, float sigma)
{
    uint32_t random = seed | 1;

    for (int i = 0; i < NOISE_LEN; i++) {
        float sum = 0; /* of twelve uniform numbers: normal enough */

        for (int k = 0; k < 12; k++)
            sum += (float)(next_random(&random) & 0xffff) / 65535.0f;
        noise[i] = (int8_t)lrintf((sum - 6) * sigma);
    }
}

struct clip *clip_new(int width, int height, int fps, uint32_t seed)
{
    struct clip *c;
    size_t pixels;

    if (width < CLIP_SIDE_MIN || width > CLIP_SIDE_MAX || height < CLIP_SIDE_MIN || height > CLIP_SIDE_MAX || fps < 1 ||
        fps > 120)
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct clip){.width = width, .height = height, .fps = fps, .seed = seed, .haste = 1};
    c->scene_w = (int)((float)width * MARGIN + 3) & ~1;
    c->scene_h = (int)((float)height * MARGIN + 3) & ~1;
    pixels = (size_t)c->scene_w * (size_t)c->scene_h;
    c->plane[0] = malloc(pixels + pixels / 2);
    c->noise = malloc(NOISE_LEN);
    if (!c->plane[0] || !c->noise) {
        clip_free(c);
        return NULL;
    }
    c->plane[1] = c->plane[0] + pixels;
    c->plane[2] = c->plane[1] + pixels / 4;
    fill_noise(c->noise, seed, NOISE_SIGMA);
    c->lit = lit_at(c, 0);
    paint(c, 0, 0, c->scene_w, c->scene_h);
    return c;
}

void clip_hurry(struct clip *c)
{
    c->haste = HURRY;
    fill_noise(c->noise, c->seed, HURRY * NOISE_SIGMA);
}

void clip_free(struct clip *clip)
{
    if (!clip)
        return;
    free(clip->plane[0]);
    free(clip->noise);
    free(clip);
}
