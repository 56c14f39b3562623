/* SPDX-License-Identifier: Apache-2.0 */
/* relay/store/inside.h - what the files of this room share; SQLite is named in no other header. */
#ifndef RELAY_STORE_INSIDE_H
#define RELAY_STORE_INSIDE_H

#include <sqlite3.h>

#include "relay/store/store.h"

#define STORE_KEY_BYTES 32
#define STORE_TILE_LEVELS 8
#define STORE_NONCE_BYTES 24
#define STORE_TAG_BYTES 16
#define STORE_WRAPPED_MAX (STORE_NONCE_BYTES + RELAY_STORE_EVIDENCE_MAX + STORE_TAG_BYTES)

/*     name                 in keys?  text */
#define STORE_STATEMENTS(X)                                                                                            \
    X(BEGIN, 0, "BEGIN IMMEDIATE")                                                                                     \
    X(COMMIT, 0, "COMMIT")                                                                                             \
    X(ROLLBACK, 0, "ROLLBACK")                                                                                         \
    X(ENTRY_LAST, 0, "SELECT MAX(idx) FROM entry")                                                                     \
    X(ENTRY_PUT, 0, "INSERT INTO entry(idx,leaf,c,sid,received_ms,dek,evidence,line) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)") \
    X(ENTRY_EACH, 0,                                                                                                   \
      "SELECT idx,leaf,sid,received_ms,dek,evidence,line,c FROM entry WHERE idx>=?1 AND idx<?2 ORDER BY idx")          \
    X(ENTRY_LEAVES, 0, "SELECT idx,leaf FROM entry WHERE idx>=?1 AND idx<?2 ORDER BY idx")                             \
    X(ENTRY_OF, 0,                                                                                                     \
      "SELECT e.idx,leaf,e.sid,received_ms,dek,evidence,line,f.c FROM filed f JOIN entry e ON e.idx=f.idx"             \
      " WHERE f.sid=?1 AND e.sid=?1 ORDER BY e.idx")                                                                   \
    X(ENTRY_FIND, 0, "SELECT idx FROM filed WHERE sid=?1 AND c=?2")                                                    \
    X(ENTRY_AT, 0, "SELECT idx FROM place WHERE first=?1 AND c=?2")                                                    \
    X(ENTRY_FIRST, 0, "SELECT first FROM begun WHERE sid=?1")                                                          \
    X(ENTRY_BEGIN, 0, "INSERT INTO begun(sid,first) VALUES(?1,?2)")                                                    \
    X(ENTRY_FILE, 0, "INSERT INTO place(first,c,idx) VALUES(?1,?2,?3)")                                                \
    X(PLACE_EACH, 0,                                                                                                   \
      "SELECT f.sid,f.idx,s.sid IS NOT NULL FROM filed f LEFT JOIN session s ON s.sid=f.sid ORDER BY f.sid")           \
    X(PLACE_NEXT, 0, "SELECT MIN(idx) FROM filed WHERE sid=?1 AND idx>=?2")                                            \
    X(PLACE_COUNT, 0, "SELECT COUNT(DISTINCT idx) FROM filed WHERE sid=?1 AND idx<?2")                                 \
    X(ENTRY_STRAY, 0,                                                                                                  \
      "SELECT idx FROM (SELECT MIN(idx) AS idx FROM entry WHERE idx<0 UNION ALL"                                       \
      " SELECT MIN(idx) FROM entry WHERE idx>=?1) WHERE idx IS NOT NULL LIMIT 1")                                      \
    X(TILE_PUT, 0, "INSERT OR REPLACE INTO tile(id,hashes) VALUES(?1,?2)")                                             \
    X(TILE_GET, 0, "SELECT hashes FROM tile WHERE id=?1")                                                              \
    X(TILE_STRAY, 0, "SELECT id FROM tile WHERE id>=?1 AND id<?2 LIMIT 1")                                             \
    X(CHECKPOINT_PUT, 0, "INSERT OR REPLACE INTO checkpoint(id,size,root,note) VALUES(1,?1,?2,?3)")                    \
    X(CHECKPOINT_GET, 0, "SELECT size,root,note FROM checkpoint WHERE id=1")                                           \
    X(SESSION_PUT, 0,                                                                                                  \
      "INSERT OR REPLACE INTO session(sid,state,nameplate,agent_fingerprint,agent_id,agent_name,agent_role,"           \
      "customer_ref,ticket_ref,created_ms,expires_ms,cs_pub,event_seq,event_prev,ended_reason,secret) "                \
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)")                                                \
    X(SESSION_GET, 0, "SELECT * FROM session WHERE sid=?1")                                                            \
    X(SESSION_WHERE, 0, "SELECT state,event_seq FROM session WHERE sid=?1")                                            \
    X(SESSION_OPEN, 0, "SELECT * FROM session WHERE state<>3 ORDER BY created_ms,sid")                                 \
    X(SESSION_ALL, 0, "SELECT * FROM session ORDER BY created_ms,sid")                                                 \
    X(SESSION_BEGINNING, 0, "SELECT * FROM session WHERE sid BETWEEN ?1 AND ?2 ORDER BY sid")                          \
    X(SESSION_COUNT, 0, "SELECT COUNT(*) FROM session")                                                                \
    X(SESSION_REF, 0, "SELECT customer_ref FROM session WHERE sid=?1")                                                 \
    X(SUBJECT_RUNNING, 0, "SELECT 1 FROM session WHERE state<>3 AND (customer_ref=?1 OR sid=?2) LIMIT 1")              \
    X(SUBJECT_EACH, 0,                                                                                                 \
      "SELECT f.idx FROM filed f JOIN entry e ON e.idx=f.idx WHERE e.evidence IS NOT NULL AND f.sid IN"                \
      " (SELECT sid FROM session WHERE customer_ref=?1 UNION SELECT ?2) ORDER BY f.idx")                               \
    X(STALE_EACH, 0,                                                                                                   \
      "SELECT f.idx FROM filed f JOIN entry e ON e.idx=f.idx WHERE e.evidence IS NOT NULL AND f.sid IN"                \
      " (SELECT s.sid FROM session s WHERE s.state=3 AND s.created_ms<?1 AND NOT EXISTS"                               \
      "  (SELECT 1 FROM filed g JOIN entry h ON h.idx=g.idx WHERE g.sid=s.sid AND h.received_ms>=?1)) ORDER BY f.idx") \
    X(RANGE_KEPT, 0,                                                                                                   \
      "SELECT 1 FROM entry WHERE idx>=?1 AND idx<=?2 AND (sid=zeroblob(16) OR sid IN"                                  \
      " (SELECT sid FROM session WHERE state<>3)) LIMIT 1")                                                            \
    X(RANGE_LEFT, 0, "SELECT 1 FROM entry WHERE idx>=?1 AND idx<=?2 AND evidence IS NOT NULL LIMIT 1")                 \
    X(KEPT_EACH, 0,                                                                                                    \
      "SELECT idx FROM entry INDEXED BY entry_dek WHERE evidence IS NOT NULL"                                          \
      " UNION ALL SELECT b.first FROM session s JOIN begun b ON b.sid=s.sid WHERE s.state=3")                          \
    X(KEPT_IN, 0,                                                                                                      \
      "SELECT idx FROM entry e WHERE idx>=?1 AND idx<=?2 AND (evidence IS NOT NULL OR EXISTS"                          \
      " (SELECT 1 FROM session s WHERE s.sid=e.sid AND s.state=3))")                                                   \
    X(RANGE_KEYS, 0, "SELECT DISTINCT dek FROM entry WHERE idx>=?1 AND idx<=?2")                                       \
    X(ENTRY_WHOSE, 0, "SELECT sid,dek FROM entry WHERE idx=?1")                                                        \
    X(ENTRY_ERASE_ONE, 0, "UPDATE entry SET evidence=NULL WHERE idx=?1 AND evidence IS NOT NULL")                      \
    X(ENTRY_ANY, 0, "SELECT 1 FROM begun WHERE sid=?1")                                                                \
    X(DEK_NEEDED, 0,                                                                                                   \
      "SELECT 1 FROM entry WHERE dek=?1 AND evidence IS NOT NULL"                                                      \
      " UNION ALL SELECT 1 FROM kept_case WHERE dek=?1 LIMIT 1")                                                       \
    X(DEK_NEWEST, 0, "SELECT dek FROM entry WHERE evidence IS NOT NULL ORDER BY dek DESC LIMIT 1")                     \
    X(DEK_WHOSE, 0, "SELECT sid FROM entry WHERE dek=?1 AND evidence IS NOT NULL LIMIT 1")                             \
    X(SESSION_ERASE_EMPTY, 0,                                                                                          \
      "DELETE FROM session WHERE sid=?1 AND NOT EXISTS"                                                                \
      " (SELECT 1 FROM filed f JOIN entry e ON e.idx=f.idx WHERE f.sid=?1 AND e.evidence IS NOT NULL)")                \
    X(CASE_PUT, 0, "INSERT OR REPLACE INTO kept_case(sid,ref,time_ms,until_ms,dek,bytes) VALUES(?1,?2,?3,?4,?5,?6)")   \
    X(CASE_DROP, 0, "DELETE FROM kept_case WHERE sid=?1")                                                              \
    X(CASE_EACH, 0, /* without their bytes: a sort would carry them all */                                             \
      "SELECT sid FROM kept_case WHERE ref=?1 AND until_ms>?2 ORDER BY time_ms DESC,sid LIMIT -1 OFFSET ?3")           \
    X(CASE_GET, 0, "SELECT sid,time_ms,until_ms,dek,bytes FROM kept_case WHERE sid=?1")                                \
    X(CASE_ALL, 0,                                                                                                     \
      "SELECT k.sid,time_ms,until_ms,dek,bytes,ref,customer_ref FROM kept_case k"                                      \
      " LEFT JOIN session s ON s.sid=k.sid ORDER BY k.sid")                                                            \
    X(CASE_EXPIRE, 0, "DELETE FROM kept_case WHERE until_ms<=?1")                                                      \
    X(CASE_ERASE_EMPTY, 0,                                                                                             \
      "DELETE FROM kept_case WHERE sid=?1 AND NOT EXISTS"                                                              \
      " (SELECT 1 FROM filed f JOIN entry e ON e.idx=f.idx WHERE f.sid=?1 AND e.evidence IS NOT NULL)")                \
    X(COUNT_ADD, 0, "INSERT INTO kept_count(bytes) VALUES(?1)")                                                        \
    X(COUNT_CUT, 0, "DELETE FROM kept_count WHERE id<=?1")                                                             \
    X(COUNT_EACH, 0, "SELECT id,bytes FROM kept_count WHERE id>=?1 ORDER BY id")                                       \
    X(KEYS_BEGIN, 1, "BEGIN IMMEDIATE")                                                                                \
    X(KEYS_COMMIT, 1, "COMMIT")                                                                                        \
    X(KEYS_ROLLBACK, 1, "ROLLBACK")                                                                                    \
    X(KEY_GET, 1, "SELECT key,name FROM dek WHERE id=?1")                                                              \
    X(KEY_FIND, 1, "SELECT id,key FROM dek WHERE name=?1")                                                             \
    X(KEY_PUT, 1, "INSERT INTO dek(name,key) VALUES(?1,?2)")                                                           \
    X(KEY_NAME, 1, "UPDATE OR IGNORE dek SET name=?2 WHERE id=?1")                                                     \
    X(KEY_SPARE, 1, "SELECT id,name FROM dek WHERE name>?1 AND name<'spare;' ORDER BY name LIMIT 1")                   \
    X(KEY_NEWEST, 1, "SELECT seq FROM sqlite_sequence WHERE name='dek'")                                               \
    X(KEY_ERASE, 1, "DELETE FROM dek WHERE id=?1")                                                                     \
    X(ERASED_PUT, 1, "INSERT INTO dek(name,key) VALUES('erased',?1) ON CONFLICT(name) DO UPDATE SET key=excluded.key") \
    X(ERASED_GET, 1, "SELECT key FROM dek WHERE name='erased'")

enum store_statement {
#define STORE_ENUM(name, in_keys, text) STORE_##name,
    STORE_STATEMENTS(STORE_ENUM)
#undef STORE_ENUM
        STORE_STATEMENT_COUNT
};

/* A customer's key, and its number in keys.db. */
struct store_key {
    int64_t id;
    uint8_t key[STORE_KEY_BYTES];
};
struct store_keyring;

struct relay_store {
    /* Owned */
    sqlite3 *data, *keys;
    sqlite3_stmt *statements[STORE_STATEMENT_COUNT]; /* prepared when first used */
    uint8_t *evidence;                               /* the opened evidence of the last entry read */
    uint8_t *wrapped;                                /* of a writer: the evidence that is being stored */
    struct store_keyring *keyring;                   /* of a writer; NULL otherwise */
    char *folder;                                    /* NULL: in memory */
    int lock_fd;                                     /* held by a writer; -1: none */

    struct proto_random random;
    void (*on_older)(void *context, const char *file, int version, int newest); /* as in the config */
    void *context;
    bool read_only, reserve_held, damaged;
    bool has_kept;            /* false: read-only, and written by a program that knew no cases */
    struct store_key visited; /* of the entry before, while entries are visited; wiped then. Number 0: none */
    bool visiting;
    /* Of the session `first_sid`, as it is stored or in the open transaction; a writer's, for nobody else writes */
    enum { STORE_FIRST_UNKNOWN, STORE_FIRST_NONE, STORE_FIRST_KNOWN } first_state;
    uint8_t first_sid[RELAY_STORE_SID_BYTES];
    uint64_t first;     /* index of its first entry */
    bool next_known;    /* `next` was read, or follows from what was written */
    uint64_t next;      /* index of the next entry */
    unsigned max_pages; /* 0: no bound */
    int64_t *owed;      /* owned: keys of erased entries, to be destroyed when nothing is left under them */
    size_t owed_count;
    bool erased_known; /* relay_store_note_erased() was called: what is wiped from now on is noted as well */
    /* Of relay.db's write-ahead log: pages in it, and those of them when it was last folded, here and elsewhere */
    int wal_pages, wal_tidied, wal_folded;
    char error[RELAY_STORE_ERROR_MAX];
    char line[PROTO_LOG_EVIDENCE_LINE_MAX];
    char key_name[RELAY_STORE_KEY_NAME_MAX]; /* of the key that was read last */
};

/** Sets the sentence and returns `err`. */
enum proto_err store_fail(struct relay_store *store, enum proto_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The same for what SQLite said about `db`; always an error. `doing` reads on from "while". */
enum proto_err store_fail_sqlite(struct relay_store *store, sqlite3 *db, const char *doing);
/** The statement, reset and without bindings; NULL after store_fail_sqlite(). */
sqlite3_stmt *store_statement(struct relay_store *store, enum store_statement which);
/** Steps a statement that yields no row, and resets it. */
PROTO_MUST_USE enum proto_err store_run(struct relay_store *store, enum store_statement which, const char *doing);
/** Steps to the next row: OK, NOT_FOUND at the end, or an error. Reset it afterwards. */
PROTO_MUST_USE enum proto_err store_next(struct relay_store *store, enum store_statement which, const char *doing);
void store_reset(struct relay_store *store, enum store_statement which);
/** False without an open write transaction; the sentence is set. */
bool store_in_transaction(struct relay_store *store);
/** A column as a blob of exactly `len` bytes; false when it is not. */
bool store_column_bytes(sqlite3_stmt *row, int column, void *out, size_t len);
/** A column as text into `out`; cut off, never over, at `capacity`. */
void store_column_text(sqlite3_stmt *row, int column, char *out, size_t capacity);

/** Tells SQLite how far relay.db may grow: max_pages, less the reserve while it is held. */
void store_apply_bound(struct relay_store *store);

/* places.c */

#define STORE_COMMITMENT_AT (PROTO_LOG_LEAF_BYTES - PROTO_LOG_HASH_BYTES)

/** Writes where the entry is found. STATE: this session has this commitment already. */
PROTO_MUST_USE enum proto_err store_place_put(struct relay_store *store, const struct relay_store_entry *entry);
/** What a statement that wrote of this entry has said: STATE when its commitment was there, in place of IO. */
PROTO_MUST_USE enum proto_err store_refused(struct relay_store *store, const struct relay_store_entry *entry,
                                            enum proto_err err);
/** The index of the session's first entry: its number in the files. NOT_FOUND: it has none. */
PROTO_MUST_USE enum proto_err store_first_of(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                             uint64_t *first);

/* keys.c: evidence under a customer's key */

#define STORE_SPARE_PREFIX "spare:" /* of keys that are nobody's yet */
/** The name of the key that a session's evidence is wrapped under, and the ref: "customer:<ref>", or without one
 * "session:<its first entry, 16 hex digits>", the next entry for one that has none yet. */
PROTO_MUST_USE enum proto_err store_key_name_of(struct relay_store *store,
                                                const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                                char ref[static RELAY_STORE_TEXT_MAX + 1],
                                                char name[static RELAY_STORE_KEY_NAME_MAX]);
/** Finds the session's key, or gives it one, durable before what is wrapped under it: relay_store_commit() sees to that
 * where the stock of spare keys has not. */
PROTO_MUST_USE enum proto_err store_key_need(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                             struct store_key *key);
/** A new key under a name that there is not, in a transaction of keys.db. */
PROTO_MUST_USE enum proto_err store_key_make(struct relay_store *store, const char *name, struct store_key *key);
PROTO_MUST_USE enum proto_err store_key_erase(struct relay_store *store, int64_t id);
/** Before a writer opens keys.db (`missing`: it is not there), and after: IO when evidence lies under keys that it
 * never had. A number is given once, so a newer keys.db than relay.db always fits, whatever of it was destroyed. */
PROTO_MUST_USE enum proto_err store_keys_look(struct relay_store *store, bool missing);
/** A transaction of keys.db; fine when there is one, and when there is none to commit. */
PROTO_MUST_USE enum proto_err store_keys_begin(struct relay_store *store);
PROTO_MUST_USE enum proto_err store_keys_commit(struct relay_store *store);
/** NOT_FOUND: destroyed. Its name is in store->key_name. */
PROTO_MUST_USE enum proto_err store_key_get(struct relay_store *store, int64_t id, uint8_t key[static STORE_KEY_BYTES]);
/** Writes nonce, ciphertext, tag: entry->evidence_len + nonce + tag bytes. Bound to index and leaf. */
void store_wrap(struct relay_store *store, const uint8_t key[static STORE_KEY_BYTES],
                const struct relay_store_entry *entry, uint8_t *out);
/** Opens into store->evidence and sets the entry's pointer. CRYPTO: altered, or moved from another entry. */
PROTO_MUST_USE enum proto_err store_unwrap(struct relay_store *store, const uint8_t key[static STORE_KEY_BYTES],
                                           const uint8_t *wrapped, size_t len, struct relay_store_entry *entry);

/* keyring.c: keys in memory, of a writer */

PROTO_MUST_USE enum proto_err store_keyring_new(struct relay_store *store);
void store_keyring_free(struct store_keyring *ring); /* wipes; NULL is fine */
/** Before a writer closes: what was given gets its name and what was not goes, so that the next start has nothing to
 * look up, entry by entry, in a log however long. */
void store_keyring_settle(struct relay_store *store);
/** The key of a session under way. */
bool store_keyring_find(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                        struct store_key *key);
void store_keyring_keep(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES], const char *ref,
                        const struct store_key *key);
/** A row was written: what is kept of this session under another reference is forgotten. */
void store_keyring_row_changed(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                               const char *ref);
/** After a rollback: rows and keys may not be there. */
void store_keyring_forget_sessions(struct relay_store *store);
/** This key is nobody's any more, in memory either. */
void store_keyring_destroyed(struct relay_store *store, int64_t id);
/** The spare key that got this name, which is not yet written. */
bool store_keyring_given(struct relay_store *store, const char *name, struct store_key *key);
/** Gives a spare key a name; false: the stock is used up. */
bool store_keyring_take(struct relay_store *store, const char *name, struct store_key *key);

/* ---- schema.c ---- */

#define STORE_KEPT_VERSION 2 /* of relay.db: from here on it has cases and counts */

/** Which version the file is of, and whether it is the newest that this program knows. VERSION: a later program's. */
PROTO_MUST_USE enum proto_err store_schema_version(struct relay_store *store, sqlite3 *db, const char *name,
                                                   int *version, bool *newest);
/** All steps behind `version`, in one transaction; on an error the file is as it was. */
PROTO_MUST_USE enum proto_err store_schema_bring_up(struct relay_store *store, sqlite3 *db, const char *name,
                                                    int version);
/** For a reader, which changes nothing: what this program asks for is there under its name. */
PROTO_MUST_USE enum proto_err store_schema_read_older(struct relay_store *store, sqlite3 *db, int version);

#endif
