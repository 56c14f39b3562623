/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/socket.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/wire/limits.h"
#include "relay/serve/listen.h"
#include "relay/serve/staff.h"

enum {
    MESSAGES_A_TURN = 32, /* then the others have theirs */
    CLOSE_WAIT_S = 5,     /* for a closing connection to take what is pending */
    ADDRESS_BYTES = 64,
};

struct slot {
    struct lws *wsi;             /* NULL: free */
    struct serve_socket *socket; /* libwebsockets' */
    uint32_t next_free;
};

struct serve_sockets {
    uint32_t first_free, count;
    struct slot slots[]; /* [0] is never used: 0 is no connection */
};

/* ---- numbers ---- */

enum proto_err serve_sockets_new(struct serve_sockets **out, int64_t most)
{
    uint32_t count = (uint32_t)(most < 1 ? 1 : most > 1000000 ? 1000000 : most) + 1;
    struct serve_sockets *sockets = calloc(1, sizeof *sockets + count * sizeof(struct slot));

    *out = sockets;
    if (!sockets)
        return PROTO_ERR_NOMEM;
    sockets->count = count;
    sockets->first_free = 1;
    for (uint32_t i = 1; i < count; i++)
        sockets->slots[i].next_free = i + 1 < count ? i + 1 : 0;
    return PROTO_OK;
}

void serve_sockets_free(struct serve_sockets *sockets)
{
    free(sockets);
}

static uint32_t take_number(struct serve_sockets *sockets, struct lws *wsi, struct serve_socket *socket)
{
    uint32_t number = sockets->first_free;

    if (number) {
        sockets->first_free = sockets->slots[number].next_free;
        sockets->slots[number] = (struct slot){wsi, socket, 0};
    }
    return number;
}

static void give_number(struct serve_sockets *sockets, uint32_t number)
{
    sockets->slots[number] = (struct slot){NULL, NULL, sockets->first_free};
    sockets->first_free = number;
}

void serve_sockets_wake(struct serve_sockets *sockets, uint32_t connection, bool close)
{
    struct slot *slot = connection < sockets->count ? &sockets->slots[connection] : NULL;

    if (!slot || !slot->wsi)
        return;
    if (close && !slot->socket->closing) {
        slot->socket->closing = true;
        lws_set_timeout(slot->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_WAIT_S);
    }
    lws_callback_on_writable(slot->wsi);
}

/* ---- callbacks ---- */

static int close_with(struct lws *wsi, enum lws_close_status status)
{
    lws_close_reason(wsi, status, NULL, 0);
    return -1;
}

int serve_socket_open(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    struct proto_identity identity;
    bool staff = serve_listen_is_staff(wsi);
    char address[ADDRESS_BYTES];
    enum proto_err err = PROTO_OK;

    proto_buf_init(&socket->in, PROTO_MAX_MESSAGE_BYTES);
    serve_listen_peer(wsi, address, sizeof address);
    if (staff)
        err = serve_staff_identify(serve, wsi, &identity);
    if (!err) {
        socket->connection = take_number(serve->sockets, wsi, socket);
        err = socket->connection ? PROTO_OK : PROTO_ERR_BUSY;
    }
    if (!err)
        err = relay_core_open(serve->core, socket->connection, address, staff ? &identity : NULL, host_now());
    if (err) {
        if (socket->connection)
            give_number(serve->sockets, socket->connection);
        socket->connection = 0;
        return close_with(wsi, err == PROTO_ERR_BUSY ? 1013 : LWS_CLOSE_STATUS_POLICY_VIOLATION); /* 1013: try later */
    }
    serve_run_core(serve);
    return 0;
}

static int feed(struct serve *serve, struct serve_socket *socket, const uint8_t *bytes, size_t len)
{
    enum proto_err err = relay_core_feed(serve->core, socket->connection, bytes, len, host_now());
    uint32_t connection = socket->connection;

    proto_buf_clear(&socket->in);
    serve_run_core(serve);
    if (err)
        serve_sockets_wake(serve->sockets, connection, true);
    return 0;
}

/* A piece of a message: libwebsockets gives at most one TLS record at a time. Its length is the peer's claim. */
int serve_socket_receive(struct serve *serve, struct lws *wsi, struct serve_socket *socket, const uint8_t *bytes,
                         size_t len)
{
    size_t rest = lws_remaining_packet_payload(wsi);
    bool last = lws_is_final_fragment(wsi) && !rest;

    if (!socket->connection || socket->closing)
        return socket->connection ? 0 : -1;
    if (!lws_frame_is_binary(wsi) || (last && !(socket->in.len + len)))
        return close_with(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
    if (rest > PROTO_MAX_MESSAGE_BYTES || socket->in.len + len + rest > PROTO_MAX_MESSAGE_BYTES)
        return close_with(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
    if (last && !socket->in.len)
        return feed(serve, socket, bytes, len);
    proto_buf_put(&socket->in, bytes, len);
    if (socket->in.failed)
        return close_with(wsi, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
    return last ? feed(serve, socket, socket->in.bytes, socket->in.len) : 0;
}

int serve_socket_write(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    /* One for all: libwebsockets keeps a copy of what it cannot send at once. */
    static uint8_t message[LWS_PRE + PROTO_MAX_MESSAGE_BYTES];

    if (!socket->connection)
        return -1;
    for (int turn = 0; turn < MESSAGES_A_TURN && !lws_partial_buffered(wsi); turn++) {
        size_t len;
        const uint8_t *bytes = relay_core_pending(serve->core, socket->connection, &len, host_now());

        if (!bytes)
            return socket->closing ? close_with(wsi, LWS_CLOSE_STATUS_NORMAL) : 0;
        memcpy(message + LWS_PRE, bytes, len);
        if (lws_write(wsi, message + LWS_PRE, len, LWS_WRITE_BINARY) < 0)
            return -1;
        relay_core_sent(serve->core, socket->connection);
    }
    lws_callback_on_writable(wsi);
    return 0;
}

void serve_socket_forget(struct serve_socket *socket)
{
    proto_buf_free(&socket->in);
}

void serve_socket_closed(struct serve *serve, struct serve_socket *socket)
{
    serve_socket_forget(socket);
    if (!socket->connection)
        return;
    give_number(serve->sockets, socket->connection);
    relay_core_closed(serve->core, socket->connection, host_now());
    socket->connection = 0;
    serve_run_core(serve);
}
