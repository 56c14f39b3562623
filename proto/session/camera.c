/* SPDX-License-Identifier: Apache-2.0 */
/* The camera as the agent may work it, and as the customer's end says it is. */
#include "proto/session/internal.h"

static enum proto_capability capability_of(const handhold_CameraControl *control)
{
    switch (control->which_what) {
    case handhold_CameraControl_torch_tag:
        return PROTO_CAPABILITY_TORCH;
    case handhold_CameraControl_zoom_tag:
        return PROTO_CAPABILITY_ZOOM;
    default:
        return PROTO_CAPABILITY_CAMERA;
    }
}

enum proto_err proto_session_camera_control(struct proto_session *s, const handhold_CameraControl *control,
                                            struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_camera_control_tag, .body.camera_control = *control};
    enum proto_capability capability = capability_of(control);

    s->now = now;
    if (s->side != SIDE_AGENT || !s->pair.up || s->ending || s->over)
        return PROTO_ERR_STATE;
    enum proto_err err = data_may_send(s, &data, true);
    if (!err)
        err = data_send(s, &data);
    if (err)
        return err;
    if (capability != PROTO_CAPABILITY_CAMERA && !s->held[capability].used) { /* once for each consent */
        s->held[capability].used = true;
        outbox_event(s, PROTO_ACT_COMMAND_EXECUTED, capability);
    }
    return PROTO_OK;
}

enum proto_err proto_session_camera_state(struct proto_session *s, const handhold_CameraState *state,
                                          struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_camera_state_tag, .body.camera_state = *state};

    s->now = now;
    if (s->side != SIDE_CUSTOMER || s->ending || s->over)
        return PROTO_ERR_STATE;
    enum proto_err err = data_may_send(s, &data, true);
    return err ? err : data_send(s, &data);
}
