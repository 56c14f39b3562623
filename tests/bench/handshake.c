/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_handshake - the CPU of both ends of a handshake against that of the primitives it cannot do without.
 *
 * Ours: both attempts from new() to done, by link and by code, with an organisation of one root, an agent's and an
 * officer's leaf, and its two notes. The peer: the calls of the table below, as often as the protocol needs them, by
 * the same libraries, on inputs of the same length. What is not in the table (parsing, hashing of transcripts, copying,
 * memory) is what the goal leaves room for.
 */
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/pairing/pairing.h"
#include "proto/seal/signature.h"
#include "tests/bench/bench.h"
#include "tests/bench/house.h"

enum { ROUNDS = 101, RUNS = 10 };

#define HOST "help.example.org"

static struct bench_house house;
static struct proto_invite_link link;
static struct proto_invite_code code;
static struct proto_code_guard guard;
static const struct proto_now now = {.mono_ms = 1000, .unix_ms = (int64_t)BENCH_TIME_S * 1000};
static const uint8_t sid[PROTO_SID_BYTES] = "sixteen of them";
static uint8_t cs_public[32], cs_secret[64];
static struct proto_pairing_customer customer_config;
static struct proto_pairing_agent agent_config;
static uint8_t key[32] = {1}, point[32], ristretto[32], public_key[32], secret_key[64], signature[64], text[2048],
               out[2048];

static void must(int ok)
{
    if (!ok)
        bench_cannot("a call of libcrypto, libsodium or of the handshake failed");
}

/* ---- the primitives ---- */

static void x25519_base(void)
{
    must(!crypto_scalarmult_base(out, key));
}

static void x25519(void)
{
    must(!crypto_scalarmult(out, key, point));
}

static void sign(void)
{
    must(!crypto_sign_detached(signature, NULL, text, 200, secret_key));
}

static void verify(void)
{
    must(!crypto_sign_verify_detached(signature, text, 200, public_key));
}

static void check_key(void)
{
    must(crypto_core_ed25519_is_valid_point(public_key));
}

static X509 *read_certificate(const struct proto_certificate *certificate)
{
    const unsigned char *at = certificate->bytes;

    return d2i_X509(NULL, &at, (long)certificate->len);
}

/* DER to X509 and X509_verify_cert() with one trusted root, strict, at a given time; OpenSSL checks the leaf's
 * signature on the way. */
static void chain(void)
{
    X509 *leaf = read_certificate(&house.agent.chain[0]), *top = read_certificate(&house.agent.chain[1]);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    must(leaf && top && store && context && X509_STORE_add_cert(store, top) == 1 &&
         X509_STORE_CTX_init(context, store, leaf, NULL) == 1);
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(rules, BENCH_TIME_S);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
    must(X509_verify_cert(context) == 1);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(top);
}

static void hmac(void)
{
    must(!crypto_auth_hmacsha256(out, text, 64, key));
}

static void hmac512(void)
{
    crypto_auth_hmacsha512_state state;

    crypto_auth_hmacsha512_init(&state, text, 64);
    crypto_auth_hmacsha512_update(&state, text, 70);
    crypto_auth_hmacsha512_final(&state, out);
}

static void sha256(void)
{
    crypto_hash_sha256(out, text, 96);
}

static void sha512(void)
{
    crypto_hash_sha512(out, text, 256);
}

static void aead_short(void)
{
    must(!crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, NULL, 0, key, 32, NULL, key, key));
}

static void aead_long(void)
{
    must(!crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, text, 1200, NULL, 0, NULL, key, key));
}

static void ristretto_hash(void)
{
    must(!crypto_core_ristretto255_from_hash(out, text));
}

static void ristretto_mult(void)
{
    must(!crypto_scalarmult_ristretto255(out, key, ristretto));
}

/* How often both ends together must call each. */
static const struct primitive {
    const char *name;
    void (*call)(void);
    unsigned link, code;
    const char *what_for;
} primitives[] = {
    {"X25519, base point", x25519_base, 2, 2, "an ephemeral key at each end"},
    {"X25519", x25519, 2, 2, "ee at each end"},
    {"Ed25519 sign", sign, 2, 2, "AUTH_A, AUTH_C"},
    {"Ed25519 verify", verify, 7, 7, "leaf and root of the agent, AUTH_A, ORG, officer's leaf, POLICY; AUTH_C"},
    {"Ed25519 key of full order", check_key, 4, 4, "root, agent's leaf, officer's leaf, customer"},
    {"X.509 chain", chain, 2, 2, "the agent's, the officer's"},
    {"HMAC-SHA256", hmac, 40, 36,
     "Noise: 16 at each end; HKDF: link's sid and psk (4 an end) or code's psk (2 an end)"},
    {"SHA-256", sha256, 20, 20, "Noise: 6 at each end; transcripts, fingerprints, texts: 8"},
    {"ChaCha20-Poly1305, empty", aead_short, 4, 4, "M1 and M2, sealed and opened"},
    {"ChaCha20-Poly1305, 1200 bytes", aead_long, 3, 3, "AUTH_A and AUTH_C, sealed and opened (AUTH_C is short)"},
    {"ristretto255 from hash", ristretto_hash, 0, 2, "CPace: the generator"},
    {"ristretto255 multiplication", ristretto_mult, 0, 4, "CPace: share and secret at each end"},
    {"SHA-512", sha512, 0, 6, "CPace: generator, ISK, MAC key at each end"},
    {"HMAC-SHA512", hmac512, 0, 4, "CPace: both tags at each end"},
};
enum { PRIMITIVES = sizeof primitives / sizeof *primitives };

static double peer_us(bool by_code)
{
    double from = bench_cpu_us();

    for (int run = 0; run < RUNS; run++)
        for (size_t i = 0; i < PRIMITIVES; i++)
            for (unsigned n = by_code ? primitives[i].code : primitives[i].link; n > 0; n--)
                primitives[i].call();
    return (bench_cpu_us() - from) / RUNS;
}

/* ---- ours ---- */

static void carry(struct proto_pairing *from, struct proto_pairing *to)
{
    const uint8_t *bytes;
    size_t len;

    while ((bytes = proto_pairing_pending(from, &len))) {
        must(!proto_pairing_feed(to, bytes, len, now));
        proto_pairing_sent(from);
    }
}

static void shake_hands(bool by_code)
{
    struct proto_pairing *customer, *agent;

    must(!proto_pairing_customer_new(&customer, &customer_config, now) &&
         !proto_pairing_agent_new(&agent, &agent_config, now));
    for (int i = 0; i < (by_code ? 3 : 2); i++) {
        carry(customer, agent);
        carry(agent, customer);
    }
    must(proto_pairing_done(customer) && proto_pairing_done(agent));
    proto_pairing_free(customer);
    proto_pairing_free(agent);
}

static double ours_us(bool by_code)
{
    double from, total = 0;

    for (int run = 0; run < RUNS; run++) {
        memset(&guard, 0, sizeof guard);
        from = bench_cpu_us();
        shake_hands(by_code);
        total += bench_cpu_us() - from;
    }
    return total / RUNS;
}

static void prepare(bool by_code)
{
    enum proto_pairing_mode mode = by_code ? PROTO_PAIRING_CODE : PROTO_PAIRING_LINK;

    customer_config = (struct proto_pairing_customer){.mode = mode,
                                                      .random = house.random,
                                                      .sid = by_code ? sid : NULL,
                                                      .join_host = HOST,
                                                      .link = &link,
                                                      .code = &code,
                                                      .cs_secret_key = cs_secret,
                                                      .client_info = "bench",
                                                      .roles = 1u << PROTO_ROLE_AGENT,
                                                      .org_note = house.org_note.bytes,
                                                      .policy_note = house.policy_note.bytes,
                                                      .org_note_len = house.org_note.len,
                                                      .policy_note_len = house.policy_note.len};
    agent_config = (struct proto_pairing_agent){.mode = mode,
                                                .random = house.random,
                                                .sid = by_code ? sid : NULL,
                                                .join_host = HOST,
                                                .link = &link,
                                                .code = &code,
                                                .guard = &guard,
                                                .credential = &house.agent,
                                                .org = &house.org,
                                                .policy = &house.policy};
}

static void measure(bool by_code)
{
    static struct bench_series ours, peer;

    ours.count = peer.count = 0;
    prepare(by_code);
    for (int round = 0; round < ROUNDS + 2; round++) {
        double a = ours_us(by_code), b = peer_us(by_code);
        if (round >= 2) {
            bench_add(&ours, a);
            bench_add(&peer, b);
        }
    }
    bench_ratio(by_code ? "handshake by code, both ends, us CPU" : "handshake by link, both ends, us CPU", &ours, &peer,
                1.5);
}

static void explain(void)
{
    bench_remark("what the handshake must call     by link  by code  us each");
    for (size_t i = 0; i < PRIMITIVES; i++) {
        double from = bench_cpu_us();
        for (int n = 0; n < 200; n++)
            primitives[i].call();
        bench_remark("  %-30s %7u %8u %8.1f  %s", primitives[i].name, primitives[i].link, primitives[i].code,
                     (bench_cpu_us() - from) / 200, primitives[i].what_for);
    }
}

int main(void)
{
    must(sodium_init() >= 0);
    must(bench_house_init(&house) &&
         !proto_invite_link_new(&link, HOST, house.agent.identity.root_fingerprint, &house.random) &&
         !proto_invite_code_new(&code, "407", &house.random));
    proto_sign_keypair(cs_public, cs_secret, key);
    memset(text, 7, sizeof text);
    must(!crypto_scalarmult_base(point, key) && !crypto_core_ristretto255_from_hash(ristretto, text) &&
         !crypto_sign_seed_keypair(public_key, secret_key, key) &&
         !crypto_sign_detached(signature, NULL, text, 200, secret_key));
    bench_head();
    measure(false);
    measure(true);
    explain();
    bench_house_clear(&house);
    return 0;
}
