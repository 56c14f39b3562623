/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/ended.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/host/world.h"
#include "proto/seal/note.h"

/* ---- which there are ---- */

static bool look(const char *dir, const struct proto_org *org, unsigned n, struct log_ended *out)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf file;

    *out = (struct log_ended){.n = n};
    if (!host_path(out->folder, "%s/data.ended-%u", dir, n) || !host_path(path, "%s/log.vkey", out->folder))
        return false;
    proto_buf_init(&file, PROTO_ORG_VKEY_BYTES + 1);
    bool fine = !host_file_read(path, &file);
    size_t len = file.len && file.bytes[file.len - 1] == '\n' ? file.len - 1 : file.len;
    fine = fine && len && len < sizeof out->vkey && !memchr(file.bytes, 0, len);
    if (fine)
        memcpy(out->vkey, file.bytes, len);
    proto_buf_free(&file);
    size_t name = strcspn(out->vkey, "+");
    if (!fine || name >= sizeof out->origin || !proto_org_has_log(org, out->vkey))
        return false;
    memcpy(out->origin, out->vkey, name);
    return true;
}

size_t log_ended_find(const char *dir, const struct proto_org *org, struct log_ended out[static LOG_ENDED_MAX])
{
    size_t count = 0;

    for (unsigned n = 1; n <= LOG_ENDED_MAX; n++)
        if (look(dir, org, n, &out[count]))
            count++;
    return count;
}

bool log_ended_get(const char *dir, const struct proto_org *org, const char *origin, struct log_ended *out)
{
    for (unsigned n = 1; n <= LOG_ENDED_MAX; n++)
        if (look(dir, org, n, out) && !strcmp(out->origin, origin))
            return true;
    return false;
}

/* ---- its store, while something is done in it ---- */

struct work {
    struct relay_store *store;
    struct relay_store_session *open; /* owned, with secrets: the rows of sessions that nobody ended */
    size_t count;
};

static void forget_open(struct work *w)
{
    if (w->open)
        sodium_memzero(w->open, w->count * sizeof *w->open);
    free(w->open);
    w->open = NULL;
}

static enum proto_err take_row(void *context, const struct relay_store_session *row)
{
    struct work *w = context;
    struct relay_store_session *more = calloc(w->count + 1, sizeof *more); /* not realloc: it leaves a copy behind */

    if (!more)
        return PROTO_ERR_NOMEM;
    if (w->open)
        memcpy(more, w->open, w->count * sizeof *more);
    forget_open(w);
    w->open = more;
    w->open[w->count++] = *row;
    return PROTO_OK;
}

/* A store erases nothing of a session that goes on. These do not: their log is over. */
static enum proto_err end_sessions(struct work *w)
{
    enum proto_err err = relay_store_each_session(w->store, false, take_row, w);

    for (size_t i = 0; !err && i < w->count; i++) {
        struct relay_store_session row = w->open[i];
        row.state = RELAY_STORE_ENDED;
        err = relay_store_import_session(w->store, &row);
    }
    return err;
}

/* Of which something is left: as it was found, since a verifier reads it. */
static enum proto_err open_sessions(struct work *w)
{
    struct relay_store_session now;
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; !err && i < w->count; i++) {
        err = relay_store_get_session(w->store, w->open[i].sid, &now);
        if (err == PROTO_ERR_NOT_FOUND)
            err = PROTO_OK;
        else if (!err)
            err = relay_store_import_session(w->store, &w->open[i]);
    }
    return err;
}

static enum proto_err begin_in(struct work *w, struct relay_store *store)
{
    *w = (struct work){.store = store};
    enum proto_err err = relay_store_begin(store);
    return err ? err : end_sessions(w);
}

static enum proto_err begin(struct work *w, const struct log_ended *log, char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_config config = {.folder = log->folder, .random = host_random()};

    *w = (struct work){.store = NULL};
    enum proto_err err = relay_store_open(&w->store, &config, error);
    return err ? err : begin_in(w, w->store);
}

static enum proto_err finish(struct work *w, enum proto_err err, char error[static RELAY_STORE_ERROR_MAX])
{
    if (err && w->store)
        snprintf(error, RELAY_STORE_ERROR_MAX, "%s",
                 *relay_store_error(w->store) ? relay_store_error(w->store) : proto_err_rule(err));
    relay_store_close(w->store); /* rolls back what was not committed */
    forget_open(w);
    return err;
}

/* ---- what would be erased ---- */

static enum proto_err add_index(void *context, uint64_t index)
{
    return proto_erasure_add(context, index);
}

enum proto_err log_ended_plan(const struct log_ended *log, const struct log_ended_subject *subject,
                              struct proto_erasure *plan, bool *more, char error[static RELAY_STORE_ERROR_MAX])
{
    struct work w;
    enum proto_err err = begin(&w, log, error);

    if (!err)
        err = subject->before_ms ? relay_store_each_stale(w.store, subject->before_ms, add_index, plan)
                                 : relay_store_each_erasable(w.store, subject->ref, subject->sid, add_index, plan);
    *more = err == PROTO_ERR_FULL;
    if (err == PROTO_ERR_FULL || err == PROTO_ERR_NOT_FOUND)
        err = PROTO_OK;
    snprintf(plan->log, sizeof plan->log, "%s", log->origin);
    return finish(&w, err, error);
}

enum proto_err log_ended_check(const struct log_ended *log, const struct proto_erasure *what,
                               char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_entry entry;
    struct work w;
    enum proto_err err = begin(&w, log, error);

    for (size_t i = 0; !err && i < what->count; i++)
        err = relay_store_check_erasable(w.store, what->ranges[i].first, what->ranges[i].last);
    if (!err && relay_store_get_entry(w.store, what->ranges[what->count - 1].last, &entry) == PROTO_ERR_NOT_FOUND)
        err = PROTO_ERR_RANGE;
    return finish(&w, err, error);
}

/* ---- destroying ---- */

static enum proto_err erase(struct work *w, const struct proto_entries *ranges, size_t count, uint64_t *erased)
{
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; !err && i < count; i++)
        err = relay_store_erase_range(w->store, ranges[i].first, ranges[i].last, erased);
    if (!err)
        err = open_sessions(w);
    if (!err)
        err = relay_store_commit(w->store);
    return err ? err : relay_store_wipe(w->store);
}

enum proto_err log_ended_erase(const struct log_ended *log, const struct proto_entries *ranges, size_t count,
                               uint64_t *erased, char error[static RELAY_STORE_ERROR_MAX])
{
    struct work w;
    enum proto_err err = begin(&w, log, error);

    if (!err)
        err = erase(&w, ranges, count, erased);
    return finish(&w, err, error);
}

enum proto_err log_copy_erase(struct relay_store *copy, const struct proto_entries *ranges, size_t count,
                              uint64_t *erased)
{
    struct work w;
    enum proto_err err = begin_in(&w, copy);

    if (!err)
        err = erase(&w, ranges, count, erased);
    if (err)
        relay_store_rollback(copy);
    forget_open(&w);
    return err;
}

/* ---- what the notes say ---- */

struct naming {
    const char *log;
    uint64_t from;
    struct log_ranges *out;
};

static enum proto_err add_ranges(struct log_ranges *out, const struct proto_erasure *erasure)
{
    void *more = realloc(out->at, (out->count + erasure->count) * sizeof *out->at);

    if (!more)
        return PROTO_ERR_NOMEM;
    out->at = more;
    memcpy(out->at + out->count, erasure->ranges, erasure->count * sizeof *out->at);
    out->count += erasure->count;
    return PROTO_OK;
}

static enum proto_err visit(void *context, const struct relay_store_entry *entry)
{
    struct naming *naming = context;
    struct proto_evidence evidence;
    struct proto_erasure erasure;
    struct proto_note_parts parts;
    struct proto_log_leaf leaf;
    uint8_t c[PROTO_LOG_HASH_BYTES];

    if (entry->index < naming->from || !entry->evidence || proto_log_leaf_parse(&leaf, entry->leaf) ||
        leaf.kind != PROTO_LOG_ERASURE)
        return PROTO_OK;
    if (proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence) || evidence.count != 1)
        return PROTO_ERR_FORMAT;
    proto_log_commit(c, evidence.r, evidence.notes[0].bytes, evidence.notes[0].len);
    if (memcmp(c, leaf.commitment, sizeof c) != 0 || /* not the note that the leaf stands for: it moves nothing */
        proto_note_split(&parts, evidence.notes[0].bytes, evidence.notes[0].len) ||
        proto_erasure_parse(parts.text, parts.text_len, &erasure))
        return PROTO_ERR_FORMAT;
    return strcmp(erasure.log, naming->log) != 0 ? PROTO_OK : add_ranges(naming->out, &erasure);
}

enum proto_err log_erased_ranges(struct relay_store *store, const char *log, uint64_t from, struct log_ranges *out)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];
    struct naming naming = {log, from, out};

    return relay_store_each_entry_of(store, none, visit, &naming);
}

/* ---- after a start ---- */

/* What any of the logs says was erased of this one. */
static enum proto_err collect(const struct log_ended *all, size_t count, const struct log_ended *log,
                              struct relay_store *live, struct log_ranges *out,
                              char error[static RELAY_STORE_ERROR_MAX])
{
    enum proto_err err = log_erased_ranges(live, log->origin, 0, out);

    for (size_t i = 0; !err && i < count; i++) {
        struct relay_store_config config = {.folder = all[i].folder, .read_only = true, .random = host_random()};
        struct relay_store *store = NULL;
        err = relay_store_open(&store, &config, error);
        if (!err)
            err = log_erased_ranges(store, log->origin, 0, out);
        relay_store_close(store);
    }
    return err;
}

static bool is_done(const struct log_ended *log, const struct log_ranges *ranges,
                    char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_config config = {.folder = log->folder, .read_only = true, .random = host_random()};
    struct relay_store *store = NULL;
    bool done = !relay_store_open(&store, &config, error);

    for (size_t i = 0; done && i < ranges->count; i++)
        done = relay_store_is_erased(store, ranges->at[i].first, ranges->at[i].last);
    relay_store_close(store);
    return done;
}

enum proto_err log_ended_erase_again(const char *dir, const struct proto_org *org, struct relay_store *live,
                                     uint64_t *erased, char error[static RELAY_STORE_ERROR_MAX])
{
    struct log_ended *all = calloc(LOG_ENDED_MAX, sizeof *all);
    size_t count = all ? log_ended_find(dir, org, all) : 0;
    enum proto_err last = all ? PROTO_OK : PROTO_ERR_NOMEM;

    for (size_t i = 0; i < count; i++) {
        struct log_ranges ranges = {NULL, 0};
        enum proto_err err = collect(all, count, &all[i], live, &ranges, error);
        if (!err && ranges.count && !is_done(&all[i], &ranges, error))
            err = log_ended_erase(&all[i], ranges.at, ranges.count, erased, error);
        free(ranges.at);
        last = err ? err : last;
    }
    free(all);
    return last;
}
