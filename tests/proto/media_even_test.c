/* SPDX-License-Identifier: Apache-2.0 */
/* When pictures are shown: evenly, in order, and never much later than they came. */
#include "tests/proto/test.h"

#include "proto/media/even.h"

enum { APART = 1000000, TRIP_MS = 50, FRAME_MS = 33 };

/* Picture `n`, which came `late_ms` late; returns when it is due over when it was captured. */
static int64_t picture(struct proto_even *e, int n, int64_t late_ms)
{
    int64_t captured = (int64_t)n * FRAME_MS, now = captured + TRIP_MS + late_ms;
    int64_t due = proto_even_due_ms(e, captured + APART, now);

    assert_in_range(due, now, now + PROTO_EVEN_MAX_MS);
    return due - captured;
}

static void a_line_that_is_never_late_holds_nothing_back(void **state)
{
    struct proto_even e;

    (void)state;
    proto_even_init(&e);
    for (int n = 0; n < 1000; n++)
        assert_int_equal(picture(&e, n, 0), TRIP_MS);
    assert_int_equal(proto_even_hold_ms(&e), 0);
}

static void a_part_of_the_worst_lateness_is_held_back_and_given_back_when_it_is_long_ago(void **state)
{
    struct proto_even e;

    (void)state;
    proto_even_init(&e);
    for (int n = 0; n < 100; n++)
        picture(&e, n, n == 50 ? 120 : 0);
    assert_int_equal(proto_even_hold_ms(&e), 30);
    assert_int_equal(picture(&e, 100, 0), TRIP_MS + 30);
    assert_int_equal(picture(&e, 101, 10), TRIP_MS + 30); /* even, though it came later */
    assert_int_equal(picture(&e, 102, 70), TRIP_MS + 70); /* at once: it is late already */
    for (int n = 103; n < 600; n++)
        picture(&e, n, 0);
    assert_int_equal(proto_even_hold_ms(&e), 0);
}

static void a_standstill_is_shorter_than_on_the_line(void **state)
{
    struct proto_even e;
    int64_t last = 0, worst = 0, worst_line = 0, arrived = 0;

    (void)state;
    proto_even_init(&e);
    for (int n = 0; n < 900; n++) {
        int64_t late = n % 90 >= 85 ? (90 - n % 90) * FRAME_MS : 0; /* five come at once, each three seconds */
        int64_t shown = picture(&e, n, late) + n * FRAME_MS, came = n * FRAME_MS + TRIP_MS + late;
        if (n > 200 && shown - last > worst)
            worst = shown - last;
        if (n > 200 && came - arrived > worst_line)
            worst_line = came - arrived;
        assert_true(shown >= last); /* in order */
        last = shown;
        arrived = came;
    }
    assert_true(worst + 30 <= worst_line);
}

/* The next is expected each 33 ms: less than that held back is no picture in hand. */
static void the_newest_is_kept_for_a_standstill_where_more_than_one_picture_is_held_back(void **state)
{
    static const struct {
        int64_t late_ms, hold_ms, keep_ms;
    } cases[] = {{0, 0, 0}, {120, 30, 0}, {140, 35, 70}, {200, 50, 100}, {260, 65, PROTO_EVEN_ALONE_MAX_MS}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct proto_even e;
        proto_even_init(&e);
        for (int n = 0; n < 100; n++)
            picture(&e, n, n == 50 ? cases[i].late_ms : 0);
        assert_int_equal(proto_even_hold_ms(&e), cases[i].hold_ms);
        assert_int_equal(proto_even_alone_ms(&e) - e.due_ms, cases[i].keep_ms);
        picture(&e, 105, 0); /* five were left out before they were encoded: the next is not near */
        assert_int_equal(proto_even_alone_ms(&e), e.due_ms);
        picture(&e, 106, PROTO_EVEN_MAX_MS + PROTO_EVEN_ALONE_MAX_MS); /* late: at once, and for nothing else */
        assert_int_equal(proto_even_alone_ms(&e), e.due_ms);
    }
}

/* Six come at once, each three seconds: of one gap two are made. */
static void a_standstill_is_shorter_still_for_the_picture_that_was_kept(void **state)
{
    struct proto_even e;
    int64_t shown[2] = {0, 0}, worst[2] = {0, 0}, due = 0, alone = 0;

    (void)state;
    proto_even_init(&e);
    for (int n = 0; n < 900; n++) {
        int64_t late = n % 90 >= 84 ? (90 - n % 90) * FRAME_MS : 0, came = n * FRAME_MS + TRIP_MS + late;
        int64_t at[2] = {due,
                         alone > came ? (due > came ? due : came) : alone}; /* of the one before, now one follows */
        for (int i = 0; i < 2; i++) {
            if (n > 200 && at[i] - shown[i] > worst[i])
                worst[i] = at[i] - shown[i];
            assert_true(at[i] >= shown[i]); /* in order */
            shown[i] = at[i];
        }
        due = picture(&e, n, late) + n * FRAME_MS;
        alone = proto_even_alone_ms(&e);
    }
    print_message("longest gap %lld ms, %lld of it with one picture kept\n", (long long)worst[0], (long long)worst[1]);
    assert_true(worst[1] + 40 <= worst[0]);
}

static void nonsense_is_bounded(void **state)
{
    struct proto_even e;
    uint64_t x = 88172645463325252u;
    int64_t now = 0;

    (void)state;
    proto_even_init(&e);
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        now += (int64_t)(x % 40);
        int64_t due = proto_even_due_ms(&e, (int64_t)(x >> 16), now);
        assert_in_range(due, now, now + PROTO_EVEN_MAX_MS);
        assert_in_range(proto_even_alone_ms(&e), due, now + PROTO_EVEN_MAX_MS + PROTO_EVEN_ALONE_MAX_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_is_never_late_holds_nothing_back),
        cmocka_unit_test(a_part_of_the_worst_lateness_is_held_back_and_given_back_when_it_is_long_ago),
        cmocka_unit_test(a_standstill_is_shorter_than_on_the_line),
        cmocka_unit_test(the_newest_is_kept_for_a_standstill_where_more_than_one_picture_is_held_back),
        cmocka_unit_test(a_standstill_is_shorter_still_for_the_picture_that_was_kept),
        cmocka_unit_test(nonsense_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
