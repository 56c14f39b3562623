/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/store_world.h"

#include <stdio.h>
#include <stdlib.h>

void world_open(struct world *w)
{
    assert_ok(relay_store_open(&w->store, &w->config, w->error));
}

int world_setup(void **state)
{
    static const uint8_t seed[32] = {5};
    struct world *w = calloc(1, sizeof *w);

    snprintf(w->folder, sizeof w->folder, "/tmp/handhold-store-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    proto_random_seeded_init(&w->seeded, seed);
    w->config = (struct relay_store_config){.folder = w->folder, .random = proto_random_from_seeded(&w->seeded)};
    world_open(w);
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;
    char command[128];

    relay_store_close(w->store);
    snprintf(command, sizeof command, "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}
