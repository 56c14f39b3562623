/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/whole.h - is what a command reads all that there is? For those that read sessions and do not verify.
 *
 * A list of sessions is true when it lacks none. So before the first session is read, each entry of the signed log is
 * accounted for: it is found below a session that has a row, or is the log's own, or was erased by a note that says so.
 * The checkpoint is held to its signature, to relay/checkpoint and to what was verified on this machine before. From
 * then on each entry that is read is held to the signed tree. What is wrong with all that is said once, behind what the
 * command has to say, in verify's words; the report of a session has what is wrong with that one.
 */
#ifndef RELAY_AUDIT_WHOLE_H
#define RELAY_AUDIT_WHOLE_H

#include "relay/audit/organisation.h"
#include "relay/audit/own.h"
#include "relay/audit/tree.h"

struct audit_whole; /* of one thread */

/**
 * Makes o->whole, which audit_close() forgets. False: memory, or what was remembered, which was
 * said; whatever is wrong with the log goes into the report.
 */
bool audit_whole_know(struct audit_organisation *o);
void audit_whole_forget(struct audit_organisation *o);

/* All of the following want o->whole. */

/** What is wrong with the log as a whole. */
const struct audit_report *audit_whole_report(const struct audit_organisation *o);
/** More of it; what is there already is not added again. */
void audit_whole_add(struct audit_organisation *o, const struct audit_report *more);
/** How many entries the signed checkpoint has. */
uint64_t audit_whole_size(const struct audit_organisation *o);
/** Sessions that are missing, and entries of theirs. */
uint64_t audit_whole_lost(const struct audit_organisation *o, uint64_t *entries);
/** Sessions of this time (unix, [since, until)) that were erased, as notes say, and entries of theirs. */
uint64_t audit_whole_gone(const struct audit_organisation *o, int64_t since_ms, int64_t until_ms, uint64_t *entries);
/** The same in words; false: there are none. */
bool audit_whole_gone_words(const struct audit_organisation *o, int64_t since_ms, int64_t until_ms,
                            char out[static AUDIT_TEXT_MAX]);
/** The logs that ended before this one have sessions, too; false: none lies beside it. Said on stderr when known. */
bool audit_whole_beside(const struct audit_organisation *o, char out[static AUDIT_TEXT_MAX]);
/** Does a note, of this moment's too, say that the evidence of this entry was erased? */
bool audit_whole_erased(struct audit_organisation *o, uint64_t index);
/** Did a note say so before anything was read? Then there is evidence no more. */
bool audit_whole_is_gone(const struct audit_organisation *o, uint64_t index);
/** A handle that nobody is reading sessions or entries with. */
struct relay_store *audit_whole_store(const struct audit_organisation *o);
/** Is this leaf in the signed tree in this place? True also of what came since, and when no tree is signed. */
bool audit_whole_has(struct audit_organisation *o, uint64_t index, const uint8_t leaf_hash[static 32]);
/** How many entries of the signed log are to be found below this session. */
uint64_t audit_whole_places(struct audit_organisation *o, const uint8_t sid[static RELAY_STORE_SID_BYTES]);

/** Of a session whose number begins so and that has no row: says what became of it. False: there is none. */
bool audit_whole_say_gone(struct audit_organisation *o, const char *begins);
/**
 * Says on stdout, or as JSON Lines, what is wrong with the log as a whole. `sid` not NULL: without what is wrong with
 * other sessions. False: nothing is.
 */
bool audit_whole_say(const struct audit_organisation *o, const uint8_t *sid);

#endif
