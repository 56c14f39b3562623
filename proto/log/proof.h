/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/log/proof.h - one line of a customer's receipt as a file of its own (C2SP tlog-proof@v1), checked offline.
 *
 * `extra` holds base64(leaf | r | note): with them anyone who has the file and the log's verifier key can recompute C,
 * the leaf hash, the path and the root. `extra` is not authenticated until C has matched, so check before you read the
 * note.
 */
#ifndef PROTO_LOG_PROOF_H
#define PROTO_LOG_PROOF_H

#include "proto/log/checkpoint.h"

#define PROTO_LOG_PROOF_NOTE_MAX 8192 /* bytes of a note inside a proof */
#define PROTO_LOG_PROOF_FILE_MAX                                                                                       \
    24576 /* bytes of a whole file: base64 of leaf, salt and note, 64 hashes, a checkpoint */

struct proto_log_proof {
    uint8_t leaf[PROTO_LOG_LEAF_BYTES];
    uint8_t salt[PROTO_LOG_SALT_BYTES];
    char note[PROTO_LOG_PROOF_NOTE_MAX + 1]; /* NUL-terminated for convenience; note_len counts */
    size_t note_len;
    uint64_t index;
    struct proto_log_hashes inclusion;
    char checkpoint[PROTO_LOG_CHECKPOINT_MAX]; /* NUL-terminated */
};

/** Appends the file. */
PROTO_MUST_USE enum proto_err proto_log_proof_write(struct proto_buf *out, const struct proto_log_proof *proof);
/** Exactly the bytes that write makes, or PROTO_ERR_FORMAT. Nothing is verified yet. */
PROTO_MUST_USE enum proto_err proto_log_proof_parse(struct proto_log_proof *out, const char *text, size_t len);
/**
 * C, leaf hash, inclusion, checkpoint signature. PROTO_ERR_LOG when any does not hold. The signatures of the note
 * itself need its signers' keys and are the caller's next step. `checkpoint` may be NULL.
 */
PROTO_MUST_USE enum proto_err proto_log_proof_check(const struct proto_log_proof *proof, const char *log_vkey,
                                                    struct proto_log_checkpoint *checkpoint);

#endif
