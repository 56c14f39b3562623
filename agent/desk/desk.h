/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/desk.h - what an agent can do and sees, without a window: on top of one session.
 *
 * The window, the headless program and a test drive the same desk. It decodes the picture, asks for key frames when one
 * is missing, asks the customer one thing at a time, and hands everything else on as it comes.
 *
 * Commands answer as those of the session do (STATE, POLICY, RANGE, FULL …), and change nothing when they fail.
 */
#ifndef AGENT_DESK_DESK_H
#define AGENT_DESK_DESK_H

#include "agent/desk/picture.h"
#include "proto/session/session.h"

#define AGENT_DESK_POINTS_MAX 256 /* pairs in one mark, as the wire's bound */

struct agent_desk;

/* One frame's way, for those who draw it. */
struct agent_desk_frame {
    const struct proto_media_header *header;
    const uint8_t *payload; /* of the codec; borrowed for the call; NULL: it was told of as it came, out of its turn */
    size_t bytes;
    int64_t captured_ms, arrived_ms, decoded_ms; /* mono; captured UNTIMED: not known; decoded 0: it was not */
    const char *outcome;                         /* decoded, overtaken, waits-for-key, undecodable, unshown */
    int width, height;                           /* of the picture, when decoded */
};

/* Told during agent_desk_take(). Pointers hold for the call. Commands to the desk are allowed in all of them. */
struct agent_desk_listener {
    void (*event)(void *context, const struct proto_event *event); /* all but frames */
    /** A picture was decoded; `first`: of this consent. */
    void (*picture)(void *context, const struct agent_desk_picture *picture, bool first);
    void (*state)(void *context, const handhold_StateChange *change);
    void *context;
    /** The clock of `now`, read once more behind each decoded picture; NULL: decoding counts as no time. */
    int64_t (*mono_ms)(void);
    /** A frame of the picture came, decoded or not; NULL: not wanted. */
    void (*frame)(void *context, const struct agent_desk_frame *frame);
    /** 20 ms of the customer's voice came; `event` is PROTO_EVENT_MEDIA. NULL: nobody listens. */
    void (*voice)(void *context, const struct proto_event *event);
    bool even; /* pictures are held back as the line asks for: the owner calls agent_desk_take() at the deadline, too */
};

/* What is drawn on the picture. */
struct agent_desk_mark {
    const char *shape;    /* arrow, line, circle, rectangle, text, number, highlight */
    const double *points; /* x, y pairs, 0..1 */
    size_t pairs;
    const char *text; /* NULL: none */
    uint32_t ts_ms;   /* media time of the picture it was drawn on; 0: the one that is shown */
    uint32_t colour;  /* handhold.proto, Mark: 0 is yellow */
};

/** `config` as proto_session_new_agent(). The caller owns *out. */
PROTO_MUST_USE enum proto_err agent_desk_new(struct agent_desk **out, const struct proto_agent_config *config,
                                             const struct agent_desk_listener *listener, struct proto_now now);
void agent_desk_free(struct agent_desk *desk); /* NULL is fine */
/** For whoever connects it. Borrowed. */
struct proto_session *agent_desk_session(struct agent_desk *desk);
/** Takes what the session has to tell. */
void agent_desk_take(struct agent_desk *desk, struct proto_now now);
/** When the next picture is due that is here already; PROTO_NEVER: none. It may be another after each take. */
int64_t agent_desk_deadline(const struct agent_desk *desk);

/** Asks for a consent, at once or as soon as the question before it is answered. EXISTS: it waits or is granted
 * already. */
PROTO_MUST_USE enum proto_err agent_desk_request(struct agent_desk *desk, enum proto_capability capability,
                                                 const char *purpose, uint32_t max_s, struct proto_now now);
/** Several that belong together, on one sheet: at most PROTO_REQUEST_MAX. EXISTS: one of them waits or is granted. */
PROTO_MUST_USE enum proto_err agent_desk_request_many(struct agent_desk *desk,
                                                      const enum proto_capability *capabilities, size_t count,
                                                      const char *purpose, uint32_t max_s, struct proto_now now);
/** The words that are used when the agent gives none. Static text. */
const char *agent_desk_purpose(enum proto_capability capability);

/** RANGE: nothing, too long for one message, or no UTF-8: the other end would take it for an attack. */
PROTO_MUST_USE enum proto_err agent_desk_chat(struct agent_desk *desk, const char *text, struct proto_now now);
/** How many bytes of `text` go into the next message: all that fit; of more, as far as the last blank that does, or the
 * last whole character. 0: there is nothing left. */
size_t agent_desk_chat_piece(const char *text);
/** 0..1 of the picture. RANGE otherwise. */
PROTO_MUST_USE enum proto_err agent_desk_point(struct agent_desk *desk, double x, double y, struct proto_now now);
/** The new mark's number is in *id. RANGE: shape, count, a point, or a text that is too long or no UTF-8. */
PROTO_MUST_USE enum proto_err agent_desk_draw(struct agent_desk *desk, const struct agent_desk_mark *mark, uint32_t *id,
                                              struct proto_now now);
/** `id` 0: all marks. */
PROTO_MUST_USE enum proto_err agent_desk_clear(struct agent_desk *desk, uint32_t id, struct proto_now now);
/** Keeps showing the present picture, or goes on with the live one. STATE: there is no picture. */
PROTO_MUST_USE enum proto_err agent_desk_freeze(struct agent_desk *desk, bool frozen);
bool agent_desk_frozen(const struct agent_desk *desk);
/** Tells the customer whether the check words were the same. */
PROTO_MUST_USE enum proto_err agent_desk_check_words(struct agent_desk *desk, bool match, struct proto_now now);

/**
 * The customer's light, zoom (1: all that the lens sees), the place that is to be sharp (0..1), the lens by its id.
 * CONSENT: torch, zoom or camera is not granted. RANGE.
 */
PROTO_MUST_USE enum proto_err agent_desk_torch(struct agent_desk *desk, bool on, struct proto_now now);
PROTO_MUST_USE enum proto_err agent_desk_zoom(struct agent_desk *desk, double factor, struct proto_now now);
PROTO_MUST_USE enum proto_err agent_desk_focus(struct agent_desk *desk, double x, double y, struct proto_now now);
PROTO_MUST_USE enum proto_err agent_desk_lens(struct agent_desk *desk, const char *id, struct proto_now now);
/** What that camera can do and does; NULL: it is not shared, or its end has not said. Borrowed until the next take. */
const handhold_CameraState *agent_desk_camera(const struct agent_desk *desk);
/** With somebody else for a while, as proto_session_hold(). */
PROTO_MUST_USE enum proto_err agent_desk_hold(struct agent_desk *desk, bool on, struct proto_now now);
/** Asks for a still, as proto_session_still_ask(); it comes as PROTO_EVENT_STILL (agent/desk/stills.h keeps it). */
PROTO_MUST_USE enum proto_err agent_desk_still(struct agent_desk *desk, uint32_t *id, struct proto_now now);
/** No more is wanted, as proto_session_goodbye(). STATE: there is no pair; end the session instead. */
PROTO_MUST_USE enum proto_err agent_desk_goodbye(struct agent_desk *desk, struct proto_now now);

/** What is to be shown: the frozen picture, or the last one. Width 0: none. Borrowed until the next take or freeze. */
struct agent_desk_i420 agent_desk_shown(const struct agent_desk *desk);
/** Media time of what is to be shown; 0: there is none. */
uint32_t agent_desk_shown_ts_ms(const struct agent_desk *desk);
const struct agent_desk_picture *agent_desk_picture(const struct agent_desk *desk);
/** Mono ms of the last picture that was accepted; PROTO_NEVER before the first. */
int64_t agent_desk_last_picture_ms(const struct agent_desk *desk);

#endif
