/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/tree.h"

#include <stdbool.h>
#include <string.h>

#include "proto/seal/kdf.h"

void proto_log_node_hash(uint8_t out[static PROTO_LOG_HASH_BYTES], const uint8_t left[static PROTO_LOG_HASH_BYTES],
                         const uint8_t right[static PROTO_LOG_HASH_BYTES])
{
    uint8_t bytes[1 + 2 * PROTO_LOG_HASH_BYTES] = {0x01};

    memcpy(bytes + 1, left, PROTO_LOG_HASH_BYTES);
    memcpy(bytes + 1 + PROTO_LOG_HASH_BYTES, right, PROTO_LOG_HASH_BYTES);
    proto_sha256(out, bytes, sizeof bytes);
}

void proto_log_tree_init(struct proto_log_tree *tree)
{
    memset(tree, 0, sizeof *tree);
}

enum proto_err proto_log_tree_load(struct proto_log_tree *tree, uint64_t size, const struct proto_log_reader *reader)
{
    proto_log_tree_init(tree);
    if (size > PROTO_LOG_SIZE_MAX)
        return PROTO_ERR_RANGE;
    for (unsigned level = 0; size >> level; level++) {
        if (!((size >> level) & 1))
            continue;
        enum proto_err err = reader->node(reader->context, level, (size >> level) - 1, tree->edge[level]);
        if (err)
            return err;
    }
    tree->size = size;
    return PROTO_OK;
}

enum proto_err proto_log_tree_append(struct proto_log_tree *tree, const uint8_t leaf_hash[static PROTO_LOG_HASH_BYTES],
                                     const struct proto_log_sink *sink)
{
    uint8_t hash[PROTO_LOG_HASH_BYTES];
    unsigned level = 0;

    if (tree->size >= PROTO_LOG_SIZE_MAX)
        return PROTO_ERR_FULL;
    memcpy(hash, leaf_hash, sizeof hash);
    if (sink)
        sink->made(sink->context, 0, tree->size, hash);
    /* Each 1 bit at the low end is a whole subtree that this leaf closes together with its left sibling. */
    for (; (tree->size >> level) & 1; level++) {
        proto_log_node_hash(hash, tree->edge[level], hash);
        if (sink)
            sink->made(sink->context, level + 1, tree->size >> (level + 1), hash);
    }
    memcpy(tree->edge[level], hash, sizeof hash);
    tree->size++;
    return PROTO_OK;
}

void proto_log_tree_root(const struct proto_log_tree *tree, uint8_t root[static PROTO_LOG_HASH_BYTES])
{
    bool started = false;

    if (tree->size == 0)
        proto_sha256(root, "", 0);
    for (unsigned level = 0; tree->size >> level; level++) {
        if (!((tree->size >> level) & 1))
            continue;
        if (started)
            proto_log_node_hash(root, tree->edge[level], root);
        else
            memcpy(root, tree->edge[level], PROTO_LOG_HASH_BYTES);
        started = true;
    }
}

/* The hash over leaves [from, to), where `from` is a multiple of the power of two that spans the range. */
static enum proto_err range_hash(const struct proto_log_reader *reader, uint64_t from, uint64_t to,
                                 uint8_t out[PROTO_LOG_HASH_BYTES])
{
    uint64_t count = to - from;
    bool started = false;

    for (unsigned level = 0; count >> level; level++) {
        uint8_t hash[PROTO_LOG_HASH_BYTES];
        if (!((count >> level) & 1))
            continue;
        uint64_t first = from + ((count >> level) - 1) * (UINT64_C(1) << level);
        enum proto_err err = reader->node(reader->context, level, first >> level, hash);
        if (err)
            return err;
        if (started)
            proto_log_node_hash(out, hash, out);
        else
            memcpy(out, hash, sizeof hash);
        started = true;
    }
    return PROTO_OK;
}

/* The largest power of two below `count` (> 1): where RFC 6962 splits a tree. */
static uint64_t split_of(uint64_t count)
{
    uint64_t split = 1;

    while (split < count - split)
        split *= 2;
    return split;
}

static enum proto_err add_range(struct proto_log_hashes *out, const struct proto_log_reader *reader, uint64_t from,
                                uint64_t to)
{
    if (out->count == PROTO_LOG_PROOF_MAX)
        return PROTO_ERR_RANGE;
    return range_hash(reader, from, to, out->hash[out->count++]);
}

/* The walks below go from the root down; a proof is read from the leaf up. */
static void reverse(struct proto_log_hashes *hashes)
{
    for (size_t i = 0, j = hashes->count; i + 1 < j; i++) {
        uint8_t other[PROTO_LOG_HASH_BYTES];
        memcpy(other, hashes->hash[--j], sizeof other);
        memcpy(hashes->hash[j], hashes->hash[i], sizeof other);
        memcpy(hashes->hash[i], other, sizeof other);
    }
}

enum proto_err proto_log_prove_inclusion(struct proto_log_hashes *out, uint64_t index, uint64_t size,
                                         const struct proto_log_reader *reader)
{
    uint64_t low = 0, high = size;
    enum proto_err err = PROTO_OK;

    out->count = 0;
    if (index >= size || size > PROTO_LOG_SIZE_MAX)
        return PROTO_ERR_RANGE;
    while (!err && high - low > 1) {
        uint64_t middle = low + split_of(high - low);
        if (index < middle) {
            err = add_range(out, reader, middle, high);
            high = middle;
        } else {
            err = add_range(out, reader, low, middle);
            low = middle;
        }
    }
    if (err)
        out->count = 0;
    reverse(out);
    return err;
}

enum proto_err proto_log_prove_consistency(struct proto_log_hashes *out, uint64_t from, uint64_t to,
                                           const struct proto_log_reader *reader)
{
    uint64_t low = 0, high = to;
    enum proto_err err = PROTO_OK;

    out->count = 0;
    if (from == 0 || from > to || to > PROTO_LOG_SIZE_MAX)
        return PROTO_ERR_RANGE;
    while (!err && from != high) {
        uint64_t middle = low + split_of(high - low);
        if (from <= middle) {
            err = add_range(out, reader, middle, high);
            high = middle;
        } else {
            err = add_range(out, reader, low, middle);
            low = middle;
        }
    }
    if (!err && low > 0) /* with low == 0 it is the old root itself, which the checker has */
        err = add_range(out, reader, low, high);
    if (err)
        out->count = 0;
    reverse(out);
    return err;
}

static enum proto_err roots_match(const uint8_t a[PROTO_LOG_HASH_BYTES], const uint8_t b[PROTO_LOG_HASH_BYTES])
{
    return memcmp(a, b, PROTO_LOG_HASH_BYTES) == 0 ? PROTO_OK : PROTO_ERR_LOG;
}

/* The place of the path in the smaller tree (or of the leaf) and of the last leaf, shifted as the path climbs. */
struct climb {
    uint64_t at, last;
};

/* Climbs one level; true when the proof's hash stands on the left. */
static bool climb_left(struct climb *c)
{
    bool left = (c->at & 1) || c->at == c->last;

    if (left) {
        while (!(c->at & 1) && c->at) {
            c->at >>= 1;
            c->last >>= 1;
        }
    }
    c->at >>= 1;
    c->last >>= 1;
    return left;
}

/* RFC 9162, section 2.1.3.2 */
enum proto_err proto_log_check_inclusion(const uint8_t leaf_hash[static PROTO_LOG_HASH_BYTES], uint64_t index,
                                         uint64_t size, const uint8_t root[static PROTO_LOG_HASH_BYTES],
                                         const struct proto_log_hashes *proof)
{
    uint8_t hash[PROTO_LOG_HASH_BYTES];
    struct climb c = {index, size - 1};

    if (index >= size || size > PROTO_LOG_SIZE_MAX || proof->count > PROTO_LOG_PROOF_MAX)
        return PROTO_ERR_LOG;
    memcpy(hash, leaf_hash, sizeof hash);
    for (size_t i = 0; i < proof->count; i++) {
        if (c.last == 0)
            return PROTO_ERR_LOG;
        if (climb_left(&c))
            proto_log_node_hash(hash, proof->hash[i], hash);
        else
            proto_log_node_hash(hash, hash, proof->hash[i]);
    }
    return c.last == 0 ? roots_match(hash, root) : PROTO_ERR_LOG;
}

/* RFC 9162, section 2.1.4.2 */
enum proto_err proto_log_check_consistency(uint64_t from, const uint8_t from_root[static PROTO_LOG_HASH_BYTES],
                                           uint64_t to, const uint8_t to_root[static PROTO_LOG_HASH_BYTES],
                                           const struct proto_log_hashes *proof)
{
    uint8_t old_hash[PROTO_LOG_HASH_BYTES], new_hash[PROTO_LOG_HASH_BYTES];
    struct climb c = {from - 1, to - 1};
    size_t i = 0;

    if (from == 0 || from > to || to > PROTO_LOG_SIZE_MAX || proof->count > PROTO_LOG_PROOF_MAX)
        return PROTO_ERR_LOG;
    if (from == to)
        return proof->count == 0 ? roots_match(from_root, to_root) : PROTO_ERR_LOG;
    bool whole = (from & (from - 1)) == 0; /* then the old root is itself a node of the new tree, and is not sent */
    if (!whole && proof->count == 0)
        return PROTO_ERR_LOG;
    memcpy(old_hash, whole ? from_root : proof->hash[i++], sizeof old_hash);
    memcpy(new_hash, old_hash, sizeof new_hash);
    while (c.at & 1) {
        c.at >>= 1;
        c.last >>= 1;
    }
    for (; i < proof->count; i++) {
        if (c.last == 0)
            return PROTO_ERR_LOG;
        if (climb_left(&c)) {
            proto_log_node_hash(old_hash, proof->hash[i], old_hash);
            proto_log_node_hash(new_hash, proof->hash[i], new_hash);
        } else {
            proto_log_node_hash(new_hash, new_hash, proof->hash[i]);
        }
    }
    if (c.last != 0 || roots_match(old_hash, from_root) != PROTO_OK)
        return PROTO_ERR_LOG;
    return roots_match(new_hash, to_root);
}
