/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/tell.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/listen.h"

enum {
    LINES_A_SECOND = 50,
    WARNINGS_A_SECOND = 50,
    MINUTE_MS = 60000,
    DAY_MS = 24 * 3600 * 1000,
    WARN_DAYS = 14,
    SID_SHOWN_BYTES = 4
};

/* Which acts are told without --verbose, and which of their details; all others hold names, keys or references. */
static const struct {
    enum proto_act act;
    enum host_level level;
} told[] = {
    {PROTO_ACT_CREATED, HOST_INFO},  {PROTO_ACT_JOINED, HOST_INFO},       {PROTO_ACT_LOST, HOST_INFO},
    {PROTO_ACT_RETURNED, HOST_INFO}, {PROTO_ACT_ENDED, HOST_INFO},        {PROTO_ACT_BLOCKED, HOST_WARN},
    {PROTO_ACT_STARTED, HOST_DEBUG}, {PROTO_ACT_GATE_OPENED, HOST_DEBUG}, {PROTO_ACT_GATE_CLOSED, HOST_DEBUG},
    {PROTO_ACT_STOPPED, HOST_DEBUG}, {PROTO_ACT_GATE_REFUSED, HOST_WARN},
};
static const struct {
    const char *name, *field; /* of the journal */
} details[] = {
    {"by", "HANDHOLD_BY"},         {"who", "HANDHOLD_WHO"},     {"cause", "HANDHOLD_CAUSE"},
    {"reason", "HANDHOLD_REASON"}, {"src", "HANDHOLD_SRC"},     {"stream", "HANDHOLD_STREAM"},
    {"frames", "HANDHOLD_FRAMES"}, {"bytes", "HANDHOLD_BYTES"},
};
enum { DETAILS = sizeof details / sizeof *details };

bool serve_tell_may_say(struct serve *serve, enum host_level level)
{
    unsigned *lines = level >= HOST_WARN ? &serve->tell.warnings : &serve->tell.lines;

    if ((int64_t)level < serve->config->log_level)
        return false;
    if (++*lines <= (level >= HOST_WARN ? WARNINGS_A_SECOND : LINES_A_SECOND))
        return true;
    serve->tell.not_written++;
    return false;
}

void serve_tell_event(struct serve *serve, const struct proto_event_note *event)
{
    char sid[2 * SID_SHOWN_BYTES + 1], text[512] = "";
    enum host_level level = HOST_DEBUG;
    struct host_field fields[3 + DETAILS] = {{"HANDHOLD_SESSION", sid},
                                             {"HANDHOLD_EVENT", proto_act_name(event->action)}};
    size_t len = 0, count = 2;

    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (told[i].act == event->action)
            level = told[i].level;
    if (!serve_tell_may_say(serve, level))
        return;
    if (event->capability != PROTO_CAPABILITY_NONE) {
        fields[count++] = (struct host_field){"HANDHOLD_CAPABILITY", proto_capability_name(event->capability)};
        len += (size_t)snprintf(text, sizeof text, " %s", proto_capability_name(event->capability));
    }
    for (size_t i = 0; i < DETAILS; i++) {
        const char *value = proto_event_note_get(event, details[i].name);

        if (!value || len >= sizeof text)
            continue;
        fields[count++] = (struct host_field){details[i].field, value};
        len += (size_t)snprintf(text + len, sizeof text - len, " %s=%s", details[i].name, value);
    }
    sodium_bin2hex(sid, sizeof sid, event->sid, SID_SHOWN_BYTES);
    host_say_fields(level, fields, count, "session %s: %s%s", sid, proto_act_name(event->action), text);
}

void serve_tell_refused(void *context, const char *address, const char *by)
{
    const struct host_field fields[] = {{"HANDHOLD_BOUND", by}, {"HANDHOLD_ADDRESS", address}};
    struct serve *serve = context;

    if (!serve->config->log_addresses)
        return;
    if (serve_tell_may_say(serve, HOST_INFO))
        host_say_fields(HOST_INFO, fields, sizeof fields / sizeof *fields, "refused by %s: %s", by, address);
}

bool serve_tell_may_claim(struct serve *serve, bool first)
{
    int64_t now_ms = host_now().mono_ms;

    if (!first && now_ms < serve->tell.claim_ms) {
        serve->tell.claims++;
        return false;
    }
    serve->tell.claim_ms = now_ms + MINUTE_MS;
    return true;
}

static void tell_claims(struct serve *serve)
{
    if (serve->tell.claims)
        host_say(HOST_WARN, "%u more ends said so of the log in the last minute", serve->tell.claims);
    serve->tell.claims = 0;
}

static void tell_refused(struct serve *serve)
{
    struct relay_core_figures figures;
    struct serve_arrival_figures arrivals;
    uint64_t connections = serve->guard.refused_chatter, joins;

    serve_listen_figures(serve->listen, &arrivals);
    relay_core_figures(serve->core, &figures);
    for (int i = 0; i < SERVE_REFUSALS; i++)
        connections += arrivals.refused[i];
    joins = figures.refused_joins;
    if (joins != serve->tell.refused_joins || connections != serve->tell.refused_connections)
        host_say(HOST_INFO, "refused in the last minute: %llu joins, %llu connections (by which bound: /metrics)",
                 (unsigned long long)(joins - serve->tell.refused_joins),
                 (unsigned long long)(connections - serve->tell.refused_connections));
    if (arrivals.refused[SERVE_REFUSED_descriptors] != serve->tell.refused_descriptors)
        host_say(HOST_WARN,
                 "%llu connections were turned away in the last minute, because this process may open no more files: "
                 "raise LimitNOFILE (ulimit -n)",
                 (unsigned long long)(arrivals.refused[SERVE_REFUSED_descriptors] - serve->tell.refused_descriptors));
    serve->tell.refused_descriptors = arrivals.refused[SERVE_REFUSED_descriptors];
    serve->tell.refused_joins = joins;
    serve->tell.refused_connections = connections;
}

static void tell_certificate(const struct serve_pair *pair)
{
    int64_t end_s = serve_pair_end_s(pair), left_s = end_s - host_now().unix_ms / 1000;

    if (!pair->loaded && serve_pair_lies_there(pair))
        host_say(HOST_WARN, "%s is not shown, so strangers get the organisation's own, which they do not trust: %s",
                 pair->cert, pair->renew);
    else if (end_s && left_s < 0)
        host_say(HOST_WARN, "%s has ended, and whoever is shown it turns away: %s", pair->cert, pair->renew);
    else if (end_s && left_s < WARN_DAYS * 24 * 3600)
        host_say(HOST_WARN, "%s ends in %lld days: %s", pair->cert, (long long)(left_s / (24 * 3600)), pair->renew);
}

void serve_tell_tick(struct serve *serve)
{
    int64_t now_ms = host_now().mono_ms;

    if (serve->tell.not_written)
        host_say(HOST_WARN, "%u more events in this second", serve->tell.not_written);
    serve->tell.lines = serve->tell.warnings = serve->tell.not_written = 0;
    if (now_ms >= serve->tell.minute_ms) {
        tell_refused(serve);
        tell_claims(serve);
        serve->tell.minute_ms = now_ms + MINUTE_MS;
    }
    if (now_ms >= serve->tell.day_ms) {
        tell_certificate(&serve->folder->own_pair);
        tell_certificate(&serve->folder->public_pair);
        serve->tell.day_ms = now_ms + DAY_MS;
    }
}

static unsigned large_heads; /* libwebsockets' log has no context */

void serve_tell_library(int level, const char *line)
{
    (void)level;
    large_heads += strstr(line, "Ran out of header data space") != NULL;
    host_say(HOST_DEBUG, "libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

unsigned serve_tell_large_heads(void)
{
    unsigned count = large_heads;

    large_heads = 0;
    return count;
}
