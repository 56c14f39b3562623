/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/connection_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "proto/identity/credential.h"

#define TLS12_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20"
#define TLS13_SUITES "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"

static int on_verify(int ok, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct host_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    if (!ok && tls && !tls->verify_error)
        tls->verify_error = X509_STORE_CTX_get_error(store);
    return ok;
}

/*
 * libwebsockets sets a verify callback of its own, which would keep the reason to itself, and sends an address as SNI,
 * which RFC 6066 forbids. Both are put right before the first byte leaves.
 */
static void take_over(SSL *ssl, const struct host_tls *tls)
{
    SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verify);
    if (tls->is_address)
        (void)SSL_set_tlsext_host_name(ssl, NULL);
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct host_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    if (!tls)
        return;
    if (where & SSL_CB_HANDSHAKE_START)
        take_over((SSL *)ssl, tls);
    else if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        tls->alert = value & 255;
}

static enum proto_err set_host(struct host_tls *tls, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(tls->ctx);

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    tls->is_address = X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    if (tls->is_address || X509_VERIFY_PARAM_set1_host(param, host, 0) == 1)
        return PROTO_OK;
    return PROTO_ERR_NOMEM;
}

/* Staff trust the organisation's root alone. A customer's TLS may come from a public CA as well: who the agent is does
 * not hang on it. */
static enum proto_err set_roots(SSL_CTX *ctx, const char *file, bool staff,
                                char error[static HOST_CONNECTION_ERROR_BYTES])
{
    if (!file)
        return SSL_CTX_set_default_verify_paths(ctx) == 1 ? PROTO_OK : PROTO_ERR_IO;
    if (SSL_CTX_load_verify_file(ctx, file) == 1)
        return staff || SSL_CTX_set_default_verify_paths(ctx) == 1 ? PROTO_OK : PROTO_ERR_IO;
    snprintf(error, HOST_CONNECTION_ERROR_BYTES,
             "%s: not a readable file of certificates in PEM; give the organisation's ca.crt", file);
    return PROTO_ERR_IO;
}

static bool use_credential(SSL_CTX *ctx, const struct proto_credential *credential)
{
    const struct proto_certificate *leaf = &credential->chain[0];
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, credential->secret_key, 32);
    bool fine = key && SSL_CTX_use_certificate_ASN1(ctx, (int)leaf->len, leaf->bytes) == 1 &&
                SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

    for (size_t i = 1; fine && i + 1 < credential->chain_len; i++) {
        const unsigned char *at = credential->chain[i].bytes;
        X509 *between = d2i_X509(NULL, &at, (long)credential->chain[i].len);

        fine = between && SSL_CTX_add1_chain_cert(ctx, between) == 1;
        X509_free(between);
    }
    EVP_PKEY_free(key);
    return fine;
}

static enum proto_err set_certificate(SSL_CTX *ctx, const struct host_connection_config *config,
                                      char error[static HOST_CONNECTION_ERROR_BYTES])
{
    if (config->credential && use_credential(ctx, config->credential))
        return PROTO_OK;
    if (config->credential) {
        snprintf(error, HOST_CONNECTION_ERROR_BYTES, "%s: this identity cannot be used for TLS; issue it anew",
                 config->cert_file ? config->cert_file : "the certificate");
        return PROTO_ERR_KEY;
    }
    if (!config->cert_file)
        return PROTO_OK;
    if (SSL_CTX_use_certificate_chain_file(ctx, config->cert_file) != 1) {
        snprintf(error, HOST_CONNECTION_ERROR_BYTES,
                 "%s: not a readable certificate in PEM; check the path of the identity", config->cert_file);
        return PROTO_ERR_IO;
    }
    if (!config->key_file || SSL_CTX_use_PrivateKey_file(ctx, config->key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) {
        snprintf(error, HOST_CONNECTION_ERROR_BYTES,
                 "%s: not a readable private key that belongs to %s; keep the pair from one issue together",
                 config->key_file ? config->key_file : "(no key)", config->cert_file);
        return PROTO_ERR_KEY;
    }
    return PROTO_OK;
}

enum proto_err host_tls_init(struct host_tls *tls, const char *host, const struct host_connection_config *config,
                             char error[static HOST_CONNECTION_ERROR_BYTES])
{
    enum proto_err err = PROTO_ERR_NOMEM;

    *tls = (struct host_tls){.ctx = SSL_CTX_new(TLS_client_method()), .alert = -1};
    snprintf(error, HOST_CONNECTION_ERROR_BYTES, "%s: TLS cannot be set up; check the OpenSSL of this system", host);
    if (tls->ctx && SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(tls->ctx, TLS12_SUITES) == 1 && SSL_CTX_set_ciphersuites(tls->ctx, TLS13_SUITES) == 1)
        err = set_host(tls, host);
    if (!err)
        err = set_roots(tls->ctx, config->ca_file, config->cert_file != NULL, error);
    if (!err)
        err = set_certificate(tls->ctx, config, error);
    ERR_clear_error();
    if (err) {
        host_tls_clear(tls);
        return err;
    }
    error[0] = 0;
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, on_verify);
    SSL_CTX_set_info_callback(tls->ctx, on_info);
    SSL_CTX_set_mode(tls->ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_app_data(tls->ctx, tls);
    return PROTO_OK;
}

void host_tls_clear(struct host_tls *tls)
{
    if (tls->ctx)
        SSL_CTX_set_app_data(tls->ctx, NULL); /* an SSL that still closes keeps the context alive */
    SSL_CTX_free(tls->ctx);
    *tls = (struct host_tls){.alert = -1};
}

/* What OpenSSL says of a relay's certificate, and what it means for a person. Others: the last line. */
static const struct verdict {
    int code;
    enum proto_err err;
    const char *rule, *way_out;
} verdicts[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, PROTO_ERR_CERT_NAME, "the relay's certificate is for another host",
     "use the name that is in the certificate, or issue one with --host for this name"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, PROTO_ERR_CERT_NAME, "the relay's certificate is for another host",
     "use the name that is in the certificate, or issue one with --host for this address"},
    {X509_V_ERR_CERT_HAS_EXPIRED, PROTO_ERR_CERT_EXPIRED, "the relay's certificate has ended",
     "ask whoever runs the relay to issue a new one (handhold-certs issue relay); check the clock of this device too"},
    {X509_V_ERR_CERT_NOT_YET_VALID, PROTO_ERR_CERT_PROFILE, "the relay's certificate is not valid yet",
     "check the clock of this device"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, PROTO_ERR_CERT_CHAIN,
     "the relay's certificate is not signed by a CA that this device trusts", "name the ca.crt of the relay's organisation with --ca"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, PROTO_ERR_CERT_CHAIN,
     "the relay's certificate is not signed by a CA that this device trusts", "name the ca.crt of the relay's organisation with --ca"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, PROTO_ERR_CERT_CHAIN,
     "the relay's certificate is not signed by a CA that this device trusts", "name the ca.crt of the relay's organisation with --ca"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, PROTO_ERR_CERT_CHAIN,
     "the relay's certificate comes from a CA that is not trusted here", "name the ca.crt of the relay's organisation with --ca"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, PROTO_ERR_CERT_CHAIN, "the relay's certificate is signed by nobody",
     "name the ca.crt of the relay's organisation with --ca"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, PROTO_ERR_CERT_CHAIN,
     "the signature in the relay's certificate is not that of its CA",
     "do not trust this relay; ask the organisation"},
    {0, PROTO_ERR_CERT_PROFILE, "the relay's certificate does not hold", "ask whoever runs the relay"},
};

static const struct verdict *verdict_of(int code)
{
    const struct verdict *v = verdicts;

    while (v->code && v->code != code)
        v++;
    return v;
}

/* Alerts of RFC 8446, 6.2, that speak of the certificate of this end. */
static enum proto_err explain_alert(int alert, const char **rule, const char **way_out)
{
    switch (alert) {
    case SSL_AD_CERTIFICATE_EXPIRED:
        *rule = "the relay says that this certificate has ended";
        *way_out = "issue a new one with handhold-certs issue";
        return PROTO_ERR_CERT_EXPIRED;
    case SSL_AD_CERTIFICATE_REVOKED:
        *rule = "the relay says that this certificate was revoked";
        *way_out = "ask the organisation for a new one";
        return PROTO_ERR_CERT_REVOKED;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
        *rule = "the relay refuses this certificate: it is not one of its organisation's";
        *way_out = "use an identity that this organisation's handhold-certs issued";
        return PROTO_ERR_REFUSED;
    case TLS13_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_HANDSHAKE_FAILURE: /* what TLS 1.2 says when the certificate is missing */
        *rule = "the relay wants a certificate of its organisation here";
        *way_out = "this is the staff end: give --identity, or use the public address";
        return PROTO_ERR_REFUSED;
    case TLS1_AD_UNRECOGNIZED_NAME:
        *rule = "the relay does not serve this host name";
        *way_out = "use the name that is in the relay's certificate";
        return PROTO_ERR_CERT_NAME;
    default:
        *rule = "the relay ended TLS";
        *way_out = "update the older of the two ends";
        return PROTO_ERR_REFUSED;
    }
}

enum proto_err host_tls_explain(const struct host_tls *tls, const struct host_url *url,
                                const struct host_connection_config *config,
                                char text[static HOST_CONNECTION_ERROR_BYTES])
{
    const char *rule, *way_out;
    enum proto_err err;

    text[0] = 0;
    if (tls->verify_error) {
        const struct verdict *v = verdict_of(tls->verify_error);

        snprintf(text, HOST_CONNECTION_ERROR_BYTES, "%s:%u: %s (%s); %s", url->host, url->port, v->rule,
                 X509_verify_cert_error_string(tls->verify_error), v->way_out);
        return v->err;
    }
    if (tls->alert < 0)
        return PROTO_OK;
    err = explain_alert(tls->alert, &rule, &way_out);
    snprintf(text, HOST_CONNECTION_ERROR_BYTES, "%s:%u: %s%s%s (TLS alert %d); %s", url->host, url->port,
             config->cert_file ? config->cert_file : "", config->cert_file ? ": " : "", rule, tls->alert, way_out);
    return err;
}
