/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/intake.h"

#include <dlfcn.h>
#include <errno.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "relay/serve/arrival.h"

enum {
    TOGETHER_BYTES = 128 * 1024,
    RECORD_HEADER_BYTES = 5,
};

static struct {
    struct serve_intake *of; /* NULL: nobody's */
    size_t at, len;
    uint8_t bytes[TOGETHER_BYTES];
} together;

/* Somebody else is read: what is left becomes the connection's own. false: no memory. */
static bool put_aside(void)
{
    struct serve_intake *of = together.of;
    size_t len = together.len - together.at;

    if (of && len) {
        of->rest = malloc(len);
        if (!of->rest)
            return false;
        memcpy(of->rest, together.bytes + together.at, len);
        of->rest_len = len;
        of->rest_at = 0;
    }
    together.of = NULL;
    return true;
}

static size_t take_rest(struct serve_intake *intake, char *out, size_t len)
{
    size_t left = intake->rest_len - intake->rest_at;

    if (len > left)
        len = left;
    memcpy(out, intake->rest + intake->rest_at, len);
    intake->rest_at += len;
    if (intake->rest_at == intake->rest_len) {
        free(intake->rest);
        intake->rest = NULL;
    }
    return len;
}

/* As recv(). */
static ssize_t fill(struct serve_intake *intake)
{
    ssize_t n;

    if (together.of != intake && !put_aside())
        return -1;
    intake->reads(intake->wsi);
    do
        n = recv(intake->fd, together.bytes, sizeof together.bytes, 0);
    while (n < 0 && errno == EINTR);
    together.of = n > 0 ? intake : NULL;
    together.at = 0;
    together.len = n > 0 ? (size_t)n : 0;
    return n;
}

size_t serve_intake_held(const struct serve_intake *intake)
{
    size_t rest = intake->rest ? intake->rest_len - intake->rest_at : 0;

    return rest + (together.of == intake ? together.len - together.at : 0) + intake->ended;
}

/* ---- what OpenSSL sees ---- */

static int get(BIO *bio, char *out, int size)
{
    struct serve_intake *intake = BIO_get_data(bio);
    size_t len = size > 0 ? (size_t)size : 0;
    ssize_t n;

    BIO_clear_retry_flags(bio);
    if (intake->closed || !len)
        return -1;
    if (intake->rest)
        return (int)take_rest(intake, out, len);
    if ((together.of != intake || together.at == together.len) && (n = fill(intake)) <= 0) {
        if (n < 0 && errno == EAGAIN)
            BIO_set_retry_read(bio);
        return (int)n;
    }
    if (len > together.len - together.at)
        len = together.len - together.at;
    memcpy(out, together.bytes + together.at, len);
    together.at += len;
    return (int)len;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    const struct serve_intake *intake = BIO_get_data(bio);

    (void)number;
    if (command != BIO_C_GET_FD)
        return command == BIO_CTRL_FLUSH;
    if (pointer)
        *(int *)pointer = intake->fd;
    return intake->fd;
}

static BIO_METHOD *made;
static int type;

static BIO_METHOD *method(void)
{
    if (!made)
        type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;
    /* libwebsockets closes what SSL_get_fd() says, which asks a BIO of this kind alone. */
    if (!made && (made = BIO_meth_new(type, "intake"))) {
        BIO_meth_set_read(made, get);
        BIO_meth_set_ctrl(made, control);
    }
    return made;
}

/* ---- what libwebsockets sees ---- */

/* A close; RFC 6455, 7.4.1: protocol error. */
static const uint8_t not_masked[] = {0x88, 2, 1002 >> 8, 1002 & 255};

/* Of whom this is the TLS; NULL: of nobody here. */
static struct serve_intake *intake_of(const SSL *ssl)
{
    BIO *bio = SSL_get_rbio(ssl);

    return made && bio && BIO_method_type(bio) == type ? BIO_get_data(bio) : NULL;
}

/* The next record is here as a whole, and `room` bytes hold what is in it (RFC 8446, 5.1: type, version, length). */
static bool has_record(const struct serve_intake *intake, size_t room)
{
    const uint8_t *at = together.bytes + together.at;
    size_t have = together.len - together.at, len;

    if (together.of != intake || have < RECORD_HEADER_BYTES)
        return false;
    len = (size_t)at[3] << 8 | at[4];
    return len <= room && RECORD_HEADER_BYTES + len <= have;
}

int SSL_read(SSL *ssl, void *out, int size)
{
    static int (*really_read)(SSL * ssl, void *out, int size);
    struct serve_intake *intake = intake_of(ssl);

    if (!really_read && !(really_read = dlsym(RTLD_NEXT, "SSL_read")))
        abort();
    if (!intake) {
        int got = really_read(ssl, out, size);
        return got > 0 && !serve_arrival_reads(ssl, out, (size_t)got) ? -1 : got;
    }
    if (intake->broken)
        return -1;
    int len = really_read(ssl, out, size), more = len;
    while (more > 0 && has_record(intake, (size_t)(size - len))) {
        more = really_read(ssl, (uint8_t *)out + len, size - len);
        len += more > 0 ? more : 0;
    }
    intake->ended = len > 0 && more <= 0 && SSL_get_error(ssl, more) != SSL_ERROR_WANT_READ;
    if (len <= 0 || serve_frames_clear(&intake->frames, out, (size_t)len))
        return len;
    intake->broken = true;
    (void)SSL_write(ssl, not_masked, sizeof not_masked);
    return -1;
}

/* ---- behind a proxy that ends TLS ---- */

static struct {
    struct serve_intake **of; /* owned; by descriptor */
    size_t count;
} plain;

static bool remember(struct serve_intake *intake)
{
    size_t count = (size_t)intake->fd + 1;

    if (count > plain.count) {
        struct serve_intake **more = realloc(plain.of, 2 * count * sizeof(struct serve_intake *));

        if (!more)
            return false;
        memset(more + plain.count, 0, (2 * count - plain.count) * sizeof(struct serve_intake *));
        plain.of = more;
        plain.count = 2 * count;
    }
    plain.of[intake->fd] = intake;
    return true;
}

static void forget(const struct serve_intake *intake)
{
    if ((size_t)intake->fd < plain.count && plain.of[intake->fd] == intake)
        plain.of[intake->fd] = NULL;
}

/* libwebsockets' recv(), as its SSL_read(); by a label, because a header may have an inline function of that name. */
ssize_t serve_intake_recv(int fd, void *out, size_t size, int flags) __asm__("recv");
ssize_t serve_intake_recv(int fd, void *out, size_t size, int flags)
{
    struct serve_intake *intake = fd >= 0 && (size_t)fd < plain.count ? plain.of[fd] : NULL;

    if (intake && intake->broken) {
        errno = ECONNABORTED;
        return -1;
    }
    ssize_t len = recvfrom(fd, out, size, flags, NULL, NULL);
    if (!intake || len <= 0 || serve_frames_clear(&intake->frames, out, (size_t)len))
        return len;
    intake->broken = true;
    (void)send(fd, not_masked, sizeof not_masked, MSG_NOSIGNAL | MSG_DONTWAIT);
    errno = ECONNABORTED;
    return -1;
}

bool serve_intake_set_up(struct serve_intake *intake, struct lws *wsi, void (*reads)(struct lws *wsi))
{
    BIO *bio;

    *intake = (struct serve_intake){.fd = lws_get_socket_fd(wsi), .wsi = wsi, .reads = reads};
    if (!lws_get_ssl(wsi))
        return remember(intake);
    bio = method() ? BIO_new(method()) : NULL;
    if (!bio)
        return false;
    BIO_set_data(bio, intake);
    BIO_set_init(bio, 1);
    SSL_set0_rbio(lws_get_ssl(wsi), bio);
    return true;
}

void serve_intake_clear(struct serve_intake *intake)
{
    if (together.of == intake)
        together.of = NULL;
    forget(intake);
    free(intake->rest);
    intake->rest = NULL;
    intake->closed = true;
}
