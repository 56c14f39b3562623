/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/socket.h - one WebSocket of an end: whole messages to the core, the core's messages out.
 *
 * Nothing queues here: what waits for a receiver waits in the core, which knows what may be dropped. A connection is
 * named to the core by a number; the table of numbers is here.
 */
#ifndef RELAY_SERVE_SOCKET_H
#define RELAY_SERVE_SOCKET_H

#include "proto/util/buf.h"
#include "relay/serve/answer.h"
#include "relay/serve/serve.h"
#include "relay/serve/tiles.h"

/* What libwebsockets keeps for each connection, zeroed. */
struct serve_socket {
    uint32_t connection;               /* the core's name for it; 0: not open */
    bool closing;                      /* closes once nothing is pending */
    struct proto_buf in;               /* a message that comes in pieces */
    struct serve_tiles_request *tiles; /* of the log, awaited; before it is a WebSocket */
    struct serve_body body;            /* of an answer that is being written; before it is a WebSocket */
};

struct serve_sockets;

PROTO_MUST_USE enum proto_err serve_sockets_new(struct serve_sockets **out, int64_t most);
void serve_sockets_free(struct serve_sockets *sockets); /* NULL is fine */
/** The core has something for it, or wants it closed after what is pending. */
void serve_sockets_wake(struct serve_sockets *sockets, uint32_t connection, bool close);

/* The callbacks of libwebsockets: 0, or -1 to close. */
int serve_socket_open(struct serve *serve, struct lws *wsi, struct serve_socket *socket);
int serve_socket_receive(struct serve *serve, struct lws *wsi, struct serve_socket *socket, const uint8_t *bytes,
                         size_t len);
int serve_socket_write(struct serve *serve, struct lws *wsi, struct serve_socket *socket);
void serve_socket_closed(struct serve *serve, struct serve_socket *socket);
/** The same when the core is not to hear of it any more. */
void serve_socket_forget(struct serve_socket *socket);

#endif
