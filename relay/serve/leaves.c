/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/leaves.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 }; /* sessions at once are at most a few of these */

struct session {
    struct session *next;
    uint8_t sid[16];
    uint8_t (*hashes)[32];
    size_t count, room;
};

struct serve_leaves {
    struct session *buckets[BUCKETS];
    uint8_t key[crypto_shorthash_KEYBYTES];
};

static struct session **find(const struct serve_leaves *leaves, const uint8_t sid[static 16])
{
    uint8_t hash[crypto_shorthash_BYTES];
    struct session *const *at;

    crypto_shorthash(hash, sid, 16, leaves->key);
    at = &leaves->buckets[(hash[0] | hash[1] << 8) % BUCKETS];
    while (*at && memcmp((*at)->sid, sid, 16))
        at = &(*at)->next;
    return (struct session **)at;
}

enum proto_err serve_leaves_new(struct serve_leaves **out, const struct proto_random *random)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return PROTO_ERR_NOMEM;
    proto_random_fill(random, (*out)->key, sizeof(*out)->key);
    return PROTO_OK;
}

static void drop(struct session **at)
{
    struct session *session = *at;

    *at = session->next;
    free(session->hashes);
    free(session);
}

void serve_leaves_free(struct serve_leaves *leaves)
{
    if (!leaves)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (leaves->buckets[i])
            drop(&leaves->buckets[i]);
    free(leaves);
}

static bool holds(const struct session *session, const uint8_t leaf_hash[static 32])
{
    for (size_t i = session->count; i; i--) /* the newest is the one that is asked for */
        if (!memcmp(session->hashes[i - 1], leaf_hash, 32))
            return true;
    return false;
}

enum proto_err serve_leaves_add(struct serve_leaves *leaves, const uint8_t sid[static 16],
                                const uint8_t leaf_hash[static 32])
{
    struct session **at = find(leaves, sid), *session = *at;

    if (!session) {
        session = calloc(1, sizeof *session);
        if (!session)
            return PROTO_ERR_NOMEM;
        memcpy(session->sid, sid, 16);
        *at = session;
    }
    if (holds(session, leaf_hash))
        return PROTO_OK;
    if (session->count == session->room) {
        size_t room = session->room ? 2 * session->room : 8;
        uint8_t(*hashes)[32] = realloc(session->hashes, room * sizeof *hashes);

        if (!hashes)
            return PROTO_ERR_NOMEM;
        session->hashes = hashes;
        session->room = room;
    }
    memcpy(session->hashes[session->count++], leaf_hash, 32);
    return PROTO_OK;
}

bool serve_leaves_has(const struct serve_leaves *leaves, const uint8_t sid[static 16],
                      const uint8_t leaf_hash[static 32])
{
    const struct session *session = *find(leaves, sid);

    return session && holds(session, leaf_hash);
}

void serve_leaves_drop(struct serve_leaves *leaves, const uint8_t sid[static 16])
{
    struct session **at = find(leaves, sid);

    if (*at)
        drop(at);
}
