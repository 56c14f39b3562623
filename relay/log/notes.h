/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/log/notes.h - org.note and policy.note of a relay's folder, each of which only goes forward.
 *
 * Whoever unpacks an export over the folder, or puts a copy of it back, may lay an older note over a newer one, and
 * that is as well signed. So the newest of each that was served lies in D/relay as well, beside the newest checkpoint,
 * where neither of these comes, and the newer of the two counts, each note for itself. What else knows of their numbers
 * is the log (proto/consent/taken.h).
 */
#ifndef RELAY_LOG_NOTES_H
#define RELAY_LOG_NOTES_H

#include <sys/stat.h>

#include "proto/consent/taken.h"
#include "proto/identity/org.h"
#include "proto/identity/policy.h"
#include "relay/store/store.h"

struct log_note {
    char text[PROTO_ORG_NOTE_BYTES + 1]; /* the larger of the two bounds */
    struct proto_taken is;               /* the one that counts; number 0: none does yet */
    struct proto_taken there;            /* what D/NAME was when it was read last: older, if it is not `is` */
    enum proto_err err;                  /* of that reading, */
    int system;                          /* and errno with PROTO_ERR_IO */
    struct stat seen;                    /* how D/NAME looked then */
    bool kept;                           /* D/relay has the one that counts */
};

/* Large: not for the stack. Zeros: nothing was read. */
struct log_notes {
    struct proto_org org;
    struct proto_policy policy;
    struct log_note note[PROTO_TAKEN_COUNT];
};

/**
 * Reads D/NAME and D/relay/NAME of both, and takes over what is newer than what counts already. False: one of D's files
 * is missing or does not hold, as its `err` says; it leaves what counts as it is, and is no reason not to take the
 * other. One in D/relay that does not hold is passed over.
 */
bool log_notes_read(struct log_notes *notes, const char *dir, struct proto_der root_der,
                    const struct proto_identity_root *root);
/** Does another note than the one that counts, which is an older one, lie in D? */
bool log_note_is_back(const struct log_note *note);
/** Has one of D's files changed since it was read? Asks for their times alone. */
bool log_notes_changed(const struct log_notes *notes, const char *dir);
/** Writes those that count into D/relay, and over an older one in D. */
PROTO_MUST_USE enum proto_err log_notes_keep(struct log_notes *notes, const char *dir);

/** What the log in this store says is in force, by notes that their leaves stand for. */
PROTO_MUST_USE enum proto_err log_notes_taken(struct relay_store *store,
                                              struct proto_taken taken[static PROTO_TAKEN_COUNT]);

#endif
