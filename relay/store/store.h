/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/store/store.h - what the relay must remember, behind an interface that knows no SQL.
 *
 * Two files in one folder: relay.db (log entries, tiles, newest checkpoint, sessions) and keys.db (the customer keys
 * that wrap evidence). They are apart because erasure is the destruction of a key, and a key that sits in every backup
 * of the data is never destroyed. A handle belongs to one thread; the relay opens one to write and others, read-only,
 * to read. A second writer on the same folder is refused.
 *
 * Everything is durable when relay_store_commit() returns PROTO_OK, and nothing of a transaction is there before.
 * Errors: PROTO_ERR_IO for the machine (disk full, unwritable, damaged), PROTO_ERR_VERSION for a database of a newer
 * program, PROTO_ERR_NOT_FOUND, PROTO_ERR_RANGE; relay_store_error() has the sentence.
 */
#ifndef RELAY_STORE_STORE_H
#define RELAY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/log/leaf.h"
#include "proto/log/receipt.h"
#include "proto/util/err.h"
#include "proto/util/random.h"

#define RELAY_STORE_ERROR_MAX 512
#define RELAY_STORE_EVIDENCE_MAX 65536 /* a sealed note with the rekey notes that ride with it */
#define RELAY_STORE_TILE_WIDTH 256     /* hashes in a full tile (C2SP tlog-tiles, height 8) */
#define RELAY_STORE_SID_BYTES 16
#define RELAY_STORE_SECRET_MAX 256 /* opaque bytes from which the core derives a session's tokens */
#define RELAY_STORE_TEXT_MAX 128   /* names, references, reasons: bytes without the NUL */
#define RELAY_STORE_NAMEPLATE_MAX 8
#define RELAY_STORE_KEY_NAME_MAX (sizeof "customer:" + RELAY_STORE_TEXT_MAX) /* of a key in keys.db */

struct relay_store;

struct relay_store_config {
    const char *folder; /* made (0700) by a writer when absent; NULL keeps all in memory, for tests and simulation */
    bool read_only;
    struct proto_random random; /* makes customer keys and nonces; not needed when read_only */
    unsigned max_pages;         /* bound on relay.db in pages of 4096 bytes; 0 is none. A test's small disk. */
    /* A writer finds a file that an earlier program made, and brings it up, which takes long for a long log; or NULL.
     */
    void (*on_older)(void *context, const char *file, int version, int newest);
    void *context; /* borrowed */
};

/** `error` gets a sentence on failure; *out is NULL then. The config's texts are copied. */
PROTO_MUST_USE enum proto_err relay_store_open(struct relay_store **out, const struct relay_store_config *config,
                                               char error[static RELAY_STORE_ERROR_MAX]);
void relay_store_close(struct relay_store *store); /* rolls an open transaction back; NULL is fine */
/** The sentence of the last error. Borrowed: until the next call on this handle. */
const char *relay_store_error(const struct relay_store *store);
/** SQLite has met a page that it cannot read. It stays so: only another copy of the file helps. */
bool relay_store_is_damaged(const struct relay_store *store);
/** Changes the bound named in the config, which the reserve counts against; 0 takes it away: a full disk gets room
 * again. */
void relay_store_set_max_pages(struct relay_store *store, unsigned max_pages);

/* ---- one transaction at a time ---- */

PROTO_MUST_USE enum proto_err relay_store_begin(struct relay_store *store);
/** On an error nothing was written and the transaction is over. */
PROTO_MUST_USE enum proto_err relay_store_commit(struct relay_store *store);
void relay_store_rollback(struct relay_store *store); /* fine without a transaction */
/**
 * Between these two a read-only handle reads as of one moment, and takes no lock for each read. Keep it short: while it
 * lasts the relay can neither fold its files nor wipe what was erased. On another handle they do nothing.
 */
void relay_store_begin_reading(struct relay_store *store);
void relay_store_end_reading(struct relay_store *store);
/**
 * Between transactions: folds what was written into the files when enough of it waits, so that no commit has to.
 * `idle`: nobody waits, so less is enough. True: it was done. Nothing depends on it but the size of the files.
 */
bool relay_store_tidy(struct relay_store *store, bool idle);
/**
 * The same on another thread, while the writer goes on: wants_fold of the writer says, once, that enough waits; fold of
 * a second handle does it. The writer's own tidy then has little left to do, and is what lets the files stop growing.
 */
bool relay_store_wants_fold(struct relay_store *store);
void relay_store_fold(struct relay_store *beside);
/** A reader on the folder of `store`; NULL, and OK, when that is in memory. */
PROTO_MUST_USE enum proto_err relay_store_open_beside(struct relay_store **out, const struct relay_store *store);

/**
 * Spare customer keys, made durable ahead, so that the transaction in which a session begins waits for one file and not
 * for two. wants: few are left; stock: between transactions, makes more, and writes whose those are that were given
 * away. The first time it also settles what a crash left: so only once it is clear that this log may be continued.
 * Without any all works, only slower.
 */
bool relay_store_wants_keys(const struct relay_store *store, bool idle);
PROTO_MUST_USE enum proto_err relay_store_stock_keys(struct relay_store *store);

/* ---- the reserve ---- */

/*
 * Disk that is held back so that endings can still be logged when the rest is full. Whoever starts something must hold
 * it; whoever ends something may give it up. Held as a file beside the databases.
 */
#define RELAY_STORE_RESERVE_BYTES (8 << 20) /* some three hundred endings: each writes about seven pages */

/** Takes the reserve, or has it already. PROTO_ERR_IO: the disk has no room for it. */
PROTO_MUST_USE enum proto_err relay_store_hold_reserve(struct relay_store *store);
/** Gives its room back to the disk. */
void relay_store_release_reserve(struct relay_store *store);

/* ---- the log ---- */

struct relay_store_entry {
    uint64_t index;
    uint8_t leaf[PROTO_LOG_LEAF_BYTES];
    uint8_t sid[RELAY_STORE_SID_BYTES]; /* zeros: belongs to no session */
    int64_t received_ms;                /* unix time */
    const uint8_t *evidence;            /* as the sender sealed it; NULL once erased. Borrowed. */
    size_t evidence_len;
    const char *evidence_line; /* the log's signature for it. Borrowed. */
    const char *key_name;      /* read: of the key that opened the evidence; NULL: of none. Borrowed. */
    bool misfiled; /* read: it is looked up by another commitment than that of its leaf. Nobody but a tamperer does so.
                    */
};

/**
 * In a transaction. The evidence is wrapped under the key of the session's customer reference, or of the session when
 * it has none; that of no session is stored as it is. Indices rise by one; a commitment that this session has already
 * is PROTO_ERR_STATE: look it up first.
 */
PROTO_MUST_USE enum proto_err relay_store_put_entry(struct relay_store *store, const struct relay_store_entry *entry);
/** Borrowed parts of `out` live until the next call on this handle. */
PROTO_MUST_USE enum proto_err relay_store_get_entry(struct relay_store *store, uint64_t index,
                                                    struct relay_store_entry *out);
/** Among the entries of this session. */
PROTO_MUST_USE enum proto_err relay_store_find_commitment(struct relay_store *store,
                                                          const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                                          const uint8_t commitment[static PROTO_LOG_HASH_BYTES],
                                                          uint64_t *index);
/** A visitor's error ends the visit and is returned. It may not call the same handle. */
typedef enum proto_err (*relay_store_visit_entry)(void *context, const struct relay_store_entry *entry);
/** Entries [from, to) in order. */
PROTO_MUST_USE enum proto_err relay_store_each_entry(struct relay_store *store, uint64_t from, uint64_t to,
                                                     relay_store_visit_entry visit, void *context);
/** The leaves of entries [from, to) in order, without opening what belongs to them. Same rules for a visitor. */
typedef enum proto_err (*relay_store_visit_leaf)(void *context, uint64_t index,
                                                 const uint8_t leaf[PROTO_LOG_LEAF_BYTES]);
PROTO_MUST_USE enum proto_err relay_store_each_leaf(struct relay_store *store, uint64_t from, uint64_t to,
                                                    relay_store_visit_leaf visit, void *context);
PROTO_MUST_USE enum proto_err relay_store_each_entry_of(struct relay_store *store,
                                                        const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                                        relay_store_visit_entry visit, void *context);

/* For who verifies: what nobody but a tamperer puts there. */

/** An entry that no log of `size` has: a number below 0, or one of `size` on. False: there is none. */
bool relay_store_stray_entry(struct relay_store *store, uint64_t size, int64_t *index);
/** The same of tiles. */
bool relay_store_stray_tile(struct relay_store *store, uint64_t size, int64_t *id);
/** Where each entry is found: below which session, and has that one a row? Those of one session together. */
typedef enum proto_err (*relay_store_visit_place)(void *context, const uint8_t sid[RELAY_STORE_SID_BYTES],
                                                  uint64_t index, bool has_row);
PROTO_MUST_USE enum proto_err relay_store_each_place(struct relay_store *store, relay_store_visit_place visit,
                                                     void *context);
/** The first entry from `from` on that is to be found below this session. NOT_FOUND: there is none. */
PROTO_MUST_USE enum proto_err relay_store_next_place(struct relay_store *store,
                                                     const uint8_t sid[static RELAY_STORE_SID_BYTES], uint64_t from,
                                                     uint64_t *index);
/** How many entries before `size` are to be found below this session, whether or not they are there. */
PROTO_MUST_USE enum proto_err relay_store_count_places(struct relay_store *store,
                                                       const uint8_t sid[static RELAY_STORE_SID_BYTES], uint64_t size,
                                                       uint64_t *count);
/** Is this the name of the key that evidence of this session must be under? */
bool relay_store_key_fits(struct relay_store *store, const uint8_t sid[static RELAY_STORE_SID_BYTES], const char *name);

/** In a transaction: `count` (1 to 256) hashes of 32 bytes; replaces a shorter tile of that place. */
PROTO_MUST_USE enum proto_err relay_store_put_tile(struct relay_store *store, unsigned level, uint64_t n,
                                                   const uint8_t *hashes, size_t count);
/** `hashes` has room for a full tile. */
PROTO_MUST_USE enum proto_err relay_store_get_tile(struct relay_store *store, unsigned level, uint64_t n,
                                                   uint8_t hashes[static RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES],
                                                   size_t *count);

struct relay_store_checkpoint {
    uint64_t size;
    uint8_t root[PROTO_LOG_HASH_BYTES];
    char note[PROTO_LOG_CHECKPOINT_MAX]; /* NUL-terminated */
};
/** In a transaction: replaces the one before; a smaller size is PROTO_ERR_STATE. */
PROTO_MUST_USE enum proto_err relay_store_put_checkpoint(struct relay_store *store,
                                                         const struct relay_store_checkpoint *checkpoint);
/** PROTO_ERR_NOT_FOUND while the log is empty. */
PROTO_MUST_USE enum proto_err relay_store_get_checkpoint(struct relay_store *store, struct relay_store_checkpoint *out);

/* ---- sessions ---- */

enum relay_store_state { RELAY_STORE_WAITING = 1, RELAY_STORE_LIVE = 2, RELAY_STORE_ENDED = 3 };

/* Plain data. Texts are UTF-8, NUL-terminated, empty when unknown. */
struct relay_store_session {
    uint8_t sid[RELAY_STORE_SID_BYTES];
    enum relay_store_state state;
    char nameplate[RELAY_STORE_NAMEPLATE_MAX + 1];
    uint8_t agent_fingerprint[32]; /* H(leaf DER) */
    char agent_id[RELAY_STORE_TEXT_MAX + 1], agent_name[RELAY_STORE_TEXT_MAX + 1], agent_role[RELAY_STORE_TEXT_MAX + 1];
    char customer_ref[RELAY_STORE_TEXT_MAX + 1]; /* names the person; must be set before the first entry */
    char ticket_ref[RELAY_STORE_TEXT_MAX + 1];   /* names the matter */
    int64_t created_unix_ms, expires_unix_ms;
    uint8_t cs_pub[32]; /* the customer's session key; zeros while nobody joined */
    uint64_t event_seq; /* of the last relay event; 0 is none */
    uint8_t event_prev[32];
    char ended_reason[RELAY_STORE_TEXT_MAX + 1];
    uint8_t secret[RELAY_STORE_SECRET_MAX];
    size_t secret_len;
};

/**
 * In a transaction: a new row, or the new content of the row with that sid. STATE, and nothing was written: the row
 * that is there has ended and this one has not, or it is of a later event; a session's past is not written over.
 */
PROTO_MUST_USE enum proto_err relay_store_put_session(struct relay_store *store, const struct relay_store_session *row);
PROTO_MUST_USE enum proto_err relay_store_get_session(struct relay_store *store,
                                                      const uint8_t sid[static RELAY_STORE_SID_BYTES],
                                                      struct relay_store_session *out);
typedef enum proto_err (*relay_store_visit_session)(void *context, const struct relay_store_session *row);
/** Oldest first. With `ended` also those that have ended. */
PROTO_MUST_USE enum proto_err relay_store_each_session(struct relay_store *store, bool ended,
                                                       relay_store_visit_session visit, void *context);
/** Those whose number begins with these hexadecimal digits, by number. RANGE: no digits, or more than a number has. */
PROTO_MUST_USE enum proto_err relay_store_each_session_beginning(struct relay_store *store, const char *digits,
                                                                 relay_store_visit_session visit, void *context);
/** All rows, without reading them. */
PROTO_MUST_USE enum proto_err relay_store_count_sessions(struct relay_store *store, uint64_t *count);

/* ---- what staff keep here, sealed under a key of theirs ---- */

#define RELAY_STORE_KEPT_MAX 40000 /* bytes of a case */
#define RELAY_STORE_COUNT_MAX 8192
#define RELAY_STORE_COUNTS 20000 /* the newest stay */

struct relay_store_case {
    uint8_t sid[RELAY_STORE_SID_BYTES];
    int64_t time_ms, until_ms; /* unix time: written; gone from then on */
    const uint8_t *sealed;     /* read: borrowed for the visit */
    size_t len;
    uint64_t row; /* read: which of its customer's it is, from 0; nothing when it is put */
};
/**
 * In a transaction: the case of this session, in place of the one before; of no bytes: there is none any more. It goes
 * with the last evidence of its session. STATE: the session is not stored, or has no customer reference.
 */
PROTO_MUST_USE enum proto_err relay_store_put_case(struct relay_store *store, const struct relay_store_case *one);
typedef enum proto_err (*relay_store_visit_case)(void *context, const struct relay_store_case *one);
/**
 * Of one customer reference, newest first, those whose time is not over, from row `from` on: the rows before it are
 * neither read nor opened. One that was altered is passed over.
 */
PROTO_MUST_USE enum proto_err relay_store_each_case(struct relay_store *store, const char *ref, int64_t now_ms,
                                                    uint64_t from, relay_store_visit_case visit, void *context);
typedef enum proto_err (*relay_store_visit_suspect)(void *context, const uint8_t sid[RELAY_STORE_SID_BYTES],
                                                    const char *column);
/** Cases that no relay kept: `column` is where they differ from their session, or from the key that they are under. */
PROTO_MUST_USE enum proto_err relay_store_each_suspect_case(struct relay_store *store, relay_store_visit_suspect visit,
                                                            void *context);
/** In a transaction: those whose time is over go. */
PROTO_MUST_USE enum proto_err relay_store_expire_cases(struct relay_store *store, int64_t now_ms);
/** In a transaction: one more, of nobody. */
PROTO_MUST_USE enum proto_err relay_store_add_count(struct relay_store *store, const uint8_t *sealed, size_t len);
typedef enum proto_err (*relay_store_visit_count)(void *context, uint64_t id, const uint8_t *sealed, size_t len);
/** From number `from` on, in their order; numbers rise and are never given twice. */
PROTO_MUST_USE enum proto_err relay_store_each_count(struct relay_store *store, uint64_t from,
                                                     relay_store_visit_count visit, void *context);

/* ---- a copy of another store, as it is read there ---- */

/** In a transaction: as put_entry, and also what was erased. */
PROTO_MUST_USE enum proto_err relay_store_import_entry(struct relay_store *store,
                                                       const struct relay_store_entry *entry);
/** In a transaction: as put_session, in whatever order rows and entries come. */
PROTO_MUST_USE enum proto_err relay_store_import_session(struct relay_store *store,
                                                         const struct relay_store_session *row);

/* ---- erasure ---- */

typedef enum proto_err (*relay_store_visit_index)(void *context, uint64_t index);
/**
 * The entries, rising, that still have evidence of one person: of all sessions with this reference, or (`ref` NULL) of
 * one session. STATE: one of them has not ended. NOT_FOUND: there are none. The visitor may not call the same handle.
 */
PROTO_MUST_USE enum proto_err relay_store_each_erasable(struct relay_store *store, const char *ref,
                                                        const uint8_t sid[RELAY_STORE_SID_BYTES],
                                                        relay_store_visit_index visit, void *context);
/** The same of all sessions that ended and have no entry since this time; there may be none. */
PROTO_MUST_USE enum proto_err relay_store_each_stale(struct relay_store *store, int64_t before_unix_ms,
                                                     relay_store_visit_index visit, void *context);
/** STATE: one of these entries is of a session that has not ended, or of none. */
PROTO_MUST_USE enum proto_err relay_store_check_erasable(struct relay_store *store, uint64_t first, uint64_t last);
/**
 * In a transaction, which is the one that appends the class 3 leaf: evidence of entries `first` to `last`, and the rows
 * of sessions of which nothing is left. Adds to `*erased` what was there. May be done again. Errors as check_erasable.
 */
PROTO_MUST_USE enum proto_err relay_store_erase_range(struct relay_store *store, uint64_t first, uint64_t last,
                                                      uint64_t *erased);
/** Nothing of these entries is left: no evidence, no key that only they needed. */
bool relay_store_is_erased(struct relay_store *store, uint64_t first, uint64_t last);
/**
 * In any order: each entry that has evidence, and the first entry of each session that has ended and has a row. Reads
 * an index of the former alone, and all rows.
 */
PROTO_MUST_USE enum proto_err relay_store_each_kept(struct relay_store *store, relay_store_visit_index visit,
                                                    void *context);
/** The same of these entries, each of a session with such a row: reads them. */
PROTO_MUST_USE enum proto_err relay_store_each_kept_in(struct relay_store *store, uint64_t first, uint64_t last,
                                                       relay_store_visit_index visit, void *context);
/**
 * After that commit: the keys under which nothing is left, and the pages as they were. IO: a reader was in the way, or
 * the disk; it is owed, and may be called again.
 */
PROTO_MUST_USE enum proto_err relay_store_wipe(struct relay_store *store);
bool relay_store_owes_wipe(const struct relay_store *store);
/**
 * What the erasures before entry `size` name is destroyed, in both files. It is kept beside the keys, so an older copy
 * of them that is put back knows of less; from now on each wipe says it anew.
 */
PROTO_MUST_USE enum proto_err relay_store_note_erased(struct relay_store *store, uint64_t size);
/** Of which entries that was said; 0: of none. */
uint64_t relay_store_noted_erased(struct relay_store *store);

#endif
