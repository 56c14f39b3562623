/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/mqtt_home.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/names.h"
#include "client/state/sources.h"
#include "client/state/template.h"

enum { BUCKETS = 2048, SAID_MAX = 20, NETWORKMAP_BYTES = 1024 * 1024 };

static const char seen_by[] = "mqtt";

struct device {
    char key[CLIENT_STATE_LABEL_BYTES]; /* identifier of its maker; never told */
    char via[CLIENT_STATE_LABEL_BYTES];
    struct client_state_device told;
    int rank;                                           /* of the component that gave it its kind */
    size_t entities;                                    /* 0: this place is free */
    signed char answers[CLIENT_STATE_AVAILABILITY_MAX]; /* of its first entity's topics: -1 not heard, 0, 1 */
};

struct entity {
    struct client_state_entity is;
    char discovery[CLIENT_STATE_TOPIC_BYTES];
    char property[CLIENT_STATE_NAME_BYTES];
    struct device *device;
    struct entity *next;
};

/* Somebody who wants to hear a topic. */
struct watch {
    struct watch *next;
    struct entity *entity;
    int availability;  /* -1: its state */
    const char *topic; /* the entity's */
};

struct client_state_mqtt_home {
    struct client_state_mqtt_config config;
    struct device *devices; /* owned; CLIENT_STATE_MQTT_DEVICES */
    struct entity *entities;
    size_t entity_count;
    struct watch *watches[BUCKETS];
    /* Borrowed during take() */
    struct client_state_model *model;
    struct proto_now now;
};

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
    return (h ^ h >> 16) % BUCKETS;
}

static bool is_watched(const struct client_state_mqtt_home *h, const char *topic)
{
    const struct watch *at = h->watches[bucket_of(topic)];

    while (at && strcmp(at->topic, topic) != 0)
        at = at->next;
    return at != NULL;
}

static void watch(struct client_state_mqtt_home *h, struct entity *e, const char *topic, int availability)
{
    struct watch *w = *topic ? calloc(1, sizeof *w) : NULL, **end = &h->watches[bucket_of(topic)];
    bool known = w && is_watched(h, topic);

    if (!w)
        return;
    *w = (struct watch){.entity = e, .availability = availability, .topic = topic};
    while (*end)
        end = &(*end)->next;
    *end = w;
    if (!known)
        h->config.listen(h->config.context, topic);
}

static void unwatch(struct client_state_mqtt_home *h, const struct entity *e)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct watch **at = &h->watches[i]; *at;) {
            struct watch *w = *at;

            if (w->entity != e) {
                at = &w->next;
                continue;
            }
            *at = w->next;
            free(w);
        }
}

void client_state_mqtt_home_listen(struct client_state_mqtt_home *h)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct watch *w = h->watches[i]; w; w = w->next)
            h->config.listen(h->config.context, w->topic);
}

void client_state_mqtt_home_free(struct client_state_mqtt_home *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct watch *w = h->watches[i], *next; w; w = next) {
            next = w->next;
            free(w);
        }
    for (struct entity *e = h->entities, *next; e; e = next) {
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

/* ---- devices ---- */

static struct device *find_device(struct client_state_mqtt_home *h, const char *key)
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
static void name_device(struct client_state_mqtt_home *h, struct device *d, const struct client_state_entity *e)
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

static struct device *take_device(struct client_state_mqtt_home *h, const struct client_state_entity *e)
{
    struct device *d = find_device(h, e->device.key);

    for (size_t i = 0; !d && i < CLIENT_STATE_MQTT_DEVICES; i++)
        if (!h->devices[i].entities) {
            d = &h->devices[i];
            memset(d, 0, sizeof *d);
            memset(d->answers, -1, sizeof d->answers);
            snprintf(d->key, sizeof d->key, "%s", e->device.key);
            name_device(h, d, e);
            snprintf(d->told.seen_by, sizeof d->told.seen_by, "%s", seen_by);
        }
    return d;
}

#define KEEP(to, from)                                                                                                 \
    do {                                                                                                               \
        if ((from)[0])                                                                                                 \
            snprintf((to), sizeof(to), "%s", (from));                                                                  \
    } while (0)

static void tell_device(struct client_state_mqtt_home *h, struct device *d)
{
    const struct device *hub = find_device(h, d->via);

    if (hub && hub != d)
        memcpy(d->told.parent, hub->told.id, sizeof d->told.parent);
    if (client_state_model_device(h->model, &d->told) != PROTO_OK)
        h->config.source->bad++;
}

static void update_device(struct client_state_mqtt_home *h, struct device *d, const struct client_state_entity *e)
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
    tell_device(h, d);
    for (size_t i = 0; i < CLIENT_STATE_MQTT_DEVICES; i++) /* those that came before their hub */
        if (h->devices[i].entities && &h->devices[i] != d && !strcmp(h->devices[i].via, d->key))
            tell_device(h, &h->devices[i]);
}

/* ---- entities ---- */

static bool property_is_free(const struct client_state_mqtt_home *h, const struct device *d, const char *name)
{
    if (!strcmp(name, "availability"))
        return false;
    for (const struct entity *e = h->entities; e; e = e->next)
        if (e->device == d && !strcmp(e->property, name))
            return false;
    return true;
}

/* The second thermometer of a device is called after its own name. */
static void name_property(const struct client_state_mqtt_home *h, const struct device *d, struct entity *e)
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
    for (int n = 2; !property_is_free(h, d, name) && n < 1000; n++)
        snprintf(name, sizeof name, "%s_%d", base, n);
    memcpy(e->property, name, sizeof name);
}

static void drop(struct client_state_mqtt_home *h, struct entity *gone)
{
    struct entity **at = &h->entities;

    while (*at && *at != gone)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = gone->next;
    unwatch(h, gone);
    if (--gone->device->entities == 0 && client_state_model_gone(h->model, seen_by, gone->device->told.id) != PROTO_OK)
        h->config.source->bad++;
    free(gone);
    h->entity_count--;
}

static struct entity *find_entity(struct client_state_mqtt_home *h, const char *discovery)
{
    struct entity *e = h->entities;

    while (e && strcmp(e->discovery, discovery) != 0)
        e = e->next;
    return e;
}

static void add(struct client_state_mqtt_home *h, const char *discovery, const struct client_state_entity *is)
{
    struct device *d = h->entity_count < CLIENT_STATE_MQTT_ENTITIES ? take_device(h, is) : NULL;
    struct entity *e = d ? calloc(1, sizeof *e) : NULL;

    if (!e) {
        wrong(h, discovery, "more devices or entities than are taken; it is left out");
        return;
    }
    e->is = *is;
    e->device = d;
    snprintf(e->discovery, sizeof e->discovery, "%s", discovery);
    name_property(h, d, e);
    d->entities++;
    e->next = h->entities;
    h->entities = e;
    h->entity_count++;
    update_device(h, d, is);
    watch(h, e, e->is.topic, -1);
    for (size_t i = 0; i < e->is.availability_count; i++)
        watch(h, e, e->is.availability[i].topic, (int)i);
}

static bool same_entity(const struct entity *e, const struct client_state_entity *is)
{
    return !memcmp(&e->is, is, sizeof *is);
}

static void take_discovery(struct client_state_mqtt_home *h, const char *topic, const char *payload, size_t len,
                           struct client_state_entity *is)
{
    struct entity *known = find_entity(h, topic);
    char why[CLIENT_STATE_WHY_BYTES];
    enum proto_err err = client_state_discovery_read(payload, len, is, why);

    if (err != PROTO_OK && err != PROTO_ERR_NOT_FOUND) {
        wrong(h, topic, why);
        return;
    }
    h->config.source->good++;
    if (known && err == PROTO_OK && same_entity(known, is))
        return;
    if (known)
        drop(h, known);
    if (err == PROTO_OK)
        add(h, topic, is);
}

/* ---- values ---- */

static void tell(struct client_state_mqtt_home *h, const struct device *d, const char *name,
                 struct client_state_property *p)
{
    memcpy(p->device, d->told.id, sizeof p->device);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->unix_ms = h->now.unix_ms;
    if (client_state_model_property(h->model, seen_by, p) == PROTO_OK)
        h->config.source->good++;
    else
        h->config.source->bad++;
}

static void take_availability(struct client_state_mqtt_home *h, struct entity *e, size_t i, const char *payload,
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
    e->device->answers[i] = yes;
    for (size_t n = 0; n < e->is.availability_count; n++) {
        all = all && e->device->answers[n] != 0;
        any = any || e->device->answers[n] == 1;
    }
    p.value.boolean = e->is.mode == CLIENT_STATE_MODE_ALL ? all : e->is.mode == CLIENT_STATE_MODE_ANY ? any : yes;
    tell(h, e->device, "availability", &p);
}

static void take_state(struct client_state_mqtt_home *h, const struct entity *e, const char *payload, size_t len)
{
    struct client_state_property p = {.unix_ms = 0};

    if (client_state_discovery_value(&e->is, payload, len, &p))
        tell(h, e->device, e->property, &p);
}

/* ---- the mesh ---- */

/* Zigbee2MQTT's raw map: which device hangs on which, and how well they hear each other. It answers whoever asks for it
 * (its own page does); this end only listens. */
static void take_map(struct client_state_mqtt_home *h, const char *payload, size_t len)
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
        struct device *d;

        if (!from || !to || json_integer_value(json_object_get(link, "relationship")) != 1)
            continue; /* 1: the source is a child of the target */
        snprintf(child, sizeof child, "zigbee2mqtt_%.64s", from);
        snprintf(parent, sizeof parent, "zigbee2mqtt_%.64s", to);
        d = find_device(h, child);
        if (!d)
            continue;
        if (find_device(h, parent))
            snprintf(d->via, sizeof d->via, "%s", parent);
        tell_device(h, d);
        p.value.number = json_number_value(json_object_get(link, "linkquality"));
        tell(h, d, "linkquality", &p);
    }
    json_decref(json);
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
            take_map(h, payload, len);
    } else if (len > CLIENT_STATE_PAYLOAD_BYTES) {
        wrong(h, topic, "more than 65536 bytes; it is left out");
    } else if (client_state_discovery_topic(h->config.prefix, topic, &is)) {
        take_discovery(h, topic, payload, len, &is);
    } else {
        for (const struct watch *w = h->watches[bucket_of(topic)]; w; w = w->next)
            if (strcmp(w->topic, topic) != 0)
                continue;
            else if (w->availability >= 0)
                take_availability(h, w->entity, (size_t)w->availability, payload, len);
            else
                take_state(h, w->entity, payload, len);
    }
    h->model = NULL;
}
