/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/renewal.h - may this key have a new certificate, and which?
 *
 * A request proves that its maker holds a key, and nothing more. Who that is, in which role and for how long is read
 * from what was issued for that key here; the request is not asked. The same request twice gets the same certificate.
 */
#ifndef CERTS_RENEWAL_H
#define CERTS_RENEWAL_H

#include "certs/authority.h"

#define CERTS_RENEWAL_WHY_BYTES 256u /* as RenewGive carries it */

struct certs_renewal {
    struct proto_identity was;         /* what the key has, with the latest end; all zero when it has none */
    struct proto_buf certificate;      /* owned: PEM, the leaf */
    char why[CERTS_RENEWAL_WHY_BYTES]; /* of a refusal: value, rule, way out */
};

/**
 * Judges `request` (PEM), which came with the certificate that has this fingerprint, and signs a new one when it is due.
 * FORMAT, KEY, SIGNATURE: not a request. CERT_CHAIN: not a key of ours. CERT_REVOKED, CERT_EXPIRED: taken back, or too
 * late. STATE: not in its last third yet. IO: the folder. On an error `why` says it. certs_renewal_clear() in any case.
 */
PROTO_MUST_USE enum proto_err certs_renewal_make(struct certs_authority *authority, const struct proto_buf *request,
                                                 const uint8_t fingerprint[static PROTO_IDENTITY_HASH_BYTES],
                                                 struct certs_renewal *out);
void certs_renewal_clear(struct certs_renewal *renewal);

#endif
