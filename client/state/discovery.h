/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/discovery.h - how devices announce themselves over MQTT: Home Assistant's discovery messages.
 *
 * Topic PREFIX/COMPONENT/[NODE/]OBJECT/config, or PREFIX/device/OBJECT/config with all components of a device in one
 * payload; JSON with long keys or their abbreviations
 * (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery), as Zigbee2MQTT, ESPHome, Tasmota and Shelly send
 * it. Pure: a payload in, one entity out. Broken ones are refused with words that name what was wrong.
 */
#ifndef CLIENT_STATE_DISCOVERY_H
#define CLIENT_STATE_DISCOVERY_H

#include "client/state/source.h"

enum {
    CLIENT_STATE_TOPIC_BYTES = 256,
    CLIENT_STATE_PAYLOAD_BYTES = 64 * 1024, /* of a discovery message or a state */
    CLIENT_STATE_AVAILABILITY_MAX = 4,
};

enum client_state_mode { CLIENT_STATE_MODE_LATEST, CLIENT_STATE_MODE_ALL, CLIENT_STATE_MODE_ANY };

struct client_state_entity {
    char component[32], object[CLIENT_STATE_ID_BYTES];
    char name[CLIENT_STATE_LABEL_BYTES], device_class[CLIENT_STATE_NAME_BYTES], unit[CLIENT_STATE_UNIT_BYTES];
    char topic[CLIENT_STATE_TOPIC_BYTES], template[512];
    char on[32], off[32]; /* payloads that mean true and false */
    struct {
        char topic[CLIENT_STATE_TOPIC_BYTES], template[128], yes[32], no[32];
    } availability[CLIENT_STATE_AVAILABILITY_MAX];
    size_t availability_count;
    enum client_state_mode mode;
    struct {
        char key[CLIENT_STATE_LABEL_BYTES]; /* its first identifier, or connection: never told, it may be an address */
        char via[CLIENT_STATE_LABEL_BYTES]; /* identifier of the device behind which it is */
        char name[CLIENT_STATE_LABEL_BYTES], maker[CLIENT_STATE_LABEL_BYTES], model[CLIENT_STATE_LABEL_BYTES];
        char firmware[CLIENT_STATE_LABEL_BYTES];
    } device;
};

/** Takes a topic apart; false when it is no discovery topic of this prefix. */
bool client_state_discovery_topic(const char *prefix, const char *topic, struct client_state_entity *out);
/**
 * The payload of a topic that was taken apart into *out. NOT_FOUND: it is empty, which takes the entity back; FORMAT or
 * RANGE: `why` names what is wrong.
 */
PROTO_MUST_USE enum proto_err client_state_discovery_read(const char *payload, size_t len,
                                                          struct client_state_entity *out,
                                                          char why[static CLIENT_STATE_WHY_BYTES]);
/** One component of a device's announcement; `err` RANGE: `why` names what is wrong with it. Borrowed for the call. */
typedef void client_state_discovery_take(void *context, struct client_state_entity *entity, enum proto_err err,
                                         const char *why);
/** The payload of PREFIX/device/OBJECT/config: each component that it has. Errors as above, of the whole. */
PROTO_MUST_USE enum proto_err client_state_discovery_components(const char *payload, size_t len,
                                                                client_state_discovery_take *take, void *context,
                                                                char why[static CLIENT_STATE_WHY_BYTES]);
/** The property that the entity is: its device class where names.h has one, "state" for lights and the like, or its own
 * name as a name. */
void client_state_discovery_property(const struct client_state_entity *entity,
                                     char out[static CLIENT_STATE_NAME_BYTES]);
/** The value of a state payload through the template. False: it says nothing. */
bool client_state_discovery_value(const struct client_state_entity *entity, const char *payload, size_t len,
                                  struct client_state_property *out);
/** How much a component says of what the device is: a light with a power sensor is a light. */
int client_state_discovery_rank(const char *component);
/** "Küche: Lampe 0x00158d0001a2b3c4" as part of an id: small letters, digits and hyphens, long numbers cut. */
void client_state_discovery_slug(const char *text, char *out, size_t size);

#endif
