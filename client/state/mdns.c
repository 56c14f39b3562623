/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services of the local network by Avahi, live. One device for each host; what it offers are its services.
 *
 * A device that says good-bye stays known as one that cannot be reached: "the printer was here" is what a repair starts
 * from. After a while without a word it is gone.
 */
#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/simple-watch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/discovery.h"
#include "client/state/names.h"
#include "client/state/sources.h"

enum {
    HOSTS_MAX = 128,
    SERVICES_MAX = 8,
    GONE_MS = 600000,
    RETRY_MS = 5000,
    SETTLE_MS = 3000,
    EVERY_MS = 200,
    TURNS = 64
};

/* service type, kind of device; the first that a host offers names its kind, the earlier row before the later */
#define SERVICES(X)                                                                                                    \
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

static const struct {
    const char *type, *kind;
} services[] = {
#define ROW(type, kind) {type, kind},
    SERVICES(ROW)
#undef ROW
};
enum { SERVICE_COUNT = sizeof services / sizeof *services };

struct service {
    unsigned type;
    char name[CLIENT_STATE_LABEL_BYTES];
};

struct host {
    char name[CLIENT_STATE_LABEL_BYTES]; /* "printer.local"; "" for a free place */
    char id[CLIENT_STATE_ID_BYTES];
    char label[CLIENT_STATE_LABEL_BYTES], maker[CLIENT_STATE_LABEL_BYTES], model[CLIENT_STATE_LABEL_BYTES];
    struct service services[SERVICES_MAX];
    size_t count;
    int64_t left_ms; /* since when it offers nothing; PROTO_NEVER while it does */
    bool changed;
};

struct mdns_source {
    struct client_state_source source;
    AvahiSimplePoll *poll;                        /* owned */
    AvahiClient *client;                          /* owned; NULL: no daemon */
    AvahiServiceBrowser *browsers[SERVICE_COUNT]; /* the client's */
    struct host hosts[HOSTS_MAX];
    int64_t retry_ms, settle_ms; /* settle: by then whoever is there has said so */
    struct proto_now now;
    bool said;
};

static const char seen_by[] = "mdns";

/* ---- hosts ---- */

static struct host *find_host(struct mdns_source *s, const char *name)
{
    struct host *place = NULL;

    for (size_t i = 0; i < HOSTS_MAX; i++) {
        if (s->hosts[i].name[0] && !strcmp(s->hosts[i].name, name))
            return &s->hosts[i];
        if (!place && !s->hosts[i].name[0])
            place = &s->hosts[i];
    }
    return place;
}

static bool id_is_taken(const struct mdns_source *s, const struct host *but, const char *id)
{
    for (size_t i = 0; i < HOSTS_MAX; i++)
        if (&s->hosts[i] != but && s->hosts[i].name[0] && !strcmp(s->hosts[i].id, id))
            return true;
    return false;
}

static void name_host(struct mdns_source *s, struct host *h, const char *name)
{
    char slug[40], stem[CLIENT_STATE_LABEL_BYTES];

    snprintf(h->name, sizeof h->name, "%s", name);
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "."), name);
    client_state_discovery_slug(stem, slug, sizeof slug);
    snprintf(h->id, sizeof h->id, "mdns/%s", *slug ? slug : "host");
    for (int n = 2; id_is_taken(s, h, h->id) && n < 1000; n++)
        snprintf(h->id, sizeof h->id, "mdns/%s-%d", *slug ? slug : "host", n);
}

static void add_service(struct host *h, unsigned type, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->services[i].type == type && !strcmp(h->services[i].name, name))
            return;
    if (h->count < SERVICES_MAX) {
        h->services[h->count].type = type;
        snprintf(h->services[h->count++].name, sizeof h->services->name, "%s", name);
    }
    h->left_ms = PROTO_NEVER;
    h->changed = true;
}

static void remove_service(struct mdns_source *s, unsigned type, const char *name)
{
    for (size_t i = 0; i < HOSTS_MAX; i++)
        for (size_t n = 0; n < s->hosts[i].count; n++) {
            struct host *h = &s->hosts[i];

            if (h->services[n].type != type || strcmp(h->services[n].name, name) != 0)
                continue;
            h->services[n] = h->services[--h->count];
            h->changed = true;
            if (!h->count)
                h->left_ms = s->now.mono_ms;
            return;
        }
}

/* ---- into the model ---- */

static void put_text(struct mdns_source *s, struct client_state_model *model, const struct host *h, const char *name,
                     const char *text)
{
    struct client_state_property p = {.type = CLIENT_STATE_TEXT, .unix_ms = s->now.unix_ms};

    memcpy(p.device, h->id, sizeof p.device);
    snprintf(p.name, sizeof p.name, "%s", name);
    snprintf(p.value.text, sizeof p.value.text, "%s", text);
    if (client_state_model_property(model, seen_by, &p) != PROTO_OK)
        s->source.bad++;
}

static void tell_host(struct mdns_source *s, struct client_state_model *model, struct host *h)
{
    struct client_state_property there = {
        .type = CLIENT_STATE_BOOL, .value.boolean = h->count > 0, .unix_ms = s->now.unix_ms};
    struct client_state_device d = {.kind = "device"};
    char list[CLIENT_STATE_TEXT_BYTES] = "";
    unsigned best = SERVICE_COUNT;

    for (size_t i = 0; i < h->count; i++) {
        size_t used = strlen(list);

        best = h->services[i].type < best ? h->services[i].type : best;
        snprintf(list + used, sizeof list - used, "%s%s", used ? " " : "", services[h->services[i].type].type);
    }
    memcpy(d.id, h->id, sizeof d.id);
    snprintf(d.seen_by, sizeof d.seen_by, "%s", seen_by);
    memcpy(d.name, h->label, sizeof d.name);
    memcpy(d.maker, h->maker, sizeof d.maker);
    memcpy(d.model, h->model, sizeof d.model);
    if (best < SERVICE_COUNT)
        snprintf(d.kind, sizeof d.kind, "%s", services[best].kind);
    else if (client_state_model_find_device(model, h->id)) /* it has left: what it was is known */
        memcpy(d.kind, client_state_model_find_device(model, h->id)->kind, sizeof d.kind);
    if (client_state_model_device(model, &d) != PROTO_OK)
        s->source.bad++;
    memcpy(there.device, h->id, sizeof there.device);
    snprintf(there.name, sizeof there.name, "availability");
    if (client_state_model_property(model, seen_by, &there) != PROTO_OK)
        s->source.bad++;
    if (*list)
        put_text(s, model, h, "service", list);
    h->changed = false;
    s->source.good++;
}

static void tell_hosts(struct mdns_source *s, struct client_state_model *model)
{
    for (size_t i = 0; i < HOSTS_MAX; i++) {
        struct host *h = &s->hosts[i];

        if (!h->name[0])
            continue;
        if (h->changed)
            tell_host(s, model, h);
        if (h->left_ms != PROTO_NEVER && s->now.mono_ms >= h->left_ms + GONE_MS) {
            if (client_state_model_gone(model, seen_by, h->id) != PROTO_OK)
                s->source.bad++;
            memset(h, 0, sizeof *h);
        }
    }
}

/* ---- what Avahi tells ---- */

static void take_record(AvahiStringList *records, const char *key, char *out, size_t size)
{
    AvahiStringList *found = avahi_string_list_find(records, key);
    char *name = NULL, *value = NULL;
    size_t len = 0;

    if (found && avahi_string_list_get_pair(found, &name, &value, &len) == 0 && value && len < size &&
        strlen(value) == len && client_state_text_ok(value))
        memcpy(out, value, len + 1);
    avahi_free(name);
    avahi_free(value);
}

static unsigned type_of(const char *type)
{
    unsigned i = 0;

    while (i < SERVICE_COUNT && strcmp(services[i].type, type) != 0)
        i++;
    return i;
}

static void on_resolved(AvahiServiceResolver *resolver, AvahiIfIndex interface, AvahiProtocol protocol,
                        AvahiResolverEvent event, const char *name, const char *type, const char *domain,
                        const char *host_name, const AvahiAddress *address, uint16_t port, AvahiStringList *records,
                        AvahiLookupResultFlags flags, void *context)
{
    struct mdns_source *s = context;
    struct host *h = NULL;
    unsigned at = type_of(type);

    (void)interface, (void)protocol, (void)domain, (void)address, (void)port, (void)flags;
    if (event == AVAHI_RESOLVER_FOUND && at < SERVICE_COUNT && strlen(host_name) < CLIENT_STATE_LABEL_BYTES &&
        client_state_text_ok(host_name) && client_state_text_ok(name))
        h = find_host(s, host_name);
    if (h) {
        if (!h->name[0]) {
            memset(h, 0, sizeof *h);
            name_host(s, h, host_name);
        }
        snprintf(h->label, sizeof h->label, "%.*s", CLIENT_STATE_LABEL_BYTES - 1, name);
        take_record(records, "usb_MFG", h->maker, sizeof h->maker);
        take_record(records, "ty", h->model, sizeof h->model);    /* printers */
        take_record(records, "md", h->model, sizeof h->model);    /* HomeKit, Cast */
        take_record(records, "model", h->model, sizeof h->model); /* AirPlay */
        add_service(h, at, name);
    }
    avahi_service_resolver_free(resolver);
}

static void on_browsed(AvahiServiceBrowser *browser, AvahiIfIndex interface, AvahiProtocol protocol,
                       AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
                       AvahiLookupResultFlags flags, void *context)
{
    struct mdns_source *s = context;

    (void)flags;
    if (event == AVAHI_BROWSER_REMOVE)
        remove_service(s, type_of(type), name);
    if (event == AVAHI_BROWSER_NEW) /* it frees itself in its answer */
        avahi_service_resolver_new(avahi_service_browser_get_client(browser), interface, protocol, name, type, domain,
                                   AVAHI_PROTO_UNSPEC, 0, on_resolved, s);
}

static void on_client(AvahiClient *client, AvahiClientState state, void *context)
{
    (void)client, (void)state, (void)context; /* its state is asked for in poll() */
}

/* ---- the daemon ---- */

static void let_go(struct mdns_source *s)
{
    if (s->client)
        avahi_client_free(s->client);
    s->client = NULL;
    memset(s->browsers, 0, sizeof s->browsers);
}

static void reach(struct mdns_source *s)
{
    char text[160];
    int error;

    s->retry_ms = s->now.mono_ms + RETRY_MS;
    s->settle_ms = s->now.mono_ms + SETTLE_MS;
    s->client = avahi_client_new(avahi_simple_poll_get(s->poll), 0, on_client, s, &error);
    for (unsigned i = 0; s->client && i < SERVICE_COUNT; i++)
        s->browsers[i] = avahi_service_browser_new(s->client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, services[i].type,
                                                   NULL, 0, on_browsed, s);
    if (s->client || s->said)
        return;
    s->said = true;
    snprintf(text, sizeof text, "mdns: the daemon of Avahi is not reached (%s); start avahi-daemon",
             avahi_strerror(error));
    client_state_say(&s->source, text);
}

static void poll_source(struct client_state_source *source, struct proto_now now, struct client_state_model *model)
{
    struct mdns_source *s = (struct mdns_source *)source;

    s->now = now;
    if (!s->client && now.mono_ms >= s->retry_ms)
        reach(s);
    for (int turns = 0; s->client && turns < TURNS; turns++)
        if (avahi_simple_poll_iterate(s->poll, 0))
            break;
    if (s->client && avahi_client_get_state(s->client) == AVAHI_CLIENT_FAILURE)
        let_go(s);
    for (size_t i = 0; s->client && now.mono_ms >= s->settle_ms && i < HOSTS_MAX; i++)
        s->hosts[i].changed = s->hosts[i].changed || (s->hosts[i].name[0] && !s->hosts[i].count);
    if (now.mono_ms >= s->settle_ms)
        s->settle_ms = PROTO_NEVER;
    tell_hosts(s, model);
    source->deadline_ms = now.mono_ms + EVERY_MS;
}

static void rest(struct client_state_source *source)
{
    struct mdns_source *s = (struct mdns_source *)source;

    let_go(s);
    s->retry_ms = 0;
    source->deadline_ms = INT64_MIN;
    for (size_t i = 0; i < HOSTS_MAX; i++) { /* who is still there says so again; nobody is told before */
        s->hosts[i].count = 0;
        s->hosts[i].left_ms = s->now.mono_ms;
    }
}

static void free_source(struct client_state_source *source)
{
    struct mdns_source *s = (struct mdns_source *)source;

    let_go(s);
    if (s->poll)
        avahi_simple_poll_free(s->poll);
    free(s);
}

enum proto_err client_state_mdns_open(struct client_state_source **out, char why[static CLIENT_STATE_WHY_BYTES])
{
    static const struct client_state_source_ops ops = {.poll = poll_source, .free = free_source, .rest = rest};
    struct mdns_source *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s)
        s->poll = avahi_simple_poll_new();
    if (!s || !s->poll) {
        snprintf(why, CLIENT_STATE_WHY_BYTES, "mdns: %s", proto_err_rule(PROTO_ERR_NOMEM));
        free(s);
        return PROTO_ERR_NOMEM;
    }
    s->source = (struct client_state_source){.ops = &ops, .seen_by = seen_by, .fd = -1, .deadline_ms = INT64_MIN};
    *out = &s->source;
    return PROTO_OK;
}
