/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/state.h - the core from inside: its connections (peers), sessions (rooms), gates and what waits for the
 * log.
 *
 * Who may free what: a peer goes only in relay_core_closed(), a room only when the result of a job comes back; so both
 * outlive any feed. A gate goes whenever it closes, also because a message to somebody else failed: look it up again
 * after a send.
 */
#ifndef RELAY_CORE_STATE_H
#define RELAY_CORE_STATE_H

#include "proto/consent/gate.h"
#include "proto/consent/statement.h"
#include "proto/util/buf.h"
#include "proto/wire/message.h"
#include "relay/core/core.h"
#include "relay/core/limits.h"
#include "relay/core/queue.h"
#include "relay/core/table.h"
#include "relay/core/timers.h"

enum {
    RELAY_SEATS = 3, /* by index: 0 is the relay, 1 the customer, 2 the agent */
    RELAY_STREAMS = PROTO_MAX_STREAM + 1,
    RELAY_ROOM_GATES = 32,     /* open at once in one session; ten capabilities and some change of streams */
    RELAY_HELD_MAX = 4,        /* notes of a customer whom the agent has not confirmed yet */
    RELAY_EVENTS_GATE = 32,    /* no gate is opened while more events than these wait for the log … */
    RELAY_EVENTS_BLOCKED = 64, /* … no blocked stream is noted … */
    RELAY_EVENTS_RETURN = 96,  /* … nobody comes back: what is above is left for what closes and ends */
    RELAY_LOG_RETRY_MS = 1000, /* the disk may have room again */
    RELAY_REPORT_MS = 100,     /* QueueReport of one stream at most this often … */
    RELAY_REPORT_FROM_MS = 20, /* … and not of less than this: a message is always on its way */
    RELAY_TELL_MS = 1000,      /* Blocked and "somebody tried to join" at most this often */
    RELAY_QUIET_MS = 2000, /* after the relay closed a gate by itself, what still arrives is no attempt worth a note */
    RELAY_MOVE_MS = 20000, /* the customer is asked at most this often whether to go on on another device … */
    RELAY_MOVES_AT_ONCE = 3,   /* … but for a first few */
    RELAY_BESIDE_TRIES = 6,    /* nameplates that one customer may try in a minute */
    RELAY_REFUSED_AT_ONCE = 8, /* refused gates of a session that the log has each for itself … */
    RELAY_REFUSED_MS = 60000,  /* … then together once in this time; as what is refused outside of sessions */
    RELAY_REFUSALS_MAX = 1024, /* members of staff who were refused lately */
    RELAY_RECENT = 4096,
    RELAY_TOKEN_SECRET_BYTES = 32,
};

/* What a message costs of messages_per_second, when it makes the relay do more than forward. */
enum { RELAY_COST_FORWARD = 1, RELAY_COST_LOG = 10, RELAY_COST_ASK = 20 };

enum relay_peer_state {
    RELAY_PEER_NEW,     /* nothing but Hello */
    RELAY_PEER_STAFF,   /* said Hello, may open a session */
    RELAY_PEER_OPENING, /* its session is not durable yet */
    RELAY_PEER_SEATED,
    RELAY_PEER_BESIDE,  /* a customer's second device: waits under a nameplate, or is joined to a room */
    RELAY_PEER_MOVING,  /* has no seat yet: asks the device that sits there */
    RELAY_PEER_CLOSING, /* what waits may leave, then the connection closes */
};

struct relay_peer {
    struct relay_link link; /* core->peers */
    struct relay_timer timer;
    uint32_t connection;
    enum relay_peer_state state;
    enum proto_err failed;        /* why it is closing; OK: its session ended */
    struct proto_identity *staff; /* owned; NULL at the public end */
    struct relay_tally *tally;    /* of its address, or of the member of staff; held */
    struct relay_room *room;      /* borrowed; NULL without a seat, and without one that is asked for (MOVING) */
    uint8_t index;
    struct relay_room *beside_room;                   /* borrowed; BESIDE: whose device it is; NULL: it waits … */
    struct relay_peer *beside_next;                   /* … in core->besides … */
    char beside_plate[RELAY_STORE_NAMEPLATE_MAX + 1]; /* … under this */
    struct relay_queue queue;
    struct relay_bucket messages, bytes;
    struct relay_peer *wake_next, *wake_prev;
    bool waking;
    bool sees_another_log; /* by its word: no session and no gate for it */
    uint8_t looked_up;     /* an officer: so many sessions and people, without */
    uint8_t planned[8];    /* of the one whose erasure was asked about last, the beginning of a hash */
    bool may_read;         /* an officer, who said by this connection that the log is read, and the log has it */
};

struct relay_gate {
    struct proto_gate said; /* as the customer signed it */
    struct proto_now opened;
    int64_t until_ms;
    uint64_t frames, bytes; /* forwarded */
    bool before_restart;    /* nothing passes: it is here until the log has it as closed */
    int64_t reported_ms;    /* when its sender was last told what waits */
    bool reported;          /* and that was more than nothing */
    struct relay_lane lane;
};

struct relay_seat {
    struct relay_peer *peer; /* borrowed; NULL: away */
    bool was_present;        /* as the log has it: joined or returned, and not lost since */
    uint32_t generation;     /* of its token */
    uint32_t connections;    /* so far */
    int64_t away_since_ms;
    struct relay_bucket returns;
    struct relay_bucket noted; /* bytes of its notes */
    unsigned log_pending;
    int64_t since_ms;                        /* the connection that sits there took it then */
    int64_t quiet_until_ms, blocked_next_ms; /* Blocked may be said again from then */
    uint64_t blocked_noted;                  /* bit of each stream that the log has as blocked */
    uint32_t *blocked;                       /* owned; RELAY_STREAMS counts; NULL: nothing was blocked */
    uint8_t gate_at[RELAY_STREAMS];          /* place in room->gates, from 1; 0: no gate */
    uint8_t capability_at[RELAY_STREAMS];    /* of the last gate of the stream */
};

/* A signer of notes that belong to no session: an officer's certificate, or the relay. */
struct relay_chain {
    uint8_t key[PROTO_HASH_BYTES]; /* H(name of the signature line) */
    uint32_t seq;                  /* of the last note; 0: none */
    uint8_t prev[PROTO_HASH_BYTES];
    bool flying; /* its next note is with the writer */
};

/* What a note of such a signer brings about, and who waits for the answer. */
struct relay_act {
    uint32_t connection; /* 0: nobody */
    uint8_t key[PROTO_HASH_BYTES], text_hash[PROTO_HASH_BYTES];
    uint32_t seq;
    int64_t unix_s;                    /* as its note says */
    struct proto_erasure erasure;      /* count 0: none; `log` is empty when it is this one */
    char *policy;                      /* owned: to be taken; NULL: none */
    bool views;                        /* an officer's: that the log is read */
    bool notes_taken;                  /* the relay's own: it took a note of the organisation … */
    enum proto_taken_note taken;       /* … this one … */
    bool notes_renewal;                /* … or somebody has a new certificate … */
    uint8_t renewal[PROTO_HASH_BYTES]; /* fingerprint of the old one */
    uint32_t refusal;                  /* … or somebody was refused: number of the refusal; 0: no */
    struct relay_room *stops; /* borrowed: the session that it ended, with whose notes its own waits; NULL: none … */
    bool told;                /* … and that it waits, the officer knows */
};

/* What a member of staff asked for outside of a session, and may not have: refusals.c. */
#define RELAY_REFUSAL_CAUSES(X)                                                                                        \
    X(TICKET, "ticket") /* a session without the reference that the policy wants */                                    \
    X(ROLE, "role")     /* something that is not for their role */
enum relay_refusal_cause {
#define RELAY_REFUSAL_ENUM(id, name) RELAY_REFUSED_##id,
    RELAY_REFUSAL_CAUSES(RELAY_REFUSAL_ENUM)
#undef RELAY_REFUSAL_ENUM
};
struct relay_refusal {
    uint32_t number;
    enum relay_refusal_cause cause;
    struct proto_identity staff;
    uint32_t times, noting; /* not in the log yet; of these in a note that is with the writer */
    int64_t next_ms;        /* not noted again before */
};

/* A certificate that is to be renewed: on_renew.c. */
enum relay_renewal_state {
    RELAY_RENEWAL_WAITING,  /* for the authority */
    RELAY_RENEWAL_TO_NOTE,  /* signed; the log does not have it yet … */
    RELAY_RENEWAL_NOTING,   /* … and is about to */
    RELAY_RENEWAL_ANSWERED, /* until the asker fetches it */
};
struct relay_renewal {
    enum relay_renewal_state state;
    struct proto_identity staff, renewed;              /* of the certificate that asks, and of the new one */
    char *request, *certificate;                       /* owned */
    char officer[2 * PROTO_IDENTITY_SERIAL_BYTES + 1]; /* who brought it */
    uint32_t connection, giver;                        /* who asked last, who brought it; either may have left */
    enum proto_err err;
    char message[256];
};

/* Something for the writer of the log. */
struct relay_task {
    struct relay_task *next;
    struct relay_link link; /* core->flying, by ticket */
    uint64_t ticket;
    enum { RELAY_TASK_EVENT, RELAY_TASK_ROW, RELAY_TASK_ADD, RELAY_TASK_ACT, RELAY_TASK_KEPT } kind;
    struct relay_act *act;    /* owned; ACT */
    enum relay_job_kept kept; /* KEPT, and the next */
    int64_t until_ms;
    int64_t dated_ms;             /* of a note that may not wait; 0: it may */
    bool created, final, closing; /* the event that begins a session, the one that ends it, one that ends something */
    struct relay_room *room;      /* EVENT and ROW, and an ACT that stopped it; the room waits for them */
    uint64_t event_seq;           /* of the row that is saved with it, as it was then */
    uint8_t event_prev[PROTO_HASH_BYTES];
    uint8_t secret[RELAY_STORE_SECRET_MAX];
    size_t secret_len;
    uint8_t sid[PROTO_SID_BYTES], index; /* ADD: who asked */
    enum proto_log_class leaf_class;
    uint8_t commitment[PROTO_HASH_BYTES];
    uint64_t seen_size;
    size_t evidence_len;
    uint8_t evidence[];
};
struct relay_tasks {
    struct relay_task *first, *last;
    unsigned count;
};

struct relay_room {
    struct relay_link by_sid, by_nameplate;
    bool has_nameplate;
    struct relay_timer timer;
    struct relay_store_session row; /* what survives a restart; `secret` is filled when it is saved */
    enum proto_role role;           /* of the agent */
    char serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1];
    struct relay_tally *staff; /* held */
    struct relay_seat seat[RELAY_SEATS];
    struct relay_bucket moves, beside_tries;
    struct relay_peer *beside; /* borrowed; the customer's second device; NULL: none, or away */
    uint32_t beside_generation, beside_connections;
    struct relay_peer *mover; /* borrowed; the customer's second device, which asks to go on there; NULL: none */
    bool restored, opened, authenticated, ended;
    bool joined_by_code;
    bool waits;    /* counted in staff->waiting */
    bool revoked;  /* the agent's certificate: why it ends */
    bool end_owed; /* its last event could not be made for lack of memory */
    enum proto_end end_reason;
    uint8_t ended_by;
    bool has_customer_key, has_agent_key;
    uint8_t customer_key[PROTO_KEY_BYTES], agent_key[PROTO_KEY_BYTES];
    int64_t expires_ms, code_expires_ms, retry_ms, intruder_next_ms;
    int64_t code_expires_unix_ms;
    uint32_t lookups, gate_seq;
    uint32_t refused_gates; /* that the log has not yet */
    struct relay_bucket refusals;
    struct relay_gate *gates[RELAY_ROOM_GATES]; /* owned */
    unsigned gate_count;
    struct relay_tasks outbox; /* in order; one at a time is with the writer */
    struct relay_task *flying;
    struct relay_tasks held; /* of a customer whom the agent has not confirmed yet */
    struct relay_stop {      /* by an officer */
        char reason[PROTO_MAX_VALUE_BYTES + 1], serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1];
    } * stop; /* owned; NULL: none */
};

/*
 * Of the connections with the same low bits the one that was looked for last: most messages need no hash. And what its
 * last picture or voice met, for relay_core_expect(): never followed, because it may be gone.
 */
struct relay_trail {
    struct relay_peer *peer;
    const struct relay_seat *seat;
    struct relay_gate *const *place; /* in room->gates */
    const struct relay_gate *gate, *gate_before;
    const struct relay_seat *to_seat;
    const struct relay_peer *to;
};

enum { RELAY_OVER = 4096 };

/* A session or invitation that is over. Lost with a restart: who comes then hears that there is none. */
struct relay_over {
    uint8_t sid[PROTO_SID_BYTES];
    uint32_t generation[RELAY_SEATS]; /* of the tokens that were good at its end */
    uint8_t err, reason, by;
    char *stopped; /* owned; the officer's reason; NULL: nobody stopped it */
};

struct relay_core {
    struct relay_core_config config; /* texts, org and policy are owned below */
    struct relay_limits limits;
    char join_host[262], origin[PROTO_LOG_ORIGIN_MAX + 1];
    uint8_t *token_secret;        /* owned; RELAY_TOKEN_SECRET_BYTES that are not swapped out */
    char *org_note, *policy_note; /* owned */
    struct proto_org *org;        /* owned */
    struct proto_policy *policy;  /* owned */
    bool draining, full;
    struct relay_chain *chains; /* owned; as many as certificates of officers ever signed here */
    size_t chain_count;
    struct proto_taken taken[PROTO_TAKEN_COUNT]; /* what the log knew at the start to be in force */
    bool unnoted[PROTO_TAKEN_COUNT];             /* the log does not know yet that this one is */
    struct relay_renewal **renewals;             /* owned, as each of them; oldest first */
    size_t renewal_count;
    struct relay_refusal *refusals; /* owned */
    size_t refusal_count;
    uint32_t refusal_number;
    uint32_t renew_watcher;                  /* connection that is told of new requests; 0: none */
    struct relay_trail trails[RELAY_RECENT]; /* by the low bits of the connection */
    struct relay_table peers, by_sid, by_nameplate, flying;
    struct relay_tallies addresses, staff;
    struct relay_timers timers;
    struct relay_queue_bounds bounds;
    struct relay_over over[RELAY_OVER]; /* a ring */
    size_t over_next;
    struct relay_peer *wake_first, *wake_last;
    struct relay_tasks ready, ready_closing;
    struct relay_peer *besides; /* borrowed: second devices that wait for the first */
    size_t beside_count;
    uint64_t tickets;
    struct relay_job job; /* handed out */
    struct relay_store_session job_row;
    struct relay_core_figures figures;
    struct proto_buf scratch; /* a message being made */
    handhold_FromRelay out;   /* and its content */
    union {
        handhold_ToRelay to_relay;
        handhold_LogAdd log_add;
    } in;
};

#endif
