/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/seal/cpace.h"
#include "tests/proto/vectors.h"

#include <sodium.h>
#include <string.h>

static const char prs[] = "407183922", ci[] = "ci", sid[] = "0123456789abcdef0123456789abcdef";
static const uint8_t random_a[64] = {1, 2, 3}, random_b[64] = {4, 5, 6};

static struct proto_cpace_input input_of(const char *code)
{
    return (struct proto_cpace_input){code, strlen(code), ci, sizeof ci - 1, sid, 32};
}

static void start(struct proto_cpace *a, struct proto_cpace *b, const char *code_b)
{
    struct proto_cpace_input for_a = input_of(prs), for_b = input_of(code_b);

    assert_ok(proto_cpace_init(a, PROTO_CPACE_INITIATOR, &for_a, "ADa", 3, random_a));
    assert_ok(proto_cpace_init(b, PROTO_CPACE_RESPONDER, &for_b, "ADb", 3, random_b));
}

/* A scalar of the vectors as the 64 bytes that are reduced to it. */
static void scalar_of(uint8_t out[static 64], const json_t *group, const char *key)
{
    struct vectors_bytes bytes = vectors_hex(group, key);

    memset(out, 0, 64);
    assert_int_equal(bytes.len, 32);
    memcpy(out, bytes.bytes, 32);
    vectors_bytes_free(&bytes);
}

static void expect_member(const json_t *group, const char *key, const uint8_t *got, size_t len)
{
    struct vectors_bytes bytes = vectors_hex(group, key);

    assert_int_equal(bytes.len, len);
    assert_memory_equal(got, bytes.bytes, len);
    vectors_bytes_free(&bytes);
}

static void run_group(const json_t *group)
{
    struct vectors_bytes code = vectors_hex(group, "PRS"), channel = vectors_hex(group, "CI");
    struct vectors_bytes run_id = vectors_hex(group, "sid"), ad_a = vectors_hex(group, "ADa");
    struct vectors_bytes ad_b = vectors_hex(group, "ADb");
    const struct proto_cpace_input input = {code.bytes, code.len, channel.bytes, channel.len, run_id.bytes, run_id.len};
    struct proto_cpace a, b;
    struct proto_cpace_keys keys_a, keys_b;
    uint8_t g[32], ya[64], yb[64], share_a[32], share_b[32];

    assert_ok(proto_cpace_generator(g, &input));
    expect_member(group, "g", g, 32);
    scalar_of(ya, group, "ya");
    scalar_of(yb, group, "yb");
    assert_ok(proto_cpace_init(&a, PROTO_CPACE_INITIATOR, &input, ad_a.bytes, ad_a.len, ya));
    assert_ok(proto_cpace_init(&b, PROTO_CPACE_RESPONDER, &input, ad_b.bytes, ad_b.len, yb));
    expect_member(group, "Ya", a.share, 32);
    expect_member(group, "Yb", b.share, 32);
    memcpy(share_a, a.share, 32);
    memcpy(share_b, b.share, 32);
    assert_ok(proto_cpace_finish(&a, share_b, ad_b.bytes, ad_b.len, &keys_a));
    assert_ok(proto_cpace_finish(&b, share_a, ad_a.bytes, ad_a.len, &keys_b));
    expect_member(group, "ISK_IR", keys_a.isk, 64);
    expect_member(group, "ISK_IR", keys_b.isk, 64);
    struct vectors_bytes *all[] = {&code, &channel, &run_id, &ad_a, &ad_b};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        vectors_bytes_free(all[i]);
}

static void the_valid_point_gives_its_product(const json_t *points)
{
    const json_t *valid = vectors_get(points, "Valid");
    struct vectors_bytes s = vectors_hex(valid, "s"), x = vectors_hex(valid, "X");
    uint8_t out[32];

    assert_int_equal(crypto_scalarmult_ristretto255(out, s.bytes, x.bytes), 0);
    expect_member(valid, "G.scalar_mult_vfy(s,X)", out, 32);
    vectors_bytes_free(&s);
    vectors_bytes_free(&x);
}

static void an_invalid_point_ends_the_run(const json_t *points, const char *name)
{
    static const struct proto_cpace_keys zero;
    struct vectors_bytes y = vectors_hex(points, name);
    struct proto_cpace_keys keys;
    struct proto_cpace a, b;

    start(&a, &b, prs);
    assert_int_equal(proto_cpace_finish(&a, y.bytes, "ADb", 3, &keys), PROTO_ERR_KEY);
    assert_memory_equal(&keys, &zero, sizeof keys);
    assert_int_equal(proto_cpace_finish(&a, b.share, "ADb", 3, &keys), PROTO_ERR_STATE);
    vectors_bytes_free(&y);
}

static void run_file(const char *path)
{
    json_t *document = vectors_load(path);
    const json_t *points = vectors_get(document, "G_Coffee25519_points");

    run_group(vectors_get(document, "G_Coffee25519"));
    the_valid_point_gives_its_product(points);
    an_invalid_point_ends_the_run(points, "Invalid Y1");
    an_invalid_point_ends_the_run(points, "Invalid Y2");
    json_decref(document);
}

static void the_vectors_of_the_draft_are_met(void **state)
{
    (void)state;
    run_file("cpace/testvectors.json");
}

static void the_vectors_of_an_older_draft_are_met(void **state)
{
    (void)state;
    run_file("cpace/testvectors-draft13.json");
}

static void lengths_are_written_as_leb128(void **state)
{
    static const struct {
        size_t len;
        const char *prefix;
    } cases[] = {{0, "00"}, {1, "01"}, {127, "7f"}, {128, "8001"}, {255, "ff01"}, {16383, "ff7f"}, {16384, "808001"}};
    static const uint8_t zeros[16384];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vectors_bytes prefix = vectors_hex_of(cases[i].prefix);
        struct proto_buf buf;
        proto_buf_init(&buf, 20000);
        proto_cpace_put_lv(&buf, zeros, cases[i].len);
        assert_int_equal(buf.len, prefix.len + cases[i].len);
        assert_memory_equal(buf.bytes, prefix.bytes, prefix.len);
        proto_buf_free(&buf);
        vectors_bytes_free(&prefix);
    }
}

static void two_ends_with_one_code_agree_and_their_tags_check(void **state)
{
    struct proto_cpace_keys keys_a, keys_b;
    uint8_t share_a[32], share_b[32];
    struct proto_cpace a, b;

    (void)state;
    start(&a, &b, prs);
    memcpy(share_a, a.share, 32);
    memcpy(share_b, b.share, 32);
    assert_ok(proto_cpace_finish(&a, share_b, "ADb", 3, &keys_a));
    assert_ok(proto_cpace_finish(&b, share_a, "ADa", 3, &keys_b));
    assert_memory_equal(keys_a.isk, keys_b.isk, sizeof keys_a.isk);
    assert_memory_equal(keys_a.psk, keys_b.psk, sizeof keys_a.psk);
    assert_ok(proto_cpace_tag_check(&keys_b, keys_a.tag_own));
    assert_ok(proto_cpace_tag_check(&keys_a, keys_b.tag_own));
    assert_int_equal(proto_cpace_tag_check(&keys_a, keys_a.tag_own), PROTO_ERR_CRYPTO); /* sent back */
    for (size_t bit = 0; bit < 512; bit++) {
        keys_a.tag_own[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_cpace_tag_check(&keys_b, keys_a.tag_own), PROTO_ERR_CRYPTO);
        keys_a.tag_own[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void without_keys_no_tag_checks(void **state)
{
    static const uint8_t zeros[PROTO_CPACE_TAG_BYTES];
    struct proto_cpace_keys keys = {.tag_peer = {1}};

    (void)state;
    proto_cpace_keys_clear(&keys);
    assert_int_equal(proto_cpace_tag_check(&keys, zeros), PROTO_ERR_CRYPTO);
}

/* The tags and the psk once more, by hand from the ISK, as the protocol's text has them. */
static void tags_and_psk_are_those_of_the_text(void **state)
{
    uint8_t share_a[32], share_b[32], mac_key[64], tag[64], joined[8 + 32 + 64], side[1 + 32 + 1 + 3];
    crypto_auth_hmacsha512_state mac;
    struct proto_cpace_keys keys;
    struct proto_cpace a, b;

    (void)state;
    start(&a, &b, prs);
    memcpy(share_a, a.share, 32);
    memcpy(share_b, b.share, 32);
    assert_ok(proto_cpace_finish(&a, share_b, "ADb", 3, &keys));
    memcpy(joined, "CPaceMac", 8);
    memcpy(joined + 8, sid, 32);
    memcpy(joined + 40, keys.isk, 64);
    crypto_hash_sha512(mac_key, joined, sizeof joined);
    for (int peer = 0; peer < 2; peer++) {
        side[0] = 32;
        memcpy(side + 1, peer ? share_b : share_a, 32);
        memcpy(side + 33, peer ? "\3ADb" : "\3ADa", 4);
        crypto_auth_hmacsha512_init(&mac, mac_key, sizeof mac_key);
        crypto_auth_hmacsha512_update(&mac, side, sizeof side);
        crypto_auth_hmacsha512_final(&mac, tag);
        assert_memory_equal(tag, peer ? keys.tag_peer : keys.tag_own, 64);
    }
    uint8_t prk[32], zeros[32] = {0}, block[32];
    crypto_auth_hmacsha256_state expand;
    crypto_auth_hmacsha256_init(&expand, zeros, 32);
    crypto_auth_hmacsha256_update(&expand, keys.isk, 64);
    crypto_auth_hmacsha256_final(&expand, prk);
    crypto_auth_hmacsha256(block, (const uint8_t *)"handhold/1 code psk\1", 20, prk);
    assert_memory_equal(block, keys.psk, 32);
}

static void expect_disagreement(struct proto_cpace *a, struct proto_cpace *b, const char *ad_a, const char *ad_b)
{
    struct proto_cpace_keys keys_a, keys_b;
    uint8_t share_a[32], share_b[32];

    memcpy(share_a, a->share, 32);
    memcpy(share_b, b->share, 32);
    assert_ok(proto_cpace_finish(a, share_b, ad_b, 3, &keys_a));
    assert_ok(proto_cpace_finish(b, share_a, ad_a, 3, &keys_b));
    assert_int_equal(proto_cpace_tag_check(&keys_b, keys_a.tag_own), PROTO_ERR_CRYPTO);
    assert_int_equal(proto_cpace_tag_check(&keys_a, keys_b.tag_own), PROTO_ERR_CRYPTO);
    assert_memory_not_equal(keys_a.psk, keys_b.psk, 32);
}

static void another_code_or_altered_data_gives_other_keys(void **state)
{
    struct proto_cpace a, b;

    (void)state;
    start(&a, &b, "407183923");
    expect_disagreement(&a, &b, "ADa", "ADb");
    start(&a, &b, prs);
    expect_disagreement(&a, &b, "ADx", "ADb");
    start(&a, &b, prs);
    expect_disagreement(&a, &b, "ADa", "ADx");
}

static void our_own_share_come_back_ends_the_run(void **state)
{
    struct proto_cpace_keys keys;
    struct proto_cpace a, b;
    uint8_t share[32];

    (void)state;
    start(&a, &b, prs);
    memcpy(share, a.share, 32);
    assert_int_equal(proto_cpace_finish(&a, share, "ADa", 3, &keys), PROTO_ERR_KEY);
}

static void input_beyond_its_bounds_is_refused(void **state)
{
    static const char big[PROTO_CPACE_INPUT_MAX + 1];
    struct proto_cpace_input input = input_of(prs);
    struct proto_cpace_keys keys;
    struct proto_cpace a, b;
    const uint8_t zero[64] = {0};

    (void)state;
    assert_int_equal(proto_cpace_init(&a, PROTO_CPACE_INITIATOR, &input, big, 256, random_a), PROTO_ERR_RANGE);
    assert_int_equal(proto_cpace_init(&a, PROTO_CPACE_INITIATOR, &input, NULL, 0, zero), PROTO_ERR_KEY);
    input.prs = big;
    input.prs_len = sizeof big;
    assert_int_equal(proto_cpace_init(&a, PROTO_CPACE_INITIATOR, &input, NULL, 0, random_a), PROTO_ERR_RANGE);
    input.prs_len = sizeof big - 1;
    assert_ok(proto_cpace_init(&a, PROTO_CPACE_INITIATOR, &input, NULL, 0, random_a));
    input.sid_len = PROTO_CPACE_SID_MAX + 1;
    assert_int_equal(proto_cpace_init(&a, PROTO_CPACE_INITIATOR, &input, NULL, 0, random_a), PROTO_ERR_RANGE);
    start(&a, &b, prs);
    assert_int_equal(proto_cpace_finish(&a, b.share, big, 256, &keys), PROTO_ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_draft_are_met),
        cmocka_unit_test(the_vectors_of_an_older_draft_are_met),
        cmocka_unit_test(lengths_are_written_as_leb128),
        cmocka_unit_test(two_ends_with_one_code_agree_and_their_tags_check),
        cmocka_unit_test(without_keys_no_tag_checks),
        cmocka_unit_test(tags_and_psk_are_those_of_the_text),
        cmocka_unit_test(another_code_or_altered_data_gives_other_keys),
        cmocka_unit_test(our_own_share_come_back_ends_the_run),
        cmocka_unit_test(input_beyond_its_bounds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
