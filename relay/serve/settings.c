/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/settings.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "proto/host/files.h"
#include "proto/host/say.h"

enum {
    BESIDES = 1024,  /* open files beside connections: database, log, the rest */
    FILES_LEAST = 64 /* a relay with a few customers */
};

/* The file of settings; NULL: there is none, nor was one named. */
static const char *file_of(const struct serve_settings *settings, char path[static HOST_PATH_BYTES])
{
    if (settings->file)
        return settings->file;
    return host_path(path, "%s/relay.ini", settings->dir) && host_file_exists(path) ? path : NULL;
}

static bool has_something(const char *file)
{
    struct stat there;

    return file && !stat(file, &there) && there.st_size > 0;
}

static bool read_into(const struct serve_settings *settings, struct serve_config *config, struct serve_report *report)
{
    char path[HOST_PATH_BYTES];
    const char *file = file_of(settings, path);
    bool fine = true;

    serve_config_defaults(config);
    if (file)
        fine = serve_config_read(config, file, report);
    if (file && fine)
        serve_report_fine(report, file, "read");
    if ((settings->listen && strlen(settings->listen) >= sizeof config->listen) ||
        (settings->staff_listen && strlen(settings->staff_listen) >= sizeof config->staff_listen)) {
        serve_report_add(report, SERVE_ERROR, "--listen, --staff-listen", "the address is too long", "write HOST:PORT");
        return false;
    }
    if (settings->listen)
        strcpy(config->listen, settings->listen);
    if (settings->staff_listen)
        strcpy(config->staff_listen, settings->staff_listen);
    if (settings->verbose)
        config->log_level = HOST_DEBUG;
    return fine;
}

bool serve_settings_read(struct serve_settings *settings, struct serve_report *report)
{
    char path[HOST_PATH_BYTES];
    bool fine = read_into(settings, &settings->config, report);

    settings->had_file = has_something(file_of(settings, path));
    settings->connections_wanted = settings->connections_most = settings->config.limits.connections;
    settings->handshakes_most = settings->config.limits.handshakes;
    host_say_level((enum host_level)settings->config.log_level);
    return fine;
}

static bool too_few(rlim_t files, struct serve_report *report)
{
    char finding[128];

    if (files >= FILES_LEAST)
        return false;
    snprintf(finding, sizeof finding, "allows %llu open files, and a relay needs %d for itself and a few customers",
             (unsigned long long)files, (int)FILES_LEAST);
    serve_report_add(report, SERVE_ERROR, "this system", finding, "raise LimitNOFILE (ulimit -n)");
    return true;
}

bool serve_settings_fit(struct serve_settings *settings, struct serve_report *report)
{
    struct relay_limits *limits = &settings->config.limits;
    struct rlimit files;
    rlim_t wanted = (rlim_t)limits->connections + (rlim_t)limits->handshakes + BESIDES;
    char value[64], finding[128];

    if (getrlimit(RLIMIT_NOFILE, &files))
        return true;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= wanted)
        return true;
    if (too_few(files.rlim_cur, report))
        return false;
    snprintf(value, sizeof value, "connections = %lld", (long long)limits->connections);
    limits->connections =
        (int64_t)(files.rlim_cur > 2 * BESIDES ? files.rlim_cur - BESIDES : files.rlim_cur / 2);
    settings->connections_most = limits->connections;
    snprintf(finding, sizeof finding, "this system allows %llu open files; %lld connections are taken",
             (unsigned long long)files.rlim_cur, (long long)limits->connections);
    /* Far from what was promised is worth a line at each start; a little below it is what many systems allow. */
    if (report->table || 2 * limits->connections < (int64_t)wanted - BESIDES - limits->handshakes)
        serve_report_add(report, SERVE_WARNING, value, finding, "raise LimitNOFILE (ulimit -n), or lower the setting");
    else
        host_say(HOST_DEBUG, "%s: %s", value, finding);
    return true;
}

/* Tables were made for as many. What the system's open files held down at the start is no change. */
static void hold_to(int64_t *value, int64_t most, int64_t wanted, const char *name)
{
    if (*value > most && *value != wanted)
        host_say(HOST_WARN,
                 "%s = %lld: this relay was started for %lld, which hold; more wait for the next start, and SIGUSR2 "
                 "makes one that ends no session",
                 name, (long long)*value, (long long)most);
    if (*value > most)
        *value = most;
}

/* Taken away, or empty for the moment in which an editor saves it: that is not the wish for every default. */
static bool is_lost(const struct serve_settings *settings)
{
    char path[HOST_PATH_BYTES];
    const char *file = file_of(settings, path);

    if (!settings->had_file || has_something(file))
        return false;
    host_say(HOST_WARN, "relay.ini %s: the settings stay as they were; for every default a comment in it is enough",
             file && host_file_exists(file) ? "is empty" : "is gone");
    return true;
}

void serve_settings_again(struct serve *serve)
{
    static struct serve_config next;
    struct serve_settings *settings = serve->settings;
    struct serve_report report = {0};
    char waits[1024], path[HOST_PATH_BYTES];

    if (is_lost(settings))
        return;
    if (!read_into(settings, &next, &report)) {
        host_say(HOST_WARN, "the settings stay as they were");
        return;
    }
    hold_to(&next.limits.connections, settings->connections_most, settings->connections_wanted, "connections");
    hold_to(&next.limits.handshakes, settings->handshakes_most, settings->handshakes_most, "handshakes");
    if (relay_core_set_limits(serve->core, &next.limits)) {
        host_say(HOST_WARN, "a bound is out of its range; the settings stay as they were");
        return;
    }
    serve_config_take(&settings->config, &next, waits, sizeof waits);
    settings->had_file |= has_something(file_of(settings, path));
    host_say_level((enum host_level)settings->config.log_level);
    host_say(HOST_INFO, "settings read again");
    if (*waits)
        host_say(HOST_WARN, "%s: changed, which waits for the next start; SIGUSR2 makes one that ends no session",
                 waits);
}
