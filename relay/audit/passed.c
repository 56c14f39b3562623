/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Until when something passed. A relay that was killed closes what it finds when it is back, and says so; that is no
 * word of when the last picture passed. What counts then is until when it ran, by its log: a relay that ran on had to
 * close the way in time.
 */
#include "proto/log/leaf.h"
#include "relay/audit/session.h"

enum { NEAR_MAX = 256 }; /* entries of a start, at which the ways of many sessions are closed */

/* The newest leaf that is minutes older than the restart; INT64_MIN: there is none near it. */
static int64_t log_ran_until_s(const struct audit_organisation *o, const struct audit_note *restart)
{
    struct relay_store_entry entry;
    struct proto_log_leaf leaf;

    for (uint64_t back = 1; back <= NEAR_MAX && back <= restart->entry; back++) {
        if (relay_store_get_entry(o->log, restart->entry - back, &entry) || proto_log_leaf_parse(&leaf, entry.leaf))
            return INT64_MIN;
        if (leaf.unix_s + PROTO_LOG_TIME_GRAIN_S + AUDIT_FOLLOWED_S < restart->said_s)
            return leaf.unix_s;
    }
    return INT64_MIN;
}

int64_t audit_passed_until_s(const struct audit_session *session, const struct audit_organisation *o,
                             const struct audit_note *stopped)
{
    if (!audit_is_restart(stopped))
        return stopped->said_s;
    int64_t last_s = log_ran_until_s(o, stopped);
    for (size_t i = 0; i < session->count && session->notes[i].entry < stopped->entry; i++) {
        const struct audit_note *before = &session->notes[i];
        if (before->by == AUDIT_RELAY && !audit_is_restart(before) && before->said_s > last_s)
            last_s = before->said_s;
    }
    return last_s > INT64_MIN ? last_s - AUDIT_FOLLOWED_S : last_s;
}
