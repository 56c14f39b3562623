/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/settings.h - the settings of one run: relay.ini, and the command line over it; at a start, and again at
 * SIGHUP.
 *
 * What bounds, times and the log are held to changes in a relay that runs, so that whoever is under attack need not
 * restart. Addresses, names and witnesses wait for the next start (SIGUSR2 makes one that ends no session).
 */
#ifndef RELAY_SERVE_SETTINGS_H
#define RELAY_SERVE_SETTINGS_H

#include "relay/serve/config.h"
#include "relay/serve/serve.h"

struct serve_settings {
    const char *dir, *file, *listen, *staff_listen; /* as the command line says; NULL: not said */
    bool verbose;
    struct serve_config config;
    /* Of the start: what the file said, and what the tables and this system's open files have room for. */
    int64_t connections_wanted, connections_most;
    int64_t handshakes_most; /* as many heads of requests have a place */
    bool had_file;           /* and something stood in it */
};

/** Fills `config`. false: the report has what is wrong; the rest is filled all the same. */
bool serve_settings_read(struct serve_settings *settings, struct serve_report *report);
/** Asks the system for as many open files as `connections` needs, and takes fewer connections when it gives fewer.
 * false: so few that nobody could be served. */
bool serve_settings_fit(struct serve_settings *settings, struct serve_report *report);
/** SIGHUP. Settings that are wrong change nothing, and are said. */
void serve_settings_again(struct serve *serve);

#endif
