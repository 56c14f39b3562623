/* SPDX-License-Identifier: Apache-2.0 */
/* What a check has to know of this machine before it begins: read by the same source that tells the agent of it. */
#include <stdio.h>
#include <string.h>

#include "client/checks/inside.h"
#include "client/state/sources.h"

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%.*s", (int)size - 1, from);
}

struct home {
    struct check_facts *facts;
    const struct client_state_model *model; /* what is told of this home; NULL: nothing */
};

static bool on_device(void *context, const struct client_state_device *device)
{
    struct check_facts *facts = ((struct home *)context)->facts;

    facts->has_wifi |= !strcmp(device->kind, "wifi_interface");
    return true;
}

static bool on_own_property(void *context, const struct client_state_property *p)
{
    struct home *home = context;
    struct check_facts *facts = home->facts;

    if (p->type != CLIENT_STATE_NUMBER || strcmp(p->name, "signal_strength") != 0)
        return true;
    if (home->model && !client_state_model_tells(home->model, p->device, p->name)) {
        facts->signal_hidden = true;
    } else if (!facts->has_signal || p->value.number > facts->signal_dbm) {
        facts->has_signal = true;
        facts->signal_dbm = p->value.number;
    }
    return true;
}

static void take_servers(struct check_facts *facts, const char *list)
{
    char text[257], *rest = NULL;

    facts->server_count = 0;
    copy(text, sizeof text, list);
    for (char *one = strtok_r(text, " ,", &rest); one && facts->server_count < SERVERS_MAX;
         one = strtok_r(NULL, " ,", &rest))
        if (strcmp(one, "none") != 0)
            copy(facts->servers[facts->server_count++], sizeof *facts->servers, one);
}

static void ask_this_machine(struct home *home, const struct client_check_config *config, struct proto_now now)
{
    const struct client_state_sink sink = {on_device, on_own_property, home};
    char why[CLIENT_STATE_WHY_BYTES];
    struct client_state_model *model = NULL;
    struct client_state_source *source = NULL;
    const struct client_state_property *servers;

    if (client_state_model_new(&model) == PROTO_OK && client_state_linux_open(config->root, &source, why) == PROTO_OK) {
        client_state_source_poll(source, now, model);
        client_state_model_each(model, &sink);
        copy(home->facts->gateway, sizeof home->facts->gateway, client_state_linux_gateway(source));
        servers = client_state_model_find(model, "this-device", "dns_servers");
        if (servers && servers->type == CLIENT_STATE_TEXT)
            take_servers(home->facts, servers->value.text);
    }
    client_state_source_free(source);
    client_state_model_free(model);
}

/* ---- the product's own words ---- */

static bool on_product(void *context, const struct client_state_property *p)
{
    struct home *home = context;
    const struct client_state_device *device;
    size_t used = strlen(home->facts->unreachable);

    if (strcmp(p->name, "availability") != 0 || p->type != CLIENT_STATE_BOOL)
        return true;
    home->facts->availabilities++;
    device = client_state_model_find_device(home->model, p->device);
    if (!p->value.boolean && device)
        snprintf(home->facts->unreachable + used, sizeof home->facts->unreachable - used, "%s%.60s", used ? ", " : "",
                 device->name[0] ? device->name : device->id);
    return true;
}

static bool no_device(void *context, const struct client_state_device *device)
{
    (void)context, (void)device;
    return true;
}

void check_facts_read(struct check_facts *facts, const struct client_check_config *config,
                      const struct client_state_model *model, struct proto_now now)
{
    struct home home = {facts, model};
    const struct client_state_sink sink = {no_device, on_product, &home};

    memset(facts, 0, sizeof *facts);
    ask_this_machine(&home, config, now);
    facts->gateway_hidden = model && !client_state_model_tells(model, "this-device", "gateway");
    facts->servers_hidden = model && !client_state_model_tells(model, "this-device", "dns_servers");
    if (config->gateway[0])
        copy(facts->gateway, sizeof facts->gateway, config->gateway);
    if (config->dns_servers[0])
        take_servers(facts, config->dns_servers);
    if (model)
        client_state_model_each(model, &sink);
}
