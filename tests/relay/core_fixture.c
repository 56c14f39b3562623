/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/core_fixture.h"

struct world w;

int core_begin(void **state)
{
    (void)state;
    world_new(&w);
    return 0;
}

int core_end(void **state)
{
    (void)state;
    world_free(&w);
    return 0;
}
