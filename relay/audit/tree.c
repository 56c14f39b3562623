/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the entries in order, once, after a crew has looked at each. */
#include "relay/audit/tree.h"

#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "relay/audit/crew.h"
#include "relay/audit/retained.h"
#include "relay/log/tiles.h"

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

/* ---- entries, in order, after others have looked at each ---- */

/* Named by a note that is there, or that came since the notes were read. */
static bool was_erased(struct audit_walk *walk, uint64_t index)
{
    if (audit_own_names(&walk->own, index))
        return true;
    return audit_own_read(&walk->own, walk->o, walk->report) == PROTO_OK && audit_own_names(&walk->own, index);
}

static void add_trouble(struct audit_walk *walk, uint64_t index, unsigned kinds, const struct audit_entry *entry)
{
    if (!kinds || walk->trouble_count == AUDIT_TROUBLES_MAX)
        return;
    struct audit_trouble *t = &walk->troubles[walk->trouble_count++];
    t->index = index;
    t->kinds = kinds;
    memcpy(t->sid, entry->sid, sizeof t->sid);
    t->has_sid = entry->has_sid;
}

enum proto_err audit_log_touch(struct audit_log *log, const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    if (log->touched_count && !memcmp(log->touched[log->touched_count - 1], sid, RELAY_STORE_SID_BYTES))
        return PROTO_OK; /* entries of one session often follow each other */
    if (log->touched_count == log->touched_room) {
        size_t more = log->touched_room ? log->touched_room * 2 : 256;
        uint8_t(*bigger)[RELAY_STORE_SID_BYTES] = realloc(log->touched, more * sizeof *bigger);
        if (!bigger)
            return PROTO_ERR_NOMEM;
        log->touched = bigger;
        log->touched_room = more;
    }
    memcpy(log->touched[log->touched_count++], sid, RELAY_STORE_SID_BYTES);
    return PROTO_OK;
}

/* Trees that somebody vouched for are compared when this one has their size. */
static void pass(struct audit_walk *walk)
{
    if (walk->leaves.size == walk->vouched_size)
        proto_log_tree_root(&walk->leaves, walk->passed_root);
    if (walk->leaves.size == walk->plan->seen.size)
        proto_log_tree_root(&walk->leaves, walk->seen_root);
}

/* What is gone must have been erased by a note that says so. */
static unsigned take_erased(struct audit_walk *walk, uint64_t index, const struct audit_entry *entry)
{
    walk->report->erased++;
    if (!entry->has_sid || was_erased(walk, index))
        return entry->kinds & ~(unsigned)AUDIT_MISSING;
    walk->report->missing++;
    if (walk->missing_from == UINT64_MAX)
        walk->missing_from = index;
    return entry->kinds;
}

/* Entries are written one after the other. Where their times go back the relay's clock was wrong before, or was made
 * so: what is due at a time, as erasing is, may have come too early. */
static void watch_clock(struct audit_walk *walk, uint64_t index, const struct audit_entry *entry)
{
    struct audit_report *report = walk->report;
    int64_t back_s = walk->last_s - entry->unix_s;

    if (!entry->unix_s)
        return;
    if (walk->last_s && back_s > AUDIT_CLOCK_SLACK_S) {
        report->clock_back++;
        if (back_s > report->clock_back_s) {
            report->clock_back_s = back_s;
            report->clock_back_entry = index;
        }
    }
    walk->last_s = entry->unix_s;
}

static enum proto_err take_entry(struct audit_walk *walk, uint64_t index, const struct audit_entry *entry)
{
    const uint8_t *stored = tile_hash(walk, 0, index);
    unsigned kinds = entry->erased ? take_erased(walk, index, entry) : entry->kinds;
    bool is_back = !entry->erased && entry->has_sid && walk->erased && walk->erased[index / 8] >> index % 8 & 1;
    enum proto_err err = PROTO_OK;

    if (!stored || memcmp(stored, entry->hash, sizeof entry->hash) != 0)
        kinds |= AUDIT_TILE;
    kinds |= is_back ? AUDIT_BACK : 0;
    walk->report->entries++;
    watch_clock(walk, index, entry);
    audit_retained_meet(&walk->own, walk->o, index, entry->unix_s);
    walk->log->own += entry->whole && !entry->has_sid;
    if (walk->log->from && entry->has_sid)
        err = audit_log_touch(walk->log, entry->sid);
    add_trouble(walk, index, kinds, entry);
    if (!err)
        err = grow(walk, entry->hash, stored);
    if (!err)
        pass(walk);
    return err;
}

static enum proto_err take_block(void *context, void *job)
{
    struct audit_walk *walk = context;
    const struct audit_block *block = job;
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; block->filing && i < block->count; i++)
        add_trouble(walk, block->from + i, block->entries[i].kinds, &block->entries[i]);
    if (block->filing)
        return err;
    walk->report->signatures += block->signatures;
    walk->report->hashes += block->hashes + block->count; /* a leaf more is a node more */
    for (size_t i = 0; !err && i < block->count; i++)
        err = take_entry(walk, block->from + i, &block->entries[i]);
    if (walk->plan->progress)
        walk->plan->progress(walk->plan->context, "entries", block->from + block->count, walk->log->size);
    if (!err)
        audit_walk_reached(walk);
    return err;
}

/* False: nothing more can be sent; finishing says why. */
static bool send_block(struct audit_crew *crew, uint64_t from, uint64_t to, bool filing)
{
    struct audit_block *block = audit_crew_job(crew);

    if (!block)
        return false;
    block->from = from;
    block->count = to - from < AUDIT_BLOCK_ENTRIES ? (size_t)(to - from) : AUDIT_BLOCK_ENTRIES;
    block->filing = filing;
    audit_crew_send(crew);
    return true;
}

static enum proto_err walk_blocks(struct audit_walk *walk)
{
    const struct audit_crew_config config = {.threads = walk->plan->threads,
                                             .job_bytes = sizeof(struct audit_block),
                                             .work = audit_block_inspect,
                                             .take = take_block,
                                             .context = walk};
    struct audit_log *log = walk->log;
    struct audit_crew *crew;
    uint64_t unfiled = log->from ? walk->plan->unfiled : 0;
    enum proto_err err = audit_crew_new(&crew, &config, walk->o);
    bool goes = !err;

    if (err)
        return err;
    for (uint64_t at = 0; goes && at < unfiled; at += AUDIT_BLOCK_ENTRIES)
        goes = send_block(crew, at, unfiled, true);
    /* A size that nobody signed may be any number: it ends where enough is missing. */
    for (uint64_t at = log->from;
         goes && at < log->size && (log->signed_ok || walk->trouble_count < AUDIT_TROUBLES_MAX);
         at += AUDIT_BLOCK_ENTRIES)
        goes = send_block(crew, at, log->size, false);
    return audit_crew_finish(crew);
}

/* ---- where to begin ---- */

/* A tree that was smaller than the one that is begun with, out of the same tiles. */
static void pass_before(struct audit_walk *walk, uint64_t size, uint8_t root[static PROTO_LOG_HASH_BYTES],
                        const struct proto_log_reader *reader)
{
    if (size && size < walk->leaves.size && !proto_log_tree_load(&walk->tiles, size, reader))
        proto_log_tree_root(&walk->tiles, root);
}

/* What was verified before is not read again, when the tiles still lead to the root that it had; at a glance nothing
 * is, when they lead to the signed one. */
static void begin_at_seen(struct audit_walk *walk)
{
    struct audit_seen_tree from = walk->plan->from;
    struct log_tile_reader *tiles = calloc(1, sizeof *tiles);
    uint8_t root[PROTO_LOG_HASH_BYTES];

    if (walk->plan->glance) {
        from.size = walk->log->size;
        memcpy(from.root, walk->log->root, sizeof from.root);
    }
    if (!tiles || !from.size || !walk->log->signed_ok || from.size > walk->log->size) {
        free(tiles);
        return;
    }
    log_tile_reader_init(tiles, walk->o->log, NULL);
    const struct proto_log_reader reader = log_tile_reader_of(tiles);
    enum proto_err err = proto_log_tree_load(&walk->leaves, from.size, &reader);
    proto_log_tree_root(&walk->leaves, root);
    if (err || memcmp(root, from.root, sizeof root) != 0) {
        audit_found(audit_expected(audit_wrong(walk->report, "tile", "hashes"),
                                   "tiles that lead to the root of the %llu entries that %s",
                                   (unsigned long long)from.size,
                                   walk->plan->glance ? "the checkpoint signs" : "were verified here before"),
                    "%s", err ? "tiles that are missing or damaged" : "another root");
        proto_log_tree_init(&walk->leaves);
    } else {
        walk->log->from = from.size;
        pass(walk);
        pass_before(walk, walk->vouched_size, walk->passed_root, &reader);
        pass_before(walk, walk->plan->seen.size, walk->seen_root, &reader);
    }
    free(tiles);
}

/* ---- the whole ---- */

/* The file that vouches for the log from outside the database is read first: the log is written before it. */
static void read_vouched(struct audit_walk *walk)
{
    char path[HOST_PATH_BYTES];
    struct proto_log_checkpoint vouched;
    struct proto_buf file;

    proto_buf_init(&file, PROTO_LOG_CHECKPOINT_MAX);
    walk->log->unvouched =
        !walk->o->ended && host_path(path, "%s/relay/checkpoint", walk->o->dir) && !host_file_exists(path);
    if (!walk->o->ended && !walk->log->unvouched) {
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

enum proto_err audit_log_verify(struct audit_organisation *o, const struct audit_log_plan *plan,
                                struct audit_report *report, struct audit_log *out)
{
    struct audit_walk *walk = calloc(1, sizeof *walk);
    enum proto_err err = PROTO_OK;

    memset(out, 0, sizeof *out);
    if (!walk)
        return PROTO_ERR_NOMEM;
    walk->o = o;
    walk->report = report;
    walk->log = out;
    walk->plan = plan;
    walk->missing_from = UINT64_MAX;
    walk->reached_next = plan->reached_every ? plan->reached_every : AUDIT_REACHED_EVERY;
    proto_log_tree_init(&walk->leaves);
    read_vouched(walk);
    audit_judge_checkpoint(walk);
    if (!plan->glance)
        err = audit_own_read(&walk->own, o, report);
    if (!err && !plan->glance)
        err = audit_own_read_later(&walk->own, o, report);
    if (!err && !plan->glance && out->signed_ok && !(walk->erased = audit_own_bits(&walk->own, out->size)))
        err = PROTO_ERR_NOMEM;
    begin_at_seen(walk);
    if (!err && !plan->glance)
        err = walk_blocks(walk);
    if (!err && (!plan->glance || out->from == out->size)) /* else the tiles were named, and nothing else is known */
        audit_judge(walk);
    audit_own_clear(&walk->own);
    free(walk->erased);
    free(walk);
    return err;
}

void audit_log_clear(struct audit_log *log)
{
    free(log->touched);
    memset(log, 0, sizeof *log);
}
