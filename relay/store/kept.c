/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What staff keep at the relay, sealed under a key that it does not have. A case lies here once more under the
 * customer's key, so that destroying that key destroys the case, and goes with the last evidence of its session.
 */
#include <sodium.h>
#include <string.h>

#include "relay/store/inside.h"

static const char bound_to[] = "handhold/1 case";
enum {
    OLDER_BOUND_BYTES = sizeof bound_to + RELAY_STORE_SID_BYTES, /* an earlier program left its times out */
    BOUND_BYTES = OLDER_BOUND_BYTES + 2 * 8,
};

/* A row copied over another session's, or given another end, does not open. */
static void associate(uint8_t out[static BOUND_BYTES], const struct relay_store_case *one)
{
    uint8_t *at = out;

    memcpy(at, bound_to, sizeof bound_to);
    memcpy(at += sizeof bound_to, one->sid, sizeof one->sid);
    at += sizeof one->sid;
    for (int shift = 56; shift >= 0; shift -= 8, at++) {
        at[0] = (uint8_t)((uint64_t)one->time_ms >> shift);
        at[8] = (uint8_t)((uint64_t)one->until_ms >> shift);
    }
}

/* ---- cases ---- */

static enum proto_err drop_case(struct relay_store *store, const uint8_t *sid)
{
    sqlite3_stmt *row = store_statement(store, STORE_CASE_DROP);

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    return store_run(store, STORE_CASE_DROP, "forgetting a case");
}

static enum proto_err write_case(struct relay_store *store, const struct relay_store_case *one, const char *ref,
                                 const struct store_key *key)
{
    uint8_t bound[BOUND_BYTES], *nonce = store->wrapped;
    sqlite3_stmt *row = store_statement(store, STORE_CASE_PUT);

    if (!row)
        return PROTO_ERR_IO;
    proto_random_fill(&store->random, nonce, STORE_NONCE_BYTES);
    associate(bound, one);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + STORE_NONCE_BYTES, NULL, one->sealed, one->len, bound,
                                               sizeof bound, NULL, nonce, key->key);
    sqlite3_bind_blob(row, 1, one->sid, sizeof one->sid, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, ref, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, one->time_ms);
    sqlite3_bind_int64(row, 4, one->until_ms);
    sqlite3_bind_int64(row, 5, key->id);
    sqlite3_bind_blob(row, 6, store->wrapped, (int)(STORE_NONCE_BYTES + one->len + STORE_TAG_BYTES), SQLITE_STATIC);
    return store_run(store, STORE_CASE_PUT, "keeping a case");
}

enum proto_err relay_store_put_case(struct relay_store *store, const struct relay_store_case *one)
{
    struct relay_store_session session;
    struct store_key key;
    enum proto_err err = store_in_transaction(store) ? PROTO_OK : PROTO_ERR_STATE;

    if (!err && one->len > RELAY_STORE_KEPT_MAX)
        err = store_fail(store, PROTO_ERR_RANGE, "a case has at most %d bytes", RELAY_STORE_KEPT_MAX);
    if (!err && !one->len)
        return drop_case(store, one->sid);
    if (!err && relay_store_get_session(store, one->sid, &session)) /* erased a moment ago, perhaps */
        err = store_fail(store, PROTO_ERR_STATE, "a case belongs to a session that is stored");
    if (!err && !session.customer_ref[0])
        err = store_fail(store, PROTO_ERR_STATE, "a case belongs to somebody: the session has no customer reference");
    if (!err)
        err = store_key_need(store, one->sid, &key);
    if (!err)
        err = write_case(store, one, session.customer_ref, &key);
    sodium_memzero(&key, sizeof key);
    sodium_memzero(&session, sizeof session);
    return err;
}

static bool opens(uint8_t *out, const uint8_t *wrapped, size_t len, const uint8_t *bound, size_t bound_len,
                  const uint8_t *key)
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, wrapped + STORE_NONCE_BYTES,
                                                      len - STORE_NONCE_BYTES, bound, bound_len, wrapped, key) == 0;
}

/* Opens into store->evidence. */
static enum proto_err open_case(struct relay_store *store, sqlite3_stmt *row, struct relay_store_case *out)
{
    const uint8_t *wrapped = sqlite3_column_blob(row, 4);
    size_t len = (size_t)sqlite3_column_bytes(row, 4);
    uint8_t bound[BOUND_BYTES], key[STORE_KEY_BYTES];
    enum proto_err err = store_column_bytes(row, 0, out->sid, sizeof out->sid) ? PROTO_OK : PROTO_ERR_CRYPTO;

    if (!err)
        err = store_key_get(store, sqlite3_column_int64(row, 3), key);
    out->time_ms = sqlite3_column_int64(row, 1);
    out->until_ms = sqlite3_column_int64(row, 2);
    associate(bound, out);
    if (!err && (len < STORE_NONCE_BYTES + STORE_TAG_BYTES ||
                 len > STORE_NONCE_BYTES + RELAY_STORE_KEPT_MAX + STORE_TAG_BYTES ||
                 (!opens(store->evidence, wrapped, len, bound, sizeof bound, key) &&
                  !opens(store->evidence, wrapped, len, bound, OLDER_BOUND_BYTES, key))))
        err = store_fail(store, PROTO_ERR_CRYPTO, "a stored case does not open: it was altered");
    sodium_memzero(key, sizeof key);
    if (err)
        return err;
    out->sealed = store->evidence;
    out->len = len - STORE_NONCE_BYTES - STORE_TAG_BYTES;
    return PROTO_OK;
}

/* The one that `which` names. Its key is destroyed, or somebody wrote into the file: the others are still good. */
static enum proto_err visit_case(struct relay_store *store, sqlite3_stmt *which, uint64_t number,
                                 relay_store_visit_case visit, void *context)
{
    sqlite3_stmt *row = store_statement(store, STORE_CASE_GET);
    struct relay_store_case one = {.row = number};
    enum proto_err err;

    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_value(row, 1, sqlite3_column_value(which, 0));
    err = store_next(store, STORE_CASE_GET, "reading a case");
    if (!err)
        err = open_case(store, row, &one);
    store_reset(store, STORE_CASE_GET);
    if (err)
        return err == PROTO_ERR_NOT_FOUND || err == PROTO_ERR_CRYPTO ? PROTO_OK : err;
    return visit(context, &one);
}

enum proto_err relay_store_each_case(struct relay_store *store, const char *ref, int64_t now_ms, uint64_t from,
                                     relay_store_visit_case visit, void *context)
{
    sqlite3_stmt *row;
    enum proto_err err = PROTO_OK;

    if (!store->has_kept || from > INT64_MAX)
        return err;
    row = store_statement(store, STORE_CASE_EACH);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_text(row, 1, ref, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, now_ms);
    sqlite3_bind_int64(row, 3, (sqlite3_int64)from);
    while (!err && !(err = store_next(store, STORE_CASE_EACH, "reading cases")))
        err = visit_case(store, row, from++, visit, context);
    store_reset(store, STORE_CASE_EACH);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

/* Where it differs from its session, or from its key; NULL: nowhere. An error of the machine goes to `err`. */
static const char *suspect_column(struct relay_store *store, sqlite3_stmt *row, struct relay_store_case *one,
                                  enum proto_err *err)
{
    const unsigned char *ref = sqlite3_column_text(row, 5), *of_session = sqlite3_column_text(row, 6);

    *err = open_case(store, row, one);
    if (!of_session)
        return "sid";
    if (!ref || strcmp((const char *)ref, (const char *)of_session) != 0)
        return "ref";
    if (*err == PROTO_ERR_NOT_FOUND)
        return "dek";
    if (*err == PROTO_ERR_CRYPTO)
        return "bytes";
    return *err || relay_store_key_fits(store, one->sid, store->key_name) ? NULL : "dek";
}

enum proto_err relay_store_each_suspect_case(struct relay_store *store, relay_store_visit_suspect visit, void *context)
{
    enum proto_err err = PROTO_OK;
    sqlite3_stmt *row = store->has_kept ? store_statement(store, STORE_CASE_ALL) : NULL;

    if (!row)
        return store->has_kept ? PROTO_ERR_IO : PROTO_OK;
    while (!err && !(err = store_next(store, STORE_CASE_ALL, "reading cases"))) {
        struct relay_store_case one = {.time_ms = 0};
        const char *column = suspect_column(store, row, &one, &err);

        if (column)
            err = visit(context, one.sid, column);
    }
    store_reset(store, STORE_CASE_ALL);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

enum proto_err relay_store_expire_cases(struct relay_store *store, int64_t now_ms)
{
    sqlite3_stmt *row = store_in_transaction(store) ? store_statement(store, STORE_CASE_EXPIRE) : NULL;

    if (!row)
        return PROTO_ERR_STATE;
    sqlite3_bind_int64(row, 1, now_ms);
    return store_run(store, STORE_CASE_EXPIRE, "forgetting old cases");
}

/* ---- counts ---- */

enum proto_err relay_store_add_count(struct relay_store *store, const uint8_t *sealed, size_t len)
{
    sqlite3_stmt *row;
    enum proto_err err = PROTO_OK;

    if (!store_in_transaction(store))
        return PROTO_ERR_STATE;
    if (!len || len > RELAY_STORE_COUNT_MAX)
        return store_fail(store, PROTO_ERR_RANGE, "a count has at most %d bytes", RELAY_STORE_COUNT_MAX);
    row = store_statement(store, STORE_COUNT_ADD);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sealed, (int)len, SQLITE_STATIC);
    err = store_run(store, STORE_COUNT_ADD, "keeping a count");
    row = err ? NULL : store_statement(store, STORE_COUNT_CUT);
    if (!row)
        return err ? err : PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, sqlite3_last_insert_rowid(store->data) - RELAY_STORE_COUNTS);
    return store_run(store, STORE_COUNT_CUT, "leaving out old counts");
}

enum proto_err relay_store_each_count(struct relay_store *store, uint64_t from, relay_store_visit_count visit,
                                      void *context)
{
    sqlite3_stmt *row;
    enum proto_err err = PROTO_OK;

    if (!store->has_kept || from > INT64_MAX)
        return err;
    row = store_statement(store, STORE_COUNT_EACH);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)from);
    while (!err && !(err = store_next(store, STORE_COUNT_EACH, "reading counts")))
        err = visit(context, (uint64_t)sqlite3_column_int64(row, 0), sqlite3_column_blob(row, 1),
                    (size_t)sqlite3_column_bytes(row, 1));
    store_reset(store, STORE_COUNT_EACH);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}
