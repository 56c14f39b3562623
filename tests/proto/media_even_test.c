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
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_is_never_late_holds_nothing_back),
        cmocka_unit_test(a_part_of_the_worst_lateness_is_held_back_and_given_back_when_it_is_long_ago),
        cmocka_unit_test(a_standstill_is_shorter_than_on_the_line),
        cmocka_unit_test(nonsense_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
