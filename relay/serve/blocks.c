/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/blocks.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum {
    SMALLEST_BYTES = 16384,
    LARGEST_BYTES = 21504, /* a record with read-ahead, and OpenSSL's own */
    KEPT = 16,
};

/* Each thread has its own; what a thread keeps at its end is not given back, and ours end with the program. */
static _Thread_local void *kept[KEPT];
static _Thread_local unsigned count;

static void *take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (size < SMALLEST_BYTES || size > LARGEST_BYTES)
        return malloc(size);
    return count ? kept[--count] : malloc(LARGEST_BYTES);
}

static void give(void *block, const char *file, int line)
{
    size_t size = block ? malloc_usable_size(block) : 0;

    (void)file, (void)line;
    if (size >= LARGEST_BYTES && size < 2 * LARGEST_BYTES && count < KEPT)
        kept[count++] = block;
    else
        free(block);
}

static void *resize(void *block, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return realloc(block, size);
}

void serve_blocks_set_up(void)
{
    (void)CRYPTO_set_mem_functions(take, resize, give); /* refused when OpenSSL has begun: then it is only slower */
}
