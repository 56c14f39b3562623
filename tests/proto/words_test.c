/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/pairing/words.h"

#include <stdbool.h>
#include <string.h>

static void the_list_has_1024_words_in_order_without_a_double(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROTO_WORDS_COUNT; i++) {
        assert_non_null(proto_word(i));
        if (i)
            assert_true(strcmp(proto_word(i - 1), proto_word(i)) < 0);
    }
    assert_null(proto_word(PROTO_WORDS_COUNT));
    assert_null(proto_word(SIZE_MAX));
}

static void a_word_has_three_to_seven_small_letters(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROTO_WORDS_COUNT; i++) {
        size_t len = strlen(proto_word(i));

        assert_in_range(len, 3, PROTO_WORD_LETTERS_MAX);
        assert_int_equal(strspn(proto_word(i), "abcdefghijklmnopqrstuvwxyz"), len);
    }
}

static void no_word_begins_another_and_four_letters_tell_them_apart(void **state)
{
    (void)state;
    for (size_t i = 1; i < PROTO_WORDS_COUNT; i++) { /* in order, so neighbours are the nearest */
        const char *a = proto_word(i - 1), *b = proto_word(i);

        assert_int_not_equal(strncmp(a, b, strlen(a)), 0);
        assert_int_not_equal(strncmp(a, b, 4), 0);
    }
}

/* One letter changed, added, lost, or two neighbours swapped. */
static bool one_slip_apart(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), head = 0, tail = 0;

    while (head < n && head < m && a[head] == b[head])
        head++;
    while (tail < n - head && tail < m - head && a[n - 1 - tail] == b[m - 1 - tail])
        tail++;
    size_t left_a = n - head - tail, left_b = m - head - tail;

    if (left_a <= 1 && left_b <= 1)
        return true;
    return left_a == 2 && left_b == 2 && a[head] == b[head + 1] && a[head + 1] == b[head];
}

static void one_slip_never_makes_another_word(void **state)
{
    (void)state;
    assert_true(one_slip_apart("boat", "goat"));
    assert_true(one_slip_apart("goat", "oat"));
    assert_true(one_slip_apart("form", "from"));
    assert_false(one_slip_apart("goat", "coal"));
    for (size_t i = 0; i < PROTO_WORDS_COUNT; i++)
        for (size_t j = i + 1; j < PROTO_WORDS_COUNT; j++)
            if (one_slip_apart(proto_word(i), proto_word(j)))
                fail_msg("%s and %s are one slip apart", proto_word(i), proto_word(j));
}

static void forty_bits_are_four_words_from_the_highest(void **state)
{
    const char *out[PROTO_CHECK_WORDS];

    (void)state;
    proto_words_of((const uint8_t[]){0x00, 0x40, 0x20, 0x0f, 0xff}, out); /* 1, 2, 3, 1023 */
    assert_ptr_equal(out[0], proto_word(1));
    assert_ptr_equal(out[1], proto_word(2));
    assert_ptr_equal(out[2], proto_word(3));
    assert_ptr_equal(out[3], proto_word(1023));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_has_1024_words_in_order_without_a_double),
        cmocka_unit_test(a_word_has_three_to_seven_small_letters),
        cmocka_unit_test(no_word_begins_another_and_four_letters_tell_them_apart),
        cmocka_unit_test(one_slip_never_makes_another_word),
        cmocka_unit_test(forty_bits_are_four_words_from_the_highest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
