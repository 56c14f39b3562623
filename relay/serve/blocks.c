/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/blocks.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "relay/serve/locked.h"

enum {
    SMALLEST_BYTES = 16384,
    LARGEST_BYTES = 21504, /* a record with read-ahead, and OpenSSL's own */
    KEPT = 16,
};

/* Each thread has its own; what a thread keeps at its end is not given back, and ours end with the program. */
static _Thread_local void *kept[KEPT];
static _Thread_local unsigned count;
static _Thread_local bool keeping, kept_all;

static void *take_locked(size_t size)
{
    void *block = serve_locked_take(size);

    kept_all &= block != NULL;
    return block ? block : malloc(size);
}

static void *take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (keeping)
        return take_locked(size);
    if (size < SMALLEST_BYTES || size > LARGEST_BYTES)
        return malloc(size);
    return count ? kept[--count] : malloc(LARGEST_BYTES);
}

static void give(void *block, const char *file, int line)
{
    (void)file, (void)line;
    if (serve_locked_has(block)) {
        serve_locked_give(block);
        return;
    }
    size_t size = block ? malloc_usable_size(block) : 0;

    if (size >= LARGEST_BYTES && size < 2 * LARGEST_BYTES && count < KEPT)
        kept[count++] = block;
    else
        free(block);
}

static void *resize(void *block, size_t size, const char *file, int line)
{
    bool was_locked = serve_locked_has(block);
    size_t before;
    void *moved;

    if (!was_locked && !(keeping && !block))
        return realloc(block, size);
    before = was_locked ? serve_locked_size(block) : 0;
    moved = size ? take_locked(size) : NULL; /* what was a secret stays one */
    if (moved && before)
        memcpy(moved, block, before < size ? before : size);
    if (was_locked && (moved || !size))
        give(block, file, line);
    return moved;
}

void serve_blocks_keep(void)
{
    keeping = kept_all = true;
}

bool serve_blocks_kept(void)
{
    keeping = false;
    return kept_all;
}

void serve_blocks_set_up(void)
{
    (void)CRYPTO_set_mem_functions(take, resize, give); /* refused when OpenSSL has begun: then it is only slower */
}
