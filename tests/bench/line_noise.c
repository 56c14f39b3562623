/* SPDX-License-Identifier: Apache-2.0 */
/* How late this machine is by itself: a run on a machine that is seconds late says nothing about the line. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/line.h"

enum { CORES = 64, BUCKETS = 2000, BUCKET_US = 50, PERIOD_NS = 1000000 };

struct core {
    pthread_t thread;
    struct line_noise *of;
    int number;
    uint32_t late[BUCKETS], count;
};

struct line_noise {
    atomic_bool end;
    int cores;
    struct core core[CORES];
};

static void *watch(void *context)
{
    struct core *core = context;
    struct timespec next, now;
    cpu_set_t here;

    CPU_ZERO(&here);
    CPU_SET((size_t)core->number, &here);
    (void)pthread_setaffinity_np(pthread_self(), sizeof here, &here);
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!atomic_load(&core->of->end)) {
        next.tv_nsec += PERIOD_NS;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t late_us = ((int64_t)now.tv_sec - next.tv_sec) * 1000000 + (now.tv_nsec - next.tv_nsec) / 1000;
        int64_t bucket = late_us < 0 ? 0 : late_us / BUCKET_US;
        core->late[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
        core->count++;
        if (late_us > 10000)
            next = now; /* a stop of the whole machine counts once */
    }
    return NULL;
}

struct line_noise *line_noise_start(void)
{
    struct line_noise *noise = calloc(1, sizeof *noise);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (!noise)
        return NULL;
    for (int i = 0; i < cores && i < CORES; i++) {
        noise->core[i] = (struct core){.of = noise, .number = i};
        if (pthread_create(&noise->core[i].thread, NULL, watch, &noise->core[i]) != 0)
            break;
        noise->cores++;
    }
    return noise;
}

double line_noise_end_ms(struct line_noise *noise)
{
    double worst = -1;

    if (!noise)
        return -1;
    atomic_store(&noise->end, true);
    for (int i = 0; i < noise->cores; i++) {
        struct core *core = &noise->core[i];
        uint32_t seen = 0;
        int at = 0;
        pthread_join(core->thread, NULL);
        while (at < BUCKETS - 1 && (seen += core->late[at]) * UINT64_C(100) < core->count * UINT64_C(99))
            at++;
        if (at * BUCKET_US / 1000.0 > worst)
            worst = at * BUCKET_US / 1000.0;
    }
    free(noise);
    return worst;
}
