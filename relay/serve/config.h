/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/config.h - what the operator sets: one table for relay.ini, its sample, its checks and its defaults.
 */
#ifndef RELAY_SERVE_CONFIG_H
#define RELAY_SERVE_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "proto/host/files.h"
#include "proto/seal/note.h"
#include "relay/core/core.h"
#include "relay/serve/networks.h"
#include "relay/serve/report.h"

#define SERVE_HOST_BYTES 262u /* host[:port], as in links */
enum { SERVE_WITNESSES_MAX = 8 };

struct serve_config {
    char host[SERVE_HOST_BYTES];       /* as it stands in links; empty: from the certificate */
    char staff_host[SERVE_HOST_BYTES]; /* name of the staff end; empty: the same name on another port */
    char listen[SERVE_HOST_BYTES];
    char staff_listen[SERVE_HOST_BYTES];   /* empty with a staff_host: one port for both ends */
    char http_listen[SERVE_HOST_BYTES];    /* redirects, and the answers of ACME; empty: none */
    char metrics_listen[SERVE_HOST_BYTES]; /* figures without TLS, for who watches on this machine; empty: none */
    char plain_listen[SERVE_HOST_BYTES];   /* the public end without TLS, behind a proxy that has it; empty: none */
    struct serve_networks proxy_protocol_from, forwarded_from; /* proxies in front, and how they say who is behind */
    struct serve_witness_setting {
        char url[SERVE_HOST_BYTES], vkey[PROTO_NOTE_VKEY_MAX + 1]; /* the URL without a slash at its end */
    } witnesses[SERVE_WITNESSES_MAX];
    size_t witness_count;
    char witness_ca[SERVE_HOST_BYTES]; /* roots for their TLS; empty: this system's */
    char guides[SERVE_HOST_BYTES];     /* folder of guides for staff; empty: D/guides */
    int64_t public_log;                /* the log is served at the public end too */
    int64_t drain_s, ping_s;
    int64_t log_level;     /* enum host_level: the least that is written */
    int64_t log_addresses; /* whom a bound has refused is written with the address */
    struct relay_limits limits;
};

void serve_config_defaults(struct serve_config *config);
/** Reads relay.ini on top of what is there. false: the report has the line, the key and the nearest one known. */
bool serve_config_read(struct serve_config *config, const char *path, struct serve_report *report);
/**
 * What of `next` a running relay can take, into `config`. `waits` gets the names of the settings that differ and wait
 * for the next start, with a comma between two.
 */
void serve_config_take(struct serve_config *config, const struct serve_config *next, char *waits, size_t size);
/** The sample with every key, its default and its meaning, each line a comment. */
void serve_config_print(FILE *out);

#endif
