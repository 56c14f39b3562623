/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/tar.h - a few small files as one, in the POSIX ustar form that every tar unpacks.
 */
#ifndef CERTS_TAR_H
#define CERTS_TAR_H

#include "proto/util/buf.h"

/** Appends a regular file of user and group 0. `name` is relative and at most 99 bytes; else `out` is failed. */
void certs_tar_put(struct proto_buf *out, const char *name, unsigned mode, int64_t time_s, const void *bytes,
                   size_t len);
void certs_tar_end(struct proto_buf *out);

#endif
