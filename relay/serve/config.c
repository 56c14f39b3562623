/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/config.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "relay/serve/nearest.h"

static const long long value_max = 1LL << 40;

/* One line a key. A text has a size, a number a smallest value. */
struct key {
    const char *name;
    size_t offset, text_bytes; /* text_bytes 0: an int64_t */
    bool yes_or_no;
    int64_t min;
    const char *value, *help;
};

#define TEXT(field, value, help)                                                                                       \
    {                                                                                                                  \
#field, offsetof(struct serve_config, field), SERVE_HOST_BYTES, false, 0, value, help                          \
    }
#define NUMBER(field, value, help)                                                                                     \
    {                                                                                                                  \
#field, offsetof(struct serve_config, field), 0, false, 1, value, help                                         \
    }
#define SWITCH(field, value, help)                                                                                     \
    {                                                                                                                  \
#field, offsetof(struct serve_config, field), 0, true, 0, value, help                                          \
    }
#define LIMIT(name, value, help) {#name, offsetof(struct serve_config, limits.name), 0, false, 1, #value, help},

#define WITNESS "witness"

static const struct key keys[] = {
    TEXT(host, "", "host[:port] as it stands in links; without it the first name of the relay's certificate"),
    TEXT(listen, "127.0.0.1:8443", "where customers connect; 0.0.0.0:443 or [::]:443 for the world"),
    TEXT(staff_host, "", "host name of the staff end; with it and without staff_listen both ends share one port"),
    TEXT(staff_listen, "127.0.0.1:8444", "where staff connect, unless staff_host is set"),
    TEXT(guides, "", "folder of guides that staff get, a git checkout too; without it the folder guides beside relay"),
    SWITCH(public_log, "no", "yes: the log of commitments (no names, no contents) is served at the public end too"),
    {WITNESS, 0, 1, false, 0, "", "https://WITNESS KEY: cosigns the log (C2SP tlog-witness); up to 8 such lines"},
    TEXT(witness_ca, "", "file of the roots that witnesses' TLS certificates come from; without it this system's"),
    NUMBER(drain_s, "30", "seconds that live sessions have to move when the relay is told to end"),
    RELAY_LIMIT_LIST(LIMIT)};

enum { KEYS = sizeof keys / sizeof *keys };

static bool set_number(struct serve_config *config, const struct key *key, const char *value)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < key->min || number > value_max)
        return false;
    memcpy((char *)config + key->offset, &(int64_t){number}, sizeof(int64_t));
    return true;
}

/* URL KEY; the key itself is looked at when the relay starts. */
static bool add_witness(struct serve_config *config, const char *value)
{
    struct serve_witness_setting *witness = &config->witnesses[config->witness_count];
    size_t url = strcspn(value, " \t"), gap = strspn(value + url, " \t");
    const char *vkey = value + url + gap;

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

static bool set_key(struct serve_config *config, const struct key *key, const char *value)
{
    if (!strcmp(key->name, WITNESS))
        return add_witness(config, value);
    if (key->yes_or_no) {
        bool yes = !strcmp(value, "yes");
        memcpy((char *)config + key->offset, &(int64_t){yes}, sizeof(int64_t));
        return yes || !strcmp(value, "no");
    }
    if (!key->text_bytes)
        return set_number(config, key, value);
    if (strlen(value) >= key->text_bytes)
        return false;
    strcpy((char *)config + key->offset, value);
    return true;
}

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].name, name))
            return &keys[i];
    return NULL;
}

void serve_config_defaults(struct serve_config *config)
{
    *config = (struct serve_config){0};
    for (size_t i = 0; i < KEYS; i++)
        if (!set_key(config, &keys[i], keys[i].value))
            abort(); /* the table is wrong */
}

struct reading {
    struct serve_config *config;
    bool failed, staff_listen;
    char finding[400], way_out[200]; /* of the first line that is wrong */
};

static int refuse_unknown(struct reading *reading, const char *name)
{
    const char *names[KEYS], *near;

    for (size_t i = 0; i < KEYS; i++)
        names[i] = keys[i].name;
    near = serve_nearest(name, names, KEYS);
    snprintf(reading->finding, sizeof reading->finding, "%.100s: is not a setting that this relay knows", name);
    if (near)
        snprintf(reading->way_out, sizeof reading->way_out, "is %s meant? (--print-config lists all)", near);
    else
        snprintf(reading->way_out, sizeof reading->way_out, "--print-config lists all");
    reading->failed = true;
    return 0;
}

static int on_line(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    const struct key *key = find_key(name);

    if (reading->failed)
        return 0;
    if (*section) {
        snprintf(reading->finding, sizeof reading->finding, "[%.100s]: relay.ini has no sections", section);
        snprintf(reading->way_out, sizeof reading->way_out, "take the line in brackets out");
        reading->failed = true;
        return 0;
    }
    if (!key)
        return refuse_unknown(reading, name);
    reading->staff_listen |= !strcmp(name, "staff_listen") && *value;
    if (set_key(reading->config, key, value))
        return 1;
    snprintf(reading->finding, sizeof reading->finding, "%s = %.100s: is not a value for this setting", name, value);
    if (!strcmp(key->name, WITNESS))
        snprintf(reading->way_out, sizeof reading->way_out, "give URL KEY: https://… and name+id+base64; 8 at most");
    else if (key->yes_or_no)
        snprintf(reading->way_out, sizeof reading->way_out, "give yes or no");
    else if (key->text_bytes)
        snprintf(reading->way_out, sizeof reading->way_out, "give at most %zu characters", key->text_bytes - 1);
    else
        snprintf(reading->way_out, sizeof reading->way_out, "give a whole number from %lld to %lld",
                 (long long)key->min, value_max);
    reading->failed = true;
    return 0;
}

bool serve_config_read(struct serve_config *config, const char *path, struct serve_report *report)
{
    struct reading reading = {.config = config};
    char place[HOST_PATH_BYTES + 32];
    int line = ini_parse(path, on_line, &reading);

    if (line < 0) {
        serve_report_add(report, SERVE_ERROR, path, "cannot be read as a configuration",
                         "check the path and its rights");
        return false;
    }
    if (line > 0) {
        snprintf(place, sizeof place, "%s:%d", path, line);
        if (!reading.failed)
            serve_report_add(report, SERVE_ERROR, place, "is not of the form NAME = VALUE",
                             "put a ; in front of a comment");
        else
            serve_report_add(report, SERVE_ERROR, place, reading.finding, reading.way_out);
        return false;
    }
    if (*config->staff_host && !reading.staff_listen)
        config->staff_listen[0] = 0; /* one port, told apart by name */
    return true;
}

void serve_config_print(FILE *out)
{
    fprintf(out, "; relay.ini: the settings of handhold-relay, with their defaults. Take the ; away to change one.\n");
    for (size_t i = 0; i < KEYS; i++)
        fprintf(out, "\n; %s\n;%s = %s\n", keys[i].help, keys[i].name, keys[i].value);
}
