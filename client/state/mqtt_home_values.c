/* SPDX-License-Identifier: Apache-2.0 */
/* What comes on the topics of a broker's devices: values, whether they can be reached, and the map of the mesh. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "client/state/mqtt_home_inside.h"
#include "client/state/template.h"

static void tell(struct client_state_mqtt_home *h, const struct mqtt_device *d, const char *name,
                 struct client_state_property *p)
{
    memcpy(p->device, d->told.id, sizeof p->device);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->unix_ms = h->now.unix_ms;
    if (client_state_model_property(h->model, MQTT_SEEN_BY, p) == PROTO_OK)
        h->config.source->good++;
    else
        h->config.source->bad++;
}

void mqtt_home_availability(struct client_state_mqtt_home *h, struct mqtt_entity *e, size_t i, const char *payload,
                            size_t len)
{
    struct client_state_property p = {.type = CLIENT_STATE_BOOL};
    char text[CLIENT_STATE_TEXT_BYTES];
    bool all = true, any = false, yes;

    if (client_state_template_apply(e->is.availability[i].template, payload, len, text) == CLIENT_STATE_TEMPLATE_NONE)
        return;
    yes = !strcmp(text, e->is.availability[i].yes);
    /* Zigbee2MQTT says {"state":"online"} where older ones said online. */
    if (!yes && strcmp(text, e->is.availability[i].no) != 0)
        return;
    e->answers[i] = yes;
    for (size_t n = 0; n < e->is.availability_count; n++) {
        all = all && e->answers[n] != 0;
        any = any || e->answers[n] == 1;
    }
    yes = e->is.mode == CLIENT_STATE_MODE_ALL ? all : e->is.mode == CLIENT_STATE_MODE_ANY ? any : yes;
    e->device->unreachable += (size_t)!yes;
    e->device->unreachable -= e->unreachable;
    e->unreachable = !yes;
    p.value.boolean = !e->device->unreachable;
    tell(h, e->device, "availability", &p);
}

void mqtt_home_state(struct client_state_mqtt_home *h, const struct mqtt_entity *e, const char *payload, size_t len)
{
    struct client_state_property p = {.unix_ms = 0};

    if (client_state_discovery_value(&e->is, payload, len, &p))
        tell(h, e->device, e->property, &p);
}

/* ---- the mesh ---- */

/* Zigbee2MQTT's raw map: which device hangs on which, and how well they hear each other. It answers whoever asks for it
 * (its own page does); this end only listens. */
void mqtt_home_map(struct client_state_mqtt_home *h, const char *payload, size_t len)
{
    json_error_t error;
    json_t *json = json_loadb(payload, len, 0, &error), *links, *link;
    size_t i;

    links = json_object_get(json_object_get(json_object_get(json, "data"), "value"), "links");
    json_array_foreach(links, i, link)
    {
        const char *from = json_string_value(json_object_get(json_object_get(link, "source"), "ieeeAddr"));
        const char *to = json_string_value(json_object_get(json_object_get(link, "target"), "ieeeAddr"));
        struct client_state_property p = {.type = CLIENT_STATE_NUMBER};
        char child[CLIENT_STATE_LABEL_BYTES], parent[CLIENT_STATE_LABEL_BYTES];
        struct mqtt_device *d;

        if (!from || !to || json_integer_value(json_object_get(link, "relationship")) != 1)
            continue; /* 1: the source is a child of the target */
        snprintf(child, sizeof child, "zigbee2mqtt_%.64s", from);
        snprintf(parent, sizeof parent, "zigbee2mqtt_%.64s", to);
        d = mqtt_home_find(h, child);
        if (!d)
            continue;
        if (mqtt_home_find(h, parent))
            snprintf(d->via, sizeof d->via, "%s", parent);
        mqtt_home_tell_device(h, d);
        p.value.number = json_number_value(json_object_get(link, "linkquality"));
        tell(h, d, "linkquality", &p);
    }
    json_decref(json);
}
