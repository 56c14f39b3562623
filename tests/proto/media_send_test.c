/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender makes of what it hears: the line, the rate, the layers, the size. */
#include "tests/proto/test.h"

#include "proto/media/send.h"
#include "proto/util/time.h"

/* A line of `trip_ms` there and back whose receiver's clock is 1 000 000 ahead and wraps. */
enum { APART = 1000000, HD_W = 1280, HD_H = 720 };

static void pass(struct proto_line *line, uint32_t obj, int64_t at_ms, int64_t delay_ms, uint32_t bytes)
{
    proto_line_sent(line, obj, bytes, at_ms);
    assert_true(proto_line_acked(line, obj, (uint32_t)(at_ms + delay_ms + APART), at_ms + 2 * delay_ms));
}

/* ---- the line ---- */

static void a_queue_stands_when_no_frame_comes_through_and_a_lost_packet_is_none(void **state)
{
    static const struct {
        int64_t delay_ms[8];
        int64_t standing_ms;
    } cases[] = {
        {{20, 20, 20, 20, 20, 20, 20, 20}, 0},
        {{20, 20, 120, 120, 120, 120, 120, 120}, 100}, /* the first two are behind the window */
        {{20, 20, 120, 220, 20, 120, 120, 220}, 0},    /* held up, but one came through */
        {{20, 20, 60, 70, 80, 90, 100, 110}, 40},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct proto_line line;
        proto_line_init(&line, 0);
        for (uint32_t n = 0; n < 8; n++)
            pass(&line, n + 1, n * 33 + (n > 1 ? 300 : 0), cases[i].delay_ms[n], 1000);
        assert_int_equal(proto_line_standing_ms(&line, 300), cases[i].standing_ms);
    }
}

static void nothing_is_known_of_a_line_that_was_not_heard_of(void **state)
{
    struct proto_line line;

    (void)state;
    proto_line_init(&line, 5000);
    assert_int_equal(proto_line_standing_ms(&line, 700), PROTO_LINE_UNKNOWN);
    assert_int_equal(proto_line_delivered_bps(&line, 700), PROTO_LINE_UNKNOWN);
    assert_int_equal(proto_line_trip_ms(&line), PROTO_LINE_UNKNOWN);
    assert_int_equal(proto_line_overdue_ms(&line, 9000), 0);
    assert_false(proto_line_acked(&line, 1, 1, 5001));
    proto_line_sent(&line, 1, 100, 5000);
    assert_int_equal(proto_line_overdue_ms(&line, 5000 + PROTO_LINE_PATIENCE_MS + 7), 7);
}

static void a_frame_that_others_overtook_is_lost_and_no_longer_waited_for(void **state)
{
    struct proto_line line;

    (void)state;
    proto_line_init(&line, 0);
    for (uint32_t n = 1; n <= 5; n++)
        proto_line_sent(&line, n, 100, n);
    assert_true(proto_line_acked(&line, 4, APART, 50));
    assert_int_equal(line.lost, 3);
    assert_int_equal(line.count, 1);
    assert_int_equal(line.bytes, 100);
    assert_false(proto_line_acked(&line, 4, APART, 51)); /* told twice */
    assert_false(proto_line_acked(&line, 2, APART, 52)); /* too late */
    assert_false(proto_line_acked(&line, 9, APART, 53)); /* never sent: the fifth counts as overtaken */
    assert_int_equal(line.count, 0);
}

static void what_is_on_its_way_is_bounded(void **state)
{
    struct proto_line line;

    (void)state;
    proto_line_init(&line, 0);
    for (uint32_t n = 1; n <= 10 * PROTO_LINE_FRAMES; n++)
        proto_line_sent(&line, n, 10, n);
    assert_int_equal(line.count, PROTO_LINE_FRAMES);
    assert_int_equal(line.bytes, 10 * PROTO_LINE_FRAMES);
}

static void a_receivers_clock_that_wraps_changes_nothing(void **state)
{
    struct proto_line line;

    (void)state;
    proto_line_init(&line, 0);
    for (uint32_t n = 0; n < 10; n++) {
        proto_line_sent(&line, n + 1, 100, n * 33);
        assert_true(proto_line_acked(&line, n + 1, UINT32_MAX - 100 + n * 33 + (n == 9 ? 80 : 20), n * 33 + 40));
    }
    assert_int_equal(proto_line_standing_ms(&line, 30), PROTO_LINE_UNKNOWN);
    assert_int_equal(proto_line_standing_ms(&line, 300), 0);
    assert_int_equal(line.spike_ms, 60);
}

/* A download at the sender's end: acknowledgements wait, pictures do not. */
static void what_acknowledgements_wait_for_is_not_held_against_the_pictures(void **state)
{
    struct proto_line line;
    uint32_t obj = 0;
    int64_t now = 0;

    (void)state;
    proto_line_init(&line, 0);
    for (int i = 0; i < 60; i++, now += 33) {
        int64_t back = i < 30 ? 20 : 320;
        proto_line_sent(&line, ++obj, 1000, now);
        assert_true(proto_line_acked(&line, obj, (uint32_t)(now + 20 + APART), now + 20 + back));
    }
    proto_line_sent(&line, ++obj, 1000, now);
    assert_int_equal(proto_line_overdue_ms(&line, now + 340), 0);
    assert_int_equal(proto_line_overdue_ms(&line, now + 350), 10);
    assert_int_equal(proto_line_standing_ms(&line, 300), 0);
}

static void a_line_loses_packets_for_a_while_after_one_was_sent_again(void **state)
{
    struct proto_line line;
    int64_t now = 0;

    (void)state;
    proto_line_init(&line, 0);
    for (uint32_t i = 1; i <= 10; i++, now += 33)
        pass(&line, i, now, 40, 1000);
    assert_false(proto_line_loses(&line, now));
    pass(&line, 11, now, 40 + 70, 1000); /* less than a trip of 80: a large picture, a busy machine */
    assert_false(proto_line_loses(&line, now));
    pass(&line, 12, now + 200, 40 + 90, 1000);
    assert_false(proto_line_loses(&line, now + 460));
    pass(&line, 13, now + 233, 40 + 59, 1000); /* right behind it */
    int64_t heard = now + 233 + 2 * 99;
    assert_true(proto_line_loses(&line, heard + PROTO_LINE_LOSES_MS - 1));
    assert_false(proto_line_loses(&line, heard + PROTO_LINE_LOSES_MS));
}

/* Each frame is later than the one before: that is a queue, and nothing of it is lost. */
static void a_line_that_carries_less_all_at_once_does_not_count_as_one_that_loses(void **state)
{
    struct proto_line line;
    int64_t now = 0, free = 0;

    (void)state;
    proto_line_init(&line, 0);
    for (uint32_t i = 1; i <= 40; i++, now += 33) {
        free = (free > now ? free : now) + (i <= 30 ? 20 : 220);
        pass(&line, i, now, 40 + free - now, 1000);
        assert_false(proto_line_loses(&line, now + 2 * (40 + free - now)));
    }
}

/* ---- a sender on an even line ---- */

struct talk {
    struct proto_media_send send;
    int64_t now_ms, line_bps; /* 0: size takes no time */
    uint32_t obj;
    unsigned taken[3], keys, skipped;
};

static void begin(struct talk *t, int64_t start_bps)
{
    *t = (struct talk){.now_ms = 1000};
    proto_media_send_init(&t->send, HD_W, HD_H, start_bps, 0, t->now_ms);
}

/* One camera picture; acknowledged at once with `delay_ms`, or not at all when that is negative. */
static void picture(struct talk *t, int64_t delay_ms)
{
    struct proto_media_take take;

    t->now_ms += 33;
    take = proto_media_send_take(&t->send, t->now_ms);
    t->skipped += !take.take;
    if (!take.take)
        return;
    t->taken[take.tid]++;
    t->keys += take.key;
    uint32_t bytes = (uint32_t)(t->send.plan.bps / 240);
    if (t->line_bps) /* of the layers below there are fewer, and they are larger */
        bytes = take.tid == 2 ? bytes * 6 / 10 : bytes * 14 / 10;
    proto_media_send_sent(&t->send, ++t->obj, bytes, take.key, t->now_ms);
    delay_ms += t->line_bps ? (int64_t)bytes * 8000 / t->line_bps : 0;
    if (delay_ms >= 0)
        proto_media_send_acked(&t->send, t->obj, (uint32_t)(t->now_ms + delay_ms + APART), t->now_ms);
}

static void an_unhindered_line_is_climbed_to_the_top_within_five_seconds(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 0);
    assert_true(t.send.plan.width < HD_W);
    for (int i = 0; i < 150; i++)
        picture(&t, 20);
    assert_int_equal(t.send.plan.bps, PROTO_SEND_MAX_BPS);
    assert_int_equal(t.send.plan.width, HD_W);
    assert_int_equal(t.skipped, 0);
    assert_in_range(t.keys, 2, 3); /* one to begin with, one for the larger size */
    assert_in_range(t.taken[2], 70, 76);
}

static void a_queue_costs_bits_at_once_and_its_end_gives_them_back(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 2000000);
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    int64_t before = t.send.plan.bps;
    for (int i = 0; i < 30; i++)
        picture(&t, 140);
    assert_in_range(t.send.plan.bps, before / 4, before * 9 / 10);
    for (int i = 0; i < 240; i++)
        picture(&t, 20);
    assert_true(t.send.plan.bps >= before);
}

static void single_late_frames_cost_nothing(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 2000000);
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    int64_t before = t.send.plan.bps;
    for (int i = 0; i < 120; i++)
        picture(&t, i % 8 < 3 ? 150 : 20); /* nearly half of them: packets that had to be sent again */
    assert_true(t.send.plan.bps >= before);
    assert_int_equal(t.skipped, 0);
}

/* The rate `ms` after a queue had gone, on a line that lost a packet before, or never did. */
static int64_t bps_after_a_queue(bool loses, int64_t ms)
{
    struct talk t;

    begin(&t, 1000000);
    /* Faster than all that follow, and larger: their size says nothing of the line. */
    proto_media_send_sent(&t.send, ++t.obj, 100000, true, t.now_ms);
    proto_media_send_acked(&t.send, t.obj, (uint32_t)(t.now_ms + 19 + APART), t.now_ms);
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    for (int i = 0; i < 10; i++)
        picture(&t, i == 0 && loses ? 120 : 20);
    assert_int_equal(proto_line_loses(&t.send.line, t.now_ms), loses);
    for (int i = 0; i < 30 || t.send.rate.state == PROTO_RATE_DRAINING; i++)
        picture(&t, i < 30 ? 70 : 20);
    assert_int_equal(proto_line_loses(&t.send.line, t.now_ms), loses);
    for (int64_t gone = t.now_ms; t.now_ms < gone + ms;)
        picture(&t, 20);
    return t.send.plan.bps;
}

static void after_a_queue_a_line_that_loses_packets_is_grown_into_more_carefully(void **state)
{
    int64_t gone = bps_after_a_queue(true, 0);

    (void)state;
    assert_true(bps_after_a_queue(true, 3000) > gone * 11 / 10);
    assert_true(bps_after_a_queue(true, 3000) < bps_after_a_queue(false, 3000));
    assert_true(bps_after_a_queue(true, 8000) > gone * 14 / 10); /* and is found to carry more all the same */
}

/* Large pictures take longer than small ones; when they do no more, the line is another one. */
static int64_t bps_a_second_after(int64_t line_bps, bool loses)
{
    struct talk t;

    begin(&t, 400000);
    t.line_bps = 500000;
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    for (int i = 0; i < 10; i++)
        picture(&t, i == 0 && loses ? 150 : 20);
    for (int i = 0; i < 30 || t.send.rate.state == PROTO_RATE_DRAINING; i++)
        picture(&t, i < 30 ? 90 : 20);
    t.line_bps = line_bps;
    int64_t before = t.send.rate.bps;
    for (int i = 0; i < 33; i++)
        picture(&t, 20);
    return t.send.rate.bps * 100 / before;
}

static void a_line_that_lets_much_more_through_is_used_at_once(void **state)
{
    (void)state;
    for (int loses = 0; loses < 2; loses++) {
        assert_true(bps_a_second_after(500000, loses) < 125);
        assert_true(bps_a_second_after(4000000, loses) > 160);
    }
}

static void a_picture_that_needs_little_does_not_drive_the_rate_up(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 900000);
    for (int i = 0; i < 300; i++) {
        t.now_ms += 33;
        if (!proto_media_send_take(&t.send, t.now_ms).take)
            continue;
        proto_media_send_sent(&t.send, ++t.obj, 500, i == 0, t.now_ms); /* 120 kbit/s */
        proto_media_send_acked(&t.send, t.obj, (uint32_t)(t.now_ms + 20), t.now_ms + 5);
    }
    assert_int_equal(t.send.plan.bps, 900000);
}

static void when_the_line_stops_layers_go_from_the_top_and_then_everything(void **state)
{
    struct talk t;
    int last[3] = {-1, -1, -1};

    (void)state;
    begin(&t, 900000);
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    for (int i = 0; i < PROTO_SEND_TRY_MS / 33; i++) {
        unsigned before[3] = {t.taken[0], t.taken[1], t.taken[2]};
        picture(&t, -1);
        for (int tid = 0; tid < 3; tid++)
            if (t.taken[tid] > before[tid])
                last[tid] = i;
    }
    assert_true(last[2] <= last[1] || last[2] <= last[0]);
    assert_true(last[0] * 33 <= 500); /* and then nothing more was encoded, before the first try */
    assert_true(t.send.plan.bps < 900000);
    assert_true(t.send.line.count < 20);
}

/* A packet that was lost, and lost again: two trips and more for which nothing is heard. */
static void on_a_line_that_loses_packets_one_that_is_lost_twice_costs_no_picture(void **state)
{
    enum { BEAR = 60 }; /* the trip is none */
    struct talk t;

    (void)state;
    begin(&t, 900000);
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    t.send.rate.state = PROTO_RATE_GROWING; /* the line was full before: the rate is known */
    uint32_t held = t.obj;
    for (int i = 0; i < 4; i++) /* a first one: what it holds up arrives all at once */
        picture(&t, -1);
    while (held++ < t.obj)
        proto_media_send_acked(&t.send, held, (uint32_t)(t.now_ms + 20 + APART), t.now_ms);
    assert_true(proto_line_loses(&t.send.line, t.now_ms));
    for (int i = 0; i < 10; i++)
        picture(&t, 20);
    t.skipped = 0;
    for (int64_t first = t.now_ms + 33; t.now_ms + 33 <= first + BEAR * 2 + 60;)
        picture(&t, -1);
    assert_int_equal(t.skipped, 0);
    for (int i = 0; i < 10; i++)
        picture(&t, -1);
    assert_true(t.skipped > 4); /* and then it was no packet */
}

/* It was lost twice, or the line has fallen: what is sent meanwhile takes little of the line. */
static void on_a_line_that_loses_packets_pictures_become_smaller_while_much_is_on_its_way(void **state)
{
    static const struct {
        uint32_t bytes;
        int part;
    } cases[] = {{60000, 1}, {70000, 2}, {90000, 4}};
    enum { BEAR = 60, FIRST = 1000 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct talk t;
        begin(&t, 900000);
        for (int n = 0; n < 60; n++)
            picture(&t, 20);
        t.send.rate.state = PROTO_RATE_GROWING;
        t.send.line.resent_ms = t.now_ms; /* a packet was sent again a moment ago */
        proto_media_send_sent(&t.send, FIRST, cases[i].bytes, false, t.now_ms);
        assert_true(proto_media_send_take(&t.send, t.now_ms + BEAR + 60).take);
        assert_int_equal(t.send.plan.bps, t.send.rate.bps);
        assert_true(proto_media_send_take(&t.send, t.now_ms + BEAR + 61).take);
        assert_int_equal(t.send.plan.bps, t.send.rate.bps / cases[i].part);
        proto_media_send_acked(&t.send, FIRST, (uint32_t)(t.now_ms + 200 + APART), t.now_ms + 200);
        (void)proto_media_send_take(&t.send, t.now_ms + 200);
        assert_int_equal(t.send.plan.bps, t.send.rate.bps); /* and at once as before */
    }
}

static void a_bad_line_ends_in_sharp_stills_and_a_better_one_in_motion_again(void **state)
{
    struct talk t;
    int64_t still_ms = 0;

    (void)state;
    begin(&t, 30000);
    assert_true(t.send.plan.stills);
    for (int i = 0; i < 300; i++) {
        t.now_ms += 33;
        struct proto_media_take take = proto_media_send_take(&t.send, t.now_ms);
        if (!take.take)
            continue;
        assert_true(take.key);
        assert_true(!still_ms || t.now_ms - still_ms >= 1000);
        still_ms = t.now_ms;
        proto_media_send_sent(&t.send, ++t.obj, 9000, true, t.now_ms);
        proto_media_send_acked(&t.send, t.obj, (uint32_t)(t.now_ms + 1500), t.now_ms + 1500); /* 48 kbit/s */
    }
    assert_true(t.send.plan.stills);
    for (int i = 0; i < 150 && t.send.plan.stills; i++) {
        t.now_ms += 33;
        if (!proto_media_send_take(&t.send, t.now_ms).take)
            continue;
        proto_media_send_sent(&t.send, ++t.obj, 9000, true, t.now_ms);
        proto_media_send_acked(&t.send, t.obj, (uint32_t)(t.now_ms + 150), t.now_ms + 200);
    }
    assert_false(t.send.plan.stills);
}

static void a_bound_on_the_rate_holds_for_stills(void **state)
{
    enum { BOUND_BPS = 50000, STILL_BYTES = 9000, SECONDS = 60 };
    struct talk t = {.now_ms = 1000};
    int64_t bits = 0;

    (void)state;
    proto_media_send_init(&t.send, HD_W, HD_H, 0, BOUND_BPS, t.now_ms);
    while (t.now_ms < 1000 + SECONDS * 1000) {
        t.now_ms += 33;
        if (!proto_media_send_take(&t.send, t.now_ms).take)
            continue;
        assert_true(t.send.plan.stills && t.send.plan.bps <= BOUND_BPS);
        bits += STILL_BYTES * 8;
        proto_media_send_sent(&t.send, ++t.obj, STILL_BYTES, true, t.now_ms);
        proto_media_send_acked(&t.send, t.obj, (uint32_t)(t.now_ms + 20), t.now_ms + 40); /* a line with much room */
    }
    assert_in_range(bits / SECONDS, BOUND_BPS * 8 / 10, BOUND_BPS * 11 / 10);
}

static void key_frames_on_demand_are_rate_limited(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 900000);
    for (int i = 0; i < 90; i++) {
        proto_media_send_want_key(&t.send);
        picture(&t, 20);
    }
    assert_in_range(t.keys, 3, 90 * 33 / PROTO_SEND_KEY_EVERY_MS + 2);
}

/* A receiver that stands still: the relay leaves out all that is on its way, and nobody will ever speak of it. */
static void what_the_relay_left_out_is_not_waited_for_for_ever(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 2000000);
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    for (int i = 0; i < 300; i++) {
        picture(&t, -1);
        if (i == 30) /* all are left out by now, but for a key frame now and then */
            t.keys = t.taken[0] = t.taken[1] = t.taken[2] = 0;
    }
    assert_in_range(t.keys, 5, 300 * 33 / PROTO_SEND_TRY_MS);
    assert_int_equal(t.taken[0] + t.taken[1] + t.taken[2], t.keys);
    t.keys = 0;
    for (int i = 0; i <= PROTO_SEND_TRY_MS / 33 + 1; i++)
        picture(&t, 20);
    assert_true(t.keys > 0);
    t.skipped = 0;
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    assert_int_equal(t.skipped, 0);
}

static void what_waits_at_the_relay_counts_as_a_queue(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 2000000);
    for (int i = 0; i < 60; i++)
        picture(&t, 20);
    int64_t before = t.send.plan.bps;
    proto_media_send_queued(&t.send, 300, 2, t.now_ms);
    picture(&t, 20);
    picture(&t, 20);
    assert_true(t.send.plan.bps < before);
    proto_media_send_queued(&t.send, 0, 0, t.now_ms);
}

static void a_new_line_begins_with_a_key_frame_and_most_of_the_rate(void **state)
{
    struct talk t;

    (void)state;
    begin(&t, 2000000);
    for (int i = 0; i < 30; i++)
        picture(&t, 20);
    proto_media_send_restart(&t.send, t.now_ms);
    assert_int_equal(t.send.line.count, 0);
    assert_true(t.send.plan.bps >= 1400000);
    t.now_ms += 33;
    struct proto_media_take take = proto_media_send_take(&t.send, t.now_ms);
    assert_true(take.take && take.key && take.tid == 0);
}

static void sizes_are_even_parts_of_any_camera(void **state)
{
    static const int cameras[][2] = {{1280, 720}, {1920, 1080}, {640, 480}, {640, 360},
                                     {322, 242},  {176, 144},   {720, 1280}};

    (void)state;
    for (size_t i = 0; i < sizeof cameras / sizeof *cameras; i++)
        for (int64_t bps = 30000; bps < 8000000; bps = bps * 3 / 2) {
            struct proto_media_send s;
            proto_media_send_init(&s, cameras[i][0], cameras[i][1], bps, 8000000, 0);
            assert_int_equal(s.plan.width % 2 + s.plan.height % 2, 0);
            assert_in_range(s.plan.width, 16, cameras[i][0]);
            assert_in_range(s.plan.height, 16, cameras[i][1]);
        }
}

static void a_second_in_which_most_was_left_out_is_poor_whatever_the_size(void **state)
{
    static const struct {
        int quality;
        uint64_t left, left_out;
        const char *words;
    } seconds[] = {{0, 30, 0, "good"}, {0, 15, 15, "good"},  {0, 14, 16, "poor"},   {1, 0, 30, "poor"},
                   {2, 30, 0, "poor"}, {3, 0, 30, "stills"}, {1, 16, 14, "smaller"}};

    (void)state;
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        int quality = proto_media_quality_of_second(seconds[i].quality, seconds[i].left, seconds[i].left_out);
        assert_string_equal(proto_media_quality_name(quality), seconds[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_stands_when_no_frame_comes_through_and_a_lost_packet_is_none),
        cmocka_unit_test(nothing_is_known_of_a_line_that_was_not_heard_of),
        cmocka_unit_test(a_frame_that_others_overtook_is_lost_and_no_longer_waited_for),
        cmocka_unit_test(what_acknowledgements_wait_for_is_not_held_against_the_pictures),
        cmocka_unit_test(a_line_loses_packets_for_a_while_after_one_was_sent_again),
        cmocka_unit_test(a_line_that_carries_less_all_at_once_does_not_count_as_one_that_loses),
        cmocka_unit_test(what_is_on_its_way_is_bounded),
        cmocka_unit_test(a_receivers_clock_that_wraps_changes_nothing),
        cmocka_unit_test(an_unhindered_line_is_climbed_to_the_top_within_five_seconds),
        cmocka_unit_test(a_queue_costs_bits_at_once_and_its_end_gives_them_back),
        cmocka_unit_test(single_late_frames_cost_nothing),
        cmocka_unit_test(after_a_queue_a_line_that_loses_packets_is_grown_into_more_carefully),
        cmocka_unit_test(a_line_that_lets_much_more_through_is_used_at_once),
        cmocka_unit_test(a_picture_that_needs_little_does_not_drive_the_rate_up),
        cmocka_unit_test(when_the_line_stops_layers_go_from_the_top_and_then_everything),
        cmocka_unit_test(on_a_line_that_loses_packets_one_that_is_lost_twice_costs_no_picture),
        cmocka_unit_test(on_a_line_that_loses_packets_pictures_become_smaller_while_much_is_on_its_way),
        cmocka_unit_test(a_bad_line_ends_in_sharp_stills_and_a_better_one_in_motion_again),
        cmocka_unit_test(a_bound_on_the_rate_holds_for_stills),
        cmocka_unit_test(key_frames_on_demand_are_rate_limited),
        cmocka_unit_test(what_the_relay_left_out_is_not_waited_for_for_ever),
        cmocka_unit_test(what_waits_at_the_relay_counts_as_a_queue),
        cmocka_unit_test(a_new_line_begins_with_a_key_frame_and_most_of_the_rate),
        cmocka_unit_test(sizes_are_even_parts_of_any_camera),
        cmocka_unit_test(a_second_in_which_most_was_left_out_is_poor_whatever_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
