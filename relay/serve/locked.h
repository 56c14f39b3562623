/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/locked.h - the memory in which private keys lie: never swapped out, in no dump, wiped when given back.
 *
 * One piece of a fixed size, for the keys of certificates that OpenSSL holds (blocks.h). OpenSSL's own locked heap
 * would do the same for them, but version 3.0 also draws the key of each connection of TLS 1.3 from it, and refuses the
 * next connection when it is full. All of memory (mlockall) would be touched by being locked, which a relay whose idle
 * connections live on untouched pages (unused.h) cannot afford. Safe from several threads.
 */
#ifndef RELAY_SERVE_LOCKED_H
#define RELAY_SERVE_LOCKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVE_LOCKED_BYTES = 256 * 1024 };

/** Before anything is taken. false: the system does not lock so much (RLIMIT_MEMLOCK); it is used all the same, and
 * wiped. */
bool serve_locked_set_up(void);
/** NULL: it is full, or was not set up. */
void *serve_locked_take(size_t size);
extern uint8_t serve_locked_bytes[SERVE_LOCKED_BYTES]; /* for what follows alone */
/** Asked of each block that OpenSSL gives back, some for every record. */
static inline bool serve_locked_has(const void *block)
{
    return (uintptr_t)block - (uintptr_t)serve_locked_bytes < SERVE_LOCKED_BYTES;
}
/** At least what was asked for. */
size_t serve_locked_size(const void *block);
void serve_locked_give(void *block);

/** How much of it is taken. */
size_t serve_locked_used(void);

#endif
