/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/source.h"

#include <stdio.h>
#include <string.h>

#include "client/state/sources.h"

enum proto_err client_state_source_open(const char *spec, struct client_state_log log, struct client_state_source **out,
                                        char why[static CLIENT_STATE_WHY_BYTES])
{
    enum proto_err err = PROTO_ERR_NOT_FOUND;

    *out = NULL;
    if (!strcmp(spec, "linux"))
        err = client_state_linux_open("", out, why);
    else if (!strncmp(spec, "json:", 5) && spec[5])
        err = client_state_json_open(spec + 5, out, why);
    else if (!strncmp(spec, "mqtt:", 5) && spec[5])
        err = client_state_mqtt_open(spec + 5, out, why);
    else if (!strcmp(spec, "mdns"))
        err = client_state_mdns_open(out, why);
    else
        snprintf(why, CLIENT_STATE_WHY_BYTES,
                 "%.80s: no source of device state has this name; use linux, json:PATH, mdns, mqtt:HOST or mqtt:./FILE",
                 spec);
    if (!err)
        (*out)->log = log;
    return err;
}

void client_state_source_poll(struct client_state_source *source, struct proto_now now,
                              struct client_state_model *model)
{
    source->ops->poll(source, now, model);
}

void client_state_source_rest(struct client_state_source *source)
{
    if (source->ops->rest)
        source->ops->rest(source);
}

bool client_state_source_drop(struct client_state_source *source)
{
    if (source->ops->drop)
        source->ops->drop(source);
    return source->ops->drop != NULL;
}

void client_state_source_free(struct client_state_source *source)
{
    if (source)
        source->ops->free(source);
}

void client_state_say(const struct client_state_source *source, const char *message)
{
    if (source->log.say)
        source->log.say(source->log.context, message);
}
