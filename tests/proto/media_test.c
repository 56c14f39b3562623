/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames may reach a decoder: once, in time, and only what can be decoded. */
#include "tests/proto/test.h"

#include "proto/media/receive.h"

#include <string.h>

/* ---- the window ---- */

static void a_counter_is_taken_once_within_the_window_and_never_behind_it(void **state)
{
    struct proto_replay r = {0};

    (void)state;
    for (uint64_t c = 0; c < 5000; c += 3) {
        assert_true(proto_replay_fresh(&r, c));
        proto_replay_take(&r, c);
        assert_false(proto_replay_fresh(&r, c));
    }
    for (uint64_t c = 0; c < 5000; c++) { /* 4998 was the last */
        bool inside = 4999 - c <= PROTO_REPLAY_BITS;
        assert_int_equal(proto_replay_fresh(&r, c), inside && c % 3 != 0);
    }
}

static void the_window_is_right_at_its_edges_and_across_leaps(void **state)
{
    static const uint64_t leaps[] = {1, 63, 64, 65, 1023, 1024, 1025, 100000, UINT64_C(1) << 40};

    (void)state;
    for (size_t i = 0; i < sizeof leaps / sizeof *leaps; i++) {
        struct proto_replay r = {0};
        proto_replay_take(&r, 10);
        proto_replay_take(&r, 10 + leaps[i]);
        uint64_t next = 11 + leaps[i], oldest = next > PROTO_REPLAY_BITS ? next - PROTO_REPLAY_BITS : 0;
        assert_false(proto_replay_fresh(&r, 10));
        assert_false(proto_replay_fresh(&r, 10 + leaps[i]));
        assert_true(proto_replay_fresh(&r, next));
        if (oldest != 10)
            assert_true(proto_replay_fresh(&r, oldest));
        if (oldest)
            assert_false(proto_replay_fresh(&r, oldest - 1));
    }
}

static void asking_changes_nothing(void **state)
{
    struct proto_replay r = {0}, before;

    (void)state;
    proto_replay_take(&r, 5);
    before = r;
    for (uint64_t c = 0; c < 3000; c++)
        (void)proto_replay_fresh(&r, c);
    assert_memory_equal(&r, &before, sizeof r);
}

/* ---- the layers ---- */

static struct proto_media_header frame(bool key, uint8_t tid, uint16_t tl0)
{
    return (struct proto_media_header){.flags = key ? PROTO_MEDIA_KEY : 0, .tid = tid, .tl0 = tl0};
}

static enum proto_layers_verdict take(struct proto_layers *l, uint64_t counter, bool key, uint8_t tid, uint16_t tl0)
{
    struct proto_media_header h = frame(key, tid, tl0);

    return proto_layers_take(l, &h, counter);
}

static void nothing_passes_before_a_key_frame(void **state)
{
    struct proto_layers l = {0};

    (void)state;
    assert_int_equal(take(&l, 0, false, 0, 1), PROTO_LAYERS_NEED_KEY);
    assert_int_equal(take(&l, 1, false, 1, 1), PROTO_LAYERS_NEED_KEY);
    assert_int_equal(take(&l, 2, true, 0, 2), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 3, false, 0, 3), PROTO_LAYERS_PASS);
}

static void a_hole_in_the_base_layer_waits_for_a_key_frame(void **state)
{
    struct proto_layers l = {0};

    (void)state;
    assert_int_equal(take(&l, 0, true, 0, 1), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 2, false, 0, 3), PROTO_LAYERS_NEED_KEY); /* tl0 2 is missing */
    assert_int_equal(take(&l, 3, false, 1, 3), PROTO_LAYERS_NEED_KEY);
    assert_int_equal(take(&l, 4, false, 0, 4), PROTO_LAYERS_NEED_KEY);
    assert_int_equal(take(&l, 5, true, 0, 5), PROTO_LAYERS_PASS);
}

/* Somebody drops all of layer 0 and leaves layer 1: the picture freezes instead of breaking. */
static void layer_one_passes_only_over_its_own_base(void **state)
{
    struct proto_layers l = {0};

    (void)state;
    assert_int_equal(take(&l, 0, true, 0, 1), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 1, false, 1, 1), PROTO_LAYERS_PASS);
    for (uint16_t i = 2; i < 50; i++) /* base frames 2, 3, … never come */
        assert_int_equal(take(&l, 2u * i, false, 1, i), PROTO_LAYERS_SKIP);
}

static void a_lost_frame_of_a_higher_layer_costs_only_that_layer(void **state)
{
    struct proto_layers l = {0};

    (void)state;
    assert_int_equal(take(&l, 0, true, 0, 1), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 2, false, 1, 1), PROTO_LAYERS_PASS); /* counter 1, of layer 2, was lost */
    assert_int_equal(take(&l, 4, false, 2, 1), PROTO_LAYERS_SKIP); /* it may need what was lost */
    assert_int_equal(take(&l, 5, false, 0, 2), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 6, false, 2, 2), PROTO_LAYERS_PASS);
}

static void the_count_of_base_frames_wraps(void **state)
{
    struct proto_layers l = {0};

    (void)state;
    assert_int_equal(take(&l, 0, true, 0, 65535), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 1, false, 0, 0), PROTO_LAYERS_PASS);
}

static void what_is_older_than_what_was_shown_is_late_even_a_key_frame(void **state)
{
    struct proto_layers l = {0};

    (void)state;
    assert_int_equal(take(&l, 0, true, 0, 1), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 9, true, 0, 5), PROTO_LAYERS_PASS);
    assert_int_equal(take(&l, 8, true, 0, 4), PROTO_LAYERS_LATE);
    assert_int_equal(take(&l, 12, false, 0, 7), PROTO_LAYERS_NEED_KEY);
    assert_int_equal(take(&l, 7, true, 0, 4), PROTO_LAYERS_LATE); /* not the key frame that was asked for */
    assert_int_equal(take(&l, 13, true, 0, 8), PROTO_LAYERS_PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_is_taken_once_within_the_window_and_never_behind_it),
        cmocka_unit_test(the_window_is_right_at_its_edges_and_across_leaps),
        cmocka_unit_test(asking_changes_nothing),
        cmocka_unit_test(nothing_passes_before_a_key_frame),
        cmocka_unit_test(a_hole_in_the_base_layer_waits_for_a_key_frame),
        cmocka_unit_test(layer_one_passes_only_over_its_own_base),
        cmocka_unit_test(a_lost_frame_of_a_higher_layer_costs_only_that_layer),
        cmocka_unit_test(the_count_of_base_frames_wraps),
        cmocka_unit_test(what_is_older_than_what_was_shown_is_late_even_a_key_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
