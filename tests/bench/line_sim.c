/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_line_sim [SEEDS] - rate controllers side by side, over the simulated lines of tests/proto/media_rig.h.
 *
 * Ours (proto/media/rate.h) beside two of the field's own, as far as they can be had from acknowledgements of whole
 * frames over a reliable stream: the trendline of GCC (draft-ietf-rmcat-gcc-02: slope of the smoothed delay against an
 * adaptive threshold, 0.85 of what was delivered on overuse) and NADA (RFC 8698 §4.3: gradual and accelerated modes
 * towards a reference delay; its loss term is 0, for losses do not show). All share the encoder, the layers and the
 * rules for leaving pictures out. It is how the choice was made.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/proto/media_rig.h"

enum { RECENT = 64, TREND = 20 };

struct recent {
    double arrival_ms[RECENT], delay_ms[RECENT], bytes[RECENT];
    unsigned count;
};

static void note(struct recent *r, int64_t sent_ms, int64_t arrival_ms, uint32_t bytes)
{
    unsigned i = r->count++ % RECENT;

    r->arrival_ms[i] = (double)arrival_ms;
    r->delay_ms[i] = (double)(arrival_ms - sent_ms);
    r->bytes[i] = bytes;
}

static double delivered(const struct recent *r, double window_ms)
{
    double bytes = 0, last = r->count ? r->arrival_ms[(r->count - 1) % RECENT] : 0;

    for (unsigned i = 0; i < RECENT && i < r->count; i++)
        if (r->arrival_ms[i] > last - window_ms)
            bytes += r->bytes[i];
    return bytes * 8000 / window_ms;
}

/* ---- GCC ---- */

struct gcc {
    struct recent recent;
    double bps, max_bps, smooth, acc, threshold, x[TREND], y[TREND], overuse_ms, last_slope;
    unsigned points;
    int64_t last_ms, held_until_ms;
    bool over, under;
};

static void *gcc_make(int64_t start_bps, int64_t max_bps)
{
    struct gcc *g = calloc(1, sizeof *g);

    if (g)
        *g = (struct gcc){.bps = (double)start_bps, .max_bps = (double)max_bps, .threshold = 12.5};
    return g;
}

static void none_sent(void *c, uint32_t bytes, int64_t now_ms)
{
    (void)c;
    (void)bytes;
    (void)now_ms;
}

static double slope_of(const struct gcc *g)
{
    double mx = 0, my = 0, num = 0, den = 0;

    for (int i = 0; i < TREND; i++) {
        mx += g->x[i] / TREND;
        my += g->y[i] / TREND;
    }
    for (int i = 0; i < TREND; i++) {
        num += (g->x[i] - mx) * (g->y[i] - my);
        den += (g->x[i] - mx) * (g->x[i] - mx);
    }
    return den > 0 ? num / den : 0;
}

static void gcc_acked(void *c, int64_t sent_ms, int64_t arrival_ms, uint32_t bytes, int64_t now_ms)
{
    struct gcc *g = c;
    double before =
        g->recent.count ? g->recent.delay_ms[(g->recent.count - 1) % RECENT] : (double)(arrival_ms - sent_ms);

    note(&g->recent, sent_ms, arrival_ms, bytes);
    g->acc += (double)(arrival_ms - sent_ms) - before;
    g->smooth = 0.9 * g->smooth + 0.1 * g->acc;
    g->x[g->points % TREND] = (double)arrival_ms;
    g->y[g->points++ % TREND] = g->smooth;
    if (g->points < TREND)
        return;
    double trend = fmin((double)g->points, 60) * slope_of(g) * 4; /* modified trend of the reference code */
    double gap = (double)(now_ms - g->last_ms);
    g->last_ms = now_ms;
    g->overuse_ms = trend > g->threshold ? g->overuse_ms + gap : 0;
    g->over = g->overuse_ms > 10 && trend >= g->last_slope;
    g->under = trend < -g->threshold;
    g->last_slope = trend;
    if (fabs(trend) < g->threshold + 15)
        g->threshold += (fabs(trend) < g->threshold ? 0.039 : 0.0087) * (fabs(trend) - g->threshold) * fmin(gap, 100);
    g->threshold = fmin(fmax(g->threshold, 6), 600);
}

static int64_t gcc_bps(void *c, int64_t now_ms)
{
    struct gcc *g = c;

    if (g->over && now_ms >= g->held_until_ms) {
        g->bps = fmin(g->bps, 0.85 * delivered(&g->recent, 500));
        g->held_until_ms = now_ms + 300;
    } else if (!g->over && !g->under) {
        g->bps *= 1 + 0.08 * 0.033; /* 8 % a second */
        g->bps = fmin(g->bps, 1.5 * delivered(&g->recent, 500) + 200000);
    }
    g->bps = fmin(fmax(g->bps, 30000), g->max_bps);
    return (int64_t)g->bps;
}

/* ---- NADA ---- */

struct nada {
    struct recent recent;
    double bps, min_bps, max_bps, base_ms, before;
    int64_t updated_ms;
};

static void *nada_make(int64_t start_bps, int64_t max_bps)
{
    struct nada *n = calloc(1, sizeof *n);

    if (n)
        *n = (struct nada){.bps = (double)start_bps, .min_bps = 30000, .max_bps = (double)max_bps, .base_ms = 1e9};
    return n;
}

static void nada_acked(void *c, int64_t sent_ms, int64_t arrival_ms, uint32_t bytes, int64_t now_ms)
{
    struct nada *n = c;

    (void)now_ms;
    note(&n->recent, sent_ms, arrival_ms, bytes);
    n->base_ms = fmin(n->base_ms, (double)(arrival_ms - sent_ms));
}

static int64_t nada_bps(void *c, int64_t now_ms)
{
    enum { DELTA = 100, TAU = 500, XREF = 10, QEPS = 10, LOOKBACK = 15 }; /* XREF, TAU, DELTA of RFC 8698 §6.3 */
    struct nada *n = c;
    double x = 1e9;

    if (now_ms < n->updated_ms + DELTA || !n->recent.count)
        return (int64_t)n->bps;
    n->updated_ms = now_ms;
    for (unsigned i = 0; i < LOOKBACK && i < n->recent.count; i++) /* the minimum filter that the RFC recommends */
        x = fmin(x, n->recent.delay_ms[(n->recent.count - 1 - i) % RECENT] - n->base_ms);
    if (x < QEPS) {
        double gamma = fmin(0.1, 50 / (100 + n->base_ms));
        n->bps = fmax(n->bps, (1 + gamma) * delivered(&n->recent, 500));
    } else {
        double warp = x < 50 ? x : 50 * exp(-0.5 * (x - 50) / 50); /* §4.2, non-linear warping */
        double offset = warp - XREF * n->max_bps / n->bps, change = warp - n->before;
        n->bps -= 0.5 * (DELTA / (double)TAU) * (offset / TAU) * n->bps + 0.5 * 2 * (change / TAU) * n->bps;
    }
    n->before = x < 50 ? x : 50;
    n->bps = fmin(fmax(n->bps, n->min_bps), n->max_bps);
    return (int64_t)n->bps;
}

/* ---- the table ---- */

static const struct rig_controller gcc = {"GCC trendline", gcc_make, none_sent, gcc_acked, gcc_bps};
static const struct rig_controller nada = {"NADA", nada_make, none_sent, nada_acked, nada_bps};

static const struct {
    const char *name;
    struct ml_config line;
} lines[] = {
    {"B 8 Mbit/s, 20 ms", {.step = {{0, 8000000, 20, 0}}, .steps = 1, .queue_bytes = 150000}},
    {"C 2 Mbit/s, 50 ms, 0.5 %", {.step = {{0, 2000000, 50, 5000}}, .steps = 1, .queue_bytes = 150000}},
    {"D 2 Mbit/s, 50 ms, 2 %", {.step = {{0, 2000000, 50, 20000}}, .steps = 1, .queue_bytes = 150000}},
    {"E 600 kbit/s, 80 ms, 1 %", {.step = {{0, 600000, 80, 10000}}, .steps = 1, .queue_bytes = 150000}},
    {"F 4 to 0.5 and back, 40 ms",
     {.step = {{0, 4000000, 40, 0}, {15000, 500000, 40, 0}, {30000, 4000000, 40, 0}},
      .steps = 3,
      .queue_bytes = 150000}},
    {"1 Mbit/s, 30 ms, 1 MB", {.step = {{0, 1000000, 30, 0}}, .steps = 1, .queue_bytes = 1000000}},
};

static void row(const char *line, const struct ml_config *config, const struct rig_controller *controller, int seeds)
{
    double p50 = 0, p95 = 0, p99 = 0, fps = 0, kbps = 0, queue = 0, gap = 0, use = 0, mid = 0, even = 0, voice = 0,
           missing = 0;

    for (int seed = 1; seed <= seeds; seed++) {
        struct rig_config rig = {.line = *config,
                                 .run_ms = 45000,
                                 .from_ms = 5000,
                                 .need_percent = 100,
                                 .voice = true,
                                 .controller = controller};
        struct rig_result r;
        rig.line.seed = (uint64_t)seed;
        rig.line.bbr = true;
        rig_run(&rig, &r);
        p50 += (double)r.p50 / seeds;
        p95 += (double)r.p95 / seeds;
        p99 += (double)r.p99 / seeds;
        gap += (double)r.gap / seeds;
        even += (double)r.gap_p95 / seeds;
        fps += r.fps / seeds;
        kbps += r.kbps / seeds;
        queue += (double)r.queue_p95 / seeds;
        use += r.use / seeds;
        mid += (double)r.queue_p50 / seeds;
        voice += (double)r.voice_gap_ms / seeds;
        missing += r.voice_missing / seeds;
    }
    printf("%-26s %-13s %5.0f %5.0f %5.0f  %5.1f  %3.0f/%-5.0f %5.0f %4.0f%%  %3.0f/%-4.0f %5.0f %4.1f%%\n", line,
           controller ? controller->name : "ours", p50, p95, p99, fps, even, gap, kbps, use * 100, mid, queue, voice,
           missing * 100);
}

int main(int argc, char **argv)
{
    const struct rig_controller *const all[] = {NULL, &gcc, &nada};
    int seeds = argc > 1 ? atoi(argv[1]) : 8;

    printf("# simulated; ms from capture to decoded p50 p95 p99, frames a second, between two p95/longest ms, kbit/s, "
           "of the line, "
           "queue p50/p95 ms, voice: longest gap ms, missing\n");
    for (size_t i = 0; i < sizeof lines / sizeof *lines && seeds > 0; i++)
        for (size_t c = 0; c < sizeof all / sizeof *all; c++)
            row(lines[i].name, &lines[i].line, all[c], seeds);
    return 0;
}
