/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/der.h - one certificate, one encoding: strict DER in, an X509 out. For the files of this room.
 *
 * OpenSSL reads BER and keeps the bytes it read, so a certificate has many spellings and many fingerprints. Here every
 * element is walked first (definite, minimal lengths, low tags, canonical booleans and integers, nothing behind the
 * end), then the certificate is encoded anew and must give the same bytes.
 */
#ifndef PROTO_IDENTITY_DER_H
#define PROTO_IDENTITY_DER_H

#include <openssl/x509.h>

#include "proto/identity/certificate.h"

/** One or no element more than DER allows: PROTO_ERR_CERT_PROFILE. Also for the bytes inside an extension. */
PROTO_MUST_USE enum proto_err proto_der_check(const uint8_t *bytes, size_t len);

/** Reads one certificate. The caller ends *out with X509_free(). RANGE, CERT_PROFILE, NOMEM. */
PROTO_MUST_USE enum proto_err proto_der_read(struct proto_der der, X509 **out);

/** The signed part and the signature; `tbs` is the caller's and ends with OPENSSL_free(). CERT_PROFILE, NOMEM. */
PROTO_MUST_USE enum proto_err proto_der_signed_part(X509 *certificate, uint8_t **tbs, size_t *tbs_len,
                                                    const uint8_t **signature);

#endif
