/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs, who waits, what was found. One mutex; no thread holds it while it waits for a socket. */
#include "client/checks/checks.h"

#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "client/checks/chain.h"
#include "client/checks/inside.h"

enum { RESULTS_MAX = 4 * CLIENT_CHECKS_MAX };

struct job {
    const struct check_kind *kind; /* NULL: this place is free */
    struct check_run run;
    bool of_chain;
};

struct client_checks {
    struct client_check_config config;
    void (*woken)(void *context);
    void *context;
    pthread_t threads[CLIENT_CHECKS_AT_ONCE];
    size_t thread_count;
    /* Under the lock */
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct job *waiting[CLIENT_CHECKS_MAX], *running[CLIENT_CHECKS_MAX];
    size_t waiting_count, running_count;
    struct client_check_result results[RESULTS_MAX]; /* a ring */
    size_t first, count;
    struct client_check_result parts[CLIENT_CHECKS_MAX]; /* of the chain that runs */
    size_t part_count;
    uint32_t chain_id; /* 0: none runs */
    bool ending;
};

/* ---- results ---- */

static int64_t unix_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* With the lock held. A ring that nobody empties loses its oldest. */
static void tell(struct client_checks *c, const struct client_check_result *result)
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
    tell(c, &whole);
}

/* With the lock held: one is done, and is in no list any more. */
static void finish(struct client_checks *c, struct job *job)
{
    struct client_check_result *r = &job->run.result;
    bool more = some_left(c, r->id);

    r->last = !more && !job->of_chain;
    if (job->of_chain && c->part_count < CLIENT_CHECKS_MAX)
        c->parts[c->part_count++] = *r;
    tell(c, r);
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
        check_resolve(run, host, port, 0, &to, &why) && check_is_local(&to))
        return true;
    check_rule(run, "only devices of this home may be tried out (targets = %s)", run->config->targets);
    check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "%.128s is no device of this home", run->result.target);
    return false;
}

static void run_one(struct job *job)
{
    struct check_run *run = &job->run;
    bool theirs = job->kind->takes_target && run->result.target[0];

    run->started_ms = check_mono_ms();
    run->deadline_ms = run->started_ms + run->config->timeout_ms;
    if (!theirs || may_touch(run))
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
        tell(c, &job->run.result);
        pthread_mutex_unlock(&c->lock);
        run_one(job);
        pthread_mutex_lock(&c->lock);
        remove_job(c->running, &c->running_count, job);
        finish(c, job);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- asking ---- */

static enum proto_err add(struct client_checks *c, const struct check_kind *kind, uint32_t id, const char *target,
                          const struct check_facts *facts, bool of_chain)
{
    struct job *job;

    if (c->waiting_count + c->running_count >= CLIENT_CHECKS_MAX)
        return PROTO_ERR_FULL;
    job = calloc(1, sizeof *job);
    if (!job)
        return PROTO_ERR_NOMEM;
    job->kind = kind;
    job->of_chain = of_chain;
    job->run.config = &c->config;
    job->run.facts = *facts;
    job->run.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    job->run.result.id = id;
    job->run.result.link = kind->link;
    snprintf(job->run.result.check, sizeof job->run.result.check, "%s", kind->name);
    snprintf(job->run.result.target, sizeof job->run.result.target, "%s", target);
    if (job->run.cancel_fd < 0) {
        free(job);
        return PROTO_ERR_FULL;
    }
    c->waiting[c->waiting_count++] = job;
    return PROTO_OK;
}

/* One of the table; the check of names is one for each server. */
static enum proto_err add_kind(struct client_checks *c, const struct check_kind *kind, uint32_t id, const char *target,
                               const struct check_facts *facts, bool of_chain)
{
    enum proto_err err = PROTO_OK;

    if (kind->probe != check_dns || !facts->server_count)
        return add(c, kind, id, kind->takes_target ? target : "", facts, of_chain);
    for (size_t i = 0; i < facts->server_count && !err; i++)
        err = add(c, kind, id, facts->servers[i], facts, of_chain);
    return err;
}

static void ask_firmware(struct client_checks *c, uint32_t id, const struct client_state_model *model)
{
    static const size_t room = 64;
    struct client_check_result *found = calloc(room, sizeof *found);
    size_t count = found ? check_firmware(&c->config, model, id, found, room) : 0;

    for (size_t i = 0; i < count; i++) {
        found[i].last = i + 1 == count;
        tell(c, &found[i]);
    }
    free(found);
}

static enum proto_err ask_table(struct client_checks *c, uint32_t id, const char *check, const char *target,
                                const struct check_facts *facts)
{
    bool chain = !strcmp(check, "chain");
    enum proto_err err = PROTO_ERR_NOT_FOUND;

    if (chain && c->chain_id)
        return PROTO_ERR_EXISTS;
    for (size_t i = 0; i < check_kind_count; i++) {
        const struct check_kind *kind = &check_kinds[i];
        bool meant = chain ? kind->in_chain : !strcmp(kind->name, check);

        if (!meant)
            continue;
        if (chain && c->waiting_count + c->running_count + SERVERS_MAX >= CLIENT_CHECKS_MAX)
            return PROTO_ERR_FULL;
        err = add_kind(c, kind, id, chain ? "" : target, facts, chain);
        if (err != PROTO_OK)
            break;
        if (chain)
            c->chain_id = id;
    }
    return err;
}

enum proto_err client_checks_ask(struct client_checks *c, uint32_t id, const char *check, const char *target,
                                 uint64_t agent_unix_ms, double session_kbps, const struct client_state_model *model,
                                 struct proto_now now)
{
    struct check_facts facts;
    enum proto_err err = PROTO_OK;

    if (strlen(target) >= CLIENT_CHECK_TARGET_BYTES || strlen(check) >= CLIENT_CHECK_NAME_BYTES)
        return PROTO_ERR_RANGE;
    check_facts_read(&facts, &c->config, model, now);
    facts.agent_unix_ms = agent_unix_ms;
    facts.skew_ms = now.unix_ms - (int64_t)agent_unix_ms;
    facts.session_kbps = session_kbps;
    pthread_mutex_lock(&c->lock);
    if (!strcmp(check, "firmware"))
        ask_firmware(c, id, model);
    else
        err = ask_table(c, id, check, target, &facts);
    pthread_cond_broadcast(&c->change);
    pthread_mutex_unlock(&c->lock);
    return err;
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
