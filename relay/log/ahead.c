/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/ahead.h"

#include <pthread.h>
#include <stdlib.h>

struct log_ahead {
    const struct log_writer *w; /* borrowed */
    int64_t (*unix_ms)(void *context);
    void *context;
    pthread_t thread;

    /* Shared, under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t pushed, made;
    struct log_item *first, **last; /* RAW, in order; every item before them is in somebody's hands */
    uint64_t next;                  /* index that the next item pushed will have, if all goes well */
    uint64_t undone;                /* pushed, and not yet done */
    bool stopping;
};

/* Under the lock. */
static struct log_item *pop(struct log_ahead *ahead)
{
    struct log_item *item = ahead->first;

    if (item) {
        ahead->first = item->next_ahead;
        if (!ahead->first)
            ahead->last = &ahead->first;
        item->ahead = LOG_ITEM_TAKEN;
    }
    return item;
}

/* Under the lock, which it gives up meanwhile. */
static void sign(struct log_ahead *ahead, struct log_item *item)
{
    uint64_t index = item->expected;

    pthread_mutex_unlock(&ahead->lock);
    log_writer_sign(ahead->w, item, index, ahead->unix_ms(ahead->context));
    pthread_mutex_lock(&ahead->lock);
    item->ahead = LOG_ITEM_DONE;
    pthread_cond_signal(&ahead->made);
}

static void *run(void *context)
{
    struct log_ahead *ahead = context;

    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stopping) {
        struct log_item *item = pop(ahead);
        if (item)
            sign(ahead, item);
        else
            pthread_cond_wait(&ahead->pushed, &ahead->lock);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

enum proto_err log_ahead_start(struct log_ahead **out, const struct log_writer *w, int64_t (*unix_ms)(void *context),
                               void *context)
{
    struct log_ahead *ahead = calloc(1, sizeof *ahead);

    *out = NULL;
    if (!ahead)
        return PROTO_ERR_NOMEM;
    ahead->w = w;
    ahead->unix_ms = unix_ms;
    ahead->context = context;
    ahead->last = &ahead->first;
    ahead->next = w->head.size;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->pushed, NULL);
    pthread_cond_init(&ahead->made, NULL);
    if (pthread_create(&ahead->thread, NULL, run, ahead) != 0) {
        free(ahead);
        return PROTO_ERR_NOMEM;
    }
    *out = ahead;
    return PROTO_OK;
}

void log_ahead_free(struct log_ahead *ahead)
{
    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stopping = true;
    pthread_cond_signal(&ahead->pushed);
    pthread_mutex_unlock(&ahead->lock);
    pthread_join(ahead->thread, NULL);
    pthread_cond_destroy(&ahead->pushed);
    pthread_cond_destroy(&ahead->made);
    pthread_mutex_destroy(&ahead->lock);
    free(ahead);
}

void log_ahead_push(struct log_ahead *ahead, struct log_item *item)
{
    pthread_mutex_lock(&ahead->lock);
    item->ahead = LOG_ITEM_RAW;
    item->expected = ahead->next++;
    item->next_ahead = NULL;
    *ahead->last = item;
    ahead->last = &item->next_ahead;
    ahead->undone++;
    pthread_cond_signal(&ahead->pushed);
    pthread_mutex_unlock(&ahead->lock);
}

/* Under the lock. Before a RAW item the list has only such as were refused. While the other thread has the item, the
 * writer signs for those behind: two cores are at work until nothing is left. */
static void need(struct log_ahead *ahead, struct log_item *item)
{
    while (item->ahead == LOG_ITEM_RAW)
        sign(ahead, pop(ahead));
    while (item->ahead == LOG_ITEM_TAKEN) {
        struct log_item *other = pop(ahead);
        if (other)
            sign(ahead, other);
        else
            pthread_cond_wait(&ahead->made, &ahead->lock);
    }
}

void log_ahead_need(struct log_ahead *ahead, struct log_item *item)
{
    pthread_mutex_lock(&ahead->lock);
    need(ahead, item);
    pthread_mutex_unlock(&ahead->lock);
}

void log_ahead_done(struct log_ahead *ahead, struct log_item *group, uint64_t size)
{
    pthread_mutex_lock(&ahead->lock);
    for (struct log_item *item = group; item; item = item->next) {
        if (!item->job.has_entry)
            continue;
        while (item->ahead == LOG_ITEM_RAW)
            pop(ahead)->ahead = LOG_ITEM_DONE; /* refused: no line is wanted */
        need(ahead, item);
        ahead->undone--;
    }
    uint64_t shift = size + ahead->undone - ahead->next; /* modulo 2^64: entries that were known shift it back */
    ahead->next += shift;
    for (struct log_item *item = shift ? ahead->first : NULL; item; item = item->next_ahead)
        item->expected += shift;
    pthread_mutex_unlock(&ahead->lock);
}
