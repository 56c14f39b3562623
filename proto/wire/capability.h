/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/wire/capability.h - what can be consented to, and the words of a session: one table each.
 *
 * A capability has one number on the wire, one name in statements, JSON and policy, and one label that a customer
 * reads.
 */
#ifndef PROTO_WIRE_CAPABILITY_H
#define PROTO_WIRE_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

/*        id            wire  name            label                */
#define PROTO_CAPABILITY_LIST(X)                                                                                       \
    X(CAMERA, 1, "camera", "Camera")                                                                                   \
    X(MICROPHONE, 2, "microphone", "Voice")                                                                            \
    X(DEVICE_STATE, 3, "device-state", "Device information")                                                           \
    X(STILL, 4, "still", "Photo")                                                                                      \
    X(RECORDING, 5, "recording", "Recording")                                                                          \
    X(TORCH, 6, "torch", "Light")                                                                                      \
    X(ZOOM, 7, "zoom", "Zoom")                                                                                         \
    X(LOCATION, 8, "location", "Location")                                                                             \
    X(HISTORY, 9, "history", "Remember this visit")                                                                    \
    X(GUEST, 10, "guest", "Another person")

enum proto_capability {
    PROTO_CAPABILITY_NONE = 0,
#define PROTO_CAPABILITY_ENUM(id, wire, name, label) PROTO_CAPABILITY_##id = wire,
    PROTO_CAPABILITY_LIST(PROTO_CAPABILITY_ENUM)
#undef PROTO_CAPABILITY_ENUM
        PROTO_CAPABILITY_COUNT /* one more than the highest number */
};

/** "camera"; "-" for NONE, NULL for a number that is no capability. */
const char *proto_capability_name(enum proto_capability capability);
/** "Camera"; NULL for a number that is no capability. */
const char *proto_capability_label(enum proto_capability capability);
/** NONE when `name` is no capability. */
enum proto_capability proto_capability_from_name(const char *name);

/* Who a person of the organisation is. The number is on the wire (AUTH_A), the name in certificates and statements. */
#define PROTO_ROLE_LIST(X)                                                                                             \
    X(AGENT, 1, "agent")                                                                                               \
    X(SUPERVISOR, 2, "supervisor")                                                                                     \
    X(EXPERT, 3, "expert")                                                                                             \
    X(OFFICER, 4, "officer")                                                                                           \
    X(INTEGRATOR, 5, "integrator")

enum proto_role {
    PROTO_ROLE_NONE = 0,
#define PROTO_ROLE_ENUM(id, wire, name) PROTO_ROLE_##id = wire,
    PROTO_ROLE_LIST(PROTO_ROLE_ENUM)
#undef PROTO_ROLE_ENUM
        PROTO_ROLE_COUNT
};
const char *proto_role_name(enum proto_role role); /* NULL for no role */
enum proto_role proto_role_from_name(const char *name);

/* Why a session ended: the word that scripts, the log and people see. */
#define PROTO_END_LIST(X)                                                                                              \
    X(COMPLETED, 1, "completed")                                                                                       \
    X(DECLINED, 2, "declined")                                                                                         \
    X(CUSTOMER_LEFT, 3, "customer-left")                                                                               \
    X(AGENT_LEFT, 4, "agent-left")                                                                                     \
    X(CONNECTION_LOST, 5, "connection-lost")                                                                           \
    X(EXPIRED, 6, "expired")                                                                                           \
    X(WRONG_PERSON, 7, "wrong-person")                                                                                 \
    X(STOPPED_BY_OFFICER, 8, "stopped-by-officer")                                                                     \
    X(FAILED, 9, "failed")

enum proto_end {
    PROTO_END_NONE = 0,
#define PROTO_END_ENUM(id, wire, name) PROTO_END_##id = wire,
    PROTO_END_LIST(PROTO_END_ENUM)
#undef PROTO_END_ENUM
        PROTO_END_COUNT
};
const char *proto_end_name(enum proto_end end); /* "failed" out of range */

/* What became of a still that was asked for. */
#define PROTO_STILL_OUTCOME_LIST(X)                                                                                    \
    X(SENDING, 1, "sending")                                                                                           \
    X(DISCARDED, 2, "discarded")                                                                                       \
    X(FAILED, 3, "failed")

enum proto_still_outcome {
#define PROTO_STILL_ENUM(id, wire, name) PROTO_STILL_##id = wire,
    PROTO_STILL_OUTCOME_LIST(PROTO_STILL_ENUM)
#undef PROTO_STILL_ENUM
        PROTO_STILL_OUTCOME_COUNT
};

#endif
