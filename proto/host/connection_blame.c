/* SPDX-License-Identifier: Apache-2.0 */
/* Why a connection did not come to be, in words for whoever wanted it. */
#include <netdb.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/connection_inside.h"

void host_connection_blame(struct host_connection *c, enum proto_err err, const char *format, ...)
{
    va_list args;
    int at;

    if (c->err)
        return;
    c->err = err;
    at = snprintf(c->text, sizeof c->text, "%s:%u: ", c->url.host, c->url.port);
    va_start(args, format);
    vsnprintf(c->text + at, sizeof c->text - (size_t)at, format, args);
    va_end(args);
}

bool host_connection_resolves(const struct host_url *url, const char **reason)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int rc = getaddrinfo(url->host, NULL, &hints, &found);

    if (!rc)
        freeaddrinfo(found);
    *reason = rc ? gai_strerror(rc) : "";
    return !rc;
}

/* The relay says in a header of its refusal which error it is (relay/serve/http.h). */
static enum proto_err refusal_of(struct lws *wsi)
{
    char name[32];

    if (lws_hdr_custom_copy(wsi, name, sizeof name, "handhold-error:", 15) > 0)
        for (int err = 1; err < PROTO_ERR_COUNT; err++)
            if (!strcmp(name, proto_err_name((enum proto_err)err)))
                return (enum proto_err)err;
    return PROTO_ERR_REFUSED;
}

static void blame_http(struct host_connection *c, struct lws *wsi, unsigned status)
{
    enum proto_err err = refusal_of(wsi);

    if (status >= 500)
        host_connection_blame(c, PROTO_ERR_BUSY, "the relay takes no connection now (HTTP %u); try again in a moment",
                              status);
    else if (status == 404 || status < 300)
        host_connection_blame(c, PROTO_ERR_NOT_FOUND, "%s: this server has no relay there; check the address",
                              c->url.path);
    else
        host_connection_blame(c, err, "%s%s%s (HTTP %u); %s", c->config.cert_file ? c->config.cert_file : "",
                              c->config.cert_file ? ": " : "", proto_err_rule(err), status, proto_err_way_out(err));
}

/*
 * In TLS 1.3 our certificate is judged after our side is done, and the request that we then send meets a socket that is
 * closed: the alert that says why has come all the same, and waits to be read.
 */
void host_connection_read_alert(struct lws *wsi)
{
    SSL *ssl = wsi ? lws_get_ssl(wsi) : NULL;
    char byte;

    if (ssl && SSL_is_init_finished(ssl))
        (void)SSL_peek(ssl, &byte, 1);
    ERR_clear_error();
}

void host_connection_blame_connect(struct host_connection *c, struct lws *wsi, const char *said)
{
    char text[HOST_CONNECTION_ERROR_BYTES];
    enum proto_err err;
    unsigned status = wsi ? lws_http_client_http_response(wsi) : 0;

    if (c->err)
        return;
    host_connection_read_alert(wsi);
    err = host_tls_explain(&c->tls, &c->url, &c->config, text);
    if (err) { /* the text names host and port already */
        c->err = err;
        memcpy(c->text, text, sizeof c->text);
    } else if (status >= 200) {
        blame_http(c, wsi, status);
    } else {
        host_connection_blame(c, PROTO_ERR_IO,
                              "the relay is not reachable%s%s%s; check the address, that it runs, and the network",
                              said && *said ? " (" : "", said ? said : "", said && *said ? ")" : "");
    }
}

/* What the relay says when it closes (RFC 6455, 7.4.1). */
void host_connection_blame_close(struct host_connection *c, const uint8_t *in, size_t len)
{
    unsigned code = len >= 2 ? (unsigned)in[0] << 8 | in[1] : LWS_CLOSE_STATUS_NO_STATUS;

    switch (code) {
    case LWS_CLOSE_STATUS_NORMAL:
    case LWS_CLOSE_STATUS_GOINGAWAY:
        c->phase = CLOSING;
        break;
    case LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE:
        host_connection_blame(c, PROTO_ERR_RANGE,
                              "the relay says that a message was too large; update the older of the two ends");
        break;
    default:
        host_connection_blame(c, PROTO_ERR_REFUSED,
                              "the relay closed the connection (%u); read the reason it gave before", code);
    }
}

void host_connection_blame_closed(struct host_connection *c, struct lws *wsi)
{
    char text[HOST_CONNECTION_ERROR_BYTES];
    enum proto_err err = PROTO_OK;

    if (c->phase == CONNECTING)
        host_connection_blame_connect(c, wsi, "");
    if (!c->err && c->phase != CLOSING)
        err = host_tls_explain(&c->tls, &c->url, &c->config, text); /* TLS 1.3 refuses us after our handshake is done */
    if (err) {
        c->err = err;
        memcpy(c->text, text, sizeof c->text);
    } else if (c->phase != CLOSING) {
        host_connection_blame(c, PROTO_ERR_IO,
                              "the connection to the relay was lost; it is worth trying again at once");
    }
}
