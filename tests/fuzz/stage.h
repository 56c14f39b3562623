/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/stage.h - a customer's end, an agent's end, a relay and a log in memory, and somebody in between.
 *
 * All of it is the real code; only the log answers at once and the clock is a number. Every message passes one place
 * (stage_carry), where it can be turned, left out, repeated or replaced. Strangers are connections of their own at the
 * relay that say what the fuzzer makes them say.
 */
#ifndef TESTS_FUZZ_STAGE_H
#define TESTS_FUZZ_STAGE_H

#include "proto/session/session.h"
#include "relay/core/core.h"
#include "tests/fuzz/fixture.h"
#include "tests/fuzz/fuzz.h"

enum { STAGE_LEAVES = 512, STAGE_STRANGERS = 4, STAGE_LEVELS = 10, STAGE_MESSAGES = 8 };

enum stage_who { STAGE_CUSTOMER, STAGE_AGENT, STAGE_ENDS };

struct stage_end {
    struct proto_session *session;        /* owned; NULL: not there yet */
    uint32_t connection;                  /* 0: none */
    bool granted[PROTO_CAPABILITY_COUNT]; /* customer: the person said yes and has not taken it back */
    bool joined, ended;
    uint64_t media, logged;
};

struct stage_leaf {
    uint8_t commitment[32], sid[16], leaf[PROTO_LOG_LEAF_BYTES], hash[32];
    enum proto_log_class kind;
};

struct stage {
    struct proto_random_seeded seeded;
    struct proto_random random;
    struct proto_now now;
    struct relay_core *core;
    struct stage_end ends[STAGE_ENDS];
    uint32_t strangers[STAGE_STRANGERS], connections;
    char link[512], code[32];
    struct proto_log_tree tree;
    uint8_t nodes[STAGE_LEVELS][STAGE_LEAVES][32];
    struct stage_leaf leaves[STAGE_LEAVES];
    size_t leaf_count;
    char checkpoint[PROTO_LOG_CHECKPOINT_MAX];
    struct {
        uint8_t *bytes; /* owned */
        size_t len;
    } kept[STAGE_MESSAGES]; /* that passed, to be repeated */
    size_t kept_count;
    uint64_t frames; /* pushed */
};

struct stage *stage_new(void); /* relay, agent connected */
void stage_free(struct stage *s);
void stage_connect(struct stage *s, enum stage_who who);
void stage_disconnect(struct stage *s, enum stage_who who);
/** The customer arrives with the agent's link. */
void stage_arrive(struct stage *s);
/** A message between an end and the relay, whichever way; false: there is none. `changed` may be NULL: as it is. */
typedef bool stage_hand(void *context, uint8_t **bytes,
                        size_t *len); /* false: left out. *bytes is owned by the stage */
bool stage_carry(struct stage *s, enum stage_who who, bool to_relay, stage_hand *hand, void *context);
/** Carries everything, both ways, and lets the log work, until nothing moves. */
void stage_settle(struct stage *s);
void stage_pass(struct stage *s, int64_t ms);
void stage_give_end(struct stage *s, enum stage_who who, const uint8_t *bytes, size_t len);
void stage_give_relay(struct stage *s, uint32_t connection, const uint8_t *bytes, size_t len);
/** Takes what the relay has for a stranger. */
void stage_hear(struct stage *s, uint32_t connection);
/** Reads the events of both ends and holds them to the promises. */
void stage_watch(struct stage *s);
void stage_grant(struct stage *s, enum proto_capability capability);
void stage_withdraw(struct stage *s, enum proto_capability capability);
void stage_push(struct stage *s, enum proto_capability capability, bool key);
/** Plays a genuine session up to this point: 0 nobody has come, 1 joined, 2 asked, 3 granted and streaming, 4
 * withdrawn. */
void stage_play(struct stage *s, unsigned upto);

#endif
