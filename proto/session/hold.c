/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On hold: the agent is with somebody else, so nothing of this customer is captured, and no key is left at either end.
 * Within the grace time the agent comes back without a question, as after a lost connection; after it all is withdrawn.
 */
#include "proto/session/internal.h"

bool proto_session_on_hold(const struct proto_session *s)
{
    return s->on_hold;
}

/* ---------------------------------------------------------------- the agent's end */

enum proto_err proto_session_hold(struct proto_session *s, bool on, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_hold_tag, .body.hold.on = on};

    s->now = now;
    if (s->side != SIDE_AGENT || !s->joined || s->ending || s->over || s->goodbye || s->on_hold == on)
        return PROTO_ERR_STATE;
    enum proto_err err = data_send(s, &data);
    if (err)
        return err;
    s->on_hold = on;
    if (on) {
        held_stop_viewing(s);
        held_suspend(s, PROTO_WHY_HOLD);
    } else {
        asking_again(s);
    }
    return PROTO_OK;
}

void hold_said_again(struct proto_session *s)
{
    handhold_Data data = {.which_body = handhold_Data_hold_tag, .body.hold.on = true};

    if (s->on_hold && data_send(s, &data))
        session_error(s, PROTO_ERR_FULL, "the customer's end could not be told again that it is on hold");
}

/* ---------------------------------------------------------------- the customer's end */

static void event_hold(struct proto_session *s)
{
    struct event_node *node = events_add(&s->events, PROTO_EVENT_HOLD, 0);

    if (!node)
        return;
    node->event.hold.on = s->on_hold;
    node->event.hold.grace_s = s->on_hold ? s->policy.grace_s : 0;
}

void hold_heard(struct proto_session *s, bool on)
{
    if (s->on_hold == on || s->ending || s->goodbye)
        return;
    s->on_hold = on;
    if (on) {
        grants_suspend(s, PROTO_WHY_HOLD);
        if (s->return_ms == PROTO_NEVER) /* else it came back only just, and nothing has been taken up again */
            s->held_since_ms = s->now.mono_ms;
        s->return_ms = PROTO_NEVER;
        s->hold_until_ms = s->held_since_ms + (int64_t)s->policy.grace_s * 1000;
    } else {
        s->hold_until_ms = PROTO_NEVER;
        s->return_ms = s->held_since_ms + PROTO_HOLD_MIN_MS;
    }
    event_hold(s);
    hold_tick(s);
}

int64_t hold_deadline(const struct proto_session *s)
{
    return proto_earlier(s->hold_until_ms, s->return_ms);
}

void hold_tick(struct proto_session *s)
{
    if (s->now.mono_ms >= s->hold_until_ms) {
        s->hold_until_ms = PROTO_NEVER;
        grants_withdraw_all(s, PROTO_PURPOSE_HELD_TOO_LONG);
    }
    if (s->now.mono_ms >= s->return_ms) {
        s->return_ms = PROTO_NEVER;
        if (s->pair.up)
            grants_resume(s);
    }
}
