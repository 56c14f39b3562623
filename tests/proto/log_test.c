/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/log/proof.h"
#include "proto/log/receipt.h"
#include "proto/seal/base64.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "tests/proto/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "relay.example/audit/acme"

/* ---- a tree whose nodes are all kept, as the store of a test ---- */

#define LEAVES_MAX 600
struct nodes {
    uint8_t hash[11][LEAVES_MAX][PROTO_LOG_HASH_BYTES];
    bool known[11][LEAVES_MAX];
    struct proto_log_tree tree;
};

static void keep(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    struct nodes *n = context;

    assert_false(n->known[level][index]);
    n->known[level][index] = true;
    memcpy(n->hash[level][index], hash, PROTO_LOG_HASH_BYTES);
}

static enum proto_err give(void *context, unsigned level, uint64_t index, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    const struct nodes *n = context;

    if (level > 10 || index >= LEAVES_MAX || !n->known[level][index])
        return PROTO_ERR_NOT_FOUND;
    memcpy(out, n->hash[level][index], PROTO_LOG_HASH_BYTES);
    return PROTO_OK;
}

static void leaf_of(uint64_t i, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    proto_sha256(out, &i, sizeof i);
}

static struct nodes *nodes_new(void)
{
    struct nodes *n = calloc(1, sizeof *n);

    assert_non_null(n);
    proto_log_tree_init(&n->tree);
    return n;
}

static void nodes_add(struct nodes *n, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    const struct proto_log_sink sink = {keep, n};

    assert_ok(proto_log_tree_append(&n->tree, hash, &sink));
}

/* ---- vectors ---- */

/* False: no bytes at all, which no reader of ours would take for a hash. */
static bool decode_hash(const char *text, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    size_t len = 0;

    memset(out, 0, PROTO_LOG_HASH_BYTES); /* one vector has placeholders of 12 bytes */
    assert_ok(proto_base64_decode(text, strlen(text), out, PROTO_LOG_HASH_BYTES, &len));
    return len > 0;
}

/* False: a hash of another length, which no reader of ours would let through. */
static bool decode_proof(const json_t *list, struct proto_log_hashes *proof)
{
    proof->count = json_is_null(list) ? 0 : json_array_size(list);
    for (size_t i = 0; i < proof->count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        size_t len = 0;
        if (proto_base64_decode(text, strlen(text), proof->hash[i], PROTO_LOG_HASH_BYTES, &len) || len != 32)
            return false;
    }
    return true;
}

static void the_known_roots_come_out(void **state)
{
    json_t *all = vectors_load("merkle/rfc6962-vectors.json"), *kat = vectors_get(all, "kat");
    json_t *inputs = vectors_get(kat, "leaf_inputs_hex"), *roots = vectors_get(kat, "roots_hex");
    struct proto_log_tree tree;

    (void)state;
    proto_log_tree_init(&tree);
    for (size_t i = 0; i < json_array_size(roots); i++) {
        struct vectors_bytes expected = vectors_hex_of(json_string_value(json_array_get(roots, i)));
        uint8_t root[PROTO_LOG_HASH_BYTES], bytes[64] = {0}, hash[PROTO_LOG_HASH_BYTES];
        proto_log_tree_root(&tree, root);
        assert_memory_equal(root, expected.bytes, sizeof root);
        vectors_bytes_free(&expected);
        if (i == json_array_size(inputs))
            break;
        struct vectors_bytes input = vectors_hex_of(json_string_value(json_array_get(inputs, i)));
        memcpy(bytes + 1, input.bytes, input.len);
        proto_sha256(hash, bytes, input.len + 1);
        vectors_bytes_free(&input);
        assert_ok(proto_log_tree_append(&tree, hash, NULL));
    }
    json_decref(all);
}

static void every_inclusion_vector_is_judged_right(void **state)
{
    json_t *all = vectors_load("merkle/rfc6962-vectors.json"), *list = vectors_get(all, "inclusion"), *one;
    size_t i;

    (void)state;
    json_array_foreach(list, i, one)
    {
        uint8_t root[PROTO_LOG_HASH_BYTES], leaf[PROTO_LOG_HASH_BYTES];
        struct proto_log_hashes proof;
        bool good = decode_hash(vectors_text(one, "root"), root) && decode_hash(vectors_text(one, "leafHash"), leaf) &&
                    decode_proof(json_object_get(one, "proof"), &proof) &&
                    proto_log_check_inclusion(leaf, vectors_number(one, "leafIdx"), vectors_number(one, "treeSize"),
                                              root, &proof) == PROTO_OK;
        if (good == json_is_true(vectors_get(one, "wantErr")))
            fail_msg("%s", vectors_text(one, "name"));
    }
    assert_int_equal(i, 98);
    json_decref(all);
}

static void every_consistency_vector_is_judged_right(void **state)
{
    json_t *all = vectors_load("merkle/rfc6962-vectors.json"), *list = vectors_get(all, "consistency"), *one;
    size_t i;

    (void)state;
    json_array_foreach(list, i, one)
    {
        uint8_t root1[PROTO_LOG_HASH_BYTES], root2[PROTO_LOG_HASH_BYTES];
        struct proto_log_hashes proof;
        bool good = decode_hash(vectors_text(one, "root1"), root1) && decode_hash(vectors_text(one, "root2"), root2) &&
                    decode_proof(json_object_get(one, "proof"), &proof) &&
                    proto_log_check_consistency(vectors_number(one, "size1"), root1, vectors_number(one, "size2"),
                                                root2, &proof) == PROTO_OK;
        if (good == json_is_true(vectors_get(one, "wantErr")))
            fail_msg("%s", vectors_text(one, "name"));
    }
    assert_int_equal(i, 98);
    json_decref(all);
}

static void the_checkpoint_is_made_and_opened_as_the_standard_has_it(void **state)
{
    json_t *kat = vectors_load("note/checkpoint-kat.json");
    struct vectors_bytes seed = vectors_hex(kat, "seed_hex"), root = vectors_hex(kat, "root_hex");
    const char *expected = vectors_text(kat, "checkpoint"), *vkey = vectors_text(kat, "vkey");
    struct proto_log_checkpoint checkpoint = {.origin = ORIGIN, .size = vectors_number(kat, "tree_size")}, opened;
    uint8_t public_key[32], secret_key[64];
    char note[PROTO_LOG_CHECKPOINT_MAX];

    (void)state;
    memcpy(checkpoint.root, root.bytes, sizeof checkpoint.root);
    proto_sign_keypair(public_key, secret_key, seed.bytes);
    assert_ok(proto_log_checkpoint_sign(note, &checkpoint, secret_key));
    assert_string_equal(note, expected);
    assert_ok(proto_log_checkpoint_open(&opened, note, strlen(note), vkey));
    assert_string_equal(opened.origin, ORIGIN);
    assert_int_equal(opened.size, 7);
    assert_memory_equal(opened.root, root.bytes, sizeof opened.root);
    for (size_t bit = 0; bit < 8 * strlen(expected); bit++) {
        note[bit / 8] = (char)(note[bit / 8] ^ (1 << bit % 8));
        assert_int_equal(proto_log_checkpoint_open(&opened, note, strlen(expected), vkey), PROTO_ERR_LOG);
        note[bit / 8] = expected[bit / 8];
    }
    vectors_bytes_free(&seed);
    vectors_bytes_free(&root);
    json_decref(kat);
}

static void a_checkpoint_text_has_one_spelling(void **state)
{
    static const char root[] = "3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=";
    static const char *const formats[] = {
        "\n7\n%s\n",
        ORIGIN "\n07\n%s\n",
        ORIGIN "\n+7\n%s\n",
        ORIGIN "\n\n%s\n",
        ORIGIN "\n7\n%s",
        ORIGIN "\n7\n%s\nmore\n",
        ORIGIN "\n7\r\n%s\n",
        ORIGIN "\n7\n%.43s\n",
        ORIGIN "\n99999999999999999999999\n%s\n",
        ORIGIN "\n18446744073709551615\n%s\n",
        "a b\n7\n%s\n",
        ORIGIN "\n7 \n%s\n",
    };
    struct proto_log_checkpoint out;
    char text[256];

    (void)state;
    snprintf(text, sizeof text, ORIGIN "\n7\n%s\n", root);
    assert_ok(proto_log_checkpoint_parse(&out, text, strlen(text)));
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, formats[i], root);
#pragma GCC diagnostic pop
        assert_int_equal(proto_log_checkpoint_parse(&out, text, strlen(text)), PROTO_ERR_FORMAT);
    }
}

static void the_known_receipt_file_is_read_checked_and_written_again(void **state)
{
    json_t *kat = vectors_load("note/receipt-kat.json");
    const char *vkey = vectors_text(kat, "log_vkey"), *note = vectors_text(kat, "note");
    struct vectors_bytes leaf = vectors_hex(kat, "leaf_hex");
    struct proto_log_proof *proof = malloc(sizeof *proof);
    struct proto_log_checkpoint checkpoint;
    struct proto_buf again;
    size_t len = 0;
    char *file = vectors_read("note/receipt-kat.tlog-proof", &len);

    (void)state;
    assert_ok(proto_log_proof_parse(proof, file, len));
    assert_memory_equal(proof->leaf, leaf.bytes, sizeof proof->leaf);
    assert_string_equal(proof->note, note);
    assert_ok(proto_log_proof_check(proof, vkey, &checkpoint));
    assert_int_equal(checkpoint.size, json_array_size(vectors_get(kat, "leaves_hex")));
    proto_buf_init(&again, PROTO_LOG_PROOF_FILE_MAX);
    assert_ok(proto_log_proof_write(&again, proof));
    assert_int_equal(again.len, len);
    assert_memory_equal(again.bytes, file, len);
    proto_buf_free(&again);
    vectors_bytes_free(&leaf);
    json_decref(kat);
    free(proof);
    free(file);
}

static void a_flipped_bit_anywhere_in_a_receipt_file_is_refused(void **state)
{
    json_t *kat = vectors_load("note/receipt-kat.json");
    struct proto_log_proof *proof = malloc(sizeof *proof);
    size_t len = 0;
    char *file = vectors_read("note/receipt-kat.tlog-proof", &len);

    (void)state;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        file[bit / 8] = (char)(file[bit / 8] ^ (1 << bit % 8));
        if (proto_log_proof_parse(proof, file, len) == PROTO_OK &&
            proto_log_proof_check(proof, vectors_text(kat, "log_vkey"), NULL) == PROTO_OK)
            fail_msg("bit %zu", bit);
        file[bit / 8] = (char)(file[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t cut = 0; cut < len; cut++) {
        if (proto_log_proof_parse(proof, file, cut) == PROTO_OK)
            assert_int_equal(proto_log_proof_check(proof, vectors_text(kat, "log_vkey"), NULL), PROTO_ERR_LOG);
    }
    json_decref(kat);
    free(proof);
    free(file);
}

/* ---- leaf and tree ---- */

static void a_leaf_has_one_form(void **state)
{
    struct proto_log_leaf leaf = {PROTO_LOG_STATEMENT, 1760000039, {1, 2, 3}}, out;
    uint8_t bytes[PROTO_LOG_LEAF_BYTES];

    (void)state;
    assert_ok(proto_log_leaf_encode(bytes, &leaf));
    assert_ok(proto_log_leaf_parse(&out, bytes));
    assert_int_equal(out.kind, PROTO_LOG_STATEMENT);
    assert_int_equal(out.unix_s, 1759999980 + 0);
    assert_memory_equal(out.commitment, leaf.commitment, 32);
    for (size_t at = 0; at < 16; at++) { /* of the time, every change of the low bits breaks the minute */
        if (at >= 8 && at < 15)
            continue;
        bytes[at] ^= 0x20;
        assert_int_equal(proto_log_leaf_parse(&out, bytes), PROTO_ERR_FORMAT);
        bytes[at] ^= 0x20;
    }
    leaf.kind = (enum proto_log_class)6;
    assert_int_equal(proto_log_leaf_encode(bytes, &leaf), PROTO_ERR_RANGE);
    leaf = (struct proto_log_leaf){PROTO_LOG_ERASURE, -1, {0}};
    assert_int_equal(proto_log_leaf_encode(bytes, &leaf), PROTO_ERR_RANGE);
}

static void every_leaf_of_every_small_tree_is_proved(void **state)
{
    struct nodes *n = nodes_new();
    const struct proto_log_reader reader = {give, n};

    (void)state;
    for (uint64_t size = 1; size <= 70; size++) {
        uint8_t root[PROTO_LOG_HASH_BYTES], leaf[PROTO_LOG_HASH_BYTES];
        leaf_of(size - 1, leaf);
        nodes_add(n, leaf);
        proto_log_tree_root(&n->tree, root);
        for (uint64_t i = 0; i < size; i++) {
            struct proto_log_hashes proof;
            leaf_of(i, leaf);
            assert_ok(proto_log_prove_inclusion(&proof, i, size, &reader));
            assert_ok(proto_log_check_inclusion(leaf, i, size, root, &proof));
            assert_int_equal(proto_log_check_inclusion(leaf, i + 1, size, root, &proof), PROTO_ERR_LOG);
            proof.count++;
            assert_int_equal(proto_log_check_inclusion(leaf, i, size, root, &proof), PROTO_ERR_LOG);
        }
    }
    free(n);
}

static void every_pair_of_small_trees_is_consistent(void **state)
{
    struct nodes *n = nodes_new();
    const struct proto_log_reader reader = {give, n};
    uint8_t roots[71][PROTO_LOG_HASH_BYTES], leaf[PROTO_LOG_HASH_BYTES];
    struct proto_log_hashes proof;

    (void)state;
    for (uint64_t size = 1; size <= 70; size++) {
        leaf_of(size - 1, leaf);
        nodes_add(n, leaf);
        proto_log_tree_root(&n->tree, roots[size]);
        for (uint64_t from = 1; from <= size; from++) {
            assert_ok(proto_log_prove_consistency(&proof, from, size, &reader));
            assert_ok(proto_log_check_consistency(from, roots[from], size, roots[size], &proof));
            if (proof.count) {
                proof.hash[proof.count - 1][0] ^= 1;
                assert_int_equal(proto_log_check_consistency(from, roots[from], size, roots[size], &proof),
                                 PROTO_ERR_LOG);
                proof.hash[proof.count - 1][0] ^= 1;
                proof.count--;
                assert_int_equal(proto_log_check_consistency(from, roots[from], size, roots[size], &proof),
                                 PROTO_ERR_LOG);
            }
        }
    }
    assert_int_equal(proto_log_prove_consistency(&proof, 0, 5, &reader), PROTO_ERR_RANGE);
    assert_int_equal(proto_log_prove_consistency(&proof, 6, 5, &reader), PROTO_ERR_RANGE);
    assert_int_equal(proto_log_prove_inclusion(&proof, 5, 5, &reader), PROTO_ERR_RANGE);
    free(n);
}

static void a_loaded_tree_goes_on_like_the_one_that_was_left(void **state)
{
    struct nodes *n = nodes_new();
    const struct proto_log_reader reader = {give, n};

    (void)state;
    for (uint64_t i = 0; i < LEAVES_MAX; i++) {
        uint8_t leaf[PROTO_LOG_HASH_BYTES], a[PROTO_LOG_HASH_BYTES], b[PROTO_LOG_HASH_BYTES];
        struct proto_log_tree loaded;
        assert_ok(proto_log_tree_load(&loaded, i, &reader));
        leaf_of(i, leaf);
        nodes_add(n, leaf);
        assert_ok(proto_log_tree_append(&loaded, leaf, NULL));
        proto_log_tree_root(&n->tree, a);
        proto_log_tree_root(&loaded, b);
        assert_memory_equal(a, b, sizeof a);
    }
    free(n);
}

/* ---- receipts ---- */

struct log {
    struct nodes *nodes;
    uint8_t secret_key[64];
    char vkey[256];
    struct proto_log_verifier verifier;
};

static void log_init(struct log *log, uint8_t seed_byte)
{
    uint8_t seed[32], public_key[32];
    struct proto_note_key key;
    struct proto_buf vkey;

    log->nodes = nodes_new();
    memset(seed, seed_byte, sizeof seed);
    proto_sign_keypair(public_key, log->secret_key, seed);
    assert_ok(proto_note_key_init(&key, ORIGIN, public_key));
    proto_buf_init(&vkey, sizeof log->vkey);
    proto_note_key_format(&key, &vkey);
    snprintf(log->vkey, sizeof log->vkey, "%.*s", (int)vkey.len, vkey.bytes);
    assert_ok(proto_log_verifier_init(&log->verifier, log->vkey));
    proto_buf_free(&vkey);
}

static void log_add(struct log *log, enum proto_log_class kind, const uint8_t c[32], const uint8_t evidence_hash[32],
                    const struct proto_log_seen *seen, struct proto_log_receipt *receipt)
{
    const struct proto_log_reader reader = {give, log->nodes};
    struct proto_log_checkpoint checkpoint = {.origin = ORIGIN};
    struct proto_log_leaf leaf = {kind, 1760000000, {0}};
    uint8_t hash[32];

    memset(receipt, 0, sizeof *receipt);
    memcpy(leaf.commitment, c, 32);
    assert_ok(proto_log_leaf_encode(receipt->leaf, &leaf));
    proto_log_leaf_hash(hash, receipt->leaf);
    receipt->index = log->nodes->tree.size;
    nodes_add(log->nodes, hash);
    checkpoint.size = log->nodes->tree.size;
    proto_log_tree_root(&log->nodes->tree, checkpoint.root);
    assert_ok(proto_log_checkpoint_sign(receipt->checkpoint, &checkpoint, log->secret_key));
    assert_ok(proto_log_evidence_sign(receipt->evidence_line, ORIGIN, receipt->index, receipt->leaf, evidence_hash,
                                      log->secret_key));
    assert_ok(proto_log_prove_inclusion(&receipt->inclusion, receipt->index, checkpoint.size, &reader));
    if (seen->size)
        assert_ok(proto_log_prove_consistency(&receipt->consistency, seen->size, checkpoint.size, &reader));
}

/* Seven leaves, two receipts checked: `seen` stands at 7, and the receipt for leaf 7 is ready to be spoilt. */
static void log_example(struct log *log, struct proto_log_seen *seen, struct proto_log_receipt *receipt, uint8_t c[32],
                        uint8_t evidence_hash[32])
{
    memset(seen, 0, sizeof *seen);
    memset(evidence_hash, 7, 32);
    for (uint8_t i = 0; i < 7; i++) {
        memset(c, i, 32);
        log_add(log, PROTO_LOG_STATEMENT, c, evidence_hash, seen, receipt);
        assert_ok(proto_log_receipt_check(receipt, c, PROTO_LOG_STATEMENT, evidence_hash, &log->verifier, seen, seen));
        assert_int_equal(seen->size, i + 1);
    }
    memset(c, 99, 32);
    log_add(log, PROTO_LOG_STATEMENT, c, evidence_hash, seen, receipt);
}

static void a_receipt_that_is_spoilt_anywhere_is_refused(void **state)
{
    struct log log, other;
    struct proto_log_seen seen, now = {0, {0}};
    struct proto_log_receipt good, bad;
    struct proto_log_verifier none;
    uint8_t c[32], evidence_hash[32];

    (void)state;
    log_init(&log, 3);
    log_init(&other, 4);
    log_example(&log, &seen, &good, c, evidence_hash);
#define REFUSED(receipt, kind, verifier)                                                                               \
    do {                                                                                                               \
        assert_int_equal(proto_log_receipt_check(receipt, c, kind, evidence_hash, verifier, &seen, &now),              \
                         PROTO_ERR_LOG);                                                                               \
        assert_int_equal(now.size, 0);                                                                                 \
    } while (0)
#define SPOILT(change)                                                                                                 \
    do {                                                                                                               \
        bad = good;                                                                                                    \
        change;                                                                                                        \
        REFUSED(&bad, PROTO_LOG_STATEMENT, &log.verifier);                                                             \
    } while (0)
    REFUSED(&good, PROTO_LOG_AGENT_EVENT, &log.verifier);
    REFUSED(&good, PROTO_LOG_STATEMENT, &other.verifier);
    assert_int_equal(proto_log_verifier_init(&none, "nonsense"), PROTO_ERR_LOG);
    REFUSED(&good, PROTO_LOG_STATEMENT, &none); /* a key that is none verifies nothing */
    SPOILT(bad.index--);
    SPOILT(bad.leaf[4] = PROTO_LOG_ERASURE);
    SPOILT(bad.leaf[15] = (uint8_t)(bad.leaf[15] + 60));
    SPOILT(bad.inclusion.count--);
    SPOILT(bad.inclusion.hash[1][31] ^= 1);
    SPOILT(bad.consistency.count = 0);
    SPOILT(bad.consistency.hash[0][0] ^= 1);
    SPOILT(bad.checkpoint[30]++);
    SPOILT(bad.checkpoint[0] = '\0');
    SPOILT(bad.evidence_line[40]++);
    SPOILT(strcat(bad.evidence_line, "\n"));
    SPOILT(memset(bad.evidence_line, 'x', sizeof bad.evidence_line));
    SPOILT(memset(bad.checkpoint, 'x', sizeof bad.checkpoint));
    evidence_hash[0] ^= 1;
    REFUSED(&good, PROTO_LOG_STATEMENT, &log.verifier);
    evidence_hash[0] ^= 1;
    c[0] ^= 1;
    REFUSED(&good, PROTO_LOG_STATEMENT, &log.verifier);
    c[0] ^= 1;
    assert_ok(proto_log_receipt_check(&good, c, PROTO_LOG_STATEMENT, evidence_hash, &log.verifier, &seen, &now));
    assert_int_equal(now.size, 8);
    free(log.nodes);
    free(other.nodes);
}

static void a_fork_and_a_rollback_are_refused(void **state)
{
    struct log log, fork;
    struct proto_log_seen seen, none = {0, {0}}, now;
    struct proto_log_receipt receipt;
    uint8_t c[32], evidence_hash[32];

    (void)state;
    log_init(&log, 3);
    log_init(&fork, 3); /* the same key signs another history */
    log_example(&log, &seen, &receipt, c, evidence_hash);
    for (uint8_t i = 0; i < 6; i++) {
        memset(c, 100 + i, 32);
        log_add(&fork, PROTO_LOG_STATEMENT, c, evidence_hash, &none, &receipt);
    }
    /* shorter than what was seen */
    assert_int_equal(
        proto_log_receipt_check(&receipt, c, PROTO_LOG_STATEMENT, evidence_hash, &fork.verifier, &seen, &now),
        PROTO_ERR_LOG);
    /* longer, and honest in itself, but not a continuation */
    for (uint8_t i = 0; i < 6; i++) {
        memset(c, 120 + i, 32);
        log_add(&fork, PROTO_LOG_STATEMENT, c, evidence_hash, i == 5 ? &seen : &none, &receipt);
    }
    assert_int_equal(
        proto_log_receipt_check(&receipt, c, PROTO_LOG_STATEMENT, evidence_hash, &fork.verifier, &seen, &now),
        PROTO_ERR_LOG);
    receipt.consistency.count = 0;
    assert_ok(proto_log_receipt_check(&receipt, c, PROTO_LOG_STATEMENT, evidence_hash, &fork.verifier, &none, &now));
    free(log.nodes);
    free(fork.nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_roots_come_out),
        cmocka_unit_test(every_inclusion_vector_is_judged_right),
        cmocka_unit_test(every_consistency_vector_is_judged_right),
        cmocka_unit_test(the_checkpoint_is_made_and_opened_as_the_standard_has_it),
        cmocka_unit_test(a_checkpoint_text_has_one_spelling),
        cmocka_unit_test(the_known_receipt_file_is_read_checked_and_written_again),
        cmocka_unit_test(a_flipped_bit_anywhere_in_a_receipt_file_is_refused),
        cmocka_unit_test(a_leaf_has_one_form),
        cmocka_unit_test(every_leaf_of_every_small_tree_is_proved),
        cmocka_unit_test(every_pair_of_small_trees_is_consistent),
        cmocka_unit_test(a_loaded_tree_goes_on_like_the_one_that_was_left),
        cmocka_unit_test(a_receipt_that_is_spoilt_anywhere_is_refused),
        cmocka_unit_test(a_fork_and_a_rollback_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
