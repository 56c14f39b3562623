/* SPDX-License-Identifier: Apache-2.0 */
/* tests/relay/trouble.h - what goes wrong at the moment, in a file that a test writes and a relay has mapped. */
#ifndef TESTS_RELAY_TROUBLE_H
#define TESTS_RELAY_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

struct trouble {
    int64_t clock_s;    /* the calendar is off by this */
    int64_t sync_ms;    /* each sync of a file takes this longer */
    bool disk_full;     /* nothing more can be written to a file */
    int64_t fails_each; /* of the first thread's allocations one in so many fails; 0: none */
    int64_t failed;     /* so many have, so far; written by the relay */
};

#endif
