/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/append_log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "proto/seal/kdf.h"
#include "tests/bench/bench.h"

static void random_fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    randombytes_buf(out, len);
}

static int64_t unix_ms(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wake(void *context)
{
    struct bench_log *l = context;
    uint64_t one = 1;

    l->groups++;
    if (write(l->woken, &one, sizeof one) != sizeof one)
        abort();
}

void bench_log_open(struct bench_log *l, const char *folder, const uint8_t seed[static 32])
{
    char checkpoint[BENCH_LOG_FOLDER_MAX + 16], error[RELAY_STORE_ERROR_MAX];
    struct relay_store_config store = {.folder = folder, .random = {.fill = random_fill}};
    struct proto_log_seen head;

    *l = (struct bench_log){.woken = eventfd(0, EFD_CLOEXEC)};
    snprintf(checkpoint, sizeof checkpoint, "%s.checkpoint", folder);
    if (relay_store_open(&l->store, &store, error) != PROTO_OK)
        bench_cannot("%s", error);
    struct relay_appender_config config = {.store = l->store,
                                           .seed = seed,
                                           .origin = BENCH_LOG_ORIGIN,
                                           .checkpoint_file = checkpoint,
                                           .threaded = true,
                                           .unix_ms = unix_ms,
                                           .context = l,
                                           .wake = wake};
    if (relay_appender_start(&l->log, &config, error) != PROTO_OK)
        bench_cannot("%s", error);
    relay_appender_head(l->log, &head);
    l->next = head.size;
}

void bench_log_close(struct bench_log *l)
{
    relay_appender_free(l->log);
    relay_store_close(l->store);
    close(l->woken);
}

struct relay_job bench_log_job(uint64_t n, uint64_t entries_of_a_session, size_t evidence_len)
{
    static const uint8_t evidence[BENCH_LOG_EVIDENCE_BYTES];
    struct relay_job job = {.ticket = n, .has_entry = true, .kind = PROTO_LOG_STATEMENT, .evidence = evidence};
    uint64_t session = n / entries_of_a_session;
    uint8_t sid[PROTO_SHA256_BYTES];

    job.evidence_len = evidence_len;
    proto_sha256(job.commitment, &n, sizeof n);
    proto_sha256(sid, &session, sizeof session);
    memcpy(job.sid, sid, sizeof job.sid);
    return job;
}

void bench_log_push(struct bench_log *l, const struct relay_job *job)
{
    if (relay_appender_push(l->log, job) != PROTO_OK)
        bench_cannot("the log's queue is full");
}

void bench_log_wait(struct bench_log *l)
{
    uint64_t count;

    if (read(l->woken, &count, sizeof count) != sizeof count)
        bench_cannot("the eventfd");
}

struct bench_cost bench_log_round(struct bench_log *l, size_t evidence_len)
{
    static struct relay_result result;
    double begin = bench_wall_us(), cpu = bench_cpu_us();
    uint64_t pushed = 0, taken = 0;

    while (taken < BENCH_LOG_ROUND) {
        for (; pushed < BENCH_LOG_ROUND && pushed - taken < BENCH_LOG_WINDOW; pushed++) {
            struct relay_job job = bench_log_job(l->next++, BENCH_LOG_SESSION, evidence_len);
            bench_log_push(l, &job);
        }
        bench_log_wait(l);
        for (; relay_appender_take_result(l->log, &result); taken++)
            if (result.err != PROTO_OK)
                bench_cannot("an append failed: %s", result.text);
    }
    return (struct bench_cost){(bench_wall_us() - begin) / BENCH_LOG_ROUND, (bench_cpu_us() - cpu) / BENCH_LOG_ROUND};
}
