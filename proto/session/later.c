/* SPDX-License-Identifier: Apache-2.0 */
/* Declared for those who build upon it; each of these moves into a file of its own as it becomes real. */
#include "proto/session/internal.h"

const char *proto_still_step_name(enum proto_still_step step)
{
    static const char *const names[] = {"asked", "sending", "whole", "discarded", "failed"};

    return (unsigned)step < sizeof names / sizeof *names ? names[step] : "failed";
}

#define LATER(name, ...)                                                                                               \
    enum proto_err name(struct proto_session *s, __VA_ARGS__, struct proto_now now)                                    \
    {                                                                                                                  \
        s->now = now;                                                                                                  \
        return PROTO_ERR_STATE;                                                                                        \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"
LATER(proto_session_extend, enum proto_capability capability)
LATER(proto_session_still_send, uint32_t id, const struct proto_still *still)
LATER(proto_session_still_discard, uint32_t id, bool failed)
LATER(proto_session_camera_state, const handhold_CameraState *state)
LATER(proto_session_rate, uint32_t stars, bool solved)
LATER(proto_session_hold, bool on)
LATER(proto_session_still_ask, uint32_t *id)
LATER(proto_session_camera_control, const handhold_CameraControl *control)

enum proto_err proto_session_goodbye(struct proto_session *s, struct proto_now now)
{
    s->now = now;
    return PROTO_ERR_STATE;
}

bool proto_session_on_hold(const struct proto_session *s)
{
    (void)s;
    return false;
}
