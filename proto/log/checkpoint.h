/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/log/checkpoint.h - the signed size and root of the log (C2SP tlog-checkpoint, without extension lines).
 *
 * The text is "<origin>\n<size>\n<base64 root>\n"; the origin is also the name of the key that signs it. Witnesses may
 * add signature lines, which a reader without their keys passes over.
 */
#ifndef PROTO_LOG_CHECKPOINT_H
#define PROTO_LOG_CHECKPOINT_H

#include "proto/log/tree.h"
#include "proto/seal/note.h"
#include "proto/util/buf.h"

#define PROTO_LOG_ORIGIN_MAX 520      /* <host>/audit/<domain>: two names of DNS and what is between */
#define PROTO_LOG_CHECKPOINT_MAX 4096 /* bytes of the whole note: room for several witnesses */
#define PROTO_LOG_SECRET_BYTES 64     /* the log key as proto_sign_keypair() makes it of a seed */

struct proto_log_checkpoint {
    char origin[PROTO_LOG_ORIGIN_MAX + 1];
    uint64_t size;
    uint8_t root[PROTO_LOG_HASH_BYTES];
};

/** Appends the text, without signatures. */
void proto_log_checkpoint_write(struct proto_buf *out, const struct proto_log_checkpoint *checkpoint);
/** Exactly three lines, decimal without leading zeros, strict base64; anything else is PROTO_ERR_FORMAT. */
PROTO_MUST_USE enum proto_err proto_log_checkpoint_parse(struct proto_log_checkpoint *out, const char *text,
                                                         size_t len);
/** Writes the signed note into `out`, NUL-terminated. PROTO_ERR_RANGE on an origin that cannot be a key name. */
PROTO_MUST_USE enum proto_err proto_log_checkpoint_sign(char out[static PROTO_LOG_CHECKPOINT_MAX],
                                                        const struct proto_log_checkpoint *checkpoint,
                                                        const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES]);
/** The same for a log that signs many: `key` is its own, made once under the name of its origin. */
PROTO_MUST_USE enum proto_err proto_log_checkpoint_sign_as(char out[static PROTO_LOG_CHECKPOINT_MAX],
                                                           const struct proto_note_key *key,
                                                           const struct proto_log_checkpoint *checkpoint,
                                                           const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES]);
/**
 * Opens a signed checkpoint. `log_vkey` is the log's verifier key as the organisation's note carries it
 * ("name+id+base64"); origin and key name must be the same. PROTO_ERR_LOG when it does not verify.
 */
PROTO_MUST_USE enum proto_err proto_log_checkpoint_open(struct proto_log_checkpoint *out, const char *note, size_t len,
                                                        const char *log_vkey);
/** The same for who opens many: the log's key, parsed once. */
PROTO_MUST_USE enum proto_err proto_log_checkpoint_open_as(struct proto_log_checkpoint *out, const char *note,
                                                           size_t len, const struct proto_note_key *log_key);

#endif
