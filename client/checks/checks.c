/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs, who waits, what was found. One mutex; no thread holds it while it waits for a socket. */
#include "client/checks/checks.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "client/checks/chain.h"
#include "client/checks/checks_inside.h"

/* ---- results ---- */

static int64_t unix_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void check_tell(struct client_checks *c, const struct client_check_result *result)
{
    struct client_check_result *place = &c->results[(c->first + c->count) % RESULTS_MAX];

    *place = *result;
    place->unix_ms = unix_ms();
    if (c->count < RESULTS_MAX)
        c->count++;
    else
        c->first = (c->first + 1) % RESULTS_MAX;
    c->woken(c->context);
}

static bool some_left(const struct client_checks *c, uint32_t id)
{
    for (size_t i = 0; i < c->waiting_count; i++)
        if (c->waiting[i]->run.result.id == id)
            return true;
    for (size_t i = 0; i < c->running_count; i++)
        if (c->running[i]->run.result.id == id)
            return true;
    return false;
}

static void end_chain(struct client_checks *c)
{
    struct client_check_result whole;
    bool cancelled = false;

    for (size_t i = 0; i < c->part_count; i++)
        cancelled |= c->parts[i].status == CLIENT_CHECK_CANCELLED;
    client_check_chain(c->parts, c->part_count, &whole);
    if (cancelled)
        whole = (struct client_check_result){.check = "chain", .status = CLIENT_CHECK_CANCELLED};
    whole.id = c->chain_id;
    whole.last = true;
    c->chain_id = 0;
    c->part_count = 0;
    check_tell(c, &whole);
}

/* With the lock held: one is done, and is in no list any more. */
static void finish(struct client_checks *c, struct job *job)
{
    struct client_check_result *r = &job->run.result;
    bool more = some_left(c, r->id);

    r->last = !more && !job->of_chain;
    if (job->of_chain && c->part_count < CLIENT_CHECKS_MAX)
        c->parts[c->part_count++] = *r;
    check_tell(c, r);
    if (job->of_chain && !more)
        end_chain(c);
    close(job->run.cancel_fd);
    free(job);
    pthread_cond_broadcast(&c->change);
}

/* ---- the threads ---- */

static void remove_job(struct job **list, size_t *count, const struct job *job)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i] == job) {
            memmove(&list[i], &list[i + 1], (--*count - i) * sizeof *list);
            return;
        }
}

/* A target by name of the agent's: only where the settings allow, so that nobody looks around by way of this end. */
static bool may_touch(struct check_run *run)
{
    struct check_address to;
    char host[129];
    unsigned port;
    const char *why;

    if (!strcmp(run->config->targets, "any"))
        return true;
    if (strcmp(run->config->targets, "none") != 0 && check_split(run->result.target, 80, host, &port) &&
        check_resolve(run, host, port, 0, &to, &why) && check_is_local(&to)) {
        memcpy(run->pinned_host, host, sizeof host); /* a name server that says another thing next time is not asked */
        run->pinned = to;
        return true;
    }
    check_rule(run, "only devices of this home may be tried out (targets = %s)", run->config->targets);
    check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "%.128s is no device of this home", run->result.target);
    return false;
}

static void run_one(struct job *job)
{
    struct check_run *run = &job->run;

    run->started_ms = check_mono_ms();
    run->deadline_ms = run->started_ms + run->config->timeout_ms;
    run->theirs = job->kind->takes_target && run->result.target[0];
    if (!run->theirs || may_touch(run))
        job->kind->probe(run);
    run->result.duration_ms = (uint32_t)(check_mono_ms() - run->started_ms);
    if (run->cancelled) {
        run->result.status = CLIENT_CHECK_CANCELLED;
        run->result.has_value = false;
        run->result.figure[0] = run->result.detail[0] = run->result.advice[0] = '\0';
    }
}

static void *work(void *context)
{
    struct client_checks *c = context;

    pthread_mutex_lock(&c->lock);
    while (!c->ending) {
        struct job *job;

        if (!c->waiting_count) {
            pthread_cond_wait(&c->change, &c->lock);
            continue;
        }
        job = c->waiting[0];
        remove_job(c->waiting, &c->waiting_count, job);
        c->running[c->running_count++] = job;
        job->run.result.status = CLIENT_CHECK_RUNNING;
        check_tell(c, &job->run.result);
        pthread_mutex_unlock(&c->lock);
        run_one(job);
        pthread_mutex_lock(&c->lock);
        remove_job(c->running, &c->running_count, job);
        finish(c, job);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- stopping ---- */

static void cancel_locked(struct client_checks *c, uint32_t id)
{
    for (size_t i = 0; i < c->running_count; i++)
        if (!id || c->running[i]->run.result.id == id)
            (void)eventfd_write(c->running[i]->run.cancel_fd, 1);
    for (size_t i = 0; i < c->waiting_count;) {
        struct job *job = c->waiting[i];

        if (id && job->run.result.id != id) {
            i++;
            continue;
        }
        remove_job(c->waiting, &c->waiting_count, job);
        job->run.result.status = CLIENT_CHECK_CANCELLED;
        finish(c, job);
    }
}

void client_checks_cancel(struct client_checks *c, uint32_t id)
{
    pthread_mutex_lock(&c->lock);
    cancel_locked(c, id);
    pthread_mutex_unlock(&c->lock);
}

void client_checks_stop(struct client_checks *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    cancel_locked(c, 0);
    while (c->running_count)
        pthread_cond_wait(&c->change, &c->lock);
    c->first = c->count = 0;
    c->part_count = 0;
    c->chain_id = 0;
    pthread_mutex_unlock(&c->lock);
}

bool client_checks_take(struct client_checks *c, struct client_check_result *out)
{
    bool some;

    pthread_mutex_lock(&c->lock);
    some = c->count > 0;
    if (some) {
        *out = c->results[c->first];
        c->first = (c->first + 1) % RESULTS_MAX;
        c->count--;
    }
    pthread_mutex_unlock(&c->lock);
    return some;
}

/* ---- life ---- */

enum proto_err client_checks_new(struct client_checks **out, const struct client_check_config *config,
                                 void (*woken)(void *context), void *context)
{
    struct client_checks *c = calloc(1, sizeof *c);

    *out = NULL;
    if (!c)
        return PROTO_ERR_NOMEM;
    mosquitto_lib_init();
    c->config = *config;
    c->woken = woken;
    c->context = context;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->change, NULL);
    while (c->thread_count < CLIENT_CHECKS_AT_ONCE) {
        if (pthread_create(&c->threads[c->thread_count], NULL, work, c)) {
            client_checks_free(c);
            return PROTO_ERR_NOMEM;
        }
        c->thread_count++;
    }
    *out = c;
    return PROTO_OK;
}

void client_checks_free(struct client_checks *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->ending = true;
    cancel_locked(c, 0);
    pthread_cond_broadcast(&c->change);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < c->thread_count; i++)
        pthread_join(c->threads[i], NULL);
    pthread_cond_destroy(&c->change);
    pthread_mutex_destroy(&c->lock);
    mosquitto_lib_cleanup();
    free(c);
}
