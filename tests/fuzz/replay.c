/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/replay.c - a fuzz target without libFuzzer: its seeds, its stored corpus, and mutations of both.
 *
 *     fuzz_replay TARGET CORPUS [MUTATIONS]
 *
 * The mutations are the same in every run, so a failure is met again; the input that failed is written to
 * fuzz-failed-<target> in the current folder before the program dies of it.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { STEPS_MAX = 6 };

static const struct fuzz_target *target;
static const uint8_t *current; /* what is being fed, for the last words */
static size_t current_len;

static void keep_current(int number)
{
    char name[128];

    snprintf(name, sizeof name, "fuzz-failed-%s", target->name);
    FILE *file = fopen(name, "wb");
    if (file) {
        (void)!fwrite(current, 1, current_len, file);
        fclose(file);
        fprintf(stderr, "the input is in %s\n", name);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static bool feed(const uint8_t *bytes, size_t len)
{
    uint8_t *exact = fuzz_exact(bytes, len);

    current = exact;
    current_len = len;
    bool accepted = target->feed(exact, len);
    free(exact);
    return accepted;
}

/* ---- mutations ---- */

static size_t change_bytes(uint8_t *at, size_t len, uint64_t *random)
{
    static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, 0x20, 0x0a, '-', '9'};
    size_t where = fuzz_random(random) % len;

    if (fuzz_random(random) & 1)
        at[where] ^= (uint8_t)(1u << fuzz_random(random) % 8);
    else
        at[where] = telling[fuzz_random(random) % sizeof telling];
    return len;
}

static size_t cut_out(uint8_t *at, size_t len, uint64_t *random)
{
    size_t from = fuzz_random(random) % len, many = 1 + fuzz_random(random) % (len - from);

    memmove(at + from, at + from + many, len - from - many);
    return len - many;
}

static size_t put_in(uint8_t *at, size_t len, size_t room, const struct fuzz_seed *other, uint64_t *random)
{
    size_t to = fuzz_random(random) % (len + 1), many = 1 + fuzz_random(random) % 16;

    if (len + many > room)
        return len;
    memmove(at + to + many, at + to, len - to);
    for (size_t i = 0; i < many; i++)
        at[to + i] = other->len ? other->bytes[fuzz_random(random) % other->len] : 0;
    return len + many;
}

static size_t splice(uint8_t *at, size_t len, size_t room, const struct fuzz_seed *other, uint64_t *random)
{
    if (!other->len)
        return len;
    size_t from = fuzz_random(random) % other->len, many = 1 + fuzz_random(random) % (other->len - from);
    size_t to = fuzz_random(random) % (len + 1);

    if (to + many > room)
        return len;
    memcpy(at + to, other->bytes + from, many);
    return to + many > len ? to + many : len;
}

static size_t mutate(uint8_t *at, size_t len, size_t room, const struct fuzz_seeds *seeds, uint64_t *random)
{
    const struct fuzz_seed *other = &seeds->all[fuzz_random(random) % seeds->count];

    for (unsigned i = 0, steps = 1 + (unsigned)(fuzz_random(random) % STEPS_MAX); i < steps; i++) {
        unsigned choice = (unsigned)(fuzz_random(random) % 8);
        if (len && choice < 4)
            len = change_bytes(at, len, random);
        else if (len && choice == 4)
            len = cut_out(at, len, random);
        else if (choice == 5)
            len = splice(at, len, room, other, random);
        else
            len = put_in(at, len, room, other, random);
    }
    return len;
}

static void feed_mutations(const struct fuzz_seeds *seeds, unsigned long count)
{
    uint64_t random = 20260101;
    uint8_t *bytes = malloc(target->max_len);

    FUZZ_HOLDS(bytes);
    for (unsigned long i = 0; i < count && seeds->count; i++) {
        const struct fuzz_seed *seed = &seeds->all[i % seeds->count];
        memcpy(bytes, seed->bytes, seed->len);
        feed(bytes, mutate(bytes, seed->len, target->max_len, seeds, &random));
    }
    free(bytes);
}

/* ---- the stored corpus ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_file(struct fuzz_seeds *seeds, const char *folder, const char *name)
{
    char path[4096];
    uint8_t *bytes = malloc(target->max_len + 1);

    FUZZ_HOLDS(bytes);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file) {
        size_t len = fread(bytes, 1, target->max_len + 1, file);
        fclose(file);
        if (len <= target->max_len)
            fuzz_seed_add(seeds, name, bytes, len);
    }
    free(bytes);
}

static void load_corpus(struct fuzz_seeds *seeds, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, by_name);

    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.' && seeds->count < FUZZ_SEEDS_MAX)
            load_file(seeds, folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    static struct fuzz_seeds seeds;
    unsigned refused = 0;

    target = argc >= 3 ? fuzz_target_find(argv[1]) : NULL;
    if (!target) {
        fprintf(stderr, "usage: fuzz_replay TARGET CORPUS [MUTATIONS]\n");
        return 2;
    }
    if (sodium_init() < 0)
        return 1;
    signal(SIGABRT, keep_current);
    signal(SIGSEGV, keep_current);
    target->seeds(&seeds);
    size_t genuine = seeds.count;
    for (size_t i = 0; i < genuine; i++)
        if (!feed(seeds.all[i].bytes, seeds.all[i].len) && ++refused)
            fprintf(stderr, "%s: the genuine input \"%s\" was refused\n", target->name, seeds.all[i].name);
    load_corpus(&seeds, argv[2]);
    for (size_t i = genuine; i < seeds.count; i++)
        feed(seeds.all[i].bytes, seeds.all[i].len);
    unsigned long mutations = argc > 3            ? strtoul(argv[3], NULL, 10)
                              : target->mutations ? target->mutations
                                                  : FUZZ_MUTATIONS;
    feed_mutations(&seeds, mutations);
    printf("%s: %zu genuine, %zu stored, %lu mutations\n", target->name, genuine, seeds.count - genuine, mutations);
    fuzz_seeds_clear(&seeds);
    return refused || !genuine;
}
