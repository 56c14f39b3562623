/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/guard.h - looked at each second: memory, the log's disk, connections over their time, and bytes that are
 * no messages.
 *
 * libwebsockets answers pings by itself and tells nobody, so a flood of them passes the core's bounds unseen. What a
 * connection sends beyond its messages and what they cost in frames and records is counted below TLS.
 */
#ifndef RELAY_SERVE_GUARD_H
#define RELAY_SERVE_GUARD_H

#include "relay/serve/serve.h"

void serve_guard_tick(struct serve *serve);
/** Is there no room on the disk that this folder is on? */
bool serve_guard_is_full(const char *folder);
/** May a session begin, as far as the disk of the log goes? */
bool serve_guard_log_writable(struct serve *serve);

#endif
