/* SPDX-License-Identifier: Apache-2.0 */
/* The ends as the settings want them: addresses, TLS, names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "proto/host/world.h"
#include "relay/serve/address.h"
#include "relay/serve/engine.h"
#include "relay/serve/handover.h"
#include "relay/serve/http.h"
#include "relay/serve/listen_inside.h"
#include "relay/serve/tell.h"

static const struct {
    const char *what, *name;
    size_t setting;
} kinds[SERVE_ENDS] = {
#define END_KIND(name, what, setting) {what, #setting, offsetof(struct serve_config, setting)},
    END_LIST(END_KIND)
#undef END_KIND
};

static const char *setting_of(const struct serve_config *config, size_t kind)
{
    return (const char *)config + kinds[kind].setting;
}

static void refuse(const char *name, const char *value, const char *finding, const char *way_out,
                   struct serve_report *report)
{
    char setting[SERVE_HOST_BYTES + 32];

    snprintf(setting, sizeof setting, "%s = %s", name, value);
    serve_report_add(report, SERVE_ERROR, setting, finding, way_out);
}

/* An end before this one with the same port, wherever; `kind`: none. */
static size_t neighbour(const struct serve_config *config, size_t kind)
{
    const char *port = strrchr(setting_of(config, kind), ':'), *theirs;
    size_t other = 0;

    while (other < kind && (!port || !strcmp(port, ":0") || !(theirs = strrchr(setting_of(config, other), ':')) ||
                            strcmp(theirs, port) != 0))
        other++;
    return other;
}

static bool bind_end(const struct serve_config *config, size_t kind, bool beside, int *fd, struct serve_report *report)
{
    const char *address = setting_of(config, kind), *way_out;
    size_t other = neighbour(config, kind);
    char finding[200];

    errno = 0;
    if (serve_address_bind(address, beside, fd, finding, sizeof finding, &way_out))
        return true;
    if (errno == EADDRINUSE && other < kind) {
        snprintf(finding, sizeof finding, "the port is in use, perhaps by %s = %s", kinds[other].name,
                 setting_of(config, other));
        way_out = "give each a port of its own";
    }
    refuse(kinds[kind].name, address, finding, way_out, report);
    return false;
}

/* An end before this one with the same address; `kind`: none. */
static size_t twin(const struct serve_config *config, size_t kind)
{
    size_t other = neighbour(config, kind);

    while (other < kind && strcmp(setting_of(config, other), setting_of(config, kind)) != 0)
        other++;
    return other;
}

/* Said before the system says that the port is in use: by ourselves. */
static bool is_alone(const struct serve_config *config, size_t kind, struct serve_report *report)
{
    size_t other = twin(config, kind);
    char finding[128];

    if (other == kind)
        return true;
    snprintf(finding, sizeof finding, "%s and %s are the same address", kinds[other].name, kinds[kind].name);
    serve_report_add(report, SERVE_ERROR, setting_of(config, kind), finding, "give each a port of its own");
    return false;
}

/* Beside a relay that runs: what is in use may be its own, and a low port may be its unit's right alone. */
static bool is_excused(const struct serve_config *config, size_t kind, struct serve_report *report)
{
    const char *address = setting_of(config, kind), *way_out;
    char finding[200];
    int fd = -1;

    errno = 0;
    if (serve_address_bind(address, false, &fd, finding, sizeof finding, &way_out)) {
        close(fd);
        return false;
    }
    if (errno == EADDRINUSE)
        serve_report_fine(report, address, "in use, by the relay that runs here or by another program (%s)",
                          kinds[kind].what);
    else if (errno == EACCES && strncmp(address, "unix:", 5) != 0)
        serve_report_fine(report, address, "not tried: this user may not listen on a port below 1024 (%s)",
                          kinds[kind].what);
    else
        return false;
    return true;
}

bool serve_listen_check(const struct serve_config *config, bool runs, struct serve_report *report)
{
    int bound[SERVE_ENDS];
    bool fine = true;

    for (size_t kind = 0; kind < SERVE_ENDS; kind++) {
        const char *address = setting_of(config, kind);

        bound[kind] = -1;
        if (!*address || twin(config, kind) < kind || /* which has been said */
            (runs && is_excused(config, kind, report)))
            continue;
        if (bind_end(config, kind, false, &bound[kind], report))
            serve_report_fine(report, address, "free to listen on (%s)", kinds[kind].what);
        else
            fine = false;
    }
    for (size_t kind = 0; kind < SERVE_ENDS; kind++) /* none before the last has found its place beside them */
        if (bound[kind] >= 0)
            close(bound[kind]);
    return fine;
}

/* ---- what the settings and the certificates tell ---- */

static bool check_places(const struct serve_config *config, struct serve_report *report)
{
    const char *missing = *config->listen ? NULL : !*config->staff_listen ? "staff" : NULL;

    if (!*config->listen && !*config->plain_listen)
        missing = "customers";
    if (missing) {
        char finding[96];

        snprintf(finding, sizeof finding, "is empty, and there is no other place where %s could connect", missing);
        serve_report_add(report, SERVE_ERROR, "listen", finding,
                         "give HOST:PORT; behind a proxy that ends TLS, plain_listen and staff_listen");
    }
    return !missing;
}

/* Without TLS whoever is on the way reads the invitations and takes their place; and no certificate says who asks. */
static bool check_local(const char *name, const char *address, const char *finding, struct serve_report *report)
{
    if (!*address || serve_address_is_local(address))
        return true;
    refuse(name, address, finding,
           "give 127.0.0.1:PORT, [::1]:PORT or unix:/PATH; for others a proxy on this machine has TLS", report);
    return false;
}

static bool check_plain(const struct serve_config *config, struct serve_report *report)
{
    if (!check_local("metrics_listen", config->metrics_listen,
                     "asks nobody who they are, and may only be reached on this machine", report) ||
        !check_local("plain_listen", config->plain_listen, "has no TLS, and may only be reached on this machine",
                     report))
        return false;
    if (!*config->plain_listen)
        return true;
    if (*config->host)
        return true;
    serve_report_add(report, SERVE_ERROR, "host", "is not set, and behind a proxy no certificate tells it",
                     "set it to the name that strangers use");
    return false;
}

/* The host of host[:port] or [address]:port, and where it ends there. */
static const char *host_in(const char *authority, char host[static SERVE_HOST_BYTES])
{
    bool bracket = *authority == '[';
    const char *end = bracket ? strchr(authority, ']') : authority + strcspn(authority, ":");

    snprintf(host, SERVE_HOST_BYTES, "%.*s", (int)(end - authority - bracket), authority + bracket);
    return end;
}

/* host[:port] as people and programs reach an end. */
static bool check_name(const char *name, const char *chosen, char host[static SERVE_HOST_BYTES],
                       struct serve_report *report)
{
    const char *port = strrchr(host_in(chosen, host), ':');
    long outside = port ? atol(port + 1) : 443;

    if (outside >= 1 && outside <= UINT16_MAX)
        return true;
    refuse(name, chosen, "behind a host stands a port from 1 to 65535",
           "write host:port as it is reached, or the host alone", report);
    return false;
}

/* Strangers are shown either certificate, staff our own. Behind a proxy that ends TLS the certificate is the proxy's.
 */
static bool check_hosts(const struct serve_config *config, const struct serve_folder *folder,
                        struct serve_report *report)
{
    static const char finding[] = "the relay's certificate does not name this host",
                      way_out[] = "issue one with --host for it, or name another in relay.ini";
    char host[SERVE_HOST_BYTES], staff[SERVE_HOST_BYTES];
    bool fine = check_name("host", config->host, host, report);

    if (fine && *host && !*config->plain_listen && !serve_folder_names(folder, host)) {
        refuse("host", config->host, finding, way_out, report);
        fine = false;
    } else if (fine && *host && folder->public_pair.loaded && !serve_pair_names(&folder->public_pair, host)) {
        serve_report_add(report, SERVE_WARNING, folder->public_pair.cert,
                         "does not name the host of relay.ini, so strangers are not shown it",
                         "get one for that host (certbot -d), or set host to a name that it has");
    }
    if (!check_name("staff_host", config->staff_host, staff, report))
        return false;
    if (!*staff || serve_pair_names(&folder->own_pair, staff))
        return fine;
    refuse("staff_host", config->staff_host, finding, way_out, report);
    return false;
}

/* The host that people reach an end by when the settings name none. */
static bool usual_host(const struct serve_folder *folder, const char *address, char out[static SERVE_HOST_BYTES])
{
    return (serve_address_host(address, out, SERVE_HOST_BYTES) && serve_folder_names(folder, out)) ||
           serve_pair_first_name(&folder->own_pair, out, SERVE_HOST_BYTES);
}

/* As they come out, whatever says so: on one port the name alone tells staff from strangers. */
static bool check_names(const struct serve_config *config, const struct serve_folder *folder,
                        struct serve_report *report)
{
    char host[SERVE_HOST_BYTES] = "", staff[SERVE_HOST_BYTES];

    if (!*config->staff_host || *config->staff_listen || !*config->listen)
        return true;
    (void)host_in(config->staff_host, staff);
    if (*config->host)
        (void)host_in(config->host, host);
    else
        (void)usual_host(folder, config->listen, host);
    if (strcasecmp(host, staff) != 0)
        return true;
    refuse("staff_host", config->staff_host, "host and staff_host are one name on one port",
           "give staff a name of their own, or a port with staff_listen", report);
    return false;
}

bool serve_listen_fits(const struct serve_config *config, const struct serve_folder *folder,
                       struct serve_report *report)
{
    char host[SERVE_HOST_BYTES];
    bool fine = check_places(config, report);

    fine &= check_plain(config, report);
    for (size_t kind = 0; kind < SERVE_ENDS; kind++)
        fine &= !*setting_of(config, kind) || is_alone(config, kind, report);
    if (!folder)
        return fine;
    fine &= check_hosts(config, folder, report);
    fine &= check_names(config, folder, report);
    if ((*config->host && *config->staff_host) || usual_host(folder, config->listen, host))
        return fine;
    serve_report_add(report, SERVE_ERROR, folder->own_pair.cert, "the certificate names no host",
                     folder->own_pair.renew);
    return false;
}

bool serve_listen_take_over(const struct serve_config *config, struct serve_report *report)
{
    int given[SERVE_ENDS], listening[SERVE_ENDS], fd;
    bool done = true;

    /* From 127.0.0.1:443 to 0.0.0.0:443 the port is the same: the one before has it until it leaves. */
    for (unsigned kind = 0; kind < SERVE_ENDS; kind++)
        if ((given[kind] = serve_handover_take(kind)) >= 0)
            serve_address_share(given[kind], true);
    for (unsigned kind = 0; kind < SERVE_ENDS; kind++) {
        const char *address = setting_of(config, kind);
        unsigned turn = 0, place = kind;

        fd = -1;
        while (turn < SERVE_ENDS && (given[place] < 0 || !serve_address_is(given[place], address)))
            place = (kind + ++turn) % SERVE_ENDS;
        if (*address && turn < SERVE_ENDS) {
            fd = given[place];
            given[place] = -1;
        } else if (*address) {
            done = done && bind_end(config, kind, true, &fd, report);
        }
        serve_handover_put(kind, fd);
        listening[kind] = fd;
    }
    for (unsigned kind = 0; kind < SERVE_ENDS; kind++) {
        if (listening[kind] >= 0)
            serve_address_share(listening[kind], false);
        if (given[kind] < 0)
            continue;
        serve_address_share(given[kind], false);
        close(given[kind]); /* the one before still listens there, until it leaves */
    }
    return done;
}

/* ---- the ends ---- */

static bool set_up_tls(struct serve_end *end, bool staff, struct serve_report *report)
{
    struct serve *serve = end->listen->serve;

    end->vhost = serve_tls_vhost(&end->tls, serve->loop, serve->folder, staff, serve_http_protocols(), serve);
    if (!end->vhost) {
        serve_report_add(report, SERVE_ERROR, serve->folder->own_pair.cert, "TLS cannot be set up with it",
                         "check the OpenSSL of this system, and issue the certificate again");
        return false;
    }
    SSL_CTX_set_app_data(end->tls.ctx, end);
    SSL_CTX_set_tlsext_servername_callback(end->tls.ctx, serve_listen_server_name);
    SSL_CTX_set_tlsext_servername_arg(end->tls.ctx, end);
    return true;
}

static bool set_up_without_tls(struct serve_end *end, const char *name)
{
    struct serve *serve = end->listen->serve;
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN_SERVER,
                                             .vhost_name = name,
                                             .protocols = serve_http_protocols(),
                                             .retry_and_idle_policy = &serve_http_no_timers,
                                             .timeout_secs_ah_idle = SERVE_LIBRARY_WAITS_S,
                                             .user = serve};

    end->vhost = lws_create_vhost(host_loop_context(serve->loop), &info);
    return end->vhost != NULL;
}

static bool start_accepting(struct serve_listen *listen, size_t kind, struct serve_report *report)
{
    struct serve_end *end = &listen->ends[kind];
    const char *address = setting_of(listen->serve->config, kind);
    char host[SERVE_HOST_BYTES];

    if (!*address)
        return true;
    end->fd = serve_handover_take((unsigned)kind);
    if (end->fd < 0 && !bind_end(listen->serve->config, kind, false, &end->fd, report))
        return false;
    serve_address_tune(end->fd); /* what it accepts inherits all of it */
    snprintf(end->bound, sizeof end->bound, "%s", address);
    if (serve_address_host(address, host, sizeof host))
        snprintf(end->bound, sizeof end->bound, strchr(host, ':') ? "[%.250s]:%u" : "%.250s:%u", host,
                 serve_address_port(end->fd));
    if (!host_watch_new(&end->watch, listen->serve->loop, end->fd, serve_listen_accept, end))
        return true;
    serve_report_add(report, SERVE_ERROR, address, "no memory to listen", "close other programs");
    return false;
}

/* host[:port] as people and programs reach an end; what fits (serve_listen_fits). */
static void name_end(struct serve_listen *listen, size_t kind, const char *chosen, char out[static SERVE_HOST_BYTES])
{
    const struct serve_folder *folder = listen->serve->folder;
    const struct serve_end *end = &listen->ends[kind];
    unsigned port = end->watch ? serve_address_port(end->fd) : 443; /* without one a proxy in front has it */
    char host[SERVE_HOST_BYTES] = "";

    if (strchr(chosen, ':')) { /* with a port of its own: somebody else forwards to us */
        strcpy(out, chosen);
        return;
    }
    if (*chosen)
        strcpy(host, chosen);
    else
        (void)usual_host(folder, setting_of(listen->serve->config, kind), host);
    snprintf(out, SERVE_HOST_BYTES, port == 443 ? "%.*s" : "%.*s:%u", (int)(SERVE_HOST_BYTES - 8), host, port);
}

void serve_listen_hosts(const struct serve *serve, char public_host[static SERVE_HOST_BYTES],
                        char staff_host[static SERVE_HOST_BYTES])
{
    (void)host_in(serve->public_authority, public_host);
    (void)host_in(serve->staff_authority, staff_host);
    if (*serve->config->plain_listen)
        *public_host = 0;
}

static bool make_parts(struct serve_listen *listen)
{
    const struct serve_config *config = listen->serve->config;
    struct proto_random random = host_random();

    listen->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (serve_arrivals_new(&listen->arrivals, &config->limits, &random))
        return false;
    serve_arrivals_on_refused(listen->arrivals, serve_tell_refused, listen->serve);
    return !serve_proxied_new(&listen->proxied, listen->serve->loop, &config->limits);
}

static bool set_up_ends(struct serve_listen *listen, struct serve_report *report)
{
    struct serve_end *ends = listen->ends;

    return set_up_tls(&ends[SERVE_END_PUBLIC], false, report) && set_up_tls(&ends[SERVE_END_STAFF], true, report) &&
           (!ends[SERVE_END_PLAIN].watch || set_up_without_tls(&ends[SERVE_END_PLAIN], "plain")) &&
           (!ends[SERVE_END_HTTP].watch || set_up_without_tls(&ends[SERVE_END_HTTP], "http")) &&
           (!ends[SERVE_END_METRICS].watch || set_up_without_tls(&ends[SERVE_END_METRICS], "metrics"));
}

bool serve_listen_new(struct serve_listen **out, struct serve *serve, struct serve_report *report)
{
    const struct serve_config *config = serve->config;
    struct serve_listen *listen = calloc(1, sizeof *listen);
    bool done;

    *out = listen;
    if (!listen)
        return false;
    listen->serve = serve;
    listen->shared = !*config->staff_listen;
    for (size_t kind = 0; kind < SERVE_ENDS; kind++)
        listen->ends[kind].listen = listen;
    done = make_parts(listen);
    for (size_t kind = 0; kind < SERVE_ENDS; kind++)
        done = done && start_accepting(listen, kind, report);
    if (!done || !set_up_ends(listen, report))
        return false;
    name_end(listen, SERVE_END_PUBLIC, config->host, serve->public_authority);
    name_end(listen, listen->shared ? SERVE_END_PUBLIC : SERVE_END_STAFF, config->staff_host, serve->staff_authority);
    return true;
}

const char *serve_listen_http(const struct serve_listen *listen)
{
    return listen->ends[SERVE_END_HTTP].watch ? listen->ends[SERVE_END_HTTP].bound : NULL;
}

const char *serve_listen_metrics(const struct serve_listen *listen)
{
    return listen->ends[SERVE_END_METRICS].watch ? listen->ends[SERVE_END_METRICS].bound : NULL;
}

const char *serve_listen_plain(const struct serve_listen *listen)
{
    return listen->ends[SERVE_END_PLAIN].watch ? listen->ends[SERVE_END_PLAIN].bound : NULL;
}

int serve_listen_fd(const struct serve_listen *listen, unsigned place)
{
    return listen->ends[place].watch ? listen->ends[place].fd : -1;
}

void serve_listen_stop(struct serve_listen *listen)
{
    for (size_t kind = 0; kind < SERVE_ENDS; kind++) {
        host_watch_free(listen->ends[kind].watch);
        listen->ends[kind].watch = NULL;
    }
}

void serve_listen_free(struct serve_listen *listen)
{
    if (!listen)
        return;
    for (size_t kind = 0; kind < SERVE_ENDS; kind++)
        host_watch_free(listen->ends[kind].watch);
    serve_proxied_free(listen->proxied);
    serve_arrivals_free(listen->arrivals);
    if (listen->spare >= 0)
        close(listen->spare);
    free(listen);
}

bool serve_listen_reload(struct serve_listen *listen)
{
    for (size_t kind = 0; kind < SERVE_ENDS; kind++)
        *listen->ends[kind].named = 0;
    return serve_tls_load_pair(&listen->ends[SERVE_END_PUBLIC].tls) &&
           serve_tls_load_pair(&listen->ends[SERVE_END_STAFF].tls);
}
