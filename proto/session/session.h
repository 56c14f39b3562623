/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/session/session.h - one end of a session: bytes in, bytes out, events for people. It owns no socket and reads
 * no clock.
 *
 * A session outlives its connections. The owner connects a WebSocket to the relay, tells the session (connected), feeds
 * it whole messages, sends what is pending, and tells it when the connection is gone (disconnected); the session
 * resumes by itself on the next connection. Everything people must read comes out as events, in order.
 *
 *      owner:  connected -> feed / pending+sent ... tick at deadline ... disconnected -> (reconnect) connected -> ...
 *
 * Consent is a key: a capability's key is born when the customer grants it, leaves for the agent only when the log has
 * the grant and its receipt was verified here, and dies with the withdrawal. Without a live key push_frame() seals
 * nothing.
 *
 * Errors of commands: STATE (not now), CONSENT, POLICY, RANGE, FULL. They change nothing. Errors of a peer's bytes do
 * not come back from feed(): they close the pair (a new handshake follows) or end the session, and show as events.
 */
#ifndef PROTO_SESSION_SESSION_H
#define PROTO_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/identity/credential.h"
#include "proto/identity/policy.h"
#include "proto/log/receipt.h"
#include "proto/util/err.h"
#include "proto/util/random.h"
#include "proto/util/time.h"
#include "proto/wire/capability.h"
#include "proto/wire/kept.h"
#include "proto/wire/message.h"

struct proto_session; /* opaque: session.c */

/* ---------------------------------------------------------------- starting */

struct proto_customer_config {
    struct proto_random random;
    const char *link;           /* the whole link, or NULL */
    const char *code;           /* the code as typed, or NULL; then join_host is needed */
    const char *join_host;      /* with a code: host[:port] that the customer typed it at */
    const uint8_t *pinned_root; /* 32 bytes, SHA-256 of a root's SPKI that makes its domain verified (--ca), or NULL */
    uint32_t offers; /* bit 1 << capability: what this device can do; requests for others are answered `blocked` */
    const char *client_info;    /* what the agent reads of this client, e.g. "handhold-client 0.1.0"; copied */
    uint8_t ui_build[32];       /* hash of the program or page build, for the `ui` line */
    struct proto_log_seen seen; /* last checkpoint this device remembers of that log; zeros: none */
    const char *seen_note;      /* that checkpoint as the log signed it, or NULL; copied */
};

struct proto_agent_config {
    struct proto_random random;
    const struct proto_credential *credential; /* borrowed until free */
    bool by_code;                              /* also make a code */
    uint32_t link_ttl_s, code_ttl_s;           /* 0, or longer than the policy has it: the policy's */
    const char *customer_ref;                  /* NULL or "": the session is its own person */
    const char *reference;                     /* NULL or "" */
    struct proto_log_seen seen;
    const char *seen_note;
};

/** LINK / VERSION / CODE: the invitation is damaged. PROTO_OK: the caller owns *out, ends it with proto_session_free().
 */
PROTO_MUST_USE enum proto_err proto_session_new_customer(struct proto_session **out,
                                                         const struct proto_customer_config *config,
                                                         struct proto_now now);
PROTO_MUST_USE enum proto_err proto_session_new_agent(struct proto_session **out,
                                                      const struct proto_agent_config *config, struct proto_now now);
void proto_session_free(struct proto_session *s); /* wipes every key; NULL is fine */

/* ---------------------------------------------------------------- the connection */

void proto_session_connected(struct proto_session *s, struct proto_now now);
void proto_session_disconnected(struct proto_session *s, struct proto_now now);
/** One whole WebSocket message. */
void proto_session_feed(struct proto_session *s, const uint8_t *message, size_t len, struct proto_now now);
/** The next message to send, NULL when there is none. Control goes before media. Borrowed until sent() or the next call
 * that changes `s`. */
const uint8_t *proto_session_pending(struct proto_session *s, size_t *len);
void proto_session_sent(struct proto_session *s);
/** Media bytes sealed and not yet sent: a camera that sees more than it likes skips a frame before encoding. */
size_t proto_session_backlog_bytes(const struct proto_session *s);
int64_t proto_session_deadline(const struct proto_session *s); /* mono_ms, PROTO_NEVER */
void proto_session_tick(struct proto_session *s, struct proto_now now);
/** True once the session has ended and everything pending was sent: close the connection and free. */
bool proto_session_over(const struct proto_session *s);
/** The relay has taken this end's connection: whose line is away, where the other end is not heard, is known by this.
 */
bool proto_session_has_line(const struct proto_session *s);
/** Both ends hear each other: what is said now arrives at once. */
bool proto_session_comes_through(const struct proto_session *s);
/** Lines of this end's chat that the other one has not confirmed. */
size_t proto_session_chat_waits(const struct proto_session *s);
/** How much longer the newest heartbeat took there and back than the fastest: what waits on the line, in ms; -1: not
 * known. */
int64_t proto_session_waits_ms(const struct proto_session *s);
/** True when the owner should have a connection: not ended, and not refused for good. */
bool proto_session_wants_connection(const struct proto_session *s);

/* ---------------------------------------------------------------- what happened */

enum proto_event_kind {
    PROTO_EVENT_NONE,
    PROTO_EVENT_INVITE,      /* agent: the invitation stands at the relay */
    PROTO_EVENT_JOINED,      /* the pair is authenticated for the first time */
    PROTO_EVENT_CONSENT,     /* a capability changed its state */
    PROTO_EVENT_LOGGED,      /* a note of this end is in the log and its receipt verified */
    PROTO_EVENT_CAPTURE,     /* customer: start (true) or stop (false) capturing this capability, now */
    PROTO_EVENT_KEY_FRAME,   /* customer: the next picture must be a key frame */
    PROTO_EVENT_MEDIA,       /* a frame was opened; at the customer's end 20 ms of the agent's voice */
    PROTO_EVENT_MEDIA_VAIN,  /* agent: a picture came that cannot be decoded, for want of one before it: no bytes */
    PROTO_EVENT_MEDIA_ACK,   /* customer: frames that arrived, and when; for proto/media/send.h */
    PROTO_EVENT_MEDIA_QUEUE, /* customer: what waits at the relay for the receiver */
    PROTO_EVENT_DATA,        /* chat, pointer, mark, clear, pause, check words, camera control, camera state, good-bye,
                                rating: what the peer sent and was allowed to */
    PROTO_EVENT_CONNECTION,  /* connected, reconnecting, resumed, lost */
    PROTO_EVENT_LIVE,        /* agent: heartbeats stopped (false: show the picture as not live) or are back (true) */
    PROTO_EVENT_CHECK_WORDS, /* both: the four words */
    PROTO_EVENT_EXPIRING,    /* customer: a grant ends soon; proto_session_extend() is possible from now on */
    PROTO_EVENT_HOLD,        /* customer: the agent has put this session on hold, or is back */
    PROTO_EVENT_STILL,       /* a still was asked for, answered, or is whole */
    PROTO_EVENT_BESIDE,      /* customer: the person's other device came or went, was not found, or said something */
    PROTO_EVENT_KEPT,        /* agent: what the relay keeps, a part of it, or that something is kept */
    PROTO_EVENT_BLOCKED,     /* the relay did not forward what this end sent */
    PROTO_EVENT_ALARM,       /* somebody on the way tampers: replay, altered frame, forked log, wrong code */
    PROTO_EVENT_ERROR,       /* something a person must read */
    PROTO_EVENT_ENDED,       /* the last event */
};

enum proto_consent_state {
    PROTO_CONSENT_NONE,
    PROTO_CONSENT_REQUESTED,
    PROTO_CONSENT_GRANTED, /* the log has it and the key left (customer), or the key is here (agent) */
    PROTO_CONSENT_REFUSED,
    PROTO_CONSENT_WITHDRAWN,
    PROTO_CONSENT_EXPIRED,
    PROTO_CONSENT_BLOCKED,
};
const char *proto_consent_state_name(enum proto_consent_state state); /* "granted" */

enum proto_connection_state {
    PROTO_CONNECTION_CONNECTED,
    PROTO_CONNECTION_RECONNECTING,
    PROTO_CONNECTION_RESUMED,
    PROTO_CONNECTION_LOST
};
const char *proto_connection_state_name(enum proto_connection_state state); /* "resumed" */

/* How far a still is. */
enum proto_still_step {
    PROTO_STILL_STEP_ASKED,     /* customer: take one, show it to the person, then send or discard it */
    PROTO_STILL_STEP_SENDING,   /* agent: the person has sent it; its parts are on their way */
    PROTO_STILL_STEP_WHOLE,     /* agent: here it is; customer: the agent has all of it */
    PROTO_STILL_STEP_DISCARDED, /* agent: the person does not send it */
    PROTO_STILL_STEP_FAILED,    /* agent: there was none to send, or its consent ended; customer: forget it, the
                                   consent has ended */
};
const char *proto_still_step_name(enum proto_still_step step); /* "whole" */

/* A picture file. `mime` is image/jpeg or image/png. */
struct proto_still {
    const uint8_t *bytes; /* borrowed */
    size_t len;           /* at most PROTO_STILL_MAX_BYTES */
    uint32_t width, height;
    const char *mime;
};

struct proto_event {
    enum proto_event_kind kind;
    union {
        struct {
            const char *sid_hex, *link, *code,
                *address;            /* code: grouped for reading aloud, or NULL; address: the public host */
            uint32_t link_s, code_s; /* so long a customer can join by it; code_s is 0 without a code */
        } invite;
        struct {
            const char *peer;         /* customer: the agent's name; agent: the client's info line */
            const char *organisation; /* the domain */
            const char *role;
            bool verified;
            uint8_t fingerprint[32]; /* customer: of the agent's certificate */
        } joined;
        struct {
            enum proto_capability capability;
            enum proto_consent_state state;
            const char *purpose; /* REQUESTED: the agent's words; else why, may be empty */
            uint32_t max_s;      /* 0: until the session ends */
            uint32_t retention_days;
            uint32_t request; /* REQUESTED: its number; all of one sheet have the same, each has an event of its own */
            uint32_t of;      /* REQUESTED: how many are put before the person on that sheet */
            bool extended;    /* GRANTED: what was granted already goes on, for max_s from now */
        } consent;
        struct {
            enum proto_log_class kind;
            enum proto_capability capability;
            const char *action; /* "grant", "withdraw", … */
            uint64_t index, log_size;
            const struct proto_log_receipt *receipt;
            const char *note; /* the whole signed note, NUL-terminated */
            const uint8_t *r; /* its salt, 32 bytes */
        } logged;
        struct {
            enum proto_capability capability;
            bool on;
        } capture;
        struct {
            enum proto_capability capability;
            const struct proto_media_header *header;
            const uint8_t *bytes; /* plaintext */
            size_t len;
            int64_t capture_mono_ms; /* sender's capture time on this end's clock (offset from heartbeats); 0: not known
                                        yet */
        } media;
        struct {
            enum proto_capability capability;
            const handhold_MediaAck *ack; /* obj rising, as many arrival_ms */
        } media_ack;
        struct {
            enum proto_capability capability;
            uint32_t queued_ms, queued_bytes, dropped; /* handhold.proto, QueueReport */
        } media_queue;
        const handhold_Data *data;
        struct {
            enum proto_connection_state state;
        } connection;
        bool live;
        struct {
            enum proto_capability capability;
            uint32_t left_s;
        } expiring;
        struct {
            bool on;
            uint32_t grace_s; /* with on: so long the agent may come back without a question */
        } hold;
        struct {
            enum proto_still_step step;
            uint32_t id;
            struct proto_still still; /* WHOLE at the agent: all of it; SENDING: what is known of it, bytes NULL */
        } still;
        struct {
            enum proto_kept kind;
            bool added;         /* an answer to kept_add: only `err` and `message` are set */
            enum proto_err err; /* OK: the rest is set */
            const char *message;
            const char *name;    /* of the guide's file, as asked */
            uint64_t from, next; /* next 0: that was the last part */
            const uint8_t *bytes;
            size_t len;
        } kept;
        struct {
            bool present;
            enum proto_err err;   /* beside_join found nothing */
            const uint8_t *bytes; /* NULL: it came, or went */
            size_t len;
        } beside;
        const char *words[4];
        struct {
            enum proto_capability capability; /* NONE when the stream is not known any more */
            uint64_t messages;
        } blocked;
        struct {
            enum proto_err err;
            const char *message;
            const char *fork; /* alarm: the log is forked, and this text, kept as a file, shows it (proto/log/fork.h) */
        } alarm, error;
        struct {
            enum proto_end reason;
            uint8_t by; /* index; 0 the relay */
            const char *message;
        } ended;
    };
};

/** The next event; false when there is none. Borrowed until the next call that changes `s`. */
bool proto_session_next_event(struct proto_session *s, struct proto_event *out);

/* ---------------------------------------------------------------- commands of the customer's end */

/** Answers the open request for this capability. The key is made now; CONSENT events tell how it goes on. CONSENT:
 * nothing was asked. */
PROTO_MUST_USE enum proto_err proto_session_grant(struct proto_session *s, enum proto_capability capability,
                                                  struct proto_now now);
PROTO_MUST_USE enum proto_err proto_session_refuse(struct proto_session *s, enum proto_capability capability,
                                                   struct proto_now now);
/** As refuse, because the device cannot: no camera, the system said no. Also takes back a grant that the device cannot
 * keep. */
PROTO_MUST_USE enum proto_err proto_session_blocked(struct proto_session *s, enum proto_capability capability,
                                                    struct proto_now now);
/** At once, whatever the log does: capture stops, the key is gone, the gate closes, everybody is told. */
PROTO_MUST_USE enum proto_err proto_session_withdraw(struct proto_session *s, enum proto_capability capability,
                                                     struct proto_now now);
/** Pauses everything that is captured (by: customer, device; reason: asked, page-hidden, phone-call, camera-lost,
 * hold); capture events follow. */
PROTO_MUST_USE enum proto_err proto_session_pause(struct proto_session *s, bool paused, const char *by,
                                                  const char *reason, struct proto_now now);
/**
 * Lets a grant that is about to end go on for as long as was first asked, from now, under the same purpose and
 * retention: a new `grant` in the log; the key stays. It holds from the log's receipt on (CONSENT, granted, extended);
 * without one the grant ends as it would have. STATE: it was not told to be EXPIRING, is not live, or has been extended
 * already. POLICY: it forbids this by now.
 */
PROTO_MUST_USE enum proto_err proto_session_extend(struct proto_session *s, enum proto_capability capability,
                                                   struct proto_now now);
/**
 * The person has seen the still that was asked for under this id, and sends it: the bytes are copied. They leave part
 * by part behind what is more urgent, wait through a lost connection, and are wiped when the consent ends. RANGE: size
 * or type. STATE: nothing was asked under this id. CONSENT: there is no live consent.
 */
PROTO_MUST_USE enum proto_err proto_session_still_send(struct proto_session *s, uint32_t id,
                                                       const struct proto_still *still, struct proto_now now);
/** Or does not send it; `failed`: because this device could not take one. STATE as above. */
PROTO_MUST_USE enum proto_err proto_session_still_discard(struct proto_session *s, uint32_t id, bool failed,
                                                          struct proto_now now);
/** What the camera can do and does. CONSENT: the camera is not shared, which is nobody's business then. RANGE. */
PROTO_MUST_USE enum proto_err proto_session_camera_state(struct proto_session *s, const handhold_CameraState *state,
                                                         struct proto_now now);
/** After the agent's good-bye, once: 1 to 5 stars. STATE: it was not said, or this is the second. Then end the session.
 */
PROTO_MUST_USE enum proto_err proto_session_rate(struct proto_session *s, uint32_t stars, bool solved,
                                                 struct proto_now now);
/** Is there a live key for it, and is it not paused? */
bool proto_session_may_send(const struct proto_session *s, enum proto_capability capability);

struct proto_frame {
    const uint8_t *bytes; /* borrowed during the call */
    size_t len;
    bool key, discardable;
    uint8_t tid;
    int64_t capture_mono_ms;
};
/** Seals a frame of a live capability and queues it. CONSENT: there is no key, nothing was sealed. FULL: the queue is
 * over its bound, not sealed. */
PROTO_MUST_USE enum proto_err proto_session_push_frame(struct proto_session *s, enum proto_capability capability,
                                                       const struct proto_frame *frame, struct proto_now now);

/** The number that the last frame of this capability was sealed with, as MEDIA_ACK names it; 0: none yet. */
uint32_t proto_session_last_object(const struct proto_session *s, enum proto_capability capability);
/** Bytes of its frames that have not left yet: what can be told later, and newer, need not wait behind them. */
size_t proto_session_waiting(const struct proto_session *s, enum proto_capability capability);

/* ---------------------------------------------------------------- commands of the agent's end */

/** Asks. max_s 0: the longest that the policy allows. POLICY: it forbids this. STATE: one request is open already. */
PROTO_MUST_USE enum proto_err proto_session_request(struct proto_session *s, enum proto_capability capability,
                                                    const char *purpose, uint32_t max_s, struct proto_now now);
/**
 * Asks for up to PROTO_REQUEST_MAX capabilities that belong together, on one sheet and in the order given. The time is
 * cut to the shortest that the policy has for any of them. Each is answered by itself. A connection that is lost before
 * an answer closes the sheet (CONSENT, none); it is put before the customer again when it is back. POLICY: it forbids
 * one of them.
 */
PROTO_MUST_USE enum proto_err proto_session_request_many(struct proto_session *s,
                                                         const enum proto_capability *capabilities, size_t count,
                                                         const char *purpose, uint32_t max_s, struct proto_now now);
/**
 * On: nothing is captured any more, all keys are gone at both ends, the gates are closed. Off within the policy's grace
 * time: what was granted goes on, nobody is asked; after it the customer's end has withdrawn it all (`held too long`).
 * STATE: not joined, or it is so already.
 */
PROTO_MUST_USE enum proto_err proto_session_hold(struct proto_session *s, bool on, struct proto_now now);
/** Asks for a still; *id is its number. CONSENT: `still` is not granted. STATE: one is under way, or on hold. */
PROTO_MUST_USE enum proto_err proto_session_still_ask(struct proto_session *s, uint32_t *id, struct proto_now now);
/** Torch under the consent torch, zoom under zoom, lens and focus under camera. CONSENT: not granted. RANGE. */
PROTO_MUST_USE enum proto_err proto_session_camera_control(struct proto_session *s,
                                                           const handhold_CameraControl *control, struct proto_now now);
/**
 * This end has begun to record, or has stopped: noted in the log, the end with size and hash (SHA-256) of the sealed
 * file. CONSENT: a beginning without a live consent `recording`. STATE: nobody has joined, or a beginning
 * when the session is over; an end behind the session's own is OK and changes nothing: in the log it ends with that.
 */
PROTO_MUST_USE enum proto_err proto_session_recorded(struct proto_session *s, bool began, uint64_t bytes,
                                                     const uint8_t hash[static 32], struct proto_now now);
/**
 * No more is wanted: the customer's end withdraws everything at once, thanks the person, and ends the session as
 * `completed` when they have rated or after PROTO_GOODBYE_MS. STATE: there is no pair; end the session instead.
 */
PROTO_MUST_USE enum proto_err proto_session_goodbye(struct proto_session *s, struct proto_now now);
/** Asks the sender for a key frame (the decoder lost its thread); at most one a 300 ms goes out. */
void proto_session_want_key_frame(struct proto_session *s, enum proto_capability capability, struct proto_now now);

/** Does the customer's consent to voice stand, with a key for this end's own? */
bool proto_session_may_talk(const struct proto_session *s);
/** And does the customer hear it: they chose to (data `hearing`), and have not paused? */
bool proto_session_is_heard(const struct proto_session *s);
/** 20 ms of the agent's voice. CONSENT: nobody hears it. RANGE: over PROTO_MAX_VOICE_BYTES. FULL: the line is.
 */
PROTO_MUST_USE enum proto_err proto_session_push_voice(struct proto_session *s, const struct proto_frame *frame,
                                                       struct proto_now now);

/* ---------------------------------------------------------------- commands of both ends */

/**
 * Chat, pointer, mark, clear, check words: numbered, delivered once and in order across reconnects (the pointer may be
 * lost). `seq` is set here. ARGUMENT: a kind that has a command of its own.
 */
/**
 * Customer, once joined: the person's other device, which waits at the relay under `nameplate` ("": none any more), and
 * what is said to it (proto/beside/beside.h). STATE: there is no connection. RANGE.
 */
PROTO_MUST_USE enum proto_err proto_session_beside_join(struct proto_session *s, const char *nameplate);
PROTO_MUST_USE enum proto_err proto_session_beside_send(struct proto_session *s, const uint8_t *bytes, size_t len);
/**
 * Agent, once the invitation stands: asks the relay for what it keeps for staff (PROTOCOL.md 10.7), or gives it
 * something to keep. Cases are those of this session's customer. Answers come as PROTO_EVENT_KEPT, in the order of the
 * asks; none comes when the connection is lost before. STATE: there is no connection. RANGE: a name or what is sealed.
 */
PROTO_MUST_USE enum proto_err proto_session_kept_ask(struct proto_session *s, enum proto_kept kind, const char *name,
                                                     uint64_t from);
PROTO_MUST_USE enum proto_err proto_session_kept_add(struct proto_session *s, enum proto_kept kind, uint32_t days,
                                                     const uint8_t *sealed, size_t len);

PROTO_MUST_USE enum proto_err proto_session_send_data(struct proto_session *s, const handhold_Data *data,
                                                      struct proto_now now);
/**
 * Ends the session: withdraws everything at once, and says so to everybody. While the line is away nothing is shared
 * any more, and a connection is wanted for as long as a lost session is waited for, to say it then. ENDED follows when
 * the relay knows; or with a message, when nobody could be told.
 */
void proto_session_end(struct proto_session *s, enum proto_end reason, struct proto_now now);
/** An end that has begun is not said any more: ENDED follows at once. Nothing without one. */
void proto_session_end_now(struct proto_session *s, struct proto_now now);
/** Why it has ended here, while that waits for the line to be said; NONE: nothing of that kind does. */
enum proto_end proto_session_end_waits(const struct proto_session *s);

/* ---------------------------------------------------------------- what is so */

struct proto_session_figures {
    uint64_t frames_sealed, frames_opened, frames_refused; /* refused: replayed, altered, without a key */
    uint64_t data_refused;                                 /* came without the consent that it needs */
    uint64_t log_entries;                                  /* receipts verified at this end */
    size_t outbox;                                         /* notes that wait for the log */
};
void proto_session_figures(const struct proto_session *s, struct proto_session_figures *out);
/** Put on hold by the agent, and not back yet. Both ends. */
bool proto_session_on_hold(const struct proto_session *s);
/** At the agent's end REQUESTED also while a sheet that the connection took away waits to come again. */
enum proto_consent_state proto_session_consent(const struct proto_session *s, enum proto_capability capability);
/** The newest verified tree of this session's log, worth keeping for next time; `origin` is borrowed, may be empty. */
void proto_session_seen(const struct proto_session *s, const char **origin, struct proto_log_seen *seen);
/** Its signed checkpoint, to be kept with it; "" when this end has only size and root. Borrowed. */
const char *proto_session_seen_note(const struct proto_session *s);
/**
 * What a receipt is held to later: the verifier key of the session's log ("" before the handshake) and the key under
 * which the customer's statements are signed, 32 bytes. Borrowed.
 */
void proto_session_keys(const struct proto_session *s, const char **log_vkey, const uint8_t **customer_key);
/** The agent's certificates, leaf first, as the agent sent them; borrowed. 0: not joined yet. Both ends. */
size_t proto_session_agent_certificate(const struct proto_session *s,
                                       struct proto_der out[static PROTO_IDENTITY_CHAIN_MAX]);
/** The session's id, 16 bytes. Borrowed. */
const uint8_t *proto_session_sid(const struct proto_session *s);
/** The verified policy of the organisation: once joined, at the agent's end once the relay was heard; NULL before. */
const struct proto_policy *proto_session_policy(const struct proto_session *s);
/** The verified ORG note: who is not of the organisation any more. As the policy. */
const struct proto_org *proto_session_org(const struct proto_session *s);

#endif
