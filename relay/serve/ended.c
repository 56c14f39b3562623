/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that an officer ended, which lie beside the one that is served: read, and erased in. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/officer.h"

static bool find(const struct serve *serve, const char *origin, struct log_ended *out)
{
    return log_ended_get(serve->folder->dir, &serve->folder->notes.org, origin, out);
}

static enum proto_err said(const struct log_ended *log, enum proto_err err, const char *error)
{
    if (err)
        host_say(HOST_WARN, "%s: %s", log->folder, error);
    return err;
}

/* ---- erasure ---- */

size_t serve_ended_origins(void *context, char origins[RELAY_ENDED_MAX][PROTO_ERASURE_LOG_MAX + 1])
{
    const struct serve *serve = context;
    struct log_ended *all = calloc(LOG_ENDED_MAX, sizeof *all);
    size_t count = all ? log_ended_find(serve->folder->dir, &serve->folder->notes.org, all) : 0;

    for (size_t i = 0; i < count; i++)
        memcpy(origins[i], all[i].origin, sizeof all[i].origin);
    free(all);
    return count;
}

enum proto_err serve_ended_plan(struct serve *serve, const char *log, const struct log_ended_subject *subject,
                                struct proto_erasure *out, bool *more)
{
    char error[RELAY_STORE_ERROR_MAX];
    struct log_ended ended;

    if (!find(serve, log, &ended))
        return PROTO_ERR_NOT_FOUND;
    return said(&ended, log_ended_plan(&ended, subject, out, more, error), error);
}

enum proto_err serve_ended_check(void *context, const struct proto_erasure *what)
{
    char error[RELAY_STORE_ERROR_MAX];
    struct log_ended ended;

    return find(context, what->log, &ended) ? log_ended_check(&ended, what, error) : PROTO_ERR_NOT_FOUND;
}

enum proto_err serve_ended_erase(void *context, const struct proto_erasure *what, uint64_t *erased)
{
    char error[RELAY_STORE_ERROR_MAX];
    struct log_ended ended;

    *erased = 0;
    if (!find(context, what->log, &ended))
        return PROTO_ERR_NOT_FOUND;
    return said(&ended, log_ended_erase(&ended, what->ranges, what->count, erased, error), error);
}

void serve_ended_stale(struct serve *serve, int64_t before_ms, struct proto_erasure *out)
{
    const struct log_ended_subject subject = {.before_ms = before_ms};
    struct log_ended *all = calloc(LOG_ENDED_MAX, sizeof *all);
    size_t count = all ? log_ended_find(serve->folder->dir, &serve->folder->notes.org, all) : 0;
    char error[RELAY_STORE_ERROR_MAX];
    bool more;

    for (size_t i = 0; i < count && !out->count; i++)
        (void)said(&all[i], log_ended_plan(&all[i], &subject, out, &more, error), error);
    free(all);
}

void serve_ended_erase_again(struct serve *serve, struct serve_report *report)
{
    char error[RELAY_STORE_ERROR_MAX] = "";
    uint64_t erased = 0;

    if (log_ended_erase_again(serve->folder->dir, &serve->folder->notes.org, serve->writer, &erased, error))
        serve_report_add(report, SERVE_WARNING, serve->folder->dir,
                         *error ? error : "an ended log cannot be read, so what was erased of it is not erased again",
                         "handhold-audit verify --ended N says more of it; destroying its folder erases all of it");
    if (erased)
        host_say(HOST_WARN, "%" PRIu64 " entries of ended logs that were erased had evidence again: erased", erased);
}

/* ---- reading ---- */

static void read_known(const struct log_ended *log, char out[static PROTO_LOG_CHECKPOINT_MAX])
{
    char path[HOST_PATH_BYTES];
    struct proto_buf file;

    proto_buf_init(&file, PROTO_LOG_CHECKPOINT_MAX - 1);
    if (host_path(path, "%s/checkpoint", log->folder) && !host_file_read(path, &file)) {
        memcpy(out, file.bytes, file.len);
        out[file.len] = 0;
    }
    proto_buf_free(&file);
}

enum proto_err serve_ended_read(void *context, unsigned n, bool sessions, uint64_t from, struct proto_buf *out,
                                struct relay_ended_part *part)
{
    struct serve *serve = context;
    struct log_ended *all = calloc(LOG_ENDED_MAX, sizeof *all);
    size_t count = all ? log_ended_find(serve->folder->dir, &serve->folder->notes.org, all) : 0;
    struct relay_store_config config = {.read_only = true, .random = host_random()};
    char error[RELAY_STORE_ERROR_MAX];
    struct relay_store_checkpoint stored;
    struct relay_store *store = NULL;
    enum proto_err err = all ? PROTO_OK : PROTO_ERR_NOMEM;

    for (size_t i = 0; i < count && !err; i++) {
        if (all[i].n != n)
            continue;
        config.folder = all[i].folder;
        err = said(&all[i], relay_store_open(&store, &config, error), error);
        memcpy(part->log, all[i].vkey, sizeof part->log);
        read_known(&all[i], part->known);
        if (!err && !relay_store_get_checkpoint(store, &stored))
            memcpy(part->checkpoint, stored.note, sizeof part->checkpoint);
        if (!err)
            err = serve_officer_read(
                store, &(struct relay_log_asked){.from = from, .sessions = sessions, .beginning = "", .cases_of = ""},
                out, &part->next);
        relay_store_close(store);
    }
    free(all);
    return err;
}
