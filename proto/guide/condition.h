/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/guide/condition.h - is it so? A guide's condition held against what the product says.
 *
 * The facts are somebody else's (agent/desk/devices.h at the agent's end); this looks at them through four questions.
 * A leaf is true when some device that it picks has a value that passes; a value that is not known passes no test but
 * `known: false`. "for: 10s" needs memory: struct proto_guide_hold keeps since when each node has been true.
 */
#ifndef PROTO_GUIDE_CONDITION_H
#define PROTO_GUIDE_CONDITION_H

#include "proto/guide/guide.h"
#include "proto/util/time.h"

/* Borrowed texts. */
struct proto_guide_fact {
    const char *device, *kind, *maker, *model, *firmware;
    const char *name;
    enum proto_guide_type type;
    const char *text;
    double number;
    bool truth;
};

/* A visitor returns false when it has seen enough. */
typedef bool (*proto_guide_visit)(void *context, const struct proto_guide_fact *fact);

struct proto_guide_facts {
    void *context; /* borrowed */
    /** Each property of this name. */
    void (*each_property)(void *context, const char *name, proto_guide_visit visit, void *visitor);
    /** One property of one device; false: not known. */
    bool (*property)(void *context, const char *device, const char *name, struct proto_guide_fact *out);
    /** Each device; name, type and value are not set. */
    void (*each_device)(void *context, proto_guide_visit visit, void *visitor);
    /** Each result of this check: its status is the text, its figure the number (type NUMBER: there is one). */
    void (*each_check)(void *context, const char *check, proto_guide_visit visit, void *visitor);
};

struct proto_guide_hold {                    /* a zeroed struct: nothing has been true yet */
    int64_t since_ms[PROTO_GUIDE_NODES_MAX]; /* mono + 1 of when it became true; 0: it is not */
};

bool proto_guide_picks(const struct proto_guide_pick *pick, const struct proto_guide_fact *device, const char *subject);
/**
 * Is node `at` of the guide true? `subject`: id of the device that it is about, "" for none. `hold` NULL: "for" is not
 * waited for. *again_ms becomes earlier when time alone can change the answer.
 */
bool proto_guide_is(const struct proto_guide *guide, uint16_t at, const char *subject,
                    const struct proto_guide_facts *facts, struct proto_guide_hold *hold, int64_t mono_ms,
                    int64_t *again_ms);

#endif
