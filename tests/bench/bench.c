/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void bench_add(struct bench_series *series, double value)
{
    if (series->count < BENCH_ROUNDS_MAX)
        series->values[series->count++] = value;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_quantile(struct bench_series *series, double part)
{
    if (!series->count)
        return 0;
    qsort(series->values, series->count, sizeof *series->values, ascending);
    return series->values[(size_t)(part * (double)(series->count - 1) + 0.5)];
}

double bench_median(struct bench_series *series)
{
    return bench_quantile(series, 0.5);
}

double bench_noise(struct bench_series *series)
{
    double median = bench_median(series);

    return median > 0 ? (bench_quantile(series, 0.9) - bench_quantile(series, 0.1)) / median : 0;
}

static double clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

double bench_cpu_us(void)
{
    return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_wall_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

void bench_head(void)
{
    printf("%-46s %12s %12s %7s %7s  %s\n", "name", "ours", "peer", "ratio", "goal", "result");
    fflush(stdout);
}

static void row(const char *name, double ours, double peer, double ratio, double goal, int met)
{
    char peer_text[32] = "-", ratio_text[32] = "-", goal_text[32] = "-";

    if (peer > 0)
        snprintf(peer_text, sizeof peer_text, "%.1f", peer);
    if (ratio > 0)
        snprintf(ratio_text, sizeof ratio_text, "%.2f", ratio);
    if (goal > 0)
        snprintf(goal_text, sizeof goal_text, goal < 10 ? "%.2f" : "%.0f", goal);
    printf("%-46s %12.1f %12s %7s %7s  %s\n", name, ours, peer_text, ratio_text, goal_text, met ? "ok" : "MISSED");
    fflush(stdout);
}

void bench_ratio(const char *name, struct bench_series *ours, struct bench_series *peer, double goal)
{
    double a = bench_median(ours), b = bench_median(peer), ratio = b > 0 ? a / b : 0;

    row(name, a, b, ratio, goal, ratio > 0 && ratio <= goal);
    bench_remark("%s: noise of ours %.0f %%, of the peer %.0f %%, %zu rounds each", name, 100 * bench_noise(ours),
                 100 * bench_noise(peer), ours->count);
}

void bench_limit(const char *name, double ours, double goal)
{
    row(name, ours, 0, 0, goal, ours <= goal);
}

void bench_against(const char *name, double ours, double peer)
{
    row(name, ours, peer, peer > 0 ? ours / peer : 0, 1, ours <= peer);
}

void bench_remark(const char *format, ...)
{
    va_list arguments;

    printf("# ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

void bench_cannot(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "cannot run: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}
