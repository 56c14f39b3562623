/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool host_path(char out[static HOST_PATH_BYTES], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(out, HOST_PATH_BYTES, format, args);

    va_end(args);
    if (len > 0 && (size_t)len < HOST_PATH_BYTES)
        return true;
    out[0] = '\0';
    return false;
}

static enum proto_err err_of_errno(void)
{
    if (errno == ENOENT)
        return PROTO_ERR_NOT_FOUND;
    return errno == EEXIST ? PROTO_ERR_EXISTS : PROTO_ERR_IO;
}

/* Closes without losing the errno that explains why. */
static void close_quietly(int file)
{
    int code = errno;

    close(file);
    errno = code;
}

static enum proto_err read_all(int file, struct proto_buf *out)
{
    uint8_t chunk[4096];
    enum proto_err err = PROTO_OK;

    for (;;) {
        ssize_t got = read(file, chunk, sizeof chunk);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            err = PROTO_ERR_IO;
        if (got <= 0)
            break;
        proto_buf_put(out, chunk, (size_t)got);
        if (out->failed) {
            err = PROTO_ERR_RANGE;
            break;
        }
    }
    explicit_bzero(chunk, sizeof chunk); /* it may have held a key */
    return err;
}

enum proto_err host_file_read(const char *path, struct proto_buf *out)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO in the way must not stop the program */

    if (file < 0)
        return err_of_errno();
    enum proto_err err = PROTO_ERR_IO;

    errno = 0;
    if (fstat(file, &about) == 0) {
        if (S_ISREG(about.st_mode))
            err = read_all(file, out);
        else
            errno = S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
    }
    close_quietly(file);
    return err;
}

enum proto_err host_stream_read(const char *path, struct proto_buf *out)
{
    struct stat about;
    bool given = !strcmp(path, "-");
    int file = given ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return err_of_errno();
    enum proto_err err = PROTO_ERR_IO;

    errno = 0;
    if (fstat(file, &about) == 0) {
        if (S_ISREG(about.st_mode) || S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode) || given)
            err = read_all(file, out);
        else
            errno = S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
    }
    if (!given)
        close_quietly(file);
    return err;
}

static bool write_all(int file, const uint8_t *bytes, size_t len)
{
    while (len) {
        ssize_t put = write(file, bytes, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        len -= (size_t)put;
    }
    return true;
}

/* The new name must survive a power cut as well as the bytes do. */
static bool sync_folder_of(const char *path)
{
    char folder[HOST_PATH_BYTES];
    const char *slash = strrchr(path, '/');

    if (!slash)
        strcpy(folder, ".");
    else if (!host_path(folder, "%.*s", slash == path ? 1 : (int)(slash - path), path))
        return false;
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (file < 0)
        return false;
    bool done = fsync(file) == 0 || errno == EINVAL; /* some file systems cannot */

    close_quietly(file);
    return done;
}

static enum proto_err write_temporary(char *name, const void *bytes, size_t len, enum host_mode mode)
{
    int file = mkstemp(name); /* 0600 from the first moment */

    if (file < 0) {
        name[0] = '\0';
        return errno == ENOENT ? PROTO_ERR_NOT_FOUND : PROTO_ERR_IO;
    }
    bool done = write_all(file, (const uint8_t *)bytes, len) && fchmod(file, mode == HOST_PRIVATE ? 0600 : 0644) == 0 &&
                fsync(file) == 0;

    close_quietly(file);
    return done ? PROTO_OK : PROTO_ERR_IO;
}

static enum proto_err write_whole(const char *path, const void *bytes, size_t len, enum host_mode mode, bool replace)
{
    char name[HOST_PATH_BYTES];

    if (!host_path(name, "%s.XXXXXX", path))
        return PROTO_ERR_RANGE;
    enum proto_err err = write_temporary(name, bytes, len, mode);

    /* link() is the rename that does not replace */
    if (err == PROTO_OK && (replace ? rename(name, path) : link(name, path)) != 0)
        err = err_of_errno();
    int code = errno;

    if (name[0] && (err != PROTO_OK || !replace))
        unlink(name);
    errno = code;
    if (err == PROTO_OK && !sync_folder_of(path))
        err = PROTO_ERR_IO;
    return err;
}

bool host_file_is_stream(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode);
}

static enum proto_err write_stream(const char *path, const void *bytes, size_t len)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    if (file < 0)
        return PROTO_ERR_IO;
    bool done = write_all(file, bytes, len);

    close_quietly(file);
    return done ? PROTO_OK : PROTO_ERR_IO;
}

enum proto_err host_file_write(const char *path, const void *bytes, size_t len, enum host_mode mode)
{
    if (host_file_is_stream(path)) /* /dev/stdout: replaced, it would be gone for everybody */
        return write_stream(path, bytes, len);
    return write_whole(path, bytes, len, mode, true);
}

enum proto_err host_file_create(const char *path, const void *bytes, size_t len, enum host_mode mode)
{
    return write_whole(path, bytes, len, mode, false);
}

bool host_file_exists(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0;
}

enum proto_err host_file_check_private(const char *path)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return err_of_errno();
    return about.st_mode & (S_IRWXG | S_IRWXO) ? PROTO_ERR_REFUSED : PROTO_OK;
}

static enum proto_err make_one(const char *path, mode_t rights)
{
    struct stat about;

    if (mkdir(path, rights) == 0)
        return chmod(path, rights) == 0 ? PROTO_OK : PROTO_ERR_IO;
    if (errno != EEXIST)
        return PROTO_ERR_IO;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return PROTO_OK;
    errno = ENOTDIR;
    return PROTO_ERR_IO;
}

enum proto_err host_folder_make(const char *path, enum host_mode mode)
{
    char part[HOST_PATH_BYTES];
    enum proto_err err = PROTO_OK;

    if (!host_path(part, "%s", path))
        return PROTO_ERR_RANGE;
    for (char *at = part + 1; err == PROTO_OK && *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        err = make_one(part, mode == HOST_PRIVATE ? 0700 : 0755);
        *at = '/';
    }
    return err == PROTO_OK ? make_one(part, mode == HOST_PRIVATE ? 0700 : 0755) : err;
}
