/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/ended.h - a log that an officer ended, and the note that says so.
 *
 * A log that is smaller than, or another than, what its key once signed for must not be continued: that would be a
 * second history under one key. So it is ended, as it is found, and its data moved to D/data.ended-N, with log.vkey and
 * the last checkpoint beside it. The log that follows has a key and a name of its own (handhold-certs new-log), and its
 * entry 0 is the officer's note: act `recovered`, subject why, and in the details what was known and what was found.
 */
#ifndef RELAY_AUDIT_ENDED_H
#define RELAY_AUDIT_ENDED_H

#include "proto/consent/statement.h"
#include "proto/identity/org.h"
#include "proto/log/checkpoint.h"
#include "relay/store/store.h"

enum { AUDIT_ENDED_MAX = PROTO_ORG_LOGS_MAX }; /* logs of one organisation, so N never gets there */

/* What was in the data folder, against the largest checkpoint that the log's key is known to have signed. */
enum audit_found {
    AUDIT_FOUND_WHOLE,   /* all that was signed for, perhaps more */
    AUDIT_FOUND_SMALLER, /* fewer entries */
    AUDIT_FOUND_ANOTHER, /* as many, and not the same */
    AUDIT_FOUND_DAMAGED, /* it does not match its own checkpoint, or cannot be read */
    AUDIT_FOUND_GONE,    /* no log */
    AUDIT_FOUND_COUNT
};

struct audit_ended {
    bool has;
    unsigned n; /* of D/data.ended-N */
    enum audit_found found;
    char log[97];               /* its name, as a detail has it */
    uint8_t key[32];            /* its public key */
    uint64_t size, stored;      /* signed for; found */
    uint8_t root[32], kept[32]; /* of `size` entries as signed; of the `stored` entries as found */
    /* Of the note itself */
    int64_t unix_s;
    char reason[PROTO_MAX_VALUE_BYTES + 1];
};

const char *audit_found_name(enum audit_found found); /* "smaller" */

/** Writes act, details and subject. */
PROTO_MUST_USE enum proto_err audit_ended_write(const struct audit_ended *ended, struct proto_event_note *event);
/** PROTO_ERR_FORMAT unless the event is such a note. */
PROTO_MUST_USE enum proto_err audit_ended_read(struct audit_ended *ended, const struct proto_event_note *event);

/** What entry 0 of a log says of the one before it. False: there is none before it, or it cannot be read. */
bool audit_ended_find(struct audit_ended *ended, struct relay_store *store);

/**
 * Recomputes the tree of a stored log and compares it with `known`, which its key signed: sets found,
 * stored, kept. `store` NULL: there is none that can be read. `present`: a data folder is there.
 */
void audit_ended_judge(struct audit_ended *ended, struct relay_store *store, bool present,
                       const struct proto_log_checkpoint *known);

#endif
