/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/intake.h"

#include <errno.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TOGETHER_BYTES = 64 * 1024 };

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
    do
        n = recv(intake->fd, together.bytes, sizeof together.bytes, 0);
    while (n < 0 && errno == EINTR);
    together.of = n > 0 ? intake : NULL;
    together.at = 0;
    together.len = n > 0 ? (size_t)n : 0;
    return n;
}

bool serve_intake_holds(const struct serve_intake *intake)
{
    return intake->rest || (together.of == intake && together.at < together.len);
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
    if (!serve_intake_holds(intake) && (n = fill(intake)) <= 0) {
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

static BIO_METHOD *method(void)
{
    static BIO_METHOD *made;

    /* libwebsockets closes what SSL_get_fd() says, which asks a BIO of this kind alone. */
    if (!made && (made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "intake"))) {
        BIO_meth_set_read(made, get);
        BIO_meth_set_ctrl(made, control);
    }
    return made;
}

bool serve_intake_set_up(struct serve_intake *intake, struct lws *wsi)
{
    BIO *bio;

    *intake = (struct serve_intake){.fd = lws_get_socket_fd(wsi)};
    if (!lws_get_ssl(wsi))
        return true;
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
    free(intake->rest);
    intake->rest = NULL;
    intake->closed = true;
}
