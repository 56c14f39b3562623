/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/folder_notes.h - which org.note and policy.note count in a folder, and what the log beside them says. */
#ifndef RELAY_AUDIT_FOLDER_NOTES_H
#define RELAY_AUDIT_FOLDER_NOTES_H

#include "relay/audit/own.h"
#include "relay/log/notes.h"

/** The newest of those in `dir` and those that its relay keeps, under this root. The caller frees it; NULL: said why.
 */
struct log_notes *audit_folder_notes(const char *dir, struct proto_der root_der);
/** What the log in D/data says is in force; nothing when there is none, or none that can be read. */
void audit_notes_taken(const char *dir, struct proto_taken taken[static PROTO_TAKEN_COUNT]);
/** The number of the policy that the log in D/data says is in force, and this folder's is not; 0: it is, as far as is
 * known. */
uint64_t audit_notes_policy_elsewhere(const char *dir, const struct proto_policy *here);
#define AUDIT_POLICY_ELSEWHERE "%" PRIu64 " is in force at the relay by its log; the one in this folder is %" PRIu64
/** Are they what that log says, or newer? False: said which is not, and the way out. */
bool audit_notes_are_newest(const char *dir, const struct log_notes *notes);
/** Of a copy: the authority's own org.note, which lies beside `ca`, counts when it is newer than the relay's. */
void audit_notes_of_authority(struct audit_organisation *o, const char *ca);
/**
 * Of the present log: does the relay serve the notes that it says are in force, and is this folder's org.note such a
 * one? A policy that an officer signed through the relay never comes to the authority by itself: an older one there is
 * said, and not wrong.
 */
void audit_notes_judge(const struct audit_own *own, const struct audit_organisation *o, struct audit_report *report);

#endif
