/* SPDX-License-Identifier: Apache-2.0 */
/* Where the entries of a session are found: by the index of its first one, which rises, while its own number is random.
 */
#include <stdio.h>
#include <string.h>

#include "relay/store/inside.h"

/* The one that was asked for last is remembered, for entries of a session come together, and one that begins is asked
 * for by each who writes a part of it. */
static void keep_first(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                       const uint64_t *first)
{
    store->first_state = store->read_only ? STORE_FIRST_UNKNOWN : first ? STORE_FIRST_KNOWN : STORE_FIRST_NONE;
    memcpy(store->first_sid, sid, sizeof store->first_sid);
    store->first = first ? *first : 0;
}

enum proto_err store_first_of(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                              uint64_t *first)
{
    sqlite3_stmt *row;
    enum proto_err err;

    if (store->first_state != STORE_FIRST_UNKNOWN && !memcmp(store->first_sid, sid, RELAY_STORE_SID_BYTES)) {
        if (store->first_state == STORE_FIRST_NONE)
            return PROTO_ERR_NOT_FOUND;
        *first = store->first;
        return PROTO_OK;
    }
    row = store_statement(store, STORE_ENTRY_FIRST);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    err = store_next(store, STORE_ENTRY_FIRST, "looking for a session's first entry");
    if (!err)
        *first = (uint64_t)sqlite3_column_int64(row, 0);
    store_reset(store, STORE_ENTRY_FIRST);
    if (!err || err == PROTO_ERR_NOT_FOUND)
        keep_first(store, sid, err ? NULL : first);
    return err;
}

static enum proto_err begin_session(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                    uint64_t first)
{
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_BEGIN);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)first);
    return store_run(store, STORE_ENTRY_BEGIN, "writing where a session begins");
}

enum proto_err store_refused(struct relay_store *store, const struct relay_store_entry *entry, enum proto_err err)
{
    if (!err || sqlite3_errcode(store->data) != SQLITE_CONSTRAINT)
        return err;
    return store_fail(store, PROTO_ERR_STATE, "the commitment of entry %llu is in the log already",
                      (unsigned long long)entry->index);
}

enum proto_err store_place_put(struct relay_store *store, const struct relay_store_entry *entry)
{
    uint64_t first = entry->index;
    enum proto_err err = store_first_of(store, entry->sid, &first);

    if (err == PROTO_ERR_NOT_FOUND)
        err = begin_session(store, entry->sid, first);
    sqlite3_stmt *row = err ? NULL : store_statement(store, STORE_ENTRY_FILE);
    if (!row)
        return err ? err : PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
    sqlite3_bind_blob(row, 2, entry->leaf + STORE_COMMITMENT_AT, PROTO_LOG_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, (sqlite3_int64)entry->index);
    err = store_refused(store, entry, store_run(store, STORE_ENTRY_FILE, "writing where an entry is"));
    if (!err)
        keep_first(store, entry->sid, &first);
    return err;
}

enum proto_err relay_store_find_commitment(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                           const uint8_t commitment[static PROTO_LOG_HASH_BYTES], uint64_t *index)
{
    /* A writer has the newest tables, and remembers where the session begins; a reader may have an older file. */
    enum store_statement which = store->read_only ? STORE_ENTRY_FIND : STORE_ENTRY_AT;
    uint64_t first = 0;
    enum proto_err err = store->read_only ? PROTO_OK : store_first_of(store, sid, &first);
    sqlite3_stmt *row = err ? NULL : store_statement(store, which);

    *index = 0;
    if (!row)
        return err ? err : PROTO_ERR_IO;
    if (store->read_only)
        sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    else
        sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
    sqlite3_bind_blob(row, 2, commitment, PROTO_LOG_HASH_BYTES, SQLITE_STATIC);
    err = store_next(store, which, "looking up a commitment");
    if (err == PROTO_OK)
        *index = (uint64_t)sqlite3_column_int64(row, 0);
    store_reset(store, which);
    return err;
}

/* ---- all places, for who accounts for them ---- */

enum proto_err relay_store_each_place(struct relay_store *store, relay_store_visit_place visit, void *context)
{
    sqlite3_stmt *row = store_statement(store, STORE_PLACE_EACH);
    uint8_t sid[RELAY_STORE_SID_BYTES];
    enum proto_err err = row ? PROTO_OK : PROTO_ERR_IO;
    bool end = false;

    while (!err && !end) {
        err = store_next(store, STORE_PLACE_EACH, "reading where entries are");
        end = err == PROTO_ERR_NOT_FOUND; /* a visitor's own NOT_FOUND is handed on */
        if (err || sqlite3_column_int64(row, 1) < 0 || !store_column_bytes(row, 0, sid, sizeof sid))
            continue; /* of no session that anybody can ask for: what it says is nowhere */
        err = visit(context, sid, (uint64_t)sqlite3_column_int64(row, 1), sqlite3_column_int(row, 2));
    }
    if (row)
        store_reset(store, STORE_PLACE_EACH);
    return end ? PROTO_OK : err;
}

/* The one number that a statement tells of a session and a bound; NOT_FOUND: there is none. */
static enum proto_err number_of(struct relay_store *store, enum store_statement which, const char *doing,
                                const uint8_t sid[static RELAY_STORE_SID_BYTES], uint64_t bound, uint64_t *out)
{
    sqlite3_stmt *row = store_statement(store, which);

    *out = 0;
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, bound > INT64_MAX ? INT64_MAX : (sqlite3_int64)bound);
    enum proto_err err = store_next(store, which, doing);
    if (!err && sqlite3_column_type(row, 0) == SQLITE_NULL)
        err = PROTO_ERR_NOT_FOUND;
    if (!err)
        *out = (uint64_t)sqlite3_column_int64(row, 0);
    store_reset(store, which);
    return err;
}

enum proto_err relay_store_next_place(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                      uint64_t from, uint64_t *index)
{
    return number_of(store, STORE_PLACE_NEXT, "looking for a session's next entry", sid, from, index);
}

enum proto_err relay_store_count_places(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                        uint64_t size, uint64_t *count)
{
    return number_of(store, STORE_PLACE_COUNT, "counting a session's entries", sid, size, count);
}

/* ---- what is nowhere near its place ---- */

bool relay_store_stray_entry(struct relay_store *store, uint64_t size, int64_t *index)
{
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_STRAY);
    bool stray;

    if (!row)
        return false;
    sqlite3_bind_int64(row, 1, size > INT64_MAX ? INT64_MAX : (sqlite3_int64)size);
    stray = store_next(store, STORE_ENTRY_STRAY, "looking for entries outside the log") == PROTO_OK;
    *index = stray ? sqlite3_column_int64(row, 0) : 0;
    store_reset(store, STORE_ENTRY_STRAY);
    return stray;
}

static bool tile_between(struct relay_store *store, int64_t from, int64_t to, int64_t *id)
{
    sqlite3_stmt *row = store_statement(store, STORE_TILE_STRAY);
    bool there;

    if (!row)
        return false;
    sqlite3_bind_int64(row, 1, from);
    sqlite3_bind_int64(row, 2, to);
    there = store_next(store, STORE_TILE_STRAY, "looking for tiles outside the log") == PROTO_OK;
    *id = there ? sqlite3_column_int64(row, 0) : 0;
    store_reset(store, STORE_TILE_STRAY);
    return there;
}

bool relay_store_stray_tile(struct relay_store *store, uint64_t size, int64_t *id)
{
    bool stray = tile_between(store, INT64_MIN, 0, id);

    for (int64_t level = 0; level < STORE_TILE_LEVELS && !stray; level++, size >>= 8) {
        int64_t count = (int64_t)((size + RELAY_STORE_TILE_WIDTH - 1) / RELAY_STORE_TILE_WIDTH);
        stray = tile_between(store, level << 48 | count, (level + 1) << 48, id);
    }
    return stray || tile_between(store, (int64_t)STORE_TILE_LEVELS << 48, INT64_MAX, id);
}
