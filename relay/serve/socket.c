/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/socket.h"

#include <stdlib.h>
#include <string.h>

#include "proto/host/world.h"
#include "proto/wire/limits.h"
#include "relay/core/queue.h"
#include "relay/serve/forget.h"
#include "relay/serve/listen.h"
#include "relay/serve/socket_inside.h"
#include "relay/serve/staff.h"

enum {
    EXPECTED_BYTES = 64 * 1024,
    TOLD_BYTES = 256 * 1024, /* messages that may wait for the end of the pass */
    LARGE_BYTES = 4096,      /* a copy of more costs more than a turn of its receiver */
    /* Of frame, record and segment, for each message and each 16 kB of one. */
    MESSAGE_COST_BYTES = 96,
};

static int close_with(struct lws *wsi, enum lws_close_status status)
{
    lws_close_reason(wsi, status, NULL, 0);
    return -1;
}

int serve_socket_open(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    struct proto_identity identity;
    bool staff = serve_listen_is_staff(wsi);
    enum proto_err err = PROTO_OK;

    if (!serve_gather_set_up(&socket->gather, wsi))
        return -1;
    if (!serve_intake_set_up(&socket->intake, wsi, serve_pass_note_read))
        return -1;
    socket->swept_bytes = serve_sockets_read(wsi, 0);
    serve_listen_peer(wsi, socket->address, sizeof socket->address);
    if (staff) {
        err = serve_staff_identify(serve, wsi, SERVE_STAFF_COMES_BACK, &identity);
        serve_forget_certificates(lws_get_ssl(wsi));
    }
    if (!err) {
        socket->connection = serve_sockets_take(serve->sockets, wsi, socket);
        err = socket->connection ? PROTO_OK : PROTO_ERR_BUSY;
    }
    if (!err)
        err = relay_core_open(serve->core, socket->connection, socket->address, staff ? &identity : NULL, host_now());
    if (err) {
        if (socket->connection)
            serve_sockets_give(serve->sockets, socket->connection);
        socket->connection = 0;
        return close_with(wsi, err == PROTO_ERR_BUSY ? 1013 : LWS_CLOSE_STATUS_POLICY_VIOLATION); /* 1013: try later */
    }
    return 0;
}

static int fed(struct serve *serve, struct serve_socket *socket, enum proto_err err)
{
    if (err)
        serve_sockets_wake(serve->sockets, socket->connection, true);
    return 0;
}

static void note_message(struct serve_sockets *sockets, uint32_t connection, int64_t now_ms)
{
    serve_dense_note(&sockets->dense, &sockets->slots[connection].speaker, now_ms);
}

static int feed(struct serve *serve, struct serve_socket *socket, const uint8_t *bytes, size_t len)
{
    struct proto_now now = host_now();

    note_message(serve->sockets, socket->connection, now.mono_ms);
    return fed(serve, socket, relay_core_feed(serve->core, socket->connection, bytes, len, now));
}

/* A large one leaves from where it was decrypted, as far as its receiver takes it. */
static int feed_lent(struct serve *serve, struct serve_socket *socket, uint8_t *bytes, size_t len)
{
    struct proto_now now = host_now();

    note_message(serve->sockets, socket->connection, now.mono_ms);
    enum proto_err err = relay_core_feed_lent(serve->core, socket->connection, bytes, len, now);
    serve_run_core(serve);
    serve_pass_fill(serve);
    relay_core_keep(serve->core);
    return fed(serve, socket, err);
}

static void forget_message(struct serve_socket *socket)
{
    relay_slot_free(socket->in);
    socket->in = NULL;
    socket->in_len = socket->in_room = 0;
}

/* Room for the whole of a usual frame at once; a larger one is believed as it comes. */
static bool make_room(struct serve_socket *socket, size_t len, size_t rest)
{
    size_t wanted = socket->in_len + len + (rest < EXPECTED_BYTES ? rest : EXPECTED_BYTES);

    if (socket->in_len + len <= socket->in_room)
        return true;
    if (wanted < 2 * socket->in_room) /* many small pieces */
        wanted = 2 * socket->in_room;
    struct relay_slot *grown = relay_slot_new(socket->in, wanted);
    if (!grown)
        return false;
    socket->in = grown;
    socket->in_room = wanted;
    return true;
}

static int feed_gathered(struct serve *serve, struct serve_socket *socket)
{
    struct relay_slot *slot =
        socket->in_len == socket->in_room ? socket->in : relay_slot_new(socket->in, socket->in_len);
    size_t len = socket->in_len;
    struct proto_now now = host_now();

    if (!slot)
        return -1;
    socket->in = NULL;
    socket->in_len = socket->in_room = 0;
    note_message(serve->sockets, socket->connection, now.mono_ms);
    return fed(serve, socket, relay_core_feed_slot(serve->core, socket->connection, slot, len, now));
}

/* The receivers' turn before the pass is over: what was told long ago has left the processor's cache. */
static void send_when_much(struct serve *serve, size_t len)
{
    struct serve_sockets *sockets = serve->sockets;

    sockets->told_bytes += len + MESSAGE_COST_BYTES;
    if (sockets->told_bytes < TOLD_BYTES)
        return;
    serve_run_core(serve);
    serve_pass_fill(serve);
}

/* It is the first byte of a message. */
static uint8_t kind_of(const struct serve_socket *socket, const uint8_t *bytes)
{
    return socket->in_len ? *relay_slot_bytes(socket->in) : *bytes;
}

/* A piece of a message: libwebsockets gives at most one TLS record at a time. Its length is the peer's claim. */
static int take_piece(struct serve *serve, struct lws *wsi, struct serve_socket *socket, uint8_t *bytes, size_t len)
{
    size_t rest = lws_remaining_packet_payload(wsi);
    bool last = lws_is_final_fragment(wsi) && !rest;

    socket->told_bytes += len + (last ? MESSAGE_COST_BYTES : 0) + len / 64;
    if (!socket->connection || socket->closing)
        return socket->connection ? 0 : -1;
    if (!lws_frame_is_binary(wsi) || (last && !(socket->in_len + len)))
        return close_with(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
    if (last && !socket->in_len)
        return len > LARGE_BYTES ? feed_lent(serve, socket, bytes, len) : feed(serve, socket, bytes, len);
    if (!len && !socket->in) /* an empty piece before any other */
        return 0;
    if (rest > PROTO_MAX_MESSAGE_BYTES ||
        !relay_core_takes(serve->core, socket->connection, kind_of(socket, bytes), socket->in_len + len + rest))
        return close_with(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
    if (!make_room(socket, len, rest))
        return close_with(wsi, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
    memcpy(relay_slot_bytes(socket->in) + socket->in_len, bytes, len);
    socket->in_len += len;
    return last ? feed_gathered(serve, socket) : 0;
}

int serve_socket_receive(struct serve *serve, struct lws *wsi, struct serve_socket *socket, uint8_t *bytes, size_t len)
{
    int rc = take_piece(serve, wsi, socket, bytes, len);
    if (!rc)
        send_when_much(serve, len);
    return rc;
}

int serve_socket_write(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    if (!socket->connection)
        return -1;
    switch (serve_pass_pump(serve, wsi, socket)) {
    case SERVE_ALL_SENT:
        if (!socket->closing)
            return 0;
        socket->said_close = true;
        return close_with(wsi, LWS_CLOSE_STATUS_NORMAL);
    case SERVE_BROKEN:
        return -1;
    default:
        lws_callback_on_writable(wsi);
        return 0;
    }
}

void serve_socket_left(struct serve_socket *socket)
{
    socket->said_close = true;
}

void serve_socket_forget(struct serve_socket *socket)
{
    forget_message(socket);
    serve_intake_clear(&socket->intake);
    serve_gather_clear(&socket->gather);
}

void serve_socket_closed(struct serve *serve, struct serve_socket *socket)
{
    serve_socket_forget(socket);
    if (!socket->connection)
        return;
    serve_sockets_give(serve->sockets, socket->connection);
    relay_core_closed(serve->core, socket->connection, host_now());
    socket->connection = 0;
}
