/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a walk has come, for whoever wants to go on from there when it is interrupted.
 *
 * What was recomputed so far is a tree of its own, smaller than the signed one, and the hashes between the two prove
 * that it is the beginning of it: whatever is wrong behind, this much is the log that its key signed. Nothing is told
 * of a walk that has met anything wrong, nor of a log that is not the one that was verified before.
 */
#include <stdlib.h>
#include <string.h>

#include "relay/audit/tree.h"
#include "relay/log/tiles.h"

static bool holds_so_far(const struct audit_walk *walk)
{
    const struct audit_seen_tree *seen = &walk->plan->seen;
    uint64_t size = walk->leaves.size;

    if (walk->report->wrong || walk->trouble_count || walk->parted || !walk->log->signed_ok)
        return false;
    if (walk->vouched_size > walk->log->size || seen->size > walk->log->size)
        return false;
    if (walk->vouched_size && walk->vouched_size <= size &&
        memcmp(walk->vouched_root, walk->passed_root, sizeof walk->passed_root) != 0)
        return false;
    return !seen->size || seen->size > size || memcmp(seen->root, walk->seen_root, sizeof walk->seen_root) == 0;
}

static bool is_beginning(struct audit_walk *walk, const struct audit_seen_tree *tree)
{
    struct log_tile_reader *tiles = calloc(1, sizeof *tiles);
    struct proto_log_hashes proof;

    if (!tiles)
        return false;
    log_tile_reader_init(tiles, walk->o->log, NULL);
    const struct proto_log_reader reader = log_tile_reader_of(tiles);
    bool is = !proto_log_prove_consistency(&proof, tree->size, walk->log->size, &reader) &&
              !proto_log_check_consistency(tree->size, tree->root, walk->log->size, walk->log->root, &proof);
    free(tiles);
    return is;
}

void audit_walk_reached(struct audit_walk *walk)
{
    const struct audit_log_plan *plan = walk->plan;
    struct audit_reached reached = {.tree = {.size = walk->leaves.size}};

    if (!plan->reached || walk->leaves.size < walk->reached_next || walk->leaves.size >= walk->log->size)
        return;
    walk->reached_next = walk->leaves.size + (plan->reached_every ? plan->reached_every : AUDIT_REACHED_EVERY);
    proto_log_tree_root(&walk->leaves, reached.tree.root);
    if (!holds_so_far(walk) || !is_beginning(walk, &reached.tree))
        return;
    if (!walk->log->from && walk->o->can_open)
        reached.unfiled = walk->leaves.size; /* known when each session has been read */
    plan->reached(plan->context, &reached);
}
