/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/socket.h"

#include <libwebsockets.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/wire/limits.h"
#include "relay/core/queue.h"
#include "relay/serve/forget.h"
#include "relay/serve/listen.h"
#include "relay/serve/staff.h"

enum {
    BYTES_A_TURN = 64 * 1024, /* to one connection, then the others have theirs */
    EXPECTED_BYTES = 64 * 1024,
    TOLD_BYTES = 128 * 1024, /* messages that may wait for the end of the pass */
    READS_A_PASS = 16,       /* of what TLS has read ahead */
    /* Of frame, record and segment, for each message and each 16 kB of one. */
    MESSAGE_COST_BYTES = 96,
    CHATTER_A_SECOND = 4096,  /* seven hundred empty pings; no end of ours sends more than one */
    CHATTER_MOST = 48 * 1024, /* more than what TLS may have read ahead of the messages that were told */
    CLOSE_WAIT_S = 5,         /* for a closing connection to take what is pending */
};

struct slot {
    struct lws *wsi;             /* NULL: free */
    struct serve_socket *socket; /* libwebsockets' */
    uint32_t next_free;
    bool woken, unread; /* in the list of that name */
};

/* Numbers of connections that have something to send, or that TLS holds something of. Some may be free again. */
struct list {
    uint32_t *numbers; /* owned; as many as there are slots */
    uint32_t count;
};

struct serve_sockets {
    uint32_t first_free, count;
    struct list woken, unread;
    bool reading;        /* what was read ahead */
    size_t told_bytes;   /* since the woken were last sent to */
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
    /* A number may stand in a list a second time, when it was given to somebody else during the pass. */
    sockets->woken.numbers = calloc(2 * (size_t)count, sizeof(uint32_t));
    sockets->unread.numbers = calloc(2 * (size_t)count, sizeof(uint32_t));
    if (!sockets->woken.numbers || !sockets->unread.numbers)
        return PROTO_ERR_NOMEM;
    sockets->count = count;
    sockets->first_free = 1;
    for (uint32_t i = 1; i < count; i++)
        sockets->slots[i].next_free = i + 1 < count ? i + 1 : 0;
    return PROTO_OK;
}

void serve_sockets_free(struct serve_sockets *sockets)
{
    if (!sockets)
        return;
    free(sockets->woken.numbers);
    free(sockets->unread.numbers);
    free(sockets);
}

static uint32_t take_number(struct serve_sockets *sockets, struct lws *wsi, struct serve_socket *socket)
{
    uint32_t number = sockets->first_free;

    if (number) {
        sockets->first_free = sockets->slots[number].next_free;
        sockets->slots[number] = (struct slot){.wsi = wsi, .socket = socket};
    }
    return number;
}

static void give_number(struct serve_sockets *sockets, uint32_t number)
{
    sockets->slots[number] = (struct slot){.next_free = sockets->first_free};
    sockets->first_free = number;
}

static void add(struct serve_sockets *sockets, struct list *list, uint32_t number)
{
    if (list->count < 2 * sockets->count)
        list->numbers[list->count++] = number;
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
    if (!slot->woken)
        add(sockets, &sockets->woken, connection);
    slot->woken = true;
}

void serve_sockets_close_all(struct serve_sockets *sockets)
{
    for (uint32_t number = 1; number < sockets->count; number++)
        serve_sockets_wake(sockets, number, true);
}

/* ---- out ---- */

_Static_assert((int)RELAY_ROOM_BYTES >= (int)SERVE_GATHER_ROOM && (int)SERVE_GATHER_ROOM >= (int)LWS_PRE,
               "what the core leaves in front of a message");

enum pumped { ALL_SENT, MORE_WAITS, BLOCKED, BROKEN };

/* Takes from the core what the connection takes, in the order of service: nothing that could be dropped waits here. */
static enum pumped pump(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    enum pumped result = ALL_SENT;
    uint8_t *bytes;
    size_t len;

    if (socket->said_close)
        return ALL_SENT;
    if (!serve_gather_flush(&socket->gather) || lws_partial_buffered(wsi))
        return socket->gather.failed ? BROKEN : BLOCKED;
    serve_gather_cork(&socket->gather);
    while (result == ALL_SENT && !lws_partial_buffered(wsi) &&
           (bytes = relay_core_pending(serve->core, socket->connection, &len, host_now()))) {
        serve_gather_message(&socket->gather, bytes, len);
        relay_core_sent(serve->core, socket->connection);
        if (serve_gather_corked() >= BYTES_A_TURN)
            result = MORE_WAITS;
    }
    if (!serve_gather_uncork(&socket->gather))
        result = socket->gather.failed ? BROKEN : BLOCKED;
    return result;
}

/* From outside of a callback: what cannot be done here waits for WRITEABLE. */
static void send_woken(struct serve *serve, uint32_t number)
{
    struct slot *slot = &serve->sockets->slots[number];

    if (!slot->wsi || !slot->woken)
        return;
    slot->woken = false;
    switch (pump(serve, slot->wsi, slot->socket)) {
    case MORE_WAITS:
        serve_sockets_wake(serve->sockets, number, false);
        break;
    case BLOCKED:
        lws_callback_on_writable(slot->wsi);
        break;
    case BROKEN:
        lws_set_timeout(slot->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
        break;
    case ALL_SENT:
        if (slot->socket->closing)
            lws_callback_on_writable(slot->wsi);
        break;
    }
}

/* Only those who were woken before: whoever has more waits for the next pass, like everybody else. */
static void send_all_woken(struct serve *serve)
{
    struct list *woken = &serve->sockets->woken;
    uint32_t count = woken->count;

    serve->sockets->told_bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        send_woken(serve, woken->numbers[i]);
    woken->count -= count;
    memmove(woken->numbers, woken->numbers + count, woken->count * sizeof *woken->numbers);
}

/* ---- in ---- */

/* What was read ahead no poll can see, and libwebsockets asks OpenSSL for whole records only. */
static void note_unread(struct serve *serve, struct serve_socket *socket)
{
    struct serve_sockets *sockets = serve->sockets;
    struct slot *slot = &sockets->slots[socket->connection];

    if (slot->unread || !serve_intake_holds(&socket->intake))
        return;
    slot->unread = true;
    add(sockets, &sockets->unread, socket->connection);
    if (!sockets->reading) /* else one who sends without end would never be left */
        host_loop_next(serve->loop);
}

static void read_all_unread(struct serve *serve)
{
    struct list *unread = &serve->sockets->unread;

    serve->sockets->reading = true;
    for (int round = 0; round < READS_A_PASS && unread->count; round++) {
        uint32_t count = unread->count;

        for (uint32_t i = 0; i < count; i++) {
            struct slot *slot = &serve->sockets->slots[unread->numbers[i]];
            bool due = slot->wsi && slot->unread;

            slot->unread = false;
            if (!due)
                continue;
            struct lws_pollfd readable = {
                .fd = lws_get_socket_fd(slot->wsi), .events = LWS_POLLIN, .revents = LWS_POLLIN};
            (void)lws_service_fd(host_loop_context(serve->loop), &readable);
        }
        unread->count -= count;
        memmove(unread->numbers, unread->numbers + count, unread->count * sizeof *unread->numbers);
    }
    serve->sockets->reading = false;
}

/* ---- what is no message ---- */

/* Without TLS the kernel has counted; a Unix socket counts nothing, and who may write to one is the operator's choice.
 */
static uint64_t bytes_read(struct lws *wsi, uint64_t unknown)
{
    SSL *ssl = lws_get_ssl(wsi);
    struct tcp_info info;
    socklen_t len = sizeof info;

    if (ssl)
        return BIO_number_read(SSL_get_rbio(ssl));
    return getsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_INFO, &info, &len) ||
                   len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received
               ? unknown
               : info.tcpi_bytes_received;
}

static bool chatters(struct slot *slot)
{
    struct serve_socket *socket = slot->socket;
    uint64_t read = bytes_read(slot->wsi, socket->swept_bytes);
    uint64_t told = socket->told_bytes + CHATTER_A_SECOND, debt = socket->chatter_bytes + (read - socket->swept_bytes);

    socket->silent_s = read == socket->swept_bytes ? socket->silent_s + 1 : 0;
    socket->chatter_bytes = debt > told ? debt - told : 0;
    socket->swept_bytes = read;
    socket->told_bytes = 0;
    return socket->chatter_bytes > CHATTER_MOST;
}

static void ask(struct slot *slot)
{
    slot->socket->silent_s = 0;
    if (!slot->socket->said_close && !slot->socket->closing)
        serve_gather_ping(&slot->socket->gather);
}

unsigned serve_sockets_sweep(struct serve_sockets *sockets, int64_t ping_s)
{
    unsigned closed = 0;

    for (uint32_t number = 1; number < sockets->count; number++) {
        struct slot *slot = &sockets->slots[number];

        if (!slot->wsi)
            continue;
        if (!chatters(slot)) {
            if (slot->socket->silent_s >= ping_s)
                ask(slot);
            continue;
        }
        closed++;
        host_say(HOST_INFO, "a connection is closed: more bytes of pings and empty frames than anybody needs");
        lws_set_timeout(slot->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
    }
    return closed;
}

void serve_sockets_next(struct serve *serve)
{
    read_all_unread(serve);
}

bool serve_sockets_pass(struct serve *serve)
{
    read_all_unread(serve);
    serve_run_core(serve);
    send_all_woken(serve);
    serve_run_core(serve); /* a queue that dropped something asks for a key frame */
    return serve->sockets->woken.count || serve->sockets->unread.count;
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
    char address[SERVE_ADDRESS_BYTES];
    enum proto_err err = PROTO_OK;

    if (!serve_gather_set_up(&socket->gather, wsi))
        return -1;
    if (!serve_intake_set_up(&socket->intake, wsi))
        return -1;
    socket->swept_bytes = bytes_read(wsi, 0);
    serve_listen_peer(serve->listen, wsi, address, sizeof address);
    if (staff) {
        err = serve_staff_identify_end(serve, wsi, &identity);
        serve_forget_certificates(lws_get_ssl(wsi));
    }
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
    return 0;
}

static int fed(struct serve *serve, struct serve_socket *socket, enum proto_err err)
{
    if (err)
        serve_sockets_wake(serve->sockets, socket->connection, true);
    return 0;
}

static int feed(struct serve *serve, struct serve_socket *socket, const uint8_t *bytes, size_t len)
{
    return fed(serve, socket, relay_core_feed(serve->core, socket->connection, bytes, len, host_now()));
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

    if (!slot)
        return -1;
    socket->in = NULL;
    socket->in_len = socket->in_room = 0;
    return fed(serve, socket, relay_core_feed_slot(serve->core, socket->connection, slot, len, host_now()));
}

/* The receivers' turn before the pass is over: what was told long ago has left the processor's cache. */
static void send_when_much(struct serve *serve, size_t len)
{
    struct serve_sockets *sockets = serve->sockets;

    sockets->told_bytes += len + MESSAGE_COST_BYTES;
    if (sockets->told_bytes < TOLD_BYTES)
        return;
    serve_run_core(serve);
    send_all_woken(serve);
}

/* A piece of a message: libwebsockets gives at most one TLS record at a time. Its length is the peer's claim. */
static int take_piece(struct serve *serve, struct lws *wsi, struct serve_socket *socket, const uint8_t *bytes,
                      size_t len)
{
    size_t rest = lws_remaining_packet_payload(wsi);
    bool last = lws_is_final_fragment(wsi) && !rest;

    socket->told_bytes += len + (last ? MESSAGE_COST_BYTES : 0) + len / 64;
    if (!socket->connection || socket->closing)
        return socket->connection ? 0 : -1;
    if (!lws_frame_is_binary(wsi) || (last && !(socket->in_len + len)))
        return close_with(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
    if (rest > PROTO_MAX_MESSAGE_BYTES || socket->in_len + len + rest > PROTO_MAX_MESSAGE_BYTES)
        return close_with(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
    if (last && !socket->in_len)
        return feed(serve, socket, bytes, len);
    if (!len && !socket->in) /* an empty piece before any other */
        return 0;
    if (!make_room(socket, len, rest))
        return close_with(wsi, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
    memcpy(relay_slot_bytes(socket->in) + socket->in_len, bytes, len);
    socket->in_len += len;
    return last ? feed_gathered(serve, socket) : 0;
}

int serve_socket_receive(struct serve *serve, struct lws *wsi, struct serve_socket *socket, const uint8_t *bytes,
                         size_t len)
{
    if (socket->connection)
        note_unread(serve, socket);
    int rc = take_piece(serve, wsi, socket, bytes, len);
    if (!rc)
        send_when_much(serve, len);
    return rc;
}

int serve_socket_write(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    if (!socket->connection)
        return -1;
    switch (pump(serve, wsi, socket)) {
    case ALL_SENT:
        if (!socket->closing)
            return 0;
        socket->said_close = true;
        return close_with(wsi, LWS_CLOSE_STATUS_NORMAL);
    case BROKEN:
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
    give_number(serve->sockets, socket->connection);
    relay_core_closed(serve->core, socket->connection, host_now());
    socket->connection = 0;
}
