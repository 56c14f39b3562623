/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/relay_server.h - a relay of any kind as a process of its own: what it takes of the processor and memory.
 */
#ifndef TESTS_BENCH_RELAY_SERVER_H
#define TESTS_BENCH_RELAY_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    uint16_t public_port, staff_port; /* staff_port 0: it has none */
};

/** Pinned to `core` (-1: to none); waits for its line "ready". false: it ended, or said something else. */
bool server_start(struct server *server, const char *const *argv, int core);
void server_stop(struct server *server);

/** All of its threads before whatever else runs on its core; false: this program may not decide that. */
bool server_put_first(const struct server *server);

double server_cpu_s(const struct server *server); /* all threads so far, by the scheduler's own account */
double server_resident_kb(const struct server *server);
unsigned server_descriptors(const struct server *server);
/** Counts the process's system calls with perf from here to the stop; false: there is no perf, or it may not. */
bool server_count_calls(const struct server *server, pid_t *counter, const char *file);
/** How many; negative: unknown. */
double server_calls(pid_t counter, const char *file);

/** A folder with an organisation, a relay for 127.0.0.1 and the agent `load`, and a relay.ini without small bounds. */
bool server_make_place(const char *bin, const char *dir);

#endif
