/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/credential.h - an identity with its private key and its chain, as its holder has it: from PEM texts.
 *
 * The programs read the files (proto/host/files.h); this takes the texts. D/staff/ID.crt holds the leaf, ID.key its
 * PKCS#8 key, ca.crt the staff root first and the TLS root behind it.
 */
#ifndef PROTO_IDENTITY_CREDENTIAL_H
#define PROTO_IDENTITY_CREDENTIAL_H

#include "proto/identity/certificate.h"
#include "proto/util/buf.h"

#define PROTO_PEM_BYTES 65536u /* bound for a PEM file worth reading */

/** One certificate, owned. */
struct proto_certificate {
    uint8_t *bytes;
    size_t len;
};

/**
 * The certificates of a PEM text as DER, in order, at most `max`; more is PROTO_ERR_RANGE, none or damage is
 * PROTO_ERR_FORMAT. PROTO_OK: the caller owns out[0..*count) and ends it with proto_certificates_free().
 */
PROTO_MUST_USE enum proto_err proto_certificates_of_pem(const void *pem, size_t len, struct proto_certificate *out,
                                                        size_t max, size_t *count);
void proto_certificates_free(struct proto_certificate *certificates, size_t count);

/** The staff root of a ca.crt: its first certificate, held to the profile. `root` may be NULL. Free with …_free(der,
 * 1). */
PROTO_MUST_USE enum proto_err proto_root_of_pem(const void *pem, size_t len, struct proto_certificate *der,
                                                struct proto_identity_root *root);

/** The 32-byte seed of an Ed25519 key in PKCS#8 PEM; encrypted or other keys are PROTO_ERR_FORMAT. Wipe it after use.
 */
PROTO_MUST_USE enum proto_err proto_seed_of_pem(const void *pem, size_t len, uint8_t seed[static 32]);

/**
 * The officers' evidence keys, X25519: the private halves from PKCS#8 PEM (evidence.key; wipe them after use), one or
 * several behind each other, `max` at most; PROTO_ERR_FORMAT for none, for more, and when one is another key …
 */
PROTO_MUST_USE enum proto_err proto_evidence_secrets_of_pem(const void *pem, size_t len, uint8_t secrets[][32],
                                                            size_t max, size_t *count);
/** … and the public half from SPKI PEM (evidence.pub). PROTO_ERR_FORMAT for anything else. */
PROTO_MUST_USE enum proto_err proto_evidence_public_of_pem(const void *pem, size_t len, uint8_t public_key[static 32]);

/** A holder's credential. Clear with proto_credential_clear(), which wipes the key. */
struct proto_credential {
    struct proto_identity identity;
    struct proto_certificate chain[PROTO_IDENTITY_CHAIN_MAX]; /* owned; leaf first, root last */
    size_t chain_len;
    uint8_t secret_key[64]; /* libsodium's Ed25519 secret key: seed and public key */
};

/**
 * Puts leaf (and an authority between), key and root together and verifies the chain at `now_unix_s` under that root.
 * PROTO_ERR_KEY when the key is not the leaf's. On any error `*out` is all zero.
 */
PROTO_MUST_USE enum proto_err proto_credential_of_pem(struct proto_credential *out, const struct proto_buf *certificate,
                                                      const struct proto_buf *key, const struct proto_buf *ca,
                                                      int64_t now_unix_s);
void proto_credential_clear(struct proto_credential *credential);
/** A copy of its own. NOMEM: `*out` is all zero. */
PROTO_MUST_USE enum proto_err proto_credential_dup(struct proto_credential *out, const struct proto_credential *from);
/** The chain as the verifier takes it; borrowed. Returns the number of certificates. */
size_t proto_credential_chain(const struct proto_credential *credential,
                              struct proto_der out[static PROTO_IDENTITY_CHAIN_MAX]);

#endif
