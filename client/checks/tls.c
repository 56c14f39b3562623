/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/checks/inside.h"

static void look_at_certificate(SSL *ssl, struct check_tls *out)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    int days, seconds;

    if (certificate && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)))
        out->days_left = days - (days <= 0 && seconds < 0);
    out->not_yet = certificate && X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0;
}

/* The handshake, a step each time the socket is ready. */
static bool shake(struct check_run *run, SSL *ssl, int fd)
{
    for (;;) {
        int done = SSL_connect(ssl), error = SSL_get_error(ssl, done);

        if (done == 1)
            return true;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return false;
        if (!check_wait(run, fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, run->deadline_ms))
            return false;
    }
}

static void name_host(SSL *ssl, const char *host)
{
    unsigned char figures[16];

    if (inet_pton(AF_INET, host, figures) == 1 || inet_pton(AF_INET6, host, figures) == 1) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
        return;
    }
    SSL_set_tlsext_host_name(ssl, host);
    SSL_set1_host(ssl, host);
}

static void explain(struct check_run *run, SSL *ssl, struct check_tls *out)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(error);

    if (run->cancelled)
        snprintf(out->why, sizeof out->why, "cancelled");
    else if (check_mono_ms() >= run->deadline_ms)
        snprintf(out->why, sizeof out->why, "the handshake did not end in time");
    else if (out->no_roots)
        snprintf(out->why, sizeof out->why, "the file of trusted roots (ca) cannot be read");
    else if (SSL_get_verify_result(ssl) != X509_V_OK)
        snprintf(out->why, sizeof out->why, "%s", X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
    else
        snprintf(out->why, sizeof out->why, "%s", reason ? reason : "the other end closed the connection");
}

void check_tls(struct check_run *run, int fd, const char *host, const char *ca, struct check_tls *out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context ? SSL_new(context) : NULL;
    int64_t begun = check_mono_ms();

    memset(out, 0, sizeof *out);
    out->days_left = INT64_MIN;
    ERR_clear_error();
    if (ssl && SSL_set_fd(ssl, fd)) {
        X509_STORE *store = *ca ? X509_STORE_new() : NULL;

        if (store) /* one that cannot be read trusts nobody: not somebody else's roots instead */
            out->no_roots = !X509_STORE_load_file(store, ca) || !SSL_set1_verify_cert_store(ssl, store);
        else
            SSL_CTX_set_default_verify_paths(context);
        name_host(ssl, host);
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL); /* it is judged below: a bad certificate is a finding, not an end */
        out->shaken = shake(run, ssl, fd);
        out->trusted = out->shaken && !out->no_roots && SSL_get_verify_result(ssl) == X509_V_OK;
        out->tls_ms = (double)(check_mono_ms() - begun);
        look_at_certificate(ssl, out);
        if (!out->trusted)
            explain(run, ssl, out);
        X509_STORE_free(store);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
}
