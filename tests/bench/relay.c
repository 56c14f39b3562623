/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_relay: the relay with all of its duties on, beside a bare bound and a relay on npm's ws.
 *
 * Every figure is taken in rounds, one after the other for each of the three, and the median of the rounds counts: what
 * else the machine does slows all of them. A relay has one core, this program another. Throughput is bytes forwarded
 * for a second of the relay's own processor time, which a busy machine changes less than a clock on the wall.
 */
#include <getopt.h>
#include <libgen.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/relay_load.h"
#include "tests/bench/relay_report.h"
#include "tests/bench/relay_server.h"

enum kind { OURS, BOUND, WS, KINDS };
enum { PATH_BYTES = 512, QUIET_US = 1500 };

static struct {
    char bin[PATH_BYTES], dir[64], ca[96], identity[96], cert[96], key[96], peer[PATH_BYTES], config[96];
    const char *out, *only;
    int rounds;
    double seconds;
    size_t size;       /* 0: all */
    unsigned sessions; /* 0: all */
    bool quick, ws, out_given;
    struct server servers[KINDS];
    struct report report;
} run = {.out = "build/bench", .rounds = 5, .seconds = 1};

/* ---- servers ---- */

static bool start(enum kind kind)
{
    char program[PATH_BYTES + 16];
    const char *const ours[] = {program,       "--dir",
                                run.dir,       "--listen",
                                "127.0.0.1:0", "--staff-listen",
                                "127.0.0.1:0", "--config",
                                run.config,    "--allow-private-keys",
                                NULL};
    const char *const bound[] = {program, run.cert, run.key, NULL};
    const char *const ws[] = {"node", run.peer, run.cert, run.key, NULL};
    const char *const *argv[] = {ours, bound, ws};

    if (kind != WS)
        snprintf(program, sizeof program, "%s/%s", run.bin, kind == OURS ? "handhold-relay" : "relay_bare");
    return server_start(&run.servers[kind], argv[kind], 0);
}

static void start_all(void)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        if (kind == WS && !run.ws)
            continue;
        if (start(kind))
            continue;
        if (kind != WS)
            bench_cannot("%s does not start", kind == OURS ? "handhold-relay" : "relay_bare");
        run.ws = false;
        bench_remark("no npm ws here, so nothing is compared with it: npm install ws, and NODE_PATH");
    }
}

static void stop_all(void)
{
    for (enum kind kind = 0; kind < KINDS; kind++)
        server_stop(&run.servers[kind]);
}

static struct load_config config_of(enum kind kind, unsigned sessions)
{
    return (struct load_config){.public_port = run.servers[kind].public_port,
                                .staff_port = run.servers[kind].staff_port,
                                .host = "127.0.0.1",
                                .ca = run.ca,
                                .identity = run.identity,
                                .sessions = sessions};
}

static struct load *open_load(enum kind kind, unsigned sessions)
{
    struct load_config config = config_of(kind, sessions);
    char error[256];
    struct load *load;

    if (!run.servers[kind].pid)
        return NULL;
    load = load_open(&config, error);
    if (!load)
        bench_cannot("%u sessions at port %u: %s", sessions, config.public_port, error);
    return load;
}

/* ---- one measurement ---- */

struct taking {
    const struct server *server;
    double cpu_s;
};

static void begin(void *context)
{
    struct taking *taking = context;

    taking->cpu_s = server_cpu_s(taking->server);
}

static void end(void *context)
{
    struct taking *taking = context;

    taking->cpu_s = server_cpu_s(taking->server) - taking->cpu_s;
}

/* Processor seconds; nothing may be lost, on the way or altered. */
static double take(enum kind kind, struct load *load, const struct load_pattern *pattern, double seconds,
                   struct load_figures *figures)
{
    struct taking taking = {.server = &run.servers[kind]};

    load_run(load, pattern, 0.3, seconds, begin, end, &taking, figures);
    if (figures->lost || figures->out_of_order || figures->altered || figures->closed)
        bench_remark("WRONG: %llu lost, %llu out of order, %llu altered, %llu closed",
                     (unsigned long long)figures->lost, (unsigned long long)figures->out_of_order,
                     (unsigned long long)figures->altered, (unsigned long long)figures->closed);
    return taking.cpu_s > 0 ? taking.cpu_s : 1e-9;
}

/* ---- throughput ---- */

static void measure_size(struct load *loads[static KINDS], unsigned sessions, size_t size)
{
    struct load_pattern pattern = {
        .kind = LOAD_CLOSED, .size = size, .window = sessions > 50 ? 2 : 8, .both_ways = sessions > 50};
    static struct bench_series series[KINDS];
    struct load_figures figures;
    char name[64];

    memset(series, 0, sizeof series);
    for (int round = 0; round < run.rounds; round++)
        for (enum kind kind = 0; kind < KINDS; kind++)
            if (loads[kind]) {
                double cpu_s = take(kind, loads[kind], &pattern, run.seconds, &figures);
                bench_add(&series[kind], (double)figures.bytes / 1e6 / cpu_s);
            }
    snprintf(name, sizeof name, "MB a CPU-second, %zu B, %u sessions", size, sessions);
    report_throughput(&run.report, name, bench_median(&series[OURS]), bench_median(&series[BOUND]),
                      bench_median(&series[WS]));
}

static void measure_throughput(void)
{
    static const size_t sizes[] = {100, 1000, 6000, 16000, 60000};
    static const unsigned sessions[] = {8, 200};

    start_all();
    for (size_t i = 0; i < 2; i++) {
        struct load *loads[KINDS];

        if (run.sessions && run.sessions != sessions[i])
            continue;

        for (enum kind kind = 0; kind < KINDS; kind++)
            loads[kind] = open_load(kind, sessions[i]);
        for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
            if (run.size ? run.size == sizes[n] : !run.quick || n == 0 || n == 2 || n == 4)
                measure_size(loads, sessions[i], sizes[n]);
        for (enum kind kind = 0; kind < KINDS; kind++)
            load_close(loads[kind]);
    }
    stop_all();
}

/* ---- system calls ---- */

static double calls_of(enum kind kind, struct load *load)
{
    struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 6000, .rate = 500};
    struct load_figures figures;
    char file[96];
    pid_t counter;

    snprintf(file, sizeof file, "%s/calls", run.dir);
    load_run(load, &pattern, 0.2, 0.3, NULL, NULL, NULL, &figures); /* the code is warm */
    if (!server_count_calls(&run.servers[kind], &counter, file))
        return -1;
    load_run(load, &pattern, 0, 2, NULL, NULL, NULL, &figures);
    double calls = server_calls(counter, file);
    return calls > 0 && figures.sent ? calls / (double)figures.sent : -1;
}

static void measure_calls(void)
{
    double calls[KINDS] = {0};

    start_all();
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct load *load = open_load(kind, 8);

        calls[kind] = load ? calls_of(kind, load) : 0;
        load_close(load);
    }
    stop_all();
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
    report_add(&run.report, &row);
}

/* ---- paced sessions ---- */

struct paced {
    struct bench_series cpu, p50, p99;
    double late_us;
    unsigned rounds;
    uint64_t lost;
};

static void take_paced(enum kind kind, struct load *load, double seconds, struct paced *paced)
{
    struct load_pattern pattern = {.kind = LOAD_PACED};
    struct load_figures figures;
    double cpu_s = take(kind, load, &pattern, seconds, &figures);

    bench_add(&paced->cpu, cpu_s / figures.seconds * 100);
    paced->rounds++;
    if (figures.late_p99_us < QUIET_US) { /* else the time is this machine's, and no relay's */
        bench_add(&paced->p50, figures.p50_us);
        bench_add(&paced->p99, figures.p99_us);
    }
    paced->late_us = fmax(paced->late_us, figures.late_p99_us);
    paced->lost += figures.lost + figures.out_of_order + figures.altered;
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
    report_add(&run.report, &row);
}

static void measure_paced(void)
{
    static struct paced paced[KINDS];
    struct load *loads[KINDS];
    unsigned sessions = run.sessions ? run.sessions : run.quick ? 100 : 275;

    memset(paced, 0, sizeof paced);
    start_all();
    server_stop(&run.servers[WS]); /* more than one core of it */
    for (enum kind kind = 0; kind < KINDS; kind++)
        loads[kind] = open_load(kind, sessions);
    for (int round = 0; round < run.rounds; round++)
        for (enum kind kind = 0; kind < WS; kind++)
            take_paced(kind, loads[kind], run.seconds * 3, &paced[kind]);
    for (enum kind kind = 0; kind < WS; kind++)
        load_close(loads[kind]);
    stop_all();
    bench_remark("%u paced sessions; %zu and %zu of %u rounds were quiet (this program late by less than %d us)",
                 sessions, paced[OURS].p50.count, paced[BOUND].p50.count, paced[OURS].rounds, QUIET_US);
    add_paced("paced: % of a core", &paced[OURS].cpu, &paced[BOUND].cpu, &paced[WS].cpu, 1.25, 1.05);
    add_paced("paced: p50, us", &paced[OURS].p50, &paced[BOUND].p50, &paced[WS].p50, 1.5, 1.25);
    add_paced("paced: p99, us", &paced[OURS].p99, &paced[BOUND].p99, &paced[WS].p99, 2, 1.3);
    struct report_row lost = {.name = "paced: messages lost, reordered or altered", .ours = (double)paced[OURS].lost};
    report_add(&run.report, &lost);
}

/* One relay and one load at a time: two would share a core. */
static void take_most(enum kind kind, unsigned sessions, struct paced *paced)
{
    memset(paced, 0, sizeof *paced);
    if (!start(kind))
        bench_cannot("%s does not start", kind == OURS ? "handhold-relay" : "relay_bare");
    struct load *load = open_load(kind, sessions);
    for (int round = 0; round < (run.rounds > 3 ? 3 : run.rounds); round++)
        take_paced(kind, load, run.seconds * 3, paced);
    load_close(load);
    server_stop(&run.servers[kind]);
}

/* How far one core goes, with the bound beside it: where that is late, the machine is, and no relay. */
static void measure_most(void)
{
    static const unsigned counts[] = {100, 150, 200, 250, 300, 400, 500};
    static struct paced ours, bound;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned sessions = run.sessions ? run.sessions : counts[i];
        struct report_row row = {.held = sessions < 400 ? HELD_TO_NOTHING : HELD_OURS, .must = 5, .aim = 5};

        take_most(BOUND, sessions, &bound);
        take_most(OURS, sessions, &ours);
        row.ours = bench_median(&ours.p99) / 1000;
        row.bound = bench_median(&bound.p99) / 1000;
        snprintf(row.name, sizeof row.name, "%u paced sessions: p99, ms (CPU %.0f %%, bound %.0f %%)", sessions,
                 bench_median(&ours.cpu), bench_median(&bound.cpu));
        if (ours.p99.count)
            report_add(&run.report, &row);
        else
            bench_remark("%u paced sessions: not one quiet round, so nothing is known; CPU %.0f %%, bound %.0f %%",
                         sessions, bench_median(&ours.cpu), bench_median(&bound.cpu));
        bench_remark("%llu messages lost; this program was late by up to %.1f ms (p99), beside the bound %.1f",
                     (unsigned long long)(ours.lost + bound.lost), ours.late_us / 1000, bound.late_us / 1000);
        if (run.sessions)
            return;
    }
}

/* ---- memory ---- */

static double idle_kb(enum kind kind, unsigned sessions)
{
    if (!start(kind))
        return 0;
    load_close(open_load(kind, 4)); /* what is allocated once */
    double before = server_resident_kb(&run.servers[kind]);
    struct load *load = open_load(kind, sessions);
    load_rest(load, 3); /* what the handshakes took goes back when no more come */
    double kb = (server_resident_kb(&run.servers[kind]) - before) / sessions;
    load_close(load);
    server_stop(&run.servers[kind]);
    return kb;
}

static void note_resident(void *context)
{
    struct taking *taking = context;

    taking->cpu_s = server_resident_kb(taking->server); /* a figure of another kind in the same place */
}

/* A connection of a customer before its first message: what TLS and WebSocket alone cost. */
static double connection_kb(enum kind kind, unsigned pile)
{
    struct taking taking = {.server = &run.servers[kind]};

    if (!start(kind))
        return 0;
    struct load_config config = config_of(kind, 0);
    (void)load_handshakes(&config, 64, 64, 60, NULL, NULL); /* what is allocated once */
    double before = server_resident_kb(&run.servers[kind]);
    (void)load_handshakes(&config, 64, pile, 120, note_resident, &taking);
    server_stop(&run.servers[kind]);
    return (taking.cpu_s - before) / pile;
}

static void measure_memory(void)
{
    unsigned sessions = run.sessions ? run.sessions : run.quick ? 1000 : 5000;
    struct report_row row = {.must = 40, .aim = 30};

    row.ours = idle_kb(OURS, sessions);
    row.bound = idle_kb(BOUND, sessions);
    snprintf(row.name, sizeof row.name, "resident kB of an idle session, %u sessions", sessions);
    report_add(&run.report, &row);
    struct report_row line = {.held = HELD_TO_NOTHING};
    line.ours = connection_kb(OURS, sessions);
    line.bound = connection_kb(BOUND, sessions);
    snprintf(line.name, sizeof line.name, "resident kB of a silent connection, %u of them", sessions);
    report_add(&run.report, &line);
}

/* ---- handshakes ---- */

static double handshakes(enum kind kind, unsigned pile)
{
    struct load_config config = config_of(kind, 0);
    struct taking taking = {.server = &run.servers[kind]};

    begin(&taking);
    uint64_t done = load_handshakes(&config, 64, pile, pile ? 120 : run.seconds * 2, end, &taking);
    if (pile && done < pile)
        bench_remark("only %llu of %u connections piled up", (unsigned long long)done, pile);
    return (double)done / (taking.cpu_s > 0 ? taking.cpu_s : 1e-9);
}

static void measure_handshakes(void)
{
    static struct bench_series few[KINDS], piled[KINDS];
    unsigned pile = run.quick ? 2000 : 10000;
    char name[64];

    memset(few, 0, sizeof few);
    memset(piled, 0, sizeof piled);
    start_all();
    server_stop(&run.servers[WS]);
    for (int round = 0; round < run.rounds; round++)
        for (enum kind kind = 0; kind < WS; kind++)
            bench_add(&few[kind], handshakes(kind, 0));
    for (int round = 0; round < (run.quick ? 1 : 3); round++)
        for (enum kind kind = 0; kind < WS; kind++)
            bench_add(&piled[kind], handshakes(kind, pile));
    stop_all();
    struct report_row row = {.held = HELD_TO_BOUND, .must = 0.85, .aim = 1, .more_is_better = true};
    snprintf(row.name, sizeof row.name, "full handshakes a CPU-second");
    row.ours = bench_median(&few[OURS]);
    row.bound = bench_median(&few[BOUND]);
    report_add(&run.report, &row);
    snprintf(name, sizeof name, "the same while %u connections pile up", pile);
    snprintf(row.name, sizeof row.name, "%s", name);
    row.ours = bench_median(&piled[OURS]);
    row.bound = bench_median(&piled[BOUND]);
    report_add(&run.report, &row);
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
static void measure_flat(void)
{
    uint64_t files;
    const unsigned sessions[] = {10, 100, 1000, most_sessions(&files)};
    double first = 0, last = 0;

    for (size_t i = 0; i < (run.quick ? 3u : 4u); i++) {
        struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 1000, .rate = 4000.0 / sessions[i]};
        struct load_figures figures;

        if (!start(OURS))
            bench_cannot("handhold-relay does not start");
        struct load *load = open_load(OURS, sessions[i]);
        load_run(load, &pattern, 0, 3, NULL, NULL, NULL, &figures); /* the log notes the first message of each stream */
        static struct bench_series us;
        memset(&us, 0, sizeof us);
        for (int round = 0; round < 3; round++) {
            double cpu_s = take(OURS, load, &pattern, run.seconds * 2, &figures);
            bench_add(&us, cpu_s * 1e6 / (double)(figures.received ? figures.received : 1));
        }
        last = bench_median(&us);
        first = i ? first : last;
        run.report.flat[run.report.flat_count++] = (struct report_point){sessions[i], last};
        load_close(load);
        server_stop(&run.servers[OURS]);
        bench_remark("%u sessions: %.1f us of processor for a message", sessions[i], last);
    }
    struct report_row row = {.ours = last / first, .must = 1.5, .aim = 1.15};
    snprintf(row.name, sizeof row.name, "cost of a message, %.0f sessions ÷ 10 sessions",
             run.report.flat[run.report.flat_count - 1].sessions);
    if (sessions[3] < 10000)
        bench_remark("a process may open %llu files here, which is %u sessions and not 10000 (ulimit -Hn)",
                     (unsigned long long)files, sessions[3]);
    report_add(&run.report, &row);
}

/* ---- the program ---- */

static const struct part {
    const char *name;
    void (*measure)(void);
} parts[] = {{"throughput", measure_throughput},
             {"calls", measure_calls},
             {"paced", measure_paced},
             {"most", measure_most},
             {"memory", measure_memory},
             {"handshakes", measure_handshakes},
             {"flat", measure_flat}};

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"size", required_argument, NULL, 'z'},
                                            {"sessions", required_argument, NULL, 'n'},
                                            {"out", required_argument, NULL, 'd'},
                                            {"peer", required_argument, NULL, 'p'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'q':
            run.quick = true;
            run.rounds = 3;
            run.seconds = 0.5;
            break;
        case 'o':
            run.only = optarg;
            break;
        case 'r':
            run.rounds = atoi(optarg);
            break;
        case 's':
            run.seconds = atof(optarg);
            break;
        case 'z':
            run.size = strtoul(optarg, NULL, 10);
            break;
        case 'n':
            run.sessions = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'd':
            run.out = optarg;
            run.out_given = true;
            break;
        case 'p':
            snprintf(run.peer, sizeof run.peer, "%s", optarg);
            break;
        default:
            exit(2);
        }
    if (run.rounds < 1 || run.seconds <= 0)
        bench_cannot("--rounds takes a whole number from 1, --seconds a number above 0");
}

static void make_place(const char *program)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s", program);
    snprintf(run.bin, sizeof run.bin, "%s", dirname(path));
    run.ws = *run.peer && access(run.peer, R_OK) == 0;
    strcpy(run.dir, "/tmp/handhold-bench-XXXXXX");
    if (!mkdtemp(run.dir) || !server_make_place(run.bin, run.dir))
        bench_cannot("no organisation can be made in %s", run.dir);
    snprintf(run.ca, sizeof run.ca, "%s/ca/ca.crt", run.dir);
    snprintf(run.identity, sizeof run.identity, "%s/staff/load", run.dir);
    snprintf(run.cert, sizeof run.cert, "%s/relay/relay.crt", run.dir);
    snprintf(run.key, sizeof run.key, "%s/relay/relay.key", run.dir);
    snprintf(run.config, sizeof run.config, "%s/relay.ini", run.dir);
}

static void clear(void)
{
    char command[96];

    stop_all();
    snprintf(command, sizeof command, "rm -rf '%s'", run.dir);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", run.dir);
}

/* --only takes several, with commas between them. */
static bool is_wanted(const char *name)
{
    size_t len = strlen(name);

    for (const char *at = run.only; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
            return true;
    return !run.only;
}

int main(int argc, char **argv)
{
    cpu_set_t other;

    take_options(argc, argv);
    make_place(argv[0]);
    CPU_ZERO(&other);
    CPU_SET(1, &other);
    (void)sched_setaffinity(0, sizeof other, &other); /* where there is one core only, both share it */
    report_head();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (is_wanted(parts[i].name))
            parts[i].measure();
    clear();
    if ((!run.only || run.out_given) && !report_write(&run.report, run.out))
        bench_cannot("%s: cannot be written to", run.out);
    return report_missed(&run.report) ? 1 : 0;
}
