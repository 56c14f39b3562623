/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/answer.h"

#include <string.h>

#include "relay/serve/listen.h"

enum {
    HEADER_BYTES = 4096,
    TURN_BYTES = 16384, /* then the others have theirs */
    SLOWEST_S = 60,     /* a browser that takes longer for a turn has gone */
};

struct header {
    const char *name, *value;
};

static const struct header always[] = {
    {"referrer-policy:", "no-referrer"},
    {"x-content-type-options:", "nosniff"},
    {"x-frame-options:", "DENY"},
    {"cross-origin-opener-policy:", "same-origin"},
    {"cross-origin-embedder-policy:", "require-corp"},
};
static const char camera_and_voice[] =
    "camera=(self), microphone=(self), geolocation=(), display-capture=(), payment=(), usb=()";
static const char nothing_alone[] = "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()";

static bool put(struct lws *wsi, const char *name, const char *value, unsigned char **at, unsigned char *end)
{
    return !lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value,
                                        (int)strlen(value), at, end);
}

/* A name with a hash in it never means anything else. The page itself is asked for again each time. */
static const char *how_long(const struct serve_file *file)
{
    if (!file)
        return "no-store";
    return strncmp(file->path, "/a/", 3) ? "no-cache" : "public, max-age=31536000, immutable";
}

static bool put_file(struct lws *wsi, const struct serve_file *file, unsigned char **at, unsigned char *end)
{
    return (!file->etag || put(wsi, "etag:", file->etag, at, end)) &&
           (!file->zipped || put(wsi, "content-encoding:", "gzip", at, end));
}

static bool put_all(struct lws *wsi, const struct serve *serve, const struct serve_answer *answer, unsigned char **at,
                    unsigned char *end)
{
    bool done = put(wsi, "content-security-policy:",
                    answer->policy ? answer->policy : "default-src 'none'; frame-ancestors 'none'", at, end) &&
                put(wsi, "permissions-policy:", answer->file ? camera_and_voice : nothing_alone, at, end) &&
                put(wsi, "cache-control:", answer->cache ? answer->cache : how_long(answer->file), at, end) &&
                put(wsi, "cross-origin-resource-policy:", answer->shared ? "cross-origin" : "same-origin", at, end);

    for (size_t i = 0; done && i < sizeof always / sizeof *always; i++)
        done = put(wsi, always[i].name, always[i].value, at, end);
    if (done && answer->file)
        done = put_file(wsi, answer->file, at, end);
    if (done && answer->shared)
        done = put(wsi, "access-control-allow-origin:", "*", at, end);
    /* A browser would remember it for everything else that somebody runs on their own machine. */
    if (done && lws_get_ssl(wsi) && !serve_folder_names(serve->folder, "localhost"))
        done = put(wsi, "strict-transport-security:", "max-age=31536000", at, end);
    if (done && serve_listen_asks_once(serve->listen, wsi))
        done = put(wsi, "connection:", "close", at, end);
    if (done && answer->status == HTTP_STATUS_METHOD_NOT_ALLOWED)
        done = put(wsi, "allow:", "GET, HEAD", at, end);
    if (done && answer->status == SERVE_ANSWER_UPGRADE)
        done = put(wsi, "upgrade:", "websocket", at, end) && put(wsi, "sec-websocket-version:", "13", at, end);
    if (done && answer->location)
        done = put(wsi, "location:", answer->location, at, end);
    if (done && answer->error)
        done = put(wsi, "handhold-error:", answer->error, at, end);
    return done;
}

struct serve_answer serve_answer_text(unsigned status, const char *body)
{
    return (struct serve_answer){
        .status = status, .type = "text/plain; charset=utf-8", .body = body, .size = strlen(body)};
}

static int write_turn(struct lws *wsi, struct serve_body *rest, size_t most)
{
    static unsigned char turn[LWS_PRE + SERVE_ANSWER_ONCE_BYTES];
    size_t size = rest->left < most ? rest->left : most;
    bool last = size == rest->left;

    if (!rest->at)
        return 0;
    memcpy(turn + LWS_PRE, rest->at, size);
    rest->at += size;
    rest->left -= size;
    if (lws_write(wsi, turn + LWS_PRE, size, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < (int)size)
        return -1;
    if (last) {
        *rest = (struct serve_body){0};
        return lws_http_transaction_completed(wsi) ? -1 : 0;
    }
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, SLOWEST_S);
    lws_callback_on_writable(wsi);
    return 0;
}

int serve_answer_more(struct lws *wsi, struct serve_body *rest)
{
    return write_turn(wsi, rest, TURN_BYTES);
}

int serve_answer_write(struct lws *wsi, const struct serve *serve, const struct serve_answer *answer, bool with_body,
                       struct serve_body *rest)
{
    static unsigned char head[LWS_PRE + HEADER_BYTES];
    unsigned char *at = head + LWS_PRE, *end = head + sizeof head - 1;
    bool unchanged = answer->status == HTTP_STATUS_NOT_MODIFIED;

    *rest = (struct serve_body){0};
    if ((!answer->lasting && answer->size > SERVE_ANSWER_ONCE_BYTES) ||
        lws_add_http_header_status(wsi, answer->status, &at, end) ||
        lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, (const unsigned char *)answer->type,
                                     (int)strlen(answer->type), &at, end) ||
        (!unchanged && lws_add_http_header_content_length(wsi, answer->size, &at, end)) ||
        !put_all(wsi, serve, answer, &at, end) || lws_finalize_write_http_header(wsi, head + LWS_PRE, &at, end))
        return -1;
    if (!with_body || unchanged)
        return lws_http_transaction_completed(wsi) ? -1 : 0;
    *rest = (struct serve_body){answer->body, answer->size};
    return write_turn(wsi, rest, answer->lasting ? TURN_BYTES : SERVE_ANSWER_ONCE_BYTES);
}
