/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/relay/core_world.h - a relay core with everything around it in memory: a clock that the test moves, a log that
 * answers at once, staff with certificates that nobody had to sign, and ends that say what the test makes them say.
 */
#ifndef TESTS_RELAY_CORE_WORLD_H
#define TESTS_RELAY_CORE_WORLD_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "proto/consent/gate.h"
#include "proto/consent/statement.h"
#include "proto/seal/note.h"
#include "proto/wire/message.h"
#include "relay/core/core.h"
#include "tests/relay/bounds.h"

#define WORLD_ORIGIN "relay.example.org/audit/example.org"
#define WORLD_ENDED "relay.example.org/audit/old" /* a log that ended before */

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

enum { WORLD_ENTRIES = 4096, WORLD_ROWS = 64, WORLD_STAFF = 5 };

struct entry {
    enum proto_log_class kind;
    uint8_t commitment[32], sid[16], leaf_hash[32];
    uint8_t *evidence;
    size_t evidence_len;
};

struct world {
    struct relay_core *core;
    struct relay_limits limits;
    struct proto_org org;
    struct proto_policy policy;
    struct proto_identity staff[WORLD_STAFF]; /* agent 0, agent 1, supervisor, integrator, officer */
    struct proto_random_seeded seeded;
    struct proto_now now;
    uint8_t evidence_public[32], evidence_secret[32], log_public[32], log_secret[64], token_secret[32];
    size_t entry_count, row_count; /* of these below */
    uint8_t officer_secret[64];
    struct proto_erasure plan; /* what an erasure would destroy */
    enum proto_err plan_err, policy_err;
    unsigned log_reads, policies_taken;
    struct proto_identity certificate; /* what any new certificate says … */
    enum proto_err certificate_err;    /* … or what is wrong with it */
    uint64_t erased;                   /* entries that jobs named */
    char ended_asked[64];              /* of which log was asked what would be erased */
    uint64_t ended_erased;             /* entries of the ended log */
    enum proto_err ended_err;
    struct relay_log_verdict verdict;
    bool disk_full, writer_full, keeps_nothing;
    size_t evidence_bytes; /* of what session_log sends; 0: a few */
    bool signs_nothing;    /* of the relay's events, for whoever plays many worlds */
    struct kept_job {      /* what is no part of the log, as it came */
        enum relay_job_kept kind;
        uint8_t sid[16];
        size_t len;
        int64_t until_ms;
    } kept[16];
    size_t kept_count;
    char kept_asked[129];        /* of whom, or which file */
    uint32_t connections, asked; /* so far */
    uint64_t told[RELAY_BOUNDS]; /* of how many that a bound refused the core has said which connection it was … */
    unsigned wrong_codes;        /* … and of how many that tried a code */
    /* Last, because most of them are never looked at: nobody clears them. */
    struct entry entries[WORLD_ENTRIES];
    struct relay_store_session rows[WORLD_ROWS];
};

void world_new(struct world *w);     /* defaults, and started */
void world_furnish(struct world *w); /* defaults alone */
void world_begin(struct world *w);   /* a core of these limits, org and policy */
void world_again(struct world *w);   /* the same under limits that the test has set meanwhile */
void world_free(struct world *w);
/** Has a world that was freed reached this bound? Whom it refused was told of each time. */
bool world_has_reached(const char *bound);
/** Each bound that the list has for this test was. */
void world_expect_bounds(enum bounds_test test);
/** The core forgets everything; a new one is given the rows that are durable. */
void world_restart(struct world *w);
void world_pass(struct world *w, int64_t ms); /* time passes, and the core hears of it */
/** The log answers all jobs, until there are none. */
void world_work(struct world *w);
void world_work_some(struct world *w, unsigned jobs);

uint32_t world_connect(struct world *w, const struct proto_identity *staff, const char *address);
/** The same of staff who have said hello, and heard what follows. */
uint32_t world_connect_staff(struct world *w, const struct proto_identity *staff);
enum proto_err world_say(struct world *w, uint32_t connection, uint8_t src, const handhold_ToRelay *message);
/** Any message with an envelope. */
enum proto_err world_send(struct world *w, uint32_t connection, enum proto_type type, uint8_t src, uint8_t dst,
                          const void *body, size_t len);
enum proto_err world_media(struct world *w, uint32_t connection, const struct proto_media_header *header, size_t len);

/** The next message for this connection, sent; NULL: none. Valid until the next call. */
const uint8_t *world_take(struct world *w, uint32_t connection, size_t *len);
/** Skips to the next FromRelay of this kind; NULL: none is there. */
const handhold_FromRelay *world_hear(struct world *w, uint32_t connection, pb_size_t tag);
const handhold_LogReceipt *world_receipt(struct world *w, uint32_t connection);
/** Skips to the next message of this type (HS, CTL, MEDIA), whole. */
const uint8_t *world_get(struct world *w, uint32_t connection, enum proto_type type, size_t *len);
void world_silence(struct world *w, uint32_t connection); /* takes all and forgets it */
/** Is the core about to close this connection? Takes all wakes. */
bool world_closing(struct world *w, uint32_t connection);
/** A fatal or not fatal Error with this code is the next Error heard. */
void world_expect_error(struct world *w, uint32_t connection, enum proto_err code, bool fatal);

/* A session of one customer and one agent. */
struct session {
    uint8_t sid[16], agent_token[32], customer_token[32], cs_public[32], cs_secret[64];
    char nameplate[8];
    uint32_t agent, customer, gate_seq;
};
enum proto_err session_hello_staff(struct world *w, uint32_t connection);
/** Says Open for a fresh sid. */
enum proto_err session_ask(struct world *w, struct session *s, uint32_t agent);
void session_open(struct world *w, struct session *s, const struct proto_identity *staff);
enum proto_err session_hello_sid(struct world *w, const struct session *s, uint32_t connection);
enum proto_err session_hello_code(struct world *w, const struct session *s, uint32_t connection, const char *nameplate);
enum proto_err session_hello_token(struct world *w, const struct session *s, uint32_t connection,
                                   const uint8_t token[static 32]);
/** The customer sits down by link. */
void session_join(struct world *w, struct session *s);
enum proto_err session_key(struct world *w, const struct session *s);
/** All of it: open, joined, confirmed, and everybody's mail taken. */
void session_live(struct world *w, struct session *s);
enum proto_err session_leave(struct world *w, uint32_t connection, uint8_t index, enum proto_end reason);
enum proto_err session_log(struct world *w, uint32_t connection, uint8_t index, enum proto_log_class kind,
                           const uint8_t commitment[static 32]);
/** A gate for stream of `src`, for a grant that the customer has just logged; what it says is in `gate`. */
struct proto_gate session_gate(struct world *w, struct session *s, uint8_t src, uint8_t stream,
                               enum proto_capability capability, uint32_t ttl_s);
/** Signs and says it; the answer. */
enum proto_err session_say_gate(struct world *w, const struct session *s, const struct proto_gate *gate);
void session_open_gate(struct world *w, struct session *s, uint8_t src, uint8_t stream,
                       enum proto_capability capability);

/** Opens the session's events with the officers' key and the log's verifier key, holds them to their chain; how many.
 */
size_t world_events(struct world *w, const uint8_t sid[static 16], struct proto_event_note *out, size_t most);
size_t world_count(struct world *w, const uint8_t sid[static 16], enum proto_act action);
const struct relay_store_session *world_row(struct world *w, const uint8_t sid[static 16]);

/** Bytes that are allocated now. */
size_t world_allocated(void);

#endif
