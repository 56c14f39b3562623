/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/connection_inside.h - one connection, as its files share it; nobody else includes it.
 *
 *   connection.c            its life
 *   connection_blame.c      why it did not come to be, or ended
 *   connection_messages.c   what passes
 *   connection_tls.c        who the relay is, and what TLS has against it
 */
#ifndef PROTO_HOST_CONNECTION_INSIDE_H
#define PROTO_HOST_CONNECTION_INSIDE_H

#include <libwebsockets.h>

#include "proto/host/connection.h"
#include "proto/host/connection_tls.h"
#include "proto/host/pulse.h"
#include "proto/host/tcp.h"
#include "proto/util/buf.h"

enum phase { STARTING, CONNECTING, OPEN, CLOSING, ENDED };

struct host_connection {
    /* Owned */
    struct lws_vhost *vhost; /* its TLS; ended with the connection */
    struct host_timer *timer;
    struct host_tls tls;
    struct proto_buf in; /* a message that comes in pieces */
    uint8_t *out;        /* LWS_PRE bytes, then the message that leaves */
    size_t out_bytes;
    /* Borrowed */
    struct host_loop *loop;
    struct lws *wsi;

    struct host_connection_config config; /* its texts point below */
    struct host_url url;
    char authority[HOST_HOST_BYTES + 10]; /* the Host header */
    char ca_file[HOST_URL_BYTES], cert_file[HOST_URL_BYTES];
    enum phase phase;
    struct host_pulse pulse;                /* while OPEN */
    struct host_tcp tcp;                    /* with it */
    bool ping;                              /* is to be sent */
    enum proto_err err;                     /* why it will have closed; OK: not known yet */
    char text[HOST_CONNECTION_ERROR_BYTES]; /* with it */
    struct host_connection_figures figures;
};

/* connection_blame.c */
/** The first reason counts: what follows is only its consequence. */
void host_connection_blame(struct host_connection *c, enum proto_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The connection could not be made; `said` by libwebsockets, may be NULL. */
void host_connection_blame_connect(struct host_connection *c, struct lws *wsi, const char *said);
/** What the relay says when it closes (RFC 6455, 7.4.1). */
void host_connection_blame_close(struct host_connection *c, const uint8_t *in, size_t len);
/** It is closed, and nothing else said why. */
void host_connection_blame_closed(struct host_connection *c, struct lws *wsi);
void host_connection_read_alert(struct lws *wsi); /* what TLS was told late; host_tls_explain() has it then */
bool host_connection_resolves(const struct host_url *url, const char **reason);

/* connection_messages.c */
/** Sends what is pending until the line is full; -1 closes the connection. */
int host_connection_send(struct host_connection *c, struct lws *wsi);
/** A piece of a message: libwebsockets gives at most one TLS record at a time. */
int host_connection_receive(struct host_connection *c, struct lws *wsi, const uint8_t *bytes, size_t len);

#endif
