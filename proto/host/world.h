/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/world.h - the clock and the randomness of this machine, in the shape that proto takes them.
 *
 * The rooms of proto are handed time and randomness; programs fetch both here and nowhere else, so that a test can hand
 * over others.
 */
#ifndef PROTO_HOST_WORLD_H
#define PROTO_HOST_WORLD_H

#include "proto/util/random.h"
#include "proto/util/time.h"

/** CLOCK_MONOTONIC and CLOCK_REALTIME, read one after the other. */
struct proto_now host_now(void);
/** A clock that goes on while the machine sleeps; mono_ms of host_now() does not. */
int64_t host_boot_ms(void);
/** The system's randomness (libsodium, which asks the kernel). Starts libsodium; ends the program when it cannot start.
 */
struct proto_random host_random(void);

#endif
