/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/kept.h - what staff keep at the relay, between the core, the store and the folder of guides.
 *
 * Guides are the files of one folder, a git checkout too: names of small letters, digits, `.`, `_` and `-`, none
 * hidden. Nothing is asked of their content; whoever fetches them holds them to guides.note (agent/guides/note.h).
 */
#ifndef RELAY_SERVE_KEPT_H
#define RELAY_SERVE_KEPT_H

#include "relay/serve/serve.h"

/* As relay_core_config wants it; `context` is the serve. */
enum proto_err serve_kept_read(void *context, enum proto_kept kind, const char *name, uint64_t from,
                               struct proto_buf *out, uint64_t *next, struct proto_now now);
/** Once a day: cases whose time is over go. */
void serve_kept_expire(struct serve *serve);

#endif
