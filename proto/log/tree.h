/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/log/tree.h - the Merkle tree of RFC 6962 over leaf hashes: appended to, proved from, checked.
 *
 * A node (level, index) is the hash of the whole subtree over leaves [index << level, (index + 1) << level). A tree in
 * memory keeps only the nodes on its right edge, so an append is cheap however large the log is; proofs ask a reader
 * for the rest. The checkers take nothing from the prover on trust, and refuse a proof with one hash too many or too
 * few.
 */
#ifndef PROTO_LOG_TREE_H
#define PROTO_LOG_TREE_H

#include <stdint.h>

#include "proto/log/leaf.h"

#define PROTO_LOG_PROOF_MAX 64                 /* hashes in any proof: more than a tree of PROTO_LOG_SIZE_MAX needs */
#define PROTO_LOG_SIZE_MAX (UINT64_C(1) << 48) /* leaves: far beyond any disk, and no shift below can overflow */

struct proto_log_hashes {
    size_t count; /* at most PROTO_LOG_PROOF_MAX */
    uint8_t hash[PROTO_LOG_PROOF_MAX][PROTO_LOG_HASH_BYTES];
};

/* Where proofs find stored nodes. */
struct proto_log_reader {
    /** The hash of a whole subtree; an error ends the proof and is handed on. */
    enum proto_err (*node)(void *context, unsigned level, uint64_t index, uint8_t out[PROTO_LOG_HASH_BYTES]);
    void *context;
};

/* Who is told of each node that an append completes. */
struct proto_log_sink {
    void (*made)(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES]);
    void *context;
};

/* Plain data: copying it is how a writer keeps a point to go back to. */
struct proto_log_tree {
    uint64_t size;
    uint8_t edge[PROTO_LOG_PROOF_MAX][PROTO_LOG_HASH_BYTES]; /* edge[l] is in use when bit l of size is set */
};

void proto_log_tree_init(struct proto_log_tree *tree);
/** The edge of a stored tree of `size` leaves, read from `reader`. */
PROTO_MUST_USE enum proto_err proto_log_tree_load(struct proto_log_tree *tree, uint64_t size,
                                                  const struct proto_log_reader *reader);
/** Adds a leaf; `sink` (may be NULL) hears every subtree that is now whole, level 0 first. PROTO_ERR_FULL at SIZE_MAX.
 */
PROTO_MUST_USE enum proto_err proto_log_tree_append(struct proto_log_tree *tree,
                                                    const uint8_t leaf_hash[static PROTO_LOG_HASH_BYTES],
                                                    const struct proto_log_sink *sink);
/** The root of what is in the tree; of the empty tree it is H(""). */
void proto_log_tree_root(const struct proto_log_tree *tree, uint8_t root[static PROTO_LOG_HASH_BYTES]);
/** H(01 | left | right). */
void proto_log_node_hash(uint8_t out[static PROTO_LOG_HASH_BYTES], const uint8_t left[static PROTO_LOG_HASH_BYTES],
                         const uint8_t right[static PROTO_LOG_HASH_BYTES]);

/** That leaf `index` is in the tree of `size` leaves. PROTO_ERR_RANGE unless index < size <= SIZE_MAX. */
PROTO_MUST_USE enum proto_err proto_log_prove_inclusion(struct proto_log_hashes *out, uint64_t index, uint64_t size,
                                                        const struct proto_log_reader *reader);
/** That the tree of `from` leaves is the beginning of that of `to`. PROTO_ERR_RANGE unless 0 < from <= to <= SIZE_MAX.
 */
PROTO_MUST_USE enum proto_err proto_log_prove_consistency(struct proto_log_hashes *out, uint64_t from, uint64_t to,
                                                          const struct proto_log_reader *reader);
/** PROTO_ERR_LOG when the proof does not lead from the leaf to the root. */
PROTO_MUST_USE enum proto_err proto_log_check_inclusion(const uint8_t leaf_hash[static PROTO_LOG_HASH_BYTES],
                                                        uint64_t index, uint64_t size,
                                                        const uint8_t root[static PROTO_LOG_HASH_BYTES],
                                                        const struct proto_log_hashes *proof);
/** PROTO_ERR_LOG when the second tree does not begin with the first, or a size is 0. Equal sizes take an empty proof.
 */
PROTO_MUST_USE enum proto_err
proto_log_check_consistency(uint64_t from, const uint8_t from_root[static PROTO_LOG_HASH_BYTES], uint64_t to,
                            const uint8_t to_root[static PROTO_LOG_HASH_BYTES], const struct proto_log_hashes *proof);

#endif
