/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/limits.h - how often and how many: token buckets, and a tally for each address and each member of staff.
 *
 * A tally lives while something counts on it and for an hour after, so that failures are remembered across
 * connections. Idle tallies are bounded: over the bound the oldest is forgotten.
 */
#ifndef RELAY_CORE_LIMITS_H
#define RELAY_CORE_LIMITS_H

#include <stdbool.h>

#include "proto/util/time.h"
#include "relay/core/table.h"

/* `rate` tokens come back in each `period_ms`, at most `burst` are kept. */
struct relay_pace {
    int64_t rate, period_ms, burst;
};
struct relay_bucket {
    int64_t level; /* tokens times period_ms, so that a millisecond adds `rate` */
    int64_t at_ms;
    bool begun; /* false: full */
};
/** Takes `cost` tokens; false, and nothing taken, when there are fewer. */
bool relay_bucket_take(struct relay_bucket *bucket, const struct relay_pace *pace, int64_t cost, int64_t now_ms);
/** Would a token be there? */
bool relay_bucket_has(struct relay_bucket *bucket, const struct relay_pace *pace, int64_t now_ms);

enum { RELAY_TALLY_KEY_BYTES = 32, RELAY_TALLY_KEEP_MS = 3600000, RELAY_JOIN_WAIT_MOST_MS = 3600000 };

struct relay_tally {
    struct relay_link link;
    uint8_t key[RELAY_TALLY_KEY_BYTES];
    uint32_t connections, sessions, held; /* held: how often it was taken and not yet dropped */
    struct relay_bucket bucket;           /* failed joins of an address, invitations of a member of staff */
    struct relay_bucket noted;            /* bytes of notes in all sessions of a member of staff */
    struct relay_bucket asked;            /* requests of an address, questions for cases of a member of staff */
    uint32_t waiting;                     /* invitations of a member of staff that nobody has joined */
    uint32_t besides;                     /* second devices of an address that wait */
    int64_t wait_ms, wait_until_ms;       /* of an address that failed too often: nothing is tried before then */
    struct relay_tally *idle_next, *idle_prev;
    int64_t idle_since_ms;
};
struct relay_tallies {
    struct relay_table table;
    struct relay_tally *idle_first, *idle_last; /* oldest first */
    size_t idle_count, idle_max;
};
PROTO_MUST_USE enum proto_err relay_tallies_init(struct relay_tallies *tallies, size_t expected,
                                                 const struct proto_random *random);
void relay_tallies_free(struct relay_tallies *tallies);
/** The tally of this key, made when it is new; NULL: out of memory. Give it back with drop. */
struct relay_tally *relay_tally_take(struct relay_tallies *tallies, const uint8_t key[static RELAY_TALLY_KEY_BYTES]);
void relay_tally_drop(struct relay_tallies *tallies, struct relay_tally *tally, int64_t now_ms);
int64_t relay_tallies_deadline(const struct relay_tallies *tallies);
void relay_tallies_tick(struct relay_tallies *tallies, int64_t now_ms);

/** The key of an address: IPv4 (also as ::ffff:a.b.c.d) by itself, IPv6 by its first 64 bits, other text as it is. */
void relay_address_key(const char *address, uint8_t key[static RELAY_TALLY_KEY_BYTES]);

#endif
