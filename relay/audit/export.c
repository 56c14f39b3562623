/* SPDX-License-Identifier: Apache-2.0 */
/* export: sessions as JSON Lines, as a table, or as a page. */
#include "relay/audit/export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/commands.h"
#include "relay/audit/cut.h"
#include "relay/audit/ended.h"
#include "relay/audit/minutes.h"
#include "relay/audit/times.h"
#include "relay/audit/verify.h"
#include "relay/audit/whole.h"

/* ---- JSON Lines: what show prints, for each ---- */

static void put_json(struct audit_export *x, json_t *line)
{
    if (line && json_dumpf(line, x->out, JSON_COMPACT) == 0)
        fputc('\n', x->out);
    json_decref(line);
}

static enum proto_err jsonl_session(struct audit_export *x, const struct audit_session *session,
                                    const struct audit_report *judged)
{
    size_t *order = audit_minutes_order(session);
    json_t *line = audit_session_json(x->o, session);

    if (!order || !line) {
        free(order);
        json_decref(line);
        return PROTO_ERR_NOMEM;
    }
    json_object_set_new(line, "ok", json_boolean(judged->wrong == 0 && !session->incomplete));
    put_json(x, line);
    for (size_t i = 0; i < session->count; i++)
        put_json(x, audit_note_json(session, order[i]));
    free(order);
    return PROTO_OK;
}

/* What verify would say, as it says it. */
static void jsonl_end(struct audit_export *x)
{
    char only[AUDIT_FILTER_WORDS_MAX];

    if (audit_filter_words(x->filter, only))
        put_json(x, json_pack("{s:s,s:s}", "event", "only", "words", only));
    if (*x->gone)
        put_json(x, json_pack("{s:s,s:s}", "event", "gone", "words", x->gone));
    if (*x->beside)
        put_json(x, json_pack("{s:s,s:s}", "event", "ended-log", "words", x->beside));
    for (size_t i = 0; i < x->ended_count; i++)
        put_json(x,
                 json_pack("{s:s,s:s,s:s}", "event", "ended-log", "log", x->ended[i].log, "words", x->ended[i].words));
    for (size_t i = 0; i < x->log->wrong && i < AUDIT_FINDINGS_MAX; i++)
        put_json(x, audit_finding_json(&x->log->findings[i]));
}

/* ---- all formats ---- */

static const struct {
    const char *name;
    void (*begin)(struct audit_export *x);
    audit_export_session session;
    void (*end)(struct audit_export *x);
    enum audit_cases_form cases;
    bool counted; /* all sessions are counted before the first is written */
} formats[] = {
    {"jsonl", NULL, jsonl_session, jsonl_end, AUDIT_CASES_JSON, false},
    {"csv", audit_csv_begin, audit_csv_session, audit_csv_end, AUDIT_CASES_CSV, false},
    {"html", audit_html_begin, audit_html_session, audit_html_end, AUDIT_CASES_HTML, true},
};

/* A log, twice: a visitor may not use the handles that are visited. */
struct twice {
    struct audit_organisation visited, again;
};

struct exporting {
    struct audit_export x;
    struct audit_organisation again;
    struct twice *ended[AUDIT_ENDED_MAX]; /* owned: the ended logs that lie beside, for all that is kept of a person */
    size_t ended_count;
    audit_export_session session;
};

static enum proto_err visit(void *context, const struct audit_session *session, const struct audit_report *judged)
{
    struct exporting *e = context;

    e->x.sessions++;
    e->x.wrong += judged->wrong > 0 || session->incomplete;
    return e->session(&e->x, session, judged);
}

static enum proto_err count(void *context, const struct audit_session *session, const struct audit_report *judged)
{
    struct exporting *e = context;

    audit_totals_add(&e->x.all.totals, session);
    e->x.all.sessions++;
    e->x.all.open += session->row.state != RELAY_STORE_ENDED;
    e->x.all.wrong += judged->wrong > 0 || session->incomplete;
    return PROTO_OK;
}

/* ---- the logs before it ---- */

static void close_one(struct twice *log)
{
    audit_close_again(&log->again);
    audit_close(&log->visited);
    free(log);
}

static void close_ended(struct exporting *e)
{
    for (size_t i = 0; i < e->ended_count; i++)
        close_one(e->ended[i]);
    e->ended_count = 0;
}

/* What is kept of a person is kept of them in every log that lies here. False: one cannot be read, which was said. */
static bool open_ended(struct exporting *e, const struct audit_organisation *present)
{
    for (unsigned n = 1; e->x.filter->customer && !present->ended && n <= AUDIT_ENDED_MAX; n++) {
        struct twice *log = audit_is_here(present->dir, n) ? calloc(1, sizeof *log) : NULL;
        if (!log)
            continue;
        if (!audit_open_ended(&log->visited, present->dir, audit_options.key, n) ||
            !audit_open_again(&log->again, &log->visited)) {
            audit_close(&log->visited);
            free(log);
            return false;
        }
        log->visited.is_copy = log->again.is_copy = present->is_copy;
        e->ended[e->ended_count++] = log;
    }
    return true;
}

static enum proto_err each(struct exporting *e, struct audit_organisation *present, audit_visit_session visitor)
{
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; i < e->ended_count && !err; i++) {
        e->ended[i]->again.stops = e->ended[i]->visited.stops;
        e->x.o = &e->ended[i]->again;
        err = audit_each_session(&e->ended[i]->visited, e->x.filter, visitor, e);
    }
    e->again.stops = present->stops;
    e->x.o = &e->again;
    return err ? err : audit_each_session(present, e->x.filter, visitor, e);
}

/* How it ended, what of it is lost, what was erased in it. */
static void tell_ended(const struct exporting *e, const struct audit_organisation *o, struct audit_export_ended *out)
{
    char gap[AUDIT_GAP_MAX], gone[AUDIT_TEXT_MAX], when[AUDIT_TIME_MAX];
    struct audit_ended ending = audit_whole_report(o)->followed;

    out->log = o->log_key.name;
    if (ending.has) {
        audit_plain(ending.reason);
        audit_before_gap(&ending, gap);
        audit_time_short(when, ending.unix_s);
        snprintf(out->words, sizeof out->words, "ended by an officer on %s: “%s”. Not proved: %s", when, ending.reason,
                 gap);
    } else {
        snprintf(out->words, sizeof out->words, "ended; by whom and why, no log that is here says.");
    }
    if (audit_whole_gone_words(o, e->x.filter->since_ms, e->x.filter->until_ms, gone))
        snprintf(out->words + strlen(out->words), sizeof out->words - strlen(out->words), " Erased: %s.", gone);
}

/* As one line of what is wrong with the whole: places in it are of another log. */
static void add_wrong(const struct audit_organisation *o, struct audit_report *to)
{
    const struct audit_report *r = audit_whole_report(o);
    char place[AUDIT_TEXT_MAX];

    if (!r->wrong)
        return;
    struct audit_finding *f = audit_wrong(to, "log.vkey", "of the ended log");
    f->entry = o->ended; /* one line each */
    audit_place(&r->findings[0], place);
    audit_found(audit_expected(f, "%.97s to hold, and in it, %.130s", o->log_key.name, r->findings[0].expected),
                "%.110s: %.110s", place, r->findings[0].found);
}

static const struct audit_organisation *ended_here(const struct exporting *e, unsigned n)
{
    for (size_t i = 0; i < e->ended_count; i++)
        if (e->ended[i]->visited.ended == n)
            return &e->ended[i]->visited;
    return NULL;
}

/* Each log names the one before it: one whose data is away may have kept more of this person. */
static void look_for_missing(const struct exporting *e, const struct audit_organisation *present,
                             struct audit_report *wrong)
{
    struct audit_ended before;
    char name[32];

    for (const struct audit_organisation *log = present; log && audit_ended_find(&before, log->log);) {
        log = ended_here(e, before.n);
        if (log || before.found == AUDIT_FOUND_GONE)
            continue;
        snprintf(name, sizeof name, "data.ended-%u", before.n);
        audit_found(audit_expected(audit_wrong(wrong, "log", "of before"),
                                   "%s, with the %llu entries of the log %s, in which more may be kept of this person",
                                   name, (unsigned long long)before.stored, before.log),
                    "nothing: it is not at hand");
    }
}

/* What is wrong with them is known before the first line is written. */
static enum proto_err look_at_ended(struct exporting *e, const struct audit_organisation *present,
                                    struct audit_report *wrong)
{
    size_t named = 0;

    if (e->x.filter->customer && !present->ended)
        look_for_missing(e, present, wrong);

    for (size_t i = 0; i < e->ended_count; i++) {
        struct audit_organisation *o = &e->ended[i]->visited;
        if (!audit_whole_know(o))
            return PROTO_ERR_IO;
        add_wrong(o, wrong);
        if (!o->log_is_named) { /* anybody may have put it there: nothing in it is of this organisation */
            close_one(e->ended[i]);
            continue;
        }
        tell_ended(e, o, &e->x.ended[e->x.ended_count++]);
        e->ended[named++] = e->ended[i];
    }
    e->ended_count = named;
    return PROTO_OK;
}

/* What is wrong with the log, and with what is kept of visits when those are told; before the first line. */
static enum proto_err look(struct exporting *e, struct audit_organisation *visited)
{
    struct audit_report *more = calloc(1, sizeof *more);

    if (!more)
        return PROTO_ERR_NOMEM;
    enum proto_err err = audit_whole_know(visited) ? look_at_ended(e, visited, more) : PROTO_ERR_IO;
    if (!err && e->x.filter->customer)
        audit_judge_cases(&e->again, more);
    if (!err)
        audit_whole_add(visited, more);
    free(more);
    if (err)
        return err;
    e->x.log = audit_whole_report(visited);
    if (!audit_whole_gone_words(visited, e->x.filter->since_ms, e->x.filter->until_ms, e->x.gone))
        *e->x.gone = 0;
    if (!audit_whole_beside(visited, e->x.beside))
        *e->x.beside = 0;
    return PROTO_OK;
}

static enum proto_err export_all(struct exporting *e, struct audit_organisation *visited)
{
    enum proto_err err = look(e, visited);
    size_t format = 0;

    while (strcmp(formats[format].name, audit_options.format) != 0)
        format++; /* the options take no other word */
    e->session = formats[format].session;
    if (!err && formats[format].counted)
        err = each(e, visited, count);
    if (!err && formats[format].begin)
        formats[format].begin(&e->x);
    if (!err)
        err = each(e, visited, visit);
    if (!err)
        err = audit_export_cases(&e->x, formats[format].cases);
    if (!err && formats[format].end)
        formats[format].end(&e->x);
    if (!err && (fflush(e->x.out) || ferror(e->x.out)))
        err = PROTO_ERR_IO;
    return err;
}

/* ---- where it goes ---- */

/* Beside the file first: one that is there is replaced by a whole one or not at all. */
static bool open_output(char part[static HOST_PATH_BYTES], FILE **out)
{
    *out = stdout;
    part[0] = 0;
    if (!audit_options.output || !strcmp(audit_options.output, "-"))
        return true;
    if (host_file_is_stream(audit_options.output)) {
        *out = fopen(audit_options.output, "we");
        if (!*out)
            host_say_err(audit_options.output, PROTO_ERR_IO);
        return *out != NULL;
    }
    if (!host_path(part, "%s.part", audit_options.output)) {
        host_say_err(audit_options.output, PROTO_ERR_RANGE);
        return false;
    }
    (void)unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!*out)
        host_say_err(part, PROTO_ERR_IO);
    else
        audit_cut_add(part);
    return *out != NULL;
}

static enum proto_err close_output(const char *part, FILE *out, enum proto_err err)
{
    if (out == stdout)
        return err;
    if (!err && *part && fsync(fileno(out)))
        err = PROTO_ERR_IO;
    if (fclose(out) && !err)
        err = PROTO_ERR_IO;
    if (!*part)
        return err;
    if (!err && rename(part, audit_options.output))
        err = PROTO_ERR_IO;
    if (err)
        (void)unlink(part);
    audit_cut_forget(part);
    return err;
}

int audit_export(void)
{
    struct audit_organisation o;
    struct audit_filter filter;
    struct proto_kept_keys keys = {.count = 0};
    char part[HOST_PATH_BYTES];
    struct exporting e = {.x = {.filter = &filter, .keys = &keys, .now_s = host_now().unix_ms / 1000}};
    enum proto_err err = PROTO_ERR_IO;
    bool lacks = false;

    if (audit_options.json && !audit_options.output && strcmp(audit_options.format, "jsonl") != 0) {
        host_say_error("--json", "csv and html are no JSON", "give --format jsonl, or -o FILE");
        return HOST_EXIT_USAGE;
    }
    e.x.o = &e.again;
    if (!audit_filter_take(&filter, host_now().unix_ms) || !audit_export_keys(&keys) ||
        !audit_enter(&o, "is missing: what was said is sealed to the officers")) {
        proto_kept_keys_clear(&keys);
        return HOST_EXIT_USAGE;
    }
    o.is_one_of_all = filter.customer != NULL;
    if (audit_open_again(&e.again, &o) && open_ended(&e, &o) && open_output(part, &e.x.out)) {
        err = close_output(part, e.x.out, export_all(&e, &o));
        if (err)
            host_say_err(audit_options.output ? audit_options.output : "export", err);
        else if (audit_options.output)
            host_say(HOST_INFO, "%" PRIu64 " session%s in %s", e.x.sessions, e.x.sessions == 1 ? "" : "s",
                     audit_options.output);
        lacks = e.x.log && e.x.log->wrong;
        if (e.x.wrong || lacks)
            host_say(HOST_WARN, "not all of this holds: handhold-audit verify names what is wrong");
    }
    close_ended(&e);
    audit_close_again(&e.again);
    proto_kept_keys_clear(&keys);
    audit_close(&o);
    return err || e.x.wrong || lacks ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}
