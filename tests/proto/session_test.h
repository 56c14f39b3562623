/* SPDX-License-Identifier: Apache-2.0 */
/* tests/proto/session_test.h - what every test of a session has: its world, short names, and the world's end. */
#ifndef TESTS_PROTO_SESSION_TEST_H
#define TESTS_PROTO_SESSION_TEST_H

#include "tests/proto/session_world.h"
#include "tests/proto/test.h"

#define CAMERA PROTO_CAPABILITY_CAMERA
#define MICROPHONE PROTO_CAPABILITY_MICROPHONE
#define STATE PROTO_CAPABILITY_DEVICE_STATE
#define STILL PROTO_CAPABILITY_STILL
#define TORCH PROTO_CAPABILITY_TORCH
#define ZOOM PROTO_CAPABILITY_ZOOM

/** The world of the test that runs; each file has its own setup and seed. */
extern struct session_world sw;

int sw_teardown(void **state);
/** The customer's end's own. */
struct grant *sw_grant_of(enum proto_capability capability);
size_t sw_alarms(bool customer);

#endif
