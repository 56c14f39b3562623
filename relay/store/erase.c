/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasure by entries: what a class 3 leaf names is destroyed in the transaction that appends the leaf, and the keys
 * under which nothing is left behind it. All of it may be done again: after a crash, and after a restore.
 */
#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store/inside.h"

static bool flag(struct relay_store *store, enum store_statement which, sqlite3_stmt *row)
{
    bool set = row && store_next(store, which, "looking for what is left") == PROTO_OK;

    store_reset(store, which);
    return set;
}

/* ---- what there is of somebody ---- */

static enum proto_err check_ended(struct relay_store *store, const char *ref, const uint8_t *sid)
{
    sqlite3_stmt *row = store_statement(store, STORE_SUBJECT_RUNNING);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_text(row, 1, ref, -1, SQLITE_STATIC); /* NULL matches nothing */
    sqlite3_bind_blob(row, 2, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    if (flag(store, STORE_SUBJECT_RUNNING, row))
        return store_fail(store, PROTO_ERR_STATE, "a session of this person has not ended; stop it, then erase");
    return PROTO_OK;
}

enum proto_err relay_store_each_erasable(struct relay_store *store, const char *ref,
                                         const uint8_t sid[RELAY_STORE_SID_BYTES], relay_store_visit_index visit,
                                         void *context)
{
    bool any = false;
    enum proto_err err = check_ended(store, ref, sid);
    sqlite3_stmt *row = err ? NULL : store_statement(store, STORE_SUBJECT_EACH);

    if (!row)
        return err ? err : PROTO_ERR_IO;
    sqlite3_bind_text(row, 1, ref, -1, SQLITE_STATIC);
    sqlite3_bind_blob(row, 2, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    while (!err && !(err = store_next(store, STORE_SUBJECT_EACH, "reading entries"))) {
        any = true;
        err = visit(context, (uint64_t)sqlite3_column_int64(row, 0));
    }
    store_reset(store, STORE_SUBJECT_EACH);
    if (err != PROTO_ERR_NOT_FOUND)
        return err;
    return any ? PROTO_OK : store_fail(store, err, "there is nothing to erase under this reference or number");
}

enum proto_err relay_store_each_stale(struct relay_store *store, int64_t before_unix_ms, relay_store_visit_index visit,
                                      void *context)
{
    sqlite3_stmt *row = store_statement(store, STORE_STALE_EACH);
    enum proto_err err = row ? PROTO_OK : PROTO_ERR_IO;

    if (row)
        sqlite3_bind_int64(row, 1, before_unix_ms);
    while (!err && !(err = store_next(store, STORE_STALE_EACH, "reading old entries")))
        err = visit(context, (uint64_t)sqlite3_column_int64(row, 0));
    if (row)
        store_reset(store, STORE_STALE_EACH);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

/* ---- destroying ---- */

/* Its key goes when nothing is left under it; which keys to ask about is remembered until then. */
static enum proto_err owe_key(struct relay_store *store, int64_t dek)
{
    for (size_t i = 0; i < store->owed_count; i++)
        if (store->owed[i] == dek)
            return PROTO_OK;
    int64_t *more = realloc(store->owed, (store->owed_count + 1) * sizeof *more);
    if (!more)
        return store_fail(store, PROTO_ERR_NOMEM, "memory ran out");
    store->owed = more;
    store->owed[store->owed_count++] = dek;
    return PROTO_OK;
}

static enum proto_err run_with_sid(struct relay_store *store, enum store_statement which, const uint8_t *sid)
{
    sqlite3_stmt *row = store_statement(store, which);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    return store_run(store, which, "erasing a session");
}

static enum proto_err erase_one(struct relay_store *store, uint64_t index, uint64_t *erased)
{
    uint8_t sid[RELAY_STORE_SID_BYTES];
    sqlite3_stmt *row = store_statement(store, STORE_ENTRY_WHOSE);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)index);
    enum proto_err err = store_next(store, STORE_ENTRY_WHOSE, "reading an entry");
    bool fits = !err && store_column_bytes(row, 0, sid, sizeof sid) && !sodium_is_zero(sid, sizeof sid);
    int64_t dek = err ? 0 : sqlite3_column_int64(row, 1);
    store_reset(store, STORE_ENTRY_WHOSE);
    if (err || !fits)
        return err ? err : store_fail(store, PROTO_ERR_RANGE, "entry %llu is the log's own", (unsigned long long)index);
    err = owe_key(store, dek);
    row = err ? NULL : store_statement(store, STORE_ENTRY_ERASE_ONE);
    if (!row)
        return err ? err : PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)index);
    err = store_run(store, STORE_ENTRY_ERASE_ONE, "erasing evidence");
    *erased += err ? 0 : (uint64_t)sqlite3_changes(store->data);
    if (!err)
        err = run_with_sid(store, STORE_CASE_ERASE_EMPTY, sid);
    return err ? err : run_with_sid(store, STORE_SESSION_ERASE_EMPTY, sid);
}

enum proto_err relay_store_check_erasable(struct relay_store *store, uint64_t first, uint64_t last)
{
    sqlite3_stmt *row = store_statement(store, STORE_RANGE_KEPT);

    if (!row)
        return PROTO_ERR_IO;
    if (last < first || last >= PROTO_LOG_SIZE_MAX)
        return store_fail(store, PROTO_ERR_RANGE, "these are no entries");
    sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)last);
    if (flag(store, STORE_RANGE_KEPT, row))
        return store_fail(store, PROTO_ERR_STATE,
                          "entries %llu-%llu hold one of the log itself, or of a session that "
                          "has not ended",
                          (unsigned long long)first, (unsigned long long)last);
    return PROTO_OK;
}

enum proto_err relay_store_erase_range(struct relay_store *store, uint64_t first, uint64_t last, uint64_t *erased)
{
    enum proto_err err = store_in_transaction(store) ? relay_store_check_erasable(store, first, last) : PROTO_ERR_STATE;

    for (uint64_t i = first; !err && i <= last; i++)
        err = erase_one(store, i, erased);
    return err;
}

static enum proto_err each_kept(struct relay_store *store, enum store_statement which, relay_store_visit_index visit,
                                void *context)
{
    enum proto_err err = PROTO_OK;

    while (!err && !(err = store_next(store, which, "looking for what is left")))
        err = visit(context, (uint64_t)sqlite3_column_int64(store->statements[which], 0));
    store_reset(store, which);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

enum proto_err relay_store_each_kept(struct relay_store *store, relay_store_visit_index visit, void *context)
{
    return store_statement(store, STORE_KEPT_EACH) ? each_kept(store, STORE_KEPT_EACH, visit, context) : PROTO_ERR_IO;
}

enum proto_err relay_store_each_kept_in(struct relay_store *store, uint64_t first, uint64_t last,
                                        relay_store_visit_index visit, void *context)
{
    sqlite3_stmt *row = store_statement(store, STORE_KEPT_IN);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)last);
    return each_kept(store, STORE_KEPT_IN, visit, context);
}

static bool key_is_needed(struct relay_store *store, int64_t dek)
{
    sqlite3_stmt *row = store_statement(store, STORE_DEK_NEEDED);

    if (row)
        sqlite3_bind_int64(row, 1, dek);
    return flag(store, STORE_DEK_NEEDED, row);
}

bool relay_store_is_erased(struct relay_store *store, uint64_t first, uint64_t last)
{
    sqlite3_stmt *row = store_statement(store, STORE_RANGE_LEFT);
    uint8_t key[STORE_KEY_BYTES];
    bool left = true;

    if (!row)
        return false;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)last);
    left = flag(store, STORE_RANGE_LEFT, row);
    row = left ? NULL : store_statement(store, STORE_RANGE_KEYS);
    if (!row)
        return false;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)last);
    while (!left && !store_next(store, STORE_RANGE_KEYS, "reading keys of entries")) {
        int64_t dek = sqlite3_column_int64(row, 0);
        left = store_key_get(store, dek, key) != PROTO_ERR_NOT_FOUND && !key_is_needed(store, dek);
    }
    sodium_memzero(key, sizeof key);
    store_reset(store, STORE_RANGE_KEYS);
    return !left;
}

static enum proto_err erase_key(struct relay_store *store, int64_t dek)
{
    if (key_is_needed(store, dek))
        return PROTO_OK;
    enum proto_err err = store_key_erase(store, dek);
    if (!err)
        store_keyring_destroyed(store, dek);
    return err;
}

/* The write-ahead logs hold the pages as they were until they are folded in and cut. */
static enum proto_err cut(struct relay_store *store, sqlite3 *db)
{
    if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
        return PROTO_OK;
    return store_fail_sqlite(store, db, "wiping erased rows; it is tried again");
}

bool relay_store_owes_wipe(const struct relay_store *store)
{
    return store->owed_count > 0;
}

uint64_t relay_store_noted_erased(struct relay_store *store)
{
    sqlite3_stmt *row = store_statement(store, STORE_ERASED_GET);
    uint8_t bytes[STORE_KEY_BYTES];
    uint64_t size = 0;

    if (row && !store_next(store, STORE_ERASED_GET, "looking for what was erased") &&
        store_column_bytes(row, 0, bytes, sizeof bytes))
        memcpy(&size, bytes, sizeof size);
    if (row)
        store_reset(store, STORE_ERASED_GET);
    return le64toh(size);
}

enum proto_err relay_store_note_erased(struct relay_store *store, uint64_t size)
{
    uint8_t bytes[STORE_KEY_BYTES] = {0}; /* a row among the keys, and as long as one */
    uint64_t stored = htole64(size);

    if (relay_store_noted_erased(store) != size) {
        sqlite3_stmt *row = store_statement(store, STORE_ERASED_PUT);
        if (!row)
            return PROTO_ERR_IO;
        memcpy(bytes, &stored, sizeof stored);
        sqlite3_bind_blob(row, 1, bytes, sizeof bytes, SQLITE_STATIC);
        enum proto_err err = store_run(store, STORE_ERASED_PUT, "noting what is erased");
        if (err)
            return err;
    }
    store->erased_known = true;
    return PROTO_OK;
}

enum proto_err relay_store_wipe(struct relay_store *store)
{
    enum proto_err err = PROTO_OK;

    if (!store->owed_count)
        return err;
    for (size_t i = 0; i < store->owed_count && !err; i++)
        err = erase_key(store, store->owed[i]);
    if (!err && store->erased_known && store->next_known)
        err = relay_store_note_erased(store, store->next);
    if (!err)
        err = cut(store, store->keys);
    if (!err)
        err = cut(store, store->data);
    if (!err) {
        store->owed_count = 0;
        store->wal_pages = store->wal_tidied = store->wal_folded = 0;
    }
    return err;
}
