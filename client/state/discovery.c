/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/discovery.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/names.h"
#include "client/state/template.h"

/* ---- keys, long and short ---- */

struct reading {
    const json_t *object;
    const char *base; /* what "~" stands for */
    char *why;
    bool failed;
    const json_t *common; /* of a device's announcement: what holds for all its components; NULL: none */
};

/* As the abbreviations of Home Assistant's discovery; the long one first. */
static json_t *get_from(const json_t *object, const char *key, const char *abbreviated)
{
    json_t *value = json_object_get(object, key);

    return value ? value : json_object_get(object, abbreviated);
}

static const json_t *get(const struct reading *r, const char *key, const char *abbreviated)
{
    const json_t *value = get_from(r->object, key, abbreviated);

    return value ? value : get_from(r->common, key, abbreviated);
}

static bool put(struct reading *r, const char *key, const char *text, size_t len, char *out, size_t size)
{
    if (len >= size || strlen(text) != len || !client_state_text_ok(text)) {
        if (!r->failed)
            snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"%s\": at most %zu bytes of clean text are taken", key,
                     size - 1);
        r->failed = true;
        return false;
    }
    memcpy(out, text, len + 1);
    return true;
}

static void text(struct reading *r, const char *key, const char *abbreviated, char *out, size_t size)
{
    const json_t *value = get(r, key, abbreviated);

    if (json_is_string(value))
        put(r, key, json_string_value(value), json_string_length(value), out, size);
    else if (json_is_boolean(value))
        snprintf(out, size, "%s", json_is_true(value) ? "true" : "false");
    else if (json_is_number(value))
        snprintf(out, size, "%.10g", json_number_value(value));
}
#define TEXT(r, key, abbreviated, field) text((r), key, abbreviated, (field), sizeof(field))

/* "~/state" and "state/~" with the base topic. No wildcard may hide in it: nobody subscribes to everything for a
 * device. */
static void topic(struct reading *r, const char *key, const char *abbreviated,
                  char out[static CLIENT_STATE_TOPIC_BYTES])
{
    char own[CLIENT_STATE_TOPIC_BYTES] = "";
    size_t len;

    text(r, key, abbreviated, own, sizeof own);
    len = strlen(own);
    if (own[0] == '~')
        snprintf(out, CLIENT_STATE_TOPIC_BYTES, "%.127s%.127s", r->base, own + 1);
    else if (len > 1 && own[len - 1] == '~')
        snprintf(out, CLIENT_STATE_TOPIC_BYTES, "%.*s%.127s", (int)(len - 1 < 127 ? len - 1 : 127), own, r->base);
    else
        memcpy(out, own, len + 1);
    if (!strpbrk(out, "+#"))
        return;
    if (!r->failed)
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "\"%s\": a topic of one device has no wildcard", key);
    r->failed = true;
}

/* ---- topics ---- */

bool client_state_discovery_topic(const char *prefix, const char *topic_name, struct client_state_entity *out)
{
    size_t prefix_len = strlen(prefix), len = strlen(topic_name);
    char rest[CLIENT_STATE_TOPIC_BYTES], *slash, *object;

    memset(out, 0, sizeof *out);
    if (strncmp(topic_name, prefix, prefix_len) != 0 || topic_name[prefix_len] != '/' || len >= sizeof rest ||
        len < 7 || strcmp(topic_name + len - 7, "/config") != 0 || len - 7 <= prefix_len)
        return false;
    snprintf(rest, sizeof rest, "%.*s", (int)(len - 7 - prefix_len - 1), topic_name + prefix_len + 1);
    slash = strchr(rest, '/');
    object = strrchr(rest, '/');
    if (!slash || slash == rest || (size_t)(slash - rest) >= sizeof out->component || !object[1] ||
        strlen(object + 1) >= sizeof out->object)
        return false;
    memcpy(out->component, rest, (size_t)(slash - rest));
    snprintf(out->object, sizeof out->object, "%s", object + 1);
    return client_state_text_ok(out->component) && client_state_text_ok(out->object);
}

/* ---- the payload ---- */

static void read_availability(struct reading *r, struct client_state_entity *out)
{
    const json_t *list = get(r, "availability", "avty"), *one;
    char mode[16] = "latest";
    size_t i;

    topic(r, "availability_topic", "avty_t", out->availability[0].topic);
    if (out->availability[0].topic[0]) {
        TEXT(r, "availability_template", "avty_tpl", out->availability[0].template);
        TEXT(r, "payload_available", "pl_avail", out->availability[0].yes);
        TEXT(r, "payload_not_available", "pl_not_avail", out->availability[0].no);
        out->availability_count = 1;
    }
    json_array_foreach(list, i, one)
    {
        struct reading each = {one, r->base, r->why, r->failed, NULL};

        if (out->availability_count == CLIENT_STATE_AVAILABILITY_MAX || r->failed)
            break;
        topic(&each, "topic", "t", out->availability[out->availability_count].topic);
        TEXT(&each, "value_template", "val_tpl", out->availability[out->availability_count].template);
        TEXT(&each, "payload_available", "pl_avail", out->availability[out->availability_count].yes);
        TEXT(&each, "payload_not_available", "pl_not_avail", out->availability[out->availability_count].no);
        r->failed = each.failed;
        out->availability_count += out->availability[out->availability_count].topic[0] != '\0';
    }
    TEXT(r, "availability_mode", "avty_mode", mode);
    out->mode = !strcmp(mode, "all")   ? CLIENT_STATE_MODE_ALL
                : !strcmp(mode, "any") ? CLIENT_STATE_MODE_ANY
                                       : CLIENT_STATE_MODE_LATEST;
    for (i = 0; i < out->availability_count; i++) {
        if (!out->availability[i].yes[0])
            snprintf(out->availability[i].yes, sizeof out->availability[i].yes, "online");
        if (!out->availability[i].no[0])
            snprintf(out->availability[i].no, sizeof out->availability[i].no, "offline");
    }
}

static void read_device(struct reading *r, struct client_state_entity *out)
{
    struct reading d = {get(r, "device", "dev"), r->base, r->why, r->failed, NULL};
    const json_t *ids = get(&d, "identifiers", "ids"), *ways = json_array_get(get(&d, "connections", "cns"), 0);
    const json_t *first = json_is_array(ids) ? json_array_get(ids, 0) : ids;

    if (!json_is_string(first))
        first = json_array_get(ways, 1); /* ["mac", "02:5b:…"]: a device may be known by that alone */
    if (json_is_string(first))
        put(&d, "identifiers", json_string_value(first), json_string_length(first), out->device.key,
            sizeof out->device.key);
    TEXT(&d, "name", "name", out->device.name);
    TEXT(&d, "manufacturer", "mf", out->device.maker);
    TEXT(&d, "model", "mdl", out->device.model);
    TEXT(&d, "sw_version", "sw", out->device.firmware);
    TEXT(&d, "via_device", "via_device", out->device.via);
    r->failed = d.failed;
}

static bool read_entity(struct reading *r, struct client_state_entity *out)
{
    const json_t *schema = get(r, "schema", "schema"), *base = get(r, "~", "~");

    r->base = json_is_string(base) ? json_string_value(base) : "";
    TEXT(r, "name", "name", out->name);
    TEXT(r, "device_class", "dev_cla", out->device_class);
    TEXT(r, "unit_of_measurement", "unit_of_meas", out->unit);
    TEXT(r, "payload_on", "pl_on", out->on);
    TEXT(r, "payload_off", "pl_off", out->off);
    TEXT(r, "value_template", "val_tpl", out->template);
    if (!out->template[0])
        TEXT(r, "state_value_template", "stat_val_tpl", out->template);
    topic(r, "state_topic", "stat_t", out->topic);
    read_availability(r, out);
    read_device(r, out);
    /* A light of the JSON schema has its state in its payload, and says so by this. */
    if (!strcmp(out->component, "light") && !out->template[0] && json_is_string(schema) &&
        !strcmp(json_string_value(schema), "json"))
        snprintf(out->template, sizeof out->template, "{{ value_json.state }}");
    if (!out->on[0])
        snprintf(out->on, sizeof out->on, "ON");
    if (!out->off[0])
        snprintf(out->off, sizeof out->off, "OFF");
    if (!out->device.key[0]) /* no device: the entity stands for itself */
        snprintf(out->device.key, sizeof out->device.key, "%s", out->object);
    return !r->failed;
}

/* NULL with *err: it is empty (NOT_FOUND), or no object. */
static json_t *load(const char *payload, size_t len, enum proto_err *err, char why[static CLIENT_STATE_WHY_BYTES])
{
    json_error_t error;
    json_t *json;

    why[0] = '\0';
    *err = len ? PROTO_ERR_RANGE : PROTO_ERR_NOT_FOUND;
    if (len > CLIENT_STATE_PAYLOAD_BYTES)
        snprintf(why, CLIENT_STATE_WHY_BYTES, "%zu bytes: at most %d are taken", len, CLIENT_STATE_PAYLOAD_BYTES);
    if (!len || len > CLIENT_STATE_PAYLOAD_BYTES)
        return NULL;
    json = json_loadb(payload, len, 0, &error);
    *err = PROTO_OK;
    if (json_is_object(json))
        return json;
    snprintf(why, CLIENT_STATE_WHY_BYTES, "this is no JSON object (%s)", json ? "another value" : error.text);
    *err = PROTO_ERR_FORMAT;
    json_decref(json);
    return NULL;
}

enum proto_err client_state_discovery_read(const char *payload, size_t len, struct client_state_entity *out,
                                           char why[static CLIENT_STATE_WHY_BYTES])
{
    enum proto_err err;
    json_t *json = load(payload, len, &err, why);
    struct reading r = {.object = json, .why = why};

    if (json && json_is_true(json_object_get(json, "migrate_discovery")))
        err = PROTO_ERR_NOT_FOUND; /* from now on its device speaks for it */
    else if (json && !read_entity(&r, out))
        err = PROTO_ERR_RANGE;
    json_decref(json);
    return err;
}

/* One component into *out, as `object`. False: it is taken back. */
static bool read_component(struct reading *r, const char *object, struct client_state_entity *out, enum proto_err *err)
{
    memset(out, 0, sizeof *out);
    *err = PROTO_ERR_RANGE;
    r->failed = false;
    r->why[0] = '\0';
    if (json_object_size(r->object) == 1 && get_from(r->object, "platform", "p"))
        return false;
    if (!put(r, "components", object, strlen(object), out->object, sizeof out->object))
        return true;
    TEXT(r, "platform", "p", out->component);
    if (!r->failed && !out->component[0])
        snprintf(r->why, CLIENT_STATE_WHY_BYTES, "component \"%s\": \"platform\" is missing", out->object);
    else if (read_entity(r, out))
        *err = PROTO_OK;
    return true;
}

enum proto_err client_state_discovery_components(const char *payload, size_t len, client_state_discovery_take *take,
                                                 void *context, char why[static CLIENT_STATE_WHY_BYTES])
{
    static struct client_state_entity one; /* large; one thread, one message at a time */
    enum proto_err err, of_one;
    json_t *json = load(payload, len, &err, why), *list = get_from(json, "components", "cmps"), *component;
    struct reading r = {.why = why, .common = json};
    const char *object;

    if (json && !json_is_object(list)) {
        snprintf(why, CLIENT_STATE_WHY_BYTES, "\"components\" is missing: a device is announced with its components");
        err = PROTO_ERR_FORMAT;
    }
    json_object_foreach(list, object, component)
    {
        r.object = component;
        if (read_component(&r, object, &one, &of_one))
            take(context, &one, of_one, why);
    }
    json_decref(json);
    return err;
}

/* ---- what it is ---- */

static const struct {
    const char *component;
    int rank;
    bool has_state; /* its main value is "state" */
    bool two;       /* on or off */
} components[] = {
    {"lock", 9, true, false},          {"light", 8, true, true},    {"cover", 8, true, false},
    {"climate", 8, false, false},      {"vacuum", 8, false, false}, {"fan", 7, true, true},
    {"siren", 7, true, true},          {"camera", 7, false, false}, {"switch", 5, true, true},
    {"binary_sensor", 3, false, true}, {"sensor", 2, false, false},
};

int client_state_discovery_rank(const char *component)
{
    for (size_t i = 0; i < sizeof components / sizeof *components; i++)
        if (!strcmp(components[i].component, component))
            return components[i].rank;
    return 1;
}

static bool is(const char *component, bool two)
{
    for (size_t i = 0; i < sizeof components / sizeof *components; i++)
        if (!strcmp(components[i].component, component))
            return two ? components[i].two : components[i].has_state;
    return false;
}

void client_state_discovery_slug(const char *from, char *out, size_t size)
{
    size_t used = 0, digits = 0;

    for (; *from && used + 1 < size; from++) {
        unsigned char c = (unsigned char)*from;

        /* A long hexadecimal number is an address: its beginning names the maker, the rest a device. */
        digits = isxdigit(c) ? digits + 1 : 0;
        if (digits > 8 && strspn(from, "0123456789abcdefABCDEF") + digits > 10)
            continue;
        if (isalnum(c) && c < 128)
            out[used++] = (char)tolower(c);
        else if (used && out[used - 1] != '-')
            out[used++] = '-';
    }
    while (used && out[used - 1] == '-')
        used--;
    out[used] = '\0';
}

void client_state_discovery_property(const struct client_state_entity *e, char out[static CLIENT_STATE_NAME_BYTES])
{
    char slug[CLIENT_STATE_NAME_BYTES];

    if (client_state_unit_of(e->device_class)) {
        snprintf(out, CLIENT_STATE_NAME_BYTES, "%s", e->device_class);
        return;
    }
    if (is(e->component, false)) {
        snprintf(out, CLIENT_STATE_NAME_BYTES, "state");
        return;
    }
    client_state_discovery_slug(e->name[0] ? e->name : e->object, slug, sizeof slug);
    for (char *at = slug; *at; at++)
        *at = *at == '-' ? '_' : *at;
    if (!client_state_name_ok(slug))
        snprintf(slug, sizeof slug, "value");
    memcpy(out, slug, sizeof slug);
}

bool client_state_discovery_value(const struct client_state_entity *e, const char *payload, size_t len,
                                  struct client_state_property *out)
{
    char text_value[CLIENT_STATE_TEXT_BYTES], *end;
    double number;

    if (client_state_template_apply(e->template, payload, len, text_value) == CLIENT_STATE_TEMPLATE_NONE)
        return false;
    memset(&out->value, 0, sizeof out->value);
    snprintf(out->unit, sizeof out->unit, "%s", e->unit);
    if (is(e->component, true) && (!strcmp(text_value, e->on) || !strcmp(text_value, e->off))) {
        out->type = CLIENT_STATE_BOOL;
        out->value.boolean = !strcmp(text_value, e->on);
        return true;
    }
    number = strtod(text_value, &end); /* decimal: an address that begins with 0x is a text */
    if (end != text_value && !*end && isfinite(number) && fabs(number) < 1e15 && !strpbrk(text_value, "xX ")) {
        out->type = CLIENT_STATE_NUMBER;
        out->value.number = number;
        return true;
    }
    out->type = CLIENT_STATE_TEXT;
    memcpy(out->value.text, text_value, sizeof text_value);
    return true;
}
