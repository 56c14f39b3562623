/* SPDX-License-Identifier: Apache-2.0 */
/* Where the staff's secret lies on this machine, and what came from a relay. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/shelf.h"
#include "proto/host/files.h"
#include "proto/host/say.h"

static enum proto_err read_keys(struct proto_kept_keys *out, const char *path)
{
    struct proto_buf text;
    enum proto_err err;

    proto_buf_init_secret(&text, PROTO_KEPT_FILE_BYTES);
    err = host_file_read(path, &text);
    if (!err)
        err = proto_kept_keys_read(out, (const char *)text.bytes, text.len);
    proto_buf_free(&text);
    return err;
}

enum proto_err agent_desk_shelf_keys(struct proto_kept_keys *out, const char *path, const char *cert_file)
{
    char beside[HOST_PATH_BYTES];
    const char *slash = strrchr(cert_file, '/');
    enum proto_err err;

    memset(out, 0, sizeof *out);
    if (!path) {
        if (!host_path(beside, "%.*s/cases.key", slash ? (int)(slash - cert_file) : 1, slash ? cert_file : ".") ||
            !host_file_exists(beside))
            return PROTO_OK;
        path = beside;
    }
    err = read_keys(out, path);
    if (err)
        host_say_error(path, "it is not the staff's secret for cases (handhold/1 cases, then base64)",
                       "ask the authority for staff/cases.key");
    else if (host_file_check_private(path) != PROTO_OK)
        host_say(HOST_WARN, "%s: others on this machine can read this key; run chmod 600 on it", path);
    return err;
}

/* A host may hold characters that no file name should; what it is remains readable. */
static void plain_name(char *text)
{
    for (; *text; text++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", *text))
            *text = '-';
}

bool agent_desk_shelf_cache(char out[static HOST_PATH_BYTES], const char *host, const uint8_t pin[static 32])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char name[300], hex[17];

    sodium_bin2hex(hex, sizeof hex, pin, 8);
    snprintf(name, sizeof name, "%s", host);
    plain_name(name);
    if (cache && *cache == '/')
        return host_path(out, "%s/handhold/%s-%s", cache, hex, name);
    return home && *home == '/' && host_path(out, "%s/.cache/handhold/%s-%s", home, hex, name);
}
