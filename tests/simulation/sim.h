/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/simulation/sim.h - a world in one process: customers, agents and a relay under one virtual clock and a seeded,
 * faulty network, with real cryptography and a real log. A failure prints its seed, and the seed plays it again, byte
 * for byte.
 *
 *   sim.c     the world: clock, relay with its store and writer, crashes
 *   net.c     connections: two ordered rows of messages that are delayed, stalled, cut on one side before the other,
 *             tampered with
 *   people.c  what customers and agents are told, and what they truly agreed to
 *   deeds.c   what they do
 *   hub.c     the customer's other device, linked by its code
 *   fork.c    the relay that keeps two logs
 *   folder.c  the organisation on disk, for tests that read the log as an officer does
 *   judge.c   the invariants: checked at each message, and on the log when a world ends
 */
#ifndef TESTS_SIMULATION_SIM_H
#define TESTS_SIMULATION_SIM_H

#include "proto/beside/beside.h"
#include "proto/consent/statement.h"
#include "proto/session/session.h"
#include "relay/core/core.h"
#include "relay/log/appender.h"
#include "tests/proto/pairing_world.h"

enum {
    SIM_SESSIONS_MAX = 8,
    SIM_CONNECTIONS_MAX = 4096, /* numbers, not at once */
    SIM_GRANTS_MAX = 256,
    SIM_DEEDS_MAX = 512,
    SIM_STILLS_MAX = 256,
    SIM_FORK_SEEN_MS = 45000, /* later both ends know: half a minute for the relay to answer, and then some */
};

/* What may go wrong in this world, in thousandths of a chance at each occasion. */
struct sim_faults {
    unsigned cut;       /* a connection dies at a message */
    unsigned half_open; /* of those: one side learns it much later */
    unsigned stall;     /* a connection stands still for a while */
    unsigned crash;     /* the relay is killed, each second */
    unsigned tamper;    /* the relay alters, repeats, swaps or drops a message */
    unsigned disk_full; /* the log cannot be written, each group */
    unsigned fork;      /* the relay keeps two logs: not a chance, but so or not */
    unsigned hub;       /* customers have another device beside their phone: so or not */
    unsigned changed;   /* a changed companion sends a sealed frame once more, whatever was withdrawn, each message */
    unsigned nap;       /* the relay's machine or an end's stands still for up to 20 s, each second */
    unsigned date;      /* somebody sets the date of the relay's machine, each second */
    unsigned strict;    /* the relay's rules forbid what the ends' policy allows, as after a newer one: so or not */
};

struct sim_message {
    struct sim_message *next;
    int64_t at_ms;
    size_t len;
    uint8_t bytes[];
};

struct sim_connection {
    uint32_t number;
    bool up;                                /* the end believes in it */
    bool relay_up;                          /* the relay believes in it */
    int64_t end_learns_ms, relay_learns_ms; /* when a cut shows there */
    int64_t opens_ms;
    int64_t stalled_until_ms;
    struct sim_message *to_relay, **to_relay_last, *to_end, **to_end_last;
    struct sim_message *copy;  /* for the relay that repeats */
    struct sim_message *frame; /* for the changed companion */
    bool held, deaf, mute;     /* carries nothing; nothing from the relay; nothing towards it */
    size_t hold_behind;        /* carries so many bytes, and is held then; 0: not */
    bool dead;                 /* it was cut: what is said now gets lost, whoever believes in it still */
    bool away;                 /* once it is cut nobody comes through again */
    uint64_t carried, cut_at;  /* messages that came, either way; cut right behind this one; 0: not */
};

/* One consent as the customer truly gave it. */
struct sim_grant {
    enum proto_capability capability;
    int64_t given_ms, ended_ms; /* PROTO_NEVER while it holds */
    bool log_had_it;            /* a receipt was seen before the first frame */
};

/* What was decided, in order, as it must stand in the log. */
struct sim_deed {
    enum proto_capability capability;
    enum proto_statement_action action;
    int64_t unix_s;
};

struct sim_hub;

struct sim_end {
    struct sim_session *home;
    struct sim_hub *hub; /* NULL, or this is the line of that, which has no session */
    bool customer;
    struct proto_session *session;
    struct sim_connection line;
    int64_t reconnect_ms;
    unsigned failures;
    bool joined, ended;
    enum proto_end reason;
    uint32_t chat_sent, chat_got;
    int64_t next_act_ms, next_frame_ms;
    uint32_t asked; /* bit 1 << capability: on the sheet that is before this customer */
    int64_t answer_ms;
    uint32_t expiring; /* bits too: about to end */
    uint32_t still;    /* the one that the person looks at; 0: none */
    int64_t still_ms;
    bool on_hold, goodbye; /* as this end knows it */
    bool records;          /* the agent's */
    bool told_of_fork, has_proof;
    int64_t ended_ms;
    int64_t wakes_ms; /* nothing of this end runs before */
};

struct sim_hub {
    struct sim *sim;
    struct sim_end end;              /* its line to the relay */
    struct proto_beside pair, phone; /* its own end of the channel, and the phone's */
    struct proto_buf out;            /* messages behind their length u32 */
    size_t out_at;
    uint8_t token[PROTO_TOKEN_BYTES], sid[PROTO_SID_BYTES];
    struct proto_invite_code code;
    bool has_token, over;
    bool named, mistyped; /* the person has typed its code; once a wrong one */
    bool allowed;         /* the phone captures device state … */
    int64_t allowed_ms;   /* … or not, since then */
    int64_t type_ms, again_ms, tell_ms, pause_ms, mute_ms;
    int64_t heard_ms; /* when something of the phone came */
    uint64_t told, came;
};

struct sim_session {
    unsigned number;
    struct sim_end customer, agent;
    struct sim_hub *hub; /* owned; NULL: there is none */
    char link[512], code[32];
    struct sim_grant grants[SIM_GRANTS_MAX];
    unsigned grant_count;
    struct sim_deed deeds[SIM_DEEDS_MAX];
    unsigned deed_count;
    bool capturing[PROTO_CAPABILITY_COUNT];
    size_t still_sent[SIM_STILLS_MAX]; /* by number: bytes of what the person sent; 0: nothing */
    bool still_came[SIM_STILLS_MAX];
    uint64_t stills, holds, extensions, controls, recordings; /* that came whole; begun; made; taken; begun */
    uint8_t sid[16];
    bool gate_open[4][64]; /* by sender and stream, as the relay was told */
    bool sid_known, by_code;
    uint64_t frames_opened, frames_pushed;
    int64_t picture_ms; /* when the newest picture that opened was captured */
    int64_t end_ms;
    int64_t forked_ms; /* its agent got a receipt of the second log; 0: never */
    bool fork_taken;   /* and believed it: it continues what the agent had seen */
};

struct sim {
    uint64_t seed;
    struct proto_random_seeded seeded;
    struct proto_random random;
    struct proto_now now;
    struct sim_faults faults, weather; /* now, and as the world began */
    bool verbose;
    const char *folder; /* of the organisation, on disk; NULL: nothing is */

    struct world_root root;
    struct proto_credential agent, officer;
    struct proto_org org;
    struct proto_policy policy, strict;
    struct proto_buf org_note, policy_note;
    uint8_t evidence_secret[32], log_seed[32], log_public[32];
    char log_vkey[700];

    struct relay_store *store;
    struct relay_appender *appender;
    struct relay_core *core;
    struct sim_fork *fork; /* NULL: one log */
    bool relay_up;
    int64_t relay_returns_ms, next_crash_ms, disk_ms;
    int64_t relay_wakes_ms, next_nap_ms; /* nothing of it runs before; somebody falls asleep */
    int64_t relay_date_ms, next_date_ms; /* its machine's date is off by so much; is set anew */
    struct relay_job *jobs;              /* waiting for the disk */
    size_t job_count;
    uint32_t next_connection;

    struct sim_session sessions[SIM_SESSIONS_MAX];
    unsigned session_count;

    bool scripted; /* nobody acts by a whim of theirs: tests/cut does */
    void (*heard)(void *context, const struct sim_end *end, const struct proto_event *event); /* NULL: nobody listens */
    void *context;

    uint64_t messages, crashes, naps, dates, cuts, tampered, changed, forks, hub_told, hub_came;
    char failure[512]; /* empty: every invariant held */
};

/* sim.c */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t sim_random(struct sim *sim, uint64_t below);
bool sim_chance(struct sim *sim, unsigned thousandths);
/** What time it is on the relay's machine. */
struct proto_now sim_relay_now(const struct sim *sim);
bool sim_relay_runs(const struct sim *sim); /* it is up, and does not stand still */
/** Plays one world to its end. True: all invariants held. */
bool sim_play(struct sim *sim, uint64_t seed, unsigned sessions, struct sim_faults faults, bool verbose);

/** The same with its log on disk, in a folder as handhold-audit reads it. It is closed when this returns. */
bool sim_play_in(struct sim *sim, const char *folder, uint64_t seed, unsigned sessions, struct sim_faults faults,
                 bool verbose);

/** The same in steps: begin, step until that is false or until enough has happened, end. */
void sim_begin(struct sim *sim, const char *folder, uint64_t seed, unsigned sessions, struct sim_faults faults);
bool sim_step(struct sim *sim);
void sim_end(struct sim *sim);

/* fork.c */
struct sim_fork *sim_fork_new(struct sim *sim, const char *origin);
void sim_fork_free(struct sim_fork *fork); /* NULL is fine */
/** What an agent says to the log goes to the second one: true, it was answered. */
bool sim_fork_takes(struct sim *sim, struct sim_end *end, const uint8_t *bytes, size_t len);

/* folder.c */
void sim_folder_write(struct sim *sim);

/* net.c */
void sim_net_tick(struct sim *sim, struct sim_end *end);
int64_t sim_net_deadline(const struct sim *sim, const struct sim_end *end);
void sim_net_relay_died(struct sim *sim);
void sim_net_clear(struct sim_connection *line);
/** What is on its way is lost, and the end learns of it at once. */
void sim_net_cut(struct sim *sim, struct sim_connection *line);
/** From the relay to an end, behind what is on its way. */
void sim_net_tell(struct sim *sim, struct sim_end *end, const uint8_t *bytes, size_t len);
void sim_net_wakes(struct sim *sim); /* what the relay has to send or to close */

/* people.c */
void sim_people_begin(struct sim *sim, struct sim_session *session);
void sim_people_tick(struct sim *sim, struct sim_end *end);
int64_t sim_people_deadline(const struct sim *sim, const struct sim_end *end);
void sim_people_events(struct sim *sim, struct sim_end *end);

/* hub.c */
void sim_hub_begin(struct sim *sim, struct sim_session *session);
void sim_hub_free(struct sim_hub *hub); /* NULL is fine */
bool sim_hub_wants_connection(const struct sim_hub *hub);
void sim_hub_connected(struct sim_hub *hub);
void sim_hub_disconnected(struct sim_hub *hub);
void sim_hub_feed(struct sim_hub *hub, const uint8_t *bytes, size_t len);
const uint8_t *sim_hub_pending(const struct sim_hub *hub, size_t *len);
void sim_hub_sent(struct sim_hub *hub);
/** What the phone's session says. */
void sim_hub_event(struct sim_hub *hub, const struct proto_event *event);
void sim_hub_tick(struct sim_hub *hub);
int64_t sim_hub_deadline(const struct sim_hub *hub);

/** The customer has the invitation now. */
void sim_customer_arrives(struct sim *sim, struct sim_session *session);
/** The tap: true from here on, whatever becomes of it. */
void sim_customer_allows(struct sim *sim, struct sim_end *customer, enum proto_capability capability);
struct sim_grant *sim_open_grant(struct sim_session *session, enum proto_capability capability);
void sim_note_deed(struct sim *sim, struct sim_session *session, enum proto_statement_action action,
                   enum proto_capability capability);

/* judge.c */
/** Every byte that the relay gets or sends: no planted text may be in it. */
void sim_judge_bytes(struct sim *sim, const uint8_t *bytes, size_t len);
/** What the relay was told of gates, and what it forwards. */
void sim_judge_gates(struct sim *sim, struct sim_session *session, const uint8_t *bytes, size_t len);
void sim_judge_forwarded(struct sim *sim, const struct sim_session *session, const uint8_t *bytes, size_t len);
void sim_judge_frame(struct sim *sim, struct sim_session *session, const struct proto_event *event);
/** A still that is whole at the agent: one that the person sent, byte for byte, and once. */
void sim_judge_still(struct sim *sim, struct sim_session *session, const struct proto_event *event);
void sim_judge_log(struct sim *sim);
/** Invariant 7: who was shown one of two logs, and talked to who was shown the other, knows it. */
void sim_judge_forks(struct sim *sim);
/** What is in a still of this number: a function of it alone. */
void sim_still_fill(const struct sim_session *session, uint32_t id, uint8_t *bytes, size_t len);
#define SIM_PLANT "PLANTED-PLAINTEXT"
#define SIM_PURPOSE "to see the lamp" /* what agents say when they ask */

#endif
