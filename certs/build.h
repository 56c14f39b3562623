/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/build.h - makes the four kinds of certificate that a Handhold organisation has, each to its profile.
 *
 * Staff: an Ed25519 root confined to one domain, and leaves with one role. Relay: a P-256 root and leaf, because no
 * browser takes Ed25519 for TLS. Serial numbers are 16 random bytes. Nothing here touches a file.
 */
#ifndef CERTS_BUILD_H
#define CERTS_BUILD_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "proto/identity/certificate.h"
#include "proto/util/random.h"
#include "proto/wire/capability.h"

#define CERTS_BACKDATE_S PROTO_IDENTITY_BACKDATE_S
#define CERTS_ID_BYTES 64u
#define CERTS_NAME_CHARS 64u /* RFC 5280, ub-common-name */
#define CERTS_HOSTS_MAX 16u

/** From when until when, in unix seconds. */
struct certs_span {
    int64_t from_s, until_s;
};

struct certs_leaf {
    const char *id;   /* [a-z0-9][a-z0-9._-]*: the local part of the e-mail address */
    const char *name; /* full name */
    const char *domain;
    enum proto_role role;
    struct certs_span span;
};

bool certs_id_is_valid(const char *id);
/** 1 to 64 characters of UTF-8 that read as written (proto/util/utf8.h); not of a shape that TLS would take for a host
 * name. */
bool certs_name_is_valid(const char *name);
#define CERTS_NAME_RULE "a name has 1 to 64 characters, none that hides or turns text, and a space when it has a dot"
/** A DNS name or an IP address, without a port. Sets *ip when it is an address. */
bool certs_host_is_valid(const char *host, bool *ip);

/** Ed25519 from a seed drawn from `random`; X25519 likewise; P-256 from OpenSSL. NULL: memory. EVP_PKEY_free(). */
EVP_PKEY *certs_key_ed25519(const struct proto_random *random);
EVP_PKEY *certs_key_x25519(const struct proto_random *random);
EVP_PKEY *certs_key_p256(void);

/** The makers return NULL only for lack of memory or a value that breaks the rules above. X509_free(). */
X509 *certs_build_root(EVP_PKEY *key, const char *organisation, const char *domain, struct certs_span span,
                       const struct proto_random *random);
X509 *certs_build_leaf(EVP_PKEY *public_key, const struct certs_leaf *leaf, X509 *root, EVP_PKEY *root_key,
                       const struct proto_random *random);
X509 *certs_build_tls_root(EVP_PKEY *key, const char *organisation, struct certs_span span,
                           const struct proto_random *random);
X509 *certs_build_tls_leaf(EVP_PKEY *public_key, const char *const *hosts, size_t count, struct certs_span span,
                           X509 *root, EVP_PKEY *root_key, const struct proto_random *random);

#endif
