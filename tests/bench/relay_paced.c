/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as people have them: pictures, voice and control at their own pace. How late each message is, and how many
 * go. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/line_noise.h"
#include "tests/bench/relay_bench.h"
#include "tests/bench/relay_net.h"

/* A round in which this program, or a timer on a core, was later than this, in which others had more than this part of
 * a core, or this program stood still for longer, says nothing of how late a relay is: it is taken again. */
enum { QUIET_US = 1500, QUIET_OTHERS_PERCENT = 10, QUIET_STOOD_PERCENT = 5, TAKEN_MOST = 3 };

struct paced {
    struct bench_series cpu, p50, p99;
    double late_us, others_percent;
    unsigned taken; /* rounds, with those that were not quiet */
    uint64_t lost;
    unsigned long thrown_away; /* by the kernel, and sent again by it */
};

/* False: it was not quiet, so only what it took and what was lost is known. */
static bool take_once(enum relay_kind kind, struct load *load, double seconds, struct paced *paced)
{
    struct load_pattern pattern = {.kind = LOAD_PACED, .awake = true};
    struct load_figures figures;
    unsigned long thrown_away = relay_net_thrown_away();
    double others_percent;
    struct line_noise *noise = line_noise_start();
    double cpu_s = relay_bench_take(kind, load, &pattern, seconds, &figures);
    double noise_ms = line_noise_end_ms(noise, &others_percent);
    bool quiet = figures.late_p99_us < QUIET_US && noise_ms * 1000 < QUIET_US &&
                 others_percent < QUIET_OTHERS_PERCENT && figures.stood * 100 < QUIET_STOOD_PERCENT;

    paced->thrown_away += relay_net_thrown_away() - thrown_away;
    paced->others_percent = fmax(paced->others_percent, others_percent);
    paced->late_us = fmax(paced->late_us, figures.late_p99_us);
    paced->lost += figures.lost + figures.out_of_order + figures.altered;
    paced->taken++;
    bench_add(&paced->cpu, cpu_s / figures.seconds * 100);
    if (quiet) {
        bench_add(&paced->p50, figures.p50_us);
        bench_add(&paced->p99, figures.p99_us);
    }
    return quiet;
}

static void take_paced(enum relay_kind kind, struct load *load, double seconds, struct paced *paced)
{
    for (int taken = 0; taken < TAKEN_MOST && !take_once(kind, load, seconds, paced); taken++)
        ;
}

static void add_paced(const char *what, struct bench_series *ours, struct bench_series *bound, struct bench_series *ws,
                      double must, double aim)
{
    struct report_row row = {.ours = bench_median(ours),
                             .bound = bench_median(bound),
                             .peer = bench_median(ws),
                             .held = HELD_TO_BOUND,
                             .must = must,
                             .aim = aim};

    if (!ours->count || !bound->count)
        row.ours = row.bound = 0; /* not one quiet round: nothing is known */
    snprintf(row.name, sizeof row.name, "%s", what);
    report_add(&relay_bench.report, &row);
}

void relay_measure_paced(void)
{
    static struct paced paced[KINDS];
    struct load *loads[KINDS];
    unsigned sessions = relay_bench.sessions ? relay_bench.sessions : relay_bench.quick ? 100 : 275;

    memset(paced, 0, sizeof paced);
    relay_bench_start_all();
    server_stop(&relay_bench.servers[WS]); /* more than one core of it */
    for (enum relay_kind kind = 0; kind < KINDS; kind++)
        loads[kind] = relay_bench_open(kind, sessions);
    relay_bench_put_first();
    for (int round = 0; round < relay_bench.rounds; round++)
        for (enum relay_kind kind = 0; kind < WS; kind++)
            take_paced(kind, loads[kind], relay_bench.seconds * 3, &paced[kind]);
    for (enum relay_kind kind = 0; kind < WS; kind++)
        load_close(loads[kind]);
    relay_bench_stop_all();
    bench_remark(
        "%u paced sessions; %zu of %u and %zu of %u rounds were quiet and count (this program and the machine late by "
        "less than %d us, others below %d %% of a core)",
        sessions, paced[OURS].p50.count, paced[OURS].taken, paced[BOUND].p50.count, paced[BOUND].taken, QUIET_US,
        QUIET_OTHERS_PERCENT);
    add_paced("paced: % of a core", &paced[OURS].cpu, &paced[BOUND].cpu, &paced[WS].cpu, 1.25, 1.05);
    add_paced("paced: p50, us", &paced[OURS].p50, &paced[BOUND].p50, &paced[WS].p50, 1.5, 1.25);
    add_paced("paced: p99, us", &paced[OURS].p99, &paced[BOUND].p99, &paced[WS].p99, 2, 1.3);
    struct report_row lost = {.name = "paced: messages lost, reordered or altered", .ours = (double)paced[OURS].lost};
    report_add(&relay_bench.report, &lost);
}

/* One relay and one load at a time: two would share a core. */
static void take_most(enum relay_kind kind, unsigned sessions, struct paced *paced)
{
    memset(paced, 0, sizeof *paced);
    if (!relay_bench_start(kind))
        bench_cannot("%s does not start", kind == OURS ? "handhold-relay" : "relay_bare");
    struct load *load = relay_bench_open(kind, sessions);
    relay_bench_put_first();
    for (int round = 0; round < (relay_bench.rounds > 3 ? 3 : relay_bench.rounds); round++)
        take_paced(kind, load, relay_bench.seconds * 3, paced);
    load_close(load);
    server_stop(&relay_bench.servers[kind]);
}

/* How far one core goes, with the bound beside it: where that is late, the machine is, and no relay. */
void relay_measure_most(void)
{
    static const unsigned counts[] = {100, 150, 200, 250, 300, 400, 500};
    static struct paced ours, bound;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned sessions = relay_bench.sessions ? relay_bench.sessions : counts[i];
        struct report_row row = {.held = sessions < 400 ? HELD_TO_NOTHING : HELD_OURS, .must = 5, .aim = 5};

        take_most(BOUND, sessions, &bound);
        take_most(OURS, sessions, &ours);
        row.ours = bench_median(&ours.p99) / 1000;
        row.bound = bench_median(&bound.p99) / 1000;
        snprintf(row.name, sizeof row.name, "%u paced sessions: p99, ms (CPU %.0f %%, bound %.0f %%)", sessions,
                 bench_median(&ours.cpu), bench_median(&bound.cpu));
        if (ours.p99.count)
            report_add(&relay_bench.report, &row);
        else
            bench_remark("%u paced sessions: not one quiet round, so nothing is known; CPU %.0f %%, bound %.0f %%",
                         sessions, bench_median(&ours.cpu), bench_median(&bound.cpu));
        bench_remark(
            "%llu messages lost; this program was late by up to %.1f ms (p99), beside the bound %.1f; others had "
            "up to %.0f %% of a core; %zu of %u and %zu of %u rounds were quiet",
            (unsigned long long)(ours.lost + bound.lost), ours.late_us / 1000, bound.late_us / 1000,
            fmax(ours.others_percent, bound.others_percent), ours.p99.count, ours.taken, bound.p99.count, bound.taken);
        if (ours.thrown_away || bound.thrown_away)
            bench_remark("the kernel threw %lu packets away, beside the bound %lu: its queue of a core was full",
                         ours.thrown_away, bound.thrown_away);
        if (relay_bench.sessions)
            return;
    }
}
