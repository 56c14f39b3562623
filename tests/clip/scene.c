/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/clip/scene.h"

#include "tests/clip/letters.h"

#include <math.h>

#define TABLE_EDGE 0.2f /* y where wall ends and table begins */

const struct scene_led scene_leds[SCENE_LEDS] = {
    {-3.1f, 1.28f, 0.085f, {0.25f, 1.0f, 0.35f}}, {-2.6f, 1.28f, 0.085f, {0.25f, 1.0f, 0.35f}},
    {-2.1f, 1.28f, 0.085f, {0.30f, 0.65f, 1.0f}}, {-1.6f, 1.28f, 0.085f, {1.0f, 0.65f, 0.15f}},
    {-1.1f, 1.28f, 0.085f, {1.0f, 0.20f, 0.15f}},
};

/* -- tools -- */

static float clamp01(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static float smooth(float from, float to, float v)
{
    float t = clamp01((v - from) / (to - from));

    return t * t * (3 - 2 * t);
}

static struct scene_colour mix(struct scene_colour a, struct scene_colour b, float t)
{
    return (struct scene_colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static struct scene_colour scale(struct scene_colour a, float k)
{
    return (struct scene_colour){a.r * k, a.g * k, a.b * k};
}

static struct scene_colour grey(float v)
{
    return (struct scene_colour){v, v, v};
}

/* How much of a pixel a shape covers, from the signed distance to its edge. */
static float cover(float distance, float pixel)
{
    return clamp01(0.5f - distance / pixel);
}

static float box(float x, float y, float half_w, float half_h, float corner)
{
    float qx = fabsf(x) - half_w + corner, qy = fabsf(y) - half_h + corner;
    float ox = qx > 0 ? qx : 0, oy = qy > 0 ? qy : 0, inner = qx > qy ? qx : qy;

    return sqrtf(ox * ox + oy * oy) + (inner < 0 ? inner : 0) - corner;
}

static float segment(float x, float y, float ax, float ay, float bx, float by)
{
    float dx = bx - ax, dy = by - ay, t = clamp01(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy));

    return hypotf(x - ax - t * dx, y - ay - t * dy);
}

static float lattice(int x, int y, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 374761393u + (uint32_t)y * 668265263u + seed * 2246822519u;

    h = (h ^ h >> 13) * 1274126177u;
    return (float)((h ^ h >> 16) & 0xffff) / 65535.0f;
}

static float noise(float x, float y, uint32_t seed)
{
    if (!(fabsf(x) < 1e6f && fabsf(y) < 1e6f))
        return 0.5f; /* a ray along the table's plane meets it beyond every number of the lattice */
    float fx = floorf(x), fy = floorf(y), tx = smooth(0, 1, x - fx), ty = smooth(0, 1, y - fy);
    int ix = (int)fx, iy = (int)fy;
    float top = lattice(ix, iy, seed) * (1 - tx) + lattice(ix + 1, iy, seed) * tx;
    float low = lattice(ix, iy + 1, seed) * (1 - tx) + lattice(ix + 1, iy + 1, seed) * tx;

    return top * (1 - ty) + low * ty;
}

/* -- the things -- */

static struct scene_colour wall(float x, float y, uint32_t seed)
{
    static const struct scene_colour paint = {0.62f, 0.66f, 0.63f};
    float light = 1.08f - 0.045f * hypotf(x + 6, y + 5);
    float plaster = 0.03f * (noise(x * 9, y * 9, seed) - 0.5f) + 0.025f * (noise(x * 31, y * 31, seed + 1) - 0.5f);
    float skirting = smooth(TABLE_EDGE - 0.9f, TABLE_EDGE, y) * 0.1f;

    return scale(paint, light + plaster - skirting);
}

static struct scene_colour table(float x, float y, uint32_t seed)
{
    static const struct scene_colour dark = {0.40f, 0.25f, 0.14f}, pale = {0.66f, 0.46f, 0.29f};
    float depth = (y - TABLE_EDGE) / 5 + 0.25f; /* the near edge shows coarser grain */
    float bent = noise(x * 0.35f, y * 0.9f / depth, seed + 2) * 3;
    float grain = noise(x * 0.6f + bent, y * 7 / (depth + 0.4f) + bent * 2, seed + 3);
    float fine = noise(x * 3.5f, y * 44 / (depth + 0.4f), seed + 4);
    float gloss = 0.16f * expf(-((x + 4) * (x + 4) * 0.06f + (y - 1.2f) * (y - 1.2f) * 0.5f));
    struct scene_colour c = mix(dark, pale, 0.25f + 0.5f * grain + 0.25f * fine);

    return scale(c, 0.86f + 0.1f * depth + gloss);
}

static void paint_mug(struct scene_colour *c, float x, float y, float pixel)
{
    static const struct scene_colour glaze = {0.16f, 0.36f, 0.52f}, coffee = {0.16f, 0.09f, 0.05f};
    float mx = x - 5.4f, my = y - 0.55f, turn = mx / 0.95f;
    float ring = fabsf(hypotf((mx - 1.05f) * 1.05f, my) - 0.5f) - 0.12f;
    float light = 0.5f + 0.85f * smooth(-1.0f, -0.35f, turn) - 0.75f * smooth(-0.35f, 1.1f, turn);
    float shadow = hypotf((mx - 0.5f) / 1.7f, (my - 1.25f) / 0.34f);

    *c = scale(*c, 1 - 0.5f * (1 - smooth(0.35f, 1.15f, shadow)));
    *c = mix(*c, scale(glaze, 0.7f), cover(ring, pixel));
    *c = mix(*c, scale(glaze, light), cover(box(mx, my, 0.95f, 1.2f, 0.22f), pixel));
    *c = mix(*c, scale(glaze, 1.35f), cover((hypotf(mx / 0.95f, (my + 1.1f) / 0.2f) - 1) * 0.2f, pixel));
    *c = mix(*c, coffee, cover((hypotf(mx / 0.84f, (my + 1.08f) / 0.14f) - 1) * 0.14f, pixel));
}

static void paint_cable(struct scene_colour *c, float x, float y, float pixel)
{
    static const struct scene_colour sheath = {0.85f, 0.72f, 0.12f};
    float far = -3.7f, path = 1.9f + 0.55f * sinf((x + 8) * 0.9f) + 0.04f * (x + 8), d;

    if (x > far + 0.4f)
        return;
    d = fabsf(y - path) * 0.88f;
    *c = scale(*c, 1 - 0.4f * (1 - smooth(0.05f, 0.3f, fabsf(y - path - 0.14f))));
    *c = mix(*c, scale(sheath, 1.05f - 2.4f * clamp01(d) * (y > path ? 1.6f : 0.2f)), cover(d - 0.11f, pixel));
}

static void paint_body(struct scene_colour *c, float x, float y, float pixel)
{
    static const struct scene_colour shell = {0.17f, 0.18f, 0.20f}, lid = {0.27f, 0.28f, 0.31f};
    float shadow = hypotf((x - 0.3f) / 4.7f, (y - 1.85f) / 0.6f);
    float slant = 3.55f + 0.42f * (y + 0.9f); /* the lid narrows towards the back */
    float top = fabsf(x) - slant, back = -0.85f - y, front = y - 0.75f;
    float lid_edge = top > back ? (top > front ? top : front) : (back > front ? back : front);

    *c = scale(*c, 1 - 0.62f * (1 - smooth(0.55f, 1.12f, shadow)));
    for (int i = -1; i <= 1; i += 2) {
        float rod = segment(x, y, (float)i * 3.0f, -0.7f, (float)i * 3.55f, -3.6f) - 0.13f;

        *c = mix(*c, grey(0.13f + 0.1f * smooth(0.05f, -0.1f, x - (float)i * 3.3f)), cover(rod, pixel));
    }
    *c = mix(*c, scale(lid, 1.12f - 0.06f * (x + 3) + 0.12f * y), cover(lid_edge, pixel));
    for (int i = 0; i < 9; i++) /* the slots that let the warm air out */
        *c = mix(*c, grey(0.08f),
                 cover(box(x - 2.45f + (float)i * 0.16f + 0.12f * y, y + 0.2f, 0.03f, 0.36f, 0.03f), pixel));
    *c = mix(*c, scale(shell, 1.15f - 0.05f * (x + 3) - 0.18f * (y - 1)),
             cover(box(x, y - 1.28f, 4.25f, 0.6f, 0.12f), pixel));
    *c = mix(*c, grey(0.42f), cover(fabsf(y - 0.74f) - 0.02f + (fabsf(x) > 4.15f ? 1.0f : 0), pixel));
}

static float bar(float x)
{
    return lattice((int)floorf(x * 26), 7, 5) > 0.5f ? 1.0f : 0;
}

static void paint_label(struct scene_colour *c, float x, float y, float pixel)
{
    static const struct line {
        float x, y, size;
        const char *text;
    } lines[] = {
        {0.35f, 0.86f, 0.042f, "HANDHOLD HH-1200"},
        {0.35f, 1.22f, 0.030f, "S/N 4417-0082-K"},
        {0.35f, 1.48f, 0.030f, "12V 1.5A  MADE UP"},
    };
    float on = cover(box(x - 2.1f, y - 1.29f, 1.9f, 0.5f, 0.06f), pixel), ink = 0;

    if (on <= 0)
        return;
    *c = mix(*c, scale((struct scene_colour){0.93f, 0.92f, 0.88f}, 1.04f - 0.03f * x), on);
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        ink += letters_ink(lines[i].text, (x - lines[i].x) / lines[i].size, (y - lines[i].y) / lines[i].size,
                           pixel / lines[i].size);
    if (x > 2.75f && x < 3.8f && y > 1.2f && y < 1.65f)
        ink = bar(x);
    *c = mix(*c, grey(0.1f), clamp01(ink) * on);
}

static void paint_leds(struct scene_colour *c, float x, float y, float pixel, unsigned lit)
{
    for (int i = 0; i < SCENE_LEDS; i++) {
        const struct scene_led *led = &scene_leds[i];
        float d = hypotf(x - led->x, y - led->y);

        if (d > 8 * led->radius)
            continue;
        if (lit >> i & 1) {
            float glow = 0.55f * expf(-d / (1.6f * led->radius));

            *c = mix(*c, led->colour, glow);
            *c = mix(*c, mix(led->colour, grey(1), 0.55f), cover(d - led->radius, pixel));
        } else {
            *c = mix(*c, scale(led->colour, 0.22f), cover(d - led->radius, pixel));
        }
        *c = mix(*c, grey(0.6f),
                 letters_ink((const char *const[]){"PWR", "NET", "LAN", "TEL", "ERR"}[i], (x - led->x + 0.19f) / 0.022f,
                             (y - led->y - 0.2f) / 0.022f, pixel / 0.022f));
    }
}

struct scene_colour scene_at(float x, float y, float pixel, uint32_t seed, unsigned lit)
{
    struct scene_colour c = mix(wall(x, y, seed), table(x, y, seed), smooth(TABLE_EDGE - 0.03f, TABLE_EDGE + 0.03f, y));
    float corner = hypotf(x / 10, y / 6);

    paint_mug(&c, x, y, pixel);
    paint_cable(&c, x, y, pixel);
    paint_body(&c, x, y, pixel);
    paint_label(&c, x, y, pixel);
    paint_leds(&c, x, y, pixel, lit);
    return scale(c, 1.05f - 0.3f * corner * corner); /* a lens is darker in its corners */
}
