/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/connection_tls.h - the TLS client of one connection, and what went wrong in it, in words.
 *
 * Its own SSL_CTX for each connection: the host that the certificate must name, the roots and the client certificate
 * all belong to that connection alone.
 */
#ifndef PROTO_HOST_CONNECTION_TLS_H
#define PROTO_HOST_CONNECTION_TLS_H

#include <openssl/ssl.h>

#include "proto/host/connection.h"

struct host_tls {
    SSL_CTX *ctx;     /* owned; points back here until clear */
    bool is_address;  /* the host is one: then no SNI (RFC 6066, 3) */
    int verify_error; /* first X509_V_ERR_… about the relay's certificate; 0: none */
    int alert;        /* last fatal alert that the relay sent; -1: none */
};

/** `tls` must not move afterwards. On an error `error` names the file and it is cleared. */
PROTO_MUST_USE enum proto_err host_tls_init(struct host_tls *tls, const char *host,
                                            const struct host_connection_config *config,
                                            char error[static HOST_CONNECTION_ERROR_BYTES]);
void host_tls_clear(struct host_tls *tls); /* a zeroed one is fine */

/** What TLS has against this connection, as error and sentence; PROTO_OK and no text when TLS has nothing. */
enum proto_err host_tls_explain(const struct host_tls *tls, const struct host_url *url,
                                const struct host_connection_config *config,
                                char text[static HOST_CONNECTION_ERROR_BYTES]);

#endif
