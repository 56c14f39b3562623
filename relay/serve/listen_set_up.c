/* SPDX-License-Identifier: Apache-2.0 */
/* The ends as the settings want them: addresses, TLS, names. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/world.h"
#include "relay/serve/address.h"
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

static bool bind_end(const char *address, int *fd, struct serve_report *report)
{
    char finding[200];
    const char *way_out;

    if (serve_address_bind(address, fd, finding, sizeof finding, &way_out))
        return true;
    serve_report_add(report, SERVE_ERROR, address, finding, way_out);
    return false;
}

/* Said before the system says that the port is in use: by ourselves. */
static bool is_alone(const struct serve_config *config, size_t kind, struct serve_report *report)
{
    const char *address = setting_of(config, kind), *port = strrchr(address, ':');
    char finding[128];

    for (size_t other = 0; other < kind; other++) {
        if (strcmp(setting_of(config, other), address) != 0 || !port || !strcmp(port, ":0"))
            continue;
        snprintf(finding, sizeof finding, "%s and %s are the same address", kinds[other].name, kinds[kind].name);
        serve_report_add(report, SERVE_ERROR, address, finding, "give each a port of its own");
        return false;
    }
    return true;
}

bool serve_listen_check(const struct serve_config *config, struct serve_report *report)
{
    bool fine = true;

    for (size_t kind = 0; kind < SERVE_ENDS; kind++) {
        const char *address = setting_of(config, kind);
        int fd;

        if (!*address)
            continue;
        if (is_alone(config, kind, report) && bind_end(address, &fd, report)) {
            close(fd);
            serve_report_fine(report, address, "free to listen on (%s)", kinds[kind].what);
        } else {
            fine = false;
        }
    }
    return fine;
}

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
    if (end->fd < 0 && !is_alone(listen->serve->config, kind, report))
        return false;
    if (end->fd < 0 && !bind_end(address, &end->fd, report))
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

/* Without TLS whoever is on the way reads the invitations and takes their place. */
static bool check_plain(const struct serve_config *config, struct serve_report *report)
{
    if (!*config->plain_listen)
        return true;
    if (!serve_address_is_local(config->plain_listen)) {
        serve_report_add(report, SERVE_ERROR, config->plain_listen,
                         "plain_listen has no TLS, and may only be reached on this machine",
                         "give 127.0.0.1:PORT, [::1]:PORT or unix:/PATH, and let the proxy in front end TLS");
        return false;
    }
    if (*config->host)
        return true;
    serve_report_add(report, SERVE_ERROR, "host", "is not set, and behind a proxy no certificate tells it",
                     "set it to the name that strangers use");
    return false;
}

/* host[:port] as people and programs reach an end. */
static bool name_end(struct serve_listen *listen, size_t kind, const char *chosen, char out[static SERVE_HOST_BYTES],
                     struct serve_report *report)
{
    const struct serve_folder *folder = listen->serve->folder;
    const char *address = setting_of(listen->serve->config, kind);
    char host[SERVE_HOST_BYTES];
    unsigned port = serve_address_port(listen->ends[kind].fd);

    if (strchr(chosen, ':')) { /* with a port of its own: somebody else forwards to us */
        long outside = atol(strrchr(chosen, ':') + 1);

        strcpy(out, chosen);
        if (outside < 1 || outside > UINT16_MAX)
            serve_report_add(report, SERVE_ERROR, chosen, "behind a host stands a port from 1 to 65535",
                             "write host:port as it is reached, or the host alone");
        return outside >= 1 && outside <= UINT16_MAX;
    }
    if (*chosen)
        strcpy(host, chosen);
    else if ((!serve_address_host(address, host, sizeof host) || !serve_folder_names(folder, host)) &&
             !serve_pair_first_name(&folder->own_pair, host, sizeof host)) {
        serve_report_add(report, SERVE_ERROR, folder->own_pair.cert, "the certificate names no host",
                         folder->own_pair.renew);
        return false;
    }
    if (!serve_folder_names(folder, host)) {
        serve_report_add(report, SERVE_ERROR, host, "the relay's certificate does not name this host",
                         "issue one with --host for it, or name another in relay.ini");
        return false;
    }
    snprintf(out, SERVE_HOST_BYTES, port == 443 ? "%.*s" : "%.*s:%u", (int)(SERVE_HOST_BYTES - 8), host, port);
    return true;
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
           (!ends[SERVE_END_HTTP].watch || set_up_without_tls(&ends[SERVE_END_HTTP], "http"));
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
    done = make_parts(listen) && check_plain(config, report);
    for (size_t kind = 0; kind < SERVE_ENDS; kind++)
        done = done && start_accepting(listen, kind, report);
    return done && set_up_ends(listen, report) &&
           name_end(listen, SERVE_END_PUBLIC, config->host, serve->public_authority, report) &&
           name_end(listen, listen->shared ? SERVE_END_PUBLIC : SERVE_END_STAFF, config->staff_host,
                    serve->staff_authority, report);
}

const char *serve_listen_http(const struct serve_listen *listen)
{
    return listen->ends[SERVE_END_HTTP].watch ? listen->ends[SERVE_END_HTTP].bound : NULL;
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
