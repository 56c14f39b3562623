/* SPDX-License-Identifier: Apache-2.0 */
/* The home as guides ask about it. */
#include <string.h>

#include "agent/desk/devices_inside.h"

enum { PASS = 2, WARN = 3, FAIL = 4, STATUS_NAMES = 7 }; /* the numbers of CheckResult */

static struct proto_guide_fact fact_of(const struct agent_desk_devices *d, const struct agent_desk_value *p)
{
    const handhold_Device *is = &d->devices[p->device].is;

    return (struct proto_guide_fact){.device = is->id,
                                     .kind = is->kind,
                                     .maker = is->maker,
                                     .model = is->model,
                                     .firmware = is->firmware,
                                     .name = p->name,
                                     .type = p->type,
                                     .text = p->text ? p->text : "",
                                     .number = p->number,
                                     .truth = p->truth};
}

static void each_property(void *context, const char *name, proto_guide_visit visit, void *visitor)
{
    const struct agent_desk_devices *d = context;

    for (const struct agent_desk_value *p = d->by_name[agent_desk_devices_name_bucket(name)]; p; p = p->same_name)
        if (!p->hidden && !strcmp(p->name, name)) {
            struct proto_guide_fact fact = fact_of(d, p);

            if (!visit(visitor, &fact))
                return;
        }
}

static bool property(void *context, const char *device, const char *name, struct proto_guide_fact *out)
{
    const struct agent_desk_devices *d = context;
    size_t at = agent_desk_devices_find(d, device);
    const struct agent_desk_value *p = at == SIZE_MAX ? NULL : agent_desk_devices_find_value(d, at, name);

    if (!p || p->hidden)
        return false;
    *out = fact_of(d, p);
    return true;
}

static void each_device(void *context, proto_guide_visit visit, void *visitor)
{
    const struct agent_desk_devices *d = context;

    for (size_t i = 0; i < d->device_used; i++) {
        const handhold_Device *is = &d->devices[i].is;
        struct proto_guide_fact fact = {
            .device = is->id, .kind = is->kind, .maker = is->maker, .model = is->model, .firmware = is->firmware};

        if (d->devices[i].there && !is->hidden && !visit(visitor, &fact))
            return;
    }
}

static bool one_passed(const struct agent_desk_devices *d, const char *check)
{
    for (size_t i = 0; i < d->check_count; i++)
        if (!strcmp(d->checks[i].check, check) && d->checks[i].status == PASS)
            return true;
    return false;
}

uint32_t agent_desk_devices_verdict(const struct agent_desk_devices *d, const handhold_CheckResult *r)
{
    bool spare = !strcmp(r->check, "dns") && one_passed(d, "dns");
    bool mute = !strcmp(r->check, "gateway") && one_passed(d, "internet");

    return r->status == FAIL && (spare || mute) ? WARN : r->status;
}

static void each_check(void *context, const char *check, proto_guide_visit visit, void *visitor)
{
    static const char *const statuses[STATUS_NAMES] = {"",     "running",     "pass",     "warn",
                                                       "fail", "not-checked", "cancelled"};
    const struct agent_desk_devices *d = context;

    for (size_t i = 0; i < d->check_count; i++) {
        const handhold_CheckResult *r = &d->checks[i];
        uint32_t status = agent_desk_devices_verdict(d, r);
        struct proto_guide_fact fact = {.device = r->target,
                                        .name = r->check,
                                        .text = status < STATUS_NAMES ? statuses[status] : "",
                                        .number = r->value,
                                        .type = r->has_value ? PROTO_GUIDE_NUMBER : PROTO_GUIDE_TEXT};

        if (!strcmp(r->check, check) && !visit(visitor, &fact))
            return;
    }
}

struct proto_guide_facts agent_desk_devices_facts(struct agent_desk_devices *d)
{
    return (struct proto_guide_facts){d, each_property, property, each_device, each_check};
}
