/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fixture.h"

#include <stdio.h>
#include <string.h>

#include "proto/seal/box.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "tests/fuzz/fuzz.h"

static void make_keys(struct fixture *f)
{
    struct proto_note_key key;
    struct proto_buf vkey;
    uint8_t seed[32];

    memset(seed, 5, sizeof seed);
    proto_sign_keypair(f->log_public, f->log_secret, seed);
    memset(seed, 6, sizeof seed);
    proto_sign_keypair(f->cs_public, f->cs_secret, seed);
    memset(f->evidence_secret, 4, sizeof f->evidence_secret);
    proto_box_public_key(f->evidence_public, f->evidence_secret);
    FUZZ_READY(proto_note_key_init(&key, FIXTURE_ORIGIN, f->log_public));
    proto_buf_init(&vkey, sizeof f->log_vkey - 1);
    proto_note_key_format(&key, &vkey);
    memcpy(f->log_vkey, vkey.bytes, vkey.len);
    proto_buf_free(&vkey);
}

static void make_notes(struct fixture *f)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_policy_signer signer = {&f->officer.identity, chain, proto_credential_chain(&f->officer, chain),
                                         f->officer.secret_key};

    proto_org_init(&f->org, WORLD_DOMAIN);
    f->org.number = 1;
    f->org.time_s = WORLD_TIME_S;
    FUZZ_READY(proto_org_add_log(&f->org, f->log_vkey));
    FUZZ_READY(proto_org_revoke(&f->org, "0123456789abcdef", WORLD_TIME_S, "lost card"));
    proto_policy_defaults(&f->policy, WORLD_DOMAIN);
    f->policy.number = 1;
    f->policy.time_s = WORLD_TIME_S;
    memcpy(f->policy.evidence_key, f->evidence_public, sizeof f->evidence_public);
    proto_buf_init(&f->org_note, PROTO_ORG_NOTE_BYTES);
    proto_buf_init(&f->policy_note, PROTO_POLICY_NOTE_BYTES);
    FUZZ_READY(proto_org_sign(&f->org, f->root.secret_key, &f->org_note));
    FUZZ_READY(proto_policy_sign(&f->policy, &signer, &f->policy_note));
    proto_buf_put_u8(&f->org_note, 0);
    proto_buf_put_u8(&f->policy_note, 0);
    f->org_note.len--;
    f->policy_note.len--;
}

struct fixture *fixture(void)
{
    static struct fixture f;
    static bool made;
    static const uint8_t seed[32] = "the seed of all that is fuzzed";

    if (made)
        return &f;
    made = true;
    proto_random_seeded_init(&f.seeded, seed);
    f.random = proto_random_from_seeded(&f.seeded);
    make_keys(&f);
    world_root_init(&f.root, 1, WORLD_DOMAIN);
    world_issue(&f.root, 2, "Ada Agent", PROTO_ROLE_AGENT, &f.agent);
    world_issue(&f.root, 3, "Olga Officer", PROTO_ROLE_OFFICER, &f.officer);
    make_notes(&f);
    return &f;
}

/* ---- a small log ---- */

struct nodes {
    uint8_t hash[4][8][32];
};

static void keep_node(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    memcpy(((struct nodes *)context)->hash[level][index], hash, 32);
}

static enum proto_err give_node(void *context, unsigned level, uint64_t index, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    memcpy(out, ((struct nodes *)context)->hash[level][index], 32);
    return PROTO_OK;
}

void fixture_receipt(const uint8_t commitment[static 32], const uint8_t evidence_hash[static 32],
                     struct proto_log_receipt *receipt, struct proto_log_seen *seen)
{
    struct nodes nodes = {0};
    struct proto_log_tree tree;
    struct proto_log_sink sink = {keep_node, &nodes};
    struct proto_log_reader reader = {give_node, &nodes};
    struct proto_log_checkpoint checkpoint = {.origin = FIXTURE_ORIGIN};

    memset(receipt, 0, sizeof *receipt);
    proto_log_tree_init(&tree);
    for (uint8_t i = 0; i < 8; i++) {
        struct proto_log_leaf leaf = {PROTO_LOG_STATEMENT, WORLD_TIME_S, {i}};
        uint8_t bytes[PROTO_LOG_LEAF_BYTES], hash[32];
        if (i == 4)
            memcpy(leaf.commitment, commitment, 32);
        FUZZ_READY(proto_log_leaf_encode(bytes, &leaf));
        if (i == 4)
            memcpy(receipt->leaf, bytes, sizeof bytes);
        proto_log_leaf_hash(hash, bytes);
        FUZZ_READY(proto_log_tree_append(&tree, hash, &sink));
        if (i == 2)
            proto_log_tree_root(&tree, seen->root);
    }
    seen->size = 3;
    receipt->index = 4;
    checkpoint.size = 8;
    proto_log_tree_root(&tree, checkpoint.root);
    FUZZ_READY(proto_log_prove_inclusion(&receipt->inclusion, 4, 8, &reader));
    FUZZ_READY(proto_log_prove_consistency(&receipt->consistency, 3, 8, &reader));
    FUZZ_READY(proto_log_checkpoint_sign(receipt->checkpoint, &checkpoint, fixture()->log_secret));
    FUZZ_READY(proto_log_evidence_sign(receipt->evidence_line, FIXTURE_ORIGIN, 4, receipt->leaf, evidence_hash,
                                       fixture()->log_secret));
}

/* ---- notes ---- */

struct proto_statement fixture_statement(void)
{
    struct proto_statement s = {.seq = 2,
                                .unix_s = WORLD_TIME_S,
                                .action = PROTO_STATEMENT_GRANT,
                                .capability = PROTO_CAPABILITY_CAMERA,
                                .role = PROTO_ROLE_AGENT,
                                .domain = WORLD_DOMAIN,
                                .verified = true,
                                .epoch = 1,
                                .max_s = 600,
                                .retention_days = 30,
                                .has_key = true,
                                .purpose = "to see the lamp \xc3\xa4"};

    memset(s.sid, 1, sizeof s.sid);
    memset(s.prev, 2, sizeof s.prev);
    memset(s.grantee, 3, sizeof s.grantee);
    memset(s.key_commit, 4, sizeof s.key_commit);
    proto_statement_shown(s.ui_text, s.capability, s.purpose, s.max_s);
    return s;
}

struct proto_event_note fixture_event(void)
{
    struct proto_event_note e = {.seq = 3,
                                 .unix_s = WORLD_TIME_S,
                                 .action = PROTO_ACT_GATE_OPENED,
                                 .capability = PROTO_CAPABILITY_CAMERA,
                                 .subject = "Ada Agent"};

    FUZZ_READY(proto_event_note_detail(&e, "stream", "%d", 17));
    FUZZ_READY(proto_event_note_detail(&e, "src", "%d", 1));
    FUZZ_READY(proto_event_note_detail(&e, "leaf", "%s", "abc"));
    return e;
}
