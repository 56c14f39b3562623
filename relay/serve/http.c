/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/http.h"

#include <string.h>

#include "proto/host/connection.h"
#include "proto/host/world.h"
#include "proto/util/buf.h"
#include "relay/serve/listen.h"
#include "relay/serve/metrics.h"
#include "relay/serve/page.h"
#include "relay/serve/serve.h"
#include "relay/serve/socket.h"
#include "relay/serve/staff.h"
#include "relay/serve/tls.h"

enum { HEADER_BYTES = 2048, BODY_BYTES = 16384 };

struct answer {
    unsigned status;
    const char *type; /* of the body */
    const char *body;
    const char *policy; /* Content-Security-Policy; NULL: nothing may run or load */
    const char *error;  /* Handhold-Error */
};

/* ---- writing ---- */

static const struct header {
    const char *name, *value;
} headers[] = {
    {"cache-control:", "no-store"},
    {"referrer-policy:", "no-referrer"},
    {"x-content-type-options:", "nosniff"},
    {"x-frame-options:", "DENY"},
    {"cross-origin-opener-policy:", "same-origin"},
    {"permissions-policy:", "camera=(), microphone=(), geolocation=()"},
};

static bool put(struct lws *wsi, const char *name, const char *value, unsigned char **at, unsigned char *end)
{
    return !lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value,
                                        (int)strlen(value), at, end);
}

static bool put_all(struct lws *wsi, const struct serve *serve, const struct answer *answer, unsigned char **at,
                    unsigned char *end)
{
    bool done = put(wsi, "content-security-policy:",
                    answer->policy ? answer->policy : "default-src 'none'; frame-ancestors 'none'", at, end);

    for (size_t i = 0; done && i < sizeof headers / sizeof *headers; i++)
        done = put(wsi, headers[i].name, headers[i].value, at, end);
    /* A browser would remember it for everything else that somebody runs on their own machine. */
    if (done && !serve_folder_names(serve->folder, "localhost"))
        done = put(wsi, "strict-transport-security:", "max-age=31536000", at, end);
    if (done && answer->status == HTTP_STATUS_METHOD_NOT_ALLOWED)
        done = put(wsi, "allow:", "GET, HEAD", at, end);
    if (done && answer->error)
        done = put(wsi, "handhold-error:", answer->error, at, end);
    return done;
}

/* Writes the whole answer; the connection ends with it. Bodies are below what lws_write() takes at once. */
static int respond(struct lws *wsi, const struct serve *serve, const struct answer *answer, bool with_body)
{
    static unsigned char head[LWS_PRE + HEADER_BYTES], body[LWS_PRE + BODY_BYTES];
    unsigned char *at = head + LWS_PRE, *end = head + sizeof head - 1;
    size_t len = strlen(answer->body);

    if (len > BODY_BYTES || lws_add_http_header_status(wsi, answer->status, &at, end) ||
        lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, (const unsigned char *)answer->type,
                                     (int)strlen(answer->type), &at, end) ||
        lws_add_http_header_content_length(wsi, len, &at, end) || !put_all(wsi, serve, answer, &at, end) ||
        lws_finalize_write_http_header(wsi, head + LWS_PRE, &at, end))
        return -1;
    memcpy(body + LWS_PRE, answer->body, len);
    if (with_body && lws_write(wsi, body + LWS_PRE, len, LWS_WRITE_HTTP_FINAL) < (int)len)
        return -1;
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static struct answer plain(unsigned status, const char *body)
{
    return (struct answer){.status = status, .type = "text/plain; charset=utf-8", .body = body};
}

/* ---- pages ---- */

static struct answer health(struct serve *serve, struct proto_buf *text)
{
    (void)serve, (void)text;
    return plain(HTTP_STATUS_OK, "ok\n");
}

static struct answer readiness(struct serve *serve, struct proto_buf *text)
{
    (void)text;
    return serve->draining ? plain(HTTP_STATUS_SERVICE_UNAVAILABLE, "draining\n") : plain(HTTP_STATUS_OK, "ready\n");
}

static struct answer metrics(struct serve *serve, struct proto_buf *text)
{
    serve_metrics_write(serve, text);
    proto_buf_put_u8(text, 0);
    if (text->failed)
        return plain(HTTP_STATUS_INTERNAL_SERVER_ERROR, "no memory\n");
    return (struct answer){.status = HTTP_STATUS_OK,
                           .type = "text/plain; version=0.0.4; charset=utf-8",
                           .body = (const char *)text->bytes};
}

static struct answer join_page(struct serve *serve, struct proto_buf *text)
{
    (void)serve, (void)text;
    return (struct answer){.status = HTTP_STATUS_OK,
                           .type = "text/html; charset=utf-8",
                           .body = serve_page_join(),
                           .policy = serve_page_policy()};
}

enum ends { PUBLIC = 1, STAFF = 2, BOTH = 3 };

static const struct route {
    const char *path;
    enum ends ends;
    struct answer (*answer)(struct serve *serve, struct proto_buf *text);
} routes[] = {
    {"/", PUBLIC, join_page},      {"/j", PUBLIC, join_page},    {"/healthz", BOTH, health},
    {"/readyz", STAFF, readiness}, {"/metrics", STAFF, metrics},
};

static struct answer find(struct serve *serve, struct lws *wsi, const char *path, struct proto_buf *text)
{
    bool staff = serve_listen_is_staff(wsi);
    struct proto_identity identity;
    enum proto_err err;

    if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) && !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
        return plain(HTTP_STATUS_METHOD_NOT_ALLOWED, "This relay answers GET and HEAD.\n");
    if (!serve_listen_host_fits(serve->listen, wsi))
        return plain(421, "This relay does not serve this host name here.\n");
    err = staff ? serve_staff_identify(serve, wsi, &identity) : PROTO_OK;
    if (err) {
        struct answer refused = plain(HTTP_STATUS_FORBIDDEN, "This certificate may not come in.\n");

        refused.error = proto_err_name(err);
        return refused;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (!strcmp(routes[i].path, path) && routes[i].ends & (staff ? STAFF : PUBLIC))
            return routes[i].answer(serve, text);
    return plain(HTTP_STATUS_NOT_FOUND, "There is nothing here.\n");
}

static int on_request(struct serve *serve, struct lws *wsi, const char *path)
{
    struct proto_buf text;
    struct answer answer;
    int rc;

    proto_buf_init(&text, BODY_BYTES);
    answer = find(serve, wsi, path, &text);
    rc = respond(wsi, serve, &answer, !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI));
    proto_buf_free(&text);
    return rc;
}

/* ---- the WebSocket ---- */

static int refuse(struct serve *serve, struct lws *wsi, unsigned status, enum proto_err err, const char *body)
{
    struct answer answer = plain(status, body);

    answer.error = proto_err_name(err);
    (void)respond(wsi, serve, &answer, true);
    return -1;
}

/*
 * Before libwebsockets changes the protocol. `in` is never touched: for an unknown Upgrade it dangles (CVE-2025-11677).
 * Nothing but "websocket" goes on: this version would speak h2c inside TLS, where it has a hole (CVE-2026-19773).
 */
static int on_upgrade(struct serve *serve, struct lws *wsi)
{
    struct proto_identity identity;
    char text[32];
    enum proto_err err;

    if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_UPGRADE) <= 0 || strcasecmp(text, "websocket"))
        return -1;
    if (!serve_listen_host_fits(serve->listen, wsi))
        return refuse(serve, wsi, 421, PROTO_ERR_REFUSED, "This relay does not serve this host name here.\n");
    if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_GET_URI) <= 0 || strcmp(text, "/s"))
        return refuse(serve, wsi, HTTP_STATUS_NOT_FOUND, PROTO_ERR_NOT_FOUND, "The relay is at /s.\n");
    if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_PROTOCOL) <= 0 || strcmp(text, HOST_SUBPROTOCOL))
        return refuse(serve, wsi, HTTP_STATUS_BAD_REQUEST, PROTO_ERR_VERSION,
                      "This relay speaks the WebSocket protocol " HOST_SUBPROTOCOL ".\n");
    if (serve_listen_is_staff(wsi)) {
        err = serve_staff_identify(serve, wsi, &identity);
        if (err)
            return refuse(serve, wsi, HTTP_STATUS_FORBIDDEN, err, "This certificate may not come in.\n");
    }
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct serve *serve = lws_get_vhost(wsi) ? lws_vhost_user(lws_get_vhost(wsi)) : NULL;

    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
        return serve_tls_configure(user);
    if (serve && serve->stopping && reason == LWS_CALLBACK_CLOSED)
        serve_socket_forget(user);
    if (!serve || serve->stopping)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return on_upgrade(serve, wsi);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return strcmp(lws_get_protocol(wsi)->name, HOST_SUBPROTOCOL) ? -1 : 0;
    case LWS_CALLBACK_HTTP:
        return on_request(serve, wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        return serve_socket_open(serve, wsi, user);
    case LWS_CALLBACK_RECEIVE:
        return serve_socket_receive(serve, wsi, user, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return serve_socket_write(serve, wsi, user);
    case LWS_CALLBACK_CLOSED:
        serve_socket_closed(serve, user);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        serve_listen_closed(serve->listen);
        return 0;
    default:
        return 0;
    }
}

const struct lws_protocols *serve_http_protocols(void)
{
    /* The first is where a request begins, so both have the same answers. */
    static const struct lws_protocols protocols[] = {
        {"http", on_event, sizeof(struct serve_socket), 65536, 0, NULL, 0},
        {HOST_SUBPROTOCOL, on_event, sizeof(struct serve_socket), 65536, 0, NULL, 0},
        {0},
    };

    return protocols;
}
