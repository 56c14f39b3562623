/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/tiles.h - the log over HTTP: GET /log/checkpoint, /log/tile/… (C2SP tlog-tiles), read off the loop.
 *
 * A tile may have to come from a disk that is slow, and the loop carries pictures. So one thread with a handle of its
 * own on the store reads what is asked for, in order, and wakes the loop, which answers. What waits is bounded; beyond
 * that the answer is 503 at once. Tiles never change and may be cached for ever; a checkpoint not at all.
 *
 * All calls are the loop's.
 */
#ifndef RELAY_SERVE_TILES_H
#define RELAY_SERVE_TILES_H

#include "relay/serve/answer.h"

struct serve_tiles;
struct serve_tiles_request; /* one answer that is awaited; of the connection until it is written or forgotten */

/** NULL handle and an error in the report when memory runs out or the store cannot be opened once more. */
bool serve_tiles_new(struct serve_tiles **out, struct serve *serve, struct serve_report *report);
void serve_tiles_free(struct serve_tiles *tiles); /* NULL is fine; ends the thread */

/** Asks for `path`, what stands behind "/log/". Either *request is set and the answer is `later`, or it is there now.
 */
struct serve_answer serve_tiles_ask(struct serve_tiles *tiles, struct lws *wsi, const char *path, bool with_body,
                                    struct serve_tiles_request **request);
/** How many asked while `log_requests` waited. */
uint64_t serve_tiles_refused(const struct serve_tiles *tiles);
/** The loop was woken: connections whose bytes are there are asked to write. */
void serve_tiles_deliver(struct serve_tiles *tiles);
/** The connection is writable: the answer, when it is there. 0, or -1: close. */
int serve_tiles_write(struct serve_tiles *tiles, struct lws *wsi, struct serve_tiles_request **request,
                      struct serve_body *rest);
/** The connection closed before it had its answer. */
void serve_tiles_forget(struct serve_tiles *tiles, struct serve_tiles_request **request);

#endif
