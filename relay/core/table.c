/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8, "SipHash-2-4");

enum proto_err relay_table_init(struct relay_table *table, size_t expected, const struct proto_random *random)
{
    size_t count = 16;

    while (count < expected)
        count *= 2;
    *table = (struct relay_table){.buckets = calloc(count, sizeof *table->buckets), .bucket_count = count};
    proto_random_fill(random, table->key, sizeof table->key);
    return table->buckets ? PROTO_OK : PROTO_ERR_NOMEM;
}

void relay_table_free(struct relay_table *table)
{
    free(table->buckets);
    *table = (struct relay_table){0};
}

uint64_t relay_table_hash(const struct relay_table *table, const void *key, size_t len)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t hash;

    crypto_shorthash(out, key, len, table->key);
    memcpy(&hash, out, sizeof hash);
    return hash;
}

static struct relay_link **bucket_of(const struct relay_table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

void relay_table_add(struct relay_table *table, struct relay_link *link, uint64_t hash)
{
    struct relay_link **bucket = bucket_of(table, hash);

    link->hash = hash;
    link->next = *bucket;
    *bucket = link;
    table->count++;
}

void relay_table_remove(struct relay_table *table, struct relay_link *link)
{
    for (struct relay_link **at = bucket_of(table, link->hash); *at; at = &(*at)->next) {
        if (*at != link)
            continue;
        *at = link->next;
        link->next = NULL;
        table->count--;
        return;
    }
}

struct relay_link *relay_table_first(const struct relay_table *table, uint64_t hash)
{
    struct relay_link *link = *bucket_of(table, hash);

    while (link && link->hash != hash)
        link = link->next;
    return link;
}

struct relay_link *relay_table_next(const struct relay_link *link)
{
    uint64_t hash = link->hash;

    do
        link = link->next;
    while (link && link->hash != hash);
    return (struct relay_link *)link;
}

void relay_table_each(struct relay_table *table, void (*visit)(void *context, struct relay_link *link), void *context)
{
    for (size_t i = 0; i < table->bucket_count; i++)
        for (struct relay_link *link = table->buckets[i], *next; link; link = next) {
            next = link->next;
            visit(context, link);
        }
}
