/* SPDX-License-Identifier: Apache-2.0 */
/* The table of connections, and a look at all of them each second. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "proto/host/say.h"
#include "relay/serve/socket_inside.h"
#include "relay/serve/tell.h"

enum {
    CHATTER_MOST = 48 * 1024, /* more than what TLS may have read ahead of the messages that were told */
    CLOSE_WAIT_S = 5,         /* for a closing connection to take what is pending */
};

/* ---- numbers ---- */

enum proto_err serve_sockets_new(struct serve_sockets **out, int64_t most)
{
    uint32_t count = (uint32_t)(most < 1 ? 1 : most > 1000000 ? 1000000 : most) + 1;
    struct serve_sockets *sockets = calloc(1, sizeof *sockets + count * sizeof(struct serve_slot));

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

uint32_t serve_sockets_take(struct serve_sockets *sockets, struct lws *wsi, struct serve_socket *socket)
{
    uint32_t number = sockets->first_free;

    if (number) {
        sockets->first_free = sockets->slots[number].next_free;
        sockets->slots[number] = (struct serve_slot){.wsi = wsi, .socket = socket, .tls = lws_get_ssl(wsi)};
    }
    return number;
}

void serve_sockets_give(struct serve_sockets *sockets, uint32_t number)
{
    sockets->slots[number] = (struct serve_slot){.next_free = sockets->first_free};
    sockets->first_free = number;
}

void serve_sockets_list(struct serve_sockets *sockets, struct serve_list *list, uint32_t number)
{
    if (list->count < 2 * sockets->count)
        list->numbers[list->count++] = number;
}

void serve_sockets_wake(struct serve_sockets *sockets, uint32_t connection, bool close)
{
    struct serve_slot *slot = connection < sockets->count ? &sockets->slots[connection] : NULL;

    if (!slot || !slot->wsi)
        return;
    if (close && !slot->socket->closing) {
        slot->socket->closing = true;
        lws_set_timeout(slot->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_WAIT_S);
    }
    if (!slot->woken)
        serve_sockets_list(sockets, &sockets->woken, connection);
    slot->woken = true;
}

void serve_sockets_close_all(struct serve_sockets *sockets)
{
    for (uint32_t number = 1; number < sockets->count; number++)
        serve_sockets_wake(sockets, number, true);
}

/* ---- what is no message ---- */

/* Without TLS the kernel has counted; a Unix socket counts nothing, and who may write to one is the operator's choice.
 */
uint64_t serve_sockets_read(struct lws *wsi, uint64_t unknown)
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

static bool chatters(struct serve_slot *slot, int64_t bytes_per_second)
{
    struct serve_socket *socket = slot->socket;
    uint64_t read = serve_sockets_read(slot->wsi, socket->swept_bytes);
    uint64_t told = socket->told_bytes + (uint64_t)bytes_per_second,
             debt = socket->chatter_bytes + (read - socket->swept_bytes);

    socket->silent_s = read == socket->swept_bytes ? socket->silent_s + 1 : 0;
    socket->chatter_bytes = debt > told ? debt - told : 0;
    socket->swept_bytes = read;
    socket->told_bytes = 0;
    return socket->chatter_bytes > CHATTER_MOST;
}

static void ask(struct serve_slot *slot)
{
    slot->socket->silent_s = 0;
    if (!slot->socket->said_close && !slot->socket->closing)
        serve_gather_ping(&slot->socket->gather);
}

const char *serve_sockets_address(const struct serve_sockets *sockets, uint32_t connection)
{
    const struct serve_socket *socket = connection < sockets->count ? sockets->slots[connection].socket : NULL;

    return socket ? socket->address : NULL;
}

unsigned serve_sockets_sweep(struct serve *serve)
{
    struct serve_sockets *sockets = serve->sockets;
    unsigned closed = 0;

    for (uint32_t number = 1; number < sockets->count; number++) {
        struct serve_slot *slot = &sockets->slots[number];

        if (!slot->wsi)
            continue;
        if (!chatters(slot, serve->config->limits.chatter_bytes_per_second)) {
            if (slot->socket->silent_s >= serve->config->ping_s)
                ask(slot);
            continue;
        }
        closed++;
        serve_tell_refused(serve, slot->socket->address, relay_limit_name(RELAY_BOUND_chatter_bytes_per_second));
        lws_set_timeout(slot->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
    }
    if (closed)
        host_say(HOST_INFO, "%u connections are closed: more bytes of pings and empty pieces than anybody needs",
                 closed);
    return closed;
}
