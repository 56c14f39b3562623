/* SPDX-License-Identifier: Apache-2.0 */
/* One line, several connections: two sessions share it fairly, and one beside a bulk transfer still has a picture. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/proto/media_rig.h"
#include "tests/proto/test.h"

enum { RUN_MS = 60000, FROM_MS = 15000, SEEDS = 4 };

static const struct ml_config lines[] = {
    {.seed = 3, .step = {{0, 8000000, 20, 0}}, .steps = 1, .queue_bytes = 150000},
    {.seed = 4, .step = {{0, 4000000, 40, 0}}, .steps = 1, .queue_bytes = 150000},
    {.seed = 5, .step = {{0, 2000000, 50, 5000}}, .steps = 1, .queue_bytes = 150000},
    {.seed = 6, .step = {{0, 1200000, 80, 10000}}, .steps = 1, .queue_bytes = 150000},
};
enum { LINES = sizeof lines / sizeof *lines };

static struct rig_result share(const struct ml_config *line, uint64_t seed, enum rig_beside beside, int64_t begins_ms,
                               struct rig_result *other)
{
    struct rig_config config = {
        .line = *line, .run_ms = RUN_MS, .from_ms = FROM_MS, .need_percent = 100, .voice = true};
    struct rig_result r;

    config.line.seed += 1000 * seed;
    config.line.bbr = true;
    config.beside = beside;
    config.beside_from_ms = begins_ms;
    rig_run_beside(&config, &r, other);
    return r;
}

static double jain(double a, double b)
{
    return (a + b) * (a + b) / (2 * (a * a + b * b));
}

static void two_sessions_share_a_line_fairly_whichever_was_first(void **state)
{
    (void)state;
    for (int i = 0; i < LINES; i++)
        for (int64_t begins = 0; begins <= 8000; begins += 4000) {
            double fair = 0, first = 0, second = 0;
            for (uint64_t seed = 0; seed < SEEDS; seed++) {
                struct rig_result other, r = share(&lines[i], seed, RIG_BESIDE_SESSION, begins, &other);
                fair += jain(r.kbps, other.kbps) / SEEDS;
                first += r.kbps / SEEDS;
                second += other.kbps / SEEDS;
            }
            print_message("%5.1f Mbit/s, the second after %lld s: %5.0f and %5.0f kbit/s, Jain %.3f\n",
                          (double)lines[i].step[0].bps / 1e6, (long long)begins / 1000, first, second, fair);
            assert_true(fair >= 0.9);
            assert_true(first + second >= (double)lines[i].step[0].bps / 1000 * 0.55);
        }
}

static void beside_a_download_there_is_a_picture(void **state)
{
    (void)state;
    for (int i = 0; i < LINES; i++) {
        struct rig_result other, r = share(&lines[i], 0, RIG_BESIDE_DOWNLOAD, 5000, &other);
        print_message(
            "%5.1f Mbit/s beside a download: %5.0f kbit/s, %.1f frames a second, p50 %lld p95 %lld ms, gap %lld ms\n",
            (double)lines[i].step[0].bps / 1e6, r.kbps, r.fps, (long long)r.p50, (long long)r.p95, (long long)r.gap);
        assert_true(r.fps >= 20);
    }
}

/* It fills the queue to the brim, and whoever waits for queues to go would wait for ever. */
static void beside_an_upload_there_is_at_least_a_picture_each_two_seconds(void **state)
{
    (void)state;
    for (int i = 0; i < LINES; i++) {
        struct rig_result other, r = share(&lines[i], 0, RIG_BESIDE_UPLOAD, 5000, &other);
        print_message(
            "%5.1f Mbit/s beside an upload: %5.0f kbit/s, %.1f frames a second, p50 %lld p95 %lld ms, gap %lld ms\n",
            (double)lines[i].step[0].bps / 1e6, r.kbps, r.fps, (long long)r.p50, (long long)r.p95, (long long)r.gap);
        assert_true(r.fps >= 0.4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sessions_share_a_line_fairly_whichever_was_first),
        cmocka_unit_test(beside_a_download_there_is_a_picture),
        cmocka_unit_test(beside_an_upload_there_is_at_least_a_picture_each_two_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
