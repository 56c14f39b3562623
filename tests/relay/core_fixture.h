/* SPDX-License-Identifier: Apache-2.0 */
/* tests/relay/core_fixture.h - the world of a test of the core, new for each test. */
#ifndef TESTS_RELAY_CORE_FIXTURE_H
#define TESTS_RELAY_CORE_FIXTURE_H

#include "tests/relay/core_world.h"

extern struct world w;

int core_begin(void **state);
int core_end(void **state);

#endif
