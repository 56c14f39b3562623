/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/relay_bench.h"

#include <stdio.h>
#include <sys/resource.h>

#include "tests/bench/bench.h"

struct relay_bench relay_bench = {.out = "build/bench", .rounds = 5, .seconds = 1};

/* ---- servers ---- */

bool relay_bench_start(enum relay_kind kind)
{
    char program[RELAY_PATH_BYTES + 16];
    const char *const ours[] = {program,
                                "--dir",
                                relay_bench.dir,
                                "--listen",
                                "127.0.0.1:0",
                                "--staff-listen",
                                "127.0.0.1:0",
                                "--config",
                                relay_bench.config,
                                "--allow-private-keys",
                                NULL};
    const char *const bound[] = {program, relay_bench.cert, relay_bench.key, NULL};
    const char *const ws[] = {"node", relay_bench.peer, relay_bench.cert, relay_bench.key, NULL};
    const char *const *argv[] = {ours, bound, ws};

    if (kind != WS)
        snprintf(program, sizeof program, "%s/%s", relay_bench.bin, kind == OURS ? "handhold-relay" : "relay_bare");
    return server_start(&relay_bench.servers[kind], argv[kind], 0);
}

void relay_bench_start_all(void)
{
    for (enum relay_kind kind = 0; kind < KINDS; kind++) {
        if (kind == WS && !relay_bench.ws)
            continue;
        if (relay_bench_start(kind))
            continue;
        if (kind != WS)
            bench_cannot("%s does not start", kind == OURS ? "handhold-relay" : "relay_bare");
        relay_bench.ws = false;
        bench_remark("no npm ws here, so nothing is compared with it: npm install ws, and NODE_PATH");
    }
}

/* Of this program's scheduling group (CONFIG_SCHED_AUTOGROUP), and within it. */
static bool put_load_first(void)
{
    FILE *group = fopen("/proc/self/autogroup", "w");
    bool done = !setpriority(PRIO_PROCESS, 0, -20);

    if (group) {
        fputs("-20", group);
        fclose(group);
    }
    return done;
}

void relay_bench_put_first(void)
{
    static bool said;
    bool done = put_load_first();

    for (enum relay_kind kind = 0; kind < KINDS; kind++)
        if (relay_bench.servers[kind].pid && !server_put_first(&relay_bench.servers[kind]))
            done = false;
    if (!said && !done)
        bench_remark("the relays do not come before other programs here, which needs root");
    said = true;
}

void relay_bench_stop_all(void)
{
    for (enum relay_kind kind = 0; kind < KINDS; kind++)
        server_stop(&relay_bench.servers[kind]);
}

struct load_config relay_bench_config(enum relay_kind kind, unsigned sessions)
{
    return (struct load_config){.public_port = relay_bench.servers[kind].public_port,
                                .staff_port = relay_bench.servers[kind].staff_port,
                                .host = "127.0.0.1",
                                .ca = relay_bench.ca,
                                .identity = relay_bench.identity,
                                .sessions = sessions};
}

struct load *relay_bench_open(enum relay_kind kind, unsigned sessions)
{
    struct load_config config = relay_bench_config(kind, sessions);
    char error[256];
    struct load *load;

    if (!relay_bench.servers[kind].pid)
        return NULL;
    load = load_open(&config, error);
    if (!load)
        bench_cannot("%u sessions at port %u: %s", sessions, config.public_port, error);
    return load;
}

/* ---- one measurement ---- */

void relay_bench_begin(void *context)
{
    struct relay_taking *taking = context;

    taking->cpu_s = server_cpu_s(taking->server);
}

void relay_bench_end(void *context)
{
    struct relay_taking *taking = context;

    taking->cpu_s = server_cpu_s(taking->server) - taking->cpu_s;
}

double relay_bench_take(enum relay_kind kind, struct load *load, const struct load_pattern *pattern, double seconds,
                        struct load_figures *figures)
{
    struct relay_taking taking = {.server = &relay_bench.servers[kind]};

    load_run(load, pattern, 0.3, seconds, relay_bench_begin, relay_bench_end, &taking, figures);
    if (figures->lost || figures->out_of_order || figures->altered || figures->closed)
        bench_remark("WRONG: %llu lost, %llu out of order, %llu altered, %llu closed",
                     (unsigned long long)figures->lost, (unsigned long long)figures->out_of_order,
                     (unsigned long long)figures->altered, (unsigned long long)figures->closed);
    return taking.cpu_s > 0 ? taking.cpu_s : 1e-9;
}
