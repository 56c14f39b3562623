/* SPDX-License-Identifier: Apache-2.0 */
/* The whole verification: the log, then its sessions, both by a crew. */
#include "relay/audit/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/crew.h"
#include "relay/audit/session.h"
#include "relay/audit/stops.h"

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
    uint64_t done, told;
    bool missing; /* evidence that no note says was erased: of which session, the walk over the entries has named */
};

/* ---- on any thread ---- */

static enum proto_err judge_row(struct audit_organisation *o, const struct walking *w,
                                const struct relay_store_session *row, struct rows *job)
{
    struct audit_session session;
    size_t before = job->report.wrong;
    enum proto_err err = audit_session_read(&session, o, row, &job->report);

    if (!err)
        audit_session_judge(&session, o, w->v->log.size, &job->report);
    job->seen += session.entries;
    job->report.sound_sessions +=
        !err && job->report.wrong == before && !session.incomplete && !(session.erased && w->missing);
    audit_session_clear(&session);
    return err;
}

static void judge_rows(struct audit_organisation *o, void *context, void *job)
{
    const struct walking *w = context;
    struct rows *rows = job;

    for (size_t i = 0; !rows->err && i < rows->count; i++)
        rows->err = judge_row(o, w, &rows->row[i], rows);
}

/* ---- in order ---- */

/* The order in which rows come. */
static bool is_up_to(const struct relay_store_session *row, const struct audit_row_mark *mark)
{
    if (row->created_unix_ms != mark->created_unix_ms)
        return row->created_unix_ms < mark->created_unix_ms;
    return memcmp(row->sid, mark->sid, sizeof mark->sid) <= 0;
}

/* Sessions before this one were all judged, in this verification or, as far as the plan says, in the one before. */
static void tell_reached(struct walking *w, const struct relay_store_session *last)
{
    const struct audit_log_plan *plan = &w->v->plan;
    struct audit_reached reached = {.tree = {.size = w->v->log.size}};

    if (!plan->reached || (w->v->log.from && !plan->interrupted) || w->v->report.wrong || !w->v->log.leaves_ok ||
        w->done < w->told + (plan->reached_every ? plan->reached_every : AUDIT_REACHED_EVERY / 16))
        return;
    if (w->v->log.from && plan->row.set && is_up_to(last, &plan->row))
        return; /* of the earlier ones it has reached those alone that have a new entry */
    w->told = w->done;
    memcpy(reached.tree.root, w->v->log.root, sizeof reached.tree.root);
    reached.row.set = true;
    reached.row.created_unix_ms = last->created_unix_ms;
    memcpy(reached.row.sid, last->sid, sizeof reached.row.sid);
    reached.unfiled = w->v->log.from ? 0 : w->v->log.size;
    plan->reached(plan->context, &reached);
}

static enum proto_err take_rows(void *context, void *job)
{
    struct walking *w = context;
    const struct rows *rows = job;

    audit_report_add(&w->v->report, &rows->report);
    w->v->seen += rows->seen;
    w->done += rows->count;
    if (w->v->plan.progress)
        w->v->plan.progress(w->v->plan.context, "sessions", w->done, 0);
    if (!rows->err)
        tell_reached(w, &rows->row[rows->count - 1]);
    return rows->err;
}

static int by_sid(const void *a, const void *b)
{
    return memcmp(a, b, RELAY_STORE_SID_BYTES);
}

static bool is_touched(const struct audit_log *log, const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    return log->touched_count && bsearch(sid, log->touched, log->touched_count, RELAY_STORE_SID_BYTES, by_sid);
}

static void count_row(struct walking *w, const struct relay_store_session *row)
{
    struct audit_open *open = &w->v->open;
    bool live = row->state != RELAY_STORE_ENDED;

    if (live && open->count < AUDIT_OPEN_MAX)
        memcpy(open->sid[open->count++], row->sid, sizeof row->sid);
    w->v->report.live += live;
    w->v->report.overdue += live && row->expires_unix_ms < w->now_ms;
}

/* NOMEM: or what finishing says. */
static enum proto_err judge_soon(struct walking *w, const struct relay_store_session *row)
{
    w->v->judged++;
    if (!w->job && !(w->job = audit_crew_job(w->crew)))
        return PROTO_ERR_NOMEM;
    w->job->row[w->job->count++] = *row;
    if (w->job->count == ROWS_PER_JOB) {
        audit_crew_send(w->crew);
        w->job = NULL;
    }
    return PROTO_OK;
}

static enum proto_err visit_row(void *context, const struct relay_store_session *row)
{
    struct walking *w = context;
    const struct audit_row_mark *mark = &w->v->plan.row;

    w->v->report.sessions++;
    count_row(w, row);
    if (!w->o->can_open || (w->v->log.from && mark->set && is_up_to(row, mark) && !is_touched(&w->v->log, row->sid)))
        return PROTO_OK;
    return judge_soon(w, row);
}

static enum proto_err visit_open_row(void *context, const struct relay_store_session *row)
{
    struct walking *w = context;

    count_row(w, row);
    return !w->o->can_open || is_touched(&w->v->log, row->sid) ? PROTO_OK : judge_soon(w, row);
}

/* A session that had ended, and of which nothing is new, was judged before: of a long log only those with a newer entry
 * are read, and those that have not ended, whose silence may be what is wrong. The others are counted. */
static enum proto_err walk_touched(struct walking *w)
{
    const struct audit_log *log = &w->v->log;
    struct relay_store_session row;
    enum proto_err err = relay_store_count_sessions(w->o->rows, &w->v->report.sessions);

    if (!err)
        err = relay_store_each_session(w->o->rows, false, visit_open_row, w);
    for (size_t i = 0; !err && w->o->can_open && i < log->touched_count; i++) {
        if (i && !by_sid(log->touched[i], log->touched[i - 1]))
            continue;
        err = relay_store_get_session(w->o->rows, log->touched[i], &row);
        if (!err)
            err = judge_soon(w, &row);
        else if (err == PROTO_ERR_NOT_FOUND)
            err = PROTO_OK; /* erased whole; or the entry was named already */
    }
    return err;
}

/* Nothing new is in them, and that may be what is wrong: an officer stopped them since, or they had not ended. */
static enum proto_err touch_silent(struct walking *w)
{
    const struct audit_stops *stops = w->o->stops;
    const struct audit_open *open = w->v->plan.open;
    struct audit_log *log = &w->v->log;
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; !err && i < stops->count; i++)
        if (stops->all[i].entry >= log->from)
            err = audit_log_touch(log, stops->all[i].sid);
    for (size_t i = 0; !err && open && i < open->count; i++)
        err = audit_log_touch(log, open->sid[i]);
    return err;
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
    w->missing = w->v->report.missing > 0;
    err = log->from ? touch_silent(w) : PROTO_OK;
    if (log->touched_count)
        qsort(log->touched, log->touched_count, RELAY_STORE_SID_BYTES, by_sid);
    if (!err)
        err = log->from && !w->v->plan.interrupted ? walk_touched(w)
                                                   : relay_store_each_session(w->o->rows, true, visit_row, w);
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
        audit_look_for_unfiled(o, v->log.size, &v->report);
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
void audit_judge_cases(struct audit_organisation *o, struct audit_report *report)
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
    struct audit_stops stops = {.count = 0};

    audit_judge_name(o, &v->report);
    v->plan.now_s = now_ms / 1000;
    enum proto_err err = audit_log_verify(o, &v->plan, &v->report, &v->log);
    if (!err)
        err = audit_stops_read(&stops, o->rows);
    o->stops = &stops;
    if (!err)
        err = walk_rows(&walking);
    o->stops = NULL;
    audit_stops_free(&stops);
    if (err && err != PROTO_ERR_NOMEM) { /* a row that cannot even be read */
        audit_found(audit_expected(audit_wrong(&v->report, "session", "row"), "rows that can be read"), "%s",
                    relay_store_error(o->rows));
        err = PROTO_OK;
    }
    if (!err && o->can_open)
        judge_met(o, v);
    if (!err)
        audit_judge_cases(o, &v->report);
    audit_causes_first(&v->report);
    return err;
}
