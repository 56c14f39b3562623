/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/host/world.h"
#include "relay/serve/folder.h"

enum { WARN_DAYS = 14 };

/* Loads the pair as TLS will, so that what passes here also serves. */
static X509 *load_pair(const struct serve_folder *folder, struct serve_report *report)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    X509 *own = NULL;

    if (!ctx)
        return NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, folder->cert) != 1)
        serve_report_add(report, SERVE_ERROR, folder->cert,
                         host_file_exists(folder->cert) ? "not a readable certificate in PEM" : "the file is missing",
                         "issue one with handhold-certs issue --dir D relay --host HOST");
    else if (SSL_CTX_use_PrivateKey_file(ctx, folder->key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(ctx) != 1)
        serve_report_add(report, SERVE_ERROR, folder->key,
                         host_file_exists(folder->key) ? "this key does not belong to relay.crt, or cannot be read"
                                                       : "the file is missing",
                         "keep relay.crt and relay.key from one issue together");
    else if ((own = SSL_CTX_get0_certificate(ctx)))
        X509_up_ref(own);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return own;
}

static void date_of(const ASN1_TIME *time, char out[static 32])
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1 || !strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm))
        strcpy(out, "?");
}

static bool check_time(const struct serve_folder *folder, const X509 *own, struct serve_report *report)
{
    time_t now = (time_t)(host_now().unix_ms / 1000), soon = now + WARN_DAYS * 24 * 3600;
    char until[32], finding[96];

    date_of(X509_get0_notAfter(own), until);
    if (X509_cmp_time(X509_get0_notBefore(own), &now) > 0) {
        serve_report_add(report, SERVE_ERROR, folder->cert, "the certificate is not valid yet",
                         "check the clock of this machine");
        return false;
    }
    snprintf(finding, sizeof finding, "the certificate has ended on %s", until);
    if (X509_cmp_time(X509_get0_notAfter(own), &now) < 0) {
        serve_report_add(report, SERVE_ERROR, folder->cert, finding,
                         "issue a new one with handhold-certs issue --dir D relay --host HOST");
        return false;
    }
    snprintf(finding, sizeof finding, "the certificate ends on %s", until);
    report->ends_soon = X509_cmp_time(X509_get0_notAfter(own), &soon) < 0;
    serve_report_add(report, report->ends_soon ? SERVE_WARNING : SERVE_FINE, folder->cert, finding,
                     report->ends_soon ? "issue a new one soon, then send the relay SIGHUP" : NULL);
    return true;
}

bool serve_folder_read_certificate(struct serve_folder *folder, struct serve_report *report)
{
    X509 *own = load_pair(folder, report);

    if (!own)
        return false;
    if (!check_time(folder, own, report)) {
        X509_free(own);
        return false;
    }
    if (host_file_check_private(folder->key))
        serve_report_add(report, SERVE_WARNING, folder->key, "others may read this key", "chmod 600 it");
    X509_free(folder->relay);
    folder->relay = own;
    return true;
}

bool serve_folder_names(const struct serve_folder *folder, const char *host)
{
    return X509_check_ip_asc(folder->relay, host, 0) == 1 ||
           X509_check_host(folder->relay, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
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

bool serve_folder_first_name(const struct serve_folder *folder, char *out, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(folder->relay, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; names && !found && i < sk_GENERAL_NAME_num(names); i++)
        found = text_of(sk_GENERAL_NAME_value(names, i), out, size);
    GENERAL_NAMES_free(names);
    return found;
}
