/* SPDX-License-Identifier: Apache-2.0 */
/* The whole verification: the log, then its sessions, both by a crew. */
#include "relay/audit/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/crew.h"
#include "relay/audit/session.h"

enum { ROWS_PER_JOB = 16 };

struct rows {
    struct relay_store_session row[ROWS_PER_JOB];
    size_t count;
    struct audit_report report;
    uint64_t seen;
    enum proto_err err;
};

struct walking {
    struct audit_organisation *o;
    struct audit_verified *v;
    int64_t now_ms;
    struct audit_crew *crew;
    struct rows *job; /* being filled */
    uint64_t done;
};

/* ---- on any thread ---- */

static enum proto_err judge_row(struct audit_organisation *o, uint64_t size, const struct relay_store_session *row,
                                struct rows *job)
{
    struct audit_session session;
    size_t before = job->report.wrong;
    enum proto_err err = audit_session_read(&session, o, row, &job->report);

    if (!err)
        audit_session_judge(&session, o, size, &job->report);
    job->seen += session.entries;
    job->report.sound_sessions += !err && job->report.wrong == before && !session.incomplete;
    audit_session_clear(&session);
    return err;
}

static void judge_rows(struct audit_organisation *o, void *context, void *job)
{
    const struct walking *w = context;
    struct rows *rows = job;

    for (size_t i = 0; !rows->err && i < rows->count; i++)
        rows->err = judge_row(o, w->v->log.size, &rows->row[i], rows);
}

/* ---- in order ---- */

static enum proto_err take_rows(void *context, void *job)
{
    struct walking *w = context;
    const struct rows *rows = job;

    audit_report_add(&w->v->report, &rows->report);
    w->v->seen += rows->seen;
    w->done += rows->count;
    if (w->v->plan.progress)
        w->v->plan.progress(w->v->plan.context, "sessions", w->done, 0);
    return rows->err;
}

static int by_sid(const void *a, const void *b)
{
    return memcmp(a, b, RELAY_STORE_SID_BYTES);
}

/* A session of which nothing is new was judged when what it has was. */
static bool is_new(const struct audit_log *log, const struct relay_store_session *row)
{
    return !log->from ||
           (log->touched_count && bsearch(row->sid, log->touched, log->touched_count, RELAY_STORE_SID_BYTES, by_sid));
}

static enum proto_err visit_row(void *context, const struct relay_store_session *row)
{
    struct walking *w = context;
    struct audit_report *report = &w->v->report;

    report->sessions++;
    report->live += row->state != RELAY_STORE_ENDED;
    report->overdue += row->state != RELAY_STORE_ENDED && row->expires_unix_ms < w->now_ms;
    if (!w->o->can_open || !is_new(&w->v->log, row))
        return PROTO_OK;
    w->v->judged++;
    if (!w->job && !(w->job = audit_crew_job(w->crew)))
        return PROTO_ERR_NOMEM; /* or what finishing says */
    w->job->row[w->job->count++] = *row;
    if (w->job->count == ROWS_PER_JOB) {
        audit_crew_send(w->crew);
        w->job = NULL;
    }
    return PROTO_OK;
}

static enum proto_err walk_rows(struct walking *w)
{
    const struct audit_crew_config config = {.threads = w->v->plan.threads,
                                             .job_bytes = sizeof(struct rows),
                                             .work = judge_rows,
                                             .take = take_rows,
                                             .context = w};
    struct audit_log *log = &w->v->log;
    enum proto_err err = audit_crew_new(&w->crew, &config, w->o);

    if (err)
        return PROTO_ERR_NOMEM;
    if (log->touched_count)
        qsort(log->touched, log->touched_count, RELAY_STORE_SID_BYTES, by_sid);
    err = relay_store_each_session(w->o->rows, true, visit_row, w);
    if (w->job)
        audit_crew_send(w->crew);
    enum proto_err work_err = audit_crew_finish(w->crew);
    return work_err ? work_err : err;
}

/* Every entry of a session must have been met again under its row. */
static void judge_met(struct audit_organisation *o, struct audit_verified *v)
{
    uint64_t expected = v->log.size - v->log.own - v->report.erased;

    if (v->log.from || v->seen >= expected)
        return;
    if (v->report.wrong == 0 || v->log.leaves_ok)
        audit_name_unfiled(o, v->log.size, &v->report);
    if (v->report.wrong == 0)
        audit_found(audit_expected(audit_wrong(&v->report, "entry", "sid"),
                                   "%" PRIu64 " entries to belong to the sessions that have rows", expected),
                    "%" PRIu64, v->seen);
}

/* ---- what staff keep ---- */

static enum proto_err visit_suspect(void *context, const uint8_t sid[RELAY_STORE_SID_BYTES], const char *column)
{
    struct audit_report *report = context;

    if (report)
        audit_found(audit_expected(audit_at_session(audit_wrong(report, "kept_case", column), sid),
                                   "what the relay kept of a session that is stored, under the key of its customer"),
                    "a row that differs from its session, or that its key does not open");
    return report ? PROTO_OK : PROTO_ERR_STATE;
}

/* A case may be erased between the reading of its row and of its key: what is said twice is so. */
static void judge_cases(struct audit_organisation *o, struct audit_report *report)
{
    enum proto_err err = relay_store_each_suspect_case(o->rows, visit_suspect, NULL);

    if (err)
        err = relay_store_each_suspect_case(o->rows, visit_suspect, report);
    if (err)
        audit_found(audit_expected(audit_wrong(report, "kept_case", "row"), "rows that can be read"), "%s",
                    relay_store_error(o->rows));
}

enum proto_err audit_verify_all(struct audit_organisation *o, struct audit_verified *v, int64_t now_ms)
{
    struct walking walking = {.o = o, .v = v, .now_ms = now_ms};

    if (!o->log_is_named)
        audit_found(audit_expected(audit_wrong(&v->report, "relay/log.vkey", "key"), "a log key that org.note names"),
                    "another key");
    enum proto_err err = audit_log_verify(o, &v->plan, &v->report, &v->log);
    if (!err)
        err = walk_rows(&walking);
    if (err && err != PROTO_ERR_NOMEM) { /* a row that cannot even be read */
        audit_found(audit_expected(audit_wrong(&v->report, "session", "row"), "rows that can be read"), "%s",
                    relay_store_error(o->rows));
        err = PROTO_OK;
    }
    if (!err && o->can_open)
        judge_met(o, v);
    if (!err)
        judge_cases(o, &v->report);
    audit_causes_first(&v->report);
    return err;
}
