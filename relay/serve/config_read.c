/* SPDX-License-Identifier: Apache-2.0 */
/* relay.ini, line by line: of what is wrong the place, the value, the rule and the way out. */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "relay/serve/config_inside.h"
#include "relay/serve/nearest.h"

struct reading {
    struct serve_config *config;
    FILE *file;
    int line, wrong_line;            /* wrong_line: found before inih saw it; 0: none */
    int first_line[SERVE_KEYS_MOST]; /* of each key; 0: none */
    bool staff_listen;
    char finding[400], way_out[200]; /* of the first line that is wrong; empty: none */
};

static void wrong(struct reading *reading, const char *way_out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void wrong(struct reading *reading, const char *way_out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reading->finding, sizeof reading->finding, format, args);
    va_end(args);
    snprintf(reading->way_out, sizeof reading->way_out, "%s", way_out);
}

/* A line for inih, which would make two of a long one, and take the rest of one with a zero byte for nothing. */
static char *next_line(char *out, int size, void *context)
{
    struct reading *reading = context;
    char *line = NULL;
    size_t room = 0;
    ssize_t len = *reading->finding ? -1 : getline(&line, &room, reading->file);

    reading->line += len >= 0;
    if (line && len >= size)
        wrong(reading, "shorten it", "%.60s...: is longer than the %d characters that a line may have", line, size - 2);
    else if (line && len >= 0 && strlen(line) != (size_t)len)
        wrong(reading, "write it with a text editor", "%.60s: has a zero byte in it", line);
    else if (line && len >= 0)
        strcpy(out, line + strspn(line, " \t")); /* else inih hangs an indented setting on the one before it */
    if (*reading->finding && !reading->wrong_line)
        reading->wrong_line = reading->line;
    free(line);
    return len >= 0 && !*reading->finding ? out : NULL;
}

static void refuse_unknown(struct reading *reading, const char *name)
{
    const char *names[SERVE_KEYS_MOST], *near;
    char way_out[120];
    size_t count;
    const struct serve_key *keys = serve_keys(&count);

    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].name;
    near = serve_nearest(name, names, count);
    snprintf(way_out, sizeof way_out, near ? "is %s meant? (--print-config lists all)" : "--print-config lists all",
             near);
    wrong(reading, way_out, "%.100s: is not a setting that this relay knows", name);
}

static void refuse_value(struct reading *reading, const struct serve_key *key, const char *value)
{
    char way_out[120];
    int64_t least, most;

    serve_key_range(key, &least, &most);
    snprintf(way_out, sizeof way_out, "give a whole number from %lld to %lld", (long long)least, (long long)most);
    wrong(reading, key->way_out ? key->way_out : way_out, "%s = %.100s: is not a value for this setting", key->name,
          value);
}

static const struct serve_key *find_key(const char *name, size_t *place)
{
    size_t count;
    const struct serve_key *keys = serve_keys(&count);

    for (*place = 0; *place < count; ++*place)
        if (!strcmp(keys[*place].name, name))
            return &keys[*place];
    return NULL;
}

static int on_line(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    size_t place;
    const struct serve_key *key = find_key(name, &place);

    if (*reading->finding)
        return 0;
    if (*section)
        wrong(reading, "take the line in brackets out", "[%.100s]: relay.ini has no sections", section);
    else if (!key)
        refuse_unknown(reading, name);
    else if (reading->first_line[place] && !serve_key_repeats(key))
        wrong(reading, "leave one of the two", "%s: stands on line %d already", name, reading->first_line[place]);
    else if (!key->set(reading->config, key, value))
        refuse_value(reading, key, value);
    if (*reading->finding)
        return 0;
    reading->first_line[place] = reading->line;
    reading->staff_listen |= !strcmp(name, "staff_listen") && *value;
    return 1;
}

/* What two settings say together. */
static bool fits_together(const struct serve_config *config, const char *path, struct serve_report *report)
{
    size_t len = strcspn(config->host, ":");
    bool same = *config->staff_host && !*config->staff_listen && len == strlen(config->staff_host) &&
                !strncasecmp(config->host, config->staff_host, len);

    if (same)
        serve_report_add(report, SERVE_ERROR, path, "host and staff_host are one name on one port",
                         "give staff a name of their own, or a port with staff_listen");
    return !same;
}

static bool was_read(struct reading *reading, const char *path, int line, struct serve_report *report)
{
    char place[HOST_PATH_BYTES + 32];

    if (reading->wrong_line)
        line = reading->wrong_line;
    if (!line)
        return true;
    snprintf(place, sizeof place, "%s:%d", path, line);
    if (!*reading->finding)
        wrong(reading, "put a ; in front of a comment", "is not of the form NAME = VALUE");
    serve_report_add(report, SERVE_ERROR, place, reading->finding, reading->way_out);
    return false;
}

bool serve_config_read(struct serve_config *config, const char *path, struct serve_report *report)
{
    struct reading reading = {.config = config, .file = fopen(path, "re")};
    char finding[128];
    int line = 0, failed = errno;

    if (reading.file) {
        line = ini_parse_stream(next_line, &reading, on_line, &reading);
        failed = ferror(reading.file) ? errno : 0;
        fclose(reading.file);
    }
    if (failed || !reading.file || line < 0) {
        snprintf(finding, sizeof finding, "cannot be read as a configuration (%s)", strerror(failed ? failed : ENOMEM));
        serve_report_add(report, SERVE_ERROR, path, finding, "check the path and its rights");
        return false;
    }
    if (!was_read(&reading, path, line, report))
        return false;
    if (*config->staff_host && !reading.staff_listen)
        config->staff_listen[0] = 0; /* one port, told apart by name */
    return fits_together(config, path, report);
}
