/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/proxied.h - connections from a proxy, until they have said who is behind them.
 *
 * The PROXY header stands before TLS, so it is read before libwebsockets has the connection: peeked at until it is
 * whole, then taken out and nothing more. So is the head of a request at the end without TLS, and left where it is:
 * libwebsockets shows the first of several Forwarded lines alone, and that one a stranger may have written. They wait
 * in an epoll of their own, which the loop watches as one.
 */
#ifndef RELAY_SERVE_PROXIED_H
#define RELAY_SERVE_PROXIED_H

#include <sys/socket.h>

#include "proto/host/loop.h"
#include "relay/core/core.h"

struct serve_proxied;

/** One that has said it: the descriptor is the callee's. `from` has the family AF_UNSPEC when nothing was said of it.
 */
typedef void serve_proxied_said(void *context, int fd, const struct sockaddr_storage *from);

/* What they begin with. */
enum serve_proxied_by { SERVE_BY_PROXY_HEADER, SERVE_BY_REQUEST };

/** At most `handshakes` at once, for at most `opening_ms`. `limits` is borrowed. */
PROTO_MUST_USE enum proto_err serve_proxied_new(struct serve_proxied **out, struct host_loop *loop,
                                                const struct relay_limits *limits);
void serve_proxied_free(struct serve_proxied *proxied); /* NULL is fine */
/** Takes the descriptor; false: there are too many, and it is closed. */
bool serve_proxied_take(struct serve_proxied *proxied, int fd, enum serve_proxied_by by, serve_proxied_said *said,
                        void *context, int64_t now_ms);
/** How many were closed since the last call, and why. */
struct serve_proxied_closed {
    unsigned late, wrong, large; /* large: the head of a request, over header_bytes */
};
/** Closes who is over their time. Each second. */
struct serve_proxied_closed serve_proxied_tick(struct serve_proxied *proxied, int64_t now_ms);

#endif
