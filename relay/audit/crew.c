/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/crew.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS_PER_THREAD = 4, THREADS_MAX = 256 };

struct worker {
    struct audit_crew *crew;
    struct audit_organisation o; /* borrows all but its two stores */
    pthread_t thread;
    bool runs;
};

/* Jobs are numbered as they are given out; slot n % slots. taken <= done in order <= picked <= sent. */
struct audit_crew {
    struct audit_crew_config config;
    pthread_mutex_t lock;
    pthread_cond_t work_there, job_done;
    struct worker *workers;
    unsigned threads;
    unsigned char *jobs;
    bool *done;
    size_t slots;
    uint64_t sent, picked, taken;
    bool over;
    enum proto_err err;
};

static void *job_at(struct audit_crew *crew, uint64_t number)
{
    return crew->jobs + number % crew->slots * crew->config.job_bytes;
}

static void do_job(struct worker *worker, uint64_t number)
{
    struct audit_crew *crew = worker->crew;

    relay_store_begin_reading(worker->o.log);
    relay_store_begin_reading(worker->o.rows);
    crew->config.work(&worker->o, crew->config.context, job_at(crew, number));
    relay_store_end_reading(worker->o.rows);
    relay_store_end_reading(worker->o.log);
}

static void *run(void *context)
{
    struct worker *worker = context;
    struct audit_crew *crew = worker->crew;

    pthread_mutex_lock(&crew->lock);
    for (;;) {
        while (crew->picked == crew->sent && !crew->over)
            pthread_cond_wait(&crew->work_there, &crew->lock);
        if (crew->picked == crew->sent)
            break;
        uint64_t number = crew->picked++;
        pthread_mutex_unlock(&crew->lock);
        do_job(worker, number);
        pthread_mutex_lock(&crew->lock);
        crew->done[number % crew->slots] = true;
        pthread_cond_signal(&crew->job_done);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static void take_next(struct audit_crew *crew)
{
    uint64_t number = crew->taken;

    pthread_mutex_lock(&crew->lock);
    while (!crew->done[number % crew->slots])
        pthread_cond_wait(&crew->job_done, &crew->lock);
    crew->done[number % crew->slots] = false;
    pthread_mutex_unlock(&crew->lock);
    if (!crew->err)
        crew->err = crew->config.take(crew->config.context, job_at(crew, number));
    crew->taken++;
}

void *audit_crew_job(struct audit_crew *crew)
{
    if (crew->sent - crew->taken == crew->slots)
        take_next(crew);
    return crew->err ? NULL : memset(job_at(crew, crew->sent), 0, crew->config.job_bytes);
}

void audit_crew_send(struct audit_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->sent++;
    pthread_cond_signal(&crew->work_there);
    pthread_mutex_unlock(&crew->lock);
}

/* ---- beginning and end ---- */

static enum proto_err start_worker(struct audit_crew *crew, struct worker *worker, const struct audit_organisation *o)
{
    worker->crew = crew;
    if (!audit_open_again(&worker->o, o))
        return PROTO_ERR_IO;
    worker->runs = pthread_create(&worker->thread, NULL, run, worker) == 0;
    return worker->runs ? PROTO_OK : PROTO_ERR_NOMEM;
}

static void end(struct audit_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->over = true;
    pthread_cond_broadcast(&crew->work_there);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned i = 0; crew->workers && i < crew->threads; i++) {
        if (crew->workers[i].runs)
            pthread_join(crew->workers[i].thread, NULL);
        audit_close_again(&crew->workers[i].o);
    }
    pthread_cond_destroy(&crew->work_there);
    pthread_cond_destroy(&crew->job_done);
    pthread_mutex_destroy(&crew->lock);
    if (crew->jobs)
        sodium_memzero(crew->jobs, crew->slots * crew->config.job_bytes);
    free(crew->jobs);
    free(crew->done);
    free(crew->workers);
    free(crew);
}

enum proto_err audit_crew_new(struct audit_crew **out, const struct audit_crew_config *config,
                              const struct audit_organisation *o)
{
    struct audit_crew *crew = calloc(1, sizeof *crew);
    long cores = config->threads ? (long)config->threads : sysconf(_SC_NPROCESSORS_ONLN);
    enum proto_err err = PROTO_OK;

    *out = NULL;
    if (!crew)
        return PROTO_ERR_NOMEM;
    crew->config = *config;
    crew->threads = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (unsigned)cores;
    crew->slots = (size_t)crew->threads * JOBS_PER_THREAD;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work_there, NULL);
    pthread_cond_init(&crew->job_done, NULL);
    crew->jobs = calloc(crew->slots, config->job_bytes);
    crew->done = calloc(crew->slots, sizeof *crew->done);
    crew->workers = calloc(crew->threads, sizeof *crew->workers);
    if (!crew->jobs || !crew->done || !crew->workers)
        err = PROTO_ERR_NOMEM;
    for (unsigned i = 0; !err && i < crew->threads; i++)
        err = start_worker(crew, &crew->workers[i], o);
    if (err)
        end(crew);
    else
        *out = crew;
    return err;
}

enum proto_err audit_crew_finish(struct audit_crew *crew)
{
    while (crew->taken < crew->sent)
        take_next(crew);
    enum proto_err err = crew->err;
    end(crew);
    return err;
}
