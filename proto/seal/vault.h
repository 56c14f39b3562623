/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/vault.h - a file that is sealed as it is written, to a key whose holder is not here: recordings.
 *
 *   "handhold/1 vault" | sealed box of the file's key (32 + 48 bytes) | records…
 *   record  length u32 | XChaCha20-Poly1305 of: offset u64 | bytes   (the writer may go back and mend what it wrote)
 *
 * The key is drawn for this file alone; the nonce is the record's number, which the additional data names too, behind
 * the first 16 bytes: no record can be left out, moved or brought in from another file. The last record has the offset
 * 2^64-1 and no bytes. A file without it was cut off, by a crash or by hand: what is there opens, and its reader is
 * told. Never is a byte in the clear on disk.
 */
#ifndef PROTO_SEAL_VAULT_H
#define PROTO_SEAL_VAULT_H

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/util/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_VAULT_HEAD_BYTES = 16 + 32 + 48,
    PROTO_VAULT_RECORD_BYTES = 65536, /* of plain bytes, at most */
    PROTO_VAULT_OVERHEAD = 4 + 8 + 16,
};

struct proto_vault { /* one side of one file; wipe with proto_vault_clear() */
    uint8_t key[32];
    uint64_t count; /* of records */
    bool ended;
};

/** Begins a file: appends its head. KEY: the recipient's key is unusable. */
PROTO_MUST_USE enum proto_err proto_vault_begin(struct proto_vault *vault, const uint8_t public_key[static 32],
                                                const struct proto_random *random, struct proto_buf *out);
/** Appends a record: `bytes` belong at `offset`. RANGE: too many, or an offset of 2^63 and more. STATE: it was ended.
 */
PROTO_MUST_USE enum proto_err proto_vault_seal(struct proto_vault *vault, uint64_t offset, const uint8_t *bytes,
                                               size_t len, struct proto_buf *out);
/** Appends the last record. */
PROTO_MUST_USE enum proto_err proto_vault_end(struct proto_vault *vault, struct proto_buf *out);

/** Reads a head. FORMAT: no vault. CRYPTO: it is for another key. */
PROTO_MUST_USE enum proto_err proto_vault_open(struct proto_vault *vault,
                                               const uint8_t head[static PROTO_VAULT_HEAD_BYTES],
                                               const uint8_t public_key[static 32],
                                               const uint8_t secret_key[static 32]);
/**
 * Opens the first record of `*in` and moves on behind it. `plain` has PROTO_VAULT_RECORD_BYTES. NOT_FOUND: less than a
 * record is left. FORMAT: a length that no record has. CRYPTO: altered, moved or left out. After the last record
 * `vault->ended` is true and *len 0.
 */
PROTO_MUST_USE enum proto_err proto_vault_read(struct proto_vault *vault, const uint8_t **in, size_t *in_len,
                                               uint64_t *offset, uint8_t *plain, size_t *len);
void proto_vault_clear(struct proto_vault *vault);

#endif
