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
 * A tile's id is level << 48 | n. `c` repeats 32 bytes of the leaf because SQLite finds rows by whole columns. It is
 * indexed below its session: entries of a session come close together, so they fall into one page, while commitments
 * by themselves would touch as many pages as there are entries, and cost more with each million. A database that an
 * earlier program made has `c` unique and entry_sid instead, and goes on with them.
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
/* AUTOINCREMENT: the number of a destroyed key is never given to another. */
static const char key_tables[] =
    "CREATE TABLE dek(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, key BLOB NOT NULL);";

static const char *const data_steps[] = {log_tables, kept_tables}, *const key_steps[] = {key_tables};

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

enum proto_err store_schema_bring_up(struct relay_store *store, sqlite3 *db, int version)
{
    const bool keys = db == store->keys;
    const char *const *steps = keys ? key_steps : data_steps;
    const int known = keys ? KEYS_VERSION : DATA_VERSION;
    char seen[48];
    bool done = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

    for (int step = version; done && step < known; step++)
        done = sqlite3_exec(db, steps[step], NULL, NULL, NULL) == SQLITE_OK;
    snprintf(seen, sizeof seen, "PRAGMA user_version=%d", known);
    if (done && sqlite3_exec(db, seen, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return PROTO_OK;
    enum proto_err err = store_fail_sqlite(store, db, "making its tables");
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}
