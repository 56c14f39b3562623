/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/inside.h - what the files of the desk share; nobody else includes it.
 *
 *   desk.c        events, what is shown
 *   desk_frames.c frames of the picture
 *   desk_ask.c   questions, one sheet at a time
 *   desk_say.c   what an agent says and does
 */
#ifndef AGENT_DESK_INSIDE_H
#define AGENT_DESK_INSIDE_H

#include "agent/desk/desk.h"
#include "proto/media/even.h"

/* A question that waits for its turn. */
struct agent_desk_sheet {
    enum proto_capability order[PROTO_REQUEST_MAX];
    size_t count;
    uint32_t max_s;
    char purpose[PROTO_MAX_VALUE_BYTES + 1];
};

/* A frame that is here and not due yet. */
struct agent_desk_held {
    struct agent_desk_held *next;
    struct proto_media_header header;
    int64_t captured_ms, arrived_ms, due_ms, alone_ms;
    size_t len;
    uint8_t bytes[];
};

struct agent_desk {
    struct proto_session *session;      /* owned */
    struct agent_desk_picture *picture; /* owned */
    struct agent_desk_listener listener;
    struct agent_desk_sheet turn[PROTO_CAPABILITY_COUNT]; /* each capability waits once at most */
    size_t turns;
    bool has_camera;
    handhold_CameraState camera; /* as the customer's end said last */
    uint32_t marks;
    uint16_t tl0; /* of the last picture of layer 0 */
    bool first;   /* the next picture is the first of its consent */
    int64_t last_ms;
    uint32_t ts_ms, frozen_ts_ms; /* media time of the last picture and of the frozen one */
    uint8_t *frozen;              /* owned: a copy of the picture, planes without padding; NULL: live */
    struct agent_desk_i420 frozen_frame;
    struct proto_even even;
    struct agent_desk_held *held; /* owned: in order, AGENT_DESK_HELD_MAX at most */
    unsigned held_count;
};

/* desk_frames.c */
enum { AGENT_DESK_HELD_MAX = 16 };
void agent_desk_came(struct agent_desk *desk, const struct proto_event *media, struct proto_now now);
void agent_desk_show_due(struct agent_desk *desk, struct proto_now now);
void agent_desk_came_in_vain(struct agent_desk *desk, const struct proto_event *media, struct proto_now now);
void agent_desk_forget_held(struct agent_desk *desk);

/** Asks what waits, as far as it is its turn. */
void agent_desk_ask_next(struct agent_desk *desk, struct proto_now now);

#endif
