/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/log/leaf.h - the 48 bytes that stand in the log for a note.
 *
 * A leaf is "HHL1" | u8 class | 3 zero bytes | u64 unix seconds, floored to a minute | C[32]. C commits to the note
 * under a random salt r, so that the tree says nothing about anybody, and nothing at all once r and the note are
 * destroyed. Leaf hashes are those of RFC 6962, section 2.1.
 */
#ifndef PROTO_LOG_LEAF_H
#define PROTO_LOG_LEAF_H

#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"

#define PROTO_LOG_HASH_BYTES 32
#define PROTO_LOG_LEAF_BYTES 48
#define PROTO_LOG_SALT_BYTES 32
#define PROTO_LOG_TIME_GRAIN_S                                                                                         \
    60 /* coarser than any event of one session: times in the tree tell no two sessions apart */

enum proto_log_class {
    PROTO_LOG_STATEMENT = 1,   /* a customer's consent statement */
    PROTO_LOG_AGENT_EVENT = 2, /* what an agent did: still taken, recording started */
    PROTO_LOG_ERASURE = 3,     /* evidence was destroyed; its note is public */
    PROTO_LOG_RELAY_EVENT = 4, /* what the relay saw: joined, gate opened, ended */
    PROTO_LOG_OFFICER_ACT = 5, /* what an officer did, or what the relay did to itself: no session's */
};

struct proto_log_leaf {
    enum proto_log_class kind;
    int64_t unix_s; /* a multiple of PROTO_LOG_TIME_GRAIN_S, never negative */
    uint8_t commitment[PROTO_LOG_HASH_BYTES];
};

/** C = HMAC-SHA256(r, "handhold/1 leaf\0" | note), the note with its signature lines. */
void proto_log_commit(uint8_t commitment[static PROTO_LOG_HASH_BYTES], const uint8_t salt[static PROTO_LOG_SALT_BYTES],
                      const void *note, size_t note_len);
/** Floors the time; PROTO_ERR_RANGE on an unknown class or a negative time. */
PROTO_MUST_USE enum proto_err proto_log_leaf_encode(uint8_t out[static PROTO_LOG_LEAF_BYTES],
                                                    const struct proto_log_leaf *leaf);
/** Exactly what encode writes, or PROTO_ERR_FORMAT: one leaf has one form. */
PROTO_MUST_USE enum proto_err proto_log_leaf_parse(struct proto_log_leaf *out,
                                                   const uint8_t bytes[static PROTO_LOG_LEAF_BYTES]);
/** H(00 | leaf). */
void proto_log_leaf_hash(uint8_t out[static PROTO_LOG_HASH_BYTES], const uint8_t leaf[static PROTO_LOG_LEAF_BYTES]);

#endif
