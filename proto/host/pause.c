/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/pause.h"

enum {
    FIRST_MS = 200,
    EAGER_TRIES = 15,    /* about a minute: as long as a session waits for whoever was lost … */
    EAGER_MAX_MS = 1000, /* … a line that is back must not wait for us */
    LONGEST_MS = 5000
};

int64_t host_pause_ms(unsigned tries, uint32_t dice)
{
    int64_t pause = FIRST_MS;

    if (tries == 0)
        return 0;
    int64_t max = tries <= EAGER_TRIES ? EAGER_MAX_MS : LONGEST_MS;
    for (unsigned i = 1; i < tries && pause < max; i++)
        pause *= 2;
    if (pause > max)
        pause = max;
    return pause - (int64_t)(dice % (uint32_t)(pause / 2 + 1));
}
