/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/blocks.h - the memory that OpenSSL takes for a record and gives back at once, kept at hand.
 *
 * Idle connections hold no buffers (SSL_MODE_RELEASE_BUFFERS), so each record read or written costs two allocations of
 * 17 to 20 kB, which are the allocator's slow path. The last few that came back are given out again, still warm.
 *
 * And the memory in which it keeps a private key: what it takes meanwhile lies in locked memory (locked.h).
 */
#ifndef RELAY_SERVE_BLOCKS_H
#define RELAY_SERVE_BLOCKS_H

#include <stdbool.h>

/** Before anything else uses OpenSSL. */
void serve_blocks_set_up(void);
/** What OpenSSL takes in this thread from now on is locked memory, until kept(); whether all of it was, that says. */
void serve_blocks_keep(void);
bool serve_blocks_kept(void);

#endif
