/* SPDX-License-Identifier: Apache-2.0 */
/* Who comes to which end, and under which name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/world.h"
#include "relay/serve/address.h"
#include "relay/serve/listen_inside.h"
#include "relay/serve/tell.h"

enum { ACCEPT_A_TURN = 32 }; /* then those who are connected have theirs */

/* ---- which end ---- */

bool serve_listen_is_staff(struct lws *wsi)
{
    SSL *ssl = lws_get_ssl(wsi);
    struct serve_end *end = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;

    return end && end == &end->listen->ends[SERVE_END_STAFF];
}

/* Not by its virtual host: libwebsockets chooses another one by the name in Host. */
bool serve_listen_redirects(const struct serve_listen *listen, struct lws *wsi)
{
    return listen->ends[SERVE_END_HTTP].vhost && serve_arrival_end(wsi) == &listen->ends[SERVE_END_HTTP];
}

bool serve_listen_measures(const struct serve_listen *listen, struct lws *wsi)
{
    return listen->ends[SERVE_END_METRICS].vhost && serve_arrival_end(wsi) == &listen->ends[SERVE_END_METRICS];
}

/* Nothing, or a port and nothing else: libwebsockets shows two Host lines as one, with a comma in between. */
static bool is_port(const char *text)
{
    return !*text || (*text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

static bool host_of(struct lws *wsi, char *out, size_t size)
{
    int len = lws_hdr_copy(wsi, out, (int)size, WSI_TOKEN_HOST);
    char *end;

    if (len <= 0 || strlen(out) != (size_t)len)
        return false;
    end = *out == '[' ? strchr(out, ']') : out + strcspn(out, ":");
    if (!end || !is_port(end + (*out == '[')))
        return false;
    *end = 0;
    if (*out == '[')
        memmove(out, out + 1, strlen(out));
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
static bool is_named(struct serve_end *end, const char *host)
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
    if (!is_named(&listen->ends[serve_listen_is_staff(wsi) ? SERVE_END_STAFF : SERVE_END_PUBLIC], host) ||
        (sni && strcasecmp(sni, host)))
        return false;
    if (!listen->shared)
        return true;
    return sni && serve_listen_is_staff(wsi) == !strcasecmp(host, listen->serve->config->staff_host);
}

/* SNI: before anything is answered. RFC 6066, 3. */
int serve_listen_server_name(SSL *ssl, int *alert, void *context)
{
    struct serve_end *end = context;
    struct serve_listen *listen = end->listen;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    *alert = SSL_AD_UNRECOGNIZED_NAME;
    if (name ? !is_named(end, name) : listen->shared)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    if (listen->shared && !strcasecmp(name, listen->serve->config->staff_host)) {
        SSL_set_SSL_CTX(ssl, listen->ends[SERVE_END_STAFF].tls.ctx);
        serve_tls_ask_certificate(ssl); /* OpenSSL does not take the mode over with the context */
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ---- connections ---- */

void serve_listen_peer(struct lws *wsi, char *out, size_t size)
{
    const char *behind = serve_arrival_address(wsi);
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;

    if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer, &len))
        snprintf(out, size, "?");
    else if (behind)
        snprintf(out, size, "%s", behind);
    else
        serve_address_text(&peer, out, size);
}

bool serve_listen_asks_once(const struct serve_listen *listen, struct lws *wsi)
{
    return listen->ends[SERVE_END_PLAIN].vhost && serve_arrival_end(wsi) == &listen->ends[SERVE_END_PLAIN];
}

bool serve_listen_asked(struct serve_listen *listen, struct lws *wsi)
{
    int64_t now_ms = host_now().mono_ms;

    return serve_arrival_may_ask(listen->arrivals, wsi, now_ms) &&
           (serve_arrival_asked(listen->arrivals, wsi, now_ms) || !serve_listen_asks_once(listen, wsi));
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

    if (listen->spare < 0) /* somebody else took it when it was open last */
        listen->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    serve_arrivals_tick(listen->arrivals, now_ms);
    struct serve_proxied_closed closed = serve_proxied_tick(listen->proxied, now_ms);
    serve_arrivals_note(listen->arrivals, SERVE_REFUSED_opening, closed.late);
    serve_arrivals_note(listen->arrivals, SERVE_REFUSED_proxy_header, closed.wrong);
    serve_arrivals_note(listen->arrivals, SERVE_REFUSED_header, closed.large + serve_tell_large_heads());
}

void serve_listen_figures(const struct serve_listen *listen, struct serve_arrival_figures *out)
{
    serve_arrivals_figures(listen->arrivals, out);
}

/* Without a descriptor the one who knocks would be told of again and again, and never answered. */
static void turn_away(struct serve_end *end)
{
    struct serve_listen *listen = end->listen;
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    char address[SERVE_ADDRESS_BYTES];
    int fd;

    if (listen->spare < 0)
        return;
    close(listen->spare);
    fd = accept4(end->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    listen->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    serve_address_text(&from, address, sizeof address);
    serve_arrivals_refuse(listen->arrivals, address, SERVE_REFUSED_descriptors);
}

/* `each`: the address is somebody's own, and not that of a proxy in front of many. */
static void take_in(struct serve_end *end, int fd, const struct sockaddr_storage *from, bool each)
{
    struct serve_listen *listen = end->listen;
    lws_sock_file_fd_type descriptor = {.sockfd = fd};
    char address[SERVE_ADDRESS_BYTES];
    struct serve_arrival *arrival;
    unsigned tls = end->tls.ctx ? LWS_ADOPT_ALLOW_SSL : 0;
    struct lws *wsi;

    serve_address_text(from, address, sizeof address);
    arrival = serve_arrivals_take(listen->arrivals, address, end, each, host_now().mono_ms);
    if (!arrival) {
        close(fd);
        return;
    }
    wsi = lws_adopt_descriptor_vhost(end->vhost, LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | tls, descriptor, NULL, NULL);
    if (wsi) {
        serve_arrival_adopted(arrival, wsi);
        if (lws_get_ssl(wsi))
            serve_arrival_speaks(arrival, lws_get_ssl(wsi));
    } else
        serve_arrivals_drop(listen->arrivals, arrival, host_now().mono_ms);
}

static void on_proxied(void *context, int fd, const struct sockaddr_storage *from)
{
    struct sockaddr_storage proxy = {0};
    socklen_t len = sizeof proxy;

    if (from->ss_family == AF_UNSPEC && !getpeername(fd, (struct sockaddr *)&proxy, &len))
        from = &proxy; /* its own, to see whether we live */
    take_in(context, fd, from, true);
}

static void on_forwarded(void *context, int fd, const struct sockaddr_storage *from)
{
    struct serve_end *end = context;
    struct sockaddr_storage proxy = {0};
    socklen_t len = sizeof proxy;
    bool behind = !getpeername(fd, (struct sockaddr *)&proxy, &len) && from->ss_family != AF_UNSPEC &&
                  serve_networks_have(&end->listen->serve->config->forwarded_from, &proxy);

    take_in(end, fd, behind ? from : &proxy, behind);
}

static void take_behind(struct serve_end *end, int fd, enum serve_proxied_by by)
{
    struct serve_listen *listen = end->listen;

    if (!serve_proxied_take(listen->proxied, fd, by, by == SERVE_BY_REQUEST ? on_forwarded : on_proxied, end,
                            host_now().mono_ms))
        serve_arrivals_note(listen->arrivals, SERVE_REFUSED_handshakes, 1);
}

/* A proxy that passes it through is believed there alone: who asks for figures may be on the same machine. */
static bool has_tls(const struct serve_end *end)
{
    return end == &end->listen->ends[SERVE_END_PUBLIC] || end == &end->listen->ends[SERVE_END_STAFF];
}

void serve_listen_accept(void *context)
{
    struct serve_end *end = context;
    struct serve_listen *listen = end->listen;

    for (int i = 0; i < ACCEPT_A_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        int fd = accept4(end->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            turn_away(end);
        if (fd < 0)
            return;
        if (end == &listen->ends[SERVE_END_PLAIN])
            take_behind(end, fd, SERVE_BY_REQUEST);
        else if (has_tls(end) && serve_networks_have(&listen->serve->config->proxy_protocol_from, &from))
            take_behind(end, fd, SERVE_BY_PROXY_HEADER);
        else
            take_in(end, fd, &from, true);
    }
}
