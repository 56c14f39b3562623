/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/leaves.h - which statements of which live session stand durably in the log.
 *
 * A gate opens only for such a leaf, and is asked for while a frame waits: so this is memory, fed by the log's results
 * and, after a start, from the store. A session's leaves go when it ends.
 */
#ifndef RELAY_SERVE_LEAVES_H
#define RELAY_SERVE_LEAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "proto/util/random.h"

struct serve_leaves;

/** `random` seeds the table, so that nobody can choose session ids that collide. */
PROTO_MUST_USE enum proto_err serve_leaves_new(struct serve_leaves **out, const struct proto_random *random);
void serve_leaves_free(struct serve_leaves *leaves); /* NULL is fine */

/** Adds a leaf (its hash); one that is there already changes nothing. */
PROTO_MUST_USE enum proto_err serve_leaves_add(struct serve_leaves *leaves, const uint8_t sid[static 16],
                                               const uint8_t leaf_hash[static 32]);
bool serve_leaves_has(const struct serve_leaves *leaves, const uint8_t sid[static 16],
                      const uint8_t leaf_hash[static 32]);
/** The session has ended. */
void serve_leaves_drop(struct serve_leaves *leaves, const uint8_t sid[static 16]);

#endif
