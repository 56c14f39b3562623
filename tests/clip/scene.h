/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/clip/scene.h - what the camera of the sample clip looks at: a router with its label on a wooden table.
 *
 * Painted from distances to shapes, without any file: the same seed gives the same scene in any size. Coordinates are
 * in units of which the picture is 16 wide and 9 high, from its middle; y grows downwards.
 */
#ifndef TESTS_CLIP_SCENE_H
#define TESTS_CLIP_SCENE_H

#include <stdint.h>

#define SCENE_LEDS 5

struct scene_colour {
    float r, g, b; /* 0..1 */
};

struct scene_led {
    float x, y, radius;
    struct scene_colour colour;
};
extern const struct scene_led scene_leds[SCENE_LEDS];

/** The colour at a point; `pixel` is the size of a pixel there (edges are softened over it), `lit` has a bit per LED.
 */
struct scene_colour scene_at(float x, float y, float pixel, uint32_t seed, unsigned lit);

#endif
