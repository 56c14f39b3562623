/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_line - companion, relay and agent as real processes in network namespaces, over lines that are ours to spoil.
 *
 *     bench_line [--only A,B…] [--rounds N] [--seed N] [--out DIR] [--kbps N] [--senders companion,cubic,page,bare]
 *
 * One row for each scenario and sender: of each column the median of as many rounds as asked for, five without a word,
 * in which the machine was ours (a timer of 1 kHz on each core, p99 below 2 ms; other programs below 15 % of a core).
 * Noisy rounds are repeated; where none was quiet the row says so. Latency is from capture to
 * decoded, as the agent measures it; figures are taken from some seconds after the first picture on. A plot of the last
 * round of each is written to DIR, which is made if it is not there, and what had been found out when it was stopped
 * stands in DIR/line.txt.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/media/send.h"
#include "tests/bench/bench.h"
#include "tests/bench/line_verdict.h"
#include "tests/bench/line_world.h"

enum { ROUNDS_MAX = 15, BARE_KBPS = 6000 };

static struct {
    const char *only, *out, *senders;
    int rounds;
    uint64_t seed;                         /* of the first round's losses */
    struct line_figures row[LINE_SENDERS]; /* over the same line; not ok: not measured */
    FILE *table;                           /* beside the plots */
} it = {.rounds = 5, .seed = 1, .out = ".", .senders = "companion,cubic,page,bare"};

/* What the agent told of the voice, a line a second; the first `skip` are of the time before figures are taken. */
static void count_voice(struct line_figures *f, int skip)
{
    double played = 0, concealed = 0;

    for (size_t i = 0; i < line_world.agent[0]->count; i++) {
        const json_t *event = line_world.agent[0]->events[i].json;
        const char *name = json_string_value(json_object_get(event, "event"));
        if (!name || strcmp(name, "audio") != 0)
            continue;
        f->voice_gap_ms = json_number_value(json_object_get(event, "gap_max_ms"));
        if (skip-- > 0)
            continue;
        played += json_number_value(json_object_get(event, "played"));
        concealed += json_number_value(json_object_get(event, "concealed"));
    }
    f->voice_concealed = played > 0 ? concealed / (played + concealed) : 1;
}

/* The sender's own bound for the camera of a scenario, as it finds it itself. */
static double bound_kbps(const struct line_scenario *s)
{
    static struct proto_media_send send;
    int width = 1280, height = 720;

    if (s->size)
        sscanf(s->size, "%dx%d", &width, &height);
    proto_media_send_init(&send, width, height, 0, line_world.kbps ? atoll(line_world.kbps) * 1000 : 0, 0);
    return (double)send.rate.max_bps / 1000;
}

/* What the sender told of itself, a line a second; the first `skip` are of the time before figures are taken. */
static void count_limits(struct line_figures *f, const struct line_scenario *s, int skip)
{
    enum { NEARLY = 98, SPENT = 85 }; /* hundredths of the bound, of what it may */
    double bound = bound_kbps(s), seconds = 0;

    for (size_t i = 0; i < line_world.customer[0]->count; i++) {
        const json_t *event = line_world.customer[0]->events[i].json;
        const char *name = json_string_value(json_object_get(event, "event"));
        if (!name || strcmp(name, "sending") != 0 || skip-- > 0)
            continue;
        double may = json_number_value(json_object_get(event, "may_kbps"));
        double kbps = json_number_value(json_object_get(event, "kbps"));
        enum line_limit limit = kbps * 100 < may * SPENT      ? LINE_LIMIT_PICTURES
                                : may * 100 >= bound * NEARLY ? LINE_LIMIT_BOUND
                                                              : LINE_LIMIT_LINE;
        f->limit[limit]++;
        seconds++;
    }
    for (int i = 0; i < LINE_LIMITS && seconds > 0; i++)
        f->limit[i] *= 100 / seconds;
}

/* ---- one round ---- */

/* What both ends told, for whoever looks for a cause. */
static void keep_events(const struct line_scenario *s)
{
    const struct demo_child *const ends[] = {line_world.customer[0], line_world.agent[0]};
    char path[600];
    FILE *file;

    snprintf(path, sizeof path, "%s/line-%s-%s-events.jsonl", it.out, s->name, line_sender_name(line_world.sender));
    if (!(file = fopen(path, "we")))
        return;
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; i < ends[e]->count; i++)
            if (json_dumpf(ends[e]->events[i].json, file, JSON_COMPACT) == 0)
                fputc('\n', file);
    fclose(file);
}

static void watch_until(int64_t ms)
{
    for (int64_t now = demo_mono_ms(); now < ms && !demo_is_stopped(); now = demo_mono_ms())
        demo_children_watch(&line_world.children, ms - now > 200 ? 200 : (int)(ms - now));
    line_must(!demo_is_stopped(), "stopped");
}

/* Jain's index: 1 where both have the same. */
static double fair(double a, double b)
{
    return a + b > 0 ? (a + b) * (a + b) / (2 * (a * a + b * b)) : 0;
}

static void count_beside(struct line_run *run, uint64_t read_bytes)
{
    const struct line_scenario *s = run->scenario;
    struct line_run other = {.scenario = s};

    run->figures.fair = -1;
    if (s->beside == LINE_BESIDE_DOWNLOAD)
        run->figures.beside_kbps = (double)read_bytes * 8 / 1000 / (s->run_s - s->from_s);
    if (s->beside == LINE_BESIDE_SESSION && line_read(&other, line_stats(1))) {
        run->figures.beside_kbps = line_kbps(&other, run->from_ms, run->to_ms);
        run->figures.fair = fair(run->figures.kbps, run->figures.beside_kbps);
    }
    line_run_clear(&other);
}

static void one_round(struct line_run *run, uint64_t seed)
{
    const struct line_scenario *s = run->scenario;
    struct line_world *w = &line_world;

    line_world_up(s, seed);
    int64_t zero = demo_mono_ms();
    run->change_ms[0] = zero;
    watch_until(zero + s->from_s * 1000);
    struct line_noise *noise = line_noise_start();
    uint32_t sample = w->net.watch->samples;
    uint64_t carried = w->net.watch->carried_bytes, loaded = w->bulk.read ? *w->bulk.read : 0;
    double cpu = demo_child_cpu_ms(w->customer[0]);
    for (int i = 1; i < s->changes; i++) {
        watch_until(zero + s->change[i].at_s * 1000);
        line_world_change(&s->change[i]);
        run->change_ms[i] = demo_mono_ms();
    }
    watch_until(zero + s->run_s * 1000);
    carried = w->net.watch->carried_bytes - carried;
    loaded = w->bulk.read ? *w->bulk.read - loaded : 0;
    run->figures.cpu_percent = (demo_child_cpu_ms(w->customer[0]) - cpu) / (double)((s->run_s - s->from_s) * 10);
    count_voice(&run->figures, s->from_s);
    count_limits(&run->figures, s, s->from_s);
    line_world_finish();
    keep_events(s);
    run->figures.noise_ms = line_noise_end_ms(noise, &run->figures.others_percent);
    if (line_read(run, line_stats(0))) {
        line_count(run, w->net.watch, sample, carried);
        count_beside(run, loaded);
    }
    line_world_down();
}

/* ---- a row of rounds ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of each column the middle value. */
static struct line_figures median(const struct line_figures *all, int count)
{
    static const size_t columns[] = {
        offsetof(struct line_figures, p50),          offsetof(struct line_figures, p95),
        offsetof(struct line_figures, p99),          offsetof(struct line_figures, fps),
        offsetof(struct line_figures, gap_ms),       offsetof(struct line_figures, kbps),
        offsetof(struct line_figures, use),          offsetof(struct line_figures, queue_p50),
        offsetof(struct line_figures, queue_p95),    offsetof(struct line_figures, bad_s),
        offsetof(struct line_figures, fair),         offsetof(struct line_figures, beside_kbps),
        offsetof(struct line_figures, full_s),       offsetof(struct line_figures, back_s),
        offsetof(struct line_figures, again_s),      offsetof(struct line_figures, cpu_percent),
        offsetof(struct line_figures, noise_ms),     offsetof(struct line_figures, others_percent),
        offsetof(struct line_figures, voice_gap_ms), offsetof(struct line_figures, voice_concealed),
        offsetof(struct line_figures, limit[0]),     offsetof(struct line_figures, limit[1]),
        offsetof(struct line_figures, limit[2]),
    };
    struct line_figures out = all[count / 2];
    double values[2 * ROUNDS_MAX];

    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        for (int i = 0; i < count; i++)
            memcpy(&values[i], (const char *)&all[i] + columns[c], sizeof *values);
        qsort(values, (size_t)count, sizeof *values, by_value);
        memcpy((char *)&out + columns[c], &values[count / 2], sizeof *values);
    }
    return out;
}

/* On the screen, and where it outlives a stop. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fputs(line, stdout);
    fflush(stdout);
    if (fputs(line, it.table) >= 0)
        fflush(it.table);
}

static void print_row(const struct line_scenario *s, const struct line_figures *f, const char *what)
{
    tell(
        "%-2s %-9s %4.0f %4.0f %5.0f | %4d %4d %4d | %4.1f %5.0f %5.0f %4dx%-4d %4.0f%% %4.0f/%-4.0f %5.1f %5.1f %5.1f "
        "%3.0f %5.2f %5.0f %4.0f%% %5.2f %3.0f%% %4.0f %4.1f%% %3.0f/%.0f/%-3.0f  %s\n",
        s->name, line_sender_name(line_world.sender), f->p50, f->p95, f->p99, s->goal.p50, s->goal.p95, s->goal.p99,
        f->fps, f->gap_ms, f->kbps, f->width, f->height, f->use * 100, f->queue_p50, f->queue_p95, f->full_s,
        f->again_s, f->back_s, f->bad_s, f->fair, f->beside_kbps, f->cpu_percent, f->noise_ms, f->others_percent,
        f->voice_gap_ms, f->voice_concealed * 100, f->limit[0], f->limit[1], f->limit[2], what);
}

/* A line for each frame and each second of voice, beside the plot. */
static void keep_stats(const struct line_scenario *s)
{
    char path[600];
    const char *const copy[] = {"/bin/cp", line_stats(0), path, NULL};

    snprintf(path, sizeof path, "%s/line-%s-%s.jsonl", it.out, s->name, line_sender_name(line_world.sender));
    if (demo_run(line_world.bin, copy, NULL) != 0)
        fprintf(stderr, "%s: cannot be written\n", path);
}

static void row(const struct line_scenario *s)
{
    struct line_figures quiet[ROUNDS_MAX], noisy[2 * ROUNDS_MAX];
    char path[600], words[64];
    int count = 0, worthless = 0;

    for (int tries = 0; count < it.rounds && tries < 2 * it.rounds; tries++) {
        struct line_run run = {.scenario = s};
        one_round(&run, it.seed + (uint64_t)tries);
        if (it.rounds > 1)
            print_row(s, &run.figures, line_is_noisy(&run.figures) ? "(noisy)" : "");
        snprintf(path, sizeof path, "%s/line-%s-%s.svg", it.out, s->name, line_sender_name(line_world.sender));
        if (run.figures.ok && !line_plot(&run, path))
            fprintf(stderr, "%s: the plot cannot be written\n", path);
        keep_stats(s);
        if (run.figures.ok && line_is_noisy(&run.figures))
            noisy[worthless++] = run.figures;
        else if (run.figures.ok)
            quiet[count++] = run.figures;
        line_run_clear(&run);
    }
    if (!count && !worthless) {
        tell("%-2s %-9s nothing could be measured\n", s->name, line_sender_name(line_world.sender));
        return;
    }
    struct line_figures middle = count ? median(quiet, count) : median(noisy, worthless);
    const struct line_figures *companion = &it.row[LINE_COMPANION];
    snprintf(words, sizeof words, "%s, median of %d", line_verdict(s, line_world.sender, &middle, &it.row[LINE_CUBIC]),
             count ? count : worthless);
    print_row(s, &middle, words);
    it.row[line_world.sender] = middle;
    if (line_world.sender == LINE_BARE && companion->ok)
        tell("%-2s %-9s %4.1f %4.1f %5.1f   times what the bare pipe takes\n", s->name, "ratio",
             companion->p50 / middle.p50, companion->p95 / middle.p95, companion->p99 / middle.p99);
}

/* Beside each other: the same line, one sender after the other. */
static void rows(const struct line_scenario *s)
{
    memset(it.row, 0, sizeof it.row);
    for (enum line_sender sender = 0; sender < LINE_SENDERS; sender++) {
        const char *name = line_sender_name(sender), *why = line_sender_cannot(sender);
        if (!strstr(it.senders, name) || (sender == LINE_BARE && !s->bare) ||
            (sender != LINE_COMPANION && s->companion_alone))
            continue;
        line_world.sender = sender;
        line_world.bare_kbps = it.row[LINE_COMPANION].ok ? it.row[LINE_COMPANION].kbps : BARE_KBPS;
        if (why)
            tell("%-2s %-9s left out: %s\n", s->name, name, why);
        else
            row(s);
    }
}

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {{"only", required_argument, NULL, 'o'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"out", required_argument, NULL, 'd'},
                                            {"kbps", required_argument, NULL, 'k'},
                                            {"senders", required_argument, NULL, 's'},
                                            {"seed", required_argument, NULL, 'n'},
                                            {0}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'o')
            it.only = optarg;
        else if (c == 'r')
            it.rounds = atoi(optarg);
        else if (c == 'd')
            it.out = optarg;
        else if (c == 'k')
            line_world.kbps = optarg;
        else if (c == 's')
            it.senders = optarg;
        else if (c == 'n')
            it.seed = strtoull(optarg, NULL, 10);
        else
            exit(2);
    }
    if (it.rounds < 1 || it.rounds > ROUNDS_MAX)
        bench_cannot("--rounds takes 1 to %d", ROUNDS_MAX);
}

int main(int argc, char **argv)
{
    char path[600];
    ssize_t len = readlink("/proc/self/exe", line_world.bin, sizeof line_world.bin - 1);

    take_options(argc, argv);
    if (net_cannot()) {
        printf("# bench_line was left out: %s\n", net_cannot());
        return 0;
    }
    if (len > 0 && strrchr(line_world.bin, '/'))
        *strrchr(line_world.bin, '/') = '\0';
    demo_stop_on_signals();
    snprintf(path, sizeof path, "%s/line.txt", it.out);
    (void)mkdir(it.out, 0755); /* where it is there already, and where it cannot be made, the next line says so */
    if (!(it.table = fopen(path, "ae")))
        bench_cannot("%s: cannot be written; give --out a folder that is yours to write in", path);
    line_world_found();
    tell("# capture to decoded, ms | reach | per s, longest gap ms, kbit/s, size, of the line, its queue p50/p95 ms, "
         "s to full size, s to it again, s to the picture's return, s with a p95 over 500 ms, Jain's index, kbit/s "
         "beside it, companion's share of a core, timer p99 ms, others' share of a core, voice: longest gap ms, "
         "concealed, %% of the seconds in which the line / the pictures / the sender's own bound set the bit rate\n");
    for (int i = 0; i < line_scenario_count; i++)
        if (!it.only || strstr(it.only, line_scenarios[i].name))
            rows(&line_scenarios[i]);
    line_world_clear();
    return fclose(it.table) != 0;
}
