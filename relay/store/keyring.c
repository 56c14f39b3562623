/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in memory: those of the sessions under way, so that an entry need not look its own up, and spare ones, so that
 * a session that begins need not wait for a second file to be synced.
 *
 * A spare key is durable before it is given away, under a name that is nobody's; whose it became is written with the
 * next stock. After a crash in between, the entries still name their key by its number, and from them it gets its name
 * back before another is given away. At worst a person has two keys; no two persons ever share one.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/store/inside.h"

#define SPARE_KEYS 256
#define KNOWN_SESSIONS 512
#define GONE (-1)

struct known {
    bool set;
    uint8_t sid[RELAY_STORE_SID_BYTES];
    char ref[RELAY_STORE_TEXT_MAX + 1];
    struct store_key key;
};

/* The first `given` of the stock have a name that is not yet written; those behind them are spare. */
struct store_keyring {
    struct known known[KNOWN_SESSIONS];
    struct {
        struct store_key key;
        char name[RELAY_STORE_KEY_NAME_MAX];
    } stock[SPARE_KEYS];
    size_t given, count;
    bool healed;
};

enum proto_err store_keyring_new(struct relay_store *store)
{
    store->keyring = calloc(1, sizeof *store->keyring);
    return store->keyring ? PROTO_OK : store_fail(store, PROTO_ERR_NOMEM, "memory ran out");
}

void store_keyring_free(struct store_keyring *ring)
{
    if (ring)
        sodium_memzero(ring, sizeof *ring);
    free(ring);
}

/* ---- sessions under way ---- */

/* Their numbers are random, so their first bytes spread them. */
static struct known *slot_of(struct store_keyring *ring, const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    return &ring->known[(sid[0] | (unsigned)sid[1] << 8) % KNOWN_SESSIONS];
}

bool store_keyring_find(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                        struct store_key *key)
{
    const struct known *known = slot_of(store->keyring, sid);

    if (!known->set || memcmp(known->sid, sid, sizeof known->sid) != 0)
        return false;
    *key = known->key;
    return true;
}

void store_keyring_keep(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES], const char *ref,
                        const struct store_key *key)
{
    struct known *known = slot_of(store->keyring, sid);

    known->set = true;
    memcpy(known->sid, sid, sizeof known->sid);
    snprintf(known->ref, sizeof known->ref, "%s", ref);
    known->key = *key;
}

void store_keyring_row_changed(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                               const char *ref)
{
    struct known *known = slot_of(store->keyring, sid);

    if (known->set && memcmp(known->sid, sid, sizeof known->sid) == 0 && strcmp(known->ref, ref) != 0)
        sodium_memzero(known, sizeof *known);
}

void store_keyring_forget_sessions(struct relay_store *store)
{
    if (store->keyring)
        sodium_memzero(store->keyring->known, sizeof store->keyring->known);
}

void store_keyring_destroyed(struct relay_store *store, int64_t id)
{
    struct store_keyring *ring = store->keyring;

    store_keyring_forget_sessions(store);
    for (size_t i = 0; i < ring->given; i++)
        if (ring->stock[i].key.id == id) {
            sodium_memzero(&ring->stock[i], sizeof ring->stock[i]);
            ring->stock[i].key.id = GONE;
        }
}

/* ---- spare keys ---- */

bool store_keyring_take(struct relay_store *store, const char *name, struct store_key *key)
{
    struct store_keyring *ring = store->keyring;

    if (ring->given == ring->count)
        return false;
    snprintf(ring->stock[ring->given].name, sizeof ring->stock[ring->given].name, "%s", name);
    *key = ring->stock[ring->given++].key;
    return true;
}

bool store_keyring_given(struct relay_store *store, const char *name, struct store_key *key)
{
    struct store_keyring *ring = store->keyring;

    for (size_t i = 0; i < ring->given; i++)
        if (strcmp(ring->stock[i].name, name) == 0) {
            *key = ring->stock[i].key;
            return true;
        }
    return false;
}

static enum proto_err name_key(struct relay_store *store, int64_t id, const char *name)
{
    sqlite3_stmt *row = store_statement(store, STORE_KEY_NAME);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    sqlite3_bind_text(row, 2, name, -1, SQLITE_STATIC);
    return store_run(store, STORE_KEY_NAME, "naming a customer's key");
}

static enum proto_err write_given(struct relay_store *store)
{
    struct store_keyring *ring = store->keyring;
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; i < ring->given && !err; i++)
        if (ring->stock[i].key.id != GONE)
            err = name_key(store, ring->stock[i].key.id, ring->stock[i].name);
    return err;
}

static enum proto_err make_spare(struct relay_store *store, struct store_key *key)
{
    char name[RELAY_STORE_KEY_NAME_MAX], hex[2 * RELAY_STORE_SID_BYTES + 1];
    uint8_t nonce[RELAY_STORE_SID_BYTES];

    proto_random_fill(&store->random, nonce, sizeof nonce);
    snprintf(name, sizeof name, STORE_SPARE_PREFIX "%s", sodium_bin2hex(hex, sizeof hex, nonce, sizeof nonce));
    return store_key_make(store, name, key);
}

static enum proto_err make_spares(struct relay_store *store, struct store_key spares[static SPARE_KEYS], size_t count)
{
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; i < count && !err; i++)
        err = make_spare(store, &spares[i]);
    return err;
}

/* ---- after a crash ---- */

/* Whose evidence is under this key: the name, or NOT_FOUND. */
static enum proto_err name_by_entries(struct relay_store *store, int64_t id, char name[static RELAY_STORE_KEY_NAME_MAX])
{
    uint8_t sid[RELAY_STORE_SID_BYTES];
    char ref[RELAY_STORE_TEXT_MAX + 1];
    sqlite3_stmt *row = store_statement(store, STORE_DEK_WHOSE);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    enum proto_err err = store_next(store, STORE_DEK_WHOSE, "looking for a key's entries");
    if (!err && !store_column_bytes(row, 0, sid, sizeof sid))
        err = PROTO_ERR_NOT_FOUND; /* a damaged row: for the verifier to name */
    store_reset(store, STORE_DEK_WHOSE);
    return err ? err : store_key_name_of(store, sid, ref, name);
}

/* One spare key of an earlier run: it gets the name of whoever has it; whose it never was, or of whom nothing is left,
 * goes. */
static enum proto_err heal(struct relay_store *store, int64_t id)
{
    char name[RELAY_STORE_KEY_NAME_MAX];
    enum proto_err err = name_by_entries(store, id, name);

    if (!err)
        return name_key(store, id, name);
    return err == PROTO_ERR_NOT_FOUND ? store_key_erase(store, id) : err;
}

static enum proto_err heal_all(struct relay_store *store)
{
    char after[RELAY_STORE_KEY_NAME_MAX] =
        STORE_SPARE_PREFIX; /* by name: that is the index, and they stand together in it */
    enum proto_err err = PROTO_OK;

    while (!err) {
        sqlite3_stmt *row = store_statement(store, STORE_KEY_SPARE);
        if (!row)
            return PROTO_ERR_IO;
        sqlite3_bind_text(row, 1, after, -1, SQLITE_TRANSIENT);
        err = store_next(store, STORE_KEY_SPARE, "looking for spare keys");
        int64_t id = err ? 0 : sqlite3_column_int64(row, 0);
        if (!err)
            store_column_text(row, 1, after, sizeof after);
        store_reset(store, STORE_KEY_SPARE);
        if (!err)
            err = heal(store, id);
    }
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

void store_keyring_settle(struct relay_store *store)
{
    struct store_keyring *ring = store->keyring;

    if (!ring || !ring->count || !sqlite3_get_autocommit(store->data) || store_keys_begin(store))
        return;
    enum proto_err err = write_given(store);
    for (size_t i = ring->given; i < ring->count && !err; i++)
        if (ring->stock[i].key.id != GONE)
            err = store_key_erase(store, ring->stock[i].key.id);
    if (err || store_keys_commit(store))
        relay_store_rollback(store); /* the next start heals it */
}

bool relay_store_wants_keys(const struct relay_store *store, bool idle)
{
    const struct store_keyring *ring = store->keyring;

    return ring && store->folder && ring->count - ring->given < SPARE_KEYS / (idle ? 2 : 8);
}

/* Those that were given have their names on the disk; the spare ones stay, and the new ones come behind them. */
static void restock(struct store_keyring *ring, const struct store_key *spares)
{
    size_t left = ring->count - ring->given;

    memmove(ring->stock, ring->stock + ring->given, left * sizeof ring->stock[0]);
    sodium_memzero(ring->stock + left, (SPARE_KEYS - left) * sizeof ring->stock[0]);
    for (size_t i = left; i < SPARE_KEYS; i++)
        ring->stock[i].key = spares[i - left];
    ring->given = 0;
    ring->count = SPARE_KEYS;
    ring->healed = true;
}

enum proto_err relay_store_stock_keys(struct relay_store *store)
{
    struct store_keyring *ring = store->keyring;
    struct store_key spares[SPARE_KEYS];
    enum proto_err err;

    if (!ring || !sqlite3_get_autocommit(store->data))
        return store_fail(store, PROTO_ERR_STATE, "only a writer makes keys, and between transactions");
    err = store_keys_begin(store);
    if (!err && !ring->healed)
        err = heal_all(store);
    if (!err)
        err = write_given(store);
    if (!err)
        err = make_spares(store, spares, SPARE_KEYS - (ring->count - ring->given));
    if (!err)
        err = store_keys_commit(store);
    if (err)
        relay_store_rollback(store);
    else
        restock(ring, spares);
    sodium_memzero(spares, sizeof spares);
    return err;
}
