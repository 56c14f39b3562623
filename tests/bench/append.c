/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log costs: appends against the same rows, under the same indexes, that SQLite commits in groups of the same
 * size with nothing signed, sealed, hashed or proved; the time from append to verified receipt, while sessions start,
 * against one fsync'd append to a file; and whether cost and memory stay flat while the log grows, up to 10^5 entries,
 * or 10^7 with HANDHOLD_LONG=1.
 *
 * All of it is wall time, with all threads of the log at work and nothing else. Ours and the peer's rounds take turns,
 * and the peer commits as many rows at once as ours does.
 *
 * bench_append [--folder F] [--entries N] [--keep FOLDER] [--only groups|latency|growth|build]: the log that grows is
 * kept in FOLDER, and used again; `build` makes it and measures nothing.
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
#include <time.h>
#include <unistd.h>

#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "tests/bench/append_growth.h"
#include "tests/bench/append_log.h"
#include "tests/bench/bench.h"

enum {
    ROUND = BENCH_LOG_ROUND,
    EVIDENCE_BYTES = BENCH_LOG_EVIDENCE_BYTES,
    ROW_BYTES = EVIDENCE_BYTES + 600, /* an entry with its leaf, commitment, session and line */
    SESSIONS_PER_S = 100,             /* that start; each appends ENTRIES_A_START at once */
    ENTRIES_A_START = 3,              /* created, joined, a grant */
    SLICE = 10,                       /* sessions that start before the peer has its turn, a tenth of a second each */
    SLICES = 30,                      /* in a round */
    PACE_ROUNDS = 9, /* each gives one p99 of either: a machine that stands still now and then spoils one, not all */
};

static struct {
    char folder[64];
    const char *parent, *only, *keep;
    struct bench_log log;
    uint8_t seed[32];
    struct proto_log_verifier verifier; /* as an end has it since it knows the log */
    uint64_t entries;                   /* of the log that grows */
    sqlite3 *peer;
    sqlite3_stmt *insert, *insert_bare, *insert_place, *insert_begun;
} run = {.parent = "/tmp"};

static void make_verifier(void)
{
    uint8_t public_key[32], secret_key[64];
    struct proto_note_key key;
    struct proto_buf vkey;

    proto_sign_keypair(public_key, secret_key, run.seed);
    if (proto_note_key_init(&key, BENCH_LOG_ORIGIN, public_key) != PROTO_OK)
        bench_cannot("the log's key is not one");
    proto_buf_init(&vkey, PROTO_NOTE_VKEY_MAX + 1);
    proto_note_key_format(&key, &vkey);
    proto_buf_put(&vkey, "", 1);
    if (vkey.failed || proto_log_verifier_init(&run.verifier, (const char *)vkey.bytes) != PROTO_OK)
        bench_cannot("the log's key is not one");
    proto_buf_free(&vkey);
}

static void log_open(const char *name)
{
    char folder[96];

    snprintf(folder, sizeof folder, "%s/%s", run.folder, name);
    bench_log_open(&run.log, folder, run.seed);
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
        "CREATE TABLE begun(sid BLOB PRIMARY KEY, first INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE place(first INTEGER NOT NULL, c BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY(first,c))"
        " WITHOUT ROWID;"
        "CREATE INDEX entry_dek ON entry(dek) WHERE bytes IS NOT NULL;");
    if (sqlite3_prepare_v2(run.peer, "INSERT INTO bare(bytes) VALUES(?1)", -1, &run.insert_bare, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(run.peer, "INSERT INTO entry(bytes,c,sid,dek) VALUES(?1,?2,?3,?4)", -1, &run.insert, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(run.peer, "INSERT INTO place(first,c,idx) VALUES(?1,?2,?3)", -1, &run.insert_place, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(run.peer, "INSERT INTO begun(sid,first) VALUES(?1,?2)", -1, &run.insert_begun, NULL) !=
            SQLITE_OK)
        bench_cannot("the peer's statements");
}

static void peer_step(sqlite3_stmt *insert)
{
    if (sqlite3_step(insert) != SQLITE_DONE)
        bench_cannot("the peer's row");
    sqlite3_reset(insert);
}

/* Where it is found, as the store keeps it. */
static void peer_file(const struct relay_job *job, uint64_t n)
{
    sqlite3_int64 first = (sqlite3_int64)(n / BENCH_LOG_SESSION * BENCH_LOG_SESSION);

    if (n % BENCH_LOG_SESSION == 0) {
        sqlite3_bind_blob(run.insert_begun, 1, job->sid, sizeof job->sid, SQLITE_STATIC);
        sqlite3_bind_int64(run.insert_begun, 2, first);
        peer_step(run.insert_begun);
    }
    sqlite3_bind_int64(run.insert_place, 1, first);
    sqlite3_bind_blob(run.insert_place, 2, job->commitment, sizeof job->commitment, SQLITE_STATIC);
    sqlite3_bind_int64(run.insert_place, 3, (sqlite3_int64)n);
    peer_step(run.insert_place);
}

static void peer_group(sqlite3_stmt *insert, uint64_t first, uint64_t count)
{
    static uint8_t bytes[ROW_BYTES];

    sql("BEGIN IMMEDIATE");
    for (uint64_t n = first; n < first + count; n++) {
        struct relay_job job = bench_log_job(n, BENCH_LOG_SESSION, EVIDENCE_BYTES);
        sqlite3_bind_blob(insert, 1, bytes, sizeof bytes, SQLITE_STATIC);
        if (insert == run.insert) {
            sqlite3_bind_blob(insert, 2, job.commitment, sizeof job.commitment, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 3, job.sid, sizeof job.sid, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 4, (sqlite3_int64)(n / BENCH_LOG_SESSION));
            peer_file(&job, n);
        }
        peer_step(insert);
    }
    sql("COMMIT");
}

static struct bench_cost peer_round(sqlite3_stmt *insert, uint64_t first, uint64_t group)
{
    double begin = bench_wall_us(), cpu = bench_cpu_us();

    for (uint64_t n = first; n < first + ROUND; n += group)
        peer_group(insert, n, n + group < first + ROUND ? group : first + ROUND - n);
    return (struct bench_cost){(bench_wall_us() - begin) / ROUND, (bench_cpu_us() - cpu) / ROUND};
}

static void measure_groups(int rounds)
{
    static struct bench_series ours, peer, bare, ours_cpu, peer_cpu, sizes;

    peer_open();
    log_open("groups");
    for (int i = 0; i < rounds + 2; i++) {
        uint64_t first = run.log.next, groups = run.log.groups;
        struct bench_cost a = bench_log_round(&run.log, EVIDENCE_BYTES);
        uint64_t size = ROUND / (run.log.groups - groups);
        struct bench_cost b = peer_round(run.insert, first, size), c = peer_round(run.insert_bare, first, size);
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
    bench_log_close(&run.log);
    sqlite3_finalize(run.insert);
    sqlite3_finalize(run.insert_bare);
    sqlite3_finalize(run.insert_place);
    sqlite3_finalize(run.insert_begun);
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

/* Appends to a file, one when a session of ours would start. Its own three would come one after the other, the second
 * and third when the disk has just shown that it is awake, while ours share one sync and whatever that meets: of the
 * disk's bad moments either side is to see as many. */
static void pace_peer(int fd, struct bench_series *latency_us)
{
    double begin = bench_wall_us();

    for (int i = 0; i < SLICE; i++) {
        double due = begin + (double)i * 1e6 / SESSIONS_PER_S - bench_wall_us();
        struct timespec wait = {0, due > 0 ? (long)(due * 1e3) : 0};
        nanosleep(&wait, NULL);
        bench_add(latency_us, fsynced_append(fd));
    }
}

static void verify(const struct relay_result *result)
{
    struct relay_job job = bench_log_job(result->ticket, ENTRIES_A_START, EVIDENCE_BYTES);
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
        relay_appender_expect(run.log.log, true);
        for (int i = 0; i < ENTRIES_A_START; i++, ++*pushed) {
            struct relay_job job = bench_log_job(first + *pushed, ENTRIES_A_START, EVIDENCE_BYTES);
            starts[*pushed] = bench_wall_us();
            bench_log_push(&run.log, &job);
        }
        relay_appender_expect(run.log.log, false);
    }
}

/* A slice in which sessions start. Each receipt is another end's, on a machine of its own: what is counted is the
 * time to the result and that of its own verification, not of the others' before it. */
static void pace(struct bench_series *latency_us)
{
    double begin = bench_wall_us();
    uint64_t first = run.log.next, count;
    size_t pushed = 0, taken = 0, verified = 0;

    while (verified < SLICE * ENTRIES_A_START) {
        start_sessions(begin, first, &pushed);
        double due = begin + (double)(pushed / ENTRIES_A_START) * 1e6 / SESSIONS_PER_S - bench_wall_us();
        struct timespec wait = {0, due > 0 ? (long)(due * 1e3) : 0};
        struct pollfd woken = {run.log.woken, POLLIN, 0};
        if (ppoll(&woken, 1, taken < pushed && pushed == SLICE * ENTRIES_A_START ? NULL : &wait, NULL) > 0 &&
            read(run.log.woken, &count, sizeof count) != sizeof count)
            bench_cannot("the eventfd");
        for (; taken < SLICE * ENTRIES_A_START && relay_appender_take_result(run.log.log, &results[taken]); taken++)
            taken_at[taken] = bench_wall_us();
        for (; verified < taken; verified++) {
            double verifying = bench_wall_us();
            verify(&results[verified]);
            bench_add(latency_us,
                      taken_at[verified] - starts[results[verified].ticket - first] + bench_wall_us() - verifying);
        }
    }
    run.log.next += taken;
}

static void measure_latency(void)
{
    static struct bench_series ours, peer, our_p99, peer_p99, our_p50, peer_p50;
    char path[96];

    snprintf(path, sizeof path, "%s/peer.bytes", run.folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        bench_cannot("%s: %s", path, strerror(errno));
    log_open("latency");
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
    bench_log_close(&run.log);
}

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {{"folder", required_argument, NULL, 'f'},
                                            {"entries", required_argument, NULL, 'n'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"keep", required_argument, NULL, 'k'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (option == 'f')
            run.parent = optarg;
        else if (option == 'n')
            run.entries = strtoull(optarg, NULL, 10);
        else if (option == 'o')
            run.only = optarg;
        else if (option == 'k')
            run.keep = optarg;
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
    randombytes_buf(run.seed, sizeof run.seed);
    make_verifier();
    bench_head();
    if (wanted("groups"))
        measure_groups(30);
    if (wanted("latency"))
        measure_latency();
    if (run.entries && wanted("growth"))
        bench_growth(run.folder, run.keep, run.entries - run.entries % ROUND, false);
    if (run.keep && run.only && strcmp(run.only, "build") == 0)
        bench_growth(run.folder, run.keep, run.entries - run.entries % ROUND, true);
    clear();
    return 0;
}
