/* SPDX-License-Identifier: Apache-2.0 */
/* list: one line a session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/minutes.h"
#include "relay/audit/phrases.h"
#include "relay/audit/session.h"
#include "relay/audit/times.h"

/* What became of each capability, one bit each. */
struct answers {
    uint32_t granted, refused;
};

struct listing {
    struct audit_organisation *o;
    struct audit_report *report;
    bool wrong;
};

static struct answers answers_of(const struct audit_session *session)
{
    struct answers a = {0, 0};

    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by != AUDIT_CUSTOMER)
            continue;
        if (note->statement.action == PROTO_STATEMENT_GRANT)
            a.granted |= 1u << note->statement.capability;
        else if (note->statement.action == PROTO_STATEMENT_REFUSE)
            a.refused |= 1u << note->statement.capability;
    }
    return a;
}

/* The last thing that the relay wrote of it, or the row's own end. */
static int64_t end_of(const struct audit_session *session)
{
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED);

    return ended ? ended->event.unix_s : 0;
}

static void put_answers(char *out, size_t capacity, uint32_t set, char sign)
{
    size_t at = strlen(out);

    for (int c = 1; c < PROTO_CAPABILITY_COUNT && at < capacity; c++)
        if (set >> c & 1)
            at += (size_t)snprintf(out + at, capacity - at, "%s%c%s", at ? " " : "", sign,
                                   proto_capability_name((enum proto_capability)c));
}

/* Cut to `columns` characters of a terminal, not of bytes; padded with spaces. */
static void put_cell(const char *text, int columns)
{
    int used = 0;

    for (; *text; text++) {
        bool begins = ((unsigned char)*text & 0xc0) != 0x80;
        if (begins && used == columns)
            break;
        used += begins;
        putchar(*text);
    }
    printf("%*s", columns - used + 1, "");
}

static void print_text(const struct audit_organisation *o, const struct audit_session *session, struct answers a)
{
    const struct relay_store_session *row = &session->row;
    char when[AUDIT_TIME_MAX], took[AUDIT_TIME_MAX] = "", id[9], what[512] = "";
    int64_t end = end_of(session);

    audit_time_short(when, row->created_unix_ms / 1000);
    for (int i = 0; i < 4; i++)
        snprintf(id + 2 * i, 3, "%02x", row->sid[i]);
    if (end)
        audit_duration(took, end - row->created_unix_ms / 1000);
    put_answers(what, sizeof what, a.granted, '+');
    put_answers(what, sizeof what, a.refused, '-');
    put_cell(when, 16);
    put_cell(id, 8);
    put_cell(audit_agent_name(session), 16);
    put_cell(row->customer_ref[0] ? row->customer_ref : "-", 10);
    if (*took) {
        put_cell(row->ended_reason, 15);
        puts(took);
    } else {
        puts(row->state == RELAY_STORE_ENDED ? row->ended_reason : "open");
    }
    printf("%26s%s\n", "", !o->can_open ? "sealed: --key opens what was granted" : *what ? what : "nothing was asked");
}

static json_t *names_of(uint32_t set)
{
    json_t *names = json_array();

    for (int c = 1; names && c < PROTO_CAPABILITY_COUNT; c++)
        if (set >> c & 1)
            json_array_append_new(names, json_string(proto_capability_name((enum proto_capability)c)));
    return names;
}

void audit_session_json(const struct audit_organisation *o, const struct audit_session *session)
{
    const struct relay_store_session *row = &session->row;
    struct answers a = answers_of(session);
    char sid[2 * RELAY_STORE_SID_BYTES + 1];
    int64_t end = end_of(session);

    for (size_t i = 0; i < sizeof row->sid; i++)
        snprintf(sid + 2 * i, 3, "%02x", row->sid[i]);
    json_t *line = json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s,s:s}", "event", "session", "session", sid, "created",
                             (json_int_t)(row->created_unix_ms / 1000), "agent", audit_agent_name(session), "role",
                             row->agent_role, "customer", row->customer_ref, "ticket", row->ticket_ref, "state",
                             row->state == RELAY_STORE_ENDED  ? "ended"
                             : row->state == RELAY_STORE_LIVE ? "live"
                                                              : "waiting");
    if (line && row->state == RELAY_STORE_ENDED)
        json_object_set_new(line, "reason", json_string(row->ended_reason));
    if (line && end)
        json_object_set_new(line, "duration_s", json_integer(end - row->created_unix_ms / 1000));
    if (line && o->can_open) {
        json_object_set_new(line, "granted", names_of(a.granted));
        json_object_set_new(line, "refused", names_of(a.refused));
    }
    host_json_line(line);
}

static enum proto_err visit(void *context, const struct relay_store_session *row)
{
    struct listing *l = context;
    struct audit_session session = {.row = *row, .agent_err = PROTO_ERR_NOT_FOUND};
    enum proto_err err = l->o->can_open ? audit_session_read(&session, l->o, row, l->report) : PROTO_OK;

    audit_session_make_plain(&session);
    if (!err && audit_options.json)
        audit_session_json(l->o, &session);
    else if (!err)
        print_text(l->o, &session, answers_of(&session));
    audit_session_clear(&session);
    return err;
}

int audit_list(void)
{
    struct audit_organisation o;
    struct audit_report *report = calloc(1, sizeof *report);
    struct listing listing = {&o, report, false};

    if (!report || !audit_open(&o, audit_options.dir, audit_options.key)) {
        free(report);
        return HOST_EXIT_USAGE;
    }
    enum proto_err err = relay_store_each_session(o.rows, true, visit, &listing);
    if (err)
        host_say(HOST_ERROR, "%s", err == PROTO_ERR_NOMEM ? proto_err_rule(err) : relay_store_error(o.rows));
    if (report->wrong)
        host_say(HOST_WARN, "not all of this holds: handhold-audit verify names what is wrong");
    audit_close(&o);
    err = err || report->wrong ? PROTO_ERR_LOG : PROTO_OK;
    free(report);
    return err ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}
