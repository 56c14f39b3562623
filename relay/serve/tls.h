/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/tls.h - the TLS of one end, as a virtual host of libwebsockets.
 */
#ifndef RELAY_SERVE_TLS_H
#define RELAY_SERVE_TLS_H

#include <libwebsockets.h>
#include <openssl/ssl.h>

#include "proto/host/loop.h"
#include "relay/serve/folder.h"

struct serve_tls {
    SSL_CTX *ctx; /* the virtual host's */
    bool staff;
    const struct serve_folder *folder; /* borrowed */
};

/** `tls` must not move; `user` is what lws_vhost_user() gives. NULL: it cannot be set up. */
struct lws_vhost *serve_tls_vhost(struct serve_tls *tls, struct host_loop *loop, const struct serve_folder *folder,
                                  bool staff, const struct lws_protocols *protocols, void *user);
/** To be called for LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS with its context. */
int serve_tls_configure(SSL_CTX *ctx);
/** The folder's pair is another one now: it is shown from now on. */
bool serve_tls_load_pair(struct serve_tls *tls);
/** A certificate is demanded on this connection. */
void serve_tls_ask_certificate(SSL *ssl);

#endif
