/* SPDX-License-Identifier: Apache-2.0 */
/* The devices that a broker's announcements speak of: one for each identifier, with a name that people know. */
#include <stdio.h>
#include <string.h>

#include "client/state/mqtt_home_inside.h"
#include "client/state/names.h"

struct mqtt_device *mqtt_home_find(struct client_state_mqtt_home *h, const char *key)
{
    for (size_t i = 0; *key && i < CLIENT_STATE_MQTT_DEVICES; i++)
        if (h->devices[i].entities && !strcmp(h->devices[i].key, key))
            return &h->devices[i];
    return NULL;
}

static bool id_is_free(const struct client_state_mqtt_home *h, const char *id)
{
    for (size_t i = 0; i < CLIENT_STATE_MQTT_DEVICES; i++)
        if (h->devices[i].entities && !strcmp(h->devices[i].told.id, id))
            return false;
    return true;
}

/* "mqtt/kitchen-lamp": what people call it, and a number when two are called so. */
static void name_device(struct client_state_mqtt_home *h, struct mqtt_device *d, const struct client_state_entity *e)
{
    char slug[40];

    client_state_discovery_slug(e->device.name[0] ? e->device.name
                                : e->name[0]      ? e->name
                                                  : e->object,
                                slug, sizeof slug);
    snprintf(d->told.id, sizeof d->told.id, "mqtt/%s", *slug ? slug : "device");
    for (int n = 2; !id_is_free(h, d->told.id) && n < 1000; n++)
        snprintf(d->told.id, sizeof d->told.id, "mqtt/%s-%d", *slug ? slug : "device", n);
}

struct mqtt_device *mqtt_home_device(struct client_state_mqtt_home *h, const struct client_state_entity *e)
{
    struct mqtt_device *d = mqtt_home_find(h, e->device.key);

    for (size_t i = 0; !d && i < CLIENT_STATE_MQTT_DEVICES; i++)
        if (!h->devices[i].entities) {
            d = &h->devices[i];
            memset(d, 0, sizeof *d);
            snprintf(d->key, sizeof d->key, "%s", e->device.key);
            name_device(h, d, e);
            snprintf(d->told.seen_by, sizeof d->told.seen_by, "%s", MQTT_SEEN_BY);
        }
    return d;
}

#define KEEP(to, from)                                                                                                 \
    do {                                                                                                               \
        if ((from)[0])                                                                                                 \
            snprintf((to), sizeof(to), "%s", (from));                                                                  \
    } while (0)

void mqtt_home_tell_device(struct client_state_mqtt_home *h, struct mqtt_device *d)
{
    const struct mqtt_device *hub = mqtt_home_find(h, d->via);

    if (hub && hub != d)
        memcpy(d->told.parent, hub->told.id, sizeof d->told.parent);
    if (client_state_model_device(h->model, &d->told) != PROTO_OK)
        h->config.source->bad++;
}

void mqtt_home_update(struct client_state_mqtt_home *h, struct mqtt_device *d, const struct client_state_entity *e)
{
    int rank = client_state_discovery_rank(e->component);

    KEEP(d->told.name, e->device.name);
    KEEP(d->told.maker, e->device.maker);
    KEEP(d->told.model, e->device.model);
    KEEP(d->told.firmware, e->device.firmware);
    KEEP(d->via, e->device.via);
    if (rank > d->rank && client_state_name_ok(e->component)) {
        snprintf(d->told.kind, sizeof d->told.kind, "%s", e->component);
        d->rank = rank;
    } else if (!d->told.kind[0]) {
        snprintf(d->told.kind, sizeof d->told.kind, "device");
    }
    mqtt_home_tell_device(h, d);
    for (size_t i = 0; i < CLIENT_STATE_MQTT_DEVICES; i++) /* those that came before their hub */
        if (h->devices[i].entities && &h->devices[i] != d && !strcmp(h->devices[i].via, d->key))
            mqtt_home_tell_device(h, &h->devices[i]);
}
