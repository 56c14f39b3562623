/* SPDX-License-Identifier: Apache-2.0 */
/* relay.ini, line by line: of all that is wrong the place, the value, the rule and the way out. */
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
    struct serve_report *report;
    const char *path;
    FILE *file;
    int line;
    int first_line[SERVE_KEYS_MOST]; /* of each key; 0: none */
    unsigned sections;
    bool staff_listen, wrong;
};

/* Each wrong line for itself: whoever mends one wants to know of the others, too. */
static void wrong(struct reading *reading, const char *way_out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void wrong(struct reading *reading, const char *way_out, const char *format, ...)
{
    char place[HOST_PATH_BYTES + 32], finding[400];
    va_list args;

    va_start(args, format);
    vsnprintf(finding, sizeof finding, format, args);
    va_end(args);
    snprintf(place, sizeof place, "%s:%d", reading->path, reading->line);
    serve_report_add(reading->report, SERVE_ERROR, place, finding, way_out);
    reading->wrong = true;
}

/* What inih would make something else of: two of a long line, nothing of the rest behind a zero byte, a name and its
 * value of "listen 127.0.0.1:443". */
static bool is_line(struct reading *reading, const char *line, size_t len, size_t size)
{
    const char *text = line + strspn(line, " \t\r\n\xef\xbb\xbf");

    if (len >= size)
        wrong(reading, "shorten it", "%.60s...: is longer than the %zu characters that a line may have", line,
              size - 2);
    else if (strlen(line) != len)
        wrong(reading, "write it with a text editor", "%.60s: has a zero byte in it", line);
    else if (*text && !strchr(";#[", *text) && text[strcspn(text, "=:")] != '=')
        wrong(reading, "put a ; in front of a comment", "%.*s: is not of the form NAME = VALUE",
              (int)strcspn(text, "\r\n") < 60 ? (int)strcspn(text, "\r\n") : 60, text);
    else
        return true;
    return false;
}

static char *next_line(char *out, int size, void *context)
{
    struct reading *reading = context;
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, reading->file);

    reading->line += len >= 0;
    if (len >= 0) /* else inih hangs an indented setting on the one before it */
        strcpy(out, is_line(reading, line, (size_t)len, (size_t)size) ? line + strspn(line, " \t") : "\n");
    free(line);
    return len >= 0 ? out : NULL;
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

    if (*section && !reading->sections++)
        wrong(reading, "take the line in brackets out", "[%.100s]: relay.ini has no sections", section);
    if (!key)
        refuse_unknown(reading, name);
    else if (reading->first_line[place] && !serve_key_repeats(key))
        wrong(reading, "leave one of the two", "%s: stands on line %d already", name, reading->first_line[place]);
    else if (!key->set(reading->config, key, value))
        refuse_value(reading, key, value);
    else
        reading->staff_listen |= !strcmp(name, "staff_listen") && *value;
    if (key)
        reading->first_line[place] = reading->line;
    return 1;
}

bool serve_config_read(struct serve_config *config, const char *path, struct serve_report *report)
{
    struct reading reading = {.config = config, .report = report, .path = path, .file = fopen(path, "re")};
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
    if (line && !reading.wrong) { /* what inih alone finds */
        reading.line = line;
        wrong(&reading, "write NAME = VALUE", "is not of the form NAME = VALUE");
    }
    if (*config->staff_host && !reading.staff_listen)
        config->staff_listen[0] = 0; /* one port, told apart by name */
    return !reading.wrong;
}
