/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/retained.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/session.h"
#include "relay/audit/times.h"

#define DAY_S INT64_C(86400)
enum { POLICY_TAKEN_S = 15 * 60 }; /* a relay puts it in force at once, or says that it cannot */

bool audit_retained_basis(const char *basis, uint64_t *policy, unsigned *days)
{
    char again[96];

    if (sscanf(basis, "policy %" SCNu64 ": kept for %u days", policy, days) != 2)
        return false;
    snprintf(again, sizeof again, "policy %" PRIu64 ": kept for %u days", *policy, *days);
    return !strcmp(again, basis);
}

enum proto_err audit_retained_add(struct audit_own *own, const struct audit_retained *retained)
{
    struct audit_retained *more = realloc(own->retained, (own->retained_count + 1) * sizeof *more);

    if (!more)
        return PROTO_ERR_NOMEM;
    own->retained = more;
    more[own->retained_count] = *retained;
    more[own->retained_count++].in_force = own->policy_in_force;
    return PROTO_OK;
}

/* ---- which policies there were ---- */

/* An officer says for how long a policy keeps; of the relay only that it is in force. */
enum proto_err audit_retained_policy(struct audit_own *own, const struct proto_policy *here,
                                     const struct proto_event_note *event, int64_t leaf_s)
{
    uint8_t hash[32];

    const char *number = proto_event_note_get(event, "number"), *keep = proto_event_note_get(event, "keep");
    uint64_t policy = number ? strtoull(number, NULL, 10) : 0;

    if (policy > own->policy_newest)
        own->policy_newest = policy;
    if (event->action == PROTO_ACT_POLICY_TAKEN && policy)
        own->policy_in_force = policy;
    if (event->action == PROTO_ACT_POLICY_TAKEN && policy == here->number && audit_detail_hash(event, "hash", hash))
        own->policy_is_another = memcmp(hash, here->text_hash, sizeof hash) != 0;
    if (event->action == PROTO_ACT_POLICY_SIGNED && policy > own->policy_signed) {
        own->policy_signed = policy;
        own->policy_signed_at = own->next - 1;
        own->policy_signed_s = leaf_s;
    }
    int64_t late_s = leaf_s - own->policy_signed_s;
    if (event->action == PROTO_ACT_POLICY_TAKEN && policy && policy == own->policy_signed && late_s > POLICY_TAKEN_S &&
        late_s > own->late.late_s)
        own->late = (struct audit_late_policy){policy, own->policy_signed_at, own->next - 1, late_s};
    if (event->action != PROTO_ACT_POLICY_SIGNED || !keep)
        return PROTO_OK;
    struct audit_own_keep *more = realloc(own->keeps, (own->keep_count + 1) * sizeof *more);
    if (!more)
        return PROTO_ERR_NOMEM;
    own->keeps = more;
    more[own->keep_count++] = (struct audit_own_keep){policy, (unsigned)strtoul(keep, NULL, 10)};
    return PROTO_OK;
}

/* Two officers may have signed one number; the relay took one of them. */
static bool keep_is_known(const struct audit_own *own, const struct audit_retained *r, bool *fits)
{
    bool known = false;

    *fits = false;
    for (size_t i = 0; i < own->keep_count; i++)
        if (own->keeps[i].policy == r->policy) {
            known = true;
            *fits = *fits || own->keeps[i].days == r->days;
        }
    return known;
}

bool audit_retained_knows(const struct audit_own *own, uint64_t policy)
{
    for (size_t i = 0; i < own->keep_count; i++)
        if (own->keeps[i].policy == policy)
            return true;
    return false;
}

/* ---- how old it was ---- */

static enum proto_err visit_leaf(void *context, uint64_t index, const uint8_t bytes[PROTO_LOG_LEAF_BYTES])
{
    struct audit_retained *r = context;
    struct proto_log_leaf leaf;

    if (!proto_log_leaf_parse(&leaf, bytes) && leaf.unix_s >= r->youngest_s) {
        r->youngest_s = leaf.unix_s;
        r->youngest = index;
    }
    return PROTO_OK;
}

static void read_youngest(const struct audit_own *own, struct audit_organisation *o, struct audit_retained *r)
{
    for (size_t i = 0; !r->is_read && i < r->count; i++) {
        const struct proto_entries *range = &own->ranges[r->first + i];
        uint64_t end = range->last == UINT64_MAX ? range->last : range->last + 1;
        if (relay_store_each_leaf(o->log, range->first, end, visit_leaf, r))
            break; /* the walk names what cannot be read */
    }
    r->is_read = true;
}

void audit_retained_meet(struct audit_own *own, struct audit_organisation *o, uint64_t index, int64_t unix_s)
{
    for (; own->retained_met < own->retained_count && own->retained[own->retained_met].entry < index;
         own->retained_met++)
        if (own->retained[own->retained_met].believed_s > own->retained_latest_s)
            own->retained_latest_s = own->retained[own->retained_met].believed_s;
    if (!unix_s || unix_s >= own->retained_latest_s - AUDIT_CLOCK_BACK_S)
        return;
    for (size_t i = 0; i < own->retained_met; i++) {
        struct audit_retained *r = &own->retained[i];
        if (unix_s >= r->believed_s - AUDIT_CLOCK_BACK_S)
            continue;
        read_youngest(own, o, r);
        if (unix_s < r->youngest_s)
            continue; /* this clock is the one that is wrong */
        r->believed_s = unix_s;
        r->believed_at = index;
    }
}

/* ---- judging ---- */

static struct audit_finding *early(const struct audit_retained *r, struct audit_report *report)
{
    return audit_at_entry(audit_wrong(report, "entry", "evidence"), r->entry == UINT64_MAX ? r->youngest : r->entry);
}

static void judge_age(const struct audit_retained *r, int64_t now_s, struct audit_report *report)
{
    int64_t believed_s = r->believed_s;
    char age[AUDIT_TIME_MAX], by[96] = "";

    if (r->believed_at)
        snprintf(by, sizeof by, " by the time of entry %" PRIu64 ": the clock was set back", r->believed_at);
    if (now_s >= r->youngest_s && now_s < believed_s - AUDIT_CLOCK_BACK_S) {
        believed_s = now_s;
        snprintf(by, sizeof by, " by this computer's clock: the erasure is dated in the future");
    }
    if (!r->youngest_s || believed_s + AUDIT_CLOCK_SLACK_S - r->youngest_s >= r->days * DAY_S)
        return;
    if (believed_s - r->youngest_s < 2 * DAY_S)
        audit_duration(age, believed_s > r->youngest_s ? believed_s - r->youngest_s : 0);
    else
        snprintf(age, sizeof age, "%" PRId64 " days", (believed_s - r->youngest_s) / DAY_S);
    audit_found(audit_expected(early(r, report), "an erasure by retention of entries that are %u day%s old", r->days,
                               r->days == 1 ? "" : "s"),
                "one of entry %" PRIu64 ", %s old%s", r->youngest, age, by);
}

static void judge_policy(const struct audit_own *own, const struct audit_organisation *o,
                         const struct audit_retained *r, struct audit_report *report)
{
    uint64_t newest = own->policy_newest > o->policy.number ? own->policy_newest : o->policy.number;
    bool fits;

    if (r->policy < r->in_force || r->policy > newest)
        audit_found(audit_expected(early(r, report), "an erasure by retention under policy %" PRIu64 ", %s",
                                   r->policy < r->in_force ? r->in_force : newest,
                                   r->policy < r->in_force ? "which was in force" : "the newest that is known"),
                    "one under policy %" PRIu64, r->policy);
    else if (keep_is_known(own, r, &fits) && !fits)
        audit_found(audit_expected(early(r, report),
                                   "an erasure by retention after the days that the officer who signed policy %" PRIu64
                                   " noted",
                                   r->policy),
                    "one after %u", r->days);
    else if (!fits && (r->policy != o->policy.number || own->policy_is_another))
        report->keep_unknown = r->policy;
}

void audit_retained_judge(struct audit_own *own, struct audit_organisation *o, uint64_t from, int64_t now_s,
                          struct audit_report *report)
{
    for (size_t i = 0; i < own->retained_count; i++) {
        struct audit_retained *r = &own->retained[i];
        if (r->entry < from && !r->believed_at)
            continue;
        read_youngest(own, o, r);
        judge_age(r, now_s, report);
        if (r->entry != UINT64_MAX) /* else the log that has the note knows the policies, too */
            judge_policy(own, o, r, report);
    }
}
