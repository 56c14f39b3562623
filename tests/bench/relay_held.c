/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection costs before it says anything: memory, and the handshake. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/relay_bench.h"

/* ---- memory ---- */

static double idle_kb(enum relay_kind kind, unsigned sessions)
{
    if (!relay_bench_start(kind))
        return 0;
    load_close(relay_bench_open(kind, 4)); /* what is allocated once */
    double before = server_resident_kb(&relay_bench.servers[kind]);
    struct load *load = relay_bench_open(kind, sessions);
    load_rest(load, 3); /* what the handshakes took goes back when no more come */
    double kb = (server_resident_kb(&relay_bench.servers[kind]) - before) / sessions;
    load_close(load);
    server_stop(&relay_bench.servers[kind]);
    return kb;
}

static void note_resident(void *context)
{
    struct relay_taking *taking = context;

    taking->cpu_s = server_resident_kb(taking->server); /* a figure of another kind in the same place */
}

/* A connection of a customer before its first message: what TLS and WebSocket alone cost. */
static double connection_kb(enum relay_kind kind, unsigned pile)
{
    struct relay_taking taking = {.server = &relay_bench.servers[kind]};

    if (!relay_bench_start(kind))
        return 0;
    struct load_config config = relay_bench_config(kind, 0);
    (void)load_handshakes(&config, 64, 64, 60, NULL, NULL); /* what is allocated once */
    double before = server_resident_kb(&relay_bench.servers[kind]);
    (void)load_handshakes(&config, 64, pile, 120, note_resident, &taking);
    server_stop(&relay_bench.servers[kind]);
    return (taking.cpu_s - before) / pile;
}

void relay_measure_memory(void)
{
    unsigned sessions = relay_bench.sessions ? relay_bench.sessions : relay_bench.quick ? 1000 : 5000;
    struct report_row row = {.must = 40, .aim = 30};

    row.ours = idle_kb(OURS, sessions);
    row.bound = idle_kb(BOUND, sessions);
    snprintf(row.name, sizeof row.name, "resident kB of an idle session, %u sessions", sessions);
    report_add(&relay_bench.report, &row);
    struct report_row line = {.held = HELD_TO_NOTHING};
    line.ours = connection_kb(OURS, sessions);
    line.bound = connection_kb(BOUND, sessions);
    snprintf(line.name, sizeof line.name, "resident kB of a silent connection, %u of them", sessions);
    report_add(&relay_bench.report, &line);
}

/* ---- handshakes ---- */

static double handshakes(enum relay_kind kind, unsigned pile)
{
    struct load_config config = relay_bench_config(kind, 0);
    struct relay_taking taking = {.server = &relay_bench.servers[kind]};

    relay_bench_begin(&taking);
    uint64_t done = load_handshakes(&config, 64, pile, pile ? 120 : relay_bench.seconds * 2, relay_bench_end, &taking);
    if (pile && done < pile)
        bench_remark("only %llu of %u connections piled up", (unsigned long long)done, pile);
    return (double)done / (taking.cpu_s > 0 ? taking.cpu_s : 1e-9);
}

void relay_measure_handshakes(void)
{
    static struct bench_series few[KINDS], piled[KINDS];
    unsigned pile = relay_bench.quick ? 2000 : 10000;
    char name[64];

    memset(few, 0, sizeof few);
    memset(piled, 0, sizeof piled);
    relay_bench_start_all();
    server_stop(&relay_bench.servers[WS]);
    for (int round = 0; round < relay_bench.rounds; round++)
        for (enum relay_kind kind = 0; kind < WS; kind++)
            bench_add(&few[kind], handshakes(kind, 0));
    for (int round = 0; round < (relay_bench.quick ? 1 : 3); round++)
        for (enum relay_kind kind = 0; kind < WS; kind++)
            bench_add(&piled[kind], handshakes(kind, pile));
    relay_bench_stop_all();
    struct report_row row = {.held = HELD_TO_BOUND, .must = 0.85, .aim = 1, .more_is_better = true};
    snprintf(row.name, sizeof row.name, "full handshakes a CPU-second");
    row.ours = bench_median(&few[OURS]);
    row.bound = bench_median(&few[BOUND]);
    report_add(&relay_bench.report, &row);
    snprintf(name, sizeof name, "the same while %u connections pile up", pile);
    snprintf(row.name, sizeof row.name, "%s", name);
    row.ours = bench_median(&piled[OURS]);
    row.bound = bench_median(&piled[BOUND]);
    report_add(&relay_bench.report, &row);
}
