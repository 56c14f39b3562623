/* SPDX-License-Identifier: Apache-2.0 */
/* client/state/mqtt_home_inside.h - what the files of a broker's home share; nobody else includes it. */
#ifndef CLIENT_STATE_MQTT_HOME_INSIDE_H
#define CLIENT_STATE_MQTT_HOME_INSIDE_H

#include "client/state/mqtt_home.h"

enum { MQTT_BUCKETS = 2048, NAMES_TRIED = 9 };
#define MQTT_SEEN_BY "mqtt"

struct mqtt_device {
    char key[CLIENT_STATE_LABEL_BYTES]; /* identifier of its maker; never told */
    char via[CLIENT_STATE_LABEL_BYTES];
    struct client_state_device told;
    int rank;           /* of the component that gave it its kind */
    size_t entities;    /* 0: this place is free */
    unsigned numbered;  /* properties of a name that others have too */
    size_t unreachable; /* of its entities: one that cannot be reached is enough */
};

struct mqtt_entity {
    struct client_state_entity is;
    char discovery[CLIENT_STATE_TOPIC_BYTES];
    char property[CLIENT_STATE_NAME_BYTES];
    struct mqtt_device *device;
    struct mqtt_entity *next;
    signed char answers[CLIENT_STATE_AVAILABILITY_MAX]; /* of its topics: -1 not heard, 0, 1 */
    bool unreachable;                                   /* by these */
    bool fresh;                                         /* named by the announcement that is being read */
};

/* Somebody who wants to hear a topic. */
struct mqtt_watch {
    struct mqtt_watch *next;
    struct mqtt_entity *entity;
    int availability;  /* -1: its state */
    const char *topic; /* the entity's */
};

struct client_state_mqtt_home {
    struct client_state_mqtt_config config;
    struct mqtt_device *devices; /* owned; CLIENT_STATE_MQTT_DEVICES */
    struct mqtt_entity *entities;
    size_t entity_count;
    struct mqtt_watch *watches[MQTT_BUCKETS];
    /* Borrowed during take() */
    struct client_state_model *model;
    struct proto_now now;
};

/* ---- devices (mqtt_home_devices.c) ---- */
struct mqtt_device *mqtt_home_find(struct client_state_mqtt_home *home, const char *key); /* NULL: none */
/** The entity's device, known or new; NULL: there are too many. */
struct mqtt_device *mqtt_home_device(struct client_state_mqtt_home *home, const struct client_state_entity *entity);
/** What this entity says of its device, into the model; those that hang on it too. */
void mqtt_home_update(struct client_state_mqtt_home *home, struct mqtt_device *device,
                      const struct client_state_entity *entity);
void mqtt_home_tell_device(struct client_state_mqtt_home *home, struct mqtt_device *device);

/* ---- values (mqtt_home_values.c) ---- */
void mqtt_home_availability(struct client_state_mqtt_home *home, struct mqtt_entity *entity, size_t topic,
                            const char *payload, size_t len);
void mqtt_home_state(struct client_state_mqtt_home *home, const struct mqtt_entity *entity, const char *payload,
                     size_t len);
/** Zigbee2MQTT's map of the mesh. */
void mqtt_home_map(struct client_state_mqtt_home *home, const char *payload, size_t len);

#endif
