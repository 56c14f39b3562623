/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/relay/log_fixture.h - an organisation in a temporary folder, with a log as its customers, agents and relay
 * would have written it: real certificates, real signatures, real evidence, from a seed.
 *
 *     log_fixture_open(&f);
 *     log_session_begin(&f, &s, "C-1001", "T-77");
 *     log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
 *     log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to read the label", 600);
 *     …
 *     log_session_end(&f, &s, PROTO_END_COMPLETED);
 *     log_fixture_settle(&f);         the databases are closed and may be read, copied, altered
 *     log_fixture_close(&f);          the folder is gone
 *
 * Failures are cmocka assertions.
 */
#ifndef TESTS_RELAY_LOG_FIXTURE_H
#define TESTS_RELAY_LOG_FIXTURE_H

#include "proto/consent/statement.h"
#include "proto/identity/credential.h"
#include "proto/identity/org.h"
#include "proto/identity/policy.h"
#include "relay/log/appender.h"
#include "relay/store/store.h"

#define LOG_FIXTURE_DOMAIN "example.org"
#define LOG_FIXTURE_ORIGIN "help.example.org/audit/example.org"
#define LOG_FIXTURE_BEGIN_MS INT64_C(1790000010000)
enum { LOG_FIXTURE_RIDES = 8 };

struct log_fixture {
    char folder[64]; /* D */
    struct proto_random_seeded seeded;
    struct proto_random random;
    struct relay_store *store;
    struct relay_appender *appender;
    uint8_t log_seed[32];
    char log_vkey[PROTO_ORG_VKEY_BYTES + 1];
    uint8_t evidence_key[32]; /* public */
    struct proto_org org;
    struct proto_policy policy;
    struct proto_credential officer, agent;
    uint8_t root_secret[64];
    uint8_t recorded_key[32]; /* the agent's, as `created` records it */
    int64_t now_ms;           /* the only clock */
    uint64_t tickets;
    uint32_t sessions;
    uint64_t entry; /* of the last note that was logged */
    uint8_t leaf_hash[32];
    struct log_own { /* the relay's notes about itself */
        uint32_t seq;
        uint8_t prev[32];
    } own;
    struct {
        bool commitment, kind, signature;
        bool bare;       /* an event without the keys and fingerprints that belong to it */
        bool shown;      /* a statement: on the sheet stood something else */
        int64_t ago_s;   /* a note that says to be so much older than it is */
        const char *log; /* which an officer's note is for; NULL: this one */
    } spoil;             /* what is wrong with the next note, though the log takes it in good faith; then false again */
};

/* What a signer remembers between two notes. */
struct log_chain {
    uint32_t seq;
    uint8_t prev[32];
};

struct log_session {
    struct relay_store_session row;
    uint8_t cs_secret[64];
    struct log_chain customer, agent;
    struct proto_buf rides[LOG_FIXTURE_RIDES]; /* owned: rekey notes that wait for the next leaf */
    size_t ride_count;
    uint8_t seen_by_agent[32]; /* the customer's key, as the agent's first event names it */
    const char *stopped_by;    /* serial, as `ended` says it; NULL: nobody */
    const char *ended_by;      /* as `ended` says it; NULL: the agent */
    bool lone;                 /* the agent's line does not come in time */
    uint32_t epoch;
    uint8_t grant_leaf[32]; /* of the last grant */
};

void log_fixture_open(struct log_fixture *f); /* in memory, where there is room */
void log_fixture_open_in(struct log_fixture *f, const char *parent);
void log_fixture_settle(struct log_fixture *f);
void log_fixture_resume(struct log_fixture *f); /* after settling: the log goes on */
void log_fixture_close(struct log_fixture *f);
void log_fixture_pass(struct log_fixture *f, int64_t seconds);

/** Row and event `created`. Either text may be "". */
void log_session_begin(struct log_fixture *f, struct log_session *s, const char *customer, const char *ticket);
/** A relay event with details: key, value, …, NULL. Keys and fingerprints that belong to it are filled in if not given.
 */
void log_session_event(struct log_fixture *f, struct log_session *s, enum proto_act act,
                       enum proto_capability capability, ...);
void log_session_agent_event(struct log_fixture *f, struct log_session *s, enum proto_act act,
                             enum proto_capability capability);
/** A statement; what the session knows by itself (numbers, time, grantee, …) is filled in. A rekey rides. */
void log_session_state(struct log_fixture *f, struct log_session *s, struct proto_statement st);
void log_session_grant(struct log_fixture *f, struct log_session *s, enum proto_capability capability,
                       const char *purpose, uint32_t max_s);
void log_session_answer(struct log_fixture *f, struct log_session *s, enum proto_statement_action action,
                        enum proto_capability capability, const char *purpose);
/** Gate opened on the last grant, started; and stopped, gate closed. */
void log_session_show(struct log_fixture *f, struct log_session *s, enum proto_capability capability,
                      const char *stream);
void log_session_hide(struct log_fixture *f, struct log_session *s, enum proto_capability capability,
                      const char *stream, const char *frames, const char *bytes);
/** The relay's `ended`, and the row with it. */
void log_session_end(struct log_fixture *f, struct log_session *s, enum proto_end reason);

/** A note of no session, as somebody signed it. */
void log_fixture_put(struct log_fixture *f, enum proto_log_class kind, const uint8_t *note, size_t len,
                     const uint8_t r[static 32], struct relay_result *result);
/** The relay refused the fixture's agent a session that many times, and says so in its own chain. */
void log_fixture_refused(struct log_fixture *f, unsigned times);
/** The relay says there that this note of its organisation is in force (org-taken, policy-taken). */
void log_fixture_taken(struct log_fixture *f, enum proto_act act, uint64_t number, const uint8_t hash[static 32]);
/** After a change of f->policy: the officer signs it, and it lies in the folder. */
void log_fixture_sign_policy(struct log_fixture *f);
/** The organisation takes a certificate back, as of then: a new org.note lies in the folder. */
void log_fixture_revoke(struct log_fixture *f, const struct proto_credential *whose, int64_t time_s);
/** The organisation lists another log of its own, under this name: a new org.note lies in the folder. */
void log_fixture_list(struct log_fixture *f, const char *origin);
/** The relay says that it erased these because their time is over; nothing is erased. */
void log_fixture_retain(struct log_fixture *f, uint64_t first, uint64_t last, const char *basis);

/** An officer's note, written so many seconds ago, that these were erased; nothing is. `by` NULL: of nobody. */
void log_fixture_erasure(struct log_fixture *f, uint64_t first, uint64_t last, const struct proto_credential *by,
                         int64_t ago_s);
/** The officer's first note: that they signed this policy through the relay. */
void log_fixture_signed_policy(struct log_fixture *f, uint64_t number);
/** The first note of an officer: that session was stopped. */
void log_fixture_stopped(struct log_fixture *f, const struct log_session *s, const struct proto_credential *by);
/** After settling: what such a note names goes. */
void log_fixture_erase(const struct log_fixture *f, uint64_t first, uint64_t last);
/** The relay says that it took a policy of this number, with this hash. */
void log_fixture_took(struct log_fixture *f, uint64_t number, const uint8_t hash[static 32]);

/** What somebody does to one of the databases behind the relay's back ("relay.db", "keys.db"). */
void log_fixture_alter(const struct log_fixture *f, const char *database, const char *sql);
/** Keeps the databases as they are now; puts them back as they were then; forgets them. One fixture at a time. */
void log_fixture_keep(const struct log_fixture *f);
void log_fixture_put_back(const struct log_fixture *f);
void log_fixture_forget(void);

/** Two sessions that ended and one that waits: what most tests want to read, or to damage. */
void log_fixture_story(struct log_fixture *f);
/** The id of the session that begins the story. */
extern const char log_fixture_first_sid[];

#endif
