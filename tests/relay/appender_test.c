/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "proto/consent/erasure.h"
#include "proto/consent/evidence.h"
#include "proto/seal/base64.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "relay/log/appender.h"
#include "relay/log/ended.h"
#include "relay/store/inside.h"
#include "tests/scratch.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
#define ORIGIN "relay.example/audit/acme"

struct world {
    char folder[64], checkpoint_file[96];
    struct proto_random_seeded seeded;
    struct relay_store_config store_config;
    struct relay_appender_config config;
    struct relay_store *store;
    struct relay_appender *appender;
    uint8_t seed[32];
    char vkey[256], error[RELAY_STORE_ERROR_MAX];
    int woken; /* eventfd */
    struct proto_log_seen seen;
};

static int64_t clock_of(void *context)
{
    (void)context;
    return 1760000039123;
}

static void wake(void *context)
{
    struct world *w = context;
    uint64_t one = 1;

    assert_int_equal(write(w->woken, &one, sizeof one), sizeof one);
}

static void make_vkey(struct world *w)
{
    uint8_t public_key[32], secret_key[64];
    struct proto_note_key key;
    struct proto_buf vkey;

    proto_sign_keypair(public_key, secret_key, w->seed);
    assert_ok(proto_note_key_init(&key, ORIGIN, public_key));
    proto_buf_init(&vkey, sizeof w->vkey);
    proto_note_key_format(&key, &vkey);
    snprintf(w->vkey, sizeof w->vkey, "%.*s", (int)vkey.len, vkey.bytes);
    proto_buf_free(&vkey);
}

static void world_open(struct world *w)
{
    assert_ok(relay_store_open(&w->store, &w->store_config, w->error));
    w->config.store = w->store;
    assert_ok(relay_appender_start(&w->appender, &w->config, w->error));
}

static void world_close(struct world *w)
{
    relay_appender_free(w->appender);
    relay_store_close(w->store);
    w->appender = NULL;
    w->store = NULL;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    snprintf(w->folder, sizeof w->folder, "%s/handhold-log-XXXXXX", scratch_parent());
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->checkpoint_file, sizeof w->checkpoint_file, "%s/checkpoint", w->folder);
    memset(w->seed, 3, sizeof w->seed);
    proto_random_seeded_init(&w->seeded, w->seed);
    make_vkey(w);
    w->woken = eventfd(0, 0);
    w->store_config = (struct relay_store_config){.folder = w->folder, .random = proto_random_from_seeded(&w->seeded)};
    w->config = (struct relay_appender_config){.seed = w->seed,
                                               .origin = ORIGIN,
                                               .checkpoint_file = w->checkpoint_file,
                                               .unix_ms = clock_of,
                                               .wake = wake,
                                               .context = w};
    world_open(w);
    *state = w;
    return 0;
}

static void empty_folder(const char *name)
{
    DIR *folder = opendir(name);
    char path[512];

    for (struct dirent *file; folder && (file = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", name, file->d_name);
        unlink(path);
    }
    closedir(folder);
}

static int teardown(void **state)
{
    struct world *w = *state;

    world_close(w);
    close(w->woken);
    empty_folder(w->folder);
    rmdir(w->folder);
    free(w);
    return 0;
}

/* A job whose every field follows from `n`. */
static struct relay_job job_of(uint64_t n, uint64_t seen_size)
{
    static _Thread_local uint8_t evidence[32];
    struct relay_job job = {.ticket = n, .has_entry = true, .kind = PROTO_LOG_STATEMENT, .seen_size = seen_size};

    memcpy(job.commitment, &n, sizeof n);
    job.commitment[31] = 1;
    memcpy(evidence, &n, sizeof n);
    job.evidence = evidence;
    job.evidence_len = sizeof evidence;
    job.sid[0] = (uint8_t)(n % 5);
    return job;
}

static enum proto_err check(struct world *w, const struct relay_job *job, const struct relay_result *result,
                            const struct proto_log_seen *seen, struct proto_log_seen *now)
{
    struct proto_log_verifier verifier;
    uint8_t hash[32];

    proto_sha256(hash, job->evidence, job->evidence_len);
    assert_ok(proto_log_verifier_init(&verifier, w->vkey));
    return proto_log_receipt_check(&result->receipt, job->commitment, job->kind, hash, &verifier, seen, now);
}

static void add_many(struct world *w, uint64_t from, uint64_t to, uint64_t group)
{
    static struct relay_result result;

    for (uint64_t n = from; n < to; n += group) {
        struct proto_log_seen before = w->seen;
        for (uint64_t i = n; i < n + group && i < to; i++) {
            struct relay_job job = job_of(i, before.size);
            assert_ok(relay_appender_push(w->appender, &job));
        }
        assert_false(relay_appender_take_result(w->appender, &result)); /* nothing before the commit */
        assert_true(relay_appender_step(w->appender));
        for (uint64_t i = n; i < n + group && i < to; i++) {
            struct relay_job job = job_of(i, before.size);
            assert_true(relay_appender_take_result(w->appender, &result));
            assert_int_equal(result.ticket, i);
            assert_ok(result.err);
            assert_int_equal(result.receipt.index, i);
            assert_false(result.known);
            assert_ok(check(w, &job, &result, &before, &w->seen));
        }
    }
}

static void thousand_leaves_are_each_proved(void **state)
{
    struct world *w = *state;
    struct proto_log_hashes proof;
    struct proto_log_seen head;
    struct relay_store_entry entry;
    uint8_t hash[32];

    add_many(w, 0, 3, 1);
    add_many(w, 3, 700, 41);
    world_close(w); /* the tree's edge comes back from the tiles */
    world_open(w);
    add_many(w, 700, 1100, 300); /* a group that fills more than one tile */
    relay_appender_head(w->appender, &head);
    assert_int_equal(head.size, 1100);
    for (uint64_t i = 0; i < head.size; i++) {
        assert_ok(relay_store_get_entry(w->store, i, &entry));
        proto_log_leaf_hash(hash, entry.leaf);
        assert_ok(relay_log_inclusion(w->store, i, head.size, &proof));
        assert_ok(proto_log_check_inclusion(hash, i, head.size, head.root, &proof));
    }
    assert_ok(relay_log_consistency(w->store, 257, head.size, &proof));
}

static void a_known_commitment_gets_the_same_index_again(void **state)
{
    struct world *w = *state;
    static struct relay_result first, again;
    struct relay_job job;
    struct proto_log_seen none = {0, {0}}, now;

    add_many(w, 0, 10, 3);
    job = job_of(4, 0);
    assert_ok(relay_appender_push(w->appender, &job));
    job = job_of(50, 0);
    assert_ok(relay_appender_push(w->appender, &job));
    assert_ok(relay_appender_push(w->appender, &job)); /* twice in one group */
    job = job_of(4, 0);
    job.kind = PROTO_LOG_AGENT_EVENT;
    assert_ok(relay_appender_push(w->appender, &job));
    assert_true(relay_appender_step(w->appender));
    assert_true(relay_appender_take_result(w->appender, &first));
    assert_true(first.known);
    assert_int_equal(first.receipt.index, 4);
    job = job_of(4, 0);
    assert_ok(check(w, &job, &first, &none, &now));
    assert_int_equal(now.size, 11);
    assert_true(relay_appender_take_result(w->appender, &first));
    assert_true(relay_appender_take_result(w->appender, &again));
    assert_int_equal(first.receipt.index, 10);
    assert_false(first.known);
    assert_int_equal(again.receipt.index, 10);
    assert_true(again.known);
    assert_true(relay_appender_take_result(w->appender, &again));
    assert_int_equal(again.err, PROTO_ERR_STATE);
}

static void a_session_row_and_its_entry_are_written_together(void **state)
{
    struct world *w = *state;
    struct relay_store_session row = {.state = RELAY_STORE_LIVE, .event_seq = 4}, back;
    static struct relay_result result;
    struct relay_job job = job_of(0, 0);
    struct proto_log_seen head;

    job.session = &row;
    assert_ok(relay_appender_push(w->appender, &job));
    job.has_entry = false;
    row.event_seq = 5;
    assert_ok(relay_appender_push(w->appender, &job));
    row.state = (enum relay_store_state)77;
    assert_ok(relay_appender_push(w->appender, &job));
    job.session = NULL;
    assert_int_equal(relay_appender_push(w->appender, &job), PROTO_ERR_RANGE);
    assert_true(relay_appender_step(w->appender));
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_ok(result.err);
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_ok(result.err);
    assert_false(result.has_entry);
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_int_equal(result.err, PROTO_ERR_RANGE); /* its own fault, not the group's */
    row.state = RELAY_STORE_WAITING;               /* opened anew under the number of one that is there */
    row.event_seq = 1;
    job = job_of(1, 0);
    job.session = &row;
    assert_ok(relay_appender_push(w->appender, &job));
    assert_true(relay_appender_step(w->appender));
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_int_equal(result.err, PROTO_ERR_STATE);
    assert_ok(relay_store_get_session(w->store, row.sid, &back));
    assert_int_equal(back.event_seq, 5);
    assert_int_equal(back.state, RELAY_STORE_LIVE);
    relay_appender_head(w->appender, &head);
    assert_int_equal(head.size, 1); /* nor is the entry there */
}

static void who_has_seen_a_longer_log_is_told(void **state)
{
    struct world *w = *state;
    static struct relay_result result;
    struct relay_job job = job_of(0, 1);

    assert_ok(relay_appender_push(w->appender, &job));
    assert_true(relay_appender_step(w->appender));
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_int_equal(result.err, PROTO_ERR_LOG);
    add_many(w, 0, 2, 1);
}

static void what_says_another_time_than_its_leaf_is_not_taken(void **state)
{
    static const struct {
        int64_t off_s;
        enum proto_err err;
    } notes[] = {{RELAY_APPENDER_DATED_S, PROTO_OK},
                 {-RELAY_APPENDER_DATED_S, PROTO_OK},
                 {RELAY_APPENDER_DATED_S + 1, PROTO_ERR_CLOCK},
                 {-RELAY_APPENDER_DATED_S - 1, PROTO_ERR_CLOCK}};
    struct world *w = *state;
    static struct relay_result result;

    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct relay_job job = job_of(i, 0);
        job.dated_ms = clock_of(w) + notes[i].off_s * 1000;
        assert_ok(relay_appender_push(w->appender, &job));
        assert_true(relay_appender_step(w->appender));
        assert_true(relay_appender_take_result(w->appender, &result));
        assert_int_equal(result.err, notes[i].err);
    }
    struct relay_job known = job_of(0, 0); /* it is in the log: the answer is the same again */
    known.dated_ms = 1;
    assert_ok(relay_appender_push(w->appender, &known));
    assert_true(relay_appender_step(w->appender));
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_ok(result.err);
}

/* The page of relay.db on which this table begins is not one any more. */
static void spoil_table(const struct world *w, const char *table)
{
    char path[96], sql[128], page[4096];
    sqlite3_stmt *row;
    sqlite3 *db;

    memset(page, 0x5a, sizeof page);
    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name='%s'", table);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    long at = (sqlite3_column_int(row, 0) - 1) * (long)sizeof page;
    sqlite3_finalize(row);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    FILE *file = fopen(path, "r+be");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(page, sizeof page, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

/* Notes of sessions that are known still go into the log; that does not make it whole. */
static void a_damaged_database_is_not_writable_again(void **state)
{
    struct world *w = *state;
    static struct relay_result result;
    struct relay_store_session row = {.sid = {9}, .state = RELAY_STORE_WAITING, .created_unix_ms = 1, .event_seq = 1};
    struct relay_job begins = job_of(20, 0);

    add_many(w, 0, 20, 4);
    world_close(w);
    spoil_table(w, "session");
    world_open(w);
    assert_true(relay_appender_is_writable(w->appender));
    begins.session = &row;
    memcpy(begins.sid, row.sid, sizeof begins.sid);
    assert_ok(relay_appender_push(w->appender, &begins));
    assert_true(relay_appender_step(w->appender));
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_int_equal(result.err, PROTO_ERR_IO);
    assert_non_null(strstr(result.text, "relay.db: damaged, or not a database"));
    assert_non_null(strstr(result.text, "--restore"));
    add_many(w, 20, 24, 4);
    assert_false(relay_appender_is_writable(w->appender));
    assert_true(relay_appender_is_damaged(w->appender));
}

static void a_full_disk_fails_the_group_and_the_next_goes_on(void **state)
{
    struct world *w = *state;
    static struct relay_result result;
    struct proto_log_seen before, after;
    uint64_t n = 20, failed = 0;

    add_many(w, 0, 20, 4);
    relay_store_set_max_pages(w->store, 30);
    while (!failed && n < 3000) {
        relay_appender_head(w->appender, &before);
        for (uint64_t i = n; i < n + 50; i++) {
            struct relay_job job = job_of(i, 0);
            assert_ok(relay_appender_push(w->appender, &job));
        }
        assert_true(relay_appender_step(w->appender));
        for (uint64_t i = 0; i < 50; i++) {
            assert_true(relay_appender_take_result(w->appender, &result));
            failed += result.err == PROTO_ERR_IO;
        }
        n += failed ? 0 : 50;
    }
    assert_int_equal(failed, 50); /* the whole group, not a part of it */
    assert_non_null(strstr(result.text, "disk is full"));
    relay_appender_head(w->appender, &after);
    assert_int_equal(after.size, before.size);
    assert_int_equal(after.size, n);
    w->seen = after;
    relay_store_set_max_pages(w->store, 0);
    add_many(w, n, n + 400, 100); /* the same jobs and more; every receipt continues what was seen */
    world_close(w);
    world_open(w);
}

static void a_full_disk_still_logs_what_ends(void **state)
{
    struct world *w = *state;
    static struct relay_result result;
    struct relay_job job;
    struct proto_log_seen head;

    add_many(w, 0, 4, 4);
    relay_store_set_max_pages(w->store, RELAY_STORE_RESERVE_BYTES / 4096 + 24); /* 24 beside the reserve */
    for (uint64_t n = 4, full = 0; !full; n++) {
        job = job_of(n, 0);
        assert_ok(relay_appender_push(w->appender, &job));
        assert_true(relay_appender_step(w->appender));
        assert_true(relay_appender_take_result(w->appender, &result));
        full = result.err == PROTO_ERR_IO;
    }
    relay_appender_head(w->appender, &head);
    for (uint64_t i = 0; i < 100; i++) { /* one that begins beside each one that ends */
        job = job_of(10000 + 2 * i, 0);
        assert_ok(relay_appender_push(w->appender, &job));
        job = job_of(10001 + 2 * i, 0);
        job.closing = true;
        assert_ok(relay_appender_push(w->appender, &job));
        assert_true(relay_appender_step(w->appender));
        assert_true(relay_appender_take_result(w->appender, &result));
        assert_int_equal(result.err, PROTO_ERR_IO);
        assert_non_null(strstr(result.text, "disk is full"));
        assert_true(relay_appender_take_result(w->appender, &result));
        assert_ok(result.err);
        assert_int_equal(result.receipt.index, head.size + i);
    }
    relay_store_set_max_pages(w->store, 0);
    w->seen = (struct proto_log_seen){0, {0}};
    add_many(w, head.size + 100, head.size + 110, 5);
}

static void the_queue_is_bounded_and_keeps_places_for_endings(void **state)
{
    struct world *w = *state;
    static struct relay_result result;
    struct relay_job job = job_of(0, 0);
    uint64_t n = 0;

    for (; n < RELAY_APPENDER_JOBS_MAX; n++) {
        job = job_of(n, 0);
        assert_ok(relay_appender_push(w->appender, &job));
    }
    assert_int_equal(relay_appender_push(w->appender, &job), PROTO_ERR_FULL);
    for (; n < RELAY_APPENDER_JOBS_MAX + RELAY_APPENDER_CLOSING_MAX; n++) {
        job = job_of(n, 0);
        job.closing = true;
        assert_ok(relay_appender_push(w->appender, &job));
    }
    assert_int_equal(relay_appender_push(w->appender, &job), PROTO_ERR_FULL);
    assert_true(relay_appender_step(w->appender));
    assert_int_equal(relay_appender_push(w->appender, &job), PROTO_ERR_FULL); /* untaken results count */
    for (uint64_t i = 0; i < n; i++)
        assert_true(relay_appender_take_result(w->appender, &result));
    assert_false(relay_appender_take_result(w->appender, &result));
}

static void copy_files(const char *from, const char *to)
{
    char command[512];

    snprintf(command, sizeof command, "mkdir -p %s && cp %s/relay.db* %s/keys.db* %s/", to, from, from, to);
    assert_int_equal(system(command), 0);
}

static void copy_checkpoint(const char *from, const char *to)
{
    char command[512];

    snprintf(command, sizeof command, "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
}

/* Starts on whatever is in the folder, and expects to be refused with `words`. */
static void expect_refusal(struct world *w, const char *words)
{
    assert_ok(relay_store_open(&w->store, &w->store_config, w->error));
    w->config.store = w->store;
    assert_int_equal(relay_appender_start(&w->appender, &w->config, w->error), PROTO_ERR_LOG);
    assert_null(w->appender);
    if (!strstr(w->error, words))
        fail_msg("%s", w->error);
    relay_store_close(w->store);
    w->store = NULL;
}

static void an_old_copy_that_is_put_back_is_refused(void **state)
{
    struct world *w = *state;
    char old[96], early[128], aside[128];

    snprintf(old, sizeof old, "%s-old", w->folder);
    snprintf(early, sizeof early, "%s/early", w->folder);
    snprintf(aside, sizeof aside, "%s/aside", w->folder);
    add_many(w, 0, 5, 1);
    world_close(w);
    copy_files(w->folder, old);
    copy_checkpoint(w->checkpoint_file, early);
    world_open(w);
    add_many(w, 5, 9, 1);
    world_close(w);
    copy_files(old, w->folder);
    expect_refusal(w, "old copy");
    assert_int_equal(rename(w->checkpoint_file, aside), 0);
    expect_refusal(w, "is missing");
    copy_checkpoint(early, w->checkpoint_file);
    world_open(w); /* with the file of then nobody remembers */
    for (uint64_t n = 100; n < 110; n++) {
        struct relay_job job = job_of(n, 0);
        assert_ok(relay_appender_push(w->appender, &job));
    }
    world_close(w); /* writes what was pushed: another history, longer than the first */
    assert_int_equal(rename(aside, w->checkpoint_file), 0);
    expect_refusal(w, "another log");
    copy_checkpoint(early, w->checkpoint_file);
    empty_folder(old);
    rmdir(old);
    world_open(w);
}

static void a_log_that_was_tampered_with_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const edits[][2] = {
        {"UPDATE tile SET hashes=CAST(zeroblob(length(hashes)) AS BLOB)", "root"},
        {"DELETE FROM tile", "cannot be read"},
        {"DELETE FROM entry WHERE idx=4", "missing"},
        {"DELETE FROM checkpoint", "more entries"},
        {"UPDATE checkpoint SET note=replace(note,'acme','evil')", "not signed"},
    };
    char path[96], keep[96];

    add_many(w, 0, 5, 1);
    world_close(w);
    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    snprintf(keep, sizeof keep, "%s-keep", w->folder);
    copy_files(w->folder, keep);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        sqlite3 *db;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, edits[i][0], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        expect_refusal(w, edits[i][1]);
        copy_files(keep, w->folder);
    }
    w->seed[0] ^= 1; /* another key */
    expect_refusal(w, "not signed");
    w->seed[0] ^= 1;
    empty_folder(keep);
    rmdir(keep);
    world_open(w);
}

static void events_are_signed_under_their_own_name(void **state)
{
    struct world *w = *state;
    struct proto_note_key log_key, key;
    struct proto_buf note;

    proto_buf_init(&note, 4096);
    assert_ok(relay_appender_sign_event(w->appender, "handhold/1 event\n", &note));
    assert_ok(proto_note_key_parse(&log_key, w->vkey, strlen(w->vkey)));
    assert_ok(proto_note_key_init(&key, ORIGIN "/events", log_key.public_key));
    assert_ok(proto_note_verify(note.bytes, note.len, &key, 1, NULL, NULL));
    assert_int_equal(proto_note_verify(note.bytes, note.len, &log_key, 1, NULL, NULL), PROTO_ERR_SIGNATURE);
    proto_buf_free(&note);
}

static void a_thread_writes_what_the_loop_pushes(void **state)
{
    struct world *w = *state;
    static struct relay_result result;
    struct proto_log_seen none = {0, {0}}, now, head;
    uint64_t pushed = 0, taken = 0, total = 2000;

    world_close(w);
    w->config.threaded = true;
    world_open(w);
    while (taken < total) {
        struct pollfd pfd = {w->woken, POLLIN, 0};
        while (pushed < total) {
            struct relay_job job = job_of(pushed, 0);
            if (relay_appender_push(w->appender, &job) != PROTO_OK)
                break;
            pushed++;
        }
        assert_int_equal(poll(&pfd, 1, 20000), 1);
        uint64_t count;
        assert_int_equal(read(w->woken, &count, sizeof count), sizeof count);
        while (relay_appender_take_result(w->appender, &result)) {
            struct relay_job job = job_of(taken, 0);
            assert_ok(result.err);
            assert_int_equal(result.ticket, taken);
            assert_int_equal(result.receipt.index, taken);
            if (taken % 50 == 0)
                assert_ok(check(w, &job, &result, &none, &now));
            taken++;
        }
        relay_appender_head(w->appender, &head);
        assert_true(head.size >= taken);
    }
    world_close(w);
    w->config.threaded = false;
    world_open(w);
    relay_appender_head(w->appender, &head);
    assert_int_equal(head.size, total);
}

/* All of them in one group. */
static void push_group(struct world *w, const uint64_t *jobs, size_t count)
{
    relay_appender_expect(w->appender, true);
    for (size_t i = 0; i < count; i++) {
        struct relay_job job = job_of(jobs[i], 0);
        assert_ok(relay_appender_push(w->appender, &job));
    }
    relay_appender_expect(w->appender, false);
}

static void take_group(struct world *w, size_t count, struct relay_result *results)
{
    uint64_t groups;

    for (size_t taken = 0; taken < count;) {
        assert_int_equal(read(w->woken, &groups, sizeof groups), sizeof groups);
        while (taken < count && relay_appender_take_result(w->appender, &results[taken]))
            taken++;
    }
}

/* What is signed ahead is for a group in which everything is new. */
static void a_thread_signs_for_a_group_as_it_became(void **state)
{
    enum { GROUPS = 30, OF_A_GROUP = 5 };
    struct world *w = *state;
    static struct relay_result results[OF_A_GROUP];
    const struct proto_log_seen none = {0, {0}};
    struct proto_log_seen now;

    add_many(w, 0, 2, 2);
    world_close(w);
    w->config.threaded = true;
    world_open(w);
    for (uint64_t group = 0; group < GROUPS; group++) {
        uint64_t last = group + 2; /* one new entry among four that are known */
        const uint64_t jobs[OF_A_GROUP] = {0, last, 1, last, 0};
        push_group(w, jobs, OF_A_GROUP);
        take_group(w, OF_A_GROUP, results);
        for (size_t i = 0; i < OF_A_GROUP; i++) {
            struct relay_job job = job_of(jobs[i], 0);
            assert_ok(results[i].err);
            assert_int_equal(results[i].known, i != 1);
            assert_int_equal(results[i].receipt.index, jobs[i]);
            assert_ok(check(w, &job, &results[i], &none, &now));
            assert_int_equal(now.size, last + 1);
        }
    }
    world_close(w);
    w->config.threaded = false;
    world_open(w);
}

/* One thread folds while another appends: neither may keep the other from it for good. */
static void the_write_ahead_log_begins_anew_under_a_load_that_does_not_pause(void **state)
{
    enum { JOBS = 12000, WINDOW = 400, WAL_MAX_BYTES = 3 * 8000 * 4096 };
    struct world *w = *state;
    static uint8_t evidence[3000];
    static struct relay_result result;
    uint64_t pushed = 0, taken = 0, count;
    char path[96];
    struct stat about;

    world_close(w);
    w->config.threaded = true;
    world_open(w);
    while (taken < JOBS) {
        for (; pushed < JOBS && pushed - taken < WINDOW; pushed++) {
            struct relay_job job = job_of(pushed, 0);
            job.evidence = evidence;
            job.evidence_len = sizeof evidence;
            assert_ok(relay_appender_push(w->appender, &job));
        }
        assert_int_equal(read(w->woken, &count, sizeof count), sizeof count);
        for (; relay_appender_take_result(w->appender, &result); taken++)
            assert_ok(result.err);
    }
    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    assert_int_equal(stat(path, &about), 0);
    assert_true(about.st_size > 8 << 20); /* much was folded */
    snprintf(path, sizeof path, "%s/relay.db-wal", w->folder);
    assert_int_equal(stat(path, &about), 0);
    assert_true(about.st_size < WAL_MAX_BYTES);
    world_close(w);
    w->config.threaded = false;
    world_open(w);
}

/* Pages that SQLite had to fetch and steps that its statements took, since the store was opened. */
static void count_reading(const struct relay_store *store, int *pages, int *steps)
{
    sqlite3 *const files[] = {store->data, store->keys};
    int highest;

    *pages = *steps = 0;
    for (size_t i = 0; i < 2; i++) {
        int missed = 0;
        assert_int_equal(sqlite3_db_status(files[i], SQLITE_DBSTATUS_CACHE_MISS, &missed, &highest, 0), SQLITE_OK);
        *pages += missed;
    }
    for (size_t i = 0; i < STORE_STATEMENT_COUNT; i++)
        if (store->statements[i])
            *steps += sqlite3_stmt_status(store->statements[i], SQLITE_STMTSTATUS_VM_STEP, 0);
}

/* A log that begins is opened, and one that is sixteen times as long; after a proper end, and after a crash. */
static void opening_reads_no_more_of_a_long_log_than_of_a_short_one(void **state)
{
    enum { SHORT = 300, LONG = 4800, DEEPER_PAGES = 6 };
    struct world *w = *state;
    int pages[2][2], steps[2][2];

    for (int is_long = 0; is_long < 2; is_long++) {
        add_many(w, is_long ? SHORT : 0, is_long ? LONG : SHORT, 100);
        for (int crashed = 0; crashed < 2; crashed++) {
            if (crashed) { /* the keys that were given away have no name yet */
                char copy[80], kept[96];
                snprintf(copy, sizeof copy, "%s-crashed", w->folder);
                snprintf(kept, sizeof kept, "%s/checkpoint", copy);
                assert_int_equal(mkdir(copy, 0700), 0);
                copy_files(w->folder, copy);
                copy_checkpoint(w->checkpoint_file, kept);
                world_close(w);
                empty_folder(w->folder);
                copy_files(copy, w->folder);
                copy_checkpoint(kept, w->checkpoint_file);
                empty_folder(copy);
                rmdir(copy);
            } else {
                world_close(w);
            }
            world_open(w);
            count_reading(w->store, &pages[is_long][crashed], &steps[is_long][crashed]);
        }
    }
    for (int crashed = 0; crashed < 2; crashed++) {
        assert_in_range(pages[1][crashed], 1, pages[0][crashed] + DEEPER_PAGES);
        assert_in_range(steps[1][crashed], 1, steps[0][crashed]);
    }
}

/* With a note, as a relay erases. */
static void erase(struct world *w, uint64_t first, uint64_t last)
{
    static struct relay_result result;
    struct proto_erasure erasure = {
        .seq = 1, .first = true, .unix_s = 1760000039, .retention = true, .ranges = {{first, last}}, .count = 1};
    struct proto_evidence evidence = {.count = 1};
    struct proto_buf text, note, plain;

    snprintf(erasure.basis, sizeof erasure.basis, "policy 1: kept for 30 days");
    snprintf(erasure.log, sizeof erasure.log, ORIGIN);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&plain, PROTO_MAX_EVIDENCE_BYTES);
    assert_ok(proto_erasure_write(&erasure, &text));
    proto_buf_put_u8(&text, 0);
    assert_ok(relay_appender_sign_event(w->appender, (const char *)text.bytes, &note));
    evidence.notes[0] = (struct proto_evidence_note){note.bytes, note.len};
    assert_ok(proto_evidence_write(&evidence, &plain));
    struct relay_job job = {.ticket = 1,
                            .has_entry = true,
                            .kind = PROTO_LOG_ERASURE,
                            .evidence = plain.bytes,
                            .evidence_len = plain.len,
                            .erase = erasure.ranges,
                            .erase_count = 1};
    proto_log_commit(job.commitment, evidence.r, note.bytes, note.len);
    assert_ok(relay_appender_push(w->appender, &job));
    assert_true(relay_appender_step(w->appender));
    assert_true(relay_appender_take_result(w->appender, &result));
    assert_ok(result.err);
    assert_int_equal(result.erased, last - first + 1);
    proto_buf_free(&text);
    proto_buf_free(&note);
    proto_buf_free(&plain);
}

/* Steps of statements that a start takes to see that what was erased is gone. */
static int steps_of_a_start(struct world *w, uint64_t *erased)
{
    int pages, steps;

    world_close(w);
    world_open(w);
    *erased = 0;
    assert_ok(log_erase_again(w->store, ORIGIN, erased));
    count_reading(w->store, &pages, &steps);
    return steps;
}

static void a_start_looks_at_what_was_erased_once_and_again_beside_older_keys(void **state)
{
    enum { ENTRIES = 400 };
    static struct relay_result result;
    struct world *w = *state;
    char keys[96], command[256];
    uint64_t erased;

    for (uint64_t n = 0; n < ENTRIES; n++) {
        struct relay_job job = job_of(n, 0);
        job.sid[0] = (uint8_t)(n % 5 + 1);
        assert_ok(relay_appender_push(w->appender, &job));
        assert_true(relay_appender_step(w->appender));
        assert_true(relay_appender_take_result(w->appender, &result));
    }
    snprintf(keys, sizeof keys, "%s-keys", w->folder);
    world_close(w);
    snprintf(command, sizeof command, "cp %s/keys.db %s", w->folder, keys);
    assert_int_equal(system(command), 0);
    world_open(w);
    erase(w, 0, ENTRIES - 1);
    int all = steps_of_a_start(w, &erased); /* nothing was noted yet: each entry is looked at */
    assert_int_equal(erased, 0);
    int none = steps_of_a_start(w, &erased);
    assert_true(none + ENTRIES < all);
    world_close(w);
    snprintf(command, sizeof command, "mv %s %s/keys.db; rm -f %s/keys.db-*", keys, w->folder, w->folder);
    assert_int_equal(system(command), 0);
    world_open(w);
    assert_false(relay_store_is_erased(w->store, 0, ENTRIES - 1)); /* the keys are back */
    assert_true(steps_of_a_start(w, &erased) > none + ENTRIES);
    assert_true(relay_store_is_erased(w->store, 0, ENTRIES - 1));
}

/* By hand, evidence of an entry and the row of a session that began with another. */
static void put_back(struct world *w, uint64_t entry, uint64_t first)
{
    char path[512], sql[512];
    sqlite3 *db;

    world_close(w);
    snprintf(path, sizeof path, "%s/relay.db", w->folder);
    snprintf(sql, sizeof sql,
             "UPDATE entry SET evidence=x'0102' WHERE idx=%llu;"
             "INSERT INTO session SELECT sid,3,'',zeroblob(32),'','','','','',1,1,zeroblob(32),0,zeroblob(32),'',x''"
             " FROM begun WHERE first=%llu",
             (unsigned long long)entry, (unsigned long long)first);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    world_open(w);
}

static void what_is_put_back_into_the_newest_databases_goes_at_the_next_start(void **state)
{
    enum { ENTRIES = 200, FEW = 5 };
    static struct relay_result result;
    struct world *w = *state;
    uint64_t erased, rows;

    for (uint64_t n = 0; n < ENTRIES; n++) {
        struct relay_job job = job_of(n, 0);
        job.sid[0] = (uint8_t)(n / 5 + 1);
        assert_ok(relay_appender_push(w->appender, &job));
        assert_true(relay_appender_step(w->appender));
        assert_true(relay_appender_take_result(w->appender, &result));
    }
    for (int many = 0; many < 2; many++) {
        erase(w, many ? FEW : 0, many ? ENTRIES - 1 : FEW - 1);
        (void)steps_of_a_start(w, &erased);
        assert_int_equal(erased, 0);
        put_back(w, many ? 77 : 3, many ? 100 : 0);
        (void)steps_of_a_start(w, &erased);
        assert_int_equal(erased, 1);
        assert_ok(relay_store_count_sessions(w->store, &rows));
        assert_int_equal(rows, 0);
        assert_true(relay_store_is_erased(w->store, 0, many ? ENTRIES - 1 : FEW - 1));
    }
}

static void a_log_in_memory_works_the_same(void **state)
{
    struct world *w = *state;

    world_close(w);
    w->store_config.folder = NULL;
    w->config.checkpoint_file = NULL;
    world_open(w);
    add_many(w, 0, 300, 7);
}

/* ---- witnesses ---- */

/* A witness's line under a checkpoint: u64 time, signature over "cosignature/v1", time and text. */
static void cosign(const char *name, uint8_t secret_byte, const char *checkpoint, struct proto_note_key *key,
                   struct proto_buf *line)
{
    uint8_t seed[32], public_key[32], secret_key[64], bytes[4 + 8 + 64] = {0}, typed[33] = {PROTO_NOTE_COSIGNATURE};
    const uint8_t lf_type[2] = {'\n', PROTO_NOTE_COSIGNATURE};
    struct proto_buf text, vkey;
    char hex[9];

    memset(seed, secret_byte, sizeof seed);
    proto_sign_keypair(public_key, secret_key, seed);
    memcpy(typed + 1, public_key, 32);
    const struct proto_piece pieces[] = {{name, strlen(name)}, {lf_type, 2}, {public_key, 32}};
    uint8_t hash[PROTO_SHA256_BYTES];
    proto_sha256_pieces(hash, pieces, 3);
    memcpy(bytes, hash, 4);
    bytes[4 + 7] = 99;
    proto_buf_init(&text, 8192);
    proto_buf_printf(&text, "cosignature/v1\ntime 99\n%.*s", (int)(strstr(checkpoint, "\n\n") + 1 - checkpoint),
                     checkpoint);
    crypto_sign_detached(bytes + 12, NULL, text.bytes, text.len, secret_key);
    proto_buf_init(&vkey, 1024);
    proto_buf_printf(&vkey, "%s+%s+", name, sodium_bin2hex(hex, sizeof hex, hash, 4));
    proto_base64_put(&vkey, typed, sizeof typed);
    assert_ok(proto_note_key_parse(key, (const char *)vkey.bytes, vkey.len));
    proto_buf_clear(line);
    proto_buf_printf(line, "\xe2\x80\x94 %s ", name);
    proto_base64_put(line, bytes, sizeof bytes);
    proto_buf_put_text(line, "\n");
    proto_buf_free(&text);
    proto_buf_free(&vkey);
}

static enum proto_err hand_over(struct world *w, const struct proto_note_key *key, const struct proto_buf *line)
{
    return relay_appender_cosign(w->appender, key, (const char *)line->bytes, line->len);
}

static void witnesses_sign_the_newest_checkpoint_and_no_other(void **state)
{
    struct world *w = *state;
    char first[PROTO_LOG_CHECKPOINT_MAX], note[PROTO_LOG_CHECKPOINT_MAX];
    struct proto_note_key keys[2], log_key;
    struct proto_log_checkpoint opened;
    struct proto_buf line, late;
    uint32_t which;

    proto_buf_init(&line, 4096);
    proto_buf_init(&late, 4096);
    assert_ok(proto_note_key_parse(&log_key, w->vkey, strlen(w->vkey)));
    add_many(w, 0, 3, 1);
    relay_appender_checkpoint(w->appender, first);
    cosign("witness.example/one", 41, first, &keys[0], &line);
    line.bytes[line.len - 8] ^= 1;
    assert_int_equal(hand_over(w, &keys[0], &line), PROTO_ERR_STATE); /* a wrong signature */
    line.bytes[line.len - 8] ^= 1;
    assert_int_equal(hand_over(w, &log_key, &line), PROTO_ERR_RANGE);
    assert_ok(hand_over(w, &keys[0], &line));
    assert_int_equal(hand_over(w, &keys[0], &line), PROTO_ERR_REPLAY);
    cosign("witness.example/two", 42, first, &keys[1], &late);
    assert_ok(hand_over(w, &keys[1], &late)); /* a second before the first is written */
    assert_true(relay_appender_step(w->appender));
    assert_false(relay_appender_step(w->appender));
    world_close(w);
    world_open(w); /* stored with it */
    relay_appender_checkpoint(w->appender, note);
    assert_ok(proto_note_verify(note, strlen(note), keys, 2, NULL, &which));
    assert_int_equal(which, 3);
    assert_ok(proto_log_checkpoint_open(&opened, note, strlen(note), w->vkey));
    add_many(w, 3, 4, 1);
    assert_int_equal(hand_over(w, &keys[0], &line), PROTO_ERR_STATE); /* it has moved on */
    relay_appender_checkpoint(w->appender, note);
    assert_null(strstr(note, "witness"));
    proto_buf_free(&line);
    proto_buf_free(&late);
}

static void a_checkpoint_takes_witnesses_while_it_has_room(void **state)
{
    struct world *w = *state;
    char note[PROTO_LOG_CHECKPOINT_MAX], name[48];
    struct proto_note_key key;
    struct proto_buf line;
    enum proto_err err = PROTO_OK;
    uint8_t i = 0;

    proto_buf_init(&line, 4096);
    add_many(w, 0, 1, 1);
    relay_appender_checkpoint(w->appender, note);
    for (; !err && i < 60; i++) {
        snprintf(name, sizeof name, "witness.example/%02u", (unsigned)i);
        cosign(name, (uint8_t)(100 + i), note, &key, &line);
        err = hand_over(w, &key, &line);
    }
    assert_int_equal(err, PROTO_ERR_RANGE);
    assert_int_equal(i, PROTO_NOTE_LINES_MAX);
    assert_true(relay_appender_step(w->appender));
    proto_buf_free(&line);
}

static void what_ends_have_seen_is_judged(void **state)
{
    struct world *w = *state;
    char note[PROTO_LOG_CHECKPOINT_MAX], forged[PROTO_LOG_CHECKPOINT_MAX];
    struct proto_log_seen five, head, none = {0, {0}}, claim;
    struct relay_log_verdict verdict;

    add_many(w, 0, 5, 1);
    relay_appender_head(w->appender, &five);
    add_many(w, 5, 300, 59);
    relay_appender_head(w->appender, &head);
    relay_appender_checkpoint(w->appender, note);
    const struct {
        const struct proto_log_seen *seen, *head;
        const char *note;
        enum relay_log_claim claim;
        bool proved;
    } rows[] = {
        {&none, &head, NULL, RELAY_LOG_CLAIM_FITS, false},  {&five, &head, NULL, RELAY_LOG_CLAIM_FITS, false},
        {&head, &head, NULL, RELAY_LOG_CLAIM_FITS, false},  {NULL, &head, note, RELAY_LOG_CLAIM_FITS, false},
        {&head, &five, NULL, RELAY_LOG_CLAIM_AHEAD, false}, /* an old copy was put back, and the file with it */
        {NULL, &five, note, RELAY_LOG_CLAIM_AHEAD, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(relay_log_judge(w->store, rows[i].head, rows[i].seen, rows[i].note, w->vkey, &verdict));
        assert_int_equal(verdict.claim, rows[i].claim);
        assert_int_equal(verdict.proved, rows[i].proved);
    }
    claim = five;
    claim.root[7] ^= 1;
    assert_ok(relay_log_judge(w->store, &head, &claim, NULL, w->vkey, &verdict));
    assert_int_equal(verdict.claim, RELAY_LOG_CLAIM_OTHER);
    snprintf(forged, sizeof forged, "%s", note);
    forged[strlen(ORIGIN) + 1] = '9'; /* 900 entries */
    assert_int_equal(relay_log_judge(w->store, &head, NULL, forged, w->vkey, &verdict), PROTO_ERR_LOG);
}

static void a_refused_start_leaves_the_checkpoint_file_alone(void **state)
{
    struct world *w = *state;
    char old[96], early[128], before[PROTO_LOG_CHECKPOINT_MAX] = "", after[PROTO_LOG_CHECKPOINT_MAX] = "";

    snprintf(old, sizeof old, "%s-old", w->folder);
    snprintf(early, sizeof early, "%s/early", w->folder);
    add_many(w, 0, 5, 1);
    world_close(w);
    copy_files(w->folder, old);
    copy_checkpoint(w->checkpoint_file, early);
    world_open(w);
    add_many(w, 5, 9, 1);
    relay_appender_checkpoint(w->appender, before);
    world_close(w);
    copy_files(old, w->folder);
    expect_refusal(w, "old copy");
    FILE *file = fopen(w->checkpoint_file, "rb");
    assert_non_null(file);
    assert_int_equal(fread(after, 1, sizeof after - 1, file), strlen(before));
    fclose(file);
    assert_string_equal(after, before);
    expect_refusal(w, "old copy");
    copy_checkpoint(early, w->checkpoint_file);
    empty_folder(old);
    rmdir(old);
    world_open(w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(thousand_leaves_are_each_proved),
        TEST(a_known_commitment_gets_the_same_index_again),
        TEST(a_session_row_and_its_entry_are_written_together),
        TEST(who_has_seen_a_longer_log_is_told),
        TEST(what_says_another_time_than_its_leaf_is_not_taken),
        TEST(a_full_disk_fails_the_group_and_the_next_goes_on),
        TEST(a_full_disk_still_logs_what_ends),
        TEST(the_queue_is_bounded_and_keeps_places_for_endings),
        TEST(an_old_copy_that_is_put_back_is_refused),
        TEST(a_log_that_was_tampered_with_is_refused),
        TEST(events_are_signed_under_their_own_name),
        TEST(a_damaged_database_is_not_writable_again),
        TEST(a_thread_writes_what_the_loop_pushes),
        TEST(a_thread_signs_for_a_group_as_it_became),
        TEST(the_write_ahead_log_begins_anew_under_a_load_that_does_not_pause),
        TEST(opening_reads_no_more_of_a_long_log_than_of_a_short_one),
        TEST(a_start_looks_at_what_was_erased_once_and_again_beside_older_keys),
        TEST(what_is_put_back_into_the_newest_databases_goes_at_the_next_start),
        TEST(a_log_in_memory_works_the_same),
        TEST(witnesses_sign_the_newest_checkpoint_and_no_other),
        TEST(a_checkpoint_takes_witnesses_while_it_has_room),
        TEST(what_ends_have_seen_is_judged),
        TEST(a_refused_start_leaves_the_checkpoint_file_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
