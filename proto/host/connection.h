/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/connection.h - one WebSocket over TLS to a relay, for every program that is an end.
 *
 * It knows bytes and nothing of the protocol in them: whole messages come in, and whoever owns it is asked for the next
 * message when the line has room (pull, so that nothing queues twice). It does not reconnect: the owner decides when,
 * and makes a new one. TLS 1.2 or later; the relay's certificate must chain to the CA that was given or, for
 * whoever has no client certificate, to one of this system's roots, and name the host of the URL. Several may live on one loop.
 */
#ifndef PROTO_HOST_CONNECTION_H
#define PROTO_HOST_CONNECTION_H

#include "proto/host/loop.h"
#include "proto/util/err.h"

#define HOST_URL_BYTES 512u
#define HOST_HOST_BYTES 256u
#define HOST_PATH_PART_BYTES 200u
#define HOST_SUBPROTOCOL "handhold.1"

struct host_connection;
struct proto_credential;

struct host_url {
    char host[HOST_HOST_BYTES]; /* name or address; IPv6 without brackets */
    uint16_t port;
    char path[HOST_PATH_PART_BYTES]; /* "/s" when the URL has none */
};
/**
 * Reads "https://host[:port][/path]" (or wss://). The path of a connection is "/s" unless the URL has one that is more
 * than "/". PROTO_ERR_FORMAT: anything else, a user, a query or a fragment in it.
 */
PROTO_MUST_USE enum proto_err host_url_parse(struct host_url *out, const char *text);

struct host_connection_config {
    const char *url;         /* copied */
    const char *ca_file;     /* PEM; NULL: the roots of this system */
    const char *cert_file;   /* PEM of the client certificate, staff only; NULL: none */
    const char *key_file;    /* PEM of its key */
    /** In place of both files (cert_file then only names it in errors): it stays what it was when the files are
     * replaced. Borrowed for the call. */
    const struct proto_credential *credential;
    int64_t connect_wait_ms; /* for TCP, TLS and upgrade together; 0: 10 s */

    /* All run on the loop's thread. Freeing the connection in any of them is fine. */
    /** The WebSocket stands; pending() is asked from now on. */
    void (*on_open)(void *context);
    /** One whole message, 1 to PROTO_MAX_MESSAGE_BYTES; borrowed for the call. */
    void (*on_message)(void *context, const uint8_t *bytes, size_t len);
    /** The next message to send, NULL when there is none (then call host_connection_wake() when there is). Borrowed
     * until sent(). */
    const uint8_t *(*pending)(void *context, size_t *len);
    void (*sent)(void *context);
    /**
     * Exactly once, also when the connection never stood; nothing is called after it. `err`: PROTO_OK closed by us or
     * in order by the relay; NOT_FOUND the name does not resolve; IO unreachable, refused, reset; TIMEOUT; CERT_CHAIN,
     * CERT_NAME, CERT_EXPIRED, CERT_PROFILE (not yet valid, wrong purpose, …) the relay's certificate; CERT_REVOKED,
     * REFUSED our client certificate or the upgrade was refused; RANGE, FORMAT the relay sent what no relay sends.
     * `text` names value, rule and way out; borrowed for the call.
     */
    void (*on_closed)(void *context, enum proto_err err, const char *text);
    void *context;
};

#define HOST_CONNECTION_ERROR_BYTES 512u
/**
 * Starts to connect. An error is about the arguments (URL, unreadable or mismatched PEM files): `error` has the
 * sentence and on_closed is not called. PROTO_OK: all else comes through the callbacks, none of them before this
 * returns.
 */
PROTO_MUST_USE enum proto_err host_connection_new(struct host_connection **out, struct host_loop *loop,
                                                  const struct host_connection_config *config,
                                                  char error[static HOST_CONNECTION_ERROR_BYTES]);
/** At once and without a further callback. NULL is fine. */
void host_connection_free(struct host_connection *connection);

/** There is something to send: pending() is asked soon. Before on_open it does nothing. */
void host_connection_wake(struct host_connection *connection);
/** Lets what pending() still gives leave, then closes in order; on_closed tells when. */
void host_connection_close(struct host_connection *connection);
/** The line is gone without a word (tests of lost connections): no closing handshake. on_closed tells when. */
void host_connection_cut(struct host_connection *connection);

struct host_connection_figures {
    uint64_t messages_in, messages_out, bytes_in, bytes_out;
};
void host_connection_figures(const struct host_connection *connection, struct host_connection_figures *out);

#endif
