/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/remembered.h - what this person's tool verified last, kept where no relay can write.
 *
 * Two trees of each log: the one whose entries were recomputed, and the one whose notes were opened too. A later
 * verification goes on from there, and whoever puts an older or another log back is noticed. Until notes were opened to
 * the end there is also how far their sessions were judged, so that who interrupts the first verification of a long log
 * loses a second of it. One small file a log, $XDG_STATE_HOME/handhold/audit/<origin>.<key id>.seen (else
 * ~/.local/state), mode 0600.
 */
#ifndef RELAY_AUDIT_REMEMBERED_H
#define RELAY_AUDIT_REMEMBERED_H

#include "relay/audit/tree.h"

struct audit_remembered {
    struct audit_seen_tree leaves, notes; /* notes.size <= leaves.size */
    struct audit_open open;               /* of the notes */
    uint64_t unfiled;               /* of the leaves, those before it are not known to be found below their sessions */
    struct audit_seen_tree judging; /* row set: the log of which sessions up to it were judged; notes are 0 then */
    struct audit_row_mark row;
};

/**
 * Zero when nothing is. Of a log that an officer ended with fewer entries than were verified here, or with others, it
 * is what the officer's note says was found: that is what this log must be. False: a file is there that cannot be used,
 * which was said.
 */
bool audit_remembered_load(const struct audit_organisation *o, struct audit_remembered *out);
/** False: it could not be written, which was said. */
bool audit_remembered_save(const struct audit_organisation *o, const struct audit_remembered *seen);

/** Where a verification goes on; `opens`: it opens notes too. */
void audit_remembered_plan(const struct audit_remembered *seen, bool opens, struct audit_log_plan *plan);
/** Takes what is reached. False: nothing of it is worth remembering. */
bool audit_remembered_reach(struct audit_remembered *seen, const struct audit_reached *reached);

#endif
