/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/util/number.h"

#include <stdlib.h>
#include <string.h>

static void a_buffer_takes_its_maximum_and_no_byte_more(void **state)
{
    static const uint8_t zeros[200];

    (void)state;
    for (size_t max = 0; max < sizeof zeros; max++) {
        struct proto_buf buf;
        proto_buf_init(&buf, max);
        for (size_t i = 0; i < max; i++)
            proto_buf_put_u8(&buf, (uint8_t)i);
        assert_false(buf.failed);
        assert_int_equal(buf.len, max);
        proto_buf_put(&buf, zeros, 0);
        assert_false(buf.failed);
        proto_buf_put_u8(&buf, 1);
        assert_true(buf.failed);
        assert_int_equal(buf.len, max);
        proto_buf_clear(&buf);
        proto_buf_put(&buf, zeros, max + 1);
        assert_true(buf.failed);
        assert_int_equal(buf.len, 0);
        proto_buf_free(&buf);
    }
}

static void nothing_is_added_behind_a_failure(void **state)
{
    struct proto_buf buf;

    (void)state;
    proto_buf_init(&buf, 4);
    proto_buf_put_u16(&buf, 0x0102);
    proto_buf_put_u32(&buf, 3);
    proto_buf_put_u8(&buf, 4);
    assert_true(buf.failed);
    assert_int_equal(buf.len, 2);
    assert_null(proto_buf_extend(&buf, 1));
    assert_null(proto_buf_extend(&buf, SIZE_MAX));
    proto_buf_clear(&buf);
    assert_false(buf.failed);
    assert_null(proto_buf_extend(&buf, SIZE_MAX));
    proto_buf_free(&buf);
    proto_buf_put_u32(&buf, 7);
    assert_false(buf.failed); /* usable again with the same maximum */
    proto_buf_free(&buf);
}

static void what_is_written_is_read_back_big_endian(void **state)
{
    struct proto_buf buf;
    size_t len;
    uint8_t into[3];

    (void)state;
    proto_buf_init_secret(&buf, 1000);
    proto_buf_put_u8(&buf, 0x01);
    proto_buf_put_u16(&buf, 0x0203);
    proto_buf_put_u32(&buf, 0x04050607);
    proto_buf_put_u64(&buf, 0x08090a0b0c0d0e0f);
    for (size_t i = 0; i < 15; i++)
        assert_int_equal(buf.bytes[i], i + 1);
    proto_buf_put_lv8(&buf, "abc", 3);
    proto_buf_put_lv16(&buf, "defg", 4);
    proto_buf_printf(&buf, "%d", 42);
    struct proto_reader r = proto_reader_of(buf.bytes, buf.len);
    assert_int_equal(proto_read_u8(&r), 1);
    assert_int_equal(proto_read_u16(&r), 0x0203);
    assert_int_equal(proto_read_u32(&r), 0x04050607);
    assert_true(proto_read_u64(&r) == 0x08090a0b0c0d0e0f);
    assert_memory_equal(proto_read_lv8(&r, &len), "abc", 3);
    assert_int_equal(len, 3);
    assert_memory_equal(proto_read_lv16(&r, &len), "defg", 4);
    assert_int_equal(len, 4);
    proto_read_into(&r, into, 2);
    assert_memory_equal(into, "42", 2);
    assert_int_equal(proto_reader_left(&r), 0);
    assert_false(r.failed);
    proto_buf_free(&buf);
}

static void a_value_too_long_for_its_length_field_fails(void **state)
{
    uint8_t *big = calloc(1, 65536);
    struct proto_buf buf;

    (void)state;
    assert_non_null(big);
    proto_buf_init(&buf, 200000);
    proto_buf_put_lv8(&buf, big, 255);
    proto_buf_put_lv16(&buf, big, 65535);
    assert_false(buf.failed);
    proto_buf_put_lv8(&buf, big, 256);
    assert_true(buf.failed);
    proto_buf_clear(&buf);
    proto_buf_put_lv16(&buf, big, 65536);
    assert_true(buf.failed);
    proto_buf_clear(&buf);
    proto_buf_printf(&buf, "%2000d", 1); /* longer than one line may be */
    assert_true(buf.failed);
    proto_buf_free(&buf);
    free(big);
}

/* Heap blocks of the exact size, so that a sanitizer sees the first byte too far. */
static void a_reader_never_passes_its_end(void **state)
{
    (void)state;
    for (size_t len = 0; len < 12; len++) {
        uint8_t *bytes = malloc(len ? len : 1), into[12];
        size_t value_len;
        assert_non_null(bytes);
        memset(bytes, 0xff, len ? len : 1);
        for (size_t want = 0; want <= 12; want++) {
            struct proto_reader r = proto_reader_of(bytes, len);
            assert_int_equal(proto_read_bytes(&r, want) != NULL, want <= len);
            assert_int_equal(r.failed, want > len);
            assert_int_equal(proto_reader_left(&r), want <= len ? len - want : len);
        }
        struct proto_reader r = proto_reader_of(bytes, len);
        assert_true((proto_read_u64(&r) != 0) == (len >= 8));
        r = proto_reader_of(bytes, len);
        assert_true((proto_read_u32(&r) != 0) == (len >= 4));
        r = proto_reader_of(bytes, len);
        assert_true((proto_read_u16(&r) != 0) == (len >= 2));
        r = proto_reader_of(bytes, len);
        assert_null(proto_read_lv8(&r, &value_len)); /* claims 255 bytes */
        assert_true(r.failed);
        r = proto_reader_of(bytes, len);
        assert_null(proto_read_lv16(&r, &value_len));
        assert_true(r.failed);
        assert_int_equal(proto_read_u8(&r), 0); /* zeros behind a failure, however much is left */
        assert_null(proto_read_bytes(&r, 0));
        proto_read_into(&r, into, sizeof into);
        for (size_t i = 0; i < sizeof into; i++)
            assert_int_equal(into[i], 0);
        free(bytes);
    }
    struct proto_reader none = proto_reader_of(NULL, 0);
    assert_int_equal(proto_read_u8(&none), 0);
    assert_true(none.failed);
    none = proto_reader_of("", 0);
    assert_null(proto_read_bytes(&none, SIZE_MAX));
}

static void every_error_has_a_name_and_a_rule(void **state)
{
    (void)state;
    for (int err = 0; err < PROTO_ERR_COUNT; err++) {
        assert_true(strlen(proto_err_name((enum proto_err)err)) > 0);
        assert_true(strlen(proto_err_rule((enum proto_err)err)) > 0);
        assert_non_null(proto_err_way_out((enum proto_err)err));
    }
    assert_string_equal(proto_err_name((enum proto_err)9999), "UNKNOWN");
}

static void a_large_number_is_read_without_an_exponent(void **state)
{
    static const struct {
        double number;
        const char *text;
    } all[] = {{0, "0"},
               {-3.5, "-3.5"},
               {16.31, "16.31"},
               {200.0 / 3, "66.6667"},
               {99999.4, "99999.4"},
               {99999.96, "100000"},
               {1209600, "1209600"},
               {-123456789012345, "-123456789012345"}};
    char text[PROTO_NUMBER_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        proto_number_text(all[i].number, text);
        assert_string_equal(text, all[i].text);
    }
    proto_number_text(-1.7976931348623157e308, text);
    assert_string_equal(text, "-1.79769e+308");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_takes_its_maximum_and_no_byte_more),
        cmocka_unit_test(nothing_is_added_behind_a_failure),
        cmocka_unit_test(what_is_written_is_read_back_big_endian),
        cmocka_unit_test(a_value_too_long_for_its_length_field_fails),
        cmocka_unit_test(a_reader_never_passes_its_end),
        cmocka_unit_test(every_error_has_a_name_and_a_rule),
        cmocka_unit_test(a_large_number_is_read_without_an_exponent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
