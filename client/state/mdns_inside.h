/* SPDX-License-Identifier: Apache-2.0 */
/* client/state/mdns_inside.h - the hosts of the local network and what they offer; for mdns.c and mdns_hosts.c alone.
 */
#ifndef CLIENT_STATE_MDNS_INSIDE_H
#define CLIENT_STATE_MDNS_INSIDE_H

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-common/simple-watch.h>

#include "client/state/sources.h"

enum { MDNS_HOSTS_MAX = 128, MDNS_OF_HOST_MAX = 8 };
#define MDNS_SEEN_BY "mdns"

/* service type, kind of device; the first that a host offers names its kind, the earlier row before the later */
#define MDNS_KINDS(X)                                                                                                  \
    X("_matter._tcp", "matter_device")                                                                                 \
    X("_hap._tcp", "homekit_device")                                                                                   \
    X("_ipp._tcp", "printer")                                                                                          \
    X("_ipps._tcp", "printer")                                                                                         \
    X("_printer._tcp", "printer")                                                                                      \
    X("_pdl-datastream._tcp", "printer")                                                                               \
    X("_home-assistant._tcp", "hub")                                                                                   \
    X("_esphomelib._tcp", "esphome_device")                                                                            \
    X("_hue._tcp", "hub")                                                                                              \
    X("_mqtt._tcp", "mqtt_broker")                                                                                     \
    X("_googlecast._tcp", "media_player")                                                                              \
    X("_airplay._tcp", "media_player")                                                                                 \
    X("_raop._tcp", "media_player")                                                                                    \
    X("_spotify-connect._tcp", "media_player")                                                                         \
    X("_sonos._tcp", "media_player")                                                                                   \
    X("_uscan._tcp", "scanner")                                                                                        \
    X("_smb._tcp", "computer")                                                                                         \
    X("_ssh._tcp", "computer")                                                                                         \
    X("_http._tcp", "web_device")

#define MDNS_ONE(type, kind) +1
enum { MDNS_SERVICES = 0 MDNS_KINDS(MDNS_ONE) };
#undef MDNS_ONE

struct mdns_kind {
    const char *type, *kind;
};
extern const struct mdns_kind mdns_services[MDNS_SERVICES];

struct mdns_service {
    unsigned type;
    char name[CLIENT_STATE_LABEL_BYTES];
};

struct mdns_host {
    char name[CLIENT_STATE_LABEL_BYTES]; /* "printer.local"; "" for a free place */
    char id[CLIENT_STATE_ID_BYTES];
    char label[CLIENT_STATE_LABEL_BYTES], maker[CLIENT_STATE_LABEL_BYTES], model[CLIENT_STATE_LABEL_BYTES];
    struct mdns_service services[MDNS_OF_HOST_MAX];
    size_t count;
    int64_t left_ms; /* since when it offers nothing; PROTO_NEVER while it does */
    bool changed;
};

struct mdns_source {
    struct client_state_source source;
    AvahiSimplePoll *poll;                        /* owned */
    AvahiClient *client;                          /* owned; NULL: no daemon */
    AvahiServiceBrowser *browsers[MDNS_SERVICES]; /* the client's */
    struct mdns_host hosts[MDNS_HOSTS_MAX];
    int64_t retry_ms, settle_ms; /* settle: by then whoever is there has said so */
    struct proto_now now;
    bool said;
};

/** The host of this name, or a free place for it; NULL: there are too many. */
struct mdns_host *mdns_find(struct mdns_source *source, const char *name);
void mdns_name(struct mdns_source *source, struct mdns_host *host, const char *name);
void mdns_add(struct mdns_host *host, unsigned type, const char *name);
void mdns_remove(struct mdns_source *source, unsigned type, const char *name);
/** What changed, into the model; who was long without a word is gone. */
void mdns_tell(struct mdns_source *source, struct client_state_model *model);

#endif
