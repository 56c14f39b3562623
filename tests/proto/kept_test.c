/* SPDX-License-Identifier: Apache-2.0 */
/* What a relay keeps for staff opens for them alone, as what it was sealed as. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "proto/seal/kept.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

static struct proto_random_seeded seeded;
static struct proto_random random_of_test;
static struct proto_kept_keys keys;
static struct proto_buf sealed, text;

static int begin(void **state)
{
    static const uint8_t seed[32] = {8};
    struct proto_buf file;

    (void)state;
    proto_random_seeded_init(&seeded, seed);
    random_of_test = proto_random_from_seeded(&seeded);
    proto_buf_init(&file, PROTO_KEPT_FILE_BYTES);
    proto_kept_keys_make(&random_of_test, &file);
    assert_ok(proto_kept_keys_read(&keys, (const char *)file.bytes, file.len));
    assert_int_equal(keys.count, 1);
    proto_buf_free(&file);
    proto_buf_init(&sealed, 65536);
    proto_buf_init(&text, 65536);
    return 0;
}

static int end(void **state)
{
    (void)state;
    proto_buf_free(&sealed);
    proto_buf_free(&text);
    proto_kept_keys_clear(&keys);
    return 0;
}

static void seal(const char *ref, const char *words)
{
    assert_ok(proto_kept_seal(&keys, PROTO_KEPT_CASE, ref, words, strlen(words), &random_of_test, &sealed));
}

static enum proto_err open_as(enum proto_kept kind, const char *ref)
{
    proto_buf_clear(&text);
    return proto_kept_open(&keys, kind, ref, sealed.bytes, sealed.len, &text);
}

static void what_was_sealed_opens_and_its_length_tells_little(void **state)
{
    (void)state;
    seal("Mrs Example", "the lamp in the hall");
    assert_int_equal(sealed.len, PROTO_KEPT_OVERHEAD - 4 + PROTO_KEPT_PAD_BYTES);
    assert_null(memmem(sealed.bytes, sealed.len, "lamp", 4));
    assert_ok(open_as(PROTO_KEPT_CASE, "Mrs Example"));
    assert_int_equal(text.len, 20);
    assert_memory_equal(text.bytes, "the lamp in the hall", 20);
}

static void the_longest_case_fits_and_a_longer_one_is_refused(void **state)
{
    static char most[PROTO_KEPT_TEXT_MAX + 1];

    (void)state;
    memset(most, 'x', sizeof most);
    assert_ok(proto_kept_seal(&keys, PROTO_KEPT_CASE, "r", most, PROTO_KEPT_TEXT_MAX, &random_of_test, &sealed));
    assert_true(sealed.len <= 40000); /* KeptAdd.sealed */
    assert_ok(open_as(PROTO_KEPT_CASE, "r"));
    assert_int_equal(text.len, PROTO_KEPT_TEXT_MAX);
    assert_int_equal(proto_kept_seal(&keys, PROTO_KEPT_CASE, "r", most, sizeof most, &random_of_test, &sealed),
                     PROTO_ERR_RANGE);
}

static void of_another_customer_or_kind_it_does_not_open(void **state)
{
    (void)state;
    seal("Mrs Example", "x");
    assert_int_equal(open_as(PROTO_KEPT_CASE, "Mr Other"), PROTO_ERR_CRYPTO);
    assert_int_equal(open_as(PROTO_KEPT_CASE, ""), PROTO_ERR_CRYPTO);
    assert_int_equal(open_as(PROTO_KEPT_COUNT, "Mrs Example"), PROTO_ERR_CRYPTO);
}

static void each_flipped_bit_and_each_length_is_refused(void **state)
{
    (void)state;
    seal("Mrs Example", "x");
    for (size_t i = 0; i < sealed.len * 8; i += i < 400 ? 1 : 61) {
        sealed.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_not_equal(open_as(PROTO_KEPT_CASE, "Mrs Example"), PROTO_OK);
        sealed.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t len = 0; len < sealed.len; len += 7)
        assert_int_not_equal(proto_kept_open(&keys, PROTO_KEPT_CASE, "Mrs Example", sealed.bytes, len, &text),
                             PROTO_OK);
    assert_ok(open_as(PROTO_KEPT_CASE, "Mrs Example"));
}

/* The newest secret stands first in the file; what was sealed before still opens. */
static void an_older_secret_opens_and_a_lost_one_does_not(void **state)
{
    struct proto_kept_keys before = keys;
    struct proto_buf file;

    (void)state;
    seal("Mrs Example", "old");
    proto_buf_init(&file, PROTO_KEPT_FILE_BYTES);
    proto_kept_keys_make(&random_of_test, &file);
    assert_ok(proto_kept_keys_read(&keys, (const char *)file.bytes, file.len));
    assert_int_equal(open_as(PROTO_KEPT_CASE, "Mrs Example"), PROTO_ERR_KEY);
    memcpy(keys.secret[keys.count++], before.secret[0], 32);
    assert_ok(open_as(PROTO_KEPT_CASE, "Mrs Example"));
    proto_buf_free(&file);
}

static void a_file_is_read_strictly(void **state)
{
    static const char *const wrong[] = {
        "",
        "handhold/1 cases\n",
        "handhold/2 cases\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "handhold/1 cases\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "handhold/1 cases\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n=",
        "handhold/1 cases\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\n",
        "handhold/1 cases\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    };
    struct proto_kept_keys read;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(proto_kept_keys_read(&read, wrong[i], strlen(wrong[i])), PROTO_ERR_FORMAT);
        assert_int_equal(read.count, 0);
    }
    assert_int_equal(proto_kept_seal(&read, PROTO_KEPT_CASE, "r", "x", 1, &random_of_test, &sealed), PROTO_ERR_KEY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_sealed_opens_and_its_length_tells_little),
        TEST(the_longest_case_fits_and_a_longer_one_is_refused),
        TEST(of_another_customer_or_kind_it_does_not_open),
        TEST(each_flipped_bit_and_each_length_is_refused),
        TEST(an_older_secret_opens_and_a_lost_one_does_not),
        TEST(a_file_is_read_strictly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
