/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/home_world.h - a home that can be broken on purpose, and mended: a name server, a network that asks for
 * a sign-in, a time server, a host of the internet with TLS, and a real Mosquitto broker with TLS and a lamp behind it.
 *
 * Everything listens on loopback. A fault is switched on and off while the programs run; what answers is a thread.
 */
#ifndef TESTS_SYSTEM_HOME_WORLD_H
#define TESTS_SYSTEM_HOME_WORLD_H

#include <stdbool.h>

#include "tests/system/house.h"

/* In the order of the chain, phone first: the first of those that are there is the one to be named. */
enum home_fault { HOME_CLOCK, HOME_PORTAL, HOME_NAMES, HOME_BROKER, HOME_LAMP, HOME_FAULTS };

struct home_world;

/** False: this machine has no Mosquitto. Writes checks.ini and mqtt.ini into the house. */
bool home_world_start(struct house *house, struct home_world **out);
/** The lamp before the broker: what nobody hears is no fault of the lamp's. */
void home_world_break(struct home_world *world, enum home_fault fault);
void home_world_mend(struct home_world *world, enum home_fault fault);
void home_world_stop(struct home_world *world); /* NULL is fine */

#endif
