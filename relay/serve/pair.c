/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "proto/host/world.h"
#include "proto/util/buf.h"
#include "relay/serve/blocks.h"

enum { WARN_DAYS = 14, KEY_FILE_BYTES = 65536 };

static void report_key(const struct serve_pair *pair, struct serve_report *report)
{
    const char *name = strrchr(pair->cert, '/');
    char finding[HOST_PATH_BYTES + 64];

    snprintf(finding, sizeof finding, "this key does not belong to %s, or cannot be read",
             name ? name + 1 : pair->cert);
    serve_report_add(report, SERVE_ERROR, pair->key, host_file_exists(pair->key) ? finding : "the file is missing",
                     "keep certificate and key from one issue together");
}

/* A key with a passphrase: nobody is there to type it. */
static int no_passphrase(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

/* The first signature makes copies of an RSA key's primes: they are to lie where the key does. */
static void sign_once(EVP_PKEY *key)
{
    static const unsigned char text[] = "handhold";
    unsigned char signature[1024];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1)
        (void)EVP_DigestSign(ctx, signature, &len, text, sizeof text);
    EVP_MD_CTX_free(ctx);
}

/* Not by SSL_CTX_use_PrivateKey_file: what stdio reads it leaves behind. */
static bool load_key(const struct serve_pair *pair, SSL_CTX *ctx, struct serve_report *report)
{
    struct proto_buf pem;
    EVP_PKEY *key = NULL;

    proto_buf_init_secret(&pem, KEY_FILE_BYTES);
    if (!host_file_read(pair->key, &pem)) {
        serve_blocks_keep();
        BIO *bio = BIO_new_mem_buf(pem.bytes, (int)pem.len);
        key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
        BIO_free(bio);
        if (key)
            sign_once(key);
        if (!serve_blocks_kept() && key)
            serve_report_add(report, SERVE_WARNING, pair->key,
                             "there was no room left in locked memory, so this key may be swapped out",
                             "start the relay again when its connections have moved");
    }
    proto_buf_free(&pem);
    bool done = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    return done;
}

static SSL_CTX *load(const struct serve_pair *pair, struct serve_report *report)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    bool done = false;

    if (!ctx)
        return NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, pair->cert) != 1)
        serve_report_add(report, SERVE_ERROR, pair->cert,
                         host_file_exists(pair->cert) ? "not a readable certificate in PEM" : "the file is missing",
                         pair->renew);
    else if (!load_key(pair, ctx, report) || SSL_CTX_check_private_key(ctx) != 1)
        report_key(pair, report);
    else
        done = true;
    ERR_clear_error();
    if (done)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static void date_of(const ASN1_TIME *time, char out[static 32])
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1 || !strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm))
        strcpy(out, "?");
}

static int64_t end_of(const X509 *certificate)
{
    struct tm tm;

    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1 ? timegm(&tm) : 0;
}

static bool check_time(const struct serve_pair *pair, const X509 *own, struct serve_report *report)
{
    time_t now = (time_t)(host_now().unix_ms / 1000), soon = now + WARN_DAYS * 24 * 3600;
    char until[32], finding[96];

    date_of(X509_get0_notAfter(own), until);
    if (X509_cmp_time(X509_get0_notBefore(own), &now) > 0) {
        serve_report_add(report, SERVE_ERROR, pair->cert, "the certificate is not valid yet",
                         "check the clock of this machine");
        return false;
    }
    if (X509_cmp_time(X509_get0_notAfter(own), &now) < 0) {
        snprintf(finding, sizeof finding, "the certificate has ended on %s", until);
        serve_report_add(report, SERVE_ERROR, pair->cert, finding, pair->renew);
        return false;
    }
    snprintf(finding, sizeof finding, "the certificate ends on %s", until);
    bool ends_soon = X509_cmp_time(X509_get0_notAfter(own), &soon) < 0;
    report->ends_soon |= ends_soon;
    serve_report_add(report, ends_soon ? SERVE_WARNING : SERVE_FINE, pair->cert, finding,
                     ends_soon ? pair->renew : NULL);
    return true;
}

/* Under another root it would keep out everybody who trusts the organisation's. */
static bool check_roots(const struct serve_pair *pair, SSL_CTX *loaded, struct serve_report *report)
{
    STACK_OF(X509) *chain = NULL;
    X509_STORE *roots = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();

    (void)SSL_CTX_get0_chain_certs(loaded, &chain);
    bool fine = roots && check && X509_STORE_load_file(roots, pair->roots) == 1 &&
                X509_STORE_CTX_init(check, roots, SSL_CTX_get0_certificate(loaded), chain) == 1;
    if (fine) {
        X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(check), X509_V_FLAG_NO_CHECK_TIME); /* see check_time() */
        fine = X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER) == 1 && X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    X509_STORE_free(roots);
    ERR_clear_error();
    if (!fine)
        serve_report_add(report, SERVE_ERROR, pair->cert, "is not under the organisation's roots (ca/ca.crt)",
                         pair->renew);
    return fine;
}

static bool names(X509 *certificate, const char *host)
{
    return X509_check_ip_asc(certificate, host, 0) == 1 ||
           X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* Whoever comes by a name that it lacks is turned away by TLS. */
static bool check_hosts(const struct serve_pair *pair, const char *const *hosts, X509 *own, struct serve_report *report)
{
    char finding[320];
    bool fine = true;

    for (int i = 0; hosts && i < SERVE_PAIR_HOSTS; i++) {
        if (!hosts[i] || !*hosts[i] || names(own, hosts[i]))
            continue;
        snprintf(finding, sizeof finding, "does not name %s, by which this relay is reached", hosts[i]);
        serve_report_add(report, SERVE_ERROR, pair->cert, finding, pair->renew);
        fine = false;
    }
    return fine;
}

static void see(const char *path, struct timespec *seen)
{
    struct stat there;

    if (!stat(path, &there))
        *seen = there.st_mtim;
}

static bool was_written_since(const char *path, const struct timespec *seen)
{
    struct timespec now = *seen;

    see(path, &now);
    return now.tv_sec != seen->tv_sec || now.tv_nsec != seen->tv_nsec;
}

bool serve_pair_read(struct serve_pair *pair, const char *const hosts[SERVE_PAIR_HOSTS], struct serve_report *report)
{
    SSL_CTX *loaded;

    see(pair->cert, &pair->seen_cert); /* before they are read: a change in between is seen as one */
    see(pair->key, &pair->seen_key);
    pair->found_end_s = 0;
    loaded = load(pair, report);
    if (!loaded)
        return false;
    pair->found_end_s = end_of(SSL_CTX_get0_certificate(loaded));
    if (!check_time(pair, SSL_CTX_get0_certificate(loaded), report) ||
        (pair->roots && host_file_exists(pair->roots) && !check_roots(pair, loaded, report)) ||
        !check_hosts(pair, hosts, SSL_CTX_get0_certificate(loaded), report)) {
        SSL_CTX_free(loaded);
        return false;
    }
    if (host_file_check_private(pair->key))
        serve_report_add(report, SERVE_WARNING, pair->key, "others may read this key", "chmod 600 it");
    SSL_CTX_free(pair->loaded);
    pair->loaded = loaded;
    return true;
}

bool serve_pair_changed(const struct serve_pair *pair)
{
    /* The key too: whoever copies the certificate first has the next pair whole only when the key has come. */
    return was_written_since(pair->cert, &pair->seen_cert) || was_written_since(pair->key, &pair->seen_key);
}

bool serve_pair_lies_there(const struct serve_pair *pair)
{
    return host_file_exists(pair->cert) || host_file_exists(pair->key);
}

void serve_pair_clear(struct serve_pair *pair)
{
    SSL_CTX_free(pair->loaded);
    pair->loaded = NULL;
}

const X509 *serve_pair_certificate(const struct serve_pair *pair)
{
    return pair->loaded ? SSL_CTX_get0_certificate(pair->loaded) : NULL;
}

int64_t serve_pair_end_s(const struct serve_pair *pair)
{
    return pair->loaded ? end_of(serve_pair_certificate(pair)) : pair->found_end_s;
}

bool serve_pair_names(const struct serve_pair *pair, const char *host)
{
    X509 *own = pair->loaded ? SSL_CTX_get0_certificate(pair->loaded) : NULL;

    return own && names(own, host);
}

static bool text_of(const GENERAL_NAME *name, char *out, size_t size)
{
    const unsigned char *bytes;

    if (name->type == GEN_DNS) {
        bytes = ASN1_STRING_get0_data(name->d.dNSName);
        return (size_t)snprintf(out, size, "%.*s", ASN1_STRING_length(name->d.dNSName), bytes) < size;
    }
    if (name->type != GEN_IPADD || ASN1_STRING_length(name->d.iPAddress) != 4)
        return false;
    bytes = ASN1_STRING_get0_data(name->d.iPAddress);
    return (size_t)snprintf(out, size, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]) < size;
}

bool serve_pair_first_name(const struct serve_pair *pair, char *out, size_t size)
{
    const X509 *own = serve_pair_certificate(pair);
    GENERAL_NAMES *names = own ? X509_get_ext_d2i(own, NID_subject_alt_name, NULL, NULL) : NULL;
    bool found = false;

    for (int i = 0; names && !found && i < sk_GENERAL_NAME_num(names); i++)
        found = text_of(sk_GENERAL_NAME_value(names, i), out, size);
    GENERAL_NAMES_free(names);
    return found;
}

bool serve_pair_use(const struct serve_pair *pair, SSL_CTX *ctx)
{
    STACK_OF(X509) *chain = NULL;

    return SSL_CTX_get0_chain_certs(pair->loaded, &chain) == 1 &&
           SSL_CTX_use_cert_and_key(ctx, SSL_CTX_get0_certificate(pair->loaded), SSL_CTX_get0_privatekey(pair->loaded),
                                    chain, 1) == 1;
}

bool serve_pair_show(const struct serve_pair *pair, SSL *ssl)
{
    STACK_OF(X509) *chain = NULL;

    /* All that the context had goes: beside a key of another kind it would be shown to whoever prefers that kind. */
    SSL_certs_clear(ssl);
    return SSL_CTX_get0_chain_certs(pair->loaded, &chain) == 1 &&
           SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(pair->loaded), SSL_CTX_get0_privatekey(pair->loaded),
                                chain, 1) == 1;
}
