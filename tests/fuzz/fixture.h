/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/fixture.h - an organisation with its staff, notes and log key, made once and the same in every process.
 */
#ifndef TESTS_FUZZ_FIXTURE_H
#define TESTS_FUZZ_FIXTURE_H

#include "proto/consent/statement.h"
#include "proto/log/receipt.h"
#include "tests/proto/pairing_world.h"

#define FIXTURE_HOST "help.example.org"
#define FIXTURE_ORIGIN "help.example.org/audit/" WORLD_DOMAIN

struct fixture {
    struct proto_random_seeded seeded;
    struct proto_random random;
    struct world_root root;
    struct proto_credential agent, officer;
    struct proto_org org;
    struct proto_policy policy;
    struct proto_buf org_note, policy_note; /* each with a NUL behind its `len` bytes */
    uint8_t evidence_public[32], evidence_secret[32], log_public[32], log_secret[64], cs_public[32], cs_secret[64];
    char log_vkey[700];
};

/** Borrowed for the life of the process. */
struct fixture *fixture(void);
/** A log of eight entries whose fourth is `leaf`: its receipt, from a reader who had seen three. */
void fixture_receipt(const uint8_t commitment[static 32], const uint8_t evidence_hash[static 32],
                     struct proto_log_receipt *receipt, struct proto_log_seen *seen);
/** A statement as a customer makes it, and an event. */
struct proto_statement fixture_statement(void);
struct proto_event_note fixture_event(void);

#endif
