/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/relay_bench.h - what the parts of bench_relay share: the relays of a run, and one measurement of one. */
#ifndef TESTS_BENCH_RELAY_BENCH_H
#define TESTS_BENCH_RELAY_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/bench/relay_load.h"
#include "tests/bench/relay_report.h"
#include "tests/bench/relay_server.h"

enum relay_kind { OURS, BOUND, WS, KINDS };
enum { RELAY_PATH_BYTES = 512 };

extern struct relay_bench {
    char bin[RELAY_PATH_BYTES], dir[64], ca[96], identity[96], cert[96], key[96], peer[RELAY_PATH_BYTES], config[96];
    const char *out, *only;
    int rounds;
    double seconds;
    size_t size;       /* 0: all */
    unsigned sessions; /* 0: all */
    bool quick, ws, out_given;
    struct server servers[KINDS];
    struct report report;
} relay_bench;

bool relay_bench_start(enum relay_kind kind);
/** All that are here; ends the program when ours or the bound does not start. */
void relay_bench_start_all(void);
void relay_bench_stop_all(void);
/**
 * For how late a relay is: those that run, and this program, come before whatever else the machine does. Small programs
 * that take a core for some milliseconds would be most of what is measured. Where this program may not do that it says
 * so.
 */
void relay_bench_put_first(void);
struct load_config relay_bench_config(enum relay_kind kind, unsigned sessions);
/** NULL: this kind does not run. Ends the program when the sessions do not stand. */
struct load *relay_bench_open(enum relay_kind kind, unsigned sessions);

/* Processor time of a relay between two calls, as load_run() and load_handshakes() make them. */
struct relay_taking {
    const struct server *server;
    double cpu_s;
};
void relay_bench_begin(void *taking);
void relay_bench_end(void *taking);
/** Processor seconds; says so when a message was lost, on the way or altered. */
double relay_bench_take(enum relay_kind kind, struct load *load, const struct load_pattern *pattern, double seconds,
                        struct load_figures *figures);

void relay_measure_throughput(void);
void relay_measure_calls(void);
void relay_measure_paced(void);
void relay_measure_most(void);
void relay_measure_memory(void);
void relay_measure_handshakes(void);
void relay_measure_flat(void);

#endif
