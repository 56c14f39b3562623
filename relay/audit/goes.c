/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/goes.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/commands.h"
#include "relay/audit/filter.h"
#include "relay/audit/times.h"
#include "relay/audit/whole.h"

struct reading {
    struct audit_goes *goes;
    struct audit_organisation *o;
    const char *log;
    const uint8_t *sid; /* NULL: all that pass */
    bool refused;
};

/* ---- one session ---- */

static void name_it(const struct reading *r, const struct audit_session *session)
{
    const struct relay_store_session *row = &session->row;
    char sid[2 * RELAY_STORE_SID_BYTES + 1], when[AUDIT_TIME_MAX];

    sodium_bin2hex(sid, sizeof sid, row->sid, sizeof row->sid);
    if (audit_options.json) {
        host_json_event("goes", "{s:s,s:I,s:s,s:s,s:s}", "session", sid, "created",
                        (json_int_t)(row->created_unix_ms / 1000), "agent", row->agent_name, "customer",
                        row->customer_ref, "of", r->log);
        return;
    }
    audit_time_short(when, row->created_unix_ms / 1000);
    fprintf(stderr, "%s  %.8s  %s, customer %s%s%s\n", when, sid, row->agent_name,
            *row->customer_ref ? row->customer_ref : "without a reference", *r->log ? ", in the ended log " : "",
            r->log);
}

static bool add_entry(struct audit_goes *goes, const char *log, const struct audit_session *session, uint64_t entry)
{
    if (goes->count == goes->room) {
        size_t room = goes->room ? 2 * goes->room : 64;
        struct audit_went *more = realloc(goes->entries, room * sizeof *more);
        if (!more)
            return false;
        goes->entries = more;
        goes->room = room;
    }
    struct audit_went *went = &goes->entries[goes->count++];
    *went = (struct audit_went){.entry = entry};
    snprintf(went->log, sizeof went->log, "%s", log);
    memcpy(went->sid, session->row.sid, sizeof went->sid);
    return true;
}

static enum proto_err add_notes(struct reading *r, const struct audit_session *session)
{
    struct audit_goes *goes = r->goes;
    uint64_t bytes;

    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        if (!add_entry(goes, r->log, session, note->entry))
            return PROTO_ERR_NOMEM;
        if (note->by != AUDIT_AGENT)
            continue;
        goes->photos += note->event.action == PROTO_ACT_STILL_TAKEN;
        if (note->event.action == PROTO_ACT_RECORDING_STOPPED) {
            goes->recordings++;
            goes->recorded_bytes += audit_detail_number(&note->event, "bytes", &bytes) ? bytes : 0;
        }
    }
    return PROTO_OK;
}

static enum proto_err visit(void *context, const struct audit_session *session, const struct audit_report *judged)
{
    struct reading *r = context;
    char value[32], sid[2 * RELAY_STORE_SID_BYTES + 1];

    name_it(r, session);
    r->goes->sessions++;
    if (!judged->wrong && !session->incomplete)
        return add_notes(r, session);
    sodium_bin2hex(sid, sizeof sid, session->row.sid, sizeof session->row.sid);
    snprintf(value, sizeof value, "session %.8s", sid);
    host_say_error(value, "does not hold, so whose it is cannot be told by what was signed; nothing was erased",
                   "handhold-audit verify names what is wrong; without --key it is erased as the relay has it");
    r->refused = true;
    return PROTO_OK;
}

/* ---- one log ---- */

static enum proto_err read_one(struct reading *r)
{
    struct audit_session session;
    struct audit_report *judged = calloc(1, sizeof *judged);
    struct relay_store_session row;
    enum proto_err err = judged && audit_whole_know(r->o) ? PROTO_OK : PROTO_ERR_NOMEM;

    if (!err)
        err = relay_store_get_session(r->o->rows, r->sid, &row);
    if (!err) {
        err = audit_session_read(&session, r->o, &row, judged);
        if (!err)
            audit_session_judge(&session, r->o, audit_whole_size(r->o), judged);
        audit_session_make_plain(&session);
        if (!err)
            err = visit(r, &session, judged);
        audit_session_clear(&session);
    }
    free(judged);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err; /* perhaps in another of the logs */
}

static enum proto_err read_log(struct reading *r, const char *customer)
{
    struct audit_filter filter = {.since_ms = INT64_MIN, .until_ms = INT64_MAX, .customer = customer};
    enum proto_err err = r->sid ? read_one(r) : audit_each_session(r->o, &filter, visit, r);

    if (!err && audit_whole_say(r->o, r->sid))
        r->goes->doubtful = true;
    return err;
}

bool audit_goes_read(struct audit_goes *goes, const char *dir, const char *customer, const uint8_t sid[16])
{
    struct reading r = {.goes = goes, .sid = customer ? NULL : sid};
    struct audit_organisation *o = calloc(1, sizeof *o);
    enum proto_err err = o ? PROTO_OK : PROTO_ERR_NOMEM;
    bool opened = true;

    *goes = (struct audit_goes){.count = 0};
    for (unsigned n = 0; !err && opened && n <= AUDIT_ENDED_MAX; n++) {
        if (n && !audit_is_here(dir, n))
            continue;
        opened = audit_open_ended(o, dir, audit_options.key, n);
        if (!opened)
            break;
        o->is_copy = audit_options.relay != NULL;
        o->is_one_of_all = true;
        r.o = o;
        r.log = n ? o->log_key.name : "";
        err = read_log(&r, customer);
        audit_close(o);
    }
    if (err)
        host_say_err("what is to be erased", err);
    free(o);
    return opened && !err && !r.refused;
}

/* ---- what is named ---- */

static struct audit_went *find(const struct audit_goes *goes, const char *log, uint64_t entry)
{
    for (size_t i = 0; i < goes->count; i++)
        if (goes->entries[i].entry == entry && !strcmp(goes->entries[i].log, log))
            return &goes->entries[i];
    return NULL;
}

bool audit_goes_covers(const struct audit_goes *goes, const struct proto_erasure *plan)
{
    char value[32];

    for (size_t i = 0; i < plan->count; i++)
        for (uint64_t entry = plan->ranges[i].first; entry <= plan->ranges[i].last; entry++) {
            if (find(goes, plan->log, entry))
                continue;
            snprintf(value, sizeof value, "entry %" PRIu64, entry);
            host_say_error(value, "is named to be erased, and is of none of these sessions: nothing more was erased",
                           "handhold-audit verify says whether somebody altered the stored log");
            return false;
        }
    return true;
}

void audit_goes_take(struct audit_goes *goes, const struct proto_erasure *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        for (uint64_t entry = plan->ranges[i].first; entry <= plan->ranges[i].last; entry++) {
            struct audit_went *went = find(goes, plan->log, entry);
            if (went)
                went->named = true;
        }
}

/* A session's entries stand together. */
bool audit_goes_done(const struct audit_goes *goes)
{
    char value[32], rule[120], sid[2 * RELAY_STORE_SID_BYTES + 1];
    bool done = true;

    for (size_t i = 0, next; i < goes->count; i = next) {
        uint64_t left = 0;
        for (next = i;
             next < goes->count && !memcmp(goes->entries[next].sid, goes->entries[i].sid, sizeof goes->entries->sid);
             next++)
            left += !goes->entries[next].named;
        if (!left)
            continue;
        done = false;
        sodium_bin2hex(sid, sizeof sid, goes->entries[i].sid, sizeof goes->entries->sid);
        snprintf(value, sizeof value, "session %.8s", sid);
        snprintf(rule, sizeof rule, "was to be erased, and %" PRIu64 " of its %zu entries were not", left, next - i);
        host_say_error(value, rule,
                       "the relay left them out of what it planned: erase again, with --session and this number");
    }
    return done;
}

void audit_goes_free(struct audit_goes *goes)
{
    free(goes->entries);
    *goes = (struct audit_goes){.count = 0};
}
