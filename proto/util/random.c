/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/util/random.h"

#include <sodium.h>
#include <string.h>

void proto_random_seeded_init(struct proto_random_seeded *state, const uint8_t seed[static 32])
{
    memcpy(state->seed, seed, sizeof state->seed);
    state->used_blocks = 0;
}

/* Each call takes a fresh nonce, so that the bytes depend only on the seed and on how often it was asked. */
static void fill_seeded(void *context, uint8_t *out, size_t len)
{
    struct proto_random_seeded *state = context;
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (uint8_t)(state->used_blocks >> (8 * i));
    state->used_blocks++;
    crypto_stream_chacha20(out, len, nonce, state->seed);
}

struct proto_random proto_random_from_seeded(struct proto_random_seeded *state)
{
    return (struct proto_random){.fill = fill_seeded, .context = state};
}
