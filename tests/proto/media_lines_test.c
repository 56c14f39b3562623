/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sender over thousands of lines, each out of a seed: even ones, steps, ramps, outages, deep buffers, lost packets;
 * TCP with either congestion control. What must hold on every single one, and what must hold in the middle.
 *
 *     proto_media_lines_test [LINES]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/proto/media_rig.h"
#include "tests/proto/test.h"

enum { EVEN, STEPS, RAMP, OUTAGE, KINDS, LINES = 500, RUN_MS = 40000, FROM_MS = 8000, LINES_MAX = 20000 };

static int lines = LINES;

struct drawn {
    struct rig_config rig;
    int kind;
    int64_t least_bps, outage_ms;
};

static double unit(uint64_t *state)
{
    return (double)(ml_random(state) >> 11) / 9007199254740992.0;
}

/* Line number `n` of the kind: 150 kbit/s to 7.5 Mbit/s, 10 to 250 ms there and back, up to 1.5 % lost. */
static void draw(int n, int kind, struct drawn *out)
{
    uint64_t s = (uint64_t)n * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)kind + 7;
    struct ml_config *line = &out->rig.line;

    for (int i = 0; i < 3; i++)
        ml_random(&s);
    *out = (struct drawn){.kind = kind};
    out->rig.run_ms = RUN_MS;
    out->rig.from_ms = FROM_MS;
    out->rig.need_percent = 100;
    int64_t bps = (int64_t)(150e3 * pow(50, unit(&s))), delay = 5 + (int64_t)(unit(&s) * 120);
    int loss = unit(&s) < 0.5 ? 0 : (int)(unit(&s) * 15000);
    line->seed = (uint64_t)n + 1;
    line->bbr = loss > 0 || unit(&s) < 0.5;
    line->queue_bytes = unit(&s) < 0.25 ? 1000000 : 60000 + (int64_t)(unit(&s) * 150000);
    line->step[line->steps++] = (struct ml_step){0, bps, delay, loss};
    out->least_bps = bps;
    for (int i = 1; kind == STEPS && i < 6; i++) {
        int64_t now = (int64_t)((double)bps * (0.3 + unit(&s) * 1.2));
        line->step[line->steps++] = (struct ml_step){FROM_MS + i * 5000, now, delay, loss};
        out->least_bps = now < out->least_bps ? now : out->least_bps;
    }
    for (int i = 1; kind == RAMP && i < 20; i++)
        line->step[line->steps++] =
            (struct ml_step){FROM_MS + i * 1000, out->least_bps = bps * (1000 - 35 * i) / 1000, delay, loss};
    if (kind == OUTAGE) {
        out->outage_ms = 500 + (int64_t)(unit(&s) * 6000);
        line->step[line->steps++] = (struct ml_step){20000, 0, delay, 0};
        line->step[line->steps++] = (struct ml_step){20000 + out->outage_ms, bps, delay, loss};
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double part(double *of, int count, double share)
{
    qsort(of, (size_t)count, sizeof *of, by_value);
    return of[(int)((count - 1) * share)];
}

struct sums {
    double use[LINES_MAX], queue[LINES_MAX], late[LINES_MAX], fps[LINES_MAX];
    int count;
};

static struct sums *run_all(int kind, void (*check)(const struct drawn *, const struct rig_result *, int n))
{
    struct sums *sums = calloc(1, sizeof *sums);
    struct drawn d;
    struct rig_result r;

    assert_non_null(sums);
    for (int n = 0; n < lines; n++) {
        draw(n, kind, &d);
        rig_run(&d.rig, &r);
        check(&d, &r, n);
        int64_t carry = d.rig.line.step[0].bps < PROTO_SEND_MAX_BPS ? d.rig.line.step[0].bps : PROTO_SEND_MAX_BPS;
        sums->use[sums->count] = r.use * (double)d.rig.line.step[0].bps / (double)carry;
        sums->queue[sums->count] = (double)r.queue_p50;
        sums->late[sums->count] = (double)(r.p95 - d.rig.line.step[0].delay_ms);
        sums->fps[sums->count++] = r.fps;
    }
    return sums;
}

/* A line with its seed, for whoever wants to see it again. */
#define HOLDS(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("line %d of kind %d (%lld bit/s, %lld ms, %d ppm, %s): %s; p50 %lld p95 %lld gap %lld fps %.1f "  \
                     "use %.2f queue %lld outage %lld",                                                                \
                     n, d->kind, (long long)d->rig.line.step[0].bps, (long long)d->rig.line.step[0].delay_ms,          \
                     d->rig.line.step[0].loss_ppm, d->rig.line.bbr ? "bbr" : "cubic", #condition, (long long)r->p50,   \
                     (long long)r->p95, (long long)r->gap, r->fps, r->use, (long long)r->queue_p50,                    \
                     (long long)d->outage_ms);                                                                         \
    } while (0)

/* Below 250 kbit/s one frame takes long enough to look like a queue, and the ladder's lower rungs are used. */
static bool is_narrow(const struct drawn *d)
{
    return d->least_bps < 250000;
}

static void check_even(const struct drawn *d, const struct rig_result *r, int n)
{
    bool clean = d->rig.line.step[0].loss_ppm == 0;

    HOLDS(r->fps >= (is_narrow(d) ? 0.5 : 17));
    HOLDS(r->queue_p50 <= (is_narrow(d) ? 400 : 60));
    HOLDS(r->gap <= (is_narrow(d) ? 6000 : 2500));
    HOLDS(!clean || is_narrow(d) || r->use >= 0.55 || r->kbps >= 4500);
    HOLDS(!clean || is_narrow(d) || r->p95 <= d->rig.line.step[0].delay_ms * 3 + 250 + PROTO_EVEN_MAX_MS);
}

static void check_change(const struct drawn *d, const struct rig_result *r, int n)
{
    HOLDS(r->fps >= (is_narrow(d) ? 0.5 : 13));
    HOLDS(r->queue_p50 <= (is_narrow(d) ? 900 : 80)); /* a still waits in the queue for itself */
    HOLDS(r->gap <= (is_narrow(d) ? 8000 : 4000));
}

/* A picture within two seconds of the line's return, whatever TCP makes of it: it tries again after 1, 3, 7 and 15 s,
 * and that try may be lost, too. */
static void check_outage(const struct drawn *d, const struct rig_result *r, int n)
{
    bool loses = d->rig.line.step[0].loss_ppm > 0;

    HOLDS(r->gap <= d->outage_ms + (is_narrow(d) ? 6000 : loses ? 3500 : 2500));
    HOLDS(r->fps >= (is_narrow(d) ? 0.4 : 10));
}

static void report(const char *name, struct sums *s)
{
    print_message("%s, %d lines: of the line %.2f (tenth worst %.2f), standing queue %.0f ms (tenth worst %.0f), "
                  "p95 over the one-way delay %.0f ms, %.1f frames a second (tenth worst %.1f)\n",
                  name, s->count, part(s->use, s->count, 0.5), part(s->use, s->count, 0.1),
                  part(s->queue, s->count, 0.5), part(s->queue, s->count, 0.9), part(s->late, s->count, 0.5),
                  part(s->fps, s->count, 0.5), part(s->fps, s->count, 0.1));
}

static void even_lines_are_used_without_a_standing_queue(void **state)
{
    struct sums *s = run_all(EVEN, check_even);

    (void)state;
    report("even", s);
    assert_true(part(s->use, s->count, 0.5) >= 0.75);
    assert_true(part(s->queue, s->count, 0.5) <= 40);
    assert_true(part(s->queue, s->count, 0.9) <= 60);
    assert_true(part(s->fps, s->count, 0.1) >= 25);
    free(s);
}

static void steps_are_followed(void **state)
{
    struct sums *s = run_all(STEPS, check_change);

    (void)state;
    report("steps", s);
    assert_true(part(s->queue, s->count, 0.5) <= 40);
    assert_true(part(s->fps, s->count, 0.5) >= 26);
    free(s);
}

static void a_line_that_fades_takes_the_picture_with_it_and_no_queue_stays(void **state)
{
    struct sums *s = run_all(RAMP, check_change);

    (void)state;
    report("ramps", s);
    assert_true(part(s->queue, s->count, 0.5) <= 60);
    free(s);
}

static void after_an_outage_the_picture_is_back_at_once(void **state)
{
    struct sums *s = run_all(OUTAGE, check_outage);

    (void)state;
    report("outages", s);
    free(s);
}

/* Picture and voice over a line that stays as it is. */
static struct rig_result talk_over(struct ml_step line, uint64_t seed, bool bbr)
{
    const struct rig_config config = {
        .line = {.seed = seed, .step = {line}, .steps = 1, .queue_bytes = 150000, .bbr = bbr},
        .run_ms = RUN_MS,
        .from_ms = FROM_MS,
        .need_percent = 100,
        .voice = true,
    };
    struct rig_result r;

    rig_run(&config, &r);
    return r;
}

/* What a page has: no other congestion control can be asked for. */
static void under_cubic_a_line_that_loses_is_late_for_two_seconds_at_most(void **state)
{
    static const struct ml_step steps[] = {{0, 2000000, 50, 20000}, {0, 600000, 80, 10000}};

    (void)state;
    for (int i = 0; i < 2; i++)
        for (uint64_t seed = 1; seed <= 24; seed++) {
            struct rig_result r = talk_over(steps[i], seed, false);

            if (r.bad_s > 2)
                fail_msg("%lld bit/s, seed %llu: over %d ms for %d s", (long long)steps[i].bps,
                         (unsigned long long)seed, RIG_BAD_MS, r.bad_s);
        }
}

/* The voice leaves room: E's picture has 420 kbit/s of 600. */
static void a_narrow_line_is_the_pictures(void **state)
{
    enum { SEEDS = 16 };
    double kbps = 0, missing = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig_result r = talk_over((struct ml_step){0, 600000, 80, 10000}, seed, true);

        kbps += r.kbps / SEEDS;
        missing += r.voice_missing / SEEDS;
    }
    print_message("600 kbit/s, 1 %% lost: %.0f kbit/s for the picture, %.1f %% of the voice missing\n", kbps,
                  missing * 100);
    assert_true(kbps >= 420);
    assert_true(missing < 0.02);
}

/* From the first picture to the top, and each look for more from there: no step of it is seen as a standstill. */
static void a_line_is_climbed_without_a_standstill(void **state)
{
    static const struct ml_step steps[] = {
        {0, 1000000, 20, 0}, {0, 2000000, 50, 0}, {0, 4000000, 40, 0}, {0, 8000000, 20, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int bbr = 0; bbr < 2; bbr++) {
            const struct rig_config config = {
                .line = {.seed = i + 1, .step = {steps[i]}, .steps = 1, .queue_bytes = 150000, .bbr = bbr},
                .run_ms = RUN_MS,
                .need_percent = 100,
                .voice = true,
            };
            struct rig_result r;
            rig_run(&config, &r);
            print_message("%lld kbit/s, %s: full size after %.1f s, %.0f kbit/s, longest gap %lld ms, voice %lld ms\n",
                          (long long)steps[i].bps / 1000, bbr ? "bbr" : "cubic", (double)r.full_size_ms / 1000, r.kbps,
                          (long long)r.gap, (long long)r.voice_gap_ms);
            assert_true(r.gap <= 200);
        }
}

/* The bottom of the ladder: a still each two seconds, and the line is not filled by one. */
static void on_the_narrowest_lines_there_is_a_still_each_two_seconds(void **state)
{
    static const int64_t bps[] = {30000, 40000, 50000};

    (void)state;
    for (size_t i = 0; i < sizeof bps / sizeof *bps; i++) {
        const struct rig_config config = {
            .line = {.seed = i + 1, .step = {{0, bps[i], 60, 0}}, .steps = 1, .queue_bytes = 150000},
            .run_ms = 90000,
            .from_ms = 30000,
            .need_percent = 100,
        };
        struct rig_result r;
        rig_run(&config, &r);
        print_message("%lld kbit/s: %.2f stills a second, p50 %lld ms, worst %lld ms, longest gap %lld ms\n",
                      (long long)bps[i] / 1000, r.fps, (long long)r.p50, (long long)r.worst, (long long)r.gap);
        assert_true(r.fps >= 0.5);
        assert_true(r.p50 <= 2000);
    }
}

/* What the longest gap of each row of bench_line is: of five the middle one counts, so that most must be below. */
static void standstills_of_lines_that_lose_are_short_in_four_of_five_runs(void **state)
{
    static const struct {
        struct ml_step line;
        int64_t gap_ms;
    } cases[] = {{{0, 2000000, 50, 5000}, 200}, {{0, 2000000, 50, 20000}, 260}, {{0, 600000, 80, 10000}, 300}};
    enum { SEEDS = 60 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int longer = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            longer += talk_over(cases[i].line, seed, true).gap > cases[i].gap_ms;
        print_message("%lld kbit/s, %d ppm lost: a gap of over %lld ms in %d of %d runs\n",
                      (long long)cases[i].line.bps / 1000, cases[i].line.loss_ppm, (long long)cases[i].gap_ms, longer,
                      SEEDS);
        assert_true(longer * 4 <= SEEDS);
    }
}

/* Whatever the controller was about when it fell, and when it came back: it looks for more now and then only. */
static void a_line_that_is_back_has_the_full_size_within_five_seconds(void **state)
{
    enum { PHASES = 40 };

    (void)state;
    for (int loss_ppm = 0; loss_ppm <= 5000; loss_ppm += 5000) {
        double again[PHASES];

        for (int i = 0; i < PHASES; i++) {
            const int64_t back_ms = 30000 + i * 61;
            const struct rig_config config = {
                .line = {.seed = (uint64_t)i + 1,
                         .step = {{0, 4000000, 40, loss_ppm},
                                  {15000, 500000, 40, loss_ppm},
                                  {back_ms, 4000000, 40, loss_ppm}},
                         .steps = 3,
                         .queue_bytes = 150000,
                         .bbr = true},
                .run_ms = 45000,
                .back_ms = back_ms,
                .need_percent = 100,
                .voice = true,
            };
            struct rig_result r;
            rig_run(&config, &r);
            again[i] = r.again_ms < 0 ? 15000 : (double)r.again_ms;
        }
        print_message("4 Mbit/s, 0.5 and back, %d ppm lost: full size again after %.1f s, tenth worst %.1f s\n",
                      loss_ppm, part(again, PHASES, 0.5) / 1000, part(again, PHASES, 0.9) / 1000);
        assert_true(part(again, PHASES, 0.5) <= 3500);
        assert_true(part(again, PHASES, 0.95) < 5000);
    }
}

/* To an eighth for a quarter of a minute: what was sent before that is known fills the queue. */
static void a_line_that_loses_and_falls_is_not_filled(void **state)
{
    enum { SEEDS = 60 };
    struct rig_config config = {
        .line = {.step = {{0, 4000000, 40, 5000}, {15000, 500000, 40, 5000}, {30000, 4000000, 40, 5000}},
                 .steps = 3,
                 .queue_bytes = 150000,
                 .bbr = true},
        .run_ms = 45000,
        .from_ms = 5000,
        .need_percent = 100,
        .voice = true,
    };
    double queue = 0, missing = 0, p99 = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig_result r;
        config.line.seed = seed;
        rig_run(&config, &r);
        queue += (double)r.queue_p95 / SEEDS;
        missing += r.voice_missing / SEEDS;
        p99 += (double)r.p99 / SEEDS;
    }
    print_message("4 Mbit/s, 0.5 %% lost, 0.5 for 15 s: queue p95 %.0f ms, p99 %.0f ms, %.1f %% of the voice missing\n",
                  queue, p99, missing * 100);
    assert_true(queue <= 500);
    assert_true(missing <= 0.05);
    assert_true(p99 <= 420);
}

/* The first queue is found out late, so a start must not run into it: 60 ms are bridged, more is heard. */
static void a_start_leaves_no_hole_in_the_voice(void **state)
{
    static const int lost_ppm[] = {5000, 20000};
    enum { SEEDS = 120, START_MS = 8000 };
    int over = 0;

    (void)state;
    for (int i = 0; i < 2 * SEEDS; i++) {
        struct rig_config rig = {.line = {.seed = (uint64_t)(i / 2) + 1,
                                          .step = {{0, 2000000, 50, lost_ppm[i % 2]}},
                                          .steps = 1,
                                          .queue_bytes = 150000,
                                          .bbr = true},
                                 .run_ms = START_MS,
                                 .from_ms = 500,
                                 .need_percent = 100,
                                 .voice = true};
        struct rig_result r;
        rig_run(&rig, &r);
        over += r.voice_gap_ms > 60;
    }
    print_message("2 Mbit/s, 0.5 and 2 %% lost: a voice missing for over 60 ms in the first seconds in %d of %d runs\n",
                  over, 2 * SEEDS);
    assert_true(over * 25 <= 2 * SEEDS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_lines_are_used_without_a_standing_queue),
        cmocka_unit_test(steps_are_followed),
        cmocka_unit_test(a_line_that_fades_takes_the_picture_with_it_and_no_queue_stays),
        cmocka_unit_test(after_an_outage_the_picture_is_back_at_once),
        cmocka_unit_test(under_cubic_a_line_that_loses_is_late_for_two_seconds_at_most),
        cmocka_unit_test(a_narrow_line_is_the_pictures),
        cmocka_unit_test(a_line_is_climbed_without_a_standstill),
        cmocka_unit_test(on_the_narrowest_lines_there_is_a_still_each_two_seconds),
        cmocka_unit_test(standstills_of_lines_that_lose_are_short_in_four_of_five_runs),
        cmocka_unit_test(a_line_that_is_back_has_the_full_size_within_five_seconds),
        cmocka_unit_test(a_line_that_loses_and_falls_is_not_filled),
        cmocka_unit_test(a_start_leaves_no_hole_in_the_voice),
    };
    lines = argc > 1 ? atoi(argv[1]) : LINES;
    if (lines < 1 || lines > LINES_MAX)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
