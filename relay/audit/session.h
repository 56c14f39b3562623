/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/session.h - one session as its signers wrote it: every note opened, held to its leaf, its signature and
 * its place, and then to the rules.
 *
 * Reading checks what a note is by itself (commitment, class, signature, session); judging checks what notes are
 * together (chains, the row, grants, gates, pictures, the end). Both report; what could be read is in the list anyway.
 */
#ifndef RELAY_AUDIT_SESSION_H
#define RELAY_AUDIT_SESSION_H

#include "proto/consent/evidence.h"
#include "proto/consent/statement.h"
#include "relay/audit/organisation.h"
#include "relay/audit/report.h"

enum { AUDIT_FOLLOWED_S = 180 }; /* so soon a relay does what it was told: a leaf has its minute, a disk is slow */

enum audit_signer { AUDIT_CUSTOMER, AUDIT_AGENT, AUDIT_RELAY, AUDIT_SIGNERS };
const char *audit_signer_name(enum audit_signer by); /* "customer" */

struct audit_note {
    uint64_t entry;      /* whose leaf it has, or with which it rides */
    bool rides;          /* a rekey note: it has no leaf of its own */
    int64_t received_ms; /* by the relay's clock */
    int64_t leaf_s;      /* the minute that the leaf has */
    int64_t said_s; /* an event: as its signer wrote it. event.unix_s is when it came, where the two are far apart */
    enum audit_signer by;
    uint8_t text_hash[32], leaf_hash[32];
    bool agent_line, agent_line_checked; /* a statement: the agent's co-signature */
    union {
        struct proto_statement statement; /* CUSTOMER */
        struct proto_event_note event;    /* AGENT, RELAY */
    };
};

struct audit_session {
    struct relay_store_session row;
    struct audit_note *notes; /* owned; in the order of the log, riding notes before the one they ride with */
    size_t count, room;
    size_t entries, erased;      /* all of them; without evidence, as a note says, or as far as nobody is asked */
    size_t missing;              /* without evidence, and no note says that it was erased */
    bool incomplete;             /* an entry could not be read: what is between notes cannot be judged */
    bool key_is_wrong;           /* the row's cs_pub is not the key that signed */
    struct proto_identity agent; /* zero unless agent_err is OK */
    enum proto_err agent_err;    /* why the agent's certificate is not known */
    struct proto_note_key
        agent_key; /* under which the agent's lines are checked: of the certificate, or else recorded */
    struct proto_note_key customer_key; /* of row.cs_pub, under the session's name */
    bool has_customer_key;
    bool has_agent_key, key_is_recorded; /* recorded: the relay's `created` says so, and nobody else */
    struct proto_buf plain;              /* the opened evidence of one entry; secret */
};

/** Reads the entries of `row`'s session. Needs the officers' key. NOMEM; everything else goes into the report. */
PROTO_MUST_USE enum proto_err audit_session_read(struct audit_session *session, struct audit_organisation *o,
                                                 const struct relay_store_session *row, struct audit_report *report);
/** The same up to the relay's first event, which says what of the row may be held against it: much cheaper. */
PROTO_MUST_USE enum proto_err audit_session_read_created(struct audit_session *session, struct audit_organisation *o,
                                                         const struct relay_store_session *row,
                                                         struct audit_report *report);
void audit_session_clear(struct audit_session *session);
/** After judging, before printing: the row's texts are the relay's, and may hold anything; purposes are the agent's. */
void audit_session_make_plain(struct audit_session *session);
/** Holds what was read to the rules. `size`: entries from there on may have come since the row was read. */
void audit_session_judge(const struct audit_session *session, const struct audit_organisation *o, uint64_t size,
                         struct audit_report *report);

/** Of what was read up to `created`: the row alone. */
void audit_session_judge_row(const struct audit_session *session, const struct audit_organisation *o,
                             struct audit_report *report);
/**
 * Something was allowed, and no line of it is by the agent: a session that the relay could have made up by itself.
 */
bool audit_session_is_relays_word(const struct audit_session *session);
/** Is its beginning erased, and other entries not? Then nothing that is signed says what its row does. */
bool audit_session_is_part(const struct audit_session *session);
#define AUDIT_UNSIGNED "not known" /* in place of what its row says, and nothing signed */
/** Is there a line of the agent at all? */
bool audit_session_has_agent(const struct audit_session *session);
/** Where nothing is counted: "Nothing was asked for.", or why that is not known. */
const char *audit_session_nothing(const struct audit_session *session);

/* ---- parts of the above, and of the minutes ---- */

/** notes.c: from here on lines of the session's agent are checked under this identity's key. */
void audit_agent_key_set(struct audit_session *session, const struct proto_identity *agent);
/** notes.c: one opened evidence into notes. NOMEM. */
PROTO_MUST_USE enum proto_err audit_notes_take(struct audit_session *session, const struct audit_organisation *o,
                                               const struct relay_store_entry *entry, const struct proto_log_leaf *leaf,
                                               const struct proto_evidence *evidence, struct audit_report *report);
/** gates.c: no picture without an open grant. */
void audit_gates_judge(const struct audit_session *session, const struct audit_organisation *o,
                       struct audit_report *report);
/**
 * passed.c: until when, by the relay's own clock, something passed of which this is the end. Of a restart, which is no
 * word of that: not sooner than the log shows that the relay ran, less AUDIT_FOLLOWED_S; INT64_MIN: nothing shows it.
 */
int64_t audit_passed_until_s(const struct audit_session *session, const struct audit_organisation *o,
                             const struct audit_note *stopped);
/** viewed.c: does the relay tell of what the agent signed to have had on the screen? */
void audit_viewed_judge(const struct audit_session *session, struct audit_report *report);
/** brakes.c: was a stop followed, did a revoked agent see no more? */
void audit_brakes_judge(const struct audit_session *session, const struct audit_organisation *o,
                        struct audit_report *report);
/** longest.c: does anything last longer than a session does? */
void audit_longest_judge(const struct audit_session *session, const struct audit_organisation *o,
                         struct audit_report *report);
/** forbidden.c: does a consent, or a way that was opened, break the policy that was in force? */
void audit_forbidden_judge(const struct audit_session *session, const struct audit_organisation *o,
                           struct audit_report *report);
/** A finding about this note, to be completed as audit_wrong()'s. */
struct audit_finding *audit_wrong_note(struct audit_report *report, const struct audit_session *session,
                                       const struct audit_note *note);
/** The grant whose leaf has this hash; NULL. */
const struct audit_note *audit_grant_of_leaf(const struct audit_session *session, const uint8_t leaf_hash[static 32]);
/** The statement that took a grant back: withdrawn, left or ended; NULL while nothing did. */
const struct audit_note *audit_end_of_grant(const struct audit_session *session, const struct audit_note *grant);
/** A detail that is a decimal number; false when it is not there. */
bool audit_detail_number(const struct proto_event_note *event, const char *key, uint64_t *value);
/** The last event of this kind by the relay; NULL. */
/** The relay notes that this ended because it was started anew. */
bool audit_is_restart(const struct audit_note *note);
const struct audit_note *audit_last_event(const struct audit_session *session, enum proto_act action);
/** A detail that is 32 bytes in hex, as relays and agents write keys, fingerprints and leaf hashes; false: it is not.
 */
bool audit_detail_hash(const struct proto_event_note *event, const char *key, uint8_t out[static 32]);

#endif
