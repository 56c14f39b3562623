/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts by name, what each offers, and how that becomes a device of the model. */
#include <stdio.h>
#include <string.h>

#include "client/state/discovery.h"
#include "client/state/mdns_inside.h"
#include "client/state/names.h"

enum { GONE_MS = 600000 };

const struct mdns_kind mdns_services[MDNS_SERVICES] = {
#define ROW(type, kind) {type, kind},
    MDNS_KINDS(ROW)
#undef ROW
};

struct mdns_host *mdns_find(struct mdns_source *s, const char *name)
{
    struct mdns_host *place = NULL;

    for (size_t i = 0; i < MDNS_HOSTS_MAX; i++) {
        if (s->hosts[i].name[0] && !strcmp(s->hosts[i].name, name))
            return &s->hosts[i];
        if (!place && !s->hosts[i].name[0])
            place = &s->hosts[i];
    }
    return place;
}

static bool id_is_taken(const struct mdns_source *s, const struct mdns_host *but, const char *id)
{
    for (size_t i = 0; i < MDNS_HOSTS_MAX; i++)
        if (&s->hosts[i] != but && s->hosts[i].name[0] && !strcmp(s->hosts[i].id, id))
            return true;
    return false;
}

void mdns_name(struct mdns_source *s, struct mdns_host *h, const char *name)
{
    char slug[40], stem[CLIENT_STATE_LABEL_BYTES];

    snprintf(h->name, sizeof h->name, "%s", name);
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "."), name);
    client_state_discovery_slug(stem, slug, sizeof slug);
    snprintf(h->id, sizeof h->id, "mdns/%s", *slug ? slug : "host");
    for (int n = 2; id_is_taken(s, h, h->id) && n < 1000; n++)
        snprintf(h->id, sizeof h->id, "mdns/%s-%d", *slug ? slug : "host", n);
}

void mdns_add(struct mdns_host *h, unsigned type, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->services[i].type == type && !strcmp(h->services[i].name, name))
            return;
    if (h->count < MDNS_OF_HOST_MAX) {
        h->services[h->count].type = type;
        snprintf(h->services[h->count++].name, sizeof h->services->name, "%s", name);
    }
    h->left_ms = PROTO_NEVER;
    h->changed = true;
}

void mdns_remove(struct mdns_source *s, unsigned type, const char *name)
{
    for (size_t i = 0; i < MDNS_HOSTS_MAX; i++)
        for (size_t n = 0; n < s->hosts[i].count; n++) {
            struct mdns_host *h = &s->hosts[i];

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

static void put_text(struct mdns_source *s, struct client_state_model *model, const struct mdns_host *h,
                     const char *name, const char *text)
{
    struct client_state_property p = {.type = CLIENT_STATE_TEXT, .unix_ms = s->now.unix_ms};

    memcpy(p.device, h->id, sizeof p.device);
    snprintf(p.name, sizeof p.name, "%s", name);
    snprintf(p.value.text, sizeof p.value.text, "%s", text);
    if (client_state_model_property(model, MDNS_SEEN_BY, &p) != PROTO_OK)
        s->source.bad++;
}

static void tell_host(struct mdns_source *s, struct client_state_model *model, struct mdns_host *h)
{
    struct client_state_property there = {
        .type = CLIENT_STATE_BOOL, .value.boolean = h->count > 0, .unix_ms = s->now.unix_ms};
    struct client_state_device d = {.kind = "device"};
    char list[CLIENT_STATE_TEXT_BYTES] = "";
    unsigned best = MDNS_SERVICES;

    for (size_t i = 0; i < h->count; i++) {
        size_t used = strlen(list);

        best = h->services[i].type < best ? h->services[i].type : best;
        snprintf(list + used, sizeof list - used, "%s%s", used ? " " : "", mdns_services[h->services[i].type].type);
    }
    memcpy(d.id, h->id, sizeof d.id);
    snprintf(d.seen_by, sizeof d.seen_by, "%s", MDNS_SEEN_BY);
    memcpy(d.name, h->label, sizeof d.name);
    memcpy(d.maker, h->maker, sizeof d.maker);
    memcpy(d.model, h->model, sizeof d.model);
    if (best < MDNS_SERVICES)
        snprintf(d.kind, sizeof d.kind, "%s", mdns_services[best].kind);
    else if (client_state_model_find_device(model, h->id)) /* it has left: what it was is known */
        memcpy(d.kind, client_state_model_find_device(model, h->id)->kind, sizeof d.kind);
    if (client_state_model_device(model, &d) != PROTO_OK)
        s->source.bad++;
    memcpy(there.device, h->id, sizeof there.device);
    snprintf(there.name, sizeof there.name, "availability");
    if (client_state_model_property(model, MDNS_SEEN_BY, &there) != PROTO_OK)
        s->source.bad++;
    if (*list)
        put_text(s, model, h, "service", list);
    h->changed = false;
    s->source.good++;
}

void mdns_tell(struct mdns_source *s, struct client_state_model *model)
{
    for (size_t i = 0; i < MDNS_HOSTS_MAX; i++) {
        struct mdns_host *h = &s->hosts[i];

        if (!h->name[0])
            continue;
        if (h->changed)
            tell_host(s, model, h);
        if (h->left_ms != PROTO_NEVER && s->now.mono_ms >= h->left_ms + GONE_MS) {
            if (client_state_model_gone(model, MDNS_SEEN_BY, h->id) != PROTO_OK)
                s->source.bad++;
            memset(h, 0, sizeof *h);
        }
    }
}
