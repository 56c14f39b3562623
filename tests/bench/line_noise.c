/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How late this machine is by itself, and how much others take of it: a run on a machine that is busy elsewhere says
 * nothing about the line. The timer goes before the programs that are measured, so it is late by what the machine, or
 * the host below it, takes away; what other programs take is counted from /proc.
 */
#include "tests/bench/line_noise.h"

#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CORES = 64, BUCKETS = 2000, BUCKET_US = 50, PERIOD_NS = 1000000, PIDS = 32768 };

struct core {
    pthread_t thread;
    struct line_noise *of;
    int number;
    uint32_t late[BUCKETS], count;
};

struct line_noise {
    atomic_bool end;
    int cores;
    double busy_ms, own_ms; /* of all cores, when it began */
    int64_t began_ns;
    struct core core[CORES];
};

/* ---- who takes what ---- */

struct process {
    int parent;
    double ms; /* with the children that it has seen the end of */
};

static double ticks_ms(double ticks)
{
    return ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
}

/* What programs took of all cores since the machine started. */
static double busy_ms(void)
{
    double user = 0, nice = 0, system = 0;
    FILE *file = fopen("/proc/stat", "re");

    if (file) {
        if (fscanf(file, "cpu %lf %lf %lf", &user, &nice, &system) != 3)
            user = nice = system = 0;
        fclose(file);
    }
    return ticks_ms(user + nice + system);
}

static void read_process(const char *name, struct process *all)
{
    char path[300], text[1024];
    double took[4] = {0};
    int parent = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%s/stat", name);
    if (!(file = fopen(path, "re")))
        return;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *after = strrchr(text, ')'); /* the name may have anything in it */
    if (after && atoi(name) < PIDS &&
        sscanf(after + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf %lf %lf", &parent, &took[0], &took[1],
               &took[2], &took[3]) == 5)
        all[atoi(name)] = (struct process){parent, ticks_ms(took[0] + took[1] + took[2] + took[3])};
}

/* What this program and all that it started took. */
static double own_ms(void)
{
    struct process *all = calloc(PIDS, sizeof *all);
    DIR *dir = all ? opendir("/proc") : NULL;
    double sum = 0;

    for (struct dirent *one; dir && (one = readdir(dir));)
        if (isdigit((unsigned char)one->d_name[0]))
            read_process(one->d_name, all);
    if (dir)
        closedir(dir);
    for (int i = 1; all && i < PIDS; i++) {
        int at = i, steps = 0;
        while (all[i].ms > 0 && at > 1 && at < PIDS && at != getpid() && steps++ < 64)
            at = all[at].parent;
        if (all[i].ms > 0 && at == getpid())
            sum += all[i].ms;
    }
    free(all);
    return sum;
}

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- how late it is ---- */

static void *watch(void *context)
{
    struct core *core = context;
    const struct sched_param first = {.sched_priority = 2};
    struct timespec next, now;
    cpu_set_t here;

    CPU_ZERO(&here);
    CPU_SET((size_t)core->number, &here);
    (void)pthread_setaffinity_np(pthread_self(), sizeof here, &here);
    (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
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
    noise->busy_ms = busy_ms();
    noise->own_ms = own_ms();
    noise->began_ns = clock_ns();
    return noise;
}

double line_noise_end_ms(struct line_noise *noise, double *others_percent)
{
    double worst = -1;

    *others_percent = 0;
    if (!noise)
        return -1;
    double took = (double)(clock_ns() - noise->began_ns) / 1e6, others = busy_ms() - noise->busy_ms;
    others -= own_ms() - noise->own_ms;
    *others_percent = took > 0 && others > 0 ? others * 100 / took : 0;
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
