/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/pause.h - how long whoever lost a relay waits before the next try: not at all, then 0.2 s doubling to 1 s,
 * and after a minute to 5 s, each time with up to half of it as jitter, so that a relay that comes back is not met by
 * everybody in the same instant.
 */
#ifndef PROTO_HOST_PAUSE_H
#define PROTO_HOST_PAUSE_H

#include <stdint.h>

/** The pause before try number `tries` (0: at once), with `dice` (any 32 random bits) as jitter. Milliseconds. */
int64_t host_pause_ms(unsigned tries, uint32_t dice);

#endif
