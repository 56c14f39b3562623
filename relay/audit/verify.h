/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/verify.h - the whole verification as one call, for the command and for tests. */
#ifndef RELAY_AUDIT_VERIFY_H
#define RELAY_AUDIT_VERIFY_H

#include "relay/audit/organisation.h"
#include "relay/audit/report.h"
#include "relay/audit/tree.h"

struct audit_verified {
    struct audit_log_plan plan; /* by the caller; zero: all of it, on every core */
    struct audit_report report;
    struct audit_log log;
    struct audit_open open;
    uint64_t judged; /* sessions whose notes were opened */
    uint64_t seen;   /* entries that were met under a session's row */
};

/** `v` is zeroed by the caller, but for the plan; audit_log_clear(&v->log) when it began with a seen tree. NOMEM, or
 * PROTO_OK however much is wrong. */
PROTO_MUST_USE enum proto_err audit_verify_all(struct audit_organisation *o, struct audit_verified *v, int64_t now_ms);

/** What the relay keeps of visits, held to its sessions and keys. */
void audit_judge_cases(struct audit_organisation *o, struct audit_report *report);

/**
 * before.c: says what became of the logs before this one, and verifies what is at hand of them. `last` is of the report
 * of the present one. False: one of them does not hold.
 */
bool audit_verify_before(const struct audit_organisation *o, const struct audit_ended *last);
/** before.c: is what lies there of an ended log what the officer's note `e` says was found? `log` as it was read. */
void audit_before_hold(const struct audit_organisation *o, const struct audit_ended *e, const struct audit_log *log,
                       struct audit_report *report);
enum { AUDIT_GAP_MAX = 768 };
/** before.c: what cannot be proved of a log that was ended so, behind "Not proved: ". */
void audit_before_gap(const struct audit_ended *e, char out[static AUDIT_GAP_MAX]);

#endif
