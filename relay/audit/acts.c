/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/acts.h"

#include <stdio.h>
#include <string.h>

#include "proto/consent/erasure.h"
#include "proto/consent/evidence.h"
#include "proto/log/leaf.h"
#include "proto/seal/note.h"
#include "relay/audit/ended.h"
#include "relay/audit/report.h"

/* "Privacy Officer", or as much as is known of who signed. */
static void name_signer(const struct audit_organisation *o, const struct proto_note_line *line, int64_t unix_s,
                        char out[static 160])
{
    char name[PROTO_NOTE_NAME_MAX + 1] = "";
    struct proto_identity officer;

    if (line->name_len < sizeof name)
        memcpy(name, line->name, line->name_len);
    const char *serial = strrchr(name, '/');
    if (!strcmp(name, o->events_key.name))
        snprintf(out, 160, "The relay");
    else if (serial && !audit_staff_find_serial(o, serial + 1, unix_s, &officer))
        snprintf(out, 160, "%.120s (officer)", officer.name);
    else if (serial && !strcmp(serial + 1, o->policy.officer.serial))
        snprintf(out, 160, "%.120s (officer)", o->policy.officer.name);
    else
        snprintf(out, 160, "The officer %.60s", serial ? serial + 1 : "?");
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

static void say_event(const struct proto_event_note *e, const char *who, char out[static AUDIT_PHRASE_MAX])
{
    struct audit_ended ended;
    char sid[9];

    switch (e->action) {
    case PROTO_ACT_SESSION_STOPPED:
        for (size_t i = 0; i < 4; i++)
            snprintf(sid + 2 * i, 3, "%02x", e->sid[i]);
        snprintf(out, AUDIT_PHRASE_MAX, "%s ended session %s: “%s”.", who, sid, e->subject);
        break;
    case PROTO_ACT_VIEWED:
        snprintf(out, AUDIT_PHRASE_MAX, "%s read %s.", who, or_dash(e->subject));
        break;
    case PROTO_ACT_POLICY_SIGNED:
        snprintf(out, AUDIT_PHRASE_MAX, "%s signed policy %s.", who, or_dash(proto_event_note_get(e, "number")));
        break;
    case PROTO_ACT_POLICY_TAKEN:
        snprintf(out, AUDIT_PHRASE_MAX, "%s put policy %s in force.", who, or_dash(proto_event_note_get(e, "number")));
        break;
    case PROTO_ACT_CERTIFICATE_RENEWED:
        snprintf(out, AUDIT_PHRASE_MAX, "%s handed out a new certificate for %s: %s, signed by the authority.", who,
                 or_dash(e->subject), or_dash(proto_event_note_get(e, "renewed")));
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

bool audit_act_read(const struct audit_organisation *o, const struct relay_store_entry *entry, struct audit_act *out)
{
    struct proto_evidence evidence;
    struct proto_note_parts parts;
    struct proto_erasure erasure;
    struct proto_event_note event;
    struct proto_log_leaf leaf;
    char who[160];

    memset(out, 0, sizeof *out);
    if (!entry->evidence || proto_log_leaf_parse(&leaf, entry->leaf) ||
        (leaf.kind != PROTO_LOG_ERASURE && leaf.kind != PROTO_LOG_OFFICER_ACT) ||
        proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence) || evidence.count != 1 ||
        proto_note_split(&parts, evidence.notes[0].bytes, evidence.notes[0].len) || parts.line_count != 1)
        return false;
    if (!proto_erasure_parse(parts.text, parts.text_len, &erasure)) {
        uint64_t entries = proto_erasure_size(&erasure);
        out->unix_s = erasure.unix_s;
        out->action = erasure.retention ? "retention" : "erasure";
        name_signer(o, &parts.lines[0], out->unix_s, who);
        snprintf(out->words, sizeof out->words, "%s erased the evidence of %llu %s: “%s”.", who,
                 (unsigned long long)entries, entries == 1 ? "entry" : "entries", erasure.basis);
    } else if (!proto_event_note_parse(parts.text, parts.text_len, &event)) {
        out->unix_s = event.unix_s;
        out->action = proto_act_name(event.action);
        name_signer(o, &parts.lines[0], out->unix_s, who);
        say_event(&event, who, out->words);
    }
    audit_plain(out->words);
    return *out->words != 0;
}
