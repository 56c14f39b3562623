/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/log/proofs.h - several proofs in one file that people can read: a customer's receipt, an officer's proofs of a
 * session (PROTOCOL.md, Proof file).
 *
 *     <words for people; no line begins with "--- ">
 *     --- keys
 *     log <vkey>                 whose checkpoints these are
 *     customer <vkey>            the session's key, under its name; when known
 *     certificate <b64 DER>      the agent's, then what is between it and the root; when known
 *     --- entry <n>
 *     c2sp.org/tlog-proof@v1
 *     …
 *     --- entry <n>
 *     …
 *     --- end                    may be left out; what is behind it is not read (a page around the proofs)
 *
 * What stands between two such lines is a whole tlog-proof, byte for byte, for whatever program reads those. Words and
 * keys are not authenticated by anything: a reader holds the log's key against what it knows, and shows the words of
 * the notes, not those in front.
 */
#ifndef PROTO_LOG_PROOFS_H
#define PROTO_LOG_PROOFS_H

#include "proto/log/proof.h"

enum {
    PROTO_LOG_PROOFS_MAX = 4096,          /* proofs in one file */
    PROTO_LOG_PROOFS_FILE_MAX = 64 << 20, /* bytes of it */
    PROTO_LOG_PROOFS_WORDS_MAX = 1 << 20, /* bytes in front of the keys */
    PROTO_LOG_PROOFS_CERTIFICATES = 4,
    PROTO_LOG_PROOFS_VALUE_MAX = 8192 /* bytes of a line among the keys */
};

/* ---- writing: words, then keys, then each proof ---- */

/** Begins the keys; `out` holds the words, which end in LF. `customer` may be NULL. */
void proto_log_proofs_keys(struct proto_buf *out, const char *log_vkey, const struct proto_note_key *customer);
void proto_log_proofs_certificate(struct proto_buf *out, const uint8_t *der, size_t len);
PROTO_MUST_USE enum proto_err proto_log_proofs_add(struct proto_buf *out, const struct proto_log_proof *proof);

/* ---- reading ---- */

struct proto_log_span {
    const char *text; /* borrowed from the file */
    size_t len;
};
struct proto_log_proofs {
    struct proto_log_span words;
    char log_vkey[PROTO_NOTE_VKEY_MAX + 1]; /* empty: the file is one bare proof */
    bool has_customer;
    struct proto_note_key customer;
    struct proto_log_span certificates[PROTO_LOG_PROOFS_CERTIFICATES]; /* base64 */
    size_t certificate_count;
    struct proto_log_span rest; /* of the file: the proofs that are not yet taken */
    size_t taken;
};

/** Takes a file apart, or a bare tlog-proof. FORMAT. Nothing is verified. `text` must outlive `out`. */
PROTO_MUST_USE enum proto_err proto_log_proofs_open(struct proto_log_proofs *out, const char *text, size_t len);
/** The next proof. NOT_FOUND: there is none any more. FORMAT: it is not one, or its number is not the one above it. */
PROTO_MUST_USE enum proto_err proto_log_proofs_next(struct proto_log_proofs *proofs, struct proto_log_proof *out);

#endif
