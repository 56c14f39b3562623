/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/retained.h - what the relay erased by itself was due: as old as the policy in force wanted, by the log's
 * own times.
 *
 * The leaves stay when their evidence is gone, and their times are in the signed tree. A relay can still set its clock
 * forward, erase, and set it back; so an erasure's time is believed only as far as no later entry is earlier, and no
 * further than the clock of whoever verifies. What a clock that goes on wrong hides, nothing here finds.
 */
#ifndef RELAY_AUDIT_RETAINED_H
#define RELAY_AUDIT_RETAINED_H

#include "proto/consent/statement.h"
#include "relay/audit/own.h"

/* How far two times of one log may part as clocks are set in passing, and how far a clock is set back, or a verifier's
 * is behind, before an erasure's own time is not believed: a wrong zone, or a machine that slept, is no erasure too
 * early. */
enum { AUDIT_CLOCK_SLACK_S = 10 * 60, AUDIT_CLOCK_BACK_S = 12 * 3600 };

struct audit_retained {
    uint64_t entry;            /* of the note; UINT64_MAX: it stands in a log that came later */
    uint64_t policy, in_force; /* by its words; by the log at that moment, 0: it said none */
    unsigned days;
    size_t first, count; /* of the ranges of its audit_own */
    bool is_read;        /* the youngest entry that it erased is known */
    uint64_t youngest;
    int64_t youngest_s;   /* 0: it erased none */
    int64_t believed_s;   /* when it was written, at the latest */
    uint64_t believed_at; /* by the time of this entry; 0: by its own */
};

/** "policy 3: kept for 30 days", as a relay writes it. */
bool audit_retained_basis(const char *basis, uint64_t *policy, unsigned *days);
/** NOMEM. */
PROTO_MUST_USE enum proto_err audit_retained_add(struct audit_own *own, const struct audit_retained *retained);
/** A note of an officer or of the relay about a policy; `here` is that of policy.note. NOMEM. */
PROTO_MUST_USE enum proto_err audit_retained_policy(struct audit_own *own, const struct proto_policy *here,
                                                    const struct proto_event_note *event, int64_t leaf_s);
/** Did an officer note for how long a policy of this number keeps? */
bool audit_retained_knows(const struct audit_own *own, uint64_t policy);
/** Entries in order, as they are walked; `unix_s` of the leaf. Reads from o->log now and then. */
void audit_retained_meet(struct audit_own *own, struct audit_organisation *o, uint64_t index, int64_t unix_s);
/** Names each erasure that came too early. Those before `from` were judged before, unless a clock went back since.
 * `now_s` 0: not known. */
void audit_retained_judge(struct audit_own *own, struct audit_organisation *o, uint64_t from, int64_t now_s,
                          struct audit_report *report);

#endif
