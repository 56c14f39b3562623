/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/http.h"

#include <sodium.h>
#include <string.h>

#include "proto/host/connection.h"
#include "proto/host/world.h"
#include "proto/util/buf.h"
#include "relay/serve/answer.h"
#include "relay/serve/guard.h"
#include "relay/serve/listen.h"
#include "relay/serve/lost.h"
#include "relay/serve/metrics.h"
#include "relay/serve/page.h"
#include "relay/serve/redirect.h"
#include "relay/serve/serve.h"
#include "relay/serve/socket.h"
#include "relay/serve/staff.h"
#include "relay/serve/tls.h"
#include "relay/serve/unused.h"

/* ---- pages ---- */

static struct serve_answer health(struct serve *serve, struct proto_buf *text)
{
    (void)serve, (void)text;
    return serve_answer_text(HTTP_STATUS_OK, "ok\n");
}

static struct serve_answer readiness(struct serve *serve, struct proto_buf *text)
{
    struct relay_core_figures figures;

    (void)text;
    relay_core_figures(serve->core, &figures);
    if (figures.log_broken)
        return serve_answer_text(HTTP_STATUS_SERVICE_UNAVAILABLE, "the log is not whole\n");
    if (relay_appender_is_damaged(serve->appender))
        return serve_answer_text(HTTP_STATUS_SERVICE_UNAVAILABLE, "the log's database is damaged: see --check\n");
    if (!serve_guard_log_writable(serve))
        return serve_answer_text(HTTP_STATUS_SERVICE_UNAVAILABLE, "the log cannot be written: is the disk full?\n");
    if (serve->guard.full)
        return serve_answer_text(HTTP_STATUS_SERVICE_UNAVAILABLE, "more memory is used than memory_bytes\n");
    return serve->draining ? serve_answer_text(HTTP_STATUS_SERVICE_UNAVAILABLE, "draining\n")
                           : serve_answer_text(HTTP_STATUS_OK, "ready\n");
}

/* A text that was written for this request. */
static struct serve_answer written(struct proto_buf *text, const char *type)
{
    if (text->failed)
        return serve_answer_text(HTTP_STATUS_INTERNAL_SERVER_ERROR, "no memory\n");
    return (struct serve_answer){.status = HTTP_STATUS_OK, .type = type, .body = text->bytes, .size = text->len};
}

static struct serve_answer metrics(struct serve *serve, struct proto_buf *text)
{
    serve_metrics_write(serve, text);
    return written(text, "text/plain; version=0.0.4; charset=utf-8");
}

/* Domains and verifier keys have no character that JSON would escape (proto/identity/profile.h, proto/seal/note.h). */
static struct serve_answer organisation(struct serve *serve, struct proto_buf *text)
{
    const struct proto_org *org = &serve->folder->notes.org;
    char root[2 * PROTO_IDENTITY_HASH_BYTES + 1];
    struct serve_answer answer;

    sodium_bin2hex(root, sizeof root, serve->folder->root.fingerprint, sizeof serve->folder->root.fingerprint);
    proto_buf_printf(text, "{\"domain\":\"%s\",\"ca_fp\":[\"%s\"],\"log_vkeys\":[", org->domain, root);
    for (size_t i = 0; i < org->log_count; i++)
        proto_buf_printf(text, "%s\"%s\"", i ? "," : "", org->logs[i]);
    proto_buf_put_text(text, "]}\n");
    answer = written(text, "application/json");
    answer.shared = true;
    return answer;
}

/* ---- the page ---- */

static bool is_unchanged(struct lws *wsi, const struct serve_file *file)
{
    char seen[128];

    return file->etag && lws_hdr_copy(wsi, seen, sizeof seen, WSI_TOKEN_HTTP_IF_NONE_MATCH) > 0 &&
           strstr(seen, file->etag) != NULL;
}

static struct serve_answer page_file(struct serve *serve, struct lws *wsi, const struct serve_file *file)
{
    static char policy[SERVE_POLICY_BYTES];

    serve_page_policy(file, serve->public_authority, serve->folder->notes.org.domain, policy);
    return (struct serve_answer){.status = is_unchanged(wsi, file) ? HTTP_STATUS_NOT_MODIFIED : HTTP_STATUS_OK,
                                 .type = file->type,
                                 .body = file->bytes,
                                 .size = file->size,
                                 .lasting = true,
                                 .file = file,
                                 .policy = policy};
}

enum ends { PUBLIC = 1, STAFF = 2, LOCAL = 4 };

static const struct route {
    const char *path;
    unsigned ends;
    struct serve_answer (*answer)(struct serve *serve, struct proto_buf *text);
} routes[] = {
    {"/.well-known/handhold/org.json", PUBLIC, organisation},
    {"/healthz", PUBLIC | STAFF | LOCAL, health},
    {"/readyz", STAFF | LOCAL, readiness},
    {"/metrics", STAFF | LOCAL, metrics},
};

static const struct route *find_route(const char *path, enum ends end)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (!strcmp(routes[i].path, path) && routes[i].ends & (unsigned)end)
            return &routes[i];
    return NULL;
}

static const char log_prefix[] = "/log/";

static struct serve_answer find(struct serve *serve, struct lws *wsi, struct serve_socket *socket, const char *path,
                                struct proto_buf *text)
{
    bool staff = serve_listen_is_staff(wsi);
    const struct serve_file *file = staff ? NULL : serve_page_find(path);
    const struct route *route = find_route(path, staff ? STAFF : PUBLIC);
    struct proto_identity identity;
    enum proto_err err;

    if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) && !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
        return serve_answer_text(HTTP_STATUS_METHOD_NOT_ALLOWED, "This relay answers GET and HEAD.\n");
    if (serve_listen_measures(serve->listen, wsi)) {
        route = find_route(path, LOCAL);
        return route ? route->answer(serve, text)
                     : serve_answer_text(HTTP_STATUS_NOT_FOUND, "Here are /metrics, /healthz and /readyz.\n");
    }
    if (!serve_listen_host_fits(serve->listen, wsi))
        return serve_answer_text(421, "This relay does not serve this host name here.\n");
    err =
        staff ? serve_staff_identify(serve, wsi, route ? SERVE_STAFF_WATCHES : SERVE_STAFF_READS, &identity) : PROTO_OK;
    if (err) {
        struct serve_answer refused = serve_answer_text(HTTP_STATUS_FORBIDDEN, "This certificate may not come in.\n");

        refused.error = proto_err_name(err);
        return refused;
    }
    if (route)
        return route->answer(serve, text);
    if (file)
        return page_file(serve, wsi, file);
    if (!strncmp(path, log_prefix, sizeof log_prefix - 1) && (staff || serve->config->public_log))
        return serve_tiles_ask(serve->tiles, wsi, path + sizeof log_prefix - 1,
                               !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI), &socket->tiles);
    return staff ? serve_answer_text(HTTP_STATUS_NOT_FOUND, "There is nothing here.\n") : serve_lost(wsi);
}

/* libwebsockets decodes %00 as well; what stands behind it is not to be overlooked. */
static int on_request(struct serve *serve, struct lws *wsi, struct serve_socket *socket, const char *path, size_t len)
{
    struct proto_buf text;
    struct serve_answer answer;
    int rc;

    proto_buf_init(&text, SERVE_ANSWER_ONCE_BYTES);
    answer = strlen(path) == len ? find(serve, wsi, socket, path, &text)
                                 : serve_answer_text(HTTP_STATUS_BAD_REQUEST, "This is not a path.\n");
    rc = answer.later
             ? 0
             : serve_answer_write(wsi, serve, &answer, !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI), &socket->body);
    proto_buf_free(&text);
    return rc;
}

/* ---- the WebSocket ---- */

static int refuse(struct serve *serve, struct lws *wsi, unsigned status, enum proto_err err, const char *body)
{
    struct serve_answer answer = serve_answer_text(status, body);
    struct serve_body rest;

    answer.error = proto_err_name(err);
    (void)serve_answer_write(wsi, serve, &answer, true, &rest); /* short: nothing is left of it */
    return -1;
}

/* An end may speak several versions, and offers all of them: "a, b". libwebsockets then takes ours. */
static bool offers_ours(struct lws *wsi)
{
    char offered[256], *rest = offered;

    if (lws_hdr_copy(wsi, offered, sizeof offered, WSI_TOKEN_PROTOCOL) <= 0)
        return false;
    for (char *one = strsep(&rest, ","); one; one = strsep(&rest, ",")) {
        one += strspn(one, " \t");
        one[strcspn(one, " \t")] = 0;
        if (!strcmp(one, HOST_SUBPROTOCOL))
            return true;
    }
    return false;
}

/* RFC 6455, 4.2.1: 16 bytes in base64. */
static bool has_key(struct lws *wsi)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char key[32];

    return lws_hdr_copy(wsi, key, sizeof key, WSI_TOKEN_KEY) == 24 && strspn(key, digits) == 22 &&
           !strcmp(key + 22, "==");
}

static bool is_version_13(struct lws *wsi)
{
    char version[8];

    return lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_VERSION) > 0 && !strcmp(version, "13");
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
    if (!is_version_13(wsi))
        return refuse(serve, wsi, SERVE_ANSWER_UPGRADE, PROTO_ERR_VERSION, "This relay speaks WebSocket 13.\n");
    if (!has_key(wsi))
        return refuse(serve, wsi, HTTP_STATUS_BAD_REQUEST, PROTO_ERR_FORMAT, "A WebSocket has a key of 16 bytes.\n");
    if (!offers_ours(wsi))
        return refuse(serve, wsi, HTTP_STATUS_BAD_REQUEST, PROTO_ERR_VERSION,
                      "This relay speaks the WebSocket protocol " HOST_SUBPROTOCOL ".\n");
    /* Only browsers say where a script is from, and no end of staff's is a web page. */
    if (serve_listen_is_staff(wsi) && lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN))
        return refuse(serve, wsi, HTTP_STATUS_FORBIDDEN, PROTO_ERR_REFUSED, "No web page may come in here.\n");
    if (serve_listen_is_staff(wsi)) {
        err = serve_staff_identify(serve, wsi, SERVE_STAFF_COMES_BACK, &identity);
        if (err)
            return refuse(serve, wsi, HTTP_STATUS_FORBIDDEN, err, "This certificate may not come in.\n");
    }
    return 0;
}

static int on_writable(struct serve *serve, struct lws *wsi, struct serve_socket *socket)
{
    return socket->tiles ? serve_tiles_write(serve->tiles, wsi, &socket->tiles, &socket->body)
                         : serve_answer_more(wsi, &socket->body);
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
        return !serve_listen_asked(serve->listen, wsi) || serve_listen_redirects(serve->listen, wsi) ||
                       serve_listen_measures(serve->listen, wsi)
                   ? -1
                   : on_upgrade(serve, wsi);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return strcmp(lws_get_protocol(wsi)->name, HOST_SUBPROTOCOL) ? -1 : 0;
    case LWS_CALLBACK_HTTP:
        if (!serve_listen_asked(serve->listen, wsi))
            return -1;
        return serve_listen_redirects(serve->listen, wsi) ? serve_redirect(serve, wsi, in, len)
                                                          : on_request(serve, wsi, user, in, len);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_writable(serve, wsi, user);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (user)
            serve_tiles_forget(serve->tiles, &((struct serve_socket *)user)->tiles);
        return 0;
    case LWS_CALLBACK_ESTABLISHED: {
        int rc = serve_socket_open(serve, wsi, user); /* asks for the address */

        serve_listen_opened(serve->listen, wsi);
        return rc;
    }
    case LWS_CALLBACK_RECEIVE:
        return serve_socket_receive(serve, wsi, user, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return serve_socket_write(serve, wsi, user);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        serve_socket_left(user);
        return 0;
    case LWS_CALLBACK_CLOSED:
        serve_socket_closed(serve, user);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        serve_listen_closed(serve->listen, wsi);
        return 0;
    default:
        return 0;
    }
}

const lws_retry_bo_t serve_http_no_timers = {0};

const struct lws_protocols *serve_http_protocols(void)
{
    /* So much is read at once, a record; and each connection keeps a buffer as large (unused.h). What libwebsockets
     * writes it cuts into pieces of TX_BYTES. */
    enum { RX_BYTES = 16384, TX_BYTES = 65536 };
    _Static_assert((int)RX_BYTES + (int)LWS_PRE + 4 <= (int)SERVE_UNUSED_BYTES, "what libwebsockets adds to it");
    /* The first is where a request begins, so both have the same answers. */
    static const struct lws_protocols protocols[] = {
        {"http", on_event, sizeof(struct serve_socket), RX_BYTES, 0, NULL, TX_BYTES},
        {HOST_SUBPROTOCOL, on_event, sizeof(struct serve_socket), RX_BYTES, 0, NULL, TX_BYTES},
        {0},
    };

    return protocols;
}
