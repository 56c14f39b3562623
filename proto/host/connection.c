/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/connection_inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/world.h"
#include "proto/wire/limits.h"

enum {
    CONNECT_WAIT_MS = 10000,
    CLOSE_WAIT_S = 5, /* for what is pending to leave, and for the relay's answer to the closing frame */
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {{HOST_SUBPROTOCOL, on_event, 0, 65536, 0, NULL, 0}, {0}};

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

static int opened(struct host_connection *c, struct lws *wsi)
{
    assert(SSL_get_verify_result(lws_get_ssl(wsi)) == X509_V_OK);
    host_tcp_tune(&c->tcp, lws_get_socket_fd(wsi), host_now().mono_ms);
    host_pulse_init(&c->pulse, host_now().mono_ms, host_boot_ms());
    c->phase = c->phase == CLOSING ? CLOSING : OPEN;
    host_timer_set(c->timer, c->phase == OPEN ? host_pulse_next_ms(&c->pulse, host_now().mono_ms) : PROTO_NEVER);
    c->config.on_open(c->config.context);
    if (lws_wsi_user(wsi) != c)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct host_connection *c = user;

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return c ? opened(c, wsi) : -1;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return c ? host_connection_receive(c, wsi, in, len) : -1;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        if (c)
            host_pulse_heard(&c->pulse, false, host_now().mono_ms);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return c ? host_connection_send(c, wsi) : -1;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (c)
            host_connection_blame_close(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        if (c && c->phase != ENDED) {
            host_connection_blame_connect(c, wsi, in);
            end(c, wsi);
        }
        return 0;
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: /* the last time that its TLS can be asked */
        if (c && c->phase == CONNECTING)
            host_connection_read_alert(wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        if (c && c->phase != ENDED) {
            host_connection_blame_closed(c, wsi);
            end(c, wsi);
        }
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
    if (!host_connection_resolves(&c->url, &reason)) {
        host_connection_blame(c, PROTO_ERR_NOT_FOUND,
                              "the name of the relay does not resolve (%s); check the address and the network", reason);
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

    switch (host_pulse_look(&c->pulse, lws_get_socket_fd(c->wsi), now_ms, host_boot_ms())) {
    case HOST_PULSE_SILENT:
        host_connection_blame(c, PROTO_ERR_TIMEOUT,
                              "nothing came for %d ms and no ping was answered; it is tried again at once",
                              (int)(now_ms - c->pulse.heard_ms));
        return false;
    case HOST_PULSE_MOVED:
        host_connection_blame(c, PROTO_ERR_IO, "this machine has another address now; it is tried again at once");
        return false;
    case HOST_PULSE_SLEPT:
        host_connection_blame(c, PROTO_ERR_TIMEOUT, "this machine slept; it is tried again at once");
        return false;
    case HOST_PULSE_ASK:
        c->ping = true;
        lws_callback_on_writable(c->wsi);
        break;
    case HOST_PULSE_FINE:
        break;
    }
    if (now_ms < c->pulse.talk_ms + HOST_PULSE_TALK_MS)
        host_tcp_freshen(&c->tcp, lws_get_socket_fd(c->wsi), now_ms);
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
        host_connection_blame(c, PROTO_ERR_TIMEOUT,
                              "no answer in time; check the address, that the relay runs, and the network");
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
