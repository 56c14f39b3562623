/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/tree.h - the log without its meaning: leaves, tree, tiles, checkpoint, evidence as sealed bytes.
 *
 * Two trees are grown. One has the leaves that are stored, the other the leaf hashes that the lowest tiles hold. When
 * the first does not lead to the signed root and the second does, the entries where they part are the ones that were
 * altered, and all others are proved in spite of it. Nothing here needs the officers' key.
 */
#ifndef RELAY_AUDIT_TREE_H
#define RELAY_AUDIT_TREE_H

#include "relay/audit/organisation.h"
#include "relay/audit/own.h"
#include "relay/audit/report.h"

/* A tree that was verified on this machine before; size 0: none. */
struct audit_seen_tree {
    uint64_t size;
    uint8_t root[PROTO_LOG_HASH_BYTES];
};

/* A session's place in the order in which sessions are judged. */
struct audit_row_mark {
    bool set;
    int64_t created_unix_ms;
    uint8_t sid[RELAY_STORE_SID_BYTES];
};

/* How far a verification has come, when all that it looked at holds: entries recomputed, and proved to be the beginning
 * of the signed log; then sessions judged, of the log as it was with these entries. */
struct audit_reached {
    struct audit_seen_tree tree;
    uint64_t unfiled;          /* entries before it are not known yet to be found below their sessions */
    struct audit_row_mark row; /* set: sessions up to this one */
};

/* Sessions that had not ended when a log was verified, as many as are kept of them: each ends by a note. */
enum { AUDIT_OPEN_MAX = 1000 };
struct audit_open {
    uint8_t sid[AUDIT_OPEN_MAX][RELAY_STORE_SID_BYTES];
    size_t count;
};

/* Zero: all of it, on every core. */
struct audit_log_plan {
    unsigned threads;
    const struct audit_open *open; /* borrowed: at `from`; NULL: not known */
    struct audit_seen_tree from;   /* entries before it are not read again */
    struct audit_seen_tree seen;   /* what this log must continue */
    bool interrupted;              /* `from` is as far as a verification came that did not end: no session was judged */
    struct audit_row_mark row;     /* then, when set: but those up to this one, of the log as it was at `from` */
    uint64_t unfiled;              /* as it was reached; at most from.size */
    bool glance;   /* no entry is read: the checkpoint, what vouches for it, and that tiles lead to it */
    int64_t now_s; /* of whoever verifies; 0: not known */
    void (*reached)(void *context, const struct audit_reached *reached); /* now and then, in order; NULL: nobody asks */
    unsigned reached_every;                                              /* entries, or sessions; 0: a usual number */
    void (*progress)(void *context, const char *what, uint64_t done, uint64_t of); /* NULL: nobody watches */
    void *context;
};

struct audit_log {
    uint64_t size; /* of the checkpoint that everything was held to; entries behind it came since */
    uint64_t from; /* entries before it were verified before; 0: none was */
    uint8_t root[PROTO_LOG_HASH_BYTES];        /* of the signed checkpoint */
    uint8_t (*touched)[RELAY_STORE_SID_BYTES]; /* owned; sessions of entries from `from` on, unless that is 0 */
    size_t touched_count, touched_room;
    bool unvouched;           /* relay/checkpoint, which dates the log from outside the database, is not there */
    bool signed_ok;           /* the checkpoint is the log key's */
    bool leaves_ok, tiles_ok; /* the stored leaves, the lowest tiles lead to the signed root */
    uint64_t own;             /* entries of the log that belong to no session */
};

/** Checks entries [0, size) against the newest checkpoint. PROTO_ERR_NOMEM, or PROTO_OK however much is wrong. */
PROTO_MUST_USE enum proto_err audit_log_verify(struct audit_organisation *o, const struct audit_log_plan *plan,
                                               struct audit_report *report, struct audit_log *out);
void audit_log_clear(struct audit_log *log);
/** Adds to `touched`: this session is judged as if an entry of it were new. NOMEM. */
PROTO_MUST_USE enum proto_err audit_log_touch(struct audit_log *log, const uint8_t sid[static RELAY_STORE_SID_BYTES]);

/* ---- between tree.c, entries.c and judge.c ---- */

enum { AUDIT_BLOCK_ENTRIES = 256, AUDIT_REACHED_EVERY = 16384 };

/* What can be said of an entry alone. */
struct audit_entry {
    uint8_t hash[PROTO_LOG_HASH_BYTES]; /* of the leaf */
    uint8_t sid[RELAY_STORE_SID_BYTES];
    unsigned kinds;              /* of trouble */
    bool whole, has_sid, erased; /* it could be read; belongs to a session; its evidence is gone */
    int64_t unix_s;              /* of the leaf; 0: it says none */
};

struct audit_block {
    uint64_t from;
    size_t count;
    bool filing; /* nothing is asked but whether they are found */
    uint64_t signatures, hashes;
    struct audit_entry entries[AUDIT_BLOCK_ENTRIES];
};

/** A crew's work: `job` is a block. */
void audit_block_inspect(struct audit_organisation *o, void *context, void *job);

/* What may be wrong with one entry; what it means is known only when both roots are. */
enum audit_trouble_kind {
    AUDIT_GONE = 1,        /* no entry of that number */
    AUDIT_FORM = 2,        /* the leaf is not one */
    AUDIT_TILE = 4,        /* leaf and lowest tile differ */
    AUDIT_SEALED = 8,      /* the evidence does not open under the customer's key */
    AUDIT_LINE = 16,       /* the evidence line does not verify */
    AUDIT_COMMITMENT = 32, /* the column c is not the leaf's C */
    AUDIT_TIME = 64,       /* leaf and column received_ms differ */
    AUDIT_ORPHAN = 128,    /* evidence of a session that has no row */
    AUDIT_MISSING = 256,   /* no evidence, though the session was not erased */
    AUDIT_KEY = 512,       /* the key in keys.db has another's name */
    AUDIT_UNFILED = 1024,  /* it is not found below its session */
    AUDIT_BACK = 2048,     /* evidence, though a note says that it was erased */
};

struct audit_trouble {
    uint64_t index;
    unsigned kinds;
    uint8_t sid[RELAY_STORE_SID_BYTES];
    bool has_sid;
};

enum { AUDIT_TROUBLES_MAX = 64 };

struct audit_walk {
    struct audit_organisation *o;
    struct audit_report *report;
    struct audit_log *log;
    const struct audit_log_plan *plan;
    struct relay_store_checkpoint checkpoint;
    struct proto_log_tree leaves, tiles;
    bool parted; /* the trees are not the same any more */
    struct audit_trouble troubles[AUDIT_TROUBLES_MAX];
    size_t trouble_count;  /* at most the bound: the first ones */
    uint64_t missing_from; /* first entry without evidence and without an erasure; UINT64_MAX: none */
    struct audit_own own;  /* the log's own notes */
    uint8_t *erased;       /* owned: a bit for each entry that a note names which was there before the walk */
    int64_t last_s;        /* of the leaf before; 0: none */
    uint64_t reached_next; /* entries at which somebody is told again */
    uint64_t vouched_size; /* of relay/checkpoint; 0: no such file */
    uint8_t vouched_root[32], passed_root[32];
    uint8_t seen_root[32]; /* of this log, at the size of plan->seen */
    struct audit_level {
        uint8_t hashes[RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES];
        uint64_t n;
        size_t count; /* 0: not there */
        bool loaded, named;
    } level[7];
};

/** Was it received in the minute that the leaf has? */
bool audit_leaf_is_of(const struct proto_log_leaf *leaf, int64_t received_ms);
/** Is this entry found below its session, by its commitment? */
bool audit_is_filed(struct audit_organisation *o, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                    const uint8_t leaf[static PROTO_LOG_LEAF_BYTES], uint64_t index);
/** Names the first entry that is not, before all else that was found: its session was read without it. */
void audit_look_for_unfiled(struct audit_organisation *o, uint64_t size, struct audit_report *report);
/** reached.c: tells whoever asks how far the walk has come, if all of that holds. */
void audit_walk_reached(struct audit_walk *walk);
/** Says what the troubles mean. */
void audit_judge(struct audit_walk *walk);
/** Reads the checkpoint, which says how far the walk goes. */
void audit_judge_checkpoint(struct audit_walk *walk);

#endif
