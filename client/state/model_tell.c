/* SPDX-License-Identifier: Apache-2.0 */
/* What is told: each change once, in order, and never what the customer hides. */
#include <stdio.h>
#include <string.h>

#include "client/state/model_inside.h"
#include "client/state/names.h"
#include "client/state/redact.h"

/* ---- what the customer does not show ---- */

static struct model_hide *find_hide(struct client_state_model *model, const char *device, const char *name)
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
    struct model_device *slot = client_state_model_present(model, device);
    struct model_property *property = *name ? client_state_model_value(model, device, name) : NULL;

    if (*name && property)
        client_state_model_queue(model, &property->waiting);
    if (*name || !slot)
        return;
    slot->left = true; /* what was told of it before is to be forgotten */
    client_state_model_queue(model, &slot->waiting);
    for (size_t i = 0; i < model->properties_used; i++)
        if (!strcmp(model->properties[i].property.device, device)) {
            client_state_model_unqueue(model, &model->properties[i].waiting); /* behind its device */
            client_state_model_queue(model, &model->properties[i].waiting);
        }
}

enum proto_err client_state_model_hide(struct client_state_model *model, const char *device, const char *name,
                                       bool hide)
{
    struct model_hide *found = find_hide(model, device, name ? name : "");

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

bool client_state_model_hidden(const struct client_state_model *model, size_t i, const char **device, const char **name)
{
    if (!model || i >= model->hide_count)
        return false;
    *device = model->hides[i].device;
    *name = model->hides[i].name;
    return true;
}

bool client_state_model_tells(const struct client_state_model *model, const char *device, const char *name)
{
    return !is_hidden(model, device, "") && !is_hidden(model, device, name) &&
           !client_state_redact_hides(model->rules, name);
}

/* ---- telling ---- */

static bool tell_device(struct model_device *slot, bool hidden, const struct client_state_sink *sink)
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

static bool tell_property(const struct client_state_model *model, const struct model_property *slot,
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

    for (struct model_waiting *change; (change = model->oldest) != NULL; count++) {
        struct model_device *device = change->is_device ? (struct model_device *)(void *)change : NULL;

        if (device ? !tell_device(device, is_hidden(model, device->device.id, ""), sink)
                   : !tell_property(model, (const struct model_property *)(const void *)change, sink))
            break;
        client_state_model_unqueue(model, change);
        if (device && !device->is_there)
            client_state_model_drop(model, device);
    }
    return count;
}

void client_state_model_retell(struct client_state_model *model)
{
    /* The row is made anew, or a newcomer would hear of a value before its device. */
    while (model->oldest)
        client_state_model_unqueue(model, model->oldest);
    for (size_t i = 0; i < model->devices_used; i++) {
        struct model_device *slot = &model->devices[i];

        if (slot->device.id[0] && !slot->is_there)
            client_state_model_drop(model, slot);
        else if (slot->device.id[0])
            client_state_model_queue(model, &slot->waiting);
    }
    for (size_t i = 0; i < model->properties_used; i++)
        if (model->properties[i].property.device[0])
            client_state_model_queue(model, &model->properties[i].waiting);
}

void client_state_model_each(const struct client_state_model *model, const struct client_state_sink *sink)
{
    for (size_t i = 0; i < model->devices_used; i++) {
        const struct model_device *slot = &model->devices[i];

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
    const struct model_property *slot = client_state_model_value(model, device, name);

    return slot ? &slot->property : NULL;
}

const struct client_state_device *client_state_model_find_device(const struct client_state_model *model, const char *id)
{
    const struct model_device *slot = client_state_model_present(model, id);

    return slot ? &slot->device : NULL;
}

void client_state_model_forget(struct client_state_model *model, const char *seen_by)
{
    for (size_t i = 0; i < model->devices_used; i++)
        if (model->devices[i].is_there && !strcmp(model->devices[i].device.seen_by, seen_by))
            (void)!client_state_model_gone(model, seen_by, model->devices[i].device.id);
}
