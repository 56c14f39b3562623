/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/devices.h - what the customer's home says of itself, as the agent has it: devices, their newest values,
 * what they were before, and the newest result of each check.
 *
 * Filled by StateChange messages, which come from a stranger: bounded in every direction, and what does not fit is
 * counted and left out. Numbers keep a history for graphs: one value a second at most, the newest ones of the session,
 * within AGENT_DESK_HISTORY_BYTES for all of them together. Guides look at it as facts (proto/guide/condition.h).
 */
#ifndef AGENT_DESK_DEVICES_H
#define AGENT_DESK_DEVICES_H

#include "proto/guide/condition.h"
#include "proto/wire/message.h"

enum {
    AGENT_DESK_DEVICES_MAX = 512,
    AGENT_DESK_PROPERTIES_MAX = 8192,
    AGENT_DESK_CHECKS_MAX = 64,                 /* newest results, by check and target */
    AGENT_DESK_SAMPLES_MAX = 600,               /* of one property: ten minutes at one a second */
    AGENT_DESK_HISTORY_BYTES = 3 * 1024 * 1024, /* of all properties; a new sample then takes the place of the oldest */
};

struct agent_desk_sample {
    uint32_t at_ms; /* since the first change of the session */
    float value;
};

/* A property as a screen shows it. Borrowed until the next take or clear. */
struct agent_desk_property {
    const char *device, *name, *unit, *text; /* text: of TEXT */
    enum proto_guide_type type;
    double number;
    bool truth, hidden; /* hidden: the customer does not show it */
    uint64_t unix_ms;
};

struct agent_desk_devices;

PROTO_MUST_USE enum proto_err agent_desk_devices_new(struct agent_desk_devices **out);
void agent_desk_devices_free(struct agent_desk_devices *devices); /* NULL is fine */
/** One message. False: it changed nothing, or did not fit. */
bool agent_desk_devices_take(struct agent_desk_devices *devices, const handhold_StateChange *change, int64_t mono_ms);
/** The consent is gone: so is everything. */
void agent_desk_devices_clear(struct agent_desk_devices *devices);
/** Anything of the home was told, or checked. */
bool agent_desk_devices_known(const struct agent_desk_devices *devices);

/** As guides ask. Valid as long as `devices`. */
struct proto_guide_facts agent_desk_devices_facts(struct agent_desk_devices *devices);

size_t agent_desk_devices_count(const struct agent_desk_devices *devices);
size_t agent_desk_devices_properties(const struct agent_desk_devices *devices);
uint64_t agent_desk_devices_lost(const struct agent_desk_devices *devices); /* changes that did not fit */
/** Devices in the order in which they came; NULL behind the last. Borrowed. */
const handhold_Device *agent_desk_devices_at(const struct agent_desk_devices *devices, size_t index);
/** Each property of a device, until `visit` says false. */
void agent_desk_devices_each(const struct agent_desk_devices *devices, const char *device,
                             bool (*visit)(void *context, const struct agent_desk_property *property), void *context);
/** The newest `room` samples of a number, oldest first; how many there are. */
size_t agent_desk_devices_history(const struct agent_desk_devices *devices, const char *device, const char *name,
                                  struct agent_desk_sample *out, size_t room);
/** Newest results of checks, in the order in which they were first asked for; NULL behind the last. Borrowed. */
const handhold_CheckResult *agent_desk_devices_check(const struct agent_desk_devices *devices, size_t index);
/**
 * Its status beside the others, as the chain judges it (client/checks/chain.h): one name server of several that is dead
 * breaks nothing, nor does a router that answers no pings while the internet is there behind it.
 */
uint32_t agent_desk_devices_verdict(const struct agent_desk_devices *devices, const handhold_CheckResult *result);

#endif
