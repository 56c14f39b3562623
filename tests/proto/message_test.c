/* SPDX-License-Identifier: Apache-2.0 */
/* The clear headers, the framing of control messages, and protobuf within its bounds. */
#include "tests/proto/test.h"

#include "proto/wire/message.h"

#include <stdlib.h>
#include <string.h>

/* ---- headers ---- */

static void an_envelope_is_read_as_it_was_written_and_nothing_else_is(void **state)
{
    static const uint8_t types[] = {PROTO_TYPE_HANDSHAKE, PROTO_TYPE_CONTROL, PROTO_TYPE_LOG, PROTO_TYPE_RELAY};
    struct proto_envelope e;
    uint8_t bytes[PROTO_ENVELOPE_BYTES];
    unsigned good = 0;

    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        proto_envelope_write(bytes, (enum proto_type)types[i], 2, 1);
        assert_ok(proto_envelope_parse(bytes, sizeof bytes, &e));
        assert_int_equal(e.type, types[i]);
        assert_int_equal(e.src, 2);
        assert_int_equal(e.dst, 1);
        for (size_t len = 0; len < sizeof bytes; len++)
            assert_int_equal(proto_envelope_parse(bytes, len, &e), PROTO_ERR_FORMAT);
        assert_int_equal(proto_envelope_parse(bytes, proto_type_max_bytes(types[i]) + 1, &e), PROTO_ERR_RANGE);
    }
    for (unsigned type = 0; type < 256; type++) {
        const uint8_t any[] = {(uint8_t)type, 1, 2, 0};
        good += proto_envelope_parse(any, sizeof any, &e) == PROTO_OK;
    }
    assert_int_equal(good, sizeof types); /* MEDIA has its own header */
    for (unsigned at = 1; at < 4; at++) {
        uint8_t out[] = {PROTO_TYPE_CONTROL, 1, 2, 0};
        out[at] = at == 3 ? 1 : 16;
        assert_int_equal(proto_envelope_parse(out, sizeof out, &e), PROTO_ERR_FORMAT);
    }
}

static void a_message_to_the_relay_goes_behind_its_envelope(void **state)
{
    const handhold_ToRelay message = {.which_body = handhold_ToRelay_beside_join_tag, .body.beside_join = "4071"};
    struct proto_buf whole, alone;
    struct proto_envelope e;

    (void)state;
    proto_buf_init(&whole, 5 * (PROTO_ENVELOPE_BYTES + 7) + 3);
    proto_buf_init(&alone, 64);
    assert_ok(proto_message_to_relay(&whole, 2, &message));
    assert_ok(proto_message_encode(&alone, handhold_ToRelay_fields, &message));
    assert_ok(proto_envelope_parse(whole.bytes, whole.len, &e));
    assert_true(e.type == PROTO_TYPE_RELAY && e.src == 2 && e.dst == PROTO_INDEX_RELAY);
    assert_int_equal(whole.len, PROTO_ENVELOPE_BYTES + alone.len);
    assert_memory_equal(whole.bytes + PROTO_ENVELOPE_BYTES, alone.bytes, alone.len);
    for (int more = 0; more < 4; more++)
        assert_ok(proto_message_to_relay(&whole, 2, &message));
    assert_int_equal(proto_message_to_relay(&whole, 2, &message), PROTO_ERR_RANGE);
    proto_buf_free(&whole);
    proto_buf_free(&alone);
}

static void every_bit_of_a_media_header_means_something_and_comes_back(void **state)
{
    struct proto_media_header h = {.flags = 13,
                                   .src = 1,
                                   .stream = 41,
                                   .tid = 5,
                                   .sid = 2,
                                   .class = PROTO_CLASS_BULK,
                                   .prio = 7,
                                   .tl0 = 0x1234,
                                   .ts_ms = 0x89abcdef,
                                   .obj = 0x01020304};
    static const uint8_t golden[] = {0x20, 0x0d, 1, 41, 0xab, 7, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4};
    uint8_t bytes[16], again[16];
    struct proto_media_header back;

    (void)state;
    proto_media_header_write(bytes, &h);
    assert_memory_equal(bytes, golden, sizeof golden);
    for (size_t bit = 0; bit < 128; bit++) {
        memcpy(bytes, golden, sizeof bytes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (proto_media_header_parse(bytes, sizeof bytes, &back))
            continue;
        proto_media_header_write(again, &back);
        assert_memory_equal(again, bytes, sizeof bytes);
    }
    for (size_t len = 0; len < 16; len++)
        assert_int_equal(proto_media_header_parse(golden, len, &back), PROTO_ERR_FORMAT);
    uint8_t *large = calloc(1, PROTO_MAX_MEDIA_BYTES + 1);
    assert_non_null(large);
    memcpy(large, golden, sizeof golden);
    assert_ok(proto_media_header_parse(large, PROTO_MAX_MEDIA_BYTES, &back));
    assert_int_equal(proto_media_header_parse(large, PROTO_MAX_MEDIA_BYTES + 1, &back), PROTO_ERR_RANGE);
    free(large);
}

static void a_media_header_out_of_range_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 0x21}, {0, 0x11}, {1, 32}, {1, 0xff}, {2, 0}, {2, 16}, {3, 0}, {3, 64}, {3, 255}};
    struct proto_media_header back;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[16] = {0x20, 0, 1, 9};
        bytes[bad[i].at] = bad[i].value;
        assert_int_equal(proto_media_header_parse(bytes, sizeof bytes, &back), PROTO_ERR_FORMAT);
        assert_true(!back.flags && !back.src && !back.stream && !back.tl0);
    }
}

static void a_kid_gives_its_parts_back(void **state)
{
    uint64_t kid = proto_kid(4294967295u, 15, 63);

    (void)state;
    assert_int_equal(proto_kid_epoch(kid), 4294967295u);
    assert_int_equal(proto_kid_sender(kid), 15);
    assert_int_equal(proto_kid_stream(kid), 63);
    assert_true(kid == UINT64_C(0x3ffffffffff));
}

/* ---- framing ---- */

static void lengths_of_control_messages_are_multiples_of_64(void **state)
{
    uint8_t body[200];

    (void)state;
    memset(body, 0xee, sizeof body);
    for (size_t len = 0; len <= sizeof body; len++) {
        struct proto_buf plain;
        enum proto_control msg;
        const uint8_t *at;
        size_t at_len;
        proto_buf_init(&plain, PROTO_MAX_CONTROL_BYTES);
        assert_ok(proto_control_frame(&plain, PROTO_CONTROL_DATA, body, len));
        assert_int_equal(plain.len % PROTO_CONTROL_PAD_BYTES, 0);
        assert_ok(proto_control_parse(plain.bytes, plain.len, &msg, &at, &at_len));
        assert_int_equal(msg, PROTO_CONTROL_DATA);
        assert_int_equal(at_len, len);
        assert_memory_equal(at, body, len);
        if (plain.len > PROTO_CONTROL_HEADER_BYTES + len) { /* padding that is not zeros could carry something */
            plain.bytes[plain.len - 1] = 1;
            assert_int_equal(proto_control_parse(plain.bytes, plain.len, &msg, &at, &at_len), PROTO_ERR_FORMAT);
            plain.bytes[plain.len - 1] = 0;
        }
        for (size_t cut = 1; cut < plain.len; cut++)
            assert_int_equal(proto_control_parse(plain.bytes, plain.len - cut, &msg, &at, &at_len), PROTO_ERR_FORMAT);
        proto_buf_free(&plain);
    }
}

static void a_frame_that_lies_about_itself_is_refused(void **state)
{
    uint8_t plain[128] = {PROTO_CONTROL_DATA, 0, 0, 0, 0, 10};
    enum proto_control msg;
    const uint8_t *at;
    size_t len;

    (void)state;
    assert_int_equal(proto_control_parse(plain, 128, &msg, &at, &len), PROTO_ERR_FORMAT); /* 64 of padding too many */
    assert_ok(proto_control_parse(plain, 64, &msg, &at, &len));
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 0}, {0, PROTO_CONTROL_COUNT}, {0, 255}, {1, 1}, {2, 0xff}, {5, 59}, {5, 255}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t changed[64] = {PROTO_CONTROL_DATA, 0, 0, 0, 0, 10};
        changed[bad[i].at] = bad[i].value;
        assert_int_equal(proto_control_parse(changed, 64, &msg, &at, &len), PROTO_ERR_FORMAT);
        assert_null(at);
    }
}

/* ---- protobuf ---- */

static void a_message_over_its_bound_or_with_broken_text_does_not_decode(void **state)
{
    handhold_ConsentRequest m = {.number = 1, .capability = 1, .purpose = "why"}, back, none;
    struct proto_buf bytes;

    (void)state;
    memset(&none, 0, sizeof none);
    proto_buf_init(&bytes, 4096);
    assert_ok(proto_message_encode(&bytes, handhold_ConsentRequest_fields, &m));
    assert_ok(proto_message_decode(bytes.bytes, bytes.len, handhold_ConsentRequest_fields, &back, sizeof back));
    assert_string_equal(back.purpose, "why");
    uint8_t *text = memmem(bytes.bytes, bytes.len, "why", 3);
    text[0] = 0xff;
    assert_int_equal(proto_message_decode(bytes.bytes, bytes.len, handhold_ConsentRequest_fields, &back, sizeof back),
                     PROTO_ERR_FORMAT);
    assert_memory_equal(&back, &none, sizeof none);
    proto_buf_clear(&bytes);
    proto_buf_put(&bytes, "\x1a\xac\x02", 3); /* purpose of 300 bytes */
    for (int i = 0; i < 300; i++)
        proto_buf_put_u8(&bytes, 'a');
    assert_int_equal(proto_message_decode(bytes.bytes, bytes.len, handhold_ConsentRequest_fields, &back, sizeof back),
                     PROTO_ERR_FORMAT);
    proto_buf_free(&bytes);
}

static void a_text_or_bytes_that_do_not_fit_are_refused_whole(void **state)
{
    char text[5] = "old";
    uint8_t bytes[4];
    pb_size_t size = 3;

    (void)state;
    assert_int_equal(PROTO_SET_TEXT(text, "12345"), PROTO_ERR_RANGE);
    assert_string_equal(text, "");
    assert_ok(PROTO_SET_TEXT(text, "1234"));
    assert_int_equal(proto_set_bytes(&size, bytes, sizeof bytes, "12345", 5), PROTO_ERR_RANGE);
    assert_int_equal(size, 0);
    assert_ok(proto_set_bytes(&size, bytes, sizeof bytes, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_is_read_as_it_was_written_and_nothing_else_is),
        cmocka_unit_test(a_message_to_the_relay_goes_behind_its_envelope),
        cmocka_unit_test(every_bit_of_a_media_header_means_something_and_comes_back),
        cmocka_unit_test(a_media_header_out_of_range_is_refused),
        cmocka_unit_test(a_kid_gives_its_parts_back),
        cmocka_unit_test(lengths_of_control_messages_are_multiples_of_64),
        cmocka_unit_test(a_frame_that_lies_about_itself_is_refused),
        cmocka_unit_test(a_message_over_its_bound_or_with_broken_text_does_not_decode),
        cmocka_unit_test(a_text_or_bytes_that_do_not_fit_are_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
