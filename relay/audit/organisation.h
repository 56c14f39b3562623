/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/organisation.h - what an officer's tool stands on: the organisation's folder, and its log beside it.
 *
 * Trust begins at ca/ca.crt. The root signs org.note, which names the log's key and the certificates that were taken
 * back; an officer's certificate under the root signs policy.note. Everything else, the log's own key file included, is
 * held against these. The log is read through handles that cannot write, so the relay may be running.
 */
#ifndef RELAY_AUDIT_ORGANISATION_H
#define RELAY_AUDIT_ORGANISATION_H

#include "proto/consent/evidence.h"
#include "proto/identity/credential.h"
#include "proto/identity/org.h"
#include "proto/identity/policy.h"
#include "proto/seal/note.h"
#include "relay/store/store.h"

struct audit_staff; /* staff.c */

enum { AUDIT_KEYS_MAX = 8 };

/* The officers' evidence keys, the one in use and those of before: a policy may name a new one, and what was sealed
 * stays so. */
struct audit_keys {
    size_t count;
    uint8_t public_key[AUDIT_KEYS_MAX][32], secret[AUDIT_KEYS_MAX][32];
};

struct audit_organisation {
    /* Owned */
    struct proto_certificate root_der;
    struct relay_store *log;  /* entries, tiles, checkpoint */
    struct relay_store *rows; /* sessions: a visitor of rows reads entries, and a handle does one thing at a time */
    struct audit_staff *staff;
    size_t staff_count;
    struct audit_judged *judged; /* staff.c: when a certificate was found good; several threads ask */
    struct audit_whole *whole;   /* of a command that reads sessions and does not verify; else NULL */
    /* Borrowed */
    const char *dir;
    unsigned ended; /* the log in D/data.ended-N; 0: the present one */

    struct proto_identity_root root;
    struct proto_org org;
    struct proto_policy policy;
    char log_vkey[PROTO_ORG_VKEY_BYTES + 1];
    struct proto_note_key log_key, events_key, evidence_key; /* checkpoints; the relay's events; evidence lines */
    bool log_is_named;                                       /* org.note names this log's key */
    bool is_copy;       /* its data came from a relay that runs: the keys in it are this machine's own */
    bool can_open;      /* the officers' key is here */
    bool is_one_of_all; /* the command reads the logs that were ended, too */
    uint64_t revoked_before[PROTO_ORG_REVOKED_MAX]; /* own.c: so many entries are not behind the note of the log that
                                                     * the relay had put this revocation in force; 0: there is none */
    int64_t revoked_s[PROTO_ORG_REVOKED_MAX];       /* the minute that its leaf has */
    uint64_t policy_first,
        policy_end;         /* own.c: by the log `policy`, its newest, was in force at these; first 0: none */
    int64_t policy_first_s; /* the minute of the entry that says so */
    bool policy_before;     /* another one was in force before that */
    uint64_t org_served;    /* a copy: the number of the relay's org.note, where a newer one is at hand; else 0 */
    bool has_issued;        /* the authority's list of certificates is here: who is not in it is nobody */
    struct audit_keys keys; /* of the officers, with the key */
    const struct audit_stops *stops; /* borrowed; NULL: nobody asks who stopped what, and whether that was followed */
};

/** The private half of an evidence key out of its file; false: said why. The caller wipes `secret`. */
bool audit_read_keys(const char *path, struct audit_keys *keys);
bool audit_keys_have(const struct audit_keys *keys, const uint8_t public_key[static 32]);
/** Opens what was sealed to one of them; CRYPTO: to none. As proto_evidence_open(). */
PROTO_MUST_USE enum proto_err audit_keys_open(const struct audit_keys *keys, const uint8_t *sealed, size_t len,
                                              struct proto_buf *plain, struct proto_evidence *evidence);
/**
 * Opens all of it; `key_file` (the officers' evidence key) may be NULL. False: one error was said, nothing is left
 * open. Certificates of staff are looked for in ca/issued and staff; a relay's folder has none, and that is no error.
 */
bool audit_open(struct audit_organisation *o, const char *dir, const char *key_file);
/** The same for a log that an officer ended, in D/data.ended-`n`; 0: the present one. */
bool audit_open_ended(struct audit_organisation *o, const char *dir, const char *key_file, unsigned n);
/** Is there a folder with data of it, in D? */
bool audit_is_here(const char *dir, unsigned n);
/**
 * The same organisation for another thread: handles of its own on the stores, all else borrowed from `o`, which must
 * stay open. False: an error was said.
 */
bool audit_open_again(struct audit_organisation *copy, const struct audit_organisation *o);
void audit_close_again(struct audit_organisation *copy); /* a zeroed struct is fine */
/**
 * Between these two both handles read as of one moment: a relay that runs changes a session's row and its entries
 * together, and who reads one of them later would find what does not fit.
 */
void audit_begin_moment(struct audit_organisation *o);
void audit_end_moment(struct audit_organisation *o);
void audit_close(struct audit_organisation *o); /* wipes the key; a zeroed struct is fine */

/** Somebody carries the authority's note of a revocation to the relay, and may be away for some days. */
enum { AUDIT_BROUGHT_S = 7 * 86400 };
/** staff.c: reads what there is of certificates. False: out of memory, which was said. */
bool audit_staff_load(struct audit_organisation *o);
void audit_staff_free(struct audit_organisation *o);
/**
 * Who had the certificate with this fingerprint, judged at `at_s` under the root. NOT_FOUND: it is not in this folder;
 * else what proto_identity_verify_chain() says. That it was taken back is another question. `*out` is zero on an error.
 */
PROTO_MUST_USE enum proto_err audit_staff_find(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                                               int64_t at_s, struct proto_identity *out);
/** The same by serial number, to name somebody. */
PROTO_MUST_USE enum proto_err audit_staff_find_serial(const struct audit_organisation *o, const char *serial,
                                                      int64_t at_s, struct proto_identity *out);
/**
 * Did that certificate hold, and was its holder not known to be out (audit_staff_out()), when the log took entry
 * `entry`, whose leaf has the minute `leaf_s`? What a signer says of the time counts for nothing. NOT_FOUND, as above.
 */
PROTO_MUST_USE enum proto_err audit_staff_held(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                                               uint64_t entry, int64_t leaf_s);
/** The same of the signer of a line, who is in `out` when it did; revoked is revoked. */
PROTO_MUST_USE enum proto_err audit_staff_find_signer(const struct audit_organisation *o, const char *serial,
                                                      uint64_t entry, int64_t leaf_s, struct proto_identity *out);
/** OK or CERT_REVOKED, of a serial number alone, by the authority's time; also when the log itself has the revocation
 * before that entry, whatever the times say. */
PROTO_MUST_USE enum proto_err audit_staff_revoked(const struct audit_organisation *o, const char *serial,
                                                  uint64_t entry, int64_t leaf_s);
/** The same, as the relay could know it: the log has the revocation before, or it is older than AUDIT_BROUGHT_S. */
PROTO_MUST_USE enum proto_err audit_staff_out(const struct audit_organisation *o, const char *serial, uint64_t entry,
                                              int64_t leaf_s);
/** The entry behind the one with which the log has this revocation, and the minute of that one; 0: it has not. */
uint64_t audit_staff_taken_back(const struct audit_organisation *o, const char *serial, int64_t *leaf_s);
/** The relay says in `entry` that it put a note of the organisation in force with so many revocations. */
void audit_staff_note_revoked(struct audit_organisation *o, size_t revoked, uint64_t entry, int64_t leaf_s);
/** The key under which that certificate signs notes, once it was found good at some time. False: it was not. */
bool audit_staff_key(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                     struct proto_note_key *key);
/** The chain of that certificate, leaf first and root last, borrowed; how many, 0 when it is not in this folder. */
size_t audit_staff_chain(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                         struct proto_der chain[static PROTO_IDENTITY_CHAIN_MAX]);

#endif
