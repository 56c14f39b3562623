/* SPDX-License-Identifier: Apache-2.0 */
/* tests/relay/store_world.h - a store in a folder of its own, with randomness that can be told again. */
#ifndef TESTS_RELAY_STORE_WORLD_H
#define TESTS_RELAY_STORE_WORLD_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "relay/store/store.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

struct world {
    char folder[64];
    struct proto_random_seeded seeded;
    struct relay_store_config config;
    struct relay_store *store;
    char error[RELAY_STORE_ERROR_MAX];
    uint64_t entries; /* for whoever counts them */
};

/** A new folder, and the store open in it. */
int world_setup(void **state);
/** Closes the store and removes the folder with all that is in it. */
int world_teardown(void **state);
void world_open(struct world *w);

#endif
