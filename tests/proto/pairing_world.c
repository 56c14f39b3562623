/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/pairing_world.h"

#include "proto/seal/box.h"
#include "proto/seal/signature.h"
#include "tests/proto/test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- certificates ---- */

struct extension {
    int nid;
    const char *value;
};

static EVP_PKEY *key_of(const uint8_t seed[static 32])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);

    assert_non_null(key);
    return key;
}

static void set_time(ASN1_TIME *time, int64_t unix_s)
{
    assert_non_null(ASN1_TIME_set(time, (time_t)unix_s));
}

static X509 *certificate_new(const char *name, uint8_t serial, int days, EVP_PKEY *key)
{
    X509 *x = X509_new();

    assert_non_null(x);
    assert_true(X509_set_version(x, X509_VERSION_3));
    assert_true(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), 0x4000000000000000u + serial));
    assert_true(
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1, 0));
    set_time(X509_getm_notBefore(x), WORLD_TIME_S - 2 * 86400);
    set_time(X509_getm_notAfter(x), WORLD_TIME_S + (int64_t)days * 86400);
    assert_true(X509_set_pubkey(x, key));
    return x;
}

static void sign(X509 *x, X509 *issuer, EVP_PKEY *issuer_key, const struct extension *extensions, size_t count)
{
    X509V3_CTX context;

    assert_true(X509_set_issuer_name(x, X509_get_subject_name(issuer)));
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &context, extensions[i].nid, extensions[i].value);

        assert_non_null(e);
        assert_true(X509_add_ext(x, e, -1));
        X509_EXTENSION_free(e);
    }
    assert_true(X509_sign(x, issuer_key, NULL));
}

static void put_pem(struct proto_buf *out, X509 *x, EVP_PKEY *key)
{
    BIO *text = BIO_new(BIO_s_mem());
    char *bytes;

    assert_true(x ? PEM_write_bio_X509(text, x) : PEM_write_bio_PKCS8PrivateKey(text, key, NULL, NULL, 0, NULL, NULL));
    long len = BIO_get_mem_data(text, &bytes);
    proto_buf_init(out, PROTO_PEM_BYTES);
    proto_buf_put(out, bytes, (size_t)len);
    assert_false(out->failed);
    BIO_free(text);
}

void world_root_init(struct world_root *root, uint8_t seed, const char *domain)
{
    char constraints[600];
    const struct extension extensions[] = {{NID_basic_constraints, "critical,CA:TRUE"},
                                           {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                           {NID_subject_key_identifier, "hash"},
                                           {NID_name_constraints, constraints}};

    memset(root, 0, sizeof *root);
    memset(root->seed, seed, sizeof root->seed);
    root->domain = domain;
    snprintf(constraints, sizeof constraints, "critical,permitted;DNS:%s,permitted;email:%s", domain, domain);
    proto_sign_keypair(root->public_key, root->secret_key, root->seed);
    EVP_PKEY *key = key_of(root->seed);
    X509 *x = certificate_new("Example Ltd", 1, 3650, key);

    assert_true(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "O", MBSTRING_UTF8, (const uint8_t *)"Example Ltd",
                                           -1, -1, 0));
    sign(x, x, key, extensions, sizeof extensions / sizeof extensions[0]);
    put_pem(&root->pem, x, NULL);
    X509_free(x);
    EVP_PKEY_free(key);
}

void world_root_clear(struct world_root *root)
{
    proto_buf_free(&root->pem);
}

void world_issue(const struct world_root *root, uint8_t seed, const char *name, enum proto_role role,
                 struct proto_credential *out)
{
    char email[300], usage[200];
    uint8_t leaf_seed[32];
    struct proto_buf pem, key_pem;
    const struct extension extensions[] = {{NID_basic_constraints, "critical,CA:FALSE"},
                                           {NID_key_usage, "critical,digitalSignature"},
                                           {NID_ext_key_usage, usage},
                                           {NID_subject_alt_name, email},
                                           {NID_authority_key_identifier, "keyid:always"}};

    memset(leaf_seed, seed, sizeof leaf_seed);
    snprintf(email, sizeof email, "email:%s@%s", proto_role_name(role), root->domain);
    snprintf(usage, sizeof usage, "clientAuth,%s.%d", PROTO_ROLE_OID_ARC, (int)role);
    BIO *text = BIO_new_mem_buf(root->pem.bytes, (int)root->pem.len);
    X509 *issuer = PEM_read_bio_X509(text, NULL, NULL, NULL);
    EVP_PKEY *issuer_key = key_of(root->seed), *key = key_of(leaf_seed);
    X509 *x = certificate_new(name, seed, 28, key);

    sign(x, issuer, issuer_key, extensions, sizeof extensions / sizeof extensions[0]);
    put_pem(&pem, x, NULL);
    put_pem(&key_pem, NULL, key);
    assert_ok(proto_credential_of_pem(out, &pem, &key_pem, &root->pem, WORLD_TIME_S));
    proto_buf_free(&pem);
    proto_buf_free(&key_pem);
    X509_free(x);
    X509_free(issuer);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer_key);
    BIO_free(text);
}

/* ---- the organisation ---- */

void world_publish(struct world *world)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_policy_signer signer = {.identity = &world->officer_credential.identity,
                                         .chain = chain,
                                         .chain_len = proto_credential_chain(&world->officer_credential, chain),
                                         .secret_key = world->officer_credential.secret_key};

    proto_buf_clear(&world->org_note);
    proto_buf_clear(&world->policy_note);
    assert_ok(proto_org_sign(&world->org, world->root.secret_key, &world->org_note));
    assert_ok(proto_policy_sign(&world->policy, &signer, &world->policy_note));
}

static void found(struct world *world)
{
    uint8_t evidence_secret[32];

    world_root_init(&world->root, 1, WORLD_DOMAIN);
    world_issue(&world->root, 2, "Ada Agent", PROTO_ROLE_AGENT, &world->agent_credential);
    world_issue(&world->root, 3, "Olga Officer", PROTO_ROLE_OFFICER, &world->officer_credential);
    proto_org_init(&world->org, WORLD_DOMAIN);
    world->org.number = 3;
    world->org.time_s = WORLD_TIME_S;
    proto_policy_defaults(&world->policy, WORLD_DOMAIN);
    world->policy.number = 2;
    world->policy.time_s = WORLD_TIME_S;
    memset(evidence_secret, 4, sizeof evidence_secret);
    proto_box_public_key(world->policy.evidence_key, evidence_secret);
    proto_buf_init(&world->org_note, PROTO_ORG_NOTE_BYTES);
    proto_buf_init(&world->policy_note, PROTO_POLICY_NOTE_BYTES);
    world_publish(world);
}

/* ---- both ends ---- */

static void draw(void *context, uint8_t *out, size_t len)
{
    struct world_draws *draws = (struct world_draws *)context;

    proto_random_fill(&draws->from, out, len);
    assert_in_range(draws->count, 0, WORLD_DRAWS_MAX - 1);
    assert_in_range(len, 1, sizeof draws->bytes[0]);
    memcpy(draws->bytes[draws->count], out, len);
    draws->len[draws->count++] = len;
}

static struct proto_random recorded(struct world_draws *draws, struct proto_random from)
{
    memset(draws, 0, sizeof *draws);
    draws->from = from;
    return (struct proto_random){draw, draws};
}

void world_init(struct world *world, uint8_t seed)
{
    uint8_t bytes[32];

    memset(world, 0, sizeof *world);
    memset(bytes, seed, sizeof bytes);
    proto_random_seeded_init(&world->seeded, bytes);
    world->random = proto_random_from_seeded(&world->seeded);
    world->now = (struct proto_now){.mono_ms = 1000, .unix_ms = (int64_t)WORLD_TIME_S * 1000};
    found(world);
    proto_random_fill(&world->random, world->sid, sizeof world->sid);
    proto_random_fill(&world->random, bytes, sizeof bytes);
    proto_sign_keypair(world->cs_public, world->cs_secret, bytes);
    assert_ok(proto_invite_link_new(&world->link, WORLD_HOST, world->agent_credential.identity.root_fingerprint,
                                    &world->random));
    assert_ok(proto_invite_code_new(&world->code, "407", &world->random));
}

void world_clear(struct world *world)
{
    world_stop(world);
    proto_credential_clear(&world->agent_credential);
    proto_credential_clear(&world->officer_credential);
    world_root_clear(&world->root);
    proto_buf_free(&world->org_note);
    proto_buf_free(&world->policy_note);
}

void world_prepare(struct world *world, enum proto_pairing_mode mode)
{
    const uint8_t *sid = mode == PROTO_PAIRING_LINK ? NULL : world->sid;

    world_stop(world);
    world->customer_config = (struct proto_pairing_customer){.mode = mode,
                                                             .random = recorded(&world->customer_draws, world->random),
                                                             .sid = sid,
                                                             .join_host = WORLD_HOST,
                                                             .link = &world->link,
                                                             .code = &world->code,
                                                             .resume_psk = world->customer_keys.newest.psk,
                                                             .known = &world->known,
                                                             .cs_secret_key = world->cs_secret,
                                                             .client_info = "Handhold companion, Debian 12",
                                                             .roles = 1u << PROTO_ROLE_AGENT,
                                                             .org_note = world->org_note.bytes,
                                                             .policy_note = world->policy_note.bytes,
                                                             .org_note_len = world->org_note.len,
                                                             .policy_note_len = world->policy_note.len};
    world->agent_config = (struct proto_pairing_agent){.mode = mode,
                                                       .random = recorded(&world->agent_draws, world->random),
                                                       .sid = sid,
                                                       .join_host = WORLD_HOST,
                                                       .link = &world->link,
                                                       .code = &world->code,
                                                       .guard = &world->guard,
                                                       .resume = &world->agent_keys,
                                                       .known_cs = world->known_cs,
                                                       .credential = &world->agent_credential,
                                                       .org = &world->org,
                                                       .policy = &world->policy};
}

struct proto_now world_customer_now(const struct world *world)
{
    return (struct proto_now){world->now.mono_ms, world->now.unix_ms + world->customer_ahead_s * 1000};
}

void world_start(struct world *world)
{
    world->customer_err = world->agent_err = PROTO_OK;
    world->carried = 0;
    assert_ok(proto_pairing_customer_new(&world->customer, &world->customer_config, world_customer_now(world)));
    assert_ok(proto_pairing_agent_new(&world->agent, &world->agent_config, world->now));
}

static bool carry_one(struct world *world, bool to_agent)
{
    struct proto_pairing *from = to_agent ? world->customer : world->agent;
    struct proto_pairing *to = to_agent ? world->agent : world->customer;
    enum proto_err *err = to_agent ? &world->agent_err : &world->customer_err;
    static struct world_message message;
    const uint8_t *bytes = proto_pairing_pending(from, &message.len);

    if (!bytes)
        return false;
    assert_in_range(world->carried, 0, WORLD_MESSAGES_MAX - 1);
    memcpy(message.bytes, bytes, message.len);
    message.to_agent = to_agent;
    proto_pairing_sent(from);
    world->log[world->carried] = message;
    if (world->relay && !world->relay(world, world->carried, &message)) {
        world->carried++;
        return true;
    }
    world->carried++;
    uint8_t *exact = (uint8_t *)malloc(message.len ? message.len : 1); /* a sanitizer sees the first step too far */

    memcpy(exact, message.bytes, message.len);
    if (*err == PROTO_OK)
        *err = proto_pairing_feed(to, exact, message.len, to_agent ? world->now : world_customer_now(world));
    free(exact);
    return true;
}

void world_carry(struct world *world)
{
    bool moved = true;

    while (moved) {
        moved = carry_one(world, true);
        moved = carry_one(world, false) || moved;
    }
}

void world_stop(struct world *world)
{
    proto_pairing_free(world->customer);
    proto_pairing_free(world->agent);
    world->customer = world->agent = NULL;
}

bool world_pair(struct world *world, enum proto_pairing_mode mode)
{
    world_prepare(world, mode);
    world_start(world);
    world_carry(world);
    return proto_pairing_done(world->customer) && proto_pairing_done(world->agent);
}

void world_settle(struct world *world)
{
    const struct proto_pairing_result *customer = proto_pairing_result(world->customer);
    const struct proto_pairing_result *agent = proto_pairing_result(world->agent);

    assert_non_null(customer);
    assert_non_null(agent);
    world->known = customer->agent;
    memcpy(world->known_cs, agent->cs_public, sizeof world->known_cs);
    memcpy(world->sid, customer->sid, sizeof world->sid);
    proto_resume_keys_complete(&world->agent_keys, agent->resume_id);
    assert_ok(proto_resume_keys_push(&world->agent_keys, agent->resume_psk));
    assert_ok(proto_resume_keys_push(&world->customer_keys, customer->resume_psk));
}
