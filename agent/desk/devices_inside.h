/* SPDX-License-Identifier: Apache-2.0 */
/* agent/desk/devices_inside.h - what the files of devices share; nobody else includes it. */
#ifndef AGENT_DESK_DEVICES_INSIDE_H
#define AGENT_DESK_DEVICES_INSIDE_H

#include "agent/desk/devices.h"

enum { AGENT_DESK_BUCKETS = 4096 };

struct agent_desk_ring {
    struct agent_desk_sample *samples; /* owned */
    uint32_t room, first, count;
};

struct agent_desk_value {
    struct agent_desk_value *same_key, *same_name; /* of their buckets */
    uint16_t device;                               /* place of its device */
    bool there, truth, hidden;
    enum proto_guide_type type;
    char name[49], unit[17];
    char *text; /* owned; of TEXT */
    double number;
    uint64_t unix_ms;
    struct agent_desk_ring ring;
};

struct agent_desk_device {
    bool there;
    handhold_Device is;
};

struct agent_desk_devices {
    struct agent_desk_device *devices;   /* owned; AGENT_DESK_DEVICES_MAX */
    struct agent_desk_value *properties; /* owned; AGENT_DESK_PROPERTIES_MAX */
    size_t device_used, device_count, property_used, property_count;
    struct agent_desk_value *by_key[AGENT_DESK_BUCKETS], *by_name[AGENT_DESK_BUCKETS];
    handhold_CheckResult checks[AGENT_DESK_CHECKS_MAX];
    size_t check_count;
    size_t history_bytes;
    int64_t begun_ms; /* of the first change; PROTO_NEVER before */
    uint64_t lost;
};

size_t agent_desk_devices_name_bucket(const char *name);
size_t agent_desk_devices_find(const struct agent_desk_devices *devices, const char *id); /* SIZE_MAX: none */
struct agent_desk_value *agent_desk_devices_find_value(const struct agent_desk_devices *devices, size_t device,
                                                       const char *name);
/** A number's new value, into its history (devices_history.c). */
void agent_desk_devices_remember(struct agent_desk_devices *devices, struct agent_desk_value *value, int64_t mono_ms);

#endif
