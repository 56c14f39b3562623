/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/session_test.h"

struct session_world sw;

int sw_teardown(void **state)
{
    (void)state;
    sw_clear(&sw);
    return 0;
}

struct grant *sw_grant_of(enum proto_capability capability)
{
    return &sw.customer->grants[capability];
}

size_t sw_alarms(bool customer)
{
    return sw_count(&sw, customer, PROTO_EVENT_ALARM);
}
