/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/relay/store_world.h"

/* An entry whose every field follows from its index. */
static struct relay_store_entry entry_of(uint64_t index, uint8_t sid_byte)
{
    static const uint8_t evidence[] = "sealed evidence";
    struct relay_store_entry entry = {.index = index, .received_ms = 1760000000000 + (int64_t)index};
    struct proto_log_leaf leaf = {PROTO_LOG_STATEMENT, 1760000000, {0}};

    memcpy(leaf.commitment, &index, sizeof index);
    leaf.commitment[31] = 1;
    assert_ok(proto_log_leaf_encode(entry.leaf, &leaf));
    memset(entry.sid, sid_byte, sizeof entry.sid);
    entry.evidence = evidence;
    entry.evidence_len = sizeof evidence;
    entry.evidence_line = "a line";
    return entry;
}

static struct relay_store_session session_of(uint8_t sid_byte, const char *ref)
{
    struct relay_store_session row = {.state = RELAY_STORE_LIVE, .created_unix_ms = sid_byte, .event_seq = 3};

    memset(row.sid, sid_byte, sizeof row.sid);
    snprintf(row.customer_ref, sizeof row.customer_ref, "%s", ref);
    snprintf(row.nameplate, sizeof row.nameplate, "407");
    snprintf(row.agent_name, sizeof row.agent_name, "Ada Agent");
    memset(row.secret, 9, row.secret_len = 32);
    memset(row.event_prev, 4, sizeof row.event_prev);
    return row;
}

static void put(struct world *w, const struct relay_store_entry *entry)
{
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_entry(w->store, entry));
    assert_ok(relay_store_commit(w->store));
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct world *w = *state;
    struct relay_store_entry entry = entry_of(0, 1), back;
    struct relay_store_session row = session_of(1, "customer 7"), row_back;
    uint64_t index = 9;

    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &row));
    assert_ok(relay_store_put_entry(w->store, &entry));
    assert_ok(relay_store_commit(w->store));
    relay_store_close(w->store);
    world_open(w);
    assert_ok(relay_store_get_entry(w->store, 0, &back));
    assert_memory_equal(back.leaf, entry.leaf, sizeof back.leaf);
    assert_int_equal(back.evidence_len, entry.evidence_len);
    assert_memory_equal(back.evidence, entry.evidence, entry.evidence_len);
    assert_string_equal(back.evidence_line, "a line");
    assert_ok(relay_store_find_commitment(w->store, entry.sid, entry.leaf + 16, &index));
    assert_int_equal(index, 0);
    assert_ok(relay_store_get_session(w->store, row.sid, &row_back));
    assert_memory_equal(&row, &row_back, sizeof row);
    assert_int_equal(relay_store_get_entry(w->store, 1, &back), PROTO_ERR_NOT_FOUND);
}

static void what_was_not_committed_is_gone_after_a_kill(void **state)
{
    struct world *w = *state;
    struct relay_store_entry first = entry_of(0, 1), second = entry_of(1, 1), back;

    put(w, &first);
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_entry(w->store, &second));
    relay_store_close(w->store); /* without commit */
    world_open(w);
    assert_ok(relay_store_get_entry(w->store, 0, &back));
    assert_int_equal(relay_store_get_entry(w->store, 1, &back), PROTO_ERR_NOT_FOUND);
}

static void a_commitment_stands_once_and_indices_have_no_gap(void **state)
{
    struct world *w = *state;
    struct relay_store_entry entry = entry_of(0, 1);

    put(w, &entry);
    assert_ok(relay_store_begin(w->store));
    entry.index = 1;
    assert_int_equal(relay_store_put_entry(w->store, &entry), PROTO_ERR_STATE);
    entry = entry_of(5, 1);
    assert_int_equal(relay_store_put_entry(w->store, &entry), PROTO_ERR_STATE);
    relay_store_rollback(w->store);
    assert_int_equal(relay_store_put_entry(w->store, &entry), PROTO_ERR_STATE); /* outside a transaction */
}

static void set_version(struct world *w, const char *file, int version)
{
    char path[128], sql[64];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/%s", w->folder, file);
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", version);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_database_of_a_newer_version_is_refused(void **state)
{
    struct world *w = *state;

    relay_store_close(w->store);
    set_version(w, "relay.db", 7);
    assert_int_equal(relay_store_open(&w->store, &w->config, w->error), PROTO_ERR_VERSION);
    assert_null(w->store);
    assert_non_null(strstr(w->error, "version 7"));
    assert_non_null(strstr(w->error, "version 3"));
    set_version(w, "relay.db", 3);
    world_open(w);
}

static void a_second_writer_is_refused_and_a_reader_is_not(void **state)
{
    struct world *w = *state;
    struct relay_store_config config = w->config;
    struct relay_store_entry entry = entry_of(0, 1), back;
    struct relay_store *other;

    assert_int_equal(relay_store_open(&other, &config, w->error), PROTO_ERR_IO);
    assert_non_null(strstr(w->error, "in use"));
    config.read_only = true;
    assert_ok(relay_store_open(&other, &config, w->error));
    put(w, &entry);
    assert_ok(relay_store_get_entry(other, 0, &back));
    assert_memory_equal(back.evidence, entry.evidence, entry.evidence_len);
    assert_int_equal(relay_store_begin(other), PROTO_ERR_STATE);
    relay_store_close(other);
}

static void a_folder_that_is_no_folder_is_named(void **state)
{
    struct world *w = *state;
    struct relay_store_config config = w->config;
    struct relay_store *other;

    config.folder = "/dev/null/data";
    assert_int_equal(relay_store_open(&other, &config, w->error), PROTO_ERR_IO);
    assert_non_null(strstr(w->error, "/dev/null/data"));
    config.folder = w->folder;
    config.read_only = true;
    config.folder = "/nonexistent-handhold";
    assert_int_equal(relay_store_open(&other, &config, w->error), PROTO_ERR_IO);
}

static void nobody_else_may_read_the_files(void **state)
{
    struct world *w = *state;
    static const char *const files[] = {"relay.db", "keys.db", "relay.db-wal", "keys.db-wal", "writer.lock"};
    struct stat st;
    char path[128];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", w->folder, files[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void keys_db_is(struct world *w, const char *command, const char *from, const char *to)
{
    char text[256];

    snprintf(text, sizeof text, "cd %s && rm -f keys.db-* && %s %s %s", w->folder, command, from, to);
    assert_int_equal(system(text), 0);
}

static void opening_says(struct world *w, const char *finding)
{
    assert_int_equal(relay_store_open(&w->store, &w->config, w->error), PROTO_ERR_IO);
    if (!strstr(w->error, "/keys.db: ") || !strstr(w->error, finding) || !strstr(w->error, "put back the keys.db") ||
        !strstr(w->error, "recover"))
        fail_msg("%s", w->error);
}

static void a_log_whose_keys_are_lost_or_old_is_not_written_to(void **state)
{
    struct world *w = *state;
    struct relay_store_entry first = entry_of(0, 1), second = entry_of(1, 2), back;
    char path[128];

    relay_store_close(w->store);
    keys_db_is(w, "rm -f", "keys.db", "");
    world_open(w); /* there is no evidence yet */
    put(w, &first);
    relay_store_close(w->store);
    keys_db_is(w, "cp", "keys.db", "old");
    world_open(w);
    put(w, &second);
    relay_store_close(w->store);
    keys_db_is(w, "mv", "keys.db", "new");
    opening_says(w, "is missing");
    snprintf(path, sizeof path, "%s/keys.db", w->folder);
    assert_int_not_equal(access(path, F_OK), 0);
    keys_db_is(w, "cp", "old", "keys.db");
    opening_says(w, "is older than relay.db");
    keys_db_is(w, "cp", "/dev/null", "keys.db");
    opening_says(w, "is older than relay.db");
    keys_db_is(w, "mv", "new", "keys.db");
    world_open(w);
    assert_ok(relay_store_get_entry(w->store, 1, &back));
    assert_memory_equal(back.evidence, second.evidence, second.evidence_len);
}

static void altered_or_moved_evidence_does_not_open(void **state)
{
    struct world *w = *state;
    struct relay_store_entry first = entry_of(0, 1), second = entry_of(1, 1), back;
    char path[128];
    sqlite3 *db;

    put(w, &first);
    put(w, &second);
    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE entry SET evidence=(SELECT evidence FROM entry WHERE idx=0) WHERE idx=1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_ok(relay_store_get_entry(w->store, 0, &back));
    assert_int_equal(relay_store_get_entry(w->store, 1, &back), PROTO_ERR_CRYPTO);
}

static enum proto_err count_entry(void *context, const struct relay_store_entry *entry)
{
    uint64_t *seen = context;

    seen[entry->evidence ? 0 : 1]++;
    return PROTO_OK;
}

static enum proto_err note_index(void *context, uint64_t index)
{
    uint64_t *indices = context;

    assert_true(indices[0] < 15);
    indices[++indices[0]] = index;
    return PROTO_OK;
}

/* As the log's writer does it, less the leaf that says so. */
static enum proto_err erase(struct world *w, const char *ref, const uint8_t *sid, uint64_t *erased)
{
    uint64_t indices[16] = {0};
    enum proto_err err = relay_store_each_erasable(w->store, ref, sid, note_index, indices);

    *erased = 0;
    if (err)
        return err;
    assert_ok(relay_store_begin(w->store));
    for (uint64_t i = 1; i <= indices[0]; i++)
        assert_ok(relay_store_erase_range(w->store, indices[i], indices[i], erased));
    assert_ok(relay_store_commit(w->store));
    return relay_store_wipe(w->store);
}

static void erasing_a_customer_leaves_leaves_and_takes_all_else(void **state)
{
    struct world *w = *state;
    struct relay_store_session a = session_of(1, "Mrs Example"), b = session_of(2, "Mrs Example"),
                               c = session_of(3, "");
    uint64_t seen[2] = {0}, erased = 0;
    struct relay_store_session back;
    char command[256];

    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &a));
    assert_ok(relay_store_put_session(w->store, &b));
    assert_ok(relay_store_put_session(w->store, &c));
    for (uint64_t i = 0; i < 6; i++) {
        struct relay_store_entry entry = entry_of(i, (uint8_t)(1 + i % 3));
        assert_ok(relay_store_put_entry(w->store, &entry));
    }
    assert_ok(relay_store_commit(w->store));
    assert_int_equal(erase(w, "Mrs Example", NULL, &erased), PROTO_ERR_STATE); /* still live */
    a.state = b.state = c.state = RELAY_STORE_ENDED;
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &a));
    assert_ok(relay_store_put_session(w->store, &b));
    assert_ok(relay_store_put_session(w->store, &c));
    assert_ok(relay_store_commit(w->store));
    assert_ok(erase(w, "Mrs Example", NULL, &erased));
    assert_int_equal(erased, 4);
    assert_ok(relay_store_each_entry(w->store, 0, 100, count_entry, seen));
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 4);
    assert_int_equal(relay_store_get_session(w->store, a.sid, &back), PROTO_ERR_NOT_FOUND);
    assert_ok(relay_store_get_session(w->store, c.sid, &back));
    assert_int_equal(erase(w, "Mrs Example", NULL, &erased), PROTO_ERR_NOT_FOUND);
    assert_ok(erase(w, NULL, c.sid, &erased));
    assert_int_equal(erased, 2);
    snprintf(command, sizeof command, "! grep -rq 'Mrs Example' %s", w->folder);
    assert_int_equal(system(command), 0); /* not in the files either */
}

static int64_t number_of(struct world *w, const char *sql)
{
    sqlite3_stmt *row = NULL;
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    snprintf(path, sizeof path, "ATTACH '%s/keys.db' AS keys", w->folder);
    assert_int_equal(sqlite3_exec(db, path, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return number;
}

/* The files as they are now, whatever the store would write before it closes. */
static void kill_store(struct world *w)
{
    char command[256];

    snprintf(command, sizeof command, "cp -a '%s' '%s.killed'", w->folder, w->folder);
    assert_int_equal(system(command), 0);
    relay_store_close(w->store);
    snprintf(command, sizeof command, "rm -rf '%s' && mv '%s.killed' '%s'", w->folder, w->folder, w->folder);
    assert_int_equal(system(command), 0);
}

/* Whose a spare key became is written later. What is not written when the relay is killed is read from the entries. */
static void a_spare_key_that_was_given_away_is_never_given_to_another(void **state)
{
    struct world *w = *state;
    struct relay_store_entry first = entry_of(0, 1), second = entry_of(1, 2), third = entry_of(2, 1), back;

    assert_true(relay_store_wants_keys(w->store, false));
    assert_ok(relay_store_stock_keys(w->store));
    assert_false(relay_store_wants_keys(w->store, true));
    put(w, &first);
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM keys.dek WHERE name NOT LIKE 'spare:%'"), 0);
    kill_store(w); /* whose the key is was not written */
    world_open(w);
    assert_ok(relay_store_stock_keys(w->store));
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM keys.dek WHERE name NOT LIKE 'spare:%'"), 1);
    put(w, &second);
    put(w, &third);
    assert_int_equal(
        number_of(w, "SELECT COUNT(DISTINCT dek) FROM entry WHERE sid=(SELECT sid FROM entry WHERE idx=0)"), 1);
    assert_int_equal(number_of(w, "SELECT COUNT(DISTINCT dek) FROM entry"), 2);
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM entry LEFT JOIN keys.dek ON id=dek WHERE key IS NULL"), 0);
    for (uint64_t i = 0; i < 3; i++) {
        assert_ok(relay_store_get_entry(w->store, i, &back));
        assert_non_null(back.evidence);
    }
}

static void a_store_that_closes_in_order_leaves_no_spare_key(void **state)
{
    struct world *w = *state;
    struct relay_store_entry first = entry_of(0, 1), back;

    assert_ok(relay_store_stock_keys(w->store));
    put(w, &first);
    relay_store_close(w->store);
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM keys.dek WHERE name LIKE 'spare:%'"), 0);
    assert_int_equal(number_of(w, "SELECT COUNT(*) FROM keys.dek"), 1);
    world_open(w);
    assert_ok(relay_store_get_entry(w->store, 0, &back));
    assert_non_null(back.evidence);
}

/* A key in memory must not outlive the one in the file: what is wrapped under it could never be opened. */
static void who_was_erased_and_comes_again_gets_another_key(void **state)
{
    struct world *w = *state;
    struct relay_store_session before = session_of(1, "Mrs Example"), after = session_of(2, "Mrs Example");
    struct relay_store_entry first = entry_of(0, 1), second = entry_of(1, 2), back;
    uint64_t erased;

    assert_ok(relay_store_stock_keys(w->store));
    before.state = RELAY_STORE_ENDED;
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &before));
    assert_ok(relay_store_put_entry(w->store, &first));
    assert_ok(relay_store_commit(w->store));
    assert_ok(erase(w, "Mrs Example", NULL, &erased));
    assert_int_equal(erased, 1);
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &after));
    assert_ok(relay_store_put_entry(w->store, &second));
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_get_entry(w->store, 1, &back));
    assert_non_null(back.evidence);
    assert_int_equal(number_of(w, "SELECT COUNT(DISTINCT dek) FROM entry"), 2);
}

static enum proto_err collect(void *context, uint64_t index)
{
    *(uint64_t *)context |= UINT64_C(1) << index;
    return PROTO_OK;
}

static void what_an_erasure_names_is_destroyed_and_its_number_used_up(void **state)
{
    struct world *w = *state;
    struct relay_store_session a = session_of(1, "Mrs Example"), b = session_of(2, "Mrs Example");
    struct relay_store_session back;
    uint64_t named = 0, erased = 0;

    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &a));
    assert_ok(relay_store_put_session(w->store, &b));
    for (uint64_t i = 0; i < 6; i++) {
        struct relay_store_entry entry = entry_of(i, (uint8_t)(1 + i % 2));
        if (i == 5)
            memset(entry.sid, 0, sizeof entry.sid);
        assert_ok(relay_store_put_entry(w->store, &entry));
    }
    assert_ok(relay_store_commit(w->store));
    assert_int_equal(relay_store_each_erasable(w->store, "Mrs Example", NULL, collect, &named), PROTO_ERR_STATE);
    assert_int_equal(relay_store_check_erasable(w->store, 0, 1), PROTO_ERR_STATE); /* still live */
    a.state = b.state = RELAY_STORE_ENDED;
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &a));
    assert_ok(relay_store_put_session(w->store, &b));
    assert_ok(relay_store_commit(w->store));
    assert_int_equal(relay_store_check_erasable(w->store, 4, 5), PROTO_ERR_STATE); /* the log's own */
    assert_ok(relay_store_each_erasable(w->store, NULL, a.sid, collect, &named));
    assert_int_equal(named, 0x15);
    assert_int_equal(relay_store_erase_range(w->store, 0, 0, &erased), PROTO_ERR_STATE); /* outside a transaction */

    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_erase_range(w->store, 0, 0, &erased));
    assert_ok(relay_store_erase_range(w->store, 2, 2, &erased));
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_wipe(w->store));
    assert_int_equal(erased, 2);
    assert_true(relay_store_is_erased(w->store, 0, 0));
    assert_false(relay_store_is_erased(w->store, 0, 1));
    assert_ok(relay_store_get_session(w->store, a.sid, &back)); /* entry 4 is left of it */
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_erase_range(w->store, 0, 4, &erased));
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_wipe(w->store));
    assert_int_equal(erased, 5);
    assert_int_equal(relay_store_get_session(w->store, b.sid, &back), PROTO_ERR_NOT_FOUND);
    assert_int_equal(relay_store_each_erasable(w->store, "Mrs Example", NULL, collect, &named), PROTO_ERR_NOT_FOUND);
    b.state = RELAY_STORE_WAITING;
    assert_ok(relay_store_begin(w->store));
    assert_int_equal(relay_store_put_session(w->store, &b), PROTO_ERR_STATE);
    relay_store_rollback(w->store);
}

static void a_sessions_past_is_not_written_over(void **state)
{
    struct world *w = *state;
    struct relay_store_session row = session_of(1, "customer 7"), again, back;

    row.event_seq = 5;
    row.state = RELAY_STORE_LIVE;
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &row));
    again = row;
    again.event_seq = 1; /* as if it were opened anew */
    assert_int_equal(relay_store_put_session(w->store, &again), PROTO_ERR_STATE);
    assert_non_null(strstr(relay_store_error(w->store), "stays"));
    row.event_seq = 6;
    row.state = RELAY_STORE_ENDED;
    assert_ok(relay_store_put_session(w->store, &row));
    assert_ok(relay_store_put_session(w->store, &row)); /* the same once more is no change */
    again.event_seq = 7;
    assert_int_equal(relay_store_put_session(w->store, &again), PROTO_ERR_STATE);
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_get_session(w->store, row.sid, &back));
    assert_memory_equal(&row, &back, sizeof row);
}

static enum proto_err collect_sids(void *context, const struct relay_store_session *row)
{
    char *out = context;

    out[strlen(out)] = (char)('0' + row->sid[0]);
    return PROTO_OK;
}

static void sessions_that_have_not_ended_are_found_again(void **state)
{
    struct world *w = *state;
    char open[8] = "", all[8] = "";

    assert_ok(relay_store_begin(w->store));
    for (uint8_t i = 4; i > 0; i--) {
        struct relay_store_session row = session_of(i, "");
        row.state = i == 2 ? RELAY_STORE_ENDED : i == 3 ? RELAY_STORE_WAITING : RELAY_STORE_LIVE;
        assert_ok(relay_store_put_session(w->store, &row));
    }
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_each_session(w->store, false, collect_sids, open));
    assert_string_equal(open, "134");
    assert_ok(relay_store_each_session(w->store, true, collect_sids, all));
    assert_string_equal(all, "1234");
}

static void a_session_is_found_by_how_its_number_begins(void **state)
{
    static const struct {
        const char *digits, *found;
    } asked[] = {{"0", "1234"}, {"01", "1"}, {"010", ""}, {"02F", "2"}, {"ffff", ""}};
    struct world *w = *state;
    struct relay_store_session row;

    assert_ok(relay_store_begin(w->store));
    for (uint8_t i = 4; i > 0; i--) {
        row = session_of(i, "");
        row.sid[1] = i == 2 ? 0xfe : 0xff;
        row.state = i % 2 ? RELAY_STORE_ENDED : RELAY_STORE_LIVE;
        assert_ok(relay_store_put_session(w->store, &row));
    }
    assert_ok(relay_store_commit(w->store));
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        char found[8] = "";
        assert_ok(relay_store_each_session_beginning(w->store, asked[i].digits, collect_sids, found));
        assert_string_equal(found, asked[i].found);
    }
    const char *const none[] = {"", "0x", "01 ", "010203040506070809101112131415161"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(relay_store_each_session_beginning(w->store, none[i], collect_sids, NULL), PROTO_ERR_RANGE);
}

static void a_full_disk_is_said_and_got_over(void **state)
{
    struct world *w = *state;
    enum proto_err err = PROTO_OK;
    uint64_t written = 0;
    struct relay_store_entry back;

    relay_store_set_max_pages(w->store, 40);
    for (; !err && written < 2000; written += !err) {
        struct relay_store_entry entry = entry_of(written, 1);
        assert_ok(relay_store_begin(w->store));
        err = relay_store_put_entry(w->store, &entry);
        if (err)
            relay_store_rollback(w->store);
        else
            err = relay_store_commit(w->store);
    }
    assert_int_equal(err, PROTO_ERR_IO);
    assert_non_null(strstr(relay_store_error(w->store), "disk is full"));
    assert_int_equal(relay_store_get_entry(w->store, written, &back), PROTO_ERR_NOT_FOUND);
    relay_store_set_max_pages(w->store, 0);
    struct relay_store_entry entry = entry_of(written, 1);
    put(w, &entry);
    assert_ok(relay_store_get_entry(w->store, written, &back));
}

static void a_checkpoint_never_shrinks(void **state)
{
    struct world *w = *state;
    struct relay_store_checkpoint checkpoint = {.size = 5, .note = "note"}, back;

    assert_int_equal(relay_store_get_checkpoint(w->store, &back), PROTO_ERR_NOT_FOUND);
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_checkpoint(w->store, &checkpoint));
    checkpoint.size = 4;
    assert_int_equal(relay_store_put_checkpoint(w->store, &checkpoint), PROTO_ERR_STATE);
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_get_checkpoint(w->store, &back));
    assert_int_equal(back.size, 5);
    assert_string_equal(back.note, "note");
}

/* How many entries another process sees, with a SQLite of its own (a fork would share this one's knowledge of its
 * locks). */
static int seen_by_another_process(const struct world *w)
{
    char command[256];
    int count = -1;

    snprintf(command, sizeof command, "sqlite3 %s/relay.db 'SELECT count(*) FROM entry'", w->folder);
    FILE *answer = popen(command, "re");
    assert_non_null(answer);
    if (fscanf(answer, "%d", &count) != 1)
        count = -1;
    pclose(answer);
    return count;
}

/* As somebody who may read and not write: 0, or what could not be done. */
static int read_without_rights(const struct world *w)
{
    struct relay_store_config config = {.folder = w->folder, .read_only = true};
    struct relay_store *store = NULL;
    struct relay_store_entry entry;
    char error[RELAY_STORE_ERROR_MAX];
    int code = 0;

    if (getuid() == 0 && (setgid(65534) || setuid(65534)))
        return 1;
    if (relay_store_open(&store, &config, error))
        code = strstr(error, "a part of it is still in") ? 3 : 2;
    else if (relay_store_get_entry(store, 0, &entry) || !entry.evidence)
        code = 4;
    relay_store_close(store);
    return code;
}

static int in_another_process(const struct world *w)
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(read_without_rights(w));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void set_rights(const struct world *w, mode_t folder, mode_t file)
{
    static const char *const names[] = {"relay.db", "keys.db"};
    char path[160];

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", w->folder, names[i]);
        assert_int_equal(chmod(path, file), 0);
    }
    assert_int_equal(chmod(w->folder, folder), 0);
}

static void a_copy_that_cannot_be_written_is_read(void **state)
{
    struct world *w = *state;
    struct relay_store_entry entry = entry_of(0, 1);
    char path[160];

    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_entry(w->store, &entry));
    assert_ok(relay_store_commit(w->store));
    relay_store_close(w->store);
    w->store = NULL;
    set_rights(w, 0555, 0444);
    assert_int_equal(in_another_process(w), 0);
    set_rights(w, 0755, 0444);
    snprintf(path, sizeof path, "%s/relay.db-wal", w->folder); /* as of a copy while the relay ran */
    FILE *wal = fopen(path, "w");
    assert_non_null(wal);
    assert_true(fputs("a page", wal) >= 0);
    assert_int_equal(fclose(wal), 0);
    set_rights(w, 0555, 0444);
    assert_int_equal(in_another_process(w), 3);
    set_rights(w, 0700, 0600);
    assert_int_equal(remove(path), 0);
    world_open(w);
}

/* A second handle in this process must not take the first one's locks away: the reader that closes last would then
 * clear away a write-ahead log that is in use, and what is written into it afterwards is lost to everybody. */
static void a_reader_that_comes_and_goes_leaves_what_is_written_afterwards_readable(void **state)
{
    struct world *w = *state;
    struct relay_store_config config = {.folder = w->folder, .read_only = true};
    struct relay_store *beside = NULL;
    char error[RELAY_STORE_ERROR_MAX];

    assert_ok(relay_store_open(&beside, &config, error));
    for (int i = 0; i < 4; i++) {
        struct relay_store_entry entry = entry_of((uint64_t)i, 1);

        put(w, &entry);
        assert_int_equal(seen_by_another_process(w), i + 1);
    }
    relay_store_close(beside);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_committed_is_there_after_reopening),
        TEST(what_was_not_committed_is_gone_after_a_kill),
        TEST(a_commitment_stands_once_and_indices_have_no_gap),
        TEST(a_database_of_a_newer_version_is_refused),
        TEST(a_second_writer_is_refused_and_a_reader_is_not),
        TEST(a_folder_that_is_no_folder_is_named),
        TEST(nobody_else_may_read_the_files),
        TEST(a_log_whose_keys_are_lost_or_old_is_not_written_to),
        TEST(altered_or_moved_evidence_does_not_open),
        TEST(a_sessions_past_is_not_written_over),
        TEST(erasing_a_customer_leaves_leaves_and_takes_all_else),
        TEST(a_spare_key_that_was_given_away_is_never_given_to_another),
        TEST(a_store_that_closes_in_order_leaves_no_spare_key),
        TEST(who_was_erased_and_comes_again_gets_another_key),
        TEST(what_an_erasure_names_is_destroyed_and_its_number_used_up),
        TEST(sessions_that_have_not_ended_are_found_again),
        TEST(a_session_is_found_by_how_its_number_begins),
        TEST(a_full_disk_is_said_and_got_over),
        TEST(a_checkpoint_never_shrinks),
        TEST(a_copy_that_cannot_be_written_is_read),
        TEST(a_reader_that_comes_and_goes_leaves_what_is_written_afterwards_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
