/* SPDX-License-Identifier: Apache-2.0 */
/* The log: commitments, leaves, a tree, its checkpoints, receipts as an end gets them and as a customer keeps them. */
#include <stdio.h>
#include <string.h>

#include "proto/log/proof.h"
#include "proto/log/receipt.h"
#include "proto/seal/kdf.h"
#include "tests/vectors/write.h"

#define ORIGIN "help.example.org/audit/example.org"
enum { LEAVES = 13, LEVELS = 5 };

static uint8_t nodes[LEVELS][LEAVES][32];

static void made(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    (void)context;
    memcpy(nodes[level][index], hash, 32);
}

static enum proto_err node(void *context, unsigned level, uint64_t index, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    (void)context;
    memcpy(out, nodes[level][index], 32);
    return PROTO_OK;
}

static const struct proto_log_reader reader = {node, NULL};

static void put_hashes(json_t *object, const char *key, const struct proto_log_hashes *hashes)
{
    put_hex(object, key, hashes->hash, hashes->count * 32);
}

static void sign_checkpoint(char note[static PROTO_LOG_CHECKPOINT_MAX], const struct proto_log_tree *tree,
                            const uint8_t secret[static 64])
{
    struct proto_log_checkpoint checkpoint = {.origin = ORIGIN, .size = tree->size};

    proto_log_tree_root(tree, checkpoint.root);
    MUST(proto_log_checkpoint_sign(note, &checkpoint, secret));
}

static json_t *entry(unsigned i, struct proto_log_tree *tree, const struct proto_log_tree *seen, const char *vkey,
                     const uint8_t secret[static 64])
{
    struct proto_log_leaf leaf = {.kind = i % 4 == 2 ? PROTO_LOG_RELAY_EVENT : PROTO_LOG_STATEMENT,
                                  .unix_s = 1767225600 + 60 * (int64_t)i};
    const struct proto_log_sink sink = {made, NULL};
    static struct proto_log_receipt receipt;
    static struct proto_log_proof proof;
    struct proto_log_seen before = {.size = seen->size}, after;
    struct proto_log_verifier verifier;
    uint8_t evidence[64], evidence_hash[32], leaf_hash[32], root[32];
    struct proto_buf file;
    json_t *object = json_object();

    memset(&receipt, 0, sizeof receipt);
    memset(&proof, 0, sizeof proof);
    fill(proof.salt, sizeof proof.salt, 200 + i);
    proof.note_len = (size_t)snprintf(proof.note, sizeof proof.note, "note number %u\nwith two lines\n", i);
    proto_log_commit(leaf.commitment, proof.salt, proof.note, proof.note_len);
    MUST(proto_log_leaf_encode(receipt.leaf, &leaf));
    proto_log_leaf_hash(leaf_hash, receipt.leaf);
    MUST(proto_log_tree_append(tree, leaf_hash, &sink));
    fill(evidence, sizeof evidence, i);
    proto_sha256(evidence_hash, evidence, sizeof evidence);
    receipt.index = i;
    MUST(proto_log_evidence_sign(receipt.evidence_line, ORIGIN, i, receipt.leaf, evidence_hash, secret));
    sign_checkpoint(receipt.checkpoint, tree, secret);
    MUST(proto_log_prove_inclusion(&receipt.inclusion, i, tree->size, &reader));
    if (seen->size)
        MUST(proto_log_prove_consistency(&receipt.consistency, seen->size, tree->size, &reader));
    proto_log_tree_root(seen, before.root);
    MUST(proto_log_verifier_init(&verifier, vkey));
    MUST(proto_log_receipt_check(&receipt, leaf.commitment, leaf.kind, evidence_hash, &verifier, &before, &after));
    proto_log_tree_root(tree, root);
    put_number(object, "class", leaf.kind);
    put_number(object, "time", (uint64_t)leaf.unix_s);
    put_text(object, "note", proof.note);
    put_hex(object, "salt", proof.salt, sizeof proof.salt);
    put_hex(object, "commitment", leaf.commitment, 32);
    put_hex(object, "leaf", receipt.leaf, sizeof receipt.leaf);
    put_hex(object, "leaf_hash", leaf_hash, 32);
    put_hex(object, "evidence", evidence, sizeof evidence);
    put_number(object, "index", i);
    put_number(object, "size", tree->size);
    put_hex(object, "root", root, 32);
    put_number(object, "seen_size", before.size);
    put_hex(object, "seen_root", before.root, 32);
    put_text(object, "evidence_line", receipt.evidence_line);
    put_text(object, "checkpoint", receipt.checkpoint);
    put_hashes(object, "inclusion", &receipt.inclusion);
    put_hashes(object, "consistency", &receipt.consistency);
    memcpy(proof.leaf, receipt.leaf, sizeof proof.leaf);
    proof.index = i;
    proof.inclusion = receipt.inclusion;
    memcpy(proof.checkpoint, receipt.checkpoint, sizeof proof.checkpoint);
    proto_buf_init(&file, PROTO_LOG_PROOF_FILE_MAX);
    MUST(proto_log_proof_write(&file, &proof));
    put_text_n(object, "tlog_proof", file.bytes, file.len);
    proto_buf_free(&file);
    return object;
}

json_t *vectors_log(void)
{
    uint8_t seed[32], public[32], secret[64];
    struct proto_log_tree tree, seen;
    json_t *root = json_object(), *list = json_array();

    make_key(seed, public, secret, 7);
    proto_log_tree_init(&tree);
    seen = tree;
    put_text(root, "origin", ORIGIN);
    put_vkey(root, "vkey", ORIGIN, public);
    const char *vkey = json_string_value(json_object_get(root, "vkey"));
    for (unsigned i = 0; i < LEAVES; i++) {
        add(list, entry(i, &tree, &seen, vkey, secret));
        if (i % 3 == 0)
            seen = tree;
    }
    put_list(root, "entries", list);
    return root;
}
