/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/view.h - one session as its window shows it: fed with the session's events, read by whoever draws.
 *
 * No widget, no clock, no thread: the window feeds it, asks it, and shows what it says, so that what a person reads is
 * tested without a display. Texts for people come as English message ids (N_), which the window translates.
 */
#ifndef AGENT_DESK_VIEW_H
#define AGENT_DESK_VIEW_H

#include "agent/desk/picture.h"
#include "agent/desk/quality.h"
#include "proto/identity/policy.h"
#include "proto/session/session.h"

#ifndef N_
#define N_(text) text /* xgettext finds it; the window translates it */
#endif

#define AGENT_VIEW_CHAT_MAX 500u /* lines kept; the oldest leave */
#define AGENT_VIEW_TEXT_BYTES 512u
#define AGENT_VIEW_POINTER_MS 2500 /* so long a pointer that rests is shown */

enum agent_view_phase {
    AGENT_VIEW_CONNECTING, /* no invitation yet */
    AGENT_VIEW_INVITED,
    AGENT_VIEW_JOINED,
    AGENT_VIEW_ENDED,
};

/* Where the customer is, the most important first. */
enum agent_view_customer {
    AGENT_VIEW_CUSTOMER_AWAITED,
    AGENT_VIEW_CUSTOMER_HERE,
    AGENT_VIEW_CUSTOMER_HIDDEN,    /* another page or application is in front */
    AGENT_VIEW_CUSTOMER_CALL,      /* a phone call took the camera */
    AGENT_VIEW_CUSTOMER_PAUSED,    /* by themselves */
    AGENT_VIEW_CUSTOMER_NO_CAMERA, /* the device lost its camera */
    AGENT_VIEW_CUSTOMER_NO_MICROPHONE,
    AGENT_VIEW_CUSTOMER_HELD,    /* by the agent */
    AGENT_VIEW_CUSTOMER_PARTING, /* good-bye was said; they have the last word */
    AGENT_VIEW_CUSTOMER_SILENT,  /* nothing is heard of their device */
    AGENT_VIEW_CUSTOMER_CUT,     /* nothing can be: it is the agent's own line */
    AGENT_VIEW_CUSTOMER_LEFT,
};

/* Whether, and why not, a capability can be asked for now. */
enum agent_view_ask {
    AGENT_VIEW_ASK_MAY,
    AGENT_VIEW_ASK_NOBODY,  /* the customer is not there */
    AGENT_VIEW_ASK_GOODBYE, /* it was said: nothing is asked any more */
    AGENT_VIEW_ASK_OPEN,    /* asked, and not answered yet */
    AGENT_VIEW_ASK_GRANTED,
    AGENT_VIEW_ASK_POLICY,   /* the organisation forbids it */
    AGENT_VIEW_ASK_SILENCED, /* three refusals in a row: nothing more is asked in this session */
    AGENT_VIEW_ASK_CANNOT,   /* the customer's device cannot */
};

struct agent_view_consent {
    enum proto_consent_state state;
    bool was_granted;                        /* BLOCKED: the customer had said yes, and the device did not let them */
    char purpose[PROTO_MAX_VALUE_BYTES + 1]; /* as asked */
    char reason[PROTO_MAX_VALUE_BYTES + 1];  /* why it ended, may be empty */
    int64_t since_ms;                        /* mono ms of the state */
    int64_t until_ms;                        /* GRANTED: mono ms; PROTO_NEVER: until the session ends */
};

struct agent_view_chat {
    char *text; /* owned */
    int64_t unix_ms;
    bool mine;
};

enum agent_view_level { AGENT_VIEW_NOTICE, AGENT_VIEW_WARNING, AGENT_VIEW_ALARM };

struct agent_view {
    enum agent_view_phase phase;
    enum proto_connection_state connection;
    bool live; /* heartbeats of the customer arrive */
    bool held, paused, goodbye;
    int64_t held_ms; /* mono ms since when it is on hold */
    char pause_by[16], pause_reason[32];
    char link[PROTO_MAX_NOTE_BYTES / 8], code[24], address[272], sid[40];
    int64_t invited_ms;      /* mono ms */
    uint32_t link_s, code_s; /* so long from then a customer can join by it; code_s is 0 without a code */
    char peer[AGENT_VIEW_TEXT_BYTES];
    int64_t joined_ms;
    char words[4][16]; /* "" until they are known */
    enum { AGENT_VIEW_WORDS_OPEN, AGENT_VIEW_WORDS_SAME, AGENT_VIEW_WORDS_DIFFER } words_ours, words_theirs;
    struct agent_view_consent consents[PROTO_CAPABILITY_COUNT];
    unsigned refusals; /* questions in a row that the customer said no to */
    bool has_policy;
    struct proto_policy policy;
    enum proto_role role;
    struct agent_view_chat chat[AGENT_VIEW_CHAT_MAX]; /* a ring: line n is at n % MAX */
    uint64_t chat_count;                              /* ever */
    uint64_t chat_read;                               /* of the customer's lines and ours: seen by the agent */
    uint64_t notices;                                 /* rises with each */
    enum agent_view_level notice_level;
    char notice[AGENT_VIEW_TEXT_BYTES]; /* "": there is none any more */
    bool notice_passes;                 /* it is of the line, and over when that is back */
    enum proto_end end;
    char end_message[AGENT_VIEW_TEXT_BYTES];
    int64_t ended_ms;
    bool line_away;    /* this end's own */
    size_t chat_waits; /* of our lines, the newest: the customer's end has not confirmed them */
    bool end_waits;    /* it has ended here, and nobody could be told yet: the line is away */
    uint32_t stars;    /* the customer's rating; 0: none yet */
    bool solved;
    double their_u, their_v;               /* where the customer pointed last, 0..1 */
    int64_t pointed_ms;                    /* mono; PROTO_NEVER: they did not */
    int64_t picture_ms;                    /* mono ms of the newest picture; PROTO_NEVER before */
    struct agent_desk_picture_stats stats; /* of the last second */
    struct agent_quality_past past;        /* of the last minute */
    bool frozen;
    bool recording;     /* a file is being written */
    char recorded[256]; /* the newest file's name */
    bool awaits_photo;  /* one was asked for, and is neither here nor refused */
    bool has_camera;    /* `camera` is what the customer's device says it can do */
    handhold_CameraState camera;
    uint64_t version; /* rises with each change */
};

void agent_view_init(struct agent_view *view, enum proto_role role);
void agent_view_clear(struct agent_view *view); /* frees and wipes: a link is a secret */

/* ---- what happens ---- */

void agent_view_event(struct agent_view *view, const struct proto_event *event, struct proto_now now);
/** Once joined: a copy is kept. */
void agent_view_take_policy(struct agent_view *view, const struct proto_policy *policy);
/** This end's own line is there, or away. */
void agent_view_take_line(struct agent_view *view, bool there);
/** So many of our lines are not confirmed. */
void agent_view_take_chat(struct agent_view *view, size_t waits);
/** This end has said it. */
void agent_view_said(struct agent_view *view, const char *text, struct proto_now now);
/** This end has put the session on hold, or is back. */
void agent_view_hold(struct agent_view *view, bool held, struct proto_now now);
/** This end has ended it; NONE: that waits for the line no more (proto_session_end_waits). */
void agent_view_end_waits(struct agent_view *view, enum proto_end reason, struct proto_now now);
/** The agent has compared the check words. */
void agent_view_compared(struct agent_view *view, bool same);
/** A photo was asked for. */
void agent_view_asked_photo(struct agent_view *view);
/** This end has said good-bye. */
void agent_view_said_goodbye(struct agent_view *view);
/** Something this end must read, `text` for people. */
void agent_view_tell(struct agent_view *view, enum agent_view_level level, const char *text);
/** A command did not succeed: the rule and the way out become a notice. */
void agent_view_refused(struct agent_view *view, const char *what, enum proto_err err);

/* ---- what is so ---- */

enum agent_view_customer agent_view_customer(const struct agent_view *view);
/** "The customer is here", … */
const char *agent_view_customer_words(enum agent_view_customer customer);
enum agent_view_ask agent_view_may_ask(const struct agent_view *view, enum proto_capability capability);
/** The customer said yes, and their browser or device no: they can change that, and it can be asked for again. */
bool agent_view_is_blocked(const struct agent_view *view, enum proto_capability capability);
/** "" when it may be asked for; else why not. */
const char *agent_view_ask_words(enum agent_view_ask ask);
/** What a capability's button says below its name: "Not asked", "Asked", "Refused", … */
const char *agent_view_state_words(const struct agent_view *view, enum proto_capability capability);
/** Milliseconds left of a grant; -1: it has no end, or is none. */
int64_t agent_view_left_ms(const struct agent_view *view, enum proto_capability capability, int64_t now_ms);
/** Milliseconds in which one can still come back from hold without a new question; -1: it is not on hold. */
int64_t agent_view_hold_left_ms(const struct agent_view *view, int64_t now_ms);
/** The picture is old: older than PROTO_STALE_MS, or nothing is heard, while the camera is granted. */
bool agent_view_not_live(const struct agent_view *view, int64_t now_ms);
/** Where the customer points now; false: nowhere, or long ago. */
bool agent_view_their_pointer(const struct agent_view *view, int64_t now_ms, double *u, double *v);
/** Age of the picture; -1: there is none. */
int64_t agent_view_picture_age_ms(const struct agent_view *view, int64_t now_ms);
/** Why it ended, for a person. */
const char *agent_view_end_words(enum proto_end end);
/** Once it has ended: who was not told of it yet, and why, or that an officer ended it; "" when there is nothing of it.
 */
const char *agent_view_end_note(const struct agent_view *view);
/** Somebody waits or is connected: closing would leave them alone. */
bool agent_view_has_customer(const struct agent_view *view);
/** Of those it is to be said that they have not left: none while they do so at once. */
size_t agent_view_chat_waits(const struct agent_view *view);
/** Line `n` of the chat, NULL when it has left the ring or was never said. */
const struct agent_view_chat *agent_view_chat_line(const struct agent_view *view, uint64_t n);

#endif
