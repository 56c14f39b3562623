/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/listen.h - TCP and TLS: the public end, the staff end, and which of them a connection came to. Besides,
 * when the operator wants them: port 80 (relay/serve/redirect.h), and the public end without TLS for a proxy in front.
 *
 * Two ports, or one that tells the ends apart by the name in TLS (SNI). The staff end asks for a client certificate of
 * the organisation; whether its holder may come in is asked again for every request (relay/serve/http.h), because TLS
 * alone does not know of roles and revocation. TLS 1.2 or later, AEAD suites, http/1.1, no session tickets: a ticket of
 * one end must not open the other.
 */
#ifndef RELAY_SERVE_LISTEN_H
#define RELAY_SERVE_LISTEN_H

#include <openssl/ssl.h>

#include "relay/serve/arrival.h"
#include "relay/serve/serve.h"

struct serve_listen;

enum { SERVE_LISTEN_ENDS = 5 }; /* places where sockets may listen */
/** The socket that listens at this place; -1: none. Borrowed. */
int serve_listen_fd(const struct serve_listen *listen, unsigned place);
/** Takes nobody in any more; who is connected stays. */
void serve_listen_stop(struct serve_listen *listen);

/** What the settings and the certificates (NULL: there are none to look at) tell before anything is bound. false: the
 * report has what is wrong. */
bool serve_listen_fits(const struct serve_config *config, const struct serve_folder *folder,
                       struct serve_report *report);
/**
 * Of a relay that takes over, while the one before still serves: what was handed over is kept where the settings still
 * want it, the rest is bound now or closed. false: it cannot be, so the one before may go on.
 */
bool serve_listen_take_over(const struct serve_config *config, struct serve_report *report);
/** Binds and serves from now on, what fits. false: the report names the address, why, and the way out. */
bool serve_listen_new(struct serve_listen **out, struct serve *serve, struct serve_report *report);
/** Takes no more connections; those that stand are not touched. NULL is fine. */
void serve_listen_free(struct serve_listen *listen);
/** host:port of port 80's stand-in, of the end without TLS and of that of figures, as they were bound; NULL: there is
 * none. Borrowed. */
const char *serve_listen_http(const struct serve_listen *listen);
const char *serve_listen_metrics(const struct serve_listen *listen);
const char *serve_listen_plain(const struct serve_listen *listen);
/** Binds and lets go again: for --check. `runs`: a relay runs on this folder, and what is in use may be its own. */
bool serve_listen_check(const struct serve_config *config, bool runs, struct serve_report *report);

/** The hosts by which strangers and staff come to a relay that serves; empty: a proxy has the certificate for them. */
void serve_listen_hosts(const struct serve *serve, char public_host[static SERVE_HOST_BYTES],
                        char staff_host[static SERVE_HOST_BYTES]);
/** New connections get the pair that is on disk now. false: it does not load, and the old one stays. */
bool serve_listen_reload(struct serve_listen *listen);

/** Did this connection come to the staff end? */
bool serve_listen_is_staff(struct lws *wsi);
/** Did it come to the end of figures? Whoever is on this machine may: nothing else is answered there. */
bool serve_listen_measures(const struct serve_listen *listen, struct lws *wsi);
/** Did it come to port 80 (relay/serve/redirect.h)? Nothing else is answered there. */
bool serve_listen_redirects(const struct serve_listen *listen, struct lws *wsi);
/**
 * The name that was asked for in TLS, the Host header and our certificate agree, and the name belongs to the end that
 * the connection came to. Without SNI (an address) Host alone is held to the certificate.
 */
bool serve_listen_host_fits(struct serve_listen *listen, struct lws *wsi);
/**
 * Is it the end without TLS? There a connection has one request, the one whose head was read before libwebsockets had
 * it (relay/serve/proxied.h): whoever else is behind the proxy has another connection.
 */
bool serve_listen_asks_once(const struct serve_listen *listen, struct lws *wsi);
/** A request of this connection has come whole, it has become a WebSocket, it has ended: for the bounds on arrivals. */
bool serve_listen_asked(struct serve_listen *listen, struct lws *wsi); /* false: do not answer it, close */
void serve_listen_opened(struct serve_listen *listen, struct lws *wsi);
void serve_listen_closed(struct serve_listen *listen, struct lws *wsi);
/** A few times a second: closes who is over their time. */
void serve_listen_tick(struct serve_listen *listen);
void serve_listen_figures(const struct serve_listen *listen, struct serve_arrival_figures *out);
/** Text of the peer's address, IPv4 in IPv6 as IPv4; of the one behind a proxy that is listed. Before opened(). */
void serve_listen_peer(struct lws *wsi, char *out, size_t size);

#endif
