/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/doubt.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/util/buf.h"

enum { DOUBT_BYTES = 4096 };

static bool path_of(const struct serve *serve, char path[static HOST_PATH_BYTES])
{
    return host_path(path, "%s/relay/doubted", serve->folder->dir);
}

void serve_doubt_keep(const struct serve *serve, const struct serve_doubt *doubt)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf text;

    proto_buf_init(&text, DOUBT_BYTES);
    proto_buf_printf(&text, "log %s\nwitness %s\nsaid %s\n", serve->folder->origin, doubt->witness, doubt->said);
    enum proto_err err = text.failed || !path_of(serve, path)
                             ? PROTO_ERR_RANGE
                             : host_file_write(path, text.bytes, text.len, HOST_PUBLIC);
    if (err)
        host_say_err("relay/doubted", err);
    proto_buf_free(&text);
}

/* The value of the next line, which has this name; NULL: it has another. */
static const char *take_line(char **at, const char *name)
{
    size_t len = strlen(name);
    char *line = *at, *end = strchr(line, '\n');

    if (!end || strncmp(line, name, len) != 0 || line[len] != ' ')
        return NULL;
    *end = 0;
    *at = end + 1;
    return line + len + 1;
}

static bool parse(char *text, const char *origin, struct serve_doubt *out)
{
    const char *log = take_line(&text, "log"), *witness = log ? take_line(&text, "witness") : NULL,
               *said = witness ? take_line(&text, "said") : NULL;

    if (!said || strcmp(log, origin) != 0 || strlen(witness) >= sizeof out->witness || strlen(said) >= sizeof out->said)
        return false;
    strcpy(out->witness, witness);
    strcpy(out->said, said);
    return true;
}

bool serve_doubt_find(const struct serve *serve, struct serve_doubt *out)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf file;

    proto_buf_init(&file, DOUBT_BYTES);
    bool found = path_of(serve, path) && host_file_exists(path) && !host_file_read(path, &file);
    proto_buf_put_u8(&file, 0);
    found = found && !file.failed && parse((char *)file.bytes, serve->folder->origin, out);
    proto_buf_free(&file);
    return found;
}

void serve_doubt_forget(const struct serve *serve, const char *why)
{
    char path[HOST_PATH_BYTES];

    if (path_of(serve, path) && host_file_exists(path) && !unlink(path))
        host_say(HOST_INFO, "%s: %s, and is gone", path, why);
}
