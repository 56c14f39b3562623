/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/log/ended.h - erasure in logs that an officer ended (PROTOCOL.md 12.7, 12.9), which lie in D/data.ended-N.
 *
 * Such a log takes no more entries, so what is erased of it stands in the log that follows: an erasure whose `log` line
 * names it. Its store is opened for the moment of the work; the note is durable before anything is destroyed, and
 * whatever interrupts that is made good by log_ended_erase_again(). Sessions that were open when the log ended are
 * over, though nothing in it says so.
 */
#ifndef RELAY_LOG_ENDED_H
#define RELAY_LOG_ENDED_H

#include "proto/consent/erasure.h"
#include "proto/host/files.h"
#include "proto/identity/org.h"
#include "proto/log/checkpoint.h"
#include "relay/store/store.h"

enum { LOG_ENDED_MAX = PROTO_ORG_LOGS_MAX };

struct log_ended {
    unsigned n; /* of D/data.ended-N */
    char folder[HOST_PATH_BYTES];
    char vkey[PROTO_ORG_VKEY_BYTES + 1], origin[PROTO_LOG_ORIGIN_MAX + 1];
};

/** Those in `dir` that `org` lists, oldest first; how many. */
size_t log_ended_find(const char *dir, const struct proto_org *org, struct log_ended out[static LOG_ENDED_MAX]);
/** The one of this name. False: its data is not here. */
bool log_ended_get(const char *dir, const struct proto_org *org, const char *origin, struct log_ended *out);

/* Whose entries. */
struct log_ended_subject {
    const char *ref;    /* a person, or NULL */
    const uint8_t *sid; /* one session, or NULL */
    int64_t before_ms;  /* not 0: all sessions that began before */
};

/**
 * What an erasure would destroy; there may be nothing. `*more`: not all fits one note. An error is of the store, and
 * `error` has its sentence, here and below.
 */
PROTO_MUST_USE enum proto_err log_ended_plan(const struct log_ended *log, const struct log_ended_subject *subject,
                                             struct proto_erasure *plan, bool *more,
                                             char error[static RELAY_STORE_ERROR_MAX]);
/** RANGE, STATE: an entry that is not there, or of the log itself. */
PROTO_MUST_USE enum proto_err log_ended_check(const struct log_ended *log, const struct proto_erasure *what,
                                              char error[static RELAY_STORE_ERROR_MAX]);
/** Destroys it; adds to `*erased`. May be done again. */
PROTO_MUST_USE enum proto_err log_ended_erase(const struct log_ended *log, const struct proto_entries *ranges,
                                              size_t count, uint64_t *erased, char error[static RELAY_STORE_ERROR_MAX]);
/**
 * The same in a copy of a log, which nobody else writes and in which rows may be older than entries: sessions that it
 * has as open hinder nothing, and are as they were when something of them is left.
 */
PROTO_MUST_USE enum proto_err log_copy_erase(struct relay_store *copy, const struct proto_entries *ranges, size_t count,
                                             uint64_t *erased);

struct log_ranges {
    struct proto_entries *at; /* owned: free() */
    size_t count;
};
/** Adds what the erasures in `store` from entry `from` on name of the log `log`. FORMAT: an entry is not what its leaf
 * says. */
PROTO_MUST_USE enum proto_err log_erased_ranges(struct relay_store *store, const char *log, uint64_t from,
                                                struct log_ranges *out);
/**
 * again.c, at a start: what the log `log` of this store names and is there again is destroyed once more. Adds to
 * `*erased`. Evidence and rows are looked for each time; keys of evidence that is gone, which open nothing, once
 * (relay_store_note_erased).
 */
PROTO_MUST_USE enum proto_err log_erase_again(struct relay_store *store, const char *log, uint64_t *erased);
/**
 * At a start: in each ended log, what it itself, the others or `live` say was erased of it, as when a copy of a folder
 * was put back. Goes on behind one that cannot be opened; the error is then of the last such.
 */
PROTO_MUST_USE enum proto_err log_ended_erase_again(const char *dir, const struct proto_org *org,
                                                    struct relay_store *live, uint64_t *erased,
                                                    char error[static RELAY_STORE_ERROR_MAX]);

#endif
