/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/mqtt_home.h - what is said over MQTT, as devices and properties. No socket: messages in, topics to
 * listen to out.
 *
 * Discovery messages make entities; each entity belongs to a device and watches topics. A broker may hold a million of
 * them: entities, devices and watched topics are bounded, what is beyond is counted and said once.
 */
#ifndef CLIENT_STATE_MQTT_HOME_H
#define CLIENT_STATE_MQTT_HOME_H

#include "client/state/discovery.h"

enum { CLIENT_STATE_MQTT_ENTITIES = 4096, CLIENT_STATE_MQTT_DEVICES = 400 };

struct client_state_mqtt_home;

struct client_state_mqtt_config {
    const char *prefix;                               /* of discovery: "homeassistant" */
    const char *zigbee2mqtt;                          /* its base topic */
    void (*listen)(void *context, const char *topic); /* subscribe to this too */
    void (*leave)(void *context, const char *topic);  /* nobody wants it any more; NULL: it does not matter */
    void *context;
    struct client_state_source *source; /* for its log and its counts; borrowed */
};

PROTO_MUST_USE enum proto_err client_state_mqtt_home_new(struct client_state_mqtt_home **out,
                                                         const struct client_state_mqtt_config *config);
void client_state_mqtt_home_free(struct client_state_mqtt_home *home); /* NULL is fine */
/** One message. Pointers hold for the call; `payload` need not end with NUL. */
void client_state_mqtt_home_take(struct client_state_mqtt_home *home, const char *topic, const void *payload,
                                 size_t len, struct proto_now now, struct client_state_model *model);
/** After a connection was made anew: every topic is listened to again. */
void client_state_mqtt_home_listen(struct client_state_mqtt_home *home);
size_t client_state_mqtt_home_entities(const struct client_state_mqtt_home *home);

#endif
