/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/log/appender.h - the log's one writer: jobs in, receipts out, and nothing in between is visible.
 *
 * Commits are grouped without a timer: the jobs that came while the last group was being written are the next group, in
 * one transaction. A lone job is written at once; a crowd shares the cost of the disk. A result exists only after its
 * group is durable. When a group cannot be written (disk full), each of its jobs fails with PROTO_ERR_IO, the tree goes
 * back to where it was, and the next group may succeed. Jobs that end something are then
 * tried once more, with the room of the store's reserve; until that reserve can be held again, only such are written.
 *
 * The checkpoint file is written behind the results: with a thread at most once in RELAY_APPENDER_VOUCH_S and at free,
 * step by step after each group. Written before every receipt it would double what the disk has to sync. What that
 * gives away: a copy of the database put back after a crash, and younger than the file by up to that second, is taken
 * for the log; whoever was told of the entries it lacks still notices (relay_log_judge).
 *
 * Threads: push and take belong to one thread (the relay's loop); the writer is a thread of its own, or, with
 * `threaded` false, whoever calls relay_appender_step(). Two more help a threaded writer: one signs for those that
 * wait (ahead.h), one writes what no receipt waits for (chores.h). `wake` is called on the writer's thread and must
 * only wake the loop.
 */
#ifndef RELAY_LOG_APPENDER_H
#define RELAY_LOG_APPENDER_H

#include "proto/consent/erasure.h"
#include "proto/log/receipt.h"
#include "proto/util/buf.h"
#include "relay/store/store.h"

#define RELAY_APPENDER_JOBS_MAX 1024 /* jobs pushed and not yet taken back as results */
#define RELAY_APPENDER_CLOSING_MAX                                                                                     \
    256 /* more, for jobs that end something: they must not wait behind those that begin */
#define RELAY_APPENDER_TEXT_MAX 256
#define RELAY_APPENDER_VOUCH_S 1
#define RELAY_APPENDER_DATED_S (15 * 60) /* between the time that a note says and its leaf's */

struct relay_appender;

struct relay_appender_config {
    struct relay_store
        *store; /* borrowed, a writer; the appender's alone until free (a step-by-step one shares its thread) */
    const uint8_t *seed;         /* 32 bytes of the log key; copied, wiped at free */
    const char *origin;          /* copied */
    const char *checkpoint_file; /* D/relay/checkpoint; NULL keeps none. Copied. */
    bool threaded;
    int64_t (*unix_ms)(void *context); /* the time that leaves get; called on the appender's threads */
    void (*wake)(void *context);       /* results are waiting; may be NULL */
    void *context;
};

/**
 * Rebuilds the tree's edge from the tiles and holds it against the stored checkpoint, and both against
 * `checkpoint_file`: PROTO_ERR_LOG, with the reason in `error`, when the stored log is smaller than or another than the
 * one that file vouches for (an old backup was put back), or does not match its own checkpoint, or is signed by another
 * key.
 */
PROTO_MUST_USE enum proto_err relay_appender_start(struct relay_appender **out,
                                                   const struct relay_appender_config *config,
                                                   char error[static RELAY_STORE_ERROR_MAX]);
/** Writes what was pushed, ends the thread, forgets untaken results, wipes the seed. NULL is fine. */
void relay_appender_free(struct relay_appender *a);

/* What of a job is no part of the log (relay/store/store.h). */
enum relay_job_kept { RELAY_JOB_KEEPS_NOTHING, RELAY_JOB_CASE, RELAY_JOB_COUNT, RELAY_JOB_EXPIRE };

/* One unit of work: an entry, a session row, both in one transaction, or something that staff keep. Borrowed parts are
 * copied by push. */
struct relay_job {
    uint64_t ticket;                           /* the caller's; comes back with the result */
    bool closing;                              /* ends something: may use the last places of the queue */
    const struct relay_store_session *session; /* saved before the entry; NULL: none */

    bool has_entry;
    enum proto_log_class kind;
    uint8_t commitment[PROTO_LOG_HASH_BYTES];
    uint8_t sid[RELAY_STORE_SID_BYTES]; /* zeros: no session */
    const uint8_t *evidence;            /* CASE, COUNT: what is kept */
    size_t evidence_len;
    enum relay_job_kept kept; /* with neither entry nor session */
    int64_t until_ms;         /* CASE: unix time; EXPIRE: what ends before goes */
    const struct proto_entries
        *erase; /* destroyed in the same transaction, for the entry that says so; erase_count 0: none */
    size_t erase_count;
    int64_t dated_ms;   /* when the note says it was written: too far from its leaf it is not taken; 0: it may wait */
    uint64_t seen_size; /* the consistency proof starts here; 0: the asker has seen nothing */
};

struct relay_result {
    uint64_t ticket;
    /* OK; IO: not written; LOG: seen_size is larger than this log, so one of the two is not this log; RANGE; STATE: the
     * commitment is known under another class; CLOCK: dated_ms is more than RELAY_APPENDER_DATED_S off. */
    enum proto_err err;
    char text[RELAY_APPENDER_TEXT_MAX]; /* the sentence behind err */
    bool has_entry;
    uint64_t erased;                  /* entries that lost their evidence */
    bool known;                       /* the commitment was in the log already: the same index again */
    struct proto_log_receipt receipt; /* when has_entry and err is OK */
};

/** PROTO_ERR_FULL when the bound is reached, PROTO_ERR_RANGE on a job that breaks a limit: nothing was taken. */
PROTO_MUST_USE enum proto_err relay_appender_push(struct relay_appender *a, const struct relay_job *job);
/** Around several pushes at once: with `more` the writer waits for the last of them, which are then one group. */
void relay_appender_expect(struct relay_appender *a, bool more);
/** Results come in the order of their jobs. False: none is ready. */
bool relay_appender_take_result(struct relay_appender *a, struct relay_result *out);
/** Writes one group of all that is waiting; false when nothing was. Only with `threaded` false. */
bool relay_appender_step(struct relay_appender *a);

/**
 * May what begins something be written? False from the first result that says so: the disk is full, or broken. With a
 * thread it is tried again each second, and `wake` tells when it is true again. Any thread.
 */
bool relay_appender_is_writable(struct relay_appender *a);
/** The database itself is damaged: nothing is writable from then on, whatever else still goes to the disk. Any thread.
 */
bool relay_appender_is_damaged(struct relay_appender *a);
/** The newest durable size and root, for heartbeats and metrics; size 0 while the log is empty. Any thread. */
void relay_appender_head(struct relay_appender *a, struct proto_log_seen *head);
/** The newest durable checkpoint note; empty while the log is empty. Any thread. */
void relay_appender_checkpoint(struct relay_appender *a, char note[static PROTO_LOG_CHECKPOINT_MAX]);

/**
 * A witness's line (C2SP tlog-cosignature) under the newest checkpoint: it is stored with it, and served and handed out
 * in receipts until the next checkpoint takes its place. OK: it verifies under `witness`, and is written when no job
 * waits. STATE: not a line for the newest checkpoint, which has moved on, or a wrong signature; ask that witness again.
 * REPLAY: the witness has its line there. FULL: the checkpoint has no room. FORMAT, RANGE: not a line, not a witness's
 * key. Any thread.
 */
PROTO_MUST_USE enum proto_err relay_appender_cosign(struct relay_appender *a, const struct proto_note_key *witness,
                                                    const char *line, size_t len);

/**
 * A note signed by the log key under "<origin>/events", for the relay's own events: appends text, blank line and
 * signature line. The seed does not leave the appender. Any thread.
 */
PROTO_MUST_USE enum proto_err relay_appender_sign_event(const struct relay_appender *a, const char *text,
                                                        struct proto_buf *note);

/* ---- what an end says it has seen ---- */

/*
 * A backup put back together with an old checkpoint file shows in nothing the relay has; but the ends keep the newest
 * tree they verified, and say it when they come (Hello.seen_log_size, seen_log_root).
 *
 * The rule. AHEAD and OTHER mean that one of two is not this log, and by a bare claim nobody can tell which: sizes and
 * roots are easily made up, and a stranger must not be able to stop a relay. So
 *   - the relay opens no session and no gate for that connection, says so ("log"), counts it and tells the officers;
 *   - it asks that end, a witness and its other ends for the checkpoint note itself;
 *   - once such a note is signed by the log's own key (`proved`), the relay has signed what it does not have: it stops
 *     granting to everybody, ends what runs, and does not start again on this log until an officer recovers it.
 */
enum relay_log_claim {
    RELAY_LOG_CLAIM_FITS, /* nothing seen, or a tree that this log begins with */
    RELAY_LOG_CLAIM_AHEAD,
    RELAY_LOG_CLAIM_OTHER, /* a size this log has had, with another root */
};
struct relay_log_verdict {
    enum relay_log_claim claim;
    bool proved; /* by a checkpoint that the log's own key signed */
};
/**
 * Judges `seen`; or, when `note` is not NULL, the checkpoint in it, which counts only when it is signed under
 * `log_vkey`: else PROTO_ERR_LOG. `head` is of relay_appender_head(), asked before. From any handle on the store.
 * PROTO_ERR_IO.
 */
PROTO_MUST_USE enum proto_err relay_log_judge(struct relay_store *store, const struct proto_log_seen *head,
                                              const struct proto_log_seen *seen, const char *note, const char *log_vkey,
                                              struct relay_log_verdict *out);

/* ---- proofs for askers, from any handle on the store ---- */

PROTO_MUST_USE enum proto_err relay_log_inclusion(struct relay_store *store, uint64_t index, uint64_t size,
                                                  struct proto_log_hashes *out);
PROTO_MUST_USE enum proto_err relay_log_consistency(struct relay_store *store, uint64_t from, uint64_t to,
                                                    struct proto_log_hashes *out);

#endif
