/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/filter.h - which sessions are meant: by time, agent, customer, capability and outcome.
 *
 * A session is of the time in which it was opened. Row and notes are judged apart, so that sessions which the row rules
 * out are never opened. What depends on notes (a capability; granted, refused, forbidden, withdrawn, blocked) needs the
 * officers' key.
 */
#ifndef RELAY_AUDIT_FILTER_H
#define RELAY_AUDIT_FILTER_H

#include "relay/audit/session.h"

struct audit_filter {
    int64_t since_ms, until_ms;  /* unix; [since, until) */
    const char *agent;           /* borrowed; NULL: everybody. Id, or a part of the name, letters of either case */
    const char *customer;        /* borrowed; NULL: all. The whole reference */
    enum proto_capability about; /* NONE: all */
    enum audit_outcome {
        AUDIT_ANY,
        AUDIT_ENDED_SO, /* row.ended_reason is `ended` */
        AUDIT_LIVE,     /* not ended */
        AUDIT_GRANTED,
        AUDIT_REFUSED,
        AUDIT_UNASKED,
        AUDIT_FORBIDDEN,
        AUDIT_WITHDRAWN,
        AUDIT_BLOCKED
    } outcome;
    const char *ended;
};

/** What audit_options say. False: one of them is not understood, which was said. */
bool audit_filter_take(struct audit_filter *filter, int64_t now_ms);
/** "2026-11-01", "2026-11-01 14:00" (this machine's time zone), or how long ago: "30m", "12h", "7d", "4w". */
bool audit_filter_time(const char *text, bool end, int64_t now_ms, int64_t *unix_ms);
enum { AUDIT_FILTER_WORDS_MAX = 512 };
/** "agent ada; Microphone; ended declined", without the period; false: all sessions are meant. */
bool audit_filter_words(const struct audit_filter *filter, char out[static AUDIT_FILTER_WORDS_MAX]);
/** It cannot be answered without the officers' key. */
bool audit_filter_needs_notes(const struct audit_filter *filter);

bool audit_filter_row(const struct audit_filter *filter, const struct relay_store_session *row);
/** A refusal outside of a session is of no customer, and about no capability. */
bool audit_filter_refusal(const struct audit_filter *filter, const struct proto_event_note *event);
bool audit_filter_notes(const struct audit_filter *filter, const struct audit_session *session);

/**
 * Makes sure of o->whole. Reads each session that passes, oldest first, and hands it over: judged, and its texts made
 * plain. Without the key it has a row and no notes. `judged` is that session's own report; what is wrong with the log
 * as a whole, or with the row of a session that does not pass, is in the whole's. A visitor's error ends the visit;
 * NOMEM, IO (said).
 */
typedef enum proto_err (*audit_visit_session)(void *context, const struct audit_session *session,
                                              const struct audit_report *judged);
PROTO_MUST_USE enum proto_err audit_each_session(struct audit_organisation *o, const struct audit_filter *filter,
                                                 audit_visit_session visit, void *context);

#endif
