/* SPDX-License-Identifier: Apache-2.0 */
/* relay/log/writer.h - one group of jobs into one transaction; the appender's inside, used by one thread at a time. */
#ifndef RELAY_LOG_WRITER_H
#define RELAY_LOG_WRITER_H

#include "relay/log/appender.h"
#include "relay/log/tiles.h"

/* A job on its way: what was pushed, and the result it becomes. */
struct log_item {
    struct log_item *next;
    /* of log_ahead, under its lock */
    struct log_item *next_ahead;
    enum { LOG_ITEM_RAW, LOG_ITEM_TAKEN, LOG_ITEM_DONE } ahead;
    uint64_t expected; /* index */

    bool is_signed; /* the result's evidence line is for these three */
    uint64_t signed_index;
    uint8_t signed_leaf[PROTO_LOG_LEAF_BYTES], evidence_hash[PROTO_LOG_HASH_BYTES];
    struct relay_job job; /* its pointers point into this item */
    struct relay_store_session session;
    struct relay_result result;
    struct proto_entries erase[PROTO_ERASURE_RANGES];
    uint64_t index; /* of the entry, once it is known */
    uint8_t evidence[];
};

struct log_ahead;
struct log_writer {
    /* Owned */
    uint8_t *secret_key; /* sodium_malloc: never swapped, wiped when freed */
    char *origin, *checkpoint_file;
    /* Borrowed */
    struct relay_store *store;
    struct log_ahead *ahead; /* who may have signed already; NULL: nobody */

    char vkey[PROTO_LOG_ORIGIN_MAX + 64];
    struct proto_note_key key, evidence_key; /* as which checkpoints and evidence lines are signed */
    struct log_state {
        struct proto_log_tree tree;
        struct log_edge edge;
    } now, before; /* `before` is the tree of the last commit */
    struct log_tile_reader tiles;
    struct proto_log_seen head; /* durable */
    uint64_t vouched_size;      /* of what the checkpoint file holds */
    bool may_vouch;             /* the stored log was held against the file, and continues it */
    char checkpoint[PROTO_LOG_CHECKPOINT_MAX];
};

/** Loads the stored log and checks it; errors as relay_appender_start(). After an error, clear. */
PROTO_MUST_USE enum proto_err log_writer_init(struct log_writer *w, const struct relay_appender_config *config,
                                              char error[static RELAY_STORE_ERROR_MAX]);
void log_writer_clear(struct log_writer *w);
/**
 * Writes the items as one group; every item has its result afterwards. False: the group was not written. With
 * `closing_only` those that begin something are refused, and those that end something get another chance.
 */
bool log_writer_commit(struct log_writer *w, struct log_item *items, int64_t unix_ms, bool closing_only);

/** Makes spare customer keys when few are left; `idle`: nobody waits. */
void log_writer_stock(struct log_writer *w, bool idle);
/** Stores the newest checkpoint with more lines, `note`; false when it is not that any more, or cannot be written. */
bool log_writer_cosign(struct log_writer *w, const char *note);
/** The checkpoint file is behind the log. */
bool log_writer_owes_vouch(const struct log_writer *w);
/** Writes it, when it is behind. A failure leaves it owed. */
void log_writer_vouch(struct log_writer *w);

/* item.c: one job of the group */

/** Answers the job with an error; `text` is for whoever asked. PROTO_OK takes an error back. */
void log_item_fail(struct log_item *item, enum proto_err err, const char *text);
/** Writes the job into the open transaction. An error is the group's; the job's own fault is its result. */
PROTO_MUST_USE enum proto_err log_item_write(struct log_writer *w, struct log_item *item, int64_t unix_ms);
/** Signs the item's evidence line as that of entry `index`, if it has none for it yet. Touches nothing but the item. */
void log_writer_sign(const struct log_writer *w, struct log_item *item, uint64_t index, int64_t unix_ms);
/** The checkpoint of the tree as it is now, signed; nothing is written. */
PROTO_MUST_USE enum proto_err log_writer_sign_tree(const struct log_writer *w, struct relay_store_checkpoint *out);
/** Proofs and texts of the receipts, after a commit; `head` and `checkpoint` are new already. */
void log_writer_answer(struct log_writer *w, struct log_item *items);

/* vouch.c: the checkpoint kept outside the database */

/** Refuses a store that is older than, or another than, what the file vouches for, and one with entries and no file.
 * An empty log gets its file here. */
PROTO_MUST_USE enum proto_err log_vouch_check(struct log_writer *w, char error[static RELAY_STORE_ERROR_MAX]);
/** Replaces the file, durably. False: it is as it was, or newer but perhaps not durable. */
bool log_vouch_write(const char *path, const char *note);

#endif
