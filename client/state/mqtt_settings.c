/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/mqtt_settings.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
    struct client_state_mqtt_settings *out;
    char wrong[256]; /* the first line that is */
};

enum form { FORM_TEXT, FORM_FILE, FORM_PORT };

static const struct {
    const char *name;
    enum form form;
    size_t offset, size;
} keys[] = {
#define KEY(field, form)                                                                                               \
    {                                                                                                                  \
#field, form, offsetof(struct client_state_mqtt_settings, field),                                              \
            sizeof((struct client_state_mqtt_settings *)0)->field                                                      \
    }
    KEY(host, FORM_TEXT),          KEY(port, FORM_PORT),   KEY(ca, FORM_FILE),          KEY(user, FORM_TEXT),
    KEY(password_file, FORM_FILE), KEY(prefix, FORM_TEXT), KEY(zigbee2mqtt, FORM_TEXT),
#undef KEY
};

static int port_of(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    return *text && !*end && port > 0 && port < 65536 ? (int)port : 0;
}

/* NULL: it is taken. */
static const char *take(struct client_state_mqtt_settings *out, const char *name, const char *value)
{
    size_t i = 0;

    while (i < sizeof keys / sizeof *keys && strcmp(keys[i].name, name) != 0)
        i++;
    if (i == sizeof keys / sizeof *keys)
        return "there is no such key; there are host, port, ca, user, password_file, prefix and zigbee2mqtt";
    if (keys[i].form == FORM_PORT)
        return (out->port = port_of(value)) ? NULL : "a port is 1 to 65535";
    if (strlen(value) >= keys[i].size)
        return "it is too long";
    if (keys[i].form == FORM_FILE && access(value, R_OK))
        return "there is no such file that this program may read";
    memcpy((char *)out + keys[i].offset, value, strlen(value) + 1);
    return NULL;
}

static int on_key(void *context, const char *section, const char *name, const char *value)
{
    struct reading *r = context;
    const char *rule = strcmp(section, "mqtt") != 0 ? "the settings stand under [mqtt]" : take(r->out, name, value);

    if (rule && !r->wrong[0])
        snprintf(r->wrong, sizeof r->wrong, "%.40s = %.80s: %s", name, value, rule);
    return !rule;
}

static bool read_file(struct client_state_mqtt_settings *out, const char *path, char why[static CLIENT_STATE_WHY_BYTES])
{
    struct reading r = {out, ""};
    int line = ini_parse(path, on_key, &r);

    if (line < 0)
        snprintf(why, CLIENT_STATE_WHY_BYTES, "mqtt:%.120s: it cannot be read; check the path and its rights", path);
    else if (line)
        snprintf(why, CLIENT_STATE_WHY_BYTES, "mqtt:%.120s, line %d: %s; mend or remove this line", path, line,
                 r.wrong[0] ? r.wrong : "it is no KEY = VALUE");
    else if (!out->host[0])
        snprintf(why, CLIENT_STATE_WHY_BYTES, "mqtt:%.120s: host is missing; add the address of the broker", path);
    if (!out->port)
        out->port = out->ca[0] ? 8883 : 1883;
    return !line && out->host[0];
}

bool client_state_mqtt_settings_read(struct client_state_mqtt_settings *out, const char *spec,
                                     char why[static CLIENT_STATE_WHY_BYTES])
{
    const char *colon = strrchr(spec, ':');
    bool has_port = colon && colon == strchr(spec, ':');

    memset(out, 0, sizeof *out);
    snprintf(out->prefix, sizeof out->prefix, "homeassistant");
    snprintf(out->zigbee2mqtt, sizeof out->zigbee2mqtt, "zigbee2mqtt");
    if (strchr(spec, '/'))
        return read_file(out, spec, why);
    if (!access(spec, F_OK)) {
        snprintf(why, CLIENT_STATE_WHY_BYTES, "mqtt:%.120s: this is a file here; write mqtt:./%.120s", spec, spec);
        return false;
    }
    out->port = has_port ? port_of(colon + 1) : 1883;
    snprintf(out->host, sizeof out->host, "%.*s", (int)(has_port ? (size_t)(colon - spec) : strlen(spec)), spec);
    if (out->host[0] && out->port)
        return true;
    snprintf(why, CLIENT_STATE_WHY_BYTES,
             "mqtt:%.120s: write mqtt:HOST, mqtt:HOST:PORT (1 to 65535), or mqtt:./FILE with the settings of the "
             "broker",
             spec);
    return false;
}
