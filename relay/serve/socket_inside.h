/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/socket_inside.h - what the table of connections (sockets.c), a pass of the loop (pass.c) and one
 * connection (socket.c) share.
 */
#ifndef RELAY_SERVE_SOCKET_INSIDE_H
#define RELAY_SERVE_SOCKET_INSIDE_H

#include <libwebsockets.h>

#include "relay/serve/dense.h"
#include "relay/serve/socket.h"

struct serve_slot {
    struct lws *wsi;             /* NULL: free */
    struct serve_socket *socket; /* libwebsockets' */
    const void *tls;             /* its; never followed */
    uint32_t next_free;
    uint32_t answered;  /* who was woken when it spoke last */
    bool woken, unread; /* in the list of that name */
    struct serve_dense_speaker speaker;
};

/* Numbers of connections that have something to send, or that TLS holds something of. Some may be free again. */
struct serve_list {
    uint32_t *numbers; /* owned; as many as there are slots */
    uint32_t count;
};

struct serve_sockets {
    uint32_t first_free, count;
    struct serve_list woken, unread;
    uint32_t speaker;  /* who was read last */
    bool reading;      /* what was read ahead */
    size_t told_bytes; /* since the woken were last sent to */
    struct serve_dense dense;
    struct serve_slot slots[]; /* [0] is never used: 0 is no connection */
};

/** A number for this connection; 0: there are as many as may be. */
uint32_t serve_sockets_take(struct serve_sockets *sockets, struct lws *wsi, struct serve_socket *socket);
void serve_sockets_give(struct serve_sockets *sockets, uint32_t number);
void serve_sockets_list(struct serve_sockets *sockets, struct serve_list *list, uint32_t number);

/** Bytes that this connection's TLS, or else the kernel, has read; `unknown` where nobody counts. */
uint64_t serve_sockets_read(struct lws *wsi, uint64_t unknown);

enum serve_pumped { SERVE_ALL_SENT, SERVE_MORE_WAITS, SERVE_BLOCKED, SERVE_BROKEN };
/** Takes from the core what the connection takes, in the order of service: nothing that could be dropped waits here. */
enum serve_pumped serve_pass_pump(struct serve *serve, struct lws *wsi, struct serve_socket *socket);
/** For all who were woken, into records; the last one's are sent by serve_gather_settle(). Whoever has more waits for
 * the next pass, like everybody else. */
void serve_pass_fill(struct serve *serve);
/** Its socket is about to be read: when this callback is over the rest of what came is read, and all is answered. */
void serve_pass_note_read(struct lws *wsi);

#endif
