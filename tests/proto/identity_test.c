/* SPDX-License-Identifier: Apache-2.0 */
/* Who passes for a member of staff, and everything that must not. */
#include "tests/proto/test.h"

#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "certs/build.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "proto/identity/credential.h"
#include "proto/identity/der.h"

#define NOW INT64_C(1767225600)
#define DAY INT64_C(86400)
#define DOMAIN "example.org"

/* An organisation with one member of staff, the same at every run. */
struct world {
    struct proto_random_seeded seeded;
    struct proto_random random;
    EVP_PKEY *root_key, *leaf_key;
    X509 *root, *leaf;
    uint8_t pin[32];
};

static X509 *make_leaf(struct world *w, EVP_PKEY *key, const char *domain, struct certs_span span)
{
    const struct certs_leaf leaf = {"ada", "Ada Lovelace", domain, PROTO_ROLE_AGENT, span};

    return certs_build_leaf(key, &leaf, w->root, w->root_key, &w->random);
}

static void world_init(struct world *w)
{
    static const uint8_t seed[32] = {7};
    const struct certs_span years = {NOW - 2 * DAY, NOW + 3650 * DAY}, month = {NOW - 2 * DAY, NOW + 30 * DAY};
    struct proto_identity_root about;
    uint8_t *der = NULL;

    proto_random_seeded_init(&w->seeded, seed);
    w->random = proto_random_from_seeded(&w->seeded);
    w->root_key = certs_key_ed25519(&w->random);
    w->leaf_key = certs_key_ed25519(&w->random);
    w->root = certs_build_root(w->root_key, "Example Ltd", DOMAIN, years, &w->random);
    assert_non_null(w->root);
    w->leaf = make_leaf(w, w->leaf_key, DOMAIN, month);
    assert_non_null(w->leaf);
    size_t len = (size_t)i2d_X509(w->root, &der);

    assert_ok(proto_identity_read_root((struct proto_der){der, len}, &about));
    memcpy(w->pin, about.fingerprint, sizeof w->pin);
    OPENSSL_free(der);
}

static void world_clear(struct world *w)
{
    X509_free(w->root);
    X509_free(w->leaf);
    EVP_PKEY_free(w->root_key);
    EVP_PKEY_free(w->leaf_key);
}

static enum proto_err verify_x509(const struct world *w, X509 *const *chain, size_t count, int64_t at,
                                  struct proto_identity *out)
{
    struct proto_der ders[8] = {{0}};
    uint8_t *bytes[8] = {NULL};

    for (size_t i = 0; i < count; i++) {
        ders[i].len = (size_t)i2d_X509(chain[i], &bytes[i]);
        ders[i].bytes = bytes[i];
    }
    enum proto_err err = proto_identity_verify_chain(ders, count, w->pin, sizeof w->pin, at, out);

    for (size_t i = 0; i < count; i++)
        OPENSSL_free(bytes[i]);
    return err;
}

static enum proto_err verify_leaf(const struct world *w, X509 *leaf, int64_t at)
{
    X509 *const chain[] = {leaf, w->root};
    struct proto_identity out;

    return verify_x509(w, chain, 2, at, &out);
}

/* The leaf with one extension taken out (nid) and another put in (value), signed again by the root. */
static enum proto_err verify_changed(struct world *w, int nid, const char *value)
{
    X509 *leaf = X509_dup(w->leaf);
    int at = X509_get_ext_by_NID(leaf, nid, -1);

    if (at >= 0)
        X509_EXTENSION_free(X509_delete_ext(leaf, at));
    if (value) {
        X509V3_CTX context;

        X509V3_set_ctx(&context, w->root, leaf, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);

        assert_non_null(extension);
        X509_add_ext(leaf, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(leaf, w->root_key, NULL) > 0);
    enum proto_err err = verify_leaf(w, leaf, NOW);

    X509_free(leaf);
    return err;
}

static void a_member_of_staff_is_known_by_the_certificate(void **state)
{
    struct world w;
    struct proto_identity who;
    char signer[PROTO_IDENTITY_SIGNER_BYTES + 1], expected[PROTO_IDENTITY_SIGNER_BYTES + 1];

    (void)state;
    world_init(&w);
    X509 *const chain[] = {w.leaf, w.root};

    assert_ok(verify_x509(&w, chain, 2, NOW, &who));
    assert_string_equal(who.name, "Ada Lovelace");
    assert_string_equal(who.email, "ada@" DOMAIN);
    assert_string_equal(who.domain, DOMAIN);
    assert_int_equal(who.role, PROTO_ROLE_AGENT);
    assert_true(who.not_before_s == NOW - 2 * DAY && who.not_after_s == NOW + 30 * DAY);
    assert_memory_equal(who.root_fingerprint, w.pin, 32);
    assert_int_equal(strlen(who.serial), 32);
    assert_ok(proto_identity_require(&who, PROTO_ROLE_AGENT));
    assert_int_equal(proto_identity_require(&who, PROTO_ROLE_OFFICER), PROTO_ERR_CERT_ROLE);
    proto_identity_signer_name(&who, signer);
    snprintf(expected, sizeof expected, DOMAIN "/agent/%s", who.serial);
    assert_string_equal(signer, expected);
    world_clear(&w);
}

/* Who cuts it out of a line of somebody else must find nothing. */
static void a_signers_name_has_its_serial_or_is_nobodys(void **state)
{
    static const char *const names[] = {
        "example.org/officer/",
        "example.org/officer/0",
        "example.org/officer/00F1",
        "example.org/officer/x/01",
        "example.org/officer",
        "example.com/officer/01",
        "example.org/agent/01",
        "x/example.org/officer/01",
        "example.org/officer/000102030405060708090a0b0c0d0e0f101112131415",
    };
    char serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1];

    (void)state;
    assert_true(
        proto_identity_signer_serial("example.org/officer/04a1+", 24, "example.org", PROTO_ROLE_OFFICER, serial));
    assert_string_equal(serial, "04a1");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(
            proto_identity_signer_serial(names[i], strlen(names[i]), "example.org", PROTO_ROLE_OFFICER, serial));
        assert_string_equal(serial, "");
    }
    assert_false(
        proto_identity_signer_serial("example.org/officer/04\0a1", 25, "example.org", PROTO_ROLE_OFFICER, serial));
}

static void sixteen_bytes_of_the_pin_are_enough_and_another_pin_is_refused(void **state)
{
    struct world w;
    struct proto_identity who;
    uint8_t *bytes[2] = {NULL, NULL};

    (void)state;
    world_init(&w);
    struct proto_der chain[2] = {{.len = (size_t)i2d_X509(w.leaf, &bytes[0])},
                                 {.len = (size_t)i2d_X509(w.root, &bytes[1])}};

    chain[0].bytes = bytes[0];
    chain[1].bytes = bytes[1];
    assert_ok(proto_identity_verify_chain(chain, 2, w.pin, 16, NOW, &who));
    assert_int_equal(proto_identity_verify_chain(chain, 2, w.pin, 4, NOW, &who), PROTO_ERR_ARGUMENT);
    assert_int_equal(proto_identity_verify_chain(chain, 1, w.pin, 16, NOW, &who), PROTO_ERR_RANGE);
    w.pin[15] ^= 1;
    assert_int_equal(proto_identity_verify_chain(chain, 2, w.pin, 16, NOW, &who), PROTO_ERR_CERT_CHAIN);
    assert_string_equal(who.name, "");
    OPENSSL_free(bytes[0]);
    OPENSSL_free(bytes[1]);
    world_clear(&w);
}

static void another_root_of_the_same_name_is_refused(void **state)
{
    struct world w, other;
    struct proto_identity who;

    (void)state;
    world_init(&w);
    other = w;
    other.root_key = certs_key_ed25519(&w.random);
    other.root = certs_build_root(other.root_key, "Example Ltd", DOMAIN,
                                  (struct certs_span){NOW - 2 * DAY, NOW + 3650 * DAY}, &w.random);
    X509 *leaf = make_leaf(&other, w.leaf_key, DOMAIN, (struct certs_span){NOW - 2 * DAY, NOW + DAY});
    X509 *const theirs[] = {leaf, other.root}, *const mixed[] = {leaf, w.root}, *const backwards[] = {w.root, w.leaf};

    assert_int_equal(verify_x509(&w, theirs, 2, NOW, &who), PROTO_ERR_CERT_CHAIN);
    assert_int_equal(verify_x509(&w, mixed, 2, NOW, &who), PROTO_ERR_CERT_CHAIN);
    assert_int_equal(verify_x509(&w, backwards, 2, NOW, &who), PROTO_ERR_CERT_PROFILE);
    X509_free(leaf);
    X509_free(other.root);
    EVP_PKEY_free(other.root_key);
    world_clear(&w);
}

static void a_certificate_counts_in_its_time_alone(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    assert_ok(verify_leaf(&w, w.leaf, NOW + 30 * DAY - 1));
    assert_int_equal(verify_leaf(&w, w.leaf, NOW + 30 * DAY), PROTO_ERR_CERT_EXPIRED);
    assert_ok(verify_leaf(&w, w.leaf, NOW - 2 * DAY));
    assert_int_equal(verify_leaf(&w, w.leaf, NOW - 2 * DAY - 1), PROTO_ERR_CERT_EXPIRED);
    world_clear(&w);
}

static void a_leaf_outside_the_profile_is_refused(void **state)
{
    static const char arc[] = "clientAuth," PROTO_ROLE_OID_ARC;
    static const struct {
        int nid;
        const char *value;
        enum proto_err err;
    } cases[] = {
        {NID_ext_key_usage, "clientAuth", PROTO_ERR_CERT_ROLE},
        {NID_ext_key_usage, NULL, PROTO_ERR_CERT_ROLE},
        {NID_ext_key_usage, PROTO_ROLE_OID_ARC ".1", PROTO_ERR_CERT_ROLE},
        {NID_ext_key_usage, "clientAuth," PROTO_ROLE_OID_ARC ".1," PROTO_ROLE_OID_ARC ".4", PROTO_ERR_CERT_ROLE},
        {NID_ext_key_usage, "clientAuth," PROTO_ROLE_OID_ARC ".9", PROTO_ERR_CERT_ROLE},
        {NID_ext_key_usage, "clientAuth," PROTO_ROLE_OID_ARC ".1.1", PROTO_ERR_CERT_ROLE},
        {NID_ext_key_usage, arc, PROTO_ERR_CERT_ROLE},
        {NID_subject_alt_name, "email:ada@evil.test", PROTO_ERR_CERT_NAME},
        {NID_subject_alt_name, "email:ada@sub." DOMAIN, PROTO_ERR_CERT_NAME},
        {NID_subject_alt_name, "email:ada@" DOMAIN ",DNS:evil.test", PROTO_ERR_CERT_NAME},
        {NID_subject_alt_name, "DNS:" DOMAIN, PROTO_ERR_CERT_NAME},
        {NID_subject_alt_name, NULL, PROTO_ERR_CERT_NAME},
        {NID_basic_constraints, "critical,CA:TRUE", PROTO_ERR_CERT_PROFILE},
        {NID_basic_constraints, "CA:FALSE", PROTO_ERR_CERT_PROFILE},
        {NID_basic_constraints, NULL, PROTO_ERR_CERT_PROFILE},
        {NID_key_usage, "critical,digitalSignature,keyCertSign", PROTO_ERR_CERT_PROFILE},
        {NID_key_usage, "digitalSignature", PROTO_ERR_CERT_PROFILE},
        {NID_key_usage, "critical,keyAgreement", PROTO_ERR_CERT_PROFILE},
        {NID_authority_key_identifier, NULL, PROTO_ERR_CERT_PROFILE},
        {NID_netscape_comment, "what is not in the table is not in the profile", PROTO_ERR_CERT_PROFILE},
    };
    struct world w;

    (void)state;
    world_init(&w);
    assert_ok(verify_changed(&w, NID_key_usage, "critical,digitalSignature")); /* the changing itself is harmless */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum proto_err err = verify_changed(&w, cases[i].nid, cases[i].value);

        if (err != cases[i].err)
            fail_msg("case %zu (%s): %s", i, cases[i].value ? cases[i].value : "-", proto_err_name(err));
    }
    world_clear(&w);
}

static void a_key_of_another_kind_or_of_small_order_is_refused(void **state)
{
    static const uint8_t identity_point[32] = {1};
    const struct certs_span month = {NOW - 2 * DAY, NOW + 30 * DAY};
    struct world w;

    (void)state;
    world_init(&w);
    EVP_PKEY *keys[] = {certs_key_p256(),
                        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, identity_point, sizeof identity_point)};

    for (size_t i = 0; i < 2; i++) {
        X509 *leaf = make_leaf(&w, keys[i], DOMAIN, month);

        assert_non_null(leaf);
        assert_int_equal(verify_leaf(&w, leaf, NOW), PROTO_ERR_CERT_PROFILE);
        X509_free(leaf);
        EVP_PKEY_free(keys[i]);
    }
    world_clear(&w);
}

/* The leaf's DER, changed by hand. */
static enum proto_err verify_bytes(const struct world *w, const uint8_t *leaf, size_t len)
{
    struct proto_identity who;
    uint8_t *root = NULL;
    size_t root_len = (size_t)i2d_X509(w->root, &root);
    const struct proto_der chain[] = {{leaf, len}, {root, root_len}};
    enum proto_err err = proto_identity_verify_chain(chain, 2, w->pin, 32, NOW, &who);

    OPENSSL_free(root);
    return err;
}

static void a_certificate_has_one_spelling(void **state)
{
    struct world w;
    uint8_t *der = NULL, changed[2048] = {0};

    (void)state;
    world_init(&w);
    size_t len = (size_t)i2d_X509(w.leaf, &der);

    assert_ok(verify_bytes(&w, der, len));
    memcpy(changed, der, len); /* trailing byte */
    assert_int_equal(verify_bytes(&w, changed, len + 1), PROTO_ERR_CERT_PROFILE);
    assert_int_equal(verify_bytes(&w, der, len - 1), PROTO_ERR_CERT_PROFILE);
    /* BER: the outer length one byte longer than it has to be (82 xx xx -> 83 00 xx xx) */
    assert_int_equal(der[1], 0x82);
    memcpy(changed, (uint8_t[]){0x30, 0x83, 0x00, der[2], der[3]}, 5);
    memcpy(changed + 5, der + 4, len - 4);
    assert_int_equal(verify_bytes(&w, changed, len + 1), PROTO_ERR_CERT_PROFILE);
    /* BER: indefinite length */
    memcpy(changed, (uint8_t[]){0x30, 0x80}, 2);
    memcpy(changed + 2, der + 4, len - 4);
    memset(changed + len - 2, 0, 2);
    assert_int_equal(verify_bytes(&w, changed, len), PROTO_ERR_CERT_PROFILE);
    OPENSSL_free(der);
    world_clear(&w);
}

static void no_byte_of_a_certificate_can_be_changed(void **state)
{
    struct world w;
    uint8_t *der = NULL;

    (void)state;
    world_init(&w);
    size_t len = (size_t)i2d_X509(w.leaf, &der);

    for (size_t i = 0; i < len; i++) {
        der[i] ^= (uint8_t)(1u << i % 8);
        if (verify_bytes(&w, der, len) == PROTO_OK)
            fail_msg("byte %zu changed, and nobody saw it", i);
        der[i] ^= (uint8_t)(1u << i % 8);
    }
    OPENSSL_free(der);
    world_clear(&w);
}

/* Grows the DER by `count` bytes at `at`; the lengths that enclose them are one byte each, or two for the outer pair.
 */
static void insert(uint8_t *der, size_t *len, size_t at, const uint8_t *bytes, size_t count)
{
    memmove(der + at + count, der + at, *len - at);
    memcpy(der + at, bytes, count);
    *len += count;
    for (size_t i = 2; i <= 6; i += 4) { /* certificate and signed part: 30 82 xx xx 30 82 xx xx */
        unsigned grown = (unsigned)(der[i] << 8 | der[i + 1]) + (unsigned)count;

        der[i] = (uint8_t)(grown >> 8);
        der[i + 1] = (uint8_t)grown;
    }
}

static size_t find(const uint8_t *der, size_t len, const void *what, size_t what_len)
{
    const uint8_t *at = memmem(der, len, what, what_len);

    assert_non_null(at);
    return (size_t)(at - der);
}

/* OpenSSL keeps a name's bytes as it read them, so only the walk sees a longer spelling in there. */
static void a_name_in_ber_is_refused_even_when_it_was_signed(void **state)
{
    struct world w;
    X509 *back;
    uint8_t *der = NULL, changed[2048];

    (void)state;
    world_init(&w);
    size_t len = (size_t)i2d_X509(w.leaf, &der), at = find(der, len, "Ada Lovelace", 12) - 1;

    memcpy(changed, der, len);
    insert(changed, &len, at, (const uint8_t[]){0x81}, 1);
    changed[at - 7]++; /* attribute, set, name */
    changed[at - 9]++;
    changed[at - 11]++;
    const uint8_t *reading = changed;
    X509 *taken_by_openssl = d2i_X509(NULL, &reading, (long)len);

    assert_non_null(taken_by_openssl);
    assert_int_equal(proto_der_read((struct proto_der){changed, len}, &back), PROTO_ERR_CERT_PROFILE);
    X509_free(taken_by_openssl);
    OPENSSL_free(der);
    world_clear(&w);
}

/* Signed by the root, every element DER by itself: but a default that is written out is a second spelling. */
static void a_default_that_is_written_out_is_refused(void **state)
{
    static const struct {
        const char *what;
        uint8_t bytes[20];
        size_t len;
    } spelt[] = {
        {"extension, critical FALSE", {0x30, 0x11, 0x06, 0x03, 0x55, 0x1d, 0x11, 0x01, 0x01, 0x00}, 10},
        {"cA FALSE",
         {0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0x00},
         17},
    };
    static const uint8_t address[] = {0x04, 0x07, 0x30, 0x05, 0x81, 0x03, 'a', '@', 'b'};

    (void)state;
    for (size_t i = 0; i < sizeof spelt / sizeof spelt[0]; i++) {
        uint8_t der[64];
        const uint8_t *at = der;
        size_t len = spelt[i].len;
        struct world w;

        memcpy(der, spelt[i].bytes, len);
        if (i == 0) {
            memcpy(der + len, address, sizeof address);
            len += sizeof address;
        }
        X509_EXTENSION *extension = d2i_X509_EXTENSION(NULL, &at, (long)len);

        assert_non_null(extension);
        world_init(&w);
        X509 *leaf = X509_dup(w.leaf);
        int old = X509_get_ext_by_OBJ(leaf, X509_EXTENSION_get_object(extension), -1);

        X509_EXTENSION_free(X509_delete_ext(leaf, old));
        X509_add_ext(leaf, extension, -1);
        assert_true(X509_sign(leaf, w.root_key, NULL) > 0);
        assert_int_equal(verify_leaf(&w, leaf, NOW), PROTO_ERR_CERT_PROFILE);
        X509_EXTENSION_free(extension);
        X509_free(leaf);
        world_clear(&w);
    }
}

static void der_has_no_second_spelling(void **state)
{
    static const struct {
        size_t len;
        uint8_t bytes[8];
    } wrong[] = {
        {0, {0}},
        {1, {0x30}},
        {3, {0x30, 0x00, 0x00}},                   /* something behind the end */
        {3, {0x30, 0x02, 0x05}},                   /* cut short */
        {3, {0x30, 0x81, 0x00}},                   /* long form for a short length */
        {4, {0x30, 0x82, 0x00, 0x00}},             /* leading zero */
        {4, {0x30, 0x80, 0x00, 0x00}},             /* indefinite */
        {5, {0x30, 0x03, 0x01, 0x01, 0x01}},       /* TRUE is ff */
        {6, {0x30, 0x04, 0x02, 0x02, 0x00, 0x01}}, /* integer with a spare zero */
        {4, {0x30, 0x02, 0x02, 0x00}},             /* integer of nothing */
        {6, {0x30, 0x04, 0x03, 0x02, 0x01, 0x01}}, /* unused bit that is set */
        {6, {0x30, 0x04, 0x24, 0x02, 0x04, 0x00}}, /* octets in pieces */
        {5, {0x30, 0x03, 0x1f, 0x81, 0x00}},       /* high tag */
        {5, {0x10, 0x03, 0x02, 0x01, 0x00}},       /* a sequence that is no container */
    };

    (void)state;
    assert_ok(proto_der_check((const uint8_t[]){0x30, 0x03, 0x02, 0x01, 0x00}, 5));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (proto_der_check(wrong[i].bytes, wrong[i].len) == PROTO_OK)
            fail_msg("case %zu", i);
}

/* ---- an authority between ---- */

static X509 *make_between(struct world *w, EVP_PKEY *key, const char *basic, const char *usage)
{
    X509 *ca = X509_dup(w->leaf);
    const struct {
        int nid;
        const char *value;
    } add[] = {{NID_basic_constraints, basic},
               {NID_key_usage, usage},
               {NID_subject_key_identifier, "hash"},
               {NID_authority_key_identifier, "keyid:always"}};

    while (X509_get_ext_count(ca))
        X509_EXTENSION_free(X509_delete_ext(ca, 0));
    X509_set_pubkey(ca, key);
    for (size_t i = 0; i < sizeof add / sizeof add[0]; i++) {
        X509V3_CTX context;

        X509V3_set_ctx(&context, w->root, ca, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, add[i].nid, add[i].value);

        X509_add_ext(ca, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(ca, w->root_key, NULL) > 0);
    return ca;
}

static enum proto_err verify_through(struct world *w, const char *basic, const char *usage)
{
    const struct certs_leaf leaf = {"eve", "Eve", DOMAIN, PROTO_ROLE_EXPERT, {NOW - DAY, NOW + DAY}};
    EVP_PKEY *key = certs_key_ed25519(&w->random);
    X509 *between = make_between(w, key, basic, usage);
    X509 *end = certs_build_leaf(w->leaf_key, &leaf, between, key, &w->random);
    struct proto_identity who;

    if (!end) { /* an authority without its key identifier cannot be named as the issuer */
        X509_free(between);
        EVP_PKEY_free(key);
        return PROTO_ERR_NOMEM;
    }
    X509 *const chain[] = {end, between, w->root};
    enum proto_err err = verify_x509(w, chain, 3, NOW, &who);

    X509_free(end);
    X509_free(between);
    EVP_PKEY_free(key);
    return err;
}

static void one_authority_may_stand_between_and_must_be_one(void **state)
{
    struct world w;
    struct proto_identity who;

    (void)state;
    world_init(&w);
    X509 *const passenger[] = {w.leaf, w.root, w.root}, *const long_one[] = {w.leaf, w.root, w.root, w.root};

    assert_ok(verify_through(&w, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign"));
    assert_int_equal(verify_through(&w, "critical,CA:FALSE", "critical,keyCertSign"), PROTO_ERR_CERT_PROFILE);
    assert_int_equal(verify_through(&w, "critical,CA:TRUE", "critical,digitalSignature"), PROTO_ERR_CERT_PROFILE);
    assert_int_equal(verify_x509(&w, passenger, 3, NOW, &who), PROTO_ERR_CERT_PROFILE);
    assert_int_equal(verify_x509(&w, long_one, 4, NOW, &who), PROTO_ERR_RANGE);
    world_clear(&w);
}

static enum proto_err read_changed_root(struct world *w, int nid, const char *value)
{
    struct proto_identity_root about;
    X509 *root = X509_dup(w->root);
    uint8_t *der = NULL;

    X509_EXTENSION_free(X509_delete_ext(root, X509_get_ext_by_NID(root, nid, -1)));
    if (value) {
        X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);

        X509_add_ext(root, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(root, w->root_key, NULL) > 0);
    size_t len = (size_t)i2d_X509(root, &der);
    enum proto_err err = proto_identity_read_root((struct proto_der){der, len}, &about);

    OPENSSL_free(der);
    X509_free(root);
    return err;
}

static void a_root_is_confined_to_one_domain(void **state)
{
    static const char *const wrong[] = {
        NULL,
        "permitted;DNS:" DOMAIN ",permitted;email:" DOMAIN, /* not critical */
        "critical,permitted;DNS:" DOMAIN,
        "critical,permitted;DNS:" DOMAIN ",permitted;email:other.test",
        "critical,permitted;DNS:" DOMAIN ",permitted;email:" DOMAIN ",permitted;DNS:other.test",
        "critical,permitted;DNS:" DOMAIN ",permitted;email:" DOMAIN ",excluded;DNS:a." DOMAIN,
        "critical,permitted;DNS:Example.org,permitted;email:Example.org",
    };
    struct world w;

    (void)state;
    world_init(&w);
    assert_ok(read_changed_root(&w, NID_name_constraints, "critical,permitted;DNS:" DOMAIN ",permitted;email:" DOMAIN));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(read_changed_root(&w, NID_name_constraints, wrong[i]), PROTO_ERR_CERT_PROFILE);
    assert_int_equal(read_changed_root(&w, NID_basic_constraints, "critical,CA:FALSE"), PROTO_ERR_CERT_PROFILE);
    world_clear(&w);
}

static void a_domain_is_lower_case_labels(void **state)
{
    static const char *const good[] = {"localhost", "example.org", "xn--bcher-kva.example", "a-b.c1"};
    static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "A.b", "-a", "a-", "a b", "a_b", "a:1", "a/b"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(proto_identity_domain_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(proto_identity_domain_is_valid(bad[i]));
}

static void a_credential_needs_the_key_of_its_leaf(void **state)
{
    struct world w;
    struct proto_credential mine;
    struct proto_buf leaf, key, other, ca;

    (void)state;
    world_init(&w);
    proto_buf_init(&leaf, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init_secret(&other, PROTO_PEM_BYTES);
    proto_buf_init(&ca, PROTO_PEM_BYTES);
    assert_ok(certs_pem_put_certificate(w.leaf, &leaf));
    assert_ok(certs_pem_put_certificate(w.root, &ca));
    assert_ok(certs_pem_put_private(w.leaf_key, &key));
    assert_ok(certs_pem_put_private(w.root_key, &other));
    assert_ok(proto_credential_of_pem(&mine, &leaf, &key, &ca, NOW));
    assert_string_equal(mine.identity.name, "Ada Lovelace");
    assert_int_equal(mine.chain_len, 2);
    proto_credential_clear(&mine);
    assert_int_equal(proto_credential_of_pem(&mine, &leaf, &other, &ca, NOW), PROTO_ERR_KEY);
    assert_int_equal(proto_credential_of_pem(&mine, &leaf, &leaf, &ca, NOW), PROTO_ERR_FORMAT);
    assert_int_equal(proto_credential_of_pem(&mine, &key, &key, &ca, NOW), PROTO_ERR_FORMAT);
    assert_int_equal(proto_credential_of_pem(&mine, &leaf, &key, &ca, NOW + 31 * DAY), PROTO_ERR_CERT_EXPIRED);
    proto_buf_free(&leaf);
    proto_buf_free(&key);
    proto_buf_free(&other);
    proto_buf_free(&ca);
    world_clear(&w);
}

static void a_request_proves_its_key(void **state)
{
    struct world w;
    struct proto_buf key, request;
    uint8_t public_key[32];
    char name[PROTO_IDENTITY_NAME_BYTES + 1];

    (void)state;
    world_init(&w);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&request, CERTS_REQUEST_BYTES);
    assert_int_equal(certs_request_make("a\nb", &w.random, &key, &request), PROTO_ERR_FORMAT);
    assert_ok(certs_request_make("Zoë Q. Müller", &w.random, &key, &request));
    assert_ok(certs_request_read(&request, public_key, name));
    assert_string_equal(name, "Zoë Q. Müller");
    X509_REQ *foreign = certs_pem_get_request(&request);

    X509_REQ_set_pubkey(foreign, w.root_key); /* somebody else's key under the old signature */
    proto_buf_clear(&request);
    assert_ok(certs_pem_put_request(foreign, &request));
    assert_int_equal(certs_request_read(&request, public_key, name), PROTO_ERR_SIGNATURE);
    X509_REQ_free(foreign);
    proto_buf_free(&key);
    proto_buf_free(&request);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_of_staff_is_known_by_the_certificate),
        cmocka_unit_test(a_signers_name_has_its_serial_or_is_nobodys),
        cmocka_unit_test(sixteen_bytes_of_the_pin_are_enough_and_another_pin_is_refused),
        cmocka_unit_test(another_root_of_the_same_name_is_refused),
        cmocka_unit_test(a_certificate_counts_in_its_time_alone),
        cmocka_unit_test(a_leaf_outside_the_profile_is_refused),
        cmocka_unit_test(a_key_of_another_kind_or_of_small_order_is_refused),
        cmocka_unit_test(a_certificate_has_one_spelling),
        cmocka_unit_test(no_byte_of_a_certificate_can_be_changed),
        cmocka_unit_test(a_name_in_ber_is_refused_even_when_it_was_signed),
        cmocka_unit_test(a_default_that_is_written_out_is_refused),
        cmocka_unit_test(der_has_no_second_spelling),
        cmocka_unit_test(one_authority_may_stand_between_and_must_be_one),
        cmocka_unit_test(a_root_is_confined_to_one_domain),
        cmocka_unit_test(a_domain_is_lower_case_labels),
        cmocka_unit_test(a_credential_needs_the_key_of_its_leaf),
        cmocka_unit_test(a_request_proves_its_key),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
