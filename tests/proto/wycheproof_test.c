/* SPDX-License-Identifier: Apache-2.0 */
/* Wycheproof: known ways in which implementations of these primitives went wrong, run through the code that is used. */
#include "tests/proto/test.h"

#include "proto/seal/gcm.h"
#include "proto/seal/kdf.h"
#include "proto/seal/signature.h"
#include "tests/proto/vectors.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef bool run_fn(const json_t *group, const json_t *test, bool valid); /* false: does not apply here */

/* Runs every test of a file; `expected` is how many of them apply, so that none can go missing unseen. */
static void run_file(const char *path, size_t expected, run_fn *run)
{
    json_t *document = vectors_load(path), *group, *test;
    size_t i, k, ran = 0, other = 0;

    json_array_foreach(vectors_get(document, "testGroups"), i, group)
        json_array_foreach(vectors_get(group, "tests"), k, test)
    {
        const char *result = vectors_text(test, "result");
        if (run(group, test, strcmp(result, "invalid") != 0))
            ran++;
        else
            other++;
    }
    assert_int_equal(ran + other, vectors_number(document, "numberOfTests"));
    assert_int_equal(ran, expected);
    if (other)
        print_message("%s: %zu tests of sizes that the protocol does not use\n", path, other);
    json_decref(document);
}

/* The members of an AEAD test. */
struct aead {
    struct vectors_bytes key, iv, aad, msg, ct, tag;
};

static struct aead aead_of(const json_t *test)
{
    return (struct aead){vectors_hex(test, "key"), vectors_hex(test, "iv"), vectors_hex(test, "aad"),
                         vectors_hex(test, "msg"), vectors_hex(test, "ct"), vectors_hex(test, "tag")};
}

static void aead_free(struct aead *a)
{
    struct vectors_bytes *all[] = {&a->key, &a->iv, &a->aad, &a->msg, &a->ct, &a->tag};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        vectors_bytes_free(all[i]);
}

static void run_gcm_message(struct proto_gcm *gcm, const struct aead *a, bool valid)
{
    struct vectors_bytes out = vectors_copy(a->msg.bytes, a->msg.len), zeros = {calloc(1, a->ct.len + 1), a->ct.len};
    size_t half = a->aad.len / 2;
    struct proto_gcm_message m = {a->iv.bytes, a->aad.bytes, a->aad.bytes + half, half, a->aad.len - half,
                                  out.bytes,   out.len};
    uint8_t tag[PROTO_GCM_TAG_BYTES];

    assert_int_equal(a->ct.len, a->msg.len);
    if (valid) {
        assert_ok(proto_gcm_seal(gcm, &m, out.bytes, tag)); /* in place */
        assert_memory_equal(out.bytes, a->ct.bytes, out.len);
        assert_memory_equal(tag, a->tag.bytes, sizeof tag);
    }
    m.in = a->ct.bytes;
    assert_int_equal(proto_gcm_open(gcm, &m, out.bytes, a->tag.bytes), valid ? PROTO_OK : PROTO_ERR_CRYPTO);
    assert_memory_equal(out.bytes, valid ? a->msg.bytes : zeros.bytes, out.len);
    vectors_bytes_free(&out);
    vectors_bytes_free(&zeros);
}

static bool run_gcm(const json_t *group, const json_t *test, bool valid)
{
    uint64_t key_bits = vectors_number(group, "keySize");
    struct proto_gcm gcm;

    if (vectors_number(group, "ivSize") != 96 || key_bits == 192)
        return false;
    struct aead a = aead_of(test);
    assert_int_equal(a.tag.len, PROTO_GCM_TAG_BYTES);
    assert_ok(proto_gcm_init(&gcm, a.key.bytes, a.key.len));
    run_gcm_message(&gcm, &a, valid);
    run_gcm_message(&gcm, &a, valid); /* one context, more than one message */
    proto_gcm_clear(&gcm);
    aead_free(&a);
    return true;
}

static bool run_chacha(const json_t *group, const json_t *test, bool valid)
{
    if (vectors_number(group, "ivSize") != 96)
        return false;
    struct aead a = aead_of(test);
    struct vectors_bytes out = vectors_copy(a.ct.bytes, a.ct.len);
    int rc = crypto_aead_chacha20poly1305_ietf_decrypt_detached(out.bytes, NULL, a.ct.bytes, a.ct.len, a.tag.bytes,
                                                                a.aad.bytes, a.aad.len, a.iv.bytes, a.key.bytes);
    assert_int_equal(rc, valid ? 0 : -1);
    if (valid)
        assert_memory_equal(out.bytes, a.msg.bytes, out.len);
    vectors_bytes_free(&out);
    aead_free(&a);
    return true;
}

static bool run_ed25519(const json_t *group, const json_t *test, bool valid)
{
    struct vectors_bytes key = vectors_hex(vectors_get(group, "publicKey"), "pk");
    struct vectors_bytes msg = vectors_hex(test, "msg"), sig = vectors_hex(test, "sig");
    bool whole = sig.len == PROTO_SIGNATURE_BYTES; /* callers check the length before */

    assert_int_equal(key.len, PROTO_SIGN_PUBLIC_BYTES);
    assert_true(whole || !valid);
    if (whole)
        assert_int_equal(proto_verify_plain(sig.bytes, msg.bytes, msg.len, key.bytes),
                         valid ? PROTO_OK : PROTO_ERR_SIGNATURE);
    vectors_bytes_free(&key);
    vectors_bytes_free(&msg);
    vectors_bytes_free(&sig);
    return true;
}

/* "Acceptable" are points of small order and odd encodings; an all-zero secret must be refused, any other must be
 * right. */
static bool run_x25519(const json_t *group, const json_t *test, bool valid)
{
    struct vectors_bytes public_key = vectors_hex(test, "public"), private_key = vectors_hex(test, "private");
    struct vectors_bytes shared = vectors_hex(test, "shared");
    uint8_t out[32];

    (void)group;
    assert_true(valid);
    int rc = crypto_scalarmult(out, private_key.bytes, public_key.bytes);
    if (sodium_is_zero(shared.bytes, shared.len))
        assert_int_equal(rc, -1);
    else {
        assert_int_equal(rc, 0);
        assert_memory_equal(out, shared.bytes, 32);
    }
    vectors_bytes_free(&public_key);
    vectors_bytes_free(&private_key);
    vectors_bytes_free(&shared);
    return true;
}

typedef enum proto_err hkdf_fn(const void *, size_t, const void *, size_t, const void *, size_t, uint8_t *, size_t);

static bool run_hkdf_with(hkdf_fn *hkdf, const json_t *test, bool valid)
{
    struct vectors_bytes ikm = vectors_hex(test, "ikm"), salt = vectors_hex(test, "salt"),
                         info = vectors_hex(test, "info");
    struct vectors_bytes okm = vectors_hex(test, "okm");
    size_t size = (size_t)vectors_number(test, "size");
    uint8_t *out = calloc(1, size + 1);

    assert_non_null(out);
    enum proto_err err = hkdf(salt.bytes, salt.len, ikm.bytes, ikm.len, info.bytes, info.len, out, size);
    assert_int_equal(err, valid ? PROTO_OK : PROTO_ERR_RANGE);
    if (valid)
        assert_memory_equal(out, okm.bytes, size);
    free(out);
    struct vectors_bytes *all[] = {&ikm, &salt, &info, &okm};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        vectors_bytes_free(all[i]);
    return true;
}

static bool run_hkdf_sha256(const json_t *group, const json_t *test, bool valid)
{
    (void)group;
    return run_hkdf_with(proto_hkdf_sha256, test, valid);
}

static bool run_hkdf_sha512(const json_t *group, const json_t *test, bool valid)
{
    (void)group;
    return run_hkdf_with(proto_hkdf_sha512, test, valid);
}

static bool run_hmac(const json_t *group, const json_t *test, bool valid)
{
    struct vectors_bytes key = vectors_hex(test, "key"), msg = vectors_hex(test, "msg"), tag = vectors_hex(test, "tag");
    uint8_t out[PROTO_HMAC_SHA256_BYTES];

    assert_int_equal(tag.len * 8, vectors_number(group, "tagSize"));
    proto_hmac_sha256(out, key.bytes, key.len, msg.bytes, msg.len);
    assert_int_equal(memcmp(out, tag.bytes, tag.len) == 0, valid);
    vectors_bytes_free(&key);
    vectors_bytes_free(&msg);
    vectors_bytes_free(&tag);
    return true;
}

#define WYCHEPROOF(test_name, file, expected, run)                                                                     \
    static void test_name(void **state)                                                                                \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_file("wycheproof/" file "_test.json", expected, run);                                                      \
    }
WYCHEPROOF(aes_gcm_as_frames_use_it, "aes_gcm", 133, run_gcm)
WYCHEPROOF(chacha20_poly1305_as_noise_uses_it, "chacha20_poly1305", 316, run_chacha)
WYCHEPROOF(ed25519_as_every_signature_uses_it, "ed25519", 151, run_ed25519)
WYCHEPROOF(x25519_as_noise_uses_it, "x25519", 518, run_x25519)
WYCHEPROOF(hkdf_sha256, "hkdf_sha256", 86, run_hkdf_sha256)
WYCHEPROOF(hkdf_sha512, "hkdf_sha512", 83, run_hkdf_sha512)
WYCHEPROOF(hmac_sha256, "hmac_sha256", 174, run_hmac)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_gcm_as_frames_use_it),
        cmocka_unit_test(chacha20_poly1305_as_noise_uses_it),
        cmocka_unit_test(ed25519_as_every_signature_uses_it),
        cmocka_unit_test(x25519_as_noise_uses_it),
        cmocka_unit_test(hkdf_sha256),
        cmocka_unit_test(hkdf_sha512),
        cmocka_unit_test(hmac_sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
