/* SPDX-License-Identifier: Apache-2.0 */
/* Log entries, tiles and the newest checkpoint. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store/inside.h"

/* Read once: nobody else writes. */
static enum proto_err read_next(struct relay_store *store)
{
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_LAST);

    if (!row)
        return PROTO_ERR_IO;
    enum proto_err err = store_next(store, STORE_ENTRY_LAST, "reading the last entry");
    if (err == PROTO_OK) {
        bool empty = sqlite3_column_type(row, 0) == SQLITE_NULL;
        store->next = empty ? 0 : (uint64_t)sqlite3_column_int64(row, 0) + 1;
        store->next_known = true;
    }
    store_reset(store, STORE_ENTRY_LAST);
    return err;
}

static enum proto_err check_next_index(struct relay_store *store, uint64_t index)
{
    enum proto_err err = store->next_known ? PROTO_OK : read_next(store);

    if (!err && store->next != index)
        err = store_fail(store, PROTO_ERR_STATE, "entry %llu does not follow; the next is %llu",
                         (unsigned long long)index, (unsigned long long)store->next);
    return err;
}

/*
 * What belongs to no session is the log's own, public, and under no key: it says what was erased, and must be readable
 * when the keys beside it are of another day.
 */
#define NO_KEY 0

static bool is_own(const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    return sodium_is_zero(sid, RELAY_STORE_SID_BYTES);
}

static enum proto_err insert_entry(struct relay_store *store, const struct relay_store_entry *entry, int64_t dek,
                                   const uint8_t *wrapped, size_t len)
{
    enum proto_err err = store_place_put(store, entry);
    sqlite3_stmt *row = err ? NULL : store_statement(store, STORE_ENTRY_PUT);

    if (!row)
        return err ? err : PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)entry->index);
    sqlite3_bind_blob(row, 2, entry->leaf, PROTO_LOG_LEAF_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(row, 3, entry->leaf + STORE_COMMITMENT_AT, PROTO_LOG_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(row, 4, entry->sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(row, 5, entry->received_ms);
    sqlite3_bind_int64(row, 6, dek);
    sqlite3_bind_blob(row, 7, wrapped, (int)len, SQLITE_STATIC);
    sqlite3_bind_text(row, 8, entry->evidence_line, -1, SQLITE_STATIC);
    err = store_refused(store, entry, store_run(store, STORE_ENTRY_PUT, "writing an entry"));
    store->next += !err;
    return err;
}

static enum proto_err wrap_and_insert(struct relay_store *store, const struct relay_store_entry *entry)
{
    struct store_key key;
    enum proto_err err = store_key_need(store, entry->sid, &key);

    if (!err) {
        store_wrap(store, key.key, entry, store->wrapped);
        err = insert_entry(store, entry, key.id, store->wrapped,
                           entry->evidence_len + STORE_NONCE_BYTES + STORE_TAG_BYTES);
    }
    sodium_memzero(&key, sizeof key);
    return err;
}

enum proto_err relay_store_put_entry(struct relay_store *store, const struct relay_store_entry *entry)
{
    if (!store_in_transaction(store))
        return PROTO_ERR_STATE;
    if (!entry->evidence || entry->evidence_len > RELAY_STORE_EVIDENCE_MAX || entry->index >= PROTO_LOG_SIZE_MAX ||
        strlen(entry->evidence_line) >= PROTO_LOG_EVIDENCE_LINE_MAX)
        return store_fail(store, PROTO_ERR_RANGE, "evidence is at most %d bytes", RELAY_STORE_EVIDENCE_MAX);
    enum proto_err err = check_next_index(store, entry->index);
    if (err)
        return err;
    return is_own(entry->sid) ? insert_entry(store, entry, NO_KEY, entry->evidence, entry->evidence_len)
                              : wrap_and_insert(store, entry);
}

enum proto_err relay_store_import_entry(struct relay_store *store, const struct relay_store_entry *entry)
{
    if (entry->evidence)
        return relay_store_put_entry(store, entry);
    if (!store_in_transaction(store))
        return PROTO_ERR_STATE;
    enum proto_err err = check_next_index(store, entry->index);
    return err ? err : insert_entry(store, entry, NO_KEY, NULL, 0);
}

static enum proto_err read_open(struct relay_store *store, const void *bytes, size_t len, struct relay_store_entry *out)
{
    if (len > RELAY_STORE_EVIDENCE_MAX)
        return store_fail(store, PROTO_ERR_CRYPTO, "the stored note of entry %llu was altered",
                          (unsigned long long)out->index);
    memcpy(store->evidence, bytes, len);
    out->evidence = store->evidence;
    out->evidence_len = len;
    return PROTO_OK;
}

/* Entries of one session come one after the other, and a key is a read in another file. */
static enum proto_err key_of(struct relay_store *store, int64_t id, uint8_t key[static STORE_KEY_BYTES])
{
    enum proto_err err = PROTO_OK;

    if (id > 0 && store->visited.id == id) {
        memcpy(key, store->visited.key, STORE_KEY_BYTES);
        return err;
    }
    err = store_key_get(store, id, key);
    if (!err && store->visiting) {
        store->visited.id = id;
        memcpy(store->visited.key, key, sizeof store->visited.key);
    }
    return err;
}

static enum proto_err read_evidence(struct relay_store *store, sqlite3_stmt *row, struct relay_store_entry *out)
{
    uint8_t key[STORE_KEY_BYTES];
    const void *wrapped = sqlite3_column_blob(row, 5);
    enum proto_err err;

    if (!wrapped)
        return PROTO_OK; /* erased */
    if (is_own(out->sid) && sqlite3_column_int64(row, 4) == NO_KEY)
        return read_open(store, wrapped, (size_t)sqlite3_column_bytes(row, 5), out);
    err = key_of(store, sqlite3_column_int64(row, 4), key);
    if (err == PROTO_ERR_NOT_FOUND)
        return PROTO_OK; /* its key was destroyed: the same thing */
    out->key_name = store->key_name;
    if (!err)
        err = store_unwrap(store, key, wrapped, (size_t)sqlite3_column_bytes(row, 5), out);
    sodium_memzero(key, sizeof key);
    return err;
}

static enum proto_err read_entry(struct relay_store *store, sqlite3_stmt *row, struct relay_store_entry *out)
{
    uint8_t commitment[PROTO_LOG_HASH_BYTES];

    memset(out, 0, sizeof *out);
    out->index = (uint64_t)sqlite3_column_int64(row, 0);
    if (!store_column_bytes(row, 2, out->sid, sizeof out->sid))
        memset(out->sid, 0, sizeof out->sid); /* of another length, so of no session: verify names it */
    if (!store_column_bytes(row, 1, out->leaf, sizeof out->leaf))
        return store_fail(store, PROTO_ERR_IO, "entry %llu is damaged: its leaf is not %d bytes",
                          (unsigned long long)out->index, PROTO_LOG_LEAF_BYTES);
    out->received_ms = sqlite3_column_int64(row, 3);
    out->misfiled = !store_column_bytes(row, 7, commitment, sizeof commitment) ||
                    memcmp(commitment, out->leaf + STORE_COMMITMENT_AT, sizeof commitment) != 0;
    store_column_text(row, 6, store->line, sizeof store->line);
    out->evidence_line = store->line;
    return read_evidence(store, row, out);
}

static enum proto_err visit_rows(struct relay_store *store, enum store_statement which, relay_store_visit_entry visit,
                                 void *context)
{
    struct relay_store_entry entry;
    enum proto_err err = PROTO_OK;
    bool end = false;

    store->visiting = true;
    while (!err && !end) {
        err = store_next(store, which, "reading entries");
        end = err == PROTO_ERR_NOT_FOUND; /* a visitor's own NOT_FOUND is handed on */
        if (!err)
            err = read_entry(store, store->statements[which], &entry);
        if (!err)
            err = visit(context, &entry);
    }
    store_reset(store, which);
    store->visiting = false;
    sodium_memzero(&store->visited, sizeof store->visited);
    return end ? PROTO_OK : err;
}

enum proto_err relay_store_each_entry(struct relay_store *store, uint64_t from, uint64_t to,
                                      relay_store_visit_entry visit, void *context)
{
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_EACH);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, from > INT64_MAX ? INT64_MAX : (sqlite3_int64)from);
    sqlite3_bind_int64(row, 2, to > INT64_MAX ? INT64_MAX : (sqlite3_int64)to);
    return visit_rows(store, STORE_ENTRY_EACH, visit, context);
}

enum proto_err relay_store_each_leaf(struct relay_store *store, uint64_t from, uint64_t to,
                                     relay_store_visit_leaf visit, void *context)
{
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_LEAVES);
    uint8_t leaf[PROTO_LOG_LEAF_BYTES];
    enum proto_err err = row ? PROTO_OK : PROTO_ERR_IO;

    if (err)
        return err;
    sqlite3_bind_int64(row, 1, from > INT64_MAX ? INT64_MAX : (sqlite3_int64)from);
    sqlite3_bind_int64(row, 2, to > INT64_MAX ? INT64_MAX : (sqlite3_int64)to);
    while (!err) {
        err = store_next(store, STORE_ENTRY_LEAVES, "reading leaves");
        if (err == PROTO_ERR_NOT_FOUND) { /* the end; a visitor's own NOT_FOUND is handed on */
            store_reset(store, STORE_ENTRY_LEAVES);
            return PROTO_OK;
        }
        uint64_t index = err ? 0 : (uint64_t)sqlite3_column_int64(row, 0);
        if (!err && !store_column_bytes(row, 1, leaf, sizeof leaf))
            err = store_fail(store, PROTO_ERR_IO, "entry %llu is damaged: its leaf is not %d bytes",
                             (unsigned long long)index, PROTO_LOG_LEAF_BYTES);
        if (!err)
            err = visit(context, index, leaf);
    }
    store_reset(store, STORE_ENTRY_LEAVES);
    return err;
}

enum proto_err relay_store_each_entry_of(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                         relay_store_visit_entry visit, void *context)
{
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_OF);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    return visit_rows(store, STORE_ENTRY_OF, visit, context);
}

enum proto_err relay_store_get_entry(struct relay_store *store, uint64_t index, struct relay_store_entry *out)
{
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_EACH);

    memset(out, 0, sizeof *out);
    if (!row)
        return PROTO_ERR_IO;
    if (index >= PROTO_LOG_SIZE_MAX)
        return store_fail(store, PROTO_ERR_NOT_FOUND, "there is no entry of that number");
    sqlite3_bind_int64(row, 1, (sqlite3_int64)index);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)index + 1);
    enum proto_err err = store_next(store, STORE_ENTRY_EACH, "reading an entry");
    if (err == PROTO_OK)
        err = read_entry(store, row, out);
    else if (err == PROTO_ERR_NOT_FOUND)
        store_fail(store, err, "there is no entry %llu", (unsigned long long)index);
    store_reset(store, STORE_ENTRY_EACH);
    return err;
}

/* ---- tiles ---- */

static bool tile_id(unsigned level, uint64_t n, sqlite3_int64 *id)
{
    *id = (sqlite3_int64)((uint64_t)level << 48 | n);
    return level < STORE_TILE_LEVELS && n < PROTO_LOG_SIZE_MAX;
}

enum proto_err relay_store_put_tile(struct relay_store *store, unsigned level, uint64_t n, const uint8_t *hashes,
                                    size_t count)
{
    sqlite3_int64 id;

    if (!store_in_transaction(store))
        return PROTO_ERR_STATE;
    if (!tile_id(level, n, &id) || count == 0 || count > RELAY_STORE_TILE_WIDTH)
        return store_fail(store, PROTO_ERR_RANGE, "a tile has 1 to %d hashes", RELAY_STORE_TILE_WIDTH);
    sqlite3_stmt *row = store_statement(store, STORE_TILE_PUT);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    sqlite3_bind_blob(row, 2, hashes, (int)(count * PROTO_LOG_HASH_BYTES), SQLITE_STATIC);
    return store_run(store, STORE_TILE_PUT, "writing a tile");
}

enum proto_err relay_store_get_tile(struct relay_store *store, unsigned level, uint64_t n,
                                    uint8_t hashes[static RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES], size_t *count)
{
    sqlite3_int64 id;

    *count = 0;
    if (!tile_id(level, n, &id))
        return store_fail(store, PROTO_ERR_NOT_FOUND, "there is no such tile");
    sqlite3_stmt *row = store_statement(store, STORE_TILE_GET);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    enum proto_err err = store_next(store, STORE_TILE_GET, "reading a tile");
    if (err == PROTO_OK) {
        size_t len = (size_t)sqlite3_column_bytes(row, 0);
        if (len == 0 || len % PROTO_LOG_HASH_BYTES || len > RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES ||
            !store_column_bytes(row, 0, hashes, len))
            err = store_fail(store, PROTO_ERR_IO, "tile %u/%llu is damaged: it is not whole hashes", level,
                             (unsigned long long)n);
        else
            *count = len / PROTO_LOG_HASH_BYTES;
    } else if (err == PROTO_ERR_NOT_FOUND) {
        store_fail(store, err, "tile %u/%llu is missing", level, (unsigned long long)n);
    }
    store_reset(store, STORE_TILE_GET);
    return err;
}

/* ---- the newest checkpoint ---- */

enum proto_err relay_store_get_checkpoint(struct relay_store *store, struct relay_store_checkpoint *out)
{
    sqlite3_stmt *row = store_statement(store, STORE_CHECKPOINT_GET);

    memset(out, 0, sizeof *out);
    if (!row)
        return PROTO_ERR_IO;
    enum proto_err err = store_next(store, STORE_CHECKPOINT_GET, "reading the checkpoint");
    if (err == PROTO_OK) {
        out->size = (uint64_t)sqlite3_column_int64(row, 0);
        store_column_text(row, 2, out->note, sizeof out->note);
        if (!store_column_bytes(row, 1, out->root, sizeof out->root))
            err = store_fail(store, PROTO_ERR_IO, "the stored checkpoint is damaged; restore relay.db");
    } else if (err == PROTO_ERR_NOT_FOUND) {
        store_fail(store, err, "the log is empty");
    }
    store_reset(store, STORE_CHECKPOINT_GET);
    return err;
}

enum proto_err relay_store_put_checkpoint(struct relay_store *store, const struct relay_store_checkpoint *checkpoint)
{
    struct relay_store_checkpoint before;
    enum proto_err err;

    if (!store_in_transaction(store))
        return PROTO_ERR_STATE;
    err = relay_store_get_checkpoint(store, &before);
    if (err && err != PROTO_ERR_NOT_FOUND)
        return err;
    if (!err && checkpoint->size < before.size)
        return store_fail(store, PROTO_ERR_STATE, "a checkpoint of %llu entries cannot follow one of %llu",
                          (unsigned long long)checkpoint->size, (unsigned long long)before.size);
    sqlite3_stmt *row = store_statement(store, STORE_CHECKPOINT_PUT);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)checkpoint->size);
    sqlite3_bind_blob(row, 2, checkpoint->root, sizeof checkpoint->root, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, checkpoint->note, -1, SQLITE_STATIC);
    return store_run(store, STORE_CHECKPOINT_PUT, "writing the checkpoint");
}
