/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/mqtt_home_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/names.h"
#include "client/state/sources.h"

enum { SAID_MAX = 20, NETWORKMAP_BYTES = 1024 * 1024 };

enum proto_err client_state_mqtt_home_new(struct client_state_mqtt_home **out,
                                          const struct client_state_mqtt_config *config)
{
    struct client_state_mqtt_home *h = calloc(1, sizeof *h);

    *out = NULL;
    if (!h)
        return PROTO_ERR_NOMEM;
    h->config = *config;
    h->devices = calloc(CLIENT_STATE_MQTT_DEVICES, sizeof *h->devices);
    if (!h->devices) {
        free(h);
        return PROTO_ERR_NOMEM;
    }
    *out = h;
    return PROTO_OK;
}

/* ---- watching ---- */

static size_t bucket_of(const char *topic)
{
    uint32_t h = 2166136261u;

    for (; *topic; topic++)
        h = (h ^ (uint8_t)*topic) * 16777619u;
    return (h ^ h >> 16) % MQTT_BUCKETS;
}

static bool is_watched(const struct client_state_mqtt_home *h, const char *topic)
{
    const struct mqtt_watch *at = h->watches[bucket_of(topic)];

    while (at && strcmp(at->topic, topic) != 0)
        at = at->next;
    return at != NULL;
}

static void watch(struct client_state_mqtt_home *h, struct mqtt_entity *e, const char *topic, int availability)
{
    struct mqtt_watch *w = *topic ? calloc(1, sizeof *w) : NULL, **end = &h->watches[bucket_of(topic)];
    bool known = w && is_watched(h, topic);

    if (!w)
        return;
    *w = (struct mqtt_watch){.entity = e, .availability = availability, .topic = topic};
    while (*end)
        end = &(*end)->next;
    *end = w;
    if (!known)
        h->config.listen(h->config.context, topic);
}

static void unwatch(struct client_state_mqtt_home *h, const struct mqtt_entity *e, const char *topic)
{
    for (struct mqtt_watch **at = &h->watches[bucket_of(topic)]; *topic && *at;) {
        struct mqtt_watch *w = *at;

        if (w->entity != e || strcmp(w->topic, topic) != 0) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free(w);
    }
    if (*topic && h->config.leave && !is_watched(h, topic))
        h->config.leave(h->config.context, topic);
}

static void unwatch_all(struct client_state_mqtt_home *h, const struct mqtt_entity *e)
{
    unwatch(h, e, e->is.topic);
    for (size_t i = 0; i < e->is.availability_count; i++)
        unwatch(h, e, e->is.availability[i].topic);
}

void client_state_mqtt_home_listen(struct client_state_mqtt_home *h)
{
    for (size_t i = 0; i < MQTT_BUCKETS; i++)
        for (const struct mqtt_watch *w = h->watches[i]; w; w = w->next)
            h->config.listen(h->config.context, w->topic);
}

void client_state_mqtt_home_free(struct client_state_mqtt_home *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < MQTT_BUCKETS; i++)
        for (struct mqtt_watch *w = h->watches[i], *next; w; w = next) {
            next = w->next;
            free(w);
        }
    for (struct mqtt_entity *e = h->entities, *next; e; e = next) {
        next = e->next;
        free(e);
    }
    free(h->devices);
    free(h);
}

size_t client_state_mqtt_home_entities(const struct client_state_mqtt_home *h)
{
    return h->entity_count;
}

/* ---- words for the log ---- */

static void wrong(struct client_state_mqtt_home *h, const char *topic, const char *why)
{
    char text[CLIENT_STATE_WHY_BYTES + 160];

    if (++h->config.source->bad > SAID_MAX)
        return;
    snprintf(text, sizeof text, "mqtt %.120s: %s%s", client_state_text_ok(topic) ? topic : "(topic)", why,
             h->config.source->bad == SAID_MAX ? " (more of them are only counted)" : "");
    client_state_say(h->config.source, text);
}

/* ---- entities ---- */

static bool property_is_free(const struct client_state_mqtt_home *h, const struct mqtt_device *d, const char *name)
{
    if (!strcmp(name, "availability"))
        return false;
    for (const struct mqtt_entity *e = h->entities; e; e = e->next)
        if (e->device == d && !strcmp(e->property, name))
            return false;
    return true;
}

/* The second thermometer of a device is called after its own name. */
static void name_property(const struct client_state_mqtt_home *h, struct mqtt_device *d, struct mqtt_entity *e)
{
    struct client_state_entity plain = e->is;
    char name[CLIENT_STATE_NAME_BYTES], base[CLIENT_STATE_NAME_BYTES - 8];

    client_state_discovery_property(&e->is, name);
    if (!property_is_free(h, d, name)) {
        plain.device_class[0] = '\0';
        snprintf(plain.component, sizeof plain.component, "sensor");
        client_state_discovery_property(&plain, name);
    }
    snprintf(base, sizeof base, "%.*s", (int)sizeof base - 1, name);
    for (unsigned n = 2; n <= NAMES_TRIED && !property_is_free(h, d, name); n++)
        snprintf(name, sizeof name, "%s_%u", base, n);
    while (!property_is_free(h, d, name)) /* a device that calls all of its own the same: each number once */
        snprintf(name, sizeof name, "%s_%u", base, NAMES_TRIED + ++d->numbered);
    memcpy(e->property, name, sizeof name);
}

static void drop(struct client_state_mqtt_home *h, struct mqtt_entity *gone)
{
    struct mqtt_entity **at = &h->entities;

    while (*at && *at != gone)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = gone->next;
    unwatch_all(h, gone);
    gone->device->unreachable -= gone->unreachable;
    if (--gone->device->entities == 0 &&
        client_state_model_gone(h->model, MQTT_SEEN_BY, gone->device->told.id) != PROTO_OK)
        h->config.source->bad++;
    free(gone);
    h->entity_count--;
}

static struct mqtt_entity *find_entity(struct client_state_mqtt_home *h, const char *discovery)
{
    struct mqtt_entity *e = h->entities;

    while (e && strcmp(e->discovery, discovery) != 0)
        e = e->next;
    return e;
}

static void add(struct client_state_mqtt_home *h, const char *discovery, const struct client_state_entity *is)
{
    struct mqtt_device *d = h->entity_count < CLIENT_STATE_MQTT_ENTITIES ? mqtt_home_device(h, is) : NULL;
    struct mqtt_entity *e = d ? calloc(1, sizeof *e) : NULL;

    if (!e) {
        wrong(h, discovery, "more devices or entities than are taken; it is left out");
        return;
    }
    e->is = *is;
    e->device = d;
    e->fresh = true;
    memset(e->answers, -1, sizeof e->answers);
    snprintf(e->discovery, sizeof e->discovery, "%s", discovery);
    name_property(h, d, e);
    d->entities++;
    e->next = h->entities;
    h->entities = e;
    h->entity_count++;
    mqtt_home_update(h, d, is);
    watch(h, e, e->is.topic, -1);
    for (size_t i = 0; i < e->is.availability_count; i++)
        watch(h, e, e->is.availability[i].topic, (int)i);
}

static bool same_entity(const struct mqtt_entity *e, const struct client_state_entity *is)
{
    return !memcmp(&e->is, is, sizeof *is);
}

/* What was read of it: new, known, changed, taken back (NOT_FOUND) or wrong. */
static void take_entity(struct client_state_mqtt_home *h, const char *discovery, const struct client_state_entity *is,
                        enum proto_err err, const char *why)
{
    struct mqtt_entity *known = find_entity(h, discovery);

    if (known)
        known->fresh = true;
    if (err != PROTO_OK && err != PROTO_ERR_NOT_FOUND) {
        wrong(h, discovery, why);
        return;
    }
    h->config.source->good++;
    if (known && err == PROTO_OK && same_entity(known, is))
        return;
    if (known)
        drop(h, known);
    if (err == PROTO_OK)
        add(h, discovery, is);
}

/* ---- a device with all its components ---- */

struct announcing {
    struct client_state_mqtt_home *home;
    const char *topic;
};

static void take_component(void *context, struct client_state_entity *is, enum proto_err err, const char *why)
{
    const struct announcing *a = context;
    char discovery[CLIENT_STATE_TOPIC_BYTES];

    if (snprintf(discovery, sizeof discovery, "%s#%s", a->topic, is->object) < (int)sizeof discovery)
        take_entity(a->home, discovery, is, err, why);
    else
        wrong(a->home, a->topic, "the names of its components are too long");
}

static bool is_of(const struct mqtt_entity *e, const char *topic)
{
    size_t len = strlen(topic);

    return !strncmp(e->discovery, topic, len) && e->discovery[len] == '#';
}

static void take_announcement(struct client_state_mqtt_home *h, const char *topic, const char *payload, size_t len)
{
    struct announcing a = {h, topic};
    char why[CLIENT_STATE_WHY_BYTES];
    enum proto_err err;

    for (struct mqtt_entity *e = h->entities; e; e = e->next)
        e->fresh = !is_of(e, topic);
    err = client_state_discovery_components(payload, len, take_component, &a, why);
    if (err != PROTO_OK && err != PROTO_ERR_NOT_FOUND) {
        wrong(h, topic, why);
        return;
    }
    for (struct mqtt_entity *e = h->entities, *next; e; e = next) {
        next = e->next;
        if (!e->fresh)
            drop(h, e);
    }
}

static void take_discovery(struct client_state_mqtt_home *h, const char *topic, const char *payload, size_t len,
                           struct client_state_entity *is)
{
    char why[CLIENT_STATE_WHY_BYTES];
    enum proto_err err;

    if (!strcmp(is->component, "device")) {
        take_announcement(h, topic, payload, len);
        return;
    }
    err = client_state_discovery_read(payload, len, is, why);
    take_entity(h, topic, is, err, why);
}

void client_state_mqtt_home_take(struct client_state_mqtt_home *h, const char *topic, const void *payload, size_t len,
                                 struct proto_now now, struct client_state_model *model)
{
    static struct client_state_entity is; /* large; one thread, one message at a time */
    char map[CLIENT_STATE_TOPIC_BYTES];

    h->model = model;
    h->now = now;
    snprintf(map, sizeof map, "%.200s/bridge/response/networkmap", h->config.zigbee2mqtt);
    if (!strcmp(topic, map)) {
        if (len <= NETWORKMAP_BYTES)
            mqtt_home_map(h, payload, len);
    } else if (len > CLIENT_STATE_PAYLOAD_BYTES) {
        wrong(h, topic, "more than 65536 bytes; it is left out");
    } else if (client_state_discovery_topic(h->config.prefix, topic, &is)) {
        take_discovery(h, topic, payload, len, &is);
    } else {
        for (const struct mqtt_watch *w = h->watches[bucket_of(topic)]; w; w = w->next)
            if (strcmp(w->topic, topic) != 0)
                continue;
            else if (w->availability >= 0)
                mqtt_home_availability(h, w->entity, (size_t)w->availability, payload, len);
            else
                mqtt_home_state(h, w->entity, payload, len);
    }
    h->model = NULL;
}
