/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/authority.h - the folder of an organisation: its roots, its notes, and everything it ever issued.
 *
 *     D/ca/ca.crt ca.key         staff root; ca.crt holds the TLS root as well, behind it: it is what others pin
 *     D/ca/tls.crt tls.key       TLS root
 *     D/ca/issued/SERIAL.crt     every staff certificate, so that each can be listed and taken back
 *     D/officer/evidence.pub .key   X25519
 *     D/staff/ID.crt ID.key      the newest certificate of ID
 *     D/org.note policy.note
 *     D/relay/relay.crt relay.key log.key log.vkey
 *
 * Functions say on stderr what is wrong and then return false. While an authority is open nobody else changes the
 * folder.
 */
#ifndef CERTS_AUTHORITY_H
#define CERTS_AUTHORITY_H

#include <openssl/x509.h>

#include "certs/build.h"
#include "proto/host/files.h"
#include "proto/host/world.h"
#include "proto/identity/credential.h"
#include "proto/identity/org.h"

#define CERTS_ROOT_DAYS 3650
#define CERTS_STAFF_DAYS_MAX 30
#define CERTS_RELAY_DAYS_MAX 397 /* browsers refuse more */
#define CERTS_RELAY_DAYS 90
#define CERTS_ISSUED_MAX 65536u /* files in D/ca/issued that are read */

struct certs_authority {
    const char *dir; /* borrowed */
    int lock;        /* owned: an open file on D/ca, -1 when there is none */
    /* Owned */
    X509 *root, *tls_root;
    EVP_PKEY *root_key, *tls_key;
    uint8_t secret_key[64]; /* the root's, as libsodium has it: signs ORG */
    struct proto_identity_root about;
    struct proto_org org;
    struct proto_random random;
    int64_t now_s;
};

/** One staff certificate that was issued. */
struct certs_issued {
    struct proto_identity identity;
    bool revoked, expired;
    const char *reason; /* borrowed from the authority's org; NULL unless revoked */
};

/** Opens D with its keys, takes the lock and verifies org.note. certs_authority_close() in any case. */
bool certs_authority_open(struct certs_authority *authority, const char *dir);
void certs_authority_close(struct certs_authority *authority);

/** Sets `about` and `secret_key` from `root` and `root_key`; open does it, and init, which has made them. */
bool certs_authority_read_root(struct certs_authority *authority);

/** Signs ORG with the next number and writes D/org.note. */
bool certs_authority_save_org(struct certs_authority *authority);

/** Now until `days` from now, begun CERTS_BACKDATE_S ago. */
struct certs_span certs_authority_span(const struct certs_authority *authority, int64_t days);

/** Makes a staff certificate for `key`, holds it to the profile, writes it to D/ca/issued and D/staff/ID.crt. */
bool certs_authority_issue(struct certs_authority *authority, EVP_PKEY *key, const struct certs_leaf *leaf);

/** Reads everything issued, in order of its end. The caller frees *list. */
bool certs_authority_list(const struct certs_authority *authority, struct certs_issued **list, size_t *count);
/** Does this certificate belong to `id`? */
bool certs_issued_is_of(const struct certs_issued *issued, const char *id);

/* ---- files of the folder, with words when they fail ---- */

/** D/`name` whole; `out` is set up by the caller. */
bool certs_file_read(const char *dir, const char *name, struct proto_buf *out);
/** Replaces D/`name`. */
bool certs_file_write(const char *dir, const char *name, const struct proto_buf *bytes);
/** Makes a key's file: certs_file_write() of its PEM. */
bool certs_file_write_key(const char *dir, const char *name, EVP_PKEY *key);
/** Makes staff/cases.key, which every member of staff needs and no relay may have, when it is not there. */
bool certs_cases_key_have(const struct certs_authority *a);
bool certs_file_write_certificate(const char *dir, const char *name, X509 *certificate);
bool certs_folder_make(const char *dir, const char *name);

#endif
