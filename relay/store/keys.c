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
                                 char name[static STORE_KEY_NAME_MAX])
{
    char ref[RELAY_STORE_TEXT_MAX + 1] = "", hex[2 * RELAY_STORE_SID_BYTES + 1];
    sqlite3_stmt *row = store_statement(store, STORE_SESSION_REF);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_SESSION_REF, "looking up a session");
    if (err == PROTO_OK)
        store_column_text(row, 0, ref, sizeof ref);
    store_reset(store, STORE_SESSION_REF);
    if (err && err != PROTO_ERR_NOT_FOUND)
        return err;
    if (ref[0])
        snprintf(name, STORE_KEY_NAME_MAX, "customer:%s", ref);
    else
        snprintf(name, STORE_KEY_NAME_MAX, "session:%s", sodium_bin2hex(hex, sizeof hex, sid, RELAY_STORE_SID_BYTES));
    return PROTO_OK;
}

static enum proto_err find_key(struct relay_store *store, const char *name, int64_t *id, uint8_t key[STORE_KEY_BYTES])
{
    sqlite3_stmt *row = store_statement(store, STORE_KEY_FIND);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_KEY_FIND, "looking up a customer's key");
    if (err == PROTO_OK) {
        *id = sqlite3_column_int64(row, 0);
        if (!store_column_bytes(row, 1, key, STORE_KEY_BYTES))
            err = store_fail(store, PROTO_ERR_IO, "keys.db holds a key of the wrong length; restore it");
    }
    store_reset(store, STORE_KEY_FIND);
    return err;
}

/* All keys of one transaction cost one write. They are committed before it: a key too many is harmless, evidence
 * without its key is lost. */
static enum proto_err begin_keys(struct relay_store *store)
{
    if (!sqlite3_get_autocommit(store->keys))
        return PROTO_OK;
    return store_statement(store, STORE_KEYS_BEGIN) ? store_run(store, STORE_KEYS_BEGIN, "beginning to write keys")
                                                    : PROTO_ERR_IO;
}

enum proto_err store_key_need(struct relay_store *store, const char *name, int64_t *id,
                              uint8_t key[static STORE_KEY_BYTES])
{
    enum proto_err err = find_key(store, name, id, key);

    if (err != PROTO_ERR_NOT_FOUND)
        return err;
    sqlite3_stmt *row = store_statement(store, STORE_KEY_PUT);
    if (!row)
        return PROTO_ERR_IO;
    err = begin_keys(store);
    if (err)
        return err;
    proto_random_fill(&store->random, key, STORE_KEY_BYTES);
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(row, 2, key, STORE_KEY_BYTES, SQLITE_STATIC);
    err = store_run(store, STORE_KEY_PUT, "making a customer's key");
    *id = sqlite3_last_insert_rowid(store->keys);
    return err;
}

enum proto_err store_key_get(struct relay_store *store, int64_t id, uint8_t key[static STORE_KEY_BYTES])
{
    sqlite3_stmt *row = store_statement(store, STORE_KEY_GET);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    enum proto_err err = store_next(store, STORE_KEY_GET, "reading a customer's key");
    if (err == PROTO_OK && !store_column_bytes(row, 0, key, STORE_KEY_BYTES))
        err = store_fail(store, PROTO_ERR_IO, "keys.db holds a key of the wrong length; restore it");
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

/* ---- erasure ---- */

/* Rows first, the key last: after a crash in between, the name still leads to what is left. */
static enum proto_err erase_rows(struct relay_store *store, int64_t id, const char *ref, const uint8_t *sid,
                                 uint64_t *erased, int *sessions)
{
    enum proto_err err = relay_store_begin(store);

    if (err)
        return err;
    sqlite3_stmt *entries = store_statement(store, STORE_ENTRY_ERASE);
    sqlite3_stmt *rows = store_statement(store, STORE_SESSION_ERASE);
    if (!entries || !rows) {
        relay_store_rollback(store);
        return PROTO_ERR_IO;
    }
    sqlite3_bind_int64(entries, 1, id);
    sqlite3_bind_text(rows, 1, ref, -1, SQLITE_STATIC); /* NULL matches nothing */
    sqlite3_bind_blob(rows, 2, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    err = store_run(store, STORE_ENTRY_ERASE, "erasing evidence");
    *erased = err ? 0 : (uint64_t)sqlite3_changes(store->data);
    if (!err)
        err = store_run(store, STORE_SESSION_ERASE, "erasing sessions");
    *sessions = sqlite3_changes(store->data);
    if (err) {
        relay_store_rollback(store);
        return err;
    }
    return relay_store_commit(store);
}

static enum proto_err refuse_running(struct relay_store *store, const char *ref, const uint8_t *sid)
{
    sqlite3_stmt *row = store_statement(store, STORE_SESSION_RUNNING);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_text(row, 1, ref, -1, SQLITE_STATIC);
    sqlite3_bind_blob(row, 2, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_SESSION_RUNNING, "looking for running sessions");
    if (err == PROTO_OK && sqlite3_column_int(row, 0) > 0)
        err = store_fail(store, PROTO_ERR_STATE, "a session of this person has not ended; end it, then erase");
    store_reset(store, STORE_SESSION_RUNNING);
    return err;
}

static enum proto_err erase(struct relay_store *store, const char *name, const char *ref, const uint8_t *sid,
                            uint64_t *erased)
{
    uint8_t key[STORE_KEY_BYTES];
    int64_t id = -1;
    int sessions = 0;
    enum proto_err err = refuse_running(store, ref, sid);

    *erased = 0;
    if (err)
        return err;
    enum proto_err found = find_key(store, name, &id, key);
    sodium_memzero(key, sizeof key);
    if (found && found != PROTO_ERR_NOT_FOUND)
        return found;
    err = erase_rows(store, id, ref, sid, erased, &sessions);
    if (err)
        return err;
    if (found)
        return sessions ? PROTO_OK : store_fail(store, PROTO_ERR_NOT_FOUND, "there is nothing under %s", name);
    sqlite3_stmt *row = store_statement(store, STORE_KEY_ERASE);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, id);
    err = store_run(store, STORE_KEY_ERASE, "destroying a key");
    /* The write-ahead log still holds the old page until it is folded into the file and cut. A reader can delay that.
     */
    if (!err && sqlite3_wal_checkpoint_v2(store->keys, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        err = store_fail_sqlite(store, store->keys, "wiping a destroyed key; run the erasure again");
    if (!err && sqlite3_wal_checkpoint_v2(store->data, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        err = store_fail_sqlite(store, store->data, "wiping erased rows; run the erasure again");
    return err;
}

enum proto_err relay_store_erase_customer(struct relay_store *store, const char *customer_ref, uint64_t *erased)
{
    char name[STORE_KEY_NAME_MAX];

    *erased = 0;
    if (customer_ref[0] == '\0' || strlen(customer_ref) > RELAY_STORE_TEXT_MAX)
        return store_fail(store, PROTO_ERR_RANGE, "a customer reference is 1 to %d bytes", RELAY_STORE_TEXT_MAX);
    snprintf(name, sizeof name, "customer:%s", customer_ref);
    return erase(store, name, customer_ref, NULL, erased);
}

enum proto_err relay_store_erase_session(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                         uint64_t *erased)
{
    char name[STORE_KEY_NAME_MAX], hex[2 * RELAY_STORE_SID_BYTES + 1];

    snprintf(name, sizeof name, "session:%s", sodium_bin2hex(hex, sizeof hex, sid, RELAY_STORE_SID_BYTES));
    return erase(store, name, NULL, sid, erased);
}
