/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "client/state/names.h"
#include "client/state/sources.h"

struct reading {
    json_t *object;
    char *why;
    const char *bad; /* what was wrong, once something was */
};

static const char *const device_keys[] = {"device",   "kind", "parent", "maker", "model",
                                          "firmware", "name", "gone",   NULL};
static const char *const value_keys[] = {"device", "property", "value", "unit", NULL};

static void copy_text(struct reading *r, const char *key, char *out, size_t capacity)
{
    const json_t *value = json_object_get(r->object, key);

    out[0] = 0;
    if (!value || r->bad)
        return;
    if (!json_is_string(value) || json_string_length(value) >= capacity) {
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"%s\": must be text of at most %zu bytes", key, capacity - 1);
        r->bad = key;
        return;
    }
    memcpy(out, json_string_value(value), json_string_length(value) + 1);
}

/* A key that is misspelt would be left out in silence. */
static bool knows_keys(struct reading *r, const char *const *keys)
{
    const char *key;
    json_t *value;

    json_object_foreach(r->object, key, value)
    {
        size_t i = 0;

        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (keys[i])
            continue;
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"%.40s\": there is no such key; a line has device, %s", key,
                 keys == value_keys ? "property, value and unit"
                                    : "kind, parent, maker, model, firmware, name and gone, or property and value");
        r->bad = "key";
        return false;
    }
    return true;
}

static bool take_value(struct reading *r, struct client_state_property *property)
{
    const json_t *value = json_object_get(r->object, "value");

    if (json_is_boolean(value)) {
        property->type = CLIENT_STATE_BOOL;
        property->value.boolean = json_is_true(value);
    } else if (json_is_number(value)) {
        property->type = CLIENT_STATE_NUMBER;
        property->value.number = json_number_value(value);
    } else if (json_is_string(value)) {
        property->type = CLIENT_STATE_TEXT;
        copy_text(r, "value", property->value.text, sizeof property->value.text);
    } else {
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"value\": must be a number, a text, true or false");
        return false;
    }
    return !r->bad;
}

/* Which of the rules a value broke. */
static void say_range(struct reading *r, const struct client_state_property *p)
{
    if (!client_state_name_ok(p->name))
        snprintf(r->why, CLIENT_STATE_WHY_BYTES,
                 "\"%s\": a property is called by 1 to 47 small letters, digits and _, beginning with a letter; "
                 "rename it",
                 p->name);
    else if (p->type == CLIENT_STATE_NUMBER)
        snprintf(r->why, CLIENT_STATE_WHY_BYTES,
                 "\"%s\": %g does not lie between -1e15 and 1e15; leave it out, or send it as text", p->name,
                 p->value.number);
    else
        snprintf(r->why, CLIENT_STATE_WHY_BYTES,
                 "\"%s\": the text, or the unit, holds a control character; take it out", p->name);
}

static enum proto_err take_property(struct reading *r, const char *device, struct proto_now now,
                                    struct client_state_model *model)
{
    struct client_state_property property = {.unix_ms = now.unix_ms};

    memcpy(property.device, device, sizeof property.device);
    copy_text(r, "property", property.name, sizeof property.name);
    copy_text(r, "unit", property.unit, sizeof property.unit);
    if (!knows_keys(r, value_keys) || r->bad || !take_value(r, &property))
        return PROTO_ERR_FORMAT;
    const char *unit = client_state_unit_of(property.name);
    if (unit && *unit && property.type != CLIENT_STATE_NUMBER) {
        snprintf(r->why, CLIENT_STATE_WHY_BYTES,
                 "\"%s\": its value is a number (in %s); send one, or call the property by another name", property.name,
                 unit);
        return PROTO_ERR_FORMAT;
    }
    if (unit && !property.unit[0] && property.type == CLIENT_STATE_NUMBER)
        snprintf(property.unit, sizeof property.unit, "%s", unit);
    enum proto_err err = client_state_model_property(model, "json", &property);
    if (err == PROTO_ERR_NOT_FOUND)
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"%s\": no such device; tell it first with {\"device\":…,\"kind\":…}",
                 device);
    else if (err == PROTO_ERR_RANGE)
        say_range(r, &property);
    else if (err)
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"%s\": %s; %s", property.name, proto_err_rule(err),
                 proto_err_way_out(err));
    return err;
}

static enum proto_err take_gone(struct reading *r, const char *id, struct client_state_model *model)
{
    enum proto_err err = client_state_model_gone(model, "json", id);

    if (err)
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"%s\": %s", id,
                 err == PROTO_ERR_NOT_FOUND ? "no such device, so it cannot leave" : "another source told this device");
    return err;
}

static enum proto_err take_device(struct reading *r, const char *id, struct client_state_model *model)
{
    struct client_state_device device = {.seen_by = "json"};

    memcpy(device.id, id, sizeof device.id);
    if (!knows_keys(r, device_keys))
        return PROTO_ERR_FORMAT;
    if (json_is_true(json_object_get(r->object, "gone")))
        return take_gone(r, id, model);
    copy_text(r, "parent", device.parent, sizeof device.parent);
    copy_text(r, "kind", device.kind, sizeof device.kind);
    copy_text(r, "maker", device.maker, sizeof device.maker);
    copy_text(r, "model", device.model, sizeof device.model);
    copy_text(r, "firmware", device.firmware, sizeof device.firmware);
    copy_text(r, "name", device.name, sizeof device.name);
    if (!r->bad && !device.kind[0]) {
        snprintf(r->why, CLIENT_STATE_WHY_BYTES,
                 "device \"%s\": \"kind\" is missing; say what it is: hub, light, router …", device.id);
        return PROTO_ERR_FORMAT;
    }
    if (!r->bad && !strcmp(device.parent, device.id)) {
        snprintf(r->why, CLIENT_STATE_WHY_BYTES,
                 "device \"%s\": it hangs on itself; name another device as its parent, or none", device.id);
        return PROTO_ERR_FORMAT;
    }
    if (r->bad)
        return PROTO_ERR_FORMAT;
    enum proto_err err = client_state_model_device(model, &device);
    if (err)
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "device \"%s\": %s%s", device.id, proto_err_rule(err),
                 err == PROTO_ERR_RANGE
                     ? " (an id is 1 to 63 letters, digits and . _ - : / and not a MAC address; a kind is "
                       "1 to 47 small letters, digits and _)"
                     : "");
    return err;
}

enum proto_err client_state_json_line(const char *line, size_t len, struct proto_now now,
                                      struct client_state_model *model, char why[static CLIENT_STATE_WHY_BYTES])
{
    char device[CLIENT_STATE_ID_BYTES];
    json_error_t error;

    why[0] = 0;
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        snprintf(why, CLIENT_STATE_WHY_BYTES, "%.*s: not a JSON object on one line (%s)", (int)(len < 60 ? len : 60),
                 line, object ? "another kind of value" : error.text);
        json_decref(object);
        return PROTO_ERR_FORMAT;
    }
    struct reading r = {.object = object, .why = why};
    copy_text(&r, "device", device, sizeof device);
    enum proto_err err = PROTO_ERR_FORMAT;
    if (!r.bad && !device[0])
        snprintf(why, CLIENT_STATE_WHY_BYTES, "\"device\": missing; each line names the device it speaks of");
    else if (!r.bad)
        err = json_object_get(object, "property") ? take_property(&r, device, now, model)
                                                  : take_device(&r, device, model);
    json_decref(object);
    return err;
}
