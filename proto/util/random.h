/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/util/random.h - randomness as an argument.
 *
 * Nothing in proto or relay/core draws randomness by itself: whoever starts an object hands it a source. A program
 * gives the system's (proto/host), a test or the simulated world a seeded one, so that every run can be repeated byte
 * for byte.
 */
#ifndef PROTO_UTIL_RANDOM_H
#define PROTO_UTIL_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct proto_random {
    /** Fills `out` with `len` bytes that nobody can guess; cannot fail (a program without randomness must not go on).
     */
    void (*fill)(void *context, uint8_t *out, size_t len);
    void *context; /* borrowed: outlives every object that was given this source */
};

/** A random source seeded from 32 bytes (ChaCha20 stream): for tests and the simulated world. */
struct proto_random_seeded {
    uint8_t seed[32];
    uint64_t used_blocks;
};
void proto_random_seeded_init(struct proto_random_seeded *state, const uint8_t seed[static 32]);
/** The source that draws from `state`, which it borrows. */
struct proto_random proto_random_from_seeded(struct proto_random_seeded *state);

static inline void proto_random_fill(const struct proto_random *random, uint8_t *out, size_t len)
{
    random->fill(random->context, out, len);
}

#endif
