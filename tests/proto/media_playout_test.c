/* SPDX-License-Identifier: Apache-2.0 */
/* A voice that comes in bursts is played evenly. */
#include "tests/proto/test.h"

#include <string.h>

#include "proto/media/playout.h"

struct talk {
    struct proto_playout playout;
    int64_t now_ms;
    uint32_t sent, arrived;
    bool slow;      /* one packet arrives in 20 ms: what waits on the way stays there */
    uint32_t heard; /* number of the last packet that was played */
    unsigned counts[3];
};

static void begin(struct talk *t)
{
    *t = (struct talk){.now_ms = 5000};
    proto_playout_init(&t->playout);
}

/* 20 ms: one packet is spoken, all that have been spoken arrive unless the line is `held`, 20 ms are played. */
static enum proto_playout_step tick(struct talk *t, bool held)
{
    const uint8_t *bytes;
    size_t len;

    t->sent++;
    for (int i = 0; !held && t->arrived < t->sent && (!t->slow || i == 0); t->arrived++, i++) {
        uint32_t number = t->arrived + 1;
        proto_playout_put(&t->playout, number, number * 20 + 77777, (const uint8_t *)&number, sizeof number, t->now_ms);
    }
    enum proto_playout_step step = proto_playout_take(&t->playout, &bytes, &len, t->now_ms);
    t->counts[step]++;
    if (step == PROTO_PLAYOUT_PLAY) {
        uint32_t number;
        assert_int_equal(len, sizeof number);
        memcpy(&number, bytes, sizeof number);
        assert_true(number > t->heard); /* in order, and none twice */
        t->heard = number;
    }
    t->now_ms += 20;
    return step;
}

static void an_even_line_is_played_whole_and_soon(void **state)
{
    struct talk t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 2000; i++)
        tick(&t, false);
    assert_in_range(t.counts[PROTO_PLAYOUT_SILENCE], 1,
                    PROTO_PLAYOUT_START_MS / PROTO_PLAYOUT_PACKET_MS); /* while it holds back */
    assert_int_equal(t.counts[PROTO_PLAYOUT_CONCEAL], 0);
    assert_int_equal(proto_playout_target_ms(&t.playout), PROTO_PLAYOUT_MIN_MS);
    assert_in_range(proto_playout_depth_ms(&t.playout), 0, 100); /* what it held back at first was given back */
}

static void bursts_are_bridged_once_they_are_known(void **state)
{
    struct talk t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 500; i++)
        tick(&t, i % 50 >= 40 && i > 100); /* 200 ms of nothing a second */
    unsigned before = t.counts[PROTO_PLAYOUT_CONCEAL];
    assert_true(before < 40);
    for (int i = 0; i < 1000; i++)
        tick(&t, i % 50 >= 40);
    assert_int_equal(t.counts[PROTO_PLAYOUT_CONCEAL], before);
    assert_in_range(proto_playout_target_ms(&t.playout), 200, 260);
}

/* 140 ms late was the first packet that was lost, 240 the one that is lost twice. */
static void what_was_late_once_is_expected_half_as_late_again(void **state)
{
    struct talk t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 1500; i++)
        tick(&t, i > 100 && i % 250 < 7);
    unsigned before = t.counts[PROTO_PLAYOUT_CONCEAL];
    assert_in_range(proto_playout_target_ms(&t.playout), 200, 250);
    for (int i = 0; i < 100; i++)
        tick(&t, i >= 50 && i < 62);
    assert_in_range(t.counts[PROTO_PLAYOUT_CONCEAL], before, before + 3);
}

static void a_quiet_line_gives_the_time_back(void **state)
{
    struct talk t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 100; i++)
        tick(&t, i >= 50 && i < 65);
    for (int i = 0; i < 100; i++)
        tick(&t, false);
    assert_true(proto_playout_depth_ms(&t.playout) >= 200);
    for (int i = 0; i < 1500; i++)
        tick(&t, false);
    assert_true(proto_playout_depth_ms(&t.playout) <= 100);
    assert_true(t.playout.skipped > 0);
}

static void a_lost_packet_is_concealed_and_the_next_is_in_time(void **state)
{
    struct talk t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 2000; i++) {
        if (i == 1900)
            t.arrived++, t.sent++; /* dropped on the way */
        tick(&t, false);
    }
    assert_int_equal(t.counts[PROTO_PLAYOUT_CONCEAL], 1);
    assert_int_equal(t.playout.gap_max, 1);
}

static void a_long_silence_is_silence_and_then_it_begins_anew(void **state)
{
    struct talk t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 100; i++)
        tick(&t, false);
    unsigned silent = t.counts[PROTO_PLAYOUT_SILENCE];
    for (int i = 0; i < 200; i++)
        tick(&t, true);
    assert_in_range(t.counts[PROTO_PLAYOUT_CONCEAL], 1, 12);
    assert_true(t.counts[PROTO_PLAYOUT_SILENCE] > silent + 150);
    for (int i = 0; i < 100; i++)
        tick(&t, false);
    assert_true(t.heard > 300);
}

/* More than half a second of nothing, and then a queue that stays: the voice goes on with the first packet that comes.
 */
static void after_a_short_silence_the_first_that_comes_is_played(void **state)
{
    struct talk t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 200; i++)
        tick(&t, false);
    for (int i = 0; i < 30; i++)
        tick(&t, true);
    unsigned silent = t.counts[PROTO_PLAYOUT_SILENCE], played = t.counts[PROTO_PLAYOUT_PLAY];
    t.slow = true;
    for (int i = 0; i < 10; i++)
        tick(&t, false);
    assert_in_range(t.counts[PROTO_PLAYOUT_SILENCE], silent, silent + 1);
    assert_true(t.counts[PROTO_PLAYOUT_PLAY] >= played + 9);
}

static void nonsense_is_bounded(void **state)
{
    struct proto_playout p;
    const uint8_t *bytes;
    uint8_t large[PROTO_PLAYOUT_PACKET_MAX + 1] = {0};
    size_t len;
    uint64_t x = 88172645463325252u;

    (void)state;
    proto_playout_init(&p);
    proto_playout_put(&p, 1, 0, large, sizeof large, 0);
    assert_false(p.heard);
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        proto_playout_put(&p, (uint32_t)(x >> 8), (uint32_t)(x >> 20), large, x % 200, (int64_t)(x % 100000000));
        (void)proto_playout_take(&p, &bytes, &len, (int64_t)(x % 100000000));
        assert_true(len <= PROTO_PLAYOUT_PACKET_MAX);
        assert_in_range(proto_playout_depth_ms(&p), 0, PROTO_PLAYOUT_SLOTS * PROTO_PLAYOUT_PACKET_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_line_is_played_whole_and_soon),
        cmocka_unit_test(bursts_are_bridged_once_they_are_known),
        cmocka_unit_test(what_was_late_once_is_expected_half_as_late_again),
        cmocka_unit_test(a_quiet_line_gives_the_time_back),
        cmocka_unit_test(a_lost_packet_is_concealed_and_the_next_is_in_time),
        cmocka_unit_test(a_long_silence_is_silence_and_then_it_begins_anew),
        cmocka_unit_test(after_a_short_silence_the_first_that_comes_is_played),
        cmocka_unit_test(nonsense_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
