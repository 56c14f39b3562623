/* SPDX-License-Identifier: Apache-2.0 */
/* What staff keep at the relay, as it lies on disk: whose it is, how long, and that erasing a person destroys it. */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/relay/store_world.h"

#define NOW INT64_C(1760000000000)

/* How often something sealed was opened. */
static unsigned opened;

int __real_crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
                                                      const unsigned char *c, unsigned long long clen,
                                                      const unsigned char *ad, unsigned long long adlen,
                                                      const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
                                                      const unsigned char *c, unsigned long long clen,
                                                      const unsigned char *ad, unsigned long long adlen,
                                                      const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
                                                      const unsigned char *c, unsigned long long clen,
                                                      const unsigned char *ad, unsigned long long adlen,
                                                      const unsigned char *npub, const unsigned char *k)
{
    opened++;
    return __real_crypto_aead_xchacha20poly1305_ietf_decrypt(m, mlen, nsec, c, clen, ad, adlen, npub, k);
}

/* A session with one entry, as each has that was opened. */
static void have_session(struct world *w, uint8_t sid, const char *ref, enum relay_store_state is)
{
    struct relay_store_session row = {.state = is, .created_unix_ms = NOW, .event_seq = 1};
    struct proto_log_leaf leaf = {PROTO_LOG_RELAY_EVENT, NOW / 1000, {sid, 7}};
    struct relay_store_entry entry = {.index = w->entries, .received_ms = NOW};

    memset(row.sid, sid, sizeof row.sid);
    memset(entry.sid, sid, sizeof entry.sid);
    snprintf(row.customer_ref, sizeof row.customer_ref, "%s", ref);
    assert_ok(proto_log_leaf_encode(entry.leaf, &leaf));
    entry.evidence = (const uint8_t *)"evidence";
    entry.evidence_len = 8;
    entry.evidence_line = "a line";
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_put_session(w->store, &row));
    assert_ok(relay_store_put_entry(w->store, &entry));
    assert_ok(relay_store_commit(w->store));
    w->entries++;
}

static enum proto_err keep(struct world *w, uint8_t sid, const char *text, int64_t time_ms, int64_t until_ms)
{
    struct relay_store_case one = {
        .time_ms = time_ms, .until_ms = until_ms, .sealed = (const uint8_t *)text, .len = strlen(text)};
    enum proto_err err;

    memset(one.sid, sid, sizeof one.sid);
    assert_ok(relay_store_begin(w->store));
    err = relay_store_put_case(w->store, &one);
    if (err)
        relay_store_rollback(w->store);
    else
        assert_ok(relay_store_commit(w->store));
    return err;
}

static enum proto_err add_text(void *context, const struct relay_store_case *one)
{
    strncat(context, (const char *)one->sealed, one->len);
    strcat(context, "|");
    return PROTO_OK;
}

static const char *cases_of(struct relay_store *store, const char *ref, int64_t now_ms)
{
    static char all[1024];

    all[0] = '\0';
    assert_ok(relay_store_each_case(store, ref, now_ms, 0, add_text, all));
    return all;
}

static void erase_entry(struct world *w, uint64_t index)
{
    uint64_t erased = 0;

    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_erase_range(w->store, index, index, &erased));
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_wipe(w->store));
}

/* Every byte of every file of the folder. */
static bool lies_on_disk(const struct world *w, const void *bytes, size_t len)
{
    DIR *folder = opendir(w->folder);
    bool found = false;
    char path[512];

    assert_non_null(folder);
    for (struct dirent *item; (item = readdir(folder));) {
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", w->folder, item->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || fstat(file, &info) || !S_ISREG(info.st_mode) || !info.st_size) {
            if (file >= 0)
                close(file);
            continue;
        }
        uint8_t *all = malloc((size_t)info.st_size);
        assert_int_equal(read(file, all, (size_t)info.st_size), info.st_size);
        found = found || memmem(all, (size_t)info.st_size, bytes, len);
        free(all);
        close(file);
    }
    closedir(folder);
    return found;
}

/* The stored bytes of the case of a session, as SQLite has them. */
static size_t raw_case(const struct world *w, uint8_t sid, uint8_t *out, size_t capacity)
{
    char path[128], sql[128];
    sqlite3 *db;
    sqlite3_stmt *row;
    size_t len;

    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    snprintf(
        sql, sizeof sql,
        "SELECT bytes FROM kept_case WHERE sid=X'%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x'",
        sid, sid, sid, sid, sid, sid, sid, sid, sid, sid, sid, sid, sid, sid, sid, sid);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    len = (size_t)sqlite3_column_bytes(row, 0);
    assert_true(len <= capacity);
    memcpy(out, sqlite3_column_blob(row, 0), len);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return len;
}

static void a_case_is_found_under_its_customer_newest_first(void **state)
{
    struct world *w = *state;

    have_session(w, 1, "Mrs Example", RELAY_STORE_ENDED);
    have_session(w, 2, "Mrs Example", RELAY_STORE_ENDED);
    have_session(w, 3, "Mr Other", RELAY_STORE_ENDED);
    assert_ok(keep(w, 1, "first visit", NOW, NOW + 1000));
    assert_ok(keep(w, 2, "draft", NOW + 5, NOW + 2000));
    assert_ok(keep(w, 2, "second visit", NOW + 6, NOW + 2000)); /* in the place of the draft */
    assert_ok(keep(w, 3, "another person", NOW, NOW + 1000));
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "second visit|first visit|");
    assert_string_equal(cases_of(w->store, "Mr Other", NOW), "another person|");
    assert_string_equal(cases_of(w->store, "", NOW), "");
    relay_store_close(w->store);
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "second visit|first visit|");
    assert_ok(keep(w, 2, "", NOW + 7, 0));
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "first visit|");
}

/* A page of what is kept costs what is on it: whoever asks for the last one has not the others opened. */
static void rows_before_the_first_that_is_asked_for_are_not_opened(void **state)
{
    enum { CASES = 9, FROM = 7 };
    struct world *w = *state;
    char all[256] = "", name[16];

    for (uint8_t i = 0; i < CASES; i++) {
        have_session(w, i + 1, "Mrs Example", RELAY_STORE_ENDED);
        snprintf(name, sizeof name, "visit %d", i);
        assert_ok(keep(w, i + 1, name, NOW + i, NOW + 1000));
    }
    opened = 0;
    assert_ok(relay_store_each_case(w->store, "Mrs Example", NOW, FROM, add_text, all));
    assert_string_equal(all, "visit 1|visit 0|");
    assert_int_equal(opened, CASES - FROM);
    assert_ok(relay_store_each_case(w->store, "Mrs Example", NOW, CASES, add_text, all));
    assert_ok(relay_store_each_case(w->store, "Mrs Example", NOW, UINT64_MAX, add_text, all));
    assert_string_equal(all, "visit 1|visit 0|");
    assert_int_equal(opened, CASES - FROM);
}

static void a_case_ends_with_its_time(void **state)
{
    struct world *w = *state;

    have_session(w, 1, "Mrs Example", RELAY_STORE_ENDED);
    have_session(w, 2, "Mrs Example", RELAY_STORE_ENDED);
    assert_ok(keep(w, 1, "old", NOW, NOW + 1000));
    assert_ok(keep(w, 2, "young", NOW, NOW + 5000));
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW + 1000), "young|");
    assert_ok(relay_store_begin(w->store));
    assert_ok(relay_store_expire_cases(w->store, NOW + 1000));
    assert_ok(relay_store_commit(w->store));
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "young|");
}

static void a_case_needs_a_session_with_a_reference(void **state)
{
    struct world *w = *state;

    have_session(w, 1, "", RELAY_STORE_LIVE);
    assert_int_equal(keep(w, 1, "whose?", NOW, NOW + 1000), PROTO_ERR_STATE);
    assert_int_equal(keep(w, 9, "of what?", NOW, NOW + 1000), PROTO_ERR_STATE);
}

static void erasing_a_person_leaves_no_byte_of_their_case(void **state)
{
    struct world *w = *state;
    uint8_t stored[256];
    size_t len;

    have_session(w, 1, "Mrs Example", RELAY_STORE_ENDED);
    have_session(w, 2, "Mr Other", RELAY_STORE_ENDED);
    assert_ok(keep(w, 1, "what was wrong at Mrs Example's", NOW, NOW + 1000));
    assert_ok(keep(w, 2, "another person", NOW, NOW + 1000));
    len = raw_case(w, 1, stored, sizeof stored);
    assert_true(lies_on_disk(w, stored, len)); /* the test can find it while it is there */
    assert_false(lies_on_disk(w, "what was wrong", 14));
    erase_entry(w, 0);
    assert_false(lies_on_disk(w, stored, len));
    assert_false(lies_on_disk(w, stored + 24, 16));
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "");
    assert_string_equal(cases_of(w->store, "Mr Other", NOW), "another person|");
    assert_int_equal(keep(w, 1, "once more", NOW, NOW + 1000), PROTO_ERR_STATE); /* what came too late */
}

/* A copy of the data that was put back has the case, but nobody has its key any more. */
static void a_copied_database_does_not_bring_an_erased_case_back(void **state)
{
    struct world *w = *state;
    char command[300];

    have_session(w, 1, "Mrs Example", RELAY_STORE_ENDED);
    assert_ok(keep(w, 1, "what was wrong", NOW, NOW + 1000));
    relay_store_close(w->store);
    snprintf(command, sizeof command, "cp %s/relay.db %s/copy", w->folder, w->folder);
    assert_int_equal(system(command), 0);
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    erase_entry(w, 0);
    relay_store_close(w->store);
    snprintf(command, sizeof command, "cp %s/copy %s/relay.db && rm -f %s/relay.db-*", w->folder, w->folder, w->folder);
    assert_int_equal(system(command), 0);
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "");
}

static void alter(struct world *w, const char *sql)
{
    char path[128];
    sqlite3 *db;

    relay_store_close(w->store);
    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
}

static void a_case_moved_to_another_session_does_not_open(void **state)
{
    struct world *w = *state;

    have_session(w, 1, "Mrs Example", RELAY_STORE_ENDED);
    have_session(w, 2, "Mrs Example", RELAY_STORE_ENDED);
    assert_ok(keep(w, 1, "first visit", NOW, NOW + 1000));
    assert_ok(keep(w, 2, "second visit", NOW, NOW + 1000));
    alter(w, "UPDATE kept_case SET bytes=(SELECT bytes FROM kept_case AS b WHERE "
             "b.sid=X'02020202020202020202020202020202') WHERE sid=X'01010101010101010101010101010101'");
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "second visit|");
}

static enum proto_err add_column(void *context, const uint8_t sid[RELAY_STORE_SID_BYTES], const char *column)
{
    (void)sid;
    strcat(strcat(context, column), "|");
    return PROTO_OK;
}

static void a_case_whose_times_were_altered_does_not_open_and_is_named(void **state)
{
    static const char *const rows[] = {"UPDATE kept_case SET until_ms=until_ms+1",
                                       "UPDATE kept_case SET until_ms=until_ms-1,time_ms=time_ms-1"};
    struct world *w = *state;

    have_session(w, 1, "Mrs Example", RELAY_STORE_ENDED);
    assert_ok(keep(w, 1, "first visit", NOW, NOW + 1000));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char columns[64] = "";
        assert_ok(relay_store_each_suspect_case(w->store, add_column, columns));
        assert_string_equal(columns, i ? "bytes|" : "");
        alter(w, rows[i]);
        columns[0] = '\0';
        assert_ok(relay_store_each_suspect_case(w->store, add_column, columns));
        assert_string_equal(columns, "bytes|");
        assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "");
    }
}

/* As an earlier program sealed it: bound to its session, and not to its times. */
static void a_case_of_an_earlier_program_still_opens(void **state)
{
    static const char text[] = "of before", bound_to[] = "handhold/1 case";
    enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES };
    uint8_t bound[sizeof bound_to + 16], key[32], sealed[NONCE + sizeof text - 1 + TAG] = {0};
    char hex[2 * sizeof sealed + 1], sql[2 * sizeof sealed + 64], path[128];
    struct world *w = *state;
    sqlite3_stmt *row;
    sqlite3 *db;

    have_session(w, 1, "Mrs Example", RELAY_STORE_ENDED);
    assert_ok(keep(w, 1, "first visit", NOW, NOW + 1000));
    relay_store_close(w->store);
    snprintf(path, sizeof path, "%s/keys.db", w->folder);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT key FROM dek WHERE name='customer:Mrs Example'", -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(row, 0), sizeof key);
    memcpy(key, sqlite3_column_blob(row, 0), sizeof key);
    sqlite3_finalize(row);
    sqlite3_close(db);
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
    memcpy(bound, bound_to, sizeof bound_to);
    memset(bound + sizeof bound_to, 1, 16);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, (const uint8_t *)text, sizeof text - 1, bound,
                                               sizeof bound, NULL, sealed, key);
    snprintf(sql, sizeof sql, "UPDATE kept_case SET bytes=X'%s'",
             sodium_bin2hex(hex, sizeof hex, sealed, sizeof sealed));
    alter(w, sql);
    assert_string_equal(cases_of(w->store, "Mrs Example", NOW), "of before|");
}

struct counted {
    uint64_t first, last, rows;
};

static enum proto_err add_count(void *context, uint64_t id, const uint8_t *sealed, size_t len)
{
    struct counted *c = context;

    assert_memory_equal(sealed, "count", len);
    c->first = c->first ? c->first : id;
    c->last = id;
    c->rows++;
    return PROTO_OK;
}

static void counts_are_read_from_where_one_was_and_the_oldest_go(void **state)
{
    struct world *w = *state;
    struct counted all = {0}, rest = {0};

    assert_ok(relay_store_begin(w->store));
    for (int i = 0; i < RELAY_STORE_COUNTS + 7; i++)
        assert_ok(relay_store_add_count(w->store, (const uint8_t *)"count", 5));
    assert_int_equal(relay_store_add_count(w->store, (const uint8_t *)"", 0), PROTO_ERR_RANGE);
    assert_ok(relay_store_commit(w->store));
    assert_ok(relay_store_each_count(w->store, 0, add_count, &all));
    assert_int_equal(all.rows, RELAY_STORE_COUNTS);
    assert_int_equal(all.first, 8);
    assert_ok(relay_store_each_count(w->store, all.last - 1, add_count, &rest));
    assert_int_equal(rest.rows, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_case_is_found_under_its_customer_newest_first),
        TEST(rows_before_the_first_that_is_asked_for_are_not_opened),
        TEST(a_case_ends_with_its_time),
        TEST(a_case_needs_a_session_with_a_reference),
        TEST(erasing_a_person_leaves_no_byte_of_their_case),
        TEST(a_copied_database_does_not_bring_an_erased_case_back),
        TEST(a_case_moved_to_another_session_does_not_open),
        TEST(a_case_whose_times_were_altered_does_not_open_and_is_named),
        TEST(a_case_of_an_earlier_program_still_opens),
        TEST(counts_are_read_from_where_one_was_and_the_oldest_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
