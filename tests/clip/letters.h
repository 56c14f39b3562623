/* SPDX-License-Identifier: Apache-2.0 */
/* tests/clip/letters.h - capital letters and digits in a 5 by 7 grid, for the label in the sample clip. */
#ifndef TESTS_CLIP_LETTERS_H
#define TESTS_CLIP_LETTERS_H

/**
 * How much ink (0..1) `text` leaves at a point; x and y are in dots from its top left, a letter is 6 dots wide and 7
 * high. `pixel` is the size of a pixel in dots.
 */
float letters_ink(const char *text, float x, float y, float pixel);

#endif
