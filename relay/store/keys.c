/* SPDX-License-Identifier: Apache-2.0 */
/* The customer keys: evidence is stored under them so that destroying one key erases all that was said of one person.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "relay/store/inside.h"

_Static_assert(STORE_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key of the wrap");
_Static_assert(STORE_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce of the wrap");
_Static_assert(STORE_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag of the wrap");

enum proto_err store_key_name_of(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                 char ref[static RELAY_STORE_TEXT_MAX + 1], char name[static RELAY_STORE_KEY_NAME_MAX])
{
    uint64_t first = store->next;
    sqlite3_stmt *row = store_statement(store, STORE_SESSION_REF);

    ref[0] = '\0';
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_SESSION_REF, "looking up a session");
    if (err == PROTO_OK)
        store_column_text(row, 0, ref, RELAY_STORE_TEXT_MAX + 1);
    store_reset(store, STORE_SESSION_REF);
    if (err && err != PROTO_ERR_NOT_FOUND)
        return err;
    if (ref[0]) {
        snprintf(name, RELAY_STORE_KEY_NAME_MAX, "customer:%s", ref);
        return PROTO_OK;
    }
    /* A number that rises, for the same reason as in `place`. */
    err = store_first_of(store, sid, &first);
    snprintf(name, RELAY_STORE_KEY_NAME_MAX, "session:%016llx", (unsigned long long)first);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

static const char wrong_length[] =
    "keys.db holds a key of the wrong length; put the newest copy back with handhold-relay --restore";

static enum proto_err find_key(struct relay_store *store, const char *name, struct store_key *key)
{
    sqlite3_stmt *row = store_statement(store, STORE_KEY_FIND);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_KEY_FIND, "looking up a customer's key");
    if (err == PROTO_OK) {
        key->id = sqlite3_column_int64(row, 0);
        if (!store_column_bytes(row, 1, key->key, STORE_KEY_BYTES))
            err = store_fail(store, PROTO_ERR_IO, wrong_length);
    }
    store_reset(store, STORE_KEY_FIND);
    return err;
}

/* The number that a statement yields; 0: none. */
static enum proto_err number_of(struct relay_store *store, enum store_statement which, int64_t *number)
{
    sqlite3_stmt *row = store_statement(store, which);

    *number = 0;
    if (!row)
        return PROTO_ERR_IO;
    enum proto_err err = store_next(store, which, "looking for the newest key");
    if (!err)
        *number = sqlite3_column_int64(row, 0);
    store_reset(store, which);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

#define WITHOUT_THEM                                                                                                   \
    "which nobody can open without them; put back the keys.db of the same copy, or, if it is gone for good, have an "  \
    "officer end this log with handhold-audit recover"

enum proto_err store_keys_look(struct relay_store *store, bool missing)
{
    int64_t used, made = 0;
    enum proto_err err = number_of(store, STORE_DEK_NEWEST, &used);

    if (!err && used && missing)
        return store_fail(store, PROTO_ERR_IO,
                          "%s/keys.db: is missing, and relay.db has evidence under its keys, " WITHOUT_THEM,
                          store->folder);
    if (!err && !missing)
        err = number_of(store, STORE_KEY_NEWEST, &made);
    if (!err && !missing && used > made)
        return store_fail(store, PROTO_ERR_IO,
                          "%s/keys.db: is older than relay.db, or of another relay: there is evidence under later "
                          "keys, " WITHOUT_THEM,
                          store->folder ? store->folder : "memory");
    return err;
}

enum proto_err store_keys_begin(struct relay_store *store)
{
    if (!sqlite3_get_autocommit(store->keys))
        return PROTO_OK;
    return store_statement(store, STORE_KEYS_BEGIN) ? store_run(store, STORE_KEYS_BEGIN, "beginning to write keys")
                                                    : PROTO_ERR_IO;
}

enum proto_err store_keys_commit(struct relay_store *store)
{
    if (sqlite3_get_autocommit(store->keys))
        return PROTO_OK;
    return store_statement(store, STORE_KEYS_COMMIT) ? store_run(store, STORE_KEYS_COMMIT, "writing keys")
                                                     : PROTO_ERR_IO;
}

enum proto_err store_key_make(struct relay_store *store, const char *name, struct store_key *key)
{
    sqlite3_stmt *row = store_statement(store, STORE_KEY_PUT);

    if (!row)
        return PROTO_ERR_IO;
    proto_random_fill(&store->random, key->key, STORE_KEY_BYTES);
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(row, 2, key->key, STORE_KEY_BYTES, SQLITE_STATIC);
    enum proto_err err = store_run(store, STORE_KEY_PUT, "making a customer's key");
    key->id = sqlite3_last_insert_rowid(store->keys);
    return err;
}

enum proto_err store_key_erase(struct relay_store *store, int64_t id)
{
    sqlite3_stmt *row = store_statement(store, STORE_KEY_ERASE);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    return store_run(store, STORE_KEY_ERASE, "destroying a key");
}

/* An earlier program named the key of a session by the session's own number. */
static void older_name_of(const uint8_t sid[static RELAY_STORE_SID_BYTES], char name[static RELAY_STORE_KEY_NAME_MAX])
{
    char hex[2 * RELAY_STORE_SID_BYTES + 1];

    snprintf(name, RELAY_STORE_KEY_NAME_MAX, "session:%s", sodium_bin2hex(hex, sizeof hex, sid, RELAY_STORE_SID_BYTES));
}

/* A spare key that was given away gets its name with the next stock. */
bool relay_store_key_fits(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES], const char *name)
{
    char ref[RELAY_STORE_TEXT_MAX + 1], expected[RELAY_STORE_KEY_NAME_MAX];

    if (!strncmp(name, STORE_SPARE_PREFIX, strlen(STORE_SPARE_PREFIX)) ||
        store_key_name_of(store, sid, ref, expected) || !strcmp(name, expected))
        return true;
    older_name_of(sid, expected);
    return !ref[0] && !strcmp(name, expected);
}

static enum proto_err find_older(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                 struct store_key *key)
{
    char name[RELAY_STORE_KEY_NAME_MAX];
    uint64_t first;
    enum proto_err err = store_first_of(store, sid, &first); /* one that begins now has none of before */

    if (err)
        return err;
    older_name_of(sid, name);
    return find_key(store, name, key);
}

/* Given away a moment ago, stored, or spare; NOT_FOUND: none of these. */
static enum proto_err find_or_take(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                   const char *ref, const char *name, struct store_key *key)
{
    if (store_keyring_given(store, name, key))
        return PROTO_OK;
    enum proto_err err = find_key(store, name, key);
    if (err == PROTO_ERR_NOT_FOUND && !ref[0])
        err = find_older(store, sid, key);
    return err == PROTO_ERR_NOT_FOUND && store_keyring_take(store, name, key) ? PROTO_OK : err;
}

/* Where no spare key is left, one is made here: all of one transaction cost one write, and are committed before it. A
 * key too many is harmless, evidence without its key is lost. */
enum proto_err store_key_need(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                              struct store_key *key)
{
    char ref[RELAY_STORE_TEXT_MAX + 1], name[RELAY_STORE_KEY_NAME_MAX];

    if (store_keyring_find(store, sid, key))
        return PROTO_OK;
    enum proto_err err = store_key_name_of(store, sid, ref, name);
    if (!err)
        err = find_or_take(store, sid, ref, name, key);
    if (err == PROTO_ERR_NOT_FOUND) {
        err = store_keys_begin(store);
        if (!err)
            err = store_key_make(store, name, key);
    }
    if (!err)
        store_keyring_keep(store, sid, ref, key);
    return err;
}

enum proto_err store_key_get(struct relay_store *store, int64_t id, uint8_t key[static STORE_KEY_BYTES])
{
    sqlite3_stmt *row = store_statement(store, STORE_KEY_GET);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    enum proto_err err = store_next(store, STORE_KEY_GET, "reading a customer's key");
    if (err == PROTO_OK)
        store_column_text(row, 1, store->key_name, sizeof store->key_name);
    if (err == PROTO_OK && !store_column_bytes(row, 0, key, STORE_KEY_BYTES))
        err = store_fail(store, PROTO_ERR_CRYPTO, wrong_length);
    store_reset(store, STORE_KEY_GET);
    return err;
}

/* What the wrap is bound to: a row copied over another does not open. */
static void associate(uint8_t out[8 + PROTO_LOG_LEAF_BYTES], const struct relay_store_entry *entry)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(entry->index >> (56 - 8 * i));
    memcpy(out + 8, entry->leaf, PROTO_LOG_LEAF_BYTES);
}

void store_wrap(struct relay_store *store, const uint8_t key[static STORE_KEY_BYTES],
                const struct relay_store_entry *entry, uint8_t *out)
{
    uint8_t bound[8 + PROTO_LOG_LEAF_BYTES];

    /* Random, not counted from the index: an index is used again after a commit that failed. */
    proto_random_fill(&store->random, out, STORE_NONCE_BYTES);
    associate(bound, entry);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + STORE_NONCE_BYTES, NULL, entry->evidence, entry->evidence_len,
                                               bound, sizeof bound, NULL, out, key);
}

enum proto_err store_unwrap(struct relay_store *store, const uint8_t key[static STORE_KEY_BYTES],
                            const uint8_t *wrapped, size_t len, struct relay_store_entry *entry)
{
    uint8_t bound[8 + PROTO_LOG_LEAF_BYTES];

    associate(bound, entry);
    if (len < STORE_NONCE_BYTES + STORE_TAG_BYTES || len > STORE_WRAPPED_MAX ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(store->evidence, NULL, NULL, wrapped + STORE_NONCE_BYTES,
                                                   len - STORE_NONCE_BYTES, bound, sizeof bound, wrapped, key) != 0)
        return store_fail(store, PROTO_ERR_CRYPTO, "the stored evidence of entry %llu does not open: it was altered",
                          (unsigned long long)entry->index);
    entry->evidence = store->evidence;
    entry->evidence_len = len - STORE_NONCE_BYTES - STORE_TAG_BYTES;
    return PROTO_OK;
}
