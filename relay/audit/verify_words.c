/* SPDX-License-Identifier: Apache-2.0 */
/* verify: what was found, in words; and what is remembered of it. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/commands.h"
#include "relay/audit/folder_notes.h"
#include "relay/audit/remembered.h"
#include "relay/audit/times.h"
#include "relay/audit/verify.h"

#define SHOWN_MAX 8     /* findings after the first that are listed */
#define PROGRESS_MS 200 /* between two of them */
#define SMALL 100000    /* entries that are recomputed in a few seconds, so they always are */

/* ---- in words ---- */

static void print_provable(const struct audit_organisation *o, const struct audit_verified *v)
{
    const struct audit_log *log = &v->log;

    printf("In spite of it\n");
    if (!log->signed_ok)
        printf("  nothing is proved by the log alone: its newest checkpoint is not one that its key signed.\n");
    else if (log->leaves_ok)
        printf("  all %" PRIu64 " leaves are those that the log's key signed: none was added, removed or moved.\n",
               log->size);
    else if (log->tiles_ok)
        printf(
            "  the tiles lead to the signed root, so all leaves but those named are proved to be the signed ones.\n");
    else
        printf("  neither leaves nor tiles lead to the signed root; single entries stand by their own signatures.\n");
    if (o->can_open)
        printf("  %" PRIu64 " of %" PRIu64 " sessions hold in every note, signature and rule.\n",
               v->report.sound_sessions, v->judged);
}

/* What is gone, and on whose word. */
static void print_gone(const struct audit_organisation *o, const struct audit_report *r)
{
    size_t shown = r->gone_count < AUDIT_GONE_MAX ? r->gone_count : AUDIT_GONE_MAX;

    for (size_t i = r->gone_count - shown; i < r->gone_count; i++) {
        const struct audit_gone *gone = &r->gone[i % AUDIT_GONE_MAX];
        char when[AUDIT_TIME_MAX];
        audit_time_short(when, gone->unix_s);
        printf("Erased      %" PRIu64 " %s between %" PRIu64 " and %" PRIu64 ", %s, %s:\n            entry %" PRIu64
               ", \"%s\"\n",
               gone->count, gone->count == 1 ? "entry" : "entries", gone->first, gone->last, when,
               gone->retention ? "by retention"
               : gone->unknown ? "by an officer whose certificate is not here (not proved)"
                               : "by an officer",
               gone->entry, gone->basis);
        if (gone->elsewhere)
            printf("            %s %s\n", o->ended ? "of the log that followed:" : "of the ended log", gone->log);
    }
    if (r->gone_count > shown)
        printf("            and %zu erasure%s before\n", r->gone_count - shown, r->gone_count - shown == 1 ? "" : "s");
}

static void print_counts(const struct audit_organisation *o, const struct audit_verified *v)
{
    const struct audit_report *r = &v->report;

    printf("Log         %s\n", o->log_key.name);
    printf("Entries     %" PRIu64 " of %" PRIu64 " read", r->entries, v->log.size);
    if (r->erased > r->missing)
        printf(", %" PRIu64 " without evidence: erased", r->erased - r->missing);
    if (r->missing)
        printf(", %" PRIu64 " without evidence that no note accounts for", r->missing);
    printf("\n");
    print_gone(o, r);
    if (r->acts)
        printf("Officers    %" PRIu64 " note%s of what officers did, or the relay to itself\n", r->acts,
               r->acts == 1 ? "" : "s");
    printf("Sessions    %" PRIu64 ", of which %" PRIu64 " ended and %" PRIu64 " not yet\n", r->sessions,
           r->sessions - r->live, r->live);
    printf("Signatures  %" PRIu64 " checked, %" PRIu64 " hashes made\n", r->signatures, r->hashes);
    if (o->can_open)
        printf("Opened      %" PRIu64 " sealed entries, %" PRIu64 " notes\n", r->opened, r->notes);
    if (v->log.from && v->plan.interrupted)
        printf("Before      %" PRIu64 " entries%s were verified here by a verification that was\n"
               "            interrupted, and are still the beginning of this log; it went on from there.\n"
               "            --full begins at the first.\n",
               v->log.from, v->plan.row.set ? ", and sessions among them," : "");
    else if (v->log.from)
        printf("Before      %" PRIu64 " entries were verified here before, and are still the beginning of\n"
               "            this log; %s\n"
               "            --full begins at the first.\n",
               v->log.from,
               o->can_open ? "sessions without a newer entry were not judged again." : "they were not read again.");
}

/* Of so many sessions. */
static void print_first(uint64_t count, const uint8_t first[static RELAY_STORE_SID_BYTES])
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1];

    sodium_bin2hex(sid, sizeof sid, first, RELAY_STORE_SID_BYTES);
    printf("%s %.8s.\n", count == 1 ? "Its number begins with" : "The first is", sid);
}

/* What a green answer does not cover, said plainly. */
static void print_not_seen(const struct audit_organisation *o, const struct audit_verified *v)
{
    const struct audit_report *r = &v->report;

    if (v->log.unvouched && v->log.size && !o->is_copy)
        printf("Not held    to relay/checkpoint, which is not in this folder: an older copy of the whole log is\n"
               "            noticed by it alone, and by what this machine verified before. The relay does not\n"
               "            start without it.\n");
    if (!o->can_open)
        printf("Not seen    what the notes say: their signatures, their order and the rules\n"
               "            (no picture without consent, every session ended). For these\n"
               "            give --key with the officers' evidence key.\n");
    if (r->clock_back) {
        char back[AUDIT_TIME_MAX];
        audit_duration(back, r->clock_back_s);
        printf("Clock       the log's times go back by %s at entry %" PRIu64 ": what stands before it may be\n"
               "            dated too late, and have been erased too early.\n",
               back, r->clock_back_entry);
    }
    if (r->late) {
        char late[AUDIT_TIME_MAX];
        audit_duration(late, r->late_s);
        printf("Late        %" PRIu64 " %s %s another time than %s entry, by %s at entry %" PRIu64 ":\n"
               "            the log could not be written, or a clock was set. What is proved is the time\n"
               "            of the entry.\n",
               r->late, r->late == 1 ? "event" : "events", r->late == 1 ? "says" : "say",
               r->late == 1 ? "its" : "their", late, r->late_entry);
    }
    if (r->dated) {
        char off[AUDIT_TIME_MAX];
        audit_duration(off, r->dated_s);
        printf("Dated       %" PRIu64 " %s of a customer or an agent %s a time %s from that of %s entry, at\n"
               "            entry %" PRIu64 ": a clock was wrong, or it is of another time than now.\n",
               r->dated, r->dated == 1 ? "note" : "notes", r->dated == 1 ? "says" : "say", off,
               r->dated == 1 ? "its" : "their", r->dated_entry);
    }
    if (r->org_served)
        printf("Org.note    the relay serves number %" PRIu64 ", and number %" PRIu64
               " lies here beside ca.crt: bring it\n"
               "            to the relay. Sessions are held to the one that is here.\n",
               r->org_served, o->org.number);
    if (r->policy_elsewhere)
        printf("Policy      " AUDIT_POLICY_ELSEWHERE ".\n", r->policy_elsewhere, o->policy.number);
    if (r->policy_waits)
        printf("Policy      %" PRIu64 " was signed by an officer in entry %" PRIu64
               ", and the relay has not put it in\n"
               "            force since.\n",
               r->policy_waits, r->policy_waits_at);
    if (r->policy_late.late_s) {
        char late[AUDIT_TIME_MAX];
        audit_duration(late, r->policy_late.late_s);
        printf("Policy      %" PRIu64 " was signed by an officer in entry %" PRIu64
               ", and the relay put it in force %s\n"
               "            later, in entry %" PRIu64 ": what was allowed between them, the one before it allowed.\n",
               r->policy_late.number, r->policy_late.signed_at, late, r->policy_late.taken_at);
    }
    if (r->forbidden)
        printf("Policy      entry %" PRIu64 " is a consent to %s, which policy %" PRIu64 " forbids%s: its\n"
               "            session was open before that was in force, and its ends may not have had it.\n",
               r->forbidden_entry, proto_capability_label(r->forbidden_what), o->policy.number,
               r->forbidden == 1 ? "" : ", and not the only one");
    if (r->policy_first)
        printf("Policy      %" PRIu64 " is in force since entry %" PRIu64
               ". What was allowed before is held to no policy:\n"
               "            the text of the one of then is not here.\n",
               o->policy.number, r->policy_first - 1);
    if (r->revoked)
        printf("Revoked     %" PRIu64 " %s when the authority had revoked the agent's certificate, and the relay\n"
               "            had not been given that note: entry %" PRIu64 ".\n",
               r->revoked, r->revoked == 1 ? "session began" : "sessions began", r->revoked_entry);
    if (r->keep_unknown)
        printf("Retention   that policy %" PRIu64 " kept for as many days as an erasure under it says is the\n"
               "            relay's word: neither that policy nor an officer's note of it is here.\n",
               r->keep_unknown);
    if (r->recorded_lines)
        printf("Recorded    %" PRIu64 " %s of an agent %s under the key that the relay recorded;\n"
               "            certificate not at hand. Certificates lie in ca/issued where the\n"
               "            authority lives; verify there.\n",
               r->recorded_lines, r->recorded_lines == 1 ? "line" : "lines", r->recorded_lines == 1 ? "is" : "are");
    if (r->unknown_acts)
        printf("Not checked %" PRIu64 " %s of an officer: certificate not stored. Certificates lie in\n"
               "            ca/issued where the authority lives; verify there.\n",
               r->unknown_acts, r->unknown_acts == 1 ? "note" : "notes");
    if (r->unchecked_lines)
        printf("Not checked %" PRIu64 " %s of an agent: certificate not stored. Certificates lie in\n"
               "            ca/issued where the authority lives; verify there.\n",
               r->unchecked_lines, r->unchecked_lines == 1 ? "line" : "lines");
    if (r->lone_notes)
        printf("Note        %" PRIu64 " %s the customer's line alone, and none of the agent.\n", r->lone_notes,
               r->lone_notes == 1 ? "statement has" : "statements have");
    if (r->relays_word) {
        printf("Note        %" PRIu64 " %s on the relay's word alone: no line of the agent is in\n"
               "            %s. ",
               r->relays_word, r->relays_word == 1 ? "session rests" : "sessions rest",
               r->relays_word == 1 ? "it" : "them");
        print_first(r->relays_word, r->relays_word_sid);
    }
    if (r->partly) {
        printf("Note        %" PRIu64 " %s erased in part, from the beginning: who it was, when and for whom is\n"
               "            the row's word alone. ",
               r->partly, r->partly == 1 ? "session is" : "sessions are");
        print_first(r->partly, r->partly_sid);
    }
    if (r->overdue)
        printf("Note        %" PRIu64 " %s past %s time and not ended; the relay ends %s when it runs.\n", r->overdue,
               r->overdue == 1 ? "session is" : "sessions are", r->overdue == 1 ? "its" : "their",
               r->overdue == 1 ? "it" : "them");
}

static void print_words(const struct audit_organisation *o, const struct audit_verified *v)
{
    const struct audit_report *r = &v->report;
    size_t kept = r->wrong < AUDIT_FINDINGS_MAX ? r->wrong : AUDIT_FINDINGS_MAX;

    if (r->wrong)
        audit_finding_print(&r->findings[0], true);
    if (r->wrong > 1)
        printf("And %zu more, each of which may be an effect of it:\n", r->wrong - 1);
    for (size_t i = 1; i < kept && i <= SHOWN_MAX; i++)
        audit_finding_print(&r->findings[i], false);
    if (r->wrong)
        print_provable(o, v);
    print_counts(o, v);
    print_not_seen(o, v);
    if (!r->wrong)
        printf("Verified    %s\n",
               o->can_open && !r->unknown_acts ? "nothing is wrong." : "nothing is wrong in what could be seen.");
}

/* ---- as JSON Lines ---- */

/* The newest of them, as the words have them. */
static void print_gone_json(const struct audit_report *r)
{
    size_t shown = r->gone_count < AUDIT_GONE_MAX ? r->gone_count : AUDIT_GONE_MAX;

    for (size_t i = r->gone_count - shown; i < r->gone_count; i++) {
        const struct audit_gone *gone = &r->gone[i % AUDIT_GONE_MAX];
        host_json_event("erased", "{s:I,s:I,s:I,s:I,s:I,s:s,s:b,s:s,s:s}", "entry", (json_int_t)gone->entry, "time",
                        (json_int_t)gone->unix_s, "entries", (json_int_t)gone->count, "first", (json_int_t)gone->first,
                        "last", (json_int_t)gone->last, "by", gone->retention ? "retention" : "officer", "known",
                        !gone->unknown, "basis", gone->basis, "log", gone->elsewhere ? gone->log : "");
    }
}

static void add_hex(json_t *line, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[2 * PROTO_HASH_BYTES + 1];

    json_object_set_new(line, key, json_string(sodium_bin2hex(hex, sizeof hex, bytes, len)));
}

/* Whose log it is, as of which tree; and where what is only said is. */
static void add_place(json_t *line, const struct audit_organisation *o, const struct audit_verified *v)
{
    const struct audit_report *r = &v->report;

    if (!line)
        return;
    json_object_set_new(line, "log", json_string(o->log_key.name));
    add_hex(line, "root", v->log.root, sizeof v->log.root);
    json_object_set_new(line, "policy_elsewhere", json_integer((json_int_t)r->policy_elsewhere));
    if (r->policy_late.late_s) {
        json_object_set_new(line, "policy_late", json_integer((json_int_t)r->policy_late.number));
        json_object_set_new(line, "policy_late_s", json_integer((json_int_t)r->policy_late.late_s));
    }
    if (r->clock_back) {
        json_object_set_new(line, "clock_back_s", json_integer((json_int_t)r->clock_back_s));
        json_object_set_new(line, "clock_back_entry", json_integer((json_int_t)r->clock_back_entry));
    }
    if (r->relays_word)
        add_hex(line, "relays_word_session", r->relays_word_sid, sizeof r->relays_word_sid);
    if (r->partly)
        add_hex(line, "partly_session", r->partly_sid, sizeof r->partly_sid);
    if (r->forbidden)
        json_object_set_new(line, "forbidden_entry", json_integer((json_int_t)r->forbidden_entry));
}

/* `before`: the logs that ended before this one hold. */
static void print_json(const struct audit_organisation *o, const struct audit_verified *v, bool before)
{
    const struct audit_report *r = &v->report;

    for (size_t i = 0; i < r->wrong && i < AUDIT_FINDINGS_MAX; i++)
        host_json_line(audit_finding_json(&r->findings[i]));
    print_gone_json(r);
    json_t *line = json_pack(
        "{s:s,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:b,s:b,s:I,s:I,s:I,s:I,s:I,"
        "s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
        "event", "verified", "ok", before && r->wrong == 0, "opened", o->can_open, "wrong", (json_int_t)r->wrong,
        "size", (json_int_t)v->log.size, "entries", (json_int_t)r->entries, "sessions", (json_int_t)r->sessions, "live",
        (json_int_t)r->live, "sound_sessions", (json_int_t)r->sound_sessions, "signatures", (json_int_t)r->signatures,
        "unsealings", (json_int_t)r->opened, "hashes", (json_int_t)r->hashes, "from", (json_int_t)v->log.from, "notes",
        (json_int_t)r->notes, "erased", (json_int_t)(r->erased - r->missing), "missing", (json_int_t)r->missing,
        "clock_back", (json_int_t)r->clock_back, "unchecked_lines", (json_int_t)r->unchecked_lines, "recorded_lines",
        (json_int_t)r->recorded_lines, "checkpoint_ok", v->log.signed_ok, "leaves_ok", v->log.leaves_ok, "vouched",
        !v->log.unvouched, "unknown_acts", (json_int_t)r->unknown_acts, "relays_word", (json_int_t)r->relays_word,
        "lone_notes", (json_int_t)r->lone_notes, "overdue", (json_int_t)r->overdue, "keep_unknown",
        (json_int_t)r->keep_unknown, "late", (json_int_t)r->late, "late_entry", (json_int_t)r->late_entry, "late_s",
        (json_int_t)r->late_s, "dated", (json_int_t)r->dated, "partly", (json_int_t)r->partly, "org_served",
        (json_int_t)r->org_served, "policy_waits", (json_int_t)r->policy_waits, "forbidden", (json_int_t)r->forbidden,
        "policy_first", (json_int_t)r->policy_first, "revoked", (json_int_t)r->revoked);
    add_place(line, o, v);
    host_json_line(line);
}

/* ---- the command ---- */

/* On a terminal, one line that is written over. */
static void show_progress(void *context, const char *what, uint64_t done, uint64_t of)
{
    int64_t *last_ms = context, now_ms = host_now().mono_ms;

    if (now_ms - *last_ms < PROGRESS_MS)
        return;
    *last_ms = now_ms;
    if (of)
        fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " %s\033[K", done, of, what);
    else
        fprintf(stderr, "\r%" PRIu64 " %s\033[K", done, what);
}

struct verifying {
    const struct audit_organisation *o;
    struct audit_remembered seen;
    int64_t shown_ms; /* the last progress; 0: none was */
    bool unwritable;  /* said once */
};

static void take_progress(void *context, const char *what, uint64_t done, uint64_t of)
{
    struct verifying *now = context;

    show_progress(&now->shown_ms, what, done, of);
}

/* Whoever interrupts it, or whose power fails, goes on from here. */
static void take_reached(void *context, const struct audit_reached *reached)
{
    struct verifying *now = context;

    if (!now->unwritable && audit_remembered_reach(&now->seen, reached))
        now->unwritable = !audit_remembered_save(now->o, &now->seen);
}

static void plan(struct audit_verified *v, struct verifying *now)
{
    struct audit_log_plan from = {0};

    audit_remembered_plan(&now->seen, now->o->can_open, &from);
    if (!audit_options.full && (audit_options.quick || from.from.size >= SMALL))
        v->plan = from;
    v->plan.threads = (unsigned)audit_options.threads;
    v->plan.seen = now->seen.leaves;
    v->plan.progress = isatty(STDERR_FILENO) ? take_progress : NULL;
    v->plan.reached = take_reached;
    v->plan.context = now;
}

/* Only what holds is worth going on from. */
static void remember(const struct audit_organisation *o, const struct audit_verified *v, struct audit_remembered *seen)
{
    if (v->report.wrong || !v->log.signed_ok || !v->log.size)
        return;
    seen->leaves.size = v->log.size;
    memcpy(seen->leaves.root, v->log.root, sizeof seen->leaves.root);
    if (o->can_open) {
        seen->notes = seen->leaves;
        seen->open = v->open;
        memset(&seen->row, 0, sizeof seen->row);
    }
    seen->unfiled = 0;
    (void)audit_remembered_save(o, seen);
}

static int verify(struct audit_organisation *o, struct audit_verified *v)
{
    struct verifying now = {.o = o};

    if (!audit_remembered_load(o, &now.seen))
        return HOST_EXIT_FAILED;
    plan(v, &now);
    enum proto_err err = audit_verify_all(o, v, host_now().unix_ms);
    if (now.shown_ms)
        fprintf(stderr, "\r\033[K");
    if (err) {
        host_say_err("verify", err);
        return HOST_EXIT_FAILED;
    }
    if (v->report.followed.has)
        audit_before_hold(o, &v->report.followed, &v->log, &v->report);
    remember(o, v, &now.seen);
    if (!audit_options.json)
        print_words(o, v);
    bool before = audit_verify_before(o, &v->report.ended);
    if (audit_options.json) /* whose last line is the answer */
        print_json(o, v, before);
    return v->report.wrong || !before ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}

int audit_verify(void)
{
    struct audit_organisation o;
    struct audit_verified *v = calloc(1, sizeof *v);
    int code = HOST_EXIT_USAGE;

    if (audit_options.full && audit_options.quick)
        host_say_error("--full, --quick", "the one begins at the first entry, and the other does not",
                       "leave one of them out");
    else if (v && audit_enter(&o, NULL)) {
        code = verify(&o, v);
        audit_log_clear(&v->log);
        audit_close(&o);
    }
    free(v);
    return code;
}
