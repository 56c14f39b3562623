/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "proto/host/watch.h"
#include "proto/host/world.h"
#include "relay/serve/address.h"
#include "relay/serve/handover.h"
#include "relay/serve/http.h"
#include "relay/serve/proxied.h"
#include "relay/serve/said.h"
#include "relay/serve/tell.h"
#include "relay/serve/tls.h"

enum {
    ACCEPT_A_TURN = 32, /* then those who are connected have theirs */
    FORWARDED_BYTES = 512,
};

/*     end     what it is                       its address in the settings */
#define END_LIST(X)                                                                                                    \
    X(PUBLIC, "public", listen)                                                                                        \
    X(STAFF, "staff", staff_listen)                                                                                    \
    X(PLAIN, "public, behind a proxy", plain_listen)                                                                   \
    X(HTTP, "redirects to https", http_listen)
enum ends {
#define END_ENUM(name, what, setting) name,
    END_LIST(END_ENUM)
#undef END_ENUM
        ENDS
};

static const struct {
    const char *what;
    size_t setting;
} kinds[ENDS] = {
#define END_KIND(name, what, setting) {what, offsetof(struct serve_config, setting)},
    END_LIST(END_KIND)
#undef END_KIND
};

struct end {
    struct serve_listen *listen; /* borrowed */
    struct lws_vhost *vhost;     /* the context's; NULL: there is no such end */
    struct host_watch *watch;    /* owned; NULL for the staff end of a shared port */
    int fd;                      /* the watch's */
    char bound[SERVE_HOST_BYTES];
    char named[SERVE_HOST_BYTES]; /* the host that was last found in a certificate: nearly always the next one, too */
    struct serve_tls tls;
};

struct serve_listen {
    struct serve *serve; /* borrowed */
    struct end ends[ENDS];
    struct serve_arrivals *arrivals; /* owned */
    struct serve_proxied *proxied;   /* owned; NULL: no proxy is listed */
    int spare;                       /* owned: a descriptor to give up when there are no more */
    bool shared;
};

_Static_assert((int)ENDS == (int)SERVE_LISTEN_ENDS, "each end has its place");

static const char *setting_of(const struct serve_config *config, size_t kind)
{
    return (const char *)config + kinds[kind].setting;
}

/* ---- which end ---- */

bool serve_listen_is_staff(struct lws *wsi)
{
    SSL *ssl = lws_get_ssl(wsi);
    struct end *end = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;

    return end && end == &end->listen->ends[STAFF];
}

/* Not by its virtual host: libwebsockets chooses another one by the name in Host. */
bool serve_listen_redirects(const struct serve_listen *listen, struct lws *wsi)
{
    return listen->ends[HTTP].vhost && serve_arrival_end(wsi) == &listen->ends[HTTP];
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

/* The certificate is the proxy's: the name is held to the one that stands in links. */
static bool is_public_host(const struct serve_listen *listen, const char *host)
{
    const char *authority = listen->serve->public_authority;
    size_t len = strlen(host);

    return !strncasecmp(authority, host, len) && (!authority[len] || authority[len] == ':');
}

/* A certificate's names are parsed again each time that it is asked. */
static bool is_named(struct end *end, const char *host)
{
    if (*host && !strcasecmp(host, end->named))
        return true;
    if (!serve_folder_names(end->listen->serve->folder, host))
        return false;
    snprintf(end->named, sizeof end->named, "%s", host);
    return true;
}

bool serve_listen_host_fits(struct serve_listen *listen, struct lws *wsi)
{
    SSL *ssl = lws_get_ssl(wsi);
    const char *sni = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    char host[SERVE_HOST_BYTES];

    if (!host_of(wsi, host, sizeof host))
        return false;
    if (!ssl)
        return is_public_host(listen, host);
    if (!is_named(&listen->ends[serve_listen_is_staff(wsi) ? STAFF : PUBLIC], host) || (sni && strcasecmp(sni, host)))
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
    if (name ? !is_named(end, name) : listen->shared)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    if (listen->shared && !strcasecmp(name, listen->serve->config->staff_host)) {
        SSL_set_SSL_CTX(ssl, listen->ends[STAFF].tls.ctx);
        serve_tls_ask_certificate(ssl); /* OpenSSL does not take the mode over with the context */
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ---- connections ---- */

static bool forwarded(struct serve_listen *listen, struct lws *wsi, const struct sockaddr_storage *peer, char *out,
                      size_t size)
{
    struct sockaddr_storage behind;
    char header[FORWARDED_BYTES];

    if (lws_get_ssl(wsi) || !serve_networks_have(&listen->serve->config->forwarded_from, peer) ||
        lws_hdr_custom_copy(wsi, header, sizeof header, "forwarded:", 10) <= 0 ||
        !serve_said_forwarded(header, &behind))
        return false;
    serve_address_text(&behind, out, size);
    return true;
}

void serve_listen_peer(struct serve_listen *listen, struct lws *wsi, char *out, size_t size)
{
    const char *behind = serve_arrival_address(wsi);
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;

    if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer, &len))
        snprintf(out, size, "?");
    else if (forwarded(listen, wsi, &peer, out, size))
        return;
    else if (behind)
        snprintf(out, size, "%s", behind);
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
    int64_t now_ms = host_now().mono_ms;

    serve_arrivals_tick(listen->arrivals, now_ms);
    if (!listen->proxied)
        return;
    for (unsigned late = serve_proxied_tick(listen->proxied, now_ms); late; late--)
        serve_arrivals_note(listen->arrivals, SERVE_REFUSED_opening);
    for (unsigned wrong = serve_proxied_wrong(listen->proxied); wrong; wrong--)
        serve_arrivals_note(listen->arrivals, SERVE_REFUSED_proxy_header);
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
    char address[SERVE_ADDRESS_BYTES];
    struct serve_arrival *arrival;
    unsigned tls = end->tls.ctx ? LWS_ADOPT_ALLOW_SSL : 0;
    struct lws *wsi;

    serve_address_text(from, address, sizeof address);
    arrival = serve_arrivals_take(listen->arrivals, address, end, end != &listen->ends[PLAIN], host_now().mono_ms);
    if (!arrival) {
        close(fd);
        return;
    }
    wsi = lws_adopt_descriptor_vhost(end->vhost, LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | tls, descriptor, NULL, NULL);
    if (wsi)
        serve_arrival_adopted(arrival, wsi);
    else
        serve_arrivals_drop(listen->arrivals, arrival, host_now().mono_ms);
}

static void on_proxied(void *context, int fd, const struct sockaddr_storage *from)
{
    struct sockaddr_storage proxy = {0};
    socklen_t len = sizeof proxy;

    if (from->ss_family == AF_UNSPEC && !getpeername(fd, (struct sockaddr *)&proxy, &len))
        from = &proxy; /* its own, to see whether we live */
    take_in(context, fd, from);
}

static void on_accept(void *context)
{
    struct end *end = context;
    struct serve_listen *listen = end->listen;

    for (int i = 0; i < ACCEPT_A_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        int fd = accept4(end->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            turn_away(end);
        if (fd < 0)
            return;
        if (listen->proxied && end != &listen->ends[PLAIN] &&
            serve_networks_have(&listen->serve->config->proxy_protocol_from, &from)) {
            if (!serve_proxied_take(listen->proxied, fd, on_proxied, end, host_now().mono_ms))
                serve_arrivals_note(listen->arrivals, SERVE_REFUSED_handshakes);
        } else {
            take_in(end, fd, &from);
        }
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
    bool fine = true;

    for (size_t kind = 0; kind < ENDS; kind++) {
        const char *address = setting_of(config, kind);
        int fd;

        if (!*address)
            continue;
        if (bind_end(address, &fd, report)) {
            close(fd);
            serve_report_fine(report, address, "free to listen on (%s)", kinds[kind].what);
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
        serve_report_add(report, SERVE_ERROR, serve->folder->own_pair.cert, "TLS cannot be set up with it",
                         "check the OpenSSL of this system, and issue the certificate again");
        return false;
    }
    SSL_CTX_set_app_data(end->tls.ctx, end);
    SSL_CTX_set_tlsext_servername_callback(end->tls.ctx, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(end->tls.ctx, end);
    return true;
}

static bool set_up_without_tls(struct end *end, const char *name)
{
    struct serve *serve = end->listen->serve;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER, .vhost_name = name, .protocols = serve_http_protocols(), .user = serve};

    end->vhost = lws_create_vhost(host_loop_context(serve->loop), &info);
    return end->vhost != NULL;
}

static bool start_accepting(struct serve_listen *listen, size_t kind, struct serve_report *report)
{
    struct end *end = &listen->ends[kind];
    const char *address = setting_of(listen->serve->config, kind);
    char host[SERVE_HOST_BYTES];

    if (!*address)
        return true;
    end->fd = serve_handover_take((unsigned)kind);
    if (end->fd < 0 && !bind_end(address, &end->fd, report))
        return false;
    serve_address_tune(end->fd); /* what it accepts inherits all of it */
    snprintf(end->bound, sizeof end->bound, "%s", address);
    if (serve_address_host(address, host, sizeof host))
        snprintf(end->bound, sizeof end->bound, strchr(host, ':') ? "[%.250s]:%u" : "%.250s:%u", host,
                 serve_address_port(end->fd));
    if (!host_watch_new(&end->watch, listen->serve->loop, end->fd, on_accept, end))
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
        strcpy(out, chosen);
        return true;
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
    return !config->proxy_protocol_from.count ||
           !serve_proxied_new(&listen->proxied, listen->serve->loop, (size_t)config->limits.handshakes,
                              config->limits.opening_ms);
}

static bool set_up_ends(struct serve_listen *listen, struct serve_report *report)
{
    struct end *ends = listen->ends;

    return set_up_tls(&ends[PUBLIC], false, report) && set_up_tls(&ends[STAFF], true, report) &&
           (!ends[PLAIN].watch || set_up_without_tls(&ends[PLAIN], "plain")) &&
           (!ends[HTTP].watch || set_up_without_tls(&ends[HTTP], "http"));
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
    for (size_t kind = 0; kind < ENDS; kind++)
        listen->ends[kind].listen = listen;
    done = make_parts(listen) && check_plain(config, report);
    for (size_t kind = 0; kind < ENDS; kind++)
        done = done && start_accepting(listen, kind, report);
    return done && set_up_ends(listen, report) &&
           name_end(listen, PUBLIC, config->host, serve->public_authority, report) &&
           name_end(listen, listen->shared ? PUBLIC : STAFF, config->staff_host, serve->staff_authority, report);
}

const char *serve_listen_http(const struct serve_listen *listen)
{
    return listen->ends[HTTP].watch ? listen->ends[HTTP].bound : NULL;
}

const char *serve_listen_plain(const struct serve_listen *listen)
{
    return listen->ends[PLAIN].watch ? listen->ends[PLAIN].bound : NULL;
}

int serve_listen_fd(const struct serve_listen *listen, unsigned place)
{
    return listen->ends[place].watch ? listen->ends[place].fd : -1;
}

void serve_listen_stop(struct serve_listen *listen)
{
    for (size_t kind = 0; kind < ENDS; kind++) {
        host_watch_free(listen->ends[kind].watch);
        listen->ends[kind].watch = NULL;
    }
}

void serve_listen_free(struct serve_listen *listen)
{
    if (!listen)
        return;
    for (size_t kind = 0; kind < ENDS; kind++)
        host_watch_free(listen->ends[kind].watch);
    serve_proxied_free(listen->proxied);
    serve_arrivals_free(listen->arrivals);
    if (listen->spare >= 0)
        close(listen->spare);
    free(listen);
}

bool serve_listen_reload(struct serve_listen *listen)
{
    for (size_t kind = 0; kind < ENDS; kind++)
        *listen->ends[kind].named = 0;
    return serve_tls_load_pair(&listen->ends[PUBLIC].tls) && serve_tls_load_pair(&listen->ends[STAFF].tls);
}
