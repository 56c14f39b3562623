/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_broken(const char *promise, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise);
    abort();
}

uint8_t *fuzz_exact(const void *bytes, size_t len)
{
    uint8_t *block = malloc(len ? len : 1);

    FUZZ_HOLDS(block);
    if (len)
        memcpy(block, bytes, len);
    return block;
}

void fuzz_seed_add(struct fuzz_seeds *seeds, const char *name, const void *bytes, size_t len)
{
    FUZZ_HOLDS(seeds->count < FUZZ_SEEDS_MAX);
    struct fuzz_seed *seed = &seeds->all[seeds->count++];

    snprintf(seed->name, sizeof seed->name, "%s", name);
    seed->bytes = fuzz_exact(bytes, len);
    seed->len = len;
}

void fuzz_seed_add_as(struct fuzz_seeds *seeds, const char *name, uint8_t first, const void *bytes, size_t len)
{
    uint8_t *all = malloc(len + 1);

    FUZZ_HOLDS(all);
    all[0] = first;
    if (len)
        memcpy(all + 1, bytes, len);
    fuzz_seed_add(seeds, name, all, len + 1);
    free(all);
}

void fuzz_seeds_clear(struct fuzz_seeds *seeds)
{
    for (size_t i = 0; i < seeds->count; i++)
        free(seeds->all[i].bytes);
    seeds->count = 0;
}

bool fuzz_more(const struct fuzz_bytes *in)
{
    return in->at != in->end;
}

uint8_t fuzz_u8(struct fuzz_bytes *in)
{
    return fuzz_more(in) ? *in->at++ : 0;
}

uint16_t fuzz_u16(struct fuzz_bytes *in)
{
    uint8_t high = fuzz_u8(in);

    return (uint16_t)(high << 8 | fuzz_u8(in));
}

const uint8_t *fuzz_take(struct fuzz_bytes *in, size_t want, size_t *got)
{
    const uint8_t *at = in->at;
    size_t left = (size_t)(in->end - in->at);

    *got = want < left ? want : left;
    in->at += *got;
    return at;
}

const uint8_t *fuzz_take_lv(struct fuzz_bytes *in, size_t *got)
{
    size_t want = fuzz_u16(in);

    return fuzz_take(in, want, got);
}

uint64_t fuzz_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
