/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relay/serve/unused.h"

enum { MANY = 1000, BYTES = 16404 };

static const char *const reason = "rx_ubuf"; /* libwebsockets' word for it */

/* Pages that the kernel has given; mincore() would count the page of zeros as well. */
static size_t pages_written(const uint8_t *buffer)
{
    size_t count = 0;
    FILE *map = fopen("/proc/self/pagemap", "rb");

    assert_non_null(map);
    for (size_t at = 0; at < SERVE_UNUSED_BYTES; at += 4096) {
        uint64_t entry;

        assert_int_equal(fseek(map, (long)(((uintptr_t)buffer + at) / 4096 * sizeof entry), SEEK_SET), 0);
        assert_int_equal(fread(&entry, sizeof entry, 1, map), 1);
        count += entry >> 63;
    }
    fclose(map);
    return count;
}

static void only_what_is_written_to_takes_memory(void **state)
{
    static uint8_t *buffers[MANY];
    size_t pages = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        assert_non_null(buffers[i] = serve_unused_allocate(NULL, BYTES, reason));
    memset(buffers[7], 1, 125);
    for (size_t i = 0; i < MANY; i++)
        pages += pages_written(buffers[i]);
    assert_int_equal(pages, 1);
    for (size_t i = 0; i < MANY; i++)
        assert_null(serve_unused_allocate(buffers[i], 0, "lws_free"));
}

static void each_has_its_own(void **state)
{
    static uint8_t *buffers[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        buffers[i] = serve_unused_allocate(NULL, BYTES, reason);
        memset(buffers[i], (int)(i % 251), BYTES);
    }
    for (size_t i = 0; i < MANY; i++)
        for (size_t at = 0; at < BYTES; at++)
            if (buffers[i][at] != i % 251)
                fail_msg("byte %zu of buffer %zu is another one's", at, i);
    for (size_t i = 0; i < MANY; i++)
        serve_unused_allocate(buffers[i], 0, "lws_free");
}

static void the_next_one_finds_neither_the_memory_nor_what_was_in_it(void **state)
{
    uint8_t *first = serve_unused_allocate(NULL, BYTES, reason), *next;

    (void)state;
    memset(first, 0x5a, BYTES);
    serve_unused_allocate(first, 0, "lws_free");
    assert_int_equal(pages_written(first), 0);
    next = serve_unused_allocate(NULL, BYTES, reason);
    assert_ptr_equal(next, first);
    for (size_t at = 0; at < BYTES; at++)
        assert_int_equal(next[at], 0);
    serve_unused_allocate(next, 0, "lws_free");
}

static void everything_else_is_as_realloc_has_it(void **state)
{
    char *text = serve_unused_allocate(NULL, 8, "a text");

    (void)state;
    memcpy(text, "several", 8);
    text = serve_unused_allocate(text, 100000, "a longer one");
    assert_string_equal(text, "several");
    assert_null(serve_unused_allocate(text, 0, "lws_free"));
    assert_null(serve_unused_allocate(NULL, 0, "lws_free"));
    void *large = serve_unused_allocate(NULL, SERVE_UNUSED_BYTES + 1, reason); /* of another size than we gave it */
    assert_non_null(large);
    serve_unused_allocate(large, 0, "lws_free");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_written_to_takes_memory),
        cmocka_unit_test(each_has_its_own),
        cmocka_unit_test(the_next_one_finds_neither_the_memory_nor_what_was_in_it),
        cmocka_unit_test(everything_else_is_as_realloc_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
