/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/totals.h - what became of each capability, counted over the notes of one session or of many. */
#ifndef RELAY_AUDIT_TOTALS_H
#define RELAY_AUDIT_TOTALS_H

#include "relay/audit/session.h"

enum { AUDIT_PASSED_MAX = 280 };

/* What `unasked` means, wherever it is said. */
#define AUDIT_UNASKED_WORDS "the device cannot, or no answer came in time; no person refused"
/* And `forbidden`. */
#define AUDIT_FORBIDDEN_WORDS                                                                                          \
    "the policy does not allow it, and the customer's end refused; an agent's own program does not even ask"

struct audit_total {
    uint64_t granted, refused,
        unasked;                /* unasked: the customer's end refused by itself, nobody was asked or answered */
    uint64_t forbidden;         /* the customer's end refused what the policy forbids, and its agent asked for */
    uint64_t withdrawn, lapsed; /* by a person; by the customer's end itself (its time ran out, …) */
    uint64_t passed, blocked;   /* times that a stream began, that something was not forwarded */
    uint64_t not_opened;        /* ways that the relay did not open: the policy, or no such consent */
    uint64_t frames, bytes;
    uint64_t unknown;   /* streams of which a killed relay could not say how much passed, nor quite until when */
    int64_t seconds;    /* between begin and end of streams; of the unknown ones at most */
    int64_t viewed_s;   /* between begin and end of what the agent had on the screen, by the agent's own notes */
    uint64_t under_way; /* streams that have begun and not ended */
    uint64_t recorded, recorded_bytes; /* recordings that ended, at the agent's end */
    int64_t recorded_seconds;          /* by the agent's own clock */
    uint64_t taken, used;              /* photos; light and zoom: once for each consent */
};

struct audit_totals {
    struct audit_total of[PROTO_CAPABILITY_COUNT]; /* NONE: what was blocked as nothing that is known */
};

/** How a refusal is counted. */
enum audit_refusal { AUDIT_BY_PERSON, AUDIT_BY_NOBODY, AUDIT_BY_POLICY };
enum audit_refusal audit_refusal_of(const struct proto_statement *refusal);
/** Adds a session to what is there already. */
void audit_totals_add(struct audit_totals *totals, const struct audit_session *session);
/** Of one session: when it ended by the relay's clock; 0: it has not. */
int64_t audit_session_end_s(const struct audit_session *session);
/** From when the customer came until then; an invitation may have waited for days. -1: nobody came, or it goes on. */
int64_t audit_session_lasted_s(const struct audit_session *session);
/** "after 5 s with the customer", or that nobody had come. */
void audit_session_lasted(char out[static AUDIT_PASSED_MAX], const struct audit_session *session);
/** Does this way lead to the customer? What goes there is the agent's own voice, and nothing that was shared. */
bool audit_is_to_customer(const struct proto_event_note *event);
/** The start that this stop belongs to: the newest of the same stream and sender before note `at`; NULL. */
const struct audit_note *audit_start_of_stop(const struct audit_session *session, size_t at);

/** What passed before this stop, as the relay counted it. False: it was restarted meanwhile and does not know. */
bool audit_stop_figures(const struct proto_event_note *stopped, uint64_t *frames, uint64_t *bytes);
/** Was the relay restarted while somebody was connected? */
bool audit_session_restarted(const struct audit_session *session);

/** Of a capability that was granted and of which no stream began: "recorded 30 kB", "not used", "nothing passed". */
void audit_total_done(enum proto_capability capability, const struct audit_total *t, char out[static AUDIT_PASSED_MAX]);
/** Was it granted, or refused, by whomever? */
bool audit_total_asked(const struct audit_total *t);
/** Of one that was not granted: "refused", or why nobody was asked. */
const char *audit_refused_words(const struct audit_total *t);
/** Of one session: did the agent sign to have had it for minutes longer than the relay tells? */
bool audit_total_is_less(const struct audit_total *t);
/** "shared for 5 s, 131 frames, 692 kB", what of it nobody knows, or knows yet, and what the
 * agent signed, where that is more. */
void audit_total_words(const struct audit_total *t, char out[static AUDIT_PASSED_MAX]);

/** What stands in place of figures that nobody has. */
#define AUDIT_NOT_KNOWN "not known: the relay was restarted"

#endif
