/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The latest value of every property, and which of them somebody has yet to hear of. A change that comes while an older one of the
 * same property still waits takes its place in the row: a slow reader gets new values, never a backlog.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/names.h"
#include "client/state/redact.h"
#include "client/state/source.h"

struct device_slot {
    struct client_state_device device;
    uint64_t changed; /* number of the change; 0: told */
};

struct property_slot {
    struct client_state_property property;
    uint64_t changed;
};

struct client_state_model {
    struct device_slot *devices;     /* owned; CLIENT_STATE_DEVICES_MAX */
    struct property_slot *properties; /* owned; CLIENT_STATE_PROPERTIES_MAX */
    size_t device_count, property_count;
    uint64_t changes;
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

static struct property_slot *find_property(struct client_state_model *model, const char *device, const char *name)
{
    for (size_t i = 0; i < model->property_count; i++)
        if (!strcmp(model->properties[i].property.name, name) && !strcmp(model->properties[i].property.device, device))
            return &model->properties[i];
    return NULL;
}

static bool same_device(const struct client_state_device *a, const struct client_state_device *b)
{
    return !strcmp(a->parent, b->parent) && !strcmp(a->kind, b->kind) && !strcmp(a->maker, b->maker) && !strcmp(a->model, b->model) &&
           !strcmp(a->firmware, b->firmware);
}

enum proto_err client_state_model_device(struct client_state_model *model, const struct client_state_device *device)
{
    if (!client_state_id_ok(device->id) || (device->parent[0] && !client_state_id_ok(device->parent)) ||
        !client_state_name_ok(device->kind) || !client_state_text_ok(device->maker) || !client_state_text_ok(device->model) ||
        !client_state_text_ok(device->firmware))
        return PROTO_ERR_RANGE;
    struct device_slot *slot = find_device(model, device->id);
    if (slot && strcmp(slot->device.seen_by, device->seen_by) != 0)
        return PROTO_ERR_REFUSED;
    if (slot && same_device(&slot->device, device))
        return PROTO_OK;
    if (!slot) {
        if (model->device_count == CLIENT_STATE_DEVICES_MAX)
            return PROTO_ERR_FULL;
        slot = &model->devices[model->device_count++];
    }
    slot->device = *device;
    client_state_redact("model", slot->device.model, sizeof slot->device.model);
    slot->changed = ++model->changes;
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
    return property->type == CLIENT_STATE_BOOL || (isfinite(property->value.number) && fabs(property->value.number) < 1e15);
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
    if (clean.type == CLIENT_STATE_TEXT)
        client_state_redact(clean.name, clean.value.text, sizeof clean.value.text);
    struct property_slot *slot = find_property(model, property->device, property->name);
    if (slot && same_value(&slot->property, &clean))
        return PROTO_OK;
    if (!slot) {
        if (model->property_count == CLIENT_STATE_PROPERTIES_MAX)
            return PROTO_ERR_FULL;
        slot = &model->properties[model->property_count++];
    }
    slot->property = clean;
    slot->changed = ++model->changes;
    return PROTO_OK;
}

/* The oldest change that was not told; devices before their properties, since both are numbered in one row. */
static bool tell_next(struct client_state_model *model, const struct client_state_sink *sink, bool *told)
{
    struct device_slot *device = NULL;
    struct property_slot *property = NULL;

    for (size_t i = 0; i < model->device_count; i++)
        if (model->devices[i].changed && (!device || model->devices[i].changed < device->changed))
            device = &model->devices[i];
    for (size_t i = 0; i < model->property_count; i++)
        if (model->properties[i].changed && (!property || model->properties[i].changed < property->changed))
            property = &model->properties[i];
    if (!device && !property)
        return false;
    if (device && (!property || device->changed < property->changed)) {
        *told = sink->device(sink->context, &device->device);
        device->changed = *told ? 0 : device->changed;
    } else {
        *told = sink->property(sink->context, &property->property);
        property->changed = *told ? 0 : property->changed;
    }
    return *told;
}

size_t client_state_model_flush(struct client_state_model *model, const struct client_state_sink *sink)
{
    size_t count = 0;
    bool told = false;

    while (tell_next(model, sink, &told))
        count++;
    return count;
}

void client_state_model_retell(struct client_state_model *model)
{
    for (size_t i = 0; i < model->device_count; i++)
        model->devices[i].changed = ++model->changes;
    for (size_t i = 0; i < model->property_count; i++)
        model->properties[i].changed = ++model->changes;
}

size_t client_state_model_devices(const struct client_state_model *model)
{
    return model->device_count;
}

size_t client_state_model_properties(const struct client_state_model *model)
{
    return model->property_count;
}
