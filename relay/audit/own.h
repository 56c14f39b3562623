/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/own.h - the log's own notes: acts of officers, and what was erased. They are not sealed, so they are read
 * and judged without the officers' key, in one pass of their own, before the entries are walked.
 */
#ifndef RELAY_AUDIT_OWN_H
#define RELAY_AUDIT_OWN_H

#include "proto/consent/erasure.h"
#include "proto/consent/taken.h"
#include "relay/audit/organisation.h"
#include "relay/audit/report.h"

struct audit_own {
    struct proto_entries *ranges; /* owned: of this log, by a note in it that is later, or in a log that followed it */
    size_t range_count;
    struct audit_own_chain {
        uint8_t name[32]; /* H(name of the signer) */
        uint32_t seq;
        uint8_t prev[32];
    } * chains; /* owned */
    size_t chain_count;
    uint64_t next;                   /* entries below were read */
    uint64_t met;                    /* how many of them were the log's own */
    struct audit_retained *retained; /* owned; retained.c: what the relay erased by itself, oldest first */
    size_t retained_count, retained_met;
    int64_t retained_latest_s;
    uint64_t policy_in_force, policy_newest;  /* by the notes up to here; 0: they say none */
    uint64_t policy_signed, policy_signed_at; /* the newest that an officer signed through the relay, in which entry */
    int64_t policy_signed_s;                  /* when the log took that */
    struct audit_late_policy late;            /* the one that was put in force latest, if any too late */
    struct proto_taken taken[PROTO_TAKEN_COUNT]; /* what the relay says is in force, */
    uint64_t taken_at[PROTO_TAKEN_COUNT];        /* in which entry */
    struct audit_own_keep {
        uint64_t policy;
        unsigned days;
    } * keeps; /* owned; as officers noted them */
    size_t keep_count;
    bool policy_is_another; /* the log says that another policy of the number of policy.note was taken */
};

/**
 * Reads and judges the own entries that were not read yet: leaf, signer, chain, and that an erasure names only what was
 * there before. May be called again when the log has grown. NOMEM, or OK however much is wrong.
 */
PROTO_MUST_USE enum proto_err audit_own_read(struct audit_own *own, struct audit_organisation *o,
                                             struct audit_report *report);
/**
 * Of a log that was ended: adds what the logs that followed it, those that are here, say was erased of it. Only notes
 * that hold count; what is wrong with others is found when their own log is verified. NOMEM.
 */
PROTO_MUST_USE enum proto_err audit_own_read_later(struct audit_own *own, const struct audit_organisation *o,
                                                   struct audit_report *report);
/**
 * Of a log that was ended: what the officer's note in the log that followed says of it. False: no log that is here says
 * so, or its notes do not hold.
 */
bool audit_own_ending(const struct audit_organisation *o, struct audit_ended *out);
/** Does a note say that the evidence of this entry was erased? */
bool audit_own_names(const struct audit_own *own, uint64_t index);
/** The same as a bit for each entry of a log of `size`, the first in the lowest. The caller frees; NULL: no memory. */
uint8_t *audit_own_bits(const struct audit_own *own, uint64_t size);
void audit_own_clear(struct audit_own *own);

#endif
