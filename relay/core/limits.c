/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/limits.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "relay/core/core.h"

void relay_limits_defaults(struct relay_limits *limits)
{
#define RELAY_LIMIT_DEFAULT(name, value, help) limits->name = value;
    RELAY_LIMIT_LIST(RELAY_LIMIT_DEFAULT)
#undef RELAY_LIMIT_DEFAULT
}

const char *relay_limit_name(enum relay_bound bound)
{
    static const char *const names[] = {
#define RELAY_LIMIT_NAME(name, value, help) #name,
        RELAY_LIMIT_LIST(RELAY_LIMIT_NAME)
#undef RELAY_LIMIT_NAME
    };

    return names[bound];
}

void relay_limit_range(enum relay_bound bound, int64_t *least, int64_t *most)
{
    static const struct {
        int64_t least, most;
    } ranges[RELAY_BOUNDS] = {
#define RELAY_LIMIT_RANGE(name, least, most) [RELAY_BOUND_##name] = {least, most},
        RELAY_LIMIT_RANGES(RELAY_LIMIT_RANGE)
#undef RELAY_LIMIT_RANGE
    };

    *least = ranges[bound].least;
    *most = ranges[bound].most;
}

static void refill(struct relay_bucket *bucket, const struct relay_pace *pace, int64_t now_ms)
{
    int64_t full = pace->burst * pace->period_ms;
    int64_t passed = now_ms - bucket->at_ms;

    if (!bucket->begun || passed > full / pace->rate)
        bucket->level = full;
    else if (passed > 0)
        bucket->level += passed * pace->rate;
    if (bucket->level > full)
        bucket->level = full;
    bucket->begun = true;
    bucket->at_ms = now_ms;
}

bool relay_bucket_take(struct relay_bucket *bucket, const struct relay_pace *pace, int64_t cost, int64_t now_ms)
{
    refill(bucket, pace, now_ms);
    if (bucket->level < cost * pace->period_ms)
        return false;
    bucket->level -= cost * pace->period_ms;
    return true;
}

bool relay_bucket_has(struct relay_bucket *bucket, const struct relay_pace *pace, int64_t now_ms)
{
    refill(bucket, pace, now_ms);
    return bucket->level >= pace->period_ms;
}

enum proto_err relay_tallies_init(struct relay_tallies *tallies, size_t expected, const struct proto_random *random)
{
    *tallies = (struct relay_tallies){.idle_max = expected};
    return relay_table_init(&tallies->table, expected, random);
}

static void leave_idle(struct relay_tallies *tallies, struct relay_tally *tally)
{
    *(tally->idle_prev ? &tally->idle_prev->idle_next : &tallies->idle_first) = tally->idle_next;
    *(tally->idle_next ? &tally->idle_next->idle_prev : &tallies->idle_last) = tally->idle_prev;
    tally->idle_next = tally->idle_prev = NULL;
    tallies->idle_count--;
}

static void forget(struct relay_tallies *tallies, struct relay_tally *tally)
{
    leave_idle(tallies, tally);
    relay_table_remove(&tallies->table, &tally->link);
    free(tally);
}

static void free_one(void *context, struct relay_link *link)
{
    (void)context;
    free(relay_of(link, struct relay_tally, link));
}

void relay_tallies_free(struct relay_tallies *tallies)
{
    if (tallies->table.buckets)
        relay_table_each(&tallies->table, free_one, NULL);
    relay_table_free(&tallies->table);
    *tallies = (struct relay_tallies){0};
}

struct relay_tally *relay_tally_take(struct relay_tallies *tallies, const uint8_t key[static RELAY_TALLY_KEY_BYTES])
{
    uint64_t hash = relay_table_hash(&tallies->table, key, RELAY_TALLY_KEY_BYTES);
    struct relay_tally *tally = NULL;

    for (struct relay_link *link = relay_table_first(&tallies->table, hash); link; link = relay_table_next(link)) {
        tally = relay_of(link, struct relay_tally, link);
        if (memcmp(tally->key, key, sizeof tally->key) == 0)
            break;
        tally = NULL;
    }
    if (!tally) {
        tally = calloc(1, sizeof *tally);
        if (!tally)
            return NULL;
        memcpy(tally->key, key, sizeof tally->key);
        relay_table_add(&tallies->table, &tally->link, hash);
    } else if (!tally->held) {
        leave_idle(tallies, tally);
    }
    tally->held++;
    return tally;
}

void relay_tally_drop(struct relay_tallies *tallies, struct relay_tally *tally, int64_t now_ms)
{
    if (!tally || --tally->held)
        return;
    tally->idle_since_ms = now_ms;
    tally->idle_prev = tallies->idle_last;
    *(tallies->idle_last ? &tallies->idle_last->idle_next : &tallies->idle_first) = tally;
    tallies->idle_last = tally;
    if (++tallies->idle_count > tallies->idle_max)
        forget(tallies, tallies->idle_first);
}

int64_t relay_tallies_deadline(const struct relay_tallies *tallies)
{
    return tallies->idle_first ? tallies->idle_first->idle_since_ms + RELAY_TALLY_KEEP_MS : PROTO_NEVER;
}

void relay_tallies_tick(struct relay_tallies *tallies, int64_t now_ms)
{
    while (relay_tallies_deadline(tallies) <= now_ms)
        forget(tallies, tallies->idle_first);
}

void relay_address_key(const char *address, uint8_t key[static RELAY_TALLY_KEY_BYTES])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291, 2.5.5.2 */
    uint8_t bytes[16];

    memset(key, 0, RELAY_TALLY_KEY_BYTES);
    if (inet_pton(AF_INET6, address, bytes) == 1) {
        bool is_v4 = memcmp(bytes, mapped, sizeof mapped) == 0;
        key[0] = is_v4 ? 4 : 6;
        memcpy(key + 1, is_v4 ? bytes + 12 : bytes, is_v4 ? 4 : 8);
    } else if (inet_pton(AF_INET, address, bytes) == 1) {
        key[0] = 4;
        memcpy(key + 1, bytes, 4);
    } else {
        proto_sha256(key, address, strlen(address));
    }
}
