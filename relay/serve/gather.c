/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/gather.h"

#include <errno.h>
#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TOGETHER_BYTES = 256 * 1024,
    RECORD_BYTES = 16384,      /* RFC 8446, 5.1 */
    SMALL_BYTES = 4096,        /* copying more costs more than a record does */
    REST_MOST_BYTES = 1 << 20, /* the largest message in records, and what libwebsockets says on top */
};

static struct {
    struct serve_gather *of; /* NULL: nobody is corked */
    size_t len, plain_len;
    uint8_t bytes[TOGETHER_BYTES]; /* records */
    uint8_t plain[RECORD_BYTES];   /* frames of the next record */
} together;

/* How many bytes the socket took. */
static size_t send_some(struct serve_gather *gather, const uint8_t *bytes, size_t len)
{
    size_t sent = 0;

    while (sent < len && !gather->failed) {
        ssize_t n = send(gather->fd, bytes + sent, len - sent, MSG_NOSIGNAL);

        if (n > 0)
            sent += (size_t)n;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            gather->failed = true;
    }
    return sent;
}

static void keep(struct serve_gather *gather, const uint8_t *bytes, size_t len)
{
    uint8_t *grown = NULL;

    if (!len || gather->failed || gather->closed)
        return;
    if (gather->rest_len + len <= REST_MOST_BYTES)
        grown = realloc(gather->rest, gather->rest_len + len);
    if (!grown) {
        gather->failed = true;
        return;
    }
    memcpy(grown + gather->rest_len, bytes, len);
    gather->rest = grown;
    gather->rest_len += len;
}

static void send_or_keep(struct serve_gather *gather, const uint8_t *bytes, size_t len)
{
    size_t sent = gather->rest ? 0 : send_some(gather, bytes, len);

    keep(gather, bytes + sent, len - sent);
}

bool serve_gather_flush(struct serve_gather *gather)
{
    if (gather->rest) {
        gather->rest_sent += send_some(gather, gather->rest + gather->rest_sent, gather->rest_len - gather->rest_sent);
        if (gather->rest_sent < gather->rest_len)
            return false;
        free(gather->rest);
        gather->rest = NULL;
        gather->rest_len = gather->rest_sent = 0;
    }
    return !gather->failed;
}

void serve_gather_cork(struct serve_gather *gather)
{
    if (together.of == gather)
        return;
    serve_gather_settle();
    together.of = gather;
    together.len = together.plain_len = 0;
}

size_t serve_gather_corked(void)
{
    return together.len + together.plain_len;
}

/* Into records; the writing side of TLS is memory, so this does not block. */
static void encrypt(struct serve_gather *gather, const uint8_t *bytes, size_t len)
{
    if (ERR_peek_error()) /* another's failure is not ours; clearing none costs a hundredth of a large message */
        ERR_clear_error();
    if (len && !gather->failed && SSL_write(lws_get_ssl(gather->wsi), bytes, (int)len) != (int)len)
        gather->failed = true;
}

static void encrypt_small(struct serve_gather *gather)
{
    encrypt(gather, together.plain, together.plain_len);
    together.plain_len = 0;
}

/* Final, binary, not masked; the length in network order. */
static uint8_t *put_header(uint8_t *message, size_t len)
{
    size_t bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

    for (size_t i = 0; i < bytes; i++)
        *--message = (uint8_t)((uint64_t)len >> 8 * i);
    *--message = bytes == 0 ? (uint8_t)len : bytes == 2 ? 126 : 127;
    *--message = 0x82;
    return message;
}

/* libwebsockets keeps what the socket does not take, in order with what it says itself. */
static void write_plain(struct serve_gather *gather, uint8_t *message, size_t len)
{
    together.plain_len += len;
    if (!gather->failed && lws_write(gather->wsi, message, len, LWS_WRITE_BINARY) < (int)len)
        gather->failed = true;
}

void serve_gather_message(struct serve_gather *gather, uint8_t *message, size_t len)
{
    if (!lws_get_ssl(gather->wsi)) {
        write_plain(gather, message, len);
        return;
    }
    uint8_t *frame = put_header(message, len);
    size_t size = len + (size_t)(message - frame);

    if (size > SMALL_BYTES || size > sizeof together.plain - together.plain_len)
        encrypt_small(gather);
    if (size > SMALL_BYTES) {
        encrypt(gather, frame, size);
        return;
    }
    memcpy(together.plain + together.plain_len, frame, size);
    together.plain_len += size;
}

void serve_gather_ping(struct serve_gather *gather)
{
    static const uint8_t ping[] = {0x89, 0}; /* RFC 6455, 5.5.2 */
    uint8_t room[LWS_PRE + 1];

    if (gather->rest || gather->failed)
        return;
    if (lws_get_ssl(gather->wsi))
        encrypt(gather, ping, sizeof ping);
    else if (!lws_partial_buffered(gather->wsi))
        (void)lws_write(gather->wsi, room + LWS_PRE, 0, LWS_WRITE_PING);
}

void serve_gather_uncork(struct serve_gather *gather)
{
    if (lws_get_ssl(gather->wsi))
        encrypt_small(gather); /* what libwebsockets says goes behind it */
    else
        together.of = NULL;
}

void serve_gather_settle(void)
{
    struct serve_gather *gather = together.of;

    together.of = NULL;
    if (!gather)
        return;
    send_or_keep(gather, together.bytes, together.len);
    together.len = 0;
    if (gather->rest || gather->failed)
        lws_callback_on_writable(gather->wsi);
}

/* ---- what OpenSSL sees ---- */

static int put(BIO *bio, const char *bytes, int len)
{
    struct serve_gather *gather = BIO_get_data(bio);
    size_t size = (size_t)len;

    if (gather->failed)
        return -1;
    if (together.of != gather) {
        send_or_keep(gather, (const uint8_t *)bytes, size);
        if (gather->rest)
            lws_callback_on_writable(gather->wsi);
        return gather->failed ? -1 : len;
    }
    if (size > sizeof together.bytes - together.len) {
        send_or_keep(gather, together.bytes, together.len);
        together.len = 0;
    }
    if (size > sizeof together.bytes) /* no record is as large */
        return -1;
    memcpy(together.bytes + together.len, bytes, size);
    together.len += size;
    return gather->failed ? -1 : len;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    struct serve_gather *gather = BIO_get_data(bio);

    (void)number, (void)pointer;
    return command == BIO_C_GET_FD ? gather->fd : command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method(void)
{
    static BIO_METHOD *made;

    if (!made && (made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gather"))) {
        BIO_meth_set_write(made, put);
        BIO_meth_set_ctrl(made, control);
    }
    return made;
}

bool serve_gather_set_up(struct serve_gather *gather, struct lws *wsi)
{
    BIO *bio = NULL;

    *gather = (struct serve_gather){.wsi = wsi, .fd = lws_get_socket_fd(wsi)};
    if (!lws_get_ssl(wsi))
        return true;
    bio = method() ? BIO_new(method()) : NULL;
    if (!bio)
        return false;
    BIO_set_data(bio, gather);
    BIO_set_init(bio, 1);
    SSL_set0_wbio(lws_get_ssl(wsi), bio);
    return true;
}

void serve_gather_clear(struct serve_gather *gather)
{
    if (together.of == gather)
        together.of = NULL;
    free(gather->rest);
    gather->rest = NULL;
    gather->rest_len = gather->rest_sent = 0;
    gather->closed = true; /* TLS may still say good-bye, when the socket takes it */
}
