/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "relay/serve/config_inside.h"

static bool set_text(struct serve_config *config, const struct serve_key *key, const char *value)
{
    if (strlen(value) >= SERVE_HOST_BYTES)
        return false;
    strcpy((char *)config + key->offset, value);
    return true;
}

/* host, host:port or [address]:port: what a link can have between // and /. */
static bool set_authority(struct serve_config *config, const struct serve_key *key, const char *value)
{
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    size_t len = *value == '[' ? 1 + strspn(value + 1, "0123456789abcdefABCDEF:.") : strspn(value, name);
    const char *port = value + len + (*value == '[' && value[len] == ']');

    return (*value != '[' || value[len] == ']') &&
           (!*port || (*port == ':' && port[1] && strspn(port + 1, "0123456789") == strlen(port + 1))) &&
           (len || !*value) && set_text(config, key, value);
}

void serve_key_range(const struct serve_key *key, int64_t *least, int64_t *most)
{
    size_t first = offsetof(struct serve_config, limits);

    *least = key->least;
    *most = key->most;
    if (key->offset >= first)
        relay_limit_range((enum relay_bound)((key->offset - first) / sizeof(int64_t)), least, most);
}

static bool set_number(struct serve_config *config, const struct serve_key *key, const char *value)
{
    char *end;
    long long number;
    int64_t least, most;

    serve_key_range(key, &least, &most);
    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < least || number > most)
        return false;
    memcpy((char *)config + key->offset, &(int64_t){number}, sizeof(int64_t));
    return true;
}

static bool set_switch(struct serve_config *config, const struct serve_key *key, const char *value)
{
    bool yes = !strcmp(value, "yes");

    memcpy((char *)config + key->offset, &(int64_t){yes}, sizeof(int64_t));
    return yes || !strcmp(value, "no");
}

static const char *const levels[] = {
    [HOST_DEBUG] = "debug", [HOST_INFO] = "info", [HOST_WARN] = "warning", [HOST_ERROR] = "error"};

static bool set_level(struct serve_config *config, const struct serve_key *key, const char *value)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (!strcmp(value, levels[i])) {
            memcpy((char *)config + key->offset, &(int64_t){(int64_t)i}, sizeof(int64_t));
            return true;
        }
    return false;
}

/* On one line, or on several. */
static bool add_networks(struct serve_config *config, const struct serve_key *key, const char *value)
{
    struct serve_networks *networks = (struct serve_networks *)((char *)config + key->offset);
    char text[SERVE_HOST_BYTES], *rest = NULL;

    if (strlen(value) >= sizeof text)
        return false;
    strcpy(text, value);
    for (char *word = strtok_r(text, " ,\t", &rest); word; word = strtok_r(NULL, " ,\t", &rest))
        if (!serve_networks_add(networks, word))
            return false;
    return true;
}

/* URL KEY; the key itself is looked at when the relay starts. */
static bool add_witness(struct serve_config *config, const struct serve_key *key, const char *value)
{
    struct serve_witness_setting *witness = &config->witnesses[config->witness_count];
    size_t url = strcspn(value, " \t"), gap = strspn(value + url, " \t");
    const char *vkey = value + url + gap;

    (void)key;
    if (!*value)
        return true;
    while (url && value[url - 1] == '/')
        url--;
    if (config->witness_count == SERVE_WITNESSES_MAX ||
        (strncmp(value, "http://", 7) && strncmp(value, "https://", 8)) || url >= sizeof witness->url || !gap ||
        !*vkey || strpbrk(vkey, " \t") || strlen(vkey) >= sizeof witness->vkey)
        return false;
    memcpy(witness->url, value, url);
    witness->url[url] = 0;
    strcpy(witness->vkey, vkey);
    config->witness_count++;
    return true;
}

#define AT(field) offsetof(struct serve_config, field)
#define TEXT(field, value, help)                                                                                       \
    {                                                                                                                  \
#field, set_text, AT(field), "give at most 261 characters", value, help, 0, 0                                  \
    }
#define AUTHORITY(field, value, help)                                                                                  \
    {                                                                                                                  \
#field, set_authority, AT(field), "give a host, or host:port, and nothing around it", value, help, 0, 0        \
    }
#define NUMBER(field, value, least, most, help)                                                                        \
    {                                                                                                                  \
#field, set_number, AT(field), NULL, value, help, least, most                                                  \
    }
#define SWITCH(field, value, help)                                                                                     \
    {                                                                                                                  \
#field, set_switch, AT(field), "give yes or no", value, help, 0, 0                                             \
    }
#define NETWORKS(field, value, help)                                                                                   \
    {                                                                                                                  \
#field, add_networks, AT(field), networks_way_out, value, help, 0, 0                                           \
    }
#define LIMIT(name, value, help) {#name, set_number, AT(limits.name), NULL, #value, help, 0, 0},

static const char networks_way_out[] =
    "give addresses like 192.0.2.1 or 2001:db8::/32, 16 at most; unix for a Unix socket";

static const struct serve_key keys[] = {
    AUTHORITY(host, "", "host[:port] as it stands in links; without it the first name of the relay's certificate"),
    TEXT(listen, "127.0.0.1:8443", "where customers connect; 0.0.0.0:443 or [::]:443 for the world"),
    AUTHORITY(staff_host, "", "host name of the staff end; with it and without staff_listen both ends share one port"),
    TEXT(staff_listen, "127.0.0.1:8444", "where staff connect, unless staff_host is set"),
    TEXT(guides, "", "folder of guides that staff get, a git checkout too; without it the folder guides beside relay"),
    SWITCH(public_log, "no", "yes: the log of commitments (no names, no contents) is served at the public end too"),
    TEXT(http_listen, "",
         "a port that redirects to https and answers ACME from D/acme; 0.0.0.0:80 or [::]:80 for the world"),
    TEXT(plain_listen, "",
         "the public end without TLS, for a proxy in front that has it: a loopback address, or unix:/PATH; needs host"),
    TEXT(metrics_listen, "",
         "/metrics, /healthz and /readyz without TLS or certificate, for Prometheus: a loopback address like "
         "127.0.0.1:9464"),
    NETWORKS(proxy_protocol_from, "",
             "addresses of proxies that pass TLS through: their connections must begin with a PROXY header (v1 or v2)"),
    NETWORKS(forwarded_from, "", "addresses of proxies at plain_listen whose header Forwarded is believed; or unix"),
    {"witness", add_witness, 0, "give URL KEY: https://… and name+id+base64; 8 at most", "",
     "https://WITNESS KEY: cosigns the log (C2SP tlog-witness); up to 8 such lines", 0, 0},
    TEXT(witness_ca, "", "file of the roots that witnesses' TLS certificates come from; without it this system's"),
    NUMBER(drain_s, "30", 1, 86400, "seconds that live sessions have to move when the relay is told to end"),
    NUMBER(ping_s, "20", 1, 3600,
           "seconds of silence after which a connection is asked, below what any proxy in front waits"),
    {"log_level", set_level, AT(log_level), "give debug, info, warning or error", "info",
     "debug, info, warning or error: the least that is written on stderr", 0, 0},
    SWITCH(log_addresses, "no", "yes: whom a bound refuses is written with the address, for a firewall to read"),
    RELAY_LIMIT_LIST(LIMIT)};

enum { KEYS = sizeof keys / sizeof *keys };

_Static_assert((int)KEYS <= (int)SERVE_KEYS_MOST, "each has a place in what is read");
_Static_assert(sizeof(struct relay_limits) == RELAY_BOUNDS * sizeof(int64_t), "a bound is known by its place");

const struct serve_key *serve_keys(size_t *count)
{
    *count = KEYS;
    return keys;
}

bool serve_key_repeats(const struct serve_key *key)
{
    return key->set == add_networks || key->set == add_witness;
}

void serve_config_defaults(struct serve_config *config)
{
    *config = (struct serve_config){0};
    for (size_t i = 0; i < KEYS; i++)
        if (!keys[i].set(config, &keys[i], keys[i].value))
            abort(); /* the table is wrong */
}

/* Numbers are looked at each time; texts and networks were laid down at the start, and so was libwebsockets. */
static bool is_number(const struct serve_key *key)
{
    return (key->set == set_number && key->offset != AT(limits.header_bytes)) || key->set == set_switch ||
           key->set == set_level;
}

static bool differs(const struct serve_key *key, const struct serve_config *one, const struct serve_config *other)
{
    const char *a = (const char *)one + key->offset, *b = (const char *)other + key->offset;

    if (key->set == set_number)
        return memcmp(a, b, sizeof(int64_t)) != 0;
    if (key->set == set_text || key->set == set_authority)
        return strcmp(a, b) != 0;
    if (key->set == add_networks)
        return memcmp(a, b, sizeof(struct serve_networks)) != 0;
    return key->set == add_witness && (one->witness_count != other->witness_count ||
                                       memcmp(one->witnesses, other->witnesses, sizeof one->witnesses) != 0);
}

void serve_config_take(struct serve_config *config, const struct serve_config *next, char *waits, size_t size)
{
    size_t len = 0;

    *waits = 0;
    for (size_t i = 0; i < KEYS; i++)
        if (is_number(&keys[i]))
            memcpy((char *)config + keys[i].offset, (const char *)next + keys[i].offset, sizeof(int64_t));
        else if (differs(&keys[i], config, next))
            len += (size_t)snprintf(waits + (len < size ? len : size - 1), len < size ? size - len : 1, "%s%s",
                                    len ? ", " : "", keys[i].name);
}

void serve_config_print(FILE *out)
{
    fprintf(out, "; relay.ini: the settings of handhold-relay, with their defaults. Take the ; away to change one.\n");
    for (size_t i = 0; i < KEYS; i++) {
        char range[64] = "";
        int64_t least, most;

        serve_key_range(&keys[i], &least, &most);
        if (keys[i].set == set_number)
            snprintf(range, sizeof range, " (%lld to %lld)", (long long)least, (long long)most);
        fprintf(out, "\n; %s%s\n;%s = %s\n", keys[i].help, range, keys[i].name, keys[i].value);
    }
}
