/* SPDX-License-Identifier: Apache-2.0 */
/* A pass of the loop: what was read ahead, what the core makes of it, and what it lets go. */
#include <string.h>
#include <time.h>

#include "proto/host/world.h"
#include "relay/core/fetch.h"
#include "relay/core/queue.h"
#include "relay/serve/socket_inside.h"

enum {
    BYTES_A_TURN = 128 * 1024, /* to one connection, then the others have theirs */
    READS_A_PASS = 16,        /* of what TLS has read ahead */
};

/* ---- out ---- */

_Static_assert((int)RELAY_ROOM_BYTES >= (int)SERVE_GATHER_ROOM && (int)SERVE_GATHER_ROOM >= (int)LWS_PRE,
               "what the core leaves in front of a message");

/* Into records, that wait to be sent. */
static enum serve_pumped fill(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    enum serve_pumped result = SERVE_ALL_SENT;
    struct proto_now now = host_now();
    uint8_t *bytes;
    size_t len;

    if (socket->said_close)
        return SERVE_ALL_SENT;
    if (!serve_gather_flush(&socket->gather) || lws_partial_buffered(wsi))
        return socket->gather.failed ? SERVE_BROKEN : SERVE_BLOCKED;
    serve_gather_cork(&socket->gather);
    while (result == SERVE_ALL_SENT && !lws_partial_buffered(wsi) &&
           (bytes = relay_core_pending(serve->core, socket->connection, &len, now))) {
        serve_gather_message(&socket->gather, bytes, len);
        relay_core_sent(serve->core, socket->connection);
        if (serve_gather_corked() >= BYTES_A_TURN)
            result = SERVE_MORE_WAITS;
    }
    serve_gather_uncork(&socket->gather);
    if (serve_gather_corked() >= BYTES_A_TURN)
        serve_gather_settle();
    return result;
}

enum serve_pumped serve_pass_pump(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    enum serve_pumped result = fill(serve, wsi, socket);

    serve_gather_settle();
    if (socket->gather.failed)
        return SERVE_BROKEN;
    return socket->gather.rest || lws_partial_buffered(wsi) ? SERVE_BLOCKED : result;
}

/* From outside of a callback: what cannot be done here waits for WRITEABLE. */
static void fill_woken(struct serve *serve, uint32_t number)
{
    struct serve_slot *slot = &serve->sockets->slots[number];

    if (!slot->wsi || !slot->woken)
        return;
    slot->woken = false;
    switch (fill(serve, slot->wsi, slot->socket)) {
    case SERVE_MORE_WAITS:
        serve_sockets_wake(serve->sockets, number, false);
        break;
    case SERVE_BLOCKED:
        lws_callback_on_writable(slot->wsi);
        break;
    case SERVE_BROKEN:
        lws_set_timeout(slot->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
        break;
    case SERVE_ALL_SENT:
        if (slot->socket->closing)
            lws_callback_on_writable(slot->wsi);
        break;
    }
}

void serve_pass_fill(struct serve *serve)
{
    struct serve_list *woken = &serve->sockets->woken;
    uint32_t count = woken->count;

    serve->sockets->told_bytes = 0;
    if (count)
        serve->sockets->slots[serve->sockets->speaker].answered = woken->numbers[0];
    for (uint32_t i = 0; i < count; i++)
        fill_woken(serve, woken->numbers[i]);
    woken->count -= count;
    memmove(woken->numbers, woken->numbers + count, woken->count * sizeof *woken->numbers);
}

/* ---- in ---- */

/* Whoever spoke before most likely speaks to the same one. */
static void expect(const struct serve *serve, const struct serve_slot *speaker, uint32_t number)
{
    const struct serve_slot *receiver = &serve->sockets->slots[speaker->answered];

    relay_core_expect(serve->core, number);
    relay_fetch(receiver->socket, 0, sizeof *receiver->socket);
    relay_fetch(receiver->tls, 0, 2 * RELAY_FETCH_LINE_BYTES);
}

/* What was read ahead libwebsockets does not see: it asks OpenSSL for whole records only. */
void serve_pass_note_read(struct lws *wsi)
{
    struct serve *serve = lws_vhost_user(lws_get_vhost(wsi));
    struct serve_socket *socket = lws_wsi_user(wsi);
    struct serve_sockets *sockets = serve->sockets;

    if (serve->stopping || !socket->connection)
        return;
    struct serve_slot *slot = &sockets->slots[socket->connection];
    if (slot->unread)
        return;
    sockets->speaker = socket->connection;
    expect(serve, slot, socket->connection);
    slot->unread = true;
    serve_sockets_list(sockets, &sockets->unread, socket->connection);
    if (!sockets->reading) /* else one who sends without end would never be left */
        host_loop_next(serve->loop);
}

/* Again in the next round, when there is more and this one has brought some of it. */
static void read_more(struct serve *serve, uint32_t number)
{
    struct serve_slot *slot = &serve->sockets->slots[number];
    struct lws *wsi = slot->wsi;
    size_t held = wsi && slot->unread ? serve_intake_held(&slot->socket->intake) : 0, left;
    struct lws_pollfd readable = {.events = LWS_POLLIN, .revents = LWS_POLLIN};

    slot->unread = false;
    if (!held)
        return;
    readable.fd = lws_get_socket_fd(wsi);
    (void)lws_service_fd(host_loop_context(serve->loop), &readable);
    left = slot->wsi == wsi ? serve_intake_held(&slot->socket->intake) : 0;
    if (left && left != held)
        serve_pass_note_read(wsi);
}

static void read_all_unread(struct serve *serve)
{
    struct serve_list *unread = &serve->sockets->unread;

    serve->sockets->reading = true;
    for (int round = 0; round < READS_A_PASS && unread->count; round++) {
        uint32_t count = unread->count;

        for (uint32_t i = 0; i < count; i++)
            read_more(serve, unread->numbers[i]);
        unread->count -= count;
        memmove(unread->numbers, unread->numbers + count, unread->count * sizeof *unread->numbers);
    }
    serve->sockets->reading = false;
}

/* ---- both ---- */

void serve_sockets_next(struct serve *serve)
{
    read_all_unread(serve);
    serve_run_core(serve);
    serve_pass_fill(serve);
    serve_gather_settle();
}

bool serve_sockets_pass(struct serve *serve)
{
    static const struct timespec pause = {.tv_nsec = SERVE_DENSE_PAUSE_US * 1000};

    serve_sockets_next(serve);
    serve_run_core(serve); /* a queue that dropped something asks for a key frame */
    if (serve->sockets->woken.count || serve->sockets->unread.count)
        return true;
    if (serve_dense_pauses(&serve->sockets->dense, host_now().mono_ms))
        (void)nanosleep(&pause, NULL);
    return false;
}
