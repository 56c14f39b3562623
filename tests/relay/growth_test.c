/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that grows costs the same for each entry: bytes written and read, memory, and what a proof reads. Counted, not
 * timed; bench_append has the times, up to 10^7 entries. Here 10^5, and a fifth of that where each step is watched.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/append_log.h"
#include "tests/scratch.h"

#ifdef __SANITIZE_ADDRESS__
#define WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED
#endif
#endif
#ifdef WATCHED
enum { ENTRIES = 20000 };
#else
enum { ENTRIES = 100000 };
#endif
enum {
    EARLY = 4000, /* entries in which the first figures are taken, and the last ones */
    EVIDENCE_BYTES = 64,
    PAGE = 4096,
    PAGES_READ_MAX = 2,    /* of an append: all but the row in which a session begins is near the end of its table */
    PAGES_WRITTEN_MAX = 2, /* that row's page, of each fifth append, once in the log of writes and once in its place */
    PROOF_PAGES_MAX = 12,  /* of a proof: a tile for each level, and the way to it */
    MEMORY_MAX_KB = 12288, /* SQLite's page caches, which are full soon, and have a bound */
};

static struct bench_log l;
static char folder[64];

/* What this process has read and written so far. */
static void count_bytes(uint64_t *read_bytes, uint64_t *written_bytes)
{
    unsigned long long in = 0, out = 0;
    FILE *file = fopen("/proc/self/io", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "rchar: %llu wchar: %llu", &in, &out), 2);
    fclose(file);
    *read_bytes = in;
    *written_bytes = out;
}

static uint64_t resident_kb(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &size, &resident), 2);
    fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

struct cost {
    uint64_t read_bytes, written_bytes; /* of one append */
};

/* The next EARLY entries. */
static struct cost stretch(void)
{
    uint64_t read_before, written_before, read_after, written_after;

    count_bytes(&read_before, &written_before);
    for (uint64_t until = l.next + EARLY; l.next < until;)
        (void)bench_log_round(&l, EVIDENCE_BYTES);
    count_bytes(&read_after, &written_after);
    return (struct cost){(read_after - read_before) / EARLY, (written_after - written_before) / EARLY};
}

static void an_append_costs_the_same_however_long_the_log_is(void **state)
{
    struct cost early, late;

    (void)state;
    (void)bench_log_round(&l, EVIDENCE_BYTES);
    early = stretch();
    uint64_t early_kb = resident_kb();
    while (l.next < ENTRIES - EARLY)
        (void)bench_log_round(&l, EVIDENCE_BYTES);
    late = stretch();
    uint64_t late_kb = resident_kb();
    print_message("an append of the first %d: %llu bytes read, %llu written; of the last, before %llu: %llu and %llu; "
                  "%llu kB resident, then %llu\n",
                  (int)EARLY, (unsigned long long)early.read_bytes, (unsigned long long)early.written_bytes,
                  (unsigned long long)l.next, (unsigned long long)late.read_bytes,
                  (unsigned long long)late.written_bytes, (unsigned long long)early_kb, (unsigned long long)late_kb);
    assert_true(late.written_bytes < PAGES_WRITTEN_MAX * PAGE);
    assert_true(late.read_bytes < PAGES_READ_MAX * PAGE);
#ifndef WATCHED
    assert_true(late_kb < early_kb + MEMORY_MAX_KB);
#endif
}

static void a_proof_reads_a_few_pages_however_long_the_log_is(void **state)
{
    enum { PROOFS = 50 };
    uint64_t read_before, read_after, written;
    struct proto_log_hashes proof;

    (void)state;
    count_bytes(&read_before, &written);
    for (uint64_t i = 0; i < PROOFS; i++) {
        uint64_t n = i * 7919 % l.next;
        assert_int_equal(relay_log_inclusion(l.store, n, l.next, &proof), PROTO_OK);
        assert_int_equal(relay_log_consistency(l.store, n + 1, l.next, &proof), PROTO_OK);
    }
    count_bytes(&read_after, &written);
    assert_true(read_after - read_before < (uint64_t)2 * PROOFS * PROOF_PAGES_MAX * PAGE);
}

static int setup(void **state)
{
    static const uint8_t seed[32] = {5};

    (void)state;
    assert_true(sodium_init() >= 0);
    snprintf(folder, sizeof folder, "%s/handhold-growth-XXXXXX", scratch_parent());
    assert_non_null(mkdtemp(folder));
    char data[96];
    snprintf(data, sizeof data, "%s/log", folder);
    bench_log_open(&l, data, seed);
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    bench_log_close(&l);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_append_costs_the_same_however_long_the_log_is),
        cmocka_unit_test(a_proof_reads_a_few_pages_however_long_the_log_is),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
