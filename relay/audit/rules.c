/* SPDX-License-Identifier: Apache-2.0 */
/* What the notes of a session are together: chains without a gap, one story with the row, a beginning and an end. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/acts.h"
#include "relay/audit/endings.h"
#include "relay/audit/session.h"
#include "relay/audit/whole.h"

#define CREATED_SLACK_MS 5000 /* between the row's time and that of its first event */

struct judging {
    const struct audit_session *session;
    const struct audit_organisation *o;
    struct audit_report *report;
};

static struct audit_finding *in_row(const struct judging *j, const char *column)
{
    return audit_at_session(audit_wrong(j->report, "session", column), j->session->row.sid);
}

static struct audit_finding *in_note(const struct judging *j, const struct audit_note *note)
{
    return audit_wrong_note(j->report, j->session, note);
}

/* ---- chains ---- */

static void judge_chain(const struct judging *j, enum audit_signer by)
{
    const struct audit_note *before = NULL;
    uint32_t seq = 0;

    for (size_t i = 0; i < j->session->count; i++) {
        const struct audit_note *note = &j->session->notes[i];
        if (note->by != by)
            continue;
        bool customer = by == AUDIT_CUSTOMER;
        uint32_t has = customer ? note->statement.seq : note->event.seq;
        bool first = customer ? note->statement.first : note->event.first;
        const uint8_t *prev = customer ? note->statement.prev : note->event.prev;
        struct audit_finding *f;
        if (has != seq + 1) {
            f = audit_expected(in_note(j, note), "note %u of the %s: no number is left out", seq + 1,
                               audit_signer_name(by));
            audit_found(f, "note %u%s", has,
                        customer && has > seq + 1 ? " (a rekey note rides in the entry after it)" : "");
        } else if (first != !before || (before && memcmp(prev, before->text_hash, 32) != 0)) {
            f = audit_expected(in_note(j, note), "note %u of the %s names the hash of note %u", has,
                               audit_signer_name(by), seq);
            audit_found(f, "another hash");
        } else {
            seq = has;
            before = note;
            continue;
        }
        f->effect = true; /* an entry that was moved elsewhere leaves a gap here */
        return;           /* what follows a gap is an effect of it */
    }
}

/* ---- the row ---- */

static void judge_text(const struct judging *j, const struct audit_note *created, const char *key, const char *column,
                       const char *text)
{
    char as_detail[PROTO_EVENT_VALUE_BYTES + 1];
    const char *detail = proto_event_note_get(&created->event, key);

    proto_event_note_text(as_detail, text);
    if (strcmp(detail ? detail : "", as_detail) != 0)
        audit_found(audit_expected(in_row(j, column), "%s, as entry %llu says", detail ? detail : "nothing",
                                   (unsigned long long)created->entry),
                    "%s", *as_detail ? as_detail : "nothing");
}

/* Only what the event says can be held against the row. */
static void judge_text_if(const struct judging *j, const struct audit_note *created, const char *key,
                          const char *column, const char *text)
{
    if (proto_event_note_get(&created->event, key))
        judge_text(j, created, key, column, text);
}

/* A row holds what it has room for, in whole characters. */
static bool is_name_in_row(const char *in_row, const char *name)
{
    size_t len = strlen(in_row);

    return !strcmp(in_row, name) || (len + 4 > RELAY_STORE_TEXT_MAX && !strncmp(in_row, name, len));
}

static void judge_agent(const struct judging *j, const struct audit_note *created)
{
    const struct relay_store_session *row = &j->session->row;
    const struct proto_identity *agent = &j->session->agent;
    char hex[65];

    sodium_bin2hex(hex, sizeof hex, row->agent_fingerprint, sizeof row->agent_fingerprint);
    judge_text_if(j, created, "fingerprint", "agent_fingerprint", hex);
    judge_text_if(j, created, "role", "agent_role", row->agent_role);
    judge_text_if(j, created, "id", "agent_id", row->agent_id);
    size_t name = strlen(row->agent_name);
    if (!name || strncmp(created->event.subject, row->agent_name, name) != 0 || created->event.subject[name] != ' ')
        audit_found(audit_expected(in_row(j, "agent_name"), "%s, as entry %llu says", created->event.subject,
                                   (unsigned long long)created->entry),
                    "%s", row->agent_name);
    if (j->session->agent_err)
        return;
    const char *serial = strrchr(created->event.subject, ' ');
    if (!serial || strcmp(serial + 1, agent->serial) != 0)
        audit_found(audit_expected(in_row(j, "agent_fingerprint"), "the certificate %s that entry %llu names",
                                   serial ? serial + 1 : "-", (unsigned long long)created->entry),
                    "certificate %s", agent->serial);
    if (!is_name_in_row(row->agent_name, agent->name))
        audit_found(audit_expected(in_row(j, "agent_name"), "%s, as the certificate says", agent->name), "%s",
                    row->agent_name);
    if (strcmp(proto_role_name(agent->role), row->agent_role) != 0)
        audit_found(
            audit_expected(in_row(j, "agent_role"), "%s, as the certificate says", proto_role_name(agent->role)), "%s",
            row->agent_role);
    size_t id = strlen(row->agent_id);
    if (strncmp(agent->email, row->agent_id, id) != 0 || (agent->email[id] != '@' && agent->email[id] != 0))
        audit_found(audit_expected(in_row(j, "agent_id"), "the id in %s", agent->email), "%s", row->agent_id);
}

/* A key that the relay recorded is worth something only while it is the one of the certificate. */
static void judge_recorded_key(const struct judging *j, const struct audit_note *created)
{
    uint8_t recorded[32];

    if (!audit_detail_hash(&created->event, "key", recorded) || !j->session->has_agent_key)
        audit_found(audit_expected(in_note(j, created), "the key of the agent's certificate"),
                    "none, or none that can be used");
    else if (!j->session->agent_err && memcmp(recorded, j->session->agent.public_key, sizeof recorded) != 0)
        audit_found(audit_expected(in_note(j, created), "the key of the agent's certificate"), "another key");
}

static void judge_certificate(const struct judging *j)
{
    enum proto_err err = j->session->agent_err;

    if (err && err != PROTO_ERR_NOT_FOUND)
        audit_found(
            audit_expected(in_row(j, "agent_fingerprint"), "a certificate that was good when the session began"), "%s",
            proto_err_rule(err));
}

/* When it began, the log says, and not who begins: neither a time in a note nor the row's. */
static void judge_held(const struct judging *j, const struct audit_note *created)
{
    const char *serial = strrchr(created->event.subject, ' ');
    enum proto_err err = j->session->agent_err ? PROTO_ERR_NOT_FOUND
                                               : audit_staff_held(j->o, j->session->row.agent_fingerprint,
                                                                  created->entry, created->leaf_s);

    if (err == PROTO_ERR_NOT_FOUND)
        err = serial ? audit_staff_out(j->o, serial + 1, created->entry, created->leaf_s) : PROTO_OK;
    if (!err && serial && audit_staff_revoked(j->o, serial + 1, created->entry, created->leaf_s) &&
        !j->report->revoked++)
        j->report->revoked_entry = created->entry;
    if (err)
        audit_found(audit_expected(in_note(j, created), "an agent whose certificate held when the log took this entry"),
                    "%s", proto_err_rule(err));
}

static void judge_created(const struct judging *j)
{
    const struct audit_note *created = NULL;
    const struct relay_store_session *row = &j->session->row;

    for (size_t i = 0; i < j->session->count && !created; i++)
        if (j->session->notes[i].by == AUDIT_RELAY)
            created = &j->session->notes[i];
    if (!created || created->event.action != PROTO_ACT_CREATED) {
        audit_found(audit_expected(in_row(j, "event_seq"), "the relay's event `created` at the beginning"),
                    created ? "another event" : "no event of the relay");
        return;
    }
    if (llabs(created->event.unix_s * 1000 - row->created_unix_ms) > CREATED_SLACK_MS)
        audit_found(audit_expected(in_row(j, "created_ms"), "the time that entry %llu says",
                                   (unsigned long long)created->entry),
                    "another time");
    if (!j->session->agent_err || j->session->agent_err == PROTO_ERR_NOT_FOUND) /* else it was said */
        judge_held(j, created);
    judge_agent(j, created);
    judge_recorded_key(j, created);
    judge_text(j, created, "customer", "customer_ref", row->customer_ref);
    judge_text(j, created, "ticket", "ticket_ref", row->ticket_ref);
}

/* Events behind the row's last one may only be newer than the row: the relay goes on while we read. */
static void judge_events_of_row(const struct judging *j, uint64_t size)
{
    const struct relay_store_session *row = &j->session->row;
    uint64_t seen = 0;

    for (size_t i = 0; i < j->session->count; i++) {
        const struct audit_note *note = &j->session->notes[i];
        if (note->by != AUDIT_RELAY)
            continue;
        if (note->event.seq == row->event_seq && memcmp(note->text_hash, row->event_prev, 32) != 0)
            audit_found(
                audit_expected(in_row(j, "event_prev"), "the hash of event %llu", (unsigned long long)row->event_seq),
                "another hash");
        if (note->event.seq <= row->event_seq || note->entry < size)
            seen = note->event.seq;
    }
    if (seen != row->event_seq)
        audit_found(
            audit_expected(in_row(j, "event_seq"), "%llu, the last event that is in the log", (unsigned long long)seen),
            "%llu", (unsigned long long)row->event_seq);
}

/* That an officer stopped it is the officer's to say. */
static void judge_stop(const struct judging *j, const struct audit_note *ended, const char *reason)
{
    const char *officer = proto_event_note_get(&ended->event, "officer");
    struct audit_act act;
    uint64_t entry;

    if (strcmp(reason, proto_end_name(PROTO_END_STOPPED_BY_OFFICER)) != 0 ||
        strcmp(reason, j->session->row.ended_reason) != 0)
        return;
    if (!audit_act_of_stop(j->o, &j->session->row, &act, &entry))
        audit_found(audit_expected(in_note(j, ended), "the note of the officer who stopped this session"), "none");
    else if (!officer || strcmp(officer, act.officer) != 0)
        audit_found(audit_expected(in_note(j, ended), "officer %s, who signed entry %llu, which stopped this session",
                                   act.officer, (unsigned long long)entry),
                    "%s", officer ? officer : "none");
}

static void judge_end(const struct judging *j, uint64_t size)
{
    const struct relay_store_session *row = &j->session->row;
    const struct audit_note *ended = audit_last_event(j->session, PROTO_ACT_ENDED);
    const char *reason = ended ? proto_event_note_get(&ended->event, "reason") : NULL;

    if (ended && ended->entry >= size && row->state != RELAY_STORE_ENDED)
        return; /* came since */
    if (row->state == RELAY_STORE_ENDED && !ended)
        audit_found(audit_expected(in_row(j, "state"), "the relay's event `ended`, as the row says %s",
                                   row->ended_reason[0] ? row->ended_reason : "it has ended"),
                    "no such event");
    if (row->state != RELAY_STORE_ENDED && ended)
        audit_found(audit_expected(in_row(j, "state"), "ended, as entry %llu says", (unsigned long long)ended->entry),
                    "a row that says it is open");
    if (row->state == RELAY_STORE_ENDED && ended && strcmp(reason ? reason : "", row->ended_reason) != 0)
        audit_found(audit_expected(in_row(j, "ended_reason"), "%s, as entry %llu says", reason ? reason : "nothing",
                                   (unsigned long long)ended->entry),
                    "%s", row->ended_reason);
    if (ended && reason && ended->entry < size) /* else both came since */
        judge_stop(j, ended, reason);
    for (size_t i = j->session->count; ended && i-- > 0;)
        if (j->session->notes[i].by == AUDIT_RELAY && j->session->notes[i].event.seq > ended->event.seq) {
            audit_found(audit_expected(in_note(j, &j->session->notes[i]), "nothing by the relay after `ended`"),
                        "an event");
            break;
        }
}

/* ---- the customer's key ---- */

static const struct audit_note *first_of(const struct audit_session *session, enum audit_signer by, enum proto_act act)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == by && (by == AUDIT_AGENT || session->notes[i].event.action == act))
            return &session->notes[i];
    return NULL;
}

static void judge_key_of(const struct judging *j, const struct audit_note *note, const char *detail, const char *by)
{
    uint8_t key[32];

    if (!note)
        return;
    if (!audit_detail_hash(&note->event, detail, key))
        audit_found(audit_expected(in_note(j, note), "the customer's key, which the %s saw", by), "none");
    else if (memcmp(key, j->session->row.cs_pub, sizeof key) != 0)
        audit_found(audit_expected(in_row(j, "cs_pub"), "the customer's key as the %s names it in entry %llu", by,
                                   (unsigned long long)note->entry),
                    "another key");
}

/* All that a customer said hangs on one key. The relay and the agent each say, under a key of their own, which it was.
 */
static void judge_customer_key(const struct judging *j)
{
    const struct audit_note *joined = first_of(j->session, AUDIT_RELAY, PROTO_ACT_JOINED);
    const struct audit_note *last = audit_last_event(j->session, PROTO_ACT_JOINED);

    if (joined != last)
        audit_found(audit_expected(in_note(j, last), "one customer, who joined in entry %llu",
                                   (unsigned long long)joined->entry),
                    "another who joined");
    judge_key_of(j, joined, "key", "relay");
    judge_key_of(j, first_of(j->session, AUDIT_AGENT, PROTO_ACT_COUNT), "customer-key", "agent");
}

/* ---- what the customer said ---- */

static void judge_statements(const struct judging *j)
{
    const struct audit_note *end = NULL;

    for (size_t i = 0; i < j->session->count; i++) {
        const struct audit_note *note = &j->session->notes[i];
        if (note->by != AUDIT_CUSTOMER)
            continue;
        const struct proto_statement *st = &note->statement;
        if (end && st->action == PROTO_STATEMENT_GRANT)
            audit_found(audit_expected(in_note(j, note), "no consent after entry %llu, in which the customer ended it",
                                       (unsigned long long)end->entry),
                        "one");
        end = st->action == PROTO_STATEMENT_END ? note : end;
        if (!st->everyone && memcmp(st->grantee, j->session->row.agent_fingerprint, sizeof st->grantee) != 0)
            audit_found(audit_expected(in_row(j, "agent_fingerprint"), "the certificate that entry %llu names",
                                       (unsigned long long)note->entry),
                        "another");
        if (strcmp(st->domain, j->o->root.domain) != 0)
            audit_found(audit_expected(in_note(j, note), "the organisation %s", j->o->root.domain), "%s", st->domain);
        if (st->action == PROTO_STATEMENT_GRANT && note->rides)
            audit_found(audit_expected(in_note(j, note), "a grant with a leaf of its own"), "one that rides");
    }
}

/* ---- what is gone ---- */

static const struct audit_note *created_of(const struct audit_session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_RELAY && session->notes[i].event.action == PROTO_ACT_CREATED)
            return &session->notes[i];
    return NULL;
}

bool audit_session_is_part(const struct audit_session *session)
{
    return session->erased && session->erased < session->entries && !created_of(session);
}

static bool row_is_there(const struct judging *j)
{
    struct relay_store *rows = j->o->whole ? audit_whole_store(j->o) : j->o->rows;
    struct relay_store_session row;

    return relay_store_get_session(rows, j->session->row.sid, &row) == PROTO_OK;
}

/* Erasing begins with a session's first entry, and takes the row with the last one: so an erased entry that is put
 * below another session, or the row of an erased one put back, is known. */
static void judge_erased(const struct judging *j)
{
    const struct audit_session *session = j->session;
    const struct audit_note *created = created_of(session);
    struct audit_finding *f;

    if (!session->erased)
        return;
    if (session->erased == session->entries && row_is_there(j)) {
        f = audit_expected(in_row(j, "sid"), "no row: all evidence of this session is gone, and its row goes with it");
        audit_found(f, "a row");
    } else if (created) {
        f = audit_expected(in_row(j, "sid"), "all entries of this session, of which entry %llu is the first",
                           (unsigned long long)created->entry);
        audit_found(f, "%zu that are erased", session->erased);
    } else { /* the last note of one erasure may be on its way */
        if (audit_session_is_part(session) && !j->report->partly++)
            memcpy(j->report->partly_sid, session->row.sid, sizeof j->report->partly_sid);
        return;
    }
    f->effect = true; /* of evidence that was taken away */
}

bool audit_session_has_agent(const struct audit_session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].agent_line || session->notes[i].by == AUDIT_AGENT)
            return true;
    return false;
}

bool audit_session_is_relays_word(const struct audit_session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER && session->notes[i].statement.action == PROTO_STATEMENT_GRANT)
            return !audit_session_has_agent(session);
    return false;
}

static void count_relays_word(const struct judging *j)
{
    if (!audit_session_is_relays_word(j->session))
        return;
    if (!j->report->relays_word++)
        memcpy(j->report->relays_word_sid, j->session->row.sid, sizeof j->report->relays_word_sid);
}

void audit_session_judge_row(const struct audit_session *session, const struct audit_organisation *o,
                             struct audit_report *report)
{
    const struct judging j = {session, o, report};

    if (!session->incomplete && !session->erased)
        judge_created(&j);
}

void audit_session_judge(const struct audit_session *session, const struct audit_organisation *o, uint64_t size,
                         struct audit_report *report)
{
    const struct judging j = {session, o, report};
    size_t before = report->wrong;

    judge_certificate(&j);
    judge_erased(&j);
    count_relays_word(&j);
    if (session->incomplete)
        return;
    if (session->erased) { /* of the others it is not known what stood between them */
        judge_statements(&j);
        if (session->count)
            judge_end(&j, size);
        return;
    }
    for (int by = 0; by < AUDIT_SIGNERS; by++)
        judge_chain(&j, (enum audit_signer)by);
    if (report->wrong != before)
        return; /* the rules below read the story in order */
    judge_created(&j);
    judge_events_of_row(&j, size);
    judge_customer_key(&j);
    judge_statements(&j);
    judge_end(&j, size);
    audit_ending_judge(session, report);
    audit_viewed_judge(session, report);
    audit_brakes_judge(session, o, report);
    audit_longest_judge(session, o, report);
    audit_forbidden_judge(session, o, report);
    audit_gates_judge(session, o, report);
}
