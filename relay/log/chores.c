/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/chores.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct log_chores {
    struct relay_store *store;   /* owned, a reader; NULL: the store is in memory */
    const char *checkpoint_file; /* borrowed; NULL: none is kept */
    pthread_t thread;

    /* Shared, under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t told;
    uint64_t size, vouched_size;
    char note[PROTO_LOG_CHECKPOINT_MAX];
    bool fold, stopping;
    struct timespec fold_due;  /* monotonic */
    struct timespec vouch_due; /* monotonic; the checkpoint file is not written before */
};

void log_chores_in_ms(struct timespec *then, long ms)
{
    clock_gettime(CLOCK_MONOTONIC, then);
    then->tv_sec += ms / 1000;
    then->tv_nsec += ms % 1000 * 1000000;
    if (then->tv_nsec >= 1000000000) {
        then->tv_sec++;
        then->tv_nsec -= 1000000000;
    }
}

static bool is_past(const struct timespec *then)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > then->tv_sec || (now.tv_sec == then->tv_sec && now.tv_nsec >= then->tv_nsec);
}

static bool owes_vouch(const struct log_chores *c)
{
    return c->checkpoint_file && c->vouched_size != c->size;
}

/* Under the lock, which it gives up meanwhile. A failure leaves it owed. */
static void vouch(struct log_chores *c)
{
    char note[PROTO_LOG_CHECKPOINT_MAX];
    uint64_t size = c->size;

    memcpy(note, c->note, sizeof note);
    pthread_mutex_unlock(&c->lock);
    bool written = log_vouch_write(c->checkpoint_file, note);
    pthread_mutex_lock(&c->lock);
    if (written)
        c->vouched_size = size;
    log_chores_in_ms(&c->vouch_due, RELAY_APPENDER_VOUCH_S * 1000);
}

static void fold(struct log_chores *c)
{
    c->fold = false;
    pthread_mutex_unlock(&c->lock);
    relay_store_fold(c->store);
    pthread_mutex_lock(&c->lock);
}

static void *run(void *context)
{
    struct log_chores *c = context;

    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        if (c->fold && c->store && is_past(&c->fold_due))
            fold(c);
        else if (c->fold && c->store)
            pthread_cond_timedwait(&c->told, &c->lock, &c->fold_due);
        else if (owes_vouch(c) && is_past(&c->vouch_due))
            vouch(c);
        else if (owes_vouch(c))
            pthread_cond_timedwait(&c->told, &c->lock, &c->vouch_due);
        else
            pthread_cond_wait(&c->told, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Waits by the monotonic clock: someone may set the other. */
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum proto_err log_chores_start(struct log_chores **out, const struct log_writer *w)
{
    struct log_chores *c = calloc(1, sizeof *c);
    enum proto_err err = c ? relay_store_open_beside(&c->store, w->store) : PROTO_ERR_NOMEM;

    *out = NULL;
    if (err) {
        free(c);
        return err;
    }
    c->checkpoint_file = w->checkpoint_file;
    c->size = w->head.size;
    c->vouched_size = w->vouched_size;
    memcpy(c->note, w->checkpoint, sizeof c->note);
    pthread_mutex_init(&c->lock, NULL);
    init_condition(&c->told);
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        relay_store_close(c->store);
        free(c);
        return PROTO_ERR_NOMEM;
    }
    *out = c;
    return PROTO_OK;
}

void log_chores_free(struct log_chores *c, uint64_t *vouched_size)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->told);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    *vouched_size = c->vouched_size;
    relay_store_close(c->store);
    pthread_cond_destroy(&c->told);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void log_chores_tell(struct log_chores *c, uint64_t size, const char *note, bool fold)
{
    pthread_mutex_lock(&c->lock);
    bool owed = owes_vouch(c);
    if (c->size != size) {
        c->size = size;
        memcpy(c->note, note, sizeof c->note);
    }
    if (fold && !c->fold)
        log_chores_in_ms(&c->fold_due, LOG_CHORES_REST_MS);
    c->fold |= fold;
    if (fold || !owed) /* one that owes already sleeps until it is due */
        pthread_cond_signal(&c->told);
    pthread_mutex_unlock(&c->lock);
}
