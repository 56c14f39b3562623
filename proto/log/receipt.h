/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/log/receipt.h - the log's answer to LOG_ADD, and all that an end must check before it releases a key.
 *
 * A receipt that passes proves: this class and C stand at `index`; the tree that holds them is the one the log key
 * signed; that tree continues the last one this end has seen; and the relay put its name to the hash of the evidence it
 * was given, so that it can later not deny having had it.
 */
#ifndef PROTO_LOG_RECEIPT_H
#define PROTO_LOG_RECEIPT_H

#include "proto/log/checkpoint.h"
#include "proto/seal/note.h"

#define PROTO_LOG_EVIDENCE_LINE_MAX 640 /* an em dash, "<origin>/evidence", 92 characters of signature, and a NUL */

struct proto_log_receipt {
    uint64_t index;
    uint8_t leaf[PROTO_LOG_LEAF_BYTES];
    char evidence_line[PROTO_LOG_EVIDENCE_LINE_MAX]; /* a signature line without its line feed; NUL-terminated */
    char checkpoint[PROTO_LOG_CHECKPOINT_MAX];       /* the whole note; NUL-terminated */
    struct proto_log_hashes inclusion;
    struct proto_log_hashes consistency; /* from the size the asker named; empty when it had seen none */
};

/* The newest tree of one origin that an end has verified; size 0 is none yet. Plain data, worth keeping on disk. */
struct proto_log_seen {
    uint64_t size;
    uint8_t root[PROTO_LOG_HASH_BYTES];
};

/**
 * The evidence line: the signature, by the log key under the name "<origin>/evidence", over the text
 * "handhold/1 evidence\n<index>\n<base64 leaf hash>\n<base64 H(evidence)>\n".
 */
PROTO_MUST_USE enum proto_err proto_log_evidence_sign(char out[static PROTO_LOG_EVIDENCE_LINE_MAX], const char *origin,
                                                      uint64_t index, const uint8_t leaf[static PROTO_LOG_LEAF_BYTES],
                                                      const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                                                      const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES]);
/** The same for a log that signs many: its key under that name, made once. */
PROTO_MUST_USE enum proto_err proto_log_evidence_key(struct proto_note_key *key, const char *origin,
                                                     const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES]);
PROTO_MUST_USE enum proto_err proto_log_evidence_sign_as(char out[static PROTO_LOG_EVIDENCE_LINE_MAX],
                                                         const struct proto_note_key *key, uint64_t index,
                                                         const uint8_t leaf[static PROTO_LOG_LEAF_BYTES],
                                                         const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                                                         const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES]);
/** The key under which this log's lines verify, for who checks many. RANGE: the log's name is too long. */
PROTO_MUST_USE enum proto_err proto_log_evidence_verifier(struct proto_note_key *key,
                                                          const struct proto_note_key *log_key);
/** PROTO_ERR_LOG unless the line is that signature; by the leaf's hash, which who checks many has already. */
PROTO_MUST_USE enum proto_err proto_log_evidence_check_as(const char *line, uint64_t index,
                                                          const uint8_t leaf_hash[static PROTO_LOG_HASH_BYTES],
                                                          const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                                                          const struct proto_note_key *key);

/* The keys of one log, for who checks many of its receipts: parsing them costs as much as a signature. */
struct proto_log_verifier {
    struct proto_note_key log, evidence;
};
/** PROTO_ERR_LOG unless `log_vkey` is the key of a log; nothing verifies under `*v` then. */
PROTO_MUST_USE enum proto_err proto_log_verifier_init(struct proto_log_verifier *v, const char *log_vkey);

/**
 * Checks all of it. `commitment`, `kind` and `evidence_hash` = SHA-256 of the bytes handed over are the asker's own;
 * `seen` is what the asker has verified so far. `*now_seen` is written on PROTO_OK alone, and may be `seen` itself.
 * A checkpoint older than `seen` is an error too: a relay can always prove against its newest.
 */
PROTO_MUST_USE enum proto_err
proto_log_receipt_check(const struct proto_log_receipt *receipt, const uint8_t commitment[static PROTO_LOG_HASH_BYTES],
                        enum proto_log_class kind, const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                        const struct proto_log_verifier *v, const struct proto_log_seen *seen,
                        struct proto_log_seen *now_seen);
/**
 * A checkpoint met outside a receipt (a heartbeat, a witness): verifies it, and that it continues `seen` by
 * `consistency`. Same rules for `now_seen`.
 */
PROTO_MUST_USE enum proto_err proto_log_seen_advance(const struct proto_log_seen *seen,
                                                     const struct proto_log_checkpoint *checkpoint,
                                                     const struct proto_log_hashes *consistency,
                                                     struct proto_log_seen *now_seen);

#endif
