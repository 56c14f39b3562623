/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/pem.h - keys and certificates as the texts that are kept in files.
 */
#ifndef CERTS_PEM_H
#define CERTS_PEM_H

#include <openssl/x509.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"

/** Appended to `out`. FULL, NOMEM. */
PROTO_MUST_USE enum proto_err certs_pem_put_certificate(X509 *certificate, struct proto_buf *out);
PROTO_MUST_USE enum proto_err certs_pem_put_request(X509_REQ *request, struct proto_buf *out);
PROTO_MUST_USE enum proto_err certs_pem_put_public(EVP_PKEY *key, struct proto_buf *out);
/** Unencrypted PKCS#8; give it a secret buffer. */
PROTO_MUST_USE enum proto_err certs_pem_put_private(EVP_PKEY *key, struct proto_buf *out);

/** NULL when it is not such a text. The caller frees. */
X509 *certs_pem_get_certificate(const struct proto_buf *pem);
X509_REQ *certs_pem_get_request(const struct proto_buf *pem);
EVP_PKEY *certs_pem_get_private(const struct proto_buf *pem);

#endif
