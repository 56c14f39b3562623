/* SPDX-License-Identifier: Apache-2.0 */
/* The agent says good-bye: everything is taken back at once, and the person has the last word. */
#include "proto/session/internal.h"

enum { GOODBYE_EXTRA_MS = 10000 }; /* the agent's end waits so much longer than the customer's */

enum proto_err proto_session_goodbye(struct proto_session *s, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_goodbye_tag};

    s->now = now;
    if (s->side != SIDE_AGENT || !s->pair.up || s->ending || s->over || s->goodbye)
        return PROTO_ERR_STATE;
    enum proto_err err = data_send(s, &data);
    if (err)
        return err;
    s->goodbye = true;
    s->goodbye_ms = now.mono_ms + PROTO_GOODBYE_MS + GOODBYE_EXTRA_MS;
    asking_closed(s, PROTO_PURPOSE_ENDED);
    return PROTO_OK;
}

bool goodbye_heard(struct proto_session *s)
{
    if (s->goodbye || s->ending)
        return false;
    s->goodbye = true;
    s->on_hold = false;
    s->hold_until_ms = s->return_ms = PROTO_NEVER;
    s->goodbye_ms = s->now.mono_ms + PROTO_GOODBYE_MS;
    grants_withdraw_all(s, PROTO_PURPOSE_ENDED);
    return true;
}

enum proto_err proto_session_rate(struct proto_session *s, uint32_t stars, bool solved, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_rating_tag, .body.rating = {stars, solved}};

    s->now = now;
    if (s->side != SIDE_CUSTOMER || s->ending || s->over)
        return PROTO_ERR_STATE;
    enum proto_err err = data_may_send(s, &data, true);
    if (!err)
        err = data_send(s, &data);
    s->rated = s->rated || !err;
    return err;
}

void goodbye_tick(struct proto_session *s)
{
    if (s->now.mono_ms < s->goodbye_ms)
        return;
    s->goodbye_ms = PROTO_NEVER;
    session_begin_end(s, PROTO_END_COMPLETED, PROTO_INDEX_AGENT);
}
