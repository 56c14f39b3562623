/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/clip/marker.h"

#include <stddef.h>
#include <string.h>

#define BLOCKS 26
#define LIGHT 210
#define DARK 36
#define BETWEEN 123

int clip_marker_block(int width)
{
    int block = (width / 80) & ~1;

    return block < 4 ? 4 : block;
}

static uint32_t with_check(uint16_t number)
{
    uint32_t check = ((uint32_t)number * 167 + 91) ^ ((uint32_t)number >> 8);

    return 1u << 25 | (uint32_t)number << 9 | (check & 0xff) << 1;
}

void clip_marker_write(uint8_t *luma, int stride, int width, int height, uint16_t number)
{
    int block = clip_marker_block(width);
    uint32_t bits = with_check(number);

    if (width < CLIP_MARKER_WIDTH_MIN)
        return;
    for (int i = 0; i < BLOCKS; i++)
        for (int row = 0; row < block; row++)
            memset(luma + (ptrdiff_t)(height - block + row) * stride + i * block,
                   bits >> (BLOCKS - 1 - i) & 1 ? LIGHT : DARK, (size_t)block);
}

/* The mean of the inner half of a block: its edges belong to the encoder. */
static int mean(const uint8_t *at, int stride, int block)
{
    int from = block / 4, to = block - block / 4, sum = 0;

    for (int row = from; row < to; row++)
        for (int column = from; column < to; column++)
            sum += at[(ptrdiff_t)row * stride + column];
    return sum / ((to - from) * (to - from));
}

int clip_marker_read(const uint8_t *luma, int stride, int width, int height)
{
    int block = clip_marker_block(width);
    uint32_t bits = 0;
    uint16_t number;

    if (width < CLIP_MARKER_WIDTH_MIN || height < block)
        return -1;
    for (int i = 0; i < BLOCKS; i++) {
        int light = mean(luma + (ptrdiff_t)(height - block) * stride + i * block, stride, block) > BETWEEN;

        bits = bits << 1 | (uint32_t)light;
    }
    number = (uint16_t)(bits >> 9);
    return bits == with_check(number) ? number : -1;
}
