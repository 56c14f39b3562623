/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The append path on a disk that fails at every one of its operations: after each, whoever was told that an entry is in
 * the log finds it there, once, in a tree that continues the one it was shown.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "relay/log/appender.h"
#include "tests/relay/fault_disk.h"
#include "tests/scratch.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
#define ORIGIN "relay.example/audit/acme"
#define CUSTOMER "anna"

enum { JOBS_MAX = 320, OLD_ENTRIES = 250, FIRST_SID = 1, ANNAS_SID = 7 };
enum { OPERATIONS_MAX = 4096, SAMPLE = 24 };

/* What the test knows of job n, whose bytes follow from n. */
struct known {
    bool pushed, acknowledged;
    uint64_t index;
    uint8_t sid;
};

struct world {
    char folder[64], checkpoint_file[96], old[64];
    uint8_t seed[32];
    struct proto_random_seeded seeded;
    char vkey[PROTO_NOTE_VKEY_MAX + 1], error[RELAY_STORE_ERROR_MAX];
    struct relay_store *store;
    struct relay_appender *log;
    struct known jobs[JOBS_MAX];
    uint64_t next;
    struct proto_log_seen seen; /* of the last receipt */
    bool erasing, erased;       /* the customer: begun, said to be done */
    struct relay_result result;
    unsigned runs;
    uint64_t operations; /* of the longest */
};

static int64_t clock_of(void *context)
{
    (void)context;
    return 1760000039123;
}

static void make_vkey(struct world *w)
{
    uint8_t public_key[32], secret_key[64];
    struct proto_note_key key;
    struct proto_buf vkey;

    proto_sign_keypair(public_key, secret_key, w->seed);
    assert_ok(proto_note_key_init(&key, ORIGIN, public_key));
    proto_buf_init(&vkey, sizeof w->vkey - 1);
    proto_note_key_format(&key, &vkey);
    memcpy(w->vkey, vkey.bytes, vkey.len);
    proto_buf_free(&vkey);
}

static bool log_open(struct world *w)
{
    struct relay_store_config store = {.folder = w->folder, .random = proto_random_from_seeded(&w->seeded)};
    struct relay_appender_config config = {
        .seed = w->seed, .origin = ORIGIN, .checkpoint_file = w->checkpoint_file, .unix_ms = clock_of};

    if (relay_store_open(&w->store, &store, w->error) != PROTO_OK)
        return false;
    config.store = w->store;
    if (relay_appender_start(&w->log, &config, w->error) == PROTO_OK)
        return true;
    relay_store_close(w->store);
    w->store = NULL;
    return false;
}

static void log_close(struct world *w)
{
    relay_appender_free(w->log);
    relay_store_close(w->store);
    w->log = NULL;
    w->store = NULL;
}

/* ---- jobs ---- */

static void evidence_of(uint64_t n, uint8_t evidence[200])
{
    memset(evidence, (int)(n % 251), 200);
    memcpy(evidence, &n, sizeof n);
}

static struct relay_job job_of(const struct world *w, uint64_t n, uint8_t evidence[200])
{
    struct relay_job job = {.ticket = n, .has_entry = true, .kind = PROTO_LOG_STATEMENT, .evidence = evidence};

    evidence_of(n, evidence);
    job.evidence_len = 200;
    proto_sha256(job.commitment, &n, sizeof n);
    job.sid[0] = w->jobs[n].sid;
    return job;
}

static void push(struct world *w, uint64_t n, bool closing)
{
    struct relay_store_session row = {.state = closing ? RELAY_STORE_ENDED : RELAY_STORE_LIVE, .event_seq = n};
    uint8_t evidence[200];
    struct relay_job job = job_of(w, n, evidence);

    row.sid[0] = job.sid[0];
    snprintf(row.customer_ref, sizeof row.customer_ref, "%s", CUSTOMER);
    if (w->jobs[n].sid == ANNAS_SID)
        job.session = &row;
    job.closing = closing;
    w->jobs[n].pushed = true;
    assert_ok(relay_appender_push(w->log, &job));
}

static void take_receipt(struct world *w, const struct proto_log_seen *before)
{
    uint64_t n = w->result.ticket;
    uint8_t evidence[200], hash[PROTO_SHA256_BYTES];
    struct relay_job job = job_of(w, n, evidence);
    struct proto_log_verifier verifier;
    struct proto_log_leaf leaf;

    w->jobs[n].acknowledged = true;
    assert_ok(proto_log_leaf_parse(&leaf, w->result.receipt.leaf));
    w->jobs[n].index = w->result.receipt.index;
    proto_sha256(hash, evidence, sizeof evidence);
    assert_ok(proto_log_verifier_init(&verifier, w->vkey));
    assert_ok(
        proto_log_receipt_check(&w->result.receipt, job.commitment, leaf.kind, hash, &verifier, before, &w->seen));
}

/* Writes what was pushed; whether all of it was. Receipts without consistency are good for those who saw nothing. */
static bool step(struct world *w)
{
    const struct proto_log_seen none = {0, {0}};
    bool all = true;

    assert_true(relay_appender_step(w->log));
    while (relay_appender_take_result(w->log, &w->result)) {
        if (w->result.err == PROTO_OK)
            take_receipt(w, &none);
        else if (w->result.err == PROTO_ERR_IO)
            all = false;
        else
            fail_msg("%s", w->result.text);
    }
    return all;
}

/* Trying again helps where the disk gets better. */
static int attempts(void)
{
    return fault_disk_stopped() ? 1 : 60;
}

/* `count` entries in one group; those that failed are tried again when the disk is better. */
static void add(struct world *w, uint8_t sid, unsigned count, bool closing)
{
    uint64_t first = w->next;

    w->next += count;
    assert_true(w->next <= JOBS_MAX);
    for (int attempt = 0; attempt < attempts(); attempt++) {
        for (uint64_t n = first; n < first + count; n++) {
            w->jobs[n].sid = sid;
            push(w, n, closing);
        }
        if (step(w))
            return;
        if (!fault_disk_struck())
            fail_msg("%s", w->result.text);
    }
    if (!fault_disk_stopped())
        fail_msg("it is not got over: %s", w->result.text);
}

static void again(struct world *w, uint64_t n)
{
    uint64_t index = w->jobs[n].index;
    bool was = w->jobs[n].acknowledged;

    push(w, n, false);
    if (step(w) && was)
        assert_int_equal(w->jobs[n].index, index);
}

struct ranges {
    struct proto_entries range[PROTO_ERASURE_RANGES];
    size_t count;
};

static enum proto_err note_range(void *context, uint64_t index)
{
    struct ranges *ranges = context;

    assert_true(ranges->count < PROTO_ERASURE_RANGES);
    ranges->range[ranges->count++] = (struct proto_entries){index, index};
    return PROTO_OK;
}

/* Anna's entries lose their evidence in the transaction that says so. */
static void erase(struct world *w)
{
    uint64_t n = w->next++;
    uint8_t evidence[200];

    assert_true(n < JOBS_MAX);
    w->erasing = true;
    for (int attempt = 0; attempt < attempts() && !w->erased; attempt++) {
        struct ranges ranges = {.count = 0};
        enum proto_err err = relay_store_each_erasable(w->store, CUSTOMER, NULL, note_range, &ranges);
        if (err == PROTO_ERR_NOT_FOUND)
            w->erased = attempt > 0; /* by the attempt before, which could not say so */
        if (err)
            continue;
        struct relay_job job = job_of(w, n, evidence);
        job.kind = PROTO_LOG_ERASURE;
        job.erase = ranges.range;
        job.erase_count = ranges.count;
        w->jobs[n].pushed = true;
        assert_ok(relay_appender_push(w->log, &job));
        w->erased = step(w);
    }
    assert_true(w->erased || fault_disk_stopped());
}

/* As at a start: what was erased up to here is. From now on each wipe writes up to where. */
static void note_erased(struct world *w)
{
    struct proto_log_seen head;
    enum proto_err err = PROTO_ERR_IO;

    relay_appender_head(w->log, &head);
    for (int attempt = 0; attempt < attempts() && err; attempt++)
        err = relay_store_note_erased(w->store, head.size);
    assert_true(!err || fault_disk_stopped());
}

/* ---- the history ---- */

static bool open_at_last(struct world *w)
{
    for (int attempt = 0; attempt < attempts(); attempt++)
        if (log_open(w))
            return true;
    if (!fault_disk_stopped())
        fail_msg("it does not open: %s", w->error);
    return false;
}

/* All that the log does, once. Ends early when the log cannot be opened any more. */
static void live(struct world *w)
{
    if (!open_at_last(w))
        return;
    add(w, FIRST_SID, 1, false);
    add(w, ANNAS_SID, 1, false);
    add(w, FIRST_SID + 1, 8, false); /* over the edge of a tile when there are old entries */
    relay_store_release_reserve(w->store);
    add(w, FIRST_SID, 1, false);
    again(w, w->next - 1);
    add(w, ANNAS_SID, 1, true); /* her session ends */
    log_close(w);
    if (fault_disk_stopped() || !open_at_last(w))
        return;
    add(w, FIRST_SID + 2, 2, false);
    note_erased(w);
    erase(w);
    add(w, FIRST_SID, 1, false);
    log_close(w);
}

/* ---- what must be true afterwards ---- */

struct walk {
    struct world *w;
    struct proto_log_tree tree;
    unsigned times[JOBS_MAX];
    uint64_t erasure; /* entry that says so; UINT64_MAX: none does */
    struct ranges hers;
};

static uint64_t job_of_entry(const struct relay_store_entry *entry)
{
    struct proto_log_leaf leaf;
    static uint8_t commitments[JOBS_MAX][PROTO_SHA256_BYTES];
    static bool made;

    for (uint64_t n = 0; !made && n < JOBS_MAX; n++)
        proto_sha256(commitments[n], &n, sizeof n);
    made = true;
    assert_ok(proto_log_leaf_parse(&leaf, entry->leaf));
    for (uint64_t n = 0; n < JOBS_MAX; n++) {
        if (memcmp(commitments[n], leaf.commitment, sizeof commitments[n]) == 0)
            return n;
    }
    fail_msg("entry %u is of no job", (unsigned)entry->index);
    return 0;
}

static enum proto_err visit(void *context, const struct relay_store_entry *entry)
{
    struct walk *walk = context;
    const struct world *w = walk->w;
    uint64_t n = job_of_entry(entry);
    uint8_t hash[PROTO_LOG_HASH_BYTES], evidence[200];

    assert_true(w->jobs[n].pushed);
    assert_int_equal(++walk->times[n], 1);
    if (w->jobs[n].acknowledged)
        assert_int_equal(w->jobs[n].index, entry->index);
    evidence_of(n, evidence);
    if (entry->evidence)
        assert_memory_equal(entry->evidence, evidence, sizeof evidence);
    bool hers = w->jobs[n].sid == ANNAS_SID;
    assert_true(entry->evidence || (hers && w->erasing));
    assert_false(entry->evidence && hers && w->erased);
    if (hers)
        assert_ok(note_range(&walk->hers, entry->index));
    struct proto_log_leaf leaf;
    assert_ok(proto_log_leaf_parse(&leaf, entry->leaf));
    if (leaf.kind == PROTO_LOG_ERASURE)
        walk->erasure = entry->index;
    proto_log_leaf_hash(hash, entry->leaf);
    return proto_log_tree_append(&walk->tree, hash, NULL);
}

static void check_tree(struct world *w, const struct walk *walk, const struct proto_log_seen *head)
{
    uint8_t root[PROTO_LOG_HASH_BYTES];
    struct proto_log_hashes proof;

    proto_log_tree_root(&walk->tree, root);
    assert_int_equal(walk->tree.size, head->size);
    if (head->size)
        assert_memory_equal(root, head->root, sizeof root);
    assert_true(head->size >= w->seen.size);
    if (w->seen.size) {
        assert_ok(relay_log_consistency(w->store, w->seen.size, head->size, &proof));
        assert_ok(proto_log_check_consistency(w->seen.size, w->seen.root, head->size, head->root, &proof));
    }
}

/* What is noted as erased is so, keys and all; a log that is put back later is not looked at again so far. */
static void check_noted(struct world *w, const struct walk *walk, uint64_t size)
{
    uint64_t noted = relay_store_noted_erased(w->store);

    assert_true(noted <= size);
    for (size_t i = 0; noted > walk->erasure && i < walk->hers.count; i++)
        assert_true(relay_store_is_erased(w->store, walk->hers.range[i].first, walk->hers.range[i].last));
}

static void check(struct world *w)
{
    static struct walk walk;
    struct proto_log_seen head;

    memset(&walk, 0, sizeof walk);
    walk.w = w;
    walk.erasure = UINT64_MAX;
    if (!log_open(w))
        fail_msg("the log does not open again: %s", w->error);
    relay_appender_head(w->log, &head);
    assert_ok(relay_store_each_entry(w->store, 0, UINT64_MAX, visit, &walk));
    check_tree(w, &walk, &head);
    check_noted(w, &walk, head.size);
    for (uint64_t n = 0; n < JOBS_MAX; n++)
        assert_int_equal(walk.times[n] == 1 || !w->jobs[n].acknowledged, 1);
    if (w->runs % 4 == 0) {
        w->jobs[w->next].sid = FIRST_SID;
        push(w, w->next++, false); /* and it goes on */
        assert_true(step(w));
    }
    log_close(w);
}

/* ---- runs ---- */

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

static void copy_file(const char *from_folder, const char *to_folder, const char *name)
{
    char path[128], bytes[4096];
    size_t len;

    snprintf(path, sizeof path, "%s/%s", from_folder, name);
    FILE *from = fopen(path, "rb");
    snprintf(path, sizeof path, "%s/%s", to_folder, name);
    FILE *to = fopen(path, "wb");
    assert_true(from && to);
    while ((len = fread(bytes, 1, sizeof bytes, from)) > 0)
        assert_int_equal(fwrite(bytes, 1, len, to), len);
    fclose(from);
    fclose(to);
}

/* The log as it is before a run: absent, or with old entries. */
static void begin(struct world *w, bool with_old)
{
    static const char *const files[] = {"relay.db", "keys.db", "checkpoint"};

    uint8_t draws[32] = {
        3}; /* the same in each run: names of keys decide how pages fill, and so which operations come */

    proto_random_seeded_init(&w->seeded, draws);
    empty_folder(w->folder);
    memset(w->jobs, 0, sizeof w->jobs);
    w->seen = (struct proto_log_seen){0, {0}};
    w->next = with_old ? OLD_ENTRIES : 0;
    w->erasing = w->erased = false;
    for (size_t i = 0; with_old && i < sizeof files / sizeof *files; i++)
        copy_file(w->old, w->folder, files[i]);
    for (uint64_t n = 0; n < w->next; n++)
        w->jobs[n] = (struct known){.pushed = true, .acknowledged = true, .index = n, .sid = FIRST_SID};
}

/* The whole history with one fault; whether the fault came up. */
static bool run(struct world *w, bool with_old, enum fault_kind kind, uint64_t at, enum fault_loss loss, uint64_t seed)
{
    begin(w, with_old);
    fault_disk_begin(w->folder, kind, at, seed * 1000003 + at);
    live(w);
    bool struck = fault_disk_struck();
    uint64_t operations = fault_disk_operations();
    if (w->log)
        log_close(w);
    fault_disk_lose(loss);
    check(w);
    w->runs++;
    w->operations = operations > w->operations ? operations : w->operations;
    return struck;
}

static bool is_long(void)
{
    const char *text = getenv("HANDHOLD_LONG");

    return text && *text && *text != '0';
}

/* The operations from 1 on, in an order that the seed draws. */
static void shuffle(uint64_t order[OPERATIONS_MAX], uint64_t operations, uint64_t seed)
{
    struct proto_random_seeded seeded;
    uint8_t bytes[32] = {0};
    uint64_t n;

    memcpy(bytes, &seed, sizeof seed);
    proto_random_seeded_init(&seeded, bytes);
    struct proto_random random = proto_random_from_seeded(&seeded);
    for (uint64_t i = 0; i < operations; i++) {
        proto_random_fill(&random, (uint8_t *)&n, sizeof n);
        order[i] = order[n % (i + 1)];
        order[n % (i + 1)] = i + 1;
    }
}

/* Two of each kind of call on each file, if there are so many, and others up to SAMPLE, to the front of `order`. */
static uint64_t choose(uint64_t order[OPERATIONS_MAX], uint64_t operations)
{
    unsigned met[FAULT_CALLS] = {0};
    uint64_t chosen = 0;

    for (uint64_t i = 0; i < operations; i++) {
        uint64_t at = order[i];
        assert_int_not_equal(fault_disk_call(at), 0);
        if (++met[fault_disk_call(at)] > 2)
            continue;
        order[i] = order[chosen];
        order[chosen++] = at;
    }
    return chosen > SAMPLE ? chosen : SAMPLE;
}

/* The fault at every operation, or at a sample of them when time is short: then each fault has another one. */
static void every_fault(struct world *w, enum fault_kind kind, enum fault_loss loss)
{
    static uint64_t order[OPERATIONS_MAX];
    unsigned seeds = is_long() && loss == FAULT_MIXED ? 20 : 1;

    for (unsigned seed = 1; seed <= seeds; seed++) {
        for (int with_old = 0; with_old < 2; with_old++) {
            assert_false(run(w, with_old, FAULT_NONE, 0, FAULT_KILLED, seed)); /* which calls there are */
            uint64_t operations = fault_disk_operations(), most = operations;
            assert_in_range(operations, 50, OPERATIONS_MAX);
            shuffle(order, operations, kind * 64 + loss * 16u + (unsigned)with_old);
            if (!is_long())
                most = choose(order, operations);
            for (uint64_t i = 0; i < most; i++)
                assert_true(run(w, with_old, kind, order[i], loss, seed));
        }
    }
}

static void a_process_killed_at_any_operation_has_lost_nothing_it_told(void **state)
{
    every_fault(*state, FAULT_STOP, FAULT_KILLED);
}

static void power_lost_at_any_operation_with_all_that_was_unsynced_loses_nothing_told(void **state)
{
    every_fault(*state, FAULT_STOP, FAULT_LOST);
}

static void power_lost_at_any_operation_with_any_part_of_the_unsynced_loses_nothing_told(void **state)
{
    every_fault(*state, FAULT_STOP, FAULT_MIXED);
}

static void an_error_at_any_operation_is_got_over(void **state)
{
    every_fault(*state, FAULT_IOERR, FAULT_MIXED);
}

static void a_disk_full_at_any_operation_is_got_over(void **state)
{
    every_fault(*state, FAULT_FULL, FAULT_LOST);
}

static void a_disk_full_for_a_while_is_got_over(void **state)
{
    every_fault(*state, FAULT_FULL_A_WHILE, FAULT_KILLED);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_true(sodium_init() >= 0);
    fault_disk_install();
    /* In memory where that can be: what a disk would keep is the model's to say, not this one's. */
    const char *place = scratch_parent();
    snprintf(w->folder, sizeof w->folder, "%s/handhold-fault-XXXXXX", place);
    snprintf(w->old, sizeof w->old, "%s/handhold-fault-XXXXXX", place);
    assert_non_null(mkdtemp(w->folder));
    assert_non_null(mkdtemp(w->old));
    snprintf(w->checkpoint_file, sizeof w->checkpoint_file, "%s/checkpoint", w->folder);
    memset(w->seed, 3, sizeof w->seed);
    proto_random_seeded_init(&w->seeded, w->seed);
    make_vkey(w);
    assert_true(log_open(w));
    add(w, FIRST_SID, OLD_ENTRIES, false);
    log_close(w);
    copy_file(w->folder, w->old, "relay.db");
    copy_file(w->folder, w->old, "keys.db");
    copy_file(w->folder, w->old, "checkpoint");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    printf("%u histories of up to %u operations\n", w->runs, (unsigned)w->operations);
    empty_folder(w->folder);
    empty_folder(w->old);
    rmdir(w->folder);
    rmdir(w->old);
    free(w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_killed_at_any_operation_has_lost_nothing_it_told),
        cmocka_unit_test(power_lost_at_any_operation_with_all_that_was_unsynced_loses_nothing_told),
        cmocka_unit_test(power_lost_at_any_operation_with_any_part_of_the_unsynced_loses_nothing_told),
        cmocka_unit_test(an_error_at_any_operation_is_got_over),
        cmocka_unit_test(a_disk_full_at_any_operation_is_got_over),
        cmocka_unit_test(a_disk_full_for_a_while_is_got_over),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
