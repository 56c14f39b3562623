/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/socket.h - one WebSocket of an end: whole messages to the core, the core's messages out.
 *
 * Nothing queues here: what waits for a receiver waits in the core, which knows what may be dropped. A connection is
 * named to the core by a number; the table of numbers is here. What one connection said in its turn is sent at the
 * end of that, one send() a receiver: libwebsockets would rather be asked for each message and told when it may be
 * written, which costs two or three system calls more for each of them. Writing outside of its callback is fine on this
 * thread while it holds nothing unsent of that connection.
 */
#ifndef RELAY_SERVE_SOCKET_H
#define RELAY_SERVE_SOCKET_H

#include "relay/serve/answer.h"
#include "relay/serve/arrival.h"
#include "relay/serve/gather.h"
#include "relay/serve/intake.h"
#include "relay/serve/serve.h"
#include "relay/serve/tiles.h"

/* What libwebsockets keeps for each connection, zeroed. */
struct serve_socket {
    uint32_t connection;               /* the core's name for it; 0: not open */
    char address[SERVE_ADDRESS_BYTES]; /* whose it is, for those who are told whom a bound refuses */
    bool closing;                      /* closes once nothing is pending */
    bool said_close;                   /* nothing may follow a close (RFC 6455, 5.5.1) */
    uint64_t told_bytes;               /* of messages since the last sweep, with what they cost on the line */
    uint64_t swept_bytes;              /* that TLS had read at the last sweep */
    uint64_t chatter_bytes;            /* beyond messages, less what is allowed */
    uint32_t silent_s;                 /* since something came */
    struct relay_slot *in;             /* owned: a message that comes in pieces … */
    size_t in_len, in_room;            /* … so much of it, and of room */
    struct serve_gather gather;        /* what waits for the socket */
    struct serve_intake intake;        /* what was read ahead of it */
    struct serve_tiles_request *tiles; /* of the log, awaited; before it is a WebSocket */
    struct serve_body body;            /* of an answer that is being written; before it is a WebSocket */
};

struct relay_slot;
struct serve_sockets;

PROTO_MUST_USE enum proto_err serve_sockets_new(struct serve_sockets **out, int64_t most);
void serve_sockets_free(struct serve_sockets *sockets); /* NULL is fine */
/**
 * Each second: closes connections that sent more than a little beyond their messages (pings, empty frames); how many.
 * Pings those that were silent for `ping_s`: a browser cannot, and proxies close what is silent.
 */
unsigned serve_sockets_sweep(struct serve *serve);
/** Whose connection it is; borrowed. NULL: it is gone. */
const char *serve_sockets_address(const struct serve_sockets *sockets, uint32_t connection);
/** A connection was read ahead (host_loop_on_next): the rest of it, while it is warm. */
void serve_sockets_next(struct serve *serve);
/** The end of a pass (host_loop_on_pass): reads what is left of that, runs the core, sends. True: there is more at
 * once. */
bool serve_sockets_pass(struct serve *serve);
/** The core has something for it, or wants it closed after what is pending. */
void serve_sockets_wake(struct serve_sockets *sockets, uint32_t connection, bool close);

/** Each is closed after what is pending. */
void serve_sockets_close_all(struct serve_sockets *sockets);

/* The callbacks of libwebsockets: 0, or -1 to close. */
int serve_socket_open(struct serve *serve, struct lws *wsi, struct serve_socket *socket);
/** `bytes` are libwebsockets' buffer, in which SERVE_GATHER_ROOM bytes in front of a message are over and done with. */
int serve_socket_receive(struct serve *serve, struct lws *wsi, struct serve_socket *socket, uint8_t *bytes, size_t len);
int serve_socket_write(struct serve *serve, struct lws *wsi, struct serve_socket *socket);
/** The other end has said close; libwebsockets answers it. */
void serve_socket_left(struct serve_socket *socket);
void serve_socket_closed(struct serve *serve, struct serve_socket *socket);
/** The same when the core is not to hear of it any more. */
void serve_socket_forget(struct serve_socket *socket);

#endif
