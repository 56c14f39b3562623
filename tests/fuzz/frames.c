/* SPDX-License-Identifier: Apache-2.0 */
/* A client's frames, from which the relay takes the masks before libwebsockets reads them. */
#include <stdlib.h>
#include <string.h>

#include "relay/serve/frames.h"
#include "tests/fuzz/targets.h"

/* The same by RFC 6455, 5.2 and 5.3, frame by frame over the whole. false: one has no mask. */
static bool clear_whole(uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + 2 <= len;) {
        uint64_t size = bytes[at + 1] & 127;
        size_t more = size == 126 ? 2 : size == 127 ? 8 : 0, mask = at + 2 + more, i = 0;
        uint8_t key[4] = {0};

        if (!(bytes[at + 1] & 128))
            return false;
        if (mask > len)
            return true;
        for (size = more ? 0 : size; i < more; i++)
            size = size << 8 | bytes[at + 2 + i];
        for (i = 0; i < 4 && mask + i < len; i++) {
            key[i] = bytes[mask + i];
            bytes[mask + i] = 0;
        }
        for (at = mask + i, i = 0; i < size && at < len; i++)
            bytes[at++] ^= key[i % 4];
    }
    return true;
}

/* The first byte says how long the pieces are in which the rest comes. */
static bool feed_frames(const uint8_t *bytes, size_t len)
{
    size_t part = len ? 1 + bytes[0] : 1, rest = len ? len - 1 : 0;
    struct serve_frames frames = {0};
    bool masked = true;

    if (!rest)
        return false;
    uint8_t *wanted = fuzz_exact(bytes + 1, rest), *got = fuzz_exact(bytes + 1, rest);
    for (size_t at = 0; at < rest && masked; at += part)
        masked = serve_frames_clear(&frames, got + at, rest - at < part ? rest - at : part);
    FUZZ_HOLDS(clear_whole(wanted, rest) == masked);
    FUZZ_HOLDS(!masked || !memcmp(wanted, got, rest));
    free(wanted);
    free(got);
    return masked;
}

static void seed_frames(struct fuzz_seeds *seeds)
{
    static const uint8_t two[] = {0x82, 0x83, 1, 2, 3, 4, 'a', 'b', 'c', 0x89, 0x80, 5, 6, 7, 8};
    uint8_t longer[8 + 200] = {0x82, 0xfe, 0, 200, 9, 8, 7, 6}, longest[14 + 300] = {0x02, 0xff, [8] = 1, [9] = 44, 1};

    fuzz_seed_add_as(seeds, "two", 0, two, sizeof two);
    fuzz_seed_add_as(seeds, "two-in-pieces", 3, two, sizeof two);
    fuzz_seed_add_as(seeds, "16-bits", 12, longer, sizeof longer);
    fuzz_seed_add_as(seeds, "64-bits", 255, longest, sizeof longest);
}

const struct fuzz_target fuzz_frames = {"frames", 2048, feed_frames, seed_frames, 0};
