/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services of the local network by Avahi, live. One device for each host; what it offers are its services.
 *
 * A device that says good-bye stays known as one that cannot be reached: "the printer was here" is what a repair starts
 * from. After a while without a word it is gone.
 */
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/mdns_inside.h"
#include "client/state/names.h"

enum { RETRY_MS = 5000, SETTLE_MS = 3000, EVERY_MS = 200, TURNS = 64 };

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

    while (i < MDNS_SERVICES && strcmp(mdns_services[i].type, type) != 0)
        i++;
    return i;
}

static void on_resolved(AvahiServiceResolver *resolver, AvahiIfIndex interface, AvahiProtocol protocol,
                        AvahiResolverEvent event, const char *name, const char *type, const char *domain,
                        const char *host_name, const AvahiAddress *address, uint16_t port, AvahiStringList *records,
                        AvahiLookupResultFlags flags, void *context)
{
    struct mdns_source *s = context;
    struct mdns_host *h = NULL;
    unsigned at = type_of(type);

    (void)interface, (void)protocol, (void)domain, (void)address, (void)port, (void)flags;
    if (event == AVAHI_RESOLVER_FOUND && at < MDNS_SERVICES && strlen(host_name) < CLIENT_STATE_LABEL_BYTES &&
        client_state_text_ok(host_name) && client_state_text_ok(name))
        h = mdns_find(s, host_name);
    if (h) {
        if (!h->name[0]) {
            memset(h, 0, sizeof *h);
            mdns_name(s, h, host_name);
        }
        snprintf(h->label, sizeof h->label, "%.*s", CLIENT_STATE_LABEL_BYTES - 1, name);
        take_record(records, "usb_MFG", h->maker, sizeof h->maker);
        take_record(records, "ty", h->model, sizeof h->model);    /* printers */
        take_record(records, "md", h->model, sizeof h->model);    /* HomeKit, Cast */
        take_record(records, "model", h->model, sizeof h->model); /* AirPlay */
        mdns_add(h, at, name);
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
        mdns_remove(s, type_of(type), name);
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
    for (unsigned i = 0; s->client && i < MDNS_SERVICES; i++)
        s->browsers[i] = avahi_service_browser_new(s->client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
                                                   mdns_services[i].type, NULL, 0, on_browsed, s);
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
    for (size_t i = 0; s->client && now.mono_ms >= s->settle_ms && i < MDNS_HOSTS_MAX; i++)
        s->hosts[i].changed = s->hosts[i].changed || (s->hosts[i].name[0] && !s->hosts[i].count);
    if (now.mono_ms >= s->settle_ms)
        s->settle_ms = PROTO_NEVER;
    mdns_tell(s, model);
    source->deadline_ms = now.mono_ms + EVERY_MS;
}

static void rest(struct client_state_source *source)
{
    struct mdns_source *s = (struct mdns_source *)source;

    let_go(s);
    s->retry_ms = 0;
    source->deadline_ms = INT64_MIN;
    for (size_t i = 0; i < MDNS_HOSTS_MAX; i++) { /* who is still there says so again; nobody is told before */
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
    s->source = (struct client_state_source){.ops = &ops, .seen_by = MDNS_SEEN_BY, .fd = -1, .deadline_ms = INT64_MIN};
    *out = &s->source;
    return PROTO_OK;
}
