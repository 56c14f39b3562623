/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/house.h"

#include <openssl/pem.h>
#include <string.h>

#include "certs/build.h"
#include "proto/seal/box.h"
#include "proto/seal/signature.h"

static const struct certs_span span = {BENCH_TIME_S - 2 * 86400, BENCH_TIME_S + 28 * 86400};

static bool put_pem(struct proto_buf *out, X509 *certificate, EVP_PKEY *key)
{
    BIO *text = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    bool fits = text && (certificate ? PEM_write_bio_X509(text, certificate)
                                     : PEM_write_bio_PKCS8PrivateKey(text, key, NULL, NULL, 0, NULL, NULL));
    long len = fits ? BIO_get_mem_data(text, &bytes) : 0;

    proto_buf_init(out, PROTO_PEM_BYTES);
    proto_buf_put(out, bytes, (size_t)len);
    BIO_free(text);
    return fits && !out->failed;
}

struct authority {
    EVP_PKEY *key; /* owned */
    X509 *root;    /* owned */
    struct proto_buf pem;
    uint8_t secret_key[64];
};

static bool authority_init(struct authority *a, const struct proto_random *random)
{
    struct proto_buf key_pem;
    uint8_t seed[32], public_key[32];

    a->key = certs_key_ed25519(random);
    a->root = a->key ? certs_build_root(a->key, "Example Ltd", BENCH_DOMAIN, span, random) : NULL;
    if (!a->root || !put_pem(&a->pem, a->root, NULL) || !put_pem(&key_pem, NULL, a->key))
        return false;
    bool read = proto_seed_of_pem(key_pem.bytes, key_pem.len, seed) == PROTO_OK;
    if (read)
        proto_sign_keypair(public_key, a->secret_key, seed);
    proto_buf_free(&key_pem);
    return read;
}

static bool issue(const struct authority *a, const struct proto_random *random, const char *id, const char *name,
                  enum proto_role role, struct proto_credential *out)
{
    const struct certs_leaf wish = {.id = id, .name = name, .domain = BENCH_DOMAIN, .role = role, .span = span};
    struct proto_buf pem = {0}, key_pem = {0};
    EVP_PKEY *key = certs_key_ed25519(random);
    X509 *leaf = key ? certs_build_leaf(key, &wish, a->root, a->key, random) : NULL;
    bool made = leaf && put_pem(&pem, leaf, NULL) && put_pem(&key_pem, NULL, key) &&
                proto_credential_of_pem(out, &pem, &key_pem, &a->pem, BENCH_TIME_S) == PROTO_OK;

    proto_buf_free(&pem);
    proto_buf_free(&key_pem);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return made;
}

static bool publish(struct bench_house *h, const struct authority *a)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_policy_signer signer = {&h->officer.identity, chain, proto_credential_chain(&h->officer, chain),
                                         h->officer.secret_key};
    const uint8_t evidence_secret[32] = {4};

    proto_org_init(&h->org, BENCH_DOMAIN);
    h->org.number = 3;
    h->org.time_s = BENCH_TIME_S;
    proto_policy_defaults(&h->policy, BENCH_DOMAIN);
    h->policy.number = 2;
    h->policy.time_s = BENCH_TIME_S;
    proto_box_public_key(h->policy.evidence_key, evidence_secret);
    proto_buf_init(&h->org_note, PROTO_ORG_NOTE_BYTES);
    proto_buf_init(&h->policy_note, PROTO_POLICY_NOTE_BYTES);
    return proto_org_sign(&h->org, a->secret_key, &h->org_note) == PROTO_OK &&
           proto_policy_sign(&h->policy, &signer, &h->policy_note) == PROTO_OK;
}

bool bench_house_init(struct bench_house *h)
{
    static const uint8_t seed[32] = "an organisation to measure with";
    struct authority a = {0};

    memset(h, 0, sizeof *h);
    proto_random_seeded_init(&h->seeded, seed);
    h->random = proto_random_from_seeded(&h->seeded);
    bool made = authority_init(&a, &h->random) &&
                issue(&a, &h->random, "ana", "Ana Agent", PROTO_ROLE_AGENT, &h->agent) &&
                issue(&a, &h->random, "olga", "Olga Officer", PROTO_ROLE_OFFICER, &h->officer) && publish(h, &a);
    proto_buf_free(&a.pem);
    X509_free(a.root);
    EVP_PKEY_free(a.key);
    return made;
}

void bench_house_clear(struct bench_house *h)
{
    proto_credential_clear(&h->agent);
    proto_credential_clear(&h->officer);
    proto_buf_free(&h->org_note);
    proto_buf_free(&h->policy_note);
}
