/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/acts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/consent/erasure.h"
#include "proto/consent/evidence.h"
#include "proto/log/leaf.h"
#include "proto/seal/note.h"
#include "relay/audit/ended.h"
#include "relay/audit/report.h"
#include "relay/audit/stops.h"

enum { OFFICER_MAX = 160 };

/* By the serial of a certificate; NULL: nothing is known. */
static void name_officer(const struct audit_organisation *o, const char *serial, int64_t unix_s,
                         char out[static OFFICER_MAX])
{
    struct proto_identity officer;

    *out = 0;
    if (serial && !audit_staff_find_serial(o, serial, unix_s, &officer))
        snprintf(out, OFFICER_MAX, "%.120s (officer)", officer.name);
    else if (serial && !strcmp(serial, o->policy.officer.serial))
        snprintf(out, OFFICER_MAX, "%.120s (officer)", o->policy.officer.name);
    else if (serial)
        snprintf(out, OFFICER_MAX, "the officer %.60s", serial);
}

/* "Privacy Officer", or as much as is known of who signed; `serial` is empty when it was no officer. */
static void name_signer(const struct audit_organisation *o, const struct proto_note_line *line, const char *serial,
                        int64_t unix_s, char out[static OFFICER_MAX])
{
    size_t len = strlen(o->events_key.name);

    if (line->name_len == len && !memcmp(line->name, o->events_key.name, len))
        snprintf(out, OFFICER_MAX, "The relay");
    else
        name_officer(o, *serial ? serial : "?", unix_s, out);
    if (*out == 't') /* it begins a sentence */
        *out = 'T';
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

const char *audit_refusal_words(const struct proto_event_note *e)
{
    const char *cause = proto_event_note_get(e, "cause");

    if (cause && !strcmp(cause, "ticket"))
        return "a session without the reference of a ticket, which the policy wants";
    if (cause && !strcmp(cause, "role"))
        return "something that is not for their role";
    return "something forbidden";
}

static void say_refused(const struct proto_event_note *e, const char *who, char out[static AUDIT_PHRASE_MAX])
{
    const char *times = proto_event_note_get(e, "times");
    bool many = times && strcmp(times, "1") != 0;

    snprintf(out, AUDIT_PHRASE_MAX, "%s REFUSED %s, who asked for %s%s%s%s.", who, or_dash(e->subject),
             audit_refusal_words(e), many ? " (" : "", many ? times : "", many ? " times)" : "");
}

static void say_event(const struct audit_organisation *o, const struct proto_event_note *e, const char *who,
                      char out[static AUDIT_PHRASE_MAX])
{
    struct audit_ended ended;
    char sid[9], signer[OFFICER_MAX];

    switch (e->action) {
    case PROTO_ACT_SESSION_STOPPED:
        sodium_bin2hex(sid, sizeof sid, e->sid, 4);
        snprintf(out, AUDIT_PHRASE_MAX, "%s ended session %s: “%s”.", who, sid, e->subject);
        break;
    case PROTO_ACT_VIEWED:
        snprintf(out, AUDIT_PHRASE_MAX, "%s read %s.", who, or_dash(e->subject));
        break;
    case PROTO_ACT_POLICY_SIGNED:
        snprintf(out, AUDIT_PHRASE_MAX, "%s signed policy %s.", who, or_dash(proto_event_note_get(e, "number")));
        break;
    case PROTO_ACT_POLICY_TAKEN:
        name_officer(o, proto_event_note_get(e, "officer"), e->unix_s, signer);
        snprintf(out, AUDIT_PHRASE_MAX, "%s put policy %s in force%s%s%s.", who, /* nobody but the relay signed this */
                 or_dash(proto_event_note_get(e, "number")), *signer ? ", signed by " : "", signer,
                 *signer ? ", as it says" : "");
        break;
    case PROTO_ACT_ORG_TAKEN:
        snprintf(out, AUDIT_PHRASE_MAX,
                 "%s put number %s of the organisation's note in force: certificates revoked in it: %s.", who,
                 or_dash(proto_event_note_get(e, "number")), or_dash(proto_event_note_get(e, "revoked")));
        break;
    case PROTO_ACT_CERTIFICATE_RENEWED:
        snprintf(out, AUDIT_PHRASE_MAX, "%s handed out a new certificate for %s: %s, signed by the authority.", who,
                 or_dash(e->subject), or_dash(proto_event_note_get(e, "renewed")));
        break;
    case PROTO_ACT_REFUSED:
        say_refused(e, who, out);
        break;
    case PROTO_ACT_RETENTION_ASKED:
        snprintf(out, AUDIT_PHRASE_MAX, "%s asked the relay to erase what is over its time.", who);
        break;
    case PROTO_ACT_RECOVERED:
        if (!audit_ended_read(&ended, e))
            snprintf(out, AUDIT_PHRASE_MAX,
                     "%s ended the log %s, which this one follows: %llu entries signed for, %llu found (%s). “%s”.",
                     who, ended.log, (unsigned long long)ended.size, (unsigned long long)ended.stored,
                     audit_found_name(ended.found), ended.reason);
        break;
    default:
        snprintf(out, AUDIT_PHRASE_MAX, "%s: %s.", who, proto_act_name(e->action));
        break;
    }
}

/* The one note of an entry of the log itself, which lies there open. */
static bool split(const struct relay_store_entry *entry, struct proto_evidence *evidence,
                  struct proto_note_parts *parts)
{
    struct proto_log_leaf leaf;

    return entry->evidence && !proto_log_leaf_parse(&leaf, entry->leaf) &&
           (leaf.kind == PROTO_LOG_ERASURE || leaf.kind == PROTO_LOG_OFFICER_ACT) &&
           !proto_evidence_parse(entry->evidence, entry->evidence_len, evidence) && evidence->count == 1 &&
           !proto_note_split(parts, evidence->notes[0].bytes, evidence->notes[0].len) && parts->line_count == 1;
}

bool audit_act_event(const struct relay_store_entry *entry, struct proto_event_note *event)
{
    struct proto_evidence evidence;
    struct proto_note_parts parts;

    return split(entry, &evidence, &parts) && !proto_event_note_parse(parts.text, parts.text_len, event);
}

bool audit_act_read(const struct audit_organisation *o, const struct relay_store_entry *entry, struct audit_act *out)
{
    struct proto_evidence evidence;
    struct proto_note_parts parts;
    struct proto_erasure erasure;
    struct proto_event_note event;
    char who[OFFICER_MAX];

    memset(out, 0, sizeof *out);
    if (!split(entry, &evidence, &parts))
        return false;
    (void)proto_identity_signer_serial(parts.lines[0].name, parts.lines[0].name_len, o->root.domain, PROTO_ROLE_OFFICER,
                                       out->officer);
    if (!proto_erasure_parse(parts.text, parts.text_len, &erasure)) {
        uint64_t entries = proto_erasure_size(&erasure);
        out->unix_s = erasure.unix_s;
        out->action = erasure.retention ? "retention" : "erasure";
        name_signer(o, &parts.lines[0], out->officer, out->unix_s, who);
        snprintf(out->words, sizeof out->words, "%s erased the evidence of %llu %s: “%s”.", who,
                 (unsigned long long)entries, entries == 1 ? "entry" : "entries", erasure.basis);
    } else if (!proto_event_note_parse(parts.text, parts.text_len, &event)) {
        out->unix_s = event.unix_s;
        memcpy(out->sid, event.sid, sizeof out->sid);
        out->action = proto_act_name(event.action);
        name_signer(o, &parts.lines[0], out->officer, out->unix_s, who);
        say_event(o, &event, who, out->words);
    }
    audit_plain(out->words);
    return *out->words != 0;
}

struct visiting {
    audit_visit_refusal visit;
    void *context;
};

static enum proto_err visit_entry(void *context, const struct relay_store_entry *entry)
{
    const struct visiting *v = context;
    struct proto_event_note event;

    if (!audit_act_event(entry, &event) || event.action != PROTO_ACT_REFUSED)
        return PROTO_OK;
    audit_plain(event.subject);
    return v->visit(v->context, entry->index, &event);
}

enum proto_err audit_each_refusal(struct audit_organisation *o, audit_visit_refusal visit, void *context)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];
    struct visiting v = {visit, context};

    return relay_store_each_entry_of(o->rows, none, visit_entry, &v);
}

/* ---- who stopped a session ---- */

bool audit_act_of_stop(const struct audit_organisation *o, const struct relay_store_session *row, struct audit_act *out,
                       uint64_t *entry)
{
    const struct audit_stop *stop = o->stops ? audit_stops_find(o->stops, row->sid) : NULL;
    struct relay_store_entry stored;

    if (!stop || relay_store_get_entry(o->log, stop->entry, &stored))
        return false;
    *entry = stop->entry;
    return audit_act_read(o, &stored, out);
}
