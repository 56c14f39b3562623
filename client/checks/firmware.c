/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware of each device against a list of what is known: the newest, and those that are better not used. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "client/checks/inside.h"

struct list {
    const json_t *devices;
    uint32_t id;
    struct client_check_result *out;
    size_t room, count;
};

static const char *text(const json_t *row, const char *key)
{
    const char *found = json_string_value(json_object_get(row, key));

    return found ? found : "";
}

static bool is_bad(const json_t *row, const char *version)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(row, "bad"), i, one)
    {
        if (json_is_string(one) && !strcmp(json_string_value(one), version))
            return true;
    }
    return false;
}

static void judge(struct list *list, const struct client_state_device *d, const json_t *row)
{
    struct client_check_result *r = &list->out[list->count++];
    const char *latest = text(row, "latest");

    *r = (struct client_check_result){.id = list->id};
    snprintf(r->check, sizeof r->check, "firmware");
    snprintf(r->target, sizeof r->target, "%s", d->id);
    snprintf(r->figure, sizeof r->figure, "%.64s", d->firmware);
    snprintf(r->rule, sizeof r->rule, "the newest is %.64s", latest);
    if (is_bad(row, d->firmware)) {
        r->status = CLIENT_CHECK_FAIL;
        snprintf(r->detail, sizeof r->detail, "%.80s %.80s is known to have a fault", d->model, d->firmware);
        snprintf(r->advice, sizeof r->advice, "update it to %.64s", latest);
    } else if (strcmp(d->firmware, latest) != 0) {
        r->status = CLIENT_CHECK_WARN;
        snprintf(r->detail, sizeof r->detail, "%.80s has %.64s", d->model, d->firmware);
        snprintf(r->advice, sizeof r->advice, "update it to %.64s", latest);
    } else {
        r->status = CLIENT_CHECK_PASS;
        snprintf(r->detail, sizeof r->detail, "%.80s is up to date", d->model);
    }
}

static bool on_device(void *context, const struct client_state_device *d)
{
    struct list *list = context;
    const json_t *row;
    size_t i;

    if (!d->firmware[0] || list->count == list->room)
        return true;
    json_array_foreach(list->devices, i, row)
    {
        if (!strcmp(text(row, "maker"), d->maker) && !strcmp(text(row, "model"), d->model)) {
            judge(list, d, row);
            break;
        }
    }
    return true;
}

static bool on_property(void *context, const struct client_state_property *p)
{
    (void)context, (void)p;
    return false;
}

size_t check_firmware(const struct client_check_config *config, const struct client_state_model *model, uint32_t id,
                      struct client_check_result *out, size_t room)
{
    struct list list = {.id = id, .out = out, .room = room};
    const struct client_state_sink sink = {on_device, on_property, &list};
    json_error_t error;
    json_t *file = config->firmware[0] ? json_load_file(config->firmware, JSON_REJECT_DUPLICATES, &error) : NULL;

    list.devices = json_object_get(file, "devices");
    if (model && json_is_array(list.devices))
        client_state_model_each(model, &sink);
    json_decref(file);
    if (!list.count && room) {
        list.count = 1;
        *out = (struct client_check_result){.id = id, .status = CLIENT_CHECK_NOT_CHECKED};
        snprintf(out->check, sizeof out->check, "firmware");
        snprintf(out->rule, sizeof out->rule, "each device has the newest firmware that the list knows");
        snprintf(out->detail, sizeof out->detail, "%s",
                 config->firmware[0] ? "no device of this home is in the list of known firmware, or it cannot be read"
                                     : "no list of known firmware is set");
    }
    return list.count;
}
