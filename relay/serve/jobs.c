/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/check.h"
#include "relay/serve/officer.h"

enum { RING = RELAY_APPENDER_JOBS_MAX + RELAY_APPENDER_CLOSING_MAX };

/* What is kept of a job until its result comes. */
struct kept {
    uint8_t sid[RELAY_STORE_SID_BYTES];
    bool statement, ends;
    int64_t at_ms;
};

struct serve_jobs {
    struct kept ring[RING];
    size_t first, count;
    struct relay_result result; /* large */
    struct relay_histogram appended;
    bool failing; /* said once, until the log works again */
};

enum proto_err serve_jobs_new(struct serve_jobs **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? PROTO_OK : PROTO_ERR_NOMEM;
}

void serve_jobs_free(struct serve_jobs *jobs)
{
    free(jobs);
}

const struct relay_histogram *serve_jobs_appended(const struct serve_jobs *jobs)
{
    return &jobs->appended;
}

static void keep(struct serve_jobs *jobs, const struct relay_job *job)
{
    struct kept *kept = &jobs->ring[(jobs->first + jobs->count++) % RING];

    *kept = (struct kept){.at_ms = host_now().mono_ms,
                          .statement = job->has_entry && job->kind == PROTO_LOG_STATEMENT,
                          .ends = job->session && job->session->state == RELAY_STORE_ENDED};
    memcpy(kept->sid, kept->ends ? job->session->sid : job->sid, sizeof kept->sid);
}

/* The writer takes no more: the core hears it as the result of that job. */
static void give_back(struct serve_jobs *jobs, struct serve *serve, uint64_t ticket, bool has_entry, enum proto_err err)
{
    jobs->result = (struct relay_result){.ticket = ticket, .err = err, .has_entry = has_entry};
    snprintf(jobs->result.text, sizeof jobs->result.text, "%s; %s", proto_err_rule(err), proto_err_way_out(err));
    relay_core_job_done(serve->core, &jobs->result, host_now());
}

static bool push_all(struct serve_jobs *jobs, struct serve *serve)
{
    const struct relay_job *job;
    bool any = false;

    while ((job = relay_core_next_job(serve->core))) {
        if (!any)
            relay_appender_expect(serve->appender, true);
        enum proto_err err = relay_appender_push(serve->appender, job);

        any = true;
        if (err)
            give_back(jobs, serve, job->ticket, job->has_entry, err);
        else
            keep(jobs, job);
    }
    if (any)
        relay_appender_expect(serve->appender, false);
    return any;
}

/* A commitment that was known already may be another session's: then its leaf permits nothing here. */
static bool is_of(struct serve *serve, const struct relay_result *result, const struct kept *kept)
{
    struct relay_store_entry entry;

    if (!result->known)
        return true;
    return !relay_store_get_entry(serve->reader, result->receipt.index, &entry) &&
           !memcmp(entry.sid, kept->sid, sizeof kept->sid);
}

static void note_leaf(struct serve *serve, const struct relay_result *result, const struct kept *kept)
{
    uint8_t hash[PROTO_LOG_HASH_BYTES];

    if (kept->statement && result->has_entry && is_of(serve, result, kept)) {
        proto_log_leaf_hash(hash, result->receipt.leaf);
        if (serve_leaves_add(serve->leaves, kept->sid, hash))
            host_say(HOST_WARN, "memory ran out: a gate will stay closed until its customer asks again");
    }
    if (kept->ends)
        serve_leaves_drop(serve->leaves, kept->sid);
}

static void say_state(struct serve_jobs *jobs, struct serve *serve, const struct relay_result *result)
{
    if (result->err == PROTO_ERR_IO && !jobs->failing)
        host_say(HOST_ERROR, "the log cannot be written: %s; %s", result->text,
                 relay_appender_is_damaged(serve->appender) ? "stop this relay before that, and see what --check says"
                                                            : "free space or mend the disk, the relay goes on trying");
    jobs->failing |= result->err == PROTO_ERR_IO;
}

/* An ending that went into the reserve does not mean that there is room. */
static void say_written(struct serve_jobs *jobs, struct serve *serve)
{
    if (!jobs->failing || !relay_appender_is_writable(serve->appender))
        return;
    jobs->failing = false;
    host_say(HOST_INFO, "the log is written again");
}

static bool take_all(struct serve_jobs *jobs, struct serve *serve)
{
    bool any = false;

    while (jobs->count && relay_appender_take_result(serve->appender, &jobs->result)) {
        struct kept kept = jobs->ring[jobs->first];

        any = true;
        jobs->first = (jobs->first + 1) % RING;
        jobs->count--;
        relay_histogram_add(&jobs->appended, host_now().mono_ms - kept.at_ms);
        say_state(jobs, serve, &jobs->result);
        if (!jobs->result.err)
            note_leaf(serve, &jobs->result, &kept);
        relay_core_job_done(serve->core, &jobs->result, host_now());
    }
    return any;
}

void serve_jobs_run(struct serve_jobs *jobs, struct serve *serve)
{
    bool more;

    do {
        more = push_all(jobs, serve);
        more |= take_all(jobs, serve);
    } while (more);
    say_written(jobs, serve);
}

/* ---- after a start ---- */

struct restoring {
    struct serve *serve;
    uint8_t (*sids)[RELAY_STORE_SID_BYTES]; /* owned: the store is not asked again during a visit */
    size_t count, room;
};

static enum proto_err restore_session(void *context, const struct relay_store_session *row)
{
    struct restoring *restoring = context;

    if (restoring->count == restoring->room) {
        size_t room = restoring->room ? 2 * restoring->room : 64;
        void *grown = realloc(restoring->sids, room * sizeof *restoring->sids);

        if (!grown)
            return PROTO_ERR_NOMEM;
        restoring->sids = grown;
        restoring->room = room;
    }
    memcpy(restoring->sids[restoring->count++], row->sid, RELAY_STORE_SID_BYTES);
    return relay_core_restore(restoring->serve->core, row, host_now());
}

static enum proto_err restore_leaf(void *context, const struct relay_store_entry *entry)
{
    struct serve *serve = context;
    struct proto_log_leaf leaf;
    uint8_t hash[PROTO_LOG_HASH_BYTES];
    enum proto_err err = proto_log_leaf_parse(&leaf, entry->leaf);

    if (err || leaf.kind != PROTO_LOG_STATEMENT)
        return err;
    proto_log_leaf_hash(hash, entry->leaf);
    return serve_leaves_add(serve->leaves, entry->sid, hash);
}

bool serve_jobs_restore(struct serve *serve, struct serve_report *report)
{
    struct restoring restoring = {.serve = serve};
    enum proto_err err = relay_store_each_session(serve->reader, false, restore_session, &restoring);

    for (size_t i = 0; i < restoring.count && !err; i++)
        err = relay_store_each_entry_of(serve->reader, restoring.sids[i], restore_leaf, serve);
    free(restoring.sids);
    if (!err && !restoring.count)
        return true;
    if (!err) {
        host_say(HOST_INFO, "%zu session%s waited for from before", restoring.count,
                 restoring.count == 1 ? " is" : "s are");
        return serve_officer_stop_again(serve, report);
    }
    serve_check_unread(report, serve->folder, serve->reader, err);
    return false;
}
