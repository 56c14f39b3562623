/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/devices_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum proto_err agent_desk_devices_new(struct agent_desk_devices **out)
{
    struct agent_desk_devices *d = calloc(1, sizeof *d);

    *out = NULL;
    if (!d)
        return PROTO_ERR_NOMEM;
    d->begun_ms = PROTO_NEVER;
    d->devices = calloc(AGENT_DESK_DEVICES_MAX, sizeof *d->devices);
    d->properties = calloc(AGENT_DESK_PROPERTIES_MAX, sizeof *d->properties);
    if (!d->devices || !d->properties) {
        agent_desk_devices_free(d);
        return PROTO_ERR_NOMEM;
    }
    *out = d;
    return PROTO_OK;
}

/* ---- finding ---- */

static uint32_t hash(uint32_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h;
}

static size_t bucket(uint32_t h)
{
    return (h ^ h >> 16) % AGENT_DESK_BUCKETS;
}

static size_t key_bucket(size_t device, const char *name)
{
    return bucket(hash(2166136261u ^ (uint32_t)device * 2654435761u, name));
}

size_t agent_desk_devices_name_bucket(const char *name)
{
    return bucket(hash(2166136261u, name));
}

/* Few devices, and each is looked for once a change: a walk is quick enough (300 ids, a few microseconds). */
size_t agent_desk_devices_find(const struct agent_desk_devices *d, const char *id)
{
    for (size_t i = 0; i < d->device_used; i++)
        if (d->devices[i].there && !strcmp(d->devices[i].is.id, id))
            return i;
    return SIZE_MAX;
}

struct agent_desk_value *agent_desk_devices_find_value(const struct agent_desk_devices *d, size_t device,
                                                       const char *name)
{
    struct agent_desk_value *at = d->by_key[key_bucket(device, name)];

    while (at && (at->device != device || strcmp(at->name, name) != 0))
        at = at->same_key;
    return at;
}

/* ---- properties come and go ---- */

static void unlink_from(struct agent_desk_value **at, struct agent_desk_value *p, size_t offset)
{
    while (*at != p)
        at = (struct agent_desk_value **)(void *)((char *)*at + offset);
    memcpy(at, (char *)p + offset, sizeof(struct agent_desk_value *));
}

static void drop_property(struct agent_desk_devices *d, struct agent_desk_value *p)
{
    unlink_from(&d->by_key[key_bucket(p->device, p->name)], p, offsetof(struct agent_desk_value, same_key));
    unlink_from(&d->by_name[agent_desk_devices_name_bucket(p->name)], p, offsetof(struct agent_desk_value, same_name));
    d->history_bytes -= p->ring.room * sizeof *p->ring.samples;
    free(p->ring.samples);
    free(p->text);
    memset(p, 0, sizeof *p);
    d->property_count--;
}

static void drop_properties(struct agent_desk_devices *d, size_t device)
{
    for (size_t i = 0; i < d->property_used; i++)
        if (d->properties[i].there && d->properties[i].device == device)
            drop_property(d, &d->properties[i]);
}

static struct agent_desk_value *add_property(struct agent_desk_devices *d, size_t device, const char *name)
{
    struct agent_desk_value *p = NULL;
    size_t key = key_bucket(device, name), of_name = agent_desk_devices_name_bucket(name);

    for (size_t i = 0; !p && d->property_count < d->property_used && i < d->property_used; i++)
        if (!d->properties[i].there)
            p = &d->properties[i];
    if (!p && d->property_used < AGENT_DESK_PROPERTIES_MAX)
        p = &d->properties[d->property_used++];
    if (!p)
        return NULL;
    p->there = true;
    p->device = (uint16_t)device;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->same_key = d->by_key[key];
    d->by_key[key] = p;
    p->same_name = d->by_name[of_name];
    d->by_name[of_name] = p;
    d->property_count++;
    return p;
}

void agent_desk_devices_clear(struct agent_desk_devices *d)
{
    for (size_t i = 0; i < d->property_used; i++)
        if (d->properties[i].there)
            drop_property(d, &d->properties[i]);
    memset(d->devices, 0, d->device_used * sizeof *d->devices);
    memset(d->checks, 0, sizeof d->checks);
    d->device_used = d->device_count = d->property_used = d->check_count = 0;
    d->begun_ms = PROTO_NEVER;
}

bool agent_desk_devices_known(const struct agent_desk_devices *d)
{
    return d->device_count || d->check_count;
}

void agent_desk_devices_free(struct agent_desk_devices *d)
{
    if (!d)
        return;
    if (d->devices && d->properties)
        agent_desk_devices_clear(d);
    free(d->devices);
    free(d->properties);
    free(d);
}

/* ---- messages ---- */

static bool take_device(struct agent_desk_devices *d, const handhold_Device *is)
{
    size_t at = agent_desk_devices_find(d, is->id);

    if (!is->id[0])
        return false;
    if (at != SIZE_MAX && (is->gone || is->hidden))
        drop_properties(d, at);
    if (is->gone) {
        if (at == SIZE_MAX)
            return false;
        memset(&d->devices[at], 0, sizeof d->devices[at]);
        d->device_count--;
        return true;
    }
    for (size_t i = 0; at == SIZE_MAX && i < d->device_used; i++)
        if (!d->devices[i].there)
            at = i;
    if (at == SIZE_MAX && d->device_used < AGENT_DESK_DEVICES_MAX)
        at = d->device_used++;
    if (at == SIZE_MAX) {
        d->lost++;
        return false;
    }
    d->device_count += !d->devices[at].there;
    d->devices[at].there = true;
    d->devices[at].is = *is;
    return true;
}

static void set_value(struct agent_desk_value *p, const handhold_Property *is)
{
    char *text = is->which_value == handhold_Property_text_tag && !is->hidden ? strdup(is->value.text) : NULL;

    free(p->text);
    p->text = text;
    p->type = is->which_value == handhold_Property_number_tag  ? PROTO_GUIDE_NUMBER
              : is->which_value == handhold_Property_truth_tag ? PROTO_GUIDE_TRUTH
                                                               : PROTO_GUIDE_TEXT;
    p->number = p->type == PROTO_GUIDE_NUMBER ? is->value.number : 0;
    p->truth = p->type == PROTO_GUIDE_TRUTH && is->value.truth;
    p->hidden = is->hidden;
    p->unix_ms = is->unix_ms;
    snprintf(p->unit, sizeof p->unit, "%s", is->unit);
}

static bool take_property(struct agent_desk_devices *d, const handhold_Property *is, int64_t mono_ms)
{
    size_t device = agent_desk_devices_find(d, is->device);
    struct agent_desk_value *p = device == SIZE_MAX ? NULL : agent_desk_devices_find_value(d, device, is->name);

    if (strlen(is->name) >= sizeof p->name || !is->name[0] ||
        (is->which_value == handhold_Property_number_tag && !isfinite(is->value.number))) {
        d->lost++;
        return false;
    }
    if (!p && (device == SIZE_MAX || !(p = add_property(d, device, is->name)))) {
        d->lost++;
        return false;
    }
    set_value(p, is);
    if (p->type == PROTO_GUIDE_NUMBER && !p->hidden)
        agent_desk_devices_remember(d, p, mono_ms);
    return true;
}

static bool take_check(struct agent_desk_devices *d, const handhold_CheckResult *is)
{
    size_t at = 0;

    if (is->status < 2 || is->status > 5)
        return false; /* running or cancelled: what was found before still holds */
    while (at < d->check_count &&
           (strcmp(d->checks[at].check, is->check) != 0 || strcmp(d->checks[at].target, is->target) != 0))
        at++;
    if (at == AGENT_DESK_CHECKS_MAX) {
        memmove(d->checks, d->checks + 1, sizeof d->checks - sizeof *d->checks);
        at = --d->check_count;
    }
    d->check_count += at == d->check_count;
    d->checks[at] = *is;
    return true;
}

bool agent_desk_devices_take(struct agent_desk_devices *d, const handhold_StateChange *change, int64_t mono_ms)
{
    if (d->begun_ms == PROTO_NEVER)
        d->begun_ms = mono_ms;
    switch (change->which_body) {
    case handhold_StateChange_device_tag:
        return take_device(d, &change->body.device);
    case handhold_StateChange_property_tag:
        return take_property(d, &change->body.property, mono_ms);
    case handhold_StateChange_check_tag:
        return take_check(d, &change->body.check);
    default:
        return false;
    }
}

/* ---- looking ---- */

size_t agent_desk_devices_count(const struct agent_desk_devices *d)
{
    return d->device_count;
}

size_t agent_desk_devices_properties(const struct agent_desk_devices *d)
{
    return d->property_count;
}

uint64_t agent_desk_devices_lost(const struct agent_desk_devices *d)
{
    return d->lost;
}

const handhold_Device *agent_desk_devices_at(const struct agent_desk_devices *d, size_t index)
{
    for (size_t i = 0; i < d->device_used; i++)
        if (d->devices[i].there && index-- == 0)
            return &d->devices[i].is;
    return NULL;
}

static struct agent_desk_property shown(const struct agent_desk_devices *d, const struct agent_desk_value *p)
{
    return (struct agent_desk_property){.device = d->devices[p->device].is.id,
                                        .name = p->name,
                                        .unit = p->unit,
                                        .text = p->text ? p->text : "",
                                        .type = p->type,
                                        .number = p->number,
                                        .truth = p->truth,
                                        .hidden = p->hidden,
                                        .unix_ms = p->unix_ms};
}

void agent_desk_devices_each(const struct agent_desk_devices *d, const char *device,
                             bool (*visit)(void *context, const struct agent_desk_property *property), void *context)
{
    size_t at = agent_desk_devices_find(d, device);

    for (size_t i = 0; at != SIZE_MAX && i < d->property_used; i++)
        if (d->properties[i].there && d->properties[i].device == at) {
            struct agent_desk_property p = shown(d, &d->properties[i]);

            if (!visit(context, &p))
                return;
        }
}

const handhold_CheckResult *agent_desk_devices_check(const struct agent_desk_devices *d, size_t index)
{
    return index < d->check_count ? &d->checks[index] : NULL;
}
