/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/connection.h"

#include <assert.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/connection_tls.h"
#include "proto/host/pulse.h"
#include "proto/host/world.h"
#include "proto/util/buf.h"
#include "proto/wire/limits.h"

enum {
    CONNECT_WAIT_MS = 10000,
    CLOSE_WAIT_S = 5,          /* for what is pending to leave, and for the relay's answer to the closing frame */
    NOTSENT_BYTES = 16 * 1024, /* what the kernel may hold unsent: a picture must not grow old in there */
    DEAD_LINE_MS = 20000,      /* sent bytes that nobody acknowledges */
    MESSAGES_A_TURN = 64,      /* then others on this loop have theirs */
};

enum phase { STARTING, CONNECTING, OPEN, CLOSING, ENDED };

struct host_connection {
    /* Owned */
    struct lws_vhost *vhost; /* its TLS; ended with the connection */
    struct host_timer *timer;
    struct host_tls tls;
    struct proto_buf in; /* a message that comes in pieces */
    uint8_t *out;        /* LWS_PRE bytes, then the message that leaves */
    size_t out_bytes;
    /* Borrowed */
    struct host_loop *loop;
    struct lws *wsi;

    struct host_connection_config config; /* its texts point below */
    struct host_url url;
    char authority[HOST_HOST_BYTES + 10]; /* the Host header */
    char ca_file[HOST_URL_BYTES], cert_file[HOST_URL_BYTES];
    enum phase phase;
    struct host_pulse pulse; /* while OPEN */
    bool ping;               /* is to be sent */
    enum proto_err err;                     /* why it will have closed; OK: not known yet */
    char text[HOST_CONNECTION_ERROR_BYTES]; /* with it */
    struct host_connection_figures figures;
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {{HOST_SUBPROTOCOL, on_event, 0, 65536, 0, NULL, 0}, {0}};

/* The first reason counts: what follows is only its consequence. */
__attribute__((format(printf, 3, 4))) static void blame(struct host_connection *c, enum proto_err err,
                                                        const char *format, ...)
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

static void end(struct host_connection *c, struct lws *wsi)
{
    char text[HOST_CONNECTION_ERROR_BYTES];

    if (c->phase == ENDED)
        return;
    c->phase = ENDED;
    c->wsi = NULL;
    if (wsi)
        lws_set_wsi_user(wsi, NULL);
    host_timer_set(c->timer, PROTO_NEVER);
    if (!c->err)
        snprintf(c->text, sizeof c->text, "%s:%u: closed", c->url.host, c->url.port);
    memcpy(text, c->text, sizeof text);
    c->config.on_closed(c->config.context, c->err, text); /* may free c */
}

/* ---- why it did not come to be ---- */

static bool resolves(const struct host_url *url, const char **reason)
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
        blame(c, PROTO_ERR_BUSY, "the relay takes no connection now (HTTP %u); try again in a moment", status);
    else if (status == 404 || status < 300)
        blame(c, PROTO_ERR_NOT_FOUND, "%s: this server has no relay there; check the address", c->url.path);
    else
        blame(c, err, "%s%s%s (HTTP %u); %s", c->config.cert_file ? c->config.cert_file : "",
              c->config.cert_file ? ": " : "", proto_err_rule(err), status, proto_err_way_out(err));
}

/*
 * In TLS 1.3 our certificate is judged after our side is done, and the request that we then send meets a socket that is
 * closed: the alert that says why has come all the same, and waits to be read.
 */
static void read_alert(struct lws *wsi)
{
    SSL *ssl = wsi ? lws_get_ssl(wsi) : NULL;
    char byte;

    if (ssl && SSL_is_init_finished(ssl))
        (void)SSL_peek(ssl, &byte, 1);
    ERR_clear_error();
}

static void blame_connect(struct host_connection *c, struct lws *wsi, const char *said)
{
    char text[HOST_CONNECTION_ERROR_BYTES];
    enum proto_err err;
    unsigned status = wsi ? lws_http_client_http_response(wsi) : 0;

    if (c->err)
        return;
    read_alert(wsi);
    err = host_tls_explain(&c->tls, &c->url, &c->config, text);
    if (err) { /* the text names host and port already */
        c->err = err;
        memcpy(c->text, text, sizeof c->text);
    } else if (status >= 200) {
        blame_http(c, wsi, status);
    } else {
        blame(c, PROTO_ERR_IO, "the relay is not reachable%s%s%s; check the address, that it runs, and the network",
              said && *said ? " (" : "", said ? said : "", said && *said ? ")" : "");
    }
}

/* ---- messages ---- */

/* Sends what is pending until the line is full; -1 closes the connection. */
static int send_pending(struct host_connection *c, struct lws *wsi)
{
    uint8_t ping[LWS_PRE + 1];

    if (c->ping) {
        c->ping = false;
        if (lws_write(wsi, ping + LWS_PRE, 0, LWS_WRITE_PING) < 0)
            return -1;
    }
    for (int turn = 0; turn < MESSAGES_A_TURN; turn++) {
        size_t len = 0;
        const uint8_t *bytes = c->config.pending(c->config.context, &len);

        if (lws_wsi_user(wsi) != c) /* freed by its owner */
            return -1;
        if (!bytes) {
            if (c->phase != CLOSING)
                return 0;
            lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
            return -1;
        }
        if (LWS_PRE + len > c->out_bytes) {
            uint8_t *grown = len <= PROTO_MAX_MESSAGE_BYTES ? realloc(c->out, LWS_PRE + len) : NULL;

            if (!grown) {
                blame(c, PROTO_ERR_NOMEM, "no memory for a message of %zu bytes; close other programs", len);
                return -1;
            }
            c->out = grown;
            c->out_bytes = LWS_PRE + len;
        }
        memcpy(c->out + LWS_PRE, bytes, len);
        if (lws_write(wsi, c->out + LWS_PRE, len, LWS_WRITE_BINARY) < 0)
            return -1;
        c->figures.messages_out++;
        c->figures.bytes_out += len;
        c->config.sent(c->config.context);
        if (lws_wsi_user(wsi) != c)
            return -1;
        if (lws_partial_buffered(wsi))
            break;
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static int deliver(struct host_connection *c, struct lws *wsi, const uint8_t *bytes, size_t len)
{
    c->figures.messages_in++;
    c->figures.bytes_in += len;
    c->config.on_message(c->config.context, bytes, len);
    if (lws_wsi_user(wsi) != c) /* freed by its owner */
        return -1;
    proto_buf_clear(&c->in);
    return 0;
}

/* A piece of a message: libwebsockets gives at most one TLS record at a time. */
static int receive(struct host_connection *c, struct lws *wsi, const uint8_t *bytes, size_t len)
{
    size_t rest = lws_remaining_packet_payload(wsi);
    bool last = lws_is_final_fragment(wsi) && !rest;

    host_pulse_heard(&c->pulse, true, host_now().mono_ms);

    if (!lws_frame_is_binary(wsi) || (last && !(c->in.len + len))) {
        blame(c, PROTO_ERR_FORMAT, "a message that is empty or text came; this is not a relay of Handhold");
        return -1;
    }
    if (rest > PROTO_MAX_MESSAGE_BYTES || c->in.len + len + rest > PROTO_MAX_MESSAGE_BYTES) {
        blame(c, PROTO_ERR_RANGE, "a message of more than %d bytes came; do not trust this relay",
              PROTO_MAX_MESSAGE_BYTES);
        return -1;
    }
    if (last && !c->in.len)
        return deliver(c, wsi, bytes, len);
    proto_buf_put(&c->in, bytes, len);
    if (c->in.failed) {
        blame(c, PROTO_ERR_NOMEM, "no memory for a message; close other programs");
        return -1;
    }
    return last ? deliver(c, wsi, c->in.bytes, c->in.len) : 0;
}

/* ---- its life ---- */

static void tune(struct lws *wsi)
{
    /* Paced by what was delivered, not halved by each packet lost: at 2 % it carries twice as much. Where the kernel
     * has it not, its own choice stands. */
    static const char control[] = "bbr";
    int fd = lws_get_socket_fd(wsi), on = 1, notsent = NOTSENT_BYTES, dead = DEAD_LINE_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, control, sizeof control - 1);

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent, sizeof notsent);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof dead);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static int opened(struct host_connection *c, struct lws *wsi)
{
    assert(SSL_get_verify_result(lws_get_ssl(wsi)) == X509_V_OK);
    tune(wsi);
    host_pulse_init(&c->pulse, host_now().mono_ms);
    c->phase = c->phase == CLOSING ? CLOSING : OPEN;
    host_timer_set(c->timer, c->phase == OPEN ? host_pulse_next_ms(&c->pulse, host_now().mono_ms) : PROTO_NEVER);
    c->config.on_open(c->config.context);
    if (lws_wsi_user(wsi) != c)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

/* What the relay says when it closes (RFC 6455, 7.4.1). */
static void note_close_code(struct host_connection *c, const uint8_t *in, size_t len)
{
    unsigned code = len >= 2 ? (unsigned)in[0] << 8 | in[1] : LWS_CLOSE_STATUS_NO_STATUS;

    switch (code) {
    case LWS_CLOSE_STATUS_NORMAL:
    case LWS_CLOSE_STATUS_GOINGAWAY:
        c->phase = CLOSING;
        break;
    case LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE:
        blame(c, PROTO_ERR_RANGE, "the relay says that a message was too large; update the older of the two ends");
        break;
    default:
        blame(c, PROTO_ERR_REFUSED, "the relay closed the connection (%u); read the reason it gave before", code);
    }
}

static void closed(struct host_connection *c, struct lws *wsi)
{
    char text[HOST_CONNECTION_ERROR_BYTES];
    enum proto_err err = PROTO_OK;

    if (c->phase == CONNECTING)
        blame_connect(c, wsi, "");
    if (!c->err && c->phase != CLOSING)
        err = host_tls_explain(&c->tls, &c->url, &c->config, text); /* TLS 1.3 refuses us after our handshake is done */
    if (err) {
        c->err = err;
        memcpy(c->text, text, sizeof c->text);
    } else if (c->phase != CLOSING) {
        blame(c, PROTO_ERR_IO, "the connection to the relay was lost; it is worth trying again at once");
    }
    end(c, wsi);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct host_connection *c = user;

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return c ? opened(c, wsi) : -1;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return c ? receive(c, wsi, in, len) : -1;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        if (c)
            host_pulse_heard(&c->pulse, false, host_now().mono_ms);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return c ? send_pending(c, wsi) : -1;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (c)
            note_close_code(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        if (c && c->phase != ENDED) {
            blame_connect(c, wsi, in);
            end(c, wsi);
        }
        return 0;
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: /* the last time that its TLS can be asked */
        if (c && c->phase == CONNECTING)
            read_alert(wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        if (c && c->phase != ENDED)
            closed(c, wsi);
        return 0;
    default:
        return 0;
    }
}

static void connect_now(struct host_connection *c)
{
    struct lws_client_connect_info info = {
        .context = host_loop_context(c->loop),
        .vhost = c->vhost,
        .address = c->url.host,
        .port = c->url.port,
        .path = c->url.path,
        .host = c->authority,
        .protocol = HOST_SUBPROTOCOL,
        .local_protocol_name = HOST_SUBPROTOCOL,
        .alpn = "http/1.1",
        .ietf_version_or_minus_one = -1,
        /* The SSL_CTX holds the name; libwebsockets would cut an IPv6 address at its first colon. */
        .ssl_connection = LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK,
        .userdata = c,
        .pwsi = &c->wsi,
    };
    const char *reason;

    /* Asked here first: libwebsockets would wait in silence for a name that does not exist. */
    if (!resolves(&c->url, &reason)) {
        blame(c, PROTO_ERR_NOT_FOUND, "the name of the relay does not resolve (%s); check the address and the network",
              reason);
        end(c, NULL);
        return;
    }
    c->phase = CONNECTING;
    host_timer_set(c->timer,
                   host_now().mono_ms + (c->config.connect_wait_ms ? c->config.connect_wait_ms : CONNECT_WAIT_MS));
    (void)lws_client_connect_via_info(
        &info); /* a failure comes as CLIENT_CONNECTION_ERROR, perhaps before it returns */
}

/* False: the line is dead, and the reason was given. */
static bool is_alive(struct host_connection *c)
{
    int64_t now_ms = host_now().mono_ms;

    switch (host_pulse_look(&c->pulse, lws_get_socket_fd(c->wsi), now_ms)) {
    case HOST_PULSE_SILENT:
        blame(c, PROTO_ERR_TIMEOUT, "nothing came for %d ms and no ping was answered; it is tried again at once",
              (int)(now_ms - c->pulse.heard_ms));
        return false;
    case HOST_PULSE_MOVED:
        blame(c, PROTO_ERR_IO, "this machine has another address now; it is tried again at once");
        return false;
    case HOST_PULSE_ASK:
        c->ping = true;
        lws_callback_on_writable(c->wsi);
        break;
    case HOST_PULSE_FINE:
        break;
    }
    host_timer_set(c->timer, host_pulse_next_ms(&c->pulse, now_ms));
    return true;
}

static void on_timer(void *context)
{
    struct host_connection *c = context;

    if (c->phase == STARTING) {
        connect_now(c);
        return;
    }
    if (c->phase == OPEN && is_alive(c))
        return;
    if (c->phase != CLOSING)
        blame(c, PROTO_ERR_TIMEOUT, "no answer in time; check the address, that the relay runs, and the network");
    if (c->wsi)
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
    end(c, c->wsi);
}

static enum proto_err set_up(struct host_connection *c, char error[static HOST_CONNECTION_ERROR_BYTES])
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = c->url.host,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .alpn = "http/1.1",
    };
    enum proto_err err = host_tls_init(&c->tls, c->url.host, &c->config, error);

    if (err)
        return err;
    info.provided_client_ssl_ctx = c->tls.ctx;
    c->vhost = lws_create_vhost(host_loop_context(c->loop), &info);
    if (!c->vhost || host_timer_new(&c->timer, c->loop, on_timer, c)) {
        snprintf(error, HOST_CONNECTION_ERROR_BYTES, "%s: no memory for a connection; close other programs",
                 c->url.host);
        return PROTO_ERR_NOMEM;
    }
    host_timer_set(c->timer, host_now().mono_ms);
    return PROTO_OK;
}

enum proto_err host_connection_new(struct host_connection **out, struct host_loop *loop,
                                   const struct host_connection_config *config,
                                   char error[static HOST_CONNECTION_ERROR_BYTES])
{
    struct host_connection *c = calloc(1, sizeof *c);
    bool named;
    enum proto_err err;

    *out = NULL;
    snprintf(error, HOST_CONNECTION_ERROR_BYTES, "no memory for a connection; close other programs");
    if (!c)
        return PROTO_ERR_NOMEM;
    c->loop = loop;
    c->config = *config;
    proto_buf_init(&c->in, PROTO_MAX_MESSAGE_BYTES);
    err = host_url_parse(&c->url, config->url);
    if (err) {
        snprintf(error, HOST_CONNECTION_ERROR_BYTES,
                 "%s: not the address of a relay; write it as https://HOST or https://HOST:PORT",
                 config->url ? config->url : "(none)");
    } else {
        named = !strchr(c->url.host, ':');
        snprintf(c->authority, sizeof c->authority, c->url.port == 443 ? "%s%s%s" : "%s%s%s:%u", named ? "" : "[",
                 c->url.host, named ? "" : "]", c->url.port);
        snprintf(c->ca_file, sizeof c->ca_file, "%s", config->ca_file ? config->ca_file : "");
        snprintf(c->cert_file, sizeof c->cert_file, "%s", config->cert_file ? config->cert_file : "");
        err = set_up(c, error);
        c->config.url = NULL; /* the caller's texts are not touched any more */
        c->config.ca_file = config->ca_file ? c->ca_file : NULL;
        c->config.cert_file = config->cert_file ? c->cert_file : NULL;
        c->config.key_file = NULL;
    }
    if (err) {
        host_connection_free(c);
        return err;
    }
    *out = c;
    return PROTO_OK;
}

void host_connection_free(struct host_connection *c)
{
    if (!c)
        return;
    if (c->wsi) {
        lws_set_wsi_user(c->wsi, NULL);
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
    }
    if (c->vhost)
        lws_vhost_destroy(c->vhost);
    host_timer_free(c->timer);
    host_tls_clear(&c->tls);
    proto_buf_free(&c->in);
    free(c->out);
    free(c);
}

void host_connection_wake(struct host_connection *c)
{
    if (c->wsi && (c->phase == OPEN || c->phase == CLOSING))
        lws_callback_on_writable(c->wsi);
}

void host_connection_close(struct host_connection *c)
{
    if (c->phase == ENDED)
        return;
    if (c->phase == OPEN) {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_WAIT_S);
        lws_callback_on_writable(c->wsi);
        c->phase = CLOSING;
    } else if (c->phase != CLOSING) { /* it never stood: nothing can be pending */
        c->phase = CLOSING;
        if (c->wsi)
            lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
        else
            host_timer_set(c->timer, host_now().mono_ms);
    }
}

void host_connection_cut(struct host_connection *c)
{
    if (c->wsi)
        (void)shutdown(lws_get_socket_fd(c->wsi), SHUT_RDWR);
}

void host_connection_figures(const struct host_connection *c, struct host_connection_figures *out)
{
    *out = c->figures;
}
