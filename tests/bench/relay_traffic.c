/* SPDX-License-Identifier: Apache-2.0 */
/* How many bytes a processor second forwards, with how many system calls, and of how many sessions. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/bench/bench.h"
#include "tests/bench/relay_bench.h"

/* ---- throughput ---- */

/* A machine's speed changes with its neighbours, so short rounds are taken close together, and each is compared with
 * those beside it. */
enum { ROUNDS_IN_ONE = 3 };

static void measure_size(struct load *loads[static KINDS], unsigned sessions, size_t size)
{
    struct load_pattern pattern = {
        .kind = LOAD_CLOSED, .size = size, .window = sessions > 50 ? 2 : 8, .both_ways = sessions > 50};
    static struct bench_series series[KINDS], ratios[KINDS];
    struct load_figures figures;
    struct report_row row = {0};

    memset(series, 0, sizeof series);
    memset(ratios, 0, sizeof ratios);
    for (int round = 0; round < relay_bench.rounds * ROUNDS_IN_ONE; round++) {
        double ours = 0;

        for (enum relay_kind kind = 0; kind < KINDS; kind++) {
            if (!loads[kind])
                continue;
            double cpu_s = relay_bench_take(kind, loads[kind], &pattern, relay_bench.seconds / ROUNDS_IN_ONE, &figures);
            double rate = (double)figures.bytes / 1e6 / cpu_s;
            bench_add(&series[kind], rate);
            if (kind == OURS)
                ours = rate;
            else if (rate > 0)
                bench_add(&ratios[kind], ours / rate);
        }
    }
    snprintf(row.name, sizeof row.name, "MB a CPU-second, %zu B, %u sessions", size, sessions);
    row.ours = bench_median(&series[OURS]);
    row.bound = bench_median(&series[BOUND]);
    row.peer = bench_median(&series[WS]);
    row.to_bound = bench_median(&ratios[BOUND]);
    row.to_peer = bench_median(&ratios[WS]);
    report_throughput(&relay_bench.report, &row);
}

void relay_measure_throughput(void)
{
    static const size_t sizes[] = {100, 1000, 6000, 16000, 60000};
    static const unsigned sessions[] = {8, 200};

    relay_bench_start_all();
    for (size_t i = 0; i < 2; i++) {
        struct load *loads[KINDS];

        if (relay_bench.sessions && relay_bench.sessions != sessions[i])
            continue;

        for (enum relay_kind kind = 0; kind < KINDS; kind++)
            loads[kind] = relay_bench_open(kind, sessions[i]);
        for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
            if (relay_bench.size ? relay_bench.size == sizes[n] : !relay_bench.quick || n == 0 || n == 2 || n == 4)
                measure_size(loads, sessions[i], sizes[n]);
        for (enum relay_kind kind = 0; kind < KINDS; kind++)
            load_close(loads[kind]);
    }
    relay_bench_stop_all();
}

/* ---- system calls ---- */

static double calls_of(enum relay_kind kind, struct load *load)
{
    struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 6000, .rate = 500};
    struct load_figures figures;
    char file[96];
    pid_t counter;

    snprintf(file, sizeof file, "%s/calls", relay_bench.dir);
    load_run(load, &pattern, 0.2, 0.3, NULL, NULL, NULL, &figures); /* the code is warm */
    if (!server_count_calls(&relay_bench.servers[kind], &counter, file))
        return -1;
    load_run(load, &pattern, 0, 2, NULL, NULL, NULL, &figures);
    double calls = server_calls(counter, file);
    return calls > 0 && figures.sent ? calls / (double)figures.sent : -1;
}

void relay_measure_calls(void)
{
    double calls[KINDS] = {0};

    relay_bench_start_all();
    for (enum relay_kind kind = 0; kind < KINDS; kind++) {
        struct load *load = relay_bench_open(kind, 8);

        calls[kind] = load ? calls_of(kind, load) : 0;
        load_close(load);
    }
    relay_bench_stop_all();
    if (calls[OURS] < 0) {
        bench_remark("system calls are not counted: no perf, or no tracefs for it (mount -t tracefs none "
                     "/sys/kernel/tracing, as root)");
        return;
    }
    struct report_row row = {.name = "system calls for a message, 4000 a second",
                             .ours = calls[OURS],
                             .bound = calls[BOUND],
                             .peer = calls[WS],
                             .must = 3,
                             .aim = 2};
    report_add(&relay_bench.report, &row);
}

/* ---- flat ---- */

/* Ten thousand, or as many as fit into the files that a process may open: two connections each. */
static unsigned most_sessions(uint64_t *files)
{
    enum { MOST = 10000, BESIDES = 1200 }; /* what the relay keeps for its database, and those who knock meanwhile */
    struct rlimit limit = {.rlim_max = 1024};

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    *files = limit.rlim_max;
    if (limit.rlim_max >= 2 * MOST + BESIDES)
        return MOST;
    return limit.rlim_max > BESIDES + 200 ? (unsigned)(limit.rlim_max - BESIDES) / 200 * 100 : 100;
}

/* The same 4000 messages a second from ever more sessions. */
void relay_measure_flat(void)
{
    uint64_t files;
    const unsigned sessions[] = {10, 100, 1000, most_sessions(&files)};
    double first = 0, last = 0;

    for (size_t i = 0; i < (relay_bench.quick ? 3u : 4u); i++) {
        struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 1000, .rate = 4000.0 / sessions[i]};
        struct load_figures figures;

        if (!relay_bench_start(OURS))
            bench_cannot("handhold-relay does not start");
        struct load *load = relay_bench_open(OURS, sessions[i]);
        load_run(load, &pattern, 0, 3, NULL, NULL, NULL, &figures); /* the log notes the first message of each stream */
        static struct bench_series us;
        memset(&us, 0, sizeof us);
        for (int round = 0; round < 3; round++) {
            double cpu_s = relay_bench_take(OURS, load, &pattern, relay_bench.seconds * 2, &figures);
            bench_add(&us, cpu_s * 1e6 / (double)(figures.received ? figures.received : 1));
        }
        last = bench_median(&us);
        first = i ? first : last;
        relay_bench.report.flat[relay_bench.report.flat_count++] = (struct report_point){sessions[i], last};
        load_close(load);
        server_stop(&relay_bench.servers[OURS]);
        bench_remark("%u sessions: %.1f us of processor for a message", sessions[i], last);
    }
    struct report_row row = {.ours = last / first, .must = 1.5, .aim = 1.15};
    snprintf(row.name, sizeof row.name, "cost of a message, %.0f sessions ÷ 10 sessions",
             relay_bench.report.flat[relay_bench.report.flat_count - 1].sessions);
    if (sessions[3] < 10000)
        bench_remark("a process may open %llu files here, which is %u sessions and not 10000 (ulimit -Hn)",
                     (unsigned long long)files, sessions[3]);
    report_add(&relay_bench.report, &row);
}
