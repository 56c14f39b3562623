/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/unused.h - the buffer that libwebsockets keeps for each WebSocket and hardly writes to.
 *
 * It is as large as what is read at once, and only control frames are put together in it, 125 bytes at most: messages
 * are handed over from where they were decrypted. From malloc() such a buffer lies in pages that others have used, so
 * that all of it counts. Here it comes from pages of its own, which the kernel gives when they are first written to:
 * an idle connection then costs address space alone, and a whole TLS record can be read at once.
 */
#ifndef RELAY_SERVE_UNUSED_H
#define RELAY_SERVE_UNUSED_H

#include <stddef.h>

enum { SERVE_UNUSED_BYTES = 20480 }; /* of each such buffer; room for a record (RFC 8446, 5.1) and what is in front */

/** Before anything else uses libwebsockets. What it allocates otherwise stays with malloc(). */
void serve_unused_set_up(void);
/** What libwebsockets calls from then on: as realloc(), and free() with a size of 0. On the loop's thread alone. */
void *serve_unused_allocate(void *block, size_t size, const char *reason);

#endif
