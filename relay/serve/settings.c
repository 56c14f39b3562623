/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/settings.h"

#include <string.h>
#include <sys/resource.h>

#include "proto/host/files.h"
#include "proto/host/say.h"

static bool read_into(const struct serve_settings *settings, struct serve_config *config, struct serve_report *report)
{
    const char *file = settings->file;
    char path[HOST_PATH_BYTES];

    serve_config_defaults(config);
    if (!file && host_path(path, "%s/relay.ini", settings->dir) && host_file_exists(path))
        file = path;
    if (file && !serve_config_read(config, file, report))
        return false;
    if (file)
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
    return true;
}

bool serve_settings_read(struct serve_settings *settings, struct serve_report *report)
{
    if (!read_into(settings, &settings->config, report))
        return false;
    settings->connections_most = settings->config.limits.connections;
    settings->handshakes_most = settings->config.limits.handshakes;
    host_say_level((enum host_level)settings->config.log_level);
    return true;
}

void serve_settings_fit(struct serve_settings *settings, struct serve_report *report)
{
    enum { BESIDES = 1024 }; /* database, log, the rest */
    struct relay_limits *limits = &settings->config.limits;
    struct rlimit files;
    rlim_t wanted = (rlim_t)limits->connections + (rlim_t)limits->handshakes + BESIDES;
    char value[64], finding[128];

    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= wanted)
        return;
    snprintf(value, sizeof value, "connections = %lld", (long long)limits->connections);
    limits->connections = files.rlim_cur > 2 * BESIDES ? (int64_t)files.rlim_cur - BESIDES : BESIDES;
    settings->connections_most = limits->connections;
    snprintf(finding, sizeof finding, "this system allows fewer open files; %lld connections are taken",
             (long long)limits->connections);
    /* Far from what was promised is worth a line at each start; a little below it is what many systems allow. */
    if (report->table || 2 * limits->connections < (int64_t)wanted - BESIDES - limits->handshakes)
        serve_report_add(report, SERVE_WARNING, value, finding, "raise LimitNOFILE (ulimit -n), or lower the setting");
    else
        host_say(HOST_DEBUG, "%s: %s", value, finding);
}

/* Tables were made for as many. */
static void hold_to(int64_t *value, int64_t most, const char *name)
{
    if (*value <= most)
        return;
    host_say(HOST_WARN,
             "%s = %lld: this relay was started for %lld, which hold; more wait for the next start, and SIGUSR2 "
             "makes one that ends no session",
             name, (long long)*value, (long long)most);
    *value = most;
}

void serve_settings_again(struct serve *serve)
{
    static struct serve_config next;
    struct serve_settings *settings = serve->settings;
    struct serve_report report = {0};
    char waits[256];

    if (!read_into(settings, &next, &report)) {
        host_say(HOST_WARN, "the settings stay as they were");
        return;
    }
    hold_to(&next.limits.connections, settings->connections_most, "connections");
    hold_to(&next.limits.handshakes, settings->handshakes_most, "handshakes");
    if (relay_core_set_limits(serve->core, &next.limits)) {
        host_say(HOST_WARN, "a bound is out of its range; the settings stay as they were");
        return;
    }
    serve_config_take(&settings->config, &next, waits, sizeof waits);
    host_say_level((enum host_level)settings->config.log_level);
    host_say(HOST_INFO, "settings read again");
    if (*waits)
        host_say(HOST_WARN, "%s: changed, which waits for the next start; SIGUSR2 makes one that ends no session",
                 waits);
}
