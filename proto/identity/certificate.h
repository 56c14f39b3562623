/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/certificate.h - who a member of staff is: a short-lived Ed25519 certificate under one pinned root.
 *
 * The profile is narrow on purpose (PROTOCOL.md, section 5): one root that is pinned by its key and confined to one
 * domain by a critical nameConstraints, at most one authority between, a leaf with clientAuth and exactly one role.
 * What is not in the profile is refused, so that there is nothing to interpret. Time comes in; no file, no clock, no
 * system store.
 *
 * Errors of the checks, in the order in which they are made:
 *   RANGE         too many, too few or too large certificates
 *   CERT_PROFILE  not strict DER, not Ed25519, not v3, missing, foreign or non-critical extensions, an authority as
 * leaf CERT_CHAIN    not the pinned root, or a signature, an issuer or a depth that does not fit CERT_NAME     a name
 * outside the root's domain CERT_ROLE     no role, two roles, or no clientAuth CERT_EXPIRED  not valid at the time that
 * was given (CERT_REVOKED comes from proto/identity/org.h.)
 */
#ifndef PROTO_IDENTITY_CERTIFICATE_H
#define PROTO_IDENTITY_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "proto/wire/capability.h"

#define PROTO_IDENTITY_DER_BYTES 4096u  /* one certificate; ours have about 500 bytes */
#define PROTO_IDENTITY_CHAIN_MAX 3u     /* leaf, one authority between, root */
#define PROTO_IDENTITY_SERIAL_BYTES 20u /* RFC 5280, 4.1.2.2 */
#define PROTO_IDENTITY_NAME_BYTES 200u  /* common name, UTF-8 */
#define PROTO_IDENTITY_DOMAIN_BYTES 253u
#define PROTO_IDENTITY_EMAIL_BYTES 254u
#define PROTO_IDENTITY_HASH_BYTES 32u

/* Under 2.25 (X.667) a UUID is an arc that needs no registration: this one was drawn for Handhold.
 * A role is the arc below it with the role's number (proto/wire/capability.h), the same number that AUTH_A carries. */
#define PROTO_ROLE_OID_ARC "2.25.314412264462382751479249580138397540760"

/** One certificate in DER, borrowed. */
struct proto_der {
    const uint8_t *bytes;
    size_t len;
};

/** What a verified leaf says; plain values, copied freely. Texts end with NUL and have no control characters. */
struct proto_identity {
    uint8_t fingerprint[PROTO_IDENTITY_HASH_BYTES];      /* SHA-256 of the leaf's DER: the grantee of a consent */
    uint8_t root_fingerprint[PROTO_IDENTITY_HASH_BYTES]; /* ca_fp: SHA-256 of the root's SPKI */
    uint8_t public_key[32];                              /* Ed25519, on the curve and of full order */
    uint8_t root_key[32];                                /* Ed25519 of the root: signs ORG notes */
    char serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1];    /* lower-case hex */
    char name[PROTO_IDENTITY_NAME_BYTES + 1];            /* common name */
    char email[PROTO_IDENTITY_EMAIL_BYTES + 1];          /* <id>@<domain> */
    char domain[PROTO_IDENTITY_DOMAIN_BYTES + 1];        /* from the root's nameConstraints, lower-case A-labels */
    enum proto_role role;
    int64_t not_before_s, not_after_s; /* unix seconds; the second not_after_s is the first one too late */
};

/** What a root says about itself. */
struct proto_identity_root {
    uint8_t fingerprint[PROTO_IDENTITY_HASH_BYTES]; /* ca_fp */
    uint8_t public_key[32];
    char domain[PROTO_IDENTITY_DOMAIN_BYTES + 1];
    char organisation[PROTO_IDENTITY_NAME_BYTES +
                      1]; /* O=: for the organisation's own lists, never shown to a customer */
    int64_t not_before_s, not_after_s;
};

/**
 * Holds one chain to the profile. `chain` is leaf first, root last, 2 or 3 certificates. `pin` is the SHA-256 of the
 * root's SPKI or its first 16 bytes (`pin_len` 32 or 16). PROTO_OK: `*out` is set; on any error it is all zero.
 */
PROTO_MUST_USE enum proto_err proto_identity_verify_chain(const struct proto_der *chain, size_t count,
                                                          const uint8_t *pin, size_t pin_len, int64_t now_unix_s,
                                                          struct proto_identity *out);

/** The same where the caller trusts the last certificate already, byte for byte: there is no pin to hold it to. */
PROTO_MUST_USE enum proto_err proto_identity_verify_under(const struct proto_der *chain, size_t count,
                                                          int64_t now_unix_s, struct proto_identity *out);

/** Holds one root to the profile (self-signed, nameConstraints, …), without judging its time. Same errors. */
PROTO_MUST_USE enum proto_err proto_identity_read_root(struct proto_der root, struct proto_identity_root *out);

/** CERT_ROLE unless the identity has this role. */
PROTO_MUST_USE enum proto_err proto_identity_require(const struct proto_identity *identity, enum proto_role role);

/**
 * From when on a certificate is renewed, in unix seconds: the last third of its life, which began with its issue and
 * not with the time before it that slow clocks are given.
 */
#define PROTO_IDENTITY_BACKDATE_S (48 * 3600) /* a customer's clock may be a day slow; twice that leaves room */
int64_t proto_identity_issued_s(const struct proto_identity *identity);
int64_t proto_identity_renew_from_s(const struct proto_identity *identity);

/** A domain as the profile takes it: lower-case letters, digits and hyphens in labels of 1-63, at most 253 bytes. */
bool proto_identity_domain_is_valid(const char *domain);

/** The name that signs notes for this leaf: "<domain>/<role>/<serial>". Too long cannot happen. */
#define PROTO_IDENTITY_SIGNER_BYTES (PROTO_IDENTITY_DOMAIN_BYTES + 1u + 16u + 1u + 2u * PROTO_IDENTITY_SERIAL_BYTES)
void proto_identity_signer_name(const struct proto_identity *identity,
                                char out[static PROTO_IDENTITY_SIGNER_BYTES + 1]);

/** A serial number as it is written everywhere: lower-case hex of 1 to 20 bytes. */
bool proto_identity_serial_is_valid(const char *serial);
/**
 * The other way: whose of this domain and role is a name of `len` bytes? False: it is no such name, and `serial` is
 * empty.
 */
bool proto_identity_signer_serial(const char *name, size_t len, const char *domain, enum proto_role role,
                                  char serial[static 2 * PROTO_IDENTITY_SERIAL_BYTES + 1]);

#endif
