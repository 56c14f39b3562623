/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "proto/wire/state.h"
#include "tests/proto/test.h"

static handhold_StateChange value(unsigned number)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_property_tag};

    snprintf(c.body.property.device, sizeof c.body.property.device, "d%u", number);
    snprintf(c.body.property.name, sizeof c.body.property.name, "power");
    c.body.property.which_value = handhold_Property_number_tag;
    c.body.property.value.number = number;
    return c;
}

static void many_changes_come_out_as_they_went_in(void **state)
{
    struct proto_state_reader reader;
    handhold_StateChange change;
    struct proto_buf batch;
    unsigned count = 0;

    (void)state;
    proto_buf_init(&batch, PROTO_STATE_BATCH_BYTES);
    for (;; count++) {
        size_t before = batch.len;

        change = value(count);
        if (proto_state_batch_add(&batch, &change) != PROTO_OK) {
            assert_int_equal(batch.len, before); /* what does not fit leaves the rest whole */
            assert_false(batch.failed);
            break;
        }
    }
    assert_in_range(count, 300, 2000);
    reader = proto_state_reader_of(batch.bytes, batch.len);
    for (unsigned i = 0; i < count; i++) {
        assert_ok(proto_state_next(&reader, &change));
        assert_true(change.body.property.value.number == i);
    }
    assert_int_equal(proto_state_next(&reader, &change), PROTO_ERR_NOT_FOUND);
    /* Cut anywhere: whole ones come, then an error, never more. */
    for (size_t len = 0; len < 400; len++) {
        unsigned came = 0;

        reader = proto_state_reader_of(batch.bytes, len);
        while (proto_state_next(&reader, &change) == PROTO_OK)
            came++;
        assert_true(came <= len / 20 + 1);
        assert_int_equal(proto_state_next(&reader, &change), PROTO_ERR_NOT_FOUND);
    }
    proto_buf_free(&batch);
}

static void one_change_alone_is_read_too(void **state)
{
    struct proto_state_reader reader;
    handhold_StateChange change = value(7);
    struct proto_buf one;

    (void)state;
    proto_buf_init(&one, 1024);
    assert_ok(proto_message_encode(&one, handhold_StateChange_fields, &change));
    reader = proto_state_reader_of(one.bytes, one.len);
    assert_ok(proto_state_next(&reader, &change));
    assert_string_equal(change.body.property.device, "d7");
    assert_int_equal(proto_state_next(&reader, &change), PROTO_ERR_NOT_FOUND);
    proto_buf_free(&one);
}

static void bytes_that_are_no_batch_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {{"\x7a", 1},
                 {"\x7a\xff\xff\xff\xff\x7f", 6},
                 {"\x7a\x05"
                  "ab",
                  4},
                 {"\x7a\x02\x0a\x7f", 4},
                 {"\x7a\x00\x08\x01", 4}};
    handhold_StateChange change;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct proto_state_reader reader = proto_state_reader_of(cases[i].bytes, cases[i].len);
        unsigned came = 0;

        while (proto_state_next(&reader, &change) == PROTO_OK)
            came++;
        assert_true(came <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_changes_come_out_as_they_went_in),
        cmocka_unit_test(one_change_alone_is_read_too),
        cmocka_unit_test(bytes_that_are_no_batch_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
