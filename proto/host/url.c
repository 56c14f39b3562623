/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/connection.h"

static const char *skip_scheme(const char *text)
{
    static const char *const schemes[] = {"https://", "wss://"};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (!strncmp(text, schemes[i], strlen(schemes[i])))
            return text + strlen(schemes[i]);
    return NULL;
}

/* The host, with or without brackets; where it ends, or NULL. */
static const char *take_host(struct host_url *out, const char *text)
{
    bool bracketed = *text == '[';
    size_t len = strcspn(text += bracketed, bracketed ? "]" : ":/");

    if (!len || len >= sizeof out->host || (bracketed && text[len] != ']'))
        return NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (!isalnum(c) && c != '-' && c != '.' && !(bracketed && c == ':'))
            return NULL;
        out->host[i] = (char)tolower(c);
    }
    out->host[len] = 0;
    return text + len + bracketed;
}

static const char *take_port(struct host_url *out, const char *text)
{
    char *end;
    unsigned long port;

    out->port = 443;
    if (*text != ':')
        return text;
    if (!isdigit((unsigned char)text[1]))
        return NULL;
    port = strtoul(text + 1, &end, 10);
    if (!port || port > UINT16_MAX)
        return NULL;
    out->port = (uint16_t)port;
    return end;
}

static bool take_path(struct host_url *out, const char *text)
{
    size_t len = strlen(text);

    if (len >= sizeof out->path || (len && *text != '/'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isgraph((unsigned char)text[i]) || strchr("?#\\\"<>", text[i]))
            return false;
    strcpy(out->path, len > 1 ? text : "/s");
    return true;
}

enum proto_err host_url_parse(struct host_url *out, const char *text)
{
    const char *at = text ? skip_scheme(text) : NULL;

    memset(out, 0, sizeof *out);
    if (at)
        at = take_host(out, at);
    if (at)
        at = take_port(out, at);
    if (at && take_path(out, at))
        return PROTO_OK;
    memset(out, 0, sizeof *out);
    return PROTO_ERR_FORMAT;
}
