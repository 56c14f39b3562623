/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints, receipts and proofs, as a lying relay could make them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/log/fork.h"
#include "proto/log/proofs.h"
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

static void genuine_proof(struct proto_log_proof *proof)
{
    struct proto_log_receipt r;
    struct proto_log_seen seen;
    uint8_t commitment[32];

    genuine(&r, &seen, commitment);
    memcpy(proof->leaf, r.leaf, sizeof r.leaf);
    memcpy(proof->salt, salt, sizeof salt);
    memcpy(proof->note, note, sizeof note - 1);
    proof->note_len = sizeof note - 1;
    proof->index = r.index;
    proof->inclusion = r.inclusion;
    memcpy(proof->checkpoint, r.checkpoint, sizeof r.checkpoint);
    FUZZ_READY(proto_log_proof_check(proof, fixture()->log_vkey, NULL));
}

static void seed_proof(struct fuzz_seeds *seeds)
{
    struct proto_log_proof *proof = calloc(1, sizeof *proof);
    struct proto_buf out;

    FUZZ_HOLDS(proof);
    genuine_proof(proof);
    proto_buf_init(&out, PROTO_LOG_PROOF_FILE_MAX);
    FUZZ_READY(proto_log_proof_write(&out, proof));
    fuzz_seed_add(seeds, "proof", out.bytes, out.len);
    proto_buf_free(&out);
    free(proof);
}

const struct fuzz_target fuzz_proof = {"proof", PROTO_LOG_PROOF_FILE_MAX, feed_proof, seed_proof, 0};

/* ---- proofs: many of them in one file, with keys and certificates, as a receipt is ---- */

static bool is_within(const struct proto_log_span *span, const uint8_t *bytes, size_t len)
{
    return !span->len || (span->text >= (const char *)bytes && span->len <= len &&
                          (size_t)(span->text - (const char *)bytes) <= len - span->len);
}

static bool feed_proofs(const uint8_t *bytes, size_t len)
{
    struct proto_log_proof *proof = calloc(1, sizeof *proof);
    struct proto_log_proofs proofs;
    enum proto_err err;
    size_t taken = 0;

    FUZZ_HOLDS(proof);
    bool opened = !proto_log_proofs_open(&proofs, (const char *)bytes, len);
    if (opened) {
        FUZZ_HOLDS(is_within(&proofs.words, bytes, len) && is_within(&proofs.rest, bytes, len));
        FUZZ_HOLDS(proofs.certificate_count <= PROTO_LOG_PROOFS_CERTIFICATES);
        FUZZ_HOLDS(strlen(proofs.log_vkey) < sizeof proofs.log_vkey);
        for (size_t i = 0; i < proofs.certificate_count; i++)
            FUZZ_HOLDS(is_within(&proofs.certificates[i], bytes, len));
        while (!(err = proto_log_proofs_next(&proofs, proof))) {
            FUZZ_HOLDS(++taken == proofs.taken && taken <= PROTO_LOG_PROOFS_MAX);
            FUZZ_HOLDS(is_within(&proofs.rest, bytes, len));
            if (!proto_log_proof_check(proof, fixture()->log_vkey, NULL)) /* the only one that was logged */
                FUZZ_HOLDS(proof->index == 4 && proof->note_len == sizeof note - 1);
        }
        FUZZ_HOLDS(err == PROTO_ERR_NOT_FOUND || err == PROTO_ERR_FORMAT);
    }
    free(proof);
    return opened;
}

static void seed_proofs(struct fuzz_seeds *seeds)
{
    static const uint8_t certificate[] = "bytes of a certificate";
    struct proto_log_proof *proof = calloc(1, sizeof *proof);
    struct proto_note_key log, customer;
    struct proto_buf out;

    FUZZ_HOLDS(proof);
    genuine_proof(proof);
    FUZZ_READY(proto_note_key_parse(&log, fixture()->log_vkey, strlen(fixture()->log_vkey)));
    FUZZ_READY(proto_note_key_init(&customer, "handhold.session/00112233445566778899aabbccddeeff", log.public_key));
    proto_buf_init(&out, 1 << 17);
    proto_buf_put_text(&out, "What you allowed, and whom.\n");
    proto_log_proofs_keys(&out, fixture()->log_vkey, &customer);
    proto_log_proofs_certificate(&out, certificate, sizeof certificate);
    FUZZ_READY(proto_log_proofs_add(&out, proof));
    fuzz_seed_add(seeds, "receipt", out.bytes, out.len);
    FUZZ_READY(proto_log_proofs_add(&out, proof)); /* once more: its number does not rise */
    proto_buf_put_text(&out, "--- end\n</pre></body>\n");
    fuzz_seed_add(seeds, "page", out.bytes, out.len);
    proto_buf_clear(&out);
    FUZZ_READY(proto_log_proof_write(&out, proof));
    fuzz_seed_add(seeds, "bare", out.bytes, out.len);
    proto_buf_free(&out);
    free(proof);
}

const struct fuzz_target fuzz_proofs = {"proofs", 1 << 17, feed_proofs, seed_proofs, 0};

/* ---- fork: what an end kept of two logs ---- */

static bool feed_fork(const uint8_t *bytes, size_t len)
{
    struct proto_log_fork *fork = calloc(1, sizeof *fork);
    struct proto_log_checkpoint first, second;
    struct proto_buf again, third;

    FUZZ_HOLDS(fork);
    bool parsed = !proto_log_fork_parse(fork, (const char *)bytes, len);
    if (parsed) {
        proto_buf_init(&again, PROTO_LOG_FORK_FILE_MAX);
        struct proto_log_fork *back = calloc(1, sizeof *back);
        FUZZ_HOLDS(back);
        FUZZ_READY(proto_log_fork_write(&again, fork));
        FUZZ_HOLDS(proto_log_fork_is((const char *)again.bytes, again.len));
        FUZZ_READY(proto_log_fork_parse(back, (const char *)again.bytes, again.len));
        proto_buf_init(&third, PROTO_LOG_FORK_FILE_MAX);
        FUZZ_READY(proto_log_fork_write(&third, back));
        FUZZ_HOLDS(third.len == again.len && !memcmp(third.bytes, again.bytes, again.len));
        proto_buf_free(&third);
        /* the fixture's log signed one checkpoint, and no fork is of one */
        FUZZ_HOLDS(proto_log_fork_check(fork, fixture()->log_vkey, &first, &second));
        proto_buf_free(&again);
        free(back);
    }
    free(fork);
    return parsed;
}

static void seed_fork(struct fuzz_seeds *seeds)
{
    struct proto_log_fork *fork = calloc(1, sizeof *fork);
    struct proto_log_receipt r;
    struct proto_log_seen seen;
    struct proto_buf out;
    uint8_t commitment[32];

    FUZZ_HOLDS(fork);
    genuine(&r, &seen, commitment);
    FUZZ_HOLDS(strlen(fixture()->log_vkey) < sizeof fork->log_vkey);
    memcpy(fork->log_vkey, fixture()->log_vkey, strlen(fixture()->log_vkey));
    FUZZ_READY(proto_log_checkpoint_bare(fork->first, r.checkpoint, fixture()->log_vkey));
    memcpy(fork->second, fork->first, sizeof fork->second);
    for (int kind = PROTO_LOG_FORK_SAME_SIZE; kind <= PROTO_LOG_FORK_NO_PROOF; kind++) {
        fork->kind = (enum proto_log_fork_kind)kind;
        fork->proof = kind == PROTO_LOG_FORK_BAD_PROOF ? r.consistency : (struct proto_log_hashes){.count = 0};
        proto_buf_init(&out, PROTO_LOG_FORK_FILE_MAX);
        FUZZ_READY(proto_log_fork_write(&out, fork));
        fuzz_seed_add(seeds, proto_log_fork_name(fork->kind), out.bytes, out.len);
        proto_buf_free(&out);
    }
    free(fork);
}

const struct fuzz_target fuzz_fork = {"fork", PROTO_LOG_FORK_FILE_MAX, feed_fork, seed_fork, 0};
