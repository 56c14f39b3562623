/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/report.h - what a verification found: counts, and each thing that is wrong with its place.
 *
 * A finding names the table and column, the entry or the session, what had to be there and what is. The first one is
 * what people act on; the others are kept up to a bound and counted beyond it, because one cause often has many
 * effects.
 */
#ifndef RELAY_AUDIT_REPORT_H
#define RELAY_AUDIT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/capability.h"
#include "relay/audit/ended.h"
#include "relay/store/store.h"

enum { AUDIT_FINDINGS_MAX = 64, AUDIT_TEXT_MAX = 240, AUDIT_GONE_MAX = 16 };

struct audit_finding {
    const char *table, *column; /* static texts; the table may be a file */
    bool has_entry, has_sid;
    bool effect; /* may well follow from another finding, which is then named first */
    uint64_t entry;
    uint8_t sid[RELAY_STORE_SID_BYTES];
    char expected[AUDIT_TEXT_MAX], found[AUDIT_TEXT_MAX];
};

/* An erasure, as its note says it. */
struct audit_gone {
    uint64_t entry, count, first, last; /* of the note; so many entries, from first to last */
    int64_t unix_s;
    bool retention;
    bool unknown;   /* the officer's certificate is not here: nobody knows whose word it is */
    bool elsewhere; /* the note is in one log, and the entries in another, which ended before */
    char log[97]; /* then: of the entries, when the note's log is looked at; of the note, when that of the entries is */
    char basis[201];
};

/* A policy that an officer signed, and the relay put in force so much later. */
struct audit_late_policy {
    uint64_t number, signed_at, taken_at; /* entries */
    int64_t late_s;                       /* 0: none */
};

struct audit_report {
    struct audit_finding findings[AUDIT_FINDINGS_MAX + 1]; /* the last one takes what is over the bound */
    size_t wrong;                                          /* all of them, those over the bound too */
    uint64_t entries, sessions, live, signatures, opened, hashes, notes, erased;
    uint64_t missing;                       /* of the erased: no note says that they were */
    uint64_t acts;                          /* notes of officers, and of the relay about itself */
    struct audit_gone gone[AUDIT_GONE_MAX]; /* the newest of them, in a ring */
    size_t gone_count;                      /* all of them */
    struct audit_ended ended;               /* of the log before this one, by entry 0 */
    struct audit_ended followed;            /* of an ended log: what the one that followed it says of it */
    uint64_t sound_sessions;                /* read whole, and nothing wrong in them */
    uint64_t
        recorded_lines; /* of agents whose certificate is not in the folder: under the key that the relay recorded */
    uint64_t unchecked_lines;                       /* of agents of whom there is no key at all */
    uint64_t unknown_acts;                          /* notes of officers whose certificate is not here */
    uint64_t relays_word;                           /* sessions in which nobody signed who is known, but the relay */
    uint8_t relays_word_sid[RELAY_STORE_SID_BYTES]; /* the first of them */
    uint64_t partly;                                /* sessions without their beginning, which was erased */
    uint8_t partly_sid[RELAY_STORE_SID_BYTES];      /* the first of them */
    uint64_t lone_notes;                            /* statements without the agent's line */
    uint64_t overdue;                               /* sessions whose time is over and whose row says live */
    uint64_t clock_back; /* entries at which the times of the log go back, by more than a clock is set in passing */
    uint64_t clock_back_entry; /* where they do most, */
    int64_t clock_back_s;      /* and by how much */
    uint64_t late;             /* events of the relay, and stops, that are off their leaf by more than 15 minutes */
    uint64_t late_entry;       /* the one that does most, */
    int64_t late_s;            /* and by how much */
    uint64_t dated;            /* notes of customers and agents that are a day off their leaf, or more */
    uint64_t dated_entry;
    int64_t dated_s;  /* the one that is most */
    uint64_t revoked; /* sessions that began when their agent was revoked, and the relay had not been given that note */
    uint64_t revoked_entry;                 /* with which the first of them began */
    uint64_t org_served;                    /* by a relay that has not the newest org.note, which is here; 0: it has */
    uint64_t policy_elsewhere;              /* in force at the relay, and not the one of this folder; 0: it is */
    uint64_t policy_waits, policy_waits_at; /* an officer signed it, in that entry, and it is not in force; 0: none */
    uint64_t forbidden;       /* consents that the policy in force forbade, in sessions that were open before it was */
    uint64_t forbidden_entry; /* the first of them, */
    enum proto_capability forbidden_what; /* and to what */
    struct audit_late_policy policy_late;
    uint64_t
        policy_first; /* so many entries are before the policy at hand, and were under others; 0: it is the first */
    uint64_t keep_unknown; /* a policy by which something was erased, and of whose days nothing is known; 0: none */
};

#define AUDIT_FILED_WORDS "the session below which tables begun and place have this entry"
#define AUDIT_UNFILED_WORDS "another, or no such place"
#define AUDIT_LEAF_WORDS "the leaf that the signed tree has in this place"
#define AUDIT_TIME_WORDS "a time within the minute that the leaf has"
#define AUDIT_OTHER_TIME_WORDS "another time"
#define AUDIT_DATED_WORDS "a note that says a time within 15 minutes of its leaf's, as the log takes it"
#define AUDIT_EVIDENCE_WORDS "evidence: its session was not erased"
#define AUDIT_SEALED_WORDS "evidence as it was stored with this leaf, under the key of its customer"
#define AUDIT_ALTERED_WORDS "bytes that do not open: evidence or dek was altered"
#define AUDIT_ERASED_WORDS "no evidence: a note of the log says that it was erased"
#define AUDIT_BACK_WORDS "evidence again: a relay that starts destroys it once more"
#define AUDIT_NO_EVIDENCE_WORDS "none, or none that its key opens"
/** The entry is not found below its session. */
void audit_name_unfiled(struct audit_report *report, const uint8_t sid[static RELAY_STORE_SID_BYTES], uint64_t entry);

struct audit_organisation;
/** Whose log is it? One whose key org.note does not name is nobody's, however well it holds. */
void audit_judge_name(const struct audit_organisation *o, struct audit_report *report);

/** A new finding, to be completed with the calls below. Never NULL. */
struct audit_finding *audit_wrong(struct audit_report *report, const char *table, const char *column);
struct audit_finding *audit_at_entry(struct audit_finding *finding, uint64_t entry);
struct audit_finding *audit_at_session(struct audit_finding *finding, const uint8_t sid[static RELAY_STORE_SID_BYTES]);
struct audit_finding *audit_expected(struct audit_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void audit_found(struct audit_finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Text from the database or a note, before it meets a terminal, a page or JSON: what is no UTF-8, or would move the
 * cursor, becomes "?"; what turns the direction of the line or hides parts of it, a blank.
 */
void audit_plain(char *text);

/** An event of the relay, or an officer's stop, that waited for the log, or whose clock was set meanwhile: `off_s` is
 * between it and its leaf.
 */
void audit_count_late(struct audit_report *report, uint64_t entry, int64_t off_s);
/** A note of a customer or an agent, whose clocks are their own: counted when it is a day off or more. */
void audit_count_dated(struct audit_report *report, uint64_t entry, int64_t off_s);
/** Seconds between a time and the minute that a leaf has; 0: it is in that minute. */
int64_t audit_off_leaf_s(int64_t unix_s, int64_t leaf_s);

/** Adds what another report of the same log found, behind what is there. */
void audit_report_add(struct audit_report *report, const struct audit_report *more);

/** Puts the first finding that is not an effect in front of all. */
void audit_causes_first(struct audit_report *report);

/** The place as people read it: "entry 17, column leaf (session 4f2a91c0)". */
void audit_place(const struct audit_finding *finding, char out[static AUDIT_TEXT_MAX]);

/** On stdout; `first`: the one that people act on, on lines of its own. As JSON: one line, `wrong`. */
void audit_finding_print(const struct audit_finding *finding, bool first);
json_t *audit_finding_json(const struct audit_finding *finding); /* a new reference, or NULL */

#endif
