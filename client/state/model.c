/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The latest value of every property, and which of them somebody has yet to hear of. A change that comes while an older
 * one of the same property still waits takes its place in the row: a slow reader gets new values, never a backlog, and
 * a property that changes all the time is not pushed back again and again until nobody hears of it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/names.h"
#include "client/state/redact.h"
#include "client/state/source.h"

enum { BUCKETS = 4096 /* of properties by name: with as many as there may be, one step finds it */ };

/* A place in the row of changes that were not told. */
struct waiting {
    struct waiting *next;
    bool queued, is_device;
};

struct device_slot {
    struct waiting waiting; /* first */
    struct client_state_device device;
};

struct property_slot {
    struct waiting waiting; /* first */
    struct property_slot *same_bucket;
    struct client_state_property property;
};

struct client_state_model {
    struct device_slot *devices;      /* owned; CLIENT_STATE_DEVICES_MAX */
    struct property_slot *properties; /* owned; CLIENT_STATE_PROPERTIES_MAX */
    size_t device_count, property_count;
    struct property_slot *bucket[BUCKETS];
    struct waiting *oldest, *newest; /* the row */
};

enum proto_err client_state_model_new(struct client_state_model **out)
{
    struct client_state_model *model = calloc(1, sizeof *model);

    *out = NULL;
    if (!model)
        return PROTO_ERR_NOMEM;
    model->devices = calloc(CLIENT_STATE_DEVICES_MAX, sizeof *model->devices);
    model->properties = calloc(CLIENT_STATE_PROPERTIES_MAX, sizeof *model->properties);
    if (!model->devices || !model->properties) {
        client_state_model_free(model);
        return PROTO_ERR_NOMEM;
    }
    *out = model;
    return PROTO_OK;
}

void client_state_model_free(struct client_state_model *model)
{
    if (!model)
        return;
    free(model->devices);
    free(model->properties);
    free(model);
}

static struct device_slot *find_device(struct client_state_model *model, const char *id)
{
    for (size_t i = 0; i < model->device_count; i++)
        if (!strcmp(model->devices[i].device.id, id))
            return &model->devices[i];
    return NULL;
}

/* FNV-1a. Whoever makes names collide on purpose gains a walk over the few thousand that there may be, no more. */
static size_t bucket_of(const char *device, const char *name)
{
    uint32_t h = 2166136261u;

    for (; *device; device++)
        h = (h ^ (uint8_t)*device) * 16777619u;
    h = (h ^ 0xff) * 16777619u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return (h ^ h >> 16) % BUCKETS;
}

static struct property_slot *find_property(struct client_state_model *model, const char *device, const char *name)
{
    struct property_slot *at = model->bucket[bucket_of(device, name)];

    while (at && (strcmp(at->property.name, name) != 0 || strcmp(at->property.device, device) != 0))
        at = at->same_bucket;
    return at;
}

static struct property_slot *add_property(struct client_state_model *model, const char *device, const char *name)
{
    struct property_slot **bucket = &model->bucket[bucket_of(device, name)];
    struct property_slot *slot = &model->properties[model->property_count++];

    slot->same_bucket = *bucket;
    *bucket = slot;
    return slot;
}

static void queue(struct client_state_model *model, struct waiting *change)
{
    if (change->queued)
        return;
    change->queued = true;
    change->next = NULL;
    if (model->newest)
        model->newest->next = change;
    else
        model->oldest = change;
    model->newest = change;
}

static bool same_device(const struct client_state_device *a, const struct client_state_device *b)
{
    return !strcmp(a->parent, b->parent) && !strcmp(a->kind, b->kind) && !strcmp(a->maker, b->maker) &&
           !strcmp(a->model, b->model) && !strcmp(a->firmware, b->firmware);
}

static bool device_ok(const struct client_state_device *device)
{
    char id[CLIENT_STATE_ID_BYTES];

    if (!client_state_id_ok(device->id) || (device->parent[0] && !client_state_id_ok(device->parent)) ||
        !client_state_name_ok(device->kind) || !client_state_text_ok(device->maker) ||
        !client_state_text_ok(device->model) || !client_state_text_ok(device->firmware))
        return false;
    /* Refused, not shortened: two devices of one maker would become one. */
    snprintf(id, sizeof id, "%s", device->id);
    return !client_state_redact_mac(id);
}

enum proto_err client_state_model_device(struct client_state_model *model, const struct client_state_device *device)
{
    struct client_state_device clean = *device;
    struct device_slot *slot;

    if (!device_ok(device))
        return PROTO_ERR_RANGE;
    slot = find_device(model, device->id);
    if (slot && strcmp(slot->device.seen_by, device->seen_by) != 0)
        return PROTO_ERR_REFUSED;
    client_state_redact_mac(clean.parent);
    client_state_redact("maker", clean.maker, sizeof clean.maker);
    client_state_redact("model", clean.model, sizeof clean.model);
    client_state_redact("firmware", clean.firmware, sizeof clean.firmware);
    if (slot && same_device(&slot->device, &clean))
        return PROTO_OK;
    if (!slot) {
        if (model->device_count == CLIENT_STATE_DEVICES_MAX)
            return PROTO_ERR_FULL;
        slot = &model->devices[model->device_count++];
        slot->waiting.is_device = true;
    }
    slot->device = clean;
    queue(model, &slot->waiting);
    return PROTO_OK;
}

static bool same_value(const struct client_state_property *a, const struct client_state_property *b)
{
    if (a->type != b->type || strcmp(a->unit, b->unit) != 0)
        return false;
    switch (a->type) {
    case CLIENT_STATE_TEXT:
        return !strcmp(a->value.text, b->value.text);
    case CLIENT_STATE_NUMBER:
        return fabs(a->value.number - b->value.number) < 1e-9;
    case CLIENT_STATE_BOOL:
        return a->value.boolean == b->value.boolean;
    }
    return false;
}

static bool value_ok(const struct client_state_property *property)
{
    if (!client_state_name_ok(property->name) || !client_state_text_ok(property->unit))
        return false;
    if (property->type == CLIENT_STATE_TEXT)
        return client_state_text_ok(property->value.text);
    return property->type == CLIENT_STATE_BOOL ||
           (isfinite(property->value.number) && fabs(property->value.number) < 1e15);
}

/* A number under a secret name (a PIN, a latitude) becomes text: what is hidden has no type. */
static void redact(struct client_state_property *property)
{
    if (property->type == CLIENT_STATE_NUMBER && client_state_redact_hides(property->name)) {
        property->type = CLIENT_STATE_TEXT;
        memset(&property->value, 0, sizeof property->value);
        memcpy(property->value.text, CLIENT_STATE_HIDDEN, sizeof CLIENT_STATE_HIDDEN);
        property->unit[0] = '\0';
    } else if (property->type == CLIENT_STATE_TEXT) {
        client_state_redact(property->name, property->value.text, sizeof property->value.text);
    }
}

enum proto_err client_state_model_property(struct client_state_model *model, const char *seen_by,
                                           const struct client_state_property *property)
{
    struct client_state_property clean = *property;
    const struct device_slot *device = find_device(model, property->device);

    if (!device)
        return PROTO_ERR_NOT_FOUND;
    if (strcmp(device->device.seen_by, seen_by) != 0)
        return PROTO_ERR_REFUSED;
    if (!value_ok(property))
        return PROTO_ERR_RANGE;
    redact(&clean);
    struct property_slot *slot = find_property(model, property->device, property->name);
    if (slot && same_value(&slot->property, &clean))
        return PROTO_OK;
    if (!slot) {
        if (model->property_count == CLIENT_STATE_PROPERTIES_MAX)
            return PROTO_ERR_FULL;
        slot = add_property(model, property->device, property->name);
    }
    slot->property = clean;
    queue(model, &slot->waiting);
    return PROTO_OK;
}

static bool tell(const struct waiting *change, const struct client_state_sink *sink)
{
    return change->is_device
               ? sink->device(sink->context, &((const struct device_slot *)(const void *)change)->device)
               : sink->property(sink->context, &((const struct property_slot *)(const void *)change)->property);
}

size_t client_state_model_flush(struct client_state_model *model, const struct client_state_sink *sink)
{
    size_t count = 0;

    for (struct waiting *change; (change = model->oldest) && tell(change, sink); count++) {
        model->oldest = change->next;
        if (!model->oldest)
            model->newest = NULL;
        change->queued = false;
    }
    return count;
}

void client_state_model_retell(struct client_state_model *model)
{
    /* The row is made anew, or a newcomer would hear of a value before its device. */
    for (struct waiting *at = model->oldest; at; at = at->next)
        at->queued = false;
    model->oldest = model->newest = NULL;
    for (size_t i = 0; i < model->device_count; i++)
        queue(model, &model->devices[i].waiting);
    for (size_t i = 0; i < model->property_count; i++)
        queue(model, &model->properties[i].waiting);
}

size_t client_state_model_devices(const struct client_state_model *model)
{
    return model->device_count;
}

size_t client_state_model_properties(const struct client_state_model *model)
{
    return model->property_count;
}
