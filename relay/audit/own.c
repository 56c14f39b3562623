/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/consent/statement.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "relay/audit/retained.h"
#include "relay/audit/session.h"
#include "relay/log/appender.h"

/* One entry on its way. */
struct taking {
    struct audit_own *own;
    struct audit_organisation *o;
    struct audit_report *report;
    const struct relay_store_entry *entry;
    struct proto_log_leaf leaf;
    struct proto_note_parts parts;
    struct proto_erasure erasure;
    struct proto_event_note event;
    char name[PROTO_SIGNER_BYTES]; /* of the signer */
    uint32_t seq;
    bool first;
    uint8_t prev[32];
    int64_t unix_s;
    const char *of; /* of which log erasures count */
    bool later;     /* of one that was ended before: what is wrong here is found when this one is verified */
    bool unknown;   /* nobody here knows whose line it is */
    bool no_memory;
};

static struct audit_finding *wrong(const struct taking *t, const char *expected, const char *found)
{
    struct audit_finding *finding = audit_at_entry(audit_wrong(t->report, "entry", "evidence"), t->entry->index);

    audit_found(audit_expected(finding, "%s", expected), "%s", found);
    return finding;
}

static bool refuse(const struct taking *t, const char *expected, const char *found)
{
    (void)wrong(t, expected, found);
    return false;
}

/* ---- the signer ---- */

/* Of the officer whose certificate stands in the policy no other copy is needed. */
static enum proto_err find_officer(const struct taking *t, const char *serial, struct proto_identity *officer)
{
    const struct proto_identity *in_policy = &t->o->policy.officer;
    uint64_t at = t->entry->index;
    int64_t leaf_s = t->leaf.unix_s;
    enum proto_err err = audit_staff_find_signer(t->o, serial, at, leaf_s, officer);

    if (err != PROTO_ERR_NOT_FOUND || strcmp(serial, in_policy->serial) != 0)
        return err;
    *officer = *in_policy;
    if (in_policy->not_before_s >= leaf_s + PROTO_LOG_TIME_GRAIN_S || in_policy->not_after_s <= leaf_s)
        return PROTO_ERR_CERT_EXPIRED;
    return audit_staff_revoked(t->o, serial, at, leaf_s);
}

static bool find_key(struct taking *t, struct proto_note_key *key)
{
    char serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1];
    struct proto_identity officer;

    if (!strcmp(t->name, t->o->events_key.name)) {
        *key = t->o->events_key;
        return true;
    }
    if (!proto_identity_signer_serial(t->name, strlen(t->name), t->o->root.domain, PROTO_ROLE_OFFICER, serial))
        return refuse(t, "a note of an officer, or of the relay", "the line of somebody else");
    enum proto_err err = find_officer(t, serial, &officer);
    if (err == PROTO_ERR_NOT_FOUND) {
        t->unknown = true;
        t->report->unknown_acts++;
        return !t->o->has_issued /* then nothing is wrong that could be seen */
                   ? false
                   : refuse(t, "a note of an officer whose certificate the authority issued",
                            "one under a certificate that is not among those in ca/issued");
    }
    if (err || officer.role != PROTO_ROLE_OFFICER)
        return refuse(t, "a certificate of an officer that held when the log took this entry", "one that did not");
    return !proto_note_key_init(key, t->name, officer.public_key);
}

/* False: it is nobody's word. */
static bool check_signature(struct taking *t, const struct proto_evidence_note *note)
{
    struct proto_note_key key;

    if (!find_key(t, &key))
        return t->unknown && !t->o->has_issued;
    t->report->signatures++;
    return !proto_note_verify(note->bytes, note->len, &key, 1, NULL, NULL) ||
           refuse(t, "a note whose signature verifies", "one that does not");
}

/* The session was ended at once, so a stop waits for a disk that is full, and is never dropped. */
static void check_time(const struct taking *t)
{
    int64_t off_s = audit_off_leaf_s(t->unix_s, t->leaf.unix_s);
    bool may_wait = t->leaf.kind == PROTO_LOG_OFFICER_ACT && t->event.action == PROTO_ACT_SESSION_STOPPED;

    if (off_s <= RELAY_APPENDER_DATED_S)
        return;
    if (may_wait && t->unix_s < t->leaf.unix_s)
        audit_count_late(t->report, t->entry->index, off_s);
    else
        refuse(t, AUDIT_DATED_WORDS, AUDIT_OTHER_TIME_WORDS);
}

/* ---- the text ---- */

static bool is_own_act(enum proto_act act, bool relay)
{
    bool is_relays = act == PROTO_ACT_POLICY_TAKEN || act == PROTO_ACT_ORG_TAKEN ||
                     act == PROTO_ACT_CERTIFICATE_RENEWED || act == PROTO_ACT_REFUSED;

    return relay ? is_relays : act > PROTO_ACT_COMMAND_EXECUTED && !is_relays;
}

/* The note with which an officer ended the log before: it is the first of the log that follows, and nowhere else. */
static bool take_ended(struct taking *t, const struct proto_event_note *event)
{
    if (t->entry->index)
        return refuse(t, "the note that ended the log before as entry 0 alone", "one behind it");
    return !audit_ended_read(&t->report->ended, event) ||
           refuse(t, "what was known and found of the log that it ended", "a note without it");
}

/* Chains of officers begin anew in each log: a note of another one may be played again here. */
static bool is_for_this_log(const struct taking *t, const struct proto_event_note *event)
{
    char name[PROTO_EVENT_VALUE_BYTES + 1];
    const char *log = proto_event_note_get(event, "log");

    proto_event_note_text(name, t->o->log_key.name);
    return (log && !strcmp(log, name)) ||
           refuse(t, "an act of an officer in this log", "one in another log, or in none");
}

static bool is_here(const struct taking *t)
{
    return !strcmp(t->erasure.log, t->o->log_key.name);
}

static bool read_text(struct taking *t)
{
    bool relay = !strcmp(t->name, t->o->events_key.name);
    struct proto_event_note *event = &t->event;

    if (t->leaf.kind == PROTO_LOG_ERASURE) {
        if (proto_erasure_parse(t->parts.text, t->parts.text_len, &t->erasure) || t->erasure.retention != relay)
            return refuse(t, "an erasure, as its class says", "another text");
        t->seq = t->erasure.seq;
        t->first = t->erasure.first;
        t->unix_s = t->erasure.unix_s;
        memcpy(t->prev, t->erasure.prev, sizeof t->prev);
        return true;
    }
    if (proto_event_note_parse(t->parts.text, t->parts.text_len, event) || !is_own_act(event->action, relay))
        return refuse(t, "an act of an officer, as its class says", "another text");
    if (event->action == PROTO_ACT_RECOVERED ? !take_ended(t, event) : !relay && !is_for_this_log(t, event))
        return false;
    t->seq = event->seq;
    t->first = event->first;
    t->unix_s = event->unix_s;
    memcpy(t->prev, event->prev, sizeof t->prev);
    return true;
}

/* ---- the chain ---- */

static struct audit_own_chain *chain_of(struct audit_own *own, const uint8_t name[static 32])
{
    for (size_t i = 0; i < own->chain_count; i++)
        if (!memcmp(own->chains[i].name, name, 32))
            return &own->chains[i];
    struct audit_own_chain *more = realloc(own->chains, (own->chain_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    own->chains = more;
    more += own->chain_count++;
    *more = (struct audit_own_chain){.seq = 0};
    memcpy(more->name, name, 32);
    return more;
}

static void check_chain(struct taking *t)
{
    uint8_t name[32];
    struct audit_own_chain *chain;

    proto_sha256(name, t->name, strlen(t->name));
    chain = chain_of(t->own, name);
    if (!chain) {
        t->no_memory = true;
        return;
    }
    if (t->seq != chain->seq + 1 || t->first != (chain->seq == 0) ||
        (chain->seq && memcmp(t->prev, chain->prev, sizeof chain->prev) != 0))
        wrong(t, "the signer's next note, without a gap", "another one")->effect = true; /* of one that is missing */
    chain->seq = t->seq;
    proto_sha256(chain->prev, t->parts.text, t->parts.text_len);
}

/* ---- what is gone ---- */

static void note_gone(struct taking *t)
{
    struct audit_report *report = t->report;
    size_t at = report->gone_count++ % AUDIT_GONE_MAX; /* the newest ones are kept */
    struct audit_gone *gone = &report->gone[at];

    gone->entry = t->entry->index;
    gone->count = proto_erasure_size(&t->erasure);
    gone->first = t->erasure.ranges[0].first;
    gone->last = t->erasure.ranges[t->erasure.count - 1].last;
    gone->unix_s = t->erasure.unix_s;
    gone->retention = t->erasure.retention;
    gone->elsewhere = !is_here(t);
    gone->unknown = t->unknown;
    const char *log = t->later ? t->o->log_key.name : is_here(t) ? "" : t->erasure.log;
    snprintf(gone->log, sizeof gone->log, "%.*s", (int)sizeof gone->log - 1, log);
    snprintf(gone->basis, sizeof gone->basis, "%s", t->erasure.basis);
}

static bool is_ended(const struct audit_organisation *o, const char *log)
{
    size_t len = strlen(log);

    for (size_t i = 0; i < o->org.log_count; i++)
        if (!strncmp(o->org.logs[i], log, len) && o->org.logs[i][len] == '+')
            return strcmp(log, o->log_key.name) != 0;
    return false;
}

/* The relay erases by itself only what the policy does not keep any longer. */
static bool is_by_policy(const struct taking *t)
{
    const struct proto_policy *policy = &t->o->policy;
    uint64_t number;
    unsigned days;

    if (!audit_retained_basis(t->erasure.basis, &number, &days))
        return refuse(t, "an erasure by retention that names its policy and the days that it keeps", "another reason");
    if (!days)
        return refuse(t, "an erasure by retention under a policy that keeps for some days",
                      "one under a policy without an end");
    /* the log knows better than a folder whose policy may never have reached the relay */
    return number != policy->number || days == policy->keep_days || t->own->policy_is_another ||
           audit_retained_knows(t->own, number) ||
           refuse(t, "an erasure by retention after the days that this policy has", "one after other days");
}

/* Whether it was due, the walk over the entries will show. */
static void take_retained(struct taking *t)
{
    struct audit_retained retained = {.entry = t->later ? UINT64_MAX : t->entry->index,
                                      .first = t->own->range_count - t->erasure.count,
                                      .count = t->erasure.count,
                                      .believed_s = t->leaf.unix_s + PROTO_LOG_TIME_GRAIN_S};

    if (t->erasure.unix_s < retained.believed_s)
        retained.believed_s = t->erasure.unix_s;
    if (audit_retained_basis(t->erasure.basis, &retained.policy, &retained.days) &&
        audit_retained_add(t->own, &retained))
        t->no_memory = true;
}

static void take_erasure(struct taking *t)
{
    struct audit_own *own = t->own;
    size_t count = t->erasure.count;

    if (t->erasure.retention && !is_by_policy(t))
        return;
    if (is_here(t) && t->erasure.ranges[count - 1].last >= t->entry->index) {
        refuse(t, "an erasure of entries before it", "one of entries that were not there");
        return;
    }
    if (!is_here(t) && !is_ended(t->o, t->erasure.log)) {
        refuse(t, "an erasure in this log, or in one that org.note lists beside it", "one in another");
        return;
    }
    if (strcmp(t->erasure.log, t->of) != 0) {
        if (!t->later)
            note_gone(t); /* said, and nothing of this log */
        return;
    }
    void *more = realloc(own->ranges, (own->range_count + count) * sizeof *own->ranges);
    if (!more) {
        t->no_memory = true;
        return;
    }
    own->ranges = more;
    memcpy(own->ranges + own->range_count, t->erasure.ranges, count * sizeof *own->ranges);
    own->range_count += count;
    if (t->erasure.retention)
        take_retained(t);
    note_gone(t);
}

/* ---- notes of the organisation that the relay put in force ---- */

/* The policy whose text is here rules behind the note that it was taken, while it is the newest: how soon before its
 * own note the next one ruled, the log does not say. */
static void take_ruling(const struct taking *t)
{
    const struct proto_taken *taken = &t->own->taken[PROTO_TAKEN_POLICY];
    const struct proto_policy *here = &t->o->policy;
    bool is_here = taken->number == here->number && !memcmp(taken->hash, here->text_hash, sizeof taken->hash);

    if (!is_here)
        t->o->policy_first = 0, t->o->policy_before = true;
    else if (!t->o->policy_first) {
        t->o->policy_first = t->entry->index + 1;
        t->o->policy_first_s = t->leaf.unix_s;
    }
}

static void take_taken(const struct taking *t)
{
    bool org = t->event.action == PROTO_ACT_ORG_TAKEN;
    uint64_t revoked;

    if (!proto_taken_read(t->own->taken, &t->event))
        return;
    t->own->taken_at[org ? PROTO_TAKEN_ORG : PROTO_TAKEN_POLICY] = t->entry->index;
    if (!org && !t->later)
        take_ruling(t);
    if (org && audit_detail_number(&t->event, "revoked", &revoked))
        audit_staff_note_revoked(t->o, (size_t)revoked, t->entry->index, t->leaf.unix_s);
}

/* ---- all of them ---- */

static void take(struct taking *t)
{
    struct proto_evidence evidence;
    uint8_t c[PROTO_LOG_HASH_BYTES];

    if (proto_evidence_parse(t->entry->evidence, t->entry->evidence_len, &evidence) || evidence.count != 1) {
        refuse(t, "one note, not sealed: it is of no session", "something else");
        return;
    }
    const struct proto_evidence_note *note = &evidence.notes[0];
    proto_log_commit(c, evidence.r, note->bytes, note->len);
    if (memcmp(c, t->leaf.commitment, sizeof c) != 0) {
        refuse(t, "the note that the leaf commits to", "another");
        return;
    }
    if (proto_note_split(&t->parts, note->bytes, note->len) || t->parts.line_count != 1 ||
        t->parts.lines[0].name_len >= sizeof t->name) {
        refuse(t, "a note with one signature", "bytes that are none");
        return;
    }
    memcpy(t->name, t->parts.lines[0].name, t->parts.lines[0].name_len);
    t->name[t->parts.lines[0].name_len] = 0;
    t->report->acts++;
    if (!read_text(t))
        return;
    size_t wrong = t->report->wrong;
    check_time(t);
    bool is_signed = check_signature(t, note);
    check_chain(t);
    if (t->leaf.kind == PROTO_LOG_ERASURE && is_signed && (!t->later || t->report->wrong == wrong))
        take_erasure(t);
    bool policy = t->leaf.kind == PROTO_LOG_OFFICER_ACT &&
                  (t->event.action == PROTO_ACT_POLICY_SIGNED || t->event.action == PROTO_ACT_POLICY_TAKEN);
    if (t->leaf.kind == PROTO_LOG_OFFICER_ACT && t->report->wrong == wrong)
        take_taken(t);
    if (policy && t->report->wrong == wrong && audit_retained_policy(t->own, &t->o->policy, &t->event, t->leaf.unix_s))
        t->no_memory = true;
}

static enum proto_err visit(void *context, const struct relay_store_entry *entry)
{
    struct taking *t = context;

    if (entry->index < t->own->next)
        return PROTO_OK;
    t->own->next = entry->index + 1;
    t->own->met++;
    t->entry = entry;
    t->unknown = false;
    if (proto_log_leaf_parse(&t->leaf, entry->leaf) ||
        (t->leaf.kind != PROTO_LOG_ERASURE && t->leaf.kind != PROTO_LOG_OFFICER_ACT))
        return PROTO_OK; /* the walk names it */
    if (!entry->evidence)
        refuse(t, "the note: those of the log itself are never erased", "none, or none that its key opens");
    else
        take(t);
    return t->no_memory ? PROTO_ERR_NOMEM : PROTO_OK;
}

enum proto_err audit_own_read(struct audit_own *own, struct audit_organisation *o, struct audit_report *report)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];
    struct taking *t = calloc(1, sizeof *t);
    struct relay_store_checkpoint now;
    enum proto_err err = PROTO_ERR_NOMEM;

    if (!t)
        return err;
    *t = (struct taking){.own = own, .o = o, .report = report, .of = o->log_key.name};
    if (!relay_store_get_checkpoint(o->rows, &now)) /* before: what comes meanwhile may not be read */
        o->policy_end = now.size;
    err = relay_store_each_entry_of(o->rows, none, visit, t);
    free(t);
    return err == PROTO_ERR_NOMEM ? err : PROTO_OK; /* what cannot be read at all, the walk names */
}

/* One of the logs that came later, as far as it tells of `o`. */
static enum proto_err read_one_later(struct audit_own *own, const struct audit_organisation *o, unsigned n,
                                     struct audit_report *report)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];
    struct audit_organisation *later = calloc(1, sizeof *later);
    struct audit_report *scratch = calloc(1, sizeof *scratch);
    struct taking *t = calloc(1, sizeof *t);
    struct audit_own there = {.next = 0};
    char name[97];
    enum proto_err err = later && scratch && t ? PROTO_OK : PROTO_ERR_NOMEM;

    if (!err && audit_open_ended(later, o->dir, NULL, n)) {
        *t = (struct taking){.own = &there, .o = later, .report = scratch, .of = o->log_key.name, .later = true};
        if (later->log_is_named)
            err = relay_store_each_entry_of(later->rows, none, visit, t);
        proto_event_note_text(name, o->log_key.name);
        if (scratch->ended.has && !scratch->wrong && !strcmp(scratch->ended.log, name))
            report->followed = scratch->ended;
        audit_close(later);
    }
    err = err == PROTO_ERR_NOMEM ? err : PROTO_OK;
    void *more = err || !there.range_count
                     ? NULL
                     : realloc(own->ranges, (own->range_count + there.range_count) * sizeof *own->ranges);
    for (size_t i = 0; more && !err && i < there.retained_count; i++) {
        there.retained[i].first += own->range_count;
        err = audit_retained_add(own, &there.retained[i]);
    }
    if (more) {
        own->ranges = more;
        memcpy(own->ranges + own->range_count, there.ranges, there.range_count * sizeof *own->ranges);
        own->range_count += there.range_count;
        for (size_t i = 0; i < scratch->gone_count && i < AUDIT_GONE_MAX; i++)
            report->gone[report->gone_count++ % AUDIT_GONE_MAX] = scratch->gone[i];
    }
    audit_own_clear(&there);
    free(t);
    free(scratch);
    free(later);
    return err;
}

enum proto_err audit_own_read_later(struct audit_own *own, const struct audit_organisation *o,
                                    struct audit_report *report)
{
    enum proto_err err = PROTO_OK;

    for (unsigned n = o->ended + 1; o->ended && !err && n <= AUDIT_ENDED_MAX; n++)
        if (audit_is_here(o->dir, n))
            err = read_one_later(own, o, n, report);
    if (o->ended && !err && audit_is_here(o->dir, 0))
        err = read_one_later(own, o, 0, report);
    return err;
}

bool audit_own_ending(const struct audit_organisation *o, struct audit_ended *out)
{
    struct audit_report *report = o->ended ? calloc(1, sizeof *report) : NULL;
    struct audit_own own = {.next = 0};
    bool has = report && !audit_own_read_later(&own, o, report) && report->followed.has;

    if (has)
        *out = report->followed;
    audit_own_clear(&own);
    free(report);
    return has;
}
