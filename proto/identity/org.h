/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/org.h - the organisation's own note: which logs and witnesses are its, and whose certificates it took
 * back.
 *
 * A C2SP signed note by the root's key under the name "<domain>/org". Its number only rises: the newest one counts, and
 * AUTH_A carries the hash of the text, so a relay alone can neither roll it back nor put a log key of its own into it.
 *
 *     handhold/1 org
 *     number 3
 *     domain example.org
 *     time 1767225600
 *     log <vkey>
 *     witness <vkey>
 *     revoked <serial hex> <unix seconds> <reason, or ->
 */
#ifndef PROTO_IDENTITY_ORG_H
#define PROTO_IDENTITY_ORG_H

#include "proto/identity/certificate.h"
#include "proto/util/buf.h"

#define PROTO_ORG_NOTE_BYTES 16384u /* bound of the whole note, as on the wire (handhold.options) */
#define PROTO_ORG_LOGS_MAX 8u
#define PROTO_ORG_WITNESSES_MAX 8u
#define PROTO_ORG_REVOKED_MAX 128u
#define PROTO_ORG_VKEY_BYTES 654u  /* PROTO_NOTE_VKEY_MAX */
#define PROTO_ORG_REASON_BYTES 40u /* 128 lines of at most 104 bytes leave 3 kB for keys */

struct proto_org_revoked {
    char serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1];
    int64_t time_s;
    char reason[PROTO_ORG_REASON_BYTES + 1]; /* "-": none given */
};

struct proto_org {
    uint64_t number;
    char domain[PROTO_IDENTITY_DOMAIN_BYTES + 1];
    int64_t time_s;
    char logs[PROTO_ORG_LOGS_MAX][PROTO_ORG_VKEY_BYTES + 1]; /* C2SP verifier keys, "name+hash+base64" */
    size_t log_count;
    char witnesses[PROTO_ORG_WITNESSES_MAX][PROTO_ORG_VKEY_BYTES + 1];
    size_t witness_count;
    struct proto_org_revoked revoked[PROTO_ORG_REVOKED_MAX];
    size_t revoked_count;
    uint8_t text_hash[32]; /* SHA-256 of the signed text, as AUTH_A carries it; set by verify and sign */
};

void proto_org_init(struct proto_org *org, const char *domain); /* number 0, nothing listed */
void proto_org_clear(struct proto_org *org);                    /* all zero; it owns nothing */

/** Adds a log's verifier key; one that is there already changes nothing. PROTO_ERR_FULL, PROTO_ERR_FORMAT. */
PROTO_MUST_USE enum proto_err proto_org_add_log(struct proto_org *org, const char *vkey);
PROTO_MUST_USE enum proto_err proto_org_add_witness(struct proto_org *org, const char *vkey);
/** Takes a certificate back. PROTO_ERR_EXISTS when it was already; PROTO_ERR_FULL; PROTO_ERR_FORMAT (reason, serial).
 */
PROTO_MUST_USE enum proto_err proto_org_revoke(struct proto_org *org, const char *serial, int64_t time_s,
                                               const char *reason);

/** NULL when the serial was never taken back; else the entry, borrowed. */
const struct proto_org_revoked *proto_org_find_revoked(const struct proto_org *org, const char *serial);
static inline bool proto_org_is_revoked(const struct proto_org *org, const char *serial)
{
    return proto_org_find_revoked(org, serial) != NULL;
}
/** Is this vkey one of the organisation's logs? */
bool proto_org_has_log(const struct proto_org *org, const char *vkey);
/** CERT_CHAIN for another organisation's identity, CERT_REVOKED for one taken back, else PROTO_OK. */
PROTO_MUST_USE enum proto_err proto_org_admits(const struct proto_org *org, const struct proto_identity *identity);

/** Writes the signed note into `out` (appended) with the root's Ed25519 secret key (libsodium, 64 bytes). */
PROTO_MUST_USE enum proto_err proto_org_sign(struct proto_org *org, const uint8_t root_secret_key[static 64],
                                             struct proto_buf *out);
/**
 * Verifies a note under the root's key and domain. PROTO_ERR_ORG: signature, domain or a number below `min_number`
 * (the newest one seen so far; 0 when none was). PROTO_ERR_FORMAT: lines. On any error `*out` is empty; else clear it.
 */
PROTO_MUST_USE enum proto_err proto_org_verify(struct proto_org *out, const void *note, size_t len,
                                               const uint8_t root_key[static 32], const char *domain,
                                               uint64_t min_number);

#endif
