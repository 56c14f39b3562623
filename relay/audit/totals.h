/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/totals.h - what became of each capability, counted over the notes of one session or of many. */
#ifndef RELAY_AUDIT_TOTALS_H
#define RELAY_AUDIT_TOTALS_H

#include "relay/audit/session.h"

struct audit_total {
    uint64_t granted, refused,
        unasked;                /* unasked: the customer's end refused by itself, nobody was asked or answered */
    uint64_t withdrawn, lapsed; /* by a person; by the customer's end itself (its time ran out, …) */
    uint64_t passed, blocked;   /* times that a stream began, that something was not forwarded */
    uint64_t frames, bytes;
    int64_t seconds;    /* between begin and end of streams */
    uint64_t under_way; /* streams that have begun and not ended */
};

struct audit_totals {
    struct audit_total of[PROTO_CAPABILITY_COUNT]; /* NONE: what was blocked as nothing that is known */
};

/** Adds a session to what is there already. */
void audit_totals_add(struct audit_totals *totals, const struct audit_session *session);
/** Of one session: when it ended by the relay's clock; 0: it has not. */
int64_t audit_session_end_s(const struct audit_session *session);
/** The start that this stop belongs to: the newest of the same stream before note `at`; NULL. */
const struct audit_note *audit_start_of_stop(const struct audit_session *session, size_t at);

#endif
