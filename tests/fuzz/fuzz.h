/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/fuzz.h - what a fuzz target is: one way in for a stranger's bytes, and what must hold whatever they are.
 *
 * A target takes any bytes, never crashes, and aborts when a promise of the decoder breaks (FUZZ_HOLDS): that what was
 * accepted writes back to the same bytes, that a forged thing was not accepted, that two readers of one format agree.
 * Its seeds are genuine inputs; it must accept each of them, so that a target which refuses everything is found out.
 *
 * One table of targets (targets.h) serves three programs: fuzz_<target> runs under libFuzzer, fuzz_replay runs the
 * seeds, the stored corpus and mutations of both that are the same each time, fuzz_seeds writes the seeds to files.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FUZZ_SEEDS_MAX = 256, FUZZ_SEED_NAME = 64, FUZZ_MUTATIONS = 2000 };

struct fuzz_seed {
    char name[FUZZ_SEED_NAME];
    uint8_t *bytes; /* owned */
    size_t len;
};
struct fuzz_seeds {
    struct fuzz_seed all[FUZZ_SEEDS_MAX];
    size_t count;
};
void fuzz_seed_add(struct fuzz_seeds *seeds, const char *name, const void *bytes, size_t len); /* copied */
/** The same with one byte in front, for targets whose first byte chooses what the rest is for. */
void fuzz_seed_add_as(struct fuzz_seeds *seeds, const char *name, uint8_t first, const void *bytes, size_t len);
void fuzz_seeds_clear(struct fuzz_seeds *seeds);

struct fuzz_target {
    const char *name;
    size_t max_len;                                 /* of an input */
    bool (*feed)(const uint8_t *bytes, size_t len); /* true: all of it was accepted as genuine */
    void (*seeds)(struct fuzz_seeds *seeds);
    unsigned mutations; /* of a replay; 0: FUZZ_MUTATIONS */
};

/* A promise that was broken: says which, and aborts, so that libFuzzer and the replay keep the input. */
#define FUZZ_HOLDS(promise) ((promise) ? (void)0 : fuzz_broken(#promise, __FILE__, __LINE__))
void fuzz_broken(const char *promise, const char *file, int line) __attribute__((noreturn));
/** Ends the program when the target's own preparations fail; nothing that a fuzzed byte can cause. */
#define FUZZ_READY(call) FUZZ_HOLDS(!(call))

/* An input as a row of small decisions; past the end everything is zero. */
struct fuzz_bytes {
    const uint8_t *at, *end; /* borrowed */
};
bool fuzz_more(const struct fuzz_bytes *in);
uint8_t fuzz_u8(struct fuzz_bytes *in);
uint16_t fuzz_u16(struct fuzz_bytes *in);
/** Up to `want` bytes; `*got` says how many. Borrowed. */
const uint8_t *fuzz_take(struct fuzz_bytes *in, size_t want, size_t *got);
/** A u16 length, then as many bytes, or what is left. */
const uint8_t *fuzz_take_lv(struct fuzz_bytes *in, size_t *got);
/** A block of exactly `len` bytes on the heap, so that a sanitizer sees the first step too far. Free it. */
uint8_t *fuzz_exact(const void *bytes, size_t len);

/* Deterministic numbers for mutations. */
uint64_t fuzz_random(uint64_t *state);

#endif
