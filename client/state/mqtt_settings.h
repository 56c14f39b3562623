/* SPDX-License-Identifier: Apache-2.0 */
/* client/state/mqtt_settings.h - where a broker is, and how it lets us in: --state mqtt:HOST[:PORT] or mqtt:./FILE. */
#ifndef CLIENT_STATE_MQTT_SETTINGS_H
#define CLIENT_STATE_MQTT_SETTINGS_H

#include "client/state/source.h"

struct client_state_mqtt_settings {
    char host[129], ca[256], user[65], password_file[256], prefix[65], zigbee2mqtt[65];
    int port;
};

/** `spec` is what stands behind "mqtt:". False: `why` names the value, the rule and the way out. */
bool client_state_mqtt_settings_read(struct client_state_mqtt_settings *settings, const char *spec,
                                     char why[static CLIENT_STATE_WHY_BYTES]);

#endif
