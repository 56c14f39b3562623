/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/redirect.h"

#include <libwebsockets.h>
#include <string.h>

#include "proto/host/files.h"
#include "relay/serve/answer.h"

enum { CHALLENGE_BYTES = 1024, PATH_MOST_BYTES = 256, LOCATION_BYTES = SERVE_HOST_BYTES + PATH_MOST_BYTES + 16 };

static const char acme_prefix[] = "/.well-known/acme-challenge/";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct serve_answer challenge(const struct serve *serve, const char *token, struct proto_buf *text)
{
    char path[HOST_PATH_BYTES];
    size_t len = strlen(token);

    /* A token has no other characters (RFC 8555, 8.3): no path leaves the folder. */
    if (!len || len > 128 || strspn(token, base64url) != len ||
        !host_path(path, "%s/acme%s%s", serve->folder->dir, acme_prefix, token) || host_file_read(path, text))
        return serve_answer_text(HTTP_STATUS_NOT_FOUND, "There is no such challenge.\n");
    return (struct serve_answer){
        .status = HTTP_STATUS_OK, .type = "application/octet-stream", .body = text->bytes, .size = text->len};
}

static struct serve_answer to_https(const struct serve *serve, const char *path, char location[static LOCATION_BYTES])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./";
    struct serve_answer answer = serve_answer_text(HTTP_STATUS_MOVED_PERMANENTLY, "This is at https.\n");
    bool careful = strlen(path) > PATH_MOST_BYTES || strspn(path, plain) != strlen(path) || strstr(path, "//");

    snprintf(location, LOCATION_BYTES, "https://%s%s", serve->public_authority, careful ? "/" : path);
    answer.location = location;
    return answer;
}

int serve_redirect(struct serve *serve, struct lws *wsi, const char *path, size_t len)
{
    bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    char location[LOCATION_BYTES];
    struct proto_buf text;
    struct serve_answer answer;
    struct serve_body rest;

    proto_buf_init(&text, CHALLENGE_BYTES);
    if (strlen(path) != len)
        answer = serve_answer_text(HTTP_STATUS_BAD_REQUEST, "This is not a path.\n");
    else if (!head && !lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI))
        answer = serve_answer_text(HTTP_STATUS_METHOD_NOT_ALLOWED, "This relay answers GET and HEAD.\n");
    else if (!strncmp(path, acme_prefix, sizeof acme_prefix - 1))
        answer = challenge(serve, path + sizeof acme_prefix - 1, &text);
    else
        answer = to_https(serve, path, location);
    int rc = serve_answer_write(wsi, serve, &answer, !head, &rest); /* short: nothing is left of it */
    proto_buf_free(&text);
    return rc;
}
