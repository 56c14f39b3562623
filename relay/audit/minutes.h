/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/minutes.h - a session as a page that a person can read, in 80 columns, or as JSON Lines. */
#ifndef RELAY_AUDIT_MINUTES_H
#define RELAY_AUDIT_MINUTES_H

#include <jansson.h>

#include "relay/audit/session.h"

void audit_minutes_print(const struct audit_organisation *o, const struct audit_session *session,
                         const struct audit_report *report);
void audit_minutes_json(const struct audit_organisation *o, const struct audit_session *session,
                        const struct audit_report *report);

/** Places of the notes as they happened; NULL: out of memory. The caller frees. */
size_t *audit_minutes_order(const struct audit_session *session);
/** One note as an object of JSON: "event", "note", and what it says. A new reference, or NULL. */
json_t *audit_note_json(const struct audit_session *session, size_t at);

/** list.c: the line that list and show have in common. */
json_t *audit_session_json(const struct audit_organisation *o, const struct audit_session *session);

/** list.c: "waiting", "live" or "ended": the words of the database, everywhere. */
const char *audit_state_word(const struct relay_store_session *row);

#endif
