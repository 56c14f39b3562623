/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/totals.h"

#include <string.h>

static void add_statement(struct audit_totals *totals, const struct proto_statement *st)
{
    struct audit_total *t = &totals->of[st->capability];
    bool machine = proto_purpose_is_machines(st->purpose);

    switch (st->action) {
    case PROTO_STATEMENT_GRANT:
        t->granted++;
        break;
    case PROTO_STATEMENT_REFUSE:
        t->refused += !machine;
        t->unasked += machine;
        break;
    case PROTO_STATEMENT_WITHDRAW:
        t->withdrawn += !machine;
        t->lapsed += machine;
        break;
    default: /* renewed keys, people who come and go, the end */
        break;
    }
}

const struct audit_note *audit_start_of_stop(const struct audit_session *session, size_t at)
{
    const char *stream = proto_event_note_get(&session->notes[at].event, "stream");

    for (size_t i = at; i-- > 0;) {
        const struct audit_note *before = &session->notes[i];
        const char *other = before->by == AUDIT_RELAY && before->event.action == PROTO_ACT_STARTED
                                ? proto_event_note_get(&before->event, "stream")
                                : NULL;
        if (other && stream && !strcmp(stream, other))
            return before;
    }
    return NULL;
}

static void add_event(struct audit_totals *totals, const struct audit_session *session, size_t at)
{
    const struct proto_event_note *event = &session->notes[at].event;
    struct audit_total *t = &totals->of[event->capability];
    const struct audit_note *start;
    uint64_t frames, bytes;

    switch (event->action) {
    case PROTO_ACT_STARTED:
        t->passed++;
        t->under_way++;
        break;
    case PROTO_ACT_STOPPED:
        (void)audit_detail_number(event, "frames", &frames);
        (void)audit_detail_number(event, "bytes", &bytes);
        start = audit_start_of_stop(session, at);
        t->frames += frames;
        t->bytes += bytes;
        t->seconds += start ? event->unix_s - start->event.unix_s : 0;
        t->under_way -= t->under_way > 0;
        break;
    case PROTO_ACT_BLOCKED:
        t->blocked++;
        break;
    default:
        break;
    }
}

void audit_totals_add(struct audit_totals *totals, const struct audit_session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER)
            add_statement(totals, &session->notes[i].statement);
        else
            add_event(totals, session, i);
}

int64_t audit_session_end_s(const struct audit_session *session)
{
    const struct audit_note *ended = audit_last_event(session, PROTO_ACT_ENDED);

    return ended ? ended->event.unix_s : 0;
}
