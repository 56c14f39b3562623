/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/request.h - a key that never leaves its owner's machine: the owner makes it with a request, the authority
 * answers with a certificate.
 *
 * The request (PKCS#10) carries a name and an Ed25519 key and proves that its maker holds the key. Who the person is,
 * under which id and with which role, is for the authority to say; it takes nothing but the key and the name from here.
 */
#ifndef CERTS_REQUEST_H
#define CERTS_REQUEST_H

#include "proto/identity/certificate.h"
#include "proto/util/buf.h"
#include "proto/util/random.h"

#define CERTS_REQUEST_BYTES 16384u /* bound of a request file */

/** Appends a new private key (PKCS#8 PEM; give a secret buffer) and the request for it. FORMAT: the name. FULL, NOMEM.
 */
PROTO_MUST_USE enum proto_err certs_request_make(const char *name, const struct proto_random *random,
                                                 struct proto_buf *key_pem, struct proto_buf *request_pem);

/** The request alone, for a key that there is already (its Ed25519 seed). FORMAT: the name. FULL, NOMEM. */
PROTO_MUST_USE enum proto_err certs_request_for(const char *name, const uint8_t seed[static 32],
                                                struct proto_buf *request_pem);

/** Reads a request and checks its own signature. FORMAT: not a request. KEY: not Ed25519. SIGNATURE. */
PROTO_MUST_USE enum proto_err certs_request_read(const struct proto_buf *request_pem, uint8_t public_key[static 32],
                                                 char name[static PROTO_IDENTITY_NAME_BYTES + 1]);

#endif
