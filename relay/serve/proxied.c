/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/proxied.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proto/host/watch.h"
#include "relay/serve/said.h"

enum { EVENTS_A_TURN = 64, REQUEST_MOST_BYTES = 65536 };

struct waiting {
    struct waiting *next, *prev; /* in the order of their time */
    int fd;
    enum serve_proxied_by by;
    serve_proxied_said *said;
    void *context;
    int64_t since_ms;
};

struct serve_proxied {
    struct host_watch *watch; /* owned; has the epoll's descriptor */
    int epoll;
    struct waiting *first, *last;
    int64_t count;
    const struct relay_limits *limits;
    struct serve_proxied_closed closed;
};

static const struct {
    enum serve_said (*read)(const uint8_t *bytes, size_t len, struct sockaddr_storage *from, size_t *used);
    const char *refusal; /* the proxy is told */
} kinds[] = {
    [SERVE_BY_PROXY_HEADER] = {serve_said_proxy, ""},
    [SERVE_BY_REQUEST] = {serve_said_request,
                          "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
};

static void leave(struct serve_proxied *proxied, struct waiting *one)
{
    *(one->prev ? &one->prev->next : &proxied->first) = one->next;
    *(one->next ? &one->next->prev : &proxied->last) = one->prev;
    proxied->count--;
    (void)epoll_ctl(proxied->epoll, EPOLL_CTL_DEL, one->fd, NULL);
    free(one);
}

static void leave_and_close(struct serve_proxied *proxied, struct waiting *one)
{
    int fd = one->fd;

    leave(proxied, one);
    close(fd);
}

static void refuse(struct serve_proxied *proxied, struct waiting *one, unsigned *why)
{
    ++*why;
    (void)send(one->fd, kinds[one->by].refusal, strlen(kinds[one->by].refusal), MSG_NOSIGNAL);
    leave_and_close(proxied, one);
}

static void look(struct serve_proxied *proxied, struct waiting *one)
{
    static uint8_t bytes[REQUEST_MOST_BYTES];
    struct sockaddr_storage from;
    struct waiting told = *one;
    size_t used, room = one->by == SERVE_BY_REQUEST ? (size_t)proxied->limits->header_bytes : SERVE_SAID_MOST_BYTES;
    ssize_t len = recv(one->fd, bytes, room, MSG_PEEK);

    if (len <= 0) {
        if (!len || (errno != EAGAIN && errno != EINTR))
            leave_and_close(proxied, one);
        return;
    }
    enum serve_said said = kinds[one->by].read(bytes, (size_t)len, &from, &used);
    if (said == SERVE_SAID_WRONG) {
        refuse(proxied, one, &proxied->closed.wrong);
    } else if (said == SERVE_SAID_MORE) {
        if ((size_t)len == room)
            refuse(proxied, one, &proxied->closed.large);
    } else if (used && recv(one->fd, bytes, used, 0) != (ssize_t)used) {
        leave_and_close(proxied, one);
    } else {
        leave(proxied, one);
        told.said(told.context, told.fd, &from);
    }
}

static void on_ready(void *context)
{
    struct serve_proxied *proxied = context;
    struct epoll_event events[EVENTS_A_TURN];
    int count = epoll_wait(proxied->epoll, events, EVENTS_A_TURN, 0);

    for (int i = 0; i < count; i++)
        look(proxied, events[i].data.ptr);
}

enum proto_err serve_proxied_new(struct serve_proxied **out, struct host_loop *loop, const struct relay_limits *limits)
{
    struct serve_proxied *proxied = calloc(1, sizeof *proxied);

    *out = proxied;
    if (!proxied)
        return PROTO_ERR_NOMEM;
    proxied->limits = limits;
    proxied->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (proxied->epoll < 0)
        return PROTO_ERR_IO;
    return host_watch_new(&proxied->watch, loop, proxied->epoll, on_ready, proxied);
}

void serve_proxied_free(struct serve_proxied *proxied)
{
    if (!proxied)
        return;
    while (proxied->first)
        leave_and_close(proxied, proxied->first);
    host_watch_free(proxied->watch);
    free(proxied);
}

bool serve_proxied_take(struct serve_proxied *proxied, int fd, enum serve_proxied_by by, serve_proxied_said *said,
                        void *context, int64_t now_ms)
{
    struct waiting *one = proxied->count < proxied->limits->handshakes ? calloc(1, sizeof *one) : NULL;
    /* Edges: what is peeked at stays readable. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = one};

    if (!one || epoll_ctl(proxied->epoll, EPOLL_CTL_ADD, fd, &event)) {
        free(one);
        close(fd);
        return false;
    }
    *one = (struct waiting){
        .prev = proxied->last, .fd = fd, .by = by, .said = said, .context = context, .since_ms = now_ms};
    *(proxied->last ? &proxied->last->next : &proxied->first) = one;
    proxied->last = one;
    proxied->count++;
    return true;
}

struct serve_proxied_closed serve_proxied_tick(struct serve_proxied *proxied, int64_t now_ms)
{
    struct serve_proxied_closed closed = proxied->closed;

    for (; proxied->first && now_ms - proxied->first->since_ms > proxied->limits->opening_ms; closed.late++)
        leave_and_close(proxied, proxied->first);
    proxied->closed = (struct serve_proxied_closed){0};
    return closed;
}
