/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest checkpoint in a file of its own, outside the database. Whoever puts an old copy of the database back
 * leaves this file newer than the log; and a log that is shorter than what was signed must not be continued, for that
 * would be a second history under the same key.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/log/writer.h"

static enum proto_err refuse(char error[static RELAY_STORE_ERROR_MAX], const char *path, const char *why)
{
    snprintf(error, RELAY_STORE_ERROR_MAX,
             "%s: %s; put the newest copy of the data folder and of this file back; if there is none, an officer ends "
             "this log with handhold-audit recover",
             path, why);
    return PROTO_ERR_LOG;
}

static enum proto_err read_file(const char *path, char note[static PROTO_LOG_CHECKPOINT_MAX], size_t *len)
{
    FILE *file = fopen(path, "rbe");

    *len = 0;
    if (!file)
        return errno == ENOENT ? PROTO_ERR_NOT_FOUND : PROTO_ERR_IO;
    *len = fread(note, 1, PROTO_LOG_CHECKPOINT_MAX, file);
    bool failed = ferror(file) != 0 || *len == PROTO_LOG_CHECKPOINT_MAX;
    fclose(file);
    return failed ? PROTO_ERR_IO : PROTO_OK;
}

/* A file that can never be written would be missed only when it is needed, so say so at the start. */
static enum proto_err try_write(const char *path, char error[static RELAY_STORE_ERROR_MAX])
{
    char temporary[4096];

    int len = snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = len < (int)sizeof temporary ? open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;
    if (fd < 0) {
        snprintf(error, RELAY_STORE_ERROR_MAX, "%s cannot be written: %s; check its folder and rights", path,
                 strerror(errno));
        return PROTO_ERR_IO;
    }
    close(fd);
    unlink(temporary);
    return PROTO_OK;
}

/* A log begins with its file, so that one which is missing later was taken away. */
static enum proto_err begin(struct log_writer *w, char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_checkpoint empty = {0};
    enum proto_err err = try_write(w->checkpoint_file, error);

    if (err)
        return err;
    err = log_writer_sign_tree(w, &empty);
    if (!err && !log_vouch_write(w->checkpoint_file, empty.note))
        err = PROTO_ERR_IO;
    if (err)
        snprintf(error, RELAY_STORE_ERROR_MAX, "%s cannot be written; check its folder and the disk",
                 w->checkpoint_file);
    return err;
}

enum proto_err log_vouch_check(struct log_writer *w, char error[static RELAY_STORE_ERROR_MAX])
{
    char note[PROTO_LOG_CHECKPOINT_MAX];
    struct proto_log_checkpoint vouched;
    struct proto_log_hashes proof;
    size_t len = 0;

    if (!w->checkpoint_file)
        return PROTO_OK;
    enum proto_err err = read_file(w->checkpoint_file, note, &len);
    if (err == PROTO_ERR_NOT_FOUND)
        return w->head.size ? refuse(error, w->checkpoint_file,
                                     "is missing, and nothing else says that the stored log is the newest copy of it")
                            : begin(w, error);
    if (err) {
        snprintf(error, RELAY_STORE_ERROR_MAX, "%s cannot be read; check the file and its rights", w->checkpoint_file);
        return err;
    }
    if (proto_log_checkpoint_open(&vouched, note, len, w->vkey) != PROTO_OK)
        return refuse(error, w->checkpoint_file, "is not a checkpoint signed by this log's key");
    if (vouched.size > w->head.size)
        return refuse(error, w->checkpoint_file,
                      "vouches for more entries than the stored log has: an old copy was put back");
    w->vouched_size = vouched.size;
    if (!vouched.size)
        return try_write(w->checkpoint_file, error);
    struct proto_log_reader reader = log_tile_reader_of(&w->tiles);
    if (proto_log_prove_consistency(&proof, vouched.size, w->head.size, &reader) != PROTO_OK ||
        proto_log_check_consistency(vouched.size, vouched.root, w->head.size, w->head.root, &proof) != PROTO_OK)
        return refuse(error, w->checkpoint_file, "vouches for another log than the stored one");
    return try_write(w->checkpoint_file, error);
}

/* A rename is durable only when its folder is. */
static bool sync_folder_of(const char *path)
{
    char copy[4096];

    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return false;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

bool log_vouch_write(const char *path, const char *note)
{
    char temporary[4096];
    size_t len = strlen(note);

    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return false;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    bool written = write(fd, note, len) == (ssize_t)len && fsync(fd) == 0;
    if (close(fd) != 0 || !written || rename(temporary, path) != 0) {
        unlink(temporary);
        return false;
    }
    return sync_folder_of(path);
}
