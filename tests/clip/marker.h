/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/clip/marker.h - the number of a picture, written into the picture.
 *
 * A row of blocks in the bottom left corner: one light, sixteen bits of the number (high first), eight bits of check,
 * one dark. Blocks are a fortieth of half the width, so the row survives scaling and an encoder that is short of bits.
 * Tests read it to know which picture arrived.
 */
#ifndef TESTS_CLIP_MARKER_H
#define TESTS_CLIP_MARKER_H

#include <stdint.h>

#define CLIP_MARKER_WIDTH_MIN 128 /* pixels: a narrower picture has no room for it */

/** Writes `number` into a luma plane. */
void clip_marker_write(uint8_t *luma, int stride, int width, int height, uint16_t number);
/** The number in a luma plane, or -1 when there is no whole marker. */
int clip_marker_read(const uint8_t *luma, int stride, int width, int height);
/** Side of one block in pixels: the marker is 26 blocks wide, one high. */
int clip_marker_block(int width);

#endif
