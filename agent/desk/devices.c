/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/devices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, FIRST_SAMPLES = 16, EVERY_MS = 1000, STATUS_NAMES = 7 };

struct ring {
    struct agent_desk_sample *samples; /* owned */
    uint32_t room, first, count;
};

struct property {
    struct property *same_key, *same_name; /* of their buckets */
    uint16_t device;                       /* place of its device */
    bool there, truth, hidden;
    enum proto_guide_type type;
    char name[49], unit[17];
    char *text; /* owned; of TEXT */
    double number;
    uint64_t unix_ms;
    struct ring ring;
};

struct device {
    bool there;
    handhold_Device is;
};

struct agent_desk_devices {
    struct device *devices;      /* owned; AGENT_DESK_DEVICES_MAX */
    struct property *properties; /* owned; AGENT_DESK_PROPERTIES_MAX */
    size_t device_used, device_count, property_used, property_count;
    struct property *by_key[BUCKETS], *by_name[BUCKETS];
    handhold_CheckResult checks[AGENT_DESK_CHECKS_MAX];
    size_t check_count;
    size_t history_bytes;
    int64_t begun_ms; /* of the first change; PROTO_NEVER before */
    uint64_t lost;
};

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
    return (h ^ h >> 16) % BUCKETS;
}

static size_t key_bucket(size_t device, const char *name)
{
    return bucket(hash(2166136261u ^ (uint32_t)device * 2654435761u, name));
}

static size_t name_bucket(const char *name)
{
    return bucket(hash(2166136261u, name));
}

/* Few devices, and each is looked for once a change: a walk is quick enough (300 ids, a few microseconds). */
static size_t find_device(const struct agent_desk_devices *d, const char *id)
{
    for (size_t i = 0; i < d->device_used; i++)
        if (d->devices[i].there && !strcmp(d->devices[i].is.id, id))
            return i;
    return SIZE_MAX;
}

static struct property *find_property(const struct agent_desk_devices *d, size_t device, const char *name)
{
    struct property *at = d->by_key[key_bucket(device, name)];

    while (at && (at->device != device || strcmp(at->name, name) != 0))
        at = at->same_key;
    return at;
}

/* ---- properties come and go ---- */

static void unlink_from(struct property **at, struct property *p, size_t offset)
{
    while (*at != p)
        at = (struct property **)(void *)((char *)*at + offset);
    memcpy(at, (char *)p + offset, sizeof(struct property *));
}

static void drop_property(struct agent_desk_devices *d, struct property *p)
{
    unlink_from(&d->by_key[key_bucket(p->device, p->name)], p, offsetof(struct property, same_key));
    unlink_from(&d->by_name[name_bucket(p->name)], p, offsetof(struct property, same_name));
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

static struct property *add_property(struct agent_desk_devices *d, size_t device, const char *name)
{
    struct property *p = NULL;
    size_t key = key_bucket(device, name), of_name = name_bucket(name);

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

/* ---- history ---- */

static bool grow(struct agent_desk_devices *d, struct ring *ring)
{
    uint32_t room = ring->room ? ring->room * 2 : FIRST_SAMPLES;
    struct agent_desk_sample *more;

    room = room < AGENT_DESK_SAMPLES_MAX ? room : AGENT_DESK_SAMPLES_MAX;
    if (room == ring->room || d->history_bytes + (room - ring->room) * sizeof *more > AGENT_DESK_HISTORY_BYTES)
        return false;
    more = malloc(room * sizeof *more);
    if (!more)
        return false;
    for (uint32_t i = 0; i < ring->count; i++)
        more[i] = ring->samples[(ring->first + i) % ring->room];
    free(ring->samples);
    d->history_bytes += (room - ring->room) * sizeof *more;
    *ring = (struct ring){more, room, 0, ring->count};
    return true;
}

static void remember(struct agent_desk_devices *d, struct property *p, int64_t mono_ms)
{
    struct ring *ring = &p->ring;
    struct agent_desk_sample sample = {(uint32_t)(mono_ms - d->begun_ms), (float)p->number};
    struct agent_desk_sample *last = ring->count ? &ring->samples[(ring->first + ring->count - 1) % ring->room] : NULL;

    if (last && sample.at_ms - last->at_ms < EVERY_MS) {
        last->value = sample.value; /* the newest of each second */
        return;
    }
    if (ring->count == ring->room && !grow(d, ring)) {
        if (!ring->room)
            return;
        ring->first = (ring->first + 1) % ring->room;
        ring->count--;
    }
    ring->samples[(ring->first + ring->count++) % ring->room] = sample;
}

size_t agent_desk_devices_history(const struct agent_desk_devices *d, const char *device, const char *name,
                                  struct agent_desk_sample *out, size_t room)
{
    size_t at = find_device(d, device);
    const struct property *p = at == SIZE_MAX ? NULL : find_property(d, at, name);
    size_t count = p ? p->ring.count : 0, skip = count > room ? count - room : 0;

    for (size_t i = skip; i < count; i++)
        out[i - skip] = p->ring.samples[(p->ring.first + i) % p->ring.room];
    return count - skip;
}

/* ---- messages ---- */

static bool take_device(struct agent_desk_devices *d, const handhold_Device *is)
{
    size_t at = find_device(d, is->id);

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

static void set_value(struct property *p, const handhold_Property *is)
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
    size_t device = find_device(d, is->device);
    struct property *p = device == SIZE_MAX ? NULL : find_property(d, device, is->name);

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
        remember(d, p, mono_ms);
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

static struct agent_desk_property shown(const struct agent_desk_devices *d, const struct property *p)
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
    size_t at = find_device(d, device);

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

/* ---- as facts ---- */

static struct proto_guide_fact fact_of(const struct agent_desk_devices *d, const struct property *p)
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

    for (const struct property *p = d->by_name[name_bucket(name)]; p; p = p->same_name)
        if (!p->hidden && !strcmp(p->name, name)) {
            struct proto_guide_fact fact = fact_of(d, p);

            if (!visit(visitor, &fact))
                return;
        }
}

static bool property(void *context, const char *device, const char *name, struct proto_guide_fact *out)
{
    const struct agent_desk_devices *d = context;
    size_t at = find_device(d, device);
    const struct property *p = at == SIZE_MAX ? NULL : find_property(d, at, name);

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

static void each_check(void *context, const char *check, proto_guide_visit visit, void *visitor)
{
    static const char *const statuses[STATUS_NAMES] = {"",     "running",     "pass",     "warn",
                                                       "fail", "not-checked", "cancelled"};
    const struct agent_desk_devices *d = context;

    for (size_t i = 0; i < d->check_count; i++) {
        const handhold_CheckResult *r = &d->checks[i];
        struct proto_guide_fact fact = {.device = r->target,
                                        .name = r->check,
                                        .text = r->status < STATUS_NAMES ? statuses[r->status] : "",
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
