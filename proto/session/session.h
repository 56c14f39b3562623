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
};

struct proto_agent_config {
    struct proto_random random;
    const struct proto_credential *credential; /* borrowed until free */
    bool by_code;                              /* also make a code */
    uint32_t link_ttl_s, code_ttl_s;           /* 0: the protocol's ten minutes */
    const char *customer_ref;                  /* NULL or "": the session is its own person */
    const char *reference;                     /* NULL or "" */
    struct proto_log_seen seen;
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
    PROTO_EVENT_MEDIA,       /* agent: a frame was opened */
    PROTO_EVENT_DATA,        /* chat, pointer, mark, clear, pause, check words: what the peer sent */
    PROTO_EVENT_CONNECTION,  /* connected, reconnecting, resumed, lost */
    PROTO_EVENT_LIVE,        /* agent: heartbeats stopped (false: show the picture as not live) or are back (true) */
    PROTO_EVENT_CHECK_WORDS, /* both: the four words */
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

struct proto_event {
    enum proto_event_kind kind;
    union {
        struct {
            const char *sid_hex, *link, *code,
                *address; /* code: grouped for reading aloud, or NULL; address: the public host */
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
        const handhold_Data *data;
        struct {
            enum proto_connection_state state;
        } connection;
        bool live;
        const char *words[4];
        struct {
            enum proto_capability capability; /* NONE when the stream is not known any more */
            uint64_t messages;
        } blocked;
        struct {
            enum proto_err err;
            const char *message;
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

/* ---------------------------------------------------------------- commands of the agent's end */

/** Asks. max_s 0: the longest that the policy allows. POLICY: it forbids this. STATE: one request is open already. */
PROTO_MUST_USE enum proto_err proto_session_request(struct proto_session *s, enum proto_capability capability,
                                                    const char *purpose, uint32_t max_s, struct proto_now now);
/** Asks the sender for a key frame (the decoder lost its thread); at most one a 300 ms goes out. */
void proto_session_want_key_frame(struct proto_session *s, enum proto_capability capability, struct proto_now now);

/* ---------------------------------------------------------------- commands of both ends */

/** Chat, pointer, mark, clear, check words: numbered, delivered once and in order across reconnects (the pointer may be
 * lost). `seq` is set here. */
PROTO_MUST_USE enum proto_err proto_session_send_data(struct proto_session *s, const handhold_Data *data,
                                                      struct proto_now now);
/** Ends the session: withdraws everything, says so to everybody. */
void proto_session_end(struct proto_session *s, enum proto_end reason, struct proto_now now);

/* ---------------------------------------------------------------- what is so */

struct proto_session_figures {
    uint64_t frames_sealed, frames_opened, frames_refused; /* refused: replayed, altered, without a key */
    uint64_t log_entries;                                  /* receipts verified at this end */
    size_t outbox;                                         /* notes that wait for the log */
};
void proto_session_figures(const struct proto_session *s, struct proto_session_figures *out);
enum proto_consent_state proto_session_consent(const struct proto_session *s, enum proto_capability capability);
/** The newest verified tree of this session's log, worth keeping for next time; `origin` is borrowed, may be empty. */
void proto_session_seen(const struct proto_session *s, const char **origin, struct proto_log_seen *seen);
/**
 * What a receipt is held to later: the verifier key of the session's log ("" before the handshake) and the key under
 * which the customer's statements are signed, 32 bytes. Borrowed.
 */
void proto_session_keys(const struct proto_session *s, const char **log_vkey, const uint8_t **customer_key);
/** The session's id, 16 bytes. Borrowed. */
const uint8_t *proto_session_sid(const struct proto_session *s);
/** The verified policy and identity of the organisation once joined; NULL before. */
const struct proto_policy *proto_session_policy(const struct proto_session *s);

#endif
