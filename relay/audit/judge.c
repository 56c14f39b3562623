/* SPDX-License-Identifier: Apache-2.0 */
/* From what does not fit together to what was altered. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "relay/audit/folder_notes.h"
#include "relay/audit/retained.h"
#include "relay/audit/tree.h"

void audit_judge_name(const struct audit_organisation *o, struct audit_report *report)
{
    if (!o->log_is_named)
        audit_found(audit_expected(audit_wrong(report, "relay/log.vkey", "key"), "a log key that org.note names"),
                    "another key");
}

void audit_judge_checkpoint(struct audit_walk *walk)
{
    struct proto_log_checkpoint opened;
    struct relay_store_checkpoint *stored = &walk->checkpoint;
    struct relay_store_entry first;
    enum proto_err err = relay_store_get_checkpoint(walk->o->log, stored);

    if (err == PROTO_ERR_NOT_FOUND) { /* fine for a log without entries */
        walk->log->signed_ok = relay_store_get_entry(walk->o->log, 0, &first) == PROTO_ERR_NOT_FOUND;
        if (!walk->log->signed_ok)
            audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "id"), "the newest checkpoint"),
                        "none, and there are entries");
        return;
    }
    walk->report->signatures++;
    if (err || proto_log_checkpoint_open(&opened, stored->note, strlen(stored->note), walk->o->log_vkey)) {
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", err ? "row" : "note"),
                                   "a checkpoint signed by the log's key"),
                    "%s", err ? "a damaged row" : "a note that does not verify under it");
        walk->log->size = stored->size < PROTO_LOG_SIZE_MAX ? stored->size : 0;
        return;
    }
    walk->log->signed_ok = true;
    walk->log->size = opened.size;
    if (stored->size != opened.size)
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "size"), "%llu, as the signed note says",
                                   (unsigned long long)opened.size),
                    "%llu", (unsigned long long)stored->size);
    if (memcmp(stored->root, opened.root, sizeof opened.root) != 0)
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "root"), "the root of the signed note"),
                    "another");
    memcpy(stored->root, opened.root, sizeof opened.root); /* from here on the signed one counts */
    memcpy(walk->log->root, opened.root, sizeof walk->log->root);
}

static struct audit_finding *at(struct audit_walk *walk, const struct audit_trouble *t, const char *table,
                                const char *column)
{
    struct audit_finding *f = audit_at_entry(audit_wrong(walk->report, table, column), t->index);

    return t->has_sid ? audit_at_session(f, t->sid) : f;
}

/* True when the leaf itself is what is wrong: what hangs on it is then no news. */
static bool judge_leaf(struct audit_walk *walk, const struct audit_trouble *t)
{
    const struct audit_log *log = walk->log;

    if (t->kinds & AUDIT_GONE) {
        audit_found(
            audit_expected(at(walk, t, "entry", "idx"), "an entry; the log has %llu", (unsigned long long)log->size),
            "no row of that number");
        return true;
    }
    if (t->kinds & AUDIT_TILE && log->leaves_ok) {
        audit_found(audit_expected(at(walk, t, "tile", "hashes"), "tile 0/%llu holds the hash of this entry's leaf",
                                   (unsigned long long)t->index / RELAY_STORE_TILE_WIDTH),
                    "another hash, or none; the leaf is the signed one");
        return false;
    }
    if (t->kinds & AUDIT_TILE) {
        audit_found(audit_expected(at(walk, t, "entry", "leaf"), "the leaf that %s",
                                   log->tiles_ok ? "the signed tree has in this place" : "the tile has in this place"),
                    "another leaf");
        return true;
    }
    if (t->kinds & AUDIT_FORM)
        audit_found(audit_expected(at(walk, t, "entry", "leaf"), "\"HHL1\", a class, a time and a commitment"),
                    "48 bytes that are not a leaf");
    return t->kinds & AUDIT_FORM;
}

static const struct {
    enum audit_trouble_kind kind;
    const char *table, *column, *expected, *found;
    bool effect; /* or of a row that was altered */
} words[] = {
    {AUDIT_SEALED, "entry", "evidence", AUDIT_SEALED_WORDS, AUDIT_ALTERED_WORDS, false},
    {AUDIT_MISSING, "entry", "evidence", AUDIT_EVIDENCE_WORDS, AUDIT_NO_EVIDENCE_WORDS, false},
    {AUDIT_BACK, "entry", "evidence", AUDIT_ERASED_WORDS, AUDIT_BACK_WORDS, false},
    {AUDIT_LINE, "entry", "line", "the log's signature for this leaf and this evidence", "a line that does not verify",
     false},
    {AUDIT_COMMITMENT, "entry", "c", "the commitment of the leaf, once",
     "another, so that the entry is not found by it", false},
    {AUDIT_TIME, "entry", "received_ms", AUDIT_TIME_WORDS, AUDIT_OTHER_TIME_WORDS, false},
    {AUDIT_ORPHAN, "entry", "sid", "a session that has a row, or none for an act of an officer", "another", false},
    {AUDIT_UNFILED, "entry", "sid", AUDIT_FILED_WORDS, AUDIT_UNFILED_WORDS, false},
    {AUDIT_KEY, "dek", "name",
     "in keys.db, the name of the customer, or of the session, whose evidence is under this key",
     "another name: erasing that customer would leave the key", true},
};

static void judge_trouble(struct audit_walk *walk, const struct audit_trouble *t)
{
    if (judge_leaf(walk, t))
        return;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (t->kinds & words[i].kind) {
            struct audit_finding *f = at(walk, t, words[i].table, words[i].column);
            f->effect = words[i].effect;
            audit_found(audit_expected(f, "%s", words[i].expected), "%s", words[i].found);
        }
}

static void judge_roots(struct audit_walk *walk)
{
    struct audit_log *log = walk->log;
    uint8_t root[PROTO_LOG_HASH_BYTES];
    char signed_text[17], own[17];

    log->leaves_ok = log->tiles_ok = log->signed_ok;
    if (!log->size)
        return;
    proto_log_tree_root(&walk->leaves, root);
    log->leaves_ok = log->signed_ok && !memcmp(root, walk->checkpoint.root, sizeof root);
    sodium_bin2hex(own, sizeof own, root, 8);
    proto_log_tree_root(walk->parted ? &walk->tiles : &walk->leaves, root);
    log->tiles_ok = log->signed_ok && !memcmp(root, walk->checkpoint.root, sizeof root);
    sodium_bin2hex(signed_text, sizeof signed_text, walk->checkpoint.root, 8);
    if (log->signed_ok && !log->leaves_ok && !walk->parted)
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "note"), "the root of its %llu entries, %s…",
                                   (unsigned long long)log->size, own),
                    "%s…: the log was rewritten, or the checkpoint is of another log", signed_text);
}

static void judge_vouched(struct audit_walk *walk)
{
    if (!walk->vouched_size || !walk->log->signed_ok)
        return;
    if (walk->vouched_size > walk->log->size)
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "size"),
                                   "at least %llu, which relay/checkpoint vouches for",
                                   (unsigned long long)walk->vouched_size),
                    "%llu: an older copy was put back", (unsigned long long)walk->log->size);
    else if (memcmp(walk->vouched_root, walk->passed_root, sizeof walk->passed_root) != 0 && walk->log->leaves_ok)
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "root"),
                                   "a log that begins with the %llu entries that relay/checkpoint vouches for",
                                   (unsigned long long)walk->vouched_size),
                    "another log");
}

/* The officer's own memory, which no relay can write to. */
static void judge_seen(struct audit_walk *walk)
{
    const struct audit_seen_tree *seen = &walk->plan->seen;

    if (!seen->size || !walk->log->signed_ok)
        return;
    if (seen->size > walk->log->size)
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "size"),
                                   "at least %llu, which were verified on this machine before",
                                   (unsigned long long)seen->size),
                    "%llu: an older copy was put back", (unsigned long long)walk->log->size);
    else if (memcmp(walk->seen_root, seen->root, sizeof seen->root) != 0 && walk->log->leaves_ok)
        audit_found(audit_expected(audit_wrong(walk->report, "checkpoint", "root"),
                                   "a log that begins with the %llu entries that were verified on this machine before",
                                   (unsigned long long)seen->size),
                    "another log");
}

/* A lowest tile may be longer than the checkpoint only because the relay went on meanwhile. */
static void judge_edges(struct audit_walk *walk)
{
    struct relay_store_checkpoint now;
    uint64_t size = walk->log->size;
    bool grew = relay_store_get_checkpoint(walk->o->log, &now) == PROTO_OK && now.size > size;

    for (unsigned level = 0; !grew && level < 7; level++, size >>= 8) {
        uint64_t n = size / RELAY_STORE_TILE_WIDTH;
        size_t right = (size_t)(size % RELAY_STORE_TILE_WIDTH);
        struct audit_level *tile = &walk->level[level];
        if (relay_store_get_tile(walk->o->log, level, n, tile->hashes, &tile->count))
            tile->count = 0;
        if (tile->count > right)
            audit_found(audit_expected(audit_wrong(walk->report, "tile", "hashes"), "tile %u/%llu holds %zu hashes",
                                       level, (unsigned long long)n, right),
                        "%zu", tile->count);
    }
}

static void judge_erasures(struct audit_walk *walk)
{
    if (walk->missing_from == UINT64_MAX)
        return;
    audit_found(audit_expected(audit_at_entry(audit_wrong(walk->report, "entry", "evidence"), walk->missing_from),
                               "evidence, or a later entry that says it was erased"),
                "neither");
}

/* Entries and tiles that the checkpoint does not reach, and that did not come since. */
static void judge_strays(struct audit_walk *walk)
{
    struct relay_store_checkpoint now;
    uint64_t size = walk->log->size;
    int64_t index = 0, id = 0;
    bool entry = relay_store_stray_entry(walk->o->log, size, &index);
    bool tile = relay_store_stray_tile(walk->o->log, size, &id);

    if ((!entry && !tile) || !walk->log->signed_ok)
        return;
    if (relay_store_get_checkpoint(walk->o->log, &now) == PROTO_OK && now.size > size) { /* some came since */
        entry = entry && index < 0;
        tile = false;
    }
    if (entry && index < 0)
        audit_found(audit_expected(audit_wrong(walk->report, "entry", "idx"), "numbers from 0 on"),
                    "a row of number %" PRId64, index);
    else if (entry)
        audit_found(audit_expected(audit_at_entry(audit_wrong(walk->report, "entry", "idx"), (uint64_t)index),
                                   "the log to end before it: the checkpoint counts %" PRIu64, size),
                    "one more entry");
    if (tile)
        audit_found(audit_expected(audit_wrong(walk->report, "tile", "id"),
                                   "the tiles of %" PRIu64 " entries, and no others", size),
                    "a row of number %" PRId64, id);
}

/* ---- where entries are found ---- */

bool audit_is_filed(struct audit_organisation *o, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                    const uint8_t leaf[static PROTO_LOG_LEAF_BYTES], uint64_t index)
{
    const uint8_t *c = leaf + PROTO_LOG_LEAF_BYTES - PROTO_LOG_HASH_BYTES;
    uint64_t found = 0;

    return !relay_store_find_commitment(o->rows, sid, c, &found) && found == index;
}

struct filing {
    struct audit_organisation *o;
    struct audit_report *report;
};

static enum proto_err visit_filed(void *context, const struct relay_store_entry *entry)
{
    const struct filing *filing = context;

    if (audit_is_filed(filing->o, entry->sid, entry->leaf, entry->index))
        return PROTO_OK;
    audit_name_unfiled(filing->report, entry->sid, entry->index);
    return PROTO_ERR_STATE;
}

void audit_look_for_unfiled(struct audit_organisation *o, uint64_t size, struct audit_report *report)
{
    struct filing filing = {o, report};
    size_t before = report->wrong;

    enum proto_err err = relay_store_each_entry(o->log, 0, size, visit_filed, &filing);
    if (err == PROTO_ERR_STATE && report->wrong > before && before < AUDIT_FINDINGS_MAX) {
        struct audit_finding cause = report->findings[before];
        memmove(report->findings + 1, report->findings, before * sizeof cause);
        report->findings[0] = cause;
    }
}

void audit_judge(struct audit_walk *walk)
{
    size_t before = walk->report->wrong;

    judge_roots(walk);
    for (size_t i = 0; i < walk->trouble_count; i++)
        judge_trouble(walk, &walk->troubles[i]);
    judge_vouched(walk);
    judge_seen(walk);
    judge_edges(walk);
    judge_strays(walk);
    if (walk->report->wrong == before) /* else it is an effect of what was named */
        judge_erasures(walk);
    audit_notes_judge(&walk->own, walk->o, walk->report);
    if (walk->log->leaves_ok) /* of others no time is known */
        audit_retained_judge(&walk->own, walk->o, walk->log->from, walk->plan->now_s, walk->report);
}
