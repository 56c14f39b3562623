/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/util/err.h"

#include <stddef.h>

struct entry {
    const char *name, *rule, *way_out;
};

static const struct entry entries[PROTO_ERR_COUNT] = {
#define PROTO_ERR_ENTRY(name, rule, way_out) [PROTO_ERR_##name] = {#name, rule, way_out},
    PROTO_ERR_LIST(PROTO_ERR_ENTRY)
#undef PROTO_ERR_ENTRY
};

static const struct entry *find(enum proto_err err)
{
    static const struct entry unknown = {"UNKNOWN", "an error without a name", "this is a defect of Handhold"};

    return (unsigned)err < PROTO_ERR_COUNT ? &entries[err] : &unknown;
}

const char *proto_err_name(enum proto_err err)
{
    return find(err)->name;
}

const char *proto_err_rule(enum proto_err err)
{
    return find(err)->rule;
}

const char *proto_err_way_out(enum proto_err err)
{
    return find(err)->way_out;
}
