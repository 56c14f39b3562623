/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/pair.h - a certificate and its key, loaded and checked as TLS will use them.
 *
 * There are two: relay/relay.crt, which the organisation issues and which staff and companions trust, and
 * public/fullchain.pem, which a public CA issues and which a stranger's browser trusts. The public end shows the second
 * one for the names that are in it. What is checked is what is served: the files are not read a second time.
 */
#ifndef RELAY_SERVE_PAIR_H
#define RELAY_SERVE_PAIR_H

#include <openssl/ssl.h>
#include <time.h>

#include "proto/host/files.h"
#include "relay/serve/report.h"

struct serve_pair {
    char cert[HOST_PATH_BYTES], key[HOST_PATH_BYTES]; /* PEM; the certificate first, then its chain */
    const char *renew;                                /* static: how the next one is come by */
    const char *roots; /* borrowed: the file of those that it must be under; NULL: whoever asks knows */
    SSL_CTX *loaded;   /* owned: certificate, chain, key; NULL: none */
    struct timespec seen_cert, seen_key; /* when the files were written that were read last */
    int64_t found_end_s; /* when the certificate ends that was read last, taken or not; 0: none could be read */
};

enum { SERVE_PAIR_HOSTS = 2 };
/**
 * Reads both files and holds them to each other, to the roots, to the clock, and to the hosts that it must name (each
 * may be NULL; NULL: none is known yet). false: the report says what is wrong, and the pair keeps what it had. A pair
 * that ends within 14 days is taken, and is a warning.
 */
bool serve_pair_read(struct serve_pair *pair, const char *const hosts[SERVE_PAIR_HOSTS], struct serve_report *report);
/** Has one of the files changed since? One that is not there has not. */
bool serve_pair_changed(const struct serve_pair *pair);
void serve_pair_clear(struct serve_pair *pair);
/** NULL when nothing is loaded. Borrowed. */
const X509 *serve_pair_certificate(const struct serve_pair *pair);
/** Does one of the files lie there? */
bool serve_pair_lies_there(const struct serve_pair *pair);
/** When it ends, in unix time; where nothing is loaded, what lies there; 0: that cannot be read either. */
int64_t serve_pair_end_s(const struct serve_pair *pair);
/** Does it name this host (a DNS name or an address)? */
bool serve_pair_names(const struct serve_pair *pair, const char *host);
/** The first host that it names; false when it names none. */
bool serve_pair_first_name(const struct serve_pair *pair, char *out, size_t size);
/** A context shows it from now on. */
bool serve_pair_use(const struct serve_pair *pair, SSL_CTX *ctx);
/** This connection shows it, in place of what its context has. In the callback of SSL_CTX_set_cert_cb. */
bool serve_pair_show(const struct serve_pair *pair, SSL *ssl);

#endif
