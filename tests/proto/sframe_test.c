/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/seal/sframe.h"
#include "tests/proto/vectors.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static const enum proto_sframe_suite SUITE = PROTO_SFRAME_AES_256_GCM_SHA512_128;
static const uint8_t base_key[32] = {0x42, 1, 2, 3}, meta[] = "clear header and session";
static const uint64_t KID = 1 << 10 | 1 << 6 | 1;

static struct proto_sframe_key *new_key(uint64_t kid)
{
    struct proto_sframe_key *key;

    assert_ok(proto_sframe_key_new(&key, SUITE, kid, base_key, sizeof base_key));
    return key;
}

static struct vectors_bytes seal(uint64_t ctr, const char *plain)
{
    uint8_t out[256];
    size_t len;
    struct proto_sframe_key *key = new_key(KID);

    assert_ok(
        proto_sframe_seal(key, ctr, meta, sizeof meta, (const uint8_t *)plain, strlen(plain), out, sizeof out, &len));
    proto_sframe_key_free(key);
    return vectors_copy(out, len);
}

static void the_headers_of_the_vectors_are_written_and_read(void **state)
{
    json_t *document = vectors_load("sframe/test-vectors.json"), *vector;
    size_t i, count = 0;

    (void)state;
    json_array_foreach(vectors_get(document, "header"), i, vector)
    {
        uint64_t kid = vectors_number(vector, "kid"), ctr = vectors_number(vector, "ctr"), got_kid, got_ctr;
        struct vectors_bytes encoded = vectors_hex(vector, "encoded");
        uint8_t out[PROTO_SFRAME_HEADER_MAX];
        size_t len;
        assert_int_equal(proto_sframe_header_write(out, kid, ctr), encoded.len);
        assert_int_equal(proto_sframe_header_len(kid, ctr), encoded.len);
        assert_memory_equal(out, encoded.bytes, encoded.len);
        assert_ok(proto_sframe_header_parse(encoded.bytes, encoded.len, &got_kid, &got_ctr, &len));
        assert_true(got_kid == kid && got_ctr == ctr && len == encoded.len);
        for (size_t cut = 0; cut < encoded.len; cut++) {
            struct vectors_bytes part = vectors_copy(encoded.bytes, cut);
            assert_int_equal(proto_sframe_header_parse(part.bytes, cut, &got_kid, &got_ctr, &len), PROTO_ERR_FORMAT);
            vectors_bytes_free(&part);
        }
        vectors_bytes_free(&encoded);
        count++;
    }
    assert_int_equal(count, 289);
    json_decref(document);
}

/* One vector of suite 4 or 5, sealed and opened. */
static void run_vector(const json_t *vector)
{
    struct vectors_bytes key_bytes = vectors_hex(vector, "base_key"), aad = vectors_hex(vector, "metadata");
    struct vectors_bytes pt = vectors_hex(vector, "pt"), ct = vectors_hex(vector, "ct");
    enum proto_sframe_suite suite = (enum proto_sframe_suite)vectors_number(vector, "cipher_suite");
    uint64_t kid = vectors_number(vector, "kid");
    struct proto_sframe_key *sender, *receiver;
    uint8_t out[256];
    size_t len;

    assert_ok(proto_sframe_key_new(&sender, suite, kid, key_bytes.bytes, key_bytes.len));
    assert_ok(proto_sframe_key_new(&receiver, suite, kid, key_bytes.bytes, key_bytes.len));
    assert_ok(proto_sframe_seal(sender, vectors_number(vector, "ctr"), aad.bytes, aad.len, pt.bytes, pt.len, out,
                                ct.len, &len));
    assert_int_equal(len, ct.len);
    assert_memory_equal(out, ct.bytes, len);
    assert_ok(proto_sframe_open(receiver, aad.bytes, aad.len, ct.bytes, ct.len, out, pt.len, &len));
    assert_int_equal(len, pt.len);
    assert_memory_equal(out, pt.bytes, len);
    proto_sframe_key_free(sender);
    proto_sframe_key_free(receiver);
    vectors_bytes_free(&key_bytes);
    vectors_bytes_free(&aad);
    vectors_bytes_free(&pt);
    vectors_bytes_free(&ct);
}

static void the_frames_of_the_vectors_are_sealed_and_opened(void **state)
{
    json_t *document = vectors_load("sframe/test-vectors.json"), *vector;
    size_t i, ran = 0;

    (void)state;
    json_array_foreach(vectors_get(document, "sframe"), i, vector)
    {
        if (vectors_number(vector, "cipher_suite") < 4)
            continue;
        run_vector(vector);
        ran++;
    }
    assert_int_equal(ran, 2);
    print_message("suites 1 to 3 and, from after the RFC, 6 to 8 (AES-CTR with HMAC) are not spoken here\n");
    json_decref(document);
}

static void a_suite_or_a_key_length_out_of_bounds_is_refused(void **state)
{
    struct proto_sframe_key *key;
    uint8_t long_key[PROTO_SFRAME_BASE_KEY_MAX + 1] = {0};

    (void)state;
    for (int suite = -1; suite < 10; suite++)
        if (suite != 4 && suite != 5) {
            assert_int_equal(proto_sframe_key_new(&key, (enum proto_sframe_suite)suite, 0, base_key, 32),
                             PROTO_ERR_RANGE);
            assert_null(key);
        }
    assert_int_equal(proto_sframe_key_new(&key, SUITE, 0, base_key, 15), PROTO_ERR_RANGE);
    assert_int_equal(proto_sframe_key_new(&key, SUITE, 0, long_key, sizeof long_key), PROTO_ERR_RANGE);
    proto_sframe_key_free(NULL);
}

static void a_header_that_is_not_minimal_is_refused(void **state)
{
    static const char *const headers[] = {
        "8000",   "8007",   /* KID below 8 in a byte of its own */
        "0800",   "0807",   /* CTR likewise */
        "900010", "9000ff", /* leading zero byte */
        "090010", "0900ff", "0a000100", "0f0000000000000001", "8810", "881007", "f0000000000000000100",
    };

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct vectors_bytes bytes = vectors_hex_of(headers[i]);
        uint64_t kid, ctr;
        size_t len;
        assert_int_equal(proto_sframe_header_parse(bytes.bytes, bytes.len, &kid, &ctr, &len), PROTO_ERR_FORMAT);
        assert_int_equal(len, 0);
        vectors_bytes_free(&bytes);
    }
}

static void expect_refused(struct proto_sframe_key *key, const uint8_t *meta_bytes, size_t meta_len,
                           const struct vectors_bytes *frame)
{
    static const uint8_t zeros[256];
    uint8_t out[256];
    size_t len = 1;

    memset(out, 0, sizeof out);
    enum proto_err err = proto_sframe_open(key, meta_bytes, meta_len, frame->bytes, frame->len, out, sizeof out, &len);
    assert_true(err == PROTO_ERR_CRYPTO || err == PROTO_ERR_FORMAT || err == PROTO_ERR_KEY);
    assert_int_equal(len, 0);
    assert_memory_equal(out, zeros, sizeof out); /* no plaintext is left */
    assert_int_equal(ERR_peek_error(), 0);       /* TLS in the same thread reads this queue */
}

static void a_flipped_bit_anywhere_is_refused(void **state)
{
    struct vectors_bytes frame = seal(300, "the router's third light is red");
    struct proto_sframe_key *key = new_key(KID);
    uint8_t other_meta[sizeof meta], out[64];
    size_t len;

    (void)state;
    for (size_t bit = 0; bit < frame.len * 8; bit++) {
        frame.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_refused(key, meta, sizeof meta, &frame);
        frame.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memcpy(other_meta, meta, sizeof meta);
    for (size_t bit = 0; bit < sizeof meta * 8; bit++) {
        other_meta[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_refused(key, other_meta, sizeof other_meta, &frame);
        other_meta[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    expect_refused(key, meta, sizeof meta - 1, &frame);
    expect_refused(key, NULL, 0, &frame);
    assert_ok(
        proto_sframe_open(key, meta, sizeof meta, frame.bytes, frame.len, out, sizeof out, &len)); /* key goes on */
    proto_sframe_key_free(key);
    vectors_bytes_free(&frame);
}

static void a_frame_cut_at_any_length_is_refused(void **state)
{
    struct vectors_bytes frame = seal(70000, "a frame");
    struct proto_sframe_key *key = new_key(KID);

    (void)state;
    for (size_t cut = 0; cut < frame.len; cut++) {
        struct vectors_bytes part = vectors_copy(frame.bytes, cut);
        expect_refused(key, meta, sizeof meta, &part);
        vectors_bytes_free(&part);
    }
    proto_sframe_key_free(key);
    vectors_bytes_free(&frame);
}

static void a_frame_of_another_key_is_refused(void **state)
{
    struct vectors_bytes frame = seal(0, "for somebody else");
    struct proto_sframe_key *other_kid = new_key(KID + 1), *other_key;
    uint8_t other[32] = {0x43}, out[64];
    size_t len;

    (void)state;
    assert_int_equal(proto_sframe_open(other_kid, meta, sizeof meta, frame.bytes, frame.len, out, sizeof out, &len),
                     PROTO_ERR_KEY);
    assert_ok(proto_sframe_key_new(&other_key, SUITE, KID, other, sizeof other));
    assert_int_equal(proto_sframe_open(other_key, meta, sizeof meta, frame.bytes, frame.len, out, sizeof out, &len),
                     PROTO_ERR_CRYPTO);
    proto_sframe_key_free(other_kid);
    proto_sframe_key_free(other_key);
    vectors_bytes_free(&frame);
}

static void a_counter_is_never_used_twice(void **state)
{
    struct proto_sframe_key *key = new_key(KID);
    uint8_t out[64];
    size_t len;

    (void)state;
    assert_ok(proto_sframe_seal(key, 5, NULL, 0, meta, 4, out, sizeof out, &len));
    assert_int_equal(proto_sframe_seal(key, 5, NULL, 0, meta, 4, out, sizeof out, &len), PROTO_ERR_STATE);
    assert_int_equal(len, 0);
    assert_int_equal(proto_sframe_seal(key, 4, NULL, 0, meta, 4, out, sizeof out, &len), PROTO_ERR_STATE);
    assert_ok(proto_sframe_seal(key, 6, NULL, 0, meta, 4, out, sizeof out, &len));
    assert_ok(proto_sframe_seal(key, UINT64_MAX, NULL, 0, meta, 4, out, sizeof out, &len));
    assert_int_equal(proto_sframe_seal(key, 0, NULL, 0, meta, 4, out, sizeof out, &len), PROTO_ERR_STATE);
    assert_int_equal(proto_sframe_seal(key, UINT64_MAX, NULL, 0, meta, 4, out, sizeof out, &len), PROTO_ERR_STATE);
    proto_sframe_key_free(key);
}

static void a_key_either_sends_or_receives(void **state)
{
    struct vectors_bytes frame = seal(0, "one way");
    struct proto_sframe_key *key = new_key(KID);
    uint8_t out[64];
    size_t len;

    (void)state;
    assert_ok(proto_sframe_open(key, meta, sizeof meta, frame.bytes, frame.len, out, sizeof out, &len));
    assert_int_equal(proto_sframe_seal(key, 1, NULL, 0, meta, 4, out, sizeof out, &len), PROTO_ERR_STATE);
    proto_sframe_key_free(key);
    key = new_key(KID);
    assert_ok(proto_sframe_seal(key, 1, NULL, 0, meta, 4, out, sizeof out, &len));
    assert_int_equal(proto_sframe_open(key, meta, sizeof meta, frame.bytes, frame.len, out, sizeof out, &len),
                     PROTO_ERR_STATE);
    proto_sframe_key_free(key);
    vectors_bytes_free(&frame);
}

static void a_frame_is_sealed_and_opened_in_place_within_exact_room(void **state)
{
    enum { LEN = 40000 };
    struct proto_sframe_key *sender = new_key(KID), *receiver = new_key(KID);
    size_t header = proto_sframe_header_len(KID, 9), total = header + LEN + PROTO_SFRAME_TAG_BYTES, len;
    uint8_t *frame = malloc(total);

    (void)state;
    assert_non_null(frame);
    for (size_t i = 0; i < LEN; i++)
        frame[header + i] = (uint8_t)(i * 7);
    assert_int_equal(proto_sframe_seal(sender, 9, meta, sizeof meta, frame + header, LEN, frame, total - 1, &len),
                     PROTO_ERR_RANGE);
    assert_ok(proto_sframe_seal(sender, 9, meta, sizeof meta, frame + header, LEN, frame, total, &len));
    assert_int_equal(len, total);
    assert_int_equal(proto_sframe_open(receiver, meta, sizeof meta, frame, len, frame + header, LEN - 1, &len),
                     PROTO_ERR_RANGE);
    assert_ok(proto_sframe_open(receiver, meta, sizeof meta, frame, total, frame + header, LEN, &len));
    assert_int_equal(len, LEN);
    for (size_t i = 0; i < LEN; i++)
        assert_int_equal(frame[header + i], (uint8_t)(i * 7));
    free(frame);
    proto_sframe_key_free(sender);
    proto_sframe_key_free(receiver);
}

static void an_empty_frame_is_a_frame(void **state)
{
    struct vectors_bytes frame = seal(0, "");
    struct proto_sframe_key *key = new_key(KID);
    size_t len = 1;

    (void)state;
    assert_ok(proto_sframe_open(key, meta, sizeof meta, frame.bytes, frame.len, NULL, 0, &len));
    assert_int_equal(len, 0);
    proto_sframe_key_free(key);
    vectors_bytes_free(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_of_the_vectors_are_written_and_read),
        cmocka_unit_test(the_frames_of_the_vectors_are_sealed_and_opened),
        cmocka_unit_test(a_suite_or_a_key_length_out_of_bounds_is_refused),
        cmocka_unit_test(a_header_that_is_not_minimal_is_refused),
        cmocka_unit_test(a_flipped_bit_anywhere_is_refused),
        cmocka_unit_test(a_frame_cut_at_any_length_is_refused),
        cmocka_unit_test(a_frame_of_another_key_is_refused),
        cmocka_unit_test(a_counter_is_never_used_twice),
        cmocka_unit_test(a_key_either_sends_or_receives),
        cmocka_unit_test(a_frame_is_sealed_and_opened_in_place_within_exact_room),
        cmocka_unit_test(an_empty_frame_is_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
