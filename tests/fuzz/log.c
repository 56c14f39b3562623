/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints, receipts and proofs, as a lying relay could make them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/log/proof.h"
#include "proto/seal/kdf.h"
#include "proto/wire/message.h"
#include "tests/fuzz/fixture.h"
#include "tests/fuzz/targets.h"

static const uint8_t salt[32] = "a salt of a commitment", evidence_hash[32] = "a hash of some evidence";
static const char note[] = "a note\n\n\xe2\x80\x94 somebody AAAAAAAA\n";

static void genuine(struct proto_log_receipt *receipt, struct proto_log_seen *seen, uint8_t commitment[32])
{
    proto_log_commit(commitment, salt, note, sizeof note - 1);
    fixture_receipt(commitment, evidence_hash, receipt, seen);
}

/* ---- checkpoint ---- */

static bool feed_checkpoint(const uint8_t *bytes, size_t len)
{
    struct proto_log_checkpoint checkpoint;
    struct proto_buf again;
    bool parsed = !proto_log_checkpoint_parse(&checkpoint, (const char *)bytes, len);

    if (parsed) {
        proto_buf_init(&again, PROTO_LOG_CHECKPOINT_MAX);
        proto_log_checkpoint_write(&again, &checkpoint);
        FUZZ_HOLDS(!again.failed && again.len == len && !memcmp(again.bytes, bytes, len));
        proto_buf_free(&again);
    }
    bool opened = !proto_log_checkpoint_open(&checkpoint, (const char *)bytes, len, fixture()->log_vkey);
    FUZZ_HOLDS(!opened ||
               (checkpoint.size == 8 && !strcmp(checkpoint.origin, FIXTURE_ORIGIN))); /* the only one signed */
    return parsed || opened;
}

static void seed_checkpoint(struct fuzz_seeds *seeds)
{
    struct proto_log_receipt receipt;
    struct proto_log_seen seen;
    uint8_t commitment[32];

    genuine(&receipt, &seen, commitment);
    fuzz_seed_add(seeds, "signed", receipt.checkpoint, strlen(receipt.checkpoint));
    fuzz_seed_add(seeds, "text", receipt.checkpoint,
                  (size_t)(strstr(receipt.checkpoint, "\n\n") + 1 - receipt.checkpoint));
}

const struct fuzz_target fuzz_checkpoint = {"checkpoint", 4096, feed_checkpoint, seed_checkpoint, 0};

/* ---- receipt: a LogReceipt as it comes from the relay ---- */

static bool to_receipt(const handhold_LogReceipt *m, struct proto_log_receipt *out)
{
    memset(out, 0, sizeof *out);
    if (m->leaf.size != sizeof out->leaf || m->inclusion.size % 32 || m->consistency.size % 32)
        return false;
    out->index = m->index;
    memcpy(out->leaf, m->leaf.bytes, sizeof out->leaf);
    out->inclusion.count = m->inclusion.size / 32;
    memcpy(out->inclusion.hash, m->inclusion.bytes, m->inclusion.size);
    out->consistency.count = m->consistency.size / 32;
    memcpy(out->consistency.hash, m->consistency.bytes, m->consistency.size);
    return !proto_set_text(out->evidence_line, sizeof out->evidence_line, m->evidence_line) &&
           !proto_set_text(out->checkpoint, sizeof out->checkpoint, m->checkpoint);
}

static bool feed_receipt(const uint8_t *bytes, size_t len)
{
    static struct proto_log_receipt receipt, expected;
    static handhold_LogReceipt message;
    struct proto_log_verifier verifier;
    struct proto_log_seen seen, now_seen = {0};
    uint8_t commitment[32];

    genuine(&expected, &seen, commitment);
    FUZZ_READY(proto_log_verifier_init(&verifier, fixture()->log_vkey));
    if (proto_message_decode(bytes, len, handhold_LogReceipt_fields, &message, sizeof message) ||
        !to_receipt(&message, &receipt))
        return false;
    if (proto_log_receipt_check(&receipt, commitment, PROTO_LOG_STATEMENT, evidence_hash, &verifier, &seen,
                                &now_seen)) {
        FUZZ_HOLDS(now_seen.size == 0);
        return false;
    }
    FUZZ_HOLDS(receipt.index == expected.index && !memcmp(receipt.leaf, expected.leaf, sizeof receipt.leaf));
    FUZZ_HOLDS(now_seen.size == 8);
    return true;
}

static void seed_receipt(struct fuzz_seeds *seeds)
{
    static handhold_LogReceipt m;
    struct proto_log_receipt r;
    struct proto_log_seen seen;
    struct proto_buf out;

    genuine(&r, &seen, m.commitment);
    m.index = r.index;
    FUZZ_READY(PROTO_SET_BYTES(m.leaf, r.leaf, sizeof r.leaf));
    FUZZ_READY(PROTO_SET_TEXT(m.evidence_line, r.evidence_line));
    FUZZ_READY(PROTO_SET_TEXT(m.checkpoint, r.checkpoint));
    FUZZ_READY(PROTO_SET_BYTES(m.inclusion, r.inclusion.hash, 32 * r.inclusion.count));
    FUZZ_READY(PROTO_SET_BYTES(m.consistency, r.consistency.hash, 32 * r.consistency.count));
    proto_buf_init(&out, PROTO_MAX_LOG_BYTES);
    FUZZ_READY(proto_message_encode(&out, handhold_LogReceipt_fields, &m));
    fuzz_seed_add(seeds, "receipt", out.bytes, out.len);
    proto_buf_free(&out);
}

const struct fuzz_target fuzz_receipt = {"receipt", 16384, feed_receipt, seed_receipt, 0};

/* ---- merkle: sizes, an index and hashes; both checks ---- */

static uint64_t number(struct fuzz_bytes *in)
{
    uint8_t how = fuzz_u8(in);
    uint64_t value = 0;

    if (how < 128)
        return how;
    for (unsigned i = 0; i < 8; i++)
        value = value << 8 | fuzz_u8(in);
    return value;
}

static bool feed_merkle(const uint8_t *bytes, size_t len)
{
    static struct proto_log_hashes proof;
    struct fuzz_bytes in = {bytes, bytes + len};
    uint8_t first[32] = {0}, second[32] = {0};
    size_t got;
    bool consistency = fuzz_u8(&in) & 1;
    uint64_t a = number(&in), b = number(&in);
    const uint8_t *at = fuzz_take(&in, 32, &got);

    memcpy(first, at, got);
    at = fuzz_take(&in, 32, &got);
    memcpy(second, at, got);
    proof.count = 0;
    while (fuzz_more(&in) && proof.count < PROTO_LOG_PROOF_MAX) {
        at = fuzz_take(&in, 32, &got);
        memset(proof.hash[proof.count], 0, 32);
        memcpy(proof.hash[proof.count++], at, got);
    }
    bool holds = consistency ? !proto_log_check_consistency(a, first, b, second, &proof)
                             : !proto_log_check_inclusion(first, a, b, second, &proof);
    FUZZ_HOLDS(!holds || (consistency ? a >= 1 && a <= b : a < b));
    return holds;
}

static void seed_merkle(struct fuzz_seeds *seeds)
{
    struct proto_log_receipt r;
    struct proto_log_seen seen;
    struct proto_log_checkpoint checkpoint;
    struct proto_buf out;
    uint8_t commitment[32], leaf_hash[32];

    genuine(&r, &seen, commitment);
    FUZZ_READY(proto_log_checkpoint_open(&checkpoint, r.checkpoint, strlen(r.checkpoint), fixture()->log_vkey));
    proto_log_leaf_hash(leaf_hash, r.leaf);
    proto_buf_init(&out, 8192);
    proto_buf_put(&out, (const uint8_t[]){0, 4, 8}, 3);
    proto_buf_put(&out, leaf_hash, 32);
    proto_buf_put(&out, checkpoint.root, 32);
    proto_buf_put(&out, r.inclusion.hash, 32 * r.inclusion.count);
    fuzz_seed_add(seeds, "inclusion", out.bytes, out.len);
    proto_buf_clear(&out);
    proto_buf_put(&out, (const uint8_t[]){1, 3, 8}, 3);
    proto_buf_put(&out, seen.root, 32);
    proto_buf_put(&out, checkpoint.root, 32);
    proto_buf_put(&out, r.consistency.hash, 32 * r.consistency.count);
    fuzz_seed_add(seeds, "consistency", out.bytes, out.len);
    proto_buf_free(&out);
}

const struct fuzz_target fuzz_merkle = {"merkle", 4096, feed_merkle, seed_merkle, 0};

/* ---- proof: a customer's receipt as a file ---- */

static bool feed_proof(const uint8_t *bytes, size_t len)
{
    struct proto_log_proof *proof = calloc(1, sizeof *proof);
    struct proto_log_checkpoint checkpoint;
    struct proto_buf again;
    bool parsed;

    FUZZ_HOLDS(proof);
    parsed = !proto_log_proof_parse(proof, (const char *)bytes, len);
    if (parsed) {
        proto_buf_init(&again, PROTO_LOG_PROOF_FILE_MAX);
        FUZZ_READY(proto_log_proof_write(&again, proof));
        FUZZ_HOLDS(again.len == len && !memcmp(again.bytes, bytes, len));
        proto_buf_free(&again);
        if (!proto_log_proof_check(proof, fixture()->log_vkey,
                                   &checkpoint)) /* the note and its place are the logged ones */
            FUZZ_HOLDS(proof->index == 4 && proof->note_len == sizeof note - 1 &&
                       !memcmp(proof->note, note, sizeof note - 1));
    }
    free(proof);
    return parsed;
}

static void seed_proof(struct fuzz_seeds *seeds)
{
    struct proto_log_proof *proof = calloc(1, sizeof *proof);
    struct proto_log_receipt r;
    struct proto_log_seen seen;
    struct proto_buf out;
    uint8_t commitment[32];

    FUZZ_HOLDS(proof);
    genuine(&r, &seen, commitment);
    memcpy(proof->leaf, r.leaf, sizeof r.leaf);
    memcpy(proof->salt, salt, sizeof salt);
    memcpy(proof->note, note, sizeof note - 1);
    proof->note_len = sizeof note - 1;
    proof->index = r.index;
    proof->inclusion = r.inclusion;
    memcpy(proof->checkpoint, r.checkpoint, sizeof r.checkpoint);
    FUZZ_READY(proto_log_proof_check(proof, fixture()->log_vkey, NULL));
    proto_buf_init(&out, PROTO_LOG_PROOF_FILE_MAX);
    FUZZ_READY(proto_log_proof_write(&out, proof));
    fuzz_seed_add(seeds, "proof", out.bytes, out.len);
    proto_buf_free(&out);
    free(proof);
}

const struct fuzz_target fuzz_proof = {"proof", PROTO_LOG_PROOF_FILE_MAX, feed_proof, seed_proof, 0};
