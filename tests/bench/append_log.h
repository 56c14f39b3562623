/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/append_log.h - a log under load: with all its threads, over a queue that is kept full, so that a group
 * forms while the one before is written. Half of what is under way is one group.
 */
#ifndef TESTS_BENCH_APPEND_LOG_H
#define TESTS_BENCH_APPEND_LOG_H

#include <stdint.h>

#include "relay/log/appender.h"

#define BENCH_LOG_ORIGIN "relay.example/audit/acme.example"
enum {
    BENCH_LOG_GROUP = 100,                  /* appends in one commit */
    BENCH_LOG_WINDOW = 2 * BENCH_LOG_GROUP, /* appends under way */
    BENCH_LOG_ROUND = 10 * BENCH_LOG_GROUP, /* appends in a round */
    BENCH_LOG_EVIDENCE_BYTES = 1024,        /* a sealed statement of the usual length, and the most here */
    BENCH_LOG_SESSION = 5,                  /* entries of a session in the rounds */
    BENCH_LOG_FOLDER_MAX = 256,
};

struct bench_log {
    struct relay_store *store;
    struct relay_appender *log;
    int woken;       /* an eventfd: results are there */
    uint64_t next;   /* number of the next job; of a log that is made of rounds alone its size */
    uint64_t groups; /* written; counted on the log's thread, read when all that was pushed is back */
};

struct bench_cost {
    double wall_us, cpu_us; /* of one append */
};

/** The log in `folder`, which is made when there is none; ends the program when it cannot. */
void bench_log_open(struct bench_log *l, const char *folder, const uint8_t seed[static 32]);
void bench_log_close(struct bench_log *l);
/** Entry `n`, of a session that has so many; commitments and sessions are as scattered as real ones. */
struct relay_job bench_log_job(uint64_t n, uint64_t entries_of_a_session, size_t evidence_len);
void bench_log_push(struct bench_log *l, const struct relay_job *job);
void bench_log_wait(struct bench_log *l);
/** A round, until its last result is there. */
struct bench_cost bench_log_round(struct bench_log *l, size_t evidence_len);

#endif
