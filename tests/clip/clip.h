/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/clip/clip.h - pictures as a hand-held camera takes them, made from a seed.
 *
 * The scene is painted once, larger than the picture; each picture is cut out of it where the hand holds the camera
 * just then (shift, turn and distance sway), with the light of that moment, the noise of a sensor, LEDs that blink and
 * its own number in the corner (marker.h). The same seed, size and number give the same bytes on every machine with the
 * same floating point.
 */
#ifndef TESTS_CLIP_CLIP_H
#define TESTS_CLIP_CLIP_H

#include <stddef.h>
#include <stdint.h>

#define CLIP_SIDE_MIN 96
#define CLIP_SIDE_MAX 4096

struct clip;

/** NULL when memory ran out or a bound is broken: sides CLIP_SIDE_MIN..MAX, fps 1..120. */
struct clip *clip_new(int width, int height, int fps, uint32_t seed);
/** From now on a hand that is in a hurry, in poor light: twice as fast, and with twice the noise: an
 * encoder finds a use for all bits that it is given. */
void clip_hurry(struct clip *clip);
size_t clip_frame_bytes(const struct clip *clip);
/** Picture `number` as I420, planes without padding, into clip_frame_bytes() bytes. Any order of numbers gives the same
 * bytes. */
void clip_frame(struct clip *clip, uint32_t number, uint8_t *out);
void clip_free(struct clip *clip);

#endif
