/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "proto/host/watch.h"
#include "proto/host/world.h"
#include "relay/serve/address.h"
#include "relay/serve/http.h"
#include "relay/serve/tls.h"

enum {
    ACCEPT_A_TURN = 32, /* then those who are connected have theirs */
    ADDRESS_BYTES = 64,
};

/* One of the two ends: its TLS, and for a port of its own the socket. */
struct end {
    struct serve_listen *listen; /* borrowed */
    struct lws_vhost *vhost;     /* the context's */
    struct host_watch *watch;    /* owned; NULL for the staff end of a shared port */
    int fd;                      /* the watch's */
    struct serve_tls tls;
};

struct serve_listen {
    struct serve *serve; /* borrowed */
    struct end public_end, staff_end;
    struct serve_arrivals *arrivals; /* owned */
    int spare;                       /* owned: a descriptor to give up when there are no more */
    bool shared;
};

/* ---- which end ---- */

static struct end *end_of(struct lws *wsi)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(lws_get_ssl(wsi)));
}

bool serve_listen_is_staff(struct lws *wsi)
{
    struct end *end = end_of(wsi);

    return end == &end->listen->staff_end;
}

static bool host_of(struct lws *wsi, char *out, size_t size)
{
    int len = lws_hdr_copy(wsi, out, (int)size, WSI_TOKEN_HOST);
    char *port;

    if (len <= 0)
        return false;
    port = strrchr(out, ':');
    if (*out == '[') {
        char *close = strchr(out, ']');

        if (!close)
            return false;
        *close = 0;
        memmove(out, out + 1, strlen(out));
    } else if (port) {
        *port = 0;
    }
    return true;
}

bool serve_listen_host_fits(struct serve_listen *listen, struct lws *wsi)
{
    const char *sni = SSL_get_servername(lws_get_ssl(wsi), TLSEXT_NAMETYPE_host_name);
    char host[SERVE_HOST_BYTES];

    if (!host_of(wsi, host, sizeof host) || !serve_folder_names(listen->serve->folder, host))
        return false;
    if (sni && strcasecmp(sni, host))
        return false;
    if (!listen->shared)
        return true;
    return sni && serve_listen_is_staff(wsi) == !strcasecmp(host, listen->serve->config->staff_host);
}

/* SNI: before anything is answered. RFC 6066, 3. */
static int on_server_name(SSL *ssl, int *alert, void *context)
{
    struct end *end = context;
    struct serve_listen *listen = end->listen;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    *alert = SSL_AD_UNRECOGNIZED_NAME;
    if (name ? !serve_folder_names(listen->serve->folder, name) : listen->shared)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    if (listen->shared && !strcasecmp(name, listen->serve->config->staff_host)) {
        SSL_set_SSL_CTX(ssl, listen->staff_end.tls.ctx);
        serve_tls_ask_certificate(ssl); /* OpenSSL does not take the mode over with the context */
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ---- connections ---- */

void serve_listen_peer(struct lws *wsi, char *out, size_t size)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;

    if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer, &len))
        snprintf(out, size, "?");
    else
        serve_address_text(&peer, out, size);
}

void serve_listen_asked(struct serve_listen *listen, struct lws *wsi)
{
    serve_arrival_asked(listen->arrivals, wsi, host_now().mono_ms);
}

void serve_listen_opened(struct serve_listen *listen, struct lws *wsi)
{
    serve_arrival_over(listen->arrivals, wsi, host_now().mono_ms);
}

void serve_listen_closed(struct serve_listen *listen, struct lws *wsi)
{
    serve_arrival_over(listen->arrivals, wsi, host_now().mono_ms);
}

void serve_listen_tick(struct serve_listen *listen)
{
    serve_arrivals_tick(listen->arrivals, host_now().mono_ms);
}

void serve_listen_figures(const struct serve_listen *listen, struct serve_arrival_figures *out)
{
    serve_arrivals_figures(listen->arrivals, out);
}

/* Without a descriptor the one who knocks would be told of again and again, and never answered. */
static void turn_away(struct end *end)
{
    struct serve_listen *listen = end->listen;
    int fd;

    if (listen->spare < 0)
        return;
    close(listen->spare);
    fd = accept4(end->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    listen->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    serve_arrivals_note(listen->arrivals, SERVE_REFUSED_descriptors);
}

static void take_in(struct end *end, int fd, const struct sockaddr_storage *from)
{
    struct serve_listen *listen = end->listen;
    lws_sock_file_fd_type descriptor = {.sockfd = fd};
    char address[ADDRESS_BYTES];
    struct serve_arrival *arrival;
    struct lws *wsi;

    serve_address_text(from, address, sizeof address);
    arrival = serve_arrivals_take(listen->arrivals, address, host_now().mono_ms);
    if (!arrival) {
        close(fd);
        return;
    }
    wsi = lws_adopt_descriptor_vhost(end->vhost, LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL, descriptor,
                                     NULL, NULL);
    if (wsi)
        serve_arrival_adopted(arrival, wsi);
    else
        serve_arrivals_drop(listen->arrivals, arrival, host_now().mono_ms);
}

static void on_accept(void *context)
{
    struct end *end = context;

    for (int i = 0; i < ACCEPT_A_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        int fd = accept4(end->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            turn_away(end);
        if (fd < 0)
            return;
        take_in(end, fd, &from);
    }
}

/* ---- setting up ---- */

static bool bind_end(const char *address, int *fd, struct serve_report *report)
{
    char finding[200];
    const char *way_out;

    if (serve_address_bind(address, fd, finding, sizeof finding, &way_out))
        return true;
    serve_report_add(report, SERVE_ERROR, address, finding, way_out);
    return false;
}

bool serve_listen_check(const struct serve_config *config, struct serve_report *report)
{
    const char *addresses[] = {config->listen, config->staff_listen};
    bool fine = true;

    for (size_t i = 0; i < 2; i++) {
        int fd;

        if (!*addresses[i])
            continue;
        if (bind_end(addresses[i], &fd, report)) {
            close(fd);
            serve_report_fine(report, addresses[i], "free to listen on (%s)", i ? "staff" : "public");
        } else {
            fine = false;
        }
    }
    return fine;
}

static bool set_up_tls(struct end *end, bool staff, struct serve_report *report)
{
    struct serve *serve = end->listen->serve;

    end->vhost = serve_tls_vhost(&end->tls, serve->loop, serve->folder, staff, serve_http_protocols(), serve);
    if (!end->vhost) {
        serve_report_add(report, SERVE_ERROR, serve->folder->cert, "TLS cannot be set up with it",
                         "check the OpenSSL of this system, and issue the certificate again");
        return false;
    }
    SSL_CTX_set_app_data(end->tls.ctx, end);
    SSL_CTX_set_tlsext_servername_callback(end->tls.ctx, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(end->tls.ctx, end);
    return true;
}

static bool start_accepting(struct end *end, const char *address, struct serve_report *report)
{
    if (!bind_end(address, &end->fd, report))
        return false;
    serve_address_tune(end->fd); /* what it accepts inherits all of it */
    if (!host_watch_new(&end->watch, end->listen->serve->loop, end->fd, on_accept, end))
        return true;
    serve_report_add(report, SERVE_ERROR, address, "no memory to listen", "close other programs");
    return false;
}

/* host[:port] as people and programs reach an end. */
static bool name_end(struct serve_listen *listen, const char *chosen, const char *address, int fd,
                     char out[static SERVE_HOST_BYTES], struct serve_report *report)
{
    char host[SERVE_HOST_BYTES];
    unsigned port = serve_address_port(fd);

    if (strchr(chosen, ':')) { /* with a port of its own: somebody else forwards to us */
        strcpy(out, chosen);
        return true;
    }
    if (*chosen)
        strcpy(host, chosen);
    else if ((!serve_address_host(address, host, sizeof host) || !serve_folder_names(listen->serve->folder, host)) &&
             !serve_folder_first_name(listen->serve->folder, host, sizeof host)) {
        serve_report_add(report, SERVE_ERROR, listen->serve->folder->cert, "the certificate names no host",
                         "issue one with handhold-certs issue --dir D relay --host HOST");
        return false;
    }
    if (!serve_folder_names(listen->serve->folder, host)) {
        serve_report_add(report, SERVE_ERROR, host, "the relay's certificate does not name this host",
                         "issue one with --host for it, or name another in relay.ini");
        return false;
    }
    snprintf(out, SERVE_HOST_BYTES, port == 443 ? "%.*s" : "%.*s:%u", (int)(SERVE_HOST_BYTES - 8), host, port);
    return true;
}

bool serve_listen_new(struct serve_listen **out, struct serve *serve, struct serve_report *report)
{
    const struct serve_config *config = serve->config;
    struct serve_listen *listen = calloc(1, sizeof *listen);

    *out = listen;
    if (!listen)
        return false;
    listen->serve = serve;
    listen->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct proto_random random = host_random();
    if (serve_arrivals_new(&listen->arrivals, &config->limits, &random))
        return false;
    listen->shared = !*config->staff_listen;
    listen->public_end.listen = listen->staff_end.listen = listen;
    return start_accepting(&listen->public_end, config->listen, report) &&
           (listen->shared || start_accepting(&listen->staff_end, config->staff_listen, report)) &&
           set_up_tls(&listen->public_end, false, report) && set_up_tls(&listen->staff_end, true, report) &&
           name_end(listen, config->host, config->listen, listen->public_end.fd, serve->public_authority, report) &&
           name_end(listen, config->staff_host, listen->shared ? config->listen : config->staff_listen,
                    listen->shared ? listen->public_end.fd : listen->staff_end.fd, serve->staff_authority, report);
}

void serve_listen_free(struct serve_listen *listen)
{
    if (!listen)
        return;
    host_watch_free(listen->public_end.watch);
    host_watch_free(listen->staff_end.watch);
    listen->public_end.watch = listen->staff_end.watch = NULL;
    serve_arrivals_free(listen->arrivals);
    if (listen->spare >= 0)
        close(listen->spare);
    free(listen);
}

bool serve_listen_reload(struct serve_listen *listen)
{
    return serve_tls_load_pair(&listen->public_end.tls, listen->serve->folder) &&
           serve_tls_load_pair(&listen->staff_end.tls, listen->serve->folder);
}
