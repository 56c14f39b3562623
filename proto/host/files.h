/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/files.h - whole files, with a bound, written all or not at all.
 *
 * Errors: PROTO_ERR_NOT_FOUND, PROTO_ERR_RANGE (larger than the bound), PROTO_ERR_EXISTS, PROTO_ERR_NOMEM, and
 * PROTO_ERR_IO for everything else, with errno left as the system set it.
 */
#ifndef PROTO_HOST_FILES_H
#define PROTO_HOST_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"

#define HOST_PATH_BYTES 1024u /* a path with its NUL; longer ones are refused */

/** Who may read what is written. */
enum host_mode { HOST_PRIVATE, HOST_PUBLIC }; /* files 0600 / 0644, folders 0700 / 0755, whatever the umask says */

/** Builds a path. false when it would not fit; `out` is then empty. */
bool host_path(char out[static HOST_PATH_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Appends a whole file to `out`; the bound is what `out` still has room for below its `max`. Regular files only. */
PROTO_MUST_USE enum proto_err host_file_read(const char *path, struct proto_buf *out);

/** The same of what comes through a pipe too, "-" being standard input: waits for its end. Not for secrets of a
 * program.
 */
PROTO_MUST_USE enum proto_err host_stream_read(const char *path, struct proto_buf *out);

/** Is what stands at `path` (where a link leads, too) something to write into, not to replace: a device, a FIFO? */
bool host_file_is_stream(const char *path);

/** Replaces `path` as a whole: temporary file beside it, fsync, rename, fsync of the folder. A stream is written into.
 */
PROTO_MUST_USE enum proto_err host_file_write(const char *path, const void *bytes, size_t len, enum host_mode mode);

/** As write, but PROTO_ERR_EXISTS when there is something at `path` already. */
PROTO_MUST_USE enum proto_err host_file_create(const char *path, const void *bytes, size_t len, enum host_mode mode);

/** Is there anything at `path`? */
bool host_file_exists(const char *path);

/** PROTO_OK when only the owner may read `path`; PROTO_ERR_REFUSED when its group or others may. */
PROTO_MUST_USE enum proto_err host_file_check_private(const char *path);

/** Makes a folder and those above it that are missing. One that is there keeps its rights. */
PROTO_MUST_USE enum proto_err host_folder_make(const char *path, enum host_mode mode);

#endif
