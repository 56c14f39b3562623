/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/remembered.h - what this person's tool verified last, kept where no relay can write.
 *
 * Two trees of each log: the one whose entries were recomputed, and the one whose notes were opened too. A later
 * verification goes on from there, and whoever puts an older or another log back is noticed. One small file a log,
 * $XDG_STATE_HOME/handhold/audit/<origin>.<key id>.seen (else ~/.local/state), mode 0600.
 */
#ifndef RELAY_AUDIT_REMEMBERED_H
#define RELAY_AUDIT_REMEMBERED_H

#include "relay/audit/tree.h"

struct audit_remembered {
    struct audit_seen_tree leaves, notes; /* notes.size <= leaves.size */
};

/** Zero when nothing is. False: a file is there that cannot be used, which was said. */
bool audit_remembered_load(const struct audit_organisation *o, struct audit_remembered *out);
/** False: it could not be written, which was said. */
bool audit_remembered_save(const struct audit_organisation *o, const struct audit_remembered *seen);

#endif
