/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that appends without pause is killed at random times, again and again on the same log: fifty times, or a
 * thousand with HANDHOLD_LONG=1. What it told through a pipe is there afterwards, once.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "proto/seal/kdf.h"
#include "relay/log/appender.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
#define ORIGIN "relay.example/audit/acme"

enum { OUTSTANDING = 48, KILL_MS_MAX = 120, ROUND = 1000000 };

/* One line of the pipe: shorter than PIPE_BUF, so it comes whole or not at all. */
struct told {
    uint64_t job, index;
    struct proto_log_seen head;
};

struct world {
    char folder[64], checkpoint_file[96], error[RELAY_STORE_ERROR_MAX];
    struct relay_store *store;
    struct relay_appender *log;
    int woken;
    struct told *told;
    size_t told_count, told_room, open_kills;
};

static int64_t clock_of(void *context)
{
    (void)context;
    return 1760000039123;
}

static void fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    randombytes_buf(out, len);
}

static void wake(void *context)
{
    uint64_t one = 1;

    if (write(((struct world *)context)->woken, &one, sizeof one) != sizeof one)
        abort();
}

static bool log_open(struct world *w, bool threaded)
{
    static const uint8_t seed[32] = {3};
    struct relay_store_config store = {.folder = w->folder, .random = {.fill = fill}};
    struct relay_appender_config config = {.seed = seed,
                                           .origin = ORIGIN,
                                           .checkpoint_file = w->checkpoint_file,
                                           .threaded = threaded,
                                           .unix_ms = clock_of,
                                           .wake = wake,
                                           .context = w};

    if (relay_store_open(&w->store, &store, w->error) != PROTO_OK)
        return false;
    config.store = w->store;
    return relay_appender_start(&w->log, &config, w->error) == PROTO_OK;
}

static void log_close(struct world *w)
{
    relay_appender_free(w->log);
    relay_store_close(w->store);
}

static void commitment_of(uint64_t n, uint8_t commitment[32])
{
    proto_sha256(commitment, &n, sizeof n);
}

/* ---- the one that is killed ---- */

static bool push(struct world *w, uint64_t n)
{
    uint8_t evidence[64] = {0};
    struct relay_job job = {.ticket = n, .has_entry = true, .kind = PROTO_LOG_STATEMENT, .evidence = evidence};

    job.evidence_len = sizeof evidence;
    memcpy(evidence, &n, sizeof n);
    memcpy(job.sid, &(uint64_t){n / 7}, sizeof(uint64_t)); /* new sessions, and so new keys, all the time */
    commitment_of(n, job.commitment);
    return relay_appender_push(w->log, &job) == PROTO_OK;
}

static void append_for_ever(struct world *w, uint64_t first, int out)
{
    static struct relay_result result;
    uint64_t pushed = 0, taken = 0, count;

    if (!log_open(w, true)) {
        fprintf(stderr, "%s\n", w->error);
        _exit(2);
    }
    for (;;) {
        while (pushed - taken < OUTSTANDING && push(w, first + pushed))
            pushed++;
        if (read(w->woken, &count, sizeof count) != sizeof count)
            _exit(3);
        while (relay_appender_take_result(w->log, &result)) {
            struct told told = {.job = result.ticket, .index = result.receipt.index};
            if (result.err != PROTO_OK)
                _exit(4);
            relay_appender_head(w->log, &told.head);
            if (write(out, &told, sizeof told) != sizeof told)
                _exit(5);
            taken++;
        }
    }
}

/* ---- the one that kills ---- */

static void hear(struct world *w, int in)
{
    struct told told;

    while (read(in, &told, sizeof told) == sizeof told) {
        if (w->told_count == w->told_room) { /* how many there are the machine decides */
            w->told_room = w->told_room ? 2 * w->told_room : 1024;
            w->told = realloc(w->told, w->told_room * sizeof *w->told);
            assert_non_null(w->told);
        }
        w->told[w->told_count++] = told;
    }
}

static void run_and_kill(struct world *w, uint64_t round)
{
    int ends[2], status;
    struct pollfd heard;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        append_for_ever(w, (round + 1) * ROUND, ends[1]);
    }
    close(ends[1]);
    heard = (struct pollfd){ends[0], POLLIN, 0};
    if (randombytes_uniform(8)) /* else while it opens the log */
        assert_int_equal(poll(&heard, 1, 60000), 1);
    else
        w->open_kills++;
    poll(NULL, 0, (int)randombytes_uniform(KILL_MS_MAX)); /* the moment of the kill is the test */
    kill(child, SIGKILL);
    hear(w, ends[0]);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* else it ended by itself, and not well */
}

static void check(struct world *w, size_t from)
{
    struct proto_log_seen head;
    struct proto_log_hashes proof;
    uint8_t commitment[32];
    uint64_t index;

    if (!log_open(w, false))
        fail_msg("the log does not open again: %s", w->error);
    relay_appender_head(w->log, &head);
    for (size_t i = from; i < w->told_count; i++) {
        commitment_of(w->told[i].job, commitment);
        uint8_t sid[RELAY_STORE_SID_BYTES] = {0};
        memcpy(sid, &(uint64_t){w->told[i].job / 7}, sizeof(uint64_t));
        assert_ok(relay_store_find_commitment(w->store, sid, commitment, &index));
        assert_int_equal(index, w->told[i].index);
    }
    if (w->told_count) {
        const struct proto_log_seen *last = &w->told[w->told_count - 1].head;
        assert_ok(relay_log_consistency(w->store, last->size, head.size, &proof));
        assert_ok(proto_log_check_consistency(last->size, last->root, head.size, head.root, &proof));
    }
    log_close(w);
}

/* The last look: the tree out of every leaf, each evidence opens, and no commitment is there twice. */
struct walk {
    struct proto_log_tree tree;
    uint64_t count;
};

static enum proto_err visit(void *context, const struct relay_store_entry *entry)
{
    struct walk *walk = context;
    uint8_t hash[32], commitment[32];
    struct proto_log_leaf leaf;
    uint64_t n;

    assert_int_equal(entry->index, walk->count++);
    assert_int_equal(entry->evidence_len, 64);
    memcpy(&n, entry->evidence, sizeof n);
    commitment_of(n, commitment);
    assert_ok(proto_log_leaf_parse(&leaf, entry->leaf));
    assert_memory_equal(leaf.commitment, commitment, sizeof commitment);
    proto_log_leaf_hash(hash, entry->leaf);
    return proto_log_tree_append(&walk->tree, hash, NULL);
}

static void check_all(struct world *w)
{
    struct walk walk = {.count = 0};
    struct proto_log_seen head;
    uint8_t root[32];

    check(w, 0);
    assert_true(log_open(w, false));
    proto_log_tree_init(&walk.tree);
    assert_ok(relay_store_each_entry(w->store, 0, UINT64_MAX, visit, &walk));
    relay_appender_head(w->log, &head);
    proto_log_tree_root(&walk.tree, root);
    assert_int_equal(walk.count, head.size);
    assert_true(walk.count >= w->told_count);
    assert_memory_equal(root, head.root, sizeof root);
    printf("%u entries told, %u there\n", (unsigned)w->told_count, (unsigned)head.size);
    log_close(w);
}

static void what_a_killed_process_told_is_there(void **state)
{
    struct world *w = *state;
    const char *is_long = getenv("HANDHOLD_LONG");
    uint64_t rounds = is_long && *is_long && *is_long != '0' ? 1000 : 50;

    for (uint64_t round = 0; round < rounds; round++) {
        size_t before = w->told_count;
        run_and_kill(w, round);
        check(w, before);
    }
    assert_true(w->told_count > rounds);
    check_all(w);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_true(sodium_init() >= 0);
    snprintf(w->folder, sizeof w->folder, "/tmp/handhold-kill-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->checkpoint_file, sizeof w->checkpoint_file, "%s/checkpoint", w->folder);
    w->woken = eventfd(0, 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    DIR *folder = opendir(w->folder);
    char path[512];

    for (struct dirent *file; folder && (file = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", w->folder, file->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(w->folder);
    close(w->woken);
    free(w->told);
    free(w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_killed_process_told_is_there, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
