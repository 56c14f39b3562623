/* SPDX-License-Identifier: Apache-2.0 */
/* verify: the logs that came before this one and were ended, and what cannot be proved between them. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/commands.h"
#include "relay/audit/ended.h"
#include "relay/audit/paper.h"
#include "relay/audit/times.h"
#include "relay/audit/verify.h"

enum { HEAD = 12 }; /* columns in front of a text, as everywhere in verify */

static void put(const char *head, const char *text)
{
    printf("%-*s", HEAD, head);
    audit_paper_wrapped(text, HEAD);
}

/* What the officer's note says, whether or not the old data is at hand. */
static void say_note(const struct audit_ended *e)
{
    char when[AUDIT_TIME_MAX], text[768];

    audit_time_short(when, e->unix_s);
    snprintf(text, sizeof text, "%s, ended by an officer on %s: “%s”", e->log, when, e->reason);
    printf("\n");
    put("Before", text);
    snprintf(text, sizeof text,
             "%" PRIu64 " entries were signed for by a checkpoint that was at hand; %" PRIu64 " were found.", e->size,
             e->stored);
    put("Known", text);
}

void audit_before_gap(const struct audit_ended *e, char out[static AUDIT_GAP_MAX])
{
    *out = 0;
    switch (e->found) {
    case AUDIT_FOUND_WHOLE:
        snprintf(out, AUDIT_GAP_MAX,
                 "whether its key signed anything after entry %" PRIu64
                 ": nobody here knows of it. All that is known to have been signed for is here.",
                 e->stored ? e->stored - 1 : 0);
        break;
    case AUDIT_FOUND_SMALLER:
        snprintf(out, AUDIT_GAP_MAX,
                 "what entries %" PRIu64 " to %" PRIu64 " said: they were signed for and are lost, %" PRIu64
                 " of them. Nor that the %" PRIu64 " entries here were the first of those %" PRIu64
                 ": the log's own key says so, and the tree that would prove it is lost. A receipt of a lost entry "
                 "still proves that entry. If anything was erased in them, it is here again: erase it again.",
                 e->stored, e->size - 1, e->size - e->stored, e->stored, e->size);
        break;
    case AUDIT_FOUND_ANOTHER:
        snprintf(out, AUDIT_GAP_MAX,
                 "which of two histories happened. The log's key signed a tree of %" PRIu64
                 " entries that these entries do not lead to. Receipts of the other one still prove their entries.",
                 e->size);
        break;
    case AUDIT_FOUND_DAMAGED:
        snprintf(out, AUDIT_GAP_MAX,
                 "more than single entries, each by its own signatures: what is here does not lead to the root that "
                 "was signed.");
        break;
    case AUDIT_FOUND_GONE:
    case AUDIT_FOUND_COUNT:
        snprintf(out, AUDIT_GAP_MAX,
                 "anything by what is here: no entry of it was found. Receipts that people keep still prove theirs.");
        break;
    }
}

static void say_gap(const struct audit_ended *e)
{
    char text[AUDIT_GAP_MAX];

    audit_before_gap(e, text);
    put("Not proved", text);
}

/* What is gone of it, and on whose word: of the note in the log that followed, or in this one. */
static void say_gone(const struct audit_report *r)
{
    size_t shown = r->gone_count < AUDIT_GONE_MAX ? r->gone_count : AUDIT_GONE_MAX;
    char text[768], when[AUDIT_TIME_MAX];

    for (size_t i = r->gone_count - shown; i < r->gone_count; i++) {
        const struct audit_gone *gone = &r->gone[i % AUDIT_GONE_MAX];
        audit_time_short(when, gone->unix_s);
        snprintf(text, sizeof text,
                 "%" PRIu64 " %s between %" PRIu64 " and %" PRIu64 ", %s, %s: “%s” (entry %" PRIu64 " of %s)",
                 gone->count, gone->count == 1 ? "entry" : "entries", gone->first, gone->last, when,
                 gone->retention ? "by retention" : "by an officer", gone->basis, gone->entry,
                 gone->elsewhere ? gone->log : "that log itself");
        put("Erased", text);
    }
}

static void say_verified(const struct audit_organisation *o, const struct audit_verified *v)
{
    char text[AUDIT_TEXT_MAX * 4], place[AUDIT_TEXT_MAX];
    const struct audit_report *r = &v->report;

    if (r->wrong) {
        audit_place(&r->findings[0], place);
        snprintf(text, sizeof text,
                 "NO. %.200s: expected %.230s; there is %.230s. handhold-audit verify --ended %u says more.", place,
                 r->findings[0].expected, r->findings[0].found, o->ended);
    } else {
        snprintf(text, sizeof text,
                 "%" PRIu64 " of %" PRIu64 " entries, %" PRIu64 " of them erased, %" PRIu64
                 " session%s, of which %" PRIu64 " had not ended; %" PRIu64 " signatures checked: nothing is wrong%s.",
                 r->entries, v->log.size, r->erased, r->sessions, r->sessions == 1 ? "" : "s", r->live, r->signatures,
                 o->can_open ? "" : " in what could be seen");
    }
    say_gone(r);
    put("Verified", text);
}

static void say_json(const struct audit_ended *e, bool at_hand, bool ok, const struct audit_verified *v)
{
    char root[65], kept[65];

    sodium_bin2hex(root, sizeof root, e->root, sizeof e->root);
    sodium_bin2hex(kept, sizeof kept, e->kept, sizeof e->kept);
    host_json_event("ended-log", "{s:s,s:i,s:s,s:I,s:s,s:I,s:s,s:I,s:s,s:b,s:b,s:I,s:I,s:I}", "log", e->log, "ended",
                    (int)e->n, "found", audit_found_name(e->found), "size", (json_int_t)e->size, "root", root, "stored",
                    (json_int_t)e->stored, "stored_root", kept, "time", (json_int_t)e->unix_s, "reason", e->reason,
                    "at_hand", at_hand, "ok", ok, "entries", (json_int_t)v->report.entries, "erased",
                    (json_int_t)v->report.erased, "wrong", (json_int_t)v->report.wrong);
}

void audit_before_hold(const struct audit_organisation *o, const struct audit_ended *e, const struct audit_log *log,
                       struct audit_report *report)
{
    if (memcmp(o->log_key.public_key, e->key, sizeof e->key) != 0)
        audit_found(audit_expected(audit_wrong(report, "log.vkey", "key"), "the key of the log that the note names"),
                    "another key");
    else if (e->found < AUDIT_FOUND_DAMAGED &&
             (log->size != e->stored || memcmp(log->root, e->kept, sizeof e->kept) != 0))
        audit_found(audit_expected(audit_wrong(report, "entry", "leaf"),
                                   "the %" PRIu64 " entries that the officer found when the log was ended", e->stored),
                    "%" PRIu64 " entries, or others", log->size);
}

/* One of them; `*next` is the log before that. False: it does not hold. */
static bool verify_one(const struct audit_organisation *of, const struct audit_ended *e, struct audit_ended *next)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o = {.log = NULL};
    bool at_hand = v && e->found != AUDIT_FOUND_GONE && audit_is_here(of->dir, e->n) &&
                   audit_open_ended(&o, of->dir, audit_options.key, e->n);
    bool fine = true;

    next->has = false;
    if (!v) {
        host_say_err("verify", PROTO_ERR_NOMEM);
        return false;
    }
    if (at_hand) {
        o.is_copy = of->is_copy;
        v->plan.threads = (unsigned)audit_options.threads;
        fine = !audit_verify_all(&o, v, host_now().unix_ms);
        audit_before_hold(&o, e, &v->log, &v->report);
        *next = v->report.ended;
    }
    fine = fine && !v->report.wrong && (at_hand || e->found == AUDIT_FOUND_GONE);
    if (audit_options.json) {
        say_json(e, at_hand, fine, v);
    } else {
        say_note(e);
        if (at_hand)
            say_verified(&o, v);
        else if (e->found != AUDIT_FOUND_GONE)
            put("Verified", "NO. Its data is not at hand.");
        say_gap(e);
    }
    audit_log_clear(&v->log);
    audit_close(&o);
    free(v);
    return fine;
}

bool audit_verify_before(const struct audit_organisation *o, const struct audit_ended *last)
{
    struct audit_ended ended = *last, next;
    bool fine = true;

    for (unsigned i = 0; ended.has && i < AUDIT_ENDED_MAX; i++) {
        fine = verify_one(o, &ended, &next) && fine;
        ended = next;
    }
    return fine;
}
