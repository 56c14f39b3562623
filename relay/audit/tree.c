/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the entries in order, once. */
#include "relay/audit/tree.h"

#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/seal/kdf.h"

/* ---- tiles ---- */

static struct audit_level *tile_of(struct audit_walk *walk, unsigned level, uint64_t index)
{
    struct audit_level *tile = &walk->level[level];
    uint64_t n = index / RELAY_STORE_TILE_WIDTH;

    if (!tile->loaded || tile->n != n) {
        tile->loaded = true;
        tile->named = false;
        tile->n = n;
        if (relay_store_get_tile(walk->o->log, level, n, tile->hashes, &tile->count))
            tile->count = 0;
    }
    return tile;
}

static const uint8_t *tile_hash(struct audit_walk *walk, unsigned level, uint64_t index)
{
    const struct audit_level *tile = tile_of(walk, level, index);
    size_t at = (size_t)(index % RELAY_STORE_TILE_WIDTH);

    return at < tile->count ? tile->hashes + at * PROTO_LOG_HASH_BYTES : NULL;
}

/* Nodes that a leaf completes and that stand in a tile: one for each level of tiles at most. */
struct made {
    bool there[7];
    uint64_t index[7];
    uint8_t hash[7][PROTO_LOG_HASH_BYTES];
};

static void note_node(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    struct made *made = context;

    if (level == 0 || level % 8 || level / 8 >= 7)
        return;
    made->there[level / 8] = true;
    made->index[level / 8] = index;
    memcpy(made->hash[level / 8], hash, PROTO_LOG_HASH_BYTES);
}

static void check_upper(struct audit_walk *walk, const struct made *leaves, const struct made *tiles)
{
    for (unsigned level = 1; level < 7; level++) {
        if (!leaves->there[level])
            continue;
        const uint8_t *stored = tile_hash(walk, level, leaves->index[level]);
        if (stored && (!memcmp(stored, leaves->hash[level], PROTO_LOG_HASH_BYTES) ||
                       !memcmp(stored, tiles->hash[level], PROTO_LOG_HASH_BYTES)))
            continue;
        struct audit_finding *f = audit_wrong(walk->report, "tile", "hashes");
        audit_expected(f, "tile %u/%llu holds the hash of all entries below it", level,
                       (unsigned long long)leaves->index[level] / RELAY_STORE_TILE_WIDTH);
        audit_found(f, stored ? "hash %llu of it is another" : "hash %llu of it is missing",
                    (unsigned long long)leaves->index[level] % RELAY_STORE_TILE_WIDTH);
    }
}

static enum proto_err grow(struct audit_walk *walk, const uint8_t leaf_hash[32], const uint8_t *stored)
{
    struct made leaves = {{false}, {0}, {{0}}}, tiles;
    struct proto_log_sink sink = {note_node, &leaves};

    if (!walk->parted && (!stored || memcmp(stored, leaf_hash, PROTO_LOG_HASH_BYTES) != 0)) {
        walk->parted = true;
        walk->tiles = walk->leaves;
    }
    enum proto_err err = proto_log_tree_append(&walk->leaves, leaf_hash, &sink);
    tiles = leaves;
    sink.context = &tiles;
    if (!err && walk->parted)
        err = proto_log_tree_append(&walk->tiles, stored ? stored : leaf_hash, &sink);
    if (!err)
        check_upper(walk, &leaves, &tiles);
    return err;
}

/* ---- one entry ---- */

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;

    for (size_t i = 0; i < len; i++)
        all |= bytes[i];
    return all == 0;
}

/* Named by a note that is there, or that came since the notes were read. */
static bool was_erased(struct audit_walk *walk, uint64_t index)
{
    if (audit_own_names(&walk->own, index))
        return true;
    return audit_own_read(&walk->own, walk->o, walk->report) == PROTO_OK && audit_own_names(&walk->own, index);
}

static unsigned check_evidence(struct audit_walk *walk, const struct relay_store_entry *entry, bool of_session)
{
    struct relay_store_session row;
    uint8_t hash[32];
    unsigned kinds = 0;

    enum proto_err row_err = of_session ? relay_store_get_session(walk->o->rows, entry->sid, &row) : PROTO_OK;
    if (!entry->evidence) {
        walk->report->erased++;
        if (!of_session || was_erased(walk, entry->index))
            return 0;
        if (walk->missing_from == UINT64_MAX)
            walk->missing_from = entry->index;
        return row_err == PROTO_ERR_NOT_FOUND ? 0 : AUDIT_MISSING;
    }
    if (row_err == PROTO_ERR_NOT_FOUND)
        kinds |= AUDIT_ORPHAN;
    proto_sha256(hash, entry->evidence, entry->evidence_len);
    if (proto_log_evidence_check(entry->evidence_line, entry->index, entry->leaf, hash, walk->o->log_vkey))
        kinds |= AUDIT_LINE;
    walk->report->signatures++;
    return kinds;
}

static unsigned check_leaf(struct audit_walk *walk, const struct relay_store_entry *entry, bool of_session)
{
    struct proto_log_leaf leaf;
    uint64_t index = 0;
    unsigned kinds = 0;

    if (proto_log_leaf_parse(&leaf, entry->leaf))
        return AUDIT_FORM;
    int64_t received_s = entry->received_ms / 1000;
    if (leaf.unix_s != received_s - received_s % PROTO_LOG_TIME_GRAIN_S)
        kinds |= AUDIT_TIME;
    if (relay_store_find_commitment(walk->o->rows, leaf.commitment, &index) || index != entry->index)
        kinds |= AUDIT_COMMITMENT;
    if ((leaf.kind == PROTO_LOG_ERASURE || leaf.kind == PROTO_LOG_OFFICER_ACT) == of_session)
        kinds |= AUDIT_ORPHAN;
    return kinds;
}

static void add_trouble(struct audit_walk *walk, uint64_t index, unsigned kinds, const struct relay_store_entry *entry)
{
    if (!kinds || walk->trouble_count == AUDIT_TROUBLES_MAX)
        return;
    struct audit_trouble *t = &walk->troubles[walk->trouble_count++];
    t->index = index;
    t->kinds = kinds;
    memcpy(t->sid, entry->sid, sizeof t->sid);
    t->has_sid = !is_zero(entry->sid, sizeof entry->sid);
}

static enum proto_err walk_entry(struct audit_walk *walk, uint64_t index)
{
    struct relay_store_entry entry;
    uint8_t hash[PROTO_LOG_HASH_BYTES] = {0};
    unsigned kinds = 0;

    enum proto_err err = relay_store_get_entry(walk->o->log, index, &entry);
    bool whole = err == PROTO_OK || err == PROTO_ERR_CRYPTO; /* CRYPTO: all of it but the evidence was read */
    if (whole) {
        proto_log_leaf_hash(hash, entry.leaf);
        bool of_session = !is_zero(entry.sid, sizeof entry.sid);
        kinds |= check_leaf(walk, &entry, of_session);
        walk->log->own += !of_session;
        kinds |= err ? AUDIT_SEALED : check_evidence(walk, &entry, of_session);
    } else {
        memset(&entry, 0, sizeof entry);
        kinds |= err == PROTO_ERR_NOT_FOUND ? AUDIT_GONE : AUDIT_FORM;
    }
    const uint8_t *stored = tile_hash(walk, 0, index); /* after the entry, whose parts the handle lends */
    if (!stored || memcmp(stored, hash, sizeof hash) != 0)
        kinds |= AUDIT_TILE;
    walk->report->entries++;
    add_trouble(walk, index, kinds, &entry);
    err = grow(walk, hash, stored);
    if (!err && walk->leaves.size == walk->vouched_size)
        proto_log_tree_root(&walk->leaves, walk->passed_root);
    return err;
}

/* ---- the whole ---- */

/* The file that vouches for the log from outside the database is read first: the log is written before it. */
static void read_vouched(struct audit_walk *walk)
{
    char path[HOST_PATH_BYTES];
    struct proto_log_checkpoint vouched;
    struct proto_buf file;

    proto_buf_init(&file, PROTO_LOG_CHECKPOINT_MAX);
    if (host_path(path, "%s/relay/checkpoint", walk->o->dir) && host_file_exists(path)) {
        walk->report->signatures++;
        if (host_file_read(path, &file) == PROTO_OK &&
            proto_log_checkpoint_open(&vouched, (const char *)file.bytes, file.len, walk->o->log_vkey) == PROTO_OK) {
            walk->vouched_size = vouched.size;
            memcpy(walk->vouched_root, vouched.root, sizeof walk->vouched_root);
        } else {
            audit_found(audit_expected(audit_wrong(walk->report, "relay/checkpoint", "note"),
                                       "a checkpoint signed by the log's key"),
                        "a file that is not");
        }
    }
    proto_buf_free(&file);
}

enum proto_err audit_log_verify(struct audit_organisation *o, struct audit_report *report, struct audit_log *out)
{
    struct audit_walk *walk = calloc(1, sizeof *walk);
    enum proto_err err = PROTO_OK;

    memset(out, 0, sizeof *out);
    if (!walk)
        return PROTO_ERR_NOMEM;
    walk->o = o;
    walk->report = report;
    walk->log = out;
    walk->missing_from = UINT64_MAX;
    proto_log_tree_init(&walk->leaves);
    read_vouched(walk);
    audit_judge_checkpoint(walk);
    err = audit_own_read(&walk->own, o, report);
    /* A size that nobody signed may be any number: it ends where enough is missing. */
    for (uint64_t i = 0; !err && i < out->size && (out->signed_ok || walk->trouble_count < AUDIT_TROUBLES_MAX); i++)
        err = walk_entry(walk, i);
    if (!err)
        audit_judge(walk);
    audit_own_clear(&walk->own);
    free(walk);
    return err;
}
