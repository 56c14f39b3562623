/* SPDX-License-Identifier: Apache-2.0 */
/* client/state/sources.h - the sources behind source.h. A new one is a line of the table in source.c and a file of its
 * own. */
#ifndef CLIENT_STATE_SOURCES_H
#define CLIENT_STATE_SOURCES_H

#include "client/state/source.h"

/** This machine, read below `root` ("" for the real one; a test has a tree of its own). */
PROTO_MUST_USE enum proto_err client_state_linux_open(const char *root, struct client_state_source **out,
                                                      char why[static CLIENT_STATE_WHY_BYTES]);
/** The way out as the linux source saw it last, whole, for a check of this end's own; "" for none. Borrowed. */
const char *client_state_linux_gateway(const struct client_state_source *linux_source);
/**
 * Lines of JSON from a product's firmware, at most CLIENT_STATE_LINE_BYTES each:
 *   {"device":"hub","kind":"hub","maker":"Acme","model":"H2","firmware":"1.4.2"}
 *   {"device":"hub","property":"temperature","value":41.5,"unit":"°C"}
 *   {"device":"hub","gone":true}
 * The schema is lines.schema.json.
 * PATH is a FIFO, or a Unix socket that is made there (mode 0600) and takes up to four writers.
 */
enum { CLIENT_STATE_LINE_BYTES = 4096 };
PROTO_MUST_USE enum proto_err client_state_json_open(const char *path, struct client_state_source **out,
                                                     char why[static CLIENT_STATE_WHY_BYTES]);
/** One line into the model; PROTO_OK or what was wrong with it (`why` names value and rule). Pure. */
PROTO_MUST_USE enum proto_err client_state_json_line(const char *line, size_t len, struct proto_now now,
                                                     struct client_state_model *model,
                                                     char why[static CLIENT_STATE_WHY_BYTES]);

/** SPEC: HOST[:PORT], or a path of a file with [mqtt] host, port, ca, user, password_file, prefix, zigbee2mqtt. */
PROTO_MUST_USE enum proto_err client_state_mqtt_open(const char *spec, struct client_state_source **out,
                                                     char why[static CLIENT_STATE_WHY_BYTES]);
/** Services that Avahi sees in the local network. */
PROTO_MUST_USE enum proto_err client_state_mdns_open(struct client_state_source **out,
                                                     char why[static CLIENT_STATE_WHY_BYTES]);

void client_state_say(const struct client_state_source *source, const char *message);

#endif
