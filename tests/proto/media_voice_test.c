/* SPDX-License-Identifier: Apache-2.0 */
/* What a voice takes of its line: as the picture knows it, or as heartbeats do. */
#include "tests/proto/test.h"

#include "proto/media/voice.h"

enum { FULL_MS = 400, WELL_MS = 20, NEITHER_MS = 150 };

static void seconds(struct proto_voice *v, int count, int64_t waits_ms)
{
    while (count-- > 0)
        proto_voice_waits(v, waits_ms);
}

static void a_picture_says_what_its_voice_may_take(void **state)
{
    struct proto_voice v;

    (void)state;
    proto_voice_init(&v);
    assert_int_equal(v.bps, 24000);
    proto_voice_line(&v, 450000);
    assert_int_equal(v.bps, 16000);
    assert_int_equal(v.frames, 2);
    proto_voice_line(&v, 550000); /* between the two marks: as it was */
    assert_int_equal(v.bps, 16000);
    proto_voice_line(&v, 100000);
    assert_int_equal(v.bps, 10000);
    proto_voice_line(&v, 0);
    assert_int_equal(v.bps, 10000);
    proto_voice_line(&v, 2000000);
    assert_int_equal(v.bps, 24000);
}

static void without_a_picture_a_line_that_is_full_is_given_less(void **state)
{
    struct proto_voice v;

    (void)state;
    proto_voice_init(&v);
    for (int i = 0; i < 100; i++) { /* a packet that is sent again now and then fills no line */
        seconds(&v, 2, FULL_MS);
        seconds(&v, 1, NEITHER_MS);
        proto_voice_waits(&v, -1);
    }
    assert_int_equal(v.bps, 24000);
    seconds(&v, 3, FULL_MS);
    assert_int_equal(v.bps, 16000);
    seconds(&v, 3, FULL_MS);
    assert_int_equal(v.bps, 10000);
    seconds(&v, 100, FULL_MS);
    assert_int_equal(v.bps, 10000);
}

static void more_is_tried_seldom_and_the_more_seldom_the_more_often_it_was_in_vain(void **state)
{
    struct proto_voice v;
    int before = 0;

    (void)state;
    proto_voice_init(&v);
    for (int i = 0; i < 10; i++) {
        int waited = 0;
        seconds(&v, 3, FULL_MS);
        assert_int_equal(v.bps, 16000);
        for (; v.bps < 24000; waited++)
            proto_voice_waits(&v, WELL_MS);
        assert_in_range(waited, before ? before : 30, 480);
        before = waited;
    }
    assert_int_equal(before, 480);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_says_what_its_voice_may_take),
        cmocka_unit_test(without_a_picture_a_line_that_is_full_is_given_less),
        cmocka_unit_test(more_is_tried_seldom_and_the_more_seldom_the_more_often_it_was_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
