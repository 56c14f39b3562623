/* SPDX-License-Identifier: Apache-2.0 */
/* How a session ends, and when: good-byes, the last notes, the grace time of a lost connection. */
#include <string.h>

#include "proto/session/internal.h"

enum {
    END_WAIT_MS = 1500,       /* for the log's last receipts and the other end, then it is left without them */
    END_BACK_MS = 2500,       /* the same when the line is back: a new pair comes first */
    GIVE_UP_EXTRA_MS = 10000, /* beyond the grace time: the relay may need a moment longer than we do */
};

void session_finish(struct proto_session *s, enum proto_end reason, uint8_t by, const char *message)
{
    if (s->over)
        return;
    s->over = true;
    if (reason == PROTO_END_CONNECTION_LOST && s->joined)
        session_event_connection(s, PROTO_CONNECTION_LOST);
    struct event_node *node = events_make(PROTO_EVENT_ENDED, strlen(message) + 1);
    size_t at = 0;
    session_wipe(s); /* stops capture first, which shows before the end does */
    s->end_deadline_ms = PROTO_NEVER;
    if (!node)
        return;
    node->event.ended.reason = reason;
    node->event.ended.by = by;
    node->event.ended.message = events_text(node, &at, message);
    events_append(&s->events, node);
}

/* The relay gives a seat back to whoever has had it. */
static bool has_seat(const struct proto_session *s)
{
    return s->token_known && (s->side == SIDE_AGENT || s->joined);
}

/* For as long as the relay keeps the seat, what is ended here can still be told there. */
static int64_t telling_until_ms(const struct proto_session *s)
{
    int64_t since = s->lost_since_ms == PROTO_NEVER ? s->now.mono_ms : s->lost_since_ms;

    return has_seat(s) ? since + (int64_t)s->policy.grace_s * 1000 + GIVE_UP_EXTRA_MS
                       : s->now.mono_ms + PROTO_HEARTBEAT_MS;
}

void session_say_bye(struct proto_session *s)
{
    handhold_Bye bye = {.reason = s->end_reason};

    pair_send_message(s, PROTO_CONTROL_BYE, handhold_Bye_fields, &bye);
}

void session_begin_end(struct proto_session *s, enum proto_end reason, uint8_t by)
{
    if (s->over || s->ending)
        return;
    s->ending = true;
    s->end_reason = reason;
    s->end_by = by;
    s->end_until_ms = telling_until_ms(s);
    s->end_cut = s->link != LINK_SEATED;
    s->end_deadline_ms = s->end_cut ? s->end_until_ms : s->now.mono_ms + END_WAIT_MS;
    if (s->side == SIDE_CUSTOMER && s->joined) {
        grants_withdraw_all(s, PROTO_PURPOSE_ENDED);
        grants_end_statement(s);
    }
    if (s->side == SIDE_AGENT)
        held_stop_viewing(s);
    held_clear(s);
    session_say_bye(s);
    if (!s->pair.up)
        outbox_finalise(s); /* nobody is there to co-sign */
}

void proto_session_end(struct proto_session *s, enum proto_end reason, struct proto_now now)
{
    s->now = now;
    bool by_agent = s->side == SIDE_AGENT || (s->goodbye && reason == PROTO_END_COMPLETED);

    session_begin_end(s, reason, by_agent ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER);
    if (s->link != LINK_SEATED && !has_seat(s))
        session_finish(s, reason, s->end_by, "");
}

void proto_session_end_now(struct proto_session *s, struct proto_now now)
{
    s->now = now;
    if (s->ending)
        session_end_untold(s);
}

/*
 * The one who does not hold the customer's notes waits for the other: the customer's end leaves when the log has its
 * last note, and the relay's word that the session has ended releases the agent's end. Whoever comes back after a cut
 * may be the first of both: what cut one line often cut the other.
 */
static bool may_leave(const struct proto_session *s)
{
    return !outbox_waiting(s) && (s->side == SIDE_CUSTOMER || !s->joined || (!s->peer_present && !s->end_cut));
}

/* The last word may be lost with the line: it is said again when that is back, so that the other end need not wait for
 * somebody who has left, and the log has what was taken back, and why. */
void session_end_cut(struct proto_session *s)
{
    if (!s->ending || s->over)
        return;
    if (!s->end_cut && s->joined)
        session_event_connection(s, PROTO_CONNECTION_RECONNECTING);
    s->left = false;
    s->end_cut = true;
    s->end_deadline_ms = s->end_until_ms;
}

void session_end_back(struct proto_session *s)
{
    if (s->ending)
        s->end_deadline_ms = proto_earlier(s->end_until_ms, s->now.mono_ms + END_BACK_MS);
}

void session_end_untold(struct proto_session *s)
{
    session_finish(s, s->end_reason, s->end_by,
                   s->end_cut && !s->end_said ? "the line did not come back in time: nobody could be told" : "");
}

static void tick_end(struct proto_session *s)
{
    bool late = s->now.mono_ms >= s->end_deadline_ms;

    if (!s->ending || s->over)
        return;
    if (!s->left && s->link == LINK_SEATED && (late || may_leave(s))) {
        relay_link_leave(s);
        s->end_said = true;
        s->end_deadline_ms = s->end_until_ms; /* for the relay's word, or the news that the line is gone */
    } else if (late) {
        session_end_untold(s);
    }
}

/* ---------------------------------------------------------------- time */

static int64_t give_up_ms(const struct proto_session *s)
{
    if (s->lost_since_ms == PROTO_NEVER || !s->joined)
        return PROTO_NEVER;
    return s->lost_since_ms + (int64_t)s->policy.grace_s * 1000;
}

int64_t proto_session_deadline(const struct proto_session *s)
{
    if (s->over)
        return PROTO_NEVER;
    int64_t at = proto_earlier(pair_deadline(s), outbox_deadline(s));
    at = proto_earlier(at, still_deadline(s));
    at = proto_earlier(at, s->side == SIDE_CUSTOMER ? grants_deadline(s) : held_deadline(s));
    at = proto_earlier(at, media_deadline(s));
    if (s->ending) /* exactly when tick_end() has something to do: an owner that is told "now" in vain would spin */
        return !s->left && s->link == LINK_SEATED && may_leave(s) ? s->now.mono_ms
                                                                  : proto_earlier(at, s->end_deadline_ms);
    at = proto_earlier(at, proto_earlier(hold_deadline(s), s->goodbye_ms));
    at = proto_earlier(at, s->ends_ms);
    int64_t give_up = give_up_ms(s);
    if (give_up != PROTO_NEVER && s->gave_up)
        give_up += GIVE_UP_EXTRA_MS;
    return proto_earlier(at, give_up);
}

/* Nobody is asked again within the grace time; after it what was granted is taken back, and a little later the session
 * is over. */
static void tick_grace(struct proto_session *s)
{
    int64_t at = give_up_ms(s);

    if (at == PROTO_NEVER)
        s->gave_up = false;
    if (at == PROTO_NEVER || s->now.mono_ms < at || s->ending)
        return;
    if (!s->gave_up) {
        s->gave_up = true;
        if (s->side == SIDE_CUSTOMER)
            grants_withdraw_all(s, PROTO_PURPOSE_CONNECTION_LOST);
    } else if (s->now.mono_ms >= at + GIVE_UP_EXTRA_MS) {
        session_finish(s, PROTO_END_CONNECTION_LOST,
                       s->side == SIDE_CUSTOMER ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT,
                       "the connection did not come back in time");
    }
}

void proto_session_tick(struct proto_session *s, struct proto_now now)
{
    s->now = now;
    if (s->over)
        return;
    if (s->events.overflow) {
        session_finish(s, PROTO_END_FAILED, s->side == SIDE_CUSTOMER ? 1 : 2,
                       "events were not read: a bounded row is full");
        return;
    }
    pair_tick(s);
    media_tick(s);
    outbox_tick(s);
    still_tick(s);
    if (s->side == SIDE_CUSTOMER)
        grants_tick(s);
    else
        held_tick(s);
    if (!s->ending) {
        hold_tick(s);
        goodbye_tick(s);
    }
    tick_grace(s);
    if (!s->over && now.mono_ms >= s->ends_ms)
        session_begin_end(s, PROTO_END_EXPIRED, s->side == SIDE_CUSTOMER ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT);
    tick_end(s);
}
