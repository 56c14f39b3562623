/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_line - companion, relay and agent as real processes in network namespaces, over lines that are ours to spoil.
 *
 *     bench_line [--only A,B…] [--rounds N] [--seed N] [--out DIR] [--kbps N] [--senders companion,cubic,page,bare]
 *
 * One row for each scenario: of each column the median of as many rounds as asked for, five without a word, of those in
 * which the machine was ours (a timer of 1 kHz on each core, p99 below 2 ms; other programs below 15 % of a core; a row
 * of noisy rounds says so). Latency is from capture to
 * decoded, as the agent measures it; figures are taken from some seconds after the first picture on. A plot of the last
 * round of each is written to DIR.
 */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/line.h"
#include "tests/bench/line_sender.h"
#include "tests/demo/child.h"

enum { WAIT_MS = 20000, CLIP_SECONDS = 8, ROUNDS_MAX = 15, BARE_KBPS = 6000 };
#define NOISE_MAX_MS 2.0
#define OTHERS_MAX 15.0 /* percent of a core */

static struct {
    char bin[512], work[64];
    const char *only, *out, *kbps, *senders;
    enum line_sender sender; /* of this round */
    int rounds;
    uint64_t seed;                  /* of the first round's losses */
    struct line_figures row_before; /* the companion's, over the same line; not ok: there is none */
    struct net net;
    struct demo_children children;
    struct demo_child *relay, *agent, *companion; /* borrowed from children */
    char link[512];
} it = {.rounds = 5, .seed = 1, .out = ".", .senders = "companion,bare"};

static const char *at(const char *name)
{
    static char paths[16][256];
    static unsigned next;
    char *path = paths[next++ % 16];

    snprintf(path, sizeof paths[0], "%s/%s", it.work, name);
    return path;
}

static void clear(void)
{
    const char *const remove[] = {"/bin/rm", "-rf", it.work, NULL};

    demo_children_clear(&it.children);
    net_down(&it.net);
    if (it.work[0])
        (void)demo_run(it.bin, remove, NULL);
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    clear();
    bench_cannot("%s", what);
}

static void do_run(const char *const *argv)
{
    char *said = NULL;
    bool ok = demo_run(it.bin, argv, &said) == 0;

    if (!ok)
        fprintf(stderr, "%s", said ? said : "");
    free(said);
    must(ok, argv[0]);
}

/* A tone is all that a voice needs to be measured by. */
static bool write_tone(const char *path)
{
    enum { RATE = 48000, SECONDS = 4 };
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    bool ok = file != NULL;

    for (int i = 0; ok && i < RATE * SECONDS; i++) {
        int16_t sample = (int16_t)(8000 * sin(2 * M_PI * 440 * i / RATE));
        ok = sf_writef_short(file, &sample, 1) == 1;
    }
    return file && sf_close(file) == 0 && ok;
}

static void found_organisation(void)
{
    const char *const init[] = {"handhold-certs", "init", "--dir", at("org"), "--org", "Bench", NULL};
    /* The page is opened as "localhost", the organisation's domain, so that it finds it verified. */
    const char *const relay[] = {"handhold-certs", "issue",  "--dir",   at("org"), "relay",     "--host",
                                 NET_PUBLIC,       "--host", NET_STAFF, "--host",  "localhost", NULL};
    const char *const agent[] = {"handhold-certs", "issue", "--dir",  at("org"), "agent",
                                 "--id",           "ana",   "--name", "Ana",     NULL};
    const char *const export[] = {"handhold-certs", "export-relay", "--dir", at("org"), "-o", at("relay.tar"), NULL};
    const char *const unpack[] = {"/bin/tar", "-xpf", at("relay.tar"), "-C", at("relay"), NULL};
    char seconds[16];
    const char *const clip[] = {"handhold-clip", "--seconds", seconds, at("clip.y4m"), NULL};

    snprintf(seconds, sizeof seconds, "%d", CLIP_SECONDS);
    do_run(init);
    do_run(relay);
    do_run(agent);
    do_run(export);
    must(mkdir(at("relay"), 0700) == 0, "a folder for the relay");
    do_run(unpack);
    do_run(clip);
    must(write_tone(at("tone.wav")), "a tone");
}

/* ---- the three machines ---- */

/* bin/argv[0] in a namespace. */
static struct demo_child *start(const char *namespace, const char *name, const char *const *argv)
{
    const char *all[40] = {"/bin/ip", "netns", "exec", namespace};
    static char program[3][600];
    static unsigned next;
    char *path = program[next++ % 3];
    size_t n = 4;

    if (access(all[0], X_OK) != 0)
        all[0] = "/usr/sbin/ip";
    snprintf(path, sizeof program[0], "%s%s%s", argv[0][0] == '/' ? "" : it.bin, argv[0][0] == '/' ? "" : "/", argv[0]);
    all[n++] = path;
    for (size_t i = 1; argv[i] && n < 39; i++)
        all[n++] = argv[i];
    return demo_child_start(&it.children, name, all);
}

/* What links and the page's origin are made of. */
static void name_relay(void)
{
    FILE *file = fopen(at("relay/relay.ini"), "we");

    must(file && fprintf(file, "host = %s\n", line_sender_host(it.sender)) > 0 && fclose(file) == 0, "relay.ini");
}

static void start_relay(void)
{
    const char *const argv[] = {"handhold-relay", "--dir",           at("relay"), "--listen", NET_PUBLIC ":8443",
                                "--staff-listen", NET_STAFF ":8444", "--json",    NULL};

    it.relay = start(NET_RELAY, "relay", argv);
    must(it.relay && demo_child_expect(&it.children, it.relay, WAIT_MS, "ready", NULL), "the relay does not start");
}

/* In place of all three: who receives stands where the relay does. */
static void start_bare(void)
{
    char kbps[16];
    const char *const receive[] = {"line_bare", "receive", NET_PUBLIC, LINE_BARE_PORT, at("stats"), NULL};
    const struct line_sender_about about = {.clip = at("clip.y4m"), .kbps = kbps};
    const char *sender[LINE_SENDER_ARGS];

    snprintf(kbps, sizeof kbps, "%.0f", it.row_before.ok ? it.row_before.kbps : (double)BARE_KBPS);
    line_sender_argv(LINE_BARE, &about, sender);
    it.agent = start(NET_RELAY, "receiver", receive);
    it.companion = start(NET_CUSTOMER, "bare", sender);
    must(it.agent && it.companion && demo_child_expect(&it.children, it.agent, WAIT_MS, "first-picture", NULL),
         "no picture comes");
}

static void start_ends(void)
{
    const char *const agent[] = {"handhold-agent",
                                 "--headless",
                                 "--json",
                                 "--relay",
                                 "https://" NET_STAFF ":8444",
                                 "--identity",
                                 at("org/staff/ana"),
                                 "--ca",
                                 at("org/ca/ca.crt"),
                                 "--request",
                                 "camera,microphone",
                                 "--stats",
                                 at("stats"),
                                 NULL};
    json_t *invite;

    it.agent = start(NET_AGENT, "agent", agent);
    invite = it.agent ? demo_child_expect(&it.children, it.agent, WAIT_MS, "invite", NULL) : NULL;
    must(invite != NULL, "the agent does not invite");
    snprintf(it.link, sizeof it.link, "%s", json_string_value(json_object_get(invite, "link")));
    const struct line_sender_about about = {.bin = it.bin,
                                            .link = it.link,
                                            .clip = at("clip.y4m"),
                                            .tone = at("tone.wav"),
                                            .ca = at("org/ca/ca.crt"),
                                            .kbps = it.kbps};
    const char *sender[LINE_SENDER_ARGS];
    line_sender_argv(it.sender, &about, sender);
    it.companion = start(NET_CUSTOMER, line_sender_name(it.sender), sender);
    must(it.companion && demo_child_expect(&it.children, it.agent, WAIT_MS * 2, "first-picture", NULL),
         "no picture comes");
}

/* What the agent told of the voice, a line a second; the first `skip` are of the time before figures are taken. */
static void count_voice(struct line_figures *f, int skip)
{
    double played = 0, concealed = 0;

    for (size_t i = 0; i < it.agent->count; i++) {
        const json_t *event = it.agent->events[i].json;
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

/* ---- one round ---- */

static void change(struct line_run *run, int i)
{
    const struct line_change *c = &run->scenario->change[i];

    switch (c->what) {
    case LINE_IS:
        net_set(&it.net, &c->line);
        break;
    case LINE_MOVES_CUSTOMER:
        must(net_move_customer(&it.net, 7) && line_sender_prepare(it.sender),
             "the customer's address cannot be changed");
        break;
    case LINE_KILLS_RELAY:
        (void)demo_child_stop(&it.children, it.relay, 9, WAIT_MS);
        start_relay();
        break;
    }
    run->change_ms[i] = demo_mono_ms();
}

/* What both ends told, for whoever looks for a cause. */
static void keep_events(const struct line_scenario *s)
{
    const struct demo_child *const ends[] = {it.companion, it.agent};
    char path[600];
    FILE *file;

    snprintf(path, sizeof path, "%s/line-%s-events.jsonl", it.out, s->name);
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
        demo_children_watch(&it.children, ms - now > 200 ? 200 : (int)(ms - now));
    must(!demo_is_stopped(), "stopped");
}

static void one_round(struct line_run *run, uint64_t seed)
{
    const struct line_scenario *s = run->scenario;
    struct line_noise *noise;
    int64_t zero;
    double cpu;
    uint32_t sample;
    uint64_t carried;

    must(net_up(&it.net, &s->change[0].line, seed), "the network namespaces cannot be made");
    must(line_sender_prepare(it.sender), "the congestion control of the customer's machine cannot be set");
    if (it.sender == LINE_BARE) {
        start_bare();
    } else {
        name_relay();
        start_relay();
        start_ends();
    }
    zero = demo_mono_ms();
    run->change_ms[0] = zero;
    watch_until(zero + s->from_s * 1000);
    noise = line_noise_start();
    sample = it.net.watch->samples;
    carried = it.net.watch->carried_bytes;
    cpu = demo_child_cpu_ms(it.companion);
    for (int i = 1; i < s->changes; i++) {
        watch_until(zero + s->change[i].at_s * 1000);
        change(run, i);
    }
    watch_until(zero + s->run_s * 1000);
    carried = it.net.watch->carried_bytes - carried;
    run->figures.cpu_percent = (demo_child_cpu_ms(it.companion) - cpu) / (double)((s->run_s - s->from_s) * 10);
    count_voice(&run->figures, s->from_s);
    for (int i = 0; it.sender != LINE_BARE && i < 2; i++) /* said twice: nobody is there to rate */
        demo_child_tell(it.agent, "{\"do\":\"end\"}");
    (void)demo_child_stop(&it.children, it.agent, it.sender == LINE_BARE ? SIGTERM : 0, WAIT_MS);
    keep_events(s);
    run->figures.noise_ms = line_noise_end_ms(noise, &run->figures.others_percent);
    if (line_read(run, at("stats")))
        line_count(run, it.net.watch, sample, carried);
    demo_children_clear(&it.children);
    it.children = (struct demo_children){.bin = it.bin, .folder = it.work};
    net_down(&it.net);
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
        offsetof(struct line_figures, p50),
        offsetof(struct line_figures, p95),
        offsetof(struct line_figures, p99),
        offsetof(struct line_figures, fps),
        offsetof(struct line_figures, gap_ms),
        offsetof(struct line_figures, kbps),
        offsetof(struct line_figures, use),
        offsetof(struct line_figures, queue_p50),
        offsetof(struct line_figures, queue_p95),
        offsetof(struct line_figures, full_s),
        offsetof(struct line_figures, back_s),
        offsetof(struct line_figures, again_s),
        offsetof(struct line_figures, cpu_percent),
        offsetof(struct line_figures, noise_ms),
        offsetof(struct line_figures, others_percent),
        offsetof(struct line_figures, voice_gap_ms),
        offsetof(struct line_figures, voice_concealed),
    };
    struct line_figures out = all[count / 2];
    double values[ROUNDS_MAX];

    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        for (int i = 0; i < count; i++)
            memcpy(&values[i], (const char *)&all[i] + columns[c], sizeof *values);
        qsort(values, (size_t)count, sizeof *values, by_value);
        memcpy((char *)&out + columns[c], &values[count / 2], sizeof *values);
    }
    return out;
}

static bool is_noisy(const struct line_figures *f)
{
    return f->noise_ms > NOISE_MAX_MS || f->others_percent > OTHERS_MAX;
}

static const char *verdict(const struct line_scenario *s, const struct line_figures *f)
{
    const struct line_goal *g = &s->goal;

    if (!f->ok)
        return "NOTHING";
    if (is_noisy(f))
        return "noisy";
    if (f->back_s >= 0)
        return f->back_s <= 2 ? "reached" : "MISSED";
    if ((g->p50 && f->p50 > g->p50) || (g->p95 && f->p95 > g->p95) || (g->p99 && f->p99 > g->p99) ||
        (g->gap_ms && f->gap_ms > g->gap_ms) || f->fps < g->fps || f->kbps < g->kbps || f->width < g->width)
        return "MISSED";
    if ((g->voice_gap_ms && f->voice_gap_ms > g->voice_gap_ms) ||
        (!g->voice_gap_ms && f->voice_concealed > 0.02 && f->voice_concealed < 1))
        return "MISSED: voice";
    if ((g->full_s > 0 && (f->full_s < 0 || f->full_s > g->full_s)) ||
        (g->again_s > 0 && (f->again_s < 0 || f->again_s > g->again_s)))
        return "MISSED: full size";
    if (g->use > 0 && (f->use < g->use || f->queue_p50 > 40))
        return "MISSED: use of the line";
    return "reached";
}

static void print_row(const struct line_scenario *s, const struct line_figures *f, const char *what)
{
    printf(
        "%-2s %-9s %4.0f %4.0f %5.0f | %4d %4d %4d | %4.1f %5.0f %5.0f %4dx%-4d %4.0f%% %4.0f/%-4.0f %5.1f %5.1f %5.1f "
        "%4.0f%% "
        "%5.2f %3.0f%% %4.0f %4.1f%%  %s\n",
        s->name, line_sender_name(it.sender), f->p50, f->p95, f->p99, s->goal.p50, s->goal.p95, s->goal.p99, f->fps,
        f->gap_ms, f->kbps, f->width, f->height, f->use * 100, f->queue_p50, f->queue_p95, f->full_s, f->again_s,
        f->back_s, f->cpu_percent, f->noise_ms, f->others_percent, f->voice_gap_ms, f->voice_concealed * 100, what);
    fflush(stdout);
}

/* A line for each frame and each second of voice, beside the plot. */
static void keep_stats(const struct line_scenario *s)
{
    char path[600];
    const char *const copy[] = {"/bin/cp", at("stats"), path, NULL};

    snprintf(path, sizeof path, "%s/line-%s-%s.jsonl", it.out, s->name, line_sender_name(it.sender));
    if (demo_run(it.bin, copy, NULL) != 0)
        fprintf(stderr, "%s: cannot be written\n", path);
}

static void row(const struct line_scenario *s)
{
    struct line_figures all[ROUNDS_MAX];
    char path[600];
    int count = 0, tries = 0;

    for (; count < it.rounds && tries < 2 * it.rounds; tries++) {
        struct line_run run = {.scenario = s};
        one_round(&run, it.seed + (uint64_t)tries);
        if (it.rounds > 1)
            print_row(s, &run.figures, is_noisy(&run.figures) ? "(noisy)" : "");
        snprintf(path, sizeof path, "%s/line-%s-%s.svg", it.out, s->name, line_sender_name(it.sender));
        if (run.figures.ok && !line_plot(&run, path))
            fprintf(stderr, "%s: the plot cannot be written\n", path);
        keep_stats(s);
        if (run.figures.ok && (!is_noisy(&run.figures) || tries + it.rounds - count >= 2 * it.rounds))
            all[count++] = run.figures;
        line_run_clear(&run);
    }
    if (!count) {
        printf("%-2s %-9s nothing could be measured\n", s->name, line_sender_name(it.sender));
        return;
    }
    struct line_figures middle = median(all, count);
    print_row(s, &middle, it.sender == LINE_BARE ? "" : verdict(s, &middle));
    if (it.sender == LINE_COMPANION)
        it.row_before = middle;
    else if (it.sender == LINE_BARE && it.row_before.ok)
        printf("%-2s %-9s %4.1f %4.1f %5.1f   times what the bare pipe takes\n", s->name, "ratio",
               it.row_before.p50 / middle.p50, it.row_before.p95 / middle.p95, it.row_before.p99 / middle.p99);
}

/* Beside each other: the same line, one sender after the other. */
static void rows(const struct line_scenario *s)
{
    it.row_before = (struct line_figures){0};
    for (it.sender = 0; it.sender < LINE_SENDERS; it.sender++) {
        const char *name = line_sender_name(it.sender), *why = line_sender_cannot(it.sender);
        if (!strstr(it.senders, name) || (it.sender == LINE_BARE && !s->bare))
            continue;
        if (why)
            printf("%-2s %-9s left out: %s\n", s->name, name, why);
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
            it.kbps = optarg;
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
    ssize_t len = readlink("/proc/self/exe", it.bin, sizeof it.bin - 1);

    take_options(argc, argv);
    if (net_cannot()) {
        printf("# bench_line was left out: %s\n", net_cannot());
        return 0;
    }
    if (len > 0 && strrchr(it.bin, '/'))
        *strrchr(it.bin, '/') = '\0';
    snprintf(it.work, sizeof it.work, "/tmp/handhold-line-XXXXXX");
    must(mkdtemp(it.work) != NULL, "a temporary folder");
    it.children = (struct demo_children){.bin = it.bin, .folder = it.work};
    demo_stop_on_signals();
    found_organisation();
    printf("# capture to decoded, ms | reach | per s, longest gap ms, kbit/s, size, of the line, its queue p50/p95 ms, "
           "s to full size, s to it again, s to the picture's return, companion's share of a core, timer p99 ms, "
           "others' share of a "
           "core, voice: longest gap "
           "ms, concealed\n");
    for (int i = 0; i < line_scenario_count; i++)
        if (!it.only || strstr(it.only, line_scenarios[i].name))
            rows(&line_scenarios[i]);
    clear();
    return 0;
}
