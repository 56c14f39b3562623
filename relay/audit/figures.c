/* SPDX-License-Identifier: Apache-2.0 */
/* report: counts over a period, as a data-protection authority asks for them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/acts.h"
#include "relay/audit/commands.h"
#include "relay/audit/filter.h"
#include "relay/audit/minutes.h"
#include "relay/audit/paper.h"
#include "relay/audit/phrases.h"
#include "relay/audit/times.h"
#include "relay/audit/totals.h"
#include "relay/audit/whole.h"

enum { AGENT_COLUMNS = 29 };

struct of_agent {
    char id[RELAY_STORE_TEXT_MAX + 1], name[RELAY_STORE_TEXT_MAX + 1];
    uint64_t sessions, granted, refused, forbidden, withdrawn, blocked;
    int64_t seconds;
};

struct figures {
    struct audit_totals totals;
    struct of_agent *agents; /* owned, in the order in which they were met */
    size_t agent_count, agent_room;
    uint64_t timed;   /* of which it is known when the customer came, and when they ended */
    uint64_t untaken; /* invitations: nobody ever came */
    uint64_t sessions, live, erased, wrong, customers_named;
    uint64_t gone, gone_entries; /* erased, as notes say */
    char gone_words[AUDIT_TEXT_MAX];
    uint64_t lost, lost_entries, of_log; /* sessions that are missing; what is wrong with the log as a whole */
    const struct audit_filter *filter;
    uint64_t blocked_messages;          /* sent without a consent, and kept back; of sessions that have ended */
    uint64_t forbidden;                 /* requests that customers' ends refused by the policy */
    uint64_t not_opened, refused_staff; /* gates, and members of staff outside of a session, whom the relay refused */
    uint64_t ended[PROTO_END_COUNT];    /* NONE: by a reason that is not known */
    int64_t seconds, longest_s, first_ms, last_ms;
};

static struct of_agent *agent_of(struct figures *f, const struct relay_store_session *row)
{
    for (size_t i = 0; i < f->agent_count; i++)
        if (!strcmp(f->agents[i].id, row->agent_id))
            return &f->agents[i];
    if (f->agent_count == f->agent_room) {
        size_t more = f->agent_room ? f->agent_room * 2 : 16;
        struct of_agent *bigger = realloc(f->agents, more * sizeof *bigger);
        if (!bigger)
            return NULL;
        f->agents = bigger;
        f->agent_room = more;
    }
    struct of_agent *agent = memset(&f->agents[f->agent_count++], 0, sizeof *agent);
    memcpy(agent->id, row->agent_id, sizeof agent->id);
    return agent;
}

static void count_end(struct figures *f, const struct audit_session *session)
{
    int64_t lasted_s = audit_session_lasted_s(session);
    int reason = PROTO_END_COUNT - 1;

    if (session->row.state != RELAY_STORE_ENDED) {
        f->live++;
        return;
    }
    while (reason > 0 && strcmp(proto_end_name((enum proto_end)reason), session->row.ended_reason) != 0)
        reason--;
    f->ended[reason]++;
    f->untaken += !audit_last_event(session, PROTO_ACT_JOINED) && !session->erased && !session->incomplete;
    if (lasted_s < 0)
        return;
    f->timed++;
    f->seconds += lasted_s;
    f->longest_s = lasted_s > f->longest_s ? lasted_s : f->longest_s;
}

static void count_agent(struct of_agent *agent, const struct audit_session *session, const struct audit_totals *totals)
{
    snprintf(agent->name, sizeof agent->name, "%.128s", audit_agent_name(session));
    agent->sessions++;
    for (int c = 0; c < PROTO_CAPABILITY_COUNT; c++) {
        agent->granted += totals->of[c].granted;
        agent->refused += totals->of[c].refused;
        agent->forbidden += totals->of[c].forbidden;
        agent->withdrawn += totals->of[c].withdrawn;
        agent->blocked += totals->of[c].blocked;
        agent->seconds += totals->of[c].seconds;
    }
}

static enum proto_err visit(void *context, const struct audit_session *session, const struct audit_report *judged)
{
    struct figures *f = context;
    struct of_agent *agent = agent_of(f, &session->row);
    struct audit_totals totals;

    if (!agent)
        return PROTO_ERR_NOMEM;
    memset(&totals, 0, sizeof totals);
    audit_totals_add(&totals, session);
    audit_totals_add(&f->totals, session);
    count_agent(agent, session, &totals);
    count_end(f, session);
    f->first_ms = f->sessions ? f->first_ms : session->row.created_unix_ms;
    f->last_ms = session->row.created_unix_ms;
    for (int c = 0; c < PROTO_CAPABILITY_COUNT; c++) {
        f->forbidden += totals.of[c].forbidden;
        f->not_opened += totals.of[c].not_opened;
    }
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED);
    uint64_t blocked;
    if (ended && audit_detail_number(&ended->event, "blocked", &blocked))
        f->blocked_messages += blocked;
    f->sessions++;
    f->erased += session->erased;
    f->customers_named += session->row.customer_ref[0] != 0;
    f->wrong += judged->wrong > 0 || session->incomplete;
    return PROTO_OK;
}

static enum proto_err visit_refusal(void *context, uint64_t entry, const struct proto_event_note *event)
{
    struct figures *f = context;
    const char *times = proto_event_note_get(event, "times");

    (void)entry;
    if (audit_filter_refusal(f->filter, event))
        f->refused_staff += times ? strtoull(times, NULL, 10) : 1;
    return PROTO_OK;
}

/* ---- in words ---- */

/* Attempts: whoever is asked about them has to name them, and by whom. */
static void print_forbidden(const struct figures *f)
{
    char text[512];
    int at;

    if (f->forbidden) {
        at = snprintf(text, sizeof text, "%" PRIu64 " time%s customers' ends refused what the policy forbids",
                      f->forbidden, f->forbidden == 1 ? "" : "s");
        for (int c = 1, any = 0; c < PROTO_CAPABILITY_COUNT && at < (int)sizeof text; c++)
            if (f->totals.of[c].forbidden)
                at += snprintf(text + at, sizeof text - (size_t)at, "%s%s %" PRIu64, any++ ? ", " : ": ",
                               proto_capability_label((enum proto_capability)c), f->totals.of[c].forbidden);
        audit_paper_head("Forbidden", text);
    }
    uint64_t relay = f->not_opened + f->refused_staff;
    if (relay) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " time%s the relay refused what policy or consent did not allow, %" PRIu64
                 " of them before a session began",
                 relay, relay == 1 ? "" : "s", f->refused_staff);
        audit_paper_head("Forbidden", text);
    }
    if (f->forbidden || relay)
        audit_paper_head("", "list --outcome forbidden names them");
}

static void print_head(const struct figures *f)
{
    char first[AUDIT_TIME_MAX], last[AUDIT_TIME_MAX], took[AUDIT_TIME_MAX], longest[AUDIT_TIME_MAX], text[256],
        only[AUDIT_FILTER_WORDS_MAX];

    audit_time_short(first, f->first_ms / 1000);
    audit_time_short(last, f->last_ms / 1000);
    snprintf(text, sizeof text, "%" PRIu64 ", opened from %s to %s", f->sessions, first, last);
    audit_paper_head("Sessions", f->sessions ? text : "none");
    if (audit_filter_words(f->filter, only))
        audit_paper_head("Only", only);
    if (f->timed) {
        audit_duration(took, f->seconds / (int64_t)f->timed);
        audit_duration(longest, f->longest_s);
        snprintf(text, sizeof text, "%s on average, the longest %s, from when the customer came", took, longest);
        audit_paper_head("Duration", text);
    }
    if (f->untaken) {
        snprintf(text, sizeof text, "%" PRIu64 " of them: nobody came", f->untaken);
        audit_paper_head("Invitations", text);
    }
    snprintf(text, sizeof text, "%" PRIu64 " of them name%s a customer", f->customers_named,
             f->customers_named == 1 ? "s" : "");
    audit_paper_head("Customers", text);
    if (f->blocked_messages) {
        snprintf(text, sizeof text, "%" PRIu64 " message%s without a consent: the relay kept %s back",
                 f->blocked_messages, f->blocked_messages == 1 ? "" : "s", f->blocked_messages == 1 ? "it" : "them");
        audit_paper_head("Blocked", text);
    }
    print_forbidden(f);
    if (f->wrong) {
        snprintf(text, sizeof text, "%" PRIu64 " %s not hold; handhold-audit verify names what is wrong", f->wrong,
                 f->wrong == 1 ? "session does" : "sessions do");
        audit_paper_head("WRONG", text);
    }
    if (f->of_log) {
        snprintf(text, sizeof text, "%" PRIu64 " thing%s with the log itself, named below", f->of_log,
                 f->of_log == 1 ? "" : "s");
        audit_paper_head("WRONG", text);
    }
    if (f->lost) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " session%s not counted: gone with %" PRIu64
                 " entries, and no note says that they were erased",
                 f->lost, f->lost == 1 ? " is" : "s are", f->lost_entries);
        audit_paper_head("MISSING", text);
    }
    if (f->gone)
        audit_paper_head("Erased", f->gone_words);
    if (f->erased) {
        snprintf(text, sizeof text, "%" PRIu64 " %s not counted: evidence that was erased", f->erased,
                 f->erased == 1 ? "entry is" : "entries are");
        audit_paper_head("Erased", text);
    }
}

static void print_capabilities(const struct figures *f)
{
    char shared[AUDIT_TIME_MAX], done[AUDIT_PASSED_MAX];
    uint64_t unknown = 0;

    printf("\n%-20s %8s %8s %8s %9s %8s  %s\n", "Capability", "granted", "refused", "unasked", "withdrawn", "blocked",
           "shared");
    audit_paper_rule();
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        const struct audit_total *t = &f->totals.of[c];
        audit_duration(shared, t->seconds);
        audit_total_done((enum proto_capability)c, t, done);
        unknown += t->unknown;
        printf("%-20s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64 " %8" PRIu64 "  %s%s\n",
               proto_capability_label((enum proto_capability)c), t->granted, t->refused, t->unasked, t->withdrawn,
               t->blocked, t->unknown ? "at most " : "",
               t->passed    ? shared
               : t->granted ? done
                            : "-");
    }
    if (f->totals.of[0].blocked)
        printf("%-20s %8s %8s %8s %9s %8" PRIu64 "\n", "of no known kind", "", "", "", "", f->totals.of[0].blocked);
    if (unknown)
        printf("Of %" PRIu64 " of what passed, how much and until when is " AUDIT_NOT_KNOWN ".\n", unknown);
}

static void print_ends(const struct figures *f)
{
    printf("\nEnded\n");
    audit_paper_rule();
    for (int end = PROTO_END_COMPLETED; end < PROTO_END_COUNT; end++)
        if (f->ended[end])
            printf("%8" PRIu64 "  %s\n", f->ended[end], audit_reason_words(proto_end_name((enum proto_end)end)));
    if (f->ended[PROTO_END_NONE])
        printf("%8" PRIu64 "  for another reason\n", f->ended[PROTO_END_NONE]);
    if (f->live)
        printf("%8" PRIu64 "  not yet\n", f->live);
}

/* Two agents of one name are told apart by their ids. Bytes of the name, which is followed by `more`. */
static size_t name_agent(const struct figures *f, const struct of_agent *agent, char more[static 2 * AGENT_COLUMNS])
{
    bool again = false;

    for (size_t i = 0; i < f->agent_count; i++)
        again = again || (&f->agents[i] != agent && !strcmp(f->agents[i].name, agent->name));
    *more = 0;
    if (again)
        snprintf(more, 2 * AGENT_COLUMNS, " (%.*s)", (int)audit_paper_cut(agent->id, AGENT_COLUMNS / 2), agent->id);
    return audit_paper_cut(agent->name, AGENT_COLUMNS - audit_paper_columns(more, strlen(more)));
}

static void print_agents(const struct figures *f)
{
    char shared[AUDIT_TIME_MAX], more[2 * AGENT_COLUMNS];

    printf("\n%-29s %8s %8s %8s %9s  %s\n", "Agent", "sessions", "granted", "refused", "withdrawn", "shared, added up");
    audit_paper_rule();
    for (size_t i = 0; i < f->agent_count; i++) {
        const struct of_agent *a = &f->agents[i];
        audit_duration(shared, a->seconds);
        size_t cut = name_agent(f, a, more),
               columns = audit_paper_columns(a->name, cut) + audit_paper_columns(more, strlen(more));
        printf("%.*s%s%*s%8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64 "  %s\n", (int)cut, a->name, more,
               (int)(AGENT_COLUMNS + 1 - columns), "", a->sessions, a->granted, a->refused, a->withdrawn,
               a->seconds ? shared : "-");
    }
}

static void print_words(const struct figures *f)
{
    print_head(f);
    if (!f->sessions)
        return;
    print_capabilities(f);
    print_ends(f);
    print_agents(f);
    printf("\nUnasked: " AUDIT_UNASKED_WORDS ".\n");
    if (f->forbidden)
        audit_paper_wrapped("Forbidden: " AUDIT_FORBIDDEN_WORDS ".", 0);
}

/* ---- as JSON Lines ---- */

static void print_json(const struct figures *f)
{
    char only[AUDIT_FILTER_WORDS_MAX];

    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        const struct audit_total *t = &f->totals.of[c];
        host_json_event(
            "capability", "{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "capability",
            proto_capability_name((enum proto_capability)c), "granted", (json_int_t)t->granted, "refused",
            (json_int_t)t->refused, "unasked", (json_int_t)t->unasked, "withdrawn", (json_int_t)t->withdrawn, "lapsed",
            (json_int_t)t->lapsed, "blocked", (json_int_t)t->blocked, "shared_s", (json_int_t)t->seconds, "frames",
            (json_int_t)t->frames, "bytes", (json_int_t)t->bytes, "not_known", (json_int_t)t->unknown, "forbidden",
            (json_int_t)t->forbidden, "not_opened", (json_int_t)t->not_opened, "recorded", (json_int_t)t->recorded,
            "recorded_bytes", (json_int_t)t->recorded_bytes, "taken", (json_int_t)t->taken);
    }
    for (size_t i = 0; i < f->agent_count; i++) {
        const struct of_agent *a = &f->agents[i];
        host_json_event("agent", "{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "id", a->id, "name", a->name, "sessions",
                        (json_int_t)a->sessions, "granted", (json_int_t)a->granted, "refused", (json_int_t)a->refused,
                        "forbidden", (json_int_t)a->forbidden, "withdrawn", (json_int_t)a->withdrawn, "blocked",
                        (json_int_t)a->blocked, "shared_s", (json_int_t)a->seconds);
    }
    json_t *ended = json_object();
    for (int end = PROTO_END_COMPLETED; ended && end < PROTO_END_COUNT; end++)
        json_object_set_new(ended, proto_end_name((enum proto_end)end), json_integer((json_int_t)f->ended[end]));
    json_t *line = json_pack(
        "{s:s,s:I,s:I,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "event", "report",
        "sessions", (json_int_t)f->sessions, "live", (json_int_t)f->live, "ended", ended, "seconds",
        (json_int_t)f->seconds, "longest_s", (json_int_t)f->longest_s, "erased_entries", (json_int_t)f->erased, "wrong",
        (json_int_t)f->wrong, "log_wrong", (json_int_t)f->of_log, "missing_sessions", (json_int_t)f->lost,
        "missing_entries", (json_int_t)f->lost_entries, "gone_sessions", (json_int_t)f->gone, "gone_entries",
        (json_int_t)f->gone_entries, "first", (json_int_t)(f->first_ms / 1000), "last", (json_int_t)(f->last_ms / 1000),
        "customers_named", (json_int_t)f->customers_named, "forbidden", (json_int_t)f->forbidden, "not_opened",
        (json_int_t)f->not_opened, "refused_staff", (json_int_t)f->refused_staff, "blocked_messages",
        (json_int_t)f->blocked_messages);
    if (line)
        json_object_set_new(line, "untaken", json_integer((json_int_t)f->untaken));
    if (line && f->filter->since_ms != INT64_MIN)
        json_object_set_new(line, "since", json_integer(f->filter->since_ms / 1000));
    if (line && f->filter->until_ms != INT64_MAX)
        json_object_set_new(line, "until", json_integer(f->filter->until_ms / 1000));
    if (line && audit_filter_words(f->filter, only))
        json_object_set_new(line, "only", json_string(only));
    host_json_line(line);
}

int audit_figures(void)
{
    struct figures *f = calloc(1, sizeof *f);
    struct audit_organisation o;
    struct audit_filter filter;

    if (!f || !audit_filter_take(&filter, host_now().unix_ms) ||
        !audit_enter(&o, "is missing: what was asked and answered is sealed")) {
        free(f);
        return HOST_EXIT_USAGE;
    }
    f->filter = &filter;
    enum proto_err err = audit_each_session(&o, &filter, visit, f);
    if (!err)
        err = audit_each_refusal(&o, visit_refusal, f);
    if (!err) {
        f->of_log = audit_whole_report(&o)->wrong;
        f->lost = audit_whole_lost(&o, &f->lost_entries);
        f->gone = audit_whole_gone(&o, filter.since_ms, filter.until_ms, &f->gone_entries);
        (void)audit_whole_gone_words(&o, filter.since_ms, filter.until_ms, f->gone_words);
        (audit_options.json ? print_json : print_words)(f);
        (void)audit_whole_say(&o, NULL);
    }
    audit_close(&o);
    if (err == PROTO_ERR_NOMEM)
        host_say_err("report", err);
    int code = err || f->wrong || f->of_log ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
    free(f->agents);
    free(f);
    return code;
}
