/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/harden.h - what this process gives up before it reads a key. */
#ifndef RELAY_SERVE_HARDEN_H
#define RELAY_SERVE_HARDEN_H

#include "relay/serve/folder.h"

/** What one connection keeps in OpenSSL's locked heap, at most, with any of the groups of tls.h. */
enum { SERVE_LOCKED_CONNECTION_BYTES = 128 };

/**
 * No new privileges, no memory image on disk and none for other processes of this user, keys not swapped out as far as
 * RLIMIT_MEMLOCK goes. OpenSSL's locked heap is made for `connections` at once: one that is full would refuse the next.
 */
void serve_harden(struct serve_folder *folder, int64_t connections);
#endif
