/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/build.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/identity/certificate.h"
#include "proto/util/utf8.h"

#define SERIAL_BYTES 16
#define EXTENSION_BYTES 8192 /* 16 hosts of 253 bytes */

/* ---- what may stand in a certificate ---- */

bool certs_id_is_valid(const char *id)
{
    size_t len = strlen(id);

    return len >= 1 && len <= CERTS_ID_BYTES && id[0] != '.' && id[0] != '-' && id[0] != '_' && id[len - 1] != '.' &&
           !strstr(id, "..") && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

bool certs_name_is_valid(const char *name)
{
    size_t len = strlen(name), count = 0;

    if (len == 0 || len > PROTO_IDENTITY_NAME_BYTES || !proto_utf8_reads_as_written(name, len))
        return false;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)name[i] & 0xc0) != 0x80;
    if (count > CERTS_NAME_CHARS || name[0] == ' ' || name[len - 1] == ' ')
        return false;
    return strchr(name, ' ') || !strchr(name, '.'); /* "j.smith" would be held to the domain as a host name */
}

bool certs_host_is_valid(const char *host, bool *ip)
{
    uint8_t address[16];

    *ip = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    return *ip || proto_identity_domain_is_valid(host);
}

/* ---- keys ---- */

static EVP_PKEY *key_of_seed(int kind, const struct proto_random *random)
{
    uint8_t seed[32];

    proto_random_fill(random, seed, sizeof seed);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(kind, NULL, seed, sizeof seed);

    sodium_memzero(seed, sizeof seed);
    return key;
}

EVP_PKEY *certs_key_ed25519(const struct proto_random *random)
{
    return key_of_seed(EVP_PKEY_ED25519, random);
}

EVP_PKEY *certs_key_x25519(const struct proto_random *random)
{
    return key_of_seed(EVP_PKEY_X25519, random);
}

EVP_PKEY *certs_key_p256(void)
{
    return EVP_EC_gen("P-256");
}

/* ---- parts ---- */

static bool set_serial(X509 *certificate, const struct proto_random *random)
{
    uint8_t bytes[SERIAL_BYTES];

    proto_random_fill(random, bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40); /* positive and always 16 bytes long */
    return ASN1_STRING_set(X509_get_serialNumber(certificate), bytes, sizeof bytes) == 1;
}

static bool add_name(X509_NAME *to, int nid, const char *text)
{
    return X509_NAME_add_entry_by_NID(to, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(certificate, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    return added;
}

struct extension {
    int nid;
    const char *value; /* OpenSSL's words for it; every value in it was checked before */
};

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *table)
{
    for (; table->value; table++)
        if (!add_extension(certificate, issuer, table->nid, table->value))
            return false;
    return true;
}

static X509 *start(EVP_PKEY *key, struct certs_span span, const struct proto_random *random)
{
    X509 *certificate = X509_new();

    if (!certificate)
        return NULL;
    if (X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate, random) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)span.from_s) &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)span.until_s) && X509_set_pubkey(certificate, key) == 1)
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* Ed25519 hashes by itself. */
static bool sign(X509 *certificate, EVP_PKEY *key)
{
    return X509_sign(certificate, key, EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) > 0;
}

static X509 *finish(X509 *certificate, bool built)
{
    if (built)
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* ---- the four kinds ---- */

static X509 *build_root(EVP_PKEY *key, const char *organisation, const char *name, const struct extension *extensions,
                        struct certs_span span, const struct proto_random *random)
{
    X509 *root = start(key, span, random);

    if (!root)
        return NULL;
    X509_NAME *subject = X509_get_subject_name(root);

    return finish(root, add_name(subject, NID_organizationName, organisation) &&
                            add_name(subject, NID_commonName, name) && X509_set_issuer_name(root, subject) == 1 &&
                            add_extensions(root, root, extensions) && sign(root, key));
}

X509 *certs_build_root(EVP_PKEY *key, const char *organisation, const char *domain, struct certs_span span,
                       const struct proto_random *random)
{
    char limits[2 * PROTO_IDENTITY_DOMAIN_BYTES + 64];

    if (!proto_identity_domain_is_valid(domain))
        return NULL;
    snprintf(limits, sizeof limits, "critical,permitted;DNS:%s,permitted;email:%s", domain, domain);
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:1"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_name_constraints, limits},
        {NID_subject_key_identifier, "hash"},
        {0, NULL},
    };

    return build_root(key, organisation, "Handhold staff root", extensions, span, random);
}

X509 *certs_build_tls_root(EVP_PKEY *key, const char *organisation, struct certs_span span,
                           const struct proto_random *random)
{
    static const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
        /* this root vouches for servers and for nobody: it must never make a member of staff */
        {NID_ext_key_usage, "serverAuth"},
        {0, NULL},
    };

    return build_root(key, organisation, "Handhold relay root", extensions, span, random);
}

X509 *certs_build_leaf(EVP_PKEY *public_key, const struct certs_leaf *leaf, X509 *root, EVP_PKEY *root_key,
                       const struct proto_random *random)
{
    char uses[128], address[CERTS_ID_BYTES + PROTO_IDENTITY_DOMAIN_BYTES + 16];

    if (!certs_id_is_valid(leaf->id) || !certs_name_is_valid(leaf->name))
        return NULL;
    snprintf(uses, sizeof uses, "clientAuth," PROTO_ROLE_OID_ARC ".%d", (int)leaf->role);
    snprintf(address, sizeof address, "email:%s@%s", leaf->id, leaf->domain);
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, uses},
        {NID_subject_alt_name, address},
        {NID_authority_key_identifier, "keyid:always"},
        {0, NULL},
    };
    X509 *certificate = start(public_key, leaf->span, random);

    if (!certificate)
        return NULL;
    return finish(certificate, add_name(X509_get_subject_name(certificate), NID_commonName, leaf->name) &&
                                   X509_set_issuer_name(certificate, X509_get_subject_name(root)) == 1 &&
                                   add_extensions(certificate, root, extensions) && sign(certificate, root_key));
}

static bool list_hosts(char *out, size_t capacity, const char *const *hosts, size_t count)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        bool ip;

        if (!certs_host_is_valid(hosts[i], &ip))
            return false;
        int len = snprintf(out + used, capacity - used, "%s%s:%s", i ? "," : "", ip ? "IP" : "DNS", hosts[i]);

        if (len < 0 || (size_t)len >= capacity - used)
            return false;
        used += (size_t)len;
    }
    return count > 0;
}

X509 *certs_build_tls_leaf(EVP_PKEY *public_key, const char *const *hosts, size_t count, struct certs_span span,
                           X509 *root, EVP_PKEY *root_key, const struct proto_random *random)
{
    char names[EXTENSION_BYTES];

    if (!list_hosts(names, sizeof names, hosts, count))
        return NULL;
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, names},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {0, NULL},
    };
    X509 *certificate = start(public_key, span, random);

    if (!certificate)
        return NULL;
    /* a common name has 64 characters and a host may have more; clients read the alternative names alone */
    return finish(certificate, add_name(X509_get_subject_name(certificate), NID_commonName, "Handhold relay") &&
                                   X509_set_issuer_name(certificate, X509_get_subject_name(root)) == 1 &&
                                   add_extensions(certificate, root, extensions) && sign(certificate, root_key));
}
