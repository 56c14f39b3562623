/* SPDX-License-Identifier: Apache-2.0 */
/* The queue and the thread around the writer. */
#include "relay/log/appender.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/seal/note.h"
#include "relay/log/ahead.h"
#include "relay/log/chores.h"
#include "relay/log/writer.h"

struct item_list {
    struct log_item *first, **last; /* first in, first out */
};

struct relay_appender {
    struct log_writer writer; /* the writer's thread alone, but for the constant origin and key */
    int64_t (*unix_ms)(void *context);
    void (*wake)(void *context);
    void *context;
    bool threaded;
    pthread_t thread;
    struct log_ahead *ahead;   /* owned; with a thread */
    struct log_chores *chores; /* owned; with a thread */
    bool short_of_room;        /* the writer's: what it wrote last, or the reserve, did not go to the disk */

    /* Shared, under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t pushed;
    struct item_list waiting, done;
    size_t outstanding;  /* pushed and not yet taken back */
    bool stopping, more; /* more: of those that wait, the last is still to come */
    bool unwritable;     /* short_of_room, as of the newest results */
    bool damaged;        /* the store is, as of the same; it stays so */
    struct proto_log_seen head;
    char checkpoint[PROTO_LOG_CHECKPOINT_MAX];
    char cosigned[PROTO_LOG_CHECKPOINT_MAX]; /* the same with more lines, to be written; empty: none */
};

static void list_init(struct item_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_add(struct item_list *list, struct log_item *item)
{
    item->next = NULL;
    *list->last = item;
    list->last = &item->next;
}

static struct log_item *list_take(struct item_list *list)
{
    struct log_item *item = list->first;

    if (item) {
        list->first = item->next;
        if (!list->first)
            list->last = &list->first;
    }
    return item;
}

/* Under the lock: everything that waits is the next group. */
static struct log_item *take_group(struct relay_appender *a)
{
    struct log_item *group = a->more && !a->stopping ? NULL : a->waiting.first;

    if (group)
        list_init(&a->waiting);
    return group;
}

static void publish(struct relay_appender *a, struct log_item *group)
{
    if (a->ahead)
        log_ahead_done(a->ahead, group, a->writer.head.size);
    pthread_mutex_lock(&a->lock);
    a->head = a->writer.head;
    a->damaged = relay_store_is_damaged(a->writer.store);
    a->unwritable = a->short_of_room || a->damaged;
    if (strcmp(a->checkpoint, a->writer.checkpoint) != 0)
        a->cosigned[0] = '\0'; /* it was for the one before */
    memcpy(a->checkpoint, a->writer.checkpoint, sizeof a->checkpoint);
    while (group) {
        struct log_item *next = group->next;
        list_add(&a->done, group);
        group = next;
    }
    pthread_mutex_unlock(&a->lock);
    if (a->wake)
        a->wake(a->context);
}

static bool any_closing(const struct log_item *group)
{
    while (group && !group->job.closing)
        group = group->next;
    return group != NULL;
}

/* Nothing begins without the reserve in hand; when the disk is full, it is given up so that what runs can be ended. */
static bool commit_group(struct relay_appender *a, struct log_item *group)
{
    struct relay_store *store = a->writer.store;
    int64_t unix_ms = a->unix_ms(a->context);

    a->short_of_room = relay_store_hold_reserve(store) != PROTO_OK;
    if (a->short_of_room)
        return log_writer_commit(&a->writer, group, unix_ms, true);
    a->short_of_room = !log_writer_commit(&a->writer, group, unix_ms, false);
    if (!a->short_of_room)
        return true;
    if (!any_closing(group))
        return false;
    relay_store_release_reserve(store);
    return log_writer_commit(&a->writer, group, unix_ms, true);
}

static void write_group(struct relay_appender *a, struct log_item *group)
{
    if (commit_group(a, group))
        log_writer_answer(&a->writer, group);
    publish(a, group);
}

/* Nobody may ask for anything while the disk is full, and whoever looks whether the relay is ready must learn that it
 * is again: the newest checkpoint is written once more. */
static void try_again(struct relay_appender *a)
{
    a->short_of_room = relay_store_hold_reserve(a->writer.store) != PROTO_OK ||
                       (a->writer.head.size && !log_writer_cosign(&a->writer, a->writer.checkpoint));
    if (a->short_of_room || relay_store_is_damaged(a->writer.store))
        return;
    pthread_mutex_lock(&a->lock);
    a->unwritable = false;
    pthread_mutex_unlock(&a->lock);
    if (a->wake)
        a->wake(a->context);
}

/* Under the lock, with nothing waiting: the cosigned checkpoint is written, outside of the lock. True: there was one.
 */
static bool write_cosigned(struct relay_appender *a)
{
    char note[PROTO_LOG_CHECKPOINT_MAX];

    if (!a->cosigned[0])
        return false;
    memcpy(note, a->cosigned, sizeof note);
    a->cosigned[0] = '\0';
    pthread_mutex_unlock(&a->lock);
    bool written = log_writer_cosign(&a->writer, note);
    pthread_mutex_lock(&a->lock);
    if (written)
        memcpy(a->checkpoint, a->writer.checkpoint, sizeof a->checkpoint);
    return true;
}

/* ---- the thread ---- */

/* What no receipt waits for, and only the writer can do. */
static void keep_house(struct relay_appender *a, bool idle)
{
    log_chores_tell(a->chores, a->writer.head.size, a->writer.checkpoint, relay_store_wants_fold(a->writer.store));
    relay_store_tidy(a->writer.store, false);
    if (relay_store_owes_wipe(a->writer.store) && relay_store_wipe(a->writer.store))
        return; /* a reader is in the way, or the disk: soon again */
    log_writer_stock(&a->writer, idle);
}

/* Under the lock, after a group: who waited for it is served first, and the processor is theirs. */
static void rest(struct relay_appender *a)
{
    struct timespec soon;

    log_chores_in_ms(&soon, LOG_CHORES_REST_MS);
    pthread_cond_timedwait(&a->pushed, &a->lock, &soon);
}

/* Under the lock, with nothing waiting: until something is pushed, or what is owed may succeed. */
static void wait_for_work(struct relay_appender *a)
{
    struct timespec soon;

    log_chores_in_ms(&soon, 1000);
    if (relay_store_owes_wipe(a->writer.store) || a->short_of_room)
        pthread_cond_timedwait(&a->pushed, &a->lock, &soon);
    else
        pthread_cond_wait(&a->pushed, &a->lock);
}

static void *run(void *context)
{
    struct relay_appender *a = context;

    pthread_mutex_lock(&a->lock);
    for (;;) {
        struct log_item *group = take_group(a);
        if (!group && a->stopping)
            break;
        bool idle = !group;
        pthread_mutex_unlock(&a->lock);
        if (group)
            write_group(a, group);
        else if (a->short_of_room)
            try_again(a);
        keep_house(a, idle);
        pthread_mutex_lock(&a->lock);
        bool nothing = !a->waiting.first || a->more;
        if (nothing && !write_cosigned(a) && (!a->waiting.first || a->more) && !a->stopping)
            (idle ? wait_for_work : rest)(a);
    }
    pthread_mutex_unlock(&a->lock);
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

static enum proto_err start_threads(struct relay_appender *a, char error[static RELAY_STORE_ERROR_MAX])
{
    enum proto_err err = log_ahead_start(&a->ahead, &a->writer, a->unix_ms, a->context);

    a->writer.ahead = a->ahead;
    if (!err)
        err = log_chores_start(&a->chores, &a->writer);
    a->threaded = !err && pthread_create(&a->thread, NULL, run, a) == 0;
    if (!a->threaded)
        snprintf(error, RELAY_STORE_ERROR_MAX, "the log's threads could not be started: %s",
                 err ? proto_err_rule(err) : "there are too many");
    return a->threaded ? PROTO_OK : err ? err : PROTO_ERR_NOMEM;
}

enum proto_err relay_appender_start(struct relay_appender **out, const struct relay_appender_config *config,
                                    char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_appender *a = calloc(1, sizeof *a);
    enum proto_err err;

    *out = NULL;
    snprintf(error, RELAY_STORE_ERROR_MAX, "memory ran out");
    if (!a)
        return PROTO_ERR_NOMEM;
    a->unix_ms = config->unix_ms;
    a->wake = config->wake;
    a->context = config->context;
    list_init(&a->waiting);
    list_init(&a->done);
    pthread_mutex_init(&a->lock, NULL);
    init_condition(&a->pushed);
    err = log_writer_init(&a->writer, config, error);
    if (!err) {
        a->head = a->writer.head;
        memcpy(a->checkpoint, a->writer.checkpoint, sizeof a->checkpoint);
        if (config->threaded)
            err = start_threads(a, error);
    }
    if (err) {
        relay_appender_free(a);
        return err;
    }
    error[0] = '\0';
    *out = a;
    return PROTO_OK;
}

static void free_items(struct item_list *list)
{
    struct log_item *item;

    while ((item = list_take(list)))
        free(item);
}

void relay_appender_free(struct relay_appender *a)
{
    if (!a)
        return;
    if (a->threaded) {
        pthread_mutex_lock(&a->lock);
        a->more = false;
        a->stopping = true;
        pthread_cond_signal(&a->pushed);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->thread, NULL);
    } else if (a->waiting.first) {
        a->more = false;
        relay_appender_step(a);
    }
    log_chores_free(a->chores, &a->writer.vouched_size);
    log_ahead_free(a->ahead);
    free_items(&a->waiting);
    free_items(&a->done);
    log_writer_vouch(&a->writer);
    log_writer_clear(&a->writer);
    pthread_cond_destroy(&a->pushed);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

static bool job_fits(const struct relay_job *job)
{
    if (job->kept)
        return !job->has_entry && !job->session && job->evidence_len <= RELAY_STORE_KEPT_MAX;
    if (!job->has_entry)
        return job->session != NULL;
    return job->kind >= PROTO_LOG_STATEMENT && job->kind <= PROTO_LOG_OFFICER_ACT && job->evidence &&
           job->evidence_len > 0 && job->evidence_len <= RELAY_STORE_EVIDENCE_MAX &&
           job->erase_count <= PROTO_ERASURE_RANGES && (!job->erase_count || job->kind == PROTO_LOG_ERASURE);
}

static struct log_item *copy_job(const struct relay_job *job)
{
    size_t evidence_len = job->has_entry || job->kept ? job->evidence_len : 0;
    struct log_item *item = malloc(sizeof *item + evidence_len);

    if (!item)
        return NULL;
    memset(item, 0, sizeof *item);
    item->job = *job;
    item->result.ticket = job->ticket;
    item->result.has_entry = job->has_entry;
    if (job->session) {
        item->session = *job->session;
        item->job.session = &item->session;
    }
    if (evidence_len)
        memcpy(item->evidence, job->evidence, evidence_len);
    if (job->erase_count)
        memcpy(item->erase, job->erase, job->erase_count * sizeof *job->erase);
    item->job.evidence = item->evidence;
    item->job.erase = item->erase;
    return item;
}

enum proto_err relay_appender_push(struct relay_appender *a, const struct relay_job *job)
{
    size_t limit = RELAY_APPENDER_JOBS_MAX + (job->closing ? RELAY_APPENDER_CLOSING_MAX : 0);
    enum proto_err err = PROTO_OK;

    if (!job_fits(job))
        return PROTO_ERR_RANGE;
    struct log_item *item = copy_job(job);
    if (!item)
        return PROTO_ERR_NOMEM;
    pthread_mutex_lock(&a->lock);
    if (a->outstanding >= limit) {
        err = PROTO_ERR_FULL;
    } else {
        list_add(&a->waiting, item);
        a->outstanding++;
        if (a->ahead && job->has_entry)
            log_ahead_push(a->ahead, item);
        if (!a->more)
            pthread_cond_signal(&a->pushed);
    }
    pthread_mutex_unlock(&a->lock);
    if (err)
        free(item);
    return err;
}

void relay_appender_expect(struct relay_appender *a, bool more)
{
    pthread_mutex_lock(&a->lock);
    a->more = more;
    if (!more)
        pthread_cond_signal(&a->pushed);
    pthread_mutex_unlock(&a->lock);
}

bool relay_appender_take_result(struct relay_appender *a, struct relay_result *out)
{
    pthread_mutex_lock(&a->lock);
    struct log_item *item = list_take(&a->done);
    if (item)
        a->outstanding--;
    pthread_mutex_unlock(&a->lock);
    if (!item)
        return false;
    *out = item->result;
    free(item);
    return true;
}

bool relay_appender_step(struct relay_appender *a)
{
    pthread_mutex_lock(&a->lock);
    struct log_item *group = take_group(a);
    bool cosigned = !group && write_cosigned(a);
    pthread_mutex_unlock(&a->lock);
    if (!group)
        return cosigned;
    write_group(a, group);
    relay_store_tidy(a->writer.store, true);
    log_writer_stock(&a->writer, true);
    log_writer_vouch(&a->writer);
    return true;
}

bool relay_appender_is_writable(struct relay_appender *a)
{
    pthread_mutex_lock(&a->lock);
    bool writable = !a->unwritable;
    pthread_mutex_unlock(&a->lock);
    return writable;
}

bool relay_appender_is_damaged(struct relay_appender *a)
{
    pthread_mutex_lock(&a->lock);
    bool damaged = a->damaged;
    pthread_mutex_unlock(&a->lock);
    return damaged;
}

void relay_appender_head(struct relay_appender *a, struct proto_log_seen *head)
{
    pthread_mutex_lock(&a->lock);
    *head = a->head;
    pthread_mutex_unlock(&a->lock);
}

void relay_appender_checkpoint(struct relay_appender *a, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    pthread_mutex_lock(&a->lock);
    memcpy(note, a->checkpoint, sizeof a->checkpoint);
    pthread_mutex_unlock(&a->lock);
}

/* The checkpoint with this line behind those it has. */
static enum proto_err add_line(struct proto_buf *note, const struct proto_note_key *witness, const char *line,
                               size_t len)
{
    uint32_t which = 0;
    enum proto_err err = proto_note_add_line(note, line, len);

    if (!err && note->failed)
        err = PROTO_ERR_NOMEM;
    if (!err && (proto_note_verify(note->bytes, note->len, witness, 1, NULL, &which) != PROTO_OK || which != 1))
        err = PROTO_ERR_STATE;
    return err;
}

enum proto_err relay_appender_cosign(struct relay_appender *a, const struct proto_note_key *witness, const char *line,
                                     size_t len)
{
    struct proto_buf note;

    if (witness->type != PROTO_NOTE_COSIGNATURE)
        return PROTO_ERR_RANGE;
    proto_buf_init(&note, PROTO_LOG_CHECKPOINT_MAX - 1);
    pthread_mutex_lock(&a->lock);
    const char *newest = a->cosigned[0] ? a->cosigned : a->checkpoint;
    size_t newest_len = strlen(newest);
    proto_buf_put(&note, newest, newest_len);
    enum proto_err err = newest_len ? add_line(&note, witness, line, len) : PROTO_ERR_STATE;
    if (!err) {
        memcpy(a->cosigned, note.bytes, note.len);
        a->cosigned[note.len] = '\0';
        pthread_cond_signal(&a->pushed);
    }
    pthread_mutex_unlock(&a->lock);
    proto_buf_free(&note);
    return err;
}

enum proto_err relay_appender_sign_event(const struct relay_appender *a, const char *text, struct proto_buf *note)
{
    char name[PROTO_LOG_ORIGIN_MAX + sizeof "/events"];

    snprintf(name, sizeof name, "%s/events", a->writer.origin);
    return proto_note_make(text, strlen(text), name, a->writer.secret_key, note);
}
