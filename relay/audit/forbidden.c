/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy forbids, and was allowed or passed on all the same. The log says from which entry to which one the
 * policy that is at hand was in force. A session that was opened behind its note got it at both ends, so a consent
 * against it is the work of programs that were changed; of one that was open before, both may not have had it yet.
 */
#include "relay/audit/session.h"

struct judging {
    const struct audit_session *session;
    const struct audit_organisation *o;
    struct audit_report *report;
};

static bool was_in_force(const struct judging *j, uint64_t entry)
{
    return j->o->policy_first && entry >= j->o->policy_first && entry < j->o->policy_end;
}

static enum proto_role role_of(const struct judging *j, const struct proto_statement *st)
{
    return j->session->agent_err ? st->role : j->session->agent.role;
}

/* As the customer's end asks before it shows a request. NULL: nothing. */
static const char *forbids(const struct judging *j, const struct proto_statement *st)
{
    const struct proto_policy *policy = &j->o->policy;
    enum proto_role role = role_of(j, st);

    if (proto_policy_allows(policy, st->capability, role, proto_policy_seconds(policy, st->capability, 0)))
        return "to agents of this role";
    if (proto_policy_allows(policy, st->capability, role, st->max_s))
        return "for so long";
    if (st->retention_days > proto_policy_retention_days(policy, st->capability))
        return "to be kept for so long";
    return proto_policy_offers(policy, st->purpose) ? NULL : "for this purpose";
}

static void judge_grant(const struct judging *j, const struct audit_note *note, uint64_t opened)
{
    const char *what = was_in_force(j, note->entry) ? forbids(j, &note->statement) : NULL;
    struct audit_report *report = j->report;

    if (!what)
        return;
    if (was_in_force(j, opened))
        audit_found(audit_expected(audit_wrong_note(report, j->session, note),
                                   "no consent to %s: policy %llu, in force since entry %llu, forbids it %s",
                                   proto_capability_label(note->statement.capability),
                                   (unsigned long long)j->o->policy.number, (unsigned long long)j->o->policy_first - 1,
                                   what),
                    "one");
    else if (!report->forbidden++) {
        report->forbidden_entry = note->entry;
        report->forbidden_what = note->statement.capability;
    }
}

/* Something passed until long after the policy was in force. */
static bool goes_on(const struct judging *j, const struct audit_note *note)
{
    return note->event.action == PROTO_ACT_STOPPED &&
           audit_passed_until_s(j->session, j->o, note) > j->o->policy_first_s + AUDIT_FOLLOWED_S;
}

/* A relay closes what a new policy forbids when it puts it in force, and opens no such way behind that. */
static void judge_way(const struct judging *j, const struct audit_note *note)
{
    enum proto_capability what = note->event.capability;
    const struct proto_policy *policy = &j->o->policy;

    if ((note->event.action != PROTO_ACT_GATE_OPENED && !goes_on(j, note)) || j->session->agent_err ||
        !was_in_force(j, note->entry) ||
        !proto_policy_allows(policy, what, j->session->agent.role, proto_policy_seconds(policy, what, 0)))
        return;
    audit_found(audit_expected(audit_wrong_note(j->report, j->session, note),
                               "no way for %s, which policy %llu, in force since entry %llu, forbids",
                               proto_capability_label(what), (unsigned long long)policy->number,
                               (unsigned long long)j->o->policy_first - 1),
                note->event.action == PROTO_ACT_GATE_OPENED ? "one that is opened" : "one that goes on");
}

void audit_forbidden_judge(const struct audit_session *session, const struct audit_organisation *o,
                           struct audit_report *report)
{
    const struct judging j = {session, o, report};
    uint64_t opened = session->count ? session->notes[0].entry : 0;

    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by == AUDIT_CUSTOMER && note->statement.action == PROTO_STATEMENT_GRANT)
            judge_grant(&j, note, opened);
        else if (note->by == AUDIT_RELAY)
            judge_way(&j, note);
    }
}
