/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases of each earlier version, as the programs of their time made them: a program of today reads and continues
 * them, and one of a later version is left as it is.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/relay/store_world.h"

#define NOW INT64_C(1760000000000)
#define REF "Mrs Example"

enum { ENTRIES = 12, SESSIONS = 3 };

#define TABLES_BESIDE                                                                                                  \
    "CREATE TABLE tile(id INTEGER PRIMARY KEY, hashes BLOB NOT NULL);"                                                 \
    "CREATE TABLE checkpoint(id INTEGER PRIMARY KEY CHECK(id=1), size INTEGER NOT NULL, root BLOB NOT NULL,"           \
    " note TEXT NOT NULL);"                                                                                            \
    "CREATE TABLE session(sid BLOB PRIMARY KEY, state INTEGER NOT NULL, nameplate TEXT NOT NULL,"                      \
    " agent_fingerprint BLOB NOT NULL, agent_id TEXT NOT NULL, agent_name TEXT NOT NULL, agent_role TEXT NOT NULL,"    \
    " customer_ref TEXT NOT NULL, ticket_ref TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL," \
    " cs_pub BLOB NOT NULL, event_seq INTEGER NOT NULL, event_prev BLOB NOT NULL, ended_reason TEXT NOT NULL,"         \
    " secret BLOB NOT NULL);"                                                                                          \
    "CREATE INDEX session_open ON session(created_ms) WHERE state<>3;"                                                 \
    "CREATE INDEX session_ref ON session(customer_ref);"

#define KEPT_TABLES                                                                                                    \
    "CREATE TABLE IF NOT EXISTS kept_case(sid BLOB PRIMARY KEY, ref TEXT NOT NULL, time_ms INTEGER NOT NULL,"          \
    " until_ms INTEGER NOT NULL, dek INTEGER NOT NULL, bytes BLOB NOT NULL);"                                          \
    "CREATE INDEX IF NOT EXISTS kept_case_ref ON kept_case(ref);"                                                      \
    "CREATE INDEX IF NOT EXISTS kept_case_dek ON kept_case(dek);"                                                      \
    "CREATE TABLE IF NOT EXISTS kept_count(id INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL);"

/* What lay on disk, word by word. None of this is ever changed; a new version adds a row for the one before it. */
static const struct version {
    const char *name, *schema;
    int version;
} versions[] = {
    {"1, with commitments found by themselves",
     "CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, c BLOB NOT NULL UNIQUE, sid BLOB NOT NULL,"
     " received_ms INTEGER NOT NULL, dek INTEGER NOT NULL, evidence BLOB, line TEXT NOT NULL);"
     "CREATE INDEX entry_sid ON entry(sid,idx);"
     "CREATE INDEX entry_dek ON entry(dek) WHERE evidence IS NOT NULL;" TABLES_BESIDE "PRAGMA user_version=1;",
     1},
    {"1, with commitments found below their session",
     "CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, c BLOB NOT NULL, sid BLOB NOT NULL,"
     " received_ms INTEGER NOT NULL, dek INTEGER NOT NULL, evidence BLOB, line TEXT NOT NULL);"
     "CREATE UNIQUE INDEX entry_of ON entry(sid,c);"
     "CREATE INDEX entry_dek ON entry(dek) WHERE evidence IS NOT NULL;" TABLES_BESIDE "PRAGMA user_version=1;",
     1},
    {"2, with commitments found below their session",
     "CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, c BLOB NOT NULL, sid BLOB NOT NULL,"
     " received_ms INTEGER NOT NULL, dek INTEGER NOT NULL, evidence BLOB, line TEXT NOT NULL);"
     "CREATE UNIQUE INDEX entry_of ON entry(sid,c);"
     "CREATE INDEX entry_dek ON entry(dek) WHERE evidence IS NOT NULL;" TABLES_BESIDE KEPT_TABLES
     "PRAGMA user_version=2;",
     2},
};

static void run_sql(const struct world *w, const char *file, const char *sql)
{
    char path[128], *error = NULL;
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/%s", w->folder, file);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}

static int number_of(const struct world *w, const char *sql)
{
    char path[128];
    sqlite3_stmt *row;
    sqlite3 *db;
    int number;

    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    number = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return number;
}

static void leaf_of(uint64_t index, struct proto_log_leaf *leaf)
{
    *leaf = (struct proto_log_leaf){PROTO_LOG_RELAY_EVENT, NOW / 1000, {(uint8_t)(index + 1), 7}};
}

static enum proto_err add_entry(struct world *w, uint8_t sid)
{
    struct relay_store_entry entry = {.index = w->entries, .received_ms = NOW, .evidence_line = "a line"};
    struct proto_log_leaf leaf;
    char evidence[32];

    snprintf(evidence, sizeof evidence, "evidence %u", (unsigned)w->entries);
    leaf_of(w->entries, &leaf);
    assert_ok(proto_log_leaf_encode(entry.leaf, &leaf));
    memset(entry.sid, sid, sizeof entry.sid);
    entry.evidence = (const uint8_t *)evidence;
    entry.evidence_len = strlen(evidence);
    w->entries++;
    return relay_store_put_entry(w->store, &entry);
}

/* Sessions of one person, their entries, a tile and a checkpoint. */
static void fill(struct world *w)
{
    struct relay_store_checkpoint checkpoint = {.size = ENTRIES, .note = "a note"};
    static const uint8_t hashes[ENTRIES * PROTO_LOG_HASH_BYTES] = {9};

    assert_ok(relay_store_begin(w->store));
    for (uint8_t sid = 1; sid <= SESSIONS; sid++) {
        struct relay_store_session row = {
            .state = RELAY_STORE_ENDED, .created_unix_ms = NOW, .event_seq = 1, .customer_ref = REF};

        memset(row.sid, sid, sizeof row.sid);
        assert_ok(relay_store_put_session(w->store, &row));
    }
    for (unsigned i = 0; i < ENTRIES; i++)
        assert_ok(add_entry(w, (uint8_t)(i % SESSIONS + 1)));
    assert_ok(relay_store_put_tile(w->store, 0, 0, hashes, ENTRIES));
    assert_ok(relay_store_put_checkpoint(w->store, &checkpoint));
    assert_ok(relay_store_commit(w->store));
}

/* The same rows in the tables of that version; keys.db is as it was from the first on. */
static void make_older(struct world *w, const struct version *version)
{
    char sql[256], path[128];

    relay_store_close(w->store);
    w->store = NULL;
    run_sql(w, "older.db", version->schema);
    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    snprintf(sql, sizeof sql, "ATTACH '%s' AS now", path);
    char all[1024];
    snprintf(all, sizeof all,
             "%s; INSERT INTO entry SELECT * FROM now.entry; INSERT INTO tile SELECT * FROM now.tile;"
             "INSERT INTO checkpoint SELECT * FROM now.checkpoint; INSERT INTO session SELECT * FROM now.session;",
             sql);
    run_sql(w, "older.db", all);
    char older[128];
    snprintf(older, sizeof older, "%s/older.db", w->folder);
    assert_int_equal(rename(older, path), 0);
}

static int setup(void **state)
{
    world_setup(state);
    fill(*state);
    return 0;
}

/* ---- what must be there ---- */

static enum proto_err check_entry(void *context, const struct relay_store_entry *entry)
{
    char evidence[32];

    snprintf(evidence, sizeof evidence, "evidence %u", (unsigned)entry->index);
    assert_int_equal(entry->index, *(uint64_t *)context);
    assert_int_equal(entry->evidence_len, strlen(evidence));
    assert_memory_equal(entry->evidence, evidence, entry->evidence_len);
    assert_string_equal(entry->evidence_line, "a line");
    assert_false(entry->misfiled);
    ++*(uint64_t *)context;
    return PROTO_OK;
}

static enum proto_err count_session(void *context, const struct relay_store_session *row)
{
    assert_string_equal(row->customer_ref, REF);
    ++*(unsigned *)context;
    return PROTO_OK;
}

static enum proto_err count_entry(void *context, const struct relay_store_entry *entry)
{
    (void)entry;
    ++*(uint64_t *)context;
    return PROTO_OK;
}

static void expect_all(struct world *w, uint64_t entries)
{
    struct relay_store_checkpoint checkpoint;
    struct proto_log_leaf leaf;
    uint8_t sid[RELAY_STORE_SID_BYTES], hashes[RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES];
    uint64_t seen = 0, index = 0;
    unsigned sessions = 0;
    size_t count;

    assert_ok(relay_store_each_entry(w->store, 0, entries, check_entry, &seen));
    assert_int_equal(seen, entries);
    assert_ok(relay_store_each_session(w->store, true, count_session, &sessions));
    assert_int_equal(sessions, SESSIONS);
    assert_ok(relay_store_get_checkpoint(w->store, &checkpoint));
    assert_int_equal(checkpoint.size, ENTRIES);
    assert_string_equal(checkpoint.note, "a note");
    assert_ok(relay_store_get_tile(w->store, 0, 0, hashes, &count));
    assert_int_equal(count, ENTRIES);
    memset(sid, 2, sizeof sid);
    leaf_of(4, &leaf);
    assert_ok(relay_store_find_commitment(w->store, sid, leaf.commitment, &index));
    assert_int_equal(index, 4);
    seen = 0;
    assert_ok(relay_store_each_entry_of(w->store, sid, count_entry, &seen));
    assert_int_equal(seen, ENTRIES / SESSIONS);
}

/* It goes on: entries, what staff keep, and an erasure that leaves nothing. */
static void expect_goes_on(struct world *w)
{
    struct relay_store_case one = {
        .time_ms = NOW, .until_ms = NOW + 1000, .sealed = (const uint8_t *)"visit", .len = 5};
    uint64_t erased = 0;

    memset(one.sid, 1, sizeof one.sid);
    assert_ok(relay_store_begin(w->store));
    assert_ok(add_entry(w, 1));
    assert_ok(relay_store_put_case(w->store, &one));
    assert_ok(relay_store_add_count(w->store, (const uint8_t *)"count", 5));
    assert_ok(relay_store_commit(w->store));
    expect_all(w, ENTRIES + 1);
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_erase_range(w->store, 0, ENTRIES, &erased));
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_wipe(w->store));
    assert_int_equal(erased, ENTRIES + 1);
    assert_true(relay_store_is_erased(w->store, 0, ENTRIES));
}

/* ---- tests ---- */

static void try_version(const struct version *version)
{
    struct relay_store_config reader;
    struct world *w;
    void *state;

    print_message("             version %s\n", version->name);
    setup(&state);
    w = state;
    make_older(w, version);
    reader = (struct relay_store_config){.folder = w->folder, .read_only = true};
    assert_ok(relay_store_open(&w->store, &reader, w->error)); /* an officer's tool changes nothing */
    expect_all(w, ENTRIES);
    relay_store_close(w->store);
    assert_int_equal(number_of(w, "PRAGMA user_version"), version->version);
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    expect_all(w, ENTRIES);
    relay_store_close(w->store);
    assert_int_equal(number_of(w, "PRAGMA user_version"), 3);
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('entry_of','entry_sid')"), 0);
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM filed JOIN entry USING(idx,c,sid)"), ENTRIES);
    assert_ok(relay_store_open(&w->store, &w->config, w->error)); /* once done, it is done */
    expect_goes_on(w);
    world_teardown(&state);
}

static void each_earlier_version_is_read_and_continued(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        try_version(&versions[i]);
}

/* Keys of sessions without a reference were named by the session's number, and are by its first entry. */
static void a_session_of_before_goes_on_under_its_key(void **state)
{
    struct world *w = *state;
    struct relay_store_session row = {.sid = {0x55}, .state = RELAY_STORE_LIVE, .created_unix_ms = NOW, .event_seq = 1};

    memset(row.sid, 0x55, sizeof row.sid);
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &row));
    assert_ok(add_entry(w, 0x55));
    assert_ok(relay_store_commit(w->store));
    relay_store_close(w->store);
    w->store = NULL;
    run_sql(w, "keys.db",
            "UPDATE dek SET name='session:55555555555555555555555555555555' WHERE name='session:000000000000000c'");
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    assert_ok(relay_store_begin(w->store));
    assert_ok(add_entry(w, 0x55));
    assert_ok(relay_store_commit(w->store));
    assert_int_equal(number_of(w, "SELECT COUNT(DISTINCT dek) FROM entry WHERE idx>=12"), 1);
}

static void a_step_that_fails_leaves_the_version_before(void **state)
{
    struct world *w = *state;

    make_older(w, &versions[1]);
    run_sql(w, "relay.db",
            "CREATE INDEX kept_count ON session(ticket_ref)"); /* in the way of the second of its tables */
    assert_int_equal(relay_store_open(&w->store, &w->config, w->error), PROTO_ERR_IO);
    assert_non_null(strstr(w->error, "while making its tables"));
    assert_int_equal(number_of(w, "PRAGMA user_version"), 1);
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM sqlite_master WHERE name='kept_case'"), 0);
    run_sql(w, "relay.db", "DROP INDEX kept_count");
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    expect_all(w, ENTRIES);
}

static void a_later_version_is_left_alone_and_the_way_out_is_said(void **state)
{
    static const char *const files[] = {"relay.db", "keys.db"};
    struct world *w = *state;

    relay_store_close(w->store);
    w->store = NULL;
    for (int i = 0; i < 2; i++)
        for (int reads = 0; reads < 2; reads++) {
            struct relay_store_config config = w->config;

            config.read_only = reads;
            run_sql(w, files[i], "PRAGMA user_version=77");
            assert_int_equal(relay_store_open(&w->store, &config, w->error), PROTO_ERR_VERSION);
            assert_non_null(strstr(w->error, files[i]));
            assert_non_null(strstr(w->error, "is of version 77, and this program knows version"));
            assert_non_null(strstr(w->error, "use a newer Handhold"));
            run_sql(w, files[i], i ? "PRAGMA user_version=1" : "PRAGMA user_version=3");
        }
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    expect_all(w, ENTRIES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_earlier_version_is_read_and_continued),
        TEST(a_session_of_before_goes_on_under_its_key),
        TEST(a_step_that_fails_leaves_the_version_before),
        TEST(a_later_version_is_left_alone_and_the_way_out_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
