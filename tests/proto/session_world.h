/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/proto/session_world.h - a customer's session and an agent's, and between them a relay with a log that does what
 * the test says: honest until a hand is put on it.
 *
 * One clock, no socket. What each end says is carried at once, unless the test holds it or alters it; what an end tells
 * its owner is kept in a row. The world sees into both ends (internal.h), so it can read a sealed message as its
 * receiver would.
 */
#ifndef TESTS_PROTO_SESSION_WORLD_H
#define TESTS_PROTO_SESSION_WORLD_H

#include "proto/session/internal.h"
#include "tests/proto/pairing_world.h"

enum {
    SW_EVENTS_MAX = 4096,
    SW_TRACE_MAX = 8192,
    SW_LEAVES_MAX = 512,
    SW_LEVELS = 10,
    SW_STREAMS = 64,
    SW_TEXT = 256,
    SW_STILL_MAX = 1 << 20
};

/* What an end told its owner; a copy that outlives the event. */
struct sw_event {
    enum proto_event_kind kind;
    enum proto_capability capability;
    enum proto_consent_state state;
    enum proto_connection_state connection;
    enum proto_end reason;
    enum proto_err err;
    enum proto_still_step step;
    bool on, verified;  /* capture, live, hold, extended; joined */
    uint32_t number;    /* of a request, seconds of expiring and hold, id of a still, which kind of data */
    size_t len;         /* how many are on a sheet, bytes of a still */
    char text[SW_TEXT]; /* purpose, message, chat, action, plaintext of a frame (cut) */
    char words[64];
    int64_t at_ms;
};

/* One message as it left an end, and what was inside. */
struct sw_message {
    struct sw_message *next;
    bool from_customer;
    size_t len;
    uint8_t bytes[];
};
struct sw_trace {
    bool from_customer; /* false with LOG: the receipt, from the relay */
    uint8_t type;
    enum proto_control control; /* of a CTL message */
    int64_t at_ms;
};

enum sw_spoil { /* what is wrong with the next receipts */
                SW_RECEIPT_GOOD,
                SW_RECEIPT_INCLUSION,
                SW_RECEIPT_CONSISTENCY,
                SW_RECEIPT_EVIDENCE_LINE,
                SW_RECEIPT_CHECKPOINT,
                SW_RECEIPT_LEAF,
                SW_RECEIPT_INDEX,
                SW_RECEIPT_OTHER_LOG, /* signed by a key that the organisation does not name */
                SW_RECEIPT_SPOILS
};

struct session_world {
    struct world base; /* organisation, certificates, randomness */
    struct proto_now now;
    uint8_t log_seed[32], log_secret[64], log_public[32], other_secret[64];
    char log_vkey[700];
    bool other_log_named; /* false: the organisation does not name this relay's log */

    struct proto_session *customer, *agent;
    bool customer_up, agent_up;
    bool customer_asleep; /* nothing of it runs, whatever time it is */
    uint32_t customer_connection, agent_connection;
    char link[512], code[32];
    struct proto_customer_config customer_config;
    struct proto_agent_config agent_config;

    /* the relay */
    uint8_t sid[16], cs_public[32];
    bool seated_customer, seated_agent;
    bool gate[SW_STREAMS];
    bool gates_forced; /* forwards everything */
    enum proto_err gate_error;
    handhold_Ended over;                          /* with a reason: what whoever comes back by token hears */
    bool forgot;                                  /* they hear that there is no such session */
    bool log_silent, log_refuses, proves_nothing; /* the last: asked whether its log only grew */
    enum sw_spoil spoil;
    struct proto_log_tree tree;
    uint8_t node[SW_LEVELS][SW_LEAVES_MAX][32];
    uint8_t commitment[SW_LEAVES_MAX][32], leaf[SW_LEAVES_MAX][48];
    unsigned log_adds_open, log_adds_open_max; /* LOG_ADD of the customer's end without an answer */
    size_t pending_adds;
    struct sw_message *unanswered, **unanswered_last;

    /** The relay's hand on what passes between the ends (HS, CTL, MEDIA); false: it is not carried. May change the
     * bytes. */
    bool (*hand)(struct session_world *sw, bool from_customer, uint8_t *bytes, size_t len);
    size_t aim, seen;               /* for its use */
    bool hold_customer, hold_agent; /* CTL of that end is held back until sw_release() */
    struct sw_message *held, **held_last;
    struct sw_message *kept, **kept_last; /* everything that was sent, when `keep` is set */
    bool keep;

    struct sw_event customer_events[SW_EVENTS_MAX], agent_events[SW_EVENTS_MAX];
    size_t customer_event_count, agent_event_count;
    char fork[4096];             /* what the last alarm showed of a forked log */
    uint8_t still[SW_STILL_MAX]; /* the last one that came whole, cut */
    struct sw_trace trace[SW_TRACE_MAX];
    size_t trace_count;
};

/** Set while an end is being called: a test that lets memory run out asks it. */
extern bool session_world_inside;

void sw_init(struct session_world *sw, uint8_t seed);
void sw_clear(struct session_world *sw);
/** Signs the organisation's notes again after a change. */
void sw_publish(struct session_world *sw);
/** The agent has opened a session and its invitation stands. Change agent_config before. */
void sw_invite(struct session_world *sw);
/** The customer comes with the link (or with the code when `by_code`). Change customer_config before. */
void sw_arrive(struct session_world *sw, bool by_code);
/** invite, arrive by link, joined: asserted. */
void sw_join(struct session_world *sw);
/** Asks and grants; the key is live at both ends: asserted. */
void sw_grant(struct session_world *sw, enum proto_capability capability);
void sw_request(struct session_world *sw, enum proto_capability capability);

void sw_connect(struct session_world *sw, bool customer);
/** The relay loses this connection and says so to the other end. */
void sw_cut(struct session_world *sw, bool customer);
/** Carries until nothing moves. */
void sw_carry(struct session_world *sw);
/** Time passes in the steps that both ends ask for; messages are carried on the way. */
void sw_pass(struct session_world *sw, int64_t ms);
/** As sw_pass, but in one leap: both ends are woken once, at the end. */
void sw_leap(struct session_world *sw, int64_t ms);
void sw_release(struct session_world *sw);    /* what was held is delivered now, in order */
void sw_answer_log(struct session_world *sw); /* LOG_ADDs that came while log_silent are answered now */
/** Hands these bytes to an end as if the relay had sent them. */
void sw_feed(struct session_world *sw, bool to_customer, const uint8_t *bytes, size_t len);
/** A message from the relay itself. */
void sw_say(struct session_world *sw, bool to_customer, const handhold_FromRelay *message);

enum proto_err sw_push(struct session_world *sw, enum proto_capability capability, const char *text, bool key);
enum proto_err sw_chat(struct session_world *sw, bool customer, const char *text);

/* ---- what was told ---- */
size_t sw_count(const struct session_world *sw, bool customer, enum proto_event_kind kind);
/** The newest event of this kind; NULL: none. */
const struct sw_event *sw_last(const struct session_world *sw, bool customer, enum proto_event_kind kind);
/** How often this end was told that the capability is in this state. */
size_t sw_consents(const struct session_world *sw, bool customer, enum proto_capability capability,
                   enum proto_consent_state state);
/** How many messages of this kind an end sent, since trace entry `from`. */
size_t sw_traced(const struct session_world *sw, size_t from, bool from_customer, uint8_t type,
                 enum proto_control control);
/** Place of the first one in the trace; SW_TRACE_MAX: none. */
size_t sw_first(const struct session_world *sw, size_t from, bool from_customer, uint8_t type,
                enum proto_control control);
void sw_forget_events(struct session_world *sw);

#endif
