/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/frames.h"

#include <string.h>

enum { MASKED = 0x80, LEN_16 = 126, LEN_64 = 127, MASK_BYTES = 4 };

/* One byte of a header; a byte of the mask becomes zero. false: there is no mask. */
static bool take_header(struct serve_frames *frames, uint8_t *byte)
{
    unsigned at = frames->header_at++, mask_at = frames->header_size - MASK_BYTES;

    if (at == 0)
        return true;
    if (at == 1) {
        uint8_t len = *byte & 127;

        frames->header_size = 2 + (len == LEN_16 ? 2 : len == LEN_64 ? 8 : 0) + MASK_BYTES;
        frames->left = len < LEN_16 ? len : 0;
        return *byte & MASKED;
    }
    if (at < mask_at) {
        frames->left = frames->left << 8 | *byte;
        return true;
    }
    frames->mask[at - mask_at] = *byte;
    *byte = 0;
    if (frames->header_at == frames->header_size)
        frames->header_at = frames->mask_at = 0;
    return true;
}

/* A register of every processor of the kind (a vector type is gcc's and clang's): word by word, the mask of a large
 * message costs as much as all its copies together. */
typedef uint8_t block __attribute__((vector_size(16)));

static void clear(struct serve_frames *frames, uint8_t *bytes, size_t len)
{
    uint8_t key[sizeof(block)];
    block wide, part;
    size_t i = 0;

    for (unsigned n = 0; n < sizeof key; n++)
        key[n] = frames->mask[(frames->mask_at + n) % MASK_BYTES];
    memcpy(&wide, key, sizeof wide);
    for (; i + sizeof part <= len; i += sizeof part) {
        memcpy(&part, bytes + i, sizeof part);
        part ^= wide;
        memcpy(bytes + i, &part, sizeof part);
    }
    for (; i < len; i++)
        bytes[i] ^= key[i % sizeof key];
    frames->mask_at = (uint8_t)((frames->mask_at + len) % MASK_BYTES);
}

bool serve_frames_clear(struct serve_frames *frames, uint8_t *bytes, size_t len)
{
    while (len) {
        size_t part = 1;

        if (frames->header_at || !frames->left) {
            if (!take_header(frames, bytes))
                return false;
        } else {
            part = frames->left < len ? (size_t)frames->left : len;
            clear(frames, bytes, part);
            frames->left -= part;
        }
        bytes += part;
        len -= part;
    }
    return true;
}
