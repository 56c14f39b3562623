/* SPDX-License-Identifier: Apache-2.0 */
/* TLS between memory and the socket: one recvmsg() for what has come, one send() for what was written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/bench/relay_line_inside.h"

enum { READ_BYTES = 80 * 1024 };

static bool bytes_room(struct line_bytes *bytes, size_t more)
{
    size_t room = bytes->room ? bytes->room : 512;
    uint8_t *grown;

    while (room < bytes->len + more)
        room *= 2;
    if (room == bytes->room)
        return true;
    grown = realloc(bytes->bytes, room);
    if (!grown)
        return false;
    bytes->bytes = grown;
    bytes->room = room;
    return true;
}

void line_bytes_put(struct line_bytes *bytes, const void *from, size_t len)
{
    if (!bytes_room(bytes, len))
        abort();
    memcpy(bytes->bytes + bytes->len, from, len);
    bytes->len += len;
}

void line_bytes_free(struct line_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct line_bytes){0};
}

/* What one recvmsg() brought, which is read to its end before another line has its turn. */
static struct {
    struct line *of;
    size_t at, len;
    uint8_t bytes[READ_BYTES];
} taken;

/* When the system was handed the last of these bytes; without its word: now. */
static uint64_t arrival_of(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec at;

            memcpy(&at, CMSG_DATA(part), sizeof at);
            return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
        }
    return line_now_ns();
}

/* As recv(). */
static ssize_t fill(struct line *line)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
        struct cmsghdr aligned;
    } parts;
    struct iovec into = {taken.bytes, sizeof taken.bytes};
    struct msghdr message = {
        .msg_iov = &into, .msg_iovlen = 1, .msg_control = parts.bytes, .msg_controllen = sizeof parts.bytes};
    ssize_t n = recvmsg(line->fd, &message, 0);

    taken.of = line;
    taken.at = 0;
    taken.len = n > 0 ? (size_t)n : 0;
    line->drained = n < (ssize_t)sizeof taken.bytes; /* epoll says when there is more */
    if (n > 0)
        line->arrived_ns = arrival_of(&message);
    return n;
}

static int take(BIO *bio, char *out, int size)
{
    struct line *line = BIO_get_data(bio);
    size_t len = (size_t)size;

    BIO_clear_retry_flags(bio);
    if (taken.of != line || taken.at == taken.len) {
        ssize_t n = -1;

        errno = EAGAIN;
        if (!line->drained)
            n = fill(line);
        if (n < 0 && errno == EAGAIN)
            BIO_set_retry_read(bio);
        if (n <= 0)
            return (int)n;
    }
    if (len > taken.len - taken.at)
        len = taken.len - taken.at;
    memcpy(out, taken.bytes + taken.at, len);
    taken.at += len;
    return (int)len;
}

/* What the last line that had sent all of its own has left: the next one finds it in the processor's cache. */
static struct line_bytes spare;

void line_out_empty(struct line *line)
{
    struct line_bytes *out = &line->out;

    line->out_sent = out->len = 0;
    if (out->room < spare.room) {
        line_bytes_free(out);
        return;
    }
    line_bytes_free(&spare);
    spare = *out;
    *out = (struct line_bytes){0};
}

static int gather(BIO *bio, const char *bytes, int len)
{
    struct line *line = BIO_get_data(bio);

    if (!line->out.room) {
        line->out = spare;
        spare = (struct line_bytes){0};
    }
    line_bytes_put(&line->out, bytes, (size_t)len);
    return len;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *line_between(void)
{
    static BIO_METHOD *method;

    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "between");
        BIO_meth_set_read(method, take);
        BIO_meth_set_write(method, gather);
        BIO_meth_set_ctrl(method, control);
    }
    return method;
}

SSL_CTX *line_tls(const char *ca, const char *identity)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    char file[512];
    bool done = tls && SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) == 1 &&
                SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256") == 1 && SSL_CTX_load_verify_file(tls, ca) == 1;

    if (done && identity) {
        snprintf(file, sizeof file, "%s.crt", identity);
        done = SSL_CTX_use_certificate_chain_file(tls, file) == 1;
        snprintf(file, sizeof file, "%s.key", identity);
        done = done && SSL_CTX_use_PrivateKey_file(tls, file, SSL_FILETYPE_PEM) == 1;
    }
    if (!done) {
        SSL_CTX_free(tls);
        return NULL;
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    return tls;
}

void line_forget_taken(const struct line *line)
{
    if (taken.of == line)
        taken.of = NULL;
}
