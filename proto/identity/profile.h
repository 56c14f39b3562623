/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/profile.h - the profile of one certificate by its place in the chain. For the files of this room.
 */
#ifndef PROTO_IDENTITY_PROFILE_H
#define PROTO_IDENTITY_PROFILE_H

#include <openssl/x509.h>

#include "proto/identity/certificate.h"

enum proto_place { PROTO_PLACE_LEAF, PROTO_PLACE_AUTHORITY, PROTO_PLACE_ROOT };

/**
 * Version, algorithm, key, and the table of extensions: which must be there, which may, which must be critical. Gives
 * the Ed25519 public key, which is of full order: asking that costs as much as a signature, so it is asked once.
 */
PROTO_MUST_USE enum proto_err proto_profile_check(X509 *certificate, enum proto_place place, uint8_t key[static 32]);
/** SHA-256 of the SPKI. */
PROTO_MUST_USE enum proto_err proto_profile_spki_hash(X509 *certificate, uint8_t hash[static 32]);
/** The one domain in a root's nameConstraints. */
PROTO_MUST_USE enum proto_err proto_profile_domain(X509 *root, char out[static PROTO_IDENTITY_DOMAIN_BYTES + 1]);
/** The one role of a leaf. CERT_ROLE. */
PROTO_MUST_USE enum proto_err proto_profile_role(X509 *leaf, enum proto_role *role);
/** The one e-mail address of a leaf, which must lie in `domain`. CERT_NAME. */
PROTO_MUST_USE enum proto_err proto_profile_email(X509 *leaf, const char *domain,
                                                  char out[static PROTO_IDENTITY_EMAIL_BYTES + 1]);
/** One attribute of the subject (NID_commonName, …): there once, UTF-8, no control characters. CERT_PROFILE. */
PROTO_MUST_USE enum proto_err proto_profile_subject(X509 *certificate, int nid,
                                                    char out[static PROTO_IDENTITY_NAME_BYTES + 1]);
PROTO_MUST_USE enum proto_err proto_profile_serial(X509 *leaf, char out[static 2 * PROTO_IDENTITY_SERIAL_BYTES + 1]);
PROTO_MUST_USE enum proto_err proto_profile_validity(X509 *certificate, int64_t *not_before_s, int64_t *not_after_s);

#endif
