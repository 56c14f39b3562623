/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/stops.h - which sessions an officer stopped, by the notes that the log has of it. */
#ifndef RELAY_AUDIT_STOPS_H
#define RELAY_AUDIT_STOPS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "relay/store/store.h"

struct audit_stops {
    struct audit_stop {
        uint8_t sid[RELAY_STORE_SID_BYTES];
        uint64_t entry;
        int64_t leaf_s, said_s; /* said: by the officer, whose note may have waited for the log */
    } * all;                    /* owned; by session */
    size_t count;
    int64_t newest_s; /* of the log's last leaf */
    int64_t ran_s;    /* of an entry that the log went on behind for minutes: no relay that has just started */
};

/** Reads them in one pass over the log's own notes, whose signatures are judged elsewhere. NOMEM. */
PROTO_MUST_USE enum proto_err audit_stops_read(struct audit_stops *stops, struct relay_store *store);
/**
 * Was the log written for longer than `than_s` between two times, behind entry `after`, by its leaves? An hour without
 * any counts as some minutes: nobody knows whether the relay ran, or somebody set its date.
 */
bool audit_stops_ran_for(struct relay_store *store, uint64_t after, int64_t from_s, int64_t to_s, int64_t than_s);
/** NULL: nobody stopped this session. */
const struct audit_stop *audit_stops_find(const struct audit_stops *stops,
                                          const uint8_t sid[static RELAY_STORE_SID_BYTES]);
void audit_stops_free(struct audit_stops *stops);

#endif
