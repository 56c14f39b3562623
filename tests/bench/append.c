/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log costs: appends against the same rows, under the same indexes, that SQLite commits in groups of the same
 * size with nothing signed, sealed, hashed or proved; the time from append to verified receipt, while sessions start,
 * against one fsync'd append to a file; and whether cost and memory stay flat while the log grows, up to 10^5 entries,
 * or 10^7 with HANDHOLD_LONG=1.
 *
 * All of it is wall time, with all threads of the log at work and nothing else. Ours and the peer's rounds take turns.
 * The queue is kept full, so that a group forms while the one before is written, as under load: half of what is under
 * way is one group, and the peer commits as many rows at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "relay/log/appender.h"
#include "tests/bench/bench.h"

#define ORIGIN "relay.example/audit/acme.example"
enum {
    EVIDENCE_BYTES = 1024,  /* a sealed statement of the usual length */
    ROW_BYTES = 1024 + 600, /* an entry with its leaf, commitment, session and line */
    GROUP = 100,            /* appends in one commit */
    WINDOW = 2 * GROUP,     /* appends under way */
    ROUND = 10 * GROUP,     /* appends in a round */
    SESSIONS_PER_S = 100,   /* that start; each appends ENTRIES_A_START at once */
    ENTRIES_A_START = 3,    /* created, joined, a grant */
    SESSION_ENTRIES = 5,    /* a session's entries in the group rounds */
    SLICE = 10,             /* sessions that start before the peer has its turn, a tenth of a second each */
    SLICES = 30,            /* in a round */
    PACE_ROUNDS = 9, /* each gives one p99 of either: a machine that stands still now and then spoils one, not all */
};

static struct {
    char folder[64];
    const char *parent, *only;
    struct relay_store *store;
    struct relay_appender *log;
    uint8_t seed[32], evidence[EVIDENCE_BYTES];
    struct proto_log_verifier verifier; /* as an end has it since it knows the log */
    int woken;
    uint64_t next;    /* number of the next job */
    uint64_t groups;  /* written; counted on the log's thread, read when all that was pushed is back */
    uint64_t entries; /* of the log that grows */
    sqlite3 *peer;
    sqlite3_stmt *insert, *insert_bare;
} run = {.parent = "/tmp"};

/* ---- the log ---- */

static void random_fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    randombytes_buf(out, len);
}

static int64_t unix_ms(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wake(void *context)
{
    uint64_t one = 1;

    (void)context;
    run.groups++;
    if (write(run.woken, &one, sizeof one) != sizeof one)
        abort();
}

static void make_verifier(void)
{
    uint8_t public_key[32], secret_key[64];
    struct proto_note_key key;
    struct proto_buf vkey;

    proto_sign_keypair(public_key, secret_key, run.seed);
    if (proto_note_key_init(&key, ORIGIN, public_key) != PROTO_OK)
        bench_cannot("the log's key is not one");
    proto_buf_init(&vkey, PROTO_NOTE_VKEY_MAX + 1);
    proto_note_key_format(&key, &vkey);
    proto_buf_put(&vkey, "", 1);
    if (vkey.failed || proto_log_verifier_init(&run.verifier, (const char *)vkey.bytes) != PROTO_OK)
        bench_cannot("the log's key is not one");
    proto_buf_free(&vkey);
}

static void log_open(const char *name, bool threaded)
{
    char folder[96], checkpoint[128], error[RELAY_STORE_ERROR_MAX];

    snprintf(folder, sizeof folder, "%s/%s", run.folder, name);
    snprintf(checkpoint, sizeof checkpoint, "%s.checkpoint", folder);
    struct relay_store_config store = {.folder = folder, .random = {.fill = random_fill}};
    if (relay_store_open(&run.store, &store, error) != PROTO_OK)
        bench_cannot("%s", error);
    struct relay_appender_config config = {.store = run.store,
                                           .seed = run.seed,
                                           .origin = ORIGIN,
                                           .checkpoint_file = checkpoint,
                                           .threaded = threaded,
                                           .unix_ms = unix_ms,
                                           .wake = wake};
    if (relay_appender_start(&run.log, &config, error) != PROTO_OK)
        bench_cannot("%s", error);
}

static void log_close(void)
{
    relay_appender_free(run.log);
    relay_store_close(run.store);
}

static struct relay_job job_of(uint64_t n, uint64_t entries_of_a_session, size_t evidence_len)
{
    struct relay_job job = {.ticket = n, .has_entry = true, .kind = PROTO_LOG_STATEMENT, .evidence = run.evidence};
    uint64_t session = n / entries_of_a_session;
    uint8_t sid[PROTO_SHA256_BYTES];

    job.evidence_len = evidence_len;
    proto_sha256(job.commitment, &n, sizeof n); /* as scattered as real ones */
    proto_sha256(sid, &session, sizeof session);
    memcpy(job.sid, sid, sizeof job.sid);
    return job;
}

static void push(const struct relay_job *job)
{
    if (relay_appender_push(run.log, job) != PROTO_OK)
        bench_cannot("the log's queue is full");
}

/* ---- groups against bare rows ---- */

static void sql(const char *text)
{
    if (sqlite3_exec(run.peer, text, NULL, NULL, NULL) != SQLITE_OK)
        bench_cannot("the peer's database: %s", sqlite3_errmsg(run.peer));
}

static void peer_open(void)
{
    char path[96];

    snprintf(path, sizeof path, "%s/peer.db", run.folder);
    if (sqlite3_open(path, &run.peer) != SQLITE_OK)
        bench_cannot("%s cannot be made", path);
    sql("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192;"
        "CREATE TABLE bare(idx INTEGER PRIMARY KEY, bytes BLOB);"
        "CREATE TABLE entry(idx INTEGER PRIMARY KEY, bytes BLOB, c BLOB, sid BLOB, dek INTEGER);"
        "CREATE UNIQUE INDEX entry_of ON entry(sid,c);"
        "CREATE INDEX entry_dek ON entry(dek) WHERE bytes IS NOT NULL;");
    if (sqlite3_prepare_v2(run.peer, "INSERT INTO bare(bytes) VALUES(?1)", -1, &run.insert_bare, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(run.peer, "INSERT INTO entry(bytes,c,sid,dek) VALUES(?1,?2,?3,?4)", -1, &run.insert, NULL) !=
            SQLITE_OK)
        bench_cannot("the peer's statements");
}

static void peer_group(sqlite3_stmt *insert, uint64_t first, uint64_t count)
{
    static uint8_t bytes[ROW_BYTES];

    sql("BEGIN IMMEDIATE");
    for (uint64_t n = first; n < first + count; n++) {
        struct relay_job job = job_of(n, SESSION_ENTRIES, EVIDENCE_BYTES);
        sqlite3_bind_blob(insert, 1, bytes, sizeof bytes, SQLITE_STATIC);
        if (insert == run.insert) {
            sqlite3_bind_blob(insert, 2, job.commitment, sizeof job.commitment, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 3, job.sid, sizeof job.sid, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 4, (sqlite3_int64)(n / SESSION_ENTRIES));
        }
        if (sqlite3_step(insert) != SQLITE_DONE)
            bench_cannot("the peer's row");
        sqlite3_reset(insert);
    }
    sql("COMMIT");
}

struct cost {
    double wall_us, cpu_us; /* of one append */
};

static struct cost peer_round(sqlite3_stmt *insert, uint64_t first, uint64_t group)
{
    double begin = bench_wall_us(), cpu = bench_cpu_us();

    for (uint64_t n = first; n < first + ROUND; n += group)
        peer_group(insert, n, n + group < first + ROUND ? group : first + ROUND - n);
    return (struct cost){(bench_wall_us() - begin) / ROUND, (bench_cpu_us() - cpu) / ROUND};
}

static void wait_for_results(void)
{
    uint64_t count;

    if (read(run.woken, &count, sizeof count) != sizeof count)
        bench_cannot("the eventfd");
}

/* WINDOW appends under way, until the last result of the round is there. */
static struct cost our_round(uint64_t entries_of_a_session, size_t evidence_len)
{
    static struct relay_result result;
    double begin = bench_wall_us(), cpu = bench_cpu_us();
    uint64_t pushed = 0, taken = 0;

    while (taken < ROUND) {
        for (; pushed < ROUND && pushed - taken < WINDOW; pushed++) {
            struct relay_job job = job_of(run.next++, entries_of_a_session, evidence_len);
            push(&job);
        }
        wait_for_results();
        for (; relay_appender_take_result(run.log, &result); taken++)
            if (result.err != PROTO_OK)
                bench_cannot("an append failed: %s", result.text);
    }
    return (struct cost){(bench_wall_us() - begin) / ROUND, (bench_cpu_us() - cpu) / ROUND};
}

static void measure_groups(int rounds)
{
    static struct bench_series ours, peer, bare, ours_cpu, peer_cpu, sizes;

    peer_open();
    log_open("groups", true);
    for (int i = 0; i < rounds + 2; i++) {
        uint64_t first = run.next, groups = run.groups;
        struct cost a = our_round(SESSION_ENTRIES, EVIDENCE_BYTES);
        uint64_t size = ROUND / (run.groups - groups);
        struct cost b = peer_round(run.insert, first, size), c = peer_round(run.insert_bare, first, size);
        if (i < 2)
            continue; /* files grow, statements are prepared */
        bench_add(&ours, a.wall_us);
        bench_add(&peer, b.wall_us);
        bench_add(&bare, c.wall_us);
        bench_add(&ours_cpu, a.cpu_us);
        bench_add(&peer_cpu, b.cpu_us);
        bench_add(&sizes, (double)size);
    }
    bench_ratio("append in groups, us an append", &ours, &peer, 2);
    bench_remark("%.0f appends a second; SQLite %.0f of the same rows, %.0f without indexes; groups of %.0f, all three",
                 1e6 / bench_median(&ours), 1e6 / bench_median(&peer), 1e6 / bench_median(&bare), bench_median(&sizes));
    bench_remark("of all cores %.0f us an append, of which some 24 are its signature; SQLite %.0f",
                 bench_median(&ours_cpu), bench_median(&peer_cpu));
    log_close();
    sqlite3_finalize(run.insert);
    sqlite3_finalize(run.insert_bare);
    sqlite3_close(run.peer);
}

/* ---- from append to verified receipt ---- */

static double fsynced_append(int fd)
{
    static uint8_t bytes[ROW_BYTES];
    double begin = bench_wall_us();

    if (write(fd, bytes, sizeof bytes) != sizeof bytes || fsync(fd) != 0)
        bench_cannot("the peer's file cannot be written");
    return bench_wall_us() - begin;
}

/* Appends to a file, as many as ours and at their times, one after the other. */
static void pace_peer(int fd, struct bench_series *latency_us)
{
    double begin = bench_wall_us();

    for (int i = 0; i < SLICE; i++) {
        double due = begin + (double)i * 1e6 / SESSIONS_PER_S - bench_wall_us();
        struct timespec wait = {0, due > 0 ? (long)(due * 1e3) : 0};
        nanosleep(&wait, NULL);
        for (int n = 0; n < ENTRIES_A_START; n++)
            bench_add(latency_us, fsynced_append(fd));
    }
}

static void verify(const struct relay_result *result)
{
    struct relay_job job = job_of(result->ticket, ENTRIES_A_START, EVIDENCE_BYTES);
    const struct proto_log_seen none = {0, {0}};
    struct proto_log_seen seen;
    uint8_t hash[PROTO_SHA256_BYTES];

    proto_sha256(hash, job.evidence, job.evidence_len);
    if (result->err != PROTO_OK || proto_log_receipt_check(&result->receipt, job.commitment, job.kind, hash,
                                                           &run.verifier, &none, &seen) != PROTO_OK)
        bench_cannot("a receipt does not verify: %s", result->text);
}

/* When each job of a slice was pushed, and its result taken back. */
static double starts[SLICE * ENTRIES_A_START], taken_at[SLICE * ENTRIES_A_START];
static struct relay_result results[SLICE * ENTRIES_A_START];

/* Pushes what is due; all of one session at once, as the relay does with what came at once. */
static void start_sessions(double begin, uint64_t first, size_t *pushed)
{
    while (*pushed < SLICE * ENTRIES_A_START &&
           bench_wall_us() >= begin + (double)(*pushed / ENTRIES_A_START) * 1e6 / SESSIONS_PER_S) {
        relay_appender_expect(run.log, true);
        for (int i = 0; i < ENTRIES_A_START; i++, ++*pushed) {
            struct relay_job job = job_of(first + *pushed, ENTRIES_A_START, EVIDENCE_BYTES);
            starts[*pushed] = bench_wall_us();
            push(&job);
        }
        relay_appender_expect(run.log, false);
    }
}

/* A slice in which sessions start. Each receipt is another end's, on a machine of its own: what is counted is the
 * time to the result and that of its own verification, not of the others' before it. */
static void pace(struct bench_series *latency_us)
{
    double begin = bench_wall_us();
    uint64_t first = run.next, count;
    size_t pushed = 0, taken = 0, verified = 0;

    while (verified < SLICE * ENTRIES_A_START) {
        start_sessions(begin, first, &pushed);
        double due = begin + (double)(pushed / ENTRIES_A_START) * 1e6 / SESSIONS_PER_S - bench_wall_us();
        struct timespec wait = {0, due > 0 ? (long)(due * 1e3) : 0};
        struct pollfd woken = {run.woken, POLLIN, 0};
        if (ppoll(&woken, 1, taken < pushed && pushed == SLICE * ENTRIES_A_START ? NULL : &wait, NULL) > 0 &&
            read(run.woken, &count, sizeof count) != sizeof count)
            bench_cannot("the eventfd");
        for (; taken < SLICE * ENTRIES_A_START && relay_appender_take_result(run.log, &results[taken]); taken++)
            taken_at[taken] = bench_wall_us();
        for (; verified < taken; verified++) {
            double verifying = bench_wall_us();
            verify(&results[verified]);
            bench_add(latency_us,
                      taken_at[verified] - starts[results[verified].ticket - first] + bench_wall_us() - verifying);
        }
    }
    run.next += taken;
}

static void measure_latency(void)
{
    static struct bench_series ours, peer, our_p99, peer_p99, our_p50, peer_p50;
    char path[96];

    snprintf(path, sizeof path, "%s/peer.bytes", run.folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        bench_cannot("%s: %s", path, strerror(errno));
    log_open("latency", true);
    for (int round = 0; round < PACE_ROUNDS; round++) {
        ours.count = peer.count = 0;
        for (int slice = 0; slice < SLICES; slice++) {
            pace_peer(fd, &peer);
            pace(&ours);
        }
        bench_add(&our_p99, bench_quantile(&ours, 0.99));
        bench_add(&peer_p99, bench_quantile(&peer, 0.99));
        bench_add(&our_p50, bench_median(&ours));
        bench_add(&peer_p50, bench_median(&peer));
    }
    bench_ratio("append to verified receipt, p99, us", &our_p99, &peer_p99, 3);
    bench_remark("p50 %.0f against %.0f us; %d sessions start a second, rounds of %d appends", bench_median(&our_p50),
                 bench_median(&peer_p50), SESSIONS_PER_S, SLICE * SLICES * ENTRIES_A_START);
    close(fd);
    log_close();
}

/* ---- growth ---- */

static double resident_kb(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
        bench_cannot("/proc/self/statm");
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void measure_proofs(uint64_t size)
{
    static struct bench_series inclusion, consistency;
    struct proto_log_hashes proof;

    for (int i = 0; i < 1000; i++) {
        uint64_t n = ((uint64_t)randombytes_random() << 32 | randombytes_random()) % (size - 1);
        double begin = bench_wall_us();
        if (relay_log_inclusion(run.store, n, size, &proof) != PROTO_OK)
            bench_cannot("an inclusion proof");
        bench_add(&inclusion, (bench_wall_us() - begin) / 1000);
        begin = bench_wall_us();
        if (relay_log_consistency(run.store, n + 1, size, &proof) != PROTO_OK)
            bench_cannot("a consistency proof");
        bench_add(&consistency, (bench_wall_us() - begin) / 1000);
    }
    bench_limit("inclusion proof out of the largest, ms", bench_median(&inclusion), 5);
    bench_limit("consistency proof out of the largest, ms", bench_median(&consistency), 5);
    bench_remark("p99 of the proofs %.2f and %.2f ms", bench_quantile(&inclusion, 0.99),
                 bench_quantile(&consistency, 0.99));
}

static void measure_start(uint64_t size)
{
    log_close();
    double begin = bench_wall_us();
    log_open("growth", true);
    bench_limit("opening the largest, ms", (bench_wall_us() - begin) / 1000, 1000);
    bench_remark("%llu entries", (unsigned long long)size);
}

/* The first thousands against the last ones; the small evidence leaves the disk for the tree. */
static void measure_growth(uint64_t largest)
{
    static struct bench_series early, late;
    enum { BEGIN = ROUND, WINDOW_ROUNDS = 8 };
    double early_kb = 0;

    run.next = 0;
    log_open("growth", true);
    while (run.next < largest) {
        double us = our_round(SESSION_ENTRIES, 64).wall_us;
        if (run.next > BEGIN && run.next <= BEGIN + WINDOW_ROUNDS * ROUND)
            bench_add(&early, us);
        if (run.next == BEGIN + WINDOW_ROUNDS * ROUND)
            early_kb = resident_kb();
        if (run.next > largest - WINDOW_ROUNDS * ROUND)
            bench_add(&late, us);
        if (run.next % 1000000 == 0)
            bench_remark("%llu entries: %.1f us an append, %.0f kB resident", (unsigned long long)run.next, us,
                         resident_kb());
    }
    double late_kb = resident_kb();
    bench_ratio("append: the largest log against 10^3, us", &late, &early, 1.5);
    /* 8 MB of it is the page cache, which is full by then */
    bench_limit("memory of the largest log less that of 10^3, kB", late_kb > early_kb ? late_kb - early_kb : 0, 12288);
    bench_remark("%llu entries; %.0f kB resident", (unsigned long long)largest, late_kb);
    measure_proofs(largest);
    measure_start(largest);
    log_close();
}

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {{"folder", required_argument, NULL, 'f'},
                                            {"entries", required_argument, NULL, 'n'},
                                            {"only", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (option == 'f')
            run.parent = optarg;
        else if (option == 'n')
            run.entries = strtoull(optarg, NULL, 10);
        else if (option == 'o')
            run.only = optarg;
        else
            exit(2);
    if (run.entries && run.entries < 20000) {
        fprintf(stderr, "bench_append: --entries 20000 or more, or 0 for none\n");
        exit(2);
    }
}

static void clear(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", run.folder);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", run.folder);
}

static bool wanted(const char *part)
{
    return !run.only || strcmp(run.only, part) == 0;
}

int main(int argc, char **argv)
{
    const char *is_long = getenv("HANDHOLD_LONG");

    run.entries = is_long && *is_long && *is_long != '0' ? 10000000 : 100000;
    take_options(argc, argv);
    if (sodium_init() < 0 ||
        snprintf(run.folder, sizeof run.folder, "%s/handhold-bench-XXXXXX", run.parent) >= (int)sizeof run.folder ||
        !mkdtemp(run.folder))
        bench_cannot("no folder in %s", run.parent);
    run.woken = eventfd(0, EFD_CLOEXEC);
    randombytes_buf(run.seed, sizeof run.seed);
    make_verifier();
    bench_head();
    if (wanted("groups"))
        measure_groups(30);
    if (wanted("latency"))
        measure_latency();
    if (run.entries && wanted("growth"))
        measure_growth(run.entries - run.entries % ROUND);
    clear();
    return 0;
}
