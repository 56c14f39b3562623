/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The customer signs why they end a session. The relay and a receipt's words say it, too, and may not say another
 * thing, but for what came over it: a line that was cut, or a program that failed, may end what a person had ended a
 * moment before; so may, at the relay, the session's time or an officer.
 */
#include <string.h>

#include "relay/audit/endings.h"

static const struct {
    bool receipt, relay; /* stands over any end of the customer's, in a receipt's words, in the relay's */
    bool of_customer;    /* the relay takes it from a customer; all else becomes "customer-left" (core/on_leave.c) */
} endings[PROTO_END_COUNT] = {
    [PROTO_END_COMPLETED] = {.of_customer = true},
    [PROTO_END_DECLINED] = {.of_customer = true},
    [PROTO_END_WRONG_PERSON] = {.of_customer = true},
    [PROTO_END_CONNECTION_LOST] = {.receipt = true, .relay = true},
    [PROTO_END_FAILED] = {.receipt = true, .relay = true, .of_customer = true},
    [PROTO_END_EXPIRED] = {.relay = true},
    [PROTO_END_STOPPED_BY_OFFICER] = {.relay = true},
};

static enum proto_end ending_of(const char *reason)
{
    for (int end = PROTO_END_COMPLETED; end < PROTO_END_COUNT; end++)
        if (!strcmp(reason, proto_end_name((enum proto_end)end)))
            return (enum proto_end)end;
    return PROTO_END_NONE;
}

bool audit_is_ending(const char *reason)
{
    return ending_of(reason) != PROTO_END_NONE;
}

bool audit_ending_in_receipt(const char *said, const char *signed_end)
{
    return !strcmp(said, signed_end) || endings[ending_of(said)].receipt;
}

static bool may_relay_say(const char *said, const char *signed_end)
{
    enum proto_end end = ending_of(said), theirs = ending_of(signed_end);

    return !strcmp(said, signed_end) || endings[end].relay ||
           (end == PROTO_END_CUSTOMER_LEFT && !endings[theirs].of_customer);
}

static const struct audit_note *end_of_customer(const struct audit_session *session)
{
    for (size_t i = session->count; i-- > 0;)
        if (session->notes[i].by == AUDIT_CUSTOMER && session->notes[i].statement.action == PROTO_STATEMENT_END)
            return &session->notes[i];
    return NULL;
}

void audit_ending_judge(const struct audit_session *session, struct audit_report *report)
{
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED), *end = end_of_customer(session);
    const char *by = ended ? proto_event_note_get(&ended->event, "by") : NULL,
               *reason = ended ? proto_event_note_get(&ended->event, "reason") : NULL;

    if (!end || !by || !reason || !strcmp(by, "agent") || may_relay_say(reason, end->statement.purpose))
        return;
    audit_found(audit_expected(audit_wrong_note(report, session, ended), "%s, as the customer signed in entry %llu",
                               audit_is_ending(end->statement.purpose) ? end->statement.purpose : "the reason",
                               (unsigned long long)end->entry),
                "%s", reason);
}
