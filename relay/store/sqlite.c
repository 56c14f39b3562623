/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the two files, runs statements and transactions, and puts SQLite's errors into sentences. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/store/inside.h"

#define PATH_BYTES 4096
#define TIDY_IDLE_PAGES 1000 /* pages in the write-ahead log: folded in when nobody waits, or on another thread */
#define TIDY_BUSY_PAGES 4000 /* 16 MB: folded in between two groups */
#define TIDY_MUST_PAGES 8000 /* folded in by the commit itself */
#define BUSY_MS 2000         /* another process may hold the file for a moment: a backup, an officer's tool */

static const struct {
    bool in_keys;
    const char *text;
} statement_texts[STORE_STATEMENT_COUNT] = {
#define STORE_TEXT(name, in_keys, text) {in_keys, text},
    STORE_STATEMENTS(STORE_TEXT)
#undef STORE_TEXT
};

enum proto_err store_fail(struct relay_store *store, enum proto_err err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(store->error, sizeof store->error, format, arguments);
    va_end(arguments);
    return err;
}

enum proto_err store_fail_sqlite(struct relay_store *store, sqlite3 *db, const char *doing)
{
    const char *file = db && db == store->keys ? "keys.db" : "relay.db";
    const char *folder = store->folder ? store->folder : "memory";
    int code = db ? sqlite3_errcode(db) : SQLITE_NOMEM;

    if (code == SQLITE_FULL)
        return store_fail(store, PROTO_ERR_IO, "%s/%s: the disk is full while %s; nothing of it was written; make room",
                          folder, file, doing);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        store->damaged = true;
        return store_fail(store, PROTO_ERR_IO,
                          "%s/%s: damaged, or not a database, while %s (%s); put the newest copy back with "
                          "handhold-relay --restore",
                          folder, file, doing, sqlite3_errmsg(db));
    }
    return store_fail(store, PROTO_ERR_IO, "%s/%s: %s while %s; check the folder, its rights and its disk", folder,
                      file, db ? sqlite3_errmsg(db) : "out of memory", doing);
}

sqlite3_stmt *store_statement(struct relay_store *store, enum store_statement which)
{
    sqlite3 *db = statement_texts[which].in_keys ? store->keys : store->data;
    sqlite3_stmt **statement = &store->statements[which];

    if (!*statement && sqlite3_prepare_v3(db, statement_texts[which].text, -1, SQLITE_PREPARE_PERSISTENT, statement,
                                          NULL) != SQLITE_OK) {
        store_fail_sqlite(store, db, "preparing a statement");
        return NULL;
    }
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    return *statement;
}

void store_reset(struct relay_store *store, enum store_statement which)
{
    sqlite3_reset(store->statements[which]);
    sqlite3_clear_bindings(store->statements[which]);
}

enum proto_err store_next(struct relay_store *store, enum store_statement which, const char *doing)
{
    int rc = sqlite3_step(store->statements[which]);

    if (rc == SQLITE_ROW)
        return PROTO_OK;
    if (rc == SQLITE_DONE)
        return PROTO_ERR_NOT_FOUND;
    return store_fail_sqlite(store, sqlite3_db_handle(store->statements[which]), doing);
}

enum proto_err store_run(struct relay_store *store, enum store_statement which, const char *doing)
{
    enum proto_err err = store_next(store, which, doing);

    store_reset(store, which);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

bool store_in_transaction(struct relay_store *store)
{
    if (!sqlite3_get_autocommit(store->data))
        return true;
    store_fail(store, PROTO_ERR_STATE, "the store was written to outside a transaction");
    return false;
}

bool store_column_bytes(sqlite3_stmt *row, int column, void *out, size_t len)
{
    const void *bytes = sqlite3_column_blob(row, column);

    if (!bytes || (size_t)sqlite3_column_bytes(row, column) != len)
        return false;
    memcpy(out, bytes, len);
    return true;
}

void store_column_text(sqlite3_stmt *row, int column, char *out, size_t capacity)
{
    const unsigned char *text = sqlite3_column_text(row, column);

    snprintf(out, capacity, "%s", text ? (const char *)text : "");
}

/*
 * The file is made here and not by SQLite so that it is never, not for a moment, readable by others. One that is there
 * is not opened outside SQLite: closing any descriptor of a file drops every POSIX lock that this process holds on it,
 * the locks of another handle of the store among them, and the next reader would take itself for the last one.
 */
static enum proto_err make_file(struct relay_store *store, const char *path)
{
    int fd = store->read_only ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);
        return PROTO_OK;
    }
    if (store->read_only && access(path, R_OK))
        return store_fail(store, PROTO_ERR_IO, "%s: cannot be read: %s; check the folder and its rights", path,
                          strerror(errno));
    if (!store->read_only && (errno != EEXIST || access(path, R_OK | W_OK)))
        return store_fail(store, PROTO_ERR_IO, "%s: cannot be opened for writing: %s; check the folder and its rights",
                          path, strerror(errno));
    return PROTO_OK;
}

/* A name as SQLite takes it with options; false: it does not fit. */
static bool uri_of(const char *path, char out[static 3 * PATH_BYTES])
{
    size_t at = (size_t)snprintf(out, 3 * PATH_BYTES, "file:");

    for (; *path && at + 4 + sizeof "?immutable=1" < 3 * PATH_BYTES; path++)
        at += (size_t)snprintf(out + at, 4, strchr("?#%", *path) ? "%%%02X" : "%c", (unsigned char)*path);
    snprintf(out + at, 3 * PATH_BYTES - at, "?immutable=1");
    return !*path;
}

/*
 * A copy on a medium, or in a folder, where nothing can be written: SQLite keeps the list of who reads a database
 * beside it. Nobody changes this one, so it is read without, if all of it is in the file.
 */
static enum proto_err open_fixed(struct relay_store *store, sqlite3 **db, const char *path)
{
    char uri[3 * PATH_BYTES], wal[PATH_BYTES];
    struct stat about;

    if (snprintf(wal, sizeof wal, "%s-wal", path) >= (int)sizeof wal || !uri_of(path, uri))
        return store_fail(store, PROTO_ERR_RANGE, "the path of the data folder is too long");
    if (stat(wal, &about) == 0 && about.st_size > 0)
        return store_fail(
            store, PROTO_ERR_IO,
            "%s: a part of it is still in %s, and this folder cannot be written; copy the folder to where "
            "it can be, and read it there",
            path, wal);
    return sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK
               ? PROTO_OK
               : store_fail_sqlite(store, *db, "opening it");
}

static enum proto_err prepare_file(struct relay_store *store, sqlite3 *db, const char *name)
{
    bool keys = db == store->keys, newest;
    int version;
    enum proto_err err;

    sqlite3_busy_timeout(db, BUSY_MS);
    sqlite3_extended_result_codes(db, 0);
    err = store_schema_version(store, db, name, &version, &newest);
    if (err)
        return err;
    store->has_kept = keys ? store->has_kept : version >= STORE_KEPT_VERSION || !store->read_only;
    if (store->read_only) {
        if (version == 0)
            return store_fail(store, PROTO_ERR_NOT_FOUND, "%s/%s holds no log; name the data folder of a relay",
                              store->folder, name);
        err = store_schema_read_older(store, db, version);
        if (!err && sqlite3_exec(db, "PRAGMA query_only=ON", NULL, NULL, NULL) != SQLITE_OK)
            err = store_fail_sqlite(store, db, "opening it");
        return err;
    }
    /* secure_delete: what is erased leaves the file, not only the index. cache_size: 8 MB of pages, for sessions
     * fall all over their index, and each page that is not in memory is read before it is written. */
    if (sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON", NULL, NULL,
                     NULL) != SQLITE_OK ||
        sqlite3_exec(db, keys ? "PRAGMA cache_size=-2048" : "PRAGMA cache_size=-8192", NULL, NULL, NULL) != SQLITE_OK)
        return store_fail_sqlite(store, db, "opening it");
    return newest ? PROTO_OK : store_schema_bring_up(store, db, name, version);
}

static enum proto_err open_file(struct relay_store *store, sqlite3 **db, const char *name)
{
    char path[PATH_BYTES];
    enum proto_err err;

    if (!store->folder) {
        snprintf(path, sizeof path, ":memory:");
    } else {
        if (snprintf(path, sizeof path, "%s/%s", store->folder, name) >= (int)sizeof path)
            return store_fail(store, PROTO_ERR_RANGE, "the path of the data folder is too long");
        err = make_file(store, path);
        if (err)
            return err;
    }
    if (store->folder && store->read_only && (access(store->folder, W_OK) || access(path, W_OK))) {
        err = open_fixed(store, db, path);
        if (err)
            return err;
    } else if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return store_fail_sqlite(store, *db, "opening it");
    }
    return prepare_file(store, *db, name);
}

/*
 * SQLite folds its write-ahead log into the file inside the commit that makes it long, and that commit waits for two
 * more syncs and some thousand pages. So it is done apart: most of it by another handle while the writer goes on, the
 * rest by the writer between two groups, for only when nothing is left does the write-ahead log begin anew; here only
 * when nobody has done that for long.
 */
static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    struct relay_store *store = context;

    if (pages < store->wal_pages) /* it began anew */
        store->wal_tidied = store->wal_folded = 0;
    store->wal_pages = pages;
    if (pages - store->wal_tidied >= TIDY_MUST_PAGES &&
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK)
        store->wal_tidied = store->wal_folded = pages;
    return SQLITE_OK;
}

bool relay_store_tidy(struct relay_store *store, bool idle)
{
    if (store->wal_pages - store->wal_tidied < (idle ? TIDY_IDLE_PAGES : TIDY_BUSY_PAGES))
        return false;
    int rc = sqlite3_wal_checkpoint_v2(store->data, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_BUSY) /* BUSY: the other handle is at it; after the next group it has done most */
        store->wal_tidied = store->wal_folded =
            store->wal_pages; /* also when it fails: anew when as much waits again */
    return rc == SQLITE_OK;
}

bool relay_store_wants_fold(struct relay_store *store)
{
    if (store->wal_pages - store->wal_folded < TIDY_IDLE_PAGES ||
        store->wal_pages - store->wal_tidied >=
            TIDY_BUSY_PAGES) /* the writer's turn: two at once keep each other out */
        return false;
    store->wal_folded = store->wal_pages;
    return true;
}

void relay_store_fold(struct relay_store *beside)
{
    /* A failure leaves more to the writer's own. */
    (void)sqlite3_wal_checkpoint_v2(beside->data, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

enum proto_err relay_store_open_beside(struct relay_store **out, const struct relay_store *store)
{
    struct relay_store_config config = {.folder = store->folder, .read_only = true};
    char error[RELAY_STORE_ERROR_MAX];

    *out = NULL;
    return store->folder ? relay_store_open(out, &config, error) : PROTO_OK;
}

/* One writer: two relays on one folder would each sign their own continuation of the log. */
static enum proto_err lock_folder(struct relay_store *store)
{
    char path[4096];

    if (mkdir(store->folder, 0700) != 0 && errno != EEXIST)
        return store_fail(store, PROTO_ERR_IO, "%s: the data folder cannot be made: %s", store->folder,
                          strerror(errno));
    if (snprintf(path, sizeof path, "%s/writer.lock", store->folder) >= (int)sizeof path)
        return store_fail(store, PROTO_ERR_RANGE, "the path of the data folder is too long");
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return store_fail(store, PROTO_ERR_IO, "%s: the data folder cannot be written: %s; check its owner and rights",
                          store->folder, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return store_fail(store, PROTO_ERR_IO,
                          "%s is in use by another relay; stop that one, or use another data folder", store->folder);
    return PROTO_OK;
}

/* Before one is made: new keys are no use to what is there. */
static enum proto_err look_for_keys(struct relay_store *store)
{
    char path[PATH_BYTES];

    if (snprintf(path, sizeof path, "%s/keys.db", store->folder) >= (int)sizeof path)
        return store_fail(store, PROTO_ERR_RANGE, "the path of the data folder is too long");
    return access(path, F_OK) ? store_keys_look(store, true) : PROTO_OK;
}

static enum proto_err open_all(struct relay_store *store, const struct relay_store_config *config)
{
    enum proto_err err = PROTO_OK;

    if (!store->read_only && !store->random.fill)
        return store_fail(store, PROTO_ERR_ARGUMENT, "a store that writes needs a source of randomness");
    store->evidence = malloc(RELAY_STORE_EVIDENCE_MAX);
    store->folder = config->folder ? strdup(config->folder) : NULL;
    store->wrapped = store->read_only ? NULL : malloc(STORE_WRAPPED_MAX);
    if (!store->evidence || (config->folder && !store->folder) || (!store->read_only && !store->wrapped))
        return store_fail(store, PROTO_ERR_NOMEM, "memory ran out");
    if (!store->read_only)
        err = store_keyring_new(store);
    if (err)
        return err;
    if (store->folder && !store->read_only)
        err = lock_folder(store);
    if (!err)
        err = open_file(store, &store->data, "relay.db");
    if (!err && store->folder && !store->read_only)
        err = look_for_keys(store);
    if (!err)
        err = open_file(store, &store->keys, "keys.db");
    if (!err && !store->read_only)
        err = store_keys_look(store, false);
    if (!err && !store->read_only)
        sqlite3_wal_hook(store->data, on_commit, store);
    if (!err && config->max_pages)
        relay_store_set_max_pages(store, config->max_pages);
    return err;
}

enum proto_err relay_store_open(struct relay_store **out, const struct relay_store_config *config,
                                char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store *store = calloc(1, sizeof *store);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    snprintf(error, RELAY_STORE_ERROR_MAX, "memory ran out");
    if (!store)
        return err;
    store->lock_fd = -1;
    store->random = config->random;
    store->read_only = config->read_only;
    store->on_older = config->on_older;
    store->context = config->context;
    err = open_all(store, config);
    snprintf(error, RELAY_STORE_ERROR_MAX, "%s", store->error);
    if (err)
        relay_store_close(store);
    else
        *out = store;
    return err;
}

void relay_store_close(struct relay_store *store)
{
    if (!store)
        return;
    store_keyring_settle(store);
    for (size_t i = 0; i < STORE_STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->data);
    sqlite3_close(store->keys);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    store_keyring_free(store->keyring);
    free(store->evidence);
    free(store->wrapped);
    free(store->owed);
    free(store->folder);
    free(store);
}

const char *relay_store_error(const struct relay_store *store)
{
    return store->error;
}

bool relay_store_is_damaged(const struct relay_store *store)
{
    return store->damaged;
}

enum proto_err relay_store_begin(struct relay_store *store)
{
    if (store->read_only || !sqlite3_get_autocommit(store->data))
        return store_fail(store, PROTO_ERR_STATE, "this handle cannot begin a transaction now");
    return store_statement(store, STORE_BEGIN) ? store_run(store, STORE_BEGIN, "beginning to write") : PROTO_ERR_IO;
}

/* Without them all is the same, only slower, so nobody need know when they fail. */
void relay_store_begin_reading(struct relay_store *store)
{
    if (!store->read_only || !sqlite3_get_autocommit(store->data))
        return;
    (void)sqlite3_exec(store->data, "BEGIN", NULL, NULL, NULL);
    (void)sqlite3_exec(store->keys, "BEGIN", NULL, NULL, NULL);
}

void relay_store_end_reading(struct relay_store *store)
{
    if (!store->read_only)
        return;
    if (!sqlite3_get_autocommit(store->keys))
        (void)sqlite3_exec(store->keys, "COMMIT", NULL, NULL, NULL);
    if (!sqlite3_get_autocommit(store->data))
        (void)sqlite3_exec(store->data, "COMMIT", NULL, NULL, NULL);
}

enum proto_err relay_store_commit(struct relay_store *store)
{
    enum proto_err err = PROTO_ERR_STATE;

    if (!store_in_transaction(store))
        return err;
    err = store_keys_commit(store);
    if (!err)
        err = store_statement(store, STORE_COMMIT) ? store_run(store, STORE_COMMIT, "writing") : PROTO_ERR_IO;
    if (err)
        relay_store_rollback(store);
    return err;
}

static void roll_back(struct relay_store *store, sqlite3 *db, enum store_statement which)
{
    char said[RELAY_STORE_ERROR_MAX];

    if (!db || sqlite3_get_autocommit(db))
        return;
    snprintf(said, sizeof said, "%s", store->error); /* why it is rolled back is worth more than whether that worked */
    if (store_statement(store, which)) {
        sqlite3_step(store->statements[which]);
        store_reset(store, which);
    }
    snprintf(store->error, sizeof store->error, "%s", said);
}

void relay_store_rollback(struct relay_store *store)
{
    roll_back(store, store->data, STORE_ROLLBACK);
    roll_back(store, store->keys, STORE_KEYS_ROLLBACK);
    store_keyring_forget_sessions(store);
    store->next_known = false;
    store->first_state = STORE_FIRST_UNKNOWN;
}
