/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/capability.h"

#include <stddef.h>
#include <string.h>

static const char *const capability_names[PROTO_CAPABILITY_COUNT] = {[PROTO_CAPABILITY_NONE] = "-",
#define NAME(id, wire, name, label) [wire] = name,
                                                                     PROTO_CAPABILITY_LIST(NAME)
#undef NAME
};

static const char *const capability_labels[PROTO_CAPABILITY_COUNT] = {
#define LABEL(id, wire, name, label) [wire] = label,
    PROTO_CAPABILITY_LIST(LABEL)
#undef LABEL
};

static const char *const role_names[PROTO_ROLE_COUNT] = {
#define NAME(id, wire, name) [wire] = name,
    PROTO_ROLE_LIST(NAME)
#undef NAME
};

static const char *const end_names[PROTO_END_COUNT] = {
#define NAME(id, wire, name) [wire] = name,
    PROTO_END_LIST(NAME)
#undef NAME
};

static int find(const char *const *names, int count, const char *name)
{
    for (int i = 1; i < count; i++)
        if (names[i] && !strcmp(names[i], name))
            return i;
    return 0;
}

const char *proto_capability_name(enum proto_capability capability)
{
    return (unsigned)capability < PROTO_CAPABILITY_COUNT ? capability_names[capability] : NULL;
}

const char *proto_capability_label(enum proto_capability capability)
{
    return (unsigned)capability < PROTO_CAPABILITY_COUNT ? capability_labels[capability] : NULL;
}

enum proto_capability proto_capability_from_name(const char *name)
{
    return (enum proto_capability)find(capability_names, PROTO_CAPABILITY_COUNT, name);
}

const char *proto_role_name(enum proto_role role)
{
    return (unsigned)role < PROTO_ROLE_COUNT ? role_names[role] : NULL;
}

enum proto_role proto_role_from_name(const char *name)
{
    return (enum proto_role)find(role_names, PROTO_ROLE_COUNT, name);
}

const char *proto_end_name(enum proto_end end)
{
    return end > PROTO_END_NONE && end < PROTO_END_COUNT ? end_names[end] : "failed";
}
