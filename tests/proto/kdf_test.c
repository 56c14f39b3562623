/* SPDX-License-Identifier: Apache-2.0 */
/* The small seals: hashes and derivation, base64, labelled signatures, boxes, UTF-8. */
#include "tests/proto/test.h"

#include "proto/seal/base64.h"
#include "proto/seal/box.h"
#include "proto/seal/kdf.h"
#include "proto/seal/signature.h"
#include "proto/util/utf8.h"
#include "tests/proto/vectors.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void an_empty_salt_is_a_row_of_zeros(void **state)
{
    static const uint8_t zeros[64];
    uint8_t plain[42], salted[42], short_form[42];

    (void)state;
    assert_ok(proto_hkdf_sha256(NULL, 0, "key", 3, "label", 5, plain, sizeof plain));
    assert_ok(proto_hkdf_sha256(zeros, 32, "key", 3, "label", 5, salted, sizeof salted));
    assert_ok(proto_hkdf("key", 3, "label", short_form, sizeof short_form));
    assert_memory_equal(plain, salted, sizeof plain);
    assert_memory_equal(plain, short_form, sizeof plain);
    assert_ok(proto_hkdf_sha512(NULL, 0, "key", 3, NULL, 0, plain, sizeof plain));
    assert_ok(proto_hkdf_sha512(zeros, 64, "key", 3, NULL, 0, salted, sizeof salted));
    assert_memory_equal(plain, salted, sizeof plain);
}

/* RFC 5869, test case 3: no salt, no info; and no key material at all, as Noise's split has it. */
static void missing_inputs_are_empty_inputs(void **state)
{
    struct vectors_bytes okm = vectors_hex_of("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                                              "9d201395faa4b61a96c8");
    uint8_t ikm[22], out[42], prk[32], expected[32], zeros[32] = {0};

    (void)state;
    memset(ikm, 0x0b, sizeof ikm);
    assert_ok(proto_hkdf_sha256(NULL, 0, ikm, sizeof ikm, NULL, 0, out, sizeof out));
    assert_memory_equal(out, okm.bytes, sizeof out);
    proto_hmac_sha256(prk, zeros, 32, NULL, 0);
    proto_hmac_sha256(expected, prk, 32, "\1", 1);
    assert_ok(proto_hkdf_sha256(NULL, 0, NULL, 0, NULL, 0, out, 32));
    assert_memory_equal(out, expected, 32);
    vectors_bytes_free(&okm);
}

static void a_length_out_of_bounds_is_refused_and_nothing_is_left(void **state)
{
    static const uint8_t zeros[8161], info[PROTO_HKDF_INFO_MAX + 1];
    uint8_t *out = malloc(8161);

    (void)state;
    assert_non_null(out);
    memset(out, 1, 8161);
    assert_int_equal(proto_hkdf("key", 3, "label", out, 8161), PROTO_ERR_RANGE);
    assert_memory_equal(out, zeros, 8161);
    assert_ok(proto_hkdf("key", 3, "label", out, 8160));
    assert_int_equal(proto_hkdf("key", 3, "label", out, 0), PROTO_ERR_RANGE);
    assert_int_equal(proto_hkdf_sha256(NULL, 0, "k", 1, info, sizeof info, out, 32), PROTO_ERR_RANGE);
    assert_ok(proto_hkdf_sha256(NULL, 0, "k", 1, info, sizeof info - 1, out, 32));
    free(out);
}

static void pieces_hash_like_their_row(void **state)
{
    const struct proto_piece pieces[] = {{"ab", 2}, {NULL, 0}, {"c", 1}};
    uint8_t whole[32], parts[32];

    (void)state;
    proto_sha256(whole, "abc", 3);
    proto_sha256_pieces(parts, pieces, 3);
    assert_memory_equal(whole, parts, 32);
    assert_int_equal(whole[0], 0xba); /* FIPS 180-2, "abc" */
    proto_hmac_sha256(whole, "k", 1, "abc", 3);
    proto_hmac_sha256_pieces(parts, "k", 1, pieces, 3);
    assert_memory_equal(whole, parts, 32);
}

/* --- base64 --- */

typedef enum proto_err decode_fn(const char *, size_t, uint8_t *, size_t, size_t *);
typedef void put_fn(struct proto_buf *, const void *, size_t);

/* Whatever decodes must encode to the same text: then no value has two spellings. */
static bool decodes(decode_fn *decode, put_fn *put, const char *text, size_t len)
{
    struct proto_buf again;
    uint8_t out[16];
    size_t out_len;

    if (decode(text, len, out, sizeof out, &out_len)) {
        assert_int_equal(out_len, 0);
        return false;
    }
    proto_buf_init(&again, 64);
    put(&again, out, out_len);
    if (again.len != len || memcmp(again.bytes, text, len) != 0)
        fail_msg("two spellings: %.*s", (int)len, text);
    proto_buf_free(&again);
    return true;
}

static size_t count_last_pairs(decode_fn *decode, put_fn *put, const char *format_4, size_t at, size_t len)
{
    char text[5];
    size_t good = 0;

    for (unsigned pair = 0; pair < 65536; pair++) {
        memcpy(text, format_4, 5);
        text[at] = (char)(pair >> 8);
        text[at + 1] = (char)pair;
        good += decodes(decode, put, text, len);
    }
    return good;
}

static void no_value_has_two_spellings(void **state)
{
    (void)state;
    /* one byte: 256 texts of 65536; at the end, two digits, or a digit of four and a padding; in the middle 64 squared
     */
    assert_int_equal(count_last_pairs(proto_base64_decode, proto_base64_put, "AA==", 0, 4), 256);
    assert_int_equal(count_last_pairs(proto_base64_decode, proto_base64_put, "AAAA", 2, 4), 4096 + 16 + 1);
    assert_int_equal(count_last_pairs(proto_base64_decode, proto_base64_put, "AAAA", 1, 4), 4096);
    assert_int_equal(count_last_pairs(proto_base64_decode, proto_base64_put, "AAAA", 0, 2), 0);
    assert_int_equal(count_last_pairs(proto_base64url_decode, proto_base64url_put, "AAAA", 0, 2), 256);
    assert_int_equal(count_last_pairs(proto_base64url_decode, proto_base64url_put, "AAAA", 1, 3), 1024);
    assert_int_equal(count_last_pairs(proto_base64url_decode, proto_base64url_put, "AAAA", 2, 4), 4096);
}

static void malformed_base64_is_refused(void **state)
{
    static const char *const texts[] = {"A",     "AA",    "AAA",    "=",        "====",     "A===",      "AA=",
                                        "AAA==", "AAAA=", "AAAA==", "AAAA====", "AB==",     "AAB=",      "AA==AAAA",
                                        " AAAA", "AAAA ", "AAAA\n", "AA\nAA",   "AA AA===", "AAA\r\nA",  "AAAAA",
                                        "AA-_",  "AA.A",  "A=AA",   "AA=A",     "\xaf///",  "AA\xc3\xa4"};
    static const char *const url[] = {"A", "AA==", "AAA=", "AB", "AAB", "AA+/", "AAAAA", "AA\n", " AA", "\xdfQ"};
    uint8_t out[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(proto_base64_decode(texts[i], strlen(texts[i]), out, sizeof out, &len), PROTO_ERR_FORMAT);
    for (size_t i = 0; i < sizeof url / sizeof url[0]; i++)
        assert_int_equal(proto_base64url_decode(url[i], strlen(url[i]), out, sizeof out, &len), PROTO_ERR_FORMAT);
    assert_int_equal(proto_base64_decode("AA\0A", 4, out, sizeof out, &len), PROTO_ERR_FORMAT);
}

/* RFC 4648 section 10, and every length around the group that is encoded at once. */
static void every_length_goes_there_and_back(void **state)
{
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    uint8_t bytes[200], out[200];
    struct proto_buf text;
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 250);
    for (size_t i = 0; i < 7; i++) {
        assert_ok(proto_base64_decode(texts[i], strlen(texts[i]), out, i, &len));
        assert_int_equal(len, i);
        assert_memory_equal(out, "foobar", len);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        proto_buf_init(&text, PROTO_BASE64_CHARS(n)); /* exactly enough */
        proto_base64_put(&text, bytes, n);
        assert_false(text.failed);
        assert_int_equal(text.len, PROTO_BASE64_CHARS(n));
        assert_ok(proto_base64_decode((const char *)text.bytes, text.len, out, n, &len));
        assert_true(len == n && memcmp(out, bytes, n) == 0);
        if (n)
            assert_int_equal(proto_base64_decode((const char *)text.bytes, text.len, out, n - 1, &len),
                             PROTO_ERR_RANGE);
        proto_buf_free(&text);
        proto_buf_init(&text, PROTO_BASE64URL_CHARS(n));
        proto_base64url_put(&text, bytes, n);
        assert_false(text.failed);
        assert_int_equal(text.len, PROTO_BASE64URL_CHARS(n));
        assert_ok(proto_base64url_decode((const char *)text.bytes, text.len, out, n, &len));
        assert_true(len == n && memcmp(out, bytes, n) == 0);
        if (n)
            assert_int_equal(proto_base64url_decode((const char *)text.bytes, text.len, out, n - 1, &len),
                             PROTO_ERR_RANGE);
        proto_buf_free(&text);
    }
}

/* --- signatures --- */

static void a_labelled_signature_holds_for_its_label_and_data_alone(void **state)
{
    uint8_t seed[32] = {9}, pk[32], sk[64], sig[64], data[32] = {1, 2}, message[64 + 10 + 1 + 32];

    (void)state;
    proto_sign_keypair(pk, sk, seed);
    assert_ok(proto_sign_labelled(sig, "handhold/1", data, sizeof data, sk));
    memset(message, ' ', 64);
    memcpy(message + 64, "handhold/1", 11);
    memcpy(message + 75, data, 32);
    assert_int_equal(crypto_sign_verify_detached(sig, message, sizeof message, pk), 0); /* these bytes are signed */
    assert_ok(proto_verify_labelled(sig, "handhold/1", data, sizeof data, pk));
    assert_int_equal(proto_verify_labelled(sig, "handhold/2", data, sizeof data, pk), PROTO_ERR_SIGNATURE);
    assert_int_equal(proto_verify_labelled(sig, "handhold/1", data, sizeof data - 1, pk), PROTO_ERR_SIGNATURE);
    for (size_t bit = 0; bit < 512; bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_verify_labelled(sig, "handhold/1", data, sizeof data, pk), PROTO_ERR_SIGNATURE);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 256; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_verify_labelled(sig, "handhold/1", data, sizeof data, pk), PROTO_ERR_SIGNATURE);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void a_signature_keeps_to_its_bounds(void **state)
{
    static const uint8_t data[PROTO_SIGN_DATA_MAX + 1];
    uint8_t seed[32] = {9}, pk[32], sk[64], sig[64];
    char label[PROTO_SIGN_LABEL_MAX + 2] = {0};

    (void)state;
    proto_sign_keypair(pk, sk, seed);
    memset(label, 'x', PROTO_SIGN_LABEL_MAX);
    assert_ok(proto_sign_labelled(sig, label, data, PROTO_SIGN_DATA_MAX, sk));
    assert_ok(proto_verify_labelled(sig, label, data, PROTO_SIGN_DATA_MAX, pk));
    assert_int_equal(proto_sign_labelled(sig, label, data, PROTO_SIGN_DATA_MAX + 1, sk), PROTO_ERR_RANGE);
    assert_int_equal(proto_verify_labelled(sig, label, data, PROTO_SIGN_DATA_MAX + 1, pk), PROTO_ERR_RANGE);
    label[PROTO_SIGN_LABEL_MAX] = 'x';
    assert_int_equal(proto_sign_labelled(sig, label, data, 1, sk), PROTO_ERR_RANGE);
    assert_int_equal(proto_sign_labelled(sig, "", data, 1, sk), PROTO_ERR_RANGE);
}

/* --- boxes --- */

static void a_box_is_opened_by_libsodium_and_by_us(void **state)
{
    const uint8_t sk[32] = {8, 3}, ephemeral[32] = {8, 4};
    uint8_t pk[32], sealed[5 + PROTO_BOX_OVERHEAD], again[sizeof sealed], out[5], other[32] = {8, 5}, other_pk[32];

    (void)state;
    proto_box_public_key(pk, sk);
    proto_box_public_key(other_pk, other);
    assert_ok(proto_box_seal(sealed, (const uint8_t *)"state", 5, pk, ephemeral));
    assert_ok(proto_box_seal(again, (const uint8_t *)"state", 5, pk, ephemeral));
    assert_memory_equal(sealed, again, sizeof sealed);
    assert_int_equal(crypto_box_seal_open(out, sealed, sizeof sealed, pk, sk), 0);
    assert_memory_equal(out, "state", 5);
    memset(out, 0, 5);
    assert_ok(proto_box_open(out, sealed, sizeof sealed, pk, sk));
    assert_memory_equal(out, "state", 5);
    assert_int_equal(proto_box_open(out, sealed, sizeof sealed, other_pk, other), PROTO_ERR_CRYPTO);
    assert_int_equal(crypto_box_seal(again, (const uint8_t *)"other", 5, pk), 0);
    assert_ok(proto_box_open(out, again, sizeof again, pk, sk));
    assert_memory_equal(out, "other", 5);
}

static void an_altered_or_cut_box_is_refused(void **state)
{
    const uint8_t sk[32] = {8, 3}, ephemeral[32] = {8, 4}, small_order[32] = {1};
    uint8_t pk[32], sealed[5 + PROTO_BOX_OVERHEAD], out[5];

    (void)state;
    proto_box_public_key(pk, sk);
    assert_ok(proto_box_seal(sealed, (const uint8_t *)"state", 5, pk, ephemeral));
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_box_open(out, sealed, sizeof sealed, pk, sk), PROTO_ERR_CRYPTO);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < sizeof sealed; cut++) {
        struct vectors_bytes part = vectors_copy(sealed, cut);
        assert_int_equal(proto_box_open(out, part.bytes, cut, pk, sk),
                         cut < PROTO_BOX_OVERHEAD ? PROTO_ERR_FORMAT : PROTO_ERR_CRYPTO);
        vectors_bytes_free(&part);
    }
    assert_int_equal(proto_box_seal(sealed, (const uint8_t *)"state", 5, small_order, ephemeral), PROTO_ERR_KEY);
}

static void a_text_is_cut_between_characters(void **state)
{
    static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10}; /* of "a", two, three and four bytes */
    const char *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa1";
    char copy[12];

    (void)state;
    for (size_t most = 0; most < sizeof whole / sizeof *whole; most++) {
        assert_int_equal(proto_utf8_cut(text, most), whole[most]);
        memset(copy, 'x', sizeof copy);
        proto_utf8_copy(copy, most + 1, text);
        assert_int_equal(strlen(copy), whole[most]);
        assert_memory_equal(copy, text, whole[most]);
    }
}

static void every_character_has_one_form_in_utf8(void **state)
{
    size_t good = 0;

    (void)state;
    for (uint32_t lead = 0; lead < 1u << 24; lead++) { /* all forms of up to three bytes, with nothing behind */
        uint8_t bytes[3] = {(uint8_t)(lead >> 16), (uint8_t)(lead >> 8), (uint8_t)lead};
        const uint8_t *at = bytes;
        uint32_t rune;
        if (bytes[0] >= 0xe0 && proto_utf8_next(&at, bytes + 3, &rune) && at == bytes + 3)
            good++;
    }
    assert_int_equal(good, 0x10000 - 0x800 - 0x800); /* U+0800 to U+FFFF without the surrogates */
    char turned[] = "a\u202eb\u200bc\x01\xff\u00fc";

    proto_utf8_calm(turned, ' ');
    assert_string_equal(turned, "a b c ?\u00fc");
    assert_true(proto_utf8_reads_as_written("\u05d3\u05e0\u05d4 \u200d\u200c", 13));
    assert_false(proto_utf8_reads_as_written("a\u202eb", 5) || proto_utf8_reads_as_written("a\u2066b", 5) ||
                 proto_utf8_reads_as_written("a\u200bb", 5) || proto_utf8_reads_as_written("a\nb", 3) ||
                 proto_utf8_reads_as_written("\xff", 1));
    assert_true(proto_utf8_is_clean("\xf4\x8f\xbf\xbf", 4, 0));
    assert_false(proto_utf8_is_clean("\xf4\x8f\xbf", 3, 0));
    assert_false(proto_utf8_is_clean("a\n", 2, 0));
    assert_true(proto_utf8_is_clean("a\n", 2, '\n'));
    assert_true(proto_utf8_is_clean(NULL, 0, 0));
    assert_false(proto_utf8_is_clean("\0", 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_salt_is_a_row_of_zeros),
        cmocka_unit_test(missing_inputs_are_empty_inputs),
        cmocka_unit_test(a_length_out_of_bounds_is_refused_and_nothing_is_left),
        cmocka_unit_test(pieces_hash_like_their_row),
        cmocka_unit_test(no_value_has_two_spellings),
        cmocka_unit_test(malformed_base64_is_refused),
        cmocka_unit_test(every_length_goes_there_and_back),
        cmocka_unit_test(a_labelled_signature_holds_for_its_label_and_data_alone),
        cmocka_unit_test(a_signature_keeps_to_its_bounds),
        cmocka_unit_test(a_box_is_opened_by_libsodium_and_by_us),
        cmocka_unit_test(an_altered_or_cut_box_is_refused),
        cmocka_unit_test(a_text_is_cut_between_characters),
        cmocka_unit_test(every_character_has_one_form_in_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
