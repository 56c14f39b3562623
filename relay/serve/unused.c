/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/unused.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE_BYTES = 4096,
    BUFFERS = 256, /* of a piece of address space */
};
_Static_assert((int)SERVE_UNUSED_BYTES % (int)PAGE_BYTES == 0, "each begins with a page of its own");

/* Never given back to the kernel: as many as were in use at once. Of the loop's thread alone. */
struct piece {
    struct piece *next;
    uint8_t *bytes;
    unsigned count;           /* of those that are free … */
    uint8_t numbers[BUFFERS]; /* … these; beside the pages, which stay untouched */
};

static struct piece *pieces;

static struct piece *piece_new(void)
{
    struct piece *piece = calloc(1, sizeof *piece);
    void *bytes = mmap(NULL, (size_t)BUFFERS * SERVE_UNUSED_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (!piece || bytes == MAP_FAILED) {
        if (bytes != MAP_FAILED)
            (void)munmap(bytes, (size_t)BUFFERS * SERVE_UNUSED_BYTES);
        free(piece);
        return NULL;
    }
    (void)madvise(bytes, (size_t)BUFFERS * SERVE_UNUSED_BYTES,
                  MADV_NOHUGEPAGE); /* one ping would bring two megabytes */
    piece->bytes = bytes;
    while (piece->count < BUFFERS) {
        piece->numbers[piece->count] = (uint8_t)piece->count;
        piece->count++;
    }
    piece->next = pieces;
    return pieces = piece;
}

static struct piece *piece_with_room(void)
{
    for (struct piece *piece = pieces; piece; piece = piece->next)
        if (piece->count)
            return piece;
    return piece_new();
}

static void *take(void)
{
    struct piece *piece = piece_with_room();

    return piece ? piece->bytes + (size_t)piece->numbers[--piece->count] * SERVE_UNUSED_BYTES : NULL;
}

/* malloc() gives nothing that begins with a page. */
static struct piece *piece_of(const void *buffer)
{
    if ((uintptr_t)buffer % PAGE_BYTES)
        return NULL;
    for (struct piece *piece = pieces; piece; piece = piece->next)
        if ((const uint8_t *)buffer >= piece->bytes &&
            (const uint8_t *)buffer < piece->bytes + (size_t)BUFFERS * SERVE_UNUSED_BYTES)
            return piece;
    return NULL;
}

static void give(struct piece *piece, void *buffer)
{
    piece->numbers[piece->count++] = (uint8_t)((size_t)((uint8_t *)buffer - piece->bytes) / SERVE_UNUSED_BYTES);
    (void)madvise(buffer, SERVE_UNUSED_BYTES, MADV_DONTNEED); /* untouched again, for the next one */
}

void *serve_unused_allocate(void *block, size_t size, const char *reason)
{
    struct piece *piece = block ? piece_of(block) : NULL;

    if (piece && !size)
        give(piece, block);
    if (piece)
        return size && size <= SERVE_UNUSED_BYTES ? block : NULL;
    if (!block && size <= SERVE_UNUSED_BYTES && !strcmp(reason, "rx_ubuf"))
        return take();
    if (size)
        return realloc(block, size);
    free(block);
    return NULL;
}

void serve_unused_set_up(void)
{
    lws_set_allocator(serve_unused_allocate);
}
