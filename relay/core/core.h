/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/core.h - who may talk to whom, and what must be remembered: the relay without a socket, a clock or a disk.
 *
 * Connections are named by numbers that the caller chooses. One WebSocket message goes in (feed), messages for any
 * connection come out (pending / sent), jobs for the log's writer come out (next_job) and their results go back in
 * (job_done); time is told (tick, deadline). Everything a stranger can make grow has a bound in struct relay_limits.
 *
 * The way of a message: feed -> header -> room (seat? gate?) -> queue of the receiver -> pending. Forwarded bytes are
 * copied once at most, into the receiver's queue. What must be durable before somebody is told waits for its job: a
 * session is opened, and a receipt handed out, only when job_done says so.
 */
#ifndef RELAY_CORE_CORE_H
#define RELAY_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/consent/erasure.h"
#include "proto/consent/statement.h"
#include "proto/consent/taken.h"
#include "proto/identity/org.h"
#include "proto/identity/policy.h"
#include "proto/util/err.h"
#include "proto/util/random.h"
#include "proto/util/time.h"
#include "proto/wire/kept.h"
#include "proto/wire/limits.h"
#include "relay/core/histogram.h"
#include "relay/log/appender.h" /* its plain structs: relay_job, relay_result; nothing of it is called */

struct relay_core;
struct relay_slot;

enum { RELAY_ENDED_MAX = PROTO_ORG_LOGS_MAX };

/* Which part of the stored log: entries, or one of the others, from number `from` of them on. Borrowed. */
struct relay_log_asked {
    uint64_t from;
    bool sessions;
    const char *beginning; /* not empty: of sessions, those whose number begins with these hexadecimal digits */
    const char *cases_of;  /* not empty: what is kept of this customer's visits */
};

/* Of a log that an officer ended: where its next part begins, and which log it is. */
struct relay_ended_part {
    uint64_t next;
    char log[PROTO_ORG_VKEY_BYTES + 1];                                         /* verifier key */
    char checkpoint[PROTO_LOG_CHECKPOINT_MAX], known[PROTO_LOG_CHECKPOINT_MAX]; /* stored; signed for */
};

/*
 * The events that the log gets of a session (class 4), in the form of proto/consent/statement.h, signed by sign_event.
 * `seq` and `prev` run through one session, also across a restart. Values that are somebody's words have %XX for what
 * may not stand.
 *
 *   created      subject: the agent's name and serial; id, role, serial, fingerprint (hex, SHA-256 of the certificate),
 * key (hex, its Ed25519 public key); customer, ticket when given joined       by=link|code, key (hex of the customer's
 * session key); written when the agent has confirmed that key, not before lost         who=customer|agent,
 * cause=restart after one returned     who=customer|agent gate-opened  capability; src, stream, dst, leaf (hex of the
 * leaf hash of the grant), grantee (hex of the fingerprint in the gate) started      capability; src, stream, dst: the
 * first message passed stopped      capability; src, stream, dst, frames, bytes (of whole messages); after a restart
 * cause=restart and no figures gate-closed  capability; src, stream, dst, leaf (not after a restart),
 * cause=lost|replaced|expired|policy|ended|restart; without cause the customer asked blocked      capability of the
 * last gate of this stream, or none; src, stream; once for each stream ended        reason (proto_end_name),
 * by=relay|customer|agent; officer (serial) when an officer stopped it
 *
 * gate-refused capability; src, stream, dst, cause=policy|grant|grantee|session|number|signature, times (since the last
 * one); the first ones of a session each, then at most one a minute, and in `ended` refused (those since the last)
 * and blocked (messages of the streams that have such a note)
 *
 * Outside of sessions the relay signs, in a chain of its own: policy-taken (number, hash, officer's serial), org-taken
 * (number, hash, revoked: how many certificates are), certificate-renewed (subject as in created; id, role, serial,
 * renewed, key, officer) and refused (subject as in created; id, role, serial, fingerprint, cause=ticket|role, times;
 * at most one a minute for each member of staff and cause) as class 5, and erasures by retention as class 3.
 */

/* Every bound has a name, a default and a reason; the operator's file sets them under the same names. */
#define RELAY_LIMIT_LIST(X)                                                                                            \
    X(connections, 20000, "connections at once")                                                                       \
    X(handshakes, 2048, "connections at once that are not yet a WebSocket: in TLS, or asking for a page")              \
    X(handshakes_per_address, 256, "of these, from one address (IPv6: one /64)")                                       \
    X(arrivals_per_address_minute, 600, "new connections from one address in a minute")                                \
    X(requests_per_address_minute, 6000, "requests for pages and figures from one address in a minute")                \
    X(opening_ms, 10000, "time from the connection to the end of its first request")                                   \
    X(page_ms, 120000, "how long a connection that only asks for pages may stand")                                     \
    X(memory_bytes, 4294967296, "memory of the relay above which no new session is taken; live ones go on")            \
    X(connections_per_address, 64, "public connections at once from one address (IPv6: one /64)")                      \
    X(connections_per_staff, 128, "connections at once of one member of staff")                                        \
    X(sessions, 10000, "sessions at once")                                                                             \
    X(sessions_per_staff, 50, "sessions that one member of staff may have open")                                       \
    X(waiting_per_staff, 20, "invitations of one member of staff that nobody has joined yet")                          \
    X(opens_per_staff_minute, 60, "invitations that one member of staff may make in a minute")                         \
    X(join_failures_per_address_minute, 20, "failed joins from one address in a minute; a success costs nothing")      \
    X(join_wait_ms, 60000, "how long an address above that waits, and twice as long each time it goes on, to an hour") \
    X(lookups_per_nameplate, 10, "joins by one code, right or wrong, before it is burnt")                              \
    X(hello_ms, 10000, "time from the connection to its first message")                                                \
    X(move_ms, 60000, "how long a second device of the customer may wait for the first one's answer")                  \
    X(confirm_ms, 60000, "how long a customer may sit unconfirmed while the agent is there; then the seat is free")    \
    X(besides, 512, "customers' second devices at once whose code nobody has typed yet")                               \
    X(besides_per_address, 32, "of these, from one address (IPv6: one /64)")                                           \
    X(beside_ms, 600000, "how long each of them may wait for that")                                                    \
    X(queue_bytes, 4194304, "bytes that wait for one receiver; at least 1048576")                                      \
    X(queue_bytes_all, 1073741824, "bytes that wait for all receivers together; near it the longest queues are cut")   \
    X(queue_ms, 2000, "age of the oldest picture that waits for one receiver")                                         \
    X(header_bytes, 4096, "bytes of the head of a request; a change waits for the next start")                         \
    X(hello_bytes, 8192, "bytes of the first message of a connection")                                                 \
    X(handshake_bytes, 16384, "bytes of a message in which the two ends prove themselves to each other")               \
    X(control_bytes, 65535, "bytes of a sealed message between the two ends")                                          \
    X(media_bytes, 524288, "bytes of a picture, or of a piece of a voice")                                             \
    X(log_bytes, 65536, "bytes of a note for the log")                                                                 \
    X(ask_bytes, 65536, "bytes of any other message to the relay itself")                                              \
    X(chatter_bytes_per_second, 4096, "bytes of pings and empty pieces from one connection in a second")               \
    X(messages_per_second, 600, "messages from one connection in a second")                                            \
    X(bytes_per_second, 2500000, "bytes from one connection in a second")                                              \
    X(grace_ms, 60000, "how long a seat is kept for an end that lost its connection; the policy may say less")         \
    X(returns_per_seat_minute, 30, "how often an end may come back to its seat in a minute")                           \
    X(log_requests, 256, "requests for parts of the log under /log that wait at once")                                 \
    X(renewals, 1024, "certificates that wait to be renewed, or to be fetched")                                        \
    X(case_asks_per_staff_minute, 600, "questions of one member of staff in a minute for what is kept of visits")      \
    X(log_pending, 64, "notes of one connection that wait for the log")                                                \
    X(log_bytes_per_minute, 131072,                                                                                    \
      "bytes of notes of one end of a session in a minute; eight minutes' worth at once")                              \
    X(log_bytes_per_staff_minute, 1048576, "the same of all sessions of one member of staff together, both ends")

/*     name             least, most: beyond these nobody could come in, or a mistyped number would be a year */
#define RELAY_LIMIT_RANGES(X)                                                                                          \
    X(connections, 1, 1000000)                                                                                         \
    X(handshakes, 1, 1000000)                                                                                          \
    X(handshakes_per_address, 1, 1000000)                                                                              \
    X(arrivals_per_address_minute, 1, 100000000)                                                                       \
    X(requests_per_address_minute, 1, 100000000)                                                                       \
    X(opening_ms, 500, 1800000)                                                                                        \
    X(page_ms, 500, 1800000)                                                                                           \
    X(memory_bytes, 33554432, RELAY_LIMIT_MOST) /* a relay without a session takes half of that */                     \
    X(connections_per_address, 1, 1000000)                                                                             \
    X(connections_per_staff, 1, 1000000)                                                                               \
    X(sessions, 1, 1000000)                                                                                            \
    X(sessions_per_staff, 1, 1000000)                                                                                  \
    X(waiting_per_staff, 1, 1000000)                                                                                   \
    X(opens_per_staff_minute, 1, 100000000)                                                                            \
    X(join_failures_per_address_minute, 1, 100000000)                                                                  \
    X(join_wait_ms, 1000, 3600000)                                                                                     \
    X(lookups_per_nameplate, 1, 1000000)                                                                               \
    X(hello_ms, 500, 1800000)                                                                                          \
    X(move_ms, 5000, 3600000)                                                                                          \
    X(confirm_ms, 5000, 3600000)                                                                                       \
    X(besides, 1, 4096) /* of 9000 codes */                                                                            \
    X(besides_per_address, 1, 4096)                                                                                    \
    X(beside_ms, 10000, 86400000)                                                                                      \
    X(queue_bytes, 1048576, 1073741824)           /* each of its parts holds the largest message of its kind */        \
    X(queue_bytes_all, 4194304, RELAY_LIMIT_MOST) /* of a few receivers */                                             \
    X(queue_ms, 100, 60000)                                                                                            \
    X(header_bytes, 1024, 65535)                                                                                       \
    X(hello_bytes, 5120, 65536) /* with the largest checkpoint that an end may have seen */                            \
    X(handshake_bytes, 4096, PROTO_MAX_HANDSHAKE_BYTES)                                                                \
    X(control_bytes, 32768, PROTO_MAX_CONTROL_BYTES)                                                                   \
    X(media_bytes, 65536, PROTO_MAX_MEDIA_BYTES)                                                                       \
    X(log_bytes, 32768, PROTO_MAX_LOG_BYTES)                                                                           \
    X(ask_bytes, 49152, PROTO_MAX_RELAY_BYTES)         /* a visit that is to be remembered has 40 kB */                \
    X(chatter_bytes_per_second, 256, RELAY_LIMIT_MOST) /* a browser's answers to our pings are some */                 \
    X(messages_per_second, 20, 100000000)              /* what costs most costs as much */                             \
    X(bytes_per_second, 16384, RELAY_LIMIT_MOST)                                                                       \
    X(grace_ms, 100, 86400000)                                                                                         \
    X(returns_per_seat_minute, 1, 1000000)                                                                             \
    X(log_requests, 1, 1000000)                                                                                        \
    X(renewals, 1, 1000000)                                                                                            \
    X(case_asks_per_staff_minute, 1, 100000000)                                                                        \
    X(log_pending, 1, 1000000)                                                                                         \
    X(log_bytes_per_minute, 16384, RELAY_LIMIT_MOST)       /* eight minutes hold the largest note */                   \
    X(log_bytes_per_staff_minute, 16384, RELAY_LIMIT_MOST) /* the same */
#define RELAY_LIMIT_MOST (INT64_C(1) << 40)

struct relay_limits {
#define RELAY_LIMIT_FIELD(name, value, help) int64_t name;
    RELAY_LIMIT_LIST(RELAY_LIMIT_FIELD)
#undef RELAY_LIMIT_FIELD
};
/* Each by its name, for whoever counts how often it was reached. */
enum relay_bound {
#define RELAY_BOUND_ENUM(name, value, help) RELAY_BOUND_##name,
    RELAY_LIMIT_LIST(RELAY_BOUND_ENUM)
#undef RELAY_BOUND_ENUM
        RELAY_BOUNDS
};
void relay_limits_defaults(struct relay_limits *limits);
/** As in the operator's file. */
const char *relay_limit_name(enum relay_bound bound);
/** Which values a bound may have. */
void relay_limit_range(enum relay_bound bound, int64_t *least, int64_t *most);

#define RELAY_WRONG_CODE "wrong_code"

struct relay_core_config {
    struct relay_limits limits;
    struct proto_random random;
    const char *join_host;       /* host[:port] as in links; copied */
    const char *origin;          /* of the log; copied */
    const uint8_t *token_secret; /* 32 bytes from which the tokens of seats are derived, so that they outlive a restart;
                                    copied, wiped */
    const char *org_note, *policy_note; /* texts to hand out; copied */
    const struct proto_org *org;        /* verified; copied */
    const struct proto_policy *policy;  /* verified; copied: gates are held to it, evidence is sealed to its key */
    /** Signs a relay event's text with the log key: appends text, blank line and signature line to `note`. */
    enum proto_err (*sign_event)(void *context, const char *text, struct proto_buf *note);
    /** A session's event, when it is on its way to the log: for the operator, who is told no names. May be NULL. */
    void (*tell)(void *context, const struct proto_event_note *event);
    /** This connection was refused, closed or made to wait by a bound of that name (RELAY_WRONG_CODE: it tried a code
     * that lets nobody in, which no bound forbids yet). For a firewall. May be NULL. */
    void (*refused)(void *context, uint32_t connection, const char *by);
    /** Newest durable checkpoint note; fills at most PROTO_LOG_CHECKPOINT_MAX bytes, empty text while the log is empty.
     */
    void (*checkpoint)(void *context, char note[static PROTO_LOG_CHECKPOINT_MAX]);
    /** A consistency proof between two sizes of the log; NOT_FOUND when there is none. */
    enum proto_err (*consistency)(void *context, uint64_t from, uint64_t to, struct proto_log_hashes *out);
    /** Is the leaf with this hash durable in the log, as a statement of this session? For gates. */
    bool (*leaf_durable)(void *context, const uint8_t leaf_hash[static 32], const uint8_t sid[static 16]);
    /** What an end says it has seen of the log (relay/log/appender.h, relay_log_judge); `note` "" when it has none. An
     * error is a claim that cannot be judged. May be NULL: then nobody is asked. */
    enum proto_err (*judge_log)(void *context, const struct proto_log_seen *seen, const char *note,
                                struct relay_log_verdict *out);
    /* For officers. Any of these may be NULL: then nobody gets it here. */
    /** The entries of one person (`ref`, or `sid`; the other is NULL) that an erasure would destroy, as ranges of
     * `out`; there may be none. `*more`: not all fit. Of the ended log with the origin `log`, or of the present one
     * ("" there). STATE: a session has not ended. NOT_FOUND: that log is not here. */
    enum proto_err (*erasable)(void *context, const char *log, const char *ref, const uint8_t sid[16],
                               struct proto_erasure *out, bool *more);
    /** Origins of the ended logs that are here; how many, RELAY_ENDED_MAX at most. */
    size_t (*ended)(void *context, char origins[RELAY_ENDED_MAX][PROTO_ERASURE_LOG_MAX + 1]);
    /** Could what names an ended log be erased there? NOT_FOUND: that log is not here. Changes nothing. */
    enum proto_err (*check_ended)(void *context, const struct proto_erasure *what);
    /** The log has the note: destroys it there, and sets `*erased`. */
    enum proto_err (*erase_ended)(void *context, const struct proto_erasure *what, uint64_t *erased);
    /** Could this policy be taken now? Changes nothing. The error is what is wrong with it. */
    enum proto_err (*check_policy)(void *context, const char *note);
    /** It is signed for in the log: take it (this leads to relay_core_set_notes). */
    enum proto_err (*take_policy)(void *context, const char *note);
    /** Holds a certificate of staff (PEM) to the profile and to our root, at this time. NULL: none is renewed here. */
    enum proto_err (*check_certificate)(void *context, const char *pem, struct proto_identity *out);
    void (*retain)(void *context); /* look for what is over its time, soon and not in the night; may be NULL */
    /** A part of the stored log as bytes (PROTOCOL.md 12.8); `*next` 0: the last. */
    enum proto_err (*read_log)(void *context, const struct relay_log_asked *asked, struct proto_buf *out,
                               uint64_t *next);
    /** The same of an ended log: also sets what says which one it is; all stays empty when it is not here. */
    enum proto_err (*read_ended)(void *context, unsigned n, bool sessions, uint64_t from, struct proto_buf *out,
                                 struct relay_ended_part *part);
    /**
     * For staff: what is kept (proto/wire/kept.h), of the customer or file `name`, from row or byte `from` on, as much
     * as fits into `out`; `*next` 0: that was the last. NULL: nothing is kept here.
     */
    enum proto_err (*read_kept)(void *context, enum proto_kept kind, const char *name, uint64_t from,
                                struct proto_buf *out, uint64_t *next, struct proto_now now);
    void *context;
};

/** RANGE: a limit, text or note outside its bounds. KEY: nothing can be sealed to the policy's evidence key. NOMEM. */
PROTO_MUST_USE enum proto_err relay_core_new(struct relay_core **out, const struct relay_core_config *config,
                                             struct proto_now now);
void relay_core_free(struct relay_core *core);
/**
 * After a start: a session that was live or waiting when the relay ended. Seats are empty, gates closed, until the ends
 * come back. FORMAT: the row is of an ended session, or not one of ours; EXISTS; NOMEM.
 */
PROTO_MUST_USE enum proto_err relay_core_restore(struct relay_core *core, const struct relay_store_session *row,
                                                 struct proto_now now);
/**
 * After a start, before anything else: the stored notes of officers and of the relay itself, in the order of the log,
 * so that their chains go on. FORMAT: not such a note.
 */
PROTO_MUST_USE enum proto_err relay_core_restore_act(struct relay_core *core, const uint8_t *note, size_t len);
/**
 * When all sessions are told: the same notes once more. A session that an officer stopped, and whose end did not come
 * into the log before the relay went down, ends now. FORMAT: not such a note; NOMEM.
 */
PROTO_MUST_USE enum proto_err relay_core_stop_again(struct relay_core *core, const uint8_t *note, size_t len,
                                                    struct proto_now now);
/* A note of the organisation that is not the newest that was in force here. */
struct relay_note_back {
    enum proto_taken_note which;
    uint64_t number, in_force; /* equal: another text of that number */
};
/**
 * When all of them are told: may these notes be served? REPLAY: one is older than what the log says was in force;
 * EXISTS: it is another of that number; nobody is to be served under it. `*back` says which.
 */
PROTO_MUST_USE enum proto_err relay_core_check_notes(const struct relay_core *core, struct relay_note_back *back);
/** And then: those that came while the relay did not run are logged as taken. */
void relay_core_note_notes(struct relay_core *core, struct proto_now now);
/**
 * Destroys these entries because their time is over: `ranges`, `count` and `basis` of `what` are used. BUSY: the
 * relay's own last note is not durable yet. The result is not told; what was not destroyed is still there the next
 * time.
 */
PROTO_MUST_USE enum proto_err relay_core_retain(struct relay_core *core, const struct proto_erasure *what,
                                                struct proto_now now);
/** Cases whose time is over go from the store; once a day is enough. */
void relay_core_expire_kept(struct relay_core *core, struct proto_now now);
/** New notes (SIGHUP): handed to everybody; connections of revoked staff are closed, their sessions end as `failed`. */
PROTO_MUST_USE enum proto_err relay_core_set_notes(struct relay_core *core, const char *org_note,
                                                   const struct proto_org *org, const char *policy_note,
                                                   const struct proto_policy *policy, struct proto_now now);
/** Other bounds from now on; what stands already stays. RANGE: as for new(), and nothing has changed. */
PROTO_MUST_USE enum proto_err relay_core_set_limits(struct relay_core *core, const struct relay_limits *limits);
/** Above memory_bytes, or no more: while it is full no session is opened or joined, and live ones go on. */
void relay_core_set_full(struct relay_core *core, bool full);
/** SIGTERM: no new session from now on; live ones are told. */
void relay_core_drain(struct relay_core *core, struct proto_now now);

/**
 * A connection stands (TLS and WebSocket done). `address` is text of the peer's address, for limits only. `staff` is
 * NULL at the public end, else the verified identity of the client certificate (copied). BUSY, REFUSED (revoked, or of
 * another organisation), NOMEM: close it, without closed(). ARGUMENT: the number is in use.
 */
PROTO_MUST_USE enum proto_err relay_core_open(struct relay_core *core, uint32_t connection, const char *address,
                                              const struct proto_identity *staff, struct proto_now now);
/** Something of it is about to be read: what its last message met is fetched from memory meanwhile. */
void relay_core_expect(const struct relay_core *core, uint32_t connection);
/** May a message of so many bytes come, by its first byte? Before memory is taken for it. false: counted; close it. */
bool relay_core_takes(struct relay_core *core, uint32_t connection, uint8_t type, size_t len);
/**
 * One whole WebSocket message. After an error: let pending bytes leave (an Error says why), then close the connection
 * and call closed(). The same is asked by next_wake, also when the session ended well. NOT_FOUND: no such connection.
 */
PROTO_MUST_USE enum proto_err relay_core_feed(struct relay_core *core, uint32_t connection, const uint8_t *message,
                                              size_t len, struct proto_now now);
/** The same of a message that was gathered in a slot of `len` bytes (relay/core/queue.h), which is taken in any case.
 */
PROTO_MUST_USE enum proto_err relay_core_feed_slot(struct relay_core *core, uint32_t connection,
                                                   struct relay_slot *slot, size_t len, struct proto_now now);
/**
 * The same of a message that need not be copied: with RELAY_ROOM_BYTES in front of it, to be written over, it stays
 * where it is until keep(), and whoever sends it before that sends it from there.
 */
PROTO_MUST_USE enum proto_err relay_core_feed_lent(struct relay_core *core, uint32_t connection, uint8_t *message,
                                                   size_t len, struct proto_now now);
void relay_core_keep(struct relay_core *core); /* what still waits of it is copied now */
/** The connection is gone (for any reason). Its queue is dropped; its seat waits for its token. */
void relay_core_closed(struct relay_core *core, uint32_t connection, struct proto_now now);

/** A message that waits to leave on this connection; NULL: none. Borrowed until sent() or another call for this
 * connection. */
uint8_t *relay_core_pending(struct relay_core *core, uint32_t connection, size_t *len, struct proto_now now);
void relay_core_sent(struct relay_core *core, uint32_t connection);
/** Connections that have something new to send or are to be closed, each once; false: no more. `*close`: close it after
 * its pending bytes. */
bool relay_core_next_wake(struct relay_core *core, uint32_t *connection, bool *close);

/** A job for the writer of the log; borrowed until the next call of next_job; NULL: none. */
const struct relay_job *relay_core_next_job(struct relay_core *core);
/** Its result. A job that could not be pushed is given back as a result with `err` set. */
void relay_core_job_done(struct relay_core *core, const struct relay_result *result, struct proto_now now);

int64_t relay_core_deadline(const struct relay_core *core);
void relay_core_tick(struct relay_core *core, struct proto_now now);

struct relay_core_figures {
    uint64_t connections, sessions_waiting, sessions_live, forwarded_messages, forwarded_bytes, blocked_messages,
        dropped_messages, refused_joins, refused_gates,
        refused_staff,                        /* asked for what policy or role forbid, outside of a session */
        refused_full,                         /* sessions that were not begun for lack of memory */
        log_entries, queue_bytes, log_claims, /* ends that said to have seen more of the log, or another one */
        renewals, renewals_refused,           /* of certificates, and those that the authority would not renew */
        log_broken;                           /* 1: one of them proved it; nothing is granted any more */
    struct relay_histogram joined;            /* from an invitation to its confirmed customer */
    struct relay_histogram waited[4];         /* in the queue of a receiver: voice, reliable, bulk, picture */
    /* How often somebody was refused, closed or made to wait by each; those of arrival.h are counted there. */
    uint64_t reached[RELAY_BOUNDS];
    /* From the arrival of a media message to its way out, by what it is of. */
    struct relay_histogram forwarded[PROTO_CAPABILITY_COUNT];
};
void relay_core_figures(const struct relay_core *core, struct relay_core_figures *out);

#endif
