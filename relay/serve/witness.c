/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/witness.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/doubt.h"
#include "relay/serve/witness_inside.h"

enum {
    WITNESS_REST_MS = 1000, /* between two checkpoints for one witness */
    SHOWN_MS = 60 * 1000,   /* so long a cosigned checkpoint is served though there is a newer one */
};

static bool is_ending(void *context)
{
    struct serve_witness *w = context;

    pthread_mutex_lock(&w->all->lock);
    bool ending = w->all->ending;
    pthread_mutex_unlock(&w->all->lock);
    return ending;
}

/* ---- its thread ---- */

static struct timespec in_ms(int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

static void wait_ms(struct serve_witnesses *all, int64_t ms)
{
    struct timespec until = in_ms(ms);

    while (!all->ending && pthread_cond_timedwait(&all->changed, &all->lock, &until) != ETIMEDOUT)
        ;
}

static void *run(void *context)
{
    struct serve_witness *w = context;
    struct serve_witnesses *all = w->all;

    pthread_mutex_lock(&all->lock);
    while (!all->ending) {
        if (all->size <= w->done && !w->failing) {
            pthread_cond_wait(&all->changed, &all->lock);
            continue;
        }
        pthread_mutex_unlock(&all->lock);
        serve_witness_push(w);
        pthread_mutex_lock(&all->lock);
        w->asked = true;
        w->agreed = !w->failing;
        pthread_cond_broadcast(&all->changed);
        wait_ms(all, w->pause_ms ? w->pause_ms : WITNESS_REST_MS);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* ---- the loop ---- */

#define WAY_OUT                                                                                                        \
    "put the newest copy of the data folder and of relay/checkpoint back; if there is none, an officer ends this "     \
    "log with handhold-audit recover; if it is the witness that is wrong, take its line out of relay.ini"

/* Under the lock. */
static bool all_were_asked(const struct serve_witnesses *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (!all->each[i].asked)
            return false;
    return true;
}

/* Under the lock: the one with this key; NULL: relay.ini names it no more. */
static const struct serve_witness *find(const struct serve_witnesses *all, const char *vkey)
{
    for (size_t i = 0; all && i < all->count; i++)
        if (!strcmp(all->each[i].setting->vkey, vkey))
            return &all->each[i];
    return NULL;
}

/* What one of them said before, perhaps to a relay that was restarted since: its silence takes nothing back. */
static bool is_undoubted(struct serve *serve, struct serve_report *report)
{
    struct serve_witnesses *all = serve->witnesses;
    char finding[SERVE_POST_REASON_BYTES + PROTO_NOTE_VKEY_MAX + 80];
    struct serve_doubt doubt;
    bool agreed = true;

    if (!serve_doubt_find(serve, &doubt)) {
        if (!report->table)
            serve_doubt_forget(serve, "it is about another log");
        return true;
    }
    if (all)
        pthread_mutex_lock(&all->lock);
    const struct serve_witness *witness = find(all, doubt.witness);
    if (witness)
        agreed = witness->agreed;
    if (all)
        pthread_mutex_unlock(&all->lock);
    if (agreed && !report->table)
        serve_doubt_forget(serve, witness ? "the witness has cosigned what is here since"
                                          : "its witness is taken out of relay.ini");
    if (agreed)
        return true;
    snprintf(finding, sizeof finding, "witness %s said so before and does not answer now: %s", witness->key.name,
             doubt.said);
    serve_report_add(report, SERVE_ERROR, serve->folder->data, finding, WAY_OUT);
    return false;
}

bool serve_witnesses_agree(struct serve *serve, struct serve_report *report)
{
    struct serve_witnesses *all = serve->witnesses;
    struct timespec until = in_ms(SERVE_WITNESS_START_MS);
    char objection[SERVE_POST_REASON_BYTES] = "";
    int rc = 0;

    if (all) {
        serve_witnesses_poke(all);
        pthread_mutex_lock(&all->lock);
        while (all->size && !all->objection[0] && !all_were_asked(all) && !rc)
            rc = pthread_cond_timedwait(&all->changed, &all->lock, &until);
        memcpy(objection, all->objection, sizeof objection);
        pthread_mutex_unlock(&all->lock);
    }
    if (!*objection)
        return is_undoubted(serve, report);
    serve_report_add(report, SERVE_ERROR, serve->folder->data, objection, WAY_OUT);
    return false;
}

bool serve_witnesses_object(struct serve_witnesses *all)
{
    char objection[sizeof all->objection];

    if (!all)
        return false;
    pthread_mutex_lock(&all->lock);
    memcpy(objection, all->objection, sizeof objection);
    pthread_mutex_unlock(&all->lock);
    if (*objection)
        host_say(HOST_ERROR, "%s; the relay ends: " WAY_OUT, objection);
    return *objection;
}

void serve_witnesses_poke(struct serve_witnesses *all)
{
    struct proto_log_seen head;

    if (!all)
        return;
    relay_appender_head(all->serve->appender, &head);
    pthread_mutex_lock(&all->lock);
    if (head.size != all->size) {
        all->size = head.size;
        pthread_cond_broadcast(&all->changed);
    }
    pthread_mutex_unlock(&all->lock);
}

bool serve_witnesses_checkpoint(struct serve_witnesses *all, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    if (!all)
        return false;
    pthread_mutex_lock(&all->lock);
    bool fine = all->note_size && host_now().mono_ms - all->note_ms < SHOWN_MS;
    if (fine)
        memcpy(note, all->note, sizeof all->note);
    pthread_mutex_unlock(&all->lock);
    return fine;
}

void serve_witnesses_figures(struct serve_witnesses *all, struct serve_witness_figures *out)
{
    *out = (struct serve_witness_figures){0};
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    *out = all->figures;
    pthread_mutex_unlock(&all->lock);
}

/* ---- beginning and end ---- */

static bool read_key(const struct serve_witness_setting *setting, struct proto_note_key *key)
{
    return !proto_note_key_parse(key, setting->vkey, strlen(setting->vkey)) && key->type == PROTO_NOTE_COSIGNATURE;
}

bool serve_witnesses_fit(const struct serve_config *config, struct serve_report *report)
{
    struct proto_note_key key;
    bool fine = true;

    for (size_t i = 0; i < config->witness_count; i++)
        if (!read_key(&config->witnesses[i], &key)) {
            serve_report_add(report, SERVE_ERROR, config->witnesses[i].vkey, "is not the key of a witness",
                             "write witness = URL KEY, with the key that the witness publishes: name+id+base64");
            fine = false;
        }
    if (*config->witness_ca && access(config->witness_ca, R_OK)) {
        serve_report_add(report, SERVE_ERROR, config->witness_ca, strerror(errno),
                         "witness_ca names a file of roots in PEM that this relay's user may read");
        fine = false;
    }
    return fine;
}

static bool start(struct serve_witnesses *all, const struct serve_witness_setting *setting, struct serve_report *report)
{
    struct relay_store_config config = {.folder = all->serve->folder->data, .read_only = true, .random = host_random()};
    struct serve_witness *w = &all->each[all->count];
    char error[RELAY_STORE_ERROR_MAX] = "memory ran out";

    w->all = all;
    w->setting = setting;
    w->post = (struct serve_post){.ca = all->serve->config->witness_ca, .is_ending = is_ending, .context = w};
    if (!read_key(setting, &w->key))
        return false; /* as serve_witnesses_fit has said */
    all->count++;
    if (!relay_store_open(&w->store, &config, error))
        w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    if (!w->running)
        serve_report_add(report, SERVE_ERROR, setting->url, error, "close other programs, and start again");
    return w->running;
}

bool serve_witnesses_new(struct serve_witnesses **out, struct serve *serve, struct serve_report *report)
{
    struct serve_witnesses *all = NULL;
    pthread_condattr_t monotonic;
    bool fine = true;

    *out = NULL;
    if (!serve->config->witness_count)
        return true;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(all = calloc(1, sizeof *all))) {
        serve_report_add(report, SERVE_ERROR, "witness", "memory ran out", "close other programs, and start again");
        return false;
    }
    *out = all;
    all->serve = serve;
    all->keeps = !report->table;
    pthread_mutex_init(&all->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&all->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; fine && i < serve->config->witness_count; i++)
        fine = start(all, &serve->config->witnesses[i], report);
    return fine;
}

void serve_witnesses_free(struct serve_witnesses *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->ending = true;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
    for (size_t i = 0; i < all->count; i++) {
        if (all->each[i].running)
            pthread_join(all->each[i].thread, NULL);
        relay_store_close(all->each[i].store);
    }
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
    free(all);
    curl_global_cleanup();
}
