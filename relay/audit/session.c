/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/whole.h"

const char *audit_signer_name(enum audit_signer by)
{
    static const char *const names[AUDIT_SIGNERS] = {"customer", "agent", "relay"};

    return names[by];
}

#define ENOUGH PROTO_ERR_STATE /* of a visitor: it has what it wanted */

struct reading {
    struct audit_session *session;
    struct audit_organisation *o;
    struct audit_report *report;
    uint64_t next;   /* those before it were counted: two places of one entry are one entry */
    uint64_t placed; /* of those counted, in the signed log */
    bool created;    /* no more than the relay's first event is wanted */
};

static struct audit_finding *evidence_of(const struct reading *reading, const struct relay_store_entry *entry)
{
    return audit_at_session(audit_at_entry(audit_wrong(reading->report, "entry", "evidence"), entry->index),
                            reading->session->row.sid);
}

/* Erased, as a note of the log says, or taken away. */
static void take_away(struct reading *reading, const struct relay_store_entry *entry)
{
    struct audit_organisation *o = reading->o;

    if (!o->whole || audit_whole_erased(o, entry->index)) {
        reading->session->erased++;
        return;
    }
    reading->session->missing++;
    reading->session->incomplete = true;
    audit_found(audit_expected(evidence_of(reading, entry), AUDIT_EVIDENCE_WORDS), AUDIT_NO_EVIDENCE_WORDS);
}

/* For who does not walk over all entries: is this one as it was signed, in its place, and of its time? */
static bool is_signed(struct reading *reading, const struct relay_store_entry *entry, const struct proto_log_leaf *leaf)
{
    const uint8_t *sid = reading->session->row.sid;
    uint8_t hash[PROTO_LOG_HASH_BYTES];

    if (!reading->o->whole)
        return true;
    proto_log_leaf_hash(hash, entry->leaf);
    reading->report->hashes++;
    if (!audit_whole_has(reading->o, entry->index, hash)) {
        struct audit_finding *f = audit_wrong(reading->report, "entry", "leaf");
        audit_found(audit_expected(audit_at_session(audit_at_entry(f, entry->index), sid), AUDIT_LEAF_WORDS),
                    "another leaf, or tiles that do not prove it");
        return false;
    }
    if (!audit_leaf_is_of(leaf, entry->received_ms)) {
        struct audit_finding *f = audit_wrong(reading->report, "entry", "received_ms");
        audit_found(audit_expected(audit_at_session(audit_at_entry(f, entry->index), sid), AUDIT_TIME_WORDS),
                    AUDIT_OTHER_TIME_WORDS);
    }
    return true;
}

static void count_entry(struct reading *reading, uint64_t index)
{
    bool is_new = index >= reading->next;

    reading->session->entries += is_new;
    reading->placed += is_new && reading->o->whole && index < audit_whole_size(reading->o);
    reading->next = index + 1;
}

static enum proto_err read_entry(void *context, const struct relay_store_entry *entry)
{
    struct reading *reading = context;
    struct audit_session *session = reading->session;
    struct proto_evidence evidence;
    struct proto_log_leaf leaf;
    uint8_t commitment[32];

    count_entry(reading, entry->index);
    if (entry->misfiled)
        audit_name_unfiled(reading->report, session->row.sid, entry->index);
    if (proto_log_leaf_parse(&leaf, entry->leaf) || !is_signed(reading, entry, &leaf)) {
        session->incomplete = true;
        return PROTO_OK; /* not signed: said */
    }
    if (reading->created && leaf.kind != PROTO_LOG_RELAY_EVENT)
        return PROTO_OK;
    if (!entry->evidence) {
        take_away(reading, entry);
        return PROTO_OK;
    }
    if (reading->o->whole && audit_whole_is_gone(reading->o, entry->index)) {
        session->erased++; /* nobody reads it out again */
        audit_found(audit_expected(evidence_of(reading, entry), AUDIT_ERASED_WORDS), AUDIT_BACK_WORDS);
        return PROTO_OK;
    }
    reading->report->opened++;
    reading->report->hashes += 2; /* leaf and commitment */
    if (audit_keys_open(&reading->o->keys, entry->evidence, entry->evidence_len, &session->plain, &evidence)) {
        session->incomplete = true;
        audit_found(audit_expected(evidence_of(reading, entry), "notes sealed to the officers' key"),
                    reading->o->keys.count > 1
                        ? "bytes that none of these keys opens, or that are not evidence"
                        : "bytes that this key does not open (a key that is missing in this file? those of before "
                          "stand behind the new one), or that are not evidence");
        return PROTO_OK;
    }
    const struct proto_evidence_note *last = &evidence.notes[evidence.count - 1];
    proto_log_commit(commitment, evidence.r, last->bytes, last->len);
    if (memcmp(commitment, leaf.commitment, sizeof commitment) != 0) {
        session->incomplete = true;
        audit_found(audit_expected(evidence_of(reading, entry), "the note and salt that the leaf commits to"),
                    "another note or salt");
        return PROTO_OK;
    }
    enum proto_err err = audit_notes_take(session, reading->o, entry, &leaf, &evidence, reading->report);
    return !err && reading->created ? ENOUGH : err;
}

/* An entry of which only the place is left would leave no gap when it is the last of its signer. */
static void count_places(struct reading *reading)
{
    const uint8_t *sid = reading->session->row.sid;
    uint64_t placed = audit_whole_places(reading->o, sid);

    if (reading->placed >= placed)
        return;
    reading->session->incomplete = true;
    audit_found(audit_expected(audit_at_session(audit_wrong(reading->report, "entry", "sid"), sid),
                               "%llu entries of this session, as tables begun and place have them",
                               (unsigned long long)placed),
                "%llu", (unsigned long long)reading->placed);
}

/* One damaged entry hides none behind it: from there on they are read one by one. */
static enum proto_err read_on(struct reading *reading, const uint8_t *sid)
{
    struct relay_store *places = audit_whole_store(reading->o);
    struct relay_store_entry entry;
    enum proto_err err = PROTO_OK;
    uint64_t at;

    while (!err && !relay_store_next_place(places, sid, reading->next, &at)) {
        enum proto_err read = relay_store_get_entry(reading->o->log, at, &entry);
        if (!read && !memcmp(entry.sid, sid, sizeof entry.sid)) {
            err = read_entry(reading, &entry);
        } else if (read && read != PROTO_ERR_NOT_FOUND) {
            count_entry(reading, at);
            entry.index = at;
            reading->session->incomplete = true;
            audit_found(audit_expected(evidence_of(reading, &entry), AUDIT_SEALED_WORDS), AUDIT_ALTERED_WORDS);
        }
        reading->next = at + 1; /* what has a place and no row is counted behind all others */
    }
    return err;
}

static enum proto_err read_session(struct reading *reading, const struct relay_store_session *row)
{
    struct audit_session *session = reading->session;
    struct audit_organisation *o = reading->o;

    memset(session, 0, sizeof *session);
    session->row = *row;
    session->agent_err = audit_staff_find(o, row->agent_fingerprint, row->created_unix_ms / 1000, &session->agent);
    if (!session->agent_err)
        session->has_agent_key = audit_staff_key(o, row->agent_fingerprint, &session->agent_key);
    proto_buf_init_secret(&session->plain, PROTO_MAX_EVIDENCE_BYTES);
    enum proto_err err = relay_store_each_entry_of(o->log, row->sid, read_entry, reading);
    if (err == PROTO_ERR_NOMEM)
        return err;
    if (err && !(reading->created && err == ENOUGH)) /* the walk over the entries has named it */
        session->incomplete = true;
    if (err && o->whole && !reading->created)
        err = read_on(reading, row->sid);
    if (err == PROTO_ERR_NOMEM)
        return err;
    if (!err && o->whole && !reading->created)
        count_places(reading);
    return PROTO_OK;
}

enum proto_err audit_session_read(struct audit_session *session, struct audit_organisation *o,
                                  const struct relay_store_session *row, struct audit_report *report)
{
    struct reading reading = {.session = session, .o = o, .report = report};

    return read_session(&reading, row);
}

enum proto_err audit_session_read_created(struct audit_session *session, struct audit_organisation *o,
                                          const struct relay_store_session *row, struct audit_report *report)
{
    struct reading reading = {.session = session, .o = o, .report = report, .created = true};

    return read_session(&reading, row);
}

const char *audit_session_nothing(const struct audit_session *session)
{
    return session->incomplete ? "What was asked for is not known: not all of this session can be read."
           : session->erased   ? "What was asked for is not known: it was erased."
                               : "Nothing was asked for.";
}

void audit_session_clear(struct audit_session *session)
{
    proto_buf_free(&session->plain);
    if (session->notes)
        sodium_memzero(session->notes, session->room * sizeof *session->notes);
    free(session->notes);
    memset(session, 0, sizeof *session);
}

/* Is the certificate that the row names one that a consent names, too? */
static bool is_agent_held(const struct audit_session *session)
{
    for (size_t i = 0; i < session->count && !session->agent_err; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by == AUDIT_CUSTOMER && note->statement.action == PROTO_STATEMENT_GRANT &&
            !memcmp(note->statement.grantee, session->row.agent_fingerprint, sizeof note->statement.grantee))
            return true;
    }
    return false;
}

/* A row is nobody's signed word: with `created` went what it could be held to. */
static void forget_unheld(struct audit_session *session)
{
    struct relay_store_session *row = &session->row;
    bool agent = is_agent_held(session);

    snprintf(row->customer_ref, sizeof row->customer_ref, AUDIT_UNSIGNED);
    snprintf(row->ticket_ref, sizeof row->ticket_ref, AUDIT_UNSIGNED);
    snprintf(row->agent_id, sizeof row->agent_id, AUDIT_UNSIGNED);
    snprintf(row->agent_name, sizeof row->agent_name, "%.100s", agent ? session->agent.name : AUDIT_UNSIGNED);
    snprintf(row->agent_role, sizeof row->agent_role, "%s",
             agent ? proto_role_name(session->agent.role) : AUDIT_UNSIGNED);
    if (!agent)
        session->agent_err = PROTO_ERR_NOT_FOUND;
}

void audit_session_make_plain(struct audit_session *session)
{
    struct relay_store_session *row = &session->row;

    if (audit_session_is_part(session))
        forget_unheld(session);
    char *const texts[] = {row->agent_id,     row->agent_name, row->agent_role,
                           row->customer_ref, row->ticket_ref, row->ended_reason};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        audit_plain(texts[i]);
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER)
            audit_plain(session->notes[i].statement.purpose);
}

struct audit_finding *audit_wrong_note(struct audit_report *report, const struct audit_session *session,
                                       const struct audit_note *note)
{
    return audit_at_session(audit_at_entry(audit_wrong(report, "entry", "evidence"), note->entry), session->row.sid);
}

/* ---- looking things up ---- */

const struct audit_note *audit_grant_of_leaf(const struct audit_session *session, const uint8_t leaf_hash[static 32])
{
    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by == AUDIT_CUSTOMER && !note->rides && note->statement.action == PROTO_STATEMENT_GRANT &&
            !memcmp(note->leaf_hash, leaf_hash, 32))
            return note;
    }
    return NULL;
}

const struct audit_note *audit_end_of_grant(const struct audit_session *session, const struct audit_note *grant)
{
    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by != AUDIT_CUSTOMER || note->statement.seq <= grant->statement.seq)
            continue;
        if (note->statement.action == PROTO_STATEMENT_LEAVE || note->statement.action == PROTO_STATEMENT_END ||
            (note->statement.action == PROTO_STATEMENT_WITHDRAW &&
             note->statement.capability == grant->statement.capability)) /* a second grant extends the first */
            return note;
    }
    return NULL;
}

bool audit_is_restart(const struct audit_note *note)
{
    const char *cause = note->by == AUDIT_RELAY ? proto_event_note_get(&note->event, "cause") : NULL;

    return cause && !strcmp(cause, "restart");
}

const struct audit_note *audit_last_event(const struct audit_session *session, enum proto_act action)
{
    for (size_t i = session->count; i-- > 0;)
        if (session->notes[i].by == AUDIT_RELAY && session->notes[i].event.action == action)
            return &session->notes[i];
    return NULL;
}

bool audit_detail_hash(const struct proto_event_note *event, const char *key, uint8_t out[static 32])
{
    const char *hex = proto_event_note_get(event, key);
    size_t len = 0;

    return hex && strlen(hex) == 64 && sodium_hex2bin(out, 32, hex, 64, NULL, &len, NULL) == 0 && len == 32;
}

bool audit_detail_number(const struct proto_event_note *event, const char *key, uint64_t *value)
{
    const char *text = proto_event_note_get(event, key);
    size_t len = text ? strlen(text) : 0;

    *value = 0;
    if (!len || len > 18 || strspn(text, "0123456789") != len)
        return false;
    *value = strtoull(text, NULL, 10);
    return true;
}
