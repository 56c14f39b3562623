/* SPDX-License-Identifier: Apache-2.0 */
/* Session rows: what a relay needs to take its sessions up again after a restart. */
#include <sodium.h>
#include <string.h>

#include "relay/store/inside.h"

/* Where each text of a row stands: its column, its field, its bound. */
#define TEXT_COLUMNS(X)                                                                                                \
    X(2, nameplate)                                                                                                    \
    X(4, agent_id)                                                                                                     \
    X(5, agent_name)                                                                                                   \
    X(6, agent_role)                                                                                                   \
    X(7, customer_ref)                                                                                                 \
    X(8, ticket_ref)                                                                                                   \
    X(14, ended_reason)
static const struct {
    int column;
    size_t offset, capacity;
} text_columns[] = {
#define TEXT_COLUMN(column, field)                                                                                     \
    {column, offsetof(struct relay_store_session, field), sizeof((struct relay_store_session *)0)->field},
    TEXT_COLUMNS(TEXT_COLUMN)
#undef TEXT_COLUMN
};
#define TEXT_COUNT (sizeof text_columns / sizeof *text_columns)

static enum proto_err check_row(struct relay_store *store, const struct relay_store_session *row)
{
    if (row->state < RELAY_STORE_WAITING || row->state > RELAY_STORE_ENDED ||
        row->secret_len > RELAY_STORE_SECRET_MAX || row->event_seq > INT64_MAX)
        return store_fail(store, PROTO_ERR_RANGE, "a session row breaks its bounds");
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const char *text = (const char *)row + text_columns[i].offset;
        if (strnlen(text, text_columns[i].capacity) == text_columns[i].capacity)
            return store_fail(store, PROTO_ERR_RANGE, "a text of a session row is longer than %zu bytes",
                              text_columns[i].capacity - 1);
    }
    return PROTO_OK;
}

/* A number whose entries are there and whose row is not was erased, and is used up. */
static enum proto_err check_new(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    sqlite3_stmt *entry = store_statement(store, STORE_ENTRY_ANY);

    if (!entry)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(entry, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_ENTRY_ANY, "looking for a session's entries");
    store_reset(store, STORE_ENTRY_ANY);
    if (err == PROTO_ERR_NOT_FOUND)
        return PROTO_OK;
    return err ? err : store_fail(store, PROTO_ERR_STATE, "a session of this number was erased; draw another");
}

/* STATE: the stored row is further on than this one. */
static enum proto_err check_order(struct relay_store *store, const struct relay_store_session *row)
{
    sqlite3_stmt *stored = store_statement(store, STORE_SESSION_WHERE);

    if (!stored)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(stored, 1, row->sid, sizeof row->sid, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_SESSION_WHERE, "reading a session");
    bool ended = !err && sqlite3_column_int(stored, 0) == RELAY_STORE_ENDED && row->state != RELAY_STORE_ENDED;
    bool later = !err && (uint64_t)sqlite3_column_int64(stored, 1) > row->event_seq;
    store_reset(store, STORE_SESSION_WHERE);
    if (err)
        return err == PROTO_ERR_NOT_FOUND ? check_new(store, row->sid) : err;
    if (ended || later)
        return store_fail(store, PROTO_ERR_STATE, "there was a session under this number; what is stored of it stays");
    return PROTO_OK;
}

static enum proto_err write_row(struct relay_store *store, const struct relay_store_session *row)
{
    sqlite3_stmt *put = store_statement(store, STORE_SESSION_PUT);
    if (!put)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(put, 1, row->sid, sizeof row->sid, SQLITE_STATIC);
    sqlite3_bind_int(put, 2, (int)row->state);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        sqlite3_bind_text(put, text_columns[i].column + 1, (const char *)row + text_columns[i].offset, -1,
                          SQLITE_STATIC);
    sqlite3_bind_blob(put, 4, row->agent_fingerprint, sizeof row->agent_fingerprint, SQLITE_STATIC);
    sqlite3_bind_int64(put, 10, row->created_unix_ms);
    sqlite3_bind_int64(put, 11, row->expires_unix_ms);
    sqlite3_bind_blob(put, 12, row->cs_pub, sizeof row->cs_pub, SQLITE_STATIC);
    sqlite3_bind_int64(put, 13, (sqlite3_int64)row->event_seq);
    sqlite3_bind_blob(put, 14, row->event_prev, sizeof row->event_prev, SQLITE_STATIC);
    sqlite3_bind_blob(put, 16, row->secret, (int)row->secret_len, SQLITE_STATIC);
    store_keyring_row_changed(store, row->sid, row->customer_ref);
    return store_run(store, STORE_SESSION_PUT, "writing a session");
}

enum proto_err relay_store_put_session(struct relay_store *store, const struct relay_store_session *row)
{
    enum proto_err err = check_row(store, row);

    if (!err)
        err = store_in_transaction(store) ? check_order(store, row) : PROTO_ERR_STATE;
    return err ? err : write_row(store, row);
}

enum proto_err relay_store_import_session(struct relay_store *store, const struct relay_store_session *row)
{
    enum proto_err err = check_row(store, row);

    if (!err && !store_in_transaction(store))
        err = PROTO_ERR_STATE;
    return err ? err : write_row(store, row);
}

static enum proto_err read_row(struct relay_store *store, sqlite3_stmt *row, struct relay_store_session *out)
{
    memset(out, 0, sizeof *out);
    out->state = (enum relay_store_state)sqlite3_column_int(row, 1);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        store_column_text(row, text_columns[i].column, (char *)out + text_columns[i].offset, text_columns[i].capacity);
    out->created_unix_ms = sqlite3_column_int64(row, 9);
    out->expires_unix_ms = sqlite3_column_int64(row, 10);
    out->event_seq = (uint64_t)sqlite3_column_int64(row, 12);
    out->secret_len = (size_t)sqlite3_column_bytes(row, 15);
    if (out->state < RELAY_STORE_WAITING || out->state > RELAY_STORE_ENDED ||
        !store_column_bytes(row, 0, out->sid, sizeof out->sid) ||
        !store_column_bytes(row, 3, out->agent_fingerprint, sizeof out->agent_fingerprint) ||
        !store_column_bytes(row, 11, out->cs_pub, sizeof out->cs_pub) ||
        !store_column_bytes(row, 13, out->event_prev, sizeof out->event_prev) ||
        out->secret_len > RELAY_STORE_SECRET_MAX ||
        (out->secret_len && !store_column_bytes(row, 15, out->secret, out->secret_len)))
        return store_fail(store, PROTO_ERR_IO, "a session row is damaged; restore relay.db");
    return PROTO_OK;
}

enum proto_err relay_store_get_session(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                       struct relay_store_session *out)
{
    sqlite3_stmt *row = store_statement(store, STORE_SESSION_GET);

    memset(out, 0, sizeof *out);
    if (!row)
        return PROTO_ERR_IO;
    sqlite3_bind_blob(row, 1, sid, RELAY_STORE_SID_BYTES, SQLITE_STATIC);
    enum proto_err err = store_next(store, STORE_SESSION_GET, "reading a session");
    if (err == PROTO_OK)
        err = read_row(store, row, out);
    else if (err == PROTO_ERR_NOT_FOUND)
        store_fail(store, err, "there is no such session");
    store_reset(store, STORE_SESSION_GET);
    return err;
}

/* The rows of a statement, when it is ready. */
static enum proto_err each_row(struct relay_store *store, enum store_statement which, bool ready,
                               relay_store_visit_session visit, void *context)
{
    struct relay_store_session session;
    enum proto_err err = ready ? PROTO_OK : PROTO_ERR_IO;

    while (!err) {
        err = store_next(store, which, "reading sessions");
        if (err == PROTO_ERR_NOT_FOUND) { /* the end; a visitor's own NOT_FOUND is handed on */
            store_reset(store, which);
            return PROTO_OK;
        }
        if (!err)
            err = read_row(store, store->statements[which], &session);
        if (!err)
            err = visit(context, &session);
    }
    if (store->statements[which])
        store_reset(store, which);
    return err;
}

enum proto_err relay_store_each_session(struct relay_store *store, bool ended, relay_store_visit_session visit,
                                        void *context)
{
    enum store_statement which = ended ? STORE_SESSION_ALL : STORE_SESSION_OPEN;

    return each_row(store, which, store_statement(store, which) != NULL, visit, context);
}

enum proto_err relay_store_each_session_beginning(struct relay_store *store, const char *digits,
                                                  relay_store_visit_session visit, void *context)
{
    uint8_t first[RELAY_STORE_SID_BYTES], last[RELAY_STORE_SID_BYTES];
    char low[2 * RELAY_STORE_SID_BYTES], high[2 * RELAY_STORE_SID_BYTES];
    size_t len = strnlen(digits, sizeof low + 1);

    if (!len || len > sizeof low || strspn(digits, "0123456789abcdefABCDEF") != len)
        return store_fail(store, PROTO_ERR_RANGE, "the number of a session is hexadecimal digits");
    memset(low, '0', sizeof low);
    memset(high, 'f', sizeof high);
    memcpy(low, digits, len);
    memcpy(high, digits, len);
    (void)sodium_hex2bin(first, sizeof first, low, sizeof low, NULL, NULL, NULL);
    (void)sodium_hex2bin(last, sizeof last, high, sizeof high, NULL, NULL, NULL);
    sqlite3_stmt *row = store_statement(store, STORE_SESSION_BEGINNING);
    if (row) {
        sqlite3_bind_blob(row, 1, first, sizeof first, SQLITE_STATIC);
        sqlite3_bind_blob(row, 2, last, sizeof last, SQLITE_STATIC);
    }
    return each_row(store, STORE_SESSION_BEGINNING, row != NULL, visit, context);
}

enum proto_err relay_store_count_sessions(struct relay_store *store, uint64_t *count)
{
    sqlite3_stmt *row = store_statement(store, STORE_SESSION_COUNT);

    *count = 0;
    if (!row)
        return PROTO_ERR_IO;
    enum proto_err err = store_next(store, STORE_SESSION_COUNT, "counting sessions");
    if (!err)
        *count = (uint64_t)sqlite3_column_int64(row, 0);
    store_reset(store, STORE_SESSION_COUNT);
    return err;
}
