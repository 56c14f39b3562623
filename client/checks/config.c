/* SPDX-License-Identifier: Apache-2.0 */
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/checks/inside.h"

enum form { FORM_TARGET, FORM_URL, FORM_TEXT, FORM_FILE, FORM_WHO };

static const struct {
    const char *name;
    size_t offset, size;
    enum form form;
} keys[] = {
#define KEY(field, form)                                                                                               \
    {                                                                                                                  \
#field, offsetof(struct client_check_config, field), sizeof((struct client_check_config *)0)->field, form      \
    }
    KEY(internet, FORM_TARGET),
    KEY(cloud, FORM_TARGET),
    KEY(product, FORM_TARGET),
    KEY(mqtt, FORM_TARGET),
    KEY(mqtt_ca, FORM_FILE),
    KEY(mqtt_user, FORM_TEXT),
    KEY(mqtt_password_file, FORM_FILE),
    KEY(portal, FORM_URL),
    KEY(time, FORM_TARGET),
    KEY(dns_name, FORM_TEXT),
    KEY(dns_servers, FORM_TEXT),
    KEY(gateway, FORM_TEXT),
    KEY(ca, FORM_FILE),
    KEY(firmware, FORM_FILE),
    KEY(targets, FORM_WHO),
    KEY(root, FORM_TEXT),
#undef KEY
};

struct reading {
    struct client_check_config *config;
    char *why;
    size_t why_bytes;
};

void client_check_config_defaults(struct client_check_config *config)
{
    memset(config, 0, sizeof *config);
    config->timeout_ms = 5000;
    snprintf(config->targets, sizeof config->targets, "local");
}

static const char *broken_rule(enum form form, const char *value, size_t size)
{
    char host[129];
    unsigned port;

    if (strlen(value) >= size)
        return "it is too long";
    switch (form) {
    case FORM_TARGET:
        return check_split(value, 1, host, &port) ? NULL : "it is no HOST or HOST:PORT";
    case FORM_URL:
        return !strncmp(value, "http://", 7) && !strpbrk(value, " \r\n") ? NULL
                                                                         : "it begins with http:// and has no blank";
    case FORM_WHO:
        return !strcmp(value, "none") || !strcmp(value, "local") || !strcmp(value, "any") ? NULL
                                                                                          : "it is none, local or any";
    case FORM_FILE:
        return !*value || !access(value, R_OK) ? NULL : "there is no such file that this program may read";
    case FORM_TEXT:
        break;
    }
    return NULL;
}

static int on_key(void *context, const char *section, const char *name, const char *value)
{
    struct reading *r = context;
    const char *rule = "there is no such setting of checks";
    char *end;

    if (!strcmp(name, "timeout_ms")) {
        r->config->timeout_ms = strtoll(value, &end, 10);
        rule = *end || r->config->timeout_ms < 100 || r->config->timeout_ms > 30000 ? "it is 100 to 30000" : NULL;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(name, keys[i].name)) {
            rule = broken_rule(keys[i].form, value, keys[i].size);
            if (!rule)
                memcpy((char *)r->config + keys[i].offset, value, strlen(value) + 1);
        }
    if (strcmp(section, "checks") != 0)
        rule = "the settings stand under [checks]";
    if (rule && !r->why[0])
        snprintf(r->why, r->why_bytes, "%.40s = %.80s: %s; mend or remove this line", name, value, rule);
    return !rule;
}

enum proto_err client_check_config_read(struct client_check_config *config, const char *path, char *why,
                                        size_t why_bytes)
{
    struct reading r = {config, why, why_bytes};
    int line;

    why[0] = '\0';
    line = ini_parse(path, on_key, &r);
    if (line == 0)
        return PROTO_OK;
    if (line < 0)
        snprintf(why, why_bytes, "%.120s: it cannot be read; check the file and its rights", path);
    else if (!why[0])
        snprintf(why, why_bytes, "%.120s, line %d: it is no KEY = VALUE; mend this line", path, line);
    return line < 0 ? PROTO_ERR_IO : PROTO_ERR_FORMAT;
}
