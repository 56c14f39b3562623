/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/goes.h - what an erasure would take, held to what people signed, before an officer signs for it.
 *
 * Which entries are of a person the relay says, by rows that nobody signed; one column that was changed makes another
 * session part of it, and what the log could tell of that goes with the evidence, under the officer's own signature.
 * With the officers' key each session that goes is read and judged first, and nothing but its entries may be named.
 */
#ifndef RELAY_AUDIT_GOES_H
#define RELAY_AUDIT_GOES_H

#include "proto/consent/erasure.h"
#include "relay/audit/session.h"

struct audit_goes {
    /* Owned */
    struct audit_went {
        char log[PROTO_ERASURE_LOG_MAX + 1]; /* "": the present one */
        uint8_t sid[RELAY_STORE_SID_BYTES];
        uint64_t entry;
        bool named; /* by a note that is in the log */
    } * entries;
    size_t count, room;
    uint64_t sessions;
    uint64_t recordings, recorded_bytes, photos; /* that programs of agents keep, and no relay reaches */
    bool doubtful; /* something is wrong with the log that may hide a session of theirs; it was said */
};

/**
 * Reads them in every log that lies in `dir`: all sessions of this customer, or (NULL) the one with this number; names
 * each on stderr, or as JSON Lines. False: said why not; a session that does not hold is a reason. audit_goes_free() in
 * any case.
 */
bool audit_goes_read(struct audit_goes *goes, const char *dir, const char *customer, const uint8_t sid[16]);
/** Are all these entries of sessions that go? False: said which is not. */
bool audit_goes_covers(const struct audit_goes *goes, const struct proto_erasure *plan);
/** These are named: a note is in the log. */
void audit_goes_take(struct audit_goes *goes, const struct proto_erasure *plan);
/** Was each entry of each session named? False: said of which sessions not; who plans may have left them out. */
bool audit_goes_done(const struct audit_goes *goes);
void audit_goes_free(struct audit_goes *goes);

#endif
