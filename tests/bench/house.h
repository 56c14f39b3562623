/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/house.h - an organisation in memory: a root, an agent's and an officer's leaf, the two notes. */
#ifndef TESTS_BENCH_HOUSE_H
#define TESTS_BENCH_HOUSE_H

#include "proto/identity/credential.h"
#include "proto/identity/policy.h"
#include "proto/util/random.h"

#define BENCH_DOMAIN "example.org"
#define BENCH_TIME_S 1767225600 /* 2026-01-01 */

struct bench_house {
    struct proto_random_seeded seeded;
    struct proto_random random;
    struct proto_credential agent, officer;
    struct proto_org org;
    struct proto_policy policy;
    struct proto_buf org_note, policy_note;
};

/** false: libcrypto or the authority refused. Once a process. */
bool bench_house_init(struct bench_house *house);
void bench_house_clear(struct bench_house *house);

#endif
