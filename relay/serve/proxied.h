/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/proxied.h - connections from a listed proxy, until they have said who is behind them.
 *
 * The PROXY header stands before TLS, so it is read before libwebsockets has the connection: peeked at until it is
 * whole, then taken out and nothing more. They wait in an epoll of their own, which the loop watches as one.
 */
#ifndef RELAY_SERVE_PROXIED_H
#define RELAY_SERVE_PROXIED_H

#include <sys/socket.h>

#include "proto/host/loop.h"

struct serve_proxied;

/** One that has said it: the descriptor is the callee's. `from` has the family AF_UNSPEC when nothing was said of it.
 */
typedef void serve_proxied_said(void *context, int fd, const struct sockaddr_storage *from);

/** At most `most` at once, for at most `wait_ms`. */
PROTO_MUST_USE enum proto_err serve_proxied_new(struct serve_proxied **out, struct host_loop *loop, size_t most,
                                                int64_t wait_ms);
void serve_proxied_free(struct serve_proxied *proxied); /* NULL is fine */
/** Takes the descriptor; false: there are too many, and it is closed. */
bool serve_proxied_take(struct serve_proxied *proxied, int fd, serve_proxied_said *said, void *context, int64_t now_ms);
/** Closes who is over their time; how many. Each second. */
unsigned serve_proxied_tick(struct serve_proxied *proxied, int64_t now_ms);
/** How many were closed because what they began with was no such header, since the last call. */
unsigned serve_proxied_wrong(struct serve_proxied *proxied);

#endif
