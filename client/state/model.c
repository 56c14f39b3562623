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

#include "client/state/model_inside.h"
#include "client/state/names.h"
#include "client/state/redact.h"
#include "proto/util/utf8.h"

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

void client_state_model_rules(struct client_state_model *model, const struct client_state_rules *rules)
{
    model->rules = rules;
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
    return (h ^ h >> 16) % MODEL_BUCKETS;
}

struct model_device *client_state_model_slot(const struct client_state_model *model, const char *id)
{
    struct model_device *at = model->device_bucket[bucket_of(id, "")];

    while (at && strcmp(at->device.id, id) != 0)
        at = at->same_bucket;
    return at;
}

struct model_device *client_state_model_present(const struct client_state_model *model, const char *id)
{
    struct model_device *slot = client_state_model_slot(model, id);

    return slot && slot->is_there ? slot : NULL;
}

struct model_property *client_state_model_value(const struct client_state_model *model, const char *device,
                                                const char *name)
{
    struct model_property *at = model->bucket[bucket_of(device, name)];

    while (at && (strcmp(at->property.name, name) != 0 || strcmp(at->property.device, device) != 0))
        at = at->same_bucket;
    return at;
}

static struct model_device *add_device(struct client_state_model *model, const char *id)
{
    struct model_device **bucket = &model->device_bucket[bucket_of(id, "")];
    struct model_device *slot = model->free_devices;

    if (slot)
        model->free_devices = slot->same_bucket;
    else if (model->devices_used < CLIENT_STATE_DEVICES_MAX)
        slot = &model->devices[model->devices_used++];
    else
        return NULL;
    memset(slot, 0, sizeof *slot);
    slot->waiting.is_device = true;
    slot->same_bucket = *bucket;
    *bucket = slot;
    return slot;
}

static struct model_property *add_property(struct client_state_model *model, const char *device, const char *name)
{
    struct model_property **bucket = &model->bucket[bucket_of(device, name)];
    struct model_property *slot = model->free_properties;

    if (slot)
        model->free_properties = slot->same_bucket;
    else if (model->properties_used < CLIENT_STATE_PROPERTIES_MAX)
        slot = &model->properties[model->properties_used++];
    else
        return NULL;
    memset(slot, 0, sizeof *slot);
    slot->same_bucket = *bucket;
    *bucket = slot;
    model->property_count++;
    return slot;
}

void client_state_model_queue(struct client_state_model *model, struct model_waiting *change)
{
    if (change->queued)
        return;
    change->queued = true;
    change->next = NULL;
    change->before = model->newest;
    if (model->newest)
        model->newest->next = change;
    else
        model->oldest = change;
    model->newest = change;
}

void client_state_model_unqueue(struct client_state_model *model, struct model_waiting *change)
{
    if (!change->queued)
        return;
    *(change->before ? &change->before->next : &model->oldest) = change->next;
    *(change->next ? &change->next->before : &model->newest) = change->before;
    change->queued = false;
}

static void drop_property(struct client_state_model *model, struct model_property *slot)
{
    struct model_property **at = &model->bucket[bucket_of(slot->property.device, slot->property.name)];

    client_state_model_unqueue(model, &slot->waiting);
    while (*at != slot)
        at = &(*at)->same_bucket;
    *at = slot->same_bucket;
    slot->property.device[0] = '\0';
    slot->same_bucket = model->free_properties;
    model->free_properties = slot;
    model->property_count--;
}

void client_state_model_drop(struct client_state_model *model, struct model_device *slot)
{
    struct model_device **at = &model->device_bucket[bucket_of(slot->device.id, "")];

    client_state_model_unqueue(model, &slot->waiting);
    while (*at != slot)
        at = &(*at)->same_bucket;
    *at = slot->same_bucket;
    slot->device.id[0] = '\0';
    slot->is_there = false;
    slot->same_bucket = model->free_devices;
    model->free_devices = slot;
}

static bool same_device(const struct client_state_device *a, const struct client_state_device *b)
{
    return !strcmp(a->parent, b->parent) && !strcmp(a->kind, b->kind) && !strcmp(a->maker, b->maker) &&
           !strcmp(a->model, b->model) && !strcmp(a->firmware, b->firmware) && !strcmp(a->name, b->name);
}

static bool device_ok(const struct client_state_device *device)
{
    char id[CLIENT_STATE_ID_BYTES];

    if (!client_state_id_ok(device->id) || (device->parent[0] && !client_state_id_ok(device->parent)) ||
        !client_state_name_ok(device->kind) || !client_state_text_ok(device->maker) ||
        !client_state_text_ok(device->model) || !client_state_text_ok(device->firmware) ||
        !client_state_text_ok(device->name))
        return false;
    /* Refused, not shortened: two devices of one maker would become one. */
    snprintf(id, sizeof id, "%s", device->id);
    client_state_redact_mac(id);
    client_state_redact_bare_mac(id);
    return !strcmp(id, device->id);
}

enum proto_err client_state_model_device(struct client_state_model *model, const struct client_state_device *device)
{
    struct client_state_device clean = *device;
    struct model_device *slot;

    if (!device_ok(device))
        return PROTO_ERR_RANGE;
    slot = client_state_model_slot(model, device->id);
    if (slot && slot->is_there && strcmp(slot->device.seen_by, device->seen_by) != 0)
        return PROTO_ERR_REFUSED;
    char *const labels[] = {clean.maker, clean.model, clean.firmware, clean.name};

    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        proto_utf8_calm(labels[i], ' ');
    client_state_redact_mac(clean.parent);
    client_state_redact(model->rules, "maker", clean.maker, sizeof clean.maker);
    client_state_redact(model->rules, "model", clean.model, sizeof clean.model);
    client_state_redact(model->rules, "firmware", clean.firmware, sizeof clean.firmware);
    client_state_redact(model->rules, "name", clean.name, sizeof clean.name);
    clean.gone = clean.hidden = false;
    if (slot && slot->is_there && same_device(&slot->device, &clean))
        return PROTO_OK;
    if (!slot && !(slot = add_device(model, device->id)))
        return PROTO_ERR_FULL;
    model->device_count += !slot->is_there;
    slot->is_there = true;
    slot->device = clean;
    client_state_model_queue(model, &slot->waiting);
    return PROTO_OK;
}

enum proto_err client_state_model_gone(struct client_state_model *model, const char *seen_by, const char *device)
{
    struct model_device *slot = client_state_model_present(model, device);

    if (!slot)
        return PROTO_ERR_NOT_FOUND;
    if (strcmp(slot->device.seen_by, seen_by) != 0)
        return PROTO_ERR_REFUSED;
    for (size_t i = 0; i < model->properties_used; i++)
        if (!strcmp(model->properties[i].property.device, slot->device.id))
            drop_property(model, &model->properties[i]);
    slot->left = true;
    slot->is_there = false;
    model->device_count--;
    client_state_model_queue(model, &slot->waiting);
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
static void redact(const struct client_state_rules *rules, struct client_state_property *property)
{
    bool hidden = property->type == CLIENT_STATE_BOOL ? client_state_redact_hides_truth(rules, property->name)
                                                      : client_state_redact_hides(rules, property->name);

    if (property->type != CLIENT_STATE_TEXT && hidden) {
        property->type = CLIENT_STATE_TEXT;
        memset(&property->value, 0, sizeof property->value);
        memcpy(property->value.text, CLIENT_STATE_HIDDEN, sizeof CLIENT_STATE_HIDDEN);
        property->unit[0] = '\0';
    } else if (property->type == CLIENT_STATE_TEXT) {
        client_state_redact(rules, property->name, property->value.text, sizeof property->value.text);
    }
}

enum proto_err client_state_model_property(struct client_state_model *model, const char *seen_by,
                                           const struct client_state_property *property)
{
    struct client_state_property clean = *property;
    const struct model_device *device = client_state_model_present(model, property->device);

    if (!device)
        return PROTO_ERR_NOT_FOUND;
    if (strcmp(device->device.seen_by, seen_by) != 0)
        return PROTO_ERR_REFUSED;
    if (!value_ok(property))
        return PROTO_ERR_RANGE;
    proto_utf8_calm(clean.unit, ' ');
    if (clean.type == CLIENT_STATE_TEXT)
        proto_utf8_calm(clean.value.text, ' ');
    client_state_redact_bare_mac(clean.name);
    client_state_redact(model->rules, "unit", clean.unit, sizeof clean.unit);
    redact(model->rules, &clean);
    clean.hidden = false;
    struct model_property *slot = client_state_model_value(model, property->device, clean.name);
    if (slot && same_value(&slot->property, &clean))
        return PROTO_OK;
    if (!slot && !(slot = add_property(model, property->device, clean.name)))
        return PROTO_ERR_FULL;
    slot->property = clean;
    client_state_model_queue(model, &slot->waiting);
    return PROTO_OK;
}

size_t client_state_model_devices(const struct client_state_model *model)
{
    return model->device_count;
}

size_t client_state_model_properties(const struct client_state_model *model)
{
    return model->property_count;
}
