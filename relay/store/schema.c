/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, and how a file that an earlier program made gets what it lacks.
 *
 * A file's user_version says how many steps of its list it has seen; 0 is a new one. All that are missing are done in
 * one transaction, so that a file is of one version or of the other. A step that was released is never changed: what
 * comes later is the next one. (tests/relay/store_schema_test.c has each older version as it was made.)
 */
#include <stdio.h>

#include "relay/store/inside.h"

/*
 * A tile's id is level << 48 | n. `c` repeats 32 bytes of the leaf because SQLite finds rows by whole columns.
 */
static const char log_tables[] =
    "CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, c BLOB NOT NULL, sid BLOB NOT NULL,"
    " received_ms INTEGER NOT NULL, dek INTEGER NOT NULL, evidence BLOB, line TEXT NOT NULL);"
    "CREATE UNIQUE INDEX entry_of ON entry(sid,c);"
    "CREATE INDEX entry_dek ON entry(dek) WHERE evidence IS NOT NULL;"
    "CREATE TABLE tile(id INTEGER PRIMARY KEY, hashes BLOB NOT NULL);"
    "CREATE TABLE checkpoint(id INTEGER PRIMARY KEY CHECK(id=1), size INTEGER NOT NULL, root BLOB NOT NULL,"
    " note TEXT NOT NULL);"
    "CREATE TABLE session(sid BLOB PRIMARY KEY, state INTEGER NOT NULL, nameplate TEXT NOT NULL,"
    " agent_fingerprint BLOB NOT NULL, agent_id TEXT NOT NULL, agent_name TEXT NOT NULL, agent_role TEXT NOT NULL,"
    " customer_ref TEXT NOT NULL, ticket_ref TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
    " cs_pub BLOB NOT NULL, event_seq INTEGER NOT NULL, event_prev BLOB NOT NULL, ended_reason TEXT NOT NULL,"
    " secret BLOB NOT NULL);"
    "CREATE INDEX session_open ON session(created_ms) WHERE state<>3;"
    "CREATE INDEX session_ref ON session(customer_ref);";
/* Version 2: AUTOINCREMENT, since an agent asks for the counts behind those it has. */
static const char kept_tables[] =
    "CREATE TABLE IF NOT EXISTS kept_case(sid BLOB PRIMARY KEY, ref TEXT NOT NULL, time_ms INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL, dek INTEGER NOT NULL, bytes BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS kept_case_ref ON kept_case(ref);"
    "CREATE INDEX IF NOT EXISTS kept_case_dek ON kept_case(dek);"
    "CREATE TABLE IF NOT EXISTS kept_count(id INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL);";
/*
 * Version 3: where an entry is found. The number of a session is random, so an index that begins with it touches a page
 * for each session, more of them with each million. `place` begins with the index of the session's first entry, which
 * rises: what is written is always near the end. Only `begun`, a short row for each session, is still in random order.
 */
static const char place_tables[] =
    "CREATE TABLE begun(sid BLOB PRIMARY KEY, first INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE place(first INTEGER NOT NULL, c BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY(first,c))"
    " WITHOUT ROWID;"
    "INSERT INTO begun SELECT sid,MIN(idx) FROM entry GROUP BY sid ORDER BY sid;"
    "INSERT INTO place SELECT b.first,e.c,e.idx FROM entry e JOIN begun b ON b.sid=e.sid ORDER BY b.first,e.c;"
    "DROP INDEX IF EXISTS entry_of;"
    "DROP INDEX IF EXISTS entry_sid;"
    "CREATE VIEW filed(sid,c,idx) AS SELECT b.sid,p.c,p.idx FROM begun b JOIN place p ON p.first=b.first;";
/* For who reads a file of before: the same names, in memory alone. */
static const char place_views[] = "CREATE TEMP VIEW filed(sid,c,idx) AS SELECT sid,c,idx FROM entry;"
                                  "CREATE TEMP VIEW begun(sid,first) AS SELECT sid,MIN(idx) FROM entry GROUP BY sid;";
enum { PLACE_VERSION = 3 };
/* AUTOINCREMENT: the number of a destroyed key is never given to another. */
static const char key_tables[] =
    "CREATE TABLE dek(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, key BLOB NOT NULL);";

static const char *const data_steps[] = {log_tables, kept_tables, place_tables}, *const key_steps[] = {key_tables};

enum {
    DATA_VERSION = sizeof data_steps / sizeof *data_steps,
    KEYS_VERSION = sizeof key_steps / sizeof *key_steps,
};

enum proto_err store_schema_version(struct relay_store *store, sqlite3 *db, const char *name, int *version,
                                    bool *newest)
{
    const int known = db == store->keys ? KEYS_VERSION : DATA_VERSION;
    sqlite3_stmt *statement = NULL;
    enum proto_err err = PROTO_OK;

    *version = 0;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        err = store_fail_sqlite(store, db, "reading its version");
    else
        *version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    *newest = *version == known;
    if (!err && (*version > known || *version < 0))
        err = store_fail(store, PROTO_ERR_VERSION,
                         "%s/%s is of version %d, and this program knows version %d; use a newer Handhold, or the data "
                         "folder that belongs to this one",
                         store->folder ? store->folder : "memory", name, *version, known);
    return err;
}

enum proto_err store_schema_bring_up(struct relay_store *store, sqlite3 *db, const char *name, int version)
{
    const bool keys = db == store->keys;
    const char *const *steps = keys ? key_steps : data_steps;
    const int known = keys ? KEYS_VERSION : DATA_VERSION;
    char seen[48];

    if (version && store->on_older)
        store->on_older(store->context, name, version, known);
    bool done = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

    for (int step = version; done && step < known; step++)
        done = sqlite3_exec(db, steps[step], NULL, NULL, NULL) == SQLITE_OK;
    snprintf(seen, sizeof seen, "PRAGMA user_version=%d", known);
    if (done && sqlite3_exec(db, seen, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
        /* a long log was written once more: now, and not in the first commit */
        (void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        return PROTO_OK;
    }
    enum proto_err err = store_fail_sqlite(store, db, "making its tables");
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum proto_err store_schema_read_older(struct relay_store *store, sqlite3 *db, int version)
{
    if (db == store->keys || version >= PLACE_VERSION)
        return PROTO_OK;
    return sqlite3_exec(db, place_views, NULL, NULL, NULL) == SQLITE_OK ? PROTO_OK
                                                                        : store_fail_sqlite(store, db, "opening it");
}
