/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/relay_line_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    RECORD_BYTES = 16384,
    READ_BYTES = 80 * 1024,
    ANSWER_BYTES = 4096,
    OUT_MOST_BYTES = 8 << 20, /* a relay that takes nothing is not given more */
};

const uint8_t line_mask[LINE_MASK_BYTES] = {0x35, 0x5e, 0x87, 0xb0};

uint64_t line_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the socket ---- */

static void arm(struct line *line, bool write)
{
    struct epoll_event event = {.events = (line->stalled ? 0 : (uint32_t)EPOLLIN) | (write ? (uint32_t)EPOLLOUT : 0),
                                .data.ptr = line};

    line->wants_write = write;
    (void)epoll_ctl(line->epoll, EPOLL_CTL_MOD, line->fd, &event);
}

void line_stall(struct line *line, bool stall)
{
    line->stalled = stall;
    if (line->state != LINE_CLOSED && line->state != LINE_NEW)
        arm(line, line->wants_write);
}

void line_close(struct line *line, bool abort_it)
{
    struct linger at_once = {1, 0};
    bool was_open = line->state == LINE_OPEN;

    if (line->state == LINE_CLOSED || line->state == LINE_NEW)
        return;
    line->state = LINE_CLOSED;
    if (abort_it)
        (void)setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(line->fd);
    SSL_free(line->ssl);
    line->ssl = NULL;
    line_forget_taken(line);
    line_bytes_free(&line->out);
    line_bytes_free(&line->in);
    ERR_clear_error();
    line->peer->on_closed(line, was_open);
}

void line_flush(struct line *line)
{
    while (line->out_sent < line->out.len) {
        ssize_t n = send(line->fd, line->out.bytes + line->out_sent, line->out.len - line->out_sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            if (!line->wants_write)
                arm(line, true);
            return;
        }
        if (n < 0) {
            line_close(line, false);
            return;
        }
        line->out_sent += (size_t)n;
    }
    line_out_empty(line);
    if (line->wants_write)
        arm(line, false);
}

bool line_connect(struct line *line, int epoll, const struct line_peer *peer, void *context)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(peer->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = line};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BIO *bio = BIO_new(line_between());

    *line = (struct line){.fd = fd,
                          .epoll = epoll,
                          .state = LINE_CONNECTING,
                          .wants_write = true,
                          .peer = peer,
                          .context = context,
                          .ssl = SSL_new(peer->tls),
                          .began_ns = line_now_ns()};
    if (fd < 0 || !line->ssl || !bio)
        return false;
    BIO_set_data(bio, line);
    BIO_set_init(bio, 1);
    SSL_set_bio(line->ssl, bio, bio);
    SSL_set_connect_state(line->ssl);
    if (!strchr("0123456789", peer->host[0]))
        SSL_set_tlsext_host_name(line->ssl, peer->host);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    return !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) &&
           (!connect(fd, (struct sockaddr *)&to, sizeof to) || errno == EINPROGRESS);
}

/* ---- out ---- */

void line_send_masked(struct line *line, uint8_t *body, size_t len)
{
    uint8_t *at = body - LINE_MASK_BYTES;

    if (line->state != LINE_OPEN || line->out.len - line->out_sent > OUT_MOST_BYTES)
        return;
    memcpy(at, line_mask, LINE_MASK_BYTES);
    if (len < 126) {
        *--at = (uint8_t)(0x80 | len);
    } else {
        size_t bytes = len < 65536 ? 2 : 8;

        for (size_t i = 0; i < bytes; i++)
            *--at = (uint8_t)((uint64_t)len >> 8 * i);
        *--at = bytes == 2 ? 0x80 | 126 : 0x80 | 127;
    }
    *--at = 0x82; /* final, binary */
    if (SSL_write(line->ssl, at, (int)(body + len - at)) <= 0)
        line_close(line, false);
}

void line_send(struct line *line, const uint8_t *message, size_t len)
{
    uint8_t *copy = malloc(LINE_ROOM_BYTES + len);

    if (!copy)
        abort();
    for (size_t i = 0; i < len; i++)
        copy[LINE_ROOM_BYTES + i] = message[i] ^ line_mask[i % LINE_MASK_BYTES];
    line_send_masked(line, copy + LINE_ROOM_BYTES, len);
    free(copy);
    if (line->state == LINE_OPEN)
        line_flush(line);
}

/* ---- in ---- */

/* The answer to the upgrade; what comes behind it is frames already. */
static void take_answer(struct line *line, const uint8_t *bytes, size_t len)
{
    struct line_bytes answer;
    uint8_t *end;

    line_bytes_put(&line->in, bytes, len);
    end = memmem(line->in.bytes, line->in.len, "\r\n\r\n", 4);
    if (!end && line->in.len < ANSWER_BYTES)
        return;
    if (!end || memcmp(line->in.bytes, "HTTP/1.1 101", 12) != 0) {
        line_close(line, false);
        return;
    }
    answer = line->in;
    line->in = (struct line_bytes){0};
    line->state = LINE_OPEN;
    line->peer->on_open(line);
    line_take_frames(line, end + 4, answer.bytes + answer.len);
    line_bytes_free(&answer);
}

static void on_readable(struct line *line)
{
    static uint8_t buffer[READ_BYTES];

    while (line->state == LINE_OPEN || line->state == LINE_UPGRADING) {
        size_t got = 0;
        int n = 1, error;

        ERR_clear_error(); /* another's failure is not ours */
        while (n > 0 && got + RECORD_BYTES <= sizeof buffer) {
            n = SSL_read(line->ssl, buffer + got, (int)(sizeof buffer - got));
            got += n > 0 ? (size_t)n : 0;
        }
        error = n > 0 ? 0 : SSL_get_error(line->ssl, n);
        if (got && line->state == LINE_UPGRADING)
            take_answer(line, buffer, got);
        else if (got)
            line_take_frames(line, buffer, buffer + got);
        if (error == SSL_ERROR_WANT_READ)
            break;
        if (error)
            line_close(line, false);
    }
    if (line->state == LINE_OPEN)
        line_flush(line);
}

static void ask_upgrade(struct line *line)
{
    char request[1024];
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                       line->peer->path, line->peer->host, line->peer->protocol ? "Sec-WebSocket-Protocol: " : "",
                       line->peer->protocol ? line->peer->protocol : "", line->peer->protocol ? "\r\n" : "");

    line->state = LINE_UPGRADING;
    if (SSL_write(line->ssl, request, len) <= 0)
        line_close(line, false);
    else
        line_flush(line);
}

static void shake_hands(struct line *line)
{
    int rc;

    ERR_clear_error();
    rc = SSL_do_handshake(line->ssl);

    if (line->out.len)
        line_flush(line);
    if (line->state != LINE_TLS)
        return;
    if (rc == 1)
        ask_upgrade(line);
    else if (SSL_get_error(line->ssl, rc) != SSL_ERROR_WANT_READ)
        line_close(line, false);
    else if (line->wants_write && !line->out.len)
        arm(line, false);
}

void line_service(struct line *line, uint32_t events)
{
    if (line->state == LINE_CLOSED || line->state == LINE_NEW)
        return;
    line->drained = false;
    if (line->state == LINE_CONNECTING) {
        if (events & (EPOLLERR | EPOLLHUP)) {
            line_close(line, false);
            return;
        }
        if (!(events & EPOLLOUT))
            return;
        line->state = LINE_TLS;
    }
    if (line->state == LINE_TLS) {
        shake_hands(line);
        return;
    }
    if (events & EPOLLOUT)
        line_flush(line);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && line->state != LINE_CLOSED)
        on_readable(line);
}
