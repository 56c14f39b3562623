/* SPDX-License-Identifier: Apache-2.0 */
/* A client's frames are cleared of their masks, however the stream is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay/serve/frames.h"

enum { MOST_BYTES = 400 * 1024 };

/* Frames behind each other, as a client sends them and as they are to be read then. */
struct stream {
    uint8_t masked[MOST_BYTES], cleared[MOST_BYTES];
    size_t len;
};

static void put(struct stream *stream, uint8_t masked, uint8_t cleared)
{
    assert_true(stream->len < MOST_BYTES);
    stream->masked[stream->len] = masked;
    stream->cleared[stream->len++] = cleared;
}

static void put_frame(struct stream *stream, uint8_t first, size_t len, const uint8_t mask[static 4])
{
    unsigned more = len < 126 ? 0 : len < 65536 ? 2 : 8;
    uint8_t short_len = (uint8_t)(0x80 | (more == 0 ? len : more == 2 ? 126 : 127));

    put(stream, first, first);
    put(stream, short_len, short_len);
    for (unsigned i = more; i--;)
        put(stream, (uint8_t)((uint64_t)len >> 8 * i), (uint8_t)((uint64_t)len >> 8 * i));
    for (unsigned i = 0; i < 4; i++)
        put(stream, mask[i], 0);
    for (size_t i = 0; i < len; i++)
        put(stream, (uint8_t)(i * 7 + len) ^ mask[i % 4], (uint8_t)(i * 7 + len));
}

static struct stream *all_sizes(void)
{
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 100, 125, 126, 127, 1000, 65535, 65536, 100003};
    static const uint8_t mask[] = {0x37, 0xfa, 0x21, 0x3d}, none[] = {0, 0, 0, 0};
    struct stream *stream = calloc(1, sizeof *stream);

    assert_non_null(stream);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put_frame(stream, 0x82, sizes[i], i == 6 ? none : mask);
        put_frame(stream, i % 2 ? 0x89 : 0x02, i, mask); /* a ping, or the beginning of a message in pieces */
    }
    return stream;
}

static void any_split_gives_the_same(void **state)
{
    static const size_t parts[] = {1, 2, 3, 5, 8, 13, 4096, 16384, MOST_BYTES};
    struct stream *stream = all_sizes();
    uint8_t *bytes = malloc(stream->len);

    (void)state;
    assert_non_null(bytes);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        struct serve_frames frames = {0};

        memcpy(bytes, stream->masked, stream->len);
        for (size_t at = 0, len; at < stream->len; at += len) {
            len = stream->len - at < parts[p] ? stream->len - at : parts[p];
            assert_true(serve_frames_clear(&frames, bytes + at, len));
        }
        assert_memory_equal(bytes, stream->cleared, stream->len);
    }
    free(bytes);
    free(stream);
}

static void a_frame_without_a_mask_is_told(void **state)
{
    static const uint8_t masked[] = {0x82, 0x81, 1, 2, 3, 4, 'x'}, bare[] = {0x8a, 0x00};
    struct serve_frames frames = {0};
    uint8_t bytes[sizeof masked + sizeof bare];

    (void)state;
    memcpy(bytes, masked, sizeof masked);
    memcpy(bytes + sizeof masked, bare, sizeof bare);
    assert_true(serve_frames_clear(&frames, bytes, sizeof masked + 1));
    assert_int_equal(bytes[6], 'x' ^ 1);
    assert_false(serve_frames_clear(&frames, bytes + sizeof masked + 1, 1));
}

/* Whatever is claimed: libwebsockets judges the claim, and what follows is payload for ever. */
static void a_length_that_is_a_lie_is_only_a_length(void **state)
{
    uint8_t lie[] = {0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 'a', 'b', 'c', 'd', 'e'};
    struct serve_frames frames = {0};

    (void)state;
    assert_true(serve_frames_clear(&frames, lie, sizeof lie));
    assert_int_equal(lie[14], 'a' ^ 1);
    assert_int_equal(lie[18], 'e' ^ 1);
    assert_true(frames.left == UINT64_MAX - 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same),
        cmocka_unit_test(a_frame_without_a_mask_is_told),
        cmocka_unit_test(a_length_that_is_a_lie_is_only_a_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
