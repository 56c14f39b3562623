/* SPDX-License-Identifier: Apache-2.0 */
/* tests/network/line.h - the line itself: a loop over two packet sockets in a namespace of its own. See net.h. */
#ifndef TESTS_NETWORK_LINE_H
#define TESTS_NETWORK_LINE_H

#include "tests/network/net.h"

#define LINE_LEFT "e0"  /* towards the customer */
#define LINE_RIGHT "e1" /* towards the relay */

/** Runs until it is killed; carries frames between both ends of its namespace as `watch->now` says. An exit code. */
int line_run(struct net_watch *watch, uint64_t seed);
/** Segments and checksums are made by the kernel, as on a real wire: no offload over this device. */
bool line_plain_frames(enum net_machine machine, const char *device);

#endif
