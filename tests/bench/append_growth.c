/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/append_growth.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/append_log.h"
#include "tests/bench/bench.h"

enum {
    SMALL = 1000, /* entries of the log it is held against, when it begins */
    ROUNDS = 8,   /* of either */
    OPENINGS = 7, /* of either */
    PROOFS = 1000,
    EVIDENCE_BYTES = 64, /* small, so that the disk is left to the tree */
};

/* The key of every log here: one that is kept must open in a later run. */
static const uint8_t seed[32] = {7};

static double resident_kb(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
        bench_cannot("/proc/self/statm");
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void build(const char *folder, uint64_t entries)
{
    struct bench_log l;

    bench_log_open(&l, folder, seed);
    while (l.next < entries) {
        double us = bench_log_round(&l, EVIDENCE_BYTES).wall_us;
        if (l.next % 1000000 == 0) {
            bench_remark("made %llu entries: %.1f us an append, %.0f kB resident", (unsigned long long)l.next, us,
                         resident_kb());
            fflush(stdout);
        }
    }
    bench_log_close(&l);
}

/* A database goes out of the system's memory, or into it: a relay that wrote it holds it, one that just came up does not. */
static void hold(const char *folder, bool held)
{
    static const char *const names[] = {"relay.db", "keys.db"};
    static uint8_t bytes[1 << 20];
    char path[BENCH_LOG_FOLDER_MAX + 16];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 || fsync(fd) != 0 ? -1 : 0;
        if (n == 0 && !held && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
            n = -1;
        while (n == 0 && held && (n = read(fd, bytes, sizeof bytes)) > 0)
            n = 0;
        if (n != 0)
            bench_cannot("%s cannot be read", path);
        close(fd);
    }
}

static void proofs(const struct bench_log *l)
{
    static struct bench_series inclusion, consistency;
    struct proto_log_hashes proof;
    uint64_t size = l->next;

    for (int i = 0; i < PROOFS; i++) {
        uint64_t n = ((uint64_t)randombytes_random() << 32 | randombytes_random()) % (size - 1);
        double begin = bench_wall_us();
        if (relay_log_inclusion(l->store, n, size, &proof) != PROTO_OK)
            bench_cannot("an inclusion proof");
        bench_add(&inclusion, (bench_wall_us() - begin) / 1000);
        begin = bench_wall_us();
        if (relay_log_consistency(l->store, n + 1, size, &proof) != PROTO_OK)
            bench_cannot("a consistency proof");
        bench_add(&consistency, (bench_wall_us() - begin) / 1000);
    }
    bench_limit("inclusion proof out of the largest, ms", bench_median(&inclusion), 5);
    bench_limit("consistency proof out of the largest, ms", bench_median(&consistency), 5);
    bench_remark("p99 of the proofs %.2f and %.2f ms", bench_quantile(&inclusion, 0.99),
                 bench_quantile(&consistency, 0.99));
}

/* What a process holds that has opened the log and written so many rounds; it is gone then, properly or not. */
static double held_kb(const char *folder, int rounds, bool properly)
{
    int pipes[2], status = 0;
    double kb = 0;

    fflush(stdout);
    if (pipe(pipes) != 0)
        bench_cannot("a pipe");
    pid_t child = fork();
    if (child == 0) {
        struct bench_log l;
        bench_log_open(&l, folder, seed);
        while (rounds--)
            (void)bench_log_round(&l, EVIDENCE_BYTES);
        kb = resident_kb();
        if (properly)
            bench_log_close(&l);
        _exit(write(pipes[1], &kb, sizeof kb) != sizeof kb);
    }
    close(pipes[1]);
    if (child < 0 || read(pipes[0], &kb, sizeof kb) != sizeof kb || waitpid(child, &status, 0) != child || status != 0)
        bench_cannot("a log in a process of its own");
    close(pipes[0]);
    return kb;
}

static double opening_ms(const char *folder)
{
    struct bench_log l;

    hold(folder, false);
    double begin = bench_wall_us();
    bench_log_open(&l, folder, seed);
    double ms = (bench_wall_us() - begin) / 1000;
    bench_log_close(&l);
    return ms;
}

/* Each twice: after a proper end, and after a crash. Nothing else is open meanwhile. */
static void openings(const char *small, const char *large)
{
    static struct bench_series early, late, early_crashed, late_crashed;

    for (int i = 0; i < OPENINGS; i++) {
        bench_add(&early, opening_ms(small));
        bench_add(&late, opening_ms(large));
        (void)held_kb(small, 1, false); /* as after a power cut */
        (void)held_kb(large, 1, false);
        bench_add(&early_crashed, opening_ms(small));
        bench_add(&late_crashed, opening_ms(large));
    }
    bench_limit("opening the largest, from the disk, ms", bench_median(&late), 1000);
    bench_limit("the same after a crash, ms", bench_median(&late_crashed), 1000);
    bench_remark("the log of 10^3: %.0f ms, after a crash %.0f", bench_median(&early), bench_median(&early_crashed));
}

static void memory(const char *small, const char *large)
{
    double early = held_kb(small, ROUNDS, true), late = held_kb(large, ROUNDS, true);

    /* 8 MB of it is the page cache, which is full by then */
    bench_limit("memory of the largest log less that of 10^3, kB", late > early ? late - early : 0, 12288);
    bench_remark("%.0f kB resident; the log of 10^3 %.0f", late, early);
}

static void appends(const char *small, const char *large)
{
    static struct bench_series early, late;
    struct bench_log one, other;

    hold(small, true);
    hold(large, true);
    bench_log_open(&one, small, seed);
    bench_log_open(&other, large, seed);
    (void)bench_log_round(&one, EVIDENCE_BYTES);
    (void)bench_log_round(&other, EVIDENCE_BYTES);
    for (int i = 0; i < ROUNDS; i++) {
        bench_add(&early, bench_log_round(&one, EVIDENCE_BYTES).wall_us);
        bench_add(&late, bench_log_round(&other, EVIDENCE_BYTES).wall_us);
    }
    bench_ratio("append: the largest log in memory against 10^3, us", &late, &early, 1.5);
    bench_remark("%llu entries", (unsigned long long)other.next);
    proofs(&other);
    bench_log_close(&one);
    bench_log_close(&other);
}

void bench_growth(const char *folder, const char *keep, uint64_t entries, bool build_only)
{
    char small[BENCH_LOG_FOLDER_MAX], large[BENCH_LOG_FOLDER_MAX];

    snprintf(small, sizeof small, "%s/small", folder);
    snprintf(large, sizeof large, "%s/largest", keep ? keep : folder);
    if (keep && mkdir(keep, 0700) != 0 && access(keep, W_OK) != 0)
        bench_cannot("%s cannot be made or written", keep);
    build(large, entries);
    if (build_only)
        return;
    build(small, SMALL);
    memory(small, large);
    appends(small, large);
    openings(small, large);
}
