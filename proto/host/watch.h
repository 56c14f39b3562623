/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/watch.h - a descriptor on a loop: tells when there is something to read (or to accept).
 *
 * For adapters; a program takes lines, timers and connections instead.
 */
#ifndef PROTO_HOST_WATCH_H
#define PROTO_HOST_WATCH_H

#include "proto/host/loop.h"

struct host_watch;

/** Takes `fd`: it is set to non-blocking, and closed soon after free; also closed on an error. */
PROTO_MUST_USE enum proto_err host_watch_new(struct host_watch **out, struct host_loop *loop, int fd,
                                             void (*ready)(void *context), void *context);
/** No further call of ready(). Fine in ready() itself; NULL is fine. */
void host_watch_free(struct host_watch *watch);

#endif
