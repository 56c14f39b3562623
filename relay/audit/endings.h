/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/endings.h - how a session ended: what others may say of it behind the customer's own last statement. */
#ifndef RELAY_AUDIT_ENDINGS_H
#define RELAY_AUDIT_ENDINGS_H

#include "relay/audit/session.h"

/** Is this one of the ways in which sessions end, and not a sentence? */
bool audit_is_ending(const char *reason);
/** May a receipt say so in its words, where the customer's signed end says `signed_end`? */
bool audit_ending_in_receipt(const char *said, const char *signed_end);
/** Does the relay's `ended` put into the customer's mouth what the customer did not say? */
void audit_ending_judge(const struct audit_session *session, struct audit_report *report);

#endif
