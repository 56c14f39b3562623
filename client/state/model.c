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
    struct waiting *next, *before;
    bool queued, is_device;
};

struct device_slot {
    struct waiting waiting; /* first */
    struct device_slot *same_bucket;
    struct client_state_device device;
    bool left;     /* it went while nobody heard: its going is told first */
    bool is_there; /* false with `left`: told as gone, then the slot is free */
};

struct property_slot {
    struct waiting waiting; /* first */
    struct property_slot *same_bucket;
    struct client_state_property property;
};

struct hide {
    char device[CLIENT_STATE_ID_BYTES];
    char name[CLIENT_STATE_NAME_BYTES]; /* "": the whole device */
};

struct client_state_model {
    struct device_slot *devices;      /* owned; CLIENT_STATE_DEVICES_MAX */
    struct property_slot *properties; /* owned; CLIENT_STATE_PROPERTIES_MAX */
    struct device_slot *free_devices; /* by same_bucket */
    struct property_slot *free_properties;
    size_t device_count, property_count;  /* that are there */
    size_t devices_used, properties_used; /* slots that were ever taken */
    struct device_slot *device_bucket[BUCKETS];
    struct property_slot *bucket[BUCKETS];
    struct waiting *oldest, *newest; /* the row */
    struct hide hides[CLIENT_STATE_HIDES_MAX];
    size_t hide_count;
    const struct client_state_rules *rules; /* borrowed; NULL: the built-in ones */
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
    return (h ^ h >> 16) % BUCKETS;
}

static struct device_slot *find_device(const struct client_state_model *model, const char *id)
{
    struct device_slot *at = model->device_bucket[bucket_of(id, "")];

    while (at && strcmp(at->device.id, id) != 0)
        at = at->same_bucket;
    return at;
}

static struct device_slot *present_device(const struct client_state_model *model, const char *id)
{
    struct device_slot *slot = find_device(model, id);

    return slot && slot->is_there ? slot : NULL;
}

static struct property_slot *find_property(const struct client_state_model *model, const char *device, const char *name)
{
    struct property_slot *at = model->bucket[bucket_of(device, name)];

    while (at && (strcmp(at->property.name, name) != 0 || strcmp(at->property.device, device) != 0))
        at = at->same_bucket;
    return at;
}

static struct device_slot *add_device(struct client_state_model *model, const char *id)
{
    struct device_slot **bucket = &model->device_bucket[bucket_of(id, "")];
    struct device_slot *slot = model->free_devices;

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

static struct property_slot *add_property(struct client_state_model *model, const char *device, const char *name)
{
    struct property_slot **bucket = &model->bucket[bucket_of(device, name)];
    struct property_slot *slot = model->free_properties;

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

static void queue(struct client_state_model *model, struct waiting *change)
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

static void leave_row(struct client_state_model *model, struct waiting *change)
{
    if (!change->queued)
        return;
    *(change->before ? &change->before->next : &model->oldest) = change->next;
    *(change->next ? &change->next->before : &model->newest) = change->before;
    change->queued = false;
}

static void drop_property(struct client_state_model *model, struct property_slot *slot)
{
    struct property_slot **at = &model->bucket[bucket_of(slot->property.device, slot->property.name)];

    leave_row(model, &slot->waiting);
    while (*at != slot)
        at = &(*at)->same_bucket;
    *at = slot->same_bucket;
    slot->property.device[0] = '\0';
    slot->same_bucket = model->free_properties;
    model->free_properties = slot;
    model->property_count--;
}

static void drop_device(struct client_state_model *model, struct device_slot *slot)
{
    struct device_slot **at = &model->device_bucket[bucket_of(slot->device.id, "")];

    leave_row(model, &slot->waiting);
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
    return !client_state_redact_mac(id);
}

enum proto_err client_state_model_device(struct client_state_model *model, const struct client_state_device *device)
{
    struct client_state_device clean = *device;
    struct device_slot *slot;

    if (!device_ok(device))
        return PROTO_ERR_RANGE;
    slot = find_device(model, device->id);
    if (slot && slot->is_there && strcmp(slot->device.seen_by, device->seen_by) != 0)
        return PROTO_ERR_REFUSED;
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
    queue(model, &slot->waiting);
    return PROTO_OK;
}

enum proto_err client_state_model_gone(struct client_state_model *model, const char *seen_by, const char *device)
{
    struct device_slot *slot = present_device(model, device);

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
static void redact(const struct client_state_rules *rules, struct client_state_property *property)
{
    if (property->type == CLIENT_STATE_NUMBER && client_state_redact_hides(rules, property->name)) {
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
    const struct device_slot *device = present_device(model, property->device);

    if (!device)
        return PROTO_ERR_NOT_FOUND;
    if (strcmp(device->device.seen_by, seen_by) != 0)
        return PROTO_ERR_REFUSED;
    if (!value_ok(property))
        return PROTO_ERR_RANGE;
    redact(model->rules, &clean);
    clean.hidden = false;
    struct property_slot *slot = find_property(model, property->device, property->name);
    if (slot && same_value(&slot->property, &clean))
        return PROTO_OK;
    if (!slot && !(slot = add_property(model, property->device, property->name)))
        return PROTO_ERR_FULL;
    slot->property = clean;
    queue(model, &slot->waiting);
    return PROTO_OK;
}

/* ---- what the customer does not show ---- */

static struct hide *find_hide(struct client_state_model *model, const char *device, const char *name)
{
    for (size_t i = 0; i < model->hide_count; i++)
        if (!strcmp(model->hides[i].device, device) && !strcmp(model->hides[i].name, name))
            return &model->hides[i];
    return NULL;
}

static bool is_hidden(const struct client_state_model *model, const char *device, const char *name)
{
    for (size_t i = 0; i < model->hide_count; i++)
        if (!strcmp(model->hides[i].device, device) && !strcmp(model->hides[i].name, name))
            return true;
    return false;
}

static void tell_again(struct client_state_model *model, const char *device, const char *name)
{
    struct device_slot *slot = present_device(model, device);
    struct property_slot *property = *name ? find_property(model, device, name) : NULL;

    if (*name && property)
        queue(model, &property->waiting);
    if (*name || !slot)
        return;
    slot->left = true; /* what was told of it before is to be forgotten */
    queue(model, &slot->waiting);
    for (size_t i = 0; i < model->properties_used; i++)
        if (!strcmp(model->properties[i].property.device, device)) {
            leave_row(model, &model->properties[i].waiting); /* behind its device */
            queue(model, &model->properties[i].waiting);
        }
}

enum proto_err client_state_model_hide(struct client_state_model *model, const char *device, const char *name,
                                       bool hide)
{
    struct hide *found = find_hide(model, device, name ? name : "");

    if (!client_state_id_ok(device) || (name && !client_state_name_ok(name)))
        return PROTO_ERR_RANGE;
    if (hide && !found) {
        if (model->hide_count == CLIENT_STATE_HIDES_MAX)
            return PROTO_ERR_FULL;
        found = &model->hides[model->hide_count++];
        snprintf(found->device, sizeof found->device, "%s", device);
        snprintf(found->name, sizeof found->name, "%s", name ? name : "");
    } else if (!hide) {
        if (!found)
            return PROTO_ERR_NOT_FOUND;
        *found = model->hides[--model->hide_count];
    }
    tell_again(model, device, name ? name : "");
    return PROTO_OK;
}

/* ---- telling ---- */

static bool tell_device(struct device_slot *slot, bool hidden, const struct client_state_sink *sink)
{
    struct client_state_device told = {.hidden = hidden, .gone = true};

    memcpy(told.id, slot->device.id, sizeof told.id);
    memcpy(told.seen_by, slot->device.seen_by, sizeof told.seen_by);
    if (slot->left && !sink->device(sink->context, &told))
        return false;
    slot->left = false;
    if (!slot->is_there)
        return true;
    told.gone = false;
    memcpy(told.kind, slot->device.kind, sizeof told.kind);
    return sink->device(sink->context, hidden ? &told : &slot->device);
}

static bool tell_property(const struct client_state_model *model, const struct property_slot *slot,
                          const struct client_state_sink *sink)
{
    const struct client_state_property *p = &slot->property;
    struct client_state_property told = {.type = CLIENT_STATE_TEXT, .hidden = true, .unix_ms = p->unix_ms};

    if (is_hidden(model, p->device, ""))
        return true;
    if (!is_hidden(model, p->device, p->name))
        return sink->property(sink->context, p);
    memcpy(told.device, p->device, sizeof told.device);
    memcpy(told.name, p->name, sizeof told.name);
    return sink->property(sink->context, &told);
}

size_t client_state_model_flush(struct client_state_model *model, const struct client_state_sink *sink)
{
    size_t count = 0;

    for (struct waiting *change; (change = model->oldest) != NULL; count++) {
        struct device_slot *device = change->is_device ? (struct device_slot *)(void *)change : NULL;

        if (device ? !tell_device(device, is_hidden(model, device->device.id, ""), sink)
                   : !tell_property(model, (const struct property_slot *)(const void *)change, sink))
            break;
        leave_row(model, change);
        if (device && !device->is_there)
            drop_device(model, device);
    }
    return count;
}

void client_state_model_retell(struct client_state_model *model)
{
    /* The row is made anew, or a newcomer would hear of a value before its device. */
    while (model->oldest)
        leave_row(model, model->oldest);
    for (size_t i = 0; i < model->devices_used; i++) {
        struct device_slot *slot = &model->devices[i];

        if (slot->device.id[0] && !slot->is_there)
            drop_device(model, slot);
        else if (slot->device.id[0])
            queue(model, &slot->waiting);
    }
    for (size_t i = 0; i < model->properties_used; i++)
        if (model->properties[i].property.device[0])
            queue(model, &model->properties[i].waiting);
}

void client_state_model_each(const struct client_state_model *model, const struct client_state_sink *sink)
{
    for (size_t i = 0; i < model->devices_used; i++) {
        const struct device_slot *slot = &model->devices[i];

        if (slot->is_there && !is_hidden(model, slot->device.id, "") && !sink->device(sink->context, &slot->device))
            return;
    }
    for (size_t i = 0; i < model->properties_used; i++) {
        const struct client_state_property *p = &model->properties[i].property;

        if (p->device[0] && !is_hidden(model, p->device, "") && !is_hidden(model, p->device, p->name) &&
            !sink->property(sink->context, p))
            return;
    }
}

const struct client_state_property *client_state_model_find(const struct client_state_model *model, const char *device,
                                                            const char *name)
{
    const struct property_slot *slot = find_property(model, device, name);

    return slot ? &slot->property : NULL;
}

const struct client_state_device *client_state_model_find_device(const struct client_state_model *model, const char *id)
{
    const struct device_slot *slot = present_device(model, id);

    return slot ? &slot->device : NULL;
}

size_t client_state_model_devices(const struct client_state_model *model)
{
    return model->device_count;
}

size_t client_state_model_properties(const struct client_state_model *model)
{
    return model->property_count;
}
