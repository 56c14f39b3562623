/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/table.h - find by key: a hash table whose links live in the things it finds.
 *
 * The hash is SipHash under a random key, because strangers choose what is looked up. The number of buckets is fixed at
 * birth, from the bound of what will be in it, so a lookup costs the same at every load and nothing is moved later.
 */
#ifndef RELAY_CORE_TABLE_H
#define RELAY_CORE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "proto/util/random.h"

struct relay_link {
    struct relay_link *next;
    uint64_t hash;
};

struct relay_table {
    struct relay_link **buckets; /* owned */
    size_t bucket_count;         /* a power of two */
    size_t count;
    uint8_t key[16];
};

/* The struct that a link is a member of. */
#define relay_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

PROTO_MUST_USE enum proto_err relay_table_init(struct relay_table *table, size_t expected,
                                               const struct proto_random *random);
void relay_table_free(struct relay_table *table);
uint64_t relay_table_hash(const struct relay_table *table, const void *key, size_t len);
void relay_table_add(struct relay_table *table, struct relay_link *link, uint64_t hash);
void relay_table_remove(struct relay_table *table, struct relay_link *link);
/** The first link with this hash, or NULL; the caller compares the key itself. */
struct relay_link *relay_table_first(const struct relay_table *table, uint64_t hash);
struct relay_link *relay_table_next(const struct relay_link *link);
/** Everything in the table, in no order. `visit` may take the link it is given out of the table, and no other. */
void relay_table_each(struct relay_table *table, void (*visit)(void *context, struct relay_link *link), void *context);

#endif
