/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/phrases.h - one note as a sentence of the minutes. */
#ifndef RELAY_AUDIT_PHRASES_H
#define RELAY_AUDIT_PHRASES_H

#include "relay/audit/session.h"

enum { AUDIT_PHRASE_MAX = 1024 };

/** Empty for what people need not read one by one (renewed keys). `at` is the note's place in session->notes. */
void audit_phrase(const struct audit_session *session, size_t at, char out[static AUDIT_PHRASE_MAX]);
/** The name by which the minutes call the agent: the certificate's, else the relay's word for it. */
const char *audit_agent_name(const struct audit_session *session);
/** When it happened by the relay's clock, in unix seconds: all notes of a session on one clock. */
int64_t audit_note_time(const struct audit_note *note);
/** Why it ended, in words: what the relay wrote of a certificate that was revoked, or the reason. */
const char *audit_end_words(const struct audit_session *session);
/** "completed", in words. */
const char *audit_reason_words(const char *reason);

#endif
