/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_bare CERT KEY - the bound: what any relay with TLS on both sides can hope for on this machine.
 *
 * epoll and OpenSSL and nothing else. It joins the two connections of one path, turns masked frames into unmasked ones
 * in place, and hands bytes on as they come: no messages, no queues, no limits, nobody is asked who they are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECORD_BYTES = 16384,
    READ_BYTES = 80 * 1024,
    REQUEST_BYTES = 4096,
    PATHS = 1 << 16,
    HIGH_WATER_BYTES = 1 << 20,
    EVENTS = 256,
};

struct end {
    int fd;
    enum { SHAKING, ASKING, OPEN, DEAD } state;
    uint32_t armed;
    bool stalled;
    SSL *ssl;
    struct end *other, *next_dead;
    char *request;
    size_t request_len;
    char path[64];
    uint8_t *out; /* records that wait for the socket */
    size_t out_len, out_sent, out_room;
    uint8_t header[14];
    unsigned header_len, header_wanted, mask_at;
    uint8_t mask[4];
    uint64_t left;
};

static struct end *waiting[PATHS];
static struct end *dead;
static int epoll;
static SSL_CTX *tls;
static BIO_METHOD *gathering;
static uint8_t in[READ_BYTES], translated[READ_BYTES];

static int gather(BIO *bio, const char *bytes, int len)
{
    struct end *end = BIO_get_data(bio);
    size_t wanted = end->out_len + (size_t)len, room = end->out_room ? end->out_room : 1024;

    while (room < wanted)
        room *= 2;
    if (room > end->out_room) {
        end->out = realloc(end->out, room);
        end->out_room = room;
    }
    if (!end->out)
        abort();
    memcpy(end->out + end->out_len, bytes, (size_t)len);
    end->out_len = wanted;
    return len;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static void arm(struct end *end, bool write)
{
    struct epoll_event event = {.events = (end->stalled ? 0 : (uint32_t)EPOLLIN) | (write ? (uint32_t)EPOLLOUT : 0),
                                .data.ptr = end};

    if (event.events != end->armed)
        (void)epoll_ctl(epoll, EPOLL_CTL_MOD, end->fd, &event);
    end->armed = event.events;
}

static unsigned hash_of(const char *path)
{
    unsigned hash = 2166136261u;

    for (; *path; path++)
        hash = (hash ^ (uint8_t)*path) * 16777619u;
    return hash % PATHS;
}

static void bury(struct end *end)
{
    struct end *other = end->other;

    if (end->state == DEAD)
        return;
    end->state = DEAD;
    end->next_dead = dead;
    dead = end;
    if (waiting[hash_of(end->path)] == end)
        waiting[hash_of(end->path)] = NULL;
    end->other = NULL;
    if (other) {
        other->other = NULL;
        bury(other);
    }
}

static void on_readable(struct end *end);

static void flush(struct end *end)
{
    while (end->out_sent < end->out_len) {
        ssize_t n = send(end->fd, end->out + end->out_sent, end->out_len - end->out_sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            arm(end, true);
            return;
        }
        if (n < 0) {
            bury(end);
            return;
        }
        end->out_sent += (size_t)n;
    }
    end->out_sent = end->out_len = 0;
    arm(end, false);
    if (end->other && end->other->stalled) {
        end->other->stalled = false;
        arm(end->other, end->other->armed & EPOLLOUT);
        on_readable(end->other);
    }
}

static void put(struct end *end, const void *bytes, size_t len)
{
    if (len && end->state != DEAD && SSL_write(end->ssl, bytes, (int)len) <= 0)
        bury(end);
}

/* Eight bytes at a time: the compiler makes of it what the machine has. */
static void unmask(struct end *end, uint8_t *to, const uint8_t *from, size_t len)
{
    uint8_t key[8];
    uint64_t wide;
    size_t i = 0;

    for (unsigned n = 0; n < 8; n++)
        key[n] = end->mask[(end->mask_at + n) & 3];
    end->mask_at = (end->mask_at + (unsigned)len) & 3;
    memcpy(&wide, key, 8);
    for (; i + 8 <= len; i += 8) {
        uint64_t word;

        memcpy(&word, from + i, 8);
        word ^= wide;
        memcpy(to + i, &word, 8);
    }
    for (; i < len; i++)
        to[i] = from[i] ^ key[i & 7];
}

static bool take_header(struct end *end, const uint8_t **at, size_t *len)
{
    while (*len && end->header_len < end->header_wanted) {
        end->header[end->header_len++] = *(*at)++;
        --*len;
        if (end->header_len == 2)
            end->header_wanted = 6 + ((end->header[1] & 127) == 126 ? 2 : (end->header[1] & 127) == 127 ? 8 : 0);
    }
    return end->header_len == end->header_wanted;
}

/* The masked frames of a client become those of a server; `to` has as much room as they take. */
static size_t translate(struct end *end, const uint8_t *at, size_t len, uint8_t *to)
{
    uint8_t *begin = to;

    while (len) {
        if (!end->left) {
            if (!take_header(end, &at, &len))
                break;
            unsigned clear = end->header_wanted - 4;
            end->left = clear > 2 ? 0 : end->header[1] & 127;
            for (unsigned i = 2; i < clear; i++)
                end->left = end->left << 8 | end->header[i];
            memcpy(end->mask, end->header + clear, 4);
            end->mask_at = 0;
            memcpy(to, end->header, clear);
            to[1] &= 127;
            to += clear;
            end->header_len = 0;
            end->header_wanted = 2;
            continue;
        }
        size_t part = len < end->left ? len : (size_t)end->left;
        unmask(end, to, at, part);
        to += part;
        at += part;
        len -= part;
        end->left -= part;
    }
    return (size_t)(to - begin);
}

static void answer_upgrade(struct end *end, const char *key)
{
    char text[512], accept[64];
    unsigned char digest[SHA_DIGEST_LENGTH];
    int len = snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r\n "), key);

    SHA1((unsigned char *)text, (size_t)len, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    len = snprintf(text, sizeof text,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n\r\n",
                   accept);
    end->state = OPEN;
    end->header_wanted = 2;
    put(end, text, (size_t)len);
    flush(end);
}

static void on_request(struct end *end, const uint8_t *bytes, size_t len)
{
    if (!end->request && !(end->request = calloc(1, REQUEST_BYTES)))
        abort();
    if (end->request_len + len >= REQUEST_BYTES) {
        bury(end);
        return;
    }
    memcpy(end->request + end->request_len, bytes, len);
    end->request_len += len;
    if (!strstr(end->request, "\r\n\r\n"))
        return;
    const char *key = strcasestr(end->request, "sec-websocket-key:");
    if (!key || sscanf(end->request, "GET %63s", end->path) != 1) {
        bury(end);
        return;
    }
    key += 18;
    answer_upgrade(end, key + strspn(key, " "));
    free(end->request);
    end->request = NULL;
    if (end->state == DEAD) /* gone before its answer: nobody is to be joined to it */
        return;
    struct end **first = &waiting[hash_of(end->path)];
    if (*first && !strcmp((*first)->path, end->path)) {
        end->other = *first;
        (*first)->other = end;
        *first = NULL;
    } else {
        *first = end;
    }
}

static void on_readable(struct end *end)
{
    while (end->state == ASKING || end->state == OPEN) {
        size_t got = 0;
        int n = 1, error;

        while (n > 0 && got + RECORD_BYTES <= sizeof in && (end->state == OPEN || !got)) {
            n = SSL_read(end->ssl, in + got, (int)(sizeof in - got));
            got += n > 0 ? (size_t)n : 0;
        }
        error = n > 0 ? 0 : SSL_get_error(end->ssl, n);
        if (got && end->state == ASKING) {
            on_request(end, in, got);
        } else if (got && end->other) {
            size_t len = translate(end, in, got, translated);
            put(end->other, translated, len);
            flush(end->other);
        }
        if (error == SSL_ERROR_WANT_READ)
            return;
        if (error)
            bury(end);
        if (end->other && end->other->out_len - end->other->out_sent > HIGH_WATER_BYTES) {
            end->stalled = true;
            arm(end, end->armed & EPOLLOUT);
            return;
        }
    }
}

static void on_accept(int listener)
{
    int fd, on = 1;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct end *end = calloc(1, sizeof *end);
        BIO *write = BIO_new(gathering);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};

        if (!end || !write)
            abort();
        end->fd = fd;
        end->armed = EPOLLIN;
        end->ssl = SSL_new(tls);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        BIO_set_data(write, end);
        BIO_set_init(write, 1);
        SSL_set_bio(end->ssl, BIO_new_socket(fd, BIO_NOCLOSE), write);
        SSL_set_accept_state(end->ssl);
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void serve(struct end *end, uint32_t events)
{
    if (end->state == SHAKING) {
        int rc = SSL_do_handshake(end->ssl);

        flush(end);
        if (rc == 1)
            end->state = ASKING;
        else if (SSL_get_error(end->ssl, rc) != SSL_ERROR_WANT_READ)
            bury(end);
        if (end->state != ASKING)
            return;
    }
    if (end->state != DEAD && events & EPOLLOUT)
        flush(end);
    if (end->state != DEAD && events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !end->stalled)
        on_readable(end);
}

static void free_dead(void)
{
    while (dead) {
        struct end *end = dead;

        dead = end->next_dead;
        close(end->fd);
        SSL_free(end->ssl);
        free(end->out);
        free(end->request);
        free(end);
    }
}

static bool set_up_tls(char **argv)
{
    tls = SSL_CTX_new(TLS_server_method());
    gathering = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gathering");
    if (!tls || !gathering || SSL_CTX_use_certificate_chain_file(tls, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, argv[2], SSL_FILETYPE_PEM) != 1)
        return false;
    BIO_meth_set_write(gathering, gather);
    BIO_meth_set_ctrl(gathering, control);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_num_tickets(tls, 0); /* as the relay: a peer with more to do would be no bound */
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_default_read_buffer_len(tls, 68000);
    return true;
}

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) || listen(fd, 4096) ||
        getsockname(fd, (struct sockaddr *)&own, &len))
        return -1;
    *port = ntohs(own.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS], accepting = {.events = EPOLLIN, .data.ptr = NULL};
    struct rlimit files;
    uint16_t port;
    int listener;

    (void)signal(SIGPIPE, SIG_IGN);
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (argc != 3 || !set_up_tls(argv) || (listener = listen_anywhere(&port)) < 0) {
        fprintf(stderr, "usage: relay_bare CERT KEY\n");
        return 2;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &accepting);
    printf("{\"event\":\"ready\",\"public\":\"https://127.0.0.1:%u\"}\n", port);
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct end *end = events[i].data.ptr;

            if (!end)
                on_accept(listener);
            else if (end->state != DEAD)
                serve(end, events[i].events);
        }
        free_dead();
    }
}
