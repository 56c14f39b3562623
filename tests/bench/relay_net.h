/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/relay_net.h - a loopback of the benchmark's own, the same on every machine.
 *
 * Between two cores of one machine there is no line, but there is TCP: one that paces its sending by what it believes
 * of a line (BBR) spends timers and waits where another does not. So all that are compared stand in one network
 * namespace, under a congestion control that waits for nobody: CUBIC, or Reno.
 */
#ifndef TESTS_BENCH_RELAY_NET_H
#define TESTS_BENCH_RELAY_NET_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Puts this process, and what it starts, into a network of its own. Call before the first socket and thread. false: not
 * allowed here (it takes root), and the system's own network stays. `congestion` names what rules in either case.
 */
bool relay_net_own(char congestion[static 16]);

/** How many packets the kernel has thrown away because a core's queue of them was full. */
unsigned long relay_net_thrown_away(void);

#endif
