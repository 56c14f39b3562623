/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/proto/pairing_world.h - an organisation, a customer's end, an agent's end and a relay between them, in memory.
 *
 * Everything is drawn from one seed and signed with Ed25519, so that a world with the same seed has the same bytes.
 */
#ifndef TESTS_PROTO_PAIRING_WORLD_H
#define TESTS_PROTO_PAIRING_WORLD_H

#include "proto/pairing/pairing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_DOMAIN "example.org"
#define WORLD_HOST "help.example.org:8443"
#define WORLD_TIME_S 1767225600 /* 2026-01-01 */

enum { WORLD_DRAWS_MAX = 8, WORLD_MESSAGES_MAX = 16 };

/** A root that is made from a seed, and what it can issue. */
struct world_root {
    struct proto_buf pem;
    uint8_t seed[32], public_key[32], secret_key[64];
    const char *domain;
};
void world_root_init(struct world_root *root, uint8_t seed, const char *domain);
void world_root_clear(struct world_root *root);
/** A leaf valid for 30 days around WORLD_TIME_S. */
void world_issue(const struct world_root *root, uint8_t seed, const char *name, enum proto_role role,
                 struct proto_credential *out);

/** What one end drew, in order. */
struct world_draws {
    struct proto_random from;
    uint8_t bytes[WORLD_DRAWS_MAX][64];
    size_t len[WORLD_DRAWS_MAX], count;
};

struct world_message {
    bool to_agent;
    size_t len;
    uint8_t bytes[PROTO_PAIRING_BODY_MAX + 1];
};

struct world {
    struct proto_random_seeded seeded;
    struct proto_random random;
    struct proto_now now;     /* the agent's clock */
    int64_t customer_ahead_s; /* how far the customer's is off */
    struct world_root root;
    struct proto_credential agent_credential, officer_credential;
    struct proto_org org;
    struct proto_policy policy;
    struct proto_buf org_note, policy_note;

    uint8_t sid[PROTO_SID_BYTES], cs_public[32], cs_secret[64];
    struct proto_invite_link link;
    struct proto_invite_code code;
    struct proto_code_guard guard;
    struct proto_resume_keys customer_keys, agent_keys;
    struct proto_identity known;
    uint8_t known_cs[32];

    struct proto_pairing_customer customer_config;
    struct proto_pairing_agent agent_config;
    struct world_draws customer_draws, agent_draws;
    struct proto_pairing *customer, *agent;
    enum proto_err customer_err, agent_err;

    /** The relay's hand on each message, in order of `number`; false: it is not carried. */
    bool (*relay)(struct world *world, size_t number, struct world_message *message);
    size_t aim, byte; /* for the relay's use */
    size_t carried;
    struct world_message log[WORLD_MESSAGES_MAX]; /* as they were sent */
};

void world_init(struct world *world, uint8_t seed);
void world_clear(struct world *world);
/** Signs ORG and POLICY again after a change. */
void world_publish(struct world *world);
/** Configures both ends for the mode; change the configs before world_start(). RESUME needs a pairing before. */
void world_prepare(struct world *world, enum proto_pairing_mode mode);
void world_start(struct world *world);
/** Carries messages until none is pending; an end that fails is asked no more. */
void world_carry(struct world *world);
void world_stop(struct world *world); /* frees both attempts */
/** prepare, start, carry; true when both ends are done. */
bool world_pair(struct world *world, enum proto_pairing_mode mode);
/** What the programs do after success: hand the resume keys on and remember each other. */
void world_settle(struct world *world);
struct proto_now world_customer_now(const struct world *world);

#endif
