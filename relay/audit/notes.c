/* SPDX-License-Identifier: Apache-2.0 */
/* One note: is it of the class that the leaf says, signed by whom it must be signed, and of this session? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "relay/audit/session.h"
#include "relay/log/appender.h"

struct taking {
    struct audit_session *session;
    const struct audit_organisation *o;
    const struct relay_store_entry *entry;
    struct audit_report *report;
    struct audit_note *note;
    const struct proto_note_parts *parts;
    const void *bytes;
    size_t len;
};

static struct audit_finding *wrong(const struct taking *t)
{
    return audit_at_session(audit_at_entry(audit_wrong(t->report, "entry", "evidence"), t->entry->index),
                            t->session->row.sid);
}

static bool refuse(const struct taking *t, const char *expected, const char *found)
{
    audit_found(audit_expected(wrong(t), "%s", expected), "%s", found);
    return false;
}

/* The row under which an entry is stored is the relay's word; the note's own is the signer's. */
static bool is_of_session(const struct taking *t, const uint8_t sid[static PROTO_SID_BYTES])
{
    if (!memcmp(sid, t->session->row.sid, PROTO_SID_BYTES))
        return true;
    struct audit_finding *f = audit_at_entry(audit_wrong(t->report, "entry", "sid"), t->entry->index);
    audit_found(audit_expected(audit_at_session(f, sid), "the session that the note itself names"), "another session");
    return false;
}

/* ---- signatures ---- */

/* The name that every agent's line begins with: "<domain>/". */
static bool is_staff_name(const struct audit_organisation *o, const struct proto_note_line *line)
{
    size_t len = strlen(o->root.domain);

    return line->name_len > len + 1 && !memcmp(line->name, o->root.domain, len) && line->name[len] == '/';
}

static bool is_name(const struct proto_note_line *line, const char *name)
{
    return line->name_len == strlen(name) && !memcmp(line->name, name, line->name_len);
}

void audit_agent_key_set(struct audit_session *session, const struct proto_identity *agent)
{
    static _Thread_local struct proto_note_key last; /* few agents, many sessions: a point's check costs a signature */
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];

    proto_identity_signer_name(agent, name);
    if (strcmp(last.name, name) != 0 || memcmp(last.public_key, agent->public_key, sizeof last.public_key) != 0) {
        session->has_agent_key = !proto_note_key_init(&session->agent_key, name, agent->public_key);
        if (session->has_agent_key)
            last = session->agent_key;
        return;
    }
    session->agent_key = last;
    session->has_agent_key = true;
}

/*
 * Whose lines are the agent's? The certificate says it, under the root. Where it is not at hand, the relay's `created`,
 * which is the first note of a session, has recorded name and key: that is the relay's word, and told apart as such.
 */
static void take_recorded_key(const struct taking *t)
{
    struct audit_session *session = t->session;
    const struct proto_event_note *created = &t->note->event;
    const char *role = proto_event_note_get(created, "role"), *serial = strrchr(created->subject, ' ');
    struct proto_identity agent = {.role = role ? proto_role_from_name(role) : PROTO_ROLE_NONE};

    if (session->has_agent_key || t->note->by != AUDIT_RELAY || created->action != PROTO_ACT_CREATED)
        return;
    if (!agent.role || !serial || strlen(serial + 1) >= sizeof agent.serial ||
        !audit_detail_hash(created, "key", agent.public_key))
        return;
    memcpy(agent.serial, serial + 1, strlen(serial + 1) + 1);
    memcpy(agent.domain, t->o->root.domain, sizeof agent.domain);
    audit_agent_key_set(session, &agent);
    session->key_is_recorded = true;
}

/* The row says which key the customer had; the line says the first bytes of its name's hash. */
static bool check_customer_key(const struct taking *t, struct proto_note_key *key)
{
    char name[PROTO_SIGNER_BYTES];

    if (t->session->key_is_wrong)
        return false;
    if (t->session->has_customer_key) {
        *key = t->session->customer_key;
        return true;
    }
    proto_signer_customer(name, t->session->row.sid);
    t->session->key_is_wrong = true; /* said once, not for each of its notes */
    if (proto_note_key_to_verify(key, name, t->session->row.cs_pub)) {
        audit_found(audit_expected(audit_at_session(audit_wrong(t->report, "session", "cs_pub"), t->session->row.sid),
                                   "the key that signed entry %llu", (unsigned long long)t->entry->index),
                    "bytes that are no usable key");
        return false;
    }
    for (size_t i = 0; i < t->parts->line_count; i++)
        if (is_name(&t->parts->lines[i], name) && memcmp(t->parts->lines[i].id, key->id, sizeof key->id) != 0) {
            audit_found(
                audit_expected(audit_at_session(audit_wrong(t->report, "session", "cs_pub"), t->session->row.sid),
                               "the key whose id stands in the customer's line of entry %llu",
                               (unsigned long long)t->entry->index),
                "another key");
            return false;
        }
    t->session->key_is_wrong = false;
    t->session->customer_key = *key;
    t->session->has_customer_key = true;
    return true;
}

static bool verify(const struct taking *t, const struct proto_note_key *keys, size_t count, uint32_t *which)
{
    enum proto_err err = proto_note_verify(t->bytes, t->len, keys, count, NULL, which);

    for (size_t i = 0; i < count; i++)
        t->report->signatures += !err && (*which >> i & 1);
    return !err || refuse(t, "a note whose signatures verify", "one that does not");
}

static bool check_statement_lines(const struct taking *t)
{
    struct proto_note_key keys[2] = {{.name = {0}}, t->session->agent_key};
    bool known = t->session->has_agent_key;
    uint32_t which = 0;

    if (!check_customer_key(t, &keys[0]) || !verify(t, keys, known ? 2 : 1, &which))
        return false;
    if (!(which & 1))
        return refuse(t, "the customer's signature", "a note without it");
    for (size_t i = 0; i < t->parts->line_count; i++) {
        if (is_name(&t->parts->lines[i], keys[0].name))
            continue;
        if (!is_staff_name(t->o, &t->parts->lines[i]) || (known && !(which & 2)))
            return refuse(t, "lines of the customer and the session's agent alone", "the line of somebody else");
        t->note->agent_line = true;
        t->note->agent_line_checked = known;
    }
    t->report->unchecked_lines += t->note->agent_line && !known;
    t->report->recorded_lines += t->note->agent_line && known && t->session->key_is_recorded;
    t->report->lone_notes += !t->note->agent_line;
    return true;
}

static bool check_event_line(const struct taking *t)
{
    bool by_agent = t->note->by == AUDIT_AGENT;
    struct proto_note_key key = by_agent ? t->session->agent_key : t->o->events_key;
    uint32_t which = 0;

    if (by_agent && !t->session->has_agent_key) {
        t->report->unchecked_lines++;
        return is_staff_name(t->o, &t->parts->lines[0]) ||
               refuse(t, "the line of the session's agent", "the line of somebody else");
    }
    t->note->agent_line_checked = by_agent;
    t->report->recorded_lines += by_agent && t->session->key_is_recorded;
    return verify(t, &key, 1, &which);
}

/* ---- what it says ---- */

static bool may_say(enum proto_act act, enum audit_signer by)
{
    return by == AUDIT_RELAY ? act <= PROTO_ACT_ENDED : act > PROTO_ACT_ENDED && act <= PROTO_ACT_COMMAND_EXECUTED;
}

static bool parse_statement(const struct taking *t)
{
    if (proto_statement_parse(t->parts->text, t->parts->text_len, &t->note->statement))
        return refuse(t, "a statement, as its class says", "another text");
    if (t->note->rides && t->note->statement.action != PROTO_STATEMENT_REKEY)
        return refuse(t, "nothing but rekey notes without a leaf of their own", "another statement");
    if (!proto_statement_shows_itself(&t->note->statement))
        (void)refuse(t, "a `ui` of the words that this statement has: they were on the customer's sheet",
                     "one of other words");
    audit_count_dated(t->report, t->entry->index, audit_off_leaf_s(t->note->statement.unix_s, t->note->leaf_s));
    return is_of_session(t, t->note->statement.sid);
}

/* The log takes no `created` that it did not have soon; what comes later in a session waits for a disk that is full. */
static bool is_of_its_time(const struct taking *t)
{
    struct proto_event_note *event = &t->note->event;
    int64_t off_s = audit_off_leaf_s(event->unix_s, t->note->leaf_s);

    if (t->note->by == AUDIT_AGENT)
        audit_count_dated(t->report, t->entry->index, off_s);
    if (t->note->by != AUDIT_RELAY || off_s <= RELAY_APPENDER_DATED_S)
        return true;
    if (event->action == PROTO_ACT_CREATED)
        return refuse(t, AUDIT_DATED_WORDS, AUDIT_OTHER_TIME_WORDS);
    event->unix_s = t->entry->received_ms / 1000;
    audit_count_late(t->report, t->entry->index, off_s);
    return true;
}

static bool parse_event(const struct taking *t)
{
    struct proto_event_note *event = &t->note->event;

    if (t->note->rides || proto_event_note_parse(t->parts->text, t->parts->text_len, event))
        return refuse(t, "one event, as its class says", "another text");
    if (!may_say(event->action, t->note->by))
        return refuse(t, "an event that its signer can see", "an event of somebody else");
    t->note->said_s = event->unix_s;
    return is_of_session(t, event->sid) && is_of_its_time(t);
}

static bool take(struct taking *t, const struct proto_evidence_note *from)
{
    struct proto_note_parts parts;

    t->bytes = from->bytes;
    t->len = from->len;
    t->parts = &parts;
    if (proto_note_split(&parts, from->bytes, from->len))
        return refuse(t, "a signed note", "bytes that are none");
    proto_sha256(t->note->text_hash, parts.text, parts.text_len);
    if (t->note->by == AUDIT_CUSTOMER)
        return parse_statement(t) && check_statement_lines(t);
    if (!parse_event(t) || !check_event_line(t))
        return false;
    take_recorded_key(t);
    return true;
}

/* ---- all notes of one entry ---- */

static struct audit_note *next_note(struct audit_session *session)
{
    if (session->count == session->room) {
        size_t more = session->room ? session->room * 2 : 32;
        struct audit_note *bigger = realloc(session->notes, more * sizeof *bigger);
        if (!bigger)
            return NULL;
        session->notes = bigger;
        session->room = more;
    }
    return memset(&session->notes[session->count], 0, sizeof *session->notes);
}

enum proto_err audit_notes_take(struct audit_session *session, const struct audit_organisation *o,
                                const struct relay_store_entry *entry, const struct proto_log_leaf *leaf,
                                const struct proto_evidence *evidence, struct audit_report *report)
{
    static const enum audit_signer signers[] = {[PROTO_LOG_STATEMENT] = AUDIT_CUSTOMER,
                                                [PROTO_LOG_AGENT_EVENT] = AUDIT_AGENT,
                                                [PROTO_LOG_RELAY_EVENT] = AUDIT_RELAY};
    struct taking t = {.session = session, .o = o, .entry = entry, .report = report};

    if (leaf->kind == PROTO_LOG_ERASURE || leaf->kind == PROTO_LOG_OFFICER_ACT)
        return PROTO_OK; /* of no session: own.c reads them */
    for (size_t i = 0; i < evidence->count; i++) {
        t.note = next_note(session);
        if (!t.note)
            return PROTO_ERR_NOMEM;
        t.note->entry = entry->index;
        t.note->rides = i + 1 < evidence->count;
        t.note->received_ms = entry->received_ms;
        t.note->leaf_s = leaf->unix_s;
        t.note->by = signers[leaf->kind];
        proto_log_leaf_hash(t.note->leaf_hash, entry->leaf);
        report->notes++;
        report->hashes++;
        if (take(&t, &evidence->notes[i]))
            session->count++;
        else
            session->incomplete = true;
    }
    return PROTO_OK;
}
