/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's own part of the folder: who writes to it now, and the key of its tokens. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "proto/host/world.h"
#include "relay/serve/folder.h"

bool serve_folder_in_use(const struct serve_folder *folder)
{
    char path[HOST_PATH_BYTES];
    int fd = host_path(path, "%s/writer.lock", folder->data) ? open(path, O_RDWR | O_CLOEXEC) : -1;
    bool taken = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;

    if (fd >= 0)
        close(fd);
    return taken;
}

bool serve_folder_has_log(const struct serve_folder *folder)
{
    char path[HOST_PATH_BYTES];

    return host_path(path, "%s/relay.db", folder->data) && host_file_exists(path);
}

bool serve_folder_is_fresh(const struct serve_folder *folder)
{
    char keys[HOST_PATH_BYTES];

    return !serve_folder_has_log(folder) && !host_file_exists(folder->checkpoint) &&
           host_path(keys, "%s/keys.db", folder->data) && !host_file_exists(keys);
}

/* Nothing of it is anywhere else: a new one is all that can be done about a bad one. */
static bool refuse_token_key(const char *path, struct serve_report *report)
{
    serve_report_add(report, SERVE_ERROR, path, "is not the 32 bytes that a relay wrote here",
                     "remove it: a start makes a new one, and sessions that are live do not find their seats again");
    return false;
}

bool serve_folder_token_key(struct serve_folder *folder, struct serve_report *report)
{
    char path[HOST_PATH_BYTES];
    struct proto_random random = host_random();
    struct proto_buf key;
    enum proto_err err = PROTO_OK;

    if (!serve_folder_path(folder, path, "data/token.key", report) ||
        (!report->table && !serve_folder_said(report, folder->data, host_folder_make(folder->data, HOST_PRIVATE))))
        return false;
    proto_buf_init_secret(&key, SERVE_TOKEN_KEY_BYTES);
    if (host_file_exists(path)) {
        err = host_file_read(path, &key);
        if (!err && key.len != SERVE_TOKEN_KEY_BYTES)
            err = PROTO_ERR_FORMAT;
        if (!err)
            memcpy(folder->token_key, key.bytes, SERVE_TOKEN_KEY_BYTES);
    } else {
        proto_random_fill(&random, folder->token_key, SERVE_TOKEN_KEY_BYTES);
        if (!report->table) /* who looks changes nothing */
            err = host_file_create(path, folder->token_key, SERVE_TOKEN_KEY_BYTES, HOST_PRIVATE);
    }
    proto_buf_free(&key);
    return err && err != PROTO_ERR_IO && err != PROTO_ERR_NOMEM ? refuse_token_key(path, report)
                                                                : serve_folder_said(report, path, err);
}
